"""Who changes SnowflakePandasIOManager for ours gets the same tables and the same frames.

The same assets run under both managers against one warehouse, in a schema each. What ours refuses
on purpose has a test of its own.
"""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any, cast

import dagster as dg
import pandas as pd
import pytest
from dagster_snowflake import SnowflakeResource, fetch_last_updated_timestamps
from dagster_snowflake_pandas import SnowflakePandasIOManager

from vistora_assets.io_managers.publishing import PublishError
from vistora_assets.io_managers.tables import SnowflakeTableIOManager
from vistora_assets.resources.connection import connect_arguments
from vistora_assets.resources.warehouse import Warehouse, rows
from vistora_assets.settings import Settings

MANAGERS = {"STOCK": SnowflakePandasIOManager, "OURS": SnowflakeTableIOManager}
DAYS = dg.DailyPartitionsDefinition("2024-01-01", end_date="2024-01-05")
LANDS = dg.StaticPartitionsDefinition(["de", "fr", "o'b"])
BOTH = dg.MultiPartitionsDefinition({"day": DAYS, "land": LANDS})
TIMES = pd.Series([pd.Timestamp("2024-01-01"), pd.Timestamp("2024-02-01 12:34:56.789"), pd.NaT])


@pytest.fixture(scope="session")
def arguments(settings: Settings, warehouse: Warehouse) -> dict[str, Any]:
    """The configuration that both managers take; the warehouse's objects are there."""
    del warehouse
    given = connect_arguments(settings)
    further = {name: given[name] for name in ("host", "port", "protocol", "session_parameters")}
    return {
        "database": settings.objects.database,
        "account": given["account"],
        "user": given["user"],
        "password": given["password"],
        "warehouse": settings.objects.warehouse,
        "additional_snowflake_connection_args": further,
    }


Make = Callable[[dg.AssetExecutionContext], pd.DataFrame]


def asset_of(name: str, make: Make, **given: Any) -> dg.AssetsDefinition:
    """Return an asset `name` under the io manager `io_manager`."""

    @dg.asset(  # pyright: ignore[reportUntypedFunctionDecorator]
        name=name,
        key_prefix=given.pop("key_prefix", None),
        backfill_policy=dg.BackfillPolicy.single_run(),
        **given,
    )
    def made(context: dg.AssetExecutionContext) -> pd.DataFrame:
        return make(context)

    return cast("dg.AssetsDefinition", made)


def reader_of(upstream: dg.AssetsDefinition, seen: list[pd.DataFrame], **given: Any) -> Any:
    """Return an asset that keeps what its input hands on."""
    metadata = given.pop("metadata", None)

    @dg.asset(  # pyright: ignore[reportUntypedFunctionDecorator]
        name="reader",
        ins={"frame": dg.AssetIn(upstream.key, metadata=metadata)},
        io_manager_key="nothing",
        backfill_policy=dg.BackfillPolicy.single_run(),
        **given,
    )
    def reader(frame: pd.DataFrame) -> None:
        seen.append(frame)

    return reader


def run(manager: Any, *assets: Any, **given: Any) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        list(assets),
        resources={"io_manager": manager, "nothing": dg.mem_io_manager},
        instance=dg.DagsterInstance.ephemeral(),
        **given,
    )


def table(warehouse: Warehouse, name: str, order: str = "1") -> list[tuple[Any, ...]]:
    with warehouse.connection() as connection:
        return rows(connection, f"SELECT * FROM {name} ORDER BY {order}")


def types(warehouse: Warehouse, name: str) -> dict[str, str]:
    with warehouse.connection() as connection:
        return {row[0]: row[1] for row in rows(connection, f"DESCRIBE TABLE {name}")}


FRAMES: dict[str, pd.DataFrame] = {
    "plain": pd.DataFrame(
        {
            "Id": ["u1", "ü ' \\ %s", None],
            "whole": [1, 200, -3],
            "gaps": [1.5, None, 2.5],
            "yes": [True, False, True],
            "moment": TIMES,
            "day": [dt.date(2024, 1, 1), None, dt.date(1969, 12, 31)],
        }
    ),
    "kinds": pd.DataFrame(
        {
            "n": [1, 2, 3],
            "whole": pd.array([1, None, 3], dtype="Int64"),
            "yes": pd.array([True, None, False], dtype="boolean"),
            "text": pd.array(["a", None, "c"], dtype="string"),
            "nothing": [None, None, None],
            "zoned": pd.to_datetime(["2024-01-01 00:30+02:00"] * 3),
            "category": pd.Categorical(["x", None, "y"]),
            "bytes": [b"\x00a", b"61", None],
            "clock": [dt.time(1, 2, 3), dt.time(23, 59), None],
            "listed": [[1, 2], [], None],
            "mapped": [{"a": 1}, {"a": None}, None],
        }
    ),
    "strange names": pd.DataFrame({"two words": [1], "select": ["x"], 'quo"te': [1.5]}),
}


