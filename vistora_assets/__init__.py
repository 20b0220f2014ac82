"""Vistora: what each user will spend next, predicted on Snowflake and orchestrated by Dagster.

Importing the package itself costs nothing and does one thing, which must come before any library
that computes is loaded. Import the module that you need; `vistora_assets.definitions` is Dagster's
entry point. Nothing else belongs here.
"""

import os

# The threads of scikit-learn's boosters otherwise wait for each other by spinning. With a free core
# for each that saves nothing that one could measure; on a machine that also serves the UI and a
# warehouse it made a fit fifty times slower (benchmarks/busy_machine.py).
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
