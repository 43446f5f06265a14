"""What the running intake answers, over a real connection, to documents that it cannot take."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from deploy.simulators.sending import FORMATS
from tests.e2e.connection import post
from tests.e2e.households import a_household
from tests.e2e.running import Running, at_rest

OVER_FIVE_MEGABYTES = b"x" * (5 * 1024 * 1024 + 1)
LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&b;</x>'


def _good(system: str) -> bytes:
    programme = {"us": "US-RFA", "mx": "MX-REF", "ca": "CA-RST"}[system]
    return FORMATS[system]([a_household(programme)], datetime.now(UTC))


class Refused(NamedTuple):
    """A document, whose credentials it comes with, and what it must be answered."""

    system: str
    body: bytes
    proven_as: str | None
    status: int
    code: str


REFUSED = {
    "unsigned": Refused("us", _good("us"), None, 401, "unauthenticated"),
    "signed with another secret": Refused("us", _good("us"), "stranger", 401, "unauthenticated"),
    "without a token": Refused("mx", _good("mx"), None, 401, "unauthenticated"),
    "with an unknown token": Refused("ca", _good("ca"), "stranger", 401, "unauthenticated"),
    "with another country's token": Refused("ca", _good("ca"), "mx", 403, "forbidden"),
    "over five megabytes": Refused("mx", OVER_FIVE_MEGABYTES, "mx", 413, "document_too_large"),
    "not UTF-8": Refused("ca", _good("ca").replace(b"Xolo", b"X\xff\xfe"), "ca", 400, "document_unreadable"),
    "with a DTD": Refused("ca", LAUGHS, "ca", 400, "dtd_forbidden"),
    "a cut spreadsheet": Refused("mx", _good("mx").rpartition(b"#TOTAL")[0], "mx", 422, "document_cut"),
    "cut JSON": Refused("us", _good("us")[:-40], "us", 400, "document_unreadable"),
}


@pytest.mark.parametrize("why", REFUSED)
async def test_a_document_that_cannot_be_taken_is_answered_with_a_problem_and_makes_no_case(
    puente: Running, why: str
) -> None:
    system, body, proven_as, status, code = REFUSED[why]
    before = await _cases(puente)

    answer = await post(puente.config, system, body, proven_as=proven_as)

    problem = answer.json()
    assert (status, code) == (answer.status_code, problem["code"])
    assert "application/problem+json" == answer.headers["content-type"]
    assert {"type", "title", "status", "detail", "trace_id"} <= set(problem)
    assert before == await _cases(puente)


async def test_a_body_without_a_declared_length_is_refused_while_it_comes_in(puente: Running) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 1_000_000

    answer = await post(puente.config, "mx", endless(), proven_as="mx")

    assert (413, "document_too_large") == (answer.status_code, answer.json()["code"])


async def test_after_all_these_a_good_document_is_taken(puente: Running) -> None:
    case = await puente.reaches(await puente.let_in(a_household("MX-REF")), "offered")

    await at_rest(puente)
    assert "pending" == case["appointment"]["status"]


async def _cases(puente: Running) -> int:
    return sum(counts["cases"] for counts in (await puente.state("intake"))["counts"].values())
