"""Checks of the training set and of predictions.

Add a rule about what models see or say. What must not go here: the gate
(`vistora_assets.modelling.promotion`).
"""

from __future__ import annotations

from datetime import date
from typing import Any

import dagster as dg

from vistora_assets.assets.inventory import TRAINING_SET, USER_SPEND_PREDICTIONS
from vistora_assets.automation.planning import at, features_table, read_champion
from vistora_assets.checks.feature_store import newest_published
from vistora_assets.checks.violations import violations
from vistora_assets.resources.warehouse import Warehouse
from vistora_assets.settings import Settings

SANE_TIMES_THE_PAST = 3.0
"""A forecast total above so many times what these users spent in all their past is refused."""


def _finite(column: str) -> str:
    return f"{column} IS NULL OR {column} = 'NaN'::FLOAT OR {column} < 0 OR {column} > 1e300"


def ml_checks(settings: Settings) -> list[dg.AssetChecksDefinition]:
    """Return the checks of the schema of models."""

    def newest_scored(connection: Any, warehouse: Warehouse) -> tuple[date, str]:
        """Return the newest snapshot with predictions and the table of the champion's features."""
        day = newest_published(connection, warehouse, "USER_SPEND_PREDICTIONS")
        champion = read_champion(connection, settings)
        return day, features_table(settings, champion.feature_version if champion else None)

    def coverage(connection: Any, warehouse: Warehouse) -> str:
        day, features = newest_scored(connection, warehouse)
        return (
            "SELECT COALESCE(f.USER_ID, p.USER_ID) AS USER_ID, f.USER_ID IS NOT NULL AS HAS_FEATURES,"
            " p.USER_ID IS NOT NULL AS HAS_PREDICTION "
            f"FROM (SELECT USER_ID FROM {features} WHERE {at(day)}) AS f FULL OUTER JOIN "
            f"(SELECT USER_ID FROM {warehouse.ml('USER_SPEND_PREDICTIONS')} WHERE {at(day)}) AS p "
            "ON f.USER_ID = p.USER_ID WHERE f.USER_ID IS NULL OR p.USER_ID IS NULL ORDER BY 1"
        )

    def total(connection: Any, warehouse: Warehouse) -> str:
        day, features = newest_scored(connection, warehouse)
        return (
            "SELECT PREDICTED, PAST FROM (SELECT "
            f"(SELECT SUM(PREDICTED_SPEND) FROM {warehouse.ml('USER_SPEND_PREDICTIONS')} "
            f"WHERE {at(day)}) AS PREDICTED, "
            f"(SELECT SUM(TOTAL_SPENT) FROM {features} WHERE {at(day)}) AS PAST) AS totals "
            f"WHERE PREDICTED > {SANE_TIMES_THE_PAST} * PAST"
        )

    return [
        violations(
            TRAINING_SET,
            "features_are_of_their_cutoff",
            lambda _, warehouse: (
                "SELECT USER_ID, AS_OF, SNAPSHOT_DATE "
                f"FROM {warehouse.ml('TRAINING_SET')} "
                "WHERE SNAPSHOT_DATE IS NULL OR SNAPSHOT_DATE <> AS_OF ORDER BY AS_OF, USER_ID"
            ),
            description="Every row was joined to the features of its own AS_OF.",
            broken="A snapshot is missing: materialize feature_store/user_features there.",
        ),
        violations(
            TRAINING_SET,
            "labels_are_amounts",
            lambda _, warehouse: (
                f"SELECT USER_ID, AS_OF, LABEL FROM {warehouse.ml('TRAINING_SET')} "
                f"WHERE {_finite('LABEL')} ORDER BY AS_OF, USER_ID"
            ),
            description="Labels are finite and >= 0.",
            broken="Look at these users' events: their sum is no amount.",
        ),
        violations(
            USER_SPEND_PREDICTIONS,
            "everyone_is_predicted",
            coverage,
            description="At the newest scored snapshot, users with features = users predicted.",
            broken="Materialize ml/user_spend_predictions there again.",
        ),
        violations(
            USER_SPEND_PREDICTIONS,
            "predictions_are_amounts",
            lambda _, warehouse: (
                "SELECT USER_ID, SNAPSHOT_DATE, PREDICTED_SPEND, MODEL_VERSION "
                f"FROM {warehouse.ml('USER_SPEND_PREDICTIONS')} "
                f"WHERE {_finite('PREDICTED_SPEND')} ORDER BY SNAPSHOT_DATE, USER_ID"
            ),
            description="Predictions are finite and >= 0.",
            broken="Look at these users' features, then roll back the champion.",
        ),
        violations(
            USER_SPEND_PREDICTIONS,
            "the_total_is_sane",
            total,
            description=(
                f"The predicted total is at most {SANE_TIMES_THE_PAST:g} times all past spend."
            ),
            broken="The champion has lost its measure: roll it back.",
        ),
    ]
