"""A session: what a client that logged in sees, and how its statements are carried out.

Add what concerns every statement (context, transaction, rewriting, running). What one kind of
object does stands in `objects/`.
"""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import duckdb
import pyarrow as pa
from fakesnow.rowtype import ColumnInfo
from fakesnow.statement_type import statement_type_id
from snowflake.connector.errors import ProgrammingError
from sqlglot import exp

from embedded_snowflake import errors
from embedded_snowflake.names import INTERNAL, QualifiedName, literal, quoted
from embedded_snowflake.sessions import history, routing, text_rewriting
from embedded_snowflake.sessions.journal import RecordingConnection
from embedded_snowflake.sessions.prepared import Prepared, PreparedQueries
from embedded_snowflake.sessions.transactions import Transactional
from embedded_snowflake.sql import (
    definitions,
    describing,
    pivots,
    reading,
    refusing,
    results,
    table_names,
    temporary_tables,
    time_formats,
)
from embedded_snowflake.sql.conversions import wide_integers
from embedded_snowflake.sql.conversions.inferred_types import finer_types
from embedded_snowflake.sql.cursor import Connection
from embedded_snowflake.sql.parsing import name_as_written, parsed
from embedded_snowflake.sql.results import Result
from embedded_snowflake.storage.catalog import Catalog
from embedded_snowflake.storage.engine import LOCK_SECONDS, Engine

_RETRIES = 12
_WITHOUT_COLUMNS = {"ALTER", "USE", "PUT", "GET", "BEGIN", "COMMIT", "TRUNCATE"}
RESULT_BYTES = 1 << 30
"""How many bytes of rows a statement may answer: they pass through memory as one."""


routing.rewrites(time_formats.rewritten)


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
class Variable:
    """A variable: the literal that stands for it, and what SHOW VARIABLES shows."""

    written: str
    shown: str | None
    kind: str
    created_on: datetime.datetime
    updated_on: datetime.datetime


