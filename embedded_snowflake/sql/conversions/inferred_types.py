"""The types of a statement's expressions, as sqlglot infers them from the columns of its tables.

Where nothing is known of an expression (a table function's columns, say), it has no type here, and
nobody may guess one. What is done with the types stands in `coercion.py`.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from sqlglot import exp
from sqlglot.dialects.snowflake import Snowflake
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers
from sqlglot.optimizer.qualify_columns import qualify_columns
from sqlglot.optimizer.qualify_tables import qualify_tables
from sqlglot.schema import MappingSchema

from embedded_snowflake.names import QualifiedName
from embedded_snowflake.sql import table_names
from embedded_snowflake.sql.conversions.column_facts import ColumnFacts
from embedded_snowflake.sql.conversions.number_types import ANNOTATORS, scale_of

if TYPE_CHECKING:
    from embedded_snowflake.sessions.session import Session

_SNOWFLAKE = Snowflake()
_VARIANT: Any = {"returns": exp.DataType.Type.VARIANT}
_ARRAY: Any = {"returns": exp.DataType.Type.ARRAY}
_TEXT: Any = {"returns": exp.DataType.Type.VARCHAR}
_OBJECT: Any = {"returns": exp.DataType.Type.OBJECT}
_CALLS = {
    **{
        f"{name}{kind}": getattr(exp.DataType.Type, kind.replace("_", ""))
        for name in ("TO_", "TRY_TO_")
        for kind in ("TIMESTAMP", "TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ", "DATE", "TIME")
    },
    **dict.fromkeys(("HAVERSINE", "AS_DOUBLE"), exp.DataType.Type.DOUBLE),
    **dict.fromkeys(("_ES_TIME_TEXT", "AS_VARCHAR", "AS_CHAR"), exp.DataType.Type.VARCHAR),
    **{
        f"AS_{kind}": getattr(exp.DataType.Type, kind.replace("_", ""))
        for kind in (
            *("BOOLEAN", "ARRAY", "OBJECT", "BINARY", "DATE", "TIME"),
            *("TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ"),
        )
    },
    **dict.fromkeys(
        ("TO_OBJECT", "OBJECT_DELETE", "OBJECT_PICK", "ARRAYS_TO_OBJECT"),
        exp.DataType.Type.OBJECT,
    ),
    **dict.fromkeys(("HASH", "AS_INTEGER", "CONDITIONAL_TRUE_EVENT"), exp.DataType.Type.BIGINT),
}
"""Functions that sqlglot has no node for."""


def _call(annotator: Any, node: Any) -> Any:
    name = node.name.upper()
    other = exp.DataType.Type.BOOLEAN if name.startswith("IS_") else exp.DataType.Type.UNKNOWN
    kind = _CALLS.get(name, other)
    return annotator._set_type(node, kind)  # noqa: SLF001


def _made_of_number(annotator: Any, node: Any) -> Any:
    kind = node.args.get("target_type") or exp.DataType.Type.TIMESTAMPNTZ
    return annotator._set_type(node, kind)  # noqa: SLF001


_METADATA: Any = {
    **Snowflake.EXPRESSION_METADATA,
    **{kind: {"annotator": annotator} for kind, annotator in ANNOTATORS.items()},
    **dict.fromkeys(
        (exp.JSONExtract, exp.GetExtract, exp.Bracket, exp.Dot, exp.ToVariant), _VARIANT
    ),
    **dict.fromkeys((exp.ArrayInsert, exp.ArrayDistinct, exp.ArrayExcept), _ARRAY),
    **dict.fromkeys((exp.ArrayIntersect, exp.Flatten, exp.ArrayRemoveAt, exp.JSONKeys), _ARRAY),
    **dict.fromkeys((exp.ToArray, exp.ArrayFilter, exp.Transform, exp.RegexpExtractAll), _ARRAY),
    **dict.fromkeys(
        (exp.ArraysZip, exp.StrtokToArray, exp.ArrayUniqueAgg, exp.ArrayUnionAgg), _ARRAY
    ),
    exp.GetIgnoreCase: _VARIANT,
    **dict.fromkeys(
        (exp.JSONObject, exp.ObjectInsert, exp.StarMap, exp.ParseUrl, exp.Struct), _OBJECT
    ),
    **dict.fromkeys((exp.ArrayMin, exp.ArrayMax), _VARIANT),
    **dict.fromkeys((exp.ToChar, exp.JSONFormat), _TEXT),
    exp.Anonymous: {"annotator": _call},
    exp.UnixToTime: {"annotator": _made_of_number},
}
_FLATTEN = "_FLATTEN"
_GROUPS: dict[str, set[Any]] = {
    "TEXT": set(exp.DataType.TEXT_TYPES),
    "INTEGER": set(exp.DataType.INTEGER_TYPES),
    "DECIMAL": {exp.DataType.Type.DECIMAL},
    "FLOAT": {exp.DataType.Type.FLOAT, exp.DataType.Type.DOUBLE},
    "VARIANT": {exp.DataType.Type.VARIANT, exp.DataType.Type.JSON},
    "BOOLEAN": {exp.DataType.Type.BOOLEAN},
    "BINARY": {exp.DataType.Type.BINARY, exp.DataType.Type.VARBINARY},
    "DATE": {exp.DataType.Type.DATE},
    "TIME": {exp.DataType.Type.TIME},
    "TIMESTAMP": {
        exp.DataType.Type.TIMESTAMP,
        exp.DataType.Type.TIMESTAMPNTZ,
        exp.DataType.Type.DATETIME,
    },
    "ZONED": {exp.DataType.Type.TIMESTAMPTZ, exp.DataType.Type.TIMESTAMPLTZ},
}
_GROUP_OF = {kind: group for group, kinds in _GROUPS.items() for kind in kinds}


def group_of(kind: Any) -> str | None:
    """The kind of a type: TEXT, INTEGER, DECIMAL, FLOAT, VARIANT, BOOLEAN, DATE ..; None of others.

    A DECIMAL without digits behind the point is an INTEGER.
    """
    if kind is None:
        return None
    group = _GROUP_OF.get(kind.this)
    return "INTEGER" if group == "DECIMAL" and scale_of(kind) == 0 else group


NUMBERS = frozenset({"INTEGER", "DECIMAL", "FLOAT"})
TIMES = frozenset({"DATE", "TIME", "TIMESTAMP", "ZONED"})
TEXTS_IN_JSON = frozenset({"TIMESTAMP", "ZONED", "BINARY"})
"""What is a text within a VARIANT."""

FINER = {
    **dict.fromkeys((exp.DataType.Type.ARRAY, exp.DataType.Type.LIST), "ARRAY"),
    **dict.fromkeys((exp.DataType.Type.OBJECT, exp.DataType.Type.STRUCT), "OBJECT"),
    exp.DataType.Type.MAP: "OBJECT",
    exp.DataType.Type.TIMESTAMPTZ: "TIMESTAMP_TZ",
}


def finer_types(session: Session, query: Any) -> list[str | None]:
    """What DuckDB's types of a query's columns do not say: ARRAY, OBJECT, TIMESTAMP_TZ.

    DuckDB has one type, JSON, for the first two and VARIANT, and one for all moments with a zone.

    Returns:
        One for each column, None where DuckDB's type says all or nothing more is known; nothing
        where the query's types cannot be inferred.
    """
    query = table_names.named(session, query.copy())
    types = Inferred(session, query, finer=True)
    types.resolve()
    return [kind and FINER.get(kind.this) for _, kind in types.outputs(query)]


class Inferred:
    """What is known of a statement's types."""

    def __init__(self, session: Session, expression: Any, *, finer: bool = False) -> None:
        """Look up the columns; `resolve` infers the types of what is made of them.

        Args:
            session: whose current schema and tables the names mean.
            expression: the statement's tree, which stays as it is.
            finer: tell ARRAYs and OBJECTs that tables hold from VARIANTs.
        """
        self._session = session
        self._expression = expression
        self._columns = _columns_of(session, expression, finer=finer)
        self._types: dict[int, Any] = {}
        self._aliases: dict[int, Any] = {}
        self._outputs: dict[int, list[tuple[str, Any]]] = {}
        self._nodes: list[Any] = []

    def resolve(self) -> None:
        """Infer every type; of a statement whose names are not found, nothing is known."""
        # Kept: of a node that is gone, another may get the id.
        self._nodes = nodes = list(self._expression.walk())
        for place, node in enumerate(nodes):
            node.meta["place"] = place
        # As a table in FROM, a subquery in LATERAL gives its columns' types, but knows none of the
        # rows beside it.
        resolved = self._resolved(laterals=False)
        again = None
        if any(isinstance(one, exp.Lateral) and _is_query(one) for one in nodes):
            again = self._resolved(laterals=True)
        for node in nodes:
            node.meta.pop("place", None)
        found: dict[int, Any] = {}
        outputs: dict[int, Any] = {}
        kept: set[int] = set()
        for node in () if resolved is None else resolved.walk():
            place = node.meta.get("place")
            if place is None:
                continue
            kept.add(place)
            if node.type is not None:
                found.setdefault(place, node.type)
            if isinstance(node, exp.Query):
                outputs.setdefault(place, [(one.alias_or_name, one.type) for one in node.selects])
        for node in () if again is None else again.walk():
            place = node.meta.get("place")
            if place is not None and node.type is not None and not _is_known(found.get(place)):
                found[place] = node.type
        self._types = {id(nodes[place]): kind for place, kind in found.items()}
        if resolved is not None:
            self._name_again([node for place, node in enumerate(nodes) if place not in kept])
        self._outputs = {id(nodes[place]): shown for place, shown in outputs.items()}

    def _name_again(self, gone: list[Any]) -> None:
        """Note the types of the aliases in whose place sqlglot wrote what they stand for."""
        for node in gone:
            if not isinstance(node, exp.Column) or node.table:
                continue
            select: Any = node.find_ancestor(exp.Select)
            if select is None or node.name.upper() in _joined_by(select):
                continue
            for one in select.expressions:
                if isinstance(one, exp.Alias) and one.alias.upper() == node.name.upper():
                    self._aliases[id(node)] = one
                    kind = self._types.get(id(one)) or self.type_of(one.this)
                    if kind is not None:
                        self._types[id(node)] = kind

    def alias_of(self, column: Any) -> Any:
        """The column of the same SELECT that a name means, where it means one by its alias."""
        return self._aliases.get(id(column))

    def _resolved(self, *, laterals: bool) -> Any:
        query = _as_query(self._expression.copy())
        if query is None:
            return None
        _flatten_as_table(query, laterals=laterals)
        _values_as_one_row(query)
        schema = MappingSchema(dialect=_SNOWFLAKE, normalize=False)
        flattened = exp.to_table(_FLATTEN, catalog="_", db="_")
        schema.add_table(flattened, _FLATTENED)
        for name, columns in self._columns.items():
            table = exp.to_table(f'"{name.name}"', db=name.schema, catalog=name.database)
            schema.add_table(table, columns)
        try:
            query = normalize_identifiers(query, dialect=_SNOWFLAKE)
            query = qualify_tables(
                query,
                catalog=self._session.database,
                db=self._session.schema,
                dialect=_SNOWFLAKE,
            )
            query = qualify_columns(query, schema=schema, dialect=_SNOWFLAKE)
            return annotate_types(
                query, schema=schema, expression_metadata=_METADATA, dialect=_SNOWFLAKE
            )
        except (SqlglotError, AssertionError):
            # The latter of ORDER BY 1 beside a * whose columns are not known.
            return None

    def type_of(self, node: Any) -> Any:
        """The type of an expression of the statement; None where it is not known."""
        while isinstance(node, (exp.Paren, exp.Distinct)) and id(node) not in self._types:
            node = node.this if isinstance(node, exp.Paren) else node.expressions[0]
        if id(node) not in self._types and isinstance(node, exp.Cast):
            return node.to
        return self._types.get(id(node))

    def kind(self, node: Any) -> str | None:
        """`group_of` its type."""
        return group_of(self.type_of(node))

    def scale(self, node: Any) -> int | None:
        """The digits behind the point of a number; None of a FLOAT, and where they are not known."""
        return scale_of(self.type_of(node), node)

    def note(self, node: Any, kind: Any) -> Any:
        """Remember the type of a node that is new in the statement; returns the node."""
        self._types[id(node)] = kind
        self._nodes.append(node)
        return node

    def outputs(self, query: Any) -> list[tuple[str, Any]]:
        """The names and types of a query's columns; nothing where they are not known."""
        return self._outputs.get(id(query), [])

    def column_names(self) -> set[str]:
        """The names, in upper case, of the columns of all tables that the statement names."""
        return {name.upper() for columns in self._columns.values() for name in columns}

    def columns(self, table: QualifiedName) -> dict[str, Any]:
        """The columns of a table that the statement names, with their types."""
        return self._columns.get(table, {})


