"""Dynamic tables are refreshed by their target lag, upstream first, and only where data changed."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import snowflake.connector

import embedded_snowflake
from embedded_snowflake import errors
from embedded_snowflake.objects.relations import target_lags
from embedded_snowflake.sessions.session import Session
from embedded_snowflake.storage.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Warehouse:
    """An engine without a server, asked through one session."""

    def __init__(self, root: Path) -> None:
        self.engine = Engine(root)
        self.session = Session.of_the_system(self.engine)
        self.run("CREATE WAREHOUSE w")
        self.run("CREATE DATABASE d")
        self.run("CREATE TABLE t (a INT)")
        self.run("INSERT INTO t VALUES (1)")

    def run(self, sql: str) -> list[dict[str, object]]:
        found = self.session.execute(sql).table
        return [] if found is None else found.to_pylist()

    def create(self, name: str, lag: str, query: str, options: str = "") -> None:
        self.run(
            f"CREATE DYNAMIC TABLE {name} TARGET_LAG = {lag} WAREHOUSE = w {options} AS {query}"
        )

    def after(self, **passed: float) -> list[str]:
        """What is refreshed when so much time has passed."""
        now = datetime.now(UTC) + timedelta(**passed)
        return [name.name for name in target_lags.refresh_due(self.engine, now)]

    def content(self, name: str) -> list[object]:
        return [row["A"] for row in self.run(f"SELECT a FROM {name} ORDER BY a")]

    def history(self, name: str) -> list[tuple[object, ...]]:
        asked = (
            "SELECT state, refresh_action, refresh_trigger FROM TABLE("
            f"d.INFORMATION_SCHEMA.DYNAMIC_TABLE_REFRESH_HISTORY(NAME => 'd.public.{name}')) "
            "ORDER BY refresh_start_time"
        )
        return [tuple(row.values()) for row in self.run(asked)]


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    made = Warehouse(tmp_path)
    yield made
    made.session.close()
    made.engine.close()


def test_a_table_is_refreshed_before_it_is_older_than_its_lag(warehouse: Warehouse) -> None:
    warehouse.create("kept", "'1 hour'", "SELECT a FROM t")
    warehouse.run("INSERT INTO t VALUES (2)")
    assert warehouse.after(minutes=50) == []
    assert warehouse.content("kept") == [1]
    assert warehouse.after(minutes=60) == ["KEPT"]
    assert warehouse.content("kept") == [1, 2]


def test_where_nothing_changed_the_rows_stay_and_the_history_says_so(warehouse: Warehouse) -> None:
    warehouse.create("kept", "'1 minute'", "SELECT a FROM t")
    warehouse.after(minutes=1)
    warehouse.run("INSERT INTO t VALUES (2)")
    warehouse.after(minutes=2)
    assert warehouse.history("kept") == [
        ("SUCCEEDED", "REINITIALIZE", "CREATION"),
        ("SUCCEEDED", "NO_DATA", "SCHEDULED"),
        ("SUCCEEDED", "FULL", "SCHEDULED"),
    ]


def test_a_query_that_asks_the_clock_is_always_computed(warehouse: Warehouse) -> None:
    warehouse.create("clock", "'1 minute'", "SELECT CURRENT_TIMESTAMP() AS a")
    warehouse.after(minutes=1)
    assert warehouse.history("clock")[-1] == ("SUCCEEDED", "FULL", "SCHEDULED")


def test_what_is_upstream_is_refreshed_first_and_downstream_tables_only_with_it(
    warehouse: Warehouse,
) -> None:
    """DOWNSTREAM has no lag of its own; a manual refresh takes what it reads along as well."""
    warehouse.create("first", "DOWNSTREAM", "SELECT a FROM t")
    warehouse.run("CREATE VIEW raised AS SELECT a + 1 AS a FROM first")
    warehouse.create("second", "'1 minute'", "SELECT a FROM raised")
    warehouse.create("alone", "DOWNSTREAM", "SELECT a FROM t")
    warehouse.run("INSERT INTO t VALUES (5)")
    assert warehouse.after(minutes=1) == ["SECOND"]
    assert (warehouse.content("first"), warehouse.content("second")) == ([1, 5], [2, 6])
    assert warehouse.content("alone") == [1]
    warehouse.run("INSERT INTO t VALUES (8)")
    warehouse.run("ALTER DYNAMIC TABLE second REFRESH")
    assert warehouse.content("second") == [2, 6, 9]
    assert warehouse.history("first")[-1] == ("SUCCEEDED", "FULL", "MANUAL")


def test_one_that_waits_for_its_schedule_is_filled_at_the_next_look(warehouse: Warehouse) -> None:
    warehouse.create("later", "'1 day'", "SELECT a FROM t", "INITIALIZE = ON_SCHEDULE")
    with pytest.raises(errors.SnowflakeError, match="not initialized"):
        warehouse.content("later")
    assert warehouse.after() == ["LATER"]
    assert warehouse.content("later") == [1]


def test_a_suspended_table_and_those_that_read_it_wait(warehouse: Warehouse) -> None:
    warehouse.create("first", "'1 minute'", "SELECT a FROM t")
    warehouse.create("second", "'1 minute'", "SELECT a FROM first")
    warehouse.run("ALTER DYNAMIC TABLE first SUSPEND")
    assert warehouse.after(minutes=1) == []
    warehouse.run("ALTER DYNAMIC TABLE first RESUME")
    assert sorted(warehouse.after(minutes=1)) == ["FIRST", "SECOND"]


def test_five_failures_in_a_row_suspend_a_table_and_others_go_on(warehouse: Warehouse) -> None:
    warehouse.run("CREATE TABLE texts (a STRING)")
    warehouse.create("numbers", "'1 minute'", "SELECT a::INT AS a FROM texts")
    warehouse.create("other", "'1 minute'", "SELECT a FROM t")
    warehouse.run("INSERT INTO texts VALUES ('two')")
    for number in range(target_lags.FAILURES):
        (row,) = warehouse.run("SHOW DYNAMIC TABLES LIKE 'NUMBERS'")
        assert row["scheduling_state"] == "ACTIVE", number
        assert warehouse.after(minutes=1 + number) == ["OTHER"]
    (row,) = warehouse.run("SHOW DYNAMIC TABLES LIKE 'NUMBERS'")
    assert row["scheduling_state"] == "SUSPENDED"
    assert [one[0] for one in warehouse.history("numbers")[1:]] == ["FAILED"] * 5


def test_a_lag_below_a_minute_is_refused(warehouse: Warehouse) -> None:
    with pytest.raises(snowflake.connector.ProgrammingError, match="the minimum is 60 seconds"):
        warehouse.create("hasty", "'59 seconds'", "SELECT a FROM t")


@pytest.mark.soak
def test_a_running_server_keeps_a_lag_of_a_minute(tmp_path: Path) -> None:
    info = embedded_snowflake.ensure_running(tmp_path)
    try:
        with snowflake.connector.connect(**info.connect_arguments()) as connection:
            cursor = connection.cursor()
            cursor.execute("CREATE WAREHOUSE w")
            cursor.execute("CREATE DATABASE lag_tests")
            cursor.execute("CREATE TABLE t (a INT)")
            cursor.execute(
                "CREATE DYNAMIC TABLE kept TARGET_LAG = '1 minute' WAREHOUSE = w AS SELECT a FROM t"
            )
            cursor.execute("INSERT INTO t VALUES (1)")
            until = time.monotonic() + 75.0
            found: list[object] = []
            while not found and time.monotonic() < until:
                time.sleep(1.0)
                cursor.execute("SELECT a FROM kept")
                found = list(cursor.fetchall())
            assert found == [(1,)]
    finally:
        embedded_snowflake.stop(tmp_path)
