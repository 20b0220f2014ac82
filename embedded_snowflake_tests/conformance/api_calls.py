"""A real call of every public method of the ML clients, for the walk over their API.

What it holds: `CALLS`, by class and method: what is called, and whether it works on the embedded
warehouse, is refused (with which words) or needs what the embedded warehouse has none of. A method
that a new client version brings is missing here, and the walk (`test_public_api.py`) says so.
What must not go here: how the calls are run.
"""

from __future__ import annotations

import json
import pathlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

_CONTAINERS = "a container service"
_POSTGRES = "an online store (a Postgres service)"
_MONITORS = "model monitors"


@dataclass(frozen=True)
class Works:
    """A call that must succeed; it asserts what it can."""

    call: Callable[[World], Any]


@dataclass(frozen=True)
class Refused:
    """A call that must fail with these words."""

    call: Callable[[World], Any]
    words: str


@dataclass(frozen=True)
class Needs:
    """A method that is not called: it needs what the embedded warehouse has none of."""

    what: str


TILES: dict[str, dict[str, Any]] = {
    "avg": {},
    "count": {},
    "first_distinct_n": {"n": 1},
    "first_n": {"n": 1},
    "last_distinct_n": {"n": 1},
    "last_n": {"n": 1},
    "max": {},
    "min": {},
    "stddev": {},
    "sum": {},
    "var": {},
}
"""The aggregations of tiles that work, with what they ask for."""


