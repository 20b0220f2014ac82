"""The model card of a registered version: what it is, how it was judged, and what it is not for.

Holds `model_card`, which makes Markdown and pictures from a training's report and its gate's
forecasts, and the permutation importance that it shows. Add to it what somebody should know before
relying on a version. What must not go here: where a card is kept, and any reading of data.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from vistora_assets.modelling import plots
from vistora_assets.modelling.catalogue import NAIVE, REFERENCE
from vistora_assets.modelling.predictor import SpendPredictor
from vistora_assets.modelling.training import TrainingSettings, segments

_METRICS: Final = ("rmse", "gini", "bias", "mae", "r2", "top_decile_capture")
_CUT: Final = "\n... the rest stands in the card on the stage of models."


@dataclass(frozen=True)
class Verdict:
    """What was decided about the version, as its card tells it.

    Attributes:
        promoted: whether it became champion.
        before: the champion that it was compared with, or None.
        reasons: sentences.
        comparisons: the comparisons as a Markdown table.
    """

    promoted: bool
    before: str | None
    reasons: tuple[str, ...]
    comparisons: str


@dataclass(frozen=True)
class Card:
    """A card: Markdown that refers to pictures by name, and the pictures as PNG bytes."""

    text: str
    pictures: Mapping[str, bytes]

    def embedded(self) -> str:
        """Return the Markdown with its pictures inside, for pages and files."""
        out = self.text
        for name, picture in self.pictures.items():
            data = base64.b64encode(picture).decode()
            out = out.replace(f"]({name}.png)", f"](data:image/png;base64,{data})")
        return out

    def plain(self, limit: int) -> str:
        """Return the text without pictures, at most `limit` characters, cut at a line's end."""
        lines = [line for line in self.text.splitlines() if not line.startswith("![")]
        text = "\n".join(lines).replace("\n\n\n", "\n\n").strip()
        if len(text) <= limit:
            return text
        return text[: limit - len(_CUT)].rsplit("\n", 1)[0] + _CUT


def permutation_importance(
    predictor: SpendPredictor, rows: pd.DataFrame, actual: ArrayLike, *, seed: int, repeats: int = 2
) -> list[tuple[str, float]]:
    """Return how much the RMSE grows when one feature is shuffled, the largest growth first.

    Breiman, "Random Forests", Machine Learning 45 (2001), section 10. Features that are the same
    for every row are left out: shuffling changes nothing.

    Args:
        predictor: fitted.
        rows: the feature columns.
        actual: spend in the horizon, shape (n,).
        seed: of the shuffles.
        repeats: shuffles a feature, of which the mean is taken.

    Returns:
        Feature and growth in proportion to the RMSE as it is.
    """
    truth = np.asarray(actual, dtype=np.float64)
    rng = np.random.default_rng(seed)

    def rmse(frame: pd.DataFrame) -> float:
        return float(np.sqrt(np.mean((predictor.predict(frame) - truth) ** 2)))

    base = max(rmse(rows), 1e-12)
    found: list[tuple[str, float]] = []
    for name in predictor.feature_names:
        if rows[name].nunique(dropna=False) < 2:
            continue
        grown: list[float] = []
        for _ in range(repeats):
            shuffled = rows.assign(**{name: rng.permutation(rows[name].to_numpy())})
            grown.append(rmse(shuffled) / base - 1.0)
        found.append((name, float(np.mean(grown))))
    return sorted(found, key=lambda pair: -pair[1])


def _number(value: Any, digits: int = 3) -> str:
    return "-" if value is None or pd.isna(value) else f"{float(value):,.{digits}f}"


def _table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rule = "|" + "|".join(["---", *["---:"] * (len(heads) - 1)]) + "|"
    rows = ["| " + " | ".join(cells) + " |" for cells in (heads, *lines)]
    return "\n".join([rows[0], rule, *rows[1:]])


def _metrics(rows: Sequence[Mapping[str, Any]], label: str, key: str) -> str:
    digits = {"rmse": 2, "mae": 2}
    return _table(
        [label, "n", *_METRICS],
        [
            [
                str(row[key])[:10] if key == "cutoff" else str(row[key]).replace("_", " "),
                f"{int(row['n']):,}",
                *(_number(row.get(name), digits.get(name, 3)) for name in _METRICS),
            ]
            for row in rows
        ],
    )


