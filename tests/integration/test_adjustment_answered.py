"""Staff answer over the API what a household asked for, and a message says so: scheduling's events, read by notifications."""

from typing import Any

import httpx

from services.scheduling import commands
from services.scheduling.domain.own_needs import Effect, OwnNeeds
from shared.events import CaseChanged, Party
from shared.kafka.records import Record, headers_of
from tests.builders import a_case, a_programme
from tests.notifications import Notifications
from tests.scheduling import Scheduling
from tests.scheduling_http import Client
from tests.unit.notifications_builders import a_site

WHEELCHAIR = OwnNeeds(accommodations=frozenset({"wheelchair"}))
ANSWERED = "puente.scheduling.adjustment.answered.v1"


async def asked_of_staff(scheduling: Scheduling) -> tuple[CaseChanged, Any]:
    """A household that was given its date and asked for what no place has; and the request to the staff."""
    case = a_case()
    await scheduling.receive(case)
    await scheduling.do(lambda uow: commands.accept(uow, case.case_ref, "household"))
    await scheduling.do(lambda uow: uow.execute("update resources set accommodations = '{}' where kind = 'desk'"))
    seen = (await scheduling.live(case)).id
    await scheduling.do(
        lambda uow: commands.ask(
            uow, case.case_ref, WHEELCHAIR, "household", was=OwnNeeds(), seen=seen, told=Effect.ASKED
        )
    )
    [request] = await scheduling.rows("select * from adjustment_requests")
    return case, request


async def said(http: Client, request: Any, answer: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=http.transport, base_url="http://x") as client:
        headers = {"Authorization": "Bearer scheduler"}
        return await client.post(f"/v1/requests/{request.id}/answer", json={"answer": answer}, headers=headers)


async def events_of(scheduling: Scheduling, case: CaseChanged) -> Any:
    return await scheduling.rows(
        """select *, cast(value as text) as text, cast(value as jsonb) as said from outbox
           where topic = 'scheduling.cases' and key = :ref order by sequence""",
        ref=case.case_ref,
    )


async def told(scheduling: Scheduling, case: CaseChanged, notifications: Notifications) -> None:
    """What scheduling has published of the case comes to notifications as it lies in Kafka; what is due is sent."""
    rows = await events_of(scheduling, case)
    records = [
        Record(row.topic, 0, n, row.key.encode(), row.text.encode(), tuple(headers_of(row, "urn:puente:scheduling")))
        for n, row in enumerate(rows)
    ]
    await notifications.runners["scheduling.cases"].run(records)
    assert [] == list(await notifications.rows("select * from parked_event"))
    await notifications.send()


async def test_from_the_answer_of_the_staff_to_one_message_that_says_only_that_there_is_one(
    scheduling: Scheduling, http: Client, notifications: Notifications
) -> None:
    await notifications.receive(a_site(), a_programme())
    case, request = await asked_of_staff(scheduling)
    await told(scheduling, case, notifications)

    answers = [await said(http, request, "not-possible") for _ in range(2)]
    for _ in range(2):
        await told(scheduling, case, notifications)

    assert [200, 200] == [each.status_code for each in answers]
    assert [("booked", "sent"), ("adjustment-answered", "sent")] == await notifications.states()
    [_, email] = notifications.mail.sent
    assert ("es", "Su cita") == (email.language, email.subject)
    assert "Hay una respuesta a lo que usted pidió" in email.text
    assert [] == [word for word in ("wheelchair", "ruedas", "not-possible", str(request.id)) if word in email.text]


async def test_the_event_says_that_there_is_an_answer_and_all_else_as_it_was(
    scheduling: Scheduling, http: Client
) -> None:
    case, request = await asked_of_staff(scheduling)
    before = (await events_of(scheduling, case))[-1]

    await said(http, request, "arranged")
    await said(http, request, "arranged")

    *_, last, event = await events_of(scheduling, case)
    assert (before.event_id, ANSWERED) == (last.event_id, event.type)
    changes = {"version": last.said["version"] + 1, "adjustment_answered": str(request.id)}
    assert {**last.said, **changes} == event.said


async def test_an_answer_stays_with_its_date_and_ends_with_it(scheduling: Scheduling, http: Client) -> None:
    case, request = await asked_of_staff(scheduling)
    await said(http, request, "not-possible")
    more = Party(attendees=4, adults=3, children=1)

    await scheduling.receive(case.model_copy(update={"version": 2, "revision": 2, "party": more}))
    same_date = (await events_of(scheduling, case))[-1].said
    await scheduling.do(lambda uow: commands.decline(uow, case.case_ref, "household"))
    none = (await events_of(scheduling, case))[-1].said

    assert (4, str(request.id)) == (same_date["appointment"]["party"], same_date["adjustment_answered"])
    assert "adjustment_answered" not in none


async def test_who_saw_the_case_before_the_answer_reads_who_gave_it(scheduling: Scheduling, http: Client) -> None:
    case, request = await asked_of_staff(scheduling)
    seen = (await http.call(case)).headers["ETag"]
    await said(http, request, "arranged")

    refused = await http.call(case, "/appointment/decline", **{"If-Match": seen})

    assert [(ANSWERED, "scheduler")] == [(each["what"]["type"], each["acted_by"]) for each in refused.json()["changes"]]
