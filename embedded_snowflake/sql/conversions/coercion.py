"""Conversions that nobody wrote: where Snowflake makes one type of another, and how.

DuckDB has its own: a VARIANT that becomes a text keeps its quotes, a FLOAT its ".0", a text beside
an integer is rounded, half a FLOAT goes to the even integer. Here each becomes the conversion that
the same CAST would be (https://docs.snowflake.com/en/sql-reference/data-type-conversion), before
anything else rewrites the statement. Add a place where types meet; of calculations they stand in
`arithmetic.py`, of whole columns in `column_conversions.py`. The types themselves are found in
`inferred_types.py`, what a CAST does stands in `functions/casts.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from embedded_snowflake import errors
from embedded_snowflake.inference.pool import FUNCTION_NAME, KINDS
from embedded_snowflake.sql import rewriting
from embedded_snowflake.sql.building import argument, invoke, snowflake_cast, swap
from embedded_snowflake.sql.conversions import arithmetic, column_conversions, spelling_out
from embedded_snowflake.sql.conversions.inferred_types import (
    FINER,
    NUMBERS,
    TEXTS_IN_JSON,
    TIMES,
    Inferred,
    group_of,
)
from embedded_snowflake.sql.functions import times, variants
from embedded_snowflake.sql.functions.casts import plainly_a_time

if TYPE_CHECKING:
    from embedded_snowflake.sessions.session import Session

_BECOME_TEXT = {*NUMBERS, *TIMES, "VARIANT", "BOOLEAN"}
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
    **dict.fromkeys(
        (exp.RegexpExtract, exp.RegexpExtractAll, exp.RegexpCount, exp.RegexpInstr), _THIS
    ),
    **dict.fromkeys((exp.Length, exp.Substring, exp.Left, exp.Right, exp.Pad, exp.Trim), _THIS),
    **dict.fromkeys((exp.Lower, exp.Upper, exp.Initcap, exp.Reverse, exp.Repeat), _THIS),
    **dict.fromkeys((exp.Split, exp.SplitPart, exp.Strtok, exp.Translate, exp.ByteLength), _THIS),
    **dict.fromkeys((exp.MD5, exp.SHA, exp.SHA2, exp.Unicode, exp.Ascii, exp.BitLength), _THIS),
    **dict.fromkeys((exp.Soundex, exp.SoundexP123, exp.SHA2Digest, exp.ParseUrl), _THIS),
    **dict.fromkeys((exp.MD5NumberLower64, exp.MD5NumberUpper64, exp.StrtokToArray), _THIS),
    **dict.fromkeys((exp.GroupConcat, exp.Hex), _THIS),
}
"""Functions of texts, and which of their arguments are."""
_TIME_ARGUMENTS: dict[type[Any], tuple[str, ...]] = {
    **dict.fromkeys((exp.DateDiff, exp.TimestampDiff, exp.MonthsBetween), _BOTH),
    exp.Extract: ("expression",),
    **dict.fromkeys((exp.DateAdd, exp.TimestampAdd, exp.AddMonths, exp.LastDay), _THIS),
    **dict.fromkeys((exp.DateTrunc, exp.TimestampTrunc, exp.TimeSlice), _THIS),
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


def coerced(session: Session, expression: Any) -> Any:
    """The statement with Snowflake's conversions written out."""
    assigns = isinstance(
        expression, (exp.Insert, exp.Update, exp.Merge)
    ) or column_conversions.is_typed(expression)
    spelling_out.in_order(expression)
    if not isinstance(expression.args.get("expression"), exp.Values):
        # Rows that are inserted are constants, and may be very many.
        spelling_out.keep_apart(session, expression)
        spelling_out.order_by_all(session, expression)
        spelling_out.spell_out(session, expression)
        spelling_out.name_grouped(session, expression)
    nodes = [node for node in expression.walk(bfs=False) if type(node) in _RULES]
    if not nodes and not assigns:
        return expression
    types = Inferred(session, expression)
    if nodes or not _all_of(expression, (*_LITERALS, exp.Cast)):
        types.resolve()
    for node in reversed(nodes):
        made = _RULES[type(node)](node, types)
        if made is not node:
            types.note(made, types.type_of(node))
            node.replace(made)
    if assigns:
        column_conversions.assign(session, expression, types)
    return expression


