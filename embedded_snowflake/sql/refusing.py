"""What is refused before it runs: what DuckDB would answer otherwise than Snowflake, or not at all.

Add a check here when a statement can be known by its tree; what only shows while it runs is worded
in `errors.py`.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

import duckdb
from sqlglot import exp

from embedded_snowflake import errors
from embedded_snowflake.inference.pool import FUNCTION_NAME
from embedded_snowflake.names import INTERNAL, QualifiedName, stored_name
from embedded_snowflake.sql import foreign, windows
from embedded_snowflake.sql.conversions import coercion, spelling_out
from embedded_snowflake.sql.conversions.inferred_types import group_of
from embedded_snowflake.sql.conversions.number_types import scale_of
from embedded_snowflake.sql.describing import shown_type
from embedded_snowflake.sql.table_names import DML, name_of, tables_of, written_table

if TYPE_CHECKING:
    from embedded_snowflake.sessions.session import Session


_OF_DUCKDB = re.compile("(duckdb|sqlite|pragma)_", re.IGNORECASE)
"""How the views begin that DuckDB has in every database: they show what no user may see."""


_INFORMATION = {"COLUMNS", "DATABASES", "SCHEMATA", "TABLES", "VIEWS"}
"""The views of the information schema; DuckDB and fakesnow have others that tell something else."""


def check(session: Session, expression: Any) -> None:
    """Refuse what DuckDB would answer otherwise than Snowflake, or not at all.

    Raises:
        SnowflakeError: the statement is refused, by name.
    """
    _check_sources(session, expression)
    foreign.check(expression)
    _check_functions(expression)
    _check_rowid(session, expression)
    _check_kinds(expression)
    _check_queries(expression)
    if isinstance(expression, exp.Insert) and isinstance(expression.expression, exp.Values):
        _check_inserted(expression.expression)
    defines = isinstance(expression, (exp.Create, exp.Drop))
    if defines and expression.kind not in {"TABLE", "VIEW", "SEQUENCE"}:
        raise errors.unsupported(f"{expression.key.upper()} {expression.kind}")
    target = written_table(session, expression)
    if target is not None and not session.within_handler:
        _check_target(session, expression, target)


def _check_sources(session: Session, expression: Any) -> None:
    """What a statement reads is there for users, as it is now."""
    hidden = {one.alias_or_name.upper() for one in expression.find_all(exp.CTE)}
    made = expression.this if isinstance(expression, exp.Create) else None
    made = made.this if isinstance(made, exp.Schema) else made
    for found in expression.find_all(exp.Table):
        if found is made:
            continue
        own = _OF_DUCKDB.match(found.name) and found.name.upper() not in hidden
        if own and session.relation_kind(name_of(session, found)) is None:
            raise errors.missing("Object", found.sql(dialect="snowflake"))
        if found.args.get("when") is not None or found.args.get("version") is not None:
            raise errors.unsupported("time travel (AT, BEFORE)")
        _check_source(found)
        read = found.db or found.name.upper() not in hidden
        for name in tables_of(session, found) if read and not session.within_handler else ():
            kept = session.catalog.get("dynamic_table", name)
            if kept is not None and kept.props["data_timestamp"] is None:
                message = "Dynamic Table is not initialized: run a manual refresh or wait for one."
                raise errors.error(message, 2741, "55000")
        if found.db.upper() == "INFORMATION_SCHEMA" and found.name.upper() not in _INFORMATION:
            raise errors.unsupported(f"INFORMATION_SCHEMA.{found.name.upper()}")
        if found.db.lower() == INTERNAL or found.catalog.lower() == "_fs_global":
            raise errors.missing("Object", found.sql(dialect="snowflake"))


def _check_target(session: Session, expression: Any, target: QualifiedName) -> None:
    """A statement about a table must name one: not a view, and not a dynamic table."""
    for renamed in expression.find_all(exp.AlterRename):
        new = name_of(session, renamed.this)
        if (new.database, new.schema) != (target.database, target.schema):
            raise errors.unsupported("RENAME TO another schema")
        if session.relation_kind(new) is not None:
            raise errors.exists(new)
    for action in expression.find_all(exp.AlterColumn):
        if action.args.get("dtype") is not None:
            _check_new_type(session, target, action)
    if isinstance(expression, DML) and session.catalog.get("dynamic_table", target):
        raise errors.uncompiled(f"Invalid operation: '{target}' is a dynamic table.", 2203, "42601")
    if expression.args.get("kind") != "TABLE" or expression.find(exp.TemporaryProperty):
        return
    if isinstance(expression, exp.Create) and target in session.temporary:
        raise errors.unsupported("CREATE TABLE of a name that a temporary table of the session has")
    kind = session.relation_kind(target)
    if kind in {"VIEW", "DYNAMIC TABLE"} and isinstance(expression, exp.Drop):
        raise errors.other_kind(kind, "TABLE")
    if kind in {"VIEW", "DYNAMIC TABLE"} and isinstance(expression, exp.Create):
        raise errors.uncompiled(f"Object '{target.name}' already exists as {kind}", 1998, "42710")


_MAKES_JSON = (
    *(exp.ParseJSON, exp.ToVariant, exp.ToArray, exp.Array, exp.Struct, exp.JSONObject),
    *(exp.Split, exp.StrtokToArray, exp.RegexpExtractAll, exp.GenerateSeries, exp.ParseUrl),
)
_NAMED_TO_MAKE_JSON = {"TO_OBJECT", "PARSE_XML"}


def makes_json(node: Any) -> bool:
    """Whether an expression makes a VARIANT, an OBJECT or an ARRAY, of whatever it is given."""
    if isinstance(node, exp.Anonymous):
        return node.name.upper() in _NAMED_TO_MAKE_JSON
    cast = isinstance(node, exp.Cast) and node.is_type("VARIANT", "OBJECT", "ARRAY")
    return cast or isinstance(node, _MAKES_JSON)


def _check_inserted(values: Any) -> None:
    """VALUES takes constants: no query, and nothing that makes a VARIANT, an OBJECT or an ARRAY."""
    for row in values.expressions:
        for value in row.expressions if isinstance(row, exp.Tuple) else ():
            for node in () if isinstance(value, exp.Literal) else value.walk():
                of_null = isinstance(node, exp.Cast) and isinstance(node.this, exp.Null)
                other = isinstance(node, (exp.Query, exp.AggFunc, exp.Window))
                if other or (makes_json(node) and not of_null):
                    raise errors.uncompiled(
                        f"Invalid expression [{value.sql('snowflake')}] in VALUES clause",
                        2014,
                        "22000",
                    )


UNNAMED = "unnamed"
"""The mark of a column that the statement gives no name (`parsing._Parser`)."""


def check_names(query: Any) -> None:
    """Refuse what a table or view is made of, where an expression has no name."""
    query = query.unnest() if isinstance(query, exp.Subquery) else query
    single = isinstance(query, exp.Select) and not query.is_star
    if single and any(UNNAMED in one.meta for one in query.expressions):
        raise errors.uncompiled("Missing column specification", 2022, "42601")


def _check_new_type(session: Session, target: QualifiedName, action: Any) -> None:
    """A column changes its length or its number of digits, never its type or its scale."""
    column = stored_name(action)
    found = session.duck.execute(
        "SELECT data_type FROM duckdb_columns() WHERE database_name = ? AND schema_name = ? "
        "AND table_name = ? AND column_name = ?",
        [target.database, target.schema, target.name, column],
    ).fetchall()
    old, new = (exp.DataType.build(found[0][0], dialect="duckdb") if found else None), action.args
    if old is None or _family(old) == _family(new["dtype"]):
        return
    raise errors.error(
        f"SQL compilation error: cannot change column {column} from type "
        f"{shown_type(found[0][0])} to {new['dtype'].sql('snowflake')}",
        2108,
        "22000",
    )


def _family(kind: Any) -> Any:
    group = group_of(kind)
    return ("NUMBER", scale_of(kind)) if group in {"INTEGER", "DECIMAL"} else group or kind.this


def _check_kinds(expression: Any) -> None:
    """What sqlglot reads and DuckDB would leave out without a word."""
    _check_columns(expression)
    if isinstance(expression, exp.Comment) and expression.args["kind"] not in _COMMENTED:
        raise errors.unsupported(f"COMMENT ON {expression.args['kind']}")
    if isinstance(expression, exp.Create):
        own = expression.find(exp.TemporaryProperty) is not None
        if own and expression.kind not in {"TABLE", "VIEW"}:
            raise errors.unsupported(f"CREATE TEMPORARY {expression.kind}")
        if not isinstance(expression.this, exp.Schema):
            check_names(expression.expression)
        for kind, word in _REFUSED_PROPERTIES.items():
            if expression.find(kind) is not None:
                raise errors.unsupported(f"CREATE {word} {expression.kind}")
        given = expression.args.get("properties") if expression.kind == "TABLE" else None
        for one in given.expressions if given is not None else ():
            name = one.name.upper() if isinstance(one, exp.Property) else ""
            if not isinstance(one, _KEPT_PROPERTIES) and name not in _IDLE_PROPERTIES:
                raise errors.unsupported(f"CREATE TABLE with {one.sql('snowflake')}")


def _check_queries(expression: Any) -> None:
    """What DuckDB answers where Snowflake does not."""
    named: dict[str, Any] = {}
    for node in expression.walk():
        _check_arguments(node)
        argument, words = _REFUSED_ARGUMENTS.get(type(node), ("", ""))
        if node.args.get(argument):
            raise errors.unsupported(words)
        if isinstance(node, exp.CTE):
            named[node.alias.upper()] = node.this
        elif isinstance(node, exp.Window):
            windows.check(node)
        elif isinstance(node, exp.Select):
            _check_order(node)
    for node in expression.find_all(*_CHECKS):
        _CHECKS[type(node)](node)
    for select in expression.find_all(exp.Select):
        _check_ambiguous(select, named)


_NEEDED: dict[type[Any], str] = {
    exp.Count: "this",
    **dict.fromkeys((exp.Extract, exp.Log, exp.Levenshtein), "expression"),
    exp.DateFromParts: "day",
    exp.WidthBucket: "num_buckets",
    exp.ObjectAgg: "expression",
    exp.SplitPart: "part_index",
    exp.Substring: "start",
    exp.StrPosition: "substr",
    exp.Coalesce: "expressions",
    exp.Nvl2: "false",
    exp.Randstr: "generator",
    exp.ArraySlice: "end",
}
"""The last argument that must be there, where sqlglot does not ask for it."""
_AMONG: dict[type[Any], str] = {exp.NthValue: "offset", exp.ArgMax: "count", exp.ArgMin: "count"}
"""Arguments that say which or how many of up to 1000 rows."""


def _check_arguments(node: Any) -> None:
    """Every function has what it needs; sqlglot does not look where it writes one as others."""
    needed = _NEEDED.get(type(node))
    if isinstance(node, exp.If) and not isinstance(node.parent, exp.Case):
        needed = "false"
    if isinstance(node, exp.Uuid) and node.args.get("this"):
        needed = "name"
    missing = needed is not None and not node.args.get(needed)
    if missing or (isinstance(node, (exp.Func, exp.Binary)) and node.error_messages()):
        raise errors.too_few_arguments()
    given, wrong = node.args.get(_AMONG.get(type(node), "")), ""
    if given is not None and not (given.is_int and 1 <= int(given.to_py()) <= 1000):
        wrong = f"{given.sql('snowflake')} must be a constant between 1 and 1000."
    if isinstance(node, (exp.Median, exp.Mode)) and isinstance(node.this, exp.Distinct):
        wrong = f"DISTINCT is not supported for function {node.sql_name()}."
    percentile = isinstance(node, exp.WithinGroup) and node.this.key.startswith("percentile")
    if percentile and len(node.expression.expressions) > 1:
        wrong = "a percentile is taken WITHIN GROUP (ORDER BY ..) of one expression."
    if wrong:
        raise errors.uncompiled(wrong)


def _check_column_names(alias: Any) -> None:
    """As many names as columns; DuckDB takes fewer."""
    source = alias.parent
    if not alias.columns or not isinstance(source, (exp.CTE, exp.Subquery, exp.Values)):
        return
    made = source.expressions[0] if isinstance(source, exp.Values) else source.this
    columns = made.selects if isinstance(made, exp.Query) else made.expressions
    if len(alias.columns) != len(columns) and not any(one.is_star for one in columns):
        raise errors.uncompiled("Invalid column definition list", 2026, "42601")


_PIVOTED = (exp.Avg, exp.Count, exp.Max, exp.Min, exp.Sum)


def _check_pivot(pivot: Any) -> None:
    """One aggregate over listed values, as the documentation's examples have it."""
    if pivot.unpivot:
        return
    if pivot.find(exp.PivotAny) is not None:
        raise errors.unsupported("PIVOT .. IN (ANY): list the values")
    calls = [one.unalias() for one in pivot.expressions]
    if len(calls) > 1 or not isinstance(calls[0], _PIVOTED):
        raise errors.unsupported("PIVOT by other than one AVG, COUNT, MAX, MIN or SUM")
    if any(isinstance(one, exp.Query) for field in pivot.fields for one in field.expressions):
        raise errors.unsupported("PIVOT .. IN (a subquery): list the values")


