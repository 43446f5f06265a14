"""Asks intake how to reach households, at the moment of sending. Contacts live in memory only, never in a log or span."""

from collections.abc import Mapping
from typing import Protocol

from pydantic import BaseModel, SecretStr, ValidationError

from shared.web.neighbour import Neighbour, NeighbourAway


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


class Contacts(Protocol):
    """Says how to reach households. Raises: IntakeAway."""

    async def of(self, traceparents: dict[str, str]) -> dict[str, Contact]: ...


class IntakeContacts:
    """Intake's contacts, over HTTP as the service that we are."""

    def __init__(self, intake_url: str, token: SecretStr) -> None:
        self._intake = Neighbour("intake", intake_url, token)

    async def of(self, traceparents: Mapping[str, str]) -> dict[str, Contact]:
        """The contacts of these cases, by reference; a case that intake does not know is not among them.

        `traceparents` is one for each case: the attempt for which its contact is asked. Raises: IntakeAway.
        """
        asked = [{"case_ref": case_ref, "traceparent": each} for case_ref, each in traceparents.items()]
        try:
            answer = ContactAnswer.model_validate_json(
                await self._intake.ask("/internal/contacts", {"contacts": asked})
            )
        except NeighbourAway as away:
            raise IntakeAway(str(away)) from None
        except ValidationError:
            raise IntakeAway("intake's answer is not one that we can read") from None  # its message holds contacts
        return {contact.case_ref: contact for contact in answer.contacts}
