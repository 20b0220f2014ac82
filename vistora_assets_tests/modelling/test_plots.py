"""Plots are PNG pictures, the same for the same numbers, and refuse what cannot be drawn."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from vistora_assets.modelling.plots import (
    backtest_by_cutoff,
    calibration_by_decile,
    gain_curve,
    importance_bars,
    residuals_by_segment,
    rmse_by_model,
)
from vistora_assets.modelling.training import TrainingResult

PNG = b"\x89PNG\r\n\x1a\n"


def test_plots_of_a_training_are_pictures_and_repeatable(result: TrainingResult) -> None:
    gate = result.gate_predictions
    rows = [row for row in result.metric_rows if row["stage"] == "gate" and row["segment"] == "all"]
    pictures = [
        calibration_by_decile(gate["actual"], gate[result.chosen], title="Calibration"),
        gain_curve(gate["actual"], {result.chosen: gate[result.chosen]}, title="Gain"),
        rmse_by_model(rows, chosen=result.chosen, title="RMSE"),
    ]
    assert all(picture.startswith(PNG) and len(picture) > 5_000 for picture in pictures)
    assert pictures[0] == calibration_by_decile(
        gate["actual"], gate[result.chosen], title="Calibration"
    )
    assert pictures[0] != calibration_by_decile(gate["actual"], gate["zero"], title="Calibration")


def test_drawing_leaves_no_shared_state() -> None:
    """Pyplot keeps every figure of a long-lived process; nothing here may pull it in."""
    code = (
        "import sys, vistora_assets.modelling.plots; sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 10"):
        calibration_by_decile([1.0], [1.0], title="t")
    with pytest.raises(ValueError, match="nobody spent"):
        gain_curve([0.0, 0.0], {"m": [1.0, 2.0]}, title="t")
    with pytest.raises(ValueError, match="no metric rows"):
        rmse_by_model([], chosen="m", title="t")
    with pytest.raises(ValueError, match="rows of m"):
        backtest_by_cutoff([], chosen="m", beside=(), title="t")
    with pytest.raises(ValueError, match="no features"):
        importance_bars([], title="t")
    with pytest.raises(ValueError, match="two users"):
        residuals_by_segment([1.0], [1.0], {"all": np.array([True])}, title="t")
