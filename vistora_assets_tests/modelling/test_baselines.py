"""The naive forecasts are what a person would make without a model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from vistora_assets.modelling.baselines import (
    MeanSpend,
    PreviousPeriod,
    SameSeasonLastYear,
    SeedLinearRegression,
    ZeroSpend,
)
from vistora_assets.modelling.contract import FEATURES


@pytest.fixture
def rows() -> pd.DataFrame:
    table = pd.DataFrame(0.0, index=range(4), columns=list(FEATURES))
    table["spent_previous_horizon"] = [0.0, 10.0, 20.0, np.nan]
    table["spent_season_last_year"] = [1.0, 2.0, 3.0, 4.0]
    table["season_observed"] = [1.0, 1.0, 0.0, 1.0]
    table["total_purchases"] = [1.0, 2.0, 3.0, 4.0]
    return table


LABELS = np.array([0.0, 5.0, 10.0, 1.0])


def test_zero_and_mean(rows: pd.DataFrame) -> None:
    assert list(ZeroSpend().fit(rows, LABELS).predict(rows)) == [0.0] * 4
    assert list(MeanSpend().fit(rows, LABELS).predict(rows[:2])) == [4.0] * 2


def test_previous_period_learns_one_scale_through_the_origin(rows: pd.DataFrame) -> None:
    model = PreviousPeriod().fit(rows, LABELS)
    assert model.scale_ == pytest.approx((10 * 5 + 20 * 10) / (100 + 400))
    np.testing.assert_allclose(model.predict(rows), [0.0, 5.0, 10.0, 0.0])


def test_previous_period_without_any_spend_forecasts_nothing(rows: pd.DataFrame) -> None:
    model = PreviousPeriod().fit(rows.assign(spent_previous_horizon=0.0), LABELS)
    assert list(model.predict(rows)) == [0.0] * 4


def test_last_years_season_falls_back_where_the_log_is_too_short(rows: pd.DataFrame) -> None:
    forecast = SameSeasonLastYear().fit(rows, LABELS).predict(rows)
    assert list(forecast) == [1.0, 2.0, 20.0, 4.0]


def test_the_seeds_line_is_least_squares_and_never_below_zero(rows: pd.DataFrame) -> None:
    model = SeedLinearRegression().fit(rows, np.array([1.0, 3.0, 5.0, 7.0]))
    np.testing.assert_allclose(model.predict(rows), [1.0, 3.0, 5.0, 7.0])
    assert model.predict(rows.assign(total_purchases=0.0)).max() == 0.0
