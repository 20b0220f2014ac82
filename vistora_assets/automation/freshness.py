"""How old an asset may be before it is shown as stale.

What it holds: the one policy, from settings. Add to it a policy for an asset that needs another.
What must not go here: what makes an asset fresh again.
"""

from __future__ import annotations

from datetime import timedelta

import dagster as dg

from vistora_assets.settings import Settings

_CADENCE = {"monthly": 31, "weekly": 7, "daily": 1}
_LOCAL_DAYS = 3650


def freshness(settings: Settings) -> dg.FreshnessPolicy:
    """Return a policy of the cadence and a half; locally wide, so that old data is not red."""
    if settings.environment == "local":
        return dg.FreshnessPolicy.time_window(fail_window=timedelta(days=_LOCAL_DAYS))
    days = _CADENCE[settings.snapshots.cadence]
    return dg.FreshnessPolicy.time_window(
        fail_window=timedelta(days=1.5 * days), warn_window=timedelta(days=1.1 * days)
    )
