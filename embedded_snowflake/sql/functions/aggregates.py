"""Aggregates and window functions that DuckDB answers otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from embedded_snowflake import errors
from embedded_snowflake.sql.building import argument, cast_as, invoke, number, swap
from embedded_snowflake.sql.functions.variants import variant


def _outermost(node: Any) -> Any:
    """An aggregate with what belongs to it: its order, filter and window."""
    while isinstance(node.parent, (exp.WithinGroup, exp.Filter, exp.Window)) and (
        node.parent.this is node
    ):
        node = node.parent
    return node


def _around(node: Any, make: Callable[[Any], Any]) -> Any:
    """What is made of an aggregate with all that belongs to it."""
    swap(_outermost(node), make)
    return node


def _array_agg(node: Any) -> Any:
    """NULLs are left out; of no rows it is an empty array. Fakesnow forgets the first with an order."""
    parent = node.parent
    if isinstance(parent, exp.WithinGroup):
        kept, plain = node.this, argument(node)
        present = exp.Where(this=exp.Not(this=exp.Is(this=plain.copy(), expression=exp.Null())))
        ordered = exp.Order(this=kept.copy(), expressions=parent.expression.expressions)
        made = exp.Filter(this=invoke("array_agg", ordered), expression=present)
        _around(parent.replace(made), _json_or_empty)
        return node
    return _around(node, _or_empty)


def _collected(node: Any, made: Callable[[Any], Any], collect: Any) -> Any:
    """An array of what an aggregate collects of all but NULLs; of no rows it is an empty one."""
    present = exp.Not(this=exp.Is(this=node.this.copy(), expression=exp.Null()))
    listed = exp.Filter(this=collect, expression=exp.Where(this=present))
    _around(node.replace(listed), lambda whole: _or_empty(made(whole)))
    return node


def _unique(node: Any) -> Any:
    distinct = exp.Distinct(expressions=[variant(node.this.copy())])
    return _collected(node, lambda made: invoke("to_json", made), invoke("list", distinct))


def _union(node: Any) -> Any:
    return _collected(
        node, lambda made: invoke("_es_array_union", made), invoke("list", node.this.copy())
    )


def _or_empty(value: Any) -> Any:
    return exp.Coalesce(this=value, expressions=[cast_as(exp.Literal.string("[]"), "JSON")])


def _json_or_empty(value: Any) -> Any:
    return _or_empty(invoke("to_json", value))


def _listagg(node: Any) -> Any:
    """Of no rows it is an empty text; without a delimiter DuckDB would write commas."""
    empty = exp.Literal.string("")
    if node.args.get("separator") is None:
        node.set("separator", empty.copy())
    return _around(node, lambda whole: exp.Coalesce(this=whole, expressions=[empty]))


def _count(node: Any) -> Any:
    """COUNT of several columns: of the rows in which none is NULL. A JSON null is NULL to it."""
    counted = node.this
    stars = counted.expressions if isinstance(counted, exp.Distinct) else [counted]
    if any(one.is_star for one in stars) and not isinstance(counted, exp.Star):
        raise errors.unsupported("COUNT of a table's * or of DISTINCT *: name the columns")
    if not node.expressions:
        for one in stars:
            if not isinstance(one, (exp.Star, exp.Literal)):
                one.replace(invoke("_es_present", one.copy()))
        return node
    columns = [node.this, *node.expressions]
    missing = [exp.Is(this=one.copy(), expression=exp.Null()) for one in columns]
    counted = exp.Case(ifs=[exp.If(this=exp.or_(*missing), true=exp.Null())], default=number("1"))
    return exp.Count(this=counted, big_int=True)


def _count_if(node: Any) -> Any:
    """Of no rows it is 0."""
    counted = exp.Case(ifs=[exp.If(this=node.this, true=number("1"))])
    return exp.Count(this=counted, big_int=True)


def _regr_count(node: Any) -> Any:
    """DuckDB's has no sign, which no client knows."""
    return _around(node, lambda whole: cast_as(whole, "BIGINT"))


def _boolxor(node: Any) -> Any:
    """With its OVER, which sqlglot would put behind the comparison."""
    counted = node.replace(invoke("count_if", cast_as(node.this.copy(), "BOOLEAN")))
    _around(counted, lambda whole: exp.Paren(this=exp.EQ(this=whole, expression=number("1"))))
    return node


def _nth_value(node: Any) -> Any:
    if node.args.get("from_first") is False:
        raise errors.unsupported("NTH_VALUE FROM LAST: turn the order round")
    return node


def _by(function: str) -> Callable[[Any], Any]:
    """MAX_BY and MIN_BY: also of a row whose value is NULL, which DuckDB's plain ones pass over."""

    def made(node: Any) -> Any:
        count = node.args.get("count")
        if count is None:
            return invoke(function, node.this, node.expression)
        if isinstance(node.parent, exp.Window):
            raise errors.unsupported(f"{node.sql_name()} of several rows with OVER")
        kept = invoke("list_value", variant(node.this))
        several = invoke(function.removesuffix("_null"), kept, node.expression, count)
        return invoke("_es_of_rows", several)

    return made


_SEQUENCES = (exp.Seq1, exp.Seq2, exp.Seq4, exp.Seq8)


def _window(node: Any) -> Any:
    call = node.this
    order = node.args.get("order")
    if (
        isinstance(call, exp.RowNumber)
        and order
        and isinstance(order.expressions[0].this, _SEQUENCES)
    ):
        # DuckDB's sequence is a ROW_NUMBER itself, which cannot stand in another's order.
        node.set("order", None)
    name = call.name.upper() if isinstance(call, exp.Anonymous) else ""
    if name == "CONDITIONAL_TRUE_EVENT":
        counted = exp.Case(
            ifs=[exp.If(this=call.expressions[0].copy(), true=number("1"))], default=number("0")
        )
        made = node.copy()
        made.set("this", exp.Sum(this=counted))
        made.set(
            "spec",
            exp.WindowSpec(
                kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW"
            ),
        )
        return cast_as(made, "BIGINT")
    return node


NODES: dict[type[Any], Callable[[Any], Any]] = {
    exp.ArrayAgg: _array_agg,
    exp.ArrayUniqueAgg: _unique,
    exp.ArrayUnionAgg: _union,
    exp.GroupConcat: _listagg,
    exp.Count: _count,
    exp.CountIf: _count_if,
    exp.RegrCount: _regr_count,
    exp.BoolxorAgg: _boolxor,
    exp.NthValue: _nth_value,
    exp.ArgMax: _by("arg_max_null"),
    exp.ArgMin: _by("arg_min_null"),
    exp.Window: _window,
}
