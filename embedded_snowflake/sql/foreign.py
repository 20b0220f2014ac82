"""What sqlglot reads and DuckDB answers, and Snowflake's documentation does not have.

A statement that other databases know would run here and fail on an account. Add a word or a clause
here when that is found of it; what Snowflake has and this warehouse has not stands in `refusing.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from embedded_snowflake import errors
from embedded_snowflake.sql import table_names

_NAMES = """
    APPROX_DISTINCT ARGMAX ARGMIN ARG_MAX ARG_MIN ARRAY ARRAY_CONCAT ARRAY_HAS ARRAY_LENGTH
    BITWISE_AND_AGG BITWISE_OR_AGG BITWISE_XOR_AGG BOOL_AND BOOL_OR BYTE_LENGTH COUNTIF DATETIME
    DATETIME_ADD DATETIME_DIFF DATETIME_SUB DATETIME_TRUNC DATE_ADD DATE_DIFF DATE_FROM_UNIX_DATE
    DATE_SUB DAY_OF_MONTH DAY_OF_WEEK DAY_OF_YEAR ENCODE ENDS_WITH FIRST FORMAT FROM_ISO8601_DATE
    FROM_ISO8601_TIMESTAMP GENERATE_SERIES GENERATE_UUID GEN_RANDOM_UUID GROUP_CONCAT HEX IF IIF
    INSTR INT64 ISINF ISNAN ISODOW IS_INF IS_NAN JSONB_EXISTS JSON_EXTRACT JSON_EXTRACT_SCALAR
    JSON_FORMAT JSON_KEYS JSON_OBJECT JSON_OBJECTAGG JSON_PARSE JSON_REMOVE JSON_SET
    JSON_STRIP_NULLS JSON_TYPE LAST LAST_DAY_OF_MONTH LEVENSHTEIN LOCATE LOG10 LOG2 LOGICAL_AND
    LOGICAL_OR LOWER_HEX MD5_DIGEST RAND REGEXP_FULL_MATCH SAFE_DIVIDE SIGNUM SKEWNESS SORT_ARRAY
    STARTS_WITH STDEV STRING STRPOS STRUCT STR_POSITION TIMESTAMP_ADD TIMESTAMP_DIFF TIMESTAMP_SUB
    TIMESTAMP_TRUNC TIME_SUB TO_HEX TRY UNHEX UNIX_DATE UNIX_MICROS UNIX_MILLIS UNIX_SECONDS
    UTC_DATE UTC_TIMESTAMP UUID WEEK_OF_YEAR XOR YEAR_OF_WEEK
"""
FUNCTIONS = frozenset(_NAMES.split())
"""Functions that sqlglot takes for one of Snowflake's."""
_OPERATORS = {TokenType.AMP, TokenType.PIPE, TokenType.CARET, TokenType.TILDE}
_TYPES = {
    *(exp.DType.INT128, exp.DType.UUID, exp.DType.JSON, exp.DType.STRUCT, exp.DType.ENUM),
    *(exp.DType.BIT, exp.DType.INTERVAL),
}
_CLAUSES: dict[type[Any], Callable[[Any], str | None]] = {
    exp.Filter: lambda _: "FILTER",
    exp.Order: lambda node: "ORDER" if isinstance(node.parent, exp.ArrayAgg) else None,
    exp.Returning: lambda _: "RETURNING",
    exp.SimilarTo: lambda _: "SIMILAR TO",
    exp.Glob: lambda _: "GLOB",
    exp.UnloggedProperty: lambda _: "UNLOGGED",
    exp.Join: lambda node: node.kind if node.kind in {"SEMI", "ANTI"} else _asof(node),
    exp.When: lambda node: "BY SOURCE" if node.args.get("source") else None,
    exp.Limit: lambda node: "%" if node.args.get("limit_options") else _count(node.expression),
    exp.Offset: lambda node: _count(node.expression),
    exp.Into: lambda _: "INTO",
    exp.TableSample: lambda node: "SEED" if all(map(node.args.get, ("seed", "size"))) else None,
    exp.Select: lambda node: "SAMPLE" if node.args.get("sample") else None,
    exp.Describe: lambda node: "SELECT" if isinstance(node.this, exp.Query) else None,
    **dict.fromkeys(
        (exp.Delete, exp.Update, exp.Merge),
        lambda node: node.key.upper() if node.args.get("with_") else _of_tuple(node),
    ),
    exp.Union: lambda node: _repeated(node) if table_names.is_recursive(node) else None,
    **dict.fromkeys(
        (exp.Intersect, exp.Except), lambda node: None if node.args.get("distinct") else "ALL"
    ),
    exp.WindowSpec: lambda node: (
        "EXCLUDE" if node.args.get("exclude") else {"GROUPS": "GROUPS"}.get(node.args["kind"])
    ),
    exp.Between: lambda node: "SYMMETRIC" if node.args.get("symmetric") else None,
    **dict.fromkeys(
        (exp.Any, exp.All),
        lambda node: ")" if node.this == exp.Tuple() else None,
    ),
    exp.In: lambda node: ")" if not any(map(node.args.get, _AMONG)) else None,
    exp.Insert: lambda node: next(
        (word for key, word in _INSERTED.items() if node.args.get(key)), None
    ),
}
_AMONG = ("expressions", "query", "unnest", "field")
_INSERTED = {
    "default": "DEFAULT VALUES",
    "by_name": "BY NAME",
    "conflict": "ON CONFLICT",
    "with_": "INSERT",
}


