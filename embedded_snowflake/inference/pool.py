"""The server's side of model inference: workers, and the SQL function that forwards to them.

What it holds: a pool of worker processes, one a model version, started on first use, restarted
when one dies, stopped when the server stops; and the one DuckDB function that every
``MODEL(..)!METHOD(..)`` becomes. Add here what concerns starting, limiting and talking to workers.
How a model call is found in a statement belongs to ``objects/ml/models.py``, what happens beside the
model's code to ``worker.py``. Nothing here unpickles anything.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa

from embedded_snowflake.inference import worker

if TYPE_CHECKING:
    from collections.abc import Iterable

    import duckdb

FUNCTION_NAME = "_embedded_model"
"""Name of the DuckDB function: (key, doubles, bigints, varchars, booleans, timestamps) -> text."""

KINDS: dict[str, str] = {
    "doubles": "DOUBLE",
    "bigints": "BIGINT",
    "varchars": "VARCHAR",
    "booleans": "BOOLEAN",
    "timestamps": "TIMESTAMP",
}
"""The kinds of argument that can be passed to a model, and DuckDB's type for each."""

_MANIFEST_TYPES: dict[str, str] = {
    **dict.fromkeys(("DOUBLE", "FLOAT", "REAL"), "doubles"),
    **dict.fromkeys(("BIGINT", "INT", "INTEGER", "SMALLINT", "TINYINT", "BYTEINT"), "bigints"),
    **dict.fromkeys(("VARCHAR", "STRING", "TEXT"), "varchars"),
    "BOOLEAN": "booleans",
    **dict.fromkeys(("TIMESTAMP_NTZ", "TIMESTAMP"), "timestamps"),
}


_ERROR_LENGTH = 2000


class InferenceError(Exception):
    """A prediction could not be made; the text is one sentence for the user."""


class _WorkerDiedError(Exception):
    """The worker's process ended before it answered."""


def kind_of(manifest_type: str) -> str | None:
    """The kind (a key of KINDS) for a type of a model's manifest, or None where there is none."""
    name, _, size = manifest_type.upper().partition("(")
    name = name.strip()
    if name in {"NUMBER", "DECIMAL", "NUMERIC"}:
        return "bigints" if size.replace(" ", "").removesuffix(")").endswith(",0") else None
    return _MANIFEST_TYPES.get(name)


@dataclass(frozen=True)
class ModelFunction:
    """A function of a model version, ready to be called.

    Attributes:
        directory: the package in the form that the registry's client wrote it (``model.yaml``).
        title: what errors call the version.
        function: the function's SQL name.
        kinds: kind of each argument, in order.
    """

    directory: Path
    title: str
    function: str
    kinds: tuple[str, ...]

    @property
    def key(self) -> str:
        """Names the function in the SQL that is run."""
        return f"{self.directory}|{self.function}"

    @property
    def layout(self) -> list[tuple[str, int]]:
        """For each argument the list that carries it and its place in that list."""
        seen: dict[str, int] = {}
        places: list[tuple[str, int]] = []
        for kind in self.kinds:
            places.append((kind, seen.get(kind, 0)))
            seen[kind] = seen.get(kind, 0) + 1
        return places


@dataclass(frozen=True)
class Limits:
    """What a worker may use.

    Attributes:
        memory_bytes: highest resident size.
        load_seconds: time for starting and loading.
        batch_seconds: time for one batch.
        workers: processes kept at once; the one longest unused is stopped.
    """

    memory_bytes: int = 1536 * 1024 * 1024
    load_seconds: float = 120.0
    batch_seconds: float = 300.0
    workers: int = 2


def _own_packages() -> list[str]:
    package = __name__.partition(".")[0]
    owners = importlib.metadata.packages_distributions()
    mine = set(owners.get(package, []))
    return sorted({package, *(name for name, others in owners.items() if mine & set(others))})


