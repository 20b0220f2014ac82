"""The features' checks are green on what the jobs made, and red once a row was altered."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from embedded_snowflake import stop
from vistora_assets.automation.planning import features_table
from vistora_assets.checks.feature_store import not_recomputed_sql, sampled
from vistora_assets.resources.warehouse import Warehouse, rows
from vistora_assets.settings import Settings
from vistora_assets_tests.assets import trainings


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    root = tmp_path_factory.mktemp("checks")
    yield trainings.settings_of(root, VISTORA_LAST_SNAPSHOT="2021-07-01")
    stop(root)


@pytest.fixture(scope="module")
def warehouse(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    opened = Warehouse(settings)
    folder: Path = tmp_path_factory.mktemp("files")
    trainings.land(opened, folder / "events.csv", trainings.simulated(60, 200))
    trainings.run(settings, "ingest")
    trainings.refresh_until(settings, opened, without="ml/")
    yield opened
    opened.close()


def differences(warehouse: Warehouse) -> list[tuple[object, ...]]:
    with warehouse.connection() as connection:
        return rows(connection, not_recomputed_sql(connection, warehouse.settings))


def test_a_row_that_was_altered_is_found_on_both_sides(
    settings: Settings, warehouse: Warehouse
) -> None:
    assert differences(warehouse) == []
    altered = (
        f"UPDATE {features_table(settings)} SET SPENT_90D = SPENT_90D + 1 "
        "WHERE SNAPSHOT_DATE = '2021-07-01'::TIMESTAMP_NTZ AND USER_ID = "
        f"(SELECT MIN(USER_ID) FROM {features_table(settings)})"
    )
    with warehouse.connection() as connection:
        rows(connection, altered)
    found = differences(warehouse)
    assert [row[1] for row in found] == ["recomputed", "stored"]
    assert {row[2] for row in found} == {"u00000"}


def test_the_sample_is_the_newest_and_one_other_that_the_seed_decides() -> None:
    days = [date(2024, month, 1) for month in range(1, 13)]
    assert sampled(days, 7) == sampled(days, 7)
    assert {sampled(days, seed)[0] for seed in range(60)} == set(days[:-1])
    assert sampled(days[:1], 7) == days[:1]
