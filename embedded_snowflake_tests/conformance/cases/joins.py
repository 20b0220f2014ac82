"""Joins, ASOF JOIN, LATERAL, subqueries, common table expressions, set operators."""

from __future__ import annotations

from decimal import Decimal

from embedded_snowflake_tests.conformance.case import Case, Error, Group, Json, fails, value

_JOIN = "sql-reference/constructs/join"
_ASOF = "sql-reference/constructs/asof-join"
_SET = "sql-reference/operators-query"
_RANDOM = "sql-reference/functions/random"
_NO = Error(2, "0A000", "Unsupported feature")
_UNNAMED = Error(2022, "42601", "Missing column specification")

GROUP = Group(
    "Joins and set operators",
    "Every join, ASOF JOIN included, subqueries, recursive WITH, UNION, INTERSECT, EXCEPT.",
    (
        Case(
            "DISTINCT rows are ordered by what is selected, whatever its case",
            "SELECT DISTINCT UPPER(b) FROM VALUES ('x'), ('a'), ('x') AS t (b) ORDER BY UPPER(B)",
            "sql-reference/constructs/order-by",
            rows=[("A",), ("X",)],
        ),
        Case(
            "INNER JOIN",
            "SELECT l.k, r.w FROM l JOIN r ON l.k = r.k ORDER BY 1, 2",
            _JOIN,
            rows=[(1, "x"), (1, "y")],
        ),
        Case(
            "LEFT JOIN",
            "SELECT l.k, r.w FROM l LEFT JOIN r ON l.k = r.k ORDER BY 1, 2",
            _JOIN,
            rows=[(1, "x"), (1, "y"), (2, None), (None, None)],
        ),
        Case(
            "FULL JOIN",
            "SELECT l.k, r.k FROM l FULL OUTER JOIN r ON l.k = r.k ORDER BY 1, 2",
            _JOIN,
            rows=[(1, 1), (1, 1), (2, None), (None, 3), (None, None)],
        ),
        Case(
            "USING gives the column once",
            "SELECT * FROM l JOIN r USING (k) ORDER BY w",
            _JOIN,
            columns=["K", "V", "W"],
            rows=[(1, "a", "x"), (1, "a", "y")],
        ),
        Case("NATURAL JOIN", "SELECT COUNT(*) FROM l NATURAL JOIN r", _JOIN, rows=[(2,)]),
        Case("CROSS JOIN", "SELECT COUNT(*) FROM l CROSS JOIN r", _JOIN, rows=[(9,)]),
        Case(
            "a JOIN without ON, in parentheses",
            "SELECT COUNT(*) FROM ((SELECT k FROM l) a INNER JOIN (SELECT w FROM r) b)",
            _JOIN,
            rows=[(9,)],
        ),
        Case(
            "a LEFT JOIN without ON keeps what nothing joins",
            "SELECT l.k, w FROM l LEFT JOIN (SELECT w FROM r WHERE FALSE) ORDER BY 1",
            _JOIN,
            rows=[(1, None), (2, None), (None, None)],
        ),
        Case(
            "NULL joins nothing",
            "SELECT COUNT(*) FROM l a JOIN l b ON a.k = b.k",
            _JOIN,
            rows=[(2,)],
        ),
        fails(
            "an ambiguous column",
            "SELECT k FROM l JOIN r ON l.k = r.k",
            Error(1052, "42601", "ambiguous column name"),
            _JOIN,
        ),
        Case(
            "ASOF JOIN takes the closest before",
            "SELECT a.t, b.p FROM trades a ASOF JOIN quotes b MATCH_CONDITION (a.t >= b.t) ON a.s = b.s ORDER BY a.t",
            _ASOF,
            rows=[(1, None), (5, 20), (7, 30)],
        ),
        Case(
            "DUAL is one row",
            "SELECT 1 + 1, 'a' FROM DUAL",
            "sql-reference/constructs/from",
            rows=[(2, "a")],
        ),
        Case(
            "ASOF JOIN strictly before",
            "SELECT a.t, b.p FROM trades a ASOF JOIN quotes b MATCH_CONDITION (a.t > b.t) ON a.s = b.s ORDER BY a.t",
            _ASOF,
            rows=[(1, None), (5, 10), (7, 20)],
        ),
        Case(
            "ASOF JOIN takes the closest after",
            "SELECT a.t, b.p FROM trades a ASOF JOIN quotes b MATCH_CONDITION (a.t <= b.t) ON a.s = b.s ORDER BY a.t",
            _ASOF,
            rows=[(1, 10), (5, 20), (7, 30)],
        ),
        Case(
            "ASOF JOIN without ON",
            "SELECT a.t, b.p FROM trades a ASOF JOIN quotes b MATCH_CONDITION (a.t >= b.t) WHERE a.t > 1 ORDER BY a.t",
            _ASOF,
            rows=[(5, 20), (7, 30)],
        ),
        Case(
            "LATERAL sees the row beside it",
            "SELECT l.k, x.n FROM l, LATERAL (SELECT COUNT(*) AS n FROM r WHERE r.k = l.k) x ORDER BY l.k",
            "sql-reference/constructs/join-lateral",
            rows=[(1, 2), (2, 0), (None, 0)],
        ),
        Case(
            "EXISTS",
            "SELECT k FROM l WHERE EXISTS (SELECT 1 FROM r WHERE r.k = l.k)",
            "sql-reference/operators-subquery",
            rows=[(1,)],
        ),
        Case(
            "IN a subquery",
            "SELECT k FROM l WHERE k IN (SELECT k FROM r)",
            "sql-reference/functions/in",
            rows=[(1,)],
        ),
        Case(
            "a scalar subquery",
            "SELECT (SELECT MAX(k) FROM r)",
            "user-guide/querying-subqueries",
            rows=[(3,)],
        ),
        fails(
            "a scalar subquery with two rows",
            "SELECT (SELECT w FROM r)",
            Error(100090, "22000", "Single-row subquery returns more than one row"),
            "user-guide/querying-subqueries",
        ),
        Case(
            "WITH",
            "WITH a AS (SELECT 1 AS n), b AS (SELECT n + 1 AS n FROM a) SELECT n FROM b",
            "sql-reference/constructs/with",
            rows=[(2,)],
        ),
        Case(
            "WITH RECURSIVE",
            "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 4) SELECT SUM(n) FROM c",
            "sql-reference/constructs/with",
            rows=[(10,)],
        ),
        Case(
            "UNION leaves doubles out",
            "SELECT 1 AS a UNION SELECT 1 UNION SELECT 2 ORDER BY a",
            _SET,
            rows=[(1,), (2,)],
        ),
        Case("UNION ALL keeps them", "SELECT 1 AS a UNION ALL SELECT 1", _SET, rows=[(1,), (1,)]),
        Case("INTERSECT", "SELECT k FROM l INTERSECT SELECT k FROM r", _SET, rows=[(1,)]),
        Case(
            "MINUS", "SELECT k FROM l WHERE k IS NOT NULL MINUS SELECT k FROM r", _SET, rows=[(2,)]
        ),
        Case("EXCEPT takes NULLs for equal", "SELECT NULL AS a EXCEPT SELECT NULL", _SET, rows=[]),
        Case(
            "INTERSECT binds tighter",
            "SELECT 1 AS a UNION ALL SELECT 2 INTERSECT SELECT 3",
            _SET,
            rows=[(1,)],
        ),
        fails(
            "a union of unequal widths", "SELECT 1 UNION SELECT 1, 2", Error(part="number of"), _SET
        ),
        Case(
            "LIMIT and OFFSET",
            "SELECT column1 FROM VALUES (1), (2), (3) ORDER BY 1 LIMIT 1 OFFSET 1",
            "sql-reference/constructs/limit",
            rows=[(2,)],
        ),
        Case(
            "FETCH",
            "SELECT column1 FROM VALUES (1), (2), (3) ORDER BY 1 FETCH FIRST 2 ROWS ONLY",
            "sql-reference/constructs/limit",
            rows=[(1,), (2,)],
        ),
        Case(
            "TOP",
            "SELECT TOP 2 column1 FROM VALUES (3), (1), (2) ORDER BY 1",
            "sql-reference/constructs/top_n",
            rows=[(1,), (2,)],
        ),
        Case(
            "DISTINCT",
            "SELECT DISTINCT column1 FROM VALUES (1), (1), (NULL), (NULL) ORDER BY 1",
            "sql-reference/sql/select",
            rows=[(1,), (None,)],
        ),
        Case(
            "SELECT * EXCLUDE",
            "SELECT * EXCLUDE (v) FROM l WHERE k = 1",
            "sql-reference/sql/select",
            columns=["K"],
            rows=[(1,)],
        ),
        Case(
            "SELECT * RENAME",
            "SELECT * RENAME (v AS u) FROM l WHERE k = 1",
            "sql-reference/sql/select",
            columns=["K", "U"],
            rows=[(1, "a")],
        ),
        Case(
            "SELECT * REPLACE",
            "SELECT * REPLACE (k + 1 AS k) FROM l WHERE k = 1",
            "sql-reference/sql/select",
            columns=["K", "V"],
            rows=[(2, "a")],
        ),
        Case(
            "SELECT * ILIKE",
            "SELECT * ILIKE '%v%' FROM l WHERE k = 1",
            "sql-reference/sql/select",
            columns=["V"],
            rows=[("a",)],
        ),
        Case(
            "an alias used beside its definition",
            "SELECT 1 AS a, a + 1 AS b",
            "sql-reference/sql/select",
            rows=[(1, 2)],
        ),
        Case(
            "an alias in WHERE",
            "SELECT k + 1 AS n FROM l WHERE n = 2",
            "sql-reference/constructs/where",
            rows=[(2,)],
        ),
        Case(
            "VALUES names its columns",
            "SELECT * FROM VALUES (1, 'a')",
            "sql-reference/constructs/values",
            columns=["COLUMN1", "COLUMN2"],
            rows=[(1, "a")],
        ),
        Case(
            "columns by position",
            "SELECT $2 FROM VALUES (1, 'a')",
            "sql-reference/constructs/values",
            rows=[("a",)],
        ),
        Case(
            "GENERATOR",
            "SELECT COUNT(*) FROM TABLE(GENERATOR(ROWCOUNT => 7))",
            "sql-reference/functions/generator",
            rows=[(7,)],
        ),
        value(
            "ROW_NUMBER in the order of a sequence",
            "MAX(n) FROM (SELECT ROW_NUMBER() OVER (ORDER BY SEQ8()) AS n FROM TABLE(GENERATOR(ROWCOUNT => 5)))",
            5,
            "sql-reference/functions/seq1",
        ),
        Case(
            "SEQ4 counts from zero",
            "SELECT MIN(s), MAX(s) FROM (SELECT SEQ4() AS s FROM TABLE(GENERATOR(ROWCOUNT => 5)))",
            "sql-reference/functions/seq1",
            rows=[(0, 4)],
        ),
        Case(
            "a column without an alias is named by its text",
            """SELECT sum( k ), TO_CHAR('2024-01-02'::date, 'YYYY'), nvl(max(k),0)+1, "K" + 1, [1] FROM l GROUP BY k LIMIT 0""",
            "sql-reference/sql/select",
            rows=[],
            columns=[
                "SUM( K )",
                "TO_CHAR('2024-01-02'::DATE, 'YYYY')",
                "NVL(MAX(K),0)+1",
                '"K" + 1',
                "[1]",
            ],
        ),
        Case(
            "a subquery's column without an alias has a name too",
            'SELECT "COUNT(*)", * FROM (SELECT count(*), max(k)+1 FROM l)',
            "sql-reference/sql/select",
            rows=[(3, 3, 3)],
            columns=["COUNT(*)", "COUNT(*)", "MAX(K)+1"],
        ),
        fails(
            "a table of a column without a name",
            "CREATE TABLE unnamed AS (SELECT k + 1 FROM l)",
            _UNNAMED,
            "sql-reference/sql/create-table",
        ),
        fails(
            "a view of a column without a name",
            "CREATE VIEW unnamed AS SELECT k, COUNT(*) FROM l GROUP BY k",
            _UNNAMED,
            "sql-reference/sql/create-view",
        ),
        Case(
            "RANDOM in a subquery is a number of 64 bits",
            """SELECT MIN(r) < -4611686018427387904, MAX(r) > 4611686018427387904, COUNT_IF(r = q)
            FROM (SELECT RANDOM() AS r, RANDOM(7) AS q FROM TABLE(GENERATOR(ROWCOUNT => 1000)))""",
            _RANDOM,
            rows=[(True, True, 0)],
        ),
        Case(
            "RANDOM with a seed draws every row anew",
            """WITH d AS (SELECT UNIFORM(0::FLOAT, 1::FLOAT, RANDOM(42)) AS u FROM l)
            SELECT COUNT(DISTINCT u) FROM d WHERE u BETWEEN 0 AND 1""",
            _RANDOM,
            rows=[(3,)],
        ),
        Case(
            "RANDOM of a seed below zero",
            "SELECT RANDOM(-42) = RANDOM(-43)",
            _RANDOM,
            rows=[(False,)],
        ),
        Case(
            "RANDOM of a seed twice is the same number",
            "SELECT RANDOM(42) = RANDOM(42)",
            _RANDOM,
            rows=[(True,)],
            refused=_NO,
        ),
        Case(
            "rows numbered at random",
            "SELECT COUNT(*) FROM (SELECT ROW_NUMBER() OVER (ORDER BY RANDOM(42)) AS n FROM l)",
            _RANDOM,
            rows=[(3,)],
            refused=_NO,
        ),
        Case(
            "texts at random",
            "SELECT LENGTH(RANDSTR(5, RANDOM()))",
            "sql-reference/functions/randstr",
            rows=[(5,)],
            refused=_NO,
        ),
        fails(
            "a table of two columns of one name",
            "CREATE TABLE doubled AS SELECT * FROM l JOIN r ON l.k = r.k",
            Error(2025, "42S21", "duplicate column name 'K'"),
            "sql-reference/sql/create-table",
        ),
        fails(
            "a view of two columns of one name",
            "CREATE VIEW doubled AS SELECT * FROM l JOIN r ON l.k = r.k",
            Error(2025, "42S21", "duplicate column name 'K'"),
            "sql-reference/sql/create-view",
        ),
        fails(
            "a column that a subquery has twice",
            "SELECT k FROM (SELECT l.k, r.k FROM l JOIN r ON l.k = r.k)",
            Error(1052, "42601", "ambiguous column name 'K'"),
            "sql-reference/sql/select",
        ),
        fails(
            "a column that a common table expression has twice",
            "WITH d AS (SELECT l.k, r.k FROM l JOIN r ON l.k = r.k) SELECT d.k FROM d",
            Error(1052, "42601", "ambiguous column name 'K'"),
            "sql-reference/sql/select",
        ),
        Case(
            "a column of NULL is a text",
            ("CREATE OR REPLACE TABLE nulls AS SELECT NULL AS a, 1 AS b", "DESC TABLE nulls"),
            "sql-reference/sql/create-table",
            only=("name", "type"),
            rows=[("A", "VARCHAR(16777216)"), ("B", "NUMBER(38,0)")],
        ),
        Case(
            "columns of VALUES under an alias",
            "SELECT x.column1, x.$2 FROM VALUES (1, 'a'), (2, 'b') x",
            "sql-reference/constructs/values",
            rows=[(1, "a"), (2, "b")],
        ),
        Case(
            "LEFT JOIN LATERAL FLATTEN without ON keeps rows without a value",
            """SELECT k, f.value::INT FROM (SELECT 1 AS k, PARSE_JSON('[7]') AS j UNION ALL SELECT 2, NULL)
            LEFT JOIN LATERAL FLATTEN(j) f ORDER BY k""",
            "sql-reference/constructs/join-lateral",
            rows=[(1, 7), (2, None)],
        ),
        fails(
            "DISTINCT rows ordered by a column that they have not",
            "SELECT DISTINCT k FROM l ORDER BY v",
            Error(part="not a valid order by expression"),
            "sql-reference/constructs/order-by",
        ),
        Case(
            "ORDER BY ALL of several columns, a VARIANT by its value, from the largest",
            "SELECT * FROM (SELECT column1 AS a, PARSE_JSON(column2) AS v FROM VALUES "
            "(1, '9'), (1, '10'), (2, '1'), (NULL, '1')) ORDER BY ALL DESC NULLS LAST",
            "sql-reference/constructs/order-by",
            rows=[(2, Json(1)), (1, Json(10)), (1, Json(9)), (None, Json(1))],
        ),
        Case(
            "ORDER BY the place of a VARIANT, by its value",
            "SELECT PARSE_JSON(column1) AS v FROM VALUES ('10'), ('9'), (NULL) ORDER BY 1",
            "sql-reference/constructs/order-by",
            rows=[(Json(9),), (Json(10),), (None,)],
        ),
        Case(
            "ORDER BY ALL of columns that are not known",
            (
                "SELECT 1 AS a, 2 AS b",
                "SELECT * FROM TABLE(RESULT_SCAN(LAST_QUERY_ID())) ORDER BY ALL",
            ),
            "sql-reference/constructs/order-by",
            rows=[(1, 2)],
            refused=_NO,
        ),
        Case(
            "ORDER BY ALL",
            "SELECT k FROM l ORDER BY ALL",
            "sql-reference/constructs/order-by",
            rows=[(1,), (2,), (None,)],
        ),
        Case(
            "UNION BY NAME of columns in another order",
            "SELECT k, v FROM l WHERE k = 1 UNION BY NAME SELECT w AS v, k FROM r WHERE k = 3 ORDER BY k",
            "sql-reference/operators-query",
            rows=[(1, "a"), (3, "z")],
        ),
        Case(
            "conversions within a subquery in LATERAL",
            "SELECT a.k, b.q, b.t FROM l a, LATERAL (SELECT MAX(k) / 3 AS q, "
            "MAX('2024-01-01'::TIMESTAMP) || '' AS t FROM r WHERE r.k = a.k) b WHERE a.k = 1",
            "sql-reference/constructs/join-lateral",
            rows=[(1, Decimal("0.333333"), "2024-01-01 00:00:00.000")],
        ),
        Case(
            "conversions of the columns of a subquery in LATERAL, and of rows beside it",
            "SELECT b.q / 2, a.k / 3, b.t || '!' FROM l a JOIN LATERAL (SELECT a.k / 3 AS q, "
            "ANY_VALUE(TO_VARIANT('x')) AS t FROM r WHERE r.k = a.k) b WHERE a.k = 1",
            "sql-reference/constructs/join-lateral",
            rows=[(Decimal("0.166666500000"), Decimal("0.333333"), "x!")],
        ),
        Case(
            "a recursive WITH without the word",
            "WITH c AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM c WHERE n < 3) "
            "SELECT n FROM c ORDER BY n",
            "sql-reference/constructs/with",
            rows=[(1,), (2,), (3,)],
        ),
        Case(
            "SAMPLE ROW with a seed",
            "SELECT COUNT(*) FROM l SAMPLE ROW (100) REPEATABLE (5)",
            "sql-reference/constructs/sample",
            rows=[(3,)],
        ),
        Case(
            "SAMPLE of all",
            "SELECT COUNT(*) FROM l SAMPLE (100)",
            "sql-reference/constructs/sample",
            rows=[(3,)],
        ),
        Case(
            "an alias of a scalar subquery within other columns",
            "SELECT (SELECT MAX(k) FROM l) AS m, m + 1 AS n, n * 2 AS o, m FROM l WHERE k = 1",
            "sql-reference/sql/select",
            rows=[(2, 3, 6, 2)],
            columns=["M", "N", "O", "M"],
        ),
        Case(
            "a scalar subquery's alias where rows are grouped",
            "SELECT v, (SELECT MAX(k) FROM l) AS m, SUM(k) + m FROM l WHERE k = 1 GROUP BY v",
            "sql-reference/sql/select",
            rows=[("a", 2, 3)],
        ),
        fails(
            "a recursive WITH by UNION without ALL",
            "WITH RECURSIVE c (n) AS (SELECT 1 UNION SELECT n + 1 FROM c WHERE n < 3) SELECT n FROM c",
            Error(1003, "42000"),
            "sql-reference/constructs/with",
        ),
        Case(
            "a place among the columns of VALUES",
            "SELECT $2, t.$1 FROM VALUES (1, 'a') AS t (x, y)",
            "sql-reference/constructs/values",
            rows=[("a", 1)],
        ),
        Case(
            "a place among a table's columns",
            "SELECT $1 FROM l WHERE k = 1",
            "sql-reference/constructs/values",
            rows=[(1,)],
            refused=Error(2, "0A000", "name the column"),
        ),
        fails(
            "fewer names than columns in a WITH",
            "WITH c (a) AS (SELECT 1, 2) SELECT a FROM c",
            Error(part="column"),
            "sql-reference/constructs/with",
        ),
        fails(
            "more names than columns in a WITH",
            "WITH c (a, b) AS (SELECT 1) SELECT a FROM c",
            Error(part="column"),
            "sql-reference/constructs/with",
        ),
        Case(
            "SAMPLE of so many rows",
            "SELECT COUNT(*) FROM l SAMPLE (2 ROWS)",
            "sql-reference/constructs/sample",
            rows=[(2,)],
        ),
        fails(
            "EXCEPT ALL",
            "SELECT 1 EXCEPT ALL SELECT 2",
            Error(1003, "42000", "ALL"),
            "sql-reference/operators-query",
        ),
        fails(
            "IN of a query with two columns",
            "SELECT k FROM l WHERE k IN (SELECT k, k FROM r)",
            Error(part="SQL compilation error"),
            "sql-reference/operators-subquery",
        ),
        value(
            "ZIPF of RANDOM",
            "ZIPF(1, 1, RANDOM())",
            1,
            "sql-reference/functions/zipf",
            refused=Error(2, "0A000", "ZIPF"),
        ),
        Case(
            "a table that a text names",
            "SELECT x.k FROM TABLE('l') AS x JOIN TABLE($$r$$) AS y ON x.k = y.k WHERE y.w = 'x'",
            "sql-reference/literals-table",
            rows=[(1,)],
        ),
        Case(
            "SPLIT_TO_TABLE leaves a NULL's row out",
            "SELECT a.k, p.value FROM (SELECT 1 AS k, 'x-y' AS s UNION ALL SELECT 2, NULL) AS a "
            "LEFT JOIN LATERAL SPLIT_TO_TABLE(a.s, '-') AS p ORDER BY p.index",
            "sql-reference/functions/split_to_table",
            rows=[(1, "x"), (1, "y")],
        ),
        fails(
            "ASOF JOIN whose match names the right table first",
            "SELECT * FROM l ASOF JOIN r MATCH_CONDITION (r.k <= l.k)",
            Error(),
            _ASOF,
        ),
        fails(
            "ASOF JOIN ON one or the other",
            "SELECT * FROM l ASOF JOIN r MATCH_CONDITION (l.k >= r.k) ON l.v = r.w OR l.k = r.k",
            Error(),
            _ASOF,
        ),
        fails(
            "ASOF JOIN without a match", "SELECT * FROM l ASOF JOIN r ON l.k = r.k", Error(), _ASOF
        ),
        Case(
            "USING of a column that only one table has",
            "SELECT * FROM l JOIN r USING (v)",
            _JOIN,
            error=Error(904, "42000", "invalid identifier 'V'"),
        ),
        fails(
            "a table function of the rows beside it ON a condition",
            "SELECT * FROM l LEFT JOIN TABLE(FLATTEN(INPUT => ARRAY_CONSTRUCT(l.k))) f ON f.index = 0",
            Error(2, "0A000", "lateral table function"),
            _JOIN,
        ),
        fails(
            "SELECT INTO outside of a block",
            "SELECT k INTO x FROM l",
            Error(),
            "sql-reference/constructs/into",
        ),
        Case(
            "LIMIT and OFFSET of empty texts are none",
            "SELECT column1 FROM VALUES (1), (2) ORDER BY 1 LIMIT '' OFFSET $$$$",
            "sql-reference/constructs/limit",
            rows=[(1,), (2,)],
            refused=Error(),
        ),
        fails(
            "LIMIT of a fraction",
            "SELECT k FROM l LIMIT 1.5",
            Error(),
            "sql-reference/constructs/limit",
        ),
        fails(
            "LIMIT of an expression",
            "SELECT k FROM l LIMIT 1 + 1",
            Error(),
            "sql-reference/constructs/limit",
        ),
        fails(
            "so many rows drawn with a seed",
            "SELECT * FROM l SAMPLE (2 ROWS) SEED (7)",
            Error(),
            "sql-reference/constructs/sample",
        ),
        fails(
            "an aggregate in the repeated query of a recursive WITH",
            "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT MIN(n) + 1 FROM c WHERE n < 3) "
            "SELECT * FROM c",
            Error(),
            "sql-reference/constructs/with",
        ),
        fails(
            "DISTINCT in the repeated query of a recursive WITH",
            "WITH c (n) AS (SELECT 1 UNION ALL SELECT DISTINCT n + 1 FROM c WHERE n < 3) "
            "SELECT * FROM c",
            Error(),
            "sql-reference/constructs/with",
        ),
        fails(
            "* ILIKE of no column",
            "SELECT * ILIKE 'no such' FROM l",
            Error(1080, "42601", "SELECT with no columns"),
            "sql-reference/sql/select",
        ),
        Case(
            "* REPLACE in a join",
            "SELECT * REPLACE (0 AS v) FROM l CROSS JOIN r WHERE l.k = 2 AND r.k = 3",
            "sql-reference/sql/select",
            rows=[(2, 0, 3, "z")],
            refused=Error(2, "0A000"),
        ),
        Case(
            "* ILIKE and RENAME",
            "SELECT * ILIKE 'k' RENAME k AS key FROM l WHERE k = 2",
            "sql-reference/sql/select",
            columns=["KEY"],
            rows=[(2,)],
            refused=Error(),
        ),
        Case(
            "ORDER BY a constant text",
            "SELECT COUNT(*) FROM l ORDER BY 'k'",
            "sql-reference/constructs/order-by",
            rows=[(3,)],
        ),
    ),
    setup=(
        "CREATE TABLE l AS SELECT column1 AS k, column2 AS v FROM VALUES (1, 'a'), (2, 'b'), (NULL, 'c')",
        "CREATE TABLE r AS SELECT column1 AS k, column2 AS w FROM VALUES (1, 'x'), (1, 'y'), (3, 'z')",
        "CREATE TABLE trades AS SELECT column1 AS s, column2 AS t FROM VALUES ('A', 1), ('A', 5), ('A', 7)",
        "CREATE TABLE quotes AS SELECT column1 AS s, column2 AS t, column3 AS p FROM VALUES ('A', 3, 10), ('A', 5, 20), ('A', 7, 30)",
    ),
)
