"""What was run: QUERY_HISTORY and its kin, since the server's start.

It is kept in memory and ends with the process; Snowflake keeps seven days. Statements that only
describe are not part of it, nor those that an object runs for itself. What is not measured here
(bytes that a query read, credits) is NULL.

Source: https://docs.snowflake.com/en/sql-reference/functions/query_history.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from embedded_snowflake import errors
from embedded_snowflake.objects.showing import columns
from embedded_snowflake.sessions.routing import table_function
from embedded_snowflake.sql.results import Result

if TYPE_CHECKING:
    from embedded_snowflake.sessions.session import Session

_COLUMNS = columns(
    "QUERY_ID QUERY_TEXT DATABASE_NAME SCHEMA_NAME QUERY_TYPE SESSION_ID USER_NAME ROLE_NAME "
    "WAREHOUSE_NAME QUERY_TAG EXECUTION_STATUS ERROR_CODE ERROR_MESSAGE START_TIME:TIMESTAMP_LTZ "
    "END_TIME:TIMESTAMP_LTZ TOTAL_ELAPSED_TIME:NUMBER BYTES_SCANNED:NUMBER ROWS_PRODUCED:NUMBER "
    "ROWS_INSERTED:NUMBER ROWS_UPDATED:NUMBER ROWS_DELETED:NUMBER BYTES_WRITTEN_TO_RESULT:NUMBER"
)
_LIMITS = {"RESULT_LIMIT", "END_TIME_RANGE_START", "END_TIME_RANGE_END"}
DEFAULT_LIMIT = 100
HIGHEST_LIMIT = 10_000


def _moment(name: str, text: str) -> datetime.datetime:
    try:
        read = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise errors.unsupported(f"{name} => {text}..: give a time as a text") from None
    return read if read.tzinfo else read.replace(tzinfo=datetime.UTC)


def _rows(
    session: Session,
    rest: tuple[str, ...],
    named: dict[str, str],
    known: set[str],
    wanted: Callable[[dict[str, Any]], bool],
) -> Result:
    unknown = [*rest, *sorted(set(named) - _LIMITS - known)]
    if unknown:
        raise errors.unsupported(f"'{', '.join(unknown)}' as an argument of QUERY_HISTORY")
    limit = int(named.get("RESULT_LIMIT", DEFAULT_LIMIT))
    if not 1 <= limit <= HIGHEST_LIMIT:
        raise errors.refused(f"RESULT_LIMIT is between 1 and {HIGHEST_LIMIT}, not {limit}.")
    first = named.get("END_TIME_RANGE_START")
    last = named.get("END_TIME_RANGE_END")
    found: list[list[Any]] = []
    for one in reversed(session.engine.statements_run()):
        if not wanted(one):
            continue
        if first and one["END_TIME"] < _moment("END_TIME_RANGE_START", first):
            continue
        if last and one["END_TIME"] > _moment("END_TIME_RANGE_END", last):
            continue
        found.append([one.get(column) for column in _COLUMNS])
    return Result.rows(_COLUMNS, found[:limit])


@table_function("QUERY_HISTORY")
def query_history(session: Session, *rest: str, **named: str) -> Result:
    """TABLE(INFORMATION_SCHEMA.QUERY_HISTORY(..)), newest first."""
    return _rows(session, rest, named, set(), lambda _: True)


def _history_by(kind: str, column: str, current: Callable[[Session], str]) -> None:
    """QUERY_HISTORY_BY_..: the same of one session, user or warehouse; by default the current."""

    @table_function(f"QUERY_HISTORY_BY_{kind}")
    def query_history_by(session: Session, *rest: str, **named: str) -> Result:
        one = named.get(column, current(session)).upper()
        return _rows(session, rest, named, {column}, lambda row: row[column] == one)


_history_by("SESSION", "SESSION_ID", lambda session: str(session.session_id))
_history_by("USER", "USER_NAME", lambda session: session.user)
_history_by("WAREHOUSE", "WAREHOUSE_NAME", lambda session: session.warehouse or "")
