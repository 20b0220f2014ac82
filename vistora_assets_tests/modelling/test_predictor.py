"""The served class takes what a registry gives it, and forecasts what evidence supports."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.exceptions import NotFittedError

from vistora_assets.modelling.baselines import PreviousPeriod
from vistora_assets.modelling.contract import FEATURES, ContractError
from vistora_assets.modelling.predictor import Cap, SpendPredictor
from vistora_assets.modelling.training import TrainingResult


class Reckless(RegressorMixin, BaseEstimator):
    """Forecasts what its `value` says, whatever it is."""

    def __init__(self, value: float = 0.0) -> None:
        self.value = value

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> Reckless:
        self.n_features_in_, self.n_rows_ = X.shape[1], len(y)
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        return np.full(len(X), self.value)


def served(frame: pd.DataFrame) -> pd.DataFrame:
    """Return rows as the registry hands them over: upper case, another order, plain index."""
    return frame[sorted(FEATURES, reverse=True)].rename(columns=str.upper).reset_index(drop=True)


def test_case_and_order_of_columns_do_not_matter(
    result: TrainingResult, frame: pd.DataFrame
) -> None:
    np.testing.assert_array_equal(
        result.predictor.predict(served(frame)), result.predictor.predict(frame[list(FEATURES)])
    )


def test_a_missing_column_is_named(result: TrainingResult, frame: pd.DataFrame) -> None:
    with pytest.raises(ContractError, match="tenure_days"):
        result.predictor.predict(served(frame).drop(columns=["TENURE_DAYS"]))


def test_a_batch_of_one_and_of_none(result: TrainingResult, frame: pd.DataFrame) -> None:
    assert result.predictor.predict(served(frame).iloc[:1]).shape == (1,)
    assert result.predictor.predict(served(frame).iloc[:0]).shape == (0,)


def test_a_forecast_is_capped_by_what_labels_showed(frame: pd.DataFrame) -> None:
    features, labels = frame[list(FEATURES)], frame["label"].to_numpy()
    model = SpendPredictor(Reckless(1e12)).fit(features, labels)
    forecast = model.predict(features)
    assert forecast.max() <= 1.5 * labels.max()
    poor = features.assign(total_spent=1.0)
    assert model.predict(poor).max() <= np.quantile(labels, 0.999) + 1e-9
    assert SpendPredictor(Reckless(-5.0)).fit(features, labels).predict(features).min() == 0.0


def test_the_cap_leaves_every_label_that_it_learned_from(frame: pd.DataFrame) -> None:
    """What did happen can be forecast."""
    labels, spent = frame["label"].to_numpy(), frame["total_spent"].to_numpy()
    cap = Cap.learn(labels, spent)
    np.testing.assert_allclose(cap.apply(labels, spent), labels)


def test_a_model_that_gives_no_number_is_refused(frame: pd.DataFrame) -> None:
    features = frame[list(FEATURES)]
    model = SpendPredictor(Reckless(float("nan")), model_name="reckless")
    model.fit(features, frame["label"].to_numpy())
    with pytest.raises(RuntimeError, match="reckless gave no number"):
        model.predict(features)


def test_it_is_an_estimator_like_others(frame: pd.DataFrame) -> None:
    features, labels = frame[list(FEATURES)], frame["label"].to_numpy()
    model = SpendPredictor(PreviousPeriod(), horizon_days=60, identity="abc")
    with pytest.raises(NotFittedError):
        model.predict(features)
    model.fit(features, labels)
    assert not hasattr(model.model, "scale_"), "the given model stays unfitted"
    copy = clone(model)
    assert copy.get_params(deep=False)["identity"] == "abc"
    np.testing.assert_array_equal(
        copy.fit(features, labels).predict(features), model.predict(features)
    )
