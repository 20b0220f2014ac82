"""Each function's node of a statement becomes what answers it, and each database gets the macros.

What a function becomes stands in the module of its family. What must not go here: rewrites of whole
statements (`rewriting.py`), functions about objects (`objects/`).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

from embedded_snowflake.names import quoted
from embedded_snowflake.sql import building, canonical_json, time_formats
from embedded_snowflake.sql.conversions import wide_integers
from embedded_snowflake.sql.functions import (
    aggregates,
    arrays,
    casts,
    numbers,
    patterns,
    texts,
    times,
    tried_times,
    unbound,
    variants,
)

_FAMILIES = (casts, numbers, texts, patterns, times, variants, arrays)
_WITH_MACROS = (building, *_FAMILIES, wide_integers, tried_times, time_formats, canonical_json)
"""In the order in which their macros call each other's: DuckDB looks for these at once."""
_WITH_FORMS = (tried_times, time_formats, times, variants)
_NODES: dict[type[Any], Callable[[Any], Any]] = {
    kind: rule for family in (*_FAMILIES, aggregates) for kind, rule in family.NODES.items()
}


def macros_sql(database: str) -> str:
    """The macros that rewritten statements call, for one database; idempotent."""
    where = quoted(database)
    made = [f"{head} AS {body}" for one in _WITH_MACROS for head, body in one.MACROS.items()]
    made += [f"{name}{forms}" for one in _WITH_FORMS for name, forms in one.TYPED.items()]
    made += [f"{head} AS {body}" for head, body in unbound.MACROS.items()]
    return "".join(f"CREATE OR REPLACE MACRO {where}.{_own_names(one)};" for one in made)


@functools.cache
def _own_names(macro: str) -> str:
    """A macro whose lambdas' parameters no column is called: DuckDB would take `v -> '$[0]'` for one."""
    found = re.findall(r"lambda ([\w, ]+):", macro)
    names = {name for names in found for name in names.split(", ") if not name.startswith("_es_")}
    if not names:
        return macro
    # Not in texts, nor the fields of structures.
    parts = re.split(r"('[^']*')", macro)
    named = re.compile(rf"(?<![\w.])({'|'.join(names)})(?!\w|\s*:=)")
    parts[::2] = [named.sub(r"_es_\1", one) for one in parts[::2]]
    return "".join(parts)


def translate(expression: Any) -> Any:
    """The statement with every such function replaced, the inner ones first."""
    for node in reversed(list(expression.walk(bfs=False))):
        rule = _NODES.get(type(node))
        made = node if rule is None else rule(node)
        if made is not node:
            node.replace(made)
    unbound.call_unbound(expression)
    return expression
