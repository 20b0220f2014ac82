"""Rewrites of a parsed statement, before fakesnow's own.

Add one here when it concerns whole statements. A function that DuckDB answers otherwise stands in
`functions/`, a conversion between types in `coercion.py`, a rewrite of the text in
`sessions/text_rewriting.py`, what is refused in `refusing.py`.
"""

from __future__ import annotations

import datetime
import re
import time
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import sqlglot
from sqlglot import exp

from embedded_snowflake import errors
from embedded_snowflake.names import INTERNAL, QualifiedName, literal, quoted, stored_name
from embedded_snowflake.sql import reading, wide_integers
from embedded_snowflake.sql.functions import casts, translating
from embedded_snowflake.sql.macros import invoke

if TYPE_CHECKING:
    from embedded_snowflake.sessions.session import Session

WRITING = (
    exp.Insert,
    exp.Update,
    exp.Delete,
    exp.Merge,
    exp.TruncateTable,
    exp.Create,
    exp.Drop,
    exp.Alter,
)
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


def rewrite(session: Session, expression: Any) -> Any:
    """All rewrites of a parsed statement, in the order in which they depend on each other."""
    there = {kind for node in expression.walk() for kind in type(node).__mro__}
    for kinds, step in _STEPS:
        if not there.isdisjoint(kinds):
            expression = step(session, expression)
    return expression


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
            column = exp.to_identifier(f"COLUMN{parameter.this.name}", quoted=True)
            parameter.replace(exp.column(column))


def _laterals(_: Session, expression: Any) -> Any:
    """LEFT JOIN LATERAL FLATTEN without ON keeps every row too."""
    for join in expression.find_all(exp.Join):
        flattened = isinstance(join.this, (exp.Lateral, exp.TableFromRows))
        if flattened and join.side == "LEFT" and not join.args.get("on"):
            join.set("on", exp.true())
    return expression


def _samples(_: Session, expression: Any) -> Any:
    """ROW is Snowflake's other name of BERNOULLI, BLOCK of SYSTEM."""
    for node in expression.find_all(exp.TableSample):
        method = node.args.get("method")
        other = {"ROW": "BERNOULLI", "BLOCK": "SYSTEM"}.get(method.name.upper() if method else "")
        if other is not None:
            node.set("method", exp.var(other))
    return expression


def _asof(_: Session, expression: Any) -> Any:
    """Snowflake's ASOF JOIN keeps every row of the left side; DuckDB's is an inner join."""
    for join in list(expression.find_all(exp.Join)):
        condition = join.args.get("match_condition")
        if (join.args.get("method") or "").upper() != "ASOF" or condition is None:
            continue
        condition = condition.this if isinstance(condition, exp.Paren) else condition
        using = join.args.get("using")
        if using:
            source = join.parent.args.get("from_")
            left = (join.parent if source is None else source.this).alias_or_name
            right = join.this.alias_or_name
            _name_sides(join, using, left, right)
            equal = [
                exp.EQ(this=exp.column(one.name, left), expression=exp.column(one.name, right))
                for one in using
            ]
            join.set("on", exp.and_(*equal))
            join.set("using", None)
        on = join.args.get("on")
        join.set("on", exp.and_(on, condition) if on else condition)
        join.set("match_condition", None)
        join.set("side", "LEFT")
    return expression


def _name_sides(join: Any, using: list[Any], left: str, right: str) -> None:
    """A column of USING, without its table's name, is the left side's; * has it once."""
    select = join.find_ancestor(exp.Select)
    columns = {one.name.upper() for one in using}
    if any(one.is_star for one in select.expressions):
        if select.expressions != [exp.Star()] or len(list(select.find_all(exp.Join))) > 1:
            raise errors.unsupported("* and more with ASOF JOIN .. USING: name the columns")
        made = [exp.column(one.copy(), left) for one in using]
        for side in (left, right):
            others = exp.Star(except_=[one.copy() for one in using])
            made.append(exp.column(others, side))
        select.set("expressions", made)
    for column in select.find_all(exp.Column):
        if not column.table and column.name.upper() in columns and column.parent_select is select:
            column.set("table", exp.to_identifier(left))