def _check_star(star: Any) -> None:
    """Of the columns of several tables DuckDB replaces one and leaves the others of its name out."""
    if star.args.get("replace") and star.parent.args.get("joins"):
        raise errors.unsupported("* REPLACE of several tables: write table.* REPLACE")


def _check_lateral(join: Any) -> None:
    """A table function of the rows beside it takes no condition."""
    function = join.args.get("on") and isinstance(join.this, (exp.Lateral, exp.TableFromRows))
    if function and join.this.find(exp.Column) and not join.this.find(exp.Query):
        raise errors.unsupported("lateral table function called with .. a join predicate (ON)")


def _check_values(values: Any) -> None:
    """Numbers among the rows make numbers of the texts in their column, whatever takes them."""
    rows = [row.expressions for row in values.expressions if isinstance(row, exp.Tuple)]
    for cells in zip(*rows, strict=False):
        given = [one for one in cells if isinstance(one, exp.Literal)]
        for one in () if all(one.is_string for one in given) else given:
            coercion.as_number(one, "FLOAT")


_CHECKS = {
    exp.Pivot: _check_pivot,
    exp.TableAlias: _check_column_names,
    exp.Star: _check_star,
    exp.Join: _check_lateral,
    exp.Values: _check_values,
}


def _check_order(select: Any) -> None:
    """DISTINCT rows have no other columns to be ordered by."""
    order = select.args.get("order")
    for term in order.expressions if order is not None else ():
        by = term.this
        if spelling_out.is_all(by) or not select.args.get("distinct") or select.is_star:
            continue
        selected = [one.unalias() for one in select.expressions]
        names = {one.alias_or_name.upper() for one in [*select.expressions, *selected]}
        if _same_case(by) in map(_same_case, selected) or all(
            one.name.upper() in names for one in by.find_all(exp.Column)
        ):
            continue
        raise errors.uncompiled(
            f"[{by.sql(dialect='snowflake')}] is not a valid order by expression"
        )


