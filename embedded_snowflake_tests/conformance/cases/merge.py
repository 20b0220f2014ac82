"""MERGE."""

from __future__ import annotations

from embedded_snowflake_tests.conformance.case import Case, Error, Group, fails

_PAGE = "sql-reference/sql/merge"
_TABLES = (
    "CREATE TABLE t (k INT, v VARCHAR)",
    "INSERT INTO t VALUES (1, 'a'), (2, 'b')",
    "CREATE TABLE s AS SELECT column1 AS k, column2 AS v FROM VALUES (2, 'B'), (3, 'C')",
)
_READ = "SELECT * FROM t ORDER BY k"

GROUP = Group(
    "MERGE",
    "Insert, update and delete in one atomic statement, with conditions.",
    (
        Case(
            "MERGE counts what it did",
            (
                *_TABLES,
                "MERGE INTO t USING s ON t.k = s.k WHEN MATCHED THEN UPDATE SET v = s.v "
                "WHEN NOT MATCHED THEN INSERT (k, v) VALUES (s.k, s.v)",
            ),
            _PAGE,
            columns=["number of rows inserted", "number of rows updated"],
            rows=[(1, 1)],
        ),
        Case(
            "MERGE updates what matches and inserts the rest",
            (
                *_TABLES,
                "MERGE INTO t USING s ON t.k = s.k WHEN MATCHED THEN UPDATE SET t.v = s.v "
                "WHEN NOT MATCHED THEN INSERT VALUES (s.k, s.v)",
                _READ,
            ),
            _PAGE,
            rows=[(1, "a"), (2, "B"), (3, "C")],
        ),
        Case(
            "MERGE deletes",
            (*_TABLES, "MERGE INTO t USING s ON t.k = s.k WHEN MATCHED THEN DELETE", _READ),
            _PAGE,
            rows=[(1, "a")],
        ),
        Case(
            "the first clause whose condition holds is taken",
            (
                *_TABLES,
                "MERGE INTO t USING (SELECT 1 AS k, 'x' AS v UNION ALL SELECT 2, 'y') s ON t.k = s.k "
                "WHEN MATCHED AND s.v = 'x' THEN DELETE WHEN MATCHED THEN UPDATE SET v = s.v",
                _READ,
            ),
            _PAGE,
            rows=[(2, "y")],
        ),
        Case(
            "NOT MATCHED with a condition",
            (
                *_TABLES,
                "MERGE INTO t USING s ON t.k = s.k WHEN NOT MATCHED AND s.k > 5 "
                "THEN INSERT VALUES (s.k, s.v)",
                "SELECT COUNT(*) FROM t",
            ),
            _PAGE,
            rows=[(2,)],
        ),
        Case(
            "MERGE from a query with aliases",
            (
                *_TABLES,
                "MERGE INTO t AS x USING (SELECT k, UPPER(v) AS v FROM t) AS y ON x.k = y.k "
                "WHEN MATCHED THEN UPDATE SET x.v = y.v",
                _READ,
            ),
            _PAGE,
            rows=[(1, "A"), (2, "B")],
        ),
        Case(
            "NULL keys match nothing",
            (
                "CREATE TABLE t (k INT)",
                "INSERT INTO t VALUES (NULL)",
                "MERGE INTO t USING (SELECT NULL::INT AS k) s ON t.k = s.k "
                "WHEN NOT MATCHED THEN INSERT VALUES (s.k)",
                "SELECT COUNT(*) FROM t",
            ),
            _PAGE,
            rows=[(2,)],
        ),
        fails(
            "two source rows for one target row",
            (
                *_TABLES,
                "MERGE INTO t USING (SELECT 1 AS k, 'x' AS v UNION ALL SELECT 1, 'y') s ON t.k = s.k "
                "WHEN MATCHED THEN UPDATE SET v = s.v",
            ),
            Error(100090, "42P18", "Duplicate row detected during DML action"),
            _PAGE,
        ),
        Case(
            "two source rows that delete one target row",
            (
                *_TABLES,
                "MERGE INTO t USING (SELECT 1 AS k UNION ALL SELECT 1) s ON t.k = s.k "
                "WHEN MATCHED THEN DELETE",
                _READ,
            ),
            _PAGE,
            rows=[(2, "b")],
            refused=Error(100090, "42P18", "Duplicate row"),
        ),
        Case(
            "a second source row that satisfies no clause does no harm",
            (
                *_TABLES,
                "MERGE INTO t USING (SELECT 1 AS k, 'x' AS v UNION ALL SELECT 1, 'y') s ON t.k = s.k "
                "WHEN MATCHED AND s.v = 'x' THEN UPDATE SET v = s.v",
                _READ,
            ),
            _PAGE,
            rows=[(1, "x"), (2, "b")],
        ),
        Case(
            "ALL BY NAME",
            (
                *_TABLES,
                "CREATE TABLE u AS SELECT 'B' AS v, 2 AS k UNION ALL SELECT 'C', 3",
                "MERGE INTO t USING u ON t.k = u.k WHEN MATCHED THEN UPDATE ALL BY NAME "
                "WHEN NOT MATCHED THEN INSERT ALL BY NAME",
                _READ,
            ),
            _PAGE,
            rows=[(1, "a"), (2, "B"), (3, "C")],
            refused=Error(1003, "42000"),
        ),
        Case(
            "equal source rows are all inserted",
            (
                "CREATE TABLE t (k INT)",
                "MERGE INTO t USING (SELECT 1 AS k UNION ALL SELECT 1) s ON t.k = s.k "
                "WHEN NOT MATCHED THEN INSERT VALUES (s.k)",
                "SELECT COUNT(*) FROM t",
            ),
            _PAGE,
            rows=[(2,)],
        ),
        Case(
            "a MERGE that fails leaves nothing behind",
            (
                "CREATE TABLE t (k INT NOT NULL)",
                "INSERT INTO t VALUES (7)",
                "CREATE TABLE s AS SELECT 8 AS k UNION ALL SELECT NULL",
                "SELECT COUNT(*) FROM t",
            ),
            _PAGE,
            rows=[(1,)],
        ),
    ),
)
