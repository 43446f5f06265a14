"""What was typed into a form whose session was over: it stands there again once its household is in.

The browser keeps it, sealed: only for that page of that case can it be opened, whoever logs in there next.
"""

import base64
import json
from collections.abc import Mapping
from datetime import timedelta

from services.scheduling.web.visits import PROOF
from shared.crypto import Sealer

KEPT_FOR = timedelta(minutes=30)
"""How long the browser keeps it: as long as a session lasts without a look at a page."""
LONGEST = 3_000
"""Of a cookie. No form of a case has so much typed into it."""


class Typed:
    """Seals what was typed and opens it again."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def sealed(self, fields: Mapping[str, str], *, case_ref: str, path: str) -> str | None:
        """What a cookie keeps; None when it is too much for one."""
        kept = {name: value for name, value in fields.items() if name != PROOF}
        sealed = self._sealer.seal(json.dumps(kept).encode(), _place(case_ref, path))
        text = base64.urlsafe_b64encode(sealed).decode()
        return text if len(text) <= LONGEST else None

    def opened(self, text: str, *, case_ref: str, path: str) -> dict[str, str]:
        """The fields; none when they are of another case or page, or not ours."""
        try:
            kept: dict[str, str] = json.loads(self._sealer.open(base64.urlsafe_b64decode(text), _place(case_ref, path)))
        except ValueError:  # Undecipherable is one, too
            return {}
        return kept


def _place(case_ref: str, path: str) -> str:
    return f"typed {case_ref} {path}"
