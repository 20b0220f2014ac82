"""What a calculation answers: NUMBERs with the digits that Snowflake gives them, days and moments.

DuckDB adds the scales of a product, divides to a FLOAT, and makes a TIMESTAMP of a day that is
moved. Add an operator or an aggregate of numbers here; how many digits its result has stands in
`number_types.py`.
"""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from embedded_snowflake import errors
from embedded_snowflake.sql.building import argument, cast_as, invoke, snowflake_cast, swap
from embedded_snowflake.sql.conversions.inferred_types import TIMES, Inferred
from embedded_snowflake.sql.conversions.number_types import is_cut, product_scale, variance_scale
from embedded_snowflake.sql.functions import times


def arithmetic(node: Any, types: Inferred) -> Any:
    """Raises 000002 where a text or a VARIANT would have to become a number of unknown scale."""
    for side in (node.this, node.args.get("expression")):
        if side is not None and types.kind(side) in {"TEXT", "VARIANT"}:
            if isinstance(side, exp.Literal) and isinstance(node, (exp.Add, exp.Sub)):
                continue
            raise errors.unsupported(
                f"arithmetic on a {types.kind(side)}: cast {side.sql(dialect='snowflake')}"
            )
    if isinstance(node, (exp.Add, exp.Sub, exp.Mul, exp.Mod)):
        _make_long(node, types)
    if isinstance(node, exp.Mul):
        return _product(node, types)
    if isinstance(node, exp.Div):
        return _divided(node, types)
    return moved(node, types) if isinstance(node, (exp.Add, exp.Sub)) else node


def _make_long(node: Any, types: Inferred) -> None:
    """Of two whole numbers that nobody stored DuckDB would make one of 32 bits."""
    sides = [types.type_of(node.this), types.type_of(node.expression)]
    if all(one is not None and one.this in _SHORT for one in sides):
        swap(node.this, lambda old: cast_as(old, "BIGINT"))


_SHORT = {exp.DType.INT, exp.DType.SMALLINT, exp.DType.TINYINT}
_DAYS = {"DAY", "WEEK", "MONTH", "QUARTER", "YEAR"}


def moved(node: Any, types: Inferred) -> Any:
    """A DATE and days or more are a DATE; DuckDB makes a TIMESTAMP of it."""
    if types.kind(node.expression) == "DATE" and isinstance(node, exp.Add):
        _days(node.this, types)
        if isinstance(node.this, exp.Interval):
            node = exp.Add(this=node.expression, expression=node.this)
    unit = node.args.get("unit")
    if isinstance(node.expression, exp.Interval) and (unit := node.expression.args.get("unit")):
        times.part_of(types.kind(node.this), unit.name)
    if types.kind(node.this) != "DATE":
        return node
    if isinstance(node, (exp.Add, exp.Sub)):
        _days(node.expression, types)
    days = unit is not None and times.PARTS.get(unit.name.upper()) in _DAYS
    return snowflake_cast(node.copy(), "DATE") if days or isinstance(node, exp.AddMonths) else node


def _days(number: Any, types: Inferred) -> None:
    """What is added to a DATE; DuckDB takes no BIGINT."""
    if types.kind(number) == "INTEGER":
        swap(number, lambda old: invoke("_es_int", old))


def rounded(node: Any, types: Inferred) -> Any:
    """FLOOR and CEIL of an integer are it."""
    plain = node.args.get("decimals") is None and types.kind(node.this) == "INTEGER"
    return exp.Paren(this=node.this.copy()) if plain else node


def _product(node: Any, types: Inferred) -> Any:
    """DuckDB adds the scales, however many digits that makes."""
    left, right = types.scale(node.this), types.scale(node.expression)
    if left is None or right is None or not left + right:
        return node
    for side, scale in (("this", left), ("expression", right)):
        swap(node.args[side], lambda old, scale=scale: _decimal(old, scale))
    wanted = product_scale(left, right)
    return node if wanted == left + right else _decimal(node.copy(), wanted)


def _decimal(node: Any, scale: int) -> Any:
    return snowflake_cast(node, f"NUMBER(38, {scale})")


def _divided(node: Any, types: Inferred) -> Any:
    made = _quotient(node.this, node.expression, types.scale(node), types)
    return node if made is None else made


def summed(node: Any, types: Inferred) -> Any:
    """Raises 001044 for truth values and moments, of which there is no sum; DuckDB counts them."""
    call, value = node, node.this
    if isinstance(node, exp.WithinGroup):
        call, value = node.this, node.expression.expressions[0].this
    if (kind := types.kind(value)) in {"BOOLEAN", *TIMES}:
        text = f"Invalid argument types for function '{call.sql_name()}': ({kind})"
        raise errors.uncompiled(text, 1044, "42P13")
    if types.kind(node) == "TEXT":
        types.note(node, exp.DataType.build("DOUBLE"))
    return of_number(node, types) if call is node else node


def of_number(node: Any, types: Inferred) -> Any:
    """A text is taken for a FLOAT: https://docs.snowflake.com/en/sql-reference/functions/sum."""
    value = argument(node)
    if types.kind(value) == "TEXT":
        swap(value, lambda old: snowflake_cast(old, "FLOAT"))
    return node


