"""The training set: features joined to labels that have closed.

What it holds: the asset. What must not go here: the labels' SQL (`vistora_assets.features`).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import dagster as dg

from vistora_assets.assets import columns
from vistora_assets.assets.inventory import OWNERS, POOL, TRAINING_SET, USER_FEATURES_VIEW
from vistora_assets.automation.conditions import moved_or_decayed
from vistora_assets.automation.freshness import freshness
from vistora_assets.automation.planning import (
    closed_cutoffs,
    feature_specification,
    features_table,
    read_state,
    training_token,
)
from vistora_assets.features import labels_sql
from vistora_assets.io_managers.tables import Published
from vistora_assets.resources.warehouse import Warehouse
from vistora_assets.settings import Settings


def labelled_features(
    warehouse: Warehouse, view: Any, days: Sequence[date], horizon_days: int | None = None
) -> Any:
    """Return a Snowpark frame: the view's features at each day, beside the spend after it.

    Args:
        warehouse: where both lie.
        view: the live feature view of the warehouse's settings.
        days: the AS_OFs; whether their labels have closed is the caller's to know.
        horizon_days: the label's length, where it is another one than the settings'.
    """
    settings = warehouse.settings
    specification = feature_specification(settings)
    if horizon_days is not None:
        specification = replace(specification, horizon_days=horizon_days)
    session = warehouse.session()
    events = warehouse.table(settings.objects.raw, "USER_EVENTS")
    spine = session.sql(labels_sql(specification, features_table(settings), events, days))
    frame = warehouse.feature_store(session).generate_training_set(
        spine,
        [view],
        spine_timestamp_col="AS_OF",
        spine_label_cols=["LABEL"],
        include_feature_view_timestamp_col=True,
    )
    stamps = [name for name in frame.columns if name.strip('"').endswith("_SNAPSHOT_DATE")]
    return frame.with_column_renamed(stamps[0], "SNAPSHOT_DATE")


def training_set(settings: Settings) -> dg.AssetsDefinition:
    """Return the asset."""

    @dg.asset(
        key=TRAINING_SET,
        ins={"view": dg.AssetIn(USER_FEATURES_VIEW, input_manager_key="references")},
        io_manager_key="tables",
        metadata={
            "schema": settings.objects.ml,
            **columns.metadata(columns.training_set(settings)),
        },
        group_name="training",
        kinds={"snowflake", "sql"},
        owners=list(OWNERS),
        code_version="1",
        automation_condition=moved_or_decayed(),
        freshness_policy=freshness(settings),
        pool=POOL,
    )
    def asset(
        context: dg.AssetExecutionContext, view: Any, warehouse: dg.ResourceParam[Warehouse]
    ) -> Published:
        """Features at each closed `AS_OF` with the spend of the horizon after it.

        Grain and key: `USER_ID` x `AS_OF`. `LABEL` is the spend in `AS_OF <= t < AS_OF + horizon`;
        users who spent nothing are in. Joined by the feature store, point in time;
        `SNAPSHOT_DATE` is the timestamp of the joined features and equals `AS_OF`.
        """
        with warehouse.connection() as connection:
            state = read_state(connection, warehouse.settings)
        days = closed_cutoffs(state)
        if not days:
            raise dg.Failure(
                "No snapshot has a closed label yet, so there is nothing to train on: an AS_OF "
                f"needs {settings.snapshots.minimum_history_days} days of events before it and "
                f"{settings.snapshots.horizon_days} days after. Land more events, or set "
                "VISTORA_MINIMUM_HISTORY_DAYS or VISTORA_HORIZON_DAYS.",
                allow_retries=False,
            )
        context.log.info("%s cutoff(s), %s to %s", len(days), days[0], days[-1])
        return Published(labelled_features(warehouse, view, days), training_token(state))

    return asset
