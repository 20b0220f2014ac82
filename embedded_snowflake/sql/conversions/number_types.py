"""How many digits behind the point a NUMBER has that an operator or a function makes.

sqlglot infers that it is a number; what it is rounded to depends on the digits. Scales as on
https://docs.snowflake.com/en/sql-reference/operators-arithmetic; of AVG, MEDIAN and VARIANCE as in
the examples of Snowpark's reference (avg, median, var_pop). What is not listed here keeps
sqlglot's type; a DECIMAL without digits says that they are not known.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp
from sqlglot.dialects.snowflake import Snowflake

from embedded_snowflake.sql.building import argument

_FLOATS = {exp.DType.DOUBLE, exp.DType.FLOAT}


def scale_of(kind: Any, node: Any = None) -> int | None:
    """The digits behind the point of an integer's or a DECIMAL's type; None of any other.

    Args:
        kind: the type.
        node: what has the type; NULL is a number where one is asked for.
    """
    if isinstance(node, exp.Null):
        return 0
    if kind is None:
        return None
    if kind.this in exp.DataType.INTEGER_TYPES:
        return 0
    if kind.this != exp.DataType.Type.DECIMAL or not kind.expressions:
        return None
    return int(kind.expressions[1].name) if len(kind.expressions) > 1 else 0


def quotient_scale(dividend: int, more: int = 6) -> int:
    """The scale of a quotient, and of an AVG; with OVER it has three more digits, no six."""
    return max(dividend, min(dividend + more, 12))


def product_scale(left: int, right: int) -> int:
    """The scale of a product."""
    return min(left + right, max(left, right, 12))


def variance_scale(scale: int) -> int:
    """The scale of a variance, a quotient of squares."""
    return quotient_scale(product_scale(scale, scale))


def number(scale: int) -> Any:
    """NUMBER(38, scale)."""
    return exp.DataType.build(f"DECIMAL(38, {scale})", dialect="snowflake")


def _sqlglots(annotator: Any, node: Any) -> Any:
    """The type that sqlglot gives it."""
    # It has nothing on NVL2, which answers one of two values as IFF does.
    kind = exp.If if isinstance(node, exp.Nvl2) else type(node)
    known: Any = Snowflake.EXPRESSION_METADATA.get(kind, {})
    if "annotator" in known:
        return known["annotator"](annotator, node)
    return _typed(annotator, node, known.get("returns"))


def _typed(annotator: Any, node: Any, kind: Any) -> Any:
    return annotator._set_type(node, kind)  # noqa: SLF001


def _literal(annotator: Any, node: Any) -> Any:
    if node.is_string or node.is_int or "e" in node.name.lower():
        return _sqlglots(annotator, node)
    return _typed(annotator, node, number(len(node.name.partition(".")[2])))


def _operator(scale: Callable[[int, int], int]) -> Callable[[Any, Any], Any]:
    """The annotator of an operator on two numbers, whose result's scale the function gives."""

    def annotate(annotator: Any, node: Any) -> Any:
        sides = [node.this, node.expression]
        left, right = (scale_of(one.type, one) for one in sides)
        if left is not None and right is not None:
            made = scale(left, right)
            whole = made == 0 and all(one.type.this in exp.DataType.INTEGER_TYPES for one in sides)
            return _typed(annotator, node, exp.DType.BIGINT if whole else number(made))
        return _with_floats(annotator, node, sides)

    return annotate


def _with_floats(annotator: Any, node: Any, values: list[Any]) -> Any:
    """A number and a FLOAT make a FLOAT, whatever the number's digits."""
    floats = [one.type is not None and one.type.this in _FLOATS for one in values]
    others = [
        scale_of(one.type) for one, is_float in zip(values, floats, strict=True) if not is_float
    ]
    if any(floats) and None not in others:
        return _typed(annotator, node, exp.DType.DOUBLE)
    return _sqlglots(annotator, node)


def _aggregate(made: Callable[[int, Any], int]) -> Callable[[Any, Any], Any]:
    """The annotator of an aggregate of NUMBERs, whose scale the function gives."""

    def annotate(annotator: Any, node: Any) -> Any:
        value = argument(node)
        scale = scale_of(value.type)
        if scale is None:
            return _sqlglots(annotator, node)
        return _typed(annotator, node, number(made(scale, node)))

    return annotate


def is_cut(average: Any) -> bool:
    """Whether an AVG has three more digits, cut: with OVER, but not along an order alone."""
    over = average.parent.args if isinstance(average.parent, exp.Window) else None
    return over is not None and bool(over.get("spec") or not over.get("order"))


def _of_average(scale: int, node: Any) -> int:
    return quotient_scale(scale, 3 if is_cut(node) else 6)


