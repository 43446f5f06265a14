"""Days and instants in requests, as RFC 3339 writes them: a bare number is none, though it could count seconds."""

import re
from datetime import date
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator

WRITTEN_OUT = re.compile(r"\d{4}-\d\d-\d\d")


def _written_out(value: Any) -> Any:
    if isinstance(value, int | float) or (isinstance(value, str) and not WRITTEN_OUT.match(value)):
        raise ValueError("write it as RFC 3339 does: 2026-11-24 or 2026-11-24T09:00:00-06:00")
    return value


Day = Annotated[date, BeforeValidator(_written_out)]
Instant = Annotated[AwareDatetime, BeforeValidator(_written_out)]
