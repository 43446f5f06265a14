"""A household says who of it comes. Nothing is cancelled by it: staff see it, and decide on the day."""

from uuid import UUID

from services.scheduling.commands.locked import locked
from services.scheduling.domain.coming import UNTIL_CHECK_IN, Coming, is_possible
from services.scheduling.refusals import offer_changed
from services.scheduling.repository import coming
from shared import tracing
from shared.db import UnitOfWork
from shared.web.problems import Problem


async def say_who_comes(uow: UnitOfWork, case_ref: str, said: Coming, acted_by: str, *, seen: UUID) -> None:
    """Just these come to the appointment `seen`. Saying the same again changes nothing.

    Raises: Problem 404, 409 when the case has another appointment by now, after check-in, or for who is not of the party.
    """
    case = await locked(uow, case_ref)
    if case.live is None or case.live.id != seen:
        raise offer_changed()
    if case.live.status not in UNTIL_CHECK_IN:
        raise Problem(409, "checked_in", "the household is checked in: staff at the site say who is there")
    party = case.snapshot.party
    if not is_possible(said, party):
        raise Problem(409, "not_of_the_party", f"at most {party.adults} adults and {party.children} children come")
    if said == await coming.said_of(uow, seen):
        return
    traceparent = tracing.to_traceparent(tracing.current())
    await coming.say(uow, case_ref, seen, said, acted_by=acted_by, traceparent=traceparent)
