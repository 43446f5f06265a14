"""How a household changes the way in which it is reached: forms, limits, and what of an address is shown. Pure."""

import re
from datetime import timedelta

CODE_HOLDS = timedelta(minutes=30)
"""How long the code to a new address can be typed. Source: docs/domain.md, "Own contact"."""
TRIES = 3
"""How often it may be typed wrong. Source: docs/domain.md, "Own contact"."""
MOST_A_DAY = 5
"""How many addresses a household may have codes sent to in a day. Source: docs/domain.md, "Own contact"."""
DAY = timedelta(days=1)

_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?=.{4,190}$)(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}")


def canonical_email(typed: str) -> str | None:
    """The address, its domain in small letters; None for one that mail cannot go to."""
    if not _EMAIL.fullmatch(typed.strip()):
        return None
    name, _, domain = typed.strip().rpartition("@")
    has_empty_part = "" in name.split(".") or any(part.strip("-") != part for part in domain.split("."))
    return None if has_empty_part else f"{name}@{domain.lower()}"


def masked(email: str) -> str:
    """Enough of an address to tell it from another for those who know it: `r…@m….org`."""
    name, _, domain = email.strip().rpartition("@")
    top = domain.rpartition(".")[2]
    return f"{name[:1]}…@{domain[:1]}….{top}" if name and "." in domain else "…"
