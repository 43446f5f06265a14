"""A service's application is made once and lent to one test after the other: making it takes longer than most tests."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from fastapi import FastAPI

from shared.clock import Clock
from shared.db import Database
from shared.service import Service
from shared.settings import ServiceSettings

Told = TypeVar("Told", bound=ServiceSettings)
_idle: list[tuple[Any, ServiceSettings, FastAPI]] = []
"""Who makes it, what it was told apart from its database, and what was made."""


class LentClock:
    """The clock of the test that has the application now."""

    clock: Clock

    def now(self) -> datetime:
        return self.clock.now()


def lend(build: Callable[[Told, Clock], FastAPI], told: Told, database: Database, clock: Clock) -> FastAPI:
    """The application that is told this, on that database, which stays the test's to close. To be given back.

    It keeps nothing from test to test, since all that it knows is in the database; but for lists made once in five
    minutes: whoever looks at those forgets the applications that there are.
    """
    told = told.model_copy(update={"database_url": ""})
    found = next((each for each in reversed(_idle) if each[:2] == (build, told)), None)
    if found:
        _idle.remove(found)
    app = found[2] if found else build(told.model_copy(update={"database_url": database.url}), LentClock())
    service: Service = app.state.service
    assert isinstance(service.clock, LentClock)
    service.clock.clock = clock
    _use(service.database, database)
    return app


def give_back(build: Any, app: FastAPI) -> None:
    """The next test may have it."""
    _idle.append((build, app.state.settings.model_copy(update={"database_url": ""}), app))


def forget() -> None:
    """Who asks next gets a new one."""
    _idle.clear()


def _use(ours: Database, theirs: Database) -> None:
    """The application's own one holds connections to the other's database."""
    ours.url, ours.engine, ours._reading = theirs.url, theirs.engine, theirs._reading
