"""How far a distribution has moved from what a model learned from, out of counts by bin.

Holds the population stability index and the two-sample Kolmogorov-Smirnov test over bins, and what
counts as moved. Add to it another measure of two distributions. What must not go here: which
columns are compared, and how they are counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import kolmogorov

MOVED_PSI: Final = 0.25
"""From here on a distribution has moved; 0.1 to 0.25 is worth a look (Siddiqi, "Credit Risk
Scorecards", 2006, chapter 9)."""

MOVED_PROBABILITY: Final = 0.01
"""And chance alone must not explain it: few users give a large index easily."""


@dataclass(frozen=True)
class Shift:
    """How far one distribution is from another.

    Attributes:
        psi: population stability index, 0 for the same shares in all bins.
        ks: the largest gap between the two cumulated shares at the bins' edges, hence at most the
            Kolmogorov-Smirnov statistic of the values themselves.
        probability: of such a gap by chance if nothing moved, by the asymptotic distribution.
        moved: whether both say so.
    """

    psi: float
    ks: float
    probability: float
    moved: bool


def shift(baseline: Sequence[int], current: Sequence[int], *, missing: int = 0) -> Shift:
    """Return how far the counts of `current` are from those of `baseline`.

    Args:
        baseline: rows by bin, in the order of the values.
        current: rows of the same bins.
        missing: how many of the last bins hold rows without a value; they count for the index and
            have no place in the order.

    Raises:
        ValueError: the bins differ, or one side has no rows.
    """
    one, two = np.asarray(baseline, dtype=np.float64), np.asarray(current, dtype=np.float64)
    if one.shape != two.shape or one.sum() <= 0 or two.sum() <= 0:
        message = "two distributions of the same bins, with rows in each, are compared."
        raise ValueError(message)
    # Half a row in each bin, so that an empty one gives a large index and not an infinite one.
    p = (one + 0.5) / (one.sum() + 0.5 * len(one))
    q = (two + 0.5) / (two.sum() + 0.5 * len(two))
    psi = float(np.sum((q - p) * np.log(q / p)))
    a, b = one[: len(one) - missing], two[: len(two) - missing]
    if a.sum() <= 0 or b.sum() <= 0:
        return Shift(psi, 0.0, 1.0, psi >= MOVED_PSI)
    gap = float(np.max(np.abs(np.cumsum(a) / a.sum() - np.cumsum(b) / b.sum())))
    effective = np.sqrt(a.sum() * b.sum() / (a.sum() + b.sum()))
    # Stephens, "Use of the Kolmogorov-Smirnov, Cramer-Von Mises and related statistics without
    # extensive tables", J. R. Statist. Soc. B 32 (1970): the factor for finite samples.
    chance = float(kolmogorov((effective + 0.12 + 0.11 / effective) * gap))
    by_order = chance <= MOVED_PROBABILITY
    by_missing = missing > 0 and bool(abs(p[-missing:].sum() - q[-missing:].sum()) > 0.1)
    return Shift(psi, gap, chance, psi >= MOVED_PSI and (by_order or by_missing))
