"""The walk of fakesnow's transforms makes what sqlglot's own makes, only sooner."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from fakesnow.cursor import FakeSnowflakeCursor
from snowflake.connector.errors import Error
from sqlglot import exp, parse_one
from sqlglot.errors import ParseError

from embedded_snowflake import objects
from embedded_snowflake.sessions.session import Session
from embedded_snowflake.sql import refusing
from embedded_snowflake.sql.functions import translating
from embedded_snowflake.sql.parsing import parsed
from embedded_snowflake.sql.rewriting import rewrite
from embedded_snowflake.sql.walking import WalkedTree, _kinds_named
from embedded_snowflake.storage.engine import Engine
from embedded_snowflake_tests.conformance.cases import groups

STATEMENTS = [
    text
    for group in groups().values()
    for case in group.cases
    for text in case.statements
    if isinstance(text, str)
]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    root: Path = tmp_path_factory.mktemp("walking")
    # Importing the objects is what registers their statements.
    assert objects.__all__
    engine = Engine(root)
    session = Session.of_the_system(engine)
    session.execute("CREATE DATABASE walked")
    yield session
    session.close()
    engine.close()


def _upper(node: Any) -> Any:
    """In place, as many of fakesnow's transforms work."""
    if isinstance(node, exp.Identifier):
        node.set("this", node.name.upper())
    return node


def _wrapped(node: Any) -> Any:
    """What is new holds the old node, so that a walk that enters it has no end."""
    return exp.Paren(this=node.copy()) if isinstance(node, exp.Column) else node


def _without(node: Any) -> Any:
    return None if isinstance(node, exp.Order) else node


@pytest.mark.parametrize("function", [_upper, _wrapped, _without])
def test_a_transform_makes_what_it_makes_in_sqlglots_walk(function: Any) -> None:
    compared = 0
    for text in STATEMENTS:
        try:
            tree = parse_one(text, read="snowflake")
        except ParseError:
            continue
        expected = tree.transform(function)
        made = WalkedTree(tree).transform(function, copy=False).root
        assert made == expected, text
        compared += 1
    assert compared > 500


def _comes_here(tree: Any) -> bool:
    if isinstance(tree, (exp.Create, exp.Alter, exp.Drop)):
        return tree.kind in {"TABLE", "VIEW"} and not tree.args.get("clone")
    return isinstance(tree, (exp.Query, exp.Insert, exp.Update, exp.Delete, exp.Merge))


def _transformed(session: Session, tree: Any) -> Any:
    """What fakesnow's transforms make of a tree, or of what walks it; else what they refuse."""
    try:
        made: Any = FakeSnowflakeCursor._transform(session.connection.cursor(), tree, None)
    except (NotImplementedError, duckdb.Error) as cause:
        return str(cause)
    made = made.root if isinstance(made, WalkedTree) else made
    return made, made.sql("duckdb"), set(made.args)


def test_all_transforms_together_make_what_they_make_in_sqlglots_walk(session: Session) -> None:
    compared = 0
    for text in STATEMENTS:
        # Nothing is run, so that no table stands behind the names.
        session.temporary.clear()
        try:
            statement = parsed(text)
            refusing.check(session, statement)
            tree = rewrite(session, statement)
        except Error:
            continue
        if not _comes_here(tree):
            continue
        walked: Any = WalkedTree(tree.copy())
        assert _transformed(session, walked) == _transformed(session, tree), text
        compared += 1
    assert compared > 500


def test_a_transform_is_walked_where_a_kind_stands_that_a_function_of_its_names() -> None:
    from fakesnow import transforms

    # These name no kind themselves, or through the lambda in which fakesnow calls them.
    assert "SHA2" in (_kinds_named(transforms.sha256) or ())
    assert "Identifier" in (_kinds_named(lambda node: transforms.identifier(node, None)) or ())
    assert _kinds_named(lambda node: transforms.show_stages(node, None, None)) is None


def test_a_transform_that_names_no_kind_is_walked() -> None:
    seen: list[Any] = []

    def note(node: Any) -> Any:
        seen.append(node)
        return node

    WalkedTree(parse_one("SELECT a FROM t")).transform(note, copy=False)
    assert len(seen) > 3


def test_the_root_can_be_replaced() -> None:
    tree = parse_one("SELECT a FROM t")
    made = WalkedTree(tree).transform(lambda _: exp.Select(), copy=False).root
    assert made == exp.Select()


def test_a_function_is_of_one_family() -> None:
    """Of two, the later would win without a word."""
    families = (*translating._FAMILIES, translating.aggregates)
    claimed = [kind for family in families for kind in family.NODES]
    assert len(claimed) == len(set(claimed)) == len(translating._NODES)
