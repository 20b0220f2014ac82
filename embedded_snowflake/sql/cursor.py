"""How a parsed statement reaches DuckDB: fakesnow's cursor with our rewrites before its own.

Add what concerns this passage. What is rewritten stands in `rewriting.py`; when, and in which
transaction, in `sessions/session.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
from fakesnow.conn import FakeSnowflakeConnection
from fakesnow.cursor import FakeSnowflakeCursor
from sqlglot import ErrorLevel, exp
from sqlglot.errors import UnsupportedError

from embedded_snowflake import errors
from embedded_snowflake.names import literal, quoted, stored_name
from embedded_snowflake.sql import (
    definitions,
    rewriting,
    table_names,
    temporary_tables,
)
from embedded_snowflake.sql.conversions import coercion
from embedded_snowflake.sql.walking import WalkedTree

if TYPE_CHECKING:
    from embedded_snowflake.sessions.session import Session

_ROWS_AT_ONCE = 1_000_000
_CLASSES = {
    "Out of Range": duckdb.OutOfRangeException,
    "Out of Memory": duckdb.OutOfMemoryException,
    "TransactionContext": duckdb.TransactionException,
    "INTERRUPT": duckdb.InterruptException,
    "INTERNAL": duckdb.InternalException,
    "FATAL": duckdb.FatalException,
}
"""DuckDB's errors that are not named as their classes are."""
_HELD = "temp.main._ES_OVERWRITING"


def _duckdbs(tree: Any) -> str:
    """DuckDB's text of a tree, which may be changed; sqlglot leaves out what that cannot say.

    Raises:
        SnowflakeError: 000002, by the name of what it would leave out.
    """
    try:
        return tree.sql(dialect="duckdb", copy=False, unsupported_level=ErrorLevel.RAISE)
    except UnsupportedError as cause:
        what = str(cause).removesuffix(" is not supported in DuckDB")
        raise errors.unsupported(what) from None


