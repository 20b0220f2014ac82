"""What the docstrings of the installed ML client print, printed by the embedded warehouse.

What it holds: the examples whose outputs are not schematic, written so that they run; the outputs
are read from the docstrings, and none of their text stands here. An account's role is the
embedded warehouse's, and no order is asked for of what SHOW lists. Not here: what needs an online
store, a container service or Iceberg; random data (`test_point_in_time.py`).
"""

from __future__ import annotations

import contextlib
import doctest
import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from snowflake.ml.feature_store import CreationMode, Entity, FeatureStore, FeatureView, StreamSource
from snowflake.ml.fileset.sfcfs import SFFileSystem
from snowflake.ml.utils.stage_file import list_stage_files
from snowflake.snowpark.types import StringType, StructField, StructType

from embedded_snowflake import ConnectionInfo

pytestmark = pytest.mark.filterwarnings("ignore")  # They are of the client.


@pytest.fixture(scope="module")
def session(server: ConnectionInfo) -> Iterator[Any]:
    from snowflake.snowpark import Session

    with Session.builder.configs(server.connect_arguments()).create() as made:
        made.sql("CREATE OR REPLACE DATABASE my_db").collect()
        for name in ("mywh", "mywh_2", "wh1", "wh2", "small_wh", "large_wh"):
            made.sql(f"CREATE WAREHOUSE IF NOT EXISTS {name}").collect()
        made.use_warehouse("mywh")
        made.sql(
            "CREATE TABLE people (name STRING(64), id BIGINT, title STRING(128), age BIGINT, "
            "ts BIGINT) AS SELECT * FROM VALUES ('jonh', 1, 'boss', 20, 100), "
            "('porter', 2, 'manager', 30, 200)"
        ).collect()
        made.sql(
            "CREATE TABLE trips (tripduration INT, start_station_latitude FLOAT, "
            "end_station_longitude FLOAT, trip_id INT)"
        ).collect()
        yield made
        made.sql("DROP DATABASE my_db").collect()


@pytest.fixture
def store(session: Any) -> FeatureStore:
    """A store with nothing in it."""
    session.sql("CREATE OR REPLACE SCHEMA my_db.my_schema").collect()
    return FeatureStore(
        session, "MY_DB", "MY_SCHEMA", "MYWH", creation_mode=CreationMode.CREATE_IF_NOT_EXIST
    )


def documented(of: Any, place: int = 0) -> list[list[str]]:
    """An output in a docstring, by lines and a table's cells.

    Args:
        of: what has the docstring; of a property what sets it.
        place: which of its outputs.
    """
    text = str(getattr(of, "fset", of).__doc__).replace("REGTEST_RL", "SYSADMIN")
    wants = [
        one.want.replace("<BLANKLINE>", "") for one in doctest.DocTestParser().get_examples(text)
    ]
    return cells([want for want in wants if want.strip()][place])


def cells(text: str) -> list[list[str]]:
    """A text's lines, each a list of cells where it is a table's."""
    lines = [line.strip().strip("|") for line in text.splitlines()]
    return [
        [" ".join(cell.split()) for cell in line.split("|")] for line in lines if line.strip("- .")
    ]


def printed(value: Any) -> list[list[str]]:
    """What printing a value writes; of a frame what it shows."""
    if not hasattr(value, "show"):
        return cells(str(value))
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        value.show()
    return cells(output.getvalue())


def view(store: FeatureStore, session: Any, name: str = "my_fv", **options: Any) -> FeatureView:
    """A feature view of people, not registered."""
    entity = store.register_entity(Entity("person", ["id"], desc="my entity"))
    return FeatureView(name, [entity], session.table("my_db.public.people"), **options)


def trips(store: FeatureStore, session: Any, *columns: str, **options: Any) -> FeatureView:
    """The feature view of trips that many docstrings have, not registered."""
    entity = store.register_entity(Entity("TRIP_ID", ["TRIP_ID"]))
    frame = session.table("my_db.public.trips").select(*columns, "TRIP_ID")
    return FeatureView("F_TRIP", [entity], frame, **options)


def test_entities(store: FeatureStore) -> None:
    store.register_entity(Entity("BAR", ["A"], desc="entity bar"))
    assert printed(store.list_entities()) == documented(FeatureStore.register_entity)
    store.delete_entity("BAR")
    store.register_entity(Entity(name="foo", join_keys=["COL_1"], desc="old desc"))
    assert printed(store.list_entities()) == documented(FeatureStore.update_entity, 0)
    store.update_entity("foo", desc="NEW DESC")
    assert printed(store.list_entities()) == documented(FeatureStore.update_entity, 1)
    store.delete_entity("foo")
    store.register_entity(Entity("my_entity", ["col_1"], desc="My first entity."))
    assert printed(store.list_entities()) == documented(FeatureStore.list_entities)
    assert printed(store.list_entities()) == documented(Entity.__init__)
    assert printed(store.get_entity("my_entity")) == documented(FeatureStore.get_entity)
    store.delete_entity("my_entity")
    assert printed(store.list_entities()) == documented(FeatureStore.delete_entity, 1)


