"""What the pipeline holds while it runs: the warehouse's connection and its clients.

Add a module for a client of another system. What must not go here: what is computed with it.
Importing this package imports nothing heavy.
"""
