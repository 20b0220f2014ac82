"""Events out of a table or view that a person already has, batch after batch.

What it holds: `TableSource`, `ingest_table`, `accept_table`, `table_token`. Add to it what is peculiar to a table as a source.
What must not go here: what rows mean (`type_rows.sql`, `judge_rows.sql`), and the transaction
(`publishing`).

A batch is the rows whose high water is at or above the last recorded bound: those at the bound are
read again and known. Without a high-water column every row is read once the table has changed. The
source is taken as append-only: a row that is deleted in it stays an event, and one that changed
under its EVENT_ID is a conflict.

Sources: Snowflake, "SYSTEM$LAST_CHANGE_COMMIT_TIME"; the connector's type codes of a result
("Snowflake Connector for Python: type codes").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from vistora_assets.identifiers import IdentifierError, qualified, quote, split_qualified
from vistora_assets.sources.errors import SourceError
from vistora_assets.sources.ledger import LedgerEntry, read_ledger
from vistora_assets.sources.mapping import (
    EVENT_COLUMNS,
    REQUIRED_COLUMNS,
    ColumnMap,
    ResolvedColumns,
    resolve,
)
from vistora_assets.sources.objects import Objects, statements
from vistora_assets.sources.publishing import (
    Counts,
    InputFile,
    judge,
    publish,
    touched_times,
)
from vistora_assets.sources.reading import CREATE_INPUT_ROWS, INPUT_COLUMNS, typed_expressions
from vistora_assets.sources.reports import (
    FileReport,
    IngestReport,
    entry_of,
    repeated,
    report_of,
    too_many_rejected,
)
from vistora_assets.sources.typing_rules import IngestOptions, type_rows
from vistora_assets.sources.warehouse import Connection, Cursor, Warehouse

_HIGH_WATER: Final = "high_water:"
_CHANGE: Final = "token:"
_BLOCKED: Final = "blocked:"
_REMEDY: Final = "Mend the rows in the table, or accept the batch by the table's name."
_TYPES: Final[Mapping[int, str]] = {
    0: "NUMBER",
    1: "FLOAT",
    2: "VARCHAR",
    3: "DATE",
    4: "TIMESTAMP_NTZ",
    6: "TIMESTAMP_LTZ",
    7: "TIMESTAMP_TZ",
    8: "TIMESTAMP_NTZ",
}


def table_token(connection: Connection, name: str) -> str:
    """Return a text that changes when the table does; asking for it wakes no warehouse.

    Args:
        connection: an open connection.
        name: the table or view, as a person writes it: `SHOP.ORDERS`.
    """
    cursor: Cursor = connection.cursor()
    try:
        cursor.execute(
            "SELECT SYSTEM$LAST_CHANGE_COMMIT_TIME(%s)", (qualified(*split_qualified(name)),)
        )
        return str(cursor.fetchall()[0][0])
    finally:
        cursor.close()


@dataclass(frozen=True, slots=True)
class TableSource:
    """A table or view of events, as settings or a person name it.

    Attributes:
        given_name: as a person writes it: `SHOP.ORDERS`.
        column_map: how its columns are to be read; `event_id` must be among them.
        high_water: a column that never falls from one row to a later one; None reads every row
            whenever the table has changed.
    """

    given_name: str
    column_map: ColumnMap
    high_water: str | None = None

    @property
    def name(self) -> str:
        """Its name as the ledger has it: the stored parts, joined by dots."""
        return ".".join(split_qualified(self.given_name))

    def is_named(self, text: str) -> bool:
        """Tell whether a person means this table."""
        try:
            return split_qualified(text) == split_qualified(self.given_name)
        except IdentifierError:
            return False


def ingest_table(
    connection: Connection,
    objects: Objects,
    options: IngestOptions,
    source: TableSource,
    *,
    accepted: bool = False,
) -> IngestReport:
    """Load what is new in a table or view.

    Args:
        connection: an open connection, in no transaction.
        objects: names of our tables; they must exist (`ensure_objects`).
        options: how input is read.
        source: the table or view.
        accepted: load the batch whatever share of its rows is rejected.

    Raises:
        MappingError: a required column, or `event_id`, is missing.
        SourceError: the high-water column is not there.
        LoadRaceError: other loads kept coming first.
        InvariantError: the load was rolled back.
    """
    held = _Source(Warehouse(connection, objects), source)
    return repeated(lambda: _load(held, options, accepted=accepted))


def accept_table(
    connection: Connection, objects: Objects, options: IngestOptions, source: TableSource
) -> IngestReport:
    """Load a table's blocked batch, and what came since, whatever share of it is rejected.

    Raises:
        SourceError: no batch of it is blocked; further as `ingest_table`.
    """
    if blocked_batch(connection, objects, source) is None:
        raise SourceError(f"{source.name!r} is not blocked, so there is nothing to accept.")
    return ingest_table(connection, objects, options, source, accepted=True)


def blocked_batch(connection: Connection, objects: Objects, source: TableSource) -> str | None:
    """Return why a batch of the table is blocked; None if none is."""
    ledger = read_ledger(Warehouse(connection, objects))
    reasons = [
        one.reason
        for one in ledger.entries
        if one.is_table and one.file_name == source.name and one.state == "BLOCKED"
    ]
    return reasons[-1] if reasons else None


@dataclass(frozen=True, slots=True)
class _Source:
    """The table, its map, and where it is read."""

    warehouse: Warehouse
    table: TableSource

    @property
    def name(self) -> str:
        return self.table.name

    @property
    def relation(self) -> str:
        return self._quoted.replace("%", "%%")

    @property
    def _quoted(self) -> str:
        return qualified(*split_qualified(self.table.given_name))

    def columns(self) -> list[tuple[str, str]]:
        """Its columns' names and types, by the description of an empty result."""
        cursor: Cursor = self.warehouse.connection.cursor()
        try:
            cursor.execute(f"SELECT * FROM {self._quoted} LIMIT 0")
            return [(str(one[0]), _TYPES.get(int(one[1]), "OTHER")) for one in cursor.description]
        finally:
            cursor.close()


