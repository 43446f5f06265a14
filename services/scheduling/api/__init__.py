"""Scheduling over HTTP, for staff: cases and their places, appointments on their day, a site's day and calendar."""

from fastapi import APIRouter

from services.scheduling.api import appointments, calendars, cases, feeds, internal, referrals, sites, standby, waiting
from services.scheduling.api.choosing import Choices
from services.scheduling.people import Names
from shared.service import Service


def routers(service: Service, names: Names, choices: Choices) -> list[APIRouter]:
    """Every router of the service beside those for operations; `names` says who stands before an officer, `choices`
    carries out what households choose."""
    return [
        cases.router(service, choices),
        referrals.router(service),
        appointments.router(service, names),
        sites.router(service),
        calendars.router(service),
        feeds.router(service),
        waiting.router(service),
        standby.router(service),
        internal.router(service),
    ]