def _lengths(_: Session, expression: Any) -> Any:
    """VARCHAR(n) takes n characters at most; DuckDB's takes any number."""
    if not isinstance(expression, exp.Create) or not isinstance(expression.this, exp.Schema):
        return expression
    if expression.kind != "TABLE" or expression.expression is not None:
        return expression
    for column in expression.this.expressions:
        if isinstance(column, exp.ColumnDef) and (length := text_length(column.args.get("kind"))):
            column.set("kind", exp.DataType.build(f"VARCHAR({length})"))
            measured = invoke("length", exp.column(column.this.copy()))
            fits = exp.LTE(this=measured, expression=exp.Literal.number(length))
            check = exp.CheckColumnConstraint(this=fits)
            column.append("constraints", exp.ColumnConstraint(kind=check))
    return expression


def lengths_to_limit(expression: Any) -> dict[str, int]:
    """The lengths of columns that ADD COLUMN or CREATE TABLE .. AS makes, where no CHECK can stand."""
    columns: list[Any] = []
    if isinstance(expression, exp.Alter):
        columns = expression.args.get("actions") or []
    elif expression.expression is not None and isinstance(expression.this, exp.Schema):
        columns = expression.this.expressions
    found: dict[str, int] = {}
    for column in columns:
        length = text_length(column.args.get("kind")) if isinstance(column, exp.ColumnDef) else None
        if length:
            found[stored_name(column)] = length
    return found


def text_length(kind: Any) -> int | None:
    """How many characters a type of texts takes; None where it takes any number."""
    if not isinstance(kind, exp.DataType) or kind.this not in exp.DataType.TEXT_TYPES:
        return None
    if kind.expressions:
        return int(kind.expressions[0].name)
    return 1 if kind.this in (exp.DataType.Type.CHAR, exp.DataType.Type.NCHAR) else None


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


def _query_id(session: Session, call: Any) -> str:
    """``LAST_QUERY_ID([-n])``: the n-th id from the end."""
    if not isinstance(call, exp.Anonymous) or call.name.upper() != "LAST_QUERY_ID":
        raise errors.unsupported("RESULT_SCAN of anything but a text or LAST_QUERY_ID")
    place = call.expressions[0].sql() if call.expressions else "-1"
    if not re.fullmatch(r"-[1-9]\d{0,2}", place):
        raise errors.unsupported(f"LAST_QUERY_ID({place})")
    return session.query_ids[int(place)] if -int(place) <= len(session.query_ids) else ""


def _result_scan(session: Session, expression: Any) -> Any:
    for node in list(expression.find_all(exp.TableFromRows)):
        call = node.this
        if not (isinstance(call, exp.Anonymous) and call.name.upper() == "RESULT_SCAN"):
            continue
        wanted = call.expressions[0]
        query_id = wanted.this if isinstance(wanted, exp.Literal) else _query_id(session, wanted)
        kept = session.engine.fakesnow.results_cache.get(query_id)
        if kept is None or kept[0] is None:
            raise errors.error(f"Statement {query_id} not found", 709, "02000")
        name = session.register(kept[0]).strip('"')
        node.replace(
            exp.Table(this=exp.to_identifier(name, quoted=True), alias=node.args.get("alias"))
        )
    return expression


def _primary_not_null(create: Any) -> None:
    """A primary key's columns are NOT NULL, which Snowflake does enforce."""
    named = {one.name.upper() for key in create.find_all(exp.PrimaryKey) for one in key.expressions}
    for column in create.find_all(exp.ColumnDef):
        kinds = {type(one.kind) for one in column.args.get("constraints") or []}
        keyed = exp.PrimaryKeyColumnConstraint in kinds or column.name.upper() in named
        if keyed and exp.NotNullColumnConstraint not in kinds:
            column.append("constraints", exp.ColumnConstraint(kind=exp.NotNullColumnConstraint()))