_LITERALS = (exp.Literal, exp.Null, exp.Boolean, exp.Neg)


def _all_of(insert: Any, kinds: tuple[type[Any], ...]) -> bool:
    """Whether it inserts rows of such values alone: there may be very many."""
    return isinstance(insert.expression, exp.Values) and all(
        isinstance(value, kinds)
        for row in insert.expression.expressions
        for value in row.expressions
    )


# ---- texts


def _text_arguments(node: Any, types: Inferred) -> Any:
    if isinstance(node, (exp.DPipe, exp.Concat, exp.ConcatWs)):
        _all_of_bytes(list(node.iter_expressions()), types)
    calculated = (exp.Predicate, exp.Connector, exp.Not)
    if isinstance(node, exp.DPipe) and any(
        isinstance(one.unnest(), calculated) for one in (node.this, node.expression)
    ):
        text = "Invalid argument types for function '||': (BOOLEAN), cast it"
        raise errors.uncompiled(text, 1044, "42P13")
    for name in _TEXT_ARGUMENTS[type(node)]:
        held = node.args.get(name)
        for one in list(held) if isinstance(held, list) else [held]:
            _as_text(one, types)
    return node


def _all_of_bytes(values: list[Any], types: Inferred) -> None:
    """A BINARY stands beside others alone: https://docs.snowflake.com/en/sql-reference/functions/concat."""
    kinds = {types.kind(one) for one in values} - {None}
    if "BINARY" in kinds and len(kinds) > 1:
        raise errors.unsupported("a BINARY beside what is none: cast one of them")


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
    swap(value, lambda old: snowflake_cast(old, "VARCHAR"))


_BITS = {exp.BitwiseAnd: "bitand", exp.BitwiseOr: "bitor", exp.BitwiseXor: "bitxor"}


def _bits(node: Any, types: Inferred) -> Any:
    """BITAND and its like of BINARY, the shorter one padded; of numbers nothing is."""
    side = node.args.get("padside")
    node.set("padside", None)
    if types.kind(node.this) == types.kind(node.expression) == "BINARY":
        return invoke(
            f"_es_{_BITS[type(node)]}_bytes",
            node.this,
            node.expression,
            side or exp.Literal.string(""),
        )
    if side is not None:
        raise errors.unsupported(
            "BITAND and its like with a side of anything but two BINARY values"
        )
    return node


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
        swap(value, lambda old: snowflake_cast(old, "VARCHAR"))
    elif kind in NUMBERS and types.kind(value) in {"TEXT", "VARIANT"}:
        swap(value, lambda old: snowflake_cast(snowflake_cast(old, "VARCHAR"), _number_of({kind})))


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
    same = exp.EQ(this=exp.Paren(this=sides[0]), expression=exp.Paren(this=sides[1]))
    _meet(sides, types)
    return exp.If(this=same, true=exp.Null(), false=node.this.copy())


def _meet(nodes: list[Any], types: Inferred) -> None:
    """Bring values that are compared to one type."""
    _all_of_bytes(nodes, types)
    kinds = {types.kind(one) for one in nodes}
    if {types.kind(one) for one in nodes if not isinstance(one, exp.Null)} == {"VARIANT"}:
        for one in nodes:
            swap(one, lambda old: invoke("_es_variant_compared", old))
        return
    number = _number_of(kinds) if kinds & NUMBERS else None
    moment = next((one for one in ("ZONED", "TIMESTAMP", "DATE", "TIME") if one in kinds), None)
    for one in nodes:
        kind = types.kind(one)
        if kind == "VARIANT":
            swap(one, lambda old: _compared_variant(old, number, moment, kinds))
        elif kind == "TEXT" and number is not None:
            swap(one, lambda old: as_number(old, number))
        elif kind == "TEXT" and moment is not None and not plainly_a_time(one):
            swap(one, lambda old: snowflake_cast(old, _MOMENTS[moment]))
        elif kind == "TEXT" and "BOOLEAN" in kinds and not isinstance(one, exp.Literal):
            swap(one, lambda old: snowflake_cast(old, "BOOLEAN"))


