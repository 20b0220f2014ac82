"""The server killed at random moments: what was committed is there, and nothing else is."""

from __future__ import annotations

import os
import random
import signal
import statistics
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import snowflake.connector
from snowflake.connector.errors import Error

import embedded_snowflake

DATABASE = "KILL_TESTS"
WRITERS = 2
LONG = pytest.param(200, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])


class _Writer(threading.Thread):
    """Transactions over two tables, and definitions, until the server is gone.

    A definition is one transaction as well: an object and the rows that describe it.
    """

    def __init__(self, root: Path, number: int, round_number: int) -> None:
        super().__init__()
        self.number = number
        self.round = round_number
        self.tried: set[int] = set()
        self.committed: set[int] = set()
        self.made: set[str] = set()
        self.tried_objects: set[str] = set()
        info = embedded_snowflake.ensure_running(root)
        self.connection = snowflake.connector.connect(
            **{**info.connect_arguments(), "network_timeout": 1, "login_timeout": 10},
            database=DATABASE,
            schema="PUBLIC",
        )

    def run(self) -> None:
        cursor = self.connection.cursor()
        step = 0
        try:
            while True:
                step += 1
                row = (self.round * WRITERS + self.number) * 100_000 + step
                self.tried.add(row)
                cursor.execute("BEGIN")
                cursor.execute(f"INSERT INTO a VALUES ({row})")
                cursor.execute(
                    f"MERGE INTO b t USING (SELECT {row} k) s ON t.k = s.k "
                    "WHEN NOT MATCHED THEN INSERT (k) VALUES (s.k)"
                )
                cursor.execute("COMMIT")
                self.committed.add(row)
                if step % 5 == 0:
                    name = f"D_{row}"
                    self.tried_objects.add(name)
                    cursor.execute(
                        f"CREATE DYNAMIC TABLE {name} TARGET_LAG = '1 day' WAREHOUSE = w "
                        "TAG (g = 'v') AS SELECT k FROM a"
                    )
                    self.made.add(name)
        except (Error, OSError):
            # The server is gone: what this transaction did must be nothing, or all of it.
            return


def _rows(cursor: Any, sql: str) -> list[Any]:
    return cursor.execute(sql).fetchall()


# The connector's own thread, which cancels a statement after its time, finds no server.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("kills", [20, LONG])
def test_what_was_committed_survives_a_kill_and_nothing_else_is_there(
    tmp_path: Path, kills: int
) -> None:
    chosen = random.Random(4)
    info = embedded_snowflake.ensure_running(tmp_path)
    with snowflake.connector.connect(**info.connect_arguments()) as connection:
        cursor = connection.cursor()
        for sql in (
            f"CREATE DATABASE {DATABASE}",
            "CREATE TABLE a (k INT)",
            "CREATE TABLE b (k INT)",
            "CREATE TAG g",
            "CREATE WAREHOUSE IF NOT EXISTS w",
        ):
            cursor.execute(sql)
    committed: set[int] = set()
    made: set[str] = set()
    tried: set[int] = set()
    tried_objects: set[str] = set()
    restarts: list[float] = []
    try:
        for number in range(kills):
            writers = [_Writer(tmp_path, one, number) for one in range(WRITERS)]
            for writer in writers:
                writer.start()
            time.sleep(chosen.uniform(0.05, 1.5))
            running = embedded_snowflake.status(tmp_path)
            assert running.pid is not None
            os.kill(running.pid, signal.SIGKILL)
            for writer in writers:
                writer.join()
                committed |= writer.committed
                tried |= writer.tried
                made |= writer.made
                tried_objects |= writer.tried_objects
            began = time.monotonic()
            info = embedded_snowflake.ensure_running(tmp_path)
            restarts.append(time.monotonic() - began)
            with snowflake.connector.connect(
                **info.connect_arguments(), database=DATABASE, schema="PUBLIC"
            ) as connection:
                _check(connection.cursor(), committed, tried, made, tried_objects)
        assert statistics.median(restarts) < 5
    finally:
        embedded_snowflake.stop(tmp_path)


def _check(
    cursor: Any,
    committed: set[int],
    tried: set[int],
    made: set[str],
    tried_objects: set[str],
) -> None:
    a = _rows(cursor, "SELECT k FROM a")
    b = _rows(cursor, "SELECT k FROM b")
    assert sorted(a) == sorted(b)
    there = {k for (k,) in a}
    assert len(there) == len(a)
    assert committed <= there <= tried
    shown = {row[1] for row in _rows(cursor, "SHOW DYNAMIC TABLES")}
    assert made <= shown <= tried_objects
    tables = {name for (name,) in _rows(cursor, "SELECT table_name FROM information_schema.tables")}
    assert tables - {"A", "B"} == shown
    history = _rows(
        cursor,
        "SELECT name FROM TABLE(INFORMATION_SCHEMA.DYNAMIC_TABLE_REFRESH_HISTORY("
        "RESULT_LIMIT => 10000))",
    )
    assert {name for (name,) in history} == shown
    for name in shown:
        assert _rows(cursor, f"SELECT SYSTEM$GET_TAG('g', '{name}', 'TABLE')") == [("v",)]
