"""The buy-till-you-die models give the published CDNOW fits and their own process back."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import approx_fprime
from scipy.special import hyp2f1
from sklearn.base import BaseEstimator, clone
from sklearn.utils.estimator_checks import check_estimator

from vistora_assets.modelling.btyd import (
    BetaGeometricNBD,
    BTYDSpend,
    CannotFit,
    GammaGamma,
    ParetoNBD,
    stretch,
)
from vistora_assets.modelling.contract import FEATURES
from vistora_assets_tests.modelling.simulation import Process, simulate

HISTORY = np.array(
    [[2.0, 30.43, 38.86], [0.0, 0.0, 38.0], [1.0, 1.71, 38.86], [26.0, 30.0, 31.0], [0, 0, 0.0]]
)


OF_HISTORIES = (
    "check_dict_unchanged",
    "check_dont_overwrite_parameters",
    "check_dtype_object",
    "check_estimators_dtypes",
    "check_estimators_fit_returns_self",
    "check_estimators_nan_inf",
    "check_estimators_overwrite_params",
    "check_estimators_pickle",
    "check_f_contiguous_array_estimator",
    "check_fit2d_1sample",
    "check_fit2d_predict1d",
    "check_fit_check_is_fitted",
    "check_fit_idempotent",
    "check_fit_score_takes_y",
    "check_methods_sample_order_invariance",
    "check_methods_subset_invariance",
    "check_n_features_in",
    "check_n_features_in_after_fitting",
    "check_pipeline_consistency",
    "check_positive_only_tag_during_fit",
    "check_readonly_memmap_input",
)
"""Checks of scikit-learn that feed negative numbers or other widths than a purchase history has."""


def purchases(sample: pd.DataFrame) -> np.ndarray:
    return sample[["x", "t_x", "T"]].to_numpy(dtype=np.float64)


def test_bg_nbd_gives_the_published_fit(cdnow_sample: pd.DataFrame) -> None:
    """Fader, Hardie and Lee (2005), table 2."""
    model = BetaGeometricNBD(horizon=39.0).fit(purchases(cdnow_sample))
    published = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
    assert model.parameters() == pytest.approx(published, abs=6e-4)
    assert model.log_likelihood_ == pytest.approx(-9582.4, abs=0.05)


def test_bg_nbd_forecasts_the_published_customer(cdnow_sample: pd.DataFrame) -> None:
    """E[Y(39) | x = 2, t_x = 30.43, T = 38.86] = 1.226."""
    model = BetaGeometricNBD(horizon=39.0).fit(purchases(cdnow_sample))
    assert model.predict(HISTORY[:1])[0] == pytest.approx(1.226, abs=5e-4)


def test_pareto_nbd_gives_the_published_fit(cdnow_sample: pd.DataFrame) -> None:
    model = ParetoNBD(horizon=39.0).fit(purchases(cdnow_sample))
    published = {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.67}
    assert model.parameters() == pytest.approx(published, abs=2e-3)
    assert model.log_likelihood_ == pytest.approx(-9595.0, abs=0.05)


def test_gamma_gamma_gives_the_published_fit(cdnow_sample: pd.DataFrame) -> None:
    model = GammaGamma().fit(cdnow_sample[["x", "mean"]].to_numpy(dtype=np.float64))
    assert (model.p_, model.q_, model.v_) == pytest.approx((6.25, 3.744, 15.444), abs=2e-3)
    assert model.log_likelihood_ == pytest.approx(-4055.92, abs=0.01)
    assert model.n_rows_ == 946


def test_the_unit_of_time_does_not_matter(cdnow_sample: pd.DataFrame) -> None:
    """Days instead of weeks: times scale, chances and expectations stay."""
    weeks = purchases(cdnow_sample)
    days = weeks * [1.0, 7.0, 7.0]
    for kind in (BetaGeometricNBD, ParetoNBD):
        first = kind(horizon=39.0).fit(weeks)
        second = kind(horizon=273.0).fit(days)
        assert second.parameters()["alpha"] == pytest.approx(7 * first.parameters()["alpha"])
        np.testing.assert_allclose(second.predict(days), first.predict(weeks), rtol=1e-6)


@pytest.mark.parametrize("kind", [BetaGeometricNBD, ParetoNBD])
def test_gradients_are_those_of_the_likelihood(
    kind: type[BetaGeometricNBD | ParetoNBD],
) -> None:
    model = kind()
    x, t_x, t = HISTORY.T

    def total(parameters: np.ndarray) -> float:
        return float(model._likelihood(parameters, x, t_x, t)[0].sum())

    for point in ([0.6, 4.0, 0.7, 5.0], [1.4, 9.0, 1.3, 0.8]):
        exact = model._likelihood(np.array(point), x, t_x, t)[1].sum(axis=1)
        np.testing.assert_allclose(
            exact, approx_fprime(np.array(point), total, 1e-7), rtol=1e-4, atol=1e-4
        )


def test_pareto_integral_agrees_with_the_hypergeometric_form() -> None:
    """The published likelihood, with alpha above and below beta (Fader and Hardie 2005, eq. 1)."""
    x, t_x, t = HISTORY.T
    for r, alpha, s, beta in ([0.55, 10.6, 0.6, 11.7], [0.8, 30.0, 1.4, 5.0]):
        total = r + s + x
        large, shape = max(alpha, beta), (s + 1.0 if alpha >= beta else r + x)

        def term(
            time: np.ndarray,
            *,
            large: float = large,
            shape: np.ndarray | float = shape,
            total: np.ndarray = total,
            gap: float = abs(alpha - beta),
        ) -> np.ndarray:
            value = hyp2f1(total, shape, total + 1.0, gap / (large + time))
            return value / (large + time) ** total

        published = s / total * (term(t_x) - term(t))
        left, _, _ = ParetoNBD._leaving(np.array([r, alpha, s, beta]), x, t_x, t)
        np.testing.assert_allclose(np.exp(left), published, rtol=1e-6, atol=1e-30)


def test_bg_nbd_expectation_agrees_with_the_published_form() -> None:
    """Euler's transformation changes the form of equation 10, not its value."""
    model = BetaGeometricNBD(horizon=39.0)
    model.r_, model.alpha_, model.a_, model.b_ = 0.243, 4.414, 0.793, 2.426
    model.n_features_in_ = 3
    x, t_x, t = HISTORY[:3].T
    a, b, r, alpha = model.a_, model.b_, model.r_, model.alpha_
    series = hyp2f1(r + x, b + x, a + b + x - 1, 39.0 / (alpha + t + 39.0))
    share = 1 - ((alpha + t) / (alpha + t + 39.0)) ** (r + x) * series
    odds = np.where(x > 0, a / (b + x - 1) * ((alpha + t) / (alpha + t_x)) ** (r + x), 0.0)
    published = (a + b + x - 1) / (a - 1) * share / (1 + odds)
    np.testing.assert_allclose(model.predict(HISTORY[:3]), published, rtol=1e-9)