def _same_case(node: Any) -> Any:
    """An expression with the names that its case does not matter to in upper case."""
    made = node.copy()
    for name in made.find_all(exp.Identifier):
        if not name.quoted:
            name.set("this", name.name.upper())
    return made


def _check_ambiguous(select: Any, named: dict[str, Any]) -> None:
    """DuckDB takes the first of two columns of one name in a subquery."""
    sources = [select.args.get("from_"), *(select.args.get("joins") or [])]
    for source in [one.this for one in sources if one is not None]:
        inner = source.this if isinstance(source, exp.Subquery) else named.get(source.name.upper())
        if not isinstance(inner, exp.Select):
            continue
        names = [one.alias_or_name.upper() for one in inner.expressions if not one.is_star]
        twice = {one for one in names if names.count(one) > 1}
        for column in select.find_all(exp.Column) if twice else ():
            of = column.table.upper() in ("", source.alias_or_name.upper())
            if of and column.name.upper() in twice and column.parent_select is select:
                raise errors.uncompiled(
                    f"ambiguous column name '{column.name.upper()}'", 1052, "42601"
                )


def _check_columns(expression: Any) -> None:
    """What DuckDB would keep otherwise of a column, or not at all."""
    for kind in expression.find_all(exp.DataType):
        structured = kind.this in _STRUCTURED and kind.expressions and not _of_integers(kind)
        if kind.this in _REFUSED_TYPES or structured or isinstance(kind.this, exp.Interval):
            raise errors.unsupported(f"the type {kind.sql('snowflake')}")
        digits = kind.expressions[0].name if kind.expressions else "9"
        _check_declared(kind)
        if kind.this in exp.DataType.TEMPORAL_TYPES and digits not in {"6", "9"}:
            raise errors.unsupported(f"{kind.sql('snowflake')}: 6 digits of a second are kept")
    _check_constraints(expression)
    if expression.args.get("replace") and expression.args.get("exists"):
        raise errors.incompatible()
    if isinstance(expression, exp.Drop) and len(expression.args.get("tables") or []) > 1:
        raise errors.unsupported("DROP of several in one statement")
    if isinstance(expression, exp.Create) and isinstance(expression.this, exp.Schema):
        named = (exp.ColumnDef, exp.Identifier)
        columns = [one for one in expression.this.expressions if isinstance(one, named)]
        names = [stored_name(one).upper() for one in columns]
        twice = next((one for one in names if names.count(one) > 1), None)
        if twice is not None:
            raise errors.uncompiled(f"duplicate column name '{twice}'", 2025, "42S21")


