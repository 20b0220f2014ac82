"""A session: what a client that logged in sees, and how its statements are carried out.

Add what concerns every statement (context, transaction, rewriting, running). What one kind of
object does stands in `objects/`.
"""

from __future__ import annotations

import contextlib
import datetime
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import duckdb
import pyarrow as pa
from fakesnow.rowtype import ColumnInfo
from fakesnow.statement_type import statement_type_id
from snowflake.connector.errors import ProgrammingError
from sqlglot import exp

from embedded_snowflake import (
    describing,
    errors,
    refusing,
    results,
    rewriting,
    statements,
    text_rewriting,
    time_formats,
    wide_integers,
)
from embedded_snowflake.catalog import INTERNAL, Catalog
from embedded_snowflake.cursor import Connection, name_as_written, parsed
from embedded_snowflake.engine import Engine
from embedded_snowflake.inferred_types import finer_types
from embedded_snowflake.journal import RecordingConnection
from embedded_snowflake.names import QualifiedName, literal, quoted
from embedded_snowflake.statements import Result

_DDL_WORDS = {"CREATE", "ALTER", "DROP", "COMMENT", "TRUNCATE", "UNDROP", "GRANT", "REVOKE"}
_CREATED_KINDS = {"TABLE", "VIEW", "SEQUENCE"}
_RETRIES = 12
RESULT_BYTES = 1 << 30
"""How many bytes of rows a statement may answer: they pass through memory as one."""


statements.rewrites(time_formats.rewritten)


class Answer:
    """What a statement is answered with: rows, or a ready answer for PUT and GET."""

    def __init__(
        self,
        query_id: str,
        table: pa.Table | None,
        rowtype: list[ColumnInfo],
        type_id: int,
        raw: dict[str, Any] | None = None,
    ) -> None:
        self.query_id = query_id
        self.table = table
        self.rowtype = rowtype
        self.type_id = type_id
        self.raw = raw


@dataclass(frozen=True)
class _Mark:
    """How far a transaction was when a statement began."""

    started: bool
    writes: int
    commits: int
    rollbacks: int


