"""Predictions whose horizon has passed, beside what happened.

What it holds: the asset and the rolling metrics on its page. What must not go here: whether a
champion has decayed (`vistora_assets.checks.monitoring`).
"""

from collections import defaultdict
from datetime import date
from typing import Any

import dagster as dg

from vistora_assets import refresh
from vistora_assets.assets import columns
from vistora_assets.assets.inventory import (
    OWNERS,
    POOL,
    PREDICTION_OUTCOMES,
    USER_EVENTS,
    USER_SPEND_PREDICTIONS,
)
from vistora_assets.automation.freshness import freshness
from vistora_assets.automation.partitions import every_snapshot
from vistora_assets.automation.planning import (
    PlannerState,
    at,
    events_table,
    features_table,
    read_state,
    recorded_specification,
    snapshot_rules,
)
from vistora_assets.features import FeatureSpecification, labels_sql
from vistora_assets.features.drift_sql import outcomes_sql
from vistora_assets.io_managers.partitioning import literal
from vistora_assets.io_managers.tables import EMPTY_IS_AN_ANSWER, Published
from vistora_assets.resources.warehouse import Warehouse, rows
from vistora_assets.settings import Settings


def closed(state: PlannerState) -> dict[date, int]:
    """Return the predicted snapshots whose horizon has passed, with its length in days."""
    if state.events is None:
        return {}
    until = refresh.data_until(state.events, snapshot_rules(state.settings))
    return refresh.closed_predictions(state.publications, until)


def _labels(
    connection: Any, warehouse: Warehouse, feature_version: str, horizon: int
) -> FeatureSpecification:
    """Return what a feature version's models forecast; as settings say where none is recorded."""
    for (text,) in rows(
        connection,
        f"SELECT DISTINCT FEATURE_SPECIFICATION FROM {warehouse.ml('PROMOTIONS')} "
        "WHERE FEATURE_VERSION = %(version)s",
        {"version": feature_version},
    ):
        found = recorded_specification(text)
        if found is not None:
            return found
    return FeatureSpecification(horizon, label=warehouse.settings.label)


def outcomes_query(connection: Any, warehouse: Warehouse, state: PlannerState) -> str:
    """Return SQL for every closed prediction beside its outcome.

    Raises:
        dg.Failure: no prediction's horizon has passed.
    """
    settings = warehouse.settings
    tokens = refresh.predicted(state.publications)
    groups: dict[tuple[str, int], list[date]] = defaultdict(list)
    for day, horizon in closed(state).items():
        groups[tokens[day].split("|", 1)[0], horizon].append(day)
    if not groups:
        raise dg.Failure(
            "No prediction's horizon has passed, so nothing can be held against it yet: land the "
            "events of the days after the predicted snapshots.",
            allow_retries=False,
        )
    predictions = warehouse.ml("USER_SPEND_PREDICTIONS")
    parts: list[str] = []
    for (version, horizon), days in sorted(groups.items()):
        condition = f"FEATURE_VERSION = {literal(version)} AND ({' OR '.join(map(at, days))})"
        labels = labels_sql(
            _labels(connection, warehouse, version, horizon),
            f"(SELECT USER_ID, SNAPSHOT_DATE FROM {predictions} WHERE {condition})",
            events_table(settings),
            days,
        )
        parts.append(
            outcomes_sql(
                predictions,
                warehouse.ml("PROMOTIONS"),
                features_table(settings, version),
                labels,
                condition,
            )
        )
    return " UNION ALL ".join(parts)


def prediction_outcomes(settings: Settings) -> dg.AssetsDefinition:
    """Return the asset."""

    @dg.asset(
        key=PREDICTION_OUTCOMES,
        deps=[
            dg.AssetDep(USER_SPEND_PREDICTIONS, partition_mapping=every_snapshot()),
            USER_EVENTS,
        ],
        io_manager_key="tables",
        metadata={
            "schema": settings.objects.ml,
            EMPTY_IS_AN_ANSWER: True,
            **columns.metadata(columns.prediction_outcomes(settings)),
        },
        group_name="monitoring",
        kinds={"snowflake", "sql"},
        owners=list(OWNERS),
        code_version="1",
        freshness_policy=freshness(settings),
        pool=POOL,
    )
    def asset(warehouse: dg.ResourceParam[Warehouse]) -> Published:
        """What was predicted, what happened, and what a naive forecast would have said.

        Grain and key: `USER_ID` x `SNAPSHOT_DATE`, of the snapshots whose `HORIZON_DAYS` have
        passed. Only what was forecast before it happened: where a training had learned the
        outcome, as for a snapshot that lies further back than the events, there is no row.
        Computed anew, in the warehouse, when another horizon has passed or a late event touches
        one.
        """
        with warehouse.connection() as connection:
            state = read_state(connection, settings)
            query = outcomes_query(connection, warehouse, state)
        token = refresh.outcome_token(state.publications, tuple(closed(state)), state.load_sequence)
        return Published(
            warehouse.session().sql(query),
            token,
            {"closed_snapshots": ", ".join(map(str, closed(state)))},
        )

    return asset
