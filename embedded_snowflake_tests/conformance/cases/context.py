"""The session: what is current, session parameters, variables."""

from __future__ import annotations

import datetime
from decimal import Decimal

from embedded_snowflake_tests.conformance.case import (
    Anything,
    Case,
    Error,
    Group,
    Matching,
    fails,
    value,
)

_F = "sql-reference/functions/"

GROUP = Group(
    "Session and context",
    "USE, the CURRENT_ functions, query tags and variables of the session.",
    (
        Case(
            "a new schema is current",
            ("CREATE SCHEMA IF NOT EXISTS made_current", "SELECT CURRENT_SCHEMA()"),
            "sql-reference/sql/create-schema",
            rows=[("MADE_CURRENT",)],
        ),
        Case(
            "USE SCHEMA makes a schema current",
            (
                "CREATE SCHEMA IF NOT EXISTS used_one",
                "CREATE SCHEMA IF NOT EXISTS used_two",
                "USE SCHEMA used_one",
                "SELECT CURRENT_SCHEMA()",
            ),
            "sql-reference/sql/use-schema",
            rows=[("USED_ONE",)],
        ),
        fails(
            "USE of a database that is not there",
            "USE no_such_database",
            Error(2043, "02000", "does not exist"),
            "sql-reference/sql/use-database",
        ),
        fails(
            "SHOW in a schema that is not there",
            "SHOW TABLES IN SCHEMA no_such_schema",
            Error(2043, "02000", "does not exist"),
            "sql-reference/sql/show-tables",
        ),
        Case(
            "a schema's comment",
            (
                "CREATE SCHEMA IF NOT EXISTS made_with_comment COMMENT = 'what for'",
                "SHOW SCHEMAS LIKE 'MADE_WITH_COMMENT'",
            ),
            "sql-reference/sql/create-schema",
            only=("comment",),
            rows=[("what for",)],
        ),
        fails(
            "USE of a schema that is not there",
            "USE SCHEMA no_such_schema",
            Error(2043, "02000", "does not exist"),
            "sql-reference/sql/use-schema",
        ),
        Case(
            "CURRENT_VERSION has three numbers",
            "SELECT CURRENT_VERSION()",
            _F + "current_version",
            rows=[(Matching(r"\d+\.\d+\.\d+.*"),)],
        ),
        Case(
            "CURRENT_USER and CURRENT_ROLE are upper-case names",
            "SELECT CURRENT_USER() = UPPER(CURRENT_USER()), CURRENT_ROLE() IS NOT NULL",
            _F + "current_user",
            rows=[(True, True)],
        ),
        Case(
            "CURRENT_TIMESTAMP has a zone",
            "SELECT CURRENT_TIMESTAMP() AS t",
            _F + "current_timestamp",
            columns=["T"],
            types=["TIMESTAMP_LTZ"],
        ),
        Case(
            "SYSDATE has no zone",
            "SELECT SYSDATE() AS t",
            _F + "sysdate",
            columns=["T"],
            types=["TIMESTAMP_NTZ"],
        ),
        Case(
            "functions of the moment need no alias",
            "SELECT LENGTH(CURRENT_DATE()::VARCHAR), * FROM (SELECT CURRENT_DATE, CURRENT_TIMESTAMP, "
            "CURRENT_TIME(), LOCALTIMESTAMP, 1 AS id) WHERE id = 1",
            _F + "current_date",
            rows=[(10, Anything(), Anything(), Anything(), Anything(), 1)],
        ),
        Case(
            "a statement's moment is one",
            "SELECT CURRENT_TIMESTAMP() = CURRENT_TIMESTAMP()",
            _F + "current_timestamp",
            rows=[(True,)],
        ),
        Case(
            "a session variable",
            ("SET answer = 42", "SELECT $answer + 1"),
            "sql-reference/session-variables",
            rows=[(43,)],
        ),
        Case(
            "several variables are set to what was before",
            (
                "SET (min, max) = (40, 70)",
                "SET (min, max) = (50, 2 * $min)",
                "SELECT $min, $max, 1-$max",
            ),
            "sql-reference/sql/set",
            rows=[(50, 80, -79)],
        ),
        Case(
            "a variable of a query, of a text, of a date",
            (
                "SET n = (SELECT COUNT(*) FROM VALUES (1), (2))",
                "SET t = 'it''s'",
                "SET d = '2024-02-28'::DATE",
                "SELECT $n / 4, $t || '!', $d + 1",
            ),
            "sql-reference/sql/set",
            rows=[(Decimal("0.500000"), "it's!", datetime.date(2024, 2, 29))],
            columns=("$N / 4", "$T || '!'", "$D + 1"),
        ),
        Case(
            "a variable names an object",
            (
                "CREATE OR REPLACE TABLE named_by (a INT)",
                "SET named = 'named_by'",
                "INSERT INTO IDENTIFIER($named) VALUES (7)",
                "SELECT a FROM IDENTIFIER($named)",
            ),
            "sql-reference/session-variables",
            rows=[(7,)],
        ),
        Case(
            "a variable in a table's definition is its value, whatever the table is called",
            (
                "SET defined = 5",
                "CREATE OR REPLACE TABLE task AS SELECT $defined AS n",
                "SELECT n FROM task",
            ),
            "sql-reference/session-variables",
            rows=[(5,)],
        ),
        Case(
            "GETVARIABLE",
            ("SET got = 42", "SELECT GETVARIABLE('GOT'), GETVARIABLE('NO_SUCH')"),
            "sql-reference/session-variables",
            rows=[("42", None)],
        ),
        fails(
            "a variable that was unset",
            ("SET gone = 1", "UNSET gone", "SELECT $gone"),
            Error(part="does not exist"),
            "sql-reference/sql/unset",
        ),
        Case(
            "SHOW VARIABLES",
            ("SET shown_one = 10", "SHOW VARIABLES LIKE 'shown_%'"),
            "sql-reference/sql/show-variables",
            only=("name", "value", "type"),
            rows=[("SHOWN_ONE", "10", "fixed")],
        ),
        fails(
            "a variable that is not set",
            "SELECT $no_such_variable",
            Error(part="does not exist"),
            "sql-reference/session-variables",
        ),
        Case(
            "ALTER SESSION SET QUERY_TAG",
            "ALTER SESSION SET QUERY_TAG = 'conformance'",
            "sql-reference/sql/alter-session",
            rows=[("Statement executed successfully.",)],
        ),
        Case(
            "ALTER SESSION SET of a default",
            "ALTER SESSION SET WEEK_START = 0, DATE_OUTPUT_FORMAT = 'yyyy-mm-dd', "
            "USE_CACHED_RESULT = FALSE, ERROR_ON_NONDETERMINISTIC_MERGE = TRUE",
            "sql-reference/parameters",
            rows=[("Statement executed successfully.",)],
        ),
        Case(
            "another first day of the week",
            ("ALTER SESSION SET WEEK_START = 1", "SELECT DAYOFWEEK('2024-01-07'::DATE)"),
            "sql-reference/parameters",
            rows=[(7,)],
            refused=Error(2, "0A000", "WEEK_START"),
        ),
        Case(
            "another form of times as text",
            (
                "ALTER SESSION SET TIMESTAMP_NTZ_OUTPUT_FORMAT = 'YYYY'",
                "SELECT TO_VARCHAR('2024-01-07'::TIMESTAMP_NTZ)",
            ),
            "sql-reference/parameters",
            rows=[("2024",)],
            refused=Error(2, "0A000", "TIMESTAMP_NTZ_OUTPUT_FORMAT"),
        ),
        fails(
            "a session parameter that is not there",
            "ALTER SESSION SET no_such_parameter = 1",
            Error(part="invalid"),
            "sql-reference/sql/alter-session",
        ),
        Case(
            "the last query's rows can be read again",
            (
                "SELECT 1 AS a UNION ALL SELECT 2",
                "SELECT SUM(a) FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()))",
            ),
            _F + "result_scan",
            rows=[(3,)],
        ),
        Case(
            "a query's rows by its place, and the last one's without",
            (
                "SELECT 4 AS a UNION ALL SELECT 5",
                "SELECT 7",
                "SELECT a + 1 AS b FROM TABLE(RESULT_SCAN(-2))",
                "SELECT SUM(b) FROM TABLE(RESULT_SCAN())",
            ),
            _F + "result_scan",
            rows=[(11,)],
        ),
        Case(
            "an earlier query's rows can be read again",
            (
                "SELECT 1 AS a UNION ALL SELECT 2",
                "SELECT 7",
                "SELECT SUM(a) FROM TABLE(RESULT_SCAN(LAST_QUERY_ID(-2)))",
            ),
            _F + "last_query_id",
            rows=[(3,)],
        ),
        Case(
            "a query's number from the session's first",
            ("SELECT 1", "SELECT LAST_QUERY_ID(1) IS NOT NULL"),
            _F + "last_query_id",
            rows=[(True,)],
        ),
        Case(
            "roles that are none, no share and no organization's user",
            "SELECT CURRENT_ROLE_TYPE(), IS_DATABASE_ROLE_IN_SESSION('NONE'), "
            "IS_APPLICATION_ROLE_IN_SESSION('NONE'), INVOKER_SHARE(), CURRENT_ORGANIZATION_USER()",
            _F + "current_role_type",
            rows=[("ROLE", False, False, None, None)],
        ),
        Case(
            "an unquoted name is upper case, a quoted one as written",
            'SELECT 1 AS plain, 2 AS "Quoted"',
            "sql-reference/identifiers-syntax",
            columns=["PLAIN", "Quoted"],
        ),
        Case(
            "IDENTIFIER of a text",
            ("CREATE TABLE t (a INT)", "SELECT COUNT(*) FROM IDENTIFIER('t')"),
            "sql-reference/identifier-literal",
            rows=[(0,)],
        ),
        Case(
            "GETVARIABLE of nothing",
            "SELECT GETVARIABLE()",
            "sql-reference/functions/getvariable",
            error=Error(938, "22023"),
        ),
        Case(
            "parameters of the account",
            "SHOW PARAMETERS LIKE 'TIMEZONE' IN ACCOUNT",
            "sql-reference/sql/show-parameters",
            only=("key",),
            rows=[("TIMEZONE",)],
            refused=Error(2, "0A000"),
        ),
        Case(
            "NULLs in the order that is the default",
            (
                "ALTER SESSION SET DEFAULT_NULL_ORDERING = 'LAST'",
                "SELECT column1 FROM VALUES (NULL), (1) ORDER BY 1",
            ),
            "sql-reference/parameters",
            rows=[(1,), (None,)],
        ),
        Case(
            "NULLs first without a word",
            "ALTER SESSION SET DEFAULT_NULL_ORDERING = 'FIRST'",
            "sql-reference/parameters",
            rows=[("Statement executed successfully.",)],
            refused=Error(2, "0A000", "DEFAULT_NULL_ORDERING"),
        ),
        value(
            "CURRENT_SECONDARY_ROLES is a JSON",
            "PARSE_JSON(CURRENT_SECONDARY_ROLES()):roles::VARCHAR IS NULL",
            False,
            "sql-reference/functions/current_secondary_roles",
        ),
    ),
)
