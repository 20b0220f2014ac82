"""One text for one VARIANT: the keys of its objects in order, its texts without escapes.

Snowflake's objects have no order of their keys and show them sorted; DuckDB's JSON is its text, so
that two of another order would differ in `=`, DISTINCT, GROUP BY, joins and HASH. Whatever makes an
object puts its keys in order here; to clients it is sent on lines of its own, as Snowflake's are.

Source: https://docs.snowflake.com/en/sql-reference/data-types-semistructured (OBJECT),
https://docs.snowflake.com/en/sql-reference/functions/object_construct (how one is shown).
"""

from __future__ import annotations

import json
import re
from json.encoder import encode_basestring
from typing import Any

from embedded_snowflake.errors import UNSUPPORTED
from embedded_snowflake.names import quoted

DIGITS = 17
"""How many digits of a number DuckDB keeps at least: it reads what is no integer as a FLOAT."""


class _Number(str):
    """A number's text."""

    __slots__ = ()


def _number(text: str) -> _Number:
    whole, _, fraction = text.partition(".")
    if fraction and not fraction.strip("0") and whole != "-0":
        # To Snowflake it is an integer.
        return _Number(whole)
    digits = text.lower().partition("e")[0].replace(".", "").strip("-0")
    if len(digits) > DIGITS and not text.lstrip("-").isdigit():
        message = f"{UNSUPPORTED}a number of more than {DIGITS} digits in a VARIANT, {text}: keep it as a text"
        raise ValueError(message)
    return _Number(text)


class _DuplicateKeyError(ValueError):
    """An object has a key twice, which is no JSON to Snowflake."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            message = f'duplicate object attribute "{key}"'
            raise _DuplicateKeyError(message)
        found[key] = value
    return found


_READER = json.JSONDecoder(parse_float=_Number, parse_int=_Number)
_DECODER = json.JSONDecoder(parse_float=_number, parse_int=_number, object_pairs_hook=_object)


def _written(value: Any, line: str = "", step: str = "") -> str:
    """A value's JSON: on one line with its keys in order, or each value on a line of its own."""
    if not isinstance(value, (dict, list)):
        return value if isinstance(value, _Number) else json.dumps(value, ensure_ascii=False)
    inner = f"{line}{step}"
    if isinstance(value, list):
        opening, closing, parts = "[", "]", [_written(one, inner, step) for one in value]
    else:
        opening, closing, colon = "{", "}", ": " if step else ":"
        parts = [
            f"{encode_basestring(key)}{colon}{_written(value[key], inner, step)}"
            for key in (value if step else sorted(value))
        ]
    if not parts:
        return opening + closing
    return f"{opening}{inner}{f',{inner}'.join(parts)}{line}{closing}"


def shown(text: str) -> str:
    """A VARIANT's text as clients get it: two blanks a level, a line for every value."""
    if text[:1] not in {"{", "["}:
        return text
    try:
        return _written(_READER.decode(text), "\n", "  ")
    except RecursionError:
        return text


def ordered(text: str) -> str:
    """A JSON text with the keys of every object in order and without blanks.

    Raises:
        ValueError: an object has a key twice, which Snowflake's PARSE_JSON refuses as well
            (https://docs.snowflake.com/en/sql-reference/functions/parse_json); or a number has
            more digits than DuckDB keeps of one in a JSON, or one stands in the other too often.
    """
    try:
        return _written(_DECODER.decode(text))
    except RecursionError:
        message = f"{UNSUPPORTED}such a depth of a VARIANT"
        raise ValueError(message) from None


def ordered_or_null(text: str | None) -> str | None:
    """As `ordered`; None of None, and where a key comes twice, as TRY_PARSE_JSON answers.

    Raises:
        ValueError: of what could be read on Snowflake.
    """
    try:
        return None if text is None else ordered(text)
    except _DuplicateKeyError:
        return None


_LENIENT = re.compile(
    r"""("(?:\\.|[^"\\])*")|'((?:\\.|[^'\\])*)'|\b(true|false|null)\b|,(?=\s*])""",
    re.DOTALL | re.IGNORECASE,
)


def strict(text: str) -> str | None:
    """The JSON that Snowflake reads in a text that is none, or None.

    It takes texts in single quotes (Snowpark's reference, check_json), and a comma behind an
    array's last element (https://docs.snowflake.com/en/sql-reference/functions/parse_json), where
    it sees one more, undefined; TRUE, FALSE and NULL in capitals as well (try_parse_json, there).
    """

    def written(found: re.Match[str]) -> str:
        if found[1] is not None:
            return found[1]
        if found[2] is None:
            return (found[3] or ",null").lower()
        inner = found[2].replace("\\'", "'")
        return '"' + re.sub(r'(\\.)|"', lambda one: one[1] or '\\"', inner) + '"'

    made = _LENIENT.sub(written, text)
    try:
        json.loads(made)
    except (ValueError, RecursionError):
        return None
    return made


