"""A plan becomes one run with the exact range, and a warehouse without data plans nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date

import dagster as dg
import pytest

from embedded_snowflake import stop
from vistora_assets import refresh
from vistora_assets.assembly import build_definitions
from vistora_assets.automation.planning import (
    RANGE_END,
    RANGE_START,
    PlannedRun,
    champion_ref,
    current_plan,
    run_request,
)
from vistora_assets.automation.sensors import build_sensors
from vistora_assets.features import FeatureSpecification
from vistora_assets.resources.warehouse import Warehouse
from vistora_assets.settings import Settings

MONTHS = tuple(date(2024, month, 1) for month in (1, 2, 3))


def plan(features: tuple[date, ...] = (), scores: tuple[date, ...] = ()) -> refresh.RefreshPlan:
    return refresh.RefreshPlan(feature_snapshots=features, score_snapshots=scores, digest="d1")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    root = tmp_path_factory.mktemp("automation")
    yield Settings.load({"VISTORA_FIRST_SNAPSHOT": "2024-01-01"}, root)
    stop(root)


def keys(run: PlannedRun) -> list[str]:
    return [key.to_user_string() for key in run.asset_keys]


def test_a_run_has_the_plan_s_assets_range_and_digest() -> None:
    run = run_request(plan(features=MONTHS))
    assert keys(run) == ["feature_store/user_features", "feature_store/user_features_view"]
    assert (run.tags[RANGE_START], run.tags[RANGE_END]) == ("2024-01-01", "2024-03-01")
    assert run.tags["vistora/digest"] == "d1"
    assert run.run_config == {}


def test_scoring_has_a_run_of_its_own_where_features_have_a_longer_range() -> None:
    """Dagster would mark every snapshot of the range as predicted."""
    run = run_request(plan(features=MONTHS, scores=MONTHS[-1:]))
    assert "ml/user_spend_predictions" not in keys(run)
    for features in ((), MONTHS[-1:]):
        run = run_request(plan(features=features, scores=MONTHS[-1:]))
        assert keys(run)[-1] == "ml/user_spend_predictions"
        assert (run.tags[RANGE_START], run.tags[RANGE_END]) == ("2024-03-01", "2024-03-01")


def test_a_champion_s_older_features_come_as_configuration_that_the_job_takes(
    settings: Settings,
) -> None:
    """The op's name in the configuration is the asset's."""
    job = build_definitions(settings).resolve_job_def("refresh")
    wanted = refresh.RefreshPlan(
        feature_snapshots=MONTHS[-1:],
        champion_snapshots=MONTHS[1:],
        champion_feature_version="V_OLD",
        digest="d1",
    )
    run = run_request(wanted)
    assert (run.tags[RANGE_START], run.tags[RANGE_END]) == ("2024-02-01", "2024-03-01")
    op = run.run_config["ops"]["feature_store__user_features"]["config"]
    assert op["snapshots"] == ["2024-03-01"]
    assert op["champion_snapshots"] == ["2024-02-01", "2024-03-01"]
    subset = job.get_subset(asset_selection=set(run.asset_keys))
    assert dg.validate_run_config(subset, run.run_config)


def test_a_recorded_specification_says_whether_today_s_code_computes_it() -> None:
    today = FeatureSpecification(30)
    text = json.dumps(asdict(today))
    assert champion_ref("M", today.version, text).computable
    assert champion_ref("M", today.version, text).horizon_days == 30
    assert not champion_ref("M", "V_OF_OTHER_SQL", text).computable
    assert champion_ref("M", today.version, None).horizon_days is None
    assert not champion_ref("M", today.version, '{"of": "tomorrow"}').computable


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
