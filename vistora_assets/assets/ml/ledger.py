"""Decisions as Markdown, for the page of the registered model and for model cards.

What it holds: tables of comparisons and of decisions. Add another view of `ML.PROMOTIONS`. What
must not go here: reading or writing it (`championship`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any, Final

from vistora_assets.assets.ml.championship import Ruling

SHOWN: Final = 20


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def comparisons_table(comparisons: Sequence[Mapping[str, Any]]) -> str:
    """Return what a gate compared, one row a model, metric and segment; failures first."""
    if not comparisons:
        return "Nothing was compared."
    lines = [
        "| passed | segment | users | against | metric | challenger | other | better in |",
        "|---|---|---:|---|---|---:|---:|---:|",
    ]
    for row in sorted(comparisons, key=lambda row: bool(row["passed"])):
        values = [row["challenger"], row["other"]]
        label, digits = "Gini", 3
        if row["metric"] == "mse":
            values = [None if value is None else sqrt(value) for value in values]
            label, digits = "RMSE", 2
        better = row["probability_better"]
        lines.append(
            f"| {'yes' if row['passed'] else '**no**'} | {row.get('segment', 'all')} "
            f"| {row.get('n', '')} | {str(row['against']).replace('_', ' ')} | {label} "
            f"| {_number(values[0], digits)} | {_number(values[1], digits)} "
            f"| {'-' if better is None else f'{better:.0%}'} |"
        )
    return "\n".join(lines)


def decisions_table(decisions: Sequence[Ruling]) -> str:
    """Return the newest decisions, one row each."""
    lines = [
        "| decided | asked by | version | became champion | champion before | reasons |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.decided_at} | {row.action} | {row.version} | {'yes' if row.promoted else 'no'} "
        f"| {row.before or '-'} | {' '.join(row.reasons).replace('|', ' ')} |"
        for row in decisions[:SHOWN]
    ]
    return "\n".join(lines)
