"""Tables are published atomically, read as they were written, and refused with a sentence."""

import threading
from datetime import date
from typing import Any, cast

import dagster as dg
import pandas as pd
import pytest

from vistora_assets.io_managers.publishing import PublishError
from vistora_assets.io_managers.tables import (
    Published,
    SnowflakeTableIOManager,
    WrittenTable,
    table_io_manager,
)
from vistora_assets.resources.warehouse import Warehouse, rows, warehouse_resource
from vistora_assets.settings import Settings

MONTHS = dg.TimeWindowPartitionsDefinition(
    cron_schedule="0 0 1 * *", start="2024-01-01", end="2024-06-01", fmt="%Y-%m-%d", end_offset=1
)
FRAME = pd.DataFrame(
    {
        "user_id": ["u1", "u2", None],
        "spent": [1.5, None, 3.0],
        "count": [1, 2, 3],
        "at": [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-02-01 12:34:56.789"), pd.NaT],
    }
)


def asset_of(name: str, value: Any, **arguments: Any) -> dg.AssetsDefinition:
    """Return an asset ml/<name> that gives `value`, or what it returns for a context."""

    @dg.asset(  # pyright: ignore[reportUntypedFunctionDecorator]
        key=["ml", name],
        io_manager_key="tables",
        required_resource_keys={"warehouse"},
        backfill_policy=dg.BackfillPolicy.single_run(),
        **arguments,
    )
    def made(context: dg.AssetExecutionContext):  # noqa: ANN202 - Dagster would check the type
        return value(context) if callable(value) else value

    return cast("dg.AssetsDefinition", made)


def materialize(settings: Settings, *assets: dg.AssetsDefinition, **arguments: Any) -> Any:
    return dg.materialize(
        list(assets),
        resources={"warehouse": warehouse_resource(settings), "tables": table_io_manager()},
        **arguments,
    )


def select(warehouse: Warehouse, sql: str) -> list[tuple[Any, ...]]:
    with warehouse.connection() as connection:
        return rows(connection, sql)


def snapshots(context: dg.AssetExecutionContext) -> Published:
    parts = " UNION ALL ".join(
        f"SELECT '{key}'::TIMESTAMP_NTZ AS SNAPSHOT_DATE, '{context.run.run_id}' AS RUN"
        for key in context.partition_keys
    )
    return Published(context.resources.warehouse.session().sql(parts), "7")


def test_the_fields_are_those_of_the_stock_manager() -> None:
    """Who changes the class keeps the configuration."""
    from dagster_snowflake_pandas import SnowflakePandasIOManager

    ours, stock = SnowflakeTableIOManager.model_fields, SnowflakePandasIOManager.model_fields
    assert set(ours) == set(stock)
    assert {n: f.is_required() for n, f in ours.items()} == {
        n: f.is_required() for n, f in stock.items()
    }
    assert {n: f.alias for n, f in ours.items()} == {n: f.alias for n, f in stock.items()}


def test_a_pandas_frame_comes_back_as_it_was(settings: Settings, warehouse: Warehouse) -> None:
    """Types and missing values survive; columns are upper case there and lower case here."""
    seen: list[pd.DataFrame] = []

    @dg.asset(
        key=["ml", "reader"],
        ins={"frame": dg.AssetIn(["ml", "written"], input_manager_key="tables")},
        io_manager_key="tables",
    )
    def reader(frame) -> WrittenTable:  # noqa: ANN001 - Dagster would check the type
        seen.append(frame)
        return WrittenTable(rows=0)

    materialize(settings, asset_of("written", FRAME))
    assert select(warehouse, "SELECT USER_ID, SPENT, COUNT FROM ML.WRITTEN ORDER BY COUNT") == [
        ("u1", 1.5, 1),
        ("u2", None, 2),
        (None, 3.0, 3),
    ]
    assert list(FRAME.columns) == ["user_id", "spent", "count", "at"], "the caller's is untouched"
    upstream = asset_of("written", FRAME)
    select(warehouse, "CREATE TABLE IF NOT EXISTS ML.READER (A INT)")
    materialize(settings, upstream, reader)
    read = seen[0].sort_values("count").reset_index(drop=True)
    assert list(read["user_id"].where(read["user_id"].notna(), None)) == ["u1", "u2", None]
    assert list(read["at"][:2]) == list(FRAME["at"][:2])
    assert pd.isna(read["at"][2])


def test_an_empty_frame_leaves_the_table_as_it_was(
    settings: Settings, warehouse: Warehouse
) -> None:
    """The stock manager would have deleted first."""
    materialize(settings, asset_of("kept", FRAME))
    with pytest.raises(PublishError, match="is empty, so the table was left"):
        materialize(settings, asset_of("kept", FRAME.iloc[:0]))
    nothing = asset_of(
        "kept", lambda c: c.resources.warehouse.session().sql("SELECT * FROM ML.KEPT WHERE 1 = 0")
    )
    with pytest.raises(PublishError, match="would become empty"):
        materialize(settings, nothing)
    assert select(warehouse, "SELECT COUNT(*) FROM ML.KEPT") == [(3,)]


def test_empty_is_an_answer_where_the_asset_says_so(
    settings: Settings, warehouse: Warehouse
) -> None:
    said = {"vistora/empty_is_an_answer": True}
    materialize(settings, asset_of("may_be_empty", FRAME))
    materialize(
        settings,
        asset_of(
            "may_be_empty",
            lambda c: c.resources.warehouse.session().sql(
                "SELECT * FROM ML.MAY_BE_EMPTY WHERE 1 = 0"
            ),
            metadata=said,
        ),
    )
    assert select(warehouse, "SELECT COUNT(*) FROM ML.MAY_BE_EMPTY") == [(0,)]


def test_a_range_run_replaces_its_partitions_and_no_other(
    settings: Settings, warehouse: Warehouse
) -> None:
    """No row passes through Python; each partition has a publication with its token."""
    asset = asset_of(
        "by_month", snapshots, partitions_def=MONTHS, metadata={"partition_expr": "SNAPSHOT_DATE"}
    )
    low, high = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
    first = materialize(settings, asset, tags={low: "2024-01-01", high: "2024-03-01"})
    second = materialize(settings, asset, partition_key="2024-02-01")
    found = select(
        warehouse,
        "SELECT SNAPSHOT_DATE::DATE, RUN FROM ML.BY_MONTH ORDER BY 1",
    )
    assert found == [
        (date(2024, 1, 1), first.run_id),
        (date(2024, 2, 1), second.run_id),
        (date(2024, 3, 1), first.run_id),
    ]
    assert select(
        warehouse,
        "SELECT PARTITION_KEY, TOKEN, ROW_COUNT FROM ML.PUBLICATIONS "
        "WHERE TABLE_NAME = 'BY_MONTH' ORDER BY 1",
    ) == [(f"2024-0{month}-01", "7", 1) for month in (1, 2, 3)]
    event = second.get_asset_materialization_events()[0]
    metadata = event.step_materialization_data.materialization.metadata
    assert metadata["rows_through_client"].value == 0
    assert metadata["dagster/partition_row_count"].value == 1
    assert "SNAPSHOT_DATE" in metadata["preview"].value


def test_rows_of_another_partition_are_refused(settings: Settings) -> None:
    wrong = asset_of(
        "elsewhere",
        lambda c: c.resources.warehouse.session().sql(
            "SELECT '2024-05-01'::TIMESTAMP_NTZ AS SNAPSHOT_DATE"
        ),
        partitions_def=MONTHS,
        metadata={"partition_expr": "SNAPSHOT_DATE"},
    )
    with pytest.raises(PublishError, match=r"1 of 1 rows .* outside the partitions"):
        materialize(settings, wrong, partition_key="2024-02-01")


def test_a_version_has_its_own_table_and_the_view_follows(
    settings: Settings, warehouse: Warehouse
) -> None:
    for version, value in (("V_1", 1), ("V_2", 2)):
        frame = pd.DataFrame({"value": [value]})
        materialize(settings, asset_of("versioned", frame, metadata={"vistora/version": version}))
    assert select(warehouse, "SELECT VALUE FROM ML.VERSIONED") == [(2,)]
    assert select(warehouse, "SELECT VALUE FROM ML.VERSIONED_V_1") == [(1,)]


def test_a_new_column_is_added_and_a_lost_one_refused(
    settings: Settings, warehouse: Warehouse
) -> None:
    materialize(settings, asset_of("widening", pd.DataFrame({"a": [1]})))
    materialize(settings, asset_of("widening", pd.DataFrame({"b": ["x"], "a": [2]})))
    assert select(warehouse, "SELECT A, B FROM ML.WIDENING") == [(2, "x")]
    with pytest.raises(PublishError, match="columns that the new rows lack: B"):
        materialize(settings, asset_of("widening", pd.DataFrame({"a": [3]})))
    assert select(warehouse, "SELECT A, B FROM ML.WIDENING") == [(2, "x")]


def test_a_part_of_a_table_is_replaced_by_condition(
    settings: Settings, warehouse: Warehouse
) -> None:
    for name, value in (("t1", 1), ("t2", 2), ("t1", 3)):
        frame = pd.DataFrame({"training_id": [name], "value": [value]})
        published = Published(frame, name, replaces=f"TRAINING_ID = '{name}'")
        materialize(settings, asset_of("by_training", published))
    found = select(warehouse, "SELECT TRAINING_ID, VALUE FROM ML.BY_TRAINING ORDER BY 1")
    assert found == [("t1", 3), ("t2", 2)]


def test_a_reader_sees_a_whole_publication_or_the_one_before(
    settings: Settings, warehouse: Warehouse
) -> None:
    """A reader beside twenty publications never sees an empty or a mixed table."""
    materialize(settings, asset_of("watched", pd.DataFrame({"run": [0] * 50})))
    stop, seen = threading.Event(), set[tuple[Any, ...]]()

    def watch() -> None:
        with warehouse.connection() as connection:
            while not stop.is_set():
                seen.update(
                    rows(connection, "SELECT COUNT(*), COUNT(DISTINCT RUN) FROM ML.WATCHED")
                )

    reader = threading.Thread(target=watch)
    reader.start()
    try:
        for number in range(1, 6):
            materialize(settings, asset_of("watched", pd.DataFrame({"run": [number] * 50})))
    finally:
        stop.set()
        reader.join()
    assert seen == {(50, 1)}


def test_something_that_is_no_table_is_refused(settings: Settings) -> None:
    with pytest.raises(PublishError, match="returned list; return a pandas or Snowpark"):
        materialize(settings, asset_of("a_list", [1, 2]))
