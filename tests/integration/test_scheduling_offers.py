"""Cases become offers: the handlers on a real database, driven with records as they lie in Kafka."""

from datetime import timedelta
from uuid import uuid4

import pytest

from services.scheduling import commands, views
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


async def test_a_case_that_comes_before_its_programme_ends_the_same(scheduling: Scheduling) -> None:
    case = a_case()
    await scheduling.receive(case)
    assert await scheduling.waiting(case) == "programme_unknown"

    await scheduling.receive(a_programme())
    await scheduling.jobs.look_again()

    assert (await scheduling.live(case)).status == "pending"


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


@pytest.mark.parametrize(("allocation", "reason"), [("choice", "awaiting_choice"), ("draw", "awaiting_draw")])
async def test_choice_and_draw_programmes_wait(scheduling: Scheduling, allocation: str, reason: str) -> None:
    case = a_case()

    await scheduling.receive(a_programme(allocation=allocation), case)

    assert await scheduling.waiting(case) == reason


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


async def test_accepting_books_the_offer_and_accepting_again_changes_nothing(scheduling: Scheduling) -> None:
    case = a_case()
    await scheduling.receive(a_programme(), case)

    for _ in range(2):
        await scheduling.do(lambda uow: commands.accept(uow, case.case_ref, "scheduler"))

    assert (await scheduling.live(case)).status == "booked"
    assert len(await scheduling.published(case)) == 2


async def test_a_late_click_does_not_hit_an_offer_that_its_sender_never_saw(scheduling: Scheduling) -> None:
    case = a_case()
    await scheduling.receive(a_programme(), case)
    first = await scheduling.live(case)
    await scheduling.do(lambda uow: commands.decline(uow, case.case_ref, "assistant", first.id))
    await scheduling.do(lambda uow: commands.offer_again(uow, case.case_ref))

    for late in (commands.decline, commands.accept):
        with pytest.raises(Problem) as refused:
            await scheduling.do(lambda uow, c=late: c(uow, case.case_ref, "assistant", first.id))
        assert refused.value.code == "offer_changed"

    assert (await scheduling.live(case)).status == "pending"


async def test_an_offer_cannot_be_accepted_after_its_deadline(scheduling: Scheduling) -> None:
    case = a_case()
    await scheduling.receive(a_programme(), case)
    scheduling.clock.advance(days(3))

    with pytest.raises(Problem) as refused:
        await scheduling.do(lambda uow: commands.accept(uow, case.case_ref, "scheduler"))

    assert (refused.value.status, refused.value.code) == (409, "offer_expired")


async def test_an_offer_past_its_deadline_expires_and_the_place_goes_to_the_next(scheduling: Scheduling) -> None:
    first = a_case()
    await scheduling.receive(a_programme(), first)
    place = await scheduling.live(first)
    second = a_case(valid_until=place.wall_time.date())
    await scheduling.take_all_but(place)
    await scheduling.receive(second)
    await scheduling.set_deadline(place.id, NOW - timedelta(seconds=1))

    await scheduling.jobs.expire_offers()
    await scheduling.jobs.offer_freed_places()

    assert (await scheduling.published(first))[-1] == "puente.scheduling.offer.expired.v1"
    assert await scheduling.waiting(first) == "offer_expired"
    assert (await scheduling.live(second)).starts_at == place.starts_at


async def test_a_declined_place_goes_to_the_next_and_is_never_open_in_between(scheduling: Scheduling) -> None:
    await scheduling.receive(a_programme(offer_hours=24))
    first = a_case()
    await scheduling.receive(first)
    place = await scheduling.live(first)
    second = a_case(valid_until=place.wall_time.date())
    await scheduling.take_all_but(place)
    await scheduling.receive(second)
    assert await scheduling.waiting(second) == "no_capacity_before_valid_until"

    await scheduling.do(lambda uow: commands.decline(uow, first.case_ref, "scheduler"))
    assert await scheduling.free_units_at(place) == 0
    await scheduling.jobs.offer_freed_places()

    assert (await scheduling.live(second)).starts_at == place.starts_at
    assert await scheduling.waiting(first) == "declined"


