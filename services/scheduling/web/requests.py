"""What a household asked the staff of its site to arrange, and what they said, in the words of a language."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.scheduling.domain.own_needs import INTERPRETER
from services.scheduling.web.presented import moment
from shared.dates import language_name, listed
from shared.languages import Catalogue


@dataclass(frozen=True, slots=True)
class Asked:
    """One request about the household's date. `answer` None: it is open, and due at `due_at`."""

    needs: tuple[str, ...]
    due_at: datetime
    answer: str | None = None

    @classmethod
    def of(cls, rows: Iterable[Any]) -> "tuple[Asked, ...]":
        return tuple(cls(tuple(row.needs), row.due_at, row.answer) for row in rows)


def named(codes: Sequence[str], catalogue: Catalogue) -> str:
    """The things that are asked for, as a list in a sentence."""
    return listed([_name(code, catalogue) for code in codes], catalogue.language)


def _name(code: str, catalogue: Catalogue) -> str:
    if code.startswith(INTERPRETER):
        name = language_name(code.removeprefix(INTERPRETER), catalogue.language)
        return catalogue.text("need.interpreter", language=name)
    return catalogue.text(f"need.short.{code}")


def sentence_of(asked: Asked, zone: str, city: str, catalogue: Catalogue, now: datetime) -> str:
    """How it stands with a request."""
    until = moment(asked.due_at, zone, city, catalogue)
    key = {"arranged": "arranged", "not-possible": "not_possible"}.get(asked.answer or "")
    key = key or ("open" if now <= asked.due_at else "overdue")
    return catalogue.text(f"request.{key}", needs=named(asked.needs, catalogue), deadline=until)
