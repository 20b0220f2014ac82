"""Fits that several models of one cutoff have in common.

Holds the memory of fitted parts while a cutoff is evaluated: blends differ in what they do with
their members, not in the members, and fitting those is most of a training's time. Use `fitted`
for a part that another model may be made of, too. What must not go here: what is kept longer than
one cutoff, or anything on disk.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar, cast

import joblib
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator

Model = TypeVar("Model", bound=BaseEstimator)

_FITS: ContextVar[dict[str, Any] | None] = ContextVar("_FITS", default=None)


@contextmanager
def shared_fits() -> Generator[None]:
    """Within it, `fitted` gives the same object for the same class, parameters and data."""
    before = _FITS.set({})
    try:
        yield
    finally:
        _FITS.reset(before)


def fitted(model: Model, X: pd.DataFrame, y: ArrayLike) -> Model:
    """Return the model fitted on these rows; it may be shared, so nobody changes it afterwards.

    Raises:
        Exception: whatever its `fit` raises; nothing is kept then.
    """
    fits = _FITS.get()
    if fits is None:
        return cast("Any", model).fit(X, y)
    # Fits are deterministic, so the content of what goes in names what comes out.
    # Contiguous, since a hash sees how an array lies in memory.
    values = [np.ascontiguousarray(part) for part in (X, y)]
    key = str(joblib.hash((type(model), model.get_params(), list(X.columns), values)))
    if key not in fits:
        fits[key] = cast("Any", model).fit(X, y)
    return cast("Model", fits[key])
