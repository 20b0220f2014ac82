"""What was loaded before: `LOADED_FILES` and `REJECTED_EVENTS`, read.

What it holds: `LedgerEntry`, the reading of the ledger with the counter that tells whether it is
still true (`read_ledger`), and the rejected rows for people (`rejected`).

Add to it further readings of what loads left behind. What must not go here: writing
(`publishing`), and what to load next (`planning`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from vistora_assets.sources.errors import SourceError
from vistora_assets.sources.objects import Objects
from vistora_assets.sources.warehouse import Connection, Warehouse

FileState = Literal["LOADED", "BLOCKED", "REPLACED"]

TABLE_HASH_PREFIXES: Final = ("high_water:", "token:", "blocked:")
"""How a `FILE_HASH` begins when its entry is a batch of a table and not a file."""

CONFLICT: Final = "conflicts with"
"""What only the reason of a conflicting row says; `judge_rows.sql` writes it."""


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A row of `LOADED_FILES`; times are naive UTC.

    `has_conflicts` tells whether rows of it were rejected because of another source's events.
    """

    load_sequence: int
    file_name: str
    file_hash: str
    state: FileState
    rows_read: int = 0
    rows_accepted: int = 0
    rows_rejected: int = 0
    rows_known: int = 0
    touched_from: datetime | None = None
    first_event_time: datetime | None = None
    last_event_time: datetime | None = None
    reason: str | None = None
    has_conflicts: bool = False

    @property
    def is_table(self) -> bool:
        """Whether it is a batch of a table."""
        return self.file_hash.startswith(TABLE_HASH_PREFIXES)


@dataclass(frozen=True, slots=True)
class Ledger:
    """Every entry, by load and name, and the last load at the time of reading."""

    counter: int
    entries: tuple[LedgerEntry, ...]

    def current(self, state: FileState) -> dict[str, LedgerEntry]:
        """The files' entries in this state, by name; a file has one LOADED and one BLOCKED."""
        return {
            entry.file_name: entry
            for entry in self.entries
            if entry.state == state and not entry.is_table
        }

    def sequences(self) -> dict[tuple[str, str], int]:
        """The last load of each (file name, hash)."""
        return {(entry.file_name, entry.file_hash): entry.load_sequence for entry in self.entries}

    def places(self) -> dict[str, int]:
        """The first load of each file name: a replaced file keeps its place."""
        places: dict[str, int] = {}
        for entry in self.entries:
            places.setdefault(entry.file_name, entry.load_sequence)
        return places


def read_counter(warehouse: Warehouse) -> int:
    """Return the number of the last load.

    Raises:
        SourceError: the counter does not hold exactly one row.
    """
    rows = warehouse.run("SELECT LOAD_SEQUENCE FROM {load_counter}").rows
    if len(rows) != 1:
        raise SourceError(
            f"{warehouse.objects.names['load_counter']} holds {len(rows)} rows; it must hold "
            "exactly one, the greatest LOAD_SEQUENCE of LOADED_FILES (0 if there is none)."
        )
    return int(rows[0][0])


def read_ledger(warehouse: Warehouse) -> Ledger:
    """Return what was loaded so far.

    The counter is read first: a load that commits in between makes it stale, never too new, and
    a load planned on it then finds so before it writes.
    """
    counter = read_counter(warehouse)
    rows = warehouse.run(
        """
        SELECT f.LOAD_SEQUENCE, f.FILE_NAME, f.FILE_HASH, f.STATE, f.ROWS_READ, f.ROWS_ACCEPTED,
               f.ROWS_REJECTED, f.ROWS_KNOWN, f.TOUCHED_FROM, f.FIRST_EVENT_TIME,
               f.LAST_EVENT_TIME, f.REASON, c.SOURCE_FILE IS NOT NULL AS HAS_CONFLICTS
        FROM {loaded_files} f
        LEFT JOIN (
          SELECT DISTINCT SOURCE_FILE, FILE_HASH FROM {rejected_events}
          WHERE POSITION(%(conflict)s IN REASONS) > 0
        ) c ON c.SOURCE_FILE = f.FILE_NAME AND c.FILE_HASH = f.FILE_HASH
        ORDER BY f.LOAD_SEQUENCE, f.FILE_NAME, f.STATE
        """,
        {"conflict": CONFLICT},
    ).rows
    return Ledger(counter, tuple(_entry(row) for row in rows))


def _entry(row: Sequence[Any]) -> LedgerEntry:
    return LedgerEntry(
        int(row[0]),
        row[1],
        row[2],
        row[3],
        rows_read=int(row[4]),
        rows_accepted=int(row[5]),
        rows_rejected=int(row[6]),
        rows_known=int(row[7]),
        touched_from=row[8],
        first_event_time=row[9],
        last_event_time=row[10],
        reason=row[11],
        has_conflicts=bool(row[12]),
    )


def rejected(
    connection: Connection, objects: Objects, limit: int = 50, file_name: str | None = None
) -> list[dict[str, Any]]:
    """Return rejected rows as they came, the newest load first, for a person to read.

    Args:
        connection: an open connection.
        objects: names of the tables.
        limit: at most so many rows.
        file_name: rows of this file alone.

    Returns:
        Mappings from the columns of `REJECTED_EVENTS`, in lower case, to values.
    """
    condition = "" if file_name is None else "WHERE SOURCE_FILE = %(file_name)s"
    return (
        Warehouse(connection, objects)
        .run(
            """
        SELECT SOURCE_FILE, SOURCE_ROW, EVENT_ID, USER_ID, EVENT_TIME, EVENT_TYPE, AMOUNT, COUNTRY,
               REASONS, FILE_HASH, LOADED_AT
        FROM {rejected_events} {condition}
        ORDER BY LOADED_AT DESC, SOURCE_FILE, SOURCE_ROW, EVENT_ID, REASONS
        LIMIT {limit}
        """,
            None if file_name is None else {"file_name": file_name},
            condition=condition,
            limit=str(int(limit)),
        )
        .records()
    )


def blocked(connection: Connection, objects: Objects) -> list[dict[str, Any]]:
    """Return the files that are blocked now, with their counts and reason, in lower case keys."""
    return (
        Warehouse(connection, objects)
        .run(
            """
        SELECT FILE_NAME, FILE_HASH, ROWS_READ, ROWS_REJECTED, REASON
        FROM {loaded_files} WHERE STATE = 'BLOCKED' ORDER BY FILE_NAME
        """
        )
        .records()
    )
