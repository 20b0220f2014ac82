"""The learned forecasts are finite, seeded, row by row, and better than a constant."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from vistora_assets.modelling.btyd import BTYDSpend, CannotFit
from vistora_assets.modelling.candidates import BlendedSpend, BoostedSpend
from vistora_assets.modelling.catalogue import CANDIDATES, MODELS, ModelSpec
from vistora_assets.modelling.contract import FEATURES, column
from vistora_assets.modelling.metrics import point_metrics

SPECS = pytest.mark.parametrize("spec", MODELS, ids=lambda spec: spec.name)
LEARNED = pytest.mark.parametrize("spec", CANDIDATES, ids=lambda spec: spec.name)


@pytest.fixture(scope="module")
def learn(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["as_of"].isin(sorted(frame["as_of"].unique())[:7])]


@pytest.fixture(scope="module")
def later(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["as_of"] == frame["as_of"].max()]


def fitted(spec: ModelSpec, rows: pd.DataFrame) -> Any:
    model = spec.build(horizon_days=60, seed=0)
    return model.fit(rows[list(FEATURES)], rows["label"].to_numpy())


@SPECS
def test_forecasts_are_finite_and_not_negative(
    spec: ModelSpec, learn: pd.DataFrame, later: pd.DataFrame
) -> None:
    """Also of rows that no training saw: no history at all, and a hundred times the spend."""
    model = fitted(spec, learn)
    features = later[list(FEATURES)]
    odd = pd.concat(
        [features, features * 100.0, features.assign(**dict.fromkeys(FEATURES, np.nan))]
    )
    odd["tenure_days"] = np.maximum(odd["tenure_days"], odd["active_span_days"].fillna(0.0))
    forecast = model.predict(odd.reset_index(drop=True))
    assert forecast.dtype == np.float64
    assert forecast.shape == (len(odd),)
    assert np.isfinite(forecast).all()
    assert (forecast >= 0).all()


@SPECS
def test_a_forecast_depends_on_its_own_row_alone(
    spec: ModelSpec, learn: pd.DataFrame, later: pd.DataFrame
) -> None:
    """A warehouse scores in batches of any size; a user's number may not change with them."""
    model = fitted(spec, learn)
    features = later[list(FEATURES)]
    whole = model.predict(features)
    np.testing.assert_allclose(model.predict(features.iloc[5:6]), whole[5:6], rtol=1e-12)
    np.testing.assert_allclose(model.predict(features.iloc[::-1])[::-1], whole, rtol=1e-12)


@SPECS
def test_the_same_seed_gives_the_same_numbers_also_after_pickling(
    spec: ModelSpec, learn: pd.DataFrame, later: pd.DataFrame
) -> None:
    first, second = fitted(spec, learn), fitted(spec, learn)
    features = later[list(FEATURES)]
    restored = pickle.loads(pickle.dumps(first))
    np.testing.assert_array_equal(first.predict(features), second.predict(features))
    np.testing.assert_array_equal(first.predict(features), restored.predict(features))


@SPECS
def test_parameters_stay_as_given(spec: ModelSpec, learn: pd.DataFrame) -> None:
    """scikit-learn's rules: fitting changes no parameter, a clone is unfitted and equal."""
    model = spec.build(horizon_days=60, seed=3)
    before = dict(model.get_params(deep=False))
    with pytest.raises(NotFittedError):
        model.predict(learn[list(FEATURES)])
    same = model.fit(learn[list(FEATURES)], learn["label"].to_numpy())
    assert same is model
    assert model.get_params(deep=False) == before
    assert clone(model).get_params(deep=False) == before
    assert model.n_features_in_ == len(FEATURES)


@LEARNED
def test_candidates_beat_the_mean_on_later_rows(
    spec: ModelSpec, learn: pd.DataFrame, later: pd.DataFrame
) -> None:
    found = point_metrics(
        later["label"].to_numpy(), fitted(spec, learn).predict(later[list(FEATURES)])
    )
    assert found["r2"] is not None
    assert found["gini"] is not None
    assert found["r2"] > 0.1
    assert found["gini"] > 0.4


