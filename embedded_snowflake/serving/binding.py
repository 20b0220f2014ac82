"""Bound values: written into the statement as literals, so that every reader sees them."""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING, Any

from fakesnow.converter import from_binding
from sqlglot.tokenizer_core import TokenType

from embedded_snowflake import errors
from embedded_snowflake.names import literal
from embedded_snowflake.objects.entries import read_names
from embedded_snowflake.objects.relations.table_facts import stored_types
from embedded_snowflake.sql import reading
from embedded_snowflake.sql.results import UTC

if TYPE_CHECKING:
    from embedded_snowflake.sessions.session import Session


_EPOCH = datetime.datetime(1970, 1, 1)  # noqa: DTZ001  (wall time of UTC, as NTZ is)


def _sql(bound: dict[str, Any], value: Any) -> str:  # noqa: PLR0911  (a type a line)
    kind = bound["type"]
    if value is None:
        return "NULL"
    if kind == "REAL":
        return f"'{value}'::FLOAT"
    if kind in {"FIXED", "BOOLEAN"}:
        return str(value)
    if kind == "TIMESTAMP_NTZ":
        return f"'{_moment(value)}'::TIMESTAMP_NTZ"
    if kind == "TIMESTAMP_TZ" and str(value).split()[1:] not in ([], [str(UTC)]):
        raise errors.unsupported(
            "a TIMESTAMP_TZ of another offset than +00:00: bind it as a TIMESTAMP_LTZ"
        )
    if kind in {"TIMESTAMP_LTZ", "TIMESTAMP_TZ"}:
        return f"'{_moment(value.split()[0])}+00:00'::{kind}"
    read = from_binding({"type": kind, "value": value})
    if kind == "TEXT":
        return literal(str(read).replace("\\", "\\\\"))
    if kind == "DATE":
        return f"'{read}'::DATE"
    if kind == "TIME":
        return f"'{read}'::TIME"
    if kind == "BINARY":
        return f"TO_BINARY('{value}', 'HEX')"
    raise errors.unsupported(f"binding a value of type {kind}")


def _moment(nanoseconds: str) -> str:
    """A moment in UTC. Exact: a FLOAT, as fakesnow has it, cannot tell 9999 from 10000."""
    seconds, rest = divmod(int(nanoseconds), 1_000_000_000)
    moment = _EPOCH + datetime.timedelta(seconds=seconds, microseconds=rest // 1000)
    return moment.isoformat(sep=" ")


_ASKING = (TokenType.PLACEHOLDER, TokenType.QDCOLON)
_PATHS = (TokenType.VAR, TokenType.IDENTIFIER, TokenType.STRING, TokenType.R_BRACKET)
"""What stands before the colon of a path, or of an object's key."""


def _places(sql: str) -> list[tuple[int, int, str]]:
    """Where values go: start, end (inclusive), and the number, by position or ``:1``."""
    tokens = reading.tokens_of(sql)
    found: list[tuple[int, int, str]] = []
    for place, token in enumerate(tokens):
        if token.text in ("?", "?::") and token.token_type in _ASKING:
            # The tokenizer takes the question mark and a cast for one.
            found.append((token.start, token.start, str(len(found) + 1)))
        elif token.token_type is TokenType.COLON and place + 1 < len(tokens):
            number, before = tokens[place + 1], tokens[place - 1].token_type
            if number.start == token.end + 1 and number.text.isdigit() and before not in _PATHS:
                found.append((token.start, number.end, number.text))
    return found


def count(sql: str) -> int:
    """How many values the statement asks for."""
    return len({number for _, _, number in _places(sql)})


def nulled(sql: str) -> str:
    """The statement with NULL for every value: who describes it before binding sent none."""
    return _filled(sql, lambda _: "NULL") if count(sql) else sql


def _filled(sql: str, value_of: Any) -> str:
    pieces: list[str] = []
    done = 0
    for start, end, number in _places(sql):
        pieces += [sql[done:start], value_of(number)]
        done = end + 1
    return "".join(pieces) + sql[done:]


_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_SENT_AS_TEXT = {
    "TIMESTAMP": ("TIMESTAMP_NTZ", _NUMBER),
    "DATE": ("DATE", _NUMBER),
    "TIME": ("TIME", _NUMBER),
    # The second number is the offset.
    "TIMESTAMP WITH TIME ZONE": ("TIMESTAMP_TZ", re.compile(r"-?\d+( \d+)?")),
    "BLOB": ("BINARY", re.compile(r"([0-9a-fA-F]{2})*")),
}
"""By DuckDB's type of a column: what a text stands for, and the form that it has then."""


def _as_stored(session: Session, sql: str, bindings: dict[str, Any]) -> dict[str, str]:
    """Values for columns of times or bytes that the client sent as texts.

    It does so for a column of many rows in which some are missing, and leaves it to the server to
    see what the column holds.

    Returns:
        The type of those values, by their number.
    """
    kinds = [one["type"] for one in bindings.values()]
    reader = reading.Reader(sql, session)
    if "TEXT" not in kinds or not reader.accept("INSERT", "INTO"):
        return {}
    name = reader.name()
    if reader.at("(", "SELECT") or reader.at("(", "WITH"):
        return {}
    columns = read_names(reader)
    if not reader.accept("VALUES", "(") or session.relation_kind(name) is None:
        return {}
    types = stored_types(session, name)
    found: dict[str, str] = {}
    for place, column in enumerate(columns or list(types)):
        if place and not reader.accept(","):
            break
        if not reader.accept("?"):
            break
        bound = bindings.get(str(place + 1))
        kind, form = _SENT_AS_TEXT.get(types.get(column, ""), (None, _NUMBER))
        if bound is None or kind is None or bound["type"] != "TEXT":
            continue
        values = bound["value"] if isinstance(bound["value"], list) else [bound["value"]]
        if all(one is None or form.fullmatch(str(one)) for one in values):
            found[str(place + 1)] = kind
    return found


def texts(session: Session, sql: str, bindings: dict[str, Any] | None) -> list[str]:
    """The statement once, or once a row where values came as arrays.

    Raises:
        SnowflakeError: 001012 where a value is missing.
    """
    session.bound = bool(bindings)
    if not bindings:
        return [sql]
    with session.lock:
        stored = _as_stored(session, sql, bindings)

    def value_of(row: int | None) -> Any:
        def one(number: str) -> str:
            if number not in bindings:
                raise errors.error(f"Bind variable ?{number} not set.", 1012, "42601")
            bound: dict[str, Any] = {
                **bindings[number],
                "type": stored.get(number, bindings[number]["type"]),
            }
            value = bound["value"] if row is None else bound["value"][row]
            return _sql(bound, value)

        return one

    arrays = [one["value"] for one in bindings.values() if isinstance(one["value"], list)]
    if not arrays:
        return [_filled(sql, value_of(None))]
    return [_filled(sql, value_of(row)) for row in range(len(arrays[0]))]
