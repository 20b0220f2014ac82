"""Columns as clients and DESC TABLE see them: Snowflake's names for DuckDB's types and defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakesnow.rowtype import ColumnInfo
from sqlglot import exp

from embedded_snowflake.sql.conversions.inferred_types import finer_types

if TYPE_CHECKING:
    from embedded_snowflake.sessions.session import Session


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
    "TIMESTAMP_TZ": "TIMESTAMP_TZ(9)",
    "TIME": "TIME(9)",
    "JSON": "VARIANT",
}


_SHOWN_AS = {"ARRAY": "variant", "OBJECT": "variant", "TIMESTAMP_TZ": "timestamp_ltz"}
COARSE = {"VARCHAR", "JSON", "TIMESTAMP WITH TIME ZONE"}
"""DuckDB's types that stand for several of Snowflake's."""


def refine(session: Session, query: Any, rowtype: list[ColumnInfo]) -> None:
    """Tell ARRAY, OBJECT and TIMESTAMP_TZ among the columns of a query as clients see them.

    Args:
        session: whose names the query uses.
        query: the statement's tree as it was parsed; of no other statement is anything told.
        rowtype: the columns by DuckDB's types, which are changed.
    """
    if not isinstance(query, exp.Query):
        return
    if not any(column["type"] in _SHOWN_AS.values() for column in rowtype):
        return
    finer = finer_types(session, query)
    if len(finer) != len(rowtype):
        return
    for column, kind in zip(rowtype, finer, strict=True):
        if kind and column["type"] == _SHOWN_AS[kind]:
            column["type"] = kind.lower()


def shown_type(kind: str) -> str:
    """DuckDB's type as Snowflake shows it."""
    return (
        kind.replace("DECIMAL", "NUMBER") if kind.startswith("DECIMAL") else _TYPES.get(kind, kind)
    )


SHOWN_COLUMN = r"""
    CASE WHEN NOT is_generated AND NOT starts_with(lower(column_default), 'nextval(''_fs_seq_')
        THEN replace(column_default, 'CAST(uuid() AS TEXT)', 'UUID_STRING()') END,
    (SELECT format('IDENTITY START {} INCREMENT {} NOORDER', start_value, increment_by)
        FROM duckdb_sequences() WHERE starts_with(lower(sequence_name), '_fs_seq_')
        AND contains(lower(column_default), lower(sequence_name))),
    regexp_replace(regexp_replace(generation_expression,
        '^CAST\((.*) AS [\w ]+(\([\d,]+\))?\)$', '\1'), '^\((.*)\)$', '\1'), comment
FROM duckdb_columns()
"""
"""Of columns: default, steps of an identity, what a virtual one is computed by, comment."""
