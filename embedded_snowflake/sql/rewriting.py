"""Rewrites of a parsed statement, before fakesnow's own.

Add one here when it concerns whole queries; of definitions they stand in `definitions.py`, of the
session's own tables in `temporary_tables.py`, of names in `table_names.py`. A function that DuckDB
answers otherwise stands in `functions/`, a conversion between types in `conversions/`, a rewrite of
the text in `sessions/text_rewriting.py`, what is refused in `refusing.py`.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import sqlglot
from sqlglot import exp

from embedded_snowflake import errors
from embedded_snowflake.names import INTERNAL, QualifiedName, quoted, stored_name
from embedded_snowflake.sql import definitions, temporary_tables
from embedded_snowflake.sql.building import invoke
from embedded_snowflake.sql.conversions import wide_integers
from embedded_snowflake.sql.definitions import is_sequence
from embedded_snowflake.sql.functions import casts, translating
from embedded_snowflake.sql.temporary_tables import temporary_made

if TYPE_CHECKING:
    from embedded_snowflake.sessions.session import Session


def rewrite(session: Session, expression: Any) -> Any:
    """All rewrites of a parsed statement, in the order in which they depend on each other."""
    there = {kind for node in expression.walk() for kind in type(node).__mro__}
    for kinds, step in _STEPS:
        if not there.isdisjoint(kinds):
            expression = step(session, expression)
    return expression


def _unconditional(_: Session, expression: Any) -> Any:
    """A JOIN without ON: sqlglot writes a comma, which no parentheses take and loses outer rows."""
    for join in expression.find_all(exp.Join):
        if any(join.args.get(part) for part in ("on", "using", "method", "match_condition")):
            continue
        if join.side:
            join.set("on", exp.true())
        elif not isinstance(join.this, (exp.Lateral, exp.TableFromRows)) and (
            join.kind == "INNER" or not isinstance(join.parent, exp.Select)
        ):
            join.set("kind", "CROSS")
    return expression


def _samples(_: Session, expression: Any) -> Any:
    """ROW is Snowflake's other name of BERNOULLI, BLOCK of SYSTEM; so many rows are a reservoir."""
    for node in expression.find_all(exp.TableSample):
        if node.args.get("size") is not None:
            node.set("method", exp.var("RESERVOIR"))
            continue
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


def _query_id(session: Session, call: Any) -> str:
    """``LAST_QUERY_ID([n])``, or n: the n-th id of the session, from its end where n is negative."""
    if isinstance(call, exp.Anonymous) and call.name.upper() in {"LAST_QUERY_ID", "RESULT_SCAN"}:
        call = call.expressions[0] if call.expressions else exp.Literal.number(-1)
    text = call.sql()
    if not re.fullmatch(r"-?[1-9]\d{0,2}", text):
        raise errors.unsupported(f"LAST_QUERY_ID({text})")
    place = int(text)
    ids = session.first_query_ids if place > 0 else session.query_ids
    return ids[place - (place > 0)] if abs(place) <= len(ids) else ""


