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
from numpy.typing import ArrayLike

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
