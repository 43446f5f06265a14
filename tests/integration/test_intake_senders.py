"""Nothing is looked at, and nothing kept, before the sender has proved who it is."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from tests.conftest import MakeDatabase
from tests.intake import SECRETS, Intake
from tests.unit.intake_builders import ca_result, mx_row, ndjson, results, sheet, us_message


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def gate(new_database: MakeDatabase, intake_template: str) -> AsyncIterator[Intake]:
    """One intake for all tests that only ask who may pass."""
    running = Intake(await new_database(intake_template))
    yield running
    await running.close()


@pytest.mark.parametrize("drop", ["webhook-id", "webhook-timestamp", "webhook-signature"])
async def test_an_unsigned_message_is_refused(gate: Intake, drop: str) -> None:
    body = ndjson(us_message())
    headers = gate.proof("us", body)
    del headers[drop]

    before = await gate.count("documents")

    assert 401 == (await gate.send("us", body, headers)).status_code
    assert before == await gate.count("documents")


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "v1,\xe9"},
        {"webhook-signature": "nonsense"},
        {"webhook-id": "msg_2"},
        {"webhook-timestamp": "0"},
        {"webhook-timestamp": "-1"},
        {"webhook-timestamp": "now"},
        {"webhook-timestamp": "9" * 400},
    ],
)
async def test_a_wrongly_signed_message_is_refused(gate: Intake, change: dict[str, str]) -> None:
    body = ndjson(us_message())
    before = await gate.count("documents")

    response = await gate.send("us", body, {**gate.proof("us", body), **change})

    assert (401, "unauthenticated") == (response.status_code, response.json()["code"])
    assert before == await gate.count("documents")


async def test_a_changed_body_is_refused(gate: Intake) -> None:
    body = ndjson(us_message())

    assert 401 == (await gate.send("us", body + b" ", gate.proof("us", body))).status_code


@pytest.mark.parametrize(("seconds", "status"), [(299, 202), (-299, 202), (301, 401), (-301, 401)])
async def test_a_signature_is_good_for_five_minutes(gate: Intake, seconds: int, status: int) -> None:
    body = ndjson(us_message())
    headers = gate.proof("us", body)

    gate.clock.advance(timedelta(seconds=seconds))

    assert status == (await gate.send("us", body, headers)).status_code


@pytest.mark.parametrize(("secret", "status"), [(SECRETS[0], 202), (SECRETS[1], 202), (SECRETS[2], 401)])
async def test_two_secrets_are_valid_at_once(gate: Intake, secret: str, status: int) -> None:
    body = ndjson(us_message())

    assert status == (await gate.send("us", body, gate.proof("us", body, secret))).status_code


async def test_one_of_several_signatures_is_enough(gate: Intake) -> None:
    body = ndjson(us_message())
    headers = gate.proof("us", body)

    headers["webhook-signature"] = f"v1a,xyz v1,AAAA {headers['webhook-signature']}"

    assert 202 == (await gate.send("us", body, headers)).status_code


@pytest.mark.parametrize(
    ("system", "authorization", "status"),
    [
        ("mx", "Bearer mx-token", 202),
        ("mx", "bearer mx-next-token", 202),
        ("mx", "Bearer ca-token", 403),
        ("mx", "Bearer wrong", 401),
        ("mx", "Bearer \xe9", 401),
        ("mx", "Bearer ops-token", 401),
        ("mx", "Basic mx-token", 401),
        ("mx", "Bearer", 401),
        ("mx", "", 401),
        ("ca", "Bearer ca-token", 202),
        ("ca", "Bearer mx-token", 403),
        ("us", "Bearer ca-token", 403),
        ("us", "Bearer wrong", 401),
    ],
)
async def test_a_token_belongs_to_one_system(gate: Intake, system: str, authorization: str, status: int) -> None:
    body = {"us": ndjson(us_message()), "mx": sheet(mx_row()).encode(), "ca": results(ca_result())}[system]
    before = await gate.count("documents")

    response = await gate.send(system, body, {"authorization": authorization})

    assert status == response.status_code
    assert before + (1 if status == 202 else 0) == await gate.count("documents")


async def test_who_sends_is_asked_before_the_document_is_looked_at(gate: Intake) -> None:
    body = b"x" * 6_000_000

    assert 401 == (await gate.send("mx", body, {"content-type": "image/png"})).status_code
    assert 401 == (await gate.send("us", body, {"content-type": "image/png"})).status_code
