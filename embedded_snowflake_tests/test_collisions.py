"""Sessions that want the same at once: none waits for ever, none undoes another's definition."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import snowflake.connector
from snowflake.connector.errors import Error, ProgrammingError

from embedded_snowflake import ConnectionInfo

DATABASE = "COLLISION_TESTS"
SESSIONS = 4


def _connect(server: ConnectionInfo) -> Any:
    return snowflake.connector.connect(
        **server.connect_arguments(), database=DATABASE, schema="PUBLIC"
    )


def _rows(connection: Any, sql: str) -> list[Any]:
    return connection.cursor().execute(sql).fetchall()


@pytest.fixture
def sessions(server: ConnectionInfo) -> Iterator[list[Any]]:
    """Some sessions in a fresh database with tables A and B of one row each."""
    with _connect(server) as first:
        for sql in (
            f"CREATE OR REPLACE DATABASE {DATABASE}",
            "CREATE TABLE a (v INT)",
            "INSERT INTO a VALUES (0)",
            "CREATE TABLE b AS SELECT * FROM a",
            "CREATE WAREHOUSE IF NOT EXISTS w",
        ):
            _rows(first, sql)
        made = [_connect(server) for _ in range(SESSIONS)]
        yield made
        for one in made:
            one.close()
        _rows(first, f"DROP DATABASE {DATABASE}")


def _at_once(sessions: list[Any], statements: list[str]) -> list[str]:
    """Run a statement in each session, all at once; what they answer, in no order."""
    said: list[str] = []
    ready = threading.Barrier(len(sessions))

    def run(number: int) -> None:
        ready.wait()
        try:
            said.append(str(_rows(sessions[number], statements[number])))
        except Error as cause:
            said.append(f"{cause.errno} {cause}")

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(sessions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(said) == len(sessions)
    return said


def _later(session: Any, sql: str, seconds: float = 0.5) -> tuple[threading.Thread, list[str]]:
    """Run a statement that waits; the thread, and what it answers in the end."""
    said: list[str] = []

    def run() -> None:
        try:
            said.append(str(_rows(session, sql)))
        except Error as cause:
            said.append(f"{cause.errno} {cause}")

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(seconds)
    return thread, said


def test_of_two_writers_that_wait_for_each_other_the_later_fails_at_once(
    sessions: list[Any],
) -> None:
    """https://docs.snowflake.com/en/sql-reference/transactions: its transaction stays open."""
    one, other = sessions[:2]
    for session, table in ((one, "a"), (other, "b")):
        _rows(session, "BEGIN")
        _rows(session, f"UPDATE {table} SET v = v + 1")
    waiting, said = _later(one, "UPDATE b SET v = v + 10")
    began = time.monotonic()
    with pytest.raises(ProgrammingError, match="deadlock"):
        _rows(other, "UPDATE a SET v = v + 10")
    assert time.monotonic() - began < 10
    _rows(other, "COMMIT")
    waiting.join(10)
    _rows(one, "COMMIT")
    assert said == ["[(1, 0)]"]
    assert _rows(one, "SELECT a.v, b.v FROM a, b") == [(1, 11)]


def test_however_many_wait_for_a_table_its_holder_can_commit(
    server: ConnectionInfo, sessions: list[Any]
) -> None:
    holder = sessions[0]
    _rows(holder, "BEGIN")
    _rows(holder, "UPDATE a SET v = v + 1")
    waiting = [_connect(server) for _ in range(45)]
    later = [_later(one, "UPDATE a SET v = v + 1", 0) for one in waiting]
    time.sleep(2)
    began = time.monotonic()
    _rows(holder, "COMMIT")
    assert time.monotonic() - began < 10
    for thread, said in later:
        thread.join(60)
        assert said == ["[(1, 0)]"]
    assert _rows(holder, "SELECT v FROM a") == [(46,)]
    for one in waiting:
        one.close()


