"""Rewrites of definitions: what DuckDB does not take, or does otherwise, in CREATE, DROP, TRUNCATE.

What is kept beside a table (keys, lengths, comments) is read here and written by `objects/`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlglot import exp

from embedded_snowflake import errors
from embedded_snowflake.names import QualifiedName, stored_name
from embedded_snowflake.sql.building import invoke
from embedded_snowflake.sql.table_names import written_table

if TYPE_CHECKING:
    from embedded_snowflake.sessions.session import Session


def _lengths(_: Session, expression: Any) -> Any:
    """VARCHAR(n) takes n characters at most; DuckDB's takes any number."""
    if not isinstance(expression, exp.Create) or not isinstance(expression.this, exp.Schema):
        return expression
    if expression.kind != "TABLE" or expression.expression is not None:
        return expression
    for column in expression.this.expressions:
        if isinstance(column, exp.ColumnDef) and (length := text_length(column.args.get("kind"))):
            column.set("kind", exp.DataType.build(f"VARCHAR({length})"))
            measured = invoke("length", exp.column(column.this.copy()))
            fits = exp.LTE(this=measured, expression=exp.Literal.number(length))
            check = exp.CheckColumnConstraint(this=fits)
            column.append("constraints", exp.ColumnConstraint(kind=check))
    return expression


def lengths_to_limit(expression: Any) -> dict[str, int]:
    """The lengths of columns that ADD COLUMN or CREATE TABLE .. AS makes, where no CHECK can stand."""
    columns: list[Any] = []
    if isinstance(expression, exp.Alter):
        columns = expression.args.get("actions") or []
    elif expression.expression is not None and isinstance(expression.this, exp.Schema):
        columns = expression.this.expressions
    found: dict[str, int] = {}
    for column in columns:
        length = text_length(column.args.get("kind")) if isinstance(column, exp.ColumnDef) else None
        if length:
            found[stored_name(column)] = length
    return found


def dropped_columns(expression: Any) -> list[Any]:
    """The columns that an ALTER TABLE drops, each once."""
    found: dict[str, Any] = {}
    if not isinstance(expression, exp.Alter):
        return []
    for action in expression.args.get("actions") or []:
        if isinstance(action, exp.Drop) and action.kind == "COLUMN":
            for column in action.args["tables"]:
                found.setdefault(stored_name(column), column)
    return list(found.values())


def dropping(alter: Any, column: Any) -> Any:
    """The same for one column alone, as DuckDB takes it."""
    one = alter.copy()
    one.args["actions"][0].set("tables", [column.copy()])
    return one


def leave_columns(session: Session, alter: Any, name: QualifiedName) -> None:
    """ADD COLUMN IF NOT EXISTS does nothing where there is such a column."""
    if not any(
        isinstance(one, exp.ColumnDef) and one.args.get("exists") for one in alter.args["actions"]
    ):
        return
    stored = session.stored_as(name)
    rows = session.duck.execute(
        "SELECT upper(column_name) FROM duckdb_columns() "
        "WHERE database_name = ? AND schema_name = ? AND table_name = ?",
        stored.parts,
    ).fetchall()
    there = {column for (column,) in rows}
    alter.set(
        "actions",
        [
            one
            for one in alter.args["actions"]
            if not (one.args.get("exists") and stored_name(one).upper() in there)
        ],
    )


def text_length(kind: Any) -> int | None:
    """How many characters a type of texts takes; None where it takes any number."""
    if not isinstance(kind, exp.DataType) or kind.this not in exp.DataType.TEXT_TYPES:
        return None
    if kind.expressions:
        return int(kind.expressions[0].name)
    return 1 if kind.this in (exp.DataType.Type.CHAR, exp.DataType.Type.NCHAR) else None


def _primary_not_null(create: Any) -> None:
    """A primary key's columns are NOT NULL, which Snowflake does enforce."""
    named = {one.name.upper() for key in create.find_all(exp.PrimaryKey) for one in key.expressions}
    for column in create.find_all(exp.ColumnDef):
        kinds = {type(one.kind) for one in column.args.get("constraints") or []}
        keyed = exp.PrimaryKeyColumnConstraint in kinds or column.name.upper() in named
        if keyed and exp.NotNullColumnConstraint not in kinds:
            column.append("constraints", exp.ColumnConstraint(kind=exp.NotNullColumnConstraint()))


def _constraints(_: Session, expression: Any) -> Any:
    """Snowflake records keys and enforces none of them; DuckDB would enforce them."""
    if isinstance(expression, exp.Create):
        _primary_not_null(expression)
        for kind in (
            exp.PrimaryKeyColumnConstraint,
            exp.UniqueColumnConstraint,
            exp.Reference,
        ):
            for node in list(expression.find_all(kind)):
                parent = node.parent
                (parent if isinstance(parent, exp.ColumnConstraint) else node).pop()
        for node in list(expression.find_all(exp.PrimaryKey, exp.ForeignKey, exp.Constraint)):
            node.pop()
        for node in list(expression.find_all(exp.CommentColumnConstraint)):
            # Set once the table is there (`column_comments`).
            (node.parent or node).pop()
    return expression


