"""Whether a household has an interview, asked by reference and year of birth: yes or no, slowly, and nothing else."""

import re
from datetime import timedelta

import httpx
import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from services.scheduling import commands
from services.scheduling.domain.logins import CHECKS_FOR_A_NETWORK, WRONG_FROM_A_NETWORK
from services.scheduling.web import asked
from services.scheduling.web.asked import PATH
from shared.events import CaseChanged
from shared.reference import new_case_ref
from tests.builders import a_case, a_programme
from tests.portal import LANGUAGES, Portal, headings, texts

BORN = 1987


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "TAKES_SECONDS", 0)


@pytest_asyncio.fixture(loop_scope="session")
async def case(portal: Portal) -> CaseChanged:
    """A household whose interview is booked, of whom someone was born in 1987."""
    made = a_case()
    portal.intake.births[made.case_ref] = BORN
    await portal.scheduling.receive(a_programme(), made)
    await portal.scheduling.do(lambda uow: commands.accept(uow, made.case_ref, "household"))
    return made


async def ask(portal: Portal, reference: str, year: object = BORN, **at: str) -> httpx.Response:
    language = at.get("language", "en")
    browser = portal.browser(at.get("address", "198.51.100.20"))
    await browser.open(f"/{language}{PATH}")
    return await browser.submit(f"/{language}{PATH}", reference=reference, year=str(year))


@pytest.mark.parametrize("language", LANGUAGES)
async def test_who_has_an_interview_gets_a_yes_that_says_nothing_more(
    portal: Portal, case: CaseChanged, language: str
) -> None:
    page = await ask(portal, case.case_ref.lower(), language=language)

    assert [{"es": "Sí", "en": "Yes", "fr": "Oui", "ht": "Wi", "pt": "Sim"}[language]] == headings(page)
    assert [] == [word for word in (case.case_ref, case.case_ref.lower(), "Tapachula", "COMAR") if word in page.text]
    assert str(page.url).endswith(PATH)


async def test_a_wrong_year_an_unknown_case_and_one_without_an_interview_get_the_same_answer(
    portal: Portal, case: CaseChanged
) -> None:
    waiting = a_case()
    portal.intake.births[waiting.case_ref] = BORN
    await portal.scheduling.receive(waiting)  # offered, and not booked
    await portal.scheduling.do(lambda uow: commands.decline(uow, waiting.case_ref, "household"))

    answers = [
        await ask(portal, case.case_ref, BORN + 1),
        await ask(portal, new_case_ref()),
        await ask(portal, waiting.case_ref),
    ]

    assert [["No"]] * 3 == [headings(page) for page in answers]
    assert 1 == len({(page.status_code, texts(page), tuple(sorted(page.headers))) for page in answers})
    assert {case.case_ref, waiting.case_ref} < {question["case_ref"] for question in portal.intake.asked}


async def test_intake_is_asked_for_unknown_cases_too_so_that_both_take_as_long(portal: Portal) -> None:
    unknown = new_case_ref()
    await ask(portal, unknown)

    assert [unknown] == [question["case_ref"] for question in portal.intake.asked if question["case_ref"] == unknown]


async def test_an_interview_that_is_over_is_none(portal: Portal, case: CaseChanged) -> None:
    booked = await portal.scheduling.live(case)
    portal.clock.instant = booked.starts_at + timedelta(minutes=booked.minutes, hours=24)

    assert ["No"] == headings(await ask(portal, case.case_ref))


async def test_who_asks_wrongly_for_one_case_again_and_again_waits_whether_there_is_such_a_case_or_not(
    portal: Portal, case: CaseChanged
) -> None:
    free, shown = WRONG_FROM_A_NETWORK.free, list[list[tuple[int, str | None]]]()
    for reference in (case.case_ref, new_case_ref()):
        pages = [await ask(portal, reference, BORN + 1 + each) for each in range(free + 1)]
        shown.append([(page.status_code, page.headers.get("retry-after")) for page in pages])

    assert shown[0] == shown[1]
    assert [(200, None)] * free + [(429, "300")] == shown[0]


async def test_a_stranger_who_tries_years_keeps_nobody_in_another_network_waiting(
    portal: Portal, case: CaseChanged
) -> None:
    tries = 0
    for each in range(24 * 6):
        tries += (await ask(portal, case.case_ref, 1900 + each % 80, address="203.0.113.66")).status_code == 200
        portal.clock.advance(timedelta(minutes=10))

    assert 10 <= tries <= 15
    assert ["Yes"] == headings(await ask(portal, case.case_ref))


