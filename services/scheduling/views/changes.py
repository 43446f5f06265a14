"""The refusal of a write that saw an old version: what changed since, when and by whom."""

from typing import Any

from services.scheduling.placing.outcomes import ENDED
from services.scheduling.repository import changes
from services.scheduling.repository.known_case import KnownCase
from shared.db import UnitOfWork
from shared.events import Appointment, CaseClosed, OfferExpired
from shared.web.problems import Problem

OF_THE_ENDED = frozenset({OfferExpired.type, *(kind.type for kind in ENDED.values())})
"""Events that speak of the appointment that ended; all others speak of the live one."""


async def check_case_version(uow: UnitOfWork, case: KnownCase, seen: int | None) -> None:
    """Raises: Problem 412 when the locked case changed since it was seen."""
    if seen not in (None, case.version):
        since = [_case_change(row) for row in await changes.of_case(uow, case.case_ref, seen or 0)]
        raise _old("case", case.version, since)


async def check_appointment_version(uow: UnitOfWork, appointment: Appointment, seen: int | None) -> None:
    """Raises: Problem 412 when the appointment of a locked case changed since it was seen."""
    if seen not in (None, appointment.version):
        rows = await changes.of_appointment(uow, appointment.id, seen or 0)
        since = [_change(row, row.acted_by, {"status": row.status, "reason": row.reason}) for row in rows]
        raise _old("appointment", appointment.version, since)


def _old(thing: str, version: int, since: list[dict[str, Any]]) -> Problem:
    detail = f'the {thing} is at version {version}: look at changes, read it again and send If-Match: "{version}"'
    return Problem(412, "version_old", detail, version=version, changes=since)


def _change(row: Any, acted_by: str, what: dict[str, Any]) -> dict[str, Any]:
    return {"version": row.version, "at": row.at.isoformat(), "acted_by": acted_by, "what": what}


def _case_change(row: Any) -> dict[str, Any]:
    """An event as those read it who saw the case before it. Who acted, where it names no appointment: the authority
    closes cases, scheduling lets them wait."""
    said = row.said
    about = said.get("ended" if row.type in OF_THE_ENDED else "appointment") or {}
    what = {
        "type": row.type,
        "status": about.get("status"),
        "reason": about.get("reason") or said.get("waiting") or said.get("closed"),
    }
    without = "authority" if row.type == CaseClosed.type else "scheduling"
    return _change(row, row.said_by or about.get("acted_by", without), what)
