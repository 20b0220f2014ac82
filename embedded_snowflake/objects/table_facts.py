"""What is kept of a table beside DuckDB's own: keys, lengths, types, loads, times of change, tags.

Whoever drops, renames, swaps or clones a table calls `forget`, `move` or `copy` here, so that the
facts go where the rows go. Add a fact here when it must follow its table; what a kind of object
keeps of itself stays in that kind's module.

Keys are recorded and not enforced, as on Snowflake:
https://docs.snowflake.com/en/sql-reference/constraints-overview.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from embedded_snowflake import errors
from embedded_snowflake.catalog import INTERNAL
from embedded_snowflake.inferred_types import FINER
from embedded_snowflake.names import QualifiedName, literal, quoted, stored_name
from embedded_snowflake.objects import tags
from embedded_snowflake.rewriting import text_length
from embedded_snowflake.statements import (
    Reader,
    Result,
    handles,
    information_schema_view,
    show_scope,
)

if TYPE_CHECKING:
    from embedded_snowflake.session import Session

KEYS = "table_keys"
LOADS = "load_history"
TRANSIENT = "transient"
"""Kinds of the catalog's rows: keys, the files that a table has loaded, that it is transient."""
_KINDS = {"PRIMARY": "PRIMARY KEY", "UNIQUE": "UNIQUE", "FOREIGN": "FOREIGN KEY"}


def read_keys(expression: Any) -> list[dict[str, Any]]:
    """The keys that a CREATE TABLE states: kind, name, columns."""
    if not isinstance(expression.this, exp.Schema):
        return []
    found: list[dict[str, Any]] = []
    for item in expression.this.expressions:
        if isinstance(item, exp.ColumnDef):
            for constraint in item.args.get("constraints") or []:
                kind = _kind(constraint.kind)
                if kind:
                    found.append({"kind": kind, "name": None, "columns": [stored_name(item.this)]})
            continue
        name = None
        parts = [item]
        if isinstance(item, exp.Constraint):
            name, parts = stored_name(item.this), item.expressions
        for part in parts:
            kind = _kind(part)
            if kind:
                found.append({"kind": kind, "name": name, "columns": _columns(part)})
    return found


def _kind(node: Any) -> str | None:
    if isinstance(node, (exp.PrimaryKey, exp.PrimaryKeyColumnConstraint)):
        return "PRIMARY"
    if isinstance(node, exp.UniqueColumnConstraint):
        return "UNIQUE"
    return "FOREIGN" if isinstance(node, (exp.ForeignKey, exp.Reference)) else None


def _columns(node: Any) -> list[str]:
    inner = node.this if isinstance(node, exp.UniqueColumnConstraint) else node
    return [stored_name(one) for one in inner.expressions]


def record_keys(session: Session, name: QualifiedName, expression: Any) -> None:
    """Remember the keys of a table that was just made."""
    session.catalog.remove(KEYS, name)
    keys = read_keys(expression)
    for key in keys:
        key["name"] = key["name"] or f"SYS_CONSTRAINT_{session.query_id}"
    if keys:
        session.catalog.put(KEYS, name, {"keys": keys})


def keys_of(session: Session, name: QualifiedName) -> list[dict[str, Any]]:
    """The keys of a table."""
    entry = session.catalog.get(KEYS, name)
    return list(entry.props["keys"]) if entry else []


def record_transient(session: Session, name: QualifiedName, expression: Any) -> None:
    """Remember of a table that was just made whether it is transient."""
    session.catalog.remove(TRANSIENT, name)
    if expression.find(exp.TransientProperty):
        session.catalog.put(TRANSIENT, name, {})


