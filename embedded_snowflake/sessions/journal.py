"""What an open transaction has written, kept so that it can be written again.

DuckDB gives a whole transaction up when one of its statements fails while it runs, and lets it
see the data as of its beginning; Snowflake undoes the one statement and goes on, and every
statement sees what was committed before it. Both are had by beginning anew under the locks that
the transaction holds and writing what it had written. That is right only where writing it again
gives the same rows: `why_not` says where it does not.

Add what concerns recording and repeating. When to do so is decided in `transactions.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pyarrow as pa
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from embedded_snowflake.names import INTERNAL, QualifiedName, literal, quoted

KEPT_BYTES = 256 * 1024 * 1024
"""How many bytes of loaded rows and statements are kept; more cannot be repeated."""

_FIRST_WORD = re.compile(r"(?:\s|\(|--[^\n]*\n|/\*.*?\*/)*([A-Za-z]+)", re.DOTALL)
_WRITING = {"INSERT", "UPDATE", "DELETE", "MERGE", "CREATE", "ALTER", "DROP", "COMMENT", "TRUNCATE"}
_READING = {
    duckdb.StatementType.SELECT,
    duckdb.StatementType.EXPLAIN,
    duckdb.StatementType.SET,
    duckdb.StatementType.TRANSACTION,
}
_SAME_AGGREGATES = (exp.Count, exp.Min, exp.Max)
_CHANGING = (
    exp.CurrentTimestamp,
    exp.CurrentDate,
    exp.CurrentTime,
    exp.Rand,
    exp.Randn,
    exp.Uuid,
    exp.NextValueFor,
    exp.TableSample,
    exp.Limit,
    exp.Fetch,
    exp.Window,
    exp.Localtime,
    exp.Localtimestamp,
    exp.UtcDate,
    exp.UtcTime,
    exp.UtcTimestamp,
    exp.IgnoreNulls,
    exp.AnyValue,
)
_SAME_FUNCTIONS = {"hash", "md5", "sha256", "error", "regexp_full_match", "list_value"}


def _writes(sql: str) -> bool:
    found = _FIRST_WORD.match(sql)
    word = found.group(1).upper() if found else ""
    if word in _WRITING:
        return True
    if word != "WITH" and ";" not in sql:
        return False
    return any(one.type not in _READING for one in duckdb.extract_statements(sql))


@dataclass
class Entry:
    """One write: what DuckDB was told, and under which current schema."""

    sql: str
    parameters: Any
    database: str | None
    schema: str | None
    rows: dict[str, pa.Table] = field(default_factory=dict[str, pa.Table])

    def parsed(self) -> list[Any]:
        """The statements as a tree.

        Raises:
            SqlglotError: they cannot be read.
        """
        return [one for one in sqlglot.parse(self.sql, read="duckdb") if one is not None]

    def read_tables(self) -> set[QualifiedName] | None:
        """The tables that the write reads besides its own; None where that is not known."""
        if f"{INTERNAL}." in self.sql or f'{INTERNAL}".' in self.sql:
            return set()
        found: set[QualifiedName] = set()
        try:
            statements = self.parsed()
        except SqlglotError:
            return None
        for statement in statements:
            own = statement.this
            own = own.this if isinstance(own, exp.Schema) else own
            hidden = {one.alias_or_name.upper() for one in statement.find_all(exp.CTE)}
            for table in statement.find_all(exp.Table):
                if table is own or table.name in self.rows:
                    continue
                if not isinstance(table.this, exp.Identifier):
                    return None
                if table.catalog == "temp" or (not table.db and table.name.upper() in hidden):
                    continue
                database, schema = table.catalog or self.database, table.db or self.schema
                if database is None or schema is None:
                    return None
                found.add(QualifiedName(database, schema, table.name))
        return found


class Journal:
    """The writes of one open transaction, in their order."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._bytes = 0
        self._too_much = False

    def clear(self) -> None:
        """Nothing is written."""
        self.entries, self._bytes, self._too_much = [], 0, False

    def add(self, entry: Entry) -> None:
        """Keep a write."""
        self._bytes += len(entry.sql) + sum(one.nbytes for one in entry.rows.values())
        if self._bytes > KEPT_BYTES:
            self._too_much = True
            self.entries.clear()
        if not self._too_much:
            self.entries.append(entry)

    def cut(self, length: int) -> None:
        """Forget what was written after the first so many writes."""
        del self.entries[length:]

    def why_not(self, duck: Any, changed: set[QualifiedName]) -> str | None:
        """Why writing it all again could give other rows; None where it gives the same.

        Args:
            duck: a connection to look up defaults and views with, outside of the transaction.
            changed: tables that others changed since the transaction began.
        """
        if self._too_much:
            return f"it has written more than {KEPT_BYTES >> 20} MB"
        for entry in self.entries:
            internal = f"{INTERNAL}." in entry.sql or f'{INTERNAL}".' in entry.sql
            if internal and entry.parameters:
                continue
            reason = _not_the_same(duck, entry)
            if reason is not None:
                return reason
            if not changed:
                continue
            read = entry.read_tables()
            if read is None or read & changed or (read and _any_view(duck, read)):
                return "another transaction changed what one of its statements had read"
        return None


