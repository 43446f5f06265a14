"""A household chooses among the places that it is shown."""

import asyncio
from collections import Counter

from services.scheduling import commands
from shared.events import CaseChanged, Party
from shared.web.problems import Problem
from tests.builders import NOW, a_case, a_programme
from tests.scheduling import Scheduling

PROGRAMMES = ()
"""Each test says which programmes there are."""


async def chooser(scheduling: Scheduling) -> CaseChanged:
    """A household of a programme whose places are chosen."""
    case = a_case()
    await scheduling.receive(a_programme(allocation="choice"), case)
    return case


async def test_every_slot_that_is_shown_can_be_chosen(scheduling: Scheduling) -> None:
    case = await chooser(scheduling)
    shown = await scheduling.slots_of(case, ahead=5)
    assert len(shown) > 5

    for slot in (shown[0], shown[-1]):
        other = a_case()
        await scheduling.receive(other)
        await scheduling.do(commands.choose, other.case_ref, slot["slot_id"], "assistant")
        assert (await scheduling.live(other)).wall_time.strftime("%Y-%m-%dT%H:%M") == slot["wall_time"]


async def test_choosing_twice_books_once(scheduling: Scheduling) -> None:
    case = await chooser(scheduling)
    slot = (await scheduling.slots_of(case))[0]["slot_id"]

    for _ in range(2):
        await scheduling.do(lambda uow: commands.choose(uow, case.case_ref, slot, "assistant"))

    assert (await scheduling.live(case)).status == "booked"
    assert (await scheduling.published(case)).count("puente.scheduling.appointment.offered.v1") == 1


async def test_a_slot_that_was_never_shown_cannot_be_chosen(scheduling: Scheduling) -> None:
    case = await chooser(scheduling)
    too_soon = await scheduling.count(
        "select id from slots where site = 'MX-TAP-01' and kind = 'desk' and starts_at > :now order by starts_at limit 1",
        now=NOW,
    )
    elsewhere = await scheduling.count("select id from slots where site = 'MX-TIJ-01' order by starts_at desc limit 1")

    for slot in (too_soon, elsewhere, 999_999_999):
        code = await scheduling.refusal(commands.choose, case.case_ref, slot, "assistant")
        assert code == "place_taken"


async def test_two_who_choose_the_last_desk_at_once_get_it_once(scheduling: Scheduling) -> None:
    cases = [await chooser(scheduling) for _ in range(8)]
    slot = (await scheduling.slots_of(cases[0]))[0]
    await scheduling.leave_only(slot["slot_id"])

    answers = await asyncio.gather(
        *(scheduling.do(commands.choose, c.case_ref, slot["slot_id"], "assistant") for c in cases),
        return_exceptions=True,
    )

    said = Counter(answer.code if isinstance(answer, Problem) else answer for answer in answers)
    assert said == {None: 1, "place_taken": len(cases) - 1}


async def test_two_who_choose_one_time_at_once_both_get_it_where_two_desks_are_free(scheduling: Scheduling) -> None:
    first, second = await chooser(scheduling), await chooser(scheduling)
    slot = (await scheduling.slots_of(first))[0]

    await asyncio.gather(
        *(scheduling.do(commands.choose, c.case_ref, slot["slot_id"], "assistant") for c in (first, second))
    )

    assert (await scheduling.live(first)).starts_at == (await scheduling.live(second)).starts_at


async def test_places_of_a_draw_cannot_be_chosen(scheduling: Scheduling) -> None:
    case = a_case()
    await scheduling.receive(a_programme(allocation="draw"), case)

    assert await scheduling.refusal(lambda uow: commands.choose(uow, case.case_ref, 1, "assistant")) == "drawn"


async def test_a_household_of_one_and_one_of_six_see_places_of_their_own_length(scheduling: Scheduling) -> None:
    one = a_case(party=Party(attendees=1, adults=1, children=0))
    six = a_case(party=Party(attendees=6, adults=4, children=2))
    await scheduling.receive(a_programme(allocation="choice"), one, six)

    assert len(await scheduling.slots_of(one)) > len(await scheduling.slots_of(six))
