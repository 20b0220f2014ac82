"""COPY INTO a location: a query's rows become files on a stage. COPY FILES: from stage to stage.

What it holds: both statements, the names of the files, and the writing of CSV, JSON and Parquet.
Not for reading files (`staged_files`), nor for loading them (`copying`).

Files are written aside and moved into their places when all are there. Like Snowflake's, they do
not go away with the transaction. No rows make no file. Into how many files rows are divided is not
Snowflake's number; none is larger than MAX_FILE_SIZE before it is compressed.

Sources: https://docs.snowflake.com/en/sql-reference/sql/copy-into-location, ../copy-files.
"""

from __future__ import annotations

import bz2
import gzip
import shutil
import uuid
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from embedded_snowflake import errors
from embedded_snowflake.names import literal, quoted
from embedded_snowflake.objects.files.file_formats import (
    FileFormat,
    Value,
    number_of,
    read_options,
    resolve,
    truth,
)
from embedded_snowflake.objects.files.stages import (
    FOLDER,
    UPLOADS,
    Location,
    location,
    read_reference,
)
from embedded_snowflake.objects.showing import columns
from embedded_snowflake.sessions.routing import NotMine, handles
from embedded_snowflake.sql.reading import Reader, tokens_of
from embedded_snowflake.sql.results import Result

if TYPE_CHECKING:
    from embedded_snowflake.sessions.session import Session

_OPTIONS = {
    *("FILE_FORMAT", "OVERWRITE", "SINGLE", "HEADER", "MAX_FILE_SIZE"),
    *("INCLUDE_QUERY_ID", "DETAILED_OUTPUT"),
}
_LARGEST = "16777216"
_COMPRESSED: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "AUTO": (".gz", lambda data: gzip.compress(data, mtime=0)),
    "GZIP": (".gz", lambda data: gzip.compress(data, mtime=0)),
    "BZ2": (".bz2", bz2.compress),
    "ZSTD": (".zst", lambda data: pa.Codec("zstd").compress(data, asbytes=True)),
    "DEFLATE": (".deflate", zlib.compress),
    "RAW_DEFLATE": (".raw_deflate", lambda data: zlib.compress(data, wbits=-zlib.MAX_WBITS)),
    "NONE": ("", lambda data: data),
}
_HALF_STRUCTURED = {"variant", "object", "array"}
_NO_PARTITION = "_NULL_"


@dataclass(frozen=True)
class _Unload:
    """One statement, read.

    Attributes:
        types: Snowflake's types of the query's columns, as clients see them.
        select: the query with its columns named by their places, ``"C0"`` and so on.
    """

    session: Session
    where: Location
    names: list[str]
    types: list[str]
    select: str
    partition: str | None
    options: dict[str, Value]
    file_format: FileFormat

    def flag(self, name: str, *, usual: bool = False) -> bool:
        return truth(name, self.options.get(name, str(usual)))

    @property
    def marked(self) -> bool:
        """Whether the query's id stands in the names of the files."""
        return self.flag("INCLUDE_QUERY_ID", usual=self.partition is not None)

    @property
    def largest(self) -> int:
        return number_of("MAX_FILE_SIZE", self.options.get("MAX_FILE_SIZE", _LARGEST))


@handles("COPY", "INTO")
def copy_into_location(session: Session, reader: Reader) -> Result:
    """COPY INTO @stage/path FROM table | (query) [PARTITION BY ..] [options]."""
    token = reader.peek()
    if token is None or not (token.text == "@" or reader.at_string()):
        raise NotMine
    if reader.at_string() and not token.text.startswith("@"):
        raise errors.unsupported("COPY INTO an external location")
    reference = read_reference(reader)
    reader.expect("FROM")
    query = reader.parenthesised() if reader.at("(") else f"SELECT * FROM {reader.name().sql}"
    partition, options = _partition(reader.rest())
    for name in options:
        if name not in _OPTIONS:
            raise errors.unsupported(f"COPY INTO a location with {name}")
    where = location(session, reference, create=True)
    described = session.columns_of(query)
    places = ", ".join(quoted(f"C{place}") for place in range(len(described)))
    kept = resolve(session, options.get("FILE_FORMAT"), where.file_format)
    return _written(
        _Unload(
            session,
            where,
            [str(column["name"]) for column in described],
            [str(column["type"]) for column in described],
            f"FROM ({query}) AS {quoted('_U')} ({places})",
            None if partition is None else _by_place(partition, described),
            options,
            kept,
        )
    )


