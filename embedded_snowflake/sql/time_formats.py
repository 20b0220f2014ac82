"""Formats of dates and times: Snowflake's elements in DuckDB's words.

``TO_CHAR(x, 'YYYY-MM-DD')``, ``TO_DATE(x, 'DD/MM/YYYY')`` and their like are rewritten before the
statement is parsed, because the parser passes on what it does not know as if it were text. A
format that is not understood whole is refused by the name of its first unknown element. Formats
of numbers are refused: nothing here writes them.

Source: https://docs.snowflake.com/en/sql-reference/functions-conversion (date and time formats).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot.tokenizer_core import Token, TokenType

from embedded_snowflake import errors
from embedded_snowflake.names import literal
from embedded_snowflake.sql.reading import tokens_of

if TYPE_CHECKING:
    from embedded_snowflake.sessions.session import Session

_ELEMENTS = {
    "YYYY": "%Y",
    "YY": "%y",
    "MMMM": "%B",
    "MON": "%b",
    "MM": "%m",
    "DD": "%d",
    "DY": "%a",
    "HH24": "%H",
    # In writing alone, as Snowpark's reference has it (date_format); no page names it.
    "HH": "%H",
    "HH12": "%I",
    "AM": "%p",
    "PM": "%p",
    "MI": "%M",
    "SS": "%S",
    "TZHTZM": "%z",
    "TZH:TZM": "%z",
}
_PATTERN = re.compile(
    r"TZH:TZM|TZHTZM|YYYY|YY|MMMM|MON|MM|DD|DY|HH24|HH12|HH|AM|PM|MI|SS|FF[0-9]?", re.IGNORECASE
)
# dbt's catalog ends its times with UTC, as letters that are no element.
_LITERAL = re.compile(r'"([^"]*)"|([-/:.,;=() _]|T(?=HH)|UTC$)', re.IGNORECASE)
_NUMERIC = re.compile(r"[09$XB.,DGSFMTE]*[09$X][09$XB.,DGSMIFMTE]*", re.IGNORECASE)
_WRITING = {"TO_CHAR", "TO_VARCHAR"}
_STRICT = {
    "TO_DATE": "DATE",
    "DATE": "DATE",
    "TO_TIME": "TIME",
    "TIME": "TIME",
    "TO_TIMESTAMP": "TIMESTAMP_NTZ",
    "TO_TIMESTAMP_NTZ": "TIMESTAMP_NTZ",
    "TO_TIMESTAMP_LTZ": "TIMESTAMP_LTZ",
    "TO_TIMESTAMP_TZ": "TIMESTAMP_TZ",
}
_READING = _STRICT | {
    f"TRY_{name}": kind for name, kind in _STRICT.items() if name.startswith("TO_")
}

MACROS = {
    "_es_time_fraction(value, digits)": """substr(strftime(CAST(value AS TIMESTAMP), '%f') || '000', 1, digits)""",
    "_es_time_read(value, format, other)": "strptime(CAST(value AS VARCHAR), [format, other])",
    "_es_time_tried(value, format, other)": "try_strptime(CAST(value AS VARCHAR), [format, other])",
    # Snowflake's centuries of two digits begin at 1970, DuckDB's at 1969.
    **{
        f"_es_time_{way}_yy(value, format, other)": (
            f"_es_time_{way}(value, format, other) + CASE year(_es_time_{way}(value, format, other)) "
            "WHEN 1969 THEN INTERVAL 100 YEAR ELSE INTERVAL 0 YEAR END"
        )
        for way in ("read", "tried")
    },
}
TYPED = {
    "_es_time_text": """(value TIME, format) AS strftime(DATE '1970-01-01' + value, format),
        (value, format) AS strftime(CAST(value AS TIMESTAMP), format)""",
}


def elements(text: str) -> list[tuple[str, str]]:
    """A format's parts in their order: ("text", what stands there) or ("element", its name).

    Raises:
        SnowflakeError: a part is no element of dates and times that is known here.
    """
    if _NUMERIC.fullmatch(text):
        raise errors.unsupported(f"a number's format '{text}'")
    found: list[tuple[str, str]] = []
    place = 0
    while place < len(text):
        if match := _PATTERN.match(text, place):
            found.append(("element", match.group().upper()))
        elif match := _LITERAL.match(text, place):
            quoted = match.group(1)
            found.append(("text", match.group() if quoted is None else quoted))
        else:
            unknown = re.match(r"[A-Za-z]+|.", text[place:], re.DOTALL)
            raise errors.unsupported(
                f"the element '{unknown.group() if unknown else text}' in the format '{text}'"
            )
        place = match.end()
    names = {part for kind, part in found if kind == "element"}
    if names & {"HH", "HH24"} and names & {"AM", "PM"}:
        raise errors.unsupported(f"the hour of 24 beside AM or PM in the format '{text}'")
    if any("%" in part for kind, part in found if kind == "text"):
        raise errors.unsupported(f"a per cent sign in the format '{text}'")
    return found


def writing(value: str, text: str) -> str:
    """SQL that writes a date or time in a format."""
    pieces: list[str] = []
    pattern = ""
    parts = elements(text)
    for kind, part in parts:
        if kind == "element" and part.startswith("FF"):
            if pattern:
                pieces.append(f"_es_time_text({value}, {literal(pattern)})")
            pattern = ""
            digits = int(part[2:] or 9)
            pieces.append(f"_es_time_fraction({value}, {digits})")
        elif part == "TZH:TZM":
            pattern += "+00:00"
        elif part == "TZHTZM":
            pattern += "+0000"
        else:
            pattern += part if kind == "text" else _ELEMENTS[part]
    if pattern:
        pieces.append(f"_es_time_text({value}, {literal(pattern)})")
    return f"({' || '.join(pieces)})" if pieces else "''"


def reading(value: str, text: str, kind: str, *, tried: bool) -> str:
    """SQL that reads a date or time in a format.

    Raises:
        SnowflakeError: the format has no year, so that the day would be another than Snowflake's.
    """
    parts = elements(text)
    names = {part for what, part in parts if what == "element"}
    if kind != "TIME" and not names & {"YYYY", "YY"}:
        raise errors.unsupported(f"a format without a year ('{text}') where a day is read")
    if "HH" in names:
        raise errors.unsupported(f"the element 'HH' in the format '{text}' where a time is read")
    pattern = "".join(
        part if what == "text" else "%n" if part.startswith("FF") else _ELEMENTS[part]
        for what, part in parts
    )
    if kind == "TIMESTAMP_TZ" and names & {"TZH:TZM", "TZHTZM"}:
        if not parts[-1][1].startswith("TZH"):
            raise errors.unsupported(f"an offset inside of a TIMESTAMP_TZ ('{text}')")
        value = f"_es_offset_seen({value})"
    elif kind != "TIMESTAMP_LTZ" and names & {"TZH:TZM", "TZHTZM"}:
        # DuckDB would move it to UTC; without a zone it is the time of the clock on the wall.
        raise errors.unsupported(f"a format with an offset ('{text}') for a {kind}")
    function = "_es_time_tried" if tried else "_es_time_read"
    if "YY" in names:
        function += "_yy"
    # A month's name is read in full and in short, whichever the format says.
    ways = (pattern.replace("%B", "%b"), pattern.replace("%b", "%B"))
    return f"{function}({value}, {', '.join(map(literal, ways))})::{kind}"


def rewritten(_: Session, sql: str) -> str:
    """Replace the calls that carry a format as a text; inner ones first."""
    while True:
        tokens = tokens_of(sql)
        found = _innermost(tokens)
        if found is None:
            return sql
        place, comma, closing = found
        name = tokens[place].text.upper()
        value = sql[tokens[place + 2].start : tokens[comma].start].strip()
        text = "".join(one.text for one in tokens[comma + 1 : closing : 2])
        if name in _WRITING:
            made = writing(value, text)
        elif text.upper() == "AUTO":
            made = f"{name}({value})"
        else:
            made = reading(value, text, _READING[name], tried=name.startswith("TRY_"))
        sql = sql[: tokens[place].start] + made + sql[tokens[closing].end + 1 :]


def _innermost(tokens: Sequence[Token]) -> tuple[int, int, int] | None:
    """The last call with a format: its place, its comma and its closing parenthesis."""
    for place in range(len(tokens) - 4, -1, -1):
        name = tokens[place].text.upper()
        if tokens[place].token_type in (TokenType.STRING, TokenType.IDENTIFIER):
            continue
        if name not in _WRITING and name not in _READING:
            continue
        if tokens[place + 1].token_type is not TokenType.L_PAREN:
            continue
        if place and tokens[place - 1].token_type is TokenType.DOT:
            continue
        depth = 0
        comma: int | None = None
        for at in range(place + 1, len(tokens)):
            kind = tokens[at].token_type
            depth += (kind is TokenType.L_PAREN) - (kind is TokenType.R_PAREN)
            if depth == 1 and kind is TokenType.COMMA:
                comma = at
            if depth == 0:
                if comma is not None and _are_texts(tokens[comma + 1 : at]):
                    return place, comma, at
                break
    return None


_TEXTS = (TokenType.STRING, TokenType.RAW_STRING, TokenType.HEREDOC_STRING)


def _are_texts(tokens: Sequence[Token]) -> bool:
    """Whether it is a text, or several with ``||`` between."""
    return (
        len(tokens) % 2 == 1
        and all(one.token_type in _TEXTS for one in tokens[::2])
        and all(one.token_type is TokenType.DPIPE for one in tokens[1::2])
    )
