"""Codes, sessions and how often codes were asked for. What comes in here is hashed already: nothing here opens a case.

A browser has one code, until it is used, used up or old; a session lasts until it is closed or idle for too long.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.scheduling.domain.logins import IDLE, LONGEST_SESSION, Patience, Pressure, one_less, one_more
from shared.db import UnitOfWork

FORGETS_AFTER = timedelta(days=1)
"""What nobody can use any more is kept no longer."""

STORE_CODE = """
insert into login_codes (browser, case_ref, code, expires_at, tries_left)
values (:browser, :case_ref, :code, :expires_at, :tries)
on conflict (browser) do update
set case_ref = excluded.case_ref, code = excluded.code, expires_at = excluded.expires_at, tries_left = excluded.tries_left
"""

TRY_CODE = """
update login_codes set tries_left = tries_left - 1
where browser = :browser and tries_left > 0 and (:however_old or expires_at > :now)
returning case_ref, code, tries_left
"""

SEE_SESSION = """
update login_sessions set seen_at = greatest(seen_at, :now)
where token = :token and seen_at > :idle_since and began_at > :oldest returning case_ref
"""

LOCK_PRESSURES = "select * from login_pressures where subject = any(:subjects) order by subject for update"

RELEASE = """
with released as (select subject from login_pressures where subject = any(:subjects) order by subject for update)
delete from login_pressures p using released r where p.subject = r.subject
"""

STORE_PRESSURE = """
update login_pressures set pressure = :weight, at = :at, free_at = :free_at where subject = :subject
"""


@dataclass(frozen=True, slots=True)
class Tried:
    """The code that was tried against, already one try poorer."""

    case_ref: str
    code: bytes
    tries_left: int


async def store_code(
    uow: UnitOfWork, browser: bytes, *, case_ref: str, code: bytes, expires_at: datetime, tries: int
) -> None:
    """Gives a browser its code; the one that it had holds no more."""
    await uow.execute(STORE_CODE, browser=browser, case_ref=case_ref, code=code, expires_at=expires_at, tries=tries)


async def try_code(uow: UnitOfWork, browser: bytes, *, however_old: bool = False) -> Tried | None:
    """The code of a browser, locked, with one try taken before anyone compares; None when it has none that holds.

    `however_old`: what is tried is not the code itself, whose time may be over.
    """
    rows = await uow.rows(TRY_CODE, browser=browser, now=uow.now, however_old=however_old)
    return Tried(rows[0].case_ref, bytes(rows[0].code), rows[0].tries_left) if rows else None


async def use_up(uow: UnitOfWork, browser: bytes) -> None:
    await uow.execute("delete from login_codes where browser = :browser", browser=browser)


async def asked_for(uow: UnitOfWork, browser: bytes) -> str | None:
    """The reference that a browser asked its last code for."""
    rows = await uow.rows("select case_ref from login_codes where browser = :browser", browser=browser)
    return rows[0].case_ref if rows else None


async def is_known(uow: UnitOfWork, case_ref: str) -> bool:
    return bool(await uow.rows("select 1 from cases where case_ref = :ref", ref=case_ref))


async def begin_session(uow: UnitOfWork, token: bytes, case_ref: str) -> None:
    await uow.execute(
        "insert into login_sessions (token, case_ref, began_at, seen_at) values (:token, :ref, :now, :now)",
        token=token,
        ref=case_ref,
        now=uow.now,
    )


async def see_session(uow: UnitOfWork, token: bytes) -> str | None:
    """The case that this session may see, which makes it last longer; None when it is over."""
    rows = await uow.rows(
        SEE_SESSION, token=token, now=uow.now, idle_since=uow.now - IDLE, oldest=uow.now - LONGEST_SESSION
    )
    return rows[0].case_ref if rows else None


async def case_was(uow: UnitOfWork, token: bytes) -> str | None:
    """The case of a session, also of one that lasts no more; None when it was ended or forgotten."""
    rows = await uow.rows("select case_ref from login_sessions where token = :token", token=token)
    return rows[0].case_ref if rows else None


async def end_session(uow: UnitOfWork, token: bytes) -> None:
    await uow.execute("delete from login_sessions where token = :token", token=token)


async def end_sessions_of(uow: UnitOfWork, case_ref: str, *, but: bytes | None = None) -> None:
    """Ends every session of the case, or every one but this."""
    await uow.execute(
        "delete from login_sessions where case_ref = :ref and token is distinct from :but", ref=case_ref, but=but
    )


async def forget_codes_of(uow: UnitOfWork, case_ref: str) -> None:
    """No code that was asked for holds any more."""
    await uow.execute("delete from login_codes where case_ref = :ref", ref=case_ref)


async def press(uow: UnitOfWork, subjects: Mapping[bytes, Patience]) -> datetime:
    """The instant from which all of the subjects may have one more code. If that is now, it is counted; if not, nothing is."""
    for subject in sorted(subjects):
        await uow.execute(
            """insert into login_pressures (subject, pressure, at, free_at) values (:subject, 0, :now, :now)
               on conflict do nothing""",
            subject=subject,
            now=uow.now,
        )
    rows = await uow.rows(LOCK_PRESSURES, subjects=list(subjects))
    # Who waited for the lock comes after those before it, though its request may have begun a moment earlier.
    now = max(uow.now, *(row.at for row in rows))
    free_at: datetime = max(row.free_at for row in rows)
    if free_at > now:
        return free_at
    for row in rows:
        await _store(uow, row.subject, one_more(_pressure(row), subjects[bytes(row.subject)], now))
    return uow.now


async def take_back(uow: UnitOfWork, subjects: Collection[bytes]) -> None:
    """What was counted last for these subjects counts no more."""
    for row in await uow.rows(LOCK_PRESSURES, subjects=list(subjects)):
        await _store(uow, row.subject, one_less(_pressure(row)))


async def release(uow: UnitOfWork, subjects: Collection[bytes]) -> None:
    """Forgets how often codes were asked for: one of them came to whom it belongs."""
    await uow.execute(RELEASE, subjects=list(subjects))


async def forget(uow: UnitOfWork) -> None:
    """Deletes codes, sessions and pressures of which nothing has been heard for a day."""
    before = uow.now - FORGETS_AFTER
    await uow.execute("delete from login_codes where expires_at < :before", before=before)
    await uow.execute("delete from login_sessions where seen_at < :before", before=before)
    await uow.execute("delete from login_pressures where at < :before and free_at < :before", before=before)


async def _store(uow: UnitOfWork, subject: bytes, pressed: Pressure) -> None:
    await uow.execute(STORE_PRESSURE, subject=subject, weight=pressed.weight, at=pressed.at, free_at=pressed.free_at)


def _pressure(row: Any) -> Pressure:
    return Pressure(row.pressure, row.at, row.free_at)
