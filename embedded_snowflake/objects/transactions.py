"""BEGIN, COMMIT, ROLLBACK."""

from __future__ import annotations

from embedded_snowflake import errors
from embedded_snowflake.sessions.routing import handles
from embedded_snowflake.sessions.session import Session
from embedded_snowflake.sql.reading import Reader
from embedded_snowflake.sql.results import Result


@handles("BEGIN")
@handles("START", "TRANSACTION")
def begin(session: Session, reader: Reader) -> Result:
    """Open a transaction; a block of Snowflake Scripting, which begins so too, is refused."""
    if not reader.accept("TRANSACTION"):
        reader.accept("WORK")
    if reader.accept("NAME"):
        reader.identifier()
    if not reader.done():
        raise errors.unsupported(f"BEGIN {reader.word()}")
    session.begin()
    return Result.status()


def _end(reader: Reader) -> None:
    """WORK, and nothing else: no savepoint, and no transaction that follows."""
    reader.accept("WORK")
    reader.end()


@handles("COMMIT")
def commit(session: Session, reader: Reader) -> Result:
    """Commit; nothing to do where no transaction is open."""
    _end(reader)
    session.commit()
    return Result.status()


@handles("ROLLBACK")
def rollback(session: Session, reader: Reader) -> Result:
    """Undo; nothing to do where no transaction is open."""
    _end(reader)
    session.rollback()
    return Result.status()
