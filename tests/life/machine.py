"""The rules of the machine: what may happen next, to whom, and what the answer may be."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, get_args
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.scheduling import commands
from services.scheduling.api.cases import Cancellation
from services.scheduling.commands import calendars as keep
from services.scheduling.commands.calendars import Fate
from shared.events import CaseLanguage, Party
from tests.calendars import closure
from tests.life.world import PROGRAMMES, SCH, SITES, TAP, World

any_case = st.integers(0, 30)
programmes = st.sampled_from(["MX-REF", "MX-REF", "MX-REF", "MX-CHO", "MX-CHO", "MX-TVR", "MX-DRW"])
parties = st.integers(1, 4).map(lambda n: Party(attendees=n, adults=min(n, 2), children=max(n - 2, 0)))
days_valid = st.sampled_from([5, 9, 14, 30, 90])
staff_or_household = st.sampled_from(["assistant", "scheduler"])
reasons = st.sampled_from(get_args(Cancellation.model_fields["reason"].annotation))
mayan = (CaseLanguage(tag="mam", mode="spoken", interpreter=True),)
VISITS = (
    ("arrive",),
    ("arrive", "not_here"),
    ("arrive", "not_here", "miss"),
    ("arrive", "check_in"),
    ("arrive", "check_in", "fulfil"),
    ("arrive", "check_in", "fulfil", "not_heard"),
    ("miss",),
    ("miss", "excuse"),
    ("fulfil",),
)
known = precondition(lambda self: bool(self.world.cases))


class Life(RuleBasedStateMachine):
    """One world, one step at a time; after each everything is checked."""

    def __init__(self, make_world: Callable[[], World], steps: list[int]) -> None:
        super().__init__()
        self.world, self.steps, self.step = make_world(), steps, 0

    def teardown(self) -> None:
        self.steps.append(self.step)
        self.world.close()

    @invariant()
    def everything_holds(self) -> None:
        self.step += 1
        self.world.check(self.step)

    # What the countries' systems say

    @initialize(programmes=st.lists(programmes, min_size=4, max_size=8), party=parties)
    def some_cases_are_there(self, programmes: list[str], party: Party) -> None:
        for programme in programmes:
            self.a_case_arrives(programme=programme, party=party, days=30, urgent=False, interpreter=False)

    @rule(programme=programmes, party=parties, days=days_valid, urgent=st.booleans(), interpreter=st.booleans())
    def a_case_arrives(self, programme: str, party: Party, days: int, urgent: bool, interpreter: bool) -> None:
        self.world.arrive(
            programme=programme,
            party=party,
            valid_until=self.today() + timedelta(days=days),
            urgency="urgent" if urgent else "routine",
            **({"languages": mayan} if interpreter else {}),
        )

    @known
    @rule(n=any_case, party=parties, days=days_valid, female=st.booleans())
    def a_case_is_revised(self, n: int, party: Party, days: int, female: bool) -> None:
        needs = ("female-officer",) if female else ()
        self.world.revise(n, party=party, valid_until=self.today() + timedelta(days=days), needs=needs)

    @known
    @rule(n=any_case, state=st.sampled_from(["eligible", "eligible", "review", "ineligible", "withdrawn", "expired"]))
    def a_case_changes_its_state(self, n: int, state: str) -> None:
        self.world.revise(n, state=state)

    @rule(
        code=st.sampled_from(list(PROGRAMMES)),
        status=st.sampled_from(["open", "open", "open", "paused", "closed"]),
    )
    def a_programme_changes(self, code: str, status: str) -> None:
        before = self.world.programmes[code]
        after = before.model_copy(update={"status": type(before.status)(status), "version": before.version + 1})
        self.world.programmes[code] = after
        self.world.receive(after)

    # What households and staff do about offers and places

    @known
    @rule(n=any_case, by=staff_or_household)
    def accept(self, n: int, by: str) -> None:
        case = self.world.case(n)
        refused = self.world.attempt(
            lambda uow: commands.accept(uow, case.case_ref, by), "no_open_offer", "offer_expired"
        )
        stands = case.live and (
            case.live.status == "booked" or (case.live.status == "pending" and case.live.deadline > self.now())
        )
        assert bool(stands) == (not refused)

    @known
    @rule(n=any_case)
    def extend(self, n: int) -> None:
        before = self.world.case(n)
        refused = self.world.attempt(
            lambda uow: commands.extend(uow, before.case_ref, "assistant"),
            "no_open_offer", "offer_expired", "extended_already", "no_more_time",
        )  # fmt: skip
        if not refused:
            after = self.world.case(n)
            assert before.live.deadline == after.live.first_deadline
            assert before.live.deadline < after.live.deadline < after.live.starts_at
            assert before.offers_missed == after.offers_missed

    @known
    @rule(n=any_case)
    def decline(self, n: int) -> None:
        ref = self.world.case(n).case_ref
        self.world.attempt(lambda uow: commands.decline(uow, ref, "assistant"), "no_open_offer", "interview_began")

    @known
    @rule(n=any_case)
    def ask_for_another_offer(self, n: int) -> None:
        ref = self.world.case(n).case_ref
        self.world.attempt(lambda uow: commands.offer_again(uow, ref), "has_appointment", "case_closed")

    @known
    @rule(n=any_case, which=st.integers(0, 60))
    def choose(self, n: int, which: int) -> None:
        case, shown = self.world.case(n), self.world.shown(n)
        if shown:
            slot = shown[which % len(shown)]
            refused = self.world.attempt(
                lambda uow: commands.choose(uow, case.case_ref, slot, "assistant"), "has_appointment"
            )
            assert not refused or case.live.status != "pending"

    @known
    @rule(n=any_case, which=st.integers(0, 60), by=staff_or_household)
    def move(self, n: int, which: int, by: Any) -> None:
        case, shown = self.world.case(n), self.world.shown(n)
        if shown:
            slot = shown[which % len(shown)]
            of_household = ("too_late_to_move", "moved_too_often") if by == "assistant" else ()
            self.world.attempt(
                lambda uow: commands.move(uow, case.case_ref, slot, by),
                "nothing_booked", "interview_began", *of_household,
            )  # fmt: skip

    @known
    @rule(n=any_case, reason=reasons)
    def cancel(self, n: int, reason: str) -> None:
        ref = self.world.case(n).case_ref
        self.world.attempt(
            lambda uow: commands.cancel(uow, ref, reason, "scheduler"), "nothing_to_cancel", "interview_began"
        )

    # The day

    @known
    @rule(n=any_case, visit=st.sampled_from(VISITS), minutes=st.sampled_from([None, -20, 0, 31, 120]))
    def record_the_visit(self, n: int, visit: tuple[str, ...], minutes: int | None) -> None:
        """`minutes`: so long after the hour of the appointment, accepted if need be; None: now."""
        live = self.world.case(n).live
        if live and minutes is not None and live.starts_at - self.now() < timedelta(days=20):
            self.accept(n, "assistant")
            self.world.scheduling.clock.instant = max(self.now(), live.starts_at + timedelta(minutes=minutes))
        for what in visit:
            case = self.world.case(n)
            if appointment := case.live or case.ended:
                self._record(what, appointment)

    def _record(self, what: str, appointment: Any) -> None:
        present = {"present": appointment.party} if what == "check_in" else {}
        self.world.attempt(
            lambda uow: getattr(commands, what)(uow, appointment.id, "officer", **present),
            "not_today", "within_grace_time", "wrong_state", "case_closed", "not_everyone_there",
        )  # fmt: skip

    # Time

    @rule(hours=st.sampled_from([1, 13, 49, 100]))
    def time_passes(self, hours: int) -> None:
        self.world.scheduling.clock.advance(timedelta(hours=hours))

    @rule()
    def the_jobs_run(self) -> None:
        self.world.tick()

    # Calendars

    @rule(what=st.sampled_from(["close", "close", "lift", "window", "leave", "stay"]), n=st.integers(1, 20))
    def staff_change_a_calendar(self, what: str, n: int) -> None:
        day = self.today() + timedelta(days=n)
        match what:
            case "close":
                site = SITES[n % len(SITES)]
                stranded = "rebook" if n % 2 else "keep"
                made = self.world.change(closure(day, day + timedelta(days=n % 4)), site, stranded=Fate(stranded))
                self.world.closures[made["what"]["after"]["id"]] = site
            case "lift" if self.world.closures:
                id = sorted(self.world.closures)[n % len(self.world.closures)]
                self.world.change(keep.change_closure(UUID(id), {"is_lifted": True}), self.world.closures.pop(id))
            case "window":
                arrivals = self.world.resource("arrivals", SCH)
                self.world.change(keep.change_resource(arrivals, {"capacity": 1 + n % 6}), SCH)
            case "leave" | "stay":
                desk = self.world.resource("desk 2", TAP)
                self.world.change(keep.change_resource(desk, {"last_day": day if what == "leave" else None}), TAP)

    def now(self) -> Any:
        return self.world.scheduling.clock.now()

    def today(self) -> date:
        day: date = self.now().date()
        return day
