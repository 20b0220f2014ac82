"""Tables: SHOW TABLES, OBJECTS and COLUMNS, DESC, SWAP, DROP of what the catalog knows besides."""

from __future__ import annotations

import datetime
import json
import re
import uuid
from typing import Any

from sqlglot import exp

from embedded_snowflake import errors
from embedded_snowflake.names import INTERNAL, QualifiedName, literal, quoted
from embedded_snowflake.objects import functions
from embedded_snowflake.objects.entries import read_options, unaltered
from embedded_snowflake.objects.relations import table_facts
from embedded_snowflake.objects.showing import Scope, columns, like, show_scope
from embedded_snowflake.sessions.routing import NotMine, Written, follows, handles
from embedded_snowflake.sessions.session import Session
from embedded_snowflake.sql import definitions
from embedded_snowflake.sql.conversions.column_facts import ColumnFacts
from embedded_snowflake.sql.describing import COARSE, SHOWN_COLUMN, shown_type
from embedded_snowflake.sql.parsing import parsed
from embedded_snowflake.sql.reading import Reader
from embedded_snowflake.sql.results import Result
from embedded_snowflake.sql.temporary_tables import temporary_made

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def _tables(
    session: Session, scope: Scope
) -> list[tuple[QualifiedName, QualifiedName, str, str | None]]:
    """Name, name in DuckDB, kind and comment of each."""
    rows = session.duck.execute(
        "SELECT database_name, schema_name, table_name, comment "
        f"FROM duckdb_tables() WHERE NOT internal AND schema_name <> '{INTERNAL}'"
    ).fetchall()
    transient = {one.name for one in session.catalog.list(table_facts.TRANSIENT)}
    found: list[tuple[QualifiedName, QualifiedName, str, str | None]] = []
    for *parts, comment in rows:
        stored = QualifiedName(*parts)
        name = session.known_as(stored)
        if name.database not in session.engine.databases() or not scope.matches(name):
            continue
        kind = "TRANSIENT" if name in transient else "TABLE"
        found.append((name, stored, kind if name == stored else "TEMPORARY", comment))
    found.sort(key=lambda one: (one[0].database, one[0].schema, one[0].name))
    return found[: scope.limit]


def _shown(session: Session, scope: Scope) -> list[dict[str, Any]]:
    """What SHOW tells of each table, by column."""
    dynamic = {one.name: one.props for one in session.catalog.list("dynamic_table")}
    schemas = {one.name: one.props for one in session.catalog.list("schema")}
    options = {one.name: one.props for one in session.catalog.list(table_facts.OPTIONS)}
    rows: list[dict[str, Any]] = []
    for name, stored, kind, comment in _tables(session, scope):
        own = kind == "TEMPORARY"
        given = {} if own else {**dynamic.get(name, {}), **options.get(name, {})}
        schema = schemas.get(QualifiedName(name.database, "", name.schema), {})
        told = _placed(session, name, kind, comment)
        made = temporary_made(stored.name) if own else functions.made(session, name)
        told |= {"created_on": made or _EPOCH, "rows": session.count_rows(stored)}
        told["is_dynamic"] = "Y" if name in dynamic else "N"
        told["cluster_by"] = given.get("cluster_by", "")
        told["automatic_clustering"] = "ON" if told["cluster_by"] else "OFF"
        told["change_tracking"] = "ON" if given.get("CHANGE_TRACKING") == "TRUE" else "OFF"
        told["retention_time"] = given.get(table_facts.RETENTION, schema.get("retention", "1"))
        rows.append(told)
    return rows


def _placed(
    session: Session, name: QualifiedName, kind: str, comment: str | None
) -> dict[str, Any]:
    never = ("is_external", "is_event", "is_hybrid", "is_iceberg", "is_immutable", "is_dynamic")
    return {
        **dict.fromkeys((*never, "enable_schema_evolution"), "N"),
        "name": name.name,
        "database_name": name.database,
        "schema_name": name.schema,
        "kind": kind,
        "comment": comment or "",
        "cluster_by": "",
        "owner": session.role,
        "retention_time": "1",
        "owner_role_type": "ROLE",
        "search_optimization": "OFF",
    }


