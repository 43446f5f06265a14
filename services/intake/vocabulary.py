"""What registries outside of ours know: languages (IANA) and telephone numbering plans."""

import re
import unicodedata
from functools import lru_cache

import phonenumbers
from language_tags import tags

_PRIVATE_USE = re.compile(r"q[a-t][a-z]")
_FURNITURE = re.compile(r"[\s().\-/]")
_OLD_MEXICAN_MOBILE = re.compile(r"\+521([0-9]{10})")


@lru_cache(maxsize=4096)
def is_known_language(tag: str) -> bool:
    """Whether the primary subtag of a BCP 47 tag is in the IANA registry; `und` is, and so are the private-use qaa to qtz."""
    primary = tag.split("-", 1)[0].lower()
    return bool(_PRIVATE_USE.fullmatch(primary)) or tags.language(primary) is not None


def canonical_phone(text: str) -> str:
    """The number without spaces, dots, hyphens and brackets, and without the 1 that Mexican mobiles had before 2019."""
    bare = _FURNITURE.sub("", unicodedata.normalize("NFKC", text))
    return _OLD_MEXICAN_MOBILE.sub(r"+52\1", bare) if _OLD_MEXICAN_MOBILE.fullmatch(bare) else bare


def is_possible_phone(number: str) -> bool:
    """Whether an international number (`+`, country code, number) has a length that its country knows."""
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(number, None))
    except phonenumbers.NumberParseException:
        return False
