"""Functions of dates and times that DuckDB answers otherwise.

Conversions to times stand in `casts.py` and `tried_times.py`, formats in `time_formats.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sqlglot import exp
from sqlglot.dialects.snowflake import Snowflake

from embedded_snowflake import errors
from embedded_snowflake.errors import UNSUPPORTED
from embedded_snowflake.sql.building import cast_as, invoke, number

MACROS = {
    "_es_months_between(x, y)": (
        "CAST(round((year(x) - year(y)) * 12 + month(x) - month(y) + CASE "
        "WHEN day(x) = day(y) OR (CAST(x AS DATE) = last_day(x) AND CAST(y AS DATE) = last_day(y)) "
        "THEN 0 ELSE (day(x) - day(y) + (epoch(CAST(x AS TIMESTAMP) - date_trunc('day', x)) "
        "- epoch(CAST(y AS TIMESTAMP) - date_trunc('day', y))) / 86400) / 31 END, 6) "
        "AS DECIMAL(38, 6))"
    ),
    "_es_from_parts(day, h, m, s, nanos)": (
        "CAST(day AS TIMESTAMP) "
        "+ to_microseconds(CAST(((h * 60 + m) * 60 + s) * CAST(1000000 AS BIGINT) "
        "+ nanos // 1000 AS BIGINT))"
    ),
    "_es_weekday(x)": (
        "CASE WHEN _es_fails(NOT regexp_matches(x, '^ *(mo|tu|we|th|fr|sa|su)', 'i'), "
        "concat('Invalid day of the week: ', x)) THEN NULL "
        "ELSE (instr('motuwethfrsasu', lower(left(ltrim(x), 2))) + 1) // 2 END"
    ),
    "_es_next_day(x, day)": "x + CAST((_es_weekday(day) - isodow(x) + 6) % 7 + 1 AS INTEGER)",
    "_es_units(x)": (
        f"CASE WHEN _es_fails(x <> trunc(x), '{UNSUPPORTED}DATEADD of a part of a unit') THEN NULL "
        "ELSE CAST(x AS BIGINT) END"
    ),
}


TYPED = {
    "_es_time_slice": (
        "(x DATE, width, origin, ends) AS CAST(time_bucket(width, x, CAST(origin AS DATE)) "
        "+ CASE WHEN ends THEN width ELSE INTERVAL 0 DAY END AS DATE), "
        "(x, width, origin, ends) AS time_bucket(width, CAST(x AS TIMESTAMP), "
        "CAST(origin AS TIMESTAMP)) + CASE WHEN ends THEN width ELSE INTERVAL 0 DAY END"
    ),
    "_es_date_trunc": (
        "(unit, x TIME) AS CAST(date_trunc(unit, DATE '1970-01-01' + x) AS TIME), "
        "(unit, x DATE) AS CAST(date_trunc(unit, x) AS DATE), (unit, x) AS date_trunc(unit, x)"
    ),
}


def _now(node: Any) -> Any:
    """A function's call: DuckDB takes the bare word for the column that is named by it."""
    if node.find_ancestor(exp.ColumnDef):
        # A default, which DESCRIBE shows.
        return node
    now = invoke("now")
    if node.this is not None and node.name not in {"6", "9"}:
        unit = {"0": "second", "3": "millisecond"}.get(node.name)
        if unit is None:
            raise errors.unsupported(f"{node.sql_name()}({node.name})")
        now = invoke("date_trunc", exp.Literal.string(unit), now)
    if isinstance(node, exp.CurrentDate):
        return cast_as(now, "DATE")
    if isinstance(node, (exp.CurrentTime, exp.Localtime)):
        return cast_as(cast_as(now, "TIMESTAMP"), "TIME")
    return cast_as(now, "TIMESTAMP") if node.args.get("sysdate") else now


def _from_parts(node: Any) -> Any:
    """Parts may be more or less than there are of them: a day that has so many hours is a later one."""
    if node.this is not None:
        return node
    parts = ("year", "month", "day", "hour", "min", "sec")
    year, month, day, *clock = map(node.args.get, parts)
    if None in clock:
        raise errors.too_few_arguments()
    date = exp.DateFromParts(year=year, month=month, day=day, allow_overflow=True)
    return invoke("_es_from_parts", date, *clock, node.args.get("nano") or number("0"))


