"""Functions of texts and bytes that DuckDB answers otherwise."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

from sqlglot import exp

from embedded_snowflake.errors import UNSUPPORTED
from embedded_snowflake.sql.building import cast_as, invoke, number

_CODES = "translate(upper({}), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', '01230120022455012623010202')"


def _soundex(first: str) -> str:
    """The code of a word: equal neighbours once, the first letter's among them or not."""
    made = _CODES.format(f"concat({first}, regexp_replace(substr(x, 2), '[HWhw]', '', 'g'))")
    for digit in "123456":
        made = f"regexp_replace({made}, '{digit}+', '{digit}', 'g')"
    rest = made if first == "''" else f"substr({made}, 2)"
    return (
        "CASE WHEN _es_fails(NOT regexp_full_match(x, '[A-Z][A-Za-z]*'), "
        f"'{UNSUPPORTED}SOUNDEX of anything but a word of Latin letters, the first a capital') "
        f"OR x IS NULL THEN NULL ELSE left(x, 1) || rpad(left(replace({rest}, '0', ''), 3), 3, '0') END"
    )


MACROS = {
    "_es_bytes(x)": (
        "CASE typeof(x) WHEN 'BLOB' THEN TRY_CAST(x AS BLOB) ELSE encode(CAST(x AS VARCHAR)) END"
    ),
    "_es_soundex(x)": _soundex("left(x, 1)"),
    "_es_soundex_p123(x)": _soundex("''"),
    "_es_sha2(x, bits)": (
        "CASE WHEN bits = 256 THEN sha256(_es_bytes(x)) ELSE _es_sha(_es_bytes(x), bits) END"
    ),
    **{
        f"_es_md5_{side}(x)": f"CAST(CAST('0x' || {side}(md5(_es_bytes(x)), 16) AS UBIGINT) AS HUGEINT)"
        for side in ("left", "right")
    },
    # An alphabet's letters stand in the place of some; these are none then.
    "_es_try_base64(x, letters)": (
        "CASE WHEN len(list_filter(string_split(left('+/=', length(letters)), ''), "
        "lambda one: contains(x, one) AND NOT contains(letters, one))) = 0 "
        "THEN try(from_base64(translate(x, letters, '+/='))) END"
    ),
    "_es_padded(x, other, side)": (
        "CASE WHEN octet_length(x) >= octet_length(other) THEN x WHEN _es_fails("
        "octet_length(x) < octet_length(other) AND upper(side) NOT IN ('LEFT', 'RIGHT'), 'The lengths of two variable-sized fields do not match') THEN NULL "
        "WHEN upper(side) = 'LEFT' THEN repeat('\\x00'::BLOB, octet_length(other) - octet_length(x)) || x "
        "ELSE x || repeat('\\x00'::BLOB, octet_length(other) - octet_length(x)) END"
    ),
    **{
        f"_es_{name}_bytes(x, y, side)": (
            f"CAST({before}(CAST(_es_padded(x, y, side) AS BIT){between}"
            "CAST(_es_padded(y, x, side) AS BIT)) AS BLOB)"
        )
        for name, before, between in (
            *(("bitand", "", " & "), ("bitor", "", " | "), ("bitxor", "xor", ", ")),
        )
    },
    # DuckDB measures distances in bytes: each character becomes one, the same in both texts.
    "_es_in_bytes(x, y, of)": (
        "CASE WHEN of = '' OR strlen(concat(x, y)) = length(concat(x, y)) THEN of "
        "WHEN _es_fails(len(list_distinct(string_split(concat(x, y), ''))) > 127, "
        f"'{UNSUPPORTED}a distance of texts of more than 127 characters beyond ASCII') THEN NULL "
        "ELSE array_to_string(list_transform(string_split(of, ''), lambda one: "
        "chr(CAST(list_position(list_distinct(string_split(concat(x, y), '')), one) AS INTEGER))), '') END"
    ),
    "_es_upper(x)": "upper(replace(x, 'ß', 'SS'))",
    # DuckDB begins with the first character where there are fewer.
    "_es_from_end(x, start, made)": "CASE WHEN -start > length(x) THEN '' ELSE made END",
    "_es_translate(x, these, others)": (
        "CASE WHEN _es_fails(length(others) > length(these), "
        "concat('String ''', others, ''' is too long and would be truncated')) THEN NULL "
        "ELSE translate(x, these, others) END"
    ),
    # The empty text is at the beginning, wherever the search begins.
    "_es_place(x, found)": "CASE WHEN x = '' AND found IS NOT NULL THEN 1 ELSE found END",
    "_es_similarity(x, y)": "CAST(floor(jaro_winkler_similarity(x, y) * 100) AS BIGINT)",
    "_es_insert(x, place, count, y)": (
        "CASE WHEN _es_fails(place < 1 OR count < 0 OR place + count > length(x) + 1, "
        "'Invalid position or length of INSERT') THEN NULL "
        "ELSE left(x, _es_int(place) - 1) || y || substr(x, _es_int(place + count)) END"
    ),
}


def _sha(content: bytes, bits: int) -> str:
    if bits not in {224, 384, 512}:
        message = f"{UNSUPPORTED}SHA2 of {bits} bits"
        raise ValueError(message)
    return hashlib.new(f"sha{bits}", content).hexdigest()


