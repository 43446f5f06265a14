"""The letter of a household, and the page on which anyone checks it."""

import gzip
import html
import re
from datetime import timedelta

import cbor2
import httpx
import pytest
import pytest_asyncio

from services.scheduling import commands
from services.scheduling.commands.sites import change_site
from services.scheduling.domain.logins import LETTERS_FOR_A_NETWORK
from services.scheduling.letters.signatures import SigningKeys
from services.scheduling.letters.text import decode, encode, hash_of, readable
from services.scheduling.repository.letters import mark
from services.scheduling.web.letter_lists import KEPT
from shared.events import CaseChanged, Party
from tests.builders import a_case, a_programme
from tests.calendars import Calendars
from tests.lent import forget
from tests.letters import KEYS, OTHER_KEY
from tests.portal import LANGUAGES, Browser, Portal, forms, headings, texts

LETTER = "/en/my-interview/letter"
LISTS = "/.well-known/puente-letters"
SECONDS = timedelta(seconds=10)
VALID, NOT_VALID = ["This letter is valid"], ["This letter is not valid"]


@pytest.fixture
def new_lists() -> None:
    """A portal that has not made its lists yet."""
    forget()


@pytest_asyncio.fixture(loop_scope="session")
async def case(portal: Portal) -> CaseChanged:
    """A household whose interview is booked."""
    made = a_case()
    await portal.scheduling.receive(a_programme(), made)
    await portal.scheduling.do(lambda uow: commands.accept(uow, made.case_ref, "household"))
    return made


def text_of(page: httpx.Response) -> str:
    """The text under the square."""
    [found] = re.findall(r'puente-square-text" translate="no">([^<]+)<', page.text)
    return html.unescape(found)


async def letter_of(portal: Portal, case: CaseChanged) -> str:
    """The text of the letter that the household prints now."""
    return text_of(await (await portal.logged_in(case.case_ref)).open(LETTER))


async def checked(portal: Portal, letter: str, site: str = "") -> httpx.Response:
    """What a stranger reads about a letter."""
    stranger = portal.browser("198.51.100.9")
    await stranger.open("/en/verify")
    return await stranger.submit("/en/verify", letter=letter, site=site)


async def superseded(portal: Portal) -> dict[str, int]:
    """The signed list, a few seconds later."""
    portal.clock.instant += SECONDS
    answer = await portal.browser().open(f"{LISTS}/superseded")
    assert "max-age=2" == answer.headers["cache-control"].partition(", ")[2]
    return dict(cbor2.loads(KEYS.opened(answer.content))[-65539])


async def give_up(portal: Portal, case: CaseChanged) -> None:
    await portal.scheduling.do(lambda uow: commands.decline(uow, case.case_ref, "household"))


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_letter_says_everything_once_with_a_square_and_names_no_programme(
    portal: Portal, case: CaseChanged, language: str
) -> None:
    browser = await portal.logged_in(case.case_ref, language)
    page = await browser.open(f"/{language}/my-interview/letter")
    letter, booked = decode(text_of(page), KEYS), await portal.scheduling.live(case)

    assert 1 == len(headings(page))
    assert all(said in texts(page) for said in (case.case_ref, "Tapachula", "portal.example/verify"))
    assert 'role="img"' in page.text and "<svg" in page.text and "Refugee status" not in page.text
    assert (case.case_ref, booked.starts_at, 3, language, 1) == (
        letter.reference, letter.starts_at, letter.party, letter.language, letter.sequence,
    )  # fmt: skip


async def test_the_page_of_a_booked_interview_leads_to_its_letter_and_the_start_page_to_the_check(
    portal: Portal, case: CaseChanged
) -> None:
    browser = await portal.logged_in(case.case_ref)

    assert f'href="{LETTER}"' in browser.page.text
    assert 'href="/en/verify"' in (await browser.open("/en")).text


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_same_letter_is_a_light_sheet_to_keep_under_a_neutral_name(
    portal: Portal, case: CaseChanged, language: str
) -> None:
    browser = await portal.logged_in(case.case_ref, language)
    sheet = await browser.open(f"/{language}/my-interview/letter.pdf")

    assert (200, "application/pdf") == (sheet.status_code, sheet.headers["content-type"])
    assert 'attachment; filename="letter.pdf"' == sheet.headers["content-disposition"]
    assert sheet.content.startswith(b"%PDF-") and 1 == sheet.content.count(b"/Type /Page\n")
    assert case.case_ref.encode() not in sheet.content.split(b"/Info")[-1]
    assert len(sheet.content) < 60_000


