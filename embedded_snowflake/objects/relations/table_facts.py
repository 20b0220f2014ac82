"""What is kept of a table beside DuckDB's own: keys, lengths, types, loads, times of change, tags.

Whoever drops, renames, swaps or clones a table calls `forget`, `move` or `copy` here, so that the
facts go where the rows go. Add a fact here when it must follow its table; what a kind of object
keeps of itself stays in that kind's module.

Keys are recorded and not enforced, as on Snowflake:
https://docs.snowflake.com/en/sql-reference/constraints-overview.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlglot import exp
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers

from embedded_snowflake import errors
from embedded_snowflake.names import INTERNAL, QualifiedName, literal, quoted, stored_name
from embedded_snowflake.objects import tags
from embedded_snowflake.objects.entries import temporary
from embedded_snowflake.objects.showing import columns, show_scope
from embedded_snowflake.sessions.routing import Written, follows, handles, information_schema_view
from embedded_snowflake.sql import definitions, describing, table_names
from embedded_snowflake.sql.conversions.column_facts import ColumnFacts, columns_kept
from embedded_snowflake.sql.conversions.inferred_types import FINER
from embedded_snowflake.sql.definitions import text_length
from embedded_snowflake.sql.reading import Reader
from embedded_snowflake.sql.results import Result
from embedded_snowflake.sql.temporary_tables import temporary_made
from embedded_snowflake.storage.catalog import Entry

if TYPE_CHECKING:
    from embedded_snowflake.sessions.session import Session

KEYS = "table_keys"
LOADS = "load_history"
TRANSIENT = "transient"
STAGE = "table_stage"
OPTIONS = "table_options"
"""Kinds of the catalog's rows: keys, the files that a table has loaded, that it is transient, its own
stage (``@%table``), and its options as given, which SHOW TABLES tells."""
_MOVED = (KEYS, LOADS, TRANSIENT, STAGE, OPTIONS)
RETENTION = "DATA_RETENTION_TIME_IN_DAYS"
KEPT_OPTIONS = (RETENTION, "MAX_DATA_EXTENSION_TIME_IN_DAYS", "CHANGE_TRACKING", "COMMENT")
_KINDS = {"PRIMARY": "PRIMARY KEY", "UNIQUE": "UNIQUE", "FOREIGN": "FOREIGN KEY"}


def read_keys(expression: Any) -> list[dict[str, Any]]:
    """The keys that a CREATE TABLE states: kind, name, columns."""
    if not isinstance(expression.this, exp.Schema):
        return []
    found: list[dict[str, Any]] = []
    for item in expression.this.expressions:
        if isinstance(item, exp.ColumnDef):
            for constraint in item.args.get("constraints") or []:
                kind = _kind(constraint.kind)
                if kind:
                    found.append({"kind": kind, "name": None, "columns": [stored_name(item.this)]})
            continue
        name = None
        parts = [item]
        if isinstance(item, exp.Constraint):
            name, parts = stored_name(item.this), item.expressions
        for part in parts:
            kind = _kind(part)
            if kind:
                found.append({"kind": kind, "name": name, "columns": _columns(part)})
    return found


def _kind(node: Any) -> str | None:
    if isinstance(node, (exp.PrimaryKey, exp.PrimaryKeyColumnConstraint)):
        return "PRIMARY"
    if isinstance(node, exp.UniqueColumnConstraint):
        return "UNIQUE"
    return "FOREIGN" if isinstance(node, (exp.ForeignKey, exp.Reference)) else None


def _columns(node: Any) -> list[str]:
    inner = node.this if isinstance(node, exp.UniqueColumnConstraint) else node
    return [stored_name(one) for one in inner.expressions]


def record_keys(session: Session, name: QualifiedName, expression: Any) -> None:
    """Remember the keys of a table that was just made."""
    keys = read_keys(expression)
    if [key["kind"] for key in keys].count("PRIMARY") > 1:
        raise errors.uncompiled(f"'{name}' has more than one primary key.")
    there = {column.upper() for column in stored_types(session, name)} if keys else set[str]()
    for column in (column for key in keys for column in key["columns"]):
        if column.upper() not in there:
            raise errors.uncompiled(f"invalid identifier '{column}'", 904, "42000")
    for reference in expression.find_all(exp.Reference):
        of = table_names.name_of(session, reference.find(exp.Table))
        if session.relation_kind(of) is None:
            raise errors.missing("Table", of)
    for key in keys:
        key["name"] = key["name"] or f"SYS_CONSTRAINT_{session.query_id}"
    if keys:
        _keep_keys(session, name, keys)


def _keep_keys(session: Session, name: QualifiedName, keys: list[dict[str, Any]]) -> None:
    if name in session.temporary:
        temporary(session, KEYS)[session.stored_as(name)] = {"keys": keys}
    else:
        session.catalog.put(KEYS, name, {"keys": keys})


def keys_of(session: Session, name: QualifiedName) -> list[dict[str, Any]]:
    """The keys of a table."""
    if name in session.temporary:
        kept = temporary(session, KEYS).get(session.stored_as(name), {})
        return list(kept.get("keys", []))
    entry = session.catalog.get(KEYS, name)
    return list(entry.props["keys"]) if entry else []


def record_transient(session: Session, name: QualifiedName, *, said: bool) -> None:
    """Remember of a table that was just made whether it is transient, as all of such a schema are."""
    schema = session.catalog.get("schema", QualifiedName(name.database, "", name.schema))
    if said or (schema and "TRANSIENT" in schema.props.get("options", "")):
        session.catalog.put(TRANSIENT, name, {})


def _given_options(create: Any) -> dict[str, str | None]:
    """The options of a CREATE TABLE that SHOW TABLES tells."""
    given = create.args.get("properties")
    options: dict[str, str | None] = {}
    for one in given.expressions if given is not None else ():
        if isinstance(one, exp.ClusterProperty):
            options["cluster_by"] = clustered(one.expressions)
        elif type(one) is exp.Property:
            options[one.name.upper()] = one.args["value"].sql("snowflake").upper()
    return options


def clustered(keys: list[Any]) -> str:
    """Clustering keys as SHOW TABLES tells them."""
    named = (normalize_identifiers(one.copy(), "snowflake").sql("snowflake") for one in keys)
    return f"LINEAR({', '.join(named)})"


def keep_options(session: Session, name: QualifiedName, given: dict[str, str | None]) -> None:
    """Keep a table's options; one that is None is taken back."""
    days = given.get(RETENTION)
    most = 1 if session.catalog.get(TRANSIENT, name) else 90
    if days is not None and not (days.isdecimal() and int(days) <= most):
        raise errors.uncompiled(f"invalid value [{days}] for {RETENTION}", 1008, "22023")
    there = session.catalog.get(OPTIONS, name)
    kept = {**(there.props if there else {}), **given}
    session.catalog.put(OPTIONS, name, {one: kept[one] for one in kept if kept[one]})


