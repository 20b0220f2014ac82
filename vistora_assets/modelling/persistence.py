"""A fitted predictor as a file: joblib, with a checksum and the versions that wrote it.

Holds `dump` and `load`. Add to it when another version must match. What must not go here: stages,
registries or any place but a local path. As with every pickle, load only files from places that
only this project writes to; the checksum finds damage, not malice.
"""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import joblib

from vistora_assets.modelling.predictor import SpendPredictor


class PersistenceError(ValueError):
    """A model file that must not be loaded; the message says why and what to do."""


@dataclass(frozen=True)
class Manifest:
    """What stands beside a model file.

    Attributes:
        sha256: of the file's bytes.
        size_bytes: of the file.
        model_name, feature_version, identity, horizon_days: the predictor's.
        versions: "python", "scikit-learn", "numpy" and "joblib" to their versions.
    """

    sha256: str
    size_bytes: int
    model_name: str
    feature_version: str
    identity: str
    horizon_days: int
    versions: dict[str, str]


def current_versions() -> dict[str, str]:
    """Return the versions that a model's pickle depends on."""
    found = {name: version(name) for name in ("scikit-learn", "numpy", "joblib")}
    return {"python": platform.python_version(), **found}


def manifest_path(path: Path) -> Path:
    """Return where the manifest of a model file stands: beside it, with .json added."""
    return path.with_name(f"{path.name}.json")


def _minor(text: str) -> str:
    return ".".join(text.split(".")[:2])


def dump(predictor: SpendPredictor, path: Path) -> Manifest:
    """Write a fitted predictor to `path` and its manifest beside it, and return the manifest.

    Raises:
        PersistenceError: the predictor is not fitted.
    """
    if not hasattr(predictor, "model_"):
        message = "the predictor is not fitted; fit it before it is written."
        raise PersistenceError(message)
    joblib.dump(predictor, path, compress=3)
    content = path.read_bytes()
    manifest = Manifest(
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        model_name=predictor.model_name,
        feature_version=predictor.feature_version,
        identity=predictor.identity,
        horizon_days=predictor.horizon_days,
        versions=current_versions(),
    )
    manifest_path(path).write_text(
        json.dumps(asdict(manifest), indent=2, sort_keys=True) + "\n",
        encoding="utf-8",
    )
    return manifest


def read_manifest(path: Path) -> Manifest:
    """Return the manifest of the model file at `path`.

    Raises:
        PersistenceError: it is missing or no manifest.
    """
    beside = manifest_path(path)
    try:
        return Manifest(**json.loads(beside.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        message = f"{beside.name} is missing beside the model; copy both files, or train again."
        raise PersistenceError(message) from error
    except (TypeError, ValueError) as error:
        message = f"{beside.name} is no manifest of a model; train again to write a new one."
        raise PersistenceError(message) from error


def load(path: Path) -> SpendPredictor:
    """Return the predictor at `path`, after its checksum and versions were found to match.

    Versions match when their first two numbers do.

    Raises:
        PersistenceError: a file is missing or damaged, or was written by other versions.
    """
    manifest = read_manifest(path)
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        message = f"there is no model file {path.name}; train again to write one."
        raise PersistenceError(message) from error
    found = hashlib.sha256(content).hexdigest()
    if found != manifest.sha256:
        message = (
            f"{path.name} is damaged or was exchanged: its SHA-256 is {found[:12]}..., the "
            f"manifest says {manifest.sha256[:12]}.... Fetch it again, or train again."
        )
        raise PersistenceError(message)
    here = current_versions()
    other = [
        f"{name} {manifest.versions.get(name, 'unknown')} (here {here[name]})"
        for name in here
        if _minor(manifest.versions.get(name, "")) != _minor(here[name])
    ]
    if other:
        message = (
            f"{path.name} was written by {', '.join(other)}; a model is only safe to read with "
            "the versions that wrote it. Install those, or train again."
        )
        raise PersistenceError(message)
    predictor = joblib.load(path)
    if not isinstance(predictor, SpendPredictor):
        message = f"{path.name} holds a {type(predictor).__name__}, not a SpendPredictor."
        raise PersistenceError(message)
    return predictor
