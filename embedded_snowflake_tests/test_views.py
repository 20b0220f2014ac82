"""Views: later data is seen, the text and comments are kept, names are the view's schema's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
        cursor.execute("CREATE OR REPLACE DATABASE view_tests")
        cursor.execute("CREATE TABLE t (a INT, b STRING)")
        cursor.execute("INSERT INTO t VALUES (1, 'x')")
        yield cursor


def table(cursor: SnowflakeCursor, sql: str) -> list[tuple[Any, ...]]:
    found = cursor.execute(sql)
    assert found is not None
    return [tuple(row) for row in found.fetchall()]


def test_a_view_sees_later_data_under_its_own_column_names(cursor: SnowflakeCursor) -> None:
    cursor.execute("CREATE VIEW renaming (n COMMENT 'the number', \"Text\") AS SELECT a, b FROM t")
    cursor.execute("INSERT INTO t VALUES (2, 'y')")
    assert table(cursor, 'SELECT n, "Text" FROM renaming ORDER BY n') == [(1, "x"), (2, "y")]
    described = rows(cursor, "DESC VIEW renaming")
    assert [(r["name"], r["comment"]) for r in described] == [("N", "the number"), ("Text", None)]


def test_the_statement_is_shown_as_it_was_written(cursor: SnowflakeCursor) -> None:
    text = "create or replace  view shown_view\n  comment = 'it''s (AS) shown' as\n select a from t"
    cursor.execute(text)
    (row,) = rows(cursor, "SHOW VIEWS LIKE 'SHOWN_VIEW' IN view_tests.public")
    assert (row["text"], row["comment"]) == (text, "it's (AS) shown")
    assert (
        rows(cursor, "SHOW VIEWS LIKE 'SHOWN_VIEW' IN SCHEMA view_tests.information_schema") == []
    )


def test_names_without_a_schema_are_looked_up_beside_the_view(cursor: SnowflakeCursor) -> None:
    cursor.execute("CREATE SCHEMA elsewhere")
    cursor.execute("CREATE TABLE elsewhere.near (a INT)")
    cursor.execute("USE SCHEMA public")
    cursor.execute("CREATE VIEW elsewhere.finds AS WITH t AS (SELECT a FROM near) SELECT * FROM t")
    assert table(cursor, "SELECT * FROM elsewhere.finds") == []
    with pytest.raises(snowflake.connector.ProgrammingError, match="does not exist or not author"):
        cursor.execute("CREATE VIEW elsewhere.lost AS SELECT b FROM t")


def test_a_view_is_made_once_and_takes_no_others_name(cursor: SnowflakeCursor) -> None:
    cursor.execute("CREATE VIEW one_view AS SELECT 1 a")
    cursor.execute("CREATE VIEW IF NOT EXISTS one_view AS SELECT 2 a")
    with pytest.raises(snowflake.connector.ProgrammingError, match="already exists") as caught:
        cursor.execute("CREATE VIEW one_view AS SELECT 3 a")
    assert caught.value.errno == 2002
    assert table(cursor, "SELECT a FROM one_view") == [(1,)]
    with pytest.raises(snowflake.connector.ProgrammingError, match="already exists"):
        cursor.execute("CREATE OR REPLACE VIEW t AS SELECT 1 a")
    cursor.execute("CREATE OR REPLACE VIEW one_view AS SELECT 4 a")
    assert table(cursor, "SELECT a FROM one_view") == [(4,)]


def test_a_view_that_cannot_be_leaves_the_former_one(cursor: SnowflakeCursor) -> None:
    cursor.execute("CREATE VIEW kept AS SELECT 1 a")
    with pytest.raises(snowflake.connector.ProgrammingError):
        cursor.execute("CREATE OR REPLACE VIEW kept AS SELECT no_such_column FROM t")
    assert table(cursor, "SELECT a FROM kept") == [(1,)]
    dynamic = "DYNAMIC TABLE calling TARGET_LAG = '1 day' WAREHOUSE = w"
    for what in ("VIEW calling", dynamic):
        with pytest.raises(snowflake.connector.ProgrammingError, match="calls a model"):
            cursor.execute(f"CREATE {what} AS SELECT m!predict(a) p FROM t")


def test_a_view_is_altered_renamed_and_dropped(cursor: SnowflakeCursor) -> None:
    cursor.execute("CREATE VIEW moving AS SELECT 1 a")
    cursor.execute("ALTER VIEW moving SET COMMENT = 'moved'")
    cursor.execute("ALTER VIEW IF EXISTS moving RENAME TO moved_view")
    (row,) = rows(cursor, "SHOW VIEWS LIKE 'MOV%'")
    assert (row["name"], row["comment"]) == ("MOVED_VIEW", "moved")
    cursor.execute("DROP VIEW moved_view")
    cursor.execute("DROP VIEW IF EXISTS moved_view")
    with pytest.raises(snowflake.connector.ProgrammingError, match="does not exist or not author"):
        cursor.execute("DROP VIEW moved_view")
    assert rows(cursor, "SHOW VIEWS LIKE 'MOV%'") == []


def test_a_view_changes_when_a_table_beneath_it_does(cursor: SnowflakeCursor) -> None:
    """Who polls a view for new rows is told of them, through views on views as well."""
    cursor.execute("CREATE TABLE beneath (a INT)")
    cursor.execute("CREATE TABLE beside (a INT)")
    cursor.execute("CREATE VIEW over_it AS WITH c AS (SELECT a FROM beneath) SELECT a FROM c")
    cursor.execute("CREATE VIEW over_both AS SELECT o.a FROM over_it o JOIN t ON t.a = o.a")
    asked = "SELECT SYSTEM$LAST_CHANGE_COMMIT_TIME('over_both')"
    before = table(cursor, asked)
    cursor.execute("INSERT INTO beside VALUES (1)")
    assert table(cursor, asked) == before
    cursor.execute("INSERT INTO beneath VALUES (1)")
    after = table(cursor, asked)
    assert int(after[0][0]) > int(before[0][0])
    cursor.execute("INSERT INTO t VALUES (9, 'z')")
    assert int(table(cursor, asked)[0][0]) > int(after[0][0])


def test_a_view_is_not_replaced_by_one_that_reads_itself(cursor: SnowflakeCursor) -> None:
    cursor.execute("CREATE VIEW first_view AS SELECT a FROM t WHERE a = 1")
    cursor.execute("CREATE VIEW second_view AS SELECT a FROM first_view")
    for read in ("first_view", "second_view"):
        with pytest.raises(snowflake.connector.errors.ProgrammingError, match="recursi"):
            cursor.execute(f"CREATE OR REPLACE VIEW first_view AS SELECT a FROM {read}")
    assert table(cursor, "SELECT a FROM second_view") == [(1,)]
