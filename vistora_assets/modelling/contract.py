"""The data contract: which columns a training frame has, and how a feature matrix is read.

Holds the names of the feature columns, the checks of a training frame and the one function that
turns any table with these columns (any order, any case, as a registry serves them) into the matrix
that the models know. Add to it when a feature column is added or renamed. What must not go here:
how a feature is computed, or what a model does with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

FEATURES: Final[tuple[str, ...]] = (
    "total_purchases",
    "total_spent",
    "purchase_days",
    "first_day_amount",
    "last_day_amount",
    "mean_amount",
    "max_amount",
    "amount_std",
    "repeat_mean_day_amount",
    "recency_days",
    "tenure_days",
    "active_span_days",
    "mean_gap_days",
    "gap_std_days",
    "max_gap_days",
    "last_gap_days",
    "purchases_30d",
    "purchases_90d",
    "purchases_180d",
    "purchases_365d",
    "spent_30d",
    "spent_90d",
    "spent_180d",
    "spent_365d",
    "spent_previous_horizon",
    "spent_season_last_year",
    "season_observed",
    "spend_trend",
    "refund_count",
    "refund_amount",
    "refund_amount_90d",
    "as_of_days",
    "season_sin",
    "season_cos",
)
"""The feature columns, all float64, NaN where a user has no such thing (a gap, a repeat day)."""

KEYS: Final[tuple[str, ...]] = ("user_id", "as_of")
LABEL: Final = "label"
COUNTRY: Final = "country"
EPOCH: Final = pd.Timestamp("1970-01-01")


class ContractError(ValueError):
    """A frame that does not keep the contract; the message names the columns and what to do."""


def feature_matrix(table: pd.DataFrame, names: Sequence[str] = FEATURES) -> pd.DataFrame:
    """Return the columns `names` of `table`, in that order, as float64 with these very names.

    Column names are matched without regard to case and order; other columns are left out.

    Args:
        table: shape (n, any), one row a user and AS_OF.
        names: the wanted columns, lower case.

    Returns:
        A frame of shape (n, len(names)); infinite values become NaN.

    Raises:
        ContractError: a column is missing, is there twice, or holds something else than numbers.
    """
    # A frame that is a matrix already comes back as it is: models call this one inside the other.
    if list(table.columns) != list(names):
        folded: dict[str, list[object]] = {}
        for column in table.columns:
            folded.setdefault(str(column).strip('"').lower(), []).append(column)
        missing = [name for name in names if name not in folded]
        if missing:
            message = (
                f"{len(missing)} feature column(s) are missing: {', '.join(missing)}. "
                "Score with the feature view that this model was trained on."
            )
            raise ContractError(message)
        doubled = [name for name in names if len(folded[name]) > 1]
        if doubled:
            message = (
                f"feature column(s) are there more than once, differing only in case: "
                f"{', '.join(doubled)}. Keep one of each."
            )
            raise ContractError(message)
        table = table[[folded[name][0] for name in names]]
        table.columns = pd.Index(list(names))
    try:
        values = table.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        wrong = [str(name) for name in names if not pd.api.types.is_numeric_dtype(table[name])]
        message = f"feature column(s) must be numbers: {', '.join(wrong)}. Cast them to DOUBLE."
        raise ContractError(message) from error
    if np.isinf(values).any():
        values = np.where(np.isinf(values), np.nan, values)
    return pd.DataFrame(values, index=table.index, columns=list(names))


def column(matrix: pd.DataFrame, name: str) -> np.ndarray:
    """Return one feature of a matrix as float64, shape (n,).

    Raises:
        ContractError: the matrix has no such column.
    """
    if name not in matrix.columns:
        message = f"the feature column {name} is missing; models need the whole feature matrix."
        raise ContractError(message)
    return matrix[name].to_numpy(dtype=np.float64)


def check_training_frame(frame: pd.DataFrame) -> None:
    """Refuse a training frame that breaks the contract.

    Raises:
        ContractError: missing columns, a repeated user and AS_OF, an AS_OF that is not midnight or
            has a time zone, or a label that is missing, negative or infinite.
    """
    wanted = (*KEYS, COUNTRY, LABEL, *FEATURES)
    missing = [name for name in wanted if name not in frame.columns]
    if missing:
        message = f"the training frame lacks {', '.join(missing)}; rebuild the training set."
        raise ContractError(message)
    as_of = frame["as_of"]
    if not pd.api.types.is_datetime64_dtype(as_of):
        message = f"as_of must be a UTC time without a zone, it is {as_of.dtype}."
        raise ContractError(message)
    if bool((as_of != as_of.dt.normalize()).any()):
        message = "as_of must be midnight UTC; some rows have a time of day."
        raise ContractError(message)
    if bool(frame.duplicated(list(KEYS)).any()):
        rows = int(frame.duplicated(list(KEYS)).sum())
        message = f"{rows} row(s) repeat a user and AS_OF; the grain is one row for each."
        raise ContractError(message)
    label = frame[LABEL].to_numpy(dtype=np.float64)
    if not np.isfinite(label).all() or (label < 0).any():
        message = "labels must be finite and not negative; give closed labels only."
        raise ContractError(message)
