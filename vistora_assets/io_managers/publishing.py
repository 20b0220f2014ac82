"""Publishing a table: write beside, check, then replace by DML in one transaction.

What it holds: `Target`, `publish` and what they need, over an open connection of the connector.
Add to it another check between writing beside and publishing. What must not go here: Dagster, and
how the rows beside came to be.

`CREATE OR REPLACE TABLE` and `ALTER TABLE ... SWAP` commit by themselves (Snowflake, "Transactions",
DDL), so neither can publish a partition, nor a table together with its row in PUBLICATIONS.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vistora_assets.identifiers import qualified, quote

_PLACE = re.compile(r"%\((\w+)\)s")


class PublishError(ValueError):
    """A table that must not be published; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition of a table: its key, and the SQL condition that its rows fulfil."""

    key: str
    condition: str


@dataclass(frozen=True, slots=True)
class Target:
    """Where rows go.

    Attributes:
        database, schema, table: the logical names, as stored.
        version: for a table with versions: rows go to `<table>_<version>`, a view keeps the name.
        partitions: what is replaced; empty for the whole table.
        empty_is_an_answer: whether no rows at all may be published.
        publications: the quoted name of the table of publications; None to keep no record.
        token: what the content was made from; by partition key where partitions differ.
        comments: column to comment, set when the table is made.
    """

    database: str
    schema: str
    table: str
    version: str | None = None
    partitions: tuple[Partition, ...] = ()
    empty_is_an_answer: bool = False
    publications: str | None = None
    token: str | Mapping[str, str] | None = None
    comments: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def physical(self) -> str:
        """The name of the table that holds the rows, unquoted."""
        return f"{self.table}_{self.version}" if self.version else self.table

    @property
    def sql(self) -> str:
        """The quoted name of the table that holds the rows."""
        return qualified(self.database, self.schema, self.physical)

    @property
    def beside_name(self) -> str:
        """The name of the side table, unquoted. It is temporary, so a killed run leaves none."""
        return f"{self.physical}__BESIDE"

    @property
    def beside(self) -> str:
        """The quoted name of the side table."""
        return qualified(self.database, self.schema, self.beside_name)

    @property
    def condition(self) -> str:
        """The SQL condition of the rows that are replaced."""
        return " OR ".join(f"({part.condition})" for part in self.partitions) or "TRUE"


def run(connection: Any, sql: str, parameters: Mapping[str, object] | None = None) -> list[Any]:
    """Run one statement, values bound as `%(name)s`, and return its rows."""
    values: Any = dict(parameters) if parameters else None
    if values and not connection.is_pyformat:
        # Snowpark's connections bind by position.
        values = [values[name] for name in _PLACE.findall(sql)]
        sql = _PLACE.sub("?", sql)
    cursor = connection.cursor()
    try:
        cursor.execute(sql, values)
        return list(cursor.fetchall()) if cursor.description else []
    finally:
        cursor.close()


def columns(connection: Any, table: str) -> list[str]:
    """Return the names of a table's columns, in order; `table` is a quoted name."""
    cursor = connection.cursor()
    try:
        cursor.execute(f"SELECT * FROM {table} LIMIT 0")
        return [str(column[0]) for column in cursor.description]
    finally:
        cursor.close()


def described(connection: Any, table: str) -> list[tuple[str, str, str]]:
    """Return (column, type, comment) of a table, in order; `table` is a quoted name."""
    cursor = connection.cursor()
    try:
        cursor.execute(f"DESCRIBE TABLE {table}")
        names = [str(column[0]).lower() for column in cursor.description]
        out: list[tuple[str, str, str]] = []
        for row in cursor.fetchall():
            known = dict(zip(names, row, strict=True))
            out.append((str(known["name"]), str(known["type"]), str(known.get("comment") or "")))
        return out
    finally:
        cursor.close()


def _counts(connection: Any, target: Target) -> tuple[int, list[int]]:
    """Return the rows of the side table, in all and by partition."""
    conditions = [f"COUNT_IF({part.condition})" for part in target.partitions]
    found = run(connection, f"SELECT {', '.join(['COUNT(*)', *conditions])} FROM {target.beside}")
    return int(found[0][0]), [int(number or 0) for number in found[0][1:]]


def _check_rows(target: Target, total: int, parts: Sequence[int]) -> None:
    if total == 0 and not target.empty_is_an_answer:
        raise PublishError(
            f"{target.physical} would become empty, so it was left as it is. If no rows are an "
            'answer for this asset, give it the metadata {"vistora/empty_is_an_answer": True}.'
        )
    if target.partitions and sum(parts) != total:
        keys = [part.key for part in target.partitions]
        span = keys[0] if len(keys) == 1 else f"{keys[0]} to {keys[-1]}"
        raise PublishError(
            f"{total - sum(parts)} of {total} rows for {target.physical} lie outside the "
            f"partitions of this run ({span}), so nothing was written. Filter the asset's rows by "
            "its partition keys."
        )