def _constraints(_: Session, expression: Any) -> Any:
    """Snowflake records keys and enforces none of them; DuckDB would enforce them."""
    if isinstance(expression, exp.Create):
        _primary_not_null(expression)
        for kind in (
            exp.PrimaryKeyColumnConstraint,
            exp.UniqueColumnConstraint,
            exp.Reference,
        ):
            for node in list(expression.find_all(kind)):
                parent = node.parent
                (parent if isinstance(parent, exp.ColumnConstraint) else node).pop()
        for node in list(expression.find_all(exp.PrimaryKey, exp.ForeignKey, exp.Constraint)):
            node.pop()
        for node in list(expression.find_all(exp.UniqueColumnConstraint)):
            node.pop()
        for node in list(expression.find_all(exp.CommentColumnConstraint)):
            # Set once the table is there (`column_comments`).
            (node.parent or node).pop()
    return expression


def required_columns(expression: Any) -> list[str]:
    """The columns that a CREATE TABLE .. AS declares NOT NULL."""
    if not isinstance(expression.this, exp.Schema) or expression.expression is None:
        return []
    return [
        stored_name(column)
        for column in expression.this.expressions
        if isinstance(column, exp.ColumnDef)
        for constraint in column.args.get("constraints") or []
        if isinstance(constraint.kind, exp.NotNullColumnConstraint)
        and not constraint.kind.args.get("allow_null")
    ]


def column_comments(expression: Any) -> dict[str, str]:
    """The comments that a CREATE TABLE gives its columns."""
    if not isinstance(expression.this, exp.Schema):
        return {}
    return {
        stored_name(column): constraint.kind.this.name
        for column in expression.this.expressions
        if isinstance(column, exp.ColumnDef)
        for constraint in column.args.get("constraints") or []
        if isinstance(constraint.kind, exp.CommentColumnConstraint)
    }


def _context_functions(session: Session, expression: Any) -> Any:
    known: dict[str, str | None] = {
        "CURRENT_WAREHOUSE": session.warehouse,
        "CURRENT_ROLE": session.role,
        "CURRENT_USER": session.user,
        "CURRENT_SESSION": str(session.session_id),
        "CURRENT_ACCOUNT": "LOCAL",
        "CURRENT_ACCOUNT_NAME": "LOCAL",
        "CURRENT_ORGANIZATION_NAME": "EMBEDDED",
        "CURRENT_REGION": "LOCAL",
        "CURRENT_SECONDARY_ROLES": "",
        "CURRENT_DATABASE": session.database,
        "CURRENT_SCHEMA": session.schema,
    }
    for node in list(expression.find_all(exp.Func)):
        name = node.name.upper() if isinstance(node, exp.Anonymous) else node.sql_name().upper()
        if name in known and not (isinstance(node, exp.Anonymous) and node.expressions):
            value = known[name]
            fixed = exp.Null() if value is None else exp.Literal.string(value)
            node.replace(fixed)
        elif name == "LAST_QUERY_ID":
            node.replace(exp.Literal.string(_query_id(session, node)))
    return expression


def _moments(session: Session, expression: Any) -> Any:
    """Inside a transaction DuckDB's clock stands at its beginning; Snowflake's at the statement's.

    Written in as they are, so that the statement says the same when it is repeated. Not in a
    definition, which asks the clock later.
    """
    kinds = (exp.Query, exp.Insert, exp.Update, exp.Delete, exp.Merge)
    if not session.explicit or not isinstance(expression, kinds):
        return expression
    now = datetime.datetime.now(datetime.UTC)
    for node in list(expression.find_all(exp.CurrentTimestamp, exp.CurrentDate, exp.CurrentTime)):
        if isinstance(node, exp.CurrentDate):
            fixed = exp.cast(exp.Literal.string(now.date().isoformat()), "DATE")
        elif isinstance(node, exp.CurrentTime):
            fixed = exp.cast(exp.Literal.string(now.time().isoformat()), "TIME")
        elif node.args.get("sysdate"):
            text = now.replace(tzinfo=None).isoformat(sep=" ")
            fixed = exp.cast(exp.Literal.string(text), "TIMESTAMPNTZ")
        else:
            fixed = exp.cast(exp.Literal.string(now.isoformat(sep=" ")), "TIMESTAMPTZ")
        node.replace(fixed)
    return expression


