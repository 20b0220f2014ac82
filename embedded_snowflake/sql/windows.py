"""What OVER may say of which function, and where a window function may stand.

Add a rule of https://docs.snowflake.com/en/sql-reference/functions-window-syntax that DuckDB has not.
"""

from __future__ import annotations

import math
from typing import Any

from sqlglot import exp

from embedded_snowflake import errors

_ROWS = {
    **dict.fromkeys((exp.RowNumber, exp.CumeDist, exp.Ntile, exp.Lag, exp.Lead), ""),
    **dict.fromkeys((exp.Rank, exp.DenseRank), "ROWS RANGE"),
    exp.PercentRank: "RANGE",
}
"""Functions of a place among rows, with the kinds of frames that they take."""
_MOVING = (
    *(exp.Count, exp.CountIf, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.ArrayAgg),
    *(exp.Stddev, exp.StddevPop, exp.Variance, exp.VariancePop),
    *(exp.FirstValue, exp.LastValue, exp.NthValue),
)
"""What else goes along an order; the other aggregates take none."""
ALONE = (*_ROWS, exp.FirstValue, exp.LastValue, exp.NthValue)
"""What needs a window, and an order in it."""


def check(node: Any) -> None:
    """Refuse a window that Snowflake does not have for its function, or not in this place."""
    place = node.find_ancestor(exp.Select, exp.Window, exp.Where, exp.Having, exp.Group, exp.Join)
    if not isinstance(node, exp.Window):
        if not isinstance(place, exp.Window):
            raise _refused(f"Window function [{_name(node)}] needs a window: OVER (..)")
        return
    call = node.this
    if isinstance(call, (exp.IgnoreNulls, exp.RespectNulls, exp.WithinGroup)):
        call = call.this
    name = _name(call)
    if isinstance(place, exp.Window):
        raise _refused(
            f"Window function [{name}] may not be nested inside another window function."
        )
    if place is not None and not isinstance(place, exp.Select):
        raise _refused(
            f"Window function [{name}] appears outside of SELECT, QUALIFY, and ORDER BY clauses."
        )
    if not isinstance(call, (exp.AggFunc, exp.Anonymous, exp.RowNumber, exp.SplitToTable)):
        raise _refused(f"Invalid function type [{name}] for window function.")
    _check_order(call, name, node.args.get("order"), node.args.get("spec"))


def _check_order(call: Any, name: str, order: Any, spec: Any) -> None:
    kind = "" if spec is None else spec.args["kind"]
    if not order and (kind or isinstance(call, ALONE)):
        text = f"Window function type [{name}] requires ORDER BY in window specification"
        raise errors.error(f"SQL compilation error:\n{text}", 2303, "42601")
    slides = bool(kind) and _slides(spec, kind)
    ranges = slides and kind == "RANGE"
    if ranges and len(order.expressions) > 1:
        raise _refused("Sliding window frame by RANGE requires a single ORDER BY expression.")
    if type(call) in _ROWS:
        unfit = ranges or kind not in _ROWS[type(call)]
    else:
        unfit = order and isinstance(call, exp.AggFunc) and not isinstance(call, _MOVING)
    if unfit:
        frame = "Sliding" if slides else "Cumulative"
        raise _refused(f"{frame} window frame unsupported for function {name}")
    if order and isinstance(call.this, exp.Distinct):
        counts = isinstance(call, (exp.Count, exp.Min, exp.Max))
        if ranges or not counts or len(call.this.expressions) > 1:
            raise _refused("distinct cannot be used with a window frame or an order.")


def _slides(spec: Any, kind: str) -> bool:
    """Whether a frame has an offset, which is a constant; its end is not before its start."""
    bounds = [spec.args.get("start"), spec.args.get("end") or "CURRENT ROW"]
    offsets = [one for one in bounds if not isinstance(one, str)]
    for one in offsets:
        number = (
            isinstance(one, exp.Literal) and not one.is_string and (kind == "RANGE" or one.is_int)
        )
        if not number and not (kind == "RANGE" and isinstance(one, exp.Interval)):
            raise _refused("a window frame's offset must be a constant that is not negative.")
    if len({type(one) for one in offsets}) > 1:
        raise _refused("a window frame's offsets must be of one type.")
    lengths = {"CURRENT ROW": 0.0, "UNBOUNDED": math.inf}
    start, end = (
        (float(one.name) if isinstance(one, exp.Literal) else lengths.get(one, 1.0))
        * (-1 if spec.args.get(side) == "PRECEDING" else 1)
        for one, side in zip(bounds, ("start_side", "end_side"), strict=True)
    )
    if start > end or math.inf in (start, -end):
        raise _refused("a window frame must not end before it starts.")
    return bool(offsets)


def _name(call: Any) -> str:
    return call.sql("snowflake").split("(")[0].upper()


def _refused(text: str) -> errors.SnowflakeError:
    return errors.refused(f"SQL compilation error:\n{text}")