def _pictures(
    report: Mapping[str, Any],
    gate: pd.DataFrame,
    masks: Mapping[str, NDArray[np.bool_]],
    importance: Sequence[tuple[str, float]],
) -> dict[str, bytes]:
    chosen, day = report["chosen"], report["gate_as_of"][:10]
    whole = [row for row in report["metric_rows"] if row["segment"] == "all"]
    beside = [name for name in (*NAIVE, REFERENCE) if name in gate.columns and name != chosen]
    actual, forecast = gate["actual"], gate[chosen]
    made = {
        "calibration": plots.calibration_by_decile(actual, forecast, title=f"Calibration at {day}"),
        "backtest": plots.backtest_by_cutoff(
            whole, chosen=chosen, beside=beside, title="RMSE by cutoff"
        ),
        "residuals": plots.residuals_by_segment(
            actual, forecast, masks, title=f"Residuals at {day}"
        ),
    }
    if float(actual.sum()) > 0:
        made["gain"] = plots.gain_curve(
            actual, {name: gate[name] for name in (*beside, chosen)}, title=f"Gain at {day}"
        )
    if importance:
        made["importance"] = plots.importance_bars(importance, title="Permutation importance")
    return made


def model_card(
    version: str,
    report: Mapping[str, Any],
    gate: pd.DataFrame,
    *,
    verdict: Verdict,
    importance: Sequence[tuple[str, float]] = (),
    settings: TrainingSettings | None = None,
) -> Card:
    """Return the card of a version.

    Args:
        version: its name in the registry.
        report: of the training: `chosen, gate_as_of, closed, rows, users, metric_rows,
            feature_version`, and where recorded `identity, parameters`.
        gate: the gate's forecasts: `country, tenure_days, actual` and one column a model.
        verdict: what was decided.
        importance: as `permutation_importance` gives it.
        settings: for the segments; the defaults of a training unless given.
    """
    chosen = str(report["chosen"])
    name, day = chosen.replace("_", " "), str(report["gate_as_of"])[:10]
    masks = segments(gate, settings if settings is not None else TrainingSettings())
    pictures = _pictures(report, gate, masks, importance)
    rows: list[Mapping[str, Any]] = list(report["metric_rows"])
    at_gate = [row for row in rows if row["stage"] == "gate"]
    models = sorted(
        (row for row in at_gate if row["segment"] == "all"), key=lambda row: float(row["rmse"])
    )
    cutoffs = sorted(
        (row for row in rows if row["segment"] == "all" and row["model"] == chosen),
        key=lambda row: str(row["cutoff"]),
    )
    parts = [row for row in at_gate if row["segment"] != "all" and row["model"] == chosen]
    given: Mapping[str, Any] = report.get("parameters", {})
    identity: Mapping[str, Any] = report.get("identity", {})
    horizon = given.get("horizon_days", "?")
    decided = "It became champion" if verdict.promoted else "It did not become champion"
    against = f", compared with {verdict.before}" if verdict.before else ""
    closed = [str(cutoff)[:10] for cutoff in report["closed"]]

    def picture(key: str, text: str) -> list[str]:
        return [f"![{text}]({key}.png)", ""] if key in pictures else []

    text = [
        f"# {version}: {name}",
        "",
        (
            f"Forecasts what each user spends in the {horizon} days after a snapshot "
            f"({given.get('label', 'gross')} purchases). Learned from {report['rows']:,} rows of "
            f"{report['users']:,} users at {len(closed)} cutoffs, {closed[0]} to {closed[-1]}."
        ),
        "",
        "## Decision",
        "",
        f"{decided}{against}.",
        "",
        *[f"- {reason}" for reason in verdict.reasons],
        "",
        f"## At the gate, {day}",
        "",
        (
            "Every model was trained on labels that had closed by then and judged on the same users. "
            "The version itself was fitted once more afterwards, on all closed labels."
        ),
        "",
        _metrics(models, "model", "model"),
        "",
        *picture("calibration", "Mean actual and predicted spend by tenth of the forecast"),
        *picture("gain", "Share of spend by share of users"),
        "## Backtest",
        "",
        _metrics(cutoffs, "cutoff", "cutoff"),
        "",
        *picture("backtest", "RMSE by cutoff"),
        "## Segments",
        "",
        _metrics(parts, "segment", "segment") if parts else "No segment is large enough.",
        "",
        *picture("residuals", "Predicted less actual spend by segment"),
        "## What it looks at",
        "",
        (
            "How much the error grows when a feature is shuffled among the gate's users. The version "
            "has learned these users' labels since, so this tells what it uses, not how well."
        ),
        "",
        *[f"- {feature}: {100 * grown:+.1f} %" for feature, grown in importance[:10]],
        "",
        *picture("importance", "Growth of the RMSE by shuffled feature"),
        "## What was compared",
        "",
        verdict.comparisons,
        "",
        "## Limits",
        "",
        "- It knows users with at least one purchase before the snapshot, and nobody else.",
        "- It is a mean: most users spend nothing in a horizon, a few spend many times as much.",
        "- No forecast is above what the training's labels support.",
        "- A season that the log has not shown yet is not in it.",
        "",
        "## Identity",
        "",
        *[f"- {key.replace('_', ' ')}: `{value}`" for key, value in identity.items()],
        f"- training: `{report.get('training_id', '')}`",
    ]
    return Card("\n".join(text) + "\n", pictures)
