"""Calendars that staff keep: sites, their resources, opening rules and closures, and whom a change strands.

Every read carries the site's version as ETag, every change names the one it saw: If-Match.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from services.scheduling.api.calendar_bodies import (
    ClosureChange,
    NewClosure,
    NewResource,
    NewRule,
    NewSite,
    ResourceChange,
    RuleChange,
    SiteChange,
)
from services.scheduling.commands import calendars as commands
from services.scheduling.commands import sites as sites_commands
from services.scheduling.commands.calendars import Asked, Edit, Fate
from services.scheduling.repository import calendars
from services.scheduling.views.calendars import (
    closure_view,
    known_site,
    resource_view,
    rule_view,
    site_view,
    sites_view,
    stranded_at,
)
from services.scheduling.views.rebookings import orders_view
from shared.db import UnitOfWork
from shared.service import Service
from shared.settings import Role
from shared.web.openapi import refusals
from shared.web.problems import Problem
from shared.web.roles import CheckedFirst, requires
from shared.web.versions import IfMatch, etag, version_in

Readers = Annotated[Role, Depends(requires("officer", "scheduler", "ops"))]
Keepers = Annotated[Role, Depends(requires("scheduler", "ops"))]
Rows = Callable[[UnitOfWork, str], Awaitable[Sequence[Any]]]
REFUSALS = refusals(409, 412, 428)
STRANDED = (
    "What becomes of booked and offered appointments that the change strands: keep (until staff move them) or rebook (by"
    " seniority, to the nearest places; GET rebookings shows how far it is)"
)
DryRun = Annotated[bool, Query(description="Show what would happen, change nothing")]


def asked(
    site: str,
    role: Keepers,
    if_match: IfMatch = None,
    dry_run: DryRun = False,
    stranded: Annotated[Fate, Query(description=STRANDED)] = Fate.KEEP,
) -> Asked:
    """Who asks for what. Raises: Problem 428 without the version that they saw, 422 for none."""
    if if_match is None:
        raise Problem(428, "version_missing", 'name the version you saw: If-Match: "3", as ETag gave it')
    return Asked(site, version_in(if_match), role, dry_run, stranded)


Asking = Annotated[Asked, Depends(asked)]


def router(service: Service) -> APIRouter:
    """The routes under /v1/sites that keep calendars."""
    api = APIRouter(prefix="/v1/sites", tags=["calendars"], route_class=CheckedFirst)
    _sites(api, service)
    _lists(api, service)
    _changes(api, service)
    return api


def _sites(api: APIRouter, service: Service) -> None:
    @api.get("")
    async def sites(role: Readers) -> list[dict[str, Any]]:
        return await service.run(sites_view)

    @api.post("", responses=refusals(409, 422))
    async def add_site(body: NewSite, role: Keepers, response: Response, dry_run: DryRun = False) -> dict[str, Any]:
        answer = await sites_commands.add_site(
            service.database, service.clock.now(), body.fields(), acted_by=role, dry_run=dry_run
        )
        if not dry_run:
            response.headers["ETag"] = etag(answer["version"])
        return answer

    @api.get("/{site}")
    async def one_site(site: str, role: Readers, response: Response) -> dict[str, Any]:
        row = await service.run(lambda uow: known_site(uow, site))
        response.headers["ETag"] = etag(row.version)
        return site_view(row)

    @api.patch("/{site}", responses=REFUSALS)
    async def change_site(body: SiteChange, asked: Asking, response: Response) -> dict[str, Any]:
        return await _changing(service, response, asked, sites_commands.change_site(body.fields()))


def _lists(api: APIRouter, service: Service) -> None:
    async def listing(site: str, response: Response, rows: Rows) -> Sequence[Any]:
        """The version is read first: a list that is newer than its ETag is refused later, an older one would not be."""

        async def read(uow: UnitOfWork) -> Sequence[Any]:
            response.headers["ETag"] = etag((await known_site(uow, site)).version)
            return await rows(uow, site)

        return await service.run(read)

    @api.get("/{site}/resources")
    async def resources(site: str, role: Readers, response: Response) -> list[dict[str, Any]]:
        return [resource_view(row) for row in await listing(site, response, calendars.resources_at)]

    @api.get("/{site}/opening-rules")
    async def rules(site: str, role: Readers, response: Response) -> list[dict[str, Any]]:
        return [rule_view(row) for row in await listing(site, response, calendars.rules_at)]

    @api.get("/{site}/closures")
    async def closures(site: str, role: Readers, response: Response) -> list[dict[str, Any]]:
        return [closure_view(row) for row in await listing(site, response, calendars.closures_at)]

    @api.get("/{site}/rebookings")
    async def rebookings(site: str, role: Readers, response: Response) -> list[dict[str, Any]]:
        return list(await listing(site, response, orders_view))

    @api.get("/{site}/stranded")
    async def stranded(site: str, role: Readers, response: Response) -> list[dict[str, Any]]:
        return list(await listing(site, response, stranded_at))


def _changes(api: APIRouter, service: Service) -> None:
    async def changing(response: Response, asked: Asked, edit: Edit) -> dict[str, Any]:
        return await _changing(service, response, asked, edit)

    @api.post("/{site}/resources", responses=REFUSALS)
    async def add_resource(body: NewResource, asked: Asking, response: Response) -> dict[str, Any]:
        return await changing(response, asked, commands.add_resource(body.fields()))

    @api.patch("/{site}/resources/{id}", responses=REFUSALS)
    async def change_resource(id: UUID, body: ResourceChange, asked: Asking, response: Response) -> dict[str, Any]:
        return await changing(response, asked, commands.change_resource(id, body.fields()))

    @api.post("/{site}/opening-rules", responses=REFUSALS)
    async def add_rule(body: NewRule, asked: Asking, response: Response) -> dict[str, Any]:
        return await changing(response, asked, commands.add_rule(body.fields()))

    @api.patch("/{site}/opening-rules/{id}", responses=REFUSALS)
    async def change_rule(id: UUID, body: RuleChange, asked: Asking, response: Response) -> dict[str, Any]:
        return await changing(response, asked, commands.change_rule(id, body.fields()))

    @api.post("/{site}/closures", responses=REFUSALS)
    async def add_closure(body: NewClosure, asked: Asking, response: Response) -> dict[str, Any]:
        return await changing(response, asked, commands.add_closure(body.fields()))

    @api.patch("/{site}/closures/{id}", responses=REFUSALS)
    async def change_closure(id: UUID, body: ClosureChange, asked: Asking, response: Response) -> dict[str, Any]:
        return await changing(response, asked, commands.change_closure(id, body.fields()))


async def _changing(service: Service, response: Response, asked: Asked, edit: Edit) -> dict[str, Any]:
    answer = await commands.change_calendar(service.database, service.clock.now(), asked, edit)
    if not asked.dry_run:
        response.headers["ETag"] = etag(answer["version"])
    return answer
