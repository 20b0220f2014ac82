"""COPY INTO a table, its options, errors and load history."""

from __future__ import annotations

from decimal import Decimal

from embedded_snowflake_tests.conformance.case import Case, Error, Group, fails

_COPY = "sql-reference/sql/copy-into-table"
_BASE = (
    "CREATE STAGE s",
    "CREATE TABLE t (id INT, name VARCHAR)",
    "PUT 'file://{files}/people.csv' @s AUTO_COMPRESS = FALSE",
)
_CSV = "FILE_FORMAT = (TYPE = CSV SKIP_HEADER = 1)"
_BAD = (
    "CREATE STAGE s",
    "CREATE TABLE t (id INT, name VARCHAR)",
    "PUT 'file://{files}/bad.csv' @s AUTO_COMPRESS = FALSE",
)
_JSON = ("CREATE STAGE s", "PUT 'file://{files}/data.json' @s AUTO_COMPRESS = FALSE")
_PARQUET = ("CREATE STAGE s", "PUT 'file://{files}/data.parquet' @s AUTO_COMPRESS = FALSE")

GROUP = Group(
    "COPY INTO a table",
    "CSV, JSON and Parquet files, with load history, ON_ERROR, PATTERN, transformations.",
    (
        Case(
            "COPY reports each file",
            (*_BASE, f"COPY INTO t FROM @s {_CSV}"),
            _COPY,
            only=("file", "status", "rows_parsed", "rows_loaded", "errors_seen"),
            rows=[("s/people.csv", "LOADED", 2, 2, 0)],
        ),
        Case(
            "COPY loads the rows",
            (*_BASE, f"COPY INTO t FROM @s {_CSV}", "SELECT * FROM t ORDER BY id"),
            _COPY,
            rows=[(1, "ann"), (2, "bob")],
        ),
        Case(
            "a file is loaded once",
            (
                *_BASE,
                f"COPY INTO t FROM @s {_CSV}",
                f"COPY INTO t FROM @s {_CSV}",
                "SELECT COUNT(*) FROM t",
            ),
            _COPY,
            rows=[(2,)],
        ),
        Case(
            "the second COPY says so",
            (*_BASE, f"COPY INTO t FROM @s {_CSV}", f"COPY INTO t FROM @s {_CSV}"),
            _COPY,
            only=("status",),
            rows=[("Copy executed with 0 files processed.",)],
        ),
        Case(
            "FORCE loads again",
            (
                *_BASE,
                f"COPY INTO t FROM @s {_CSV}",
                f"COPY INTO t FROM @s {_CSV} FORCE = TRUE",
                "SELECT COUNT(*) FROM t",
            ),
            _COPY,
            rows=[(4,)],
        ),
        Case(
            "FILES",
            (
                *_BASE,
                f"COPY INTO t FROM @s FILES = ('people.csv') {_CSV}",
                "SELECT COUNT(*) FROM t",
            ),
            _COPY,
            rows=[(2,)],
        ),
        Case(
            "PATTERN that matches nothing",
            (*_BASE, f"COPY INTO t FROM @s PATTERN = '.*none.*' {_CSV}", "SELECT COUNT(*) FROM t"),
            _COPY,
            rows=[(0,)],
        ),
        Case(
            "PURGE removes what was loaded",
            (*_BASE, f"COPY INTO t FROM @s {_CSV} PURGE = TRUE", "LIST @s"),
            _COPY,
            only=("name",),
            rows=[],
        ),
        Case(
            "PURGE keeps a file of which nothing was loaded",
            (
                "CREATE STAGE s",
                "CREATE TABLE t (id INT, name VARCHAR)",
                "PUT 'file://{files}/quoted.csv' @s AUTO_COMPRESS = FALSE",
                "COPY INTO t FROM @s FILE_FORMAT = (TYPE = CSV "
                "FIELD_OPTIONALLY_ENCLOSED_BY = '\"') ON_ERROR = CONTINUE PURGE = TRUE",
                "LIST @s",
            ),
            _COPY,
            only=("name",),
            rows=[("s/quoted.csv",)],
        ),
        Case(
            "a named format",
            (
                *_BASE,
                "CREATE FILE FORMAT f TYPE = CSV SKIP_HEADER = 1",
                "COPY INTO t FROM @s FILE_FORMAT = (FORMAT_NAME = 'f')",
                "SELECT COUNT(*) FROM t",
            ),
            _COPY,
            rows=[(2,)],
        ),
        Case(
            "a list of columns",
            (
                *_BASE,
                f"COPY INTO t (name, id) FROM (SELECT $2, $1 FROM @s) {_CSV}",
                "SELECT * FROM t ORDER BY id",
            ),
            _COPY,
            rows=[(1, "ann"), (2, "bob")],
        ),
        Case(
            "a transformation",
            (
                *_BASE,
                f"COPY INTO t FROM (SELECT $1::INT * 10, UPPER($2) FROM @s) {_CSV}",
                "SELECT * FROM t ORDER BY id",
            ),
            "user-guide/data-load-transform",
            rows=[(10, "ANN"), (20, "BOB")],
        ),
        fails(
            "a bad row aborts the statement",
            (*_BAD, f"COPY INTO t FROM @s {_CSV}"),
            Error(100038, None, "Numeric value 'x' is not recognized"),
            _COPY,
        ),
        Case(
            "ON_ERROR = CONTINUE loads the rest",
            (*_BAD, f"COPY INTO t FROM @s {_CSV} ON_ERROR = CONTINUE", "SELECT id FROM t"),
            _COPY,
            rows=[(3,)],
        ),
        Case(
            "ON_ERROR = CONTINUE counts",
            (*_BAD, f"COPY INTO t FROM @s {_CSV} ON_ERROR = CONTINUE"),
            _COPY,
            only=("status", "rows_parsed", "rows_loaded", "errors_seen"),
            rows=[("PARTIALLY_LOADED", 2, 1, 1)],
        ),
        Case(
            "ON_ERROR = SKIP_FILE loads none of it",
            (*_BAD, f"COPY INTO t FROM @s {_CSV} ON_ERROR = SKIP_FILE", "SELECT COUNT(*) FROM t"),
            _COPY,
            rows=[(0,)],
        ),
        Case(
            "JSON by a path",
            (
                *_JSON,
                "CREATE TABLE t (id INT, v NUMBER(4,1))",
                "COPY INTO t FROM (SELECT $1:id, $1:v FROM @s) FILE_FORMAT = (TYPE = JSON)",
                "SELECT * FROM t ORDER BY id",
            ),
            "user-guide/data-load-transform",
            rows=[(1, Decimal("1.5")), (2, None)],
        ),
        Case(
            "JSON into one VARIANT",
            (
                *_JSON,
                "CREATE TABLE t (v VARIANT)",
                "COPY INTO t FROM @s FILE_FORMAT = (TYPE = JSON)",
                "SELECT v:id::INT FROM t ORDER BY 1",
            ),
            _COPY,
            rows=[(1,), (2,)],
        ),
        Case(
            "JSON into several columns without a SELECT",
            (
                *_JSON,
                "CREATE TABLE t (id INT, v VARIANT)",
                "COPY INTO t FROM @s FILE_FORMAT = (TYPE = JSON)",
            ),
            _COPY,
            error=Error(2019, "0A000", "one and only one column"),
        ),
        Case(
            "JSON by the names of its keys",
            (
                *_JSON,
                "CREATE TABLE t (v NUMBER(4,1), x INT, id INT)",
                "COPY INTO t FROM @s FILE_FORMAT = (TYPE = JSON) MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE",
                "SELECT * FROM t ORDER BY id",
            ),
            _COPY,
            rows=[(Decimal("1.5"), None, 1), (None, None, 2)],
        ),
        Case(
            "the elements of one JSON array are rows",
            (
                "CREATE STAGE s",
                'COPY INTO @s/x FROM (SELECT PARSE_JSON(\'[{"a": 1}, {"a": 2}]\')) FILE_FORMAT = (TYPE = JSON)',
                "CREATE TABLE t (v VARIANT)",
                "COPY INTO t FROM @s FILE_FORMAT = (TYPE = JSON STRIP_OUTER_ARRAY = TRUE)",
                "SELECT v:a::INT FROM t ORDER BY 1",
            ),
            "sql-reference/sql/create-file-format",
            rows=[(1,), (2,)],
        ),
        Case(
            "MATCH_BY_COLUMN_NAME",
            (
                *_PARQUET,
                "CREATE TABLE t (name VARCHAR, id INT)",
                "COPY INTO t FROM @s FILE_FORMAT = (TYPE = PARQUET) MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE",
                "SELECT id, name FROM t ORDER BY id",
            ),
            _COPY,
            rows=[(1, "ann"), (2, None)],
        ),
        Case(
            "Parquet by a path",
            (
                *_PARQUET,
                "CREATE TABLE t (id INT, name VARCHAR)",
                "COPY INTO t FROM (SELECT $1:id::INT, $1:name::VARCHAR FROM @s) FILE_FORMAT = (TYPE = PARQUET)",
                "SELECT * FROM t ORDER BY id",
            ),
            "user-guide/data-load-transform",
            rows=[(1, "ann"), (2, None)],
        ),
        Case(
            "a compressed file is known by its name",
            (
                "CREATE STAGE s",
                "CREATE TABLE t (id INT, name VARCHAR)",
                "PUT 'file://{files}/people.csv' @s",
                f"COPY INTO t FROM @s {_CSV}",
                "SELECT COUNT(*) FROM t",
            ),
            _COPY,
            rows=[(2,)],
        ),
        Case(
            "quoted fields and empty ones",
            (
                "CREATE STAGE s",
                "CREATE TABLE t (a VARCHAR, b VARCHAR)",
                "PUT 'file://{files}/quoted.csv' @s AUTO_COMPRESS = FALSE",
                """COPY INTO t FROM @s FILE_FORMAT = (TYPE = CSV FIELD_OPTIONALLY_ENCLOSED_BY = '"')""",
                "SELECT * FROM t",
            ),
            "sql-reference/sql/create-file-format",
            rows=[("a,b", None), ('say "hi"', "")],
            unordered=True,
        ),
        fails(
            "too many columns in the file",
            (
                "CREATE STAGE s",
                "CREATE TABLE t (id INT)",
                "PUT 'file://{files}/people.csv' @s AUTO_COMPRESS = FALSE",
                f"COPY INTO t FROM @s {_CSV}",
            ),
            Error(100080, "22000", "Number of columns in file"),
            _COPY,
        ),
        Case(
            "ON_ERROR = CONTINUE leaves out texts that are too long",
            (
                "CREATE STAGE s",
                "CREATE TABLE t (id INT, name VARCHAR(1) NOT NULL)",
                "PUT 'file://{files}/people.csv' @s AUTO_COMPRESS = FALSE",
                f"COPY INTO t FROM @s {_CSV} ON_ERROR = CONTINUE",
            ),
            _COPY,
            only=("status", "rows_loaded", "errors_seen", "first_error"),
            rows=[
                (
                    "LOAD_FAILED",
                    0,
                    2,
                    "User character length limit (1) exceeded by string 'ann'",
                )
            ],
        ),
        fails(
            "a text that is too long",
            (
                "CREATE STAGE s",
                "CREATE TABLE t (id INT, name VARCHAR(1))",
                "PUT 'file://{files}/people.csv' @s AUTO_COMPRESS = FALSE",
                f"COPY INTO t FROM @s {_CSV}",
            ),
            Error(100074, None, "User character length limit (1) exceeded by string 'ann'"),
            _COPY,
        ),
        Case(
            "ON_ERROR = SKIP_FILE leaves out a file with a NULL for a column that takes none",
            (
                "CREATE STAGE s",
                "CREATE TABLE t (id INT, name VARCHAR NOT NULL)",
                "PUT 'file://{files}/people.csv' @s AUTO_COMPRESS = FALSE",
                "COPY INTO t FROM @s FILE_FORMAT = (TYPE = CSV SKIP_HEADER = 1 NULL_IF = ('bob')) "
                "ON_ERROR = SKIP_FILE",
            ),
            _COPY,
            only=("status", "rows_loaded", "errors_seen"),
            rows=[("LOAD_FAILED", 0, 1)],
        ),
        Case(
            "COPY in a transaction that is undone",
            (*_BASE, "BEGIN", f"COPY INTO t FROM @s {_CSV}", "ROLLBACK", "SELECT COUNT(*) FROM t"),
            _COPY,
            rows=[(0,)],
        ),
        Case(
            "what was undone can be loaded again",
            (
                *_BASE,
                "BEGIN",
                f"COPY INTO t FROM @s {_CSV}",
                "ROLLBACK",
                f"COPY INTO t FROM @s {_CSV}",
                "SELECT COUNT(*) FROM t",
            ),
            _COPY,
            rows=[(2,)],
        ),
        Case(
            "VALIDATION_MODE loads nothing",
            (
                *_BASE,
                f"COPY INTO t FROM @s {_CSV} VALIDATION_MODE = RETURN_ERRORS",
                "SELECT COUNT(*) FROM t",
            ),
            _COPY,
            rows=[(0,)],
            refused=Error(),
        ),
    ),
)
