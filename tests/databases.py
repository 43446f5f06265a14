"""Databases of the tests' own PostgreSQL, whose types are known once for all of them."""

from shared.db import Database
from shared.known_types import KnownTypes

TYPES = KnownTypes()
"""A copy of a database has its types, and one PostgreSQL gives no number to two: to ask in each copy took half of a test."""


def database_at(url: str, pool_size: int = 10) -> Database:
    return Database(url, pool_size=pool_size, types=TYPES)
