"""The digits that are inferred of a number are those that it has once it is computed."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest

from embedded_snowflake import objects
from embedded_snowflake.sessions.session import Session
from embedded_snowflake.sql import table_names
from embedded_snowflake.sql.conversions.inferred_types import Inferred, group_of
from embedded_snowflake.sql.conversions.number_types import scale_of
from embedded_snowflake.sql.parsing import parsed
from embedded_snowflake.storage.engine import Engine

AGGREGATES = (
    "COUNT(*), COUNT(DISTINCT n), COUNT_IF(n > 1), SUM(n), SUM(k), SUM(v), SUM(DISTINCT k), AVG(k), "
    "AVG(n), AVG(v), AVG(DISTINCT n), AVG(n * k), AVG(IFF(k > 1, n, NULL)), MIN(n), MAX(w), "
    "ANY_VALUE(w), MODE(n), MEDIAN(n), MEDIAN(k), MEDIAN(v), VARIANCE(n), VAR_POP(k), VARIANCE(v), "
    "STDDEV(n), KURTOSIS(k), SKEW(n), CORR(n, k), COVAR_POP(n, k), REGR_SLOPE(n, k), "
    "REGR_COUNT(n, k), MAX_BY(n, k), MIN_BY(k, n), APPROX_COUNT_DISTINCT(k), "
    "APPROX_PERCENTILE(n, 0.5), PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY n), "
    "PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY k), "
    "PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY n), SUM(n) / COUNT(*), SUM(k) / SUM(n), "
    "MAX(n) / MIN(w), SUM(n / k), SUM(COUNT(*)) OVER () / 2"
)
WINDOWS = (
    "SUM(n) OVER (ORDER BY k), AVG(n) OVER (PARTITION BY k), VARIANCE(n) OVER (PARTITION BY k), "
    "ROW_NUMBER() OVER (ORDER BY k) / 2, LAG(n, 1, 0) OVER (ORDER BY k), NTILE(2) OVER (ORDER BY k), "
    "PERCENT_RANK() OVER (ORDER BY k), FIRST_VALUE(n) OVER (ORDER BY k) / 2"
)
SCALARS = (
    "k, n, v, w, 15, 1.5, 0.10, 1e3, -n, +n, -v, (n), k + 1, n + 1, n + 1.555, 1.5 - n, n - k, n + w, "
    "k * n, n * w, n * 2, k * 1.5, n * w * w, n * n * n * n, v * n, v * 1.5, n * 1e0, k % 7, n % 2, "
    "MOD(k, n), MOD(v, 2), k / k, n / k, n / w, k / 0.5, 1.5 / 2, 5 / 2, v / 2, n / v, k / 3 / 2, "
    "n - k / 2, (v * 1.5) / 3, n / NULLIF(k, 0), (SELECT MAX(n) FROM g), (SELECT MAX(n) FROM g) / 2, "
    "DIV0(n, 2), DIV0(v, 2), DIV0NULL(n, k), ABS(n), ABS(v), SIGN(n), SQRT(n), CBRT(n), EXP(n), LN(n), "
    "LOG(10, n), POWER(n, 2), SQUARE(k), FACTORIAL(3), SIN(n), PI(), FLOOR(n), FLOOR(n / k), CEIL(n, 1), "
    "CEIL(v), ROUND(n), ROUND(n, 1), ROUND(n, -1), ROUND(k, -1), ROUND(n / k, 2), ROUND(v, 2), TRUNC(n), "
    "TRUNC(n, 1), TRUNC(k), GREATEST(n, k), GREATEST(n, v), LEAST(n, 1.555), COALESCE(n, 0), "
    "COALESCE(NULL, n), COALESCE(n, k, 1.555), COALESCE(v, k), NULLIF(n, 0), NULLIF(v, 1.5), "
    "NULLIF(n, v), ZEROIFNULL(n), NULLIFZERO(k), NVL2(k, n, w), NVL2(k, v, n), IFF(k > 1, n, w), "
    "IFF(k > 1, n, NULL), IFF(k > 1, v, 1.5), CASE WHEN k > 1 THEN n ELSE k END, "
    "CASE k WHEN 1 THEN 1 WHEN 2 THEN 2.5 END, DECODE(k, 1, n, 2, v), DECODE(k, 1, k, n), "
    "n::NUMBER(5, 1), n::INT, n::FLOAT, t::NUMBER(10, 2), TO_NUMBER(t), TO_NUMBER(t, 10, 2), "
    "TRY_CAST(t AS NUMBER(10, 3)), TO_DOUBLE(t), k::DECIMAL(5, 1) / 2, LENGTH(t), LENGTH(t) / 2, "
    "ASCII(t), YEAR(d) / 2, HOUR(d), EXTRACT(YEAR FROM d), DATEDIFF('day', d, d) / 7, d - d, "
    "(d - d) / 7, LAST_DAY(d) - d, MONTHS_BETWEEN(d, d), BITAND(k, 1), WIDTH_BUCKET(n, 0, 1, 5), "
    "UNIFORM(1, 10, RANDOM()), UNIFORM(1.0, 2.0, RANDOM()), ARRAY_SIZE(PARSE_JSON('[1]')) / 2"
)


def _split(listed: str) -> list[str]:
    """The expressions of a list, at the commas that stand in no bracket."""
    found, depth = [""], 0
    for char in listed:
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            found.append("")
        else:
            found[-1] += char
    return [one.strip() for one in found]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    # Importing the objects is what registers their statements.
    assert objects.__all__
    engine = Engine(tmp_path_factory.mktemp("numbers"))
    session = Session.of_the_system(engine)
    session.execute("CREATE DATABASE numbers")
    session.execute(
        "CREATE TABLE g (k INT, n NUMBER(12, 2), v FLOAT, w NUMBER(20, 4), t VARCHAR, d DATE)"
    )
    session.execute(
        "INSERT INTO g VALUES (1, 2.25, 1.5, 1.5, '3', '2024-01-01'), "
        "(2, 2.5, 1.5, 1.5, '3', '2024-01-01'), (3, 7.25, 2.5, 3.5, '3', '2024-01-01'), "
        "(4, 9, 2.5, 3.5, '3', '2024-01-01')"
    )
    yield session
    session.close()
    engine.close()


@pytest.mark.parametrize("expression", _split(f"{AGGREGATES}, {WINDOWS}, {SCALARS}"))
def test_what_is_inferred_is_what_is_computed(session: Session, expression: str) -> None:
    sql = f"SELECT {expression} AS x FROM g"
    tree = table_names.named(session, parsed(sql).copy())
    types = Inferred(session, tree)
    types.resolve()
    ((_, kind),) = types.outputs(tree)
    answer = session.execute(sql).table
    assert answer is not None
    computed = answer.schema.types[0]
    if pa.types.is_floating(computed):
        assert group_of(kind) == "FLOAT"
    else:
        assert scale_of(kind) == (computed.scale if pa.types.is_decimal(computed) else 0)
