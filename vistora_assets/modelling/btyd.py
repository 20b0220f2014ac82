"""Buy-till-you-die models: BG/NBD, Pareto/NBD and Gamma-Gamma, and the spend forecast of them.

Holds the three classic models as scikit-learn estimators on plain matrices, fitted by maximum
likelihood with exact gradients, and `BTYDSpend`, which forecasts spend from the feature matrix by
two of them. Add to it when another model of purchase counts or of spend per purchase day is
wanted. What must not go here: learned corrections, blends (`candidates`), or calibration.

Times are in days in this project, but the estimators take any unit and give their parameters and
log-likelihood in that unit. Sources: Fader, Hardie and Lee, "Counting Your Customers the Easy Way"
(Marketing Science 24, 2005) for BG/NBD; Schmittlein, Morrison and Colombo, "Counting Your
Customers" (Management Science 33, 1987) for Pareto/NBD; Fader and Hardie, "The Gamma-Gamma Model
of Monetary Value" (2013) for Gamma-Gamma.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Final, Literal, Self, cast

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import digamma, gammaln, hyp2f1
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_array, check_is_fitted

from vistora_assets.modelling.contract import column

Array = NDArray[np.float64]

_LOG_BOUND: Final = 8.0
"""Parameters stay within exp(+-8) of the data's own scale: outside, the likelihood is flat."""

_NODES: Final[tuple[Array, Array]] = np.polynomial.legendre.leggauss(24)
_CHUNK: Final = 50_000


class CannotFit(ValueError):  # noqa: N818 - the sentence reads better than "CannotFitError"
    """The data cannot support the model's estimation; the message says what is missing."""


def _maximise(
    objective: Callable[[Array], tuple[float, Array]],
    starts: list[list[float]],
    name: str,
) -> tuple[Array, float]:
    """Return the parameters (> 0) of the highest mean log-likelihood over several starts, and it.

    `objective` takes the parameters and gives the mean log-likelihood and its gradient.
    """

    def negative(logs: Array) -> tuple[float, Array]:
        parameters = np.exp(logs)
        value, gradient = objective(parameters)
        if not np.isfinite(value) or not np.isfinite(gradient).all():
            return 1e10, np.zeros_like(logs)
        return -value, -gradient * parameters

    best: tuple[float, Array] | None = None
    for start in starts:
        result = minimize(
            negative,
            np.log(np.asarray(start, dtype=np.float64)),
            jac=True,
            method="L-BFGS-B",
            bounds=[(-_LOG_BOUND, _LOG_BOUND)] * len(start),
            options={"maxiter": 300, "ftol": 1e-12, "gtol": 1e-7},
        )
        value = float(result.fun)
        if value < 1e9 and (best is None or value < best[0] - 1e-12):
            best = (value, np.asarray(result.x, dtype=np.float64))
    if best is None:
        message = f"{name} found no parameters with a finite likelihood on this data."
        raise CannotFit(message)
    return np.exp(best[1]), -best[0]


def _subsample(values: Array, max_rows: int | None, seed: int) -> Array:
    if max_rows is None or len(values) <= max_rows:
        return values
    chosen = np.random.default_rng(seed).choice(len(values), size=max_rows, replace=False)
    return values[np.sort(chosen)]


def _purchase_matrix(X: ArrayLike) -> Array:
    values = cast("Array", check_array(X, dtype=np.float64, ensure_min_features=3))
    if values.shape[1] != 3:
        message = (
            f"X has {values.shape[1]} features; expected 3: repeat purchase days, time from first "
            "to last purchase, time from first purchase to the cutoff."
        )
        raise ValueError(message)
    x, t_x, t = values.T
    if (values < 0).any() or (t_x > t).any():
        message = (
            "Negative values in data, or a last purchase after the cutoff: X needs repeat purchase "
            "days >= 0 and 0 <= time of the last purchase <= observed time."
        )
        raise ValueError(message)
    if ((x == 0) != (t_x == 0)).any():
        message = "A user without repeat purchase days must have time 0 to the last one."
        raise ValueError(message)
    return values


