"""Reference data on the first start: programmes and sites. Afterwards the database is the truth, and staff change it there."""

import csv
from pathlib import Path
from typing import Any

from services.intake.repository import reference
from shared import tracing
from shared.db import UnitOfWork
from shared.events import SiteChanged
from shared.outbox import Cause

REFERENCE = Path(__file__).parents[2] / "deploy" / "reference"
NUMBERS = ("base_minutes", "per_adult_minutes", "per_child_minutes", "offer_hours")

LEAST_OFFER_HOURS = 12
"""Least time that a programme can give to answer an offer: a night, and what is left of a day. Source: docs/domain.md,
"Offers"."""


async def seed(uow: UnitOfWork) -> int:
    """Stores what is not known yet and publishes the new programmes; how many."""
    programmes = [programme_of(row) for row in _read("programmes.csv")]
    added = await reference.add_programmes(uow, programmes)
    cause = Cause.first(tracing.current())
    for event in added:
        uow.publish(event, cause=cause)
    await reference.store_sites(uow, [_site(row, programmes) for row in _read("sites.csv")])
    return len(added)


def _read(name: str) -> list[dict[str, str]]:
    with (REFERENCE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def programme_of(row: dict[str, str]) -> dict[str, Any]:
    """A programme as its row of the reference data says. Raises: ValueError when nobody could answer its offers."""
    numbers = {name: int(row[name]) for name in NUMBERS}
    if (hours := numbers["offer_hours"]) < LEAST_OFFER_HOURS:
        raise ValueError(
            f"{row['programme']}: offer_hours is {hours}: give households {LEAST_OFFER_HOURS} hours at least to answer"
        )
    return {
        **row,
        "system": row["system"].lower(),
        "closes_on": row["closes_on"] or None,
        "sites": row["sites"].split("|"),
        **numbers,
    }


def _site(row: dict[str, str], programmes: list[dict[str, Any]]) -> SiteChanged:
    """The site as it is until scheduling says more: version 0 is older than anything that it publishes."""
    return SiteChanged(
        version=0,
        site=row["site"],
        system=row["system"].lower(),
        name=row["name"],
        city=row["city"],
        address="",
        zone=row["tz"],
        admin_area=row["admin_area"] or None,
        programmes=tuple(each["programme"] for each in programmes if row["site"] in each["sites"]),
        is_open=True,
    )
