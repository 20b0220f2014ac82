"""Types as DESCRIBE shows them can be written again."""

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
        cursor.execute("CREATE OR REPLACE DATABASE table_tests")
        yield cursor


def test_a_table_can_be_made_of_the_types_that_describe_shows(cursor: SnowflakeCursor) -> None:
    """Who copies a table's columns by its description gets the same columns."""
    cursor.execute("CREATE OR REPLACE TABLE kinds (b BINARY, s VARCHAR, n NUMBER(9, 2), f FLOAT)")
    described = rows(cursor, "DESCRIBE TABLE kinds")
    listed = ", ".join(f"{row['name']} {row['type']}" for row in described)
    cursor.execute(f"CREATE OR REPLACE TABLE copied ({listed})")
    assert rows(cursor, "DESCRIBE TABLE copied") == described
    assert described[0]["type"] == "BINARY(8388608)"
    with pytest.raises(snowflake.connector.errors.Error):
        cursor.execute("CREATE OR REPLACE TABLE shorter (b BINARY(3))")