@handles("SHOW", "TABLES")
@handles("SHOW", "TERSE", "TABLES")
def show_tables(session: Session, reader: Reader) -> Result:
    """SHOW TABLES [LIKE ..] [IN ..] [STARTS WITH ..] [LIMIT ..]."""
    shown = columns(
        "created_on:TIMESTAMP_LTZ name database_name schema_name kind comment cluster_by "
        "rows:NUMBER bytes:NUMBER owner retention_time automatic_clustering change_tracking "
        "search_optimization is_external enable_schema_evolution owner_role_type is_event "
        "is_hybrid is_iceberg is_dynamic is_immutable"
    )
    rows = _shown(session, show_scope(reader))
    return Result.rows(shown, [[row.get(column) for column in shown] for row in rows])


@handles("SHOW", "OBJECTS")
@handles("SHOW", "TERSE", "OBJECTS")
def show_objects(session: Session, reader: Reader) -> Result:
    """SHOW OBJECTS, tables and views, as SHOW TABLES, but that a table is one, transient or not."""
    scope = show_scope(reader)
    limit, scope.limit = scope.limit, None
    rows = [{**row, "kind": "TABLE"} for row in _shown(session, scope)] + [
        {"created_on": one.created_on, **_placed(session, one.name, "VIEW", one.props["comment"])}
        for one in scope.entries(session, "view")
    ]
    rows.sort(key=lambda row: (row["database_name"], row["schema_name"], row["name"]))
    shown = columns(
        "created_on:TIMESTAMP_LTZ name database_name schema_name kind comment cluster_by "
        "rows:NUMBER bytes:NUMBER owner retention_time owner_role_type is_hybrid is_dynamic "
        "is_iceberg"
    )
    return Result.rows(shown, [[row.get(column) for column in shown] for row in rows[:limit]])


@handles("DESC", "TABLE")
@handles("DESCRIBE", "TABLE")
@handles("DESC", "VIEW")
@handles("DESCRIBE", "VIEW")
def describe_table(session: Session, reader: Reader) -> Result:
    """The columns of a table or view, whichever is said: the two commands are interchangeable."""
    kind = reader.tokens[1].text.capitalize()
    name = reader.name()
    if "INFORMATION_SCHEMA" in name.schema.upper():
        raise NotMine
    if reader.accept("TYPE"):
        reader.expect("=")
        if not reader.accept("COLUMNS"):
            raise errors.unsupported(f"DESC TABLE .. TYPE = {reader.word()}")
    reader.end()
    if session.relation_kind(name) is None:
        raise errors.missing(kind, name)
    return table_facts.describe_relation(session, name)


@handles("DESC")
@handles("DESCRIBE")
def describe_other(_: Session, reader: Reader) -> Result:
    """DESC of a kind of object that is not described here, and not of a relation's bare name."""
    kind, after = reader.word(), reader.peek()
    if kind in {"TABLE", "VIEW", "SELECT", "WITH"} or after is None or after.text in {".", ";"}:
        raise NotMine
    raise errors.unsupported(f"DESC {kind}")


@handles("SHOW", "COLUMNS")
def show_columns(session: Session, reader: Reader) -> Result:
    """SHOW COLUMNS [LIKE ..] [IN [TABLE | VIEW | SCHEMA | DATABASE | ACCOUNT] ..]."""
    pattern = reader.string() if reader.accept("LIKE") else None
    one = table_facts.one_table(reader)
    scope = Scope(database=session.database, schema=session.schema) if one else show_scope(reader)
    physical = session.physical(one) if one else ""
    rows = session.duck.execute(
        "SELECT database_name, schema_name, table_name, column_name, data_type, is_nullable, "
        f"{SHOWN_COLUMN} WHERE NOT internal AND schema_name <> '{INTERNAL}' "
        "ORDER BY database_name, schema_name, table_name, column_index"
    ).fetchall()
    found: list[tuple[Any, ...]] = []
    declared: dict[QualifiedName, dict[str, str]] = {}
    for *parts, column, stored, nullable, default, identity, computed, comment in rows:
        known = QualifiedName(*parts)
        name = session.known_as(known)
        database, schema, table = name.parts
        inside = (
            known.sql == physical if one else scope.matches(QualifiedName(database, schema, column))
        )
        if database not in session.engine.databases() or not inside:
            continue
        if pattern is not None and not like(pattern, column):
            continue
        kind = str(stored)
        if kind in COARSE:
            if known not in declared:
                declared[known] = ColumnFacts(session, name).kinds()
            kind = declared[known].get(column, kind)
        shown = json.dumps(_as_json(kind, nullable=nullable), separators=(",", ":"))
        found.append(
            (
                *(table, schema, column, shown, "true" if nullable else "NOT_NULL"),
                *(default or "", "VIRTUAL_COLUMN" if computed else "COLUMN", computed or ""),
                *(comment or "", database, identity or "", None),
            )
        )
    named = columns(
        "table_name schema_name column_name data_type null? default kind expression comment "
        "database_name autoincrement schema_evolution_record"
    )
    return Result.rows(named, found[: scope.limit])


