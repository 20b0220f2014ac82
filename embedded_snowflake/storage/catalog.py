"""The catalog of what DuckDB has no object for: tags, stages, models, dynamic tables and the rest.

An entry lives in the DuckDB file of the database that it belongs to, so it commits and rolls back
with the data that it describes. Objects of the account (warehouses, roles) stand in `account.py`.
"""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from embedded_snowflake import errors
from embedded_snowflake.names import INTERNAL, QualifiedName, quoted

if TYPE_CHECKING:
    from embedded_snowflake.sessions.session import Session


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
        """Move an entry to another name.

        Raises:
            SnowflakeError: 000002 where that is in another database, 002003 where its schema is
                not there.
        """
        if new.database != old.database:
            raise errors.unsupported("RENAME TO another database")
        self._session.check_home((new.database, new.schema, new.name))
        self._session.duck.execute(
            f"UPDATE {self._table(old.database)} SET schema_name = ?, name = ? "
            "WHERE kind = ? AND schema_name = ? AND name = ?",
            [new.schema, new.name, kind, old.schema, old.name],
        )

    def list(self, kind: str) -> list[Entry]:
        """All entries of a kind, oldest first."""
        found: list[Entry] = []
        for database in self._session.engine.databases():
            try:
                rows = self._session.duck.execute(
                    f"SELECT schema_name, name, props, created_on FROM {self._table(database)} "
                    "WHERE kind = ? ORDER BY created_on, name",
                    [kind],
                ).fetchall()
            except duckdb.Error:
                if database in self._session.engine.databases():
                    raise
                # Another session has dropped it since.
                continue
            found += [
                Entry(QualifiedName(database, schema, name), json.loads(props), created)
                for schema, name, props, created in rows
            ]
        return sorted(found, key=lambda one: one.created_on)

    def remove_schema(self, database: str, schema: str) -> None:
        """Forget every entry of a schema."""
        tables = {"objects": "schema_name", "changes": "schema_name"}
        for table, column in {**tables, "_fs_columns_ext": "ext_table_schema"}.items():
            self._session.duck.execute(
                f"DELETE FROM {quoted(database)}.{INTERNAL}.{table} WHERE {column} = ?", [schema]
            )
