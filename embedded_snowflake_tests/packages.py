"""Model packages for tests, made by snowflake.ml's own packager as the registry's client does.

What it holds: makers of packages from an estimator or from source code. Not for models that are
logged through a registry; those tests call the client.
"""

from __future__ import annotations

import importlib
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from pathlib import Path

CODE_OF_SCALER = """
from sklearn.base import BaseEstimator, RegressorMixin

class Estimator(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        self.fitted_ = True
        return self

    def predict(self, X):
        return X["A"].to_numpy() * {factor}
"""
"""Source of an estimator whose prediction is its column A times a factor, to be formatted in."""


def pack(
    directory: Path,
    model: Any,
    inputs: dict[str, str] | None = None,
    output: str = "DOUBLE",
    code_paths: list[str] | None = None,
) -> Path:
    """Write a package to ``directory`` and return it.

    Args:
        directory: where to; must not exist.
        model: a fitted estimator.
        inputs: columns and names of their types in ``model_signature.DataType``.
        output: the same for the one output, ``output_feature_0``.
        code_paths: source that the package brings along.
    """
    from snowflake.ml.model import model_signature
    from snowflake.ml.model._packager.model_packager import ModelPackager

    kinds = model_signature.DataType
    signature = model_signature.ModelSignature(
        inputs=[
            model_signature.FeatureSpec(name, kinds[kind])
            for name, kind in (inputs or {"A": "DOUBLE", "B": "DOUBLE"}).items()
        ],
        outputs=[model_signature.FeatureSpec("output_feature_0", kinds[output])],
    )
    ModelPackager(str(directory)).save(
        name=directory.name,
        model=model,
        signatures={"predict": signature},
        code_paths=code_paths,  # pyright: ignore[reportArgumentType]
        options={"relax_version": False, "enable_explainability": False},  # pyright: ignore[reportArgumentType]
    )
    return directory


def pack_code(
    directory: Path,
    code: str,
    source_root: Path,
    *,
    inputs: dict[str, str] | None = None,
    output: str = "DOUBLE",
    with_code: bool = True,
) -> Path:
    """Write a package of the class ``Estimator`` in a module that other packages have as well.

    Args:
        directory: where to; must not exist.
        code: source of the module ``shared_name``.
        source_root: where the source is put, beneath ``source_<directory's name>``.
        inputs, output: as for ``pack``.
        with_code: whether the package brings the source along.
    """
    source = source_root / f"source_{directory.name}"
    package = source / "shared_name"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(textwrap.dedent(code), encoding="utf-8")
    estimator = fitted_from(source)
    return pack(directory, estimator, inputs, output, [str(package)] if with_code else None)


def fitted_from(source: Path) -> Any:
    """An ``Estimator`` of the module ``shared_name`` beneath ``source``, fitted on two rows."""
    sys.path.insert(0, str(source))
    sys.modules.pop("shared_name", None)
    importlib.invalidate_caches()
    try:
        estimator = importlib.import_module("shared_name").Estimator()
    finally:
        sys.path.remove(str(source))
    return estimator.fit(pd.DataFrame({"A": [0.0, 1.0], "B": [1.0, 0.0]}), [0.0, 1.0])
