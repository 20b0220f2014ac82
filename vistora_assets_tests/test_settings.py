"""What the environment means, and how it is refused when it means nothing."""

from __future__ import annotations

import pickle
import re
import stat
import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from vistora_assets.settings import (
    LOCAL_SETTINGS_FILE,
    VARIABLES,
    Account,
    Local,
    Settings,
    SettingsError,
    settings_table,
    write_local_settings,
)

PROJECT = Path(__file__).resolve().parents[1]
KEY = "a-private-value-never-shown"
PASSWORD_LOGIN = {
    "VISTORA_ENV": "prod",
    "SNOWFLAKE_ACCOUNT": "MYORG-MYACCOUNT",
    "SNOWFLAKE_USER": "VISTORA",
    "SNOWFLAKE_PASSWORD": KEY,
}


@pytest.fixture
def key_file(tmp_path: Path) -> str:
    path = tmp_path / "key.p8"
    path.write_text("-----BEGIN PRIVATE KEY-----\n")
    return str(path)


def load(root: Path, **environ: str) -> Settings:
    return Settings.load(environ, root=root)


def problems(root: Path, environ: Mapping[str, str]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        Settings.load(environ, root=root)
    return caught.value.problems


def without(environ: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name not in names}


def test_nothing_set_is_the_embedded_warehouse_with_the_documented_names(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert settings.environment == "local"
    assert settings.connection == Local(tmp_path)
    assert (settings.objects.warehouse, settings.objects.database) == ("ML_WH", "ML_DEMO")
    assert settings.objects.model == "USER_SPEND_PREDICTOR"
    assert (settings.snapshots.cadence, settings.snapshots.horizon_days) == ("monthly", 90)
    assert settings.snapshots.first == date(2020, 1, 1)
    assert settings.source.table is None
    assert settings.automation


def test_empty_values_count_as_unset(tmp_path: Path) -> None:
    assert load(tmp_path, VISTORA_SEED=" ", VISTORA_LABEL="") == load(tmp_path)


def test_account_variables_of_other_tools_do_not_disturb_the_embedded_warehouse(
    tmp_path: Path,
) -> None:
    settings = load(tmp_path, SNOWFLAKE_ACCOUNT="x", SNOWFLAKE_PASSWORD="y", SNOWFLAKE_HOME="z")
    assert settings.connection == Local(tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VISTORA_ENV", "production"),
        ("VISTORA_HORIZON_DAYS", "0"),
        ("VISTORA_HORIZON_DAYS", "731"),
        ("VISTORA_HORIZON_DAYS", "90.5"),
        ("VISTORA_HORIZON_DAYS", "-1"),
        ("VISTORA_MINIMUM_HISTORY_DAYS", "long"),
        ("VISTORA_SNAPSHOT_CADENCE", "hourly"),
        ("VISTORA_FIRST_SNAPSHOT", "20200101"),
        ("VISTORA_FIRST_SNAPSHOT", "2020-02-30"),
        ("VISTORA_LABEL", "profit"),
        ("VISTORA_SOURCE_TIMEZONE", "Mars/Olympus"),
        ("VISTORA_SOURCE_TIMEZONE", "../etc/passwd"),
        ("VISTORA_IGNORED_EVENT_TYPES", "view,purchase"),
        ("VISTORA_IGNORED_EVENT_TYPES", "view,,click"),
        ("VISTORA_REJECTED_SHARE", "1.01"),
        ("VISTORA_REJECTED_SHARE", "nan"),
        ("VISTORA_REJECTED_SHARE", "5%"),
        ("VISTORA_AUTOMATION", "yes"),
        ("VISTORA_SEED", "4294967296"),
        ("SNOWFLAKE_DATABASE", "ML-DEMO"),
        ("SNOWFLAKE_DATABASE", 'ML_DEMO"; DROP DATABASE X'),
        ("VISTORA_MODEL_NAME", "1st"),
        ("VISTORA_EVENTS_TABLE", "a.b.c.d"),
        ("VISTORA_EVENTS_TABLE", "orders; DROP TABLE x"),
        ("VISTORA_ROOT", "/no/such/directory"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(name: str, value: str) -> None:
    allowed = next(variable.allowed for variable in VARIABLES if variable.name == name)
    environ = {name: value}
    if name == "VISTORA_EVENTS_TABLE":
        environ["VISTORA_EVENTS_MAP"] = "event_id=ID"
    with pytest.raises(SettingsError) as caught:
        Settings.load(environ)
    assert caught.value.problems == (f"{name}='{value}' is not {allowed}.",)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    found = problems(tmp_path, {"VISTORA_ENV": "prod", "VISTORA_SEED": "x", "VISTORA_LABEL": "y"})
    assert len(found) == 3
    assert any("VISTORA_SEED" in text for text in found)
    assert any("VISTORA_LABEL" in text for text in found)
    assert any("has no way to authenticate" in text for text in found)


def test_a_value_that_two_groups_read_is_complained_about_once(tmp_path: Path) -> None:
    environ = {**PASSWORD_LOGIN, "SNOWFLAKE_WAREHOUSE": "no good"}
    assert len(problems(tmp_path, environ)) == 1


def test_an_unknown_variable_is_refused_with_the_nearest_known_name(tmp_path: Path) -> None:
    assert problems(tmp_path, {"VISTORA_HORIZON_DAY": "30"}) == (
        "VISTORA_HORIZON_DAY is not a setting: did you mean VISTORA_HORIZON_DAYS?",
    )


def test_variables_of_the_test_suite_are_no_settings(tmp_path: Path) -> None:
    assert load(tmp_path, VISTORA_TEST_DATA="x") == load(tmp_path)


# --- snapshots ---


@pytest.mark.parametrize(
    ("cadence", "day", "wanted"),
    [("monthly", "2020-01-02", "the first of a month"), ("weekly", "2020-01-07", "a Monday")],
)
@pytest.mark.parametrize("name", ["VISTORA_FIRST_SNAPSHOT", "VISTORA_LAST_SNAPSHOT"])
def test_a_snapshot_that_the_cadence_lacks_is_refused(
    tmp_path: Path, cadence: str, day: str, wanted: str, name: str
) -> None:
    environ = {"VISTORA_SNAPSHOT_CADENCE": cadence, name: day}
    assert any(
        text.startswith(f"{name}='{day}'") and wanted in text
        for text in problems(tmp_path, environ)
    )


def test_the_default_first_snapshot_fits_every_cadence(tmp_path: Path) -> None:
    firsts = {
        cadence: load(tmp_path, VISTORA_SNAPSHOT_CADENCE=cadence).snapshots.first
        for cadence in ("monthly", "weekly", "daily")
    }
    assert firsts == {
        "monthly": date(2020, 1, 1),
        "weekly": date(2020, 1, 6),
        "daily": date(2020, 1, 1),
    }


def test_the_last_snapshot_may_equal_the_first_and_not_precede_it(tmp_path: Path) -> None:
    environ = {"VISTORA_FIRST_SNAPSHOT": "1998-04-01", "VISTORA_LAST_SNAPSHOT": "1998-04-01"}
    assert Settings.load(environ, root=tmp_path).snapshots.last == date(1998, 4, 1)
    environ["VISTORA_LAST_SNAPSHOT"] = "1998-03-01"
    assert "lies before" in problems(tmp_path, environ)[0]


def test_data_that_ends_before_the_first_snapshot_is_refused(tmp_path: Path) -> None:
    environ = {"VISTORA_FIRST_SNAPSHOT": "1998-04-01", "VISTORA_DATA_UNTIL": "1998-04-01"}
    assert "is not after" in problems(tmp_path, environ)[0]


# --- names and sources ---


def test_names_are_folded_to_upper_case_as_snowflake_does(tmp_path: Path) -> None:
    settings = load(tmp_path, SNOWFLAKE_DATABASE="my_db", VISTORA_SCHEMA_RAW="landing")
    assert (settings.objects.database, settings.objects.raw) == ("MY_DB", "LANDING")


def test_two_schemas_may_not_be_one(tmp_path: Path) -> None:
    assert "its own schema" in problems(tmp_path, {"VISTORA_SCHEMA_RAW": "ml"})[0]


def test_an_events_table_keeps_quoted_names_and_folds_the_others(tmp_path: Path) -> None:
    table = load(
        tmp_path,
        VISTORA_EVENTS_TABLE='shop."Order Lines".v1',
        VISTORA_EVENTS_MAP='event_id=id, USER_ID="Customer, No."',
        VISTORA_EVENTS_SET="event_type=purchase",
        VISTORA_EVENTS_HIGH_WATER="updated_at",
    ).source.table
    assert table is not None
    assert table.name == 'SHOP."Order Lines".V1'
    assert table.columns == {"event_id": "ID", "user_id": '"Customer, No."'}
    assert table.constants == {"event_type": "purchase"}
    assert table.high_water == "UPDATED_AT"


@pytest.mark.parametrize("mapping", [None, "user_id=CUSTOMER"])
def test_an_events_table_must_say_what_identifies_an_event(
    tmp_path: Path, mapping: str | None
) -> None:
    environ = {"VISTORA_EVENTS_TABLE": "orders"} | (
        {"VISTORA_EVENTS_MAP": mapping} if mapping else {}
    )
    (problem,) = problems(tmp_path, environ)
    assert "names no event_id" in problem


@pytest.mark.parametrize(
    "mapping", ["event_id", "event_id=", "event_id=A,event_id=B", "id=A", 'event_id="A']
)
def test_a_map_that_cannot_be_read_is_refused(tmp_path: Path, mapping: str) -> None:
    environ = {"VISTORA_EVENTS_TABLE": "orders", "VISTORA_EVENTS_MAP": mapping}
    assert any(
        text.startswith(f"VISTORA_EVENTS_MAP='{mapping}'") for text in problems(tmp_path, environ)
    )


def test_a_map_without_a_table_is_refused(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, {"VISTORA_EVENTS_MAP": "event_id=ID"})
    assert "VISTORA_EVENTS_TABLE is not" in problem


def test_a_column_is_mapped_or_set_and_not_both(tmp_path: Path) -> None:
    (problem,) = problems(
        tmp_path,
        {
            "VISTORA_EVENTS_TABLE": "orders",
            "VISTORA_EVENTS_MAP": "event_id=ID,event_type=KIND",
            "VISTORA_EVENTS_SET": "event_type=purchase",
        },
    )
    assert problem.startswith("event_type stands in both")


# --- accounts ---


def test_a_password_logs_in(tmp_path: Path) -> None:
    connection = Settings.load(PASSWORD_LOGIN, root=tmp_path).connection
    assert isinstance(connection, Account)
    assert connection.connect_arguments() == {
        "account": "MYORG-MYACCOUNT",
        "user": "VISTORA",
        "password": KEY,
        "warehouse": "ML_WH",
        "database": "ML_DEMO",
        "session_parameters": {"TIMEZONE": "UTC", "QUERY_TAG": "vistora"},
    }


def test_a_key_pair_logs_in(tmp_path: Path, key_file: str) -> None:
    environ = without(PASSWORD_LOGIN, "SNOWFLAKE_PASSWORD") | {
        "SNOWFLAKE_PRIVATE_KEY_PATH": key_file,
        "SNOWFLAKE_PRIVATE_KEY_PASSPHRASE": KEY,
        "SNOWFLAKE_ROLE": "vistora_pipeline",
    }
    connection = Settings.load(environ, root=tmp_path).connection
    assert isinstance(connection, Account)
    arguments = connection.connect_arguments()
    assert arguments["authenticator"] == "snowflake_jwt"
    assert (arguments["private_key_file"], arguments["private_key_file_pwd"]) == (key_file, KEY)
    assert arguments["role"] == "VISTORA_PIPELINE"


@pytest.mark.parametrize("authenticator", ["oauth", "PROGRAMMATIC_ACCESS_TOKEN"])
def test_a_token_logs_in_once_its_kind_is_said(tmp_path: Path, authenticator: str) -> None:
    environ = without(PASSWORD_LOGIN, "SNOWFLAKE_PASSWORD", "SNOWFLAKE_USER") | {
        "SNOWFLAKE_TOKEN": KEY
    }
    (problem,) = problems(tmp_path, environ)
    assert "oauth or programmatic_access_token" in problem
    environ["SNOWFLAKE_AUTHENTICATOR"] = authenticator
    connection = Settings.load(environ, root=tmp_path).connection
    assert isinstance(connection, Account)
    assert connection.connect_arguments()["token"] == KEY
    assert connection.authenticator == authenticator.lower()


def test_a_tokens_file_is_read_at_each_connection_without_its_closing_newline(
    tmp_path: Path,
) -> None:
    file = tmp_path / "token"
    file.write_text("first\n")
    environ = without(PASSWORD_LOGIN, "SNOWFLAKE_PASSWORD") | {
        "SNOWFLAKE_TOKEN_FILE_PATH": str(file),
        "SNOWFLAKE_AUTHENTICATOR": "oauth",
    }
    connection = Settings.load(environ, root=tmp_path).connection
    assert isinstance(connection, Account)
    assert connection.connect_arguments()["token"] == "first"
    file.write_text("second\n")
    assert connection.connect_arguments()["token"] == "second"
    file.write_text("\n")
    with pytest.raises(SettingsError, match="is empty"):
        connection.connect_arguments()


def test_a_browser_logs_in(tmp_path: Path) -> None:
    environ = without(PASSWORD_LOGIN, "SNOWFLAKE_PASSWORD") | {
        "SNOWFLAKE_AUTHENTICATOR": "externalbrowser"
    }
    assert Settings.load(environ, root=tmp_path).environment == "prod"


def test_an_okta_tenant_goes_with_a_password(tmp_path: Path) -> None:
    environ = PASSWORD_LOGIN | {"SNOWFLAKE_AUTHENTICATOR": "https://tenant.okta.com"}
    connection = Settings.load(environ, root=tmp_path).connection
    assert isinstance(connection, Account)
    assert connection.authenticator == "https://tenant.okta.com"


def test_a_named_connection_brings_everything_with_it(tmp_path: Path) -> None:
    environ = {"VISTORA_ENV": "dev", "SNOWFLAKE_CONNECTION_NAME": "work"}
    connection = Settings.load(environ, root=tmp_path).connection
    assert isinstance(connection, Account)
    arguments = connection.connect_arguments()
    assert arguments["connection_name"] == "work"
    assert not {"account", "user", "password", "authenticator"} & set(arguments)


def test_a_named_connection_allows_no_second_way(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, PASSWORD_LOGIN | {"SNOWFLAKE_CONNECTION_NAME": "work"})
    assert "SNOWFLAKE_PASSWORD, SNOWFLAKE_ACCOUNT, SNOWFLAKE_USER" in problem


def test_an_account_without_a_way_to_log_in_is_told_all_ways(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, {"VISTORA_ENV": "staging"})
    for variable in (
        "SNOWFLAKE_PRIVATE_KEY_PATH",
        "SNOWFLAKE_TOKEN",
        "SNOWFLAKE_PASSWORD",
        "SNOWFLAKE_CONNECTION_NAME",
        "externalbrowser",
    ):
        assert variable in problem


def test_two_ways_to_log_in_are_one_too_many(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, PASSWORD_LOGIN | {"SNOWFLAKE_TOKEN": "t"})
    assert problem == (
        "SNOWFLAKE_TOKEN, SNOWFLAKE_PASSWORD are different ways to authenticate: keep exactly one."
    )


@pytest.mark.parametrize("missing", ["SNOWFLAKE_ACCOUNT", "SNOWFLAKE_USER"])
def test_what_a_way_needs_is_named_when_it_is_missing(tmp_path: Path, missing: str) -> None:
    (problem,) = problems(tmp_path, without(PASSWORD_LOGIN, missing))
    assert problem.startswith(f"{missing} is not set")


def test_an_authenticator_that_contradicts_the_credentials_is_refused(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, PASSWORD_LOGIN | {"SNOWFLAKE_AUTHENTICATOR": "oauth"})
    assert "does not go with SNOWFLAKE_PASSWORD" in problem


def test_a_passphrase_without_its_key_is_refused(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, PASSWORD_LOGIN | {"SNOWFLAKE_PRIVATE_KEY_PASSPHRASE": KEY})
    assert "SNOWFLAKE_PRIVATE_KEY_PATH is not" in problem


def test_a_key_that_is_not_there_is_named(tmp_path: Path) -> None:
    environ = without(PASSWORD_LOGIN, "SNOWFLAKE_PASSWORD") | {
        "SNOWFLAKE_PRIVATE_KEY_PATH": str(tmp_path / "absent.p8")
    }
    (problem,) = problems(tmp_path, environ)
    assert "absent.p8' is not the path of a readable file" in problem


def test_an_address_is_not_an_account(tmp_path: Path) -> None:
    environ = PASSWORD_LOGIN | {"SNOWFLAKE_ACCOUNT": "https://myorg-x.snowflakecomputing.com"}
    assert problems(tmp_path, environ)[0].startswith("SNOWFLAKE_ACCOUNT='https://")


def test_no_secret_is_shown_by_repr_or_by_an_error(tmp_path: Path, key_file: str) -> None:
    secrets = {
        "SNOWFLAKE_PASSWORD": KEY,
        "SNOWFLAKE_TOKEN": KEY,
        "SNOWFLAKE_PRIVATE_KEY_PASSPHRASE": KEY,
    }
    assert {variable.name for variable in VARIABLES if variable.secret} == set(secrets)
    assert KEY not in repr(Settings.load(PASSWORD_LOGIN, root=tmp_path))
    everything = PASSWORD_LOGIN | secrets | {"SNOWFLAKE_PRIVATE_KEY_PATH": key_file}
    assert KEY not in "\n".join(problems(tmp_path, everything))


def test_sensors_stand_still_on_an_account_until_asked(tmp_path: Path) -> None:
    assert not Settings.load(PASSWORD_LOGIN, root=tmp_path).automation
    asked = PASSWORD_LOGIN | {"VISTORA_AUTOMATION": "on"}
    assert Settings.load(asked, root=tmp_path).automation


# --- the root and the local file ---


def test_the_root_is_the_nearest_parent_with_a_workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "workspace.yaml").touch()
    (tmp_path / "a" / "workspace.yaml").touch()
    monkeypatch.chdir(inner)
    assert Settings.load({}).root == (tmp_path / "a").resolve()


def test_a_declared_root_wins_over_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared = tmp_path / "declared"
    declared.mkdir()
    (tmp_path / "workspace.yaml").touch()
    monkeypatch.chdir(tmp_path)
    assert Settings.load({"VISTORA_ROOT": str(declared)}).root == declared.resolve()


def test_local_values_lie_below_the_environment(tmp_path: Path) -> None:
    write_local_settings(tmp_path, {"VISTORA_SEED": "7", "VISTORA_HORIZON_DAYS": "30"})
    settings = load(tmp_path, VISTORA_HORIZON_DAYS="60")
    assert (settings.seed, settings.snapshots.horizon_days) == (7, 60)


def test_local_values_do_not_reach_an_account(tmp_path: Path) -> None:
    write_local_settings(tmp_path, {"VISTORA_SEED": "7"})
    assert Settings.load(PASSWORD_LOGIN, root=tmp_path).seed == 0


def test_writing_local_values_replaces_the_file_for_its_owner_alone(tmp_path: Path) -> None:
    write_local_settings(tmp_path, {"VISTORA_SEED": "7"})
    path = write_local_settings(tmp_path, {"VISTORA_LABEL": "net"})
    assert path.read_text() == "VISTORA_LABEL=net\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("VISTORA_ENV", "set it in the environment"),
        ("SNOWFLAKE_PASSWORD", "belongs to an account"),
        ("VISTORA_SEEED", "did you mean VISTORA_SEED?"),
    ],
)
def test_what_the_local_file_may_not_set_is_neither_written_nor_read(
    tmp_path: Path, name: str, reason: str
) -> None:
    with pytest.raises(SettingsError, match=re.escape(reason)):
        write_local_settings(tmp_path, {name: "x"})
    path = tmp_path / LOCAL_SETTINGS_FILE
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"# comment\n\n{name}=x\n")
    (problem,) = problems(tmp_path, {})
    assert f"{path}, line 3" in problem
    assert reason in problem


