"""COPY INTO a table: staged files become rows, and each file is loaded once.

What it holds: the statement, its ON_ERROR, and the load history. Not for reading files
(`staged_files`), nor for how their fields become columns (`staged_queries`).

The history says which content of which file a table has; it stands in the catalog beside the
table, so that it commits and rolls back with the rows, and is void once the table is made anew.
Rows and history are one transaction, and PURGE removes files after its commit.

Knowingly different: a conversion that fails inside a transformation (``SELECT $1::NUMBER ..``)
ends the statement whatever ON_ERROR says; and uncertain loads do not exist, as the history is kept
for good.

Source: https://docs.snowflake.com/en/sql-reference/sql/copy-into-table.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
from snowflake.connector.errors import ProgrammingError
from sqlglot import TokenType, exp

from embedded_snowflake import errors
from embedded_snowflake.names import QualifiedName, literal, quoted
from embedded_snowflake.objects import functions
from embedded_snowflake.objects.entries import read_names, temporary
from embedded_snowflake.objects.files.file_formats import (
    FileFormat,
    Value,
    read_options,
    resolve,
    truth,
)
from embedded_snowflake.objects.files.staged_files import Fault, UnreadableFile, parquet_schema
from embedded_snowflake.objects.files.staged_queries import (
    ROW_NUMBER,
    TOO_LONG,
    Fields,
    FileRead,
    failed,
    read_fields,
    read_file,
    registered,
    stage_in,
)
from embedded_snowflake.objects.files.stages import Location, location, prune, read_reference
from embedded_snowflake.objects.ml.snow_files import content_md5
from embedded_snowflake.objects.relations.table_facts import LOADS, stored_types
from embedded_snowflake.objects.showing import columns
from embedded_snowflake.sessions.routing import NotMine, Written, follows, handles
from embedded_snowflake.sql import refusing
from embedded_snowflake.sql.conversions import wide_integers
from embedded_snowflake.sql.conversions.column_facts import ColumnFacts
from embedded_snowflake.sql.parsing import parsed
from embedded_snowflake.sql.reading import Reader, tokens_of
from embedded_snowflake.sql.results import Result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embedded_snowflake.sessions.session import Session

_OPTIONS = {
    "FILES",
    "PATTERN",
    "FILE_FORMAT",
    "ON_ERROR",
    "PURGE",
    "FORCE",
    "MATCH_BY_COLUMN_NAME",
    "RETURN_FAILED_ONLY",
    "LOAD_UNCERTAIN_FILES",
}
_COLUMNS = columns(
    "file status rows_parsed:NUMBER rows_loaded:NUMBER error_limit:NUMBER errors_seen:NUMBER "
    "first_error first_error_line:NUMBER first_error_character:NUMBER first_error_column_name"
)


@dataclass(frozen=True)
class _Tolerance:
    """What ON_ERROR says.

    Attributes:
        abort: the first fault ends the statement.
        skips: whether a file with enough faults is left out as a whole.
        count: how many faults that takes.
        percent: the same as a share of the records, instead.
    """

    abort: bool = False
    skips: bool = False
    count: int = 1
    percent: int | None = None

    def leaves_out(self, file: FileRead) -> bool:
        if not self.skips or not file.faults:
            return False
        if self.percent is None:
            return len(file.faults) >= self.count
        return len(file.faults) * 100 >= self.percent * (file.rows + len(file.faults))


def _tolerance(text: str) -> _Tolerance:
    word = text.upper()
    if word == "ABORT_STATEMENT":
        return _Tolerance(abort=True)
    if word == "CONTINUE":
        return _Tolerance()
    found = re.fullmatch(r"SKIP_FILE(?:_(\d+)(%)?)?", word)
    if found is None:
        raise errors.refused(
            f"ON_ERROR = {text}: use ABORT_STATEMENT, CONTINUE, SKIP_FILE, SKIP_FILE_<n> or "
            "'SKIP_FILE_<n>%'."
        )
    number = int(found[1] or 1)
    return _Tolerance(skips=True, count=number, percent=number if found[2] else None)


@dataclass
class _Copy:
    """One COPY statement, read."""

    session: Session
    target: QualifiedName
    columns: list[str]
    where: Location
    options: dict[str, Value]
    file_format: FileFormat
    select: str | None = None
    alias: str = ""
    types: dict[str, str] = field(default_factory=dict[str, str])

    @cached_property
    def declared(self) -> dict[str, str]:
        """What DuckDB's types of the table's columns do not say."""
        return ColumnFacts(self.session, self.target).kinds()

    @cached_property
    def required(self) -> set[str]:
        """The table's columns that are NOT NULL."""
        one = self.session.stored_as(self.target)
        rows = self.session.duck.execute(
            "SELECT column_name FROM duckdb_columns() WHERE NOT is_nullable "
            "AND database_name = ? AND schema_name = ? AND table_name = ?",
            [one.database, one.schema, one.name],
        ).fetchall()
        return {column for (column,) in rows}

    def flag(self, name: str) -> bool:
        return truth(name, self.options.get(name, "FALSE"))

    @property
    def matching(self) -> str:
        return str(self.options.get("MATCH_BY_COLUMN_NAME", "NONE")).upper()


