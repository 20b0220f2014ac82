"""A table as the source, through the real sensors and jobs: loaded once, refreshed, never missed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from click.testing import CliRunner

from embedded_snowflake import stop
from vistora_assets.assembly import build_definitions
from vistora_assets.cli import main
from vistora_assets.resources.warehouse import Warehouse, rows
from vistora_assets.settings import Settings

ORDERS = "ML_DEMO.SHOP.ORDERS"
VARIABLES = {
    "VISTORA_FIRST_SNAPSHOT": "2025-11-01",
    "VISTORA_EVENTS_MAP": "event_id=ID,user_id=BUYER,event_time=PLACED_AT,amount=TOTAL",
    "VISTORA_EVENTS_SET": "event_type=purchase",
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = tmp_path_factory.mktemp("table_source")
    yield made
    stop(made)


@dataclass
class Shop:
    """An installation over a small table of orders, with its instance of Dagster."""

    settings: Settings
    variables: dict[str, str]
    warehouse: Warehouse
    instance: dg.DagsterInstance
    made: dict[int, dg.Definitions] = field(default_factory=dict[int, dg.Definitions])

    @property
    def definitions(self) -> dg.Definitions:
        """The installation's definitions, made once for the same settings."""
        key = id(self.settings)
        if key not in self.made:
            self.made[key] = build_definitions(self.settings)
        return self.made[key]

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        with self.warehouse.connection() as connection:
            return rows(connection, statement)

    def insert(self, *orders: tuple[int, str | None, str, str | None]) -> None:
        for order in orders:
            values = ", ".join("NULL" if value is None else repr(value) for value in order)
            self.sql(f"INSERT INTO {ORDERS} SELECT {values}")

    def tick(self, sensor: str) -> Any:
        """Evaluate the real sensor: its one run request, or why it skipped."""
        found = self.definitions
        with dg.build_sensor_context(instance=self.instance, definitions=found) as context:
            data = found.resolve_sensor_def(sensor).evaluate_tick(context)
        if data.run_requests:
            (request,) = data.run_requests
            return request
        return data.skip_message

    def run(self, job: str, request: dg.RunRequest) -> dg.ExecuteInProcessResult:
        """Carry out what a sensor requested, as the daemon would."""
        return self.definitions.resolve_job_def(job).execute_in_process(
            instance=self.instance,
            raise_on_error=False,
            tags=request.tags,
            run_config=request.run_config,
            asset_selection=request.asset_selection,
        )

    def ingest(self) -> dict[str, int] | None:
        """Tick, and run what was asked: the counts of the load, or None where the run failed."""
        request = self.tick("ingest_sensor")
        assert isinstance(request, dg.RunRequest), request
        result = self.run("ingest", request)
        if not result.success:
            return None
        (event,) = [
            one
            for one in result.get_asset_materialization_events()
            if one.asset_key == dg.AssetKey(["raw", "user_events"])
        ]
        metadata = event.step_materialization_data.materialization.metadata
        names = ("rows_read", "rows_accepted", "rows_rejected", "rows_known")
        return {name: int(str(metadata[name].value)) for name in names}

    def events(self) -> list[str]:
        return [row[0] for row in self.sql("SELECT EVENT_ID FROM RAW.USER_EVENTS ORDER BY 1")]


@pytest.fixture
def shop(root: Path, request: pytest.FixtureRequest) -> Iterator[Shop]:
    """An empty installation; parametrised by the further variables."""
    variables = {**VARIABLES, **request.param}
    settings = Settings.load(variables, root)
    warehouse = Warehouse(settings)
    with warehouse.connection() as connection:
        rows(connection, "DROP DATABASE ML_DEMO")
    warehouse = Warehouse(settings)
    with warehouse.connection() as connection:
        rows(connection, "CREATE SCHEMA ML_DEMO.SHOP")
        rows(
            connection,
            f"CREATE TABLE {ORDERS} (ID NUMBER, BUYER TEXT, PLACED_AT TIMESTAMP_NTZ, TOTAL TEXT)",
        )
        rows(
            connection,
            "CREATE VIEW ML_DEMO.SHOP.RECENT AS SELECT * FROM ORDERS "
            "WHERE PLACED_AT >= '2025-01-01'::TIMESTAMP_NTZ",
        )
    with dg.DagsterInstance.ephemeral() as instance:
        yield Shop(settings, variables, warehouse, instance)
    warehouse.close()


WAYS = {
    "table, high water": {
        "VISTORA_EVENTS_TABLE": ORDERS,
        "VISTORA_EVENTS_HIGH_WATER": "PLACED_AT",
    },
    "view, whole": {"VISTORA_EVENTS_TABLE": "ml_demo.shop.recent"},
}
FIRST = (
    (1, "u1", "2025-10-01 10:00:00", "12.5"),
    (2, "u2", "2025-10-02 11:00:00", "0"),
    (3, "u1", "2025-10-31 23:59:59", "7"),
)