@LEARNED
def test_missing_gaps_for_everyone_are_no_obstacle(
    spec: ModelSpec, learn: pd.DataFrame, later: pd.DataFrame
) -> None:
    """A young log has nobody with two gaps: such a column is missing throughout."""
    model = fitted(spec, learn.assign(gap_std_days=np.nan, amount_std=np.nan))
    assert np.isfinite(model.predict(later[list(FEATURES)])).all()


def test_labels_that_are_all_zero_are_refused(learn: pd.DataFrame) -> None:
    with pytest.raises(CannotFit, match="nobody spent"):
        BoostedSpend().fit(learn[list(FEATURES)], np.zeros(len(learn)))


def test_a_blend_holds_its_boosters_to_the_total(learn: pd.DataFrame) -> None:
    """On the newest training rows the blend forecasts the total of its BTYD part."""
    features = learn[list(FEATURES)]
    blend = BlendedSpend(horizon_days=60).fit(features, learn["label"].to_numpy())
    newest = features[learn["as_of"] == learn["as_of"].max()]
    part = BTYDSpend(spend_days="all", horizon_days=60).fit(features)
    assert blend.predict(newest).sum() == pytest.approx(part.predict(newest).sum())


def test_a_share_of_nothing_is_the_btyd_part(learn: pd.DataFrame, later: pd.DataFrame) -> None:
    features = learn[list(FEATURES)]
    blend = BlendedSpend(share=0.0, horizon_days=60).fit(features, learn["label"].to_numpy())
    part = BTYDSpend(spend_days="all", horizon_days=60).fit(features)
    rows = later[list(FEATURES)]
    np.testing.assert_allclose(blend.predict(rows), part.predict(rows))


def test_a_stack_weighs_its_parts_by_a_label_that_they_had_not_learned(
    learn: pd.DataFrame,
) -> None:
    """Weights are >= 0 with the sum 1, follow the held-out label, and keep the total."""
    features, labels = learn[list(FEATURES)], learn["label"].to_numpy()
    newest = (learn["as_of"] == learn["as_of"].max()).to_numpy()
    stack = BlendedSpend(share=None, horizon_days=60).fit(features, labels)
    assert stack.weights_.shape == (1 + len(stack.boosters),)
    assert (stack.weights_ >= 0).all()
    assert stack.weights_.sum() == pytest.approx(1.0)
    total = stack.btyd_.predict(features[newest]).sum()
    assert stack.predict(features[newest]).sum() == pytest.approx(total, rel=1e-3)
    # Had everybody spent what the buy-till-you-die part said, it would have all of the weight.
    before = BlendedSpend(share=0.5, horizon_days=60)
    closed = (learn["as_of"] + pd.Timedelta(days=60) <= learn["as_of"].max()).to_numpy()
    before.fit(features, np.where(closed, labels, np.nan))
    as_said = np.where(newest, before.btyd_.predict(features), labels)
    told = BlendedSpend(share=None, horizon_days=60).fit(features, as_said)
    assert told.weights_[0] == pytest.approx(1.0, abs=1e-6)


def test_a_stack_without_a_cutoff_to_spare_is_the_blend(learn: pd.DataFrame) -> None:
    some = learn[learn["as_of"] == learn["as_of"].min()]
    features, labels = some[list(FEATURES)], some["label"].to_numpy()
    stack = BlendedSpend(share=None, horizon_days=60).fit(features, labels)
    blend = BlendedSpend(horizon_days=60).fit(features, labels)
    np.testing.assert_array_equal(stack.predict(features), blend.predict(features))


def test_boosters_do_not_see_the_calendar(learn: pd.DataFrame, later: pd.DataFrame) -> None:
    """The forecast's date lies beyond the training's: a tree could only have memorised dates."""
    model = BoostedSpend().fit(learn[list(FEATURES)], learn["label"].to_numpy())
    rows = later[list(FEATURES)]
    moved = rows.assign(as_of_days=column(rows, "as_of_days") + 500.0, season_sin=0.3)
    np.testing.assert_array_equal(model.predict(rows), model.predict(moved))