async def test_a_household_that_declined_is_offered_another_place_when_a_new_day_opens(scheduling: Scheduling) -> None:
    case = a_case()
    await scheduling.receive(a_programme(), case)
    before = await scheduling.live(case)
    await scheduling.do(lambda uow: commands.decline(uow, case.case_ref, "scheduler"))
    scheduling.clock.advance(days(1))

    await scheduling.jobs.open_calendars()
    await scheduling.jobs.look_again()

    assert (await scheduling.live(case)).id != before.id


async def test_after_two_unanswered_offers_a_case_waits_for_someone_to_act(scheduling: Scheduling) -> None:
    case = a_case()
    await scheduling.receive(a_programme(), case)
    for day in (3, 6, 9):
        scheduling.clock.instant = NOW + days(day)
        await scheduling.jobs.expire_offers()
        await scheduling.jobs.open_calendars()
        await scheduling.jobs.look_again()

    assert await scheduling.waiting(case) == "offers_unanswered"


async def test_a_household_that_wants_an_interview_again_is_back_in_line_at_once(scheduling: Scheduling) -> None:
    case = a_case()
    await scheduling.receive(a_programme(), case)
    for day in (3, 6):
        scheduling.clock.instant = NOW + days(day)
        await scheduling.jobs.expire_offers()
        await scheduling.jobs.open_calendars()
        await scheduling.jobs.look_again()
    scheduling.clock.advance(days(4))
    await scheduling.jobs.expire_offers()
    assert await scheduling.waiting(case) == "offers_unanswered"

    await scheduling.do(lambda uow: commands.offer_again(uow, case.case_ref))

    assert (await scheduling.live(case)).status == "pending"
    assert await scheduling.count("select offers_missed from cases") == 0


async def test_a_programme_that_opens_again_reaches_every_household_that_waited(scheduling: Scheduling) -> None:
    await scheduling.receive(a_programme(status="paused"))
    await scheduling.receive(*[a_case(sites=(), valid_until=(NOW + days(89)).date()) for _ in range(450)])

    await scheduling.receive(a_programme(version=2))
    await scheduling.jobs.look_again()

    assert await scheduling.count("select count(*) from cases where waiting is not null") == 0


async def test_a_household_that_grew_keeps_its_time_when_the_next_step_is_free(scheduling: Scheduling) -> None:
    case = a_case()
    await scheduling.receive(a_programme(), case)
    await scheduling.do(lambda uow: commands.accept(uow, case.case_ref, "scheduler"))
    before = await scheduling.live(case)
    grown = case.model_copy(update={"version": 2, "party": Party(attendees=5, adults=3, children=2)})

    await scheduling.receive(grown)

    after = await scheduling.live(case)
    assert (after.starts_at, after.status, after.minutes) == (before.starts_at, "booked", 200)
    assert after.replaces == before.id
    assert await scheduling.claims_of(after.id) == 14
    assert await scheduling.held_by_freed_places() == 0


async def test_what_a_household_leaves_of_its_old_place_is_freed(scheduling: Scheduling) -> None:
    case = a_case()
    await scheduling.receive(a_programme(), case)
    elsewhere = case.model_copy(update={"version": 2, "sites": ("MX-TIJ-01",)})

    await scheduling.receive(elsewhere)

    assert (await scheduling.live(case)).site == "MX-TIJ-01"
    assert await scheduling.held_by_freed_places() == 10


async def test_an_interview_that_took_place_is_never_cancelled_afterwards(scheduling: Scheduling) -> None:
    case = a_case(valid_until=(NOW + days(20)).date())
    await scheduling.receive(a_programme(), case)
    await scheduling.do(lambda uow: commands.accept(uow, case.case_ref, "scheduler"))
    scheduling.clock.advance(days(30))

    await scheduling.receive(a_case(case_ref=case.case_ref, version=2, state=CaseState.EXPIRED))
    with pytest.raises(Problem) as refused:
        await scheduling.do(lambda uow: commands.decline(uow, case.case_ref, "scheduler"))

    assert (await scheduling.live(case)).status == "booked"
    assert refused.value.code == "interview_began"
    assert len(await scheduling.published(case)) == 2