@pytest.mark.parametrize("shop", WAYS.values(), ids=list(WAYS), indirect=True)
def test_a_table_is_loaded_once_and_its_new_rows_are_refreshed(shop: Shop) -> None:
    """First tick loads, second skips; new rows are the work of one more load and refresh."""
    incremental = shop.settings.source.table is not None and shop.settings.source.table.high_water
    shop.insert(*FIRST)
    assert shop.ingest() == {
        "rows_read": 3,
        "rows_accepted": 3,
        "rows_rejected": 0,
        "rows_known": 0,
    }
    assert "has not changed since it was loaded" in shop.tick("ingest_sensor")

    shop.insert((4, "u2", "2025-11-15 08:00:00", "30"))
    again = shop.ingest()
    known = 1 if incremental else 3
    assert again == {
        "rows_read": known + 1,
        "rows_accepted": 1,
        "rows_rejected": 0,
        "rows_known": known,
    }
    assert shop.events() == ["1", "2", "3", "4"]
    assert "has not changed since it was loaded" in shop.tick("ingest_sensor")

    request = shop.tick("refresh_sensor")
    assert isinstance(request, dg.RunRequest), request
    result = shop.run("refresh", request)
    assert result.success
    found = shop.sql(
        "SELECT USER_ID, TOTAL_PURCHASES, TOTAL_SPENT FROM FEATURE_STORE.USER_FEATURES "
        "WHERE SNAPSHOT_DATE = '2025-11-01'::TIMESTAMP_NTZ ORDER BY 1"
    )
    assert found == [("u1", 2.0, 19.5), ("u2", 1.0, 0.0)]
    settled = shop.tick("refresh_sensor")
    assert not isinstance(settled, dg.RunRequest), settled


BAD = ((5, "u3", "2025-10-05", "9"), (6, None, "2025-10-06", "9"), (7, "u4", "2025-10-07", "ten"))


@pytest.mark.parametrize("shop", [WAYS["view, whole"]], ids=["view"], indirect=True)
def test_a_batch_of_bad_rows_is_a_red_check_until_it_is_accepted_by_name(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not tried again and again, nothing of it is published, and it can be accepted."""
    shop.insert(*BAD)
    request = shop.tick("ingest_sensor")
    assert isinstance(request, dg.RunRequest)
    result = shop.run("ingest", request)
    assert not result.success
    (red,) = [
        check
        for check in result.get_asset_check_evaluations()
        if not check.passed and check.check_name == "no_file_is_blocked"
    ]
    assert "2 of its 3 rows were rejected" in (red.description or "")
    assert "Mend the rows in the table" in (red.description or "")
    assert shop.events() == []
    skipped = shop.tick("ingest_sensor")
    assert isinstance(skipped, str)
    assert "has not changed since its batch was blocked: 2 of its 3 rows" in skipped

    name = shop.settings.source.table.name if shop.settings.source.table else ""
    for variable, value in shop.variables.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("VISTORA_ROOT", str(shop.settings.root))
    refused = CliRunner().invoke(main, ["rejected", "--accept", "other.csv"])
    assert refused.exit_code == 1
    assert "no such file on the landing stage" in refused.output
    accepted = CliRunner().invoke(main, ["rejected", "--accept", name.lower()])
    assert accepted.exit_code == 0, accepted.output
    assert "1 rows loaded, 2 rejected" in accepted.output
    assert shop.events() == ["5"]

    counts = shop.ingest()
    assert counts is not None
    assert counts["rows_accepted"] == counts["rows_rejected"] == 0
    assert "has not changed since it was loaded" in shop.tick("ingest_sensor")
    again = CliRunner().invoke(main, ["rejected", "--accept", name])
    assert again.exit_code == 1
    assert "is not blocked, so there is nothing to accept" in again.output


@pytest.mark.parametrize("shop", [WAYS["table, high water"]], ids=["table"], indirect=True)
def test_a_blocked_table_is_loaded_once_its_rows_are_mended(shop: Shop) -> None:
    """What changes in the table is never missed, also behind a blocked batch."""
    shop.insert(*BAD)
    assert shop.ingest() is None
    shop.sql(f"UPDATE {ORDERS} SET BUYER = 'u3', TOTAL = '10' WHERE ID > 5")
    assert shop.ingest() == {
        "rows_read": 3,
        "rows_accepted": 3,
        "rows_rejected": 0,
        "rows_known": 0,
    }
    assert shop.events() == ["5", "6", "7"]
    assert shop.sql("SELECT COUNT(*) FROM RAW.LOADED_FILES WHERE STATE = 'BLOCKED'") == [(0,)]


@pytest.mark.parametrize("shop", [WAYS["table, high water"]], ids=["table"], indirect=True)
def test_a_load_that_fails_is_tried_three_times_and_again_when_its_map_is_mended(
    shop: Shop,
) -> None:
    """Not for ever, and a mended setting is other work, though the table is the same."""
    shop.insert(*FIRST)
    mended = shop.settings
    wrong = {**shop.variables, "VISTORA_EVENTS_HIGH_WATER": "UPDATED_AT"}
    shop.settings = Settings.load(wrong, shop.settings.root)
    keys: set[str | None] = set()
    for _ in range(3):
        request = shop.tick("ingest_sensor")
        assert isinstance(request, dg.RunRequest)
        keys.add(request.run_key)
        assert not shop.run("ingest", request).success
    assert len(keys) == 3
    assert "failed 3 times" in shop.tick("ingest_sensor")
    shop.settings = mended
    counts = shop.ingest()
    assert counts is not None
    assert counts["rows_accepted"] == 3
