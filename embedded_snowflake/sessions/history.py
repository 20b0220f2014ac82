"""What is kept of a statement that was run, for QUERY_HISTORY."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from embedded_snowflake.sessions.session import Answer, Session


def row_of(
    session: Session,
    sql: str,
    began: datetime.datetime,
    answer: Answer | None,
    failure: Exception | None,
) -> dict[str, Any]:
    """The statement's row of QUERY_HISTORY.

    Args:
        session: whose it was.
        sql: its text, of which 100,000 characters are kept.
        began: when it came.
        answer: what it was answered with, or None.
        failure: why it failed, or None.
    """
    ended = datetime.datetime.now(datetime.UTC)
    words = sql.split(None, 2)
    table = answer.table if answer else None
    counts = {}
    if table is not None and table.num_rows == 1:
        counts = {name: table[name][0].as_py() for name in table.column_names if "rows" in name}
    written = [f"number of rows {word}" for word in ("inserted", "updated", "deleted")]
    produced = None if table is None else table.num_rows
    if any(one in counts for one in written):
        produced = sum(counts.get(one, 0) for one in written)
    kind = words[0].upper() if words else ""
    return {
        "QUERY_ID": session.query_id,
        "QUERY_TEXT": sql[:100_000],
        "DATABASE_NAME": session.database,
        "SCHEMA_NAME": session.schema,
        "QUERY_TYPE": "SELECT" if kind == "WITH" else kind,
        "SESSION_ID": str(session.session_id),
        "USER_NAME": session.user,
        "ROLE_NAME": session.role,
        "WAREHOUSE_NAME": session.warehouse or "",
        "QUERY_TAG": str(session.parameters.get("QUERY_TAG", "")),
        "EXECUTION_STATUS": "SUCCESS" if failure is None else "FAILED_WITH_ERROR",
        "ERROR_CODE": None if failure is None else str(getattr(failure, "errno", "")),
        "ERROR_MESSAGE": None if failure is None else str(failure),
        "START_TIME": began,
        "END_TIME": ended,
        "TOTAL_ELAPSED_TIME": round((ended - began).total_seconds() * 1000),
        "ROWS_PRODUCED": produced,
        "ROWS_INSERTED": counts.get(written[0]),
        "ROWS_UPDATED": counts.get(written[1]),
        "ROWS_DELETED": counts.get(written[2]),
        "BYTES_WRITTEN_TO_RESULT": None if table is None else table.nbytes,
    }