@pytest.mark.parametrize("case", FRAMES)
def test_a_frame_becomes_the_same_table_and_the_same_frame(
    case: str, arguments: dict[str, Any], warehouse: Warehouse
) -> None:
    """Values, types and dtypes, for every kind of column that the stock manager takes."""
    name = case.replace(" ", "_")
    given: dict[str, pd.DataFrame] = {}
    for schema, manager in MANAGERS.items():
        seen: list[pd.DataFrame] = []
        made = asset_of(name, lambda _: FRAMES[case], key_prefix=[schema])
        run(manager(**arguments), made, reader_of(made, seen))
        given[schema] = seen[0]
    assert types(warehouse, f"OURS.{name}") == types(warehouse, f"STOCK.{name}")
    assert table(warehouse, f"OURS.{name}") == table(warehouse, f"STOCK.{name}")
    stock, ours = (
        frame.sort_values(frame.columns[0], ignore_index=True)
        for frame in (given["STOCK"], given["OURS"])
    )
    pd.testing.assert_frame_equal(ours, stock)


def test_decimals_keep_their_digits(arguments: dict[str, Any], warehouse: Warehouse) -> None:
    """The stock column is as wide as its first values; ours takes 38 digits, of the same scale."""
    frame = pd.DataFrame({"price": [Decimal("1.25"), Decimal("20.5"), None]})
    for schema, manager in MANAGERS.items():
        run(manager(**arguments), asset_of("decimals", lambda _: frame, key_prefix=[schema]))
    assert table(warehouse, "OURS.DECIMALS") == table(warehouse, "STOCK.DECIMALS")
    assert types(warehouse, "OURS.DECIMALS") == {"PRICE": "NUMBER(38,2)"}


def test_times_as_texts_are_written_and_read_as_the_stock_manager_does(
    arguments: dict[str, Any], warehouse: Warehouse
) -> None:
    frame = pd.DataFrame({"at": TIMES, "name": ["a", "b", "c"]})
    given: dict[str, pd.DataFrame] = {}
    for schema, manager in MANAGERS.items():
        seen: list[pd.DataFrame] = []
        made = asset_of("texts", lambda _: frame, key_prefix=[schema])
        configured = manager(**arguments, store_timestamps_as_strings=True)
        run(configured, made, reader_of(made, seen))
        run(configured, made, reader_of(made, seen))
        given[schema] = seen[1].sort_values("name", ignore_index=True)
    assert types(warehouse, "OURS.TEXTS")["AT"].startswith("VARCHAR")
    assert table(warehouse, "OURS.TEXTS", "NAME") == table(warehouse, "STOCK.TEXTS", "NAME")
    pd.testing.assert_frame_equal(given["OURS"], given["STOCK"])
    assert list(given["OURS"]["at"][:2]) == list(TIMES[:2])


def test_texts_that_only_look_like_dates_stay_texts(arguments: dict[str, Any]) -> None:
    """The stock manager would turn the ids into times of the year 2024."""
    seen: list[pd.DataFrame] = []
    frame = pd.DataFrame({"id": ["20240101", "20240102"], "day": ["2024-01-01", "2024-01-02"]})
    made = asset_of("lookalikes", lambda _: frame, key_prefix=["OURS"])
    configured = SnowflakeTableIOManager(**arguments, store_timestamps_as_strings=True)
    run(configured, made, reader_of(made, seen))
    assert sorted(seen[0]["id"]) == ["20240101", "20240102"]
    assert sorted(seen[0]["day"]) == ["2024-01-01", "2024-01-02"]


def test_times_do_not_change_between_texts_and_times_without_a_word(
    arguments: dict[str, Any], warehouse: Warehouse
) -> None:
    """Turning the setting over on an existing table is refused, in both directions."""
    frame = pd.DataFrame({"at": TIMES})
    for name, as_text in (("was_text", True), ("was_time", False)):
        made = asset_of(name, lambda _: frame, key_prefix=["OURS"])
        before = SnowflakeTableIOManager(**arguments, store_timestamps_as_strings=as_text)
        after = SnowflakeTableIOManager(**arguments, store_timestamps_as_strings=not as_text)
        run(before, made)
        kept = table(warehouse, f"OURS.{name}")
        with pytest.raises(PublishError, match=r"The column AT .* so nothing was written"):
            run(after, made)
        assert table(warehouse, f"OURS.{name}") == kept


