"""Referrals and what became of them; the open one also stands with its case, as events carry it."""

from collections.abc import Sequence

from shared.db import UnitOfWork
from shared.events import Referral

ADD = """
insert into referrals (id, case_ref, programme, state, consent_recorded, proposed_at, proposed_by)
values (:id, :case_ref, :programme, :state, :how, :now, :acted_by)
"""

ANSWER = """
update referrals set state = :state, answered_at = :now, answered_by = :acted_by
where id = :id and state in ('proposed', 'accepted')
"""

END = """
with over as (
  update cases set referral = null where case_ref = any(:refs) and referral is not null
  returning cast(old.referral ->> 'id' as uuid) as id)
update referrals r set state = 'withdrawn', answered_at = :now, answered_by = 'authority' from over where r.id = over.id
"""


async def add(uow: UnitOfWork, case_ref: str, referral: Referral, *, how: str, acted_by: str) -> None:
    """A new referral of a locked case; `how` the household's consent was recorded."""
    await uow.execute(
        ADD,
        id=referral.id,
        case_ref=case_ref,
        programme=referral.programme,
        state=referral.state,
        how=how,
        now=uow.now,
        acted_by=acted_by,
    )


async def answer(uow: UnitOfWork, referral: Referral, *, acted_by: str) -> None:
    """What became of a proposed referral of a locked case, or of one that was accepted and comes to nothing."""
    await uow.execute(ANSWER, id=referral.id, state=referral.state, now=uow.now, acted_by=acted_by)


async def keep(uow: UnitOfWork, case_ref: str, referral: Referral | None) -> None:
    """The open referral of a locked case is this from now on, None for none."""
    plain = referral.model_dump_json() if referral else None
    await uow.execute(
        "update cases set referral = cast(:referral as jsonb) where case_ref = :case_ref",
        case_ref=case_ref,
        referral=plain,
    )


async def end(uow: UnitOfWork, case_refs: Sequence[str]) -> None:
    """The proposed or accepted referrals of these locked cases come to nothing, since their country has ended the cases."""
    if case_refs:
        await uow.execute(END, refs=list(case_refs), now=uow.now)