@handles("COPY", "INTO")
def copy_into(session: Session, reader: Reader) -> Result:
    """COPY INTO table [(columns)] FROM @stage | (SELECT .. FROM @stage) [options]."""
    token = reader.peek()
    if token is not None and (token.text == "@" or reader.at_string()):
        raise NotMine
    target = reader.name()
    if session.relation_kind(target) != "TABLE":
        raise errors.missing("Table", target)
    columns = read_names(reader)
    reader.expect("FROM")
    select, alias = None, ""
    if reader.at("("):
        select, reference, alias = _transformation(reader.parenthesised())
    else:
        reference = read_reference(reader)
    options = read_options(reader.rest())
    for name in options:
        if name not in _OPTIONS:
            raise errors.unsupported(f"COPY INTO with {name}")
    where = location(session, reference)
    statement = _Copy(
        session,
        target,
        columns,
        where,
        options,
        resolve(session, options.get("FILE_FORMAT"), where.file_format),
        select,
        alias,
    )
    statement.types = stored_types(session, target)
    statement.columns = columns or list(statement.types)
    for column in columns:
        if column not in statement.types:
            raise errors.error(
                f"SQL compilation error: error line 1 at position 0\ninvalid identifier '{column}'",
                904,
                "42000",
            )
    if not session.autocommit and not session.in_transaction:
        session.begin()
    # Before the transaction, so that of two loads at once the second sees what the first loaded.
    session.lock_table(target)
    writes = len(session.duck.journal.entries)
    try:
        with session.transaction():
            return _load(statement)
    except (duckdb.Error, ProgrammingError) as cause:
        if not wide_integers.too_long(cause) or not session.widen(target, writes):
            raise
    statement.types = stored_types(session, target)
    session.wide = True
    try:
        with session.transaction():
            return _load(statement)
    finally:
        session.wide = False


def _transformation(text: str) -> tuple[str, str, str]:
    """The select list, the stage and the alias of a transformation."""
    tokens = tokens_of(text)
    found = stage_in(text)
    if found is None or tokens[0].token_type is not TokenType.SELECT:
        raise errors.refused("COPY INTO loads FROM (SELECT .. FROM @stage).")
    start, end, reference, arguments = found
    if arguments:
        raise errors.refused("Give FILE_FORMAT and PATTERN of COPY INTO outside its SELECT.")
    if tokens[1].token_type is TokenType.DISTINCT:
        raise errors.unsupported("COPY INTO from SELECT DISTINCT")
    after = [token.text for token in tokens if token.start >= end]
    if after and after[0].upper() == "AS":
        after = after[1:]
    if len(after) > 1:
        raise errors.unsupported(f"'{after[1]}' in the SELECT of COPY INTO")
    before = [token for token in tokens if token.end < start]
    return text[tokens[1].start : before[-1].start], reference, text[end:].strip()