def _partition(text: str) -> tuple[str | None, dict[str, Value]]:
    """The expression of PARTITION BY, and the options that follow."""
    tokens = tokens_of(text)
    if [one.text.upper() for one in tokens[:1]] != ["PARTITION BY"]:
        return None, read_options(text)
    depth = 0
    for place, token in enumerate(tokens):
        depth += (token.text == "(") - (token.text == ")")
        following = tokens[place + 1].text if place + 1 < len(tokens) else ""
        if depth == 0 and token.text.upper() in _OPTIONS and following == "=":
            return text[tokens[0].end + 1 : token.start], read_options(text[token.start :])
    return text[tokens[0].end + 1 :], {}


def _by_place(partition: str, described: Sequence[Any]) -> str:
    """The expression over the query's columns, which have their own names in it."""
    renamed = ", ".join(
        f"{quoted(f'C{place}')} AS {quoted(str(column['name']))}"
        for place, column in enumerate(described)
    )
    return f"(SELECT ({partition})::VARCHAR FROM (SELECT {renamed}))"


def _written(unload: _Unload) -> Result:
    single, again = unload.flag("SINGLE"), unload.flag("OVERWRITE")
    if unload.partition is not None and not unload.marked:
        raise errors.refused("INCLUDE_QUERY_ID = FALSE does not go with PARTITION BY.")
    for name, given in (("SINGLE", single), ("OVERWRITE", again)):
        if given and unload.marked:
            raise errors.refused(f"{name} goes with neither PARTITION BY nor INCLUDE_QUERY_ID.")
    rows = _rows(unload)
    aside = unload.session.root / FOLDER / UPLOADS / uuid.uuid4().hex
    aside.mkdir(parents=True)
    try:
        found = [
            (name, aside / str(number), table.num_rows, size)
            for number, (name, table, size) in enumerate(_files(unload, rows, aside))
        ]
        if not again and any((unload.where.directory / name).exists() for name, *_ in found):
            raise errors.error(
                "Files already existing at the unload destination: "
                f"@{unload.where.shown}{unload.where.path}. Use overwrite option to force "
                "unloading.",
                1030,
                "22000",
            )
        answer = [(name, path.stat().st_size, count) for name, path, count, _ in found]
        for name, path, _, _ in found:
            target = unload.where.directory / name
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    if unload.flag("DETAILED_OUTPUT"):
        return Result.rows(columns("FILE_NAME FILE_SIZE:NUMBER ROW_COUNT:NUMBER"), answer)
    return Result.rows(
        columns("rows_unloaded:NUMBER input_bytes:NUMBER output_bytes:NUMBER"),
        [(rows.num_rows, sum(one[3] for one in found), sum(one[1] for one in answer))],
    )


def _rows(unload: _Unload) -> pa.Table:
    """What is written: texts for CSV and JSON, values for Parquet; last the partition, if any."""
    kind, session = unload.file_format.type, unload.session
    held = [quoted(f"C{place}") for place in range(len(unload.names))]
    if kind == "JSON":
        if len(held) != 1 or unload.types[0] not in _HALF_STRUCTURED:
            raise errors.uncompiled(
                "JSON file format can produce one and only one column of "
                "type variant or object or array. Use CSV file format if you want to load more "
                "than one column.",
                2019,
                "0A000",
            )
    elif kind == "PARQUET":
        if "array" in unload.types:
            raise errors.unsupported("an ARRAY as a list of Parquet: unload it as a VARIANT")
        if any(one in ("timestamp_ltz", "timestamp_tz") for one in unload.types):
            raise errors.refused(
                "Error encountered when unloading to PARQUET: TIMESTAMP_TZ and LTZ types are not "
                "supported for unloading to Parquet."
            )
    plain = "{}" if kind == "PARQUET" else "{}::VARCHAR"
    shown = [
        ("TO_JSON({})" if of in _HALF_STRUCTURED else plain).format(one)
        for one, of in zip(held, unload.types, strict=True)
    ]
    if unload.partition is not None:
        shown.append(f"COALESCE({unload.partition}, {literal(_NO_PARTITION)})")
    listed = ", ".join(f"{one} AS {quoted(f'P{place}')}" for place, one in enumerate(shown))
    with session.bounded():
        table: pa.Table = session.run(f"SELECT {listed} {unload.select}")._arrow_table  # noqa: SLF001
    return table


