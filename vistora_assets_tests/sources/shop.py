"""A landing stage with its tables, and the few questions that tests ask of them.

Add what several tests of this folder ask. What must not go here: assertions.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from snowflake.connector import SnowflakeConnection

from vistora_assets.sources import ColumnMap, IngestOptions, Objects, ingest, land

HEADER = "user_id,event_time,event_type,amount,country\n"


class Shop:
    """A landing stage with its tables, and the few questions that tests ask of them."""

    def __init__(self, connection: SnowflakeConnection, objects: Objects, folder: Path) -> None:
        self.connection, self.objects, self.folder = connection, objects, folder
        self.options = IngestOptions()

    def put(self, path: Path) -> None:
        """Put a file on the stage as other tools do: without its hash in the path."""
        stage = self.objects.stage_location()
        self.connection.cursor().execute(f"PUT 'file://{path}' '{stage}' AUTO_COMPRESS = FALSE")

    def land(self, name: str, text: str, column_map: ColumnMap | None = None) -> None:
        """Write a file and land it."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        land(self.connection, self.objects, path, column_map or ColumnMap())

    def ingest(self, files: list[str] | None = None, **options: Any) -> Any:
        """Load what waits, or these files."""
        chosen = IngestOptions(**options) if options else self.options
        return ingest(self.connection, self.objects, chosen, files)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Return a query's rows; `{events}` and its like stand for our objects."""
        cursor = self.connection.cursor()
        cursor.execute(statement.format_map(self.objects.names))
        return [tuple(row) for row in cursor.fetchall()]

    def events(self) -> list[tuple[Any, ...]]:
        """Return the events: id, user, time, type, amount."""
        return self.rows(
            "SELECT EVENT_ID, USER_ID, EVENT_TIME, EVENT_TYPE, AMOUNT FROM {events} ORDER BY 1"
        )


def counts(report: Any) -> tuple[int, int, int, int]:
    """Return rows read, accepted, rejected and known."""
    return report.rows_read, report.rows_accepted, report.rows_rejected, report.rows_known