# --- loading ---------------------------------------------------------------------------------


def _load(copy: _Copy) -> Result:
    tolerance = _tolerance(str(copy.options.get("ON_ERROR", "ABORT_STATEMENT")))
    history = _history(copy)
    chosen: list[tuple[str, Path, str]] = []
    for name, path in _chosen(copy, tolerance):
        content = content_md5(path)
        if copy.flag("FORCE") or history.get(f"{copy.where.identity}/{name}") != content:
            chosen.append((name, path, content))
    if not chosen:
        return Result.status("Copy executed with 0 files processed.")
    read, insert = _read(copy, [(name, path) for name, path, _ in chosen])
    left_out: list[FileRead] = []
    for one in read:
        if one.faults and tolerance.abort:
            raise failed(one, one.faults[0])
        if one.table is None or tolerance.leaves_out(one):
            left_out.append(one)
    loaded = [one for one in read if one not in left_out]
    if loaded:
        insert(loaded)
    names = {one.name for one in loaded}
    purge = copy.flag("PURGE")
    if purge:
        done = {one.name for one in loaded if one.rows or not one.faults}
        copy.session.on_commit(
            lambda: _purge(copy.where, [path for name, path, _ in chosen if name in done])
        )
    else:
        # A purged file cannot come again with the same upload, so it needs no history.
        fresh = {f"{copy.where.identity}/{name}": md5 for name, _, md5 in chosen if name in names}
        _remember(copy, {**history, **fresh})
    shown = left_out if copy.flag("RETURN_FAILED_ONLY") else read
    return Result.rows(_COLUMNS, [_outcome(copy, tolerance, one, names) for one in shown])