def _files(unload: _Unload, rows: pa.Table, aside: Path) -> Iterator[tuple[str, pa.Table, int]]:
    """Write the files aside, numbered; their names, rows and sizes before compression."""
    if not rows.num_rows:
        return
    number, path = 0, unload.where.path
    if unload.partition is not None and path:
        path = path.rstrip("/") + "/"
    above, slash, stem = path.rpartition("/")
    stem = stem or "data"
    if unload.marked:
        stem += f"_{unload.session.query_id}"
    suffix, squeeze = _compression(unload.file_format)
    for folder, part in _parts(unload, rows):
        for ahead, (table, body) in enumerate(_bodies(unload, part)):
            name = f"{above}{slash}{folder}{stem}"
            if not unload.flag("SINGLE"):
                name += f"_0_0_{ahead}{suffix}"
            (aside / str(number)).write_bytes(squeeze(body))
            number += 1
            yield name, table, len(body)


def _parts(unload: _Unload, rows: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """The rows of each partition, without its column, and its folder."""
    if unload.partition is None:
        yield "", rows
        return
    *names, by = rows.column_names
    for value in pc.unique(rows[by]).to_pylist():
        folder = str(value).strip("/")
        if ".." in folder.split("/"):
            raise errors.refused(f"The partition '{folder}' leaves the stage.", 2003, "02000")
        part = rows.filter(pc.equal(rows[by], value)).select(names)
        yield f"{folder}/" if folder else "", part


def _bodies(unload: _Unload, rows: pa.Table) -> Iterator[tuple[pa.Table, bytes]]:
    """The rows in pieces that are no larger than MAX_FILE_SIZE."""
    body = _body(unload, rows)
    single = unload.flag("SINGLE")
    if len(body) <= unload.largest or (rows.num_rows == 1 and not single):
        yield rows, body
        return
    if single:
        raise errors.refused(
            f"Max file size ({unload.largest}) exceeded for unload single file mode. Increase "
            "MAX_FILE_SIZE or disable single file mode."
        )
    half = rows.num_rows // 2
    for piece in (rows.slice(0, half), rows.slice(half)):
        yield from _bodies(unload, piece)


def _compression(options: FileFormat) -> tuple[str, Callable[[bytes], bytes]]:
    """The end of a file's name, and what compresses it."""
    if options.file_extension is not None:
        raise errors.unsupported("FILE_EXTENSION of unloaded files: give the name, and SINGLE")
    if options.type == "PARQUET":
        plain = options.compression == "NONE"
        return ".parquet" if plain else ".snappy.parquet", _COMPRESSED["NONE"][1]
    if options.compression not in _COMPRESSED:
        raise errors.unsupported(f"COMPRESSION = {options.compression} of unloaded files")
    suffix, squeeze = _COMPRESSED[options.compression]
    return f".{options.type.lower()}{suffix}", squeeze


def _body(unload: _Unload, rows: pa.Table) -> bytes:
    options = unload.file_format
    if options.type == "PARQUET":
        return _parquet(unload, rows)
    if options.type == "JSON":
        return "".join(f"{one or 'null'}\n" for one in rows.column(0).to_pylist()).encode()
    ending = options.record_delimiter or "\n"
    enclosed = [kind in {"text", *_HALF_STRUCTURED} for kind in unload.types]
    texts = [
        _csv_texts(column.cast(pa.string()), options, enclosed=text)
        for column, text in zip(rows.itercolumns(), enclosed, strict=True)
    ]
    joined = pc.binary_join_element_wise(*texts, options.field_delimiter.strip("\0"))
    lines = joined.to_pylist()
    if unload.flag("HEADER"):
        names = pa.array(unload.names, pa.string())
        shown = _csv_texts(pa.chunked_array([names]), options, enclosed=True).to_pylist()
        lines.insert(0, options.field_delimiter.join(shown))
    return "".join(f"{one}{ending}" for one in lines).encode()


def _csv_texts(column: Any, options: FileFormat, *, enclosed: bool) -> Any:
    """The fields of a column as they stand in the file."""
    quote = options.field_optionally_enclosed_by
    null = options.null_if[0] if options.null_if else ""
    if quote is not None:
        if enclosed:
            escape = options.escape
            if escape is not None:
                column = pc.replace_substring(column, escape, escape * 2)
            column = pc.replace_substring(column, quote, (escape or quote) + quote)
            column = pc.binary_join_element_wise(quote, column, quote, "")
        return pc.fill_null(column, null)
    if options.empty_field_as_null and pc.any(pc.equal(column, "")).as_py():
        raise errors.refused(
            "An empty text cannot be told from NULL in the file: set FIELD_OPTIONALLY_ENCLOSED_BY, "
            "or EMPTY_FIELD_AS_NULL = FALSE."
        )
    escape = options.escape or options.escape_unenclosed_field
    if escape is not None:
        for one in (escape, options.field_delimiter, options.record_delimiter or "\n", "\r"):
            column = pc.replace_substring(column, one, escape + one)
    return pc.fill_null(column, null)


def _parquet(unload: _Unload, rows: pa.Table) -> bytes:
    names = unload.names
    if not unload.flag("HEADER"):
        names = [f"_COL_{place}" for place in range(len(names))]
    if len(set(names)) < len(names):
        raise errors.refused("A Parquet file's columns have different names: give them aliases.")
    plain = unload.file_format.compression
    if plain not in ("AUTO", "SNAPPY", "NONE"):
        raise errors.unsupported(f"COMPRESSION = {plain} of unloaded Parquet files")
    sink = pa.BufferOutputStream()
    pq.write_table(
        rows.rename_columns(names), sink, compression="none" if plain == "NONE" else "snappy"
    )
    return sink.getvalue().to_pybytes()


# --- from stage to stage -----------------------------------------------------------------------


@handles("COPY", "FILES")
def copy_files(session: Session, reader: Reader) -> Result:
    """COPY FILES INTO @stage/path FROM @stage/path | (query) [FILES | PATTERN] [DETAILED_OUTPUT]."""
    reader.expect("INTO")
    into = read_reference(reader)
    target = location(session, into)
    reader.expect("FROM")
    query = reader.parenthesised() if reader.at("(") else None
    given = "" if query is not None else read_reference(reader)
    stages = into.partition("/")[0] + given.partition("/")[0]
    if "%" in stages or (given and "~" in stages):
        raise errors.refused("COPY FILES takes named stages, not those of a table or a user.")
    source = None if query is not None else location(session, given)
    options = read_options(reader.rest())
    known = {"DETAILED_OUTPUT", *(("FILES", "PATTERN") if source is not None else ())}
    for name in options:
        if name not in known:
            raise errors.uncompiled(f"invalid property '{name}'.")
    if source is not None:
        chosen = list(_of_stage(source, options))
    else:
        chosen = list(_of_query(session, str(query)))
    folder = target.path.rstrip("/") + "/" if target.path else ""
    for name, path in chosen:
        there = target.directory / folder / name
        aside = session.root / FOLDER / UPLOADS / uuid.uuid4().hex
        aside.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, aside)
        there.parent.mkdir(parents=True, exist_ok=True)
        aside.replace(there)
    if truth("DETAILED_OUTPUT", options.get("DETAILED_OUTPUT", "TRUE")):
        return Result.rows(columns("file"), [(folder + name,) for name, _ in chosen])
    return Result.rows(columns("numOfFilesCopied:NUMBER"), [(len(chosen),)])


