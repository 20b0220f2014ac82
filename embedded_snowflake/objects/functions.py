"""System functions about the data: when a table last changed."""

from __future__ import annotations

import datetime

import sqlglot
from sqlglot import exp

from embedded_snowflake import errors
from embedded_snowflake.names import INTERNAL, QualifiedName, quoted
from embedded_snowflake.sessions.routing import scalar
from embedded_snowflake.sessions.session import Session
from embedded_snowflake.sql.reading import Reader


@scalar("SYSTEM$LAST_CHANGE_COMMIT_TIME")
def last_change(session: Session, table: str) -> int:
    """Nanoseconds since 1970 of the last committed change of a table, or of a view's tables.

    https://docs.snowflake.com/en/sql-reference/functions/system_last_change_commit_time
    """
    name = Reader(table, session).name()
    if session.relation_kind(name) is None:
        raise errors.missing("Table", name)
    return max(changed(session, one)[1] for one in tables_under(session, name))


def changed(session: Session, name: QualifiedName) -> tuple[int, int]:
    """How often a table was changed, and when last, in nanoseconds since 1970."""
    rows = session.duck.execute(
        f"SELECT count(*), epoch_ns(max(changed)) FROM {quoted(name.database)}.{INTERNAL}.changes "
        "WHERE schema_name = ? AND name = ?",
        [name.schema, name.name],
    ).fetchall()
    return int(rows[0][0]), int(rows[0][1] or 0)


def made(session: Session, name: QualifiedName) -> datetime.datetime | None:
    """When a table was made, the last time; None of one that the log does not know."""
    rows = session.duck.execute(
        f"SELECT max(changed) FROM {quoted(name.database)}.{INTERNAL}.changes "
        "WHERE schema_name = ? AND name = ? AND created",
        [name.schema, name.name],
    ).fetchall()
    return rows[0][0]


def tables_under(session: Session, name: QualifiedName) -> set[QualifiedName]:
    """The table, or the tables that a view reads, through other views as well, and the view."""
    found: set[QualifiedName] = set()
    waiting = [name]
    while waiting:
        one = waiting.pop()
        if one in found or one.database not in session.engine.databases():
            continue
        found.add(one)
        for (sql,) in session.duck.execute(
            "SELECT sql FROM duckdb_views() WHERE NOT internal "
            "AND database_name = ? AND schema_name = ? AND view_name = ?",
            one.parts,
        ).fetchall():
            tables = sqlglot.parse_one(sql, read="duckdb").find_all(exp.Table)
            # DuckDB leaves the view's own database out; a CTE's name has no schema.
            waiting += [
                QualifiedName(table.catalog or one.database, table.db, table.name)
                for table in tables
                if table.db
            ]
    return found