_PLAIN_KEY = re.compile("[A-Za-z_][A-Za-z0-9_]*")
_ELEMENT = "STRUCT(k VARCHAR, i BIGINT, path VARCHAR, v JSON, this JSON)"


def elements(text: str | None, prefix: str, mode: str, deep: bool) -> list[dict[str, Any]]:  # noqa: FBT001
    """FLATTEN's rows of a value: its elements, and where told each one's own behind it.

    Source: https://docs.snowflake.com/en/sql-reference/functions/flatten.
    """
    rows: list[dict[str, Any]] = []

    def read(value: Any, path: str) -> None:
        kind = "OBJECT" if isinstance(value, dict) else "ARRAY"
        if not isinstance(value, (dict, list)) or mode not in {"BOTH", kind}:
            return
        this = _written(value)
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            name, at = (key, None) if isinstance(key, str) else (None, key)
            inner = f"{path}[{key}]" if name is None else f"{path}['{key}']"
            if name is not None and _PLAIN_KEY.fullmatch(name):
                inner = f"{path}.{name}" if path else name
            row = {"k": name, "i": at, "path": inner, "v": _written(part), "this": this}
            rows.append(row)
            if deep:
                read(part, inner)

    if text is not None:
        read(_READER.decode(text), prefix)
    return rows


def install(duck: Any) -> None:
    """Let DuckDB call it, as `_es_reordered`, and as `_es_try_reordered`, which may answer NULL."""
    duck.create_function("_es_strict", strict, ["VARCHAR"], "VARCHAR", null_handling="special")
    duck.create_function(
        "_es_all_elements",
        elements,
        ["VARCHAR", "VARCHAR", "VARCHAR", "BOOLEAN"],
        f"{_ELEMENT}[]",
        null_handling="special",
    )
    duck.create_function("_es_reordered", ordered, ["VARCHAR"], "VARCHAR")
    duck.create_function(
        "_es_try_reordered", ordered_or_null, ["VARCHAR"], "VARCHAR", null_handling="special"
    )


def upgrade(duck: Any, database: str) -> None:
    """Put the keys of the objects in order that an older version stored as they came; once."""
    marks = f"{quoted(database)}._fs_information_schema.objects"
    mark = "kind = 'upgrade' AND name = 'canonical_json'"
    if duck.execute(f"SELECT 1 FROM {marks} WHERE {mark}").fetchall():
        return
    columns = duck.execute(
        "SELECT schema_name, table_name, column_name FROM duckdb_columns() SEMI JOIN "
        "duckdb_tables() USING (database_name, schema_name, table_name) "
        "WHERE database_name = ? AND data_type = 'JSON'",
        [database],
    ).fetchall()
    duck.execute("BEGIN TRANSACTION")
    for schema, table, name in columns:
        column = quoted(name)
        duck.execute(
            f"UPDATE {quoted(database)}.{quoted(schema)}.{quoted(table)} "
            f"SET {column} = coalesce(_es_try_parsed({column}), {column}) "
            f"WHERE contains(CAST({column} AS VARCHAR), '{{')"
        )
    duck.execute(f"INSERT INTO {marks} VALUES ('upgrade', '', 'canonical_json', '{{}}', now())")
    duck.execute("COMMIT")


# Python is asked only where it is needed: not for values without objects, nor for an object of
# single values whose keys are in order already. The list's one element is written out once, a
# macro's argument wherever it is named.
_PLAIN = f"""NOT contains(t, '\\') AND NOT regexp_matches(t, '[0-9.]{{{DIGITS}}}')
    AND NOT regexp_matches(t, '[.]0+([^0-9]|$)') AND (
    NOT contains(t, '{{') OR (json_type(t) = 'OBJECT' AND NOT contains(substr(trim(t), 2), '{{')
        AND list_sort(list_distinct(json_keys(t))) = json_keys(t)))"""


def _macro(malformed: str, function: str) -> str:
    return rf"""list_transform(list_transform([CAST(x AS VARCHAR)], lambda t:
        CASE WHEN t IS NULL OR (json_valid(t) AND NOT regexp_matches(t, ',\s*]')) THEN t
        ELSE coalesce(_es_strict(t), t) END), lambda t: CASE
        WHEN t IS NULL THEN NULL
        WHEN NOT json_valid(t) THEN {malformed}
        WHEN {_PLAIN} THEN json(t)
        ELSE json({function}(t)) END)[1]"""


MACROS = {
    "_es_parsed(x)": _macro("json(t)", "_es_reordered"),
    "_es_try_parsed(x)": _macro("NULL", "_es_try_reordered"),
    "_es_check_json(x)": """CASE WHEN x IS NULL OR trim(CAST(x AS VARCHAR), ' \t\r\n') = ''
        OR _es_try_parsed(x) IS NOT NULL THEN NULL ELSE 'Invalid JSON' END""",
}
