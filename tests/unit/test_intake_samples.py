import json

import pytest

from services.intake.adapters.canonical import canonical
from services.intake.domain.cases import party_size
from services.intake.domain.judge import Verdict
from services.intake.domain.results import Reported, content_digest
from tests.unit.intake_builders import READ, SAMPLES, ca_result, judged, mx_row, ndjson, results, sheet, us_message

DOCUMENTS = {"us": "us.ndjson", "mx": "mx.csv", "ca": "ca.xml"}


def _seen(index: int, reported: Reported, verdict: Verdict) -> dict[str, object]:
    seen: dict[str, object] = {
        "index": index,
        "id": reported.result_id,
        "revision": reported.revision,
        "receipt": verdict.receipt,
        "codes": list(verdict.codes),
        "warnings": list(verdict.warnings),
    }
    if verdict.receipt == "accepted":
        result = canonical(reported)
        seen["case"] = {
            "programme": result.programme,
            "state": verdict.state,
            "party": party_size(reported).attendees,
            "urgency": result.urgency,
            "registered_at": result.registered_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
    return seen


@pytest.mark.parametrize("system", ["us", "mx", "ca"])
def test_every_sample_becomes_what_its_sender_expects(system: str) -> None:
    lines = (SAMPLES / f"{system}.expected.ndjson").read_text(encoding="utf-8").splitlines()
    expected = [json.loads(line) for line in lines]

    reported = READ[system]((SAMPLES / DOCUMENTS[system]).read_bytes())
    seen = [_seen(at, *pair) for at, pair in enumerate(zip(reported, judged(reported), strict=True))]

    assert expected == seen


@pytest.mark.parametrize("system", ["us", "mx", "ca"])
def test_the_same_samples_again_are_all_known_or_as_bad_as_before(system: str) -> None:
    reported = READ[system]((SAMPLES / DOCUMENTS[system]).read_bytes())

    first, again = judged(reported), judged(reported + reported)[len(reported) :]

    for before, after in zip(first, again, strict=True):
        if system == "us" or before.receipt != "quarantined":
            assert after.receipt == "duplicate"
        else:
            assert before == after


@pytest.mark.parametrize(
    ("system", "body", "digest"),
    [
        ("us", ndjson(us_message()), "5386e5e96275eb8337643f420f9ef9af4b3104d1b7b346b5bb7931fdb9649582"),
        ("mx", sheet(mx_row()).encode(), "422dcdd0c7c680ccf16da480ba23f3f43763d5c66a93335346e09df33e1d2b6a"),
        ("ca", results(ca_result()), "ef6349246f408ddc618c4561d9306aea58eef84c068edb544cc63387f89ebe72"),
    ],
)
def test_a_digest_stays_the_same_from_release_to_release(system: str, body: bytes, digest: str) -> None:
    """Otherwise every result that is sent again after an upgrade becomes a conflict."""
    [reported] = READ[system](body)

    assert digest == content_digest(reported).hex()