class World:
    """A feature store, a dataset and a registry with something in them."""

    def __init__(self, session: Any, database: str, folder: pathlib.Path) -> None:
        self.session = session
        self.database = database
        self.folder = folder

    def name(self, prefix: str) -> str:
        """A name that no other call uses."""
        return f"{prefix}_{uuid.uuid4().hex[:8].upper()}"

    @cached_property
    def events(self) -> Any:
        """A small table of events."""
        self.session.sql(
            "CREATE OR REPLACE TABLE events (user_id VARCHAR, event_time TIMESTAMP_NTZ, amount FLOAT)"
        ).collect()
        self.session.sql(
            "INSERT INTO events VALUES ('u1', '2025-10-01 09:00:00', 120), "
            "('u1', '2025-10-02 10:00:00', 60), ('u2', '2025-10-05 17:00:00', 200)"
        ).collect()
        return self.session.table(f"{self.database}.PUBLIC.EVENTS")

    @cached_property
    def store(self) -> Any:
        """The feature store."""
        from snowflake.ml.feature_store import CreationMode, FeatureStore

        self.session.sql("CREATE WAREHOUSE IF NOT EXISTS api_wh").collect()
        assert self.events.count() == 3
        return FeatureStore(
            session=self.session,
            database=self.database,
            name="FS",
            default_warehouse="API_WH",
            creation_mode=CreationMode.CREATE_IF_NOT_EXIST,
        )

    @cached_property
    def entity(self) -> Any:
        """An entity."""
        from snowflake.ml.feature_store import Entity

        return self.store.register_entity(Entity("USERS", ["USER_ID"], desc="people"))

    def draft(self, name: str, **more: Any) -> Any:
        """A feature view that is not registered."""
        from snowflake.ml.feature_store import FeatureView

        options = {"timestamp_col": "EVENT_TIME", "desc": "events", **more}
        return FeatureView(name, [self.entity], self.events, **options)

    def registered(self, **more: Any) -> Any:
        """A registered feature view of its own."""
        view = self.draft(self.name("V"), **more)
        return self.store.register_feature_view(view, "1")

    @cached_property
    def view(self) -> Any:
        """A registered feature view, refreshed daily."""
        return self.registered(refresh_freq="1 day")

    @cached_property
    def tiles(self) -> dict[str, Any]:
        """What each tiled feature is for u1: of 120, then 60, in the three days before."""
        from snowflake.ml.feature_store import Feature

        features = [
            getattr(Feature, make)("AMOUNT", "3d", **options).alias(make)
            for make, options in TILES.items()
        ]
        view = self.registered(refresh_freq="1 day", feature_granularity="1d", features=features)
        return self.training(view, join_method="cte")[1]

    @cached_property
    def spine(self) -> Any:
        """Users and moments."""
        from snowflake.snowpark import functions

        rows = [["u1", "2025-10-03 00:00:00", 1], ["u2", "2025-10-01 00:00:00", 2]]
        frame = self.session.create_dataframe(rows, ["USER_ID", "TS", "LABEL"])
        return frame.with_column("TS", functions.to_timestamp_ntz("TS"))

    def training(self, view: Any, **more: Any) -> dict[int, dict[str, Any]]:
        """A training set's rows by label."""
        frame = self.store.generate_training_set(
            self.spine, [view], spine_timestamp_col="TS", spine_label_cols=["LABEL"], **more
        ).to_pandas()
        return {int(row["LABEL"]): row for row in frame.to_dict("records")}

    def generated(self, **more: Any) -> Any:
        """A dataset of its own, by the feature store."""
        return self.store.generate_dataset(
            self.name("DS"),
            self.spine,
            [self.view],
            version="V1",
            spine_timestamp_col="TS",
            spine_label_cols=["LABEL"],
            **more,
        )

    @cached_property
    def generated_once(self) -> Any:
        """A dataset by the feature store that no call changes."""
        return self.generated()

    @cached_property
    def kept(self) -> Any:
        """A dataset that no call changes."""
        return self.dataset()

    def dataset(self) -> Any:
        """A dataset of its own with a version."""
        from snowflake.ml.dataset import Dataset

        made = Dataset.create(self.session, f"{self.database}.PUBLIC.{self.name('DS')}")
        return made.create_version("V1", self.events)

    @cached_property
    def registry(self) -> Any:
        """The registry."""
        from snowflake.ml.registry import Registry

        return Registry(session=self.session, database_name=self.database, schema_name="PUBLIC")

    @cached_property
    def frame(self) -> pd.DataFrame:
        """What the model was trained on."""
        return pd.DataFrame({"X": [0.0, 1.0, 2.0], "Z": [1.0, 0.0, 1.0]})

    def logged(self, name: str | None = None, version: str = "V1", sample: Any = None) -> Any:
        """A model version of its own, made from a sample; by default from `frame`."""
        from sklearn.linear_model import LinearRegression

        model = LinearRegression().fit(self.frame, [0.0, 2.0, 4.0])
        return self.registry.log_model(
            model,
            model_name=name or self.name("M"),
            version_name=version,
            sample_input_data=self.frame if sample is None else sample,
            metrics={"r2": 1.0},
            target_platforms=["WAREHOUSE"],
            options={"relax_version": False, "enable_explainability": False},
        )

    @cached_property
    def version(self) -> Any:
        """A model version."""
        return self.logged()

    @cached_property
    def model(self) -> Any:
        """The model that it is of."""
        return self.registry.get_model(self.version.model_name)

    def source(self) -> Any:
        """A stream source that is not registered."""
        from snowflake.ml.feature_store import StreamSource
        from snowflake.snowpark.types import DoubleType, StringType, StructField, StructType

        fields = [StructField("USER_ID", StringType()), StructField("AMOUNT", DoubleType())]
        return StreamSource(self.name("SRC"), StructType(fields), desc="a source")


def _is(found: Any, expected: Any = True) -> None:
    assert found == expected, f"{found!r} in place of {expected!r}"


def _versions(world: World) -> None:
    made = world.logged()
    world.logged(made.model_name, "V2")
    model = world.registry.get_model(made.model_name)
    _is((model.first().version_name, model.last().version_name), ("V1", "V2"))
    _is([one.version_name for one in model.versions()], ["V1", "V2"])
    model.delete_version("V2")
    _is([one.version_name for one in model.versions()], ["V1"])


def _aliased(world: World) -> None:
    made = world.logged()
    made.set_alias("BEST")
    model = world.registry.get_model(made.model_name)
    _is(model.version("BEST").version_name, "V1")
    made.unset_alias("BEST")
    _is("BEST" in model.show_versions()["aliases"][0], False)


