"""Tags: what they allow, where they hang, and who can ask."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import snowflake.connector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from snowflake.connector.cursor import SnowflakeCursor

    from embedded_snowflake import ConnectionInfo


@pytest.fixture(scope="module")
def cursor(server: ConnectionInfo) -> Iterator[SnowflakeCursor]:
    with snowflake.connector.connect(**server.connect_arguments()) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE WAREHOUSE IF NOT EXISTS w")
        cursor.execute("CREATE OR REPLACE DATABASE tag_tests")
        cursor.execute("CREATE TABLE t (a INT)")
        yield cursor


def rows(cursor: SnowflakeCursor, sql: str) -> list[dict[str, Any]]:
    """The rows of a statement as dictionaries."""
    found = cursor.execute(sql)
    assert found is not None
    names = [column.name for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def value(cursor: SnowflakeCursor, tag: str, name: str = "t", domain: str = "table") -> Any:
    found = cursor.execute(f"SELECT SYSTEM$GET_TAG('{tag}', '{name}', '{domain}')")
    assert found is not None
    return found.fetchall()[0][0]


def test_a_tag_is_shown_with_its_allowed_values_and_comment(cursor: SnowflakeCursor) -> None:
    cursor.execute("CREATE TAG shown ALLOWED_VALUES 'a', 'b''c' COMMENT = 'it''s shown'")
    cursor.execute("CREATE TAG shown_not")
    (row,) = rows(cursor, "SHOW TAGS LIKE 'shown' IN SCHEMA tag_tests.public")
    assert (row["name"], row["comment"]) == ("SHOWN", "it's shown")
    assert json.loads(row["allowed_values"]) == ["a", "b'c"]
    assert (row["database_name"], row["schema_name"]) == ("TAG_TESTS", "PUBLIC")
    assert {r["name"] for r in rows(cursor, "SHOW TAGS IN DATABASE tag_tests")} >= {
        "SHOWN",
        "SHOWN_NOT",
    }
    cursor.execute("ALTER TAG shown SET COMMENT = 'other'")
    assert rows(cursor, "SHOW TAGS LIKE 'SHOWN'")[0]["comment"] == "other"


def test_a_tag_is_made_once(cursor: SnowflakeCursor) -> None:
    cursor.execute("CREATE TAG once COMMENT = 'first'")
    cursor.execute("CREATE TAG IF NOT EXISTS once COMMENT = 'second'")
    with pytest.raises(snowflake.connector.ProgrammingError, match="already exists") as caught:
        cursor.execute("CREATE TAG once")
    assert caught.value.errno == 2002
    assert rows(cursor, "SHOW TAGS LIKE 'ONCE'")[0]["comment"] == "first"
    cursor.execute("CREATE OR REPLACE TAG once")
    assert rows(cursor, "SHOW TAGS LIKE 'ONCE'")[0]["comment"] == ""


def test_a_tag_is_not_renamed_into_what_is_not_there_or_is_another_database(
    cursor: SnowflakeCursor,
) -> None:
    cursor.execute("CREATE OR REPLACE TAG staying")
    for to, words in (("never_schema.t", "does not exist"), ("never.public.t", "another database")):
        with pytest.raises(snowflake.connector.ProgrammingError, match=words):
            cursor.execute(f"ALTER TAG staying RENAME TO {to}")
    cursor.execute("SHOW TAGS LIKE 'STAYING'")
    assert len(cursor.fetchall()) == 1


def test_a_value_that_is_not_allowed_is_refused_and_changes_nothing(
    cursor: SnowflakeCursor,
) -> None:
    cursor.execute("CREATE TAG colour ALLOWED_VALUES 'red', 'green'")
    cursor.execute("ALTER TABLE t SET TAG colour = 'red'")
    with pytest.raises(snowflake.connector.ProgrammingError, match="'blue' is not an allowed"):
        cursor.execute("ALTER TABLE t SET TAG colour = 'blue'")
    assert value(cursor, "colour") == "red"
    cursor.execute("ALTER TAG colour ADD ALLOWED_VALUES 'blue'")
    cursor.execute("ALTER TABLE t SET TAG colour = 'blue'")
    assert value(cursor, "tag_tests.public.colour", "tag_tests.public.t") == "blue"
    with pytest.raises(snowflake.connector.ProgrammingError, match="at most 256"):
        cursor.execute(f"ALTER TABLE t SET TAG shown_not = '{'x' * 257}'")


def test_tags_are_set_and_unset_together(cursor: SnowflakeCursor) -> None:
    cursor.execute("CREATE TAG one")
    cursor.execute("CREATE TAG two")
    cursor.execute("ALTER TABLE t SET TAG one = '1', two = '2'")
    assert (value(cursor, "one"), value(cursor, "two")) == ("1", "2")
    cursor.execute("ALTER TABLE t UNSET TAG one, two")
    assert (value(cursor, "one"), value(cursor, "two")) == (None, None)
    with pytest.raises(snowflake.connector.ProgrammingError, match="does not exist or not author"):
        cursor.execute("ALTER TABLE t SET TAG no_such_tag = '1'")
    with pytest.raises(snowflake.connector.ProgrammingError, match="does not exist or not author"):
        cursor.execute("ALTER TABLE no_such_table SET TAG one = '1'")


def test_every_kind_of_object_bears_tags_and_loses_them_when_it_is_dropped(
    cursor: SnowflakeCursor,
) -> None:
    cursor.execute("CREATE TAG hangs")
    cursor.execute("CREATE VIEW v TAG (hangs = 'view') AS SELECT 1 a")
    cursor.execute("CREATE TASK k WAREHOUSE = w SCHEDULE = '5 MINUTE' AS SELECT 1")
    cursor.execute("ALTER TASK k SET TAG hangs = 'task'")
    cursor.execute(
        "CREATE DYNAMIC TABLE d TARGET_LAG = '1 hour' WAREHOUSE = w TAG (hangs = 'dynamic') "
        "AS SELECT 1 a"
    )
    cursor.execute("ALTER TABLE t SET TAG hangs = 'table'")
    found = cursor.execute(
        "SELECT ENTITY_DETAIL('TAG', 'tag_tests.public.hangs', '[\"TAG_REFERENCES_INTERNAL\"]')"
    )
    assert found is not None
    details = json.loads(found.fetchall()[0][0])["referencedEntities"]["tagReferenceList"]
    assert {(d["domain"], d["entityName"], d["tagValue"]) for d in details} == {
        ("TABLE", "V", "view"),
        ("TASK", "K", "task"),
        ("TABLE", "D", "dynamic"),
        ("TABLE", "T", "table"),
    }
    cursor.execute("DROP VIEW v")
    cursor.execute("DROP TASK k")
    cursor.execute("DROP DYNAMIC TABLE d")
    cursor.execute("CREATE VIEW v AS SELECT 1 a")
    assert value(cursor, "hangs", "v") is None
    references = rows(
        cursor,
        "SELECT tag_name, tag_value FROM TABLE(tag_tests.INFORMATION_SCHEMA.TAG_REFERENCES("
        "'tag_tests.public.t', 'table')) WHERE tag_name = 'HANGS'",
    )
    assert references == [{"TAG_NAME": "HANGS", "TAG_VALUE": "table"}]
    cursor.execute("DROP TAG hangs")
    with pytest.raises(snowflake.connector.ProgrammingError, match="does not exist or not author"):
        value(cursor, "hangs")


def test_a_dropped_tables_tags_do_not_return_with_its_name(cursor: SnowflakeCursor) -> None:
    cursor.execute("CREATE TAG IF NOT EXISTS gone")
    cursor.execute("CREATE TABLE passing (a INT)")
    cursor.execute("ALTER TABLE passing SET TAG gone = 'x'")
    cursor.execute("ALTER TABLE passing RENAME TO renamed")
    assert value(cursor, "gone", "renamed") == "x"
    cursor.execute("DROP TABLE renamed")
    cursor.execute("CREATE TABLE renamed (a INT)")
    assert value(cursor, "gone", "renamed") is None
