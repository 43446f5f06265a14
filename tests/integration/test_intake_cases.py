"""Cases, contacts, days that pass, and the reference data: the application on a real database."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from sqlalchemy.exc import DBAPIError

from services.intake.handlers import sites_changed
from services.intake.jobs import Jobs
from services.intake.seed import seed
from shared import ops, tracing
from shared.events import ProgrammeChanged, SiteChanged, System
from tests.conftest import MakeDatabase
from tests.intake import Intake
from tests.unit.intake_builders import ca_result, mx_row, ndjson, results, sheet, us_message


@pytest_asyncio.fixture(loop_scope="session")
async def intake(new_database: MakeDatabase, intake_template: str) -> AsyncIterator[Intake]:
    running = Intake(await new_database(intake_template))
    yield running
    await running.close()


async def _accepted(intake: Intake, **changes: object) -> str:
    [receipt] = await intake.receipts("us", ndjson(us_message(**changes)))
    assert "accepted" == receipt["receipt"]
    return str(receipt["case_ref"])


async def test_a_case_is_shown_to_operations(intake: Intake) -> None:
    case_ref = await _accepted(intake, contact__mobile="", case__registeredAt="2026-07-25T22:25:00.5-05:00")

    shown = await intake.get(f"/v1/cases/{case_ref}")

    assert {
        "case_ref": case_ref,
        "system": "us",
        "programme": "US-RFA",
        "state": "eligible",
        "revision": 1,
        "party": 1,
        "urgency": "routine",
        "registered_at": "2026-07-26T03:25:00Z",
        "valid_until": "2027-03-05",
        "warnings": ["no_contact"],
    } == shown.json()


async def test_a_case_is_found_in_whatever_way_its_reference_is_typed(intake: Intake) -> None:
    case_ref = await _accepted(intake)
    typed = case_ref.replace("-", "").lower().replace("0", "o").replace("1", "l")

    assert case_ref == (await intake.get(f"/v1/cases/{typed}")).json()["case_ref"]


@pytest.mark.parametrize("case_ref", ["NA7K-3QF2-M9X0", "NA7K-3QF2-M9X1", "x", "a" * 5_000])
async def test_a_case_that_does_not_exist_is_not_found(intake: Intake, case_ref: str) -> None:
    response = await intake.get(f"/v1/cases/{case_ref}")

    assert (404, "case_unknown") == (response.status_code, response.json()["code"])


async def test_an_address_with_a_zero_byte_is_refused_before_anyone_reads_it(intake: Intake) -> None:
    response = await intake.get("/v1/cases/%00")

    assert (400, "zero_byte") == (response.status_code, response.json()["code"])


@pytest.mark.parametrize(("role", "status"), [("ops", 404), ("officer", 403), ("service", 403), ("nobody", 401)])
async def test_only_operations_see_cases(intake: Intake, role: str, status: int) -> None:
    assert status == (await intake.get("/v1/cases/NA7K-3QF2-M9X0", role)).status_code


async def test_a_service_gets_the_contacts_of_the_cases_it_names(intake: Intake) -> None:
    first = await _accepted(intake, contact__email="casa@example.org", contact__safeHours="09:00-18:00")
    [second] = await intake.receipts("ca", results(ca_result(Contact__phone="123", Contact__sharedDevice="true")))

    response = await intake.ask_contacts(second["case_ref"], "NA7K-3QF2-M9X0", first, "\0")

    assert {
        "contacts": [
            {
                "case_ref": second["case_ref"],
                "email": None,
                "mobile": "123",
                "locale": "fr",
                "shared_device": True,
                "safe_hours": None,
                "reachable": "resource_centre",
            },
            {
                "case_ref": first,
                "email": "casa@example.org",
                "mobile": "+50258545204",
                "locale": "es",
                "shared_device": False,
                "safe_hours": "09:00-18:00",
                "reachable": "yes",
            },
        ],
        "unknown": ["NA7K-3QF2-M9X0", "\0"],
    } == response.json()


async def test_a_changed_contact_counts_at_once(intake: Intake) -> None:
    case_ref = await _accepted(intake)
    await _accepted(
        intake,
        **{"messageId": "00000000-0000-0000-0000-00000000000a"},
        determination__revision=2,
        contact__email="new@example.org",
    )

    assert "new@example.org" == (await intake.ask_contacts(case_ref)).json()["contacts"][0]["email"]


async def test_each_look_at_a_contact_is_recorded_with_its_trace(intake: Intake) -> None:
    case_ref = await _accepted(intake)
    traceparent = tracing.to_traceparent(tracing.new_root())

    await intake.ask_contacts(case_ref, traceparent=traceparent)
    await intake.ask_contacts(case_ref, "NA7K-3QF2-M9X0", traceparent="nonsense")

    looks = await intake.rows("select looked_at, who, case_ref, why, traceparent from contact_looks order by id")
    now = intake.clock.now()
    assert [
        (now, "service", case_ref, "to send a notice", traceparent),
        (now, "service", case_ref, "to send a notice", None),
    ] == [tuple(look) for look in looks]


@pytest.mark.parametrize(
    "change", ["delete from contact_looks", "update contact_looks set who = 'x'", "truncate contact_looks"]
)
async def test_the_record_of_looks_cannot_be_changed(intake: Intake, change: str) -> None:
    await intake.ask_contacts(await _accepted(intake))

    with pytest.raises(DBAPIError, match="never changes"):
        async with intake.database.begin(intake.clock.now()) as uow:
            await uow.execute(change)


@pytest.mark.parametrize(("role", "status"), [("service", 200), ("ops", 403), ("officer", 403), ("nobody", 401)])
async def test_only_a_service_gets_contacts(intake: Intake, role: str, status: int) -> None:
    assert status == (await intake.ask_contacts(await _accepted(intake), role=role)).status_code


async def test_a_contact_that_was_put_into_another_case_is_not_given_out(intake: Intake) -> None:
    one = await _accepted(intake)
    [other] = await intake.receipts("mx", sheet(mx_row()).encode())
    async with intake.database.begin(intake.clock.now()) as uow:
        await uow.execute(
            "update cases set contact = (select contact from cases where case_ref = :one) where case_ref = :other",
            one=one,
            other=other["case_ref"],
        )

    answer = (await intake.ask_contacts(one, other["case_ref"])).json()
    assert [one] == [contact["case_ref"] for contact in answer["contacts"]]
    assert [other["case_ref"]] == answer["unknown"]


async def test_an_eligible_case_expires_the_day_after_its_last_day(intake: Intake) -> None:
    case_ref = await _accepted(intake, determination__validUntil="2026-11-24")
    jobs = Jobs(intake.database, intake.clock)

    await jobs.expire_cases()
    before = (await intake.get(f"/v1/cases/{case_ref}")).json()["state"]
    intake.clock.instant = datetime(2026, 11, 25, 11, 59, tzinfo=UTC)
    await jobs.expire_cases()
    where_it_is_still_that_day = (await intake.get(f"/v1/cases/{case_ref}")).json()["state"]
    intake.clock.advance(timedelta(minutes=1))
    await jobs.expire_cases()
    await jobs.expire_cases()

    after = (await intake.get(f"/v1/cases/{case_ref}")).json()["state"]
    assert ("eligible", "eligible", "expired") == (before, where_it_is_still_that_day, after)
    events = await intake.events(case_ref)
    assert ["puente.intake.case.eligible.v1", "puente.intake.case.expired.v1"] == [kind for _, kind, _ in events]
    assert {**events[0][2], "version": 2, "state": "expired"} == events[1][2]


@pytest.mark.parametrize("outcome", ["NOT_ELIGIBLE", "PENDING_REVIEW", "WITHDRAWN"])
async def test_no_other_case_expires(intake: Intake, outcome: str) -> None:
    case_ref = await _accepted(intake, determination__outcome=outcome, determination__validUntil="2026-11-24")

    intake.clock.advance(timedelta(days=2))
    await Jobs(intake.database, intake.clock).expire_cases()

    assert 1 == len(await intake.events(case_ref))


async def test_an_expired_case_lives_again_by_a_higher_revision(intake: Intake) -> None:
    case_ref = await _accepted(intake, determination__validUntil="2026-11-23")

    await _accepted(intake, **{"messageId": "00000000-0000-0000-0000-00000000000a"}, determination__revision=2)

    assert ["expired", "eligible"] == [event["state"] for _, _, event in await intake.events(case_ref)]


async def test_a_result_that_is_issued_anew_keeps_the_first_registration_and_its_place_in_line(intake: Intake) -> None:
    case_ref = await _accepted(intake, case__registeredAt="2025-03-01T10:00:00Z")
    for revision, registered_at in (
        (2, "2026-11-20T10:00:00Z"),
        (3, "2025-02-01T10:00:00Z"),
        (4, "2026-11-20T10:00:00Z"),
    ):
        said = {"messageId": f"00000000-0000-0000-0000-00000000000{revision}", "case__registeredAt": registered_at}
        await _accepted(intake, **said, determination__revision=revision)

    assert ["2025-03-01", "2025-03-01", "2025-02-01", "2025-02-01"] == [
        event["registered_at"][:10] for _, _, event in await intake.events(case_ref)
    ]


async def test_reference_data_is_published_once(intake: Intake) -> None:
    async with intake.database.begin(intake.clock.now()) as uow:
        again = await seed(uow)

    rows = await intake.rows("select value from outbox where topic = 'intake.programmes' order by key")
    programmes = {p.programme: p for p in (ProgrammeChanged.model_validate_json(row.value) for row in rows)}
    assert (0, 11) == (again, len(rows))
    assert ("GT-MRC-XEL" in programmes["US-RFA"].sites, 1) == (True, programmes["US-RFA"].version)
    assert "2025-01-20" == str(programmes["US-CBP1"].closes_on)


async def test_what_staff_changed_survives_the_next_start(intake: Intake) -> None:
    async with intake.database.begin(intake.clock.now()) as uow:
        await uow.execute("update programmes set status = 'paused', version = 2 where programme = 'US-RFA'")
        await seed(uow)

    [receipt] = await intake.receipts("us", ndjson(us_message()))

    assert ["programme_closed"] == receipt["codes"]


def _site(version: int, admin_area: str) -> SiteChanged:
    return SiteChanged(
        version=version,
        site="MX-TAP-01",
        system=System.MX,
        name="x",
        city="x",
        address="x",
        zone="America/Mexico_City",
        admin_area=admin_area,
        programmes=("MX-REF",),
        is_open=True,
    )


async def test_results_are_judged_by_the_newest_sites(intake: Intake) -> None:
    async with intake.database.begin(intake.clock.now()) as uow:
        await sites_changed([_site(3, "OC")], uow)
        await sites_changed([_site(2, "CS")], uow)

    [old] = await intake.receipts("mx", sheet(mx_row(entidad="CS")).encode())
    [new] = await intake.receipts("mx", sheet(mx_row(entidad="OC")).encode())

    assert (["site_not_allowed"], "accepted") == (old["codes"], new["receipt"])


async def test_without_a_database_every_question_is_answered_with_try_again(intake: Intake) -> None:
    away = Intake("postgresql://nobody:nothing@127.0.0.1:1/nothing")

    answers = [
        await away.send("us", ndjson(us_message())),
        await away.send("ca", b"unreadable"),
        await away.get("/v1/cases/NA7K-3QF2-M9X0"),
        await away.ask_contacts("NA7K-3QF2-M9X0"),
        await away.get("/ops/state"),
    ]

    assert [(503, "5")] * 5 == [(each.status_code, each.headers["retry-after"]) for each in answers]
    await away.close()


async def test_figures_that_cannot_be_had_in_time_are_left_out(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ops, "METRICS_SECONDS", 0.2)
    figures = await intake.get("/metrics")
    async with intake.database.begin(intake.clock.now()) as uow:
        await uow.execute("lock table parked_event in access exclusive mode")
        async with asyncio.timeout(5):
            late = await intake.get("/metrics")

    assert ("puente_outbox_backlog" in figures.text, "puente_outbox_backlog" in late.text) == (True, False)
    assert 'puente_database_up{service="intake"} 0.0' in late.text
