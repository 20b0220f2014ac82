"""Window functions and QUALIFY."""

from __future__ import annotations

from decimal import Decimal

from embedded_snowflake_tests.conformance.case import Case, Error, Group, fails

_F = "sql-reference/functions/"
_W = "sql-reference/functions-window-syntax"
_T = "(SELECT column1 AS k, column2 AS d, column3 AS v FROM VALUES ('a', 1, 10), ('a', 2, 20), ('a', 3, 20), ('b', 1, 5))"


def _column(name: str, window: str, expected: list[object], page: str, **more: object) -> Case:
    sql = f"SELECT {window} AS w FROM {_T} ORDER BY k, d"
    return Case(name, sql, page, rows=[(one,) for one in expected], **more)  # pyright: ignore[reportArgumentType]


GROUP = Group(
    "Window functions",
    "Ranking, offset and aggregate windows with ROWS and RANGE frames; QUALIFY.",
    (
        _column(
            "ROW_NUMBER",
            "ROW_NUMBER() OVER (PARTITION BY k ORDER BY d)",
            [1, 2, 3, 1],
            _F + "row_number",
        ),
        _column(
            "RANK leaves gaps",
            "RANK() OVER (PARTITION BY k ORDER BY v DESC)",
            [3, 1, 1, 1],
            _F + "rank",
        ),
        _column(
            "DENSE_RANK leaves none",
            "DENSE_RANK() OVER (PARTITION BY k ORDER BY v DESC)",
            [2, 1, 1, 1],
            _F + "dense_rank",
        ),
        _column(
            "PERCENT_RANK",
            "PERCENT_RANK() OVER (PARTITION BY k ORDER BY d)",
            [0.0, 0.5, 1.0, 0.0],
            _F + "percent_rank",
        ),
        _column(
            "CUME_DIST",
            "CUME_DIST() OVER (PARTITION BY k ORDER BY v)",
            [1 / 3, 1.0, 1.0, 1.0],
            _F + "cume_dist",
        ),
        _column("NTILE", "NTILE(2) OVER (PARTITION BY k ORDER BY d)", [1, 1, 2, 1], _F + "ntile"),
        _column("LAG", "LAG(v) OVER (PARTITION BY k ORDER BY d)", [None, 10, 20, None], _F + "lag"),
        _column(
            "LAG with a default",
            "LAG(v, 2, 0) OVER (PARTITION BY k ORDER BY d)",
            [0, 0, 10, 0],
            _F + "lag",
        ),
        _column(
            "LEAD", "LEAD(v) OVER (PARTITION BY k ORDER BY d)", [20, 20, None, None], _F + "lead"
        ),
        _column(
            "FIRST_VALUE",
            "FIRST_VALUE(v) OVER (PARTITION BY k ORDER BY d)",
            [10, 10, 10, 5],
            _F + "first_value",
        ),
        _column(
            "LAST_VALUE sees the whole partition",
            "LAST_VALUE(d) OVER (PARTITION BY k ORDER BY d)",
            [3, 3, 3, 1],
            _F + "last_value",
        ),
        _column(
            "NTH_VALUE sees the whole partition",
            "NTH_VALUE(d, 2) OVER (PARTITION BY k ORDER BY d)",
            [2, 2, 2, None],
            _F + "nth_value",
        ),
        _column(
            "a running SUM", "SUM(v) OVER (PARTITION BY k ORDER BY d)", [10, 30, 50, 5], _F + "sum"
        ),
        _column(
            "ties share a running SUM",
            "SUM(v) OVER (PARTITION BY k ORDER BY v)",
            [10, 50, 50, 5],
            "sql-reference/functions-window-syntax",
        ),
        _column(
            "a SUM over the partition", "SUM(v) OVER (PARTITION BY k)", [50, 50, 50, 5], _F + "sum"
        ),
        _column(
            "a ROWS frame",
            "SUM(v) OVER (PARTITION BY k ORDER BY d ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)",
            [10, 30, 40, 5],
            "sql-reference/functions-window-syntax",
        ),
        _column(
            "a RANGE frame with an offset",
            "SUM(v) OVER (PARTITION BY k ORDER BY d RANGE BETWEEN 1 PRECEDING AND CURRENT ROW)",
            [10, 30, 40, 5],
            "sql-reference/functions-window-syntax",
        ),
        _column("COUNT over nothing", "COUNT(*) OVER ()", [4, 4, 4, 4], _F + "count"),
        _column(
            "RATIO_TO_REPORT",
            "ROUND(RATIO_TO_REPORT(v) OVER (PARTITION BY k), 2)::FLOAT",
            [0.2, 0.4, 0.4, 1.0],
            _F + "ratio_to_report",
        ),
        Case(
            "RATIO_TO_REPORT is a NUMBER, and no running one by an order",
            "SELECT 100 * RATIO_TO_REPORT(p) OVER (ORDER BY k) FROM (SELECT column1 AS k, "
            "column2::NUMBER(11, 2) AS p FROM VALUES (1, 300), (2, 250), (3, 450), (4, NULL)) "
            "ORDER BY k",
            _F + "ratio_to_report",
            rows=[
                (Decimal("30.00000000"),),
                (Decimal("25.00000000"),),
                (Decimal("45.00000000"),),
                (None,),
            ],
        ),
        Case(
            "NULLIF of a SUM of a partition, filtered by QUALIFY",
            "SELECT p / NULLIF(SUM(p) OVER (PARTITION BY k), 0) AS r FROM (SELECT column1 AS k, "
            "column2::NUMBER(11, 2) AS p FROM VALUES (1, 300), (1, 100), (2, 450)) "
            "QUALIFY r > 0.3 ORDER BY r",
            "sql-reference/constructs/qualify",
            rows=[(Decimal("0.75000000"),), (Decimal("1.00000000"),)],
        ),
        _column(
            "CONDITIONAL_TRUE_EVENT",
            "CONDITIONAL_TRUE_EVENT(v = 20) OVER (PARTITION BY k ORDER BY d)",
            [0, 1, 2, 0],
            _F + "conditional_true_event",
        ),
        _column(
            "LAG IGNORE NULLS",
            "LAG(NULLIF(v, 20)) IGNORE NULLS OVER (PARTITION BY k ORDER BY d)",
            [None, 10, 10, None],
            _F + "lag",
        ),
        Case(
            "QUALIFY",
            f"SELECT k, d FROM {_T} QUALIFY ROW_NUMBER() OVER (PARTITION BY k ORDER BY d DESC) = 1 ORDER BY k",
            "sql-reference/constructs/qualify",
            rows=[("a", 3), ("b", 1)],
        ),
        Case(
            "QUALIFY by an alias",
            f"SELECT k, RANK() OVER (ORDER BY v DESC) AS r FROM {_T} QUALIFY r = 1 ORDER BY d",
            "sql-reference/constructs/qualify",
            rows=[("a", 1), ("a", 1)],
        ),
        Case(
            "NULLs come last in an ascending order",
            "SELECT column1 FROM VALUES (2), (NULL), (1) ORDER BY 1",
            "sql-reference/constructs/order-by",
            rows=[(1,), (2,), (None,)],
        ),
        Case(
            "NULLs come first in a descending order",
            "SELECT column1 FROM VALUES (2), (NULL), (1) ORDER BY 1 DESC",
            "sql-reference/constructs/order-by",
            rows=[(None,), (2,), (1,)],
        ),
        Case(
            "a window's NULLs come last too",
            "SELECT column1, ROW_NUMBER() OVER (ORDER BY column1) FROM VALUES (2), (NULL), (1) ORDER BY 2",
            "sql-reference/functions-window-syntax",
            rows=[(1, 1), (2, 2), (None, 3)],
        ),
        fails(
            "RANK without an order",
            f"SELECT RANK() OVER (PARTITION BY k) FROM {_T}",
            Error(part="requires ORDER BY"),
            _F + "rank",
        ),
        fails(
            "a frame without an order",
            f"SELECT SUM(v) OVER (ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM {_T}",
            Error(part="requires ORDER BY"),
            "sql-reference/functions-window-syntax",
        ),
        _column(
            "NTH_VALUE from the last",
            "NTH_VALUE(d, 1) FROM LAST OVER (PARTITION BY k ORDER BY d)",
            [3, 3, 3, 1],
            _F + "nth_value",
            refused=Error(2, "0A000", "Unsupported feature"),
        ),
        *(
            fails(
                f"a window that there is not: {name}",
                f"SELECT {window} FROM {_T}",
                Error(part=part),
                page,
            )
            for name, window, part, page in (
                ("MEDIAN by an order", "MEDIAN(v) OVER (ORDER BY d)", "unsupported", _F + "median"),
                ("MODE by an order", "MODE(v) OVER (ORDER BY d)", "unsupported", _F + "mode"),
                (
                    "a percentile by an order",
                    "PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY v) OVER (ORDER BY d)",
                    "unsupported",
                    _F + "percentile_disc",
                ),
                (
                    "REGR_SLOPE by an order",
                    "REGR_SLOPE(v, d) OVER (ORDER BY d)",
                    "unsupported",
                    _F + "regr_slope",
                ),
                (
                    "ROW_NUMBER of a frame",
                    "ROW_NUMBER() OVER (ORDER BY d ROWS UNBOUNDED PRECEDING)",
                    "unsupported",
                    _F + "row_number",
                ),
                (
                    "PERCENT_RANK of rows",
                    "PERCENT_RANK() OVER (ORDER BY d ROWS UNBOUNDED PRECEDING)",
                    "unsupported",
                    _F + "percent_rank",
                ),
                (
                    "RANK of a range of offsets",
                    "RANK() OVER (ORDER BY d RANGE BETWEEN 1 PRECEDING AND CURRENT ROW)",
                    "unsupported",
                    _W,
                ),
                ("NTH_VALUE of no order", "NTH_VALUE(v, 1) OVER ()", "ORDER BY", _F + "nth_value"),
                (
                    "the ratio of distinct values",
                    "RATIO_TO_REPORT(DISTINCT v) OVER ()",
                    "distinct",
                    _F + "ratio_to_report",
                ),
                (
                    "distinct values by an order",
                    "SUM(DISTINCT v) OVER (ORDER BY d)",
                    "distinct",
                    _F + "sum",
                ),
                (
                    "a frame that ends before it starts",
                    "SUM(v) OVER (ORDER BY d RANGE BETWEEN 1 PRECEDING AND 3 PRECEDING)",
                    "frame",
                    _W,
                ),
                (
                    "a frame of a column's length",
                    "SUM(v) OVER (ORDER BY d ROWS BETWEEN d PRECEDING AND CURRENT ROW)",
                    "constant",
                    _W,
                ),
                (
                    "a frame of groups",
                    "SUM(v) OVER (ORDER BY d GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW)",
                    "GROUPS",
                    _W,
                ),
            )
        ),
        _column(
            "COUNT of distinct values along an order",
            "COUNT(DISTINCT v) OVER (PARTITION BY k ORDER BY d)",
            [1, 2, 2, 1],
            _F + "count",
        ),
        fails(
            "a window function in WHERE",
            f"SELECT k FROM {_T} WHERE ROW_NUMBER() OVER (ORDER BY d) = 1",
            Error(part="window function"),
            "sql-reference/constructs/qualify",
        ),
        _column(
            "LAG with a default of more digits",
            "LAG(v, 1, 0.5) OVER (PARTITION BY k ORDER BY d)",
            [Decimal("0.5"), Decimal(10), Decimal(20), Decimal("0.5")],
            _F + "lag",
            refused=Error(2, "0A000", "default of more digits"),
        ),
        Case(
            "OBJECT_AGG in a window",
            f"SELECT OBJECT_AGG(k, d) OVER (PARTITION BY d) FROM {_T} WHERE v = 10",
            _F + "object_agg",
            rows=[('{\n  "a": 1\n}',)],
            refused=Error(2, "0A000", "OBJECT_AGG with OVER"),
        ),
        fails(
            "DISTINCT beside an order",
            f"SELECT SUM(DISTINCT v) OVER (ORDER BY k) FROM {_T}",
            Error(part="distinct cannot be used"),
            _F + "sum",
        ),
        fails(
            "STDDEV DISTINCT in a frame",
            f"SELECT STDDEV(DISTINCT v) OVER (ORDER BY k ROWS 1 PRECEDING) FROM {_T}",
            Error(part="distinct cannot be used"),
            _F + "stddev",
        ),
        _column(
            "BOOLXOR_AGG",
            "BOOLXOR_AGG(v = 10) OVER (PARTITION BY k)",
            [True, True, True, False],
            _F + "boolxor_agg",
        ),
        *(
            fails(
                f"{call} takes no order",
                f"SELECT {call} OVER (PARTITION BY k ORDER BY d) FROM {_T}",
                Error(part="unsupported for function"),
                _F + page,
            )
            for call, page in (
                ("ANY_VALUE(v)", "any_value"),
                ("CORR(v, d)", "corr"),
                ("BITOR_AGG(v)", "bitor_agg"),
                ("ARRAY_AGG(v) WITHIN GROUP (ORDER BY v)", "array_agg"),
            )
        ),
        fails(
            "CONDITIONAL_TRUE_EVENT needs an order",
            f"SELECT CONDITIONAL_TRUE_EVENT(v > 10) OVER (PARTITION BY k) FROM {_T}",
            Error(part="ORDER BY"),
            _F + "conditional_true_event",
        ),
        _column(
            "CONDITIONAL_TRUE_EVENT of LAG",
            "CONDITIONAL_TRUE_EVENT(LAG(v) OVER (PARTITION BY k ORDER BY d) > 5) "
            "OVER (PARTITION BY k ORDER BY d)",
            [0, 1, 2, 0],
            _F + "conditional_true_event",
            refused=Error(2, "0A000", "a window or an aggregate within another"),
        ),
    ),
)
