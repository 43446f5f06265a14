"""A case at which a job fails keeps no other one from its turn, and operations see it."""

from structlog.testing import capture_logs

from services.scheduling.commands.calendars import Fate
from services.scheduling.jobs import Jobs
from shared.set_aside import AGAIN_AFTER, SetAside
from tests.builders import NOW, a_case, a_programme, days
from tests.calendars import Calendars, closure
from tests.scheduling import Scheduling

PROGRAMMES = ()
"""Each test says which programmes there are."""
NO_PARTY = "update cases set snapshot = jsonb_set(cast(snapshot as jsonb), '{party}', 'null') where case_ref = :ref"
MENDED = "update cases set snapshot = jsonb_set(cast(snapshot as jsonb), '{party}', cast(:party as jsonb)) where case_ref = :ref"


async def test_offers_expire_beside_one_that_cannot(scheduling: Scheduling) -> None:
    cases = [a_case(registered_at=NOW - days(n)) for n in range(9)]
    await scheduling.receive(a_programme(), *cases)
    ill = cases[4]
    await scheduling.execute(NO_PARTY, ref=ill.case_ref)
    scheduling.clock.advance(days(3))
    aside = SetAside(scheduling.clock)
    jobs = Jobs(scheduling.database, scheduling.clock, aside)

    with capture_logs() as said:
        for _ in range(2):
            await jobs.expire_offers()

    assert [await scheduling.waiting(case) for case in cases] == [
        None if case is ill else "offer_expired" for case in cases
    ]
    assert [line["event"] for line in said] == ["work.set_aside"]
    assert [each["key"] for each in aside.listed()] == [ill.case_ref]
    await scheduling.execute(MENDED, ref=ill.case_ref, party=ill.party.model_dump_json())
    scheduling.clock.advance(AGAIN_AFTER)
    await jobs.expire_offers()
    assert await scheduling.waiting(ill) == "offer_expired"
    assert aside.listed() == []


async def test_who_waits_is_looked_at_again_beside_one_who_cannot_be(scheduling: Scheduling) -> None:
    cases = [a_case(registered_at=NOW - days(n)) for n in range(5)]
    await scheduling.receive(a_programme(status="paused"), *cases)
    ill = cases[2]
    await scheduling.execute(NO_PARTY, ref=ill.case_ref)
    await scheduling.receive(a_programme(version=2))

    await scheduling.jobs.look_again()

    for case in cases:
        if case is not ill:
            assert (await scheduling.live(case)).status == "pending"
    await scheduling.execute(MENDED, ref=ill.case_ref, party=ill.party.model_dump_json())


async def test_who_is_stranded_is_rebooked_beside_one_who_cannot_be(calendars: Calendars) -> None:
    scheduling = calendars.scheduling
    cases = [a_case(registered_at=NOW - days(n)) for n in range(5)]
    await scheduling.receive(a_programme(), *cases)
    dates = [await scheduling.live(case) for case in cases]
    last_day = max(date.wall_time.date() for date in dates)
    await calendars.change(closure(NOW.date(), last_day), stranded=Fate.REBOOK)
    ill = cases[2]
    await scheduling.execute(NO_PARTY, ref=ill.case_ref)

    await scheduling.jobs.rebook_stranded()

    assert [each["case_ref"] for each in await calendars.stranded()] == [ill.case_ref]
    for case in cases:
        assert case is ill or (await scheduling.live(case)).wall_time.date() > last_day
    [order] = await scheduling.rows("select moved, kept, finished_at from rebookings")
    assert (order.moved, order.kept, order.finished_at) == (4, 1, scheduling.clock.now())
    await scheduling.execute(MENDED, ref=ill.case_ref, party=ill.party.model_dump_json())
