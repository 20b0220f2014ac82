"""The training: select, forecast the gate's rows, refit.

What it holds: the asset and the identity that tells whether there is anything to train. What must
not go here: how models learn (`vistora_assets.modelling`), and the registry.
"""

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

from vistora_assets.assets.inventory import OWNERS, TRAINING_SET, USER_SPEND_PREDICTOR
from vistora_assets.assets.ml import training_data
from vistora_assets.automation.conditions import moved_or_decayed
from vistora_assets.automation.freshness import freshness
from vistora_assets.automation.planning import feature_specification
from vistora_assets.io_managers.models import ModelFilesError, TrainedModel, exists, get, stage
from vistora_assets.resources.warehouse import Warehouse
from vistora_assets.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

    from vistora_assets.modelling.identity import TrainingIdentity
    from vistora_assets.modelling.training import TrainingResult, TrainingSettings


def known_until(frame: "pd.DataFrame", settings: Settings) -> "pd.Timestamp":
    """Return the instant by which every label of a training set has closed."""
    import pandas as pd

    # Not the newest event: more events without a new closed cutoff are the same training.
    return frame["as_of"].max() + pd.Timedelta(days=settings.snapshots.horizon_days)


def identity(
    frame: "pd.DataFrame",
    settings: Settings,
    training: "TrainingSettings",
    feature_version: str,
) -> "TrainingIdentity":
    """Return the identity that `modelling.training.train` gives to this training."""
    from vistora_assets.modelling.catalogue import catalogue_digest
    from vistora_assets.modelling.identity import (
        TrainingIdentity,
        code_version,
        frame_token,
        parameters_digest,
    )

    return TrainingIdentity(
        data_token=frame_token(frame),
        feature_version=feature_version,
        code_version=code_version(),
        parameters_digest=parameters_digest(
            {
                "catalogue": catalogue_digest(),
                "horizon_days": settings.snapshots.horizon_days,
                "data_until": known_until(frame, settings).isoformat(),
                **asdict(training),
            }
        ),
    )


class TrainingConfig(dg.Config):
    """What a training from the launchpad may change; left out, it is what the planner trains with.

    Another value makes another training, which goes before the gate like any other.

    Attributes:
        seed: of every random draw.
        evaluated_cutoffs: how many cutoffs before the gate selection looks at.
        search_budget: how many variations of the default are tried beside the candidates.
    """

    seed: int | None = Field(default=None, ge=0)
    evaluated_cutoffs: int | None = Field(default=None, ge=1, le=24)
    search_budget: int | None = Field(default=None, ge=0, le=50)


def training_settings(settings: Settings, config: TrainingConfig) -> "TrainingSettings":
    """Return the settings' training with what the configuration changes."""
    from vistora_assets.modelling.training import TrainingSettings

    given = {name: value for name, value in config.model_dump().items() if value is not None}
    return replace(TrainingSettings(seed=settings.seed), **given)


def trained_model(
    result: "TrainingResult", settings: Settings, training: "TrainingSettings", dataset: str
) -> TrainedModel:
    """Return what is kept of a training, with the report that registering and judging read.

    Args:
        result: what the training gave.
        settings: it was made with.
        training: the settings of its protocol.
        dataset: the version of `training_data` with the rows that it learned from.
    """
    return TrainedModel(
        version=result.identity.version_name(),
        predictor=result.predictor,
        gate=result.gate_predictions,
        report={
            "training_id": result.identity.digest(),
            "feature_version": result.identity.feature_version,
            "feature_specification": json.dumps(asdict(feature_specification(settings))),
            "identity": asdict(result.identity),
            "training_data": dataset,
            "parameters": {
                "label": settings.label,
                "seed": training.seed,
                "horizon_days": settings.snapshots.horizon_days,
            },
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


def user_spend_predictor(settings: Settings) -> dg.AssetsDefinition:
    """Return the asset."""

    @dg.asset(
        key=USER_SPEND_PREDICTOR,
        ins={"training_set": dg.AssetIn(TRAINING_SET, input_manager_key="tables")},
        io_manager_key="models",
        group_name="training",
        kinds={"scikitlearn", "python"},
        owners=list(OWNERS),
        code_version="1",
        automation_condition=moved_or_decayed(),
        freshness_policy=freshness(settings),
    )
    def asset(
        context: dg.AssetExecutionContext,
        config: TrainingConfig,
        training_set: Any,
        warehouse: dg.ResourceParam[Warehouse],
    ) -> TrainedModel:
        """The chosen model, fitted on all closed labels, with what is needed to judge it.

        Four files on the stage of models, one folder a training; the rows that it learned from are
        kept as a version of a Dataset. A training with the same data, feature version, code and
        parameters is not run again.
        """
        from vistora_assets.modelling.persistence import PersistenceError
        from vistora_assets.modelling.training import CannotTrain, train

        version = feature_specification(settings).version
        training = training_settings(settings, config)
        wanted = identity(training_set, settings, training, version)
        name = wanted.version_name()
        with warehouse.connection() as connection:
            if exists(connection, stage(warehouse), name):
                try:
                    found = get(connection, stage(warehouse), name)
                except (ModelFilesError, PersistenceError) as error:
                    context.log.warning("%s It is trained again.", error)
                else:
                    context.log.info("%s was trained before: nothing to do", name)
                    training_data.freeze(warehouse, training_set, wanted.data_token)
                    return found
        try:
            result = train(
                training_set,
                horizon_days=settings.snapshots.horizon_days,
                data_until=known_until(training_set, settings),
                settings=training,
                feature_version=version,
                data_token=wanted.data_token,
                progress=context.log.info,
            )
        except CannotTrain as error:
            raise dg.Failure(str(error), allow_retries=False) from error
        if result.identity != wanted:
            raise dg.Failure(
                f"The training calls itself {result.identity.version_name()} and was planned as "
                f"{name}: keep `identity` here equal to `modelling.training.train`.",
                allow_retries=False,
            )
        dataset = training_data.freeze(warehouse, training_set, wanted.data_token)
        context.add_output_metadata(
            {
                "chosen": result.chosen,
                "rows": result.rows,
                "users": result.users,
                "seconds": dg.MetadataValue.json(result.seconds),
                "selection_scores": dg.MetadataValue.json(result.selection_scores),
                "rows_through_client": len(training_set),
                "training_data": f"{settings.objects.ml}.{training_data.DATASET}, version {dataset}",
            }
        )
        return trained_model(result, settings, training, dataset)

    return asset
