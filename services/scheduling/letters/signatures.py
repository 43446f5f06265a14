"""COSE_Sign1 (RFC 9052) with ES256 and a key that is named by its number: exactly one way to write each signed message.

Our own few lines, since none of the libraries refuses the other ways (docs/adr/0004).
"""

import base64
from collections.abc import Mapping
from typing import Any

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

SIGN1 = 18
"""The CBOR tag of COSE_Sign1."""
ALG, KID, ES256 = 1, 4, -7
"""Header labels and the algorithm. Source: RFC 9052, RFC 9053."""
COORDINATE = 32
"""Bytes of a coordinate of P-256, and of half a signature."""
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of P-256. A signature (r, s) has a twin (r, ORDER - s); only the lower one is ours."""


class Forged(ValueError):
    """None of our keys signed these bytes as they are."""


class SigningKeys:
    """Our keys by their number (`kid`): the one with the highest number signs, each of them verifies."""

    def __init__(self, pems: Mapping[int, str]) -> None:
        """`pems` are private keys of P-256. Raises: ValueError when one is not, or when there is none."""
        keys = {kid: _p256(kid, pem) for kid, pem in pems.items()}
        if not keys:
            raise ValueError("letters need a signing key: openssl ecparam -name prime256v1 -genkey -noout")
        self._newest = max(keys)
        self._signs = keys[self._newest]
        self._verify = {_protected(kid): key.public_key() for kid, key in keys.items()}
        self.published = {"keys": [_jwk(kid, key.public_key()) for kid, key in sorted(keys.items())]}
        """The JWK set of the public keys (RFC 7517)."""

    def sign(self, payload: bytes) -> bytes:
        """The signed message; the same payload is always the same message."""
        protected = _protected(self._newest)
        der = self._signs.sign(_to_be_signed(protected, payload), ECDSA(SHA256(), deterministic_signing=True))
        r, s = decode_dss_signature(der)
        signature = b"".join(half.to_bytes(COORDINATE, "big") for half in (r, min(s, ORDER - s)))
        return _message(protected, payload, signature)

    def opened(self, message: bytes) -> bytes:
        """The payload that was signed. Raises: Forged."""
        protected, payload, signature = _parts(message)
        if message != _message(protected, payload, signature) or not self.is_ours(protected, payload, signature):
            raise Forged("the signature is not ours")
        return payload

    def is_ours(self, protected: bytes, payload: bytes, signature: bytes) -> bool:
        """Whether the key that the header names signed this."""
        key = self._verify.get(protected)
        return key is not None and signed_by(key, protected, payload, signature)


def signed_by(key: EllipticCurvePublicKey, protected: bytes, payload: bytes, signature: bytes) -> bool:
    """Whether this key made the signature over header and payload, and it is the lower of the two that it could be."""
    r, s = (int.from_bytes(half, "big") for half in (signature[:COORDINATE], signature[COORDINATE:]))
    if len(signature) != 2 * COORDINATE or s > ORDER // 2:
        return False
    try:
        key.verify(encode_dss_signature(r, s), _to_be_signed(protected, payload), ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _p256(kid: int, pem: str) -> EllipticCurvePrivateKey:
    key = load_pem_private_key(pem.encode(), password=None)
    if kid < 1 or not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise ValueError(f"letter key {kid} is none: numbers from 1, private keys of the curve P-256")
    return key


def _protected(kid: int) -> bytes:
    return cbor2.dumps({ALG: ES256, KID: str(kid).encode()})


def _to_be_signed(protected: bytes, payload: bytes) -> bytes:
    return cbor2.dumps(["Signature1", protected, b"", payload])


def _message(protected: bytes, payload: bytes, signature: bytes) -> bytes:
    return cbor2.dumps(cbor2.CBORTag(SIGN1, [protected, {}, payload, signature]))


def _parts(message: bytes) -> tuple[bytes, bytes, bytes]:
    """Protected header, payload and signature; what else is in the message makes it another one than ours."""
    try:
        known = cbor2.loads(message)
    except (cbor2.CBORDecodeError, ValueError) as error:
        raise Forged("not CBOR") from error
    parts = known.value if isinstance(known, cbor2.CBORTag) and known.tag == SIGN1 else None
    if not isinstance(parts, list | tuple) or len(parts) != 4:
        raise Forged("not a COSE_Sign1")
    protected, _, payload, signature = parts
    if not (isinstance(protected, bytes) and isinstance(payload, bytes) and isinstance(signature, bytes)):
        raise Forged("not a COSE_Sign1")
    return protected, payload, signature


def _jwk(kid: int, key: EllipticCurvePublicKey) -> dict[str, Any]:
    point = key.public_numbers()
    x, y = (base64.urlsafe_b64encode(n.to_bytes(COORDINATE, "big")).rstrip(b"=").decode() for n in (point.x, point.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": str(kid), "alg": "ES256", "use": "sig"}
