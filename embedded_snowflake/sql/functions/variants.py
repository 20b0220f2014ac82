"""VARIANTs and OBJECTs, which are JSON here: paths, construction, types, FLATTEN.

Source: https://docs.snowflake.com/en/sql-reference/functions-semistructured.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any

from sqlglot import exp

from embedded_snowflake import errors
from embedded_snowflake.errors import UNSUPPORTED
from embedded_snowflake.sql.building import cast_as, invoke

# A VARIANT keeps a date or a time as its text: which of the two a text was, is not known.
_MAY_BE_A_TIME = rf"""_es_fails(typeof(x) = 'JSON' AND regexp_full_match(to_json(x) ->> '$',
    '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}( [0-9:]{{8}}\.[0-9]+( [+-][0-9]{{4}})?)?|[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(\.[0-9]+)?'),
    '{UNSUPPORTED}the type of a text in the form of a date or a time in a VARIANT, which may have been one')"""

_MAY_BE_BYTES = f"""_es_fails(json_type(x) = 'VARCHAR' AND regexp_full_match(x ->> '$',
    '([0-9A-F]{{2}})*'), '{UNSUPPORTED}the type of hexadecimal digits in a VARIANT, which may be BINARY')"""
_FRACTIONS = "the type of a number in a VARIANT that is no integer: DECIMAL or DOUBLE"

MACROS = {
    "_es_variant_number(x)": "CAST(_es_text(x) AS DECIMAL(38, 9))",
    # Numbers by their value, before texts; JSON's null is no value.
    "_es_variant_order(x)": (
        "CASE WHEN _es_text(x) IS NULL THEN NULL "
        "WHEN json_type(to_json(x)) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') "
        "THEN struct_pack(number := CAST(_es_text(x) AS DOUBLE), text := '') "
        "ELSE struct_pack(number := CAST(NULL AS DOUBLE), text := _es_text(x)) END"
    ),
    # To be compared a VARIANT is of its type alone, and JSON's null is equal to itself.
    "_es_variant_compared(x)": (
        "CASE WHEN x IS NOT NULL THEN struct_pack(value := _es_variant_order(x), kind := CASE WHEN "
        "_es_variant_order(x).number IS NULL THEN json_type(to_json(x)) END) END"
    ),
    "_es_typeof(x)": (
        "CASE WHEN x IS NULL THEN NULL WHEN typeof(x) LIKE '%[]' THEN 'ARRAY' ELSE "
        "CASE typeof(x) WHEN 'JSON' THEN CASE "
        "WHEN _es_fails(typeof(x) = 'JSON' AND json_type(to_json(x)) = 'DOUBLE', "
        f"'{UNSUPPORTED}{_FRACTIONS}') "
        f"OR {_MAY_BE_A_TIME} THEN NULL ELSE CASE json_type(to_json(x)) WHEN 'UBIGINT' THEN 'INTEGER' "
        "WHEN 'BIGINT' THEN 'INTEGER' WHEN 'NULL' THEN 'NULL_VALUE' ELSE json_type(to_json(x)) END END "
        "WHEN 'BIGINT' THEN 'INTEGER' WHEN 'HUGEINT' THEN 'INTEGER' WHEN 'BLOB' THEN 'BINARY' "
        "WHEN 'TIMESTAMP' THEN 'TIMESTAMP_NTZ' WHEN 'TIMESTAMP WITH TIME ZONE' THEN 'TIMESTAMP_LTZ' "
        "ELSE regexp_replace(typeof(x), '\\(.*', '') END END"
    ),
    "_es_path(x)": (
        "CASE WHEN _es_fails(NOT regexp_full_match(x, '[A-Za-z_]\\w*(\\.[A-Za-z_]\\w*|\\[\\d+\\])*'), "
        f"concat('{UNSUPPORTED}the path ', x, ' in a VARIANT')) THEN NULL ELSE '$.' || x END"
    ),
    "_es_present(x)": (
        "CASE WHEN typeof(x) = 'JSON' AND json_type(TRY_CAST(x AS JSON)) = 'NULL' THEN NULL ELSE x END"
    ),
    "_es_elements(x, keep)": (
        "CASE WHEN json_type(x) = 'OBJECT' AND len(json_keys(x)) > 0 THEN list_transform("
        "CAST(json_extract(x, '$.*') AS JSON[]), lambda _es_v, _es_i: "
        "struct_pack(k := json_keys(x)[_es_i], i := NULL::BIGINT, v := _es_v)) "
        "WHEN json_type(x) = 'ARRAY' AND json_array_length(x) > 0 THEN list_transform("
        "CAST(json_extract(x, '$[*]') AS JSON[]), lambda _es_v, _es_i: "
        "struct_pack(k := NULL::VARCHAR, i := CAST(_es_i - 1 AS BIGINT), v := _es_v)) "
        "WHEN keep THEN [struct_pack(k := NULL::VARCHAR, i := NULL::BIGINT, v := NULL::JSON)] END"
    ),
    # What FLATTEN takes; of a text it would answer no rows.
    "_es_flattened(x)": (
        "CASE WHEN _es_fails(NOT regexp_full_match(typeof(x), 'JSON|\"NULL\"|.*\\[\\]|STRUCT.*'), "
        "concat('Invalid argument types for function ''FLATTEN'': (INPUT => ', typeof(x), ')')) "
        "THEN NULL ELSE to_json(x) END"
    ),
    "_es_to_object(x)": (
        "CASE WHEN coalesce(json_type(to_json(x)), 'NULL') = 'NULL' THEN NULL "
        "WHEN _es_fails(typeof(x) <> 'JSON' OR json_type(to_json(x)) <> 'OBJECT', "
        "concat('Failed to cast variant value ', to_json(x), ' to OBJECT')) THEN NULL "
        "ELSE to_json(x) END"
    ),
    # Snowpark's reference has one of a text, which no page explains.
    "_es_no_text(x)": (
        "CASE WHEN _es_fails(typeof(x) = 'JSON' AND json_type(to_json(x)) = 'VARCHAR', "
        f"'{UNSUPPORTED}TO_OBJECT of a text in a VARIANT') THEN NULL ELSE x END"
    ),
    # Without a subquery, which fakesnow's has: no view could have one, and no alias of it be used.
    "_es_object(names, items, keep)": """CAST(concat('{', array_to_string(list_filter(
        list_transform(list_zip(names, items), lambda pair: CASE
            WHEN pair[1] IS NOT NULL AND (keep OR pair[2] IS NOT NULL)
            THEN concat(to_json(CAST(pair[1] AS VARCHAR)), ':', coalesce(pair[2], 'null')) END),
        lambda one: one IS NOT NULL), ','), '}') AS JSON)""",
    "_es_object_insert(x, name, item)": (
        "CASE WHEN _es_fails(list_contains(json_keys(x), name), "
        "'Key ' || name || ' already exists in object') THEN NULL "
        "WHEN item IS NULL OR name IS NULL THEN x WHEN json_keys(x) = [] THEN json_object(name, item) "
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
    # Keys of a VARIANT are several.
    "_es_names(x)": (
        "CASE WHEN _es_fails(x IS NULL, "
        f"'{UNSUPPORTED}OBJECT_DELETE or OBJECT_PICK of a key that is NULL') THEN NULL "
        "WHEN typeof(x) = 'JSON' AND json_type(to_json(x)) = 'ARRAY' "
        "THEN list_transform(CAST(to_json(x) AS JSON[]), lambda one: one ->> '$') "
        "ELSE [to_json(x) ->> '$'] END"
    ),
    "_es_object_part(x, names, kept)": (
        "CASE WHEN x IS NOT NULL THEN list_transform([list_filter(list_zip(json_keys(x), "
        "CAST(json_extract(x, '$.*') AS JSON[])), lambda one: list_contains(names, one[1]) = kept)], "
        "lambda f: _es_object(list_transform(f, lambda one: one[1]), "
        "list_transform(f, lambda one: one[2]), true))[1] END"
    ),
    "_es_get_ignore_case(x, name)": (
        "list_transform([list_filter(list_zip(json_keys(x), CAST(json_extract(x, '$.*') AS JSON[])), "
        "lambda one: lower(one[1]) = lower(name))], lambda f: CASE WHEN _es_fails(len(f) > 1, "
        f"'{UNSUPPORTED}GET_IGNORE_CASE of a key that is there in several cases') THEN NULL ELSE f[1][2] END)[1]"
    ),
    "is_object(x)": "json_type(x) = 'OBJECT'",
    "is_boolean(x)": "json_type(x) = 'BOOLEAN'",
    **dict.fromkeys(
        ("is_char(x)", "is_varchar(x)"),
        f"CASE WHEN {_MAY_BE_A_TIME} THEN NULL ELSE json_type(x) = 'VARCHAR' END",
    ),
    "is_integer(x)": (
        "CASE WHEN _es_fails(json_type(x) = 'DOUBLE' AND CAST(x AS DOUBLE) = trunc(CAST(x AS DOUBLE)), "
        f"'{UNSUPPORTED}whether a FLOAT without digits behind the point is an INTEGER in a VARIANT') "
        "THEN NULL ELSE json_type(x) LIKE '%INT' END"
    ),
    "is_decimal(x)": (
        f"CASE WHEN _es_fails(json_type(x) = 'DOUBLE', '{UNSUPPORTED}{_FRACTIONS}') "
        "THEN NULL ELSE json_type(x) LIKE '%INT' END"
    ),
    **dict.fromkeys(
        ("is_double(x)", "is_real(x)"), "json_type(x) LIKE '%INT' OR json_type(x) = 'DOUBLE'"
    ),
    **dict.fromkeys(
        (
            "is_date(x)",
            "is_date_value(x)",
            "is_time(x)",
            *(f"is_timestamp_{one}(x)" for one in ("ntz", "ltz", "tz")),
        ),
        f"CASE WHEN x IS NULL OR {_MAY_BE_A_TIME} THEN NULL ELSE FALSE END",
    ),
    "is_binary(x)": f"CASE WHEN x IS NULL OR {_MAY_BE_BYTES} THEN NULL ELSE FALSE END",
    "as_array(x)": "CASE WHEN json_type(x) = 'ARRAY' THEN x END",
    "as_object(x)": "CASE WHEN json_type(x) = 'OBJECT' THEN x END",
    **{
        # Of a CASE that could only be NULL DuckDB would not ask the condition.
        f"as_{name}(x)": f"CASE WHEN {_MAY_BE_A_TIME} THEN TRY_CAST(x ->> '$' AS {kind}) END"
        for name, kind in (
            *(("date", "DATE"), ("time", "TIME"), ("timestamp_ntz", "TIMESTAMP")),
            *(("timestamp_ltz", "TIMESTAMPTZ"), ("timestamp_tz", "TIMESTAMPTZ")),
        )
    },
    "as_binary(x)": f"CASE WHEN {_MAY_BE_BYTES} THEN TRY_CAST(x ->> '$' AS BLOB) END",
    "is_null_value(x)": "json_type(x) = 'NULL'",
    "as_integer(x)": "CASE WHEN json_type(x) IN ('DOUBLE', 'BIGINT', 'UBIGINT') THEN _es_whole(x) END",
    "as_double(x)": "CASE WHEN json_type(x) IN ('DOUBLE', 'BIGINT', 'UBIGINT') THEN CAST(x AS DOUBLE) END",
    **dict.fromkeys(
        ("as_varchar(x)", "as_char(x)"),
        f"CASE WHEN json_type(x) <> 'VARCHAR' OR {_MAY_BE_A_TIME} THEN NULL ELSE x ->> '$' END",
    ),
    "as_boolean(x)": "CASE WHEN json_type(x) = 'BOOLEAN' THEN CAST(x AS BOOLEAN) END",
}


TYPED = {
    # FLATTEN, https://docs.snowflake.com/en/sql-reference/functions/flatten. The list is a macro of
    # its own, so that DuckDB unnests it beside its row and in its order. SEQ stands in the list:
    # beside it another would be drawn for each element. Every name within begins with _es_: of the
    # input's own, as e.v or VALUE, DuckDB would take what is called so here.
    "_es_flatten": """(input, prefix, keep, seq := 1) AS TABLE
        SELECT CAST(_es_e.seq AS BIGINT) AS SEQ, _es_e.k AS KEY,
            CASE WHEN _es_e.k IS NULL THEN concat(prefix, '[' || _es_e.i || ']')
                WHEN NOT regexp_full_match(_es_e.k, '[A-Za-z_][A-Za-z0-9_]*')
                THEN prefix || '[''' || _es_e.k || ''']'
                WHEN prefix = '' THEN _es_e.k ELSE prefix || '.' || _es_e.k END AS PATH,
            _es_e.i AS INDEX, _es_e.v AS VALUE, _es_this AS THIS
        FROM (SELECT to_json(input) AS _es_this, unnest(list_transform(
            [struct_pack(seq := seq, list := _es_elements(_es_flattened(input), keep))],
            lambda _es_x: list_transform(_es_x.list, lambda _es_y:
                struct_pack(seq := _es_x.seq, k := _es_y.k, i := _es_y.i, v := _es_y.v)))[1])
            AS _es_e)""",
    "_es_flatten_parts": """(input, prefix, keep, mode, deep, seq := 1) AS TABLE
        SELECT CAST(_es_e.seq AS BIGINT) AS SEQ, _es_e.e.k AS KEY, coalesce(_es_e.e.path, prefix) AS PATH,
            _es_e.e.i AS INDEX, _es_e.e.v AS VALUE, coalesce(_es_e.e.this, _es_this) AS THIS
        FROM (SELECT to_json(input) AS _es_this, unnest(list_transform(
            [struct_pack(seq := seq, list := _es_all_elements(
                CAST(_es_flattened(input) AS VARCHAR), prefix, mode, deep))],
            lambda _es_x: list_transform(
                CASE WHEN keep AND len(_es_x.list) = 0 THEN [NULL] ELSE _es_x.list END,
                lambda _es_y: struct_pack(seq := _es_x.seq, e := _es_y)))[1]) AS _es_e)""",
    "_es_split_to_table": """(input, delimiter, seq := 1) AS TABLE
        SELECT CAST(_es_e.seq AS BIGINT) AS SEQ, CAST(_es_e.i AS BIGINT) AS INDEX, _es_e.v AS VALUE
        FROM (SELECT unnest(list_transform(
            [struct_pack(seq := seq, list := string_split(input, delimiter))],
            lambda _es_x: list_transform(_es_x.list, lambda _es_v, _es_i:
                struct_pack(seq := _es_x.seq, i := _es_i, v := _es_v)))[1]) AS _es_e)""",
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
}


def variant(node: Any) -> Any:
    """A value as a VARIANT."""
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
    if not isinstance(node.expression, (exp.JSONPath, exp.Null)):
        node.set("expression", invoke("_es_path", node.expression))
        return node
    steps = node.expression.find_all(exp.JSONPathSubscript)
    if any(isinstance(one.this, int) and one.this < 0 for one in steps):
        return cast_as(exp.Null(), "JSON" if isinstance(node, exp.JSONExtract) else "VARCHAR")
    return node


def _struct(node: Any) -> Any:
    """Fakesnow takes keys for names, makes them upper case, and forgets an object in an object."""
    if not all(isinstance(one, exp.PropertyEQ) for one in node.expressions):
        if len(node.expressions) > 1 or not node.expressions[0].is_star:
            raise errors.uncompiled("an OBJECT's keys are texts, or it is {*}.")
        return _object_of_row(node.expressions[0], keep_nulls=exp.false())
    pairs = [
        (
            exp.Literal.string(one.this.name) if isinstance(one.this, exp.Identifier) else one.this,
            variant(one.expression),
        )
        for one in node.expressions
    ]
    return _object(pairs, keep_nulls=exp.false())


def _object_with_nulls(node: Any) -> Any:
    if not all(isinstance(one, exp.JSONKeyValue) for one in node.expressions):
        return _object_of_row(node.expressions[0], keep_nulls=exp.true())
    pairs = [(one.this, variant(one.expression)) for one in node.expressions]
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
    if not pairs:
        return cast_as(exp.Literal.string("{}"), "JSON")
    made = invoke("_es_object", *lists, keep_nulls)
    return made if literal else invoke("_es_parsed", made)


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
        raise errors.unsupported("OBJECT_AGG with OVER")
    node.set("expression", variant(node.expression))
    empty = cast_as(exp.Literal.string("{}"), "JSON")
    return exp.Coalesce(this=invoke("_es_parsed", node.copy()), expressions=[empty])


_FRACTION = re.compile(r"-?\d+(?:\.(?!0+$)\d+(?![eE])|(?:\.\d+)?([eE][+-]?\d+))")


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
    if node.args.get("expression") not in (None, exp.Literal.string("s")):
        raise errors.unsupported("PARSE_JSON with a parameter: a key stands there once")
    if not (isinstance(node.this, exp.Literal) and node.this.name.strip()):
        blanks = exp.Literal.string(" \t\r\n")
        text = invoke("trim", cast_as(node.this, "VARCHAR"), blanks)
        node.set("this", invoke("nullif", text, exp.Literal.string("")))
    return invoke("_es_try_parsed" if node.args.get("safe") else "_es_parsed", node.this)


def _object_insert(node: Any) -> Any:
    value, key = invoke("_es_to_object", node.this), cast_as(node.args["key"], "VARCHAR")
    if (replaces := node.args.get("update_flag")) is not None:
        replaced = exp.If(this=replaces, true=exp.Array(expressions=[key]), false=exp.Array())
        value, key = invoke("_es_object_part", value, replaced, exp.false()), key.copy()
    made = invoke("_es_object_insert", value, key, variant(node.args["value"]))
    return invoke("_es_parsed", made)


def _flatten(node: Any) -> Any:
    """FLATTEN with its options, of which fakesnow reads the input alone; SPLIT_TO_TABLE."""
    call = node.this
    # SEQ: beside a table any number will do that no other row of it has.
    seq = "1" if isinstance(node.parent, exp.From) else "hash(uuid()) >> 1"
    if isinstance(call, exp.SplitToTable):
        if isinstance(node.parent, exp.Join):
            # It has no OUTER: a text that is NULL leaves its row out, also of a LEFT JOIN.
            node.parent.set("side", None)
        made = invoke("_es_split_to_table", call.this, call.expression, exp.var(seq))
        return exp.Table(this=made, alias=node.args.get("alias"))
    if not isinstance(call, exp.Explode):
        return node
    options = {one.name.upper(): one.expression for one in _options(call)}
    source = options.pop("INPUT", call.this)
    path = options.pop("PATH", None)
    keep = options.pop("OUTER", exp.false())
    mode = options.pop("MODE", exp.Literal.string("BOTH")).name.upper()
    deep = options.pop("RECURSIVE", exp.false())
    if options:
        raise errors.uncompiled(f"unknown argument {min(options)}.")
    prefix = exp.Literal.string("")
    if path is not None and path.name:
        source = invoke("_es_flattened", source)
        source = invoke("json_extract", source, exp.Literal.string(f"$.{path.name}"))
        prefix = path
    if deep == exp.false() and mode == "BOTH":
        called = invoke("_es_flatten", source, prefix, keep, exp.var(seq))
    elif mode in {"BOTH", "OBJECT", "ARRAY"}:
        which = (exp.Literal.string(mode), deep)
        called = invoke("_es_flatten_parts", source, prefix, keep, *which, exp.var(seq))
    else:
        raise errors.uncompiled(f"invalid value '{mode}' for argument MODE.")
    made = exp.Table(this=called)
    made.set("alias", node.args.get("alias"))
    return made


def _options(call: Any) -> list[Any]:
    return [one for one in (call.this, *call.expressions) if isinstance(one, exp.Kwarg)]


_OF_KIND = {
    **dict.fromkeys(("CHAR", "VARCHAR"), exp.DataType.TEXT_TYPES),
    "BINARY": {exp.DType.BINARY, exp.DType.VARBINARY},
    "TIMESTAMP_NTZ": {exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ},
    "TIMESTAMP_LTZ": {exp.DType.TIMESTAMPLTZ},
    "TIMESTAMP_TZ": {exp.DType.TIMESTAMPTZ},
    **{one: {exp.DType[one]} for one in ("BOOLEAN", "DATE", "TIME")},
    "DATE_VALUE": {exp.DType.DATE},
    "DECIMAL": {exp.DType.DECIMAL, *exp.DataType.INTEGER_TYPES},
}
_KINDS_TOLD = {kind for kinds in _OF_KIND.values() for kind in kinds}


def asked_of(call: Any) -> Any:
    """The value that IS_DATE and its like ask of, where it becomes a VARIANT in their argument."""
    name = call.name.upper() if isinstance(call, exp.Anonymous) else ""
    if name[:3] not in {"IS_", "AS_"} or len(call.expressions) != 1:
        return None
    value = call.expressions[0]
    made = isinstance(value, exp.ToVariant) or (
        isinstance(value, exp.Cast) and value.is_type("VARIANT")
    )
    return value.this if made else None


def of_known_type(call: Any, kind: Any) -> Any:
    """IS_DATE, AS_DATE and their like of a value whose type its VARIANT would not tell."""
    name = call.name.upper()
    wanted = _OF_KIND.get(name[3:])
    if wanted is None or name == "AS_DECIMAL" or kind is None or kind.this not in _KINDS_TOLD:
        return call
    value, same = asked_of(call), kind.this in wanted
    if name.startswith("AS_"):
        return value if same else call
    known = exp.If(this=exp.Is(this=value, expression=exp.Null()), true=exp.Null())
    return exp.Case(ifs=[known], default=exp.Boolean(this=same))


def _part(node: Any, *, kept: bool) -> Any:
    value, *names = node.expressions
    if not names:
        raise errors.too_few_arguments()
    listed = invoke("list_concat", *(invoke("_es_names", one) for one in names))
    value = invoke("_es_to_object", value)
    return invoke("_es_object_part", value, listed, exp.Boolean(this=kept))


CALLS: dict[str, Callable[[Any], Any]] = {
    "OBJECT_DELETE": lambda node: _part(node, kept=False),
    "OBJECT_PICK": lambda node: _part(node, kept=True),
    "TO_OBJECT": lambda node: invoke("_es_to_object", invoke("_es_no_text", *node.expressions)),
    "ARRAYS_TO_OBJECT": lambda node: invoke(
        "_es_arrays_to_object", *(invoke("_es_array", one) for one in node.expressions)
    ),
}
"""Functions that sqlglot has no node for."""


NODES: dict[type[Any], Callable[[Any], Any]] = {
    exp.Bracket: _bracket,
    exp.GetExtract: lambda node: _bracket(
        exp.Bracket(this=node.this, expressions=[node.expression])
    ),
    exp.Dot: _dot,
    **dict.fromkeys((exp.JSONExtract, exp.JSONExtractScalar), _path),
    exp.Struct: _struct,
    exp.JSONObject: _object_with_nulls,
    exp.StarMap: _star_map,
    exp.GetIgnoreCase: lambda node: invoke("_es_get_ignore_case", node.this, node.expression),
    exp.Lateral: _flatten,
    exp.TableFromRows: _flatten,
    exp.Typeof: _typeof,
    exp.ObjectAgg: _object_agg,
    exp.CheckJson: lambda node: invoke("_es_check_json", invoke("_es_text", node.this)),
    exp.ParseJSON: _parse_json,
    exp.ObjectInsert: _object_insert,
    exp.JSONKeys: lambda node: invoke(
        "to_json", invoke("json_keys", invoke("_es_to_object", node.this))
    ),
}