async def test_somebody_with_many_networks_waits_too_whether_there_is_such_a_case_or_not(
    portal: Portal, case: CaseChanged
) -> None:
    shown = []
    for at, reference in enumerate((case.case_ref, new_case_ref())):
        pages = [
            await ask(portal, reference, BORN + 1 + each, address=f"2001:db8:{at}{each:03}::7") for each in range(22)
        ]
        shown.append([(page.status_code, page.headers.get("retry-after")) for page in pages])

    assert shown[0] == shown[1]
    assert [(200, None)] * 20 + [(429, "120")] * 2 == shown[0]


async def test_who_has_many_networks_of_one_customer_has_one(portal: Portal, case: CaseChanged) -> None:
    pages = [await ask(portal, case.case_ref, BORN + 1, address=f"2001:db8:9:{each}::7") for each in range(4)]

    assert [200] * 3 + [429] == [page.status_code for page in pages]


async def test_a_yes_costs_nothing_and_takes_no_guess_back(portal: Portal, case: CaseChanged) -> None:
    years = [BORN, BORN, BORN + 1, BORN, BORN + 2, BORN, BORN, BORN + 3, BORN]
    pages = [await ask(portal, case.case_ref, year) for year in years]

    assert [200] * 8 + [429] == [page.status_code for page in pages]


async def test_who_asks_for_very_many_cases_from_one_network_waits(portal: Portal) -> None:
    free = CHECKS_FOR_A_NETWORK.free
    pages = [await ask(portal, new_case_ref(), address="203.0.113.77") for _ in range(free + 1)]

    assert [200] * free + [429] == [page.status_code for page in pages]
    assert "Several checks were made." in texts(pages[-1])
    assert 'href="/en/verify">Check a letter<' in pages[-1].text


@pytest.mark.parametrize(
    ("reference", "year", "said"),
    [
        ("", BORN, "Type your reference"),
        ("NA7K-3QF2-M9X1", BORN, "letter by letter"),
        ("NA7K-3QF2-M9X0", "87", "four digits"),
    ],
)
async def test_what_is_typed_wrong_is_said_before_anyone_is_asked(
    portal: Portal, reference: str, year: object, said: str
) -> None:
    before = len(portal.intake.asked)
    page = await ask(portal, reference, year)

    assert 422 == page.status_code and said in texts(page)
    assert before == len(portal.intake.asked)


async def test_neither_case_nor_year_stands_in_a_log_or_an_address(portal: Portal, case: CaseChanged) -> None:
    with capture_logs() as logs:
        page = await ask(portal, case.case_ref)

    assert [] == [each for each in logs if case.case_ref in str(each) or str(BORN) in str(each)]
    assert case.case_ref not in str(page.url) and "no-store" == page.headers["cache-control"]


async def test_while_intake_is_away_nothing_is_said_and_nothing_counts(portal: Portal, case: CaseChanged) -> None:
    portal.intake.is_away = True
    pages = [await ask(portal, reference) for reference in 4 * (case.case_ref, new_case_ref())]
    portal.intake.is_away = False

    assert [503] * 8 == [page.status_code for page in pages]


@pytest.mark.parametrize("language", ["en", "ht"])
async def test_who_has_to_wait_finds_what_was_typed_again_and_in_no_address(
    portal: Portal, case: CaseChanged, language: str
) -> None:
    browser = portal.browser()
    for _ in range(WRONG_FROM_A_NETWORK.free + 1):
        await browser.open(f"/en{PATH}")
        await browser.submit(f"/en{PATH}", reference=case.case_ref, year="1951")
    if language != "en":
        await browser.switch(language)
    waits = browser.page
    asked = len(portal.intake.asked)

    page = await browser.submit(f"/{language}{PATH}", **{"in-language": "yes"})

    assert (429, language) == (waits.status_code, waits.headers["content-language"])
    assert (200, f"/{language}{PATH}") == (page.status_code, browser.place)
    assert f'value="{case.case_ref}"' in page.text and 'value="1951"' in page.text
    assert asked == len(portal.intake.asked)
    addresses = re.findall(r'(?:href|action)="([^"]*)"', waits.text + page.text)
    assert [] == [each for each in addresses if "1951" in each or case.case_ref in each]