def _not_the_same(duck: Any, entry: Entry) -> str | None:
    """Why a write could give other rows the second time."""
    try:
        statements = entry.parsed()
    except SqlglotError:
        return "one of its statements cannot be repeated"
    for statement in statements:
        reason = _varying(statement)
        if reason is not None:
            return reason
        if isinstance(statement, exp.Update) and statement.args.get("from_") is not None:
            return "an UPDATE .. FROM may choose another row"
        if isinstance(statement, exp.Insert) and _varying_default(duck, entry, statement):
            return "a column's default depends on the moment"
    return None


def _varying(tree: Any) -> str | None:
    for node in tree.walk():
        if isinstance(node, _CHANGING):
            return f"{node.sql(dialect='duckdb')[:60]} may differ the second time"
        if isinstance(node, exp.AggFunc) and not isinstance(node, _SAME_AGGREGATES):
            return f"{node.sql_name()} may differ the second time in its last digits or its order"
        if isinstance(node, exp.Anonymous):
            name = node.name.lower()
            if name not in _SAME_FUNCTIONS and not name.startswith(("_es_", "_fs_")):
                return f"{node.name} may differ the second time"
    return None


def _varying_default(duck: Any, entry: Entry, insert: Any) -> bool:
    table = insert.this.this if isinstance(insert.this, exp.Schema) else insert.this
    rows = duck.execute(
        "SELECT DISTINCT column_default FROM duckdb_columns() WHERE column_default IS NOT NULL "
        "AND database_name = ? AND schema_name = ? AND table_name = ?",
        [table.catalog or entry.database, table.db or entry.schema, table.name],
    ).fetchall()
    return any(_varying(sqlglot.parse_one(text, read="duckdb")) for (text,) in rows)


def _any_view(duck: Any, names: set[QualifiedName]) -> bool:
    views = duck.execute(
        "SELECT database_name, schema_name, view_name FROM duckdb_views() WHERE NOT internal"
    ).fetchall()
    return any(QualifiedName(*one) in names for one in views)


class RecordingConnection:
    """A DuckDB connection that keeps in a journal what is written while it is told to."""

    def __init__(self, duck: Any, current: Callable[[], tuple[str | None, str | None]]) -> None:
        self._duck = duck
        self._current = current
        self._rows: dict[str, pa.Table] = {}
        self.journal = Journal()
        self.recording = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._duck, name)

    def execute(self, sql: str, parameters: Any = None) -> Any:
        """As DuckDB's; a write that succeeded is kept.

        Raises:
            duckdb.Error: what DuckDB says.
        """
        done = self._duck.execute(sql, parameters)
        if self.recording and _writes(sql):
            rows = {key: value for key, value in self._rows.items() if key in sql}
            self.journal.add(Entry(sql, parameters, *self._current(), rows))
        return done

    def register(self, name: str, table: pa.Table) -> None:
        """Make an Arrow table readable under a name."""
        self._duck.register(name, table)
        self._rows[name] = table

    def unregister(self, name: str) -> None:
        """Take it back."""
        self._rows.pop(name, None)
        self._duck.unregister(name)

    def repeat(self) -> None:
        """Write everything in the journal again.

        Raises:
            duckdb.Error: DuckDB refuses one of the writes this time.
        """
        now = self._current()
        for entry in self.journal.entries:
            self._go_to(entry.database, entry.schema)
            missing = {name: one for name, one in entry.rows.items() if name not in self._rows}
            for name, table in missing.items():
                self._duck.register(name, table)
            try:
                self._duck.execute(entry.sql, entry.parameters)
            finally:
                for name in missing:
                    self._duck.unregister(name)
        self._go_to(*now)

    def _go_to(self, database: str | None, schema: str | None) -> None:
        if database is not None:
            where = f"{quoted(database)}.{quoted(schema or 'main')}"
            self._duck.execute(f"SET schema = {literal(where)}")
