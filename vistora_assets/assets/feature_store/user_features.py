"""Features by user and snapshot.

What it holds: the asset. What must not go here: the features' SQL (`vistora_assets.features`).
"""

from collections.abc import Sequence
from datetime import date

import dagster as dg

from vistora_assets.assets.inventory import OWNERS, POOL, USER_EVENTS, USER_FEATURES
from vistora_assets.automation.freshness import freshness
from vistora_assets.automation.partitions import snapshot_dates, snapshots
from vistora_assets.automation.planning import events_table, feature_specification, load_sequence
from vistora_assets.features import user_features_sql
from vistora_assets.io_managers.tables import VERSION, Published
from vistora_assets.resources.warehouse import Warehouse
from vistora_assets.settings import Settings


def user_features_query(settings: Settings, days: Sequence[date]) -> str:
    """Return the SQL of the features of these snapshots, over the loaded events."""
    return user_features_sql(feature_specification(settings), events_table(settings), days)


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
            "dagster/column_schema": dg.TableSchema(
                columns=[
                    dg.TableColumn(
                        name=column.name, type=column.sql_type, description=column.description
                    )
                    for column in specification.columns
                ]
            ),
        },
        group_name="feature_store",
        kinds={"snowflake", "sql"},
        owners=list(OWNERS),
        code_version=specification.version,
        freshness_policy=freshness(settings),
        pool=POOL,
    )
    def asset(
        context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse]
    ) -> Published:
        """What was known of each user at each snapshot, 00:00 UTC.

        Grain and key: `USER_ID` x `SNAPSHOT_DATE`. Of events strictly before the snapshot only. A
        user is there from the first purchase on. The rows lie in a table of the specification's
        version; this name is a view of the current one.
        """
        with warehouse.connection() as connection:
            # Before the query: what is loaded meanwhile is computed again rather than missed.
            token = str(load_sequence(connection, warehouse.settings))
        days = snapshot_dates(context.partition_keys)
        context.log.info("%s snapshot(s), %s to %s", len(days), days[0], days[-1])
        frame = warehouse.session().sql(user_features_query(settings, days))
        return Published(frame, token)

    return asset
