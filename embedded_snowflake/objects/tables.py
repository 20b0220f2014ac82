"""Tables: SHOW TABLES and COLUMNS, DESC, SWAP, DROP of what the catalog knows besides."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from embedded_snowflake import errors
from embedded_snowflake.catalog import INTERNAL
from embedded_snowflake.names import QualifiedName, quoted
from embedded_snowflake.session import Session
from embedded_snowflake.statements import NotMine, Reader, Result, Scope, handles, show_scope

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
    return Result.status()
