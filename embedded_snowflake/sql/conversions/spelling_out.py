"""What is written out before types are looked for: calculations in another form, aliases.

Add what has to be an expression of its own for its parts to have types, or to be seen by DuckDB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlglot import exp

from embedded_snowflake import errors
from embedded_snowflake.sql.building import sources
from embedded_snowflake.sql.conversions.inferred_types import Inferred

if TYPE_CHECKING:
    from embedded_snowflake.sessions.session import Session


def in_order(expression: Any) -> None:
    """Write what is a calculation as one: its parts have types of their own.

    The parts of an interval are added one after the other, and RATIO_TO_REPORT is a quotient, of a
    sum that no order makes a running one. Rows ``(a, b)`` are compared part by part.
    """
    for node in list(expression.find_all(exp.Interval, exp.Window, *_COMPARED)):
        if isinstance(node, _COMPARED):
            _compare_parts(node)
            continue
        if isinstance(node, exp.Window):
            call = node.this
            if isinstance(node.parent, exp.TableFromRows):
                # OVER () of a table function: all rows are one part.
                node.replace(call)
                continue
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


_COMPARED = (exp.EQ, exp.NEQ, exp.In)


def _compare_parts(node: Any) -> None:
    """To DuckDB two NULLs within a row are the same; a query's rows it compares as Snowflake does."""
    left = node.this.unnest()
    rows = node.expressions if isinstance(node, exp.In) else [node.expression]
    rows = [left, *(one.unnest() for one in rows)]
    if len(rows) < 2 or not all(isinstance(one, exp.Tuple) for one in rows):
        return
    if len({len(one.expressions) for one in rows}) > 1:
        return
    same = [
        exp.and_(
            *(
                exp.EQ(this=exp.paren(mine), expression=exp.paren(other))
                for mine, other in zip(left.expressions, row.expressions, strict=True)
            )
        )
        for row in rows[1:]
    ]
    made = exp.paren(exp.or_(*same))
    node.replace(exp.Not(this=made) if isinstance(node, exp.NEQ) else made)


def keep_apart(session: Session, expression: Any) -> None:
    """Rename what a subquery calls a row outside by, where a column has that name too.

    Of ``v.id`` DuckDB takes the key ``id`` of a column ``v`` within before the column of the table
    ``v`` outside; on Snowflake a point behind a column is no path.
    """
    outer: set[str] = set()
    for column in expression.find_all(exp.Column):
        select = column.parent_select
        if column.table and not column.db and isinstance(select, exp.Select):
            own = {one.alias_or_name.upper() for one in sources(select)}
            outer |= {column.table.upper()} - own
    if not outer:
        return
    named = {one.name.upper() for one in expression.find_all(exp.Column)}
    named |= {one.alias.upper() for one in expression.find_all(exp.Alias)}
    named |= Inferred(session, expression).column_names()
    for name in outer & named:
        for node in list(expression.walk()):
            made = exp.to_identifier(f"_ES_{name}")
            if isinstance(node, exp.Column) and node.table.upper() == name and not node.db:
                node.set("table", made)
            elif isinstance(node, _NAMED) and node.alias_or_name.upper() == name:
                alias = node.args.get("alias") or exp.TableAlias()
                alias.set("this", made)
                node.set("alias", alias)


_NAMED = (exp.Table, exp.Subquery, exp.Lateral, exp.TableFromRows, exp.Values)


def is_all(term: Any) -> bool:
    """Whether it is ``ALL`` in ORDER BY, which no column is called."""
    plain = isinstance(term, exp.Column) and not term.table and not term.this.quoted
    return plain and term.name.upper() == "ALL"