def _deleted_view(world: World) -> None:
    view = world.registered()
    world.store.delete_feature_view(view)
    names = set(world.store.list_feature_views().to_pandas()["NAME"])
    _is(str(view.name) in names, False)


def _deleted_entity(world: World) -> None:
    from snowflake.ml.feature_store import Entity

    name = world.name("E")
    world.store.register_entity(Entity(name, ["ID"]))
    world.store.delete_entity(name)
    _is(name in set(world.store.list_entities().to_pandas()["NAME"]), False)


def _tile(make: str, expected: Any) -> Works:
    def call(world: World) -> None:
        found = world.tiles[make.upper()]
        _is(json.loads(found) if isinstance(found, str) else float(found), expected)

    return Works(call)


def _tile_refused(make: str, words: str) -> Refused:
    def call(world: World) -> None:
        from snowflake.ml.feature_store import Feature

        feature = getattr(Feature, make)("AMOUNT", "3d")
        world.registered(refresh_freq="1 day", feature_granularity="1d", features=[feature])

    return Refused(call, words)


def _stream(world: World) -> Any:
    return world.store.register_stream_source(world.source())


def _stream_updated(world: World) -> None:
    name = _stream(world).name
    world.store.update_stream_source(str(name), desc="new")
    _is(world.store.get_stream_source(str(name)).desc, "new")


def _stream_deleted(world: World) -> None:
    name = str(_stream(world).name)
    world.store.delete_stream_source(name)
    _is(name in set(world.store.list_stream_sources().to_pandas()["NAME"]), False)


def _group(world: World) -> None:
    from snowflake.ml.feature_store import FeatureGroup

    world.store.register_feature_group(FeatureGroup(world.name("G"), [world.view]), "1")


def _tag(world: World) -> str:
    world.session.sql(f"CREATE TAG IF NOT EXISTS {world.database}.PUBLIC.API_TAG").collect()
    return f"{world.database}.PUBLIC.API_TAG"


def _tagged(world: World) -> None:
    world.model.set_tag(_tag(world), "x")
    _is(world.model.get_tag(_tag(world)), "x")
    _is(list(world.model.show_tags().values()), ["x"])
    world.model.unset_tag(_tag(world))
    _is(world.model.get_tag(_tag(world)), None)


def _renamed(world: World) -> None:
    model = world.registry.get_model(world.logged().model_name)
    name = world.name("R")
    model.rename(name)
    _is(world.registry.get_model(name).version("V1").version_name, "V1")


def _exported(world: World) -> None:
    folder = world.folder / world.name("export")
    folder.mkdir()
    world.version.export(str(folder))
    _is(any(folder.iterdir()))


def _measured(world: World) -> None:
    made = world.logged()
    made.set_metric("mae", 0.5)
    _is(made.get_metric("mae"), 0.5)
    _is(made.show_metrics(), {"r2": 1.0, "mae": 0.5})
    made.delete_metric("mae")
    _is(made.show_metrics(), {"r2": 1.0})


def _gone(world: World) -> None:
    assert world.model is not None
    made = world.logged()
    world.registry.delete_model(made.model_name)
    _is(made.model_name in set(world.registry.show_models()["name"]), False)


def _dataset_gone(world: World) -> None:
    made = world.dataset()
    made.delete()
    shown = world.session.sql("SHOW DATASETS").collect()
    _is(made.fully_qualified_name.split(".")[-1] in {row["name"] for row in shown}, False)


def _dataset_without(world: World) -> None:
    made = world.dataset()
    made.delete_version("V1")
    _is(made.list_versions(), [])


def _loaded(world: World) -> Any:
    from snowflake.ml.dataset import Dataset

    made = world.kept
    found = Dataset.load(world.session, made.fully_qualified_name).select_version("V1")
    _is(len(found.read.to_pandas()), 3)


