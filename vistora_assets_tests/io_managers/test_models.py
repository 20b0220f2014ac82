"""A training's files come back as they were put, or are refused with a sentence."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from vistora_assets.io_managers import models
from vistora_assets.io_managers.models import ModelFilesError, TrainedModel, model_io_manager
from vistora_assets.io_managers.references import UnknownReferenceError
from vistora_assets.modelling import persistence
from vistora_assets.modelling.contract import FEATURES
from vistora_assets.modelling.persistence import PersistenceError
from vistora_assets.modelling.predictor import SpendPredictor
from vistora_assets.resources.warehouse import Warehouse, warehouse_resource
from vistora_assets.settings import Settings

ROWS = pd.DataFrame({name: np.arange(1.0, 6.0) for name in FEATURES})


def trained(version: str) -> TrainedModel:
    """Return a small training, as the asset makes one."""
    model = SpendPredictor(LinearRegression()).fit(ROWS, np.arange(5.0))
    gate = pd.DataFrame({"user_id": ["u1", "u2"], "actual": [1.5, 0.0], "mean": [0.75, 0.75]})
    return TrainedModel(version, model, gate, {"chosen": "linear", "gate_as_of": "2024-01-01"})


@pytest.fixture
def connection(warehouse: Warehouse) -> Iterator[Any]:
    with warehouse.connection() as opened:
        yield opened


@pytest.fixture
def location(warehouse: Warehouse) -> str:
    return models.stage(warehouse)


def exchange(connection: Any, location: str, version: str, path: Path, content: bytes) -> None:
    """Put other content under the name of one of a training's files."""
    path.write_bytes(content)
    connection.cursor().execute(
        f"PUT 'file://{path.as_posix()}' '{location}/{version}' "
        "AUTO_COMPRESS = FALSE OVERWRITE = TRUE"
    )


def fetched(connection: Any, location: str, version: str, folder: Path) -> dict[str, bytes]:
    connection.cursor().execute(f"GET '{location}/{version}/' 'file://{folder.as_posix()}/'")
    return {name: (folder / name).read_bytes() for name in models.FILES}


def test_a_training_comes_back_as_it_was(connection: Any, location: str) -> None:
    made = trained("V_ROUND")
    assert not models.exists(connection, location, "V_ROUND")
    assert models.put(connection, location, made) > 0
    assert models.exists(connection, location, "V_ROUND")
    found = models.get(connection, location, "V_ROUND")
    np.testing.assert_array_equal(found.predictor.predict(ROWS), made.predictor.predict(ROWS))
    pd.testing.assert_frame_equal(found.gate, made.gate)
    assert (found.version, found.report, found.reused) == ("V_ROUND", made.report, True)


def test_putting_a_training_again_replaces_it(connection: Any, location: str) -> None:
    """A training after a killed one, or after a damaged file, writes over what is there."""
    made = trained("V_AGAIN")
    models.put(connection, location, made)
    models.put(connection, location, replace(made, report={"chosen": "other"}))
    assert models.get(connection, location, "V_AGAIN").report == {"chosen": "other"}


