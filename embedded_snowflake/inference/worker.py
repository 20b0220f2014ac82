"""The process that a logged model runs in: it loads one model version and answers batches.

What it holds: the clean-up of the import path, the loading of a package by ``snowflake.ml``'s own
``ModelPackager``, the calling of a method as Snowflake's generated handler calls it, and the
framing of requests and answers on the pipes. Add here what has to happen beside the model's code.
Nothing of the server may be imported: the file is run by its path, in isolated mode, so that
neither this package nor the project that it is installed with can stand in for the model's code.

Frames, both ways: four bytes, big-endian, the length of a JSON header; the header; and, where the
header says ``"bytes": n``, n bytes of an Arrow IPC stream. The first request is ``load``, every
other one ``run``. The end of the input ends the process.
"""

from __future__ import annotations

import contextlib
import importlib.abc
import importlib.machinery
import json
import math
import os
import resource
import shutil
import site
import struct
import sys
import sysconfig
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    import numpy as np
    import pandas as pd
    import pyarrow as pa

EXIT_MEMORY = 77
"""Exit code of a worker that went over its memory limit."""

_LENGTH = struct.Struct(">I")
_WATCH_SECONDS = 0.1


class BadRequestError(Exception):
    """The batch or the model does not fit what this warehouse can run; the text says why."""


def read_frame(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """One frame as (header, body), or None at the end of the stream.

    Raises:
        EOFError: the stream ended within a frame.
    """
    prefix = stream.read(_LENGTH.size)
    if not prefix:
        return None
    if len(prefix) < _LENGTH.size:
        raise EOFError
    size = _LENGTH.unpack(prefix)[0]
    text = stream.read(size)
    if len(text) < size:
        raise EOFError
    header = json.loads(text)
    body = stream.read(header.get("bytes", 0))
    if len(body) < header.get("bytes", 0):
        raise EOFError
    return header, body


def write_frame(stream: BinaryIO, header: dict[str, Any], body: bytes = b"") -> None:
    """Write one frame and flush it."""
    text = json.dumps({**header, "bytes": len(body)}).encode()
    stream.write(_LENGTH.pack(len(text)) + text)
    stream.write(body)
    stream.flush()


class _OnlyFromModel(importlib.abc.MetaPathFinder):
    """Finds the given top-level packages in the model's own code and nowhere else."""

    def __init__(self, names: Sequence[str], code: str) -> None:
        self._names = frozenset(names)
        self._code = code

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        if path is not None or fullname not in self._names:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, [self._code], target)
        if spec is None:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return spec


