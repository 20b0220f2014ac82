"""How a statement's text is read: Snowflake's tokens (sqlglot's tokenizer), never patterns over it.

What is done with a statement stands in `sessions/routing.py` and `objects/`.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from sqlglot import tokenize
from sqlglot.errors import TokenError
from sqlglot.tokenizer_core import Token, TokenType

from embedded_snowflake import errors
from embedded_snowflake.names import QualifiedName

if TYPE_CHECKING:
    from embedded_snowflake.sessions.session import Session

_TEXTS = (TokenType.STRING, TokenType.HEREDOC_STRING, TokenType.RAW_STRING)


def words_of(words: Iterable[str]) -> tuple[str, ...]:
    """Words that are given together or one by one."""
    return tuple(part for word in words for part in word.split())


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
        raise errors.uncompiled(f"syntax error: {cause}") from None


def refuse_several(tokens: Sequence[Token]) -> None:
    """Nothing follows a statement's end: what does would be left out without a word.

    Raises:
        SnowflakeError: 000008.
    """
    if "TASK" in {one.text.upper() for one in tokens[:4]}:
        return  # what it runs may be a block of statements
    ends = [True, *(one.token_type is TokenType.SEMICOLON for one in tokens)]
    count = sum(end and not after for end, after in pairwise(ends))
    if count > 1:
        raise errors.error(
            f"Actual statement count {count} did not match the desired statement count 1.",
            8,
            "0A000",
        )


_ADDRESS = re.compile(
    r"""(?P<kept>'(?:[^'\\]|\\.|'')*'|"[^"]*"|\$\$.*?\$\$|--[^\n]*|/\*.*?\*/)"""
    r"""|(?P<address>\b(?:snow|file)://(?:"[^"]*"|[^\s()"';,])+)""",
    re.DOTALL,
)


def quote_addresses(sql: str) -> str:
    """Put ``snow://..`` and ``file://..`` in quotes: ``//`` and ``/*`` begin a comment otherwise.

    Texts, quoted names and comments stay as they are.
    """
    if "snow://" not in sql and "file://" not in sql:
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
        return all(self._is(ahead, word) for ahead, word in enumerate(words_of(words)))

    def accept(self, *words: str) -> bool:
        """Read these words if they come next; sqlglot joins some, as in GROUP BY."""
        parts = words_of(words)
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
            raise errors.uncompiled(
                f"syntax error: unexpected '{found}', expected {' '.join(words)}."
            )

    def identifier(self) -> str:
        """One identifier as stored: upper case unless quoted."""
        token = self.peek()
        if token is None or token.token_type in _TEXTS:
            found = token.text if token else "<EOF>"
            raise errors.uncompiled(f"syntax error: unexpected '{found}'.")
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
                raise errors.uncompiled("syntax error: missing ')'.")
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
            raise errors.uncompiled("syntax error: unexpected '<EOF>'.")
        self.place += 1
        return token.text.upper()

    def number(self) -> int:
        """A whole number.

        Raises:
            SnowflakeError: 001003 where something else comes.
        """
        word = self.word()
        if not word.isdecimal():
            raise errors.uncompiled(f"syntax error: unexpected '{word}', expected a number.")
        return int(word)

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
            raise errors.uncompiled(f"syntax error: unexpected '{token.text}'.")

    def done(self) -> bool:
        """Whether the statement is read."""
        return self.peek() is None or self._is(0, ";")
