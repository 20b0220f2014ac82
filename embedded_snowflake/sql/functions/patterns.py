"""Regular expressions: every argument of Snowflake's functions, also where it is a column.

sqlglot makes of them DuckDB's functions with options, which must be literals, and leaves some out.
Here the parameters become a group of flags around the pattern, and all is read from the list of
matches. Where a group stands in its match DuckDB does not tell: it is known where its text stands
there once.

Source: https://docs.snowflake.com/en/sql-reference/functions-regexp.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from embedded_snowflake.errors import UNSUPPORTED
from embedded_snowflake.sql.building import cast_as, invoke, number

_REST, _P = "_es_regexp_rest(x, position)", "_es_pattern(pattern, flags)"
_FOUND = (
    f"list_transform([struct_pack(of := regexp_extract_all({_REST}, {_P}), "
    f"between := string_split_regex({_REST}, {_P}))], lambda b: "
)
"""Binds what is asked for often: the matches, and what lies between.

Not the pattern: DuckDB compiles one that is a literal once, one that a lambda binds for each row.
"""
_BEFORE = (
    "CAST(list_sum(list_transform(list_concat(b.between[:n], b.of[:n - 1]), "
    "lambda one: length(one))) AS BIGINT)"
)
_EMPTY = (
    "_es_fails(list_contains(b.of[:n], ''), "
    f"'{UNSUPPORTED}the place of a regular expression that matches an empty text')"
)

MACROS = {
    # Without what has no meaning of its own: after a backslash, and between brackets.
    "_es_bare_pattern(pattern)": r"regexp_replace(pattern, '\\.|\[\^?\]?[^\]]*\]', '', 'g')",
    "_es_groups(p)": "CAST(len(string_split(_es_bare_pattern(p), '(')) - 1 AS INTEGER)",
    "_es_pattern(pattern, flags)": (
        "CASE WHEN _es_fails(NOT regexp_full_match(flags, '[cimes]*'), "
        "concat('Invalid parameters of a regular expression: ', flags)) "
        r"OR _es_fails(regexp_matches(_es_bare_pattern(pattern), '[*+?}]\?|\(\?'), "
        f"'{UNSUPPORTED}a regular expression with a non-greedy quantifier or a (? group') THEN NULL "
        "ELSE '(?' || regexp_replace(flags, '[cei]', '', 'g') || CASE WHEN "
        "regexp_matches(flags, 'i[^c]*$') THEN 'i' ELSE '' END || ':' || pattern || ')' END"
    ),
    # Of a pattern without a group the parameter e is nothing.
    "_es_pattern_group(pattern, flags, wanted)": (
        "least(coalesce(CAST(wanted AS INTEGER), CASE WHEN contains(flags, 'e') THEN 1 ELSE 0 END), "
        "_es_groups(pattern))"
    ),
    "_es_position(n, least)": (
        "CASE WHEN _es_fails(CAST(n AS BIGINT) < least, concat('Invalid position: ', n)) "
        "THEN NULL ELSE CAST(n AS BIGINT) END"
    ),
    "_es_regexp_rest(x, position)": "substr(x, _es_position(position, 1))",
    "_es_regexp_all(x, pattern, position, flags, wanted)": (
        "CASE WHEN pattern = '' THEN CASE WHEN x IS NOT NULL THEN CAST([] AS VARCHAR[]) END "
        "WHEN coalesce(CAST(wanted AS INTEGER), 0) <= _es_groups(pattern) THEN "
        "regexp_extract_all(_es_regexp_rest(x, position), _es_pattern(pattern, flags), "
        "_es_pattern_group(pattern, flags, wanted)) END"
    ),
    "_es_regexp_substr(x, pattern, position, n, flags, wanted)": (
        "CASE WHEN CAST(position AS BIGINT) <= greatest(length(x), 1) THEN "
        "_es_regexp_all(x, pattern, position, flags, wanted)[_es_position(n, 1)] END"
    ),
    "_es_regexp_substr_all(x, pattern, position, n, flags, wanted)": (
        "to_json(_es_regexp_all(x, pattern, position, flags, wanted)[_es_position(n, 1):])"
    ),
    "_es_regexp_count(x, pattern, position, flags)": (
        "len(_es_regexp_all(x, pattern, position, flags, 0))"
    ),
    "_es_regexp_place(x, pattern, position, n, ends, flags, wanted)": (
        f"{_FOUND} list_transform([struct_pack(whole := b.of[n], "
        "part := _es_regexp_all(x, pattern, position, flags, wanted)[n])], lambda c: CASE "
        f"WHEN b.of IS NULL THEN NULL WHEN pattern = '' OR len(b.of) < n THEN 0 WHEN {_EMPTY} OR "
        "_es_fails(c.part IS NULL OR contains(substr(c.whole, instr(c.whole, c.part) + 1), c.part), "
        f"'{UNSUPPORTED}where a group stands whose text is in the match several times') THEN NULL "
        f"ELSE CAST(position AS BIGINT) + {_BEFORE} + instr(c.whole, c.part) - 1 "
        "+ CASE WHEN CAST(ends AS BIGINT) = 1 THEN length(c.part) ELSE 0 END END)[1])[1]"
    ),
    "_es_regexp_instr(x, pattern, position, n, ends, flags, wanted)": (
        "_es_regexp_place(x, pattern, position, _es_position(n, 1), ends, flags, wanted)"
    ),
    "_es_regexp_replaced(x, pattern, made, position, flags, n)": (
        "CASE WHEN pattern = '' AND made IS NOT NULL THEN x WHEN n = 0 THEN left(x, CAST(position AS BIGINT) - 1) "
        f"|| regexp_replace({_REST}, {_P}, made, 'g') ELSE "
        f"{_FOUND} CASE WHEN b.of IS NULL OR made IS NULL THEN NULL "
        f"WHEN len(b.of) < n THEN x WHEN {_EMPTY} OR _es_fails(regexp_extract("
        f"substr({_REST}, {_BEFORE} + 1), {_P}) <> b.of[n], "
        f"'{UNSUPPORTED}a replacement of a match that what lies before it decides') THEN NULL "
        f"ELSE left(x, CAST(position AS BIGINT) - 1 + {_BEFORE}) "
        f"|| regexp_replace(substr({_REST}, {_BEFORE} + 1), {_P}, made) END)[1] END"
    ),
    "_es_regexp_replace(x, pattern, made, position, n, flags)": (
        "_es_regexp_replaced(x, pattern, made, position, flags, _es_position(n, 0))"
    ),
}


def _calls(name: str, **arguments: str) -> Callable[[Any], Any]:
    """What calls a macro with a function's arguments, of which those have a default that are given."""

    def made(node: Any) -> Any:
        parts: list[Any] = []
        for argument, default in arguments.items():
            part = node.args.get(argument)
            # sqlglot writes group 0 where none is asked for.
            given = part is not None and not (argument == "group" and part == number("0"))
            parts.append(part if given else exp.maybe_parse(default))
        parts[0], parts[1] = (cast_as(one, "VARCHAR") for one in parts[:2])
        return invoke(name, *parts)

    return made


