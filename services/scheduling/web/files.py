"""The files that pages load: each under a name that changes with what is in it, so that a browser may keep it for ever."""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

BUILT = Path(__file__).parent / "static"
"""Where `deploy/assets.py` puts them."""
TYPES = {".css": "text/css", ".js": "text/javascript"}


@dataclass(frozen=True, slots=True)
class File:
    """One file as it is sent, `small` to whoever takes gzip."""

    path: str
    media_type: str
    content: bytes
    small: bytes


def read_file(name: str) -> File:
    """The built file of that name; an empty one while none is built."""
    place = BUILT / name
    content = place.read_bytes() if place.exists() else b""
    path = f"/assets/{place.stem}-{hashlib.sha256(content).hexdigest()[:12]}{place.suffix}"
    # Only files are compressed: a page's length would tell of the proof in its forms what was typed beside it.
    return File(path, TYPES[place.suffix], content, gzip.compress(content, mtime=0))
