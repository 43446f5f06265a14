"""Needs on a real database: what a household asks for is part of the choice, of the claim and of why it waits."""

from typing import Any

import pytest

from services.scheduling import commands
from services.scheduling.commands.calendars import change_resource
from services.scheduling.placing.choices import Span, places_of
from services.scheduling.views import cases as case_views
from shared.events import CaseLanguage, Party
from tests.builders import NOW, a_case, a_programme, days
from tests.calendars import TAP, Calendars
from tests.scheduling import Scheduling

APART = Party(attendees=2, adults=2, children=0, apart=1)
NEEDS = ("wheelchair", "step-free", "hearing-loop", "quiet-room", "female-officer")


PROGRAMMES = ()
"""Each test says which programmes there are."""


async def claimed(scheduling: Scheduling, case: Any) -> dict[str, int]:
    """How many slots of which resource the case's appointment holds."""
    rows = await scheduling.rows(
        """select r.site || ' ' || r.name as name, count(*) as n from slot_claims c join slots s on s.id = c.slot_id
           join resources r on r.id = s.resource_id where c.appointment_id = :id group by 1""",
        id=(await scheduling.live(case)).id,
    )
    return {row.name: row.n for row in rows}


async def without(scheduling: Scheduling, accommodation: str) -> None:
    """No desk of the country gives it."""
    await scheduling.do(
        lambda uow: uow.execute(
            "update resources set accommodations = array_remove(accommodations, :what)", what=accommodation
        )
    )


async def why(scheduling: Scheduling, case: Any) -> dict[str, Any]:
    answer: dict[str, Any] = await scheduling.do(lambda uow: case_views.why(uow, case.case_ref))
    return answer


@pytest.mark.parametrize("need", NEEDS)
async def test_the_place_that_is_offered_gives_what_the_household_asked_for(scheduling: Scheduling, need: str) -> None:
    case = a_case(needs=(need,))

    await scheduling.receive(a_programme(), case)

    (name,) = await claimed(scheduling, case)
    assert need in (await Calendars(scheduling).resource(name.removeprefix(f"{TAP} "))).accommodations
    assert list((await scheduling.live(case)).accommodations) == [need]


async def test_a_need_that_nobody_can_meet_waits_by_name_until_staff_say_that_a_desk_can(
    scheduling: Scheduling,
) -> None:
    await without(scheduling, "wheelchair")
    case = a_case(needs=("wheelchair",))
    await scheduling.receive(a_programme(), case)
    assert await scheduling.waiting(case) == "no_wheelchair"
    assert "accommodation wheelchair" in (await why(scheduling, case))["changes_when"]
    calendars = Calendars(scheduling)

    await calendars.change(change_resource((await calendars.resource("desk 3")).id, {"accommodations": ["wheelchair"]}))
    await scheduling.jobs.look_again()

    assert await claimed(scheduling, case) == {f"{TAP} desk 3": 10}


async def test_who_chooses_is_told_why_no_place_is_shown(scheduling: Scheduling) -> None:
    await without(scheduling, "quiet-room")
    case = a_case(needs=("quiet-room",))
    await scheduling.receive(a_programme(allocation="choice"), case)

    answer = await why(scheduling, case)

    assert (answer["reason"], answer["cannot_be_met"]) == ("awaiting_choice", "no_quiet_room")
    assert answer["changes_when"].startswith("the household chooses a place, and staff give a desk")


async def test_a_newer_revision_with_another_need_keeps_the_time_and_takes_the_desk_that_gives_it(
    scheduling: Scheduling,
) -> None:
    case = a_case()
    await scheduling.receive(a_programme(), case)
    before = await scheduling.live(case)
    assert await claimed(scheduling, case) == {f"{TAP} desk 1": 10}

    await scheduling.receive(case.model_copy(update={"version": 2, "revision": 2, "needs": ("quiet-room",)}))

    after = await scheduling.live(case)
    assert (after.replaces, after.starts_at) == (before.id, before.starts_at)
    assert await claimed(scheduling, case) == {f"{TAP} desk 3": 10}


async def test_spouses_are_heard_apart_at_one_desk_that_can_or_at_two_at_the_same_time(scheduling: Scheduling) -> None:
    one, two = a_case(party=APART), a_case(party=APART)
    await scheduling.receive(a_programme(), one)
    assert (await scheduling.live(one)).minutes == 135
    assert await claimed(scheduling, one) == {f"{TAP} desk 3": 9}
    await without(scheduling, "heard-apart")

    await scheduling.receive(two)

    side_by_side = await scheduling.live(two)
    assert (side_by_side.minutes, side_by_side.claimed_minutes, side_by_side.desks) == (90, 90, 2)
    assert await claimed(scheduling, two) == {f"{TAP} desk 1": 6, f"{TAP} desk 2": 6}
    again = two.model_copy(update={"version": 2, "revision": 2})
    await scheduling.receive(again)
    assert (await scheduling.live(two)).id == side_by_side.id


async def test_places_for_who_is_heard_apart_are_shown_and_each_can_be_chosen(scheduling: Scheduling) -> None:
    await without(scheduling, "heard-apart")
    mam = (CaseLanguage(tag="mam", mode="spoken", interpreter=True),)
    cases = [a_case(party=APART, needs=("female-officer",), languages=mam) for _ in range(2)]
    await scheduling.receive(a_programme(allocation="choice"), *cases)

    async def shown(uow: Any) -> Any:
        return await places_of(uow, await case_views.known(uow, cases[0].case_ref), Span(NOW, NOW + days(4)))

    places = await scheduling.do(shown)
    for case, place in zip(cases, (places[0], places[-1]), strict=True):
        slot = place.claims[0][0]
        await scheduling.do(commands.choose, case.case_ref, slot, "assistant")

    assert [(await scheduling.live(case)).starts_at for case in cases] == [places[0].starts_at, places[-1].starts_at]
    assert await claimed(scheduling, cases[0]) == {
        f"{TAP} desk 2": 9, f"{TAP} desk 4": 9, f"{TAP} interpreter 2": 9, f"{TAP} remote interpreters": 9,
    }  # fmt: skip


async def test_a_remote_interpreter_of_another_site_is_claimed_when_nobody_here_has_the_language(
    scheduling: Scheduling,
) -> None:
    await scheduling.do(
        lambda uow: uow.execute("update resources set languages = '{}' where site = :s and kind = 'interpreter'", s=TAP)
    )
    signs = (CaseLanguage(tag="mfs", mode="signed", interpreter=True),)
    case = a_case(languages=signs, needs=("female-interpreter",))

    await scheduling.receive(a_programme(), case)

    assert await claimed(scheduling, case) == {f"{TAP} desk 1": 15, "MX-CMX-01 remote interpreters": 15}
    assert list((await scheduling.live(case)).accommodations) == ["female-interpreter", "signed"]


async def test_a_freed_place_passes_by_who_needs_what_it_does_not_give(scheduling: Scheduling) -> None:
    first = a_case()
    await scheduling.receive(a_programme(), first)
    place = await scheduling.live(first)
    await scheduling.take_all_but(place)
    earlier = first.registered_at - days(1)
    in_a_wheelchair = a_case(valid_until=place.wall_time.date(), needs=("wheelchair",), registered_at=earlier)
    other = a_case(valid_until=place.wall_time.date())
    await scheduling.receive(in_a_wheelchair, other)
    await scheduling.decline(first, "scheduler")

    await scheduling.jobs.offer_freed_places()

    assert await scheduling.waiting(in_a_wheelchair) == "no_capacity_before_valid_until"
    assert (await scheduling.live(other)).starts_at == place.starts_at
