"""The tree of a statement's text: sqlglot's parser for Snowflake, held to what Snowflake takes.

Add what sqlglot reads otherwise than Snowflake, or leaves out. What it reads and Snowflake has not
stands in `foreign.py`.
"""

from __future__ import annotations

import functools
import math
import re
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.snowflake import Snowflake
from sqlglot.errors import ParseError
from sqlglot.tokenizer_core import TokenType

from embedded_snowflake import errors
from embedded_snowflake.inference import calls
from embedded_snowflake.sql import foreign, reading, refusing, table_names
from embedded_snowflake.sql.functions import times

_KINDS_RUN = (exp.Query, *table_names.WRITING, exp.Comment, exp.Describe)
_WITHOUT_ARGUMENT = re.compile(
    r"Required keyword: .* missing for <class 'sqlglot.expressions.(?!core)"
)
_TEXTS = (exp.Literal, exp.RawString)
_PARSER: Any = Snowflake.parser_class


def _snowflakes(functions: dict[str, Any]) -> dict[str, Any]:
    return {name: made for name, made in functions.items() if name not in foreign.FUNCTIONS}


_TWO = {"NVL", "IFNULL"}
"""Functions of two arguments, of which sqlglot takes more."""


def _counting(name: str, build: Any) -> Any:
    """A function's builder that leaves out no argument without a word, as many of sqlglot's do."""

    @functools.cache
    def most() -> float:
        if name in _TWO:
            return 2
        for count in range(1, 10):
            last = f"A{count - 1}"
            args = [exp.column(f"A{place}") for place in range(count)]
            try:
                made = _build(args)
            except (IndexError, AttributeError, KeyError):
                # It takes more.
                continue
            if all(one.name.upper() != last for one in made.find_all(exp.Column, exp.Var)):
                return count - 1
        return math.inf

    def _build(args: list[Any]) -> Any:
        try:
            return build(args)
        except TypeError:
            return build(args, dialect=Snowflake())

    def counted(args: list[Any]) -> Any:
        if args and len(args) > most():
            raise errors.too_many_arguments(name)
        return _build(args)

    return counted


def _trunc(args: list[Any], dialect: Any) -> Any:
    """TRUNC, also to a column's digits, which sqlglot takes for no function that it knows."""
    made = _PARSER.FUNCTIONS["TRUNC"](args, dialect)
    unknown = isinstance(made, exp.Anonymous) and len(args) == 2
    return exp.Trunc(this=args[0], decimals=args[1]) if unknown else made


class _Parser(_PARSER):
    """Names what a SELECT lists without an alias by its text, in upper case, as Snowflake does."""

    # sqlglot's TIMEADD is another than its DATEADD; Snowflake's are one.
    FUNCTIONS: ClassVar[dict[str, Any]] = {
        name: _counting(name, build)
        for name, build in {
            **_snowflakes(_PARSER.FUNCTIONS),
            "TIMEADD": _PARSER.FUNCTIONS["DATEADD"],
            **dict.fromkeys(("TRUNC", "TRUNCATE"), _trunc),
        }.items()
    }
    FUNCTION_PARSERS = _snowflakes(_PARSER.FUNCTION_PARSERS)
    NO_PAREN_FUNCTION_PARSERS = _snowflakes(_PARSER.NO_PAREN_FUNCTION_PARSERS)
    PROPERTY_PARSERS: ClassVar[dict[str, Any]] = {
        **_PARSER.PROPERTY_PARSERS,
        "LOCAL": _PARSER.PROPERTY_PARSERS["GLOBAL"],
        "VOLATILE": _PARSER.PROPERTY_PARSERS["TEMPORARY"],
    }
    """LOCAL says nothing, as GLOBAL does, and VOLATILE is TEMPORARY."""

    def _parse_projections(self) -> Any:
        return self._parse_csv(self._projection), None

    def _parse_type(self, *args: Any, **options: Any) -> Any:
        """``DATE '..'::VARCHAR`` is a text: sqlglot makes a DATE of the cast text."""
        typed = self._next is not None and self._next.token_type is TokenType.STRING
        made = super()._parse_type(*args, **options)
        if not typed or not isinstance(made, exp.Cast) or isinstance(made.this, exp.Literal):
            return made
        whole = text = made.this
        while isinstance(text.this, exp.Expr):
            text = text.this
        if not isinstance(text, exp.Literal):
            return made
        made.set("this", text.copy())
        text.replace(made)
        return whole

    def _projection(self) -> Any:
        first = self._index
        made = self._parse_expression()
        if made is None or made.is_star or made.alias or isinstance(made, exp.Column):
            return made
        text, done = "", self._tokens[first].start
        for token in self._tokens[first : self._index]:
            piece = self.sql[token.start : token.end + 1]
            kept = token.token_type is TokenType.IDENTIFIER
            text += self.sql[done : token.start] + (piece if kept else piece.upper())
            done = token.end + 1
        named = exp.alias_(made, text, quoted=True, copy=False)
        named.meta[refusing.UNNAMED] = True
        return named


