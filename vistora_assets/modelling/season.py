"""The season of a forecast's window, learned from one year of a fixed cohort's spend.

Holds `SeasonIndex`. Add to it when another way to see a season in purchase logs is wanted. What
must not go here: features, or forecasts of single users.
"""

from __future__ import annotations

from typing import Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from vistora_assets.modelling.btyd import BetaGeometricNBD
from vistora_assets.modelling.contract import LABEL, column

Array = NDArray[np.float64]

YEAR: Final = 365.0
_TOLERANCE: Final = 16.0
"""Days, half a month: cutoffs need not lie exactly a year less a horizon apart."""


class SeasonIndex(BaseEstimator):
    """Spend of the same days a year before, over what buyers of that age spend without a season.

    Total spend says little about a season in a shop that grows, and a cohort's spend little where
    it shrinks. So the index follows the users known for a year when the newest label closes: their
    spend in each window that ends at a cutoff or at its label's end, divided by the purchases that
    BG/NBD expects of users of these tenures in that window, relative to the mean of the year. A
    window is forecast with the index of the window a year before. Where there is no such year, or
    too few such users, the index is one.

    Args:
        horizon_days: the windows' length.
        damping: the index is raised to this power; 0 ignores the season, 1 believes it whole.
        minimum_users: users known for a year, below which the index is one.
        limit: the index stays within 1 / limit and limit.

    Attributes:
        ends_: days since 1970-01-01 at which the known windows end, ascending; empty if unknown.
        index_: the index of each.
    """

    def __init__(
        self,
        *,
        horizon_days: int = 90,
        damping: float = 0.8,
        minimum_users: int = 200,
        limit: float = 2.0,
    ) -> None:
        self.horizon_days = horizon_days
        self.damping = damping
        self.minimum_users = minimum_users
        self.limit = limit

    def fit(self, X: pd.DataFrame, y: Array, purchases: BetaGeometricNBD) -> Self:
        """Learn the index from feature rows, their labels and a fitted purchase model.

        Args:
            X: the feature matrix of the training cutoffs.
            y: labels, shape (n,).
            purchases: BG/NBD, fitted on the newest cutoff, in days.
        """
        horizon = float(self.horizon_days)
        now, tenure = column(X, "as_of_days"), column(X, "tenure_days")
        newest = float(now.max())
        known = newest + horizon
        first_before = known - YEAR
        cohort = tenure >= now - first_before
        self.ends_, self.index_ = np.zeros(0), np.zeros(0)
        if int((cohort & (now == newest)).sum()) < self.minimum_users:
            return self
        rows = pd.DataFrame({"now": now, "before": column(X, "spent_previous_horizon"), LABEL: y})[
            cohort
        ]
        sums = rows.groupby("now").sum()
        spent = dict(zip(sums.index.to_numpy(dtype=np.float64) + horizon, sums[LABEL], strict=True))
        # Features see the window whole where a label saw only users known at its start; in a
        # cohort of users that are all known the two agree.
        spent.update(zip(sums.index.to_numpy(dtype=np.float64), sums["before"], strict=True))
        ends = np.array(sorted(e for e in spent if e >= first_before + horizon - _TOLERANCE))
        whole = len(ends) >= 3 and ends[0] <= first_before + horizon + _TOLERANCE
        if not whole or ends[-1] < known - _TOLERANCE:
            return self
        value = np.array([float(spent[end]) for end in ends])
        expected = self._expected(tenure[cohort & (now == newest)], ends - newest, purchases)
        if (value <= 0).any() or (expected <= 0).any():
            return self
        ratio = value / expected
        year = np.linspace(ends[0], known, 24)
        self.ends_ = ends
        self.index_ = ratio / float(np.interp(year, ends, ratio).mean())
        return self

    def _expected(self, tenure: Array, ends: Array, purchases: BetaGeometricNBD) -> Array:
        """Return the purchases that users of these tenures make in the windows that end there.

        `ends` are days after the newest cutoff; a user without history stands for a first purchase
        a tenure ago, so the published unconditional expectation is a forecast from x = t = 0.
        """
        weeks, users = np.unique(np.round(tenure / 7.0) * 7.0, return_counts=True)
        grid = np.arange(0.0, float(weeks.max()) + self.horizon_days + 15.0, 7.0)
        total = purchases.expected_after_first(grid)

        def until(time: Array) -> Array:
            return np.asarray(np.interp(np.maximum(time, 0.0), grid, total), dtype=np.float64)

        return np.array(
            [
                float(users @ (until(weeks + end) - until(weeks + end - self.horizon_days)))
                for end in ends
            ],
        )

    def predict(self, X: pd.DataFrame) -> Array:
        """Return the index of each row's window, shape (n,), one where the season is unknown."""
        check_is_fitted(self, "ends_")
        if len(self.ends_) == 0:
            return np.ones(len(X))
        year_before = column(X, "as_of_days") - YEAR + self.horizon_days
        # A forecast may lie years after the training; its season is that of the latest known year.
        ahead = np.ceil(np.maximum(year_before - self.ends_[-1], 0.0) / YEAR)
        index = np.interp(year_before - ahead * YEAR, self.ends_, self.index_)
        return np.clip(index, 1.0 / self.limit, self.limit) ** self.damping
