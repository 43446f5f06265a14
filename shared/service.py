"""How the parts of a service are put together and run: web application, consumer, relay, ticks, watchdog."""

import asyncio
import gc
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import structlog
import uvicorn
from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from shared import logs, ops, ops_parked, spans, tracing
from shared.clock import Clock, SystemClock, use_packaged_zone_data
from shared.clockwork import Clockwork, Tick
from shared.crypto import Sealer
from shared.db import Database, UnitOfWork
from shared.heartbeat import Heartbeat
from shared.kafka import parked
from shared.kafka.batch import BatchRunner, Handler
from shared.kafka.consumer import Consumer
from shared.kafka.log_ends import LogEnds
from shared.kafka.missed import ask_nobody
from shared.kafka.relay import Relay
from shared.outbox_retention import forget_old_rows
from shared.set_aside import SetAside
from shared.settings import ServiceSettings
from shared.web import openapi, problems
from shared.web.guarded import Guarded
from shared.web.impatient import Impatient
from shared.web.neighbour import Neighbour
from shared.web.traced import Traced

T = TypeVar("T")
log = structlog.get_logger()

WATCHDOG_SECONDS = 60
LOOK_SECONDS = 5


@dataclass
class Service:
    """One service's running parts."""

    name: str
    settings: ServiceSettings
    handlers: Mapping[str, Handler] = field(default_factory=dict)
    clock: Clock = field(default_factory=SystemClock)
    neighbours: Mapping[str, str] = field(default_factory=dict)
    """Where those are whose topics it consumes, by the name that their topics begin with."""

    def __post_init__(self) -> None:
        self.database = Database(self.settings.database_url)
        self.sealer = Sealer(self.settings.data_key.get_secret_value())
        self.aside = SetAside(self.clock)
        self.topics = list(self.handlers)
        group = f"puente-{self.name}"
        runners = [
            BatchRunner(topic, handler, group=group, database=self.database, sealer=self.sealer, clock=self.clock)
            for topic, handler in self.handlers.items()
        ]
        self.relay = Relay(self.database, self.settings.kafka, service=self.name, clock=self.clock)
        self.ends = LogEnds(self.settings.kafka, self.topics, self.database, self.clock)
        self.consumer: Consumer | None = None
        if runners:
            self.consumer = Consumer(
                self.settings.kafka,
                group,
                runners,
                database=self.database,
                clock=self.clock,
                say_again=self.have_said_again,
            )

    async def run(self, work: Callable[[UnitOfWork], Awaitable[T]], *, reads: bool = False) -> T:
        """The result of one request or job that begins now, as `Database.run` says."""
        return await self.database.run(self.clock.now(), work, reads=reads)

    async def run_long(self, work: Callable[[UnitOfWork], Awaitable[T]]) -> T:
        """The result of a job that begins now and reads whole tables, as `Database.run_long` says."""
        return await self.database.run_long(self.clock.now(), work)

    async def have_said_again(self, topic: str) -> None:
        """Has the newest of every stream of a neighbour's topic published again. Raises: NeighbourAway."""
        name = topic.partition(".")[0]
        if name not in self.neighbours:
            return await ask_nobody(topic)
        neighbour = Neighbour(name, self.neighbours[name], self.settings.tokens["service"])
        await neighbour.ask(f"/ops/say-again?topic={topic}", {})

    def lag_of(self, topic: str, now: datetime) -> tuple[int, float]:
        """Events of a topic not yet handled, and how many seconds the oldest of them has waited at least."""
        lag, since = self.ends.lag_of(topic)
        return lag, (now - since).total_seconds() if since else 0.0

    def stopped_reason(self, topic: str) -> str | None:
        """Why a topic's consumer stands still on purpose, or None."""
        return self.consumer.topics[topic].stopped if self.consumer else None

    async def watch(self) -> None:
        """Ends the process when events of a topic wait and it did not move for a minute, while broker and database answer.

        A client that stopped silently (aiokafka #625, #712, #1037) is cured only by a new process. A batch that fails slowly
        is not: a new process would look for the event at fault from the beginning, and never find it in time.
        """
        still_since = dict.fromkeys(self.topics, time.monotonic())
        while self.consumer:
            await asyncio.sleep(LOOK_SECONDS)
            well = self.ends.answers and await self.database.answers() and not self.consumer.tries_slowly()
            for topic, progress in self.consumer.topics.items():
                waits = self.ends.lag_of(topic)[0] > 0 and not progress.stopped
                if not (well and waits) or progress.last_progress > still_since[topic]:
                    still_since[topic] = time.monotonic()
                elif time.monotonic() - still_since[topic] > WATCHDOG_SECONDS:
                    log.critical("watchdog.ends_process", topic=topic)
                    os.kill(os.getpid(), signal.SIGTERM)
                    return


