"""Functions whose DuckDB counterpart answers otherwise than Snowflake's, a file a family.

Each file maps nodes of the parsed statement to what replaces them (`NODES`), most of them a macro
(`MACROS`; `TYPED` where it has forms by the argument's type). Add to one when a case of the
conformance suite shows an expression that answers otherwise.
"""