_MOMENTS = {
    "ZONED": "TIMESTAMP_LTZ",
    "TIMESTAMP": "TIMESTAMP_NTZ",
    "DATE": "DATE",
    "TIME": "TIME",
}


def _compared_variant(node: Any, number: str | None, moment: str | None, kinds: set[Any]) -> Any:
    if number is not None:
        return (
            snowflake_cast(node, "FLOAT")
            if number == "FLOAT"
            else invoke("_es_variant_number", node)
        )
    text = snowflake_cast(node, "VARCHAR")
    if moment is not None:
        return snowflake_cast(text, _MOMENTS[moment])
    return snowflake_cast(text, "BOOLEAN") if "BOOLEAN" in kinds else text


def _number_of(kinds: set[Any], digits: str = "38, 9") -> str:
    """The type in which a text meets numbers of these kinds."""
    return "FLOAT" if "FLOAT" in kinds else f"NUMBER({digits})"


def as_number(node: Any, kind: str) -> Any:
    """A text beside a number is read as one."""
    if not isinstance(node, exp.Literal):
        return snowflake_cast(node, kind)
    try:
        plain = math.isfinite(float(node.name)) and "_" not in node.name
    except ValueError:
        message = f"Numeric value '{node.name}' is not recognized"
        raise errors.error(message, 100038, "22018") from None
    # NaN without quotes would be a column's name.
    return exp.Literal.number(node.name.strip()) if plain else snowflake_cast(node, kind)


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
            swap(one, lambda old: snowflake_cast(old, "VARIANT"))
        elif kind == "TEXT" and kinds & NUMBERS:
            swap(one, lambda old: as_number(old, _number_of(kinds, "18, 5")))
        elif kind == "TEXT" and "BINARY" in kinds:
            swap(one, lambda old: snowflake_cast(old, "BINARY"))
    return node


def _variant_parts(node: Any, types: Inferred) -> Any:
    """A moment or a BINARY in a VARIANT is the text that TO_VARCHAR makes of it."""
    asked = variants.asked_of(node.parent) is not None
    if isinstance(node.parent, exp.Typeof) or asked or _are_moments_of_a_model(node):
        return node
    parts = [node.this] if isinstance(node, (exp.ToVariant, exp.ArrayAgg)) else node.expressions
    for one in list(parts):
        value = one.expression if isinstance(one, exp.PropertyEQ) else one
        if isinstance(value, exp.Distinct):
            continue
        if types.kind(value) in TEXTS_IN_JSON:
            swap(value, lambda old: snowflake_cast(old, "VARCHAR"))
        elif types.kind(value) == "DECIMAL" and _is_of_json(node):
            swap(value, lambda old: invoke("_es_to_variant", old))
    return node


def _are_moments_of_a_model(node: Any) -> bool:
    """Whether these are the arguments of a model's method that it takes as moments."""
    call = node.parent
    is_call = isinstance(call, exp.Anonymous) and call.name == FUNCTION_NAME
    return is_call and call.expressions[1 + list(KINDS).index("timestamps")] is node


def _is_of_json(node: Any) -> bool:
    """Whether what makes an array takes the elements as they are, to write them as JSON."""
    lambdas = (exp.ArrayFilter, exp.Transform, exp.Reduce, exp.Anonymous)
    return isinstance(node, (exp.Array, exp.ArrayAgg)) and not isinstance(node.parent, lambdas)


def _with_lambda(node: Any, _: Inferred) -> Any:
    """Mark FILTER and TRANSFORM whose lambda casts its parameter wherever it names it.

    What a VARIANT does otherwise than a JSON does not show there; nor where FILTER leaves out what
    is null, SQL's or JSON's.
    """
    taken = node.expression
    if not isinstance(taken, exp.Lambda) or len(taken.expressions) != 1:
        raise errors.wrong_arguments(node.sql_name())
    body, names = taken.this, {one.name.upper() for one in taken.expressions}
    compacts = isinstance(body, exp.Not) and isinstance(body.this, exp.IsNullValue)
    told = (
        isinstance(node, exp.ArrayFilter)
        and compacts
        and isinstance(body.this.this, exp.Identifier)
    )
    for use in body.find_all(exp.Identifier) if not told else ():
        value = use
        while isinstance(value.parent, (exp.JSONExtract, exp.Bracket)) and value.arg_key == "this":
            value = value.parent
        if use.name.upper() in names and not (
            isinstance(value.parent, exp.Cast) and value.arg_key == "this"
        ):
            return node
    node.meta["told"] = True
    return node


