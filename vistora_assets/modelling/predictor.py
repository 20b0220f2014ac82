"""The one class that is registered and served.

Holds `SpendPredictor`: a fitted model with the names of its features, what it was trained on and
the cap of its forecasts. Add to it only what serving needs. What must not go here: how a model
learns, or anything that needs more than the rows to be scored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.utils.validation import check_is_fitted

from vistora_assets.modelling.btyd import stretch
from vistora_assets.modelling.contract import FEATURES, column, feature_matrix

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Cap:
    """How much a forecast may say, by what the training labels showed.

    Attributes:
        common: the 99.9 % quantile of the labels; anyone may be forecast that much.
        multiple: above it, at most this many times the user's own spend so far: the largest such
            multiple among the labels above `common`.
        ceiling: nobody is forecast more: the largest label, and a half of it.
    """

    common: float
    multiple: float
    ceiling: float

    @classmethod
    def learn(cls, labels: Array, total_spent: Array) -> Cap:
        """Return the cap that the labels, shape (n,), of users with that past spend support."""
        common = float(np.quantile(labels, 0.999))
        large = (labels > common) & (total_spent > 0)
        multiple = float((labels[large] / total_spent[large]).max()) if large.any() else 1.0
        return cls(common=common, multiple=multiple, ceiling=1.5 * float(labels.max()))

    def apply(self, forecast: Array, total_spent: Array) -> Array:
        """Return the forecast, shape (n,), not negative and not above the cap."""
        own = np.maximum(self.common, self.multiple * np.nan_to_num(total_spent))
        return np.clip(forecast, 0.0, np.minimum(own, self.ceiling))


class SpendPredictor(RegressorMixin, BaseEstimator):
    """Forecasts a user's spend in the horizon from a row of the feature view.

    Takes the feature columns in any order and case, as a registry serves them, other columns
    beside them, and nothing else.

    Args:
        model: an estimator on the feature matrix; it is cloned, then fitted.
        feature_names: the columns that it needs.
        horizon_days: the length of the forecast.
        label_days: the length of the labels learned from; the horizon by default.
        model_name: its name in the catalogue.
        feature_version: the version of the feature view that it was trained on.
        identity: the digest of the training's identity.

    Attributes:
        model_: the fitted model.
        cap_: the forecasts' cap.
    """

    def __init__(
        self,
        model: Any = None,
        *,
        feature_names: Sequence[str] = FEATURES,
        horizon_days: int = 90,
        label_days: int | None = None,
        model_name: str = "",
        feature_version: str = "",
        identity: str = "",
    ) -> None:
        self.model = model
        self.feature_names = feature_names
        self.horizon_days = horizon_days
        self.label_days = label_days
        self.model_name = model_name
        self.feature_version = feature_version
        self.identity = identity

    def fit(self, X: pd.DataFrame, y: ArrayLike) -> Self:
        """Fit the model and learn the cap.

        Args:
            X: the feature columns, one row a user and AS_OF.
            y: spend in the `label_days`, shape (n,), >= 0, NaN where it is not known yet. Rows
                without a label show buy-till-you-die models the newest state of the users.

        Raises:
            ContractError: a feature column is missing or no number.
            CannotFit: the labels cannot support the model.
        """
        matrix = feature_matrix(X, self.feature_names)
        labels = np.asarray(y, dtype=np.float64)
        model, known = clone(self.model), ~np.isnan(labels)
        whole = getattr(model, "reads_unlabelled", False)
        self.model_ = (
            model.fit(matrix, labels) if whole else model.fit(matrix[known], labels[known])
        )
        label_days = self.horizon_days if self.label_days is None else self.label_days
        self.stretch_ = 1.0
        if label_days != self.horizon_days and "horizon_days" not in model.get_params():
            self.stretch_ = stretch(matrix, label_days, self.horizon_days)
        longer = self.horizon_days / label_days
        past = np.nan_to_num(column(matrix, "total_spent"))
        self.cap_ = Cap.learn(longer * labels[known], past[known])
        self.n_features_in_ = matrix.shape[1]
        return self

    def predict(self, X: pd.DataFrame) -> Array:
        """Return the expected spend in the next `horizon_days`, shape (n,), in money.

        Every number is finite, not negative and not above the cap; a row's forecast depends on
        that row alone.

        Raises:
            ContractError: a feature column is missing or no number; the message names it.
            RuntimeError: the model gave something that is no number.
        """
        check_is_fitted(self)
        matrix = feature_matrix(X, self.feature_names)
        if len(matrix) == 0:
            return np.zeros(0)
        forecast = np.asarray(self.model_.predict(matrix), dtype=np.float64)
        bad = int(np.isnan(forecast).sum())
        if bad:
            message = (
                f"the model {self.model_name} gave no number for {bad} of {len(forecast)} rows; "
                "its features may hold values that it never saw. Check the feature view's rows."
            )
            raise RuntimeError(message)
        return self.cap_.apply(self.stretch_ * forecast, column(matrix, "total_spent"))