_JSON_TYPES = {"NUMBER": "FIXED", "VARCHAR": "TEXT", "FLOAT": "REAL"}


def _as_json(kind: str, *, nullable: bool) -> dict[str, Any]:
    """A column's type as SHOW COLUMNS says it.

    https://docs.snowflake.com/en/sql-reference/sql/show-columns
    """
    word, *digits = re.findall(r"\w+", shown_type(kind))
    found: dict[str, Any] = {"type": _JSON_TYPES.get(word, word)}
    if word == "NUMBER":
        found |= {"precision": int(digits[0]), "scale": int(digits[1])}
    elif word.startswith("TIME"):
        found |= {"precision": 0, "scale": 9}
    if word not in {"VARCHAR", "BINARY"}:
        return {**found, "nullable": nullable}
    length, fixed = int(digits[0]), word == "BINARY"
    size = length if fixed else min(length * 4, 16777216)
    return {**found, "length": length, "byteLength": size, "nullable": nullable, "fixed": fixed}


@handles("COMMENT")
def comment_on(session: Session, reader: Reader) -> Result:
    """COMMENT [IF EXISTS] ON TABLE | VIEW | COLUMN name IS '..'."""
    reader.expect("ON")
    column: str | None = None
    if reader.accept("COLUMN"):
        parts = reader.parts()
        name, column = session.qualified(parts[:-1]), parts[-1]
    elif reader.accept("TABLE") or reader.accept("VIEW"):
        name = reader.name()
    else:
        raise NotMine
    if reader.if_exists and session.relation_kind(name) is None:
        return Result.status()
    reader.expect("IS")
    return _comment(session, name, column, reader.string())


def _comment(session: Session, name: QualifiedName, column: str | None, text: str) -> Result:
    kind = session.relation_kind(name)
    if kind is None:
        raise errors.missing("Table", name)
    if kind == "DYNAMIC TABLE" and column is None:
        raise errors.unsupported("COMMENT ON a dynamic table: ALTER DYNAMIC TABLE .. SET COMMENT")
    if column is None and (entry := session.catalog.get("view", name)) is not None:
        session.catalog.put("view", name, {**entry.props, "comment": text})
        return Result.status()
    # DuckDB refuses to commit rows of a table that was commented on meanwhile.
    session.lock_table(name)
    physical = session.physical(name)
    about = f"TABLE {physical}" if column is None else f"COLUMN {physical}.{quoted(column)}"
    with session.transaction():
        session.duck.execute(f"COMMENT ON {about} IS {literal(text)}")
    return Result.status()


@handles("CREATE", "TABLE")
def clone_table(session: Session, reader: Reader) -> Result:
    """CREATE [OR REPLACE] [TRANSIENT] TABLE [IF NOT EXISTS] name CLONE | LIKE source.

    A clone has the source's columns, constraints, comments and tags; not what it loaded. One of a
    dynamic table is a table, as the feature store keeps its snapshots in.
    https://docs.snowflake.com/en/sql-reference/sql/create-clone
    https://docs.snowflake.com/en/user-guide/dynamic-tables/cloning
    """
    name = reader.name()
    rows = reader.accept("CLONE")
    if not rows and not reader.accept("LIKE"):
        raise NotMine
    source = reader.name()
    if reader.at("AT") or reader.at("BEFORE") or reader.at("("):
        raise errors.unsupported("time travel (AT, BEFORE)")
    reader.accept("COPY", "GRANTS")
    reader.end()
    if reader.temporary or source in session.temporary:
        raise errors.unsupported(f"{'CLONE' if rows else 'LIKE'} of or as a temporary table")
    if session.relation_kind(source) not in {"TABLE", "DYNAMIC TABLE"}:
        raise errors.missing("Table", source)
    if rows and not reader.transient and session.catalog.get(table_facts.TRANSIENT, source):
        raise errors.unsupported("CLONE of a transient table as a permanent one")
    existing = session.relation_kind(name)
    if existing is not None and reader.if_not_exists:
        return Result.status(f"{name.name} already exists, statement succeeded.")
    if existing is not None and not (reader.or_replace and existing == "TABLE"):
        raise errors.exists(name, existing)
    definition = _definition(session, source)
    if not rows and "nextval('_fs_seq_" in definition.lower():
        # Both tables would count with one sequence.
        raise errors.unsupported("CREATE TABLE LIKE of a table with an IDENTITY column")
    session.lock_table(name)
    between = QualifiedName(name.database, name.schema, f"CLONE_{uuid.uuid4().hex.upper()}")
    with session.transaction():
        _like(session, source, between, definition, rows=rows)
        # First made, then put in place: a table may be replaced by its own clone.
        table_facts.copy(session, source, between)
        if existing:
            session.run(f"DROP TABLE {name.sql}")
            table_facts.forget(session, name)
        session.duck.execute(f"ALTER TABLE {between.sql} RENAME TO {quoted(name.name)}")
        table_facts.move(session, between, name)
        table_facts.record_transient(session, name, said=reader.transient)
        session.log_change(name, created=True)
    return Result.status(f"Table {name.name} successfully created.")


