"""What is known of a statement's types, and that nothing is guessed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from embedded_snowflake import objects
from embedded_snowflake.sessions.session import Session
from embedded_snowflake.sql import table_names
from embedded_snowflake.sql.conversions.inferred_types import Inferred
from embedded_snowflake.sql.parsing import parsed
from embedded_snowflake.storage.engine import Engine

Kinds = Callable[[str], list[str | None]]


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kinds]:
    """The kinds of a statement's unquoted columns, in the order of its text."""
    assert "tables" in objects.__all__  # Its import registers the statements.
    root: Path = tmp_path_factory.mktemp("types")
    engine = Engine(root)
    session = Session.of_the_system(engine)
    session.execute("CREATE DATABASE d")
    session.execute("CREATE TABLE t (k INT, s TEXT, v VARIANT, p NUMBER(12,2), at TIMESTAMP_TZ)")
    session.execute("CREATE TEMPORARY TABLE own (k FLOAT, b BINARY)")

    def found(sql: str) -> list[str | None]:
        tree = table_names.named(session, parsed(sql))
        before = tree.copy()
        types = Inferred(session, tree)
        types.resolve()
        assert tree == before
        assert not any(node.meta.get("place") for node in tree.walk())
        return [types.kind(one) for one in tree.expressions]

    yield found
    session.close()
    engine.close()


def test_columns_have_their_tables_types(kinds: Kinds) -> None:
    assert kinds("SELECT k, s, v, p, at FROM t") == [
        "INTEGER",
        "TEXT",
        "VARIANT",
        "DECIMAL",
        "ZONED",
    ]
    assert kinds("SELECT own.k, b, t.k FROM own JOIN t ON t.k = own.k") == [
        "FLOAT",
        "BINARY",
        "INTEGER",
    ]


def test_types_go_through_queries_and_functions(kinds: Kinds) -> None:
    assert kinds(
        "WITH x AS (SELECT v:a AS a, MAX(s) AS m FROM t GROUP BY ALL) "
        "SELECT a, m, COALESCE(m, ''), (SELECT MIN(k) FROM t) FROM x AS y"
    ) == ["VARIANT", "TEXT", "TEXT", "INTEGER"]


def test_the_columns_of_flatten(kinds: Kinds) -> None:
    shown = "SELECT f.value, f.index, f.key FROM"
    assert kinds(f"{shown} t, LATERAL FLATTEN(INPUT => v:items) f") == [
        "VARIANT",
        "INTEGER",
        "TEXT",
    ]
    assert kinds(f"{shown} TABLE(FLATTEN(SPLIT('a,b', ','))) f") == ["VARIANT", "INTEGER", "TEXT"]


def test_the_columns_of_values(kinds: Kinds) -> None:
    assert kinds("SELECT column1, column2 FROM VALUES (1.5::FLOAT, 'a')") == ["FLOAT", "TEXT"]
    assert kinds("SELECT q.f FROM (VALUES (1.5::FLOAT)) AS q(f)") == ["FLOAT"]


def test_nothing_is_guessed(kinds: Kinds) -> None:
    assert kinds("SELECT a, b || 'x' FROM nowhere") == [None, "TEXT"]
    assert kinds("SELECT made_up(k) FROM t") == [None]
