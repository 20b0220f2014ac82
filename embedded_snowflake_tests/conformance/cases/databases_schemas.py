"""Databases and schemas."""

from __future__ import annotations

from embedded_snowflake_tests.conformance.case import Case, Error, Group, fails

GROUP = Group(
    "Databases and schemas",
    "CREATE, DROP, USE, SHOW of databases and schemas; a database is a file here.",
    (
        Case(
            "CREATE SCHEMA says so",
            "CREATE SCHEMA said_schema",
            "sql-reference/sql/create-schema",
            rows=[("Schema SAID_SCHEMA successfully created.",)],
        ),
        Case(
            "CREATE SCHEMA IF NOT EXISTS of one that is there",
            ("CREATE SCHEMA IF NOT EXISTS twice", "CREATE SCHEMA IF NOT EXISTS twice"),
            "sql-reference/sql/create-schema",
            rows=[("TWICE already exists, statement succeeded.",)],
        ),
        fails(
            "a schema that is there",
            ("CREATE SCHEMA taken_schema", "CREATE SCHEMA taken_schema"),
            Error(2002, "42710", "already exists"),
            "sql-reference/sql/create-schema",
        ),
        Case(
            "SHOW SCHEMAS LIKE",
            ("CREATE SCHEMA shown_schema", "SHOW SCHEMAS LIKE 'SHOWN_SCHEMA'"),
            "sql-reference/sql/show-schemas",
            only=("name",),
            rows=[("SHOWN_SCHEMA",)],
        ),
        Case(
            "SHOW TERSE SCHEMAS has five columns",
            ("CREATE SCHEMA terse_schema", "SHOW TERSE SCHEMAS LIKE 'TERSE_SCHEMA'"),
            "sql-reference/sql/show-schemas",
            columns=["created_on", "name", "kind", "database_name", "schema_name"],
        ),
        Case(
            "a dropped schema is gone",
            (
                "CREATE SCHEMA dropped_schema",
                "DROP SCHEMA dropped_schema",
                "SHOW SCHEMAS LIKE 'DROPPED_SCHEMA'",
            ),
            "sql-reference/sql/drop-schema",
            only=("name",),
            rows=[],
        ),
        Case(
            "no schema is current when the current one was dropped",
            ("CREATE SCHEMA left_schema", "DROP SCHEMA left_schema", "SELECT CURRENT_SCHEMA()"),
            "sql-reference/functions/current_schema",
            rows=[(None,)],
        ),
        Case(
            "DROP SCHEMA IF EXISTS of nothing",
            "DROP SCHEMA IF EXISTS never_schema",
            "sql-reference/sql/drop-schema",
            rows=[("Drop statement executed successfully (NEVER_SCHEMA already dropped).",)],
        ),
        fails(
            "DROP SCHEMA of nothing",
            "DROP SCHEMA never_schema",
            Error(2003, None, "does not exist or not authorized"),
            "sql-reference/sql/drop-schema",
        ),
        Case(
            "a schema's tables go with it",
            (
                "CREATE SCHEMA with_table",
                "CREATE TABLE with_table.t (a INT)",
                "DROP SCHEMA with_table",
                "CREATE SCHEMA with_table",
                "SHOW TABLES IN SCHEMA with_table",
            ),
            "sql-reference/sql/drop-schema",
            only=("name",),
            rows=[],
        ),
        Case(
            "a schema by two parts of its name",
            (
                "CREATE SCHEMA two_parts",
                "CREATE TABLE two_parts.t AS SELECT 1 AS a",
                "SELECT a FROM two_parts.t",
            ),
            "sql-reference/name-resolution",
            rows=[(1,)],
        ),
        fails(
            "a database that is not there",
            "USE DATABASE no_such_database",
            Error(2043, "02000", "does not exist"),
            "sql-reference/sql/use-database",
        ),
        Case(
            "every database has an INFORMATION_SCHEMA",
            "SHOW SCHEMAS LIKE 'INFORMATION_SCHEMA'",
            "sql-reference/sql/show-schemas",
            only=("name", "owner", "comment"),
            rows=[
                (
                    "INFORMATION_SCHEMA",
                    "",
                    "Views describing the contents of schemas in this database",
                )
            ],
        ),
        Case(
            "COMMENT ON SCHEMA",
            (
                "CREATE SCHEMA commented",
                "COMMENT ON SCHEMA commented IS 'why'",
                "SHOW SCHEMAS LIKE 'COMMENTED'",
            ),
            "sql-reference/sql/comment",
            only=("name", "comment"),
            rows=[("COMMENTED", "why")],
            refused=Error(2, "0A000", "COMMENT ON SCHEMA"),
        ),
        Case(
            "a schema with a tag",
            (
                "CREATE TAG schema_tag",
                "CREATE SCHEMA tagged WITH TAG (schema_tag = 'x')",
                "SELECT SYSTEM$GET_TAG('schema_tag', 'tagged', 'SCHEMA')",
            ),
            "sql-reference/sql/create-schema",
            rows=[("x",)],
            refused=Error(2, "0A000", "a database or schema with"),
        ),
        fails(
            "a stage in a schema that is not there",
            "CREATE STAGE never_schema.s",
            Error(2003, "02000", "NEVER_SCHEMA' does not exist or not authorized"),
            "sql-reference/sql/create-stage",
        ),
        fails(
            "a table in a database that is not there",
            "CREATE TABLE never_there.public.t (a INT)",
            Error(2003, "02000", "Database 'NEVER_THERE' does not exist or not authorized"),
            "sql-reference/sql/create-table",
        ),
        fails(
            "UNDROP SCHEMA",
            "UNDROP SCHEMA never_schema",
            Error(),
            "sql-reference/sql/undrop-schema",
        ),
        Case(
            "a schema's options are shown",
            (
                "CREATE TRANSIENT SCHEMA opt_schema WITH MANAGED ACCESS "
                "DATA_RETENTION_TIME_IN_DAYS = 0 COMMENT = 'why'",
                "SHOW SCHEMAS LIKE 'OPT_SCHEMA'",
            ),
            "sql-reference/sql/show-schemas",
            only=("name", "options", "retention_time", "comment"),
            rows=[("OPT_SCHEMA", "TRANSIENT, MANAGED ACCESS", "0", "why")],
        ),
        Case(
            "tables of a transient schema are transient and keep its retention",
            (
                "CREATE TRANSIENT SCHEMA held_schema DATA_RETENTION_TIME_IN_DAYS = 0",
                "CREATE TABLE held_schema.t (a INT)",
                "SHOW TABLES IN SCHEMA held_schema",
            ),
            "user-guide/tables-temp-transient",
            only=("name", "kind", "retention_time"),
            rows=[("T", "TRANSIENT", "0")],
        ),
        Case(
            "INFORMATION_SCHEMA.SCHEMATA knows a schema's options and when it was made",
            (
                "CREATE TRANSIENT SCHEMA known_schema COMMENT = 'why'",
                "SELECT is_transient, is_managed_access, retention_time, comment, "
                "created > DATEADD(HOUR, -1, CURRENT_TIMESTAMP()) "
                "FROM INFORMATION_SCHEMA.SCHEMATA WHERE schema_name = 'KNOWN_SCHEMA'",
            ),
            "sql-reference/info-schema/schemata",
            rows=[("YES", "NO", 1, "why", True)],
        ),
    ),
)