class Session(Transactional):
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
        super().__init__(
            engine,
            RecordingConnection(engine.duck.cursor(), lambda: (self.database, self.schema)),
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
        self.variables: dict[str, Variable] = {}
        self.catalog = Catalog(self)
        self.root: Path = engine.root
        self.inference = engine.inference
        self.base_url = ""
        self.query_ids: deque[str] = deque(maxlen=999)
        self.first_query_ids: list[str] = []
        self.bound = False
        self.autocommit = str(parameters.get("AUTOCOMMIT", True)).lower() != "false"
        self.wide = False
        self.most_bytes: int | None = None
        self.temporary_kinds: dict[str, dict[str, str]] = {}
        self.peers: set[tuple[str, int]] = set()
        self.seen = time.monotonic()
        self.lock = threading.RLock()
        self._registered: list[str] = []
        self._prepared = PreparedQueries()
        self._cancelled: str | None = None
        self._gone_since: float | None = None
        self._seen_drops = engine.drops
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
            self.leave_schema()

    def use_schema(self, database: str, schema: str) -> None:
        """Make a schema current.

        Raises:
            SnowflakeError: 002043 where it is not there, 000002 of the information schema.
        """
        if schema.upper() == "INFORMATION_SCHEMA":
            raise errors.unsupported("USE of INFORMATION_SCHEMA: write it before a view's name")
        if not self.has_schema(database, schema):
            raise errors.unreachable()
        self.connection.database, self.connection.database_set = database, True
        self.connection.set_schema(schema)
        self.duck.execute(f"SET schema = {literal(quoted(database) + '.' + quoted(schema))}")

    def leave_schema(self) -> None:
        """No schema is current any more; the database stays."""
        self.connection.set_schema(None)
        self.duck.execute(f"SET schema = {literal(quoted(str(self.database)) + '.main')}")

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

    def check_home(self, name: tuple[str | None, ...]) -> None:
        """What is made in a schema is made in one that is there.

        Raises:
            SnowflakeError: 002003, of the database or the schema.
        """
        if len(name) != 3 or None in name:
            return
        database, schema = cast("tuple[str, str]", name[:2])
        if database not in self.engine.databases():
            raise errors.missing("Database", database)
        if not self.has_schema(database, schema):
            raise errors.missing("Schema", f"{database}.{schema}")

    def _leave_what_is_gone(self) -> None:
        """No database or schema is current that another session has dropped."""
        if self.database is not None and self.database not in self.engine.databases():
            self.forget_schema()
        if self._seen_drops == self.engine.drops:
            return
        drops = self.engine.drops
        if self.schema is not None and not self.has_schema(str(self.database), self.schema):
            self.leave_schema()
        if not self.writing:
            # A transaction may still see the schema; it is looked for again.
            self._seen_drops = drops

    def qualified(self, parts: tuple[str, ...]) -> QualifiedName:
        """A name completed by the current database and schema.

        Raises:
            SnowflakeError: 090105, 090106 where a part is missing and none is current.
        """
        current = (self.database, self.schema)
        missing = current[: 3 - len(parts)]
        if len(parts) > 3 or None in missing:
            kind, number = ("database", 90105) if self.database is None else ("schema", 90106)
            raise errors.error(
                f"Cannot perform operation. This session does not have a current {kind}. "
                f"Call 'USE {kind.upper()}', or use a qualified name.",
                number,
                "22000",
            )
        return QualifiedName(*cast("tuple[str, str, str]", (*missing, *parts)))

    # ---- life

    @property
    def away(self) -> bool:
        """Whether the client is on another machine."""
        return any(not ipaddress.ip_address(host).is_loopback for host, _ in self.peers)

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

    def abandon(self) -> bool:
        """The client is gone: roll back and give back its locks, unless a statement runs.

        The session that asks must not wait for that statement, which may itself wait for a table
        that the session holds.
        """
        if not self.lock.acquire(blocking=False):
            return False
        try:
            self.rollback()
            self.engine.free(self)
        finally:
            self.lock.release()
        return True

    @property
    def lock_seconds(self) -> float:
        """How long a statement waits for a table."""
        return float(self.parameters.get("LOCK_TIMEOUT", LOCK_SECONDS))

    def cancel(self, reason: str = "SQL execution canceled") -> None:
        """Give up the statement that runs, also where it waits for a table."""
        self._cancelled = reason
        self.duck.interrupt()

    def check_cancelled(self) -> None:
        """Raise where the statement that runs is to be given up.

        Raises:
            SnowflakeError: 000604, or 000630 where it ran too long.
        """
        if self._cancelled is not None:
            number = 630 if "timeout" in self._cancelled else 604
            raise errors.error(self._cancelled, number, "57014")

    @contextlib.contextmanager
    def _in_time(self) -> Generator[None, None, None]:
        """Cancel what runs longer than STATEMENT_TIMEOUT_IN_SECONDS, where that was set."""
        self._cancelled = None
        seconds = int(self.parameters.get("STATEMENT_TIMEOUT_IN_SECONDS", 0))
        if not seconds:
            yield
            return
        text = f"Statement reached its statement or warehouse timeout of {seconds} second(s) and was canceled."
        timer = threading.Timer(seconds, self.cancel, [text])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def close(self) -> None:
        """End the session: roll back, drop what was its own."""
        with self.lock:
            if self.closed:
                return
            self.rollback()
            self.closed = True
            for end in routing.ENDINGS:
                end(self)
            self.engine.free(self)
            self.duck.close()

    # ---- running

    def execute(self, sql: str, *, describe: bool = False) -> Answer:
        """Carry out one statement.

        Raises:
            ProgrammingError: with Snowflake's number and words.
        """
        with self.lock:
            self.query_id = str(uuid.uuid4())
            mark = self.mark()
            began = datetime.datetime.now(datetime.UTC)
            try:
                with self._in_time():
                    answer = self._execute(sql, describe=describe)
            except Exception as cause:
                self.engine.look_after(cause)
                self.undo_statement(mark, str(cause))
                failure = self._said(cause) if isinstance(cause, duckdb.Error) else cause
                if not describe:
                    self.engine.note_statement(history.row_of(self, sql, began, None, failure))
                if failure is cause:
                    raise
                raise failure from cause
            finally:
                self._forget_registered()
                reading.forget_text()
                if not self.in_transaction:
                    self.engine.free(self)
                self.seen = time.monotonic()
            if not describe:
                self.engine.note_statement(history.row_of(self, sql, began, answer, None))
            if not describe and answer.raw is None:
                self.query_ids.append(answer.query_id)
                if len(self.first_query_ids) < 999:
                    self.first_query_ids.append(answer.query_id)
            return answer

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
        read = table_names.tables_of(self, source)
        if read & changed or any(self.relation_kind(one) == "VIEW" for one in read):
            self._renew()
            self.check_aborted()

    def _execute(self, sql: str, *, describe: bool) -> Answer:
        if not describe and not self.explicit:
            prepared = self._prepared.get(sql, self.engine.now())
            answer = None if prepared is None else self._asked_again(prepared)
            if answer is not None:
                return answer
        written = reading.quote_addresses(sql)
        sql = text_rewriting.with_variables(self, written)
        tokens = reading.tokens_of(sql)
        first = tokens[0].text.upper() if tokens else ""
        second = tokens[1].text.upper() if len(tokens) > 1 else ""
        if not tokens:
            raise errors.error("Empty SQL statement.", 900, "42601")
        reading.refuse_several(tokens)
        if first not in {"SELECT", "WITH"}:
            self._prepared.clear()
        self._leave_what_is_gone()
        ddl = first in routing.DEFINING and second != "SESSION"
        if first not in {"ROLLBACK", "COMMIT"}:
            self.check_aborted()
        if ddl and self.explicit and not describe:
            self.commit()
        if describe and (ddl or first in _WITHOUT_COLUMNS):
            return self._answered(Result.status(), describe=True)
        result = self._again(lambda: routing.route(sql, self))
        if result is not None:
            return self._answered(result, describe=describe)
        return self._queried(sql, written, describe=describe)

    def _said(self, cause: duckdb.Error) -> errors.SnowflakeError:
        """The error of a statement that DuckDB gave up."""
        try:
            self.check_cancelled()
        except errors.SnowflakeError as cancelled:
            return cancelled
        return errors.translated(cause)

    def _again(self, run: Callable[[], Result | None]) -> Result | None:
        """Run a definition again where another session's was in its way; it left nothing."""
        for attempt in range(_RETRIES):
            try:
                return run()
            except (duckdb.TransactionException, ProgrammingError) as cause:
                found = cause.__cause__ if isinstance(cause, ProgrammingError) else cause
                if self.in_transaction or not errors.is_conflict(found):
                    raise
            time.sleep(0.01 * 2 ** min(attempt, 6))
        return run()

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

    def _queried(self, sql: str, written: str, *, describe: bool) -> Answer:
        text = text_rewriting.rewrite_text(self, sql)
        expression = parsed(text)
        if text != written and isinstance(expression, (exp.Query, exp.Create)):
            name_as_written(expression, written)
        asked = pivots.spell_out(self, expression)
        type_id, moment = statement_type_id(expression), self.engine.now()
        if describe and not isinstance(expression, exp.Describe):
            if isinstance(expression, exp.Query):
                rowtype = self._columns_of(expression)
            else:
                told = self.connection.cursor()._describe_only(text)  # noqa: SLF001
                rowtype = results.described(told)
            return Answer(self.query_id, None, rowtype, type_id)
        with self.bounded():
            cursor = self._run(expression)
        rowtype = results.described(cursor._describe_last_sql())  # noqa: SLF001
        describing.refine(self, expression, rowtype)
        translated = cursor.translated
        if translated and text == sql == written and not asked and self._is_repeatable(expression):
            self._prepared.keep(sql, Prepared(translated, rowtype, type_id, moment))
        return self._kept(cursor, rowtype, type_id)

    def _is_repeatable(self, query: Any) -> bool:
        """Whether its translation says the same when it is asked again in this context."""
        if self.explicit or self._registered or not isinstance(query, exp.Query):
            return False
        # The one function whose answer stands in the translation and is another each time.
        return not any(one.name.upper() == "LAST_QUERY_ID" for one in query.find_all(exp.Anonymous))

    def _asked_again(self, prepared: Prepared) -> Answer | None:
        """The answer of a query that is translated; None where it fails: the whole way says why."""
        cursor = self.connection.cursor()
        try:
            with self.bounded():
                cursor.ask(prepared.sql)
        except duckdb.Error:
            self.check_cancelled()
            return None
        return self._kept(cursor, prepared.rowtype, prepared.type_id)

    def _kept(self, cursor: Any, rowtype: list[ColumnInfo], type_id: int) -> Answer:
        """The answer of a cursor, whose rows RESULT_SCAN can read."""
        self.engine.fakesnow.results_cache.pop(cursor.sfqid, None)
        self.engine.fakesnow.results_cache[self.query_id] = (
            cursor._arrow_table,  # noqa: SLF001
            cursor.rowcount,
            "SELECT 1",
            None,
            exp.Select(),
        )
        return Answer(self.query_id, cursor._arrow_table, rowtype, type_id)  # noqa: SLF001

    @contextlib.contextmanager
    def bounded(self) -> Generator[None, None, None]:
        """Let a query answer no more rows than may pass through memory."""
        self.most_bytes = RESULT_BYTES
        try:
            yield
        finally:
            self.most_bytes = None

    def columns_of(self, query: str) -> list[ColumnInfo]:
        """The columns of a query, which is not run, as clients see them.

        Raises:
            ProgrammingError: it is no query, is refused or cannot be bound.
        """
        expression = parsed(text_rewriting.rewrite_text(self, query))
        if not isinstance(expression, exp.Query):
            raise errors.uncompiled(f"'{query[:40]}' is no query.")
        return self._columns_of(expression)

    def _columns_of(self, query: Any) -> list[ColumnInfo]:
        refusing.check(self, query)
        rowtype = results.described(self.connection.cursor().columns_of(query.copy()))
        describing.refine(self, query, rowtype)
        return rowtype

    def run(self, sql: str) -> Any:
        """Run Snowflake SQL on DuckDB in the session's transaction.

        Returns:
            fakesnow's cursor with the rows (``_arrow_table``).

        Raises:
            ProgrammingError: the statement is refused or fails.
        """
        return self._run(parsed(text_rewriting.rewrite_text(self, sql)))

    def run_tree(self, expression: Any) -> Any:
        """As `run`, of a statement that is parsed."""
        return self._run(expression)

    def _run(self, expression: Any) -> Any:
        try:
            return self._run_locked(expression)
        except duckdb.Error as cause:
            raise self._said(cause) from cause
        except ProgrammingError as cause:
            # fakesnow has its own words for some of DuckDB's errors; Snowflake's count.
            if isinstance(cause.__cause__, duckdb.Error):
                raise self._said(cause.__cause__) from cause.__cause__
            raise

    def _run_locked(self, expression: Any) -> Any:
        refusing.check(self, expression)
        target = table_names.written_table(self, expression)
        if target is not None and isinstance(expression, exp.Create):
            self.check_home((target.database, target.schema, target.name))
        dml = isinstance(expression, table_names.DML)
        if target is not None and dml and not self.autocommit and not self.in_transaction:
            self.begin()
        attempt = 0
        writes = len(self.duck.journal.entries)
        try:
            while True:
                # Each time: a failure that ends the transaction gives its locks back.
                self._hold(target, expression)
                self._look_again(expression)
                try:
                    return self._run_once(expression, target)
                except (duckdb.DataError, duckdb.InvalidInputException, ProgrammingError) as cause:
                    attempt += 1
                    if not wide_integers.too_long(cause) or attempt > 2 or self._depth:
                        raise
                    self._hold(target, expression)
                    if attempt == 1 and dml and target is not None and self.widen(target, writes):
                        continue
                    return self._run_wide(expression, target, cause)
                except duckdb.TransactionException as cause:
                    attempt += 1
                    if self.in_transaction or attempt > _RETRIES or not errors.is_conflict(cause):
                        raise
                    time.sleep(0.01 * 2 ** min(attempt, 6))
        finally:
            if not self.in_transaction:
                self.engine.free(self)

    def _hold(self, target: QualifiedName | None, expression: Any) -> None:
        """Lock the table that a statement writes, where other sessions see it."""
        if target is not None and not self._is_own(target, expression):
            self.lock_table(target, expression)
            if isinstance(expression, exp.Alter):
                for renamed in expression.find_all(exp.AlterRename):
                    # Who looks for what has changed since, looks for the new name.
                    self.lock_table(table_names.name_of(self, renamed.this))

    def _run_wide(self, expression: Any, target: QualifiedName | None, cause: Exception) -> Any:
        """Run a statement again with integers of 38 digits; what fails then, failed before."""
        if self.writing:
            # DuckDB has ended the transaction in which the statement failed.
            raise cause
        self.wide = True
        try:
            return self._run_once(expression, target)
        except (duckdb.Error, ProgrammingError):
            raise cause from cause.__cause__
        finally:
            self.wide = False

    def bind_first(self, transformed: Any) -> None:
        """Bind a statement aside: DuckDB ends a transaction at a wrong name, Snowflake does not.

        Not where the statement reads what only this connection sees.

        Raises:
            duckdb.Error: the statement cannot be bound.
        """
        if not (self.writing) or self.temporary or self._registered:
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
        if isinstance(expression, exp.Alter):
            definitions.leave_columns(self, expression, target)
        own = self._is_own(target, expression)
        finer = self._finer_types(expression)
        made = isinstance(expression, exp.Create) and expression.kind == "TABLE"
        there = made and expression.args.get("exists") and self.relation_kind(target) is not None
        with self.transaction():
            cursor = self._cursor_run(expression)
            if there:
                cursor.say(f"{target.name} already exists, statement succeeded.")
                return cursor
            for column in definitions.required_columns(expression) if made else ():
                self.duck.execute(
                    f"ALTER TABLE {self.physical(target)} "
                    f"ALTER COLUMN {quoted(column)} SET NOT NULL"
                )
            if made or isinstance(expression, exp.Alter):
                self.set_column_comments(target, definitions.column_comments(expression))
            if not own:
                self.log_change(target, created=isinstance(expression, exp.Create))
            if own or self._depth == 1 or isinstance(expression, exp.Create):
                # Of its own statements an object moves what it keeps itself.
                written = routing.Written(target, expression, finer, own)
                for follow in routing.FOLLOWERS:
                    follow(self, written)
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

    def _cursor_run(self, expression: Any) -> Any:
        cursor = self.connection.cursor()
        if isinstance(expression, exp.Merge):
            cursor.merge(expression.copy())
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
        cursor.name_in_status(expression)
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
        if (held := self.temporary.get(name)) is not None:
            return temporary_tables.temporary_kind(held)
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
        """The SQL of `stored_as`."""
        return self.stored_as(name).sql

    def set_column_comments(self, name: QualifiedName, comments: dict[str, str]) -> None:
        """Comment columns."""
        for column, text in comments.items():
            if text:
                self.duck.execute(
                    f"COMMENT ON COLUMN {self.physical(name)}.{quoted(column)} IS {literal(text)}"
                )

    def known_as(self, stored: QualifiedName) -> QualifiedName:
        """What the session calls one of DuckDB's tables: temporary ones have other names there."""
        return next((one for one, held in self.temporary.items() if held == stored.name), stored)

    def count_rows(self, stored: QualifiedName) -> int:
        """How many rows one of DuckDB's tables has."""
        rows = self.duck.execute(f"SELECT count(*) FROM {stored.sql}").fetchall()
        return int(rows[0][0])
