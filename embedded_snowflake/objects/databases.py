"""Databases and schemas: CREATE, DROP, SHOW, USE."""

from __future__ import annotations

import datetime
from typing import Any

from embedded_snowflake import errors
from embedded_snowflake.names import INTERNAL, QualifiedName, literal, quoted
from embedded_snowflake.objects.entries import read_options, undropped
from embedded_snowflake.objects.showing import Scope, columns, read_bounds
from embedded_snowflake.sessions.routing import NotMine, handles
from embedded_snowflake.sessions.session import Session
from embedded_snowflake.sql.reading import Reader
from embedded_snowflake.sql.results import Result

_KIND = "schema"
_DAYS = ("DATA_RETENTION_TIME_IN_DAYS", "MAX_DATA_EXTENSION_TIME_IN_DAYS")
"""There is no time travel to be kept for, or not: the first is shown."""
_VIEWS = "Views describing the contents of schemas in this database"
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


@handles("CREATE", "DATABASE")
def create_database(session: Session, reader: Reader) -> Result:
    """Create a database with PUBLIC and make both current."""
    name = reader.identifier()
    if reader.at("CLONE") or reader.at("FROM"):
        raise errors.unsupported("CREATE DATABASE .. CLONE or FROM")
    kept = _options(reader)
    engine = session.engine
    if name in engine.databases():
        if reader.if_not_exists:
            session.use_database(name)
            return Result.status(f"{name} already exists, statement succeeded.")
        if not reader.or_replace:
            raise errors.exists(name)
        _drop(session, name)
    engine.create_database(name)
    try:
        with session.transaction():
            _remember(session, name, None, kept)
            _remember(session, name, "PUBLIC", {**kept, "comment": ""})
    except BaseException:
        engine.drop_database(name)
        raise
    session.use_database(name)
    return Result.status(f"Database {name} successfully created.")


def _remember(session: Session, database: str, schema: str | None, kept: dict[str, str]) -> None:
    session.catalog.put(_KIND, QualifiedName(database, "", schema or ""), kept)


def _options(reader: Reader) -> dict[str, str]:
    """What SHOW tells of the options.

    Raises:
        SnowflakeError: 000002 of those that are not here.
    """
    options = ["TRANSIENT"] if reader.transient else []
    if reader.accept("WITH", "MANAGED", "ACCESS"):
        options.append("MANAGED ACCESS")
    given = read_options(reader, "a database or schema", ("COMMENT", *_DAYS))
    kept = {"retention": given[_DAYS[0]]} if _DAYS[0] in given else {}
    return {**kept, "comment": given.get("COMMENT", ""), "options": ", ".join(options)}


def _drop(session: Session, name: str) -> None:
    session.engine.lock_all(session, name)
    if session.database == name:
        session.forget_schema()
    session.engine.drop_database(name)
    for table in [one for one in session.temporary if one.database == name]:
        del session.temporary[table]


@handles("DROP", "DATABASE")
def drop_database(session: Session, reader: Reader) -> Result:
    """Drop a database and everything in it."""
    name = reader.identifier()
    if name not in session.engine.databases():
        return undropped(reader, "Database", name)
    _drop(session, name)
    return Result.status(f"{name} successfully dropped.")


def _schema(session: Session, parts: tuple[str, ...]) -> tuple[str, str]:
    database = parts[0] if len(parts) > 1 else session.database
    if database is None:
        raise errors.error(
            "Cannot perform CREATE SCHEMA. This session does not have a current database. "
            "Call 'USE DATABASE', or use a qualified name.",
            90105,
            "22000",
        )
    if database not in session.engine.databases():
        raise errors.missing("Database", database)
    return database, parts[-1]  # pyright: ignore[reportGeneralTypeIssues]  (never empty)


@handles("CREATE", "SCHEMA")
def create_schema(session: Session, reader: Reader) -> Result:
    """Create a schema and make it current."""
    database, schema = _schema(session, reader.parts())
    if reader.at("CLONE"):
        raise errors.unsupported("CREATE SCHEMA .. CLONE")
    *_, options, days = _kept(session, database, None)
    # Of a transient database all schemas are.
    reader.transient = reader.transient or "TRANSIENT" in options
    kept = {"retention": days, **_options(reader)}
    if schema.lower() in {INTERNAL, "main", "information_schema"}:
        raise errors.exists(schema)
    there = session.has_schema(database, schema)
    if there and reader.if_not_exists:
        session.use_schema(database, schema)
        return Result.status(f"{schema} already exists, statement succeeded.")
    if there and not reader.or_replace:
        raise errors.exists(schema)
    if there:
        session.engine.lock_all(session, database, schema)
    with session.transaction():
        if there:
            _drop_schema(session, database, schema)
        session.duck.execute(f"CREATE SCHEMA {quoted(database)}.{quoted(schema)}")
        _remember(session, database, schema, kept)
    session.use_schema(database, schema)
    return Result.status(f"Schema {schema} successfully created.")