class _Application(FastAPI):
    """Every request goes to `first`, which is the application as it is made, or who answers some requests ahead of all
    that they would go through there."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.first: ASGIApp = super().__call__

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.first(scope, receive, send)


def create_app(
    service: Service,
    *,
    routers: Sequence[APIRouter],
    ticks: Sequence[Tick],
    counts: ops.Counts,
    ahead: Callable[[ASGIApp], ASGIApp] = lambda app: app,
) -> FastAPI:
    """The service's web application; its consumer, relay and ticks run while it does. `ahead` makes of it what sees
    requests first, without span and security headers: what it does not answer itself it gives to the application."""
    common = [
        Tick("forget_old_rows", timedelta(hours=1), partial(service.run_long, forget_old_rows)),
        Tick("forget_old_spans", timedelta(hours=1), partial(service.run_long, spans.forget_old_spans)),
        Tick("forget_closed_events", timedelta(hours=1), partial(service.run_long, parked.forget_closed)),
    ]
    if service.consumer:
        common.append(Tick("retry_parked", timedelta(seconds=1), service.consumer.retry_parked))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        heartbeat = Heartbeat.start()
        async with _background(service, [*ticks, *common], heartbeat):
            yield
        await service.database.close()
        tracing.shutdown()

    app = _Application(
        title=f"Puente {service.name}", lifespan=lifespan, docs_url=None, redoc_url=None,
        redirect_slashes=False,  # it would lead to http: where a proxy has taken TLS off
    )  # fmt: skip
    app.state.settings, app.state.service = service.settings, service
    problems.install(app)
    openapi.install(app)
    for router in (ops.router(service, counts), ops_parked.router(service), *routers):
        app.include_router(router)
    app.add_middleware(Traced)
    app.add_middleware(Guarded)
    app.first = ahead(app.first)
    return app


@asynccontextmanager
async def _background(service: Service, ticks: Sequence[Tick], heartbeat: Heartbeat) -> AsyncIterator[None]:
    """Relay, consumer and ticks; one that ends by an error takes the process with it, to be started again.

    At the end the ticks at work are waited for, so that a message on its way is recorded; then the rest is cancelled.
    """
    clockwork = Clockwork(ticks)
    running: list[Coroutine[Any, Any, None]] = [
        service.relay.run(),
        service.ends.run(),
        service.watch(),
        heartbeat.beat(),
    ]
    if service.consumer:
        running.append(service.consumer.run())
    tasks = [asyncio.create_task(work) for work in running]
    for task in tasks:
        task.add_done_callback(_end_process_on_error)
    clockwork.start()
    try:
        yield
    finally:
        await clockwork.stop()
        for task in tasks:
            task.remove_done_callback(_end_process_on_error)
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _end_process_on_error(task: "asyncio.Task[None]") -> None:
    """Also when something inside was cancelled, and not by us: without its relay or consumer a service only seems well."""
    error = asyncio.CancelledError() if task.cancelled() else task.exception()
    if error:
        log.critical("background.failed", cause=logs.cause_of(error))
        os.kill(os.getpid(), signal.SIGTERM)


def calm_garbage_collector() -> None:
    """Leaves what was loaded at the start alone and looks less often: a third of a batch's time went into looking.

    What loading left behind stays too: to find it takes as long as making the application."""
    gc.enable()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


def main(name: str, *, serve: Callable[[], FastAPI], prepare: Callable[[], None], settings: ServiceSettings) -> None:
    """`python -m services.<name> prepare` (schema and reference data) or `serve`."""
    logs.configure(name)
    use_packaged_zone_data()
    command = sys.argv[1] if len(sys.argv) > 1 else "serve"
    if command == "prepare":
        calm_garbage_collector()
        prepare()
    elif command == "serve":
        tracing.configure(name, spans.processors(settings.database_url, settings.otlp_endpoint))
        app = serve()
        calm_garbage_collector()
        uvicorn.run(
            app, host=settings.host, port=settings.port, log_level="warning", access_log=False,
            server_header=False, timeout_graceful_shutdown=5, http=Impatient,
        )  # fmt: skip
        tracing.shutdown()
    else:
        sys.exit(f"unknown command {command}: say prepare or serve")
