"""Every page of the portal in every state, as a household comes to it in one language."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from playwright.async_api import Browser

from services.scheduling.domain.logins import FOR_A_CASE
from shared.events import Allocation, CaseState, ProgrammeStatus, System
from shared.reference import new_case_ref
from tests.builders import a_case, a_programme
from tests.portal import DRAFTS, LANGUAGES, Portal, asked_for_code
from tests.web.chromium import NARROW, Seen, Window

MINE = "/my-interview"
FEW = "MX-TIJ-01"
ONE_DESK_GIVES = "update resources set accommodations = '{}' where site = :site and kind = 'desk' and name <> 'desk 4'"
NOT_THAT_DAY = """
delete from slots s using resources r where r.id = s.resource_id and r.name = 'desk 4' and s.site = :site
and s.local_date = :day
"""
"""A site where what a household asks for is to be had on other days than its own."""
GONE = 2**53 - 1
"""A slot that there is not any more."""


@dataclass
class Town:
    """A served portal with a household in each state, logged in once each."""

    portal: Portal
    address: str
    browser: Browser
    cases: dict[str, str]
    inside: dict[str, Window]
    takers: dict[str, str]
    width: int = NARROW

    @classmethod
    async def built(cls, portal: Portal, address: str, browser: Browser, width: int = NARROW) -> "Town":
        takers = await takers_of(portal)
        town = cls(portal, address, browser, await households(portal), {}, takers, width)
        for state, reference in town.cases.items():
            town.inside[state] = await town.window()
            await town.let_in(reference, town.inside[state])
        return town

    async def window(self) -> Window:
        return await Window.opened(self.browser, self.width)

    async def let_in(self, reference: str, window: Window) -> None:
        await self.type_reference(window, "en", reference)
        before = self.portal.notifications.count(reference)
        await window.page.fill("#code", await self.portal.notifications.code_for(reference, max(1, before)))
        await window.send()

    async def type_reference(self, window: Window, language: str, reference: str) -> None:
        await window.page.goto(f"{self.address}/{language}/case")
        await window.page.fill("#reference", reference)
        await window.send()


async def households(portal: Portal) -> dict[str, str]:
    """A case in each state, by its name."""
    scheduling = portal.scheduling
    chosen = a_programme(programme="MX-TVH", allocation=Allocation.CHOICE, sites=("MX-TAP-02",))
    closed = a_programme(
        programme="US-CBP1", system=System.US, status=ProgrammeStatus.CLOSED, title="Appointments at the border"
    )
    made = {
        "offered": a_case(sites=("MX-TAP-01", FEW)),
        "booked": a_case(),
        "waiting": a_case(programme="MX-TVH", sites=("MX-TAP-02",)),
        "closed": a_case(state=CaseState.INELIGIBLE),
        "lacking": a_case(sites=(FEW,)),
    }
    await scheduling.receive(a_programme(), chosen, closed, *made.values())
    for state in ("booked", "lacking"):
        await scheduling.accept(made[state], "assistant")
    day = (await scheduling.live(made["lacking"])).wall_time.date()
    await scheduling.do(lambda uow: uow.execute(ONE_DESK_GIVES, site=FEW))
    await scheduling.do(lambda uow: uow.execute(NOT_THAT_DAY, site=FEW, day=day))
    return {state: case.case_ref for state, case in made.items()}


async def takers_of(portal: Portal) -> dict[str, str]:
    """A household for each language that takes a date, which it can do once."""
    made = {language: a_case(programme="MX-TVH", sites=("MX-TAP-02",)) for language in (*LANGUAGES, *DRAFTS)}
    await portal.scheduling.receive(*made.values())
    return {language: case.case_ref for language, case in made.items()}


async def walk(town: Town, language: str) -> AsyncIterator[tuple[Seen, Window]]:
    """Each page once, with the window that shows it."""
    window = await town.window()
    async for found in _outside(town, language, window):
        yield found
    async for found in _inside(town, language):
        yield found
    for part in (_refused, _changed):
        await window.context.clear_cookies()
        async for found in part(town, language, window):
            yield found
    await window.context.close()


async def _outside(town: Town, language: str, window: Window) -> AsyncIterator[tuple[Seen, Window]]:
    home = f"{town.address}/{language}"
    for name, path in (("start", ""), ("unknown", "/nowhere"), ("logged-out", "/logged-out"), ("case", "/case")):
        await window.page.goto(home + path)
        yield await window.look(name), window
    await window.send()
    yield await window.look("case-empty"), window
    await town.type_reference(window, language, new_case_ref())
    yield await window.look("code"), window
    await window.page.fill("#code", "000000")
    await window.send()
    yield await window.look("code-wrong"), window
    for name, path in (("verify", "/verify"), ("asked", "/verify/case")):
        await window.page.goto(home + path)
        yield await window.look(name), window
    await window.send()
    yield await window.look("asked-empty"), window
    await window.page.fill("#reference", new_case_ref())
    await window.page.fill("#year", "1990")
    await window.send()
    yield await window.look("asked-no"), window
    insisted, neighbour = new_case_ref(), town.portal.browser("127.0.0.1")
    for _ in range(FOR_A_CASE.free):
        await asked_for_code(neighbour, insisted, language)
    await town.type_reference(window, language, insisted)
    yield await window.look("wait"), window
    await town.portal.scheduling.do(lambda uow: uow.execute("delete from login_pressures"))


async def _inside(town: Town, language: str) -> AsyncIterator[tuple[Seen, Window]]:
    home = f"{town.address}/{language}{MINE}"
    for state, window in town.inside.items():
        await window.page.goto(home)
        yield await window.look(state), window
    await town.inside["booked"].page.goto(f"{home}/letter")
    yield await town.inside["booked"].look("letter"), town.inside["booked"]
    window = town.inside["offered"]
    for name in ("accept", "extend", "decline"):
        await window.page.goto(f"{home}/{name}")
        yield await window.look(name), window
    await window.send()
    yield await window.look("decline-empty"), window
    await window.page.goto(f"{home}/places")
    await window.page.locator(".puente-days a").last.click()
    yield await window.look("sites"), window
    for name in ("contact", "contact/language", "contact/hours", "contact/email"):
        await window.page.goto(f"{home}/{name}")
        yield await window.look(name.replace("/", "-")), window
    await window.send()
    yield await window.look("contact-email-empty"), window
    await window.page.fill("#email", "rosa@correo.org")
    await window.send()
    yield await window.look("contact-code"), window
    async for found in _coming(town.inside["offered"], home):
        yield found
    async for found in _needs(town.inside["lacking"], home):
        yield found
    window = town.inside["waiting"]
    await window.page.goto(f"{home}/places")
    yield await window.look("days"), window
    await window.page.locator(".puente-days a").first.click()
    yield await window.look("times"), window
    await window.send()
    yield await window.look("times-empty"), window
    await window.page.locator("input[name=slot]").first.check()
    await window.send()
    yield await window.look("choose"), window
    await window.page.goto(f"{home}/choose?slot={GONE}")
    yield await window.look("gone"), window


async def _coming(window: Window, home: str) -> AsyncIterator[tuple[Seen, Window]]:
    """A household says that not all of it come, and in the end that all do."""
    await window.page.goto(f"{home}/coming")
    yield await window.look("coming"), window
    for name in ("adults", "children"):
        await window.page.select_option(f"#{name}", "0")
    await window.send()
    yield await window.look("coming-empty"), window
    await window.page.select_option("#adults", "1")
    await window.send()
    yield await window.look("coming-check"), window
    await window.send()
    yield await window.look("coming-done"), window
    await window.page.goto(home)
    yield await window.look("coming-said"), window


async def _needs(window: Window, home: str) -> AsyncIterator[tuple[Seen, Window]]:
    """A household asks for what the place of its date lacks, and takes it back for the next language."""
    for name in ("needs", "needs/interpreter", "needs/place"):
        await window.page.goto(f"{home}/{name}")
        yield await window.look(name.replace("/", "-")), window
    await window.page.check("#wheelchair")
    await window.send()
    yield await window.look("needs-check"), window
    await window.send()
    yield await window.look("needs-check-empty"), window
    await window.page.check("#way")
    await window.send()
    yield await window.look("needs-done"), window
    await window.page.goto(home)
    yield await window.look("needs-asked"), window
    await window.page.goto(f"{home}/needs/place")
    await window.page.uncheck("#wheelchair")
    await window.send()
    yield await window.look("needs-check-stays"), window
    await window.send()


async def _refused(town: Town, language: str, window: Window) -> AsyncIterator[tuple[Seen, Window]]:
    """Forms that come without our cookie, and with another one than they were made for."""
    await window.page.goto(f"{town.address}/{language}/case")
    await window.context.clear_cookies()
    await window.send()
    yield await window.look("no-cookies"), window
    await window.page.goto(f"{town.address}/{language}/case")
    await window.context.clear_cookies()
    other = await window.context.new_page()
    await other.goto(f"{town.address}/{language}/case")
    await window.send()
    yield await window.look("old-form"), window
    await other.close()


async def _changed(town: Town, language: str, window: Window) -> AsyncIterator[tuple[Seen, Window]]:
    """What a page says after a date was taken, after one that somebody else took, and while the database is away."""
    await town.let_in(town.takers[language], window)
    await window.page.goto(f"{town.address}/{language}{MINE}/places")
    await window.page.locator(".puente-days a").last.click()
    await window.page.locator("input[name=slot]").last.check()
    await window.send()
    await window.send()
    yield await window.look("taken"), window
    await window.page.goto(f"{town.address}/{language}{MINE}/choose?slot=1")
    yield await window.look("refused"), window
    await window.page.goto(f"{town.address}/{language}{MINE}/contact/language")
    await window.page.locator("main input[name=proof]").evaluate("it => { it.value = it.value.split('-')[0] + '-0' }")
    await window.send()
    yield await window.look("other-case"), window
    async with town.portal.without_database():
        await window.page.goto(f"{town.address}/{language}{MINE}")
        yield await window.look("trouble"), window