def mapped_columns(connection: Connection, source: TableSource) -> dict[str, str]:
    """Return our columns, in lower case, that the table supplies, to its own, as stored.

    Raises:
        MappingError: a required column, or `event_id`, is missing.
    """
    cursor: Cursor = connection.cursor()
    try:
        relation = qualified(*split_qualified(source.given_name))
        cursor.execute(f"SELECT * FROM {relation} LIMIT 0")
        names = [str(one[0]) for one in cursor.description]
    finally:
        cursor.close()
    resolved = resolve(source.column_map, names, (*REQUIRED_COLUMNS, "event_id"))
    return {column: names[place] for column, place in resolved.positions.items()}


def _load(source: _Source, options: IngestOptions, *, accepted: bool) -> IngestReport:
    warehouse, name = source.warehouse, source.name
    ledger = read_ledger(warehouse)
    earlier = [one for one in ledger.entries if one.is_table and one.file_name == name]
    loaded = [one for one in earlier if one.state == "LOADED"]
    waiting = [one for one in earlier if one.state == "BLOCKED"]
    before = loaded[-1].file_hash if loaded else None
    columns = source.columns()
    resolved = resolve(
        source.table.column_map, [one for one, _ in columns], (*REQUIRED_COLUMNS, "event_id")
    )
    file_hash = _stage_rows(source, columns, resolved, before)
    if source.table.high_water is None and file_hash == before:
        return IngestReport(None, (FileReport(name, file_hash, "KNOWN"),))
    (statement,) = statements("type_rows.sql")
    type_rows(warehouse, statement, options, event_id_required=True)
    batch = InputFile(name, name, file_hash, 0, is_replacing=False)
    counts = judge(warehouse, [batch], is_table=True)[name]
    reason = None
    if counts.rejected_share > options.rejected_share and not accepted:
        reason = too_many_rejected(counts, options, _examples(warehouse), remedy=_REMEDY)
        file_hash = _BLOCKED + file_hash
        batch = InputFile(name, name, file_hash, 0, is_published=False, is_replacing=False)
        counts = judge(warehouse, [batch], is_table=True)[name]
        if waiting and _same(waiting[-1], file_hash, counts):
            return IngestReport(None, (report_of(waiting[-1]),))
    elif before == file_hash and not counts.rows_accepted and not counts.rows_rejected:
        return IngestReport(None, (_known(name, file_hash, counts),))
    entry = entry_of(
        ledger.counter + 1,
        name,
        file_hash,
        counts,
        touched_from=touched_times(warehouse).get(name),
        reason=reason,
    )
    publish(warehouse, counter=ledger.counter, entries=[entry], retired=waiting, is_table=True)
    return IngestReport(ledger.counter + 1, (report_of(entry),))