_TEXT = {"this": "NULL", "expression": "NULL"}
_PLACE = {"position": "1", "occurrence": "1"}
_GROUP = {"parameters": "'c'", "group": "NULL"}


def _like(node: Any) -> Any:
    flags = node.args.get("flag") or node.args.get("options") or exp.Literal.string("c")
    pattern = invoke("_es_pattern", cast_as(node.expression, "VARCHAR"), flags)
    return invoke("regexp_full_match", cast_as(node.this, "VARCHAR"), pattern)


NODES: dict[type[Any], Callable[[Any], Any]] = {
    exp.RegexpExtract: _calls("_es_regexp_substr", **_TEXT, **_PLACE, **_GROUP),
    exp.RegexpExtractAll: _calls("_es_regexp_substr_all", **_TEXT, **_PLACE, **_GROUP),
    exp.RegexpCount: _calls("_es_regexp_count", **_TEXT, position="1", parameters="'c'"),
    exp.RegexpInstr: _calls("_es_regexp_instr", **_TEXT, **_PLACE, option="0", **_GROUP),
    exp.RegexpReplace: _calls(
        "_es_regexp_replace",
        **_TEXT,
        replacement="''",
        position="1",
        occurrence="0",
        modifiers="'c'",
    ),
    **dict.fromkeys((exp.RegexpLike, exp.RegexpFullMatch), _like),
}
