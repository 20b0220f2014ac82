"""DuckDB under the warehouse: one instance, one file a database, and what sessions share."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections import deque
from collections.abc import Generator
from pathlib import Path
from typing import Any, Protocol, cast

import duckdb
from fakesnow import info_schema, macros
from fakesnow.instance import FakeSnow

from embedded_snowflake import errors
from embedded_snowflake.inference.pool import Inference
from embedded_snowflake.names import QualifiedName, literal, quoted
from embedded_snowflake.sql import canonical_json, patches
from embedded_snowflake.sql.functions import texts, translating
from embedded_snowflake.sql.results import ResultCache
from embedded_snowflake.storage import catalog
from embedded_snowflake.storage.account import Account

LOCK_SECONDS = 60.0
"""How long a writer waits for another's table (Snowflake's LOCK_TIMEOUT is longer: 43,200 s)."""
STATEMENTS_KEPT = 10_000
"""How many statements QUERY_HISTORY knows."""
VANISHED_SECONDS = 3.0
"""How long a transaction outlives its client's last connection."""


_PLAIN = re.compile(r"[^\W\d][\w$]*")
"""Names of databases: of a file, and of what fakesnow writes them into without quotes."""
_LOG_BEGINS = b"\x64\x00\x62"
_RESERVED = {"memory", "system", "temp"}


class DamagedDatabase(Exception):  # noqa: N818  (what it is, in one word)
    """A database's file cannot be opened; the text says which and what to do."""


def _check_log(path: Path) -> None:
    """A log is committed rows: DuckDB leaves it out without a word where it cannot tell what it is.

    Raises:
        DamagedDatabase: it begins as none does, or its database is missing.
    """
    with path.open("rb") as file:
        begins = file.read(len(_LOG_BEGINS))
    if not path.with_suffix("").is_file() or not _LOG_BEGINS.startswith(begins):
        message = (
            f"the database file {path.with_suffix('')} is missing, or its log {path} is damaged: "
            "put back a copy of both, or move both away to go on without this database"
        )
        raise DamagedDatabase(message)


class Holder(Protocol):
    """Who locks tables: a session."""

    held: set[QualifiedName]
    closed: bool
    query_id: str

    @property
    def lock_seconds(self) -> float:
        """How long it waits for a table."""
        ...

    def check_cancelled(self) -> None:
        """Raise where its statement is to be given up."""
        ...

    def vanished(self, seconds: float) -> bool:
        """Whether its client has been gone this long."""
        ...

    def abandon(self) -> bool:
        """Roll back and give back what it holds; False while a statement of it runs."""
        ...