def _tried(node: Any, types: Inferred) -> Any:
    """TRY_ functions read texts alone: https://docs.snowflake.com/en/sql-reference/functions/try_cast."""
    if isinstance(node, exp.Anonymous):
        if (asked := variants.asked_of(node)) is not None:
            return variants.of_known_type(node, types.type_of(asked))
        tries = node.name.upper().startswith("TRY_TO_") and len(node.expressions) > 0
        value = node.expressions[0] if tries else node
    else:
        tries, value = bool(node.args.get("safe")), node.this
    kind = types.kind(value)
    if not isinstance(node, exp.TryCast):
        if tries and kind == "VARIANT":
            raise errors.unsupported("a TRY_ function of a VARIANT: cast it to VARCHAR")
        if isinstance(node, exp.ToBoolean) and kind == "VARIANT":
            return snowflake_cast(value.copy(), "BOOLEAN")
    elif node.is_type("VARIANT", "OBJECT", "ARRAY", "BINARY", "VARBINARY"):
        raise errors.unsupported(f"TRY_CAST to {node.to.sql('snowflake')}")
    elif kind not in (None, "TEXT") and node.args.get("requires_string"):
        message = f"TRY_CAST cannot be used with an argument of type {kind}"
        raise errors.uncompiled(message, 1065, "22023")
    return node


def _elsewhere(node: Any, types: Inferred) -> Any:
    """What LAG and LEAD answer beyond the rows has the type of the others."""
    default = node.args.get("default")
    if default is not None and types.kind(node.this) in {"INTEGER", "DECIMAL"}:
        digits = types.scale(default)
        if types.kind(default) == "FLOAT" or (digits or 0) > (types.scale(node.this) or 0):
            raise errors.unsupported(f"{node.sql_name()} with a default of more digits: cast it")
    return node


# ---- order


def _ordered(node: Any, types: Inferred) -> Any:
    query = node.parent.parent
    if isinstance(query, exp.Query) and node.this.is_int:
        _by_name(node, query, types)
    if types.kind(node.this) == "VARIANT":
        swap(node.this, lambda old: invoke("_es_variant_order", old))
    return node


def _by_name(node: Any, query: Any, types: Inferred) -> None:
    """A VARIANT that is ordered by its place is ordered by its name: only so it has a value."""
    outputs, place = types.outputs(query), int(node.this.name) - 1
    if not 0 <= place < len(outputs) or group_of(outputs[place][1]) != "VARIANT":
        return
    name, kind = outputs[place]
    if isinstance(query, exp.Select) and not query.is_star:
        selected = query.selects[place]
        made = selected.unalias().copy()
        if isinstance(selected, exp.Alias) and name.upper() not in types.column_names():
            made = exp.column(name, quoted=True)
    else:
        made = exp.column(name, quoted=True)
    node.this.replace(types.note(made, kind))


def _extreme(node: Any, types: Inferred) -> Any:
    found = types.type_of(node.this)
    if found is not None and found.this in FINER and found.this != exp.DType.TIMESTAMPTZ:
        raise errors.unsupported(f"{node.sql_name()} of an ARRAY or OBJECT: they have no order")
    if types.kind(node.this) != "VARIANT" or isinstance(node, exp.Mode):
        return node
    function = "arg_max" if isinstance(node, exp.Max) else "arg_min"
    value = argument(node)
    return invoke(function, value.copy(), invoke("_es_variant_order", value.copy()))


def _extreme_by(node: Any, types: Inferred) -> Any:
    if types.kind(node.expression) == "VARIANT":
        swap(node.expression, lambda old: invoke("_es_variant_order", old))
    return node


