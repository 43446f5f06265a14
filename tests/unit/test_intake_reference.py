"""What the reference data may say of a programme."""

import pytest

from services.intake.seed import programme_of

ROW = {
    "programme": "MX-REF",
    "system": "MX",
    "closes_on": "",
    "sites": "MX-TAP-01|MX-TIJ-01",
    "base_minutes": "90",
    "per_adult_minutes": "45",
    "per_child_minutes": "10",
    "offer_hours": "12",
}


def test_a_programme_whose_offers_nobody_could_answer_is_refused_by_name() -> None:
    assert programme_of(ROW)["offer_hours"] == 12

    with pytest.raises(ValueError, match="MX-REF: offer_hours is 11: give households 12 hours"):
        programme_of({**ROW, "offer_hours": "11"})
