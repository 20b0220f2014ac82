"""Who may reach what, and what is said when the machine does not play along."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest
import snowflake.connector
from snowflake.connector.errors import Error, ProgrammingError

import embedded_snowflake
from embedded_snowflake import ConnectionInfo, objects
from embedded_snowflake.serving import lifecycle
from embedded_snowflake.serving import server as server_module
from embedded_snowflake.serving.server import Server
from embedded_snowflake.sessions import session
from embedded_snowflake.storage.engine import Engine

PROJECT = Path(embedded_snowflake.__file__).parent.parent


@pytest.fixture(scope="module")
def connection(server: ConnectionInfo) -> Iterator[Any]:
    """A session in a database with a stage that holds one file."""
    opened = snowflake.connector.connect(**server.connect_arguments())
    opened.cursor().execute("CREATE OR REPLACE DATABASE safety_tests")
    opened.cursor().execute("CREATE STAGE s")
    yield opened
    opened.cursor().execute("DROP DATABASE safety_tests")
    opened.close()


def _ask(
    server: ConnectionInfo, method: str, path: str, token: str = "wrong", body: bytes = b"{}"
) -> tuple[int, str]:
    request = urllib.request.Request(
        f"http://{server.host}:{server.port}{path}",
        method=method,
        data=None if method == "GET" else body,
        headers={"Authorization": f'Snowflake Token="{token}"'},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as cause:
        return cause.code, ""


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/queries/v1/query-request?requestId=1"),
        ("POST", "/queries/v1/abort-request"),
        ("POST", "/session?delete=true"),
        ("POST", "/session/heartbeat"),
        ("POST", "/session/token-request"),
        ("GET", "/monitoring/queries/1"),
        ("GET", "/files/GET/99999999999/00/state.json"),
        ("PUT", "/files/PUT/99999999999/00/stages/x"),
    ],
)
def test_no_route_but_ping_answers_without_a_token(
    server: ConnectionInfo, method: str, path: str
) -> None:
    status, body = _ask(server, method, path)
    assert status == 403 or '"success":false' in body


def test_every_route_is_in_the_list_above(server: ConnectionInfo) -> None:
    """A new route must be thought of."""
    made = Server(cast("Any", None), "password").application()
    assert {cast("Any", route).path.split("/{")[0] for route in made.routes} == {
        *("/session/v1/login-request", "/session", "/session/heartbeat"),
        *("/session/token-request", "/queries/v1/query-request", "/queries/v1/abort-request"),
        *("/monitoring/queries", "/files", "/ping"),
    }
    assert _ask(server, "GET", "/ping") == (200, '{"ok":true}')


def test_a_signed_address_opens_its_file_alone(
    server: ConnectionInfo, connection: Any, tmp_path: Path
) -> None:
    path = tmp_path / "mine.txt"
    path.write_text("mine")
    connection.cursor().execute(f"PUT file://{path} @s AUTO_COMPRESS = FALSE")
    asked = json.dumps({"sqlText": f"GET @s/mine.txt file://{tmp_path}/"}).encode()
    _, body = _ask(
        server, "POST", "/queries/v1/query-request?requestId=g", connection.rest.token, asked
    )
    url = json.loads(body)["data"]["presignedUrls"][0]
    address = url[url.index("/files/") :]
    assert _ask(server, "GET", address) == (200, "mine")
    assert _ask(server, "PUT", address)[0] in {403, 405}
    for other in ("state.json", "../state.json", "%2e%2e/state.json", "stages/../state.json"):
        signed = address.split("/", 5)
        assert _ask(server, "GET", "/".join([*signed[:5], other]))[0] == 403
    expired = re.sub(r"/files/GET/\d+/", "/files/GET/1/", address)
    assert _ask(server, "GET", expired)[0] == 403


@pytest.mark.parametrize(
    "path",
    ["../x", "../../state.json", "a/../../x", "/../x", "%2e%2e/../x", "..\\\\..\\\\..//../x"],
)
def test_no_path_leaves_its_stage(
    server: ConnectionInfo, connection: Any, tmp_path: Path, path: str
) -> None:
    source = tmp_path / "x"
    source.write_text("1\n")
    before = {one for one in lifecycle.home(server.root).rglob("*") if "stages" not in one.parts}
    for sql in (
        f"PUT file://{source} '@s/{path}'",
        f"LIST '@s/{path}'",
        f"REMOVE '@s/{path}'",
        f"GET '@s/{path}' file://{tmp_path}/",
        f"SELECT $1 FROM '@s/{path}'",
    ):
        try:
            rows = connection.cursor().execute(sql).fetchall()
        except Error:
            continue
        assert all("state" not in str(row) for row in rows)
    after = {one for one in lifecycle.home(server.root).rglob("*") if "stages" not in one.parts}
    assert {one.name for one in after - before if one.suffix not in {".wal", ".log"}} == set()


def test_a_link_in_a_stage_leads_nowhere(
    server: ConnectionInfo, connection: Any, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    marker = tmp_path / "marker.txt"
    marker.write_text("m")
    connection.cursor().execute(f"PUT file://{marker} @s AUTO_COMPRESS = FALSE")
    held = next((lifecycle.home(server.root) / "stages").rglob("marker.txt"))
    (held.parent / "link.txt").symlink_to(secret)
    names = [row[0] for row in connection.cursor().execute("LIST @s").fetchall()]
    assert not any("link" in name for name in names)
    assert connection.cursor().execute("SELECT $1 FROM @s/link.txt").fetchall() == []
    out = tmp_path / "out"
    out.mkdir()
    try:
        connection.cursor().execute(f"GET @s file://{out}/")
    except Error:
        return
    assert not (out / "link.txt").exists()


def test_a_result_has_a_largest_size(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert objects.__all__  # imported for the statements that it registers
    monkeypatch.setattr(session, "RESULT_BYTES", 1000)
    engine = Engine(tmp_path)
    try:
        opened = session.Session.of_the_system(engine)
        opened.execute("CREATE DATABASE d")
        with pytest.raises(ProgrammingError, match="larger than"):
            opened.execute("SELECT SEQ4() FROM TABLE(GENERATOR(ROWCOUNT => 1000))")
        assert opened.execute("SELECT 1").table is not None
    finally:
        engine.close()


_ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT MAX(i) FROM n"


def test_a_statement_without_an_end_ends_some_time_after_its_client_is_gone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    engine = Engine(tmp_path)
    served = Server(engine, "password")
    opened = session.Session.of_the_system(engine)
    served.sessions["token"] = opened
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(opened.execute, _ENDLESS)
        opened.peer_seen(("127.0.0.1", 1))
        opened.peer_gone(("127.0.0.1", 1))
        time.sleep(1)
        served.idle_seconds()
        assert not running.done()
        monkeypatch.setattr(server_module, "GONE_SECONDS", 0.5)
        served.idle_seconds()
        with pytest.raises(ProgrammingError, match="the client is gone") as caught:
            running.result(timeout=20)
    assert caught.value.errno == 604
    served.idle_seconds()
    assert not served.sessions
    engine.close()


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "embedded_snowflake", *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("password", [None, "", " \n"])
def test_another_address_than_loopback_needs_a_password(
    tmp_path: Path, password: str | None
) -> None:
    more: list[str] = []
    if password is not None:
        (tmp_path / "password").write_text(password)
        more = ["--password-file", str(tmp_path / "password")]
    done = _run("--root", str(tmp_path), "--host", "0.0.0.0", *more)
    assert done.returncode == 2
    assert "give --password-file" in done.stderr


def test_a_damaged_database_is_named_when_the_warehouse_starts(tmp_path: Path) -> None:
    folder = lifecycle.home(tmp_path) / "databases"
    folder.mkdir(parents=True)
    (folder / "BROKEN.db").write_bytes(b"no database" * 1000)
    with pytest.raises(embedded_snowflake.WarehouseError, match=r"BROKEN\.db cannot be read"):
        embedded_snowflake.ensure_running(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("account.json", b"{x", r"account\.json is damaged"),
        ("account.json", b"[]", r"account\.json is damaged"),
        ("databases/D.db.wal", b"garbage" * 100, r"its log .*D\.db\.wal is damaged"),
        ("databases/E.db.wal", b"", r"file .*E\.db is missing"),
    ],
)
def test_a_damaged_or_missing_file_is_named_when_the_warehouse_starts(
    tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    """DuckDB itself leaves out a log that it cannot tell, and what was committed with it."""
    with snowflake.connector.connect(
        **embedded_snowflake.ensure_running(tmp_path).connect_arguments()
    ) as connection:
        connection.cursor().execute("CREATE DATABASE d")
    embedded_snowflake.stop(tmp_path)
    (lifecycle.home(tmp_path) / name).write_bytes(content)
    with pytest.raises(embedded_snowflake.WarehouseError, match=sentence):
        embedded_snowflake.ensure_running(tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "memory",
        "SYSTEM",
        "temp",
        '"../x"',
        '"a/b"',
        '"q\'uote"',
        '"my-db"',
        '"analyse"',
        '""',
        "x" * 300,
    ],
)
def test_a_name_that_no_database_can_have_is_refused_and_leaves_nothing(
    server: ConnectionInfo, connection: Any, name: str
) -> None:
    """A file of such a name would keep the warehouse from its next start."""
    before = list(lifecycle.home(server.root).rglob("*.db"))
    with pytest.raises(ProgrammingError, match="choose another name"):
        connection.cursor().execute(f"CREATE DATABASE {name}")
    assert list(lifecycle.home(server.root).rglob("*.db")) == before


_BODIES = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'"x"',
    b"\xff",
    b"[" * 100_000,
    b'{"data": []}',
    b'{"sqlText": 5}',
    b'{"sqlText": "SELECT \\ud800"}',
    b'{"sqlText": "SELECT 1", "parameters": 5}',
    b'{"sqlText": "SELECT ?", "bindings": 5}',
    b'{"sqlText": "SELECT ?", "bindings": {"1": 5}}',
    b'{"sqlText": "SELECT ?", "bindings": {"1": {"type": "FIXED"}}}',
]


@pytest.mark.parametrize("body", _BODIES)
@pytest.mark.parametrize(
    "path", ["/queries/v1/query-request", "/session/v1/login-request", "/session/token-request"]
)
def test_a_request_that_no_client_sends_is_answered_with_a_sentence(
    server: ConnectionInfo, connection: Any, path: str, body: bytes
) -> None:
    status, text = _ask(server, "POST", path, connection.rest.token, body)
    answer = json.loads(text)
    assert (status, answer["success"]) == (200, False)
    assert "incident" not in answer["message"]


def test_a_small_body_that_unpacks_to_a_large_one_is_not_unpacked(server: ConnectionInfo) -> None:
    bomb = gzip.compress(b" " * (50 << 20))
    request = urllib.request.Request(
        f"http://{server.host}:{server.port}/session/v1/login-request",
        data=bomb,
        headers={"Content-Encoding": "gzip"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert "larger than 1 MB" in answer.read().decode()


@pytest.mark.parametrize("part", ["%C3%A9", "%C2%B2", "9" * 5000, "-1", ""])
def test_an_address_that_nobody_signed_is_refused(server: ConnectionInfo, part: str) -> None:
    for address in (f"/files/GET/{part}/00/x", f"/files/GET/99999999999/{part}/x"):
        assert _ask(server, "GET", address)[0] in {403, 404}


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / ".vistora").write_text("a file where a directory belongs")
    with pytest.raises(embedded_snowflake.WarehouseError, match="make it a writable folder"):
        embedded_snowflake.ensure_running(tmp_path)


def _started_with_short_files(
    root: Path, blocks: int
) -> tuple[subprocess.Popen[bytes], ConnectionInfo]:
    """A warehouse whose files take so many blocks of 512 bytes, which stands for a full disk."""
    server = [sys.executable, "-m", "embedded_snowflake", "--root", str(root)]
    limited = f'ulimit -f {blocks}; exec "$@"'
    process = subprocess.Popen(["sh", "-c", limited, "sh", *server], cwd=PROJECT)
    deadline = time.monotonic() + 60
    found = None
    while found is None and time.monotonic() < deadline:
        found = embedded_snowflake.status(root).connection
        time.sleep(0.05)
    assert found is not None
    return process, found


def test_a_taken_port_is_given_up_for_another_and_a_full_disk_is_said_and_loses_nothing(
    tmp_path: Path,
) -> None:
    """A limit on the size of files stands for the full disk: the same write fails."""
    info = embedded_snowflake.ensure_running(tmp_path)
    with snowflake.connector.connect(**info.connect_arguments()) as first:
        first.cursor().execute("CREATE DATABASE d")
        first.cursor().execute("CREATE TABLE t (a VARCHAR)")
        first.cursor().execute("INSERT INTO t VALUES ('kept')")
    embedded_snowflake.stop(tmp_path)
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", info.port))
        taken.listen()
        process, found = _started_with_short_files(tmp_path, 24576)
    assert found.port != info.port
    with snowflake.connector.connect(
        **{**found.connect_arguments(), "network_timeout": 5}, database="D", schema="PUBLIC"
    ) as full:
        refused = ""
        for _ in range(40):
            try:
                full.cursor().execute(
                    f"INSERT INTO t SELECT {' || '.join(['MD5(RANDOM())'] * 30)} "
                    "FROM TABLE(GENERATOR(ROWCOUNT => 1000))"
                )
            except ProgrammingError as cause:
                refused = str(cause)
                break
        assert "free space on the disk" in refused
        (tmp_path / "large").write_bytes(bytes(20_000_000))
        began = time.monotonic()
        with pytest.raises(Error, match="putting file"):
            full.cursor().execute(f"PUT file://{tmp_path}/large @~ AUTO_COMPRESS = FALSE")
        assert time.monotonic() - began < 10
        assert list((lifecycle.home(tmp_path) / "stages" / ".uploads").iterdir()) == []
    os.kill(process.pid, 9)
    process.wait()
    again = embedded_snowflake.ensure_running(tmp_path)
    with snowflake.connector.connect(
        **again.connect_arguments(), database="D", schema="PUBLIC"
    ) as last:
        cursor = last.cursor()
        cursor.execute("SELECT COUNT(*) FROM t WHERE a = 'kept'")
        assert cursor.fetchall() == [(1,)]
        last.cursor().execute("INSERT INTO t VALUES ('more')")
    embedded_snowflake.stop(tmp_path)
    shutil.rmtree(tmp_path / ".vistora")


def test_a_commit_whose_checkpoint_fails_is_a_commit_and_the_process_starts_anew(
    tmp_path: Path,
) -> None:
    """DuckDB gives the database up then; its file takes what its log has when it is opened again."""
    # Enough for the log, and not for the database's file when the log goes into it.
    process, found = _started_with_short_files(tmp_path, 40000)
    told = 0
    with snowflake.connector.connect(
        **{**found.connect_arguments(), "network_timeout": 5}
    ) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE DATABASE d")
        cursor.execute("CREATE TABLE t (n INT, a VARCHAR)")
        refused = ""
        while not refused and told < 100:
            try:
                cursor.execute(
                    f"INSERT INTO t SELECT {told}, {' || '.join(['MD5(RANDOM())'] * 30)} "
                    "FROM TABLE(GENERATOR(ROWCOUNT => 1000))"
                )
                told += 1
            except ProgrammingError as cause:
                refused = str(cause)
        assert "starts anew" in refused or "Session no longer exists" in refused
    assert process.wait(30) == 0
    again = embedded_snowflake.ensure_running(tmp_path)
    with snowflake.connector.connect(
        **again.connect_arguments(), database="D", schema="PUBLIC"
    ) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT COUNT(DISTINCT n), COUNT(*) FROM t")
        assert cursor.fetchall() == [(told, told * 1000)]
    embedded_snowflake.stop(tmp_path)
