"""A query that is asked again is not translated again, and answers as if it were.

What it holds: sessions within this process, and what comes between two times of asking. That every
query of the conformance suite answers the same twice, the suite itself sees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from snowflake.connector.errors import ProgrammingError

from embedded_snowflake import objects
from embedded_snowflake.sessions import session as sessions
from embedded_snowflake.sessions.prepared import Prepared, PreparedQueries
from embedded_snowflake.sessions.session import Session
from embedded_snowflake.storage.engine import Engine


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    # Importing the objects is what registers their statements.
    assert objects.__all__
    engine = Engine(tmp_path_factory.mktemp("prepared"))
    yield engine
    engine.close()


@pytest.fixture
def opened(engine: Engine) -> Iterator[Callable[[], Session]]:
    made: list[Session] = []

    def one() -> Session:
        session = Session.of_the_system(engine)
        session.use_database("PREPARED")
        made.append(session)
        return session

    home = Session.of_the_system(engine)
    home.execute("CREATE OR REPLACE DATABASE prepared")
    yield one
    for session in [*made, home]:
        session.close()


def rows(session: Session, sql: str) -> list[Any]:
    table = session.execute(sql).table
    assert table is not None
    return [tuple(row.values()) for row in table.to_pylist()]


@pytest.fixture
def translated(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that were read."""
    seen: list[str] = []
    parsed = sessions.parsed

    def noting(text: str) -> Any:
        seen.append(text)
        return parsed(text)

    monkeypatch.setattr(sessions, "parsed", noting)
    return seen


def test_a_query_that_is_asked_again_is_not_read_again(
    opened: Callable[[], Session], translated: list[str]
) -> None:
    session = opened()
    session.execute("CREATE TABLE t AS SELECT 1 AS a")
    query = "SELECT a, a / 2 AS half, PARSE_JSON('[1]') AS l FROM t"
    first = session.execute(query)
    translated.clear()
    again = session.execute(query)
    assert translated == []
    assert again.table is not None
    assert again.table.equals(first.table)
    assert (again.rowtype, again.type_id) == (first.rowtype, first.type_id)
    assert again.query_id != first.query_id
    kept = session.engine.statements_run()[-2:]
    assert [one["QUERY_ID"] for one in kept] == [first.query_id, again.query_id]
    assert rows(session, "SELECT COUNT(*) FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()))") == [(1,)]


BETWEEN = {
    "rows": (["INSERT INTO t VALUES ('b')"], [("a",), ("b",)]),
    "a column's type": (["CREATE OR REPLACE TABLE t AS SELECT 1.50 AS a"], [("1.50",)]),
    "a view in its place": (
        ["DROP TABLE t", "CREATE VIEW t AS SELECT 'seen' AS a"],
        [("seen",)],
    ),
    "a renamed table": (
        ["ALTER TABLE t RENAME TO u", "CREATE TABLE t AS SELECT TRUE AS a"],
        [("true",)],
    ),
    "a swapped table": (
        ["CREATE TABLE u AS SELECT '2020-01-01'::DATE AS a", "ALTER TABLE t SWAP WITH u"],
        [("2020-01-01",)],
    ),
}


@pytest.mark.parametrize("by", ["the same session", "another session"])
@pytest.mark.parametrize("between", BETWEEN)
def test_what_was_committed_since_is_seen(
    opened: Callable[[], Session], between: str, by: str
) -> None:
    session, other = opened(), opened()
    session.execute("CREATE TABLE t AS SELECT 'a' AS a")
    query = "SELECT a || '' AS a FROM t ORDER BY 1"
    for _ in range(2):
        assert rows(session, query) == [("a",)]
    statements, expected = BETWEEN[between]
    for statement in statements:
        (session if by == "the same session" else other).execute(statement)
    for _ in range(2):
        assert rows(session, query) == expected


OF_THE_SESSION = {
    "the schema": (
        "SELECT a FROM t",
        ["CREATE SCHEMA s", "CREATE TABLE s.t AS SELECT 2 AS a", "USE SCHEMA s"],
        2,
    ),
    "a temporary table": ("SELECT a FROM t", ["CREATE TEMPORARY TABLE t AS SELECT 3 AS a"], 3),
    "the warehouse": (
        "SELECT CURRENT_WAREHOUSE()",
        ["CREATE OR REPLACE WAREHOUSE w", "USE WAREHOUSE w"],
        "W",
    ),
}


@pytest.mark.parametrize("name", OF_THE_SESSION)
def test_a_session_that_has_changed_itself_translates_anew(
    opened: Callable[[], Session], name: str
) -> None:
    session = opened()
    session.execute("CREATE TABLE t AS SELECT 1 AS a")
    query, statements, expected = OF_THE_SESSION[name]
    before = rows(session, query)
    assert rows(session, query) == before != [(expected,)]
    for statement in statements:
        session.execute(statement)
    assert rows(session, query) == [(expected,)]


def test_what_is_another_value_each_time_stays_so(opened: Callable[[], Session]) -> None:
    session = opened()
    session.execute("CREATE SEQUENCE s")
    for query in ("SELECT s.NEXTVAL", "SELECT UUID_STRING()", "SELECT LAST_QUERY_ID()"):
        assert rows(session, query) != rows(session, query), query
    session.execute("SET v = 1")
    assert rows(session, "SELECT $v") == [(1,)]
    session.execute("SET v = 2")
    assert rows(session, "SELECT $v") == [(2,)]


def test_the_clock_of_a_transaction_is_not_that_of_the_query_before(
    opened: Callable[[], Session],
) -> None:
    session = opened()
    session.execute("CREATE TABLE t (a INT)")
    query = "SELECT CURRENT_TIMESTAMP()"
    seen = [rows(session, query), rows(session, query)]
    session.execute("BEGIN")
    seen += [rows(session, query), rows(session, query)]
    session.execute("COMMIT")
    seen += [rows(session, query), rows(session, query)]
    assert seen == sorted(seen)
    assert len({str(one) for one in seen}) == len(seen)


def test_a_query_that_fails_the_second_time_fails_in_snowflakes_words(
    opened: Callable[[], Session],
) -> None:
    session, other = opened(), opened()
    session.execute("CREATE TABLE t AS SELECT 1 AS a")
    query = "SELECT a FROM t"
    assert rows(session, query) == [(1,)]
    other.execute("DROP TABLE t")
    with pytest.raises(ProgrammingError) as caught:
        session.execute(query)
    assert (caught.value.errno, caught.value.sqlstate) == (2003, "42S02")


def test_of_many_queries_the_last_are_kept_and_long_ones_are_not() -> None:
    kept = PreparedQueries()
    for number in range(150):
        kept.keep(f"SELECT {number}", Prepared("", [], 0, 1))
    assert kept.get("SELECT 49", 1) is None
    assert kept.get("SELECT 50", 1) is not None
    assert kept.get("SELECT 50", 2) is None
    kept.keep("SELECT 1" + " " * 20_000, Prepared("", [], 0, 1))
    assert kept.get("SELECT 1" + " " * 20_000, 1) is None
