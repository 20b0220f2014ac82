"""A plan becomes one run with the exact range, and a warehouse without data plans nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest

from embedded_snowflake import stop
from vistora_assets.assembly import build_definitions
from vistora_assets.automation.planning import RANGE_END, RANGE_START, current_plan, run_request
from vistora_assets.automation.sensors import build_sensors
from vistora_assets.resources.warehouse import Warehouse
from vistora_assets.settings import Settings

MONTHS = tuple(date(2024, month, 1) for month in (1, 2, 3))


def plan(*steps: str, features: tuple[date, ...] = (), scores: tuple[date, ...] = ()) -> Any:
    return SimpleNamespace(
        feature_snapshots=features, score_snapshots=scores, steps=steps, digest="d1"
    )


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    root = tmp_path_factory.mktemp("automation")
    yield Settings.load({"VISTORA_FIRST_SNAPSHOT": "2024-01-01"}, root)
    stop(root)


def test_a_run_has_the_plan_s_assets_range_and_digest() -> None:
    run = run_request(plan("feature_store/user_features", features=MONTHS))
    assert run.asset_keys == (dg.AssetKey(["feature_store", "user_features"]),)
    assert (run.tags[RANGE_START], run.tags[RANGE_END]) == ("2024-01-01", "2024-03-01")
    assert run.tags["vistora/digest"] == "d1"
    assert run.run_config == {}


def test_only_the_planned_snapshots_are_scored_though_the_range_is_longer() -> None:
    run = run_request(
        plan(
            "feature_store/user_features",
            "ml/user_spend_predictions",
            features=MONTHS,
            scores=MONTHS[-1:],
        )
    )
    op = run.run_config["ops"]["ml__user_spend_predictions"]
    assert op == {"config": {"snapshots": ["2024-03-01"]}}


def test_the_run_s_configuration_is_what_the_job_takes(settings: Settings) -> None:
    """The op's name in the configuration is the asset's."""
    job = build_definitions(settings).resolve_job_def("refresh")
    run = run_request(plan("ml/user_spend_predictions", scores=MONTHS[-1:]))
    subset = job.get_subset(asset_selection=set(run.asset_keys))
    assert dg.validate_run_config(subset, run.run_config)


def test_without_data_nothing_is_planned_and_the_sensors_say_so(settings: Settings) -> None:
    warehouse = Warehouse(settings)
    with warehouse.connection() as connection:
        assert current_plan(connection, settings).empty
    with dg.DagsterInstance.ephemeral() as instance:
        for sensor in build_sensors(settings):
            context = dg.build_sensor_context(instance=instance, sensor_name=sensor.name)
            answer = sensor(context)
            assert isinstance(answer, dg.SkipReason)
            assert answer.skip_message
