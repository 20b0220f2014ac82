"""Scoring by a registered model, inside the warehouse.

What it holds: the query that scores rows of a features' table. What must not go here: which
version or rows, and what becomes of the scores.
"""

from __future__ import annotations

from collections.abc import Sequence

from vistora_assets.automation.planning import features_table
from vistora_assets.identifiers import qualified, quote
from vistora_assets.settings import Settings


def scoring_sql(
    settings: Settings,
    *,
    version: str,
    feature_version: str,
    features: Sequence[str],
    condition: str,
    also: Sequence[str] = (),
) -> str:
    """Return the query `USER_ID, SNAPSHOT_DATE, PREDICTED_SPEND` and further columns.

    Args:
        settings: names of database, schema and model.
        version: the model version's name in the registry.
        feature_version: whose table is scored.
        features: the model's features in the order of its signature, any case.
        condition: of the rows to score.
        also: further columns of the features' table.
    """
    objects = settings.objects
    model = qualified(objects.database, objects.ml, objects.model)
    arguments = ", ".join(f"{quote(name.upper())}::DOUBLE" for name in features)
    extra = "".join(f", {quote(name)}" for name in also)
    return (
        "SELECT USER_ID, SNAPSHOT_DATE, "
        f"MODEL({model}, {quote(version)})!PREDICT({arguments}):output_feature_0::FLOAT "
        f"AS PREDICTED_SPEND{extra} FROM {features_table(settings, feature_version)} "
        f"WHERE {condition}"
    )
