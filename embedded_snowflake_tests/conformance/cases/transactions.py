"""Transactions, autocommit, isolation."""

from __future__ import annotations

from embedded_snowflake_tests.conformance.case import Case, Error, Fails, Group, Other

_PAGE = "sql-reference/transactions"
_T = "CREATE TABLE t (a INT)"
_COUNT = "SELECT COUNT(*) FROM t"
_ROW = "INSERT INTO t VALUES (1)"
_A = "SELECT a FROM t ORDER BY a"
_WRITING = (_T, "CREATE TABLE u (a INT)", "BEGIN", "INSERT INTO u VALUES (0)")

GROUP = Group(
    "Transactions",
    "BEGIN, COMMIT, ROLLBACK; what is not committed is nobody else's; definitions commit first.",
    (
        Case("COMMIT keeps", (_T, "BEGIN", _ROW, "COMMIT", Other(_COUNT)), _PAGE, rows=[(1,)]),
        Case("ROLLBACK undoes", (_T, "BEGIN", _ROW, "ROLLBACK", _COUNT), _PAGE, rows=[(0,)]),
        Case(
            "START TRANSACTION",
            (_T, "START TRANSACTION", _ROW, "ROLLBACK", _COUNT),
            "sql-reference/sql/begin",
            rows=[(0,)],
        ),
        Case(
            "BEGIN WORK and COMMIT WORK",
            (_T, "BEGIN WORK", _ROW, "COMMIT WORK", _COUNT),
            "sql-reference/sql/begin",
            rows=[(1,)],
        ),
        Case("a statement alone commits itself", (_T, _ROW, Other(_COUNT)), _PAGE, rows=[(1,)]),
        Case(
            "others see only what is committed",
            (_T, "BEGIN", _ROW, Other(_COUNT)),
            _PAGE,
            rows=[(0,)],
        ),
        Case("the transaction sees its own rows", (_T, "BEGIN", _ROW, _COUNT), _PAGE, rows=[(1,)]),
        Case(
            "a statement sees what others committed before it",
            (_T, "BEGIN", _COUNT, Other(_ROW), _COUNT),
            _PAGE,
            rows=[(1,)],
        ),
        Case(
            "a query after a write sees what others committed since",
            (*_WRITING, Other(_ROW), _COUNT),
            _PAGE,
            rows=[(1,)],
        ),
        Case(
            "an INSERT of a query after a write sees what others committed since",
            (*_WRITING, Other(_ROW), "INSERT INTO u SELECT a FROM t", "SELECT a FROM u ORDER BY a"),
            _PAGE,
            rows=[(0,), (1,)],
        ),
        Case(
            "rows are added to those that others committed since",
            (*_WRITING, Other(_ROW), _ROW, "COMMIT", Other(_COUNT)),
            _PAGE,
            rows=[(2,)],
        ),
        Case(
            "rows are added from those that others committed since",
            (*_WRITING, Other(_ROW), "INSERT INTO t SELECT a + 1 FROM t", "COMMIT", Other(_A)),
            _PAGE,
            rows=[(1,), (2,)],
        ),
        Case(
            "an UPDATE changes what others committed since",
            (*_WRITING, Other(_ROW), "UPDATE t SET a = a + 1", "COMMIT", Other(_A)),
            _PAGE,
            rows=[(2,)],
        ),
        Case(
            "a definition commits what came before it",
            (_T, "BEGIN", _ROW, "CREATE TABLE u (a INT)", "ROLLBACK", _COUNT),
            _PAGE,
            rows=[(1,)],
        ),
        Case(
            "a definition is not undone by ROLLBACK",
            (_T, "BEGIN", "CREATE TABLE u (a INT)", "ROLLBACK", "SELECT COUNT(*) FROM u"),
            _PAGE,
            rows=[(0,)],
        ),
        Case(
            "a statement that fails leaves the transaction and its work",
            (
                "CREATE TABLE t (a INT NOT NULL)",
                "BEGIN",
                _ROW,
                Fails("INSERT INTO t VALUES (NULL)", Error(100072)),
                "COMMIT",
                _COUNT,
            ),
            _PAGE,
            rows=[(1,)],
        ),
        Case(
            "a statement with a wrong name leaves the transaction",
            (_T, "BEGIN", _ROW, Fails("SELECT nope FROM t", Error(904)), "COMMIT", _COUNT),
            _PAGE,
            rows=[(1,)],
        ),
        Case(
            "a second BEGIN goes on with the first transaction",
            (_T, "BEGIN", _ROW, "BEGIN", "ROLLBACK", _COUNT),
            "sql-reference/sql/begin",
            rows=[(0,)],
        ),
        Case(
            "COMMIT without a transaction does nothing",
            (_T, _ROW, "COMMIT", _COUNT),
            "sql-reference/sql/commit",
            rows=[(1,)],
        ),
        Case(
            "autocommit off keeps a transaction open",
            (_T, "ALTER SESSION SET AUTOCOMMIT = FALSE", _ROW, "ROLLBACK", _COUNT),
            _PAGE,
            rows=[(0,)],
        ),
        Case(
            "several tables commit together",
            (
                _T,
                "CREATE TABLE u (a INT)",
                "BEGIN",
                _ROW,
                "INSERT INTO u VALUES (2)",
                "ROLLBACK",
                "SELECT (SELECT COUNT(*) FROM t) + (SELECT COUNT(*) FROM u)",
            ),
            _PAGE,
            rows=[(0,)],
        ),
        Case(
            "the state of AUTOCOMMIT that is set again commits nothing",
            (
                _T,
                "ALTER SESSION SET AUTOCOMMIT = FALSE",
                _ROW,
                "ALTER SESSION SET AUTOCOMMIT = FALSE",
                "ROLLBACK",
                _COUNT,
            ),
            _PAGE,
            rows=[(0,)],
        ),
        Case(
            "AUTOCOMMIT unset commits, and is on",
            (
                _T,
                "ALTER SESSION SET AUTOCOMMIT = FALSE",
                _ROW,
                "ALTER SESSION UNSET AUTOCOMMIT",
                _ROW,
                "ROLLBACK",
                _COUNT,
            ),
            _PAGE,
            rows=[(2,)],
        ),
        Case(
            "a transaction has a name",
            (_T, "BEGIN TRANSACTION NAME t1", _ROW, "ROLLBACK", _COUNT),
            "sql-reference/sql/begin",
            rows=[(0,)],
        ),
        *(
            Case(
                f"{words} is no way to end or begin",
                (_T, "BEGIN", _ROW, Fails(words, Error()), "ROLLBACK", _COUNT),
                "sql-reference/sql/begin",
                rows=[(0,)],
            )
            for words in ("COMMIT AND CHAIN", "ROLLBACK TO x", "BEGIN READ ONLY")
        ),
        Case(
            "two statements at once are not one",
            (_T, Fails(f"BEGIN; {_ROW}; COMMIT", Error(8)), _COUNT),
            "sql-reference/parameters",
            rows=[(0,)],
        ),
        Case(
            "a lock timeout is a number of seconds",
            "ALTER SESSION SET LOCK_TIMEOUT = abc",
            "sql-reference/parameters",
            error=Error(1008),
        ),
        Case(
            "a block of Snowflake Scripting",
            "BEGIN LET x INT := 1; END",
            "developer-guide/snowflake-scripting/blocks",
            rows=[],
            refused=Error(),
        ),
        Case(
            "CURRENT_TRANSACTION is NULL outside of one",
            "SELECT CURRENT_TRANSACTION()",
            "sql-reference/functions/current_transaction",
            rows=[(None,)],
        ),
        Case(
            "CURRENT_TRANSACTION stays the same within one",
            (
                "BEGIN",
                "SET begun = (SELECT CURRENT_TRANSACTION())",
                "SELECT $begun = CURRENT_TRANSACTION(), LENGTH($begun) > 0",
            ),
            "sql-reference/functions/current_transaction",
            rows=[(True, True)],
        ),
        Case(
            "TRUNCATE is taken back, and commits nothing",
            (_T, _ROW, "BEGIN", _ROW, "TRUNCATE TABLE t", "ROLLBACK", _COUNT),
            _PAGE,
            rows=[(1,)],
        ),
        Case(
            "TRUNCATE without AUTOCOMMIT is taken back",
            (
                *(_T, _ROW, "ALTER SESSION SET AUTOCOMMIT = FALSE", "TRUNCATE TABLE t"),
                *("ROLLBACK", "ALTER SESSION SET AUTOCOMMIT = TRUE", _COUNT),
            ),
            _PAGE,
            rows=[(1,)],
        ),
    ),
)
