"""When things run: partitions, jobs, sensors, conditions, freshness, and what the planner reads.

Add a module for each Dagster idea. What must not go here: the decisions (`vistora_assets.refresh`)
and what an asset does.
"""
