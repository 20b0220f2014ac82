"""Judged rows into the three tables, in one transaction, or nothing.

What it holds: the session's table of the files of a load, the counts of a judged load, and
`publish`, the transaction with its lock and its invariants.

Add to it what must be true before a load commits. What must not go here: which files are read
(`planning`) or blocked (`ingest`).

The lock: a load begins its transaction by adding one to `LOAD_COUNTER`, on the condition that it
still has the value that the load was planned on. Snowflake lets one transaction update a row at a
time, and the one that waited then finds the condition false: it plans again (Snowflake,
"Transactions": an UPDATE locks what it changes, each statement sees what was committed before
it).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from vistora_assets.sources.errors import InvariantError
from vistora_assets.sources.ledger import LedgerEntry, read_counter
from vistora_assets.sources.objects import statements
from vistora_assets.sources.warehouse import Warehouse, is_database_error

_CREATE_INPUT_FILES: Final = """
CREATE OR REPLACE TEMPORARY TABLE {input_files} (
  SOURCE_PATH TEXT, FILE_NAME TEXT, FILE_HASH TEXT, PLACE NUMBER(38, 0),
  IS_PUBLISHED BOOLEAN, IS_DUPLICATE BOOLEAN, IS_REPLACING BOOLEAN
)
"""

_EVENT_VALUES: Final = "USER_ID, EVENT_TIME, EVENT_TYPE, AMOUNT, COUNTRY"


class OvertakenError(Exception):
    """Another load committed since this one was planned; nothing was written."""


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file, or a batch of a table, as a load judges it.

    Attributes:
        source_path: what its rows carry in the table of typed rows.
        file_name: its logical name, or the table's.
        file_hash: its content.
        place: its order in the load.
        is_published: whether its accepted rows become events; a blocked file's do not.
        is_duplicate: whether all its rows are known, as those of another file.
        is_replacing: whether the events and rejected rows of that name make way for it.
    """

    source_path: str
    file_name: str
    file_hash: str
    place: int
    is_published: bool = True
    is_duplicate: bool = False
    is_replacing: bool = True


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of a file's rows; times are naive UTC, of accepted rows."""

    rows_read: int = 0
    rows_accepted: int = 0
    rows_rejected: int = 0
    rows_conflicting: int = 0
    rows_known: int = 0
    first_event_time: datetime | None = None
    last_event_time: datetime | None = None

    @property
    def rejected_share(self) -> float:
        """Share of rejected rows among those read; 0 for a file without rows."""
        return self.rows_rejected / self.rows_read if self.rows_read else 0.0


def judge(
    warehouse: Warehouse, files: Sequence[InputFile], *, is_table: bool = False
) -> dict[str, Counts]:
    """Run `judge_rows.sql` over these files and return the counts by file name."""
    warehouse.run(_CREATE_INPUT_FILES)
    for start in range(0, len(files), 500):
        batch = files[start : start + 500]
        warehouse.run(
            "INSERT INTO {input_files} VALUES {marks}",
            [
                value
                for file in batch
                for value in (
                    file.source_path,
                    file.file_name,
                    file.file_hash,
                    file.place,
                    file.is_published,
                    file.is_duplicate,
                    file.is_replacing,
                )
            ],
            marks=", ".join("(%s, %s, %s, %s, %s, %s, %s)" for _ in batch),
        )
    (statement,) = statements("judge_rows.sql")
    warehouse.run(statement)
    if is_table:
        _know_rejected_rows(warehouse)
    counted = warehouse.run(
        """
        SELECT FILE_NAME, COUNT(*), COUNT_IF(VERDICT = 'accepted'),
               COUNT_IF(VERDICT IN ('rejected', 'conflict')), COUNT_IF(VERDICT = 'conflict'),
               COUNT_IF(VERDICT = 'known'), MIN(IFF(VERDICT = 'accepted', EVENT_TIME, NULL)),
               MAX(IFF(VERDICT = 'accepted', EVENT_TIME, NULL))
        FROM {judged_rows}
        GROUP BY FILE_NAME
        """
    ).rows
    counts = {file.file_name: Counts() for file in files}
    for name, read, accepted, rejected, conflicting, known, first, last in counted:
        counts[name] = Counts(
            int(read), int(accepted), int(rejected), int(conflicting), int(known), first, last
        )
    return counts


