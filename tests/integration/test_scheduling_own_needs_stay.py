"""No date is lost, moved or made unanswered for what only the household asked for, on a real database."""

from collections.abc import Sequence
from typing import Any

from services.scheduling import commands
from services.scheduling.commands.calendars import Fate
from services.scheduling.commands.own_needs import Answer, answer
from services.scheduling.domain.coming import Coming
from services.scheduling.domain.needs import need_of
from services.scheduling.domain.own_needs import Effect, OwnNeeds
from services.scheduling.domain.places import Place
from services.scheduling.placing.offers import place_all
from services.scheduling.repository import cases, coming, reference, slots
from services.scheduling.repository import own_needs as repository
from services.scheduling.views.cases import day_view
from shared.db import UnitOfWork
from shared.events import CaseChanged, Party
from tests.builders import a_case, a_programme, days
from tests.calendars import Calendars, closure
from tests.scheduling import Scheduling

WHEELCHAIR = OwnNeeds(accommodations=frozenset({"wheelchair"}))
QUIET = OwnNeeds(accommodations=frozenset({"quiet-room"}))
APART = OwnNeeds(accommodations=frozenset({"heard-apart"}))
ONLY_DESK_4 = """update resources set accommodations = case when name = 'desk 4' then array['wheelchair'] else '{}' end
                 where kind = 'desk'"""
"""Only one desk of a site gives anything."""
FREE_OF = """delete from slots s using resources r where r.id = s.resource_id and r.name = :name and s.local_date <= :until
             and not exists (select 1 from slot_claims c where c.slot_id = s.id)"""
FAR = days(400)


async def execute(scheduling: Scheduling, sql: str, **parameters: Any) -> None:
    await scheduling.do(lambda uow: uow.execute(sql, **parameters))


async def nothing_gives(scheduling: Scheduling) -> None:
    await execute(scheduling, "update resources set accommodations = '{}' where kind = 'desk'")


async def booked(scheduling: Scheduling, own: OwnNeeds, told: Effect, **changes: Any) -> CaseChanged:
    """A household with a booked date that has asked for this."""
    case = a_case(**changes)
    await scheduling.receive(case)
    await scheduling.do(lambda uow: commands.accept(uow, case.case_ref, "household"))
    await ask(scheduling, case, own, told)
    return case


async def ask(scheduling: Scheduling, case: CaseChanged, own: OwnNeeds, told: Effect) -> None:
    live = await scheduling.live(case)
    was = await scheduling.do(lambda uow: repository.of_case(uow, case.case_ref))
    await scheduling.do(
        lambda uow: commands.ask(uow, case.case_ref, own, "household", seen=live.id, told=told, was=was)
    )


async def grows(scheduling: Scheduling, case: CaseChanged) -> None:
    """The country says that one more is heard, so that another place is needed."""
    party = Party(attendees=4, adults=3, children=1)
    await scheduling.receive(case.model_copy(update={"version": 2, "revision": 2, "party": party}))


async def requests_of(scheduling: Scheduling, case: CaseChanged) -> Sequence[Any]:
    id = (await scheduling.live(case)).id
    found: Sequence[Any] = await scheduling.do(lambda uow: repository.requests_about(uow, id))
    return found


async def lacks(scheduling: Scheduling, case: CaseChanged) -> list[list[str]]:
    """What the staff are asked to arrange for its date."""
    return [list(row.needs) for row in await requests_of(scheduling, case) if row.is_open]


async def desks_of(scheduling: Scheduling, case: CaseChanged) -> set[str]:
    id = (await scheduling.live(case)).id
    held = await scheduling.do(lambda uow: slots.resources_held(uow, [id]))
    return {each.name for each in held[id] if each.kind == "desk"}


async def test_who_could_stay_is_not_moved_to_a_far_date_that_has_what_only_it_asked_for(
    scheduling: Scheduling,
) -> None:
    await nothing_gives(scheduling)
    case = await booked(scheduling, WHEELCHAIR, Effect.ASKED)
    before = await scheduling.live(case)
    await execute(scheduling, ONLY_DESK_4)
    await execute(scheduling, FREE_OF, name="desk 4", until=before.wall_time.date() + days(35))

    await grows(scheduling, case)

    after = await scheduling.live(case)
    assert (before.starts_at, "booked", 4) == (after.starts_at, after.status, after.party)
    assert [["wheelchair"]] == await lacks(scheduling, case)


async def test_what_a_date_had_is_asked_of_staff_rather_than_the_date_lost_for_it(scheduling: Scheduling) -> None:
    await execute(scheduling, ONLY_DESK_4)
    case = await booked(scheduling, WHEELCHAIR, Effect.STAYS)
    before = await scheduling.live(case)
    assert {"desk 4"} == await desks_of(scheduling, case)
    await execute(scheduling, FREE_OF, name="desk 4", until=before.wall_time.date() + FAR)

    await grows(scheduling, case)

    after = await scheduling.live(case)
    assert (before.starts_at, "booked", 4) == (after.starts_at, after.status, after.party)
    assert [["wheelchair"]] == await lacks(scheduling, case)