def _lineage(world: World) -> None:
    from snowflake.ml.dataset import Dataset

    made = Dataset.create(world.session, f"{world.database}.PUBLIC.{world.name('DS')}")
    made = made.create_version("V1", world.session.create_dataframe(world.frame))
    _is(made.lineage(), [])
    version = world.logged(sample=made.read.to_snowpark_dataframe())
    (upstream,) = version.lineage(direction="upstream")
    _is(
        (upstream.fully_qualified_name, upstream.selected_version.name),
        (made.fully_qualified_name, "V1"),
    )
    (downstream,) = made.lineage()
    _is(
        (downstream.fully_qualified_model_name, downstream.version_name),
        (version.fully_qualified_model_name, version.version_name),
    )
    _is(version.lineage(), [])
    _is(made.lineage(direction="upstream"), [])
    made.delete_version("V1")
    _is(version.lineage(direction="upstream"), [])


def _from_json(world: World) -> None:
    from snowflake.ml.feature_store import FeatureView

    _is(FeatureView.from_json(world.view.to_json(), world.session).name, world.view.name)


def _suspended(world: World) -> None:
    from snowflake.ml.feature_store.feature_view import FeatureViewStatus

    view = world.store.suspend_feature_view(world.registered(refresh_freq="1 day"))
    _is(view.status, FeatureViewStatus.SUSPENDED)
    _is(world.store.resume_feature_view(view).status, FeatureViewStatus.ACTIVE)


def _refreshed(world: World) -> None:
    view = world.registered(refresh_freq="1 day")
    world.store.refresh_feature_view(view)
    _is(world.store.get_refresh_history(view).count(), 2)


def _updated(world: World) -> None:
    view = world.registered(refresh_freq="1 day")
    _is(world.store.update_feature_view(str(view.name), "1", desc="new").desc, "new")


def _values(world: World) -> None:
    frame = world.store.retrieve_feature_values(
        world.spine, [world.view], spine_timestamp_col="TS"
    ).to_pandas()
    _is(sorted(frame["AMOUNT"].dropna()), [60.0])


def _trained(world: World) -> None:
    rows = world.training(world.view)
    _is((rows[1]["AMOUNT"], pd.isna(rows[2]["AMOUNT"])), (60.0, True))


def _given_entity(world: World) -> None:
    assert world.entity is not None
    _is([str(key) for key in world.store.get_entity("USERS").join_keys], ["USER_ID"])


def _run(world: World) -> None:
    found = world.version.run(world.frame, function_name="predict")
    _is([round(one, 6) for one in found["output_feature_0"]], [0.0, 2.0, 4.0])


def _described(world: World) -> None:
    assert world.entity is not None
    _is(world.store.update_entity("USERS", desc="accounts").desc, "accounts")


def _spec(world: World) -> None:
    from snowflake.ml.feature_store import Feature

    _is("total" in repr(Feature.sum("AMOUNT", "3d").alias("total").to_spec()).lower())


