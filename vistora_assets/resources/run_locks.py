"""Runs whose process is gone, told by a lock that dies with it.

What it holds: `held`, which a run's resources hold while it lives, and `release_abandoned`, which
ends the runs that nobody holds any more and gives their pool slots back. Add to it other things
that a killed run leaves in Dagster's instance. What must not go here: what it leaves in the
warehouse; each step mends that when it runs again.

A process that is killed reports nothing: its run stays STARTED, its slot in a pool stays taken, and
without this every later run and sensor would wait for it for ever. Runs on other machines have no
lock here and are left alone.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import dagster as dg

_UNFINISHED: Final = [
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def _path(root: Path, run_id: str) -> Path:
    return root / ".vistora" / "runs" / f"{run_id}.lock"


@contextmanager
def held(root: Path, run_id: str) -> Generator[None, None, None]:
    """Hold the run's lock; a run is one process (docs/adr/0002-in-process-executor.md)."""
    path = _path(root, run_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Locked before it has its name, so that nobody finds it without a holder.
    partial = path.with_suffix(f".{os.getpid()}")
    with partial.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        partial.replace(path)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _is_abandoned(root: Path, run_id: str) -> bool:
    try:
        with _path(root, run_id).open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        # Held, or not a run of this machine.
        return False
    return True


def release_abandoned(instance: dg.DagsterInstance, root: Path) -> list[str]:
    """Report runs as failed whose process is gone, and free what finished runs hold of pools.

    Returns:
        The ids of the runs that were reported.
    """
    found: list[str] = []
    for run in instance.get_runs(dg.RunsFilter(statuses=_UNFINISHED)):
        if _is_abandoned(root, run.run_id):
            instance.report_run_failed(run, "The run's process is gone: it was killed.")
            _path(root, run.run_id).unlink(missing_ok=True)
            found.append(run.run_id)
    storage = instance.event_log_storage
    if storage.supports_global_concurrency_limits:
        for run_id in storage.get_concurrency_run_ids():
            holder = instance.get_run_by_id(run_id)
            if holder is None or holder.is_finished:
                storage.free_concurrency_slots_for_run(run_id)
    return found