def _hashes(_: Session, expression: Any) -> Any:
    """HASH, HASH_AGG: of the content, the latter whatever its order; Snowflake's are others.

    DuckDB's has no sign; a NUMBER of 64 bits has one.
    """
    for node in list(expression.find_all(exp.HashAgg, exp.Anonymous)):
        if isinstance(node, exp.Anonymous) and node.name.upper() != "HASH":
            continue
        name = "HASH_AGG" if isinstance(node, exp.HashAgg) else "HASH"
        arguments = [node.this, *node.expressions] if name == "HASH_AGG" else node.expressions
        if any(isinstance(one, exp.Column) and one.is_star for one in arguments) or any(
            isinstance(one, exp.Star) and any(one.args.values()) for one in arguments
        ):
            raise errors.unsupported(f"{name} of a table's * or of * EXCLUDE: name the columns")
        if any(isinstance(one, exp.Star) for one in arguments):
            arguments = [sqlglot.parse_one("*COLUMNS(*)", read="duckdb")]
        inner = invoke("hash", *(one.copy() for one in arguments))
        made: Any = exp.cast(inner, "HUGEINT", dialect="duckdb")
        if name == "HASH_AGG":
            made = exp.Sum(this=made)
            made = exp.Mod(this=made, expression=exp.Literal.number(2**63 - 1))
        else:
            made = exp.Sub(this=made, expression=exp.Literal.number(2**63))
        node.replace(exp.cast(made, "BIGINT", dialect="duckdb"))
    return expression


def _sequences(session: Session, expression: Any) -> Any:
    """``s.NEXTVAL``, within other expressions too; fakesnow takes the last part of a name alone."""
    for column in list(expression.find_all(exp.Column)):
        if column.name.upper() != "NEXTVAL" or not column.table or not session.schema:
            continue
        parts = [stored_name(one) for one in column.parts[:-1]]
        name = session.qualified(tuple(parts))
        if not _is_sequence(session, name):
            continue
        made: Any = invoke("nextval", exp.Literal.string(name.sql))
        if isinstance(column.parent, exp.Select) and column.arg_key == "expressions":
            made = exp.alias_(made, "NEXTVAL", quoted=True)
        column.replace(made)
    return expression


def _is_sequence(session: Session, name: QualifiedName) -> bool:
    return bool(
        session.duck.execute(
            "SELECT 1 FROM duckdb_sequences() WHERE database_name = ? AND schema_name = ? "
            "AND sequence_name = ?",
            [name.database, name.schema, name.name],
        ).fetchall()
    )


_WITH_OFFSET = {"TO_TIMESTAMP_TZ", "TRY_TO_TIMESTAMP_TZ"}
_PASSING = (exp.Paren, exp.Coalesce, exp.Nullif, exp.Case, exp.If, exp.Max, exp.Min)
_BY_INSTANT = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In)


def _offsets(_: Session, expression: Any) -> Any:
    """A text with an offset becomes a TIMESTAMP_TZ where nothing but its instant is asked for."""
    for node in list(expression.find_all(exp.Cast, exp.TryCast, exp.Anonymous)):
        if isinstance(node, exp.Anonymous):
            if node.name.upper() not in _WITH_OFFSET or len(node.expressions) != 1:
                continue
            text = node.expressions[0]
        elif node.to.this is exp.DataType.Type.TIMESTAMPTZ:
            text = node.this
        else:
            continue
        if casts.plainly_a_time(text) or _instant_asked(node):
            continue
        seen = invoke("_es_offset_seen", text.copy())
        text.replace(seen)
    return expression