def test_a_feature_view_is_registered(store: FeatureStore, session: Any) -> None:
    def listed() -> Any:
        return store.list_feature_views().select("NAME", "VERSION", "SCHEDULING_STATE")

    draft = view(store, session, refresh_freq="1d")
    assert printed(draft.status) == documented(FeatureStore.register_feature_view, 0)
    assert printed(listed()) == documented(FeatureStore.register_feature_view, 1)
    made = store.register_feature_view(draft, "v1")
    assert printed(made.status) == documented(FeatureStore.register_feature_view, 2)
    assert printed(listed()) == documented(FeatureStore.register_feature_view, 3)
    for method in (FeatureStore.suspend_feature_view, FeatureStore.resume_feature_view):
        store.suspend_feature_view("MY_FV", "v1")
        assert printed(listed()) == documented(method, 0)
        store.resume_feature_view("MY_FV", "v1")
        assert printed(listed()) == documented(method, 1)


def test_a_feature_view_is_described(store: FeatureStore, session: Any) -> None:
    draft = view(store, session, "foo", desc="this is description")
    store.register_feature_view(feature_view=draft, version="v1")
    found = store.get_feature_view("foo", "v1")
    lines = f"name: {found.name}\nversion:{found.version}\ndesc:{found.desc}"
    assert printed(lines) == documented(FeatureStore.get_feature_view)
    columns = ("name", "version", "desc")
    listed = store.list_feature_views().select(*columns)
    assert printed(listed) == documented(FeatureStore.list_feature_views)
    store.update_feature_view("foo", "v1", desc="this is old description")
    listed = store.list_feature_views().select(*columns)
    assert printed(listed) == documented(FeatureStore.update_feature_view)


def test_a_feature_view_is_read(store: FeatureStore, session: Any) -> None:
    store.register_feature_view(view(store, session, "foo", timestamp_col="ts"), "v1")
    assert printed(store.read_feature_view("foo", "v1")) == documented(
        FeatureStore.read_feature_view, 0
    )
    found = store.read_feature_view("foo", "v1", keys=[["1"], ["2"]])
    assert printed(found) == documented(FeatureStore.read_feature_view, 1)


def test_columns_are_listed(store: FeatureStore, session: Any) -> None:
    draft = view(store, session, "fv", timestamp_col="ts")
    draft = draft.attach_feature_desc({"AGE": "my age", "TITLE": '"my title"'})
    found = printed(store.register_feature_view(draft, "1.0").list_columns())
    # A view's texts have no length here.
    lengths = [[re.sub(r"string\(\d+\)", "text", cell) for cell in row] for row in found]
    assert lengths == [
        [re.sub(r"string\(\d+\)", "text", cell) for cell in row]
        for row in documented(FeatureView.list_columns)
    ]


def test_versions_are_deleted(store: FeatureStore, session: Any) -> None:
    def listed() -> Any:
        return store.list_feature_views().select("NAME", "VERSION")

    draft = view(store, session, "FV0")
    store.register_feature_view(draft, "FIRST")
    second = store.register_feature_view(draft, "SECOND")
    outputs = [documented(FeatureStore.delete_feature_view, place) for place in range(3)]
    assert sorted(printed(listed())) == sorted(outputs[0])
    store.delete_feature_view("FV0", "FIRST")
    assert printed(listed()) == outputs[1]
    store.delete_feature_view(second)
    assert printed(listed()) == outputs[2]


def test_refreshes_are_kept(store: FeatureStore, session: Any) -> None:
    made = store.register_feature_view(view(store, session, refresh_freq="1d"), "v1")
    store.refresh_feature_view("MY_FV", "v1")
    names, *rows = printed(store.get_refresh_history(made))
    wanted, first = documented(FeatureStore.refresh_feature_view)
    assert names == wanted
    assert [row[:2] for row in rows] == [first[:2]] * 2


