"""Rows on their way into a set-based statement, as an array of a composite type."""

from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any

ROW_TYPES: list["RowType"] = []
"""Every composite type that a statement takes rows of; a test compares them with those in the databases."""


class RowType:
    """A composite type in the database: `from {TYPE}` in a statement, `**TYPE.of(rows)` as its parameter.

    In SQL the rows are called `r`, numbered from 1 in `r.ordinality`. The database takes them as they are: to read them
    from JSON would cost it twice as much. `shared.db.as_json` needs no type, for wherever that does not matter.
    """

    def __init__(self, name: str, fields: str) -> None:
        """`fields`: their names in the order of the type, with spaces between."""
        self.name = name
        self.fields = tuple(fields.split())
        self._values = itemgetter(*self.fields)
        ROW_TYPES.append(self)

    def __str__(self) -> str:
        return f"unnest(cast(:rows as {self.name}[])) with ordinality as r"

    def of(self, rows: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
        """The parameter for these rows, which may have more than the type takes. Raises: KeyError."""
        return {"rows": [self._values(row) for row in rows]}
