"""Which snapshots exist as partitions."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from vistora_assets.automation.partitions import snapshots
from vistora_assets.settings import Settings


def keys(tmp_path: Path, now: datetime, **values: str) -> list[str]:
    settings = Settings.load({f"VISTORA_{n.upper()}": v for n, v in values.items()}, tmp_path)
    return list(snapshots(settings).get_partition_keys(current_time=now))


NOW = datetime(2024, 5, 15, 12, tzinfo=UTC)


def test_the_newest_snapshot_that_has_begun_is_a_partition(tmp_path: Path) -> None:
    """Dagster's own windows would end one earlier."""
    found = keys(tmp_path, NOW, first_snapshot="2024-01-01")
    assert (found[0], found[-1], len(found)) == ("2024-01-01", "2024-05-01", 5)


@pytest.mark.parametrize(
    ("cadence", "first", "last"),
    [
        ("monthly", "1997-04-01", "1998-07-01"),
        ("weekly", "2024-01-01", "2024-03-04"),
        ("daily", "2024-01-01", "2024-02-29"),
    ],
)
def test_a_last_snapshot_ends_them_and_is_one(
    tmp_path: Path, cadence: str, first: str, last: str
) -> None:
    found = keys(tmp_path, NOW, snapshot_cadence=cadence, first_snapshot=first, last_snapshot=last)
    assert (found[0], found[-1]) == (first, last)


def test_a_snapshot_begins_at_midnight_utc(tmp_path: Path) -> None:
    before = datetime(2024, 4, 30, 23, 59, 59, tzinfo=UTC)
    at = datetime(2024, 5, 1, tzinfo=UTC)
    assert keys(tmp_path, before, first_snapshot="2024-01-01")[-1] == "2024-04-01"
    assert keys(tmp_path, at, first_snapshot="2024-01-01")[-1] == "2024-05-01"
