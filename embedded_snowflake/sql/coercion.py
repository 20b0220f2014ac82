"""Conversions that nobody wrote: where Snowflake makes one type of another, and how.

DuckDB has its own: a VARIANT that becomes a text keeps its quotes, a FLOAT its ".0", a text beside
an integer is rounded, half a FLOAT goes to the even integer. Here each becomes the conversion that
the same CAST would be (https://docs.snowflake.com/en/sql-reference/data-type-conversion), before
anything else rewrites the statement. Add a place where types meet; the types themselves are found
in `inferred_types.py`, what a CAST does stands in `functions/casts.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from embedded_snowflake import errors
from embedded_snowflake.names import stored_name
from embedded_snowflake.sql import rewriting, table_names
from embedded_snowflake.sql.column_facts import ColumnFacts
from embedded_snowflake.sql.functions.casts import plainly_a_time
from embedded_snowflake.sql.functions.times import UNITS
from embedded_snowflake.sql.inferred_types import Inferred, group_of
from embedded_snowflake.sql.macros import invoke
from embedded_snowflake.sql.number_types import product_scale, scale_of

if TYPE_CHECKING:
    from embedded_snowflake.names import QualifiedName
    from embedded_snowflake.sessions.session import Session

_NUMBERS = {"INTEGER", "DECIMAL", "FLOAT"}
_TIMES = {"DATE", "TIME", "TIMESTAMP", "ZONED"}
_BECOME_TEXT = {*_NUMBERS, *_TIMES, "VARIANT", "BOOLEAN"}
_THIS = ("this",)
_BOTH = ("this", "expression")
_TEXT_ARGUMENTS: dict[type[Any], tuple[str, ...]] = {
    **dict.fromkeys((exp.DPipe, exp.Like, exp.ILike, exp.Stuff), _BOTH),
    **dict.fromkeys((exp.StartsWith, exp.EndsWith, exp.Contains), _BOTH),
    **dict.fromkeys((exp.Levenshtein, exp.JarowinklerSimilarity), _BOTH),
    **dict.fromkeys((exp.Concat, exp.ConcatWs), ("expressions",)),
    exp.Replace: ("this", "expression", "replacement"),
    exp.StrPosition: ("this", "substr"),
    **dict.fromkeys((exp.RegexpLike, exp.RegexpFullMatch, exp.RegexpReplace), _THIS),
    **dict.fromkeys((exp.RegexpExtract, exp.RegexpCount, exp.RegexpInstr), _THIS),
    **dict.fromkeys((exp.Length, exp.Substring, exp.Left, exp.Right, exp.Pad, exp.Trim), _THIS),
    **dict.fromkeys((exp.Lower, exp.Upper, exp.Initcap, exp.Reverse, exp.Repeat), _THIS),
    **dict.fromkeys((exp.Split, exp.SplitPart, exp.Strtok, exp.Translate), _THIS),
    **dict.fromkeys((exp.MD5, exp.SHA, exp.SHA2, exp.Unicode, exp.Ascii), _THIS),
    exp.GroupConcat: _THIS,
}
"""Functions of texts, and which of their arguments are."""
_TIME_ARGUMENTS: dict[type[Any], tuple[str, ...]] = {
    **dict.fromkeys((exp.DateDiff, exp.TimestampDiff, exp.MonthsBetween), _BOTH),
    exp.Extract: ("expression",),
    **dict.fromkeys((exp.DateAdd, exp.TimestampAdd, exp.AddMonths, exp.LastDay), _THIS),
    **dict.fromkeys((exp.DateTrunc, exp.TimestampTrunc), _THIS),
    **dict.fromkeys((exp.Year, exp.Quarter, exp.Month, exp.Week, exp.Day), _THIS),
    **dict.fromkeys((exp.DayOfWeek, exp.DayOfMonth, exp.DayOfYear), _THIS),
    **dict.fromkeys((exp.Hour, exp.Minute, exp.Second), _THIS),
    **dict.fromkeys((exp.Dayname, exp.Monthname, exp.WeekOfYear, exp.DayOfWeekIso), _THIS),
    **dict.fromkeys((exp.YearOfWeek, exp.YearOfWeekIso, exp.NextDay, exp.PreviousDay), _THIS),
}
"""Functions of moments, and which of their arguments are."""
_COMPARED = (
    *(exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE),
    *(exp.NullSafeEQ, exp.NullSafeNEQ, exp.EqualNull),
)
_DAYS = {"DAY", "WEEK", "MONTH", "QUARTER", "YEAR"}


def coerced(session: Session, expression: Any) -> Any:
    """The statement with Snowflake's conversions written out."""
    assigns = isinstance(expression, (exp.Insert, exp.Update, exp.Merge)) or _is_typed(expression)
    _in_order(expression)
    _spell_out(session, expression)
    nodes = [node for node in expression.walk(bfs=False) if type(node) in _RULES]
    if not nodes and not assigns:
        return expression
    types = Inferred(session, expression)
    if nodes or not _all_of(expression, (*_LITERALS, exp.Cast)):
        types.resolve()
    for node in reversed(nodes):
        made = _RULES[type(node)](node, types)
        if made is node:
            continue
        types.note(made, types.type_of(node))
        if node is expression:
            expression = made
        else:
            node.replace(made)
    if assigns:
        _assign(session, expression, types)
    return expression


