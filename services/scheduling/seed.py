"""Reference data on the first start: sites with desks, interpreters, windows and hours. Afterwards the database is the truth."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, time
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from services.scheduling.domain.needs import OF_PLACES
from services.scheduling.domain.sites import site_changed
from shared import tracing
from shared.clock import tzdata_version
from shared.db import UnitOfWork, as_json
from shared.outbox import Cause

REFERENCE = Path(__file__).parents[2] / "deploy" / "reference"
NAMESPACE = UUID("6f6b7d4c-0d5b-4b5e-9b55-0d2f3c1a7e10")
"""Makes the ids of seeded rows from their names, so that seeding twice changes nothing."""

WEEKDAYS = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"
HOURS = {"MX-TAP-01": (time(7), time(15))}
"""Opening hours that are known. Source: docs/domain.md, "Sites". All others are illustrative: 08:00-16:00."""
USUAL_HOURS = (time(8), time(16))
WINDOW_PEOPLE = 25
"""People per arrival window of 30 minutes: about 400 a day. Source: docs/domain.md, "Sites" (San Ysidro)."""

EUROPEAN = ["en", "es", "fr", "ht", "pt"]
MAYAN = ["acr", "es", "ixl", "jac", "kek", "kjb", "mam", "miq", "nah", "quc", "tzh", "tzo"]
REMOTE = sorted({*EUROPEAN, *MAYAN, *"am ar ase cab fa hi ln mfs pa ps qu ru so ti tr uk uz wo zh".split()})
REMOTE_INTERPRETERS: dict[str, Any] = {
    "languages": REMOTE,
    "modes": ["spoken", "signed"],
    "accommodations": ["female-interpreter"],
    "is_remote": True,
    "capacity": 4,
}
DESKS: list[list[str]] = [
    [],
    ["female-officer", "step-free", "wheelchair"],
    ["heard-apart", "hearing-loop", "quiet-room"],
    ["female-officer", "heard-apart", "hearing-loop", "quiet-room", "step-free", "wheelchair"],
]
"""What each of a site's desks can give a household; illustrative, as all but their number is."""
AT_WINDOWS = sorted(OF_PLACES)
"""An arrival window has many desks behind it."""

INSERT_SITES = """
insert into sites (site, system, name, city, address, zone, holidays, admin_area, programmes, illustrative,
                   tzdata_version)
select site, system, name, city, address, zone, holidays, admin_area, programmes, illustrative, :tzdata_version
from jsonb_to_recordset(cast(:rows as jsonb)) as r(site text, system text, name text, city text, address text,
  zone text, holidays text, admin_area text, programmes text[], illustrative boolean)
on conflict do nothing
returning *
"""

INSERT_RESOURCES = """
insert into resources (id, site, kind, name, programmes, languages, accommodations, modes, is_remote, capacity)
select id, site, kind, name, programmes, languages, accommodations, modes, is_remote, capacity
from jsonb_to_recordset(cast(:rows as jsonb)) as r(id uuid, site text, kind text, name text, programmes text[],
  languages text[], accommodations text[], modes text[], is_remote boolean, capacity int)
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
    sites = as_json([_site(row, at[row["site"]]) for row in _read("sites.csv")])
    new = await uow.rows(INSERT_SITES, rows=sites, tzdata_version=tzdata_version())
    resources = [resource for row in new for resource in _resources(row.site, at[row.site])]
    await uow.execute(INSERT_RESOURCES, rows=as_json(resources))
    await uow.execute(INSERT_RULES, rows=as_json([_rule(resource, uow.now.date()) for resource in resources]))
    cause = Cause.first(tracing.current())
    for row in new:
        uow.publish(site_changed(row), cause=cause)
    return len(new)


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
        for n, accommodations in enumerate(DESKS, start=1):
            yield _resource(site, "desk", f"desk {n}", programmes=by_officer, accommodations=accommodations)
        spoken: dict[str, Any] = {"modes": ["spoken"]}
        yield _resource(site, "interpreter", "interpreter 1", languages=EUROPEAN, **spoken)
        yield _resource(site, "interpreter", "interpreter 2", languages=MAYAN, **spoken)
        yield _resource(site, "interpreter", "remote interpreters", **REMOTE_INTERPRETERS)
    if by_people:
        window: dict[str, Any] = {"accommodations": AT_WINDOWS, "capacity": WINDOW_PEOPLE}
        yield _resource(site, "window", "arrivals", programmes=by_people, **window)


def _resource(site: str, kind: str, name: str, **others: Any) -> dict[str, Any]:
    nothing: dict[str, Any] = {"programmes": [], "languages": [], "accommodations": [], "modes": []}
    usual = {**nothing, "is_remote": False, "capacity": 1}
    return {"id": str(uuid5(NAMESPACE, f"{site}/{name}")), "site": site, "kind": kind, "name": name, **usual, **others}


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
