"""What the countries' systems know of programmes and sites: the same reference data that Puente starts with."""

import csv
from dataclasses import dataclass
from pathlib import Path

REFERENCE = Path(__file__).parents[1] / "reference"


@dataclass(frozen=True)
class Programme:
    """An open programme. `areas` maps each of its sites to its Mexican state, or to an empty text."""

    code: str
    system: str
    is_immediate: bool
    areas: dict[str, str]


def open_programmes(system: str) -> list[Programme]:
    """The programmes of `us`, `mx` or `ca` that are open, in the order of programmes.csv."""
    areas = {row["site"]: row["admin_area"] for row in _rows("sites.csv")}
    return [
        Programme(
            code=row["programme"],
            system=system,
            is_immediate=row["allocation"] == "immediate",
            areas={site: areas[site] for site in row["sites"].split("|")},
        )
        for row in _rows("programmes.csv")
        if row["system"].lower() == system and row["status"] == "open"
    ]


def _rows(name: str) -> list[dict[str, str]]:
    with (REFERENCE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
