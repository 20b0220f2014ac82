"""The backtest judges without sight of the future, and refuses what cannot be judged."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from vistora_assets.backtest import (
    COLUMNS,
    BacktestError,
    BacktestRequest,
    BacktestResult,
    backtest,
    plan_cutoff,
    result_table,
)
from vistora_assets.demo import demo_files
from vistora_assets.modelling.catalogue import MODELS, REFERENCE
from vistora_assets.modelling.metrics import bootstrap, paired_difference
from vistora_assets.refresh import EventsExtent
from vistora_assets.sources import ColumnMap
from vistora_assets.sources.errors import SourceError
from vistora_assets_tests.modelling.simulation import simulate
from vistora_assets_tests.online_retail import events_file

CUTOFF = date(2021, 9, 14)
HORIZON = 45


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return ten months of 300 simulated users under other names than ours."""
    events = simulate(300, 305, seed=5)
    day = events["event_time"].dt.strftime("%Y-%m-%d")
    table = pd.DataFrame({"customer": events["user_id"], "day": day, "price": events["amount"]})
    table["kind"] = "purchase"
    refunds = table.iloc[::9].assign(kind="refund", price=lambda rows: rows["price"] / 2)
    path = tmp_path_factory.mktemp("backtest") / "shop.csv"
    pd.concat([table, refunds]).to_csv(path, index=False)
    return path


MAP = {"user_id": "customer", "event_time": "day", "amount": "price", "event_type": "kind"}


def request(path: Path, **changes: Any) -> BacktestRequest:
    given: dict[str, Any] = {
        "events": path,
        "cutoffs": (CUTOFF,),
        "horizon_days": HORIZON,
        "columns": ColumnMap(MAP),
        **changes,
    }
    return BacktestRequest(**given)


def roots() -> set[str]:
    return {path.name for path in Path(tempfile.gettempdir()).glob("vistora-backtest-*")}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    code = "from vistora_assets.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, "backtest", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


# --- what is learned for a cutoff -----------------------------------------------------------


def plan(first: str, as_of: str, horizon: int) -> Any:
    extent = EventsExtent(datetime.fromisoformat(first), datetime(2030, 1, 1))
    return plan_cutoff(
        extent, date.fromisoformat(as_of), horizon_days=horizon, minimum_history_days=90
    )


def test_snapshots_are_the_pipeline_s_where_the_cutoff_ends_a_month() -> None:
    found = plan("2020-01-01", "2020-12-01", 90)
    assert found.label_days == 90
    assert found.training == tuple(date(2020, month, 1) for month in range(4, 10)), (
        "90 days of history before the first, 90 days of label after the last"
    )


def test_other_cutoffs_have_snapshots_on_their_own_day_of_the_month() -> None:
    found = plan("2020-01-01", "2020-12-31", 90)
    assert found.training[-1] == date(2020, 9, 30)
    assert all(day + timedelta(days=found.label_days) <= found.as_of for day in found.training)


def test_a_log_too_short_for_the_horizon_is_learned_from_in_shorter_windows() -> None:
    """CDNOW at 1997-09-30: nine months before the cutoff, nine months ahead."""
    found = plan("1997-01-01", "1997-10-01", 273)
    assert found.label_days == 91
    assert found.training[0] == date(1997, 4, 2)
    assert found.training[-1] + timedelta(days=91) == found.as_of


def test_hardly_any_log_is_refused_with_the_first_cutoff_that_would_do() -> None:
    with pytest.raises(BacktestError, match=r"10 days are too few .* cutoff of 2020-01-22 or"):
        plan("2020-01-01", "2020-01-11", 90)


# --- as a user runs it ----------------------------------------------------------------------


def net_labels(log: Path) -> pd.Series[float]:
    """Return purchases less refunds of the window, never below zero, of who did anything in it."""
    table = pd.read_csv(log)
    day = pd.to_datetime(table["day"]).dt.date
    window = table[(day > CUTOFF) & (day <= CUTOFF + timedelta(days=HORIZON))]
    signed = window["price"].where(window["kind"] == "purchase", -window["price"])
    return signed.groupby(window["customer"]).sum().clip(lower=0.0)


