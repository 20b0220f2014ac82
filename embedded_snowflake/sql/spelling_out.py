"""What is written out before types are looked for: calculations in another form, aliases.

Add what has to be an expression of its own for its parts to have types, or to be seen by DuckDB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlglot import exp

from embedded_snowflake.sql.inferred_types import Inferred

if TYPE_CHECKING:
    from embedded_snowflake.sessions.session import Session


def in_order(expression: Any) -> None:
    """Write what is a calculation as one: its parts have types of their own.

    The parts of an interval are added one after the other, and RATIO_TO_REPORT is a quotient, of a
    sum that no order makes a running one.
    """
    for node in list(expression.find_all(exp.Interval, exp.Window)):
        if isinstance(node, exp.Window):
            call = node.this
            if isinstance(call, exp.Anonymous) and call.name.upper() == "RATIO_TO_REPORT":
                part = call.expressions[0]
                groups = [one.copy() for one in node.args.get("partition_by") or []]
                total = exp.Window(this=exp.Sum(this=part.copy()), partition_by=groups)
                nothing = exp.Nullif(this=total, expression=exp.Literal.number(0))
                node.replace(exp.Paren(this=exp.Div(this=part, expression=nothing)))
            continue
        parts = [] if node.args.get("unit") is not None else node.name.split(",")
        moved = node.parent
        if len(parts) > 1 and isinstance(moved, (exp.Add, exp.Sub)) and moved.expression is node:
            made = moved.this
            for part in parts:
                amount, _, unit = part.strip().partition(" ")
                one = exp.Interval(this=exp.Literal.string(amount), unit=exp.var(unit or "S"))
                made = type(moved)(this=made, expression=one)
            moved.replace(made)


_AGGREGATES = (exp.AggFunc, exp.Window)
_DRAWN = (exp.Rand, exp.Uuid, exp.Randstr)


def spell_out(session: Session, expression: Any) -> None:
    """Where rows are grouped, write out an alias within another column: DuckDB does not allow it."""
    found: list[Any] = []
    for select in expression.find_all(exp.Select):
        group = select.args.get("group")
        if group is None:
            continue
        if group.args.get("all") and select.args.get("qualify") is not None:
            _group_by_places(select, group)
        aliases = {one.alias.upper() for one in select.expressions if isinstance(one, exp.Alias)}
        for one in select.expressions:
            if one.find(*_AGGREGATES) is None:
                found += [
                    column
                    for column in one.find_all(exp.Column)
                    if not column.table and column.name.upper() in aliases
                ]
    if not found:
        return
    types = Inferred(session, expression)
    types.resolve()
    for column in found:
        meant = types.alias_of(column)
        if meant is not None and meant.find(*_AGGREGATES) is None and not _may_draw(meant):
            column.replace(exp.Paren(this=meant.this.copy()))


def _group_by_places(select: Any, group: Any) -> None:
    """GROUP BY ALL beside QUALIFY, which DuckDB does not have, as the places that it means."""
    if any(one.is_star or one.find(exp.Window) is not None for one in select.expressions):
        return
    places = [
        exp.Literal.number(str(place))
        for place, one in enumerate(select.expressions, start=1)
        if one.find(exp.AggFunc) is None
    ]
    if places:
        group.set("all", None)
        group.set("expressions", places)


def _may_draw(value: Any) -> bool:
    """Whether it may be another value when it is written out twice."""
    return value.find(*_DRAWN) is not None or any(
        not call.name.startswith("_es_") for call in value.find_all(exp.Anonymous)
    )
