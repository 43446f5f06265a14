"""A household asks for something itself; the staff of its site say whether they can arrange it."""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.scheduling.commands.locked import cause_of, locked
from services.scheduling.domain.admission import admit
from services.scheduling.domain.decisions import Waiting
from services.scheduling.domain.own_needs import Effect, OwnNeeds, answer_by
from services.scheduling.domain.places import Place
from services.scheduling.domain.states import NOT_BEGUN, changed
from services.scheduling.placing.deciding import decided
from services.scheduling.placing.offers import carry_out
from services.scheduling.placing.outcomes import Outcome, record
from services.scheduling.placing.own_needs import Foreseen, foresee
from services.scheduling.refusals import began, offer_changed
from services.scheduling.repository import appointments, cases, own_needs, reference, slots
from services.scheduling.repository.known_case import KnownCase
from shared import tracing
from shared.db import LostRace, UnitOfWork
from shared.events import AdjustmentAnswered, CaseState
from shared.web.problems import Problem

MAY_BE_HEARD = frozenset({CaseState.ELIGIBLE, CaseState.REVIEW})


class Answer(StrEnum):
    """What the staff of a site can say. A fixed list, so that no note can say anything about a person."""

    ARRANGED = "arranged"
    NOT_POSSIBLE = "not-possible"


def why_not_ask(case: KnownCase, now: datetime) -> Problem | None:
    """The refusal, 409, when nothing can be asked for any more; None while something can."""
    if case.live and (case.live.starts_at <= now or case.live.status not in NOT_BEGUN):
        return began()
    if case.waiting == Waiting.REFERRED:
        return Problem(409, "being_referred", "the household goes on to another country's programme: ask there")
    if case.live is None and (case.snapshot.state not in MAY_BE_HEARD or case.waiting is None):
        return Problem(409, "case_closed", f"the case is {case.snapshot.state}: there is no interview to ask for")
    return None


def check_may_ask(case: KnownCase, now: datetime) -> None:
    """Raises: Problem 409 when nothing can be asked for any more."""
    if refusal := why_not_ask(case, now):
        raise refusal


async def ask(
    uow: UnitOfWork, case_ref: str, own: OwnNeeds, acted_by: str, *, was: OwnNeeds, seen: UUID | None, told: Effect
) -> Effect:
    """The household asks for just this from now on instead of what it `was`, having been told what becomes of its date
    `seen`, None if it had none. Asking for the same again changes nothing.

    Raises: Problem 404, 409 when that is not what would become of it any more, or nothing can be asked for.
    """
    case = await locked(uow, case_ref)
    if case.own == own:
        return told
    check_may_ask(case, uow.now)
    if (case.live.id if case.live else None) != seen:
        raise offer_changed()
    if case.own != was:
        raise Problem(409, "effect_changed", "something else was asked for in the meantime: look at it again")
    foreseen = await foresee(uow, case, own)
    if foreseen.effect is not told:
        raise Problem(409, "effect_changed", f"by now it means {foreseen.effect}, not {told}: look at it again")
    traceparent = tracing.to_traceparent(tracing.current())
    await own_needs.say(uow, case_ref, own, acted_by=acted_by, traceparent=traceparent)
    await own_needs.withdraw(uow, case_ref)
    await _carry_out(uow, replace(case, own=own), foreseen, acted_by)
    return told


async def answer(uow: UnitOfWork, id: UUID, said: Answer, acted_by: str) -> None:
    """The staff say whether they can arrange it, and the household is told that they did. The same answer again changes nothing.

    Raises: Problem 404, 409 for a request that has another answer or needs none any more.
    """
    found = await own_needs.request_of(uow, id)
    if found is None:
        raise Problem(404, "request_unknown", "no request has this id: read the site's list again")
    case = await locked(uow, found.case_ref)
    now = await own_needs.request_of(uow, id)
    if now.answer == said:
        return
    if not now.is_open:
        state = f"was answered: {now.answer}" if now.answer else "needs no answer any more"
        raise Problem(409, "request_closed", f"the request {state}: read the site's list again")
    await own_needs.answer(uow, id, said, acted_by=acted_by)
    await _say_answered(uow, case, id)


async def _say_answered(uow: UnitOfWork, case: KnownCase, id: UUID) -> None:
    """Publishes that there is an answer, not which: its household reads that on its page. All else is as it was."""
    outcome = Outcome(case)
    said = {**outcome.event().model_dump(), "appointment": case.live, "adjustment_answered": id}
    uow.publish(AdjustmentAnswered.model_validate(said), cause=cause_of(case))
    await cases.save(uow, [outcome.row()])


async def _carry_out(uow: UnitOfWork, case: KnownCase, foreseen: Foreseen, acted_by: str) -> None:
    live = case.live
    if live is None:
        return await _look_again(uow, case)
    if foreseen.place:
        await _stay(uow, case, foreseen.place)
    if foreseen.effect is Effect.ASKED:
        due_at = answer_by(uow.now, live.starts_at)
        await own_needs.add(uow, case.case_ref, live.id, foreseen.lacking, asked_by=acted_by, due_at=due_at)


async def _look_again(uow: UnitOfWork, case: KnownCase) -> None:
    """Who waits for a place is decided about with what it asks for now; who let one go before waits on."""
    asking = replace(case, cause=cause_of(case))
    programmes = await reference.programmes(uow, [case.snapshot.programme])
    await carry_out(uow, await decided(uow, [asking], programmes))


async def _stay(uow: UnitOfWork, case: KnownCase, place: Place) -> None:
    """The same appointment, at the desk and with the interpreter that have it: no message goes out, but a new letter
    takes the place of a printed one. Who asked for it stands with what was said. What it had before opens, and who waits is
    looked at again.

    Raises: LostRace when somebody else takes them in this moment: what was foreseen is looked at again.
    """
    live = case.date
    held = (await slots.own_time(uow, [live.id]))[live.id]
    wanted = {slot for slot, _ in place.claims} | {each.slot_id for _, each in held.steps}
    winners, _ = admit([place], await slots.lock(uow, wanted))
    if not winners:
        raise LostRace("the place at the same time is being claimed: look again")
    interpreter = "+".join(place.need.languages) or None
    refitted = changed(live, acted_by="scheduling", minutes=place.setting.minutes, interpreter=interpreter)
    await record(uow, [Outcome(case, changed=refitted, cause=cause_of(case))])
    has_remote = any(each.is_remote for each in (await slots.resources_held(uow, [live.id]))[live.id])
    await appointments.refit(uow, live.id, place)
    await slots.release(uow, [live.id])
    await slots.claim(uow, [(live.id, replace(place, kept=()))])
    await reference.look_again(uow, None if has_remote else live.site)
