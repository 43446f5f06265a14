"""schemathesis tries to break what the OpenAPI documents of the services promise: every check, no failure."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Response

from services.intake.app import build as build_intake
from services.notifications.app import build as build_notifications
from services.scheduling.app import build as build_scheduling
from shared.clock import FixedClock
from tests import intake as intake_tests
from tests.builders import NOW, a_case, a_programme
from tests.calendars import TAP
from tests.conftest import MakeDatabase
from tests.notifications import settings as notifications_settings
from tests.openapi import Special, broken, served
from tests.scheduling import Scheduling, settings
from tests.unit.intake_builders import SAMPLES

NO_QUESTION = Special("path", "/ops/spans", also_right=("400",))
"""One of two parameters must be there, which no schema of parameters can say."""

INTAKE = FastAPI()
"""Which answers, and knows nobody."""


@INTAKE.post("/internal/people")
async def _people() -> dict[str, list[Any]]:
    return {"households": []}


NAMING_A_VERSION = [
    *(
        f"/v1/appointments/{{id}}/{write}"
        for write in ("arrive", "not-here", "check-in", "miss", "excuse", "fulfil", "not-heard")
    ),
    "/v1/cases/{case_ref}/appointment",
    *(
        f"/v1/cases/{{case_ref}}/appointment/{write}"
        for write in ("accept", "decline", "extend", "move", "cancel", "offer-again")
    ),
    *(f"/v1/cases/{{case_ref}}/referral{write}" for write in ("", "/accept", "/decline", "/withdraw")),
    *(f"/v1/cases/{{case_ref}}/{write}" for write in ("standby", "acknowledge")),
]
"""Writes with an optional If-Match, of which the tool also sends the smallest value that fits, without its quotes."""


def a_scheduling(url: str, intake: str, now: datetime) -> FastAPI:
    return build_scheduling(settings(url, intake_url=intake), FixedClock(now))


async def test_scheduling_keeps_every_promise_of_its_openapi_document(
    new_database: MakeDatabase, scheduling_template: str, tmp_path: Path
) -> None:
    url = await new_database(scheduling_template)
    scheduling = Scheduling(url)
    offered, chooser = [a_case() for _ in range(10)], a_case(programme="MX-CHO")
    await scheduling.receive(a_programme(), a_programme(programme="MX-CHO", allocation="choice"), *offered, chooser)
    for case in offered[5:]:
        await scheduling.accept(case, "scheduler")
    at = (await scheduling.live(offered[5])).starts_at + timedelta(minutes=31)
    appointments = [str((await scheduling.live(case)).id) for case in offered]
    slots = [row.id for row in await scheduling.rows("select id from slots where site = :site limit 50", site=TAP)]
    desks = [str(row.id) for row in await scheduling.rows("select id from resources where site = :site", site=TAP)]

    async with served(INTAKE) as intake, served(a_scheduling(url, intake, max(NOW, at))) as address:
        report = await broken(
            address, tmp_path, token="ops",
            known={
                "path.case_ref": [case.case_ref for case in (*offered, chooser)],
                "path.id": [*appointments, *desks],
                "path.site": [TAP],
                "query.site": [TAP],
                "body.site": [TAP],
                "body.slot_id": slots,
                "body.programme": ["MX-REF", "MX-CHO"],
                "body.resource_id": desks,
                "header.if-match": ['"1"'],
            },
            more=[
                Special("tag", "internal", token="service"),
                Special("path", "/v1/appointments/{id}/people", token="officer"),
                Special("tag", "referrals", token="scheduler"),
                NO_QUESTION,
                *(Special("path", path, also_right=("422",)) for path in NAMING_A_VERSION),
                Special("tag", "calendars", also_right=("422",)),  # rows that break a rule of the calendar
            ],
        )  # fmt: skip

    assert not report, report
    await scheduling.check()
    await scheduling.database.close()


async def test_intake_keeps_every_promise_of_its_openapi_document(
    new_database: MakeDatabase, intake_template: str, tmp_path: Path
) -> None:
    intake = intake_tests.Intake(await new_database(intake_template))
    receipts = [
        receipt
        for system, name in (("us", "us.ndjson"), ("mx", "mx.csv"), ("ca", "ca.xml"))
        for receipt in await intake.receipts(system, (SAMPLES / name).read_bytes())
    ]
    refs = [receipt["case_ref"] for receipt in receipts if receipt["case_ref"]]
    scheduling = FastAPI()
    scheduling.get("/internal/programmes/{programme}/effects")(lambda: {"appointments": 0, "waiting": 0, "cases": []})

    scheduling.post("/internal/sessions/end")(lambda: {"ended": True})

    async with served(scheduling) as scheduling_url:
        told = intake_tests.settings(intake.database.url).model_copy(update={"scheduling_url": scheduling_url})
        app = build_intake(told, intake.clock)
        async with served(app) as url:
            report = await broken(
                url, tmp_path, token="ops-token",
                known={"path.case_ref": refs, "body.contacts[*].case_ref": refs, "body.people[*].case_ref": refs, "body.case_ref": refs, "path.programme": ["MX-REF", "US-RFA"]},
                more=[
                    Special("tag", "internal", token="service-token"),
                    Special("path", "/v1/systems/mx/batches", token="mx-token"),
                    Special("path", "/v1/systems/ca/results", token="ca-token"),
                    Special("tag", "documents", also_right=("400", "415", "422")),  # any text, which is no document
                    NO_QUESTION,
                ],
            )  # fmt: skip

    assert not report, report
    await app.state.service.database.close()
    await intake.close()


async def test_notifications_keeps_every_promise_of_its_openapi_document(
    new_database: MakeDatabase, notifications_template: str, tmp_path: Path
) -> None:
    url = await new_database(notifications_template)
    intake = FastAPI()
    intake.post("/internal/contacts")(lambda: {"contacts": []})

    async with served(intake) as intake_url:
        app = build_notifications(notifications_settings(url, None).model_copy(update={"intake_url": intake_url}))
        async with served(app) as address:
            report = await broken(
                address, tmp_path, token="ops-token",
                known={"query.case_ref": [a_case().case_ref], "body.case_ref": [a_case().case_ref]},
                more=[NO_QUESTION, Special("tag", "internal", token="service-token")],
            )  # fmt: skip

    assert not report, report
    await app.state.service.database.close()


async def test_control_a_promise_that_is_not_kept_is_found(tmp_path: Path) -> None:
    app = FastAPI()
    app.get("/v1/promised")(lambda: Response(status_code=418))

    async with served(app) as address:
        report = await broken(address, tmp_path, token="ops", known={}, more=[])

    assert "Undocumented status code" in report
