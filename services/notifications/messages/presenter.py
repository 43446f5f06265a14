"""Formats everything that a message says, so that the templates only place it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from services.notifications.domain.notice import Matter, Notice, is_same_date
from shared.dates import language_names, long_date, time_of_day, utc_offset
from shared.events import Appointment, AppointmentStatus, SiteChanged
from shared.languages import Catalogue, direction_of
from shared.places import in_one_line

PAGE = "my-interview"
"""The portal's page, in each language, that every notice leads to. It is the same for all: nothing in it says whose it is."""


@dataclass(frozen=True)
class Fact:
    """One thing that must be known by heart, such as the date; `line` is both in one. `matters_most` ones stand out."""

    label: str
    value: str
    line: str
    matters_most: bool = False


@dataclass(frozen=True)
class Section:
    """A heading with a short text, and a link when there is somewhere to go."""

    heading: str
    text: str
    link: str | None = None


@dataclass(frozen=True)
class Letter:
    """Everything a message says, in order, ready to be placed."""

    language: str
    subject: str
    greeting: str
    lead: str
    facts: tuple[Fact, ...]
    notes: tuple[str, ...]
    sections: tuple[Section, ...]
    footer: str

    @property
    def direction(self) -> str:
        """In which the message is written, as HTML names it."""
        return direction_of(self.language)


@dataclass(frozen=True)
class Surroundings:
    """What a notice needs to know beside itself: the case's reference, its programme's title when known, every site that
    it mentions, and the portal's address."""

    case_ref: str
    programme: str | None
    sites: Mapping[str, SiteChanged]
    portal_url: str


def present(notice: Notice, around: Surroundings, catalogue: Catalogue) -> Letter:
    """The letter for a notice in the catalogue's language. Raises: KeyError for a site that `around` does not know."""
    return Letter(
        language=catalogue.language,
        subject=catalogue.text("subject"),
        greeting=catalogue.text("greeting"),
        lead=catalogue.text(f"lead.{notice.kind}"),
        facts=_facts(notice, around, catalogue),
        notes=_notes(notice, around, catalogue),
        sections=_sections(notice, around, catalogue),
        footer=catalogue.text("noreply"),
    )


def _facts(notice: Notice, around: Surroundings, catalogue: Catalogue) -> tuple[Fact, ...]:
    facts = [_fact("reference", around.case_ref, catalogue)]
    if around.programme:
        facts.append(_fact("programme", around.programme, catalogue))
    if notice.appointment:
        site = around.sites[notice.appointment.site]
        facts += _when_and_where(notice, notice.appointment, site, catalogue)
        if notice.announces():
            facts += _what_to_prepare(notice.appointment, catalogue)
        if notice.asks() and notice.appointment.deadline:
            deadline = _moment(notice.appointment.deadline, notice.appointment.zone, site.city, catalogue)
            facts.append(_fact("answer_by", deadline, catalogue, matters_most=True))
    if notice.choice:
        before = long_date(notice.choice.before, catalogue.language)
        facts.append(_fact("choose_before", before, catalogue, matters_most=True))
    return tuple(facts)


def _fact(name: str, value: str, catalogue: Catalogue, *, matters_most: bool = False) -> Fact:
    label = catalogue.text(f"fact.{name}")
    return Fact(label, value, catalogue.text("fact.line", label=label, value=value), matters_most)


def _when_and_where(notice: Notice, appointment: Appointment, site: SiteChanged, catalogue: Catalogue) -> list[Fact]:
    wall_time = datetime.fromisoformat(appointment.wall_time)
    time_with_city = catalogue.text(
        "value.time",
        time=time_of_day(wall_time.time(), catalogue.language),
        city=site.city,
        offset=utc_offset(wall_time, appointment.starts_at),
    )
    return [
        _fact("date", long_date(wall_time.date(), catalogue.language), catalogue, matters_most=True),
        _fact("time", time_with_city, catalogue, matters_most=True),
        _fact("place", _place(site), catalogue, matters_most=notice.former_place is not None),
    ]


def _what_to_prepare(appointment: Appointment, catalogue: Catalogue) -> list[Fact]:
    people = str(appointment.party)
    if appointment.party > 1:
        people = catalogue.text("value.people", count=people)
    facts = [_fact("people", people, catalogue)]
    if appointment.interpreter:
        names = language_names(appointment.interpreter, catalogue.language)
        facts.append(_fact("interpreter", names, catalogue))
    return [*facts, _fact("bring", catalogue.text("value.bring"), catalogue)]


