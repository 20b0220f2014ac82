"""Files from the landing stage into the tables: exactly once, whatever dies.

What it holds: `pending`, `ingest`, `accept` and their report.

Add to it steps of a load of files. What must not go here: SQL of rows (`type_rows.sql`,
`judge_rows.sql`), tables as sources (`table_source`).

A load: look (ledger, stage), plan, read the files into temporary tables, judge, block the files
that have too many bad rows, judge again without them, and publish in one transaction that fails
if anything was loaded since the look. Until that transaction commits nothing has changed, and
after it nothing is pending.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from vistora_assets.sources.errors import LoadRaceError, SourceError
from vistora_assets.sources.ledger import FileState, Ledger, LedgerEntry, read_ledger
from vistora_assets.sources.objects import Objects, statements
from vistora_assets.sources.planning import LoadPlan, PlannedFile, plan_load
from vistora_assets.sources.publishing import (
    Counts,
    InputFile,
    OvertakenError,
    judge,
    publish,
    touched_times,
)
from vistora_assets.sources.reading import Reader
from vistora_assets.sources.stage import StagedFile, list_stage
from vistora_assets.sources.typing_rules import IngestOptions, type_rows
from vistora_assets.sources.warehouse import Connection, Warehouse

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


def pending(connection: Connection, objects: Objects) -> list[StagedFile]:
    """Return the files on the stage that an ingest would do something about, by name."""
    warehouse = Warehouse(connection, objects)
    ledger = read_ledger(warehouse)
    return plan_load(list_stage(warehouse), ledger).pending()


def ingest(
    connection: Connection,
    objects: Objects,
    options: IngestOptions,
    files: Collection[str] | None = None,
) -> IngestReport:
    """Load what is pending on the stage.

    Args:
        connection: an open connection, in no transaction.
        objects: names of the stage and tables; they must exist (`ensure_objects`).
        options: how input is read.
        files: load these logical names alone, and report them even if they are known.

    Raises:
        SourceError: a name in `files` is not on the stage.
        LoadRaceError: other loads kept coming first.
        InvariantError: the load was rolled back.
    """
    return _attempt(_Load(Warehouse(connection, objects), options, only=files))


def accept(
    connection: Connection, objects: Objects, options: IngestOptions, file_name: str
) -> IngestReport:
    """Load a blocked file in spite of the share of its rows that are rejected.

    Raises:
        SourceError: no such file is blocked, it is gone from the stage or not its newest
            upload, or it cannot be read at all.
    """
    return _attempt(
        _Load(Warehouse(connection, objects), options, only={file_name}, accepted=file_name)
    )


def _attempt(load: _Load) -> IngestReport:
    for _ in range(_ATTEMPTS):
        try:
            return load.run()
        except OvertakenError:
            continue
    raise LoadRaceError(
        f"Other loads committed first {_ATTEMPTS} times in a row; nothing was written. Try again."
    )


class _Load:
    """One load, from the look to the transaction; it may be run again from the start."""

    def __init__(
        self,
        warehouse: Warehouse,
        options: IngestOptions,
        *,
        only: Collection[str] | None = None,
        accepted: str | None = None,
    ) -> None:
        self.warehouse = warehouse
        self.options = options
        self.only = None if only is None else frozenset(only)
        self.accepted = accepted

    def run(self) -> IngestReport:
        ledger = read_ledger(self.warehouse)
        staged = list_stage(self.warehouse)
        self._require_names(staged, ledger)
        plan = self._plan(staged, ledger, {})
        if not plan.reads and not plan.withdrawn and not plan.refused:
            return IngestReport(None, self._known(plan, ledger, {}))
        reader = Reader(self.warehouse)
        reader.start()
        blocked: dict[str, str] = {}
        candidates: dict[str, PlannedFile] = {}
        refused: dict[str, str] = {}
        while True:
            plan = self._plan(staged, ledger, blocked)
            candidates.update((planned.file.file_name, planned) for planned in plan.reads)
            if reader.read(planned.file for planned in plan.reads):
                self._type_rows()
            inputs = _inputs(plan, candidates, blocked, reader)
            counts = judge(self.warehouse, inputs)
            refused.update((file.file_name, file.file_hash) for file in plan.refused)
            newly_blocked = self._newly_blocked(plan, reader, counts)
            if not newly_blocked:
                break
            blocked.update(newly_blocked)
        entries = _entries(
            ledger, inputs, candidates, counts, blocked, refused, touched_times(self.warehouse)
        )
        publish(
            self.warehouse,
            counter=ledger.counter,
            entries=entries,
            retired=_retired(ledger, entries, plan.withdrawn),
        )
        again = {plan.file.file_name for plan in plan.reads if plan.purpose == "again"}
        reports = tuple(_report(entry, is_read_again=entry.file_name in again) for entry in entries)
        known = self._known(plan, ledger, {entry.file_name: entry for entry in entries})
        return IngestReport(
            ledger.counter + 1, tuple(sorted((*reports, *known), key=lambda file: file.file_name))
        )

    def _plan(
        self, staged: Sequence[StagedFile], ledger: Ledger, blocked: Collection[str]
    ) -> LoadPlan:
        return plan_load(staged, ledger, only=self.only, accept=self.accepted, blocked=blocked)

    def _known(
        self, plan: LoadPlan, ledger: Ledger, written: Mapping[str, LedgerEntry]
    ) -> tuple[FileReport, ...]:
        """Report known files only where they were asked for by name."""
        return () if self.only is None else _known_reports(plan, ledger, written)

    def _require_names(self, staged: Iterable[StagedFile], ledger: Ledger) -> None:
        present = list(staged)
        missing = sorted((self.only or frozenset()) - {file.file_name for file in present})
        if missing:
            raise SourceError(
                f"{', '.join(map(repr, missing))}: no such file on the landing stage; land it, "
                "or look at the names that it has."
            )
        if self.accepted is None:
            return
        entry = ledger.current("BLOCKED").get(self.accepted)
        if entry is None:
            raise SourceError(f"{self.accepted!r} is not blocked, so there is nothing to accept.")
        newest = plan_load(present, ledger, only={self.accepted}, accept=self.accepted)
        hashes = {planned.file.file_hash for planned in newest.reads} | {
            file.file_hash for file in newest.refused
        }
        if entry.file_hash not in hashes:
            raise SourceError(
                f"The blocked content of {self.accepted!r} is no longer its newest upload; "
                "ingest what was uploaded since, or land the blocked file again."
            )

    def _type_rows(self) -> None:
        (statement,) = statements("type_rows.sql")
        type_rows(self.warehouse, statement, self.options, event_id_required=False)

    def _newly_blocked(
        self, plan: LoadPlan, reader: Reader, counts: Mapping[str, Counts]
    ) -> dict[str, str]:
        """Return the files to block now, with the reason.

        Whether a file has too many bad rows of its own is certain at once. Conflicts depend on
        the files before it: of files blocked by those, the first is certain, and the rest are
        judged again without it.
        """
        newly: dict[str, str] = {
            planned.file.file_name: reader.unreadable[planned.file.path]
            for planned in plan.reads
            if planned.file.path in reader.unreadable
        }
        newly.update((file.file_name, reason) for file, reason in plan.refused.items())
        unreadable_again = [
            planned.file.file_name
            for planned in plan.reads
            if planned.file.file_name in newly and planned.purpose == "again"
        ]
        if self.accepted in newly or unreadable_again:
            name = self.accepted if self.accepted in newly else unreadable_again[0]
            raise SourceError(f"{name!r} cannot be loaded: {newly[str(name)]}")
        excessive: list[tuple[str, bool]] = []
        for planned in plan.reads:
            name = planned.file.file_name
            judged = counts.get(name, Counts())
            if planned.purpose in ("again", "accept", "duplicate") or name in newly:
                continue
            if judged.rejected_share > self.options.rejected_share:
                own = (judged.rows_rejected - judged.rows_conflicting) / judged.rows_read
                excessive.append((name, own > self.options.rejected_share))
        certain = [name for name, is_certain in excessive if is_certain]
        if excessive and not certain:
            certain = [excessive[0][0]]
        for name in certain:
            newly[name] = self._too_many(name, counts[name])
        return newly

    def _too_many(self, name: str, counts: Counts) -> str:
        examples = self.warehouse.run(
            """
            SELECT SOURCE_ROW, REASONS FROM {judged_rows}
            WHERE FILE_NAME = %s AND VERDICT IN ('rejected', 'conflict')
            ORDER BY SOURCE_ROW LIMIT 3
            """,
            [name],
        ).rows
        return too_many_rejected(
            counts, self.options, [f"row {row}: {why}" for row, why in examples]
        )


def too_many_rejected(counts: Counts, options: IngestOptions, examples: Sequence[str]) -> str:
    """Return the sentence for a file or batch with more bad rows than the share allows."""
    more = ", ..." if counts.rows_rejected > len(examples) else ""
    return (
        f"{counts.rows_rejected} of its {counts.rows_read} rows were rejected "
        f"({counts.rejected_share:.1%}), more than the {options.rejected_share:.1%} allowed "
        f"({' | '.join(examples)}{more}). Mend the file and land it again, or accept it by name."
    )


def _inputs(
    plan: LoadPlan,
    candidates: Mapping[str, PlannedFile],
    blocked: Mapping[str, str],
    reader: Reader,
) -> list[InputFile]:
    """Return the files as they are judged: the plan's, and the blocked ones that were read."""
    published = [
        InputFile(
            planned.file.path,
            planned.file.file_name,
            planned.file.file_hash,
            planned.place,
            is_duplicate=planned.purpose == "duplicate",
        )
        for planned in plan.reads
        if planned.file.path not in reader.unreadable
    ]
    withheld = [
        InputFile(
            planned.file.path,
            name,
            planned.file.file_hash,
            len(plan.reads) + number,
            is_published=False,
            is_replacing=False,
        )
        for number, (name, planned) in enumerate(sorted(candidates.items()))
        if name in blocked and planned.file.path not in reader.unreadable
    ]
    return [*published, *withheld]


