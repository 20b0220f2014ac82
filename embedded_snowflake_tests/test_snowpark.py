"""What Snowpark and bound statements send, asked through the real clients."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import snowflake.connector

from embedded_snowflake import ConnectionInfo

_ZONE = dt.timezone(dt.timedelta(hours=2))


@pytest.fixture(scope="module")
def session(server: ConnectionInfo) -> Iterator[Any]:
    """A Snowpark session in a database of its own."""
    from snowflake.snowpark import Session

    connection = snowflake.connector.connect(paramstyle="qmark", **server.connect_arguments())
    connection.cursor().execute("CREATE OR REPLACE DATABASE snowpark_tests")
    options: Any = {"connection": connection}
    opened = Session.builder.configs(options).create()
    yield opened
    opened.close()


def test_bound_values_are_described_by_their_types(session: Any) -> None:
    frame = session.sql("SELECT ? AS a, ? AS b", params=[1, 1.5])
    assert [type(one.datatype).__name__ for one in frame.schema] == ["LongType", "DoubleType"]
    frame.write.save_as_table("bound", mode="overwrite")
    assert [tuple(row) for row in session.table("bound").collect()] == [(1, 1.5)]


@pytest.mark.parametrize("operation", ["union", "union_all", "intersect", "except_"])
def test_set_operations_are_described(session: Any, operation: str) -> None:
    left = session.create_dataframe([[1, "a"]], ["x", "y"])
    right = session.create_dataframe([[2, "b"]], ["x", "y"])
    frame = getattr(left, operation)(right)
    assert frame.columns == ["X", "Y"]
    assert [type(one.datatype).__name__ for one in frame.schema] == ["LongType", "StringType"]


@pytest.mark.parametrize("kind", ["", "temp"])
def test_appending_makes_the_table_once(session: Any, kind: str) -> None:
    for number in (1, 2):
        frame = session.create_dataframe([[number]], ["x"])
        frame.write.mode("append").save_as_table(f"appended_{kind}", table_type=kind)
    assert session.table(f"appended_{kind}").sort("x").collect() == [(1,), (2,)]


def test_a_range_has_its_numbers(session: Any) -> None:
    assert session.range(2, 10, 3).sort("ID").collect() == [(2,), (5,), (8,)]


@pytest.mark.parametrize(
    ("sql", "values", "expected"),
    [
        ("SELECT ?::INT, ?::DATE", ["1", "2024-01-02"], (1, dt.date(2024, 1, 2))),
        ("SELECT :1::INT, :2, :1", ["1", "b"], (1, "b", "1")),
        ("SELECT PARSE_JSON(?):a::INT, {'b':1}:b::INT, ':1'", ['{"a": 5}'], (5, 1, ":1")),
    ],
)
def test_values_are_bound_wherever_they_stand(
    session: Any, sql: str, values: list[Any], expected: tuple[Any, ...]
) -> None:
    assert session.connection.cursor().execute(sql, values).fetchall() == [expected]


def test_flatten_of_a_frame(session: Any) -> None:
    from snowflake.snowpark import functions

    frame = session.sql("SELECT 1 AS id, PARSE_JSON('[5, 6]') AS a")
    found = frame.join_table_function(functions.flatten("a")).select("INDEX", "VALUE")
    assert found.sort("INDEX").collect() == [(0, "5"), (1, "6")]


@pytest.mark.parametrize("zone", ["TZ", "LTZ"])
def test_frames_of_times_with_a_zone(session: Any, zone: str) -> None:
    from snowflake.snowpark import types
    from snowflake.snowpark.exceptions import SnowparkSQLException

    moment = dt.datetime(2024, 1, 1, 1, 2, 3, tzinfo=_ZONE)
    kind = types.TimestampType(types.TimestampTimeZone[zone])
    schema = types.StructType([types.StructField("A", kind)])
    frame = session.create_dataframe([[moment], [None]], schema)
    if zone == "TZ":
        # Its offset would be lost: in UTC it has none.
        with pytest.raises(SnowparkSQLException, match="TIMESTAMP_TZ of another offset"):
            frame.collect()
        moment = moment.astimezone(dt.UTC)
        frame = session.create_dataframe([[moment], [None]], schema)
    assert sorted(frame.collect(), key=repr) == [(None,), (moment,)]
    assert frame.schema.fields[0].datatype == kind


def test_crosstab_names_its_columns_by_their_casts(session: Any) -> None:
    frame = session.create_dataframe([(1, 1), (1, 2), (2, 1), (2, 1)], ["key", "value"])
    found = frame.stat.crosstab("key", "value")
    names = ["CAST(1 AS NUMBER(38,0))", "CAST(2 AS NUMBER(38,0))"]
    shown = [[row["KEY"], *[row[name] for name in names]] for row in found.sort("KEY").collect()]
    assert shown == [[1, 1, 1], [2, 2, 0]]


def test_copying_with_transformations(session: Any, tmp_path: Path) -> None:
    from snowflake.snowpark import functions, types

    (tmp_path / "a.csv").write_text("1,a\n2,b\n")
    session.sql("CREATE OR REPLACE STAGE landed").collect()
    session.file.put(str(tmp_path / "a.csv"), "@landed", auto_compress=False)
    session.sql("CREATE OR REPLACE TABLE copied (x INT, y TEXT)").collect()
    text = types.StringType()
    schema = types.StructType([types.StructField(name, text) for name in ("a", "b")])
    changed = [functions.col("$1"), functions.upper(functions.col("$2"))]
    files = session.read.schema(schema).csv("@landed/a.csv")
    files.copy_into_table("copied", transformations=changed)
    assert session.table("copied").sort("x").collect() == [(1, "A"), (2, "B")]


def test_a_frame_becomes_a_dynamic_table(session: Any) -> None:
    session.create_dataframe([[1, "a"]], ["x", "y"]).write.save_as_table("to_keep")
    session.sql("CREATE WAREHOUSE IF NOT EXISTS keeping").collect()
    session.table("to_keep").create_or_replace_dynamic_table("kept", warehouse="keeping", lag="1d")
    assert session.table("kept").collect() == [(1, "a")]
    (row,) = session.sql("SHOW DYNAMIC TABLES LIKE 'kept'").collect()
    assert row["target_lag"] == "1 day"


@pytest.mark.parametrize("how", ["inner", "left", "right", "full"])
def test_frames_are_joined_without_a_condition(session: Any, how: str) -> None:
    left = session.create_dataframe([[1], [2]], ["x"])
    right = session.create_dataframe([["a"]], ["y"])
    assert sorted(left.join(right, how=how).collect()) == [(1, "a"), (2, "a")]