def _in_order(expression: Any) -> None:
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


def _spell_out(session: Session, expression: Any) -> None:
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


_LITERALS = (exp.Literal, exp.Null, exp.Boolean, exp.Neg)


def _all_of(insert: Any, kinds: tuple[type[Any], ...]) -> bool:
    """Whether it inserts rows of such values alone: there may be very many."""
    return isinstance(insert.expression, exp.Values) and all(
        isinstance(value, kinds)
        for row in insert.expression.expressions
        for value in row.expressions
    )


def _cast(value: Any, kind: str) -> Any:
    return exp.Cast(this=value, to=exp.DataType.build(kind, dialect="snowflake"))


def _swap(old: Any, make: Callable[[Any], Any]) -> None:
    """Put in an expression's place what is made of it."""
    held = exp.Placeholder()
    old.replace(held)
    held.replace(make(old))


# ---- texts


def _text_arguments(node: Any, types: Inferred) -> Any:
    for name in _TEXT_ARGUMENTS[type(node)]:
        held = node.args.get(name)
        for one in list(held) if isinstance(held, list) else [held]:
            _as_text(one, types)
    return node


def _as_text(node: Any, types: Inferred) -> None:
    if isinstance(node, (exp.Any, exp.All)):
        return
    value = node
    while isinstance(value, (exp.Distinct, exp.Order)):
        value = value.expressions[0] if isinstance(value, exp.Distinct) else value.this
    if value is None or types.kind(value) not in _BECOME_TEXT:
        return
    if value is not node and types.kind(value) in {"INTEGER", "DECIMAL", "DATE", "BOOLEAN"}:
        # DuckDB's texts of these are Snowflake's, and DISTINCT values are ordered as they are.
        return
    _swap(value, lambda old: _cast(old, "VARCHAR"))


# ---- comparisons


def _comparison(node: Any, types: Inferred) -> Any:
    if rewriting.is_assignment(node):
        return node
    if isinstance(node.expression, (exp.Any, exp.All)):
        _among(node.this, node.expression.this, types)
    else:
        _meet([node.this, node.expression], types)
    return node


def _membership(node: Any, types: Inferred) -> Any:
    if node.args.get("query") is None:
        _meet([node.this, *node.expressions], types)
    else:
        _among(node.this, node.args["query"], types)
    return node


def _among(value: Any, query: Any, types: Inferred) -> None:
    """A value is compared with those of a query, which stay as they are."""
    shown = types.outputs(query.this if isinstance(query, exp.Subquery) else query)
    kind = group_of(shown[0][1]) if shown else None
    if kind == "TEXT" and types.kind(value) == "VARIANT":
        _swap(value, lambda old: _cast(old, "VARCHAR"))
    elif kind in _NUMBERS and types.kind(value) in {"TEXT", "VARIANT"}:
        _swap(value, lambda old: _cast(_cast(old, "VARCHAR"), _number_of({kind})))