@pytest.mark.parametrize("name", models.FILES)
def test_a_truncated_upload_is_refused_by_name(
    name: str, connection: Any, location: str, tmp_path: Path
) -> None:
    """Half of any of the files is not taken for the whole."""
    version = f"V_HALF_{models.FILES.index(name)}"
    models.put(connection, location, trained(version))
    whole = fetched(connection, location, version, tmp_path)[name]
    exchange(connection, location, version, tmp_path / name, whole[: len(whole) // 2])
    with pytest.raises(ModelFilesError, match=f"{name} of the training {version} .* is damaged"):
        models.get(connection, location, version)


def test_a_file_of_another_training_is_refused(
    connection: Any, location: str, tmp_path: Path
) -> None:
    """Whole, loadable, and not the one that was put there."""
    for version in ("V_ONE", "V_OTHER"):
        models.put(connection, location, trained(version))
    other = replace(trained("V_OTHER"), gate=trained("V_OTHER").gate.assign(mean=[9.0, 9.0]))
    models.put(connection, location, other)
    content = fetched(connection, location, "V_OTHER", tmp_path)[models.GATE]
    exchange(connection, location, "V_ONE", tmp_path / models.GATE, content)
    with pytest.raises(ModelFilesError, match=r"gate\.parquet of the training V_ONE"):
        models.get(connection, location, "V_ONE")


def test_missing_files_are_named_and_the_training_does_not_count_as_there(
    connection: Any, location: str
) -> None:
    """What an upload leaves that died before its end; the report goes last."""
    models.put(connection, location, trained("V_PART"))
    for name in (models.GATE, models.REPORT):
        connection.cursor().execute(f"REMOVE '{location}/V_PART/{name}'")
    assert not models.exists(connection, location, "V_PART")
    with pytest.raises(
        ModelFilesError, match=r"gate\.parquet, report\.json of .* not on the stage"
    ):
        models.get(connection, location, "V_PART")


def test_a_model_of_other_versions_is_refused_with_their_names(
    connection: Any, location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = persistence.current_versions()
    with monkeypatch.context() as patched:
        patched.setattr(persistence, "current_versions", lambda: {**real, "scikit-learn": "0.1.0"})
        models.put(connection, location, trained("V_OLD"))
    with pytest.raises(PersistenceError, match=r"written by scikit-learn 0\.1\.0"):
        models.get(connection, location, "V_OLD")


def materialize(settings: Settings, made: TrainedModel, seen: list[TrainedModel]) -> Any:
    @dg.asset(key=["ml", "a_model"], io_manager_key="models")
    def a_model() -> Any:
        return made

    @dg.asset(
        ins={"found": dg.AssetIn(["ml", "a_model"], input_manager_key="models")},
        io_manager_key="nothing",
    )
    def reader(found: Any) -> None:
        seen.append(found)

    return dg.materialize(
        [a_model, reader],
        resources={
            "warehouse": warehouse_resource(settings),
            "models": model_io_manager(),
            "nothing": dg.mem_io_manager,
        },
    )


def test_downstream_gets_the_newest_training_and_one_that_is_reused_is_not_put_again(
    settings: Settings, warehouse: Warehouse
) -> None:
    seen: list[TrainedModel] = []
    uploaded: list[int] = []
    for version, reused in (("V_A", False), ("V_B", False), ("V_A", True)):
        result = materialize(settings, replace(trained(version), reused=reused), seen)
        (event,) = [
            one
            for one in result.get_asset_materialization_events()
            if one.asset_key == dg.AssetKey(["ml", "a_model"])
        ]
        metadata = event.step_materialization_data.materialization.metadata
        uploaded.append(int(metadata["bytes_uploaded"].value))
    assert [one.version for one in seen] == ["V_A", "V_B", "V_A"]
    assert uploaded[0] > 0
    assert uploaded[2] == 0
    with warehouse.connection() as connection:
        content = connection.cursor().execute(
            "SELECT CONTENT FROM ML.ARTIFACTS WHERE ASSET_KEY = 'ml/a_model'"
        )
        assert content is not None
        (row,) = content.fetchall()
    assert json.loads(dict(enumerate(row))[0]) == {"kind": "TrainedModel", "version": "V_A"}


def test_a_model_that_was_never_made_is_asked_for_by_name(settings: Settings) -> None:
    @dg.asset(
        ins={"found": dg.AssetIn(["ml", "never"], input_manager_key="models")},
        io_manager_key="nothing",
    )
    def reader(found: Any) -> None:
        raise AssertionError(found)

    never = dg.AssetSpec(["ml", "never"], metadata={"dagster/io_manager_key": "models"})
    with pytest.raises(UnknownReferenceError, match="ml/never was never materialized here"):
        dg.materialize(
            [reader, never],
            resources={
                "warehouse": warehouse_resource(settings),
                "models": model_io_manager(),
                "nothing": dg.mem_io_manager,
            },
        )