def test_bg_nbd_gives_a_simulated_process_back() -> None:
    events = simulate(4000, 400, seed=3)
    end = events["event_time"].min() + pd.Timedelta(days=400)
    events = events.assign(day=(events["event_time"] - end) / pd.Timedelta(days=1))
    days = events.drop_duplicates(["user_id", "day"]).groupby("user_id")["day"]
    first = days.min()
    values = np.column_stack([days.size() - 1.0, days.max() - first, -first])
    model = BetaGeometricNBD().fit(values)
    truth = Process()
    assert model.r_ == pytest.approx(truth.r, rel=0.15)
    assert model.r_ / model.alpha_ == pytest.approx(truth.r / truth.alpha, rel=0.15)
    leave = model.a_ / (model.a_ + model.b_)
    assert leave == pytest.approx(truth.a / (truth.a + truth.b), rel=0.15)


@pytest.mark.parametrize("kind", [BetaGeometricNBD, ParetoNBD])
def test_extreme_histories_have_finite_forecasts(
    cdnow_sample: pd.DataFrame, kind: type[BetaGeometricNBD | ParetoNBD]
) -> None:
    model = kind(horizon=39.0).fit(purchases(cdnow_sample))
    extreme = np.array([[5000.0, 999.0, 1000.0], [300.0, 1.0, 1000.0], [0.0, 0.0, 1e6]])
    forecast = model.predict(np.vstack([extreme, HISTORY]))
    assert np.isfinite(forecast).all()
    assert (forecast >= 0).all()
    assert forecast[0] > 100 > forecast[1]


