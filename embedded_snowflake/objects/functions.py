"""System functions about the data: when a table last changed."""

from __future__ import annotations

import sqlglot
from sqlglot import exp

from embedded_snowflake import errors
from embedded_snowflake.catalog import INTERNAL
from embedded_snowflake.names import QualifiedName, quoted
from embedded_snowflake.objects.views import real_tables
from embedded_snowflake.session import Session
from embedded_snowflake.statements import Reader, scalar


@scalar("SYSTEM$LAST_CHANGE_COMMIT_TIME")
def last_change(session: Session, table: str) -> int:
    """Nanoseconds since 1970 of the last committed change of a table, or of a view's tables.

    https://docs.snowflake.com/en/sql-reference/functions/system_last_change_commit_time
    """
    name = Reader(table, session).name()
    if session.relation_kind(name) is None:
        raise errors.missing("Table", name)
    return max(_changed(session, one) for one in {name, *_beneath(session, name)})


def _changed(session: Session, name: QualifiedName) -> int:
    rows = session.duck.execute(
        f"SELECT epoch_ns(max(changed)) FROM {quoted(name.database)}.{INTERNAL}.changes "
        "WHERE schema_name = ? AND name = ?",
        [name.schema, name.name],
    ).fetchall()
    return int(rows[0][0] or 0)


def _beneath(session: Session, name: QualifiedName) -> set[QualifiedName]:
    """Every relation that a view reads, directly or through other views."""
    found: set[QualifiedName] = set()
    waiting = [name]
    while waiting:
        view = waiting.pop()
        texts = session.duck.execute(
            "SELECT sql FROM duckdb_views() "
            "WHERE database_name = ? AND schema_name = ? AND view_name = ?",
            [view.database, view.schema, view.name],
        ).fetchall()
        for (text,) in texts:
            made = sqlglot.parse_one(str(text), read="duckdb")
            query = made.expression if isinstance(made, exp.Create) else None
            if not isinstance(query, exp.Query):
                raise errors.refused(f"The tables of the view {view.name} cannot be told.")
            # DuckDB leaves out the database where it is the view's own.
            read = {
                QualifiedName(table.catalog or view.database, table.db, table.name)
                for table in real_tables(query)
            }
            waiting += read - found
            found |= read
    return found
