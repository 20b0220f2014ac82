"""Tasks are kept and shown; nothing runs them, and SHOW says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import snowflake.connector

from embedded_snowflake_tests.test_tags import rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from snowflake.connector.cursor import SnowflakeCursor

    from embedded_snowflake import ConnectionInfo


@pytest.fixture(scope="module")
def cursor(server: ConnectionInfo) -> Iterator[SnowflakeCursor]:
    with snowflake.connector.connect(**server.connect_arguments()) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE WAREHOUSE IF NOT EXISTS w")
        cursor.execute("CREATE OR REPLACE DATABASE task_tests")
        yield cursor


def test_a_task_is_shown_with_what_it_would_do_and_that_nothing_does(
    cursor: SnowflakeCursor,
) -> None:
    cursor.execute(
        "CREATE TASK nightly WAREHOUSE = w SCHEDULE = 'USING CRON 0 3 * * * UTC' "
        "COMMENT = 'at three' AS INSERT INTO t VALUES ('a;b')"
    )
    (row,) = rows(cursor, "SHOW TASKS LIKE 'NIGHTLY' IN SCHEMA task_tests.public")
    assert row["schedule"] == "USING CRON 0 3 * * * UTC"
    assert row["definition"] == "INSERT INTO t VALUES ('a;b')"
    assert (row["warehouse"], row["comment"], row["state"]) == ("W", "at three", "suspended")
    assert "runs no tasks" in row["last_suspended_reason"]
    with pytest.raises(snowflake.connector.ProgrammingError, match="runs no tasks"):
        cursor.execute("EXECUTE TASK nightly")


def test_a_schedule_changes_while_the_task_is_suspended(cursor: SnowflakeCursor) -> None:
    cursor.execute(
        "CREATE OR REPLACE TASK changing WAREHOUSE = w SCHEDULE = '5 MINUTE' AS SELECT 1"
    )
    cursor.execute("ALTER TASK changing RESUME")
    with pytest.raises(snowflake.connector.ProgrammingError, match="not suspended"):
        cursor.execute("ALTER TASK changing SET SCHEDULE = '10 MINUTE'")
    cursor.execute("ALTER TASK changing SUSPEND")
    cursor.execute("ALTER TASK changing SET SCHEDULE = '10 MINUTE'")
    cursor.execute("ALTER TASK changing RESUME")
    (row,) = rows(cursor, "SHOW TASKS LIKE 'CHANGING'")
    assert (row["schedule"], row["state"]) == ("10 MINUTE", "started")


def test_a_task_is_made_once_and_dropped(cursor: SnowflakeCursor) -> None:
    cursor.execute("CREATE TASK one_task WAREHOUSE = w AS SELECT 1")
    with pytest.raises(snowflake.connector.ProgrammingError, match="already exists"):
        cursor.execute("CREATE TASK one_task WAREHOUSE = w AS SELECT 1")
    cursor.execute("ALTER TASK IF EXISTS no_such_task SUSPEND")
    cursor.execute("DROP TASK one_task")
    cursor.execute("DROP TASK IF EXISTS one_task")
    with pytest.raises(snowflake.connector.ProgrammingError, match="does not exist or not author"):
        cursor.execute("DROP TASK one_task")