def _drop_schema(session: Session, database: str, schema: str) -> None:
    session.engine.lock_all(session, database, schema)
    with session.transaction():
        session.duck.execute(f"DROP SCHEMA {quoted(database)}.{quoted(schema)} CASCADE")
        session.catalog.remove_schema(database, schema)
        session.catalog.remove(_KIND, QualifiedName(database, "", schema))
        session.on_commit(lambda: _gone(session, database, schema))


def _gone(session: Session, database: str, schema: str) -> None:
    session.engine.note_drop()
    if (session.database, session.schema) == (database, schema):
        session.leave_schema()
    for table in [
        one for one in session.temporary if (one.database, one.schema) == (database, schema)
    ]:
        del session.temporary[table]


@handles("DROP", "SCHEMA")
def drop_schema(session: Session, reader: Reader) -> Result:
    """Drop a schema and everything in it."""
    parts = reader.parts()
    database, schema = _schema(session, parts)
    if not session.has_schema(database, schema):
        if reader.if_exists:
            return Result.status(
                f"Drop statement executed successfully ({schema} already dropped)."
            )
        raise errors.missing("Schema", f"{database}.{schema}")
    _drop_schema(session, database, schema)
    return Result.status(f"{schema} successfully dropped.")


def _kept(session: Session, database: str, schema: str | None) -> tuple[Any, ...]:
    """When it was made, its comment, its options and its days of retention."""
    entry = session.catalog.get(_KIND, QualifiedName(database, "", schema or ""))
    kept = entry.props if entry else {"comment": _VIEWS if schema == "INFORMATION_SCHEMA" else ""}
    own = entry or session.catalog.get(_KIND, QualifiedName(database, "", ""))
    made = own.created_on if own else _EPOCH
    return made, kept.get("comment", ""), kept.get("options", ""), kept.get("retention", "1")


@handles("SHOW", "DATABASES")
@handles("SHOW", "TERSE", "DATABASES")
def show_databases(session: Session, reader: Reader) -> Result:
    """SHOW DATABASES [LIKE ..] [STARTS WITH ..] [LIMIT ..]."""
    scope = Scope(like=reader.string() if reader.accept("LIKE") else None)
    if reader.accept("IN"):
        reader.expect("ACCOUNT")
    read_bounds(reader, scope)
    rows: list[tuple[Any, ...]] = []
    for name in filter(scope.matches_name, session.engine.databases()):
        made, *kept = _kept(session, name, None)
        current = "Y" if name == session.database else "N"
        rows.append((made, name, "N", current, "", session.role, *kept, "STANDARD", "ROLE"))
    shown = columns(
        "created_on:TIMESTAMP_LTZ name is_default is_current origin owner comment options "
        "retention_time kind owner_role_type"
    )
    return Result.rows(shown, rows[: scope.limit])


@handles("SHOW", "SCHEMAS")
@handles("SHOW", "TERSE", "SCHEMAS")
def show_schemas(session: Session, reader: Reader) -> Result:
    """SHOW SCHEMAS [LIKE ..] [IN ACCOUNT | [DATABASE] name] [STARTS WITH ..] [LIMIT ..]."""
    scope = Scope(like=reader.string() if reader.accept("LIKE") else None)
    database = session.database
    if reader.accept("IN"):
        if reader.accept("ACCOUNT"):
            database = None
        else:
            reader.accept("DATABASE")
            database = reader.identifier()
            if database not in session.engine.databases():
                raise errors.missing("Database", database)
    read_bounds(reader, scope)
    shown = session.engine.databases() if database is None else [database]
    names = ", ".join(literal(one) for one in shown) or "''"
    found = session.duck.execute(
        "SELECT database_name, schema_name FROM duckdb_schemas() WHERE NOT internal "
        f"AND database_name IN ({names}) AND schema_name NOT IN ('main', '{INTERNAL}')"
    ).fetchall()
    rows: list[tuple[Any, ...]] = []
    for one, schema in sorted([*found, *((one, "INFORMATION_SCHEMA") for one in shown)]):
        if scope.matches_name(schema):
            made, *kept = _kept(session, one, schema)
            current = "Y" if (one, schema) == (session.database, session.schema) else "N"
            owner = "" if schema == "INFORMATION_SCHEMA" else session.role
            rows.append((made, schema, "N", current, one, owner, *kept, "ROLE"))
    named = columns(
        "created_on:TIMESTAMP_LTZ name is_default is_current database_name owner comment options "
        "retention_time owner_role_type"
    )
    return Result.rows(named, rows[: scope.limit])


@handles("USE", "DATABASE")
def use_database(session: Session, reader: Reader) -> Result:
    """Make a database current."""
    session.use_database(reader.identifier())
    reader.end()
    return Result.status()


@handles("USE", "SCHEMA")
def use_schema(session: Session, reader: Reader) -> Result:
    """Make a schema current."""
    database, schema = _schema(session, reader.parts())
    reader.end()
    session.use_schema(database, schema)
    return Result.status()


@handles("USE")
def use(session: Session, reader: Reader) -> Result:
    """USE database, USE database.schema."""
    parts = reader.parts()
    if not reader.done() or len(parts) > 2:
        raise NotMine
    if len(parts) == 1:
        session.use_database(parts[0])
    else:
        session.use_schema(*parts)
    return Result.status()