_WAITING = """
import sys, snowflake.connector as connector
from pathlib import Path
import embedded_snowflake
info = embedded_snowflake.ensure_running(Path(sys.argv[1]))
connection = connector.connect(**info.connect_arguments(), database=sys.argv[2], schema="PUBLIC")
for sql in ("BEGIN", "UPDATE b SET v = v + 1", "UPDATE a SET v = v + 1"):
    connection.cursor().execute(sql)
"""


def test_a_client_that_vanishes_while_it_waits_stops_nobody(
    server: ConnectionInfo, sessions: list[Any]
) -> None:
    """Its transaction cannot be undone before its statement ends, which may wait for this one."""
    holder = sessions[0]
    _rows(holder, "BEGIN")
    _rows(holder, "UPDATE a SET v = v + 1")
    gone = subprocess.Popen([sys.executable, "-c", _WAITING, str(server.root), DATABASE])
    time.sleep(5)
    gone.kill()
    gone.wait()
    slowest = 0.0
    for _ in range(8):
        began = time.monotonic()
        _rows(holder, "SELECT 1")
        slowest = max(slowest, time.monotonic() - began)
        time.sleep(1)
    _rows(holder, "COMMIT")
    assert slowest < 5
    _rows(holder, "UPDATE b SET v = v + 10")
    assert _rows(holder, "SELECT a.v, b.v FROM a, b") == [(1, 10)]


def test_a_waiting_statement_can_be_cancelled_and_has_its_own_patience(
    sessions: list[Any],
) -> None:
    holder, waiter = sessions[:2]
    _rows(holder, "BEGIN")
    _rows(holder, "UPDATE a SET v = v + 1")
    with pytest.raises(ProgrammingError, match="canceled") as caught:
        waiter.cursor().execute("UPDATE a SET v = v + 1", timeout=1)
    assert caught.value.errno == 604
    for limit, number in (("LOCK_TIMEOUT", 625), ("STATEMENT_TIMEOUT_IN_SECONDS", 630)):
        _rows(waiter, f"ALTER SESSION SET {limit} = 1")
        began = time.monotonic()
        with pytest.raises(ProgrammingError) as refused:
            _rows(waiter, "UPDATE a SET v = v + 1")
        assert refused.value.errno == number
        assert time.monotonic() - began < 10
        _rows(waiter, f"ALTER SESSION UNSET {limit}")
    _rows(holder, "ROLLBACK")


def test_a_query_stops_after_its_statement_timeout(sessions: list[Any]) -> None:
    _rows(sessions[0], "ALTER SESSION SET STATEMENT_TIMEOUT_IN_SECONDS = 1")
    with pytest.raises(ProgrammingError, match="timeout of 1 second") as caught:
        _rows(
            sessions[0],
            "SELECT COUNT(*) FROM TABLE(GENERATOR(ROWCOUNT => 200000)) x, "
            "TABLE(GENERATOR(ROWCOUNT => 200000)) y WHERE RANDOM() = 1",
        )
    assert caught.value.errno == 630
    assert _rows(sessions[0], "SELECT 1") == [(1,)]


@pytest.mark.parametrize(
    "kind",
    [
        "DATABASE {} ",
        "SCHEMA {}",
        "TABLE {} (a INT)",
        "VIEW {} AS SELECT 1 AS a",
        "STAGE {}",
        "TAG {}",
        "FILE FORMAT {} TYPE = CSV",
        "DATASET {}",
        "TASK {} SCHEDULE = '1 minute' AS SELECT 1",
        "DYNAMIC TABLE {} TARGET_LAG = '1 day' WAREHOUSE = w AS SELECT v FROM a",
    ],
)
def test_one_of_many_who_create_the_same_creates_it(sessions: list[Any], kind: str) -> None:
    """The others are told so, with IF NOT EXISTS or without."""
    named = kind.format("collided")
    again = f"CREATE {kind.format('IF NOT EXISTS collided')}"
    if "VIEW" in kind:
        again = f"CREATE OR REPLACE {named}"
    dropped = f"DROP {kind.split(' {', maxsplit=1)[0]} collided"
    for _ in range(3):
        said = _at_once(sessions, [f"CREATE {named}"] * SESSIONS)
        failed = [one for one in said if not one.startswith("[")]
        assert len(failed) == SESSIONS - 1
        assert all(one.startswith("2002 ") for one in failed)
        _back(sessions, dropped)
        said = _at_once(sessions, [again] * SESSIONS)
        assert all(one[0] == "[" for one in said), said
        _back(sessions, dropped)