def _zoned_from_parts(node: Any) -> Any:
    """An instant, also without a zone; of a zone's offset only +00:00 is kept."""
    zone = node.args.get("zone")
    if zone is not None and zone != exp.Literal.string("UTC"):
        raise errors.unsupported("TIMESTAMP_TZ_FROM_PARTS with a zone")
    node.set("zone", None)
    return cast_as(_from_parts(node).copy(), "TIMESTAMPTZ")


_UNMAPPED = {"WEEKS": "WEEK", "NANOSECONDS": "NANOSECOND", "YEARDAY": "DAYOFYEAR"}
_MAPPED = Snowflake.DATE_PART_MAPPING | _UNMAPPED | {"EPOCH": "EPOCH_SECOND"}
PARTS = {part: part for part in (*_MAPPED.values(), "YEAROFWEEK", "YEAROFWEEKISO")} | _MAPPED
"""Every part of a date or time, by each of its names, and some that are other databases'."""
_CLOCK = ("HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND")
UNITS = {"YEAR", "QUARTER", "MONTH", "WEEK", "DAY", *_CLOCK}
_MOVED = {*UNITS, "NANOSECOND"}
_CUT = {*_MOVED, "WEEKISO", "YEAROFWEEKISO"}
_ASKED = {*PARTS.values()} - {"MILLISECOND", "MICROSECOND", "DECADE", "CENTURY", "MILLENNIUM"}
_OF: dict[Any, set[str]] = {
    exp.Extract: _ASKED,
    **dict.fromkeys((exp.DateTrunc, exp.TimestampTrunc), _CUT),
    **dict.fromkeys((exp.DateAdd, exp.DateDiff, exp.TimestampAdd, exp.TimestampDiff), _MOVED),
    exp.TimeSlice: UNITS - {"MILLISECOND", "MICROSECOND"},
    exp.LastDay: _CUT - {*_CLOCK, "NANOSECOND"},
    "TIME": {*_CLOCK, "NANOSECOND"},
    "DATE": {*PARTS.values()} - {f"EPOCH_{unit}SECOND" for unit in ("MILLI", "MICRO", "NANO")},
}
"""Which parts are of what: https://docs.snowflake.com/en/sql-reference/functions-date-time."""


def part_of(what: Any, part: str) -> str:
    """A part by its one name.

    Raises:
        SnowflakeError: 001003, as it is none of this kind of value or function.
    """
    name = PARTS.get(part.upper(), part.upper())
    if name not in _OF.get(what, {name}):
        where = f"a {what}" if isinstance(what, str) else "this function"
        raise errors.uncompiled(f"'{name}' is not a valid date/time component for {where}.")
    return name


def part_in(call: Any) -> Any:
    """The part that a function is asked for, or None."""
    return call.this if isinstance(call, exp.Extract) else call.args.get("unit")


def _interval(node: Any) -> Any:
    """``INTERVAL '1 day, 2 hours'``: several parts in one text; without a unit it is seconds."""
    if not isinstance(node.this, exp.Literal):
        return node
    if node.args.get("unit") is not None:
        parts = [[node.this.name, node.unit.name]]
    else:
        parts = [part.split() or [""] for part in node.this.name.split(",")]
    made: Any = None
    for amount, *rest in parts:
        unit = PARTS.get(" ".join(rest or ["S"]).upper())
        if unit not in UNITS or not re.fullmatch(r"[+-]?\d+", amount):
            raise errors.unsupported(f"INTERVAL '{amount} {' '.join(rest)}'")
        one = exp.Interval(this=exp.Literal.string(amount), unit=exp.Var(this=unit))
        made = one if made is None else exp.Add(this=made, expression=one)
    return exp.Paren(this=made)


def _without_zone(value: Any) -> Any:
    """A moment in the session's zone, which is UTC; sqlglot would refuse it with its zone."""
    zoned = value.is_type(exp.DType.TIMESTAMPTZ, exp.DType.TIMESTAMPLTZ)
    return cast_as(value, "TIMESTAMP") if zoned else value


_SINCE_1970 = {"SECOND": 1_000_000, "MILLISECOND": 1000, "MICROSECOND": 1}


