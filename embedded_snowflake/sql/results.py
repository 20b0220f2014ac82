"""How rows travel to Snowflake's clients: Arrow in the form that the connector reads."""

from __future__ import annotations

from base64 import b64encode
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from fakesnow.arrow import to_ipc, to_sf
from fakesnow.rowtype import ColumnInfo, describe_as_rowtype

from embedded_snowflake import errors
from embedded_snowflake.sql.canonical_json import shown
from embedded_snowflake.sql.patches import timestamps


@dataclass
class Result:
    """Rows with Snowflake's column types, or (`raw`) a ready answer for PUT and GET."""

    columns: list[tuple[str, str]]
    data: list[tuple[Any, ...]]
    raw: dict[str, Any] | None = None

    @classmethod
    def status(cls, text: str = "Statement executed successfully.") -> Result:
        """The one row and column that most statements answer."""
        return cls([("status", "VARCHAR")], [(text,)])

    @classmethod
    def rows(cls, columns: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> Result:
        """Rows with named columns."""
        return cls(list(columns.items()), [tuple(row) for row in rows])

    def terse(self) -> Result:
        """The five columns that SHOW TERSE answers; one that this SHOW does not have is NULL."""
        names = [name for name, _ in self.columns]
        places = [names.index(name) if name in names else None for name in _TERSE]
        rows = [[None if one is None else row[one] for one in places] for row in self.data]
        return self.rows(_TERSE, rows)


_TERSE = {
    "created_on": "TIMESTAMP_LTZ",
    **dict.fromkeys(("name", "kind", "database_name", "schema_name"), "VARCHAR"),
}
_ARROW: dict[str, tuple[Any, str]] = {
    "VARCHAR": (pa.string(), "VARCHAR"),
    "NUMBER": (pa.int64(), "BIGINT"),
    "DOUBLE": (pa.float64(), "DOUBLE"),
    "BOOLEAN": (pa.bool_(), "BOOLEAN"),
    "TIMESTAMP_NTZ": (pa.timestamp("us"), "TIMESTAMP"),
    "TIMESTAMP_LTZ": (pa.timestamp("us", tz="UTC"), "TIMESTAMP WITH TIME ZONE"),
    "VARIANT": (pa.string(), "JSON"),
}
CACHE_BYTES = 64 * 1024 * 1024


class ResultCache(OrderedDict[str, tuple[Any, ...]]):
    """Earlier results for RESULT_SCAN, bounded by bytes: fakesnow keeps every one for ever."""

    def __init__(self) -> None:
        super().__init__()
        self._bytes = 0

    def __setitem__(self, key: str, value: tuple[Any, ...]) -> None:
        self.pop(key, None)
        super().__setitem__(key, value)
        self._bytes += _size(value)
        while self._bytes > CACHE_BYTES and len(self) > 1:
            _, dropped = self.popitem(last=False)
            self._bytes -= _size(dropped)

    def pop(self, key: str, default: Any = None) -> Any:
        """Forget a result, of which there may be none."""
        found = super().pop(key, default)
        self._bytes -= _size(found or ())
        return found


def _size(value: tuple[Any, ...]) -> int:
    return int(value[0].nbytes) if value and value[0] is not None else 0


def to_arrow(result: Result) -> pa.Table:
    """A handler's rows as an Arrow table."""
    columns = [
        pa.array([row[place] for row in result.data], _ARROW[kind][0])
        for place, (_, kind) in enumerate(result.columns)
    ]
    return pa.Table.from_arrays(columns, names=[name for name, _ in result.columns])


def rowtype_of(result: Result) -> list[ColumnInfo]:
    """The description of a handler's rows."""
    return describe_as_rowtype(
        [(name, _ARROW[kind][1], None, None, None, None) for name, kind in result.columns]
    )


def described(columns: list[Any]) -> list[ColumnInfo]:
    """The description of columns as DuckDB's DESCRIBE gives them.

    Raises:
        SnowflakeError: 000002 where a column is a list or a structure, which no client reads.
    """
    try:
        return describe_as_rowtype(columns)
    except NotImplementedError as cause:
        kind = str(cause).removeprefix("for column type ")
        raise errors.unsupported(f"a column of {kind}: select TO_VARIANT of it") from None


def _narrowed(table: pa.Table) -> pa.Table:
    """Numbers as Snowflake sends them: 64-bit integers and a scale, where every value fits.

    So pandas sees int64 and float64 columns; from decimals it would make objects.
    """
    for place, field in enumerate(table.schema):
        if not pa.types.is_decimal128(field.type):
            continue
        column = table.column(place).combine_chunks()
        arrays = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
        narrow = [_unscaled(one) for one in arrays]
        if all(one is not None for one in narrow):
            made = pa.chunked_array([one for one in narrow if one is not None], pa.int64())
            table = table.set_column(place, pa.field(field.name, pa.int64()), made)
    return table


def _unscaled(values: pa.Array) -> pa.Array | None:
    """The integers that a decimal column stores; None where one needs more than 64 bits."""
    missing = values.is_null().to_numpy(zero_copy_only=False)
    words = np.frombuffer(values.buffers()[1] or b"", np.int64).reshape(-1, 2)
    words = words[values.offset : values.offset + len(values)]
    low, high = words[:, 0], words[:, 1]
    if not np.all(missing | (high == (low >> 63))):
        return None
    return pa.array(low, pa.int64(), mask=missing)


def arrow_rows(table: pa.Table, rowtype: list[ColumnInfo]) -> bytes:
    """The rows as an Arrow stream in base 64, as an answer carries them.

    Of no rows it is empty, as Snowflake's: from a stream without a batch clients make no frame.
    """
    if table.num_rows == 0:
        return b""
    table = _shown(_with_offsets(_narrowed(table), rowtype), rowtype)
    return b64encode(to_ipc(to_sf(table, rowtype)))


def _shown(table: pa.Table, rowtype: list[ColumnInfo]) -> pa.Table:
    for place, column in enumerate(rowtype):
        if column["type"] not in {"variant", "object", "array"}:
            continue
        texts = [None if one is None else shown(one) for one in table.column(place).to_pylist()]
        table = table.set_column(place, table.field(place).name, pa.array(texts, pa.string()))
    return table


UTC = 1440
"""Minutes by which Snowflake says the offset +00:00: from -24 hours on."""


def _with_offsets(table: pa.Table, rowtype: list[ColumnInfo]) -> pa.Table:
    """A TIMESTAMP_TZ is sent with its offset, which is +00:00 here."""
    for place, column in enumerate(rowtype):
        if column["type"] != "timestamp_tz" or not pa.types.is_timestamp(table.field(place).type):
            continue
        moments = timestamps(table.column(place))
        offsets = pa.array(np.full(len(moments), UTC, np.int32))
        made = pa.StructArray.from_arrays(
            [*moments.flatten(), offsets],
            fields=[*moments.type, pa.field("timezone", pa.int32(), nullable=False)],
            mask=moments.is_null(),
        )
        table = table.set_column(place, table.field(place).name, made)
    return table


def json_body(table: pa.Table) -> dict[str, Any]:
    """The part of an answer to DML that carries its counts, which the connector reads as texts."""
    rows = zip(*[column.to_pylist() for column in table.columns], strict=True)
    return {
        "queryResultFormat": "json",
        "rowset": [[None if value is None else str(value) for value in row] for row in rows],
    }
