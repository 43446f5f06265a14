"""Keys for letters, and letters that someone changed."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import base45
import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from services.scheduling.domain.letters import Letter
from services.scheduling.letters.signatures import ORDER, SIGN1, SigningKeys
from services.scheduling.letters.text import CONTENT, EXP, PREFIX, unwrapped, wrapped


def a_key() -> str:
    """A new private key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


LETTER_KEY = a_key()
KEYS = SigningKeys({1: LETTER_KEY})


def a_letter(**changes: Any) -> Letter:
    """Three people in Tapachula on 14 December 2026 at 14:30, 145 minutes; the second booking of its case."""
    starts_at = datetime(2026, 12, 14, 20, 30, tzinfo=UTC)
    usual = Letter(
        reference="NA7K-3QF2-M9X0",
        site="MX-TAP-01",
        starts_at=starts_at,
        zone="America/Mexico_City",
        party=3,
        language="es",
        sequence=2,
        holds_until=starts_at + timedelta(minutes=145, hours=24),
    )
    return replace(usual, **changes)


class Believing(SigningKeys):
    """Keys that look at no signature."""

    def is_ours(self, protected: bytes, payload: bytes, signature: bytes) -> bool:
        return True


def mutants(text: str, count: int) -> Iterator[str]:
    """So many changed letters, always the same: of each kind of change alike, none of which says the same bytes again."""
    chance, signed = random.Random(17), unwrapped(text)
    kinds = (_symbol, _packed_byte, _signed_byte, _claim, _twin, _stolen_signature)
    made = 0
    while made < count:
        mutant = kinds[made % len(kinds)](text, chance)
        if not _is_same(mutant, signed):
            made += 1
            yield mutant


def _is_same(mutant: str, signed: bytes) -> bool:
    """Deflate leaves some bits free: a text that unpacks to the very bytes that were signed is the letter itself."""
    try:
        return unwrapped(mutant) == signed
    except ValueError:
        return False


def _symbol(text: str, chance: random.Random) -> str:
    """One symbol is another one, missing, or there twice."""
    at = chance.randrange(len(text))
    other = chance.choice(base45.BASE45_CHARSET)
    return text[:at] + chance.choice((other, "", text[at] * 2)) + text[at + 1 :]


def _packed_byte(text: str, chance: random.Random) -> str:
    packed = bytearray(base45.b45decode(text.removeprefix(PREFIX)))
    packed[chance.randrange(len(packed))] ^= 1 << chance.randrange(8)
    return PREFIX + str(base45.b45encode(bytes(packed)).decode())


def _signed_byte(text: str, chance: random.Random) -> str:
    signed = bytearray(unwrapped(text))
    signed[chance.randrange(len(signed))] ^= 1 << chance.randrange(8)
    return wrapped(bytes(signed))


def _claim(text: str, chance: random.Random) -> str:
    """Another date, place, number of people or sequence, or a longer time, under the old signature."""
    protected, payload, signature = _parts(text)
    claims = dict(cbor2.loads(payload))
    content, at = list(claims[CONTENT]), chance.choice((1, 2, 3, 5, 7, None))
    if at is None:
        claims[EXP] += chance.randrange(1, 10**6)
    else:
        new = "NA7K-3QF2-M9X0" if at == 1 else f"MX-TAP-{chance.randrange(2, 10**4)}"
        content[at] = new if at < 3 else content[at] + chance.randrange(1, 10**6)
        claims[EXP] += at == 1  # its own reference again would be no change
    return _put_together(protected, cbor2.dumps({**claims, CONTENT: content}), signature)


def _twin(text: str, chance: random.Random) -> str:
    """The other signature of the same two, or one with a bit changed, or a header that names another key."""
    protected, payload, signature = _parts(text)
    r, s = signature[:32], int.from_bytes(signature[32:], "big")
    kind = chance.randrange(3)
    if kind == 0:
        return _put_together(protected, payload, r + (ORDER - s).to_bytes(32, "big"))
    if kind == 1:
        return _put_together(protected, payload, r + (s ^ 1 << chance.randrange(255)).to_bytes(32, "big"))
    return _put_together(cbor2.dumps({1: -7, 4: str(chance.randrange(2, 99)).encode()}), payload, signature)


def _stolen_signature(text: str, chance: random.Random) -> str:
    """The whole letter signed by another key that says it is ours, or with something beside the signature."""
    protected, payload, signature = _parts(text)
    if chance.randrange(2):
        return wrapped(SigningKeys({1: OTHER_KEY}).sign(payload + bytes(chance.randrange(3))))
    beside = {chance.randrange(1, 99): chance.randrange(99)}
    return wrapped(cbor2.dumps(cbor2.CBORTag(SIGN1, [protected, beside, payload, signature])))


OTHER_KEY = a_key()


def _parts(text: str) -> tuple[bytes, bytes, bytes]:
    protected, _, payload, signature = cbor2.loads(unwrapped(text)).value
    return protected, payload, signature


def _put_together(protected: bytes, payload: bytes, signature: bytes) -> str:
    return wrapped(cbor2.dumps(cbor2.CBORTag(SIGN1, [protected, {}, payload, signature])))
