"""The naive forecasts that every model has to beat.

Holds forecasts that a person could make without a model, as scikit-learn estimators on the feature
matrix. Add to it when someone would honestly use another such rule. What must not go here:
anything that learns more than one or two numbers (`btyd`, `candidates`).
"""

from __future__ import annotations

from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import LinearRegression
from sklearn.utils.validation import check_is_fitted

from vistora_assets.modelling.contract import column

Array = NDArray[np.float64]


def _filled(X: pd.DataFrame, name: str) -> Array:
    return np.nan_to_num(column(X, name))


class ZeroSpend(RegressorMixin, BaseEstimator):
    """Nobody spends anything: what MAE alone would choose on sparse data."""

    def fit(self, X: pd.DataFrame, y: ArrayLike) -> Self:  # noqa: ARG002
        """Learn nothing."""
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X: pd.DataFrame) -> Array:
        """Return zeros, shape (n,)."""
        check_is_fitted(self)
        return np.zeros(len(X))


class MeanSpend(RegressorMixin, BaseEstimator):
    """Everybody spends the mean of the training labels.

    Attributes:
        mean_: that mean, in money.
    """

    def fit(self, X: pd.DataFrame, y: ArrayLike) -> Self:
        """Learn the mean label."""
        self.mean_ = float(np.mean(np.asarray(y, dtype=np.float64)))
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X: pd.DataFrame) -> Array:
        """Return the mean for every row, shape (n,)."""
        check_is_fitted(self)
        return np.full(len(X), self.mean_)


class PreviousPeriod(RegressorMixin, BaseEstimator):
    """Spend of the last horizon, times one number learned by least squares through the origin.

    Attributes:
        scale_: that number, >= 0; zero where nobody spent in any previous period.
    """

    _source = "spent_previous_horizon"

    def fit(self, X: pd.DataFrame, y: ArrayLike) -> Self:
        """Learn the scale."""
        x = _filled(X, self._source)
        squares = float(x @ x)
        product = float(x @ np.asarray(y, dtype=np.float64))
        self.scale_ = max(product / squares, 0.0) if squares > 0 else 0.0
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X: pd.DataFrame) -> Array:
        """Return the scaled spend of the previous period, shape (n,)."""
        check_is_fitted(self)
        return self.scale_ * np.maximum(_filled(X, self._source), 0.0)


class SameSeasonLastYear(RegressorMixin, BaseEstimator):
    """Spend of the same days a year before, as it was; the previous period before there was one.

    Rows with `season_observed` 0 (the log does not reach back a year) take the spend of the
    previous period.
    """

    def fit(self, X: pd.DataFrame, y: ArrayLike) -> Self:  # noqa: ARG002
        """Learn nothing."""
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X: pd.DataFrame) -> Array:
        """Return last year's spend of the season, shape (n,)."""
        check_is_fitted(self)
        observed = _filled(X, "season_observed") > 0
        season = _filled(X, "spent_season_last_year")
        return np.maximum(np.where(observed, season, _filled(X, "spent_previous_horizon")), 0.0)


class SeedLinearRegression(RegressorMixin, BaseEstimator):
    """The seed project's model: a straight line on `total_purchases`, with an honest label.

    Attributes:
        line_: the fitted `sklearn.linear_model.LinearRegression`.
    """

    def fit(self, X: pd.DataFrame, y: ArrayLike) -> Self:
        """Fit the line by least squares."""
        self.line_ = LinearRegression().fit(
            _filled(X, "total_purchases")[:, None],
            np.asarray(y, dtype=np.float64),
        )
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X: pd.DataFrame) -> Array:
        """Return the line's value, not below zero, shape (n,)."""
        check_is_fitted(self)
        line = self.line_.predict(_filled(X, "total_purchases")[:, None])
        return np.maximum(np.asarray(line, dtype=np.float64), 0.0)
