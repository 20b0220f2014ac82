"""Which rows may be learned from, and which are forecast: closed labels and the rolling origin.

Holds the calendar of a training: the rule of closed labels, the cutoffs for selection and for the
gate, and the asserted split. Add to it when another protocol of evaluation is wanted. What must
not go here: models, metrics, or how a label is computed.

All times are AS_OF instants, 00:00 UTC without a zone; a label of AS_OF covers
[AS_OF, AS_OF + horizon).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from vistora_assets.modelling.contract import KEYS, LABEL


class SplitError(ValueError):
    """A split that would learn from what was not known yet; the message names the cutoffs."""


def closes(as_of: pd.Timestamp, horizon_days: int) -> pd.Timestamp:
    """Return the instant from which on the label of `as_of` is known."""
    return as_of + pd.Timedelta(days=horizon_days)


def closed_cutoffs(
    cutoffs: Iterable[pd.Timestamp],
    *,
    horizon_days: int,
    by: pd.Timestamp,
) -> list[pd.Timestamp]:
    """Return the cutoffs, ascending and once each, whose label window closed by `by`."""
    return sorted({c for c in cutoffs if closes(c, horizon_days) <= by})


@dataclass(frozen=True)
class Calendar:
    """The cutoffs of a training, each with what may be learned for it.

    Attributes:
        closed: all cutoffs with a closed label, ascending; the refit learns from all of them.
        gate: the last of them; nothing of it is seen before the gate.
        gate_training: the cutoffs whose labels closed by the gate's AS_OF.
        selection: evaluated cutoff to its training cutoffs, ascending. All of them closed by the
            gate's AS_OF, so that the choice itself knows nothing of the gate's window.
    """

    closed: tuple[pd.Timestamp, ...]
    gate: pd.Timestamp
    gate_training: tuple[pd.Timestamp, ...]
    selection: dict[pd.Timestamp, tuple[pd.Timestamp, ...]]


def calendar(
    cutoffs: Iterable[pd.Timestamp],
    *,
    horizon_days: int,
    data_until: pd.Timestamp,
    evaluated: int = 4,
    label_days: int | None = None,
) -> Calendar:
    """Lay out select, gate and refit.

    Args:
        cutoffs: AS_OF of the rows at hand, in any order.
        horizon_days: the length of the gate's label.
        data_until: the instant up to which events are known.
        evaluated: how many of the last cutoffs before the gate selection looks at.
        label_days: the length of all labels before the gate, where it is less than the horizon.

    Raises:
        SplitError: no cutoff has a closed label, or none closed before the last one's AS_OF.
    """
    known = list(cutoffs)
    learned = horizon_days if label_days is None else label_days
    closed = closed_cutoffs(known, horizon_days=horizon_days, by=data_until)
    if not closed:
        message = (
            f"no AS_OF has a closed label: with a horizon of {horizon_days} days and events until "
            f"{data_until:%Y-%m-%d}, an AS_OF must be at or before "
            f"{data_until - pd.Timedelta(days=horizon_days):%Y-%m-%d}."
        )
        raise SplitError(message)
    gate = closed[-1]
    training = closed_cutoffs(closed, horizon_days=learned, by=gate)
    if not training:
        message = (
            f"no label closed before the last AS_OF ({gate:%Y-%m-%d}): an AS_OF at least "
            f"{learned} days before it is needed to learn from. Start the snapshots earlier "
            "or shorten the horizon."
        )
        raise SplitError(message)
    selection: dict[pd.Timestamp, tuple[pd.Timestamp, ...]] = {}
    for cutoff in training:
        before = closed_cutoffs(training, horizon_days=learned, by=cutoff)
        if before:
            selection[cutoff] = tuple(before)
    kept = dict(list(selection.items())[-evaluated:]) if evaluated > 0 else {}
    return Calendar(tuple(closed), gate, tuple(training), kept)


def split(
    frame: pd.DataFrame,
    *,
    cutoff: pd.Timestamp,
    training: Iterable[pd.Timestamp],
    label_days: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows to learn from and the rows of `cutoff` to forecast, these without labels.

    Raises:
        SplitError: a training cutoff's label was not closed at `cutoff`, or one side is empty.
    """
    wanted = list(training)
    late = [c for c in wanted if closes(c, label_days) > cutoff]
    if late:
        message = (
            f"labels of {', '.join(f'{c:%Y-%m-%d}' for c in late)} were not closed at "
            f"{cutoff:%Y-%m-%d}; a model for it may not learn from them."
        )
        raise SplitError(message)
    learn = frame[frame["as_of"].isin(wanted)]
    forecast = frame[frame["as_of"] == cutoff].drop(columns=[LABEL])
    if learn.empty or forecast.empty:
        message = f"there are no rows to learn from, or none to forecast, at {cutoff:%Y-%m-%d}."
        raise SplitError(message)
    # A fixed order: what is learned must not depend on how a table happened to be read.
    return learn.sort_values(["as_of", *KEYS[:1]]), forecast.sort_values(list(KEYS[:1]))
