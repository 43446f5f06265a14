"""A household says itself how it is reached: language, hours, and a new address that counts once its code came back.

Its own word stays, field by field, whatever its country's later revisions say: docs/domain.md, "Own contact".
"""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID, uuid4

from services.intake import commands
from services.intake.domain.own_contacts import canonical_email, masked
from services.intake.repository import own_contacts
from services.intake.repository.own_contacts import Proposal, email_place, hours_place, proposal_place, warning_place
from shared import tracing
from shared.crypto import KeyedHash, Sealer
from shared.db import UnitOfWork

DIGITS = 6
Proposed = Literal["proposed", "invalid", "too_often", "unknown"]
Confirmed = Literal["changed", "wrong", "over"]


@dataclass(frozen=True, slots=True)
class Shown:
    """What a household is shown of how it is reached. Addresses are masked."""

    email: str | None
    locale: str
    safe_hours: str | None
    proposal: UUID | None = None
    proposed_email: str | None = None


@dataclass(frozen=True, slots=True)
class By:
    """Who changes something, and in which trace."""

    acted_by: str
    traceparent: str | None


@dataclass(frozen=True, slots=True)
class Mail:
    """A code on its way to an address that is proposed. Nothing of it shows when printed."""

    proposal: UUID
    email: str = field(repr=False)
    locale: str
    code: str = field(repr=False)


class OwnContacts:
    """What households change. Values are sealed; a code is kept as a keyed hash only."""

    def __init__(self, sealer: Sealer, data_key: str) -> None:
        self._sealer, self._codes = sealer, KeyedHash(data_key, "contact code")

    async def show(self, uow: UnitOfWork, case_ref: str, traceparent: str | None) -> Shown | None:
        """How the household is reached now; the look is recorded. None for a case that nobody knows."""
        contact = await self._contact(uow, case_ref, traceparent, why="to show it, masked, to its household")
        if contact is None:
            return None
        email, open_ = contact.contact.email, await own_contacts.proposed(uow, case_ref)
        shown = Shown(masked(email) if email else None, contact.contact.locale, contact.contact.safe_hours)
        if open_ is None:
            return shown
        proposed = self._sealer.open(open_.email, proposal_place(case_ref, open_.id)).decode()
        return Shown(shown.email, shown.locale, shown.safe_hours, open_.id, masked(proposed))

    async def say(self, uow: UnitOfWork, case_ref: str, said: Mapping[str, str], by: By) -> bool:
        """Sets `locale` or `safe_hours`, where an empty text says any hour. False for a case that nobody knows."""
        if not await own_contacts.is_known(uow, case_ref):
            return False
        if "locale" in said:
            await own_contacts.set_locale(uow, case_ref, said["locale"])
            await own_contacts.note(uow, case_ref, "language", acted_by=by.acted_by, traceparent=by.traceparent)
        if "safe_hours" in said:
            sealed = self._sealer.seal(said["safe_hours"].encode(), hours_place(case_ref))
            await own_contacts.set_hours(uow, case_ref, sealed)
            await own_contacts.note(uow, case_ref, "safe-hours", acted_by=by.acted_by, traceparent=by.traceparent)
        return True

    async def propose(self, uow: UnitOfWork, case_ref: str, typed: str, traceparent: str | None) -> Mail | Proposed:
        """The code to be sent to the new address once this is committed, or why there is none."""
        email = canonical_email(typed)
        if email is None:
            return "invalid"
        contact = await self._contact(uow, case_ref, traceparent, why="to write in its language")
        if contact is None:
            return "unknown"
        id, code = uuid4(), f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
        sealed = self._sealer.seal(email.encode(), proposal_place(case_ref, id))
        if not await own_contacts.propose(uow, Proposal(case_ref, id, sealed, self._code(case_ref, id, code))):
            return "too_often"
        return Mail(id, email, contact.contact.locale, code)

    async def confirm(self, uow: UnitOfWork, case_ref: str, proposal: UUID, code: str, by: By) -> Confirmed:
        """Makes the proposed address the household's, and has the one before hear of it. Once: again changes nothing."""
        tried = await own_contacts.try_code(uow, case_ref, proposal)
        if tried is None:
            return "changed" if await own_contacts.came_from(uow, case_ref, proposal) else "over"
        if not hmac.compare_digest(bytes(tried.code), self._code(case_ref, proposal, code)):
            return "wrong" if tried.tries_left else "over"
        email = self._sealer.open(tried.email, proposal_place(case_ref, proposal)).decode()
        before = await self._contact(uow, case_ref, by.traceparent, why="to tell it that it changed")
        await own_contacts.set_email(
            uow, case_ref, self._sealer.seal(email.encode(), email_place(case_ref)), proposal=proposal
        )
        await own_contacts.use_up(uow, case_ref)
        await own_contacts.note(uow, case_ref, "email", acted_by=by.acted_by, traceparent=by.traceparent)
        if before and before.contact.email and before.contact.email != email:
            await self._warn(uow, case_ref, before, by.traceparent)
        return "changed"

    async def reset(self, uow: UnitOfWork, case_ref: str, *, acted_by: str) -> bool:
        """Forgets what the household said, so that its country's newest revision counts again. False when that is nothing."""
        was_there = await own_contacts.forget_own(uow, case_ref)
        if was_there:
            here = tracing.to_traceparent(tracing.current())
            await own_contacts.note(uow, case_ref, "reset", acted_by=acted_by, traceparent=here)
        return was_there

    async def _warn(self, uow: UnitOfWork, case_ref: str, before: commands.Contact, traceparent: str | None) -> None:
        id, trace = uuid4(), traceparent or tracing.to_traceparent(tracing.current())
        sealed = self._sealer.seal((before.contact.email or "").encode(), warning_place(id))
        await own_contacts.warn(uow, id, case_ref, sealed, locale=before.contact.locale, traceparent=trace)

    async def _contact(
        self, uow: UnitOfWork, case_ref: str, traceparent: str | None, *, why: str
    ) -> commands.Contact | None:
        asked = {case_ref: traceparent}
        found = await commands.contacts_of(uow, asked, self._sealer, who="service for household", why=why)
        return found[0] if found else None

    def _code(self, case_ref: str, id: UUID, code: str) -> bytes:
        return self._codes.of(case_ref, str(id), code)


async def follow(uow: UnitOfWork, old: str, new: str, sealer: Sealer) -> None:
    """What a household said goes with it to the case as which it goes on. Raises: Undecipherable."""
    for own in await own_contacts.of_case(uow, old):
        if own.locale:
            await own_contacts.set_locale(uow, new, own.locale)
        if own.safe_hours is not None:
            await own_contacts.set_hours(
                uow, new, sealer.seal(sealer.open(own.safe_hours, hours_place(old)), hours_place(new))
            )
        if own.email:
            sealed = sealer.seal(sealer.open(own.email, email_place(old)), email_place(new))
            await own_contacts.set_email(uow, new, sealed, proposal=own.email_from)
