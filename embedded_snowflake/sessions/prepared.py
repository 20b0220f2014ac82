"""Queries that a session has asked before, as DuckDB runs them, so that none is translated twice.

Of a short query the translation is what takes longest. It depends on the session's context and on
the catalog, so it is kept while this session does nothing but ask queries and no session commits
anything. What depends on more (a time that stands still in a transaction, rows that the statement
brought along, the last query's id) is not kept at all: `session.py` decides.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from fakesnow.rowtype import ColumnInfo

_KEPT = 100
_LONGEST = 10_000


@dataclass(frozen=True)
class Prepared:
    """A translated query: DuckDB's SQL, its columns and kind, and the last commit of then."""

    sql: str
    rowtype: list[ColumnInfo]
    type_id: int
    moment: int


class PreparedQueries:
    """The last queries of a session by their text, in which letters count."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Prepared] = OrderedDict()

    def get(self, text: str, moment: int) -> Prepared | None:
        """The query of this text, where nothing was committed since it was translated."""
        found = self._kept.get(text)
        if found is None or found.moment != moment:
            return None
        self._kept.move_to_end(text)
        return found

    def keep(self, text: str, prepared: Prepared) -> None:
        """Keep a query in place of the one that was not asked for the longest time."""
        if len(text) <= _LONGEST:
            self._kept[text] = prepared
            self._kept.move_to_end(text)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)

    def clear(self) -> None:
        """Forget all: the session's context may be another from now on."""
        self._kept.clear()
