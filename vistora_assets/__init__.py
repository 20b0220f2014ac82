"""Vistora: what each user will spend next, predicted on Snowflake and orchestrated by Dagster.

Importing the package itself costs nothing and does one thing, which must come before any library
that computes is loaded. Import the module that you need; `vistora_assets.definitions` is Dagster's
entry point. Nothing else belongs here.
"""

import os

# The threads of scikit-learn's boosters otherwise wait for each other by spinning without end, which
# on a machine that also serves the UI and a warehouse made a fit ten times slower and more. Waiting
# without any spinning makes every fit slower, also on an idle machine. A short spin is right for both
# (benchmarks/busy_machine.py). The variable is libgomp's, which is the wheels' on Linux.
SPIN_COUNT = "10000"
os.environ.setdefault("GOMP_SPINCOUNT", SPIN_COUNT)
