"""Files onto the landing stage, under a path that says name, content and map.

What it holds: `land`. Add to it checks that spare a person a blocked file. What must not go here:
reading of rows; a file that was put by other means is judged when it is loaded.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from vistora_assets.sources.errors import LandingError
from vistora_assets.sources.mapping import ColumnMap, resolve
from vistora_assets.sources.objects import Objects
from vistora_assets.sources.paths import LandedPath, escape
from vistora_assets.sources.stage import kind_of
from vistora_assets.sources.warehouse import Connection, Warehouse

_BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class LandedFile:
    """A file on the landing stage.

    Attributes:
        name: its logical name.
        hash: what identifies its content as it is read.
        size: its bytes.
        already_staged: whether the same content with the same map stood there before.
    """

    name: str
    hash: str
    size: int
    already_staged: bool


def land(
    connection: Connection,
    objects: Objects,
    path: Path,
    column_map: ColumnMap,
    logical_name: str | None = None,
) -> LandedFile:
    """Put a file on the landing stage.

    Args:
        connection: an open connection.
        objects: names of the stage and tables; they must exist.
        path: a CSV file with a header (.csv, .csv.gz) or a Parquet file (.parquet).
        column_map: how its columns are to be read.
        logical_name: what it is called in the warehouse; its own name by default. The same name
            again with other content replaces the earlier rows.

    Raises:
        LandingError: it is no file, not of a kind that is read, or has no header.
        MappingError: a required column is missing; the message shows the header.
    """
    if not path.is_file():
        raise LandingError(f"{path} is no file.")
    name = logical_name or path.name
    if kind_of(name) is None:
        raise LandingError(
            f"{name!r} ends in neither .csv, .csv.gz nor .parquet: only those are read."
        )
    resolve(column_map, _header(path, name))
    landed = LandedPath(name, _sha256(path), column_map)
    warehouse = Warehouse(connection, objects)
    location = objects.stage_location(landed.directory)
    staged = bool(warehouse.run(f"LIST '{location}/'").rows)
    if not staged:
        with tempfile.TemporaryDirectory() as folder:
            # The name on the stage is the name of what is put: a link with that name.
            link = Path(folder) / escape(name)
            link.symlink_to(path.resolve())
            source = str(link).replace("\\", "/").replace("'", "\\'")
            warehouse.run(
                f"PUT 'file://{source}' '{location}' AUTO_COMPRESS = FALSE OVERWRITE = FALSE"
            )
    return LandedFile(name, landed.file_hash, path.stat().st_size, staged)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _header(path: Path, name: str) -> Sequence[str]:
    """Return the names of the columns: the only part of the file that is read here."""
    if kind_of(name) == "parquet":
        import pyarrow as pa
        from pyarrow import parquet

        try:
            return list(parquet.read_schema(path).names)
        except (pa.ArrowInvalid, OSError) as error:
            raise LandingError(f"{path} cannot be read as Parquet: {error}") from error
    try:
        with path.open("rb") as stored:
            raw = cast(
                "IO[bytes]",
                gzip.GzipFile(fileobj=stored) if name.lower().endswith(".gz") else stored,
            )
            text = io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")
            header = next(csv.reader(text), None)
    except (UnicodeDecodeError, csv.Error, gzip.BadGzipFile, EOFError) as error:
        raise LandingError(f"{path} cannot be read as CSV in UTF-8: {error}") from error
    if not header:
        raise LandingError(f"{path} is empty: a CSV file begins with a header.")
    return header
