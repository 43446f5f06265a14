"""What becomes a message at the last moment: whether its household is still owed it, and in which words.

From the lock of a case until its transaction ends nothing about the case changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.notifications.channels.email import Email
from services.notifications.domain.notices import is_still_owed, is_too_late, without_what_is_over
from services.notifications.messages.presenter import Surroundings
from services.notifications.messages.writer import Envelope, Writer
from services.notifications.owed import make_owed_notices
from services.notifications.repository import sending
from services.notifications.repository.known import place_of, sites_named
from services.notifications.repository.notices import withdraw
from services.notifications.repository.sending import HandedOver
from services.notifications.sending.attempts import Attempt
from shared.db import UnitOfWork


@dataclass(frozen=True, repr=False)
class Addressed:
    """A notice that can go now, to this address in this language; never shown, since the address names a person."""

    attempt: Attempt
    address: str
    language: str


async def hand_over(
    uow: UnitOfWork, addressed: Sequence[Addressed], writer: Writer, portal_url: str
) -> list[Email | None]:
    """The message of each in the words of this moment; None when the household is not owed it any more."""
    programmes = await still_owed(uow, [each.attempt for each in addressed])
    owed = [each for each in addressed if each.attempt.notice.id in programmes]
    told = [each.attempt.notice.notice for each in owed]
    sites = await sites_named(uow, {at.site for each in told for at in (each.appointment, each.earlier) if at})
    emails: dict[UUID, Email] = {}
    handed_over = []
    for each in owed:
        notice, language = each.attempt.notice, each.language
        around = Surroundings(notice.case_ref, programmes[notice.id], sites, portal_url)
        envelope = Envelope(notice.id, each.address, notice.calendar_uid, notice.sequence)
        words = without_what_is_over(notice.notice, uow.now)
        emails[notice.id] = writer.write(words, around, envelope, language=language, now=uow.now)
        date = notice.notice.appointment
        place = place_of(sites[date.site]) if date else None
        handed_over.append(HandedOver(notice.id, language, place, each.attempt.span.context))
    await sending.hand_over(uow, handed_over)
    return [emails.get(each.attempt.notice.id) for each in addressed]


async def still_owed(uow: UnitOfWork, attempts: Sequence[Attempt]) -> dict[UUID, str | None]:
    """The titles of their programmes, by the ids of those notices that are owed and ours; each is looked at as it stands now.

    Their cases are locked from here on. What is not owed any more is withdrawn.
    """
    known = await sending.lock_cases(uow, {each.notice.case_ref for each in attempts})
    for each in attempts:
        uow.caused_by(known[each.notice.case_ref].snapshot, each.notice.cause(each.span.context))
    looked_at = await make_owed_notices([case.snapshot for case in known.values()], uow)
    ours = await sending.still_ours(uow, [each.notice for each in attempts])
    programmes: dict[UUID, str | None] = {}
    for each in attempts:
        notice, case = ours.get(each.notice.id), looked_at[each.notice.case_ref]
        if notice is None:
            continue
        this = next(one for one in case.past if one.id == notice.id)
        snapshot = known[notice.case_ref].snapshot
        too_late = is_too_late(notice.notice, uow.now)
        if too_late or not is_still_owed(this, case.past, snapshot, uow.now, place=case.place):
            await withdraw(uow, [notice.id], "too late" if too_late else "superseded")
            continue
        each.notice = notice
        programmes[notice.id] = known[notice.case_ref].programme
    return programmes
