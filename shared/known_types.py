"""What types a database has is asked once, not again by each connection and for each type: a question costs milliseconds."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import asyncpg

from shared.rows import ROW_TYPES

PLAIN_TYPES = ("text", "int2", "int4", "int8", "uuid", "date", "timestamptz")
"""Arrays of these are what statements take beside rows; of any other is asked when it comes."""


@dataclass(frozen=True)
class _NoStatement:
    """In place of the statement that would have asked: it did not push out the one that is to run."""

    name: str = "none"


class KnownTypes:
    """Of one database, for all connections of this class to it.

    Assumptions: a type stays as it is while anyone is connected. Whoever loses a connection must `forget`: what comes
    back may be another database, restored from a backup, in which the same numbers mean other types.
    """

    def __init__(self) -> None:
        self._rows: dict[int, Any] = {}
        self.connection_class = self._class()

    def forget(self) -> None:
        """The next connection asks again."""
        self._rows.clear()

    def _class(self) -> type[Any]:
        known = self._rows

        class Connection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg says nothing of its types
            async def _introspect_types(self, oids: Iterable[int], seconds: float | None) -> Any:
                """asyncpg's own question, of all arrays at once; in its answers each type comes behind those that it
                consists of."""
                if not known.keys() >= set(oids):
                    arrays = [row["typarray"] for row in await self.fetch(_arrays(), timeout=seconds)]
                    rows, statement = await super()._introspect_types({*oids, *arrays}, seconds)
                    known.update((row["oid"], row) for row in rows if row["oid"] not in known)
                    return rows, statement
                return list(known.values()), _NoStatement()

            async def reload_schema_state(self) -> None:
                known.clear()
                await super().reload_schema_state()

        return Connection


def _arrays() -> str:
    names = ", ".join(f"'{name}'" for name in (*PLAIN_TYPES, *(row_type.name for row_type in ROW_TYPES)))
    return f"select typarray from pg_type where typname in ({names})"  # noqa: S608  only our own constants are put in
