"""What is the same for every kind of object that the catalog keeps: its CREATE, DROP and SHOW.

What it holds: what IF [NOT] EXISTS is answered with, DROP, the rows of SHOW, and temporary objects,
which are their session's own. What a kind does when it is made or goes stands in its module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from embedded_snowflake import errors
from embedded_snowflake.names import QualifiedName
from embedded_snowflake.objects.showing import columns, show_scope
from embedded_snowflake.sql.results import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from embedded_snowflake.sessions.session import Session
    from embedded_snowflake.sql.reading import Reader
    from embedded_snowflake.storage.catalog import Entry

_TEMPORARY: WeakKeyDictionary[Session, dict[str, dict[QualifiedName, dict[str, Any]]]] = (
    WeakKeyDictionary()
)


def temporary(session: Session, kind: str) -> dict[QualifiedName, dict[str, Any]]:
    """The session's own objects of a kind: what is kept of each, by name."""
    return _TEMPORARY.setdefault(session, {}).setdefault(kind, {})


def kept(session: Session, kind: str, name: QualifiedName) -> dict[str, Any] | None:
    """What is kept of an object, or None; the session's own hides another of that name."""
    own = temporary(session, kind).get(name)
    if own is not None:
        return own
    entry = session.catalog.get(kind, name)
    return None if entry is None else entry.props


def taken(reader: Reader, name: QualifiedName | str, there: object) -> Result | None:
    """What CREATE is answered with where its object is there; None where it is to be made.

    Raises:
        SnowflakeError: 002002 where it is there, and neither IF NOT EXISTS nor OR REPLACE is said.
    """
    if there is None or reader.or_replace:
        return None
    if not reader.if_not_exists:
        raise errors.exists(name)
    last = name if isinstance(name, str) else name.name
    return Result.status(f"{last} already exists, statement succeeded.")


def read_names(reader: Reader) -> list[str]:
    """``(name, ..)`` from a statement, each as stored; none where no parenthesis comes next."""
    found: list[str] = []
    while reader.accept("," if found else "("):
        found.append(reader.identifier())
    if found:
        reader.expect(")")
    return found


def read_options(
    reader: Reader, what: str, known: Collection[str], *, unset: bool = False
) -> dict[str, Any]:
    """``NAME = value [,] ..`` up to AS or the end, or the names alone that are UNSET."""
    found: dict[str, Any] = {}
    while not reader.done() and not reader.at("AS"):
        option = reader.word()
        if option not in known:
            raise errors.unsupported(f"{what} with {option}")
        if not unset:
            reader.expect("=")
            found[option] = reader.string() if reader.at_string() else reader.identifier()
        else:
            found[option] = None
        reader.accept(",")
    return found


def changed_comment(reader: Reader) -> str | None:
    """The comment of ALTER .. SET COMMENT = '..', empty for UNSET COMMENT; None of other changes."""
    if reader.accept("UNSET", "COMMENT"):
        return ""
    if not reader.accept("SET", "COMMENT"):
        return None
    reader.expect("=")
    return reader.string()


def undropped(reader: Reader, shown: str, name: QualifiedName | str) -> Result:
    """What DROP is answered with where there is no such object.

    Raises:
        SnowflakeError: 002003 without IF EXISTS.
    """
    if not reader.if_exists:
        raise errors.missing(shown, name)
    last = name if isinstance(name, str) else name.name
    return Result.status(f"Drop statement executed successfully ({last} already dropped).")


def unaltered(reader: Reader, shown: str, name: QualifiedName | str) -> Result:
    """What ALTER is answered with where there is no such object.

    Raises:
        SnowflakeError: 002003 without IF EXISTS.
    """
    if not reader.if_exists:
        raise errors.missing(shown, name)
    return Result.status()


def drop_entry(reader: Reader, kind: str, shown: str, forget: Callable[[Entry], object]) -> Result:
    """DROP .. [IF EXISTS] name.

    Args:
        reader: stands before the name.
        kind: of the catalog's entry.
        shown: what errors call the kind.
        forget: removes, in the same transaction, what goes with the entry.
    """
    session, name = reader.session, reader.name()
    reader.end()
    entry = session.catalog.get(kind, name)
    if entry is None:
        return undropped(reader, shown, name)
    with session.transaction():
        session.catalog.remove(kind, name)
        forget(entry)
    return Result.status(f"{name.name} successfully dropped.")


def show_entries(
    reader: Reader, kind: str, shown: str, tell: Callable[[Entry], dict[str, Any]]
) -> Result:
    """SHOW of objects that the catalog keeps: a row an object, by their names.

    Args:
        reader: stands before what the SHOW asks for.
        kind: of the catalog's entries.
        shown: the columns, in their order, as `columns` reads them.
        tell: what an object says of itself, by column. Its name, place, time and owner are known
            here; a column that nobody tells of is NULL.
    """
    session, known = reader.session, columns(shown)
    rows = (
        {
            "created_on": entry.created_on,
            "name": entry.name.name,
            "database_name": entry.name.database,
            "schema_name": entry.name.schema,
            "owner": session.role,
            "owner_role_type": "ROLE",
            **tell(entry),
        }
        for entry in show_scope(reader).entries(session, kind)
    )
    return Result.rows(known, [[told.get(column) for column in known] for told in rows])
