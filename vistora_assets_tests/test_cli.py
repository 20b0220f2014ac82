"""The command line: exit codes, what it prints, and a sentence for every mistake of a user."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import snowflake.connector
from click.testing import CliRunner, Result

import embedded_snowflake
from vistora_assets.cli import main
from vistora_assets.resources.warehouse import Warehouse
from vistora_assets.settings import Settings
from vistora_assets.sources import ingest

Run = Callable[..., Result]

HEADER = "user_id,event_time,event_type,amount\n"
BAD = HEADER + "u1,2025-10-01,purchase,5\nu1,never,purchase,5\n"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A root for all tests of this file; its warehouse is stopped at the end."""
    made = tmp_path_factory.mktemp("cli")
    yield made
    embedded_snowflake.stop(made)


@pytest.fixture
def run(root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run the command line in this process, in an empty folder; no traceback may come out of it."""
    monkeypatch.chdir(tmp_path)

    def invoke(*words: str, **variables: str) -> Result:
        with monkeypatch.context() as context:
            for name, value in {"VISTORA_ROOT": str(root), **variables}.items():
                context.setenv(name, value)
            result = CliRunner().invoke(main, words)
        assert result.exception is None or isinstance(result.exception, SystemExit), words
        assert "Traceback" not in result.output
        return result

    return invoke


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of whoever runs the tests counts."""
    import os

    for name in list(os.environ):
        if name.startswith(("VISTORA_", "SNOWFLAKE_")):
            monkeypatch.delenv(name)


def commands(group: click.Group, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command's words."""
    yield before
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*before, name))
        else:
            yield (*before, name)


