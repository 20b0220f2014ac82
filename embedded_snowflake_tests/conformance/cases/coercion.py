"""Conversions that nobody wrote: where types meet in operators, functions and assignments."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from embedded_snowflake_tests.conformance.case import Case, Error, Group, fails

_CONVERSION = "sql-reference/data-type-conversion"
_VARIANTS = "user-guide/querying-semistructured"
_F = "sql-reference/functions/"
_TABLE = (
    "CREATE TABLE t (k INT, s TEXT, v VARIANT, f FLOAT, p NUMBER(12,2), q NUMBER(20,8), "
    "ts TIMESTAMP, d DATE)",
    'INSERT INTO t SELECT 1, \'1.4\', PARSE_JSON(\'{"n":"b","a":9,"f":1.5,"z":null}\'), 2.0, 1.01, '
    "1.00000001, '2024-01-01', '2024-01-31'",
    'INSERT INTO t SELECT 2, \'2\', PARSE_JSON(\'{"n":"c","a":10,"f":2,"z":null}\'), 2.5, 1.02, '
    "2.12345678, '2024-01-02 03:04:05.123456', '2024-02-29'",
)


def _of_table(name: str, shown: str, rows: list[tuple[object, ...]], page: str) -> Case:
    """A query of the table, in the order of its key unless it says otherwise."""
    query = shown if "ORDER BY" in shown or "FROM t" in shown else f"{shown} FROM t ORDER BY k"
    return Case(name, (*_TABLE, f"SELECT {query}"), page, rows=rows)


def _stored(name: str, statement: str, rows: list[tuple[object, ...]], page: str) -> Case:
    """What a statement leaves in a table of an integer, a text and a day."""
    made = "CREATE TABLE u (i INT, x TEXT, b BINARY)"
    return Case(name, (*_TABLE, made, statement, "SELECT * FROM u ORDER BY i, x"), page, rows=rows)


GROUP = Group(
    "Conversions that nobody wrote",
    "Types that meet in operators, text functions, comparisons, set operators and assignments.",
    (
        _of_table(
            "a VARIANT in || and CONCAT is its text, without quotes",
            "v:n || 'x', CONCAT(v:n, '-', v:a)",
            [("bx", "b-9"), ("cx", "c-10")],
            _VARIANTS,
        ),
        _of_table(
            "a VARIANT in text functions is its text",
            "LENGTH(v:n), SUBSTR(v:n, 1, 1), REPLACE(v:n, 'b', 'c'), MD5(v:n) = MD5('b'), v:n LIKE 'b%'",
            [(1, "b", "c", True, True), (1, "c", "c", False, False)],
            _VARIANTS,
        ),
        Case(
            "LISTAGG of FLATTEN's values",
            "SELECT LISTAGG(f.value, '|') WITHIN GROUP (ORDER BY f.value), MAX(UPPER(f.value)) "
            "FROM TABLE(FLATTEN(SPLIT('b,a', ','))) f",
            _F + "listagg",
            rows=[("a|b", "B")],
        ),
        _of_table(
            "LISTAGG of DISTINCT numbers in their order",
            "LISTAGG(DISTINCT k + 8, ',') WITHIN GROUP (ORDER BY k + 8) FROM t",
            [("9,10",)],
            _F + "listagg",
        ),
        _of_table(
            "a VARIANT keeps its fraction beside an integer",
            "v:f = 2, v:f IN (2), v:f BETWEEN 2 AND 3, v:f > 1 AND v:f < 2, v:a > 9.5",
            [(False, False, False, True, False), (True, True, True, False, True)],
            _VARIANTS,
        ),
        _of_table(
            "a VARIANT beside a text, in = and in CASE",
            "v:n = 'b', CASE v:n WHEN 'b' THEN 1 ELSE 0 END",
            [(True, 1), (False, 0)],
            _VARIANTS,
        ),
        Case(
            "VARIANTs are compared by value",
            "SELECT PARSE_JSON('10') > PARSE_JSON('9'), PARSE_JSON('1') = PARSE_JSON('1.0')",
            _VARIANTS,
            rows=[(True, True)],
        ),
        _of_table(
            "MAX, MIN and MAX_BY of a VARIANT",
            "MAX(v:a)::INT, MIN(v:a)::INT, MAX_BY(k, v:a), MAX(v:z) FROM t",
            [(10, 9, 2, None)],
            _F + "max",
        ),
        _of_table("ORDER BY a VARIANT", "k FROM t ORDER BY v:a DESC", [(2,), (1,)], _VARIANTS),
        _of_table(
            "a window's order by a VARIANT",
            "k, RANK() OVER (ORDER BY v:a DESC) FROM t ORDER BY k",
            [(1, 2), (2, 1)],
            _VARIANTS,
        ),
        _of_table(
            "NVL of a VARIANT and a text",
            "NVL(v:missing, 'none')::TEXT",
            [("none",), ("none",)],
            _F + "nvl",
        ),
        _of_table(
            "a FLOAT in a text is as TO_VARCHAR writes it",
            "f || 'x', CONCAT_WS('-', f * 2, k), LENGTH(f)",
            [("2x", "4-1", 1), ("2.5x", "5-2", 3)],
            _CONVERSION,
        ),
        Case(
            "a FLOAT of VALUES in a text, by its place and by its name",
            "SELECT $1 || 'x', column1 || 'y' FROM VALUES (2.0::FLOAT)",
            "sql-reference/constructs/values",
            rows=[("2x", "2y")],
        ),
        _of_table(
            "a TIMESTAMP in a text has milliseconds",
            "ts || '', LENGTH(ts)",
            [("2024-01-01 00:00:00.000", 23), ("2024-01-02 03:04:05.123", 23)],
            _CONVERSION,
        ),
        _of_table(
            "numbers and days in text functions",
            "LPAD(k, 3, '0'), LEFT(p, 2), SPLIT_PART(p, '.', 2), d LIKE '2024-01%', SUBSTR(d, 1, 4)",
            [("001", "1.", "01", True, "2024"), ("002", "1.", "02", False, "2024")],
            _CONVERSION,
        ),
        _of_table(
            "FLOOR and CEIL of an integer are integers",
            "CONCAT('bucket_', FLOOR(k)), CEIL(k)",
            [("bucket_1", 1), ("bucket_2", 2)],
            _F + "floor",
        ),
        _of_table(
            "a text beside an integer is not rounded",
            "s = k, s IN (1, 2), k = '1.4', s > 1",
            [(False, False, False, True), (True, True, False, True)],
            _CONVERSION,
        ),
        _of_table(
            "a join of a text and an integer",
            "a.k FROM t a JOIN t b ON a.s = b.k",
            [(2,)],
            _CONVERSION,
        ),
        _of_table(
            "IN and NOT IN of a query's values",
            "s IN (SELECT k FROM t), v:n IN (SELECT 'b'), s NOT IN (SELECT s FROM t), k NOT IN (SELECT 2) FROM t ORDER BY k",
            [(False, True, False, True), (True, False, False, False)],
            _CONVERSION,
        ),
        _of_table(
            "NULLIF, DECODE and EQUAL_NULL of a VARIANT and a text",
            "NULLIF(v:n, 'b')::TEXT, DECODE(v:n, 'b', 1, 2), EQUAL_NULL(v:n, 'b'), v:n IS DISTINCT FROM 'b'",
            [(None, 1, True, False), ("c", 2, False, True)],
            _VARIANTS,
        ),
        _of_table(
            "a moment in an OBJECT is as TO_VARCHAR writes it",
            "OBJECT_CONSTRUCT('at', ts):at::TEXT, ARRAY_CONSTRUCT(ts)[0]::TEXT, TO_VARIANT(ts)::TEXT",
            [("2024-01-01 00:00:00.000",) * 3, ("2024-01-02 03:04:05.123",) * 3],
            _CONVERSION,
        ),
        fails(
            "TRY_CAST of a VARIANT",
            "SELECT TRY_CAST(PARSE_JSON('1') AS INT)",
            Error(1065, "22023"),
            _F + "try_cast",
        ),
        fails(
            "TRY_CAST of a number",
            "SELECT TRY_CAST(1.5 AS INT)",
            Error(1065, "22023"),
            _F + "try_cast",
        ),
        _of_table(
            "COALESCE of a number and a column of texts",
            "COALESCE(NULLIF(k, 1), s)",
            [(Decimal("1.4"),), (Decimal(2),)],
            _F + "coalesce",
        ),
        Case(
            "NVL of a text has five digits behind the point, and those of the number before it",
            "SELECT NVL(s, 1)::VARCHAR, NVL(i, s)::VARCHAR FROM "
            "(SELECT column1::INT AS i, column2 AS s FROM VALUES (123456789012345, '2.1234567'))",
            _F + "nvl",
            rows=[("2.12346", "123456789012345.00000")],
        ),
        Case(
            "arithmetic on a VARIANT",
            "SELECT (PARSE_JSON('1.5') + 1)::FLOAT",
            _VARIANTS,
            rows=[(2.5,)],
            refused=Error(2, "0A000", "arithmetic on a VARIANT"),
        ),
        _of_table(
            "a text where a moment is asked for",
            "YEAR(d || ''), DATEDIFF(DAY, d || '', d), DATE_TRUNC(MONTH, d || ''), LAST_DAY(d || '')",
            [
                (2024, 0, dt.datetime(2024, 1, 1), dt.date(2024, 1, 31)),
                (2024, 0, dt.datetime(2024, 2, 1), dt.date(2024, 2, 29)),
            ],
            _CONVERSION,
        ),
        Case(
            "the names of a text's day and month, and its weeks",
            "SELECT DAYNAME(d), MONTHNAME(d), WEEKISO(d), DAYOFWEEKISO(d), YEAROFWEEKISO(d) "
            "FROM (SELECT '2024-01-05' AS d)",
            _CONVERSION,
            rows=[("Fri", "Jan", 1, 5, 2024)],
        ),
        fails(
            "a text that is no number beside one",
            "SELECT 1 = 'a'",
            Error(100038, "22018", "Numeric value 'a' is not recognized"),
            _CONVERSION,
        ),
        _of_table(
            "COALESCE of an integer and a text that is a number",
            "COALESCE(NULLIF(k, 1), '0.5')",
            [(Decimal("0.5"),), (Decimal(2),)],
            _F + "coalesce",
        ),
        fails(
            "a set operator of a number and a text",
            "SELECT 1 UNION ALL SELECT 'a'",
            Error(100038, "22018", "Numeric value 'a' is not recognized"),
            "sql-reference/operators-query",
        ),
        Case(
            "a set operator of a day and a text",
            "SELECT '2024-01-05'::DATE AS d UNION ALL SELECT '2024-01-06' ORDER BY d",
            "sql-reference/operators-query",
            rows=[(dt.date(2024, 1, 5),), (dt.date(2024, 1, 6),)],
        ),
        _of_table(
            "days and more added to a DATE are a DATE",
            "DATEADD(DAY, 1, d), DATEADD(WEEK, 1, d), DATEADD(QUARTER, 1, d), ADD_MONTHS(d, 1)",
            [
                (
                    dt.date(2024, 2, 1),
                    dt.date(2024, 2, 7),
                    dt.date(2024, 4, 30),
                    dt.date(2024, 2, 29),
                ),
                (
                    dt.date(2024, 3, 1),
                    dt.date(2024, 3, 7),
                    dt.date(2024, 5, 29),
                    dt.date(2024, 3, 31),
                ),
            ],
            _F + "dateadd",
        ),
        _of_table(
            "hours added to a DATE are a TIMESTAMP",
            "DATEADD(HOUR, 1, d)",
            [(dt.datetime(2024, 1, 31, 1),), (dt.datetime(2024, 2, 29, 1),)],
            _F + "dateadd",
        ),
        _of_table(
            "a product of NUMBERs has the digits of the longer side, or 12",
            "q * q, p * p",
            [
                (Decimal("1.000000020000"), Decimal("1.0201")),
                (Decimal("4.509068696528"), Decimal("1.0404")),
            ],
            "sql-reference/operators-arithmetic",
        ),
        _of_table(
            "between two NUMBERs lies one with more digits",
            "PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY p), MEDIAN(p), APPROX_PERCENTILE(k, 0.5) FROM t",
            [(Decimal("1.015"), Decimal("1.015"), 1.5)],
            _F + "percentile_cont",
        ),
        _stored(
            "half a FLOAT into an integer column goes away from zero",
            "INSERT INTO u(i) SELECT f FROM t",
            [(2, None, None), (3, None, None)],
            _CONVERSION,
        ),
        _stored(
            "a FLOAT and a VARIANT into a text column",
            "INSERT INTO u(x, i) SELECT IFF(k = 1, f::VARIANT, v:n), f FROM t",
            [(2, "2", None), (3, "c", None)],
            _CONVERSION,
        ),
        _stored(
            "VALUES with a FLOAT and a TIMESTAMP",
            "INSERT INTO u(i, x) VALUES (2.5::FLOAT, '2024-01-01'::TIMESTAMP)",
            [(3, "2024-01-01 00:00:00.000", None)],
            _CONVERSION,
        ),
        _stored(
            "hexadecimal digits into a BINARY column",
            "INSERT INTO u(b) SELECT '6162'",
            [(None, None, b"ab")],
            _F + "to_binary",
        ),
        _stored(
            "a BINARY into a column of texts",
            "INSERT INTO u(x) SELECT TO_BINARY('ab', 'HEX')",
            [(None, "AB", None)],
            _CONVERSION,
        ),
        Case(
            "hexadecimal digits beside a BINARY",
            "SELECT TO_BINARY('AB', 'HEX') UNION ALL SELECT '61' ORDER BY 1",
            "sql-reference/operators-query",
            rows=[(b"a",), (b"\xab",)],
        ),
        fails(
            "CREATE TABLE .. AS with a text for a VARIANT",
            "CREATE TABLE u (v VARIANT) AS SELECT '12.5'",
            Error(2023, "22000", "expecting VARIANT"),
            "sql-reference/sql/create-table",
        ),
        Case(
            "CREATE TABLE .. AS with a TIMESTAMP for a VARIANT",
            (
                "CREATE TABLE u (v VARIANT) AS SELECT '2024-01-05 23:11:12.5'::TIMESTAMP",
                "SELECT v::VARCHAR FROM u",
            ),
            "sql-reference/sql/create-table",
            rows=[("2024-01-05 23:11:12.500",)],
        ),
        Case(
            "UPDATE with a FLOAT",
            (
                "CREATE TABLE u (i INT, x TEXT)",
                "INSERT INTO u VALUES (2, 'a')",
                "UPDATE u SET i = 2.5::FLOAT, x = 1.0::FLOAT",
                "SELECT * FROM u",
            ),
            _CONVERSION,
            rows=[(3, "1")],
        ),
        Case(
            "MERGE with a FLOAT and a TIMESTAMP",
            (
                *_TABLE,
                "CREATE TABLE u (i INT, x TEXT)",
                "INSERT INTO u VALUES (1, 'a')",
                "MERGE INTO u USING t ON u.i = t.k WHEN MATCHED THEN UPDATE SET x = t.f "
                "WHEN NOT MATCHED THEN INSERT (i, x) VALUES (t.f, t.ts)",
                "SELECT * FROM u ORDER BY i",
            ),
            _CONVERSION,
            rows=[(1, "2"), (3, "2024-01-02 03:04:05.123")],
        ),
        Case(
            "CREATE TABLE .. AS with types",
            (
                "CREATE TABLE u (i INT, x TEXT) AS SELECT 2.5::FLOAT, '2024-01-01'::TIMESTAMP",
                "SELECT * FROM u",
            ),
            _CONVERSION,
            rows=[(3, "2024-01-01 00:00:00.000")],
        ),
        Case(
            "a FLOAT beside a text that is no finite number",
            "SELECT x = 'NaN', x IN ('NaN', '1') FROM (SELECT 'NaN'::FLOAT AS x)",
            "sql-reference/data-types-numeric",
            rows=[(True, True)],
        ),
        Case(
            "a formatted date beside numbers",
            "SELECT TO_CHAR(d, 'YYYYMM') = 202401, TO_CHAR(d, 'YYYY') IN (2024) "
            "FROM (SELECT '2024-01-31'::DATE AS d)",
            _CONVERSION,
            rows=[(True, True)],
        ),
        Case(
            "a text that stands for a number in COALESCE and CASE has 5 digits",
            "SELECT COALESCE(s, n), IFF(n = 7, s, 0), CASE WHEN n = 7 THEN n ELSE s END, COALESCE(s, 1.5::FLOAT) "
            "FROM (SELECT column1 AS s, column2 AS n FROM VALUES ('3.1415926', 7))",
            "sql-reference/functions/coalesce",
            rows=[(Decimal("3.14159"), Decimal("3.14159"), Decimal("7.00000"), 3.1415926)],
        ),
    ),
)
