"""Which files a load reads: decided from the stage's listing and the ledger alone.

What it holds: `plan_load` and its result. Pure: no connection, no clock.

Add to it rules on which content of which file counts. What must not go here: rows; a row's fate
is `judge_rows.sql`'s.

The rules: of a name the newest upload counts. The same content again, under any name, is known.
Other content under a known name replaces it. Rows of another file may have been known, or
rejected as conflicts, only because of what is replaced: such files are read again in the same
load.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from vistora_assets.sources.ledger import Ledger, LedgerEntry
from vistora_assets.sources.stage import StagedFile, newest_uploads

Purpose = Literal["new", "replace", "accept", "again", "duplicate"]
"""Why a file is read. `duplicate`: it replaces its old content by what another file holds."""


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file to read; `place` orders the files of a load, from 0."""

    file: StagedFile
    purpose: Purpose
    place: int


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file that is not read: its content is that of `holder`, loaded, blocked or in this load."""

    file: StagedFile
    holder: str


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """What a load does.

    Attributes:
        reads: files to read, in order.
        known: files whose content is known.
        withdrawn: names whose blocked upload no longer counts: an older or other one does.
        refused: replacements that cannot be made, by file, with the reason.
    """

    reads: tuple[PlannedFile, ...]
    known: tuple[KnownFile, ...]
    withdrawn: tuple[str, ...]
    refused: Mapping[StagedFile, str]

    def pending(self) -> list[StagedFile]:
        """The files that a load would do something about, by name."""
        waiting = {planned.file for planned in self.reads if planned.purpose != "again"}
        waiting |= {known.file for known in self.known if known.file.file_name in self.withdrawn}
        waiting |= set(self.refused)
        return sorted(waiting, key=lambda file: file.file_name)


def plan_load(
    staged: Iterable[StagedFile],
    ledger: Ledger,
    *,
    only: Collection[str] | None = None,
    accept: str | None = None,
    blocked: Collection[str] = (),
) -> LoadPlan:
    """Return which files to read.

    Args:
        staged: the files on the stage.
        ledger: what was loaded so far.
        only: consider these names alone.
        accept: the name whose blocked upload is to be loaded.
        blocked: names whose new content was read in this load and will not be published, so
            that what they were to replace stays.
    """
    files = list(staged)
    loaded, blocked_before = ledger.current("LOADED"), ledger.current("BLOCKED")
    newest = {
        name: file
        for name, file in newest_uploads(files, ledger.sequences()).items()
        if only is None or name in only
    }
    changed: dict[str, StagedFile] = {}
    known: list[KnownFile] = []
    withdrawn: list[str] = []
    for name, file in newest.items():
        before, refused_before = loaded.get(name), blocked_before.get(name)
        if name == accept:
            changed[name] = file
        elif before is not None and before.file_hash == file.file_hash:
            known.append(KnownFile(file, name))
            if refused_before is not None:
                withdrawn.append(name)
        elif refused_before is not None and refused_before.file_hash == file.file_hash:
            known.append(KnownFile(file, name))
        else:
            changed[name] = file

    publishing = {name: file for name, file in changed.items() if name not in blocked}
    replaced = {name for name in publishing if name in loaded}
    again, missing = _read_again(files, loaded, publishing) if replaced else ([], [])
    if missing:
        rest = plan_load(files, ledger, only=only, accept=accept, blocked={*blocked, *replaced})
        lost = ", ".join(repr(entry.file_name) for entry in missing)
        reason = (
            f"Replacing this file's older content may change what was read from {lost}, which the "
            "stage no longer holds as it was loaded. Land it again, then accept this file."
        )
        return LoadPlan(
            rest.reads,
            rest.known,
            rest.withdrawn,
            {**rest.refused, **{publishing[name]: reason for name in replaced}},
        )

    places = ledger.places()
    ordered = sorted(
        publishing.values(),
        key=lambda file: (places.get(file.file_name, ledger.counter + 1), file.file_name),
    )
    holders = {
        entry.file_hash: name
        for entries in (blocked_before, loaded)
        for name, entry in entries.items()
        if name not in publishing
    }
    purposes: dict[StagedFile, Purpose] = dict.fromkeys(again, "again")
    for file in ordered:
        name = file.file_name
        holder = holders.get(file.file_hash) if file.holds_for_every_name else None
        if holder is not None and name in replaced and holder not in blocked_before:
            purposes[file] = "duplicate"
        elif holder is not None and name not in replaced:
            known.append(KnownFile(file, holder))
            if name in blocked_before:
                withdrawn.append(name)
        else:
            purposes[file] = (
                "accept" if name == accept else "replace" if name in replaced else "new"
            )
            holders[file.file_hash] = name
    in_order = sorted(
        purposes, key=lambda file: (places.get(file.file_name, ledger.counter + 1), file.file_name)
    )
    return LoadPlan(
        tuple(PlannedFile(file, purposes[file], place) for place, file in enumerate(in_order)),
        tuple(sorted(known, key=lambda entry: entry.file.file_name)),
        tuple(withdrawn),
        {},
    )


def _read_again(
    files: Iterable[StagedFile],
    loaded: Mapping[str, LedgerEntry],
    publishing: Mapping[str, StagedFile],
) -> tuple[list[StagedFile], list[LedgerEntry]]:
    """Return loaded files that depended on others: those on the stage, and those gone from it."""
    by_content = {(file.file_name, file.file_hash): file for file in files}
    again: list[StagedFile] = []
    missing: list[LedgerEntry] = []
    for name, entry in sorted(loaded.items()):
        if name in publishing or not (entry.rows_known or entry.has_conflicts):
            continue
        file = by_content.get((name, entry.file_hash))
        if file is None:
            missing.append(entry)
        else:
            again.append(file)
    return again, missing
