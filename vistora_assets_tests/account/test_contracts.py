"""What the pipeline relies on, put to the warehouse itself: transactions, tokens, stages, ML.

Each test states a behaviour of Snowflake that the code is built on. One that fails on an account is
a place where the embedded warehouse, or the code, is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from vistora_assets.identifiers import qualified
from vistora_assets.io_managers.frames import prepared, read_frame, write_frame
from vistora_assets.io_managers.publishing import Partition, PublishError, Target, publish
from vistora_assets.resources.warehouse import rows
from vistora_assets_tests.account.conftest import Target as Place


@pytest.fixture
def connection(target: Place) -> Iterator[Any]:
    with target.warehouse.connection() as opened:
        yield opened


def named(target: Place, name: str) -> str:
    return target.warehouse.ml(name)


def one(connection: Any, sql: str) -> Any:
    ((value,),) = rows(connection, sql)
    return value


def test_readers_see_what_is_committed_and_nothing_in_between(
    target: Place, connection: Any
) -> None:
    """Several tables change at once; a rollback leaves no trace."""
    left, right = named(target, "LEFT_ONE"), named(target, "RIGHT_ONE")
    for table in (left, right):
        rows(connection, f"CREATE OR REPLACE TABLE {table} AS SELECT 1 AS N")
    counted = f"SELECT (SELECT COUNT(*) FROM {left}) * 100 + (SELECT COUNT(*) FROM {right})"
    with target.warehouse.connection() as reader:
        for ending, expected in (("ROLLBACK", 101), ("COMMIT", 200)):
            rows(connection, "BEGIN TRANSACTION")
            rows(connection, f"INSERT INTO {left} SELECT 2")
            rows(connection, f"DELETE FROM {right} WHERE N = 1")
            assert one(connection, counted) == 200
            assert one(reader, counted) == 101
            rows(connection, ending)
            assert one(reader, counted) == expected


def test_an_update_tells_whether_its_condition_still_held(target: Place, connection: Any) -> None:
    """The lock of loads: who comes second changes no row, and knows it."""
    table = named(target, "COUNTER")
    rows(connection, f"CREATE OR REPLACE TABLE {table} AS SELECT 7 AS N")
    cursor = connection.cursor()
    changed: list[int | None] = []
    for _ in range(2):
        cursor.execute(f"UPDATE {table} SET N = N + 1 WHERE N = 7")
        changed.append(cursor.rowcount)
    assert changed == [1, 0]


@pytest.mark.parametrize("kind", ["table", "view"])
def test_the_commit_token_changes_with_the_data_and_not_without(
    kind: str, target: Place, connection: Any
) -> None:
    """Of a view: with the tables beneath it. Two looks in a row are the same."""
    from vistora_assets.sources import table_token

    rows(connection, f"CREATE OR REPLACE TABLE {named(target, 'TOKEN_T')} AS SELECT 1 AS N")
    rows(
        connection,
        f"CREATE OR REPLACE VIEW {named(target, 'TOKEN_V')} AS "
        f"SELECT N FROM {named(target, 'TOKEN_T')}",
    )
    objects = target.settings.objects
    name = ".".join((objects.database, objects.ml, "TOKEN_T" if kind == "table" else "TOKEN_V"))
    first = table_token(connection, name)
    assert table_token(connection, name) == first
    rows(connection, f"INSERT INTO {named(target, 'TOKEN_T')} SELECT 2")
    second = table_token(connection, name)
    assert second != first
    assert table_token(connection, name) == second


def test_a_frame_is_written_read_and_described_as_the_io_manager_expects(
    target: Place, connection: Any
) -> None:
    """Types, digits, gaps and times survive; whole numbers come back as int64."""
    frame = pd.DataFrame(
        {
            "id": ["a", "ü'\\", None],
            "small": [1, 2, 3],
            "x": [0.1, None, 1e300],
            "at": [pd.Timestamp("2024-02-29 23:59:59.999999"), pd.NaT, pd.Timestamp("1969-12-31")],
            "yes": [True, False, True],
            "zoned": pd.to_datetime(["2024-01-01 00:30+02:00"] * 3),
            "bytes": [b"\x00a", b"61", None],
        }
    )
    place = Target(target.settings.objects.database, target.settings.objects.ml, "FRAMES")
    write_frame(connection, prepared(frame, "FRAMES", times_as_text=False), place)
    assert publish(connection, place) == 3
    found = read_frame(connection, f"SELECT * FROM {place.sql} ORDER BY SMALL")
    assert found["small"].dtype == "int64"
    assert found["x"].tolist()[::2] == [0.1, 1e300]
    assert found["id"].tolist() == ["a", "ü'\\", None]
    assert found["at"].tolist()[::2] == frame["at"].tolist()[::2]
    assert pd.isna(found["at"][1])
    assert pd.Timestamp(found["zoned"][0]) == pd.Timestamp("2023-12-31 22:30", tz="UTC")
    assert [bytes(value) for value in found["bytes"][:2]] == [b"\x00a", b"61"]
    wider = prepared(frame.assign(small=[1.5, 2, 3]), "FRAMES", times_as_text=False)
    write_frame(connection, wider, place)
    with pytest.raises(PublishError, match="would be rounded"):
        publish(connection, place)


def test_a_partition_is_replaced_alone(target: Place, connection: Any) -> None:
    def place(day: str) -> Target:
        objects = target.settings.objects
        condition = f"DAY >= '{day} 00:00:00' AND DAY < '{day} 23:59:59'"
        return Target(
            objects.database, objects.ml, "PARTED", partitions=(Partition(day, condition),)
        )

    for day, value in (("2024-01-01", 1), ("2024-01-02", 2), ("2024-01-01", 3)):
        frame = pd.DataFrame({"day": [pd.Timestamp(day)], "value": [value]})
        write_frame(connection, prepared(frame, "PARTED", times_as_text=False), place(day))
        publish(connection, place(day))
    table = place("2024-01-01").sql
    assert rows(connection, f"SELECT VALUE FROM {table} ORDER BY DAY") == [(3,), (2,)]


def test_files_go_onto_a_stage_and_come_back_byte_for_byte(
    target: Place, connection: Any, tmp_path: Path
) -> None:
    """Uncompressed, over an older one of the same name, listed with their size, removed."""
    location = (
        f"@{qualified(target.settings.objects.database, target.settings.objects.ml, 'MODELS')}"
    )
    path = tmp_path / "some file.bin"
    for content in (b"old", bytes(range(256)) * 40):
        path.write_bytes(content)
        rows(
            connection,
            f"PUT 'file://{path.as_posix()}' '{location}/contract' "
            "AUTO_COMPRESS = FALSE OVERWRITE = TRUE",
        )
    ((name, size, *_),) = rows(connection, f"LIST '{location}/contract/'")
    assert (name.rsplit("/", 1)[-1], int(size) >= 256 * 40) == ("some file.bin", True)
    back = tmp_path / "back"
    back.mkdir()
    rows(connection, f"GET '{location}/contract/' 'file://{back.as_posix()}/'")
    assert (back / "some file.bin").read_bytes() == path.read_bytes()
    rows(connection, f"REMOVE '{location}/contract/'")
    assert rows(connection, f"LIST '{location}/contract/'") == []


def test_a_missing_snapshot_joins_the_one_before(target: Place) -> None:
    """So that the join must give its timestamp, and a check must compare it with AS_OF."""
    from snowflake.ml.feature_store import Entity, FeatureView

    session = target.warehouse.session()
    features = named(target, "CONTRACT_FEATURES")
    session.sql(
        f"CREATE OR REPLACE TABLE {features} AS "
        "SELECT 'u' AS USER_ID, '2024-01-01'::TIMESTAMP_NTZ AS SNAPSHOT, 1.0::DOUBLE AS X "
        "UNION ALL SELECT 'u', '2024-03-01'::TIMESTAMP_NTZ, 3.0::DOUBLE"
    ).collect()
    store = target.warehouse.feature_store(session)
    entity = store.register_entity(Entity("CONTRACT_USER", ["USER_ID"]))
    view = store.register_feature_view(
        FeatureView(
            "CONTRACT_VIEW",
            [entity],
            session.sql(f"SELECT * FROM {features}"),
            timestamp_col="SNAPSHOT",
            refresh_freq=None,
        ),
        "V_1",
    )
    spine = session.sql(
        "SELECT 'u' AS USER_ID, COLUMN1::TIMESTAMP_NTZ AS AS_OF FROM VALUES "
        "('2023-12-31'), ('2024-01-01'), ('2024-02-01'), ('2024-03-01')"
    )
    joined = store.generate_training_set(
        spine, [view], spine_timestamp_col="AS_OF", include_feature_view_timestamp_col=True
    ).to_pandas()
    joined = joined.sort_values("AS_OF")
    stamp = next(name for name in joined.columns if name.endswith("_SNAPSHOT"))
    found = [
        (None if pd.isna(x) else float(x), None if pd.isna(at) else pd.Timestamp(at).month)
        for x, at in zip(joined["X"], joined[stamp], strict=True)
    ]
    assert found == [(None, None), (1.0, 1), (1.0, 1), (3.0, 3)]


@pytest.fixture(scope="module")
def model(target: Place) -> Any:
    """A model with two versions in the real registry, the second of twice the first."""
    from snowflake.ml.model import model_signature

    registry = target.warehouse.registry(target.warehouse.session())
    double = model_signature.DataType.DOUBLE
    signature = model_signature.ModelSignature(
        inputs=[model_signature.FeatureSpec("X", double)],
        outputs=[model_signature.FeatureSpec("output_feature_0", double)],
    )
    frame = pd.DataFrame({"X": [0.0, 1.0, 2.0]})
    for number in (1, 2):
        registry.log_model(
            LinearRegression().fit(frame, number * np.array([0.0, 1.0, 2.0])),
            model_name="CONTRACT_MODEL",
            version_name=f"V_{number}",
            signatures={"predict": signature},
            target_platforms=["WAREHOUSE"],
            metrics={"gate_rmse": float(number)},
            options={"relax_version": False, "enable_explainability": False},
        )
    return registry.get_model("CONTRACT_MODEL")


def holders(model: Any) -> dict[str, str]:
    """Return which version carries each alias of ours."""
    import json

    return {
        alias: str(row["name"])
        for _, row in model.show_versions().iterrows()
        for alias in json.loads(str(row["aliases"] or "[]"))
        if alias in ("CHAMPION", "CHALLENGER")
    }


def test_a_second_champion_takes_the_alias_and_the_first_stays(
    model: Any, target: Place, connection: Any
) -> None:
    """One version carries an alias at a time; the one before keeps its metrics, and scores."""
    model.version("V_1").set_alias("CHAMPION")
    model.version("V_2").set_alias("CHALLENGER")
    assert holders(model) == {"CHAMPION": "V_1", "CHALLENGER": "V_2"}
    model.version("V_1").unset_alias("CHAMPION")
    model.version("V_2").unset_alias("CHALLENGER")
    model.version("V_2").set_alias("CHAMPION")
    model.default = "V_2"
    assert holders(model) == {"CHAMPION": "V_2"}
    assert {version.version_name for version in model.versions()} == {"V_1", "V_2"}
    assert model.version("V_1").show_metrics()["gate_rmse"] == 1.0
    name = qualified(target.settings.objects.database, target.settings.objects.ml, "CONTRACT_MODEL")
    scored = rows(
        connection,
        f'SELECT MODEL({name}, "V_1")!PREDICT(3::DOUBLE):output_feature_0::FLOAT, '
        f'MODEL({name}, "V_2")!PREDICT(3::DOUBLE):output_feature_0::FLOAT',
    )
    assert scored == [(pytest.approx(3.0), pytest.approx(6.0))]


def test_a_version_is_logged_once_and_never_over(model: Any, target: Place) -> None:
    """Names are identities: the client refuses the same name again."""
    registry = target.warehouse.registry(target.warehouse.session())
    with pytest.raises(ValueError, match="already exist"):
        registry.log_model(
            LinearRegression().fit(pd.DataFrame({"X": [0.0, 1.0]}), [0.0, 9.0]),
            model_name="CONTRACT_MODEL",
            version_name="V_1",
            sample_input_data=pd.DataFrame({"X": [0.0]}),
            target_platforms=["WAREHOUSE"],
            options={"enable_explainability": False},
        )
    assert model.version("V_1").show_metrics()["gate_rmse"] == 1.0