class _PurchaseModel(BaseEstimator):
    """What BG/NBD and Pareto/NBD share: the fit on unique rows, in the data's own time scale."""

    _names: tuple[str, ...] = ()
    _scaled: tuple[str, ...] = ()
    _starts: tuple[tuple[float, ...], ...] = ()

    def __init__(
        self,
        *,
        horizon: float = 90.0,
        max_rows: int | None = 20_000,
        random_state: int = 0,
    ) -> None:
        self.horizon = horizon
        self.max_rows = max_rows
        self.random_state = random_state

    def _likelihood(self, parameters: Array, x: Array, t_x: Array, t: Array) -> tuple[Array, Array]:
        raise NotImplementedError

    def fit(self, X: ArrayLike, y: object = None) -> Self:  # noqa: ARG002
        """Fit by maximum likelihood.

        Args:
            X: shape (n, 3): repeat purchase days, time from first to last purchase, time from
                first purchase to the cutoff.
            y: ignored.

        Raises:
            ValueError: X has another shape or impossible values.
            CannotFit: nobody bought again, so that a rate cannot be estimated.
        """
        values = _purchase_matrix(X)
        self.n_features_in_ = 3
        values = _subsample(values, self.max_rows, self.random_state)
        repeaters = int((values[:, 0] > 0).sum())
        if repeaters < 2:
            message = f"{repeaters} of {len(values)} users bought again; at least 2 are needed."
            raise CannotFit(message)
        # A mean observed time of 10 makes the published starts fit any unit and any history.
        scale = float(values[:, 2].mean()) / 10.0
        rows, counts = np.unique(values, axis=0, return_counts=True)
        x, t_x, t = rows[:, 0], rows[:, 1] / scale, rows[:, 2] / scale
        share = counts / counts.sum()

        def objective(parameters: Array) -> tuple[float, Array]:
            value, gradient = self._likelihood(parameters, x, t_x, t)
            return float(share @ value), gradient @ share

        best, mean = _maximise(
            objective,
            [list(start) for start in self._starts],
            type(self).__name__,
        )
        for name, value in zip(self._names, best, strict=True):
            setattr(self, f"{name}_", float(value * (scale if name in self._scaled else 1.0)))
        self.n_rows_ = len(values)
        # The likelihood is a density of x purchase times, so a unit of time enters it x times.
        self.log_likelihood_ = float(mean * len(values) - values[:, 0].sum() * np.log(scale))
        return self

    def parameters(self) -> dict[str, float]:
        """Return the fitted parameters by name, in the units of the data."""
        check_is_fitted(self)
        return {name: float(getattr(self, f"{name}_")) for name in self._names}

    def predict(self, X: ArrayLike) -> Array:
        """Return the expected purchase days in the next `horizon`, shape (n,), float64 >= 0."""
        check_is_fitted(self)
        values = _purchase_matrix(X)
        out = np.empty(len(values))
        for start in range(0, len(values), _CHUNK):
            part = values[start : start + _CHUNK]
            out[start : start + _CHUNK] = self._expect(part[:, 0], part[:, 1], part[:, 2])
        return np.maximum(out, 0.0)

    def _expect(self, x: Array, t_x: Array, t: Array) -> Array:
        raise NotImplementedError