def record_columns(
    session: Session, name: QualifiedName, expression: Any, finer: Sequence[str | None] = ()
) -> None:
    """Remember of a CREATE or ALTER what DuckDB's types of its columns do not say.

    Args:
        session: who made or altered it.
        name: a table, or a view that was made.
        expression: the statement's tree.
        finer: the types of the query that it was made from (`inferred_types.finer_types`).
    """
    kept = _Columns(session, name)
    if isinstance(expression, exp.Create):
        kept.clear()
    if any(finer):
        described = session.duck.execute(f"SELECT * FROM {session.physical(name)} LIMIT 0")
        for (column, *_), kind in zip(described.description, finer, strict=False):
            if kind is not None:
                kept.put(str(column), kind=kind)
    for item in expression.args.get("actions") or expression.this.expressions:
        if isinstance(item, exp.RenameColumn):
            kept.rename(stored_name(item.this), stored_name(item.args["to"]))
        kind = item.args.get("dtype" if isinstance(item, exp.AlterColumn) else "kind")
        if not kind or (isinstance(item, exp.ColumnDef) and item.args.get("exists")):
            # Which of two columns IF NOT EXISTS has left is not known here.
            continue
        column = stored_name(item.args["tables"][0] if isinstance(item, exp.Drop) else item.this)
        finer_kind = FINER.get(kind.this) if isinstance(kind, exp.DataType) else None
        kept.put(column, length=text_length(kind), kind=finer_kind)


class _Columns:
    """What is kept of a relation's columns: of a temporary table in the session, else beside it."""

    def __init__(self, session: Session, name: QualifiedName) -> None:
        self._session, self._name = session, name
        self._own: dict[str, str] | None = None
        if (held := session.temporary.get(name)) is not None:
            self._own = session.temporary_kinds.setdefault(held, {})
        self._table, self._key = _columns_kept(name)

    def clear(self) -> None:
        if self._own is not None:
            self._own.clear()
        else:
            self._session.duck.execute(f"DELETE FROM {self._table} WHERE {self._key}")

    def rename(self, old: str, new: str) -> None:
        if self._own is not None:
            if old in self._own:
                self._own[new] = self._own.pop(old)
            return
        self._session.duck.execute(
            f"UPDATE {self._table} SET ext_column_name = ? "
            f"WHERE {self._key} AND ext_column_name = ?",
            [new, old],
        )

    def put(self, column: str, *, length: int | None = None, kind: str | None = None) -> None:
        """Keep this of a column, and nothing else."""
        if self._own is not None:
            self._own.pop(column, None)
            if length or kind:
                self._own[column] = f"VARCHAR({length})" if length else str(kind)
            return
        duck = self._session.duck
        duck.execute(
            f"DELETE FROM {self._table} WHERE {self._key} AND ext_column_name = ?", [column]
        )
        if length or kind:
            one = self._name
            duck.execute(
                f"INSERT INTO {self._table} VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    *(one.database, one.schema, one.name, column),
                    *(length, length and min(length * 4, 16777216), kind),
                ],
            )


def set_length(session: Session, name: QualifiedName, column: str, length: int | None) -> None:
    """Remember how many characters a column of texts takes; None for as many as there are."""
    _Columns(session, name).put(column, length=length)


def kinds_of(session: Session, name: QualifiedName) -> dict[str, str]:
    """The types of a table's or view's columns that DuckDB's do not say.

    Returns:
        VARCHAR(n), OBJECT, ARRAY or TIMESTAMP_TZ, by the column's name.
    """
    if (held := session.temporary.get(name)) is not None:
        return dict(session.temporary_kinds.get(held, {}))
    if name.database not in session.engine.databases():
        return {}
    table, key = _columns_kept(name)
    rows = session.duck.execute(
        f"SELECT ext_column_name, ext_character_maximum_length, ext_kind FROM {table} WHERE {key}"
    ).fetchall()
    return {column: f"VARCHAR({length})" if length else kind for column, length, kind in rows}


def _columns_kept(name: QualifiedName) -> tuple[str, str]:
    table = f"{quoted(name.database)}.{INTERNAL}._fs_columns_ext"
    return table, (
        f"ext_table_schema = {literal(name.schema)} AND ext_table_name = {literal(name.name)}"
    )


def forget(session: Session, name: QualifiedName) -> None:
    """The table is gone."""
    tags.forget(session, "TABLE", name)
    for kind in (KEYS, LOADS, TRANSIENT):
        session.catalog.remove(kind, name)
    table, key = _columns_kept(name)
    session.duck.execute(f"DELETE FROM {table} WHERE {key}")


