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
        ("us", ndjson(us_message()), "2dc4123688bcd07f9eb9d13810c910f2dd165bd36700422a9a6435b8794902c4"),
        ("mx", sheet(mx_row()).encode(), "ff02b0ffa0c49c3ff73edd27852203cf85af1f1c43455b3ddd3dc65882599ce9"),
        ("ca", results(ca_result()), "16ff2dde5914cfb67c6b77e3500340993484ab19605221baee95f59262634f01"),
    ],
)
def test_a_digest_stays_the_same_from_release_to_release(system: str, body: bytes, digest: str) -> None:
    """Otherwise every result that is sent again after an upgrade becomes a conflict."""
    [reported] = READ[system](body)

    assert digest == content_digest(reported).hex()
