"""The case's public reference: 11 random Crockford base-32 symbols and a Luhn mod-32 check symbol, `NA7K-3QF2-M9X0`."""

import secrets
from collections.abc import Callable

SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O, U."""

_READ_AS = str.maketrans("OIL", "011", " -")


def new_reference(below: Callable[[int], int] = secrets.randbelow) -> str:
    """A new reference, which says nothing of nation, date or person. `below(n)` gives a random number from 0 to n - 1."""
    body = "".join(SYMBOLS[below(32)] for _ in range(11))
    return _grouped(body + check_symbol(body))


def check_symbol(body: str) -> str:
    """The check symbol of 11 symbols: any single wrong symbol and most swaps of two neighbours are seen."""
    total = 0
    for at, symbol in enumerate(reversed(body)):
        value = SYMBOLS.index(symbol) * (2 - at % 2)
        total += value // 32 + value % 32
    return SYMBOLS[-total % 32]


def read_reference(text: str) -> str | None:
    """The reference as we write it, for whatever case and grouping it was typed in, O for 0 and I or L for 1; or None."""
    symbols = text.upper().translate(_READ_AS)
    if len(symbols) != 12 or not set(symbols) <= set(SYMBOLS) or check_symbol(symbols[:11]) != symbols[11]:
        return None
    return _grouped(symbols)


def _grouped(symbols: str) -> str:
    return f"{symbols[:4]}-{symbols[4:8]}-{symbols[8:]}"
