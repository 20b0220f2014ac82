"""What a case of the conformance suite is, and how an answer is compared with what it expects.

What it holds: `Case`, the ways to write expected values, and the comparison. Add to it when cases
need to say something new. What must not go here: cases (`cases/`), connections (`target.py`).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

DOCUMENTATION = "https://docs.snowflake.com/en/"
"""Where the pages that cases name stand."""


@dataclass(frozen=True)
class Error:
    """An error as clients see it. A part that is None is not compared."""

    number: int | None = None
    sqlstate: str | None = None
    part: str = ""

    def mismatch(self, number: int | None, sqlstate: str | None, message: str) -> str | None:
        """What is different, or None."""
        if self.number is not None and number != self.number:
            return f"number {number} in place of {self.number}: {message}"
        if self.sqlstate is not None and sqlstate != self.sqlstate:
            return f"SQL state {sqlstate} in place of {self.sqlstate}: {message}"
        if self.part.lower() not in message.lower():
            return f"no {self.part!r} in: {message}"
        return None


@dataclass(frozen=True)
class Json:
    """A VARIANT, ARRAY or OBJECT: clients get JSON text, whose spaces do not count."""

    value: Any


@dataclass(frozen=True)
class Matching:
    """A text that a regular expression matches whole."""

    pattern: str


class Anything:
    """A value that is not compared."""


@dataclass(frozen=True)
class Other:
    """A statement of a second session, in the same schema."""

    sql: str


@dataclass(frozen=True)
class Fails:
    """A statement before the last that must fail with this error."""

    sql: str
    error: Error


@dataclass(frozen=True)
class Case:
    """One statement of Snowflake's documentation, as SQL.

    Attributes:
        name: what is stated, in a few words; unique in its group.
        sql: a statement, or several, of which the last one's answer is compared.
        page: the documentation's page that states it, below `DOCUMENTATION`.
        rows: the rows that the last statement answers, in this order unless `unordered`.
        columns: the names of the answer's columns.
        types: the connector's names of the columns' types (FIXED, TEXT ..).
        error: the error that Snowflake answers the last statement with.
        only: names of columns to compare, where the answer has more (SHOW).
        refused: what the embedded warehouse answers in place of rows: it does not have this.
            A third way, another answer, is none.
    """

    name: str
    sql: str | tuple[str | Other | Fails, ...]
    page: str
    rows: Sequence[tuple[Any, ...]] | None = None
    columns: Sequence[str] | None = None
    types: Sequence[str] | None = None
    error: Error | None = None
    only: Sequence[str] | None = None
    unordered: bool = False
    refused: Error | None = None

    @property
    def statements(self) -> tuple[str | Other | Fails, ...]:
        """The statements, also where there is one."""
        return (self.sql,) if isinstance(self.sql, str) else self.sql

    @property
    def address(self) -> str:
        """The documentation page's whole address."""
        return DOCUMENTATION + self.page


@dataclass(frozen=True)
class Group:
    """Cases about one kind of object.

    Attributes:
        title: a heading.
        summary: what works, in a sentence or two, for the documentation.
        setup: statements that run once before the group's cases, in a schema of its own.
        cases: the cases.
    """

    title: str
    summary: str
    cases: Sequence[Case]
    setup: Sequence[str] = ()


def value(name: str, expression: str, expected: Any, page: str, **more: Any) -> Case:
    """A case of one expression."""
    return Case(name, f"SELECT {expression}", page, rows=[(expected,)], **more)


def fails(
    name: str, sql: str | tuple[str | Other | Fails, ...], error: Error, page: str, **more: Any
) -> Case:
    """A case whose last statement fails on Snowflake too."""
    return Case(name, sql, page, error=error, **more)


def equal(expected: Any, found: Any) -> bool:
    """Whether a value is the expected one, its Python type included."""
    if isinstance(expected, Anything):
        return True
    if isinstance(expected, Json):
        return isinstance(found, str) and json.loads(found) == expected.value
    if isinstance(expected, Matching):
        return isinstance(found, str) and re.fullmatch(expected.pattern, found) is not None
    if isinstance(expected, float):
        return isinstance(found, float) and (
            math.isclose(expected, found, rel_tol=1e-9, abs_tol=1e-12)
            or (math.isnan(expected) and math.isnan(found))
        )
    if isinstance(expected, bytes):
        return isinstance(found, (bytes, bytearray)) and bytes(found) == expected
    if isinstance(expected, Decimal):
        return isinstance(found, Decimal) and expected == found
    return type(expected) is type(found) and expected == found


def differing_rows(
    expected: Sequence[tuple[Any, ...]], found: Sequence[tuple[Any, ...]], *, unordered: bool
) -> str | None:
    """What is different between expected and found rows, or None."""
    left = list(expected)
    right = list(found)
    if unordered:
        left, right = sorted(left, key=repr), sorted(right, key=repr)
    same = len(left) == len(right) and all(
        len(a) == len(b) and all(equal(x, y) for x, y in zip(a, b, strict=True))
        for a, b in zip(left, right, strict=True)
    )
    return None if same else f"expected {left!r}, found {right!r}"
