"""The launchpad's configuration of a training: typed, bounded, and an identity of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from vistora_assets.assembly import build_definitions
from vistora_assets.assets.ml.user_spend_predictor import TrainingConfig, training_settings
from vistora_assets.settings import Settings


def asked(**config: Any) -> dict[str, Any]:
    return {"ops": {"ml__user_spend_predictor": {"config": config}}}


def test_what_is_left_out_is_what_the_planner_trains_with(tmp_path: Path) -> None:
    settings = Settings.load({"VISTORA_SEED": "7"}, tmp_path)
    plain = training_settings(settings, TrainingConfig())
    assert plain.seed == 7
    changed = training_settings(settings, TrainingConfig(search_budget=3))
    assert (changed.search_budget, changed.seed) == (3, 7)
    assert changed != plain


def told(job: dg.JobDefinition, config: dict[str, Any]) -> TrainingConfig:
    """Return what the asset is told, as a run does it: the schema first, then the bounds."""
    dg.validate_run_config(job, asked(**config))
    return TrainingConfig(**config)


@pytest.mark.parametrize(
    "config", [{"search_budget": -1}, {"evaluated_cutoffs": 0}, {"seed": "one"}, {"budget": 1}]
)
def test_the_launchpad_refuses_what_no_training_can_be_told(
    tmp_path: Path, config: dict[str, Any]
) -> None:
    job = build_definitions(Settings.load({}, tmp_path)).resolve_job_def("refresh")
    subset = job.get_subset(asset_selection={dg.AssetKey(["ml", "user_spend_predictor"])})
    assert told(subset, {"seed": 1, "search_budget": 2}).search_budget == 2
    with pytest.raises((dg.DagsterInvalidConfigError, ValueError)):
        told(subset, config)
