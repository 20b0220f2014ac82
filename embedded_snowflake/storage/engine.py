"""DuckDB under the warehouse: one instance, one file a database, and what sessions share."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from pathlib import Path
from typing import Any, Protocol

import duckdb
from fakesnow import info_schema, macros
from fakesnow.instance import FakeSnow

from embedded_snowflake import errors
from embedded_snowflake.inference.pool import Inference
from embedded_snowflake.names import QualifiedName, literal, quoted
from embedded_snowflake.sql import canonical_json, patches
from embedded_snowflake.sql.functions import translating
from embedded_snowflake.sql.results import ResultCache
from embedded_snowflake.storage import catalog
from embedded_snowflake.storage.account import Account

LOCK_SECONDS = 60.0
"""How long a writer waits for another's table (Snowflake's LOCK_TIMEOUT is longer: 43,200 s)."""
STATEMENTS_KEPT = 10_000
"""How many statements QUERY_HISTORY knows."""
VANISHED_SECONDS = 3.0
"""How long a transaction outlives its client's last connection."""


class DamagedDatabase(Exception):  # noqa: N818  (what it is, in one word)
    """A database's file cannot be opened; the text says which and what to do."""


class Holder(Protocol):
    """Who locks tables: a session."""

    held: set[QualifiedName]
    closed: bool
    query_id: str

    def vanished(self, seconds: float) -> bool:
        """Whether its client has been gone this long."""
        ...

    def abandon(self) -> None:
        """Roll back and give back what it holds."""
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
        # It loses the type of SUM(DECIMAL) OVER (PARTITION BY ..) under NULLIF and a filter: an
        # INTERNAL error, after which DuckDB answers nothing more.
        self.duck.execute("SET GLOBAL disabled_optimizers = 'window_self_join'")
        canonical_json.install(self.duck)
        # A session without a database calls the same macros.
        self.duck.execute(catalog.creation_sql("memory") + translating.macros_sql("memory"))
        self.duck.execute(macros.creation_sql("memory"))
        self._confine()
        self.account = Account(root / "account.json")
        self.inference = Inference()
        self.inference.install(self.duck)
        self.presign = ""
        self.broken = False
        self._names: set[str] = set()
        self._lock = threading.RLock()
        self._tables: dict[QualifiedName, Holder] = {}
        self._clock = 0
        self._committed: dict[QualifiedName, int] = {}
        self._freed = threading.Condition()
        self._run: deque[dict[str, Any]] = deque(maxlen=STATEMENTS_KEPT)
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
        if any(isinstance(one, fatal) or "has been invalidated" in str(one) for one in causes):
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
        target = str(path).replace("'", "''")
        try:
            self.duck.execute(f"ATTACH '{target}' AS {quoted(name)}")
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
        """Make a database with its PUBLIC schema."""
        with self._lock:
            self._attach(name)
            self.duck.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(name)}.{quoted('PUBLIC')}")

    def drop_database(self, name: str) -> None:
        """Forget a database and delete its file."""
        with self._lock:
            self._names.discard(name)
            self.duck.execute("USE memory.main")
            self.duck.execute(f"DETACH {quoted(name)}")
            for suffix in (".db", ".db.wal"):
                (self.files / f"{name}{suffix}").unlink(missing_ok=True)

    def lock(self, session: Holder, table: QualifiedName) -> None:
        """Wait until no other session writes the table; held until the transaction ends.

        Raises:
            SnowflakeError: 000625 after LOCK_SECONDS.
        """
        deadline = time.monotonic() + LOCK_SECONDS
        with self._freed:
            while True:
                holder = self._tables.get(table)
                if holder is None or holder is session or holder.closed:
                    self._tables[table] = session
                    session.held.add(table)
                    return
                if holder.vanished(VANISHED_SECONDS):
                    self._freed.release()
                    try:
                        holder.abandon()
                    finally:
                        self._freed.acquire()
                    continue
                if time.monotonic() > deadline:
                    raise errors.error(
                        f"Statement '{session.query_id}' has locked table '{table.name}' in "
                        f"transaction of another session and this lock has not yet been released "
                        f"after {LOCK_SECONDS:.0f} s.",
                        625,
                        "57014",
                    )
                self._freed.wait(0.2)

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
