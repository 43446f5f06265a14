"""Workers who help a household: their sessions, the household's consent, and what they were shown. Tokens come hashed.

A session is of one worker with one household, until it ends or is idle for too long; its case is shown only with a
consent of that very case. Consents and looks never change.
"""

from typing import Any

from services.scheduling.domain.logins import ASSIST_IDLE, LONGEST_ASSIST
from shared import tracing
from shared.db import UnitOfWork

SEE = """
update assists a set seen_at = greatest(seen_at, :now)
where token = :token and seen_at > :idle_since and began_at > :oldest
returning worker, case_ref, consent_id,
          (select snapshot->>'locale' from cases c where c.case_ref = a.case_ref) as locale
"""

NAME_CASE = """
update assists a set case_ref = c.case_ref from cases c
where c.case_ref = :ref and a.token = :token and a.consent_id is null
returning 1
"""

RECORD_CONSENT = """
insert into consents (case_ref, given_by, given_how, recorded_at, worker, traceparent)
select case_ref, :given_by, :given_how, :now, worker, :traceparent from assists
where token = :token and case_ref = :ref and consent_id is null
returning id
"""

RECORD_LOOK = """
insert into assist_looks (looked_at, worker, case_ref, consent_id, page, traceparent)
values (:now, :worker, :ref, :consent, :page, :traceparent)
"""


async def begin(uow: UnitOfWork, token: bytes, worker: str) -> None:
    await uow.execute(
        "insert into assists (token, worker, began_at, seen_at) values (:token, :worker, :now, :now)",
        token=token,
        worker=worker,
        now=uow.now,
    )


async def see(uow: UnitOfWork, token: bytes) -> Any:
    """Worker, case, consent and the household's language, which makes the session last longer; None when it is over."""
    since = {"idle_since": uow.now - ASSIST_IDLE, "oldest": uow.now - LONGEST_ASSIST}
    return next(iter(await uow.rows(SEE, token=token, now=uow.now, **since)), None)


async def name_case(uow: UnitOfWork, token: bytes, case_ref: str) -> bool:
    """The case that is to be shown once its household agrees; False when there is none, or another household agreed."""
    return bool(await uow.rows(NAME_CASE, token=token, ref=case_ref))


async def record_consent(uow: UnitOfWork, token: bytes, case_ref: str, *, given_by: str, given_how: str) -> bool:
    """Keeps that the household of this case agreed, and opens it; False when the session has another case or a consent."""
    consents = await uow.rows(
        RECORD_CONSENT,
        token=token,
        ref=case_ref,
        given_by=given_by,
        given_how=given_how,
        now=uow.now,
        traceparent=tracing.to_traceparent(tracing.current()),
    )
    for consent in consents:
        await uow.execute("update assists set consent_id = :id where token = :token", id=consent.id, token=token)
    return bool(consents)


async def record_look(uow: UnitOfWork, worker: str, case_ref: str, consent_id: int, *, page: str) -> None:
    traceparent = tracing.to_traceparent(tracing.current())
    about = {"ref": case_ref, "consent": consent_id, "page": page}
    await uow.execute(RECORD_LOOK, now=uow.now, worker=worker, traceparent=traceparent, **about)


async def end(uow: UnitOfWork, token: bytes) -> None:
    await uow.execute("delete from assists where token = :token", token=token)


async def end_others(uow: UnitOfWork, case_ref: str, *, but: bytes | None) -> None:
    """Ends every session in which the case is open, but this."""
    await uow.execute(
        "delete from assists where case_ref = :ref and consent_id is not null and token is distinct from :but",
        ref=case_ref,
        but=but,
    )


async def forget(uow: UnitOfWork) -> None:
    """Deletes sessions that are over. Consents and looks stay."""
    await uow.execute(
        "delete from assists where seen_at <= :idle_since or began_at <= :oldest",
        idle_since=uow.now - ASSIST_IDLE,
        oldest=uow.now - LONGEST_ASSIST,
    )
