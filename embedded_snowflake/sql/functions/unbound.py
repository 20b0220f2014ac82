"""Macros by their argument's type, called with what DuckDB does not know the type of in time.

It chooses among a macro's forms before it knows the type of an aggregate, of a window or of
another column's alias. Within a lambda its argument is a parameter, whose type it knows.
"""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from embedded_snowflake.sql.functions import tried_times

MACROS = {
    **{
        f"_es_unbound{name.removeprefix('_es')}(x)": (
            f"list_transform([x], lambda bound: {name}(bound))[1]"
        )
        for name in ("_es_to_variant", *tried_times.TYPED)
    },
    "_es_unbound_time_slice(x, width, origin, ends)": (
        "list_transform([x], lambda bound: _es_time_slice(bound, width, origin, ends))[1]"
    ),
    "_es_unbound_date_trunc(unit, x)": (
        "list_transform([x], lambda bound: _es_date_trunc(unit, bound))[1]"
    ),
    "_es_unbound_time_text(x, format)": (
        "list_transform([x], lambda bound: _es_time_text(bound, format))[1]"
    ),
}
_FORMS = {head.split("(")[0] for head in MACROS}


def call_unbound(expression: Any) -> None:
    """Call the other form of a macro for an argument whose type DuckDB does not know in time."""
    for call in expression.find_all(exp.Anonymous):
        other = f"_es_unbound{call.name.removeprefix('_es')}"
        if other in _FORMS and any(_is_unbound(one) for one in call.expressions):
            call.set("this", other)


def _is_unbound(argument: Any) -> bool:
    aliases: set[str] | None = None
    for node in argument.walk(prune=lambda one: isinstance(one, exp.Query)):
        if isinstance(node, (exp.AggFunc, exp.AnonymousAggFunc, exp.Window)):
            return True
        if isinstance(node, exp.Anonymous) and not node.name.startswith("_es_"):
            return True
        if isinstance(node, exp.Column) and not node.table:
            if aliases is None:
                select = argument.find_ancestor(exp.Select)
                made = select.expressions if select is not None else []
                aliases = {one.alias.upper() for one in made if isinstance(one, exp.Alias)}
            if node.name.upper() in aliases:
                return True
    return False
