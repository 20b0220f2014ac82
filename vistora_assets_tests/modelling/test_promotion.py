"""The gate refuses a planted worse model, lets a planted better one pass, and says why."""

from __future__ import annotations

import numpy as np
import pytest

from vistora_assets.modelling.promotion import Decision, GateRules, decide

RNG = np.random.default_rng(5)
N = 1500
EXPECTED = RNG.gamma(0.6, 40.0, N)
ACTUAL = EXPECTED * RNG.gamma(1.0, 1.0, N) * (RNG.random(N) < 0.7) / 0.7
GOOD = EXPECTED * RNG.uniform(0.8, 1.2, N)
POOR = np.maximum(EXPECTED * RNG.uniform(0.0, 2.0, N) + RNG.normal(0, 25.0, N), 0.0)
BASELINES = {
    "mean": np.full(N, ACTUAL.mean()),
    "previous_period": EXPECTED * RNG.gamma(0.5, 2.0, N),
    "seed_linear_regression": ACTUAL.mean() + 0.1 * (EXPECTED - EXPECTED.mean()),
    "zero": np.zeros(N),
}


def compared(decision: Decision, against: str, metric: str) -> bool:
    found = [
        bool(row["passed"])
        for row in decision.comparisons
        if row["against"] == against and row["metric"] == metric
    ]
    assert len(found) == 1
    return found[0]


def noisy_line(seed: int) -> dict[str, np.ndarray]:
    """Return the baselines with an order that the line lost a part of."""
    rng = np.random.default_rng(seed)
    mixed = np.where(rng.random(N) < 0.5, rng.permutation(EXPECTED), EXPECTED)
    line = ACTUAL.mean() + 0.1 * (mixed - mixed.mean())
    return {**BASELINES, "seed_linear_regression": line}


def test_a_planted_better_model_is_promoted() -> None:
    found = decide(ACTUAL, GOOD, POOR, noisy_line(0))
    assert found.promote
    assert any("not worse than the champion" in reason for reason in found.reasons)


def test_a_planted_worse_model_is_refused_with_numbers() -> None:
    found = decide(ACTUAL, POOR, GOOD, noisy_line(0))
    assert not found.promote
    assert any("is worse than the champion" in reason for reason in found.reasons)
    assert all(any(digit.isdigit() for digit in reason) for reason in found.reasons)


def test_the_first_champion_has_to_beat_the_naive_baselines() -> None:
    found = decide(ACTUAL, GOOD, None, noisy_line(0))
    assert found.promote
    assert found.reasons[-1] == "There was no champion to compare with."
    shuffled = np.random.default_rng(1).permutation(GOOD)
    assert not decide(ACTUAL, shuffled, None, noisy_line(0)).promote


def test_the_right_order_with_the_wrong_total_is_refused() -> None:
    """Three times too much ranks as well as ever; squared error sees it."""
    found = decide(ACTUAL, 3.0 * GOOD, None, noisy_line(0))
    assert not found.promote
    assert compared(found, "seed_linear_regression", "gini")
    assert not compared(found, "mean", "mse")


def test_a_constant_challenger_is_refused_for_having_no_order() -> None:
    found = decide(ACTUAL, np.full(N, ACTUAL.mean()), None, noisy_line(0))
    assert not found.promote
    assert any("has no order" in reason for reason in found.reasons)


def test_the_mean_is_not_asked_for_its_gini() -> None:
    found = decide(ACTUAL, GOOD, None, noisy_line(0))
    asked = {(row["against"], row["metric"]) for row in found.comparisons}
    assert ("mean", "mse") in asked
    assert ("mean", "gini") not in asked
    assert not any(against == "zero" for against, _ in asked)


def test_a_copy_of_the_champion_is_not_worse() -> None:
    """A retraining that changes nothing may take over: it has seen newer data."""
    assert decide(ACTUAL, GOOD, GOOD.copy(), noisy_line(0)).promote


def test_a_little_worse_on_every_row_is_refused() -> None:
    """Too little for separate intervals to tell, but paired it is sure."""
    worse = ACTUAL + (GOOD - ACTUAL) * 1.03
    found = decide(ACTUAL, np.maximum(worse, 0.0), GOOD, noisy_line(0))
    assert not compared(found, "champion", "mse")


def test_too_small_a_sample_decides_nothing() -> None:
    small = {name: values[:90] for name, values in BASELINES.items()}
    found = decide(ACTUAL[:90], GOOD[:90], None, small)
    assert not found.promote
    assert found.comparisons == ()
    assert "90 users" in found.reasons[0]
    few = np.where(np.arange(N) < 10, ACTUAL + 1.0, 0.0)
    assert not decide(few, GOOD, None, BASELINES, rules=GateRules(minimum_buyers=11)).promote


def test_the_same_rows_and_seed_give_the_same_decision() -> None:
    first = decide(ACTUAL, GOOD, POOR, BASELINES, seed=9)
    assert first == decide(ACTUAL, GOOD, POOR, BASELINES, seed=9)


def test_a_missing_baseline_is_named() -> None:
    with pytest.raises(ValueError, match="previous_period"):
        decide(ACTUAL, GOOD, None, {k: v for k, v in BASELINES.items() if k != "previous_period"})


HALF = np.arange(N) % 2 == 0


def test_inferior_in_a_large_segment_is_refused_though_better_in_all() -> None:
    """Half of the users pay for what the other half gains."""
    champion = np.where(HALF, GOOD, np.random.default_rng(2).permutation(EXPECTED) * 2.0)
    challenger = np.where(HALF, POOR, GOOD)
    free = decide(ACTUAL, challenger, champion, noisy_line(0))
    assert free.promote
    held = decide(
        ACTUAL, challenger, champion, noisy_line(0), segments={"country:A": HALF, "all": HALF}
    )
    assert not held.promote
    assert all("750 users of country:A is worse" in reason for reason in held.reasons)


def test_a_small_segment_has_no_veto() -> None:
    """Below the gate's own minimum sample a segment is not looked at."""
    few = np.arange(N) < 99
    challenger = np.where(few, 3.0 * GOOD, GOOD)
    found = decide(ACTUAL, challenger, GOOD, noisy_line(0), segments={"country:B": few})
    assert {row["segment"] for row in found.comparisons} == {"all"}


def test_equal_models_pass_every_segment_and_the_reasons_count_them() -> None:
    segments = {f"part {part}": np.arange(N) % 5 == part for part in range(5)}
    noise = np.random.default_rng(11).uniform(0.97, 1.03, N)
    found = decide(ACTUAL, GOOD * noise, GOOD, noisy_line(0), segments=segments)
    assert found.promote
    assert "any of 5 large segments" in found.reasons[-1]
