"""PINs of printed letters: the way in for a household that no code can reach. Shown once, and kept as keyed hashes only."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime

from services.scheduling.commands.locked import locked
from services.scheduling.domain.logins import PIN_HOLDS
from services.scheduling.repository import logins, pins
from shared.crypto import KeyedHash
from shared.db import UnitOfWork
from shared.web.problems import Problem

PIN_DIGITS = 8
"""Of a PIN; a code has fewer, so that nobody need say which of the two was typed. Source: docs/domain.md, "Log-in"."""
NO_PIN = bytes(32)
"""Stands for the PIN of a case that has none: no hash is this."""


@dataclass(frozen=True, slots=True)
class MadePin:
    """A new PIN, to be printed now. `locale`: the household's language. The PIN does not show when this is printed."""

    case_ref: str
    pin: str
    holds_until: datetime
    locale: str

    @property
    def in_groups(self) -> str:
        """The PIN as people read it: `0123 4567`."""
        return f"{self.pin[:4]} {self.pin[4:]}"

    def __repr__(self) -> str:
        return f"MadePin(holds_until={self.holds_until})"


class Pins:
    """Makes PINs and tells whether one is right. `data_key` makes the key of their hashes: the database alone opens nothing."""

    def __init__(self, data_key: str) -> None:
        self._pins = KeyedHash(data_key, "letter pin")

    async def make(self, uow: UnitOfWork, case_ref: str, *, made_by: str, after: int | None = None) -> MadePin:
        """A new PIN in place of the case's last one, whose letter may be in other hands: so its sessions end. `after`: how
        many there were when it was asked for, so that asking once more by mistake makes none.

        Raises: Problem 404, 409 when one was made since.
        """
        case = await locked(uow, case_ref)
        if after is not None and after != await pins.made(uow, case_ref):
            raise Problem(
                409, "pin_made", "a PIN was made since: ask for another one only if its letter was not printed"
            )
        made = MadePin(
            case_ref, f"{secrets.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}}", uow.now + PIN_HOLDS, case.snapshot.locale
        )
        hashed = self._pins.of(case_ref, made.pin)
        await pins.keep(uow, case_ref, hashed, made_by=made_by, holds_until=made.holds_until)
        await logins.end_sessions_of(uow, case_ref)
        return made

    async def fits(self, uow: UnitOfWork, case_ref: str, pin: str) -> bool:
        """Whether this is the case's PIN and holds; as much work for a case that has none, or that does not exist."""
        known = await pins.newest(uow, case_ref)
        holds = known is not None and known.holds_until > uow.now
        return hmac.compare_digest(bytes(known.pin) if known else NO_PIN, self._pins.of(case_ref, pin)) and holds
