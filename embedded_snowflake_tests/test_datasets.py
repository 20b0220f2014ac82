"""Datasets: versions are copies that do not change, with the errors that the client tells apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from snowflake.ml.dataset import Dataset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from snowflake.snowpark import Session

    from embedded_snowflake import ConnectionInfo


@pytest.fixture(scope="module")
def session(server: ConnectionInfo) -> Iterator[Session]:
    from snowflake.snowpark import Session

    made = Session.builder.configs(server.connect_arguments()).create()
    made.sql("CREATE OR REPLACE DATABASE dataset_tests").collect()
    made.sql("CREATE TABLE t (a INT, b STRING)").collect()
    made.sql("INSERT INTO t VALUES (1, 'x'), (2, NULL)").collect()
    yield made
    made.close()


def test_a_version_does_not_change_with_its_source(session: Session) -> None:
    dataset = Dataset.create(session, "fixed")
    version = dataset.create_version("V1", session.table("t"), comment="the first")
    session.sql("INSERT INTO t VALUES (3, 'z')").collect()
    frame = version.read.to_pandas().sort_values("A")
    assert [None if v is None else v for v in frame["B"]] == ["x", None]
    assert list(frame["A"]) == [1, 2]
    assert version.selected_version is not None
    assert version.selected_version.comment == "the first"
    later = dataset.create_version("V2", session.table("t"))
    assert sorted(later.read.to_pandas()["A"]) == [1, 2, 3]
    assert Dataset.load(session, "fixed").list_versions() == ["V1", "V2"]


def test_what_exists_and_what_does_not_are_told_apart(session: Session) -> None:
    dataset = Dataset.create(session, "told")
    dataset.create_version("V1", session.table("t"))
    with pytest.raises(Exception, match=r"Dataset .*told.* already exists"):
        Dataset.create(session, "told")
    with pytest.raises(Exception, match=r"version V1 already exists"):
        dataset.create_version("V1", session.table("t"))
    with pytest.raises(Exception, match=r"does not exist"):
        dataset.select_version("v1")
    dataset.delete_version("V1")
    with pytest.raises(Exception, match=r"does not exist"):
        dataset.select_version("V1")
    dataset.delete()
    with pytest.raises(Exception, match=r"does not exist"):
        Dataset.load(session, "told")


def test_a_failed_version_leaves_nothing(session: Session) -> None:
    dataset = Dataset.create(session, "failing")
    with pytest.raises(Exception, match=r"(?i)cast|convert|numeric"):
        dataset.create_version("V1", session.sql("SELECT CAST(b AS INT) n FROM t WHERE b = 'x'"))
    assert dataset.list_versions() == []
    dataset.create_version("V1", session.table("t"))


def test_a_version_is_read_as_a_frame_and_by_an_address_without_quotes(session: Session) -> None:
    dataset = Dataset.create(session, "framed")
    source = session.sql("SELECT 1 AS a, 'snow://x' AS b UNION ALL SELECT 2, NULL")
    version = dataset.create_version("V1", source)
    frame = version.read.to_snowpark_dataframe()
    assert frame.columns == ["A", "B"]
    assert sorted(frame.collect()) == [(1, "snow://x"), (2, None)]
    assert frame.filter(frame["A"] > 1).count() == 1
    address = 'snow://dataset/"DATASET_TESTS"."PUBLIC".framed/versions/V1/'
    session.sql("CREATE FILE FORMAT pq TYPE = PARQUET").collect()
    read = f"SELECT $1:A::INT AS n FROM {address} (FILE_FORMAT => 'pq') -- snow://no/address"
    rows = session.sql(read).collect()
    assert sorted(rows) == [(1,), (2,)]


def test_a_versions_files_outlive_the_rollback_of_a_later_transaction(session: Session) -> None:
    address = "snow://dataset/lasting/versions/v"
    session.sql("CREATE DATASET lasting").collect()
    session.sql("ALTER DATASET lasting ADD VERSION 'v' FROM (SELECT a FROM t)").collect()
    for statement in ("BEGIN", "INSERT INTO t VALUES (9, 'y')", "ROLLBACK"):
        session.sql(statement).collect()
    assert len(session.sql(f"LIST '{address}'").collect()) == 1


def test_a_replaced_dataset_is_another_one(session: Session) -> None:
    session.sql("CREATE DATASET replaced").collect()
    session.sql("ALTER DATASET replaced ADD VERSION 'v' FROM (SELECT 1 AS a)").collect()
    [before] = session.sql("SHOW DATASETS LIKE 'REPLACED'").collect()
    session.sql("CREATE OR REPLACE DATASET replaced").collect()
    [after] = session.sql("SHOW DATASETS LIKE 'REPLACED'").collect()
    assert after["created_on"] > before["created_on"]
    assert session.sql("SHOW VERSIONS IN DATASET replaced").collect() == []