def test_numbers_that_a_column_would_round_are_refused(
    arguments: dict[str, Any], warehouse: Warehouse
) -> None:
    """A gap turns pandas' whole numbers into floats: these fit. Fractions do not."""
    values: list[Any] = [[1, 2], [1, None], [1, 2.5]]

    def made(place: int) -> dg.AssetsDefinition:
        frame = pd.DataFrame({"n": values[place]})
        return asset_of("rounded", lambda _: frame, key_prefix=["OURS"])

    manager = SnowflakeTableIOManager(**arguments)
    run(manager, made(0))
    run(manager, made(1))
    with pytest.raises(PublishError, match=r"N of ROUNDED is NUMBER\(38,0\), and 1 new values"):
        run(manager, made(2))
    assert table(warehouse, "OURS.ROUNDED") == [(1,), (None,)]


def days_frame(context: dg.AssetExecutionContext) -> pd.DataFrame:
    keys = list(context.partition_keys)
    return pd.DataFrame({"day": pd.to_datetime(keys), "run": context.run.tags["marker"]})


def lands_frame(context: dg.AssetExecutionContext) -> pd.DataFrame:
    keys = list(context.partition_keys)
    return pd.DataFrame({"land": keys, "run": context.run.tags["marker"]})


def both_frame(context: dg.AssetExecutionContext) -> pd.DataFrame:
    keys = [
        BOTH.get_partition_key_from_str(key).keys_by_dimension for key in context.partition_keys
    ]
    return pd.DataFrame(
        {
            "day": pd.to_datetime([key["day"] for key in keys]),
            "land": [key["land"] for key in keys],
            "run": context.run.tags["marker"],
        }
    )