def _notes(notice: Notice, around: Surroundings, catalogue: Catalogue) -> tuple[str, ...]:
    notes: list[str] = []
    if notice.matter is Matter.END and notice.appointment and not notice.closed:
        notes += _reason(notice.appointment, catalogue)
    if notice.earlier:
        notes += _earlier(notice, notice.earlier, around, catalogue)
    if notice.former_place and notice.appointment:
        notes += _former_place(notice, notice.former_place, around.sites[notice.appointment.site], catalogue)
    if notice.answered and notice.matter is not Matter.ANSWER:
        notes.append(catalogue.text("note.adjustment_answered"))
    if notice.asks() and notice.appointment and notice.appointment.deadline:
        notes.append(catalogue.text("note.hold"))
    if notice.announces() and not notice.asks():
        notes.append(catalogue.text("note.cannot_come"))
    if not notice.announces():
        notes.append(_what_comes_next(notice, catalogue))
    if notice.choice:
        notes.append(catalogue.text("note.choose", date=long_date(notice.choice.latest, catalogue.language)))
    if notice.announces() and notice.appointment and around.sites[notice.appointment.site].illustrative:
        notes.append(catalogue.text("note.illustrative"))
    return tuple(notes)


def _reason(appointment: Appointment, catalogue: Catalogue) -> list[str]:
    """Why it ended, when there is a sentence for it; others stay unsaid, since others may read the message too. Of a case that
    is closed it stays unsaid as well: one that its country withdrew ends as `applicant-request`, which it may not have been."""
    key = f"reason.{appointment.reason}"
    return [catalogue.text(key)] if catalogue.has(key) else []


def _what_comes_next(notice: Notice, catalogue: Catalogue) -> str:
    """What a household without a date can expect. A reason without a sentence of its own means: on the list.

    Why its case is closed is not said: others may read the message, and the authority must explain its decision itself.
    """
    if notice.closed:
        return catalogue.text("note.closed")
    if notice.waiting is None:
        return catalogue.text("note.no_date")
    key = f"waiting.{notice.waiting}"
    return catalogue.text(key if catalogue.has(key) else "note.on_the_list")


def _earlier(notice: Notice, earlier: Appointment, around: Surroundings, catalogue: Catalogue) -> list[str]:
    """That another date no longer holds, or that the same hour on the same clock is another instant than it was; how many must
    come now; and that a letter which was printed before is not valid any more."""
    city, now = around.sites[earlier.site].city, notice.appointment
    told = _moment_at(datetime.fromisoformat(earlier.wall_time), earlier.starts_at, city, catalogue)
    if now is None or not notice.announces():
        return [catalogue.text("note.earlier_too", moment=told)]
    notes = []
    if not notice.is_about_one_appointment and not is_same_date(earlier, now):
        notes.append(catalogue.text("note.earlier", moment=told))
    elif now.starts_at != earlier.starts_at:
        before, after = (utc_offset(datetime.fromisoformat(each.wall_time), each.starts_at) for each in (earlier, now))
        notes.append(catalogue.text("note.clock", city=city, before=before, after=after))
    if now.party != earlier.party:
        notes.append(catalogue.text("note.party", now=str(now.party), before=str(earlier.party)))
    if now.status is earlier.status is AppointmentStatus.BOOKED:
        notes.append(catalogue.text("note.letter"))
    return notes


def _former_place(notice: Notice, former: str, site: SiteChanged, catalogue: Catalogue) -> list[str]:
    """Where its date is now and was before, and that a letter which was printed before names that. Nothing of a place that went
    back to where it was meanwhile."""
    place = _place(site)
    if place == former:
        return []
    notes = [catalogue.text("note.place", now=place, before=former)]
    if notice.appointment and notice.appointment.status is AppointmentStatus.BOOKED and not notice.earlier:
        notes += [catalogue.text("note.letter_place")] if notice.matter in (Matter.PLACE, Matter.ANSWER) else []
    return notes


def _place(site: SiteChanged) -> str:
    return in_one_line(site.name, site.address, site.city)


def _sections(notice: Notice, around: Surroundings, catalogue: Catalogue) -> tuple[Section, ...]:
    is_news = notice.announces() and notice.matter is not Matter.ANSWER
    how = "answer" if notice.asks() else "change" if is_news else "look"
    portal = around.portal_url.rstrip("/") + "/"
    page = f"{portal}{catalogue.language}/{PAGE}"
    return (
        Section(catalogue.text(f"how.{how}.heading"), catalogue.text(f"how.{how}.text"), page),
        Section(catalogue.text("free.heading"), catalogue.text("free.text")),
        Section(catalogue.text("verify.heading"), catalogue.text("verify.text", address=portal)),
    )


def _moment(instant: datetime, zone: str, city: str, catalogue: Catalogue) -> str:
    return _moment_at(instant.astimezone(ZoneInfo(zone)), instant, city, catalogue)


def _moment_at(wall_time: datetime, instant: datetime, city: str, catalogue: Catalogue) -> str:
    """As it was derived: today's zone data may give the same instant another hour."""
    return catalogue.text(
        "value.moment",
        date=long_date(wall_time.date(), catalogue.language),
        time=time_of_day(wall_time.time(), catalogue.language),
        city=city,
        offset=utc_offset(wall_time, instant.astimezone(UTC)),
    )