def test_impossible_histories_are_refused() -> None:
    for wrong in ([[1.0, 5.0, 4.0]], [[-1.0, 0.0, 4.0]], [[0.0, 2.0, 4.0]]):
        with pytest.raises(ValueError, match=r"last purchase|repeat purchase"):
            BetaGeometricNBD().fit(wrong)
    with pytest.raises(ValueError, match="expected 3"):
        ParetoNBD().fit(np.ones((5, 4)))
    with pytest.raises(ValueError, match="expected 2"):
        GammaGamma().fit(np.ones((5, 3)))


def test_what_cannot_be_estimated_is_refused_with_a_count() -> None:
    once = np.array([[0.0, 0.0, 10.0]] * 50)
    with pytest.raises(CannotFit, match="0 of 50 users bought again"):
        BetaGeometricNBD().fit(once)
    with pytest.raises(CannotFit, match="at least 3"):
        GammaGamma().fit([[1.0, 5.0], [2.0, 5.0]])


def test_spend_is_fitted_on_the_newest_cutoff_alone(frame: pd.DataFrame) -> None:
    """Older rows of the stack must not count the same history twice."""
    newest = frame[frame["as_of"] == frame["as_of"].max()]
    stacked = BTYDSpend(horizon_days=60).fit(frame[list(FEATURES)])
    alone = BTYDSpend(horizon_days=60).fit(newest[list(FEATURES)])
    np.testing.assert_array_equal(
        stacked.predict(newest[list(FEATURES)]), alone.predict(newest[list(FEATURES)])
    )


def test_parameters_survive_cloning() -> None:
    model = BTYDSpend(purchases="pareto_nbd", spend_days="all", horizon_days=30, max_rows=None)
    assert clone(model).get_params() == model.get_params()


@pytest.mark.parametrize("kind", [BetaGeometricNBD, ParetoNBD, GammaGamma])
def test_scikit_learns_checks_pass_where_they_apply(kind: type[BaseEstimator]) -> None:
    """The ones that cannot apply are named; what they ask is asked below, of real histories."""
    reason = "its matrices are no purchase histories"
    found = check_estimator(
        kind(), expected_failed_checks=dict.fromkeys(OF_HISTORIES, reason), on_skip=None
    )
    passed = {check["check_name"] for check in found if check["status"] == "passed"}
    assert len(passed) > 15
    assert "check_no_attributes_set_in_init" in passed


@pytest.mark.parametrize("kind", [BetaGeometricNBD, ParetoNBD, GammaGamma])
def test_scikit_learns_promises_hold_on_histories(
    cdnow_sample: pd.DataFrame, kind: type[BetaGeometricNBD | ParetoNBD | GammaGamma]
) -> None:
    """Parameters, data and order are left alone; fitting again and pickling change nothing."""
    columns = ["x", "mean"] if kind is GammaGamma else ["x", "t_x", "T"]
    values = cdnow_sample[columns].to_numpy(dtype=np.float64)[:600]
    before = values.copy()
    values.setflags(write=False)
    model = kind()
    parameters = model.get_params()
    assert model.fit(values) is model
    assert model.get_params() == parameters
    forecast = model.predict(values)
    np.testing.assert_array_equal(values, before)
    np.testing.assert_array_equal(model.predict(values[::-1]), forecast[::-1])
    np.testing.assert_array_equal(model.predict(values[:5]), forecast[:5])
    np.testing.assert_array_equal(clone(model).fit(values).predict(values), forecast)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(values), forecast)
    np.testing.assert_array_equal(kind().fit(np.asfortranarray(values)).predict(values), forecast)
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        kind().fit(np.where(values == values[0, 0], np.nan, values))


def test_three_times_the_days_bring_less_than_three_times_the_purchases(
    frame: pd.DataFrame,
) -> None:
    """Customers leave; where nothing can be estimated the lengths decide."""
    features = frame[list(FEATURES)]
    assert 2.0 < stretch(features, 60, 180) < 3.0
    once = features.assign(purchase_days=1.0, active_span_days=0.0)
    assert stretch(once, 60, 180) == 3.0