def _of_integers(kind: Any) -> bool:
    """Whether a literal array of integers becomes it, which then stays what it is."""
    made, of = kind.parent.this, kind.expressions[0].this
    literal = isinstance(made, exp.Array) and all(one.is_int for one in made.expressions)
    return literal and of in exp.DataType.INTEGER_TYPES


def _check_constraints(expression: Any) -> None:
    refused = expression.find(*_REFUSED_CONSTRAINTS)
    if refused is not None:
        raise errors.unsupported(f"{expression.key.upper()} TABLE with {refused.sql('snowflake')}")
    for default in expression.find_all(exp.DefaultColumnConstraint):
        if isinstance(default.this, exp.Column) and default.this.name.upper() == "NEXTVAL":
            raise errors.unsupported("DEFAULT of a sequence: name its NEXTVAL in the INSERT")
    added = isinstance(expression, exp.Alter) and expression.find(exp.AddConstraint, *_ADDED_NOT)
    if added:
        raise errors.unsupported("ADD of a key or an identity: state it in CREATE TABLE")
    steps = expression.find(exp.GeneratedAsIdentityColumnConstraint)
    if steps is not None and steps.find(exp.Neg) is not None:
        raise errors.unsupported("an IDENTITY with a negative start or step")
    if any(one.args.get("default") is not None for one in expression.find_all(exp.AlterColumn)):
        raise errors.unsupported("ALTER COLUMN .. SET DEFAULT")
    for column in expression.find_all(exp.ColumnDef):
        if not isinstance(column.this, exp.Identifier):
            word = column.this.sql("snowflake")
            raise errors.uncompiled(f"syntax error unexpected '{word}'.")