class BetaGeometricNBD(_PurchaseModel):
    """BG/NBD: gamma purchase rates, beta chance of leaving after each purchase.

    Attributes:
        r_, alpha_: shape and (time) rate of the gamma distribution of purchase rates.
        a_, b_: the beta distribution of the chance of leaving.
        log_likelihood_: at the maximum, over the rows used, in the units of the data.

    References:
        Fader, Hardie and Lee (2005), equations 6 (likelihood) and 10 (conditional expectation).
    """

    _names = ("r", "alpha", "a", "b")
    _scaled = ("alpha",)
    _starts = ((0.3, 2.0, 0.8, 2.4), (1.0, 5.0, 1.0, 1.0), (1.0, 10.0, 0.2, 4.0))

    def _likelihood(self, parameters: Array, x: Array, t_x: Array, t: Array) -> tuple[Array, Array]:
        r, alpha, a, b = parameters
        base = (
            gammaln(r + x)
            - gammaln(r)
            + r * np.log(alpha)
            + gammaln(a + b)
            + gammaln(b + x)
            - gammaln(b)
            - gammaln(a + b + x)
        )
        alive = -(r + x) * np.log(alpha + t)
        repeat = x > 0
        rest = np.where(repeat, b + x - 1.0, 1.0)
        left = np.where(repeat, np.log(a) - np.log(rest) - (r + x) * np.log(alpha + t_x), -np.inf)
        total = np.logaddexp(alive, left)
        p = np.exp(alive - total)
        q = 1.0 - p
        shared = digamma(a + b) - digamma(a + b + x)
        gradient = np.stack(
            [
                digamma(r + x)
                - digamma(r)
                + np.log(alpha)
                - p * np.log(alpha + t)
                - q * np.log(alpha + t_x),
                r / alpha - p * (r + x) / (alpha + t) - q * (r + x) / (alpha + t_x),
                shared + q / a,
                shared + digamma(b + x) - digamma(b) - q / rest,
            ],
        )
        return base + total, gradient

    def probability_alive(self, X: ArrayLike) -> Array:
        """Return the chance of still being a customer at the cutoff, shape (n,)."""
        check_is_fitted(self)
        x, t_x, t = _purchase_matrix(X).T
        return self._alive(x, t_x, t)

    def expected_after_first(self, times: ArrayLike) -> Array:
        """Return the expected purchases of a new user in the time after the first, shape (n,).

        Equation 9 of the paper, which is the conditional one for a user without history.
        """
        check_is_fitted(self)
        zero = np.zeros(1)
        each = [self._within(zero, zero, zero, float(t))[0] for t in np.atleast_1d(times)]
        return np.array(each, dtype=np.float64)

    def _alive(self, x: Array, t_x: Array, t: Array) -> Array:
        rest = np.maximum(self.b_ + x - 1.0, 1e-12)
        odds = np.log(self.a_ / rest) + (self.r_ + x) * (
            np.log(self.alpha_ + t) - np.log(self.alpha_ + t_x)
        )
        return np.where(x > 0, 1.0 / (1.0 + np.exp(np.minimum(odds, 700.0))), 1.0)

    def _expect(self, x: Array, t_x: Array, t: Array) -> Array:
        return self._within(x, t_x, t, float(self.horizon))

    def _within(self, x: Array, t_x: Array, t: Array, horizon: float) -> Array:
        # a = 1 is a removable singularity: a hair beside it costs ten digits of sixteen at most.
        a = self.a_ if abs(self.a_ - 1.0) > 1e-6 else 1.0 + 1e-6
        b, r = self.b_, self.r_
        z = horizon / (self.alpha_ + t + horizon)
        # Euler's transformation takes x out of the first two arguments of the published 2F1, which
        # overflows for frequent buyers; what is left is close to one.
        c = a + b + x - 1.0
        series = hyp2f1(a + b - 1.0 - r, a - 1.0, c, z)
        expected = c / (a - 1.0) * (1.0 - (1.0 - z) ** (a - 1.0) * series)
        return expected * self._alive(x, t_x, t)


