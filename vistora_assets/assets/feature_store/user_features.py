"""Features by user and snapshot.

What it holds: the asset. What must not go here: the features' SQL (`vistora_assets.features`).
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import dagster as dg

from vistora_assets.assets import columns
from vistora_assets.assets.inventory import OWNERS, POOL, USER_EVENTS, USER_FEATURES
from vistora_assets.automation.freshness import freshness
from vistora_assets.automation.partitions import snapshot_dates, snapshots
from vistora_assets.automation.planning import (
    at,
    champion_specification,
    events_table,
    feature_specification,
    load_sequence,
    read_champion,
)
from vistora_assets.features import user_features_sql
from vistora_assets.io_managers.publishing import Partition, Target, publish
from vistora_assets.io_managers.tables import VERSION, Published, WrittenTable
from vistora_assets.resources.warehouse import Warehouse, rows
from vistora_assets.settings import Settings


def user_features_query(settings: Settings, days: Sequence[date]) -> str:
    """Return the SQL of the features of these snapshots, over the loaded events."""
    return user_features_sql(feature_specification(settings), events_table(settings), days)


class FeaturesConfig(dg.Config):
    """Which of the run's snapshots to compute, where a champion needs an older version.

    Attributes:
        snapshots: of the current version; by default all of the run's.
        champion_snapshots: of the version that the champion needs; by default none.
    """

    snapshots: list[str] | None = None
    champion_snapshots: list[str] | None = None


def publish_older(warehouse: Warehouse, keys: Sequence[str], token: str) -> tuple[str, int] | None:
    """Compute snapshots of the champion's feature version, and return its table and rows.

    None where the champion uses the current version, or there is none any more.

    Raises:
        dg.Failure: today's code does not compute that version.
    """
    settings = warehouse.settings
    with warehouse.connection() as connection:
        champion = read_champion(connection, settings)
        if champion is None or champion.feature_version == feature_specification(settings).version:
            return None
        specification = champion_specification(connection, settings, champion)
        if specification is None:
            raise dg.Failure(
                f"The champion {champion.version} needs the features {champion.feature_version}, "
                "which today's code does not compute: train a champion on the current features.",
                allow_retries=False,
            )
        # A table of its own name and not a version of `USER_FEATURES`: the view stays where it is.
        target = Target(
            database=settings.objects.database,
            schema=settings.objects.feature_store,
            table=specification.table,
            partitions=tuple(Partition(key, at(key)) for key in keys),
            publications=warehouse.ml("PUBLICATIONS"),
            token=token,
        )
        computed = user_features_sql(specification, events_table(settings), snapshot_dates(keys))
        rows(connection, f"CREATE OR REPLACE TEMPORARY TABLE {target.beside} AS {computed}")
        return specification.table, publish(connection, target)


def user_features(settings: Settings) -> dg.AssetsDefinition:
    """Return the asset."""
    specification = feature_specification(settings)

    @dg.asset(
        key=USER_FEATURES,
        deps=[USER_EVENTS],
        partitions_def=snapshots(settings),
        backfill_policy=dg.BackfillPolicy.single_run(),
        io_manager_key="tables",
        metadata={
            "schema": settings.objects.feature_store,
            "partition_expr": "SNAPSHOT_DATE",
            VERSION: specification.version,
            **columns.metadata(columns.user_features(settings)),
        },
        group_name="feature_store",
        kinds={"snowflake", "sql"},
        owners=list(OWNERS),
        code_version=specification.version,
        freshness_policy=freshness(settings),
        pool=POOL,
    )
    def asset(
        context: dg.AssetExecutionContext,
        config: FeaturesConfig,
        warehouse: dg.ResourceParam[Warehouse],
    ) -> Any:  # Dagster takes no union: Published or WrittenTable.
        """What was known of each user at each snapshot, 00:00 UTC.

        Grain and key: `USER_ID` x `SNAPSHOT_DATE`. Of events strictly before the snapshot only. A
        user is there from the first purchase on. The rows lie in a table of the specification's
        version; this name is a view of the current one.
        """
        with warehouse.connection() as connection:
            # Before the query: what is loaded meanwhile is computed again rather than missed.
            token = str(load_sequence(connection, warehouse.settings))
        metadata: dict[str, Any] = {}
        if config.champion_snapshots:
            written = publish_older(warehouse, config.champion_snapshots, token)
            if written is not None:
                metadata["champion_features"] = f"{written[1]} rows of {written[0]}"
        keys = context.partition_keys if config.snapshots is None else config.snapshots
        if not keys:
            return WrittenTable(metadata=metadata)
        days = snapshot_dates(keys)
        context.log.info("%s snapshot(s), %s to %s", len(days), days[0], days[-1])
        frame = warehouse.session().sql(user_features_query(settings, days))
        return Published(frame, token, metadata, partitions=tuple(keys))

    return asset