def _instant_asked(node: Any) -> bool:
    parent: Any = node.parent
    while isinstance(parent, _PASSING) or _is_cast(parent, exp.DataType.Type.TIMESTAMPTZ):
        parent = parent.parent
    if isinstance(parent, exp.ConvertTimezone):
        utc = parent.args["target_tz"] == exp.Literal.string("UTC")
        return utc and parent.args.get("source_tz") is None
    compared = isinstance(parent, _BY_INSTANT) and not is_assignment(parent)
    return compared or _is_cast(parent, exp.DataType.Type.TIMESTAMPLTZ)


def is_assignment(node: Any) -> bool:
    """Whether it is a ``column = value`` of an UPDATE, which is parsed as a comparison."""
    return node.arg_key == "expressions" and isinstance(node.parent, exp.Update)


def _is_cast(node: Any, kind: Any) -> bool:
    return isinstance(node, exp.Cast) and node.to.this is kind


def _trying(function: str) -> str:
    return f"_es_try{function.removeprefix('_es')}"


def _tried(_: Session, expression: Any) -> Any:
    """TRY_ conversions: fakesnow's to times raise, DuckDB's to numbers read what is none."""
    for node in list(expression.find_all(exp.TryCast)):
        if node.to.this in casts.FRACTIONS | wide_integers.INTEGERS:
            node.set("this", invoke("_es_number_text", node.this))
            continue
        if function := casts.READ_AS.get(node.to.this):
            node.replace(invoke(_trying(function), node.this))
    for node in list(expression.find_all(exp.ToDouble)):
        if node.args.get("safe") and not node.args.get("format"):
            node.set("this", invoke("_es_number_text", node.this))
    for node in list(expression.find_all(exp.Anonymous)):
        name = node.name.upper()
        tried = name.removeprefix("TRY_") if name.startswith("TRY_TO_") else ""
        function = casts.CONVERSIONS.get(tried)
        if function is not None and len(node.expressions) > 1:
            raise errors.unsupported(f"{node.name} with a format or a scale")
        if function is not None:
            node.replace(invoke(_trying(function), *node.expressions))
    return expression


def _temporary_names(session: Session, expression: Any) -> Any:
    """Temporary tables are the session's own, under the qualified name that they were given."""
    if isinstance(expression, exp.Create) and expression.find(exp.TemporaryProperty):
        name = written_table(session, expression)
        table = expression.this.this if isinstance(expression.this, exp.Schema) else expression.this
        if name is not None and expression.kind == "TABLE":
            if name in session.temporary and expression.args.get("exists"):
                held = session.temporary[name]
            elif name in session.temporary and not expression.args.get("replace"):
                raise errors.exists(name)
            else:
                held = f"TEMP_{time.time_ns():016X}{uuid.uuid4().hex[16:].upper()}"
            table.set("this", exp.to_identifier(held, quoted=True))
            table.set("db", None)
            table.set("catalog", None)
            # The query may read the table that is replaced.
            _own_names(session, expression, made=table)
            session.temporary[name] = held
            return expression
    return _own_names(session, expression) if session.temporary else expression


_NAMING = (exp.From, exp.Join, exp.Merge, exp.Update, exp.Delete)
"""What columns may name a table in that has no alias."""


def _own_names(session: Session, expression: Any, made: Any = None) -> Any:
    """The names that DuckDB knows the session's temporary tables by, in place of theirs."""
    hidden = {one.alias_or_name.upper() for one in expression.find_all(exp.CTE)}
    for table in list(expression.find_all(exp.Table)):
        if not isinstance(table.this, exp.Identifier) or table is made:
            continue
        if not table.db and (table.name.upper() in hidden or session.schema is None):
            continue
        if table.db and not table.catalog and session.database is None:
            continue
        held = session.temporary.get(name_of(session, table))
        if held is not None:
            if table.args.get("alias") is None and isinstance(table.parent, _NAMING):
                name = exp.to_identifier(table.name, quoted=True)
                table.set("alias", exp.TableAlias(this=name))
            if isinstance(expression, exp.Drop):
                session.temporary.pop(name_of(session, table))
            table.set("this", exp.to_identifier(held, quoted=True))
            table.set("db", exp.to_identifier("main"))
            table.set("catalog", exp.to_identifier("temp"))
    return expression