class Session:
    """One client's session. A lock makes its statements run one after the other."""

    def __init__(
        self,
        engine: Engine,
        *,
        user: str,
        role: str | None,
        warehouse: str | None,
        database: str | None,
        schema: str | None,
        parameters: dict[str, Any],
    ) -> None:
        self.engine = engine
        self.duck: Any = RecordingConnection(
            engine.duck.cursor(), lambda: (self.database, self.schema)
        )
        self.connection = Connection(
            self.duck,
            engine.fakesnow.results_cache,
            create_database=False,
            create_schema=False,
            db_path=engine.files,
        )
        self.connection.session = self
        self.session_id = uuid.uuid4().int % 10**15
        self.user, self.role, self.warehouse = user, role or "SYSADMIN", warehouse
        self.parameters = parameters
        self.catalog = Catalog(self)
        self.root: Path = engine.root
        self.inference = engine.inference
        self.base_url = ""
        self.query_id = ""
        self.query_ids: deque[str] = deque(maxlen=999)
        self.bound = False
        self.autocommit = str(parameters.get("AUTOCOMMIT", True)).lower() != "false"
        self.explicit = False
        self.aborted: str | None = None
        self.wide = False
        self.closed = False
        self.held: set[QualifiedName] = set()
        self.temporary: dict[QualifiedName, str] = {}
        self.temporary_kinds: dict[str, dict[str, str]] = {}
        self.peers: set[tuple[str, int]] = set()
        self.seen = time.monotonic()
        self.lock = threading.RLock()
        self._depth = 0
        self._started = False
        self._moment = 0
        self._registered: list[str] = []
        self._on_commit: list[Callable[[], None]] = []
        self._on_rollback: list[Callable[[], None]] = []
        self._gone_since: float | None = None
        if database and database in engine.databases():
            self.use_database(database, schema)

    @classmethod
    def of_the_system(cls, engine: Engine) -> Session:
        """A session of nobody's, for what the server does by itself."""
        return cls(
            engine,
            user="SYSTEM",
            role=None,
            warehouse=None,
            database=None,
            schema=None,
            parameters={},
        )

    # ---- context

    @property
    def database(self) -> str | None:
        """The current database."""
        return self.connection.database

    @property
    def schema(self) -> str | None:
        """The current schema."""
        return self.connection.current_schema

    def use_database(self, database: str, schema: str | None = None) -> None:
        """Make a database current, and in it a schema, or PUBLIC where there is one.

        Raises:
            SnowflakeError: 002043 where the database is not there.
        """
        if database not in self.engine.databases():
            raise errors.unreachable()
        self.connection.database, self.connection.database_set = database, True
        wanted = schema or "PUBLIC"
        if self.has_schema(database, wanted):
            self.use_schema(database, wanted)
        else:
            self.connection.set_schema(None)
            self.duck.execute(f"SET schema = {literal(quoted(database) + '.main')}")

    def use_schema(self, database: str, schema: str) -> None:
        """Make a schema current.

        Raises:
            SnowflakeError: 002043 where it is not there.
        """
        if not self.has_schema(database, schema):
            raise errors.unreachable()
        self.connection.database, self.connection.database_set = database, True
        self.connection.set_schema(schema)
        self.duck.execute(f"SET schema = {literal(quoted(database) + '.' + quoted(schema))}")

    def forget_schema(self) -> None:
        """No schema, and no database, is current: theirs was dropped."""
        self.connection.database, self.connection.database_set = None, False
        self.connection.set_schema(None)
        self.duck.execute("SET schema = 'memory.main'")

    def has_schema(self, database: str, schema: str) -> bool:
        """Whether the schema is there."""
        if schema.lower() in {INTERNAL, "main"}:
            return False
        return bool(
            self.duck.execute(
                "SELECT 1 FROM duckdb_schemas() WHERE database_name = ? AND schema_name = ?",
                [database, schema],
            ).fetchall()
        )

    def qualified(self, parts: tuple[str, ...]) -> QualifiedName:
        """A name completed by the current database and schema.

        Raises:
            SnowflakeError: 090105 where a part is missing and none is current.
        """
        current = (self.database, self.schema)
        missing = current[: 3 - len(parts)]
        if len(parts) > 3 or None in missing:
            raise errors.error(
                "Cannot perform operation. This session does not have a current database. "
                "Call 'USE DATABASE', or use a qualified name.",
                90105,
                "22000",
            )
        return QualifiedName(*cast("tuple[str, str, str]", (*missing, *parts)))

    # ---- transactions

    @property
    def within_handler(self) -> bool:
        """Whether an object's own statements run, which may write what users may not."""
        return self._depth > 0

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open, by BEGIN, autocommit off, or a handler."""
        return self.explicit or self._depth > 0

    def begin(self) -> None:
        """Open a transaction; one that is open goes on, as Snowflake's does.

        DuckDB's own begins with the first write, once its table is locked: DuckDB reads as of
        the transaction's beginning, Snowflake as of the statement's, so that BEGIN, a SELECT and
        an UPDATE must not work on what was there before others let go of the table.
        """
        self.explicit = True

    def _start(self) -> None:
        if not self._started:
            self._moment = self.engine.now()
            self.duck.execute("BEGIN TRANSACTION")
            self._started = True
            self.duck.recording = self.explicit

    def commit(self) -> None:
        """Commit.

        Raises:
            SnowflakeError: 090232 where a failed statement ended the transaction before.
        """
        if not self.explicit:
            return
        if self.aborted is not None:
            reason = self.aborted
            self.rollback()
            raise errors.error(
                f"The transaction was rolled back: a statement in it failed ({reason}).",
                90232,
                "25000",
            )
        try:
            if self._started:
                self.duck.execute("COMMIT")
        except duckdb.Error as cause:
            with contextlib.suppress(duckdb.Error):
                self.duck.execute("ROLLBACK")
            self._ended(committed=False)
            raise errors.translated(cause) from cause
        self._ended(committed=True)

    def rollback(self) -> None:
        """Undo everything since BEGIN."""
        if self.explicit:
            if self._started:
                with contextlib.suppress(duckdb.TransactionException):
                    self.duck.execute("ROLLBACK")
            self._ended(committed=False)

    def _ended(self, *, committed: bool) -> None:
        self.explicit, self.aborted, self._started = False, None, False
        self.duck.recording = False
        self.duck.journal.clear()
        if committed:
            self.engine.note_commit(self)
        calls = self._on_commit if committed else self._on_rollback
        self._on_commit, self._on_rollback = [], []
        self.engine.free(self)
        for call in calls:
            call()

    def on_commit(self, call: Callable[[], None]) -> None:
        """Call this once what the statement did is durable."""
        self._on_commit.append(call)

    def on_rollback(self, call: Callable[[], None]) -> None:
        """Call this when what the statement did is undone."""
        self._on_rollback.append(call)

    @contextlib.contextmanager
    def transaction(self) -> Generator[None, None, None]:
        """All or nothing: joins the open transaction, or is one of its own."""
        if self.in_transaction:
            self._start()
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
            return
        self._start()
        self._depth += 1
        try:
            yield
        except BaseException:
            self._depth -= 1
            with contextlib.suppress(duckdb.TransactionException):
                self.duck.execute("ROLLBACK")
            self._ended(committed=False)
            raise
        self._depth -= 1
        try:
            self.duck.execute("COMMIT")
        except duckdb.Error:
            with contextlib.suppress(duckdb.TransactionException):
                self.duck.execute("ROLLBACK")
            self._ended(committed=False)
            raise
        self._ended(committed=True)

    # ---- life

    def vanished(self, seconds: float) -> bool:
        """Whether the client's last connection has been gone this long."""
        return self._gone_since is not None and time.monotonic() - self._gone_since > seconds

    def peer_gone(self, peer: tuple[str, int]) -> None:
        """A connection of the client was closed."""
        self.peers.discard(peer)
        if not self.peers:
            self._gone_since = time.monotonic()

    def peer_seen(self, peer: tuple[str, int]) -> None:
        """The client spoke on this connection."""
        self.peers.add(peer)
        self._gone_since = None
        self.seen = time.monotonic()

    def abandon(self) -> None:
        """The client is gone: roll back and give back its locks."""
        with self.lock:
            self.rollback()
            self.engine.free(self)

    def close(self) -> None:
        """End the session: roll back, drop what was its own."""
        with self.lock:
            if self.closed:
                return
            self.rollback()
            self.closed = True
            self._end_stages()
            self.engine.free(self)
            self.duck.close()

    def _end_stages(self) -> None:
        from embedded_snowflake.objects import stages

        stages.end_session(self)

    # ---- running

    def execute(self, sql: str, *, describe: bool = False) -> Answer:
        """Carry out one statement.

        Raises:
            ProgrammingError: with Snowflake's number and words.
        """
        with self.lock:
            self.query_id = str(uuid.uuid4())
            mark = _Mark(
                self._started,
                len(self.duck.journal.entries),
                len(self._on_commit),
                len(self._on_rollback),
            )
            began = datetime.datetime.now(datetime.UTC)
            try:
                answer = self._execute(sql, describe=describe)
            except duckdb.Error as cause:
                self._undo_statement(mark, str(cause))
                translated = errors.translated(cause)
                if not describe:
                    self._note(sql, began, None, translated)
                raise translated from cause
            except Exception as cause:
                self._undo_statement(mark, str(cause))
                if not describe:
                    self._note(sql, began, None, cause)
                raise
            finally:
                self._forget_registered()
                statements.forget_text()
                self.seen = time.monotonic()
            if not describe:
                self._note(sql, began, answer, None)
            if not describe and answer.raw is None:
                self.query_ids.append(answer.query_id)
            return answer

    def _note(
        self,
        sql: str,
        began: datetime.datetime,
        answer: Answer | None,
        failure: Exception | None,
    ) -> None:
        """A row of QUERY_HISTORY."""
        ended = datetime.datetime.now(datetime.UTC)
        words = sql.split(None, 2)
        table = answer.table if answer else None
        counts = {}
        if table is not None and table.num_rows == 1:
            counts = {name: table[name][0].as_py() for name in table.column_names if "rows" in name}
        written = [f"number of rows {word}" for word in ("inserted", "updated", "deleted")]
        produced = None if table is None else table.num_rows
        if any(one in counts for one in written):
            produced = sum(counts.get(one, 0) for one in written)
        kind = words[0].upper() if words else ""
        self.engine.note_statement(
            {
                "QUERY_ID": self.query_id,
                "QUERY_TEXT": sql[:100_000],
                "DATABASE_NAME": self.database,
                "SCHEMA_NAME": self.schema,
                "QUERY_TYPE": "SELECT" if kind == "WITH" else kind,
                "SESSION_ID": str(self.session_id),
                "USER_NAME": self.user,
                "ROLE_NAME": self.role,
                "WAREHOUSE_NAME": self.warehouse or "",
                "QUERY_TAG": str(self.parameters.get("QUERY_TAG", "")),
                "EXECUTION_STATUS": "SUCCESS" if failure is None else "FAILED_WITH_ERROR",
                "ERROR_CODE": None if failure is None else str(getattr(failure, "errno", "")),
                "ERROR_MESSAGE": None if failure is None else str(failure),
                "START_TIME": began,
                "END_TIME": ended,
                "TOTAL_ELAPSED_TIME": round((ended - began).total_seconds() * 1000),
                "ROWS_PRODUCED": produced,
                "ROWS_INSERTED": counts.get(written[0]),
                "ROWS_UPDATED": counts.get(written[1]),
                "ROWS_DELETED": counts.get(written[2]),
                "BYTES_WRITTEN_TO_RESULT": None if table is None else table.nbytes,
            }
        )

    def _undo_statement(self, mark: _Mark, reason: str) -> None:
        """Undo what a failed statement did, and that alone, as Snowflake does."""
        if not self.explicit:
            if self._depth == 0:
                self.engine.free(self)
            return
        if not self._started or self.aborted is not None:
            return
        journal = self.duck.journal
        if len(journal.entries) == mark.writes and self._alive():
            return
        undone = self._on_rollback[mark.rollbacks :]
        del self._on_rollback[mark.rollbacks :], self._on_commit[mark.commits :]
        for call in undone:
            call()
        journal.cut(mark.writes)
        if mark.writes == 0 and not mark.started:
            self._roll_back_duck()
            self._started = self.duck.recording = False
            return
        first = reason.split("\n", maxsplit=1)[0]
        kept_from = self._renew()
        if kept_from is not None:
            self._roll_back_duck()
            self.aborted = f"{first}; what was done before could not be kept, since {kept_from}"

    def _alive(self) -> bool:
        """Whether DuckDB still has the transaction: most errors make it give it up."""
        try:
            self.duck.execute("SELECT 1").fetchall()
        except duckdb.Error:
            return False
        return True

    def _roll_back_duck(self) -> None:
        with contextlib.suppress(duckdb.TransactionException):
            self.duck.execute("ROLLBACK")

    def _renew(self) -> str | None:
        """Begin DuckDB's transaction anew, as of now, and write in it what was written.

        Returns:
            None where that was done; else why it cannot be, and the transaction is as it was,
            or ended where DuckDB had refused a write.
        """
        journal = self.duck.journal
        with self.duck.cursor() as aside:
            why_not = journal.why_not(aside, self.engine.changed(self._moment))
        if why_not is not None:
            return why_not
        self._roll_back_duck()
        self.duck.recording = False
        try:
            moment = self.engine.now()
            self.duck.execute("BEGIN TRANSACTION")
            self.duck.repeat()
            self._moment = moment
        except duckdb.Error as cause:
            self._roll_back_duck()
            reason = str(cause).split("\n", maxsplit=1)[0]
            self.aborted = f"its writes could not be repeated: {reason}"
            return reason
        finally:
            self.duck.recording = self.explicit
        return None

    def _look_again(self, expression: Any) -> None:
        """Let a statement see what was committed since its transaction's first write."""
        if not (self.explicit and self._started) or self._depth or self.aborted:
            return
        changed = self.engine.changed(self._moment)
        if not changed:
            return
        source = expression
        if isinstance(expression, exp.Insert):
            source = expression.expression
        read = rewriting.tables_of(self, source)
        if read & changed or any(self.relation_kind(one) == "VIEW" for one in read):
            self._renew()
            if self.aborted is not None:
                raise errors.error(
                    f"The transaction failed ({self.aborted}): ROLLBACK it.", 90232, "25000"
                )

    def _execute(self, sql: str, *, describe: bool) -> Answer:
        sql = statements.quote_addresses(sql)
        tokens = statements.tokens_of(sql)
        first = tokens[0].text.upper() if tokens else ""
        second = tokens[1].text.upper() if len(tokens) > 1 else ""
        if not tokens:
            raise errors.error("Empty SQL statement.", 900, "42601")
        ddl = first in _DDL_WORDS and second != "SESSION"
        if self.aborted is not None and first not in {"ROLLBACK", "COMMIT"}:
            raise errors.error(
                f"The transaction failed earlier ({self.aborted}): ROLLBACK it.", 90232, "25000"
            )
        if ddl and self.explicit and not describe:
            self.commit()
        if describe and (ddl or first in {"ALTER", "USE", "PUT", "GET", "BEGIN", "COMMIT"}):
            return self._answered(Result.status(), describe=True)
        result = statements.route(sql, self)
        if result is not None:
            return self._answered(result, describe=describe)
        return self._queried(sql, describe=describe)

    def _answered(self, result: Result, *, describe: bool) -> Answer:
        if result.raw is not None:
            return Answer(self.query_id, None, [], 0, raw=result.raw)
        table = results.to_arrow(result)
        self.engine.fakesnow.results_cache[self.query_id] = (
            table,
            table.num_rows,
            "SELECT 1",
            None,
            exp.Select(),
        )
        if describe:
            table = table.slice(0, 0)
        return Answer(self.query_id, table, results.rowtype_of(result), 0x6000)

    def _queried(self, sql: str, *, describe: bool) -> Answer:
        text = text_rewriting.rewrite_text(self, sql)
        expression = parsed(text)
        if text != sql and isinstance(expression, (exp.Query, exp.Create)):
            name_as_written(expression, sql)
        type_id = statement_type_id(expression)
        if describe and not isinstance(expression, exp.Describe):
            cursor = self.connection.cursor()
            if isinstance(expression, exp.Query):
                refusing.check(self, expression)
                described = cursor.columns_of(expression.copy())
            else:
                described = cursor._describe_only(text)  # noqa: SLF001
            rowtype = results.described(described)
            describing.refine(self, expression, rowtype)
            return Answer(self.query_id, None, rowtype, type_id)
        cursor = self._run(expression)
        if cursor._arrow_table.nbytes > RESULT_BYTES:  # noqa: SLF001
            raise errors.error(
                f"The result is larger than {RESULT_BYTES >> 20} MB: ask for fewer rows or "
                "columns, or write it to a table and read it in parts.",
                100357,
                "54000",
            )
        rowtype = results.described(cursor._describe_last_sql())  # noqa: SLF001
        describing.refine(self, expression, rowtype)
        self.engine.fakesnow.results_cache.pop(cursor.sfqid, None)
        self.engine.fakesnow.results_cache[self.query_id] = (
            cursor._arrow_table,  # noqa: SLF001
            cursor.rowcount,
            "SELECT 1",
            None,
            exp.Select(),
        )
        return Answer(self.query_id, cursor._arrow_table, rowtype, type_id)  # noqa: SLF001

    def run(self, sql: str) -> Any:
        """Run Snowflake SQL on DuckDB in the session's transaction.

        Returns:
            fakesnow's cursor with the rows (``_arrow_table``).

        Raises:
            ProgrammingError: the statement is refused or fails.
        """
        return self._run(parsed(text_rewriting.rewrite_text(self, sql)))

    def _run(self, expression: Any) -> Any:
        try:
            return self._run_locked(expression)
        except duckdb.Error as cause:
            raise errors.translated(cause) from cause
        except ProgrammingError as cause:
            # fakesnow has its own words for some of DuckDB's errors; Snowflake's count.
            if isinstance(cause.__cause__, duckdb.Error):
                raise errors.translated(cause.__cause__) from cause
            raise

    def _run_locked(self, expression: Any) -> Any:
        refusing.check(self, expression)
        target = rewriting.written_table(self, expression)
        dml = isinstance(expression, (exp.Insert, exp.Update, exp.Delete, exp.Merge))
        if target is not None:
            if dml and not self.autocommit and not self.in_transaction:
                self.begin()
            if not self._is_own(target, expression):
                self.lock_table(target, expression)
        self._look_again(expression)
        attempt = 0
        writes = len(self.duck.journal.entries)
        while True:
            try:
                return self._run_once(expression, target)
            except (duckdb.DataError, duckdb.InvalidInputException, ProgrammingError) as cause:
                attempt += 1
                if not wide_integers.too_long(cause) or attempt > 2 or self._depth:
                    raise
                if attempt == 1 and dml and target is not None and self.widen(target, writes):
                    continue
                return self._run_wide(expression, target, cause)
            except duckdb.TransactionException as cause:
                attempt += 1
                if self.in_transaction or attempt > _RETRIES or "onflict" not in str(cause):
                    raise
                time.sleep(0.01 * 2 ** min(attempt, 6))
            finally:
                if not self.in_transaction:
                    self.engine.free(self)

    def _run_wide(self, expression: Any, target: QualifiedName | None, cause: Exception) -> Any:
        """Run a statement again with integers of 38 digits; what fails then, failed before."""
        if self.explicit and self._started:
            # DuckDB has ended the transaction in which the statement failed.
            raise cause
        self.wide = True
        try:
            return self._run_once(expression, target)
        except (duckdb.Error, ProgrammingError):
            raise cause from cause.__cause__
        finally:
            self.wide = False

    def lock_table(self, target: QualifiedName, expression: Any = None) -> None:
        """Let no other session write the table, and see what was committed to it before.

        A transaction must not change a table on an older view of it than the last commit's.

        Args:
            target: the table.
            expression: what is done to it; rows may be added on an older view.

        Raises:
            SnowflakeError: 000625 where others changed it since this transaction's first write,
                and the transaction cannot be carried over to what they committed.
        """
        self.engine.lock(self, target)
        if not self._started or not self.engine.changed_since(target, self._moment):
            return
        if isinstance(expression, exp.Insert) and not expression.args.get("overwrite"):
            read = {one.name.upper() for one in expression.expression.find_all(exp.Table)}
            if target.name.upper() not in read:
                return
        why_not = self._renew()
        if why_not is None:
            return
        message = (
            f"Table '{target.name}' was changed by another transaction after this one first "
            f"wrote, and its writes cannot be carried over, since {why_not}: "
            "ROLLBACK and run the transaction again."
        )
        self.aborted = message
        raise errors.error(message, 625, "57014")

    def widen(self, target: QualifiedName, writes: int) -> bool:
        """Let a table's integers have 38 digits, as Snowflake's have: they begin with 64 bits.

        64 bits are read and added faster, and are hardly ever too few.

        Args:
            target: the table into which a number did not go.
            writes: how much of the open transaction was there before the statement.

        Returns:
            False where no column is narrow, or where the transaction cannot be carried over.
        """
        held = self.temporary.get(target)
        columns = self.duck_aside(
            "SELECT column_name FROM duckdb_columns() WHERE data_type = 'BIGINT' "
            "AND database_name = ? AND schema_name = ? AND table_name = ?",
            [target.database, target.schema, target.name],
        )
        if held is not None or not columns:
            return False
        if self.explicit and self._started:
            self.duck.journal.cut(writes)
            with self.duck.cursor() as aside:
                if self.duck.journal.why_not(aside, self.engine.changed(self._moment)):
                    return False
        for (column,) in columns:
            self.duck_aside(
                f"ALTER TABLE {target.sql} ALTER COLUMN {quoted(column)} TYPE DECIMAL(38, 0)"
            )
        return not (self.explicit and self._started) or self._renew() is None

    def duck_aside(self, sql: str, parameters: Any = None) -> list[Any]:
        """Run DuckDB SQL on another connection, outside of the session's transaction."""
        with self.duck.cursor() as aside:
            return aside.execute(sql, parameters).fetchall()

    def bind_first(self, transformed: Any) -> None:
        """Bind a statement aside: DuckDB ends a transaction at a wrong name, Snowflake does not.

        Not where the statement reads what only this connection sees.

        Raises:
            duckdb.Error: the statement cannot be bound.
        """
        if not (self.explicit and self._started) or self.temporary or self._registered:
            return
        if not isinstance(transformed, (exp.Query, exp.Insert, exp.Update, exp.Delete)):
            return
        sql = transformed.sql(dialect="duckdb")
        with self.duck.cursor() as aside:
            if self.database and self.schema:
                where = quoted(self.database) + "." + quoted(self.schema)
                aside.execute(f"SET schema = {literal(where)}")
            aside.execute(f"EXPLAIN {sql}")

    def _run_once(self, expression: Any, target: QualifiedName | None) -> Any:
        if target is None:
            return self._cursor_run(expression)
        own = self._is_own(target, expression)
        finer = self._finer_types(expression)
        made = isinstance(expression, exp.Create) and expression.kind == "TABLE"
        there = made and expression.args.get("exists") and self.relation_kind(target) is not None
        with self.transaction():
            cursor = self._cursor_run(expression)
            if there:
                rewriting.say(cursor, f"{target.name} already exists, statement succeeded.")
                return cursor
            for column in rewriting.required_columns(expression) if made else ():
                self.duck.execute(
                    f"ALTER TABLE {self.physical(target)} "
                    f"ALTER COLUMN {quoted(column)} SET NOT NULL"
                )
            if made:
                self.set_column_comments(target, rewriting.column_comments(expression))
            if own:
                self._follow_own(target, expression, finer)
                return cursor
            created = isinstance(expression, exp.Create)
            self.log_change(target, created=created)
            self._follow(target, expression, finer)
            return cursor

    def _finer_types(self, expression: Any) -> list[str | None]:
        """Of what is made by a query, what DuckDB's types of its columns do not say."""
        if not isinstance(expression, exp.Create) or expression.kind not in {"TABLE", "VIEW"}:
            return []
        query = expression.expression
        return finer_types(self, query) if isinstance(query, exp.Query) else []

    def _is_own(self, target: QualifiedName, expression: Any) -> bool:
        """Whether a statement writes a temporary table, which no other session sees."""
        if isinstance(expression, exp.Create) and expression.find(exp.TemporaryProperty):
            return True
        return target in self.temporary

    def _follow_own(
        self, target: QualifiedName, expression: Any, finer: Sequence[str | None]
    ) -> None:
        """What is kept of a temporary table goes with it."""
        from embedded_snowflake.objects import table_facts

        if isinstance(expression, (exp.Create, exp.Alter)) and target in self.temporary:
            table_facts.record_columns(self, target, expression, finer)
            stored = QualifiedName("temp", "main", self.temporary[target])
            self._limit_lengths(stored, expression)
        held = set(self.temporary.values())
        for gone in set(self.temporary_kinds) - held:
            del self.temporary_kinds[gone]

    def _follow(self, target: QualifiedName, expression: Any, finer: Sequence[str | None]) -> None:
        """What is kept of a table goes with it: keys, tags, and what was loaded."""
        from embedded_snowflake.objects import copying, table_facts

        if self._depth > 1 and not isinstance(expression, exp.Create):
            # An object's own statement: the object moves what it keeps itself.
            return
        if isinstance(expression, exp.Create) and expression.kind == "VIEW":
            table_facts.record_columns(self, target, expression, finer)
        elif isinstance(expression, exp.Create) and expression.kind == "TABLE":
            table_facts.record_keys(self, target, expression)
            table_facts.record_transient(self, target, expression)
            table_facts.record_columns(self, target, expression, finer)
            self._limit_lengths(target, expression)
        elif isinstance(expression, exp.TruncateTable):
            copying.forget_loads(self, target)
        elif isinstance(expression, exp.Drop) and expression.kind == "TABLE":
            table_facts.forget(self, target)
        elif isinstance(expression, exp.Alter):
            table_facts.record_columns(self, target, expression)
            self._limit_lengths(target, expression)
            for action in expression.args.get("actions") or []:
                if isinstance(action, exp.AlterRename):
                    table_facts.move(self, target, rewriting.name_of(self, action.this))

    def _limit_lengths(self, target: QualifiedName, expression: Any) -> None:
        from embedded_snowflake.objects import tables

        if lengths := rewriting.lengths_to_limit(expression):
            tables.limit_lengths(self, target, lengths)

    def _cursor_run(self, expression: Any) -> Any:
        cursor = self.connection.cursor()
        if isinstance(expression, exp.Merge):
            rewriting.merge(self, cursor, expression.copy())
            return cursor
        known = dict(self.temporary)
        try:
            cursor.run(expression.copy())
        except Exception:
            self.temporary = known
            raise
        if isinstance(expression, exp.Create):
            for name in known.keys() & self.temporary.keys():
                if known[name] != self.temporary[name]:
                    self.duck.execute(f"DROP TABLE temp.main.{quoted(known[name])}")
        rewriting.name_in_status(cursor, expression)
        return cursor

    def log_change(self, name: QualifiedName, *, created: bool) -> None:
        """Note that a table was changed, or made, in this transaction."""
        if name.database in self.engine.databases():
            self.duck.execute(
                f"INSERT INTO {quoted(name.database)}.{INTERNAL}.changes VALUES (?, ?, ?, ?)",
                [name.schema, name.name, created, datetime.datetime.now(datetime.UTC)],
            )

    def register(self, table: pa.Table) -> str:
        """Make an Arrow table readable by the current statement; returns its quoted name."""
        name = f"_es_{uuid.uuid4().hex}".upper()
        self.duck.register(name, table)
        self._registered.append(name)
        return quoted(name)

    def _forget_registered(self) -> None:
        for name in self._registered:
            with contextlib.suppress(duckdb.Error):
                self.duck.unregister(name)
        self._registered.clear()

    # ---- what objects ask for

    def relation_kind(self, name: QualifiedName) -> str | None:
        """TABLE, VIEW, DYNAMIC TABLE, or None where there is no such relation."""
        if name in self.temporary:
            return "TABLE"
        if self.catalog.get("dynamic_table", name) is not None:
            return "DYNAMIC TABLE"
        key = [name.database, name.schema, name.name]
        where = "database_name = ? AND schema_name = ? AND"
        if self.duck.execute(
            f"SELECT 1 FROM duckdb_tables() WHERE {where} table_name = ?", key
        ).fetchall():
            return "TABLE"
        if self.duck.execute(
            f"SELECT 1 FROM duckdb_views() WHERE {where} view_name = ? AND NOT internal", key
        ).fetchall():
            return "VIEW"
        return None

    def physical(self, name: QualifiedName) -> str:
        """How DuckDB knows a relation, temporary tables included."""
        held = self.temporary.get(name)
        return name.sql if held is None else QualifiedName("temp", "main", held).sql

    def set_column_comments(self, name: QualifiedName, comments: dict[str, str]) -> None:
        """Comment columns."""
        for column, text in comments.items():
            if text:
                self.duck.execute(
                    f"COMMENT ON COLUMN {self.physical(name)}.{quoted(column)} IS {literal(text)}"
                )

    def describe_relation(self, name: QualifiedName) -> Result:
        """DESC TABLE's rows."""
        return describing.describe_relation(self, name)

    def known_as(self, stored: QualifiedName) -> QualifiedName:
        """What the session calls one of DuckDB's tables: temporary ones have other names there."""
        return next((one for one, held in self.temporary.items() if held == stored.name), stored)

    def count_rows(self, stored: QualifiedName) -> int:
        """How many rows one of DuckDB's tables has."""
        rows = self.duck.execute(f"SELECT count(*) FROM {stored.sql}").fetchall()
        return int(rows[0][0])

    def stage_directory(self, reference: str) -> Path:
        """The directory (or file) of ``@stage/path``."""
        from embedded_snowflake.objects.stages import stage_directory

        return stage_directory(self, reference)

    def write_parquet(self, query: str, path: Path) -> None:
        """Write a query's rows to a Parquet file."""
        from pyarrow import parquet

        table = self.run(query)._arrow_table  # noqa: SLF001
        # In the old form, which clients read who do not ask for logical types.
        parquet.write_table(table, path, compression="snappy", use_deprecated_int96_timestamps=True)

    def presigned(self, path: Path, seconds: float) -> str:
        """An address from which the file can be read for some time."""
        from embedded_snowflake.presigning import sign

        return sign(self, path, seconds, "GET")

    def presigned_upload(self, path: Path, seconds: float) -> str:
        """An address to which the file can be written for some time."""
        from embedded_snowflake.presigning import sign

        return sign(self, path, seconds, "PUT")

    def download(self, paths: list[Path], local: str) -> Result:
        """GET's answer: where the client reads the files."""
        return Result(
            [],
            [],
            raw={
                "command": "DOWNLOAD",
                "src_locations": [path.name for path in paths],
                "localLocation": local.removeprefix("file://"),
                "parallel": 4,
                "autoCompress": False,
                "encryptionMaterial": [],
                "stageInfo": {
                    "locationType": "GCS",
                    "location": "x/",
                    "creds": {},
                    "presignedUrl": None,
                },
                "presignedUrls": [self.presigned(path, 3600) for path in paths],
            },
        )
