"""Columns as DESC TABLE shows them, with Snowflake's names for DuckDB's types and defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedded_snowflake.names import QualifiedName
from embedded_snowflake.statements import Result

if TYPE_CHECKING:
    from embedded_snowflake.session import Session


_TYPES = {
    "BIGINT": "NUMBER(38,0)",
    "INTEGER": "NUMBER(38,0)",
    "SMALLINT": "NUMBER(38,0)",
    "TINYINT": "NUMBER(38,0)",
    "UBIGINT": "NUMBER(38,0)",
    "HUGEINT": "NUMBER(38,0)",
    "DECIMAL(38,0)": "NUMBER(38,0)",
    "VARCHAR": "VARCHAR(16777216)",
    "DOUBLE": "FLOAT",
    "FLOAT": "FLOAT",
    "BLOB": "BINARY(8388608)",
    "TIMESTAMP": "TIMESTAMP_NTZ(9)",
    "TIMESTAMP_NS": "TIMESTAMP_NTZ(9)",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP_LTZ(9)",
    "TIME": "TIME(9)",
    "JSON": "VARIANT",
}


def shown_type(kind: str) -> str:
    """DuckDB's type as Snowflake shows it."""
    return (
        kind.replace("DECIMAL", "NUMBER") if kind.startswith("DECIMAL") else _TYPES.get(kind, kind)
    )


def shown_default(text: str | None) -> str | None:
    """DuckDB's default as Snowflake shows it; None of an identity, whose steps are not kept."""
    if text is None or text.lower().startswith("nextval('_fs_seq_"):
        return None
    return text.replace("CAST(uuid() AS TEXT)", "UUID_STRING()")


def describe_relation(session: Session, name: QualifiedName) -> Result:
    """The columns of a table or view, as DESC TABLE shows them."""
    from embedded_snowflake.objects import table_facts

    held = session.temporary.get(name)
    keys = [] if held else table_facts.keys_of(session, name)
    primary = {one for key in keys if key["kind"] == "PRIMARY" for one in key["columns"]}
    unique = {one for key in keys if key["kind"] == "UNIQUE" for one in key["columns"]}
    key = ["temp", "main", held] if held else [name.database, name.schema, name.name]
    rows = session.duck.execute(
        "SELECT column_name, data_type, is_nullable, column_default, comment FROM duckdb_columns() "
        "WHERE database_name = ? AND schema_name = ? AND table_name = ? ORDER BY column_index",
        key,
    ).fetchall()
    declared = {} if held else table_facts.kinds_of(session, name)
    columns = {
        "name": "VARCHAR",
        "type": "VARCHAR",
        "kind": "VARCHAR",
        "null?": "VARCHAR",
        "default": "VARCHAR",
        "primary key": "VARCHAR",
        "unique key": "VARCHAR",
        "check": "VARCHAR",
        "expression": "VARCHAR",
        "comment": "VARCHAR",
        "policy name": "VARCHAR",
        "privacy domain": "VARCHAR",
    }
    return Result.rows(
        columns,
        [
            (
                column,
                # An older directory has lengths of columns that are no texts.
                declared.get(column, shown_type(kind))
                if kind in {"VARCHAR", "JSON"}
                else shown_type(kind),
                "COLUMN",
                "Y" if nullable else "N",
                shown_default(default),
                "Y" if column in primary else "N",
                "Y" if column in unique else "N",
                None,
                None,
                comment,
                None,
                None,
            )
            for column, kind, nullable, default, comment in rows
        ],
    )