def _extract(node: Any) -> Any:
    """Whole seconds and parts of them since 1970; DuckDB rounds them up."""
    node.set("expression", _without_zone(node.expression))
    word, _, unit = node.this.name.partition("_")
    if word == "NANOSECOND":
        micros = invoke("microsecond", node.expression)
        within = exp.Mod(this=micros, expression=number("1000000"))
        return exp.Mul(this=exp.Paren(this=within), expression=number("1000"))
    if word != "EPOCH":
        return node
    moment = cast_as(node.expression, "TIMESTAMP")
    if unit == "NANOSECOND":
        return exp.Mul(this=invoke("epoch_us", moment), expression=number("1000"))
    whole = invoke("epoch_us", invoke("date_trunc", exp.Literal.string(unit.lower()), moment))
    return exp.IntDiv(this=whole, expression=number(str(_SINCE_1970[unit])))


def _time_slice(node: Any) -> Any:
    """Slices are counted from 1970, and weeks from its first day's Monday."""
    length, unit = node.expression, node.unit.name
    if not length.is_int:
        raise errors.unsupported("TIME_SLICE of a length that is no literal")
    side = node.args["kind"].name.upper() if node.args.get("kind") else "START"
    if side not in {"START", "END"} or length.to_py() < 1:
        raise errors.uncompiled("invalid arguments for function [TIME_SLICE].")
    width = exp.Interval(this=exp.Literal.string(length.name), unit=exp.Var(this=unit))
    origin = exp.Literal.string("1969-12-29" if unit == "WEEK" else "1970-01-01")
    return invoke("_es_time_slice", node.this, width, origin, exp.Boolean(this=side == "END"))


def _convert_timezone(node: Any) -> Any:
    """With two arguments: the clock on the wall there, with its offset, which is kept of UTC alone."""
    if node.args.get("source_tz") is not None:
        return node
    moment = invoke("_es_timestamp_tz", node.args["timestamp"])
    if node.args["target_tz"] == exp.Literal.string("UTC"):
        return moment
    if not isinstance(node.parent, exp.Cast) or node.parent.to.this not in _WITHOUT_ZONE:
        raise errors.unsupported(
            "CONVERT_TIMEZONE with two arguments: name the source zone too, or cast it to TIMESTAMP_NTZ"
        )
    node.set("timestamp", moment)
    return node


_WITHOUT_ZONE = {
    *(exp.DataType.Type.TIMESTAMP, exp.DataType.Type.TIMESTAMPNTZ),
    *(exp.DataType.Type.DATE, exp.DataType.Type.TIME),
}


def _date_trunc(node: Any) -> Any:
    """Of a DATE it is a DATE; of a text, a timestamp."""
    unit: str = node.args["unit"].name
    moment = node.this
    unit = _AS_OTHERS.get(unit, unit).lower()
    if isinstance(moment, exp.Literal) and moment.is_string:
        moment = cast_as(moment, "TIMESTAMP")
    return invoke("_es_date_trunc", exp.Literal.string(unit), moment)


_AS_OTHERS = {"WEEKISO": "WEEK", "YEAROFWEEKISO": "ISOYEAR", "NANOSECOND": "MICROSECOND"}


def _date_diff(node: Any) -> Any:
    """Nanoseconds of what has microseconds; DuckDB's are of a TIMESTAMP alone."""
    if node.args["unit"].name != "NANOSECOND":
        return node
    node.set("unit", exp.var("MICROSECOND"))
    return exp.Mul(this=cast_as(node.copy(), "HUGEINT"), expression=number("1000"))


NODES: dict[type[Any], Callable[[Any], Any]] = {
    **dict.fromkeys(
        (
            *(exp.CurrentDate, exp.CurrentTime, exp.CurrentTimestamp),
            *(exp.Localtime, exp.Localtimestamp),
        ),
        _now,
    ),
    exp.TimestampFromParts: _from_parts,
    **dict.fromkeys((exp.TimestampLtzFromParts, exp.TimestampTzFromParts), _zoned_from_parts),
    exp.Interval: _interval,
    exp.Extract: _extract,
    exp.LastDay: lambda node: exp.LastDay(
        this=_without_zone(node.this), unit=node.args.get("unit")
    ),
    exp.DateDiff: _date_diff,
    exp.TimeSlice: _time_slice,
    exp.ConvertTimezone: _convert_timezone,
    exp.TimestampTrunc: _date_trunc,
    exp.DateTrunc: _date_trunc,
    exp.NextDay: lambda node: invoke("_es_next_day", cast_as(node.this, "DATE"), node.expression),
    exp.PreviousDay: lambda node: invoke(
        "_es_next_day",
        exp.Sub(this=cast_as(node.this, "DATE"), expression=number("8")),
        node.expression,
    ),
    exp.MonthsBetween: lambda node: invoke("_es_months_between", node.this, node.expression),
}
