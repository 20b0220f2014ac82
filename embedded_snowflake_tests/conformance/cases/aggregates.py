"""Aggregate functions and GROUP BY."""

from __future__ import annotations

from decimal import Decimal

from embedded_snowflake_tests.conformance.case import Case, Error, Group, Json, fails

_F = "sql-reference/functions/"
_T = "(SELECT column1 AS k, column2 AS v, column3 AS s FROM VALUES (1, 10, 'a'), (1, 20, 'b'), (2, 30, 'c'), (2, NULL, NULL))"
_NO = Error(2, "0A000", "Unsupported feature")
_EMPTY = "(SELECT 1 AS v WHERE FALSE)"


def _one(
    name: str, select: str, expected: object, page: str, source: str = _T, **more: object
) -> Case:
    return Case(name, f"SELECT {select} FROM {source}", page, rows=[(expected,)], **more)  # pyright: ignore[reportArgumentType]


GROUP = Group(
    "Aggregates",
    "Aggregate functions, GROUP BY with its extensions, HAVING.",
    (
        _one("COUNT(*) counts rows", "COUNT(*)", 4, _F + "count"),
        _one("COUNT of a column leaves NULL out", "COUNT(v)", 3, _F + "count"),
        _one("COUNT DISTINCT", "COUNT(DISTINCT k)", 2, _F + "count"),
        _one(
            "COUNT of several columns leaves a row with a NULL out", "COUNT(k, v)", 3, _F + "count"
        ),
        Case(
            "MAX_BY and MIN_BY of rows whose value is NULL",
            "SELECT MAX_BY(s, v), MIN_BY(s, v) FROM VALUES (NULL, 1), ('b', 2), (NULL, 3) AS t (s, v)",
            _F + "max_by",
            rows=[(None, None)],
        ),
        _one("SUM leaves NULL out", "SUM(v)", 60, _F + "sum"),
        _one("SUM of nothing is NULL", "SUM(v)", None, _F + "sum", _EMPTY),
        _one(
            "SUM keeps the scale",
            "SUM(v / 1.0::NUMBER(2,1))::NUMBER(10,1)",
            Decimal(60),
            _F + "sum",
        ),
        _one(
            "AVG is a NUMBER with six more digits",
            "AVG(v)",
            Decimal(20),
            _F + "avg",
        ),
        _one("AVG's digits", "AVG(v / 3)::VARCHAR", "6.666666666667", _F + "avg"),
        _one(
            "LISTAGG without a delimiter",
            "LISTAGG(s) WITHIN GROUP (ORDER BY s)",
            "abc",
            _F + "listagg",
        ),
        _one("AVG of DISTINCT values", "AVG(DISTINCT v)", Decimal(20), _F + "avg"),
        _one("AVG of nothing is NULL", "AVG(v)", None, _F + "avg", _EMPTY),
        Case(
            "REGR_SLOPE of one point is NULL",
            "SELECT REGR_SLOPE(y, x) FROM (SELECT 1 AS y, 2 AS x)",
            _F + "regr_slope",
            rows=[(None,)],
        ),
        Case(
            "HASH is a NUMBER with a sign",
            "SELECT COUNT(DISTINCT HASH(v)) = 100, MIN(HASH(v)) < 0, MAX(HASH(v)) > 0, "
            "HASH(1, 'a') = HASH(1, 'a') FROM (SELECT SEQ4() AS v FROM TABLE(GENERATOR(ROWCOUNT => 100)))",
            _F + "hash",
            rows=[(True, True, True, True)],
        ),
        Case(
            "VARIANCE of integers is a NUMBER",
            "SELECT VAR_POP(v)::VARCHAR, VARIANCE(v)::VARCHAR "
            "FROM (SELECT column1 AS v FROM VALUES (1), (-1), (1), (-1), (-1))",
            _F + "var_pop",
            rows=[("0.960000", "1.200000")],
        ),
        Case(
            "MEDIAN has three more digits",
            "SELECT MEDIAN(v)::VARCHAR, PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY v) "
            "FROM (SELECT column1 AS v FROM VALUES (1), (3), (10), (1))",
            _F + "median",
            rows=[("2.000", Decimal(2))],
        ),
        Case(
            "AVG in a window",
            "SELECT AVG(v) OVER (ORDER BY v ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) "
            "FROM (SELECT column1 AS v FROM VALUES (1), (2), (4)) ORDER BY 1",
            _F + "avg",
            rows=[(Decimal(1),), (Decimal("1.5"),), (Decimal(3),)],
            types=["FIXED"],
        ),
        Case(
            "AVG in a window is a NUMBER with three more digits, not rounded",
            "SELECT (AVG(v) OVER ())::VARCHAR, (AVG(v) OVER (PARTITION BY v))::VARCHAR "
            "FROM (SELECT column1 AS v FROM VALUES (1), (1), (3)) ORDER BY v LIMIT 1",
            "user-guide/functions-window-using",
            rows=[("1.666", "1.000")],
        ),
        Case(
            "AVG along an order alone has six more digits",
            "SELECT (AVG(v) OVER (ORDER BY v))::VARCHAR, (AVG(v) OVER (ORDER BY v ROWS 1 PRECEDING))::VARCHAR "
            "FROM (SELECT column1::NUMBER(9, 1) AS v FROM VALUES (0.5), (0.75), (2)) ORDER BY v",
            "sql-reference/functions-window-syntax",
            rows=[
                ("0.5000000", "0.5000"),
                ("0.6500000", "0.6500"),
                ("1.1000000", "1.4000"),
            ],
        ),
        _one("AVG of FLOAT", "AVG(v::FLOAT)", 20.0, _F + "avg"),
        _one("MIN of text", "MIN(s)", "a", _F + "min"),
        _one("MAX", "MAX(v)", 30, _F + "max"),
        _one("MEDIAN", "MEDIAN(v::FLOAT)", 20.0, _F + "median"),
        _one("MODE", "MODE(k) ", 1, _F + "mode", "(SELECT column1 AS k FROM VALUES (1), (1), (2))"),
        _one("ANY_VALUE", "ANY_VALUE(k) IN (1, 2)", True, _F + "any_value"),
        _one("COUNT_IF", "COUNT_IF(v > 15)", 2, _F + "count_if"),
        _one("COUNT_IF of no rows is 0", "COUNT_IF(v > 15)", 0, _F + "count_if", _EMPTY),
        _one(
            "COUNT leaves a JSON null out",
            "COUNT(j:a) + COUNT(DISTINCT j:a) + COUNT(PARSE_JSON('null'))",
            0,
            _F + "count",
            """(SELECT PARSE_JSON('{"a": null}') AS j)""",
        ),
        _one(
            "COUNT of a table's columns",
            "COUNT(t.*)",
            3,
            _F + "count",
            _T + " AS t",
            refused=_NO,
        ),
        _one("COUNT DISTINCT of all columns", "COUNT(DISTINCT *)", 3, _F + "count", refused=_NO),
        _one("AVG DISTINCT", "AVG(DISTINCT k)::FLOAT", 1.5, _F + "avg"),
        _one("STDDEV DISTINCT", "STDDEV(DISTINCT v)", 10.0, _F + "stddev"),
        _one("REGR_COUNT", "REGR_COUNT(k, v)", 3, _F + "regr_count"),
        fails(
            "OBJECT_AGG with a key twice",
            f"SELECT OBJECT_AGG('a', v) FROM {_T}",
            Error(part="Duplicate field key"),
            _F + "object_agg",
        ),
        _one("STDDEV is of a sample", "STDDEV(v)", 10.0, _F + "stddev"),
        # As Snowpark's reference shows it (DataFrame.agg): of NUMBERs, VAR_POP has six digits.
        _one("STDDEV_POP is VAR_POP's root", "STDDEV_POP(v)", 8.164965829689676, _F + "stddev_pop"),
        _one("STDDEV_POP of FLOAT", "STDDEV_POP(v::FLOAT)", 8.16496580927726, _F + "stddev_pop"),
        _one("STDDEV of one row is NULL", "STDDEV(v)", None, _F + "stddev", "(SELECT 1 AS v)"),
        _one("VARIANCE", "VARIANCE(v)::FLOAT", 100.0, _F + "variance"),
        _one("VAR_POP", "ROUND(VAR_POP(v)::FLOAT, 3)", 66.667, _F + "var_pop"),
        _one("CORR", "CORR(k, v)", 0.8660254037844387, _F + "corr"),
        _one("COVAR_POP", "ROUND(COVAR_POP(k, v)::FLOAT, 6)", 3.333333, _F + "covar_pop"),
        _one("REGR_SLOPE", "REGR_SLOPE(v, k)", 15.0, _F + "regr_slope"),
        _one("SKEW", "ROUND(SKEW(v), 6)", 0.0, _F + "skew"),
        _one(
            "LISTAGG in an order",
            "LISTAGG(s, '|') WITHIN GROUP (ORDER BY s DESC)",
            "c|b|a",
            _F + "listagg",
        ),
        _one("LISTAGG of nothing is an empty text", "LISTAGG(v, ',')", "", _F + "listagg", _EMPTY),
        _one(
            "LISTAGG DISTINCT",
            "LISTAGG(DISTINCT k, ',') WITHIN GROUP (ORDER BY k)",
            "1,2",
            _F + "listagg",
        ),
        _one(
            "ARRAY_AGG leaves NULL out",
            "ARRAY_AGG(v) WITHIN GROUP (ORDER BY v)",
            Json([10, 20, 30]),
            _F + "array_agg",
        ),
        _one(
            "ARRAY_AGG of nothing is an empty array",
            "ARRAY_AGG(v)",
            Json([]),
            _F + "array_agg",
            _EMPTY,
        ),
        _one(
            "ARRAY_AGG DISTINCT",
            "ARRAY_AGG(DISTINCT k) WITHIN GROUP (ORDER BY k)",
            Json([1, 2]),
            _F + "array_agg",
        ),
        _one(
            "ARRAY_UNIQUE_AGG",
            "ARRAY_SORT(ARRAY_UNIQUE_AGG(k))",
            Json([1, 2]),
            _F + "array_unique_agg",
        ),
        _one(
            "ARRAY_UNIQUE_AGG of nothing",
            "ARRAY_UNIQUE_AGG(v)",
            Json([]),
            _F + "array_unique_agg",
            _EMPTY,
        ),
        _one(
            "ARRAY_UNION_AGG keeps what one array has twice and leaves NULLs out",
            "ARRAY_SORT(ARRAY_UNION_AGG(a))",
            Json([1, 1, 2, 3]),
            _F + "array_union_agg",
            "(SELECT ARRAY_CONSTRUCT(1, 1, 2) AS a UNION ALL SELECT ARRAY_CONSTRUCT(1, NULL, 3) "
            "UNION ALL SELECT NULL)",
        ),
        _one(
            "MAX_BY of several rows, without those whose order is NULL",
            "MAX_BY(k, o, 2)",
            Json([2, 1]),
            _F + "max_by",
            "(SELECT 1 AS k, 1 AS o UNION ALL SELECT 2, 2 UNION ALL SELECT 3, NULL)",
        ),
        _one(
            "MIN_BY of several rows of which one is NULL",
            "ARRAY_SIZE(MIN_BY(k, o, 2))",
            2,
            _F + "min_by",
            "(SELECT NULL AS k, 1 AS o UNION ALL SELECT 2, 2)",
            refused=Error(2, "0A000", "of which one is NULL"),
        ),
        _one(
            "OBJECT_AGG",
            "OBJECT_AGG(s, v)",
            Json({"a": 10, "b": 20}),
            _F + "object_agg",
            f"{_T} WHERE k = 1",
        ),
        _one("MIN_BY", "MIN_BY(s, v)", "a", _F + "min_by"),
        _one("MAX_BY", "MAX_BY(s, v)", "c", _F + "max_by"),
        _one(
            "PERCENTILE_CONT",
            "PERCENTILE_CONT(0.25) WITHIN GROUP (ORDER BY v)::FLOAT",
            15.0,
            _F + "percentile_cont",
        ),
        _one(
            "PERCENTILE_DISC",
            "PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY v)",
            20,
            _F + "percentile_disc",
        ),
        _one(
            "APPROX_COUNT_DISTINCT of few",
            "APPROX_COUNT_DISTINCT(v)",
            3,
            _F + "approx_count_distinct",
        ),
        _one("BOOLAND_AGG", "BOOLAND_AGG(v > 15)", False, _F + "booland_agg"),
        _one("BOOLOR_AGG", "BOOLOR_AGG(v > 15)", True, _F + "boolor_agg"),
        _one("BITOR_AGG", "BITOR_AGG(k)", 3, _F + "bitor_agg"),
        _one("KURTOSIS needs four rows", "KURTOSIS(v)", None, _F + "kurtosis"),
        Case(
            "HASH_AGG does not mind the order",
            f"SELECT (SELECT HASH_AGG(k, v) FROM {_T}) = (SELECT HASH_AGG(k, v) FROM (SELECT * FROM {_T} ORDER BY v DESC))",
            _F + "hash_agg",
            rows=[(True,)],
        ),
        Case(
            "HASH_AGG(*)",
            f"SELECT (SELECT HASH_AGG(*) FROM {_T}) = (SELECT HASH_AGG(*) FROM (SELECT * FROM {_T} ORDER BY v DESC))",
            _F + "hash_agg",
            rows=[(True,)],
        ),
        Case(
            "HASH_AGG(*) inside an expression",
            "SELECT HASH_AGG(*) IS NOT NULL FROM (SELECT 1 AS a)",
            _F + "hash_agg",
            rows=[(True,)],
            refused=Error(part="in a subquery of its own"),
        ),
        Case(
            "GROUP BY",
            f"SELECT k, SUM(v) FROM {_T} GROUP BY k ORDER BY k",
            "sql-reference/constructs/group-by",
            rows=[(1, 30), (2, 30)],
        ),
        Case(
            "GROUP BY a position",
            f"SELECT k, COUNT(*) FROM {_T} GROUP BY 1 ORDER BY 1",
            "sql-reference/constructs/group-by",
            rows=[(1, 2), (2, 2)],
        ),
        Case(
            "GROUP BY an alias",
            f"SELECT k + 1 AS n, COUNT(*) FROM {_T} GROUP BY n ORDER BY n",
            "sql-reference/constructs/group-by",
            rows=[(2, 2), (3, 2)],
        ),
        Case(
            "GROUP BY ALL",
            f"SELECT k, SUM(v) AS total FROM {_T} GROUP BY ALL ORDER BY k",
            "sql-reference/constructs/group-by",
            rows=[(1, 30), (2, 30)],
        ),
        Case(
            "NULL is a group",
            f"SELECT v, COUNT(*) FROM {_T} WHERE v IS NULL GROUP BY v",
            "sql-reference/constructs/group-by",
            rows=[(None, 1)],
        ),
        Case(
            "HAVING",
            f"SELECT k FROM {_T} GROUP BY k HAVING COUNT(v) = 1",
            "sql-reference/constructs/having",
            rows=[(2,)],
        ),
        Case(
            "ROLLUP",
            f"SELECT k, SUM(v) FROM {_T} GROUP BY ROLLUP (k) ORDER BY k NULLS LAST",
            "sql-reference/constructs/group-by-rollup",
            rows=[(1, 30), (2, 30), (None, 60)],
        ),
        Case(
            "CUBE",
            f"SELECT k, s, COUNT(*) FROM {_T} WHERE k = 1 GROUP BY CUBE (k, s) ORDER BY k NULLS LAST, s NULLS LAST",
            "sql-reference/constructs/group-by-cube",
            rows=[
                (1, "a", 1),
                (1, "b", 1),
                (1, None, 2),
                (None, "a", 1),
                (None, "b", 1),
                (None, None, 2),
            ],
        ),
        Case(
            "GROUPING SETS",
            f"SELECT k, s, COUNT(*) FROM {_T} WHERE v < 30 GROUP BY GROUPING SETS (k, s) ORDER BY k NULLS LAST, s",
            "sql-reference/constructs/group-by-grouping-sets",
            rows=[(1, None, 2), (None, "a", 1), (None, "b", 1)],
        ),
        Case(
            "GROUPING tells the total from a NULL",
            f"SELECT GROUPING(k), SUM(v) FROM {_T} GROUP BY ROLLUP (k) ORDER BY 1, 2",
            _F + "grouping",
            rows=[(0, 30), (0, 30), (1, 60)],
        ),
        fails(
            "a column that is not grouped",
            f"SELECT k, v FROM {_T} GROUP BY k",
            Error(979, "42601", "is not a valid group by expression"),
            "sql-reference/constructs/group-by",
        ),
        Case(
            "PIVOT",
            f"SELECT * FROM (SELECT k, v FROM {_T}) PIVOT (SUM(v) FOR k IN (1, 2)) AS p (one, two)",
            "sql-reference/constructs/pivot",
            rows=[(30, 30)],
        ),
        Case(
            "PIVOT by any value",
            f"SELECT * FROM (SELECT k, v FROM {_T}) PIVOT (SUM(v) FOR k IN (ANY ORDER BY k))",
            "sql-reference/constructs/pivot",
            rows=[(30, 30)],
        ),
        Case(
            "PIVOT by any value of a WITH query, in an order, with a default",
            "WITH q AS (SELECT column1 AS k, column2 AS m, column3 AS v FROM VALUES (1, 'a', 5), (2, 'b', 6)) "
            "SELECT * FROM q PIVOT (SUM(v) FOR m IN (ANY ORDER BY m DESC) DEFAULT ON NULL (0)) ORDER BY k",
            "sql-reference/constructs/pivot",
            columns=["K", "'b'", "'a'"],
            rows=[(1, 0, 5), (2, 6, 0)],
        ),
        Case(
            "PIVOT by values of which one is NULL",
            "SELECT * FROM (SELECT column1 AS m, column2 AS v FROM VALUES ('a', 5), (NULL, 6)) "
            "PIVOT (SUM(v) FOR m IN (ANY ORDER BY m))",
            "sql-reference/constructs/pivot",
            rows=[(5, 6)],
            refused=Error(2, "0A000", "PIVOT by a query's values"),
        ),
        Case(
            "PIVOT by casts names its columns by them",
            f"SELECT * FROM (SELECT k, v FROM {_T}) PIVOT (SUM(v) FOR k IN (1 :: INT, 2 :: INT))",
            "sql-reference/constructs/pivot",
            rows=[(30, 30)],
            columns=["CAST(1 AS NUMBER(38,0))", "CAST(2 AS NUMBER(38,0))"],
        ),
        Case(
            "UNPIVOT",
            "SELECT * FROM (SELECT 1 AS id, 10 AS jan, 20 AS feb) UNPIVOT (sales FOR month IN (jan, feb)) ORDER BY sales",
            "sql-reference/constructs/unpivot",
            columns=["ID", "MONTH", "SALES"],
            rows=[(1, "JAN", 10), (1, "FEB", 20)],
        ),
        Case(
            "GROUP BY a column that is made of another's alias",
            "SELECT UPPER(k) AS u, u || '!' AS m, TO_CHAR(d, 'YYYY') AS y, y || '-' || m, COUNT(*) "
            "FROM (SELECT 'a' AS k, '2024-05-06'::DATE AS d) GROUP BY 1, 2, y, 4",
            "sql-reference/constructs/group-by",
            rows=[("A", "A!", "2024", "2024-A!", 1)],
        ),
        Case(
            "within it a column of the table comes before an alias",
            "SELECT UPPER(k) AS k, k || '!' AS m, COUNT(*) FROM (SELECT 'a' AS k) GROUP BY 1, 2",
            "sql-reference/constructs/group-by",
            rows=[("A", "a!", 1)],
        ),
        Case(
            "GROUP BY ALL beside QUALIFY",
            "SELECT k, COUNT(*) AS n FROM (SELECT 'a' AS k UNION ALL SELECT 'b' UNION ALL SELECT 'b') "
            "GROUP BY ALL QUALIFY RANK() OVER (ORDER BY n DESC) = 1",
            "sql-reference/constructs/group-by",
            rows=[("b", 2)],
        ),
        Case(
            "PIVOT by AVG",
            f"SELECT * FROM (SELECT k, v FROM {_T}) PIVOT (AVG(v) FOR k IN (1, 2, 3))",
            "sql-reference/constructs/pivot",
            rows=[(Decimal(15), Decimal(30), None)],
            types=["FIXED", "FIXED", "FIXED"],
        ),
        Case(
            "PIVOT with a default",
            f"SELECT * FROM (SELECT k, v FROM {_T}) PIVOT (SUM(v) FOR k IN (1, 3) DEFAULT ON NULL (0))",
            "sql-reference/constructs/pivot",
            rows=[(30, 0)],
        ),
        Case(
            "PIVOT by a subquery's values",
            f"SELECT * FROM (SELECT k, v FROM {_T}) PIVOT (SUM(v) FOR k IN (SELECT DISTINCT k FROM {_T}))",
            "sql-reference/constructs/pivot",
            rows=[(30, 30)],
        ),
        fails(
            "SUM of truth values",
            f"SELECT SUM(v > 10) FROM {_T}",
            Error(1044, "42P13", "Invalid argument types for function 'SUM'"),
            _F + "sum",
        ),
        fails(
            "COUNT of nothing",
            "SELECT COUNT()",
            Error(938, part="not enough arguments"),
            _F + "count",
        ),
        fails(
            "OBJECT_AGG without values",
            f"SELECT OBJECT_AGG(s) FROM {_T}",
            Error(938, part="not enough arguments"),
            _F + "object_agg",
        ),
        _one(
            "MAX_BY of several rows is an ARRAY",
            "MAX_BY(s, v, 2)",
            Json(["c", "b"]),
            _F + "max_by",
        ),
        *(
            fails(f"{name}, which is an error", f"SELECT {call} FROM {_T}", Error(part=part), page)
            for name, call, part, page in (
                ("MEDIAN of a BOOLEAN", "MEDIAN(k = 1)", "Invalid argument", _F + "median"),
                ("MEDIAN DISTINCT", "MEDIAN(DISTINCT v)", "DISTINCT", _F + "median"),
                (
                    "PERCENTILE_CONT of days",
                    "PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY '2024-01-02'::DATE)",
                    "Invalid argument",
                    _F + "percentile_cont",
                ),
                (
                    "a percentile by two",
                    "PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY v, k)",
                    "WITHIN GROUP",
                    _F + "percentile_cont",
                ),
                ("MODE of an ARRAY", "MODE(ARRAY_CONSTRUCT(v))", "ARRAY", _F + "mode"),
                ("MAX_BY of 1001 rows", "MAX_BY(s, v, 1001)", "1000", _F + "max_by"),
                ("MIN_BY of no rows", "MIN_BY(s, v, 0)", "1000", _F + "min_by"),
                (
                    "NTH_VALUE of the 1001st",
                    "NTH_VALUE(v, 1001) OVER (ORDER BY v)",
                    "1000",
                    _F + "nth_value",
                ),
                ("NVL of one", "NVL(v)", "not enough arguments", _F + "nvl"),
                ("NVL2 of two", "NVL2(v, 1)", "not enough arguments", _F + "nvl2"),
            )
        ),
        Case(
            "REGR_VALX and REGR_VALY are FLOATs",
            "SELECT REGR_VALX(1, 3), REGR_VALX(NULL, 3), REGR_VALY(2, 3), REGR_VALY(2, NULL)",
            _F + "regr_valx",
            rows=[(3.0, None, 2.0, None)],
            types=["REAL", "REAL", "REAL", "REAL"],
        ),
        Case(
            "what is grouped by, said again in HAVING, ORDER BY and OVER",
            f"SELECT v / 20 AS q, s || '-' || k, RANK() OVER (ORDER BY v / 20) FROM {_T} "
            "GROUP BY v / 20, s || '-' || k HAVING v / 20 > 0.5 AND s || '-' || k <> 'x' ORDER BY v / 20 DESC",
            "sql-reference/constructs/group-by",
            rows=[(Decimal("1.500000"), "c-2", 2), (Decimal("1.000000"), "b-1", 1)],
        ),
        Case(
            "a variance has the digits of a quotient of squares",
            "SELECT VAR_POP(n)::VARCHAR, VARIANCE(n)::VARCHAR, VAR_SAMP(DISTINCT m)::VARCHAR, "
            "ROUND(STDDEV(n) * 1e8) FROM (SELECT column1::NUMBER(8,2) AS n, column1::NUMBER(9,5) AS m "
            "FROM VALUES (1), (2), (2.5))",
            _F + "var_pop",
            rows=[("0.3888888889", "0.5833333333", "0.583333333333", 76376262.0)],
        ),
        Case(
            "a text is summed as a FLOAT",
            "SELECT SUM(s), AVG(s), SUM(s) + 1, SKEW(s) FROM (SELECT column1 AS s "
            "FROM VALUES ('1.5'), (NULL), ('2'), ('2.5'))",
            _F + "sum",
            rows=[(6.0, 2.0, 7.0, 0.0)],
            types=["REAL"] * 4,
        ),
        fails(
            "a text that is no number is not summed",
            "SELECT SUM(s) FROM (SELECT 'two' AS s)",
            Error(100038, "22018", "Numeric value 'two' is not recognized"),
            _F + "sum",
        ),
        fails(
            "AVG of a date",
            "SELECT AVG(d) FROM (SELECT '2024-02-29'::DATE AS d)",
            Error(1044, "42P13", "Invalid argument types for function 'AVG': (DATE)"),
            _F + "avg",
        ),
        fails(
            "ARRAY_AGG with its order in the argument",
            f"SELECT ARRAY_AGG(s ORDER BY v) FROM {_T}",
            Error(1003, part="ORDER"),
            _F + "array_agg",
        ),
        fails(
            "ARRAY_AGG of DISTINCT values in another's order",
            f"SELECT ARRAY_AGG(DISTINCT s) WITHIN GROUP (ORDER BY v) FROM {_T}",
            Error(part="order"),
            _F + "array_agg",
        ),
        _one(
            "COUNT of some of the columns",
            "COUNT(* EXCLUDE k)",
            3,
            _F + "count",
            refused=_NO,
        ),
        Case(
            "HASH_AGG of no rows",
            f"SELECT HASH_AGG(v), HASH_AGG(*) FROM {_EMPTY}",
            _F + "hash_agg",
            rows=[(0, 0)],
        ),
        Case(
            "HASH_AGG of DISTINCT rows",
            "SELECT HASH_AGG(DISTINCT a) = HASH_AGG(5) FROM (SELECT 5 AS a UNION ALL SELECT 5)",
            _F + "hash_agg",
            rows=[(False,)],
            refused=_NO,
        ),
    ),
)
