"""What stands on the landing stage.

What it holds: `StagedFile`, the listing of the stage (`list_stage`), and which upload of a name
counts (`newest_uploads`).

Add to it what can be told from the listing alone. What must not go here: the contents of files
(`reading`), and what was loaded (`ledger`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

from vistora_assets.sources.mapping import ColumnMap
from vistora_assets.sources.paths import parse
from vistora_assets.sources.warehouse import Warehouse

FileKind = Literal["csv", "parquet"]

_KINDS: Mapping[str, FileKind] = {
    ".csv": "csv",
    ".csv.gz": "csv",
    ".txt": "csv",
    ".txt.gz": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
}


def kind_of(name: str) -> FileKind | None:
    """Return what a file is by the end of its name, or None if it is neither CSV nor Parquet."""
    lowered = name.lower()
    return next((kind for ending, kind in _KINDS.items() if lowered.endswith(ending)), None)


@dataclass(frozen=True, slots=True)
class StagedFile:
    """One file on the stage.

    Attributes:
        path: where it stands, without the stage.
        file_name: its logical name: as it was landed, or its path if it came by other means.
        file_hash: what identifies its content: see `LandedPath.file_hash`; `md5:<md5>:<size>` of
            the listing if it came by other means, which then holds for this name only (an
            encrypted stage gives the same content another MD5 at every upload).
        size_bytes: its size.
        last_modified: when it was uploaded, in UTC, to the second.
        column_map: how its columns are to be read.
    """

    path: str
    file_name: str
    file_hash: str
    size_bytes: int
    last_modified: datetime
    column_map: ColumnMap = field(default_factory=ColumnMap)

    @property
    def name(self) -> str:
        """Its logical name."""
        return self.file_name

    @property
    def hash(self) -> str:
        """What identifies its content."""
        return self.file_hash

    @property
    def kind(self) -> FileKind | None:
        """CSV or Parquet, by the name; None for anything else."""
        return kind_of(self.file_name)

    @property
    def holds_for_every_name(self) -> bool:
        """Whether the hash tells the same content under another name."""
        return not self.file_hash.startswith("md5:")


def list_stage(warehouse: Warehouse) -> list[StagedFile]:
    """Return every file on the landing stage, by path.

    LIST gives each name with the stage's own name before it, in lower case
    (Snowflake, "LIST", output).
    """
    listed = warehouse.run("LIST @{landing}").records()
    staged = [
        _staged(
            str(row["name"]).partition("/")[2],
            str(row["md5"] or ""),
            int(row["size"]),
            _moment(row["last_modified"]),
        )
        for row in listed
    ]
    return sorted(staged, key=lambda file: file.path)


def _staged(path: str, md5: str, size: int, modified: datetime) -> StagedFile:
    landed = parse(path)
    if landed is None:
        return StagedFile(path, path, f"md5:{md5}:{size}", size, modified)
    return StagedFile(path, landed.file_name, landed.file_hash, size, modified, landed.column_map)


def _moment(value: object) -> datetime:
    """Return LIST's `last_modified`, a text such as `Mon, 23 Nov 2026 09:48:00 GMT`."""
    moment = value if isinstance(value, datetime) else parsedate_to_datetime(str(value))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def newest_uploads(
    staged: Iterable[StagedFile], sequences: Mapping[tuple[str, str], int]
) -> dict[str, StagedFile]:
    """Return, for each logical name, the upload that counts: the newest.

    The listing's times are whole seconds. Of uploads within one second, one that was never
    loaded is newer than one that was, then the later loaded, then the greater hash: arbitrary,
    but the same every time.

    Args:
        staged: the files on the stage.
        sequences: the last load of each (file name, hash).
    """
    newest: dict[str, tuple[tuple[datetime, float, str], StagedFile]] = {}
    for file in staged:
        loaded = sequences.get((file.file_name, file.file_hash))
        rank = (
            file.last_modified,
            float("inf") if loaded is None else float(loaded),
            file.file_hash,
        )
        if file.file_name not in newest or newest[file.file_name][0] < rank:
            newest[file.file_name] = (rank, file)
    return {name: file for name, (_, file) in sorted(newest.items())}