def _entries(
    ledger: Ledger,
    inputs: Sequence[InputFile],
    candidates: Mapping[str, PlannedFile],
    counts: Mapping[str, Counts],
    blocked: Mapping[str, str],
    refused: Mapping[str, str],
    touched: Mapping[str, datetime],
) -> list[LedgerEntry]:
    """Return the ledger's new rows, in the order of the load."""
    hashes = {name: planned.file.file_hash for name, planned in candidates.items()}
    hashes.update(refused)
    published = [file.file_name for file in inputs if file.is_published]
    entries: list[LedgerEntry] = []
    for name in (*published, *sorted(blocked)):
        state: FileState = "BLOCKED" if name in blocked else "LOADED"
        count = counts.get(name, Counts())
        entries.append(
            LedgerEntry(
                ledger.counter + 1,
                name,
                hashes[name],
                state,
                count.rows_read,
                count.rows_accepted,
                count.rows_rejected,
                count.rows_known,
                touched.get(name),
                count.first_event_time,
                count.last_event_time,
                blocked.get(name),
            )
        )
    return entries


def _retired(
    ledger: Ledger, entries: Iterable[LedgerEntry], withdrawn: Collection[str]
) -> list[LedgerEntry]:
    """Return the ledger's rows that the new ones, or an older upload's return, put out of force."""
    loaded = {entry.file_name for entry in entries if entry.state == "LOADED"}
    anew = {entry.file_name for entry in entries} | set(withdrawn)
    return [
        entry
        for entry in ledger.entries
        if not entry.is_table
        and (
            (entry.state == "LOADED" and entry.file_name in loaded)
            or (entry.state == "BLOCKED" and entry.file_name in anew)
        )
    ]


def _report(entry: LedgerEntry, *, is_read_again: bool = False) -> FileReport:
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


def _known_reports(
    plan: LoadPlan, ledger: Ledger, written: Mapping[str, LedgerEntry]
) -> tuple[FileReport, ...]:
    """Return a report for each known file, with the counts of the file that holds its content.

    Of a known loaded file every row is known, the rejected ones too; a known blocked one still
    is blocked, with the counts that it had.
    """
    loaded, blocked = ledger.current("LOADED"), ledger.current("BLOCKED")
    reports: list[FileReport] = []
    for known in plan.known:
        name, file_hash = known.file.file_name, known.file.file_hash
        entries = (written.get(known.holder), loaded.get(known.holder), blocked.get(known.holder))
        entry = next((one for one in entries if one and one.file_hash == file_hash), None)
        if entry is None:
            continue
        is_blocked = entry.state == "BLOCKED"
        reports.append(
            FileReport(
                name,
                file_hash,
                "KNOWN",
                entry.rows_read,
                rows_rejected=entry.rows_rejected if is_blocked else 0,
                rows_known=entry.rows_known if is_blocked else entry.rows_read,
                reason=entry.reason,
            )
        )
    return tuple(reports)
