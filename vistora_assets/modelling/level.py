"""The level of a forecast's total, told from the same days a year before.

Holds `YearAgoLevel`. Add to it when there is other evidence of what everybody together will spend.
What must not go here: the order of users, and the season within a cohort (`season`).

A model of single users carries the level of the last months into the next ones, which is wrong
where the year has a season. What everybody spent in the same days a year before knows the season,
but not who has come and gone since. Their errors differ, so that a mean of the two, each weighted
by what is known of its errors, is better than either (Bates and Granger, "The Combination of
Forecasts", Operational Research Quarterly 20, 1969).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from vistora_assets.modelling.contract import column

Array = NDArray[np.float64]

YEAR: Final = 365.0
_TOLERANCE: Final = 16.0
"""Days, half a month: windows a horizon or a year apart need not match to the day."""


@dataclass(frozen=True)
class _Total:
    """Spend of a window, and what of it is in doubt.

    Attributes:
        known: of users who were customers at its start, as far as one can tell, and later days of
            the others.
        all, repeat: with every first day counted, and with none.
        noise: the sum of squares over the square of the sum: the relative variance of a total that
            so unequal users make up by chance.
    """

    known: float
    all: float
    repeat: float
    noise: float


def _total(spent: Array, first: Array, new: float = 1.0) -> _Total:
    """Return the total of `spent`, shape (n,), with `first`, of which a share `new` is of new users.

    A window of nothing but first purchases still needs a logarithm, hence the floor.
    """
    total, firsts = float(spent.sum()), float(first.sum())
    floor = 1e-3 * total
    return _Total(
        known=max(total - new * firsts, floor),
        all=total,
        repeat=max(total - firsts, floor),
        noise=float(spent @ spent) / max(total, 1e-12) ** 2,
    )


def _closest(totals: dict[float, _Total], end: float) -> _Total | None:
    if not totals:
        return None
    nearest = min(totals, key=lambda known: abs(known - end))
    return totals[nearest] if abs(nearest - end) <= _TOLERANCE else None


@dataclass(frozen=True)
class _Arrivals:
    """When users were first seen: days since 1970-01-01, shape (n,), until `until`.

    A log that begins in the midst of a running business shows old customers as new ones: many in
    its first window, fewer in the next, and then as many as really come. A business that begins
    with its log shows no such excess; a cohort shows nobody afterwards.
    """

    first: Array
    until: float
    window: float

    def count(self, end: float) -> float:
        """Return how many were first seen in the window that ends at `end`."""
        return float(((self.first >= end - self.window) & (self.first < end)).sum())

    @property
    def usual(self) -> float:
        """How many are first seen in a window, once the first one has passed."""
        start = float(self.first.min()) + self.window
        windows = max((self.until - start) / self.window, 1.0)
        return float((self.first >= start).sum()) / windows

    @property
    def began_before(self) -> bool:
        """Whether the business was running before its log."""
        start = float(self.first.min())
        opening = self.count(start + self.window)
        return self.usual <= 0.75 * opening and self.count(start + 2 * self.window) >= 0.1 * opening

    def new(self, end: float) -> float:
        """Return the share of those first seen in a window who are new, and not old ones."""
        return min(1.0, self.usual / max(self.count(end), 1.0)) if self.began_before else 1.0


class YearAgoLevel(BaseEstimator):
    """A factor on a forecast's total, from total spend a year before.

    The year-ago forecast of what known users spend in a window is the latest closed label's total
    times the ratio of the window to that label's window, both a year before. Where the log does not
    reach back so far, it is the ratio of the window a year before to the label's own, but only in a
    log that began in the midst of a running business: else it would take growth for a season. What
    new users spent on their first day does not count. Its variance is that of the prior and of
    chance, and more where first days make up another part of one total than of the other, since
    who was new then is not certain. What either forecast missed at cutoffs that have closed since
    is added to the prior. The factor is the ratio of the year-ago forecast to the other one, raised
    to its share of the precision.

    Args:
        horizon_days: the windows' length.
        spread: the prior standard deviation of the logarithm of either forecast's total.
        prior_weight: how many windows the prior counts for.
        minimum_users: users with a label, below which the factor is one.
        limit: the factor stays within 1 / limit and limit.

    Attributes:
        as_of_: days since 1970-01-01 from which windows with a known factor begin, ascending.
        log_factor_: the factor's logarithm for each.
        began_before_: whether the log seems to begin in the midst of a running business.
    """

    def __init__(
        self,
        *,
        horizon_days: int = 90,
        spread: float = 0.3,
        prior_weight: float = 2.0,
        minimum_users: int = 200,
        limit: float = 2.0,
    ) -> None:
        self.horizon_days = horizon_days
        self.spread = spread
        self.prior_weight = prior_weight
        self.minimum_users = minimum_users
        self.limit = limit

    def fit(self, X: pd.DataFrame, y: Array, forecast: Array) -> Self:
        """Compare totals.

        Args:
            X: the feature matrix of all cutoffs, with or without a label.
            y: labels, shape (n,), NaN where they are not known yet.
            forecast: the other forecast of the rows, shape (n,).
        """
        self.as_of_, self.log_factor_ = np.zeros(0), np.zeros(0)
        self.began_before_ = False
        horizon = float(self.horizon_days)
        now = column(X, "as_of_days")
        known = ~np.isnan(y)
        labels = {
            float(day): _total(y[rows], np.zeros(0))
            for day in np.unique(now[known])
            if (rows := known & (now == day)).sum() >= self.minimum_users and y[rows].sum() > 0
        }
        if horizon > YEAR or not labels:
            return self
        totals = self._totals(X, now)
        others = {float(day): float(forecast[now == day].sum()) for day in np.unique(now)}
        newest = max(others)
        found: dict[float, tuple[float, float]] = {}
        missed: dict[float, tuple[float, float]] = {}
        for day in sorted({*others, *(end + YEAR - horizon for end in totals)}):
            told = self._year_ago(day, labels, totals)
            # A year ahead the other forecast is not known: its level is that of today.
            other = np.log(max(others.get(day, others[newest]), 1e-12))
            if told is None:
                continue
            if day in labels:
                actual = np.log(labels[day].all)
                missed[day] = (told[0] - actual, other - actual)
            if day >= newest:
                found[day] = (told[0] - other, told[1])
        there, here = (self._variance(missed, place) for place in (0, 1))
        self.as_of_ = np.array(list(found))
        factors = [ratio * here / (here + there + more) for ratio, more in found.values()]
        self.log_factor_ = np.clip(factors, -np.log(self.limit), np.log(self.limit))
        return self

    def _totals(self, X: pd.DataFrame, now: Array) -> dict[float, _Total]:
        """Return what was spent in the windows that the features hold, by the day they end."""
        horizon = float(self.horizon_days)
        tenure = column(X, "tenure_days")
        first = np.nan_to_num(column(X, "first_day_amount"))
        before = np.nan_to_num(column(X, "spent_previous_horizon"))
        season = np.nan_to_num(column(X, "spent_season_last_year"))
        observed = column(X, "season_observed") > 0
        newest = now == now.max()
        arrivals = _Arrivals((now - tenure)[newest], float(now.max()), horizon)
        self.began_before_ = arrivals.began_before
        found: dict[float, _Total] = {}
        for day in np.unique(now):
            rows = now == day
            fresh = rows & (tenure <= horizon)
            if tenure[rows].max() >= horizon - 1.0:
                found[float(day)] = _total(before[rows], first[fresh], arrivals.new(day))
            if observed[rows].all():
                then = rows & (tenure <= YEAR) & (tenure > YEAR - horizon)
                end = float(day) - YEAR + horizon
                found.setdefault(end, _total(season[rows], first[then], arrivals.new(end)))
        return {end: total for end, total in sorted(found.items()) if total.all > 0}

    def _year_ago(
        self, day: float, labels: dict[float, _Total], totals: dict[float, _Total]
    ) -> tuple[float, float] | None:
        """Return log of the year-ago forecast of the window from `day` on, and its own variance."""
        horizon = float(self.horizon_days)
        target = _closest(totals, day - YEAR + horizon)
        closed = [start for start in labels if start + horizon <= day]
        if target is None or not closed:
            return None
        label_end = max(closed) + horizon
        base = _closest(totals, label_end - YEAR)
        if base is None and self.began_before_:
            base = _closest(totals, label_end)
        if base is None:
            return None
        label = labels[max(closed)]
        doubt = float(np.log(target.all / base.all) - np.log(target.repeat / base.repeat))
        chance = target.noise + base.noise + label.noise
        told = float(np.log(label.all) + np.log(target.known / base.known))
        return told, chance + 0.25 * doubt**2

    def _variance(self, missed: dict[float, tuple[float, float]], place: int) -> float:
        """Return the variance of a forecast's log error: the prior's and what was seen."""
        if not missed:
            return self.spread**2
        errors = np.array([pair[place] for pair in missed.values()])
        # Overlapping windows count as many as would fit beside each other.
        apart = min(len(errors), 1.0 + (max(missed) - min(missed)) / self.horizon_days)
        seen = apart * float(np.mean(errors**2))
        return (self.prior_weight * self.spread**2 + seen) / (self.prior_weight + apart)

    def predict(self, X: pd.DataFrame) -> Array:
        """Return the factor of each row's window, shape (n,), one where nothing is known."""
        check_is_fitted(self, "as_of_")
        if len(self.as_of_) == 0:
            return np.ones(len(X))
        day = column(X, "as_of_days")
        # A forecast may be asked for years after the training: its season is the known year's.
        day = day - np.ceil(np.maximum(day - self.as_of_[-1], 0.0) / YEAR) * YEAR
        known = day >= self.as_of_[0] - _TOLERANCE
        return np.exp(np.where(known, np.interp(day, self.as_of_, self.log_factor_), 0.0))