def order_by_all(session: Session, expression: Any) -> None:
    """Write ORDER BY ALL as the places of all columns."""
    for order in list(expression.find_all(exp.Order)):
        if len(order.expressions) != 1 or not is_all(order.expressions[0].this):
            continue
        types = Inferred(session, expression)
        types.resolve()
        shown = types.outputs(order.parent)
        if not shown or "*" in dict(shown):
            raise errors.unsupported("ORDER BY ALL of columns that are not known: name them")
        made: list[Any] = []
        for place in range(1, len(shown) + 1):
            made.append(order.expressions[0].copy())
            made[-1].set("this", exp.Literal.number(place))
        order.set("expressions", made)


_AGGREGATES = (exp.AggFunc, exp.Window)
_DRAWN = (exp.Rand, exp.Uuid, exp.Randstr)


def spell_out(session: Session, expression: Any) -> None:
    """Write out an alias within another column where DuckDB does not allow it.

    That is where rows are grouped, and an alias of what has a subquery in it.
    """
    found: list[Any] = []
    for select in expression.find_all(exp.Select):
        group = select.args.get("group")
        if group is not None and group.args.get("all") and select.args.get("qualify") is not None:
            _group_by_places(select, group)
        aliases = {one.alias.upper() for one in select.expressions if isinstance(one, exp.Alias)}
        of_queries: set[str] = set()
        for one in select.expressions:
            grouped = group is not None and not _aggregates(one)
            named = [
                column
                for column in one.find_all(exp.Column)
                if not column.table and column.name.upper() in (aliases if grouped else of_queries)
            ]
            found += named
            if one.find(exp.Query) is not None or any(
                column.name.upper() in of_queries for column in named
            ):
                of_queries.add(one.alias.upper())
    if not found:
        return
    types = Inferred(session, expression)
    types.resolve()
    for column in found:
        meant = types.alias_of(column)
        if meant is not None and not _aggregates(meant) and not _may_draw(meant):
            made: Any = exp.Paren(this=meant.this.copy())
            if column.arg_key == "expressions" and isinstance(column.parent, exp.Select):
                made = exp.alias_(made, column.this.copy(), copy=False)
            column.replace(made)


def name_grouped(session: Session, expression: Any) -> None:
    """Where rows are grouped, write the alias for what is selected under it and said again.

    In HAVING, ORDER BY and OVER DuckDB does not see that it is the same once a macro is made of it.
    """
    found: list[tuple[Any, Any]] = []
    for select in expression.find_all(exp.Select):
        if select.args.get("group") is None:
            continue
        made = {one.this: one for one in select.expressions if _is_said(one)}
        places = [select.args.get(name) for name in ("having", "qualify", "order")]
        places += [part for one in select.expressions for part in one.find_all(exp.Window)]
        for place in places if made else ():
            if place is None or place.parent_select is not select:
                continue
            said = place.walk(prune=lambda one: isinstance(one, exp.Query))
            found += [(one, made[one]) for one in said if one in made and not _is_of_ungrouped(one)]
    taken = Inferred(session, expression).column_names() if found else set[str]()
    for node, alias in found:
        if alias.alias.upper() not in taken and node.root() is expression:
            node.replace(exp.column(alias.args["alias"].copy()))


def _is_said(selected: Any) -> bool:
    """Whether it is an expression under an alias that may be said in place of it."""
    plain = not isinstance(selected, exp.Alias) or isinstance(selected.this, _PLAIN)
    return not plain and not _aggregates(selected) and selected.find(*_DRAWN) is None


_PLAIN = (exp.Column, exp.Literal)


def _is_of_ungrouped(node: Any) -> bool:
    """Whether it stands within an aggregate of the rows that are grouped."""
    while (node := node.parent) is not None and not isinstance(node, exp.Select):
        if isinstance(node, exp.AggFunc) and not isinstance(node.parent, exp.Window):
            return True
    return False


def _aggregates(node: Any) -> bool:
    """Whether it is made of several rows, those of a subquery left aside."""
    return any(
        isinstance(one, _AGGREGATES)
        for one in node.walk(prune=lambda one: isinstance(one, exp.Query))
    )


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