def _rounded(annotator: Any, node: Any) -> Any:
    """ROUND, TRUNC, FLOOR and CEIL of a NUMBER with digits behind the point."""
    scale, digits = scale_of(node.this.type), node.args.get("decimals")
    if scale is None:
        return _sqlglots(annotator, node)
    if scale == 0:
        return _typed(annotator, node, node.this.type)
    if digits is not None and not digits.is_int:
        return _typed(annotator, node, exp.DType.DECIMAL)
    wanted = int(digits.to_py()) if digits is not None else 0
    return _typed(annotator, node, number(max(0, min(scale, wanted))))


def _difference(annotator: Any, node: Any) -> Any:
    """Between two DATEs lie days."""
    if node.this.is_type(exp.DType.DATE) and node.expression.is_type(exp.DType.DATE):
        return _typed(annotator, node, exp.DType.BIGINT)
    return _operator(max)(annotator, node)


def _percentile(annotator: Any, node: Any) -> Any:
    """Between two NUMBERs lie such with three more digits, as MEDIAN's."""
    annotated = _sqlglots(annotator, node)
    scale = scale_of(annotated.type) if isinstance(node.this, exp.PercentileCont) else None
    return annotated if scale is None else _typed(annotator, node, number(scale + 3))


def _drawn(annotator: Any, node: Any) -> Any:
    """UNIFORM is whole between whole numbers."""
    whole = all(scale_of(one.type) == 0 for one in (node.this, node.expression))
    return _typed(annotator, node, exp.DType.BIGINT if whole else exp.DType.DOUBLE)


def _converted(annotator: Any, node: Any) -> Any:
    scale = node.args.get("scale")
    if scale is not None and not (isinstance(scale, exp.Literal) and scale.is_int):
        return _sqlglots(annotator, node)
    return _typed(annotator, node, number(int(scale.name) if scale is not None else 0))


def _branches(*arguments: str) -> Callable[[Any, Any], Any]:
    """The annotator of what answers one of several values, which stand in these arguments."""

    def annotate(annotator: Any, node: Any) -> Any:
        held = [node.args.get(name) for name in arguments]
        values = [one for part in held for one in (part if isinstance(part, list) else [part])]
        values = [one.args["true"] if isinstance(one, exp.If) else one for one in values]
        return _widest(annotator, node, values)

    return annotate


def _decoded(annotator: Any, node: Any) -> Any:
    """DECODE answers every second of what follows its value, and the last where one is left."""
    pairs = node.expressions[1:]
    return _widest(annotator, node, [*pairs[1::2], *pairs[len(pairs) // 2 * 2 :]])


def _widest(annotator: Any, node: Any, values: list[Any]) -> Any:
    values = [one for one in values if one is not None and not isinstance(one, exp.Null)]
    digits = [one for one in (scale_of(one.type) for one in values) if one is not None]
    if len(digits) < len(values) or not any(digits):
        return _with_floats(annotator, node, values)
    return _typed(annotator, node, number(max(digits)))


ANNOTATORS: dict[type[Any], Callable[[Any, Any], Any]] = {
    exp.Literal: _literal,
    **dict.fromkeys((exp.Add, exp.Mod), _operator(max)),
    exp.Sub: _difference,
    exp.Mul: _operator(product_scale),
    exp.Div: _operator(lambda dividend, _: quotient_scale(dividend)),
    exp.Avg: _aggregate(_of_average),
    **dict.fromkeys(
        (exp.Variance, exp.VariancePop), _aggregate(lambda scale, _: variance_scale(scale))
    ),
    **dict.fromkeys((exp.Round, exp.Trunc, exp.Floor, exp.Ceil), _rounded),
    exp.ToNumber: _converted,
    exp.WithinGroup: _percentile,
    exp.Uniform: _drawn,
    exp.MonthsBetween: lambda annotator, node: _typed(annotator, node, number(6)),
    exp.Corr: lambda annotator, node: _typed(annotator, node, exp.DType.DOUBLE),
    **dict.fromkeys(
        (exp.RegrCount, exp.ArrayPosition),
        lambda annotator, node: _typed(annotator, node, exp.DType.BIGINT),
    ),
    exp.Nullif: lambda annotator, node: _typed(annotator, node, node.this.type),
    **dict.fromkeys((exp.If, exp.Nvl2), _branches("true", "false")),
    exp.Case: _branches("ifs", "default"),
    exp.DecodeCase: _decoded,
    **dict.fromkeys((exp.Coalesce, exp.Greatest, exp.Least), _branches("this", "expressions")),
}
"""By kind of node; each gives the node its type, of those that its parts have got."""
