"""Writes the whole e-mail of a notice or of a code."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import SecretStr

from services.notifications.channels.email import Email
from services.notifications.domain.notice import Notice
from services.notifications.messages.calendar_entry import CalendarEntry, EntryIdentity, calendar_entry
from services.notifications.messages.codes import present_code, present_contact_code, present_contact_warning
from services.notifications.messages.presenter import Letter, Surroundings, present
from services.notifications.messages.render import render_html, render_text
from shared.languages import Catalogue, choose_catalogue


@dataclass(frozen=True, repr=False)
class Envelope:
    """To whom it goes and as what; never shown, since the address names a person."""

    notice_id: UUID
    to: str
    calendar_uid: UUID
    sequence: int


@dataclass(frozen=True)
class Writer:
    """The languages that we have. `mail_address` is the bare address that mail comes from."""

    catalogues: Mapping[str, Catalogue]
    mail_address: str

    def language_for(self, locale: str) -> str:
        """The language that a household with this locale is written to in."""
        return choose_catalogue(locale, self.catalogues).language

    def write(self, notice: Notice, around: Surroundings, envelope: Envelope, *, language: str, now: datetime) -> Email:
        """The e-mail, ready to be sent. Raises: KeyError for a site that `around` does not know."""
        catalogue = self.catalogues[language]
        letter = present(notice, around, catalogue)
        entry = None
        if notice.appointment:
            identity = EntryIdentity(envelope.calendar_uid, envelope.sequence, self.mail_address)
            site = around.sites[notice.appointment.site]
            entry = calendar_entry(notice, identity, site=site, catalogue=catalogue, now=now)
        return _email(letter, envelope.notice_id, envelope.to, calendar=entry, now=now)

    def write_code(self, id: UUID, to: str, code: SecretStr, *, language: str, now: datetime) -> Email:
        """The e-mail that brings a one-time code, ready to be sent under this id."""
        letter = present_code(code.get_secret_value(), self.catalogues[language])
        return _email(letter, id, to, calendar=None, now=now)

    def write_about_contact(self, id: UUID, to: str, code: SecretStr | None, *, language: str, now: datetime) -> Email:
        """The e-mail that brings the code for a new address, or without one says that the address is no contact any more."""
        catalogue = self.catalogues[language]
        letter = (
            present_contact_code(code.get_secret_value(), catalogue) if code else present_contact_warning(catalogue)
        )
        return _email(letter, id, to, calendar=None, now=now)


def _email(letter: Letter, id: UUID, to: str, *, calendar: CalendarEntry | None, now: datetime) -> Email:
    return Email(
        notice_id=id,
        to=to,
        language=letter.language,
        subject=letter.subject,
        text=render_text(letter),
        html=render_html(letter),
        calendar=calendar,
        written_at=now,
    )
