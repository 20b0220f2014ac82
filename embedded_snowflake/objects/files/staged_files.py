"""What is in staged files: records of CSV and columns of Parquet, exactly as they stand.

What it holds: decompression, decoding, the CSV reader with Snowflake's options, and Parquet's
columns with Snowflake's types. Not for which files are meant (`stages`), nor for what becomes of
the rows (`copying`, `staged_queries`).

CSV is read here and not by DuckDB or Arrow, because a wrong record must be known by its line while
the others go on, and because ``""`` and nothing are different values.

Source: https://docs.snowflake.com/en/sql-reference/sql/create-file-format. Where a value's text is
asked of a Parquet column, times have milliseconds, as Snowflake's default output formats.
"""

from __future__ import annotations

import bz2
import gzip
import re
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from embedded_snowflake import errors
from embedded_snowflake.objects.files.file_formats import FileFormat, python_encoding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_READABLE = "AUTO, NONE, GZIP, BZ2, ZSTD, DEFLATE and RAW_DEFLATE"


class UnreadableFile(Exception):  # noqa: N818  (says what the file is)
    """A file that cannot be read at all; the message says why."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with a record.

    Attributes:
        message: Snowflake's words.
        line: in the file, from 1, headers included.
        record: among the data, from 1.
        number: Snowflake's, of the error.
    """

    message: str
    line: int
    record: int
    number: int = 100038


@dataclass
class Records:
    """The records of a CSV file.

    Attributes:
        header: names of the columns, with PARSE_HEADER.
        rows: fields of each good record.
        numbers: of the good records among the data, from 1.
        lines: of the good records in the file, from 1.
        faults: the records that are not good.
    """

    header: list[str] = field(default_factory=list[str])
    rows: list[list[str | None]] = field(default_factory=list[list[str | None]])
    numbers: list[int] = field(default_factory=list[int])
    lines: list[int] = field(default_factory=list[int])
    faults: list[Fault] = field(default_factory=list[Fault])

    def width(self) -> int:
        """How many fields the widest record has."""
        return max(map(len, self.rows), default=0)


# --- bytes -----------------------------------------------------------------------------------


def content(path: Path, compression: str) -> bytes:
    """The bytes of a file, decompressed.

    Raises:
        UnreadableFile: they are not what the compression says.
        SnowflakeError: the compression is not read here.
    """
    data = path.read_bytes()
    kind = _detected(path.name.lower(), data) if compression == "AUTO" else compression
    try:
        match kind:
            case "NONE":
                return data
            case "GZIP":
                return gzip.decompress(data)
            case "BZ2":
                return bz2.decompress(data)
            case "ZSTD":
                with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
                    return stream.read()
            case "DEFLATE":
                return zlib.decompress(data)
            case "RAW_DEFLATE":
                return zlib.decompress(data, -zlib.MAX_WBITS)
            case _:
                raise errors.refused(
                    f"COMPRESSION = {compression} of CSV is not read here; use {_READABLE}."
                )
    except (OSError, EOFError, zlib.error, ValueError) as cause:
        raise UnreadableFile(f"The file is not valid {kind}: {cause}") from None


def _detected(name: str, data: bytes) -> str:
    if data[:2] == b"\x1f\x8b":
        return "GZIP"
    if data[:3] == b"BZh":
        return "BZ2"
    if data[:4] == b"\x28\xb5\x2f\xfd":
        return "ZSTD"
    if name.endswith(".gz"):
        raise UnreadableFile("The file is named .gz and is not valid GZIP.")
    return "NONE"


# --- CSV -------------------------------------------------------------------------------------


def read_csv(path: Path, options: FileFormat, limit: int | None = None) -> Records:
    """Read a CSV file.

    Args:
        path: of the file.
        options: of its format.
        limit: how many records to read, all unless given.

    Returns:
        Its records. Records may have different numbers of fields.

    Raises:
        UnreadableFile: the compression is broken.
    """
    data = content(path, options.compression)
    encoding = python_encoding(options.encoding)
    broken = False
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as cause:
        if options.replace_invalid_characters:
            text = data.decode(encoding, "replace")
        elif encoding == "utf-8":
            # Each record that holds such bytes is wrong for itself.
            text, broken = data.decode(encoding, "surrogateescape"), True
        else:
            raise UnreadableFile(f"The file is not valid {options.encoding}: {cause}") from None
    if options.skip_byte_order_mark:
        text = text.removeprefix("\ufeff")
    return _Csv(text, options, broken=broken).read(limit)


