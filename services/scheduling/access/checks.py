"""How often strangers may check letters and interviews, by the same measure as codes: longer waits, nobody locked out."""

from datetime import datetime

from services.scheduling.access.logins import network_of
from services.scheduling.domain.logins import (
    CHECKS_FOR_A_NETWORK,
    CHECKS_FOR_EVERYONE,
    FOR_A_CASE,
    LETTERS_FOR_A_NETWORK,
    LETTERS_FOR_EVERYONE,
)
from services.scheduling.repository import logins
from shared.crypto import KeyedHash
from shared.db import UnitOfWork


class Checks:
    """Counts checks. `data_key` makes the keys of the hashes: the database names neither cases nor networks."""

    def __init__(self, data_key: str) -> None:
        self._subjects = KeyedHash(data_key, "check subject")

    async def of_a_letter(self, uow: UnitOfWork, address: str) -> datetime:
        """From when this network may have one more letter checked; now, if it was counted."""
        limits = {
            self._subjects.of("letter", network_of(address)): LETTERS_FOR_A_NETWORK,
            self._subjects.of("letters"): LETTERS_FOR_EVERYONE,
        }
        return await logins.press(uow, limits)

    async def of_a_case(self, uow: UnitOfWork, case_ref: str, address: str) -> datetime:
        """From when this network may ask about this case once more, whether there is one or not; now, if it was counted."""
        limits = {
            self._subjects.of("case", case_ref): FOR_A_CASE,
            self._subjects.of("network", network_of(address)): CHECKS_FOR_A_NETWORK,
            self._subjects.of("everyone"): CHECKS_FOR_EVERYONE,
        }
        return await logins.press(uow, limits)
