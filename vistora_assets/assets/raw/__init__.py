"""Input: events, rejected rows and loaded files.

Add a file for each new table or artifact of this schema. What must not go here: other schemas'.
"""
