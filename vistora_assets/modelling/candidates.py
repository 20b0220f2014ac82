"""The learned forecasts: boosting, hurdle, corrections and blends of buy-till-you-die models.

Holds the candidates that selection chooses from, as scikit-learn estimators on the feature matrix.
Add to it when a model promises more than those here. What must not go here: baselines, the list of
candidates and their parameters (`catalogue`), or anything that sees a label of the forecast rows.

Boosters rank users well but cannot forecast more than they saw in a leaf; buy-till-you-die models
follow the largest spenders and carry the total, but know no windows or trends. The blends here
take both.
"""

from __future__ import annotations

from typing import ClassVar, Final, Literal, Self, cast

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import nnls
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import TweedieRegressor
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from vistora_assets.modelling.btyd import BetaGeometricNBD, BTYDSpend, CannotFit
from vistora_assets.modelling.contract import FEATURES, column
from vistora_assets.modelling.level import YearAgoLevel
from vistora_assets.modelling.season import SeasonIndex
from vistora_assets.modelling.shared_fits import fitted

Array = NDArray[np.float64]

_CALENDAR: Final = ("as_of_days", "season_sin", "season_cos", "season_observed")
"""Known to be beyond the training range at every forecast; a tree would only memorise cutoffs."""

TREE_FEATURES: Final = tuple(name for name in FEATURES if name not in _CALENDAR)


def _tree_matrix(X: pd.DataFrame) -> Array:
    """Return the booster's matrix (n, len(TREE_FEATURES)); an unobserved season is missing."""
    matrix = np.column_stack([column(X, name) for name in TREE_FEATURES])
    season = TREE_FEATURES.index("spent_season_last_year")
    matrix[column(X, "season_observed") <= 0, season] = np.nan
    return matrix


def _present(matrix: Array) -> NDArray[np.int64]:
    """Return the columns with any value: the booster cannot bin one that is missing throughout."""
    return np.flatnonzero(~np.isnan(matrix).all(axis=0))


def _edges(matrix: Array) -> list[Array]:
    """Return 200 quantiles of each column, without repeats; no column may be missing throughout."""
    levels = np.linspace(0.0, 1.0, 200)
    return [np.unique(np.nanquantile(c, levels, method="higher")) for c in matrix.T]


def _snapped(matrix: Array, edges: list[Array]) -> Array:
    """Return each value as the next quantile at or above it, the last one for what lies beyond.

    scikit-learn bins weighted rows by weighted quantiles of every distinct value, which takes
    longer than the trees; with fewer distinct values than bins it need not.
    """
    out = np.full_like(matrix, np.nan)
    for place, edge in enumerate(edges):
        value = matrix[:, place]
        known = ~np.isnan(value)
        index = np.minimum(np.searchsorted(edge, value[known]), len(edge) - 1)
        out[known, place] = edge[index]
    return out


def _rows(n: int, max_rows: int | None, seed: int) -> NDArray[np.int64]:
    if max_rows is None or n <= max_rows:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, size=max_rows, replace=False))


def _newest(X: pd.DataFrame) -> pd.DataFrame:
    now = column(X, "as_of_days")
    return X[now == now.max()]


def _labelled(X: pd.DataFrame, y: ArrayLike) -> tuple[pd.DataFrame, Array]:
    """Return the rows that have a label, and their labels."""
    labels = np.asarray(y, dtype=np.float64)
    known = ~np.isnan(labels)
    return X[known], _labels(labels[known])


def _labels(y: ArrayLike) -> Array:
    labels = np.asarray(y, dtype=np.float64)
    if not np.isfinite(labels).all() or (labels < 0).any():
        message = "labels must be finite and not negative."
        raise ValueError(message)
    if labels.sum() <= 0:
        message = "nobody spent anything in the training labels, so there is nothing to learn."
        raise CannotFit(message)
    return labels


