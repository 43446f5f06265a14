"""The whole portal, put together: what anyone may read, the way in, and a household's own pages."""

from fastapi import APIRouter
from pydantic import SecretStr

from services.scheduling.codes import CodePost
from services.scheduling.logins import Logins
from services.scheduling.signatures import SigningKeys
from services.scheduling.web import case, letter, letter_lists, my_interview, places, start, verify
from services.scheduling.web.my_interview import Desk
from services.scheduling.web.pages import Pages
from services.scheduling.web.routes import Routes
from services.scheduling.web.visits import Forms
from shared.service import Service


def router(
    service: Service, pages: Pages, logins: Logins, post: CodePost, data_key: SecretStr, keys: SigningKeys
) -> APIRouter:
    """Every page of the portal, in every language that has a catalogue."""
    forms, desk = Forms(data_key.get_secret_value()), Desk(service)

    def add_pages(portal: APIRouter, language: str) -> None:
        routes = Routes(portal, service, pages, logins, forms, language)
        case.add(routes, service, logins, post)
        my_interview.add(routes, desk)
        places.add(routes, service, desk)
        letter.add(routes, service, keys)
        verify.add(routes, service, keys)

    portal = start.router(service, pages, add_pages)
    letter_lists.add(portal, service, pages, keys)
    return portal
