"""Documents over a plain connection, when a test wants the answer as it came and chooses what proves the sender."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
from standardwebhooks import Webhook

from shared.web.authorities import authorities

PATHS = {"us": "/v1/systems/us/results", "mx": "/v1/systems/mx/batches", "ca": "/v1/systems/ca/results"}
KINDS = {"us": "application/x-ndjson", "mx": "text/csv", "ca": "application/xml"}
STRANGER = {"secret": "whsec_c3RyYW5nZXItc3RyYW5nZXItc3RyYW5nZXI=", "token": "a-token-of-nobody"}


async def post(
    config: dict[str, Any], system: str, body: bytes | AsyncIterator[bytes], *, proven_as: str | None
) -> httpx.Response:
    """The answer to a document of `system` from somebody with the credentials of `proven_as`: a system, `stranger`, or
    None for one who shows nothing."""
    headers = {"content-type": KINDS[system], **_proof(config, system, body, proven_as)}
    async with httpx.AsyncClient(base_url=config["services"]["intake"], timeout=30, verify=authorities()) as client:
        return await client.post(PATHS[system], content=body, headers=headers)


def _proof(
    config: dict[str, Any], system: str, body: bytes | AsyncIterator[bytes], proven_as: str | None
) -> dict[str, str]:
    if proven_as is None:
        return {}
    known = config["systems"].get(proven_as, STRANGER)
    if system != "us":
        return {"authorization": f"Bearer {known['token']}"}
    assert isinstance(body, bytes)
    now = datetime.now(UTC)
    return {
        "webhook-id": "msg_e2e",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(known["secret"]).sign("msg_e2e", now, body.decode()),
    }
