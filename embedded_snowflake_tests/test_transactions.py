"""Transactions: what is committed is there, what is not never was, and nothing is lost between."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import snowflake.connector

from embedded_snowflake import ConnectionInfo, objects
from embedded_snowflake.names import QualifiedName
from embedded_snowflake.objects.entries import temporary
from embedded_snowflake.objects.relations.table_facts import LOADS
from embedded_snowflake.sessions.session import Session
from embedded_snowflake.storage.catalog import Catalog
from embedded_snowflake.storage.engine import Engine

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
        "CREATE WAREHOUSE IF NOT EXISTS w",
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


def test_a_statement_that_fails_while_it_runs_is_undone_alone(one: Any) -> None:
    """Snowflake undoes the statement, and the transaction goes on with its earlier work."""
    _rows(one, "BEGIN")
    with pytest.raises(snowflake.connector.errors.Error, match="non-nullable"):
        _rows(one, "INSERT INTO p VALUES (0, 0), (1, NULL)")
    _rows(one, "INSERT INTO a VALUES (3, 3), (4, 4)")
    _rows(one, "UPDATE a SET v = v + 1 WHERE k > 1")
    for wrong in (
        "INSERT INTO p VALUES (0, 0), (1, NULL)",
        "SELECT 1 / v FROM a",
        "INSERT INTO p SELECT 1, 'x'::INT",
        "UPDATE a SET v = 1 / (k - 3)",
    ):
        with pytest.raises(snowflake.connector.errors.Error):
            _rows(one, wrong)
        assert _rows(one, "SELECT * FROM a ORDER BY k") == [(1, 0), (3, 4), (4, 5)]
    _rows(one, "DELETE FROM a WHERE k = 4")
    _rows(one, "COMMIT")
    assert _rows(one, "SELECT * FROM a ORDER BY k") == [(1, 0), (3, 4)]
    assert _rows(one, "SELECT * FROM p") == []


def test_rows_loaded_before_a_failure_stay_loaded(one: Any, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("5,50\n6,60\n")
    _rows(one, "CREATE STAGE s")
    _rows(one, f"PUT file://{path} @s")
    _rows(one, "BEGIN")
    assert _rows(one, "COPY INTO a FROM @s")[0][1] == "LOADED"
    with pytest.raises(snowflake.connector.errors.Error):
        _rows(one, "SELECT 1 / 0")
    assert _rows(one, "COPY INTO a FROM @s") == [("Copy executed with 0 files processed.",)]
    _rows(one, "COMMIT")
    assert _rows(one, "SELECT SUM(v) FROM a") == [(110,)]


def test_a_temporary_table_takes_part_in_the_transaction(one: Any) -> None:
    _rows(one, "CREATE TEMPORARY TABLE own (x INT)")
    for end, rows in (("ROLLBACK", 0), ("COMMIT", 1)):
        for sql in ("BEGIN", "INSERT INTO own VALUES (1)", "INSERT INTO p SELECT x, x FROM own"):
            _rows(one, sql)
        with pytest.raises(snowflake.connector.errors.Error):
            _rows(one, "SELECT 1 / 0")
        assert _rows(one, "SELECT COUNT(*) FROM own") == [(1,)]
        _rows(one, end)
        assert _rows(one, "SELECT COUNT(*) FROM own") == [(rows,)]
        assert _rows(one, "SELECT COUNT(*) FROM p") == [(rows,)]


@pytest.mark.parametrize(
    "write",
    [
        "INSERT INTO p SELECT 1, SUM(v::FLOAT) + 1 FROM a",
        "INSERT INTO p SELECT k, ROW_NUMBER() OVER (ORDER BY v) FROM a",
        "INSERT INTO p SELECT 1, ABS(RANDOM())",
    ],
)
def test_what_could_come_out_otherwise_is_not_repeated_and_the_commit_says_so(
    one: Any, write: str
) -> None:
    _rows(one, "BEGIN")
    _rows(one, write)
    with pytest.raises(snowflake.connector.errors.Error, match="Division by zero"):
        _rows(one, "SELECT 1 / 0")
    with pytest.raises(snowflake.connector.errors.ProgrammingError, match="differ the second"):
        _rows(one, "INSERT INTO a VALUES (3, 3)")
    with pytest.raises(snowflake.connector.errors.ProgrammingError, match="rolled back"):
        _rows(one, "COMMIT")
    assert _rows(one, "SELECT COUNT(*) FROM p") == [(0,)]


def test_the_clock_goes_on_inside_a_transaction_and_a_written_time_stays(one: Any) -> None:
    _rows(one, "CREATE TABLE t (at_time TIMESTAMP_NTZ)")
    _rows(one, "BEGIN")
    for _ in range(2):
        _rows(one, "INSERT INTO t SELECT SYSDATE()")
        time.sleep(0.01)
    before = _rows(one, "SELECT at_time FROM t ORDER BY 1")
    assert before[0] < before[1]
    with pytest.raises(snowflake.connector.errors.Error):
        _rows(one, "SELECT 1 / 0")
    _rows(one, "COMMIT")
    assert _rows(one, "SELECT at_time FROM t ORDER BY 1") == before


def test_a_statement_sees_what_was_committed_before_it(one: Any, other: Any) -> None:
    """Also after the transaction's first write, and through a view; never the uncommitted."""
    _rows(other, "CREATE VIEW w AS SELECT * FROM p")
    _rows(one, "BEGIN")
    _rows(one, "INSERT INTO a VALUES (2, 2)")
    for number in range(3):
        _rows(other, f"INSERT INTO p VALUES ({number}, 0)")
        assert _rows(one, "SELECT COUNT(*) FROM p") == [(number + 1,)]
    _rows(other, "INSERT INTO p VALUES (9, 0)")
    assert _rows(one, "SELECT COUNT(*) FROM w") == [(4,)]
    _rows(other, "BEGIN")
    _rows(other, "INSERT INTO p VALUES (10, 0)")
    assert _rows(one, "SELECT COUNT(*) FROM p") == [(4,)]
    assert _rows(one, "SELECT COUNT(*) FROM a") == [(2,)]
    _rows(other, "ROLLBACK")
    _rows(one, "ROLLBACK")
    assert _rows(one, "SELECT COUNT(*) FROM a") == [(1,)]