def _back(sessions: list[Any], dropped: str) -> None:
    """Drop what was made; every session is where it was."""
    for session in sessions:
        _rows(session, f"USE SCHEMA {DATABASE}.PUBLIC")
    _rows(sessions[0], dropped)


def test_what_many_add_to_one_object_is_all_there(sessions: list[Any]) -> None:
    """Each reads what the object keeps and writes it back: no change may be lost between."""
    _rows(sessions[0], "CREATE DATASET d")
    for number in range(SESSIONS):
        _rows(sessions[0], f"CREATE TAG t{number}")
    for step in range(4):
        for sql in (
            "ALTER DATASET d ADD VERSION 'v{0}_{1}' FROM (SELECT 1 AS a)",
            "ALTER TABLE a SET TAG t{0} = '{1}'",
        ):
            said = _at_once(sessions, [sql.format(number, step) for number in range(SESSIONS)])
            assert all(one[0] == "[" for one in said), said
    assert len(_rows(sessions[0], "SHOW VERSIONS IN DATASET d")) == SESSIONS * 4
    for number in range(SESSIONS):
        value = _rows(sessions[0], f"SELECT SYSTEM$GET_TAG('t{number}', 'a', 'TABLE')")
        assert value == [("3",)]


@pytest.mark.parametrize("scope", [f"SCHEMA {DATABASE}.PUBLIC", f"DATABASE {DATABASE}"])
@pytest.mark.parametrize("words", ["DROP", "CREATE OR REPLACE"])
def test_who_drops_a_schema_or_database_waits_for_who_writes_there(
    sessions: list[Any], words: str, scope: str
) -> None:
    writer, dropper = sessions[:2]
    _rows(writer, "BEGIN")
    _rows(writer, "UPDATE a SET v = v + 1")
    thread, said = _later(dropper, f"{words} {scope}")
    assert said == []
    _rows(writer, "UPDATE a SET v = v + 1")
    _rows(writer, "COMMIT")
    thread.join(30)
    assert said[0].startswith("[")
    with pytest.raises(
        ProgrammingError, match=r"does not (exist|have a current (database|schema))"
    ):
        _rows(writer, "SELECT * FROM a")
    _rows(dropper, f"CREATE DATABASE IF NOT EXISTS {DATABASE}")


def test_a_transaction_sees_the_objects_that_others_made_since_its_first_write(
    sessions: list[Any],
) -> None:
    one, other = sessions[:2]
    _rows(one, "BEGIN")
    _rows(one, "UPDATE a SET v = v + 1")
    _rows(other, "CREATE STAGE s")
    _rows(other, "ALTER TABLE b ADD COLUMN w INT")
    assert len(_rows(one, "SHOW STAGES LIKE 'S'")) == 1
    assert _rows(one, "LIST @s") == []
    assert [row[0] for row in _rows(one, "DESC TABLE b")] == ["V", "W"]
    _rows(one, "ROLLBACK")
    assert _rows(one, "SELECT v FROM a") == [(0,)]


def test_a_transaction_sees_what_others_renamed_since_its_first_write(
    sessions: list[Any],
) -> None:
    one, other = sessions[:2]
    _rows(one, "BEGIN")
    _rows(one, "UPDATE a SET v = v + 1")
    _rows(other, "CREATE TABLE c AS SELECT 7 AS v")
    _rows(other, "ALTER TABLE c RENAME TO d")
    assert _rows(one, "SELECT v FROM d") == [(7,)]
    _rows(one, "COMMIT")