def stored_types(session: Session, name: QualifiedName) -> dict[str, str]:
    """DuckDB's types of the columns of a table or view."""
    empty = session.duck.execute(f"SELECT * FROM {session.physical(name)} LIMIT 0")
    return {str(one[0]): str(one[1]) for one in empty.description or []}


def record_columns(
    session: Session, name: QualifiedName, expression: Any, finer: Sequence[str | None] = ()
) -> None:
    """Remember of a CREATE or ALTER what DuckDB's types of its columns do not say.

    Args:
        session: who made or altered it.
        name: a table, or a view that was made.
        expression: the statement's tree.
        finer: the types of the query that it was made from (`inferred_types.finer_types`).
    """
    kept = ColumnFacts(session, name)
    if isinstance(expression, exp.Create):
        kept.clear()
    if any(finer):
        for column, kind in zip(stored_types(session, name), finer, strict=False):
            if kind is not None:
                kept.put(column, kind=kind)
    for item in expression.args.get("actions") or expression.this.expressions:
        if isinstance(item, exp.RenameColumn):
            kept.rename(stored_name(item.this), stored_name(item.args["to"]))
        kind = item.args.get("dtype" if isinstance(item, exp.AlterColumn) else "kind")
        if not kind or isinstance(item, exp.Drop):
            continue
        column = stored_name(item.this)
        finer_kind = FINER.get(kind.this) if isinstance(kind, exp.DataType) else None
        kept.put(column, length=text_length(kind), kind=finer_kind)
    for column in definitions.dropped_columns(expression):
        kept.put(stored_name(column))


