"""Programmes, as operations change them: close, pause, reopen. The dry run asks scheduling whom it would concern."""

import json
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import SecretStr

from services.intake.repository import reference
from shared import tracing
from shared.db import UnitOfWork
from shared.events import ProgrammeChanged, ProgrammeStatus
from shared.outbox import Cause
from shared.service import Service
from shared.settings import Role
from shared.web.neighbour import Neighbour, NeighbourAway
from shared.web.problems import Problem
from shared.web.roles import requires


class Change(StrEnum):
    CLOSE = "close"
    PAUSE = "pause"
    REOPEN = "reopen"


STATUS = {
    Change.CLOSE: ProgrammeStatus.CLOSED,
    Change.PAUSE: ProgrammeStatus.PAUSED,
    Change.REOPEN: ProgrammeStatus.OPEN,
}


async def change(uow: UnitOfWork, programme: str, what: Change, *, is_dry_run: bool) -> ProgrammeChanged:
    """The programme after the change; published unless it is a dry run or nothing changes. Raises: Problem 404."""
    known = await reference.lock_programme(uow, programme)
    if known is None:
        raise Problem(404, "programme_unknown", "no programme has this code")
    status = STATUS[what]
    if known.status is status:
        return known
    closes_on = _last_day(known, status, uow.now.date())
    changed = known.model_copy(update={"status": status, "closes_on": closes_on, "version": known.version + 1})
    if not is_dry_run:
        await reference.store_status(uow, changed)
        uow.publish(changed, cause=Cause.first(tracing.current()))
    return changed


def _last_day(known: ProgrammeChanged, status: ProgrammeStatus, today: date) -> date | None:
    """Today when it closes; none when it opens again after that. A pause changes nothing of the day that was planned."""
    if status is ProgrammeStatus.CLOSED:
        return max(today, known.opens_on)
    return None if known.status is ProgrammeStatus.CLOSED else known.closes_on


class Effects:
    """Asks scheduling whom the end of a programme would concern."""

    def __init__(self, scheduling_url: str, token: SecretStr) -> None:
        self._scheduling = Neighbour("scheduling", scheduling_url, token)

    async def of_closing(self, programme: str) -> dict[str, Any]:
        """Raises: Problem 503 when scheduling does not answer."""
        try:
            answer = await self._scheduling.ask(f"/internal/programmes/{programme}/effects")
        except NeighbourAway as away:
            raise Problem(
                503, "scheduling_away", "scheduling does not answer: ask again, nothing was changed"
            ) from away
        effects: dict[str, Any] = json.loads(answer)
        return effects


def router(service: Service, effects: Effects) -> APIRouter:
    """`POST /v1/programmes/{code}/close|pause|reopen`, each with `?dry_run=true`."""
    api = APIRouter(prefix="/v1/programmes", tags=["programmes"])

    @api.post("/{programme}/{what}")
    async def change_programme(
        programme: str, what: Change, role: Annotated[Role, Depends(requires("ops"))], dry_run: bool = False
    ) -> dict[str, Any]:
        changed = await service.run(lambda uow: change(uow, programme, what, is_dry_run=dry_run))
        concerned = await effects.of_closing(changed.programme) if dry_run else None
        return {
            "programme": changed.programme,
            "status": changed.status,
            "version": changed.version,
            "dry_run": dry_run,
            "appointments": _fate(changed),
            "concerned": concerned,
        }

    return api


def _fate(changed: ProgrammeChanged) -> str:
    """What becomes of the appointments: by the programme's own rule when it closes, else they stay."""
    return changed.on_close if changed.status is ProgrammeStatus.CLOSED else "honour"
