"""Data shared by the room's tests: a simulated training frame, one training on it, and CDNOW."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pandas as pd
import pytest

from vistora_assets.modelling.training import TrainingResult, TrainingSettings, train
from vistora_assets_tests.modelling.simulation import START, simulate, training_frame

HORIZON = 60


@pytest.fixture(scope="session")
def frame() -> pd.DataFrame:
    """Return eleven monthly cutoffs of 700 simulated users, 60 days of label each."""
    events = simulate(700, 550, seed=7)
    cutoffs = [START + pd.Timedelta(days=90 + 30 * month) for month in range(11)]
    return training_frame(events, cutoffs, HORIZON)


@pytest.fixture(scope="session")
def data_until(frame: pd.DataFrame) -> pd.Timestamp:
    """Return the instant at which the newest label of `frame` has just closed."""
    return pd.Timestamp(frame["as_of"].max()) + pd.Timedelta(days=HORIZON)


@pytest.fixture(scope="session")
def quick() -> TrainingSettings:
    """Return settings that evaluate two cutoffs and resample little."""
    return TrainingSettings(evaluated_cutoffs=2, resamples=50)


@pytest.fixture(scope="session")
def result(
    frame: pd.DataFrame, data_until: pd.Timestamp, quick: TrainingSettings
) -> TrainingResult:
    """Return one whole training on `frame`."""
    return train(frame, horizon_days=HORIZON, data_until=data_until, settings=quick)


@pytest.fixture(scope="session")
def cdnow_sample() -> pd.DataFrame:
    """Return x, t_x, T (weeks) and mean repeat spend of CDNOW's 2,357 users after 39 weeks.

    The file is read from the installed package without importing it. Calibration ends with
    1997-09-30; purchases of one day are one, as in the published fits.
    """
    found = importlib.util.find_spec("lifetimes")
    assert found is not None
    assert found.origin is not None
    names = ["master_id", "user", "day", "discs", "amount"]
    path = Path(found.origin).parent / "datasets" / "CDNOW_sample.txt"
    table = pd.read_csv(path, sep=r"\s+", header=None, names=names)
    table["day"] = pd.to_datetime(table["day"], format="%Y%m%d")
    end = pd.Timestamp("1997-09-30")
    days = table[table["day"] <= end].groupby(["user", "day"], as_index=False)["amount"].sum()
    users = days.groupby("user")["day"]
    first, week = users.min(), pd.Timedelta(weeks=1)
    later = days[days["day"] > days["user"].map(first)]
    return pd.DataFrame(
        {
            "x": users.size() - 1.0,
            "t_x": (users.max() - first) / week,
            "T": (end - first) / week,
            "mean": later.groupby("user")["amount"].mean(),
        }
    ).fillna(0.0)
