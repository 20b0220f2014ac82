"""The steps of registering: log, prove, decide, move aliases.

What it holds: what `registered_model` carries out, each step safe to repeat. What must not go here:
the gate's rules (`vistora_assets.modelling.promotion`).
"""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import dagster as dg

from vistora_assets.assets.ml.scoring import at, scoring_sql
from vistora_assets.automation.planning import CHAMPION, features_table
from vistora_assets.io_managers.frames import read_frame
from vistora_assets.io_managers.models import ModelFilesError, TrainedModel, get, stage
from vistora_assets.refresh import ChampionRef
from vistora_assets.resources.warehouse import Warehouse, rows

if TYPE_CHECKING:
    import numpy as np
    from snowflake.connector import SnowflakeConnection
    from snowflake.ml.model import Model

CHALLENGER: Final = "CHALLENGER"
SAMPLE_ROWS: Final = 200
TOLERANCE: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Verdict:
    """A row of ML.PROMOTIONS."""

    promoted: bool
    applied: bool
    champion_before: str | None
    reasons: tuple[str, ...]


def versions(warehouse: Warehouse) -> set[str]:
    """Return the names of the model's versions in the registry."""
    registry = warehouse.registry(warehouse.session())
    name = warehouse.settings.objects.model
    if name not in {str(model.name).strip('"') for model in registry.models()}:
        return set()
    return {str(version.version_name) for version in registry.get_model(name).versions()}


def _comment(trained: TrainedModel) -> str:
    return (
        f"{trained.report['chosen']} on {trained.report['rows']} rows of "
        f"{trained.report['users']} users; metrics of the gate at "
        f"{trained.report['gate_as_of'][:10]}, before the refit on all closed labels."
    )


def complete(warehouse: Warehouse, trained: TrainedModel) -> None:
    """Give a version that is there its comment and metrics, if logging was cut off before them.

    The client makes the version first, then sets its comment, then its metrics.
    """
    model = warehouse.registry(warehouse.session()).get_model(warehouse.settings.objects.model)
    version = model.version(trained.version)
    wanted, known = _metrics(trained), version.show_metrics()
    if wanted.keys() <= known.keys():
        return
    version.comment = _comment(trained)
    for name, value in wanted.items():
        version.set_metric(name, value)


