"""Dates, times, timestamps and their arithmetic."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from embedded_snowflake_tests.conformance.case import Case, Error, Group, fails, value

_F = "sql-reference/functions/"
_TYPES = "sql-reference/data-types-datetime"
_CONVERSION = "sql-reference/data-type-conversion"
_OFFSET = Error(2, "0A000", "a TIMESTAMP_TZ of another offset than +00:00")
_NTZ = "::TIMESTAMP_NTZ"

GROUP = Group(
    "Dates and times",
    "DATE, TIME, TIMESTAMP_NTZ, _LTZ and _TZ to the microsecond; the session's zone is UTC.",
    (
        Case(
            "HH is the hour of 24",
            "SELECT TO_CHAR('2024-02-29 15:04:05'::TIMESTAMP, 'YYYY/MM/DD HH:MI:SS'), TO_CHAR(NULL::DATE, 'HH')",
            "developer-guide/snowpark/reference/python/latest/snowpark/api/snowflake/snowpark/functions/date_format",
            rows=[("2024/02/29 15:04:05", None)],
        ),
        value(
            "HH of a time that is read",
            "TO_TIME('15:04', 'HH:MI')",
            dt.time(15, 4),
            _F + "to_time",
            refused=Error(2, "0A000", "'HH'"),
        ),
        Case(
            "a literal of a type is cast as a whole",
            "SELECT DATE '2024-02-29'::VARCHAR, TIMESTAMP '2024-02-29 10:00:00'::DATE, "
            "TIME '10:00:00'::VARCHAR || 'x'",
            _TYPES,
            rows=[("2024-02-29", dt.date(2024, 2, 29), "10:00:00x")],
            types=["TEXT", "DATE", "TEXT"],
        ),
        value("a DATE", "'2024-02-29'::DATE", dt.date(2024, 2, 29), _TYPES),
        value("a TIME", "'12:34:56.789'::TIME", dt.time(12, 34, 56, 789000), _TYPES),
        value(
            "a TIMESTAMP is one without zone",
            "'2024-01-01 10:00:00 +02:00'::TIMESTAMP",
            dt.datetime(2024, 1, 1, 10),
            _TYPES,
        ),
        value(
            "a TIMESTAMP_NTZ to the microsecond",
            f"'2024-01-01 00:00:00.123456'{_NTZ}",
            dt.datetime(2024, 1, 1, 0, 0, 0, 123456),
            _TYPES,
        ),
        Case(
            "TIMESTAMP columns are TIMESTAMP_NTZ(9)",
            (
                "CREATE TABLE t (a TIMESTAMP, b TIMESTAMP_NTZ, c DATETIME, d DATE, e TIME)",
                "DESC TABLE t",
            ),
            _TYPES,
            only=("name", "type"),
            rows=[
                ("A", "TIMESTAMP_NTZ(9)"),
                ("B", "TIMESTAMP_NTZ(9)"),
                ("C", "TIMESTAMP_NTZ(9)"),
                ("D", "DATE"),
                ("E", "TIME(9)"),
            ],
        ),
        Case(
            "TIMESTAMP_LTZ and _TZ columns keep their names",
            ("CREATE TABLE t (a TIMESTAMP_LTZ, b TIMESTAMP_TZ)", "DESC TABLE t"),
            _TYPES,
            only=("name", "type"),
            rows=[("A", "TIMESTAMP_LTZ(9)"), ("B", "TIMESTAMP_TZ(9)")],
        ),
        value(
            "a TIMESTAMP_TZ keeps its offset",
            "'2024-01-01 10:00:00 +02:00'::TIMESTAMP_TZ::VARCHAR",
            "2024-01-01 10:00:00.000 +0200",
            _TYPES,
            refused=_OFFSET,
        ),
        value(
            "a TIMESTAMP_TZ of UTC",
            "'2024-01-01T10:00:00Z'::TIMESTAMP_TZ::VARCHAR",
            "2024-01-01 10:00:00.000 +0000",
            _TYPES,
        ),
        value(
            "a TIMESTAMP_TZ in UTC",
            "CONVERT_TIMEZONE('UTC', COALESCE(NULL, '2024-01-01 10:00:00 +02:00'::TIMESTAMP_TZ))"
            "::TIMESTAMP_NTZ",
            dt.datetime(2024, 1, 1, 8),
            _F + "convert_timezone",
        ),
        value(
            "a TIMESTAMP_TZ becomes a TIMESTAMP_LTZ",
            "('2024-01-01 10:00:00 +02:00'::TIMESTAMP_TZ)::TIMESTAMP_LTZ",
            dt.datetime(2024, 1, 1, 8, tzinfo=dt.UTC),
            _TYPES,
        ),
        Case(
            "a TIMESTAMP_TZ column takes an offset",
            (
                "CREATE TABLE t (z TIMESTAMP_TZ)",
                "INSERT INTO t VALUES ('2024-01-01 10:00:00 +02:00')",
            ),
            _TYPES,
            rows=[(1,)],
            refused=_OFFSET,
        ),
        Case(
            "texts with an offset meet TIMESTAMP_LTZ columns",
            (
                "CREATE TABLE t (l TIMESTAMP_LTZ)",
                "INSERT INTO t VALUES ('2024-01-01 10:00:00 +02:00')",
                "INSERT INTO t SELECT '2024-01-01 10:00:00 -07:00'",
                "UPDATE t SET l = '2024-01-02 10:00:00 +05:30' WHERE l > '2024-01-01 12:00:00 +02:00'",
                "SELECT l FROM t ORDER BY l",
            ),
            _TYPES,
            rows=[
                (dt.datetime(2024, 1, 1, 8, tzinfo=dt.UTC),),
                (dt.datetime(2024, 1, 2, 4, 30, tzinfo=dt.UTC),),
            ],
        ),
        Case(
            "every form of date in VALUES and in a comparison",
            (
                "CREATE TABLE t (d DATE)",
                "INSERT INTO t VALUES ('01/05/2024'), ('6-JAN-2024'), ('2024-01-07')",
                "SELECT d FROM t WHERE d IN ('5-JAN-2024', '01/06/2024') ORDER BY d",
            ),
            "sql-reference/date-time-input-output",
            rows=[(dt.date(2024, 1, 5),), (dt.date(2024, 1, 6),)],
        ),
        value(
            "a TIMESTAMP_TZ is an instant",
            "'2024-01-01 10:00:00 +02:00'::TIMESTAMP_TZ = '2024-01-01 08:00:00 +00:00'::TIMESTAMP_TZ",
            True,
            _TYPES,
        ),
        value(
            "a timestamp as text has milliseconds",
            f"'2024-01-01 10:00:00'{_NTZ}::VARCHAR",
            "2024-01-01 10:00:00.000",
            "sql-reference/date-time-input-output",
        ),
        value("a DATE as text", "'2024-01-02'::DATE::VARCHAR", "2024-01-02", _F + "to_char"),
        value(
            "a DATE from parts",
            "DATE_FROM_PARTS(2004, 2, 1)",
            dt.date(2004, 2, 1),
            _F + "date_from_parts",
        ),
        value(
            "a DATE from parts beyond their month",
            "DATE_FROM_PARTS(2004, 13, 1)",
            dt.date(2005, 1, 1),
            _F + "date_from_parts",
        ),
        value(
            "the day before the month's first",
            "DATE_FROM_PARTS(2004, 2, 0)",
            dt.date(2004, 1, 31),
            _F + "date_from_parts",
        ),
        value(
            "a TIMESTAMP from parts",
            "TIMESTAMP_NTZ_FROM_PARTS(2013, 4, 5, 12, 0, 0)",
            dt.datetime(2013, 4, 5, 12),
            _F + "timestamp_from_parts",
        ),
        value(
            "TO_DATE with a format",
            "TO_DATE('03/04/2013', 'DD/MM/YYYY')",
            dt.date(2013, 4, 3),
            _F + "to_date",
        ),
        value(
            "TO_TIMESTAMP of seconds",
            "TO_TIMESTAMP(31000000)",
            dt.datetime(1970, 12, 25, 19, 6, 40),
            _F + "to_timestamp",
        ),
        Case(
            "milliseconds, microseconds and nanoseconds in texts",
            "SELECT TO_TIMESTAMP('1704412800000'), '1704412800000000'::TIMESTAMP, "
            "TO_TIMESTAMP_NTZ(a) FROM (SELECT '1704412800000000000' AS a)",
            _F + "to_timestamp",
            rows=[(dt.datetime(2024, 1, 5),) * 3],
        ),
        Case(
            "dates in other forms",
            "SELECT '01/05/2024'::DATE, '05-JAN-2024'::DATE, TO_DATE('1704412800'), "
            "TO_DATE(a), TRY_TO_DATE(a), a::DATE FROM (SELECT '01/05/2024' AS a)",
            "sql-reference/date-time-input-output",
            rows=[(dt.date(2024, 1, 5),) * 6],
        ),
        value(
            "a mail's date",
            "'Fri, 05 Jan 2024 16:01:07 +0200'::TIMESTAMP_NTZ",
            dt.datetime(2024, 1, 5, 16, 1, 7),
            "sql-reference/date-time-input-output",
        ),
        fails(
            "a text that is no date",
            "SELECT a::DATE FROM (SELECT 'next week' AS a)",
            Error(100040, "22007", "Date 'next week' is not recognized"),
            _F + "to_date",
        ),
        fails(
            "a text that is no timestamp",
            "SELECT TO_TIMESTAMP_TZ(a) FROM (SELECT 'noon' AS a)",
            Error(100035, "22007", "Timestamp 'noon' is not recognized"),
            _F + "to_timestamp",
        ),
        Case(
            "seconds with a zone",
            "SELECT TO_TIMESTAMP_LTZ(5), TO_TIMESTAMP_LTZ(n), TO_TIMESTAMP_LTZ(5000, 3), "
            "'1970-01-01 00:00:05 +00:00'::TIMESTAMP_LTZ FROM (SELECT 5 AS n)",
            _F + "to_timestamp",
            rows=[(dt.datetime(1970, 1, 1, 0, 0, 5, tzinfo=dt.UTC),) * 4],
            types=["TIMESTAMP_LTZ"] * 4,
        ),
        Case(
            "TIMESTAMP_LTZ in the catalog",
            (
                "CREATE TABLE t (a TIMESTAMP_LTZ)",
                "SELECT DATA_TYPE, TYPEOF(CURRENT_TIMESTAMP()::VARIANT) "
                "FROM INFORMATION_SCHEMA.COLUMNS "
                "WHERE TABLE_SCHEMA = CURRENT_SCHEMA() AND TABLE_NAME = 'T'",
            ),
            "sql-reference/info-schema/columns",
            rows=[("TIMESTAMP_LTZ", "TIMESTAMP_LTZ")],
        ),
        value(
            "nanoseconds beyond the microsecond are cut off",
            "TO_TIMESTAMP(1704412800123456789, 9)::VARCHAR",
            "2024-01-05 00:00:00.123",
            _F + "to_timestamp",
        ),
        value(
            "TO_TIMESTAMP of milliseconds",
            "TO_TIMESTAMP(31000000000, 3)",
            dt.datetime(1970, 12, 25, 19, 6, 40),
            _F + "to_timestamp",
        ),
        value(
            "TO_CHAR with a format",
            "TO_CHAR('2013-04-05 01:02:03'::TIMESTAMP_NTZ, 'YYYY/MM/DD HH24:MI')",
            "2013/04/05 01:02",
            _F + "to_char",
        ),
        Case(
            "TO_CHAR of a column with a format",
            "SELECT TO_CHAR(t, 'YYYY/MM/DD HH24:MI') FROM "
            "(SELECT column1::TIMESTAMP_NTZ AS t FROM VALUES ('2013-04-05 01:02:03'))",
            _F + "to_char",
            rows=[("2013/04/05 01:02",)],
        ),
        value("TO_TIME", "TO_TIME('13:30:00')", dt.time(13, 30), _F + "to_time"),
        value(
            "DATEADD of a month keeps within the month",
            "DATEADD(MONTH, 1, '2023-01-31'::DATE)",
            dt.date(2023, 2, 28),
            _F + "dateadd",
        ),
        value(
            "DATEADD of hours makes a timestamp of a DATE",
            "DATEADD(HOUR, 2, '2013-05-08'::DATE)",
            dt.datetime(2013, 5, 8, 2),
            _F + "dateadd",
        ),
        value(
            "a DATE plus an INTERVAL of days is a DATE",
            "'2019-02-28'::DATE + INTERVAL '1 day'",
            dt.date(2019, 3, 1),
            _TYPES,
        ),
        value(
            "ADD_MONTHS keeps the month's end",
            "ADD_MONTHS('2016-02-29'::DATE, 1)",
            dt.date(2016, 3, 31),
            _F + "add_months",
        ),
        value(
            "DATEDIFF counts boundaries of years",
            "DATEDIFF(YEAR, '2020-12-31'::DATE, '2021-01-01'::DATE)",
            1,
            _F + "datediff",
        ),
        value(
            "DATEDIFF of hours",
            "DATEDIFF('hour', '2013-05-08T23:39:20.123-07:00'::TIMESTAMP, "
            "DATEADD('year', 2, '2013-05-08T23:39:20.123-07:00'::TIMESTAMP))",
            17520,
            _F + "datediff",
        ),
        value(
            "DATEDIFF of weeks begins on Monday",
            "DATEDIFF(WEEK, '2024-01-07'::DATE, '2024-01-08'::DATE)",
            1,
            _F + "datediff",
        ),
        value(
            "a DATE minus a DATE is days",
            "'2024-03-01'::DATE - '2024-02-01'::DATE",
            29,
            _F + "datediff",
        ),
        value(
            "a DATE plus a number",
            "'2024-02-28'::DATE + 2",
            dt.date(2024, 3, 1),
            "sql-reference/data-types-datetime",
        ),
        value(
            "a timestamp plus an INTERVAL",
            f"'2024-01-01 00:00:00'{_NTZ} + INTERVAL '1 day, 2 hours'",
            dt.datetime(2024, 1, 2, 2),
            _TYPES,
        ),
        value(
            "an INTERVAL of abbreviated units",
            f"'2024-01-01 00:00:00'{_NTZ} + INTERVAL '30 min' + INTERVAL '1 yy, 1 qtr, 2 dd, 3 hrs'",
            dt.datetime(2025, 4, 3, 3, 30),
            _TYPES,
        ),
        Case(
            "the parts of an INTERVAL are added in their order",
            "SELECT d + INTERVAL '1 day, 1 year', d + INTERVAL '1 year, 1 day', "
            "d + INTERVAL '1 mon' FROM (SELECT '2019-02-28'::DATE AS d)",
            _TYPES,
            rows=[(dt.date(2020, 3, 1), dt.date(2020, 2, 29), dt.date(2019, 3, 28))],
        ),
        value(
            "an INTERVAL of nanoseconds",
            f"'2024-01-01 00:00:00'{_NTZ} + INTERVAL '1 ns' IS NULL",
            False,
            _TYPES,
            refused=Error(part="INTERVAL '1 NANOSECOND'"),
        ),
        Case(
            "functions of a TIME",
            "SELECT TO_CHAR(t, 'HH24:MI'), DATE_TRUNC('HOUR', t), TIME('10:11:12') "
            "FROM (SELECT '10:11:12'::TIME AS t)",
            _F + "date_trunc",
            rows=[("10:11", dt.time(10), dt.time(10, 11, 12))],
        ),
        value(
            "nanoseconds of parts are cut off",
            "TIMESTAMP_NTZ_FROM_PARTS(2013, 4, 5, 12, 0, 0, 999999999)::VARCHAR",
            "2013-04-05 12:00:00.999",
            _F + "timestamp_from_parts",
        ),
        Case(
            "seconds since 1970 are whole",
            "SELECT DATE_PART(EPOCH_SECOND, t), EXTRACT(EPOCH FROM t), "
            "DATE_PART(EPOCH_MILLISECOND, t), DATE_PART('epoch_microsecond', t), "
            "DATE_PART(EPOCH_NANOSECOND, t) "
            "FROM (SELECT '2024-01-05 00:00:00.999999'::TIMESTAMP AS t)",
            _F + "date_part",
            rows=[
                (
                    *(1704412800, 1704412800, 1704412800999),
                    *(1704412800999999, 1704412800999999000),
                )
            ],
            types=["FIXED"] * 5,
        ),
        Case(
            "TIME_SLICE counts from 1970",
            "SELECT TIME_SLICE(d, 7, 'DAY'), TIME_SLICE(d, 7, 'MONTH'), "
            "TIME_SLICE(d, 2, 'WEEK'), TIME_SLICE(d, 4, 'MONTH', 'END'), TIME_SLICE(t, 7, 'MINUTE'), "
            "TIME_SLICE(t, 5, 'HOUR') "
            "FROM (SELECT '2024-02-28'::DATE AS d, '2024-02-28 10:11:12'::TIMESTAMP AS t)",
            _F + "time_slice",
            rows=[
                (
                    *(dt.date(2024, 2, 22), dt.date(2023, 9, 1), dt.date(2024, 2, 26)),
                    *(dt.date(2024, 5, 1), dt.datetime(2024, 2, 28, 10, 7)),
                    dt.datetime(2024, 2, 28, 6),
                )
            ],
        ),
        value(
            "CONVERT_TIMEZONE of an instant",
            "CONVERT_TIMEZONE('America/New_York', '2024-01-05 12:00:00'::TIMESTAMP)::VARCHAR",
            "2024-01-05 07:00:00.000 -0500",
            _F + "convert_timezone",
            refused=Error(part="CONVERT_TIMEZONE with two arguments"),
        ),
        value(
            "CONVERT_TIMEZONE to UTC",
            "CONVERT_TIMEZONE('UTC', '2024-01-05 12:00:00 +02:00')::VARCHAR",
            "2024-01-05 10:00:00.000 +0000",
            _F + "convert_timezone",
        ),
        value(
            "the clock of another zone",
            "CONVERT_TIMEZONE('America/New_York', '2024-01-05 02:00:00'::TIMESTAMP)::TIMESTAMP_NTZ",
            dt.datetime(2024, 1, 4, 21),
            _F + "convert_timezone",
        ),
        value(
            "the day of another zone",
            "CONVERT_TIMEZONE('America/New_York', '2024-01-05 02:00:00'::TIMESTAMP)::DATE",
            dt.date(2024, 1, 4),
            _F + "convert_timezone",
        ),
        value(
            "DATE_TRUNC of a timestamp",
            "DATE_TRUNC('HOUR', '2015-05-08 23:39:20.123'::TIMESTAMP)",
            dt.datetime(2015, 5, 8, 23),
            _F + "date_trunc",
        ),
        value(
            "DATE_TRUNC of a DATE is a DATE",
            "DATE_TRUNC('MONTH', '2015-05-08'::DATE)",
            dt.date(2015, 5, 1),
            _F + "date_trunc",
        ),
        value(
            "DATE_TRUNC to a week is Monday",
            "DATE_TRUNC('WEEK', '2024-01-07'::DATE)",
            dt.date(2024, 1, 1),
            _F + "date_trunc",
        ),
        value("DATE_PART", "DATE_PART(QUARTER, '2015-05-08'::DATE)", 2, _F + "date_part"),
        value("EXTRACT", "EXTRACT(year FROM '2015-05-08'::DATE)", 2015, _F + "extract"),
        value(
            "DATE_PART of the epoch",
            "DATE_PART(EPOCH_SECOND, '1970-01-02 00:00:00'::TIMESTAMP)",
            86400,
            _F + "date_part",
        ),
        value("DAYOFWEEK counts from Sunday", "DAYOFWEEK('2024-01-07'::DATE)", 0, _F + "year"),
        value(
            "DAYOFWEEKISO counts from Monday", "DAYOFWEEKISO('2024-01-07'::DATE)", 7, _F + "year"
        ),
        value("DAYOFYEAR", "DAYOFYEAR('2024-03-01'::DATE)", 61, _F + "year"),
        value("WEEKISO", "WEEKISO('2024-12-30'::DATE)", 1, _F + "year"),
        value("YEAROFWEEKISO", "YEAROFWEEKISO('2024-12-30'::DATE)", 2025, _F + "year"),
        value("HOUR", "HOUR('2013-05-08 23:39:20'::TIMESTAMP)", 23, _F + "hour-minute-second"),
        value("DAYNAME", "DAYNAME('2015-05-01'::DATE)", "Fri", _F + "dayname"),
        value("MONTHNAME", "MONTHNAME('2015-05-01'::DATE)", "May", _F + "monthname"),
        value("LAST_DAY", "LAST_DAY('2015-05-08'::DATE)", dt.date(2015, 5, 31), _F + "last_day"),
        value(
            "LAST_DAY of the year",
            "LAST_DAY('2015-05-08'::DATE, 'year')",
            dt.date(2015, 12, 31),
            _F + "last_day",
        ),
        Case(
            "NEXT_DAY and PREVIOUS_DAY by the first two letters of any text",
            "SELECT NEXT_DAY('2024-05-09 10:00'::TIMESTAMP, ' THurs. '), "
            "PREVIOUS_DAY('2024-05-09'::DATE, column1) FROM VALUES ('th'), ('  Su'), (NULL)",
            _F + "next_day",
            rows=[
                (dt.date(2024, 5, 16), dt.date(2024, 5, 2)),
                (dt.date(2024, 5, 16), dt.date(2024, 5, 5)),
                (dt.date(2024, 5, 16), None),
            ],
            types=["DATE", "DATE"],
        ),
        fails(
            "NEXT_DAY of no day",
            "SELECT NEXT_DAY('2024-05-09'::DATE, column1) FROM VALUES ('mo'), ('xy')",
            Error(part="xy"),
            _F + "next_day",
        ),
        value(
            "NEXT_DAY",
            "NEXT_DAY('2024-01-07'::DATE, 'Friday')",
            dt.date(2024, 1, 12),
            _F + "next_day",
        ),
        value(
            "MONTHS_BETWEEN of whole months",
            "MONTHS_BETWEEN('2019-03-01'::DATE, '2019-02-01'::DATE)",
            Decimal(1),
            _F + "months_between",
        ),
        Case(
            "MONTHS_BETWEEN of parts of months, with times",
            "SELECT MONTHS_BETWEEN('2019-03-01'::DATE, '2019-02-15'::DATE), MONTHS_BETWEEN("
            "'2020-05-01 13:11:20'::TIMESTAMP, '2020-08-21 01:30:05'::TIMESTAMP)",
            _F + "months_between",
            rows=[(Decimal("0.548387"), Decimal("-3.629452"))],
        ),
        value(
            "TIME_SLICE",
            "TIME_SLICE('2019-02-28'::DATE, 4, 'MONTH', 'START')",
            dt.date(2019, 1, 1),
            _F + "time_slice",
        ),
        value(
            "TIME_SLICE's end",
            "TIME_SLICE('2019-02-28'::DATE, 4, 'MONTH', 'END')",
            dt.date(2019, 5, 1),
            _F + "time_slice",
        ),
        value(
            "CONVERT_TIMEZONE from one to another",
            "CONVERT_TIMEZONE('America/Los_Angeles', 'America/New_York', "
            "'2024-01-01 14:00:00'::TIMESTAMP_NTZ)",
            dt.datetime(2024, 1, 1, 17),
            _F + "convert_timezone",
        ),
        fails(
            "a DATE that is none",
            "SELECT '2024-02-30'::DATE",
            Error(100040, "22007", "Date '2024-02-30' is not recognized"),
            _F + "to_date",
        ),
        fails(
            "a timestamp that is none",
            "SELECT 'yesterday'::TIMESTAMP_NTZ",
            Error(100035, "22007", "Timestamp 'yesterday' is not recognized"),
            _F + "to_timestamp",
        ),
        value(
            "TO_TIMESTAMP_TZ of a column of texts",
            "TO_TIMESTAMP_TZ(column1) FROM VALUES ('2024-01-01 01:02:03 +02:00')",
            dt.datetime(2024, 1, 1, 1, 2, 3, tzinfo=dt.timezone(dt.timedelta(hours=2))),
            _F + "to_timestamp",
            refused=_OFFSET,
        ),
        value(
            "TO_TIMESTAMP_TZ of a column of texts in UTC",
            "TO_TIMESTAMP_TZ(column1) FROM VALUES ('2024-01-01 01:02:03 +00:00')",
            dt.datetime(2024, 1, 1, 1, 2, 3, tzinfo=dt.UTC),
            _F + "to_timestamp",
        ),
        value(
            "TO_TIMESTAMP_LTZ of a column of seconds is an absolute time",
            "TO_TIMESTAMP_LTZ(column1) = '2024-01-01 00:00:00 +00:00'::TIMESTAMP_LTZ FROM VALUES (1704067200)",
            True,
            _F + "to_timestamp",
        ),
        Case(
            "TO_TIMESTAMP_TZ of seconds has a zone",
            "SELECT TO_TIMESTAMP_TZ(1704067200)",
            _F + "to_timestamp",
            rows=[(dt.datetime(2024, 1, 1, tzinfo=dt.UTC),)],
        ),
        fails(
            "TO_TIMESTAMP_TZ of a text that is no time",
            "SELECT TO_TIMESTAMP_TZ(column1) FROM VALUES ('x')",
            Error(100035, "22007", "Timestamp 'x' is not recognized"),
            _F + "to_timestamp",
        ),
        value("a DATE at the calendar's end", "'9999-12-31'::DATE", dt.date(9999, 12, 31), _TYPES),
        value("a DATE at the calendar's beginning", "'0001-01-01'::DATE", dt.date(1, 1, 1), _TYPES),
        value(
            "a timestamp before 1970 with a fraction",
            f"'1969-12-31 23:59:59.999999'{_NTZ}",
            dt.datetime(1969, 12, 31, 23, 59, 59, 999999),
            _TYPES,
        ),
        Case(
            "conversions of aggregates and of windows",
            "SELECT MAX(t)::DATE, DATE_TRUNC('MONTH', MIN(t)), TO_CHAR(MAX(t), 'YYYY-MM'), "
            "DATEADD(DAY, -1, MAX(t)::DATE), TIME_SLICE(MAX(t)::DATE, 1, 'MONTH'), "
            "DATE_TRUNC('MONTH', MAX(MAX(t)) OVER ()) FROM (SELECT '2024-05-06 07:08:09'"
            "::TIMESTAMP_NTZ AS t)",
            _F + "date_trunc",
            rows=[
                (
                    dt.date(2024, 5, 6),
                    dt.datetime(2024, 5, 1),
                    "2024-05",
                    dt.date(2024, 5, 5),
                    dt.date(2024, 5, 1),
                    dt.datetime(2024, 5, 1),
                )
            ],
            types=["DATE", "TIMESTAMP_NTZ", "TEXT", "DATE", "DATE", "TIMESTAMP_NTZ"],
        ),
        Case(
            "a conversion is used again by its alias",
            "SELECT s::DATE AS d, DATEADD(DAY, 1, d) AS e, TO_CHAR(e, 'YYYYMMDD')::INT AS n, n + 1, "
            "DATE_TRUNC('MONTH', e), s::TIMESTAMP_NTZ AS t, TO_CHAR(t, 'YYYY-MM'), "
            "DATEDIFF(DAY, d, '2024-06-01') AS r, RANK() OVER (ORDER BY r) "
            "FROM (SELECT '2024-05-06' AS s)",
            "sql-reference/sql/select",
            rows=[
                (
                    dt.date(2024, 5, 6),
                    dt.date(2024, 5, 7),
                    20240507,
                    20240508,
                    dt.date(2024, 5, 1),
                    dt.datetime(2024, 5, 6),
                    "2024-05",
                    26,
                    1,
                )
            ],
        ),
        Case(
            "what is not recognized is an error also where its alias is used",
            "SELECT s::DATE AS d, DATEADD(DAY, 1, d) FROM (SELECT 'x' AS s)",
            "sql-reference/functions/to_date",
            error=Error(100040, "22007", "Date 'x' is not recognized"),
        ),
        Case(
            "a TIME of a text with AM or PM, or of seconds",
            "SELECT '1:02:03 PM'::TIME, TO_TIME('12:00 AM'), TRY_TO_TIME('11:30 pm'), '3600'::TIME",
            "sql-reference/date-time-input-output",
            rows=[(dt.time(13, 2, 3), dt.time(0), dt.time(23, 30), dt.time(1))],
        ),
        fails("24:00:00 is no TIME", ("SELECT '24:00:00'::TIME",), Error(sqlstate="22007"), _TYPES),
        fails(
            "words behind a time",
            ("SELECT '2024-01-02 10:11:12 foo'::TIMESTAMP",),
            Error(100035, "22007"),
            "sql-reference/date-time-input-output",
        ),
        Case(
            "words behind a time, tried",
            "SELECT TRY_TO_TIMESTAMP('2024-01-02 10:11:12 foo'), TRY_TO_TIME('10:11:12 foo'), "
            "TRY_TO_TIMESTAMP('infinity'), TRY_TO_DATE('epoch')",
            "sql-reference/date-time-input-output",
            rows=[(None, None, None, None)],
        ),
        value(
            "an offset of hours alone is left out of a TIMESTAMP_NTZ",
            "'2024-01-02T10:00:00+05'::TIMESTAMP_NTZ",
            dt.datetime(2024, 1, 2, 10),
            "sql-reference/date-time-input-output",
        ),
        value(
            "a TIMESTAMP_TZ of a named zone",
            "'2024-01-02 10:00:00 America/New_York'::TIMESTAMP_TZ",
            dt.datetime(2024, 1, 2, 10, tzinfo=dt.timezone(dt.timedelta(hours=-5))),
            _TYPES,
            refused=_OFFSET,
        ),
        value(
            "TIMESTAMP_TZ_FROM_PARTS with a zone",
            "TIMESTAMP_TZ_FROM_PARTS(2024, 1, 2, 3, 4, 5, 0, 'America/New_York')",
            dt.datetime(2024, 1, 2, 3, 4, 5, tzinfo=dt.timezone(dt.timedelta(hours=-5))),
            _F + "timestamp_from_parts",
            refused=Error(2, "0A000", "with a zone"),
        ),
        value(
            "TO_TIMESTAMP of a part of a second",
            "TO_TIMESTAMP(1700000000.25)",
            dt.datetime(2023, 11, 14, 22, 13, 20, 250000),
            _F + "to_timestamp",
        ),
        Case(
            "days of a column are added to a DATE",
            "SELECT d + n, n + d, d - n, d + (n + 1) FROM (SELECT '2024-02-28'::DATE AS d, 1::INT AS n)",
            _TYPES,
            rows=[tuple(dt.date(2024, *day) for day in ((2, 29), (2, 29), (2, 27), (3, 1)))],
            types=["DATE"] * 4,
        ),
        Case(
            "parts of a date have several names",
            "SELECT TRUNC('2024-05-31'::DATE, 'MM'), DATE_TRUNC('mon', '2024-05-31'::DATE), "
            "DATE_TRUNC(wk, '2024-05-31'::DATE), DATE_TRUNC('q', '2024-05-31'::DATE)",
            "sql-reference/functions-date-time",
            rows=[tuple(dt.date(2024, *day) for day in ((5, 1), (5, 1), (5, 27), (4, 1)))],
        ),
        fails(
            "DATE_PART of nothing",
            "SELECT DATE_PART(day)",
            Error(938, part="not enough arguments"),
            _F + "date_part",
        ),
        fails(
            "days are not added to a TIME",
            "SELECT DATEADD(day, 1, '10:00'::TIME)",
            Error(part="is not a valid date/time component"),
            _F + "dateadd",
        ),
        Case(
            "DATEADD and DATEDIFF of NULL",
            "SELECT DATEADD(day, 1, NULL), DATEADD(day, NULL, '2024-01-01'::DATE), "
            "DATEDIFF(day, NULL, '2024-01-01')",
            _F + "dateadd",
            rows=[(None, None, None)],
        ),
        Case(
            "TO_TIMESTAMP_TZ of seconds is one",
            "SELECT TO_TIMESTAMP_TZ(0), TO_TIMESTAMP_LTZ(0), TO_TIMESTAMP_NTZ(0)",
            _F + "to_timestamp",
            rows=[(dt.datetime(1970, 1, 1, tzinfo=dt.UTC),) * 2 + (dt.datetime(1970, 1, 1),)],
            types=["TIMESTAMP_TZ", "TIMESTAMP_LTZ", "TIMESTAMP_NTZ"],
        ),
        Case(
            "a format of several texts, as dbt's catalog has it",
            "SELECT TO_VARCHAR('2024-01-02 03:04:05'::TIMESTAMP, 'yyyy-mm-dd HH24:MI' || 'UTC')",
            "sql-reference/functions/to_char",
            rows=[("2024-01-02 03:04UTC",)],
        ),
        fails(
            "TO_TIMESTAMP of a scale, of what is no number",
            "SELECT TO_TIMESTAMP(t, 3) FROM (SELECT '2024-01-01' AS t)",
            Error(),
            _F + "to_timestamp",
        ),
        Case(
            "DATEADD of nanoseconds that are whole microseconds",
            "SELECT DATEADD(nanosecond, 3000, '2024-01-01'::TIMESTAMP)",
            "sql-reference/functions/dateadd",
            rows=[(dt.datetime(2024, 1, 1, 0, 0, 0, 3),)],
        ),
        Case(
            "DATEADD of fewer",
            "SELECT DATEADD(nanosecond, 1, '2024-01-01'::TIMESTAMP)::VARCHAR",
            "sql-reference/functions/dateadd",
            rows=[("2024-01-01 00:00:00.000",)],
            refused=Error(2, "0A000", "nanoseconds"),
        ),
        Case(
            "TIMEADD is DATEADD",
            "SELECT TIMEADD(day, 1, '2024-01-31'::DATE), TIMEADD(hour, 1, '10:00:00'::TIME)",
            "sql-reference/functions/timeadd",
            rows=[(dt.date(2024, 2, 1), dt.time(11))],
        ),
        *(
            fails(f"{one} is no {kind}", f"SELECT {one}::{kind}", Error(), _CONVERSION)
            for one, kind in (
                ("5", "TIME"),
                ("'2024-01-31'::DATE", "TIME"),
                ("TRUE", "TIMESTAMP"),
                ("PARSE_JSON('31536000')", "DATE"),
            )
        ),
        Case(
            "parts beyond their ends make another moment",
            "SELECT TIMESTAMP_FROM_PARTS(2024, 1, 1, 0, 0, -90), "
            "TIMESTAMP_NTZ_FROM_PARTS(y, 14, 0, 25, 61, 0, 5000) FROM (SELECT 2024 AS y)",
            _F + "timestamp_from_parts",
            rows=[
                (dt.datetime(2023, 12, 31, 23, 58, 30), dt.datetime(2025, 2, 1, 2, 1, 0, 5)),
            ],
        ),
        *(
            fails(f"TIME_SLICE of {what}", f"SELECT TIME_SLICE({what})", Error(), _F + "time_slice")
            for what in (
                "'2024-01-31'::DATE, 1, 'HOUR'",
                "'2024-01-31'::DATE, 0, 'DAY'",
                "'2024-01-31'::DATE, 1, 'DAY', 'MIDDLE'",
                "'2024-01-31'::TIMESTAMP, 1, 'MILLISECOND'",
            )
        ),
        fails(
            "a TIME is not cut to its day",
            "SELECT TRUNC('08:50:48'::TIME, 'day')",
            Error(part="is not a valid date/time component"),
            _F + "trunc2",
        ),
        value(
            "a TIME of milliseconds since 1970 has no fraction",
            "TO_TIME('31536003456')",
            dt.time(0, 0, 3),
            _F + "to_time",
        ),
        Case(
            "parts by each of their names",
            "SELECT EXTRACT('weekday_iso', d), DATE_PART(yearday, d), EXTRACT(dy FROM d), "
            "DATE_PART(nsec, '10:11:12.5'::TIME), EXTRACT(year FROM d::TIMESTAMP_LTZ), "
            "DATE_TRUNC(weekofyear_iso, d), DATE_TRUNC('yearofweekiso', d) "
            "FROM (SELECT '2023-01-01'::DATE AS d)",
            "sql-reference/functions-date-time",
            rows=[
                (7, 1, 1, 500_000_000, 2023, dt.date(2022, 12, 26), dt.date(2022, 1, 3)),
            ],
        ),
        Case(
            "DATEDIFF of nanoseconds of TIMEs",
            "SELECT DATEDIFF(nanosecond, '23:00:00'::TIME, '22:59:59.999999'::TIME)",
            _F + "datediff",
            rows=[(-1000,)],
            types=["FIXED"],
        ),
        *(
            fails(
                f"{call} is not one of its parts",
                f"SELECT {call}",
                Error(1003, "42000", "is not a valid date/time component"),
                page,
            )
            for page, calls in {
                "sql-reference/functions-date-time": (
                    "DATEDIFF(dayofyear, '2024-01-01'::DATE, '2024-02-01'::DATE)",
                    "DATEADD(week_iso, 1, '2024-01-01'::DATE)",
                    "DATE_TRUNC(yearofweek, '2024-01-01'::DATE)",
                    "DATE_PART(fortnight, '2024-01-01'::DATE)",
                    "LAST_DAY('2024-01-01'::DATE, 'hour')",
                ),
                _F + "date_trunc": ("DATE_TRUNC('month', '10:00:00'::TIME)",),
                _F + "date_part": (
                    "DATE_PART(epoch_microsecond, '2024-01-01'::DATE)",
                    "DATE_PART(week, '10:00:00'::TIME)",
                ),
                _TYPES: ("'10:00:00'::TIME + INTERVAL '2 weeks'",),
            }.items()
            for call in calls
        ),
        Case(
            "an INTERVAL of days before a DATE",
            "SELECT INTERVAL '2 days' + TO_DATE('2024-02-28')",
            _TYPES,
            rows=[(dt.date(2024, 3, 1),)],
            types=["DATE"],
        ),
        *(
            fails(
                f"an INTERVAL of '{given}'",
                f"SELECT '2024-01-01'::DATE + INTERVAL '{given}'",
                Error(),
                _TYPES,
            )
            for given in ("2.5 days", "")
        ),
        Case(
            "forms of mail with parts of seconds, and an hour alone",
            "SELECT 'Mon, 1 Jan 2024 01:02:03.25 PM +0100'::TIMESTAMP_LTZ, "
            "'Mon, 1 Jan 2024 13:02:03.25'::TIMESTAMP, 'Mon, 1 Jan 2024 01:02:03 am'::TIMESTAMP, "
            "'2024-01-01 7'::TIMESTAMP",
            "sql-reference/date-time-input-output",
            rows=[
                (
                    dt.datetime(2024, 1, 1, 12, 2, 3, 250000, tzinfo=dt.UTC),
                    dt.datetime(2024, 1, 1, 13, 2, 3, 250000),
                    dt.datetime(2024, 1, 1, 1, 2, 3),
                    dt.datetime(2024, 1, 1, 7),
                )
            ],
        ),
        fails(
            "slashes behind a year",
            "SELECT '2024/01/31'::DATE",
            Error(100040, "22007", "2024/01/31"),
            "sql-reference/date-time-input-output",
        ),
        fails(
            "the hour of 24 beside AM",
            "SELECT TO_CHAR('15:00:00'::TIME, 'HH24 AM')",
            Error(),
            "sql-reference/date-time-input-output",
        ),
        Case(
            "a month's name is read in full and in short",
            "SELECT TO_DATE('5-March-2024', 'DD-MON-YYYY'), TO_DATE('2024 mar 05', 'YYYY MMMM DD'), "
            "TRY_TO_DATE('5-Marsh-2024', 'DD-MON-YYYY'), TO_DATE('05-Dec-69', 'DD-MMMM-YY')",
            "sql-reference/date-time-input-output",
            rows=[(dt.date(2024, 3, 5), dt.date(2024, 3, 5), None, dt.date(2069, 12, 5))],
        ),
        Case(
            "forms of letters and lists, with AM and PM and parts of a second",
            "SELECT TO_TIMESTAMP('Fri, 1 Mar 2024 09:08:07.1234567 PM'), "
            "TRY_TO_TIMESTAMP('Fri, 01 Mar 2024 21:08:07.5 -0800'), "
            "'Fri, 1 Mar 2024 12:08:07 AM +0100'::TIMESTAMP_LTZ = '2024-02-29 23:08:07Z'::TIMESTAMP_LTZ, "
            "TO_TIMESTAMP('2024-03-01 21')",
            "sql-reference/date-time-input-output",
            rows=[
                (
                    dt.datetime(2024, 3, 1, 21, 8, 7, 123456),
                    dt.datetime(2024, 3, 1, 21, 8, 7, 500000),
                    True,
                    dt.datetime(2024, 3, 1, 21),
                )
            ],
        ),
        Case(
            "no date begins with a year and slashes, or a year of five digits",
            "SELECT TRY_TO_DATE('2024/03/01'), TRY_TO_TIMESTAMP('2024/03/01 10:00:00'), "
            "TRY_TO_DATE('12024-03-01')",
            "sql-reference/date-time-input-output",
            rows=[(None, None, None)],
        ),
    ),
)
