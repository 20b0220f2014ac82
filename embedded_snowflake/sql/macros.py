"""How rewritten statements call DuckDB's functions and macros, and how these refuse.

What a macro answers stands beside the rewrite that calls it; `functions/translating.py` makes
them all in a database.
"""

from __future__ import annotations

from typing import Any

from sqlglot import exp

MACROS = {
    # What cannot be cast is the error: of a column with error() DuckDB lets no alias be used.
    "_es_fails(wrong, message)": "CAST(CASE WHEN wrong THEN message END AS BOOLEAN)",
}


def invoke(name: str, *arguments: Any) -> Any:
    """A call of a function or macro of DuckDB's."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def cast_as(value: Any, kind: str) -> Any:
    """DuckDB's own cast to one of its types."""
    return exp.cast(value, kind, dialect="duckdb")


def number(text: str) -> Any:
    """A literal number."""
    return exp.Literal.number(text)
