"""Invented households of whom every name, birth date, phone and address is theirs alone, so that it can be searched for."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from deploy.simulators.households import Person, Result

IN_EVERY_NAME = frozenset({"Itzayana", "Xoloitzcuin", "familia.example.org"})
"""Parts of every given name, family name and address that this module makes, whoever sends them."""

_numbers = count(1)


def a_household(programme: str, *, members: int = 1, **changes: Any) -> Result:
    """An eligible household under the programme: one adult, from the second member on children."""
    number = next(_numbers)
    mark = _letters(number)
    today = datetime.now(UTC).date()
    usual: dict[str, Any] = {
        "number": number,
        "revision": 1,
        "outcome": "eligible",
        "programme": programme,
        "decided_on": today - timedelta(days=2),
        "valid_until": today + timedelta(days=80),
        "registered_at": datetime.now(UTC).replace(microsecond=0) - timedelta(days=200),
        "referrer": "un",
        "persons": tuple(_persons(number, mark, members)),
        "language": "es",
        "interpreter": False,
        "phone": f"+50257{number:03}{number * 7 % 1000:03}",
        "email": f"hogar.{mark}@familia.example.org",
        "seed": "e2e",
    }
    return Result(**{**usual, **changes})


def system_of(household: Result) -> str:
    """The country's system that sends it: us, mx or ca."""
    return household.programme[:2].lower()


def what_names(household: Result) -> set[str]:
    """Everything that names someone of the household, in each form that a country sends it in."""
    texts = {household.email, household.phone.removeprefix("+")}
    for person in household.persons:
        texts |= {person.family, person.given, person.born.isoformat(), f"{person.born:%d/%m/%Y}"}
    return texts - {""}


def _persons(number: int, mark: str, members: int) -> Iterator[Person]:
    for place in range(1, members + 1):
        oldest = date(1941, 3, 1) if place == 1 else date(2012, 1, 1)
        yield Person(
            number=place,
            role="principal" if place == 1 else "child",
            given=f"Itzayana{mark}{_letters(place)}",
            family=f"Xoloitzcuin{mark}",
            born=oldest + timedelta(days=number * 29 % 13_000 if place == 1 else number * 3 % 700 + place),
            sex="F",
            apart=False,
        )


def _letters(number: int) -> str:
    """The number in four letters, so that it can stand in a name."""
    return "".join(chr(ord("a") + number // 26**place % 26) for place in (3, 2, 1, 0))
