"""How we reach you: a household reads how it is written to, and changes the language, the hours, or the address.

A new address counts once the code that was sent there is typed. While intake is away nothing is lost that was typed.
"""

from dataclasses import dataclass
from datetime import time
from typing import Any

from fastapi.responses import Response

from services.scheduling.access.assists import Assists
from services.scheduling.access.logins import DIGITS, Logins
from services.scheduling.neighbours.contacts import Contacts, IntakeAway, OwnContact
from services.scheduling.web.case import HOME
from services.scheduling.web.pages import whole
from services.scheduling.web.routes import Routes
from services.scheduling.web.visits import Visit
from shared.dates import time_of_day
from shared.db import UnitOfWork
from shared.languages import choose_catalogue
from shared.reference import is_number, typed_digits
from shared.service import Service
from shared.web.problems import RETRY_AFTER_SECONDS

CONTACT = f"{HOME}/contact"
EMAIL, CODE, LANGUAGE, HOURS = (f"{CONTACT}/{part}" for part in ("email", "code", "language", "hours"))
ANY_HOUR = "any"
USUAL_HOURS = ("08:00-12:00", "12:00-18:00", "18:00-22:00")
LONGEST_TYPED = 320


@dataclass(frozen=True)
class ContactPages:
    """The pages about how a household is reached."""

    service: Service
    contacts: Contacts
    logins: Logins
    assists: Assists

    async def _close_others(self, visit: Visit) -> None:
        """Whoever else has the case open may be why the address was changed."""

        async def work(uow: UnitOfWork) -> None:
            await self.logins.close_others(uow, visit.case, but=None if visit.assisting else visit.session)
            await self.assists.close_others(uow, visit.case, but=visit.assist_token)

        await self.service.run(work)

    async def shown(self, visit: Visit) -> Response:
        try:
            own = await self.contacts.of(visit.case)
        except IntakeAway:
            return _away(visit, "contact.html", rows=())
        done = visit.request.query_params.get("done")
        return visit.page(
            "contact.html", rows=_rows(visit, own), done=done if done in ("email", "language", "hours") else None
        )

    async def email(self, visit: Visit) -> Response:
        return visit.page("contact-email.html", typed=visit.fields.get("email", "")[:LONGEST_TYPED])

    async def email_typed(self, visit: Visit) -> Response:
        typed = visit.fields.get("email", "").strip()[:LONGEST_TYPED]
        try:
            outcome = await self.contacts.propose(visit.case, typed) if typed else "invalid"
        except IntakeAway:
            return _away(visit, "contact-email.html", typed=typed)
        if outcome == "proposed":
            return visit.go(CODE)
        status = {"cannot_send": 503, "too_often": 429}.get(outcome, 422)
        error = f"contact.error.{outcome}"
        return visit.page("contact-email.html", status=status, typed=typed, error=error)

    async def _code(self, visit: Visit, *, error: str | None = None) -> Response:
        try:
            own = await self.contacts.of(visit.case)
        except IntakeAway:
            return _away(visit, "contact-code.html", own=None)
        if own.proposal is None and error is None:
            return visit.go(CONTACT)
        typed = None if error else visit.fields.get("code")
        return visit.page("contact-code.html", status=422 if error else 200, own=own, error=error, typed=typed)

    async def code(self, visit: Visit) -> Response:
        return await self._code(visit)

    async def code_typed(self, visit: Visit) -> Response:
        typed, proposal = typed_digits(visit.fields.get("code", "")), visit.id_in("proposal")
        if proposal is None or not (len(typed) == DIGITS and is_number(typed)):
            return await self._code(visit, error="contact.error.code_form" if typed else "contact.error.code_empty")
        try:
            outcome = await self.contacts.confirm(visit.case, visit.acted_by, proposal=proposal, code=typed)
        except IntakeAway:
            return _away(visit, "contact-code.html", own=OwnContact(locale="", proposal=proposal), typed=typed)
        if outcome == "changed":
            await self._close_others(visit)  # not done, the same code again is answered the same, and does it
            return visit.go(f"{CONTACT}?done=email")
        return await self._code(visit, error="code.error.wrong" if outcome == "wrong" else "contact.error.over")

    async def _choice(self, visit: Visit, template: str, *, error: str | None = None) -> Response:
        try:
            own = await self.contacts.of(visit.case)
        except IntakeAway:
            return _away(visit, template, items=_items(visit, template, None))
        items = _items(visit, template, own, visit.fields.get("locale") or visit.fields.get("hours"))
        return visit.page(template, status=422 if error else 200, items=items, error=error)

    async def language(self, visit: Visit) -> Response:
        return await self._choice(visit, "contact-language.html")

    async def language_chosen(self, visit: Visit) -> Response:
        chosen = visit.fields.get("locale", "")
        if chosen not in visit.pages.catalogues:
            return await self._choice(visit, "contact-language.html", error="contact.error.choose")
        return await self._say(visit, "language", chosen, locale=chosen)

    async def hours(self, visit: Visit) -> Response:
        return await self._choice(visit, "contact-hours.html")

    async def hours_chosen(self, visit: Visit) -> Response:
        chosen = visit.fields.get("hours", "")
        if chosen not in (ANY_HOUR, *USUAL_HOURS):
            return await self._choice(visit, "contact-hours.html", error="contact.error.choose")
        return await self._say(visit, "hours", chosen, safe_hours="" if chosen == ANY_HOUR else chosen)

    async def _say(self, visit: Visit, what: str, chosen: str, **said: str) -> Response:
        try:
            await self.contacts.say(visit.case, visit.acted_by, **said)
        except IntakeAway:
            template = f"contact-{what}.html"
            return _away(visit, template, items=_items(visit, template, None, chosen))
        return visit.go(f"{CONTACT}?done={what}")