def log(warehouse: Warehouse, trained: TrainedModel) -> None:
    """Log the training as a version of the model, with the gate's metrics."""
    from snowflake.ml.model import model_signature

    import vistora_assets

    features = [name.upper() for name in trained.predictor.feature_names]
    double = model_signature.DataType.DOUBLE
    signature = model_signature.ModelSignature(
        inputs=[model_signature.FeatureSpec(name, double) for name in features],
        outputs=[model_signature.FeatureSpec("output_feature_0", double)],
    )
    with tempfile.TemporaryDirectory() as folder:
        # The modelling room alone: what unpickles the model, and nothing that needs more.
        package = Path(folder) / "vistora_assets"
        source = Path(vistora_assets.__file__).parent
        shutil.copytree(
            source / "modelling",
            package / "modelling",
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        shutil.copy(source / "__init__.py", package / "__init__.py")
        warehouse.registry(warehouse.session()).log_model(
            trained.predictor,
            model_name=warehouse.settings.objects.model,
            version_name=trained.version,
            signatures={"predict": signature},
            code_paths=[str(package)],
            target_platforms=["WAREHOUSE"],
            metrics=_metrics(trained),
            comment=_comment(trained),
            options={"relax_version": False, "enable_explainability": False},
        )


def _metrics(trained: TrainedModel) -> dict[str, Any]:
    gate: dict[str, Any] = next(
        row
        for row in trained.report["metric_rows"]
        if row["stage"] == "gate"
        and row["segment"] == "all"
        and row["model"] == trained.report["chosen"]
    )
    kept = ("r2", "mse", "rmse", "mae", "bias", "gini", "top_decile_capture", "n")
    return {
        **{f"gate_{name}": gate[name] for name in kept if gate.get(name) is not None},
        "training_id": trained.report["training_id"],
        "feature_version": trained.report["feature_version"],
        "chosen": trained.report["chosen"],
    }


def prove(connection: SnowflakeConnection, warehouse: Warehouse, trained: TrainedModel) -> float:
    """Score a sample inside the warehouse and compare with the model here.

    Returns:
        The largest relative difference.

    Raises:
        dg.Failure: the registered version predicts something else.
    """
    import numpy as np

    names = tuple(trained.predictor.feature_names)
    sql = scoring_sql(
        warehouse.settings,
        version=trained.version,
        feature_version=trained.report["feature_version"],
        features=names,
        condition=at(trained.report["gate_as_of"]),
        also=[name.upper() for name in names],
    )
    sample = read_frame(connection, f"{sql} ORDER BY USER_ID LIMIT {SAMPLE_ROWS}")
    there = sample["predicted_spend"].to_numpy(dtype=np.float64)
    here = trained.predictor.predict(sample)
    apart = (
        float(np.max(np.abs(there - here) / np.maximum(np.abs(here), 1.0))) if len(here) else 1.0
    )
    if not apart <= TOLERANCE:
        raise dg.Failure(
            f"{trained.version} predicts otherwise in the warehouse than here (relative difference "
            f"{apart:.2g} on {len(here)} rows), so no alias was moved. Compare the packages of "
            "`vistora doctor` with those of the warehouse.",
            allow_retries=False,
        )
    return apart


def champion_forecasts(
    connection: SnowflakeConnection,
    warehouse: Warehouse,
    champion: ChampionRef,
    trained: TrainedModel,
) -> np.ndarray:
    """Return the champion's forecasts of the gate's rows, in their order, shape (n,).

    Where the champion's own training had the same gate, its forecasts from then are taken: they
    were made without the gate's labels, which its refit has learned since.

    Raises:
        dg.Failure: it cannot score some of the rows.
    """
    import numpy as np

    from vistora_assets.modelling.persistence import PersistenceError

    found: Any = None
    try:
        before = get(connection, stage(warehouse), champion.version)
    except (ModelFilesError, PersistenceError):
        # Its registry version still scores: that needs neither these files nor these versions.
        before = None
    if before is not None and before.report["gate_as_of"] == trained.report["gate_as_of"]:
        found = before.gate.set_index("user_id")[before.report["chosen"]]
    if found is None or not trained.gate["user_id"].isin(found.index).all():
        sql = scoring_sql(
            warehouse.settings,
            version=champion.version,
            feature_version=champion.feature_version,
            features=trained.predictor.feature_names,
            condition=at(trained.report["gate_as_of"]),
        )
        found = read_frame(connection, sql).set_index("user_id")["predicted_spend"]
    aligned = trained.gate["user_id"].map(found).to_numpy(dtype=np.float64)
    missing = int(np.isnan(aligned).sum())
    if missing:
        raise dg.Failure(
            f"The champion {champion.version} cannot score {missing} of {len(aligned)} rows of the "
            f"gate: {features_table(warehouse.settings, champion.feature_version)} lacks them. "
            "Materialize its features there, or take the alias CHAMPION from it.",
            allow_retries=False,
        )
    return aligned


def read_verdict(
    connection: SnowflakeConnection, warehouse: Warehouse, version: str
) -> Verdict | None:
    """Return what was decided about a version, or None."""
    found = rows(
        connection,
        f"SELECT PROMOTED, APPLIED, CHAMPION_BEFORE, REASONS FROM {warehouse.ml('PROMOTIONS')} "
        "WHERE MODEL_VERSION = %(version)s",
        {"version": version},
    )
    if not found:
        return None
    promoted, applied, before, reasons = found[0]
    return Verdict(
        promoted=bool(promoted),
        applied=bool(applied),
        champion_before=before,
        reasons=tuple(json.loads(reasons)),
    )


def decide(
    connection: SnowflakeConnection,
    warehouse: Warehouse,
    trained: TrainedModel,
    champion: ChampionRef | None,
) -> Verdict:
    """Ask the gate, and write down what it said before anything moves."""
    from vistora_assets.modelling import promotion
    from vistora_assets.modelling.catalogue import NAIVE

    gate = trained.gate
    decision = promotion.decide(
        gate["actual"],
        gate[trained.report["chosen"]],
        champion_forecasts(connection, warehouse, champion, trained) if champion else None,
        {name: gate[name] for name in NAIVE if name in gate.columns},
        seed=warehouse.settings.seed,
    )
    rows(
        connection,
        f"INSERT INTO {warehouse.ml('PROMOTIONS')} (MODEL_VERSION, TRAINING_ID, FEATURE_VERSION, "
        "CHAMPION_BEFORE, GATE_AS_OF, PROMOTED, APPLIED, REASONS, DECIDED_AT) "
        "SELECT %(version)s, %(training)s, %(features)s, %(before)s, %(gate)s::TIMESTAMP_NTZ, "
        "%(promoted)s, FALSE, %(reasons)s, "
        "CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP())::TIMESTAMP_NTZ",
        {
            "version": trained.version,
            "training": trained.report["training_id"],
            "features": trained.report["feature_version"],
            "before": champion.version if champion else None,
            "gate": trained.report["gate_as_of"],
            "promoted": decision.promote,
            "reasons": json.dumps(decision.reasons),
        },
    )
    return Verdict(
        promoted=decision.promote,
        applied=False,
        champion_before=champion.version if champion else None,
        reasons=decision.reasons,
    )


def apply(
    connection: SnowflakeConnection, warehouse: Warehouse, version: str, *, promoted: bool
) -> None:
    """Move the aliases as decided; a version carries one, so it is taken before it is given."""
    model: Model = warehouse.registry(warehouse.session()).get_model(
        warehouse.settings.objects.model
    )
    alias = CHAMPION if promoted else CHALLENGER
    holders = {
        str(name): str(row["name"])
        for _, row in model.show_versions().iterrows()
        for name in json.loads(str(row["aliases"] or "[]"))
    }
    if holders.get(alias) != version:
        for name in (CHAMPION, CHALLENGER):
            # Nobody is without a champion for longer than these two statements take.
            if name in holders and (name == alias or holders[name] == version):
                model.version(holders[name]).unset_alias(name)
        model.version(version).set_alias(alias)
    if promoted:
        model.default = version
    rows(
        connection,
        f"UPDATE {warehouse.ml('PROMOTIONS')} SET APPLIED = TRUE WHERE MODEL_VERSION = %(version)s",
        {"version": version},
    )
