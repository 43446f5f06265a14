"""Being logged in, and what forms and cookies are worth: sessions end, and no other site acts for a household."""

import re
from datetime import timedelta

import pytest

from shared.events import CaseChanged
from tests.builders import a_case
from tests.portal import LANGUAGES, Portal, asked_for_code, forms, headings, texts

HOME = "/en/my-interview"


async def test_a_session_is_over_after_thirty_minutes_without_a_look_and_logging_in_leads_back(
    portal: Portal, case: CaseChanged
) -> None:
    browser = await portal.logged_in(case.case_ref)
    for _ in range(3):
        portal.clock.advance(timedelta(minutes=29))
        await browser.open("/en/my-interview")
        assert "/en/my-interview" == browser.place
    portal.clock.advance(timedelta(minutes=30))

    await browser.open("/en/my-interview/decline")
    place = browser.place
    await browser.submit("/en/case", reference=case.case_ref)
    await browser.submit("/en/case/code", code=await portal.notifications.code_for(case.case_ref, 2))

    assert "/en/case?back=my-interview/decline" == place
    assert "/en/my-interview/decline" == browser.place


async def test_a_session_ends_after_twelve_hours_whoever_uses_it(portal: Portal, case: CaseChanged) -> None:
    browser = await portal.logged_in(case.case_ref)
    for _ in range(25):
        await browser.open("/en/my-interview")
        portal.clock.advance(timedelta(minutes=29))

    await browser.open("/en/my-interview")

    assert "/en/case?back=my-interview" == browser.place


async def test_logging_in_again_ends_the_session_that_the_browser_had(portal: Portal, case: CaseChanged) -> None:
    browser = await portal.logged_in(case.case_ref)
    old = browser.client.cookies["__Host-session"]
    portal.clock.advance(timedelta(minutes=20))
    browser.client.cookies.delete("__Host-session")
    await asked_for_code(browser, case.case_ref)
    browser.client.cookies.set("__Host-session", old, domain="portal.example")

    await browser.submit("/en/case/code", code=await portal.notifications.code_for(case.case_ref, 2))

    assert old != browser.client.cookies["__Host-session"]
    assert 1 == await portal.scheduling.count("select count(*) from login_sessions")


async def test_who_logs_out_is_out_also_with_the_old_cookie(portal: Portal, case: CaseChanged) -> None:
    browser = await portal.logged_in(case.case_ref)
    session = browser.client.cookies["__Host-session"]

    page = await browser.submit("/en/log-out")
    browser.client.cookies.set("__Host-session", session, domain="portal.example")
    await browser.open("/en/my-interview")

    assert ["You are logged out"] == headings(page)
    assert "/en/case?back=my-interview" == browser.place


async def test_a_reference_that_was_typed_stays_in_another_language_and_out_of_addresses(portal: Portal) -> None:
    browser = portal.browser()
    await browser.open("/en/case?back=my-interview/letter")
    page = await browser.submit("/en/case", reference="NA7K")
    french = await browser.switch("fr")

    assert "NA7K" not in "".join(re.findall(r'(?:href|action)="[^"]*"', page.text))
    assert ("fr", "/fr/case") == (french.headers["content-language"], french.url.path)
    assert "my-interview/letter" == forms(french)["/fr/case"]["back"]
    assert 'value="NA7K"' in french.text and "12 lettres et chiffres" in texts(french)


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "v1/cases", "case", "my-interview/../x"])
async def test_logging_in_leads_only_to_pages_of_ours(portal: Portal, case: CaseChanged, back: str) -> None:
    browser = portal.browser()
    await browser.open("/en/case")
    browser.page = await browser.client.get("/en/case", params={"back": back})
    await browser.submit("/en/case", reference=case.case_ref)

    await browser.submit("/en/case/code", code=await portal.notifications.code_for(case.case_ref))

    assert "/en/my-interview" == browser.place


async def test_the_cookies_are_for_this_site_alone_and_for_no_script(portal: Portal, case: CaseChanged) -> None:
    browser = portal.browser()
    await browser.open("/en/case")
    sent = {**forms(browser.page)["/en/case"], "reference": case.case_ref}
    first = browser.page.headers["set-cookie"]
    await browser.client.post("/en/case", data=sent)
    sent = {**sent, "code": await portal.notifications.code_for(case.case_ref)}
    second = (await browser.client.post("/en/case/code", data=sent)).headers["set-cookie"]

    for cookie, name in ((first, "__Host-browser"), (second, "__Host-session")):
        value, *attributes = cookie.split("; ")
        assert value.startswith(f"{name}=") and len(value) > len(name) + 40
        assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure"} == set(attributes)


async def test_a_form_without_its_proof_or_with_another_browsers_does_nothing(
    portal: Portal, case: CaseChanged
) -> None:
    browser, other = portal.browser(), portal.browser()
    await browser.open("/en/case")
    await other.open("/en/case")
    foreign = forms(other.page)["/en/case"]["proof"]

    for proof in ({}, {"proof": ""}, {"proof": foreign}, {"proof": "é"}):
        page = await browser.client.post("/en/case", data={**proof, "reference": case.case_ref})

        assert 403 == page.status_code
        assert ["This page was open for too long"] == headings(page)
    assert 0 == await portal.scheduling.count("select count(*) from login_codes")


