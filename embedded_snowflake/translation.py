"""Functions and casts whose DuckDB counterpart answers otherwise than Snowflake's documentation.

Each entry rewrites one kind of node of the parsed statement before fakesnow sees it, most of them
into a macro (`macros_sql`). Add to it when a case of the conformance suite shows an expression that
answers otherwise. What must not go here: rewrites of whole statements (`rewriting.py`), functions
about objects (`objects/`).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any

from sqlglot import exp

from embedded_snowflake import (
    array_functions,
    canonical_json,
    errors,
    macros,
    tried_times,
    wide_integers,
)
from embedded_snowflake.macros import UNSUPPORTED, invoke
from embedded_snowflake.names import quoted

# A VARIANT keeps a date or a time as its text: which of the two a text was, is not known.
_MAY_BE_A_TIME = rf"""_es_fails(typeof(x) = 'JSON' AND regexp_full_match(to_json(x) ->> '$',
    '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}( [0-9:]{{8}}\.[0-9]+( [+-][0-9]{{4}})?)?|[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(\.[0-9]+)?'),
    '{UNSUPPORTED}the type of a text in the form of a date or a time in a VARIANT, which may have been one')"""

_MACROS = {
    # DuckDB reads 1_000 and 0x10 as numbers, Snowflake does not.
    "_es_plain(x)": (
        "CASE WHEN _es_fails(typeof(x) = 'VARCHAR' "
        "AND regexp_matches(CAST(x AS VARCHAR), '_|^\\s*[+-]?0[xXbBoO]'), "
        "concat('Numeric value ''', CAST(x AS VARCHAR), ''' is not recognized')) "
        "THEN NULL ELSE x END"
    ),
    "_es_real(x, made)": (
        "CASE WHEN _es_fails(isnan(made) AND NOT isnan(CAST(x AS DOUBLE)), "
        "'Invalid floating point operation') THEN NULL ELSE made END"
    ),
    # It is infinite to DuckDB; Snowflake's documentation does not say what it is there.
    "_es_finite(x, made)": (
        "CASE WHEN _es_fails(isinf(made) AND NOT isinf(CAST(x AS DOUBLE)), "
        f"'{UNSUPPORTED}a number beyond a FLOAT') THEN NULL ELSE made END"
    ),
    # typeof() says of what type the argument is. Every branch must bind for every type, which
    # TRY_CAST does and CAST does not.
    "_es_whole(x)": (
        "CASE typeof(x) WHEN 'DOUBLE' THEN CAST(round(TRY_CAST(x AS DOUBLE)) AS BIGINT) "
        "WHEN 'JSON' THEN CAST(TRY_CAST(x AS JSON) ->> '$' AS BIGINT) ELSE CAST(_es_plain(x) AS BIGINT) END"
    ),
    # DuckDB's range by no step is an empty one.
    "_es_stepped(made, step)": (
        "CASE WHEN _es_fails(step = 0, 'The step of ARRAY_GENERATE_RANGE must not be 0') "
        "THEN NULL ELSE made END"
    ),
    # DuckDB reads neither of them as a truth value.
    "_es_truth(x)": (
        "CASE WHEN typeof(x) = 'VARCHAR' AND lower(CAST(x AS VARCHAR)) IN ('on', 'off') "
        "THEN lower(CAST(x AS VARCHAR)) = 'on' ELSE CAST(x AS BOOLEAN) END"
    ),
    "_es_binary(x)": (
        "CASE WHEN typeof(x) = 'BLOB' THEN TRY_CAST(x AS BLOB) ELSE unhex(CAST(x AS VARCHAR)) END"
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
    "_es_variant_number(x)": "CAST(_es_text(x) AS DECIMAL(38, 9))",
    # Numbers by their value, before texts; JSON's null is no value.
    "_es_variant_order(x)": (
        "CASE WHEN _es_text(x) IS NULL THEN NULL "
        "WHEN json_type(to_json(x)) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') "
        "THEN struct_pack(number := CAST(_es_text(x) AS DOUBLE), text := '') "
        "ELSE struct_pack(number := CAST(NULL AS DOUBLE), text := _es_text(x)) END"
    ),
    "_es_typeof(x)": (
        "CASE WHEN x IS NULL THEN NULL WHEN typeof(x) LIKE '%[]' THEN 'ARRAY' ELSE "
        "CASE typeof(x) WHEN 'JSON' THEN CASE "
        "WHEN _es_fails(typeof(x) = 'JSON' AND json_type(to_json(x)) = 'DOUBLE', "
        f"'{UNSUPPORTED}the type of a number in a VARIANT that is no integer: DECIMAL or DOUBLE') "
        f"OR {_MAY_BE_A_TIME} THEN NULL ELSE CASE json_type(to_json(x)) WHEN 'UBIGINT' THEN 'INTEGER' "
        "WHEN 'BIGINT' THEN 'INTEGER' WHEN 'NULL' THEN 'NULL_VALUE' ELSE json_type(to_json(x)) END END "
        "WHEN 'BIGINT' THEN 'INTEGER' WHEN 'HUGEINT' THEN 'INTEGER' WHEN 'BLOB' THEN 'BINARY' "
        "WHEN 'TIMESTAMP' THEN 'TIMESTAMP_NTZ' WHEN 'TIMESTAMP WITH TIME ZONE' THEN 'TIMESTAMP_LTZ' "
        "ELSE regexp_replace(typeof(x), '\\(.*', '') END END"
    ),
    "_es_present(x)": (
        "CASE WHEN typeof(x) = 'JSON' AND json_type(TRY_CAST(x AS JSON)) = 'NULL' THEN NULL ELSE x END"
    ),
    "_es_elements(x, keep)": (
        "CASE WHEN json_type(x) = 'OBJECT' AND len(json_keys(x)) > 0 THEN list_transform("
        "CAST(json_extract(x, '$.*') AS JSON[]), lambda v, i: "
        "struct_pack(k := json_keys(x)[i], i := NULL::BIGINT, v := v)) "
        "WHEN json_type(x) = 'ARRAY' AND json_array_length(x) > 0 THEN list_transform("
        "CAST(json_extract(x, '$[*]') AS JSON[]), lambda v, i: "
        "struct_pack(k := NULL::VARCHAR, i := CAST(i - 1 AS BIGINT), v := v)) "
        "WHEN keep THEN [struct_pack(k := NULL::VARCHAR, i := NULL::BIGINT, v := NULL::JSON)] END"
    ),
    "_es_to_object(x)": (
        "CASE WHEN coalesce(json_type(to_json(x)), 'NULL') = 'NULL' THEN NULL "
        "WHEN _es_fails(typeof(x) <> 'JSON' OR json_type(to_json(x)) <> 'OBJECT', "
        "concat('Failed to cast variant value ', to_json(x), ' to OBJECT')) THEN NULL "
        "ELSE to_json(x) END"
    ),
    # A number is true that rounds to no 0.
    "_es_rounded_truth(x)": (
        "CASE WHEN typeof(x) = 'BOOLEAN' THEN TRY_CAST(x AS BOOLEAN) "
        "ELSE round(CAST(x AS DOUBLE)) <> 0 END"
    ),
    # DuckDB measures distances in bytes.
    "_es_ascii(x)": (
        "CASE WHEN _es_fails(strlen(CAST(x AS VARCHAR)) <> length(CAST(x AS VARCHAR)), "
        f"'{UNSUPPORTED}a distance of texts beyond ASCII') "
        "THEN NULL ELSE CAST(x AS VARCHAR) END"
    ),
    "_es_bytes(x)": (
        "CASE typeof(x) WHEN 'BLOB' THEN TRY_CAST(x AS BLOB) ELSE encode(CAST(x AS VARCHAR)) END"
    ),
    "_es_object_insert(x, name, item)": (
        "CASE WHEN _es_fails(list_contains(json_keys(x), name), "
        "'Key ' || name || ' already exists in object') THEN NULL "
        "WHEN item IS NULL THEN x WHEN json_keys(x) = [] THEN json_object(name, item) "
        "ELSE CAST(left(CAST(json(x) AS VARCHAR), -1) || ',' "
        "|| substr(CAST(json_object(name, item) AS VARCHAR), 2) AS JSON) END"
    ),
    # Not by a path: '*' in one is every key, even between quotes. A key is of objects, a place of arrays.
    "_es_get(x, i)": (
        "CASE WHEN typeof(i) <> 'VARCHAR' THEN CASE WHEN TRY_CAST(i AS BIGINT) >= 0 "
        "THEN json_extract(to_json(x), '$[' || TRY_CAST(i AS BIGINT) || ']') END "
        "WHEN json_type(to_json(x)) = 'OBJECT' THEN json_extract(to_json(x), "
        "'/' || replace(replace(CAST(i AS VARCHAR), '~', '~0'), '/', '~1')) END"
    ),
    "is_object(x)": "json_type(x) = 'OBJECT'",
    "is_null_value(x)": "json_type(x) = 'NULL'",
    "as_integer(x)": "CASE WHEN json_type(x) IN ('DOUBLE', 'BIGINT', 'UBIGINT') THEN _es_whole(x) END",
    "as_double(x)": "CASE WHEN json_type(x) IN ('DOUBLE', 'BIGINT', 'UBIGINT') THEN CAST(x AS DOUBLE) END",
    **dict.fromkeys(
        ("as_varchar(x)", "as_char(x)"),
        f"CASE WHEN json_type(x) <> 'VARCHAR' OR {_MAY_BE_A_TIME} THEN NULL ELSE x ->> '$' END",
    ),
    "as_boolean(x)": "CASE WHEN json_type(x) = 'BOOLEAN' THEN CAST(x AS BOOLEAN) END",
    "_es_ln(x)": (
        "CASE WHEN _es_fails(x <= 0, 'Invalid floating point operation: ln') THEN NULL ELSE ln(x) END"
    ),
    "_es_months_between(x, y)": (
        "CAST(round((year(x) - year(y)) * 12 + month(x) - month(y) + CASE "
        "WHEN day(x) = day(y) OR (CAST(x AS DATE) = last_day(x) AND CAST(y AS DATE) = last_day(y)) "
        "THEN 0 ELSE (day(x) - day(y) + (epoch(CAST(x AS TIMESTAMP) - date_trunc('day', x)) "
        "- epoch(CAST(y AS TIMESTAMP) - date_trunc('day', y))) / 86400) / 31 END, 6) "
        "AS DECIMAL(38, 6))"
    ),
    "_es_units(x)": (
        f"CASE WHEN _es_fails(x <> trunc(x), '{UNSUPPORTED}DATEADD of a part of a unit') THEN NULL "
        "ELSE CAST(x AS BIGINT) END"
    ),
    "_es_width_bucket(x, low, high, buckets)": (
        "CASE WHEN x < low THEN 0 WHEN x >= high THEN CAST(buckets AS BIGINT) + 1 "
        "ELSE CAST(floor((x - low) * buckets / (high - low)) AS BIGINT) + 1 END"
    ),
}


_TYPED = {
    # FLATTEN, https://docs.snowflake.com/en/sql-reference/functions/flatten. The list is a macro of
    # its own, so that DuckDB unnests it beside its row and in its order. SEQ stands in the list:
    # beside it another would be drawn for each element.
    "_es_flatten": """(input, prefix, keep, seq := 1) AS TABLE
        SELECT CAST(e.seq AS BIGINT) AS SEQ, e.k AS KEY,
            CASE WHEN e.k IS NULL THEN prefix || '[' || e.i || ']'
                WHEN NOT regexp_full_match(e.k, '[A-Za-z_][A-Za-z0-9_]*')
                THEN prefix || '[''' || e.k || ''']'
                WHEN prefix = '' THEN e.k ELSE prefix || '.' || e.k END AS PATH,
            e.i AS INDEX, e.v AS VALUE, to_json(input) AS THIS
        FROM (SELECT unnest(list_transform(
            [struct_pack(seq := seq, list := _es_elements(to_json(input), keep))],
            lambda x: list_transform(x.list,
                lambda e: struct_pack(seq := x.seq, k := e.k, i := e.i, v := e.v)))[1]) AS e)""",
    "_es_no_bytes": "(x BLOB) AS hex(x), (x) AS x",
    "_es_to_variant": (
        "(x TIMESTAMP) AS to_json(_es_text(x)), (x TIMESTAMPTZ) AS to_json(_es_text(x)), "
        # Without its own a DATE would be taken for a TIMESTAMP.
        "(x DATE) AS to_json(x), (x) AS CASE WHEN typeof(x) LIKE 'DECIMAL%' "
        "THEN _es_element(to_json(_es_no_bytes(x))) ELSE to_json(_es_no_bytes(x)) END"
    ),
    # As fakesnow's, which makes JSON of the columns as DuckDB does.
    "_es_object_star": """(x, keep) AS (
        SELECT COALESCE(json_group_object(key, value::JSON), '{}'::JSON)
        FROM (SELECT _es_to_variant(COLUMNS(*)) AS "\\0" FROM (SELECT UNNEST(x)))
            UNPIVOT INCLUDE NULLS (value FOR key IN (COLUMNS(*)))
        WHERE keep OR value IS NOT NULL)""",
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


# DuckDB chooses among a macro's forms before it knows the type of an aggregate, of a window or of
# another column's alias. Within a lambda its argument is a parameter, whose type it knows.
_OF_UNBOUND = {
    **{
        f"_es_unbound{name.removeprefix('_es')}(x)": (
            f"list_transform([x], lambda bound: {name}(bound))[1]"
        )
        for name in ("_es_to_variant", *tried_times.TYPED)
    },
    "_es_unbound_time_slice(x, width, origin, ends)": (
        "list_transform([x], lambda bound: _es_time_slice(bound, width, origin, ends))[1]"
    ),
    "_es_unbound_date_trunc(unit, x)": (
        "list_transform([x], lambda bound: _es_date_trunc(unit, bound))[1]"
    ),
    "_es_unbound_time_text(x, format)": (
        "list_transform([x], lambda bound: _es_time_text(bound, format))[1]"
    ),
}


_WITH_MACROS = (wide_integers, tried_times, canonical_json, array_functions)


def macros_sql(database: str) -> str:
    """The macros that rewritten statements call, for one database; idempotent."""
    where = quoted(database)
    return (
        "".join(
            f"CREATE OR REPLACE MACRO {where}.{head} AS {body};"
            for made in (macros.MACROS, _MACROS, *(module.MACROS for module in _WITH_MACROS))
            for head, body in made.items()
        )
        + "".join(
            f"CREATE OR REPLACE MACRO {where}.{name}{body};"
            for name, body in (_TYPED | tried_times.TYPED).items()
        )
        + "".join(
            f"CREATE OR REPLACE MACRO {where}.{head} AS {body};"
            for head, body in _OF_UNBOUND.items()
        )
    )


def _cast(value: Any, kind: str) -> Any:
    return exp.cast(value, kind, dialect="duckdb")


def _trim(node: Any) -> Any:
    """Fakesnow forgets which characters, and which side."""
    side = (node.args.get("position") or "").upper()
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(side, "trim")
    characters = node.args.get("expression")
    text = _cast(node.this, "VARCHAR")
    return invoke(name, text) if characters is None else invoke(name, text, characters)


def _sign(node: Any) -> Any:
    """DuckDB's is a TINYINT, which no client knows."""
    return _cast(invoke("sign", node.this), "BIGINT")


def _octets(node: Any) -> Any:
    """DuckDB's takes no text; hexadecimal digits it makes of both."""
    return exp.IntDiv(this=invoke("length", invoke("hex", node.this)), expression=_number("2"))


def _number(text: str) -> Any:
    return exp.Literal.number(text)


def _to_digits(node: Any) -> Any:
    """FLOOR and CEIL to a digit: sqlglot's goes through a FLOAT."""
    digits = node.args.get("decimals")
    if digits is None:
        return node
    if not digits.is_int:
        raise errors.unsupported(f"{node.key.upper()} to a number of digits that is no literal")
    places = int(digits.to_py())
    step = "0." + "0" * (places - 1) + "1" if places > 0 else str(10**-places)
    cut = invoke("trunc", node.this, digits)
    floor = isinstance(node, exp.Floor)
    beyond = (exp.GT if floor else exp.LT)(this=cut.copy(), expression=node.this.copy())
    shift = exp.Case(ifs=[exp.If(this=beyond, true=_number(step))], default=_number("0"))
    kind = exp.Sub if floor else exp.Add
    return exp.Paren(this=kind(this=cut, expression=exp.Paren(this=shift)))


FRACTIONS = {exp.DataType.Type.DECIMAL, exp.DataType.Type.DOUBLE, exp.DataType.Type.FLOAT}
_TEXTS = {exp.DataType.Type.VARCHAR, exp.DataType.Type.TEXT, exp.DataType.Type.CHAR}


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


READ_AS = {
    exp.DataType.Type.DATE: "_es_date",
    exp.DataType.Type.TIME: "_es_time",
    exp.DataType.Type.TIMESTAMP: "_es_timestamp_ntz",
    exp.DataType.Type.TIMESTAMPNTZ: "_es_timestamp_ntz",
    exp.DataType.Type.TIMESTAMPLTZ: "_es_timestamp_tz",
    exp.DataType.Type.TIMESTAMPTZ: "_es_timestamp_tz",
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
    return _cast(made, "DATE") if function == "_es_date" else made


def _conversion(node: Any) -> Any:
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
    return _moment(READ_AS[kind], invoke("_es_seconds", node.this, scale))


_MADE_BY = {
    # Half a FLOAT goes away from zero; DuckDB's goes to the even side.
    exp.DataType.Type.BOOLEAN: "_es_truth",
    exp.DataType.Type.BINARY: "_es_binary",
    exp.DataType.Type.VARBINARY: "_es_binary",
    exp.DataType.Type.VARIANT: "_es_to_variant",
    exp.DataType.Type.OBJECT: "_es_to_object",
}


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
        return invoke("_es_to_array", _variant(node.this))
    if kind.this in READ_AS and not plainly_a_time(node.this):
        return _moment(READ_AS[kind.this], node.this)
    if kind.this in _TEXTS:
        text = _text(node)
        return invoke("left", text, kind.expressions[0]) if kind.expressions else text
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


def _real(node: Any) -> Any:
    """Where the result is no number, Snowflake says so, and DuckDB says NaN."""
    of = node.expression if isinstance(node, exp.Log) and node.expression else node.this
    return invoke("_es_real", of.copy(), node.copy())


def _text(node: Any) -> Any:
    plain = isinstance(node.this, exp.Literal) and "e" not in node.this.name.lower()
    if plain or (isinstance(node.this, exp.Literal) and node.this.is_string):
        return _cast(node.this, "VARCHAR")
    return invoke("_es_text", node.this)


def _to_char(node: Any) -> Any:
    return node if node.args.get("format") is not None else _text(node)


def _type(node: Any) -> Any:
    """CHAR is one character long; to DuckDB it is any text."""
    if node.this in {exp.DataType.Type.CHAR, exp.DataType.Type.NCHAR} and not node.expressions:
        one = exp.DataTypeParam(this=_number("1"))
        return exp.DataType(this=exp.DataType.Type.VARCHAR, expressions=[one], nested=False)
    return node


def _variant(node: Any) -> Any:
    return invoke("_es_to_variant", node)


def _bracket(node: Any) -> Any:
    """An element of a VARIANT. Fakesnow reads the last bracket alone; DuckDB counts from one."""
    index = node.expressions[0]
    if len(node.expressions) > 1:
        raise errors.unsupported("brackets with several places")
    if isinstance(index, exp.Literal) and index.is_string and not set(index.name) & set('*"\\'):
        return _extracted(node.this, exp.JSONPathKey(this=index.name, quoted=True))
    if isinstance(index, exp.Literal) and index.is_int:
        return _extracted(node.this, exp.JSONPathSubscript(this=int(index.name)))
    return invoke("_es_get", node.this, index)


def _dot(node: Any) -> Any:
    """``v['a'].b``, where DuckDB would look for a key in upper case."""
    key = node.expression
    if not isinstance(key, exp.Identifier) or isinstance(node.this, (exp.Identifier, exp.Dot)):
        return node
    return _extracted(node.this, exp.JSONPathKey(this=key.name, quoted=True))


def _extracted(value: Any, part: Any) -> Any:
    if isinstance(value, exp.JSONExtract) and isinstance(value.expression, exp.JSONPath):
        value.expression.append("expressions", part)
        return value
    path = exp.JSONPath(expressions=[exp.JSONPathRoot(), part])
    return exp.JSONExtract(this=value, expression=path, variant_extract=True, requires_json=True)


def _path(node: Any) -> Any:
    """Places before the first are none; DuckDB counts them from the end."""
    steps = node.expression.find_all(exp.JSONPathSubscript)
    if any(isinstance(one.this, int) and one.this < 0 for one in steps):
        return _cast(exp.Null(), "JSON")
    return node


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
        return _cast(now, "DATE")
    if isinstance(node, (exp.CurrentTime, exp.Localtime)):
        return _cast(_cast(now, "TIMESTAMP"), "TIME")
    return _cast(now, "TIMESTAMP") if node.args.get("sysdate") else now


def _struct(node: Any) -> Any:
    """Fakesnow takes keys for names, makes them upper case, and forgets an object in an object."""
    pairs = [
        (
            exp.Literal.string(one.this.name) if isinstance(one.this, exp.Identifier) else one.this,
            _variant(one.expression),
        )
        for one in node.expressions
    ]
    return _object(pairs, keep_nulls=exp.false())


def _object_with_nulls(node: Any) -> Any:
    if not all(isinstance(one, exp.JSONKeyValue) for one in node.expressions):
        return _object_of_row(node.expressions[0], keep_nulls=exp.true())
    pairs = [(one.this, _variant(one.expression)) for one in node.expressions]
    return _object(pairs, keep_nulls=exp.true())


def _object(pairs: list[tuple[Any, Any]], *, keep_nulls: Any) -> Any:
    """An object with its keys in order (`canonical_json`)."""
    literal = all(isinstance(key, exp.Literal) for key, _ in pairs)
    if literal:
        pairs = sorted(pairs, key=lambda pair: pair[0].name)
        for (one, _), (other, _) in itertools.pairwise(pairs):
            if one.name == other.name:
                raise errors.error(f"Duplicate field key '{one.name}'", 100183, "P0000")
    keys, values = ([pair[side] for pair in pairs] for side in (0, 1))
    lists = (exp.Array(expressions=keys), exp.Array(expressions=values))
    made = invoke("_FS_OBJECT_CONSTRUCT", *lists, keep_nulls)
    return made if literal else invoke("_es_parsed", made)


def _truths(node: Any) -> Any:
    """BOOLAND and its like take numbers and BOOLEANs; sqlglot rounds both."""
    if not node.args.get("round_input"):
        return node
    if isinstance(node, exp.Boolnot):
        return exp.Paren(this=exp.Not(this=invoke("_es_rounded_truth", node.this)))
    sides = [invoke("_es_rounded_truth", one) for one in (node.this, node.expression)]
    if isinstance(node, exp.Xor):
        return exp.Paren(this=exp.NEQ(this=sides[0], expression=sides[1]))
    kind = exp.And if isinstance(node, exp.Booland) else exp.Or
    return exp.Paren(this=kind(this=sides[0], expression=sides[1]))


def _star_map(node: Any) -> Any:
    return _object_of_row(node.this, keep_nulls=exp.false())


def _object_of_row(star: Any, *, keep_nulls: Any) -> Any:
    plain = star.this if isinstance(star, exp.Column) else star
    if any(plain.args.values()):
        raise errors.unsupported("OBJECT_CONSTRUCT of * without some columns")
    table = star.args.get("table") if isinstance(star, exp.Column) else None
    row = invoke("STRUCT_PACK", exp.var("*COLUMNS(*)")) if table is None else exp.Column(this=table)
    return invoke("_es_parsed", invoke("_es_object_star", row, keep_nulls))


def _object_agg(node: Any) -> Any:
    """Of no rows it is an empty object."""
    if isinstance(node.parent, exp.Window):
        return node
    node.set("expression", _variant(node.expression))
    empty = _cast(exp.Literal.string("{}"), "JSON")
    return exp.Coalesce(this=invoke("_es_parsed", node.copy()), expressions=[empty])


_FRACTION = re.compile(r"-?\d+(?:\.\d+(?![eE])|(?:\.\d+)?([eE][+-]?\d+))")


def _typeof(node: Any) -> Any:
    """Of a value that is made a VARIANT just here, the type that JSON would forget."""
    value = node.this
    if isinstance(value, exp.Anonymous) and value.name == "_es_to_variant":
        value = value.expressions[0]
    if isinstance(value, exp.Anonymous) and value.name == "_es_parsed":
        number = _FRACTION.fullmatch(value.expressions[0].name.strip())
        if number is not None:
            return exp.Literal.string("DOUBLE" if number[1] else "DECIMAL")
    return invoke("_es_typeof", value.this if isinstance(value, exp.ToVariant) else value)


def _parse_json(node: Any) -> Any:
    """A blank text is NULL."""
    if not (isinstance(node.this, exp.Literal) and node.this.name.strip()):
        blanks = exp.Literal.string(" \t\r\n")
        text = invoke("trim", _cast(node.this, "VARCHAR"), blanks)
        node.set("this", invoke("nullif", text, exp.Literal.string("")))
    return invoke("_es_try_parsed" if node.args.get("safe") else "_es_parsed", node.this)


def _distance(node: Any) -> Any:
    for side in ("this", "expression"):
        node.set(side, invoke("_es_ascii", node.args[side]))
    return node


def _regexp_extract(node: Any) -> Any:
    parameters = node.args.get("parameters")
    if parameters is not None and "m" in parameters.name:
        raise errors.unsupported("REGEXP_SUBSTR with the parameter 'm'")
    return node


def _time_from_parts(node: Any) -> Any:
    """To the microsecond, below which DuckDB rounds up."""
    if node.args.get("nano") is not None:
        micros = exp.IntDiv(this=exp.Paren(this=node.args["nano"]), expression=_number("1000"))
        node.set("nano", exp.Mul(this=exp.Paren(this=micros), expression=_number("1000")))
    return node


def _zoned_from_parts(node: Any) -> Any:
    """An instant, also without a zone; of a zone's offset only +00:00 is kept."""
    zone = node.args.get("zone")
    if zone is not None and zone != exp.Literal.string("UTC"):
        raise errors.unsupported("TIMESTAMP_TZ_FROM_PARTS with a zone")
    node.set("zone", None)
    return _cast(_time_from_parts(node).copy(), "TIMESTAMPTZ")


def _pad(node: Any) -> Any:
    """With nothing to pad with it only cuts."""
    pad = node.args.get("fill_pattern")
    if isinstance(pad, exp.Literal) and pad.is_string and not pad.name:
        return invoke("left", _cast(node.this, "VARCHAR"), node.expression)
    return node


def _object_insert(node: Any) -> Any:
    if node.args.get("update_flag") is not None:
        raise errors.unsupported("OBJECT_INSERT that replaces a key")
    made = invoke("_es_object_insert", node.this, node.args["key"], _variant(node.args["value"]))
    return invoke("_es_parsed", made)


def _range(node: Any) -> Any:
    parts = [node.args[name] for name in ("start", "end", "step") if node.args.get(name)]
    made = invoke("to_json", invoke("range", *parts))
    return made if len(parts) < 3 else invoke("_es_stepped", made, parts[2].copy())


def _flatten(node: Any) -> Any:
    """FLATTEN with its options, of which fakesnow reads the input alone."""
    call = node.this
    if not isinstance(call, exp.Explode):
        return node
    options = {one.name.upper(): one.expression for one in _options(call)}
    source = options.pop("INPUT", call.this)
    path = options.pop("PATH", None)
    keep = options.pop("OUTER", exp.false())
    mode = options.pop("MODE", exp.Literal.string("BOTH")).name.upper()
    if options.pop("RECURSIVE", exp.false()) != exp.false() or mode != "BOTH":
        raise errors.unsupported("FLATTEN with RECURSIVE or MODE")
    if options:
        raise errors.refused(f"SQL compilation error:\nunknown argument {min(options)}.")
    # Beside a table any number will do that no other row of it has.
    seq = "1" if isinstance(node.parent, exp.From) else "hash(uuid()) >> 1"
    prefix = exp.Literal.string("")
    if path is not None and path.name:
        source = invoke("json_extract", _variant(source), exp.Literal.string(f"$.{path.name}"))
        prefix = path
    made = exp.Table(this=invoke("_es_flatten", source, prefix, keep, exp.var(seq)))
    made.set("alias", node.args.get("alias"))
    return made


def _options(call: Any) -> list[Any]:
    return [one for one in (call.this, *call.expressions) if isinstance(one, exp.Kwarg)]


def _binary(node: Any) -> Any:
    shape = node.args.get("format")
    name = "HEX" if shape is None else shape.name.upper().replace("-", "")
    if name not in _BYTES_OF:
        raise errors.unsupported(f"TO_BINARY with the format {name}")
    made = invoke(_BYTES_OF[name], node.this)
    return invoke("try", made) if node.args.get("safe") else made


_BYTES_OF = {"HEX": "_es_binary", "UTF8": "encode", "BASE64": "from_base64"}


def _outermost(node: Any) -> Any:
    """An aggregate with what belongs to it: its order, filter and window."""
    while isinstance(node.parent, (exp.WithinGroup, exp.Filter, exp.Window)) and (
        node.parent.this is node
    ):
        node = node.parent
    return node


def _array_agg(node: Any) -> Any:
    """NULLs are left out; of no rows it is an empty array. Fakesnow forgets the first with an order."""
    parent = node.parent
    if isinstance(parent, exp.WithinGroup):
        kept = node.this
        plain = kept.expressions[0] if isinstance(kept, exp.Distinct) else kept
        present = exp.Where(this=exp.Not(this=exp.Is(this=plain.copy(), expression=exp.Null())))
        ordered = exp.Order(this=kept.copy(), expressions=parent.expression.expressions)
        made = exp.Filter(
            this=invoke("array_agg", ordered),
            expression=present,
        )
        whole = _outermost(parent)
        if whole is parent:
            parent.replace(_json_or_empty(made))
        else:
            parent.replace(made)
            whole.replace(_json_or_empty(whole.copy()))
        return node
    if isinstance(parent, exp.Window) and parent.this is node:
        parent.replace(_or_empty(parent.copy()))
        return node
    return _or_empty(node.copy())


def _or_empty(value: Any) -> Any:
    return exp.Coalesce(this=value, expressions=[_cast(exp.Literal.string("[]"), "JSON")])


def _json_or_empty(value: Any) -> Any:
    return _or_empty(invoke("to_json", value))


def _listagg(node: Any) -> Any:
    """Of no rows it is an empty text; without a delimiter DuckDB would write commas."""
    empty = exp.Literal.string("")
    if node.args.get("separator") is None:
        node.set("separator", empty.copy())
    whole = _outermost(node)
    if whole is node:
        return exp.Coalesce(this=node.copy(), expressions=[empty])
    whole.replace(exp.Coalesce(this=whole.copy(), expressions=[empty]))
    return node


def _with(node: Any) -> Any:
    """RECURSIVE may be left out; DuckDB needs the word, and with it takes no table of that name."""
    for one in node.expressions:
        second = one.this.args.get("expression") if isinstance(one.this, exp.Union) else None
        for table in second.find_all(exp.Table) if second is not None else ():
            if not table.db and table.name.upper() == one.alias.upper():
                node.args["recursive"] = True
    return node


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
    counted = exp.Case(ifs=[exp.If(this=exp.or_(*missing), true=exp.Null())], default=_number("1"))
    return exp.Count(this=counted, big_int=True)


def _count_if(node: Any) -> Any:
    """Of no rows it is 0."""
    counted = exp.Case(ifs=[exp.If(this=node.this, true=_number("1"))])
    return exp.Count(this=counted, big_int=True)


def _regr_count(node: Any) -> Any:
    """DuckDB's has no sign, which no client knows."""
    whole = _outermost(node)
    made = _cast(whole.copy(), "BIGINT")
    if whole is node:
        return made
    whole.replace(made)
    return node


def _nth_value(node: Any) -> Any:
    if node.args.get("from_first") is False:
        raise errors.unsupported("NTH_VALUE FROM LAST: turn the order round")
    return node


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
    if name == "RATIO_TO_REPORT":
        part = call.expressions[0]
        total = node.copy()
        total.set("this", exp.Sum(this=part.copy()))
        nothing = invoke("nullif", total, _number("0"))
        return exp.Paren(this=exp.Div(this=part.copy(), expression=nothing))
    if name == "CONDITIONAL_TRUE_EVENT":
        counted = exp.Case(
            ifs=[exp.If(this=call.expressions[0].copy(), true=_number("1"))], default=_number("0")
        )
        made = node.copy()
        made.set("this", exp.Sum(this=counted))
        made.set(
            "spec",
            exp.WindowSpec(
                kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW"
            ),
        )
        return _cast(made, "BIGINT")
    return node


_UNITS = {
    word: unit
    for unit, words in {
        "YEAR": "Y YY YYY YYYY YR YEARS YRS",
        "QUARTER": "Q QTR QTRS QUARTERS",
        "MONTH": "MM MON MONS MONTHS",
        "WEEK": "W WK WEEKS WEEKOFYEAR WOY WY",
        "DAY": "D DD DAYS DAYOFMONTH",
        "HOUR": "H HH HR HOURS HRS",
        "MINUTE": "M MI MIN MINUTES MINS",
        "SECOND": "S SEC SECONDS SECS",
        "MILLISECOND": "MS MSEC MILLISECONDS",
        "MICROSECOND": "US USEC MICROSECONDS",
    }.items()
    for word in (unit, *words.split())
}
"""Units of intervals and what else they are called; DuckDB takes some for an alias."""


def _interval(node: Any) -> Any:
    """``INTERVAL '1 day, 2 hours'``: several parts in one text; without a unit it is seconds."""
    if not isinstance(node.this, exp.Literal):
        return node
    if node.args.get("unit") is not None:
        parts = [[node.this.name, node.unit.name]]
    else:
        parts = [part.split() for part in node.this.name.split(",")]
    made: Any = None
    for amount, *rest in parts:
        unit = _UNITS.get(" ".join(rest or ["S"]).upper())
        if unit is None:
            raise errors.unsupported(f"INTERVAL '{amount} {' '.join(rest)}'")
        one = exp.Interval(this=exp.Literal.string(amount), unit=exp.Var(this=unit))
        made = one if made is None else exp.Add(this=made, expression=one)
    return exp.Paren(this=made)


_SINCE_1970 = {"SECOND": 1_000_000, "MILLISECOND": 1000, "MICROSECOND": 1}


def _extract(node: Any) -> Any:
    """Whole seconds and parts of them since 1970; DuckDB rounds them up."""
    word, _, unit = node.this.name.upper().removesuffix("S").partition("_")
    if word != "EPOCH":
        return node
    unit = unit or "SECOND"
    moment = _cast(node.expression, "TIMESTAMP")
    if unit == "NANOSECOND":
        return exp.Mul(this=invoke("epoch_us", moment), expression=_number("1000"))
    whole = invoke("epoch_us", invoke("date_trunc", exp.Literal.string(unit.lower()), moment))
    return exp.IntDiv(this=whole, expression=_number(str(_SINCE_1970[unit])))


def _time_slice(node: Any) -> Any:
    """Slices are counted from 1970, and weeks from its first day's Monday."""
    length, unit = node.expression, node.unit.name.upper()
    if not isinstance(length, exp.Literal):
        raise errors.unsupported("TIME_SLICE of a length that is no literal")
    width = exp.Interval(this=exp.Literal.string(length.name), unit=exp.Var(this=unit))
    ends = node.args.get("kind") is not None and node.args["kind"].name.upper() == "END"
    origin = exp.Literal.string("1969-12-29" if unit == "WEEK" else "1970-01-01")
    return invoke("_es_time_slice", node.this, width, origin, exp.Boolean(this=ends))


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
    unit = node.args["unit"].name.lower()
    moment = node.this
    if isinstance(moment, exp.Literal) and moment.is_string:
        moment = _cast(moment, "TIMESTAMP")
    return invoke("_es_date_trunc", exp.Literal.string(unit), moment)


def _sample(node: Any) -> Any:
    """ROW is Snowflake's other name of BERNOULLI, BLOCK of SYSTEM."""
    method = node.args.get("method")
    other = {"ROW": "BERNOULLI", "BLOCK": "SYSTEM"}.get(method.name.upper() if method else "")
    if other is not None:
        node.set("method", exp.var(other))
    return node


_NODES: dict[type[Any], Callable[[Any], Any]] = {
    **array_functions.NODES,
    exp.DataType: _type,
    exp.ToChar: _to_char,
    exp.Trim: _trim,
    exp.Sign: _sign,
    exp.ByteLength: _octets,
    exp.Floor: _to_digits,
    exp.Ceil: _to_digits,
    exp.Cast: _casts,
    exp.ToBinary: _binary,
    exp.Bracket: _bracket,
    exp.GetExtract: lambda node: _bracket(
        exp.Bracket(this=node.this, expressions=[node.expression])
    ),
    exp.Dot: _dot,
    exp.JSONExtract: _path,
    **dict.fromkeys(
        (
            *(exp.CurrentDate, exp.CurrentTime, exp.CurrentTimestamp),
            *(exp.Localtime, exp.Localtimestamp),
        ),
        _now,
    ),
    exp.Struct: _struct,
    exp.JSONObject: _object_with_nulls,
    exp.StarMap: _star_map,
    **dict.fromkeys((exp.Booland, exp.Boolor, exp.Boolnot, exp.Xor), _truths),
    exp.Lateral: _flatten,
    exp.TableFromRows: _flatten,
    exp.Typeof: _typeof,
    exp.ObjectAgg: _object_agg,
    exp.ParseJSON: _parse_json,
    exp.Levenshtein: _distance,
    exp.JarowinklerSimilarity: _distance,
    exp.RegexpExtract: _regexp_extract,
    exp.TimestampFromParts: _time_from_parts,
    **dict.fromkeys((exp.TimestampLtzFromParts, exp.TimestampTzFromParts), _zoned_from_parts),
    exp.Pad: _pad,
    exp.Base64Encode: lambda node: invoke("to_base64", invoke("_es_bytes", node.this)),
    exp.ObjectInsert: _object_insert,
    exp.JSONKeys: lambda node: invoke("to_json", invoke("json_keys", node.this)),
    exp.GenerateSeries: _range,
    exp.ArrayAgg: _array_agg,
    exp.GroupConcat: _listagg,
    exp.With: _with,
    exp.Count: _count,
    exp.CountIf: _count_if,
    exp.RegrCount: _regr_count,
    exp.NthValue: _nth_value,
    exp.Window: _window,
    exp.Interval: _interval,
    exp.TableSample: _sample,
    exp.Extract: _extract,
    exp.TimeSlice: _time_slice,
    exp.ConvertTimezone: _convert_timezone,
    exp.Anonymous: _conversion,
    exp.UnixToTime: _since_1970,
    **dict.fromkeys((exp.TsOrDsToTime, exp.Time), _time_of_day),
    exp.TsOrDsToDate: lambda node: _moment(
        "_es_try_date" if node.args.get("safe") else "_es_date", node.this
    ),
    exp.TimestampTrunc: _date_trunc,
    exp.DateTrunc: _date_trunc,
    exp.ToNumber: _to_number,
    **dict.fromkeys((exp.Sqrt, exp.Log, exp.Acos, exp.Asin, exp.Atanh, exp.Acosh), _real),
    exp.Exp: lambda node: invoke("_es_finite", node.this.copy(), node.copy()),
    exp.Pow: lambda node: invoke("_es_finite", node.this.copy(), _real(node)),
    exp.MonthsBetween: lambda node: invoke("_es_months_between", node.this, node.expression),
    exp.Ln: lambda node: invoke("_es_ln", node.this),
    exp.WidthBucket: lambda node: invoke(
        "_es_width_bucket",
        node.this,
        node.args["min_value"],
        node.args["max_value"],
        node.args["num_buckets"],
    ),
}


_UNBOUND = {head.split("(")[0] for head in _OF_UNBOUND}


def _of_unbound(expression: Any) -> None:
    """Call the other form of a macro for an argument whose type DuckDB does not know in time."""
    for call in expression.find_all(exp.Anonymous):
        other = f"_es_unbound{call.name.removeprefix('_es')}"
        if other in _UNBOUND and any(_is_unbound(one) for one in call.expressions):
            call.set("this", other)


def _is_unbound(argument: Any) -> bool:
    aliases: set[str] | None = None
    for node in argument.walk(prune=lambda one: isinstance(one, exp.Query)):
        if isinstance(node, (exp.AggFunc, exp.AnonymousAggFunc, exp.Window)):
            return True
        if isinstance(node, exp.Anonymous) and not node.name.startswith("_es_"):
            return True
        if isinstance(node, exp.Column) and not node.table:
            if aliases is None:
                select = argument.find_ancestor(exp.Select)
                made = select.expressions if select is not None else []
                aliases = {one.alias.upper() for one in made if isinstance(one, exp.Alias)}
            if node.name.upper() in aliases:
                return True
    return False


def translate(expression: Any) -> Any:
    """The statement with every such function replaced, the inner ones first."""
    for node in reversed(list(expression.walk(bfs=False))):
        rule = _NODES.get(type(node))
        made = node if rule is None else rule(node)
        if made is node:
            continue
        if node is expression:
            expression = made
        else:
            node.replace(made)
    _of_unbound(expression)
    return expression