async def test_the_place_that_a_household_stays_at_has_what_it_asked_for_if_one_there_has(
    scheduling: Scheduling,
) -> None:
    await nothing_gives(scheduling)
    case = await booked(scheduling, WHEELCHAIR, Effect.ASKED)
    await execute(scheduling, ONLY_DESK_4)

    await grows(scheduling, case)

    assert ({"desk 4"}, []) == (await desks_of(scheduling, case), await lacks(scheduling, case))


async def test_who_holds_slots_already_waits_for_none_that_another_has_locked(scheduling: Scheduling) -> None:
    case = a_case(state="review")
    await scheduling.receive(case)

    async def place(uow: UnitOfWork, *, is_first: bool) -> Place:
        await uow.execute("set local lock_timeout = '2s'")
        known = await cases.read(uow, [case.case_ref])
        areas = {site.site: site.admin_area for site in (await reference.sites(uow)).values()}
        found = await place_all(uow, [(known[0], need_of(case, a_programme(), areas, uow.now))], is_first=is_first)
        had = found[case.case_ref]
        assert isinstance(had, Place)
        return had

    async with scheduling.database.begin(scheduling.clock.now()) as other:
        theirs = await place(other, is_first=True)
        ours = await scheduling.do(lambda uow: place(uow, is_first=False))

    assert not {slot for slot, _ in theirs.claims} & {slot for slot, _ in ours.claims}


async def test_members_who_are_heard_apart_at_two_desks_as_they_asked_keep_them_whatever_their_country_says_again(
    scheduling: Scheduling,
) -> None:
    await nothing_gives(scheduling)
    two = Party(attendees=2, adults=2, children=0)
    case = await booked(scheduling, APART, Effect.STAYS, party=two)
    before = await scheduling.live(case)
    assert 2 == len(await desks_of(scheduling, case))

    await scheduling.receive(case.model_copy(update={"version": 2, "revision": 2}))

    after = await scheduling.live(case)
    assert (before.id, before.version, 2) == (after.id, after.version, len(await desks_of(scheduling, case)))
    assert [] == await lacks(scheduling, case)


async def test_who_is_rebooked_finds_a_place_though_none_has_what_only_it_asked_for(scheduling: Scheduling) -> None:
    await nothing_gives(scheduling)
    case = await booked(scheduling, WHEELCHAIR, Effect.ASKED)
    before = await scheduling.live(case)

    await close(scheduling, before)

    after = await scheduling.live(case)
    assert ("pending", before.id) == (after.status, after.replaces)
    [request] = await requests_of(scheduling, case)
    assert (["wheelchair"], "scheduling", True) == (list(request.needs), request.asked_by, request.is_open)
    assert scheduling.clock.now() < request.due_at <= scheduling.clock.now() + days(3)


async def close(scheduling: Scheduling, appointment: Any) -> None:
    """Its site closes on its day, and who was to come is rebooked."""
    await change(scheduling, appointment)
    await scheduling.jobs.rebook_stranded()


async def change(scheduling: Scheduling, appointment: Any) -> None:
    await Calendars(scheduling).change(closure(appointment.wall_time.date()), stranded=Fate.REBOOK)


async def test_who_is_rebooked_gets_the_place_of_that_day_that_has_what_it_asked_for(scheduling: Scheduling) -> None:
    await execute(scheduling, ONLY_DESK_4)
    case = await booked(scheduling, WHEELCHAIR, Effect.STAYS)
    before = await scheduling.live(case)
    await change(scheduling, before)
    await execute(
        scheduling,
        """delete from slots s using resources r where r.id = s.resource_id and r.name = 'desk 4'
           and s.local_date > :day and s.wall_time::time < '10:00'""",
        day=before.wall_time.date(),
    )

    await scheduling.jobs.rebook_stranded()

    after = await scheduling.live(case)
    assert ({"desk 4"}, 10, []) == (
        await desks_of(scheduling, case),
        after.wall_time.hour,
        await lacks(scheduling, case),
    )


async def test_whose_date_the_authority_cancels_is_offered_another_though_none_has_what_only_it_asked_for(
    scheduling: Scheduling,
) -> None:
    await nothing_gives(scheduling)
    case = await booked(scheduling, WHEELCHAIR, Effect.ASKED)
    before = await scheduling.live(case)

    await scheduling.do(lambda uow: commands.cancel(uow, case.case_ref, "officer-unavailable", "scheduler"))

    assert before.id != (await scheduling.live(case)).id
    assert [["wheelchair"]] == await lacks(scheduling, case)


