"""How fast the embedded warehouse is, as ratios to DuckDB on the same rows in the same run.

``python -m benchmarks.warehouse [--rows N] [--groups N] [--selects N]``. Add a measurement here
when it is of the embedded warehouse alone; the pipeline's own belong beside it.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import snowflake.connector
from snowflake.connector.pandas_tools import write_pandas

import embedded_snowflake

BOUNDS = {
    "in, snappy": "at most 2.5 times DuckDB",
    "in, gzip": "reported",
    "out": "at most 4 times DuckDB",
    "group by integer": "at most 1.2 times DuckDB",
    "group by user": "at most 1.2 times DuckDB",
    "SELECT 1, median": "under 8 ms",
    "ready": "under 4 s",
    "memory, growth": "flat",
}


def _seconds(call: Callable[[], Any], times: int = 3) -> float:
    """The best of some runs: the others waited for something else."""
    found: list[float] = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        found.append(time.perf_counter() - began)
    return min(found)


def _frame(rows: int) -> pd.DataFrame:
    random = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "ID": np.arange(rows),
            "USER_ID": random.integers(0, 50_000, rows).astype(str),
            "AMOUNT": random.gamma(2.0, 20.0, rows).round(2),
            "COUNTRY": random.choice(np.array(["DE", "FR", "GB", "US"]), rows),
            "DAY": pd.Timestamp("2024-01-01")
            + pd.to_timedelta(random.integers(0, 365, rows), unit="D"),
        }
    )


def _resident_mb(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    line = next(one for one in text.splitlines() if one.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def _tell(name: str, value: str) -> None:
    sys.stdout.write(f"{name:<18} {value:<40} ({BOUNDS[name]})\n")
    sys.stdout.flush()


def measure(root: Path, rows: int, groups: int, selects: int) -> None:
    """Measure, and write a line for each."""
    began = time.perf_counter()
    info = embedded_snowflake.ensure_running(root)
    _tell("ready", f"{time.perf_counter() - began:.2f} s")
    with snowflake.connector.connect(**info.connect_arguments()) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE DATABASE bench")
        _small(cursor)
        _in_and_out(connection, root, rows)
        _grouped(cursor, root, groups)
        _memory(cursor, root, selects)


def _small(cursor: Any) -> None:
    found = [_seconds(lambda: cursor.execute("SELECT 1").fetchall(), 1) for _ in range(200)]
    _tell("SELECT 1, median", f"{statistics.median(found) * 1000:.1f} ms")


def _in_and_out(connection: Any, root: Path, rows: int) -> None:
    frame = _frame(rows)
    with duckdb.connect(root / "direct.db") as direct:
        direct.register("frame", frame)
        alone = _seconds(lambda: direct.execute("CREATE OR REPLACE TABLE t AS SELECT * FROM frame"))
        read = _seconds(lambda: direct.execute("SELECT * FROM t").df())
    for codec in ("snappy", "gzip"):

        def write(compression: str = codec) -> None:
            write_pandas(
                connection,
                frame,
                "T",
                auto_create_table=True,
                overwrite=True,
                compression=compression,
                use_logical_type=True,
            )

        taken = _seconds(write, 3 if codec == "snappy" else 1)
        _tell(f"in, {codec}", f"{taken / alone:.2f} times: {taken:.2f} s, DuckDB {alone:.2f} s")
    taken = _seconds(lambda: connection.cursor().execute("SELECT * FROM t").fetch_pandas_all())
    _tell("out", f"{taken / read:.2f} times: {taken:.2f} s, DuckDB {read:.2f} s")


def _grouped(cursor: Any, root: Path, rows: int) -> None:
    """Two keys: few groups, read as rows; many, read as a frame, as one reads many.

    What a statement costs beside its query shows in the first.
    """
    cursor.execute(
        "CREATE TABLE g AS SELECT (n % 1000)::INT AS k, (n % 50000)::TEXT AS u, n::FLOAT AS v "
        f"FROM (SELECT SEQ8() AS n FROM TABLE(GENERATOR(ROWCOUNT => {rows})))"
    )
    with duckdb.connect(root / "direct.db") as direct:
        direct.execute(
            "CREATE TABLE g AS SELECT range % 1000 AS k, (range % 50000)::TEXT AS u, "
            f"range::DOUBLE AS v FROM range({rows})"
        )
        by = "SELECT {0}, SUM(v) AS s, COUNT(*) AS c FROM g GROUP BY {0}"
        query = by.format("k")
        _compare(
            "group by integer",
            lambda: cursor.execute(query).fetchall(),
            lambda: direct.execute(query).fetchall(),
        )
        wide = by.format("u")
        _compare(
            "group by user",
            lambda: cursor.execute(wide).fetch_pandas_all(),
            lambda: direct.execute(wide).df(),
        )


def _compare(name: str, ours: Callable[[], Any], direct: Callable[[], Any]) -> None:
    # By turns, so that what slows the machine down for a while slows both.
    found = [(_seconds(direct, 1), _seconds(ours, 1)) for _ in range(60)]
    alone, taken = (min(column) for column in zip(*found, strict=True))
    _tell(name, f"{taken / alone:.2f} times: {taken:.3f} s, DuckDB {alone:.3f} s")


def _memory(cursor: Any, root: Path, selects: int) -> None:
    pid = embedded_snowflake.status(root).pid
    if pid is None or not Path(f"/proc/{pid}/status").exists():
        return
    seen: list[float] = []
    for number in range(selects):
        cursor.execute(f"SELECT *, {number} AS n FROM t LIMIT 100000").fetch_arrow_all()
        if number % max(selects // 10, 1) == 0:
            seen.append(_resident_mb(pid))
    shown = " ".join(f"{one:.0f}" for one in seen)
    _tell("memory, growth", f"{shown} MB in {selects} selects")


def main() -> int:
    """Run all of it in a directory of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--groups", type=int, default=10_000_000)
    parser.add_argument("--selects", type=int, default=1_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        try:
            measure(root, arguments.rows, arguments.groups, arguments.selects)
        finally:
            embedded_snowflake.stop(root)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
