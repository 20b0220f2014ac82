"""Tables: what they hold, how they are cloned and swapped, and what is kept of them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import snowflake.connector
from snowflake.connector.errors import Error, ProgrammingError

from embedded_snowflake import ConnectionInfo

WIDE = 10**38 - 1


@pytest.fixture(scope="module")
def connection(server: ConnectionInfo) -> Iterator[Any]:
    """A session in a database of its own."""
    opened = snowflake.connector.connect(**server.connect_arguments())
    opened.cursor().execute("CREATE OR REPLACE DATABASE table_tests")
    yield opened
    opened.cursor().execute("DROP DATABASE table_tests")
    opened.close()


@pytest.fixture
def run(connection: Any) -> Any:
    """Run a statement and give its rows."""

    def running(sql: str) -> list[Any]:
        return connection.cursor().execute(sql).fetchall()

    running("CREATE OR REPLACE SCHEMA table_tests.s")
    return running


def _refused(run: Any, sql: str, number: int, words: str = "") -> None:
    with pytest.raises(Error, match=words) as caught:
        run(sql)
    assert caught.value.errno == number


def test_a_text_longer_than_its_column_is_refused_and_a_longer_column_takes_it(run: Any) -> None:
    run("CREATE TABLE t (a VARCHAR(3), b CHAR)")
    run("INSERT INTO t VALUES ('éüß', 'x'), (NULL, NULL)")
    _refused(run, "INSERT INTO t VALUES ('four', 'x')", 100078, "too long")
    _refused(run, "INSERT INTO t VALUES ('a', 'xy')", 100078)
    _refused(run, "UPDATE t SET a = 'four'", 100078)
    _refused(run, "ALTER TABLE t ALTER COLUMN a SET DATA TYPE VARCHAR(2)", 2020)
    run("ALTER TABLE t ALTER COLUMN a SET DATA TYPE VARCHAR(4)")
    run("INSERT INTO t VALUES ('four', 'x')")
    _refused(run, "INSERT INTO t VALUES ('fives', 'x')", 100078)
    assert [row[1] for row in run("DESC TABLE t")] == ["VARCHAR(4)", "VARCHAR(1)"]
    assert run("SELECT COUNT(*) FROM t") == [(3,)]


def test_a_number_that_does_not_fit_is_refused(run: Any) -> None:
    run("CREATE TABLE t (a NUMBER(5, 2))")
    run("INSERT INTO t VALUES (999.994), (-1)")
    _refused(run, "INSERT INTO t VALUES (1000)", 100039, "out of range")
    assert run("SELECT * FROM t ORDER BY a") == [(Decimal("-1.00"),), (Decimal("999.99"),)]


@pytest.mark.parametrize("explicit", [False, True])
def test_integers_have_38_digits(run: Any, explicit: bool) -> None:
    """They begin with 64 bits and are widened by the first that needs more."""
    run("CREATE TABLE t (a INT, b NUMBER(38, 0), c VARCHAR)")
    if explicit:
        run("BEGIN")
    run("INSERT INTO t VALUES (1, 2, 'x')")
    run(f"INSERT INTO t VALUES (3, {WIDE}, 'y'), (-{WIDE}, NULL, 'z')")
    if explicit:
        run("COMMIT")
    assert run("SELECT * FROM t ORDER BY a") == [(-WIDE, None, "z"), (1, 2, "x"), (3, WIDE, "y")]
    assert run("SELECT b - 1 FROM t WHERE a = 3") == [(WIDE - 1,)]
    assert [row[1] for row in run("DESC TABLE t")][:2] == ["NUMBER(38,0)"] * 2


def test_a_failed_number_widens_nothing_and_leaves_the_transaction(run: Any) -> None:
    run("CREATE TABLE t (a INT)")
    run("BEGIN")
    run("INSERT INTO t VALUES (1)")
    with pytest.raises(ProgrammingError):
        run(f"INSERT INTO t VALUES ({WIDE + 1})")
    run("COMMIT")
    assert run("SELECT * FROM t") == [(1,)]


def test_a_table_made_from_a_query_takes_names_alone_and_names_with_spaces(run: Any) -> None:
    run("CREATE TABLE t (a, \"B c\") AS SELECT 1, 'x'")
    assert [row[0] for row in run("DESC TABLE t")] == ["A", "B c"]
    run('CREATE TABLE u AS SELECT a AS "d e", "B c" FROM t')
    assert run('SELECT "d e", "B c" FROM u') == [(1, "x")]
    run("CREATE TABLE n (a INT NOT NULL, b INT) AS SELECT 1, NULL")
    _refused(run, "INSERT INTO n VALUES (NULL, 1)", 100072)
    _refused(run, "CREATE TABLE v (a INT DEFAULT 1) AS SELECT 1", 2, "then insert")
    _refused(run, "CREATE TABLE v (a, b) AS SELECT 1", 2026)


def test_words_that_snowflake_does_not_reserve_are_names(run: Any) -> None:
    run("CREATE TABLE t (at INT, value INT, only INT, show INT, analyze INT, symmetric INT)")
    run("INSERT INTO t (at, value, only) VALUES (1, 2, 3)")
    assert run("SELECT t.at, value, only FROM t WHERE at = 1 ORDER BY at") == [(1, 2, 3)]
    run("UPDATE t SET at = at + 1")
    assert run("SELECT MAX(at) AS at FROM t") == [(2,)]


def test_statuses_name_a_temporary_table_as_its_session_does(run: Any) -> None:
    assert run("CREATE TEMP TABLE own (a INT)") == [("Table OWN successfully created.",)]
    assert run("CREATE TEMP TABLE IF NOT EXISTS own (a INT)") == [
        ("OWN already exists, statement succeeded.",)
    ]
    assert run("DROP TABLE own") == [("OWN successfully dropped.",)]


def test_keys_are_shown_and_not_enforced(run: Any) -> None:
    run("CREATE TABLE other (x INT)")
    run(
        "CREATE TABLE t (a INT PRIMARY KEY, b INT UNIQUE COMMENT 'of b', c INT NOT NULL, "
        "CONSTRAINT both_of UNIQUE (a, c), FOREIGN KEY (b) REFERENCES other (x)) COMMENT = 'of t'"
    )
    run("INSERT INTO t VALUES (1, 1, 1), (1, 1, 1)")
    assert [row[3:6] for row in run("SHOW PRIMARY KEYS IN TABLE t")] == [("T", "A", 1)]
    unique = [row[4:7] for row in run("SHOW UNIQUE KEYS IN t")]
    assert ("A", 1, "BOTH_OF") in unique
    assert ("C", 2, "BOTH_OF") in unique
    kinds = run("SELECT constraint_type FROM information_schema.table_constraints")
    assert (
        run("SELECT constraint_type FROM table_tests.information_schema.table_constraints") == kinds
    )
    assert sorted(kinds) == [("FOREIGN KEY",), ("PRIMARY KEY",), ("UNIQUE",), ("UNIQUE",)]
    rows = {row[0]: row for row in run("DESC TABLE t")}
    assert [rows["A"][5], rows["B"][6], rows["C"][5], rows["B"][9]] == ["Y", "Y", "N", "of b"]
    run("CREATE OR REPLACE TABLE t (a INT)")
    assert run("SHOW PRIMARY KEYS IN TABLE t") == []


def test_a_clone_is_the_table_at_that_moment_with_all_that_is_kept_of_it(run: Any) -> None:
    run("CREATE TAG g")
    run(
        "CREATE TABLE t (a INT PRIMARY KEY, b VARCHAR(3) NOT NULL DEFAULT 'x' COMMENT 'of b') "
        "COMMENT = 'of t'"
    )
    run("ALTER TABLE t SET TAG g = 'v'")
    run("INSERT INTO t (a) VALUES (1)")
    run("CREATE TABLE c CLONE t")
    run("INSERT INTO t (a) VALUES (2)")
    run("INSERT INTO c (a) VALUES (3)")
    assert run("SELECT * FROM c ORDER BY a") == [(1, "x"), (3, "x")]
    assert run("DESC TABLE c") == run("DESC TABLE t")
    assert [row[4] for row in run("SHOW PRIMARY KEYS IN TABLE c")] == ["A"]
    assert run("SELECT SYSTEM$GET_TAG('g', 'c', 'TABLE')") == [("v",)]
    assert [row[5] for row in run("SHOW TABLES LIKE 'C'")] == ["of t"]
    _refused(run, "INSERT INTO c VALUES (1, 'four')", 100078)
    _refused(run, "CREATE TABLE c CLONE t", 2002)
    _refused(run, "CREATE TABLE d CLONE missing", 2003)
    _refused(run, "CREATE TABLE d CLONE t AT (OFFSET => -1)", 2)
    run("CREATE TABLE IF NOT EXISTS c CLONE t")
    assert run("SELECT COUNT(*) FROM c WHERE a = 3") == [(1,)]
    run("CREATE OR REPLACE TABLE c CLONE c")
    run("CREATE OR REPLACE TABLE c CLONE t")
    assert run("SELECT COUNT(*) FROM c WHERE a = 3") == [(0,)]


def test_swapped_tables_take_each_others_place_with_all_that_is_kept(run: Any) -> None:
    run("CREATE TAG g")
    run("CREATE TABLE t (a VARCHAR(1) PRIMARY KEY)")
    run("CREATE TABLE u (b VARCHAR(9))")
    run("ALTER TABLE u SET TAG g = 'of u'")
    run("INSERT INTO u VALUES ('long')")
    run("ALTER TABLE t SWAP WITH u")
    assert run("SELECT b FROM t") == [("long",)]
    assert [row[1] for row in run("DESC TABLE t")] == ["VARCHAR(9)"]
    assert [row[1] for row in run("DESC TABLE u")] == ["VARCHAR(1)"]
    assert run("SELECT SYSTEM$GET_TAG('g', 't', 'TABLE')") == [("of u",)]
    assert run("SHOW PRIMARY KEYS IN TABLE t") == []
    assert len(run("SHOW PRIMARY KEYS IN TABLE u")) == 1
    _refused(run, "ALTER TABLE t SWAP WITH missing", 2003)


def test_times_of_change_and_counts_are_the_tables_own_and_follow_its_name(run: Any) -> None:
    run("CREATE TABLE t (a INT)")
    token = "SELECT SYSTEM$LAST_CHANGE_COMMIT_TIME('{}')"
    made = run(token.format("t"))[0][0]
    run("INSERT INTO t VALUES (1), (2)")
    written = run(token.format("t"))[0][0]
    assert written > made
    shown = (
        "SELECT row_count, created < last_altered FROM information_schema.tables "
        "WHERE table_schema = 'S' AND table_name = '{}'"
    )
    assert run(shown.format("T")) == [(2, True)]
    # Not measured, and not nothing.
    assert run("SELECT bytes FROM information_schema.tables WHERE table_name = 'T'") == [(None,)]
    run("CREATE VIEW v AS SELECT a FROM t")
    run("CREATE VIEW w AS WITH t2 AS (SELECT * FROM v) SELECT * FROM t2")
    of_view = run(token.format("w"))[0][0]
    run("INSERT INTO t VALUES (3)")
    assert run(token.format("w"))[0][0] > of_view
    run("DROP VIEW w")
    run("DROP VIEW v")
    run("DELETE FROM t WHERE a = 3")
    run("ALTER TABLE t RENAME TO u")
    assert run(token.format("u"))[0][0] >= written
    assert run(shown.format("U")) == [(2, True)]
    run("CREATE TABLE t (a INT)")
    assert run(shown.format("T")) == [(0, False)]


def test_a_sequence_is_the_one_of_its_schema(run: Any) -> None:
    run("CREATE SEQUENCE sq")
    run("CREATE OR REPLACE SCHEMA table_tests.other")
    run("CREATE SEQUENCE sq START = 100")
    run("USE SCHEMA table_tests.s")
    sql = "SELECT other.sq.NEXTVAL, table_tests.other.sq.NEXTVAL AS n, sq.NEXTVAL"
    assert run(sql) == [(100, 101, 1)]
    run("DROP SCHEMA table_tests.other")