def _between(node: Any, types: Inferred) -> Any:
    _meet([node.this, node.args["low"], node.args["high"]], types)
    return node


def _case(node: Any, types: Inferred) -> Any:
    if node.this is not None:
        _meet([node.this, *(one.this for one in node.args["ifs"])], types)
    return _branches(
        node, [one.args["true"] for one in node.args["ifs"]] + [node.args.get("default")], types
    )


def _decode(node: Any, types: Inferred) -> Any:
    value, *pairs = node.expressions
    _meet([value, *pairs[: len(pairs) // 2 * 2 : 2]], types)
    return _branches(node, [*pairs[1::2], *pairs[len(pairs) // 2 * 2 :]], types)


def _nullif(node: Any, types: Inferred) -> Any:
    """What is not NULL stays of the first type."""
    if types.kind(node.this) == types.kind(node.expression):
        return node
    sides = [types.note(one.copy(), types.type_of(one)) for one in (node.this, node.expression)]
    same = exp.EQ(this=sides[0], expression=sides[1])
    _meet(sides, types)
    return exp.If(this=same, true=exp.Null(), false=node.this.copy())


def _meet(nodes: list[Any], types: Inferred) -> None:
    """Bring values that are compared to one type."""
    kinds = {types.kind(one) for one in nodes}
    if kinds == {"VARIANT"}:
        for one in nodes:
            _swap(one, lambda old: invoke("_es_variant_order", old))
        return
    number = _number_of(kinds) if kinds & _NUMBERS else None
    moment = next((one for one in ("ZONED", "TIMESTAMP", "DATE", "TIME") if one in kinds), None)
    for one in nodes:
        kind = types.kind(one)
        if kind == "VARIANT":
            _swap(one, lambda old: _compared_variant(old, number, moment, kinds))
        elif kind == "TEXT" and number is not None:
            _swap(one, lambda old: _number(old, number))
        elif kind == "TEXT" and moment is not None and not plainly_a_time(one):
            _swap(one, lambda old: _cast(old, _MOMENTS[moment]))
        elif kind == "TEXT" and "BOOLEAN" in kinds and not isinstance(one, exp.Literal):
            _swap(one, lambda old: _cast(old, "BOOLEAN"))


_MOMENTS = {
    "ZONED": "TIMESTAMP_LTZ",
    "TIMESTAMP": "TIMESTAMP_NTZ",
    "DATE": "DATE",
    "TIME": "TIME",
}


def _compared_variant(node: Any, number: str | None, moment: str | None, kinds: set[Any]) -> Any:
    if number is not None:
        return _cast(node, "FLOAT") if number == "FLOAT" else invoke("_es_variant_number", node)
    text = _cast(node, "VARCHAR")
    if moment is not None:
        return _cast(text, _MOMENTS[moment])
    return _cast(text, "BOOLEAN") if "BOOLEAN" in kinds else text


def _number_of(kinds: set[Any]) -> str:
    """The type in which a text meets numbers of these kinds."""
    return "FLOAT" if "FLOAT" in kinds else "NUMBER(38, 9)"


def _number(node: Any, kind: str) -> Any:
    """A text beside a number is read as one."""
    if not isinstance(node, exp.Literal):
        return _cast(node, kind)
    try:
        plain = math.isfinite(float(node.name)) and "_" not in node.name
    except ValueError:
        message = f"Numeric value '{node.name}' is not recognized"
        raise errors.error(message, 100038, "22018") from None
    # NaN without quotes would be a column's name.
    return exp.Literal.number(node.name.strip()) if plain else _cast(node, kind)


# ---- values that become one


def _coalesce(node: Any, types: Inferred) -> Any:
    return _branches(node, [node.this, *node.expressions], types)


def _if(node: Any, types: Inferred) -> Any:
    if isinstance(node.parent, exp.Case):
        return node
    return _branches(node, [node.args.get("true"), node.args.get("false")], types)


def _branches(node: Any, values: list[Any], types: Inferred) -> Any:
    """What a CASE or COALESCE answers has one type."""
    found = [one for one in values if one is not None and types.kind(one) is not None]
    kinds = {types.kind(one) for one in found}
    for one in found:
        kind = types.kind(one)
        if "VARIANT" in kinds and kind != "VARIANT":
            _swap(one, lambda old: _cast(old, "VARIANT"))
        elif kind == "TEXT" and kinds & _NUMBERS:
            _swap(one, lambda old: _number(old, _number_of(kinds)))
        elif kind == "TEXT" and "BINARY" in kinds:
            _swap(one, lambda old: _cast(old, "BINARY"))
    return node


_TEXTS_IN_JSON = {"TIMESTAMP", "ZONED", "BINARY"}


def _variant_parts(node: Any, types: Inferred) -> Any:
    """A moment or a BINARY in a VARIANT is the text that TO_VARCHAR makes of it."""
    if isinstance(node.parent, exp.Typeof):
        return node
    parts = [node.this] if isinstance(node, (exp.ToVariant, exp.ArrayAgg)) else node.expressions
    for one in list(parts):
        value = one.expression if isinstance(one, exp.PropertyEQ) else one
        if isinstance(value, exp.Distinct):
            continue
        if types.kind(value) in _TEXTS_IN_JSON:
            _swap(value, lambda old: _cast(old, "VARCHAR"))
        elif types.kind(value) == "DECIMAL" and _is_of_json(node):
            _swap(value, lambda old: invoke("_es_to_variant", old))
    return node


def _is_of_json(node: Any) -> bool:
    """Whether what makes an array takes the elements as they are, to write them as JSON."""
    lambdas = (exp.ArrayFilter, exp.Transform, exp.Reduce, exp.Anonymous)
    return isinstance(node, (exp.Array, exp.ArrayAgg)) and not isinstance(node.parent, lambdas)


def _tried(node: Any, types: Inferred) -> Any:
    """TRY_ functions read texts alone: https://docs.snowflake.com/en/sql-reference/functions/try_cast."""
    if isinstance(node, exp.Anonymous):
        tries = node.name.upper().startswith("TRY_TO_") and len(node.expressions) > 0
        value = node.expressions[0] if tries else node
    else:
        tries, value = bool(node.args.get("safe")), node.this
    kind = types.kind(value)
    if not isinstance(node, exp.TryCast):
        if tries and kind == "VARIANT":
            raise errors.unsupported("a TRY_ function of a VARIANT: cast it to VARCHAR")
    elif kind not in (None, "TEXT") and node.args.get("requires_string"):
        message = f"SQL compilation error:\nTRY_CAST cannot be used with an argument of type {kind}"
        raise errors.error(message, 1065, "22023")
    return node


# ---- order


def _ordered(node: Any, types: Inferred) -> Any:
    if types.kind(node.this) == "VARIANT":
        _swap(node.this, lambda old: invoke("_es_variant_order", old))
    return node


def _extreme(node: Any, types: Inferred) -> Any:
    if types.kind(node.this) != "VARIANT":
        return node
    function = "arg_max" if isinstance(node, exp.Max) else "arg_min"
    value = node.this.expressions[0] if isinstance(node.this, exp.Distinct) else node.this
    return invoke(function, value.copy(), invoke("_es_variant_order", value.copy()))


def _extreme_by(node: Any, types: Inferred) -> Any:
    if types.kind(node.expression) == "VARIANT":
        _swap(node.expression, lambda old: invoke("_es_variant_order", old))
    return node


def _greatest(node: Any, types: Inferred) -> Any:
    values = [node.this, *node.expressions]
    if any(types.kind(one) == "VARIANT" for one in values):
        raise errors.unsupported(f"{node.sql_name()} of a VARIANT: cast it")
    return node


# ---- numbers and days


def _rounded(node: Any, types: Inferred) -> Any:
    """FLOOR and CEIL of an integer are it."""
    plain = node.args.get("decimals") is None and types.kind(node.this) == "INTEGER"
    return exp.Paren(this=node.this.copy()) if plain else node


def _product(node: Any, types: Inferred) -> Any:
    """DuckDB adds the scales, however many digits that makes."""
    left, right = types.scale(node.this), types.scale(node.expression)
    if left is None or right is None or not left + right:
        return node
    for side, scale in (("this", left), ("expression", right)):
        _swap(node.args[side], lambda old, scale=scale: _decimal(old, scale))
    wanted = product_scale(left, right)
    return node if wanted == left + right else _decimal(node.copy(), wanted)


def _decimal(node: Any, scale: int) -> Any:
    return _cast(node, f"NUMBER(38, {scale})")


def _divided(node: Any, types: Inferred) -> Any:
    made = _quotient(node.this, node.expression, types.scale(node), types)
    return node if made is None else made


def _average(node: Any, types: Inferred) -> Any:
    """The quotient of SUM and COUNT, each with its OVER."""
    value = node.this.expressions[0] if isinstance(node.this, exp.Distinct) else node.this
    outer = _outermost(node)
    total, count = (_with_call(outer, function) for function in (exp.Sum, exp.Count))
    types.note(total, types.type_of(value))
    # Of no rows it is NULL.
    count = exp.Nullif(this=count, expression=exp.Literal.number("0"))
    types.note(count, exp.DataType.build("BIGINT"))
    made = _quotient(total, count, types.scale(node), types)
    return node if made is None else _in_place_of(outer, node, made, types)


def _spread(node: Any, types: Inferred) -> Any:
    """VARIANCE and its like are NUMBERs of NUMBERs; DuckDB's are FLOATs."""
    if types.kind(node) != "DECIMAL":
        return node
    outer = _outermost(node)
    made = exp.Cast(this=outer.copy(), to=types.type_of(node).copy())
    return _in_place_of(outer, node, made, types)


def _deviation(node: Any, types: Inferred) -> Any:
    """The root of the variance, which of NUMBERs has so many digits alone."""
    scale = types.scale(node.this)
    if scale is None:
        return node
    outer = _outermost(node)
    spread = exp.VariancePop if isinstance(node, exp.StddevPop) else exp.Variance
    variance = _decimal(_with_call(outer, spread, type(node)), 6 if scale == 0 else max(12, scale))
    return _in_place_of(outer, node, exp.Sqrt(this=_cast(variance, "FLOAT")), types)


def _cut(node: Any, types: Inferred) -> Any:
    """DuckDB has a FLOAT that is 0 and negative."""
    if types.kind(node.this) != "FLOAT":
        return node
    return exp.Paren(
        this=exp.Add(this=node.copy(), expression=_cast(exp.Literal.number(0), "FLOAT"))
    )


def _slope(node: Any, types: Inferred) -> Any:
    """Of points that lie above each other it is NULL; DuckDB's is no number."""
    outer = _outermost(node)
    nothing = _cast(exp.Literal.string("nan"), "FLOAT")
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


def _quotient(dividend: Any, divisor: Any, digits: int | None, types: Inferred) -> Any:
    """A quotient of NUMBERs to so many digits; None of others. DuckDB's is a FLOAT.

    It is divided in whole numbers, to one digit more than stays, by which it is rounded.
    """
    if digits is None or max(digits, types.scale(divisor) or 0) > _SCALED:
        return None
    wholes: list[Any] = []
    power = digits + 1
    for sign, side in ((-1, dividend), (1, divisor)):
        kind = types.type_of(side)
        if kind is not None and kind.this in exp.DataType.INTEGER_TYPES:
            wholes.append(invoke("_es_counted", side.copy()))
            continue
        wholes.append(invoke("_es_scaled", side.copy(), exp.Literal.number(10**_SCALED)))
        power += sign * _SCALED
    numbers = (10 ** max(power, 0), 10 ** max(-power, 0), f"{10 ** -(digits + 1):.{digits + 1}f}")
    return invoke("_es_quotient", *wholes, *(exp.Literal.number(one) for one in (*numbers, digits)))


def _percentile(node: Any, types: Inferred) -> Any:
    """Between two NUMBERs lie such with more digits."""
    if isinstance(node, exp.Median):
        if (scale := types.scale(node.this)) is None:
            return node
        value, at = node.this.copy(), exp.Literal.number("0.5")
        return invoke("quantile_cont", _decimal(value, scale + 3), at)
    if isinstance(node.this, exp.PercentileCont):
        ordered = node.expression.expressions[0]
        if (scale := types.scale(ordered.this)) is not None:
            _swap(ordered.this, lambda old: _decimal(old, scale + 3))
    return node


def _approximate(node: Any, types: Inferred) -> Any:
    if types.kind(node.this) in {"INTEGER", "DECIMAL"}:
        _swap(node.this, lambda old: _cast(old, "FLOAT"))
    return node


def _time_arguments(node: Any, types: Inferred) -> Any:
    """A text is a moment where a moment is asked for."""
    for name in _TIME_ARGUMENTS[type(node)]:
        if types.kind(node.args[name]) in {"TEXT", "VARIANT"}:
            _swap(node.args[name], lambda old: _cast(_cast(old, "VARCHAR"), "TIMESTAMP_NTZ"))
    if not isinstance(node, _MOVES):
        return node
    if isinstance(node, (exp.DateAdd, exp.TimestampAdd)) and (
        types.kind(node.expression) in {"DECIMAL", "FLOAT"}
    ):
        _swap(node.expression, lambda old: invoke("_es_units", old))
    return _moved(node, types)


_MOVES = (exp.DateAdd, exp.TimestampAdd, exp.AddMonths)


def _moved(node: Any, types: Inferred) -> Any:
    """A DATE and days or more are a DATE; DuckDB makes a TIMESTAMP of it."""
    if types.kind(node.this) != "DATE":
        return node
    if isinstance(node, (exp.Add, exp.Sub)):
        if not isinstance(node.expression, exp.Interval):
            return node
        unit = node.expression.args.get("unit")
    else:
        unit = node.args.get("unit")
    months = isinstance(node, exp.AddMonths)
    if not months and (unit is None or UNITS.get(unit.name.upper()) not in _DAYS):
        return node
    return _cast(node.copy(), "DATE")


def _arithmetic(node: Any, types: Inferred) -> Any:
    """Raises 000002 where a text or a VARIANT would have to become a number of unknown scale."""
    for side in (node.this, node.args.get("expression")):
        if side is not None and types.kind(side) in {"TEXT", "VARIANT"}:
            if isinstance(side, exp.Literal) and isinstance(node, (exp.Add, exp.Sub)):
                continue
            raise errors.unsupported(
                f"arithmetic on a {types.kind(side)}: cast {side.sql(dialect='snowflake')}"
            )
    if isinstance(node, exp.Mul):
        return _product(node, types)
    if isinstance(node, exp.Div):
        return _divided(node, types)
    return _moved(node, types) if isinstance(node, (exp.Add, exp.Sub)) else node


# ---- set operators and assignments


def _set_operator(node: Any, types: Inferred) -> Any:
    """A text over a number, a day or a truth value is read as one, over a VARIANT it becomes one."""
    left, right = types.outputs(node.this), types.outputs(node.expression)
    if len(left) != len(right) and not node.args.get("by_name"):
        return node
    if table_names.is_recursive(node):
        for (name, begun), (_, later) in zip(left, right, strict=True):
            if _narrower(begun, later):
                raise errors.unsupported(
                    f"a recursive WITH whose column {name} goes on with another type than it "
                    "begins with: cast it in the first query"
                )
    for side, own, beside in (("this", left, right), ("expression", right, left)):
        other = _by_name(own, beside) if node.args.get("by_name") else beside
        kinds = [
            _over(group_of(mine), theirs) for (_, mine), (_, theirs) in zip(own, other, strict=True)
        ]
        if any(kinds):
            node.set(side, _cast_outputs(node.args[side], own, kinds))
    return node


def _narrower(begun: Any, later: Any) -> bool:
    """Whether DuckDB would lose something: it casts to the type that the recursion begins with."""
    first, second = group_of(begun), group_of(later)
    if first is None or second is None or (first, second) == ("TIMESTAMP", "DATE"):
        return False
    digits = scale_of(begun), scale_of(later)
    if digits[0] is not None and digits[1] is not None:
        return digits[0] < digits[1]
    return first != second and not (first == "FLOAT" and second in _NUMBERS)


def _over(mine: str | None, theirs: Any) -> Any:
    """The type that a set operator's column is cast to, by what it meets; None where it stays."""
    wanted = group_of(theirs)
    if wanted == "VARIANT" and mine in {"TEXT", *_TEXTS_IN_JSON}:
        return exp.DataType.build("VARIANT", dialect="snowflake")
    read = {*_NUMBERS, *_TIMES, "BOOLEAN", "BINARY"}
    return theirs if mine == "TEXT" and wanted in read else None


def _by_name(own: list[tuple[str, Any]], other: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """The columns of one query, with the types that those of the same names have in another."""
    named = {name.upper(): kind for name, kind in other}
    return [(name, named.get(name.upper())) for name, _ in own]


def _cast_outputs(query: Any, outputs: list[tuple[str, Any]], kinds: list[Any]) -> Any:
    """A query whose columns are cast where a type is given."""
    names = [name for name, _ in outputs]
    if len(set(names)) < len(names) or "" in names:
        raise errors.unsupported(
            "a conversion of columns that have no name, or the same: give them names"
        )
    places = [f"COLUMN{place}" for place in range(1, len(names) + 1)]
    columns: list[Any] = []
    for name, place, kind in zip(names, places, kinds, strict=True):
        column: Any = exp.column(exp.to_identifier(place, quoted=True))
        value = column if kind is None else exp.Cast(this=column, to=kind.copy())
        columns.append(exp.alias_(value, name, quoted=True))
    inner = query.this if isinstance(query, exp.Subquery) and not query.alias else query
    alias = exp.TableAlias(
        this=exp.to_identifier("_S"),
        columns=[exp.to_identifier(place, quoted=True) for place in places],
    )
    return exp.select(*columns).from_(exp.Subquery(this=inner.copy(), alias=alias))


def _is_typed(expression: Any) -> bool:
    """Whether it makes a table of a query and names types for its columns."""
    typed = isinstance(expression, exp.Create) and isinstance(expression.this, exp.Schema)
    return typed and isinstance(expression.expression, exp.Query)


def _assign(session: Session, expression: Any, types: Inferred) -> None:
    """What is written into a column has its type."""
    if isinstance(expression, exp.Create):
        # `patches` casts what becomes a new table's columns, but parses texts for a VARIANT.
        kinds = [one.args.get("kind") for one in expression.this.expressions]
        halves = [one if one and one.this in _HALF_STRUCTURED else None for one in kinds]
        _cast_source(expression, halves, types)
        return
    target = table_names.written_table(session, expression)
    stored = {} if target is None else _stored(session, target, types)
    if not stored:
        return
    for value, kind in _written(expression, stored, types):
        if kind is not None and _needs(_given(value, kind, types), kind):
            _swap(value, lambda old, kind=kind: exp.Cast(this=old, to=kind.copy()))


def _stored(session: Session, target: QualifiedName, types: Inferred) -> dict[str, Any]:
    """The types of a table's columns; of DuckDB's JSON which of Snowflake's three it is."""
    stored = types.columns(target)
    if not any(group_of(kind) == "VARIANT" for kind in stored.values()):
        return stored
    kinds = ColumnFacts(session, target).kinds()
    return {
        name: exp.DataType.build(kinds.get(name, "VARIANT"), dialect="snowflake")
        if group_of(kind) == "VARIANT"
        else kind
        for name, kind in stored.items()
    }


def _given(value: Any, kind: Any, types: Inferred) -> str | None:
    """The kind of a value; None of a literal that DuckDB reads as Snowflake does."""
    if not isinstance(value, exp.Literal):
        return types.kind(value)
    if not value.is_string:
        return "FLOAT" if "e" in value.name.lower() else None
    return None if plainly_a_time(value) and group_of(kind) in _TIMES else "TEXT"


def _written(expression: Any, stored: dict[str, Any], types: Inferred) -> list[tuple[Any, Any]]:
    """The values that a statement writes, each with its column's type; a query's are cast here."""
    if isinstance(expression, exp.Insert):
        named = expression.this.expressions if isinstance(expression.this, exp.Schema) else []
        kinds = [stored.get(stored_name(one)) for one in named] or list(stored.values())
        source = expression.expression
        if not isinstance(source, exp.Values):
            _cast_source(expression, kinds, types)
            return []
        return [
            pair for row in source.expressions for pair in zip(row.expressions, kinds, strict=False)
        ]
    pairs = [
        (one.this, one.expression)
        for one in expression.find_all(exp.EQ)
        if rewriting.is_assignment(one)
    ]
    for when in expression.find_all(exp.When):
        then = when.args.get("then")
        if isinstance(then, exp.Insert) and isinstance(then.expression, exp.Tuple):
            named = then.this.expressions if then.this else [exp.column(one) for one in stored]
            pairs += zip(named, then.expression.expressions, strict=False)
    return [(value, stored.get(stored_name(column))) for column, value in pairs]


def _cast_source(insert: Any, kinds: list[Any], types: Inferred) -> None:
    outputs = types.outputs(insert.expression)
    if len(outputs) != len(kinds):
        return
    casts = [
        kind if kind is not None and _needs(group_of(given), kind) else None
        for (_, given), kind in zip(outputs, kinds, strict=True)
    ]
    if any(casts):
        names = [(f"C{place}", given) for place, (_, given) in enumerate(outputs)]
        insert.set("expression", _cast_outputs(insert.expression, names, casts))


_HALF_STRUCTURED = {exp.DataType.Type.VARIANT, exp.DataType.Type.ARRAY, exp.DataType.Type.OBJECT}


def _needs(given: str | None, kind: Any) -> bool:
    """Whether DuckDB would store something else than what a CAST makes of it.

    Raises:
        SnowflakeError: a text for a VARIANT, an ARRAY or an OBJECT, which DuckDB would parse.
    """
    wanted = group_of(kind)
    if kind.this in _HALF_STRUCTURED:
        if given == "TEXT":
            name = kind.sql(dialect="snowflake")
            raise errors.error(
                "SQL compilation error:\nExpression type does not match column data type, "
                f"expecting {name} but got VARCHAR",
                2023,
                "22000",
            )
        return given in _TEXTS_IN_JSON if wanted == "VARIANT" else given == "VARIANT"
    if wanted == "TEXT":
        return given in {"VARIANT", "FLOAT", "TIMESTAMP", "ZONED", "BINARY"}
    if wanted == "INTEGER":
        return given in {"FLOAT", "VARIANT"}
    return wanted in {"BINARY", *_TIMES} and given in {"TEXT", "VARIANT"}


_RULES: dict[type[Any], Callable[[Any, Inferred], Any]] = {
    **dict.fromkeys(_TEXT_ARGUMENTS, _text_arguments),
    **dict.fromkeys(_COMPARED, _comparison),
    exp.DecodeCase: _decode,
    exp.Nullif: _nullif,
    **dict.fromkeys((exp.TryCast, exp.ToNumber, exp.ToDouble, exp.ToBoolean), _tried),
    **dict.fromkeys((exp.TsOrDsToDate, exp.TsOrDsToTime, exp.ToBinary, exp.Anonymous), _tried),
    **dict.fromkeys((exp.Struct, exp.Array, exp.ArrayAgg, exp.ToVariant), _variant_parts),
    exp.In: _membership,
    exp.Between: _between,
    exp.Case: _case,
    exp.If: _if,
    exp.Coalesce: _coalesce,
    exp.Ordered: _ordered,
    exp.Max: _extreme,
    exp.Min: _extreme,
    exp.ArgMax: _extreme_by,
    exp.ArgMin: _extreme_by,
    exp.Greatest: _greatest,
    exp.Least: _greatest,
    exp.Floor: _rounded,
    exp.Ceil: _rounded,
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg), _arithmetic),
    **dict.fromkeys(_TIME_ARGUMENTS, _time_arguments),
    exp.Avg: _average,
    exp.RegrSlope: _slope,
    **dict.fromkeys((exp.Variance, exp.VariancePop, exp.Kurtosis), _spread),
    **dict.fromkeys((exp.Stddev, exp.StddevSamp, exp.StddevPop), _deviation),
    exp.Trunc: _cut,
    exp.Median: _percentile,
    exp.WithinGroup: _percentile,
    exp.ApproxQuantile: _approximate,
    exp.Union: _set_operator,
    exp.Except: _set_operator,
    exp.Intersect: _set_operator,
}
