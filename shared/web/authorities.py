"""Whom our clients trust, read once a process: reading it for each client takes 20 ms of a core, more than most requests."""

import ssl
from functools import cache

import httpx


@cache
def authorities() -> ssl.SSLContext:
    """For `verify=` of every httpx client; what httpx itself would read."""
    return httpx.create_ssl_context()
