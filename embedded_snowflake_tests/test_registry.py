"""The unpatched Registry client over the wire: logging, managing and running models.

What it holds: one registry in a schema of its own. The rules of aliases have tests of their own
(test_models_versions.py), as have workers (test_inference.py).
"""

from __future__ import annotations

import datetime as dt
import io
import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from snowflake.ml.model import model_signature
from snowflake.ml.registry import Registry
from snowflake.snowpark.exceptions import SnowparkSQLException

from embedded_snowflake_tests.packages import CODE_OF_SCALER, fitted_from

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from snowflake.ml.model import Model, ModelVersion
    from snowflake.snowpark import Session

    from embedded_snowflake import ConnectionInfo

MODEL = "REGISTRY_TESTS.ML.SPEND"
KINDS = model_signature.DataType


def doubles(*names: str) -> model_signature.ModelSignature:
    return model_signature.ModelSignature(
        inputs=[model_signature.FeatureSpec(name, KINDS.DOUBLE) for name in names],
        outputs=[model_signature.FeatureSpec("output_feature_0", KINDS.DOUBLE)],
    )


@pytest.fixture(scope="module")
def session(server: ConnectionInfo) -> Iterator[Session]:
    from snowflake.snowpark import Session

    made = Session.builder.configs(server.connect_arguments()).create()
    made.sql("CREATE OR REPLACE DATABASE registry_tests").collect()
    made.sql("CREATE SCHEMA ml").collect()
    yield made
    made.close()


@pytest.fixture(scope="module")
def registry(session: Session) -> Registry:
    return Registry(session=session, database_name="REGISTRY_TESTS", schema_name="ML")


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {"TOTAL_PURCHASES": rng.normal(size=300), "RECENCY": rng.integers(0, 9, 300).astype(float)}
    )


@pytest.fixture(scope="module")
def local(frame: pd.DataFrame) -> list[Any]:
    targets = [frame["TOTAL_PURCHASES"] * 2 + frame["RECENCY"], frame["RECENCY"] - 7]
    return [make_pipeline(StandardScaler(), LinearRegression()).fit(frame, y) for y in targets]


@pytest.fixture(scope="module")
def versions(registry: Registry, local: list[Any]) -> list[ModelVersion]:
    return [
        registry.log_model(
            model,
            model_name="SPEND",
            version_name=f"V{number}",
            signatures={"predict": doubles("TOTAL_PURCHASES", "RECENCY")},
            metrics={"r2": 0.5 + number / 10},
            comment=f"number {number}'s comment",
            target_platforms=["WAREHOUSE"],
            options={"relax_version": False, "enable_explainability": False},
        )
        for number, model in enumerate(local, start=1)
    ]


@pytest.fixture(scope="module")
def model(registry: Registry, versions: list[ModelVersion]) -> Model:
    assert len(versions) == 2
    return registry.get_model("SPEND")


@pytest.fixture(scope="module")
def scored(session: Session, frame: pd.DataFrame) -> str:
    session.write_pandas(
        frame,
        "TO_SCORE",
        database="REGISTRY_TESTS",
        schema="ML",
        auto_create_table=True,
        overwrite=True,
    )
    return "REGISTRY_TESTS.ML.TO_SCORE"


def column(session: Session, sql: str) -> list[Any]:
    return [row[0] for row in session.sql(sql).collect()]


def test_a_logged_model_is_shown_with_its_versions(
    registry: Registry, model: Model, versions: list[ModelVersion]
) -> None:
    shown = registry.show_models()
    assert list(shown["name"]) == ["SPEND"]
    assert shown.loc[0, "default_version_name"] == "V1"
    assert [m.name for m in registry.models()] == ["SPEND"]
    rows = model.show_versions().set_index("name")
    assert list(rows.index) == ["V1", "V2"]
    assert rows.loc["V2", "comment"] == "number 2's comment"
    assert list(rows["is_default_version"]) == ["true", "false"]
    assert [v.version_name for v in model.versions()] == ["V1", "V2"]
    assert (model.first().version_name, model.last().version_name) == ("V1", "V2")
    assert [f["name"] for f in versions[0].show_functions()] == ["PREDICT"]