def move(session: Session, old: QualifiedName, new: QualifiedName) -> None:
    """The table has another name, in the same database."""
    tags.move(session, "TABLE", old, new)
    for kind in (KEYS, LOADS, TRANSIENT):
        session.catalog.rename(kind, old, new)
    table, key = _columns_kept(old)
    session.duck.execute(
        f"UPDATE {table} SET ext_table_schema = {literal(new.schema)}, "
        f"ext_table_name = {literal(new.name)} WHERE {key}"
    )
    session.duck.execute(
        f"UPDATE {quoted(old.database)}.{INTERNAL}.changes SET schema_name = ?, name = ? "
        "WHERE schema_name = ? AND name = ?",
        [new.schema, new.name, old.schema, old.name],
    )


def copy(session: Session, old: QualifiedName, new: QualifiedName) -> None:
    """The new table is the old one's clone; what it loaded and when it changed is its own."""
    tags.set_values(session, "TABLE", new, tags.values_of(session, "TABLE", old))
    keys = keys_of(session, old)
    if keys:
        session.catalog.put(KEYS, new, {"keys": keys})
    table, key = _columns_kept(old)
    other, _ = _columns_kept(new)
    session.duck.execute(
        f"INSERT INTO {other} SELECT * REPLACE ({literal(new.database)} AS ext_table_catalog, "
        f"{literal(new.schema)} AS ext_table_schema, {literal(new.name)} AS ext_table_name) "
        f"FROM {table} WHERE {key}"
    )


def _shown(session: Session, reader: Reader, kind: str) -> Result:
    one: QualifiedName | None = None
    if reader.accept("IN", "TABLE") or (reader.at("IN") and not _scoped(reader)):
        reader.accept("IN")
        one = reader.name()
        reader.end()
        if session.relation_kind(one) is None:
            raise errors.missing("Table", one)
    entries = session.catalog.list(KEYS) if one else show_scope(reader).entries(session, KEYS)
    columns = {
        "created_on": "TIMESTAMP_LTZ",
        **dict.fromkeys(("database_name", "schema_name", "table_name", "column_name"), "VARCHAR"),
        "key_sequence": "NUMBER",
        "constraint_name": "VARCHAR",
        "rely": "VARCHAR",
        "comment": "VARCHAR",
    }
    rows = [
        (
            entry.created_on,
            entry.name.database,
            entry.name.schema,
            entry.name.name,
            column,
            place,
            key["name"],
            "false",
            None,
        )
        for entry in entries
        if one is None or entry.name == one
        for key in entry.props["keys"]
        if key["kind"] == kind
        for place, column in enumerate(key["columns"], 1)
    ]
    return Result.rows(columns, rows)


def _scoped(reader: Reader) -> bool:
    return any(reader.at("IN", word) for word in ("ACCOUNT", "DATABASE", "SCHEMA"))


@handles("SHOW", "PRIMARY", "KEYS")
@handles("SHOW", "TERSE", "PRIMARY", "KEYS")
def show_primary_keys(session: Session, reader: Reader) -> Result:
    """SHOW PRIMARY KEYS [IN [TABLE] name | SCHEMA | DATABASE | ACCOUNT]."""
    return _shown(session, reader, "PRIMARY")


@handles("SHOW", "UNIQUE", "KEYS")
def show_unique_keys(session: Session, reader: Reader) -> Result:
    """SHOW UNIQUE KEYS, as SHOW PRIMARY KEYS."""
    return _shown(session, reader, "UNIQUE")


@information_schema_view("TABLE_CONSTRAINTS")
def table_constraints(session: Session) -> Result:
    """INFORMATION_SCHEMA.TABLE_CONSTRAINTS of the current database."""
    names = (
        "CONSTRAINT_CATALOG CONSTRAINT_SCHEMA CONSTRAINT_NAME TABLE_CATALOG TABLE_SCHEMA "
        "TABLE_NAME CONSTRAINT_TYPE IS_DEFERRABLE INITIALLY_DEFERRED ENFORCED COMMENT"
    )
    rows = [
        (
            *(entry.name.database, entry.name.schema, key["name"]),
            *(entry.name.database, entry.name.schema, entry.name.name),
            *(_KINDS[key["kind"]], "NO", "YES", "NO", None),
        )
        for entry in session.catalog.list(KEYS)
        if entry.name.database == session.database
        for key in entry.props["keys"]
    ]
    return Result.rows(dict.fromkeys(names.split(), "VARCHAR"), rows)
