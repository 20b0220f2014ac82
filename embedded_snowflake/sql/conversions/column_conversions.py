"""Conversions of whole columns: what a set operator puts under each other, and what is stored.

Add a place where the rows of a query meet columns that have types already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlglot import exp

from embedded_snowflake import errors
from embedded_snowflake.names import stored_name
from embedded_snowflake.sql import rewriting, table_names
from embedded_snowflake.sql.building import swap
from embedded_snowflake.sql.conversions.column_facts import ColumnFacts
from embedded_snowflake.sql.conversions.inferred_types import (
    NUMBERS,
    TEXTS_IN_JSON,
    TIMES,
    Inferred,
    group_of,
)
from embedded_snowflake.sql.conversions.number_types import scale_of
from embedded_snowflake.sql.functions.casts import plainly_a_time

if TYPE_CHECKING:
    from embedded_snowflake.names import QualifiedName
    from embedded_snowflake.sessions.session import Session


def set_operator(node: Any, types: Inferred) -> Any:
    """A text over a number, a day or a truth value is read as one, over a VARIANT it becomes one."""
    left, right = types.outputs(node.this), types.outputs(node.expression)
    if len(left) != len(right) and not node.args.get("by_name"):
        return node
    if table_names.is_recursive(node):
        for (name, begun), (_, later) in zip(left, right, strict=True):
            if _narrower(begun, later):
                raise errors.unsupported(
                    f"a recursive WITH whose column {name} goes on with another type than it "
                    "begins with: cast it in the first query"
                )
    for side, own, beside in (("this", left, right), ("expression", right, left)):
        other = _by_name(own, beside) if node.args.get("by_name") else beside
        kinds = [
            _over(group_of(mine), theirs) for (_, mine), (_, theirs) in zip(own, other, strict=True)
        ]
        if any(kinds):
            node.set(side, _cast_outputs(node.args[side], own, kinds))
    return node


def _narrower(begun: Any, later: Any) -> bool:
    """Whether DuckDB would lose something: it casts to the type that the recursion begins with."""
    first, second = group_of(begun), group_of(later)
    if first is None or second is None or (first, second) == ("TIMESTAMP", "DATE"):
        return False
    digits = scale_of(begun), scale_of(later)
    if digits[0] is not None and digits[1] is not None:
        return digits[0] < digits[1]
    return first != second and not (first == "FLOAT" and second in NUMBERS)


def _over(mine: str | None, theirs: Any) -> Any:
    """The type that a set operator's column is cast to, by what it meets; None where it stays."""
    wanted = group_of(theirs)
    if wanted == "VARIANT" and mine in {"TEXT", *TEXTS_IN_JSON}:
        return exp.DataType.build("VARIANT", dialect="snowflake")
    read = {*NUMBERS, *TIMES, "BOOLEAN", "BINARY"}
    return theirs if mine == "TEXT" and wanted in read else None