def test_metrics_and_comments_are_kept(model: Model, versions: list[ModelVersion]) -> None:
    version = versions[0]
    assert version.show_metrics() == {"r2": 0.6}
    version.set_metric("per_cutoff", {"2025-01-01": [1.5, None]})
    assert model.version("V1").get_metric("per_cutoff") == {"2025-01-01": [1.5, None]}
    version.delete_metric("per_cutoff")
    assert version.show_metrics() == {"r2": 0.6}
    version.comment, model.comment = "the version's, $new", "the model's 'new'"
    assert (model.version("V1").comment, model.comment) == (
        "the version's, $new",
        "the model's 'new'",
    )


def test_the_champion_moves_by_unsetting_and_setting(
    session: Session, model: Model, versions: list[ModelVersion]
) -> None:
    versions[0].set_alias("champion")
    assert model.version("CHAMPION").version_name == "V1"
    with pytest.raises(Exception, match="belongs to version V1"):
        versions[1].set_alias("CHAMPION")
    session.sql("ALTER MODEL ml.spend VERSION champion UNSET ALIAS").collect()
    versions[1].set_alias("CHAMPION")
    assert model.version("Champion").version_name == "V2"
    assert '"CHAMPION"' in model.show_versions().set_index("name").loc["V2", "aliases"]
    with pytest.raises(Exception, match="alias of the system"):
        versions[0].set_alias("LAST")


def test_running_equals_the_local_model(
    session: Session,
    versions: list[ModelVersion],
    local: list[Any],
    frame: pd.DataFrame,
    scored: str,
) -> None:
    for version, model in zip(versions, local, strict=True):
        expected = model.predict(frame)
        answer = version.run(frame, function_name="predict")
        np.testing.assert_allclose(answer["output_feature_0"], expected, rtol=1e-9)
        answer = version.run(session.table(scored), function_name="predict").to_pandas()
        got = answer.sort_values(["TOTAL_PURCHASES"])["output_feature_0"]
        order = frame["TOTAL_PURCHASES"].argsort()
        np.testing.assert_allclose(got, expected[order], rtol=1e-9)


def test_every_way_of_calling_a_model_in_sql(
    session: Session,
    versions: list[ModelVersion],
    local: list[Any],
    scored: str,
    frame: pd.DataFrame,
) -> None:
    order = frame["TOTAL_PURCHASES"].argsort()
    ways = {
        f"SELECT MODEL({MODEL}, V2)!PREDICT(total_purchases, recency):output_feature_0::FLOAT p "
        f"FROM {scored} ORDER BY total_purchases": 1,
        f"SELECT MODEL(ml.spend, champion)!predict(total_purchases, recency):output_feature_0"
        f"::FLOAT p FROM {scored} ORDER BY total_purchases": 1,
        f"WITH m AS MODEL {MODEL} VERSION V1 SELECT m!PREDICT(total_purchases, recency)"
        f"['output_feature_0']::FLOAT p FROM {scored} ORDER BY total_purchases": 0,
        f"SELECT {MODEL}!PREDICT(t.total_purchases, t.recency):output_feature_0::FLOAT p "
        f"FROM {scored} t ORDER BY t.total_purchases": 0,
    }
    versions[1].set_alias("CHAMPION")
    for sql, number in ways.items():
        expected = local[number].predict(frame)[order]
        np.testing.assert_allclose(column(session, sql), expected, rtol=1e-9)
    (row,) = session.sql(f"SELECT 1, model({MODEL}, V1)!predict(1.5, 2)['a'] IS NULL").collect()
    assert list(row.as_dict()) == ["1", f"MODEL({MODEL}, V1)!PREDICT(1.5, 2)['A'] IS NULL"]


