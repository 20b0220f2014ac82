"""Rewrites of a statement's text, where no parser knows what stands there.

Add one here when it concerns queries as such; a kind of object registers its own, its functions
and its views of the information schema (`routing.py`).
"""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sqlglot.tokenizer_core import Token, TokenType

from embedded_snowflake import errors
from embedded_snowflake.names import literal
from embedded_snowflake.sessions import routing
from embedded_snowflake.sessions.routing import NotMine
from embedded_snowflake.sql import reading, results

if TYPE_CHECKING:
    from embedded_snowflake.sessions.session import Session


def with_variables(session: Session, sql: str) -> str:
    """Write the session's variables in where they stand as ``$name``.

    Raises:
        SnowflakeError: 002211 where there is none of this name, 000002 in what asks for it later.
    """
    if "$" not in sql:
        return sql
    tokens = reading.tokens_of(sql)
    pieces: list[str] = []
    done = 0
    for one, name in itertools.pairwise(tokens):
        # A stage's @ is a token of the same type.
        if (one.token_type, one.text) != (TokenType.PARAMETER, "$"):
            continue
        if not _NAME.fullmatch(name.text):
            continue
        variable = session.variables.get(name.text.upper())
        if variable is None:
            raise errors.uncompiled(
                f"Session variable '${name.text.upper()}' does not exist", 2211, "02000"
            )
        pieces += [sql[done : one.start], variable.written]
        done = name.end + 1
    words = [token.text.upper() for token in tokens[:8]]
    if pieces and words[0] == "CREATE":
        kind = next((word for word in words[1:] if word not in _BEFORE_A_KIND), "")
        if kind in {"VIEW", "DYNAMIC", "TASK"}:
            raise errors.unsupported("a session variable in a definition that is run later")
    return "".join(pieces) + sql[done:]


_NAME = re.compile(r"[A-Za-z_]\w*")
_BEFORE_A_KIND = {"OR", "REPLACE", "SECURE", "LOCAL", "GLOBAL", "TEMP", "TEMPORARY", "TRANSIENT"}


def rewrite_text(session: Session, sql: str) -> str:
    """Replace what no parser knows: model calls, system functions, table functions."""
    for function in routing.REWRITES:
        sql = function(session, sql)
    tokens = reading.tokens_of(sql)
    pieces: list[str] = []
    done = place = 0
    while place < len(tokens):
        found = _replacement(session, tokens, place)
        if found is None:
            place += 1
            continue
        text, last = found
        pieces += [sql[done : tokens[place].start], text]
        done, place = tokens[last].end + 1, last + 1
    return "".join(pieces) + sql[done:]


def _call(name: str, function: Callable[..., Any], *positional: Any, **named: Any) -> Any:
    """What a function answers.

    Raises:
        SnowflakeError: 000938 where it takes other arguments; and what the function raises.
    """
    try:
        inspect.signature(function).bind(*positional, **named)
    except TypeError:
        raise errors.wrong_arguments(name) from None
    return function(*positional, **named)


def _replacement(session: Session, tokens: Sequence[Token], place: int) -> tuple[str, int] | None:
    token = tokens[place]
    view = _view_at(tokens, place + 2)
    if view is not None and tokens[place + 1].text == ".":
        if token.text.upper() != str(session.database).upper():
            raise errors.unsupported(f"INFORMATION_SCHEMA.{view} of another database: USE it first")
        return session.register(results.to_arrow(routing.VIEWS[view](session))), place + 4
    if token.token_type in (TokenType.STRING, TokenType.IDENTIFIER):
        return None
    word = token.text.upper()
    called = place + 1 < len(tokens) and tokens[place + 1].token_type is TokenType.L_PAREN
    if called and word in routing.SCALARS:
        last = _closing(tokens, place + 1)
        positional, _ = _arguments(tokens, place + 1, last)
        try:
            value = _call(word, routing.SCALARS[word], session, *positional)
        except NotMine:
            return None
        if value is None or isinstance(value, int):
            return ("NULL" if value is None else str(value)), last
        return literal(value.replace("\\", "\\\\")), last
    if called and word == "TABLE":
        inner = place + 2
        while inner + 1 < len(tokens) and tokens[inner + 1].token_type is TokenType.DOT:
            inner += 2
        name = tokens[inner].text.upper()
        if name in routing.TABLES:
            closing = _closing(tokens, inner + 1)
            positional, named = _arguments(tokens, inner + 1, closing)
            result = _call(name, routing.TABLES[name], session, *positional, **named)
            return session.register(results.to_arrow(result)), _closing(tokens, place + 1)
    if (view := _view_at(tokens, place)) is not None:
        return session.register(results.to_arrow(routing.VIEWS[view](session))), place + 2
    return None


def _view_at(tokens: Sequence[Token], place: int) -> str | None:
    """The view of the information schema that is named from here on, if an object answers it."""
    if place + 2 >= len(tokens) or tokens[place].text.upper() != "INFORMATION_SCHEMA":
        return None
    view = tokens[place + 2].text.upper()
    return view if tokens[place + 1].text == "." and view in routing.VIEWS else None


def _closing(tokens: Sequence[Token], opening: int) -> int:
    depth = 0
    for place in range(opening, len(tokens)):
        depth += (tokens[place].token_type is TokenType.L_PAREN) - (
            tokens[place].token_type is TokenType.R_PAREN
        )
        if depth == 0:
            return place
    raise errors.uncompiled("syntax error: missing ')'.")


def _arguments(
    tokens: Sequence[Token], opening: int, closing: int
) -> tuple[list[str], dict[str, str]]:
    positional: list[str] = []
    named: dict[str, str] = {}
    place = opening + 1
    while place < closing:
        if tokens[place].token_type is TokenType.COMMA:
            place += 1
        elif place + 1 < closing and tokens[place + 1].text == "=>":
            named[tokens[place].text.upper()] = tokens[place + 2].text
            place += 3
        else:
            positional.append(tokens[place].text)
            place += 1
    return positional, named


@routing.rewrites
def _scoped(_: Session, sql: str) -> str:
    """Snowpark's SCOPED TEMPORARY is temporary for the session."""
    tokens = reading.tokens_of(sql)[:5]
    for token in tokens:
        if token.text.upper() == "SCOPED" and tokens[0].text.upper() == "CREATE":
            return sql[: token.start] + sql[token.end + 1 :]
    return sql


@routing.rewrites
def _existing(_: Session, sql: str) -> str:
    """Snowpark's CREATE TABLE name IF NOT EXISTS: the parser knows it before the name only."""
    words: list[str] = []
    tokens = reading.tokens_of(sql)
    for token in tokens[:16]:
        if token.token_type in (TokenType.L_PAREN, TokenType.ALIAS):
            break
        words.append(token.text.upper())
    if words[:1] != ["CREATE"] or "TABLE" not in words or words[-3:] != ["IF", "NOT", "EXISTS"]:
        return sql
    name, clause, end = (
        tokens[words.index("TABLE") + 1].start,
        tokens[len(words) - 3].start,
        tokens[len(words) - 1].end + 1,
    )
    return f"{sql[:name]}IF NOT EXISTS {sql[name:clause]}{sql[end:]}"
