"""The catalog of what DuckDB has no object for: tags, stages, models, dynamic tables and the rest.

An entry lives in the DuckDB file of the database that it belongs to, so it commits and rolls back
with the data that it describes. Objects of the account (warehouses, roles) stand in `account.py`.
"""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from embedded_snowflake import translation
from embedded_snowflake.macros import UNSUPPORTED
from embedded_snowflake.names import QualifiedName, quoted

if TYPE_CHECKING:
    from embedded_snowflake.session import Session

INTERNAL = "_fs_information_schema"
"""The schema, in every database, that holds catalog rows; users neither see nor reach it."""


def creation_sql(database: str) -> str:
    """The catalog's tables in one database; idempotent."""
    where = f"{quoted(database)}.{INTERNAL}"
    return f"""
        CREATE SCHEMA IF NOT EXISTS {where};
        CREATE TABLE IF NOT EXISTS {where}.objects (
            kind VARCHAR, schema_name VARCHAR, name VARCHAR, props VARCHAR, created_on TIMESTAMPTZ);
        CREATE TABLE IF NOT EXISTS {where}.changes (
            schema_name VARCHAR, name VARCHAR, created BOOLEAN, changed TIMESTAMPTZ);
        CREATE TABLE IF NOT EXISTS {where}._fs_columns_ext (
            ext_table_catalog VARCHAR, ext_table_schema VARCHAR, ext_table_name VARCHAR,
            ext_column_name VARCHAR, ext_character_maximum_length INTEGER,
            ext_character_octet_length INTEGER);
        ALTER TABLE {where}._fs_columns_ext ADD COLUMN IF NOT EXISTS ext_kind VARCHAR;
        CREATE OR REPLACE MACRO {quoted(database)}._es_number_text(value) AS
            CASE WHEN regexp_full_match(
                trim(CAST(value AS VARCHAR)),
                '(?i)[+-]?(([0-9]+\\.?[0-9]*|\\.[0-9]+)(e[+-]?[0-9]+)?|nan|inf|infinity)')
            THEN CAST(value AS VARCHAR) END;
        CREATE OR REPLACE MACRO {quoted(database)}._es_time_text
            (value TIME, format) AS strftime(DATE '1970-01-01' + value, format),
            (value, format) AS strftime(CAST(value AS TIMESTAMP), format);
        CREATE OR REPLACE MACRO {quoted(database)}._es_time_fraction(value, digits) AS
            substr(strftime(CAST(value AS TIMESTAMP), '%f') || '000', 1, digits);
        CREATE OR REPLACE MACRO {quoted(database)}._es_time_read(value, format) AS
            strptime(CAST(value AS VARCHAR), format);
        CREATE OR REPLACE MACRO {quoted(database)}._es_time_tried(value, format) AS
            try_strptime(CAST(value AS VARCHAR), format);
        -- Snowflake's centuries of two digits begin at 1970, DuckDB's at 1969.
        CREATE OR REPLACE MACRO {quoted(database)}._es_time_read_yy(value, format) AS
            CASE WHEN year(strptime(CAST(value AS VARCHAR), format)) = 1969
            THEN strptime(CAST(value AS VARCHAR), format) + INTERVAL 100 YEAR
            ELSE strptime(CAST(value AS VARCHAR), format) END;
        CREATE OR REPLACE MACRO {quoted(database)}._es_time_tried_yy(value, format) AS
            CASE WHEN year(try_strptime(CAST(value AS VARCHAR), format)) = 1969
            THEN try_strptime(CAST(value AS VARCHAR), format) + INTERVAL 100 YEAR
            ELSE try_strptime(CAST(value AS VARCHAR), format) END;
        -- What cannot be cast is the error; error() would forbid to use the quotient's alias.
        CREATE OR REPLACE MACRO {quoted(database)}._es_divide(value, divisor) AS
            CASE WHEN divisor = 0 THEN CAST('Division by zero' AS DOUBLE) ELSE value / divisor END;
        -- Of two DECIMALs with up to 18 digits DuckDB makes one of 18, which would be too few.
        CREATE OR REPLACE MACRO {quoted(database)}._es_scaled(value, factor) AS
            CAST(value * CAST(factor AS DECIMAL(38, 0)) AS HUGEINT);
        -- Where the types are not those that were inferred, it must not be rounded without a word.
        CREATE OR REPLACE MACRO {quoted(database)}._es_counted(value) AS
            CASE WHEN typeof(value) LIKE '%INT' OR typeof(value) LIKE 'INT%'
            OR typeof(value) LIKE 'DECIMAL(%,0)' OR typeof(value) = '"NULL"'
            THEN CAST(value AS HUGEINT)
            ELSE CAST('{UNSUPPORTED}a quotient of ' || typeof(value) || ' (cast it)' AS HUGEINT) END;
        CREATE OR REPLACE MACRO {quoted(database)}._es_quotient(
            value, divisor, up, down, unit, digits
        ) AS round(CAST(value * up // (CAST(
            CASE WHEN divisor = 0 THEN CAST('Division by zero' AS HUGEINT) ELSE divisor END AS HUGEINT
        ) * down) AS DECIMAL(38, 0)) * unit, digits);
        {translation.macros_sql(database)}
    """


