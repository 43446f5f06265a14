"""Cases become offers: the handlers on a real database, driven with records as they lie in Kafka."""

from uuid import uuid4

import pytest

from services.scheduling import commands
from services.scheduling.placing.offers import FIRST_LOOK
from services.scheduling.repository.counts import by_country
from shared.events import CaseLanguage, CaseState, Party
from shared.web.problems import Problem
from tests.builders import NOW, a_case, a_programme, a_record, days
from tests.scheduling import Scheduling

PROGRAMMES = ()
"""Each test says which programmes there are."""


async def test_an_eligible_household_is_offered_the_earliest_place_with_a_deadline(scheduling: Scheduling) -> None:
    case = a_case()

    await scheduling.receive(a_programme(), case)

    offer = await scheduling.live(case)
    assert offer.status == "pending"
    assert offer.site == "MX-TAP-01"
    assert offer.minutes == 145
    assert NOW < offer.deadline < offer.starts_at
    assert await scheduling.claims_of(offer.id) == 10
    assert ["puente.scheduling.appointment.offered.v1"] == await scheduling.published(case)


async def test_a_newer_revision_that_still_fits_keeps_the_appointment(scheduling: Scheduling) -> None:
    case = a_case()
    await scheduling.receive(a_programme(), case)
    before = await scheduling.live(case)

    await scheduling.receive(case.model_copy(update={"version": 2, "revision": 2}))

    assert before == await scheduling.live(case)


async def test_a_household_that_grew_beyond_its_place_is_offered_another(scheduling: Scheduling) -> None:
    case = a_case()
    await scheduling.receive(a_programme(), case)
    before = await scheduling.live(case)

    grown = case.model_copy(update={"version": 2, "party": Party(attendees=6, adults=4, children=2)})
    await scheduling.receive(grown)

    after = await scheduling.live(case)
    assert after.replaces == before.id
    assert (await scheduling.appointment(before.id)).reason == "superseded"


@pytest.mark.parametrize(
    ("state", "reason"), [("ineligible", "ineligible"), ("withdrawn", "applicant-request"), ("expired", "ineligible")]
)
async def test_a_case_that_ended_loses_its_appointment_with_the_reason(
    scheduling: Scheduling, state: str, reason: str
) -> None:
    case = a_case()
    await scheduling.receive(a_programme(), case)
    offer = await scheduling.live(case)

    await scheduling.receive(a_case(case_ref=case.case_ref, version=2, state=state))

    assert (await scheduling.appointment(offer.id)).reason == reason
    assert await scheduling.waiting(case) is None
    assert (await scheduling.published(case))[-1] == "puente.scheduling.appointment.cancelled.v1"


async def test_a_review_leaves_the_appointment_and_a_case_without_one_waits(scheduling: Scheduling) -> None:
    held, new = a_case(), a_case(state=CaseState.REVIEW)
    await scheduling.receive(a_programme(), held, new)

    await scheduling.receive(a_case(case_ref=held.case_ref, version=2, state=CaseState.REVIEW))

    assert (await scheduling.live(held)).status == "pending"
    assert await scheduling.waiting(new) == "review"


async def test_an_interpreter_is_claimed_for_the_whole_interview(scheduling: Scheduling) -> None:
    case = a_case(languages=(CaseLanguage(tag="mam", mode="spoken", interpreter=True),))

    await scheduling.receive(a_programme(), case)

    offer = await scheduling.live(case)
    assert offer.interpreter == "mam"
    assert offer.minutes == 220
    assert await scheduling.claims_of(offer.id) == 30


async def test_a_language_that_no_interpreter_has_is_a_visible_reason_to_wait(scheduling: Scheduling) -> None:
    case = a_case(languages=(CaseLanguage(tag="zz", mode="spoken", interpreter=True),))

    await scheduling.receive(a_programme(), case)

    assert await scheduling.waiting(case) == "no_interpreter"


async def test_a_household_bound_to_a_state_is_seen_there_or_waits(scheduling: Scheduling) -> None:
    there, nowhere = (a_case(sites=(), admin_area=state) for state in ("BC", "YN"))

    await scheduling.receive(a_programme(), there, nowhere)

    assert (await scheduling.live(there)).site == "MX-TIJ-01"
    assert await scheduling.waiting(nowhere) == "site_unknown"


async def test_no_place_before_the_last_day_is_a_state_and_not_silence(scheduling: Scheduling) -> None:
    case = a_case(valid_until=(NOW + days(2)).date())

    await scheduling.receive(a_programme(), case)

    assert await scheduling.waiting(case) == "no_capacity_before_valid_until"


