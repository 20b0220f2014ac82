"""Which tables a statement names, and the names written out that its text leaves to be found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlglot import exp

from embedded_snowflake import errors
from embedded_snowflake.names import QualifiedName, stored_name
from embedded_snowflake.sql import building, reading

if TYPE_CHECKING:
    from embedded_snowflake.sessions.session import Session


DML = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.TruncateTable)
WRITING = (*DML, exp.Create, exp.Drop, exp.Alter)
"""The kinds of statement that write an object, which they name."""


def written_table(session: Session, expression: Any) -> QualifiedName | None:
    """The table that a statement writes, completed; None for one that only reads."""
    if not isinstance(expression, WRITING):
        return None
    if isinstance(expression, exp.TruncateTable):
        table = expression.expressions[0]
    elif isinstance(expression, exp.Drop):
        table = expression.this or (expression.args.get("tables") or [None])[0]
    else:
        table = expression.this
        if isinstance(table, exp.Schema):
            table = table.this
    return name_of(session, table) if isinstance(table, exp.Table) else None


def name_of(session: Session, table: Any) -> QualifiedName:
    """The name of a table in a statement, completed by the current database and schema."""
    inner = table.this
    if isinstance(inner, (exp.Anonymous, exp.DynamicIdentifier)):
        text = (inner.expressions or [inner.this])[0].name
        return session.qualified(reading.Reader(text, session).parts())
    parts = [
        stored_name(part)
        for part in (table.args.get("catalog"), table.args.get("db"), inner)
        if isinstance(part, exp.Identifier)
    ]
    return session.qualified(tuple(parts))


def tables_of(session: Session, expression: Any) -> set[QualifiedName]:
    """The names of the tables that stand in a tree, where they can be completed."""
    return {
        name_of(session, table)
        for table in expression.find_all(exp.Table)
        if isinstance(table.this, exp.Identifier)
        and (table.db or session.schema is not None)
        and (table.catalog or session.database is not None)
    }


def named(session: Session, expression: Any) -> Any:
    """The statement with the names written out that its text leaves to be found."""
    _identifiers(session, expression)
    _dual(session, expression)
    _values_columns(expression)
    _recursive(expression)
    return expression


def is_recursive(union: Any) -> bool:
    """Whether a set operator's second query reads the WITH that it makes."""
    made = union.parent
    return isinstance(made, exp.CTE) and any(
        not table.db and table.name.upper() == made.alias.upper()
        for table in union.expression.find_all(exp.Table)
    )


def _recursive(expression: Any) -> None:
    """RECURSIVE may be left out; DuckDB needs the word, and with it takes no table of that name."""
    for node in expression.find_all(exp.With):
        made = [one.this for one in node.expressions]
        if any(isinstance(one, exp.Union) and is_recursive(one) for one in made):
            node.args["recursive"] = True


def _identifiers(session: Session, expression: Any) -> None:
    """``IDENTIFIER('"A"."B"')``: fakesnow takes a quoted name of parts for one part."""
    for table in list(expression.find_all(exp.Table)):
        if isinstance(table.this, (exp.Anonymous, exp.DynamicIdentifier)) and (
            isinstance(table.this, exp.DynamicIdentifier) or table.this.name.upper() == "IDENTIFIER"
        ):
            name = name_of(session, table)
            table.set("this", exp.to_identifier(name.name, quoted=True))
            table.set("db", exp.to_identifier(name.schema, quoted=True))
            table.set("catalog", exp.to_identifier(name.database, quoted=True))


def _dual(session: Session, expression: Any) -> None:
    """DUAL, where nothing has that name, is a row without columns."""
    for table in list(expression.find_all(exp.Table)):
        if table.name.upper() != "DUAL" or table.db or not isinstance(table.parent, exp.From):
            continue
        own = session.schema is not None and session.relation_kind(name_of(session, table))
        if own or any(one.alias.upper() == "DUAL" for one in expression.find_all(exp.CTE)):
            continue
        if table.find_ancestor(exp.Select).is_star:
            raise errors.unsupported("* of DUAL")
        row = exp.select(exp.alias_(exp.null(), "_es_dual", quoted=True))
        table.replace(row.subquery(table.alias or "DUAL"))


def _values_columns(expression: Any) -> None:
    """``SELECT $1 FROM VALUES (..)``, ``SELECT x.column1 FROM VALUES (..) x``."""
    for place, values in enumerate(expression.find_all(exp.Values)):
        alias, rows = values.args.get("alias"), values.expressions
        if not rows or not isinstance(rows[0], exp.Tuple) or (alias and alias.columns):
            continue
        if alias is None and not values.find_ancestor(exp.Select):
            # Rows that are inserted.
            continue
        width = len(rows[0].expressions)
        names = [exp.to_identifier(f"COLUMN{n + 1}", quoted=True) for n in range(width)]
        named = alias.this if alias else exp.to_identifier(f"_VALUES_{place}")
        values.set("alias", exp.TableAlias(this=named, columns=names))
    for parameter in list(expression.find_all(exp.Parameter)):
        if isinstance(parameter.this, exp.Literal) and parameter.this.is_int:
            place = int(parameter.this.name)
            columns = _columns_of_values(parameter)
            if not 0 < place <= len(columns):
                raise errors.unsupported(
                    f"${place} of what is no VALUES with so many columns, and no stage: "
                    "name the column"
                )
            column = exp.to_identifier(columns[place - 1].name, quoted=True)
            parameter.replace(exp.column(column))


def _columns_of_values(parameter: Any) -> list[Any]:
    """The names of the columns of the VALUES that a ``$1`` is of."""
    of, select = parameter.parent, parameter.parent_select
    sources = building.sources(select) if isinstance(select, exp.Select) else []
    if isinstance(of, exp.Column) and of.table:
        sources = [one for one in sources if one.alias_or_name.upper() == of.table.upper()]
    if len(sources) == 1 and isinstance(sources[0], exp.Subquery):
        sources = [sources[0].this]
    alias = sources[0].args.get("alias") if len(sources) == 1 else None
    return alias.columns if alias is not None and isinstance(sources[0], exp.Values) else []


def quote_reserved(expression: Any) -> Any:
    """Names that are no reserved words on Snowflake, but are for DuckDB."""
    for node in expression.find_all(exp.Identifier):
        if not node.quoted and node.name.lower() in _RESERVED:
            node.args["quoted"] = True
    return expression


_RESERVED = frozenset(
    {
        *("analyse", "analyze", "array", "asymmetric", "at", "both", "collate", "concurrently"),
        *("deferrable", "describe", "do", "end", "fetch", "foreign", "initially", "lambda"),
        *("leading", "limit", "offset", "only", "pivot", "pivot_longer", "pivot_wider"),
        *("placing", "primary", "references", "show", "summarize", "symmetric", "trailing"),
        *("unpivot", "variadic", "window"),
    }
)
