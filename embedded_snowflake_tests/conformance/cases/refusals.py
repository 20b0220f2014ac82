"""What the embedded warehouse does not have, and what Snowflake does not either."""

from __future__ import annotations

from embedded_snowflake_tests.conformance.case import Anything, Case, Error, Group, fails

_ANY = [(Anything(),)]
_NO = Error(2, "0A000", "Unsupported feature")
_T = ("CREATE TABLE t (a INT)", "INSERT INTO t VALUES (1)")

GROUP = Group(
    "Errors and refusals",
    "Errors have Snowflake's numbers and states. What is not there is refused by name.",
    (
        fails(
            "a table that is not there",
            "SELECT * FROM never_table",
            Error(2003, "42S02", "does not exist or not authorized"),
            "sql-reference/sql/select",
        ),
        fails(
            "a column that is not there",
            "SELECT nope FROM (SELECT 1 AS a)",
            Error(904, "42000", "invalid identifier"),
            "sql-reference/sql/select",
        ),
        fails(
            "a statement that is none",
            "SELEC 1",
            Error(1003, "42000", "syntax error"),
            "sql-reference/sql/select",
        ),
        fails(
            "an open parenthesis",
            "SELECT (1",
            Error(1003, "42000", "syntax error"),
            "sql-reference/sql/select",
        ),
        *(
            fails(
                f"{call} has an argument too many",
                f"SELECT {call}",
                Error(939, "22023", "too many arguments"),
                f"sql-reference/functions/{page}",
            )
            for call, page in (
                ("ABS(1, 2)", "abs"),
                ("LENGTH('a', 'b')", "length"),
                ("RTRIM('a', 'b', 'c')", "rtrim"),
                ("SPLIT_PART('a-b', '-', 1, 2)", "split_part"),
                ("ADD_MONTHS('2024-01-31'::DATE, 1, 2)", "add_months"),
                ("LAST_DAY('2024-01-31'::DATE, 'month', 1)", "last_day"),
                ("TO_DATE('2024-01-31', 'AUTO', 1)", "to_date"),
                ("ZEROIFNULL(1, 2)", "zeroifnull"),
                ("NVL(1, 2, 3)", "nvl"),
            )
        ),
        *(
            fails(
                f"words behind {sql[-1]}",
                (*sql[:-1], f"{sql[-1]} FOO"),
                Error(1003, "42000", "syntax error"),
                f"sql-reference/sql/{page}",
            )
            for page, *sql in (
                ("create-role", "CREATE ROLE followed"),
                ("drop-schema", "CREATE SCHEMA followed", "DROP SCHEMA followed"),
                ("drop-tag", "CREATE TAG followed", "DROP TAG followed"),
            )
        ),
        *(
            fails(
                f"LIKE {word} of nothing", f"SELECT 'a' LIKE {word} ()", Error(1003, "42000"), page
            )
            for word, page in (
                ("ANY", "sql-reference/functions/like_any"),
                ("ALL", "sql-reference/functions/like_all"),
            )
        ),
        fails(
            "UUID_STRING of a namespace alone",
            "SELECT UUID_STRING('a')",
            Error(938, "22023"),
            "sql-reference/functions/uuid_string",
        ),
        fails(
            "a function that is not there",
            "SELECT no_such_function(1)",
            Error(2140, "42601", "Unknown function"),
            "sql-reference/functions-all",
        ),
        fails(
            "a database's function that Snowflake lacks",
            "SELECT list_value(1, 2)",
            Error(2140, "42601", "Unknown function"),
            "sql-reference/functions-all",
        ),
        fails(
            "several statements at once",
            "SELECT 1; SELECT 2",
            Error(8, "0A000", "Actual statement count 2"),
            "developer-guide/python-connector/python-connector-example",
        ),
        fails(
            "files of the machine are no tables",
            "SELECT * FROM '/etc/passwd'",
            Error(),
            "sql-reference/constructs/from",
        ),
        fails(
            "functions that read files",
            "SELECT * FROM TABLE(read_csv('/etc/passwd'))",
            Error(),
            "sql-reference/functions-table",
        ),
        Case(
            "time travel",
            (*_T, "SELECT * FROM t AT (OFFSET => 0)"),
            "sql-reference/constructs/at-before",
            rows=[(1,)],
            refused=_NO,
        ),
        Case(
            "UNDROP",
            (*_T, "DROP TABLE t", "UNDROP TABLE t"),
            "sql-reference/sql/undrop-table",
            rows=[("Table T successfully restored.",)],
            refused=_NO,
        ),
        Case(
            "streams",
            (*_T, "CREATE STREAM s ON TABLE t"),
            "sql-reference/sql/create-stream",
            rows=[("Stream S successfully created.",)],
            refused=_NO,
        ),
        Case(
            "SQL functions",
            "CREATE FUNCTION f() RETURNS INT AS '1'",
            "sql-reference/sql/create-function",
            rows=[("Function F successfully created.",)],
            refused=_NO,
        ),
        Case(
            "procedures",
            "CREATE PROCEDURE p() RETURNS INT LANGUAGE SQL AS 'BEGIN RETURN 1; END'",
            "sql-reference/sql/create-procedure",
            rows=[("Function P successfully created.",)],
            refused=_NO,
        ),
        Case(
            "a procedure for one call",
            "WITH p AS PROCEDURE () RETURNS INT LANGUAGE SQL AS 'BEGIN RETURN 1; END' CALL p()",
            "sql-reference/sql/call-with",
            rows=[(1,)],
            refused=_NO,
        ),
        Case(
            "anonymous blocks",
            "EXECUTE IMMEDIATE 'SELECT 1'",
            "sql-reference/sql/execute-immediate",
            rows=[(1,)],
            refused=_NO,
        ),
        Case(
            "materialized views",
            (*_T, "CREATE MATERIALIZED VIEW m AS SELECT a FROM t"),
            "sql-reference/sql/create-materialized-view",
            rows=[("Materialized view M successfully created.",)],
            refused=Error(),
        ),
        Case(
            "external tables",
            "CREATE EXTERNAL TABLE x LOCATION = @never FILE_FORMAT = (TYPE = CSV)",
            "sql-reference/sql/create-external-table",
            rows=_ANY,
            refused=Error(),
        ),
        Case(
            "hybrid tables",
            "CREATE HYBRID TABLE h (a INT PRIMARY KEY)",
            "sql-reference/sql/create-hybrid-table",
            rows=_ANY,
            refused=Error(),
        ),
        Case(
            "Iceberg tables",
            "CREATE ICEBERG TABLE i (a INT)",
            "sql-reference/sql/create-iceberg-table",
            rows=_ANY,
            refused=Error(),
        ),
        Case(
            "masking policies",
            "CREATE MASKING POLICY m AS (v VARCHAR) RETURNS VARCHAR -> '*'",
            "sql-reference/sql/create-masking-policy",
            rows=_ANY,
            refused=Error(),
        ),
        Case(
            "row access policies",
            "CREATE ROW ACCESS POLICY r AS (a INT) RETURNS BOOLEAN -> TRUE",
            "sql-reference/sql/create-row-access-policy",
            rows=_ANY,
            refused=Error(),
        ),
        Case(
            "pipes",
            ("CREATE STAGE s", "CREATE TABLE t (a INT)", "CREATE PIPE p AS COPY INTO t FROM @s"),
            "sql-reference/sql/create-pipe",
            rows=_ANY,
            refused=Error(),
        ),
        Case(
            "alerts",
            "CREATE ALERT a SCHEDULE = '1 MINUTE' IF (EXISTS (SELECT 1)) THEN SELECT 1",
            "sql-reference/sql/create-alert",
            rows=_ANY,
            refused=Error(),
        ),
        Case(
            "clones of schemas",
            ("CREATE SCHEMA cloned_from", "CREATE SCHEMA cloned CLONE cloned_from"),
            "sql-reference/sql/create-clone",
            rows=_ANY,
            refused=Error(),
        ),
        Case(
            "MATCH_RECOGNIZE",
            "SELECT * FROM (SELECT 1 AS a) MATCH_RECOGNIZE (ORDER BY a MEASURES COUNT(*) AS n PATTERN (x+) DEFINE x AS a > 0)",
            "sql-reference/constructs/match_recognize",
            rows=_ANY,
            refused=Error(2, "0A000", "MATCH_RECOGNIZE"),
        ),
        Case(
            "an outer join by (+)",
            "SELECT l.k FROM (SELECT 1 AS k) l, (SELECT 2 AS k) r WHERE l.k = r.k(+)",
            "sql-reference/constructs/where",
            rows=[(1,)],
            refused=Error(2, "0A000", "(+)"),
        ),
        Case(
            "CONNECT BY",
            "SELECT a FROM (SELECT 1 AS a, NULL AS p) START WITH p IS NULL CONNECT BY p = PRIOR a",
            "sql-reference/constructs/connect-by",
            rows=[(1,)],
            refused=Error(),
        ),
        Case(
            "collations",
            "SELECT 'a' COLLATE 'en-ci' = 'A'",
            "sql-reference/collation",
            rows=[(True,)],
            refused=Error(2, "0A000", "collation"),
        ),
        Case(
            "another time zone",
            "ALTER SESSION SET TIMEZONE = 'America/New_York'",
            "sql-reference/parameters",
            rows=[("Statement executed successfully.",)],
            refused=Error(part="TIMEZONE"),
        ),
        Case(
            "GEOGRAPHY",
            "CREATE TABLE geo (g GEOGRAPHY)",
            "sql-reference/data-types-geospatial",
            rows=[("Table GEO successfully created.",)],
            refused=Error(2, "0A000", "GEOGRAPHY"),
        ),
        Case(
            "VECTOR",
            "CREATE TABLE vec (v VECTOR(FLOAT, 3))",
            "sql-reference/data-types-vector",
            rows=[("Table VEC successfully created.",)],
            refused=Error(2, "0A000", "VECTOR"),
        ),
        Case(
            "a function of GEOGRAPHY",
            "SELECT ST_MAKEPOINT(1, 2)",
            "sql-reference/functions/st_makepoint",
            rows=_ANY,
            refused=Error(2140, "42601", "Unknown function"),
        ),
        Case(
            "an INTERVAL that is a value",
            "SELECT '1 12:30:01'::INTERVAL DAY TO SECOND",
            "sql-reference/data-types-datetime",
            rows=_ANY,
            refused=Error(2, "0A000", "INTERVAL DAY TO SECOND"),
        ),
        Case(
            "rows for a number of seconds",
            "SELECT COUNT(*) > 0 FROM TABLE(GENERATOR(TIMELIMIT => 1))",
            "sql-reference/functions/generator",
            rows=[(True,)],
            refused=Error(2, "0A000", "TIMELIMIT"),
        ),
        Case(
            "a system function",
            "SELECT SYSTEM$REFERENCE('TABLE', 't')",
            "sql-reference/functions/system_reference",
            rows=_ANY,
            refused=Error(2140, "42601", "system$reference"),
        ),
        Case(
            "Cortex",
            "SELECT SNOWFLAKE.CORTEX.SENTIMENT('good')",
            "sql-reference/functions/sentiment-snowflake-cortex",
            rows=_ANY,
            refused=Error(2, "0A000", "SNOWFLAKE"),
        ),
        Case(
            "the pipe operator",
            "SELECT 1 AS a ->> SELECT a FROM $1",
            "sql-reference/operators-flow",
            rows=[(1,)],
            refused=Error(2, "0A000", "the pipe operator"),
        ),
        Case(
            "what has changed in a table",
            "SELECT * FROM INFORMATION_SCHEMA.TABLES CHANGES (INFORMATION => DEFAULT) AT (OFFSET => -1)",
            "sql-reference/constructs/changes",
            rows=_ANY,
            refused=Error(2, "0A000", "CHANGES"),
        ),
        Case(
            "a semantic view",
            "SELECT * FROM SEMANTIC_VIEW (sales METRICS revenue)",
            "sql-reference/constructs/semantic_view",
            rows=_ANY,
            refused=Error(2, "0A000", "SEMANTIC_VIEW"),
        ),
    ),
)
