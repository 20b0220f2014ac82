"""Drift and outcomes, on a log that is landed in parts: forecast first, then it happens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import numpy as np
import pandas as pd
import pytest

from embedded_snowflake import stop
from vistora_assets.assets.ml import promoting
from vistora_assets.automation.planning import current_plan
from vistora_assets.checks.monitoring import at_gate, decay, realised
from vistora_assets.io_managers.frames import read_frame
from vistora_assets.modelling.metrics import point_metrics
from vistora_assets.resources.warehouse import Warehouse, rows
from vistora_assets.settings import Settings
from vistora_assets_tests.assets import trainings
from vistora_assets_tests.assets.trainings import SPLIT


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    root = trainings.prepared(tmp_path_factory, "monitoring")
    yield Settings.load({}, root)
    stop(root)


@pytest.fixture(scope="module")
def warehouse(settings: Settings) -> Iterator[Warehouse]:
    """A champion that was trained on what was known at SPLIT, and its predictions of that day."""
    opened = promoted(settings)
    trainings.refresh_until(settings, opened, only="ml/user_spend_predictions")
    yield opened
    opened.close()


def promoted(settings: Settings) -> Warehouse:
    opened = Warehouse(settings)
    frame = trainings.training_set(opened)
    trained = trainings.training(settings, opened, frame, "better", trainings.better())
    promoting.log(opened, trained)
    promoting.decide(opened, trained, action="promote", forced="the only one there is")
    return opened


def land_the_rest(settings: Settings, warehouse: Warehouse, folder: Path) -> None:
    events = trainings.simulated()
    later = events[events["event_time"] >= SPLIT]
    trainings.land(warehouse, folder / "later.csv", later)
    trainings.run(settings, "ingest")


@pytest.mark.soak
def test_drift_names_what_moved_and_outcomes_appear_once_the_horizon_has_passed(
    settings: Settings, warehouse: Warehouse, tmp_path: Path
) -> None:
    trainings.refresh_until(settings, warehouse, only="ml/feature_drift")
    with warehouse.connection() as connection:
        drift = read_frame(connection, "SELECT * FROM ML.FEATURE_DRIFT")
        assert current_plan(connection, settings).outcome_snapshots == ()
    assert set(drift["kind"]) >= {"country", "cohort", "batch", "prediction", "feature"}
    assert set(drift["snapshot_date"]) == {SPLIT}
    assert not drift[drift["kind"] == "prediction"]["moved"].any()

    land_the_rest(settings, warehouse, tmp_path)
    with warehouse.connection() as connection:
        assert current_plan(connection, settings).outcome_snapshots == (SPLIT.date(),)
    done = trainings.refresh_until(settings, warehouse, only="ml/prediction_outcomes")
    (check,) = done.get_asset_check_evaluations()
    assert "V_" in (check.description or "")
    with warehouse.connection() as connection:
        (quality,) = realised(connection, warehouse)
        frame = read_frame(connection, "SELECT * FROM ML.PREDICTION_OUTCOMES")
        gate = at_gate(connection, warehouse, quality["model_version"])
    expected = point_metrics(frame["actual_spend"], frame["predicted_spend"])
    for name in ("rmse", "mae", "bias", "gini"):
        assert quality[name] == pytest.approx(expected[name], rel=1e-6), name
    naive = point_metrics(frame["actual_spend"], frame["previous_period"])
    assert quality["naive_rmse"] == pytest.approx(naive["rmse"])
    # Ties, of which a naive forecast is full, are broken by a hash in the warehouse and by the rows'
    # order here: the warehouse's Gini is one of those that other orders give.
    orders = (frame.sample(frac=1, random_state=seed) for seed in range(100))
    drawn = [
        float(point_metrics(one["actual_spend"], one["previous_period"])["gini"] or 0)
        for one in orders
    ]
    assert quality["naive_gini"] == pytest.approx(
        float(np.mean(drawn)), abs=4 * float(np.std(drawn))
    )
    assert not decay(quality, gate)[1]
    actual = trainings.simulated()
    window = (actual["event_time"] >= SPLIT) & (
        actual["event_time"] < SPLIT + pd.Timedelta(days=trainings.HORIZON)
    )
    known = actual["user_id"].isin(frame["user_id"])
    assert frame["actual_spend"].sum() == pytest.approx(actual[window & known]["amount"].sum())


def test_a_batch_of_other_amounts_is_a_warning_that_names_it_and_its_country_first(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    """As when a shop abroad begins to send its amounts in another currency."""
    root = trainings.prepared(tmp_path_factory, "drifting")
    settings = Settings.load({}, root)
    warehouse = promoted(settings)
    try:
        days = pd.date_range(SPLIT - pd.Timedelta(days=25), periods=20)
        abroad = pd.DataFrame(
            {
                "user_id": [f"abroad_{number}" for number in range(200)],
                "event_time": [days[number % len(days)] for number in range(200)],
                "amount": 5_000.0,
                "country": "XX",
            }
        )
        trainings.land(warehouse, tmp_path / "abroad.csv", abroad)
        trainings.run(settings, "ingest")
        trainings.refresh_until(settings, warehouse, without="ml/")
        trainings.refresh_until(settings, warehouse, only="ml/user_spend_predictions")
        done = trainings.refresh_until(settings, warehouse, only="ml/feature_drift")
        (check,) = done.get_asset_check_evaluations()
        assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
        shown = [line for line in (check.description or "").splitlines() if line.startswith("|")]
        assert shown[2].startswith("| country | XX |")
        with warehouse.connection() as connection:
            moved = rows(
                connection,
                "SELECT NAME, BASELINE_COUNT, CURRENT_COUNT, CURRENT_MEAN FROM ML.FEATURE_DRIFT "
                "WHERE MOVED AND KIND = 'batch'",
            )
        ((name, usual, purchases, mean),) = moved
        assert "abroad.csv" in name
        assert usual > 1_000
        assert (purchases, mean) == (200, 5_000.0)
    finally:
        warehouse.close()
        stop(root)


@pytest.mark.soak
def test_a_training_that_had_learned_the_outcome_has_none(
    settings: Settings, warehouse: Warehouse
) -> None:
    """As if the champion's newest cutoff were the predicted snapshot itself."""
    with warehouse.connection() as connection:
        before = rows(connection, "SELECT GATE_AS_OF FROM ML.PROMOTIONS")[0][0]
        rows(connection, f"UPDATE ML.PROMOTIONS SET GATE_AS_OF = '{SPLIT}'::TIMESTAMP_NTZ")
        rows(connection, "DELETE FROM ML.PUBLICATIONS WHERE TABLE_NAME = 'PREDICTION_OUTCOMES'")
    done = trainings.refresh_until(settings, warehouse, only="ml/prediction_outcomes")
    (check,) = done.get_asset_check_evaluations()
    assert check.passed
    with warehouse.connection() as connection:
        assert rows(connection, "SELECT COUNT(*) FROM ML.PREDICTION_OUTCOMES") == [(0,)]
        rows(connection, f"UPDATE ML.PROMOTIONS SET GATE_AS_OF = '{before}'::TIMESTAMP_NTZ")


def test_decay_warns_below_the_gate_and_is_an_error_below_naive() -> None:
    good = {"rmse": 10.0, "gini": 0.8, "bias": 1.0, "naive_rmse": 15.0, "naive_gini": 0.6}
    gate = {"rmse": 9.5, "gini": 0.78}
    assert decay(good, gate) == ([], False)
    assert decay(good, None) == ([], False)
    found, worse = decay({**good, "rmse": 12.5}, gate)
    assert len(found) == 1
    assert not worse
    assert "was 9.50 at the gate" in found[0]
    assert "0.78" in decay({**good, "gini": 0.65}, gate)[0][0]
    assert "times what was spent" in decay({**good, "bias": 0.6}, gate)[0][0]
    assert "nothing was spent" in decay({**good, "bias": None}, gate)[0][0]
    found, worse = decay({**good, "rmse": 16.0, "gini": 0.5}, gate)
    assert worse
    assert "previous period" in found[0]
