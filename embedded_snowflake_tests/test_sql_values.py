"""Values of the SQL that the pipeline uses: as Snowflake's documentation gives them."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import snowflake.connector

from embedded_snowflake import ConnectionInfo


@pytest.fixture(scope="module")
def connection(server: ConnectionInfo) -> Iterator[Any]:
    """A session in a database of its own."""
    opened = snowflake.connector.connect(**server.connect_arguments())
    opened.cursor().execute("CREATE OR REPLACE DATABASE value_tests")
    yield opened
    opened.cursor().execute("DROP DATABASE value_tests")
    opened.close()


_TWO = "(SELECT 1 AS x, 'b' AS s UNION ALL SELECT 2, 'a')"

VALUES: list[tuple[str, Any]] = [
    (
        "TRY_TO_TIMESTAMP_NTZ('2025-10-01T09:00:00.123456')",
        dt.datetime(2025, 10, 1, 9, 0, 0, 123456),
    ),
    ("TRY_TO_TIMESTAMP_NTZ('2025-10-01')", dt.datetime(2025, 10, 1)),
    ("TRY_TO_TIMESTAMP_NTZ('2025-02-30 00:00:00')", None),
    ("TRY_TO_TIMESTAMP_NTZ('abc')", None),
    ("TRY_TO_TIMESTAMP_NTZ('')", None),
    ("TRY_TO_TIMESTAMP_NTZ('2025-10-01 09:00:00+02:00')", dt.datetime(2025, 10, 1, 9)),
    (
        "CONVERT_TIMEZONE('UTC', TRY_TO_TIMESTAMP_TZ('2025-10-01T09:00:00+02:00'))::TIMESTAMP_NTZ",
        dt.datetime(2025, 10, 1, 7),
    ),
    (
        "CONVERT_TIMEZONE('UTC', TRY_TO_TIMESTAMP_TZ('2025-10-01 09:00:00 +02:00'))::TIMESTAMP_NTZ",
        dt.datetime(2025, 10, 1, 7),
    ),
    (
        "CONVERT_TIMEZONE('America/New_York', 'UTC', '2025-01-01'::TIMESTAMP_NTZ)",
        dt.datetime(2025, 1, 1, 5),
    ),
    ("TRY_TO_DOUBLE('1e3')", 1000.0),
    ("TRY_TO_DOUBLE(' 5 ')", 5.0),
    ("TRY_TO_DOUBLE('-.5')", -0.5),
    ("TRY_TO_DOUBLE('abc')", None),
    ("TRY_TO_DOUBLE('')", None),
    ("TRY_TO_DOUBLE('1_000')", None),
    ("TRY_CAST('1_000' AS DOUBLE)", None),
    ("TRY_TO_DOUBLE('inf')", math.inf),
    ("TRY_TO_DECIMAL('12.345', 10, 2)", Decimal("12.35")),
    ("TRY_TO_NUMBER('x')", None),
    ("TO_DATE('2025-03-04')", dt.date(2025, 3, 4)),
    ("DATEADD('month', 1, '2025-01-31'::DATE)", dt.date(2025, 2, 28)),
    ("DATEADD(day, -3, '2025-01-31'::TIMESTAMP_NTZ)", dt.datetime(2025, 1, 28)),
    ("DATEDIFF('month', '2025-01-31'::DATE, '2025-02-01'::DATE)", 1),
    ("DATEDIFF('day', '2025-01-01 23:59'::TIMESTAMP, '2025-01-02 00:01'::TIMESTAMP)", 1),
    ("DATE_TRUNC('month', '2025-01-15 10:00:00'::TIMESTAMP_NTZ)", dt.datetime(2025, 1, 1)),
    ("LAST_DAY('2025-02-03'::DATE)", dt.date(2025, 2, 28)),
    ("IFF(NULL, 1, 2)", 2),
    ("NVL(NULL, 2)", 2),
    ("ZEROIFNULL(NULL)", 0),
    ("NULLIFZERO(0)", None),
    ("DIV0(1, 0)", 0),
    ("5 / 2", 2.5),
    ("GREATEST(1, NULL)", None),
    ("GREATEST_IGNORE_NULLS(1, NULL, 3)", 3),
    ("LEAST(2, 5)", 2),
    ("SPLIT_PART('a/b/c', '/', -1)", "c"),
    ("REGEXP_LIKE('abc', 'b')", False),
    ("REGEXP_REPLACE('a1b2', '[0-9]', '')", "ab"),
    ("REGEXP_SUBSTR('a12b', '[0-9]+')", "12"),
    ("REGEXP_COUNT('a1b2', '[0-9]')", 2),
    ("MD5('a')", "0cc175b9c0f1b6a831c399e269772661"),
    ("SHA2('a')", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
    ("NULL::TIMESTAMP_NTZ", None),
    ("'1965-03-04 05:06:07.123456'::TIMESTAMP_NTZ", dt.datetime(1965, 3, 4, 5, 6, 7, 123456)),
    ("TO_CHAR('2025-02-03'::DATE, 'YYYYMM')", "202502"),
    ("'it''s \\\\ x'", "it's \\ x"),
    ("OBJECT_CONSTRUCT('a', 1, 'b', NULL)::VARCHAR", '{"a":1}'),
    ('PARSE_JSON(\'{"a":{"b":[1,2]}}\'):a.b[1]::INT', 2),
    ("'a' || NULL", None),
]

QUERIES: list[tuple[str, Any]] = [
    (f"SELECT SUM(x) FROM {_TWO}", 3),
    (f"SELECT SUM(x)::VARCHAR FROM {_TWO}", "3"),
    ("SELECT SUM(d) FROM (SELECT 0.10::NUMBER(10,2) d UNION ALL SELECT 0.20)", Decimal("0.30")),
    (f"SELECT AVG(x) FROM {_TWO}", 1.5),
    (f"SELECT MEDIAN(x) FROM {_TWO}", 1.5),
    (f"SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY x) FROM {_TWO}", 1.5),
    (f"SELECT STDDEV_SAMP(x) FROM {_TWO}", math.sqrt(0.5)),
    ("SELECT STDDEV(x) FROM (SELECT 1 x)", None),
    (f"SELECT MIN_BY(s, x) FROM {_TWO}", "b"),
    (f"SELECT MAX_BY(s, x) FROM {_TWO}", "a"),
    (f"SELECT COUNT_IF(x > 1) FROM {_TWO}", 1),
    (f"SELECT LISTAGG(s, ',') WITHIN GROUP (ORDER BY s) FROM {_TWO}", "a,b"),
    (f"SELECT x FROM {_TWO} QUALIFY ROW_NUMBER() OVER (ORDER BY x DESC) = 1", 2),
    ("SELECT f.value::INT FROM LATERAL FLATTEN(input => PARSE_JSON('[7]')) f", 7),
    ("SELECT COUNT(*) FROM TABLE(GENERATOR(ROWCOUNT => 10))", 10),
    ("SELECT $1 FROM VALUES (3)", 3),
    (
        (
            "SELECT (SELECT HASH_AGG(x, s) FROM (SELECT 1 x, 'a' s UNION ALL SELECT 2, 'b')) = "
            "(SELECT HASH_AGG(x, s) FROM (SELECT 2 x, 'b' s UNION ALL SELECT 1, 'a'))"
        ),
        True,
    ),
    (
        (
            "SELECT r.v FROM (SELECT 1 k, 5 t) l ASOF JOIN (SELECT 1 k, 5 t, 'tie' v) r "
            "MATCH_CONDITION (l.t >= r.t) ON l.k = r.k"
        ),
        "tie",
    ),
    (
        (
            "SELECT r.v FROM (SELECT 1 k, 4 t) l ASOF JOIN (SELECT 1 k, 5 t, 'later' v) r "
            "MATCH_CONDITION (l.t >= r.t) ON l.k = r.k"
        ),
        None,
    ),
]


@pytest.mark.parametrize(("expression", "expected"), VALUES)
def test_an_expression_has_snowflakes_value(
    connection: Any, expression: str, expected: Any
) -> None:
    assert connection.cursor().execute(f"SELECT {expression}").fetchall() == [(expected,)]


@pytest.mark.parametrize(("sql", "expected"), QUERIES)
def test_a_query_has_snowflakes_value(connection: Any, sql: str, expected: Any) -> None:
    assert connection.cursor().execute(sql).fetchall() == [(expected,)]


def test_numbers_reach_pandas_as_numbers(connection: Any) -> None:
    frame = (
        connection.cursor()
        .execute("SELECT SUM(x) AS n, SUM(x)::NUMBER(10,2) AS d FROM (SELECT 1 AS x)")
        .fetch_pandas_all()
    )
    assert [str(kind) for kind in frame.dtypes] == ["int64", "float64"]


def test_a_temporary_table_is_its_sessions_own(server: ConnectionInfo, connection: Any) -> None:
    connection.cursor().execute("CREATE TEMP TABLE value_tests.public.own (a INT)")
    connection.cursor().execute("INSERT INTO value_tests.public.own VALUES (1)")
    assert connection.cursor().execute("SELECT * FROM own").fetchall() == [(1,)]
    other = snowflake.connector.connect(**server.connect_arguments(), database="VALUE_TESTS")
    with pytest.raises(snowflake.connector.errors.ProgrammingError, match="does not exist"):
        other.cursor().execute("SELECT * FROM value_tests.public.own")
    other.close()


def test_keys_are_recorded_and_not_enforced(connection: Any) -> None:
    connection.cursor().execute("CREATE OR REPLACE TABLE k (a INT NOT NULL, PRIMARY KEY (a))")
    connection.cursor().execute("INSERT INTO k VALUES (1), (1)")
    assert connection.cursor().execute("SELECT COUNT(*) FROM k").fetchall() == [(2,)]
    with pytest.raises(snowflake.connector.errors.Error, match="non-nullable"):
        connection.cursor().execute("INSERT INTO k VALUES (NULL)")


def test_many_rows_are_bound_exactly(connection: Any) -> None:
    connection.cursor().execute(
        "CREATE OR REPLACE TABLE em (i INT, s VARCHAR, t TIMESTAMP_NTZ, f FLOAT, b BOOLEAN, d DATE)"
    )
    row = (
        7,
        "it's \\ é %s ?",
        dt.datetime(2020, 1, 1, 1, 1, 1, 123456),
        1.5,
        True,
        dt.date(1960, 2, 3),
    )
    rows = [row, (8, *row[1:]), (9, None, None, None, None, None)]
    connection.cursor().executemany("INSERT INTO em VALUES (%s, %s, %s, %s, %s, %s)", rows)
    assert connection.cursor().execute("SELECT * FROM em ORDER BY i").fetchall() == rows


FORMATS: list[tuple[str, Any]] = [
    (
        "TO_CHAR('2024-01-02 13:04:05.123456'::TIMESTAMP, 'YYYY-MM-DD HH24:MI:SS.FF3')",
        "2024-01-02 13:04:05.123",
    ),
    ("TO_VARCHAR('2024-01-02'::DATE, 'DY, DD MON YY')", "Tue, 02 Jan 24"),
    ("TO_CHAR('2024-01-02'::DATE, 'MMMM')", "January"),
    (
        "TO_CHAR('2024-01-02 13:04:05'::TIMESTAMP, 'YYYY-MM-DD\"T\"HH12:MI:SS PM')",
        "2024-01-02T01:04:05 PM",
    ),
    ("TO_DATE('02/01/2024', 'DD/MM/YYYY')", dt.date(2024, 1, 2)),
    ("TO_DATE(TO_CHAR('2024-01-15'::DATE, 'YYYYMM') || '01', 'YYYYMMDD')", dt.date(2024, 1, 1)),
    ("TO_TIMESTAMP('69-01-02', 'YY-MM-DD')", dt.datetime(2069, 1, 2)),
    (
        "TO_TIMESTAMP('2024-01-02 03.5', 'YYYY-MM-DD SS.FF')",
        dt.datetime(2024, 1, 2, 0, 0, 3, 500000),
    ),
    ("TRY_TO_DATE('2024-02-30', 'YYYY-MM-DD')", None),
    ("TRY_TO_TIMESTAMP('x', 'YYYY')", None),
    ("TO_TIME('13:04', 'HH24:MI')", dt.time(13, 4)),
    ("TO_DATE(NULL, 'YYYY')", None),
    ("TO_DATE('2024-01-02', 'AUTO')", dt.date(2024, 1, 2)),
]


@pytest.mark.parametrize(("expression", "expected"), FORMATS)
def test_formats_of_times_are_snowflakes(connection: Any, expression: str, expected: Any) -> None:
    """As https://docs.snowflake.com/en/sql-reference/functions-conversion has them."""
    assert connection.cursor().execute(f"SELECT {expression}").fetchall() == [(expected,)]


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        ("TO_CHAR('2024-01-02'::DATE, 'YYYY-Q')", "'Q'"),
        ("TO_DATE('2024-01', 'YYYY-WW')", "'WW'"),
        ("TO_CHAR(12, '999')", "number's format"),
        ("TO_TIMESTAMP_NTZ('2024-01-02 -0800', 'YYYY-MM-DD TZHTZM')", "with an offset"),
        ("DATEADD(DAY, 1.5, '2024-01-31'::DATE)", "part of a unit"),
        ("TO_TIMESTAMP('12', 'HH24')", "without a year"),
        ("TO_CHAR(d, f) FROM (SELECT CURRENT_DATE AS d, 'YYYY' AS f)", "not a text"),
        ("HASH_AGG(* EXCLUDE d) FROM (SELECT 1 AS d, 2 AS e)", "EXCLUDE"),
    ],
)
def test_a_format_that_is_not_known_whole_is_refused_by_name(
    connection: Any, expression: str, named: str
) -> None:
    with pytest.raises(snowflake.connector.errors.ProgrammingError, match=named):
        connection.cursor().execute(f"SELECT {expression}")


