"""Documents in, receipts, cases and events out: the application on a real database."""

import gzip
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from shared import tracing
from tests.conftest import MakeDatabase
from tests.intake import PATHS, Intake
from tests.unit.intake_builders import SAMPLES, ca_result, mx_row, ndjson, results, sheet, us_message, us_person

EXPECTED = {"us": "us.ndjson", "mx": "mx.csv", "ca": "ca.xml"}
KEPT = ("documents", "deliveries", "results", "revisions", "receipts", "cases", "counts")


@pytest_asyncio.fixture(loop_scope="session")
async def intake(new_database: MakeDatabase, intake_template: str) -> AsyncIterator[Intake]:
    running = Intake(await new_database(intake_template))
    yield running
    await running.close()


async def test_every_sample_becomes_the_case_that_its_sender_expects(intake: Intake) -> None:
    for system, name in EXPECTED.items():
        text = (SAMPLES / f"{system}.expected.ndjson").read_text(encoding="utf-8")
        expected = [json.loads(line) for line in text.splitlines()]

        receipts = await intake.receipts(system, (SAMPLES / name).read_bytes())

        fields = ("index", "id", "revision", "receipt", "codes", "warnings")
        assert [{field: each[field] for field in fields} for each in expected] == [
            {field: each[field] for field in fields} for each in receipts
        ]
        last = {each["case_ref"]: wanted for each, wanted in zip(receipts, expected, strict=True) if "case" in wanted}
        for case_ref, wanted in last.items():
            seen = (await intake.get(f"/v1/cases/{case_ref}")).json()
            assert wanted["case"] == {field: seen[field] for field in wanted["case"]}
            assert (wanted["revision"], wanted["warnings"]) == (seen["revision"], seen["warnings"])
    state = (await intake.get("/ops/state")).json()
    assert {"us": 158, "mx": 120, "ca": 151} == {s: c["results"] for s, c in state["counts"].items()}
    assert await intake.count("cases") == sum(counts["cases"] for counts in state["counts"].values())


async def test_the_answer_is_the_document_of_receipts(intake: Intake) -> None:
    good, bad = us_message(1), us_message(2, determination__id="US-2", applicants__0__aNumber="A1")

    response = await intake.send("us", ndjson(good, bad))

    answer = response.json()
    assert 202 == response.status_code
    assert UUID(answer["batch_id"])
    assert {"accepted": 1, "duplicate": 0, "stale": 0, "quarantined": 1} == answer["counts"]
    accepted, quarantined = answer["receipts"]
    assert [accepted["case_ref"]] == [row.case_ref for row in await intake.rows("select case_ref from cases")]
    assert {
        "index": 1,
        "id": "US-2",
        "revision": 1,
        "receipt": "quarantined",
        "case_ref": None,
        "codes": ["identifier_invalid"],
        "warnings": [],
        "errors": [
            {
                "pointer": "/applicants/0/aNumber",
                "code": "identifier_invalid",
                "detail": "an A-Number has 7 to 9 digits",
            }
        ],
    } == quarantined


async def test_a_duplicate_and_a_stale_result_carry_the_known_reference(intake: Intake) -> None:
    [first] = await intake.receipts("us", ndjson(us_message(1, determination__revision=2)))

    again = await intake.receipts("us", ndjson(us_message(1, determination__revision=2), us_message(2)))

    assert ["duplicate", "stale"] == [each["receipt"] for each in again]
    assert {first["case_ref"]} == {each["case_ref"] for each in again}


async def test_what_is_known_is_known_in_the_next_document_too(intake: Intake) -> None:
    bad = us_message(1, applicants__0__aNumber="A1")
    await intake.receipts("us", ndjson(bad))

    received = await intake.receipts(
        "us", ndjson(us_message(1), us_message(2), us_message(3, interview__urgency="URGENT"))
    )

    assert ["duplicate", "accepted", "quarantined"] == [each["receipt"] for each in received]
    assert ["revision_conflict"] == received[2]["codes"]


async def test_the_same_ids_in_two_countries_are_different_results(intake: Intake) -> None:
    [us] = await intake.receipts("us", ndjson(us_message(determination__id="SAME")))

    [mx] = await intake.receipts("mx", sheet(mx_row(folio="SAME")).encode())

    assert ("accepted", "accepted") == (us["receipt"], mx["receipt"])
    assert us["case_ref"] != mx["case_ref"]


