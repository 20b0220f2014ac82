"""Numbers: types, arithmetic, rounding, overflow."""

from __future__ import annotations

from decimal import Decimal

from embedded_snowflake_tests.conformance.case import Case, Error, Group, fails, value

_F = "sql-reference/functions/"
_ARITHMETIC = "sql-reference/operators-arithmetic"
_TYPES = "sql-reference/data-types-numeric"
_CONVERSION = "sql-reference/data-type-conversion"
_LONGEST = 12345678901234567890123456789012345678

GROUP = Group(
    "Numbers",
    "NUMBER with precision and scale to 38 digits, FLOAT, arithmetic and numeric functions.",
    (
        Case(
            "TRUNC to 0 has no sign",
            "SELECT TRUNC(-0.5::FLOAT)::VARCHAR, TRUNC(-1.27::FLOAT, 1), TRUNC(-1.27, 1)::VARCHAR",
            _F + "trunc",
            rows=[("0", -1.2, "-1.2")],
        ),
        Case(
            "FACTORIAL and GETBIT of columns",
            "SELECT FACTORIAL(a), GETBIT(a, 1), GETBIT(a, 0) "
            "FROM (SELECT column1::NUMBER AS a FROM VALUES (5), (0), (NULL)) ORDER BY a",
            _F + "factorial",
            rows=[(1, 0, 0), (120, 0, 1), (None, None, None)],
        ),
        value(
            "BITAND of BINARY",
            "BITAND(TO_BINARY('ABCD'), TO_BINARY('00FF'), 'LEFT')",
            b"\x00\xcd",
            _F + "bitand",
        ),
        value(
            "BITOR of BINARY of other lengths, padded on a side",
            "BITOR(TO_BINARY('AA'), TO_BINARY('0F0F'), 'RIGHT')",
            b"\xaf\x0f",
            _F + "bitor",
        ),
        value(
            "BITXOR of BINARY, of NULL",
            "BITXOR(TO_BINARY('AA'), NULL::BINARY)",
            None,
            _F + "bitxor",
        ),
        fails(
            "BITAND of BINARY of other lengths",
            "SELECT BITAND(TO_BINARY('AA'), TO_BINARY('0F0F'))",
            Error(part="length"),
            _F + "bitand",
        ),
        value(
            "TO_DOUBLE with a format",
            "TO_DOUBLE('12.5-', '99.9MI')",
            -12.5,
            _F + "to_double",
            refused=Error(2, "0A000", "TO_DOUBLE with a format"),
        ),
        value(
            "a quotient has six more digits",
            "5 / 2",
            Decimal("2.5"),
            _ARITHMETIC,
        ),
        value(
            "a quotient of integers is no integer",
            "1 / 3",
            Decimal("0.333333"),
            _ARITHMETIC,
        ),
        value(
            "a quotient is rounded half away from zero",
            "-1 / 2000000",
            Decimal("-0.000001"),
            _ARITHMETIC,
        ),
        value(
            "a quotient's digits end at twelve", "1 / 3 / 7", Decimal("0.047619000000"), _ARITHMETIC
        ),
        value(
            "a quotient is exact beyond a FLOAT",
            "12345678901234567890123456 / 7",
            Decimal("1763668414462081127160493.714286"),
            _ARITHMETIC,
        ),
        value(
            "a quotient as text has all its digits",
            "(7.5 / 2.5)::VARCHAR",
            "3.0000000",
            _ARITHMETIC,
        ),
        value(
            "a quotient of NVL2",
            "NVL2(1, 7, 8) / 2",
            Decimal("3.500000"),
            _F + "nvl2",
        ),
        value(
            "a quotient of ARRAY_POSITION",
            "ARRAY_POSITION(1::VARIANT, ARRAY_CONSTRUCT(2, 1)) / 4",
            Decimal("0.250000"),
            _F + "array_position",
        ),
        value("a quotient with a FLOAT is one", "1e0 / 4", 0.25, _ARITHMETIC),
        Case(
            "FLOOR and CEIL of a quotient of columns",
            "SELECT FLOOR(n / k), CEIL(n / k) FROM "
            "(SELECT 7.55::NUMBER(12, 2) AS n, 2::NUMBER(5, 0) AS k)",
            _F + "floor",
            rows=[(3, 4)],
        ),
        Case(
            "a quotient of VALUES whose rows differ in scale",
            "SELECT column1 / 2 FROM VALUES (1), (2.5) ORDER BY 1",
            _ARITHMETIC,
            rows=[(Decimal("0.5"),), (Decimal("1.25"),)],
            types=["FIXED"],
        ),
        Case(
            "a quotient is used again by its alias",
            "SELECT n / k AS r, r * 2, r / 2, RANK() OVER (ORDER BY r) FROM "
            "(SELECT 7.5::NUMBER(12, 1) AS n, 2 AS k)",
            _ARITHMETIC,
            rows=[(Decimal("3.75"), Decimal("7.5"), Decimal("1.875"), 1)],
        ),
        Case(
            "a quotient of a column that USING joins",
            "SELECT k / 2 FROM (SELECT 1 AS k) a JOIN (SELECT 1 AS k) b USING (k)",
            _ARITHMETIC,
            rows=[(Decimal("0.5"),)],
            types=["FIXED"],
        ),
        Case(
            "a quotient of columns of several scales",
            "SELECT x / 3 FROM (SELECT 1 AS x UNION ALL SELECT 2.55) ORDER BY 1",
            _ARITHMETIC,
            rows=[(Decimal("0.33333333"),), (Decimal("0.85000000"),)],
        ),
        value("a product adds the scales", "1.5 * 1.25", Decimal("1.875"), _ARITHMETIC),
        value("a sum keeps the larger scale", "1.5 + 1.25", Decimal("2.75"), _ARITHMETIC),
        value("text is added as a number", "'1' + 1", 2, _CONVERSION, refused=Error(part="type")),
        fails(
            "division by zero is an error",
            "SELECT 1 / a FROM (SELECT 0 AS a)",
            Error(100051, "22012", "Division by zero"),
            _ARITHMETIC,
        ),
        value(
            "DIV0 answers zero",
            "DIV0(1, 0)",
            Decimal(0),
            _F + "div0",
        ),
        value("DIV0 of NULL is NULL", "DIV0(1, NULL)", None, _F + "div0"),
        value(
            "DIV0NULL takes NULL for zero",
            "DIV0NULL(1, NULL)",
            Decimal(0),
            _F + "div0null",
        ),
        value("MOD has the dividend's sign", "MOD(-7, 3)", -1, _F + "mod"),
        value("ROUND goes away from zero", "ROUND(2.5)", 3, _F + "round"),
        value("ROUND goes away from zero below it", "ROUND(-2.5)", -3, _F + "round"),
        value("ROUND to a digit", "ROUND(1.25, 1)", Decimal("1.3"), _F + "round"),
        value("ROUND left of the point", "ROUND(135.135, -2)", 100, _F + "round"),
        value("ROUND half to even", "ROUND(2.5, 0, 'HALF_TO_EVEN')", 2, _F + "round"),
        value("TRUNC cuts", "TRUNC(-1.975, 1)", Decimal("-1.9"), _F + "trunc"),
        value("CEIL", "CEIL(-135.135)", -135, _F + "ceil"),
        value("FLOOR", "FLOOR(-135.135)", -136, _F + "floor"),
        Case(
            "BOOLAND and its like of BOOLEANs and numbers",
            "SELECT BOOLXOR(TRUE, FALSE), BOOLAND(TRUE, 0), BOOLOR(NULL, 1), BOOLNOT(TRUE), "
            "BOOLAND(0.4, 1), BOOLXOR(2, -1)",
            _F + "booland",
            rows=[(True, False, True, False, False, False)],
        ),
        value("FLOOR before the point", "FLOOR(135.135, -2)", 100, _F + "floor"),
        value("CEIL before the point", "CEIL(-135, -1)", -130, _F + "ceil"),
        value("FLOOR to a digit", "FLOOR(135.135, 1)", Decimal("135.1"), _F + "floor"),
        value("ABS", "ABS(-1.5)", Decimal("1.5"), _F + "abs"),
        value("SIGN", "SIGN(-1.35)", -1, _F + "sign"),
        value("SQRT is a FLOAT", "SQRT(16)", 4.0, _F + "sqrt"),
        fails(
            "SQRT of less than zero is an error",
            "SELECT SQRT(a) FROM (SELECT -1 a)",
            Error(part="Invalid floating point operation"),
            _F + "sqrt",
        ),
        value("POWER is a FLOAT", "POWER(2, 3)", 8.0, _F + "pow"),
        value("SQUARE is a FLOAT", "SQUARE(-2)", 4.0, _F + "square"),
        value("CBRT", "CBRT(27)", 3.0, _F + "cbrt"),
        value("EXP", "EXP(0)", 1.0, _F + "exp"),
        value("LN", "LN(1)", 0.0, _F + "ln"),
        fails("LN of zero is an error", "SELECT LN(a) FROM (SELECT 0 a)", Error(), _F + "ln"),
        value("LOG has its base first", "LOG(10, 100)", 2.0, _F + "log"),
        value("FACTORIAL", "FACTORIAL(5)", 120, _F + "factorial"),
        value("BITAND", "BITAND(11, 5)", 1, _F + "bitand"),
        value("BITOR", "BITOR(11, 5)", 15, _F + "bitor"),
        value("BITXOR", "BITXOR(11, 5)", 14, _F + "bitxor"),
        value("BITSHIFTLEFT", "BITSHIFTLEFT(1, 3)", 8, _F + "bitshiftleft"),
        value("WIDTH_BUCKET", "WIDTH_BUCKET(35, 0, 100, 10)", 4, _F + "width_bucket"),
        value(
            "HAVERSINE in kilometres",
            "ROUND(HAVERSINE(40.7127, -74.0059, 34.0500, -118.2500), 3)",
            3936.385,
            _F + "haversine",
        ),
        value("ZEROIFNULL", "ZEROIFNULL(NULL::INT)", 0, _F + "zeroifnull"),
        value("NULLIFZERO", "NULLIFZERO(0)", None, _F + "nullifzero"),
        value("GREATEST of NULL is NULL", "GREATEST(1, NULL, 3)", None, _F + "greatest"),
        value(
            "GREATEST_IGNORE_NULLS",
            "GREATEST_IGNORE_NULLS(1, NULL, 3)",
            3,
            _F + "greatest_ignore_nulls",
        ),
        value("LEAST", "LEAST(3, 1, 2)", 1, _F + "least"),
        Case(
            "ROUND to a column's digits",
            "SELECT ROUND(column1, column2) FROM VALUES (1.25, 1)",
            "sql-reference/functions/round",
            rows=[(Decimal("1.3"),)],
            refused=Error(2, "0A000", "Unsupported feature"),
        ),
        value("38 digits in a literal", f"{_LONGEST}", _LONGEST, _TYPES),
        value("38 digits in a cast of a text", f"'{_LONGEST}'::INT", _LONGEST, _TYPES),
        value("38 digits in a cast to NUMBER", f"'{_LONGEST}'::NUMBER(38, 0)", _LONGEST, _TYPES),
        value(
            "38 digits in TRY_CAST",
            f"TRY_CAST('{_LONGEST}' AS INT)",
            _LONGEST,
            _F + "try_cast",
        ),
        value(
            "38 digits in TRY_TO_NUMBER",
            f"TRY_TO_NUMBER('{_LONGEST}')",
            _LONGEST,
            _F + "try_to_decimal",
        ),
        value("38 digits in a VARIANT", f"PARSE_JSON('{_LONGEST}')::INT", _LONGEST, _CONVERSION),
        value("a sum of integers has 38 digits", "9223372036854775807 + 1", 2**63, _ARITHMETIC),
        value("a difference, too", "-9223372036854775807 - 2", -(2**63) - 1, _ARITHMETIC),
        value("a product, too", "9223372036854775807 * 100", 100 * (2**63 - 1), _ARITHMETIC),
        Case(
            "a sum of columns has 38 digits",
            (
                "CREATE TABLE t AS SELECT 9223372036854775807::INT AS a, 0.5::FLOAT AS b",
                "SELECT a + a AS c, a * 10 AS d, b + 1 AS e FROM t",
            ),
            _ARITHMETIC,
            columns=("C", "D", "E"),
            rows=[(2 * (2**63 - 1), 10 * (2**63 - 1), 1.5)],
        ),
        Case(
            "a long text goes into a column of integers",
            ("CREATE TABLE t (a INT)", f"INSERT INTO t VALUES ('{_LONGEST}')", "SELECT a FROM t"),
            _CONVERSION,
            rows=[(_LONGEST,)],
        ),
        Case(
            "38 digits in a column",
            (
                "CREATE TABLE t (a NUMBER(38,0))",
                f"INSERT INTO t VALUES ({_LONGEST})",
                "SELECT a FROM t",
            ),
            _TYPES,
            rows=[(_LONGEST,)],
        ),
        Case(
            "38 digits in a table that is made of a query",
            (
                "CREATE TABLE t (a BIGINT, b INT, c INT) AS "
                f"SELECT {_LONGEST}, 2.5::FLOAT, PARSE_JSON('2.5')",
                "SELECT * FROM t",
            ),
            _TYPES,
            rows=[(_LONGEST, 3, 3)],
        ),
        Case(
            "a column's scale rounds what is inserted",
            ("CREATE TABLE t (a NUMBER(10,2))", "INSERT INTO t VALUES (1.005)", "SELECT a FROM t"),
            _TYPES,
            rows=[(Decimal("1.01"),)],
        ),
        fails(
            "a number that does not fit its column is refused",
            ("CREATE TABLE t (a NUMBER(3,0))", "INSERT INTO t VALUES (1000)"),
            Error(),
            _TYPES,
        ),
        value("a cast to an integer rounds", "1.5::INT", 2, _CONVERSION),
        value("a cast of text to an integer rounds", "'2.5'::INT", 3, _CONVERSION),
        value("a FLOAT becomes an integer by rounding", "2.5::FLOAT::INT", 3, _CONVERSION),
        value("a FLOAT becomes a NUMBER by rounding", "2.5::FLOAT::NUMBER", 3, _CONVERSION),
        value(
            "a quotient of many digits",
            "1.2345678 / 7",
            Decimal("0.176366828571"),
            _ARITHMETIC,
        ),
        value("NaN equals itself", "'NaN'::FLOAT = 'NaN'::FLOAT", True, _TYPES),
        value("NaN is larger than infinity", "'NaN'::FLOAT > 'inf'::FLOAT", True, _TYPES),
        Case(
            "INT is NUMBER(38,0)",
            ("CREATE TABLE t (a INT, b NUMBER, c NUMBER(10,2), d FLOAT, e DOUBLE)", "DESC TABLE t"),
            _TYPES,
            only=("name", "type"),
            rows=[
                ("A", "NUMBER(38,0)"),
                ("B", "NUMBER(38,0)"),
                ("C", "NUMBER(10,2)"),
                ("D", "FLOAT"),
                ("E", "FLOAT"),
            ],
        ),
        Case(
            "NULLIF of comparisons",
            "SELECT NULLIF(a = b, FALSE), NULLIF(a = b, NULL), NULLIF(a + 1 = b, TRUE) "
            "FROM (SELECT 1 AS a, 2 AS b)",
            _F + "nullif",
            rows=[(None, False, None)],
        ),
        fails(
            "DIV0 of one number",
            "SELECT DIV0(1)",
            Error(938, part="not enough arguments"),
            _F + "div0",
        ),
        Case(
            "calculations of whole numbers that are written out",
            "SELECT 1000000 * 1000000, 2147483647 + 1, x * x, 2000000000 % 7 * 2000000000, "
            "IFF(x > 1, 2000000000, 0) * 2 FROM (SELECT 100000 AS x)",
            "sql-reference/data-types-numeric",
            rows=[(10**12, 2**31, 10**10, 10**10, 4 * 10**9)],
        ),
        Case(
            "rows of values are compared part by part, with NULLs in them",
            "SELECT (1, NULL) = (1, NULL), (1, NULL) IN ((1, NULL)), (1, NULL) NOT IN ((2, 'p')), "
            "(NULL, 'p') NOT IN ((1, 'p')), (1, 'p') IN ((2, 'q'), (1, 'p')), (1, 'p') <> (1, 'q')",
            "sql-reference/functions/in",
            rows=[(None, None, True, None, True, True)],
        ),
        fails(
            "BETWEEN SYMMETRIC",
            "SELECT 1 BETWEEN SYMMETRIC 2 AND 0",
            Error(1003, "42000", "SYMMETRIC"),
            _F + "between",
        ),
        fails(
            "a text with more digits than the NUMBER",
            "SELECT TO_NUMBER('345.67', 5, 3)",
            Error(100039, "22003", "Numeric value '345.67' is out of range"),
            _F + "to_decimal",
        ),
        fails(
            "a text that is no NUMBER",
            "SELECT TO_DECIMAL('$5', 6, 2)",
            Error(100038, "22018", "Numeric value '$5' is not recognized"),
            _F + "try_to_decimal",
        ),
        fails(
            "a DATE is no NUMBER",
            "SELECT '2024-01-31'::DATE::NUMBER",
            Error(1065, "22023", "invalid type"),
            "sql-reference/data-type-conversion",
        ),
        fails(
            "WIDTH_BUCKET of equal ends",
            "SELECT WIDTH_BUCKET(5, 3, 3, 2)",
            Error(part="WIDTH_BUCKET"),
            _F + "width_bucket",
        ),
        Case(
            "texts where numbers are asked for",
            "SELECT WIDTH_BUCKET('7', 0, 10, 5), SIGN('-0.5'), SQUARE('1.5')",
            _F + "width_bucket",
            rows=[(4, -1, 2.25)],
        ),
        Case(
            "TRUNC of a FLOAT to a column's digits",
            "SELECT TRUNC(f, n) FROM (SELECT column1::FLOAT AS f, column2 AS n "
            "FROM VALUES (-86.25, 1), (86.25, -1), (86.25, NULL)) ORDER BY 1 NULLS LAST",
            _F + "trunc",
            rows=[(-86.2,), (80.0,), (None,)],
        ),
        Case(
            "TRUNC of a NUMBER to a column's digits",
            "SELECT TRUNC(x, n) FROM (SELECT 86.25 AS x, 1 AS n)",
            _F + "trunc",
            rows=[(Decimal("86.20"),)],
            refused=Error(2, "0A000", "no literal"),
        ),
        Case(
            "CEIL and FLOOR to more digits than there are",
            "SELECT CEIL(x, 50), FLOOR(1.25, 50) FROM (SELECT -975.975::FLOAT AS x)",
            _F + "ceil",
            rows=[(-975.975, Decimal("1.25"))],
        ),
        value(
            "BITSHIFTLEFT of a negative number",
            "BITSHIFTLEFT(-3, 2)",
            -12,
            _F + "bitshiftleft",
            refused=Error(2, "0A000", "BITSHIFTLEFT of or by a negative number"),
        ),
        *(
            fails(
                f"LOG({of})",
                f"SELECT LOG({of})",
                Error(part="Invalid floating point operation"),
                _F + "log",
            )
            for of in ("1, 5", "0, 5", "2, 0")
        ),
        *(
            fails(f"{call} lacks an argument", f"SELECT {call}", Error(938), _F + page)
            for page, call in (
                ("log", "LOG(10)"),
                ("iff", "IFF(TRUE, 1)"),
                ("ifnull", "IFNULL(1)"),
                ("date_from_parts", "DATE_FROM_PARTS(2024, 1)"),
            )
        ),
    ),
)