class BoostedSpend(RegressorMixin, BaseEstimator):
    """Gradient-boosted trees on the whole feature matrix.

    Args:
        loss: "poisson" learns the mean on a log scale; "hurdle" multiplies the chance of buying
            with a gamma model of the spend of buyers; "root" fits squared error on the square
            root and gives the mean back by the residual variance.
        max_iter, learning_rate, max_leaf_nodes, min_samples_leaf, l2_regularization: as in
            `sklearn.ensemble.HistGradientBoostingRegressor`.
        max_rows: rows used for fitting, drawn with `random_state`; None for all.
        random_state: the seed of that draw and of the trees.
    """

    def __init__(
        self,
        *,
        loss: Literal["poisson", "hurdle", "root"] = "poisson",
        max_iter: int = 120,
        learning_rate: float = 0.06,
        max_leaf_nodes: int = 12,
        min_samples_leaf: int = 60,
        l2_regularization: float = 5.0,
        max_rows: int | None = 60_000,
        random_state: int = 0,
    ) -> None:
        self.loss = loss
        self.max_iter = max_iter
        self.learning_rate = learning_rate
        self.max_leaf_nodes = max_leaf_nodes
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.max_rows = max_rows
        self.random_state = random_state

    def _regressor(self, loss: str) -> HistGradientBoostingRegressor:
        return HistGradientBoostingRegressor(
            loss=loss,
            max_iter=self.max_iter,
            learning_rate=self.learning_rate,
            max_leaf_nodes=self.max_leaf_nodes,
            min_samples_leaf=self.min_samples_leaf,
            l2_regularization=self.l2_regularization,
            early_stopping=False,
            random_state=self.random_state,
        )

    def _classifier(self) -> HistGradientBoostingClassifier:
        return HistGradientBoostingClassifier(
            max_iter=self.max_iter,
            learning_rate=self.learning_rate,
            max_leaf_nodes=self.max_leaf_nodes,
            min_samples_leaf=self.min_samples_leaf,
            l2_regularization=self.l2_regularization,
            early_stopping=False,
            random_state=self.random_state,
        )

    def fit(self, X: pd.DataFrame, y: ArrayLike) -> Self:
        """Fit on labels >= 0.

        Raises:
            ValueError: an unknown loss, or labels that are negative or not finite.
            CannotFit: all labels are zero.
        """
        if self.loss not in ("poisson", "hurdle", "root"):
            message = f"loss must be poisson, hurdle or root, not {self.loss!r}."
            raise ValueError(message)
        labels = _labels(y)
        rows = _rows(len(labels), self.max_rows, self.random_state)
        matrix, labels = _tree_matrix(X.iloc[rows]), labels[rows]
        self.scale_ = float(labels.mean()) or 1.0
        scaled = labels / self.scale_
        self.columns_ = _present(matrix[labels > 0] if self.loss == "hurdle" else matrix)
        matrix = matrix[:, self.columns_]
        if self.loss == "poisson":
            self.model_ = self._regressor("poisson").fit(matrix, scaled)
        elif self.loss == "root":
            self.model_ = self._regressor("squared_error").fit(matrix, np.sqrt(scaled))
            fitted = np.maximum(self.model_.predict(matrix), 0.0)
            # E[y] = E[root]^2 + variance; the variance is taken in proportion to the mean.
            self.spread_ = float(scaled.sum() / max(float((fitted**2).sum()), 1e-12))
        else:
            bought = labels > 0
            # Where every training user bought there is no hurdle, only the spend.
            self.chance_ = None if bought.all() else self._classifier().fit(matrix, bought)
            self.model_ = self._regressor("gamma").fit(matrix[bought], scaled[bought])
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X: pd.DataFrame) -> Array:
        """Return the expected spend in the horizon, shape (n,), float64 >= 0."""
        check_is_fitted(self)
        matrix = _tree_matrix(X)[:, self.columns_]
        value = np.maximum(np.asarray(self.model_.predict(matrix), dtype=np.float64), 0.0)
        if self.loss == "root":
            value = value**2 * self.spread_
        elif self.loss == "hurdle" and self.chance_ is not None:
            value = value * self.chance_.predict_proba(matrix)[:, 1]
        return value * self.scale_