def _know_rejected_rows(warehouse: Warehouse) -> None:
    """Mark rows as known that an earlier batch of the same table rejected for the same reasons.

    A batch reads the rows at the last bound again, and a row without a usable id would otherwise
    be rejected once more by every batch.
    """
    warehouse.run(
        """
        UPDATE {judged_rows} SET VERDICT = 'known'
        FROM (
          SELECT DISTINCT
            SOURCE_FILE AS WAS_FILE, EVENT_ID AS WAS_EVENT_ID, USER_ID AS WAS_USER_ID,
            EVENT_TIME AS WAS_EVENT_TIME, EVENT_TYPE AS WAS_EVENT_TYPE, AMOUNT AS WAS_AMOUNT,
            COUNTRY AS WAS_COUNTRY, REASONS AS WAS_REASONS
          FROM {rejected_events}
          WHERE NOT STARTSWITH(FILE_HASH, 'blocked:')
        ) earlier
        WHERE VERDICT IN ('rejected', 'conflict')
          AND WAS_FILE = FILE_NAME
          AND WAS_REASONS = REASONS
          AND EQUAL_NULL(WAS_EVENT_ID, RAW_EVENT_ID)
          AND EQUAL_NULL(WAS_USER_ID, RAW_USER_ID)
          AND EQUAL_NULL(WAS_EVENT_TIME, RAW_EVENT_TIME)
          AND EQUAL_NULL(WAS_EVENT_TYPE, RAW_EVENT_TYPE)
          AND EQUAL_NULL(WAS_AMOUNT, RAW_AMOUNT)
          AND EQUAL_NULL(WAS_COUNTRY, RAW_COUNTRY)
        """
    )


def touched_times(warehouse: Warehouse) -> dict[str, datetime]:
    """Return, by file, the earliest time of an event that the judged load adds or removes.

    Events are compared by their values: a file that comes again with one row changed touches
    from that row on, even where every row has moved by a line.
    """
    rows = warehouse.run(
        """
        WITH CHANGES AS (
          SELECT SOURCE_FILE, {values}, -1 AS CHANGE
          FROM {events}
          WHERE SOURCE_FILE IN (SELECT FILE_NAME FROM {input_files} WHERE IS_REPLACING)
          UNION ALL
          SELECT FILE_NAME AS SOURCE_FILE, {values}, 1 AS CHANGE
          FROM {judged_rows}
          WHERE VERDICT = 'accepted'
        ),
        NET AS (
          SELECT SOURCE_FILE, {values}
          FROM CHANGES
          GROUP BY SOURCE_FILE, {values}
          HAVING SUM(CHANGE) <> 0
        )
        SELECT SOURCE_FILE, MIN(EVENT_TIME) FROM NET GROUP BY SOURCE_FILE
        """,
        values=_EVENT_VALUES,
    ).rows
    return {name: moment for name, moment in rows if moment is not None}


def publish(
    warehouse: Warehouse,
    *,
    counter: int,
    entries: Sequence[LedgerEntry],
    retired: Sequence[LedgerEntry],
    is_table: bool = False,
) -> None:
    """Write a judged load: events, rejected rows and the ledger, in one transaction.

    Args:
        warehouse: the connection on which the load was judged.
        counter: the last load when this one was planned.
        entries: the ledger's new rows, with `load_sequence = counter + 1`.
        retired: the ledger's rows that no longer count; their rejected rows go.
        is_table: the rows come from a table, whose row numbers mean nothing.

    Raises:
        OvertakenError: another load committed first; nothing was written.
        InvariantError: an invariant does not hold; nothing was written.
    """
    loaded_at = warehouse.run("SELECT SYSDATE()").rows[0][0]
    try:
        with warehouse.transaction():
            taken = warehouse.run(
                "UPDATE {load_counter} SET LOAD_SEQUENCE = LOAD_SEQUENCE + 1 "
                "WHERE LOAD_SEQUENCE = %s",
                [counter],
            )
            _require_taken(taken.changed)
            _retire(warehouse, retired)
            _write_rows(warehouse, loaded_at, is_table=is_table)
            _write_ledger(warehouse, entries, loaded_at)
            _hold_invariants(warehouse, entries, counter + 1, is_table=is_table)
    except Exception as error:
        # Where the warehouse refuses the second writer instead of letting it wait, its refusal
        # looks like any failed statement; the counter tells.
        if is_database_error(error) and read_counter(warehouse) != counter:
            raise OvertakenError from error
        raise


