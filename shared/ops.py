"""What operations see of a service: alive, ready, metrics, state, spans."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Query
from fastapi.responses import PlainTextResponse, Response
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from shared import spans
from shared.db import DatabaseUnavailable, UnitOfWork
from shared.kafka.log_watch import say_again
from shared.kafka.topics import declared_topics
from shared.metrics import exposition
from shared.web import openapi
from shared.web.problems import Problem
from shared.web.roles import requires

if TYPE_CHECKING:
    from shared.service import Service

log = structlog.get_logger()

METRICS_SECONDS = 3
"""Longest time for the figures: Prometheus asks every 5 s and waits for 4 (deploy/prometheus/prometheus.yaml)."""

Counts = Callable[[UnitOfWork], Awaitable[dict[str, dict[str, int]]]]
"""The service's own counts, by country."""

OUTBOX = """
select (select count(*) from outbox_unpublished) as backlog,
       coalesce((select extract(epoch from :now - created_at) from outbox
                 where id = (select min(id) from outbox_unpublished)), 0)::float8 as oldest_seconds
"""
PARKED = """
select count(*) filter (where state = 'parked') as parked, count(*) filter (where state = 'dead') as dead
from parked_event where state in ('parked', 'dead')
"""


def router(service: "Service", counts: Counts) -> APIRouter:
    """The routes every service has for operations. `/livez` says only that the loop turns."""
    api = APIRouter(tags=["operations"])
    for_ops = Depends(requires("ops"))

    @api.get("/livez", response_class=PlainTextResponse)
    async def livez() -> PlainTextResponse:
        return PlainTextResponse("alive")

    @api.get("/readyz", response_class=PlainTextResponse)
    async def readyz() -> PlainTextResponse:
        if not await service.database.answers():
            raise Problem(503, "unavailable", "the database does not answer: look at its log")
        return PlainTextResponse("ready")

    @api.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> Response:
        """Without its database a service still says that it has none: that is when someone looks."""
        try:
            async with asyncio.timeout(METRICS_SECONDS):
                state = await state_of(service, counts)
        except (DatabaseUnavailable, TimeoutError):
            state = {"service": service.name}
        return Response(exposition(state), media_type=CONTENT_TYPE_LATEST)

    @api.get("/ops/state", dependencies=[for_ops])
    async def state() -> dict[str, Any]:
        return await state_of(service, counts)

    @api.post("/ops/say-again", dependencies=[Depends(requires("ops", "service"))], responses=openapi.refusals(404))
    async def said_again(topic: Annotated[str, Query(max_length=100)]) -> dict[str, int]:
        """The newest of every stream of one of our topics is published again: for whoever missed some of it. Whoever did
        not finds nothing new in it."""
        if topic not in {each.name for each in declared_topics()} or not topic.startswith(f"{service.name}."):
            raise Problem(
                404, "topic_unknown", f"{service.name} publishes no such topic: ask whoever its name begins with"
            )
        streams = await service.run_long(lambda uow: say_again(uow, [topic]))
        log.warning("outbox.said_again", topic=topic, streams=streams)
        return {"streams": streams}

    @api.get("/ops/spans", dependencies=[for_ops])
    async def traces(
        case_ref: Annotated[str | None, Query()] = None, trace_id: Annotated[str | None, Query()] = None
    ) -> list[dict[str, Any]]:
        async with service.database.begin(service.clock.now()) as uow:
            if trace_id:
                return await spans.spans_of_trace(uow, trace_id)
            if case_ref:
                return await spans.spans_of_case(uow, case_ref)
        raise Problem(400, "question_missing", "ask for case_ref or trace_id")

    return api


async def state_of(service: "Service", counts: Counts) -> dict[str, Any]:
    """Outbox, consumers, parked and dead events and the counts by country. Raises: DatabaseUnavailable."""
    now = service.clock.now()

    async def read(uow: UnitOfWork) -> dict[str, Any]:
        outbox = (await uow.rows(OUTBOX, now=now))[0]
        events = (await uow.rows(PARKED))[0]
        progress = {row.topic: row for row in await uow.rows("select * from consumer_progress")}
        cluster = await uow.rows("select republications from relay_cluster")
        return {
            "service": service.name,
            "outbox": {"backlog": outbox.backlog, "oldest_seconds": round(outbox.oldest_seconds, 1)},
            "consumers": [_consumer(service, topic, progress.get(topic), now) for topic in service.topics],
            "parked": events.parked,
            "dead": events.dead,
            "set_aside": service.aside.listed(),
            "republications": cluster[0].republications if cluster else 0,
            "counts": await counts(uow),
        }

    return await service.database.run(now, read)


def _consumer(service: "Service", topic: str, progress: Any, now: datetime) -> dict[str, Any]:
    lag, oldest_seconds = service.lag_of(topic, now)
    return {
        "topic": topic,
        "lag": lag,
        "oldest_seconds": round(oldest_seconds, 1),
        "last_progress": progress.progressed_at.isoformat() if progress else None,
        "handled": progress.handled if progress else 0,
        "superseded": progress.superseded if progress else 0,
        "jumps": progress.jumps if progress else 0,
        "stopped": service.stopped_reason(topic),
    }