def _environment(home: str) -> dict[str, str]:
    # Nothing that the server was given may reach a stranger's code: no passwords, no tokens.
    kept = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
    threads = str(max(1, (os.cpu_count() or 2) // 2))
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "HOME": home,
        "OMP_NUM_THREADS": threads,
        # Threads that spin long while they wait take the core that the server answers on.
        "GOMP_SPINCOUNT": "10000",
        "OPENBLAS_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        "PYTHONDONTWRITEBYTECODE": "1",
    }


@dataclass
class _Worker:
    """One process with one model version in it; calls are made one at a time."""

    directory: Path
    title: str
    limits: Limits
    own_packages: list[str]
    lock: threading.Lock = field(default_factory=threading.Lock)
    process: subprocess.Popen[bytes] | None = None
    home: tempfile.TemporaryDirectory[str] | None = None

    def call(self, function: str, layout: list[tuple[str, int]], body: bytes) -> bytes:
        """Run one batch, with one more attempt when the process dies under it.

        Raises:
            InferenceError: the model refused, took too long, or its process died twice.
        """
        header = {"op": "run", "function": function, "layout": layout}
        with self.lock:
            for attempt in (1, 2):
                try:
                    self._start()
                    return self._ask(header, body, self.limits.batch_seconds)
                except _WorkerDiedError as error:
                    self._refuse_memory()
                    self.stop()
                    if attempt == 2:
                        raise InferenceError(
                            f"The process that runs {self.title} ended twice while it worked on "
                            f"one batch ({error}); nothing was written. Run the statement again, "
                            "or try the model on fewer rows."
                        ) from error
        raise AssertionError("unreachable")

    def _start(self) -> None:
        if self.process is not None and self.process.poll() is None:
            return
        self.stop()
        if not self.directory.is_dir():
            raise InferenceError(f"{self.title} does not exist any more.")
        home = self.home = tempfile.TemporaryDirectory(prefix="embedded-snowflake-model-")
        self.process = subprocess.Popen(
            [sys.executable, "-I", str(Path(worker.__file__).resolve())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(home.name),
            cwd=home.name,
            start_new_session=True,
        )
        self._ask(
            {
                "op": "load",
                "directory": str(self.directory),
                "own_packages": self.own_packages,
                "memory_limit": self.limits.memory_bytes,
                "parent": os.getpid(),
            },
            b"",
            self.limits.load_seconds,
        )

    def _ask(self, header: dict[str, Any], body: bytes, seconds: float) -> bytes:
        process = self.process
        if process is None or process.stdin is None or process.stdout is None:
            raise _WorkerDiedError("it had not started")
        watchdog = threading.Timer(seconds, _kill, (process,))
        watchdog.daemon = True
        watchdog.start()
        began = time.monotonic()
        try:
            worker.write_frame(_raw(process.stdin), header, body)
            frame = worker.read_frame(_raw(process.stdout))
        except (EOFError, OSError, ValueError):
            frame = None
        finally:
            watchdog.cancel()
        if frame is None:
            if time.monotonic() - began >= seconds:
                self.stop()
                raise InferenceError(
                    f"{self.title} took longer than {seconds:.0f} s "
                    f"{'to load' if header['op'] == 'load' else 'for one batch'} and was stopped."
                )
            raise _WorkerDiedError(_ending(process))
        answer, payload = frame
        if "ok" not in answer:
            _kill(process)
            raise _WorkerDiedError("it wrote what is no answer")
        if not answer["ok"]:
            answer["error"] = str(answer.get("error"))[:_ERROR_LENGTH]
            if header["op"] == "load":
                self.stop()
                raise InferenceError(
                    f"{self.title} cannot be loaded: {answer['error']}. A model must bring its own "
                    "code along (code_paths) and use packages that are installed here."
                )
            raise InferenceError(f"{self.title} failed: {answer['error']}")
        return payload

    def _refuse_memory(self) -> None:
        process = self.process
        if process is not None and process.wait(10) == worker.EXIT_MEMORY:
            self.stop()
            raise InferenceError(
                f"{self.title} used more than {self.limits.memory_bytes // 2**20} MiB and was "
                "stopped; nothing was written."
            )

    def stop(self) -> None:
        """End the process: by the end of its input, and by force where that does not help."""
        process, self.process = self.process, None
        if process is None:
            return
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    continue  # what was still to be written goes with the process
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(1)
        _kill(process)
        process.wait()
        if self.home is not None:
            self.home.cleanup()
            self.home = None


def _raw(stream: Any) -> BinaryIO:
    return stream


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a worker and what it has started, which is in its group also after its own end."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _ending(process: subprocess.Popen[bytes]) -> str:
    try:
        code = process.wait(10)
    except subprocess.TimeoutExpired:
        _kill(process)
        code = process.wait()
    return f"signal {-code}" if code < 0 else f"exit code {code}"


class Inference:
    """The pool of workers, and the functions that statements refer to by key."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._functions: dict[str, ModelFunction] = {}
        self._workers: OrderedDict[Path, _Worker] = OrderedDict()
        self._lock = threading.Lock()
        self._own_packages: list[str] | None = None

    def install(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Create the SQL function, for every connection to the same DuckDB instance.

        Made once, before any transaction, under one name for all models: DuckDB's functions are
        catalog entries, so one made for a model within a transaction would be rolled back with it,
        and one made beside it would not be seen by it.
        """
        connection.create_function(  # pyright: ignore[reportUnknownMemberType]
            FUNCTION_NAME,
            self.predict,
            ["VARCHAR", *(f"{name}[]" for name in KINDS.values())],  # type: ignore[list-item]
            "VARCHAR",  # type: ignore[arg-type]
            type="arrow",  # type: ignore[arg-type]
            null_handling="special",  # type: ignore[arg-type]
            # Volatile to DuckDB: else the planner itself calls it on constants, again and again
            # where the model fails, and copies the call into pushed-down filters.
            side_effects=True,
        )

    def call_sql(self, function: ModelFunction, arguments: list[str]) -> str:
        """The SQL that stands for a call, the text of a JSON object.

        Args:
            function: what is called.
            arguments: SQL of each argument, as many as the function has.
        """
        self._functions[function.key] = function
        lists: dict[str, list[str]] = {kind: [] for kind in KINDS}
        for kind, argument in zip(function.kinds, arguments, strict=True):
            lists[kind].append(argument)
        packed = ", ".join(
            f"[{', '.join(lists[kind])}]" if lists[kind] else "NULL" for kind in KINDS
        )
        key = function.key.replace("'", "''")
        return f"{FUNCTION_NAME}('{key}', {packed})"

    def predict(
        self,
        keys: pa.Array,
        doubles: pa.Array,
        bigints: pa.Array,
        varchars: pa.Array,
        booleans: pa.Array,
        timestamps: pa.Array,
    ) -> pa.Array:
        """Forward one batch of DuckDB's to the worker of the version that the key names.

        Args:
            keys: the key, the same in every row.
            doubles, bigints, varchars, booleans, timestamps: a list of arguments a row, or NULL
                where the function has none of the kind.

        Returns:
            One JSON text a row.

        Raises:
            InferenceError: no prediction could be made.
        """
        if len(keys) == 0:
            return pa.array([], pa.string())
        function = self._functions.get(keys[0].as_py())
        if function is None:
            raise InferenceError("The model of this statement is not known; run it again.")
        lists = (doubles, bigints, varchars, booleans, timestamps)
        columns = {
            kind: _combined(array)
            for kind, array in zip(KINDS, lists, strict=True)
            if kind in function.kinds
        }
        batch = pa.RecordBatch.from_arrays(list(columns.values()), list(columns))
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        body = sink.getvalue().to_pybytes()
        answer = self._worker(function).call(function.function, function.layout, body)
        return pa.ipc.open_stream(answer).read_next_batch().column(0)

    def _worker(self, function: ModelFunction) -> _Worker:
        idle: list[_Worker] = []
        with self._lock:
            if self._own_packages is None:
                self._own_packages = _own_packages()
            held = self._workers.get(function.directory)
            if held is None:
                held = _Worker(function.directory, function.title, self._limits, self._own_packages)
                self._workers[function.directory] = held
            self._workers.move_to_end(function.directory)
            while len(self._workers) > self._limits.workers:
                idle.append(self._workers.popitem(last=False)[1])
        self._stop(idle)
        return held

    def forget(self, directory: Path) -> None:
        """Stop the worker of a version that is being dropped."""
        with self._lock:
            held = self._workers.pop(directory, None)
        self._stop([held] if held else [])

    def close(self) -> None:
        """Stop every worker."""
        with self._lock:
            workers = list(self._workers.values())
            self._workers.clear()
        self._stop(workers)

    def process_ids(self) -> list[int]:
        """Process ids of the workers that run."""
        with self._lock:
            return [w.process.pid for w in self._workers.values() if w.process is not None]

    @staticmethod
    def _stop(workers: Iterable[_Worker]) -> None:
        for one in workers:
            with one.lock:
                one.stop()


def _combined(array: Any) -> pa.Array:
    if isinstance(array, pa.ChunkedArray):
        combined = array.combine_chunks()
        return combined.combine_chunks() if isinstance(combined, pa.ChunkedArray) else combined
    return array
