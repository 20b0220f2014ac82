"""The feature view over the features' table.

What it holds: the asset. What must not go here: features.
"""

import dagster as dg

from vistora_assets.assets import columns
from vistora_assets.assets.inventory import OWNERS, USER_FEATURES, USER_FEATURES_VIEW
from vistora_assets.automation.freshness import freshness
from vistora_assets.automation.planning import feature_specification, features_table
from vistora_assets.io_managers.publishing import Target, show
from vistora_assets.io_managers.references import FeatureViewRef
from vistora_assets.io_managers.tables import Published
from vistora_assets.resources.warehouse import Warehouse
from vistora_assets.settings import Settings

NAME = "USER_FEATURES_VIEW"


def register(warehouse: Warehouse) -> FeatureViewRef:
    """Register the view's current version unless it is there, and return its reference."""
    from snowflake.ml.feature_store import Entity, FeatureView

    specification = feature_specification(warehouse.settings)
    session = warehouse.session()
    store = warehouse.feature_store(session)
    reference = FeatureViewRef(NAME, specification.version)
    # Registering a version anew is silently skipped by the client: its name is its content's hash.
    known = store.list_feature_views(feature_view_name=NAME).select("VERSION").collect()
    if reference.version in {str(row[0]) for row in known}:
        return reference
    user = store.register_entity(Entity("USER", ["USER_ID"], desc="Who buys."))
    view = FeatureView(
        NAME,
        [user],
        session.sql(f"SELECT * FROM {features_table(warehouse.settings)}"),
        timestamp_col="SNAPSHOT_DATE",
        refresh_freq=None,
        desc="What was known of each user at each snapshot, 00:00 UTC.",
    ).attach_feature_desc(specification.descriptions)
    store.register_feature_view(view, reference.version)
    return reference


def user_features_view(settings: Settings) -> dg.AssetsDefinition:
    """Return the asset."""

    @dg.asset(
        key=USER_FEATURES_VIEW,
        deps=[USER_FEATURES],
        io_manager_key="references",
        metadata=columns.metadata(columns.user_features_view(settings)),
        group_name="feature_store",
        kinds={"snowflake"},
        owners=list(OWNERS),
        code_version=feature_specification(settings).version,
        freshness_policy=freshness(settings),
    )
    def asset(warehouse: dg.ResourceParam[Warehouse]) -> Published:
        """The features as a view of Snowflake's feature store, for point-in-time joins.

        Entity `USER` by `USER_ID`, time by `SNAPSHOT_DATE`. Its version is the specification's.
        """
        objects = settings.objects
        table = USER_FEATURES.path[-1].upper()
        target = Target(
            objects.database,
            objects.feature_store,
            table,
            version=feature_specification(settings).version,
        )
        with warehouse.connection() as connection:
            # A run that was killed between publishing a new version and showing it comes here next.
            show(connection, target)
        reference = register(warehouse)
        return Published(reference, reference.version)

    return asset
