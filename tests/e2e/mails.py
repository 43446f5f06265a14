"""What an e-mail of ours says to people and to their calendars."""

import re
from email.message import EmailMessage
from typing import Any

from icalendar import Calendar


def text_of(mail: EmailMessage) -> str:
    """What people read."""
    return _body_of(mail, "plain")


def html_of(mail: EmailMessage) -> str:
    """The same as a page."""
    return _body_of(mail, "html")


def _body_of(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def code_of(mail: EmailMessage) -> str:
    """The one-time code that it brings."""
    [code] = re.findall(r"\b\d{6}\b", text_of(mail))
    return str(code)


def entry_of(mail: EmailMessage) -> dict[str, Any]:
    """The one event of the calendar entry that the message brings, and what is to be done with it."""
    [part] = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    calendar = Calendar.from_ical(str(part.get_content()))
    [event] = calendar.walk("VEVENT")
    return {**event, "METHOD": calendar["METHOD"]}
