"""Who answers a statement: what a kind of object registers, and how it is found.

A kind of object registers its statements with `handles`, scalar functions with `scalar`, table
functions with `table_function`, views of the information schema with `information_schema_view`,
rewrites of whole queries with `rewrites`, what it keeps of tables with `follows`, and what ends with
a session with `ends_with_session`. What an object does stands in `objects/`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from embedded_snowflake import errors
from embedded_snowflake.names import QualifiedName
from embedded_snowflake.sql.reading import Reader, tokens_of, words_of
from embedded_snowflake.sql.results import Result

if TYPE_CHECKING:
    from embedded_snowflake.sessions.session import Session


class NotMine(Exception):  # noqa: N818  (a signal between handlers, not an error)
    """Raised by a handler whose words fit but whose statement is another's."""


@dataclass(frozen=True)
class Written:
    """A table or view that a statement wrote.

    Attributes:
        name: its name.
        expression: the statement's tree.
        finer: of what is made by a query, the types of its columns that DuckDB's do not say.
        own: whether it is the session's own, a temporary table.
    """

    name: QualifiedName
    expression: Any
    finer: Sequence[str | None]
    own: bool


Handler = Callable[["Session", "Reader"], Result]
HANDLERS: dict[str, list[tuple[tuple[str, ...], Handler]]] = {}
"""By the first word: the words that follow and their handler, the most words first."""
Scalar = Callable[..., str | int | None]
SCALARS: dict[str, Scalar] = {}
TABLES: dict[str, Callable[..., Result]] = {}
VIEWS: dict[str, Callable[..., Result]] = {}
REWRITES: list[Callable[[Session, str], str]] = []
DEFINING = {"CREATE", "ALTER", "DROP", "COMMENT", "UNDROP", "GRANT", "REVOKE"}
"""First words of definitions: each is a transaction of its own, and has its object for itself."""
FOLLOWERS: list[Callable[[Session, Written], None]] = []
ENDINGS: list[Callable[[Session], None]] = []


def _tersely(handler: Handler) -> Handler:
    return lambda session, reader: handler(session, reader).terse()


def handles(*words: str) -> Callable[[Handler], Handler]:
    """Register a handler for the statements that begin with these words.

    OR REPLACE, TEMPORARY, TRANSIENT, SECURE and IF [NOT] EXISTS are read before the handler runs
    and stand as flags on the reader.
    """

    def register(handler: Handler) -> Handler:
        first, *others = words_of(words)
        found = HANDLERS.setdefault(first, [])
        terse = "TERSE" in words and "KEYS" not in words
        found.append((tuple(others), _tersely(handler) if terse else handler))
        found.sort(key=lambda one: -len(one[0]))
        return handler

    return register


def scalar(name: str) -> Callable[[Scalar], Scalar]:
    """Register a function of literals whose answer replaces the call in any query."""

    def register(function: Scalar) -> Scalar:
        SCALARS[name] = function
        return function

    return register


def table_function(name: str) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Register a function for ``TABLE([db.]INFORMATION_SCHEMA.NAME(..))`` or ``TABLE(NAME(..))``."""

    def register(function: Callable[..., Result]) -> Callable[..., Result]:
        TABLES[name] = function
        return function

    return register


def information_schema_view(name: str) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Register a view of the information schema."""

    def register(function: Callable[..., Result]) -> Callable[..., Result]:
        VIEWS[name] = function
        return function

    return register


def rewrites(function: Callable[[Session, str], str]) -> Callable[[Session, str], str]:
    """Register a rewrite of a query's text that happens before it is parsed."""
    REWRITES.append(function)
    return function


def follows(function: Callable[[Session, Written], None]) -> Callable[[Session, Written], None]:
    """Register what is done beside a statement, in its transaction, with what is kept of a table."""
    FOLLOWERS.append(function)
    return function


def ends_with_session(function: Callable[[Session], None]) -> Callable[[Session], None]:
    """Register what is done when a session ends, with what was its own."""
    ENDINGS.append(function)
    return function


_MODIFIERS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("OR", "REPLACE"), "or_replace"),
    (("SCOPED",), ""),
    (("LOCAL",), ""),
    (("GLOBAL",), ""),
    (("VOLATILE",), "temporary"),
    (("TEMPORARY",), "temporary"),
    (("TEMP",), "temporary"),
    (("TRANSIENT",), "transient"),
    (("SECURE",), "secure"),
)


def route(sql: str, session: Session) -> Result | None:
    """Give the statement to the handler whose words it begins with; None where there is none."""
    tokens = tokens_of(sql)
    first = Reader(sql, session, tokens).word()
    for words, handler in HANDLERS.get(first, ()):
        reader = Reader(sql, session, tokens)
        reader.expect(first)
        if first == "CREATE":
            _read_modifiers(reader)
        if words and not reader.accept(*words):
            continue
        if reader.accept("IF", "NOT", "EXISTS"):
            reader.if_not_exists = True
        elif reader.accept("IF", "EXISTS"):
            reader.if_exists = True
        if reader.or_replace and reader.if_not_exists:
            raise errors.incompatible()
        try:
            if first not in {"COMMIT", "ROLLBACK"}:
                session.renew_view()
            if first not in DEFINING:
                return handler(session, reader)
            name = _defined(session, reader, words)
            if first == "CREATE":
                session.check_home(name)
            with session.engine.defining(session, name):
                answer = handler(session, reader)
                if not (reader.if_exists or reader.if_not_exists):
                    # Where there is nothing to do the rest may be left unread.
                    reader.end()
                return answer
        except NotMine:
            continue
    return None


_LEVELS = {"DATABASE": 1, "WAREHOUSE": 1, "ROLE": 1, "SCHEMA": 2}


def _defined(session: Session, reader: Reader, words: tuple[str, ...]) -> tuple[str | None, ...]:
    """The whole name of what a statement defines, of whatever kind; of none what stands there."""
    ahead = Reader(reader.sql, session, reader.tokens)
    ahead.place = reader.place
    try:
        parts = ahead.parts()
    except errors.SnowflakeError:
        return words
    levels = _LEVELS.get(words[0] if words else "", 3)
    return (*(session.database, session.schema)[: max(levels - len(parts), 0)], *parts)


def _read_modifiers(reader: Reader) -> None:
    if reader.at("OR", "ALTER"):
        raise errors.unsupported("CREATE OR ALTER")
    found = True
    while found:
        found = False
        for words, flag in _MODIFIERS:
            if reader.accept(*words):
                found = True
                if flag:
                    setattr(reader, flag, True)