def _joined_by(select: Any) -> set[str]:
    """The names after USING, in whose place sqlglot writes both sides' columns."""
    joins = select.args.get("joins") or []
    return {one.name.upper() for join in joins for one in join.args.get("using") or []}


@functools.cache
def _type(kind: str) -> Any:
    if kind == "HUGEINT":
        kind = "DECIMAL(38, 0)"
    try:
        return exp.DataType.build(kind, dialect="duckdb")
    except SqlglotError:
        return exp.DataType.build("UNKNOWN")


@functools.cache
def _declared(kind: str) -> Any:
    return exp.DataType.build(kind, dialect="snowflake")


_FLATTENED = {
    "SEQ": _type("BIGINT"),
    "KEY": _type("VARCHAR"),
    "PATH": _type("VARCHAR"),
    "INDEX": _type("BIGINT"),
    "VALUE": _type("JSON"),
    "THIS": _type("JSON"),
}


_ZONED = "TIMESTAMP WITH TIME ZONE"


def _columns_of(
    session: Session, expression: Any, *, finer: bool
) -> dict[QualifiedName, dict[str, Any]]:
    named = table_names.tables_of(session, expression)
    held = {session.stored_as(one): one for one in named}
    if not held:
        return {}
    rows = session.duck.execute(
        "SELECT database_name, schema_name, table_name, column_name, data_type "
        "FROM duckdb_columns() WHERE list_contains(?, table_name) ORDER BY column_index",
        [[stored.name for stored in held]],
    ).fetchall()
    found: dict[QualifiedName, dict[str, Any]] = {}
    declared: dict[QualifiedName, dict[str, str]] = {}
    for database, schema, table, column, kind in rows:
        name = held.get(QualifiedName(database, schema, table))
        if name is None:
            continue
        known = None
        if kind == _ZONED or (finer and kind == "JSON"):
            if name not in declared:
                declared[name] = ColumnFacts(session, name).kinds()
            known = declared[name].get(column, "TIMESTAMP_LTZ" if kind == _ZONED else None)
        found.setdefault(name, {})[column] = _type(kind) if known is None else _declared(known)
    return found


