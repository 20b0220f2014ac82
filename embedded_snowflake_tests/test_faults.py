"""Faults on demand: what the real connector makes of them, and that nothing runs twice."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import snowflake.connector
from snowflake.connector.errors import Error, ProgrammingError, ServiceUnavailableError

import embedded_snowflake
from embedded_snowflake.serving import lifecycle

Ask = Callable[..., None]


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Path]]:
    """A warehouse that was started with a file of faults, and a session in it."""
    root = tmp_path_factory.mktemp("faulty")
    file = root / "faults.json"
    home = lifecycle.home(root)
    home.mkdir(parents=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "embedded_snowflake", "--root", str(root), "--faults", str(file)],
        cwd=Path(embedded_snowflake.__file__).parent.parent,
    )
    info = None
    deadline = time.monotonic() + 60
    while info is None and time.monotonic() < deadline:
        info = embedded_snowflake.status(root).connection
        time.sleep(0.05)
    assert info is not None
    connection = snowflake.connector.connect(**info.connect_arguments())
    connection.cursor().execute("CREATE DATABASE fault_tests")
    connection.cursor().execute("CREATE TABLE t (a INT)")
    yield connection, file
    connection.close()
    embedded_snowflake.stop(root)
    process.wait()


@pytest.fixture
def connection(faulty: tuple[Any, Path]) -> Any:
    """The session, with an empty table T."""
    faulty[1].write_text("[]")
    faulty[0].cursor().execute("TRUNCATE TABLE t")
    return faulty[0]


@pytest.fixture
def ask(faulty: tuple[Any, Path], connection: Any) -> Iterator[Ask]:
    """Write what shall go wrong from the next statement on."""

    def write(**fault: Any) -> None:
        faulty[1].write_text(json.dumps([fault]))

    yield write
    faulty[1].write_text("[]")


def _rows(connection: Any, sql: str) -> list[Any]:
    return connection.cursor().execute(sql).fetchall()


@pytest.mark.parametrize(("when", "there"), [("before", 1), ("after", 2)])
def test_the_nth_statement_fails_before_or_after_its_effect(
    connection: Any, ask: Ask, when: str, there: int
) -> None:
    ask(kind="fail", nth=2, when=when, match="INSERT", message="As asked.", number=604)
    _rows(connection, "INSERT INTO t VALUES (1)")
    with pytest.raises(ProgrammingError, match=r"As asked\.") as caught:
        _rows(connection, "INSERT INTO t VALUES (2)")
    assert caught.value.errno == 604
    assert _rows(connection, "SELECT COUNT(*) FROM t") == [(there,)]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("status", [503, 429])
def test_a_busy_answer_is_asked_again_and_the_statement_runs_once(
    connection: Any, ask: Ask, when: str, status: int
) -> None:
    """The connector sends the same request again; Snowflake knows it by its number."""
    ask(kind="status", status=status, when=when, match="INSERT")
    _rows(connection, "INSERT INTO t VALUES (1)")
    assert _rows(connection, "SELECT COUNT(*) FROM t") == [(1,)]


@pytest.mark.parametrize("when", ["before", "after"])
def test_after_a_cut_connection_the_statement_has_run_once(
    connection: Any, ask: Ask, when: str
) -> None:
    ask(kind="drop", when=when, match="INSERT")
    _rows(connection, "INSERT INTO t VALUES (1)")
    assert _rows(connection, "SELECT COUNT(*) FROM t") == [(1,)]


def test_a_server_that_stays_busy_is_an_error_once_the_clients_patience_ends(
    connection: Any, ask: Ask
) -> None:
    ask(kind="status", status=503, times=1000, match="INSERT")
    # How long it sleeps between its tries is drawn at random, to 16 seconds: it ends, that is all.
    with pytest.raises(ServiceUnavailableError):
        connection.cursor().execute("INSERT INTO t VALUES (1)", timeout=2)


def test_a_delay_delays(connection: Any, ask: Ask) -> None:
    ask(kind="delay", seconds=0.4, match="SELECT 7")
    began = time.monotonic()
    assert _rows(connection, "SELECT 7") == [(7,)]
    assert time.monotonic() - began >= 0.4


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_expired_token_is_renewed_and_the_session_goes_on(
    connection: Any, ask: Ask, when: str
) -> None:
    """Temporary tables and the open transaction are the session's, not the token's."""
    _rows(connection, "CREATE OR REPLACE TEMPORARY TABLE own (a INT)")
    _rows(connection, "BEGIN")
    token = connection.rest.token
    ask(kind="expire", when=when, match="INSERT INTO own")
    _rows(connection, "INSERT INTO own VALUES (1)")
    assert _rows(connection, "SELECT COUNT(*) FROM own") == [(1,)]
    _rows(connection, "ROLLBACK")
    assert connection.rest.token != token
    assert _rows(connection, "SELECT COUNT(*) FROM own") == [(0,)]


def test_a_token_cannot_be_renewed_with_another_sessions_master_token(connection: Any) -> None:
    mine = connection.rest.master_token
    connection.rest.update_tokens(connection.rest.token, "wrong")
    try:
        with pytest.raises(Exception, match="Master token") as caught:
            connection.rest._renew_session()
        assert "ReauthenticationRequest" in type(caught.value).__name__
    finally:
        connection.rest.update_tokens(connection.rest.token, mine)


def test_no_statement_can_ask_for_faults(connection: Any) -> None:
    for sql in (
        "ALTER SESSION SET faults = 'x'",
        "ALTER ACCOUNT SET faults = 'x'",
        "CALL faults()",
    ):
        with pytest.raises(Error):
            _rows(connection, sql)
    # A variable of the session's, and nothing else.
    _rows(connection, """SET faults = '[{"kind": "fail"}]'""")
    assert _rows(connection, "SELECT $faults") == [('[{"kind": "fail"}]',)]
    _rows(connection, "UNSET faults")