@dataclass(frozen=True)
class Entry:
    """An object of the catalog."""

    name: QualifiedName
    props: dict[str, Any]
    created_on: datetime.datetime


class Catalog:
    """The catalog as one session sees it: inside its transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def _table(self, database: str) -> str:
        return f"{quoted(database)}.{INTERNAL}.objects"

    def get(self, kind: str, name: QualifiedName) -> Entry | None:
        """The entry, or None."""
        if name.database not in self._session.engine.databases():
            return None
        rows = self._session.duck.execute(
            f"SELECT props, created_on FROM {self._table(name.database)} "
            "WHERE kind = ? AND schema_name = ? AND name = ?",
            [kind, name.schema, name.name],
        ).fetchall()
        return Entry(name, json.loads(rows[0][0]), rows[0][1]) if rows else None

    def put(self, kind: str, name: QualifiedName, props: dict[str, Any]) -> None:
        """Write an entry; one that is there keeps its creation time."""
        table = self._table(name.database)
        text = json.dumps(props)
        key = [kind, name.schema, name.name]
        if self.get(kind, name) is not None:
            self._session.duck.execute(
                f"UPDATE {table} SET props = ? WHERE kind = ? AND schema_name = ? AND name = ?",
                [text, *key],
            )
        else:
            self._session.duck.execute(
                f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?)",
                [*key, text, datetime.datetime.now(datetime.UTC)],
            )

    def remove(self, kind: str, name: QualifiedName) -> None:
        """Forget an entry."""
        self._session.duck.execute(
            f"DELETE FROM {self._table(name.database)} "
            "WHERE kind = ? AND schema_name = ? AND name = ?",
            [kind, name.schema, name.name],
        )

    def rename(self, kind: str, old: QualifiedName, new: QualifiedName) -> None:
        """Move an entry to another name."""
        self._session.duck.execute(
            f"UPDATE {self._table(old.database)} SET schema_name = ?, name = ? "
            "WHERE kind = ? AND schema_name = ? AND name = ?",
            [new.schema, new.name, kind, old.schema, old.name],
        )

    def list(self, kind: str) -> list[Entry]:
        """All entries of a kind, oldest first."""
        found: list[Entry] = []
        for database in self._session.engine.databases():
            rows = self._session.duck.execute(
                f"SELECT schema_name, name, props, created_on FROM {self._table(database)} "
                "WHERE kind = ? ORDER BY created_on, name",
                [kind],
            ).fetchall()
            found += [
                Entry(QualifiedName(database, schema, name), json.loads(props), created)
                for schema, name, props, created in rows
            ]
        return sorted(found, key=lambda one: one.created_on)

    def remove_scope(self, database: str, schema: str | None = None) -> None:
        """Forget every entry of a schema, or of a whole database."""
        tables = {"objects": "schema_name", "changes": "schema_name"}
        for table, column in {**tables, "_fs_columns_ext": "ext_table_schema"}.items():
            where = "" if schema is None else f" WHERE {column} = ?"
            self._session.duck.execute(
                f"DELETE FROM {quoted(database)}.{INTERNAL}.{table}{where}",
                [] if schema is None else [schema],
            )
