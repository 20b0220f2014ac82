"""Snowflake's SQL on DuckDB: read, checked, converted, rewritten, run by fakesnow's cursor.

A statement goes through `reading`, `parsing`, `pivots`, `refusing`, `conversions/`, `rewriting`,
`functions/` and `cursor`, in this order. Nothing here knows a kind of object.
"""
