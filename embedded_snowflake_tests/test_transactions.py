"""Transactions: what is committed is there, what is not never was, and nothing is lost between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import snowflake.connector

from embedded_snowflake import ConnectionInfo

DATABASE = "TRANSACTION_TESTS"


def _connect(server: ConnectionInfo, **more: Any) -> Any:
    return snowflake.connector.connect(
        **{**server.connect_arguments(), "database": DATABASE, "schema": "PUBLIC", **more}
    )


def _rows(connection: Any, sql: str) -> list[Any]:
    return connection.cursor().execute(sql).fetchall()


@pytest.fixture
def one(server: ConnectionInfo) -> Iterator[Any]:
    """A session in a fresh database with a table A of one row and an empty table P."""
    connection = _connect(server)
    for sql in (
        f"CREATE OR REPLACE DATABASE {DATABASE}",
        "CREATE TABLE a (k INT, v INT)",
        "INSERT INTO a VALUES (1, 0)",
        "CREATE TABLE p (d INT, v INT NOT NULL)",
    ):
        connection.cursor().execute(sql)
    yield connection
    connection.close()


@pytest.fixture
def other(server: ConnectionInfo, one: Any) -> Iterator[Any]:
    """Another session in the same database."""
    connection = _connect(server)
    yield connection
    connection.close()


def test_rollback_undoes_every_table_and_readers_see_only_the_committed(
    one: Any, other: Any
) -> None:
    for sql in ("BEGIN", "INSERT INTO a VALUES (2, 2)", "INSERT INTO p VALUES (2, 2)"):
        _rows(one, sql)
    assert _rows(one, "SELECT COUNT(*) FROM a") == [(2,)]
    assert _rows(other, "SELECT COUNT(*) FROM a") == [(1,)]
    _rows(one, "ROLLBACK")
    assert _rows(one, "SELECT (SELECT COUNT(*) FROM a), (SELECT COUNT(*) FROM p)") == [(1, 0)]


def test_the_change_token_rolls_back_with_the_change(one: Any) -> None:
    token = "SELECT SYSTEM$LAST_CHANGE_COMMIT_TIME('a')"
    before = _rows(one, token)
    for sql in ("BEGIN", "INSERT INTO a VALUES (9, 9)", "ROLLBACK"):
        _rows(one, sql)
    assert _rows(one, token) == before
    _rows(one, "INSERT INTO a VALUES (9, 9)")
    assert int(_rows(one, token)[0][0]) > int(before[0][0])


def test_a_merge_is_part_of_the_transaction(one: Any, other: Any) -> None:
    merge = (
        "MERGE INTO a t USING (SELECT 1 k, 7 v UNION ALL SELECT 5, 5) s ON t.k = s.k "
        "WHEN MATCHED THEN UPDATE SET v = s.v "
        "WHEN NOT MATCHED THEN INSERT (k, v) VALUES (s.k, s.v)"
    )
    _rows(one, "BEGIN")
    assert _rows(one, merge) == [(1, 1)]
    assert _rows(other, "SELECT * FROM a") == [(1, 0)]
    _rows(one, "COMMIT")
    assert _rows(other, "SELECT * FROM a ORDER BY k") == [(1, 7), (5, 5)]


def test_a_wrong_name_leaves_the_transaction_usable(one: Any) -> None:
    _rows(one, "BEGIN")
    _rows(one, "INSERT INTO a VALUES (3, 3)")
    for wrong in ("SELECT nope FROM a", "SELECT * FROM missing", "SELEC 1"):
        with pytest.raises(snowflake.connector.errors.ProgrammingError):
            _rows(one, wrong)
    _rows(one, "COMMIT")
    assert _rows(one, "SELECT COUNT(*) FROM a") == [(2,)]


def test_a_commit_never_pretends_after_a_statement_failed_while_it_ran(one: Any) -> None:
    _rows(one, "BEGIN")
    _rows(one, "INSERT INTO a VALUES (3, 3)")
    with pytest.raises(snowflake.connector.errors.Error, match="non-nullable"):
        _rows(one, "INSERT INTO p VALUES (1, NULL)")
    with pytest.raises(snowflake.connector.errors.ProgrammingError, match="rolled back"):
        _rows(one, "COMMIT")
    assert _rows(one, "SELECT COUNT(*) FROM a") == [(1,)]


def test_two_databases_in_one_transaction_are_refused_by_name(one: Any) -> None:
    _rows(one, "CREATE OR REPLACE DATABASE transaction_tests_2")
    _rows(one, "CREATE TABLE z (a INT)")
    _rows(one, f"USE SCHEMA {DATABASE}.PUBLIC")
    _rows(one, "BEGIN")
    _rows(one, "INSERT INTO a VALUES (3, 3)")
    with pytest.raises(snowflake.connector.errors.ProgrammingError, match="two databases"):
        _rows(one, "INSERT INTO transaction_tests_2.public.z VALUES (1)")
    _rows(one, "ROLLBACK")
    _rows(one, "DROP DATABASE transaction_tests_2")


def test_a_definition_commits_what_came_before_it(one: Any) -> None:
    for sql in ("BEGIN", "INSERT INTO a VALUES (6, 6)", "CREATE TABLE q (x VARCHAR(9))"):
        _rows(one, sql)
    _rows(one, "ROLLBACK")
    assert _rows(one, "SELECT COUNT(*) FROM a") == [(2,)]


def test_a_write_after_a_read_works_on_what_others_committed_between(one: Any, other: Any) -> None:
    _rows(one, "BEGIN")
    assert _rows(one, "SELECT v FROM a") == [(0,)]
    _rows(other, "UPDATE a SET v = v + 100")
    _rows(one, "UPDATE a SET v = v + 1")
    _rows(one, "COMMIT")
    assert _rows(other, "SELECT v FROM a") == [(101,)]


def test_replacing_rows_on_an_old_view_of_a_table_is_refused(one: Any, other: Any) -> None:
    """Else the delete would miss the other's row, and both would stay."""
    _rows(one, "BEGIN")
    _rows(one, "INSERT INTO a VALUES (7, 7)")
    _rows(other, "INSERT INTO p VALUES (1, 111)")
    with pytest.raises(snowflake.connector.errors.ProgrammingError, match="run the transaction"):
        _rows(one, "DELETE FROM p WHERE d = 1")
    with pytest.raises(snowflake.connector.errors.ProgrammingError, match="rolled back"):
        _rows(one, "COMMIT")
    assert _rows(one, "SELECT * FROM p") == [(1, 111)]


