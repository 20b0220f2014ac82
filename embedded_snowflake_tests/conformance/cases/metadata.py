"""SHOW, DESCRIBE, INFORMATION_SCHEMA, query history, functions about objects."""

from __future__ import annotations

from embedded_snowflake_tests.conformance.case import (
    Case,
    Error,
    Fails,
    Group,
    Matching,
    Other,
    fails,
)

_INFO = "sql-reference/info-schema/"
_T = (
    "CREATE TABLE t (a INT NOT NULL, b VARCHAR(5) DEFAULT 'x')",
    "INSERT INTO t VALUES (1, 'y'), (2, 'z')",
)
_HERE = "table_schema = CURRENT_SCHEMA()"

GROUP = Group(
    "SHOW, DESCRIBE, INFORMATION_SCHEMA",
    "What is there, with real row counts and times of change.",
    (
        Case(
            "INFORMATION_SCHEMA ordered by places of *",
            "SELECT * FROM INFORMATION_SCHEMA.TABLES WHERE FALSE ORDER BY 1, 2",
            "sql-reference/info-schema/tables",
            rows=[],
        ),
        Case(
            "SHOW TABLES",
            (*_T, "SHOW TABLES LIKE 'T'"),
            "sql-reference/sql/show-tables",
            only=("name", "kind", "rows"),
            rows=[("T", "TABLE", 2)],
        ),
        Case(
            "SHOW TABLES knows when",
            (
                *_T,
                "SHOW TABLES LIKE 'T'",
                'SELECT DATEDIFF(DAY, "created_on", CURRENT_TIMESTAMP()) <= 1 FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()))',
            ),
            "sql-reference/sql/show-tables",
            rows=[(True,)],
        ),
        Case(
            "SHOW TABLES LIKE does not mind the case",
            (*_T, "SHOW TABLES LIKE 't'"),
            "sql-reference/sql/show-tables",
            only=("name",),
            rows=[("T",)],
        ),
        Case(
            "SHOW TABLES STARTS WITH minds it",
            (*_T, "SHOW TABLES STARTS WITH 't'"),
            "sql-reference/sql/show-tables",
            only=("name",),
            rows=[],
        ),
        Case(
            "SHOW TABLES LIMIT",
            (*_T, "CREATE TABLE u (a INT)", "SHOW TABLES LIMIT 1"),
            "sql-reference/sql/show-tables",
            only=("name",),
            rows=[("T",)],
        ),
        Case(
            "SHOW COLUMNS",
            (*_T, "SHOW COLUMNS IN TABLE t"),
            "sql-reference/sql/show-columns",
            only=("table_name", "column_name", "null?"),
            rows=[("T", "A", "NOT_NULL"), ("T", "B", "true")],
        ),
        Case(
            "SHOW OBJECTS",
            (*_T, "CREATE VIEW v AS SELECT 1 AS a", "SHOW OBJECTS"),
            "sql-reference/sql/show-objects",
            only=("name", "kind"),
            rows=[("T", "TABLE"), ("V", "VIEW")],
            unordered=True,
        ),
        Case(
            "SHOW TERSE OBJECTS in a schema has five columns",
            (*_T, "CREATE VIEW v AS SELECT 1 AS a", "SHOW TERSE OBJECTS LIKE 'V' LIMIT 10000"),
            "sql-reference/sql/show-objects",
            columns=["created_on", "name", "kind", "database_name", "schema_name"],
        ),
        Case(
            "SHOW OBJECTS calls a transient table a TABLE, by which dbt knows it",
            ("CREATE TRANSIENT TABLE t (a INT)", "SHOW OBJECTS"),
            "sql-reference/sql/show-objects",
            only=("name", "kind"),
            rows=[("T", "TABLE")],
        ),
        Case(
            "SHOW OBJECTS tells dynamic tables from others",
            (
                *_T,
                "CREATE WAREHOUSE IF NOT EXISTS w",
                "CREATE DYNAMIC TABLE d TARGET_LAG = '1 hour' WAREHOUSE = w AS SELECT a FROM t",
                "SHOW OBJECTS",
            ),
            "release-notes/bcr-bundles/2024_03/bcr-1529",
            only=("name", "kind", "is_dynamic"),
            rows=[("D", "TABLE", "Y"), ("T", "TABLE", "N")],
            unordered=True,
        ),
        Case(
            "INFORMATION_SCHEMA.TABLES tells dynamic tables",
            (
                *_T,
                "CREATE WAREHOUSE IF NOT EXISTS w",
                "CREATE DYNAMIC TABLE d TARGET_LAG = '1 hour' WAREHOUSE = w AS SELECT a FROM t",
                f"SELECT table_name, is_dynamic FROM INFORMATION_SCHEMA.TABLES WHERE {_HERE} ORDER BY 1",
            ),
            _INFO + "tables",
            rows=[("D", "YES"), ("T", "NO")],
        ),
        Case(
            "INFORMATION_SCHEMA.COLUMNS tells identities",
            (
                "CREATE TABLE i (a INT AUTOINCREMENT, b INT)",
                f"SELECT column_name, is_identity FROM INFORMATION_SCHEMA.COLUMNS WHERE {_HERE} ORDER BY 1",
            ),
            _INFO + "columns",
            columns=["COLUMN_NAME", "IS_IDENTITY"],
            rows=[("A", "YES"), ("B", "NO")],
        ),
        Case(
            "INFORMATION_SCHEMA.LOAD_HISTORY",
            "SELECT COUNT(*) FROM INFORMATION_SCHEMA.LOAD_HISTORY WHERE FALSE",
            _INFO + "load_history",
            rows=[(0,)],
            refused=Error(2, "0A000", "INFORMATION_SCHEMA.LOAD_HISTORY"),
        ),
        Case(
            "INFORMATION_SCHEMA.REFERENTIAL_CONSTRAINTS",
            "SELECT COUNT(*) FROM INFORMATION_SCHEMA.REFERENTIAL_CONSTRAINTS WHERE FALSE",
            _INFO + "referential_constraints",
            rows=[(0,)],
            refused=Error(2, "0A000", "INFORMATION_SCHEMA.REFERENTIAL_CONSTRAINTS"),
        ),
        Case(
            "USE of the information schema",
            "USE SCHEMA INFORMATION_SCHEMA",
            _INFO.rstrip("/"),
            rows=[("Statement executed successfully.",)],
            refused=Error(2, "0A000", "INFORMATION_SCHEMA"),
        ),
        Case(
            "DESC WAREHOUSE",
            ("CREATE WAREHOUSE IF NOT EXISTS described", "DESC WAREHOUSE described"),
            "sql-reference/sql/desc-warehouse",
            only=("name",),
            rows=[("DESCRIBED",)],
            refused=Error(2, "0A000", "DESC WAREHOUSE"),
        ),
        Case(
            "DESC SCHEMA",
            (
                "CREATE SCHEMA IF NOT EXISTS described",
                "CREATE TABLE IF NOT EXISTS described.t (a INT)",
                "DESC SCHEMA described",
            ),
            "sql-reference/sql/desc-schema",
            only=("name",),
            rows=[("T",)],
            refused=Error(2, "0A000", "DESC SCHEMA"),
        ),
        Case(
            "SHOW .. ->> is the result's own",
            (*_T, "SHOW TABLES LIKE 'T'", 'SELECT "name" FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()))'),
            "sql-reference/functions/result_scan",
            columns=["name"],
            rows=[("T",)],
        ),
        Case(
            "DESC TABLE",
            (*_T, "DESC TABLE t"),
            "sql-reference/sql/desc-table",
            only=("name", "type", "kind", "null?", "default"),
            rows=[
                ("A", "NUMBER(38,0)", "COLUMN", "N", None),
                ("B", "VARCHAR(5)", "COLUMN", "Y", "'x'"),
            ],
        ),
        fails(
            "DESC of nothing",
            "DESC TABLE never_table",
            Error(2003, "42S02", "does not exist or not authorized"),
            "sql-reference/sql/desc-table",
        ),
        Case(
            "INFORMATION_SCHEMA.TABLES",
            (
                *_T,
                f"SELECT table_name, table_type, row_count FROM INFORMATION_SCHEMA.TABLES WHERE {_HERE}",
            ),
            _INFO + "tables",
            rows=[("T", "BASE TABLE", 2)],
        ),
        Case(
            "ROW_COUNT follows a DELETE",
            (
                *_T,
                "DELETE FROM t WHERE a = 1",
                f"SELECT row_count FROM INFORMATION_SCHEMA.TABLES WHERE {_HERE}",
            ),
            _INFO + "tables",
            rows=[(1,)],
        ),
        Case(
            "LAST_ALTERED follows a change",
            (
                *_T,
                f"CREATE TABLE seen AS SELECT last_altered FROM INFORMATION_SCHEMA.TABLES WHERE {_HERE} AND table_name = 'T'",
                "UPDATE t SET b = 'w'",
                f"SELECT t.last_altered > seen.last_altered FROM INFORMATION_SCHEMA.TABLES t, seen WHERE {_HERE} AND table_name = 'T'",
            ),
            _INFO + "tables",
            rows=[(True,)],
        ),
        Case(
            "a view's type",
            (
                *_T,
                "CREATE VIEW v AS SELECT a FROM t",
                f"SELECT table_type FROM INFORMATION_SCHEMA.TABLES WHERE {_HERE} AND table_name = 'V'",
            ),
            _INFO + "tables",
            rows=[("VIEW",)],
        ),
        Case(
            "INFORMATION_SCHEMA.COLUMNS",
            (
                *_T,
                f"SELECT column_name, ordinal_position, data_type, is_nullable, character_maximum_length FROM INFORMATION_SCHEMA.COLUMNS WHERE {_HERE} ORDER BY 2",
            ),
            _INFO + "columns",
            rows=[("A", 1, "NUMBER", "NO", None), ("B", 2, "TEXT", "YES", 5)],
        ),
        Case(
            "a number's precision and scale",
            (
                "CREATE TABLE t (a NUMBER(10,2))",
                f"SELECT numeric_precision, numeric_scale FROM INFORMATION_SCHEMA.COLUMNS WHERE {_HERE}",
            ),
            _INFO + "columns",
            rows=[(10, 2)],
        ),
        Case(
            "INFORMATION_SCHEMA.SCHEMATA",
            "SELECT COUNT(*) FROM INFORMATION_SCHEMA.SCHEMATA WHERE schema_name = CURRENT_SCHEMA()",
            _INFO + "schemata",
            rows=[(1,)],
        ),
        Case(
            "INFORMATION_SCHEMA.VIEWS",
            (
                "CREATE SECURE VIEW v COMMENT = 'why' AS SELECT 1 AS a",
                f"SELECT table_name, view_definition, is_secure, comment FROM INFORMATION_SCHEMA.VIEWS WHERE {_HERE}",
            ),
            _INFO + "views",
            rows=[
                (
                    "V",
                    Matching(r"CREATE SECURE VIEW v COMMENT = 'why' AS SELECT 1 AS a;?"),
                    "YES",
                    "why",
                )
            ],
        ),
        Case(
            "SYSTEM$LAST_CHANGE_COMMIT_TIME grows",
            (
                *_T,
                "CREATE TABLE seen AS SELECT SYSTEM$LAST_CHANGE_COMMIT_TIME('t') AS c",
                "INSERT INTO t VALUES (3, 'q')",
                "SELECT SYSTEM$LAST_CHANGE_COMMIT_TIME('t') > c FROM seen",
            ),
            "sql-reference/functions/system_last_change_commit_time",
            rows=[(True,)],
        ),
        Case(
            "QUERY_HISTORY has the session's statements",
            (
                "SELECT 'found me' AS a",
                "SELECT COUNT(*) >= 1 FROM TABLE(INFORMATION_SCHEMA.QUERY_HISTORY_BY_SESSION()) WHERE query_text LIKE '%found me%'",
            ),
            "sql-reference/functions/query_history",
            rows=[(True,)],
        ),
        Case(
            "GET_DDL of a table",
            (*_T, "SELECT GET_DDL('TABLE', 't')"),
            "sql-reference/functions/get_ddl",
            rows=[(Matching(r"(?is)create or replace table .*"),)],
            refused=Error(),
        ),
        Case(
            "EXPLAIN",
            (*_T, "EXPLAIN SELECT * FROM t"),
            "sql-reference/sql/explain",
            columns=[
                "step",
                "id",
                "parent",
                "operation",
                "objects",
                "alias",
                "expressions",
                "partitionsTotal",
                "partitionsAssigned",
                "bytesAssigned",
            ],
            refused=Error(),
        ),
        Case(
            "an empty answer has its columns",
            (*_T, "SELECT a, b FROM t WHERE FALSE"),
            "sql-reference/sql/select",
            columns=["A", "B"],
            types=["FIXED", "TEXT"],
            rows=[],
        ),
        Case(
            "types as clients see them",
            "SELECT 1 AS a, 1.5 AS b, 1::FLOAT AS c, 'x' AS d, TRUE AS e, CURRENT_DATE() AS f, '10:00'::TIME AS g, '2024-01-01'::TIMESTAMP_NTZ AS h, PARSE_JSON('1') AS i, TO_BINARY('AB') AS j",
            "sql-reference/intro-summary-data-types",
            columns=list("ABCDEFGHIJ"),
            types=[
                "FIXED",
                "FIXED",
                "REAL",
                "TEXT",
                "BOOLEAN",
                "DATE",
                "TIME",
                "TIMESTAMP_NTZ",
                "VARIANT",
                "BINARY",
            ],
        ),
        Case(
            "ARRAY and OBJECT as clients see them",
            "SELECT ARRAY_CONSTRUCT(1) AS a, OBJECT_CONSTRUCT('a', 1) AS o",
            "sql-reference/intro-summary-data-types",
            types=["ARRAY", "OBJECT"],
            columns=["A", "O"],
        ),
        Case(
            "ARRAY, OBJECT and TIMESTAMP_TZ through a table, a view and functions",
            (
                "CREATE TABLE t (a ARRAY, o OBJECT, v VARIANT, z TIMESTAMP_TZ, l TIMESTAMP_LTZ)",
                "CREATE VIEW w AS SELECT * FROM t",
                "SELECT a, o, v, z, l, a[0] AS e, o:x AS x, COALESCE(a, []) AS c, "
                "DATEADD(day, 1, z) AS d FROM (SELECT * FROM w)",
            ),
            "sql-reference/intro-summary-data-types",
            types=[
                *("ARRAY", "OBJECT", "VARIANT", "TIMESTAMP_TZ", "TIMESTAMP_LTZ"),
                *("VARIANT", "VARIANT", "ARRAY", "TIMESTAMP_TZ"),
            ],
            columns=["A", "O", "V", "Z", "L", "E", "X", "C", "D"],
        ),
        Case(
            "SHOW COLUMNS says the digits and lengths of types",
            (
                "CREATE TABLE t (a NUMBER(10, 2) NOT NULL, b VARCHAR, c VARIANT)",
                "SHOW COLUMNS IN TABLE t",
            ),
            "sql-reference/sql/show-columns",
            only=("data_type",),
            rows=[
                ('{"type":"FIXED","precision":10,"scale":2,"nullable":false}',),
                (
                    '{"type":"TEXT","length":16777216,"byteLength":16777216,'
                    '"nullable":true,"fixed":false}',
                ),
                ('{"type":"VARIANT","nullable":true}',),
            ],
        ),
        Case(
            "a dropped table is in no list",
            (*_T, "DROP TABLE t", Other("SHOW TABLES")),
            "sql-reference/sql/show-tables",
            only=("name",),
            rows=[],
        ),
        Case(
            "a failed statement changes no result",
            (
                "SELECT 5 AS a",
                Fails("SELECT nope", Error(904, "42000", "invalid identifier")),
                "SELECT 6",
            ),
            "sql-reference/functions/result_scan",
            rows=[(6,)],
        ),
        Case(
            "SHOW TABLES tells the options as given",
            (
                "CREATE TABLE t (a INT, b VARCHAR) CLUSTER BY (a, UPPER(b)) "
                "DATA_RETENTION_TIME_IN_DAYS = 7 CHANGE_TRACKING = TRUE",
                "SHOW TABLES LIKE 'T'",
            ),
            "user-guide/tables-clustering-keys",
            only=("cluster_by", "retention_time", "automatic_clustering", "change_tracking"),
            rows=[("LINEAR(A, UPPER(B))", "7", "ON", "ON")],
        ),
        Case(
            "SHOW TABLES tells the options as changed",
            (
                "CREATE TABLE t (a INT, b INT) CLUSTER BY (a) DATA_RETENTION_TIME_IN_DAYS = 7",
                "ALTER TABLE t SET DATA_RETENTION_TIME_IN_DAYS = 3 COMMENT = 'new'",
                "ALTER TABLE t CLUSTER BY (b)",
                "CREATE TABLE u CLONE t",
                "ALTER TABLE t UNSET DATA_RETENTION_TIME_IN_DAYS",
                "ALTER TABLE t DROP CLUSTERING KEY",
                "SHOW TABLES",
            ),
            "sql-reference/sql/alter-table",
            only=("name", "cluster_by", "retention_time", "comment"),
            rows=[("T", "", "1", "new"), ("U", "LINEAR(B)", "3", "new")],
        ),
        Case(
            "SHOW TABLES HISTORY",
            (*_T, "DROP TABLE t", "SHOW TABLES HISTORY LIKE 'T'"),
            "sql-reference/sql/show-tables",
            only=("name",),
            rows=[("T",)],
            refused=Error(2, "0A000", "HISTORY"),
        ),
        Case(
            "SHOW VIEWS goes by the names",
            ("CREATE VIEW z AS SELECT 1 AS a", "CREATE VIEW y AS SELECT 1 AS a", "SHOW VIEWS"),
            "sql-reference/sql/show-views",
            only=("name",),
            rows=[("Y",), ("Z",)],
        ),
        Case(
            "SHOW COLUMNS of identities and virtual columns",
            (
                "CREATE TABLE t (a INT IDENTITY(5, 2), b INT DEFAULT 4, c INT AS (b * 2))",
                "SHOW COLUMNS IN t",
            ),
            "sql-reference/virtual-columns",
            only=("column_name", "default", "kind", "expression", "autoincrement"),
            rows=[
                ("A", "", "COLUMN", "", "IDENTITY START 5 INCREMENT 2 NOORDER"),
                ("B", "4", "COLUMN", "", ""),
                ("C", "", "VIRTUAL_COLUMN", "B * 2", ""),
            ],
        ),
        Case(
            "DESC TABLE of a virtual column",
            ("CREATE TABLE t (a INT, b INT AS (a * 2))", "DESC TABLE t"),
            "sql-reference/virtual-columns",
            only=("name", "kind", "default", "expression"),
            rows=[("A", "COLUMN", None, None), ("B", "VIRTUAL", None, "A * 2")],
        ),
        Case(
            "DESC VIEW of a table, as the two are interchangeable",
            (*_T, "DESC VIEW t"),
            "sql-reference/sql/desc-table",
            only=("name",),
            rows=[("A",), ("B",)],
        ),
        Case(
            "INFORMATION_SCHEMA.TABLES knows clustering keys and retention",
            (
                "CREATE TABLE t (a INT) CLUSTER BY (a) DATA_RETENTION_TIME_IN_DAYS = 5",
                "CREATE TABLE u (a INT)",
                "SELECT clustering_key, retention_time FROM INFORMATION_SCHEMA.TABLES "
                f"WHERE {_HERE} ORDER BY table_name",
            ),
            "sql-reference/info-schema/tables",
            rows=[("LINEAR(A)", 5), (None, 1)],
        ),
        Case(
            "INFORMATION_SCHEMA.VIEWS knows when",
            (
                "CREATE VIEW v AS SELECT 1 AS a",
                "SELECT created > DATEADD(HOUR, -1, CURRENT_TIMESTAMP()) "
                f"FROM INFORMATION_SCHEMA.VIEWS WHERE {_HERE}",
            ),
            "sql-reference/info-schema/views",
            rows=[(True,)],
        ),
        Case(
            "SHOW PARAMETERS of a table",
            (*_T, "SHOW PARAMETERS LIKE 'DATA_RETENTION_TIME_IN_DAYS' IN TABLE t"),
            "sql-reference/sql/show-parameters",
            only=("key", "value"),
            rows=[("DATA_RETENTION_TIME_IN_DAYS", "1")],
            refused=Error(2, "0A000", "SHOW PARAMETERS of anything"),
        ),
        Case(
            "SHOW TERSE VIEWS",
            ("CREATE VIEW v AS SELECT 1 AS a", "SHOW TERSE VIEWS"),
            "sql-reference/sql/show-views",
            only=("name", "kind"),
            rows=[("V", "VIEW")],
        ),
    ),
)