def average(node: Any, types: Inferred) -> Any:
    """The quotient of SUM and COUNT, each with its OVER."""
    summed(node, types)
    value = argument(node)
    if node.find_ancestor(exp.Pivot, exp.Select) is not node.parent_select:
        return _listed_average(node, types)
    outer = _outermost(node)
    total, count = (_with_call(outer, function) for function in (exp.Sum, exp.Count))
    types.note(total, types.type_of(value))
    # Of no rows it is NULL.
    count = exp.Nullif(this=count, expression=exp.Literal.number("0"))
    types.note(count, exp.DataType.build("BIGINT"))
    made = _quotient(total, count, types.scale(node), types, 0 if is_cut(node) else 1)
    return node if made is None else _in_place_of(outer, node, made, types)


def _listed_average(node: Any, types: Inferred) -> Any:
    """Of a list: PIVOT takes a single aggregate."""
    digits, scale = types.scale(node), types.scale(node.this)
    if digits is None or scale is None:
        return node
    factor, power = (10**_SCALED, digits + 1 - _SCALED) if scale else (1, digits + 1)
    numbers = (factor, *_powers(power, digits))
    return invoke("_es_mean", invoke("list", node.this), *(exp.Literal.number(n) for n in numbers))


def spread(node: Any, types: Inferred) -> Any:
    """VARIANCE and its like are NUMBERs of NUMBERs; DuckDB's are FLOATs."""
    if types.kind(node) != "DECIMAL":
        return node
    outer = _outermost(node)
    made = exp.Cast(this=outer.copy(), to=types.type_of(node).copy())
    return _in_place_of(outer, node, made, types)


def deviation(node: Any, types: Inferred) -> Any:
    """The root of the variance, which of NUMBERs has so many digits alone."""
    scale = types.scale(node.this)
    if scale is None:
        return node
    outer = _outermost(node)
    spread = exp.VariancePop if isinstance(node, exp.StddevPop) else exp.Variance
    variance = _decimal(_with_call(outer, spread, type(node)), variance_scale(scale))
    return _in_place_of(outer, node, exp.Sqrt(this=snowflake_cast(variance, "FLOAT")), types)


def cut(node: Any, types: Inferred) -> Any:
    """DuckDB has a FLOAT that is 0 and negative."""
    if types.kind(node.this) != "FLOAT":
        return node
    return exp.Paren(
        this=exp.Add(this=node.copy(), expression=snowflake_cast(exp.Literal.number(0), "FLOAT"))
    )


def slope(node: Any, types: Inferred) -> Any:
    """Of points that lie above each other it is NULL; DuckDB's is no number."""
    outer = _outermost(node)
    nothing = snowflake_cast(exp.Literal.string("nan"), "FLOAT")
    return _in_place_of(outer, node, exp.Nullif(this=outer.copy(), expression=nothing), types)


def _outermost(call: Any) -> Any:
    """An aggregate with its OVER."""
    over = isinstance(call.parent, exp.Window) and call.arg_key == "this"
    return call.parent if over else call


def _in_place_of(outer: Any, call: Any, made: Any, types: Inferred) -> Any:
    if outer is call:
        return made
    outer.replace(types.note(made, types.type_of(call)))
    return call


def _with_call(outer: Any, function: type[Any], of: type[Any] = exp.Avg) -> Any:
    """AVG, or its window, with another function in its place."""
    part = outer.copy()
    call = part.find(of, bfs=False)
    made = function(this=call.this.copy())
    if call is part:
        return made
    call.replace(made)
    return part


_SCALED = 12
"""The digits with which a NUMBER is taken that has any: all that a quotient has."""


def _quotient(
    dividend: Any, divisor: Any, digits: int | None, types: Inferred, beyond: int = 1
) -> Any:
    """A quotient of NUMBERs to so many digits; None of others. DuckDB's is a FLOAT.

    It is divided in whole numbers, to one digit beyond what stays, by which it is rounded, or none.
    """
    if digits is None or max(digits, types.scale(divisor) or 0) > _SCALED:
        return None
    wholes: list[Any] = []
    power = digits + beyond
    for sign, side in ((-1, dividend), (1, divisor)):
        kind = types.type_of(side)
        if kind is not None and kind.this in exp.DataType.INTEGER_TYPES:
            wholes.append(invoke("_es_counted", side.copy()))
            continue
        wholes.append(invoke("_es_scaled", side.copy(), exp.Literal.number(10**_SCALED)))
        power += sign * _SCALED
    numbers = _powers(power, digits, beyond)
    return invoke("_es_quotient", *wholes, *(exp.Literal.number(one) for one in numbers))


def _powers(power: int, digits: int, beyond: int = 1) -> tuple[int, int, str, int]:
    """By what `_es_quotient` multiplies, divides and rounds."""
    unit = f"{10 ** -(digits + beyond):.{digits + beyond}f}"
    return 10 ** max(power, 0), 10 ** max(-power, 0), unit, digits


def percentile(node: Any, types: Inferred) -> Any:
    """Between two NUMBERs lie such with more digits."""
    if isinstance(node, exp.Median) or isinstance(node.this, exp.PercentileCont):
        summed(node, types)
    if isinstance(node, exp.Median):
        if (scale := types.scale(node.this)) is None:
            return node
        value, at = node.this.copy(), exp.Literal.number("0.5")
        return invoke("quantile_cont", _decimal(value, scale + 3), at)
    if isinstance(node.this, exp.PercentileCont):
        ordered = node.expression.expressions[0]
        if (scale := types.scale(ordered.this)) is not None:
            swap(ordered.this, lambda old: _decimal(old, scale + 3))
    return node


def approximate(node: Any, types: Inferred) -> Any:
    """An approximate percentile of a NUMBER is a FLOAT."""
    summed(node, types)
    if types.kind(node.this) in {"INTEGER", "DECIMAL"}:
        swap(node.this, lambda old: snowflake_cast(old, "FLOAT"))
    return node
