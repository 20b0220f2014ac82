"""A small installation with features and a training set, and trainings made from it in seconds.

What it holds: `prepared`, a copy of an installation in which simulated purchases were landed and
the real jobs ran up to the training set, made once for all tests; and `training`, a real training
of a few models on it. Add another planted model. What must not go here: assertions.
"""

from __future__ import annotations

import functools
import hashlib
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from embedded_snowflake import stop
from vistora_assets import sources
from vistora_assets.assembly import build_definitions
from vistora_assets.assets.ml import training_data
from vistora_assets.assets.ml.user_spend_predictor import trained_model
from vistora_assets.automation.planning import current_plan, feature_specification, run_request
from vistora_assets.io_managers.frames import read_frame
from vistora_assets.io_managers.models import TrainedModel, put, stage
from vistora_assets.modelling.baselines import SeedLinearRegression
from vistora_assets.modelling.btyd import BTYDSpend
from vistora_assets.modelling.catalogue import BASELINES, NAIVE, ModelSpec
from vistora_assets.modelling.identity import frame_token
from vistora_assets.modelling.training import TrainingSettings, train
from vistora_assets.resources.warehouse import Warehouse
from vistora_assets.settings import Settings
from vistora_assets_tests.modelling.simulation import Process, simulate

HORIZON = 30
SPLIT = pd.Timestamp("2021-12-01")
"""The prepared installation knows the events before; the rest can be landed later."""
SETTINGS = {
    "VISTORA_FIRST_SNAPSHOT": "2021-05-01",
    "VISTORA_HORIZON_DAYS": str(HORIZON),
    "VISTORA_MINIMUM_HISTORY_DAYS": "60",
}


def settings_of(root: Path, **more: str) -> Settings:
    """Return the settings of a small installation in `root`."""
    return Settings.load({**SETTINGS, **more}, root)


def land(warehouse: Warehouse, path: Path, events: pd.DataFrame) -> None:
    """Land purchases (`user_id, event_time, amount, country`) as one file."""
    events.assign(event_type="purchase").to_csv(path, index=False)
    with warehouse.connection() as connection:
        sources.land(connection, warehouse.source_objects(), path, sources.ColumnMap())


def run(settings: Settings, job: str, **arguments: Any) -> dg.ExecuteInProcessResult:
    """Run a job, which raises where a step fails."""
    return build_definitions(settings).resolve_job_def(job).execute_in_process(**arguments)


def refresh_until(
    settings: Settings, warehouse: Warehouse, *, without: str = "", only: str = ""
) -> dg.ExecuteInProcessResult:
    """Carry out the planner's first run, without some assets or with some only, by key."""
    with warehouse.connection() as connection:
        plan = current_plan(connection, settings)
    if only:
        # What a plan after that of the features and the training would ask for.
        plan = replace(plan, feature_snapshots=(), champion_snapshots=(), train=False)
    planned = run_request(plan)
    keys = [
        key
        for key in planned.asset_keys
        if not (without and key.to_user_string().startswith(without))
        and key.to_user_string().startswith(only)
    ]
    return run(
        settings,
        "refresh",
        asset_selection=keys,
        tags=planned.tags,
        run_config=planned.run_config,
    )


def simulated(users: int = 400, days: int = 365) -> pd.DataFrame:
    """Return purchases of users who stay long, so that one month can tell models apart."""
    return simulate(users, days, seed=3, process=Process(a=0.3, b=4.0, alpha=30.0))


@functools.cache
def _prepared(base: Path) -> Path:
    """Make the installation once: what was known at SPLIT, landed, loaded, up to the training set."""
    root = base / "prepared"
    (root / ".vistora").mkdir(parents=True)
    lines = "".join(f"{name}={value}\n" for name, value in SETTINGS.items())
    (root / ".vistora" / "local.env").write_text(lines)
    settings = Settings.load({}, root)
    warehouse = Warehouse(settings)
    events = simulated()
    land(warehouse, root / "events.csv", events[events["event_time"] < SPLIT])
    run(settings, "ingest")
    with warehouse.connection() as connection:
        planned = run_request(current_plan(connection, settings))
    keys = ("feature_store/user_features", "feature_store/user_features_view", "ml/training_set")
    run(
        settings,
        "refresh",
        asset_selection=[dg.AssetKey(key.split("/")) for key in keys],
        tags=planned.tags,
    )
    warehouse.close()
    stop(root)
    return root


def prepared(factory: pytest.TempPathFactory, name: str) -> Path:
    """Return the root of a copy of the prepared installation; who takes it stops its warehouse."""
    root = factory.mktemp(name) / "root"
    shutil.copytree(_prepared(factory.getbasetemp()), root)
    return root


def training_set(warehouse: Warehouse) -> pd.DataFrame:
    """Return the prepared training set."""
    with warehouse.connection() as connection:
        return read_frame(connection, f"SELECT * FROM {warehouse.ml('TRAINING_SET')}")


def training(
    settings: Settings, warehouse: Warehouse, frame: pd.DataFrame, name: str, model: ModelSpec
) -> TrainedModel:
    """Train one candidate beside the naive baselines, and put its files on the stage.

    `name` becomes a part of its identity, so that planted models have versions of their own.
    """
    version = feature_specification(settings).version
    digest = hashlib.sha256(name.encode()).hexdigest()
    protocol = TrainingSettings(evaluated_cutoffs=1, resamples=20)
    result = train(
        frame,
        horizon_days=HORIZON,
        data_until=frame["as_of"].max() + pd.Timedelta(days=HORIZON),
        settings=protocol,
        feature_version=version,
        data_token=digest,
        models=(*(spec for spec in BASELINES if spec.name in NAIVE), model),
    )
    dataset = training_data.freeze(warehouse, frame, frame_token(frame))
    trained = trained_model(result, settings, protocol, dataset)
    with warehouse.connection() as connection:
        put(connection, stage(warehouse), trained)
    return trained


def better() -> ModelSpec:
    """Return a candidate that beats the naive baselines."""
    return ModelSpec("planted_better", "candidate", BTYDSpend, {"spend_days": "all"})


def worse() -> ModelSpec:
    """Return a candidate that is no better than a naive baseline: it is one."""
    return ModelSpec("planted_worse", "candidate", SeedLinearRegression)