def name_as_written(expression: Any, sql: str) -> None:
    """Name columns by the statement as it came, where its text was rewritten before."""
    model_calls: list[str] = []

    def stand_in(call: calls.ModelCall) -> str:
        model_calls.append(call.text.upper())
        return f"_ES_CALL_{len(model_calls) - 1}()"

    try:
        came = list(parsed(calls.replace_calls(sql, stand_in)).find_all(exp.Select))
    except errors.SnowflakeError:
        # Only a rewrite makes it one that can be read.
        return
    ours = list(expression.find_all(exp.Select))
    # The rows of a file are a query that nobody wrote.
    alike = len(ours) if len(ours) == len(came) else 1
    for one, other in zip(ours[:alike], came, strict=False):
        if len(one.expressions) != len(other.expressions):
            return
        for column, written in zip(one.expressions, other.expressions, strict=True):
            if refusing.UNNAMED in column.meta and refusing.UNNAMED in written.meta:
                name = written.alias
                for place, text in enumerate(model_calls):
                    name = name.replace(f"_ES_CALL_{place}()", text)
                column.set("alias", exp.to_identifier(name, quoted=True))


def parsed(text: str) -> Any:
    """The tree of a text that is one statement.

    Raises:
        SnowflakeError: 001003 where it cannot be read, 000008 where it is none or several, 000002
            where nothing here carries out such a statement.
    """
    tokens = list(reading.tokens_of(text))
    if tokens and tokens[0].text == "EXECUTE":
        raise errors.unsupported("EXECUTE")
    if [one.text.upper() for one in tokens[2:4]] == ["AS", "PROCEDURE"]:
        raise errors.unsupported("WITH .. AS PROCEDURE")
    foreign.check_tokens(tokens)
    try:
        trees = _Parser(dialect="snowflake").parse(tokens, text)
    except ParseError as cause:
        if _WITHOUT_ARGUMENT.search(str(cause)):
            raise errors.too_few_arguments() from None
        detail = str(cause).replace("\x1b[4m", "").replace("\x1b[0m", "")
        raise errors.uncompiled(f"syntax error: {detail}") from None
    except (IndexError, AttributeError):
        # What makes a function of its arguments takes it that they are there.
        raise errors.too_few_arguments() from None
    found = [one for one in trees if one is not None and not isinstance(one, exp.Semicolon)]
    if len(found) != 1:
        raise errors.error(
            f"Actual statement count {len(found)} did not match the desired statement count 1.",
            8,
            "0A000",
        )
    if not isinstance(found[0], _KINDS_RUN):
        raise errors.unsupported(" ".join(text.split()[:3]))
    for node in list(found[0].walk()):
        part = times.part_in(node)
        if isinstance(part, (exp.Var, exp.Literal)) and not isinstance(node, exp.Interval):
            # By its one name from here on.
            part.replace(exp.var(times.part_of(type(node), part.name)))
        # TABLE('t') is IDENTIFIER('t').
        if isinstance(node, exp.TableFromRows) and isinstance(node.this, _TEXTS):
            named = exp.DynamicIdentifier(this=node.this)
            node.replace(exp.Table(this=named, alias=node.args.get("alias")))
    return found[0]
