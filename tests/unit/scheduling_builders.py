"""Desks, interpreters, free time and needs for the pure rules of scheduling."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from services.scheduling.domain.decisions import Held
from services.scheduling.domain.needs import DESK_STEP, Need, Setting
from services.scheduling.domain.places import Resource, Step
from shared.events import AppointmentStatus

DAY = datetime(2026, 12, 1, 14, tzinfo=UTC)


def desk(name: str = "desk 1", *accommodations: str, site: str = "MX-TAP-01") -> Resource:
    return Resource(uuid4(), site, "mx", "desk", name, ("MX-REF",), accommodations=frozenset(accommodations))


def interpreter(
    *languages: str, name: str = "interpreter", site: str = "MX-TAP-01", gives: str = "spoken", is_remote: bool = False
) -> Resource:
    """`gives`: modes and accommodations, separated by blanks."""
    return Resource(
        uuid4(), site, "mx", "interpreter", name, (), frozenset(languages), frozenset(gives.split()), is_remote
    )


def free(
    resource: Resource, count: int, *, start: int = 0, begin: datetime = DAY, units: int = 1
) -> list[tuple[UUID, Step]]:
    return [
        (resource.id, Step(hash((resource.id, n)), begin + n * DESK_STEP, begin.date(), units))
        for n in range(start, start + count)
    ]


def a_need(*accommodations: str, **changes: Any) -> Need:
    """An hour at one desk."""
    usual: dict[str, Any] = {
        "case_ref": "A", "programme": "MX-REF", "kind": "desk", "sites": ("MX-TAP-01",),
        "settings": (Setting(60, 4, 1, frozenset(accommodations)),), "units": 1, "party": 3, "languages": (),
        "interpreter": frozenset(), "earliest": DAY, "latest": date(2027, 1, 1), "deadline_hours": 48,
    }  # fmt: skip
    return Need(**{**usual, **changes})


def speaking(*languages: str, gives: str = "spoken") -> dict[str, Any]:
    """What a need says of its interpreter."""
    return {"languages": languages, "interpreter": frozenset(gives.split())}


def held(**changes: Any) -> Held:
    """An appointment of 150 minutes at one desk."""
    usual: dict[str, Any] = {
        "status": AppointmentStatus.BOOKED, "site": "MX-TAP-01", "programme": "MX-REF", "starts_at": DAY, "local_date": date(2026, 12, 1), "minutes": 150,
        "party": 3, "languages": frozenset(), "desks": 1, "accommodations": frozenset(),
    }  # fmt: skip
    return Held(**{**usual, **changes})
