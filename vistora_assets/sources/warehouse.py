"""The open connection, as this room uses it.

What it holds: the small part of a Snowflake connection that sources need (`Connection`), and
`Warehouse`, which runs statements with our objects' names filled in and values bound.

Add to it what several modules here ask of the connection. What must not go here: how a connection
is made (`vistora_assets.resources`), and statements.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, Protocol

from vistora_assets.sources.objects import Objects


class Cursor(Protocol):
    """What is used of a cursor of the Snowflake connector (PEP 249 with its extensions)."""

    @property
    def description(self) -> Any:
        """The columns of the last result, or None."""
        ...

    @property
    def rowcount(self) -> int | None:
        """Rows that the last statement gave or changed."""
        ...

    def execute(
        self,
        command: str,
        params: Any = None,
        *,
        file_stream: IO[bytes] | None = None,
    ) -> Any:
        """Run one statement."""
        ...

    def fetchall(self) -> Any:
        """The rows of the last result."""
        ...

    def close(self) -> Any:
        """Let the result go."""
        ...


class Connection(Protocol):
    """An open `snowflake.connector` connection, with pyformat parameters."""

    def cursor(self) -> Any:
        """A new cursor."""
        ...


def is_database_error(error: BaseException) -> bool:
    """Tell whether an exception is the driver's PEP 249 `DatabaseError` or one below it.

    By name, because this room does not import a driver.
    """
    return any(kind.__name__ == "DatabaseError" for kind in type(error).__mro__)


def error_text(error: BaseException, limit: int = 300) -> str:
    """Return what the warehouse said, on one line, without the driver's prefixes."""
    text = getattr(error, "raw_msg", None) or getattr(error, "msg", None) or str(error)
    line = " ".join(str(text).split())
    return line if len(line) <= limit else f"{line[:limit]}..."


@dataclass(frozen=True, slots=True)
class Result:
    """A statement's rows (tuples), the names of their columns, and the rows that it changed."""

    rows: list[tuple[Any, ...]]
    columns: list[str]
    changed: int

    def records(self) -> list[dict[str, Any]]:
        """The rows as mappings from column names, in lower case, to values."""
        names = [name.lower() for name in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]


@dataclass(frozen=True, slots=True)
class Warehouse:
    """Runs statements on an open connection, against one set of objects."""

    connection: Connection
    objects: Objects

    def run(
        self,
        statement: str,
        parameters: Sequence[object] | Mapping[str, object] | None = None,
        *,
        stream: IO[bytes] | None = None,
        **names: str,
    ) -> Result:
        """Run one statement and return its whole result.

        Args:
            statement: SQL with `{events}`-like places for our objects (`Objects.names`) and for
                `names`, and `%s` or `%(name)s` for each bound value.
            parameters: the values, bound by the driver; without any, `%` has no meaning.
            stream: the content, for a PUT.
            names: further parts of the statement: quoted identifiers or SQL made here.
        """
        cursor: Cursor = self.connection.cursor()
        try:
            values: object = parameters or None
            if values is not None and not isinstance(values, Mapping):
                values = tuple(parameters or ())
            ours = self.objects.names
            if values is not None:
                ours = {place: name.replace("%", "%%") for place, name in ours.items()}
            text = statement.format_map({**ours, **names})
            if stream is None:
                cursor.execute(text, values)
            else:
                cursor.execute(text, values, file_stream=stream)
            columns = [str(column[0]) for column in cursor.description or ()]
            rows = [tuple(row) for row in cursor.fetchall()] if columns else []
            return Result(rows, columns, cursor.rowcount or 0)
        finally:
            cursor.close()

    @contextmanager
    def transaction(self) -> Generator[None, None, None]:
        """One transaction: committed at the end of the block, rolled back by any exception."""
        self.run("BEGIN TRANSACTION")
        try:
            yield
        except BaseException:
            self._roll_back()
            raise
        self.run("COMMIT")

    def _roll_back(self) -> None:
        """Roll back without hiding what went wrong before: a dead connection cannot answer."""
        try:
            self.run("ROLLBACK")
        except Exception as error:
            if not is_database_error(error):
                raise