def _require_taken(changed: int) -> None:
    if changed != 1:
        raise OvertakenError


def _retire(warehouse: Warehouse, retired: Sequence[LedgerEntry]) -> None:
    warehouse.run(
        "DELETE FROM {events} "
        "WHERE SOURCE_FILE IN (SELECT FILE_NAME FROM {input_files} WHERE IS_REPLACING)"
    )
    for start in range(0, len(retired), 500):
        contents = [
            f"{entry.file_name}/{entry.file_hash}" for entry in retired[start : start + 500]
        ]
        marks = ", ".join("%s" for _ in contents)
        warehouse.run(
            "DELETE FROM {rejected_events} WHERE SOURCE_FILE || '/' || FILE_HASH IN ({marks})",
            contents,
            marks=marks,
        )
        warehouse.run(
            "UPDATE {loaded_files} SET STATE = 'REPLACED' WHERE STATE IN ('LOADED', 'BLOCKED') "
            "AND FILE_NAME || '/' || FILE_HASH IN ({marks})",
            contents,
            marks=marks,
        )


def _write_rows(warehouse: Warehouse, loaded_at: datetime, *, is_table: bool) -> None:
    row = "CAST(NULL AS NUMBER(38, 0))" if is_table else "SOURCE_ROW"
    warehouse.run(
        """
        INSERT INTO {events} (EVENT_ID, {values}, LOADED_AT, SOURCE_FILE, SOURCE_ROW)
        SELECT EVENT_ID, {values}, TO_TIMESTAMP_NTZ(%s), FILE_NAME, {row}
        FROM {judged_rows}
        WHERE VERDICT = 'accepted'
        ORDER BY PLACE, SOURCE_ROW
        """,
        [loaded_at.isoformat(sep=" ")],
        values=_EVENT_VALUES,
        row=row,
    )
    warehouse.run(
        """
        INSERT INTO {rejected_events} (
          SOURCE_FILE, SOURCE_ROW, EVENT_ID, USER_ID, EVENT_TIME, EVENT_TYPE, AMOUNT, COUNTRY,
          REASONS, FILE_HASH, LOADED_AT
        )
        SELECT FILE_NAME, {row}, RAW_EVENT_ID, RAW_USER_ID, RAW_EVENT_TIME, RAW_EVENT_TYPE,
               RAW_AMOUNT, RAW_COUNTRY, REASONS, FILE_HASH, TO_TIMESTAMP_NTZ(%s)
        FROM {judged_rows}
        WHERE VERDICT IN ('rejected', 'conflict')
        ORDER BY PLACE, SOURCE_ROW
        """,
        [loaded_at.isoformat(sep=" ")],
        row=row,
    )


def _write_ledger(
    warehouse: Warehouse, entries: Sequence[LedgerEntry], loaded_at: datetime
) -> None:
    for start in range(0, len(entries), 200):
        batch = entries[start : start + 200]
        warehouse.run(
            """
            INSERT INTO {loaded_files} (
              LOAD_SEQUENCE, FILE_NAME, FILE_HASH, STATE, ROWS_READ, ROWS_ACCEPTED, ROWS_REJECTED,
              ROWS_KNOWN, TOUCHED_FROM, FIRST_EVENT_TIME, LAST_EVENT_TIME, REASON, LOADED_AT
            ) VALUES {marks}
            """,
            [
                value
                for entry in batch
                for value in (
                    entry.load_sequence,
                    entry.file_name,
                    entry.file_hash,
                    entry.state,
                    entry.rows_read,
                    entry.rows_accepted,
                    entry.rows_rejected,
                    entry.rows_known,
                    entry.touched_from,
                    entry.first_event_time,
                    entry.last_event_time,
                    entry.reason,
                    loaded_at,
                )
            ],
            marks=", ".join(f"({', '.join(['%s'] * 13)})" for _ in batch),
        )


