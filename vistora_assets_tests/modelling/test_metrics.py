"""Metrics have their textbook values, and intervals that hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, r2_score

from vistora_assets.modelling.metrics import (
    bootstrap,
    gini,
    interval,
    paired_difference,
    point_metrics,
    spearman,
    top_decile_capture,
)

RNG = np.random.default_rng(1)
ACTUAL = RNG.gamma(0.4, 50.0, 800) * (RNG.random(800) < 0.5)
NOISY = ACTUAL * RNG.uniform(0.2, 1.5, 800) + RNG.gamma(1.0, 5.0, 800)


def test_point_metrics_agree_with_scikit_learn() -> None:
    found = point_metrics(ACTUAL, NOISY)
    assert found["r2"] == pytest.approx(r2_score(ACTUAL, NOISY))
    assert found["mae"] == pytest.approx(mean_absolute_error(ACTUAL, NOISY))
    assert found["mse"] == pytest.approx((found["rmse"] or 0) ** 2)
    assert found["bias"] == pytest.approx(NOISY.sum() / ACTUAL.sum())
    assert found["n"] == 800


def test_gini_is_one_in_the_right_order_and_minus_one_in_the_wrong() -> None:
    assert gini(ACTUAL, ACTUAL**3) == pytest.approx(1.0, abs=1e-9)
    spread = np.arange(50.0)
    assert gini(spread, -spread) == pytest.approx(-1.0)


def test_gini_of_a_hand_example() -> None:
    """Spend 0, 1, 3 forecast in the order 3, 0, 1: areas 0.75 and 0.875 - 1/24... by hand.

    Captured by the highest forecast first: 3/4, 3/4, 1. Trapezoids of width 1/3:
    (0 + .75)/2, (.75 + .75)/2, (.75 + 1)/2 sum to 2.0, so the area is 2/3. Perfect: 3/4, 1, 1
    gives (.375 + .875 + 1) / 3 = .75. (2/3 - 1/2) / (3/4 - 1/2) = 2/3.
    """
    assert gini([0.0, 1.0, 3.0], [2.0, 1.0, 3.0]) == pytest.approx(2 / 3)


def test_a_constant_forecast_has_no_order() -> None:
    constant = np.full(800, 3.0)
    assert gini(ACTUAL, constant) is None
    assert spearman(ACTUAL, constant) is None
    assert top_decile_capture(ACTUAL, constant) is None


def test_ties_earn_nothing_whatever_the_order_of_the_rows() -> None:
    """Rows sorted by spend must not give a tied forecast a good rank."""
    sorted_spend = np.sort(ACTUAL)[::-1]
    nearly = np.zeros(800)
    nearly[400] = 1.0
    found = gini(sorted_spend, nearly)
    assert found is not None
    assert abs(found) < 0.1


def test_nothing_spent_gives_none_and_no_warning() -> None:
    found = point_metrics(np.zeros(10), np.arange(10.0))
    assert found["bias"] is None
    assert found["gini"] is None
    assert found["r2"] is None


def test_top_decile_counts_whole_users() -> None:
    actual = np.r_[10.0, np.ones(14)]
    assert top_decile_capture(actual, actual + np.arange(15) * 1e-6) == pytest.approx(11 / 24)


@pytest.mark.parametrize("wrong", [[1.0], [[1.0], [2.0]], [np.nan, 1.0]])
def test_mismatched_or_missing_values_are_refused(wrong: list[float]) -> None:
    with pytest.raises(ValueError, match="actual and predicted"):
        point_metrics([1.0, 2.0], wrong)


def test_bootstrap_gini_is_that_of_the_resampled_rows() -> None:
    """Weights along one sorted order give what sorting every resample would."""
    drawn = bootstrap(ACTUAL, {"m": NOISY}, count=300, seed=4)
    rng = np.random.default_rng(99)
    direct = [
        gini(ACTUAL[rows], NOISY[rows]) for rows in (rng.integers(0, 800, 800) for _ in range(300))
    ]
    plain = np.array([value for value in direct if value is not None])
    assert drawn.gini["m"].mean() == pytest.approx(plain.mean(), abs=0.005)
    assert drawn.gini["m"].std() == pytest.approx(plain.std(), rel=0.2)


def test_bootstrap_is_the_same_for_a_seed_and_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    once = bootstrap(ACTUAL, {"m": NOISY}, count=30, seed=4).mse["m"]
    np.testing.assert_array_equal(once, bootstrap(ACTUAL, {"m": NOISY}, count=30, seed=4).mse["m"])
    monkeypatch.setattr("vistora_assets.modelling.metrics._BLOCK", 5 * 800)
    np.testing.assert_allclose(once, bootstrap(ACTUAL, {"m": NOISY}, count=30, seed=4).mse["m"])


def test_interval_covers_the_truth_as_often_as_it_says() -> None:
    """A 90 % interval of the mean squared error covers it in about 90 of 100 samples."""
    rng = np.random.default_rng(0)
    covered = 0
    for seed in range(200):
        error = rng.normal(0.0, 2.0, 150)
        drawn = bootstrap(np.zeros(150), {"m": error}, count=200, seed=seed)
        found = interval(float(np.mean(error**2)), drawn.mse["m"], level=0.9)
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 4.0 <= found.high
    assert 165 <= covered <= 195


def test_pairing_sees_what_separate_intervals_hide() -> None:
    """A forecast that is a little better on every row is surely better, though intervals overlap."""
    worse = ACTUAL + (NOISY - ACTUAL) * 1.05
    drawn = bootstrap(ACTUAL, {"better": NOISY, "worse": worse}, count=200, seed=2)
    mean = float(np.mean((NOISY - ACTUAL) ** 2) - np.mean((worse - ACTUAL) ** 2))
    found = paired_difference(mean, drawn.mse["better"], drawn.mse["worse"])
    assert found.high < 0
    assert found.probability_below == 1.0
    assert np.quantile(drawn.mse["better"], 0.975) > np.quantile(drawn.mse["worse"], 0.025)