def isolate(code: str, own_packages: Sequence[str]) -> None:
    """Let modules come from the standard library, installed packages and ``code`` only.

    A path that a ``.pth`` file added, and the finder of an editable installation, would let the
    working copy of a project answer for what the model's version forgot to bring along.

    Args:
        code: the package's code directory, whether it exists or not.
        own_packages: top-level packages of the distribution that the warehouse came with; from
            the model's code they may come, from the installation not.
    """
    installed = {os.path.realpath(path) for path in site.getsitepackages()}
    installed |= {os.path.realpath(sysconfig.get_path(name)) for name in ("purelib", "platlib")}
    library = {os.path.realpath(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")}
    zipped = f"python{sys.version_info.major}{sys.version_info.minor}.zip"

    def belongs(path: str) -> bool:
        real = os.path.realpath(path)
        return (
            real in installed
            or real in library
            or str(Path(real).parent) in library
            or Path(real).name == zipped
        )

    sys.path[:] = [path for path in sys.path if belongs(path)]
    sys.path_importer_cache.clear()
    sys.meta_path[:] = [
        _OnlyFromModel(own_packages, code),
        importlib.machinery.BuiltinImporter,
        importlib.machinery.FrozenImporter,
        importlib.machinery.PathFinder,
    ]


def _most_resident_bytes() -> int:
    # Not getrusage(2) on Linux: its maximum outlives exec, so that the process of every model
    # would begin with what the server once had.
    if sys.platform == "darwin":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    lines = Path("/proc/self/status").read_text().splitlines()
    sizes = [line.split() for line in lines if line.startswith(("VmHWM:", "VmRSS:"))]
    return max(int(kibibytes) * 1024 for _, kibibytes, _ in sizes)


def watch(memory_limit: int, parent: int, home: str) -> None:
    """Leave when the memory limit is passed or the server has gone; started as a thread.

    Args:
        memory_limit: the highest resident size allowed, in bytes.
        parent: process id of the server.
        home: directory to remove when the server, which else removes it, has gone.
    """
    while True:
        if os.getppid() != parent:
            shutil.rmtree(home, ignore_errors=True)
            os._exit(0)
        if _most_resident_bytes() > memory_limit:
            os._exit(EXIT_MEMORY)
        time.sleep(_WATCH_SECONDS)


class LoadedModel:
    """A model version in memory, and its methods by their SQL names."""

    def __init__(self, directory: str) -> None:
        """Load the package.

        Args:
            directory: the package as the registry's client laid it out (holds ``model.yaml``).
        """
        from snowflake.ml.model._packager import model_packager

        packager = model_packager.ModelPackager(directory)
        packager.load(as_custom_model=True)
        if packager.model is None or packager.meta is None:
            raise BadRequestError("the package holds no model")
        self._model: Any = packager.model
        self._signatures: dict[str, Any] = dict(packager.meta.signatures)

    def method(self, function: str) -> str:
        """The Python method's name for a function's SQL name."""
        for name in self._signatures:
            if name == function or name.upper() == function:
                return name
        raise BadRequestError(f"the model has no function {function}")

    def run(self, function: str, columns: list[pd.Series[Any]]) -> pd.DataFrame:
        """Call a method on one batch, with the steps of Snowflake's generated handler.

        Source: ``infer_function.py_template`` of snowflake-ml-python 2.6: columns by position,
        cast to the signature's types, missing outputs as NULL. A feature that may be NULL (the
        signature's default) is one of pandas' nullable columns, with ``pd.NA`` where SQL has NULL.

        Args:
            function: SQL name of the function.
            columns: the arguments in the signature's order, one row an input row.

        Raises:
            BadRequestError: wrong number of arguments, or a NULL where the type has none.
        """
        import pandas as pd

        method = self.method(function)
        signature = self._signatures[method]
        features = signature.inputs
        if len(features) != len(columns):
            raise BadRequestError(
                f"{function} takes {len(features)} arguments and was given {len(columns)}"
            )
        cast: dict[str, pd.Series[Any]] = {}
        for feature, column in zip(features, columns, strict=True):
            try:
                cast[feature.name] = column.astype(feature.as_dtype())
            except (TypeError, ValueError) as error:
                raise BadRequestError(
                    f"argument {feature.name} of {function} cannot be made "
                    f"{feature.as_dtype()}: {error}"
                ) from error
        answer = getattr(self._model, method)(pd.DataFrame(cast))
        if len(answer) != len(columns[0]):
            raise BadRequestError(
                f"{function} answered {len(answer)} rows for {len(columns[0])}; a function of a "
                "model must answer one row for each"
            )
        return answer


def columns_of(batch: pa.RecordBatch, layout: list[list[Any]]) -> list[pd.Series[Any]]:
    """The arguments of a batch, in the signature's order.

    Args:
        batch: one list column for each kind of type; every list of a column has the same length.
        layout: for each argument the name of its column and its place in that column's lists.
    """
    import numpy as np
    import pandas as pd

    rows = batch.num_rows
    widths: dict[str, int] = {}
    for kind, _ in layout:
        widths[kind] = widths.get(kind, 0) + 1
    blocks = {kind: batch.column(kind).flatten() for kind in widths}

    def series(kind: str, place: int) -> pd.Series[Any]:
        width = widths[kind]
        values = (
            blocks[kind].take(np.arange(place, rows * width, width))
            if width > 1
            else (blocks[kind])
        )
        if kind == "doubles":
            return pd.Series(values.to_numpy(zero_copy_only=False).astype("float64", copy=True))
        if kind in {"bigints", "booleans"} and values.null_count:
            # pandas' types that know NULL: numpy would make it 0, or False, without a word, and
            # a float would round large integers.
            return pd.Series(values.to_pylist(), dtype="Int64" if kind == "bigints" else "boolean")
        return values.to_pandas()

    return [series(kind, place) for kind, place in layout]


def _float_texts(values: np.ndarray[Any, Any]) -> list[str]:
    texts = list(map(repr, values.tolist()))
    for index, value in enumerate(values.tolist()):
        if not math.isfinite(value):
            # JSON has no infinity; a text still casts to it. A missing number is NULL.
            texts[index] = "null" if math.isnan(value) else f'"{value}"'
    return texts


def _encoded(column: pd.Series[Any]) -> list[str]:
    import numpy as np
    import pandas as pd

    if pd.api.types.is_float_dtype(column.dtype):
        return _float_texts(column.to_numpy(dtype="float64", na_value=np.nan))

    def plain(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return [plain(item) for item in value.tolist()]
        if isinstance(value, np.generic):
            value = value.item()
        if value is None or value is pd.NA or value is pd.NaT:
            return None
        if isinstance(value, float):
            return None if math.isnan(value) else value if math.isfinite(value) else str(value)
        if isinstance(value, list | tuple):
            return [plain(item) for item in value]
        if isinstance(value, dict):
            return {str(key): plain(item) for key, item in value.items()}
        if isinstance(value, bool | int | str):
            return value
        if hasattr(value, "isoformat"):
            return value.isoformat(sep=" ") if hasattr(value, "hour") else value.isoformat()
        raise BadRequestError(
            f"the model answers a {type(value).__name__}, which SQL has no type for"
        )

    return [json.dumps(plain(value)) for value in column.tolist()]


def json_texts(answer: pd.DataFrame) -> list[str]:
    """Each row as the text of a JSON object; numbers keep every digit."""
    names = [str(name) for name in answer.columns]
    # As every object of the warehouse has its keys.
    places = sorted(range(len(names)), key=names.__getitem__)
    columns = [_encoded(answer.iloc[:, place]) for place in places]
    keys = [json.dumps(names[place]) for place in places]
    template = "{" + ", ".join(f"{key.replace('%', '%%')}: %s" for key in keys) + "}"
    if not columns:
        return ["{}"] * len(answer)
    return [template % row for row in zip(*columns, strict=True)]


def _answer(run: Callable[[], bytes], output: BinaryIO) -> None:
    try:
        body = run()
    except BadRequestError as error:
        write_frame(output, {"ok": False, "error": str(error)})
    except MemoryError:
        os._exit(EXIT_MEMORY)
    except Exception as error:  # noqa: BLE001 - a stranger's model may raise anything
        write_frame(output, {"ok": False, "error": f"{type(error).__name__}: {error}"})
    else:
        write_frame(output, {"ok": True}, body)


_RESERVED_BYTES = 2 << 30
"""Addresses that the imports reserve and hardly use: 1.7 GB were measured."""


def serve(requests: BinaryIO, output: BinaryIO) -> None:
    """Answer requests until the input ends."""
    model: LoadedModel | None = None
    while (frame := read_frame(requests)) is not None:
        header, body = frame

        def load(header: dict[str, Any] = header) -> bytes:
            nonlocal model
            directory = header["directory"]
            isolate(str(Path(directory) / "code"), header["own_packages"])
            limits = (header["memory_limit"], header["parent"], str(Path.cwd()))
            threading.Thread(target=watch, args=limits, daemon=True).start()
            # For what is forked, and what is taken too fast to be watched: an address is no page
            # in use, so this limit is the wider one.
            most = _RESERVED_BYTES + 2 * header["memory_limit"]
            resource.setrlimit(resource.RLIMIT_DATA, (most, most))
            model = LoadedModel(directory)
            return b""

        def run(header: dict[str, Any] = header, body: bytes = body) -> bytes:
            import pyarrow as pa

            if model is None:
                raise BadRequestError("no model is loaded")
            batch = pa.ipc.open_stream(body).read_next_batch()
            answer = model.run(header["function"], columns_of(batch, header["layout"]))
            texts = pa.RecordBatch.from_arrays([pa.array(json_texts(answer), pa.string())], ["out"])
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, texts.schema) as writer:
                writer.write_batch(texts)
            return sink.getvalue().to_pybytes()

        _answer(load if header["op"] == "load" else run, output)


def main() -> None:
    """Serve on the standard streams, with what the model prints kept out of the answers."""
    requests = os.fdopen(os.dup(0), "rb")
    output = os.fdopen(os.dup(1), "wb")
    # What the model forks holds neither end: else the server would wait for it, too.
    ends = (requests.fileno(), output.fileno())
    os.register_at_fork(after_in_child=lambda: [os.close(one) for one in ends])
    os.dup2(2, 1)
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    # The server's end, within a frame or while being answered, is the end here too.
    with contextlib.suppress(EOFError, BrokenPipeError):
        serve(requests, output)
    shutil.rmtree(Path.cwd(), ignore_errors=True)


if __name__ == "__main__":
    main()