CALLS: dict[str, Works | Refused | Needs] = {
    "FeatureStore.alter_online_service": Refused(
        lambda w: w.store.alter_online_service(size="S"), "Unknown function"
    ),
    "FeatureStore.close": Works(lambda w: w.store.close()),
    "FeatureStore.create_online_service": Refused(
        lambda w: w.store.create_online_service("A", "B"), "Unknown function"
    ),
    "FeatureStore.delete_entity": Works(_deleted_entity),
    "FeatureStore.delete_feature_group": Needs(_POSTGRES),
    "FeatureStore.delete_feature_view": Works(_deleted_view),
    "FeatureStore.delete_stream_source": Works(_stream_deleted),
    "FeatureStore.drop_online_service": Refused(
        lambda w: w.store.drop_online_service(), "Unknown function"
    ),
    "FeatureStore.generate_dataset": Works(
        lambda w: _is(len(w.generated_once.read.to_pandas()), 2)
    ),
    "FeatureStore.generate_training_set": Works(_trained),
    "FeatureStore.get_entity": Works(_given_entity),
    "FeatureStore.get_feature_group": Refused(
        lambda w: w.store.get_feature_group("NONE", "1"), "not registered"
    ),
    "FeatureStore.get_feature_view": Works(
        lambda w: _is(w.store.get_feature_view(str(w.view.name), "1").desc, "events")
    ),
    "FeatureStore.get_online_service_status": Refused(
        lambda w: w.store.get_online_service_status(), "Unknown function"
    ),
    "FeatureStore.get_refresh_history": Works(
        lambda w: _is(w.store.get_refresh_history(w.view).count() >= 1)
    ),
    "FeatureStore.get_stream_source": Works(
        lambda w: _is(w.store.get_stream_source(str(_stream(w).name)).desc, "a source")
    ),
    "FeatureStore.list_entities": Works(lambda w: w.store.list_entities().collect()),
    "FeatureStore.list_feature_groups": Works(
        lambda w: _is(w.store.list_feature_groups().collect(), [])
    ),
    "FeatureStore.list_feature_views": Works(
        lambda w: _is(w.store.list_feature_views(feature_view_name=str(w.view.name)).count(), 1)
    ),
    "FeatureStore.list_stream_sources": Works(lambda w: w.store.list_stream_sources().collect()),
    "FeatureStore.load_feature_views_from_dataset": Works(
        lambda w: _is(len(w.store.load_feature_views_from_dataset(w.generated_once)), 1)
    ),
    "FeatureStore.read_feature_group": Needs(_POSTGRES),
    "FeatureStore.read_feature_view": Works(
        lambda w: _is(w.store.read_feature_view(w.view).count(), 3)
    ),
    "FeatureStore.refresh_feature_view": Works(_refreshed),
    "FeatureStore.register_entity": Works(lambda w: w.entity),
    "FeatureStore.register_feature_group": Refused(_group, "POSTGRES"),
    "FeatureStore.register_feature_view": Works(lambda w: w.view),
    "FeatureStore.register_stream_source": Works(_stream),
    "FeatureStore.resume_feature_view": Works(_suspended),
    "FeatureStore.retrieve_feature_values": Works(_values),
    "FeatureStore.stream_ingest": Needs("a streaming service"),
    "FeatureStore.suspend_feature_view": Works(_suspended),
    "FeatureStore.update_default_warehouse": Works(
        lambda w: w.store.update_default_warehouse("API_WH")
    ),
    "FeatureStore.update_entity": Works(_described),
    "FeatureStore.update_feature_view": Works(_updated),
    "FeatureStore.update_stream_source": Works(_stream_updated),
    "FeatureView.attach_feature_desc": Works(
        lambda w: w.draft(w.name("D")).attach_feature_desc({"AMOUNT": "money"})
    ),
    "FeatureView.copy": Works(lambda w: _is(w.view.copy().name, w.view.name)),
    "FeatureView.from_json": Works(_from_json),
    "FeatureView.fully_qualified_name": Works(lambda w: w.view.fully_qualified_name()),
    "FeatureView.fully_qualified_online_table_name": Refused(
        lambda w: w.view.fully_qualified_online_table_name(), "not configured for online storage"
    ),
    "FeatureView.fully_qualified_snapshot_table_name": Refused(
        lambda w: w.view.fully_qualified_snapshot_table_name(), "not configured for snapshot"
    ),
    "FeatureView.lineage": Works(lambda w: _is(w.view.lineage(), [])),
    "FeatureView.list_columns": Works(lambda w: _is(w.view.list_columns().count() >= 1)),
    "FeatureView.slice": Works(lambda w: w.training(w.view.slice(["AMOUNT"]))),
    # The client makes a frame of a list of columns and cannot say of which type it is.
    "FeatureView.to_df": Refused(lambda w: w.view.to_df(), "Unable to infer the type"),
    "FeatureView.to_json": Works(lambda w: json.loads(w.view.to_json())),
    "FeatureView.with_name": Works(lambda w: w.training(w.view.with_name("p"))),
    "Feature.alias": Works(_spec),
    "Feature.approx_count_distinct": _tile_refused("approx_count_distinct", "HLL"),
    "Feature.approx_percentile": _tile_refused("approx_percentile", "APPROX_PERCENTILE"),
    "Feature.avg": _tile("avg", 90.0),
    "Feature.count": _tile("count", 2.0),
    "Feature.first_distinct_n": _tile("first_distinct_n", [120.0]),
    "Feature.first_n": _tile("first_n", [120.0]),
    "Feature.last_distinct_n": _tile("last_distinct_n", [60.0]),
    "Feature.last_n": _tile("last_n", [60.0]),
    "Feature.max": _tile("max", 120.0),
    "Feature.min": _tile("min", 60.0),
    "Feature.stddev": _tile("stddev", 30.0),
    "Feature.sum": _tile("sum", 180.0),
    "Feature.to_spec": Works(_spec),
    "Feature.var": _tile("var", 900.0),
    "Dataset.create": Works(lambda w: w.kept),
    "Dataset.create_version": Works(lambda w: _is(len(w.kept.read.to_pandas()), 3)),
    "Dataset.delete": Works(_dataset_gone),
    "Dataset.delete_version": Works(_dataset_without),
    "Dataset.lineage": Works(_lineage),
    "Dataset.list_versions": Works(lambda w: _is(w.kept.list_versions(), ["V1"])),
    "Dataset.load": Works(_loaded),
    "Dataset.select_version": Works(_loaded),
    "Registry.add_monitor": Needs(_MONITORS),
    "Registry.delete_model": Works(_gone),
    "Registry.delete_monitor": Refused(
        lambda w: w.registry.delete_monitor("NONE"), "a model monitor"
    ),
    "Registry.get_model": Works(lambda w: _is(w.model.name, w.version.model_name)),
    "Registry.get_monitor": Refused(
        lambda w: w.registry.get_monitor(name="NONE"), "a model monitor"
    ),
    "Registry.log_model": Works(lambda w: w.version),
    "Registry.models": Works(lambda w: _is(w.model.name in [m.name for m in w.registry.models()])),
    "Registry.show_model_monitors": Refused(
        lambda w: w.registry.show_model_monitors(), "a model monitor"
    ),
    "Registry.show_models": Works(
        lambda w: _is(w.model.name in set(w.registry.show_models()["name"]))
    ),
    "Model.delete_version": Works(_versions),
    "Model.first": Works(_versions),
    "Model.get_tag": Works(_tagged),
    "Model.last": Works(_versions),
    "Model.rename": Works(_renamed),
    "Model.set_tag": Works(_tagged),
    "Model.show_tags": Works(_tagged),
    "Model.show_versions": Works(lambda w: _is(list(w.model.show_versions()["name"]), ["V1"])),
    "Model.unset_tag": Works(_tagged),
    "Model.version": Works(lambda w: _is(w.model.version("V1").version_name, "V1")),
    "Model.versions": Works(_versions),
    "ModelVersion.create_service": Refused(
        lambda w: w.version.create_service(service_name="S", service_compute_pool="P"), "CALL"
    ),
    "ModelVersion.delete_metric": Works(_measured),
    "ModelVersion.delete_service": Refused(
        lambda w: w.version.delete_service("NONE"), "does not exist"
    ),
    "ModelVersion.export": Works(_exported),
    "ModelVersion.get_adapters": Works(lambda w: _is(w.version.get_adapters(), [])),
    "ModelVersion.get_metric": Works(lambda w: _is(w.version.get_metric("r2"), 1.0)),
    "ModelVersion.get_model_task": Works(lambda w: w.version.get_model_task()),
    "ModelVersion.lineage": Works(_lineage),
    "ModelVersion.list_services": Works(lambda w: _is(len(w.version.list_services()), 0)),
    "ModelVersion.load": Works(lambda w: w.version.load(force=True)),
    "ModelVersion.run": Works(_run),
    "ModelVersion.run_batch": Needs(_CONTAINERS),
    "ModelVersion.set_alias": Works(_aliased),
    "ModelVersion.set_metric": Works(_measured),
    "ModelVersion.show_functions": Works(
        lambda w: _is([one["name"] for one in w.version.show_functions()], ["PREDICT"])
    ),
    "ModelVersion.show_metrics": Works(_measured),
    "ModelVersion.unset_alias": Works(_aliased),
}
