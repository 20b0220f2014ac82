"""The warehouse's process: one to a root, found again, and nothing of the killed left behind."""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import snowflake.connector
from snowflake.connector.errors import Error

import embedded_snowflake
from embedded_snowflake import ConnectionInfo
from embedded_snowflake.serving.lifecycle import home

_ASK = """
import sys
from pathlib import Path
import embedded_snowflake
root = Path(sys.argv[1])
print(embedded_snowflake.ensure_running(root).port, embedded_snowflake.status(root).pid)
"""


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A root of its own; whatever runs there is stopped at the end."""
    yield tmp_path
    embedded_snowflake.stop(tmp_path)


def connect(server: ConnectionInfo) -> Any:
    return snowflake.connector.connect(**server.connect_arguments())


def rows(connection: Any, sql: str) -> list[Any]:
    return connection.cursor().execute(sql).fetchall()


def pid_of(root: Path) -> int:
    pid = embedded_snowflake.status(root).pid
    assert pid is not None
    return pid


def wait(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came to pass"
        time.sleep(0.05)


def lives(pid: int) -> bool:
    """Whether the process runs; one that has ended and was not yet waited for does not."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def kill(root: Path) -> None:
    pid = pid_of(root)
    os.kill(pid, signal.SIGKILL)
    wait(lambda: not embedded_snowflake.status(root).running)


