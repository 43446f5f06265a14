"""What the portal says: in every language, for every reason, and never about a person."""

from pathlib import Path

import pytest

from services.notifications.messages import LANGUAGES_DIR as OF_NOTICES
from services.notifications.messages.presenter import PAGE
from services.scheduling.domain.decisions import Waiting
from services.scheduling.web.case import HOME
from services.scheduling.web.my_interview import CAUSES
from services.scheduling.web.pages import HERE
from shared.languages import Catalogue, read_catalogue, read_catalogues
from tests.catalogues import faults_of
from tests.portal import DRAFTS, LANGUAGES

CATALOGUES = read_catalogues(HERE / "languages")


def test_every_language_has_every_text_of_the_portal_with_the_same_placeholders() -> None:
    assert set(LANGUAGES) == CATALOGUES.keys()
    assert [] == faults_of(dict(CATALOGUES))


def test_a_draft_has_no_text_that_english_lacks_and_the_same_placeholders() -> None:
    for tag in DRAFTS:
        draft = read_catalogue(HERE / "languages" / "drafts" / f"{tag}.po")
        own = Catalogue("en", {key: CATALOGUES["en"].texts.get(key, "") for key in draft.texts})

        assert [] == faults_of({"en": own, tag: draft})


def test_what_a_draft_lacks_it_says_in_english(tmp_path: Path) -> None:
    header = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
    (tmp_path / "drafts").mkdir()
    (tmp_path / "en.po").write_text(f'{header}msgid "a"\nmsgstr "A"\n\nmsgid "b"\nmsgstr "B"\n')
    (tmp_path / "drafts" / "ar.po").write_text(f'{header}msgid "a"\nmsgstr "أ"\n')

    assert {"en"} == read_catalogues(tmp_path).keys()
    assert {"a": "أ", "b": "B"} == read_catalogues(tmp_path, ["ar"])["ar"].texts


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", Waiting)
def test_every_reason_to_wait_is_said_in_words(reason: Waiting, language: str) -> None:
    assert len(CATALOGUES[language].text(f"why.{reason}")) > 20


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("cause", CAUSES)
def test_every_cause_that_a_household_can_give_is_said_back_to_it(cause: str, language: str) -> None:
    catalogue = CATALOGUES[language]

    assert (catalogue.has(f"cause.{cause}"), catalogue.has(f"ended.{cause}")) == (True, True)


def test_notices_lead_to_a_page_that_the_portal_has_in_their_language() -> None:
    assert HOME == f"/{PAGE}"
    assert {path.stem for path in Path(OF_NOTICES).glob("*.po")} == CATALOGUES.keys()
