"""Model calls in a statement: where they stand, and what they are replaced by.

What it holds: the reading of ``MODEL(name, version)!METHOD(..)``, ``name!METHOD(..)`` and
``WITH alias AS MODEL name VERSION version`` from a statement's tokens. Add here further ways of
writing a call. What a call means (which version, which types) belongs to ``objects/ml/models.py``,
which hands in a function for it; nothing here knows a catalog or a connection.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import tokenize
from sqlglot.tokenizer_core import Token, TokenType

if TYPE_CHECKING:
    from collections.abc import Callable

NameParts = tuple[str, ...]
"""One to three parts of a name, each as Snowflake stores it."""


class CallSyntaxError(Exception):
    """A model call is not written as Snowflake wants it; the text says what is wrong."""


@dataclass(frozen=True)
class ModelCall:
    """A call as it is written.

    Attributes:
        model: the model's name.
        version: version or alias, None where the call names none (the default version).
        method: SQL name of the function.
        arguments: the SQL of each argument.
        text: the whole call.
    """

    model: NameParts
    version: str | None
    method: str
    arguments: tuple[str, ...]
    text: str


def stored_name(token: Token) -> str:
    """The name that a token stands for: as it is when quoted, else in upper case."""
    return token.text if token.token_type is TokenType.IDENTIFIER else token.text.upper()


def _is_name(token: Token) -> bool:
    if token.token_type in {TokenType.IDENTIFIER, TokenType.VAR}:
        return True
    return token.text[:1].isalpha() and token.token_type is not TokenType.STRING


class _Scanner:
    """Walks a statement's tokens and replaces what it finds."""

    def __init__(self, sql: str, replace: Callable[[ModelCall], str]) -> None:
        self.sql = sql
        self.tokens = tokenize(sql, read="snowflake")
        self.replace = replace
        self.aliases: dict[str, tuple[NameParts, str | None]] = {}

    def word(self, index: int, *words: str) -> bool:
        if not 0 <= index < len(self.tokens):
            return False
        token = self.tokens[index]
        quoted = token.token_type in {TokenType.IDENTIFIER, TokenType.STRING}
        return not quoted and token.text.upper() in words

    def is_type(self, index: int, kind: TokenType) -> bool:
        return 0 <= index < len(self.tokens) and self.tokens[index].token_type is kind

    def name(self, index: int) -> tuple[NameParts, int]:
        """A qualified name that starts at ``index``, and the index behind it."""
        parts: list[str] = []
        while True:
            if index >= len(self.tokens) or not _is_name(self.tokens[index]):
                raise CallSyntaxError("a model's name is missing")
            parts.append(stored_name(self.tokens[index]))
            index += 1
            if not self.is_type(index, TokenType.DOT):
                return tuple(parts), index
            index += 1

    def closing(self, index: int) -> int:
        """Index of the parenthesis that closes the one at ``index``."""
        depth = 0
        while index < len(self.tokens):
            depth += self.is_type(index, TokenType.L_PAREN) - self.is_type(index, TokenType.R_PAREN)
            if depth == 0:
                return index
            index += 1
        raise CallSyntaxError("a parenthesis of a model call is not closed")

    def arguments(self, opening: int, closing: int) -> tuple[str, ...]:
        """The SQL of each argument, with the model calls in it replaced."""
        found: list[str] = []
        depth, first = 0, opening + 1
        for index in range(opening + 1, closing + 1):
            kind = self.tokens[index].token_type
            ends = index == closing or (depth == 0 and kind is TokenType.COMMA)
            if ends and first < index:
                start, stop = self.tokens[first].start, self.tokens[index - 1].end + 1
                found.append(self.rewritten(first, index, start, stop))
            if ends:
                first = index + 1
            depth += kind in {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE}
            depth -= kind in {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE}
        return tuple(found)

    def model_reference(self, index: int) -> tuple[NameParts, str | None, int] | None:
        """``MODEL(name[, version])`` at ``index``: name, version, the index behind."""
        if not (self.word(index, "MODEL") and self.is_type(index + 1, TokenType.L_PAREN)):
            return None
        closing = self.closing(index + 1)
        if not self.is_type(closing + 1, TokenType.EXCLAMATION):
            return None
        name, after = self.name(index + 2)
        version = None
        if self.is_type(after, TokenType.COMMA):
            if not _is_name(self.tokens[after + 1]):
                raise CallSyntaxError("MODEL(name, version) wants the version as an identifier")
            version = stored_name(self.tokens[after + 1])
            after += 2
        if after != closing:
            raise CallSyntaxError("MODEL(..) takes a name and a version")
        return name, version, closing + 1

    def reference(self, index: int) -> tuple[NameParts, str | None, int] | None:
        """Any reference that is followed by ``!``, starting at ``index``."""
        if found := self.model_reference(index):
            return found
        if not _is_name(self.tokens[index]) or self.is_type(index - 1, TokenType.DOT):
            return None
        name, after = self.name(index) if self._named(index) else ((), index)
        if not name or not self.is_type(after, TokenType.EXCLAMATION):
            return None
        if len(name) == 1 and name[0] in self.aliases:
            return *self.aliases[name[0]], after
        return name, None, after

    def _named(self, index: int) -> bool:
        while self.is_type(index + 1, TokenType.DOT):
            index += 2
            if index >= len(self.tokens) or not _is_name(self.tokens[index]):
                return False
        return True

    def declarations(self) -> list[tuple[int, int]]:
        """Spans of tokens that declare ``alias AS MODEL ..``; the aliases are noted."""
        spans: list[tuple[int, int]] = []
        for index in range(1, len(self.tokens) - 3):
            starts = self.word(index - 1, "WITH") or self.is_type(index - 1, TokenType.COMMA)
            if not (starts and _is_name(self.tokens[index]) and self.word(index + 1, "AS")):
                continue
            if not self.word(index + 2, "MODEL") or not _is_name(self.tokens[index + 3]):
                continue
            name, after = self.name(index + 3)
            version = None
            if self.word(after, "VERSION"):
                version = stored_name(self.tokens[after + 1])
                after += 2
            self.aliases[stored_name(self.tokens[index])] = (name, version)
            spans.append((index, after))
        return spans

    def rewritten(self, first: int, last: int, start: int, stop: int) -> str:
        """The text from ``start`` to ``stop`` (tokens ``first`` to before ``last``), replaced."""
        out: list[str] = []
        position, index = start, first
        while index < last:
            found = self.reference(index)
            if found is None:
                index += 1
                continue
            name, version, mark = found
            method, opening = mark + 1, mark + 2
            if not self.is_type(opening, TokenType.L_PAREN):
                raise CallSyntaxError("a model's method is called with parentheses")
            closing = self.closing(opening)
            call = ModelCall(
                name,
                version,
                stored_name(self.tokens[method]),
                self.arguments(opening, closing),
                self.sql[self.tokens[index].start : self.tokens[closing].end + 1],
            )
            out += [self.sql[position : self.tokens[index].start], self.replace(call)]
            position, index = self.tokens[closing].end + 1, closing + 1
        out.append(self.sql[position:stop])
        return "".join(out)

    def without_declarations(self) -> str:
        """The statement without its ``alias AS MODEL ..`` declarations."""
        spans = self.declarations()
        if not spans:
            return self.sql
        out: list[str] = []
        position = 0
        for first, after in spans:
            start, stop = self.tokens[first].start, self.tokens[after - 1].end + 1
            before = self.tokens[first - 1]
            if before.token_type is TokenType.COMMA and before.start >= position:
                start = before.start
            elif self.is_type(after, TokenType.COMMA):
                stop = self.tokens[after].end + 1
            out.append(self.sql[position:start])
            position = stop
        out.append(self.sql[position:])
        return _without_empty_with("".join(out))


def _without_empty_with(sql: str) -> str:
    tokens = tokenize(sql, read="snowflake")
    for index, token in enumerate(tokens[:-1]):
        following = tokens[index + 1]
        if token.token_type is TokenType.WITH and following.token_type is TokenType.SELECT:
            return sql[: token.start] + sql[following.start :]
    return sql


def has_calls(sql: str) -> bool:
    """Whether the statement holds a ``!`` that calls a method; cheap where it holds none."""
    if "!" not in sql:
        return False
    tokens = tokenize(sql, read="snowflake")
    return any(token.token_type is TokenType.EXCLAMATION for token in tokens)


def replace_calls(sql: str, replace: Callable[[ModelCall], str]) -> str:
    """The statement with every model call replaced.

    Args:
        sql: one statement in Snowflake's SQL.
        replace: the SQL for a call.

    Raises:
        CallSyntaxError: a call is not written as Snowflake wants it.
    """
    if not has_calls(sql):
        return sql
    first = _Scanner(sql, replace)
    second = _Scanner(first.without_declarations(), replace)
    second.aliases = first.aliases
    return second.rewritten(0, len(second.tokens), 0, len(second.sql))
