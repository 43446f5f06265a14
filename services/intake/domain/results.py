"""An eligibility result as one country's system reported it: every value in our words, None where it could not be read."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from functools import cache
from hashlib import sha256
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a result: where its sender finds it, a stable code, and a sentence that never repeats the value."""

    pointer: str
    code: str
    detail: str


MOST_OF_A_CODE = 100
"""Problems that are kept of one code: a receipt shows no more (domain/receipts.py), and a small file could have a million."""


class Problems:
    """The problems of one result in the order in which they are found, of each code the first ones alone."""

    def __init__(self, problems: Iterable[Problem] = ()) -> None:
        self._kept: list[Problem] = []
        self._of_code: Counter[str] = Counter()
        self.extend(problems)

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._kept)

    def append(self, problem: Problem) -> None:
        self._of_code[problem.code] += 1
        if self._of_code[problem.code] <= MOST_OF_A_CODE:
            self._kept.append(problem)

    def extend(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            self.append(problem)


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier in canonical form. Kinds: `domain/identifiers.py`."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Language:
    """A language of one person. `known`: its primary subtag is in the IANA registry."""

    tag: str | None
    mode: str | None
    interpreter: bool | None
    known: bool = True


@dataclass(frozen=True, slots=True)
class Person:
    """One member of the household. `role` is `principal`, `spouse`, `child`, `parent`, `sibling` or `other`; `sex` `F`, `M` or `X`."""

    person_id: str | None = None
    role: str | None = None
    born_on: date | None = None
    sex: str | None = None
    family_name: str | None = None
    second_family_name: str | None = None
    given_name: str | None = None
    attends: bool | None = None
    apart: bool | None = None
    identifiers: tuple[Identifier, ...] = ()
    languages: tuple[Language, ...] = ()
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Contact:
    """How to reach the household. `safe_hours` is `HH:MM-HH:MM` local to the person; `mobile_possible`: it can be a number."""

    mobile: str | None
    email: str | None
    locale: str | None
    shared_device: bool | None
    safe_hours: str | None
    mobile_possible: bool = True


@dataclass(frozen=True, slots=True)
class Referrer:
    """Who referred the household: `government`, `un`, `ngo`, `employer`, `sponsor` or `self`; a Mexican sheet has no code."""

    kind: str | None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Pointers:
    """Where the sender finds what is judged only when the whole result has been read."""

    revision: str = ""
    programme: str = ""
    decided_on: str = ""
    valid_until: str = ""
    household: str = ""
    births: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reported:
    """One result of a document. `persons` is None when there was no list of persons to read, `()` when it was empty.

    `outcome` is `eligible`, `ineligible`, `review` or `withdrawn`, `urgency` `routine` or `urgent`, `registered_at` an
    instant in UTC. `delivery_id` is the sender's id of the delivery, where it has one. `sites` empty: any of the programme's.
    `missing_for_programme` are problems only if the programme is known and the system's own.
    """

    system: str
    result_id: str | None = None
    revision: int | None = None
    delivery_id: str | None = None
    outcome: str | None = None
    programme: str | None = None
    decided_on: date | None = None
    valid_until: date | None = None
    reason: str | None = None
    registered_at: datetime | None = None
    referred_by: Referrer | None = None
    identifiers: tuple[Identifier, ...] = ()
    persons: tuple[Person, ...] | None = None
    contact: Contact | None = None
    admin_area: str | None = None
    sites: tuple[str, ...] = ()
    urgency: str | None = None
    problems: tuple[Problem, ...] = ()
    missing_for_programme: tuple[Problem, ...] = ()
    pointers: Pointers = Pointers()


NOT_CONTENT = frozenset({"delivery_id", "pointers", "problems", "missing_for_programme", "known", "mobile_possible"})
"""Fields that may differ between two deliveries of the same content: ids of the delivery, positions in the document,
and what depends on the version of a registry. Source: docs/formats.md, "What must become of a result"."""


def content_digest(reported: Reported) -> bytes:
    """32 bytes that are equal for results with the same values once read, whatever their bytes and white space.

    Empty fields do not count, so that a field added later changes no digest. A result that could not be read whole
    never equals one that could.
    """
    content = _plain(reported)
    content["unread"] = sorted(problem.code for problem in reported.problems)
    return sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).digest()


def _plain(value: Any) -> Any:
    if isinstance(value, str | bool | int):
        return value
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if is_dataclass(value) and not isinstance(value, type):
        named = ((name, getattr(value, name)) for name in _content_fields(type(value)))
        return {name: _plain(each) for name, each in named if each is not None and each != ()}
    return value.isoformat()


@cache
def _content_fields(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind) if field.name not in NOT_CONTENT)