def _purge(where: Location, paths: Sequence[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
        prune(where.directory, path.parent)


def _outcome(
    copy: _Copy, tolerance: _Tolerance, file: FileRead, loaded: set[str]
) -> tuple[Any, ...]:
    parsed = 0 if file.table is None else file.rows + len(file.faults)
    first = file.faults[0] if file.faults else None
    status = "LOADED"
    if file.name not in loaded:
        status = "LOAD_FAILED"
    elif file.faults:
        status = "PARTIALLY_LOADED" if file.rows else "LOAD_FAILED"
    return (
        copy.where.shown + file.name,
        status,
        parsed,
        file.rows if file.name in loaded else 0,
        tolerance.count if tolerance.abort or tolerance.skips else max(parsed, 1),
        len(file.faults),
        None if first is None else first.message,
        None if first is None else first.line,
        None if first is None else 1,
        None,
    )


def _chosen(copy: _Copy, tolerance: _Tolerance) -> list[tuple[str, Path]]:
    """The files that the statement means, in the order of their names."""
    files = copy.options.get("FILES")
    pattern = copy.options.get("PATTERN")
    if files is None:
        return copy.where.matching(None if pattern is None else str(pattern))
    if pattern is not None:
        raise errors.unsupported("FILES and PATTERN in one COPY INTO")
    wanted = files if isinstance(files, list) else [str(files)]
    prefix = copy.where.path
    if prefix and not prefix.endswith("/"):
        prefix += "/"
    found: list[tuple[str, Path]] = []
    there = dict(copy.where.files())
    for one in dict.fromkeys(wanted):
        name = prefix + one.lstrip("/")
        if name in there:
            found.append((name, there[name]))
        elif tolerance.abort:
            raise errors.no_such_file(
                copy.where.shown + name,
                " If you are running a copy command, please make sure files are not deleted when "
                "they are being loaded.",
            )
    return sorted(found)


def _read(
    copy: _Copy, files: Sequence[tuple[str, Path]]
) -> tuple[list[FileRead], Callable[[list[FileRead]], None]]:
    """Read the files, and say how good ones are inserted."""
    judged = False
    if copy.select is not None:
        text, fields = read_fields(
            _texts_for_text_columns(copy, copy.select), copy.file_format.type
        )
        columns = copy.columns
    elif copy.matching != "NONE":
        fields, columns, text = _matched(copy, files)
    elif copy.file_format.type == "PARQUET":
        raise errors.refused(
            "A Parquet file has one field, $1: load it with a SELECT or with MATCH_BY_COLUMN_NAME."
        )
    elif copy.file_format.type == "JSON":
        fields, columns, text = Fields(width=1), copy.columns, quoted("$1")
        if len(columns) != 1 or copy.types[columns[0]] != "JSON":
            raise errors.uncompiled(
                "JSON file format can produce one and only one column of "
                "type variant, object, or array. Load data into separate columns using the "
                "MATCH_BY_COLUMN_NAME copy option or copy with transformation.",
                2019,
                "0A000",
            )
    else:
        columns = copy.columns
        fields = Fields(width=len(columns))
        text = ", ".join(quoted(f"${place + 1}") for place in range(len(columns)))
        judged = copy.file_format.error_on_column_count_mismatch
    read = [read_file(name, path, copy.file_format, fields) for name, path in files]
    if judged:
        for one in read:
            _judge_widths(one, len(columns))
    if copy.select is None and copy.file_format.type == "CSV":
        places = [part.strip() for part in text.split(", ")]
        for one in read:
            _judge_values(copy, one, dict(zip(columns, places, strict=True)))
    text = _for_their_columns(copy, columns, text)

    def insert(good: list[FileRead]) -> None:
        name = registered(copy.session, good, fields, copy.file_format.type)
        into = ", ".join(quoted(column) for column in columns)
        copy.session.run(
            f"INSERT INTO {copy.target.sql} ({into}) SELECT {text} FROM {name} {copy.alias}"
        )

    return read, insert


def _texts_for_text_columns(copy: _Copy, select: str) -> str:
    """The select list, with the text of a Parquet value where a column of text takes it bare."""
    items = _split(select)
    if copy.file_format.type != "PARQUET" or len(items) != len(copy.columns):
        return select
    bare = re.compile(r'\s*(?:\w+\.)?\$1:(?:\w+|"(?:[^"]|"")+")\s*')
    return ",".join(
        f"{item}::VARCHAR" if copy.types[column] == "VARCHAR" and bare.fullmatch(item) else item
        for item, column in zip(items, copy.columns, strict=True)
    )


_MOMENTS = {
    "DATE": ("_es_try_date", "DATE"),
    "TIME": ("_es_try_time", "TIME"),
    "TIMESTAMP": ("_es_try_timestamp_ntz", "TIMESTAMP_NTZ"),
    "TIMESTAMP WITH TIME ZONE": ("_es_try_timestamp_tz", "TIMESTAMP_LTZ"),
}
"""By DuckDB's type of a column: what reads Snowflake's forms of text, and Snowflake's type."""


def _for_their_columns(copy: _Copy, columns: list[str], select: str) -> str:
    """The select list with moments read as Snowflake does, which the column's type alone does not.

    Raises:
        SnowflakeError: a text of a CSV file for a VARIANT, which DuckDB would parse.
    """
    items = _split(select)
    if len(items) != len(columns):
        return select
    transformed = copy.select is not None and copy.file_format.type == "CSV"
    for place, (item, column) in enumerate(zip(items, columns, strict=True)):
        kind = copy.types[column]
        if kind in _MOMENTS:
            items[place] = f"({_unnamed(item)})::{copy.declared.get(column, _MOMENTS[kind][1])}"
        elif kind == "JSON" and transformed:
            (made,) = parsed(f"SELECT {item}").selects
            if not refusing.makes_json(made.unalias()):
                raise errors.unsupported("COPY INTO a VARIANT column from CSV without PARSE_JSON")
    return ", ".join(items)


def _unnamed(item: str) -> str:
    """An item of a select list without its alias, which a load has no use for."""
    (column,) = parsed(f"SELECT {item}").selects
    if refusing.UNNAMED in column.meta or not isinstance(column, exp.Alias):
        return item
    *tokens, last = tokens_of(item)
    if tokens[-1].token_type is TokenType.ALIAS:
        last = tokens[-1]
    return item[: last.start]


def _split(select: str) -> list[str]:
    items: list[str] = []
    depth = start = 0
    for token in tokens_of(select):
        depth += (token.text in "([") - (token.text in ")]") if len(token.text) == 1 else 0
        if token.token_type is TokenType.COMMA and depth == 0:
            items.append(select[start : token.start])
            start = token.end + 1
    return [*items, select[start:]]


def _matched(copy: _Copy, files: Sequence[tuple[str, Path]]) -> tuple[Fields, list[str], str]:
    """MATCH_BY_COLUMN_NAME: columns that table and files have in common."""
    if copy.matching not in ("CASE_SENSITIVE", "CASE_INSENSITIVE"):
        raise errors.refused("MATCH_BY_COLUMN_NAME is CASE_SENSITIVE, CASE_INSENSITIVE or NONE.")
    kind = copy.file_format.type
    parquet = kind == "PARQUET"
    if kind == "CSV" and not copy.file_format.parse_header:
        raise errors.refused("MATCH_BY_COLUMN_NAME of CSV needs PARSE_HEADER = TRUE.")
    headers: list[list[str]] = []
    unread = ""
    for name, path in files:
        try:
            headers.append(
                parquet_schema(path).names
                if parquet
                else read_file(name, path, copy.file_format, Fields()).header
            )
        except UnreadableFile as cause:
            headers.append([])
            unread = f"{cause}\n  File '{name}'"
    known = list(dict.fromkeys(one for header in headers for one in header))
    if kind == "CSV" and any(header != known for header in headers):
        raise errors.unsupported("CSV files with different headers in one COPY INTO")
    exact = copy.matching == "CASE_SENSITIVE"
    columns: list[str] = []
    parts: list[str] = []
    fields = Fields()
    for column, stored in copy.types.items():
        for place, one in enumerate(known):
            if one == column or (not exact and one.upper() == column.upper()):
                columns.append(column)
                if kind == "JSON":
                    parts.append(f'GET("$1", {literal(one)})')
                elif parquet:
                    parts.append(fields.column(one, text=stored == "VARCHAR"))
                else:
                    fields.width = max(fields.width, place + 1)
                    parts.append(quoted(f"${place + 1}"))
                break
    if not columns:
        raise errors.refused(unread or "The files have no column of the table's.")
    return fields, columns, ", ".join(parts)


# --- faults ----------------------------------------------------------------------------------


def _judge_widths(file: FileRead, width: int) -> None:
    """Make faults of the records that have not as many fields as the table has columns."""
    if file.table is None:
        return
    messages = {
        place: f"Number of columns in file ({found}) does not match that of the corresponding "
        f"table ({width}), use file format option error_on_column_count_mismatch=false to "
        "ignore this error"
        for place, found in enumerate(file.widths)
        if found != width
    }
    _take_out(file, file.table, {place: (text, 100080) for place, text in messages.items()})


def _judge_values(copy: _Copy, file: FileRead, places: dict[str, str]) -> None:
    """Make faults of the records with a text that its column does not take."""
    if file.table is None:
        return
    if any(copy.types[column] == "JSON" for column in places):
        raise errors.unsupported("COPY INTO a VARIANT column from CSV without PARSE_JSON")
    name = copy.session.register(file.table)
    messages: dict[int, tuple[str, int]] = {}
    for column, place in places.items():
        for condition, message, number in _refusals(copy, column, place):
            sql = f"SELECT {quoted(ROW_NUMBER)}, {place} FROM {name} WHERE {condition}"
            for record, text in copy.session.duck.execute(sql).fetchall():
                messages.setdefault(record, (message.replace("{}", str(text)), number))
    if messages:
        numbers = file.table[ROW_NUMBER].to_pylist()
        _take_out(
            file,
            file.table,
            {at: messages[one] for at, one in enumerate(numbers) if one in messages},
        )


_NUMBERS = {"Boolean": 100037, "Date": 100040, "Time": 100035, "Timestamp": 100035}
"""Of the errors of a text that is no value of such a type; of others it is 100038."""


def _refusals(copy: _Copy, column: str, place: str) -> list[tuple[str, str, int]]:
    """What a column does not take: a condition, what is said of a text that meets it, a number."""
    kind = copy.types[column]
    found: list[tuple[str, str, int]] = []
    if column in copy.required:
        found.append((f"{place} IS NULL", "NULL result in a non-nullable column", 100072))
    most = re.fullmatch(r"VARCHAR\((\d+)\)", copy.declared.get(column, ""))
    if most is not None:
        limit = f"User character length limit ({most[1]}) exceeded by string '{{}}'"
        found.append((f"length({place}) > {most[1]}", limit, TOO_LONG))
    elif kind != "VARCHAR":
        # A number beyond 64 bits widens its column.
        cast = "DECIMAL(38, 0)" if kind == "BIGINT" else kind
        read = (
            f"{_MOMENTS[kind][0]}({place})" if kind in _MOMENTS else f"TRY_CAST({place} AS {cast})"
        )
        family = _family(kind)
        what = family if kind in _MOMENTS else f"{family} value"
        words = f"{what} '{{}}' is not recognized (column {column})"
        unread = f"{place} IS NOT NULL AND {read} IS NULL"
        found.append((unread, words, _NUMBERS.get(family, 100038)))
    return found


def _family(kind: str) -> str:
    if kind in ("BIGINT", "INTEGER", "DOUBLE", "FLOAT", "HUGEINT") or kind.startswith("DECIMAL"):
        return "Numeric"
    if kind.startswith("TIMESTAMP"):
        return "Timestamp"
    return kind.capitalize()


def _take_out(file: FileRead, table: pa.Table, messages: dict[int, tuple[str, int]]) -> None:
    """Make faults of the records in these places, each with what is said of it and its number."""
    numbers = table[ROW_NUMBER].to_pylist()
    lines = file.lines or numbers
    file.faults.extend(
        Fault(message, lines[place], numbers[place], number)
        for place, (message, number) in messages.items()
    )
    file.faults.sort(key=lambda fault: fault.record)
    kept = [place for place in range(len(numbers)) if place not in messages]
    file.table = table.take(pa.array(kept, pa.int64()))
    file.lines = [lines[place] for place in kept]
    file.widths = [file.widths[place] for place in kept] if file.widths else []


# --- history ---------------------------------------------------------------------------------


def _made(session: Session, table: QualifiedName) -> str:
    """When the table was made: a table made anew has loaded nothing."""
    return str(functions.made(session, table))


def _history(copy: _Copy) -> dict[str, str]:
    if copy.target in copy.session.temporary:
        return temporary(copy.session, LOADS).get(copy.session.stored_as(copy.target), {})
    entry = copy.session.catalog.get(LOADS, copy.target)
    if entry is None or entry.props["made"] != _made(copy.session, copy.target):
        return {}
    return dict(entry.props["files"])


def _remember(copy: _Copy, files: dict[str, str]) -> None:
    if copy.target not in copy.session.temporary:
        copy.session.catalog.put(
            LOADS, copy.target, {"made": _made(copy.session, copy.target), "files": files}
        )
        return
    own, table = temporary(copy.session, LOADS), copy.session.stored_as(copy.target)
    before = own.get(table, {})
    own[table] = files
    copy.session.on_rollback(lambda: own.update({table: before}))


@follows
def forget_loads(session: Session, written: Written) -> None:
    """Forget what a table has loaded when it is emptied."""
    if not isinstance(written.expression, exp.TruncateTable):
        return
    if written.own:
        own, table = temporary(session, LOADS), session.stored_as(written.name)
        before = own.pop(table, {})
        session.on_rollback(lambda: own.update({table: before}))
    else:
        session.catalog.remove(LOADS, written.name)
