"""A local stand-in for Snowflake that the real clients talk to over HTTP.

The public face is here; how it lives is in `serving/lifecycle.py`, how it answers in
`serving/server.py`. It
imports nothing of the project around it. The README of this package shows how to use it.
"""

from embedded_snowflake.serving.lifecycle import (
    ConnectionInfo,
    Status,
    WarehouseError,
    ensure_running,
    reset,
    start,
    status,
    stop,
)

__all__ = [
    "ConnectionInfo",
    "Status",
    "WarehouseError",
    "ensure_running",
    "reset",
    "start",
    "status",
    "stop",
]
