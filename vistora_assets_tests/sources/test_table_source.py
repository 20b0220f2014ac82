"""A table that people already have, as a source of events."""

from __future__ import annotations

from datetime import datetime

import pytest
from snowflake.connector import SnowflakeConnection

from vistora_assets.sources import (
    ColumnMap,
    IngestOptions,
    Objects,
    TableSource,
    accept_table,
    ingest_table,
    table_token,
)
from vistora_assets.sources.errors import MappingError, SourceError

MAP = ColumnMap(
    {"event_id": "id", "user_id": "buyer", "event_time": "placed_at", "amount": "total"},
    {"event_type": "purchase"},
)


@pytest.fixture
def orders(connection: SnowflakeConnection, objects: Objects) -> str:
    name = f"{objects.database}.{objects.schema}.ORDERS"
    run = connection.cursor().execute
    run(
        f"CREATE TABLE {name} (ID NUMBER, BUYER TEXT, PLACED_AT TIMESTAMP_NTZ, TOTAL NUMBER(10, 2))"
    )
    run(
        f"INSERT INTO {name} VALUES (1, 'u', '2025-10-01 10:00:00', 5.25), (2, 'v', '2025-10-02', 0)"
    )
    return name


@pytest.mark.parametrize("high_water", ["placed_at", None])
def test_each_batch_brings_what_is_new_and_no_change_brings_nothing(
    connection: SnowflakeConnection, objects: Objects, orders: str, high_water: str | None
) -> None:
    def load() -> tuple[int | None, int]:
        source = TableSource(orders, MAP, high_water)
        report = ingest_table(connection, objects, IngestOptions(), source)
        return report.load_sequence, report.rows_accepted

    token = table_token(connection, orders)
    assert load() == (1, 2)
    assert load() == (None, 0)
    connection.cursor().execute(f"INSERT INTO {orders} VALUES (3, 'u', '2025-10-02', 7)")
    assert table_token(connection, orders) != token
    assert load() == (2, 1)
    cursor = connection.cursor()
    cursor.execute(
        "SELECT EVENT_ID, EVENT_TIME, AMOUNT, SOURCE_ROW FROM {events} ORDER BY 1".format_map(
            objects.names
        )
    )
    assert cursor.fetchall()[0] == ("1", datetime(2025, 10, 1, 10), 5.25, None)


def test_a_table_without_ids_is_refused(
    connection: SnowflakeConnection, objects: Objects, orders: str
) -> None:
    without = ColumnMap(
        {"user_id": "buyer", "event_time": "placed_at", "amount": "total"}, MAP.constants
    )
    with pytest.raises(MappingError, match="event_id is missing"):
        ingest_table(connection, objects, IngestOptions(), TableSource(orders, without))


def test_a_batch_with_too_many_bad_rows_waits_until_it_is_accepted(
    connection: SnowflakeConnection, objects: Objects, orders: str
) -> None:
    connection.cursor().execute(f"INSERT INTO {orders} VALUES (9, NULL, '2025-10-03', 7)")

    def load(**given: bool) -> tuple[int | None, int, int, int]:
        source = TableSource(orders, MAP, "placed_at")
        report = ingest_table(connection, objects, IngestOptions(), source, **given)
        return (
            report.load_sequence,
            report.rows_accepted,
            report.rows_rejected,
            len(report.blocked),
        )

    assert load() == (1, 0, 1, 1)
    assert load() == (None, 0, 1, 1)
    source = TableSource(orders, MAP, "placed_at")
    report = accept_table(connection, objects, IngestOptions(), source)
    assert (report.load_sequence, report.rows_accepted, report.rows_rejected) == (2, 2, 1)
    assert load() == (None, 0, 0, 0)
    with pytest.raises(SourceError, match="is not blocked, so there is nothing to accept"):
        accept_table(connection, objects, IngestOptions(), source)


def test_a_table_is_known_by_its_name_however_it_is_written() -> None:
    """What a person types for `--accept`; a file's name is no table's."""
    source = TableSource('shop."Orders"', MAP)
    assert source.name == "SHOP.Orders"
    assert source.is_named('SHOP."Orders"')
    assert not source.is_named("shop.orders")
    assert not source.is_named("orders 2024.csv")
