"""Scheduling over HTTP, for staff: cases and their places, appointments on their day, a site's day and calendar."""

from collections.abc import Mapping

from fastapi import APIRouter

from services.scheduling.access.pins import Pins
from services.scheduling.api import (
    adjustments,
    appointments,
    calendars,
    cases,
    feeds,
    internal,
    pins,
    referrals,
    sites,
    stalled,
    standby,
    waiting,
)
from services.scheduling.neighbours.people import Names
from shared.languages import Catalogue
from shared.service import Service


def routers(service: Service, names: Names, known_pins: Pins, catalogues: Mapping[str, Catalogue]) -> list[APIRouter]:
    """Every router of the service beside those for operations; `names` says who stands before an officer, `known_pins`
    makes PINs, `catalogues` are the languages of the portal."""
    return [
        cases.api,
        pins.router(service, known_pins, catalogues),
        referrals.router(service),
        appointments.router(service, names),
        sites.router(service),
        calendars.router(service),
        feeds.router(service),
        waiting.router(service),
        stalled.router(service),
        standby.router(service),
        adjustments.router(service),
        internal.router(service),
    ]
