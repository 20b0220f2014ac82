"""Conversions: what CAST, ``::`` and the TO_ functions make of a value.

What DuckDB's own make otherwise becomes a macro by the argument's type. Conversions that nobody
wrote are found in `conversions/` and end here; texts that become times stand in `tried_times.py`.

Source: https://docs.snowflake.com/en/sql-reference/data-type-conversion.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sqlglot import exp

from embedded_snowflake import errors
from embedded_snowflake.sql.building import cast_as, invoke, number
from embedded_snowflake.sql.conversions import wide_integers
from embedded_snowflake.sql.functions.variants import CALLS, variant

MACROS = {
    # DuckDB reads 1_000 and 0x10 as numbers, Snowflake does not.
    "_es_plain(x)": (
        "CASE WHEN _es_fails(typeof(x) = 'VARCHAR' "
        "AND regexp_matches(CAST(x AS VARCHAR), '_|^\\s*[+-]?0[xXbBoO]'), "
        "concat('Numeric value ''', CAST(x AS VARCHAR), ''' is not recognized')) "
        "THEN NULL ELSE x END"
    ),
    # typeof() says of what type the argument is. Every branch must bind for every type, which
    # TRY_CAST does and CAST does not.
    "_es_whole(x)": (
        "CASE typeof(x) WHEN 'DOUBLE' THEN CAST(round(TRY_CAST(x AS DOUBLE)) AS BIGINT) "
        "WHEN 'JSON' THEN CAST(TRY_CAST(x AS JSON) ->> '$' AS BIGINT) ELSE CAST(_es_plain(x) AS BIGINT) END"
    ),
    # DuckDB reads neither of them as a truth value.
    "_es_truth(x)": (
        "CASE WHEN typeof(x) = 'JSON' AND json_type(to_json(x)) IN ('BIGINT', 'UBIGINT', 'DOUBLE') "
        "THEN CAST(CAST(x AS VARCHAR) AS DOUBLE) <> 0 "
        "WHEN typeof(x) IN ('VARCHAR', 'JSON') AND lower(to_json(x) ->> '$') IN ('on', 'off') "
        "THEN lower(to_json(x) ->> '$') = 'on' "
        "WHEN typeof(x) = 'JSON' THEN CAST(to_json(x) ->> '$' AS BOOLEAN) ELSE CAST(x AS BOOLEAN) END"
    ),
    # DuckDB takes half a byte for one.
    "_es_try_unhex(x)": "CASE WHEN regexp_full_match(x, '([0-9a-fA-F]{2})*') THEN unhex(x) END",
    "_es_unhex(x)": (
        "CASE WHEN _es_fails(NOT regexp_full_match(x, '([0-9a-fA-F]{2})*'), "
        "concat('The following string is not a legal hex-encoded value: ', x)) "
        "THEN NULL ELSE _es_try_unhex(x) END"
    ),
    "_es_binary(x)": (
        "CASE WHEN typeof(x) = 'BLOB' THEN TRY_CAST(x AS BLOB) "
        "ELSE _es_unhex(CAST(x AS VARCHAR)) END"
    ),
    "_es_text(x)": (
        "CASE typeof(x) WHEN 'BLOB' THEN hex(TRY_CAST(x AS BLOB)) "
        "WHEN 'JSON' THEN CASE WHEN json_type(to_json(x)) = 'DOUBLE' "
        "THEN regexp_replace(to_json(x) ->> '$', '\\.0$', '') ELSE to_json(x) ->> '$' END "
        "WHEN 'DOUBLE' THEN CASE WHEN isnan(TRY_CAST(x AS DOUBLE)) THEN 'NaN' "
        "ELSE regexp_replace(CAST(x AS VARCHAR), '\\.0$', '') END "
        "WHEN 'TIME' THEN left(CAST(x AS VARCHAR), 8) "
        "WHEN 'TIMESTAMP' THEN strftime(TRY_CAST(x AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%g') "
        "WHEN 'TIMESTAMP WITH TIME ZONE' THEN strftime(TRY_CAST(x AS TIMESTAMPTZ), "
        "'%Y-%m-%d %H:%M:%S.%g') || ' +0000' "
        "ELSE CAST(x AS VARCHAR) END"
    ),
    "_es_fitting(x, most)": (
        "CASE WHEN _es_fails(length(x) > most, "
        "concat('String ''', string_split(x, chr(10))[1], ''' is too long and would be truncated')) THEN NULL ELSE x END"
    ),
    "_es_number_text(value)": """CASE WHEN regexp_full_match(
        trim(CAST(value AS VARCHAR)),
        '(?i)[+-]?(([0-9]+\\.?[0-9]*|\\.[0-9]+)(e[+-]?[0-9]+)?|nan|inf|infinity)')
        THEN CAST(value AS VARCHAR) END""",
}


FRACTIONS = {exp.DataType.Type.DECIMAL, exp.DataType.Type.DOUBLE, exp.DataType.Type.FLOAT}


_TEXTS = {exp.DataType.Type.VARCHAR, exp.DataType.Type.TEXT, exp.DataType.Type.CHAR}


READ_AS = {
    exp.DataType.Type.DATE: "_es_date",
    exp.DataType.Type.TIME: "_es_time",
    **dict.fromkeys((exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ), "_es_timestamp_ntz"),
    **dict.fromkeys((exp.DType.TIMESTAMPLTZ, exp.DType.TIMESTAMPTZ), "_es_timestamp_tz"),
}


_PLAIN_TIME = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d(\.\d{1,6})?)?")


CONVERSIONS = {
    "TO_DATE": "_es_date",
    "DATE": "_es_date",
    "TO_TIME": "_es_time",
    "TO_TIMESTAMP": "_es_timestamp_ntz",
    "TO_TIMESTAMP_NTZ": "_es_timestamp_ntz",
    "TO_TIMESTAMP_LTZ": "_es_timestamp_tz",
    "TO_TIMESTAMP_TZ": "_es_timestamp_tz",
}


def plainly_a_time(value: Any) -> bool:
    """Whether it is a literal in the form that DuckDB reads as Snowflake does, without a zone."""
    return isinstance(value, exp.Literal) and _PLAIN_TIME.fullmatch(value.name) is not None


def _moment(function: str, value: Any) -> Any:
    made = invoke(function, value)
    # As a cast, by which fakesnow knows that DATEADD of it is a DATE.
    return cast_as(made, "DATE") if function == "_es_date" else made


def _conversion(node: Any) -> Any:
    if (rule := CALLS.get(node.name.upper())) is not None:
        return rule(node)
    function = CONVERSIONS.get(node.name.upper())
    if function is None or len(node.expressions) != 1:
        return node
    return _moment(function, node.expressions[0])


def _time_of_day(node: Any) -> Any:
    if node.args.get("format") is not None or node.args.get("zone") is not None:
        return node
    return invoke("_es_try_time" if node.args.get("safe") else "_es_time", node.this)


def _since_1970(node: Any) -> Any:
    """Also with a zone, which fakesnow forgets."""
    kind = node.args["target_type"].this
    scale = node.args.get("scale")
    if scale is None:
        return _moment(READ_AS[kind], node.this)
    moment = invoke("_es_seconds", node.this, scale)
    named = exp.Literal.string("Timestamp")
    return _moment(READ_AS[kind], invoke("_es_recognized", node.this.copy(), moment, named))


_MADE_BY = {
    # Half a FLOAT goes away from zero; DuckDB's goes to the even side.
    exp.DataType.Type.BOOLEAN: "_es_truth",
    exp.DataType.Type.BINARY: "_es_binary",
    exp.DataType.Type.VARBINARY: "_es_binary",
    exp.DataType.Type.VARIANT: "_es_to_variant",
    exp.DataType.Type.OBJECT: "_es_to_object",
    # Of `wide_integers` alone.
    exp.DataType.Type.INT128: "_es_long_integer",
}


def _pivoted(node: Any) -> Any:
    """A number in PIVOT's list, where DuckDB takes a literal alone; its column is named by the cast."""
    if not isinstance(node.this, exp.Literal) or node.this.is_string:
        return node
    if isinstance(node.parent, exp.PivotAlias):
        return node.this
    whole = node.to.this in wide_integers.INTEGERS
    kind = "NUMBER(38,0)" if whole else node.to.sql(dialect="snowflake").replace(", ", ",")
    name = exp.to_identifier(f"CAST({node.this.name} AS {kind})", quoted=True)
    return exp.PivotAlias(this=node.this, alias=name)


