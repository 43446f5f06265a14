"""Who sends: the three countries' systems prove who they are before anything of what they send is looked at.

US messages are signed (Standard Webhooks: HMAC-SHA256 over id, timestamp and body). Written here because the signature is
over bytes, which the library `standardwebhooks` must decode first, and because time comes from the clock.
MX and CA present a bearer token. Two secrets or tokens of a system are valid at once, for rotation.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from starlette.datastructures import Headers

from services.intake.settings import SystemCredentials
from shared.web.problems import Problem
from shared.web.roles import bearer, same_secret

TOLERANCE = timedelta(minutes=5)
"""How far the timestamp of a signed message may be from now. Source: Standard Webhooks, "Verifying webhook timestamp"."""

SIGNATURE_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
_SECRET_PREFIX = "whsec_"  # noqa: S105 - what every secret begins with


class Senders:
    """Knows the credentials of every system. Raises: ValueError for a secret that is not base64."""

    def __init__(self, systems: Mapping[str, SystemCredentials]) -> None:
        self._tokens = {system: known.tokens for system, known in systems.items()}
        self._keys = {
            system: [_key(secret.get_secret_value()) for secret in known.secrets] for system, known in systems.items()
        }

    def require_token(self, system: str, headers: Headers) -> None:
        """Raises: Problem 401 without a valid token, 403 with another country's. Looks at every token, whichever fits."""
        token = bearer(headers.get("authorization"))
        owners = {
            owner
            for owner, known in self._tokens.items()
            for each in known
            if token is not None and same_secret(token, each)
        }
        if system in owners:
            return
        if owners:
            raise Problem(403, "forbidden", "this token belongs to another country's system")
        raise Problem(401, "unauthenticated", "send a valid token of this system: Authorization: Bearer ...")

    def require_signature_headers(self, system: str, headers: Headers, now: datetime) -> None:
        """What can be refused before the body is read. Raises: Problem 401, or 403 with another country's token."""
        if not all(headers.get(name) for name in SIGNATURE_HEADERS):
            if headers.get("authorization"):
                self.require_token(system, headers)
            raise _unsigned(f"sign the message: {', '.join(SIGNATURE_HEADERS)}")
        stamp = headers["webhook-timestamp"]
        if not re.fullmatch("[0-9]{1,11}", stamp) or abs(now.timestamp() - int(stamp)) > TOLERANCE.total_seconds():
            raise _unsigned("webhook-timestamp must be within five minutes of now: check the clock, sign again")

    def require_signature(self, system: str, headers: Headers, body: bytes) -> None:
        """Raises: Problem 401 unless one of the signatures was made with one of the system's secrets."""
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode("latin-1") + body
        given = [part[3:] for part in headers["webhook-signature"].split(" ") if part.startswith("v1,")]
        if not _one_fits(given, [_signature(key, signed) for key in self._keys.get(system, [])]):
            raise _unsigned("no signature fits: sign id, timestamp and the bytes of the body with the current secret")


def _unsigned(detail: str) -> Problem:
    return Problem(401, "unauthenticated", detail)


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("a signing secret is whsec_ and base64") from error


def _signature(key: bytes, signed: bytes) -> bytes:
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())


def _one_fits(given: Sequence[str], expected: Sequence[bytes]) -> bool:
    """Compares every pair in constant time."""
    return any([hmac.compare_digest(one.encode("latin-1"), other) for one in given for other in expected])
