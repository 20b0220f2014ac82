"""Inference: logged packages run in processes of their own and answer what the model answers.

What it holds: the pool of workers against DuckDB, without a server. The packages are made by
snowflake.ml's own packager, as the registry's client makes them.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from embedded_snowflake.inference.pool import Inference, Limits, ModelFunction
from embedded_snowflake_tests.packages import CODE_OF_SCALER, pack, pack_code

if TYPE_CHECKING:
    from collections.abc import Iterator

DOUBLES = ("doubles", "doubles")


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("packages")


@pytest.fixture(scope="module")
def pool() -> Iterator[Inference]:
    pool = Inference()
    yield pool
    pool.close()


@pytest.fixture
def connection(pool: Inference) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        pool.install(connection)
        yield connection


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    return pd.DataFrame({"A": rng.normal(size=500), "B": rng.normal(size=500)})


@pytest.fixture(scope="module")
def pipeline(packages: Path, frame: pd.DataFrame) -> tuple[ModelFunction, Any]:
    model = make_pipeline(StandardScaler(), LinearRegression())
    model.fit(frame, 3 * frame["A"] - frame["B"] ** 2)
    return called(pack(packages / "pipeline", model)), model


def called(directory: Path, kinds: tuple[str, ...] = DOUBLES) -> ModelFunction:
    return ModelFunction(directory, f"Model {directory.name}", "PREDICT", kinds)


def answers(
    pool: Inference,
    connection: duckdb.DuckDBPyConnection,
    function: ModelFunction,
    arguments: list[str],
    source: str,
) -> list[Any]:
    call = pool.call_sql(function, arguments)
    rows = connection.execute(
        f"SELECT CAST({call} AS JSON) ->> '$.output_feature_0' FROM {source}"
    ).fetchall()
    return [row[0] for row in rows]


def test_predictions_are_the_local_models(
    pool: Inference,
    connection: duckdb.DuckDBPyConnection,
    pipeline: tuple[ModelFunction, Any],
    frame: pd.DataFrame,
) -> None:
    function, model = pipeline
    connection.register("frame", frame)
    got = answers(pool, connection, function, ["A", "B"], "frame")
    np.testing.assert_allclose([float(v) for v in got], model.predict(frame), rtol=1e-12)


def test_a_hundred_thousand_rows_are_predicted(
    pool: Inference, connection: duckdb.DuckDBPyConnection, pipeline: tuple[ModelFunction, Any]
) -> None:
    connection.execute("CREATE TABLE big AS SELECT random() a, random() b FROM range(100000)")
    call = pool.call_sql(pipeline[0], ["a", "b"])
    connection.execute(f"CREATE TABLE scores AS SELECT {call} AS answer FROM big")
    assert connection.execute("SELECT count(answer) FROM scores").fetchall() == [(100_000,)]


def test_a_transaction_that_began_earlier_can_call_a_model_and_roll_back(
    pool: Inference, connection: duckdb.DuckDBPyConnection, pipeline: tuple[ModelFunction, Any]
) -> None:
    connection.execute("CREATE TABLE kept (answer VARCHAR)")
    connection.begin()
    call = pool.call_sql(pipeline[0], ["1.0", "2.0"])
    connection.execute(f"INSERT INTO kept SELECT {call}")
    connection.rollback()
    assert connection.execute("SELECT count(*) FROM kept").fetchall() == [(0,)]
    assert connection.execute(f"SELECT {call}").fetchall()[0][0].startswith("{")


def test_versions_with_different_code_of_one_module_name_each_run_their_own(
    pool: Inference, connection: duckdb.DuckDBPyConnection, packages: Path, tmp_path: Path
) -> None:
    functions = {
        factor: called(
            pack_code(packages / f"scaler{factor}", CODE_OF_SCALER.format(factor=factor), tmp_path)
        )
        for factor in (2, 5)
    }
    connection.execute("CREATE TABLE three AS SELECT 3.0::DOUBLE a")
    for factor in (2, 5, 2):
        got = answers(pool, connection, functions[factor], ["a", "a"], "three")
        assert [float(v) for v in got] == [3.0 * factor]


def test_code_that_the_package_lacks_is_not_taken_from_elsewhere(
    pool: Inference,
    connection: duckdb.DuckDBPyConnection,
    packages: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    function = called(
        pack_code(packages / "lacking", CODE_OF_SCALER.format(factor=2), tmp_path, with_code=False)
    )
    # Where an import would find it: on the path that other processes inherit.
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "source_lacking"))
    with pytest.raises(duckdb.Error, match=r"cannot be loaded.*No module named.*code_paths"):
        connection.execute(f"SELECT {pool.call_sql(function, ['1.0', '2.0'])}")


CODE_OF_TYPES = """
from sklearn.base import BaseEstimator, RegressorMixin

