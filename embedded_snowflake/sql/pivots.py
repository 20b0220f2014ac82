"""PIVOT whose values a query says, and its DEFAULT ON NULL, as the PIVOT of a list that DuckDB has.

The values are asked for before the statement is run, or its columns are told. What a definition
keeps (a view's query) is not changed here: its columns would be those of one moment.

Source: https://docs.snowflake.com/en/sql-reference/constructs/pivot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlglot import exp

from embedded_snowflake import errors

if TYPE_CHECKING:
    from embedded_snowflake.sessions.session import Session


def spell_out(session: Session, expression: Any) -> bool:
    """Write the values of each PIVOT in its list; whether there was one whose values were asked for."""
    asked = False
    for pivot in list(expression.find_all(exp.Pivot)):
        if pivot.unpivot or len(pivot.fields) != 1:
            continue
        field = pivot.fields[0]
        first = field.expressions[0] if field.expressions else None
        if isinstance(first, (exp.PivotAny, exp.Query)):
            values = _values(session, pivot, field.this, first)
            field.set("expressions", [exp.convert(one) for one in values])
            pivot.set("columns", [_name(one) for one in field.expressions])
            asked = True
        default = pivot.args.get("default_on_null")
        names = [_name(one) for one in field.expressions]
        if default and all(names) and not (pivot.args.get("alias") and pivot.args["alias"].columns):
            _default(pivot, default, names)
    return asked


def _values(session: Session, pivot: Any, column: Any, wanted: Any) -> list[Any]:
    """The distinct values, in the order that is asked for or their own."""
    if isinstance(wanted, exp.PivotAny):
        source = pivot.parent.copy()
        source.set("pivots", None)
        order = wanted.this.copy() if wanted.this else exp.Order(expressions=[column.copy()])
        query = exp.select(column.copy()).distinct().from_(source)
        query.set("order", order)
    else:
        query, order = wanted.copy(), wanted.args.get("order")
    named = _in_scope(pivot)
    if named:
        own = query.args.get("with_")
        named += own.expressions if own is not None else []
        query.set("with_", exp.With(expressions=[one.copy() for one in named]))
    table = session.run_tree(query)._arrow_table  # noqa: SLF001
    found = list(dict.fromkeys(table.column(0).to_pylist()))
    told = {
        one.upper() if isinstance(one, str) else one for one in found if type(one) in (str, int)
    }
    if not found or len(told) < len(found) or any("'" in str(one) for one in found):
        raise errors.unsupported(
            "PIVOT by a query's values where they are not texts or integers, have a quote, "
            "differ in case alone, or are none"
        )
    return found if order else sorted(found)


def _in_scope(node: Any) -> list[Any]:
    """The WITH queries that a node's query may name, outer ones first."""
    found: list[Any] = []
    inner = node
    while (outer := inner.parent) is not None:
        if isinstance(outer, exp.With):
            found[:0] = outer.expressions[: inner.index]
        elif not isinstance(inner, exp.With) and outer.args.get("with_"):
            found[:0] = outer.args["with_"].expressions
        inner = outer
    return found


def _name(value: Any) -> Any:
    """The column that a listed value becomes; None where that is not known here."""
    if not isinstance(value, exp.Literal):
        return None
    return exp.to_identifier(f"'{value.name}'" if value.is_string else value.name, quoted=True)


def _default(pivot: Any, default: Any, names: list[Any]) -> None:
    pivot.set("default_on_null", None)
    alias = pivot.args.get("alias")
    pivot.set("alias", None)
    filled = [
        exp.alias_(
            exp.Coalesce(this=exp.column(one.copy()), expressions=[default.copy()]), one.copy()
        )
        for one in names
    ]
    source = pivot.parent
    held = exp.Placeholder()
    source.replace(held)
    query = exp.Select(expressions=[exp.Star(replace=filled)]).from_(source)
    held.replace(exp.Subquery(this=query, alias=alias))
