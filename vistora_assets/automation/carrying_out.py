"""Plans carried out here and now, one run after the other, as the daemon would.

Holds `carry_out`, for whoever has no daemon: the demo, and tests. What must not go here: what is to
be done (`planning`), or when (`sensors`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import dagster as dg

from vistora_assets.automation.jobs import REFRESH
from vistora_assets.automation.planning import current_plan, run_request
from vistora_assets.resources.warehouse import Warehouse

RUNS: Final = 3
"""How many runs it may take; each leaves less to do, and scoring may need one of its own."""


def carry_out(
    warehouse: Warehouse,
    definitions: dg.Definitions,
    *,
    instance: dg.DagsterInstance | None = None,
    run_config: Mapping[str, Any] | None = None,
    raise_on_error: bool = True,
) -> list[dg.ExecuteInProcessResult]:
    """Run what the planner asks for until nothing is left; return the runs.

    Args:
        warehouse: of the settings that the definitions were built with.
        definitions: where the job `refresh` is.
        instance: where runs are written; none is kept by default.
        run_config: what every run is told, beside the plan's own configuration.
        raise_on_error: whether a failing step raises; otherwise its run is the last one returned.

    Raises:
        Exception: what a step raised, where `raise_on_error`.
    """
    done: list[dg.ExecuteInProcessResult] = []
    while len(done) < RUNS and all(run.success for run in done):
        with warehouse.connection() as connection:
            plan = current_plan(connection, warehouse.settings)
        if plan.empty:
            break
        planned = run_request(plan)
        done.append(
            definitions.resolve_job_def(REFRESH).execute_in_process(
                instance=instance,
                run_config={**planned.run_config, **(run_config or {})},
                asset_selection=list(planned.asset_keys),
                tags=planned.tags,
                raise_on_error=raise_on_error,
            )
        )
    return done