def test_two_who_ask_at_once_get_one_warehouse(root: Path) -> None:
    asking = [
        subprocess.Popen([sys.executable, "-c", _ASK, str(root)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    answers = {process.communicate(timeout=60)[0] for process in asking}
    assert len(answers) == 1
    assert answers.pop().split()[1] == str(pid_of(root))


def test_what_was_committed_and_how_to_connect_outlive_a_kill(root: Path) -> None:
    before = embedded_snowflake.ensure_running(root)
    with connect(before) as connection:
        rows(connection, "CREATE DATABASE KEPT")
        rows(connection, "CREATE TABLE T AS SELECT 7 AS A")
        rows(connection, "BEGIN")
        rows(connection, "UPDATE T SET A = 8")
        kill(root)
        after = embedded_snowflake.ensure_running(root)
        assert (after.port, after.password) == (before.port, before.password)
        with pytest.raises(Error):
            rows(connection, "COMMIT")
    with connect(after) as connection:
        assert rows(connection, "SELECT A FROM KEPT.PUBLIC.T") == [(7,)]


def test_a_default_that_is_computed_does_not_keep_the_next_process_from_starting(
    root: Path,
) -> None:
    with connect(embedded_snowflake.ensure_running(root)) as connection:
        rows(connection, "CREATE DATABASE KEPT")
        rows(
            connection,
            "CREATE TABLE T (A INT, B TIMESTAMP_NTZ DEFAULT '2020-01-01'::TIMESTAMP_NTZ, "
            "C VARCHAR DEFAULT TO_CHAR('2020-01-01'::DATE, 'YYYY'), D INT DEFAULT '5'::INT)",
        )
        rows(connection, "INSERT INTO T (A) VALUES (1)")
    kill(root)
    with connect(embedded_snowflake.ensure_running(root)) as connection:
        rows(connection, "INSERT INTO KEPT.PUBLIC.T (A) VALUES (2)")
        written = rows(connection, "SELECT B, C, D FROM KEPT.PUBLIC.T")
        assert written == [(dt.datetime(2020, 1, 1), "2020", 5)] * 2


def test_a_kill_leaves_no_files_that_no_row_names(root: Path, tmp_path: Path) -> None:
    """What rows name stays; temporary stages, undone datasets and halves of uploads go."""
    file = tmp_path / "kept.csv"
    file.write_text("1\n")
    server = embedded_snowflake.ensure_running(root)
    with connect(server) as connection:
        rows(connection, "CREATE DATABASE KEPT")
        for stage in ("STAGE S", "TEMPORARY STAGE GONE"):
            rows(connection, f"CREATE {stage}")
            rows(connection, f"PUT 'file://{file}' @{stage.split()[-1]} AUTO_COMPRESS = FALSE")
        rows(connection, "CREATE TABLE T (A INT)")
        rows(connection, f"PUT 'file://{file}' @%T AUTO_COMPRESS = FALSE")
        rows(connection, f"PUT 'file://{file}' @~ AUTO_COMPRESS = FALSE")
        rows(connection, "CREATE DATASET D")
        rows(connection, "ALTER DATASET D ADD VERSION 'v1' FROM (SELECT 1 AS A)")
        stages, datasets = home(root) / "stages", home(root) / "datasets"
        (kept_dataset,) = datasets.iterdir()
        (stages / ".uploads").mkdir(exist_ok=True)
        (stages / ".uploads" / "half").write_text("1")
        for folder in (datasets, home(root) / "models"):
            (folder / "undone").mkdir()
            (folder / "undone.partial").mkdir()
        assert len(list(stages.iterdir())) == 5
        kill(root)
    with connect(embedded_snowflake.ensure_running(root)) as connection:
        rows(connection, "USE SCHEMA KEPT.PUBLIC")
        for place in ("@S", "@%T", "@~"):
            assert len(rows(connection, f"LIST {place}")) == 1
        assert len(list(stages.iterdir())) == 3
        assert not (stages / ".uploads").exists()
        assert list(datasets.iterdir()) == [kept_dataset]
        assert list((home(root) / "models").iterdir()) == []
        rows(connection, "REMOVE @~")


def test_a_warehouse_whose_folder_was_removed_ends_and_answers_nothing_more(root: Path) -> None:
    """Else two would serve one root, and what the first one wrote would be lost without a word."""
    server = embedded_snowflake.ensure_running(root)
    first = pid_of(root)
    with connect(server) as connection:
        rows(connection, "CREATE DATABASE LOST")
        shutil.rmtree(root / ".vistora")
        with pytest.raises(Error, match="removed or replaced"):
            rows(connection, "SELECT 1")
        after = embedded_snowflake.ensure_running(root)
        wait(lambda: not lives(first))
    assert pid_of(root) != first
    with connect(after) as connection:
        assert rows(connection, "SHOW DATABASES LIKE 'LOST'") == []


def test_a_warehouse_whose_state_was_removed_writes_it_again(root: Path) -> None:
    before = embedded_snowflake.ensure_running(root)
    pid = pid_of(root)
    (home(root) / "state.json").unlink()
    assert embedded_snowflake.ensure_running(root) == before
    assert pid_of(root) == pid


def test_who_asks_while_another_one_is_about_to_end_gets_a_new_one(root: Path) -> None:
    """It owns the data and serves no more: the one that was started first found it owned."""
    home(root).mkdir(parents=True)
    with (home(root) / "owner.lock").open("a") as ending:
        fcntl.flock(ending, fcntl.LOCK_EX)
        threading.Timer(4, fcntl.flock, (ending, fcntl.LOCK_UN)).start()
        began = time.monotonic()
        embedded_snowflake.ensure_running(root)
        assert 4 < time.monotonic() - began < 30


def test_it_ends_by_itself_once_nobody_needs_it(root: Path) -> None:
    server = embedded_snowflake.ensure_running(root, idle_seconds=0.5)
    pid = pid_of(root)
    with connect(server) as connection:
        rows(connection, "SELECT 1")
        time.sleep(2.5)
        assert embedded_snowflake.status(root).running
    wait(lambda: not lives(pid))
    assert embedded_snowflake.stop(root) is False


@pytest.mark.parametrize(
    "state",
    [
        b"[]",
        b"null",
        b"\xff",
        b'{"password": 5, "presign": 6}',
        b'{"password": "p"}',
        b'{"password": "p", "presign": "q", "pid": "x", "port": "y"}',
        b'{"password": "p", "presign": "q", "port": 99999999}',
    ],
)
def test_a_damaged_state_is_written_again_and_stops_nobody(root: Path, state: bytes) -> None:
    home(root).mkdir(parents=True)
    file = home(root) / "state.json"
    file.write_bytes(state)
    with connect(embedded_snowflake.ensure_running(root)) as connection:
        assert rows(connection, "SELECT 1") == [(1,)]
    pid = pid_of(root)
    file.write_bytes(state)
    assert embedded_snowflake.stop(root)
    wait(lambda: not lives(pid))


def test_who_is_stopped_is_the_owner_whatever_the_state_says(root: Path) -> None:
    """A state may be older than its process, whose number another process has by now."""
    other = subprocess.Popen(["sleep", "60"])
    embedded_snowflake.ensure_running(root)
    pid = pid_of(root)
    file = home(root) / "state.json"
    file.write_text(file.read_text().replace(f'"pid": {pid}', f'"pid": {other.pid}'))
    assert embedded_snowflake.stop(root)
    wait(lambda: not lives(pid))
    assert lives(other.pid)
    other.kill()
    other.wait()


def test_it_stops_though_a_statement_waits(root: Path) -> None:
    server = embedded_snowflake.ensure_running(root)
    with connect(server) as holder, connect(server) as waiter:
        for sql in ("CREATE DATABASE D", "CREATE TABLE T (A INT)", "BEGIN", "DELETE FROM T"):
            rows(holder, sql)
        said: list[str] = []

        def delete() -> None:
            try:
                rows(waiter, "DELETE FROM D.PUBLIC.T")
            except Error as cause:
                said.append(str(cause))

        waiting = threading.Thread(target=delete)
        waiting.start()
        time.sleep(0.5)
        began = time.monotonic()
        assert embedded_snowflake.stop(root)
        assert time.monotonic() - began < 15
        waiting.join(30)
        assert "is being stopped" in said[0]
        holder.rest.delete_session = waiter.rest.delete_session = lambda *_, **__: None


def test_what_is_no_folder_of_ours_is_swept_and_files_of_any_name_stay(
    root: Path, tmp_path: Path
) -> None:
    file = tmp_path / "rows.partial"
    file.write_text("1\n")
    with connect(embedded_snowflake.ensure_running(root)) as connection:
        rows(connection, f"PUT 'file://{file}' @~/a.partial AUTO_COMPRESS = FALSE")
    embedded_snowflake.stop(root)
    for folder in ("stages", "models", "datasets"):
        (home(root) / folder / ".DS_Store").write_text("")
        (home(root) / folder / "link").symlink_to(tmp_path)
    with connect(embedded_snowflake.ensure_running(root)) as connection:
        assert [row[0] for row in rows(connection, "LIST @~")] == ["a.partial/rows.partial"]
        for place in ("@~/a.partial/rows.partial", "@~"):
            sql = f"PUT 'file://{tmp_path}/a.partial' {place} AUTO_COMPRESS = FALSE"
            with pytest.raises(Error, match="file and a folder of one name"):
                rows(connection, sql)
    assert file.exists()
