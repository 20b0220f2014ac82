"""A training refuses what it cannot learn from, sees no future, and says what it did."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from vistora_assets.modelling.catalogue import CANDIDATES, DEFAULT, MODELS
from vistora_assets.modelling.contract import FEATURES
from vistora_assets.modelling.training import (
    CannotTrain,
    TrainingResult,
    TrainingSettings,
    choose,
    train,
)
from vistora_assets_tests.modelling.simulation import training_frame

HORIZON = 60
FAST = tuple(
    spec for spec in MODELS if spec.name in ("mean", "bg_nbd_gamma_gamma", "btyd_all_days", "blend")
)


def test_the_seeds_four_events_are_refused_with_a_sentence() -> None:
    """u1 bought twice, u2 and u3 once: nothing that an R² could be printed for."""
    events = pd.DataFrame(
        {
            "user_id": ["u1", "u1", "u2", "u3"],
            "event_time": pd.to_datetime(["2024-01-01", "2024-01-05", "2024-01-03", "2024-01-04"]),
            "amount": [100.0, 80.0, 200.0, 250.0],
            "country": ["US", "US", "CA", "US"],
        }
    )
    seed = training_frame(events, [pd.Timestamp("2024-01-06")], 1)
    with pytest.raises(CannotTrain, match=r"3 user\(s\) are too few .* at least 100"):
        train(seed, horizon_days=1, data_until=pd.Timestamp("2024-02-01"))


def test_an_empty_training_set_is_refused(frame: pd.DataFrame, data_until: pd.Timestamp) -> None:
    with pytest.raises(CannotTrain, match="is empty"):
        train(frame.iloc[:0], horizon_days=HORIZON, data_until=data_until)


def test_too_short_a_history_is_refused_with_the_date_that_would_do(frame: pd.DataFrame) -> None:
    first = pd.Timestamp(frame["as_of"].min())
    with pytest.raises(CannotTrain, match="no AS_OF has a closed label"):
        train(frame, horizon_days=HORIZON, data_until=first)
    with pytest.raises(CannotTrain, match="no label closed before the last AS_OF"):
        train(frame, horizon_days=HORIZON, data_until=first + pd.Timedelta(days=HORIZON))


def test_too_few_buyers_are_refused(frame: pd.DataFrame, data_until: pd.Timestamp) -> None:
    gate = frame["as_of"] == frame["as_of"].max()
    poor = frame.assign(label=frame["label"].where(~gate | (frame["user_id"] < "u00010"), 0.0))
    with pytest.raises(CannotTrain, match=r"users to judge on, \d of them with spend"):
        train(poor, horizon_days=HORIZON, data_until=data_until)


def test_every_model_forecasts_the_gate(result: TrainingResult, frame: pd.DataFrame) -> None:
    gate = result.gate_predictions
    assert result.skipped == {}
    assert {spec.name for spec in MODELS} <= set(gate.columns)
    assert len(gate) == (frame["as_of"] == frame["as_of"].max()).sum()
    assert set(gate["as_of"]) == {frame["as_of"].max()}
    values = gate[[spec.name for spec in MODELS]].to_numpy()
    assert np.isfinite(values).all()
    assert (values >= 0).all()
    truth = frame.set_index(["user_id", "as_of"])["label"]
    keys = pd.MultiIndex.from_frame(gate[["user_id", "as_of"]])
    np.testing.assert_array_equal(gate["actual"], truth.loc[keys])


def test_the_refit_learns_from_all_closed_labels(
    result: TrainingResult, frame: pd.DataFrame
) -> None:
    assert result.rows == len(frame)
    assert result.users == frame["user_id"].nunique()
    assert result.chosen in {spec.name for spec in CANDIDATES}
    assert result.predictor.model_name == result.chosen
    assert result.predictor.identity == result.identity.digest()
    forecast = result.predictor.predict(frame[list(FEATURES)])
    assert 0.5 < forecast.sum() / frame["label"].sum() < 2.0


def test_metrics_are_rows_by_model_stage_cutoff_and_segment(result: TrainingResult) -> None:
    rows = pd.DataFrame(result.metric_rows)
    keys = ["model", "stage", "cutoff", "segment"]
    assert not rows.duplicated(keys).any()
    assert set(rows["stage"]) == {"select", "gate"}
    assert {"all", "country:DE", "country:FR", "tenure:181-365"} <= set(rows["segment"])
    whole = rows[(rows["segment"] == "all") & (rows["stage"] == "gate")]
    assert sorted(whole["model"]) == sorted(spec.name for spec in MODELS)
    assert (whole["rmse_low"] <= whole["rmse"]).all()
    assert (whole["rmse"] <= whole["rmse_high"]).all()
    unordered = set(whole.loc[whole["gini"].isna(), "model"])
    assert unordered == {"zero", "mean"}, "only a constant forecast has no order"
    countries = rows[
        (rows["stage"] == "gate")
        & (rows["model"] == "mean")
        & rows["segment"].str.startswith("country")
    ]
    assert countries["n"].sum() == whole["n"].iloc[0]


def test_progress_is_told_before_silence_grows_long(
    frame: pd.DataFrame, data_until: pd.Timestamp, quick: TrainingSettings
) -> None:
    lines: list[str] = []
    train(
        frame,
        horizon_days=HORIZON,
        data_until=data_until,
        settings=quick,
        models=FAST,
        progress=lines.append,
    )
    assert any("selection 1 of 2" in line for line in lines)
    assert any("gate" in line for line in lines)
    assert any("chosen" in line for line in lines)


def tampered(frame: pd.DataFrame, cutoff: pd.Timestamp, horizon: int, seed: int) -> pd.DataFrame:
    """Change every label that was not closed at the cutoff and every feature seen after it."""
    rng = np.random.default_rng(seed)
    out = frame.copy()
    open_label = out["as_of"] + pd.Timedelta(days=horizon) > cutoff
    out.loc[open_label, "label"] = rng.gamma(1.0, 500.0, int(open_label.sum()))
    later = out["as_of"] > cutoff
    money = [name for name in FEATURES if "spent" in name or "amount" in name]
    out.loc[later, money] = rng.gamma(1.0, 900.0, (int(later.sum()), len(money)))
    return out


@pytest.mark.parametrize("seed", [0, 1])
def test_tampering_with_the_future_changes_no_forecast_bit_for_bit(
    frame: pd.DataFrame,
    data_until: pd.Timestamp,
    quick: TrainingSettings,
    result: TrainingResult,
    seed: int,
) -> None:
    """Neither the forecasts of the gate's cutoff, nor the choice between the candidates."""
    other = train(
        tampered(frame, result.calendar.gate, HORIZON, seed),
        horizon_days=HORIZON,
        data_until=data_until,
        settings=quick,
        models=MODELS if seed == 0 else FAST,
    )
    names = [spec.name for spec in (MODELS if seed == 0 else FAST)]
    for name in names:
        np.testing.assert_array_equal(
            other.gate_predictions[name], result.gate_predictions[name], err_msg=name
        )
    if seed == 0:
        assert other.chosen == result.chosen
    for name, score in other.selection_scores.items():
        assert score == result.selection_scores[name]