def _renamed(session: Session, expression: Any) -> Any:
    """A temporary table keeps the name that DuckDB knows it by; the session's changes."""
    renamed = expression.find(exp.AlterRename) if isinstance(expression, exp.Alter) else None
    name = written_table(session, expression) if renamed is not None else None
    if renamed is None or name not in session.temporary:
        return expression
    session.temporary[name_of(session, renamed.this)] = session.temporary.pop(name)
    return _done()


def _done() -> Any:
    done = exp.Literal.string("Statement executed successfully.")
    return exp.select(exp.alias_(done, "status"))


_HELD = re.compile(r"TEMP_[0-9A-F]{32}")


def is_temporary(held: str) -> bool:
    """Whether it is a name that DuckDB knows a temporary table by."""
    return _HELD.fullmatch(held) is not None


def temporary_made(held: str) -> datetime.datetime:
    """When a temporary table was made: the name that it has in DuckDB begins with it."""
    return datetime.datetime.fromtimestamp(int(held[5:21], 16) / 1e9, datetime.UTC)


def _set_columns(_: Session, expression: Any) -> Any:
    """``UPDATE t SET t.a = ..``: DuckDB takes the column's name alone."""
    if not isinstance(expression, exp.Update):
        return expression
    for one in expression.expressions:
        table = one.this.table if isinstance(one.this, exp.Column) else ""
        if table and table.upper() == expression.this.alias_or_name.upper():
            one.set("this", exp.column(one.this.this))
    return expression


def _truncate(session: Session, expression: Any) -> Any:
    """TRUNCATE IF EXISTS, which DuckDB does not know."""
    if isinstance(expression, exp.TruncateTable) and expression.args.get("exists"):
        name = written_table(session, expression)
        if name is None or session.relation_kind(name) is None:
            return _done()
        expression.set("exists", None)
    return expression


def _idle(session: Session, expression: Any) -> Any:
    """What IF [NOT] EXISTS answers where there is nothing to do."""
    if not expression.args.get("exists") or not isinstance(expression, (exp.Create, exp.Drop)):
        return expression
    kinds = {"TABLE", "VIEW", "SEQUENCE"}
    name = written_table(session, expression) if expression.kind in kinds else None
    if name is None:
        return expression
    sequence = expression.kind == "SEQUENCE"
    there = _is_sequence(session, name) if sequence else session.relation_kind(name)
    if bool(there) != isinstance(expression, exp.Create):
        return expression
    if isinstance(expression, exp.Create):
        text = f"{name.name} already exists, statement succeeded."
    else:
        text = f"Drop statement executed successfully ({name.name} already dropped)."
    return exp.select(exp.alias_(exp.Literal.string(text), "status"))


def _own_tables(session: Session, database: str | None) -> list[dict[str, Any]]:
    """The session's temporary tables, as INFORMATION_SCHEMA.TABLES shows tables."""
    no = ("IS_TRANSIENT", "AUTO_CLUSTERING_ON", "IS_ICEBERG", "IS_DYNAMIC", "IS_IMMUTABLE")
    return [
        {
            **dict.fromkeys((*no, "IS_HYBRID"), "NO"),
            **dict.fromkeys(("IS_INSERTABLE_INTO", "IS_TYPED", "IS_TEMPORARY"), "YES"),
            **dict.fromkeys(("TABLE_OWNER", "LAST_DDL_BY"), "SYSADMIN"),
            "TABLE_CATALOG": name.database,
            "TABLE_SCHEMA": name.schema,
            "TABLE_NAME": name.name,
            "TABLE_TYPE": "TEMPORARY TABLE",
            "ROW_COUNT": session.count_rows(QualifiedName("temp", "main", held)),
            "RETENTION_TIME": 1,
            "CREATED": temporary_made(held),
        }
        for name, held in session.temporary.items()
        if name.database == database
    ]


