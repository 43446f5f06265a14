"""The public reference of a case: 11 random Crockford base-32 symbols and a check symbol, `NA7K-3QF2-M9X0`."""

import re
import secrets
import unicodedata

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_SYMBOLS = frozenset(ALPHABET)
_BETWEEN = re.compile(r"[\W_]+")
"""What stands between, before and after symbols: spaces and signs, also those that nobody sees and that come along when
somebody copies a code out of a sentence, or out of a text that runs from right to left."""
_FORGIVEN = str.maketrans("OIL٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01101234567890123456789")
_VALUE = {symbol: n for n, symbol in enumerate(ALPHABET)}
_DOUBLED = {symbol: 2 * n // 32 + 2 * n % 32 for symbol, n in _VALUE.items()}
"""Twice each symbol's value, its digits added up."""
_RANDOM_SYMBOLS = 11


def new_case_ref() -> str:
    """A new reference. It says nothing of nation, date or number."""
    return _grouped("".join(secrets.choice(ALPHABET) for _ in range(_RANDOM_SYMBOLS)))


def canonical_case_ref(typed: str) -> str | None:
    """The reference that a person meant, any grouping or case, O for 0 and I or L for 1 forgiven; None if impossible."""
    symbols = _symbols(typed).upper().translate(_FORGIVEN)
    if len(symbols) != _RANDOM_SYMBOLS + 1 or not _SYMBOLS.issuperset(symbols):
        return None
    grouped = _grouped(symbols[:-1])
    return grouped if grouped[-1] == symbols[-1] else None


def typed_digits(typed: str) -> str:
    """A number that a person typed or pasted, without spaces and signs, its digits ours whatever keyboard they came from."""
    return _symbols(typed).translate(_FORGIVEN)


def is_number(typed: str) -> bool:
    """True for the digits 0 to 9 alone, at least one."""
    return typed.isascii() and typed.isdigit()


def check_symbol(symbols: str) -> str:
    """Luhn modulo 32: factor 2 on the last symbol, alternating leftward. Source: docs/domain.md, "Reference"."""
    total = sum(map(_DOUBLED.__getitem__, symbols[::-2])) + sum(map(_VALUE.__getitem__, symbols[-2::-2]))
    return ALPHABET[-total % 32]


def _symbols(typed: str) -> str:
    """Letters and digits alone, those of wide keyboards as narrow ones."""
    return _BETWEEN.sub("", unicodedata.normalize("NFKC", typed))


def _grouped(symbols: str) -> str:
    whole = symbols + check_symbol(symbols)
    return f"{whole[:4]}-{whole[4:8]}-{whole[8:]}"
