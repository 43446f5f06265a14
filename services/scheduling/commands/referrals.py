"""Referrals: a waiting household that consented goes on to another country's programme of the same pathway.

Whoever keeps the case proposes, whoever would take it accepts or declines, and until then it stays in line where it is.
Accepted, intake makes the new case and ends this one; scheduling then takes the new one as any other. Where intake refuses
to (the case is under review, its people cannot be read), who keeps the case takes the referral back.
"""

from dataclasses import dataclass, replace
from uuid import uuid4

from services.scheduling.commands.locked import cause_of, locked
from services.scheduling.domain.decisions import Waiting
from services.scheduling.domain.opening import AHEAD
from services.scheduling.placing.choices import Span, places_of
from services.scheduling.placing.deciding import decided
from services.scheduling.placing.offers import carry_out
from services.scheduling.placing.outcomes import Outcome
from services.scheduling.repository import cases, reference, referrals
from services.scheduling.repository.known_case import KnownCase
from shared.db import UnitOfWork
from shared.events import Referral, ReferralChanged, ReferralState
from shared.web.problems import Problem


@dataclass(frozen=True, slots=True)
class Consent:
    """Whether the household consented to the referral, and how that was recorded: `in-person`, `phone`, `letter`, …"""

    given_by_household: bool
    recorded: str


async def propose(uow: UnitOfWork, case_ref: str, programme: str, consent: Consent, *, acted_by: str) -> None:
    """Proposes that another country's programme takes the household. Proposing the same again changes nothing.

    Raises: Problem 404, 409 without consent, when the case does not wait or is being referred, or when the programme is
    not one that can take it now.
    """
    case = await locked(uow, case_ref)
    if case.referral and case.referral.state is ReferralState.PROPOSED and case.referral.programme == programme:
        return
    if not consent.given_by_household:
        raise Problem(409, "consent_missing", "only a household that consented is referred: ask it, then propose again")
    _check_waits(case)
    if case.referral and case.referral.state is ReferralState.PROPOSED:
        raise Problem(409, "referral_open", f"a referral to {case.referral.programme} is open: withdraw it first")
    target = await _target(uow, case, programme)
    await referrals.add(uow, case_ref, target, how=consent.recorded, acted_by=acted_by)
    await _say(uow, case, target, waiting=case.waiting)


async def accept(uow: UnitOfWork, case_ref: str, *, acted_by: str) -> None:
    """The other programme takes the household; from now on nobody offers it a place here. Accepting twice is accepting once.

    Raises: Problem 404, 409 when nothing is proposed, the household has a date meanwhile, or there is no place any more.
    """
    case = await locked(uow, case_ref)
    if case.referral and case.referral.state is ReferralState.ACCEPTED:
        return
    referral = _proposed(case)
    _check_waits(case)
    await _target(uow, case, referral.programme)
    accepted = await _answered(uow, referral, ReferralState.ACCEPTED, acted_by=acted_by)
    await _say(uow, case, accepted, waiting=Waiting.REFERRED)


async def decline(uow: UnitOfWork, case_ref: str, *, acted_by: str) -> None:
    """The other programme does not take the household, which stays in line. Raises: Problem 404, 409."""
    await _end(uow, case_ref, ReferralState.DECLINED, acted_by=acted_by)


async def withdraw(uow: UnitOfWork, case_ref: str, *, acted_by: str) -> None:
    """The referral is taken back, and the household stays in line; also one that was accepted, as long as the household
    has no case in the other country: it is back in line with its seniority. Raises: Problem 404, 409."""
    case = await locked(uow, case_ref)
    if case.referral and case.waiting == Waiting.REFERRED:
        return await _take_back(uow, case, case.referral, acted_by=acted_by)
    await _end(uow, case_ref, ReferralState.WITHDRAWN, acted_by=acted_by)


async def _take_back(uow: UnitOfWork, case: KnownCase, referral: Referral, *, acted_by: str) -> None:
    """Decides about the case as about one that has just come, and says all of it in one event."""
    await _answered(uow, referral, ReferralState.WITHDRAWN, acted_by=acted_by)
    await referrals.keep(uow, case.case_ref, None)
    again = replace(case, referral=None, waiting=None, cause=cause_of(case))
    programmes = await reference.programmes(uow, [case.snapshot.programme])
    await carry_out(uow, await decided(uow, [again], programmes))


async def _end(uow: UnitOfWork, case_ref: str, state: ReferralState, *, acted_by: str) -> None:
    case = await locked(uow, case_ref)
    await _answered(uow, _proposed(case), state, acted_by=acted_by)
    await _say(uow, case, None, waiting=case.waiting)


async def _answered(uow: UnitOfWork, referral: Referral, state: ReferralState, *, acted_by: str) -> Referral:
    answered = referral.model_copy(update={"state": state})
    await referrals.answer(uow, answered, acted_by=acted_by)
    return answered


def _proposed(case: KnownCase) -> Referral:
    is_closed = case.live is None and case.waiting is None
    if case.referral is None or case.referral.state is not ReferralState.PROPOSED or is_closed:
        raise Problem(409, "no_open_referral", "no referral of this case is open: read the case again")
    return case.referral


def _check_waits(case: KnownCase) -> None:
    if case.live:
        raise Problem(409, "has_appointment", "the case has an appointment: decline it first if it is to be referred")
    if case.waiting in (None, Waiting.REFERRED, Waiting.REVIEW):
        raise Problem(409, "not_waiting", "only a case that waits for a place is referred: read it again")


async def _target(uow: UnitOfWork, case: KnownCase, programme: str) -> Referral:
    """A referral to the programme, which has a place for the household now. Raises: Problem 409 when it cannot be."""
    known = await reference.programmes(uow, [programme, case.snapshot.programme])
    target, own = known.get(programme), known.get(case.snapshot.programme)
    if target is None or own is None:
        raise Problem(409, "programme_unknown", "no programme has this code: read the list of programmes")
    if target.system == own.system:
        raise Problem(409, "same_country", "a referral goes to another country: staff move the case within one")
    if target.pathway != own.pathway:
        raise Problem(409, "other_pathway", f"a referral stays within its pathway: this case is of {own.pathway}")
    there = case.snapshot.model_copy(
        update={"programme": programme, "system": target.system, "sites": (), "admin_area": None}
    )
    if not await places_of(uow, replace(case, snapshot=there), Span(uow.now, uow.now + AHEAD)):
        raise Problem(409, "no_place", f"{programme} has no place for this household now: try another programme")
    return Referral(id=uuid4(), programme=programme, system=target.system, state=ReferralState.PROPOSED)


async def _say(uow: UnitOfWork, case: KnownCase, referral: Referral | None, *, waiting: str | None) -> None:
    """Stores and publishes the case with its open referral, everything else as it is."""
    outcome = Outcome(replace(case, referral=referral), waiting=Waiting(waiting) if waiting else None)
    said = {**outcome.event().model_dump(), "appointment": case.live}
    uow.publish(ReferralChanged.model_validate(said), cause=cause_of(case))
    await cases.save(uow, [outcome.row()])
    await referrals.keep(uow, case.case_ref, referral)