def _change_keys(session: Session, name: QualifiedName, alter: Any) -> None:
    """A key's columns are renamed with the table's; one that is dropped takes its key with it."""
    keys = keys_of(session, name)
    gone = {stored_name(one) for one in definitions.dropped_columns(alter)}
    new = {
        stored_name(one.this): stored_name(one.args["to"])
        for one in alter.args["actions"]
        if isinstance(one, exp.RenameColumn)
    }
    left = [
        {**key, "columns": [new.get(one, one) for one in key["columns"]]}
        for key in keys
        if gone.isdisjoint(key["columns"])
    ]
    if left != keys:
        _keep_keys(session, name, left)


def forget(session: Session, name: QualifiedName) -> None:
    """The table is gone."""
    tags.forget(session, "TABLE", name)
    for kind in _MOVED:
        session.catalog.remove(kind, name)
    table, key = columns_kept(name)
    session.duck.execute(f"DELETE FROM {table} WHERE {key}")


def move(session: Session, old: QualifiedName, new: QualifiedName) -> None:
    """The table has another name, in the same database."""
    tags.move(session, "TABLE", old, new)
    for kind in _MOVED:
        session.catalog.rename(kind, old, new)
    table, key = columns_kept(old)
    session.duck.execute(
        f"UPDATE {table} SET ext_table_schema = {literal(new.schema)}, "
        f"ext_table_name = {literal(new.name)} WHERE {key}"
    )
    session.duck.execute(
        f"UPDATE {quoted(old.database)}.{INTERNAL}.changes SET schema_name = ?, name = ? "
        "WHERE schema_name = ? AND name = ?",
        [new.schema, new.name, old.schema, old.name],
    )


def copy(session: Session, old: QualifiedName, new: QualifiedName) -> None:
    """The new table is the old one's clone; what it loaded and when it changed is its own."""
    tags.set_values(session, "TABLE", new, tags.values_of(session, "TABLE", old))
    for kind in (KEYS, OPTIONS):
        if (kept := session.catalog.get(kind, old)) is not None:
            session.catalog.put(kind, new, kept.props)
    table, key = columns_kept(old)
    other, _ = columns_kept(new)
    session.duck.execute(
        f"INSERT INTO {other} SELECT * REPLACE ({literal(new.database)} AS ext_table_catalog, "
        f"{literal(new.schema)} AS ext_table_schema, {literal(new.name)} AS ext_table_name) "
        f"FROM {table} WHERE {key}"
    )


@follows
def follow(session: Session, written: Written) -> None:
    """Keep, move or forget what is kept of the table or view that a statement wrote."""
    name, expression, finer = written.name, written.expression, written.finer
    if written.own:
        if isinstance(expression, (exp.Create, exp.Alter)) and name in session.temporary:
            record_columns(session, name, expression, finer)
            if isinstance(expression, exp.Alter):
                _change_keys(session, name, expression)
            else:
                record_keys(session, name, expression)
        for gone in set(session.temporary_kinds) - set(session.temporary.values()):
            del session.temporary_kinds[gone]
    elif isinstance(expression, exp.Create) and expression.kind == "VIEW":
        record_columns(session, name, expression, finer)
    elif isinstance(expression, exp.Create) and expression.kind == "TABLE":
        # Of a table that is replaced nothing stays.
        forget(session, name)
        record_keys(session, name, expression)
        record_transient(session, name, said=expression.find(exp.TransientProperty) is not None)
        keep_options(session, name, _given_options(expression))
        record_columns(session, name, expression, finer)
    elif isinstance(expression, exp.Drop) and expression.kind == "TABLE":
        forget(session, name)
    elif isinstance(expression, exp.Alter):
        record_columns(session, name, expression)
        _change_keys(session, name, expression)
        for action in expression.args.get("actions") or []:
            if isinstance(action, exp.AlterRename):
                move(session, name, table_names.name_of(session, action.this))


