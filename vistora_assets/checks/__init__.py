"""Asset checks, by the same folders' names as the assets, and their factory.

What it holds: `build_checks`, the explicit list. Add a line when there is a new check. What must not
go here: checks inside a transaction (the sources' and the IO managers').
"""

from __future__ import annotations

import dagster as dg

from vistora_assets.checks.feature_store import feature_store_checks
from vistora_assets.checks.ml import ml_checks
from vistora_assets.checks.monitoring import monitoring_checks
from vistora_assets.checks.raw import raw_checks
from vistora_assets.settings import Settings


def build_checks(settings: Settings) -> list[dg.AssetChecksDefinition]:
    """Return every check."""
    return [
        *raw_checks(settings),
        *feature_store_checks(settings),
        *ml_checks(settings),
        *monitoring_checks(settings),
    ]
