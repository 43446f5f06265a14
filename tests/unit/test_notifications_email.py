from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from services.notifications.channels.email import Email, MailServer, Refused, as_mime
from tests.unit.notifications_builders import AN_EMAIL

SERVER = MailServer("mail.example", 25, "Puente <no-reply@puente.example>")


def over_the_wire(email: Email) -> EmailMessage:
    parsed = message_from_bytes(bytes(as_mime(email, SERVER)), policy=default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def test_the_parts_stand_in_order_text_html_calendar() -> None:
    mail = over_the_wire(AN_EMAIL)

    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html", "text/calendar"]
    text, _, calendar = mail.iter_parts()
    assert text.get_content().strip() == "Hola, ¿qué tal?"
    assert calendar.get_param("method") == "REQUEST"
    assert calendar.get_payload(decode=True) == AN_EMAIL.calendar.ics  # type: ignore[union-attr]  # set above


def test_a_message_without_a_date_has_no_calendar_part() -> None:
    mail = over_the_wire(replace(AN_EMAIL, calendar=None))

    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


def test_the_headers_say_what_it_is_and_nothing_about_the_case_or_the_trace() -> None:
    mail = over_the_wire(AN_EMAIL)

    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Language"] == "es"
    assert mail["Message-ID"] == "<0b7d8f3e-5f0c-4d8e-9a53-4f1f1f3b2c11@puente.example>"
    assert {name.lower() for name in mail.keys()} == {
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "auto-submitted",
        "content-language",
        "mime-version",
        "content-type",
    }


def test_no_line_is_longer_than_mail_allows() -> None:
    raw = bytes(as_mime(replace(AN_EMAIL, text="palabra " * 500, html="<p>" + "palabra " * 500), SERVER))

    assert max(len(line) for line in raw.split(b"\r\n")) <= 998


@pytest.mark.parametrize(
    "address",
    [
        "a@example.org\r\nBcc: b@example.org",
        "a@example.org\nSubject: x",
        "a@example.org, b@example.org",
        "a@example.org>",
        "<a@example.org",
        "a b@example.org",
        "josé@example.org",
        "nobody",
        "@example.org",
        "",
    ],
)
def test_an_address_that_is_not_one_address_is_refused(address: str) -> None:
    with pytest.raises(Refused):
        as_mime(replace(AN_EMAIL, to=address), SERVER)


def test_a_line_break_in_the_subject_cannot_make_a_header() -> None:
    with pytest.raises(ValueError, match="linefeed or carriage return"):
        as_mime(replace(AN_EMAIL, subject="Cita\r\nBcc: b@example.org"), SERVER)
