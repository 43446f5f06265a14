"""Reads how a household's case stands, for its pages."""

from datetime import date

from services.scheduling.commands.places import FOR_THEMSELVES
from services.scheduling.domain.decisions import Waiting
from services.scheduling.repository import appointments, coming, own_needs, reference
from services.scheduling.views import cases as case_views
from services.scheduling.web.interview import Standing
from services.scheduling.web.presented import Site
from services.scheduling.web.requests import Asked
from shared.db import UnitOfWork


async def standing_of(uow: UnitOfWork, case_ref: str) -> Standing:
    """How the case stands in this moment. Raises: Problem 404."""
    case = await case_views.known(uow, case_ref)
    why = await case_views.why(uow, case_ref)
    named = [appointment.site for appointment in (case.live, case.ended) if appointment]
    return Standing(
        case=case,
        programme=await reference.programme(uow, case.snapshot.programme),
        sites=await sites_of(uow, named),
        rank=why["rank"],
        due_on=date.fromisoformat(why["clock"]["due_on"]) if why["clock"] else None,
        lacks=Waiting(why["cannot_be_met"]) if why["cannot_be_met"] else None,
        moves=await appointments.moves_of(uow, case_ref, FOR_THEMSELVES),
        requests=Asked.of(await own_needs.requests_about(uow, case.live.id)) if case.live else (),
        coming=await coming.said_of(uow, case.live.id) if case.live else None,
    )


async def sites_of(uow: UnitOfWork, codes: list[str]) -> dict[str, Site]:
    """The sites of these codes, as households know them."""
    rows = await reference.sites_named(uow, codes)
    return {row.site: Site(row.name, row.city, row.address, row.illustrative) for row in rows}
