"""Everything that is changed in fakesnow, each with its fault and the condition on which it goes.

| patch | fault in fakesnow 0.12.1 | goes when |
|---|---|---|
| `timestamps` | NULL timestamps arrive as 1970-01-01 | its structure has a mask of NULLs |
| described types | an instant in the session's zone is called TIMESTAMP_TZ | it says TIMESTAMP_LTZ |
| `_table_comment` | a comment is written to a second database | it is written beside its table |
| text lengths | they are, as well: `table_facts` keeps them | they are written beside their table |
| `_aggregates` | text that is no number is left out of a SUM | it casts, not tries to |
| `_created_as` | a column ``"b c"`` of a query is a syntax error | it quotes names |
| `random` | a RANDOM in a subquery is rewritten twice, a second one loses its seed | each is, once |
| columns view | it reads lengths from the second database | as text lengths |
| columns view | an OBJECT and an ARRAY are a VARIANT, a text of a query has no length | it knows them |
| columns view | a HUGEINT has no precision, an INTEGER 32 bits | it lists them with BIGINT |
| columns view | no column is an identity, and four have names in lower case | it knows which are |
| columns view | defaults are in DuckDB's words | it says them in Snowflake's |
| databases, schemata, views | every one is of 1970 | they know when it was made, or say NULL |
| views view | a definition is in DuckDB's words, no view is secure or has a comment | it knows them |
| tables view | every table is of 1970 | it knows times of creation and change |
| tables view | no table is transient or dynamic | it knows which are |
| tables view | every table has 0 bytes | it measures them, or says NULL |
| statuses | a name with an apostrophe in it ends the text | it doubles it |
| bucket | every start leaves a directory among the temporary ones | it is made when used |

`embedded_snowflake_tests/test_patches.py` shows each fault in the unchanged fakesnow, so that it
fails when a fault is gone and its patch can go; and it compares `PINNED` with what is installed,
since this package reaches into names of these that are nobody's promise.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

import fakesnow.arrow as fakesnow_arrow
import fakesnow.cursor as fakesnow_cursor
import pyarrow as pa
import pyarrow.compute as pc
from fakesnow import info_schema, rowtype, transforms
from fakesnow.transforms import stage
from sqlglot import exp

from embedded_snowflake import errors
from embedded_snowflake.names import literal, quoted, stored_name
from embedded_snowflake.sql import definitions, temporary_tables
from embedded_snowflake.sql.functions import casts

PINNED = {
    "fakesnow": "0.12.1",
    "sqlglot": "30.22.0",
    "duckdb": "2.0.0",
    "snowflake-connector-python": "4.8.1",
}
"""Versions that this package was read and tested against."""


def timestamps(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Snowflake's structure for timestamps. fakesnow loses NULLs: they arrive as 1970-01-01."""
    column: Any = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    zoned = column.type.tz is not None
    unit = pa.timestamp("ns", tz="UTC") if zoned else pa.timestamp("ns")
    missing = pc.is_null(column)
    micro = column.cast(pa.timestamp("us", tz="UTC") if zoned else pa.timestamp("us"), safe=False)
    micros = pc.fill_null(micro.cast(pa.int64()), 0)
    below = pc.less(micros, 0)
    whole = pc.divide(pc.if_else(below, pc.subtract(micros, 999_999), micros), 1_000_000)
    rest = pc.multiply(pc.subtract(micros, pc.multiply(whole, 1_000_000)), 1000)
    if column.type.unit == "ns":
        nanos = pc.fill_null(column.cast(unit).cast(pa.int64()), 0)
        rest = pc.subtract(nanos, pc.multiply(whole, 1_000_000_000))
    fields = [
        pa.field("epoch", pa.int64(), nullable=False),
        pa.field("fraction", pa.int32(), nullable=False),
    ]
    return pa.StructArray.from_arrays([whole, rest.cast(pa.int32())], fields=fields, mask=missing)


def _table_comment(catalog: str, schema: str, table: str, comment: str | None) -> str:
    """Comments go into fakesnow's own database: a second database written by one transaction."""
    if comment is None:
        return "SELECT 1"
    own = temporary_tables.is_temporary(table)
    where = "temp.main" if own else f"{quoted(catalog)}.{quoted(schema)}"
    return f"COMMENT ON TABLE {where}.{quoted(table)} IS {literal(comment)}"


