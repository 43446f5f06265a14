"""Letters as text: CBOR, signed, zlib, base45, `NI1:`. Short enough for a square that old phones read; checked offline.

Source: docs/domain.md, "Letters".
"""

import hashlib
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import base45
import cbor2

from services.scheduling.domain.letters import VERSION, Letter
from services.scheduling.letters.signatures import SigningKeys
from shared.reference import canonical_case_ref

PREFIX = "NI1:"
"""Says what the text is. `HC1:` is taken by health certificates."""
EXP, CONTENT, SUPERSEDED = 4, -65537, -65539
"""Claims of a CWT (RFC 8392); the last two are ours, of its private range. -65538 was a list that named cases."""
MOST_TEXT, MOST_BYTES = 1_000, 1_000
"""More is no letter: ours have fewer than 300 characters."""
HASH_BYTES = 5
"""Of a reference in the list of superseded letters: of all references that there can be, 32,768 have the same hash, so nobody
finds a case by it. Source: docs/domain.md, "Letters"."""
LIST_HOLDS = timedelta(days=7)
"""How old the list of superseded letters may be when it is used offline. Source: docs/domain.md, "Letters"."""
FOR_A_SPACE = "_"
"""How the space, a symbol of base45, is written where people read or paste the text."""


class Malformed(ValueError):
    """The text is no letter: a symbol is missing, or it is another kind of text."""


def encode(letter: Letter, keys: SigningKeys) -> str:
    """The letter's text, as the square holds it."""
    content = [
        VERSION,
        letter.reference,
        letter.site,
        _epoch(letter.starts_at),
        letter.zone,
        letter.party,
        letter.language,
        letter.sequence,
    ]
    signed = keys.sign(cbor2.dumps({EXP: _epoch(letter.holds_until), CONTENT: content}))
    return wrapped(signed)


def decode(text: str, keys: SigningKeys) -> Letter:
    """What the letter says, if one of our keys signed exactly this. Raises: Malformed, Forged."""
    return _read(keys.opened(unwrapped(text)))


def wrapped(signed: bytes) -> str:
    """Signed bytes as the square holds them."""
    return PREFIX + str(base45.b45encode(zlib.compress(signed, 9)), "ascii")


def unwrapped(text: str) -> bytes:
    """The signed bytes in a text as it was scanned, typed or pasted. Raises: Malformed."""
    plain = canonical(text)
    if not plain.startswith(PREFIX) or len(plain) > MOST_TEXT:
        raise Malformed(f"not a text that begins with {PREFIX}")
    try:
        packed, unpacking = base45.b45decode(plain.removeprefix(PREFIX)), zlib.decompressobj()
        signed = unpacking.decompress(packed, MOST_BYTES)
    except (ValueError, zlib.error) as error:
        raise Malformed("a symbol is missing or is another one") from error
    if not unpacking.eof or unpacking.unused_data:
        raise Malformed("too short or too long")
    return signed


def canonical(text: str) -> str:
    """The text without what lines and keyboards add to it. Where spaces are written as `_`, any other one was added."""
    for added in " \xa0" if FOR_A_SPACE in text else "":
        text = text.replace(added, "")
    return "".join(text.upper().replace(FOR_A_SPACE, " ").splitlines()).replace("\t", "").lstrip()


def readable(text: str) -> str:
    """The text without spaces, which pages and paper swallow."""
    return text.replace(" ", FOR_A_SPACE)


def superseded_list(least: Mapping[str, int], now: datetime, keys: SigningKeys) -> bytes:
    """The signed list of the least sequence that a letter of these references must have; valid for a week.

    It is public and holds short hashes: who has a letter finds it, and who has the list learns of no case.
    """
    listed = dict(sorted((hash_of(reference), sequence) for reference, sequence in least.items()))
    return keys.sign(cbor2.dumps({EXP: _epoch(now + LIST_HOLDS), SUPERSEDED: listed}))


def hash_of(reference: str) -> str:
    """What stands for a reference in the list of superseded letters."""
    return hashlib.sha256(reference.encode()).digest()[:HASH_BYTES].hex()


def _epoch(instant: datetime) -> int:
    return int(instant.timestamp())


def _read(payload: bytes) -> Letter:
    """The signed claims; a list of superseded letters is signed too and is no letter."""
    claims: Any = cbor2.loads(payload)
    match claims:
        case {
            4: int(exp),
            -65537: [int(version), str(ref), str(site), int(start), str(zone), int(n), str(tag), int(seq)],
        }:
            if version == VERSION and canonical_case_ref(ref) == ref:
                return Letter(ref, site, _instant(start), zone, n, tag, seq, _instant(exp))
    raise Malformed("signed by us, but no letter of a version that is known here")


def _instant(epoch: int) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)
