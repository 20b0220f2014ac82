"""A run whose process was killed is ended; one that lives, or is elsewhere, is left alone."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from vistora_assets.resources.run_locks import held, release_abandoned

POOL = "writers"


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """An instance on disk, whose pools let one step in."""
    overrides = {"concurrency": {"pools": {"default_limit": 1}}, "telemetry": {"enabled": False}}
    with dg.instance_for_test(overrides=overrides, temp_dir=str(tmp_path)) as made:
        yield made


def started(instance: dg.DagsterInstance) -> str:
    """Return the id of a run that has started and holds the pool."""

    @dg.job
    def nothing() -> None:
        """No steps."""

    run = instance.create_run_for_job(nothing, status=dg.DagsterRunStatus.STARTED)
    storage = instance.event_log_storage
    storage.initialize_concurrency_limit_to_default(POOL)
    assert storage.claim_concurrency_slot(POOL, run.run_id, "step").is_claimed
    return run.run_id


def status(instance: dg.DagsterInstance, run_id: str) -> Any:
    run = instance.get_run_by_id(run_id)
    return run and run.status


def slots(instance: dg.DagsterInstance) -> int:
    return instance.event_log_storage.get_concurrency_info(POOL).active_slot_count


def _hold_for_ever(root: Path, run_id: str, ready: Any) -> None:
    with held(root, run_id):
        ready.set()
        multiprocessing.Event().wait()


def test_a_killed_run_fails_and_its_slot_is_free_again(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    run_id = started(instance)
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=_hold_for_ever, args=(tmp_path, run_id, ready))
    process.start()
    assert ready.wait(60)
    assert release_abandoned(instance, tmp_path) == []
    assert (status(instance, run_id), slots(instance)) == (dg.DagsterRunStatus.STARTED, 1)
    process.kill()
    process.join()
    assert release_abandoned(instance, tmp_path) == [run_id]
    assert (status(instance, run_id), slots(instance)) == (dg.DagsterRunStatus.FAILURE, 0)
    assert release_abandoned(instance, tmp_path) == []


def test_a_run_without_a_lock_here_is_left_alone(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    """It may run on another machine."""
    run_id = started(instance)
    assert release_abandoned(instance, tmp_path) == []
    assert (status(instance, run_id), slots(instance)) == (dg.DagsterRunStatus.STARTED, 1)


def test_a_run_that_ended_while_it_held_a_pool_gives_its_slot_back(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    """As one that Dagster's own server reported as crashed."""
    run_id = started(instance)
    run = instance.get_run_by_id(run_id)
    assert run is not None
    instance.report_run_failed(run)
    release_abandoned(instance, tmp_path)
    assert slots(instance) == 0