class ParetoNBD(_PurchaseModel):
    """Pareto/NBD: gamma purchase rates, gamma rates of leaving, at any moment.

    The likelihood's hypergeometric functions are the integral over the moment of leaving. Put
    w = ((alpha + t_x) / (alpha + t))^(r + x + s): the integrand becomes
    ((alpha + t) / (beta + t))^(s + 1), smooth and bounded, constant where alpha = beta, so that 24
    Gauss-Legendre nodes give it, and with it the gradient, for all users at once.

    Attributes:
        r_, alpha_: shape and (time) rate of the gamma distribution of purchase rates.
        s_, beta_: shape and (time) rate of the gamma distribution of leaving rates.
        log_likelihood_: at the maximum, over the rows used, in the units of the data.

    References:
        Schmittlein, Morrison and Colombo (1987); the expectation as in Fader and Hardie, "A Note
        on Deriving the Pareto/NBD Model" (2005), equation 41.
    """

    _names = ("r", "alpha", "s", "beta")
    _scaled = ("alpha", "beta")
    _starts = ((0.6, 4.0, 0.6, 5.0), (1.0, 5.0, 0.2, 10.0), (1.0, 10.0, 1.5, 10.0))

    @staticmethod
    def _leaving(parameters: Array, x: Array, t_x: Array, t: Array) -> tuple[Array, Array, Array]:
        """Return log of the integral over the leaving time, the times and their shares, (n, m)."""
        r, alpha, s, beta = parameters
        nodes, weights = _NODES
        power = r + x + s
        log_w = -power * (np.log(alpha + t) - np.log(alpha + t_x))
        width = -np.expm1(log_w)
        w = 1.0 - width[:, None] * (0.5 - 0.5 * nodes)[None, :]
        times = (alpha + t_x)[:, None] * w ** (-1.0 / power)[:, None] - alpha
        ratio = (s + 1.0) * (np.log(alpha + times) - np.log(beta + times))
        top = ratio.max(axis=1, keepdims=True)
        mass = 0.5 * weights * np.exp(ratio - top)
        total = mass.sum(axis=1)
        with np.errstate(divide="ignore"):
            log_width = np.log(width)
        log_integral = (
            np.log(s)
            - np.log(power)
            - power * np.log(alpha + t_x)
            + log_width
            + np.log(total)
            + top[:, 0]
        )
        return log_integral, times, mass / total[:, None]

    def _likelihood(self, parameters: Array, x: Array, t_x: Array, t: Array) -> tuple[Array, Array]:
        r, alpha, s, beta = parameters
        left, times, share = self._leaving(parameters, x, t_x, t)
        alive = -(r + x) * np.log(alpha + t) - s * np.log(beta + t)
        total = np.logaddexp(alive, left)
        p = np.exp(alive - total)
        q = 1.0 - p
        base = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)

        def mean(values: Array) -> Array:
            return (share * values).sum(axis=1)

        gradient = np.stack(
            [
                digamma(r + x)
                - digamma(r)
                + np.log(alpha)
                - p * np.log(alpha + t)
                - q * mean(np.log(alpha + times)),
                r / alpha - (r + x) * (p / (alpha + t) + q * mean(1.0 / (alpha + times))),
                np.log(beta) - p * np.log(beta + t) + q * (1.0 / s - mean(np.log(beta + times))),
                s / beta - p * s / (beta + t) - q * (s + 1.0) * mean(1.0 / (beta + times)),
            ],
        )
        return base + total, gradient

    def probability_alive(self, X: ArrayLike) -> Array:
        """Return the chance of still being a customer at the cutoff, shape (n,)."""
        check_is_fitted(self)
        x, t_x, t = _purchase_matrix(X).T
        return self._alive(x, t_x, t)

    def _alive(self, x: Array, t_x: Array, t: Array) -> Array:
        parameters = np.array([self.r_, self.alpha_, self.s_, self.beta_])
        left, _, _ = self._leaving(parameters, x, t_x, t)
        alive = -(self.r_ + x) * np.log(self.alpha_ + t) - self.s_ * np.log(self.beta_ + t)
        return np.exp(alive - np.logaddexp(alive, left))

    def _expect(self, x: Array, t_x: Array, t: Array) -> Array:
        log_ratio = np.log(self.beta_ + t) - np.log(self.beta_ + t + self.horizon)
        excess = self.s_ - 1.0
        # -expm1(e * log) / e, continued through e = 0.
        span = -np.expm1(excess * log_ratio) / excess if abs(excess) > 1e-9 else -log_ratio
        rate = (self.r_ + x) / (self.alpha_ + t)
        return self._alive(x, t_x, t) * rate * (self.beta_ + t) * span


