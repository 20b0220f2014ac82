"""The assets: one file a table or an artifact, in folders by schema.

What it holds: `build_assets`, the explicit list. Add a line when there is a new asset. What must not
go here: what an asset does, and anything that is needed without Dagster.
"""

from __future__ import annotations

import dagster as dg

from vistora_assets.assets.feature_store.user_features import user_features
from vistora_assets.assets.feature_store.user_features_view import user_features_view
from vistora_assets.assets.ml.feature_drift import feature_drift
from vistora_assets.assets.ml.model_metrics import model_metrics
from vistora_assets.assets.ml.prediction_outcomes import prediction_outcomes
from vistora_assets.assets.ml.registered_model import registered_model
from vistora_assets.assets.ml.training_set import training_set
from vistora_assets.assets.ml.user_spend_predictions import user_spend_predictions
from vistora_assets.assets.ml.user_spend_predictor import user_spend_predictor
from vistora_assets.assets.raw.events import events
from vistora_assets.settings import Settings


def build_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """Return every asset, in the order of the flow."""
    makers = (
        events,
        user_features,
        user_features_view,
        training_set,
        user_spend_predictor,
        model_metrics,
        registered_model,
        user_spend_predictions,
        feature_drift,
        prediction_outcomes,
    )
    return [make(settings) for make in makers]
