"""A failed check of drift or outcomes asks for one retraining, and for no second one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg

from vistora_assets.assembly import build_definitions
from vistora_assets.settings import Settings

TRAINING = {
    "ml/training_set",
    "ml/user_spend_predictor",
    "ml/model_metrics",
    "ml/registered_model",
}


def report(instance: dg.DagsterInstance, asset: str, check: str, *, passed: bool) -> None:
    instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey(asset.split("/")), check_name=check, passed=passed
        )
    )


def test_a_check_that_newly_failed_asks_once_for_all_assets_of_a_training(tmp_path: Path) -> None:
    definitions = build_definitions(Settings.load({}, tmp_path))
    selected = dg.AssetSelection.assets(*TRAINING)
    with dg.DagsterInstance.ephemeral() as instance:

        def tick(cursor: Any) -> Any:
            return dg.evaluate_automation_conditions(
                definitions, instance, asset_selection=selected, cursor=cursor
            )

        first = tick(None)
        assert first.total_requested == 0
        report(instance, "ml/prediction_outcomes", "the_champion_has_not_decayed", passed=True)
        second = tick(first.cursor)
        assert second.total_requested == 0
        report(instance, "ml/prediction_outcomes", "the_champion_has_not_decayed", passed=False)
        third = tick(second.cursor)
        assert {
            key for key in TRAINING if third.get_num_requested(dg.AssetKey(key.split("/")))
        } == (TRAINING)
        fourth = tick(third.cursor)
        assert fourth.total_requested == 0
