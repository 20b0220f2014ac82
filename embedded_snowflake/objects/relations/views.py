"""Views: CREATE, ALTER, DROP and SHOW VIEW, with the text that they were made with.

What it holds: views, and the head of a definition that views and dynamic tables share (columns
with comments, COMMENT, TAG, AS query). Not for dynamic tables' options and refreshes.

A view is one of DuckDB's over the query with every table's name in full, so it sees later data.
Names without a schema are looked up in the view's own schema, not in the session's, as Snowflake
does (https://docs.snowflake.com/en/sql-reference/name-resolution). A model call in a view is
refused: which version an alias names would be fixed when the view is made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope

from embedded_snowflake import errors
from embedded_snowflake.inference import calls
from embedded_snowflake.names import QualifiedName, quoted
from embedded_snowflake.objects import tags
from embedded_snowflake.objects.entries import changed_comment, show_entries, unaltered, undropped
from embedded_snowflake.objects.relations import table_facts
from embedded_snowflake.sessions.routing import handles
from embedded_snowflake.sql import refusing
from embedded_snowflake.sql.parsing import parsed
from embedded_snowflake.sql.reading import Reader
from embedded_snowflake.sql.results import Result

if TYPE_CHECKING:
    from embedded_snowflake.sessions.session import Session

KIND = "view"


@dataclass
class Definition:
    """What views and dynamic tables are defined by.

    Attributes:
        name: the object.
        columns: (name, comment) of each named column; empty where the query names them.
        comment: the object's comment.
        tags: its tags and their values.
        query: the text behind AS.
        text: the whole statement, as it came.
    """

    name: QualifiedName
    text: str
    columns: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    comment: str = ""
    tags: dict[QualifiedName, str] = field(default_factory=dict[QualifiedName, str])
    query: str = ""


def read_columns(reader: Reader) -> list[tuple[str, str]]:
    """``(name [COMMENT '..'], ..)`` from a statement, empty where there is none."""
    columns: list[tuple[str, str]] = []
    if not reader.accept("("):
        return columns
    while True:
        name = reader.identifier()
        comment = reader.string() if reader.accept("COMMENT") else ""
        columns.append((name, comment))
        if reader.accept(")"):
            return columns
        if not reader.accept(","):
            raise errors.uncompiled(
                f"column {name}: a view's column takes a name and a "
                "COMMENT here; policies, tags and types of columns are not part of the embedded "
                "warehouse."
            )


def qualified(query: str, home: QualifiedName, *, named: bool) -> str:
    """The query with every table's name in full.

    Args:
        query: one SELECT in Snowflake's SQL.
        home: the object that it defines; names without a schema are looked up beside it.
        named: whether the object names the columns, so that the query need not.

    Raises:
        errors.SnowflakeError: the query is not a SELECT, or leaves a column without a name.
    """
    tree = parsed(query)
    if not isinstance(tree, exp.Query):
        raise errors.uncompiled("AS must be followed by a query.")
    if not named:
        refusing.check_names(tree)
    for table in real_tables(tree):
        if not table.db:
            table.set("db", exp.to_identifier(home.schema, quoted=True))
        if not table.catalog:
            table.set("catalog", exp.to_identifier(home.database, quoted=True))
    return tree.sql("snowflake")


def real_tables(tree: exp.Query) -> list[exp.Table]:
    """Tables of the query that are no common table expressions and no functions."""
    found: dict[int, exp.Table] = {}
    for scope in traverse_scope(tree):
        for source in scope.sources.values():
            if isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier):
                found[id(source)] = source
    return list(found.values())


def selecting(definition: Definition) -> str:
    """The query in full names, with the definition's column names."""
    query = qualified(definition.query, definition.name, named=bool(definition.columns))
    if not definition.columns:
        return query
    columns = ", ".join(quoted(name) for name, _ in definition.columns)
    return f"SELECT * FROM ({query}) AS T ({columns})"


def refuse_model_calls(what: str, query: str) -> None:
    """Refuse a query with a model call in it.

    Raises:
        errors.SnowflakeError: there is one.
    """
    if calls.has_calls(query):
        raise errors.refused(
            f"A {what} that calls a model is not part of the embedded warehouse, because the "
            "version would be fixed when it is made. Call the model in the query that reads it."
        )