async def test_an_offer_has_no_letter_and_a_stranger_none_at_all(portal: Portal, case: CaseChanged) -> None:
    offered = a_case()
    await portal.scheduling.receive(offered)
    browser, stranger = await portal.logged_in(offered.case_ref), portal.browser()

    await browser.open(LETTER)
    await stranger.open(LETTER)

    assert "/en/my-interview" == browser.place
    assert "/en/case?back=my-interview/letter" == stranger.place


async def test_a_letter_and_its_check_load_only_our_scripts(portal: Portal, case: CaseChanged) -> None:
    browser = await portal.logged_in(case.case_ref)
    letter, check = await browser.open(LETTER), await browser.open("/en/verify")
    inline, loaded = re.findall(r"<script(?: (?!src)[^ >]+)*>", check.text), re.findall(r'src="([^"]+)"', check.text)

    assert letter.headers["content-security-policy"].endswith("; script-src 'self'")
    assert re.findall(r"<script[^>]*>", letter.text) == re.findall(
        r'<script type="module" src="/assets/portal-\w{12}\.js">', letter.text
    )
    assert ['<script type="application/json" id="words">'] == inline
    assert [True] == [path.startswith("/assets/verify-") for path in loaded]
    assert "script-src 'self'; connect-src 'self'; worker-src 'self'" in check.headers["content-security-policy"]
    assert check.headers["permissions-policy"].startswith("camera=(self),")
    assert letter.headers["permissions-policy"].startswith("camera=(),")
    assert max(len(gzip.compress(page.content)) for page in (letter, check)) < 15_000


async def test_scripts_are_kept_under_a_name_of_their_own_and_the_worker_is_asked_for_anew(portal: Portal) -> None:
    browser = portal.browser()
    [path] = re.findall(r'src="([^"]+)"', (await browser.open("/en/verify")).text)

    module, worker = await browser.open(path), await browser.open("/verify-worker.js")
    unknown = await browser.open(path.replace("verify.js", "none.js"))

    assert ("text/javascript; charset=utf-8", "gzip") == (
        module.headers["content-type"],
        module.headers["content-encoding"],
    )
    assert "immutable" in module.headers["cache-control"] and "no-cache" == worker.headers["cache-control"]
    assert "default-src 'self'" == worker.headers["content-security-policy"]
    assert 404 == unknown.status_code


@pytest.mark.usefixtures("new_lists")
async def test_the_places_are_named_with_their_clocks_for_whoever_checks_without_a_network(portal: Portal) -> None:
    known = (await portal.browser().open(f"{LISTS}/places")).json()

    assert "Tapachula" == known["sites"]["MX-TAP-01"]["city"]
    assert [-6 * 3600] == [offset for _, offset in known["zones"]["America/Mexico_City"]]
    assert 4 <= len(known["zones"]["America/Tijuana"])


async def test_anyone_reads_that_a_letter_is_valid_and_what_to_compare(portal: Portal, case: CaseChanged) -> None:
    page = await checked(portal, await letter_of(portal, case))

    assert VALID == headings(page)
    assert case.case_ref in texts(page) and "Tapachula" in texts(page)


@pytest.mark.usefixtures("new_lists")
async def test_a_cancelled_appointment_takes_its_letter_along(portal: Portal, case: CaseChanged) -> None:
    letter = await letter_of(portal, case)
    before = await superseded(portal)
    await give_up(portal, case)

    page = await checked(portal, letter)

    assert NOT_VALID == headings(page) and "changed or cancelled" in texts(page)
    assert ({}, {hash_of(case.case_ref): 2}) == (before, await superseded(portal))


