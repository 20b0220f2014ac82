"""A training as files on the stage of models: the fitted predictor, and what judges it.

What it holds: `TrainedModel`, its four files, and the IO manager that puts and gets them. Add to
it another part of a training that must outlive it. What must not go here: training, and the
registry.

On the stage, a folder a training, named as its registry version: `model.joblib` and its manifest
(`modelling.persistence`), `gate.parquet` (the gate's forecasts), `report.json` (everything else,
and the others' SHA-256). The report goes up last, so that where it is the rest is; what is damaged
or missing nevertheless is refused by name, and the training is made again.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import dagster as dg

from vistora_assets.identifiers import quote

if TYPE_CHECKING:
    import pandas as pd

    from vistora_assets.modelling.predictor import SpendPredictor
    from vistora_assets.resources.warehouse import Warehouse

MODEL: Final = "model.joblib"
MANIFEST: Final = "model.joblib.json"
GATE: Final = "gate.parquet"
REPORT: Final = "report.json"
FILES: Final = (MODEL, MANIFEST, GATE, REPORT)


class ModelFilesError(RuntimeError):
    """A training's files are missing or damaged; the message says which and what to do."""


@dataclass(frozen=True)
class TrainedModel:
    """What a training leaves.

    Attributes:
        version: its registry version's name.
        predictor: fitted on all closed labels.
        gate: one row a user of the gate's cutoff: `user_id, as_of, country, tenure_days, actual`
            and one column a model.
        report: JSON: `training_id, feature_version, chosen, gate_as_of, closed, rows, users,
            metric_rows, selection_scores, seconds, skipped`.
        reused: whether the files were there already.
    """

    version: str
    predictor: SpendPredictor
    gate: pd.DataFrame
    report: dict[str, Any]
    reused: bool = False


def stage(warehouse: Warehouse) -> str:
    """Return the stage of models as a location, `@...`."""
    objects = warehouse.settings.objects
    return f"@{quote(objects.database)}.{quote(objects.ml)}.{quote('MODELS')}"


def put(connection: Any, location: str, trained: TrainedModel) -> int:
    """Write a training's files to `location`/<version> and return their bytes."""
    from vistora_assets.modelling.persistence import dump

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        dump(trained.predictor, path / MODEL)
        trained.gate.to_parquet(path / GATE)
        content = {
            "report": trained.report,
            "sha256": {name: _digest(path / name) for name in FILES if name != REPORT},
        }
        (path / REPORT).write_text(json.dumps(content, default=str), encoding="utf-8")
        for name in FILES:
            _run(
                connection,
                f"PUT 'file://{(path / name).as_posix()}' '{location}/{trained.version}' "
                "AUTO_COMPRESS = FALSE OVERWRITE = TRUE",
            )
        return sum((path / name).stat().st_size for name in FILES)


def exists(connection: Any, location: str, version: str) -> bool:
    """Tell whether a training's files are all on the stage."""
    listed = {str(row[0]).rsplit("/", 1)[-1] for row in _list(connection, location, version)}
    return set(FILES) <= listed


def get(connection: Any, location: str, version: str) -> TrainedModel:
    """Read a training's files from `location`/<version>.

    Raises:
        ModelFilesError: a file is missing or damaged.
        PersistenceError: the model was written by other versions.
    """
    import pandas as pd

    from vistora_assets.modelling.persistence import load

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        _run(connection, f"GET '{location}/{version}/' 'file://{path.as_posix()}/'")
        missing = [name for name in FILES if not (path / name).is_file()]
        if missing:
            raise ModelFilesError(
                f"{', '.join(missing)} of the training {version} is not on the stage {location}; "
                "materialize ml/user_spend_predictor again."
            )
        report = _checked(path, version, location)
        return TrainedModel(
            version=version,
            predictor=load(path / MODEL),
            gate=pd.read_parquet(path / GATE),
            report=report,
            reused=True,
        )


def _checked(path: Path, version: str, location: str) -> dict[str, Any]:
    """Return the report in a folder, after the other files were found to be what it says."""
    try:
        content = json.loads((path / REPORT).read_text(encoding="utf-8"))
        report, expected = dict(content["report"]), dict(content["sha256"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFilesError(_damaged([REPORT], version, location)) from error
    other = [
        name for name in FILES if name != REPORT and expected.get(name) != _digest(path / name)
    ]
    if other:
        raise ModelFilesError(_damaged(other, version, location))
    return report


def _damaged(names: Sequence[str], version: str, location: str) -> str:
    return (
        f"{', '.join(names)} of the training {version} on the stage {location} is damaged: it is "
        "not what was uploaded. Materialize ml/user_spend_predictor again."
    )


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _list(connection: Any, location: str, version: str) -> Sequence[Any]:
    return _run(connection, f"LIST '{location}/{version}/'")


def _run(connection: Any, sql: str) -> Sequence[Any]:
    cursor = connection.cursor()
    try:
        cursor.execute(sql)
        return cursor.fetchall()
    finally:
        cursor.close()


class ModelIOManager(dg.IOManager):
    """Keeps trainings on the stage; which one an asset has is a row in the references' table."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def handle_output(self, context: dg.OutputContext, obj: TrainedModel) -> None:
        """Put the files unless they are there, then note the version."""
        from vistora_assets.io_managers.references import write_row

        size = 0
        with self._warehouse.connection() as connection:
            if not obj.reused:
                size = put(connection, stage(self._warehouse), obj)
            write_row(
                connection,
                self._warehouse,
                context.asset_key,
                {"kind": "TrainedModel", "version": obj.version},
                context.run_id,
            )
        context.add_output_metadata(
            {
                "location": f"{stage(self._warehouse)}/{obj.version}",
                "bytes_uploaded": size,
                "reused": obj.reused,
            }
        )

    def load_input(self, context: dg.InputContext) -> TrainedModel:
        """Return the upstream asset's training.

        Raises:
            UnknownReferenceError: the asset was never materialized.
            ModelFilesError: a file is missing or damaged.
            PersistenceError: the model was written by other versions.
        """
        from vistora_assets.io_managers.references import read_row

        with self._warehouse.connection() as connection:
            row = read_row(connection, self._warehouse, context.asset_key)
            return get(connection, stage(self._warehouse), str(row["version"]))


def model_io_manager() -> dg.IOManagerDefinition:
    """Return the manager over the run's warehouse."""

    @dg.io_manager(
        required_resource_keys={"warehouse"},
        description="Fitted models as files on a stage, with checksums.",
    )
    def models(context: dg.InitResourceContext) -> ModelIOManager:
        return ModelIOManager(context.resources.warehouse)

    return models