def _row_counts(session: Session, expression: Any) -> Any:
    """ROW_COUNT of INFORMATION_SCHEMA.TABLES: DuckDB's estimate forgets what was deleted."""
    if not isinstance(expression, exp.Query):
        return expression
    for table in list(expression.find_all(exp.Table)):
        if (table.db.upper(), table.name.upper()) != ("INFORMATION_SCHEMA", "TABLES"):
            continue
        database = session.database
        if isinstance(table.args.get("catalog"), exp.Identifier):
            database = stored_name(table.args["catalog"])
        if database not in session.engine.databases():
            continue
        shown = session.duck.execute(
            f"SELECT * FROM {quoted(str(database))}.{INTERNAL}._fs_tables"
        ).to_arrow_table()
        names = zip(shown["TABLE_SCHEMA"], shown["TABLE_NAME"], shown["TABLE_TYPE"], strict=True)
        counts = [
            session.count_rows(QualifiedName(str(database), str(schema), str(name)))
            if str(kind) == "BASE TABLE"
            else None
            for schema, name, kind in names
        ]
        place = shown.column_names.index("ROW_COUNT")
        shown = shown.set_column(place, "ROW_COUNT", pa.array(counts, pa.int64()))
        own = pa.Table.from_pylist(_own_tables(session, database), shown.schema)
        shown = pa.concat_tables([shown, own])
        held = exp.to_identifier(session.register(shown).strip('"'), quoted=True)
        alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier("TABLES"))
        table.replace(exp.Table(this=held, alias=alias))
    return expression


def _transient(_: Session, expression: Any) -> Any:
    """Transient tables are tables here: there is no time travel to leave out."""
    if isinstance(expression, exp.Create):
        for node in list(expression.find_all(exp.TransientProperty)):
            node.pop()
    return expression


def _longest_binary(_: Session, expression: Any) -> Any:
    """BINARY(8388608), as DESCRIBE shows it, is the longest; DuckDB's type takes no length."""
    for node in list(expression.find_all(exp.DataType)):
        if node.this in (exp.DataType.Type.BINARY, exp.DataType.Type.VARBINARY):
            if node.expressions and node.expressions[0].name != "8388608":
                raise errors.unsupported("BINARY of a length")
            node.set("expressions", [])
    return expression


def _division(_: Session, expression: Any) -> Any:
    """Division by zero is an error on Snowflake; DuckDB answers infinity."""
    for node in list(expression.find_all(exp.Div)):
        divisor = node.expression
        divisor = divisor.this if isinstance(divisor, exp.Paren) else divisor
        if isinstance(divisor, exp.Literal) and not divisor.is_string and float(divisor.name):
            continue
        call = invoke("_es_divide", node.this, node.expression)
        if node is expression:
            return call
        node.replace(call)
    return expression


_GENERATED = (exp.Uniform, exp.Normal, exp.Zipf)


def _random(_: Session, expression: Any) -> Any:
    """RANDOM is a whole number of 64 bits; DuckDB's lies between 0 and 1, its seed beside it."""
    seen: set[tuple[int, int]] = set()
    for node in list(expression.find_all(exp.Rand)):
        window = node.find_ancestor(exp.Window, exp.Select)
        if isinstance(window, exp.Window):
            raise errors.unsupported("RANDOM in OVER (..): order by a column of a subquery")
        if isinstance(node.parent, exp.Randstr):
            raise errors.unsupported("RANDSTR of RANDOM")
        if (seed := node.this) is not None:
            if not seed.is_int:
                raise errors.unsupported("RANDOM with a seed that is no literal")
            number = seed.to_py()
            if (key := (id(node.parent_select), number)) in seen:
                raise errors.unsupported(f"RANDOM({number}) twice: select it once, in a subquery")
            seen.add(key)
            # fakesnow sets it before a query; that it repeats, nobody promises.
            if isinstance(expression, (exp.Query, exp.Create)):
                expression.args["seed"] = f"({number} % 2147483647) / 2147483648.0"
            node.set("this", None)
        if isinstance(node.parent, _GENERATED):
            continue
        whole = sqlglot.parse_one(
            "CAST((random() - 0.5) * CAST(2 AS DOUBLE) ** 64 AS BIGINT)", read="duckdb"
        )
        node.replace(whole)
    return expression


