"""Conditions: what no file announces.

What it holds: named automation conditions and the one sensor that evaluates them. Add a condition
for a change that no source of work shows. What must not go here: new data; that is the sensors'.

On a fresh instance `AutomationCondition.eager()` down the chain requests nothing, and later the
latest partition alone and the model one tick after it; so data goes by the planner, and conditions
are for code.
"""

from __future__ import annotations

from typing import Any

import dagster as dg

from vistora_assets.assets.inventory import MONITORING, TRAINING
from vistora_assets.settings import Settings


def code_changed() -> dg.AutomationCondition[dg.AssetKey]:
    """Ask for an asset whose code version changed, once its inputs passed their checks.

    Only for assets that no plan recomputes: the plan's tokens already carry the versions of
    features and of training.
    """
    # Typed for asset keys alone, which its own methods do not take.
    changed: Any = dg.AutomationCondition.code_version_changed()
    return (
        changed.since_last_handled()
        & ~dg.AutomationCondition.any_deps_missing()
        & dg.AutomationCondition.all_deps_blocking_checks_passed()
        & ~dg.AutomationCondition.in_progress()
    ).with_label("code_changed")


def moved_or_decayed() -> dg.AutomationCondition[dg.AssetKey]:
    """Ask for a retraining once a check of drift or of outcomes has newly failed.

    All assets of a training have it, so that one tick asks for one run of them all. The same data,
    features, code and parameters are the same training, which is not run twice: only what was
    loaded since changes anything, and its challenger still has to pass the gate.
    """
    failed: Any = None
    for key in MONITORING:
        check: Any = dg.AutomationCondition.asset_matches(
            key, dg.AutomationCondition.any_checks_match(dg.AutomationCondition.check_failed())
        )
        failed = check if failed is None else failed | check
    return (
        failed.newly_true().since_last_handled() & ~dg.AutomationCondition.in_progress()
    ).with_label("moved_or_decayed")


def build_condition_sensor(settings: Settings) -> dg.AutomationConditionSensorDefinition:
    """Return the sensor of the conditions."""
    return dg.AutomationConditionSensorDefinition(
        "condition_sensor",
        target=dg.AssetSelection.assets(*TRAINING),
        default_status=(
            dg.DefaultSensorStatus.RUNNING
            if settings.automation
            else dg.DefaultSensorStatus.STOPPED
        ),
        minimum_interval_seconds=30,
        description="Recomputes what changed by its code, and retrains after drift and decay.",
    )
