"""A refresh as `vistora demo` runs it, in a process of its own that can be killed.

Holds the small installation (`prepare`), the process (`start`, `finish`) and what runs in it. Add a
step that the demo gains. What must not go here: when it is killed (`moments`), and assertions.

Processes are forked from one that has imported the clients: an import costs more than the refresh.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.process
import os
import shutil
import sys
from pathlib import Path

from vistora_assets.settings import Settings, write_local_settings
from vistora_assets_tests.crash.moments import Moment, Victim, strike
from vistora_assets_tests.modelling.simulation import simulate

SETTINGS = {"VISTORA_FIRST_SNAPSHOT": "2021-11-01", "VISTORA_HORIZON_DAYS": "60"}
FILES = 3
SECONDS = 400.0
"""How long a process may take before it is called stuck."""

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(
    [
        "dagster",
        "matplotlib.pyplot",
        "snowflake.ml.feature_store",
        "snowflake.ml.registry",
        "snowflake.snowpark",
        "sklearn.ensemble",
        "vistora_assets.assembly",
        "vistora_assets.modelling.training",
    ]
)


def prepare(root: Path) -> None:
    """Make an installation: the project's instance, settings, and 300 users' purchases as files."""
    root.mkdir(parents=True, exist_ok=True)
    shutil.copy(Path(__file__).resolve().parents[2] / "dagster.yaml", root / "dagster.yaml")
    (root / ".vistora").mkdir()
    write_local_settings(root, SETTINGS)
    purchases = simulate(300, 450, seed=2).assign(event_type="purchase")
    months = purchases["event_time"].dt.to_period("Q").rank(method="dense").astype(int)
    for part in range(1, FILES + 1):
        chosen = purchases[months.clip(upper=FILES) == part]
        chosen.to_csv(root / f"events_{part}.csv", index=False)


def start(
    root: Path, moment: Moment | None = None, victim: Victim = "run"
) -> multiprocessing.process.BaseProcess:
    """Start a refresh, to be cut off at a moment or not."""
    process = _PROCESSES.Process(target=_refresh, args=(root, moment, victim), daemon=True)
    process.start()
    return process


def finish(root: Path, process: multiprocessing.process.BaseProcess) -> int:
    """Wait for the end of a refresh and return its exit code.

    Raises:
        TimeoutError: it does not end.
    """
    process.join(SECONDS)
    if process.is_alive():
        process.kill()
        message = f"the refresh did not end in {SECONDS:.0f} s: see {root}/refresh.log"
        raise TimeoutError(message)
    code = process.exitcode
    process.close()
    return 1 if code is None else code


def _refresh(root: Path, moment: Moment | None, victim: Victim) -> None:
    with (root / "refresh.log").open("a") as log:
        for stream in (1, 2):
            os.dup2(log.fileno(), stream)
    (root / "struck").unlink(missing_ok=True)
    if moment is not None:
        strike(moment, victim, root)
    sys.exit(_carried_out(root))


def _carried_out(root: Path) -> int:
    """Land, ingest, plan, refresh; 0 where all succeeded and nothing is left to do."""
    from vistora_assets import sources
    from vistora_assets.assembly import build_definitions
    from vistora_assets.automation.carrying_out import carry_out
    from vistora_assets.automation.jobs import INGEST
    from vistora_assets.automation.planning import current_plan
    from vistora_assets.demo import instance_of
    from vistora_assets.resources.warehouse import Warehouse

    settings = Settings.load({}, root)
    warehouse = Warehouse(settings)
    definitions = build_definitions(settings)
    with warehouse.connection() as connection:
        for part in range(1, FILES + 1):
            path = root / f"events_{part}.csv"
            sources.land(connection, warehouse.source_objects(), path, sources.ColumnMap())
    with instance_of(root) as instance:
        ingest = definitions.resolve_job_def(INGEST)
        if not ingest.execute_in_process(instance=instance, raise_on_error=False).success:
            return 2
        runs = carry_out(warehouse, definitions, instance=instance, raise_on_error=False)
        if not all(run.success for run in runs):
            return 3
    with warehouse.connection() as connection:
        return 0 if current_plan(connection, settings).empty else 4
