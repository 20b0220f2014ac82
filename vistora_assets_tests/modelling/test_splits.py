"""Nothing is learned before its label closed, and nothing of the gate is seen before it."""

from __future__ import annotations

import pandas as pd
import pytest

from vistora_assets.modelling.splits import SplitError, calendar, closed_cutoffs, split

MONTHS = list(pd.date_range("2021-01-01", "2021-12-01", freq="MS"))


def test_a_label_closes_exactly_at_the_end_of_its_window() -> None:
    first = pd.Timestamp("2021-01-01")
    end = pd.Timestamp("2021-04-01")
    assert closed_cutoffs([first], horizon_days=90, by=end) == [first]
    assert closed_cutoffs([first], horizon_days=90, by=end - pd.Timedelta(seconds=1)) == []


def test_the_gate_is_the_newest_closed_cutoff() -> None:
    found = calendar(MONTHS, horizon_days=90, data_until=pd.Timestamp("2021-11-29"))
    assert found.gate == pd.Timestamp("2021-08-01")
    assert found.closed == tuple(MONTHS[:8])
    assert found.gate_training == tuple(MONTHS[:5])


def test_every_fold_learns_only_from_labels_closed_by_its_cutoff() -> None:
    found = calendar(MONTHS, horizon_days=60, data_until=pd.Timestamp("2022-03-01"), evaluated=9)
    horizon = pd.Timedelta(days=60)
    assert len(found.selection) > 4
    for cutoff, training in found.selection.items():
        assert all(c + horizon <= cutoff for c in training)
        assert cutoff + horizon <= found.gate, "selection must not see the gate's window"


def test_only_the_last_cutoffs_are_evaluated() -> None:
    found = calendar(MONTHS, horizon_days=30, data_until=pd.Timestamp("2022-03-01"), evaluated=2)
    assert list(found.selection) == list(found.gate_training[-2:])


def test_a_history_too_short_for_selection_still_has_a_gate() -> None:
    found = calendar(MONTHS[:4], horizon_days=90, data_until=pd.Timestamp("2021-07-01"))
    assert found.selection == {}
    assert found.gate_training == (MONTHS[0],)


def test_what_is_missing_is_said() -> None:
    with pytest.raises(SplitError, match=r"no AS_OF has a closed label.*2020-10-03"):
        calendar(MONTHS, horizon_days=90, data_until=pd.Timestamp("2021-01-01"))
    with pytest.raises(SplitError, match="no label closed before the last AS_OF"):
        calendar(MONTHS[:1], horizon_days=90, data_until=pd.Timestamp("2021-07-01"))


def test_learning_from_an_open_label_is_refused(frame: pd.DataFrame) -> None:
    cutoffs = sorted(frame["as_of"].unique())
    with pytest.raises(SplitError, match="not closed"):
        split(frame, cutoff=cutoffs[2], training=[cutoffs[0], cutoffs[1]], label_days=60)


def test_the_rows_to_forecast_carry_no_label_and_a_fixed_order(frame: pd.DataFrame) -> None:
    cutoffs = sorted(frame["as_of"].unique())
    shuffled = frame.sample(frac=1.0, random_state=1)
    first = split(frame, cutoff=cutoffs[-1], training=cutoffs[:3], label_days=60)
    second = split(shuffled, cutoff=cutoffs[-1], training=cutoffs[:3], label_days=60)
    assert "label" not in first[1].columns
    for one, other in zip(first, second, strict=True):
        assert list(one["user_id"]) == list(other["user_id"])
        assert list(one["as_of"]) == list(other["as_of"])
