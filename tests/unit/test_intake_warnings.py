"""Warnings: given for accepted results only, each once; they never block."""

import pytest

from services.intake.adapters import us
from tests.unit.intake_builders import judge_us, judged, ndjson, us_message


def test_an_unknown_language_is_a_warning() -> None:
    languages = [{"tag": "zz-Xx", "mode": "spoken", "interpreter": True}]

    [verdict] = judge_us(us_message(applicants__0__languages=languages * 2, contact__locale="zz"))

    assert ("accepted", ("language_unknown",)) == (verdict.receipt, verdict.warnings)


@pytest.mark.parametrize("tag", ["und", "mam", "kek", "quc", "zh-Hans", "ES-419", "qaa-x-ours"])
def test_a_language_of_the_registry_gives_no_warning(tag: str) -> None:
    [verdict] = judge_us(us_message(applicants__0__languages=[{"tag": tag, "mode": "signed", "interpreter": False}]))

    assert ("accepted", ()) == (verdict.receipt, verdict.warnings)


@pytest.mark.parametrize(
    ("tag", "kept", "warnings"),
    [
        ("es" + "-variants" * 9, "es" + "-variants" * 6, ()),
        ("zz" + "-variants" * 9, "zz" + "-variants" * 6, ("language_unknown",)),
        ("x" * 65, "x" * 64, ("language_unknown",)),
    ],
)
def test_a_language_tag_that_is_too_long_is_cut_and_never_blocks(
    tag: str, kept: str, warnings: tuple[str, ...]
) -> None:
    language = {"tag": tag, "mode": "spoken", "interpreter": True}
    [reported] = us.read(ndjson(us_message(applicants__0__languages=[language])))

    [verdict] = judged([reported])

    assert ("accepted", warnings) == (verdict.receipt, verdict.warnings)
    assert reported.persons and kept == reported.persons[0].languages[0].tag


def test_the_locale_of_the_contact_gives_no_warning() -> None:
    [verdict] = judge_us(us_message(contact__locale="zz"))

    assert ("accepted", ()) == (verdict.receipt, verdict.warnings)


@pytest.mark.parametrize(
    ("mobile", "email", "warnings"),
    [
        (None, None, ("no_contact",)),
        ("", " ", ("no_contact",)),
        ("+50258545204", None, ()),
        (None, "casa@example.org", ()),
        ("12345", None, ("phone_invalid",)),
        ("+1555", "casa@example.org", ("phone_invalid",)),
        ("+5219612345678", None, ()),
        ("+52 1 (961) 234-5678", None, ()),
    ],
)
def test_a_contact_gives_the_warnings_it_deserves(
    mobile: str | None, email: str | None, warnings: tuple[str, ...]
) -> None:
    [verdict] = judge_us(us_message(contact__mobile=mobile, contact__email=email))

    assert ("accepted", warnings) == (verdict.receipt, verdict.warnings)


def test_only_accepted_results_get_warnings() -> None:
    good = us_message(1, contact__mobile=None)
    bad = us_message(2, contact__mobile=None, determination__id="US-2", determination__programCode="US-ZZZ")

    verdicts = judge_us(good, good, bad)

    assert [("no_contact",), (), ()] == [verdict.warnings for verdict in verdicts]
