"""What loading the code location costs, as a ratio to importing Dagster alone.

Run: `.venv/bin/python benchmarks/code_location.py`. Each number is the best of five processes, so
that a busy machine disturbs it little. `import dagster_snowflake` stands beside them: it is what a
code location pays that imports its clients at the top.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPEATS = 5
CODE = {
    "import dagster": "import dagster",
    "our code location": "from vistora_assets.definitions import defs; defs()",
    "import dagster_snowflake": "import dagster_snowflake",
}


def best(code: str, environment: dict[str, str]) -> float:
    """Return the seconds of the fastest process that runs `code`."""
    taken: list[float] = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, env=environment)
        taken.append(time.perf_counter() - began)
    return min(taken)


def main() -> None:
    """Print seconds and ratios."""
    project = str(Path(__file__).parents[1])
    with tempfile.TemporaryDirectory() as root:
        environment = {**os.environ, "PYTHONPATH": project, "VISTORA_ROOT": root}
        seconds = {name: best(code, environment) for name, code in CODE.items()}
    for name, taken in seconds.items():
        print(f"{name:26} {taken:5.2f} s  {taken / seconds['import dagster']:5.2f} x")


if __name__ == "__main__":
    main()