def _as_query(expression: Any) -> Any:
    """A query of everything that a statement computes, made of its own nodes."""
    if isinstance(expression, exp.Query):
        return expression
    if isinstance(expression, (exp.Insert, exp.Create)):
        inner = expression.expression
        if isinstance(inner, exp.Values):
            return exp.Select(
                expressions=[one for row in inner.expressions for one in row.expressions]
            )
        return inner if isinstance(inner, exp.Query) else None
    where = expression.args.get("where")
    values = [one.expression for one in expression.expressions if isinstance(one, exp.EQ)]
    sources: list[Any] = []
    if isinstance(expression, exp.Update) and expression.args.get("from_"):
        sources = [expression.args["from_"].this]
    elif isinstance(expression, exp.Delete):
        sources = list(expression.args.get("using") or [])
    elif isinstance(expression, exp.Merge):
        sources = [expression.args["using"]]
        values = [expression.args["on"]]
        for when in expression.find_all(exp.When):
            values += [one for one in (when.args.get("condition"),) if one is not None]
            then = when.args.get("then")
            if isinstance(then, exp.Update):
                values += [one.expression for one in then.expressions]
            elif isinstance(then, exp.Insert) and isinstance(then.expression, exp.Tuple):
                values += then.expression.expressions
    elif not isinstance(expression, exp.Update):
        return None
    query = exp.Select(expressions=values or [exp.Literal.number("1")])
    query.set("from_", exp.From(this=expression.this))
    query.set("joins", [exp.Join(this=one) for one in sources])
    query.set("where", where)
    query.set("with_", expression.args.get("with_"))
    return query