async def test_a_form_of_a_case_that_was_open_before_does_nothing_to_the_one_that_is_open_now(
    portal: Portal, case: CaseChanged
) -> None:
    """Two households share a phone, with a page of the first one left open in another tab."""
    form, typed = f"{HOME}/contact/language", {"locale": "ht"}
    browser, next_one = await portal.logged_in(case.case_ref, at="/my-interview/contact/language"), a_case()
    await portal.scheduling.receive(next_one)
    left_open = {**forms(browser.page)[form], **typed}
    await browser.submit("/en/log-out")
    await asked_for_code(browser, next_one.case_ref)
    await browser.submit("/en/case/code", code=await portal.notifications.code_for(next_one.case_ref))

    page = await browser.client.post(form, data=left_open)
    said_by_then = [asked for asked in portal.intake.asked if "locale" in asked]
    await browser.open(form)
    await browser.submit(form, **typed)

    assert (409, ["Another case is open in this browser"]) == (page.status_code, headings(page))
    assert [] == said_by_then
    assert [next_one.case_ref] == [asked["case_ref"] for asked in portal.intake.asked if "locale" in asked]


async def test_what_was_typed_about_a_case_that_was_open_before_is_not_kept_for_the_one_whose_session_is_over(
    portal: Portal, case: CaseChanged
) -> None:
    form, next_one = f"{HOME}/contact/email", a_case()
    browser = await portal.logged_in(case.case_ref, at="/my-interview/contact/email")
    await portal.scheduling.receive(next_one)
    left_open = {**forms(browser.page)[form], "email": "rosa@correo.org"}
    await browser.submit("/en/log-out")
    await asked_for_code(browser, next_one.case_ref)
    await browser.submit("/en/case/code", code=await portal.notifications.code_for(next_one.case_ref))
    portal.clock.advance(timedelta(minutes=31))

    answer = await browser.client.post(form, data=left_open)

    assert (303, "/en/case?back=my-interview/contact/email") == (answer.status_code, answer.headers["location"])
    assert "__Host-typed" not in browser.client.cookies


async def test_a_browser_whose_cookie_is_gone_is_told_what_may_be_why_and_the_way_back(
    portal: Portal, case: CaseChanged
) -> None:
    browser = portal.browser()
    await browser.open("/fr/case")
    sent = {**forms(browser.page)["/fr/case"], "reference": case.case_ref}
    browser.client.cookies.clear()

    page = await browser.client.post("/fr/case", data=sent)

    assert (403, ["Nous ne reconnaissons plus votre navigateur"]) == (page.status_code, headings(page))
    assert "set-cookie" not in page.headers
    assert "n’envoie pas de cookies" in texts(page) and '<a class="govuk-link" href="/fr/case">' in page.text
    assert 0 == await portal.scheduling.count("select count(*) from login_codes")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_page_of_the_way_in_is_light_kept_by_nobody_and_leads_to_the_other_languages(
    portal: Portal, case: CaseChanged, language: str
) -> None:
    browser = portal.browser()
    pages = [await browser.open(f"/{language}/case"), await asked_for_code(browser, case.case_ref, language)]
    pages.append(await browser.submit(f"/{language}/case/code", code="000000"))
    pages.append(await browser.open(f"/{language}/logged-out"))

    for page in pages:
        path = page.url.path.removeprefix(f"/{language}")
        assert "no-store" == page.headers["cache-control"]
        assert len(page.content) < 12_000
        assert 1 == len(headings(page))
        leads_to = re.findall(r'<(?:a href|button [^>]*formaction)="([^"?]+)[^>]* lang=', page.text)
        assert {f"/{tag}{path}" for tag in LANGUAGES if tag != language} == set(leads_to)


async def test_while_the_database_is_away_a_page_says_that_nothing_was_changed(
    portal: Portal, case: CaseChanged
) -> None:
    browser = await portal.logged_in(case.case_ref)

    async with portal.without_database():
        page = await browser.open("/es/my-interview")

    assert 503 == page.status_code
    assert ["Algo no funciona de nuestro lado"] == headings(page)


async def test_what_opens_nothing_any_more_is_forgotten_after_a_day(portal: Portal, case: CaseChanged) -> None:
    await portal.logged_in(case.case_ref)
    await asked_for_code(portal.browser(), case.case_ref)
    portal.clock.advance(timedelta(days=1, minutes=31))

    await portal.scheduling.jobs.forget_what_is_over()

    left = "select (select count(*) from login_codes) + (select count(*) from login_sessions)"
    assert 0 == await portal.scheduling.count(left)
    assert 0 == await portal.scheduling.count("select count(*) from login_pressures")


async def test_intake_has_everyone_who_has_a_case_open_logged_out_and_codes_of_before_open_nothing(
    portal: Portal, case: CaseChanged
) -> None:
    """When operations put a stolen contact back."""
    thief, waits = await portal.logged_in(case.case_ref), portal.browser()
    await asked_for_code(waits, case.case_ref)
    code, asked = await portal.notifications.code_for(case.case_ref, 2), {"case_ref": case.case_ref}
    service, ops = ({"authorization": f"Bearer {role}"} for role in ("service", "ops"))

    refused = await thief.client.post("/internal/sessions/end", json=asked, headers=ops)
    ended = await thief.client.post("/internal/sessions/end", json=asked, headers=service)
    await thief.open("/en/my-interview")
    late = await waits.submit("/en/case/code", code=code)

    assert (403, {"ended": True}) == (refused.status_code, ended.json())
    assert ("/en/case?back=my-interview", 422) == (thief.place, late.status_code)