def _ensure_table(connection: Any, target: Target) -> None:
    """Make the table as the side table is, or add the columns that it lacks."""
    beside = described(connection, target.beside)
    listed = ", ".join(
        f"{quote(name)} {kind}{_comment(target.comments.get(name, ''))}" for name, kind, _ in beside
    )
    run(connection, f"CREATE TABLE IF NOT EXISTS {target.sql} ({listed})")
    known = {name: kind for name, kind, _ in described(connection, target.sql)}
    gone = sorted(set(known) - {name for name, _, _ in beside})
    if gone:
        raise PublishError(
            f"{target.physical} has columns that the new rows lack: {', '.join(gone)}. Drop the "
            "columns, or give the asset a new version, so that no old value stands beside new rows."
        )
    for name, kind, _ in beside:
        if name in known:
            _check_kind(connection, target, name, known[name], kind)
        else:
            run(connection, f"ALTER TABLE {target.sql} ADD COLUMN {quote(name)} {kind}")


def _check_kind(connection: Any, target: Target, name: str, known: str, kind: str) -> None:
    """Refuse values that the table's column would take and change without a word."""
    column, scale = quote(name), _scale(known)
    if scale is not None and (kind.startswith(("FLOAT", "DOUBLE")) or (_scale(kind) or 0) > scale):
        condition, what = f"{column} <> ROUND({column}, {scale})", "would be rounded"
    elif kind.startswith("TIMESTAMP") and known.startswith(("VARCHAR", "TEXT")):
        condition, what = f"{column} IS NOT NULL", "are times"
    elif kind.startswith(("VARCHAR", "TEXT")) and known.startswith("TIMESTAMP"):
        condition, what = f"{column} IS NOT NULL", "are texts"
    else:
        return
    found = run(connection, f"SELECT COUNT_IF({condition}) FROM {target.beside}")
    if count := int(found[0][0] or 0):
        raise PublishError(
            f"The column {name} of {target.physical} is {known}, and {count} new values {what} "
            f"({kind}), so nothing was written. Give them the column's type, or change the column; "
            "for times and texts, store_timestamps_as_strings decides."
        )


def _scale(kind: str) -> int | None:
    """Return the digits after the point of a NUMBER type; None for another type."""
    found = re.fullmatch(r"NUMBER\(\d+, ?(\d+)\)", kind)
    return int(found[1]) if found else None


def _comment(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "''")
    return f" COMMENT '{escaped}'" if text else ""


def record_statements(target: Target, counts: Sequence[int]) -> list[tuple[str, dict[str, object]]]:
    """Return the statements that put the publication's rows in place of the old ones."""
    if target.publications is None:
        return []
    keys = [part.key for part in target.partitions] or [""]
    made: list[tuple[str, dict[str, object]]] = []
    for key, count in zip(keys, counts, strict=True):
        values: dict[str, object] = {
            "name": target.physical,
            "key": key,
            "token": target.token.get(key) if isinstance(target.token, Mapping) else target.token,
            "rows": count,
        }
        made.append(
            (
                (
                    f"DELETE FROM {target.publications} "
                    "WHERE TABLE_NAME = %(name)s AND PARTITION_KEY = %(key)s"
                ),
                {"name": target.physical, "key": key},
            )
        )
        made.append(
            (
                (
                    f"INSERT INTO {target.publications} "
                    "(TABLE_NAME, PARTITION_KEY, TOKEN, ROW_COUNT, PUBLISHED_AT) "
                    "SELECT %(name)s, %(key)s, %(token)s, %(rows)s, "
                    "CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP())::TIMESTAMP_NTZ"
                ),
                values,
            )
        )
    return made


def show(connection: Any, target: Target) -> None:
    """Let the view that has the logical name show the target's version."""
    view = qualified(target.database, target.schema, target.table)
    run(connection, f"CREATE OR REPLACE VIEW {view} AS SELECT * FROM {target.sql}")


def publish(connection: Any, target: Target) -> int:
    """Replace the target's rows by those of its side table, and drop that.

    Args:
        connection: an open connection of the Snowflake connector, autocommit on; the one that
            wrote the side table.
        target: with its side table written.

    Returns:
        The rows published.

    Raises:
        PublishError: no rows, rows of other partitions, columns that went away, or values that
            a column would change; the table keeps what it had.
    """
    total, parts = _counts(connection, target)
    _check_rows(target, total, parts)
    _ensure_table(connection, target)
    names = ", ".join(quote(name) for name in columns(connection, target.beside))
    run(connection, "BEGIN TRANSACTION")
    try:
        run(connection, f"DELETE FROM {target.sql} WHERE {target.condition}")
        run(
            connection,
            f"INSERT INTO {target.sql} ({names}) SELECT {names} FROM {target.beside}",
        )
        for sql, values in record_statements(target, parts or [total]):
            run(connection, sql, values)
    except BaseException:
        run(connection, "ROLLBACK")
        raise
    run(connection, "COMMIT")
    if target.version:
        show(connection, target)
    run(connection, f"DROP TABLE IF EXISTS {target.beside}")
    return total
