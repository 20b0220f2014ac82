"""How rewritten statements are put together: calls of DuckDB's functions and macros, casts.

What a macro answers stands beside the rewrite that calls it; `functions/translating.py` makes
them all in a database.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp

MACROS = {
    # What cannot be cast is the error: of a column with error() DuckDB lets no alias be used.
    "_es_fails(wrong, message)": "CAST(CASE WHEN wrong THEN message END AS BOOLEAN)",
    # Days and lengths are no BIGINT to DuckDB.
    "_es_int(x)": "CAST(x AS INTEGER)",
}


def invoke(name: str, *arguments: Any) -> Any:
    """A call of a function or macro of DuckDB's."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def cast_as(value: Any, kind: str) -> Any:
    """DuckDB's own cast to one of its types."""
    return exp.cast(value, kind, dialect="duckdb")


def snowflake_cast(value: Any, kind: str) -> Any:
    """A CAST as Snowflake writes it; `functions/casts.py` makes DuckDB's of it."""
    return exp.Cast(this=value, to=exp.DataType.build(kind, dialect="snowflake"))


def swap(old: Any, make: Callable[[Any], Any]) -> None:
    """Put in an expression's place what is made of it."""
    held = exp.Placeholder()
    old.replace(held)
    held.replace(make(old))


def argument(aggregate: Any) -> Any:
    """What an aggregate is of, without DISTINCT."""
    value = aggregate.this
    return value.expressions[0] if isinstance(value, exp.Distinct) else value


def number(text: str) -> Any:
    """A literal number."""
    return exp.Literal.number(text)


def sources(select: Any) -> list[Any]:
    """The tables, subqueries and the like that a SELECT reads, in their order."""
    parts = [select.args.get("from_"), *(select.args.get("joins") or [])]
    return [one.this for one in parts if one is not None] + (select.args.get("laterals") or [])
