"""How each country's system hands its results to intake: `puente send` and the simulators both speak through here."""

import base64
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from shared.web.authorities import authorities

SEND_SECONDS = 60
"""A file may hold thousands of results; intake judges about a thousand a second."""

Document = dict[str, Any]


class IntakeAway(RuntimeError):
    """Intake did not take the document, and may do so later: send the same one again with the same delivery id."""


@dataclass(frozen=True)
class Answer:
    """What intake said: receipts when it took the document, a problem (RFC 9457) when it could not read it."""

    status: int
    document: Document

    @property
    def was_taken(self) -> bool:
        return self.status == httpx.codes.ACCEPTED

    @property
    def receipts(self) -> list[Document]:
        return list(self.document.get("receipts", []))


def send(config: Document, system: str, body: bytes, *, delivery_id: str) -> Answer:
    """Intake's answer to one document of that country's system, sent as it is.

    `config` is dev.json. Raises: IntakeAway, KeyError for an unknown system.
    """
    path, headers = _REQUESTS[system](config["systems"][system], body, delivery_id)
    try:
        response = httpx.post(
            config["services"]["intake"] + path,
            content=body,
            headers=headers,
            timeout=SEND_SECONDS,
            verify=authorities(),
        )
    except httpx.HTTPError as error:
        raise IntakeAway(f"intake does not answer ({type(error).__name__})") from error
    if response.status_code in (408, 429) or response.is_server_error:
        raise IntakeAway(f"intake cannot take it now (HTTP {response.status_code})")
    return Answer(response.status_code, _document(response))


def _document(response: httpx.Response) -> Document:
    try:
        document = response.json()
    except json.JSONDecodeError:
        document = None
    return document if isinstance(document, dict) else {"detail": response.text}


def _us(credentials: Document, body: bytes, delivery_id: str) -> tuple[str, dict[str, str]]:
    """Signed by Standard Webhooks; the signature is of this moment, the delivery id stays when it is sent again."""
    stamp = str(int(datetime.now(UTC).timestamp()))
    # The library `standardwebhooks` signs text alone, and a file may hold bytes that are no UTF-8.
    key = base64.b64decode(credentials["secret"].removeprefix("whsec_"))
    signature = hmac.digest(key, f"{delivery_id}.{stamp}.".encode() + body, "sha256")
    return "/v1/systems/us/results", {
        "content-type": "application/x-ndjson",
        "webhook-id": delivery_id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
    }


def _mx(credentials: Document, _body: bytes, _delivery_id: str) -> tuple[str, dict[str, str]]:
    """Without a charset: the spreadsheet program on the other side does not know its own."""
    return "/v1/systems/mx/batches", {"content-type": "text/csv", "authorization": f"Bearer {credentials['token']}"}


def _ca(credentials: Document, _body: bytes, _delivery_id: str) -> tuple[str, dict[str, str]]:
    return "/v1/systems/ca/results", {
        "content-type": "application/xml",
        "authorization": f"Bearer {credentials['token']}",
    }


_REQUESTS: dict[str, Callable[[Document, bytes, str], tuple[str, dict[str, str]]]] = {"us": _us, "mx": _mx, "ca": _ca}
