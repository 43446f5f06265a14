"""Letters about a household's address: a code to the new one, a word to the old one, nothing of one in the other."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from pydantic import SecretStr

from services.notifications.messages import LANGUAGES_DIR
from services.notifications.messages.writer import Writer
from shared.languages import read_catalogues
from tests.portal import DRAFTS

CATALOGUES = read_catalogues(LANGUAGES_DIR, DRAFTS)
WRITER = Writer(CATALOGUES, "puente@example.org")
NOW = datetime(2026, 11, 24, 18, tzinfo=UTC)
OLD, NEW = "old@example.org", "new@example.org"


@pytest.mark.parametrize("language", sorted(CATALOGUES))
def test_the_new_address_gets_the_code_and_how_long_it_holds(language: str) -> None:
    mail = WRITER.write_about_contact(uuid4(), NEW, SecretStr("048151"), language=language, now=NOW)

    assert (NEW, language, True, True) == (mail.to, mail.language, "048151" in mail.text, "30" in mail.text)
    assert "048151" not in mail.subject


@pytest.mark.parametrize("language", sorted(CATALOGUES))
def test_the_old_address_hears_that_it_changed_with_no_code_address_or_reference(language: str) -> None:
    mail = WRITER.write_about_contact(uuid4(), OLD, None, language=language, now=NOW)

    assert OLD == mail.to
    assert CATALOGUES[language].text("contact-changed.not_you") in " ".join(mail.text.split())
    assert not [char for char in mail.text if char.isdigit() or char == "@"]