_ANY = (exp.Expr,)
_STEPS: tuple[tuple[tuple[type[Any], ...], Callable[[Session, Any], Any]], ...] = (
    (_ANY, _row_counts),
    (_ANY, _sequences),
    ((exp.TableFromRows,), _result_scan),
    ((exp.TableSample,), _samples),
    ((exp.Join,), _laterals),
    ((exp.Join,), _asof),
    ((exp.Create,), _constraints),
    ((exp.Create,), _lengths),
    ((exp.Create,), _transient),
    ((exp.DataType,), _longest_binary),
    ((exp.Update,), _set_columns),
    ((exp.TruncateTable,), _truncate),
    ((exp.Create, exp.Drop), _idle),
    ((exp.Func,), _context_functions),
    ((exp.CurrentTimestamp, exp.CurrentDate, exp.CurrentTime), _moments),
    ((exp.HashAgg, exp.Anonymous), _hashes),
    ((exp.Div,), _division),
    ((exp.Cast, exp.Anonymous), _offsets),
    ((exp.TryCast, exp.ToDouble, exp.Anonymous), _tried),
    ((exp.Alter,), _renamed),
    (_ANY, _temporary_names),
    (
        _ANY,
        lambda session, expression: (
            wide_integers.widened(expression) if session.wide else wide_integers.guarded(expression)
        ),
    ),
    (_ANY, lambda _, expression: translating.translate(expression)),
    ((exp.Rand,), _random),
)
"""Each with the kinds of node that it looks for: without one of them it has nothing to do."""


# ---- statements that DuckDB answers otherwise


def name_in_status(cursor: Any, expression: Any) -> None:
    """Say a table's own name where fakesnow says the one that DuckDB knows it by."""
    if not isinstance(expression, (exp.Create, exp.Drop)) or expression.kind != "TABLE":
        return
    table = expression.this or (expression.args.get("tables") or [None])[0]
    table = table.this if isinstance(table, exp.Schema) else table
    if not isinstance(table, exp.Table) or not isinstance(table.this, exp.Identifier):
        return
    held = _HELD.search(str(cursor._arrow_table[0][0]))  # noqa: SLF001
    if held is None:
        return
    say(cursor, str(cursor._arrow_table[0][0]).replace(held.group(), stored_name(table)))  # noqa: SLF001


def say(cursor: Any, status: str) -> None:
    """Answer a definition with this status."""
    cursor._arrow_table = pa.table({"status": [status]})  # noqa: SLF001
    cursor._last_sql = f"SELECT {literal(status)} AS status"  # noqa: SLF001
    cursor._last_params = None  # noqa: SLF001


def merge(session: Session, cursor: Any, expression: Any) -> None:
    """MERGE as DuckDB's own, which is atomic; fills the cursor as fakesnow's would be.

    Raises:
        duckdb.Error: what DuckDB says.
    """
    transformed = cursor._transform(expression, None)  # noqa: SLF001
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
    sql = transformed.sql(dialect="duckdb") + " RETURNING merge_action"
    counts: dict[str, int] = {}
    for (action,) in session.duck.execute(sql).fetchall():
        counts[action] = counts.get(action, 0) + 1
    shown = [("INSERT", "inserted"), ("UPDATE", "updated"), ("DELETE", "deleted")]
    values = [(word, counts.get(kind, 0)) for kind, word in shown if kind in kinds]
    select = ", ".join(f'{count}::BIGINT AS "number of rows {word}"' for word, count in values)
    cursor._last_sql = f"SELECT {select}"  # noqa: SLF001
    cursor._last_params = None  # noqa: SLF001
    cursor._arrow_table = pa.table(  # noqa: SLF001
        {f"number of rows {word}": pa.array([count], pa.int64()) for word, count in values}
    )
    cursor._rowcount = sum(count for _, count in values)  # noqa: SLF001
    cursor._sfqid = session.query_id  # noqa: SLF001