def test_what_is_set_of_a_dynamic_table_stands_beside_its_refreshes(sessions: list[Any]) -> None:
    _rows(
        sessions[0],
        "CREATE DYNAMIC TABLE t TARGET_LAG = '1 day' WAREHOUSE = w AS SELECT v FROM a",
    )
    for step in range(5):
        _rows(sessions[0], "UPDATE a SET v = v + 1")
        said = _at_once(
            sessions,
            [
                f"ALTER DYNAMIC TABLE t SET COMMENT = '{step}'",
                f"ALTER DYNAMIC TABLE t SET TARGET_LAG = '{step + 2} hours'",
                *["ALTER DYNAMIC TABLE t REFRESH"] * (SESSIONS - 2),
            ],
        )
        assert all(one[0] == "[" for one in said), said
        assert _rows(sessions[0], "SELECT v FROM t") == [(step + 1,)]
        shown = _rows(sessions[0], "SHOW DYNAMIC TABLES LIKE 'T'")[0]
        assert (shown[13], shown[8]) == (str(step), f"{step + 2} hours")


def test_a_table_that_had_to_be_widened_is_seen_by_a_transaction_that_has_written(
    sessions: list[Any],
) -> None:
    one, other = sessions[:2]
    _rows(one, "BEGIN")
    _rows(one, "INSERT INTO b VALUES (1)")
    _rows(other, "INSERT INTO a VALUES (12345678901234567890123)")
    assert _rows(one, "SELECT MAX(v) FROM a") == [(12345678901234567890123,)]
    assert _rows(one, "UPDATE a SET v = v + 1") == [(2, 0)]
    _rows(one, "COMMIT")
    assert _rows(other, "SELECT MAX(v) FROM a") == [(12345678901234567890124,)]


def test_a_session_whose_database_another_dropped_can_use_another(
    server: ConnectionInfo, sessions: list[Any]
) -> None:
    _rows(sessions[0], "CREATE OR REPLACE DATABASE collision_gone")
    # Translated once, it must be again.
    assert _rows(sessions[0], "SELECT CURRENT_DATABASE()") == [("COLLISION_GONE",)]
    _rows(sessions[1], "DROP DATABASE collision_gone")
    assert _rows(sessions[0], "SELECT CURRENT_DATABASE()") == [(None,)]
    assert _rows(sessions[0], "WITH n AS (SELECT 3 AS i) SELECT MAX(i) FROM n") == [(3,)]
    _rows(sessions[0], f"USE DATABASE {DATABASE}")
    assert _rows(sessions[0], "SELECT v FROM a") == [(0,)]


def test_no_schema_is_current_that_another_session_dropped_and_a_new_one_of_its_name_is(
    sessions: list[Any],
) -> None:
    one, other = sessions[:2]
    _rows(one, "CREATE SCHEMA going")
    _rows(other, "USE SCHEMA going")
    _rows(one, "CREATE OR REPLACE SCHEMA going")
    assert _rows(other, "SELECT CURRENT_SCHEMA()") == [("GOING",)]
    _rows(one, "DROP SCHEMA going")
    assert _rows(other, "SELECT CURRENT_SCHEMA()") == [(None,)]
    for sql in ("SELECT * FROM t", "CREATE TABLE t (a INT)", "CREATE STAGE s"):
        with pytest.raises(ProgrammingError) as caught:
            _rows(other, sql)
        assert (caught.value.errno, caught.value.sqlstate) == (90106, "22000")


def test_a_long_number_late_among_many_rows_is_carried_out_with_38_digits(
    sessions: list[Any],
) -> None:
    _rows(
        sessions[0],
        "CREATE TABLE late AS SELECT IFF(SEQ4() = 2999999, 4000000000, 1) AS n "
        "FROM TABLE(GENERATOR(ROWCOUNT => 3000000))",
    )
    cursor = sessions[0].cursor()
    cursor.execute("SELECT n * n * 2 AS m FROM late")
    assert max(cursor.fetch_arrow_all()["M"].to_pylist()) == 2 * 4_000_000_000**2
