"""Training sets, models, their metrics, the registry and predictions.

Add a file for each new table or artifact of this schema. What must not go here: other schemas'.
"""