def _definition(session: Session, name: QualifiedName) -> str:
    """The columns and constraints of a table, in their parentheses, in DuckDB's words."""
    sql = str(
        session.duck.execute(
            "SELECT sql FROM duckdb_tables() "
            "WHERE database_name = ? AND schema_name = ? AND table_name = ?",
            name.parts,
        ).fetchall()[0][0]
    )
    inside = False
    for place, char in enumerate(sql):
        inside ^= char == '"'
        if char == "(" and not inside:
            return sql[place:].rstrip().removesuffix(";")
    message = f"the definition of {name} cannot be read: {sql}"
    raise ValueError(message)


def _like(
    session: Session,
    source: QualifiedName,
    made: QualifiedName,
    definition: str,
    *,
    rows: bool = True,
) -> None:
    """Make a table by that definition, with the source's comments, and its rows if they go too."""
    kind = "TEMP TABLE" if made.database == "temp" else "TABLE"
    session.duck.execute(f"CREATE {kind} {made.sql} {definition}")
    key = source.parts
    where = "WHERE database_name = ? AND schema_name = ? AND table_name = ?"
    if rows:
        stored = session.duck.execute(
            f"SELECT column_name FROM duckdb_columns() {where} AND NOT is_generated", key
        ).fetchall()
        named = ", ".join(quoted(column) for (column,) in stored)
        session.duck.execute(f"INSERT INTO {made.sql} ({named}) SELECT {named} FROM {source.sql}")
    kept = session.catalog.get("dynamic_table", source)
    if kept is not None and kept.props["data_timestamp"] is None:
        raise errors.refused(f"Dynamic table {source} is not initialized: refresh it first.")
    comment = session.duck.execute(f"SELECT comment FROM duckdb_tables() {where}", key).fetchall()
    if text := kept.props["comment"] if kept else comment[0][0]:
        session.duck.execute(f"COMMENT ON TABLE {made.sql} IS {literal(text)}")
    comments = session.duck.execute(
        f"SELECT column_name, comment FROM duckdb_columns() {where} AND comment IS NOT NULL", key
    ).fetchall()
    session.set_column_comments(made, dict(comments))


def _redefine(session: Session, name: QualifiedName, definition: str) -> None:
    """Give a table another definition, in a transaction: DuckDB adds and drops no CHECK."""
    between = QualifiedName(name.database, name.schema, f"ALTER_{uuid.uuid4().hex.upper()}")
    _like(session, name, between, definition)
    session.duck.execute(f"DROP TABLE {name.sql}")
    session.duck.execute(f"ALTER TABLE {between.sql} RENAME TO {quoted(name.name)}")


@follows
def limit_lengths(session: Session, written: Written) -> None:
    """Let texts of columns that ADD COLUMN or CREATE TABLE .. AS made be no longer than declared."""
    if not isinstance(written.expression, (exp.Create, exp.Alter)):
        return
    lengths = definitions.lengths_to_limit(written.expression)
    if not lengths:
        return
    name = written.name
    stored = session.stored_as(name)
    checks = "".join(
        f", CHECK((length({quoted(column)}) <= {length}))" for column, length in lengths.items()
    )
    definition = _definition(session, stored).removesuffix(")")
    _redefine(session, stored, f"{definition}{checks})")


