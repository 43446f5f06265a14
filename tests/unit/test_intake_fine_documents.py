"""Small documents that would grow to gigabytes when they are read: of too many parts, or with a million problems."""

import json
from collections import Counter
from collections.abc import Callable

import pytest

from services.intake.adapters import ca, mx, us
from services.intake.adapters.reading import MAX_BYTES, MAX_PARTS, DocumentRefused
from services.intake.domain.results import MOST_OF_A_CODE, Reported
from tests.unit.intake_builders import (
    ca_person,
    ca_result,
    judged,
    mx_row,
    ndjson,
    results,
    sheet,
    us_message,
    us_person,
)


def us_parts(count: int) -> bytes:
    return ndjson({"messageId": "1", "applicants": [{}] * (count - 1)})


def mx_parts(count: int) -> bytes:
    header, *_ = sheet(mx_row()).splitlines()
    return "\n".join([header, *["a;;"] * count, f"#TOTAL;{count}"]).encode()


def ca_parts(count: int) -> bytes:
    whole = results("")
    return whole.replace(b"</Elig", b"<Result/>" * (count - whole.count(b"<")) + b"</Elig")


@pytest.mark.parametrize(("read", "parts"), [(us.read, us_parts), (mx.read, mx_parts), (ca.read, ca_parts)])
def test_a_document_of_too_many_parts_is_refused(
    read: Callable[[bytes], list[Reported]], parts: Callable[[int], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.intake.adapters.reading.MAX_PARTS", 50)
    assert read(parts(50))

    with pytest.raises(DocumentRefused) as refusal:
        read(parts(51))

    assert (413, "too_many_parts") == (refusal.value.status, refusal.value.code)


def test_a_document_of_people_has_too_many_bytes_before_it_has_too_many_parts() -> None:
    us_bytes, ca_bytes = json.dumps(us_person()).encode(), ca_person().encode()
    mx_bytes = sheet(mx_row()).splitlines()[1].encode()

    people = [len(us_bytes) / us_bytes.count(b"{"), len(ca_bytes) / ca_bytes.count(b"<"), len(mx_bytes)]

    assert all(bytes_of_a_part * MAX_PARTS > MAX_BYTES for bytes_of_a_part in people)


@pytest.mark.parametrize(
    "reported",
    [
        us.read(ndjson(us_message(applicants=[{}] * 500))),
        mx.read(sheet(mx_row(), *[mx_row(version=str(n), asiste="?") for n in range(500)]).encode()),
        ca.read(results(ca_result().replace("</Result>", "<Person/>" * 500 + "</Result>"))),
    ],
    ids=["us", "mx", "ca"],
)
def test_of_each_code_so_many_problems_are_kept_as_a_receipt_shows(reported: list[Reported]) -> None:
    [verdict] = judged(reported)

    kept = Counter(problem.code for problem in reported[0].problems)
    assert MOST_OF_A_CODE == max(kept.values())
    assert "field_invalid" in verdict.codes