def test_the_command_writes_a_row_for_each_model_and_leaves_nothing_behind(
    log: Path, tmp_path: Path
) -> None:
    """With net labels, under other names of columns, as the command's help says it."""
    before, out = roots(), tmp_path / "out.json"
    mapped = [text for name, column in MAP.items() for text in ("--map", f"{name}={column}")]
    done = run(
        str(log), "--cutoff", str(CUTOFF), "--horizon-days", str(HORIZON), "--json", str(out),
        "--net", *mapped,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = json.loads(out.read_text())
    assert {row["model"] for row in rows} == {spec.name for spec in MODELS}
    assert all(set(COLUMNS) <= set(row) for row in rows)
    assert {row["cutoff"] for row in rows} == {str(CUTOFF)}
    assert sum(row["selected"] for row in rows) == 1
    chosen = next(row for row in rows if row["selected"])
    mean = next(row for row in rows if row["model"] == "mean")
    assert chosen["rmse"] < mean["rmse"]
    assert mean["gini"] is None
    zero = next(row for row in rows if row["model"] == "zero")
    assert zero["mse"] == pytest.approx((net_labels(log) ** 2).sum() / zero["n"])
    assert "selection 1 of" in done.stderr, "progress goes to stderr"
    assert done.stdout.splitlines() == result_table(rows)
    assert roots() == before


@pytest.fixture(scope="module")
def judged(log: Path) -> BacktestResult:
    """Return the backtest of the log as it is."""
    return backtest(request(log))


@pytest.mark.soak
def test_tampering_with_anything_after_the_cutoff_changes_no_forecast(
    log: Path, judged: BacktestResult, tmp_path: Path
) -> None:
    """Bit for bit, from the file to the forecast, for every model; only the truth changes."""
    table = pd.read_csv(log)
    future = pd.to_datetime(table["day"]).dt.date > CUTOFF
    assert 0 < future.sum() < len(table)
    later = table[future].iloc[::2]
    changed = later.assign(price=later["price"] * 7 + 100, kind="purchase")
    strangers = changed.assign(customer=changed["customer"] + "-new")
    path = tmp_path / "shop.csv"
    pd.concat([table[~future], changed, strangers]).to_csv(path, index=False)
    other = backtest(request(path, data_until=CUTOFF + timedelta(days=HORIZON + 1)))
    names = [spec.name for spec in MODELS]
    first, second = judged.predictions[CUTOFF], other.predictions[CUTOFF]
    pd.testing.assert_frame_equal(
        first[["user_id", *names]], second[["user_id", *names]], check_exact=True
    )
    assert (first["actual"] != second["actual"]).any()
    assert [row["selected"] for row in judged.rows] == [row["selected"] for row in other.rows]


def test_everybody_with_a_purchase_before_the_forecast_is_in_it(
    log: Path, judged: BacktestResult
) -> None:
    table = pd.read_csv(log)
    known = table[(pd.to_datetime(table["day"]).dt.date <= CUTOFF) & (table["kind"] == "purchase")]
    assert set(judged.predictions[CUTOFF]["user_id"]) == set(known["customer"])


# --- what is refused ------------------------------------------------------------------------


def test_a_label_that_the_log_does_not_close_is_refused_with_the_newest_cutoff(log: Path) -> None:
    with pytest.raises(BacktestError, match=r"nobody can say yet .* cutoff of 2021-\d\d-\d\d or"):
        backtest(request(log, cutoffs=(date(2021, 10, 20),)))


def test_unknown_columns_are_refused_with_the_header(log: Path) -> None:
    with pytest.raises(SourceError, match=r"'shop' \(for user_id\) is missing; the header is"):
        backtest(request(log, columns=ColumnMap({**MAP, "user_id": "shop"})))


def test_too_few_users_are_refused(log: Path, tmp_path: Path) -> None:
    """The file has no types, so that every row is read as a purchase."""
    table = pd.read_csv(log)
    few = table[table["customer"].isin(sorted(table["customer"].unique())[:40])]
    path = tmp_path / "few.csv"
    few.drop(columns="kind").to_csv(path, index=False)
    columns = ColumnMap({name: column for name, column in MAP.items() if column != "kind"})
    said: list[str] = []
    until = CUTOFF + timedelta(days=HORIZON + 1)
    with pytest.raises(BacktestError, match=r"40 user\(s\) are too few .* at least 100"):
        backtest(request(path, data_until=until, columns=columns), said.append)
    assert "few.csv has no event_type: every row counts as a purchase." in said


def test_no_cutoff_or_one_twice_is_refused_before_anything_starts(log: Path) -> None:
    with pytest.raises(BacktestError, match="no cutoff"):
        backtest(request(log, cutoffs=()))
    with pytest.raises(BacktestError, match="there twice"):
        backtest(request(log, cutoffs=(CUTOFF, CUTOFF)))


# --- what it must show ----------------------------------------------------------------------


def compared(forecasts: pd.DataFrame, chosen: str) -> tuple[Any, Any]:
    """Return the paired differences, chosen less BG/NBD with Gamma-Gamma, of MSE and Gini."""
    actual = forecasts["actual"].to_numpy()
    pair = {name: forecasts[name].to_numpy() for name in (chosen, REFERENCE)}
    drawn = bootstrap(actual, pair, count=500, seed=1)
    return (
        paired_difference(0.0, drawn.mse[chosen], drawn.mse[REFERENCE]),
        paired_difference(0.0, drawn.gini[chosen], drawn.gini[REFERENCE]),
    )


def selected(result: BacktestResult) -> list[dict[str, Any]]:
    return [row for row in result.rows if row["selected"]]


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_cdnow_reaches_what_was_promised(tmp_path: Path) -> None:
    """All 23,570 customers, nine months before and nine after, in under three minutes and 2 GiB."""
    months = [pd.read_csv(path, dtype=str) for path in demo_files(tmp_path)]
    path = tmp_path / "cdnow.csv"
    pd.concat(months).to_csv(path, index=False)
    cutoff, began = date(1997, 9, 30), time.monotonic()
    result = backtest(
        BacktestRequest(path, (cutoff,), 273, ColumnMap()),
    )
    seconds = time.monotonic() - began
    (chosen,) = selected(result)
    error, order = compared(result.predictions[cutoff], chosen["model"])
    assert chosen["n"] == 23_570
    assert chosen["gini"] >= 0.715
    assert order.low > 0, "the gain in order is significant"
    assert chosen["rmse"] <= 93.5
    assert error.low <= 0, "the error is not significantly above"
    assert seconds < 180
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 2 * 1024**2


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_online_retail_reaches_what_was_promised() -> None:
    """Four cutoffs of a shop with a season and with customers of a hundred times the next."""
    cutoffs = (date(2010, 11, 30), date(2011, 2, 28), date(2011, 5, 31), date(2011, 8, 31))
    result = backtest(BacktestRequest(events_file(), cutoffs, 90, ColumnMap()))
    chosen = selected(result)
    assert [row["cutoff"] for row in chosen] == [str(cutoff) for cutoff in cutoffs]
    assert np.mean([row["rmse"] for row in chosen]) <= 1330
    assert np.mean([row["gini"] for row in chosen]) >= 0.81
    assert 0.9 <= np.mean([row["bias"] for row in chosen]) <= 1.1
    for cutoff, row in zip(cutoffs, chosen, strict=True):
        error, _ = compared(result.predictions[cutoff], row["model"])
        assert error.low <= 0, f"{cutoff}: significantly above BG/NBD with Gamma-Gamma"
