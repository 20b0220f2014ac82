"""The two jobs.

What it holds: `ingest` and `refresh`. Add a job that people or sensors start. What must not go
here: when they run (`sensors`).

Both run in one process each: importing the clients takes longer than most steps
(docs/adr/0002-in-process-executor.md).
"""

from __future__ import annotations

from typing import Any, Final

import dagster as dg

from vistora_assets.assets.inventory import (
    MONITORING,
    RAW,
    TRAINING,
    USER_FEATURES,
    USER_FEATURES_VIEW,
    USER_SPEND_PREDICTIONS,
)

INGEST: Final = "ingest"
REFRESH: Final = "refresh"
JOB_TAG: Final = "vistora/job"


def build_jobs() -> list[Any]:
    """Return the jobs; Dagster resolves them against the assets."""
    return [
        dg.define_asset_job(
            INGEST,
            dg.AssetSelection.assets(*RAW),
            description="Load what has landed: events, rejected rows and the ledger, and check.",
            tags={JOB_TAG: INGEST},
            executor_def=dg.in_process_executor,
        ),
        dg.define_asset_job(
            REFRESH,
            dg.AssetSelection.assets(
                USER_FEATURES,
                USER_FEATURES_VIEW,
                *TRAINING,
                USER_SPEND_PREDICTIONS,
                *MONITORING,
            ),
            description="What the plan asks of features, training, registry, predictions, drift and outcomes.",
            tags={JOB_TAG: REFRESH},
            executor_def=dg.in_process_executor,
        ),
    ]
