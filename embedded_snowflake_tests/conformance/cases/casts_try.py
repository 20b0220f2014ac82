"""Conversions that fail, and their TRY_ forms."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from embedded_snowflake_tests.conformance.case import Case, Error, Group, Json, fails, value

_F = "sql-reference/functions/"

GROUP = Group(
    "Conversions",
    "CAST, :: and the TRY_ functions, which answer NULL where the others fail.",
    (
        value("TRY_CAST takes no underscores", "TRY_CAST('1_000' AS INT)", None, _F + "try_cast"),
        value("TRY_CAST takes no hexadecimal", "TRY_CAST('0x10' AS INT)", None, _F + "try_cast"),
        value(
            "TRY_TO_NUMBER takes no underscores",
            "TRY_TO_NUMBER('1_000')",
            None,
            _F + "try_to_decimal",
        ),
        fails(
            "a cast takes no underscores",
            "SELECT '1_000'::INT",
            Error(100038, "22018", "Numeric value '1_000' is not recognized"),
            "sql-reference/functions/cast",
        ),
        value(
            "TRY_TO_TIMESTAMP of seconds in a text",
            "TRY_TO_TIMESTAMP_NTZ('1704412800')",
            dt.datetime(2024, 1, 5),
            _F + "try_to_timestamp",
        ),
        value(
            "TRY_TO_TIMESTAMP of milliseconds in a text",
            "TRY_TO_TIMESTAMP_NTZ('1704412800000')",
            dt.datetime(2024, 1, 5),
            _F + "try_to_timestamp",
        ),
        *(
            value(
                f"TRY_TO_TIMESTAMP of {text}, which is no time",
                f"TRY_TO_TIMESTAMP_NTZ('{text}')",
                None,
                _F + "try_to_timestamp",
            )
            for text in ("-99999999999999", "-9223372036854775808", "9" * 24, "9" * 60)
        ),
        value(
            "TRY_TO_TIMESTAMP of MM/DD/YYYY",
            "TRY_TO_TIMESTAMP_NTZ('01/05/2024 10:20:30')",
            dt.datetime(2024, 1, 5, 10, 20, 30),
            "sql-reference/date-time-input-output",
        ),
        value(
            "TRY_TO_TIMESTAMP of a mail's date",
            "TRY_TO_TIMESTAMP_NTZ('Fri, 05 Jan 2024 10:20:30 +0200')",
            dt.datetime(2024, 1, 5, 10, 20, 30),
            "sql-reference/date-time-input-output",
        ),
        value(
            "TRY_TO_TIMESTAMP of an hour",
            "TRY_TO_TIMESTAMP_NTZ('2024-01-05T10')",
            dt.datetime(2024, 1, 5, 10),
            "sql-reference/date-time-input-output",
        ),
        fails(
            "a text that is no number",
            "SELECT 'abc'::INT",
            Error(100038, "22018", "Numeric value 'abc' is not recognized"),
            _F + "cast",
        ),
        fails(
            "a text that is no BOOLEAN",
            "SELECT 'maybe'::BOOLEAN",
            Error(100037, "22018", "Boolean value 'maybe' is not recognized"),
            _F + "to_boolean",
        ),
        fails(
            "a number with too many digits", "SELECT 1000::NUMBER(3,0)", Error(), _F + "to_decimal"
        ),
        value("TRY_CAST of a text that is none", "TRY_CAST('abc' AS INT)", None, _F + "try_cast"),
        value(
            "TRY_CAST of a number",
            "TRY_CAST('05.123' AS DECIMAL(10,2))",
            Decimal("5.12"),
            _F + "try_cast",
        ),
        value("TRY_TO_NUMBER", "TRY_TO_NUMBER('12.5')", 13, _F + "try_to_decimal"),
        value(
            "TRY_TO_NUMBER of a text that is none",
            "TRY_TO_NUMBER('x')",
            None,
            _F + "try_to_decimal",
        ),
        value(
            "TRY_TO_DECIMAL with a scale",
            "TRY_TO_DECIMAL('345.123', 10, 2)",
            Decimal("345.12"),
            _F + "try_to_decimal",
        ),
        value("TO_NUMBER rounds to scale 0", "TO_NUMBER('12.5')", 13, _F + "to_decimal"),
        value(
            "TO_NUMBER with a scale",
            "TO_NUMBER('12.3456', 10, 1)",
            Decimal("12.3"),
            _F + "to_decimal",
        ),
        value(
            "TO_NUMBER with a format",
            "TO_NUMBER('1,234.5', '9,999.9', 10, 1)",
            Decimal("1234.5"),
            _F + "to_decimal",
            refused=Error(part="format"),
        ),
        value("TO_DOUBLE", "TO_DOUBLE('1.5e3')", 1500.0, _F + "to_double"),
        value(
            "TRY_TO_DOUBLE of a text that is none",
            "TRY_TO_DOUBLE('12,3')",
            None,
            _F + "try_to_double",
        ),
        value("TRY_TO_DATE", "TRY_TO_DATE('2024-02-30')", None, _F + "try_to_date"),
        value(
            "TRY_TO_DATE of a date",
            "TRY_TO_DATE('2024-02-29')",
            dt.date(2024, 2, 29),
            _F + "try_to_date",
        ),
        value("TRY_TO_TIMESTAMP", "TRY_TO_TIMESTAMP('x')", None, _F + "try_to_timestamp"),
        value("TRY_TO_TIME", "TRY_TO_TIME('25:00:00')", None, _F + "try_to_time"),
        value("TRY_TO_BOOLEAN", "TRY_TO_BOOLEAN('maybe')", None, _F + "try_to_boolean"),
        value("a text as a BOOLEAN", "'off'::BOOLEAN", False, "sql-reference/data-types-logical"),
        value("TO_BOOLEAN of a text", "TO_BOOLEAN('on')", True, _F + "to_boolean"),
        value("TO_BOOLEAN of a number", "TO_BOOLEAN(0)", False, _F + "to_boolean"),
        value("BOOLEAN as a number", "TRUE::INT", 1, "sql-reference/data-type-conversion"),
        value("TRY_PARSE_JSON", "TRY_PARSE_JSON('{')", None, _F + "try_parse_json"),
        fails(
            "PARSE_JSON of what is none",
            "SELECT PARSE_JSON('{')",
            Error(100069, "22P02", "Error parsing JSON"),
            _F + "parse_json",
        ),
        value("TO_VARIANT of a text", "TO_VARIANT('a')", Json("a"), _F + "to_variant"),
        value("a FLOAT as text", "1.5::FLOAT::VARCHAR", "1.5", _F + "to_char"),
        value("a whole FLOAT as text", "100::FLOAT::VARCHAR", "100", _F + "to_char"),
        value(
            "a NUMBER as text keeps its scale",
            "1.50::NUMBER(10,2)::VARCHAR",
            "1.50",
            _F + "to_char",
        ),
        value("NULL of any type", "NULL::TIMESTAMP_TZ", None, "sql-reference/data-type-conversion"),
        value("IFF", "IFF(1 > 2, 'a', 'b')", "b", _F + "iff"),
        value("IFNULL", "IFNULL(NULL, 5)", 5, _F + "ifnull"),
        value("NULLIF", "NULLIF(0, 0)", None, _F + "nullif"),
        value("CASE without ELSE", "CASE 3 WHEN 1 THEN 'a' END", None, _F + "case"),
        value(
            "NULL in a comparison is unknown", "NULL = NULL", None, "sql-reference/ternary-logic"
        ),
        value("NULL AND FALSE", "NULL AND FALSE", False, "sql-reference/ternary-logic"),
        value(
            "NOT IN with a NULL is unknown",
            "1 NOT IN (2, NULL)",
            None,
            "sql-reference/ternary-logic",
        ),
        value("BETWEEN takes both ends", "2 BETWEEN 1 AND 2", True, _F + "between"),
        value("BOOLAND_AGG's sibling BOOLXOR", "BOOLXOR(1, 0)", True, _F + "boolxor"),
        Case(
            "TRY_CAST reads a date with its month's name",
            "SELECT TRY_CAST('07-Oct-2019' AS TIMESTAMP)::VARCHAR, '7-october-2019'::DATE, "
            "TRY_CAST('10/07/2019' AS TIMESTAMP)::DATE, TRY_CAST('10/19' AS TIMESTAMP)",
            _F + "try_cast",
            rows=[
                ("2019-10-07 00:00:00.000", dt.date(2019, 10, 7), dt.date(2019, 10, 7), None),
            ],
        ),
        value("TRY_CAST to CHAR", "TRY_CAST('ab' AS CHAR)", None, _F + "try_cast"),
        fails(
            "TRY_CAST to a VARIANT",
            "SELECT TRY_CAST('a' AS VARIANT)",
            Error(),
            _F + "try_cast",
        ),
        Case(
            "TRY_PARSE_JSON reads TRUE and a comma at the end",
            """SELECT TRY_PARSE_JSON('{"a": TRUE, "b": "TRUE", "c": Null}'), TRY_PARSE_JSON('[1,FALSE,]')[1], """
            "TRY_PARSE_JSON('[TRUER]')",
            _F + "try_parse_json",
            rows=[(Json({"a": True, "b": "TRUE", "c": None}), "false", None)],
        ),
        *(
            fails(
                f"{value} becomes no {kind}",
                f"SELECT {value}::{kind}",
                Error(1065, "22023", "invalid type"),
                "sql-reference/data-type-conversion",
            )
            for value, kind in (("'2024-02-29'::DATE", "NUMBER"), ("'01:02:03'::TIME", "BOOLEAN"))
        ),
        fails(
            "a DATE and a number are of no common type",
            "SELECT COALESCE(d, 1) FROM (SELECT '2024-02-29'::DATE AS d)",
            Error(1065, part="invalid type"),
            "sql-reference/data-type-conversion",
        ),
        *(
            fails(
                f"{value} becomes no TIME",
                f"SELECT {value}::TIME",
                Error(),
                "sql-reference/data-type-conversion",
            )
            for value in ("'2024-02-29'::DATE", "75", "1.5::FLOAT")
        ),
        fails(
            "a number with more digits than its type",
            "SELECT n::NUMBER(3, 2) FROM (SELECT 12.3::FLOAT AS n)",
            Error(100039, "22003", "is out of range"),
            "sql-reference/data-type-conversion",
        ),
        fails(
            "a text of a number with more digits than the type",
            "SELECT '1234.5'::NUMBER(4, 1)",
            Error(100039, "22003", "Numeric value '1234.5' is out of range"),
            "sql-reference/data-type-conversion",
        ),
    ),
)
