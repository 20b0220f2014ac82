"""What is kept of columns that DuckDB's types do not say: lengths of texts, OBJECT, ARRAY, offsets.

It lies in the database's own catalog, beside what it is of; of a temporary table in the session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedded_snowflake.names import INTERNAL, QualifiedName, literal, quoted

if TYPE_CHECKING:
    from embedded_snowflake.sessions.session import Session


class ColumnFacts:
    """What is kept of a relation's columns: of a temporary table in the session, else beside it."""

    def __init__(self, session: Session, name: QualifiedName) -> None:
        self._session, self._name = session, name
        self._own: dict[str, str] | None = None
        if (held := session.temporary.get(name)) is not None:
            self._own = session.temporary_kinds.setdefault(held, {})
        self._table, self._key = columns_kept(name)

    def clear(self) -> None:
        """Forget all of it."""
        if self._own is not None:
            self._own.clear()
        else:
            self._session.duck.execute(f"DELETE FROM {self._table} WHERE {self._key}")

    def rename(self, old: str, new: str) -> None:
        """A column has another name."""
        if self._own is not None:
            if old in self._own:
                self._own[new] = self._own.pop(old)
            return
        self._session.duck.execute(
            f"UPDATE {self._table} SET ext_column_name = ? "
            f"WHERE {self._key} AND ext_column_name = ?",
            [new, old],
        )

    def put(self, column: str, *, length: int | None = None, kind: str | None = None) -> None:
        """Keep this of a column, and nothing else."""
        if self._own is not None:
            self._own.pop(column, None)
            if length or kind:
                self._own[column] = f"VARCHAR({length})" if length else str(kind)
            return
        duck = self._session.duck
        duck.execute(
            f"DELETE FROM {self._table} WHERE {self._key} AND ext_column_name = ?", [column]
        )
        if length or kind:
            one = self._name
            duck.execute(
                f"INSERT INTO {self._table} VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    *(one.database, one.schema, one.name, column),
                    *(length, length and min(length * 4, 16777216), kind),
                ],
            )

    def kinds(self) -> dict[str, str]:
        """VARCHAR(n), OBJECT, ARRAY or TIMESTAMP_TZ, by the column's name."""
        if self._own is not None:
            return dict(self._own)
        if self._name.database not in self._session.engine.databases():
            return {}
        rows = self._session.duck.execute(
            "SELECT ext_column_name, ext_character_maximum_length, ext_kind "
            f"FROM {self._table} WHERE {self._key}"
        ).fetchall()
        return {column: f"VARCHAR({length})" if length else kind for column, length, kind in rows}


def columns_kept(name: QualifiedName) -> tuple[str, str]:
    """The catalog's table of it, and what its rows of one relation are found by."""
    table = f"{quoted(name.database)}.{INTERNAL}._fs_columns_ext"
    return table, (
        f"ext_table_schema = {literal(name.schema)} AND ext_table_name = {literal(name.name)}"
    )
