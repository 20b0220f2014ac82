"""Purchases of simulated users, and the training frame made from them.

Holds the one data source of the room's tests: a BG/NBD process with gamma-gamma spend, whose
parameters are known. Add to it when a test needs other behaviour of users. What must not go here:
assertions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from vistora_assets.modelling.contract import FEATURES

START = pd.Timestamp("2021-01-01")


@dataclass(frozen=True)
class Process:
    """Parameters of the simulated users; times in days."""

    r: float = 0.8
    alpha: float = 20.0
    a: float = 0.8
    b: float = 3.0
    p: float = 6.0
    q: float = 4.0
    v: float = 50.0


def simulate(users: int, days: int, *, seed: int, process: Process | None = None) -> pd.DataFrame:
    """Return purchases (`user_id, event_time, amount, country`) of users who start in 90 days."""
    given = process if process is not None else Process()
    rng = np.random.default_rng(seed)
    rate = rng.gamma(given.r, 1.0 / given.alpha, users)
    leave = rng.beta(given.a, given.b, users)
    scale = rng.gamma(given.q, 1.0 / given.v, users)
    country = rng.choice(["DE", "FR", "GB"], users, p=[0.6, 0.3, 0.1])
    ids: list[str] = []
    times: list[int] = []
    amounts: list[float] = []
    countries: list[str] = []
    for user in range(users):
        time = float(rng.integers(0, 90))
        # BG/NBD lets nobody leave before the second purchase.
        stays = True
        while time < days:
            ids.append(f"u{user:05d}")
            times.append(int(time))
            amounts.append(float(rng.gamma(given.p, 1.0 / scale[user])))
            countries.append(str(country[user]))
            if not stays and rng.random() < leave[user]:
                break
            stays = False
            time += rng.exponential(1.0 / rate[user])
    return pd.DataFrame(
        {
            "user_id": ids,
            "event_time": START + pd.to_timedelta(times, unit="D"),
            "amount": np.round(amounts, 2),
            "country": countries,
        }
    )


def training_frame(
    events: pd.DataFrame, cutoffs: list[pd.Timestamp], horizon_days: int
) -> pd.DataFrame:
    """Return the training frame of these purchases: one row a user and AS_OF."""
    frames = [_rows(events, cutoff, horizon_days) for cutoff in cutoffs]
    frame = pd.concat(frames, ignore_index=True)
    return frame[["user_id", "as_of", "country", "label", *FEATURES]]


def _rows(events: pd.DataFrame, as_of: pd.Timestamp, horizon: int) -> pd.DataFrame:
    day = pd.Timedelta(days=1)
    past = events[events["event_time"] < as_of]
    users = past.groupby("user_id")

    def spent(start: pd.Timestamp, end: pd.Timestamp) -> pd.Series[float]:
        inside = events[(events["event_time"] >= start) & (events["event_time"] < end)]
        return inside.groupby("user_id")["amount"].sum()

    out = pd.DataFrame(
        {
            "country": users["country"].first(),
            "total_purchases": users.size().astype(float),
            "total_spent": users["amount"].sum(),
            "mean_amount": users["amount"].mean(),
            "max_amount": users["amount"].max(),
            "amount_std": users["amount"].std(),
        }
    )
    days = past.groupby(["user_id", "event_time"], as_index=False)["amount"].sum()
    by_day = days.groupby("user_id")
    first, last = by_day["event_time"].first(), by_day["event_time"].last()
    gaps = days.assign(gap=by_day["event_time"].diff() / day).dropna().groupby("user_id")["gap"]
    later = days[days["event_time"] > days["user_id"].map(first)]
    out = out.assign(
        purchase_days=by_day.size().astype(float),
        first_day_amount=by_day["amount"].first(),
        last_day_amount=by_day["amount"].last(),
        repeat_mean_day_amount=later.groupby("user_id")["amount"].mean(),
        recency_days=(as_of - last) / day,
        tenure_days=(as_of - first) / day,
        active_span_days=(last - first) / day,
        mean_gap_days=gaps.mean(),
        gap_std_days=gaps.std(),
        max_gap_days=gaps.max(),
        last_gap_days=gaps.last(),
    )
    for window in (30, 90, 180, 365):
        recent = past[past["event_time"] >= as_of - window * day].groupby("user_id")
        out[f"purchases_{window}d"] = recent.size()
        out[f"spent_{window}d"] = recent["amount"].sum()
    year = as_of - 365 * day
    out["spent_previous_horizon"] = spent(as_of - horizon * day, as_of)
    out["spent_season_last_year"] = spent(year, year + horizon * day)
    out["spent_trend_base"] = spent(as_of - 180 * day, as_of - 90 * day)
    out["label"] = spent(as_of, as_of + horizon * day)
    zero = [name for name in out.columns if name.startswith(("spent_", "purchases_", "label"))]
    out[zero] = out[zero].fillna(0.0).astype(float)
    out["spend_trend"] = out["spent_90d"] - out.pop("spent_trend_base")
    angle = 2.0 * np.pi * as_of.dayofyear / 365.25
    return out.assign(
        as_of=as_of,
        season_observed=float(year >= START),
        refund_count=0.0,
        refund_amount=0.0,
        refund_amount_90d=0.0,
        as_of_days=float((as_of - pd.Timestamp("1970-01-01")) / day),
        season_sin=np.sin(angle),
        season_cos=np.cos(angle),
    ).reset_index()