class GammaGamma(BaseEstimator):
    """Gamma-Gamma: the mean spend of a purchase day, shrunk by how often it was seen.

    Attributes:
        p_, q_, v_: the model's parameters, v in units of money.
        log_likelihood_: at the maximum, over the users with a mean above zero.

    References:
        Fader and Hardie (2013), equations 1a (likelihood) and 5 (conditional expectation).
    """

    _minimum_q: Final = 1.05
    """At q <= 1 the population's mean is infinite; a forecast of it would mean nothing."""

    def __init__(self, *, max_rows: int | None = 20_000, random_state: int = 0) -> None:
        self.max_rows = max_rows
        self.random_state = random_state

    @staticmethod
    def _matrix(X: ArrayLike) -> Array:
        values = cast("Array", check_array(X, dtype=np.float64, ensure_min_features=2))
        if values.shape[1] != 2:
            message = f"X has {values.shape[1]} features; expected 2: purchase days, mean spend."
            raise ValueError(message)
        if (values < 0).any():
            message = "Negative values in data: X needs purchase days and mean spends >= 0."
            raise ValueError(message)
        return values

    def fit(self, X: ArrayLike, y: object = None) -> Self:  # noqa: ARG002
        """Fit by maximum likelihood on the rows with at least one day and a mean above zero.

        Args:
            X: shape (n, 2): purchase days, mean spend of a purchase day.
            y: ignored.

        Raises:
            ValueError: X has another shape or negative values.
            CannotFit: fewer than three users with spend, or all spend the same.
        """
        values = self._matrix(X)
        self.n_features_in_ = 2
        used = values[(values[:, 0] > 0) & (values[:, 1] > 0)]
        used = _subsample(used, self.max_rows, self.random_state)
        if len(used) < 3 or np.ptp(used[:, 1]) <= 0:
            message = f"{len(used)} users with differing mean spend; at least 3 are needed."
            raise CannotFit(message)
        x = used[:, 0]
        scale = float(used[:, 1].mean())
        m = used[:, 1] / scale

        def objective(parameters: Array) -> tuple[float, Array]:
            p, above, v = parameters
            q = above + self._minimum_q
            shape = p * x
            log_sum = np.log(v + m * x)
            value = (
                gammaln(shape + q)
                - gammaln(shape)
                - gammaln(q)
                + q * np.log(v)
                + (shape - 1.0) * np.log(m)
                + shape * np.log(x)
                - (shape + q) * log_sum
            )
            both = digamma(shape + q)
            gradient = np.array(
                [
                    np.mean(x * (both - digamma(shape) + np.log(m) + np.log(x) - log_sum)),
                    np.mean(both - digamma(q) + np.log(v) - log_sum),
                    np.mean(q / v - (shape + q) / (v + m * x)),
                ],
            )
            return float(value.mean()), gradient

        best, mean = _maximise(
            objective,
            [[5.0, 2.5, 0.5], [1.0, 1.0, 1.0], [10.0, 10.0, 1.0]],
            "GammaGamma",
        )
        self.p_ = float(best[0])
        self.q_ = float(best[1] + self._minimum_q)
        self.v_ = float(best[2] * scale)
        self.n_rows_ = len(used)
        self.log_likelihood_ = float(mean * len(used) - len(used) * np.log(scale))
        return self

    def predict(self, X: ArrayLike) -> Array:
        """Return the expected spend of a purchase day, shape (n,); zero days give the mean."""
        check_is_fitted(self)
        x, m = self._matrix(X).T
        return self.p_ * (self.v_ + m * x) / (self.p_ * x + self.q_ - 1.0)