@pytest.mark.parametrize(
    ("attribute", "options", "other"),
    [
        ("refresh_freq", {"refresh_freq": "1d"}, "12h"),
        ("warehouse", {"refresh_freq": "1d", "warehouse": "WH1"}, "WH2"),
        ("desc", {"desc": "old desc"}, "NEW DESC"),
        (
            "initialization_warehouse",
            {"refresh_freq": "1d", "initialization_warehouse": "LARGE_WH", "warehouse": "SMALL_WH"},
            None,
        ),
    ],
)
def test_an_attribute_is_set(
    store: FeatureStore, session: Any, attribute: str, options: dict[str, Any], other: str | None
) -> None:
    draft = trips(store, session, "TRIPDURATION", **options)
    documentation = getattr(FeatureView, attribute)
    for place, value in enumerate([None, other] if other else [None]):
        if value:
            setattr(draft, attribute, value)
        made = store.register_feature_view(draft, version=f"{place}.0")
        assert printed(getattr(made, attribute)) == documented(documentation, place)


def test_a_default_warehouse(store: FeatureStore, session: Any) -> None:
    store.update_default_warehouse("MYWH_2")
    made = store.register_feature_view(view(store, session, refresh_freq="1d"), "2.0")
    assert printed(made.warehouse) == documented(FeatureStore.update_default_warehouse)


def test_features_of_trips(store: FeatureStore, session: Any) -> None:
    columns = ("TRIPDURATION", "START_STATION_LATITUDE", "END_STATION_LONGITUDE")
    made = store.register_feature_view(trips(store, session, *columns), version="1.0")
    part = made.slice(list(columns[:2]))
    for place, names in enumerate(
        (made.feature_names, part.names, part.feature_view_ref.feature_names)
    ):
        assert printed(names) == documented(FeatureView.slice, place)
    name = repr(made.fully_qualified_name())
    assert printed(name) == documented(FeatureView.fully_qualified_name)
    store.delete_feature_view(made)
    draft = trips(store, session, *columns[:2]).attach_feature_desc(
        {columns[0]: "Duration of a trip.", columns[1]: "Latitude of the start station."}
    )
    found = printed(store.register_feature_view(draft, version="1.0").feature_descs)
    assert found == [[" ".join(row[0] for row in documented(FeatureView.attach_feature_desc))]]


def test_training_sets_and_datasets(store: FeatureStore, session: Any) -> None:
    made = store.register_feature_view(view(store, session), "1.0")
    spine = session.create_dataframe(["1", "2"], schema=["id"])
    saved = store.generate_training_set(spine, [made], save_as="my_training_set")
    assert printed(str(type(saved))) == documented(FeatureStore.generate_training_set)
    assert store.retrieve_feature_values(spine, [made]).count() == 2
    dataset = store.generate_dataset("my_dataset", spine, [made])
    (version,) = dataset.list_versions()
    assert re.sub(r"\d", "0", f"['{version}']") == re.sub(
        r"\d", "0", documented(FeatureStore.generate_dataset)[0][0]
    )
    views = store.load_feature_views_from_dataset(dataset)
    for place, value in enumerate(
        (len(views), str(type(views[0])), views[0].name, views[0].version)
    ):
        assert printed(value) == documented(FeatureStore.load_feature_views_from_dataset, place)


def test_stream_sources(store: FeatureStore) -> None:
    schema = StructType([StructField("user_id", StringType())])
    store.register_stream_source(StreamSource(name="transaction_events", schema=schema))
    names, _ = documented(FeatureStore.list_stream_sources)
    assert printed(store.list_stream_sources())[0] == names
    store.update_stream_source("transaction_events", desc="Updated description")
    found = repr(store.get_stream_source("transaction_events").desc)
    assert printed(found) == documented(FeatureStore.update_stream_source)


def test_files_of_a_stage_are_listed(store: FeatureStore, session: Any) -> None:
    session.sql("CREATE STAGE my_db.my_schema.my_stage").collect()
    session.sql("CREATE STAGE my_db.public.foo").collect()
    for path in ("my_schema.my_stage/path/file1.avi", "my_schema.my_stage/path/file2.mp3"):
        session.file.put_stream(io.BytesIO(b"1"), f"@my_db.{path}", auto_compress=False)
    for path in ("nytrain/data_0_0_0.csv", "nytrain/data_0_0_1.csv"):
        session.file.put_stream(io.BytesIO(b"1"), f"@my_db.public.foo/{path}", auto_compress=False)
    found = printed(list_stage_files(session, "@MY_DB.MY_SCHEMA.MY_STAGE/path"))
    assert found == documented(list_stage_files)
    listed = SFFileSystem(snowpark_session=session).ls("@MY_DB.public.FOO/nytrain")
    assert str(listed).replace("MY_DB", "MYDB") == documented(SFFileSystem.ls, 1)[0][0]
