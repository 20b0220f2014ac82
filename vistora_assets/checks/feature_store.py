"""Checks of features: the grain, and that they know no future.

Add a rule about features. What must not go here: features' SQL (`vistora_assets.features`).
"""

from __future__ import annotations

from datetime import date
from typing import Any

import dagster as dg

from vistora_assets.assets.inventory import USER_FEATURES
from vistora_assets.automation.planning import (
    events_table,
    feature_specification,
    features_table,
)
from vistora_assets.checks.violations import violations
from vistora_assets.features import perturbed_future_sql
from vistora_assets.resources.warehouse import Warehouse, rows
from vistora_assets.settings import Settings


def newest_published(connection: Any, warehouse: Warehouse, table: str) -> date:
    """Return the newest snapshot of a table's last publication.

    Raises:
        LookupError: nothing was published.
    """
    found = rows(
        connection,
        f"SELECT PARTITION_KEY FROM {warehouse.ml('PUBLICATIONS')} WHERE TABLE_NAME = %(name)s "
        "ORDER BY PUBLISHED_AT DESC, PARTITION_KEY DESC LIMIT 1",
        {"name": table},
    )
    if not found:
        raise LookupError(f"{table} was never published: materialize its asset first.")
    return date.fromisoformat(found[0][0])


def feature_store_checks(settings: Settings) -> list[dg.AssetChecksDefinition]:
    """Return the checks of the features."""
    specification = feature_specification(settings)

    def no_future(connection: Any, warehouse: Warehouse) -> str:
        day = newest_published(connection, warehouse, specification.table)
        query = perturbed_future_sql(specification, events_table(settings), day)
        return f"SELECT DIFFERENCES FROM ({query}) AS compared WHERE DIFFERENCES <> 0"

    return [
        violations(
            USER_FEATURES,
            "one_row_a_user_and_snapshot",
            lambda _, __: (
                "SELECT USER_ID, SNAPSHOT_DATE, COUNT(*) AS ROW_COPIES FROM "
                f"{features_table(settings)} GROUP BY USER_ID, SNAPSHOT_DATE "
                "HAVING COUNT(*) > 1 OR USER_ID IS NULL OR SNAPSHOT_DATE IS NULL "
                "ORDER BY SNAPSHOT_DATE, USER_ID"
            ),
            description="USER_ID and SNAPSHOT_DATE are the key.",
            broken="Joins would double rows: report this, it is a defect of the features' SQL.",
        ),
        violations(
            USER_FEATURES,
            "features_know_no_future",
            no_future,
            description=(
                "Changing every event from the newest snapshot on changes none of its features."
            ),
            broken="A feature looks past its snapshot; find it by comparing the columns.",
        ),
    ]
