"""A household that reads a language which nobody has reviewed yet, where settings say that it is offered."""

from collections.abc import AsyncIterator

import pytest_asyncio

from services.scheduling import commands
from shared.events import CaseChanged
from tests.builders import a_case, a_programme
from tests.portal import DRAFTS, Neighbours, Portal, headings, open_portal, texts
from tests.scheduling import Scheduling


@pytest_asyncio.fixture(loop_scope="session")
async def drafted(scheduling: Scheduling, neighbours: Neighbours) -> AsyncIterator[Portal]:
    async with open_portal(scheduling, neighbours, DRAFTS) as portal:
        yield portal


@pytest_asyncio.fixture(loop_scope="session")
async def case(drafted: Portal) -> CaseChanged:
    """Its interview is booked."""
    made = a_case(locale="ar")
    await drafted.scheduling.receive(a_programme(), made)
    await drafted.scheduling.do(lambda uow: commands.accept(uow, made.case_ref, "household"))
    return made


async def test_its_letter_is_a_light_sheet_with_its_own_letters(drafted: Portal, case: CaseChanged) -> None:
    browser = await drafted.logged_in(case.case_ref, "ar")
    page = await browser.open("/ar/my-interview/letter")
    sheet = await browser.open("/ar/my-interview/letter.pdf")

    assert ["رسالة موعدكم"] == headings(page)
    assert (200, "application/pdf") == (sheet.status_code, sheet.headers["content-type"])
    assert b"/Lang (ar)" in sheet.content and b"/FontFile2" in sheet.content
    assert 1 == sheet.content.count(b"/Type /Page\n")
    assert len(sheet.content) < 60_000


async def test_the_sheet_with_its_pin_is_in_its_language(drafted: Portal, case: CaseChanged) -> None:
    headers = {"authorization": "Bearer assistant"}
    sheet = await drafted.browser().client.post(f"/v1/cases/{case.case_ref}/pin/letter", headers=headers)

    assert 200 == sheet.status_code
    assert b"/Lang (ar)" in sheet.content and b"/FontFile2" in sheet.content


async def test_it_can_choose_the_language_for_its_messages(drafted: Portal, case: CaseChanged) -> None:
    browser = await drafted.logged_in(case.case_ref, at="/my-interview/contact")
    await browser.open("/en/my-interview/contact/language")
    await browser.submit("/en/my-interview/contact/language", locale="ar")

    assert "العربية" in texts(browser.page)