class _Csv:
    """One reading of a text."""

    def __init__(self, text: str, options: FileFormat, *, broken: bool) -> None:
        self.text = text
        self.options = options
        self.broken = broken
        self.records = Records()
        self.null = frozenset(options.null_if)
        self.quote = options.field_optionally_enclosed_by
        self.plain_escape = options.escape or options.escape_unenclosed_field

    def read(self, limit: int | None) -> Records:
        """Read the records, or the first of them."""
        place, line = 0, 1
        for _ in range(self.options.skip_header):
            end = self.text.find("\n", place)
            place, line = (len(self.text) if end < 0 else end + 1), line + 1
        number = 0
        header = self.options.parse_header
        special = [one for one in (self.quote, self.plain_escape) if one is not None]
        simple = not any(self.text.find(one, place) >= 0 for one in special)
        found = self._simple(place, line) if simple else self._exact(place, line)
        for first_line, fields, message in found:
            if fields is not None and fields == [""] and self.options.skip_blank_lines:
                continue
            if header:
                if message is not None or fields is None:
                    raise UnreadableFile(f"The header cannot be read: {message}")
                self.records.header = [name or "" for name in fields]
                header = False
                continue
            if number == limit:
                break
            number += 1
            self._keep(number, first_line, fields, message)
        return self.records

    def _keep(
        self, number: int, line: int, fields: Sequence[str | None] | None, message: str | None
    ) -> None:
        if message is None and self.broken and fields is not None:
            message = _invalid_text(fields)
        if message is not None or fields is None:
            self.records.faults.append(Fault(message or "", line, number))
            return
        self.records.rows.append([self._value(one) for one in fields])
        self.records.numbers.append(number)
        self.records.lines.append(line)

    def _value(self, text: str | None) -> str | None:
        if text in self.null:
            return None
        if text == "":
            # What stood in quotes is never NULL for being empty.
            stays = text is _QUOTED_EMPTY or not self.options.empty_field_as_null
            return "" if stays else None
        return text

    def _simple(self, place: int, line: int) -> Iterator[tuple[int, list[str] | None, str | None]]:
        """Records of a text that holds neither quotes nor escapes."""
        text = self.text[place:] if place else self.text
        separator = self.options.record_delimiter
        if separator is None:
            lines = text.split("\n")
            if "\r" in text:
                lines = [one.removesuffix("\r") for one in lines]
        else:
            lines = text.split(separator)
        if lines and lines[-1] == "":
            lines.pop()
        delimiter, trim = self.options.field_delimiter, self.options.trim_space
        for ahead, one in enumerate(lines):
            fields = one.split(delimiter)
            yield line + ahead, [part.strip() for part in fields] if trim else fields, None

    def _exact(self, place: int, line: int) -> Iterator[tuple[int, list[str] | None, str | None]]:
        """Records of a text with quotes or escapes, character by character where it must be."""
        text, options = self.text, self.options
        delimiter, quote = options.field_delimiter, self.quote
        end_of_record = options.record_delimiter
        ending = "\r?\n" if end_of_record is None else re.escape(end_of_record)
        stop = re.compile(f"({re.escape(delimiter)})|{ending}|\\Z")
        escape = self.plain_escape
        stops = (
            stop
            if escape is None
            else re.compile(
                f"{re.escape(escape)}.|({re.escape(delimiter)})|{ending}|\\Z", re.DOTALL
            )
        )
        next_line = re.compile(f"{ending}|\\Z")
        while place < len(text):
            start = place
            fields: list[str] = []
            message: str | None = None
            more = True
            while more:
                found: re.Match[str] | None = None
                if options.trim_space:
                    place = _past_spaces(text, place, delimiter)
                if quote is not None and text.startswith(quote, place):
                    value, place, message = self._enclosed(place, quote)
                    if message is None:
                        if options.trim_space:
                            place = _past_spaces(text, place, delimiter)
                        found = stop.match(text, place)
                        if found is None:
                            message = (
                                f"Found character '{text[place]}' instead of field delimiter "
                                f"'{delimiter}'"
                            )
                    if message is not None:
                        skipped = next_line.search(text, start)
                        place = len(text) if skipped is None else skipped.end()
                        break
                    fields.append(value or _QUOTED_EMPTY)
                else:
                    value, found = self._plain(place, stops)
                    fields.append(value)
                if found is None:
                    break
                more, place = found[1] is not None, found.end()
            yield line, None if message else fields, message
            line += text.count("\n", start, place)

    def _enclosed(self, place: int, quote: str) -> tuple[str, int, str | None]:
        """A field in quotes: its value, where it ends, and what is wrong."""
        text, escape = self.text, self.options.escape
        parts: list[str] = []
        place += 1
        while True:
            end = text.find(quote, place)
            if escape is not None:
                escaped = text.find(escape, place, end if end >= 0 else len(text))
                if 0 <= escaped < len(text) - 1:
                    parts += text[place:escaped], _meant(text[escaped + 1])
                    place = escaped + 2
                    continue
            if end < 0:
                return "", place, "Missing the quote that ends a field"
            parts.append(text[place:end])
            if not text.startswith(quote, end + 1):
                return "".join(parts), end + 1, None
            parts.append(quote)
            place = end + 2

    def _plain(self, place: int, stops: re.Pattern[str]) -> tuple[str, re.Match[str]]:
        """A field without quotes: its value, and the match that ended it."""
        text, escape, parts = self.text, self.plain_escape, list[str]()
        while True:
            found = _found(stops, text, place)
            parts.append(text[place : found.start()])
            if escape is None or not found[0].startswith(escape):
                break
            # NULL_IF's usual \N is no escape: it stands for the whole field.
            parts.append(found[0] if found[0] in self.null else _meant(found[0][1]))
            place = found.end()
        value = "".join(parts)
        return value.strip() if self.options.trim_space else value, found


