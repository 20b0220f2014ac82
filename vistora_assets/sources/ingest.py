"""Files from the landing stage into the tables: exactly once, whatever dies.

What it holds: `pending`, `ingest` and `accept`.

Add to it steps of a load of files. What must not go here: SQL of rows (`type_rows.sql`,
`judge_rows.sql`), tables as sources (`table_source`).

A load: look (ledger, stage), plan, read the files into temporary tables, judge, block the files
that have too many bad rows, judge again without them, and publish in one transaction that fails
if anything was loaded since the look. Until that transaction commits nothing has changed, and
after it nothing is pending.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from vistora_assets.sources.errors import SourceError
from vistora_assets.sources.ledger import Ledger, LedgerEntry, read_ledger
from vistora_assets.sources.objects import Objects, statements
from vistora_assets.sources.planning import LoadPlan, PlannedFile, plan_load
from vistora_assets.sources.publishing import (
    Counts,
    InputFile,
    judge,
    publish,
    touched_times,
)
from vistora_assets.sources.reading import Reader
from vistora_assets.sources.reports import (
    FileReport,
    IngestReport,
    entry_of,
    repeated,
    report_of,
    too_many_rejected,
)
from vistora_assets.sources.stage import StagedFile, list_stage
from vistora_assets.sources.typing_rules import IngestOptions, type_rows
from vistora_assets.sources.warehouse import Connection, Warehouse


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
    return repeated(_Load(Warehouse(connection, objects), options, only=files).run)


def accept(
    connection: Connection, objects: Objects, options: IngestOptions, file_name: str
) -> IngestReport:
    """Load a blocked file in spite of the share of its rows that are rejected.

    Raises:
        SourceError: no such file is blocked, it is gone from the stage or not its newest
            upload, or it cannot be read at all.
    """
    load = _Load(Warehouse(connection, objects), options, only={file_name}, accepted=file_name)
    return repeated(load.run)


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
        reports = tuple(
            report_of(entry, is_read_again=entry.file_name in again) for entry in entries
        )
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
            counts,
            self.options,
            [f"row {row}: {why}" for row, why in examples],
            remedy="Mend the file and land it again, or accept it by name.",
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
    return [
        entry_of(
            ledger.counter + 1,
            name,
            hashes[name],
            counts.get(name, Counts()),
            touched_from=touched.get(name),
            reason=blocked.get(name),
        )
        for name in (*published, *sorted(blocked))
    ]


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
