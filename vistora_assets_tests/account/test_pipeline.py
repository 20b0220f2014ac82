"""The whole pipeline on a few users, through the real jobs: from a landed file to predictions."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd
import pytest

from vistora_assets import refresh, sources
from vistora_assets.assembly import build_definitions
from vistora_assets.automation.carrying_out import carry_out
from vistora_assets.automation.planning import current_plan, read_champion
from vistora_assets.io_managers.frames import read_frame
from vistora_assets.io_managers.models import GATE, get, stage
from vistora_assets.io_managers.publishing import described
from vistora_assets.resources.warehouse import rows
from vistora_assets_tests.account.conftest import Target

USERS, MONTHS = 150, 8
START = pd.Timestamp("2023-01-01")


def purchases() -> pd.DataFrame:
    """Return purchases of users who buy every other month, each about the same amount.

    So who bought in the last period does not buy in the next: the naive forecasts are wrong, and a
    model that looks at recency and amounts is right.
    """
    rng = np.random.default_rng(5)
    level = np.exp(rng.normal(3.0, 0.8, USERS))
    made: list[dict[str, Any]] = []
    for month in range(MONTHS):
        first = START + pd.DateOffset(months=month)
        for user in range(month % 2, USERS, 2):
            moment = first + pd.Timedelta(days=3 + user % 11, hours=user % 24)
            amount = round(float(level[user] * rng.uniform(0.9, 1.1)), 2)
            made.append(
                {
                    "user_id": f"u{user:03d}",
                    "event_time": moment.isoformat(sep=" "),
                    "event_type": "purchase",
                    "amount": amount,
                    "country": ("DE", "FR")[user % 3 == 0],
                }
            )
    return pd.DataFrame(made)


def land(target: Target, path: Path, frame: pd.DataFrame) -> None:
    frame.to_csv(path, index=False)
    with target.warehouse.connection() as connection:
        sources.land(connection, target.warehouse.source_objects(), path, sources.ColumnMap())


def run(target: Target, job: str, **arguments: Any) -> dg.ExecuteInProcessResult:
    found = build_definitions(target.settings).resolve_job_def(job)
    return found.execute_in_process(instance=dg.DagsterInstance.ephemeral(), **arguments)


def plan_of(target: Target) -> refresh.RefreshPlan:
    with target.warehouse.connection() as connection:
        return current_plan(connection, target.settings)


def select(target: Target, sql: str) -> list[tuple[Any, ...]]:
    with target.warehouse.connection() as connection:
        return rows(connection, sql)


def table(target: Target, schema: str, name: str) -> str:
    return target.warehouse.table(schema, name)


def metadata_of(results: list[dg.ExecuteInProcessResult]) -> dict[str, Any]:
    return {
        event.asset_key.to_user_string(): event.step_materialization_data.materialization.metadata
        for result in results
        for event in result.get_asset_materialization_events()
        if event.asset_key is not None
    }


@pytest.fixture(scope="module")
def ran(
    target: Target, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Target, list[dg.ExecuteInProcessResult], pd.DataFrame]:
    """One load, and refreshes while the planner asks for some, with what they gave."""
    frame = purchases()
    land(target, tmp_path_factory.mktemp("landing") / "purchases.csv", frame)
    ingested = run(target, "ingest")
    definitions = build_definitions(target.settings)
    runs = carry_out(target.warehouse, definitions, instance=dg.DagsterInstance.ephemeral())
    return target, [ingested, *runs], frame


Ran = tuple[Target, list[dg.ExecuteInProcessResult], pd.DataFrame]


def test_every_row_is_loaded_once(ran: Ran, tmp_path: Path) -> None:
    """Counts agree; the same file again, under another name too, adds nothing."""
    target, _, frame = ran
    events = table(target, target.settings.objects.raw, "USER_EVENTS")
    loaded = table(target, target.settings.objects.raw, "LOADED_FILES")
    asked = f"SELECT COUNT(*), ROUND(SUM(AMOUNT), 2) FROM {events}"
    expected = [(len(frame), round(float(frame["amount"].sum()), 2))]
    assert select(target, asked) == expected
    land(target, tmp_path / "again.csv", frame)
    assert run(target, "ingest").success
    assert select(target, asked) == expected
    counted = select(
        target, f"SELECT SUM(ROWS_READ - ROWS_ACCEPTED - ROWS_REJECTED - ROWS_KNOWN) FROM {loaded}"
    )
    assert counted == [(0,)]


def test_features_are_what_pandas_makes_of_the_same_rows(ran: Ran) -> None:
    """Counts, sums and days at one snapshot, user by user."""
    target, _, frame = ran
    day = pd.Timestamp("2023-08-01")
    past = frame.assign(at=pd.to_datetime(frame["event_time"])).query("at < @day")
    users = past.groupby("user_id")
    expected = pd.DataFrame(
        {
            "total_purchases": users.size().astype(float),
            "total_spent": users["amount"].sum(),
            "recency_days": (day - users["at"].max().dt.normalize()).dt.days.astype(float),
        }
    )
    features = table(target, target.settings.objects.feature_store, "USER_FEATURES")
    with target.warehouse.connection() as connection:
        found = read_frame(
            connection,
            "SELECT USER_ID, TOTAL_PURCHASES, TOTAL_SPENT, RECENCY_DAYS "
            f"FROM {features} WHERE SNAPSHOT_DATE = '{day:%Y-%m-%d}'::TIMESTAMP_NTZ",
        ).set_index("user_id")
    pd.testing.assert_frame_equal(
        found.sort_index(), expected.sort_index(), check_like=True, check_names=False
    )


def test_the_training_set_has_closed_labels_of_its_own_snapshot(ran: Ran) -> None:
    target, _, _ = ran
    name = target.warehouse.ml("TRAINING_SET")
    found = select(
        target,
        "SELECT COUNT_IF(SNAPSHOT_DATE <> AS_OF), COUNT(DISTINCT AS_OF), MAX(AS_OF), MIN(LABEL) "
        f"FROM {name}",
    )
    other, cutoffs, last, least = found[0]
    assert (other, least) == (0, 0.0)
    assert cutoffs >= 3
    assert last <= START + pd.DateOffset(months=MONTHS - 1)


def test_a_champion_is_registered_and_predicts_as_its_file_does(ran: Ran) -> None:
    """Everyone is predicted, inside the warehouse, and to the digits of the model on the stage."""
    target, _, _ = ran
    with target.warehouse.connection() as connection:
        champion = read_champion(connection, target.settings)
        assert champion is not None
        trained = get(connection, stage(target.warehouse), champion.version)
        found = read_frame(
            connection,
            "SELECT P.PREDICTED_SPEND, P.MODEL_VERSION, F.* "
            f"FROM {target.warehouse.ml('USER_SPEND_PREDICTIONS')} P "
            f"JOIN {table(target, target.settings.objects.feature_store, 'USER_FEATURES')} F "
            "ON F.USER_ID = P.USER_ID AND F.SNAPSHOT_DATE = P.SNAPSHOT_DATE",
        )
    assert len(found) == found["user_id"].nunique() == USERS
    assert set(found["model_version"]) == {champion.version}
    here = trained.predictor.predict(found.drop(columns=["predicted_spend", "model_version"]))
    np.testing.assert_allclose(found["predicted_spend"], here, rtol=1e-6)
    assert (found["predicted_spend"] >= 0).all()
    model = target.warehouse.registry(target.warehouse.session()).get_model(
        target.settings.objects.model
    )
    metrics = model.version(champion.version).show_metrics()
    assert math.isfinite(metrics["gate_rmse"])
    assert metrics["feature_version"] == champion.feature_version


def test_nothing_is_left_to_do_and_a_second_refresh_would_be_none(ran: Ran) -> None:
    target, _, _ = ran
    plan = plan_of(target)
    assert plan.empty, plan.reasons


def test_columns_are_described_and_their_lineage_is_of_the_tables(ran: Ran) -> None:
    """In the events, where the UI looks: each column covered, from columns that exist."""
    target, results, _ = ran
    events = metadata_of(results)
    names = {
        key: {column.name for column in metadata["dagster/column_schema"].value.columns}
        for key, metadata in events.items()
        if "dagster/column_schema" in metadata
    }
    assert set(names) >= {
        "raw/user_events",
        "raw/rejected_events",
        "raw/loaded_files",
        "feature_store/user_features",
        "feature_store/user_features_view",
        "ml/training_set",
        "ml/model_metrics",
        "ml/user_spend_predictions",
    }
    for key, known in names.items():
        assert "dagster/column_lineage" in events[key], f"{key}: see vistora_assets.assets.columns"
        deps = events[key]["dagster/column_lineage"].value.deps_by_column
        assert set(deps) == known, key
        for dep in (dep for found in deps.values() for dep in found):
            assert dep.column_name in names[dep.asset_key.to_user_string()], (key, dep)
        shown = {
            one.name: one.description or ""
            for one in events[key]["dagster/column_schema"].value.columns
        }
        if key.startswith("raw/"):
            # Their comments stand in the warehouse alone.
            name = table(target, target.settings.objects.raw, key.split("/")[1].upper())
            with target.warehouse.connection() as connection:
                assert shown == {column: text for column, _, text in described(connection, name)}
        elif key != "ml/model_metrics":
            assert all(shown.values()), key


def test_no_row_of_a_table_passed_through_the_client_but_those_that_were_fitted(ran: Ran) -> None:
    _, results, _ = ran
    through = {
        key: metadata["rows_through_client"].value
        for key, metadata in metadata_of(results).items()
        if "rows_through_client" in metadata
    }
    counted = {"ml/model_metrics", "ml/feature_drift"}  # made here, from what was fitted or counted
    assert {key for key, count in through.items() if count} <= {"ml/user_spend_predictor", *counted}
    assert through["ml/feature_drift"] < USERS


def test_a_damaged_training_is_made_again(
    ran: Ran, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files of a known training are taken as they are only if they are what was put there."""
    from vistora_assets.modelling import training

    target, _, _ = ran
    asked: list[str] = []

    def spy(*_: Any, **__: Any) -> None:
        asked.append("train")
        raise training.CannotTrain("enough seen")

    monkeypatch.setattr(training, "train", spy)
    keys = [dg.AssetKey(["ml", "user_spend_predictor"])]
    assert run(target, "refresh", asset_selection=keys).success
    assert asked == []
    with target.warehouse.connection() as connection:
        champion = read_champion(connection, target.settings)
        assert champion is not None
        folder = f"{stage(target.warehouse)}/{champion.version}"
        rows(connection, f"GET '{folder}/{GATE}' 'file://{tmp_path.as_posix()}/'")
        whole = (tmp_path / GATE).read_bytes()
        put = (
            f"PUT 'file://{(tmp_path / GATE).as_posix()}' '{folder}' "
            "AUTO_COMPRESS = FALSE OVERWRITE = TRUE"
        )
        (tmp_path / GATE).write_bytes(whole[:-8])
        rows(connection, put)
        try:
            with pytest.raises(dg.Failure, match="enough seen"):
                run(target, "refresh", asset_selection=keys)
        finally:
            (tmp_path / GATE).write_bytes(whole)
            rows(connection, put)
    assert asked == ["train"]
