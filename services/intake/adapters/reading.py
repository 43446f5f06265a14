"""What the three adapters share: reading named fields one by one, so that each that cannot be read becomes a problem.

Assumptions:
- A text that is empty or only white space says nothing, as if its field were absent; text is trimmed and made NFC.
- A date or instant of the right shape that no calendar has (30 February) is `date_invalid`; of another shape, `field_invalid`.
- Words of a list are taken literally, upper or lower case as the format writes them.
- Control characters (also C1) and lone surrogates are `text_invalid` in every text, not only in names: none of them can be
  stored, shown or sent safely. They are never repeated in a detail.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import ClassVar, TypeVar

from services.intake.domain.identifiers import FORMS
from services.intake.domain.results import Contact, Identifier, Problem, Problems
from services.intake.vocabulary import canonical_phone, is_possible_phone

Word = TypeVar("Word")

MAX_BYTES = 5 * 1024 * 1024
"""Largest document. Its check belongs to the API, which need not read more."""

MAX_RESULTS = 5_000
"""Most results of one document."""

MAX_PARTS = 150_000
"""Most rows, objects or elements of one document: three times what one of the largest size and of the shortest real results
has. The smallest ones grow to hundreds of times their bytes when they are read."""

MAX_REVISION = 2**63 - 1
"""Highest revision that a column of the database can hold."""

CODE_LENGTH = 64
"""Longest code, word or tag that leaves intake: nothing of a result may make an event larger than 64 KB."""

TEXT_LENGTH = 320
"""Longest other text that is not a name."""

UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters and lone surrogates."""

SAFE_HOURS = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]-(?:[01][0-9]|2[0-3]):[0-5][0-9]")
ISO_DAY = re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})")
RFC_3339 = re.compile(
    ISO_DAY.pattern + r"[Tt ](?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9]):(?P<second>[0-5][0-9]|60)"
    r"(?:\.(?P<fraction>[0-9]+))?(?:[Zz]|(?P<offset>[+-](?:[01][0-9]|2[0-3]):[0-5][0-9]))"
)


class DocumentRefused(Exception):
    """A document that cannot be read at all: send it again whole, in the agreed format.

    `status` is 400 (not readable), 413 (too large), 415 (wrong kind) or 422 (readable, but not such a document).
    """

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail


def refuse_too_many(count: int) -> None:
    """Raises: DocumentRefused when a document holds more than MAX_RESULTS results."""
    if count > MAX_RESULTS:
        raise DocumentRefused(413, "too_many_results", f"a document holds at most {MAX_RESULTS} results; send several")


def refuse_too_fine(parts: int) -> None:
    """Raises: DocumentRefused when a document consists of more than MAX_PARTS parts."""
    if parts > MAX_PARTS:
        raise DocumentRefused(413, "too_many_parts", f"a document has at most {MAX_PARTS} parts; send several")


def is_blank(text: str) -> bool:
    """Whether a text says nothing; one of control characters says something, and wrongly."""
    return not text.strip() and not UNPRINTABLE.search(text)


