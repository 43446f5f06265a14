"""The identifiers that name people and files: canonical form, shape and check digits. Source: docs/domain.md, "Identifiers"."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

CURP_ALPHABET = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ"
"""The 37 symbols of the CURP's check digit. Ñ never occurs in a CURP, but it shifts O to Z by one."""

STATES = tuple(
    "AS BC BS CC CH CL CM CS DF DG GR GT HG JC MC MN MS NL NT OC PL QR QT SL SP SR TC TL TS VZ YN ZS".split()
)
"""The Mexican state codes, as in a CURP; NE there means born abroad and is no state."""

_A_NUMBER = re.compile(r"A?([0-9]{7,9})")
_RECEIPT = re.compile(r"[A-Z]{3}[0-9]{10}")
_NVC_CASE = re.compile(r"[A-Z]{3}[0-9]{4}([0-9]{3})[0-9]{3}")
_NUT = re.compile(r"[0-9]{7}")
_UCI = re.compile(r"[0-9]{8}(?:[0-9]{2})?|[XT][0-9]{8,10}|CAN[0-9]{12}")
_APPLICATION = re.compile(r"[A-Z][0-9]{9}|[A-Z]{1,2}[0-9]{8,10}")
_CURP = re.compile(
    r"[A-Z][AEIOUX][A-Z]{2}[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[HMX]"
    rf"(?:{'|'.join(STATES)}|NE)[B-DF-HJ-NP-TV-Z]{{3}}[0-9A-Z][0-9]"
)
_MRZ_NAMES = re.compile(r"P[A-Z<][A-Z<]{3}[A-Z0-9<]{39}")
_MRZ_DATA = re.compile(r"[A-Z0-9<]{9}[0-9][A-Z<]{3}[0-9<]{6}[0-9][FM<][0-9<]{6}[0-9][A-Z0-9<]{14}[0-9<][0-9]")
_DROPPED = re.compile(r"[\s.\-\u00ad\u2010]")
"""White space, dots and hyphens: that of the keyboard, the soft one, and U+2010, which the non-breaking one becomes in NFKC."""


def _canonical(text: str) -> str:
    return _DROPPED.sub("", unicodedata.normalize("NFKC", text).upper())


def a_number(text: str) -> str | None:
    """`A` and nine digits, padded from the left, or None."""
    match = _A_NUMBER.fullmatch(_canonical(text))
    return f"A{match[1]:0>9}" if match else None


def uscis_receipt(text: str) -> str | None:
    return _whole(_RECEIPT, text)


def nvc_case(text: str) -> str | None:
    """The canonical NVC case number, or None. The day of the year plus 500 is in it: 501 to 866."""
    match = _NVC_CASE.fullmatch(_canonical(text))
    return match[0] if match and 501 <= int(match[1]) <= 866 else None


def nut(text: str) -> str | None:
    return _whole(_NUT, text)


def curp(text: str) -> str | None:
    """The canonical CURP, or None. X for the sex is accepted."""
    found = _whole(_CURP, text)
    return found if found and found[17] == curp_check_digit(found) else None


def curp_check_digit(text: str) -> str:
    total = sum(CURP_ALPHABET.index(symbol) * (18 - at) for at, symbol in enumerate(text[:17]))
    return str(-total % 10)


def uci(text: str) -> str | None:
    """The canonical UCI or a temporary one, or None. One of zeros only is refused."""
    found = _whole(_UCI, text)
    return found if found and found.strip("CANXT0") else None


def ca_application(text: str) -> str | None:
    return _whole(_APPLICATION, text)


def passport_mrz(text: str) -> str | None:
    """The two lines of a TD3 machine-readable zone, joined by a line feed, or None. Any issuer will do, also `UTO`."""
    lines = [_canonical(line) for line in text.strip().splitlines()]
    if len(lines) != 2 or not _MRZ_NAMES.fullmatch(lines[0]) or not _MRZ_DATA.fullmatch(lines[1]):
        return None
    return "\n".join(lines) if _mrz_checks(lines[1]) else None


def mrz_check_digit(text: str) -> str:
    values = (int(symbol, 36) if symbol != "<" else 0 for symbol in text)
    return str(sum(value * (7, 3, 1)[at % 3] for at, value in enumerate(values)) % 10)


def _mrz_checks(data: str) -> bool:
    optional = data[28:42]
    if data[42] == "<" and optional.strip("<"):  # the filler may stand for 0 only when there is nothing to check
        return False
    parts = [
        (data[:9], data[9]),
        (data[13:19], data[19]),
        (data[21:27], data[27]),
        (optional, data[42].replace("<", "0")),
    ]
    composite = data[:10] + data[13:20] + data[21:43]
    return all(mrz_check_digit(part) == digit for part, digit in [*parts, (composite, data[43])])


def _whole(form: re.Pattern[str], text: str) -> str | None:
    match = form.fullmatch(_canonical(text))
    return match[0] if match else None


@dataclass(frozen=True, slots=True)
class Form:
    """How an identifier is made canonical, and the sentence for a sender whose identifier is not."""

    canonical: Callable[[str], str | None]
    rule: str


FORMS = {
    "a_number": Form(a_number, "an A-Number has 7 to 9 digits"),
    "uscis_receipt": Form(uscis_receipt, "a USCIS receipt number has 3 letters and 10 digits"),
    "nvc_case": Form(nvc_case, "an NVC case number has 3 letters, a year, 501 to 866, and 3 digits"),
    "passport_mrz": Form(passport_mrz, "a passport MRZ has two lines of 44 characters with right check digits"),
    "nut": Form(nut, "a NUT has 7 digits"),
    "curp": Form(curp, "a CURP has 18 characters, of which the last is the check digit"),
    "uci": Form(uci, "a UCI has 8 or 10 digits, not all zero"),
    "ca_application": Form(ca_application, "an application number has a letter and 9 digits"),
}
"""Every kind of identifier."""
