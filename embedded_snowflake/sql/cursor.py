"""How a parsed statement reaches DuckDB: fakesnow's cursor with our rewrites before its own.

Add what concerns this passage. What is rewritten stands in `rewriting.py`; when, and in which
transaction, in `sessions/session.py`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import duckdb
import pyarrow as pa
from fakesnow.conn import FakeSnowflakeConnection
from fakesnow.cursor import FakeSnowflakeCursor
from sqlglot import ErrorLevel, exp
from sqlglot.dialects.snowflake import Snowflake
from sqlglot.errors import ParseError, UnsupportedError
from sqlglot.tokenizer_core import TokenType

from embedded_snowflake import errors
from embedded_snowflake.inference import calls
from embedded_snowflake.names import literal, quoted, stored_name
from embedded_snowflake.sql import (
    definitions,
    foreign,
    reading,
    refusing,
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
_KINDS_RUN = (exp.Query, *table_names.WRITING, exp.Comment, exp.Describe)
_WITHOUT_ARGUMENT = re.compile(
    r"Required keyword: .* missing for <class 'sqlglot.expressions.(?!core)"
)
_HELD = "temp.main._ES_OVERWRITING"
_PARSER: Any = Snowflake.parser_class


def _snowflakes(functions: dict[str, Any]) -> dict[str, Any]:
    return {name: made for name, made in functions.items() if name not in foreign.FUNCTIONS}


def _trunc(args: list[Any], dialect: Any) -> Any:
    """TRUNC, also to a column's digits, which sqlglot takes for no function that it knows."""
    made = _PARSER.FUNCTIONS["TRUNC"](args, dialect)
    unknown = isinstance(made, exp.Anonymous) and len(args) == 2
    return exp.Trunc(this=args[0], decimals=args[1]) if unknown else made


class _Parser(_PARSER):
    """Names what a SELECT lists without an alias by its text, in upper case, as Snowflake does."""

    # sqlglot's TIMEADD is another than its DATEADD; Snowflake's are one.
    FUNCTIONS: ClassVar[dict[str, Any]] = {
        **_snowflakes(_PARSER.FUNCTIONS),
        "TIMEADD": _PARSER.FUNCTIONS["DATEADD"],
        **dict.fromkeys(("TRUNC", "TRUNCATE"), _trunc),
    }
    FUNCTION_PARSERS = _snowflakes(_PARSER.FUNCTION_PARSERS)
    NO_PAREN_FUNCTION_PARSERS = _snowflakes(_PARSER.NO_PAREN_FUNCTION_PARSERS)
    PROPERTY_PARSERS: ClassVar[dict[str, Any]] = {
        **_PARSER.PROPERTY_PARSERS,
        "LOCAL": _PARSER.PROPERTY_PARSERS["GLOBAL"],
        "VOLATILE": _PARSER.PROPERTY_PARSERS["TEMPORARY"],
    }
    """LOCAL says nothing, as GLOBAL does, and VOLATILE is TEMPORARY."""

    def _parse_projections(self) -> Any:
        return self._parse_csv(self._projection), None

    def _parse_type(self, *args: Any, **options: Any) -> Any:
        """``DATE '..'::VARCHAR`` is a text: sqlglot makes a DATE of the cast text."""
        typed = self._next is not None and self._next.token_type is TokenType.STRING
        made = super()._parse_type(*args, **options)
        if not typed or not isinstance(made, exp.Cast) or isinstance(made.this, exp.Literal):
            return made
        whole = text = made.this
        while isinstance(text.this, exp.Expr):
            text = text.this
        if not isinstance(text, exp.Literal):
            return made
        made.set("this", text.copy())
        text.replace(made)
        return whole

    def _projection(self) -> Any:
        first = self._index
        made = self._parse_expression()
        if made is None or made.is_star or made.alias or isinstance(made, exp.Column):
            return made
        text, done = "", self._tokens[first].start
        for token in self._tokens[first : self._index]:
            piece = self.sql[token.start : token.end + 1]
            kept = token.token_type is TokenType.IDENTIFIER
            text += self.sql[done : token.start] + (piece if kept else piece.upper())
            done = token.end + 1
        named = exp.alias_(made, text, quoted=True, copy=False)
        named.meta[refusing.UNNAMED] = True
        return named


def name_as_written(expression: Any, sql: str) -> None:
    """Name columns by the statement as it came, where its text was rewritten before."""
    model_calls: list[str] = []

    def stand_in(call: calls.ModelCall) -> str:
        model_calls.append(call.text.upper())
        return f"_ES_CALL_{len(model_calls) - 1}()"

    try:
        came = list(parsed(calls.replace_calls(sql, stand_in)).find_all(exp.Select))
    except errors.SnowflakeError:
        # Only a rewrite makes it one that can be read.
        return
    ours = list(expression.find_all(exp.Select))
    # The rows of a file are a query that nobody wrote.
    alike = len(ours) if len(ours) == len(came) else 1
    for one, other in zip(ours[:alike], came, strict=False):
        if len(one.expressions) != len(other.expressions):
            return
        for column, written in zip(one.expressions, other.expressions, strict=True):
            if refusing.UNNAMED in column.meta and refusing.UNNAMED in written.meta:
                name = written.alias
                for place, text in enumerate(model_calls):
                    name = name.replace(f"_ES_CALL_{place}()", text)
                column.set("alias", exp.to_identifier(name, quoted=True))


def parsed(text: str) -> Any:
    """The tree of a text that is one statement.

    Raises:
        SnowflakeError: 001003 where it cannot be read, 000008 where it is none or several, 000002
            where nothing here carries out such a statement.
    """
    tokens = list(reading.tokens_of(text))
    if tokens and tokens[0].text == "EXECUTE":
        raise errors.unsupported("EXECUTE")
    if [one.text.upper() for one in tokens[2:4]] == ["AS", "PROCEDURE"]:
        raise errors.unsupported("WITH .. AS PROCEDURE")
    foreign.check_tokens(tokens)
    try:
        trees = _Parser(dialect="snowflake").parse(tokens, text)
    except ParseError as cause:
        if _WITHOUT_ARGUMENT.search(str(cause)):
            raise errors.too_few_arguments() from None
        detail = str(cause).replace("\x1b[4m", "").replace("\x1b[0m", "")
        raise errors.uncompiled(f"syntax error: {detail}") from None
    except (IndexError, AttributeError):
        # What makes a function of its arguments takes it that they are there.
        raise errors.too_few_arguments() from None
    found = [one for one in trees if one is not None and not isinstance(one, exp.Semicolon)]
    if len(found) != 1:
        raise errors.error(
            f"Actual statement count {len(found)} did not match the desired statement count 1.",
            8,
            "0A000",
        )
    if not isinstance(found[0], _KINDS_RUN):
        raise errors.unsupported(" ".join(text.split()[:3]))
    for one in list(found[0].find_all(exp.TableFromRows)):
        # TABLE('t') is IDENTIFIER('t').
        if isinstance(one.this, (exp.Literal, exp.RawString)):
            named = exp.DynamicIdentifier(this=one.this)
            one.replace(exp.Table(this=named, alias=one.args.get("alias")))
    return found[0]


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