@pytest.mark.usefixtures("new_lists")
async def test_of_two_letters_of_a_household_the_newer_one_holds(portal: Portal, case: CaseChanged) -> None:
    old = await letter_of(portal, case)
    await give_up(portal, case)
    await portal.scheduling.do(lambda uow: commands.offer_again(uow, case.case_ref))
    while_offered = await superseded(portal)
    await portal.scheduling.do(lambda uow: commands.accept(uow, case.case_ref, "household"))
    new = await letter_of(portal, case)

    assert (NOT_VALID, VALID) == (headings(await checked(portal, old)), headings(await checked(portal, new)))
    assert {hash_of(case.case_ref): 2} == while_offered == await superseded(portal)


@pytest.mark.usefixtures("new_lists")
async def test_a_letter_holds_whose_site_has_another_address_and_whoever_checks_it_reads_that_one(
    portal: Portal, case: CaseChanged
) -> None:
    """Nobody is turned away at the right door for an old paper."""
    letter = await letter_of(portal, case)
    await Calendars(portal.scheduling).change(change_site({"address": "Avenida Norte 3"}))

    page, again = await checked(portal, letter), await (await portal.logged_in(case.case_ref)).open(LETTER)

    assert VALID == headings(page) and "Avenida Norte 3" in texts(page)
    assert "those here count" in page.text
    assert (letter, True) == (text_of(again), "Avenida Norte 3" in texts(again))
    assert {} == await superseded(portal)
    known = (await portal.browser().open(f"{LISTS}/places")).json()
    assert "Avenida Norte 3" == known["sites"]["MX-TAP-01"]["address"]


@pytest.mark.usefixtures("new_lists")
async def test_a_letter_holds_whose_date_stays_although_another_desk_was_taken_for_it(
    portal: Portal, case: CaseChanged
) -> None:
    """Nobody is written to then, so nobody would print a new one."""
    letter = await letter_of(portal, case)
    before = await portal.scheduling.live(case)
    await portal.scheduling.receive(case.model_copy(update={"version": 2, "revision": 2, "needs": ("quiet-room",)}))
    after = await portal.scheduling.live(case)

    assert (before.id, before.starts_at, "booked") == (after.replaces, after.starts_at, after.status)
    assert VALID == headings(await checked(portal, letter))
    assert {} == await superseded(portal)


@pytest.mark.usefixtures("new_lists")
@pytest.mark.parametrize("adults", [2, 4])
async def test_a_letter_for_another_number_of_people_holds_no_more_and_the_new_one_says_how_many_come(
    portal: Portal, case: CaseChanged, adults: int
) -> None:
    old, before = await letter_of(portal, case), await portal.scheduling.live(case)
    party = Party(attendees=adults, adults=adults, children=0)
    await portal.scheduling.receive(case.model_copy(update={"version": 2, "revision": 2, "party": party}))
    new, after = await letter_of(portal, case), await portal.scheduling.live(case)

    assert (before.starts_at, "booked") == (after.starts_at, after.status)
    assert (NOT_VALID, VALID) == (headings(await checked(portal, old)), headings(await checked(portal, new)))
    assert (adults, 2) == (decode(new, KEYS).party, decode(new, KEYS).sequence)


@pytest.mark.usefixtures("new_lists")
async def test_a_letter_holds_whose_household_was_recorded_as_being_there_by_mistake(
    portal: Portal, case: CaseChanged
) -> None:
    letter = await letter_of(portal, case)
    id = (await portal.scheduling.live(case)).id
    portal.clock.instant = (await portal.scheduling.live(case)).starts_at
    await portal.scheduling.do(lambda uow: commands.arrive(uow, id, "officer"))
    await portal.scheduling.do(lambda uow: commands.not_here(uow, id, "officer"))

    assert VALID == headings(await checked(portal, letter))
    assert {} == await superseded(portal)


async def test_at_the_door_the_place_and_the_day_are_checked_too(portal: Portal, case: CaseChanged) -> None:
    letter, booked = await letter_of(portal, case), await portal.scheduling.live(case)
    early, elsewhere = await checked(portal, letter, booked.site), await checked(portal, letter, "US-POE-SYS")
    portal.clock.instant = booked.starts_at
    today = await checked(portal, letter, booked.site)
    portal.clock.instant = booked.starts_at + timedelta(days=2)
    late = await checked(portal, letter)

    assert ["This letter is for another day"] == headings(early)
    assert ["This letter is for another place"] == headings(elsewhere)
    assert VALID == headings(today)
    assert "The appointment is over" in texts(late)


