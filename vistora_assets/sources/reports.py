"""What a load leaves behind, of files and of tables alike: its report, its ledger rows, its retries.

What it holds: `FileReport`, `IngestReport`, the making of both from counts, and `repeated`. Add to
it what both kinds of source say about a load. What must not go here: reading and judging of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from vistora_assets.sources.errors import LoadRaceError
from vistora_assets.sources.ledger import LedgerEntry
from vistora_assets.sources.publishing import Counts, OvertakenError
from vistora_assets.sources.typing_rules import IngestOptions

_ATTEMPTS: Final = 5

Outcome = Literal["LOADED", "BLOCKED", "KNOWN"]


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file, or of one batch of a table.

    Attributes:
        file_name: its logical name, or the table's.
        file_hash: its content.
        outcome: LOADED or BLOCKED by this ingest, or KNOWN before it.
        rows_read: its rows, without the header.
        rows_accepted: rows that became events.
        rows_rejected: rows that were rejected; see `REJECTED_EVENTS`.
        rows_known: rows whose event was there before.
        touched_from: the earliest time of an event that was added or removed, naive UTC.
        reason: why it is blocked.
        is_read_again: it was loaded before and only read again for the sake of another file.
    """

    file_name: str
    file_hash: str
    outcome: Outcome
    rows_read: int = 0
    rows_accepted: int = 0
    rows_rejected: int = 0
    rows_known: int = 0
    touched_from: datetime | None = None
    reason: str | None = None
    is_read_again: bool = False

    @property
    def rows_withheld(self) -> int:
        """Good rows of a blocked file, which wait for its mending or acceptance."""
        return self.rows_read - self.rows_accepted - self.rows_rejected - self.rows_known


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest did; `load_sequence` is None where it had nothing to write.

    The totals leave out files that were only read again.
    """

    load_sequence: int | None
    files: tuple[FileReport, ...]

    def _total(self, field_name: str) -> int:
        return sum(getattr(file, field_name) for file in self.files if not file.is_read_again)

    @property
    def rows_read(self) -> int:
        """Rows of all files, without headers."""
        return self._total("rows_read")

    @property
    def rows_accepted(self) -> int:
        """Rows that became events."""
        return self._total("rows_accepted")

    @property
    def rows_rejected(self) -> int:
        """Rows that were rejected."""
        return self._total("rows_rejected")

    @property
    def rows_known(self) -> int:
        """Rows whose event was there before."""
        return self._total("rows_known")

    @property
    def rows_withheld(self) -> int:
        """Good rows of blocked files."""
        return self._total("rows_withheld")

    @property
    def touched_from(self) -> datetime | None:
        """The earliest time of an event that was added or removed, naive UTC."""
        return min((file.touched_from for file in self.files if file.touched_from), default=None)

    @property
    def blocked(self) -> tuple[FileReport, ...]:
        """The files that are blocked: by this ingest, or known to be."""
        return tuple(file for file in self.files if file.reason is not None)


def repeated(load: Callable[[], IngestReport]) -> IngestReport:
    """Run a load, from its look at the ledger on, until no other commits in between.

    Raises:
        LoadRaceError: others kept coming first.
    """
    for _ in range(_ATTEMPTS):
        try:
            return load()
        except OvertakenError:
            continue
    raise LoadRaceError(
        f"Other loads committed first {_ATTEMPTS} times in a row; nothing was written. Try again."
    )


def entry_of(
    sequence: int,
    name: str,
    file_hash: str,
    counts: Counts,
    *,
    touched_from: datetime | None,
    reason: str | None,
) -> LedgerEntry:
    """Return the ledger's row of a file or batch: BLOCKED where there is a reason, else LOADED."""
    return LedgerEntry(
        sequence,
        name,
        file_hash,
        "LOADED" if reason is None else "BLOCKED",
        counts.rows_read,
        counts.rows_accepted,
        counts.rows_rejected,
        counts.rows_known,
        touched_from,
        counts.first_event_time,
        counts.last_event_time,
        reason,
    )


def report_of(entry: LedgerEntry, *, is_read_again: bool = False) -> FileReport:
    """Return the report of an entry that this ingest wrote, or that still is blocked."""
    return FileReport(
        entry.file_name,
        entry.file_hash,
        "BLOCKED" if entry.state == "BLOCKED" else "LOADED",
        entry.rows_read,
        entry.rows_accepted,
        entry.rows_rejected,
        entry.rows_known,
        entry.touched_from,
        entry.reason,
        is_read_again=is_read_again,
    )


def too_many_rejected(
    counts: Counts, options: IngestOptions, examples: Sequence[str], *, remedy: str
) -> str:
    """Return the sentence for a file or batch with more bad rows than the share allows."""
    more = ", ..." if counts.rows_rejected > len(examples) else ""
    return (
        f"{counts.rows_rejected} of its {counts.rows_read} rows were rejected "
        f"({counts.rejected_share:.1%}), more than the {options.rejected_share:.1%} allowed "
        f"({' | '.join(examples)}{more}). {remedy}"
    )