def test_of_two_transactions_that_copy_one_file_one_loads_it(
    one: Any, other: Any, tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("5,50\n")
    _rows(one, "CREATE STAGE s")
    _rows(one, f"PUT file://{path} @s")
    for connection in (one, other):
        _rows(connection, "BEGIN")
    _rows(other, "INSERT INTO p VALUES (1, 1)")
    assert _rows(one, "COPY INTO a FROM @s")[0][1] == "LOADED"
    _rows(one, "COMMIT")
    assert _rows(other, "COPY INTO a FROM @s") == [("Copy executed with 0 files processed.",)]
    _rows(other, "COMMIT")
    assert _rows(one, "SELECT COUNT(*) FROM a WHERE k = 5") == [(1,)]


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


def test_replacing_rows_works_on_what_others_committed_since_the_first_write(
    one: Any, other: Any
) -> None:
    """Else the delete would miss the other's row, and both would stay."""
    _rows(one, "BEGIN")
    _rows(one, "INSERT INTO a VALUES (7, 7)")
    _rows(other, "INSERT INTO p VALUES (1, 111)")
    _rows(one, "DELETE FROM p WHERE d = 1")
    _rows(one, "INSERT INTO p VALUES (1, 222)")
    _rows(one, "COMMIT")
    assert _rows(one, "SELECT * FROM p") == [(1, 222)]
    assert _rows(one, "SELECT COUNT(*) FROM a") == [(2,)]


def test_replacing_rows_on_an_old_view_that_cannot_be_renewed_is_refused(
    one: Any, other: Any
) -> None:
    _rows(one, "BEGIN")
    _rows(one, "INSERT INTO a SELECT d, v FROM p")
    _rows(other, "INSERT INTO p VALUES (1, 111)")
    with pytest.raises(snowflake.connector.errors.ProgrammingError, match="run the transaction"):
        _rows(one, "DELETE FROM p WHERE d = 1")
    with pytest.raises(snowflake.connector.errors.ProgrammingError, match="rolled back"):
        _rows(one, "COMMIT")
    assert _rows(one, "SELECT * FROM p") == [(1, 111)]


_DEFINITIONS = [
    "CREATE OR REPLACE TABLE made (x VARCHAR(9) COMMENT 'c')",
    "CREATE OR REPLACE TABLE made AS SELECT * FROM a",
    "CREATE OR REPLACE TABLE made CLONE a",
    "CREATE TEMPORARY TABLE made (x INT)",
    "ALTER TABLE a ADD COLUMN w INT",
    "COMMENT ON TABLE a IS 'text'",
    "CREATE VIEW made AS SELECT * FROM a",
    "CREATE STAGE made",
    "CREATE FILE FORMAT made TYPE = CSV",
    "CREATE TAG made",
    "CREATE SEQUENCE made",
    "CREATE SCHEMA made",
    "CREATE WAREHOUSE IF NOT EXISTS made",
    "CREATE DATASET made",
    "CREATE TASK made SCHEDULE = '1 minute' AS SELECT 1",
    "CREATE DYNAMIC TABLE made TARGET_LAG = '1 day' WAREHOUSE = w AS SELECT k FROM a",
]


@pytest.mark.parametrize("definition", _DEFINITIONS)
def test_each_kind_of_definition_commits_what_came_before_and_stands_for_itself(
    one: Any, definition: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/transactions: DDL is a transaction of its own."""
    for sql in ("BEGIN", "INSERT INTO a VALUES (6, 6)", definition, "ROLLBACK"):
        _rows(one, sql)
    assert _rows(one, "SELECT COUNT(*) FROM TRANSACTION_TESTS.PUBLIC.a") == [(2,)]
    again = definition.replace("OR REPLACE ", "").replace("IF NOT EXISTS ", "")
    if again.startswith("CREATE"):
        with pytest.raises(snowflake.connector.errors.ProgrammingError, match="already exists"):
            _rows(one, again.replace("SCHEMA made", f"SCHEMA {DATABASE}.made"))


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


@pytest.mark.parametrize(
    "comment",
    [
        "COMMENT ON TABLE a IS 'x'",
        "COMMENT ON COLUMN a.v IS 'x'",
        "ALTER TABLE a ALTER COLUMN v COMMENT 'x'",
    ],
)
def test_a_comment_waits_for_who_writes_the_table_and_lets_him_commit(
    one: Any, other: Any, comment: str
) -> None:
    said: list[Any] = []

    def say() -> None:
        said.append(_rows(other, comment))

    _rows(one, "BEGIN")
    _rows(one, "UPDATE a SET v = v + 1")
    speaker = threading.Thread(target=say)
    speaker.start()
    speaker.join(0.5)
    assert said == []
    _rows(one, "UPDATE a SET v = v + 1")
    _rows(one, "COMMIT")
    speaker.join(30)
    assert len(said) == 1
    assert _rows(one, "SELECT v FROM a") == [(2,)]


def test_what_follows_the_end_of_a_transaction_needs_one(tmp_path: Path) -> None:
    engine = Engine(tmp_path)
    session = Session.of_the_system(engine)
    try:
        done: list[str] = []
        for follow in (session.on_commit, session.on_rollback):
            with pytest.raises(RuntimeError, match="none is open"):
                follow(lambda: done.append("never"))
        with session.transaction():
            session.on_commit(lambda: done.append("committed"))
        assert done == ["committed"]
    finally:
        session.close()
        engine.close()


def test_a_database_is_there_with_all_that_is_kept_of_it_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert objects.__doc__  # the statements are registered
    engine = Engine(tmp_path)
    session = Session.of_the_system(engine)
    kept, put = [], Catalog.put

    def fail_second(self: Catalog, *what: Any) -> None:
        kept.append(what)
        if len(kept) == 2:
            raise RuntimeError
        put(self, *what)

    try:
        monkeypatch.setattr(Catalog, "put", fail_second)
        with pytest.raises(RuntimeError):
            session.execute("CREATE DATABASE HALF COMMENT = 'why'")
        assert engine.databases() == []
        assert list(engine.files.iterdir()) == []
        session.execute("CREATE DATABASE HALF COMMENT = 'why'")
        assert engine.databases() == ["HALF"]
    finally:
        session.close()
        engine.close()


def test_a_temporary_table_that_was_not_emptied_after_all_keeps_its_load_history(
    tmp_path: Path,
) -> None:
    engine = Engine(tmp_path)
    session = Session.of_the_system(engine)
    try:
        session.execute("CREATE DATABASE D")
        session.execute("CREATE TEMPORARY TABLE t (a INT)")
        [held] = session.temporary.values()
        kept = {QualifiedName("temp", "main", held): {"file": "content"}}
        temporary(session, LOADS).update(kept)
        with contextlib.suppress(RuntimeError), session.transaction():
            session.run("TRUNCATE TABLE t")
            raise RuntimeError
        assert temporary(session, LOADS) == kept
        session.execute("TRUNCATE TABLE t")
        assert temporary(session, LOADS) == {}
    finally:
        session.close()
        engine.close()


def test_what_is_shown_leaves_out_a_database_that_is_dropped_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(tmp_path)
    session = Session.of_the_system(engine)
    try:
        session.execute("CREATE DATABASE D")
        session.execute("CREATE TAG kept")
        there = [["D", "GONE"]]
        monkeypatch.setattr(engine, "databases", lambda: there.pop() if there else ["D"])
        assert [one.name.name for one in session.catalog.list("tag")] == ["KEPT"]
    finally:
        monkeypatch.undo()
        session.close()
        engine.close()
