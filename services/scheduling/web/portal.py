"""The whole portal, put together: what anyone may read, the way in, and a household's own pages."""

from dataclasses import dataclass

from fastapi import APIRouter
from pydantic import SecretStr

from services.scheduling.access.assists import Assists
from services.scheduling.access.checks import Checks
from services.scheduling.access.codes import CodePost
from services.scheduling.access.logins import Logins
from services.scheduling.access.pins import Pins
from services.scheduling.letters.signatures import SigningKeys
from services.scheduling.neighbours.births import Births
from services.scheduling.neighbours.contacts import Contacts
from services.scheduling.web import (
    asked,
    assist,
    calendar_file,
    case,
    coming,
    contact,
    letter,
    letter_lists,
    my_interview,
    needs,
    places,
    scripts,
    start,
    verify,
)
from services.scheduling.web.my_interview import Desk
from services.scheduling.web.pages import Pages
from services.scheduling.web.routes import Routes
from services.scheduling.web.visits import Forms
from shared.service import Service


@dataclass(frozen=True)
class WaysIn:
    """How people come to the pages of a case: households by themselves, or with the help of a worker; and how they are reached."""

    logins: Logins
    pins: Pins
    assists: Assists
    post: CodePost
    contacts: Contacts


def router(
    service: Service, pages: Pages, ways: WaysIn, data_key: SecretStr, keys: SigningKeys, births: Births
) -> APIRouter:
    """Every page of the portal, in every language that has a catalogue."""
    forms, desk = Forms(data_key.get_secret_value()), Desk(service)
    logins, assists, own_scripts = ways.logins, ways.assists, scripts.Scripts()
    checks = Checks(data_key.get_secret_value())

    def add_pages(portal: APIRouter, language: str) -> None:
        routes = Routes(portal, service, pages, logins=logins, assists=assists, forms=forms, language=language)
        case.add(routes, service, logins, ways.post)
        assist.add(routes, service, assists, logins, ways.pins, desk)
        my_interview.add(routes, desk)
        contact.add(routes, service, ways.contacts, logins=logins, assists=assists)
        places.add(routes, service, desk)
        needs.add(routes, service, desk)
        coming.add(routes, desk)
        letter.add(routes, service, keys)
        calendar_file.add(routes, desk, service.clock)
        asked.add(routes, service, births, checks)
        verify.add(routes, service, keys, checks, own_scripts, letter_lists.ADDRESSES)

    portal = start.router(service, pages, add_pages)
    assist.add_start(portal, pages)
    scripts.add(portal, own_scripts)
    letter_lists.add(portal, service, pages, keys)
    return portal