_REFUSED_CONSTRAINTS = (
    *(exp.Tags, exp.CheckColumnConstraint),
    *(exp.MaskingPolicyColumnConstraint, exp.ProjectionPolicyColumnConstraint),
)
_ADDED_NOT = (
    *(exp.PrimaryKeyColumnConstraint, exp.UniqueColumnConstraint, exp.Reference),
    *(exp.AutoIncrementColumnConstraint, exp.GeneratedAsIdentityColumnConstraint),
)
"""What DuckDB refuses or leaves out of a column that is added."""
_WIDTHS = {
    **dict.fromkeys(exp.DataType.TEXT_TYPES, (("character length", 1, 134_217_728),)),
    exp.DType.DECIMAL: (("number precision", 0, 38), ("number scale", 0, 37)),
}


def _check_declared(kind: Any) -> None:
    """How long a text and how many digits a number may be declared."""
    for given, (what, least, most) in zip(
        kind.expressions, _WIDTHS.get(kind.this, ()), strict=False
    ):
        if given.name.isdecimal() and not least <= int(given.name) <= most:
            raise errors.uncompiled(
                f"Invalid {what}: {int(given.name):,}. Must be between {least} and {most:,}."
            )


_COMMENTED = {"TABLE", "COLUMN", "VIEW"}
_REFUSED_TYPES = {
    *(exp.DType.GEOGRAPHY, exp.DType.GEOMETRY, exp.DType.VECTOR, exp.DType.DECFLOAT),
    *(exp.DType.MAP, exp.DType.UTINYINT, exp.DType.USMALLINT, exp.DType.UINT, exp.DType.UBIGINT),
}
_STRUCTURED = {exp.DType.OBJECT, exp.DType.ARRAY, exp.DType.STRUCT}
"""Types of values that are typed in turn, where they say so."""
_KEPT_PROPERTIES = (
    *(exp.TemporaryProperty, exp.TransientProperty, exp.GlobalProperty, exp.CopyGrantsProperty),
    *(exp.ClusterProperty, exp.SchemaCommentProperty),
)
_IDLE_PROPERTIES = {
    *("DATA_RETENTION_TIME_IN_DAYS", "MAX_DATA_EXTENSION_TIME_IN_DAYS", "CHANGE_TRACKING"),
}
"""What a CREATE TABLE may say besides its columns: the others would be left out without a word."""
_REFUSED_ARGUMENTS: dict[type[Any], tuple[str, str]] = {
    exp.Pivot: ("default_on_null", "PIVOT .. DEFAULT ON NULL: select NVL of its columns"),
    exp.Create: ("clone", "CREATE .. CLONE"),
    exp.Select: ("locks", "SELECT .. FOR UPDATE"),
    exp.Changes: ("information", "CHANGES"),
    exp.Column: ("join_mark", "(+) for an outer join: write LEFT or RIGHT JOIN"),
    exp.Connect: ("connect", "CONNECT BY"),
    exp.MatchRecognize: ("pattern", "MATCH_RECOGNIZE"),
    exp.SemanticView: ("this", "SEMANTIC_VIEW"),
    **dict.fromkeys((exp.Collate, exp.CollateColumnConstraint), ("this", "a collation")),
    # Known formats are replaced before; DuckDB would take another for something else.
    **dict.fromkeys(
        (exp.ToChar, exp.TimeToStr, exp.StrToTime, exp.TsOrDsToDate, exp.TsOrDsToTime),
        ("format", "a format that is not a text"),
    ),
    exp.ToDouble: ("format", "TO_DOUBLE with a format"),
    exp.Generator: ("timelimit", "GENERATOR with a TIMELIMIT"),
}
"""Arguments that DuckDB's function has not, and what is said of them."""
_REFUSED_PROPERTIES = {exp.MaterializedProperty: "MATERIALIZED", exp.IcebergProperty: "ICEBERG"}
_TABLE_FUNCTIONS = {"IDENTIFIER"}
_WRAPPED_FUNCTIONS = {"RESULT_SCAN", "GENERATOR", "FLATTEN", "SPLIT_TO_TABLE", "EXPLODE"}


