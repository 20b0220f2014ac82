"""The demo as a newcomer runs it: CDNOW's whole log to predictions, and a second run that is a no-op."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from embedded_snowflake import stop
from vistora_assets.cli import main

# `make demo` is the same; here it would be a tenth of the default suite's time.
pytestmark = pytest.mark.soak
pytest.importorskip("lifetimes", reason="the package that ships CDNOW's log is not installed")

PROJECT = Path(__file__).parents[2]
NAIVE = ("mean", "previous_period", "seed_linear_regression")
COUNTS = ("rows_read", "rows_accepted", "rows_rejected", "rows_known")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = tmp_path_factory.mktemp("demo")
    for name in ("workspace.yaml", "dagster.yaml"):
        (made / name).write_text((PROJECT / name).read_text())
    yield made
    stop(made)


def demo(root: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, Any], str]:
    monkeypatch.setenv("VISTORA_ROOT", str(root))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    done = CliRunner().invoke(main, ["demo"])
    assert done.exit_code == 0, done.output
    summary = json.loads((root / ".vistora" / "demo-summary.json").read_text())
    return summary, done.output


@pytest.fixture(scope="module")
def first(root: Path) -> Iterator[tuple[dict[str, Any], str]]:
    with pytest.MonkeyPatch.context() as patch:
        yield demo(root, patch)


def test_every_row_is_accounted_for(first: tuple[dict[str, Any], str]) -> None:
    summary, _ = first
    assert [summary[name] for name in COUNTS] == [69659, 69659, 0, 0]
    assert (summary["users"], summary["snapshots"]) == (23570, 18)
    assert set(summary["seconds"]) == {"start", "land", "ingest", "plan", "refresh", "summary"}


def test_the_champion_beats_what_anybody_could_do(first: tuple[dict[str, Any], str]) -> None:
    """By RMSE and, where the other has an order, by Gini; the table says so with intervals."""
    summary, output = first
    champion = summary["champion"]
    own = champion["metrics"]
    assert champion["version"].startswith("V_")
    for name in NAIVE:
        other = summary["models"][name]
        assert own["rmse"] < other["rmse"], name
        assert other["gini"] is None or own["gini"] > other["gini"], name
    assert own["rmse_low"] < own["rmse"] < own["rmse_high"]
    assert f"{own['rmse']:.2f} ({own['rmse_low']:.1f} to {own['rmse_high']:.1f})" in output


def test_a_second_run_knows_everything_and_registers_nothing(
    root: Path, first: tuple[dict[str, Any], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    again, output = demo(root, monkeypatch)
    assert [again[name] for name in COUNTS] == [69659, 0, 0, 69659]
    assert again["champion"] == first[0]["champion"]
    assert "Nothing to do" in output
