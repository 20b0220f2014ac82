"""What a booster's fit costs, alone and beside other work, by the way that threads wait.

Run: `.venv/bin/python benchmarks/busy_machine.py`. Four processes a core count meanwhile, as a
test suite, a UI and a warehouse would. Each number is the best of two.
"""

from __future__ import annotations

import os
import subprocess
import sys

from vistora_assets import SPIN_COUNT

REPEATS = 2
FIT = """
import time
import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
random = np.random.default_rng(0)
X = random.normal(size=(60_000, 35))
y = np.exp(X[:, 0])
began = time.perf_counter()
HistGradientBoostingRegressor(loss="poisson", max_iter=60).fit(X, y)
print(time.perf_counter() - began)
"""
COUNT = "while True: pass"


WAYS: dict[str, dict[str, str]] = {
    "as libraries do": {},
    "never spinning": {"OMP_WAIT_POLICY": "PASSIVE"},
    "ours": {"GOMP_SPINCOUNT": SPIN_COUNT},
}


def best(way: dict[str, str]) -> float:
    """Return the seconds of the fastest fit with these variables."""
    kept = {name: value for name, value in os.environ.items() if name != "GOMP_SPINCOUNT"}
    taken: list[float] = []
    for _ in range(REPEATS):
        done = subprocess.run(
            [sys.executable, "-c", FIT],
            check=True,
            env={**kept, **way},
            capture_output=True,
            text=True,
        )
        taken.append(float(done.stdout))
    return min(taken)


def main() -> None:
    """Print seconds, alone and beside other work, and the ratio to ours."""
    for label, others in (("alone", 0), ("beside other work", 4 * (os.cpu_count() or 1))):
        counting = [subprocess.Popen([sys.executable, "-c", COUNT]) for _ in range(others)]
        try:
            seconds = {name: best(way) for name, way in WAYS.items()}
        finally:
            for process in counting:
                process.kill()
                process.wait()
        for name, taken in seconds.items():
            print(f"{label:18} {name:16} {taken:6.2f} s  {taken / seconds['ours']:6.1f} x")


if __name__ == "__main__":
    main()