def _casts(node: Any) -> Any:
    if isinstance(node, exp.TryCast):
        return node
    kind = node.to
    if isinstance(node.find_ancestor(exp.In, exp.Select), exp.In) and node.find_ancestor(exp.Pivot):
        return _pivoted(node)
    made_by = "_es_whole" if wide_integers.is_integer(kind) else _MADE_BY.get(kind.this)
    if made_by is not None:
        return invoke(made_by, node.this)
    if kind.this in FRACTIONS:
        node.set("this", invoke("_es_plain", node.this))
        return node
    if kind.this is exp.DataType.Type.ARRAY:
        return invoke("_es_to_array", variant(node.this))
    if kind.this in READ_AS and not plainly_a_time(node.this):
        return _moment(READ_AS[kind.this], node.this)
    if kind.this in _TEXTS:
        text = _text(node)
        return invoke("_es_fitting", text, kind.expressions[0]) if kind.expressions else text
    return node


def cast(value: Any, kind: Any) -> Any:
    """A value as a type, the way Snowflake makes one of the other."""
    return _casts(exp.Cast(this=value, to=kind))


def _to_number(node: Any) -> Any:
    if node.args.get("format") is not None:
        raise errors.unsupported("TO_NUMBER with a format")
    reads = "_es_number_text" if node.args.get("safe") else "_es_plain"
    node.set("this", invoke(reads, node.this))
    return node


