"""pandas frames as tables and back: types, times as texts, reading by Arrow.

What it holds: `column_type`, `prepared`, `write_frame`, `read_frame` and the two conversions of
`store_timestamps_as_strings`. Add another kind of column here. What must not go here: Dagster, and
what publishing means (`publishing`).

Sources: dagster-snowflake-pandas 0.29 (the text of a time); fakesnow issue 399, checked by its
author on an account (a time with a zone becomes TIMESTAMP_LTZ); snowflake-connector-python 4.8
(`write_pandas` reads binary columns as text unless it infers the schema).
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, cast

from vistora_assets.identifiers import quote
from vistora_assets.io_managers.publishing import PublishError, Target, run

if TYPE_CHECKING:
    import pandas as pd

TIME_FORMAT: Final = "%Y-%m-%d %H:%M:%S.%f %z"
"""How `store_timestamps_as_strings` writes a time; without a zone it ends with the blank."""

_TIME_TEXT: Final = re.compile(r"\d{4,}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} (?:[+-]\d{4})?")
_NESTED: Final = (list, dict, tuple)
_TYPES: Final = {
    "string": "TEXT",
    "empty": "TEXT",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "time": "TIME",
    "bytes": "BINARY",
}


def column_type(column: pd.Series[Any]) -> str:
    """Return the Snowflake type for a pandas column.

    By its dtype, so that one missing value more or less never changes a table's schema; columns of
    Python objects by what they hold.

    Raises:
        PublishError: the values have no type of a table: durations, or of several kinds.
    """
    import pandas as pd

    types = pd.api.types
    if types.is_bool_dtype(column.dtype):
        return "BOOLEAN"
    if types.is_integer_dtype(column.dtype):
        return "NUMBER(38, 0)"
    if types.is_float_dtype(column.dtype):
        return "FLOAT"
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return "TIMESTAMP_LTZ"
    if types.is_datetime64_dtype(column.dtype):
        return "TIMESTAMP_NTZ"
    inferred = types.infer_dtype(column, skipna=True)
    if inferred == "decimal":
        return f"NUMBER(38, {_scale(column)})"
    if inferred == "mixed" and all(isinstance(value, _NESTED) for value in column.dropna()):
        return "VARIANT"
    if inferred not in _TYPES:
        raise PublishError(
            f"The column {column.name} holds {inferred} ({column.dtype}), which is no column of a "
            "table. Give it values of one kind: texts, numbers, booleans, dates, times, bytes, "
            "lists or mappings."
        )
    return _TYPES[inferred]


def _scale(column: pd.Series[Any]) -> int:
    found = [
        -int(exponent)
        for value in cast("list[object]", column.dropna().tolist())
        if isinstance(value, Decimal) and isinstance(exponent := value.as_tuple().exponent, int)
    ]
    return max(0, *found) if found else 0


def prepared(frame: pd.DataFrame, table: str, *, times_as_text: bool) -> pd.DataFrame:
    """Return the frame as it is written: names in upper case, plain columns, a fresh index.

    Args:
        frame: stays as it is.
        table: its table's name, for the message.
        times_as_text: whether times are written as texts (`TIME_FORMAT`).

    Raises:
        PublishError: names that differ only in case.
    """
    import pandas as pd

    upper = frame.rename(columns=lambda name: str(name).upper()).reset_index(drop=True)
    doubled = sorted(upper.columns[upper.columns.duplicated()])
    if doubled:
        raise PublishError(
            f"Columns of {table} differ only in case: {', '.join(doubled)}. Rename one of each."
        )
    for name in upper.columns:
        column = upper[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            upper[name] = column.astype(column.cat.categories.dtype)
        elif times_as_text and pd.api.types.is_datetime64_any_dtype(column.dtype):
            upper[name] = column.dt.strftime(TIME_FORMAT)
    return upper


def write_frame(connection: Any, upper: pd.DataFrame, target: Target) -> None:
    """Write a prepared frame into the target's side table, made anew."""
    from snowflake.connector.pandas_tools import write_pandas

    kinds = {str(name): column_type(upper[name]) for name in upper.columns}
    listed = ", ".join(f"{quote(name)} {kind}" for name, kind in kinds.items())
    run(connection, f"CREATE OR REPLACE TEMPORARY TABLE {target.beside} ({listed})")
    if upper.empty:
        return
    write_pandas(
        connection,
        upper,
        target.beside_name,
        database=target.database,
        schema=target.schema,
        use_logical_type=True,
        # gzip, the default, takes ten times as long, nearly all of it here.
        compression="snappy",
        infer_schema="BINARY" in kinds.values(),
    )


def read_frame(connection: Any, sql: str, *, times_as_text: bool = False) -> pd.DataFrame:
    """Return a query's rows as a pandas frame, read by Arrow, its columns in lower case.

    Args:
        connection: an open connection of the connector.
        sql: the query.
        times_as_text: turn texts that are times as this package writes them back into times.
    """
    import pandas as pd

    cursor = connection.cursor()
    try:
        cursor.execute(sql)
        frame: pd.DataFrame = cursor.fetch_pandas_all()
    finally:
        cursor.close()
    for name in frame.columns:
        column = frame[name]
        # Arrow carries whole numbers as narrow as the values of a result allow; a sum of int8
        # would overflow, and the dtype would change with the data.
        if pd.api.types.is_signed_integer_dtype(column.dtype):
            frame[name] = column.astype("int64")
        elif times_as_text and _is_time_text(column):
            frame[name] = pd.to_datetime(column.str.strip())
    return frame.rename(columns=lambda name: str(name).lower())


def _is_time_text(column: pd.Series[Any]) -> bool:
    values = column.dropna()
    return not values.empty and all(
        isinstance(value, str) and _TIME_TEXT.fullmatch(value) for value in values
    )
