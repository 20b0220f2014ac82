"""Features by user and snapshot, and the feature view over them.

Add a file for each new table or artifact of this schema. What must not go here: other schemas'.
"""
