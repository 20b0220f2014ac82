"""The steps of registering: log, prove, decide.

What it holds: what `registered_model` and `vistora model promote` carry out, each step safe to
repeat. What must not go here: the gate's rules (`vistora_assets.modelling.promotion`), and who is
champion (`championship`).
"""

from __future__ import annotations

import shutil
import tempfile
import warnings
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import dagster as dg

from vistora_assets.assets.ml import championship, training_data
from vistora_assets.assets.ml.championship import Action, OvertakenError, Ruling
from vistora_assets.assets.ml.scoring import scoring_sql
from vistora_assets.automation.planning import at, features_table
from vistora_assets.io_managers.frames import read_frame
from vistora_assets.io_managers.models import ModelFilesError, TrainedModel, get, stage
from vistora_assets.refresh import ChampionRef
from vistora_assets.resources.warehouse import Warehouse

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from snowflake.connector import SnowflakeConnection

    from vistora_assets.modelling import promotion

SAMPLE_ROWS: Final = 200
TOLERANCE: Final = 1e-6


ATTEMPTS: Final = 5
"""How often a decision is made anew because another one was written meanwhile."""


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
    from snowflake.ml.model.task import Task
    from snowflake.snowpark.functions import coalesce, lit

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
        session = warehouse.session()
        # Lineage: the client takes it from the Snowpark frame of a sample; itself it is not kept.
        kept = trained.report.get("training_data")
        rows = training_data.frozen(warehouse, kept) if kept else None
        if rows is None:
            raise dg.Failure(
                f"The rows that {trained.version} was fitted on are not in the Dataset "
                f"{training_data.DATASET}: they were deleted, or an earlier release trained it. "
                "Materialize ml/user_spend_predictor again.",
                allow_retries=False,
            )
        # The client checks a hundred rows; which ones is the warehouse's choice. It fails where a
        # column has nothing but NULLs among them ("boolean value of NA is ambiguous").
        learned_from = rows.select(*(coalesce(name, lit(0.0)).alias(name) for name in features))
        with warnings.catch_warnings():
            # A sample's type does not matter where the signature says double.
            warnings.filterwarnings("ignore", "The sample input has", UserWarning)
            warehouse.registry(session).log_model(
                trained.predictor,
                model_name=warehouse.settings.objects.model,
                version_name=trained.version,
                signatures={"predict": signature},
                sample_input_data=learned_from,
                task=Task.TABULAR_REGRESSION,
                code_paths=[str(package)],
                target_platforms=["WAREHOUSE"],
                metrics=_metrics(trained),
                comment=_comment(trained),
                options={
                    "relax_version": False,
                    "enable_explainability": False,
                    "capture_sample_input_data": False,
                },
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
        "gate_as_of": trained.report["gate_as_of"][:10],
        "rows": trained.report["rows"],
        "users": trained.report["users"],
        **trained.report.get("identity", {}),
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


def forecasts_of(
    connection: SnowflakeConnection,
    warehouse: Warehouse,
    version: ChampionRef,
    gate: pd.DataFrame,
    gate_as_of: str,
) -> np.ndarray:
    """Return a registered version's forecasts of a gate's rows, in their order, shape (n,).

    Where its own training had the same gate, its forecasts from then are taken: they were made
    without the gate's labels, which its refit has learned since. Where its refit has learned
    labels inside the gate's window, which the other side had to do without, its recipe stands for
    it: the same model, fitted with all others on the labels that were closed by the gate. Only
    if that is gone do its own forecasts, which know a part of the answer, stand against the other.

    Raises:
        dg.Failure: it cannot score some of the rows.
    """
    import numpy as np

    from vistora_assets.modelling.contract import FEATURES

    found: Any = None
    before = _files(connection, warehouse, version.version)
    if before is not None and before.report["gate_as_of"] == gate_as_of:
        found = before.gate.set_index("user_id")[before.report["chosen"]]
    elif before is not None and has_learned_from(before, gate_as_of):
        recipe = before.report["chosen"]
        if recipe in gate.columns:
            found = gate.set_index("user_id")[recipe]
    if found is None or not gate["user_id"].isin(found.index).all():
        names = FEATURES if before is None else tuple(before.predictor.feature_names)
        sql = scoring_sql(
            warehouse.settings,
            version=version.version,
            feature_version=version.feature_version,
            features=names,
            condition=at(gate_as_of),
        )
        found = read_frame(connection, sql).set_index("user_id")["predicted_spend"]
    aligned = gate["user_id"].map(found).to_numpy(dtype=np.float64)
    missing = int(np.isnan(aligned).sum())
    if missing:
        raise dg.Failure(
            f"{version.version} cannot score {missing} of {len(aligned)} rows of the gate at "
            f"{gate_as_of[:10]}: {features_table(warehouse.settings, version.feature_version)} "
            "lacks them. Materialize its features there; if it is the champion, "
            "`vistora model promote VERSION --force REASON` puts another one in its place.",
            allow_retries=False,
        )
    return aligned


def has_learned_from(trained: TrainedModel, gate_as_of: str) -> bool:
    """Tell whether a refit has seen labels of the window that begins at a gate's AS_OF."""
    newest = max(datetime.fromisoformat(day) for day in trained.report["closed"])
    closed = newest + timedelta(days=trained.predictor.horizon_days)
    return closed > datetime.fromisoformat(gate_as_of)


def _files(
    connection: SnowflakeConnection, warehouse: Warehouse, version: str
) -> TrainedModel | None:
    from vistora_assets.modelling.persistence import PersistenceError

    try:
        return get(connection, stage(warehouse), version)
    except (ModelFilesError, PersistenceError):
        # Its registry version still scores: that needs neither these files nor these versions.
        return None


def ask_gate(
    connection: SnowflakeConnection,
    warehouse: Warehouse,
    trained: TrainedModel,
    champion: ChampionRef | None,
) -> promotion.Decision:
    """Compare a training with the champion and the naive baselines on the same frozen rows.

    The rows are those of the newer of the two gates: neither may be judged on rows whose labels
    it had learned while the other had not.
    """
    from vistora_assets.modelling import promotion
    from vistora_assets.modelling.catalogue import NAIVE
    from vistora_assets.modelling.training import TrainingSettings, segments

    own = ChampionRef(trained.version, trained.report["feature_version"])
    gate, as_of = trained.gate, trained.report["gate_as_of"]
    theirs = _files(connection, warehouse, champion.version) if champion else None
    if theirs is not None and theirs.report["gate_as_of"] > as_of:
        gate, as_of = theirs.gate, theirs.report["gate_as_of"]
    challenger = (
        gate[trained.report["chosen"]].to_numpy()
        if gate is trained.gate
        else forecasts_of(connection, warehouse, own, gate, as_of)
    )
    rules = promotion.GateRules()
    return promotion.decide(
        gate["actual"],
        challenger,
        forecasts_of(connection, warehouse, champion, gate, as_of) if champion else None,
        {name: gate[name] for name in NAIVE if name in gate.columns},
        segments=segments(gate, TrainingSettings(minimum_segment=rules.minimum_rows)),
        seed=warehouse.settings.seed,
        rules=rules,
    )


def gate_ruling(
    connection: SnowflakeConnection, warehouse: Warehouse, version: str
) -> Ruling | None:
    """Return what the gate decided about a version when it was registered, or None."""
    found = championship.history(connection, warehouse, version)
    return next((row for row in found if row.action == "gate"), None)


def decide(
    warehouse: Warehouse,
    trained: TrainedModel,
    *,
    action: Action = "gate",
    forced: str | None = None,
) -> Ruling:
    """Ask the gate, write down what it said, and move the aliases.

    A version that a training registered goes before the gate once; asked again, the ruling stands.
    If another decision is written meanwhile, it is decided again, against the new champion.

    Args:
        warehouse: of the installation.
        trained: the registered training.
        action: `gate` for a training, `promote` where a person asks.
        forced: the reason of a person who overrules the gate; it is recorded.

    Raises:
        dg.Failure: the champion cannot score the gate's rows, or others keep deciding.
    """
    for _ in range(ATTEMPTS):
        with warehouse.connection() as connection:
            if action == "gate" and (known := gate_ruling(connection, warehouse, trained.version)):
                ruling = known
                break
            before = championship.standing(connection, warehouse)
            champion = before.champion
            if champion is not None and champion.version == trained.version:
                champion = None
            if forced is None:
                found = ask_gate(connection, warehouse, trained, champion)
                promoted, reasons, compared = found.promote, found.reasons, found.comparisons
            else:
                promoted, reasons, compared = True, (f"Forced: {forced}",), ()
            try:
                ruling = championship.record(
                    connection,
                    warehouse,
                    before,
                    Ruling(
                        version=trained.version,
                        training_id=trained.report["training_id"],
                        feature_version=trained.report["feature_version"],
                        before=champion.version if champion else None,
                        gate_as_of=trained.report["gate_as_of"],
                        promoted=promoted,
                        reasons=reasons,
                        action="force" if forced is not None else action,
                        comparisons=compared,
                        specification=trained.report.get("feature_specification"),
                    ),
                )
            except OvertakenError:
                continue
            break
    else:
        raise dg.Failure(
            f"Other decisions were written {ATTEMPTS} times while {trained.version} was compared: "
            "run it again when nobody else promotes."
        )
    championship.settle(warehouse)
    return ruling
