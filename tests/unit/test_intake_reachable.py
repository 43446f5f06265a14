"""Whom messages reach by what its country gave: nothing is sent but e-mail."""

import pytest

from services.intake.domain.cases import reachable
from services.intake.domain.results import Contact


@pytest.mark.parametrize(
    ("email", "mobile", "is_reached"),
    [
        ("rosa@correo.example", None, True),
        ("rosa@correo.example", "+50258545204", True),
        (None, "+50258545204", False),
        ("", "+50258545204", False),
        (None, None, False),
    ],
)
def test_a_household_is_reached_by_its_e_mail_address_alone(
    email: str | None, mobile: str | None, is_reached: bool
) -> None:
    contact = Contact(mobile, email, "es", shared_device=None, safe_hours=None)

    assert ("yes" if is_reached else "resource_centre") == reachable(contact)