def test_a_line_of_the_local_file_that_is_no_setting_is_named(tmp_path: Path) -> None:
    path = tmp_path / LOCAL_SETTINGS_FILE
    path.parent.mkdir()
    path.write_text("VISTORA_SEED\n")
    (problem,) = problems(tmp_path, {})
    assert "line 1 is not KEY=VALUE" in problem


# --- promises to the rest ---


def test_settings_travel_between_processes(tmp_path: Path) -> None:
    settings = load(tmp_path, VISTORA_EVENTS_TABLE="orders", VISTORA_EVENTS_MAP="event_id=ID")
    assert pickle.loads(pickle.dumps(settings)) == settings


def test_reading_settings_loads_no_heavy_library() -> None:
    code = "import sys, vistora_assets.settings as s; s.Settings.load({}); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    # The bare `snowflake` namespace is put there by the interpreter's own .pth files.
    heavy = {"dagster", "pandas", "numpy", "pydantic", "duckdb", "embedded_snowflake"} | {
        "snowflake.connector",
        "snowflake.snowpark",
        "snowflake.ml",
    }
    assert not heavy & set(done.stdout.split())


def test_every_default_is_allowed(tmp_path: Path) -> None:
    defaults = {variable.name: variable.default for variable in VARIABLES if variable.default}
    assert Settings.load(defaults, root=tmp_path) == load(tmp_path)


def test_the_documentation_lists_every_variable_as_it_is() -> None:
    text = (PROJECT / "docs" / "running.md").read_text()
    assert settings_table() in text


def test_the_example_environment_names_every_variable_and_no_other() -> None:
    text = (PROJECT / ".env.example").read_text()
    named = re.findall(r"^#? ?((?:VISTORA|SNOWFLAKE)_[A-Z_]+)=", text, re.MULTILINE)
    assert sorted(named) == sorted(variable.name for variable in VARIABLES)
