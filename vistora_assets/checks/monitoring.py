"""Checks of what came afterwards: drift of the predictions, decay of the champion.

Add a rule about predictions and their outcomes. What must not go here: counting and measuring
(`vistora_assets.assets.ml`, `vistora_assets.features.drift_sql`).

Neither stops what is scored; a failed one asks for a retraining
(`vistora_assets.automation.conditions`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import dagster as dg

from vistora_assets.assets.inventory import FEATURE_DRIFT, PREDICTION_OUTCOMES
from vistora_assets.automation.planning import registry_versions
from vistora_assets.checks.violations import violations
from vistora_assets.features.drift_sql import quality_sql
from vistora_assets.resources.warehouse import Warehouse
from vistora_assets.settings import Settings

DECAYED_RMSE: Final = 1.25
"""So many times the gate's RMSE is decay; less is what one month differs from another."""
DECAYED_GINI: Final = 0.1
"""So far below the gate's Gini is decay."""
DECAYED_BIAS: Final = 1.5
"""A total so many times too high or too low is decay."""


def decay(quality: Mapping[str, Any], gate: Mapping[str, Any] | None) -> tuple[list[str], bool]:
    """Say in sentences how a champion fell behind, and whether it is worse than naive.

    Args:
        quality: realised `rmse, gini, bias, naive_rmse, naive_gini` of a snapshot.
        gate: `rmse, gini` at the gate; None where they are not known.
    """
    found: list[str] = []
    rmse, gini, bias = quality["rmse"], quality["gini"], quality["bias"]
    naive_gini = quality["naive_gini"]
    worse = rmse > quality["naive_rmse"] and (gini or 0.0) < (naive_gini or 0.0)
    if worse:
        found.append(
            f"It is worse than repeating the previous period: RMSE {rmse:,.2f} against "
            f"{quality['naive_rmse']:,.2f}, Gini {gini or 0.0:.3f} against {naive_gini or 0.0:.3f}."
        )
    if gate is not None and gate["rmse"] is not None and rmse > DECAYED_RMSE * gate["rmse"]:
        found.append(f"RMSE {rmse:,.2f} was {gate['rmse']:,.2f} at the gate.")
    if (
        gate is not None
        and gate["gini"] is not None
        and (gini or 0.0) < gate["gini"] - DECAYED_GINI
    ):
        found.append(f"Gini {gini or 0.0:.3f} was {gate['gini']:.3f} at the gate.")
    if bias is None or not 1 / DECAYED_BIAS <= bias <= DECAYED_BIAS:
        said = "nothing was spent" if bias is None else f"{bias:.2f} times what was spent"
        found.append(f"The predicted total was {said}.")
    return found, worse


def realised(connection: Any, warehouse: Warehouse) -> list[dict[str, Any]]:
    """Return the quality of every closed snapshot's predictions, the newest first."""
    cursor = connection.cursor()
    try:
        cursor.execute(quality_sql(warehouse.ml("PREDICTION_OUTCOMES")))
        names = [str(column[0]).lower() for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    finally:
        cursor.close()


def at_gate(connection: Any, warehouse: Warehouse, version: str) -> dict[str, Any] | None:
    """Return a version's metrics at its gate as the registry keeps them, None if it does not."""
    for known in registry_versions(connection, warehouse.settings):
        if known.name == version:
            return {name: known.metrics.get(f"gate_{name}") for name in ("rmse", "gini")}
    return None


def _quality_table(quality: list[dict[str, Any]]) -> str:
    heads = list(quality[0])
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for row in quality[:24]:
        cells = [
            f"{value:,.3f}" if isinstance(value, float) else str(value)[:16]
            for value in row.values()
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def monitoring_checks(settings: Settings) -> list[dg.AssetChecksDefinition]:
    """Return the checks of drift and outcomes."""
    model = settings.objects.model

    @dg.asset_check(
        asset=PREDICTION_OUTCOMES,
        name="the_champion_has_not_decayed",
        blocking=True,
        description=(
            "At the newest snapshot whose horizon has passed, the forecasts were about as good as "
            "at the gate, and better than repeating the previous period. Only the latter is an "
            "error."
        ),
    )
    def not_decayed(warehouse: dg.ResourceParam[Warehouse]) -> dg.AssetCheckResult:
        with warehouse.connection() as connection:
            quality = realised(connection, warehouse)
            if not quality:
                return dg.AssetCheckResult(
                    passed=True,
                    description="No forecast's horizon has passed yet; nothing to hold against it.",
                )
            newest = quality[0]
            gate = at_gate(connection, warehouse, str(newest["model_version"]))
        found, worse = decay(newest, gate)
        day = str(newest["snapshot_date"])[:10]
        said = " ".join(found) or "As good as at the gate."
        remedy = (
            f" Look at what moved in ml/feature_drift; `vistora model rollback` takes {model}'s "
            "previous champion."
        )
        return dg.AssetCheckResult(
            passed=not found,
            severity=dg.AssetCheckSeverity.ERROR if worse else dg.AssetCheckSeverity.WARN,
            description=f"{newest['model_version']} at {day}: {said}{remedy if found else ''}",
            metadata={"rolling": dg.MetadataValue.md(_quality_table(quality))},
        )

    def moved(_: Any, warehouse: Warehouse) -> str:
        drift = warehouse.ml("FEATURE_DRIFT")
        newest = f"SNAPSHOT_DATE = (SELECT MAX(SNAPSHOT_DATE) FROM {drift})"
        return (
            "SELECT KIND, NAME, PSI, KS, BASELINE_COUNT, CURRENT_COUNT, BASELINE_MEAN, CURRENT_MEAN "
            f"FROM {drift} WHERE {newest} AND MOVED AND EXISTS (SELECT 1 FROM {drift} "
            f"WHERE {newest} AND MOVED AND KIND IN ('prediction', 'batch')) "
            "ORDER BY CASE KIND WHEN 'country' THEN 0 WHEN 'cohort' THEN 1 WHEN 'batch' THEN 2 "
            "WHEN 'prediction' THEN 3 ELSE 4 END, COALESCE(PSI, 0) DESC, NAME"
        )

    return [
        not_decayed,
        violations(
            FEATURE_DRIFT,
            "predictions_have_not_drifted",
            moved,
            description=(
                "Warns if the predictions, or the amounts of a load batch, are distributed "
                "otherwise than at the champion's gate. Features alone may move: users grow older."
            ),
            broken=(
                "What moved stands in the table, countries, cohorts and batches first. A "
                "retraining learns it, and has to pass the gate."
            ),
            warns=True,
        ),
    ]
