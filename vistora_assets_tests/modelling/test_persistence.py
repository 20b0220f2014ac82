"""A model file comes back as it was, or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest

from vistora_assets.modelling.contract import FEATURES
from vistora_assets.modelling.persistence import (
    PersistenceError,
    current_versions,
    dump,
    load,
    manifest_path,
    read_manifest,
)
from vistora_assets.modelling.predictor import SpendPredictor
from vistora_assets.modelling.training import TrainingResult


@pytest.fixture
def file(result: TrainingResult, tmp_path: Path) -> Path:
    path = tmp_path / "model.joblib"
    dump(result.predictor, path)
    return path


def test_round_trip(file: Path, result: TrainingResult, frame: pd.DataFrame) -> None:
    rows = frame[list(FEATURES)]
    np.testing.assert_array_equal(load(file).predict(rows), result.predictor.predict(rows))


def test_the_manifest_says_what_the_file_is(file: Path, result: TrainingResult) -> None:
    manifest = read_manifest(file)
    assert manifest.model_name == result.chosen
    assert manifest.identity == result.identity.digest()
    assert manifest.versions == current_versions()
    assert manifest.size_bytes == file.stat().st_size


def test_a_damaged_file_is_refused_before_it_is_unpickled(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))
    with pytest.raises(PersistenceError, match="damaged or was exchanged"):
        load(file)


@pytest.mark.parametrize("name", ["python", "scikit-learn", "numpy", "joblib"])
def test_other_versions_are_refused_by_name(file: Path, name: str) -> None:
    beside = manifest_path(file)
    manifest = json.loads(beside.read_text())
    manifest["versions"][name] = "0.1.2"
    beside.write_text(json.dumps(manifest))
    with pytest.raises(PersistenceError, match=rf"{name} 0\.1\.2 \(here "):
        load(file)


def test_a_patch_release_is_no_other_version(file: Path) -> None:
    beside = manifest_path(file)
    manifest = json.loads(beside.read_text())
    manifest["versions"]["numpy"] = ".".join(current_versions()["numpy"].split(".")[:2]) + ".99"
    beside.write_text(json.dumps(manifest))
    assert load(file).model_name


def test_missing_and_broken_companions_are_refused(file: Path) -> None:
    beside = manifest_path(file)
    beside.write_text("{}")
    with pytest.raises(PersistenceError, match="no manifest"):
        load(file)
    beside.unlink()
    with pytest.raises(PersistenceError, match="is missing beside"):
        load(file)


def test_a_missing_model_is_refused(file: Path) -> None:
    file.unlink()
    with pytest.raises(PersistenceError, match="no model file"):
        load(file)


def test_another_object_is_refused(file: Path, tmp_path: Path) -> None:
    manifest = json.loads(manifest_path(file).read_text())
    other = tmp_path / "other.joblib"
    joblib.dump({"a": 1}, other)
    import hashlib

    manifest["sha256"] = hashlib.sha256(other.read_bytes()).hexdigest()
    manifest_path(other).write_text(json.dumps(manifest))
    with pytest.raises(PersistenceError, match="holds a dict"):
        load(other)


def test_an_unfitted_predictor_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(PersistenceError, match="not fitted"):
        dump(SpendPredictor(), tmp_path / "model.joblib")
    assert list(tmp_path.iterdir()) == []