def test_a_model_in_a_transaction_is_part_of_it(
    session: Session, versions: list[ModelVersion], scored: str
) -> None:
    session.sql("CREATE OR REPLACE TABLE ml.scores (p FLOAT)").collect()
    insert = (
        f"INSERT INTO ml.scores SELECT MODEL({MODEL}, V1)!PREDICT(total_purchases, recency)"
        f":output_feature_0::FLOAT FROM {scored}"
    )
    for end, rows in (("ROLLBACK", 0), ("COMMIT", 300)):
        session.sql("BEGIN").collect()
        session.sql(insert).collect()
        assert column(session, "SELECT COUNT(*) FROM ml.scores") == [300]
        session.sql(end).collect()
        assert column(session, "SELECT COUNT(*) FROM ml.scores") == [rows]
    session.sql(
        f"CREATE OR REPLACE TABLE ml.scores2 AS SELECT MODEL({MODEL}, V1)!PREDICT(1.0, 2.0) o"
    ).collect()
    assert column(session, "SELECT o:output_feature_0::FLOAT > 0 FROM ml.scores2") == [True]


def test_a_models_files_outlive_a_later_rollback_and_a_failed_replacement(session: Session) -> None:
    session.sql("CREATE STAGE lasting").collect()
    session.sql("CREATE STAGE empty").collect()
    session.file.put_stream(io.BytesIO(b"{}"), "@lasting/MANIFEST.yml", auto_compress=False)
    session.sql("CREATE MODEL lasting WITH VERSION v FROM @lasting").collect()
    with pytest.raises(Exception, match=r"MANIFEST"):
        session.sql("CREATE OR REPLACE MODEL lasting WITH VERSION w FROM @empty").collect()
    session.sql("CREATE TABLE later (a INT)").collect()
    for statement in ("BEGIN", "INSERT INTO later VALUES (1)", "ROLLBACK"):
        session.sql(statement).collect()
    assert len(session.sql("LIST 'snow://model/lasting/versions/V'").collect()) == 1


def test_a_replaced_model_is_another_one(session: Session) -> None:
    session.sql("CREATE STAGE another").collect()
    session.file.put_stream(io.BytesIO(b"{}"), "@another/MANIFEST.yml", auto_compress=False)
    session.sql("CREATE TAG of_another").collect()
    session.sql("CREATE MODEL another WITH VERSION v FROM @another").collect()
    session.sql("ALTER MODEL another SET TAG of_another = 'x'").collect()
    [before] = session.sql("SHOW MODELS LIKE 'ANOTHER'").collect()
    session.sql("CREATE OR REPLACE MODEL another WITH VERSION w FROM @another").collect()
    [after] = session.sql("SHOW MODELS LIKE 'ANOTHER'").collect()
    assert after["created_on"] > before["created_on"]
    value = session.sql("SELECT SYSTEM$GET_TAG('of_another', 'another', 'MODULE')").collect()
    assert value == [(None,)]
    with pytest.raises(Exception, match="another database"):
        session.sql("ALTER MODEL another RENAME TO elsewhere.public.m").collect()


def test_a_model_that_fails_is_an_error_of_the_statement(
    session: Session, versions: list[ModelVersion]
) -> None:
    with pytest.raises(Exception, match=r"SPEND.* failed: ValueError: Input X contains NaN"):
        session.sql(f"SELECT MODEL({MODEL}, V1)!PREDICT(NULL, 2.0) p").collect()
    assert column(session, "SELECT 1") == [1]


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (f"MODEL({MODEL}, V9)!PREDICT(1.0, 2.0)", "V9.*does not exist or not authorized"),
        ("MODEL(ml.nothing, V1)!PREDICT(1.0, 2.0)", "NOTHING.*does not exist or not authorized"),
        (f"MODEL({MODEL}, V1)!EXPLAIN(1.0, 2.0)", "has no function EXPLAIN; it has PREDICT"),
        (f"MODEL({MODEL}, V1)!PREDICT(1.0)", "takes 2 arguments"),
        (f"MODEL({MODEL}, V1)!PREDICT('a', 'b')", "(?i)argument"),
        (f"MODEL({MODEL}, V1)!PREDICT(a => 1.0, b => 2.0)", "by their names"),
    ],
)
def test_a_call_that_cannot_be_is_refused(
    session: Session, versions: list[ModelVersion], call: str, sentence: str
) -> None:
    with pytest.raises(Exception, match=f"(?s){sentence}"):
        session.sql(f"SELECT {call} p").collect()


