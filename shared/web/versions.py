"""Versions in requests and answers: ETag says which one was seen, If-Match names it."""

import re
from typing import Annotated

from fastapi import Header
from pydantic import WithJsonSchema

from shared.web.problems import Problem

ETAG = re.compile(r'"(\d{1,18})"', re.ASCII)
SEEN_VERSION = WithJsonSchema({"type": "string", "pattern": r'^"[0-9]{1,18}"$', "examples": ['"1"']})
IfMatch = Annotated[str | None, SEEN_VERSION, Header(description="The version seen, as ETag gave it")]


def etag(version: int) -> str:
    """The version as ETag gives it."""
    return f'"{version}"'


def version_in(if_match: str) -> int:
    """The version that If-Match names. Raises: Problem 422 when it names none."""
    version = ETAG.fullmatch(if_match.strip())
    if version is None:
        raise Problem(422, "version_malformed", 'If-Match holds one version in quotes, as ETag gave it: "3"')
    return int(version[1])
