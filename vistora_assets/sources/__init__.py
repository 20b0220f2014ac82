"""Events in: from files on a landing stage or from a table, exactly once, nothing lost.

What it holds: landing, reading, judging and publishing of input rows, in Snowflake's SQL over an
open connection. It knows neither Dagster nor how a connection is made.
"""

from vistora_assets.sources.ingest import accept, ingest, pending
from vistora_assets.sources.landing import LandedFile, land
from vistora_assets.sources.ledger import blocked, rejected
from vistora_assets.sources.mapping import ColumnMap
from vistora_assets.sources.objects import Objects, ensure_objects
from vistora_assets.sources.reports import FileReport, IngestReport
from vistora_assets.sources.table_source import (
    TableSource,
    accept_table,
    blocked_batch,
    ingest_table,
    mapped_columns,
    table_token,
)
from vistora_assets.sources.typing_rules import IngestOptions

__all__ = [
    "ColumnMap",
    "FileReport",
    "IngestOptions",
    "IngestReport",
    "LandedFile",
    "Objects",
    "TableSource",
    "accept",
    "accept_table",
    "blocked",
    "blocked_batch",
    "ensure_objects",
    "ingest",
    "ingest_table",
    "land",
    "mapped_columns",
    "pending",
    "rejected",
    "table_token",
]