def test_versions_with_different_code_of_one_module_name(
    registry: Registry, session: Session, tmp_path: Path
) -> None:
    for factor in (2, 5):
        source = tmp_path / f"v{factor}"
        (source / "shared_name").mkdir(parents=True)
        module = source / "shared_name" / "__init__.py"
        module.write_text(CODE_OF_SCALER.format(factor=factor))
        registry.log_model(
            fitted_from(source),
            model_name="SCALER",
            version_name=f"V{factor}",
            signatures={"predict": doubles("A", "B")},
            code_paths=[str(source / "shared_name")],
            target_platforms=["WAREHOUSE"],
            options={"relax_version": False, "enable_explainability": False},
        )
    sql = " ".join(
        f"{word} MODEL(registry_tests.ml.scaler, V{factor})!predict(3.0, 0.0):output_feature_0 f"
        for word, factor in (("SELECT", 2), ("UNION ALL SELECT", 5))
    )
    assert sorted(float(v) for v in column(session, sql)) == [6.0, 15.0]


def test_a_worker_killed_while_it_predicts_is_no_hang_and_no_wrong_answer(
    server: ConnectionInfo, session: Session, versions: list[ModelVersion], local: list[Any]
) -> None:
    expected = float(
        local[0].predict(pd.DataFrame({"TOTAL_PURCHASES": [1.0], "RECENCY": [2.0]}))[0]
    )
    call = f"MODEL({MODEL}, V1)!PREDICT(1.0, 2.0):output_feature_0::FLOAT"
    column(session, f"SELECT {call}")
    stop = threading.Event()

    def kill() -> None:
        for _ in range(3):
            stop.wait(0.3)
            for pid in workers_of(server):
                os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    began = time.monotonic()
    failure = None
    try:
        rows = column(session, f"SELECT {call} FROM TABLE(GENERATOR(ROWCOUNT => 300000))")
        np.testing.assert_allclose(rows, expected, rtol=1e-9)
    except SnowparkSQLException as error:
        failure = str(error)
    finally:
        stop.set()
        killer.join()
    assert failure is None or "ended twice" in failure
    assert time.monotonic() - began < 60
    np.testing.assert_allclose(column(session, f"SELECT {call}"), [expected], rtol=1e-9)


def workers_of(server: ConnectionInfo) -> list[int]:
    import psutil

    from embedded_snowflake import status

    process = psutil.Process(status(server.root).pid)
    return [
        child.pid
        for child in process.children(recursive=True)
        if any("inference/worker.py" in part for part in child.cmdline())
    ]


def test_a_version_is_exported_and_loaded(
    versions: list[ModelVersion], local: list[Any], frame: pd.DataFrame, tmp_path: Path
) -> None:
    versions[0].export(str(tmp_path))
    assert [path.name for path in tmp_path.rglob("model.pkl")] == ["model.pkl"]
    loaded = versions[0].load(force=True)
    np.testing.assert_allclose(loaded.predict(frame), local[0].predict(frame))


def test_tags_of_a_model(session: Session, model: Model) -> None:
    session.sql("CREATE TAG IF NOT EXISTS registry_tests.ml.live").collect()
    model.set_tag("live", "it's on")
    assert model.get_tag("live") == "it's on"
    assert model.show_tags() == {"REGISTRY_TESTS.ML.LIVE": "it's on"}
    model.unset_tag("live")
    assert (model.get_tag("live"), model.show_tags()) == (None, {})


