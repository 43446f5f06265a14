"""Reference data on the first start: sites with desks, interpreters, windows and hours. Afterwards the database is the truth."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, time
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from shared import tracing
from shared.db import UnitOfWork, as_json
from shared.events import SiteChanged
from shared.outbox import Cause

REFERENCE = Path(__file__).parents[2] / "deploy" / "reference"
NAMESPACE = UUID("6f6b7d4c-0d5b-4b5e-9b55-0d2f3c1a7e10")
"""Makes the ids of seeded rows from their names, so that seeding twice changes nothing."""

WEEKDAYS = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"
HOURS = {"MX-TAP-01": (time(7), time(15))}
"""Opening hours that are known. Source: docs/domain.md, "Sites". All others are illustrative: 08:00-16:00."""
USUAL_HOURS = (time(8), time(16))
DESKS = 4
WINDOW_PEOPLE = 25
"""People per arrival window of 30 minutes: about 400 a day. Source: docs/domain.md, "Sites" (San Ysidro)."""

EUROPEAN = ["en", "es", "fr", "ht", "pt"]
MAYAN = ["acr", "es", "ixl", "jac", "kek", "kjb", "mam", "miq", "nah", "quc", "tzh", "tzo"]
REMOTE = sorted({*EUROPEAN, *MAYAN, *"am ar cab fa hi ln pa ps qu ru so ti tr uk uz wo zh".split()})

INSERT_SITES = """
insert into sites (site, system, name, city, address, zone, holidays, admin_area, programmes, illustrative)
select site, system, name, city, address, zone, holidays, admin_area, programmes, illustrative
from jsonb_to_recordset(cast(:rows as jsonb)) as r(site text, system text, name text, city text, address text,
  zone text, holidays text, admin_area text, programmes text[], illustrative boolean)
on conflict do nothing
returning *
"""

INSERT_RESOURCES = """
insert into resources (id, site, kind, name, programmes, languages, female, capacity)
select id, site, kind, name, programmes, languages, female, capacity
from jsonb_to_recordset(cast(:rows as jsonb)) as r(id uuid, site text, kind text, name text, programmes text[],
  languages text[], female boolean, capacity int)
on conflict do nothing
"""

INSERT_RULES = """
insert into opening_rules (id, resource_id, rrule, valid_from, opens, closes)
select id, resource_id, rrule, valid_from, opens, closes
from jsonb_to_recordset(cast(:rows as jsonb)) as r(
  id uuid, resource_id uuid, rrule text, valid_from date, opens time, closes time)
on conflict do nothing
"""


async def seed(uow: UnitOfWork) -> int:
    """Stores the sites that are not known yet, with what they need to be open, and publishes them; how many."""
    programmes = _read("programmes.csv")
    at: dict[str, list[dict[str, str]]] = defaultdict(list)
    for programme in programmes:
        for site in programme["sites"].split("|"):
            at[site].append(programme)
    new = await uow.rows(INSERT_SITES, rows=as_json([_site(row, at[row["site"]]) for row in _read("sites.csv")]))
    resources = [resource for row in new for resource in _resources(row.site, at[row.site])]
    await uow.execute(INSERT_RESOURCES, rows=as_json(resources))
    await uow.execute(INSERT_RULES, rows=as_json([_rule(resource, uow.now.date()) for resource in resources]))
    cause = Cause.first(tracing.current())
    for row in new:
        uow.publish(site_changed(row), cause=cause)
    return len(new)


def site_changed(row: Any) -> SiteChanged:
    """A site's row as the event that publishes it."""
    return SiteChanged(
        version=row.version,
        site=row.site,
        system=row.system,
        name=row.name,
        city=row.city,
        address=row.address,
        zone=row.zone,
        admin_area=row.admin_area,
        programmes=tuple(row.programmes),
        is_open=row.is_open,
        illustrative=row.illustrative,
    )


def _read(name: str) -> list[dict[str, str]]:
    with (REFERENCE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _site(row: dict[str, str], programmes: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "site": row["site"],
        "system": row["system"].lower(),
        "name": row["name"],
        "city": row["city"],
        "address": f"{row['name']}, {row['city']}",
        "zone": row["tz"],
        "holidays": row["holidays"],
        "admin_area": row["admin_area"] or None,
        "programmes": [programme["programme"] for programme in programmes],
        "illustrative": row["illustrative"] == "true",
    }


def _resources(site: str, programmes: list[dict[str, str]]) -> Iterator[dict[str, Any]]:
    """Desks and interpreters where officers interview, arrival windows where people are counted; nothing elsewhere."""
    by_officer = [p["programme"] for p in programmes if p["counts"] == "officer"]
    by_people = [p["programme"] for p in programmes if p["counts"] == "people"]
    if by_officer:
        for n in range(1, DESKS + 1):
            yield _resource(site, "desk", f"desk {n}", by_officer, [], 1, female=n % 2 == 0)
        for name, languages, capacity in (
            ("interpreter 1", EUROPEAN, 1),
            ("interpreter 2", MAYAN, 1),
            ("remote interpreters", REMOTE, 4),
        ):
            yield _resource(site, "interpreter", name, [], languages, capacity, female=False)
    if by_people:
        yield _resource(site, "window", "arrivals", by_people, [], WINDOW_PEOPLE, female=False)


def _resource(
    site: str, kind: str, name: str, programmes: list[str], languages: list[str], capacity: int, *, female: bool
) -> dict[str, Any]:
    return {
        "id": str(uuid5(NAMESPACE, f"{site}/{name}")),
        "site": site,
        "kind": kind,
        "name": name,
        "programmes": programmes,
        "languages": languages,
        "female": female,
        "capacity": capacity,
    }


def _rule(resource: dict[str, Any], valid_from: date) -> dict[str, Any]:
    opens, closes = HOURS.get(resource["site"], USUAL_HOURS)
    return {
        "id": str(uuid5(NAMESPACE, f"{resource['id']}/rule")),
        "resource_id": resource["id"],
        "rrule": WEEKDAYS,
        "valid_from": valid_from.isoformat(),
        "opens": opens.isoformat(),
        "closes": closes.isoformat(),
    }