def _stage_rows(
    source: _Source,
    columns: Sequence[tuple[str, str]],
    resolved: ResolvedColumns,
    before: str | None,
) -> str:
    """Write the batch into the table of input rows; return what the batch is called."""
    warehouse = source.warehouse
    condition, bounds, file_hash = "TRUE", list[object](), ""
    if source.table.high_water is None:
        # Before the rows: what commits in between makes the token stale, never too new.
        file_hash = _CHANGE + table_token(warehouse.connection, source.table.given_name)
    else:
        condition, bounds, file_hash = _batch(source, columns, before)
    types = {column: columns[place][1] for column, place in resolved.positions.items()}
    # The statement has bound values, so that a per cent sign in a name must be doubled.
    values = {
        column: quote(columns[place][0]).replace("%", "%%")
        for column, place in resolved.positions.items()
    }
    expressions = [
        "%s"
        if column in resolved.constants
        else f"CAST({values[column]} AS VARCHAR)"
        if column in values
        else "NULL"
        for column in EVENT_COLUMNS
    ]
    constants = [
        resolved.constants[column] for column in EVENT_COLUMNS if column in resolved.constants
    ]
    warehouse.run(CREATE_INPUT_ROWS)
    warehouse.run(
        """
        INSERT INTO {input_rows} ({columns})
        SELECT %s, ROW_NUMBER() OVER (ORDER BY {order}), {expressions}, '', NULL
        FROM {relation}
        WHERE {condition}
        """,
        [source.name, *constants, *bounds],
        columns=", ".join(INPUT_COLUMNS),
        order=", ".join(values[column] for column in EVENT_COLUMNS if column in values),
        expressions=", ".join([*expressions, *typed_expressions(types, values)]),
        relation=source.relation,
        condition=condition,
    )
    return file_hash


def _batch(
    source: _Source, columns: Sequence[tuple[str, str]], before: str | None
) -> tuple[str, list[object], str]:
    """Return the batch's condition, the values it binds, and its name by its upper bound."""
    wanted = (source.table.high_water or "").strip().casefold()
    found = [one for one in columns if one[0].casefold() == wanted]
    if len(found) != 1:
        raise SourceError(
            f"The high-water column {source.table.high_water!r} is not in {source.name}, which has "
            f"{', '.join(name for name, _ in columns)}. Name one of these, or none."
        )
    name, kind = found[0]
    column = quote(name).replace("%", "%%")
    if kind in ("TIMESTAMP_LTZ", "TIMESTAMP_TZ"):
        column = f"CAST(CONVERT_TIMEZONE('UTC', {column}) AS TIMESTAMP_NTZ)"
        kind = "TIMESTAMP_NTZ"
    cast = {"NUMBER": "NUMBER(38, 6)", "OTHER": "VARCHAR"}.get(kind, kind)
    (highest,) = source.warehouse.run(
        "SELECT MAX({column}) FROM {relation}",
        column=column.replace("%%", "%"),
        relation=source.relation.replace("%%", "%"),
    ).rows[0]
    if highest is None:
        return "TRUE", [], before or f"{_HIGH_WATER}"
    text = highest.isoformat(sep=" ") if isinstance(highest, datetime) else str(highest)
    if isinstance(highest, date) and not isinstance(highest, datetime):
        text = highest.isoformat()
    last = (before or "").removeprefix(_HIGH_WATER) if before else ""
    if not last or before is None or not before.startswith(_HIGH_WATER):
        return "TRUE", [], _HIGH_WATER + text
    # Rows without high water have no place in the order: they are read by every batch.
    condition = f"{column} >= CAST(%s AS {cast}) OR {column} IS NULL"
    return condition, [last], _HIGH_WATER + text


def _examples(warehouse: Warehouse) -> list[str]:
    rows = warehouse.run(
        """
        SELECT RAW_EVENT_ID, REASONS FROM {judged_rows}
        WHERE VERDICT IN ('rejected', 'conflict') ORDER BY SOURCE_ROW LIMIT 3
        """
    ).rows
    return [f"event_id {event_id!r}: {reasons}" for event_id, reasons in rows]


def _same(entry: LedgerEntry, file_hash: str, counts: Counts) -> bool:
    return (entry.file_hash, entry.rows_read, entry.rows_rejected, entry.rows_known) == (
        file_hash,
        counts.rows_read,
        counts.rows_rejected,
        counts.rows_known,
    )


def _known(name: str, file_hash: str, counts: Counts) -> FileReport:
    return FileReport(
        name, file_hash, "KNOWN", rows_read=counts.rows_read, rows_known=counts.rows_known
    )