def add(routes: Routes, service: Service, contacts: Contacts, *, logins: Logins, assists: Assists) -> None:
    """The addresses of these pages."""
    pages = ContactPages(service, contacts, logins, assists)
    routes.get(CONTACT, private=True)(pages.shown)
    routes.get(EMAIL, private=True)(pages.email)
    routes.post(EMAIL, private=True)(pages.email_typed)
    routes.get(CODE, private=True)(pages.code)
    routes.post(CODE, private=True)(pages.code_typed)
    routes.get(LANGUAGE, private=True)(pages.language)
    routes.post(LANGUAGE, private=True)(pages.language_chosen)
    routes.get(HOURS, private=True)(pages.hours)
    routes.post(HOURS, private=True)(pages.hours_chosen)


def _away(visit: Visit, template: str, **values: Any) -> Response:
    """The same page, with what was typed, and that it cannot be done now."""
    answer = visit.page(template, status=503, error="contact.error.away", **values)
    answer.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return answer


def _rows(visit: Visit, own: OwnContact) -> list[dict[str, Any]]:
    language = choose_catalogue(own.locale, visit.pages.catalogues).text("language.own")
    said = {
        "email": own.email or visit.text("contact.none"),
        "language": language,
        "hours": _hours(visit, own.safe_hours) if own.safe_hours else visit.text("contact.hours.any"),
    }
    return [
        {
            "key": {"text": visit.text(f"contact.{what}")},
            "value": {"html": whole(value)},
            "actions": {
                "items": [
                    {
                        "href": f"/{visit.language}{CONTACT}/{what}",
                        "text": visit.text("contact.change"),
                        "visuallyHiddenText": visit.text(f"contact.{what}"),
                    }
                ]
            },
        }
        for what, value in said.items()
    ]


def _items(visit: Visit, template: str, own: OwnContact | None, chosen: str | None = None) -> list[dict[str, Any]]:
    """What can be chosen, with what holds now or was chosen checked."""
    if template == "contact-language.html":
        now = choose_catalogue(own.locale, visit.pages.catalogues).language if own else None
        now = chosen if chosen in visit.pages.catalogues else now
        names = {tag: catalogue.text("language.own") for tag, catalogue in visit.pages.catalogues.items()}
        return [
            {"value": tag, "text": name, "checked": tag == now, "label": {"attributes": {"lang": tag}}}
            for tag, name in names.items()
        ]
    texts = {ANY_HOUR: visit.text("contact.hours.any"), **{each: _hours(visit, each) for each in USUAL_HOURS}}
    now = (own.safe_hours or ANY_HOUR) if own else None
    now = chosen if chosen in texts else now
    return [{"value": value, "text": text, "checked": value == now} for value, text in texts.items()]


def _hours(visit: Visit, safe_hours: str) -> str:
    first, _, last = safe_hours.partition("-")
    begins, ends = (time_of_day(time.fromisoformat(each), visit.language) for each in (first, last))
    return visit.text("contact.hours.between", begins=begins, ends=ends)
