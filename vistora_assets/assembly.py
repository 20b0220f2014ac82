"""The assembly: settings in, definitions out. Production and tests call the same.

What it holds: `build_definitions`. Add a line when there is a new kind of definition. What must not
go here: what the parts do.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import dagster as dg

from vistora_assets.assets import build_assets
from vistora_assets.automation.conditions import build_condition_sensor
from vistora_assets.automation.jobs import build_jobs
from vistora_assets.automation.sensors import build_sensors
from vistora_assets.checks import build_checks
from vistora_assets.io_managers.models import model_io_manager
from vistora_assets.io_managers.references import reference_io_manager
from vistora_assets.io_managers.tables import table_io_manager
from vistora_assets.resources.warehouse import warehouse_resource
from vistora_assets.settings import Settings


def build_definitions(
    settings: Settings,
    overrides: Mapping[str, Any] | None = None,
    loggers: Mapping[str, dg.LoggerDefinition] | None = None,
) -> dg.Definitions:
    """Return the definitions of an installation.

    Args:
        settings: of the installation.
        overrides: resources by key (`warehouse, tables, models, references`) in place of ours.
        loggers: that a run's configuration may ask for by name.
    """
    with warnings.catch_warnings():
        # Single-run backfills are beta and the design rests on them: no news to who runs it.
        warnings.simplefilter("ignore", dg.BetaWarning)
        assets = build_assets(settings)
    return dg.Definitions(
        assets=assets,
        asset_checks=build_checks(settings),
        jobs=build_jobs(),
        sensors=[*build_sensors(settings), build_condition_sensor(settings)],
        resources={
            "warehouse": warehouse_resource(settings),
            "tables": table_io_manager(),
            "models": model_io_manager(),
            "references": reference_io_manager(),
            **(overrides or {}),
        },
        loggers=dict(loggers or {}),
        executor=dg.in_process_executor,
    )
