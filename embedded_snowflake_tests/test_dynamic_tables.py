"""Dynamic tables: content as of the last refresh, options as given, refreshes all or nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import snowflake.connector

from embedded_snowflake_tests.test_tags import rows
from embedded_snowflake_tests.test_views import table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from snowflake.connector.cursor import SnowflakeCursor

    from embedded_snowflake import ConnectionInfo

HISTORY = (
    "SELECT name, state, refresh_action, refresh_trigger FROM TABLE("
    "dynamic_tests.INFORMATION_SCHEMA.DYNAMIC_TABLE_REFRESH_HISTORY(RESULT_LIMIT => 10)) "
    "WHERE name = '{}' ORDER BY refresh_start_time"
)


@pytest.fixture(scope="module")
def cursor(server: ConnectionInfo) -> Iterator[SnowflakeCursor]:
    with snowflake.connector.connect(**server.connect_arguments()) as connection:
        cursor = connection.cursor()
        for warehouse in ("w", "big", "other"):
            cursor.execute(f"CREATE WAREHOUSE IF NOT EXISTS {warehouse}")
        cursor.execute("CREATE OR REPLACE DATABASE dynamic_tests")
        cursor.execute("CREATE TABLE t (a INT, b STRING)")
        cursor.execute("INSERT INTO t VALUES (1, '1')")
        yield cursor


def create(name: str, query: str = "SELECT a, b FROM t", options: str = "") -> str:
    return f"CREATE DYNAMIC TABLE {name} TARGET_LAG = '1 hour' WAREHOUSE = w {options} AS {query}"


def test_content_changes_by_refresh_alone(cursor: SnowflakeCursor) -> None:
    cursor.execute(create("refreshed"))
    cursor.execute("INSERT INTO t VALUES (2, '2')")
    assert table(cursor, "SELECT a FROM refreshed ORDER BY a") == [(1,)]
    cursor.execute("ALTER DYNAMIC TABLE refreshed REFRESH")
    assert table(cursor, "SELECT a FROM refreshed ORDER BY a") == [(1,), (2,)]
    assert table(cursor, HISTORY.format("REFRESHED")) == [
        ("REFRESHED", "SUCCEEDED", "REINITIALIZE", "CREATION"),
        ("REFRESHED", "SUCCEEDED", "FULL", "MANUAL"),
    ]


def test_a_refresh_that_fails_changes_nothing_and_is_recorded(cursor: SnowflakeCursor) -> None:
    cursor.execute("CREATE TABLE texts (x STRING)")
    cursor.execute("INSERT INTO texts VALUES ('1')")
    cursor.execute(create("numbers", "SELECT CAST(x AS INT) n FROM texts"))
    cursor.execute("INSERT INTO texts VALUES ('two')")
    with pytest.raises(snowflake.connector.ProgrammingError):
        cursor.execute("ALTER DYNAMIC TABLE numbers REFRESH")
    assert table(cursor, "SELECT n FROM numbers") == [(1,)]
    assert [row[1] for row in table(cursor, HISTORY.format("NUMBERS"))] == ["SUCCEEDED", "FAILED"]


def test_many_who_refresh_and_write_at_once_neither_fail_nor_lose_a_row(
    cursor: SnowflakeCursor, server: ConnectionInfo
) -> None:
    cursor.execute("CREATE TABLE busy (a INT)")
    cursor.execute(create("busy_sum", "SELECT COUNT(*) n FROM busy"))

    def work(number: int) -> None:
        with snowflake.connector.connect(
            **server.connect_arguments(), database="DYNAMIC_TESTS", schema="PUBLIC"
        ) as own:
            for step in range(30):
                if step % 3 == 0:
                    own.cursor().execute(f"INSERT INTO busy VALUES ({100 * number + step})")
                own.cursor().execute("ALTER DYNAMIC TABLE busy_sum REFRESH")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    cursor.execute("ALTER DYNAMIC TABLE busy_sum REFRESH")
    assert table(cursor, "SELECT n FROM busy_sum") == [(40,)]


def test_options_are_shown_as_given(cursor: SnowflakeCursor) -> None:
    cursor.execute(
        create(
            "shown",
            options="REFRESH_MODE = INCREMENTAL INITIALIZE = ON_SCHEDULE CLUSTER BY (a, b) "
            "INITIALIZATION_WAREHOUSE = big COMMENT = 'it''s shown'",
        )
    )
    (row,) = rows(cursor, "SHOW DYNAMIC TABLES LIKE 'SHOWN' IN SCHEMA dynamic_tests.public")
    assert {
        key: row[key]
        for key in (
            "target_lag",
            "warehouse",
            "initialization_warehouse",
            "refresh_mode",
            "cluster_by",
            "comment",
            "scheduling_state",
        )
    } == {
        "target_lag": "1 hour",
        "warehouse": "W",
        "initialization_warehouse": "BIG",
        "refresh_mode": "INCREMENTAL",
        "cluster_by": "LINEAR(a, b)",
        "comment": "it's shown",
        "scheduling_state": "ACTIVE",
    }
    assert row["text"].startswith("CREATE DYNAMIC TABLE shown TARGET_LAG = '1 hour'")
    cursor.execute("ALTER DYNAMIC TABLE shown SET TARGET_LAG = DOWNSTREAM WAREHOUSE = other")
    cursor.execute("ALTER DYNAMIC TABLE shown SUSPEND")
    (row,) = rows(cursor, "SHOW DYNAMIC TABLES LIKE 'SHOWN'")
    assert (row["target_lag"], row["warehouse"]) == ("DOWNSTREAM", "OTHER")
    assert row["scheduling_state"] == "SUSPENDED"


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("CREATE DYNAMIC TABLE bad WAREHOUSE = w AS SELECT 1 a", "missing option TARGET_LAG"),
        (
            "CREATE DYNAMIC TABLE bad TARGET_LAG = '1 hour' WAREHOUSE = never_wh AS SELECT 1 a",
            "does not exist",
        ),
        (
            "CREATE DYNAMIC TABLE bad TARGET_LAG = '1 hour' AS SELECT 1 a",
            "missing option WAREHOUSE",
        ),
        (
            "CREATE DYNAMIC TABLE bad TARGET_LAG = 'soon' WAREHOUSE = w AS SELECT 1 a",
            "invalid TARGET_LAG 'soon'",
        ),
        (
            "CREATE DYNAMIC TABLE bad TARGET_LAG = '1 hour' WAREHOUSE = w REFRESH_MODE = S AS SELECT 1",
            "invalid REFRESH_MODE 'S'",
        ),
    ],
)
def test_an_option_that_is_missing_or_wrong_is_refused(
    cursor: SnowflakeCursor, statement: str, sentence: str
) -> None:
    with pytest.raises(snowflake.connector.ProgrammingError, match=sentence):
        cursor.execute(statement)


def test_columns_are_named_and_commented(cursor: SnowflakeCursor) -> None:
    cursor.execute(
        "CREATE DYNAMIC TABLE commented (n COMMENT 'a number', s) TARGET_LAG = '1 hour' "
        "WAREHOUSE = w AS SELECT a, b FROM t"
    )
    cursor.execute("ALTER DYNAMIC TABLE commented REFRESH")
    described = rows(cursor, "DESC DYNAMIC TABLE commented")
    assert [(r["name"], r["comment"]) for r in described] == [("N", "a number"), ("S", None)]


def test_a_view_takes_its_name_only_once_it_has_another_or_is_gone(cursor: SnowflakeCursor) -> None:
    cursor.execute(create("former"))
    with pytest.raises(snowflake.connector.ProgrammingError, match="already exists"):
        cursor.execute("CREATE OR REPLACE VIEW former AS SELECT 1 a")
    cursor.execute("ALTER DYNAMIC TABLE IF EXISTS former RENAME TO old_former")
    cursor.execute("CREATE VIEW former AS SELECT 9 a")
    assert table(cursor, "SELECT a FROM former") == [(9,)]
    cursor.execute("ALTER DYNAMIC TABLE old_former REFRESH")
    cursor.execute("DROP DYNAMIC TABLE old_former")
    cursor.execute("DROP DYNAMIC TABLE IF EXISTS old_former")
    with pytest.raises(snowflake.connector.ProgrammingError, match="does not exist or not author"):
        cursor.execute("ALTER DYNAMIC TABLE old_former REFRESH")


def test_rows_of_a_dynamic_table_cannot_be_written(cursor: SnowflakeCursor) -> None:
    cursor.execute(create("read_only"))
    with pytest.raises(snowflake.connector.ProgrammingError, match=r"(?i)dynamic table"):
        cursor.execute("INSERT INTO read_only VALUES (1, 'x')")


def test_a_statement_about_a_table_takes_no_dynamic_table(cursor: SnowflakeCursor) -> None:
    cursor.execute(create("no_table", "SELECT a FROM t"))
    for sql, number in (
        ("CREATE OR REPLACE TABLE no_table (z INT)", 1998),
        ("TRUNCATE TABLE no_table", 2203),
        ("DROP TABLE no_table", 2203),
    ):
        with pytest.raises(snowflake.connector.ProgrammingError) as caught:
            cursor.execute(sql)
        assert caught.value.errno == number
    cursor.execute("ALTER DYNAMIC TABLE no_table REFRESH")
    cursor.execute("DROP DYNAMIC TABLE no_table")


def test_a_dynamic_table_of_a_temporary_one_is_refused(cursor: SnowflakeCursor) -> None:
    cursor.execute("CREATE OR REPLACE TEMPORARY TABLE passing (a INT)")
    with pytest.raises(snowflake.connector.ProgrammingError, match="reads a temporary one"):
        cursor.execute(create("of_passing", "SELECT a FROM passing"))


def test_dynamic_tables_that_read_each_other_are_refused(cursor: SnowflakeCursor) -> None:
    cursor.execute(create("ring_1"))
    cursor.execute(create("ring_2", "SELECT a, b FROM ring_1"))
    cursor.execute(create("ring_3", "SELECT a, b FROM ring_2"))
    with pytest.raises(snowflake.connector.ProgrammingError, match="which it reads"):
        cursor.execute(
            create("ring_1", "SELECT a, b FROM ring_3").replace("CREATE", "CREATE OR REPLACE")
        )
    cursor.execute("CREATE TABLE ring_0 (a INT, b INT)")
    cursor.execute(create("ring_4", "SELECT a, b FROM ring_0"))
    cursor.execute(create("ring_5", "SELECT a, b FROM ring_4"))
    cursor.execute("DROP TABLE ring_0")
    cursor.execute("ALTER DYNAMIC TABLE ring_5 RENAME TO ring_0")
    with pytest.raises(snowflake.connector.ProgrammingError, match="which it reads"):
        cursor.execute("ALTER DYNAMIC TABLE ring_4 REFRESH")


def test_a_dynamic_tables_comment_is_not_set_as_a_tables(cursor: SnowflakeCursor) -> None:
    cursor.execute(create("said"))
    with pytest.raises(snowflake.connector.ProgrammingError, match="SET COMMENT"):
        cursor.execute("COMMENT ON TABLE said IS 'x'")
