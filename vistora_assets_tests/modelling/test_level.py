"""The total is told from last year where last year can tell it, and is left alone elsewhere."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from vistora_assets.modelling.btyd import BTYDSpend
from vistora_assets.modelling.contract import FEATURES
from vistora_assets.modelling.level import YearAgoLevel
from vistora_assets_tests.modelling.simulation import START, Process, simulate, training_frame

HORIZON = 60
DAY = pd.Timedelta(days=1)


def arriving(batches: int, *, seed: int) -> pd.DataFrame:
    """Return purchases of a business that wins as many customers in every quarter."""
    process = Process(r=1.5, alpha=25.0, a=0.5, b=5.0)
    parts: list[pd.DataFrame] = []
    for batch in range(batches):
        part = simulate(250, 90 * (batches - batch), seed=seed + batch, process=process)
        later = part["event_time"] + 90 * batch * DAY
        parts.append(part.assign(user_id=f"b{batch}" + part["user_id"], event_time=later))
    return pd.concat(parts, ignore_index=True)


def ratio(events: pd.DataFrame, days: int) -> tuple[float, float]:
    """Return forecast over actual total `days` after the start, without and with the level."""
    first = pd.Timestamp(events["event_time"].min()).normalize()
    as_of = first + days * DAY
    cutoffs = [as_of - 30 * month * DAY for month in range(36)]
    cutoffs = sorted(
        c for c in cutoffs if c >= first + 90 * DAY and not as_of - 60 * DAY < c < as_of
    )
    # As a training sees it: the log's beginning decides what of last year was observed.
    shifted = events.assign(event_time=events["event_time"] - (first - START))
    frame = training_frame(shifted, [c - (first - START) for c in cutoffs], HORIZON)
    features, labels = frame[list(FEATURES)], frame["label"].to_numpy(dtype=np.float64)
    test = (frame["as_of"] == frame["as_of"].max()).to_numpy()
    forecast = BTYDSpend(spend_days="all", horizon_days=HORIZON).fit(features).predict(features)
    level = YearAgoLevel(horizon_days=HORIZON).fit(
        features, np.where(test, np.nan, labels), forecast
    )
    actual = labels[test].sum()
    corrected = forecast * level.predict(features)
    return float(forecast[test].sum() / actual), float(corrected[test].sum() / actual)


@pytest.fixture(scope="module")
def steady() -> pd.DataFrame:
    return arriving(12, seed=40)


def wintry(events: pd.DataFrame) -> pd.DataFrame:
    """Return the same purchases with amounts of two and a half times in the last 60 days a year."""
    day = (events["event_time"] - START).dt.days % 365
    return events.assign(amount=events["amount"] * np.where(day >= 305, 2.5, 1.0))


def test_a_business_that_begins_with_its_log_is_not_taken_for_a_season(
    steady: pd.DataFrame,
) -> None:
    """In its first year it grows from nothing, and no winter needs to explain that."""
    without, with_level = ratio(steady, 400)
    assert with_level == without


def test_a_season_seen_once_is_expected_again(steady: pd.DataFrame) -> None:
    """At the beginning of the second winter."""
    without, with_level = ratio(wintry(steady), 365 + 305)
    assert without < 0.7
    assert abs(np.log(with_level)) < 0.8 * abs(np.log(without))


def test_a_log_that_begins_in_a_running_business_tells_the_season_in_its_first_year(
    steady: pd.DataFrame,
) -> None:
    """Its first days show old customers; their winter is the one to compare with."""
    running = wintry(steady)
    # The log begins with a winter that is over when the forecast begins a year and 60 days later.
    cut = running[running["event_time"] >= START + (365 + 305) * DAY]
    without, with_level = ratio(cut, 366)
    assert without < 0.7
    assert abs(np.log(with_level)) < abs(np.log(without))


def test_without_a_season_the_total_is_left_nearly_alone(steady: pd.DataFrame) -> None:
    without, with_level = ratio(steady, 365 + 305)
    assert with_level == pytest.approx(without, rel=0.15)


def test_few_users_prove_nothing() -> None:
    frame = training_frame(
        simulate(80, 600, seed=2), [START + day * DAY for day in (390, 420, 450, 540)], HORIZON
    )
    features = frame[list(FEATURES)]
    level = YearAgoLevel(horizon_days=HORIZON)
    level.fit(features, frame["label"].to_numpy(), np.ones(len(frame)))
    np.testing.assert_array_equal(level.predict(features), np.ones(len(frame)))