LOW, HIGH = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
SHAPES: dict[str, tuple[Any, Make, Any, str, tuple[str, str]]] = {
    "windows": (
        DAYS,
        days_frame,
        "DATE_TRUNC('day', DAY)",
        "2024-01-01",
        ("2024-01-02", "2024-01-03"),
    ),
    "static": (LANDS, lands_frame, "LAND", "o'b", ("de", "fr")),
    "dimensions": (
        BOTH,
        both_frame,
        {"day": "DAY", "land": "LAND"},
        "2024-01-01|o'b",
        ("2024-01-02|de", "2024-01-02|fr"),
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_partitions_are_replaced_and_read_as_by_the_stock_manager(
    shape: str, arguments: dict[str, Any], warehouse: Warehouse
) -> None:
    """A partition, a range twice; downstream reads its own partitions, or the whole table."""
    definition, make, expression, key, (low, high) = SHAPES[shape]
    read: dict[str, list[pd.DataFrame]] = {}
    for schema, manager in MANAGERS.items():
        seen = read.setdefault(schema, [])
        made = asset_of(
            f"by_{shape}",
            make,
            key_prefix=[schema],
            partitions_def=definition,
            metadata={"partition_expr": expression},
        )
        reader = reader_of(made, seen, partitions_def=definition)
        configured, span = manager(**arguments), {LOW: low, HIGH: high}
        run(configured, made, partition_key=key, tags={"marker": "first"})
        run(configured, made, tags={"marker": "second", **span})
        run(configured, made, reader, tags={"marker": "third", **span})
        run(configured, made, whole := reader_of(made, seen), selection=[whole])
    ours, stock = (table(warehouse, f"{name}.BY_{shape}", "1, 2") for name in ("OURS", "STOCK"))
    assert ours == stock
    assert [row[-1] for row in ours].count("third") == len(ours) - 1 == 2
    assert [len(frame) for frame in read["OURS"]] == [2, 3]
    for left, right in zip(read["OURS"], read["STOCK"], strict=True):
        columns = list(right.columns)
        pd.testing.assert_frame_equal(
            left.sort_values(columns, ignore_index=True),
            right.sort_values(columns, ignore_index=True),
        )


def test_a_range_of_two_dimensions_is_one_run(
    arguments: dict[str, Any], warehouse: Warehouse
) -> None:
    """The stock manager refuses what is no single range of keys."""
    made = asset_of(
        "box",
        both_frame,
        key_prefix=["OURS"],
        partitions_def=BOTH,
        metadata={"partition_expr": {"day": "DAY", "land": "LAND"}},
    )
    span = {LOW: "2024-01-02|de", HIGH: "2024-01-03|fr"}
    manager = SnowflakeTableIOManager(**arguments)
    for marker in ("first", "second"):
        run(manager, made, tags={"marker": marker, **span})
    assert [(row[0].day, *row[1:]) for row in table(warehouse, "OURS.BOX", "1, 2")] == [
        (day, land, "second") for day in (2, 3) for land in ("de", "fr")
    ]


def test_partitions_of_texts_are_compared_as_texts(
    arguments: dict[str, Any], warehouse: Warehouse
) -> None:
    """Times stored as texts can be what a table is partitioned by."""
    for schema, manager in MANAGERS.items():
        made = asset_of(
            "text_days",
            days_frame,
            key_prefix=[schema],
            partitions_def=DAYS,
            metadata={"partition_expr": "DAY"},
        )
        configured = manager(**arguments, store_timestamps_as_strings=True)
        for key, marker in (("2024-01-01", "a"), ("2024-01-02", "b"), ("2024-01-01", "c")):
            run(configured, made, partition_key=key, tags={"marker": marker})
    assert table(warehouse, "OURS.TEXT_DAYS") == table(warehouse, "STOCK.TEXT_DAYS")
    assert [row[1] for row in table(warehouse, "OURS.TEXT_DAYS")] == ["c", "b"]


def test_a_dimension_without_expression_is_refused_with_a_sentence(
    arguments: dict[str, Any],
) -> None:
    for metadata, said in (
        ({"partition_expr": {"day": "DAY"}}, "has no text for land"),
        ({"partition_expr": "DAY"}, "has no text for day"),
        ({}, "has no text for day"),
    ):
        made = asset_of(
            "lacking", both_frame, key_prefix=["OURS"], partitions_def=BOTH, metadata=metadata
        )
        with pytest.raises(PublishError, match=said):
            run(
                SnowflakeTableIOManager(**arguments),
                made,
                partition_key="2024-01-01|de",
                tags={"marker": "x"},
            )


@pytest.mark.parametrize(
    ("configured", "prefix", "metadata", "expected"),
    [
        (None, None, {}, "PUBLIC"),
        (None, ["first", "by_prefix"], {}, "BY_PREFIX"),
        ("by_config", ["by_prefix"], {}, "BY_CONFIG"),
        ("by_config", ["by_prefix"], {"schema": "by_metadata"}, "BY_METADATA"),
    ],
)
def test_the_schema_comes_from_metadata_configuration_prefix_or_is_public(
    configured: str | None,
    prefix: list[str] | None,
    metadata: dict[str, str],
    expected: str,
    arguments: dict[str, Any],
    warehouse: Warehouse,
) -> None:
    """In this order, for both; a missing schema is made."""
    frame = pd.DataFrame({"n": [1]})
    for name, manager in MANAGERS.items():
        made = asset_of(f"in_{name}", lambda _: frame, key_prefix=prefix, metadata=metadata)
        seen: list[pd.DataFrame] = []
        run(manager(**arguments, schema=configured), made, reader_of(made, seen))
        assert len(seen[0]) == 1
        assert table(warehouse, f"{expected}.IN_{name}") == [(1,)]


def test_an_input_may_name_its_columns(arguments: dict[str, Any]) -> None:
    frame = pd.DataFrame({"a": [1], "b": [2], "c": [3]})
    read: list[pd.DataFrame] = []
    for schema, manager in MANAGERS.items():
        made = asset_of("wide", lambda _: frame, key_prefix=[schema])
        run(manager(**arguments), made, reader_of(made, read, metadata={"columns": ["c", "a"]}))
    pd.testing.assert_frame_equal(read[0], read[1])
    assert list(read[0].columns) == ["c", "a"]


def test_outputs_of_ops_are_tables_too(arguments: dict[str, Any], warehouse: Warehouse) -> None:
    """Named by the output, or by the metadata `table`, in the schema of metadata or configuration."""
    seen: list[int] = []

    @dg.op(
        out={
            "by_name": dg.Out(pd.DataFrame, metadata={"schema": "ops"}),
            "other": dg.Out(pd.DataFrame, metadata={"table": "by_table"}),
        }
    )
    def write() -> tuple[pd.DataFrame, pd.DataFrame]:
        return pd.DataFrame({"n": [1]}), pd.DataFrame({"n": [2]})

    @dg.op
    def read(one: pd.DataFrame, two: pd.DataFrame) -> None:
        seen.extend([int(one["n"][0]), int(two["n"][0])])

    @dg.job
    def transfer() -> None:
        read(*write())  # pyright: ignore[reportGeneralTypeIssues] - Dagster's outputs, while composing

    for name, manager in MANAGERS.items():
        made = manager(**arguments, schema=f"ops_{name}")
        transfer.execute_in_process(resources={"io_manager": made})
        assert table(warehouse, "OPS.BY_NAME") == [(1,)]
        assert table(warehouse, f"OPS_{name}.BY_TABLE") == [(2,)]
    assert seen == [1, 2, 1, 2]


def test_our_metadata_holds_every_key_of_the_stock_manager(arguments: dict[str, Any]) -> None:
    """Who reads an event's metadata finds the same keys; counts and columns are equal."""
    frame = pd.DataFrame({"n": [1, 2]})
    metadata: dict[str, Any] = {}
    for schema, manager in MANAGERS.items():
        made = asset_of("noted", lambda _: frame, key_prefix=[schema])
        (event,) = run(manager(**arguments), made).get_asset_materialization_events()
        metadata[schema] = event.step_materialization_data.materialization.metadata
    assert set(metadata["STOCK"]) <= set(metadata["OURS"])
    for key in ("dagster/row_count", "dagster/storage_kind", "dataframe_columns"):
        assert metadata["OURS"][key].value == metadata["STOCK"][key].value


@pytest.mark.parametrize("value", [None, [1], 3])
def test_what_is_no_frame_is_refused_by_both(value: object, arguments: dict[str, Any]) -> None:
    @dg.asset(key_prefix=["OURS"], io_manager_key="io_manager")
    def no_frame():  # noqa: ANN202 - Dagster would check the type
        return dg.Output(value)

    for manager in MANAGERS.values():
        with pytest.raises(Exception, match=r"None|handler|return a pandas or Snowpark"):
            run(manager(**arguments), no_frame)


def test_durations_are_refused_where_the_stock_manager_writes_their_nanoseconds(
    arguments: dict[str, Any],
) -> None:
    frame = pd.DataFrame({"took": pd.to_timedelta([1], unit="s")})
    made = asset_of("took", lambda _: frame, key_prefix=["OURS"])
    with pytest.raises(PublishError, match="TOOK holds timedelta64"):
        run(SnowflakeTableIOManager(**arguments), made)


def test_a_table_that_the_stock_manager_wrote_is_carried_on(
    arguments: dict[str, Any], warehouse: Warehouse
) -> None:
    """The change of class needs no migration."""
    for place, manager in enumerate((SnowflakePandasIOManager, SnowflakeTableIOManager)):
        frame = FRAMES["plain"].assign(whole=place)
        run(manager(**arguments), asset_of("carried", lambda _, f=frame: f, key_prefix=["BOTH"]))
    assert {row[1] for row in table(warehouse, "BOTH.CARRIED")} == {1}


def test_dagster_snowflakes_resource_works_here(arguments: dict[str, Any]) -> None:
    """Its connector, its Snowpark session, and the times at which tables changed."""
    resource = SnowflakeResource(**arguments, schema="PUBLIC")
    with resource.get_connection() as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE OR REPLACE TABLE BY_RESOURCE AS SELECT 1 AS N")
        assert rows(connection, "SELECT N FROM BY_RESOURCE") == [(1,)]
        changed = fetch_last_updated_timestamps(
            snowflake_connection=connection, tables=["BY_RESOURCE"], schema="PUBLIC"
        )["BY_RESOURCE"]
    age = dt.datetime.now(dt.UTC) - changed.astimezone(dt.UTC)
    assert abs(age) < dt.timedelta(minutes=5)
    with resource.create_snowpark_session() as session:
        assert session.table("BY_RESOURCE").count() == 1


def test_a_snowpark_frame_can_be_asked_for_by_annotation(settings: Settings) -> None:
    """An input annotated as a Snowpark DataFrame comes as one, with no row read."""
    from snowflake.snowpark import DataFrame

    from vistora_assets.io_managers.tables import table_io_manager
    from vistora_assets.resources.warehouse import warehouse_resource

    seen: list[int] = []

    @dg.asset(key=["ml", "for_snowpark"], io_manager_key="tables")
    def upstream() -> pd.DataFrame:
        return pd.DataFrame({"n": [1, 2]})

    def read(frame: Any) -> None:
        assert isinstance(frame, DataFrame)
        seen.append(frame.count())

    read.__annotations__["frame"] = DataFrame
    reader = dg.asset(
        read,  # pyright: ignore[reportArgumentType, reportCallIssue]
        ins={"frame": dg.AssetIn(["ml", "for_snowpark"], input_manager_key="tables")},
        io_manager_key="nothing",
    )
    dg.materialize(
        [upstream, cast("Any", reader)],
        resources={
            "warehouse": warehouse_resource(settings),
            "tables": table_io_manager(),
            "nothing": dg.mem_io_manager,
        },
    )
    assert seen == [2]
