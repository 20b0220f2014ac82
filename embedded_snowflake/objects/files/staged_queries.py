"""Queries of staged files: ``SELECT $1 .. FROM @stage (..)`` and INFER_SCHEMA.

What it holds: how ``$1``, ``$1:"column"`` and ``METADATA$..`` become columns (`read_fields`), the
relation that a set of files becomes (`registered`), the rewriting of a query that reads stages, and
the table function INFER_SCHEMA. Not for loading into tables (`copying`).

A query's relation is an Arrow table that the session registers for the statement. Of a Parquet
file only the columns that the statement names are read; a column that a file lacks is NULL.

Sources: https://docs.snowflake.com/en/user-guide/querying-stage, ../querying-metadata,
https://docs.snowflake.com/en/sql-reference/functions/infer_schema.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlglot import Token, TokenType

from embedded_snowflake import errors
from embedded_snowflake.names import quoted
from embedded_snowflake.objects.files.file_formats import (
    FileFormat,
    number_of,
    read_options,
    resolve,
)
from embedded_snowflake.objects.files.staged_files import (
    Fault,
    UnreadableFile,
    as_text,
    check_times,
    csv_sample_types,
    parquet_schema,
    read_csv,
    read_parquet,
    snowflake_type,
    text_columns,
)
from embedded_snowflake.objects.files.staged_json import json_sample_type, read_json, read_samples
from embedded_snowflake.objects.files.stages import Location, location, reference_end
from embedded_snowflake.objects.ml.snow_files import content_md5
from embedded_snowflake.objects.showing import columns
from embedded_snowflake.sessions.routing import rewrites, table_function
from embedded_snowflake.sql.reading import tokens_of
from embedded_snowflake.sql.results import Result

if TYPE_CHECKING:
    from pathlib import Path

    from embedded_snowflake.sessions.session import Session

FILENAME = "METADATA$FILENAME"
ROW_NUMBER = "METADATA$FILE_ROW_NUMBER"
_METADATA: dict[str, pa.DataType] = {
    FILENAME: pa.string(),
    ROW_NUMBER: pa.int64(),
    "METADATA$FILE_LAST_MODIFIED": pa.timestamp("us"),
    "METADATA$FILE_CONTENT_KEY": pa.string(),
}
_UNREADABLE = 100152
TOO_LONG = 100074
_TEXT_TYPES = (TokenType.VARCHAR, TokenType.TEXT, TokenType.CHAR, TokenType.NVARCHAR)


@dataclass
class Fields:
    """What a statement names of its files.

    Attributes:
        width: the greatest ``$n``.
        columns: places of Parquet columns by name, as they are named ``_C<place>``.
        texts: names of those whose text is asked for, as ``_C<place>_TEXT``.
    """

    width: int = 0
    columns: dict[str, int] = field(default_factory=dict[str, int])
    texts: set[str] = field(default_factory=set[str])

    def column(self, name: str, *, text: bool) -> str:
        """The quoted name of a Parquet column in the relation."""
        place = self.columns.setdefault(name, len(self.columns))
        if text:
            self.texts.add(name)
        return quoted(f"_C{place}_TEXT" if text else f"_C{place}")


@dataclass
class FileRead:
    """One file, read.

    Attributes:
        name: in the stage.
        path: where it stands.
        table: its good records, or None where it cannot be read at all.
        faults: its other records.
        lines: of the good records, for CSV.
        widths: numbers of fields of the good records, for CSV.
    """

    name: str
    path: Path
    table: pa.Table | None
    faults: list[Fault]
    lines: list[int] = field(default_factory=list[int])
    widths: list[int] = field(default_factory=list[int])
    header: list[str] = field(default_factory=list[str])

    @property
    def rows(self) -> int:
        """How many good records there are."""
        return 0 if self.table is None else self.table.num_rows


def read_fields(sql: str, kind: str) -> tuple[str, Fields]:
    """Replace ``$n``, ``$1:column`` and ``METADATA$..`` by columns of the relation.

    Args:
        sql: a query or a select list.
        kind: TYPE of the files.

    Returns:
        The text with quoted columns, and what it names.

    Raises:
        SnowflakeError: a part of a Parquet value is asked for that is no column.
    """
    tokens = tokens_of(sql)
    fields = Fields()
    parts: list[str] = []
    written = place = 0
    while place < len(tokens):
        token = tokens[place]
        replacement, last = None, place
        if token.token_type is TokenType.VAR and token.text.upper() in _METADATA:
            replacement = quoted(token.text.upper())
        elif token.text == "$" and place + 1 < len(tokens) and tokens[place + 1].text.isdigit():
            replacement, last = _field(tokens, place, kind, fields)
        elif (
            token.token_type is TokenType.IDENTIFIER
            and re.fullmatch(r"\$\d+", token.text)
            and tokens[place - 1].token_type is not TokenType.ALIAS
        ):
            # Snowpark quotes every name, and names columns so as well.
            fields.width = max(fields.width, int(token.text[1:]))
        if replacement is not None:
            parts += sql[written : token.start], replacement
            written = tokens[last].end + 1
        place = last + 1
    return "".join(parts) + sql[written:], fields


def _field(tokens: Sequence[Token], place: int, kind: str, fields: Fields) -> tuple[str, int]:
    number, after = int(tokens[place + 1].text), place + 2
    pathed = after < len(tokens) and tokens[after].token_type is TokenType.COLON
    if kind == "JSON" and number > 1:
        raise errors.refused("A JSON file has one field, $1.")
    if kind != "PARQUET":
        if pathed and kind == "CSV":
            raise errors.refused("A field of a CSV file is text and has no parts.")
        fields.width = max(fields.width, number)
        return quoted(f"${number}"), place + 1
    if number != 1 or not pathed or after + 1 >= len(tokens):
        raise errors.unsupported(f'${number} of a Parquet file without a column, as $1:"column"')
    name, end = tokens[after + 1].text, after + 1
    following = tokens[end + 1] if end + 1 < len(tokens) else None
    if following is not None and following.text in (":", ".", "["):
        raise errors.unsupported(f'a part of the Parquet column "{name}"')
    is_text = _becomes_text(tokens, place, end)
    return fields.column(name, text=is_text), end


def _becomes_text(tokens: Sequence[Token], start: int, end: int) -> bool:
    """Whether the value stands in ``value::VARCHAR`` or ``CAST(value AS VARCHAR)``."""
    following = [token.token_type for token in tokens[end + 1 : end + 3]]
    if len(following) < 2 or following[1] not in _TEXT_TYPES:
        return False
    if following[0] is TokenType.DCOLON:
        return True
    before = (
        start - 3 if start >= 2 and tokens[start - 1].token_type is TokenType.DOT else start - 1
    )
    return (
        following[0] is TokenType.ALIAS
        and before >= 1
        and tokens[before].token_type is TokenType.L_PAREN
        and tokens[before - 1].text.upper() == "CAST"
    )


# --- relations -------------------------------------------------------------------------------


def read_file(
    name: str, path: Path, options: FileFormat, fields: Fields, limit: int | None = None
) -> FileRead:
    """Read what a statement names of one file; what cannot be read is among the faults.

    Of CSV no more than the first ``limit`` records are read.
    """
    try:
        if options.type == "PARQUET":
            return _parquet(name, path, options, fields)
        if options.type == "JSON":
            return _json(name, path, options)
        records = read_csv(path, options, limit)
    except UnreadableFile as cause:
        return FileRead(name, path, None, [Fault(str(cause), 1, 1, _UNREADABLE)])
    columns = text_columns(records, fields.width)
    table = {f"${place + 1}": column for place, column in enumerate(columns)}
    numbers = pa.array(records.numbers, pa.int64())
    widths = [len(row) for row in records.rows]
    made = _with_metadata(table, name, path, numbers)
    return FileRead(name, path, made, records.faults, records.lines, widths, records.header)


def _parquet(name: str, path: Path, options: FileFormat, fields: Fields) -> FileRead:
    found = read_parquet(path, list(fields.columns), options)
    there = set(found.column_names)
    columns: dict[str, Any] = {}
    for column, place in fields.columns.items():
        values = found[column] if column in there else pa.nulls(found.num_rows)
        columns[f"_C{place}"] = values
        if column in fields.texts:
            columns[f"_C{place}_TEXT"] = (
                as_text(found[column]) if column in there else values.cast(pa.string())
            )
    numbers = pa.array(range(1, found.num_rows + 1), pa.int64())
    return FileRead(name, path, _with_metadata(columns, name, path, numbers), [])


def _json(name: str, path: Path, options: FileFormat) -> FileRead:
    values = read_json(path, options)
    texts = {"$1": pa.array(values.texts, pa.string())}
    table = _with_metadata(texts, name, path, pa.array(values.numbers, pa.int64()))
    return FileRead(name, path, table, values.faults, header=values.keys)


def _with_metadata(
    columns: Mapping[str, Any], name: str, path: Path, numbers: pa.Array
) -> pa.Table:
    modified = datetime.fromtimestamp(path.stat().st_mtime, UTC).replace(tzinfo=None)
    values: dict[str, Any] = {
        FILENAME: name,
        "METADATA$FILE_LAST_MODIFIED": modified,
        "METADATA$FILE_CONTENT_KEY": content_md5(path),
    }
    metadata = {
        column: pa.repeat(pa.scalar(values[column], kind), len(numbers))
        for column, kind in _METADATA.items()
        if column != ROW_NUMBER
    }
    return pa.table({**columns, **metadata, ROW_NUMBER: numbers})


def relation(files: Sequence[FileRead], fields: Fields) -> pa.Table:
    """The good records of files as one relation, in the files' order.

    Raises:
        SnowflakeError: a Parquet column has types that do not go together.
    """
    tables = [one.table for one in files if one.table is not None]
    if not tables:
        names = [f"${n + 1}" for n in range(fields.width)]
        for place, column in enumerate(fields.columns):
            names += [f"_C{place}"] + ([f"_C{place}_TEXT"] if column in fields.texts else [])
        schema = pa.schema([*((name, pa.string()) for name in names), *_METADATA.items()])
        return schema.empty_table()
    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except pa.ArrowException as cause:
        raise errors.refused(
            f"A column has types in these Parquet files that do not go together: {cause}"
        ) from None


def registered(session: Session, files: Sequence[FileRead], fields: Fields, kind: str) -> str:
    """The relation of files as it stands in FROM; its ``$1`` of JSON files is a VARIANT."""
    if kind != "JSON":
        return session.register(relation(files, fields))
    fields.width = 1
    name = session.register(relation(files, fields))
    metadata = ", ".join(quoted(one) for one in _METADATA)
    return f'(SELECT PARSE_JSON("$1") AS "$1", {metadata} FROM {name})'


def failed(file: FileRead, fault: Fault) -> errors.SnowflakeError:
    """The error that ends a statement for a record."""
    return errors.error(
        f"{fault.message}\n  File '{file.name}', line {fault.line}, character 1\n"
        f"  Row {fault.record}",
        fault.number,
        "54000" if fault.number == TOO_LONG else "22000",
    )


def _relation_of(session: Session, where: Location, arguments: Mapping[str, Any], text: str) -> Any:
    options = resolve(session, arguments.get("FILE_FORMAT"), where.file_format)
    pattern = arguments.get("PATTERN")
    rewritten, fields = read_fields(text, options.type)
    files = where.matching(None if pattern is None else str(pattern))
    limit = _last_row(text)
    read = [read_file(name, path, options, fields, limit) for name, path in files]
    for one in read:
        for fault in one.faults:
            raise failed(one, fault)
    return rewritten, registered(session, read, fields, options.type)


def _last_row(sql: str) -> int | None:
    """The last row number that a query's WHERE lets through, where it begins with that.

    So a file's header is read without the file.
    """
    tokens = tokens_of(sql)
    for place, token in enumerate(tokens[:-3]):
        if token.token_type is not TokenType.WHERE:
            continue
        name, operator, number = tokens[place + 1 : place + 4]
        following = tokens[place + 4].text.upper() if place + 4 < len(tokens) else ""
        if (
            name.text.upper() == ROW_NUMBER
            and operator.text in ("=", "<=")
            and number.text.isdigit()
            and following in ("", ";", ")", "ORDER BY", "LIMIT")
        ):
            return int(number.text)
        return None
    return None


_READ = ("@", "snow://dataset/")


@rewrites
def read_stages(session: Session, sql: str) -> str:
    """Replace stages in a query by relations of their files."""
    if "@" not in sql and "snow://" not in sql:
        return sql
    found = stage_in(sql)
    if found is None:
        return sql
    start, end, reference, arguments = found
    where = location(session, reference)
    known = read_options(arguments)
    for name in known:
        if name not in ("FILE_FORMAT", "PATTERN"):
            raise errors.refused(f"A stage in FROM takes FILE_FORMAT and PATTERN, not {name}.")
    before, after = sql[:start], sql[end:]
    if [one.text.upper() for one in tokens_of(before)[-3:]] == ["SELECT", "*", "FROM"]:
        raise errors.unsupported("SELECT * of a stage: name the fields, as in $1")
    if stage_in(after) is not None:
        raise errors.unsupported("two stages in one query")
    mark = "_ES_STAGED_FILES_HERE"
    text, name = _relation_of(session, where, known, f"{before}{mark}{after}")
    return str(text).replace(mark, name, 1)


def stage_in(sql: str) -> tuple[int, int, str, str] | None:
    """The first stage that a query reads: where it begins and ends, and its arguments."""
    tokens = tokens_of(sql)
    for place, token in enumerate(tokens[1:], 1):
        before = tokens[place - 1].token_type
        opened = before in (TokenType.FROM, TokenType.JOIN)
        if token.token_type is TokenType.STRING and token.text.startswith(_READ) and opened:
            reference, end = token.text, token.end + 1
        elif sql[token.start] == "@" and (opened or before is TokenType.COMMA):
            end = reference_end(sql, token.start)
            reference = sql[token.start : end]
        else:
            continue
        rest = [one for one in tokens if one.start >= end]
        if (
            len(rest) > 1
            and rest[0].text == "("
            and rest[1].text.upper() in ("FILE_FORMAT", "PATTERN")
        ):
            depth = 0
            for one in rest:
                depth += (one.text == "(") - (one.text == ")")
                if depth == 0:
                    return token.start, one.end + 1, reference, sql[rest[0].end + 1 : one.start]
            raise errors.uncompiled("syntax error: missing ')'.")
        return token.start, end, reference, ""
    return None


# --- schemas ---------------------------------------------------------------------------------


_INFER_OPTIONS = ("IGNORE_CASE", "MAX_FILE_COUNT", "MAX_RECORDS_PER_FILE")


@table_function("INFER_SCHEMA")
def infer_schema(session: Session, *_: Any, **arguments: Any) -> Result:
    """INFER_SCHEMA(LOCATION => '@..', FILE_FORMAT => 'name' [, IGNORE_CASE => ..])."""
    given = {name.upper(): value for name, value in arguments.items()}
    for name in given:
        if name not in ("LOCATION", "FILE_FORMAT", *_INFER_OPTIONS):
            raise errors.refused(f"INFER_SCHEMA takes no {name} in the embedded warehouse.")
    if "LOCATION" not in given or "FILE_FORMAT" not in given:
        raise errors.refused(
            "INFER_SCHEMA needs LOCATION => '@stage/..' and FILE_FORMAT => 'name'."
        )
    where = location(session, str(given["LOCATION"]))
    options = resolve(session, str(given["FILE_FORMAT"]), {})
    upper = str(given.get("IGNORE_CASE", "FALSE")).upper() == "TRUE"
    found: dict[str, tuple[str, list[str], int]] = {}
    count = given.get("MAX_FILE_COUNT")
    for shown, path in where.files()[
        : None if count is None else number_of("MAX_FILE_COUNT", count)
    ]:
        for place, (column, kind) in enumerate(_columns_of(shown, path, options)):
            name = column.upper() if upper else column
            known = found.get(name)
            if known is None:
                found[name] = (kind, [shown], place)
            else:
                merged = known[0] if known[0] == kind else _common(known[0], kind)
                found[name] = (merged, [*known[1], shown], known[2])
    return Result.rows(
        columns("COLUMN_NAME TYPE NULLABLE:BOOLEAN EXPRESSION FILENAMES ORDER_ID:NUMBER"),
        [
            (name, kind, True, _expression(options, name, kind, place), ", ".join(names), place)
            for name, (kind, names, place) in found.items()
        ],
    )


def _expression(options: FileFormat, name: str, kind: str, place: int) -> str:
    source = f"${place + 1}" if options.type == "CSV" else f"$1:{name}"
    return f"{source}::{kind}"


def _common(one: str, other: str) -> str:
    numeric = {"NUMBER", "REAL"}
    if one.partition("(")[0] in numeric and other.partition("(")[0] in numeric:
        return "REAL" if "REAL" in (one, other) else "NUMBER(38, 0)" if ", 0)" in one else "REAL"
    return "TEXT"


def _columns_of(name: str, path: Path, options: FileFormat) -> list[tuple[str, str]]:
    try:
        if options.type == "JSON":
            return [(key, json_sample_type(found)) for key, found in read_samples(path, options)]
        if options.type == "PARQUET":
            there = parquet_schema(path)
            check_times(path, there.names, options)
            return [(one.name, snowflake_type(one.type)) for one in there]
        records = read_csv(path, options)
    except UnreadableFile as cause:
        unread = FileRead(name, path, None, [])
        raise failed(unread, Fault(str(cause), 1, 1, _UNREADABLE)) from None
    header = records.header
    if not header:
        header = [f"c{place + 1}" for place in range(records.width())]
        records.header = header
    return list(zip(header, csv_sample_types(records), strict=True))
