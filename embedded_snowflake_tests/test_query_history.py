"""QUERY_HISTORY: what was run, by whom, under which tag, with which end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import snowflake.connector
from snowflake.connector.errors import ProgrammingError

from embedded_snowflake import ConnectionInfo

HISTORY = "FROM TABLE(INFORMATION_SCHEMA.QUERY_HISTORY_BY_SESSION(RESULT_LIMIT => 50))"


@pytest.fixture(scope="module")
def connection(server: ConnectionInfo) -> Iterator[Any]:
    """A session in a database of its own."""
    opened = snowflake.connector.connect(**server.connect_arguments())
    opened.cursor().execute("CREATE OR REPLACE DATABASE history_tests")
    yield opened
    opened.cursor().execute("DROP DATABASE history_tests")
    opened.close()


def _rows(connection: Any, sql: str) -> list[Any]:
    return connection.cursor().execute(sql).fetchall()


def test_a_statement_is_found_by_its_tag_with_rows_and_bytes(connection: Any) -> None:
    _rows(connection, "ALTER SESSION SET QUERY_TAG = 'nightly'")
    _rows(connection, "CREATE TABLE t (a INT)")
    _rows(connection, "INSERT INTO t VALUES (1), (2), (3)")
    _rows(connection, "UPDATE t SET a = 0 WHERE a > 1")
    cursor = connection.cursor().execute("SELECT * FROM t")
    _rows(connection, "ALTER SESSION UNSET QUERY_TAG")
    rows = _rows(
        connection,
        "SELECT query_type, rows_produced, rows_inserted, rows_updated, execution_status "
        f"{HISTORY} WHERE query_tag = 'nightly' AND query_type <> 'ALTER' ORDER BY start_time",
    )
    assert rows == [
        ("CREATE", 1, None, None, "SUCCESS"),
        ("INSERT", 3, 3, None, "SUCCESS"),
        ("UPDATE", 2, None, 2, "SUCCESS"),
        ("SELECT", 3, None, None, "SUCCESS"),
    ]
    found = _rows(
        connection,
        "SELECT query_text, bytes_written_to_result > 0, end_time >= start_time, bytes_scanned "
        f"{HISTORY} WHERE query_id = '{cursor.sfqid}'",
    )
    assert found == [("SELECT * FROM t", True, True, None)]


def test_a_failure_is_part_of_the_history(connection: Any) -> None:
    with pytest.raises(ProgrammingError):
        _rows(connection, "SELECT * FROM not_there")
    rows = _rows(
        connection,
        f"SELECT execution_status, error_code {HISTORY} WHERE query_text LIKE '%FROM not_there'",
    )
    assert rows == [("FAILED_WITH_ERROR", "2003")]


def test_limits_count_and_other_arguments_are_refused(connection: Any) -> None:
    history = "SELECT query_text FROM TABLE(INFORMATION_SCHEMA.QUERY_HISTORY({}))"
    _rows(connection, "SELECT 41")
    assert _rows(connection, history.format("RESULT_LIMIT => 1")) == [("SELECT 41",)]
    with pytest.raises(ProgrammingError, match="between 1 and"):
        _rows(connection, history.format("RESULT_LIMIT => 0"))
    with pytest.raises(ProgrammingError, match="argument of QUERY_HISTORY"):
        _rows(connection, history.format("NO_SUCH => 1"))
