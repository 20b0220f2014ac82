"""How a value becomes an object in Snowflake, and back: persistence, and nothing else.

Add a module for another kind of object. What must not go here: SQL that computes (the assets'
and `vistora_assets.features`), and decisions. Importing this package imports nothing heavy.
"""
