"""How good a forecast is: point metrics, their bootstrap intervals and paired differences.

Holds every number that the project reports about a forecast, from arrays of actual and predicted
spend alone. Add to it when another such number is reported. What must not go here: which rows are
compared (`splits`, `training`) and what follows from a comparison (`promotion`).

The bootstrap resamples users with replacement (Efron and Tibshirani, "An Introduction to the
Bootstrap", 1993, chapters 6 and 13). Resamples are counts of rows, so that a model's order is
sorted once and all resamples are sums along it; the same seed gives the same resamples for every
model, which is what makes the differences paired.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import spearmanr

Array = NDArray[np.float64]

TIES_SEED: Final = 20_120_917
"""Ties in a prediction are broken by this one random order, so a constant earns nothing by luck."""

METRICS: Final = (
    "r2",
    "mse",
    "mae",
    "rmse",
    "bias",
    "gini",
    "top_decile_capture",
    "spearman",
)

_BLOCK: Final = 2_000_000
"""Cells of a block of resamples: 16 MB of counts at a time."""


@dataclass(frozen=True)
class Interval:
    """A number with the bounds of its bootstrap interval; None where it is not defined."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class PairedDifference:
    """First minus second on the same rows, with its interval and how often it was below zero."""

    difference: float
    low: float
    high: float
    probability_below: float


def _pair(actual: ArrayLike, predicted: ArrayLike) -> tuple[Array, Array]:
    a = np.asarray(actual, dtype=np.float64)
    p = np.asarray(predicted, dtype=np.float64)
    if a.ndim != 1 or a.shape != p.shape or len(a) == 0:
        message = (
            f"actual and predicted must be of one length above zero, one number a row; they have "
            f"the shapes {a.shape} and {p.shape}."
        )
        raise ValueError(message)
    if not (np.isfinite(a).all() and np.isfinite(p).all()):
        message = "actual and predicted must be finite; drop or fill missing values before."
        raise ValueError(message)
    return a, p


def ranking(score: ArrayLike) -> NDArray[np.int64]:
    """Return the rows from the highest score down, shape (n,), ties in one fixed random order."""
    score = np.asarray(score, dtype=np.float64)
    shuffled = np.random.default_rng(TIES_SEED).permutation(len(score))
    return shuffled[np.argsort(-score[shuffled], kind="stable")]


def _area(weights: Array, values: Array) -> Array:
    """Return the share captured, averaged over the population, shape (m,).

    `weights` is (m, n), `values` (n,), both in the order of the ranking: the trapezoid rule under
    the Lorenz curve (Lorenz 1905) of every resample.
    """
    cumulated = np.cumsum(weights, axis=1)
    middle = 1.0 - (cumulated - 0.5 * weights) / cumulated[:, -1:]
    total = weights @ values
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((weights * middle) @ values / total, dtype=np.float64)


def gini(actual: ArrayLike, predicted: ArrayLike) -> float | None:
    """Return the normalised Gini coefficient: 1 for the perfect order, near 0 for a random one.

    The area between the Lorenz curve of the actual spend in the order of the prediction and the
    diagonal, over that in the order of the actual spend itself (Frees, Meyers and Cummings,
    "Summarizing Insurance Scores Using a Gini Index", JASA 106, 2011, normalised). None for a
    constant prediction, and where the actual is the same for all, since then there is no order.
    """
    a, p = _pair(actual, predicted)
    if np.ptp(p) == 0 or np.ptp(a) == 0 or a.sum() <= 0:
        return None
    one = np.ones((1, len(a)))
    order, perfect = ranking(p), ranking(a)
    return float((_area(one, a[order])[0] - 0.5) / (_area(one, a[perfect])[0] - 0.5))