@pytest.mark.parametrize("explicit", [False, True])
def test_four_writers_of_one_row_lose_no_update(
    server: ConnectionInfo, one: Any, explicit: bool
) -> None:
    failures: list[BaseException] = []

    def add() -> None:
        connection = _connect(server)
        try:
            for _ in range(10):
                if explicit:
                    _rows(connection, "BEGIN")
                _rows(connection, "UPDATE a SET v = v + 1")
                if explicit:
                    _rows(connection, "COMMIT")
        except snowflake.connector.errors.Error as cause:
            failures.append(cause)
        finally:
            connection.close()

    writers = [threading.Thread(target=add) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert failures == []
    assert _rows(one, "SELECT v FROM a") == [(40,)]


def test_without_autocommit_the_first_write_opens_a_transaction(
    server: ConnectionInfo, one: Any
) -> None:
    connection = _connect(server, autocommit=False)
    _rows(connection, "INSERT INTO a VALUES (8, 8)")
    assert _rows(one, "SELECT COUNT(*) FROM a") == [(1,)]
    connection.rollback()
    assert _rows(connection, "SELECT COUNT(*) FROM a") == [(1,)]
    _rows(connection, "INSERT INTO a VALUES (8, 8)")
    connection.commit()
    connection.close()
    assert _rows(one, "SELECT COUNT(*) FROM a") == [(2,)]


_KILLED = """
import sys, time, snowflake.connector as connector
from pathlib import Path
import embedded_snowflake
info = embedded_snowflake.ensure_running(Path(sys.argv[1]))
connection = connector.connect(**info.connect_arguments(), database=sys.argv[2], schema="PUBLIC")
connection.cursor().execute("BEGIN")
connection.cursor().execute("UPDATE a SET v = v + 1")
print("ready", flush=True)
time.sleep(100)
"""


def test_a_killed_client_leaves_neither_its_changes_nor_its_locks(
    server: ConnectionInfo, one: Any
) -> None:
    client = subprocess.Popen(
        [sys.executable, "-c", _KILLED, str(server.root), DATABASE], stdout=subprocess.PIPE
    )
    assert client.stdout is not None
    client.stdout.readline()
    os.kill(client.pid, signal.SIGKILL)
    client.wait()
    client.stdout.close()
    began = time.monotonic()
    _rows(one, "UPDATE a SET v = v + 10")
    assert time.monotonic() - began < 15
    assert _rows(one, "SELECT v FROM a") == [(10,)]
