"""How often strangers may check letters and interviews, by the same measure as codes: longer waits, nobody locked out."""

from datetime import datetime

from services.scheduling.access.logins import FOR_ONE_CUSTOMER, network_of
from services.scheduling.domain.logins import (
    CHECKS_FOR_A_NETWORK,
    CHECKS_FOR_EVERYONE,
    LETTERS_FOR_A_NETWORK,
    LETTERS_FOR_EVERYONE,
    WRONG_FROM_A_NETWORK,
    WRONG_FROM_EVERYWHERE,
    Patience,
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
        """From when this network may ask about this case once more, whether there is one or not; now, if it was counted, as
        a guess until somebody says that it `was_no_guess`."""
        limits = {
            **self._wrong(case_ref, address),
            self._subjects.of("network", network_of(address)): CHECKS_FOR_A_NETWORK,
            self._subjects.of("everyone"): CHECKS_FOR_EVERYONE,
        }
        return await logins.press(uow, limits)

    async def was_no_guess(self, uow: UnitOfWork, case_ref: str, address: str) -> None:
        """The last question was answered with yes, or not at all. Those before stay counted: who knows one year may guess at others."""
        await logins.take_back(uow, self._wrong(case_ref, address))

    def _wrong(self, case_ref: str, address: str) -> dict[bytes, Patience]:
        network = network_of(address, ipv6_prefix=FOR_ONE_CUSTOMER)
        return {
            self._subjects.of("wrong from", case_ref, network): WRONG_FROM_A_NETWORK,
            self._subjects.of("wrong", case_ref): WRONG_FROM_EVERYWHERE,
        }
