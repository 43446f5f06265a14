"""Asks intake how to reach households, at the moment of sending. Contacts live in memory only, never in a log or span."""

import asyncio
from collections.abc import Mapping

import httpx
from pydantic import BaseModel, SecretStr, ValidationError

DEADLINE_SECONDS = 10


class IntakeAway(RuntimeError):
    """Intake does not say how to reach the households: notices wait and go later."""


class Contact(BaseModel):
    """How a household can be reached. Secrets do not show when this is printed.

    `locale` is a BCP 47 tag, `safe_hours` `HH:MM-HH:MM` local to the person. Whether the device is shared is not asked:
    every message is written as if it were.
    """

    case_ref: str
    email: SecretStr | None = None
    locale: str = "es"
    safe_hours: str | None = None

    @property
    def address(self) -> str:
        """The e-mail address; empty when there is none."""
        return self.email.get_secret_value().strip() if self.email else ""


class ContactAnswer(BaseModel):
    contacts: list[Contact]
    unknown: list[str] = []


class IntakeContacts:
    """Intake's contacts, over HTTP as the service that we are."""

    def __init__(self, intake_url: str, token: SecretStr) -> None:
        self._url = f"{intake_url.rstrip('/')}/internal/contacts"
        self._token = token

    async def of(self, traceparents: Mapping[str, str]) -> dict[str, Contact]:
        """The contacts of these cases, by reference; a case that intake does not know is not among them.

        `traceparents` is one for each case: the attempt for which its contact is asked. Raises: IntakeAway.
        """
        question = {
            "contacts": [{"case_ref": case_ref, "traceparent": each} for case_ref, each in traceparents.items()]
        }
        headers = {"Authorization": f"Bearer {self._token.get_secret_value()}"}
        try:
            async with asyncio.timeout(DEADLINE_SECONDS), httpx.AsyncClient(timeout=DEADLINE_SECONDS) as client:
                response = await client.post(self._url, json=question, headers=headers)
                response.raise_for_status()
            answer = ContactAnswer.model_validate_json(response.content)
        except httpx.HTTPStatusError as error:
            raise IntakeAway(f"intake answers {error.response.status_code}") from None
        except (httpx.HTTPError, TimeoutError) as error:
            raise IntakeAway(f"intake does not answer: {type(error).__name__}") from None
        except ValidationError:
            raise IntakeAway("intake's answer is not one that we can read") from None  # its message holds contacts
        return {contact.case_ref: contact for contact in answer.contacts}
