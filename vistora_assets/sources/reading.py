"""From the files on the stage to rows of text in the warehouse.

What it holds: the session's temporary table of input rows, the finding of headers and schemas
through the stage, and the COPY of every file into that table, one statement for all files that
are read alike.

Add to it another kind of file. What must not go here: what the text means (`type_rows.sql`), and
any row in Python but a header.

Sources: Snowflake, "Transforming data during a load" (functions and casts that a COPY takes; the
number of fields need not be the same in every row: a field that is not there is NULL), "COPY INTO
<table>" (ON_ERROR, result columns), "Querying metadata for staged files", "INFER_SCHEMA".
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from vistora_assets.identifiers import quote
from vistora_assets.sources.errors import MappingError
from vistora_assets.sources.mapping import EVENT_COLUMNS, ResolvedColumns, resolve
from vistora_assets.sources.stage import FileKind, StagedFile
from vistora_assets.sources.warehouse import Warehouse, error_text, is_database_error

MAXIMUM_COLUMNS: Final = 250
"""Columns a CSV header may have; its width is looked for up to here."""

_FILES_PER_STATEMENT: Final = 200
_TIMES_AT_A_PLACE: Final = ("TIMESTAMP_NTZ",)
_TIMES_AT_AN_INSTANT: Final = ("TIMESTAMP_LTZ", "TIMESTAMP_TZ")
_FLOATS: Final = ("REAL", "FLOAT", "DOUBLE")

CREATE_INPUT_ROWS: Final = """
CREATE OR REPLACE TEMPORARY TABLE {input_rows} (
  SOURCE_PATH TEXT, SOURCE_ROW NUMBER(38, 0),
  EVENT_ID TEXT, USER_ID TEXT, EVENT_TIME TEXT, EVENT_TYPE TEXT, AMOUNT TEXT, COUNTRY TEXT,
  LOCAL_TIME TIMESTAMP_NTZ, UTC_TIME TIMESTAMP_NTZ, AMOUNT_VALUE FLOAT,
  LAST_FIELD TEXT, FIELD_BEYOND TEXT
)
"""
"""Input rows as they came. Where the source has a type, its value stands beside the text."""

INPUT_COLUMNS: Final = (
    "SOURCE_PATH",
    "SOURCE_ROW",
    *(column.upper() for column in EVENT_COLUMNS),
    "LOCAL_TIME",
    "UTC_TIME",
    "AMOUNT_VALUE",
    "LAST_FIELD",
    "FIELD_BEYOND",
)


@dataclass(frozen=True, slots=True)
class Selection:
    """What a COPY selects from a file: one SQL expression for each of `INPUT_COLUMNS`.

    Equal selections of the same kind of file share a statement.
    """

    kind: FileKind
    expressions: tuple[str, ...]
    constants: tuple[str, ...]


@dataclass(slots=True)
class Reader:
    """Reads files into the temporary table, each at most once, and remembers what failed.

    Attributes:
        warehouse: the connection and its objects.
        unreadable: the sentence for each path that cannot be read.
    """

    warehouse: Warehouse
    unreadable: dict[str, str] = field(default_factory=dict[str, str])
    _read: set[str] = field(default_factory=set[str])

    def start(self) -> None:
        """Make the temporary table, empty."""
        self.warehouse.run(CREATE_INPUT_ROWS)

    def read(self, files: Iterable[StagedFile]) -> bool:
        """Read those files that were not read yet; return whether there were any."""
        wanted = [file for file in files if file.path not in self._read]
        self._read.update(file.path for file in wanted)
        groups: dict[Selection, list[StagedFile]] = defaultdict(list)
        headers = self._headers([file for file in wanted if file.kind == "csv"])
        for file in wanted:
            selection = self._selection(file, headers)
            if selection is not None:
                groups[selection].append(file)
        for selection, group in groups.items():
            for start in range(0, len(group), _FILES_PER_STATEMENT):
                self._copy(selection, group[start : start + _FILES_PER_STATEMENT])
        return bool(wanted)

    # --- headers and schemas ------------------------------------------------------------------

    def _selection(self, file: StagedFile, headers: Mapping[str, list[str]]) -> Selection | None:
        """Return what to select from a file, or None after noting why it cannot be read."""
        if file.kind is None:
            self.unreadable[file.path] = (
                f"{file.file_name!r} ends in neither .csv, .csv.gz nor .parquet, "
                "and other kinds of files are not read."
            )
            return None
        if file.path in self.unreadable:
            return None
        try:
            if file.kind == "csv":
                return self._csv_selection(file, headers.get(file.path))
            return self._parquet_selection(file)
        except MappingError as error:
            self.unreadable[file.path] = str(error)
            return None

    def _headers(self, files: Sequence[StagedFile]) -> dict[str, list[str]]:
        """Return each CSV file's first row, by path; a file without any row is not in it."""
        headers: dict[str, list[str]] = {}
        for start in range(0, len(files), _FILES_PER_STATEMENT):
            batch = files[start : start + _FILES_PER_STATEMENT]
            try:
                headers.update(self._first_rows(batch))
            except Exception as error:
                if not is_database_error(error):
                    raise
                # One unreadable file fails the statement for all: ask for each by itself.
                headers.update(self._first_rows_one_by_one(batch))
        return headers

    def _first_rows_one_by_one(self, files: Iterable[StagedFile]) -> dict[str, list[str]]:
        headers: dict[str, list[str]] = {}
        for file in files:
            try:
                headers.update(self._first_rows([file]))
            except Exception as error:
                if not is_database_error(error):
                    raise
                self.unreadable[file.path] = (
                    f"It cannot be read as CSV in UTF-8: {error_text(error)}"
                )
        return headers

    def _first_rows(self, files: Sequence[StagedFile]) -> dict[str, list[str]]:
        fields = ", ".join(f"t.${number}" for number in range(1, MAXIMUM_COLUMNS + 2))
        pattern = ".*(" + "|".join(_escaped(file.path) for file in files) + ")"
        rows = self.warehouse.run(
            """
            SELECT METADATA$FILENAME, {fields}
            FROM @{landing} (FILE_FORMAT => %(format)s, PATTERN => %(pattern)s) t
            WHERE METADATA$FILE_ROW_NUMBER = 1
            """,
            {"format": self.warehouse.objects.names["csv_header_format"], "pattern": pattern},
            fields=fields,
        ).rows
        wanted = {file.path for file in files}
        return {
            row[0]: [str(name) for name in row[1:] if name is not None]
            for row in rows
            if row[0] in wanted
        }

    def _csv_selection(self, file: StagedFile, header: list[str] | None) -> Selection:
        if header is None:
            raise MappingError("The file is empty: it has not even a header.")
        if len(header) > MAXIMUM_COLUMNS:
            raise MappingError(
                f"The header has more than {MAXIMUM_COLUMNS} columns; land only those of an event."
            )
        resolved = resolve(file.column_map, header)
        expressions, constants = _place_expressions(
            resolved, {column: f"t.${place + 1}" for column, place in resolved.positions.items()}
        )
        return Selection(
            "csv",
            (
                *expressions,
                "NULL",
                "NULL",
                "NULL",
                f"t.${resolved.width}",
                f"t.${resolved.width + 1}",
            ),
            constants,
        )

    def _parquet_selection(self, file: StagedFile) -> Selection | None:
        try:
            columns = self.warehouse.run(
                """
                SELECT COLUMN_NAME, TYPE
                FROM TABLE(INFER_SCHEMA(LOCATION => %(location)s, FILE_FORMAT => %(format)s))
                ORDER BY ORDER_ID
                """,
                {
                    "location": self.warehouse.objects.stage_location(file.path),
                    "format": self.warehouse.objects.names["parquet_format"],
                },
            ).rows
        except Exception as error:
            if not is_database_error(error):
                raise
            self.unreadable[file.path] = f"It cannot be read as Parquet: {error_text(error)}"
            return None
        resolved = resolve(file.column_map, [str(name) for name, _ in columns])
        types = {
            column: str(columns[place][1]).upper() for column, place in resolved.positions.items()
        }
        # The statement has bound values, so that a per cent sign in a name must be doubled.
        values = {
            column: "$1:" + quote(str(columns[place][0])).replace("%", "%%")
            for column, place in resolved.positions.items()
        }
        expressions, constants = _place_expressions(
            resolved, {column: f"{value}::VARCHAR" for column, value in values.items()}
        )
        local_time, utc_time, amount = typed_expressions(types, values)
        return Selection(
            "parquet", (*expressions, local_time, utc_time, amount, "''", "NULL"), constants
        )

    # --- copying ------------------------------------------------------------------------------

    def _copy(self, selection: Selection, files: Sequence[StagedFile]) -> None:
        try:
            outcome = self._run_copy(selection, files)
        except Exception as error:
            if not is_database_error(error):
                raise
            if len(files) == 1:
                self.unreadable[files[0].path] = f"It cannot be read: {error_text(error)}"
                return
            # A failed COPY has loaded nothing; by itself, only the bad file fails.
            for file in files:
                self._copy(selection, [file])
            return
        for row in outcome:
            if "file" in row and str(row["status"]).upper() != "LOADED":
                path = _matching_path(str(row["file"]), files)
                self.unreadable[path] = (
                    f"It cannot be read: {row['first_error']} (line {row['first_error_line']})"
                )

    def _run_copy(
        self, selection: Selection, files: Sequence[StagedFile]
    ) -> list[dict[str, object]]:
        names = self.warehouse.objects.names
        file_format = names["csv_format" if selection.kind == "csv" else "parquet_format"]
        marks = ", ".join("%s" for _ in files)
        return self.warehouse.run(
            """
            COPY INTO {input_rows} ({columns})
            FROM (
              SELECT METADATA$FILENAME, METADATA$FILE_ROW_NUMBER, {expressions} FROM @{landing} t
            )
            FILES = ({marks})
            FILE_FORMAT = (FORMAT_NAME = %s)
            ON_ERROR = SKIP_FILE
            FORCE = TRUE
            """,
            [*selection.constants, *(file.path for file in files), file_format],
            columns=", ".join(INPUT_COLUMNS),
            expressions=", ".join(selection.expressions),
            marks=marks,
        ).records()


