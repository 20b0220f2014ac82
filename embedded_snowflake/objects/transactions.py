"""BEGIN, COMMIT, ROLLBACK."""

from __future__ import annotations

from embedded_snowflake.sessions.routing import handles
from embedded_snowflake.sessions.session import Session
from embedded_snowflake.sql.reading import Reader
from embedded_snowflake.sql.results import Result


@handles("BEGIN")
@handles("START", "TRANSACTION")
def begin(session: Session, reader: Reader) -> Result:
    """Open a transaction."""
    if not (reader.accept("TRANSACTION") or reader.accept("WORK")):
        reader.accept("NAME")
    reader.rest()
    session.begin()
    return Result.status()


@handles("COMMIT")
def commit(session: Session, reader: Reader) -> Result:
    """Commit; nothing to do where no transaction is open."""
    reader.rest()
    session.commit()
    return Result.status()


@handles("ROLLBACK")
def rollback(session: Session, reader: Reader) -> Result:
    """Undo; nothing to do where no transaction is open."""
    reader.rest()
    session.rollback()
    return Result.status()