async def test_each_change_of_a_case_is_published_once_whole_and_without_a_name(intake: Intake) -> None:
    messages = [
        us_message(
            1, applicants=[us_person(aNumber="A1234567"), us_person(personId="p2", role="CHILD", attends=False)]
        ),
        us_message(2, determination__revision=2, determination__outcome="WITHDRAWN", determination__reason="MOVED"),
    ]

    receipts = await intake.receipts("us", ndjson(*messages, messages[0]))

    events = await intake.events(receipts[0]["case_ref"])
    assert [(1, "puente.intake.case.eligible.v1"), (2, "puente.intake.case.withdrawn.v1")] == [e[:2] for e in events]
    assert {
        "version": 2,
        "case_ref": receipts[0]["case_ref"],
        "system": "us",
        "state": "withdrawn",
        "reason": "MOVED",
        "revision": 2,
        "programme": "US-RFA",
        "party": {"attendees": 1, "adults": 1, "children": 0, "apart": 0},
        "sites": [],
        "languages": [{"tag": "es", "mode": "spoken", "interpreter": False}],
        "needs": [],
        "urgency": "routine",
        "registered_at": "2026-07-25T22:25:00Z",
        "valid_until": "2027-03-05",
        "referrer": "ngo",
        "reachable": "resource_centre",
        "locale": "es",
    } == events[1][2]
    assert "Zoila" not in json.dumps(events) and "A001234567" not in json.dumps(events)


async def test_the_only_result_of_a_document_belongs_to_its_trace_and_many_have_one_each(intake: Intake) -> None:
    spans: list[Any] = []

    class Kept:
        def on_end(self, span: Any) -> None:
            spans.append(span)

        def shutdown(self) -> None: ...

    tracing.configure("intake", [Kept()])  # type: ignore[list-item]  # only what tracing calls
    try:
        await intake.receipts("us", ndjson(us_message(1)))
        await intake.receipts("us", ndjson(*(us_message(n, determination__id=f"US-{n}") for n in (2, 3))))
    finally:
        tracing.shutdown()

    alone, second, third = [span for span in spans if span.name == "receive result"]
    posts = [span for span in spans if span.name == "POST /v1/systems/us/results"]
    created = [span for span in spans if span.name == "create intake.cases"]
    assert posts[0].context.trace_id == alone.context.trace_id
    assert posts[0].context.span_id == alone.parent.span_id
    assert len({span.context.trace_id for span in (*posts, second, third)}) == 4
    assert [posts[1].context.span_id] * 2 == [span.links[0].context.span_id for span in (second, third)]
    assert [span.context.span_id for span in (alone, second, third)] == [span.parent.span_id for span in created]


async def test_people_contacts_and_documents_are_stored_encrypted(intake: Intake) -> None:
    [receipt] = await intake.receipts("us", ndjson(us_message(contact__email="casa@example.org")))

    case = (await intake.rows("select * from cases"))[0]
    document = (await intake.rows("select * from documents"))[0]
    assert b"Zoila" not in case.result + case.contact + document.raw
    assert b"Zoila" in intake.sealer.open(case.result, f"cases.result:{receipt['case_ref']}")
    assert b"casa@example.org" in intake.sealer.open(case.contact, f"cases.contact:{receipt['case_ref']}")
    assert ndjson(us_message(contact__email="casa@example.org")) == intake.sealer.open(
        document.raw, f"documents.raw:{document.id}"
    )
    stored = await intake.rows(
        "select cases::text || (select string_agg(receipts::text, '') from receipts) as everything from cases"
    )
    assert "Zoila" not in stored[0].everything and "casa@" not in stored[0].everything