def _check_source(table: Any) -> None:
    """DuckDB reads files by name and by table functions; Snowflake has neither."""
    inner = table.this
    if isinstance(inner, exp.Func) and not isinstance(inner, exp.DynamicIdentifier):
        name = inner.name if isinstance(inner, exp.Anonymous) else inner.sql_name()
        if name.upper() not in _TABLE_FUNCTIONS:
            raise errors.unsupported(f"the table function {name.upper()}")
    if isinstance(inner, exp.Literal) or (not table.db and set(table.name) & set("/\\*")):
        raise errors.missing("Object", table.name)


def _check_rowid(session: Session, expression: Any) -> None:
    """DuckDB numbers the rows of every table; on Snowflake that is no column unless one is named so."""
    named = [one for one in expression.find_all(exp.Identifier) if one.name.upper() == "ROWID"]
    if not named or any(not isinstance(one.parent, exp.Column) for one in named):
        return
    stored = "SELECT 1 FROM duckdb_columns() WHERE upper(column_name) = 'ROWID' LIMIT 1"
    if not session.duck.execute(stored).fetchall():
        raise errors.uncompiled("invalid identifier 'ROWID'", 904, "42000")


_BOTH = {"HASH", "TO_TIMESTAMP"}
"""Functions that Snowflake has too, among those that sqlglot knows by DuckDB's name alone."""


@functools.cache
def _native_functions() -> frozenset[str]:
    """Names of the functions that DuckDB itself has."""
    with duckdb.connect() as aside:
        rows = aside.execute("SELECT DISTINCT upper(function_name) FROM duckdb_functions()")
        return frozenset(str(row[0]) for row in rows.fetchall()) - _BOTH


def _check_functions(expression: Any) -> None:
    for call in expression.find_all(exp.Anonymous):
        parent = call.parent
        if isinstance(parent, exp.Anonymous) and parent.name == FUNCTION_NAME:
            # What a model's call packs its arguments into.
            continue
        if call.name.upper() in _native_functions() | foreign.FUNCTIONS:
            raise errors.unknown_function(call.name.upper())
    for node in expression.find_all(exp.TableFromRows):
        call = node.this
        if isinstance(call, exp.Window):
            if any(call.args.get(part) for part in ("partition_by", "order", "spec")):
                raise errors.unsupported("a table function with OVER a partition or an order")
            call = call.this
        if isinstance(call, exp.Dot):
            # Those that are here have been answered before.
            raise errors.unsupported(f"the table function {call.name.upper()}")
        if isinstance(call, exp.Func):
            name = call.name if isinstance(call, exp.Anonymous) else call.sql_name()
            if name.upper() not in _WRAPPED_FUNCTIONS:
                raise errors.unsupported(f"the table function {name.upper()}")