def _found(stops: re.Pattern[str], text: str, place: int) -> re.Match[str]:
    found = stops.search(text, place)
    if found is None:
        raise ValueError("the pattern ends at the end of the text, so it is always found")
    return found


class _QuotedEmpty(str):
    """An empty text that stood in quotes."""

    __slots__ = ()


_QUOTED_EMPTY = _QuotedEmpty()


def _meant(character: str) -> str:
    return _ESCAPED.get(character, character)


def _past_spaces(text: str, place: int, delimiter: str) -> int:
    while place < len(text) and text[place] in " \t" and text[place] != delimiter:
        place += 1
    return place


def _invalid_text(fields: Sequence[str | None]) -> str | None:
    for one in fields:
        if one is not None and not one.isascii():
            try:
                one.encode()
            except UnicodeEncodeError:
                shown = one.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
                return f"Invalid UTF8 detected in string '{shown}'"
    return None


# --- Parquet ---------------------------------------------------------------------------------


def parquet_schema(path: Path) -> pa.Schema:
    """The columns of a Parquet file.

    Raises:
        UnreadableFile: it is not one.
    """
    try:
        return pq.read_schema(path)
    except (pa.ArrowException, OSError) as cause:
        raise UnreadableFile(f"The file is not valid PARQUET: {cause}") from None


def check_times(path: Path, columns: Sequence[str], options: FileFormat) -> None:
    """Without logical types Snowflake reads a time as the number that stands in the file.

    Raises:
        SnowflakeError: 000002 where a column holds times, and they are not asked for.
    """
    if options.use_logical_type:
        return
    for place in range(len(kept := pq.read_metadata(path).schema)):
        column = kept.column(place)
        if column.name in columns and column.logical_type.type in ("TIMESTAMP", "TIME"):
            raise errors.unsupported(
                f"the times of the Parquet column {column.name} read as numbers: set "
                "USE_LOGICAL_TYPE = TRUE in the file format, use_logical_type=True in write_pandas"
            )


def read_parquet(path: Path, columns: Sequence[str], options: FileFormat) -> pa.Table:
    """Columns of a Parquet file; those that it does not have are absent.

    Raises:
        UnreadableFile: it is not one, or is broken.
    """
    there = parquet_schema(path)
    try:
        check_times(path, columns, options)
        with pq.ParquetFile(path) as file:
            names = [name for name in columns if there.get_field_index(name) >= 0]
            table = file.read(columns=names)
            if not names:
                table = pa.table({"": pa.nulls(file.metadata.num_rows)})
            else:
                table = table.select(names)
    except (pa.ArrowException, OSError) as cause:
        raise UnreadableFile(f"The file is not valid PARQUET: {cause}") from None
    if not names:
        return table
    return pa.table({name: _plainly(table[name], options) for name in names})


