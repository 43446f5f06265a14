"""What households said of how they are reached, what they proposed, and who is to be told that it changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.intake.domain.own_contacts import CODE_HOLDS, DAY, MOST_A_DAY, TRIES
from shared.db import UnitOfWork

SET = """
insert into own_contacts (case_ref, {column}) values (:ref, :value)
on conflict (case_ref) do update set {column} = excluded.{column}
"""
SET_LOCALE, SET_HOURS = SET.format(column="locale"), SET.format(column="safe_hours")

SET_EMAIL = """
insert into own_contacts (case_ref, email, email_from) values (:ref, :email, :id)
on conflict (case_ref) do update set email = excluded.email, email_from = excluded.email_from
"""

NOTE = """
insert into contact_changes (changed_at, case_ref, what, acted_by, traceparent)
values (:now, :ref, :what, :by, :traceparent)
"""

PROPOSE = """
insert into contact_proposals as p (case_ref, id, email, code, expires_at, tries_left, proposed, first_at)
values (:ref, :id, :email, :code, :expires_at, :tries, 1, :now)
on conflict (case_ref) do update
set id = excluded.id, email = excluded.email, code = excluded.code, expires_at = excluded.expires_at,
    tries_left = excluded.tries_left, proposed = case when p.first_at > :since then p.proposed else 0 end + 1,
    first_at = case when p.first_at > :since then p.first_at else excluded.first_at end
where p.first_at <= :since or p.proposed < :most
returning id
"""

TRY = """
update contact_proposals set tries_left = tries_left - 1
where case_ref = :ref and id = :id and tries_left > 0 and expires_at > :now returning email, code, tries_left
"""

WARN = """
insert into contact_warnings (id, case_ref, email, locale, next_try_at, traceparent)
values (:id, :ref, :email, :locale, :now, :traceparent)
"""

DUE = "select * from contact_warnings where next_try_at <= :now order by next_try_at limit 1 for update skip locked"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A new address of a case, encrypted, with the hash of its code."""

    case_ref: str
    id: UUID
    email: bytes
    code: bytes


def email_place(case_ref: str) -> str:
    """Where the own address of a case belongs, for its encryption."""
    return f"own_contacts.email:{case_ref}"


def hours_place(case_ref: str) -> str:
    """Where the own safe hours of a case belong."""
    return f"own_contacts.safe_hours:{case_ref}"


def proposal_place(case_ref: str, id: UUID) -> str:
    """Where a proposed address belongs."""
    return f"contact_proposals.email:{case_ref}:{id}"


def warning_place(id: UUID) -> str:
    """Where the address of a warning belongs."""
    return f"contact_warnings.email:{id}"


async def is_known(uow: UnitOfWork, case_ref: str) -> bool:
    return bool(await uow.rows("select 1 from cases where case_ref = :ref", ref=case_ref))


async def note(uow: UnitOfWork, case_ref: str, what: str, *, acted_by: str, traceparent: str | None) -> None:
    """Records that something was changed, by whom."""
    await uow.execute(NOTE, now=uow.now, ref=case_ref, what=what, by=acted_by, traceparent=traceparent)


async def set_locale(uow: UnitOfWork, case_ref: str, locale: str) -> None:
    await uow.execute(SET_LOCALE, ref=case_ref, value=locale)


async def set_hours(uow: UnitOfWork, case_ref: str, sealed: bytes) -> None:
    await uow.execute(SET_HOURS, ref=case_ref, value=sealed)


async def set_email(uow: UnitOfWork, case_ref: str, sealed: bytes, *, proposal: UUID) -> None:
    await uow.execute(SET_EMAIL, ref=case_ref, email=sealed, id=proposal)


async def forget_own(uow: UnitOfWork, case_ref: str) -> bool:
    """Deletes what the household said; False when that was nothing."""
    await uow.execute("delete from contact_proposals where case_ref = :ref", ref=case_ref)
    return bool(await uow.execute("delete from own_contacts where case_ref = :ref", ref=case_ref))


async def propose(uow: UnitOfWork, made: Proposal) -> bool:
    """Stores a proposal in place of the case's last one; False when there were too many of late."""
    rows = await uow.rows(
        PROPOSE,
        ref=made.case_ref,
        id=made.id,
        email=made.email,
        code=made.code,
        expires_at=uow.now + CODE_HOLDS,
        tries=TRIES,
        now=uow.now,
        since=uow.now - DAY,
        most=MOST_A_DAY,
    )
    return bool(rows)


async def take_back(uow: UnitOfWork, id: UUID) -> None:
    """A proposal whose code could not be sent counts no more."""
    await uow.execute(
        """update contact_proposals set proposed = proposed - 1, email = null, tries_left = 0
           where id = :id and tries_left > 0""",
        id=id,
    )


async def proposed(uow: UnitOfWork, case_ref: str) -> Any:
    """The proposal of the case whose code can still be typed: id and address; None when there is none."""
    rows = await uow.rows(
        "select id, email from contact_proposals where case_ref = :ref and tries_left > 0 and expires_at > :now",
        ref=case_ref,
        now=uow.now,
    )
    return next(iter(rows), None)


async def try_code(uow: UnitOfWork, case_ref: str, id: UUID) -> Any:
    """The proposal, locked, with one try taken before anyone compares; None when its code holds no more."""
    rows = await uow.rows(TRY, ref=case_ref, id=id, now=uow.now)
    return next(iter(rows), None)


async def use_up(uow: UnitOfWork, case_ref: str) -> None:
    await uow.execute("update contact_proposals set tries_left = 0, email = null where case_ref = :ref", ref=case_ref)


async def came_from(uow: UnitOfWork, case_ref: str, proposal: UUID) -> bool:
    """True when the case's own address is the one that was proposed so."""
    return bool(
        await uow.rows(
            "select 1 from own_contacts where case_ref = :ref and email_from = :id", ref=case_ref, id=proposal
        )
    )


async def warn(uow: UnitOfWork, id: UUID, case_ref: str, sealed: bytes, *, locale: str, traceparent: str) -> None:
    """Has an address hear that it is no contact any more."""
    await uow.execute(WARN, id=id, ref=case_ref, email=sealed, locale=locale, now=uow.now, traceparent=traceparent)


async def next_warning(uow: UnitOfWork, lease_until: datetime) -> Any:
    """The warning that is due first, held until then; None when none is."""
    rows = await uow.rows(DUE, now=uow.now)
    for row in rows:
        await uow.execute(
            "update contact_warnings set tries = tries + 1, next_try_at = :at where id = :id", id=row.id, at=lease_until
        )
    return next(iter(rows), None)


async def warned(uow: UnitOfWork, id: UUID) -> None:
    await uow.execute("delete from contact_warnings where id = :id", id=id)


async def warn_later(uow: UnitOfWork, id: UUID, at: datetime) -> None:
    await uow.execute("update contact_warnings set next_try_at = :at where id = :id", id=id, at=at)


async def forget_proposals(uow: UnitOfWork) -> None:
    """Deletes addresses that nobody confirmed in time, and after a day how many there were, once no code holds any more."""
    await uow.execute("update contact_proposals set email = null, tries_left = 0 where expires_at <= :now", now=uow.now)
    await uow.execute("delete from contact_proposals where first_at <= :since and tries_left = 0", since=uow.now - DAY)


async def of_case(uow: UnitOfWork, case_ref: str) -> Sequence[Any]:
    """What the household of the case said, if anything."""
    return await uow.rows("select * from own_contacts where case_ref = :ref", ref=case_ref)
