"""What a booster's fit costs beside other work, with and without our way for threads to wait.

Run: `.venv/bin/python benchmarks/busy_machine.py`. One process a core counts meanwhile, as a UI, a
daemon and a warehouse would. Each number is the best of three.
"""

from __future__ import annotations

import os
import subprocess
import sys

REPEATS = 3
FIT = """
import time
import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
random = np.random.default_rng(0)
X = random.normal(size=(20_000, 30))
y = np.exp(X[:, 0])
began = time.perf_counter()
HistGradientBoostingRegressor(loss="poisson", max_iter=20).fit(X, y)
print(time.perf_counter() - began)
"""
COUNT = "while True: pass"


def best(policy: str) -> float:
    """Return the seconds of the fastest fit under a wait policy."""
    environment = {**os.environ, "OMP_WAIT_POLICY": policy}
    taken: list[float] = []
    for _ in range(REPEATS):
        done = subprocess.run(
            [sys.executable, "-c", FIT],
            check=True,
            env=environment,
            capture_output=True,
            text=True,
        )
        taken.append(float(done.stdout))
    return min(taken)


def main() -> None:
    """Print seconds and their ratio, alone and beside other work."""
    for label, others in (("alone", 0), ("beside other work", os.cpu_count() or 1)):
        counting = [subprocess.Popen([sys.executable, "-c", COUNT]) for _ in range(others)]
        try:
            spinning, passive = best("ACTIVE"), best("PASSIVE")
        finally:
            for process in counting:
                process.kill()
                process.wait()
        print(f"{label:18} ACTIVE {spinning:6.2f} s  PASSIVE {passive:6.2f} s", end="")
        print(f"  {spinning / passive:5.1f} x")


if __name__ == "__main__":
    main()