async def test_a_letter_of_somebody_else_and_one_with_a_wrong_symbol_are_told_apart(
    portal: Portal, case: CaseChanged
) -> None:
    letter = await letter_of(portal, case)
    theirs = readable(encode(decode(letter, KEYS), SigningKeys({1: OTHER_KEY})))

    assert "The signature is wrong" in texts(await checked(portal, theirs))
    assert ["This text cannot be read"] == headings(await checked(portal, letter[:-1]))
    assert "Type or paste" in texts(await checked(portal, " "))


async def test_a_check_asks_for_no_session_and_puts_no_letter_into_an_address(
    portal: Portal, case: CaseChanged
) -> None:
    letter, stranger = await letter_of(portal, case), Browser(portal.app)
    await stranger.open("/verify")
    [action] = [action for action in forms(stranger.page) if action.endswith("/verify")]
    page = await stranger.submit(action, letter=letter)

    assert "NI1" not in str(page.url)
    assert "no-store" == page.headers["cache-control"]
    await stranger.close()


async def test_the_keys_are_published_for_anyone_and_may_be_kept_a_while(portal: Portal) -> None:
    answer = await portal.browser().open(f"{LISTS}/keys")

    assert KEYS.published == answer.json()
    assert ("public, max-age=300", "*") == (
        answer.headers["cache-control"],
        answer.headers["access-control-allow-origin"],
    )


async def test_who_has_very_many_letters_checked_waits_and_others_do_not(portal: Portal) -> None:
    many, other = portal.browser("198.51.100.30"), portal.browser("198.51.100.31")
    statuses = []
    for browser, count in ((many, LETTERS_FOR_A_NETWORK.free + 1), (other, 1)):
        for _ in range(count):
            await browser.open("/en/verify")
            statuses.append((await browser.submit("/en/verify", letter="NI1:", site="")).status_code)

    assert [*[200] * LETTERS_FOR_A_NETWORK.free, 429, 200] == statuses
    assert "30" == many.page.headers["retry-after"] and "Very many checks were made" in texts(many.page)


@pytest.mark.usefixtures("new_lists")
async def test_however_many_ask_the_list_is_made_again_only_when_something_changed(
    portal: Portal, case: CaseChanged
) -> None:
    """Each time that it is made it has another signature."""
    browser, seen = portal.browser(), set()
    for _ in range(20):
        portal.clock.instant += SECONDS
        seen.add((await browser.open(f"{LISTS}/superseded")).content)
    still = len(seen)
    await give_up(portal, case)
    at_once = (await browser.open(f"{LISTS}/superseded")).content
    portal.clock.instant += SECONDS
    soon = (await browser.open(f"{LISTS}/superseded")).content
    portal.clock.instant += KEPT
    later = (await browser.open(f"{LISTS}/superseded")).content

    assert (1, {at_once}) == (still, seen)
    assert 3 == len({at_once, soon, later})


async def test_a_change_that_was_numbered_before_and_committed_after_another_is_noticed(
    portal: Portal, case: CaseChanged
) -> None:
    scheduling = portal.scheduling
    numbers = "select nextval(pg_get_serial_sequence('outbox', 'id')) as id from generate_series(1, 2)"
    first, second = [row.id for row in await scheduling.rows(numbers)]
    insert = """insert into outbox (id, topic, key, sequence, event_id, type, attributes, value, created_at)
        overriding system value
        select :id, topic, cast(gen_random_uuid() as text), 1, gen_random_uuid(), type, attributes, value, created_at from outbox limit 1"""
    await scheduling.do(lambda uow: uow.execute(insert, id=second))
    before = await scheduling.do(mark)
    await scheduling.do(lambda uow: uow.execute(insert, id=first))

    assert before != await scheduling.do(mark)
    assert await scheduling.do(mark) == await scheduling.do(mark)
