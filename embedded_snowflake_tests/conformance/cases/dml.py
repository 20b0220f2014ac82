"""INSERT, UPDATE, DELETE, TRUNCATE."""

from __future__ import annotations

from embedded_snowflake_tests.conformance.case import Case, Error, Fails, Group, fails

_INSERT = "sql-reference/sql/insert"
_UPDATE = "sql-reference/sql/update"
_DELETE = "sql-reference/sql/delete"
_TABLE = "CREATE TABLE t (k INT, v VARCHAR DEFAULT 'none')"
_FILLED = (_TABLE, "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')")

GROUP = Group(
    "INSERT, UPDATE, DELETE",
    "Rows in, changed and out, with the counts that clients read.",
    (
        Case(
            "INSERT counts its rows",
            (_TABLE, "INSERT INTO t VALUES (1, 'a'), (2, 'b')"),
            _INSERT,
            columns=["number of rows inserted"],
            rows=[(2,)],
        ),
        Case(
            "INSERT with a list of columns takes defaults",
            (_TABLE, "INSERT INTO t (k) VALUES (1)", "SELECT * FROM t"),
            _INSERT,
            rows=[(1, "none")],
        ),
        Case(
            "INSERT of DEFAULT",
            (_TABLE, "INSERT INTO t VALUES (1, DEFAULT)", "SELECT * FROM t"),
            _INSERT,
            rows=[(1, "none")],
        ),
        Case(
            "INSERT of a query",
            (
                *_FILLED,
                "INSERT INTO t SELECT k + 10, v FROM t WHERE k > 1",
                "SELECT k FROM t ORDER BY k",
            ),
            _INSERT,
            rows=[(1,), (2,), (3,), (12,), (13,)],
        ),
        Case(
            "UPDATE names its table again",
            (*_FILLED, "UPDATE t x SET x.v = 'z' WHERE x.k = 1", "SELECT v FROM t WHERE k = 1"),
            _UPDATE,
            rows=[("z",)],
        ),
        fails(
            "UPDATE of a column that is not there",
            (*_FILLED, "UPDATE t SET nope = 1"),
            Error(904, "42000", "invalid identifier"),
            _UPDATE,
        ),
        fails(
            "INSERT of a column that is not there",
            (*_FILLED, "INSERT INTO t (nope) VALUES (1)"),
            Error(904, "42000", "invalid identifier"),
            _INSERT,
        ),
        Case(
            "INSERT OVERWRITE reads the rows that it replaces",
            (
                *_FILLED,
                "INSERT OVERWRITE INTO t (v, k) SELECT v, k + 1 FROM t WHERE k > 1",
                "SELECT * FROM t ORDER BY k",
            ),
            _INSERT,
            rows=[(3, "b"), (4, "c")],
        ),
        Case(
            "INSERT OVERWRITE replaces the rows",
            (*_FILLED, "INSERT OVERWRITE INTO t VALUES (9, 'z')", "SELECT * FROM t"),
            _INSERT,
            rows=[(9, "z")],
        ),
        Case(
            "a multi-table INSERT",
            (
                _TABLE,
                "CREATE TABLE u (k INT)",
                "INSERT ALL INTO t (k) VALUES (n) INTO u VALUES (n) SELECT 7 AS n",
                "SELECT t.k, u.k FROM t, u",
            ),
            "sql-reference/sql/insert-multi-table",
            rows=[(7, 7)],
            refused=Error(),
        ),
        fails(
            "INSERT with too few values",
            (_TABLE, "INSERT INTO t VALUES (1)"),
            Error(2020, "21S01", "Insert value list does not match column list"),
            _INSERT,
        ),
        fails(
            "NULL in a column that is NOT NULL",
            ("CREATE TABLE t (a INT NOT NULL)", "INSERT INTO t VALUES (NULL)"),
            Error(100072, "22000", "NULL result in a non-nullable column"),
            "sql-reference/constraints-overview",
        ),
        fails(
            "text that is no number",
            ("CREATE TABLE t (a INT)", "INSERT INTO t VALUES ('abc')"),
            Error(100038, "22018", "Numeric value 'abc' is not recognized"),
            _INSERT,
        ),
        Case(
            "UPDATE counts rows, and rows joined more than once",
            (*_FILLED, "UPDATE t SET v = 'x' WHERE k < 3"),
            _UPDATE,
            columns=["number of rows updated", "number of multi-joined rows updated"],
            rows=[(2, 0)],
        ),
        Case(
            "UPDATE from another table",
            (
                *_FILLED,
                "CREATE TABLE s AS SELECT 2 AS k, 'new' AS v",
                "UPDATE t SET v = s.v FROM s WHERE t.k = s.k",
                "SELECT v FROM t ORDER BY k",
            ),
            _UPDATE,
            rows=[("a",), ("new",), ("c",)],
        ),
        Case(
            "UPDATE reads the row as it was",
            (
                "CREATE TABLE t (a INT, b INT)",
                "INSERT INTO t VALUES (1, 2)",
                "UPDATE t SET a = b, b = a",
                "SELECT * FROM t",
            ),
            _UPDATE,
            rows=[(2, 1)],
        ),
        Case(
            "DELETE counts its rows",
            (*_FILLED, "DELETE FROM t WHERE k >= 2"),
            _DELETE,
            columns=["number of rows deleted"],
            rows=[(2,)],
        ),
        Case(
            "DELETE with USING",
            (
                *_FILLED,
                "CREATE TABLE s AS SELECT 2 AS k",
                "DELETE FROM t USING s WHERE t.k = s.k",
                "SELECT k FROM t ORDER BY k",
            ),
            _DELETE,
            rows=[(1,), (3,)],
        ),
        Case(
            "TRUNCATE empties",
            (*_FILLED, "TRUNCATE TABLE t", "SELECT COUNT(*) FROM t"),
            "sql-reference/sql/truncate-table",
            rows=[(0,)],
        ),
        Case(
            "TRUNCATE IF EXISTS of nothing",
            "TRUNCATE TABLE IF EXISTS no_such_table",
            "sql-reference/sql/truncate-table",
            rows=[("Statement executed successfully.",)],
        ),
        Case(
            "a failed INSERT leaves no row",
            (
                "CREATE TABLE t (a INT NOT NULL)",
                "INSERT INTO t SELECT 1",
                "CREATE TABLE s AS SELECT 2 AS a UNION ALL SELECT NULL",
                Fails("INSERT INTO t SELECT a FROM s", Error(100072, "22000")),
                "SELECT COUNT(*) FROM t",
            ),
            "sql-reference/transactions",
            rows=[(1,)],
        ),
        fails(
            "WITH before DELETE",
            (
                "CREATE OR REPLACE TABLE gone (a INT)",
                "WITH q AS (SELECT 1 AS a) DELETE FROM gone WHERE a IN (SELECT a FROM q)",
            ),
            Error(1003, "42000", "DELETE"),
            "sql-reference/sql/delete",
        ),
        fails(
            "WITH before INSERT",
            (
                "CREATE OR REPLACE TABLE more (a INT)",
                "WITH q AS (SELECT 1 AS a) INSERT INTO more SELECT a FROM q",
            ),
            Error(1003, "42000", "INSERT"),
            "sql-reference/sql/insert",
        ),
        Case(
            "WITH within INSERT",
            (
                "CREATE OR REPLACE TABLE more (a INT)",
                "INSERT INTO more WITH q AS (SELECT 1 AS a) SELECT a FROM q",
                "SELECT a FROM more",
            ),
            "sql-reference/sql/insert",
            rows=[(1,)],
        ),
        fails(
            "UPDATE of a tuple",
            ("CREATE OR REPLACE TABLE pairs (a INT, b INT)", "UPDATE pairs SET (a, b) = (1, 2)"),
            Error(1003, "42000"),
            "sql-reference/sql/update",
        ),
        fails(
            "INSERT of fewer values than columns are listed",
            (_TABLE, "INSERT INTO t (k, v) VALUES (1)"),
            Error(2020, "21S01", "expecting 2 but got 1"),
            _INSERT,
        ),
        fails(
            "INSERT into a column twice",
            (_TABLE, "INSERT INTO t (k, k) VALUES (1, 2)"),
            Error(None, None, "duplicate column name 'K'"),
            _INSERT,
        ),
        fails(
            "MERGE by a column that the source has not",
            (
                _TABLE,
                "MERGE INTO t USING (SELECT 1 AS k) s ON t.k = s.z WHEN MATCHED THEN DELETE",
            ),
            Error(904, "42000", "invalid identifier 'S.Z'"),
            "sql-reference/sql/merge",
        ),
        *(
            fails(
                f"{sql.split()[0]} of a view",
                (_TABLE, "CREATE VIEW w AS SELECT * FROM t", sql),
                Error(part="view"),
                page,
            )
            for sql, page in (
                ("INSERT INTO w VALUES (1, 'a')", _INSERT),
                ("UPDATE w SET k = 1", _UPDATE),
                ("DELETE FROM w", _DELETE),
                (
                    "MERGE INTO w USING t ON w.k = t.k WHEN MATCHED THEN DELETE",
                    "sql-reference/sql/merge",
                ),
                ("ALTER TABLE w ADD COLUMN x INT", "sql-reference/sql/alter-table"),
                ("TRUNCATE TABLE w", "sql-reference/sql/truncate-table"),
            )
        ),
        Case(
            "a number in one row of VALUES makes numbers of the texts of the others",
            ("CREATE TABLE t (v VARCHAR)", "INSERT INTO t VALUES (7), ('seven')"),
            _INSERT,
            error=Error(100038, "22018", "Numeric value 'seven' is not recognized"),
        ),
        Case(
            "a window function in VALUES",
            (_TABLE, "INSERT INTO t (k) VALUES (RANK() OVER (ORDER BY 1))"),
            _INSERT,
            error=Error(2014),
        ),
        Case(
            "an aggregate in VALUES",
            (_TABLE, "INSERT INTO t (k) VALUES (MAX(3))"),
            _INSERT,
            error=Error(2014),
        ),
        Case(
            "UPDATE of one column twice",
            (*_FILLED, "UPDATE t SET v = 'x', v = 'y'"),
            _UPDATE,
            error=Error(2025),
        ),
    ),
)
