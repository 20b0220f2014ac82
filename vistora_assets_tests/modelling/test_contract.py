"""A feature matrix is read whatever the case and order of its columns, and refused by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from vistora_assets.modelling.contract import (
    FEATURES,
    ContractError,
    check_training_frame,
    feature_matrix,
)


def test_columns_may_come_in_any_case_and_order(frame: pd.DataFrame) -> None:
    wanted = feature_matrix(frame)
    served = frame[list(FEATURES)[::-1]].rename(columns=str.upper).assign(EXTRA="text")
    pd.testing.assert_frame_equal(feature_matrix(served), wanted)
    quoted = frame.rename(columns={"total_spent": '"TOTAL_SPENT"'})
    pd.testing.assert_frame_equal(feature_matrix(quoted), wanted)


def test_missing_columns_are_named(frame: pd.DataFrame) -> None:
    with pytest.raises(ContractError, match=r"2 feature column.*recency_days, season_cos"):
        feature_matrix(frame.drop(columns=["recency_days", "season_cos"]))


def test_a_column_twice_in_two_cases_is_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(ContractError, match=r"more than once.*total_spent"):
        feature_matrix(frame.assign(TOTAL_SPENT=1.0).iloc[:, ::-1])


def test_text_in_a_feature_is_refused_by_name(frame: pd.DataFrame) -> None:
    with pytest.raises(ContractError, match="must be numbers: max_amount"):
        feature_matrix(frame.assign(max_amount="much"))


def test_integers_and_nulls_of_a_warehouse_become_doubles(frame: pd.DataFrame) -> None:
    served = frame.assign(
        purchase_days=frame["purchase_days"].astype("Int64"),
        gap_std_days=frame["gap_std_days"].astype("Float64"),
        max_amount=np.inf,
    )
    matrix = feature_matrix(served)
    assert set(matrix.dtypes.map(str)) == {"float64"}
    np.testing.assert_array_equal(matrix["gap_std_days"], frame["gap_std_days"])
    assert matrix["max_amount"].isna().all()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"label": -1.0}, "not negative"),
        ({"label": np.nan}, "finite"),
        ({"user_id": "u1", "as_of": pd.Timestamp("2021-04-01")}, "repeat a user"),
        ({"as_of": pd.Timestamp("2021-04-01 06:00")}, "midnight"),
        ({"as_of": pd.Timestamp("2021-04-01", tz="UTC")}, "without a zone"),
    ],
)
def test_a_broken_training_frame_is_refused(
    frame: pd.DataFrame, change: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ContractError, match=sentence):
        check_training_frame(frame.assign(**change))


def test_a_training_frame_without_a_column_is_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(ContractError, match="lacks country, label"):
        check_training_frame(frame.drop(columns=["country", "label"]))
