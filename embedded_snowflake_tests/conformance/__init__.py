"""Conformance: what Snowflake's documentation says, asked of the embedded warehouse and an account."""