class Engine:
    """What every session shares: DuckDB, the account, locks, earlier results, inference."""

    def __init__(self, root: Path) -> None:
        patches.apply()
        self.root = root
        self.files = root / "databases"
        for folder in (self.files, root / "stages", root / "models", root / "datasets"):
            folder.mkdir(parents=True, exist_ok=True)
        self.fakesnow = FakeSnow(
            create_database_on_connect=False, create_schema_on_connect=False, db_path=self.files
        )
        self.fakesnow.results_cache = ResultCache()
        self.duck = self.fakesnow.duck_conn
        self.duck.execute("SET GLOBAL preserve_insertion_order = true")
        self.duck.execute("SET GLOBAL order_by_non_integer_literal = true")
        # It loses the type of SUM(DECIMAL) OVER (PARTITION BY ..) under NULLIF and a filter: an
        # INTERNAL error, after which DuckDB answers nothing more.
        self.duck.execute("SET GLOBAL disabled_optimizers = 'window_self_join'")
        canonical_json.install(self.duck)
        texts.install(self.duck)
        # A session without a database calls the same macros.
        self.duck.execute(catalog.creation_sql("memory") + translating.macros_sql("memory"))
        self.duck.execute(macros.creation_sql("memory"))
        self._confine()
        self.account = Account(root / "account.json")
        self.inference = Inference()
        self.inference.install(self.duck)
        self.presign = ""
        self.broken = False
        self.drops = 0
        self._names: set[str] = set()
        self._lock = threading.RLock()
        self._tables: dict[QualifiedName, Holder] = {}
        self._awaited: dict[Holder, QualifiedName] = {}
        self._defined: set[tuple[str | None, ...]] = set()
        self._clock = 0
        self._committed: dict[QualifiedName, int] = {}
        self._freed = threading.Condition()
        self._run: deque[dict[str, Any]] = deque(maxlen=STATEMENTS_KEPT)
        for path in sorted(self.files.glob("*.db.wal")):
            _check_log(path)
        for path in sorted(self.files.glob("*.db")):
            self._attach(path.stem)

    def _confine(self) -> None:
        """No statement reads or writes a file outside of the warehouse's own folders."""
        folders = ", ".join(
            literal(str(self.root / one)) for one in ("databases", "stages", "models", "datasets")
        )
        self.duck.execute(f"SET GLOBAL allowed_directories = [{folders}]")
        self.duck.execute("SET GLOBAL enable_external_access = false")
        self.duck.execute("SET GLOBAL python_enable_replacements = false")

    def look_after(self, cause: BaseException) -> None:
        """See whether an error left a database or DuckDB that answers nothing more."""
        fatal = (duckdb.FatalException, duckdb.InternalException)
        causes = (cause, cause.__cause__)
        if any("has been invalidated" in str(one) for one in causes):
            self.broken = True
        elif any(isinstance(one, fatal) for one in causes):
            try:
                self.duck.cursor().execute("SELECT 1")
            except duckdb.Error:
                self.broken = True

    def note_statement(self, row: dict[str, Any]) -> None:
        """Remember what was run, for QUERY_HISTORY."""
        self._run.append(row)

    def statements_run(self) -> list[dict[str, Any]]:
        """What was run, oldest first."""
        return list(self._run)

    def now(self) -> int:
        """The number of the last commit; a transaction remembers it as it begins."""
        with self._freed:
            return self._clock

    def changed_since(self, table: QualifiedName, moment: int) -> bool:
        """Whether a commit after that moment wrote the table."""
        with self._freed:
            return self._committed.get(table, 0) > moment

    def changed(self, moment: int) -> set[QualifiedName]:
        """The tables that commits after that moment wrote."""
        with self._freed:
            return {table for table, written in self._committed.items() if written > moment}

    def note_commit(self, session: Holder) -> None:
        """Remember, before its locks are given back, that a session's tables changed."""
        with self._freed:
            self._clock += 1
            for table in session.held:
                self._committed[table] = self._clock

    def databases(self) -> list[str]:
        """Names of the databases that are there."""
        return sorted(self._names)

    def _attach(self, name: str) -> None:
        path = self.files / f"{name}.db"
        try:
            self.duck.execute(f"ATTACH {literal(str(path))} AS {quoted(name)}")
        except duckdb.Error as cause:
            reason = str(cause).split("\n", maxsplit=1)[0]
            message = (
                f"the database file {path} cannot be read ({reason}): put back a copy of it, "
                "or move it away to go on without this database"
            )
            raise DamagedDatabase(message) from cause
        self.duck.execute(catalog.creation_sql(name))
        self.duck.execute(
            info_schema.per_db_creation_sql(quoted(name)).replace(f"'{quoted(name)}'", f"'{name}'")
        )
        made = translating.macros_sql(name) + macros.creation_sql(quoted(name))
        for statement in self.duck.extract_statements(made):
            # What a column's DEFAULT calls stays as that table was made with it.
            with contextlib.suppress(duckdb.DependencyException):
                self.duck.execute(statement)
        canonical_json.upgrade(self.duck, name)
        self._names.add(name)

    def create_database(self, name: str) -> None:
        """Make a database with its PUBLIC schema; where that fails, nothing is left of it.

        Raises:
            SnowflakeError: 000002 for a name that is no file's or DuckDB's own; 000603 where its
                file cannot be written.
        """
        words = "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category = 'reserved'"
        with self.duck.cursor() as aside:
            taken = _RESERVED | {str(word) for (word,) in aside.execute(words).fetchall()}
        if not _PLAIN.fullmatch(name) or name.lower() in taken or len(name.encode()) > 200:
            raise errors.unsupported(f"a database named {quoted(name)}: choose another name")
        with self._lock:
            if any(one.lower() == name.lower() for one in self._names):
                raise errors.exists(name)
            try:
                self._attach(name)
                self.duck.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(name)}.{quoted('PUBLIC')}")
            except (duckdb.Error, DamagedDatabase) as cause:
                self.drop_database(name)
                found = cause.__cause__ if isinstance(cause, DamagedDatabase) else cause
                raise errors.translated(cast("duckdb.Error", found)) from cause

    def drop_database(self, name: str) -> None:
        """Forget a database and delete its file."""
        with self._lock:
            self.duck.execute("USE memory.main")
            there = name in self._names
            self._names.discard(name)
            try:
                self.duck.execute(f"DETACH DATABASE IF EXISTS {quoted(name)}")
            except duckdb.Error:
                if there:
                    self._names.add(name)
                raise
            self.note_drop()
            # The log goes first: without its file it would be taken for a database that was lost.
            for suffix in (".db.wal", ".db"):
                (self.files / f"{name}{suffix}").unlink(missing_ok=True)

    def note_drop(self) -> None:
        """Let sessions see whether what is gone was their current schema or database."""
        with self._freed:
            self.drops += 1
            self._clock += 1

    def lock(self, session: Holder, table: QualifiedName) -> None:
        """Wait until no other session writes the table; held until the transaction ends.

        Raises:
            SnowflakeError: 000625 after the session's LOCK_TIMEOUT, or at once where the other
                one waits for this one; 000604 where the statement is cancelled.
        """
        deadline = time.monotonic() + session.lock_seconds
        with self._freed:
            try:
                while not self._take(session, table):
                    session.check_cancelled()
                    self._awaited[session] = table
                    if self._is_deadlock(session):
                        raise errors.error(
                            f"Statement '{session.query_id}' was aborted: it waits for table "
                            f"'{table.name}', whose transaction waits for this one (a deadlock). "
                            "COMMIT or ROLLBACK, then run it again.",
                            625,
                            "57014",
                        )
                    if time.monotonic() > deadline:
                        raise errors.error(
                            f"Statement '{session.query_id}' waits for table '{table.name}', which "
                            "a transaction of another session has locked and not released after "
                            f"{session.lock_seconds:.0f} s: run it again when that one has ended.",
                            625,
                            "57014",
                        )
                    self._freed.wait(0.2)
            finally:
                self._awaited.pop(session, None)

    def _take(self, session: Holder, table: QualifiedName) -> bool:
        """Lock the table where nobody holds it, or a client that is gone."""
        holder = self._tables.get(table)
        if holder is not None and holder is not session and holder.vanished(VANISHED_SECONDS):
            self._freed.release()
            try:
                holder.abandon()
            finally:
                self._freed.acquire()
            holder = self._tables.get(table)
        if holder is None or holder is session or holder.closed:
            self._tables[table] = session
            session.held.add(table)
            return True
        return False

    def _is_deadlock(self, session: Holder) -> bool:
        """Whether who holds what it waits for waits, over however many, for the session."""
        one, seen = session, set[Holder]()
        while one in self._awaited and one not in seen:
            seen.add(one)
            one = self._tables.get(self._awaited[one], one)
        return one is session and len(seen) > 1

    def lock_all(self, session: Holder, database: str, schema: str | None = None) -> None:
        """Wait until no other session writes a table of the database, or of the schema."""
        while True:
            with self._freed:
                others = [
                    table
                    for table, holder in self._tables.items()
                    if table.database == database
                    and schema in (None, table.schema)
                    and holder is not session
                    and not holder.closed
                ]
            if not others:
                return
            self.lock(session, others[0])

    @contextlib.contextmanager
    def defining(
        self, session: Holder, name: tuple[str | None, ...]
    ) -> Generator[None, None, None]:
        """Let one statement at a time define an object of this name.

        What it finds in the catalog is then still so when it writes there.

        Raises:
            SnowflakeError: 000604, 000630 where the statement is given up while it waits.
        """
        with self._freed:
            while name in self._defined:
                session.check_cancelled()
                self._freed.wait(0.2)
            self._defined.add(name)
        try:
            yield
        finally:
            with self._freed:
                self._defined.discard(name)
                self._freed.notify_all()

    def free(self, session: Holder) -> None:
        """Give back every table that a session holds."""
        with self._freed:
            for table in session.held:
                if self._tables.get(table) is session:
                    del self._tables[table]
            session.held.clear()
            self._freed.notify_all()

    def close(self) -> None:
        """Write everything out and stop the inference processes."""
        self.inference.close()
        for name in self.databases():
            try:
                self.duck.execute(f"CHECKPOINT {quoted(name)}")
            except duckdb.Error:
                # A transaction still open keeps the log; it is read at the next start.
                continue
        self.duck.close()
