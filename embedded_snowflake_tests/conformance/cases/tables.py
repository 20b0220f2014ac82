"""CREATE, ALTER, DROP, CLONE and SWAP of tables; sequences; temporary tables; constraints."""

from __future__ import annotations

import datetime

from embedded_snowflake_tests.conformance.case import Case, Error, Fails, Group, Other, fails

_CREATE = "sql-reference/sql/create-table"
_ALTER = "sql-reference/sql/alter-table"
_TEMP = "user-guide/tables-temp-transient"
_KEYS = "sql-reference/constraints-overview"
_T = "CREATE TABLE t (a INT, b VARCHAR)"
_FILLED = (_T, "INSERT INTO t VALUES (1, 'x'), (2, 'y')")

GROUP = Group(
    "Tables",
    "Tables of every kind, their columns and defaults, CLONE, SWAP WITH, sequences; keys are "
    "recorded and not enforced, as on Snowflake.",
    (
        Case(
            "CREATE TABLE says so",
            "CREATE TABLE said (a INT)",
            _CREATE,
            columns=["status"],
            rows=[("Table SAID successfully created.",)],
        ),
        fails("a name that is taken", (_T, _T), Error(2002, "42710", "already exists"), _CREATE),
        Case(
            "IF NOT EXISTS says what it found",
            (_T, "CREATE TABLE IF NOT EXISTS t (z INT)"),
            _CREATE,
            rows=[("T already exists, statement succeeded.",)],
        ),
        Case(
            "IF NOT EXISTS after the name",
            (*_FILLED, "CREATE TABLE t IF NOT EXISTS (z INT)", "SELECT COUNT(a) FROM t"),
            "sql-reference/sql/create-table",
            rows=[(2,)],
        ),
        Case(
            "IF NOT EXISTS changes nothing",
            (*_FILLED, "CREATE TABLE IF NOT EXISTS t (z INT)", "SELECT COUNT(a) FROM t"),
            _CREATE,
            rows=[(2,)],
        ),
        Case(
            "OR REPLACE empties",
            (*_FILLED, "CREATE OR REPLACE TABLE t (a INT)", "SELECT COUNT(*) FROM t"),
            _CREATE,
            rows=[(0,)],
        ),
        Case(
            "CREATE TABLE AS",
            ("CREATE TABLE t AS SELECT 1 AS a, 'x' AS b", "SELECT * FROM t"),
            _CREATE,
            columns=["A", "B"],
            rows=[(1, "x")],
        ),
        Case(
            "CREATE TABLE AS with types",
            ("CREATE TABLE t (a NUMBER(10,2), b VARCHAR(5)) AS SELECT 1, 'x'", "DESC TABLE t"),
            _CREATE,
            only=("name", "type"),
            rows=[("A", "NUMBER(10,2)"), ("B", "VARCHAR(5)")],
        ),
        Case(
            "CREATE TABLE AS with names alone",
            ("CREATE TABLE t (a, b) AS SELECT 1, 'x'", "SELECT b, a FROM t"),
            _CREATE,
            rows=[("x", 1)],
        ),
        Case(
            "CREATE TABLE LIKE",
            (*_FILLED, "CREATE TABLE u LIKE t", "SELECT COUNT(*) FROM u"),
            _CREATE,
            rows=[(0,)],
            columns=["COUNT(*)"],
        ),
        Case(
            "CREATE TABLE LIKE keeps what defines the columns",
            (
                "CREATE TABLE t (a INT NOT NULL DEFAULT 5, b VARCHAR(5) COMMENT 'bb', "
                "PRIMARY KEY (a))",
                "CREATE TABLE u LIKE t",
                "DESC TABLE u",
            ),
            _CREATE,
            only=("name", "type", "null?", "default", "primary key", "comment"),
            rows=[
                ("A", "NUMBER(38,0)", "N", "5", "Y", None),
                ("B", "VARCHAR(5)", "Y", None, "N", "bb"),
            ],
        ),
        Case(
            "CREATE TABLE LIKE of an IDENTITY column",
            (
                "CREATE TABLE t (a INT IDENTITY)",
                "CREATE TABLE u LIKE t",
                "SELECT COUNT(*) FROM u",
            ),
            _CREATE,
            rows=[(0,)],
            refused=Error(2, "0A000", "IDENTITY"),
        ),
        Case(
            "CREATE OR ALTER TABLE",
            (*_FILLED, "CREATE OR ALTER TABLE t (a INT, b VARCHAR, c INT)", "SELECT a FROM t"),
            _CREATE,
            rows=[(1,), (2,)],
            refused=Error(2, "0A000", "CREATE OR ALTER"),
        ),
        Case(
            "CREATE TABLE CLONE",
            (*_FILLED, "CREATE TABLE u CLONE t", "SELECT COUNT(*) FROM u"),
            "sql-reference/sql/create-clone",
            rows=[(2,)],
        ),
        Case(
            "a clone lives its own life",
            (*_FILLED, "CREATE TABLE u CLONE t", "DELETE FROM t", "SELECT COUNT(*) FROM u"),
            "sql-reference/sql/create-clone",
            rows=[(2,)],
        ),
        Case(
            "a clone keeps NOT NULL and defaults",
            (
                "CREATE TABLE t (a INT NOT NULL, b INT DEFAULT 5)",
                "CREATE TABLE u CLONE t",
                "INSERT INTO u (a) VALUES (1)",
                "SELECT b FROM u",
            ),
            "sql-reference/sql/create-clone",
            rows=[(5,)],
        ),
        Case(
            "DEFAULT of an expression",
            (
                "CREATE TABLE t (a INT, b DATE DEFAULT CURRENT_DATE())",
                "INSERT INTO t (a) VALUES (1)",
                "SELECT b = CURRENT_DATE() FROM t",
            ),
            _CREATE,
            rows=[(True,)],
        ),
        Case(
            "AUTOINCREMENT counts from 1",
            (
                "CREATE TABLE t (id INT AUTOINCREMENT, v VARCHAR)",
                "INSERT INTO t (v) VALUES ('a')",
                "INSERT INTO t (v) VALUES ('b')",
                "SELECT MIN(id), COUNT(DISTINCT id) FROM t",
            ),
            _CREATE,
            rows=[(1, 2)],
        ),
        Case(
            "IDENTITY with start and step",
            (
                "CREATE TABLE t (id INT IDENTITY(10, 5), v VARCHAR)",
                "INSERT INTO t (v) VALUES ('a')",
                "SELECT id FROM t",
            ),
            _CREATE,
            rows=[(10,)],
        ),
        Case(
            "a sequence",
            ("CREATE SEQUENCE q START = 3 INCREMENT = 2", "SELECT q.NEXTVAL"),
            "sql-reference/sql/create-sequence",
            rows=[(3,)],
        ),
        Case(
            "ADD COLUMN",
            (*_FILLED, "ALTER TABLE t ADD COLUMN c INT DEFAULT 9", "SELECT a, c FROM t ORDER BY a"),
            _ALTER,
            rows=[(1, 9), (2, 9)],
        ),
        Case(
            "texts keep their lengths when columns come, go and are renamed",
            (
                "CREATE TABLE t (a VARCHAR(5), b VARCHAR(7))",
                "ALTER TABLE t ADD COLUMN c VARCHAR(10)",
                "ALTER TABLE t RENAME COLUMN b TO d",
                "ALTER TABLE t DROP COLUMN a",
                "ALTER TABLE t ADD COLUMN a VARCHAR",
                "DESC TABLE t",
            ),
            _ALTER,
            only=("name", "type"),
            rows=[
                ("D", "VARCHAR(7)"),
                ("C", "VARCHAR(10)"),
                ("A", "VARCHAR(16777216)"),
            ],
        ),
        Case(
            "a table that is replaced leaves no lengths",
            (
                "CREATE TABLE t (n VARCHAR(3))",
                "CREATE OR REPLACE TABLE t (n INT)",
                "SELECT column_name, character_maximum_length FROM INFORMATION_SCHEMA.COLUMNS "
                "WHERE table_schema = CURRENT_SCHEMA() AND table_name = 'T'",
            ),
            "sql-reference/info-schema/columns",
            rows=[("N", None)],
        ),
        Case(
            "ADD COLUMN IF NOT EXISTS",
            (*_FILLED, "ALTER TABLE t ADD COLUMN IF NOT EXISTS a INT", "SELECT COUNT(a) FROM t"),
            _ALTER,
            rows=[(2,)],
        ),
        Case(
            "DROP COLUMN",
            (*_FILLED, "ALTER TABLE t DROP COLUMN b", "SELECT * FROM t WHERE a = 1"),
            _ALTER,
            columns=["A"],
            rows=[(1,)],
        ),
        Case(
            "RENAME COLUMN",
            (*_FILLED, "ALTER TABLE t RENAME COLUMN b TO c", "SELECT c FROM t WHERE a = 1"),
            _ALTER,
            columns=["C"],
            rows=[("x",)],
        ),
        Case(
            "RENAME TO",
            (*_FILLED, "ALTER TABLE t RENAME TO u", "SELECT COUNT(*) FROM u"),
            _ALTER,
            rows=[(2,)],
        ),
        fails(
            "a number becomes no text",
            ("CREATE TABLE t (a INT)", "ALTER TABLE t ALTER COLUMN a SET DATA TYPE VARCHAR"),
            Error(2108, "22000", "cannot change column A"),
            _ALTER,
        ),
        fails(
            "a number keeps its scale",
            ("CREATE TABLE t (a NUMBER(10,2))", "ALTER TABLE t MODIFY a NUMBER(12,0)"),
            Error(2108, "22000", "cannot change column A"),
            _ALTER,
        ),
        Case(
            "a number gets more digits",
            (
                "CREATE TABLE t (a NUMBER(10,2))",
                "ALTER TABLE t MODIFY a NUMBER(12,2)",
                "DESC TABLE t",
            ),
            _ALTER,
            only=("type",),
            rows=[("NUMBER(12,2)",)],
        ),
        Case(
            "a column's comment, later",
            (_T, "ALTER TABLE t ALTER COLUMN a COMMENT 'the a'", "DESC TABLE t"),
            _ALTER,
            only=("name", "comment"),
            rows=[("A", "the a"), ("B", None)],
        ),
        Case(
            "a key, later",
            (_T, "ALTER TABLE t ADD PRIMARY KEY (a)", "SHOW PRIMARY KEYS IN TABLE t"),
            _ALTER,
            only=("column_name",),
            rows=[("A",)],
            refused=Error(2, "0A000", "a key"),
        ),
        Case(
            "DROP of several columns",
            (
                "CREATE TABLE t (a INT, b INT, c INT)",
                "ALTER TABLE t DROP COLUMN a, b",
                "SELECT * FROM t",
            ),
            _ALTER,
            columns=["C"],
            rows=[],
        ),
        Case(
            "names with anything in them",
            (
                'CREATE TABLE "t\'s é" ("a.b \'c\'" INT, "select" VARCHAR)',
                "INSERT INTO \"t's é\" VALUES (1, 'x')",
                'ALTER TABLE "t\'s é" RENAME COLUMN "select" TO "d\'s"',
                'CREATE VIEW "v\'s" AS SELECT "t\'s é"."a.b \'c\'" + 1 AS "e\'" FROM "t\'s é"',
                'CREATE SEQUENCE "q\'s"',
                'SELECT "e\'" FROM "v\'s"',
            ),
            "sql-reference/identifiers-syntax",
            columns=["e'"],
            rows=[(2,)],
        ),
        Case(
            "ADD COLUMN with a comment",
            (_T, "ALTER TABLE t ADD COLUMN c INT COMMENT 'of c'", "DESC TABLE t"),
            _ALTER,
            only=("name", "comment"),
            rows=[("A", None), ("B", None), ("C", "of c")],
        ),
        *(
            Case(
                f"ADD COLUMN that is {what}",
                (_T, f"ALTER TABLE t ADD COLUMN c INT {what}", "SELECT COUNT(*) FROM t"),
                _ALTER,
                rows=[(0,)],
                refused=Error(2, "0A000", "a key or an identity"),
            )
            for what in ("UNIQUE", "PRIMARY KEY", "AUTOINCREMENT", "REFERENCES t (a)")
        ),
        fails(
            "a key of a column that is not there",
            "CREATE TABLE t (a INT, PRIMARY KEY (b))",
            Error(904, "42000", "B"),
            _KEYS,
        ),
        fails(
            "two primary keys",
            "CREATE TABLE t (a INT PRIMARY KEY, b INT PRIMARY KEY)",
            Error(part="primary key"),
            _KEYS,
        ),
        *(
            fails(
                f"OR REPLACE and IF NOT EXISTS of a {kind.lower()}",
                f"CREATE OR REPLACE {kind} IF NOT EXISTS made {more}",
                Error(part="incompatible"),
                f"sql-reference/sql/create-{kind.lower()}",
            )
            for kind, more in (
                ("TABLE", "(a INT)"),
                ("VIEW", "AS SELECT 1 AS a"),
                ("STAGE", ""),
                ("SCHEMA", ""),
                ("SEQUENCE", ""),
            )
        ),
        Case(
            "keys of a temporary table are its own",
            (
                "CREATE TABLE t (a INT PRIMARY KEY)",
                "CREATE TEMPORARY TABLE t (z INT, y INT PRIMARY KEY)",
                "ALTER TABLE t RENAME COLUMN y TO x",
                "SHOW PRIMARY KEYS IN TABLE t",
            ),
            _TEMP,
            only=("table_name", "column_name"),
            rows=[("T", "X")],
        ),
        Case(
            "DESC TABLE shows the key of a temporary table",
            ("CREATE TEMPORARY TABLE t (a INT PRIMARY KEY, b INT UNIQUE)", "DESC TABLE t"),
            "sql-reference/sql/desc-table",
            only=("name", "primary key", "unique key"),
            rows=[("A", "Y", "N"), ("B", "N", "Y")],
        ),
        Case(
            "a tag of a temporary table",
            (
                "CREATE TAG tg",
                "CREATE TABLE t (a INT)",
                "CREATE TEMPORARY TABLE t (a INT)",
                "ALTER TABLE t SET TAG tg = 'x'",
            ),
            "user-guide/object-tagging/work",
            rows=[("Statement executed successfully.",)],
            refused=Error(2, "0A000", "a tag of a temporary table"),
        ),
        fails(
            "a temporary sequence",
            "CREATE TEMPORARY SEQUENCE s",
            Error(),
            "sql-reference/sql/create-sequence",
        ),
        *(
            Case(
                f"CREATE TABLE with {what.split('=')[0].strip()}",
                (f"CREATE TABLE t (a VARCHAR) {what}", "SELECT COUNT(*) FROM t"),
                _CREATE,
                rows=[(0,)],
                refused=Error(2, "0A000", "CREATE TABLE with"),
            )
            for what in ("DEFAULT_DDL_COLLATION = 'en-ci'", "ENABLE_SCHEMA_EVOLUTION = TRUE")
        ),
        Case(
            "CREATE TABLE with a tag",
            (
                "CREATE TAG tg",
                "CREATE TABLE t (a INT) WITH TAG (tg = 'x')",
                "SELECT SYSTEM$GET_TAG('tg', 't', 'TABLE')",
            ),
            _CREATE,
            rows=[("x",)],
            refused=Error(2, "0A000", "CREATE TABLE with"),
        ),
        *(
            Case(
                f"a column of type {kind}",
                (f"CREATE TABLE t (a {kind})", "SELECT COUNT(*) FROM t"),
                page,
                rows=[(0,)],
                refused=Error(2, "0A000", "the type"),
            )
            for kind, page in (
                ("DECFLOAT", "sql-reference/data-types-numeric"),
                ("ARRAY(INT)", "sql-reference/data-types-structured"),
                ("OBJECT(x INT)", "sql-reference/data-types-structured"),
                ("MAP(VARCHAR, INT)", "sql-reference/data-types-structured"),
            )
        ),
        fails(
            "a property that no table has",
            "CREATE TABLE t (a INT) FOO = 'bar'",
            Error(),
            _CREATE,
        ),
        fails(
            "DROP of every column",
            ("CREATE TABLE t (a INT, b INT)", "ALTER TABLE t DROP COLUMN a, b"),
            Error(1432, "42601", "cannot drop all the columns of a table"),
            _ALTER,
        ),
        fails(
            "ADD COLUMN of a name that is taken",
            (*_FILLED, "ALTER TABLE t ADD COLUMN b INT"),
            Error(1430, "42601", "column 'B' already exists"),
            _ALTER,
        ),
        fails(
            "RENAME COLUMN to a name that is taken",
            (*_FILLED, "ALTER TABLE t RENAME COLUMN a TO b"),
            Error(None, None, "column 'B' already exists"),
            _ALTER,
        ),
        fails(
            "CREATE TABLE with a name twice",
            "CREATE TABLE t (a INT, A INT)",
            Error(2025, "42S21", "duplicate column name 'A'"),
            "sql-reference/sql/create-table",
        ),
        Case(
            "ADD COLUMN IF NOT EXISTS of several, of which some are there",
            (
                "CREATE TABLE t (a INT)",
                "ALTER TABLE t ADD COLUMN IF NOT EXISTS a VARCHAR(3), IF NOT EXISTS b VARCHAR(3)",
                "DESC TABLE t",
            ),
            _ALTER,
            only=("name", "type"),
            rows=[("A", "NUMBER(38,0)"), ("B", "VARCHAR(3)")],
        ),
        Case(
            "ALTER TABLE IF EXISTS of nothing",
            "ALTER TABLE IF EXISTS never_there SET COMMENT = 'x'",
            _ALTER,
            rows=[("Statement executed successfully.",)],
        ),
        Case(
            "a key's columns are renamed with the table's",
            (
                "CREATE TABLE t (a INT PRIMARY KEY, b INT, c INT, UNIQUE (b, c))",
                "ALTER TABLE t RENAME COLUMN a TO d",
                "SHOW PRIMARY KEYS IN TABLE t",
            ),
            _ALTER,
            only=("column_name",),
            rows=[("D",)],
        ),
        Case(
            "a dropped column takes its keys with it",
            (
                "CREATE TABLE t (a INT PRIMARY KEY, b INT, c INT, UNIQUE (b, c))",
                "ALTER TABLE t DROP COLUMN c",
                "SHOW UNIQUE KEYS IN TABLE t",
            ),
            _ALTER,
            rows=[],
        ),
        fails(
            "a text of no characters",
            "CREATE TABLE t (a VARCHAR(0))",
            Error(None, None, "Invalid character length: 0"),
            "sql-reference/data-types-text",
        ),
        fails(
            "a number of 39 digits",
            "CREATE TABLE t (a NUMBER(39, 0))",
            Error(None, None, "Invalid number precision: 39"),
            "sql-reference/data-types-numeric",
        ),
        Case(
            "DEFAULT of a constant that is cast",
            (
                "CREATE TABLE t (a INT, b TIME DEFAULT '10:00'::TIME, c DATE DEFAULT TO_DATE('2020-02-29'))",
                "INSERT INTO t (a) VALUES (1)",
                "SELECT b, c FROM t",
            ),
            "sql-reference/sql/create-table",
            rows=[(datetime.time(10), datetime.date(2020, 2, 29))],
        ),
        Case(
            "LOCAL TEMPORARY and VOLATILE are TEMPORARY",
            (
                "CREATE LOCAL TEMPORARY TABLE t (a INT)",
                "CREATE VOLATILE TABLE u (a INT)",
                "SHOW TABLES",
            ),
            "sql-reference/sql/create-table",
            only=("name", "kind"),
            rows=[("T", "TEMPORARY"), ("U", "TEMPORARY")],
        ),
        Case(
            "DEFAULT of a sequence",
            (
                "CREATE SEQUENCE q",
                "CREATE TABLE t (a INT DEFAULT q.NEXTVAL, b INT)",
                "SELECT COUNT(*) FROM t",
            ),
            _CREATE,
            rows=[(0,)],
            refused=Error(2, "0A000", "NEXTVAL"),
        ),
        Case(
            "BINARY of a length",
            ("CREATE TABLE t (a BINARY(5))", "SELECT COUNT(*) FROM t"),
            "sql-reference/data-types-text",
            rows=[(0,)],
            refused=Error(2, "0A000", "BINARY"),
        ),
        Case(
            "a permanent table beside a temporary one",
            (
                "CREATE TEMPORARY TABLE t (a INT)",
                "CREATE TABLE t (b INT)",
                "SELECT * FROM t",
            ),
            _TEMP,
            columns=["A"],
            rows=[],
            refused=Error(2, "0A000", "temporary table"),
        ),
        Case(
            "a sequence that is there",
            ("CREATE SEQUENCE q", "CREATE SEQUENCE IF NOT EXISTS q"),
            "sql-reference/sql/create-sequence",
            rows=[("Q already exists, statement succeeded.",)],
        ),
        Case(
            "defaults are shown in Snowflake's words",
            (
                "CREATE TABLE t (a VARCHAR DEFAULT UUID_STRING())",
                "SELECT column_default FROM INFORMATION_SCHEMA.COLUMNS "
                "WHERE table_name = 'T' AND table_schema = CURRENT_SCHEMA()",
            ),
            "sql-reference/info-schema/columns",
            rows=[("UUID_STRING()",)],
        ),
        Case(
            "a whole number of a query has 38 digits",
            (
                "CREATE TABLE t AS SELECT 1 AS a",
                "SELECT data_type FROM INFORMATION_SCHEMA.COLUMNS "
                "WHERE table_name = 'T' AND table_schema = CURRENT_SCHEMA()",
            ),
            "sql-reference/info-schema/columns",
            rows=[("NUMBER",)],
        ),
        Case(
            "RENAME TO another schema",
            (
                *_FILLED,
                "CREATE SCHEMA IF NOT EXISTS renamed_to",
                "CREATE TABLE moved (a INT)",
                "ALTER TABLE moved RENAME TO public.moved_there",
                "SELECT COUNT(*) FROM public.moved_there",
            ),
            _ALTER,
            rows=[(0,)],
            refused=Error(2, "0A000", "another schema"),
        ),
        fails(
            "RENAME TO a name that is taken",
            (*_FILLED, "CREATE TABLE u (a INT)", "ALTER TABLE t RENAME TO u"),
            Error(2002, "42710"),
            _ALTER,
        ),
        Case(
            "fewer digits of a second",
            ("CREATE TABLE t (a TIMESTAMP_NTZ(0))", "DESC TABLE t"),
            "sql-reference/data-types-datetime",
            only=("type",),
            rows=[("TIMESTAMP_NTZ(0)",)],
            refused=Error(2, "0A000", "(0)"),
        ),
        fails(
            "DROP TABLE of a view",
            (_T, "CREATE VIEW v AS SELECT a FROM t", "DROP TABLE v"),
            Error(2203, "02000", "Object found is of type 'VIEW'"),
            "sql-reference/sql/drop-table",
        ),
        fails(
            "a table in the place of a view",
            (_T, "CREATE VIEW v AS SELECT a FROM t", "CREATE OR REPLACE TABLE v (a INT)"),
            Error(1998, "42710", "already exists as VIEW"),
            _CREATE,
        ),
        Case(
            "SWAP WITH",
            (
                *_FILLED,
                "CREATE TABLE u (z INT)",
                "ALTER TABLE t SWAP WITH u",
                "SELECT COUNT(a) FROM u",
            ),
            _ALTER,
            rows=[(2,)],
        ),
        Case(
            "SET DATA TYPE to a longer text",
            (
                "CREATE TABLE t (a VARCHAR(3))",
                "ALTER TABLE t ALTER COLUMN a SET DATA TYPE VARCHAR(9)",
                "DESC TABLE t",
            ),
            _ALTER,
            only=("name", "type"),
            rows=[("A", "VARCHAR(9)")],
        ),
        Case(
            "DROP NOT NULL",
            (
                "CREATE TABLE t (a INT NOT NULL)",
                "ALTER TABLE t ALTER COLUMN a DROP NOT NULL",
                "INSERT INTO t VALUES (NULL)",
                "SELECT COUNT(*) FROM t",
            ),
            _ALTER,
            rows=[(1,)],
        ),
        Case(
            "CLUSTER BY is kept quiet",
            ("CREATE TABLE t (a INT, b DATE) CLUSTER BY (b)", "SELECT COUNT(*) FROM t"),
            _CREATE,
            rows=[(0,)],
        ),
        Case(
            "DROP TABLE says so",
            ("CREATE TABLE gone (a INT)", "DROP TABLE gone"),
            "sql-reference/sql/drop-table",
            rows=[("GONE successfully dropped.",)],
        ),
        Case(
            "DROP IF EXISTS of nothing",
            "DROP TABLE IF EXISTS never",
            "sql-reference/sql/drop-table",
            rows=[("Drop statement executed successfully (NEVER already dropped).",)],
        ),
        fails(
            "DROP of nothing",
            "DROP TABLE never",
            Error(2003, "42S02", "does not exist or not authorized"),
            "sql-reference/sql/drop-table",
        ),
        Case(
            "COMMENT ON TABLE",
            (_T, "COMMENT ON TABLE t IS 'what it holds'", "SHOW TABLES LIKE 'T'"),
            "sql-reference/sql/comment",
            only=("name", "comment"),
            rows=[("T", "what it holds")],
        ),
        Case(
            "a column's comment",
            ("CREATE TABLE t (a INT COMMENT 'the a')", "DESC TABLE t"),
            _CREATE,
            only=("name", "comment"),
            rows=[("A", "the a")],
        ),
        Case(
            "names are upper case unless quoted",
            ('CREATE TABLE t (a INT, "b c" INT)', "SELECT * FROM T"),
            "sql-reference/identifiers-syntax",
            columns=["A", "b c"],
            rows=[],
        ),
        Case(
            "quoted names mind their case",
            ('CREATE TABLE "t" (a INT)', "CREATE TABLE t (b INT)", 'SELECT * FROM "t"'),
            "sql-reference/identifiers-syntax",
            columns=["A"],
            rows=[],
            refused=Error(2002),
        ),
        Case(
            "SHOW TABLES says which are temporary or transient",
            (
                "CREATE TABLE a (a INT)",
                "CREATE TEMPORARY TABLE b (a INT)",
                "INSERT INTO b VALUES (1), (2)",
                "CREATE TRANSIENT TABLE c (a INT)",
                "CREATE TRANSIENT TABLE d CLONE c",
                "ALTER TABLE c RENAME TO e",
                "CREATE OR REPLACE TABLE d (a INT)",
                "SHOW TABLES",
            ),
            "sql-reference/sql/show-tables",
            only=("name", "kind", "rows"),
            rows=[
                ("A", "TABLE", 0),
                ("B", "TEMPORARY", 2),
                ("D", "TABLE", 0),
                ("E", "TRANSIENT", 0),
            ],
        ),
        fails(
            "a permanent clone of a transient table",
            ("CREATE TRANSIENT TABLE s (a INT)", "CREATE TABLE t CLONE s"),
            Error(),
            "sql-reference/sql/create-clone",
        ),
        Case(
            "INFORMATION_SCHEMA.TABLES says which are temporary or transient",
            (
                "CREATE TEMPORARY TABLE b (a INT)",
                "INSERT INTO b VALUES (1), (2)",
                "CREATE TRANSIENT TABLE c AS SELECT 1 AS a",
                "SELECT table_name, table_type, row_count, created IS NULL "
                "FROM INFORMATION_SCHEMA.TABLES WHERE table_schema = CURRENT_SCHEMA() "
                "AND (is_transient = 'YES' OR table_type = 'TEMPORARY TABLE') ORDER BY 1",
            ),
            "sql-reference/info-schema/tables",
            rows=[("B", "TEMPORARY TABLE", 2, False), ("C", "BASE TABLE", 1, False)],
        ),
        Case(
            "RENAME TO of a temporary table",
            (
                "CREATE TEMPORARY TABLE t AS SELECT 1 AS a",
                "ALTER TABLE t RENAME TO u",
                "SELECT a, table_name FROM u, INFORMATION_SCHEMA.TABLES "
                "WHERE table_type = 'TEMPORARY TABLE' AND table_schema = CURRENT_SCHEMA()",
            ),
            _ALTER,
            rows=[(1, "U")],
        ),
        Case(
            "SHOW COLUMNS of a temporary table",
            (*_FILLED, "CREATE TEMPORARY TABLE t (z INT)", "SHOW COLUMNS IN TABLE t"),
            "sql-reference/sql/show-columns",
            only=("table_name", "column_name"),
            rows=[("T", "Z")],
        ),
        Case(
            "a temporary table is its session's own",
            ("CREATE TEMPORARY TABLE t (a INT)", Other("SHOW TABLES LIKE 'T'")),
            _TEMP,
            rows=[],
        ),
        fails(
            "another session does not see it",
            ("CREATE TEMPORARY TABLE t (a INT)", Other("SELECT * FROM t")),
            Error(2003, "42S02"),
            _TEMP,
        ),
        Case(
            "a temporary table takes integers of 38 digits, in a transaction too",
            (
                "CREATE TEMPORARY TABLE long_ones (n INT)",
                "BEGIN",
                "INSERT INTO long_ones VALUES (1)",
                "INSERT INTO long_ones VALUES (99999999999999999999999999999999999999)",
                "COMMIT",
                "SELECT n FROM long_ones ORDER BY n",
            ),
            _TEMP,
            rows=[(1,), (99999999999999999999999999999999999999,)],
        ),
        Case(
            "a temporary table's name stands before its columns in every statement",
            (
                "CREATE TEMPORARY TABLE named (n INT, m INT)",
                "INSERT INTO named VALUES (1, 1), (2, 2), (3, 3)",
                "MERGE INTO named USING (SELECT 4 AS n) s ON named.n = s.n "
                "WHEN NOT MATCHED THEN INSERT (n, m) VALUES (s.n, 0)",
                "UPDATE named SET named.m = named.m + 1 WHERE named.n > 2",
                "DELETE FROM named WHERE named.n = 1",
                "SELECT named.n, named.m FROM named ORDER BY named.n",
            ),
            _TEMP,
            rows=[(2, 2), (3, 4), (4, 1)],
        ),
        Case(
            "a temporary table hides a permanent one",
            (*_FILLED, "CREATE TEMPORARY TABLE t (z INT)", "SELECT COUNT(*) FROM t"),
            _TEMP,
            rows=[(0,)],
        ),
        Case(
            "dropping it shows the permanent one again",
            (
                *_FILLED,
                "CREATE TEMPORARY TABLE t (z INT)",
                "DROP TABLE t",
                "SELECT COUNT(*) FROM t",
            ),
            _TEMP,
            rows=[(2,)],
        ),
        Case(
            "a TRANSIENT table is there for all",
            ("CREATE TRANSIENT TABLE t (a INT)", Other("SELECT COUNT(*) FROM t")),
            _TEMP,
            rows=[(0,)],
        ),
        Case(
            "a primary key is not enforced",
            (
                "CREATE TABLE t (a INT PRIMARY KEY)",
                "INSERT INTO t VALUES (1), (1)",
                "SELECT COUNT(*) FROM t",
            ),
            _KEYS,
            rows=[(2,)],
        ),
        Case(
            "a unique key is not enforced",
            (
                "CREATE TABLE t (a INT UNIQUE)",
                "INSERT INTO t VALUES (1), (1)",
                "SELECT COUNT(*) FROM t",
            ),
            _KEYS,
            rows=[(2,)],
        ),
        Case(
            "a foreign key is not enforced",
            (
                "CREATE TABLE p (a INT PRIMARY KEY)",
                "CREATE TABLE t (a INT REFERENCES p (a))",
                "INSERT INTO t VALUES (9)",
                "SELECT COUNT(*) FROM t",
            ),
            _KEYS,
            rows=[(1,)],
        ),
        Case(
            "SHOW PRIMARY KEYS",
            (
                "CREATE TABLE t (a INT, b INT, CONSTRAINT pk PRIMARY KEY (a, b))",
                "SHOW PRIMARY KEYS IN TABLE t",
            ),
            "sql-reference/sql/show-primary-keys",
            only=("table_name", "column_name", "key_sequence", "constraint_name"),
            rows=[("T", "A", 1, "PK"), ("T", "B", 2, "PK")],
        ),
        Case(
            "a PRIMARY KEY is NOT NULL",
            ("CREATE TABLE t (a INT, b INT, PRIMARY KEY (a))", "DESC TABLE t"),
            _KEYS,
            only=("name", "null?"),
            rows=[("A", "N"), ("B", "Y")],
        ),
        Case(
            "DESC TABLE shows a PRIMARY KEY",
            ("CREATE TABLE t (a INT PRIMARY KEY, b INT)", "DESC TABLE t"),
            "sql-reference/sql/desc-table",
            only=("name", "primary key"),
            rows=[("A", "Y"), ("B", "N")],
        ),
        fails(
            "a PRIMARY KEY takes no NULL",
            ("CREATE TABLE t (a INT PRIMARY KEY)", "INSERT INTO t VALUES (NULL)"),
            Error(100072),
            _KEYS,
        ),
        fails(
            "ADD COLUMN of texts of a length",
            (
                "CREATE TABLE t (a INT)",
                "INSERT INTO t VALUES (1)",
                "ALTER TABLE t ADD COLUMN b VARCHAR(3)",
                "UPDATE t SET b = 'abc'",
                "UPDATE t SET b = 'abcd'",
            ),
            Error(100078, "22000"),
            _ALTER,
        ),
        fails(
            "ADD COLUMN of texts of a length to a temporary table",
            (
                "CREATE TEMPORARY TABLE t (a INT)",
                "ALTER TABLE t ADD COLUMN b VARCHAR(3)",
                "INSERT INTO t VALUES (1, 'abc')",
                "INSERT INTO t VALUES (1, 'abcd')",
            ),
            Error(100078, "22000"),
            _ALTER,
        ),
        fails(
            "a text that is too long for a column of CREATE TABLE .. AS",
            "CREATE TABLE t (s VARCHAR(3)) AS SELECT 'abcd'",
            Error(100078, "22000"),
            _CREATE,
        ),
        fails(
            "a text that comes later and is too long for it",
            (
                "CREATE TABLE t (s VARCHAR(3)) AS SELECT 'abc'",
                "INSERT INTO t VALUES ('abcd')",
            ),
            Error(100078, "22000"),
            _CREATE,
        ),
        Case(
            "a temporary table is replaced by what it holds, or stays",
            (
                "CREATE TEMPORARY TABLE t COMMENT = 'of t' AS SELECT 1 AS a",
                "CREATE OR REPLACE TEMPORARY TABLE t AS SELECT a + 1 AS a FROM t",
                Fails("CREATE OR REPLACE TEMPORARY TABLE t AS SELECT nope FROM t", Error(904)),
                Fails("CREATE OR REPLACE TEMPORARY TABLE t AS SELECT 1 / 0 AS a", Error(100051)),
                "SELECT a FROM t",
            ),
            _CREATE,
            rows=[(2,)],
        ),
        Case(
            "NEXTVAL within an expression",
            ("CREATE SEQUENCE sq", "SELECT sq.NEXTVAL::VARCHAR || 'x', sq.NEXTVAL + 1, sq.NEXTVAL"),
            "user-guide/querying-sequences",
            rows=[("1x", 3, 3)],
        ),
        Case(
            "ALTER TABLE SET and UNSET COMMENT",
            (
                "CREATE TABLE t (a INT)",
                "ALTER TABLE t SET COMMENT = 'of t'",
                "ALTER TABLE t UNSET COMMENT",
                "SHOW TABLES",
            ),
            _ALTER,
            only=("name", "comment"),
            rows=[("T", "")],
        ),
        Case(
            "COMMENT IF EXISTS of what is not there",
            "COMMENT IF EXISTS ON TABLE nope IS 'x'",
            "sql-reference/sql/comment",
            rows=[("Statement executed successfully.",)],
        ),
        Case(
            "comments on several columns at once",
            (
                "CREATE TABLE t (a INT, b INT, c INT)",
                "ALTER TABLE t ALTER a COMMENT $$it's one$$, COLUMN b COMMENT 'two'",
                "SELECT column_name, comment FROM information_schema.columns "
                "WHERE table_name = 'T' AND table_schema = CURRENT_SCHEMA() ORDER BY 1",
            ),
            "sql-reference/sql/alter-table-column",
            rows=[("A", "it's one"), ("B", "two"), ("C", None)],
        ),
        Case(
            "SYSTEM$TYPEOF",
            "SELECT SYSTEM$TYPEOF(1::NUMBER(10,2))",
            "sql-reference/functions/system_typeof",
            rows=[("NUMBER(10,2)[SB2]",)],
            refused=Error(),
        ),
        fails(
            "rows retained for more than 90 days",
            "CREATE TABLE t (a INT) DATA_RETENTION_TIME_IN_DAYS = 91",
            Error(1008, "22023", "DATA_RETENTION_TIME_IN_DAYS"),
            _CREATE,
        ),
        fails(
            "rows of a transient table retained for more than a day",
            "CREATE TRANSIENT TABLE t (a INT) DATA_RETENTION_TIME_IN_DAYS = 2",
            Error(1008, "22023", "DATA_RETENTION_TIME_IN_DAYS"),
            _CREATE,
        ),
        Case(
            "AUTOINCREMENT by negative steps",
            (
                "CREATE TABLE t (a INT AUTOINCREMENT START 10 INCREMENT -1 ORDER, b INT)",
                "INSERT INTO t (b) VALUES (1)",
                "SELECT a FROM t",
            ),
            _CREATE,
            rows=[(10,)],
            refused=Error(2, "0A000", "negative"),
        ),
        Case(
            "CLONE of a table with a virtual column",
            (
                "CREATE TABLE t (a INT, b INT AS (a * 2))",
                "INSERT INTO t VALUES (3)",
                "CREATE TABLE u CLONE t",
                "SELECT a, b FROM u",
            ),
            "sql-reference/virtual-columns",
            rows=[(3, 6)],
        ),
        fails(
            "a key of a table that is not there",
            "CREATE TABLE t (a INT REFERENCES never_there (a))",
            Error(2003, "42S02", "NEVER_THERE"),
            "sql-reference/sql/create-table-constraint",
        ),
        Case(
            "a key of the table itself",
            (
                "CREATE TABLE t (a INT PRIMARY KEY, b INT, FOREIGN KEY (b) REFERENCES t (a))",
                "SELECT COUNT(*) FROM t",
            ),
            "sql-reference/sql/create-table-constraint",
            rows=[(0,)],
        ),
        Case(
            "a CHECK",
            (
                "CREATE TABLE t (a INT CHECK (a > 0))",
                "INSERT INTO t VALUES (1)",
                "SELECT a FROM t",
            ),
            "sql-reference/sql/create-table-constraint",
            rows=[(1,)],
            refused=Error(2, "0A000", "CHECK"),
        ),
        *(
            Case(
                f"a column with {what}",
                f"CREATE TABLE t (a INT WITH {what})",
                _CREATE,
                rows=[("Table T successfully created.",)],
                refused=Error(2, "0A000", word),
            )
            for what, word in (("TAG (x = 'y')", "TAG"), ("MASKING POLICY p", "MASKING POLICY"))
        ),
        fails(
            "a column that is named as a function of the context",
            "CREATE TABLE t (a INT, CURRENT_DATE INT)",
            Error(1003, "42000", "CURRENT_DATE"),
            _CREATE,
        ),
        fails(
            "another default of a column",
            ("CREATE TABLE t (a INT DEFAULT 1)", "ALTER TABLE t ALTER COLUMN a SET DEFAULT 2"),
            Error(2, "0A000", "SET DEFAULT"),
            "sql-reference/sql/alter-table-column",
        ),
        fails(
            "a DEFAULT that is a query",
            "CREATE TABLE t (a INT DEFAULT (SELECT 1))",
            Error(part="subqueries"),
            _CREATE,
        ),
        Case(
            "a sequence that counts down, NOORDER",
            (
                "CREATE SEQUENCE s WITH START WITH 5 INCREMENT BY -2 NOORDER",
                "SELECT s.NEXTVAL, s.NEXTVAL",
            ),
            "sql-reference/sql/create-sequence",
            rows=[(5, 3)],
        ),
        Case(
            "a sequence in ORDER",
            ("CREATE SEQUENCE s START = -1 INCREMENT = 3 ORDER", "SELECT s.NEXTVAL, s.NEXTVAL"),
            "sql-reference/sql/create-sequence",
            rows=[(-1, 2)],
        ),
    ),
)