@handles("ALTER", "TABLE")
def alter_options(session: Session, reader: Reader) -> Result:
    """ALTER TABLE .. SET or UNSET options, CLUSTER BY, DROP CLUSTERING KEY."""
    name = reader.name()
    options: dict[str, str | None] = {}
    if reader.accept("CLUSTER", "BY"):
        keys = parsed(f"SELECT {reader.parenthesised()}").expressions
        options["cluster_by"] = table_facts.clustered(keys)
    elif reader.accept("DROP", "CLUSTERING", "KEY"):
        options["cluster_by"] = None
    elif any(reader.at(word) and not reader.at(word, "TAG") for word in ("SET", "UNSET")):
        unset = reader.word() == "UNSET"
        options = read_options(reader, "ALTER TABLE", table_facts.KEPT_OPTIONS, unset=unset)
    else:
        raise NotMine
    reader.end()
    if session.relation_kind(name) is None:
        return unaltered(reader, "Table", name)
    with session.transaction():
        if "COMMENT" in options:
            _comment(session, name, None, options.pop("COMMENT") or "")
        if options and name not in session.temporary:
            table_facts.keep_options(session, name, options)
    return Result.status()


@handles("ALTER", "TABLE")
def alter_table(session: Session, reader: Reader) -> Result:
    """SWAP WITH, comments of columns, another length of texts; everything else is DuckDB's."""
    name = reader.name()
    if reader.if_exists and session.relation_kind(name) is None:
        return Result.status()
    if (changed := _column(session, name, reader)) is not None:
        return changed
    if not reader.accept("SWAP", "WITH"):
        raise NotMine
    other = reader.name()
    for one in (name, other):
        if session.relation_kind(one) != "TABLE":
            raise errors.missing("Table", one)
        if one in session.temporary:
            raise errors.unsupported("SWAP WITH of a temporary table")
    if (name.database, name.schema) != (other.database, other.schema):
        raise errors.unsupported("SWAP WITH a table of another schema")
    between = QualifiedName(name.database, name.schema, f"SWAP_{uuid.uuid4().hex.upper()}")
    for one in (name, other):
        session.lock_table(one)
    with session.transaction():
        for old, new in ((name, between), (other, name), (between, other)):
            session.duck.execute(f"ALTER TABLE {old.sql} RENAME TO {quoted(new.name)}")
            table_facts.move(session, old, new)
        for one in (name, other):
            session.log_change(one, created=False)
    return Result.status()


def _column(session: Session, name: QualifiedName, reader: Reader) -> Result | None:
    """ALTER TABLE .. ALTER | MODIFY [COLUMN] c COMMENT '..' [, ..] | [SET DATA] TYPE VARCHAR(n).

    n may only grow.
    """
    if not (reader.accept("ALTER") or reader.accept("MODIFY")):
        return None
    reader.accept("COLUMN")
    column = reader.identifier()
    comments: dict[str, str] = {}
    while reader.accept("COMMENT"):
        comments[column] = reader.string()
        if not reader.accept(","):
            reader.end()
            with session.transaction():
                for one, text in comments.items():
                    _comment(session, name, one, text)
            return Result.status()
        reader.accept("COLUMN")
        column = reader.identifier()
    if comments:
        raise errors.unsupported("ALTER TABLE of comments and other changes at once")
    reader.accept("SET", "DATA")
    if not reader.accept("TYPE") or reader.word() not in {"VARCHAR", "STRING", "TEXT", "CHAR"}:
        raise NotMine
    length = int(reader.parenthesised()) if reader.at("(") else None
    reader.end()
    if session.relation_kind(name) != "TABLE" or name in session.temporary:
        raise NotMine
    definition = _definition(session, name)
    check = re.compile(
        rf",?\s*CHECK\(\(length\(\"?{re.escape(column)}\"?\) <= (?:CAST\()?(\d+)[^)]*?\)+(?=[,)])"
    )
    found = check.search(definition)
    if found is None:
        raise NotMine
    if length is not None and length < int(found.group(1)):
        raise errors.error(
            f"SQL compilation error: cannot reduce the byte-length of a varchar column {column}",
            2020,
            "22000",
        )
    wanted = "" if length is None else f", CHECK((length({quoted(column)}) <= {length}))"
    definition = definition.replace(found.group(), wanted)
    session.lock_table(name)
    with session.transaction():
        _redefine(session, name, definition)
        ColumnFacts(session, name).put(column, length=length)
        session.log_change(name, created=False)
    return Result.status()