def _of_stage(source: Location, options: dict[str, Value]) -> Iterator[tuple[str, Path]]:
    """The files below a path, by their names from there on."""
    pattern, files = options.get("PATTERN"), options.get("FILES")
    if pattern is not None and files is not None:
        raise errors.unsupported("FILES and PATTERN in one COPY FILES")
    top = source.path.rstrip("/") + "/" if source.path else ""
    found = source.matching(None if pattern is None else str(pattern))
    if not all(name.startswith(top) for name, _ in found):
        raise errors.unsupported("COPY FILES from a path that is no folder: write FILES = (..)")
    there = {name.removeprefix(top): path for name, path in found}
    wanted = there if files is None else files if isinstance(files, list) else [str(files)]
    # Those that are not there are passed over.
    yield from ((name, there[name]) for name in wanted if name in there)


def _of_query(session: Session, query: str) -> Iterator[tuple[str, Path]]:
    """The files that a query names, with the names that it gives them."""
    with session.bounded():
        table: pa.Table = session.run(query)._arrow_table  # noqa: SLF001
    if table.num_columns not in (1, 2) or not all(
        pa.types.is_string(one.type) for one in table.schema
    ):
        raise errors.refused("COPY FILES takes a query of one or two columns of text.")
    for url, *given in zip(*(column.to_pylist() for column in table.itercolumns()), strict=True):
        found = location(session, str(url))
        path = found.target()
        if not found.path or not path.is_file():
            raise errors.no_such_file(str(url))
        name = str(given[0]) if given and given[0] is not None else found.path
        if ".." in name.split("/"):
            raise errors.refused(f"The path of '{name}' leaves the stage.", 2003, "02000")
        yield name.lstrip("/"), path
