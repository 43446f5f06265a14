"""A part of the running system is away for a while: what the others promise meanwhile, and what comes after."""

import asyncio
from datetime import UTC, datetime

import httpx
import pytest

from deploy.local.state import SERVICES
from deploy.senders import IntakeAway
from deploy.simulators.sending import FORMATS
from shared.web.authorities import authorities
from tests.e2e.connection import post
from tests.e2e.households import a_household
from tests.e2e.running import at_rest, eventually, place
from tests.faults.length import OUTAGE_SECONDS
from tests.faults.rough import Rough

pytestmark = pytest.mark.faults

EVERY_COUNTRY = ("US-RFA", "MX-REF", "CA-RST")


async def test_notices_wait_while_intake_is_away_and_each_goes_once_when_it_is_back(rough: Rough) -> None:
    households = {p: [a_household(p) for _ in range(8)] for p in EVERY_COUNTRY}
    async with rough.without("scheduling"):
        refs = [ref for each in households.values() for ref in await rough.accepted(*each)]
        await eventually(lambda: _has_said_all(rough, "intake"))
        rough.stack.hold("intake")

    async with rough.without("intake"):
        await eventually(lambda: _notices_wait(rough, refs))
        await asyncio.sleep(OUTAGE_SECONDS)
        mails_meanwhile = [mail for each in households.values() for h in each for mail in rough.mails()[h.email]]

    await at_rest(rough)
    mails = rough.mails()
    assert [] == mails_meanwhile
    assert [1] * 24 == [len(mails[h.email]) for each in households.values() for h in each]
    assert [[("offered", "sent")]] * 24 == [await rough.notices(ref) for ref in refs]


async def test_a_message_that_the_mail_server_could_not_take_goes_later_in_the_same_trace(rough: Rough) -> None:
    household = a_household("CA-RST", language="fr")
    async with rough.without("smtp"):
        case_ref = await rough.let_in(household)
        await eventually(lambda: _tries(rough, case_ref))

    await rough.mails_to(household)

    trace = await rough.trace_with(case_ref, "send notice offered", "send notifications.notices", "look up contact")
    first, *_, last = trace.named("send notice offered")
    before_last = trace.named("send notice offered")[-2]
    assert ("error", "ok") == (first["status"], last["status"])
    assert trace.path_to(first) == trace.path_to(last)
    assert {place(before_last)} == trace.links_of(last)
    assert ["POST /v1/systems/ca/results"] == trace.roots
    assert {trace.id} == {span["trace_id"] for span in await rough.spans(case_ref)}


async def test_without_the_database_intake_says_try_again_and_what_is_sent_again_becomes_one_case(
    rough: Rough,
) -> None:
    households = [a_household(programme) for programme in EVERY_COUNTRY]
    async with rough.without("postgres"):
        await asyncio.sleep(0.5)  # whoever was at work in it when it was killed ends a moment later
        answers = [await asyncio.wait_for(_answer(rough, h.programme), 25) for h in households]
        with pytest.raises(IntakeAway):
            await rough.post(households[0])
        health = [await _health(rough, service) for service in SERVICES]

    await eventually(lambda: _all_ready(rough))
    refs = [await rough.let_in(household) for household in households]
    assert [(503, True, "unavailable")] * 3 == answers
    assert [(200, 503)] * 3 == health
    for ref, household in zip(refs, households, strict=True):
        await rough.reaches(ref, "offered")
        await rough.mails_to(household)


async def test_without_the_broker_intake_goes_on_taking_documents_and_the_offers_come_later(rough: Rough) -> None:
    households = [a_household(programme) for programme in EVERY_COUNTRY * 2]
    async with rough.without("kafka"):
        refs = [await asyncio.wait_for(rough.let_in(household), 25) for household in households]
        backlog = (await rough.state("intake"))["outbox"]["backlog"]

    for ref, household in zip(refs, households, strict=True):
        await rough.reaches(ref, "offered")
        await rough.mails_to(household)
    assert 6 == backlog


async def _has_said_all(rough: Rough, service: str) -> bool:
    return not await rough.rows(service, "select 1 from outbox_unpublished limit 1")


async def _notices_wait(rough: Rough, refs: list[str]) -> bool:
    """True when every case has a notice that waits for intake."""
    rows = await rough.rows(
        "notifications", "select reason from notices where case_ref = any($1) and state = 'due'", refs
    )
    return len(refs) == len([row for row in rows if row["reason"] == "intake away"])


async def _tries(rough: Rough, case_ref: str) -> int:
    """How often the mail server was tried in vain."""
    rows = await rough.rows(
        "notifications", "select attempts from notices where case_ref = $1 and state = 'due'", case_ref
    )
    return sum(row["attempts"] for row in rows)


async def _answer(rough: Rough, programme: str) -> tuple[int, bool, str]:
    """What a country is answered: status, whether it is told when to come again, code."""
    system = programme[:2].lower()
    body = FORMATS[system]([a_household(programme)], datetime.now(UTC))
    answer = await post(rough.config, system, body, proven_as=system)
    return answer.status_code, answer.headers["retry-after"].isdecimal(), answer.json()["code"]


async def _health(rough: Rough, service: str) -> tuple[int, int]:
    """Alive and ready, as an orchestrator asks."""
    async with httpx.AsyncClient(
        base_url=rough.config["services"][service], timeout=15, verify=authorities()
    ) as client:
        return (await client.get("/livez")).status_code, (await client.get("/readyz")).status_code


async def _all_ready(rough: Rough) -> bool:
    return [(200, 200)] * 3 == [await _health(rough, service) for service in SERVICES]
