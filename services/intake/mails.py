"""Mail that intake has notifications send at once: to addresses that are not a contact yet, or not any more."""

from datetime import timedelta
from functools import partial

import structlog
from opentelemetry.trace import SpanContext
from pydantic import BaseModel, SecretStr

from services.intake.own_contacts import Mail
from services.intake.repository import own_contacts
from services.intake.repository.own_contacts import warning_place
from shared import tracing
from shared.back_off import next_try
from shared.crypto import Undecipherable
from shared.service import Service
from shared.web.neighbour import Neighbour, NeighbourAway

log = structlog.get_logger()

LEASE = timedelta(minutes=1)
"""How long a warning is another process's that has taken it."""


class _Answer(BaseModel):
    sent: bool


class Mails:
    """Notifications, asked over HTTP. Addresses pass through, and are neither kept nor logged."""

    def __init__(self, notifications_url: str, token: SecretStr) -> None:
        self._notifications = Neighbour("notifications", notifications_url, token)

    async def send_code(self, case_ref: str, mail: Mail) -> bool:
        """False when the address takes no mail. Raises: NeighbourAway."""
        said = {"email": mail.email, "locale": mail.locale, "code": mail.code}
        return await self._ask("/internal/contact-codes", case_ref, tracing.current(), **said)

    async def send_warning(self, case_ref: str, email: str, locale: str, *, asked_in: SpanContext) -> bool:
        """Tells an address that it is no contact any more; False when it takes no mail. Raises: NeighbourAway."""
        return await self._ask("/internal/contact-warnings", case_ref, asked_in, email=email, locale=locale)

    async def _ask(self, path: str, case_ref: str, asked_in: SpanContext, **said: str) -> bool:
        answer = await self._notifications.ask_about(
            case_ref, path, _Answer, name="ask for mail", asked_in=asked_in, **said
        )
        return answer.sent


async def warn_old_contacts(service: Service, mails: Mails) -> None:
    """Tells every address that is due; one that cannot be told now is told later, and one that takes no mail is let go."""
    database, clock = service.database, service.clock
    while due := await database.run(clock.now(), lambda uow: own_contacts.next_warning(uow, uow.now + LEASE)):
        asked_in = tracing.from_traceparent(due.traceparent) or tracing.new_root()
        try:
            email = service.sealer.open(due.email, warning_place(due.id)).decode()
            await mails.send_warning(due.case_ref, email, due.locale, asked_in=asked_in)
        except NeighbourAway:
            at = next_try(clock.now(), due.tries + 1)
            await database.run(clock.now(), partial(own_contacts.warn_later, id=due.id, at=at))
            return
        except Undecipherable:
            log.error("case.undecipherable", case=tracing.case_hash(due.case_ref))
        await database.run(clock.now(), partial(own_contacts.warned, id=due.id))
