"""What cannot be answered rightly is refused by name, and nothing reaches past the warehouse."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import snowflake.connector

from embedded_snowflake import ConnectionInfo


@pytest.fixture(scope="module")
def connection(server: ConnectionInfo) -> Iterator[Any]:
    """A session in a database with one table."""
    opened = snowflake.connector.connect(**server.connect_arguments())
    opened.cursor().execute("CREATE OR REPLACE DATABASE refusal_tests")
    opened.cursor().execute("CREATE TABLE t (a INT, s VARCHAR)")
    yield opened
    opened.cursor().execute("DROP DATABASE refusal_tests")
    opened.close()


def test_no_file_of_the_machine_can_be_read(connection: Any, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a,b\n1,2\n")
    for source in (
        f"'{secret}'",
        f'"{secret}"',
        f"read_csv('{secret}')",
        f"read_text('{secret}')",
        f"TABLE(read_csv('{secret}'))",
    ):
        with pytest.raises(snowflake.connector.errors.ProgrammingError):
            connection.cursor().execute(f"SELECT * FROM {source}")


@pytest.mark.parametrize(
    ("sql", "number"),
    [
        ("SELECT * FROM missing", 2003),
        ("DROP TABLE missing", 2003),
        ("SELECT nope FROM t", 904),
        ("CREATE TABLE t (a INT)", 2002),
        ("SELEC 1", 1003),
        ("USE SCHEMA missing", 2043),
        ("SELECT 1 / a FROM (SELECT 0 AS a)", 100051),
        ("SELECT SUM(s) FROM (SELECT 'abc' AS s)", None),
        ("SELECT * FROM t AT(OFFSET => -60)", 2),
        ("UNDROP TABLE t", 2),
        ("CREATE STREAM s ON TABLE t", 2),
        ("CREATE MACRO m(a) AS a", 2),
        ("PRAGMA version", 2),
        ("SELECT * FROM refusal_tests._fs_information_schema.objects", 2003),
        ("DROP SCHEMA _fs_information_schema", 2003),
        ("ALTER SESSION SET no_such_parameter = 1", None),
        ("SELECT STRPOS(s, 'a') FROM t", 2140),
        ("SELECT IF(a = 1, 2, 3) FROM t", 2140),
        ("SELECT LOGICAL_OR(a = 1) FROM t", 2140),
        ("SELECT 5 ^ 2", 1003),
        ("SELECT a & 1 FROM t", 1003),
        ("FROM t", 1003),
        ("SELECT * FROM t x LEFT ANTI JOIN t y ON x.a = y.a", 1003),
        ("SELECT a FROM t LIMIT 50%", 1003),
        ("SELECT a FROM t WHERE a IN ()", 1003),
        ("INSERT INTO t VALUES (1, 'a') RETURNING a", 1003),
        ("INSERT INTO t DEFAULT VALUES", 1003),
        ("DESCRIBE SELECT 1", 1003),
        ("MERGE INTO t USING t s ON t.a = s.a WHEN NOT MATCHED BY SOURCE THEN DELETE", 1003),
        ("CREATE TABLE u (a INT CHECK (a > 0))", 2),
        ("CREATE TABLE u (a UUID)", 1003),
        ("SELECT ROWID FROM t", 904),
        ("SELECT DATE_PART('DECADE', '2024-01-05'::DATE)", 1003),
        ("SELECT EXTRACT(MILLISECOND FROM '2024-01-05'::TIMESTAMP)", 1003),
        ("SELECT DATE_TRUNC('DOW', '2024-01-05'::DATE)", 1003),
        ("SELECT DATEDIFF(CENTURY, '1999-01-05'::DATE, '2024-01-05'::DATE)", 1003),
        ("SELECT TRY_TO_NUMBER(PARSE_JSON('7'))", 2),
        ("SELECT TRY_TO_TIMESTAMP(PARSE_JSON('7'))", 2),
        # DuckDB casts to the type of the first query: 0.3 in place of 0.25.
        ("WITH c AS (SELECT 1 n, 0.5 f UNION ALL SELECT n + 1, f / 2 FROM c) SELECT f FROM c", 2),
        ("WITH c AS (SELECT 'a' p UNION ALL SELECT 1 FROM c) SELECT p FROM c", 2),
        ("ALTER SESSION UNSET no_such_parameter", 1006),
        ("SELECT * FROM sqlite_master", 2003),
        ("SELECT * FROM duckdb_tables", 2003),
        ("SELECT * FROM t FOR UPDATE", 2),
        ("SELECT SYSTEM$ABORT_SESSION(1)", 2140),
        ("SELECT SYSTEM$CANCEL_ALL_QUERIES(1)", 2),
        ("SHOW STAGES LIMIT x", 1003),
        ("PUT file:///tmp/x @~ PARALLEL = abc", 1003),
    ],
)
def test_each_refusal_has_snowflakes_number(connection: Any, sql: str, number: int | None) -> None:
    with pytest.raises(snowflake.connector.errors.ProgrammingError) as caught:
        connection.cursor().execute(sql)
    if number is not None:
        assert caught.value.errno == number


def test_a_wrong_password_is_refused(server: ConnectionInfo) -> None:
    with pytest.raises(snowflake.connector.errors.DatabaseError, match="password"):
        snowflake.connector.connect(**{**server.connect_arguments(), "password": "wrong"})


def test_a_login_with_a_parameter_that_has_no_effect_here_is_refused(
    server: ConnectionInfo,
) -> None:
    with pytest.raises(snowflake.connector.errors.DatabaseError, match="WEEK_START"):
        snowflake.connector.connect(
            **{**server.connect_arguments(), "session_parameters": {"WEEK_START": 1}}
        )


def test_several_statements_in_one_request_are_refused_by_name(connection: Any) -> None:
    with pytest.raises(snowflake.connector.errors.ProgrammingError, match="num_statements"):
        connection.cursor().execute("SELECT 1; SELECT 2", num_statements=2)


def test_a_bound_float_is_a_float(server: ConnectionInfo) -> None:
    with snowflake.connector.connect(
        **server.connect_arguments(), paramstyle="qmark"
    ) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT ?", (1.5,))
        assert cursor.fetchall() == [(1.5,)]
        assert [column.type_code for column in cursor.description] == [1]


def test_a_bound_instant_is_an_instant(server: ConnectionInfo) -> None:
    noon = dt.datetime(2024, 1, 1, 12, 0, 0, 5, dt.UTC)
    with snowflake.connector.connect(
        **server.connect_arguments(), paramstyle="qmark"
    ) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT ?, ?::TIMESTAMP_NTZ", (("TIMESTAMP_LTZ", noon),) * 2)
        assert cursor.fetchall() == [(noon, noon.replace(tzinfo=None))]
        assert [column.type_code for column in cursor.description] == [6, 8]


def test_all_fields_of_a_stage_are_refused_by_name(connection: Any) -> None:
    connection.cursor().execute("CREATE OR REPLACE STAGE landing")
    with pytest.raises(snowflake.connector.errors.ProgrammingError, match=r"SELECT \* of a stage"):
        connection.cursor().execute("SELECT * FROM @landing")


@pytest.mark.parametrize("sql", ["EXP(1000)", "EXP(a)", "POWER(10, 400)", "POWER(a::FLOAT, 999)"])
def test_a_number_beyond_a_float_is_refused_by_name(connection: Any, sql: str) -> None:
    """Snowflake's documentation does not say what it is there."""
    with pytest.raises(snowflake.connector.errors.ProgrammingError, match="beyond a FLOAT"):
        connection.cursor().execute(f"SELECT {sql} FROM (SELECT 1000 AS a)")