def test_tampering_with_the_past_does_change_forecasts(
    frame: pd.DataFrame, data_until: pd.Timestamp, quick: TrainingSettings, result: TrainingResult
) -> None:
    """Else the test above would pass for a model that learns nothing."""
    past = tampered(frame, pd.Timestamp(frame["as_of"].min()), HORIZON, 0)
    other = train(past, horizon_days=HORIZON, data_until=data_until, settings=quick, models=FAST)
    assert not np.array_equal(other.gate_predictions["blend"], result.gate_predictions["blend"])


def test_the_order_of_rows_and_columns_does_not_matter(
    frame: pd.DataFrame, data_until: pd.Timestamp, quick: TrainingSettings
) -> None:
    """A warehouse returns rows in any order; the same training must have the same numbers."""
    shuffled = frame.sample(frac=1.0, random_state=5).iloc[:, ::-1]
    first, second = (
        train(rows, horizon_days=HORIZON, data_until=data_until, settings=quick, models=FAST)
        for rows in (frame, shuffled)
    )
    assert first.identity == second.identity
    pd.testing.assert_frame_equal(first.gate_predictions, second.gate_predictions)
    rows = frame[list(FEATURES)]
    np.testing.assert_array_equal(first.predictor.predict(rows), second.predictor.predict(rows))


def test_identity_follows_data_parameters_and_features(
    frame: pd.DataFrame, data_until: pd.Timestamp, quick: TrainingSettings
) -> None:
    only = tuple(spec for spec in MODELS if spec.name in ("mean", "btyd_all_days"))

    def name(rows: pd.DataFrame, settings: TrainingSettings, version: str) -> str:
        found = train(
            rows,
            horizon_days=HORIZON,
            data_until=data_until,
            settings=settings,
            models=only,
            feature_version=version,
        )
        return found.identity.version_name()

    one = name(frame, quick, "F1")
    assert one == name(frame, quick, "F1")
    label = frame["label"].copy()
    label.iloc[0] += 1.0
    others = {
        name(frame.assign(label=label), quick, "F1"),
        name(frame, replace(quick, seed=1), "F1"),
        name(frame, quick, "F2"),
    }
    assert len(others | {one}) == 4


def test_a_model_that_cannot_be_fitted_is_named_and_the_rest_goes_on(
    frame: pd.DataFrame, data_until: pd.Timestamp, quick: TrainingSettings
) -> None:
    """Nobody ever came back, as in a shop for one thing: no purchase rate, but boosting works."""
    once = frame.assign(purchase_days=1.0, active_span_days=0.0, repeat_mean_day_amount=np.nan)
    found = train(once, horizon_days=HORIZON, data_until=data_until, settings=quick, models=MODELS)
    assert "0 of" in found.skipped["bg_nbd_gamma_gamma"]
    assert "bought again" in found.skipped["bg_nbd_gamma_gamma"]
    assert found.chosen in ("poisson_boosting", "hurdle_boosting", "tweedie_linear")


def scores(*values: float) -> dict[pd.Timestamp, float]:
    return {pd.Timestamp("2021-01-01") + pd.Timedelta(days=60 * i): v for i, v in enumerate(values)}


def test_the_default_stays_unless_another_is_better_again_and_again() -> None:
    able = [DEFAULT, "poisson_boosting"]

    def chosen(*values: float) -> str:
        given = {DEFAULT: scores(*[0.0] * len(values)), "poisson_boosting": scores(*values)}
        return choose(given, able, horizon_days=60)

    assert chosen(-0.10, -0.11, -0.09, -0.10) == "poisson_boosting"
    assert chosen(-0.50, 0.10, -0.20, 0.30) == DEFAULT, "a lead that comes and goes is luck"
    assert chosen(-0.50) == DEFAULT, "one cutoff proves nothing"
    assert chosen(-0.10, -0.14) == DEFAULT, "two windows are too few for so small a lead"
    assert choose({}, able, horizon_days=60) == DEFAULT
    assert choose({}, ["poisson_boosting"], horizon_days=60) == "poisson_boosting"
