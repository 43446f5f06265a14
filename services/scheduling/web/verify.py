"""Check a letter: anyone types or pastes its text and reads whether it holds, and if not, why. Nothing is kept.

Where a browser can, a script of ours does the same in the browser, also without a network: web/scripts/verify.js.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi.responses import Response

from services.scheduling.access.checks import Checks
from services.scheduling.domain.letters import Letter, Verdict, judge
from services.scheduling.letters.signatures import Forged, SigningKeys
from services.scheduling.letters.text import Malformed, decode
from services.scheduling.repository import letters, reference
from services.scheduling.web.presented import Fact, Site, rows, when_and_where
from services.scheduling.web.routes import Routes
from services.scheduling.web.scripts import WITH_SCRIPTS, WORKER_AT, Scripts
from services.scheduling.web.standing import sites_of
from services.scheduling.web.verify_words import words
from services.scheduling.web.visits import LONGEST_KEPT, Visit, wait_page
from shared.clock import zone_named
from shared.db import UnitOfWork
from shared.languages import Catalogue
from shared.service import Service

PATH = "/verify"
ANYWHERE = ""
"""Chosen by who does not stand at the door of a site."""


@dataclass(frozen=True)
class VerifyPages:
    """The page with the form, and its answer. It is sent by POST, so that no letter stands in an address or a log.

    `lists`: addresses of what the script fetches, by name.
    """

    service: Service
    keys: SigningKeys
    checks: Checks
    scripts: Scripts
    lists: Mapping[str, str]

    async def _form(self, visit: Visit, **values: Any) -> Response:
        """A letter that was answered goes along into another language, in a form: the answer can be read there, too."""
        sites = await self.service.run(reference.sites_in_public)
        error = values.get("error")
        answer = visit.page(
            "verify.html",
            status=422 if error else 200,
            sites=_choices(sites, visit),
            script=self.scripts.first,
            modules=list(self.scripts.modules),
            words=_for_script(visit, self.scripts, self.lists),
            kept=visit.sent("letter", "site") if values.get("verdict") else None,
            **values,
        )
        answer.headers.update(WITH_SCRIPTS)
        return answer

    async def ask(self, visit: Visit) -> Response:
        return await self._form(visit, typed=visit.fields.get("letter", "")[:LONGEST_KEPT])

    async def check(self, visit: Visit) -> Response:
        text, at_site = visit.fields.get("letter", "")[:LONGEST_KEPT], visit.fields.get("site", ANYWHERE) or None
        if not text.strip():
            return await self._form(visit, error="verify.error.empty")
        now = self.service.clock.now()
        free_at = await self.service.database.run(now, lambda uow: self.checks.of_a_letter(uow, visit.address))
        if free_at > now:
            return wait_page(visit, free_at, now, reason="wait.checks", again=PATH)
        try:
            letter = decode(text, self.keys)
        except Malformed:
            return await self._form(visit, verdict=Verdict.UNREADABLE, typed=text)
        except Forged:
            return await self._form(visit, verdict=Verdict.FORGED)

        async def read(uow: UnitOfWork) -> tuple[Verdict, dict[str, Site]]:
            known = await letters.bookings(uow, letter.reference)
            verdict = judge(letter, now, {letter.reference: known.least_sequence}, at_site=at_site)
            return verdict, await sites_of(uow, [letter.site])

        verdict, sites = await self.service.database.run(now, read)
        said = facts_of_letter(letter, sites[letter.site], visit.catalogue)
        return await self._form(visit, verdict=verdict, rows=rows(said), at_site=at_site)


def add(
    routes: Routes, service: Service, keys: SigningKeys, checks: Checks, scripts: Scripts, lists: Mapping[str, str]
) -> None:
    """The addresses of these pages."""
    pages = VerifyPages(service, keys, checks, scripts, lists)
    routes.get(PATH)(pages.ask)
    routes.post(PATH)(pages.check)


def facts_of_letter(letter: Letter, site: Site, catalogue: Catalogue) -> tuple[Fact, ...]:
    """What the letter itself says, to be compared with the paper."""
    wall_time: datetime = letter.starts_at.astimezone(zone_named(letter.zone))
    return (
        Fact(catalogue.text("verify.reference"), letter.reference),
        *when_and_where(wall_time, letter.starts_at, site, catalogue),
        Fact(catalogue.text("fact.people"), str(letter.party)),
    )


def _for_script(visit: Visit, scripts: Scripts, lists: Mapping[str, str]) -> dict[str, Any]:
    """The texts, where the lists are, and what is kept beside the page so that it works without a network."""
    keep = [visit.pages.style_of(visit.language), *scripts.modules]
    return {**words(visit.catalogue), "addresses": lists, "keep": keep, "worker": WORKER_AT}


def _choices(sites: Sequence[Any], visit: Visit) -> list[dict[str, Any]]:
    """Where the letter may be checked: elsewhere first, since most people are."""
    named = sorted((f"{site.city}, {site.name}", site.site) for site in sites if site.is_open)
    chosen = visit.fields.get("site", ANYWHERE)
    options = [(visit.text("verify.anywhere"), ANYWHERE), *named]
    return [{"value": code, "text": text, "selected": code == chosen} for text, code in options]
