"""Functions and casts whose DuckDB counterpart answers otherwise than Snowflake's documentation.

Each entry rewrites one kind of node of the parsed statement before fakesnow sees it, most of them
into a macro (`macros_sql`). Add to it when a case of the conformance suite shows an expression that
answers otherwise. What must not go here: rewrites of whole statements (`rewriting.py`), functions
about objects (`objects/`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from embedded_snowflake import errors
from embedded_snowflake.names import quoted

_MACROS = {
    # typeof() says of what type the argument is. Every branch must bind for every type, which
    # TRY_CAST does and CAST does not.
    "_es_whole(x)": (
        "CASE typeof(x) WHEN 'DOUBLE' THEN CAST(round(TRY_CAST(x AS DOUBLE)) AS BIGINT) "
        "WHEN 'JSON' THEN CAST(TRY_CAST(x AS JSON) ->> '$' AS BIGINT) ELSE CAST(x AS BIGINT) END"
    ),
    "_es_binary(x)": (
        "CASE WHEN typeof(x) = 'BLOB' THEN TRY_CAST(x AS BLOB) ELSE unhex(CAST(x AS VARCHAR)) END"
    ),
    "_es_text(x)": (
        "CASE typeof(x) WHEN 'BLOB' THEN hex(TRY_CAST(x AS BLOB)) "
        "WHEN 'JSON' THEN TRY_CAST(x AS JSON) ->> '$' "
        "WHEN 'DOUBLE' THEN CASE WHEN isnan(TRY_CAST(x AS DOUBLE)) THEN 'NaN' "
        "ELSE regexp_replace(CAST(x AS VARCHAR), '\\.0$', '') END "
        "WHEN 'TIME' THEN left(CAST(x AS VARCHAR), 8) "
        "WHEN 'TIMESTAMP' THEN strftime(TRY_CAST(x AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%g') "
        "WHEN 'TIMESTAMP WITH TIME ZONE' THEN strftime(TRY_CAST(x AS TIMESTAMPTZ), "
        "'%Y-%m-%d %H:%M:%S.%g') || ' +0000' "
        "ELSE CAST(x AS VARCHAR) END"
    ),
    "_es_ln(x)": "CASE WHEN x <= 0 THEN error('Invalid floating point operation: ln') ELSE ln(x) END",
    "_es_width_bucket(x, low, high, buckets)": (
        "CASE WHEN x < low THEN 0 WHEN x >= high THEN CAST(buckets AS BIGINT) + 1 "
        "ELSE CAST(floor((x - low) * buckets / (high - low)) AS BIGINT) + 1 END"
    ),
}


def macros_sql(database: str) -> str:
    """The macros that rewritten statements call, for one database; idempotent."""
    where = quoted(database)
    return "".join(
        f"CREATE OR REPLACE MACRO {where}.{head} AS {body};" for head, body in _MACROS.items()
    )


def _call(name: str, *arguments: Any) -> Any:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _cast(value: Any, kind: str) -> Any:
    return exp.cast(value, kind, dialect="duckdb")


def _trim(node: Any) -> Any:
    """Fakesnow forgets which characters, and which side."""
    side = (node.args.get("position") or "").upper()
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(side, "trim")
    characters = node.args.get("expression")
    text = _cast(node.this, "VARCHAR")
    return _call(name, text) if characters is None else _call(name, text, characters)


def _sign(node: Any) -> Any:
    """DuckDB's is a TINYINT, which no client knows."""
    return _cast(_call("sign", node.this), "BIGINT")


def _octets(node: Any) -> Any:
    """DuckDB's takes no text; hexadecimal digits it makes of both."""
    return exp.IntDiv(this=_call("length", _call("hex", node.this)), expression=_number("2"))


def _number(text: str) -> Any:
    return exp.Literal.number(text)


def _to_digits(node: Any) -> Any:
    """FLOOR and CEIL to a digit: sqlglot's goes through a FLOAT."""
    digits = node.args.get("decimals")
    if digits is None:
        return node
    if not (isinstance(digits, exp.Literal) and digits.is_int):
        raise errors.unsupported(f"{node.key.upper()} to a number of digits that is no literal")
    places = int(digits.name)
    step = "0." + "0" * (places - 1) + "1" if places else "1"
    cut = _call("trunc", node.this, digits)
    floor = isinstance(node, exp.Floor)
    beyond = (exp.GT if floor else exp.LT)(this=cut.copy(), expression=node.this.copy())
    shift = exp.Case(ifs=[exp.If(this=beyond, true=_number(step))], default=_number("0"))
    kind = exp.Sub if floor else exp.Add
    return exp.Paren(this=kind(this=cut, expression=exp.Paren(this=shift)))


_WHOLE = {
    exp.DataType.Type.INT,
    exp.DataType.Type.BIGINT,
    exp.DataType.Type.SMALLINT,
    exp.DataType.Type.TINYINT,
}
_TEXTS = {exp.DataType.Type.VARCHAR, exp.DataType.Type.TEXT, exp.DataType.Type.CHAR}


def _casts(node: Any) -> Any:
    if isinstance(node, exp.TryCast):
        return node
    kind = node.to
    if kind.this in _WHOLE:
        # Half a FLOAT goes away from zero; DuckDB's goes to the even side.
        return _call("_es_whole", node.this)
    if kind.this in {exp.DataType.Type.BINARY, exp.DataType.Type.VARBINARY}:
        return _call("_es_binary", node.this)
    if kind.this in _TEXTS:
        text = _text(node)
        return _call("left", text, kind.expressions[0]) if kind.expressions else text
    return node


def _text(node: Any) -> Any:
    if isinstance(node.this, exp.Literal):
        return _cast(node.this, "VARCHAR")
    return _call("_es_text", node.this)


def _to_char(node: Any) -> Any:
    return node if node.args.get("format") is not None else _text(node)


def _type(node: Any) -> Any:
    """CHAR is one character long; to DuckDB it is any text."""
    if node.this in {exp.DataType.Type.CHAR, exp.DataType.Type.NCHAR} and not node.expressions:
        one = exp.DataTypeParam(this=_number("1"))
        return exp.DataType(this=exp.DataType.Type.VARCHAR, expressions=[one], nested=False)
    return node


def _binary(node: Any) -> Any:
    shape = node.args.get("format")
    name = "HEX" if shape is None else shape.name.upper().replace("-", "")
    if name == "HEX":
        return _call("_es_binary", node.this)
    if name == "UTF8":
        return _call("encode", node.this)
    if name == "BASE64":
        return _call("from_base64", node.this)
    raise errors.unsupported(f"TO_BINARY with the format {name}")


_NODES: dict[type[Any], Callable[[Any], Any]] = {
    exp.DataType: _type,
    exp.ToChar: _to_char,
    exp.Trim: _trim,
    exp.Sign: _sign,
    exp.ByteLength: _octets,
    exp.Floor: _to_digits,
    exp.Ceil: _to_digits,
    exp.Cast: _casts,
    exp.ToBinary: _binary,
    exp.Ln: lambda node: _call("_es_ln", node.this),
    exp.WidthBucket: lambda node: _call(
        "_es_width_bucket",
        node.this,
        node.args["min_value"],
        node.args["max_value"],
        node.args["num_buckets"],
    ),
}


def translate(expression: Any) -> Any:
    """The statement with every such function replaced."""

    def one(node: Any) -> Any:
        rule = _NODES.get(type(node))
        return node if rule is None else rule(node)

    return expression.transform(one, copy=False)
