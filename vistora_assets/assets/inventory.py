"""What all assets share: their keys, owners and pool.

Add to it what more than one asset must spell alike. What must not go here: what an asset does.
Keys are fixed, also where settings give the schemas other names: selections, tests and bookmarks
stay the same in every environment.
"""

from __future__ import annotations

from typing import Final

import dagster as dg

USER_EVENTS: Final = dg.AssetKey(["raw", "user_events"])
REJECTED_EVENTS: Final = dg.AssetKey(["raw", "rejected_events"])
LOADED_FILES: Final = dg.AssetKey(["raw", "loaded_files"])
USER_FEATURES: Final = dg.AssetKey(["feature_store", "user_features"])
USER_FEATURES_VIEW: Final = dg.AssetKey(["feature_store", "user_features_view"])
TRAINING_SET: Final = dg.AssetKey(["ml", "training_set"])
USER_SPEND_PREDICTOR: Final = dg.AssetKey(["ml", "user_spend_predictor"])
MODEL_METRICS: Final = dg.AssetKey(["ml", "model_metrics"])
REGISTERED_MODEL: Final = dg.AssetKey(["ml", "registered_model"])
USER_SPEND_PREDICTIONS: Final = dg.AssetKey(["ml", "user_spend_predictions"])
FEATURE_DRIFT: Final = dg.AssetKey(["ml", "feature_drift"])
PREDICTION_OUTCOMES: Final = dg.AssetKey(["ml", "prediction_outcomes"])

RAW: Final = (USER_EVENTS, REJECTED_EVENTS, LOADED_FILES)
TRAINING: Final = (TRAINING_SET, USER_SPEND_PREDICTOR, MODEL_METRICS, REGISTERED_MODEL)
MONITORING: Final = (FEATURE_DRIFT, PREDICTION_OUTCOMES)

OWNERS: Final = ("team:ml-platform",)
POOL: Final = "warehouse_writer"
