"""Checks of features: the grain, no future, and that recomputing gives the same.

Add a rule about features. What must not go here: features' SQL (`vistora_assets.features`).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date
from typing import Any

import dagster as dg

from vistora_assets import refresh
from vistora_assets.assets.inventory import USER_FEATURES
from vistora_assets.automation.planning import (
    champion_specification,
    events_table,
    feature_specification,
    features_table,
    read_state,
)
from vistora_assets.checks.violations import violations
from vistora_assets.features import perturbed_future_sql, recomputation_sql
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


def sampled(days: Sequence[date], seed: int) -> list[date]:
    """Return the newest of ascending days and one of the others, which the seed and it decide."""
    if len(days) < 2:
        return list(days)
    others, newest = days[:-1], days[-1]
    drawn = random.Random(f"{seed}|{newest}")  # noqa: S311 - a sample, no secret
    return [others[drawn.randrange(len(others))], newest]


def not_recomputed_sql(connection: Any, settings: Settings) -> str:
    """Return SQL for rows of the features' tables that differ from what the events give today.

    Of the current version and, where the champion needs an older one, of that: what was trained
    on and what is scored come from the same code. Snapshots that a later load touched are due and
    left out.
    """
    state = read_state(connection, settings)
    wanted = [feature_specification(settings)]
    if state.champion is not None and state.champion.feature_version != wanted[0].version:
        older = champion_specification(connection, settings, state.champion)
        wanted += [older] if older is not None else []
    parts: list[str] = []
    for specification in wanted:
        fresh = refresh.fresh_snapshots(state.publications, state.loads, specification.version)
        if not fresh:
            continue
        query = recomputation_sql(
            specification,
            features_table(settings, specification.version),
            events_table(settings),
            sampled(fresh, settings.seed),
        )
        parts.append(
            f"SELECT '{specification.version}' AS VERSION, SIDE, USER_ID, SNAPSHOT_DATE "
            f"FROM ({query}) AS compared"
        )
    if not parts:
        return "SELECT 1 AS NOTHING WHERE FALSE"
    return " UNION ALL ".join(parts) + " ORDER BY 1, 4, 3, 2"


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
        violations(
            USER_FEATURES,
            "features_are_what_recomputing_gives",
            lambda connection, _: not_recomputed_sql(connection, settings),
            description=(
                "At the newest snapshot and one other, recomputing from all events gives the same "
                "rows: refreshing a part is as good as refreshing all, and what is scored is made "
                "as what was trained on."
            ),
            broken=(
                "The table was changed by hand, or a load was missed: materialize "
                "feature_store/user_features there again."
            ),
        ),
    ]