@handles("CREATE", "VIEW")
def create(session: Session, reader: Reader) -> Result:
    """CREATE [OR REPLACE] [SECURE] VIEW [IF NOT EXISTS] name [(..)] [COMMENT ..] [TAG ..] AS .."""
    definition = Definition(name=reader.name(), text=reader.text)
    name = definition.name
    definition.columns = read_columns(reader)
    while not reader.accept("AS"):
        if (values := tags.read_clause(reader)) is not None:
            definition.tags = values
        elif reader.accept("COMMENT"):
            reader.expect("=")
            definition.comment = reader.string()
        elif not reader.accept("COPY", "GRANTS"):
            raise errors.uncompiled(
                "CREATE VIEW takes columns, COMMENT, TAG and COPY GRANTS before AS here."
            )
    definition.query = reader.rest()
    refuse_model_calls("view", definition.query)
    if reader.temporary:
        return _create_temporary(session, reader, definition)
    existing = session.relation_kind(name)
    if existing is not None and not (reader.or_replace and existing == "VIEW"):
        if reader.if_not_exists and existing == "VIEW":
            return Result.status(f"{name.name} already exists, statement succeeded.")
        raise errors.exists(name, existing)
    select = selecting(definition)
    with session.transaction():
        if existing:
            _forget(session, name)
        replace = "OR REPLACE " if existing else ""
        session.run(f"CREATE {replace}VIEW {name.sql} AS {select}")
        if existing:
            # DuckDB lets a view read itself, by way of others too, and its definition is lost.
            session.run(f"SELECT * FROM {name.sql} LIMIT 0")
        session.catalog.put(
            KIND,
            name,
            {
                "text": definition.text,
                "query": definition.query,
                "comment": definition.comment,
                "secure": reader.secure,
                "columns": definition.columns,
            },
        )
        session.set_column_comments(name, dict(definition.columns))
        tags.set_values(session, "TABLE", name, definition.tags)
    return Result.status(f"View {name.name} successfully created.")


def _create_temporary(session: Session, reader: Reader, definition: Definition) -> Result:
    """A view of the session's own, as dbt makes them for a MERGE; SHOW VIEWS does not tell of it."""
    name = definition.name
    if definition.comment or definition.tags:
        raise errors.unsupported("a comment or a tag of a temporary view")
    if name in session.temporary:
        kind = session.relation_kind(name)
        if reader.if_not_exists and kind == "VIEW":
            return Result.status(f"{name.name} already exists, statement succeeded.")
        if not reader.or_replace or kind != "VIEW":
            raise errors.exists(name, kind or "VIEW")
    select = selecting(definition)
    session.columns_of(select)
    if name in session.temporary:
        session.run(f"DROP VIEW {name.sql}")
    session.run(f"CREATE TEMPORARY VIEW {name.sql} AS {select}")
    session.set_column_comments(name, dict(definition.columns))
    return Result.status(f"View {name.name} successfully created.")


def _forget(session: Session, name: QualifiedName) -> None:
    session.catalog.remove(KIND, name)
    table_facts.forget(session, name)


@handles("ALTER", "VIEW")
def alter(session: Session, reader: Reader) -> Result:
    """ALTER VIEW: comment, tags and name."""
    name = reader.name()
    kept = session.catalog.get(KIND, name)
    if kept is None:
        return unaltered(reader, "View", name)
    if reader.at("SET", "TAG") or reader.at("UNSET", "TAG"):
        return tags.change(session, "VIEW", name, reader)
    if reader.accept("RENAME", "TO"):
        new = reader.name()
        reader.end()
        rename(session, KIND, name, new)
        return Result.status()
    if (comment := changed_comment(reader)) is None:
        raise errors.refused("ALTER VIEW changes the comment, the tags or the name here.")
    reader.end()
    session.catalog.put(KIND, name, {**kept.props, "comment": comment})
    return Result.status()


def rename(session: Session, kind: str, old: QualifiedName, new: QualifiedName) -> None:
    """Give a view or a dynamic table another name in its schema.

    Raises:
        errors.SnowflakeError: the name is in use, or in another schema.
    """
    if (old.database, old.schema) != (new.database, new.schema):
        raise errors.refused("RENAME TO another schema is not part of the embedded warehouse.")
    existing = session.relation_kind(new)
    if existing is not None:
        raise errors.exists(new, existing)
    word = "VIEW" if kind == KIND else "TABLE"
    with session.transaction():
        session.run(f"ALTER {word} {old.sql} RENAME TO {quoted(new.name)}")
        session.catalog.rename(kind, old, new)
        table_facts.move(session, old, new)


@handles("DROP", "VIEW")
def drop(session: Session, reader: Reader) -> Result:
    """DROP VIEW [IF EXISTS] name, also with CASCADE, which dbt writes: nothing hangs on a view."""
    name = reader.name()
    if not reader.accept("CASCADE"):
        reader.accept("RESTRICT")
    reader.end()
    existing = session.relation_kind(name)
    if existing is None:
        return undropped(reader, "View", name)
    if existing != "VIEW":
        raise errors.other_kind(existing, "VIEW")
    own = name in session.temporary
    with session.transaction():
        session.run(f"DROP VIEW {name.sql}")
        if not own:
            _forget(session, name)
    return Result.status(f"{name.name} successfully dropped.")


@handles("SHOW", "VIEWS")
@handles("SHOW", "TERSE", "VIEWS")
def show(_: Session, reader: Reader) -> Result:
    """SHOW VIEWS [LIKE ..] [IN ..]."""
    return show_entries(
        reader,
        KIND,
        "created_on:TIMESTAMP_LTZ name reserved kind database_name schema_name owner comment text "
        "is_secure is_materialized owner_role_type change_tracking",
        lambda entry: {
            "reserved": "",
            "kind": "VIEW",
            "comment": entry.props["comment"],
            "text": entry.props["text"],
            "is_secure": "true" if entry.props["secure"] else "false",
            "is_materialized": "false",
            "change_tracking": "OFF",
        },
    )