_as_fakesnow = transforms.numeric_agg_implicit_cast


def _aggregates(expression: Any) -> Any:
    """Fakesnow adds every number as TRY_CAST(.. AS DOUBLE): text that is none becomes NULL.

    SUM keeps its type; the others fail on text that is no number.
    """
    cast = isinstance(getattr(expression, "this", None), (exp.Cast, exp.TryCast))
    made = _as_fakesnow(expression)
    inner = made.this if isinstance(made, exp.Alias) else made
    if cast or not isinstance(inner.args.get("this"), exp.TryCast):
        return made
    tried = inner.this
    if isinstance(inner, exp.Sum):
        inner.set("this", tried.this)
    elif isinstance(tried.this, exp.Distinct):
        one = tried.this.expressions[0]
        one.replace(exp.Cast(this=one.copy(), to=tried.args["to"]))
        inner.set("this", tried.this)
    elif isinstance(inner, exp.AggFunc):
        inner.set("this", exp.Cast(this=tried.this, to=tried.args["to"]))
    return made


def _unnamed_as(create: Any, duck: Any) -> Any:
    """DuckDB renames a column of a name that is taken, and stores a type of NULL."""
    query = create.expression
    if create.kind not in {"TABLE", "VIEW"} or not isinstance(query, exp.Query):
        return create
    given = duck.execute(query.limit(0).sql(dialect="duckdb")).description
    names = [str(row[0]) for row in given]
    for place, name in enumerate(names):
        if name.upper() in {one.upper() for one in names[:place]}:
            raise errors.uncompiled(f"duplicate column name '{name}'", 2025, "42S21")
    missing = {str(row[0]) for row in given if str(row[1]) == '"NULL"'}
    if missing:
        columns: list[Any] = []
        for name in names:
            column = exp.column(exp.to_identifier(name, quoted=True))
            value = exp.cast(column, "VARCHAR") if name in missing else column
            columns.append(exp.alias_(value, name, quoted=True))
        create.set("expression", exp.select(*columns).from_(query.subquery("_s")))
    return create


def _created_as(expression: Any, duck: Any) -> Any:
    """Fakesnow expands ``*`` to unquoted names: a column ``"b c"`` is then a syntax error."""
    if isinstance(expression, exp.Create) and isinstance(expression.this, exp.Table):
        return _unnamed_as(expression, duck)
    if not (
        isinstance(expression, exp.Create)
        and expression.kind == "TABLE"
        and isinstance(expression.this, exp.Schema)
        and isinstance(expression.expression, exp.Query)
        and expression.this.expressions
    ):
        return expression
    query = expression.expression
    wanted: list[Any] = [
        one
        for one in expression.this.expressions
        if isinstance(one, (exp.ColumnDef, exp.Identifier))
    ]
    for one in wanted:
        for constraint in one.args.get("constraints") or []:
            # NOT NULL is set once the table is there (`definitions.required_columns`).
            if not isinstance(constraint.kind, exp.NotNullColumnConstraint):
                raise errors.unsupported(
                    "CREATE TABLE .. AS with such constraints of columns: create it, then insert"
                )
    given = duck.execute(f"DESCRIBE {query.sql(dialect='duckdb')}").fetchall()
    if len(wanted) != len(expression.this.expressions) or len(wanted) != len(given):
        raise errors.uncompiled("Invalid column definition list", 2026, "42601")
    columns: list[Any] = []
    for one, row in zip(wanted, given, strict=True):
        column: Any = exp.column(exp.to_identifier(row[0], quoted=True), "_s")
        kind = one.args.get("kind")
        if kind and definitions.text_length(kind):
            # Longer texts are an error: a CAST would cut them.
            kind = exp.DataType.build("VARCHAR")
        value = casts.cast(column, kind.copy()) if kind else column
        columns.append(exp.alias_(value, stored_name(one), quoted=True))
    inner = query.this if isinstance(query, exp.Subquery) and not query.alias else query
    expression.set("expression", exp.select(*columns).from_(inner.subquery("_s")))
    expression.set("this", expression.this.this)
    return expression


