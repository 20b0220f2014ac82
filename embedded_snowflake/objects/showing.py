"""What a SHOW asks for (LIKE, IN, STARTS WITH, LIMIT), and its columns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from embedded_snowflake import errors
from embedded_snowflake.names import QualifiedName
from embedded_snowflake.sql.reading import Reader

if TYPE_CHECKING:
    from embedded_snowflake.sessions.session import Session
    from embedded_snowflake.storage.catalog import Entry


def like(pattern: str, text: str) -> bool:
    """Snowflake's LIKE of SHOW: case-blind, % and _ as wildcards, a backslash before a literal."""
    expression, place = "", 0
    while place < len(pattern):
        char = pattern[place]
        if char == "\\" and place + 1 < len(pattern):
            place += 1
            expression += re.escape(pattern[place])
        else:
            expression += {"%": ".*", "_": "."}.get(char, re.escape(char))
        place += 1
    return re.fullmatch(expression, text, re.IGNORECASE | re.DOTALL) is not None


@dataclass
class Scope:
    """What a SHOW asks for."""

    like: str | None = None
    database: str | None = None
    schema: str | None = None
    starts: str | None = None
    limit: int | None = None

    def entries(self, session: Session, kind: str) -> list[Entry]:
        """The catalog's entries of a kind that the scope covers."""
        found = [one for one in session.catalog.list(kind) if self.matches(one.name)]
        found.sort(key=lambda one: one.name.parts)
        return found[: self.limit]

    def matches_name(self, name: str) -> bool:
        """Whether LIKE and STARTS WITH let the name through."""
        if self.like is not None and not like(self.like, name):
            return False
        return self.starts is None or name.startswith(self.starts)

    def matches(self, name: QualifiedName) -> bool:
        """Whether the whole scope covers the object."""
        return (
            (self.database is None or name.database == self.database)
            and (self.schema is None or name.schema == self.schema)
            and self.matches_name(name.name)
        )


def _check_scope(session: Session, scope: Scope) -> None:
    if scope.database is None or scope.schema == "INFORMATION_SCHEMA":
        return
    if scope.database not in session.engine.databases() or (
        scope.schema is not None and not session.has_schema(scope.database, scope.schema)
    ):
        raise errors.unreachable()


def show_scope(reader: Reader) -> Scope:
    """Read ``[LIKE ..] [IN ..] [STARTS WITH ..] [LIMIT ..]``."""
    session = reader.session
    scope = Scope(database=session.database, schema=session.schema)
    if reader.accept("HISTORY"):
        raise errors.unsupported("SHOW .. HISTORY: what was dropped is not kept")
    if reader.accept("LIKE"):
        scope.like = reader.string()
    if reader.accept("IN"):
        if reader.accept("ACCOUNT"):
            scope.database = scope.schema = None
        else:
            whole = reader.accept("DATABASE")
            reader.accept("SCHEMA")
            named = not (reader.done() or reader.at("STARTS") or reader.at("LIMIT"))
            parts = reader.parts() if named else (None if whole else scope.schema,)
            scope.schema = None if whole else parts[-1]
            scope.database = parts[0] if named and (whole or len(parts) == 2) else session.database
        _check_scope(session, scope)
    read_bounds(reader, scope)
    return scope


def read_bounds(reader: Reader, scope: Scope) -> None:
    """Read ``[STARTS WITH ..] [LIMIT ..]``, with which a SHOW ends."""
    if reader.accept("STARTS", "WITH"):
        scope.starts = reader.string()
    if reader.accept("LIMIT"):
        scope.limit = reader.number()
        if reader.accept("FROM"):
            raise errors.unsupported("SHOW .. LIMIT .. FROM")
    reader.end()


def columns(text: str) -> dict[str, str]:
    """Columns and their types, from ``name rows:NUMBER ..``; one without a type holds texts."""
    named = (one.partition(":") for one in text.split())
    return {name: kind or "VARCHAR" for name, _, kind in named}