def _of_tuple(update: Any) -> str | None:
    """``SET (a, b) = ..``, which is of other databases."""
    pairs = [one.this for one in update.expressions if isinstance(one, exp.EQ)]
    return "(" if any(isinstance(one, (exp.Tuple, exp.Paren)) for one in pairs) else None


def _asof(join: Any) -> str | None:
    """ASOF takes a match, whose first column is the left table's, and equal columns."""
    match, on = join.args.get("match_condition"), join.args.get("on")
    if join.method != "ASOF" or join.side or match is None:
        return (join.side or "ON") if join.method == "ASOF" else None
    first = match.unnest().this
    right = isinstance(first, exp.Column) and first.table.upper() == join.this.alias_or_name.upper()
    other = first if right else on and on.find(exp.Or, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)
    return other.sql("snowflake") if other else None


def _count(number: Any) -> str | None:
    """A literal, or none; DuckDB rounds."""
    whole = isinstance(number, exp.Literal) and number.is_int
    return None if whole or isinstance(number, exp.Null) else number.sql("snowflake")


def _repeated(union: Any) -> str | None:
    """What a WITH may not repeat: with an aggregate DuckDB goes on for ever."""
    again = union.expression
    parts = [again.args.get("distinct"), again.args.get("group"), *again.selects]
    found = (one.find(exp.Distinct, exp.Group, exp.AggFunc, exp.Window) for one in parts if one)
    first = next((one.key.upper() for one in found if one), None)
    return "UNION" if union.args.get("distinct") else first


def check_tokens(tokens: Sequence[Token]) -> None:
    """Refuse operators that Snowflake does not have, and a query that begins with FROM.

    Raises:
        SnowflakeError: 001003, as for any text that is no statement.
    """
    for place, token in enumerate(tokens):
        if token.text == "->>":
            raise errors.unsupported("the pipe operator ->>")
        if token.token_type in _OPERATORS or (place == 0 and token.token_type is TokenType.FROM):
            raise _unexpected(token.text)


def check(expression: Any) -> None:
    """Refuse clauses and types that Snowflake does not have.

    Raises:
        SnowflakeError: 001003, as for any text that is no statement.
    """
    for node in expression.walk():
        word = _CLAUSES[type(node)](node) if type(node) in _CLAUSES else None
        if word is not None:
            raise _unexpected(word)
        if isinstance(node, exp.DataType) and node.this in _TYPES:
            raise errors.uncompiled(f"Unsupported data type '{node.sql(dialect='snowflake')}'.")


def _unexpected(word: str) -> errors.SnowflakeError:
    return errors.uncompiled(f"syntax error unexpected '{word}'.")
