"""What each user is expected to spend.

What it holds: the asset. What must not go here: promotion; the champion is who carries the alias.
"""

from datetime import date

import dagster as dg

from vistora_assets import refresh
from vistora_assets.assets import columns
from vistora_assets.assets.inventory import (
    OWNERS,
    POOL,
    REGISTERED_MODEL,
    USER_FEATURES,
    USER_SPEND_PREDICTIONS,
)
from vistora_assets.assets.ml import championship
from vistora_assets.assets.ml.scoring import scoring_sql
from vistora_assets.automation.freshness import freshness
from vistora_assets.automation.partitions import snapshots
from vistora_assets.automation.planning import at, read_champion, read_publications
from vistora_assets.io_managers.partitioning import literal
from vistora_assets.io_managers.tables import Published
from vistora_assets.resources.warehouse import Warehouse
from vistora_assets.settings import Settings


def user_spend_predictions(settings: Settings) -> dg.AssetsDefinition:
    """Return the asset."""

    @dg.asset(
        key=USER_SPEND_PREDICTIONS,
        deps=[USER_FEATURES, REGISTERED_MODEL],
        partitions_def=snapshots(settings),
        backfill_policy=dg.BackfillPolicy.single_run(),
        io_manager_key="tables",
        metadata={
            "schema": settings.objects.ml,
            "partition_expr": "SNAPSHOT_DATE",
            **columns.metadata(columns.user_spend_predictions(settings)),
        },
        group_name="scoring",
        kinds={"snowflake", "sql"},
        owners=list(OWNERS),
        code_version="1",
        freshness_policy=freshness(settings),
        pool=POOL,
    )
    def asset(
        context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse]
    ) -> Published:
        """Expected spend in the `HORIZON_DAYS` from `SNAPSHOT_DATE` on, by the champion.

        Grain and key: `USER_ID` x `SNAPSHOT_DATE`. Everyone with a purchase before the snapshot is
        in it. Scored inside the warehouse by the version that carries the alias CHAMPION, whose
        horizon it is. A snapshot is predicted when it is the newest one, and its predictions then
        stay: a later champion has learned what happened after it.
        """
        from vistora_assets.modelling.contract import FEATURES

        keys = list(context.partition_keys)
        championship.settle(warehouse)
        with warehouse.connection() as connection:
            champion = read_champion(connection, settings)
            published = {
                (row.table, row.partition): row.token
                for row in read_publications(connection, settings)
            }
        if champion is None:
            raise dg.Failure(
                "There is no champion to score with: materialize ml/registered_model first.",
                allow_retries=False,
            )
        table = f"USER_FEATURES_{champion.feature_version}"
        missing = [key for key in keys if (table, date.fromisoformat(key)) not in published]
        if missing:
            raise dg.Failure(
                f"The champion {champion.version} needs {table}, which has no features of "
                f"{', '.join(missing)}: materialize feature_store/user_features there, or train a "
                "champion on the current features.",
                allow_retries=False,
            )
        horizon = champion.horizon_days or settings.snapshots.horizon_days
        scored = scoring_sql(
            settings,
            version=champion.version,
            feature_version=champion.feature_version,
            features=FEATURES,
            condition=" OR ".join(at(key) for key in keys),
        )
        frame = warehouse.session().sql(
            f"SELECT scored.*, {literal(champion.version)} AS MODEL_VERSION, "
            f"{literal(champion.feature_version)} AS FEATURE_VERSION, "
            f"{horizon} AS HORIZON_DAYS FROM ({scored}) AS scored"
        )
        tokens = {
            key: refresh.prediction_token(
                feature_version=champion.feature_version,
                feature_token=published[(table, date.fromisoformat(key))],
                champion_version=champion.version,
                horizon_days=horizon,
            )
            for key in keys
        }
        return Published(frame, tokens, {"champion": champion.version})

    return asset
