"""What a household is told would become of its date, where no search for a place can say it: nobody stays unasked."""

from typing import Any

import pytest

from services.scheduling import commands
from services.scheduling.domain.own_needs import NOTHING, Effect, OwnNeeds
from services.scheduling.placing import own_needs
from services.scheduling.placing.own_needs import Foreseen
from services.scheduling.repository import own_needs as repository
from services.scheduling.views.cases import known
from shared.events import CaseChanged, Counts, Party
from shared.web.problems import Problem
from tests.builders import a_case, a_programme
from tests.scheduling import Scheduling

WINDOWS = "MX-SCH-01"
APART, WOMAN, WHEELCHAIR = (
    OwnNeeds(accommodations=frozenset({code})) for code in ("heard-apart", "female-interpreter", "wheelchair")
)


async def foreseen(scheduling: Scheduling, case: CaseChanged, own: OwnNeeds) -> Foreseen:
    async def look(uow: Any) -> Foreseen:
        return await own_needs.foresee(uow, await known(uow, case.case_ref), own)

    found: Foreseen = await scheduling.do(look)
    return found


async def ask(scheduling: Scheduling, case: CaseChanged, own: OwnNeeds, told: Effect, was: OwnNeeds = NOTHING) -> None:
    seen = (await scheduling.live(case)).id
    await scheduling.do(lambda uow: commands.ask(uow, case.case_ref, own, "household", was=was, seen=seen, told=told))


async def open_requests(scheduling: Scheduling) -> list[list[str]]:
    rows = await scheduling.rows("select needs from adjustment_requests where answer is null and withdrawn_at is null")
    return [list(row.needs) for row in rows]


async def in_window(scheduling: Scheduling, people: int = 3) -> CaseChanged:
    """A household with an offered date in an arrival window."""
    party = Party(attendees=people, adults=people, children=0)
    case = a_case(programme="MX-TVR", sites=(WINDOWS,), party=party)
    await scheduling.receive(a_programme(programme="MX-TVR", counts=Counts.PEOPLE, sites=(WINDOWS,)), case)
    return case


async def at_a_desk(scheduling: Scheduling) -> CaseChanged:
    case = a_case()
    await scheduling.receive(a_programme(), case)
    return case


async def test_staff_are_asked_to_hear_members_apart_where_the_window_says_nothing_of_it(
    scheduling: Scheduling,
) -> None:
    case = await in_window(scheduling)
    before = await scheduling.live(case)

    found = await foreseen(scheduling, case, APART)
    await ask(scheduling, case, APART, Effect.ASKED)

    assert Foreseen(Effect.ASKED, lacking=("heard-apart",)) == found
    assert [["heard-apart"]] == await open_requests(scheduling)
    after = await scheduling.live(case)
    assert (before.id, before.version) == (after.id, after.version)


async def test_staff_are_asked_for_a_woman_to_interpret_where_nothing_is_interpreted(scheduling: Scheduling) -> None:
    case = await at_a_desk(scheduling)

    found = await foreseen(scheduling, case, WOMAN)
    await ask(scheduling, case, WOMAN, Effect.ASKED)

    assert Foreseen(Effect.ASKED, lacking=("female-interpreter",)) == found
    assert [["female-interpreter"]] == await open_requests(scheduling)


async def test_what_a_desk_at_the_same_time_has_is_given_and_staff_are_asked_for_the_rest(
    scheduling: Scheduling,
) -> None:
    case, both = await at_a_desk(scheduling), OwnNeeds(accommodations=frozenset({"quiet-room", "female-interpreter"}))
    before = await scheduling.live(case)

    await ask(scheduling, case, both, Effect.ASKED)

    after = await scheduling.live(case)
    assert (before.id, before.starts_at, ["quiet-room"]) == (after.id, after.starts_at, list(after.accommodations))
    assert [["female-interpreter"]] == await open_requests(scheduling)


async def test_what_was_asked_for_is_taken_back_while_the_programme_is_unknown(scheduling: Scheduling) -> None:
    case = await at_a_desk(scheduling)
    await scheduling.receive(case.model_copy(update={"version": 2, "revision": 2, "programme": "MX-NEW"}))
    await ask(scheduling, case, WHEELCHAIR, Effect.ASKED)
    assert [["wheelchair"]] == await open_requests(scheduling)

    found = await foreseen(scheduling, case, NOTHING)
    await ask(scheduling, case, NOTHING, Effect.STAYS, was=WHEELCHAIR)

    assert Foreseen(Effect.STAYS) == found
    assert [] == await open_requests(scheduling)


async def test_who_did_not_see_what_was_asked_for_since_changes_nothing(scheduling: Scheduling) -> None:
    case = await at_a_desk(scheduling)
    await ask(scheduling, case, WHEELCHAIR, Effect.STAYS)

    with pytest.raises(Problem) as refused:
        await ask(scheduling, case, OwnNeeds("mam"), Effect.STAYS, was=NOTHING)

    assert "effect_changed" == refused.value.code
    assert WHEELCHAIR == await scheduling.do(lambda uow: repository.of_case(uow, case.case_ref))
