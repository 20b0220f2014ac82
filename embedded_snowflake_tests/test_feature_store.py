"""The unpatched FeatureStore and Dataset clients over the wire, with values checked by hand.

What it holds: one feature store in a database of its own, in the order of a user's day. The
statements behind it have tests of their own (tags, views, dynamic tables, tasks, datasets).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from snowflake.ml.feature_store import CreationMode, Entity, FeatureStore, FeatureView
from snowflake.ml.feature_store.feature_view import FeatureViewStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from snowflake.snowpark import DataFrame, Session

    from embedded_snowflake import ConnectionInfo

EVENTS = [
    ("u1", "2025-10-01 09:00:00", 120.0, "IN"),
    ("u1", "2025-10-02 10:00:00", 60.0, "IN"),
    ("u2", "2025-10-05 17:00:00", 200.0, "US"),
    ("u3", "2025-10-03 14:00:00", 250.0, "IN"),
]
FEATURES = """
    SELECT user_id, event_time, amount,
           SUM(amount) OVER (PARTITION BY user_id ORDER BY event_time) AS total_spent
    FROM raw.user_events
"""
SPINE = [
    ("u1", "2025-10-01 08:59:59", 1),  # before the first
    ("u1", "2025-10-01 09:00:00", 2),  # exactly at the first
    ("u1", "2025-10-02 09:59:59", 3),  # just before the second
    ("u1", "2026-01-01 00:00:00", 4),  # long after the last
    ("u2", "2025-10-05 17:00:00", 5),
    ("zz", "2025-10-09 00:00:00", 6),  # not known
]
EXPECTED = {1: None, 2: 120.0, 3: 120.0, 4: 180.0, 5: 200.0, 6: None}


@pytest.fixture(scope="module")
def session(server: ConnectionInfo) -> Iterator[Session]:
    from snowflake.snowpark import Session

    made = Session.builder.configs(server.connect_arguments()).create()
    made.sql("CREATE OR REPLACE DATABASE feature_store_tests").collect()
    made.sql("CREATE OR REPLACE SCHEMA raw").collect()
    made.sql("CREATE WAREHOUSE IF NOT EXISTS fs_wh WAREHOUSE_SIZE = 'XSMALL'").collect()
    made.sql("USE WAREHOUSE fs_wh").collect()
    made.sql(
        "CREATE TABLE raw.user_events "
        "(user_id STRING, event_time TIMESTAMP_NTZ, amount FLOAT, country STRING)"
    ).collect()
    values = ", ".join(str(row) for row in EVENTS)
    made.sql(f"INSERT INTO raw.user_events VALUES {values}").collect()
    yield made
    made.close()


@pytest.fixture(scope="module")
def store(session: Session) -> FeatureStore:
    return FeatureStore(
        session=session,
        database="FEATURE_STORE_TESTS",
        name="FEATURE_STORE",
        default_warehouse="FS_WH",
        creation_mode=CreationMode.CREATE_IF_NOT_EXIST,
    )


@pytest.fixture(scope="module")
def user(store: FeatureStore) -> Entity:
    return store.register_entity(Entity("USER", ["USER_ID"], desc="user's entity"))


@pytest.fixture(scope="module")
def managed(store: FeatureStore, session: Session, user: Entity) -> FeatureView:
    view = FeatureView(
        "UF",
        [user],
        session.sql(FEATURES),
        timestamp_col="EVENT_TIME",
        refresh_freq="1 day",
        desc="it's managed",
    ).attach_feature_desc({"TOTAL_SPENT": "running total, gross"})
    return store.register_feature_view(view, "V1")


@pytest.fixture(scope="module")
def external(store: FeatureStore, session: Session, user: Entity) -> FeatureView:
    frame = session.sql(
        "SELECT user_id, MAX(country) AS country FROM raw.user_events GROUP BY user_id"
    )
    return store.register_feature_view(FeatureView("UC", [user], frame, desc="plain view"), "V1")


@pytest.fixture
def spine(session: Session) -> DataFrame:
    from snowflake.snowpark import functions

    frame = session.create_dataframe([list(row) for row in SPINE], ["USER_ID", "TS", "LABEL"])
    return frame.with_column("TS", functions.to_timestamp_ntz("TS"))


def totals(frame: pd.DataFrame, column: str = "TOTAL_SPENT") -> dict[int, float | None]:
    return {
        int(label): None if pd.isna(value) else float(value)
        for label, value in zip(frame["LABEL"], frame[column], strict=True)
    }


def test_a_store_can_be_opened_again_without_creating(
    store: FeatureStore, session: Session
) -> None:
    again = FeatureStore(
        session=session,
        database="FEATURE_STORE_TESTS",
        name="FEATURE_STORE",
        default_warehouse="FS_WH",
        creation_mode=CreationMode.FAIL_IF_NOT_EXIST,
    )
    assert again.list_entities().count() == store.list_entities().count()
    with pytest.raises(Exception, match="NO_SUCH_STORE"):
        FeatureStore(
            session=session,
            database="FEATURE_STORE_TESTS",
            name="NO_SUCH_STORE",
            default_warehouse="FS_WH",
            creation_mode=CreationMode.FAIL_IF_NOT_EXIST,
        )


def test_entities_are_kept_with_keys_and_description(store: FeatureStore, user: Entity) -> None:
    kept = store.get_entity("USER")
    assert ([str(key) for key in kept.join_keys], kept.desc) == (["USER_ID"], "user's entity")
    assert store.update_entity("USER", desc="a person's account") is not None
    (row,) = store.list_entities().to_pandas().to_dict("records")
    assert (row["NAME"], row["DESC"]) == ("USER", "a person's account")
    assert "USER_ID" in row["JOIN_KEYS"]


def test_feature_views_are_listed_and_read_back(
    store: FeatureStore, managed: FeatureView, external: FeatureView
) -> None:
    rows = store.list_feature_views().to_pandas().set_index("NAME")
    assert rows.loc["UF", "REFRESH_FREQ"] == "1 day"
    assert pd.isna(rows.loc["UC", "REFRESH_FREQ"])
    assert rows.loc["UF", "DESC"] == "it's managed"
    assert rows.loc["UF", "WAREHOUSE"] == "FS_WH"
    assert rows.loc["UF", "SCHEDULING_STATE"] == "ACTIVE"
    assert abs(rows.loc["UF", "CREATED_ON"] - pd.Timestamp.now()) < pd.Timedelta("1 day")
    assert set(store.list_feature_views(entity_name="USER").to_pandas()["NAME"]) >= {"UF", "UC"}
    kept = store.get_feature_view("UF", "V1")
    assert {str(k): v for k, v in kept.feature_descs.items()} == {
        "TOTAL_SPENT": "running total, gross",
        "AMOUNT": "",
    }
    assert str(kept.timestamp_col) == "EVENT_TIME"
    assert store.read_feature_view(kept).count() == len(EVENTS)
    assert dict(store.read_feature_view(external).collect()) == {"u1": "IN", "u2": "US", "u3": "IN"}


@pytest.mark.parametrize("method", ["sequential", "cte"])
def test_a_training_set_sees_only_what_was_known(
    store: FeatureStore,
    managed: FeatureView,
    external: FeatureView,
    spine: DataFrame,
    method: Any,
) -> None:
    frame = store.generate_training_set(
        spine,
        [managed, external],
        spine_timestamp_col="TS",
        spine_label_cols=["LABEL"],
        join_method=method,
    ).to_pandas()
    assert totals(frame) == EXPECTED
    countries = dict(zip(frame["LABEL"], frame["COUNTRY"], strict=True))
    assert {k: None if pd.isna(v) else v for k, v in countries.items()} == {
        1: "IN",
        2: "IN",
        3: "IN",
        4: "IN",
        5: "US",
        6: None,
    }


def test_the_joined_rows_time_is_told_and_missing_where_nothing_joined(
    store: FeatureStore, managed: FeatureView, spine: DataFrame
) -> None:
    frame = store.generate_training_set(
        spine,
        [managed.slice(["TOTAL_SPENT"])],
        spine_timestamp_col="TS",
        spine_label_cols=["LABEL"],
        include_feature_view_timestamp_col=True,
    ).to_pandas()
    (column,) = [name for name in frame.columns if name.endswith("EVENT_TIME")]
    times = dict(zip(frame["LABEL"], frame[column], strict=True))
    assert {k: None if pd.isna(v) else v.to_pydatetime() for k, v in times.items()} == {
        1: None,
        2: dt.datetime(2025, 10, 1, 9),
        3: dt.datetime(2025, 10, 1, 9),
        4: dt.datetime(2025, 10, 2, 10),
        5: dt.datetime(2025, 10, 5, 17),
        6: None,
    }
    assert totals(frame) == EXPECTED


def test_a_training_set_can_be_saved_once(
    store: FeatureStore, managed: FeatureView, spine: DataFrame, session: Session
) -> None:
    def save() -> DataFrame:
        return store.generate_training_set(
            spine,
            [managed],
            spine_timestamp_col="TS",
            spine_label_cols=["LABEL"],
            save_as="SAVED_SET",
        )

    assert totals(save().to_pandas()) == EXPECTED
    kept = session.table("FEATURE_STORE_TESTS.FEATURE_STORE.SAVED_SET").to_pandas()
    assert totals(kept) == EXPECTED
    with pytest.raises(Exception, match=r"(?i)already exist"):
        save()


def test_datasets_are_versioned_and_read_back(
    store: FeatureStore, managed: FeatureView, spine: DataFrame
) -> None:
    def generate(version: str, **options: Any) -> Any:
        return store.generate_dataset(
            "SPEND_SET",
            spine,
            [managed],
            version=version,
            spine_timestamp_col="TS",
            spine_label_cols=["LABEL"],
            **options,
        )

    table = generate("T1", output_type="table").to_pandas()
    assert totals(table) == EXPECTED
    dataset = generate("V1", desc="the first")
    assert totals(dataset.read.to_pandas()) == EXPECTED
    assert totals(dataset.read.to_snowpark_dataframe().to_pandas()) == EXPECTED
    (loaded,) = store.load_feature_views_from_dataset(dataset)
    assert (str(loaded.name), str(loaded.version)) == ("UF", "V1")
    with pytest.raises(Exception, match=r"(?i)already exist"):
        generate("V1")
    generate("V2")
    assert dataset.list_versions() == ["V1", "V2"]
    dataset.delete_version("V1")
    assert dataset.list_versions() == ["V2"]


def test_feature_values_are_retrieved_for_a_spine(
    store: FeatureStore, managed: FeatureView, external: FeatureView, spine: DataFrame
) -> None:
    frame = store.retrieve_feature_values(
        spine, [managed, external], spine_timestamp_col="TS"
    ).to_pandas()
    assert totals(frame) == EXPECTED


def test_a_managed_view_changes_when_it_is_refreshed_and_a_plain_one_at_once(
    store: FeatureStore, session: Session, user: Entity
) -> None:
    session.sql("CREATE OR REPLACE TABLE raw.few (user_id STRING, n INT)").collect()
    session.sql("INSERT INTO raw.few VALUES ('u1', 1)").collect()
    frame = session.table("raw.few")
    plain = store.register_feature_view(FeatureView("FEW_PLAIN", [user], frame), "V1")
    kept = store.register_feature_view(
        FeatureView("FEW_KEPT", [user], frame, refresh_freq="1 hour"), "V1"
    )
    session.sql("INSERT INTO raw.few VALUES ('u2', 2)").collect()
    counts = [store.read_feature_view(view).count() for view in (plain, kept)]
    assert counts == [2, 1]
    store.refresh_feature_view(kept)
    assert store.read_feature_view(kept).count() == 2
    history = store.get_refresh_history(kept).to_pandas()
    assert list(history["STATE"]) == ["SUCCEEDED", "SUCCEEDED"]
    assert (history["REFRESH_END_TIME"] >= history["REFRESH_START_TIME"]).all()
    assert store.get_refresh_history(kept, verbose=True).count() == 2


def test_a_view_is_suspended_resumed_changed_and_deleted(
    store: FeatureStore, session: Session, user: Entity
) -> None:
    def registered(refresh: str | None, version: str, *, overwrite: bool = False) -> FeatureView:
        view = FeatureView(
            "CHANGING",
            [user],
            session.sql(FEATURES),
            timestamp_col="EVENT_TIME",
            refresh_freq=refresh,
            cluster_by=["USER_ID"] if refresh else None,
        )
        return store.register_feature_view(view, version, overwrite=overwrite)

    view = registered("1 hour", "V1")
    assert store.suspend_feature_view(view).status == FeatureViewStatus.SUSPENDED
    assert store.resume_feature_view(view).status == FeatureViewStatus.ACTIVE
    changed = store.update_feature_view("CHANGING", "V1", refresh_freq="2 hours", desc="new")
    assert (changed.refresh_freq, changed.desc) == ("2 hours", "new")
    assert registered("3 hours", "V1", overwrite=True).refresh_freq == "3 hours"
    # From a dynamic table to a view and back, which the client does by renaming.
    assert registered(None, "V1", overwrite=True).refresh_freq is None
    assert registered("4 hours", "V1", overwrite=True).refresh_freq == "4 hours"
    assert store.read_feature_view(store.get_feature_view("CHANGING", "V1")).count() == len(EVENTS)
    store.delete_feature_view("CHANGING", "V1")
    assert "CHANGING" not in set(store.list_feature_views().to_pandas()["NAME"])


def test_a_cron_schedule_is_kept_on_a_task(
    store: FeatureStore, session: Session, user: Entity
) -> None:
    view = FeatureView(
        "SCHEDULED",
        [user],
        session.sql(FEATURES),
        timestamp_col="EVENT_TIME",
        refresh_freq="0 3 * * * UTC",
    )
    store.register_feature_view(view, "V1")
    assert store.get_feature_view("SCHEDULED", "V1").refresh_freq == "0 3 * * * UTC"
    store.delete_feature_view("SCHEDULED", "V1")
    assert session.sql("SHOW TASKS IN SCHEMA feature_store_tests.feature_store").collect() == []


def test_an_entity_in_use_cannot_be_deleted(store: FeatureStore, external: FeatureView) -> None:
    with pytest.raises(Exception, match="active FeatureViews"):
        store.delete_entity("USER")
    store.register_entity(Entity("UNUSED", ["OTHER_ID"]))
    store.delete_entity("UNUSED")
    assert set(store.list_entities().to_pandas()["NAME"]) == {"USER"}