class Fields:
    """The named fields of one part of a result.

    Each method gives the value read, or None; unless the field may be absent or was read, a problem is noted. `values` is
    None for a part that is missing itself: nothing of it is read, nothing more is noted.
    """

    DAY: ClassVar[re.Pattern[str]] = ISO_DAY
    INSTANT: ClassVar[re.Pattern[str]] = RFC_3339
    FLAGS: ClassVar[Mapping[str, bool]] = {"true": True, "false": False}

    def __init__(self, values: Mapping[str, object] | None, problems: Problems) -> None:
        self.values = values
        self.problems = problems

    def pointer(self, name: str) -> str:
        """Where the sender finds the field."""
        raise NotImplementedError

    def zone(self) -> tzinfo:
        """The zone of instants that come without an offset."""
        return UTC

    def problem(self, name: str, code: str, detail: str) -> None:
        self.problems.append(Problem(self.pointer(name), code, detail))

    def ill(self, name: str, detail: str) -> None:
        self.problem(name, "field_invalid", detail)

    def take(self, name: str, *, optional: bool = False) -> object | None:
        """The bare value, None when absent or empty."""
        if self.values is None:
            return None
        value = self.values.get(name)
        if value is None or (isinstance(value, str) and is_blank(value)):
            if not optional:
                self.ill(name, "this field is required")
            return None
        return value

    def string(self, name: str, *, optional: bool = False) -> str | None:
        """The text as it was sent, not yet looked at."""
        value = self.take(name, optional=optional)
        if value is None or isinstance(value, str):
            return value
        self.ill(name, "this field is a text")
        return None

    def text(self, name: str, *, optional: bool = False, longest: int | None = TEXT_LENGTH) -> str | None:
        value = self.string(name, optional=optional)
        return None if value is None else self.clean(name, value, longest)

    def clean(self, name: str, value: str, longest: int | None) -> str | None:
        if UNPRINTABLE.search(value):
            self.problem(name, "text_invalid", "a text holds no control characters")
            return None
        kept = unicodedata.normalize("NFC", value.strip())
        if longest is not None and len(kept) > longest:
            self.ill(name, f"this field has at most {longest} characters")
            return None
        return kept

    def code(self, name: str, *, optional: bool = False) -> str | None:
        return self.text(name, optional=optional, longest=CODE_LENGTH)

    def tag(self, name: str) -> str | None:
        """A language tag. A long one is cut between subtags, since a language never blocks. Source: RFC 5646, 4.4.2."""
        tag = self.text(name, longest=None)
        if tag is None or len(tag) <= CODE_LENGTH:
            return tag
        return tag[: CODE_LENGTH + 1].rpartition("-")[0] or tag[:CODE_LENGTH]

    def name(self, name: str) -> str | None:
        """A name, as long as it is and in whatever script; it may be absent."""
        return self.text(name, optional=True, longest=None)

    def need_one(self, *names: str) -> None:
        """Notes a problem when all of these fields are absent."""
        if self.values is not None and all(self.take(name, optional=True) is None for name in names):
            self.ill(names[0], f"at least one of these is required: {', '.join(names)}")

    def prose(self, name: str) -> str | None:
        """Free text, whose lines are joined; it may be absent."""
        value = self.string(name, optional=True)
        return None if value is None else self.clean(name, re.sub(r"[\t\r\n]+", " ", value), None)

    def word(self, name: str, words: Mapping[str, Word], *, optional: bool = False) -> Word | None:
        """What one of the format's words means."""
        value = self.string(name, optional=optional)
        if value is None:
            return None
        if value.strip() not in words:
            self.ill(name, f"this field is one of: {', '.join(words)}")
        return words.get(value.strip())

    def flag(self, name: str) -> bool | None:
        return self.word(name, self.FLAGS)

    def whole(self, name: str) -> int | None:
        """A revision: a whole number from 1."""
        value = self.take(name)
        if isinstance(value, str):
            value = int(value) if re.fullmatch(r"\s*[0-9]{1,19}\s*", value) else value
        return self._revision(name, value)

    def _revision(self, name: str, value: object) -> int | None:
        if value is None:
            return None
        if type(value) is int and 1 <= value <= MAX_REVISION:
            return value
        self.ill(name, f"this field is a whole number from 1 to {MAX_REVISION}")
        return None

    def matched(self, name: str, form: re.Pattern[str], rule: str, *, optional: bool = False) -> re.Match[str] | None:
        value = self.string(name, optional=optional)
        match = None if value is None else form.fullmatch(value.strip())
        if value is not None and match is None:
            self.ill(name, rule)
        return match

    def day(self, name: str) -> date | None:
        match = self.matched(name, self.DAY, "this field is a date as the format writes it")
        return None if match is None else self._real(name, lambda: date(*_numbers(match, "year", "month", "day")))

    def instant(self, name: str) -> datetime | None:
        """The instant in UTC."""
        match = self.matched(name, self.INSTANT, "this field is a date and time as the format writes it")
        return None if match is None else self._real(name, lambda: _instant(match, self.zone()))

    def _real(self, name: str, make: Callable[[], Word]) -> Word | None:
        try:
            return make()
        except (ValueError, OverflowError):
            self.problem(name, "date_invalid", "no calendar has this date")
            return None

    def identifier(self, name: str, kind: str, *, optional: bool = True) -> tuple[Identifier, ...]:
        """The identifier in canonical form, alone in a tuple, or an empty one."""
        value = self.string(name, optional=optional)
        if value is None:
            return ()
        canonical = FORMS[kind].canonical(value)
        if canonical is None:
            self.problem(name, "identifier_invalid", FORMS[kind].rule)
            return ()
        return (Identifier(kind, canonical),)

    def contact(
        self, mobile: str, email: str, locale: str, shared_device: bool | None, safe_hours: str | None
    ) -> Contact:
        """The contact from the fields of these names."""
        number = self.text(mobile, optional=True)
        number = canonical_phone(number) if number else None
        return Contact(
            mobile=number,
            email=self.text(email, optional=True),
            locale=self.code(locale),
            shared_device=shared_device,
            safe_hours=safe_hours,
            mobile_possible=number is None or is_possible_phone(number),
        )

    def safe_hours(self, name: str) -> str | None:
        match = self.matched(name, SAFE_HOURS, "safe hours are HH:MM-HH:MM", optional=True)
        return None if match is None else match[0]


def _numbers(match: re.Match[str], *names: str) -> tuple[int, ...]:
    return tuple(int(match[name]) for name in names)


def _instant(match: re.Match[str], zone: tzinfo) -> datetime:
    parts = match.groupdict()
    micros = int((parts.get("fraction") or "").ljust(6, "0")[:6])
    offset = parts.get("offset")
    if offset:
        zone = timezone(int(offset[0] + "1") * timedelta(hours=int(offset[1:3]), minutes=int(offset[4:])))
    year, month, day, hour, minute = _numbers(match, "year", "month", "day", "hour", "minute")
    second = min(int(parts.get("second") or 0), 59)  # Python knows no leap second
    return datetime(year, month, day, hour, minute, second, micros, tzinfo=zone).astimezone(UTC)