def required_columns(expression: Any) -> list[str]:
    """The columns that a CREATE TABLE .. AS declares NOT NULL."""
    if not isinstance(expression.this, exp.Schema) or expression.expression is None:
        return []
    return [
        stored_name(column)
        for column in expression.this.expressions
        if isinstance(column, exp.ColumnDef)
        for constraint in column.args.get("constraints") or []
        if isinstance(constraint.kind, exp.NotNullColumnConstraint)
        and not constraint.kind.args.get("allow_null")
    ]


def column_comments(expression: Any) -> dict[str, str]:
    """The comments that a CREATE TABLE, or ADD COLUMN, gives its columns."""
    columns = expression.args.get("actions") or []
    if isinstance(expression.this, exp.Schema):
        columns = expression.this.expressions
    return {
        stored_name(column): constraint.kind.this.name
        for column in columns
        if isinstance(column, exp.ColumnDef)
        for constraint in column.args.get("constraints") or []
        if isinstance(constraint.kind, exp.CommentColumnConstraint)
    }


def is_sequence(session: Session, name: QualifiedName) -> bool:
    """Whether there is a sequence of this name."""
    return bool(
        session.duck.execute(
            "SELECT 1 FROM duckdb_sequences() WHERE database_name = ? AND schema_name = ? "
            "AND sequence_name = ?",
            name.parts,
        ).fetchall()
    )


def done() -> Any:
    """The answer to what needs nothing done."""
    done = exp.Literal.string("Statement executed successfully.")
    return exp.select(exp.alias_(done, "status", quoted=True))


def _truncate(session: Session, expression: Any) -> Any:
    """TRUNCATE IF EXISTS, which DuckDB does not know."""
    if isinstance(expression, exp.TruncateTable) and expression.args.get("exists"):
        name = written_table(session, expression)
        if name is None or session.relation_kind(name) is None:
            return done()
        expression.set("exists", None)
    return expression


def _idle(session: Session, expression: Any) -> Any:
    """What IF [NOT] EXISTS answers where there is nothing to do."""
    if isinstance(expression, exp.Alter):
        return expression if expression.args.get("actions") else done()
    if not expression.args.get("exists") or not isinstance(expression, (exp.Create, exp.Drop)):
        return expression
    kinds = {"TABLE", "VIEW", "SEQUENCE"}
    name = written_table(session, expression) if expression.kind in kinds else None
    if name is None:
        return expression
    sequence = expression.kind == "SEQUENCE"
    there = is_sequence(session, name) if sequence else session.relation_kind(name)
    if bool(there) != isinstance(expression, exp.Create):
        return expression
    if isinstance(expression, exp.Create):
        text = f"{name.name} already exists, statement succeeded."
    else:
        text = f"Drop statement executed successfully ({name.name} already dropped)."
    return exp.select(exp.alias_(exp.Literal.string(text), "status"))


def _transient(_: Session, expression: Any) -> Any:
    """Transient tables are tables here: there is no time travel to leave out."""
    if isinstance(expression, exp.Create):
        for node in list(expression.find_all(exp.TransientProperty)):
            node.pop()
    return expression


def _sequence(_: Session, expression: Any) -> Any:
    """A sequence counts in order, whatever is said, and from and to any 64 bits, backwards too."""
    for node in expression.find_all(exp.SequenceProperties):
        node.set("options", None)
        node.set("minvalue", exp.Literal.number(-(2**63)))
        node.set("maxvalue", exp.Literal.number(2**63 - 1))
    return expression


_FOLDED = (exp.Literal, exp.Cast, exp.DataType, exp.DataTypeParam, exp.Paren, exp.Neg, exp.Null)


def constant_defaults(session: Session, expression: Any) -> Any:
    """What a DEFAULT makes of constants by macros, which DuckDB does not take there, as it is."""
    for default in list(expression.find_all(exp.DefaultColumnConstraint)):
        value = default.this
        made = list(value.find_all(exp.Anonymous))
        ours = made and all(one.name.startswith("_es_") for one in made)
        if ours and all(isinstance(one, (*_FOLDED, exp.Anonymous)) for one in value.walk()):
            text = f"SELECT CAST({value.sql(dialect='duckdb')} AS VARCHAR)"
            (found,) = session.duck.execute(text).fetchall()[0]
            default.set("this", exp.null() if found is None else exp.Literal.string(found))
    return expression


def _longest_binary(_: Session, expression: Any) -> Any:
    """BINARY(8388608), as DESCRIBE shows it, is the longest; DuckDB's type takes no length."""
    for node in list(expression.find_all(exp.DataType)):
        if node.this in (exp.DataType.Type.BINARY, exp.DataType.Type.VARBINARY):
            if node.expressions and node.expressions[0].name != "8388608":
                raise errors.unsupported("BINARY of a length")
            node.set("expressions", [])
    return expression


STEPS = (
    ((exp.Create,), _constraints),
    ((exp.Create,), _lengths),
    ((exp.Create,), _transient),
    ((exp.SequenceProperties,), _sequence),
    ((exp.DataType,), _longest_binary),
    ((exp.TruncateTable,), _truncate),
    ((exp.Create, exp.Drop, exp.Alter), _idle),
)
"""Steps of `rewriting`, with the kinds of node that each looks for."""
