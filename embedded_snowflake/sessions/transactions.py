"""A session's transaction: opened, committed, undone a statement at a time, carried over.

DuckDB reads as of a transaction's beginning and gives it up when a statement fails; Snowflake reads
as of each statement and undoes the one that failed. The difference is made up here, by locks of
tables (`storage/engine.py`) and by writing again what was written (`journal.py`).
"""

from __future__ import annotations

import contextlib
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb
from sqlglot import exp

from embedded_snowflake import errors
from embedded_snowflake.names import QualifiedName, quoted

if TYPE_CHECKING:
    from embedded_snowflake.sessions.journal import RecordingConnection
    from embedded_snowflake.storage.engine import Engine


logger = logging.getLogger("embedded_snowflake")


@dataclass(frozen=True)
class Mark:
    """How far a transaction was when a statement began."""

    started: bool
    writes: int
    commits: int
    rollbacks: int


def _call(calls: list[Callable[[], None]]) -> None:
    """Do what follows a commit or a rollback, which has happened: no failure may say otherwise."""
    for call in calls:
        try:
            call()
        except Exception:
            logger.exception("what follows the end of a transaction")


class Transactional(ABC):
    """What a session is made of beside its context: one transaction at most, and what it holds."""

    def __init__(self, engine: Engine, duck: RecordingConnection) -> None:
        self.engine = engine
        self.duck: Any = duck
        self.explicit = False
        self.aborted: str | None = None
        self.held: set[QualifiedName] = set()
        self.temporary: dict[QualifiedName, str] = {}
        self._depth = 0
        self._started = False
        self._begun = 0
        self._moment = 0
        self._on_commit: list[Callable[[], None]] = []
        self._on_rollback: list[Callable[[], None]] = []
        self.closed = False
        self.query_id = ""

    @abstractmethod
    def vanished(self, seconds: float) -> bool:
        """Whether the client's last connection has been gone this long."""

    @abstractmethod
    def abandon(self) -> bool:
        """The client is gone: roll back and give back its locks, unless a statement runs."""

    @property
    @abstractmethod
    def lock_seconds(self) -> float:
        """How long a statement waits for a table."""

    @abstractmethod
    def check_cancelled(self) -> None:
        """Raise where the statement that runs is to be given up."""

    def stored_as(self, name: QualifiedName) -> QualifiedName:
        """The name that DuckDB knows a relation by: a temporary one made anew has another there."""
        held = self.temporary.get(name)
        return name if held is None else QualifiedName("temp", "main", held)

    @property
    def within_handler(self) -> bool:
        """Whether an object's own statements run, which may write what users may not."""
        return self._depth > 0

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open, by BEGIN, autocommit off, or a handler."""
        return self.explicit or self._depth > 0

    @property
    def writing(self) -> bool:
        """Whether a transaction that a client opened has written."""
        return self.explicit and self._started

    def mark(self) -> Mark:
        """How far the transaction is now."""
        return Mark(
            self._started,
            len(self.duck.journal.entries),
            len(self._on_commit),
            len(self._on_rollback),
        )

    def begin(self) -> None:
        """Open a transaction; one that is open goes on, as Snowflake's does.

        DuckDB's own begins with the first write, once its table is locked: DuckDB reads as of
        the transaction's beginning, Snowflake as of the statement's, so that BEGIN, a SELECT and
        an UPDATE must not work on what was there before others let go of the table.
        """
        if not self.explicit:
            self._begun = time.time_ns()
        self.explicit = True

    @property
    def transaction_id(self) -> str | None:
        """The number of the open transaction."""
        return str(self._begun) if self.explicit else None

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
                self._commit_duck()
        except duckdb.Error as cause:
            with contextlib.suppress(duckdb.Error):
                self.duck.execute("ROLLBACK")
            self._ended(committed=False)
            raise errors.translated(cause) from cause
        self._ended(committed=True)

    def _commit_duck(self) -> None:
        try:
            self.duck.execute("COMMIT")
        except duckdb.Error as cause:
            self.engine.look_after(cause)
            # Only what DuckDB does after it has failed: who is told of an error writes again.
            if "COMMIT succeeded and is durable" not in str(cause):
                raise

    def rollback(self) -> None:
        """Undo everything since BEGIN."""
        if self.explicit:
            if self._started:
                self._roll_back_duck()
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
        _call(calls)

    def on_commit(self, call: Callable[[], None]) -> None:
        """Call this once what the statement did is durable.

        Raises:
            RuntimeError: no transaction is open, whose end would do so.
        """
        self._check_open()
        self._on_commit.append(call)

    def on_rollback(self, call: Callable[[], None]) -> None:
        """Call this when what the statement did is undone.

        Raises:
            RuntimeError: no transaction is open, whose end would do so.
        """
        self._check_open()
        self._on_rollback.append(call)

    def _check_open(self) -> None:
        if not self.in_transaction:
            message = "nothing follows the end of a transaction where none is open"
            raise RuntimeError(message)

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
            self._roll_back_duck()
            self._ended(committed=False)
            raise
        self._depth -= 1
        try:
            self._commit_duck()
        except duckdb.Error:
            self._roll_back_duck()
            self._ended(committed=False)
            raise
        self._ended(committed=True)

    def undo_statement(self, mark: Mark, reason: str) -> None:
        """Undo what a failed statement did, and that alone, as Snowflake does."""
        if not self.writing or self.aborted is not None:
            return
        journal = self.duck.journal
        if len(journal.entries) == mark.writes and self._alive():
            return
        undone = self._on_rollback[mark.rollbacks :]
        del self._on_rollback[mark.rollbacks :], self._on_commit[mark.commits :]
        _call(undone)
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
        # There may be none; after an error that DuckDB does not outlive, none can be rolled back.
        with contextlib.suppress(duckdb.Error):
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

    def renew_view(self) -> None:
        """Let a statement about objects see what was committed since the first write, if it can."""
        if self.writing and not self._depth and self.engine.now() > self._moment:
            self._renew()
            self.check_aborted()

    def check_aborted(self) -> None:
        """Raise where a failed statement has ended the transaction.

        Raises:
            SnowflakeError: 090232.
        """
        if self.aborted is not None:
            raise errors.error(
                f"The transaction failed earlier ({self.aborted}): ROLLBACK it.", 90232, "25000"
            )

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
        if self.writing:
            self.duck.journal.cut(writes)
            with self.duck.cursor() as aside:
                if self.duck.journal.why_not(aside, self.engine.changed(self._moment)):
                    return False
            # By the failure that brings us here it has ended.
            self._roll_back_duck()
            self.duck.recording = False
        stored = self.stored_as(target)
        columns = self.duck.execute(
            "SELECT column_name FROM duckdb_columns() WHERE data_type = 'BIGINT' "
            "AND database_name = ? AND schema_name = ? AND table_name = ?",
            [stored.database, stored.schema, stored.name],
        ).fetchall()
        for (column,) in columns:
            wide = f"ALTER TABLE {stored.sql} ALTER COLUMN {quoted(column)} TYPE DECIMAL(38, 0)"
            self.duck.execute(wide)
        if self.writing and self._renew() is not None:
            return False
        return bool(columns)
