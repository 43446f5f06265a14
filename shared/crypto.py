"""Encryption of what names people: AES-256-GCM, bound to the place where the value belongs. Keyed hashes of secrets."""

import base64
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES = 12
_FORMAT = b"\x01"


class Undecipherable(ValueError):
    """This value was encrypted with another key, for another place, or changed since: nothing of it can be trusted."""


class Sealer:
    """Encrypts and decrypts with one key. `place` (table, column, row) must be the same both times."""

    def __init__(self, key: str) -> None:
        """`key` is 32 bytes in base64. Raises: ValueError when it is not."""
        self._aead = AESGCM(_raw(key))

    def seal(self, value: bytes, place: str) -> bytes:
        """The value, readable only with the key and the same place."""
        nonce = os.urandom(_NONCE_BYTES)
        return _FORMAT + nonce + self._aead.encrypt(nonce, value, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """The value again. Raises: Undecipherable."""
        if sealed[:1] != _FORMAT:
            raise Undecipherable(f"{place}: unknown format of encryption")
        try:
            return self._aead.decrypt(sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :], place.encode())
        except InvalidTag as error:
            raise Undecipherable(f"{place}: wrong key, wrong place or a changed value") from error


class KeyedHash:
    """Hashes that nobody can try out without the key: of codes with few digits, of addresses, of what cookies hold."""

    def __init__(self, key: str, purpose: str) -> None:
        """`key` as for Sealer; each `purpose` has a key of its own, made from it. Raises: ValueError."""
        self._key = HKDF(SHA256(), 32, salt=None, info=purpose.encode()).derive(_raw(key))

    def of(self, *parts: str) -> bytes:
        """The hash of the parts, none of which holds a zero byte."""
        return hmac.digest(self._key, "\0".join(parts).encode(), "sha256")


def _raw(key: str) -> bytes:
    raw = base64.b64decode(key, validate=True)
    if len(raw) != 32:
        raise ValueError("the data key must be 32 bytes in base64: openssl rand -base64 32")
    return raw