def _by_name(own: list[tuple[str, Any]], other: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """The columns of one query, with the types that those of the same names have in another."""
    named = {name.upper(): kind for name, kind in other}
    return [(name, named.get(name.upper())) for name, _ in own]


def _cast_outputs(query: Any, outputs: list[tuple[str, Any]], kinds: list[Any]) -> Any:
    """A query whose columns are cast where a type is given."""
    names = [name for name, _ in outputs]
    if len(set(names)) < len(names) or "" in names:
        raise errors.unsupported(
            "a conversion of columns that have no name, or the same: give them names"
        )
    places = [f"COLUMN{place}" for place in range(1, len(names) + 1)]
    columns: list[Any] = []
    for name, place, kind in zip(names, places, kinds, strict=True):
        column: Any = exp.column(exp.to_identifier(place, quoted=True))
        value = column if kind is None else exp.Cast(this=column, to=kind.copy())
        columns.append(exp.alias_(value, name, quoted=True))
    inner = query.this if isinstance(query, exp.Subquery) and not query.alias else query
    alias = exp.TableAlias(
        this=exp.to_identifier("_S"),
        columns=[exp.to_identifier(place, quoted=True) for place in places],
    )
    return exp.select(*columns).from_(exp.Subquery(this=inner.copy(), alias=alias))


def is_typed(expression: Any) -> bool:
    """Whether it makes a table of a query and names types for its columns."""
    typed = isinstance(expression, exp.Create) and isinstance(expression.this, exp.Schema)
    return typed and isinstance(expression.expression, exp.Query)


def assign(session: Session, expression: Any, types: Inferred) -> None:
    """What is written into a column has its type."""
    if isinstance(expression, exp.Create):
        # `patches` casts what becomes a new table's columns, but parses texts for a VARIANT.
        kinds = [one.args.get("kind") for one in expression.this.expressions]
        halves = [one if one and one.this in _HALF_STRUCTURED else None for one in kinds]
        _cast_source(expression, halves, types)
        return
    target = table_names.written_table(session, expression)
    stored = {} if target is None else _stored(session, target, types)
    if not stored:
        return
    for value, kind in _written(expression, stored, types):
        if kind is not None and _needs(_given(value, kind, types), kind):
            swap(value, lambda old, kind=kind: exp.Cast(this=old, to=kind.copy()))


def _stored(session: Session, target: QualifiedName, types: Inferred) -> dict[str, Any]:
    """The types of a table's columns; of DuckDB's JSON which of Snowflake's three it is."""
    stored = types.columns(target)
    if not any(group_of(kind) == "VARIANT" for kind in stored.values()):
        return stored
    kinds = ColumnFacts(session, target).kinds()
    return {
        name: exp.DataType.build(kinds.get(name, "VARIANT"), dialect="snowflake")
        if group_of(kind) == "VARIANT"
        else kind
        for name, kind in stored.items()
    }


def _given(value: Any, kind: Any, types: Inferred) -> str | None:
    """The kind of a value; None of a literal that DuckDB reads as Snowflake does."""
    if not isinstance(value, exp.Literal):
        return types.kind(value)
    if not value.is_string:
        return "FLOAT" if "e" in value.name.lower() else None
    return None if plainly_a_time(value) and group_of(kind) in TIMES else "TEXT"


def _written(expression: Any, stored: dict[str, Any], types: Inferred) -> list[tuple[Any, Any]]:
    """The values that a statement writes, each with its column's type; a query's are cast here."""
    if isinstance(expression, exp.Insert):
        named = expression.this.expressions if isinstance(expression.this, exp.Schema) else []
        kinds = [stored.get(stored_name(one)) for one in named] or list(stored.values())
        source = expression.expression
        if not isinstance(source, exp.Values):
            _cast_source(expression, kinds, types)
            return []
        return [
            pair for row in source.expressions for pair in zip(row.expressions, kinds, strict=False)
        ]
    pairs = [
        (one.this, one.expression)
        for one in expression.find_all(exp.EQ)
        if rewriting.is_assignment(one)
    ]
    for when in expression.find_all(exp.When):
        then = when.args.get("then")
        if isinstance(then, exp.Insert) and isinstance(then.expression, exp.Tuple):
            named = then.this.expressions if then.this else [exp.column(one) for one in stored]
            pairs += zip(named, then.expression.expressions, strict=False)
    return [(value, stored.get(stored_name(column))) for column, value in pairs]


def _cast_source(insert: Any, kinds: list[Any], types: Inferred) -> None:
    outputs = types.outputs(insert.expression)
    if len(outputs) != len(kinds):
        return
    casts = [
        kind if kind is not None and _needs(group_of(given), kind) else None
        for (_, given), kind in zip(outputs, kinds, strict=True)
    ]
    if any(casts):
        names = [(f"C{place}", given) for place, (_, given) in enumerate(outputs)]
        insert.set("expression", _cast_outputs(insert.expression, names, casts))


_HALF_STRUCTURED = {exp.DataType.Type.VARIANT, exp.DataType.Type.ARRAY, exp.DataType.Type.OBJECT}


def _needs(given: str | None, kind: Any) -> bool:
    """Whether DuckDB would store something else than what a CAST makes of it.

    Raises:
        SnowflakeError: a text for a VARIANT, an ARRAY or an OBJECT, which DuckDB would parse.
    """
    wanted = group_of(kind)
    if kind.this in _HALF_STRUCTURED:
        if given == "TEXT":
            name = kind.sql(dialect="snowflake")
            raise errors.uncompiled(
                "Expression type does not match column data type, "
                f"expecting {name} but got VARCHAR",
                2023,
                "22000",
            )
        return given in TEXTS_IN_JSON if wanted == "VARIANT" else given == "VARIANT"
    if wanted == "TEXT":
        return given in {"VARIANT", "FLOAT", "TIMESTAMP", "ZONED", "BINARY"}
    if wanted == "INTEGER":
        return given in {"FLOAT", "VARIANT"}
    return wanted in {"BINARY", *TIMES} and given in {"TEXT", "VARIANT"}