def _text(node: Any) -> Any:
    plain = isinstance(node.this, exp.Literal) and "e" not in node.this.name.lower()
    if plain or (isinstance(node.this, exp.Literal) and node.this.is_string):
        return cast_as(node.this, "VARCHAR")
    return invoke("_es_text", node.this)


def _to_char(node: Any) -> Any:
    return node if node.args.get("format") is not None else _text(node)


def _type(node: Any) -> Any:
    """CHAR is one character long; to DuckDB it is any text."""
    if node.this in {exp.DataType.Type.CHAR, exp.DataType.Type.NCHAR} and not node.expressions:
        one = exp.DataTypeParam(this=number("1"))
        return exp.DataType(this=exp.DataType.Type.VARCHAR, expressions=[one], nested=False)
    return node


def _binary(node: Any) -> Any:
    shape = node.args.get("format")
    name = "HEX" if shape is None else shape.name.upper().replace("-", "")
    if name not in _BYTES_OF:
        raise errors.unsupported(f"TO_BINARY with the format {name}")
    if node.args.get("safe"):
        tried = invoke("_es_try_unhex", cast_as(node.this, "VARCHAR"))
        return tried if name == "HEX" else invoke("try", invoke(_BYTES_OF[name], node.this))
    return invoke(_BYTES_OF[name], node.this)


_BYTES_OF = {"HEX": "_es_binary", "UTF8": "encode", "BASE64": "from_base64"}


NODES: dict[type[Any], Callable[[Any], Any]] = {
    exp.DataType: _type,
    exp.ToChar: _to_char,
    exp.Cast: _casts,
    exp.ToBinary: _binary,
    exp.Anonymous: _conversion,
    exp.UnixToTime: _since_1970,
    **dict.fromkeys((exp.TsOrDsToTime, exp.Time), _time_of_day),
    exp.TsOrDsToDate: lambda node: _moment(
        "_es_try_date" if node.args.get("safe") else "_es_date", node.this
    ),
    exp.ToNumber: _to_number,
}
