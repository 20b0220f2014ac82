"""Integers of up to 38 digits, in statements that turn out to need more than 64 bits.

Snowflake's integers are NUMBER(38, 0). Here they have 64 bits as long as that is enough, because
these are read and added faster and hardly ever too few: a column is widened when a value does not
fit (`session`), and a statement whose casts or sums do not fit is run again with what `widened`
makes of it. What must not go here: decimals, whose digits DuckDB keeps itself.
"""

from __future__ import annotations

import re
from typing import Any

from sqlglot import exp

from embedded_snowflake.sql.building import invoke

INTEGERS = {
    exp.DataType.Type.INT,
    exp.DataType.Type.BIGINT,
    exp.DataType.Type.SMALLINT,
    exp.DataType.Type.TINYINT,
}
_TEXT = re.compile(r"Could not convert string '\s*[+-]?\d{19,38}(?:\.\d*)?\s*'")
_BOTH_SIDES = (exp.Add, exp.Sub, exp.Mul)

MACROS = {
    # TRY_CAST says NULL of what is a number and only too long.
    "_es_try_integer(x)": (
        "CASE WHEN _es_fails(TRY_CAST(x AS BIGINT) IS NULL AND TRY_CAST(x AS HUGEINT) IS NOT NULL, "
        "'out of range for INT64') THEN NULL ELSE TRY_CAST(x AS BIGINT) END"
    ),
    "_es_long_integer(x)": (
        "CASE typeof(x) WHEN 'DOUBLE' THEN CAST(round(TRY_CAST(x AS DOUBLE)) AS HUGEINT) "
        "WHEN 'JSON' THEN CAST(TRY_CAST(x AS JSON) ->> '$' AS HUGEINT) "
        "ELSE CAST(_es_plain(x) AS HUGEINT) END"
    ),
}


def too_long(cause: BaseException) -> bool:
    """Whether a statement failed because an integer needs more than 64 bits."""
    text = str(cause.__cause__ or cause)
    said = ("out of range", "Could not cast", "Overflow in")
    return "INT64" in text and (_TEXT.search(text) is not None or any(w in text for w in said))


def is_integer(kind: Any) -> bool:
    """Whether it is a type that is an integer of 64 bits here, NUMBER(38, 0) included."""
    if kind.this == exp.DataType.Type.DECIMAL:
        scale = kind.expressions[1].name if len(kind.expressions) > 1 else "0"
        return scale == "0" and (not kind.expressions or kind.expressions[0].name == "38")
    return kind.this in INTEGERS


def guarded(expression: Any) -> Any:
    """TRY_CAST to an integer: a number of more than 64 bits is an error, and no NULL."""
    for node in list(expression.find_all(exp.TryCast)):
        if is_integer(node.to):
            node.replace(invoke("_es_try_integer", node.this))
    return expression


def widened(expression: Any) -> Any:
    """Casts to integers, sums, products and the columns of CREATE TABLE .. AS with 38 digits."""
    for column in expression.find_all(exp.ColumnDef):
        if column.kind is not None and is_integer(column.kind):
            column.set("kind", exp.DataType.build("HUGEINT", dialect="duckdb"))
    for node in reversed(list(expression.find_all(exp.Cast, *_BOTH_SIDES))):
        if isinstance(node, exp.Cast):
            if not is_integer(node.to):
                continue
            if isinstance(node, exp.TryCast):
                node.set("to", exp.DataType.build("HUGEINT", dialect="duckdb"))
            else:
                node.replace(invoke("_es_long_integer", node.this))
            continue
        for side in ("this", "expression"):
            value = node.args[side]
            # Takes the wider of both types: of an integer 128 bits, of a FLOAT the FLOAT.
            nothing = exp.cast(exp.Null(), "HUGEINT", dialect="duckdb")
            node.set(side, exp.Coalesce(this=nothing, expressions=[value.copy()]))
    return expression