async def test_a_place_that_opens_again_goes_to_who_waits_longest_and_not_to_a_newcomer(scheduling: Scheduling) -> None:
    first = a_case(registered_at=NOW - days(30))
    await scheduling.receive(a_programme(), first)
    place = await scheduling.live(first)
    await scheduling.take_all_but(place)
    longest = first.registered_at - timedelta(days=1)
    alone = Party(attendees=1, adults=1, children=0)
    waits = a_case(valid_until=place.wall_time.date(), party=alone, registered_at=longest)
    await scheduling.receive(waits)
    await scheduling.do(lambda uow: commands.decline(uow, first.case_ref, "scheduler"))
    await scheduling.do(lambda uow: uow.execute("update freed_places set opens_at = :now", now=NOW))

    await scheduling.jobs.open_freed_places()
    await scheduling.jobs.look_again()

    assert (await scheduling.live(waits)).starts_at == place.starts_at


async def test_every_event_names_the_one_that_led_to_it(scheduling: Scheduling) -> None:
    case, led_to = a_case(), str(uuid4())
    await scheduling.receive(a_programme())

    await scheduling.runners[case.topic].run([a_record(case, event_id=led_to)])

    (attributes,) = (await scheduling.rows("select attributes from outbox where topic = 'scheduling.cases'"))[0]
    assert attributes["causationid"] == led_to


async def test_a_freed_place_that_nobody_can_use_opens_after_a_delay(scheduling: Scheduling) -> None:
    case = a_case()
    await scheduling.receive(a_programme(), case)
    place = await scheduling.live(case)
    await scheduling.do(lambda uow: commands.decline(uow, case.case_ref, "scheduler"))

    await scheduling.jobs.offer_freed_places()
    await scheduling.jobs.open_freed_places()
    assert await scheduling.held_by_freed_places() == 10

    scheduling.clock.advance(timedelta(hours=1))
    await scheduling.jobs.open_freed_places()

    assert await scheduling.held_by_freed_places() == 0
    assert await scheduling.free_units_at(place) > 0


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


@pytest.mark.parametrize("on_close", ["cancel", "rebook"])
async def test_a_programme_that_closes_cancels_its_dates_one_message_each_and_keeps_the_line(
    scheduling: Scheduling, on_close: str
) -> None:
    offered, held, waits = a_case(), a_case(), a_case(valid_until=NOW.date())
    await scheduling.receive(a_programme(on_close=on_close), offered, held, waits)
    await scheduling.do(lambda uow: commands.accept(uow, held.case_ref, "scheduler"))

    await scheduling.receive(a_programme(on_close=on_close, status="closed", version=2))
    for _ in range(2):
        await scheduling.jobs.look_again()

    for case in (offered, held):
        assert await scheduling.waiting(case) == "programme_closed"
        assert (await scheduling.published(case)).count("puente.scheduling.appointment.cancelled.v1") == 1
    reasons = await scheduling.rows("select distinct reason from appointments")
    assert [row.reason for row in reasons] == ["programme-closed"]


async def test_a_programme_that_honours_its_dates_keeps_them_when_it_closes(scheduling: Scheduling) -> None:
    held = a_case()
    await scheduling.receive(a_programme(on_close="honour"), held)
    await scheduling.do(lambda uow: commands.accept(uow, held.case_ref, "scheduler"))

    await scheduling.receive(a_programme(on_close="honour", status="closed", version=2))
    await scheduling.jobs.look_again()

    assert (await scheduling.live(held)).status == "booked"


async def test_whom_a_closing_would_concern_can_be_asked_before(scheduling: Scheduling) -> None:
    held, waits = a_case(), a_case(valid_until=NOW.date())
    await scheduling.receive(a_programme(), held, waits)

    effects = await scheduling.do(lambda uow: views.effects_of_closing(uow, "MX-REF"))

    assert effects == {"appointments": 1, "waiting": 1, "cases": [held.case_ref]}