def _plainly(column: pa.ChunkedArray, options: FileFormat) -> pa.ChunkedArray:
    """A column without what DuckDB reads otherwise: dictionaries, binary texts, nanoseconds."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if _is_binary(column.type) and options.binary_as_text:
        try:
            return column.cast(pa.string())
        except pa.ArrowInvalid:
            raise errors.unsupported(
                "bytes of a Parquet column that are no UTF-8 read as a text: set BINARY_AS_TEXT = "
                "FALSE in the file format"
            ) from None
    if pa.types.is_duration(column.type):
        return column.cast(pa.int64())
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        return column.cast(pa.timestamp("us", tz=column.type.tz), safe=False)
    return column


def _is_binary(kind: pa.DataType) -> bool:
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """What Snowflake's cast of a Parquet value to VARCHAR gives."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        zone = " +0000" if kind.tz else ""
        shown = column.cast(pa.timestamp("ms", tz="UTC" if kind.tz else None), safe=False)
        return pc.strftime(shown, "%Y-%m-%d %H:%M:%S" + zone).cast(pa.string())
    if _is_binary(kind):
        return pa.chunked_array(
            [pa.array([None if v is None else v.hex().upper() for v in column.to_pylist()])]
        ).cast(pa.string())
    if pa.types.is_nested(kind):
        raise errors.unsupported("the text of an array or object in a Parquet file")
    return column.cast(pa.string())


def snowflake_type(kind: pa.DataType) -> str:
    """The type that INFER_SCHEMA gives a Parquet column."""
    if pa.types.is_decimal(kind):
        return f"NUMBER({kind.precision}, {kind.scale})"
    if pa.types.is_timestamp(kind):
        return "TIMESTAMP_NTZ" if kind.tz is None else "TIMESTAMP_LTZ"
    if pa.types.is_dictionary(kind):
        return snowflake_type(kind.value_type)
    for holds, name in (
        (pa.types.is_boolean, "BOOLEAN"),
        (pa.types.is_integer, "NUMBER(38, 0)"),
        # Parquet has no type for it: what stands in the file is an integer.
        (pa.types.is_duration, "NUMBER(38, 0)"),
        (pa.types.is_floating, "REAL"),
        (pa.types.is_date, "DATE"),
        (pa.types.is_time, "TIME"),
        (_is_binary, "BINARY"),
        (pa.types.is_nested, "VARIANT"),
    ):
        if holds(kind):
            return name
    return "TEXT"


def csv_sample_types(records: Records) -> list[str]:
    """The type that INFER_SCHEMA gives each CSV column, from its values."""
    found: list[str] = []
    for place in range(len(records.header)):
        values = [row[place] for row in records.rows if place < len(row)]
        found.append(sampled_type([one for one in values if one is not None]))
    return found


def sampled_type(values: list[str]) -> str:
    """The type that INFER_SCHEMA gives these texts."""
    if values and all(re.fullmatch(r"-?\d{1,38}", one) for one in values):
        return f"NUMBER({max(len(one.lstrip('-')) for one in values)}, 0)"
    if values and all(re.fullmatch(r"-?\d{1,38}(\.\d+)?", one) for one in values):
        scale = max(len(one.partition(".")[2]) for one in values)
        digits = max(len(one.lstrip("-").partition(".")[0]) for one in values)
        return f"NUMBER({min(digits + scale, 38)}, {scale})"
    if values and all(one.lower() in ("true", "false") for one in values):
        return "BOOLEAN"
    if values and all(re.fullmatch(r"\d{4}-\d\d-\d\d", one) for one in values):
        return "DATE"
    if values and all(
        re.fullmatch(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?", one) for one in values
    ):
        return "TIMESTAMP_NTZ"
    return "TEXT"


def text_columns(records: Records, width: int) -> list[pa.Array]:
    """The first fields of the records as columns of text; NULL where a record is shorter."""
    there = records.width()
    return [
        pa.array([row[place] if place < len(row) else None for row in records.rows], pa.string())
        if place < there
        else pa.nulls(len(records.rows), pa.string())
        for place in range(width)
    ]
