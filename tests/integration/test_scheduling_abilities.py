"""A desk or interpreter that loses an ability strands whoever was promised it, and nobody else."""

import asyncio
from datetime import time
from typing import Any

import pytest

from services.scheduling import commands
from services.scheduling.commands import calendars as keep
from services.scheduling.commands.calendars import Fate
from services.scheduling.repository import slots
from shared.events import CaseChanged, CaseLanguage
from tests.builders import NOW, a_case, a_programme, days
from tests.calendars import Calendars

MAM = (CaseLanguage(tag="mam", mode="spoken", interpreter=True),)
SIGNED = (CaseLanguage(tag="mfs", mode="signed", interpreter=True),)


async def booked(calendars: Calendars, case: CaseChanged) -> Any:
    await calendars.scheduling.receive(a_programme(), case)
    await calendars.scheduling.accept(case, "scheduler")
    return await calendars.scheduling.live(case)


async def held_by(calendars: Calendars, appointment: Any, kind: str) -> Any:
    """The desk or interpreter whose time the appointment holds."""
    found = await calendars.scheduling.rows(
        """select distinct r.* from slot_claims c join slots s on s.id = c.slot_id join resources r on r.id = s.resource_id
           where c.appointment_id = :id and r.kind = :kind""",
        id=appointment.id,
        kind=kind,
    )
    assert len(found) == 1
    return found[0]


def without(resource: Any, field: str, word: str) -> keep.Edit:
    return keep.change_resource(resource.id, {field: [each for each in getattr(resource, field) if each != word]})


@pytest.mark.parametrize(
    ("changes", "kind", "field", "word"),
    [
        ({"languages": MAM}, "interpreter", "languages", "mam"),
        ({"languages": SIGNED}, "interpreter", "modes", "signed"),
        ({"languages": MAM, "needs": ("female-interpreter",)}, "interpreter", "accommodations", "female-interpreter"),
        ({"needs": ("wheelchair",)}, "desk", "accommodations", "wheelchair"),
        ({}, "desk", "programmes", "MX-REF"),
    ],
)
async def test_who_was_promised_what_is_not_there_any_more_is_stranded_and_no_one_else(
    calendars: Calendars, changes: Any, kind: str, field: str, word: str
) -> None:
    promised = await booked(calendars, a_case(**changes))
    await booked(calendars, a_case(needs=("hearing-loop",)))
    resource = await held_by(calendars, promised, kind)
    site = resource.site

    lost = await calendars.change(without(resource, field, word), site)

    assert [(each["appointment_id"], each["why"], each["resources"]) for each in lost["stranded"]] == [
        (str(promised.id), [f"{kind}-unable"], [resource.name])
    ]
    assert await calendars.stranded(site) == lost["stranded"]
    given_back = await calendars.change(keep.change_resource(resource.id, {field: getattr(resource, field)}), site)
    assert given_back["not_stranded_any_more"] == lost["stranded"]


async def test_whom_an_interpreter_cannot_hear_any_more_is_rebooked_with_one_who_can(calendars: Calendars) -> None:
    case = a_case(languages=MAM)
    before = await booked(calendars, case)
    interpreter = await held_by(calendars, before, "interpreter")

    await calendars.change(without(interpreter, "languages", "mam"), interpreter.site, stranded=Fate.REBOOK)
    await calendars.scheduling.jobs.rebook_stranded()

    after = await calendars.scheduling.live(case)
    assert (await calendars.scheduling.appointment(before.id)).reason == "interpreter-unavailable"
    assert "mam" in (await held_by(calendars, after, "interpreter")).languages
    assert await calendars.stranded(interpreter.site) == []


