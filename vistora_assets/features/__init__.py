"""The feature room: what is known of a user at a snapshot, as a specification and as SQL.

Holds the specification of the features (`specification`) and the SQL made from it (`sql`). Add to
it when a feature, a label or a proof about them is SQL over the events. What must not go here: a
connection, Dagster, pandas, and models; the text made here is run by whoever holds a connection.
"""

from __future__ import annotations

from vistora_assets.features.specification import (
    Feature,
    FeatureSpecification,
    SpecificationError,
)
from vistora_assets.features.sql import (
    events_extent_sql,
    labels_sql,
    perturbed_future_sql,
    recomputation_sql,
    user_features_sql,
)

__all__ = [
    "Feature",
    "FeatureSpecification",
    "SpecificationError",
    "events_extent_sql",
    "labels_sql",
    "perturbed_future_sql",
    "recomputation_sql",
    "user_features_sql",
]
