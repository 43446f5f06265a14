"""A worker of a resource centre helps one household: signs in, names its case, records its consent, finishes."""

from dataclasses import dataclass
from enum import StrEnum

from services.scheduling.access.logins import new_token
from services.scheduling.repository import assists
from shared.crypto import KeyedHash
from shared.db import UnitOfWork

ASSISTANT = "assistant"
"""The role of who may help households, and who acted when one did."""


class GivenBy(StrEnum):
    """Who agreed for the household."""

    PRINCIPAL = "principal"
    ADULT = "adult"


class GivenHow(StrEnum):
    """How it was agreed."""

    SPOKEN = "spoken"
    SIGNED = "signed"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Assisting:
    """A worker who is signed in. `case_ref` was named, and is shown only if `consent_id` says that its household agrees.

    `locale`: the household's language.
    """

    worker: str
    case_ref: str | None
    consent_id: int | None
    locale: str | None

    @property
    def open_case(self) -> str | None:
        """The case that the worker may see and act for."""
        return self.case_ref if self.consent_id is not None else None


class Assists:
    """The sessions of workers, one for each household that they help. `data_key` makes the key of the tokens' hashes."""

    def __init__(self, data_key: str) -> None:
        self._tokens = KeyedHash(data_key, "assist session")

    async def begin(self, uow: UnitOfWork, worker: str) -> str:
        """What the cookie is to hold, for a worker whose key was right."""
        token = new_token()
        await assists.begin(uow, self._tokens.of(token), worker)
        return token

    async def see(self, uow: UnitOfWork, token: str, *, page: str | None = None) -> Assisting | None:
        """Who helps whom in this session; None when it is over. `page`: one of the household's pages that is about to be shown
        or acted on, which is recorded first, so that no look is missing."""
        row = await assists.see(uow, self._tokens.of(token))
        if row is None:
            return None
        found = Assisting(row.worker, row.case_ref, row.consent_id, row.locale)
        if page and found.case_ref and found.consent_id is not None:
            await assists.record_look(uow, found.worker, found.case_ref, found.consent_id, page=page)
        return found

    async def name_case(self, uow: UnitOfWork, token: str, case_ref: str) -> bool:
        """The case of the household that is to be helped; False when there is none."""
        return await assists.name_case(uow, self._tokens.of(token), case_ref)

    async def agree(self, uow: UnitOfWork, token: str, case_ref: str, by: GivenBy, how: GivenHow) -> bool:
        """Records the consent for good and opens the case; False when the session is about another one."""
        return await assists.record_consent(uow, self._tokens.of(token), case_ref, given_by=by, given_how=how)

    async def close_others(self, uow: UnitOfWork, case_ref: str, *, but: str | None) -> None:
        """Ends the sessions of all other workers who see the case."""
        await assists.end_others(uow, case_ref, but=self._tokens.of(but) if but else None)

    async def finish(self, uow: UnitOfWork, token: str) -> None:
        """Ends the session: whoever has its cookie sees nothing any more."""
        await assists.end(uow, self._tokens.of(token))
