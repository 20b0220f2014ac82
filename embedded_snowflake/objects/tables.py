"""Tables: SHOW TABLES and COLUMNS, DESC, SWAP, DROP of what the catalog knows besides."""

from __future__ import annotations

import datetime
import json
import uuid
from typing import Any

from embedded_snowflake import errors
from embedded_snowflake.catalog import INTERNAL
from embedded_snowflake.names import QualifiedName, literal, quoted
from embedded_snowflake.objects import copying
from embedded_snowflake.session import Session
from embedded_snowflake.statements import (
    NotMine,
    Reader,
    Result,
    Scope,
    handles,
    like,
    show_scope,
)

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def _tables(session: Session, scope: Scope) -> list[tuple[QualifiedName, Any, int, str | None]]:
    rows = session.duck.execute(
        "SELECT database_name, schema_name, table_name, estimated_size, comment "
        "FROM duckdb_tables() WHERE NOT internal AND NOT temporary "
        f"AND schema_name <> '{INTERNAL}' ORDER BY ALL"
    ).fetchall()
    found: list[tuple[QualifiedName, Any, int, str | None]] = []
    for database, schema, table, size, comment in rows:
        name = QualifiedName(database, schema, table)
        if database not in session.engine.databases() or not scope.matches(name):
            continue
        created = session.duck.execute(
            f"SELECT max(changed) FROM {quoted(database)}.{INTERNAL}.changes "
            "WHERE schema_name = ? AND name = ? AND created",
            [schema, table],
        ).fetchall()[0][0]
        found.append((name, created or _EPOCH, size, comment))
    return found[: scope.limit]


@handles("SHOW", "TABLES")
@handles("SHOW", "TERSE", "TABLES")
def show_tables(session: Session, reader: Reader) -> Result:
    """SHOW TABLES [LIKE ..] [IN ..] [STARTS WITH ..] [LIMIT ..]."""
    scope = show_scope(reader)
    dynamic = {one.name for one in session.catalog.list("dynamic_table")}
    columns = {
        "created_on": "TIMESTAMP_LTZ",
        "name": "VARCHAR",
        "database_name": "VARCHAR",
        "schema_name": "VARCHAR",
        "kind": "VARCHAR",
        "comment": "VARCHAR",
        "cluster_by": "VARCHAR",
        "rows": "NUMBER",
        "bytes": "NUMBER",
        "owner": "VARCHAR",
        "retention_time": "VARCHAR",
        "is_dynamic": "VARCHAR",
    }
    rows = [
        (
            created,
            name.name,
            name.database,
            name.schema,
            "TABLE",
            comment or "",
            "",
            session.count_rows(name),
            0,
            session.role,
            "1",
            "Y" if name in dynamic else "N",
        )
        for name, created, _, comment in _tables(session, scope)
    ]
    return Result.rows(columns, rows)


@handles("DESC", "TABLE")
@handles("DESCRIBE", "TABLE")
def describe_table(session: Session, reader: Reader) -> Result:
    """The columns of a table."""
    name = reader.name()
    if "INFORMATION_SCHEMA" in name.schema.upper():
        raise NotMine
    if session.relation_kind(name) is None:
        raise errors.missing("Table", name)
    return session.describe_relation(name)


@handles("SHOW", "COLUMNS")
def show_columns(session: Session, reader: Reader) -> Result:
    """SHOW COLUMNS [LIKE ..] [IN [TABLE | VIEW | SCHEMA | DATABASE | ACCOUNT] ..]."""
    one: QualifiedName | None = None
    pattern = reader.string() if reader.accept("LIKE") else None
    if reader.accept("IN", "TABLE") or reader.accept("IN", "VIEW"):
        one = reader.name()
        if session.relation_kind(one) is None:
            raise errors.missing("Table", one)
        reader.end()
    scope = Scope(database=session.database, schema=session.schema) if one else show_scope(reader)
    rows = session.duck.execute(
        "SELECT database_name, schema_name, table_name, column_name, data_type, is_nullable, "
        "column_default, comment FROM duckdb_columns() WHERE NOT internal "
        f"AND schema_name <> '{INTERNAL}' ORDER BY database_name, schema_name, table_name, "
        "column_index"
    ).fetchall()
    columns = ("table_name", "schema_name", "column_name", "data_type", "null?", "default", "kind")
    found: list[tuple[Any, ...]] = []
    for database, schema, table, column, kind, nullable, default, comment in rows:
        name = QualifiedName(database, schema, table)
        inside = name == one if one else scope.matches(QualifiedName(database, schema, column))
        if database not in session.engine.databases() or not inside:
            continue
        if pattern is not None and not like(pattern, column):
            continue
        shown = json.dumps({"type": _json_type(kind), "nullable": nullable})
        found.append(
            (
                *(table, schema, column, shown, "true" if nullable else "NOT_NULL", default or ""),
                *("COLUMN", "", comment or "", database, ""),
            )
        )
    more = ("expression", "comment", "database_name", "autoincrement")
    return Result.rows(dict.fromkeys((*columns, *more), "VARCHAR"), found[: scope.limit])


def _json_type(kind: str) -> str:
    known = {"VARCHAR": "TEXT", "DOUBLE": "REAL", "FLOAT": "REAL", "BLOB": "BINARY"}
    known |= {"TIMESTAMP": "TIMESTAMP_NTZ", "TIMESTAMP WITH TIME ZONE": "TIMESTAMP_TZ"}
    known |= {"JSON": "VARIANT", "BOOLEAN": "BOOLEAN", "DATE": "DATE", "TIME": "TIME"}
    return known.get(kind, "FIXED")


@handles("COMMENT")
def comment_on(session: Session, reader: Reader) -> Result:
    """COMMENT [IF EXISTS] ON TABLE | VIEW | COLUMN name IS '..'."""
    reader.accept("IF", "EXISTS")
    reader.expect("ON")
    column: str | None = None
    if reader.accept("COLUMN"):
        parts = reader.parts()
        name, column = session.qualified(parts[:-1]), parts[-1]
    elif reader.accept("TABLE"):
        name = reader.name()
    else:
        raise NotMine
    kind = session.relation_kind(name)
    if kind is None:
        raise errors.missing("Table", name)
    reader.expect("IS")
    text = literal(reader.string())
    with session.transaction():
        if column is not None:
            session.duck.execute(
                f"COMMENT ON COLUMN {session.physical(name)}.{quoted(column)} IS {text}"
            )
        else:
            session.duck.execute(f"COMMENT ON TABLE {session.physical(name)} IS {text}")
    return Result.status()


@handles("ALTER", "TABLE")
def alter_table(session: Session, reader: Reader) -> Result:
    """SWAP WITH; everything else is DuckDB's."""
    name = reader.name()
    if not reader.accept("SWAP", "WITH"):
        raise NotMine
    other = reader.name()
    for one in (name, other):
        if session.relation_kind(one) != "TABLE":
            raise errors.missing("Table", one)
    if (name.database, name.schema) != (other.database, other.schema):
        raise errors.unsupported("SWAP WITH a table of another schema")
    between = f"SWAP_{uuid.uuid4().hex.upper()}"
    with session.transaction():
        for one in (name, other):
            session.engine.lock(session, one)
        where = f"{quoted(name.database)}.{quoted(name.schema)}"
        for old, new in ((name.name, between), (other.name, name.name), (between, other.name)):
            session.duck.execute(f"ALTER TABLE {where}.{quoted(old)} RENAME TO {quoted(new)}")
        copying.move_loads(session, {name: other, other: name})
    return Result.status()