_KEPT = "from ${{catalog}}._fs_information_schema.objects o where o.kind = '{0}' and {1}"
_OF_TABLE = "(o.schema_name, o.name) = (tables.schema_name, tables.table_name)"
_OF_SCHEMA = "(o.schema_name, o.name) = ('', {}.schema_name)"
_PLACES = {
    "VIEWS": ("view", "(o.schema_name, o.name) = (duckdb_views.schema_name, view_name)"),
    "SCHEMATA": ("schema", _OF_SCHEMA.format("schemata")),
    "DATABASES": ("schema", "(o.schema_name, o.name, catalog_name) = ('', '', '${catalog}')"),
}
"""Views of the information schema, and where what is kept of a row stands."""
_FACTS = {
    "sql as VIEW_DEFINITION": "o.props->>'text'",
    "'NO' as IS_SECURE": "if((o.props->>'secure')::boolean, 'YES', 'NO')",
    "null::VARCHAR as COMMENT": "nullif(o.props->>'comment', '')",
    "to_timestamp(0)::timestamptz as CREATED": "o.created_on",
    "'NO' as IS_TRANSIENT": "if(o.props->>'options' like '%TRANSIENT%', 'YES', 'NO')",
    "'NO' as IS_MANAGED_ACCESS": "if(o.props->>'options' like '%MANAGED%', 'YES', 'NO')",
    "1 as RETENTION_TIME": "(o.props->>'retention')::bigint",
}


class _Status(Template):
    """A status that a name is put into as a text."""

    def substitute(self, *found: Any, **names: Any) -> str:
        whole = {one: str(what).replace("'", "''") for one, what in names.items()}
        return super().substitute(*found, **whole)


