"""What the ML clients make: tags, warehouses, dynamic tables, tasks, datasets."""

from __future__ import annotations

from embedded_snowflake_tests.conformance.case import Case, Error, Group, Json, Matching, fails

_DT = "sql-reference/sql/create-dynamic-table"
_WH = "CREATE WAREHOUSE IF NOT EXISTS conformance_wh WAREHOUSE_SIZE = XSMALL INITIALLY_SUSPENDED = TRUE"
_TABLE = ("CREATE TABLE t (a INT)", "INSERT INTO t VALUES (1)")
_MADE = (
    *_TABLE,
    _WH,
    "CREATE DYNAMIC TABLE d TARGET_LAG = '1 hour' WAREHOUSE = conformance_wh AS SELECT a + 1 AS b FROM t",
)
_TASK = (_WH, "CREATE TASK k WAREHOUSE = conformance_wh SCHEDULE = '60 MINUTE' AS SELECT 1")

GROUP = Group(
    "Tags, warehouses, dynamic tables, tasks, datasets",
    "The objects that the feature store and Dagster make, as objects. Tasks do not run; a "
    "dynamic table refreshes by its target lag, or when it is told to.",
    (
        Case(
            "a tag on a table",
            (
                "CREATE TAG g",
                "CREATE TABLE t (a INT)",
                "ALTER TABLE t SET TAG g = 'x'",
                "SELECT SYSTEM$GET_TAG('g', 't', 'TABLE')",
            ),
            "sql-reference/functions/system_get_tag",
            rows=[("x",)],
        ),
        Case(
            "a tag taken off",
            (
                "CREATE TAG g",
                "CREATE TABLE t (a INT)",
                "ALTER TABLE t SET TAG g = 'x'",
                "ALTER TABLE t UNSET TAG g",
                "SELECT SYSTEM$GET_TAG('g', 't', 'TABLE')",
            ),
            "user-guide/object-tagging/work",
            rows=[(None,)],
        ),
        fails(
            "a value that is not allowed",
            (
                "CREATE TAG g ALLOWED_VALUES 'a', 'b'",
                "CREATE TABLE t (a INT)",
                "ALTER TABLE t SET TAG g = 'c'",
            ),
            Error(part="allowed"),
            "sql-reference/sql/create-tag",
        ),
        Case(
            "SHOW TAGS",
            (
                "CREATE TAG shown_tag ALLOWED_VALUES 'a', 'b' COMMENT = 'why'",
                "SHOW TAGS LIKE 'SHOWN_TAG'",
            ),
            "sql-reference/sql/show-tags",
            only=("name", "allowed_values", "comment"),
            rows=[("SHOWN_TAG", Json(["a", "b"]), "why")],
        ),
        Case(
            "TAG_REFERENCES",
            (
                "CREATE TAG g",
                "CREATE TABLE t (a INT)",
                "ALTER TABLE t SET TAG g = 'x'",
                "SELECT tag_name, tag_value, object_name, domain FROM TABLE(INFORMATION_SCHEMA.TAG_REFERENCES('t', 'TABLE'))",
            ),
            "sql-reference/functions/tag_references",
            rows=[("G", "x", "T", "TABLE")],
        ),
        Case(
            "TAG_REFERENCES says how a tag came",
            (
                "CREATE TAG how",
                "CREATE TABLE tagged (a INT)",
                "ALTER TABLE tagged SET TAG how = 'x'",
                "SELECT * FROM TABLE(INFORMATION_SCHEMA.TAG_REFERENCES('tagged', 'TABLE'))",
            ),
            "sql-reference/functions/tag_references",
            only=("TAG_NAME", "APPLY_METHOD", "LEVEL"),
            rows=[("HOW", "MANUAL", "TABLE")],
        ),
        fails(
            "a tag that is not there",
            ("CREATE TABLE t (a INT)", "ALTER TABLE t SET TAG never_tag = 'x'"),
            Error(2003, None, "does not exist"),
            "user-guide/object-tagging/work",
        ),
        Case(
            "DROP TAG",
            ("CREATE TAG g", "DROP TAG g"),
            "sql-reference/sql/drop-tag",
            rows=[("G successfully dropped.",)],
        ),
        Case(
            "SHOW WAREHOUSES",
            (_WH, "SHOW WAREHOUSES LIKE 'CONFORMANCE_WH'"),
            "sql-reference/sql/show-warehouses",
            only=("name", "size"),
            rows=[("CONFORMANCE_WH", "X-Small")],
        ),
        Case(
            "USE WAREHOUSE",
            (_WH, "USE WAREHOUSE conformance_wh", "SELECT CURRENT_WAREHOUSE()"),
            "sql-reference/sql/use-warehouse",
            rows=[("CONFORMANCE_WH",)],
        ),
        fails(
            "a warehouse that is not there",
            "USE WAREHOUSE never_wh",
            Error(2043, "02000", "does not exist"),
            "sql-reference/sql/use-warehouse",
        ),
        Case(
            "ALTER WAREHOUSE SET",
            (
                _WH,
                "ALTER WAREHOUSE conformance_wh SET COMMENT = 'why'",
                "SHOW WAREHOUSES LIKE 'CONFORMANCE_WH'",
            ),
            "sql-reference/sql/alter-warehouse",
            only=("name", "comment"),
            rows=[("CONFORMANCE_WH", "why")],
        ),
        Case(
            "a dynamic table says so", _MADE, _DT, rows=[("Dynamic table D successfully created.",)]
        ),
        Case(
            "a dynamic table is filled as it is made", (*_MADE, "SELECT b FROM d"), _DT, rows=[(2,)]
        ),
        Case(
            "it changes when it is refreshed",
            (
                *_MADE,
                "INSERT INTO t VALUES (5)",
                "ALTER DYNAMIC TABLE d REFRESH",
                "SELECT b FROM d ORDER BY b",
            ),
            "sql-reference/sql/alter-dynamic-table",
            rows=[(2,), (6,)],
        ),
        fails(
            "no row can be put into it",
            (*_MADE, "INSERT INTO d VALUES (1)"),
            Error(),
            "user-guide/dynamic-tables/overview",
        ),
        Case(
            "SHOW DYNAMIC TABLES",
            (*_MADE, "SHOW DYNAMIC TABLES LIKE 'D'"),
            "sql-reference/sql/show-dynamic-tables",
            only=("name", "target_lag", "warehouse", "scheduling_state"),
            rows=[("D", "1 hour", "CONFORMANCE_WH", "ACTIVE")],
        ),
        Case(
            "SUSPEND",
            (*_MADE, "ALTER DYNAMIC TABLE d SUSPEND", "SHOW DYNAMIC TABLES LIKE 'D'"),
            "sql-reference/sql/alter-dynamic-table",
            only=("scheduling_state",),
            rows=[("SUSPENDED",)],
        ),
        Case(
            "SET TARGET_LAG",
            (
                *_MADE,
                "ALTER DYNAMIC TABLE d SET TARGET_LAG = '2 hours'",
                "SHOW DYNAMIC TABLES LIKE 'D'",
            ),
            "sql-reference/sql/alter-dynamic-table",
            only=("target_lag",),
            rows=[("2 hours",)],
        ),
        Case(
            "TARGET_LAG is shown in words",
            (
                *_MADE,
                "ALTER DYNAMIC TABLE d SET TARGET_LAG = '12h'",
                "SHOW DYNAMIC TABLES LIKE 'D'",
            ),
            "developer-guide/snowflake-ml/feature-store/feature-views",
            only=("target_lag",),
            rows=[("12 hours",)],
        ),
        Case(
            "CLONE as a table",
            (
                *_MADE,
                "ALTER DYNAMIC TABLE d SET COMMENT = 'c'",
                "CREATE TABLE snapshots CLONE d",
                "INSERT INTO snapshots VALUES (7)",
                "SHOW TABLES LIKE 'SNAPSHOTS'",
            ),
            "user-guide/dynamic-tables/cloning",
            only=("name", "kind", "comment", "rows"),
            rows=[("SNAPSHOTS", "TABLE", "c", 2)],
        ),
        Case(
            "CLONE of what was never refreshed",
            (
                *_TABLE,
                _WH,
                "CREATE DYNAMIC TABLE d TARGET_LAG = '1 hour' WAREHOUSE = conformance_wh "
                "INITIALIZE = ON_SCHEDULE AS SELECT a FROM t",
                "CREATE TABLE snapshots CLONE d",
            ),
            "user-guide/dynamic-tables/cloning",
            error=Error(part="not initialized"),
        ),
        Case(
            "DROP DYNAMIC TABLE",
            (*_MADE, "DROP DYNAMIC TABLE d"),
            "sql-reference/sql/drop-dynamic-table",
            rows=[("D successfully dropped.",)],
        ),
        Case(
            "its refreshes are kept",
            (
                *_MADE,
                "ALTER DYNAMIC TABLE d REFRESH",
                "SELECT COUNT(*) >= 1 FROM TABLE(INFORMATION_SCHEMA.DYNAMIC_TABLE_REFRESH_HISTORY()) WHERE name = 'D'",
            ),
            "sql-reference/functions/dynamic_table_refresh_history",
            rows=[(True,)],
        ),
        Case(
            "a task is made suspended",
            (*_TASK, "SHOW TASKS LIKE 'K'"),
            "sql-reference/sql/create-task",
            only=("name", "schedule", "state"),
            rows=[("K", "60 MINUTE", "suspended")],
        ),
        Case(
            "ALTER TASK RESUME",
            (*_TASK, "ALTER TASK k RESUME", "SHOW TASKS LIKE 'K'"),
            "sql-reference/sql/alter-task",
            only=("state",),
            rows=[("started",)],
        ),
        Case(
            "DROP TASK",
            (*_TASK, "DROP TASK k"),
            "sql-reference/sql/drop-task",
            rows=[("K successfully dropped.",)],
        ),
        Case(
            "EXECUTE TASK",
            (*_TASK, "EXECUTE TASK k"),
            "sql-reference/sql/execute-task",
            rows=[(Matching("Task K is scheduled to run immediately."),)],
            refused=Error(1003, None, "runs no tasks"),
        ),
        Case(
            "a dataset and its version",
            (
                "CREATE DATASET ds",
                "ALTER DATASET ds ADD VERSION 'v1' FROM (SELECT 1 AS a)",
                "SHOW VERSIONS IN DATASET ds",
            ),
            "sql-reference/sql/alter-dataset-add-version",
            only=("version",),
            rows=[("v1",)],
        ),
        fails(
            "a dataset's version that is there",
            (
                "CREATE DATASET ds",
                "ALTER DATASET ds ADD VERSION 'v1' FROM (SELECT 1 AS a)",
                "ALTER DATASET ds ADD VERSION 'v1' FROM (SELECT 1 AS a)",
            ),
            Error(part="already exist"),
            "sql-reference/sql/alter-dataset-add-version",
        ),
        Case(
            "a dataset's version is dropped",
            (
                "CREATE DATASET ds",
                "ALTER DATASET ds ADD VERSION 'v1' FROM (SELECT 1 AS a)",
                "ALTER DATASET ds DROP VERSION 'v1'",
                "SHOW VERSIONS IN DATASET ds",
            ),
            "sql-reference/sql/alter-dataset-drop-version",
            only=("version",),
            rows=[],
        ),
        Case(
            "a replaced table has no tags of the one before",
            (
                "CREATE TAG tg",
                "CREATE TABLE t (a INT)",
                "ALTER TABLE t SET TAG tg = 'x'",
                "CREATE OR REPLACE TABLE t (a INT)",
                "SELECT SYSTEM$GET_TAG('tg', 't', 'TABLE')",
            ),
            "sql-reference/sql/create-table",
            rows=[(None,)],
        ),
        Case(
            "SHOW MODELS of none",
            "SHOW MODELS LIKE 'NEVER_MODEL'",
            "sql-reference/sql/show-models",
            only=("name",),
            rows=[],
        ),
        fails(
            "DROP MODEL of nothing",
            "DROP MODEL never_model",
            Error(2003, None, "does not exist"),
            "sql-reference/sql/drop-model",
        ),
        Case(
            "SHOW WAREHOUSES tells the options as given",
            (
                "CREATE OR REPLACE WAREHOUSE optional_wh WAREHOUSE_SIZE = 'X-LARGE' "
                "AUTO_SUSPEND = NULL AUTO_RESUME = FALSE MIN_CLUSTER_COUNT = 1 "
                "MAX_CLUSTER_COUNT = 3 SCALING_POLICY = ECONOMY INITIALLY_SUSPENDED = TRUE",
                "SHOW WAREHOUSES LIKE 'OPTIONAL_WH'",
            ),
            "sql-reference/sql/show-warehouses",
            only=("size", "max_cluster_count", "auto_suspend", "auto_resume", "scaling_policy"),
            rows=[("X-Large", 3, None, "false", "ECONOMY")],
        ),
        fails(
            "a size that no warehouse has",
            "CREATE WAREHOUSE huge_wh WAREHOUSE_SIZE = HUGE",
            Error(part="WAREHOUSE_SIZE"),
            "sql-reference/sql/create-warehouse",
        ),
        fails(
            "an option that no warehouse has",
            "CREATE WAREHOUSE other_wh NO_SUCH_OPTION = 1",
            Error(part="NO_SUCH_OPTION"),
            "sql-reference/sql/create-warehouse",
        ),
        fails(
            "a dynamic table that is not initialized has no rows to read",
            (
                *_TABLE,
                _WH,
                "CREATE DYNAMIC TABLE d TARGET_LAG = '1 day' WAREHOUSE = conformance_wh "
                "INITIALIZE = ON_SCHEDULE AS SELECT a FROM t",
                "SELECT COUNT(*) FROM d",
            ),
            Error(part="not initialized"),
            _DT,
        ),
        Case(
            "a dynamic table refreshes those that it reads as it is made",
            (
                *_MADE,
                "INSERT INTO t VALUES (7)",
                "CREATE DYNAMIC TABLE e TARGET_LAG = '1 hour' WAREHOUSE = conformance_wh "
                "AS SELECT b FROM d",
                "SELECT b FROM e ORDER BY b",
            ),
            "sql-reference/functions/dynamic_table_refresh_history",
            rows=[(2,), (8,)],
        ),
        fails(
            "a target lag below that of what it reads",
            (
                *_MADE,
                "CREATE DYNAMIC TABLE e TARGET_LAG = '10 minutes' WAREHOUSE = conformance_wh "
                "AS SELECT b FROM d",
            ),
            Error(),
            "user-guide/dynamic-tables/target-lag",
        ),
        Case(
            "SUSPEND suspends those that read it",
            (
                *_MADE,
                "CREATE DYNAMIC TABLE e TARGET_LAG = '1 hour' WAREHOUSE = conformance_wh "
                "AS SELECT b FROM d",
                "ALTER DYNAMIC TABLE d SUSPEND",
                "SHOW DYNAMIC TABLES LIKE 'E'",
                'SELECT "scheduling_state" FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()))',
            ),
            "user-guide/dynamic-tables/manage",
            rows=[("SUSPENDED",)],
        ),
        Case(
            "SHOW DYNAMIC TABLES knows when one was suspended",
            (
                *_MADE,
                "ALTER DYNAMIC TABLE d SUSPEND",
                "SHOW DYNAMIC TABLES LIKE 'D'",
                'SELECT "last_suspended_on" > DATEADD(HOUR, -1, CURRENT_TIMESTAMP()) '
                "FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()))",
            ),
            "sql-reference/sql/show-dynamic-tables",
            rows=[(True,)],
        ),
        Case(
            "options of a dynamic table set in a list with commas",
            (
                *_MADE,
                "ALTER DYNAMIC TABLE d SET TARGET_LAG = '2 hours', WAREHOUSE = conformance_wh",
                "SHOW DYNAMIC TABLES LIKE 'D'",
            ),
            "sql-reference/sql/alter-dynamic-table",
            only=("target_lag",),
            rows=[("2 hours",)],
        ),
        Case(
            "a transient dynamic table",
            (
                *_TABLE,
                _WH,
                "CREATE TRANSIENT DYNAMIC TABLE d TARGET_LAG = '1 hour' "
                "WAREHOUSE = conformance_wh AS SELECT a FROM t",
                "SHOW TABLES LIKE 'D'",
            ),
            _DT,
            only=("kind", "is_dynamic"),
            rows=[("TRANSIENT", "Y")],
        ),
        Case(
            "refreshes that failed alone",
            (
                *_MADE,
                "SELECT COUNT_IF(state = 'SUCCEEDED') FROM TABLE(INFORMATION_SCHEMA."
                "DYNAMIC_TABLE_REFRESH_HISTORY(NAME => 'd', ERROR_ONLY => TRUE))",
            ),
            "sql-reference/functions/dynamic_table_refresh_history",
            rows=[(0,)],
        ),
        fails(
            "a tag of what is not there",
            ("CREATE TAG g", "SELECT SYSTEM$GET_TAG('g', 'never_there', 'TABLE')"),
            Error(2003, None, "NEVER_THERE"),
            "sql-reference/functions/system_get_tag",
        ),
        Case(
            "TAG_REFERENCES says how a tag was set",
            (
                "CREATE TAG g",
                *_TABLE,
                "ALTER TABLE t SET TAG g = 'x'",
                "SELECT tag_name, tag_value, apply_method, object_name "
                "FROM TABLE(INFORMATION_SCHEMA.TAG_REFERENCES('t', 'TABLE'))",
            ),
            "sql-reference/functions/tag_references",
            rows=[("G", "x", "MANUAL", "T")],
        ),
        fails(
            "ALLOWED_VALUES behind other parameters",
            "CREATE TAG g COMMENT = 'why' ALLOWED_VALUES 'a'",
            Error(),
            "sql-reference/sql/create-tag",
        ),
        Case(
            "a task after another",
            (*_TASK, "CREATE TASK l WAREHOUSE = conformance_wh AFTER k AS SELECT 1", "SHOW TASKS"),
            "sql-reference/sql/create-task",
            only=("name",),
            rows=[("K",), ("L",)],
            refused=Error(2, "0A000", "AFTER"),
        ),
    ),
)