class TweedieSpend(RegressorMixin, BaseEstimator):
    """A log-linear Tweedie model of the logarithms of the features: it follows large spenders.

    Args:
        power: the Tweedie variance power, between 1 (Poisson) and 2 (gamma).
        alpha: the ridge penalty on standardised features.
        max_rows: rows used for fitting, drawn with `random_state`; None for all.
        random_state: the seed of that draw.
    """

    def __init__(
        self,
        *,
        power: float = 1.3,
        alpha: float = 0.01,
        max_rows: int | None = 40_000,
        random_state: int = 0,
    ) -> None:
        self.power = power
        self.alpha = alpha
        self.max_rows = max_rows
        self.random_state = random_state

    @staticmethod
    def _logs(X: pd.DataFrame) -> Array:
        matrix = _tree_matrix(X)
        missing = np.isnan(matrix)
        # Signed, since a trend may be negative; a missing value is one of its own, not a zero.
        logs = np.where(missing, 0.0, np.sign(matrix) * np.log1p(np.abs(matrix)))
        some = [TREE_FEATURES.index(name) for name in ("mean_gap_days", "gap_std_days")]
        tenure = np.maximum(np.nan_to_num(column(X, "tenure_days")), 1.0)
        rates = [
            np.log1p(np.maximum(np.nan_to_num(column(X, name)), 0.0) / tenure)
            for name in ("purchase_days", "recency_days")
        ]
        return np.column_stack([logs, missing[:, some], *rates])

    def fit(self, X: pd.DataFrame, y: ArrayLike) -> Self:
        """Fit by penalised likelihood (Newton's method).

        Raises:
            ValueError: labels that are negative or not finite.
            CannotFit: all labels are zero.
        """
        labels = _labels(y)
        rows = _rows(len(labels), self.max_rows, self.random_state)
        labels = labels[rows]
        logs = self._logs(X.iloc[rows])
        self.scaler_ = StandardScaler().fit(logs)
        self.scale_ = float(labels.mean()) or 1.0
        self.model_ = TweedieRegressor(
            power=self.power,
            alpha=self.alpha,
            link="log",
            solver="newton-cholesky",
        ).fit(self.scaler_.transform(logs), labels / self.scale_)
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X: pd.DataFrame) -> Array:
        """Return the expected spend in the horizon, shape (n,), float64 >= 0."""
        check_is_fitted(self)
        standard = self.scaler_.transform(self._logs(X))
        linear = standard @ self.model_.coef_ + self.model_.intercept_
        return np.exp(np.clip(linear, -30.0, 30.0)) * self.scale_


class CorrectedBTYD(RegressorMixin, BaseEstimator):
    """A buy-till-you-die forecast times a boosted correction, learned with it as the offset.

    A Poisson model of y with offset log(f) is one of y / f with weights f, so the booster learns
    the ratio that the forecast misses.

    Args:
        purchases, horizon_days: as in `BTYDSpend`; its spend model sees all purchase days.
        max_iter, learning_rate, max_leaf_nodes, min_samples_leaf: as in
            `sklearn.ensemble.HistGradientBoostingRegressor`.
        max_rows, random_state: as in `BoostedSpend`.
    """

    def __init__(
        self,
        *,
        purchases: Literal["bg_nbd", "pareto_nbd"] = "pareto_nbd",
        horizon_days: int = 90,
        max_iter: int = 60,
        learning_rate: float = 0.06,
        max_leaf_nodes: int = 8,
        min_samples_leaf: int = 200,
        max_rows: int | None = 60_000,
        random_state: int = 0,
    ) -> None:
        self.purchases: Literal["bg_nbd", "pareto_nbd"] = purchases
        self.horizon_days = horizon_days
        self.max_iter = max_iter
        self.learning_rate = learning_rate
        self.max_leaf_nodes = max_leaf_nodes
        self.min_samples_leaf = min_samples_leaf
        self.max_rows = max_rows
        self.random_state = random_state

    reads_unlabelled: ClassVar[bool] = True
    """Rows without a label show the buy-till-you-die forecast the newest state."""

    def fit(self, X: pd.DataFrame, y: ArrayLike) -> Self:
        """Fit the forecast on the newest AS_OF, the correction on all rows.

        Raises:
            ValueError: labels that are negative or not finite.
            CannotFit: all labels are zero, or the forecast cannot be fitted.
        """
        learn, labels = _labelled(X, y)
        self.btyd_ = BTYDSpend(
            purchases=self.purchases,
            spend_days="all",
            horizon_days=self.horizon_days,
            random_state=self.random_state,
        ).fit(X)
        rows = _rows(len(labels), self.max_rows, self.random_state)
        part, labels = learn.iloc[rows], labels[rows]
        forecast = self.btyd_.predict(part)
        # A forecast of nearly nothing has no ratio to it; a floor keeps the weights apart from 0.
        self.floor_ = max(0.05 * float(forecast.mean()), 1e-9)
        offset = np.maximum(forecast, self.floor_)
        matrix = np.column_stack([_tree_matrix(part), np.log(offset)])
        self.columns_ = _present(matrix)
        matrix = matrix[:, self.columns_]
        self.edges_ = _edges(matrix)
        self.model_ = HistGradientBoostingRegressor(
            loss="poisson",
            max_iter=self.max_iter,
            learning_rate=self.learning_rate,
            max_leaf_nodes=self.max_leaf_nodes,
            min_samples_leaf=self.min_samples_leaf,
            l2_regularization=10.0,
            early_stopping=False,
            random_state=self.random_state,
        ).fit(_snapped(matrix, self.edges_), labels / offset, sample_weight=offset / offset.mean())
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X: pd.DataFrame) -> Array:
        """Return the expected spend in the horizon, shape (n,), float64 >= 0."""
        check_is_fitted(self)
        offset = np.maximum(self.btyd_.predict(X), self.floor_)
        matrix = np.column_stack([_tree_matrix(X), np.log(offset)])
        ratio = self.model_.predict(_snapped(matrix[:, self.columns_], self.edges_))
        return offset * np.maximum(np.asarray(ratio, dtype=np.float64), 0.0)


