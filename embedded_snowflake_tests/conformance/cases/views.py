"""Views."""

from __future__ import annotations

from embedded_snowflake_tests.conformance.case import Case, Error, Group, Matching, Other, fails

_PAGE = "sql-reference/sql/create-view"
_T = ("CREATE TABLE t (a INT, b VARCHAR)", "INSERT INTO t VALUES (1, 'x')")

GROUP = Group(
    "Views",
    "Views with column lists and comments; the definition is kept as it was written.",
    (
        Case(
            "CREATE VIEW says so",
            (*_T, "CREATE VIEW v AS SELECT a FROM t"),
            _PAGE,
            rows=[("View V successfully created.",)],
        ),
        Case(
            "a view shows later rows",
            (
                *_T,
                "CREATE VIEW v AS SELECT a FROM t",
                "INSERT INTO t VALUES (2, 'y')",
                "SELECT COUNT(*) FROM v",
            ),
            _PAGE,
            rows=[(2,)],
        ),
        Case(
            "a view with names for its columns",
            (*_T, "CREATE VIEW v (x, y) AS SELECT a, b FROM t", "SELECT * FROM v"),
            _PAGE,
            columns=["X", "Y"],
            rows=[(1, "x")],
        ),
        Case(
            "a column's comment",
            (*_T, "CREATE VIEW v (x COMMENT 'the x') AS SELECT a FROM t", "DESC VIEW v"),
            _PAGE,
            only=("name", "comment"),
            rows=[("X", "the x")],
        ),
        Case(
            "a view's types",
            (*_T, "CREATE VIEW v AS SELECT a, b, a::FLOAT AS f, a > 0 AS p FROM t", "DESC VIEW v"),
            "sql-reference/sql/desc-view",
            only=("name", "type"),
            rows=[
                ("A", "NUMBER(38,0)"),
                ("B", "VARCHAR(16777216)"),
                ("F", "FLOAT"),
                ("P", "BOOLEAN"),
            ],
        ),
        Case(
            "COMMENT ON VIEW",
            (
                *_T,
                "CREATE VIEW v AS SELECT a FROM t",
                "COMMENT ON VIEW v IS 'what it shows'",
                "SHOW VIEWS LIKE 'V'",
            ),
            "sql-reference/sql/comment",
            only=("name", "comment"),
            rows=[("V", "what it shows")],
        ),
        Case(
            "a temporary view",
            ("CREATE TEMPORARY VIEW v AS SELECT 1 AS a", "SELECT a FROM v"),
            _PAGE,
            rows=[(1,)],
        ),
        Case(
            "OR REPLACE",
            (
                *_T,
                "CREATE VIEW v AS SELECT a FROM t",
                "CREATE OR REPLACE VIEW v AS SELECT b FROM t",
                "SELECT * FROM v",
            ),
            _PAGE,
            columns=["B"],
            rows=[("x",)],
        ),
        fails(
            "a name that is taken",
            (*_T, "CREATE VIEW v AS SELECT 1 AS a", "CREATE VIEW v AS SELECT 2 AS a"),
            Error(2002, "42710"),
            _PAGE,
        ),
        fails(
            "a view of what is not there",
            "CREATE VIEW of_nothing AS SELECT * FROM not_there",
            Error(2003, "42S02"),
            _PAGE,
        ),
        Case(
            "SHOW VIEWS has the text as it was written",
            (*_T, "CREATE VIEW v AS SELECT a  FROM t", "SHOW VIEWS LIKE 'V'"),
            "sql-reference/sql/show-views",
            only=("name", "text"),
            rows=[("V", Matching(r"(?is)create view v as select a  from t;?"))],
        ),
        Case(
            "GET_DDL of a view",
            (*_T, "CREATE VIEW v AS SELECT a FROM t", "SELECT GET_DDL('VIEW', 'v')"),
            "sql-reference/functions/get_ddl",
            rows=[(Matching(r"(?is)create or replace view .*"),)],
            refused=Error(),
        ),
        Case(
            "DROP VIEW",
            (*_T, "CREATE VIEW v AS SELECT a FROM t", "DROP VIEW v"),
            "sql-reference/sql/drop-view",
            rows=[("V successfully dropped.",)],
        ),
        Case(
            "a view of a view",
            (
                *_T,
                "CREATE VIEW v AS SELECT a + 1 AS a FROM t",
                "CREATE VIEW w AS SELECT a * 2 AS a FROM v",
                "SELECT a FROM w",
            ),
            _PAGE,
            rows=[(4,)],
        ),
        Case(
            "another session reads it",
            (*_T, "CREATE VIEW v AS SELECT a::VARCHAR AS s FROM t", Other("SELECT s FROM v")),
            _PAGE,
            rows=[("1",)],
        ),
        Case(
            "a secure view",
            (*_T, "CREATE SECURE VIEW v AS SELECT a FROM t", "SHOW VIEWS LIKE 'V'"),
            _PAGE,
            only=("name", "is_secure"),
            rows=[("V", "true")],
        ),
        Case(
            "ALTER VIEW RENAME",
            (
                *_T,
                "CREATE VIEW v AS SELECT a FROM t",
                "ALTER VIEW v RENAME TO w",
                "SELECT COUNT(*) FROM w",
            ),
            "sql-reference/sql/alter-view",
            rows=[(1,)],
        ),
        fails(
            "rows cannot be put into a view",
            (*_T, "CREATE VIEW v AS SELECT a FROM t", "INSERT INTO v VALUES (1)"),
            Error(),
            "user-guide/views-introduction",
        ),
        Case(
            "a temporary view is the session's own",
            (
                *_T,
                "CREATE OR REPLACE TEMPORARY VIEW v AS (SELECT a FROM t)",
                Other("SELECT COUNT(*) FROM information_schema.views WHERE table_name = 'V'"),
                "SELECT a FROM v",
            ),
            _PAGE,
            rows=[(1,)],
        ),
        Case(
            "others do not see it",
            (*_T, "CREATE TEMPORARY VIEW v AS SELECT a FROM t", Other("SELECT a FROM v")),
            _PAGE,
            error=Error(2003, "42S02"),
        ),
        Case(
            "a temporary view in a MERGE, and gone, as dbt has it",
            (
                *_T,
                "CREATE OR REPLACE TEMPORARY VIEW v AS (SELECT 1 AS a, 'new' AS b UNION ALL SELECT 2, 'y')",
                "MERGE INTO t USING v ON t.a = v.a WHEN MATCHED THEN UPDATE SET b = v.b "
                "WHEN NOT MATCHED THEN INSERT (a, b) VALUES (v.a, v.b)",
                "DROP VIEW IF EXISTS v CASCADE",
                "SELECT * FROM t ORDER BY a",
            ),
            _PAGE,
            rows=[(1, "new"), (2, "y")],
        ),
        Case(
            "a temporary view hides one of its name",
            (
                "CREATE VIEW v AS SELECT 1 AS a",
                "CREATE TEMPORARY VIEW v AS SELECT 2 AS a",
                "DROP VIEW v",
                "SELECT a FROM v",
            ),
            _PAGE,
            rows=[(1,)],
        ),
        fails(
            "a temporary view over one",
            (
                "CREATE TEMPORARY VIEW v AS SELECT 1 AS a",
                "CREATE TEMPORARY VIEW v AS SELECT 2 AS a",
            ),
            Error(2002, "42710"),
            _PAGE,
        ),
        fails(
            "fewer names than columns",
            "CREATE VIEW short (a) AS SELECT 1 AS x, 2 AS y",
            Error(part="column"),
            "sql-reference/sql/create-view",
        ),
    ),
)
