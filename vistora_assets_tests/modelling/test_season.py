"""The season index sees a season, and does not mistake growth, decline or youth for one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from vistora_assets.modelling.btyd import BetaGeometricNBD, BTYDSpend
from vistora_assets.modelling.contract import FEATURES
from vistora_assets.modelling.season import SeasonIndex
from vistora_assets_tests.modelling.simulation import START, Process, simulate, training_frame

HORIZON = 60
DAY = pd.Timedelta(days=1)


def learned(events: pd.DataFrame, *, months: int) -> tuple[SeasonIndex, pd.DataFrame]:
    cutoffs = [START + (90 + 30 * month) * DAY for month in range(months)]
    frame = training_frame(events, cutoffs, HORIZON)
    features = frame[list(FEATURES)]
    purchases = BTYDSpend(horizon_days=HORIZON).fit(features).purchase_model_
    assert isinstance(purchases, BetaGeometricNBD)
    index = SeasonIndex(horizon_days=HORIZON, damping=1.0)
    return index.fit(features, frame["label"].to_numpy(), purchases), features


def windows(features: pd.DataFrame) -> pd.DataFrame:
    """Return rows of the twelve months after the newest label closed."""
    first = features["as_of_days"].max() + HORIZON
    return pd.DataFrame({"as_of_days": first + 30.0 * np.arange(11)})


@pytest.fixture(scope="module")
def steady() -> pd.DataFrame:
    """Return users who leave slowly and buy without a season."""
    return simulate(1500, 800, seed=11, process=Process(r=2.0, a=0.4, b=8.0))


def test_buyers_without_a_season_get_an_index_near_one(steady: pd.DataFrame) -> None:
    """Though the cohort shrinks all the year."""
    index, features = learned(steady, months=20)
    found = index.predict(windows(features))
    assert len(index.ends_) > 0
    assert found.min() > 0.85
    assert found.max() < 1.15


def test_a_winter_of_twice_the_spend_is_found_a_year_later(steady: pd.DataFrame) -> None:
    year = (steady["event_time"] - START).dt.days % 365
    events = steady.assign(amount=steady["amount"] * np.where((year > 300) & (year < 360), 2.0, 1))
    index, features = learned(events, months=20)
    rows = windows(features)
    found = index.predict(rows)
    start = rows["as_of_days"] - (START - pd.Timestamp("1970-01-01")).days
    inside = (start % 365).between(285, 305)
    assert inside.any()
    assert found[inside].min() > 1.4
    assert found[(start % 365).between(60, 200)].max() < 1.05


def test_without_a_year_of_the_same_users_the_index_is_one(steady: pd.DataFrame) -> None:
    index, features = learned(steady, months=6)
    assert set(index.predict(windows(features))) == {1.0}


def test_a_forecast_years_ahead_has_the_season_of_the_last_known_year(
    steady: pd.DataFrame,
) -> None:
    index, features = learned(steady, months=20)
    rows = windows(features)
    later = rows.assign(as_of_days=rows["as_of_days"] + 730.0)
    np.testing.assert_allclose(index.predict(rows)[:10], index.predict(later)[:10], rtol=1e-9)