def describe_relation(session: Session, name: QualifiedName) -> Result:
    """The columns of a table or view, as DESC TABLE shows them."""
    stored = session.stored_as(name)
    keys = keys_of(session, name)
    primary = {one for key in keys if key["kind"] == "PRIMARY" for one in key["columns"]}
    unique = {one for key in keys if key["kind"] == "UNIQUE" for one in key["columns"]}
    rows = session.duck.execute(
        f"SELECT column_name, data_type, is_nullable, {describing.SHOWN_COLUMN} "
        "WHERE database_name = ? AND schema_name = ? AND table_name = ? ORDER BY column_index",
        stored.parts,
    ).fetchall()
    declared = ColumnFacts(session, name).kinds()
    # Some of these names are of two words.
    shown = (
        *("name", "type", "kind", "null?", "default", "primary key", "unique key", "check"),
        *("expression", "comment", "policy name", "privacy domain", "schema evolution record"),
    )
    return Result.rows(
        dict.fromkeys(shown, "VARCHAR"),
        [
            (
                column,
                # An older directory has lengths of columns that are no texts.
                describing.shown_type(
                    declared.get(column, str(kind)) if kind in describing.COARSE else str(kind)
                ),
                "VIRTUAL" if computed else "COLUMN",
                "Y" if nullable else "N",
                identity or default,
                "Y" if column in primary else "N",
                "Y" if column in unique else "N",
                *(None, computed, comment, None, None, None),
            )
            for column, kind, nullable, default, identity, computed, comment in rows
        ],
    )


def _shown(session: Session, reader: Reader, kind: str) -> Result:
    one = one_table(reader)
    held = session.temporary.get(one) if one else None
    if one is not None and held is not None:
        entries = [Entry(one, {"keys": keys_of(session, one)}, temporary_made(held))]
    else:
        entries = session.catalog.list(KEYS) if one else show_scope(reader).entries(session, KEYS)
    shown = columns(
        "created_on:TIMESTAMP_LTZ database_name schema_name table_name column_name "
        "key_sequence:NUMBER constraint_name rely comment"
    )
    rows = [
        (entry.created_on, *entry.name.parts, column, place, key["name"], "false", None)
        for entry in entries
        if one is None or entry.name == one
        for key in entry.props["keys"]
        if key["kind"] == kind
        for place, column in enumerate(key["columns"], 1)
    ]
    return Result.rows(shown, rows)


def one_table(reader: Reader) -> QualifiedName | None:
    """The table or view of a SHOW .. IN [TABLE | VIEW] name; None where it is of a schema or more."""
    wide = any(reader.at("IN", word) for word in ("ACCOUNT", "DATABASE", "SCHEMA"))
    if wide or not reader.accept("IN"):
        return None
    if (reader.accept("TABLE") or reader.accept("VIEW")) and reader.done():
        return None
    name = reader.name()
    reader.end()
    if reader.session.relation_kind(name) is None:
        raise errors.missing("Table", name)
    return name


@handles("SHOW", "PRIMARY", "KEYS")
@handles("SHOW", "TERSE", "PRIMARY", "KEYS")
def show_primary_keys(session: Session, reader: Reader) -> Result:
    """SHOW PRIMARY KEYS [IN [TABLE] name | SCHEMA | DATABASE | ACCOUNT]."""
    return _shown(session, reader, "PRIMARY")


@handles("SHOW", "UNIQUE", "KEYS")
def show_unique_keys(session: Session, reader: Reader) -> Result:
    """SHOW UNIQUE KEYS, as SHOW PRIMARY KEYS."""
    return _shown(session, reader, "UNIQUE")


@information_schema_view("TABLE_CONSTRAINTS")
def table_constraints(session: Session) -> Result:
    """INFORMATION_SCHEMA.TABLE_CONSTRAINTS of the current database."""
    shown = columns(
        "CONSTRAINT_CATALOG CONSTRAINT_SCHEMA CONSTRAINT_NAME TABLE_CATALOG TABLE_SCHEMA "
        "TABLE_NAME CONSTRAINT_TYPE IS_DEFERRABLE INITIALLY_DEFERRED ENFORCED COMMENT"
    )
    rows = [
        (
            *(entry.name.database, entry.name.schema, key["name"]),
            *entry.name.parts,
            *(_KINDS[key["kind"]], "NO", "YES", "NO", None),
        )
        for entry in session.catalog.list(KEYS)
        if entry.name.database == session.database
        for key in entry.props["keys"]
    ]
    return Result.rows(shown, rows)
