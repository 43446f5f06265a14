"""Whatever comes in, an adapter gives a list or refuses the document, and judging gives a receipt for each of the list."""

import json
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.intake.adapters import ca, mx, us
from services.intake.adapters.canonical import canonical
from services.intake.adapters.reading import DocumentRefused
from services.intake.domain.receipts import RECEIPTS
from services.intake.domain.results import Reported
from tests.unit.intake_builders import (
    ca_result,
    change,
    judged,
    mx_row,
    ndjson,
    results,
    sheet,
    us_message,
)

SEEDS = {
    "us": ndjson(us_message(1), us_message(2)),
    "mx": sheet(mx_row(), mx_row(folio="MX-2")).encode("windows-1252"),
    "ca": results(ca_result(), ca_result(id="CA-2")),
}
ANY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _judge(read: Callable[[], list[Reported]]) -> None:
    try:
        results = read()
    except DocumentRefused as refused:
        assert refused.status in (400, 413, 415, 422)
        return
    verdicts = judged(results)
    assert len(results) == len(verdicts)
    for reported, verdict in zip(results, verdicts, strict=True):
        assert verdict.receipt in RECEIPTS
        assert bool(verdict.codes) == (verdict.receipt == "quarantined")
        json.dumps([problem.detail + problem.pointer for problem in verdict.problems]).encode()
        assert "\0" not in (reported.result_id or "")
        if verdict.receipt == "accepted":
            assert b"\\u0000" not in canonical(reported).model_dump_json().encode()


@pytest.mark.parametrize("system", ["us", "mx", "ca"])
@given(body=st.binary(max_size=300))
@ANY
def test_any_bytes_are_read_or_refused(system: str, body: bytes) -> None:
    _judge(lambda: {"us": us.read, "mx": mx.read, "ca": ca.read}[system](body))


@pytest.mark.parametrize("system", ["us", "mx", "ca"])
@given(data=st.data())
@ANY
def test_any_damage_to_a_good_document_is_read_or_refused(system: str, data: st.DataObject) -> None:
    body = bytearray(SEEDS[system])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
        if not body:
            break

    _judge(lambda: {"us": us.read, "mx": mx.read, "ca": ca.read}[system](bytes(body)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
PATHS = [
    *("messageId", "sentAt", "determination", "case", "applicants", "contact", "interview"),
    *("determination__id", "determination__revision", "determination__decidedOn", "determination__reason"),
    *("case__registeredAt", "case__referredBy", "case__receiptNumber", "applicants__0", "applicants__0__dateOfBirth"),
    *(
        "applicants__0__languages",
        "applicants__0__languages__0",
        "applicants__0__passportMrz",
        "applicants__0__familyName",
    ),
    *("contact__mobile", "contact__email", "contact__locale", "interview__sites", "determination__programCode"),
]


@given(path=st.sampled_from(PATHS), value=JSON)
@ANY
def test_any_value_in_any_field_of_a_message_gets_a_receipt(path: str, value: object) -> None:
    message = us_message()
    change(message, path.split("__"), value)

    _judge(lambda: us.read(json.dumps(message).encode()))


@given(column=st.sampled_from(mx.COLUMNS), value=st.text(max_size=12))
@ANY
def test_any_text_in_any_cell_gets_a_receipt(column: str, value: str) -> None:
    text = sheet(mx_row(**{column: value}))

    _judge(lambda: mx.read(text.encode("utf-8", "replace")))