class Estimator(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        self.fitted_ = True
        return self

    def predict(self, X):
        return [
            f"{r.D}|{r.I}|{r.S}|{r.O}|{r.T.isoformat()}" for r in X.itertuples()
        ]
"""
TYPES = {"D": "DOUBLE", "I": "INT64", "S": "STRING", "O": "BOOL", "T": "TIMESTAMP_NTZ"}
KINDS = ("doubles", "bigints", "varchars", "booleans", "timestamps")


def test_every_kind_of_argument_arrives_as_it_is(
    pool: Inference, connection: duckdb.DuckDBPyConnection, packages: Path, tmp_path: Path
) -> None:
    function = called(
        pack_code(packages / "types", CODE_OF_TYPES, tmp_path, inputs=TYPES, output="STRING"),
        KINDS,
    )
    connection.execute(
        """CREATE TABLE typed AS SELECT * FROM (VALUES
        (1, 1.5::DOUBLE, 9007199254740993::BIGINT, 'é|''"', true, TIMESTAMP '2025-01-02 03:04:05'),
        (2, -0.25, -1, '', false, TIMESTAMP '1969-12-31 23:59:59.5'),
        (3, NULL, NULL, NULL, NULL, NULL)) t(n, d, i, s, o, t)"""
    )
    got = answers(pool, connection, function, list("disot"), "(FROM typed ORDER BY n)")
    assert got == [
        "1.5|9007199254740993|é|'\"|True|2025-01-02T03:04:05",
        "-0.25|-1||False|1969-12-31T23:59:59.500000",
        "<NA>|<NA>|<NA>|<NA>|NaT",
    ]


CODE_OF_SLEEPER = """
import os, time
from sklearn.base import BaseEstimator, RegressorMixin

class Estimator(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        self.fitted_ = True
        return self

    def predict(self, X):
        first = X["A"].iloc[0]
        print("what a model prints must not reach the answers")
        if first == 1:
            time.sleep(0.4)
        if first == 2:
            os._exit(3)
        if first == 3:
            time.sleep(60)
        if first == 4:
            self.block_ = bytearray(1 << 30)
            self.block_[::4096] = b"x" * len(self.block_[::4096])
            time.sleep(60)
        if first == 5:
            if os.fork() == 0:
                time.sleep(60)
            os._exit(3)
        if first == 6:
            raise ValueError("x" * 10_000_000)
        if first == 7:
            for end in range(3, 20):
                try:
                    os.write(end, bytes([0, 0, 0, 2]) + b"{}")
                except OSError:
                    pass
        return X["B"].to_numpy()
"""


@pytest.fixture(scope="module")
def sleeper(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> ModelFunction:
    source = tmp_path_factory.mktemp("sleeper")
    return called(pack_code(packages / "sleeper", CODE_OF_SLEEPER, source))


@pytest.fixture(scope="module")
def strict() -> Iterator[Inference]:
    pool = Inference(Limits(memory_bytes=800 * 2**20, batch_seconds=4))
    yield pool
    pool.close()


@pytest.fixture
def guarded(strict: Inference) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        strict.install(connection)
        yield connection


def test_a_worker_killed_in_a_batch_is_replaced_and_the_answer_is_right(
    strict: Inference, guarded: duckdb.DuckDBPyConnection, sleeper: ModelFunction
) -> None:
    call = strict.call_sql(sleeper, ["n", "b"])
    guarded.execute("CREATE TABLE one AS SELECT 0.0::DOUBLE n, 42.0::DOUBLE b")
    guarded.execute(f"SELECT {call} FROM one").fetchall()
    (pid,) = strict.process_ids()
    timer = threading.Timer(0.15, os.kill, (pid, signal.SIGKILL))
    timer.start()
    guarded.execute("UPDATE one SET n = 1")
    assert guarded.execute(f"SELECT {call} FROM one").fetchall() == [
        ('{"output_feature_0": 42.0}',)
    ]
    assert strict.process_ids() != [pid]


def test_what_the_server_once_used_is_not_the_models(
    sleeper: ModelFunction,
) -> None:
    """The highest resident size that getrusage(2) tells outlives exec on Linux."""
    once = bytearray(900 * 2**20)
    once[::4096] = b"x" * len(once[::4096])
    del once
    fresh = Inference(Limits(memory_bytes=800 * 2**20))
    try:
        with duckdb.connect() as connection:
            fresh.install(connection)
            call = fresh.call_sql(sleeper, ["0.0", "42.0"])
            got = connection.execute(f"SELECT {call}").fetchall()
    finally:
        fresh.close()
    assert got == [('{"output_feature_0": 42.0}',)]


@pytest.mark.parametrize(
    ("trigger", "sentence"),
    [
        (2, "ended twice while it worked on one batch"),
        (3, "took longer than 4 s for one batch"),
        (4, "used more than 800 MiB"),
        (5, "ended twice while it worked on one batch"),
        (6, "failed: ValueError: x+$"),
        (7, "ended twice while it worked on one batch"),
    ],
)
def test_a_model_that_dies_hangs_or_swells_is_an_error_and_not_the_end(
    strict: Inference,
    guarded: duckdb.DuckDBPyConnection,
    sleeper: ModelFunction,
    trigger: int,
    sentence: str,
) -> None:
    call = strict.call_sql(sleeper, [f"{trigger}.0", "1.0"])
    with pytest.raises(duckdb.Error, match=sentence) as caught:
        guarded.execute(f"SELECT {call}")
    assert len(str(caught.value)) < 3000


def test_what_a_model_has_forked_ends_with_its_process(
    strict: Inference, guarded: duckdb.DuckDBPyConnection, sleeper: ModelFunction
) -> None:
    before = _workers()
    with pytest.raises(duckdb.Error):
        guarded.execute(f"SELECT {strict.call_sql(sleeper, ['5.0', '1.0'])}")
    assert _workers() - before <= set(strict.process_ids())


def _workers() -> set[int]:
    """Processes that run models, of every warehouse on this machine."""
    there = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True)
    lines = [line for line in there.stdout.splitlines() if "inference/worker.py" in line]
    return {int(line.split()[0]) for line in lines}


def test_an_infinite_answer_stays_infinite_and_a_missing_one_is_null(
    strict: Inference, guarded: duckdb.DuckDBPyConnection, sleeper: ModelFunction
) -> None:
    guarded.execute(
        "CREATE TABLE odd AS SELECT * FROM (VALUES (1, 'inf'::DOUBLE), (2, '-inf'), (3, NULL), "
        "(4, 0.1::DOUBLE + 0.2::DOUBLE)) t(n, b)"
    )
    got = answers(strict, guarded, sleeper, ["0.0", "b"], "(FROM odd ORDER BY n)")
    assert got == ["inf", "-inf", None, "0.30000000000000004"]


def test_the_worker_goes_when_the_server_is_killed(sleeper: ModelFunction) -> None:
    program = textwrap.dedent(
        f"""
        import duckdb, time
        from pathlib import Path
        from embedded_snowflake.inference.pool import Inference, ModelFunction
        pool = Inference()
        connection = duckdb.connect()
        # It would write to standard output where the load takes long.
        connection.execute("SET enable_progress_bar = false")
        pool.install(connection)
        function = ModelFunction(Path({str(sleeper.directory)!r}), "m", "PREDICT", {DOUBLES!r})
        connection.execute("SELECT " + pool.call_sql(function, ["0.0", "1.0"])).fetchall()
        print(*pool.process_ids(), flush=True)
        time.sleep(60)
        """
    )
    server = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[1],
    )
    assert server.stdout is not None
    with server.stdout as output:
        pid = int(output.readline())
        server.kill()
        server.wait()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and _runs(pid):
        time.sleep(0.05)
    assert not _runs(pid)


def _runs(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    if state.exists():
        return state.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not Path("/proc").exists()