async def test_what_staff_answered_and_who_comes_stays_with_a_date_whose_site_and_time_stay(
    scheduling: Scheduling,
) -> None:
    await nothing_gives(scheduling)
    case = await booked(scheduling, WHEELCHAIR, Effect.ASKED)
    await answered(scheduling, case, Answer.ARRANGED)
    await ask(scheduling, case, OwnNeeds(accommodations=frozenset({"wheelchair", "quiet-room"})), Effect.ASKED)
    await answered(scheduling, case, Answer.NOT_POSSIBLE)
    before = await scheduling.live(case)
    for said in (Coming(2, 1), Coming(1, 1)):
        await says(scheduling, case, said)

    await grows(scheduling, case)

    after = await scheduling.live(case)
    assert before.id != after.id
    answers = {row.needs[0]: row.answer for row in await requests_of(scheduling, case)}
    assert {"wheelchair": "arranged", "quiet-room": "not-possible"} == answers
    assert Coming(1, 1) == await scheduling.do(lambda uow: coming.said_of(uow, after.id))


async def says(scheduling: Scheduling, case: CaseChanged, said: Coming) -> None:
    seen = (await scheduling.live(case)).id
    await scheduling.do(lambda uow: commands.say_who_comes(uow, case.case_ref, said, "household", seen=seen))


async def answered(scheduling: Scheduling, case: CaseChanged, said: Answer) -> None:
    id = next(row.id for row in await requests_of(scheduling, case) if row.is_open)
    await scheduling.do(lambda uow: answer(uow, id, said, "scheduler"))


async def test_what_staff_arranged_for_one_date_is_asked_again_for_another(scheduling: Scheduling) -> None:
    await nothing_gives(scheduling)
    case = await booked(scheduling, WHEELCHAIR, Effect.ASKED)
    await answered(scheduling, case, Answer.ARRANGED)

    await close(scheduling, await scheduling.live(case))

    assert [["wheelchair"]] == await lacks(scheduling, case)


async def test_choosing_the_very_time_that_is_offered_keeps_the_request_about_it(scheduling: Scheduling) -> None:
    case = a_case()
    await scheduling.receive(case)
    await ask(scheduling, case, QUIET, Effect.STAYS)
    await nothing_gives(scheduling)
    await ask(scheduling, case, WHEELCHAIR, Effect.ASKED)
    await answered(scheduling, case, Answer.ARRANGED)
    await execute(scheduling, ONLY_DESK_4)
    live = await scheduling.live(case)
    slot = await scheduling.count(
        "select slot_id from slot_claims c join slots s on s.id = c.slot_id where appointment_id = :id order by starts_at limit 1",
        id=live.id,
    )

    await scheduling.do(lambda uow: commands.choose(uow, case.case_ref, slot, "household"))

    after = await scheduling.live(case)
    assert (live.starts_at, "booked") == (after.starts_at, after.status)
    assert ["arranged"] == [row.answer for row in await requests_of(scheduling, case)]


async def test_the_days_list_says_what_the_household_asked_for_itself_though_its_place_has_it(
    scheduling: Scheduling,
) -> None:
    case = await booked(scheduling, QUIET, Effect.STAYS)
    live = await scheduling.live(case)

    [listed] = await scheduling.do(lambda uow: day_view(uow, live.site, live.wall_time.date()))

    assert (["quiet-room"], []) == (listed["asked_by_household"], listed["requests"])


async def test_the_desk_that_a_household_leaves_for_what_it_asked_for_goes_to_who_waits(scheduling: Scheduling) -> None:
    await execute(scheduling, ONLY_DESK_4)
    case = a_case()
    await scheduling.receive(a_programme(), case)
    await scheduling.accept(case)
    date = await scheduling.live(case)
    await execute(
        scheduling,
        """delete from slots s using resources r where r.id = s.resource_id and s.site = :site and s.kind = 'desk'
           and s.local_date <= :day and not exists (select 1 from slot_claims c where c.slot_id = s.id)
           and (r.name <> 'desk 4' or s.starts_at < :begins or s.starts_at >= :begins + make_interval(mins => :minutes))""",
        site=date.site,
        day=date.wall_time.date(),
        begins=date.starts_at,
        minutes=date.claimed_minutes,
    )
    at_desk_4 = a_case(valid_until=date.wall_time.date(), needs=("wheelchair",))
    other = a_case(valid_until=date.wall_time.date())
    await scheduling.receive(at_desk_4)
    await scheduling.receive(other)
    await scheduling.decline(at_desk_4)
    await scheduling.execute("update freed_places set opens_at = :at", at=scheduling.clock.now())
    await scheduling.jobs.open_freed_places()
    await scheduling.execute("update programmes set look_again_since = null")

    await ask(scheduling, case, WHEELCHAIR, Effect.STAYS)
    await scheduling.jobs.look_again()

    assert await desks_of(scheduling, case) == {"desk 4"}
    assert (await scheduling.live(other)).starts_at == date.starts_at
