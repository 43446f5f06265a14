"""What routes are given beside what is asked: their service, the version that was seen, and a key under which it is done once.

Coroutines, although they wait for nothing: FastAPI runs plain functions in a thread, which takes as long as all they do.
"""

import re
from typing import Annotated

from fastapi import Depends, Header, Request

from services.scheduling.commands.requests import Named, kept_key
from shared.service import Service
from shared.web.versions import IfMatch, version_in

KEY_PATTERN = re.compile(r'"?([A-Za-z0-9._:=/+-]{1,100})"?')
KEY = (
    "A value that no other request of this case has. The same request again is answered as it was and not done again, for"
    " 24 hours; only whether a place is still taken is looked at anew"
)
Key = Annotated[
    str | None, Header(description=KEY, pattern=f"^{KEY_PATTERN.pattern}$", examples=["8e03978e-40d5-43dd"])
]


async def serving(request: Request) -> Service:
    """The service that answers."""
    service: Service = request.app.state.service
    return service


Serving = Annotated[Service, Depends(serving)]


async def seen(if_match: IfMatch = None) -> int | None:
    """The version that If-Match names, if it is sent. Raises: Problem 422."""
    return None if if_match is None else version_in(if_match)


Seen = Annotated[int | None, Depends(seen)]


async def named(seen_version: Seen, idempotency_key: Key = None) -> Named:
    """Both. A key in quotes is the same as without them."""
    return Named(kept_key(idempotency_key.strip('"')) if idempotency_key else None, seen_version)


Naming = Annotated[Named, Depends(named)]
