"""Functions of numbers and truth values that DuckDB answers otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from embedded_snowflake import errors
from embedded_snowflake.errors import UNSUPPORTED
from embedded_snowflake.sql.building import cast_as, invoke, number

MACROS = {
    "_es_real(x, made)": (
        "CASE WHEN _es_fails(isnan(made) AND NOT isnan(CAST(x AS DOUBLE)), "
        "'Invalid floating point operation') THEN NULL ELSE made END"
    ),
    # It is infinite to DuckDB; Snowflake's documentation does not say what it is there.
    "_es_finite(x, made)": (
        "CASE WHEN _es_fails(isinf(made) AND NOT isinf(CAST(x AS DOUBLE)), "
        f"'{UNSUPPORTED}a number beyond a FLOAT') THEN NULL ELSE made END"
    ),
    # A number is true that rounds to no 0.
    "_es_rounded_truth(x)": (
        "CASE WHEN typeof(x) = 'BOOLEAN' THEN TRY_CAST(x AS BOOLEAN) "
        "ELSE round(CAST(x AS DOUBLE)) <> 0 END"
    ),
    # DuckDB's takes bits alone.
    "_es_getbit(x, place)": "CAST((CAST(x AS HUGEINT) >> place) & 1 AS INTEGER)",
    "_es_log(base, x, made)": (
        "CASE WHEN _es_fails(x <= 0 OR base <= 0 OR base = 1, 'Invalid floating point operation: log') "
        "THEN NULL ELSE made END"
    ),
    "_es_width_bucket(x, low, high, buckets)": (
        "CASE WHEN _es_fails(low = high OR buckets < 1, "
        "'Invalid parameters of WIDTH_BUCKET: equal ends, or no bucket') THEN NULL "
        "WHEN x < low THEN 0 WHEN x >= high THEN CAST(buckets AS BIGINT) + 1 "
        "ELSE CAST(floor((x - low) * buckets / (high - low)) AS BIGINT) + 1 END"
    ),
    # What cannot be cast is the error; error() would forbid to use the quotient's alias.
    "_es_divide(value, divisor)": """CASE WHEN divisor = 0 THEN CAST('Division by zero' AS DOUBLE) ELSE value / divisor END""",
    # Of two DECIMALs with up to 18 digits DuckDB makes one of 18, which would be too few.
    "_es_scaled(value, factor)": """CAST(value * CAST(factor AS DECIMAL(38, 0)) AS HUGEINT)""",
    # Where the types are not those that were inferred, it must not be rounded without a word.
    "_es_counted(value)": f"""CASE WHEN typeof(value) LIKE '%INT' OR typeof(value) LIKE 'INT%'
        OR typeof(value) LIKE 'DECIMAL(%,0)' OR typeof(value) = '"NULL"'
        THEN CAST(value AS HUGEINT)
        ELSE CAST('{UNSUPPORTED}a quotient of ' || typeof(value) || ' (cast it)' AS HUGEINT) END""",
    "_es_quotient(value, divisor, up, down, unit, digits)": """round(CAST(value * up // (CAST(
        CASE WHEN divisor = 0 THEN CAST('Division by zero' AS HUGEINT) ELSE divisor END AS HUGEINT
        ) * down) AS DECIMAL(38, 0)) * unit, digits)""",
    "_es_mean(items, factor, up, down, unit, digits)": """list_transform([items], lambda one:
        _es_quotient(_es_scaled(list_sum(one), factor), nullif(list_count(one), 0),
            up, down, unit, digits))[1]""",
}


def _sign(node: Any) -> Any:
    """DuckDB's is a TINYINT, which no client knows."""
    return cast_as(invoke("sign", node.this), "BIGINT")


def _to_digits(node: Any) -> Any:
    """FLOOR and CEIL to a digit: sqlglot's goes through a FLOAT. No number has more than 37."""
    digits = node.args.get("decimals")
    if digits is None:
        return node
    if not digits.is_int:
        raise errors.unsupported(f"{node.key.upper()} to a number of digits that is no literal")
    places = int(digits.to_py())
    if places > 37:
        return exp.Paren(this=node.this)
    step = "0." + "0" * (places - 1) + "1" if places > 0 else str(10**-places)
    cut = invoke("trunc", node.this, digits)
    floor = isinstance(node, exp.Floor)
    beyond = (exp.GT if floor else exp.LT)(this=cut.copy(), expression=node.this.copy())
    shift = exp.Case(ifs=[exp.If(this=beyond, true=number(step))], default=number("0"))
    kind = exp.Sub if floor else exp.Add
    return exp.Paren(this=kind(this=cut, expression=exp.Paren(this=shift)))


def _real(node: Any) -> Any:
    """Where the result is no number, Snowflake says so, and DuckDB says NaN."""
    return invoke("_es_real", node.this.copy(), node.copy())


def _truths(node: Any) -> Any:
    """BOOLAND and its like take numbers and BOOLEANs; sqlglot rounds both."""
    if not node.args.get("round_input"):
        return node
    if isinstance(node, exp.Boolnot):
        return exp.Paren(this=exp.Not(this=invoke("_es_rounded_truth", node.this)))
    sides = [invoke("_es_rounded_truth", one) for one in (node.this, node.expression)]
    if isinstance(node, exp.Xor):
        return exp.Paren(this=exp.NEQ(this=sides[0], expression=sides[1]))
    kind = exp.And if isinstance(node, exp.Booland) else exp.Or
    return exp.Paren(this=kind(this=sides[0], expression=sides[1]))


NODES: dict[type[Any], Callable[[Any], Any]] = {
    exp.Sign: _sign,
    exp.Floor: _to_digits,
    exp.Ceil: _to_digits,
    **dict.fromkeys((exp.Booland, exp.Boolor, exp.Boolnot, exp.Xor), _truths),
    **dict.fromkeys((exp.Sqrt, exp.Acos, exp.Asin, exp.Atanh, exp.Acosh), _real),
    exp.Exp: lambda node: invoke("_es_finite", node.this.copy(), node.copy()),
    exp.Pow: lambda node: invoke("_es_finite", node.this.copy(), _real(node)),
    exp.Factorial: lambda node: invoke("factorial", invoke("_es_int", node.this)),
    exp.Getbit: lambda node: invoke("_es_getbit", node.this, node.expression),
    **dict.fromkeys((exp.RegrValx, exp.RegrValy), lambda node: cast_as(node.copy(), "DOUBLE")),
    exp.Ln: lambda node: invoke("_es_log", number("10"), node.this.copy(), node.copy()),
    exp.Log: lambda node: invoke("_es_log", node.this.copy(), node.expression.copy(), node.copy()),
    exp.WidthBucket: lambda node: invoke(
        "_es_width_bucket",
        node.this,
        node.args["min_value"],
        node.args["max_value"],
        node.args["num_buckets"],
    ),
}
