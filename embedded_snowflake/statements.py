"""How a statement is read and who answers it.

Statements are routed by Snowflake's tokens (sqlglot's tokenizer), never by patterns over the text.
A kind of object registers its statements with `handles`, scalar functions with `scalar`, table
functions with `table_function`, views of the information schema with `information_schema_view`,
and rewrites of whole queries with `rewrites`. What an object does stands in `objects/`.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlglot import tokenize
from sqlglot.errors import TokenError
from sqlglot.tokenizer_core import Token, TokenType

from embedded_snowflake import errors
from embedded_snowflake.names import QualifiedName

if TYPE_CHECKING:
    from embedded_snowflake.catalog import Entry
    from embedded_snowflake.session import Session

_TEXTS = (TokenType.STRING, TokenType.HEREDOC_STRING, TokenType.RAW_STRING)


@dataclass
class Result:
    """Rows with Snowflake's column types, or (`raw`) a ready answer for PUT and GET."""

    columns: list[tuple[str, str]]
    data: list[tuple[Any, ...]]
    raw: dict[str, Any] | None = None

    @classmethod
    def status(cls, text: str = "Statement executed successfully.") -> Result:
        """The one row and column that most statements answer."""
        return cls([("status", "VARCHAR")], [(text,)])

    @classmethod
    def rows(cls, columns: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> Result:
        """Rows with named columns."""
        return cls(list(columns.items()), [tuple(row) for row in rows])


class NotMine(Exception):  # noqa: N818  (a signal between handlers, not an error)
    """Raised by a handler whose words fit but whose statement is another's."""


Handler = Callable[["Session", "Reader"], Result]
HANDLERS: dict[str, list[tuple[tuple[str, ...], Handler]]] = {}
"""By the first word: the words that follow and their handler, the most words first."""
Scalar = Callable[..., str | int | None]
SCALARS: dict[str, Scalar] = {}
TABLES: dict[str, Callable[..., Result]] = {}
VIEWS: dict[str, Callable[..., Result]] = {}
REWRITES: list[Callable[[Session, str], str]] = []


def _words(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(part for word in words for part in word.split())


def handles(*words: str) -> Callable[[Handler], Handler]:
    """Register a handler for the statements that begin with these words.

    OR REPLACE, TEMPORARY, TRANSIENT, SECURE and IF [NOT] EXISTS are read before the handler runs
    and stand as flags on the reader.
    """

    def register(handler: Handler) -> Handler:
        first, *others = _words(words)
        found = HANDLERS.setdefault(first, [])
        found.append((tuple(others), handler))
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


class _Read(threading.local):
    """The text that this thread read last: a statement's way asks for its tokens many times."""

    text: str | None = None
    tokens: Sequence[Token] = ()


_read = _Read()


def tokens_of(sql: str) -> Sequence[Token]:
    """Snowflake's tokens.

    Raises:
        SnowflakeError: 001003 where the text cannot be read (an open quote, say).
    """
    if sql != _read.text:
        _read.tokens, _read.text = _tokens(sql), sql
    return _read.tokens


def forget_text() -> None:
    """Let go of the text that was read last: it may be long."""
    _read.tokens, _read.text = (), None


def _tokens(sql: str) -> Sequence[Token]:
    try:
        start = len(sql) - len(sql.lstrip())
        if sql[start : start + 8].upper().rstrip() == "EXECUTE":
            # sqlglot reads what follows this word as one text.
            tokens = tokenize(f"{sql[:start]}XEXECUT{sql[start + 7 :]}", read="snowflake")
            tokens[0].text = "EXECUTE"
            return tokens
        return tokenize(sql, read="snowflake")
    except TokenError as cause:
        raise errors.refused(f"SQL compilation error:\nsyntax error: {cause}") from None


_ADDRESS = re.compile(
    r"""(?P<kept>'(?:[^'\\]|\\.|'')*'|"[^"]*"|\$\$.*?\$\$|--[^\n]*|/\*.*?\*/)"""
    r"""|(?P<address>\bsnow://(?:"[^"]*"|[^\s()"';,])+)""",
    re.DOTALL,
)


def quote_addresses(sql: str) -> str:
    """Put ``snow://..`` in quotes where it stands without: ``//`` begins a comment otherwise.

    Texts, quoted names and comments stay as they are.
    """
    if "snow://" not in sql:
        return sql

    def quoted(found: re.Match[str]) -> str:
        address = found.group("address")
        return found.group() if address is None else f"'{address}'"

    return _ADDRESS.sub(quoted, sql)


class Reader:
    """Reads a statement word by word."""

    def __init__(self, sql: str, session: Session, tokens: Sequence[Token] | None = None) -> None:
        self.sql = sql
        self.session = session
        self.tokens = tokens_of(sql) if tokens is None else tokens
        self.place = 0
        self.or_replace = self.if_exists = self.if_not_exists = False
        self.temporary = self.secure = self.transient = False

    @property
    def text(self) -> str:
        """The statement as it was sent, without the closing semicolon."""
        return self.sql.strip().rstrip(";").rstrip()

    def peek(self, ahead: int = 0) -> Token | None:
        """The token that comes next."""
        place = self.place + ahead
        return self.tokens[place] if place < len(self.tokens) else None

    def _is(self, ahead: int, word: str) -> bool:
        token = self.peek(ahead)
        return (
            token is not None
            and token.token_type not in (*_TEXTS, TokenType.IDENTIFIER)
            and token.text.upper() == word
        )

    def at(self, *words: str) -> bool:
        """Whether these words come next."""
        return all(self._is(ahead, word) for ahead, word in enumerate(_words(words)))

    def accept(self, *words: str) -> bool:
        """Read these words if they come next; sqlglot joins some, as in GROUP BY."""
        parts = _words(words)
        if self.at(*parts):
            self.place += len(parts)
            return True
        if self._is(0, " ".join(parts)):
            self.place += 1
            return True
        return False

    def expect(self, *words: str) -> None:
        """Read these words.

        Raises:
            SnowflakeError: 001003 where something else comes.
        """
        if not self.accept(*words):
            token = self.peek()
            found = token.text if token else "<EOF>"
            raise errors.refused(
                f"SQL compilation error:\nsyntax error: unexpected '{found}', "
                f"expected {' '.join(words)}."
            )

    def identifier(self) -> str:
        """One identifier as stored: upper case unless quoted."""
        token = self.peek()
        if token is None or token.token_type in _TEXTS:
            found = token.text if token else "<EOF>"
            raise errors.refused(f"SQL compilation error:\nsyntax error: unexpected '{found}'.")
        self.place += 1
        return token.text if token.token_type is TokenType.IDENTIFIER else token.text.upper()

    def parts(self) -> tuple[str, ...]:
        """The parts of a name; also ``IDENTIFIER('a.b')``."""
        if self.at("IDENTIFIER", "("):
            self.place += 2
            inner = Reader(self.string(), self.session).parts()
            self.expect(")")
            return inner
        found = [self.identifier()]
        while self.accept("."):
            found.append(self.identifier())
        return tuple(found)

    def name(self) -> QualifiedName:
        """A name, completed by the current database and schema."""
        return self.session.qualified(self.parts())

    def at_string(self) -> bool:
        """Whether a text comes next."""
        token = self.peek()
        return token is not None and token.token_type in _TEXTS

    def string(self) -> str:
        """A text: ``'..'`` or ``$$..$$``."""
        if not self.at_string():
            self.expect("<string>")
        token = self.tokens[self.place]
        self.place += 1
        return token.text

    def parenthesised(self) -> str:
        """The text between this parenthesis and the one that closes it."""
        self.expect("(")
        start, depth = self.tokens[self.place - 1].end + 1, 1
        while depth:
            token = self.peek()
            if token is None:
                raise errors.refused("SQL compilation error:\nsyntax error: missing ')'.")
            self.place += 1
            depth += (token.token_type is TokenType.L_PAREN) - (
                token.token_type is TokenType.R_PAREN
            )
        return self.sql[start : self.tokens[self.place - 1].start]

    def rest(self) -> str:
        """Everything that is left, as it was sent."""
        token = self.peek()
        if token is None:
            return ""
        last = self.tokens[-1]
        stop = last.start if last.token_type is TokenType.SEMICOLON else len(self.sql)
        text = self.sql[token.start : stop]
        self.place = len(self.tokens)
        return text.rstrip()

    def word(self) -> str:
        """The next token in upper case."""
        token = self.peek()
        if token is None:
            raise errors.refused("SQL compilation error:\nsyntax error: unexpected '<EOF>'.")
        self.place += 1
        return token.text.upper()

    def value(self) -> str:
        """A text or a word."""
        return self.string() if self.at_string() else self.word()

    def end(self) -> None:
        """Nothing may follow.

        Raises:
            SnowflakeError: 001003 where something does.
        """
        self.accept(";")
        token = self.peek()
        if token is not None:
            raise errors.refused(
                f"SQL compilation error:\nsyntax error: unexpected '{token.text}'."
            )

    def done(self) -> bool:
        """Whether the statement is read."""
        return self.peek() is None or self._is(0, ";")


_MODIFIERS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("OR", "REPLACE"), "or_replace"),
    (("SCOPED",), ""),
    (("LOCAL",), ""),
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
        try:
            return handler(session, reader)
        except NotMine:
            continue
    return None


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


def like(pattern: str, text: str) -> bool:
    """Snowflake's LIKE of SHOW: case-blind, % and _ as wildcards, a backslash before a literal."""
    expression, place = "", 0
    while place < len(pattern):
        char = pattern[place]
        if char == "\\" and place + 1 < len(pattern):
            place += 1
            expression += re.escape(pattern[place])
        else:
            expression += {"%": ".*", "_": "."}.get(char, re.escape(char))
        place += 1
    return re.fullmatch(expression, text, re.IGNORECASE | re.DOTALL) is not None


@dataclass
class Scope:
    """What a SHOW asks for."""

    like: str | None = None
    database: str | None = None
    schema: str | None = None
    starts: str | None = None
    limit: int | None = None

    def entries(self, session: Session, kind: str) -> list[Entry]:
        """The catalog's entries of a kind that the scope covers."""
        found = [one for one in session.catalog.list(kind) if self.matches(one.name)]
        return found[: self.limit]

    def matches_name(self, name: str) -> bool:
        """Whether LIKE and STARTS WITH let the name through."""
        if self.like is not None and not like(self.like, name):
            return False
        return self.starts is None or name.startswith(self.starts)

    def matches(self, name: QualifiedName) -> bool:
        """Whether the whole scope covers the object."""
        return (
            (self.database is None or name.database == self.database)
            and (self.schema is None or name.schema == self.schema)
            and self.matches_name(name.name)
        )


def _check_scope(session: Session, scope: Scope) -> None:
    if scope.database is None or scope.schema == "INFORMATION_SCHEMA":
        return
    if scope.database not in session.engine.databases() or (
        scope.schema is not None and not session.has_schema(scope.database, scope.schema)
    ):
        raise errors.unreachable()


def show_scope(reader: Reader) -> Scope:
    """Read ``[LIKE ..] [IN ..] [STARTS WITH ..] [LIMIT ..]``."""
    session = reader.session
    scope = Scope(database=session.database, schema=session.schema)
    reader.accept("HISTORY")
    if reader.accept("LIKE"):
        scope.like = reader.string()
    if reader.accept("IN"):
        if reader.accept("ACCOUNT"):
            scope.database = scope.schema = None
        elif reader.accept("DATABASE"):
            if not reader.done() and not reader.at("STARTS") and not reader.at("LIMIT"):
                scope.database = reader.identifier()
            scope.schema = None
        else:
            reader.accept("SCHEMA")
            if not reader.done() and not reader.at("STARTS") and not reader.at("LIMIT"):
                parts = reader.parts()
                scope.schema = parts[-1]
                scope.database = parts[0] if len(parts) == 2 else session.database
        _check_scope(session, scope)
    if reader.accept("STARTS", "WITH"):
        scope.starts = reader.string()
    if reader.accept("LIMIT"):
        scope.limit = int(reader.word())
        if reader.accept("FROM"):
            raise errors.unsupported("SHOW .. LIMIT .. FROM")
    reader.end()
    return scope
