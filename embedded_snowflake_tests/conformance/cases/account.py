"""Warehouses, roles, grants, and what changes a tag."""

from __future__ import annotations

from embedded_snowflake_tests.conformance.case import Case, Error, Fails, Group

_SQL = "sql-reference/sql/"
_TAGGED = ("CREATE TAG g ALLOWED_VALUES 'a', 'b'", "CREATE TABLE t (a INT)")

GROUP = Group(
    "Account and tags",
    "Warehouses and roles as objects, grants, ALTER TAG.",
    (
        Case(
            "DROP of the warehouse that is used leaves none",
            (
                "CREATE WAREHOUSE dropped_wh INITIALLY_SUSPENDED = TRUE",
                "USE WAREHOUSE dropped_wh",
                "DROP WAREHOUSE dropped_wh",
                "SELECT CURRENT_WAREHOUSE()",
            ),
            _SQL + "drop-warehouse",
            rows=[(None,)],
        ),
        Case(
            "DROP of a warehouse that is not there",
            "DROP WAREHOUSE never_wh",
            _SQL + "drop-warehouse",
            error=Error(2003, "02000", "'NEVER_WH' does not exist"),
        ),
        Case(
            "DROP WAREHOUSE IF EXISTS of none",
            "DROP WAREHOUSE IF EXISTS never_wh",
            _SQL + "drop-warehouse",
            rows=[("Drop statement executed successfully (NEVER_WH already dropped).",)],
        ),
        Case(
            "DROP DATABASE IF EXISTS of none",
            "DROP DATABASE IF EXISTS never_db",
            _SQL + "drop-database",
            rows=[("Drop statement executed successfully (NEVER_DB already dropped).",)],
        ),
        Case(
            "ALTER of a warehouse that is not there",
            ("ALTER WAREHOUSE IF EXISTS never_wh SUSPEND", "ALTER WAREHOUSE never_wh SUSPEND"),
            _SQL + "alter-warehouse",
            error=Error(2003, "02000", "does not exist"),
        ),
        Case(
            "RENAME of a warehouse",
            (
                "CREATE WAREHOUSE IF NOT EXISTS old_wh INITIALLY_SUSPENDED = TRUE",
                "ALTER WAREHOUSE old_wh RENAME TO new_wh",
            ),
            _SQL + "alter-warehouse",
            rows=[("Statement executed successfully.",)],
            refused=Error(2, "0A000", "ALTER WAREHOUSE RENAME"),
        ),
        Case(
            "a role is made once",
            (
                "CREATE ROLE IF NOT EXISTS conformance_role",
                Fails("CREATE ROLE conformance_role", Error(2002, "42710")),
                "DROP ROLE conformance_role",
            ),
            _SQL + "create-role",
            rows=[("CONFORMANCE_ROLE successfully dropped.",)],
        ),
        Case(
            "a privilege is granted to a role and taken back",
            (
                "CREATE ROLE IF NOT EXISTS granted_role",
                "CREATE TABLE t (a INT)",
                "GRANT SELECT ON TABLE t TO ROLE granted_role",
                "REVOKE SELECT ON TABLE t FROM ROLE granted_role",
                "DROP ROLE granted_role",
            ),
            _SQL + "grant-privilege",
            rows=[("GRANTED_ROLE successfully dropped.",)],
        ),
        Case(
            "allowed values of a tag are added and dropped",
            (
                *_TAGGED,
                "ALTER TAG g ADD ALLOWED_VALUES 'c'",
                "ALTER TAG g DROP ALLOWED_VALUES 'a'",
                Fails("ALTER TABLE t SET TAG g = 'a'", Error(part="allowed")),
                "ALTER TABLE t SET TAG g = 'c'",
                "SELECT SYSTEM$GET_TAG('g', 't', 'table')",
            ),
            _SQL + "alter-tag",
            rows=[("c",)],
        ),
        Case(
            "without allowed values a tag takes any",
            (
                *_TAGGED,
                "ALTER TAG g UNSET ALLOWED_VALUES",
                "ALTER TABLE t SET TAG g = 'z'",
                "SELECT SYSTEM$GET_TAG('g', 't', 'table')",
            ),
            _SQL + "alter-tag",
            rows=[("z",)],
        ),
        Case(
            "a renamed tag keeps its values",
            (
                *_TAGGED,
                "ALTER TABLE t SET TAG g = 'a'",
                "ALTER TAG g RENAME TO h",
                Fails("SELECT SYSTEM$GET_TAG('g', 't', 'table')", Error(2003, "02000")),
                "SELECT SYSTEM$GET_TAG('h', 't', 'table')",
            ),
            _SQL + "alter-tag",
            rows=[("a",)],
        ),
        Case(
            "a tag is not renamed to one that is there",
            (*_TAGGED, "CREATE TAG h", "ALTER TAG g RENAME TO h"),
            _SQL + "alter-tag",
            error=Error(2002, "42710", "already exists"),
        ),
        Case(
            "ALTER of a tag that is not there",
            (
                "ALTER TAG IF EXISTS never_tag UNSET ALLOWED_VALUES",
                "ALTER TAG never_tag UNSET ALLOWED_VALUES",
            ),
            _SQL + "alter-tag",
            error=Error(2003, "02000", "does not exist"),
        ),
        Case(
            "a tag of a view and of a dynamic table",
            (
                *_TAGGED,
                "CREATE WAREHOUSE IF NOT EXISTS tagged_wh INITIALLY_SUSPENDED = TRUE",
                "CREATE VIEW v AS SELECT a FROM t",
                "CREATE DYNAMIC TABLE d TARGET_LAG = '1 hour' WAREHOUSE = tagged_wh AS SELECT a FROM t",
                "ALTER VIEW v SET TAG g = 'a'",
                "ALTER DYNAMIC TABLE d SET TAG g = 'b'",
                "SELECT SYSTEM$GET_TAG('g', 'v', 'table'), SYSTEM$GET_TAG('g', 'd', 'table')",
            ),
            "user-guide/object-tagging/work",
            rows=[("a", "b")],
        ),
    ),
)