class BlendedSpend(RegressorMixin, BaseEstimator):
    """A buy-till-you-die forecast blended with boosters that are held to its total.

    Boosters carry the level of the seasons that they learned from into another one; the
    buy-till-you-die forecast carries the level of the users themselves. So each booster is scaled
    to the latter's total on the newest training cutoff, the two are added by a fixed share, and
    the season, where a year of it was seen, is put on the sum.

    A leaf that holds one customer of a hundred times the spend of the next would forecast as much
    for everyone who falls into it. So a booster learns and says at most `reach` times what the
    buy-till-you-die forecast says of the user, and the mean forecast above it: the order is the
    boosters', the extremes are not.

    A share that is learned makes the blend a stack: the parts are fitted once more without the
    newest label, forecast its cutoff, and get the weights >= 0 that would have been best there.

    Args:
        share: the boosters' part of the blend, between 0 and 1; None to learn the weight of each
            part, where a cutoff can be spared for it, and otherwise a half.
        reach: that multiple.
        boosters: of "poisson", "hurdle", "root", "corrected", in equal parts.
        seasonal: whether to scale by `SeasonIndex` and `YearAgoLevel`.
        horizon_days: the length of the forecast.
        label_days: the length of the labels learned from; the horizon by default.
        max_rows: rows used for fitting each booster; None for all.
        random_state: the seed.

    Attributes:
        btyd_, boosters_, scales_, season_, level_: the fitted parts.
        weights_: of `btyd_` and of each booster, shape (1 + len(boosters),), with the sum 1.
    """

    def __init__(
        self,
        *,
        share: float | None = 0.5,
        reach: float = 2.5,
        boosters: tuple[str, ...] = ("poisson", "hurdle", "corrected"),
        seasonal: bool = False,
        horizon_days: int = 90,
        label_days: int | None = None,
        max_rows: int | None = 60_000,
        random_state: int = 0,
    ) -> None:
        self.share = share
        self.reach = reach
        self.boosters = boosters
        self.seasonal = seasonal
        self.horizon_days = horizon_days
        self.label_days = label_days
        self.max_rows = max_rows
        self.random_state = random_state

    reads_unlabelled: ClassVar[bool] = True
    """Rows without a label show the newest state of the users, and so the total."""

    def fit(self, X: pd.DataFrame, y: ArrayLike) -> Self:
        """Fit all parts.

        Raises:
            ValueError: a share outside [0, 1], no or unknown boosters, or impossible labels.
            CannotFit: a part could not be fitted; the message is that part's.
        """
        known = ("poisson", "hurdle", "root", "corrected")
        wrong = [name for name in self.boosters if name not in known]
        if not 0.0 <= self._share <= 1.0 or wrong or not self.boosters:
            message = f"share must be in [0, 1] or None, and boosters some of {', '.join(known)}."
            raise ValueError(message)
        learn, labels = _labelled(X, y)
        label_days = self.horizon_days if self.label_days is None else self.label_days
        btyd = BTYDSpend(
            purchases="bg_nbd",
            spend_days="all",
            horizon_days=self.horizon_days,
            random_state=self.random_state,
        )
        self.btyd_ = fitted(btyd, X, y)
        newest = _newest(X)
        base = self.btyd_.predict(newest)
        self.mean_ = float(base.mean())
        part = label_days / self.horizon_days
        within = self._limited(labels, part * self.btyd_.predict(learn), part * self.mean_)
        marked = np.full(len(X), np.nan)
        marked[~np.isnan(np.asarray(y, dtype=np.float64))] = within
        self.boosters_: list[BoostedSpend | CorrectedBTYD] = []
        self.scales_: list[float] = []
        for name in self.boosters:
            booster = self._booster(name, label_days)
            rows = (X, marked) if name == "corrected" else (learn, within)
            booster = fitted(booster, *rows)
            self.boosters_.append(booster)
            self.scales_.append(self._scale(booster.predict(newest), base))
        self.weights_ = self._weights(X, np.asarray(y, dtype=np.float64), label_days)
        self.season_: SeasonIndex | None = None
        self.level_: YearAgoLevel | None = None
        if self.seasonal and label_days == self.horizon_days:
            self.season_ = SeasonIndex(horizon_days=self.horizon_days).fit(
                learn,
                labels,
                cast("BetaGeometricNBD", self.btyd_.purchase_model_),
            )
            # Boosters are held to this forecast's total, so that its level is the blend's.
            total = self.btyd_.predict(X) * self.season_.predict(X)
            self.level_ = YearAgoLevel(horizon_days=self.horizon_days).fit(
                X, np.asarray(y, dtype=np.float64), total
            )
        self.n_features_in_ = X.shape[1]
        return self

    @property
    def _share(self) -> float:
        return 0.5 if self.share is None else self.share

    def _weights(self, X: pd.DataFrame, labels: Array, label_days: int) -> Array:
        """Return the weight of each part: as given, or as the newest label would have had them."""
        given = np.array(
            [1.0 - self._share, *[self._share / len(self.boosters)] * len(self.boosters)]
        )
        if self.share is not None:
            return given
        now = column(X, "as_of_days")
        held = now[~np.isnan(labels)].max()
        earlier = np.where(now + label_days <= held, labels, np.nan)
        # As at that day: nothing after it, and no label that had not closed.
        known = now <= held
        before = cast("Self", clone(self)).set_params(share=0.5, seasonal=False)
        try:
            before.fit(X[known], earlier[known])
        except CannotFit:
            return given
        rows = (now == held) & ~np.isnan(labels)
        parts = before._parts(X[rows])  # noqa: SLF001 - another one of this class
        # The spread of spend grows with its mean; in squares alone a few users would decide.
        root = np.sqrt(parts[:, 0] + before.mean_)[:, None]
        spent = labels[rows] * (self.horizon_days / label_days)
        found, _ = nnls(parts / root, spent / root[:, 0])
        return found / found.sum() if found.sum() > 0 else given

    def _parts(self, X: pd.DataFrame) -> Array:
        """Return the forecasts of the parts, shape (n, 1 + len(boosters)), each within its limit."""
        base = self.btyd_.predict(X)
        limited = [
            self._limited(scale * booster.predict(X), base, self.mean_)
            for booster, scale in zip(self.boosters_, self.scales_, strict=True)
        ]
        return np.column_stack([base, *limited])

    def _limited(self, spend: Array, base: Array, mean: float) -> Array:
        return np.minimum(spend, self.reach * base + mean)

    def _scale(self, forecast: Array, base: Array) -> float:
        """Return the factor that gives a booster's forecast, within its limit, the base's total."""
        total, wanted, scale = float(forecast.sum()), float(base.sum()), 1.0
        if total <= 0:
            return 1.0
        # What the limit takes away is given to the rest, which may then reach it in turn.
        for _ in range(20):
            reached = float(self._limited(scale * forecast, base, self.mean_).sum())
            if reached >= (1.0 - 1e-6) * wanted and reached <= (1.0 + 1e-6) * wanted:
                break
            scale *= wanted / reached
        return scale

    def _booster(self, name: str, label_days: int) -> BoostedSpend | CorrectedBTYD:
        if name == "corrected":
            return CorrectedBTYD(
                horizon_days=label_days,
                max_rows=self.max_rows,
                random_state=self.random_state,
            )
        return BoostedSpend(
            loss=cast("Literal['poisson', 'hurdle', 'root']", name),
            max_rows=self.max_rows,
            random_state=self.random_state,
        )

    def predict(self, X: pd.DataFrame) -> Array:
        """Return the expected spend in the horizon, shape (n,), float64 >= 0."""
        check_is_fitted(self)
        forecast = self._parts(X) @ self.weights_
        if self.season_ is None or self.level_ is None:
            return forecast
        return forecast * self.season_.predict(X) * self.level_.predict(X)
