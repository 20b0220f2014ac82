"""A model card says what was decided, how it was judged and what it looks at, with its pictures."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from vistora_assets.modelling.contract import FEATURES
from vistora_assets.modelling.model_card import (
    Card,
    Verdict,
    model_card,
    permutation_importance,
)
from vistora_assets.modelling.training import TrainingResult

VERDICT = Verdict(True, "V_OLD", ("RMSE 1 is better than 2.",), "| passed |\n|---|\n| yes |")


@pytest.fixture(scope="module")
def card(result: TrainingResult) -> Card:
    report = {
        "training_id": "abc",
        "feature_version": "V_1",
        "identity": {"data_token": "d1"},
        "parameters": {"label": "gross", "horizon_days": 60},
        "chosen": result.chosen,
        "gate_as_of": result.calendar.gate.isoformat(),
        "closed": [day.isoformat() for day in result.calendar.closed],
        "rows": result.rows,
        "users": result.users,
        "metric_rows": result.metric_rows,
    }
    return model_card(
        "V_NEW",
        report,
        result.gate_predictions,
        verdict=VERDICT,
        importance=[("recency_days", 0.4), ("spent_90d", 0.1)],
    )


def test_a_card_has_the_decision_the_metrics_and_five_pictures(
    card: Card, result: TrainingResult
) -> None:
    assert set(card.pictures) == {"calibration", "gain", "backtest", "residuals", "importance"}
    for said in ("V_NEW", "V_OLD", "It became champion", "RMSE 1 is better", "recency_days: +40.0"):
        assert said in card.text
    assert f"| {result.chosen.replace('_', ' ')} | " in card.text
    assert all(f"({name}.png)" in card.text for name in card.pictures)


def test_embedded_it_needs_no_other_file_and_plain_it_has_no_picture(card: Card) -> None:
    embedded = card.embedded()
    assert ".png)" not in embedded
    assert embedded.count("data:image/png;base64,") == len(card.pictures)
    assert "![" not in card.plain(100_000)
    short = card.plain(600)
    assert len(short) <= 600
    assert short.endswith("the rest stands in the card on the stage of models.")


def test_importance_is_what_the_model_loses_without_a_feature(
    result: TrainingResult, frame: pd.DataFrame
) -> None:
    """A feature that is the same for all is left out; the answer depends on the seed alone."""
    rows = frame[frame["as_of"] == result.calendar.gate].reset_index(drop=True)
    actual = rows["label"].to_numpy(dtype=np.float64)
    found = permutation_importance(result.predictor, rows, actual, seed=1, repeats=1)
    names = [name for name, _ in found]
    assert "refund_count" not in names
    assert set(names) <= set(FEATURES)
    assert [grown for _, grown in found] == sorted((g for _, g in found), reverse=True)
    assert found[0][1] > 0.01
    assert found == permutation_importance(result.predictor, rows, actual, seed=1, repeats=1)