def test_use_names_a_database_or_a_schema(connection: Any) -> None:
    cursor = connection.cursor()
    for sql in ("USE refusal_tests", "USE refusal_tests.public"):
        cursor.execute(sql)
        cursor.execute("SELECT CURRENT_DATABASE(), CURRENT_SCHEMA()")
        assert cursor.fetchall() == [("REFUSAL_TESTS", "PUBLIC")]


def test_a_login_makes_no_database(server: ConnectionInfo) -> None:
    connection = snowflake.connector.connect(**server.connect_arguments(), database="NOT_THERE")
    cursor = connection.cursor()
    cursor.execute("SELECT CURRENT_DATABASE()")
    assert cursor.fetchall() == [(None,)]
    cursor.execute("SHOW DATABASES LIKE 'NOT_THERE'")
    assert cursor.fetchall() == []
    connection.close()


@pytest.mark.parametrize("call", ["OBJECT_CONSTRUCT('a', 'b', 'c')", "DATE_TRUNC('month')"])
def test_a_function_without_all_its_arguments_is_said_so(connection: Any, call: str) -> None:
    with pytest.raises(
        snowflake.connector.errors.ProgrammingError, match="not enough arguments"
    ) as raised:
        connection.cursor().execute(f"SELECT {call}")
    assert raised.value.errno == 938