def _result_scan(session: Session, expression: Any) -> Any:
    for node in list(expression.find_all(exp.TableFromRows)):
        call = node.this
        if not (isinstance(call, exp.Anonymous) and call.name.upper() == "RESULT_SCAN"):
            continue
        wanted = call.expressions[0] if call.expressions else call
        query_id = wanted.name if wanted.is_string else _query_id(session, wanted)
        kept = session.engine.fakesnow.results_cache.get(query_id)
        if kept is None or kept[0] is None:
            raise errors.error(f"Statement {query_id} not found", 709, "02000")
        name = session.register(kept[0]).strip('"')
        node.replace(
            exp.Table(this=exp.to_identifier(name, quoted=True), alias=node.args.get("alias"))
        )
    return expression


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
        "CURRENT_SECONDARY_ROLES": '{"roles":"","value":""}',
        "CURRENT_ROLE_TYPE": "ROLE",
        "CURRENT_TRANSACTION": session.transaction_id,
        # Nobody comes by a share or an organization here.
        **dict.fromkeys(("INVOKER_SHARE", "CURRENT_ORGANIZATION_USER")),
        "CURRENT_DATABASE": session.database,
        "CURRENT_SCHEMA": session.schema,
    }
    for node in list(expression.find_all(exp.Func)):
        name = node.name.upper() if isinstance(node, exp.Anonymous) else node.sql_name().upper()
        if name in known and not (isinstance(node, exp.Anonymous) and node.expressions):
            value = known[name]
            fixed = exp.Null() if value is None else exp.Literal.string(value)
            node.replace(fixed)
        elif name in {"IS_DATABASE_ROLE_IN_SESSION", "IS_APPLICATION_ROLE_IN_SESSION"}:
            # No such role can be made.
            missing = exp.Is(this=node.expressions[0], expression=exp.Null())
            none = exp.If(this=missing, true=exp.Null())
            node.replace(exp.Case(ifs=[none], default=exp.false()))
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
            if isinstance(node.this, exp.Distinct) or isinstance(node.parent, exp.Window):
                raise errors.unsupported("HASH_AGG of DISTINCT values, or with OVER")
            made = exp.Coalesce(this=exp.Sum(this=made), expressions=[exp.Literal.number(0)])
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
        if not is_sequence(session, name):
            continue
        made: Any = invoke("nextval", exp.Literal.string(name.sql))
        if isinstance(column.parent, exp.Select) and column.arg_key == "expressions":
            made = exp.alias_(made, "NEXTVAL", quoted=True)
        column.replace(made)
    return expression


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
        if node.to.this in {exp.DType.CHAR, exp.DType.NCHAR} and not node.to.expressions:
            node.to.set("expressions", [exp.DataTypeParam(this=exp.Literal.number(1))])
            node.set("null_on_text_overflow", True)  # noqa: FBT003
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


def _set_columns(_: Session, expression: Any) -> Any:
    """``UPDATE t SET t.a = ..``: DuckDB takes the column's name alone."""
    if not isinstance(expression, exp.Update):
        return expression
    for one in expression.expressions:
        table = one.this.table if isinstance(one.this, exp.Column) else ""
        if table and table.upper() == expression.this.alias_or_name.upper():
            one.set("this", exp.column(one.this.this))
    return expression


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
        if name.database == database and temporary_tables.temporary_kind(held) == "TABLE"
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


def _division(_: Session, expression: Any) -> Any:
    """Division by zero is an error on Snowflake; DuckDB answers infinity."""
    for node in list(expression.find_all(exp.Div)):
        divisor = node.expression
        divisor = divisor.this if isinstance(divisor, exp.Paren) else divisor
        if isinstance(divisor, exp.Literal) and not divisor.is_string and float(divisor.name):
            continue
        node.replace(invoke("_es_divide", node.this, node.expression))
    return expression


_GENERATED = (exp.Uniform, exp.Normal)


def _random(_: Session, expression: Any) -> Any:
    """RANDOM is a whole number of 64 bits; DuckDB's lies between 0 and 1, its seed beside it."""
    seen: set[tuple[int, int]] = set()
    for node in list(expression.find_all(exp.Rand)):
        window = node.find_ancestor(exp.Window, exp.Select)
        if isinstance(window, exp.Window):
            raise errors.unsupported("RANDOM in OVER (..): order by a column of a subquery")
        if isinstance(node.parent, (exp.Randstr, exp.Zipf)):
            # One value for all rows.
            raise errors.unsupported(f"{node.parent.sql_name()} of RANDOM")
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
    ((exp.Join,), _unconditional),
    ((exp.Join,), _asof),
    *definitions.STEPS,
    ((exp.Update,), _set_columns),
    ((exp.Func,), _context_functions),
    ((exp.CurrentTimestamp, exp.CurrentDate, exp.CurrentTime), _moments),
    ((exp.HashAgg, exp.Anonymous), _hashes),
    ((exp.Div,), _division),
    ((exp.Cast, exp.Anonymous), _offsets),
    ((exp.TryCast, exp.ToDouble, exp.Anonymous), _tried),
    *temporary_tables.STEPS,
    (
        _ANY,
        lambda session, expression: (
            wide_integers.widened(expression) if session.wide else wide_integers.guarded(expression)
        ),
    ),
    (_ANY, lambda _, expression: translating.translate(expression)),
    ((exp.DefaultColumnConstraint,), definitions.constant_defaults),
    ((exp.Rand,), _random),
)
"""Each with the kinds of node that it looks for: without one of them it has nothing to do."""
