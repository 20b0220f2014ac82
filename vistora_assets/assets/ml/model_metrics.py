"""How good every model was, by cutoff and segment.

What it holds: the asset. What must not go here: metrics (`vistora_assets.modelling.metrics`).
"""

from typing import TYPE_CHECKING, Any

import dagster as dg

from vistora_assets.assets import columns
from vistora_assets.assets.inventory import MODEL_METRICS, OWNERS, POOL, USER_SPEND_PREDICTOR
from vistora_assets.automation.conditions import code_changed, moved_or_decayed
from vistora_assets.automation.freshness import freshness
from vistora_assets.io_managers.models import TrainedModel
from vistora_assets.io_managers.partitioning import literal
from vistora_assets.io_managers.tables import Published
from vistora_assets.settings import Settings

if TYPE_CHECKING:
    import pandas as pd


def metrics_frame(trained: TrainedModel) -> "pd.DataFrame":
    """Return a training's metric rows, one a model, stage, cutoff and segment."""
    import pandas as pd

    frame = pd.DataFrame(trained.report["metric_rows"])
    frame["cutoff"] = pd.to_datetime(frame["cutoff"])
    texts = {"model", "role", "stage", "segment"}
    numbers = [name for name in frame.columns if name not in {*texts, "cutoff", "n"}]
    # A metric that nobody has is a column of None, whose type the warehouse could not guess.
    frame[numbers] = frame[numbers].astype("float64")
    frame.insert(0, "training_id", trained.report["training_id"])
    frame.insert(1, "model_version", trained.version)
    frame.insert(2, "chosen", frame["model"] == trained.report["chosen"])
    return frame


def _plots(trained: TrainedModel) -> dict[str, Any]:
    """Return the gate's pictures, for the asset's page."""
    import base64

    from vistora_assets.modelling.plots import calibration_by_decile, gain_curve, rmse_by_model

    chosen, gate = trained.report["chosen"], trained.gate
    shown = [
        name for name in ("previous_period", "bg_nbd_gamma_gamma", chosen) if name in gate.columns
    ]
    rows = [
        row
        for row in trained.report["metric_rows"]
        if row["stage"] == "gate" and row["segment"] == "all"
    ]
    day = trained.report["gate_as_of"][:10]
    pictures = {
        "rmse_by_model": rmse_by_model(rows, chosen=chosen, title=f"RMSE at {day}"),
        "calibration": calibration_by_decile(
            gate["actual"], gate[chosen], title=f"{chosen} at {day}"
        ),
        "gain": gain_curve(
            gate["actual"], {name: gate[name] for name in shown}, title=f"Gain at {day}"
        ),
    }
    return {
        name: dg.MetadataValue.md(
            f"![{name}](data:image/png;base64,{base64.b64encode(picture).decode()})"
        )
        for name, picture in pictures.items()
    }


def model_metrics(settings: Settings) -> dg.AssetsDefinition:
    """Return the asset."""

    @dg.asset(
        key=MODEL_METRICS,
        ins={"trained": dg.AssetIn(USER_SPEND_PREDICTOR, input_manager_key="models")},
        io_manager_key="tables",
        metadata={"schema": settings.objects.ml, **columns.metadata(columns.model_metrics())},
        group_name="training",
        kinds={"snowflake", "python"},
        owners=list(OWNERS),
        code_version="1",
        automation_condition=code_changed() | moved_or_decayed(),
        freshness_policy=freshness(settings),
        pool=POOL,
    )
    def asset(trained: Any) -> Published:
        """Every baseline and candidate of every training, judged where it had not looked.

        Grain and key: `TRAINING_ID` x `MODEL` x `STAGE` x `CUTOFF` x `SEGMENT`. `STAGE` is
        `select` (earlier cutoffs, on which the choice was made) or `gate` (the last one).
        """
        condition = f"TRAINING_ID = {literal(trained.report['training_id'])}"
        return Published(
            metrics_frame(trained), trained.version, _plots(trained), replaces=condition
        )

    return asset
