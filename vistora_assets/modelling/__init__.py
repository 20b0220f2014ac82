"""The modelling room: from a training frame to a gated, persisted spend predictor.

Holds the pure part of the project's machine learning: the data contract, metrics, splits,
baselines, candidates, training, the promotion gate, persistence and plots. Add a module here when
it needs numbers and nothing else. What must not go here: Dagster, Snowflake, SQL, a clock, global
state, or a random number without a seed.

Importing this package imports nothing heavy; import the submodule that is needed.
"""
