"""What OVER may say of which function: https://docs.snowflake.com/en/sql-reference/functions-window-syntax.

Add a rule that DuckDB has not.
"""

from __future__ import annotations

import math
from typing import Any

from sqlglot import exp

from embedded_snowflake import errors

_PLACES: dict[type[Any], str] = {
    **dict.fromkeys((exp.RowNumber, exp.CumeDist, exp.Ntile, exp.Lag, exp.Lead), ""),
    **dict.fromkeys((exp.Rank, exp.DenseRank), "ROWS RANGE"),
    exp.PercentRank: "RANGE",
}
"""Functions of a place among rows, with the kinds of frames that they take."""
_VALUES = (exp.FirstValue, exp.LastValue, exp.NthValue)
_MOVING = (
    *(exp.Count, exp.CountIf, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.ArrayAgg),
    *(exp.Stddev, exp.StddevPop, exp.Variance, exp.VariancePop, *_VALUES),
)
"""What else goes along an order; the other aggregates take none."""


def check(window: Any) -> None:
    """Refuse an order, a frame or DISTINCT that Snowflake does not have for the function."""
    call, order, spec = window.this, window.args.get("order"), window.args.get("spec")
    unfit = order and isinstance(call, exp.WithinGroup)
    if isinstance(call, (exp.IgnoreNulls, exp.RespectNulls, exp.WithinGroup)):
        call = call.this
    name, kind = call.sql("snowflake").split("(")[0].upper(), spec.args["kind"] if spec else ""
    placed = isinstance(call, (*_PLACES, *_VALUES)) or name == "CONDITIONAL_TRUE_EVENT"
    if not order and (spec or placed):
        text = f"Window function type [{name}] requires ORDER BY in window specification"
        raise errors.uncompiled(text, 2303, "42601")
    slides = bool(spec) and _slides(spec)
    ranges = slides and kind == "RANGE"
    unfit = unfit or (order and isinstance(call, exp.AggFunc) and not isinstance(call, _MOVING))
    if type(call) in _PLACES:
        unfit = ranges or kind not in _PLACES[type(call)]
    if unfit:
        raise errors.uncompiled(
            f"{'Sliding' if slides else 'Cumulative'} window frame unsupported for function {name}"
        )
    counts = isinstance(call, (exp.Count, exp.Min, exp.Max)) and not ranges
    listed = call.this.expressions if order and isinstance(call.this, exp.Distinct) else []
    if len(listed) > counts or any(isinstance(one, exp.Distinct) for one in call.expressions):
        raise errors.uncompiled("distinct cannot be used with a window frame or an order.")


def _slides(spec: Any) -> bool:
    """Whether a frame has offsets, which are constants; its end is not before its start."""
    bounds = [spec.args.get("start"), spec.args.get("end") or "CURRENT ROW"]
    offsets = [one for one in bounds if not isinstance(one, str)]
    kinds = (exp.Literal, exp.Interval) if spec.args["kind"] == "RANGE" else (exp.Literal,)
    sound = all(isinstance(one, kinds) and (len(kinds) > 1 or one.is_int) for one in offsets)
    lengths = {"CURRENT ROW": 0.0, "UNBOUNDED": math.inf}
    start, end = (
        (float(one.name) if isinstance(one, exp.Literal) else lengths.get(one, 1.0))
        * (-1 if spec.args.get(side) == "PRECEDING" else 1)
        for one, side in zip(bounds, ("start_side", "end_side"), strict=True)
    )
    if not sound or start > end or len({type(one) for one in offsets}) > 1:
        raise errors.uncompiled(
            "a window frame has constant offsets, and ends where it starts or later."
        )
    return bool(offsets)
