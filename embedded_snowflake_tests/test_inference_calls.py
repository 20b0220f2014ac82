"""Model calls are found by the statement's tokens, and nothing else is touched."""

from __future__ import annotations

import pytest

from embedded_snowflake.inference.calls import CallSyntaxError, ModelCall, replace_calls


def shown(call: ModelCall) -> str:
    return f"<{'.'.join(call.model)} {call.version} {call.method} {' | '.join(call.arguments)}>"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (
            'select model(d.s."m", champion)!predict(a, f(b, 1)):x::float from t',
            "select <D.S.m CHAMPION PREDICT a | f(b, 1)>:x::float from t",
        ),
        ("select MODEL(m)!predict() from t", "select <M None PREDICT > from t"),
        ("select d.s.m!predict(a.x) from a", "select <D.S.M None PREDICT a.x> from a"),
        (
            "WITH m AS MODEL d.s.x VERSION v1 SELECT m!predict(a) FROM t",
            "SELECT <D.S.X V1 PREDICT a> FROM t",
        ),
        (
            "WITH m AS MODEL x, i AS (SELECT 1 a) SELECT m!predict(a) FROM i",
            "WITH  i AS (SELECT 1 a) SELECT <X None PREDICT a> FROM i",
        ),
        (
            "WITH i AS (SELECT 1 a), m AS MODEL x, n AS MODEL y SELECT m!f(n!g(a)) FROM i",
            "WITH i AS (SELECT 1 a) SELECT <X None F <Y None G a>> FROM i",
        ),
        (
            "select '!x(1)', a != b, \"!\" from m -- m!predict(a)\n",
            "select '!x(1)', a != b, \"!\" from m -- m!predict(a)\n",
        ),
        ("select 'm!p(1)', m!p('a,)b')", "select 'm!p(1)', <M None P 'a,)b'>"),
    ],
)
def test_calls_are_replaced_where_they_stand(sql: str, expected: str) -> None:
    assert replace_calls(sql, shown) == expected


@pytest.mark.parametrize("sql", ["select m!predict", "select model(m, 1)!p(a)", "select m!p(a"])
def test_a_call_that_is_not_well_written_is_refused(sql: str) -> None:
    with pytest.raises(CallSyntaxError):
        replace_calls(sql, shown)
