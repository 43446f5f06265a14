"""Where the countries' systems take what became of their results: one POST for a batch, in each country's own form.

Addresses come from settings alone, never from what anyone sent, and say nothing of a case. A redirect is not followed and
an answer is not read, only its status: what stands there can neither send us elsewhere nor fill our memory.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid5

import httpx
from pydantic import HttpUrl, SecretStr
from standardwebhooks import Webhook

from services.intake.adapters import ca, mx, us
from services.intake.domain.facts import Telling
from services.intake.repository.tellings import TELLINGS
from services.intake.settings import SystemCredentials
from shared.events import System
from shared.web.authorities import authorities

DEADLINE_SECONDS = 15
"""Longest time for a batch. Source: docs/formats.md, "What the three countries' systems are told"."""

UNREADABLE = frozenset({400, 413, 422})
"""Answers that are about what we sent. All others that are not 2xx say that the system cannot take anything now."""


class ReceiverAway(RuntimeError):
    """The country's system does not take what it is told: tell it again later."""


class Refused(RuntimeError):
    """The country's system cannot read what it was told, and will not next time."""


@dataclass(frozen=True, slots=True)
class _Form:
    """How a country wants it: the body, its type, and the headers that prove who sends it."""

    render: Callable[[Sequence[Telling], datetime], bytes]
    content_type: str
    proof: Callable[[SecretStr, Sequence[Telling], bytes, datetime], dict[str, str]]


def _signed(ours: SecretStr, tellings: Sequence[Telling], body: bytes, now: datetime) -> dict[str, str]:
    """Standard Webhooks; the same batch sent again has the same id."""
    id = str(uuid5(TELLINGS, " ".join(str(telling.id) for telling in tellings)))
    signature = Webhook(ours.get_secret_value()).sign(id, now, body.decode())
    return {"webhook-id": id, "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature}


def _bearer(ours: SecretStr, tellings: Sequence[Telling], body: bytes, now: datetime) -> dict[str, str]:
    return {"authorization": f"Bearer {ours.get_secret_value()}"}


FORMS = {
    System.US: _Form(us.render, us.TELLING_TYPE, _signed),
    System.MX: _Form(mx.render, mx.TELLING_TYPE, _bearer),
    System.CA: _Form(ca.render, ca.TELLING_TYPE, _bearer),
}


class Receivers:
    """The systems that have an address. Raises: ValueError for one that has an address but nothing to prove us by."""

    def __init__(self, urls: Mapping[System, HttpUrl], systems: Mapping[str, SystemCredentials]) -> None:
        self._urls = {system: str(url) for system, url in urls.items()}
        self._ours: dict[System, SecretStr] = {}
        for system in urls:
            ours = systems[system].ours if system in systems else None
            if ours is None:
                raise ValueError(f"{system} has an address to be told at, but no `ours` to prove who tells it")
            self._ours[system] = ours

    def know(self, system: System) -> bool:
        """True when this system can be told at all."""
        return system in self._urls

    async def tell(self, system: System, tellings: Sequence[Telling], now: datetime) -> None:
        """Returns once the system has taken the whole batch. Raises: ReceiverAway, Refused."""
        form = FORMS[system]
        body = form.render(tellings, now)
        headers = {"content-type": form.content_type, **form.proof(self._ours[system], tellings, body, now)}
        try:
            async with (
                asyncio.timeout(DEADLINE_SECONDS),
                httpx.AsyncClient(timeout=DEADLINE_SECONDS, verify=authorities()) as client,
                client.stream("POST", self._urls[system], content=body, headers=headers) as answer,
            ):
                status = answer.status_code
        except (httpx.HTTPError, TimeoutError) as error:
            raise ReceiverAway(type(error).__name__) from None  # its message could quote the request
        if status in UNREADABLE:
            raise Refused(f"HTTP {status}")
        if not 200 <= status < 300:
            raise ReceiverAway(f"HTTP {status}")