async def test_who_is_rebooked_stays_booked_at_its_very_time_where_another_desk_is_free_then(
    calendars: Calendars,
) -> None:
    case, scheduling = a_case(), calendars.scheduling
    await booked(calendars, case)
    later = (await scheduling.slots_of(case, ahead=20))[-1]
    await scheduling.do(lambda uow: commands.move(uow, case.case_ref, later["slot_id"], "scheduler"))
    before = await scheduling.live(case)
    scheduling.clock.instant = before.starts_at - days(1)
    desk = await held_by(calendars, before, "desk")

    await calendars.change(
        keep.change_resource(desk.id, {"last_day": before.wall_time.date() - days(1)}), stranded=Fate.REBOOK
    )
    await scheduling.jobs.rebook_stranded()

    after = await scheduling.live(case)
    assert (after.status, after.starts_at, after.replaces) == ("booked", before.starts_at, before.id)
    assert desk.id != (await held_by(calendars, after, "desk")).id


async def test_a_rebooking_waits_for_no_slot_that_it_gives_back_while_it_has_others(calendars: Calendars) -> None:
    """All slots but its own are made after them, so that they come later in the order of locks."""
    case, scheduling = a_case(), calendars.scheduling
    before = await booked(calendars, case)
    await scheduling.take_all_but(before)
    desk = await held_by(calendars, before, "desk")
    await calendars.change(without(desk, "programmes", "MX-REF"), stranded=Fate.REBOOK)
    at_its_start = "select id from slots where resource_id = :id and starts_at = :at for update"
    elsewhere = "select id from slots where site = :site and kind = 'desk' and resource_id <> :id and starts_at = :at"

    async with scheduling.database.begin(NOW) as other:
        await other.rows(at_its_start, id=desk.id, at=before.starts_at)
        rebooking = asyncio.create_task(scheduling.jobs.rebook_stranded())
        done, _ = await asyncio.wait([rebooking], timeout=0.5)
        free = await other.rows(elsewhere, site=desk.site, id=desk.id, at=before.starts_at)
        await asyncio.wait_for(slots.lock(other, [row.id for row in free]), 0.5)
    await rebooking

    assert not done
    assert (await scheduling.live(case)).starts_at == before.starts_at


async def test_the_time_that_an_unable_desk_still_has_goes_to_who_waits(calendars: Calendars) -> None:
    await only_desk_2_for_one_interview_a_day(calendars)
    case = a_case(needs=("wheelchair",))
    place = await booked(calendars, case)
    waits = a_case(valid_until=place.wall_time.date())
    await calendars.scheduling.receive(waits)
    assert await calendars.scheduling.waiting(waits) == "no_capacity_before_valid_until"

    await calendars.change(
        without(await calendars.resource("desk 2"), "accommodations", "wheelchair"), stranded=Fate.REBOOK
    )
    await calendars.scheduling.jobs.look_again()
    await calendars.scheduling.jobs.rebook_stranded()
    await calendars.scheduling.jobs.look_again()

    assert await calendars.scheduling.waiting(case) == "no_capacity_before_valid_until"
    assert (await calendars.scheduling.live(waits)).starts_at == place.starts_at


async def only_desk_2_for_one_interview_a_day(calendars: Calendars) -> None:
    for name in ("desk 1", "desk 3", "desk 4"):
        await calendars.change(keep.change_resource((await calendars.resource(name)).id, {"last_day": NOW.date()}))
    await calendars.change(keep.change_rule((await calendars.rule_of("desk 2")).id, {"closes": time(9, 30)}))


async def test_who_can_be_heard_again_before_the_rebooking_reaches_it_keeps_its_date(calendars: Calendars) -> None:
    case = a_case(needs=("wheelchair",), valid_until=(NOW + days(60)).date())
    before = await booked(calendars, case)
    desk = await held_by(calendars, before, "desk")

    await calendars.change(without(desk, "accommodations", "wheelchair"), stranded=Fate.REBOOK)
    await calendars.change(keep.change_resource(desk.id, {"accommodations": desk.accommodations}))
    await calendars.scheduling.jobs.rebook_stranded()

    assert (await calendars.scheduling.live(case)).id == before.id
