"""System functions about the data: when a table last changed."""

from __future__ import annotations

from embedded_snowflake import errors
from embedded_snowflake.catalog import INTERNAL
from embedded_snowflake.names import quoted
from embedded_snowflake.session import Session
from embedded_snowflake.statements import Reader, scalar


@scalar("SYSTEM$LAST_CHANGE_COMMIT_TIME")
def last_change(session: Session, table: str) -> int:
    """Nanoseconds since 1970 of the last committed change of a table.

    https://docs.snowflake.com/en/sql-reference/functions/system_last_change_commit_time
    """
    name = Reader(table, session).name()
    if session.relation_kind(name) is None:
        raise errors.missing("Table", name)
    rows = session.duck.execute(
        f"SELECT epoch_ns(max(changed)) FROM {quoted(name.database)}.{INTERNAL}.changes "
        "WHERE schema_name = ? AND name = ?",
        [name.schema, name.name],
    ).fetchall()
    return int(rows[0][0] or 0)