def _greatest(node: Any, types: Inferred) -> Any:
    values = [node.this, *node.expressions]
    if any(types.kind(one) == "VARIANT" for one in values):
        raise errors.unsupported(f"{node.sql_name()} of a VARIANT: cast it")
    return node


# ---- moments
def _time_arguments(node: Any, types: Inferred) -> Any:
    """A text is a moment where a moment is asked for."""
    for name in _TIME_ARGUMENTS[type(node)]:
        value = node.args[name]
        if types.kind(value) in {"TEXT", "VARIANT"} or isinstance(value, exp.Null):
            swap(
                value,
                lambda old: snowflake_cast(snowflake_cast(old, "VARCHAR"), "TIMESTAMP_NTZ"),
            )
        if (part := times.part_in(node)) is not None:
            whole = isinstance(node, exp.TimeSlice) and types.kind(value) == "DATE"
            times.part_of(exp.LastDay if whole else types.kind(value), part.name)
    if not isinstance(node, _MOVES):
        return node
    if isinstance(node, (exp.DateAdd, exp.TimestampAdd)):
        amount = node.expression
        whole = amount.is_int and amount.to_py() % 1000 == 0
        if node.args["unit"].name == "NANOSECOND" and not whole:
            raise errors.unsupported("nanoseconds that are no whole microseconds")
        if types.kind(node.expression) == "TEXT":
            swap(node.expression, lambda old: snowflake_cast(old, "FLOAT"))
        if types.kind(node.expression) in {"DECIMAL", "FLOAT"}:
            swap(node.expression, lambda old: invoke("_es_units", old))
    return arithmetic.moved(node, types)


_MOVES = (exp.DateAdd, exp.TimestampAdd, exp.AddMonths)


_RULES: dict[type[Any], Callable[[Any, Inferred], Any]] = {
    **dict.fromkeys(_TEXT_ARGUMENTS, _text_arguments),
    **dict.fromkeys(_COMPARED, _comparison),
    **dict.fromkeys(_BITS, _bits),
    exp.DecodeCase: _decode,
    exp.Nullif: _nullif,
    **dict.fromkeys((exp.TryCast, exp.ToNumber, exp.ToDouble, exp.ToBoolean), _tried),
    **dict.fromkeys((exp.TsOrDsToDate, exp.TsOrDsToTime, exp.ToBinary, exp.Anonymous), _tried),
    **dict.fromkeys((exp.Struct, exp.Array, exp.ArrayAgg, exp.ToVariant), _variant_parts),
    **dict.fromkeys((exp.ArrayFilter, exp.Transform), _with_lambda),
    exp.In: _membership,
    exp.Between: _between,
    exp.Case: _case,
    exp.If: _if,
    exp.Coalesce: _coalesce,
    exp.Lag: _elsewhere,
    exp.Lead: _elsewhere,
    exp.Ordered: _ordered,
    exp.Max: _extreme,
    exp.Min: _extreme,
    exp.Mode: _extreme,
    exp.ArgMax: _extreme_by,
    exp.ArgMin: _extreme_by,
    exp.Greatest: _greatest,
    exp.Least: _greatest,
    exp.Floor: arithmetic.rounded,
    exp.Ceil: arithmetic.rounded,
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg), arithmetic.arithmetic),
    **dict.fromkeys(_TIME_ARGUMENTS, _time_arguments),
    exp.Sum: arithmetic.summed,
    exp.Avg: arithmetic.average,
    exp.RegrSlope: arithmetic.slope,
    **dict.fromkeys((exp.Sign, exp.WidthBucket, exp.Pow, exp.Skewness), arithmetic.of_number),
    **dict.fromkeys((exp.Variance, exp.VariancePop, exp.Kurtosis), arithmetic.spread),
    **dict.fromkeys((exp.Stddev, exp.StddevSamp, exp.StddevPop), arithmetic.deviation),
    exp.Trunc: arithmetic.cut,
    exp.Median: arithmetic.percentile,
    exp.WithinGroup: arithmetic.percentile,
    exp.ApproxQuantile: arithmetic.approximate,
    exp.Union: column_conversions.set_operator,
    exp.Except: column_conversions.set_operator,
    exp.Intersect: column_conversions.set_operator,
}
