"""What the portal says: in every language, for every reason, and never about a person."""

from pathlib import Path

import pytest

from services.notifications.messages import LANGUAGES_DIR as OF_NOTICES
from services.notifications.messages.presenter import PAGE
from services.scheduling.domain.decisions import Waiting
from services.scheduling.web.case import HOME
from services.scheduling.web.my_interview import CAUSES
from services.scheduling.web.pages import HERE
from shared.languages import read_catalogues
from tests.unit.test_notifications_languages import LANGUAGES, faults_of

CATALOGUES = read_catalogues(HERE / "languages")


def test_every_language_has_every_text_of_the_portal_with_the_same_placeholders() -> None:
    assert LANGUAGES == CATALOGUES.keys()
    assert [] == faults_of(dict(CATALOGUES))


@pytest.mark.parametrize("language", sorted(LANGUAGES))
@pytest.mark.parametrize("reason", Waiting)
def test_every_reason_to_wait_is_said_in_words(reason: Waiting, language: str) -> None:
    assert len(CATALOGUES[language].text(f"why.{reason}")) > 20


@pytest.mark.parametrize("cause", CAUSES)
def test_every_cause_that_a_household_can_give_is_said_back_to_it(cause: str) -> None:
    for catalogue in CATALOGUES.values():
        assert (catalogue.has(f"cause.{cause}"), catalogue.has(f"ended.{cause}")) == (True, True)


def test_notices_lead_to_a_page_that_the_portal_has_in_their_language() -> None:
    assert HOME == f"/{PAGE}"
    assert {path.stem for path in Path(OF_NOTICES).glob("*.po")} == CATALOGUES.keys()
