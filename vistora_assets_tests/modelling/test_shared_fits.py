"""A part that two models of a cutoff share is fitted once, and changes no forecast."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from vistora_assets.modelling.candidates import BlendedSpend, BoostedSpend
from vistora_assets.modelling.contract import FEATURES
from vistora_assets.modelling.shared_fits import fitted, shared_fits


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The losses of every booster that is fitted during the test."""
    seen: list[str] = []
    fit = BoostedSpend.fit

    def noted(self: BoostedSpend, X: pd.DataFrame, y: object) -> BoostedSpend:
        seen.append(self.loss)
        return fit(self, X, y)  # type: ignore[arg-type]

    monkeypatch.setattr(BoostedSpend, "fit", noted)
    return seen


def rows(frame: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    some = frame[frame["as_of"] == frame["as_of"].min()]
    return some[list(FEATURES)], some["label"].to_numpy()


def blends() -> list[BlendedSpend]:
    return [
        BlendedSpend(boosters=("poisson",), horizon_days=60, seasonal=seasonal)
        for seasonal in (False, True)
    ]


def test_two_blends_fit_their_members_once_and_forecast_the_same(
    frame: pd.DataFrame, fits: list[str]
) -> None:
    X, y = rows(frame)
    alone = [blend.fit(X, y).predict(X) for blend in blends()]
    assert fits == ["poisson", "poisson"]
    fits.clear()
    with shared_fits():
        together = [blend.fit(X, y).predict(X) for blend in blends()]
    assert fits == ["poisson"]
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_other_labels_rows_or_parameters_are_fitted_anew(
    frame: pd.DataFrame, fits: list[str]
) -> None:
    X, y = rows(frame)
    with shared_fits():
        first = fitted(BoostedSpend(), X, y)
        assert fitted(BoostedSpend(), X.copy(), y.copy()) is first
        assert fitted(BoostedSpend(), X, 2.0 * y) is not first
        assert fitted(BoostedSpend(), X.iloc[1:], y[1:]) is not first
        assert fitted(BoostedSpend(random_state=1), X, y) is not first
    assert len(fits) == 4


def test_nothing_is_kept_after_the_cutoff(frame: pd.DataFrame, fits: list[str]) -> None:
    X, y = rows(frame)
    for _ in range(2):
        with shared_fits():
            fitted(BoostedSpend(), X, y)
    assert len(fits) == 2
