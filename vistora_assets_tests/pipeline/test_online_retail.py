"""A year of a real retailer's purchases and refunds, from the landed file to predictions.

Data: Online Retail II (UCI Machine Learning Repository 502, doi 10.24432/C5CG6D; Chen, D., 2012;
CC BY 4.0), one row an invoice: whole-number user ids, refunds with negative amounts, times without
a zone. It is no part of this repository: `online_retail.events_file` says where it is looked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pandas as pd
import pytest

import embedded_snowflake
from vistora_assets import sources
from vistora_assets.assembly import build_definitions
from vistora_assets.automation.carrying_out import carry_out
from vistora_assets.automation.jobs import INGEST
from vistora_assets.automation.planning import features_table, read_champion
from vistora_assets.resources.warehouse import Warehouse, rows
from vistora_assets.settings import Settings
from vistora_assets_tests.online_retail import events_file

NEWEST = pd.Timestamp("2011-06-01")
# The newest is the gate; the first two have labels that closed before it.
SETTINGS = {"VISTORA_FIRST_SNAPSHOT": "2011-02-01", "VISTORA_LAST_SNAPSHOT": "2011-06-01"}


@dataclass(frozen=True)
class Finished:
    """What the jobs left.

    Attributes:
        settings: of the installation.
        events: the file, as pandas reads it.
        results: of the jobs, in order.
    """

    settings: Settings
    events: pd.DataFrame
    results: tuple[dg.ExecuteInProcessResult, ...]

    def select(self, sql: str) -> list[tuple[Any, ...]]:
        """Return a query's rows."""
        with Warehouse(self.settings).connection() as connection:
            return rows(connection, sql)

    def population(self) -> set[str]:
        """Return who bought before the newest snapshot."""
        bought = self.events["event_type"].eq("purchase") & self.events["event_time"].lt(NEWEST)
        return set(self.events.loc[bought, "user_id"].astype(str))


@pytest.fixture(scope="module")
def retail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    """The pipeline, run once."""
    path = events_file()
    root = tmp_path_factory.mktemp("retail")
    settings = Settings.load(SETTINGS, root)
    warehouse = Warehouse(settings)
    definitions = build_definitions(settings)
    try:
        with warehouse.connection() as connection:
            sources.land(connection, warehouse.source_objects(), path, sources.ColumnMap())
        ingested = definitions.resolve_job_def(INGEST).execute_in_process()
        done = [ingested, *carry_out(warehouse, definitions)]
        yield Finished(settings, pd.read_parquet(path), tuple(done))
    finally:
        embedded_snowflake.stop(root)


def test_every_row_is_an_event_with_its_type_country_and_amount(retail: Finished) -> None:
    """Read = accepted; refunds are stored as positive amounts."""
    counted = retail.select(
        "SELECT ROWS_READ, ROWS_ACCEPTED, ROWS_REJECTED, ROWS_KNOWN FROM RAW.LOADED_FILES"
    )
    assert counted == [(len(retail.events), len(retail.events), 0, 0)]
    stored = retail.select(
        "SELECT EVENT_TYPE, COUNT(*), COUNT(DISTINCT USER_ID), COUNT(DISTINCT COUNTRY), "
        "ROUND(SUM(AMOUNT), 2), MIN(EVENT_TIME), MAX(EVENT_TIME) "
        "FROM RAW.USER_EVENTS GROUP BY 1 ORDER BY 1"
    )
    expected = [
        (
            kind,
            len(found),
            found["user_id"].nunique(),
            found["country"].nunique(),
            round(float(found["amount"].abs().sum()), 2),
            found["event_time"].min().to_pydatetime(),
            found["event_time"].max().to_pydatetime(),
        )
        for kind, found in retail.events.groupby("event_type")
    ]
    assert [row[0] for row in stored] == ["purchase", "refund"]
    assert stored == expected


def test_who_bought_is_in_the_population_and_who_only_returned_is_not(retail: Finished) -> None:
    """Refunds alone make no customer."""
    found = retail.select(
        f"SELECT USER_ID, COUNTRY, REFUND_COUNT FROM {features_table(retail.settings)} "
        f"WHERE SNAPSHOT_DATE = '{NEWEST:%Y-%m-%d}'::TIMESTAMP_NTZ"
    )
    assert {row[0] for row in found} == retail.population()
    assert len(found) == len(retail.population())
    assert all(row[1] for row in found)
    kinds = retail.events.groupby("user_id")["event_type"].agg(set)
    only_refunds = {str(user) for user in kinds[kinds == {"refund"}].index}
    assert only_refunds
    assert not only_refunds & {row[0] for row in found}
    assert sum(row[2] > 0 for row in found) > 1000


def test_the_champion_beats_the_naive_models_where_it_had_not_looked(retail: Finished) -> None:
    """By RMSE, at the gate."""
    with Warehouse(retail.settings).connection() as connection:
        champion = read_champion(connection, retail.settings)
    assert champion is not None
    found = retail.select(
        "SELECT MODEL, RMSE, CHOSEN, N FROM ML.MODEL_METRICS WHERE STAGE = 'gate' "
        f"AND SEGMENT = 'all' AND MODEL_VERSION = '{champion.version}'"
    )
    rmse = {row[0]: row[1] for row in found}
    (chosen,) = [row[0] for row in found if row[2]]
    for naive in ("mean", "previous_period", "seed_linear_regression"):
        assert rmse[chosen] < rmse[naive]
    assert found[0][3] == len(retail.population())


def test_everyone_gets_a_prediction_from_the_champion(retail: Finished) -> None:
    """Once, finite and not negative."""
    found = retail.select(
        "SELECT USER_ID, PREDICTED_SPEND, MODEL_VERSION FROM ML.USER_SPEND_PREDICTIONS "
        f"WHERE SNAPSHOT_DATE = '{NEWEST:%Y-%m-%d}'::TIMESTAMP_NTZ"
    )
    assert sorted(row[0] for row in found) == sorted(retail.population())
    assert all(0 <= row[1] < float("inf") for row in found)
    assert len({row[2] for row in found}) == 1


def test_every_check_is_green(retail: Finished) -> None:
    """Of input, features, training set and predictions."""
    checks = [check for result in retail.results for check in result.get_asset_check_evaluations()]
    assert len(checks) >= 12
    assert [check.check_name for check in checks if not check.passed] == []