def _is_query(lateral: Any) -> bool:
    return isinstance(lateral.this, exp.Subquery)


def _is_known(kind: Any) -> bool:
    return kind is not None and not kind.is_type(exp.DataType.Type.UNKNOWN)


def _flatten_as_table(query: Any, *, laterals: bool) -> None:
    """FLATTEN's columns are known: in its place stands a table that has them.

    Args:
        query: in which it stands.
        laterals: leave a subquery in LATERAL one, which knows the rows beside it.
    """
    for node in list(query.find_all(exp.Lateral, exp.TableFromRows)):
        if _is_query(node):
            if not laterals and isinstance(node, exp.Lateral):
                node.this.set("alias", node.args.get("alias"))
                node.replace(node.this)
            continue
        table = exp.to_table(_FLATTEN, catalog="_", db="_")
        table.set("alias", node.args.get("alias"))
        if isinstance(node, exp.TableFromRows) and not isinstance(node.this, exp.Explode):
            continue
        if node.arg_key == "laterals":
            select: Any = node.parent
            node.pop()
            select.append("joins", exp.Join(this=table))
        else:
            node.replace(table)


def _values_as_one_row(query: Any) -> None:
    """A column of VALUES has the type that its rows have together; sqlglot looks at the first."""
    for values in query.find_all(exp.Values):
        rows = [row.expressions for row in values.expressions if isinstance(row, exp.Tuple)]
        if len(rows) < 2 or len({len(row) for row in rows}) > 1:
            continue
        together = [
            exp.Coalesce(this=cells[0], expressions=list(cells[1:]))
            for cells in zip(*rows, strict=True)
        ]
        values.set("expressions", [exp.Tuple(expressions=together)])
