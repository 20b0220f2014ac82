"""Pictures of a forecast's quality, as PNG bytes.

Holds plots for asset metadata and model cards. Add to it where looking beats reading. What must
not go here: files, or state shared between plots (so no `pyplot`).
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from vistora_assets.modelling.metrics import ranking

_ACTUAL: Final = "#1b1b1b"
_MODEL: Final = "#1f6feb"
_BASELINE: Final = "#9aa4ad"
_DPI: Final = 110


def _figure(width: float = 6.4, height: float = 4.0) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    # Without the Software field the same picture has the same bytes under any matplotlib.
    figure.savefig(buffer, format="png", dpi=_DPI, metadata={"Software": None})
    return buffer.getvalue()


def calibration_by_decile(actual: ArrayLike, predicted: ArrayLike, *, title: str) -> bytes:
    """Return mean actual and mean predicted spend by tenth of the forecast, lowest first.

    Raises:
        ValueError: fewer than ten rows.
    """
    a = np.asarray(actual, dtype=np.float64)
    p = np.asarray(predicted, dtype=np.float64)
    if len(a) < 10:
        message = f"{len(a)} rows cannot be split into tenths; at least 10 are needed."
        raise ValueError(message)
    parts = np.array_split(np.argsort(p, kind="stable"), 10)
    place = np.arange(1, 11)
    figure, axes = _figure()
    axes.bar(place - 0.2, [a[i].mean() for i in parts], 0.4, color=_ACTUAL, label="actual")
    axes.bar(place + 0.2, [p[i].mean() for i in parts], 0.4, color=_MODEL, label="predicted")
    axes.set_xticks(place)
    axes.set_xlabel("tenth of users by forecast, lowest first")
    axes.set_ylabel("mean spend of a user")
    axes.set_title(title)
    axes.legend(frameon=False)
    return _png(figure)


def gain_curve(actual: ArrayLike, predictions: Mapping[str, ArrayLike], *, title: str) -> bytes:
    """Return the share of actual spend against the share of users, highest forecasts first.

    Raises:
        ValueError: nobody spent anything.
    """
    a = np.asarray(actual, dtype=np.float64)
    if a.sum() <= 0:
        message = "nobody spent anything in the window, so there is no gain to draw."
        raise ValueError(message)
    users = np.arange(1, len(a) + 1) / len(a)
    figure, axes = _figure(5.6, 5.0)
    axes.plot(users, np.cumsum(np.sort(a)[::-1]) / a.sum(), color=_ACTUAL, lw=1, label="perfect")
    for name, forecast in predictions.items():
        axes.plot(
            users, np.cumsum(a[ranking(forecast)]) / a.sum(), lw=1.5, label=name.replace("_", " ")
        )
    axes.plot([0, 1], [0, 1], color=_BASELINE, lw=1, ls="--", label="random")
    axes.set_xlabel("share of users, highest forecast first")
    axes.set_ylabel("share of spend")
    axes.set_title(title)
    axes.legend(frameon=False, fontsize=8)
    return _png(figure)


def rmse_by_model(rows: Sequence[Mapping[str, Any]], *, chosen: str, title: str) -> bytes:
    """Return the RMSE of every model with its interval, the best on top.

    Args:
        rows: metric rows of one cutoff and segment, with `model, rmse, rmse_low, rmse_high`.
        chosen: the model to highlight.
        title: above the plot.

    Raises:
        ValueError: there are no rows.
    """
    if not rows:
        message = "there are no metric rows to draw."
        raise ValueError(message)
    ordered = sorted(rows, key=lambda row: float(row["rmse"]), reverse=True)
    figure, axes = _figure(6.4, 1.2 + 0.3 * len(ordered))
    for place, row in enumerate(ordered):
        value = float(row["rmse"])
        low = value if row["rmse_low"] is None else float(row["rmse_low"])
        high = value if row["rmse_high"] is None else float(row["rmse_high"])
        color = _MODEL if row["model"] == chosen else _BASELINE
        axes.plot([low, high], [place, place], color=color, lw=2)
        axes.plot([value], [place], "o", color=color)
    axes.set_yticks(range(len(ordered)), [str(r["model"]).replace("_", " ") for r in ordered])
    axes.set_xlabel("RMSE, with its 95 % interval")
    axes.set_title(title)
    return _png(figure)


def backtest_by_cutoff(
    rows: Sequence[Mapping[str, Any]], *, chosen: str, beside: Sequence[str], title: str
) -> bytes:
    """Return the RMSE of the chosen model and of others over the cutoffs, the gate's last.

    Args:
        rows: metric rows of the segment "all", with `model, cutoff, rmse`.
        chosen: the model to highlight.
        beside: models to draw beside it; those without rows are left out.
        title: above the plot.

    Raises:
        ValueError: the chosen model has no rows.
    """
    if not any(row["model"] == chosen for row in rows):
        message = f"there are no metric rows of {chosen} to draw."
        raise ValueError(message)
    figure, axes = _figure()
    for name in (*beside, chosen):
        own = sorted((str(r["cutoff"])[:10], float(r["rmse"])) for r in rows if r["model"] == name)
        if own:
            color, width = (_MODEL, 2.0) if name == chosen else (None, 1.0)
            label = name.replace("_", " ")
            days, values = [day for day, _ in own], [value for _, value in own]
            axes.plot(days, values, marker="o", ms=4, label=label, color=color, lw=width)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("RMSE")
    axes.set_xlabel("cutoff (AS_OF)")
    axes.tick_params(axis="x", labelrotation=30)
    axes.set_title(title)
    axes.legend(frameon=False, fontsize=8)
    return _png(figure)


def importance_bars(importance: Sequence[tuple[str, float]], *, title: str) -> bytes:
    """Return how much the RMSE grows when a feature is shuffled, the most important on top.

    Args:
        importance: feature and growth in proportion (0.1 is 10 %), in any order.
        title: above the plot.

    Raises:
        ValueError: there are no features.
    """
    if not importance:
        message = "there are no features to draw."
        raise ValueError(message)
    ordered = sorted(importance, key=lambda pair: pair[1])[-15:]
    figure, axes = _figure(6.4, 1.2 + 0.26 * len(ordered))
    axes.barh(range(len(ordered)), [100.0 * value for _, value in ordered], color=_MODEL)
    axes.set_yticks(range(len(ordered)), [name.replace("_", " ") for name, _ in ordered])
    axes.set_xlabel("RMSE grows by, in %")
    axes.set_title(title)
    return _png(figure)


def residuals_by_segment(
    actual: ArrayLike,
    predicted: ArrayLike,
    segments: Mapping[str, NDArray[np.bool_]],
    *,
    title: str,
) -> bytes:
    """Return the mean of predicted less actual spend by segment, with its 95 % interval.

    The interval is that of a mean of independent users, 1.96 standard errors to both sides.

    Raises:
        ValueError: there is no segment with two users.
    """
    a = np.asarray(actual, dtype=np.float64)
    p = np.asarray(predicted, dtype=np.float64)
    shown = {name: mask for name, mask in segments.items() if int(mask.sum()) > 1}
    if not shown:
        message = "there is no segment with two users to draw."
        raise ValueError(message)
    figure, axes = _figure(6.4, 1.2 + 0.3 * len(shown))
    for place, (name, mask) in enumerate(reversed(list(shown.items()))):
        residual = p[mask] - a[mask]
        mean = float(residual.mean())
        wide = 1.96 * float(residual.std(ddof=1)) / float(np.sqrt(len(residual)))
        color = _ACTUAL if name == "all" else _MODEL
        axes.plot([mean - wide, mean + wide], [place, place], color=color, lw=2)
        axes.plot([mean], [place], "o", color=color)
    axes.axvline(0.0, color=_BASELINE, lw=1, ls="--")
    axes.set_yticks(range(len(shown)), list(reversed(list(shown))))
    axes.set_xlabel("predicted less actual, mean of a user")
    axes.set_title(title)
    return _png(figure)