@pytest.mark.parametrize("words", list(commands(main)), ids=" ".join)
def test_every_command_says_what_it_does(run: Run, words: tuple[str, ...]) -> None:
    result = run(*words, "--help")
    assert result.exit_code == 0
    described = result.output.split("\n\n")[1].strip()
    assert described[0].isupper()
    assert len(described) > 10


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("lnd",), "No such command"),
        (("land",), "Missing argument"),
        (("land", "a.csv", "b.csv", "--name", "c"), "--name goes with one file"),
        (("sql", "SELECT 1", "--format", "xml"), "xml"),
        (("rejected", "--limit", "many"), "many"),
    ],
)
def test_wrong_words_exit_with_2_and_a_hint(run: Run, words: tuple[str, ...], said: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert said in result.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("land", "nowhere.csv"), "nowhere.csv is no file"),
        (("land", "bad.csv", "--map", "user_id"), "--map"),
        (("land", "bad.csv", "--map", "user_id=Buyer"), "Buyer"),
        (("land", "bad.csv", "--map", "who=user_id"), "who"),
        (("land", "bad.csv", "--set", "amount="), "gives nothing for 'amount'"),
        (("land", "bad.xls"), "neither .csv, .csv.gz nor .parquet"),
        (("land", "empty.csv"), "is empty"),
        (("sql", "SELEC 1"), "syntax error"),
        (("sql", "SELECT * FROM NOWHERE"), "NOWHERE"),
        (("rejected", "--accept", "nowhere.csv"), "nowhere.csv"),
    ],
)
def test_a_mistake_exits_with_1_and_a_sentence(
    run: Run, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    for name in ("bad.csv", "bad.xls"):
        (tmp_path / name).write_text(BAD.replace("amount", "sum"))
    (tmp_path / "empty.csv").touch()
    result = run(*words)
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert said in result.output


@pytest.mark.parametrize("words", [("doctor",), ("demo",), ("sql", "SELECT 1"), ("rejected",)])
def test_an_account_without_its_variables_exits_with_1_and_names_them(
    run: Run, words: tuple[str, ...]
) -> None:
    result = run(*words, VISTORA_ENV="prod")
    assert result.exit_code == 1
    assert "VISTORA_ENV=prod has no way to authenticate" in result.output
    assert "SNOWFLAKE_ACCOUNT" in result.output


def test_an_account_has_no_embedded_warehouse_to_manage_and_no_demo(run: Run) -> None:
    account = {
        "VISTORA_ENV": "prod",
        "SNOWFLAKE_ACCOUNT": "a-b",
        "SNOWFLAKE_USER": "u",
        "SNOWFLAKE_PASSWORD": "hidden",
    }
    for command in ("start", "status", "stop", "reset"):
        result = run("warehouse", command, *(["--yes"] if command == "reset" else []), **account)
        assert result.exit_code == 1
        assert "VISTORA_ENV=prod uses an account" in result.output
    result = run("demo", **account)
    assert result.exit_code == 1
    assert "unset it" in result.output
    assert "hidden" not in result.output


def test_rows_come_as_a_table_as_csv_and_as_json(run: Run) -> None:
    statement = "SELECT 1 AS A, 'x, \"y\"' AS B, NULL AS C UNION ALL SELECT 20, NULL, 3 ORDER BY A"
    table = run("sql", statement)
    assert table.exit_code == 0
    assert table.output.splitlines() == [
        "A   B       C",
        "--  ------  -",
        '1   x, "y"',
        "20          3",
    ]
    found = list(csv.reader(io.StringIO(run("sql", statement, "--format", "csv").output)))
    assert found == [["A", "B", "C"], ["1", 'x, "y"', ""], ["20", "", "3"]]
    assert json.loads(run("sql", statement, "--format", "json").output) == [
        {"A": 1, "B": 'x, "y"', "C": None},
        {"A": 20, "B": None, "C": 3},
    ]


def test_no_rows_are_an_answer_in_every_format(run: Run) -> None:
    statement = "SELECT 1 AS A WHERE FALSE"
    assert run("sql", statement).output.splitlines() == ["A", "-"]
    assert run("sql", statement, "--format", "csv").output.splitlines() == ["A"]
    assert json.loads(run("sql", statement, "--format", "json").output) == []


def test_a_blocked_file_is_shown_with_its_reason_and_can_be_accepted(
    run: Run, root: Path, tmp_path: Path
) -> None:
    assert "No rejected rows." in run("rejected").output
    (tmp_path / "bad.csv").write_text(BAD)
    landed = run("land", "bad.csv")
    assert landed.exit_code == 0
    assert f"landed bad.csv, {len(BAD)} bytes" in landed.output
    assert "it was there already" in run("land", "bad.csv").output
    warehouse = Warehouse(Settings.load({}, root))
    with warehouse.connection() as connection:
        ingest(connection, warehouse.source_objects(), warehouse.ingest_options())
    shown = run("rejected")
    assert shown.exit_code == 0
    assert "blocked bad.csv: 1 of its 2 rows were rejected" in shown.output
    assert "event_time 'never' is not a time" in shown.output
    accepted = run("rejected", "--accept", "bad.csv")
    assert "accepted bad.csv: 1 rows loaded, 1 rejected" in accepted.output
    again = run("rejected")
    assert "blocked" not in again.output
    assert "never" in again.output


def test_the_warehouse_starts_says_how_to_connect_stops_and_is_deleted(
    run: Run, tmp_path: Path
) -> None:
    """In a root of its own."""
    own = {"VISTORA_ROOT": str(tmp_path)}

    def answer(*words: str) -> Any:
        return json.loads(run("warehouse", *words, "--json", **own).output)

    assert run("warehouse", "status", **own).exit_code == 1
    assert answer("status") == {"running": False}
    assert answer("stop") == {"running": False, "stopped": False}
    try:
        started = answer("start")
        keys = {"running", "pid", "host", "port", "protocol", "account", "user", "password"}
        assert set(started) == keys
        assert answer("status") == started
        arguments = {key: started[key] for key in keys - {"running", "pid"}}
        with snowflake.connector.connect(**arguments) as connection:
            connection.cursor().execute("CREATE DATABASE KEPT")
        assert f"port      {started['port']}" in run("warehouse", "status", **own).output
        assert answer("stop") == {"running": False, "stopped": True}
        assert "KEPT" in run("sql", "SHOW DATABASES", **own).output
        assert answer("reset") == {"running": False, "reset": True}
        assert "KEPT" not in run("sql", "SHOW DATABASES", **own).output
    finally:
        embedded_snowflake.stop(tmp_path)


def test_a_warehouse_that_cannot_be_started_is_said_in_a_sentence(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".vistora").mkdir()
    (tmp_path / ".vistora" / "warehouse").write_text("in the way")
    for words in (("sql", "SELECT 1"), ("warehouse", "start"), ("rejected",)):
        result = run(*words, VISTORA_ROOT=str(tmp_path))
        assert result.exit_code == 1
        assert "cannot be written" in result.output


def test_deleting_everything_asks_first(run: Run, root: Path) -> None:
    run("warehouse", "start")
    result = run("warehouse", "reset")
    assert result.exit_code == 1
    assert "Delete everything in" in result.output
    assert embedded_snowflake.status(root).running


def test_the_installed_command_reaches_an_account_or_says_what_is_missing(
    root: Path, tmp_path: Path
) -> None:
    """By a named connection: first to nobody, then to a warehouse, which the embedded one plays."""
    server = embedded_snowflake.ensure_running(root)
    where = 'account = "embedded"\nprotocol = "http"\nhost = "127.0.0.1"\nuser = "u"\n'
    toml = tmp_path / "connections.toml"
    toml.write_text(
        f'[nobody]\n{where}port = 9\npassword = "hidden"\nlogin_timeout = 2\n'
        f'[somebody]\n{where}port = {server.port}\npassword = "{server.password}"\n'
    )
    toml.chmod(0o600)

    def doctor(name: str, database: str) -> subprocess.CompletedProcess[str]:
        variables = {
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
            "HOME": str(tmp_path),
            "SNOWFLAKE_HOME": str(tmp_path),
            "VISTORA_ENV": "staging",
            "VISTORA_ROOT": str(tmp_path),
            "SNOWFLAKE_CONNECTION_NAME": name,
            "SNOWFLAKE_DATABASE": database,
        }
        call = [sys.executable, "-c", "from vistora_assets.cli import main; main()", "doctor"]
        return subprocess.run(
            call, env=variables, capture_output=True, text=True, check=False, timeout=120
        )

    Warehouse(Settings.load({}, root)).ensure_objects()
    expected = [
        ("nobody", "ML_DEMO", 1, "MISS connection: "),
        ("somebody", "NOWHERE", 1, "snow sql -f sql/setup.sql"),
        ("somebody", "ML_DEMO", 0, "ok   schemas: RAW, FEATURE_STORE, ML"),
    ]
    for name, database, code, said in expected:
        found = doctor(name, database)
        assert (found.returncode, "Traceback" in found.stdout + found.stderr) == (code, False)
        assert said in found.stdout
        assert "hidden" not in found.stdout + found.stderr
        assert server.password not in found.stdout + found.stderr
