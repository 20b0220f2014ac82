"""A statement's passage to DuckDB: one parse, and a walk that is sqlglot's own, only shorter."""

from __future__ import annotations

from typing import Any

import pytest
from sqlglot import exp, parse_one
from sqlglot.errors import ParseError

from embedded_snowflake.cursor import _Tree
from embedded_snowflake_tests.conformance.cases import groups

STATEMENTS = [
    text
    for group in groups().values()
    for case in group.cases
    for text in case.statements
    if isinstance(text, str)
]


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
def test_the_shorter_walk_makes_what_sqlglots_makes(function: Any) -> None:
    compared = 0
    for text in STATEMENTS:
        try:
            tree = parse_one(text, read="snowflake")
        except ParseError:
            continue
        expected = tree.transform(function)
        made = _Tree(tree).transform(function, copy=False).root
        assert made == expected, text
        compared += 1
    assert compared > 500


def test_the_shorter_walk_replaces_the_root() -> None:
    tree = parse_one("SELECT a FROM t")
    made = _Tree(tree).transform(lambda _: exp.Select(), copy=False).root
    assert made == exp.Select()