@cache
def apply() -> None:
    """Put the patches in place, once a process, before fakesnow's engine is made."""
    # Made by the import, and never removed; files of stages are elsewhere.
    with suppress(OSError):
        Path(stage.LOCAL_BUCKET_PATH).rmdir()
    fakesnow_arrow.timestamp_to_sf_struct = timestamps
    for name, status in vars(fakesnow_cursor).copy().items():
        if isinstance(status, Template):
            setattr(fakesnow_cursor, name, _Status(status.template))
    rowtype.duckdb_to_sf_type["TIMESTAMP WITH TIME ZONE"] = "timestamp_ltz"
    info_schema.insert_table_comment_sql = _table_comment
    transforms.numeric_agg_implicit_cast = _aggregates
    transforms.create_table_as = _created_as
    # `rewriting._random` has done it.
    transforms.random = lambda expression: expression
    info_schema.insert_text_lengths_sql = lambda *_: "SELECT 1"
    # Columns of a database are described from that database's own text lengths.
    body = info_schema.SQL_CREATE_GLOBAL_INFORMATION_SCHEMA_COLUMNS_VIEW.replace(
        "_fs_global._fs_information_schema._fs_columns AS",
        "${catalog}._fs_information_schema._fs_columns AS",
    ).replace(
        "_fs_global._fs_information_schema._fs_columns_ext",
        "${catalog}._fs_information_schema._fs_columns_ext",
    )
    # A sum of integers is a HUGEINT, a literal an INTEGER; fakesnow knows neither as NUMBER(38).
    whole = "'BIGINT', 'HUGEINT', 'INTEGER', 'SMALLINT', 'TINYINT', 'UBIGINT'"
    body = body.replace("columns.data_type='BIGINT'", f"columns.data_type IN ({whole})")
    body = body.replace("'TIMESTAMP_TZ'", "coalesce(ext_kind, 'TIMESTAMP_LTZ')")
    body = body.replace("then 'VARIANT'", "then coalesce(ext_kind, 'VARIANT')")
    for measure in ("ext_character_maximum_length", "ext_character_octet_length"):
        longest = f"case when columns.data_type = 'VARCHAR' then coalesce({measure}, 16777216) end"
        body = body.replace(f"{measure} as", f"{longest} as")
    identity = "if(starts_with(lower(columns.column_default), 'nextval(''_fs_seq_'), 'YES', 'NO')"
    for column in ("COLLATION_NAME", "IS_IDENTITY", "IDENTITY_GENERATION", "IDENTITY_CYCLE"):
        value = identity if column == "IS_IDENTITY" else column
        body = body.replace(f"{column},", f'{value} as "{column}",')
    body = body.replace("create view if not exists", "create or replace view").replace(
        "columns.column_default AS",
        "case when starts_with(lower(columns.column_default), 'nextval(''_fs_seq_') then null "
        "else replace(columns.column_default, 'CAST(uuid() AS TEXT)', 'UUID_STRING()') end AS",
    )
    for kind, place in _PLACES.items():
        name = f"SQL_CREATE_INFORMATION_SCHEMA_{kind}_VIEW"
        text = getattr(info_schema, name).template
        text = text.replace("create view if not exists", "create or replace view")
        for words, fact in _FACTS.items():
            other, column = words.split(" as ")
            known = f"coalesce((select {fact} {_KEPT.format(*place)}), {other})"
            text = text.replace(words, f"{known} as {column}")
        # Not known there; fakesnow says 1970.
        text = text.replace("to_timestamp(0)::timestamptz", "null::timestamptz")
        setattr(info_schema, name, Template(text))
    info_schema.SQL_CREATE_INFORMATION_SCHEMA_COLUMNS_VIEW = Template(
        body + "\n and columns.table_catalog = '${catalog}'"
    )
    # fakesnow says 1970 for every table; the change log knows better.
    tables = info_schema.SQL_CREATE_INFORMATION_SCHEMA_TABLES_VIEW.template
    log = (
        "(select {fn}(changed) from ${{catalog}}._fs_information_schema.changes c "
        "where c.schema_name = tables.schema_name and c.name = tables.table_name {only})"
    )
    created = log.format(fn="max", only="and c.created")
    changed = log.format(fn="max", only="")
    for column, source in (("CREATED", created), ("LAST_ALTERED", changed), ("LAST_DDL", changed)):
        tables = tables.replace(
            f'to_timestamp(0)::timestamptz AS "{column}"', f'{source} AS "{column}"'
        )
    tables = tables.replace("_fs_tables_ext.comment AS", "tables.comment AS")
    for column, kind in (("IS_TRANSIENT", "transient"), ("IS_DYNAMIC", "dynamic_table")):
        shown = f"if(exists ({_KEPT.format(kind, _OF_TABLE)}), 'YES', 'NO') AS"
        tables = tables.replace(f"'NO' AS \"{column}\"", f'{shown} "{column}"')
    own = _KEPT.format("table_options", _OF_TABLE)
    keys = f"(select o.props->>'cluster_by' {own}) AS"
    tables = tables.replace('NULL::VARCHAR AS "CLUSTERING_KEY"', f'{keys} "CLUSTERING_KEY"')
    schema = _KEPT.format("schema", _OF_SCHEMA.format("tables"))
    days = f"select o.props->>'DATA_RETENTION_TIME_IN_DAYS' {own}"
    days = f"coalesce(({days}), (select o.props->>'retention' {schema}), '1')::bigint AS"
    tables = tables.replace('1 AS "RETENTION_TIME"', f'{days} "RETENTION_TIME"')
    # Not measured; fakesnow says that every table has no bytes.
    tables = tables.replace('0 AS "BYTES"', 'NULL::BIGINT AS "BYTES"')
    start, stop = tables.index("left join"), tables.index("where tables.database_name")
    tables = tables[:start] + tables[stop:]
    # fakesnow leaves views out; an older directory's view of tables is replaced as well.
    views = (
        tables[tables.index("select") :]
        .replace("'BASE TABLE'", "'VIEW'")
        .replace("tables.estimated_size", "NULL::BIGINT")
        .replace(
            "duckdb_tables tables", "(select *, view_name as table_name from duckdb_views) tables"
        )
    )
    tables = tables.replace("create view if not exists", "create or replace view")
    info_schema.SQL_CREATE_INFORMATION_SCHEMA_TABLES_VIEW = Template(
        f"{tables}\nunion all by name\n{views}\n  and not tables.internal\n"
    )