class BTYDSpend(RegressorMixin, BaseEstimator):
    """Spend in the horizon = expected purchase days x expected spend of a purchase day.

    Reads `purchase_days`, `active_span_days`, `tenure_days`, `total_spent` and
    `repeat_mean_day_amount` of the feature matrix. On a stack of cutoffs it is fitted on the
    newest one's rows: they hold the whole history, and older rows would count it again.

    Args:
        purchases: "bg_nbd" or "pareto_nbd".
        spend_days: "repeat" gives the spend model the days after the first, as published; "all"
            gives it every purchase day, so that a user seen once has a spend of their own.
        horizon_days: the length of the forecast.
        max_rows: users used for fitting, drawn with `random_state`; None for all.
        random_state: the seed of that draw.

    Attributes:
        purchase_model_, spend_model_: the fitted parts.
    """

    def __init__(
        self,
        *,
        purchases: Literal["bg_nbd", "pareto_nbd"] = "bg_nbd",
        spend_days: Literal["repeat", "all"] = "repeat",
        horizon_days: int = 90,
        max_rows: int | None = 20_000,
        random_state: int = 0,
    ) -> None:
        self.purchases = purchases
        self.spend_days = spend_days
        self.horizon_days = horizon_days
        self.max_rows = max_rows
        self.random_state = random_state

    reads_unlabelled: ClassVar[bool] = True
    """Rows without a label may be among those that it is fitted on."""

    def fit(self, X: pd.DataFrame, y: object = None) -> Self:  # noqa: ARG002
        """Fit both parts on the rows of the newest AS_OF of `X`; `y` is not looked at.

        Raises:
            ValueError: an unknown `purchases` or `spend_days`.
            CannotFit: too few users came back, or spent.
        """
        models: dict[str, type[_PurchaseModel]] = {
            "bg_nbd": BetaGeometricNBD,
            "pareto_nbd": ParetoNBD,
        }
        if self.purchases not in models or self.spend_days not in ("repeat", "all"):
            message = "purchases must be bg_nbd or pareto_nbd, spend_days repeat or all."
            raise ValueError(message)
        as_of = column(X, "as_of_days")
        newest = X[as_of == as_of.max()]
        options: dict[str, Any] = {"max_rows": self.max_rows, "random_state": self.random_state}
        model = models[self.purchases](horizon=float(self.horizon_days), **options)
        self.purchase_model_ = model.fit(self.purchases_of(newest))
        self.spend_model_ = GammaGamma(**options).fit(self._spend(newest))
        self.n_features_in_ = X.shape[1]
        return self

    @staticmethod
    def purchases_of(X: pd.DataFrame) -> Array:
        """Return what the purchase models read of the feature matrix, shape (n, 3), in days."""
        # Rows to be scored may hold what no log can (a repeat day, but no time between): they are
        # read as the nearest possible history, since a score must not fail on one odd row.
        tenure = np.maximum(np.nan_to_num(column(X, "tenure_days")), 0.0)
        span = np.clip(np.nan_to_num(column(X, "active_span_days")), 0.0, tenure)
        days = np.maximum(np.nan_to_num(column(X, "purchase_days")) - 1.0, 0.0)
        repeated = (days > 0) & (span > 0)
        return np.column_stack(
            [np.where(repeated, days, 0.0), np.where(repeated, span, 0.0), tenure]
        )

    def _spend(self, X: pd.DataFrame) -> Array:
        days = column(X, "purchase_days")
        if self.spend_days == "repeat":
            days = np.maximum(days - 1.0, 0.0)
            mean = column(X, "repeat_mean_day_amount")
        else:
            mean = column(X, "total_spent") / np.maximum(days, 1.0)
        return np.maximum(np.nan_to_num(np.column_stack([days, mean])), 0.0)

    def predict(self, X: pd.DataFrame) -> Array:
        """Return the expected spend in the horizon, shape (n,), float64 >= 0."""
        check_is_fitted(self)
        days = self.purchase_model_.predict(self.purchases_of(X))
        return days * self.spend_model_.predict(self._spend(X))


def stretch(X: pd.DataFrame, from_days: int, to_days: int) -> float:
    """Return how many times more is bought in `to_days` than in `from_days`, by BG/NBD.

    Customers leave, so that twice the time brings less than twice the purchases. Where the model
    cannot be fitted, the answer is the ratio of the lengths.
    """
    as_of = column(X, "as_of_days")
    rows = BTYDSpend.purchases_of(X[as_of == as_of.max()])
    try:
        model = BetaGeometricNBD().fit(rows)
    except CannotFit:
        return to_days / from_days
    total = {
        days: float(model.set_params(horizon=float(days)).predict(rows).sum())
        for days in (from_days, to_days)
    }
    return total[to_days] / total[from_days] if total[from_days] > 0 else to_days / from_days
