"""Invented identifiers of the right form, with the right check digits. Source: docs/domain.md, "Identifiers"."""

import string
from datetime import date
from random import Random

from stdnum.mx import curp as curp_rules

CONSONANTS = "BCDFGHJKLMNPQRSTVWXYZ"
MRZ_VALUES = {symbol: value for value, symbol in enumerate(string.digits + string.ascii_uppercase)} | {"<": 0}
MRZ_WEIGHTS = (7, 3, 1)


def digits(random: Random, count: int) -> str:
    """That many digits, the first not 0."""
    return str(random.randrange(10 ** (count - 1), 10**count))


def a_number(random: Random) -> str:
    return "A" + digits(random, 9)


def uscis_receipt(random: Random) -> str:
    return "IOE" + digits(random, 10)


def nvc_case(random: Random, year: int) -> str:
    """Post, year, day of the year plus 500, serial: `CDJ2026747003`."""
    return f"CDJ{year}{500 + random.randint(1, 366)}{random.randrange(1000):03}"


def curp(random: Random, born: date, sex: str) -> str:
    """Of a person born abroad. `sex` is F, M or X as in the US format."""
    start = f"{random.choice(CONSONANTS)}{random.choice('AEIOU')}{random.choice(CONSONANTS)}{random.choice(CONSONANTS)}"
    letter = {"F": "M", "M": "H", "X": "X"}[sex]
    tail = "".join(random.choices(CONSONANTS, k=3))
    century = random.choice(string.digits if born.year < 2000 else string.ascii_uppercase[:10])
    first_17 = f"{start}{born:%y%m%d}{letter}NE{tail}{century}"
    return first_17 + curp_rules.calc_check_digit(first_17)


def wrong_check_digit(identifier: str) -> str:
    """The same with another last digit."""
    return identifier[:-1] + str((int(identifier[-1]) + 1) % 10)


def uci(random: Random) -> str:
    number = digits(random, 10)
    return f"{number[:2]}-{number[2:6]}-{number[6:]}"


def application_number(random: Random) -> str:
    return random.choice("WEF") + digits(random, 9)


def passport_mrz(random: Random, name: str, born: date, sex: str) -> str:
    """Both lines of a TD3 passport of Utopia. `name` is `FAMILY<<GIVEN` in capitals."""
    number = "".join(random.choices(string.ascii_uppercase + string.digits, k=9))
    expires = f"{random.randint(28, 34)}{random.randint(1, 12):02}{random.randint(1, 28):02}"
    numbered, born_on, expires_on = (text + mrz_digit(text) for text in (number, f"{born:%y%m%d}", expires))
    optional = "<" * 14 + "0"
    composite = mrz_digit(numbered + born_on + expires_on + optional)
    letter = sex if sex in "FM" else "<"
    return f"P<UTO{name[:39]:<<39}\n{numbered}UTO{born_on}{letter}{expires_on}{optional}{composite}"


def mrz_digit(text: str) -> str:
    return str(sum(MRZ_VALUES[symbol] * MRZ_WEIGHTS[place % 3] for place, symbol in enumerate(text)) % 10)
