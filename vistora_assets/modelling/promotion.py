"""The gate: whether a challenger may become champion.

Holds the comparison on the same frozen rows and the decision with its reasons. Add to it when a
promotion should ask for something more. What must not go here: moving an alias, or storing a
decision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vistora_assets.modelling.catalogue import NAIVE
from vistora_assets.modelling.metrics import bootstrap, paired_difference, point_metrics

Array = NDArray[np.float64]


@dataclass(frozen=True)
class GateRules:
    """What the gate asks for.

    Attributes:
        minimum_rows: users on whom it is decided.
        minimum_buyers: of them, users who spent.
        confidence: the share of resamples in which the challenger must be better than a naive
            baseline; a champion is kept if it is better in as many.
        tolerance: how far, in proportion, RMSE may be above the champion's, and Gini, absolutely,
            below it, so that noise alone does not keep an old model for ever.
        resamples: of the paired bootstrap.
        naive: the baselines to be beaten; all of them must be given.
        segment_tolerance: as `tolerance`, in a segment. Wider, because a segment is a part of the
            rows and its numbers are noisier.
        segment_error: how often, over all segments and metrics together, an equal challenger may
            be called inferior by chance; each comparison gets its equal part (Bonferroni).

    A segment is large if it could decide a gate of its own: `minimum_rows` users, of whom
    `minimum_buyers` spent. Below that its RMSE hangs on a handful of buyers, and with a dozen
    segments some small one would veto nearly every challenger. In a large one the challenger is
    inferior if it is worse by more than the tolerance and the bootstrap is sure of it.
    """

    minimum_rows: int = 100
    minimum_buyers: int = 30
    confidence: float = 0.9
    tolerance: float = 0.02
    resamples: int = 400
    naive: tuple[str, ...] = NAIVE
    segment_tolerance: float = 0.05
    segment_error: float = 0.05


@dataclass(frozen=True)
class Comparison:
    """One metric of the challenger against one other model, on the same rows.

    `difference` is challenger minus other; `low` and `high` bound its 95 % interval and
    `probability_better` is the share of resamples in which the challenger is better. For `mse`,
    `challenger` and `other` are mean squared errors, whose roots the reasons name. `n` users of
    `segment` were compared.
    """

    against: str
    metric: str
    challenger: float | None
    other: float | None
    difference: float | None
    low: float | None
    high: float | None
    probability_better: float | None
    passed: bool
    segment: str = "all"
    n: int = 0


@dataclass(frozen=True)
class Decision:
    """Whether to promote, why, and what was compared (`Comparison` as mappings)."""

    promote: bool
    reasons: tuple[str, ...]
    comparisons: tuple[dict[str, Any], ...]


def _tolerated(metric: str, other: float, tolerance: float) -> float:
    """Return how far a metric may be worse than `other`: RMSE in proportion, Gini absolutely."""
    return (1.0 + tolerance) ** 2 * other - other if metric == "mse" else tolerance


def _compare(
    actual: Array,
    models: Mapping[str, Array],
    passes: Callable[[str, str, float, float, float], bool],
    *,
    resamples: int,
    seed: int,
    segment: str = "all",
) -> list[Comparison]:
    """Compare "challenger" with every other model by squared error and Gini.

    `passes` is asked with the other's name, the metric, the other's value, how much worse the
    challenger is, and in which share of resamples it is better.
    """
    points = {name: point_metrics(actual, forecast) for name, forecast in models.items()}
    drawn = bootstrap(actual, models, count=resamples, seed=seed)
    own = points["challenger"]
    out: list[Comparison] = []
    for name in models:
        if name == "challenger":
            continue
        for metric, sign in (("mse", 1.0), ("gini", -1.0)):
            mine, other = own[metric], points[name][metric]
            if other is None:
                # A constant forecast has no order: one without cannot be compared by it, and a
                # challenger without is worse than anything that has.
                continue
            compared = partial(
                Comparison, name, metric, mine, other, segment=segment, n=len(actual)
            )
            if mine is None:
                passed = passes(name, metric, other, float("inf"), 0.0)
                out.append(compared(None, None, None, 0.0, passed=passed))
                continue
            resampled = drawn.mse if metric == "mse" else drawn.gini
            found = paired_difference(mine - other, resampled["challenger"], resampled[name])
            better = found.probability_below if sign > 0 else 1.0 - found.probability_below
            passed = passes(name, metric, other, sign * found.difference, better)
            out.append(compared(found.difference, found.low, found.high, better, passed=passed))
    return out


def _compare_all(
    actual: Array, models: Mapping[str, Array], rules: GateRules, seed: int
) -> list[Comparison]:
    """Compare the challenger on all rows: not worse than the champion, better than the rest."""

    def passes(name: str, metric: str, other: float, worse: float, better: float) -> bool:
        if name == "champion":
            tolerated = _tolerated(metric, other, rules.tolerance)
            return worse <= tolerated and better > 1.0 - rules.confidence
        return worse < 0 and better >= rules.confidence

    return _compare(actual, models, passes, resamples=rules.resamples, seed=seed)


def _large(actual: Array, mask: NDArray[np.bool_], rules: GateRules) -> bool:
    rows = actual[mask]
    return len(rows) >= rules.minimum_rows and int((rows > 0).sum()) >= rules.minimum_buyers


def _compare_segments(
    actual: Array,
    models: Mapping[str, Array],
    segments: Mapping[str, NDArray[np.bool_]],
    rules: GateRules,
    seed: int,
) -> list[Comparison]:
    """Compare the challenger with the champion in every large segment."""
    large = {
        name: mask
        for name, mask in segments.items()
        if name != "all" and _large(actual, mask, rules)
    }
    chance = rules.segment_error / max(1, 2 * len(large))

    def passes(_: str, metric: str, other: float, worse: float, better: float) -> bool:
        tolerated = _tolerated(metric, other, rules.segment_tolerance)
        return not (worse > tolerated and better <= chance)

    out: list[Comparison] = []
    for name, mask in large.items():
        two = {model: models[model][mask] for model in ("challenger", "champion")}
        out += _compare(
            actual[mask], two, passes, resamples=rules.resamples, seed=seed, segment=name
        )
    return out


def _sentence(row: Comparison) -> str:
    name = row.against.replace("_", " ")
    if row.challenger is None or row.other is None or row.probability_better is None:
        return (
            f"The challenger forecasts the same for everyone, so it has no order; the {name} has "
            f"one (Gini {row.other:.3f})."
        )
    mine, other = row.challenger, row.other
    label, digits = "Gini", 3
    if row.metric == "mse":
        mine, other, label, digits = float(np.sqrt(mine)), float(np.sqrt(other)), "RMSE", 2
    if row.against == "champion":
        verdict = "not worse than" if row.passed else "worse than"
    else:
        verdict = "better than" if row.passed else "not reliably better than"
    where = "" if row.segment == "all" else f" among the {row.n} users of {row.segment}"
    return (
        f"{label} {mine:.{digits}f}{where} is {verdict} the {name}'s {other:.{digits}f} "
        f"(better in {row.probability_better:.0%} of resamples)."
    )


def decide(
    actual: ArrayLike,
    challenger: ArrayLike,
    champion: ArrayLike | None,
    baselines: Mapping[str, ArrayLike],
    *,
    segments: Mapping[str, NDArray[np.bool_]] | None = None,
    seed: int = 0,
    rules: GateRules | None = None,
) -> Decision:
    """Decide whether the challenger becomes champion.

    It must be better than every naive baseline by squared error, and by Gini where the baseline
    has one, and not worse than the champion by either, in a paired bootstrap of the same rows;
    nor may it be inferior to the champion in any large segment (see `GateRules`).

    Args:
        actual: spend in the gate's window, shape (n,), >= 0.
        challenger: its forecasts, made from labels that were closed at the gate's AS_OF.
        champion: the champion's forecasts of the same rows; None if there is no champion.
        baselines: name to forecasts; `rules.naive` are compared, others are not looked at.
        segments: name to a mask of the rows, shape (n,); without a champion not looked at.
        seed: of the resamples.
        rules: what is asked for.

    Raises:
        ValueError: a naive baseline is missing, or the lengths differ.
    """
    asked = rules if rules is not None else GateRules()
    missing = [name for name in asked.naive if name not in baselines]
    if missing:
        message = f"the gate needs the forecasts of {', '.join(missing)} on the same rows."
        raise ValueError(message)
    truth = np.asarray(actual, dtype=np.float64)
    models = {"challenger": np.asarray(challenger, dtype=np.float64)}
    if champion is not None:
        models["champion"] = np.asarray(champion, dtype=np.float64)
    models.update({name: np.asarray(baselines[name], dtype=np.float64) for name in asked.naive})
    buyers = int((truth > 0).sum())
    if len(truth) < asked.minimum_rows or buyers < asked.minimum_buyers:
        reason = (
            f"{len(truth)} users, {buyers} of them with spend, are too few to decide on; at least "
            f"{asked.minimum_rows} and {asked.minimum_buyers} are needed."
        )
        return Decision(promote=False, reasons=(reason,), comparisons=())
    found = _compare_all(truth, models, asked, seed)
    if champion is not None:
        found += _compare_segments(truth, models, segments or {}, asked, seed)
    failed = [row for row in found if not row.passed]
    shown = failed or [row for row in found if row.segment == "all"]
    reasons = [_sentence(row) for row in shown]
    held = len({row.segment for row in found if row.segment != "all"})
    if held and not failed:
        reasons.append(f"It is not inferior to the champion in any of {held} large segments.")
    if champion is None:
        reasons.append("There was no champion to compare with.")
    return Decision(
        promote=not failed,
        reasons=tuple(reasons),
        comparisons=tuple(asdict(row) for row in found),
    )
