"""What a household asks for itself, on a real database: its date stays, its place is made to fit, or staff are asked."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError

from services.scheduling import commands
from services.scheduling.commands.own_needs import Answer, answer
from services.scheduling.domain.own_needs import Effect, OwnNeeds
from services.scheduling.placing import own_needs
from services.scheduling.placing.choices import Span, places_of
from services.scheduling.placing.own_needs import Foreseen
from services.scheduling.repository import own_needs as repository
from services.scheduling.repository.counts import by_country
from services.scheduling.views import cases as case_views
from shared.events import CaseChanged, Party, System
from shared.web.problems import Problem
from tests.builders import a_case, a_programme, days
from tests.calendars import TAP
from tests.scheduling import Scheduling
from tests.scheduling_http import Client

WHEELCHAIR = OwnNeeds(accommodations=frozenset({"wheelchair"}))
QUIET = OwnNeeds(accommodations=frozenset({"quiet-room"}))
MAM = OwnNeeds("mam")
NO_DESK = "update resources set accommodations = '{}' where kind = 'desk' and name <> 'desk 4'"
"""Only one desk of a site gives anything."""


async def offered(scheduling: Scheduling, **changes: Any) -> CaseChanged:
    case = a_case(**changes)
    await scheduling.receive(case)
    return case


async def foreseen(scheduling: Scheduling, case: CaseChanged, own: OwnNeeds) -> Foreseen:
    async def look(uow: Any) -> Foreseen:
        return await own_needs.foresee(uow, await case_views.known(uow, case.case_ref), own)

    found: Foreseen = await scheduling.do(look)
    return found


async def ask(scheduling: Scheduling, case: CaseChanged, own: OwnNeeds, told: Effect, seen: UUID | None = None) -> None:
    was = await scheduling.do(lambda uow: repository.of_case(uow, case.case_ref))
    await scheduling.do(lambda uow: commands.ask(uow, case.case_ref, own, "household", was=was, seen=seen, told=told))


async def ask_of_staff(scheduling: Scheduling, case: CaseChanged, own: OwnNeeds = WHEELCHAIR) -> Any:
    """The open request after it asked for what its place lacks."""
    await ask(scheduling, case, own, Effect.ASKED, (await scheduling.live(case)).id)
    return (await scheduling.rows("select * from adjustment_requests where case_ref = :ref", ref=case.case_ref))[-1]


async def nothing_gives(scheduling: Scheduling) -> None:
    await scheduling.do(lambda uow: uow.execute("update resources set accommodations = '{}' where kind = 'desk'"))


async def desks_of(scheduling: Scheduling, case: CaseChanged) -> set[str]:
    rows = await scheduling.rows(
        """select distinct r.name from slot_claims c join slots s on s.id = c.slot_id
           join resources r on r.id = s.resource_id where c.appointment_id = :id""",
        id=(await scheduling.live(case)).id,
    )
    return {row.name for row in rows}


async def test_who_waits_is_looked_for_with_what_it_asks_for_and_is_told_what_nobody_has(
    scheduling: Scheduling,
) -> None:
    await nothing_gives(scheduling)
    case = await offered(scheduling, needs=("quiet-room",))
    assert "no_quiet_room" == await scheduling.waiting(case)
    assert "no_quiet_room" == (await foreseen(scheduling, case, WHEELCHAIR)).never

    await ask(scheduling, case, WHEELCHAIR, Effect.SEARCHED)
    why = await scheduling.do(lambda uow: case_views.why(uow, case.case_ref))

    assert (["quiet-room", "wheelchair"], ["wheelchair"]) == (why["from"]["needs"], why["from"]["asked_by_household"])


async def test_who_takes_back_what_nobody_has_is_offered_a_place_at_once(scheduling: Scheduling) -> None:
    await nothing_gives(scheduling)
    case = await offered(scheduling, languages=(), sites=("MX-TAP-01",))
    before = await scheduling.live(case)
    await scheduling.do(lambda uow: commands.decline(uow, case.case_ref, "household"))
    await ask(scheduling, case, WHEELCHAIR, Effect.SEARCHED)
    await scheduling.do(lambda uow: commands.offer_again(uow, case.case_ref))
    assert "no_wheelchair" == await scheduling.waiting(case)

    await ask(scheduling, case, OwnNeeds(), Effect.SEARCHED)

    assert before.id != (await scheduling.live(case)).id


async def test_a_place_at_the_same_time_that_has_it_is_taken_and_the_appointment_stays_the_same(
    scheduling: Scheduling,
) -> None:
    case = await offered(scheduling)
    await scheduling.do(lambda uow: commands.accept(uow, case.case_ref, "household"))
    before = await scheduling.live(case)
    assert {"desk 1"} == await desks_of(scheduling, case)
    assert Effect.STAYS == (await foreseen(scheduling, case, QUIET)).effect

    await ask(scheduling, case, QUIET, Effect.STAYS, before.id)

    after = await scheduling.live(case)
    assert (before.id, before.starts_at, "booked") == (after.id, after.starts_at, after.status)
    assert ({"desk 3"}, ["quiet-room"]) == (await desks_of(scheduling, case), list(after.accommodations))
    assert "puente.scheduling.appointment.booked.v1" == (await scheduling.published(case))[-1]
    assert 0 == await scheduling.count("select count(*) from adjustment_requests")


async def test_an_interpreter_lengthens_the_interview_and_stands_in_the_event(scheduling: Scheduling) -> None:
    case = await offered(scheduling)
    before = await scheduling.live(case)

    await ask(scheduling, case, MAM, Effect.STAYS, before.id)

    after = await scheduling.live(case)
    assert (before.id, "mam", before.deadline) == (after.id, after.interpreter, after.deadline)
    assert after.minutes > before.minutes
    assert "puente.scheduling.appointment.offered.v1" == (await scheduling.published(case))[-1]


async def test_where_the_place_lacks_it_the_date_stays_and_the_staff_are_asked_with_a_clock(
    scheduling: Scheduling,
) -> None:
    case = await offered(scheduling)
    await nothing_gives(scheduling)
    before = await scheduling.live(case)

    request = await ask_of_staff(scheduling, case)

    after = await scheduling.live(case)
    assert (before.id, before.version) == (after.id, after.version)
    assert (["wheelchair"], "household") == (list(request.needs), request.asked_by)
    assert (scheduling.clock.now(), before.starts_at - days(1)) == (request.asked_at, request.due_at)
    said = await scheduling.rows("select * from own_needs_said where case_ref = :ref", ref=case.case_ref)
    assert [("household", ["wheelchair"])] == [(row.acted_by, list(row.needs)) for row in said]


async def test_a_later_revision_keeps_what_the_household_asked_for_and_the_date_that_it_kept(
    scheduling: Scheduling,
) -> None:
    case = await offered(scheduling)
    await nothing_gives(scheduling)
    await ask_of_staff(scheduling, case)
    before = await scheduling.live(case)

    await scheduling.receive(case.model_copy(update={"version": 2, "revision": 2}))

    assert before.id == (await scheduling.live(case)).id
    why = await scheduling.do(lambda uow: case_views.why(uow, case.case_ref))
    assert ["wheelchair"] == why["from"]["asked_by_household"]


async def test_who_needs_another_place_for_its_country_loses_no_date_for_what_only_it_asked_for(
    scheduling: Scheduling,
) -> None:
    case = await offered(scheduling)
    await nothing_gives(scheduling)
    request = await ask_of_staff(scheduling, case)
    before = await scheduling.live(case)
    more = Party(attendees=4, adults=3, children=1)

    await scheduling.receive(case.model_copy(update={"version": 2, "revision": 2, "party": more}))

    after = await scheduling.live(case)
    assert (before.starts_at, 4) == (after.starts_at, after.party)
    [row] = await scheduling.rows("select * from adjustment_requests")
    assert (request.id, after.id, ["wheelchair"]) == (row.id, row.appointment_id, list(row.needs))
    assert [case.case_ref] == await open_requests(scheduling)


async def test_a_new_place_that_has_what_was_asked_for_needs_no_answer(scheduling: Scheduling) -> None:
    case = await offered(scheduling)
    await nothing_gives(scheduling)
    await ask_of_staff(scheduling, case)
    await scheduling.do(
        lambda uow: uow.execute("update resources set accommodations = '{wheelchair}' where name = 'desk 2'")
    )

    await scheduling.receive(
        case.model_copy(update={"version": 2, "revision": 2, "party": Party(attendees=4, adults=3, children=1)})
    )

    assert {"desk 2"} == await desks_of(scheduling, case)
    assert [] == await open_requests(scheduling)


async def test_other_dates_that_have_it_are_the_only_ones_shown_to_who_asked_for_it(scheduling: Scheduling) -> None:
    case = await offered(scheduling)
    await scheduling.do(lambda uow: uow.execute(NO_DESK))
    live = await scheduling.live(case)
    await scheduling.do(
        lambda uow: uow.execute(
            "delete from slots s using resources r where r.id = s.resource_id and r.name = 'desk 4' and s.local_date = :day",
            day=live.wall_time.date(),
        )
    )
    found = await foreseen(scheduling, case, WHEELCHAIR)
    assert (Effect.ASKED, True, ("wheelchair",)) == (found.effect, found.others, found.lacking)
    await ask_of_staff(scheduling, case)

    async def take_first(uow: Any) -> None:
        known = await case_views.known(uow, case.case_ref)
        first = (await free_places(uow, known))[0]
        await commands.take(uow, case.case_ref, first.claims[0][0], "household", seen=live.id)

    await scheduling.do(take_first)

    assert {"desk 4"} == await desks_of(scheduling, case)
    assert [] == await open_requests(scheduling)


async def free_places(uow: Any, known: Any) -> Any:
    return await places_of(uow, known, Span(uow.now, uow.now + days(30)))


async def open_requests(scheduling: Scheduling) -> list[str]:
    return [row.case_ref for row in await scheduling.do(lambda uow: repository.open_at(uow, TAP, 10))]


async def test_a_form_that_says_something_else_than_what_would_come_of_it_changes_nothing(
    scheduling: Scheduling,
) -> None:
    case = await offered(scheduling)
    live = await scheduling.live(case)
    await nothing_gives(scheduling)

    for told, seen, code in (
        (Effect.STAYS, live.id, "effect_changed"),
        (Effect.ASKED, uuid4(), "offer_changed"),
        (Effect.SEARCHED, None, "offer_changed"),
    ):
        with pytest.raises(Problem) as refused:
            await ask(scheduling, case, WHEELCHAIR, told, seen)
        assert code == refused.value.code
    assert 0 == await scheduling.count("select count(*) from own_needs_said")


async def test_asking_twice_is_asking_once_and_asking_for_something_else_withdraws_the_request(
    scheduling: Scheduling,
) -> None:
    case = await offered(scheduling)
    await nothing_gives(scheduling)
    await ask_of_staff(scheduling, case)
    await ask_of_staff(scheduling, case)
    assert 1 == await scheduling.count("select count(*) from adjustment_requests")

    await ask(scheduling, case, OwnNeeds(), Effect.STAYS, (await scheduling.live(case)).id)

    assert [] == await open_requests(scheduling)


async def test_once_staff_arranged_something_they_are_asked_only_for_what_is_new(scheduling: Scheduling) -> None:
    case = await offered(scheduling)
    await nothing_gives(scheduling)
    first = await ask_of_staff(scheduling, case)
    await scheduling.do(lambda uow: answer(uow, first.id, Answer.ARRANGED, "scheduler"))

    both = OwnNeeds(accommodations=frozenset({"wheelchair", "quiet-room"}))
    found = await foreseen(scheduling, case, both)

    assert (Effect.ASKED, ("quiet-room",)) == (found.effect, found.lacking)


async def test_nothing_is_asked_for_once_the_interview_began_or_while_it_goes_to_another_country(
    scheduling: Scheduling,
) -> None:
    case = await offered(scheduling)
    live = await scheduling.live(case)
    scheduling.clock.instant = live.starts_at

    with pytest.raises(Problem, match="its time has come"):
        await ask(scheduling, case, WHEELCHAIR, Effect.ASKED, live.id)


async def test_what_a_household_asked_for_goes_with_it_to_another_country(scheduling: Scheduling) -> None:
    case = await offered(scheduling)
    await ask(scheduling, case, QUIET, Effect.STAYS, (await scheduling.live(case)).id)
    await scheduling.receive(a_programme(programme="CA-GAR", system=System.CA, sites=("CA-VIS-MEX",)))

    new = await offered(
        scheduling, programme="CA-GAR", system=System.CA, sites=("CA-VIS-MEX",), referred_from=case.case_ref
    )

    why = await scheduling.do(lambda uow: case_views.why(uow, new.case_ref))
    assert (["quiet-room"], ["quiet-room"]) == (why["from"]["needs"], why["from"]["asked_by_household"])


async def test_only_one_request_about_a_date_is_open_and_what_was_said_never_changes(scheduling: Scheduling) -> None:
    case = await offered(scheduling)
    await nothing_gives(scheduling)
    await ask_of_staff(scheduling, case)

    again = """insert into adjustment_requests (id, case_ref, appointment_id, needs, asked_at, asked_by, due_at)
               select gen_random_uuid(), case_ref, appointment_id, needs, asked_at, asked_by, due_at
               from adjustment_requests"""
    with pytest.raises(IntegrityError, match="one_open_request"):
        async with scheduling.database.begin(scheduling.clock.now()) as uow:
            await uow.execute(again)
    with pytest.raises(DBAPIError, match="never change"):
        await scheduling.do(lambda uow: uow.execute("delete from own_needs_said"))


class Staff:
    """The staff of a site over HTTP."""

    def __init__(self, http: Client) -> None:
        self.http = http

    async def call(self, method: str, path: str, role: str = "scheduler", body: Any = None) -> httpx.Response:
        async with httpx.AsyncClient(transport=self.http.transport, base_url="http://x") as client:
            return await client.request(method, path, json=body, headers={"Authorization": f"Bearer {role}"})

    async def answer(self, id: Any, said: str, role: str = "scheduler") -> httpx.Response:
        return await self.call("POST", f"/v1/requests/{id}/answer", role, {"answer": said})


async def test_staff_read_open_requests_by_their_clock_and_answer_each_once(
    scheduling: Scheduling, http: Client
) -> None:
    case, staff = await offered(scheduling), Staff(http)
    await nothing_gives(scheduling)
    request = await ask_of_staff(scheduling, case)
    assert 1 == (await scheduling.do(by_country))["mx"]["adjustments"]

    listed = (await staff.call("GET", f"/v1/sites/{TAP}/requests")).json()
    done = await staff.answer(request.id, "not-possible")
    again = await staff.answer(request.id, "not-possible")
    other = await staff.answer(request.id, "arranged")

    assert [(str(request.id), ["wheelchair"], False)] == [
        (each["id"], each["needs"], each["is_overdue"]) for each in listed
    ]
    assert (200, 200, 409) == (done.status_code, again.status_code, other.status_code)
    assert ("not-possible", "scheduler", False) == tuple(
        done.json()[key] for key in ("answer", "answered_by", "is_open")
    )
    assert [] == (await staff.call("GET", f"/v1/sites/{TAP}/requests")).json()
    assert 0 == (await scheduling.do(by_country))["mx"]["adjustments"]


async def test_a_request_that_nobody_answers_in_time_is_counted_as_late(scheduling: Scheduling, http: Client) -> None:
    case, staff = await offered(scheduling), Staff(http)
    await scheduling.do(lambda uow: commands.accept(uow, case.case_ref, "household"))
    await nothing_gives(scheduling)
    request = await ask_of_staff(scheduling, case)

    scheduling.clock.instant = request.due_at + days(0.01)

    assert 1 == (await scheduling.do(by_country))["mx"]["adjustments_overdue"]
    assert [True] == [each["is_overdue"] for each in (await staff.call("GET", f"/v1/sites/{TAP}/requests")).json()]


async def test_only_who_arranges_it_answers_and_an_unknown_request_is_said_so(
    scheduling: Scheduling, http: Client
) -> None:
    case, staff = await offered(scheduling), Staff(http)
    await nothing_gives(scheduling)
    request = await ask_of_staff(scheduling, case)

    statuses = {role: (await staff.answer(request.id, "arranged", role)).status_code for role in ("assistant", "ops")}

    assert {"assistant": 403, "ops": 403} == statuses
    assert 404 == (await staff.answer(uuid4(), "arranged")).status_code
    assert 404 == (await staff.call("GET", "/v1/sites/NOWHERE/requests")).status_code


async def test_the_days_list_says_what_staff_were_asked_to_arrange(scheduling: Scheduling, http: Client) -> None:
    case = await offered(scheduling)
    await nothing_gives(scheduling)
    request = await ask_of_staff(scheduling, case)
    day = (await scheduling.live(case)).wall_time.date()

    listed = (await Staff(http).call("GET", f"/v1/sites/{TAP}/day?date={day}")).json()

    assert [[{"id": str(request.id), "needs": ["wheelchair"], "answer": None}]] == [each["requests"] for each in listed]