def test_a_time_that_does_not_fit_its_format_is_an_error(connection: Any) -> None:
    with pytest.raises(snowflake.connector.errors.ProgrammingError, match="Can't parse 'x'"):
        connection.cursor().execute("SELECT TO_DATE('x', 'YYYY')")


def test_a_hash_of_all_columns_is_the_hash_of_each(connection: Any) -> None:
    rows = "(SELECT 1 AS x, NULL AS s UNION ALL SELECT 2, 'b')"
    sql = f"SELECT HASH_AGG(*) = HASH_AGG(x, s), HASH_AGG(*) <> HASH_AGG(x) FROM {rows}"
    assert connection.cursor().execute(sql).fetchall() == [(True, True)]


def test_asof_join_using_takes_the_left_sides_column(connection: Any) -> None:
    left = "(SELECT 1 k, 5 t, 'l' v UNION ALL SELECT 2, 5, 'm') l"
    right = "(SELECT 1 k, 4 u, 'r' w) r"
    sql = f"SELECT k, v, w FROM {left} ASOF JOIN {right} MATCH_CONDITION (l.t >= r.u) USING (k)"
    assert sorted(connection.cursor().execute(sql).fetchall()) == [(1, "l", "r"), (2, "m", None)]
    found = connection.cursor().execute(sql.replace("k, v, w", "*")).fetchall()
    assert sorted(found) == [(1, 5, "l", 4, "r"), (2, 5, "m", None, None)]
    joined = sql.replace("k, v, w", "*").replace("FROM", "FROM (", 1) + ")"
    assert sorted(connection.cursor().execute(joined).fetchall()) == sorted(found)
    with pytest.raises(snowflake.connector.errors.ProgrammingError, match="USING"):
        connection.cursor().execute(sql.replace("k, v, w", "*, 1"))


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_many_rows_are_bound_by_the_server_with_missing_times(
    server: ConnectionInfo, connection: Any, missing: int
) -> None:
    """A column with a missing value reaches the server as texts, times as numbers in them."""
    connection.cursor().execute(
        "CREATE OR REPLACE TABLE qm (i INT, t TIMESTAMP_NTZ, d DATE, h TIME, s VARCHAR)"
    )
    rows: list[tuple[Any, ...]] = [
        (0, dt.datetime(2024, 1, 2, 3, 4, 5, 678901), dt.date(2024, 1, 2), dt.time(3, 4, 5), "12"),
        (1, dt.datetime(1960, 1, 2), dt.date(1960, 1, 2), dt.time(0, 0), "x"),
        (2, dt.datetime(2024, 1, 2), dt.date(9999, 12, 31), dt.time(23, 59, 59), "y"),
    ]
    rows[missing] = (missing, None, None, None, None)
    opened = snowflake.connector.connect(
        **server.connect_arguments(), database="VALUE_TESTS", schema="PUBLIC", paramstyle="qmark"
    )
    cursor = opened.cursor()
    cursor.executemany("INSERT INTO qm (i, t, d, h, s) VALUES (?, ?, ?, ?, ?)", rows)
    assert cursor.rowcount == 3
    cursor.execute("SELECT * FROM qm ORDER BY i")
    assert cursor.fetchall() == rows
    opened.close()


def test_texts_are_bound_within_a_query_in_parentheses(
    server: ConnectionInfo, connection: Any
) -> None:
    """What stands behind the table is then no list of columns, whose types are looked up."""
    connection.cursor().execute("CREATE OR REPLACE TABLE bracketed (s VARCHAR, i INT)")
    with snowflake.connector.connect(
        **server.connect_arguments(), database="VALUE_TESTS", schema="PUBLIC", paramstyle="qmark"
    ) as opened:
        cursor = opened.cursor()
        cursor.execute("INSERT INTO bracketed (SELECT ?, 1)", ("x",))
        cursor.execute("SELECT * FROM bracketed")
        assert cursor.fetchall() == [("x", 1)]
