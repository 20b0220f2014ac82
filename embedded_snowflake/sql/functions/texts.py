"""Functions of texts and bytes that DuckDB answers otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from embedded_snowflake.errors import UNSUPPORTED
from embedded_snowflake.sql.building import cast_as, invoke, number

MACROS = {
    # DuckDB measures distances in bytes.
    "_es_ascii(x)": (
        "CASE WHEN _es_fails(strlen(CAST(x AS VARCHAR)) <> length(CAST(x AS VARCHAR)), "
        f"'{UNSUPPORTED}a distance of texts beyond ASCII') "
        "THEN NULL ELSE CAST(x AS VARCHAR) END"
    ),
    "_es_bytes(x)": (
        "CASE typeof(x) WHEN 'BLOB' THEN TRY_CAST(x AS BLOB) ELSE encode(CAST(x AS VARCHAR)) END"
    ),
}


def _trim(node: Any) -> Any:
    """Fakesnow forgets which characters, and which side."""
    side = (node.args.get("position") or "").upper()
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(side, "trim")
    characters = node.args.get("expression")
    text = cast_as(node.this, "VARCHAR")
    return invoke(name, text) if characters is None else invoke(name, text, characters)


def _octets(node: Any) -> Any:
    """DuckDB's takes no text; hexadecimal digits it makes of both."""
    return exp.IntDiv(this=invoke("length", invoke("hex", node.this)), expression=number("2"))


def _distance(node: Any) -> Any:
    for side in ("this", "expression"):
        node.set(side, invoke("_es_ascii", node.args[side]))
    return node


def _pad(node: Any) -> Any:
    """With nothing to pad with it only cuts."""
    pad = node.args.get("fill_pattern")
    if isinstance(pad, exp.Literal) and pad.is_string and not pad.name:
        return invoke("left", cast_as(node.this, "VARCHAR"), node.expression)
    node.set("expression", invoke("_es_int", node.expression))
    return node


NODES: dict[type[Any], Callable[[Any], Any]] = {
    exp.Trim: _trim,
    exp.ByteLength: _octets,
    exp.BitLength: lambda node: exp.Mul(this=number("8"), expression=exp.Paren(this=_octets(node))),
    exp.Chr: lambda node: invoke("chr", *(invoke("_es_int", one) for one in node.expressions)),
    exp.Levenshtein: _distance,
    exp.JarowinklerSimilarity: _distance,
    exp.Pad: _pad,
    exp.Unhex: lambda node: invoke("_es_unhex", node.this),
    exp.HexDecodeString: lambda node: invoke("decode", invoke("_es_unhex", node.this)),
    exp.Base64Encode: lambda node: invoke("to_base64", invoke("_es_bytes", node.this)),
}