def test_copying_dropping_and_renaming(
    registry: Registry, model: Model, versions: list[ModelVersion], session: Session
) -> None:
    copied = registry.log_model(model.version("V2"), model_name="COPIED", version_name="V9")
    assert copied.run(
        pd.DataFrame({"TOTAL_PURCHASES": [0.0], "RECENCY": [7.0]}), function_name="predict"
    )["output_feature_0"].round(6).tolist() == [0.0]
    other = registry.get_model("COPIED")
    with pytest.raises(Exception, match="V9 is the default version and cannot be dropped"):
        other.delete_version("V9")
    registry.log_model(model.version("V1"), model_name="COPIED", version_name="V10")
    other.default = "V10"
    assert registry.get_model("COPIED").default.version_name == "V10"
    other.delete_version("V9")
    assert [v.version_name for v in other.versions()] == ["V10"]
    other.rename("RENAMED")
    assert {m.name for m in registry.models()} >= {"SPEND", "RENAMED"}
    registry.delete_model("RENAMED")
    assert "RENAMED" not in {m.name for m in registry.models()}
    with pytest.raises(ValueError, match="RENAMED"):
        registry.get_model("RENAMED")


def test_a_version_name_that_exists_is_refused(
    registry: Registry, local: list[Any], versions: list[ModelVersion]
) -> None:
    with pytest.raises(Exception, match=r"(?i)already exist"):
        registry.log_model(
            local[0],
            model_name="SPEND",
            version_name="V1",
            signatures={"predict": doubles("TOTAL_PURCHASES", "RECENCY")},
            target_platforms=["WAREHOUSE"],
        )


def test_a_classifier_is_logged_from_a_sample_and_answers_probabilities(
    registry: Registry, frame: pd.DataFrame
) -> None:
    classes = (frame["RECENCY"] > 4).astype(int)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(frame, classes)
    version = registry.log_model(
        model,
        model_name="CLASSES",
        version_name="V1",
        sample_input_data=frame.head(5),
        target_platforms=["WAREHOUSE"],
    )
    answer = version.run(frame, function_name="predict_proba")
    np.testing.assert_allclose(
        answer[["output_feature_0", "output_feature_1"]].to_numpy(float),
        model.predict_proba(frame),
        rtol=1e-9,
    )
    assert (
        version.run(frame, function_name="predict")["output_feature_0"] == model.predict(frame)
    ).all()


def test_values_of_every_type_go_to_a_model_and_back(registry: Registry, session: Session) -> None:
    types = {"D": KINDS.DOUBLE, "I": KINDS.INT64, "S": KINDS.STRING}
    types |= {"B": KINDS.BOOL, "T": KINDS.TIMESTAMP_NTZ}
    names = [f"{name}_" for name in types]
    version = registry.log_model(
        FunctionTransformer(pd.DataFrame.set_axis, kw_args={"labels": names, "axis": 1}),
        model_name="SAME",
        version_name="V1",
        signatures={
            "transform": model_signature.ModelSignature(
                inputs=[model_signature.FeatureSpec(*one) for one in types.items()],
                outputs=[model_signature.FeatureSpec(f"{a}_", b) for a, b in types.items()],
            )
        },
        target_platforms=["WAREHOUSE"],
        options={"relax_version": False, "enable_explainability": False},
    )
    frame = pd.DataFrame(
        {
            "D": pd.array([1.5, None], "Float64"),
            "I": pd.array([2**60, None], "Int64"),
            "S": pd.array(["é'", None], "string"),
            "B": pd.array([True, None], "boolean"),
            "T": pd.to_datetime(["1969-12-31 23:59:59.123456", "NaT"]),
        }
    )
    answer = version.run(frame, function_name="transform")
    pd.testing.assert_frame_equal(answer.set_axis(list(types), axis=1), frame)
    rows = version.run(session.create_dataframe(frame), function_name="transform").collect()
    assert all(tuple(row)[:5] == tuple(row)[5:] for row in rows)
    assert {row["T"] for row in rows} == {None, dt.datetime(1969, 12, 31, 23, 59, 59, 123456)}
