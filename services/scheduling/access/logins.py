"""How a household comes to its pages: a reference, a one-time code to the contact on file or the PIN of a letter, a session.

Whatever a stranger types, it gets the same answers for a case that exists and for one that does not.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address, ip_address, ip_network

from services.scheduling.access.pins import PIN_DIGITS, Pins
from services.scheduling.domain.logins import (
    CODE_HOLDS,
    FOR_A_CASE,
    FOR_A_CASE_FROM_EVERYWHERE,
    FOR_AN_ADDRESS,
    FOR_EVERYONE,
    TRIES,
)
from services.scheduling.repository import assists, logins
from shared.crypto import KeyedHash
from shared.db import UnitOfWork

DIGITS = 6
"""Of a code. Source: docs/domain.md, "Log-in"."""
FOR_ONE_CUSTOMER = 48
"""The IPv6 prefix that one customer may have, with 65,536 networks in it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking for a code: the code, to be sent now, or until when to wait. Codes do not show when printed."""

    case_ref: str
    code: str | None
    wait_until: datetime | None

    def __repr__(self) -> str:
        return f"Asked(wait_until={self.wait_until})"


@dataclass(frozen=True, slots=True)
class Opened:
    """The right code was typed: what the session's cookie is to hold."""

    session: str

    def __repr__(self) -> str:
        return "Opened()"


@dataclass(frozen=True, slots=True)
class NotOpened:
    """A wrong code, or one that holds no more: `tries_left` is 0."""

    tries_left: int


class Logins:
    """The way in. `data_key` makes the keys of every hash: the database alone opens nothing and names no address."""

    def __init__(self, data_key: str, pins: Pins) -> None:
        self._pins = pins
        self._codes = KeyedHash(data_key, "login code")
        self._browsers = KeyedHash(data_key, "login browser")
        self._sessions = KeyedHash(data_key, "login session")
        self._subjects = KeyedHash(data_key, "login subject")

    async def ask(self, uow: UnitOfWork, case_ref: str, *, browser: str, address: str) -> Asked:
        """A new code for this browser, in place of its last one, unless too many were asked for: for this case from this
        network, for this case at all, from this address, or by everyone."""
        limits = {
            self._case_from(case_ref, address): FOR_A_CASE,
            self._case(case_ref): FOR_A_CASE_FROM_EVERYWHERE,
            self._subjects.of("address", network_of(address)): FOR_AN_ADDRESS,
            self._subjects.of("everyone"): FOR_EVERYONE,
        }
        free_at = await logins.press(uow, limits)
        if free_at > uow.now:
            return Asked(case_ref, None, free_at)
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
        await logins.store_code(
            uow,
            self._browsers.of(browser),
            case_ref=case_ref,
            code=self._codes.of(browser, code),
            expires_at=uow.now + CODE_HOLDS,
            tries=TRIES,
        )
        return Asked(case_ref, code, None)

    async def asked_for(self, uow: UnitOfWork, browser: str) -> str | None:
        """The reference that this browser asked its last code for."""
        return await logins.asked_for(uow, self._browsers.of(browser))

    async def open(
        self, uow: UnitOfWork, code: str, *, browser: str, address: str, until_now: str | None = None
    ) -> Opened | NotOpened:
        """A session for the browser that the code was made for, once, in place of the one that it has `until_now`.

        The PIN of a letter stands for the code, as often as its tries last, also when the code's time is over.
        """
        is_pin = len(code) == PIN_DIGITS
        tried = await logins.try_code(uow, self._browsers.of(browser), however_old=is_pin)
        if tried is None:
            return NotOpened(0)
        if is_pin:
            is_right = await self._pins.fits(uow, tried.case_ref, code)
        else:
            is_right = hmac.compare_digest(tried.code, self._codes.of(browser, code))
        if not is_right or not await logins.is_known(uow, tried.case_ref):
            return NotOpened(tried.tries_left)
        session = new_token()
        if until_now:
            await self.close(uow, until_now)
        await logins.use_up(uow, self._browsers.of(browser))
        await logins.release(uow, [self._case(tried.case_ref), self._case_from(tried.case_ref, address)])
        await logins.begin_session(uow, self._sessions.of(session), tried.case_ref)
        return Opened(session)

    async def case_of(self, uow: UnitOfWork, session: str) -> str | None:
        """The case that this session may see and act for; None when it is over."""
        return await logins.see_session(uow, self._sessions.of(session))

    async def case_was(self, uow: UnitOfWork, session: str) -> str | None:
        """The case that this session saw, also when it is over; None when it was ended or is forgotten."""
        return await logins.case_was(uow, self._sessions.of(session))

    async def close(self, uow: UnitOfWork, session: str) -> None:
        """Logs out: the session opens nothing any more."""
        await logins.end_session(uow, self._sessions.of(session))

    async def close_others(self, uow: UnitOfWork, case_ref: str, *, but: str | None) -> None:
        """Logs out everyone else who sees the case; codes that went where the household was reached before open nothing."""
        await logins.end_sessions_of(uow, case_ref, but=self._sessions.of(but) if but else None)
        await logins.forget_codes_of(uow, case_ref)

    def _case(self, case_ref: str) -> bytes:
        return self._subjects.of("case", case_ref)

    def _case_from(self, case_ref: str, address: str) -> bytes:
        return self._subjects.of("case from", case_ref, network_of(address, ipv6_prefix=FOR_ONE_CUSTOMER))


async def close_all(uow: UnitOfWork, case_ref: str) -> None:
    """Logs out everyone who sees the case, workers too, and no code that was asked for opens it."""
    await logins.end_sessions_of(uow, case_ref)
    await logins.forget_codes_of(uow, case_ref)
    await assists.end_others(uow, case_ref, but=None)


def new_token() -> str:
    """256 random bits, for a cookie."""
    return secrets.token_urlsafe(32)


def network_of(address: str, *, ipv6_prefix: int = 64) -> str:
    """What counts as one address: of IPv6 the network of one household or office, which has more than one can count."""
    try:
        known = ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(known, IPv6Address) and known.ipv4_mapped is None:
        return str(ip_network((known, ipv6_prefix), strict=False))
    return str(known.ipv4_mapped if isinstance(known, IPv6Address) else known)