def _hold_invariants(
    warehouse: Warehouse, entries: Sequence[LedgerEntry], load_sequence: int, *, is_table: bool
) -> None:
    """Compare what the tables now hold with what the load meant to write.

    Raises:
        InvariantError: naming every breach.
    """
    breaches = [
        f"{entry.file_name}: {entry.rows_read} rows read, but {entry.rows_accepted} accepted, "
        f"{entry.rows_rejected} rejected and {entry.rows_known} known"
        for entry in entries
        if entry.state == "LOADED"
        and entry.rows_read != entry.rows_accepted + entry.rows_rejected + entry.rows_known
    ]
    checked = warehouse.run(
        """
        WITH MINE AS (SELECT * FROM {loaded_files} WHERE LOAD_SEQUENCE = %(sequence)s),
        STORED AS (
          SELECT SOURCE_FILE, COUNT(*) AS N FROM {events}
          WHERE {this_load} SOURCE_FILE IN (SELECT FILE_NAME FROM MINE WHERE STATE = 'LOADED')
          GROUP BY SOURCE_FILE
        ),
        REFUSED AS (
          SELECT r.SOURCE_FILE, r.FILE_HASH, COUNT(*) AS N
          FROM {rejected_events} r
          JOIN MINE m ON m.FILE_NAME = r.SOURCE_FILE AND m.FILE_HASH = r.FILE_HASH
          WHERE r.LOADED_AT = m.LOADED_AT
          GROUP BY r.SOURCE_FILE, r.FILE_HASH
        ),
        HELD AS (
          SELECT e.EVENT_ID, COUNT(*) AS N
          FROM {events} e
          JOIN (SELECT DISTINCT EVENT_ID FROM {judged_rows} WHERE VERDICT = 'accepted') a
            ON a.EVENT_ID = e.EVENT_ID
          GROUP BY e.EVENT_ID
        )
        SELECT m.FILE_NAME || ': ' || m.ROWS_ACCEPTED || ' accepted, but '
               || COALESCE(s.N, 0) || ' stored' AS BREACH
        FROM MINE m LEFT JOIN STORED s ON s.SOURCE_FILE = m.FILE_NAME
        WHERE m.STATE = 'LOADED' AND m.ROWS_ACCEPTED <> COALESCE(s.N, 0)
        UNION ALL
        SELECT m.FILE_NAME || ': ' || m.ROWS_REJECTED || ' rejected, but '
               || COALESCE(r.N, 0) || ' stored'
        FROM MINE m
        LEFT JOIN REFUSED r ON r.SOURCE_FILE = m.FILE_NAME AND r.FILE_HASH = m.FILE_HASH
        WHERE m.ROWS_REJECTED <> COALESCE(r.N, 0)
        UNION ALL
        SELECT 'EVENT_ID ' || EVENT_ID || ' stands ' || N || ' times in the events'
        FROM HELD WHERE N > 1
        UNION ALL
        SELECT COUNT(*) || ' events without a key, or with a negative amount'
        FROM {events}
        WHERE SOURCE_FILE IN (SELECT FILE_NAME FROM MINE)
          AND (EVENT_ID IS NULL OR USER_ID IS NULL OR EVENT_TIME IS NULL OR EVENT_TYPE IS NULL
               OR NOT COALESCE(AMOUNT, 0) >= 0)
        HAVING COUNT(*) > 0
        """,
        {"sequence": load_sequence},
        this_load=("LOADED_AT IN (SELECT LOADED_AT FROM MINE) AND" if is_table else ""),
    ).rows
    breaches += [str(row[0]) for row in checked]
    if breaches:
        shown = "; ".join(breaches[:5]) + ("; ..." if len(breaches) > 5 else "")
        raise InvariantError(
            f"The load was rolled back, because it would have broken an invariant: {shown}. "
            "This is a fault of the pipeline or of the tables, not of the file."
        )
