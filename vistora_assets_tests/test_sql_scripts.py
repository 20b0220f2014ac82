"""The scripts for an account: least privilege, repeatable, complete, and accepted when run.

They run here on the embedded warehouse, which takes roles and grants and enforces none of them: that
the privileges suffice is for an account to show (`pytest -m snowflake`). That no more is given than
the documents say is shown here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
import snowflake.connector
import sqlglot
from snowflake.connector import SnowflakeConnection
from snowflake.connector.util_text import split_statements
from sqlglot import exp

from vistora_assets.settings import Settings

SQL = Path(__file__).resolve().parents[1] / "sql"

# By schema, what the pipeline may create. Growing this is a decision, made here and in setup.sql.
CREATES = {
    "RAW": {"TABLE", "STAGE", "FILE FORMAT"},
    "FEATURE_STORE": {
        "TABLE",
        "VIEW",
        "DYNAMIC TABLE",
        "TAG",
        "DATASET",
        "STAGE",
        "FILE FORMAT",
    },
    "ML": {"TABLE", "VIEW", "DATASET", "MODEL", "STAGE", "FILE FORMAT"},
}


def statements(script: str) -> list[str]:
    """Return the script's statements as Snowflake's own connector splits them, on one line each."""
    with StringIO((SQL / script).read_text(encoding="utf-8")) as text:
        parts = [part for part, _ in split_statements(text, remove_comments=True) if part]
    return [" ".join(part.rstrip(";").split()) for part in parts]


def grants(role: str) -> list[str]:
    return [
        text
        for text in statements("setup.sql")
        if text.startswith("GRANT") and text.endswith(f" TO ROLE {role}")
    ]


@pytest.mark.parametrize("script", ["setup.sql", "teardown.sql"])
@pytest.mark.filterwarnings("ignore")
def test_every_statement_is_one_of_the_kinds_that_a_set_up_needs(script: str) -> None:
    for text in statements(script):
        (parsed,) = sqlglot.parse(text, dialect="snowflake")
        # sqlglot keeps CREATE ROLE, GRANT ROLE and grants on ALL or FUTURE objects as text.
        kinds = (exp.Use, exp.Create, exp.Drop, exp.Grant, exp.Command)
        assert isinstance(parsed, kinds), text
        assert text.split()[0] in {"USE", "CREATE", "DROP", "GRANT"}, text


def test_setting_up_replaces_nothing_that_is_there() -> None:
    for text in statements("setup.sql"):
        if text.startswith("CREATE"):
            assert "IF NOT EXISTS" in text
            assert "OR REPLACE" not in text


def test_tearing_down_minds_nothing_that_is_gone() -> None:
    for text in statements("teardown.sql"):
        assert text.startswith("USE ROLE") or re.match(r"DROP \w+ IF EXISTS ", text), text


def test_what_is_set_up_is_torn_down() -> None:
    """Schemas and stages go with their database."""

    def named(script: str, verb: str, clause: str) -> set[tuple[str, str]]:
        pattern = rf"{verb} (WAREHOUSE|DATABASE|ROLE) {clause} (\w+)"
        return {
            (found[1], found[2])
            for text in statements(script)
            if (found := re.match(pattern, text)) is not None
        }

    made = named("setup.sql", "CREATE", "IF NOT EXISTS")
    assert len(made) == 4
    assert made == named("teardown.sql", "DROP", "IF EXISTS")


def test_the_names_are_the_settings_defaults(tmp_path: Path) -> None:
    objects = Settings.load({}, root=tmp_path).objects
    made = " ".join(statements("setup.sql"))
    for name in (
        f"WAREHOUSE IF NOT EXISTS {objects.warehouse} ",
        f"DATABASE IF NOT EXISTS {objects.database} ",
        f"SCHEMA IF NOT EXISTS {objects.database}.{objects.raw} ",
        f"SCHEMA IF NOT EXISTS {objects.database}.{objects.feature_store} ",
        f"SCHEMA IF NOT EXISTS {objects.database}.{objects.ml} ",
    ):
        assert f"CREATE {name}" in made


def test_the_warehouse_sleeps_and_stops_what_runs_too_long() -> None:
    (warehouse,) = (text for text in statements("setup.sql") if "CREATE WAREHOUSE" in text)
    for option in (
        "WAREHOUSE_SIZE = 'XSMALL'",
        "AUTO_SUSPEND = 60",
        "AUTO_RESUME = TRUE",
        "INITIALLY_SUSPENDED = TRUE",
        "STATEMENT_TIMEOUT_IN_SECONDS = 3600",
        "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS = 600",
    ):
        assert option in warehouse


def test_nobody_gets_everything() -> None:
    for text in statements("setup.sql"):
        assert not re.search(
            r"\b(ALL PRIVILEGES|GRANT ALL|OWNERSHIP|GRANT OPTION|ON ACCOUNT|ACCOUNTADMIN|PUBLIC)\b",
            text,
        ), text


def test_the_pipeline_creates_what_is_listed_and_holds_nothing_else() -> None:
    created: dict[str, set[str]] = {schema: set() for schema in CREATES}
    others: list[str] = []
    for text in grants("VISTORA_PIPELINE"):
        found = re.match(r"GRANT CREATE ([A-Z ]+) ON SCHEMA ML_DEMO\.(\w+) ", text)
        if found is None:
            others.append(text)
        else:
            created[found[2]].add(found[1])
    assert created == CREATES
    for text in others:
        assert re.match(
            r"GRANT (ROLE VISTORA_READER|USAGE ON (WAREHOUSE|DATABASE|SCHEMA)|(READ|WRITE) ON STAGE) ?",
            text,
        ), text


def test_a_reader_changes_nothing() -> None:
    allowed = {"USAGE", "SELECT", "REFERENCES", "MONITOR"}
    for text in grants("VISTORA_READER"):
        found = re.match(r"GRANT (.+?) ON ", text)
        assert found is not None
        assert set(found[1].split(", ")) <= allowed, text


def test_a_reader_sees_what_comes_as_well_as_what_is_there() -> None:
    given = grants("VISTORA_READER")
    now = {text for text in given if " ON ALL " in text}
    assert now
    assert {text.replace(" ON ALL ", " ON FUTURE ") for text in now} == {
        text for text in given if " ON FUTURE " in text
    }


def test_every_statement_grants_as_the_role_that_may() -> None:
    """Roles are made by USERADMIN, objects by SYSADMIN, grants on objects by SECURITYADMIN."""
    current = ""
    for text in statements("setup.sql"):
        if text.startswith("USE ROLE "):
            current = text.removeprefix("USE ROLE ")
        elif re.match(r"CREATE ROLE|GRANT ROLE", text):
            assert current == "USERADMIN", text
        elif text.startswith("CREATE"):
            assert current == "SYSADMIN", text
        else:
            assert current == "SECURITYADMIN", text


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SnowflakeConnection]:
    """A warehouse of this module's own: tearing down takes a whole database with it."""
    # Imported here so that what only reads the scripts is tested without a warehouse.
    from embedded_snowflake import ensure_running, stop

    root = tmp_path_factory.mktemp("warehouse")
    info = ensure_running(root)
    try:
        with snowflake.connector.connect(**info.connect_arguments()) as opened:
            yield opened
    finally:
        stop(root)