class Cursor(FakeSnowflakeCursor):
    """fakesnow's cursor with our rewrites in front of its own."""

    session: Session
    translated: str | None = None
    """The query that DuckDB ran, where the statement was one."""
    _told: tuple[str | None, Any] = (None, None)

    def run(self, expression: Any) -> None:
        """Run a statement's tree, which is changed: fakesnow's `execute` would parse it again."""
        self.check_db_and_schema(expression)
        for statement in self._transform_explode(expression):
            transformed = self._transform(statement, None)
            if transformed.args.get("overwrite"):
                self._overwrite(transformed)
            else:
                self._execute(transformed)

    def _overwrite(self, insert: Any) -> None:
        """The query reads the rows that it replaces; fakesnow deletes them first."""
        table, columns = insert.this, "*"
        if isinstance(table, exp.Schema):
            table, columns = table.this, ", ".join(one.sql("duckdb") for one in table.expressions)
        name = table.sql("duckdb")
        insert.set("overwrite", None)
        self.session.bind_first(insert)
        for sql in (
            f"CREATE TEMP TABLE {_HELD} AS SELECT {columns} FROM {name} WHERE false",
            f"INSERT INTO {_HELD} {insert.expression.sql('duckdb')}",
            f"DELETE FROM {name}",
        ):
            self._duck_conn.execute(sql)
        insert.set("expression", exp.select("*").from_(_HELD))
        super()._execute(insert)
        self._duck_conn.execute(f"DROP TABLE {_HELD}")

    def merge(self, expression: Any) -> None:
        """MERGE as DuckDB's own, which is atomic.

        Raises:
            duckdb.Error: what DuckDB says.
        """
        transformed = self._transform(expression, None)
        kinds: set[str] = set()
        for when in transformed.find_all(exp.When):
            then = when.args.get("then")
            if isinstance(then, exp.Update):
                kinds.add("UPDATE")
                for pair in then.expressions:
                    pair.this.set("table", None)
            elif isinstance(then, exp.Insert):
                kinds.add("INSERT")
                if then.this:
                    for column in then.this.find_all(exp.Column):
                        column.set("table", None)
            else:
                kinds.add("DELETE")
        sql = _duckdbs(transformed) + " RETURNING merge_action"
        counts = Counter(action for (action,) in self.session.duck.execute(sql).fetchall())
        shown = [("INSERT", "inserted"), ("UPDATE", "updated"), ("DELETE", "deleted")]
        values = {f"number of rows {word}": counts[kind] for kind, word in shown if kind in kinds}
        self._answer(values)
        self._rowcount, self._sfqid = sum(values.values()), self.session.query_id

    def say(self, status: str) -> None:
        """Answer a definition with this status."""
        self._answer({"status": status})

    def _answer(self, row: Mapping[str, str | int]) -> None:
        self._arrow_table = pa.table({name: [value] for name, value in row.items()})
        shown = (
            f"{literal(one) if isinstance(one, str) else f'{one}::BIGINT'} AS {quoted(name)}"
            for name, one in row.items()
        )
        self._last_sql, self._last_params = f"SELECT {', '.join(shown)}", None

    def name_in_status(self, expression: Any) -> None:
        """Say a table's own name where fakesnow says the one that DuckDB knows it by."""
        if not isinstance(expression, (exp.Create, exp.Drop)) or expression.kind != "TABLE":
            return
        table = expression.this or (expression.args.get("tables") or [None])[0]
        table = table.this if isinstance(table, exp.Schema) else table
        if not isinstance(table, exp.Table) or not isinstance(table.this, exp.Identifier):
            return
        said = str(self._arrow_table[0][0])
        held = temporary_tables.HELD.search(said)
        if held is not None:
            self.say(said.replace(held.group(), stored_name(table)))

    def columns_of(self, query: Any) -> list[Any]:
        """The columns of a query, which is not run: by the same way, so that they are the same."""
        self.check_db_and_schema(query)
        transformed = self._transform(query, None)
        self.session.bind_first(transformed)
        sql = transformed.sql(dialect="duckdb")
        return self.session.duck.execute(f"DESCRIBE {sql}").fetchall()

    def _transform(self, expression: Any, params: Any) -> Any:
        expression = table_names.named(self.session, expression)
        expression = coercion.coerced(self.session, expression)
        tree: Any = WalkedTree(rewriting.rewrite(self.session, expression))
        return table_names.quote_reserved(super()._transform(tree, params).root)

    def _execute(self, transformed: Any, params: Any = None) -> None:
        self.session.bind_first(transformed)
        if isinstance(transformed, exp.Query) and not transformed.args.get("seed"):
            self.translated = _duckdbs(transformed)
            self.ask(self.translated)
            return
        written = transformed.args.get("expression")
        if isinstance(transformed, (exp.Update, exp.Delete)):
            written = transformed
        if isinstance(written, (exp.Query, exp.Update, exp.Delete)):
            _duckdbs(written.copy())
        super()._execute(transformed, params)
        self._told = (self._last_sql, self._duck_conn.description)

    def ask(self, query: str) -> None:
        """Run a query of DuckDB's: as fakesnow does it, without its copy of all rows.

        Raises:
            duckdb.Error: what DuckDB says.
            SnowflakeError: 100357 where the rows are more than the session may answer.
        """
        self._last_sql, self._last_params = query, None
        relation = self._duck_conn.sql(self._last_sql)
        self._arrow_table = self._rows_of(relation)
        self._told = (self._last_sql, relation.description)
        self._rowcount, self._sfqid = self._arrow_table.num_rows, self.session.query_id

    def _rows_of(self, relation: Any) -> pa.Table:
        """The rows, given up as soon as they are more than the session may answer."""
        most, size = self.session.most_bytes, 0
        reader = relation.to_arrow_reader(_ROWS_AT_ONCE)
        batches: list[pa.RecordBatch] = []
        try:
            for batch in reader:
                size += batch.nbytes
                if most is not None and size > most:
                    raise errors.error(
                        f"The result is larger than {most >> 20} MB: ask for fewer rows or "
                        "columns, or write it to a table and read it in parts.",
                        100357,
                        "54000",
                    )
                batches.append(batch)
        except OSError as cause:
            # What fails in the midst of the rows comes without DuckDB's class, but with its name.
            kind = str(cause).partition(" Error")[0]
            made = _CLASSES.get(kind, getattr(duckdb, f"{kind.replace(' ', '')}Exception", None))
            raise (made or duckdb.Error)(str(cause)) from None
        finally:
            reader.close()
        return pa.Table.from_batches(batches, reader.schema)

    def _describe_last_sql(self) -> list[Any]:
        # DuckDB has told the columns of what it ran; DESCRIBE would plan the query once more.
        sql, columns = self._told
        if columns is None or sql != self._last_sql:
            return super()._describe_last_sql()
        return [(name, str(kind), *[None] * 4) for name, kind, *_ in columns]

    def _transform_explode(self, expression: Any) -> list[Any]:
        if isinstance(expression, exp.Insert) and isinstance(expression.expression, exp.Query):
            return [expression]
        if dropped := definitions.dropped_columns(expression):
            return [definitions.dropping(expression, one) for one in dropped]
        return super()._transform_explode(expression)


class Connection(FakeSnowflakeConnection):
    """fakesnow's connection that hands out our cursor."""

    session: Session

    @property
    def current_schema(self) -> str | None:
        """The current schema, where one is."""
        return self._schema

    def set_schema(self, name: str | None) -> None:
        """Make a schema current, or none."""
        self._schema, self.schema_set = name, name is not None

    def cursor(self, cursor_class: Any = None) -> Any:  # noqa: ARG002  (fakesnow's signature)
        """A cursor of the session's."""
        made = Cursor(conn=self, duck_conn=self._duck_conn)
        made.session = self.session
        return made
