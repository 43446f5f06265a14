"""What staff read of rebookings: how far an order is, and in a dry run where everyone would go."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from services.scheduling.domain.places import Place
from services.scheduling.placing.rebooking import Concerned, concerned_of, places_instead
from services.scheduling.repository import cases, rebookings, reference
from services.scheduling.repository.rebookings import Stranded
from services.scheduling.repository.reference import SiteZone
from shared.db import UnitOfWork

MOST = 1000
"""Households named in a dry run; all are counted."""


async def orders_view(uow: UnitOfWork, site: str) -> list[dict[str, Any]]:
    """The site's orders to rebook stranded appointments, newest first: who ordered it, how far it is."""
    return [
        {
            "id": str(row.id),
            "site_version": row.site_version,
            "ordered_at": row.ordered_at.isoformat(),
            "acted_by": row.acted_by,
            "households": row.households,
            "done": row.done,
            "moved": row.moved,
            "waiting": row.waiting,
            "kept": row.kept,
            "finished_at": row.finished_at.isoformat() if row.finished_at else None,
        }
        for row in await rebookings.orders_at(uow, site)
    ]


async def foreseen_view(uow: UnitOfWork, stranded: Sequence[Stranded]) -> dict[str, Any]:
    """Where each of them would go if it were rebooked now; the first 1,000 by seniority are named.

    The slots of the places stay locked until the transaction ends: for a dry run, which is taken back.
    """
    known = await cases.read(uow, [each.case_ref for each in stranded])
    concerned = await concerned_of(uow, known, stranded)
    places = await places_instead(uow, concerned)
    zones = await reference.sites(uow)
    moved = Counter(place.site for place in places.values() if isinstance(place, Place))
    return {
        "households": len(stranded),
        "moved": moved.total(),
        "waiting": len(concerned) - moved.total(),
        "kept": len(stranded) - len(concerned),
        "by_site": dict(sorted(moved.items())),
        "places": [_foreseen(each, places[each.case.case_ref], zones) for each in concerned[:MOST]],
    }


def _foreseen(concerned: Concerned, found: Any, zones: dict[str, SiteZone]) -> dict[str, Any]:
    """`site` and `wall_time` None: there is no place, it would wait for `waiting`."""
    is_place = isinstance(found, Place)
    zone = zones[found.site].zone if is_place else None
    return {
        "case_ref": concerned.case.case_ref,
        "reason": concerned.reason,
        "site": found.site if is_place else None,
        "wall_time": found.starts_at.astimezone(zone).strftime("%Y-%m-%dT%H:%M") if is_place else None,
        "zone": zone.key if zone else None,
        "waiting": None if is_place else concerned.waits_for or found.reason,
    }