def run(connection: SnowflakeConnection, script: str) -> None:
    for _ in connection.execute_string((SQL / script).read_text(encoding="utf-8")):
        pass


def names(connection: SnowflakeConnection, show: str) -> set[str]:
    with connection.cursor(snowflake.connector.DictCursor) as cursor:
        cursor.execute(show)
        return {str(row["name"]) for row in cursor.fetchall()}


def test_setting_up_makes_everything_once_and_tearing_down_leaves_nothing(
    connection: SnowflakeConnection,
) -> None:
    run(connection, "setup.sql")
    assert "ML_WH" in names(connection, "SHOW WAREHOUSES LIKE 'ML_WH'")
    assert {"RAW", "FEATURE_STORE", "ML"} <= names(connection, "SHOW SCHEMAS IN DATABASE ML_DEMO")
    assert names(connection, "SHOW STAGES IN SCHEMA ML_DEMO.RAW") == {"LANDING"}
    assert names(connection, "SHOW STAGES IN SCHEMA ML_DEMO.ML") == {"MODELS"}

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE ML_DEMO.RAW.KEPT AS SELECT 7 AS N")
        run(connection, "setup.sql")
        cursor.execute("SELECT N FROM ML_DEMO.RAW.KEPT")
        assert cursor.fetchall() == [(7,)]

    for _ in range(2):
        run(connection, "teardown.sql")
        assert not names(connection, "SHOW DATABASES LIKE 'ML_DEMO'")
        assert not names(connection, "SHOW WAREHOUSES LIKE 'ML_WH'")