_URL = re.compile(
    r"([A-Za-z][A-Za-z0-9+.-]*):(?://([^/?#\s]+?)(?::(\d+))?/)?([^?#\s]*)(?:\?([^#\s]+))?(?:#(\S*))?"
)


def _url(text: str, permissive: int) -> str:
    """A URL's parts, of the forms whose parts the documentation shows."""
    if re.match(r"[^/?#]*:", text) is None:
        if permissive == 1:
            return '{"error":"scheme not specified"}'
        message = "Error parsing URL: scheme not specified"
        raise ValueError(message)
    found = _URL.fullmatch(text)
    pairs = found[5].split("&") if found and found[5] else []
    parameters = dict(one.split("=", 1) for one in pairs if "=" in one)
    plain = len(parameters) == len(pairs) and not set("%+") & set("".join(pairs))
    if found is None or not plain or (found[2] is None and found[1] != "mailto"):
        message = (
            f"{UNSUPPORTED}PARSE_URL of '{text}', of whose form the documentation has no example"
        )
        raise ValueError(message)
    made = {
        **dict(
            zip(
                ("scheme", "host", "port", "path", "query", "fragment"), found.groups(), strict=True
            )
        ),
        "parameters": parameters or None,
    }
    # As `canonical_json` would write it.
    return json.dumps(made, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def install(duck: Any) -> None:
    """Let DuckDB call what it has not: its own SHA-2 is of 256 bits alone."""
    duck.create_function("_es_sha", _sha, ["BLOB", "BIGINT"], "VARCHAR")
    duck.create_function("_es_url", _url, ["VARCHAR", "BIGINT"], "VARCHAR")


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
    sides = [cast_as(node.args[one], "VARCHAR") for one in ("this", "expression")]
    if isinstance(node, exp.JarowinklerSimilarity):
        sides = [invoke("upper", one) for one in sides]
    made = [invoke("_es_in_bytes", *(one.copy() for one in (*sides, side))) for side in sides]
    if isinstance(node, exp.JarowinklerSimilarity):
        return invoke("_es_similarity", *made)
    node.set("this", made[0])
    node.set("expression", made[1])
    if (most := node.args.get("max_dist")) is not None:
        below = exp.If(this=exp.LT(this=most.copy(), expression=number("0")), true=number("0"))
        node.set("max_dist", exp.Case(ifs=[below], default=most.copy()))
    return node


def _sha2(node: Any) -> Any:
    return invoke("_es_sha2", node.this, node.args.get("length") or number("256"))


def _tried_base64(node: Any) -> Any:
    letters = node.args.get("alphabet") or exp.Literal.string("+/=")
    made = invoke("_es_try_base64", cast_as(node.this, "VARCHAR"), letters)
    text = isinstance(node, exp.TryBase64DecodeString)
    return invoke("try", invoke("decode", made)) if text else made


def _base64(node: Any) -> Any:
    """Of texts and bytes; the alphabet and the lines are sqlglot's."""
    node.set("this", invoke("_es_bytes", node.this))
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
    exp.Soundex: lambda node: invoke("_es_soundex", cast_as(node.this, "VARCHAR")),
    exp.SoundexP123: lambda node: invoke("_es_soundex_p123", cast_as(node.this, "VARCHAR")),
    exp.SHA2: _sha2,
    exp.ParseUrl: lambda node: cast_as(
        invoke(
            "_es_url",
            cast_as(node.this, "VARCHAR"),
            cast_as(node.args.get("permissive") or number("0"), "BIGINT"),
        ),
        "JSON",
    ),
    exp.SHA2Digest: lambda node: invoke("unhex", _sha2(node)),
    exp.MD5NumberLower64: lambda node: invoke("_es_md5_right", node.this),
    exp.MD5NumberUpper64: lambda node: invoke("_es_md5_left", node.this),
    exp.TryHexDecodeBinary: lambda node: invoke("_es_try_unhex", cast_as(node.this, "VARCHAR")),
    exp.TryHexDecodeString: lambda node: invoke(
        "try", invoke("decode", invoke("_es_try_unhex", cast_as(node.this, "VARCHAR")))
    ),
    **dict.fromkeys((exp.TryBase64DecodeBinary, exp.TryBase64DecodeString), _tried_base64),
    exp.Levenshtein: _distance,
    exp.JarowinklerSimilarity: _distance,
    exp.Pad: _pad,
    exp.Substring: lambda node: (
        node
        if isinstance(node.args["start"], exp.Literal)
        else invoke("_es_from_end", node.this.copy(), node.args["start"].copy(), node.copy())
    ),
    exp.Stuff: lambda node: invoke(
        "_es_insert", node.this, node.args["start"], node.args["length"], node.expression
    ),
    exp.Translate: lambda node: invoke("_es_translate", *node.iter_expressions()),
    exp.Upper: lambda node: invoke("_es_upper", node.this),
    exp.Unhex: lambda node: invoke("_es_unhex", node.this),
    exp.HexDecodeString: lambda node: invoke("decode", invoke("_es_unhex", node.this)),
    exp.Base64Encode: _base64,
    exp.StrPosition: lambda node: invoke("_es_place", node.args["substr"].copy(), node.copy()),
}
