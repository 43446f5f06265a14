"""US documents: one JSON object or NDJSON, and what is neither."""

import json

import pytest

from services.intake.adapters import us
from services.intake.adapters.reading import DocumentRefused
from tests.unit.intake_builders import judged, problems_of, us_message


def _refusal(body: bytes) -> tuple[int, str]:
    with pytest.raises(DocumentRefused) as refused:
        us.read(body)
    return refused.value.status, refused.value.code


def test_one_object_may_be_spread_over_lines() -> None:
    [reported] = us.read(b"\xef\xbb\xbf" + json.dumps(us_message(), indent=2, ensure_ascii=False).encode())

    assert not reported.problems


def test_a_line_that_cannot_be_read_is_one_quarantined_result() -> None:
    good = json.dumps(us_message()).encode()
    lines = [b'{"messageId": ', b"\xff\xfe", b"", good, b"[]", b"NaN", b"[" * 100_000, b"9" * 5_000, b"{}"]

    reported = us.read(b"\r\n".join(lines))

    assert [f"line {n}" for n in (1, 2, 5, 6, 7, 8)] == [
        each.problems[0].pointer for each in reported if each.problems and each.problems[0].pointer.startswith("line")
    ]
    assert 8 == len(reported)
    assert ["accepted"] == [verdict.receipt for verdict in judged(reported) if verdict.receipt != "quarantined"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" \n ",
        b"hello",
        b'{"messageId": ',
        b'{"messageId": NaN}',
        b'{"messageId": 1e400}{"a": 1}',
        json.dumps(us_message(), indent=1).encode()[:-9],
        json.dumps(us_message()).encode("utf-16"),
        json.dumps(us_message(applicants__0__givenName="José"), ensure_ascii=False).encode("latin-1"),
        b"[" * 100_000,
        b"\0" * 10,
    ],
)
def test_a_document_that_is_not_json_is_refused(body: bytes) -> None:
    assert (400, "document_unreadable") == _refusal(body)


@pytest.mark.parametrize("body", [b"[]", b"[{}]", b'"text"', b"null", b"1"])
def test_json_that_is_no_object_is_refused(body: bytes) -> None:
    assert (422, "document_invalid") == _refusal(body)


def test_more_results_than_a_document_may_hold_are_refused() -> None:
    assert 5_000 == len(us.read(b"{}\n" * 5_000))
    assert (413, "too_many_results") == _refusal(b"{}\n" * 5_001)


def test_of_a_repeated_key_the_last_one_counts() -> None:
    [reported] = us.read(
        json.dumps(us_message())[:-1].encode() + b', "messageId": "x", "sentAt": "2026-11-20T15:04:05Z"}'
    )

    assert [("/messageId", "field_invalid")] == problems_of(reported)