@pytest.mark.parametrize(
    ("system", "body", "kind", "status", "code"),
    [
        ("us", b'{"messageId": ', "application/json", 400, "document_unreadable"),
        ("us", b"[]", "application/json", 422, "document_invalid"),
        ("us", b"{}", "text/plain", 415, "content_type_unsupported"),
        ("us", b"{}", "application/json; charset=latin-1", 415, "charset_unsupported"),
        ("us", b"{}\n" * 5_001, "application/x-ndjson", 413, "too_many_results"),
        ("mx", sheet(mx_row(), total=2).encode(), "text/csv", 422, "document_cut"),
        ("mx", sheet(mx_row()).encode(), "text/csv; charset=utf-16", 415, "charset_unsupported"),
        ("mx", sheet(mx_row()).encode(), "application/vnd.ms-excel", 415, "content_type_unsupported"),
        ("ca", b"<!DOCTYPE x><x/>", "application/xml", 400, "dtd_forbidden"),
        ("ca", b"<x/>", "application/xml", 422, "document_invalid"),
        ("ca", results(ca_result()), "application/json", 415, "content_type_unsupported"),
    ],
)
async def test_of_a_document_that_cannot_be_read_only_the_bytes_are_kept(
    intake: Intake, system: str, body: bytes, kind: str, status: int, code: str
) -> None:
    response = await intake.send(system, body, {**intake.proof(system, body), "content-type": kind})

    assert (status, code) == (response.status_code, response.json()["code"])
    assert "application/problem+json" == response.headers["content-type"]
    [document] = await intake.rows("select * from documents")
    assert code == document.refused
    assert body == intake.sealer.open(document.raw, f"documents.raw:{document.id}")
    assert [1, *[0] * 6] == [await intake.count(table) for table in KEPT]


async def test_a_compressed_document_is_refused_and_counted(intake: Intake) -> None:
    body = gzip.compress(sheet(mx_row()).encode())

    response = await intake.send("mx", body, {**intake.proof("mx", body), "content-encoding": "gzip"})

    assert (415, "content_encoding_unsupported") == (response.status_code, response.json()["code"])
    assert ["content_encoding_unsupported"] == [
        row.refused for row in await intake.rows("select refused from documents")
    ]


@pytest.mark.parametrize("encoding", ["gzip", "Deflate", "br", "identity, gzip"])
@pytest.mark.parametrize("system", ["us", "mx", "ca"])
async def test_whatever_encoding_is_named_the_sender_is_told_to_send_it_plain(
    intake: Intake, system: str, encoding: str
) -> None:
    body = {"us": ndjson(us_message()), "mx": sheet(mx_row()).encode(), "ca": results(ca_result())}[system]

    response = await intake.send(system, body, {**intake.proof(system, body), "content-encoding": encoding})

    assert (415, "application/problem+json") == (response.status_code, response.headers["content-type"])
    assert "send the document as it is, without Content-Encoding" == response.json()["detail"]
    assert 0 == await intake.count("cases")


async def test_a_document_that_is_said_to_be_plain_is_taken(intake: Intake) -> None:
    body = sheet(mx_row()).encode()

    response = await intake.send("mx", body, {**intake.proof("mx", body), "content-encoding": "Identity"})

    assert 202 == response.status_code


async def test_a_compressed_document_of_a_stranger_is_refused_for_its_sender_and_not_kept(intake: Intake) -> None:
    response = await intake.send("mx", gzip.compress(b"x"), {"content-encoding": "gzip"})

    assert 401 == response.status_code
    assert 0 == await intake.count("documents")


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/X-NDJSON; charset=UTF-8", "application/json;charset=utf-8"]
)
async def test_json_is_taken_in_whatever_way_it_is_named(intake: Intake, kind: str) -> None:
    body = ndjson(us_message())

    response = await intake.send("us", body, {**intake.proof("us", body), "content-type": kind})

    assert 202 == response.status_code


async def test_the_charset_of_a_spreadsheet_is_the_one_that_it_names(intake: Intake) -> None:
    body = sheet(mx_row(nombres="Zoë")).encode("windows-1252")

    named = {**intake.proof("mx", body), "content-type": "text/csv; charset=utf-8"}

    assert 400 == (await intake.send("mx", body, named)).status_code
    assert 202 == (await intake.send("mx", body)).status_code


async def test_an_empty_document_gets_an_empty_answer(intake: Intake) -> None:
    response = await intake.send("ca", results())

    assert (202, []) == (response.status_code, response.json()["receipts"])


async def test_a_document_over_five_megabytes_is_refused_before_it_is_read(intake: Intake) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 50_000_000:
            sent += 1_000_000
            yield b"x" * 1_000_000

    headers = {"authorization": "Bearer mx-token", "content-type": "text/csv"}
    streamed = await intake.client.post(PATHS["mx"], content=endless(), headers=headers)
    declared = await intake.client.post(PATHS["mx"], content=b"x", headers={**headers, "content-length": "5242881"})

    assert (413, 413) == (streamed.status_code, declared.status_code)
    assert sent < 10_000_000
    assert 0 == await intake.count("documents")