async def test_a_household_that_grew_keeps_its_time_when_the_next_step_is_free(scheduling: Scheduling) -> None:
    case = a_case()
    await scheduling.receive(a_programme(), case)
    await scheduling.accept(case, "scheduler")
    before = await scheduling.live(case)
    grown = case.model_copy(update={"version": 2, "party": Party(attendees=5, adults=3, children=2)})

    await scheduling.receive(grown)

    after = await scheduling.live(case)
    assert (after.starts_at, after.status, after.minutes) == (before.starts_at, "booked", 200)
    assert after.replaces == before.id
    assert await scheduling.claims_of(after.id) == 14
    assert await scheduling.held_by_freed_places() == 0


@pytest.mark.parametrize(("is_booked", "event"), [(True, "booked"), (False, "offered")])
async def test_a_household_that_became_smaller_keeps_its_place_and_one_event_says_how_many_must_come(
    scheduling: Scheduling, is_booked: bool, event: str
) -> None:
    case = a_case()
    await scheduling.receive(a_programme(), case)
    if is_booked:
        await scheduling.accept(case, "scheduler")
    before, claims = await scheduling.live(case), await scheduling.claims_of((await scheduling.live(case)).id)
    smaller = Party(attendees=2, adults=2, children=0)

    for version in (2, 3):
        await scheduling.receive(case.model_copy(update={"version": version, "revision": version, "party": smaller}))

    after = await scheduling.live(case)
    assert (before.id, before.version + 1, 2) == (after.id, after.version, after.party)
    assert (before.status, before.starts_at, before.deadline) == (after.status, after.starts_at, after.deadline)
    assert claims == await scheduling.claims_of(after.id)
    said = (await scheduling.published(case))[1 + is_booked :]
    assert [f"puente.scheduling.appointment.{event}.v1"] == said


async def test_a_household_that_became_smaller_and_larger_again_keeps_its_time(scheduling: Scheduling) -> None:
    case = a_case()
    await scheduling.receive(a_programme(), case)
    await scheduling.accept(case, "scheduler")
    before = await scheduling.live(case)

    smaller = {"version": 2, "party": Party(attendees=2, adults=2, children=0)}
    for change in (smaller, {"version": 3, "party": case.party}):
        await scheduling.receive(case.model_copy(update=change))

    after = await scheduling.live(case)
    assert (before.starts_at, "booked", before.party) == (after.starts_at, after.status, after.party)


async def test_a_household_that_grew_keeps_its_time_however_far_ahead_that_is(scheduling: Scheduling) -> None:
    case, _ = await scheduling.booked()
    far = (await scheduling.slots_of(case, ahead=20))[-10]
    await scheduling.do(lambda uow: commands.move(uow, case.case_ref, far["slot_id"], "scheduler"))
    before = await scheduling.live(case)
    assert before.starts_at > NOW + FIRST_LOOK

    await scheduling.receive(case.model_copy(update={"version": 2, "party": Party(attendees=5, adults=3, children=2)}))

    after = await scheduling.live(case)
    assert (before.starts_at, "booked", 200) == (after.starts_at, after.status, after.minutes)


async def test_an_interview_that_took_place_is_never_cancelled_afterwards(scheduling: Scheduling) -> None:
    case = a_case(valid_until=(NOW + days(20)).date())
    await scheduling.receive(a_programme(), case)
    await scheduling.accept(case, "scheduler")
    scheduling.clock.advance(days(30))

    await scheduling.receive(a_case(case_ref=case.case_ref, version=2, state=CaseState.EXPIRED))
    with pytest.raises(Problem) as refused:
        await scheduling.decline(case, "scheduler")

    assert (await scheduling.live(case)).status == "booked"
    assert refused.value.code == "interview_began"
    assert len(await scheduling.published(case)) == 2


async def test_every_event_names_the_one_that_led_to_it(scheduling: Scheduling) -> None:
    case, led_to = a_case(), str(uuid4())
    await scheduling.receive(a_programme())

    await scheduling.runners[case.topic].run([a_record(case, event_id=led_to)])

    (attributes,) = (await scheduling.rows("select attributes from outbox where topic = 'scheduling.cases'"))[0]
    assert attributes["causationid"] == led_to


async def test_offers_and_waiting_cases_are_counted_by_country(scheduling: Scheduling) -> None:
    await scheduling.receive(a_programme(), *[a_case() for _ in range(3)], a_case(valid_until=NOW.date()))

    counted = await scheduling.do(by_country)

    assert (counted["mx"]["offers"], counted["mx"]["waiting"], counted["mx"]["unmet"]) == (3, 1, 1)
    assert set(counted["us"].values()) == {0}


async def test_five_hundred_households_in_one_batch_get_places_of_their_own(scheduling: Scheduling) -> None:
    cases = [a_case(sites=(), valid_until=(NOW + days(89)).date()) for _ in range(500)]
    await scheduling.receive(a_programme())

    await scheduling.receive(*cases)

    await scheduling.check()
    assert await scheduling.count("select count(*) from appointments where status = 'pending'") == 500