def _place_expressions(
    resolved: ResolvedColumns, sources: Mapping[str, str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return an expression for each column of an event, and the constants that they bind."""
    expressions: list[str] = []
    constants: list[str] = []
    for column in EVENT_COLUMNS:
        if column in resolved.constants:
            expressions.append("%s")
            constants.append(resolved.constants[column])
        else:
            expressions.append(sources.get(column, "NULL"))
    return tuple(expressions), tuple(constants)


def typed_expressions(types: Mapping[str, str], values: Mapping[str, str]) -> tuple[str, str, str]:
    """Return expressions for LOCAL_TIME, UTC_TIME and AMOUNT_VALUE, "NULL" where text must do.

    A time or a float that has passed through text may have lost digits to the session's output
    formats, so those types are carried as they are.

    Args:
        types: Snowflake's type name of each event column that the source has.
        values: the SQL of its value.
    """
    time, amount = types.get("event_time", ""), types.get("amount", "")
    local_time = utc_time = number = "NULL"
    if time.startswith(_TIMES_AT_A_PLACE):
        local_time = f"{values['event_time']}::TIMESTAMP_NTZ"
    elif time.startswith(_TIMES_AT_AN_INSTANT):
        utc_time = f"CONVERT_TIMEZONE('UTC', {values['event_time']}::TIMESTAMP_TZ)::TIMESTAMP_NTZ"
    if amount.startswith(_FLOATS):
        number = f"{values['amount']}::FLOAT"
    return local_time, utc_time, number


def _escaped(path: str) -> str:
    """Return a path as a regular expression, without backslashes that literals would eat."""
    return "".join(
        character
        if re.fullmatch(r"[A-Za-z0-9_/=-]", character)
        else f"[{character}]"
        if character not in "^]\\"
        else "."
        for character in path
    )


def _matching_path(reported: str, files: Sequence[StagedFile]) -> str:
    """Return the path of the file that a COPY reports, with or without the stage before it."""
    return max(
        (
            file.path
            for file in files
            if reported == file.path or reported.endswith(f"/{file.path}")
        ),
        key=len,
    )
