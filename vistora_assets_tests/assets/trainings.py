"""A small installation with features and a training set, and trainings made from it in seconds.

What it holds: `prepare`, which lands simulated purchases and runs the real jobs up to the training
set, and `training`, a real training of a few models on it. Add another planted model. What must
not go here: assertions.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd

from vistora_assets import sources
from vistora_assets.assembly import build_definitions
from vistora_assets.automation.planning import current_plan, feature_specification, run_request
from vistora_assets.io_managers.frames import read_frame
from vistora_assets.io_managers.models import TrainedModel, put, stage
from vistora_assets.modelling.baselines import SeedLinearRegression
from vistora_assets.modelling.btyd import BTYDSpend
from vistora_assets.modelling.catalogue import BASELINES, NAIVE, ModelSpec
from vistora_assets.modelling.training import TrainingSettings, train
from vistora_assets.resources.warehouse import Warehouse
from vistora_assets.settings import Settings
from vistora_assets_tests.modelling.simulation import Process, simulate

HORIZON = 30
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


def simulated(users: int = 400, days: int = 330) -> pd.DataFrame:
    """Return purchases of users who stay long, so that one month can tell models apart."""
    return simulate(users, days, seed=3, process=Process(a=0.3, b=4.0, alpha=30.0))


def prepare(
    settings: Settings, warehouse: Warehouse, folder: Path, events: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Land, load and compute up to the training set, and return that."""
    land(warehouse, folder / "events.csv", simulated() if events is None else events)
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
    result = train(
        frame,
        horizon_days=HORIZON,
        data_until=frame["as_of"].max() + pd.Timedelta(days=HORIZON),
        settings=TrainingSettings(evaluated_cutoffs=1, resamples=20),
        feature_version=version,
        data_token=digest,
        models=(*(spec for spec in BASELINES if spec.name in NAIVE), model),
    )
    trained = TrainedModel(
        version=result.identity.version_name(),
        predictor=result.predictor,
        gate=result.gate_predictions,
        report={
            "training_id": result.identity.digest(),
            "feature_version": version,
            "feature_specification": json.dumps(asdict(feature_specification(settings))),
            "identity": asdict(result.identity),
            "parameters": {"label": "gross", "seed": 0, "horizon_days": HORIZON},
            "chosen": result.chosen,
            "gate_as_of": result.calendar.gate.isoformat(),
            "closed": [day.isoformat() for day in result.calendar.closed],
            "rows": result.rows,
            "users": result.users,
            "metric_rows": result.metric_rows,
            "selection_scores": result.selection_scores,
            "seconds": result.seconds,
            "skipped": result.skipped,
        },
    )
    with warehouse.connection() as connection:
        put(connection, stage(warehouse), trained)
    return trained


def better() -> ModelSpec:
    """Return a candidate that beats the naive baselines."""
    return ModelSpec("planted_better", "candidate", BTYDSpend, {"spend_days": "all"})


def worse() -> ModelSpec:
    """Return a candidate that is no better than a naive baseline: it is one."""
    return ModelSpec("planted_worse", "candidate", SeedLinearRegression)
