"""Snapshots as partitions.

What it holds: `snapshots`, the one partitions definition of the assets by snapshot. Add to it
another grain of time. What must not go here: which partitions are due (`vistora_assets.refresh`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import dagster as dg

from vistora_assets.settings import Settings

KEY_FORMAT = "%Y-%m-%d"
_CRON = {"monthly": "0 0 1 * *", "weekly": "0 0 * * 1", "daily": "0 0 * * *"}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def _after(settings: Settings, day: date) -> date:
    """Return the next date of the cadence."""
    if settings.snapshots.cadence == "monthly":
        return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return day + timedelta(days=7 if settings.snapshots.cadence == "weekly" else 1)


def snapshots(settings: Settings) -> dg.TimeWindowPartitionsDefinition:
    """Return the partitions by SNAPSHOT_DATE, the newest one that has begun included.

    Dagster's time windows exist once they have ended; a snapshot is an instant at its window's
    start, hence `end_offset=1`. A window's end is exclusive, so a last snapshot ends it one
    cadence later.
    """
    last = settings.snapshots.last
    return dg.TimeWindowPartitionsDefinition(
        cron_schedule=_CRON[settings.snapshots.cadence],
        start=_midnight(settings.snapshots.first),
        end=_midnight(_after(settings, last)) if last else None,
        end_offset=1,
        fmt=KEY_FORMAT,
        timezone="UTC",
    )


def every_snapshot() -> dg.PartitionMapping:
    """Return how a table of all snapshots hangs on one by snapshot: on all that there are."""
    return dg.AllPartitionMapping()


def snapshot_dates(keys: Sequence[str]) -> list[date]:
    """Return the dates of partition keys."""
    return [date.fromisoformat(key) for key in keys]
