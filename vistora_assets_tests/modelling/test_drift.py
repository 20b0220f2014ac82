"""Drift is an index and a test over the same bins; few rows and equal shares never move."""

from __future__ import annotations

import numpy as np
import pytest

from vistora_assets.modelling.drift import shift


def binned(values: np.ndarray, edges: np.ndarray) -> list[int]:
    return np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1).tolist()


def test_the_same_distribution_has_not_moved_and_another_one_has() -> None:
    rng = np.random.default_rng(1)
    one = rng.normal(0, 1, 5000)
    edges = np.quantile(one, np.arange(1, 10) / 10)
    same = shift(binned(one, edges), binned(rng.normal(0, 1, 3000), edges))
    assert not same.moved
    assert same.psi < 0.02
    assert same.probability > 0.05
    other = shift(binned(one, edges), binned(rng.normal(1, 1, 3000), edges))
    assert other.moved
    assert other.psi > 0.5
    assert other.ks == pytest.approx(0.38, abs=0.03)  # 2 * Phi(1 / 2) - 1


def test_the_index_is_the_published_formula() -> None:
    found = shift([50_000, 50_000], [60_000, 40_000])
    assert found.psi == pytest.approx(0.1 * np.log(1.2) - 0.1 * np.log(0.8), rel=1e-3)
    assert found.ks == pytest.approx(0.1)


def test_few_rows_do_not_move() -> None:
    found = shift([5, 5, 5, 5], [0, 1, 1, 5])
    assert found.psi > 0.25
    assert not found.moved


def test_values_that_went_missing_have_moved_though_the_others_keep_their_order() -> None:
    found = shift([500, 500, 0], [250, 250, 500], missing=1)
    assert found.ks == 0.0
    assert found.moved


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(ValueError, match="same bins"):
        shift([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="rows in each"):
        shift([0, 0], [1, 2])