def top_decile_capture(actual: ArrayLike, predicted: ArrayLike) -> float | None:
    """Return the share of actual spend that the tenth of users forecast highest brought.

    The tenth is rounded up to whole users. None where nothing was spent or all are forecast alike.
    """
    a, p = _pair(actual, predicted)
    if a.sum() <= 0 or np.ptp(p) == 0:
        return None
    top = ranking(p)[: -(-len(a) // 10)]
    return float(a[top].sum() / a.sum())


def spearman(actual: ArrayLike, predicted: ArrayLike) -> float | None:
    """Return Spearman's rank correlation with mean ranks for ties; None where it is undefined."""
    a, p = _pair(actual, predicted)
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(p) == 0:
        return None
    return float(spearmanr(a, p).statistic)


def point_metrics(actual: ArrayLike, predicted: ArrayLike) -> dict[str, float | None]:
    """Return every metric by name, and `n`.

    `r2` is 1 - MSE over the variance of the actual (None where that is zero), `bias` predicted
    total over actual total (None where nothing was spent); `mse` is in money squared, `mae` and
    `rmse` in money.

    Raises:
        ValueError: the two are of different lengths, empty or not finite.
    """
    a, p = _pair(actual, predicted)
    error = p - a
    mse = float(np.mean(error**2))
    variance = float(np.var(a))
    total = float(a.sum())
    return {
        "n": float(len(a)),
        "r2": 1.0 - mse / variance if variance > 0 else None,
        "mse": mse,
        "mae": float(np.mean(np.abs(error))),
        "rmse": float(np.sqrt(mse)),
        "bias": float(p.sum() / total) if total > 0 else None,
        "gini": gini(a, p),
        "top_decile_capture": top_decile_capture(a, p),
        "spearman": spearman(a, p),
    }


def resamples(n: int, *, count: int, seed: int) -> Iterator[Array]:
    """Yield blocks of bootstrap counts, shape (rows of the block, n), `count` rows in all."""
    rng = np.random.default_rng(seed)
    block = max(1, _BLOCK // n)
    done = 0
    while done < count:
        size = min(block, count - done)
        rows = rng.integers(0, n, size=(size, n))
        rows += np.arange(size)[:, None] * n
        counts = np.bincount(rows.ravel(), minlength=size * n)
        yield counts.reshape(size, n).astype(np.float64)
        done += size


@dataclass(frozen=True)
class Bootstrap:
    """The resampled RMSE and Gini of several models on the same rows.

    Attributes:
        mse: model to its resampled mean squared errors, shape (count,).
        gini: model to its resampled normalised Gini coefficients; models without one are absent.
    """

    mse: Mapping[str, Array]
    gini: Mapping[str, Array]


def bootstrap(
    actual: ArrayLike,
    predictions: Mapping[str, ArrayLike],
    *,
    count: int = 200,
    seed: int = 0,
) -> Bootstrap:
    """Resample users, the same ones for every model.

    Args:
        actual: shape (n,).
        predictions: model to its forecast, shape (n,) each.
        count: resamples, 200 to 500 for 95 % intervals.
        seed: of the resamples.
    """
    a = np.asarray(actual, dtype=np.float64)
    pairs = {name: _pair(a, p)[1] for name, p in predictions.items()}
    squared = {name: (p - a) ** 2 for name, p in pairs.items()}
    orders = {name: ranking(p) for name, p in pairs.items() if gini(a, p) is not None}
    perfect = ranking(a)
    mse: dict[str, list[Array]] = {name: [] for name in pairs}
    ginis: dict[str, list[Array]] = {name: [] for name in orders}
    for counts in resamples(len(a), count=count, seed=seed):
        for name, errors in squared.items():
            mse[name].append(counts @ errors / len(a))
        if not orders:
            continue
        best = _area(counts[:, perfect], a[perfect]) - 0.5
        for name, order in orders.items():
            with np.errstate(invalid="ignore", divide="ignore"):
                ginis[name].append((_area(counts[:, order], a[order]) - 0.5) / best)
    return Bootstrap(
        mse={name: np.concatenate(parts) for name, parts in mse.items()},
        gini={name: np.concatenate(parts) for name, parts in ginis.items()},
    )


def interval(value: float | None, resampled: Array | None, level: float = 0.95) -> Interval:
    """Return a value with the percentile interval of its resamples (those that are defined)."""
    if value is None or resampled is None:
        return Interval(value, None, None)
    defined = resampled[np.isfinite(resampled)]
    if len(defined) == 0:
        return Interval(value, None, None)
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(defined, [tail, 1.0 - tail])
    return Interval(value, float(low), float(high))


def paired_difference(
    value: float,
    first: Array,
    second: Array,
    level: float = 0.95,
) -> PairedDifference:
    """Return first minus second with its interval, from resamples of the same rows.

    Args:
        value: the difference on the rows as they are.
        first, second: resampled values of the same seed, shape (count,).
        level: of the two-sided percentile interval.

    Raises:
        ValueError: no resample has both values.
    """
    both = first - second
    both = both[np.isfinite(both)]
    if len(both) == 0:
        message = "no resample has a value for both models; there are too few rows with spend."
        raise ValueError(message)
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(both, [tail, 1.0 - tail])
    below = float(np.mean(both < 0) + 0.5 * np.mean(both == 0))
    return PairedDifference(value, float(low), float(high), below)
