"""The objects that hold input: the landing stage, its file formats and the three tables.

What it holds: their names in one place (`Objects`) and the statements that make them
(`ensure_objects`, from `create_objects.sql`, whose comments are the columns' documentation).

Add to it when ingest needs another lasting object. What must not go here: temporary tables of one
load (`staging`), grants and the database itself (`sql/setup.sql`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from vistora_assets.identifiers import qualified, quote

if TYPE_CHECKING:
    from vistora_assets.sources.warehouse import Connection

SEPARATOR: Final = ";\n"
"""What ends a statement in our `.sql` files; no statement holds it inside."""


@dataclass(frozen=True, slots=True)
class Objects:
    """Names of the objects of input: database and schema are settings, the rest is fixed."""

    database: str = "ML_DEMO"
    schema: str = "RAW"

    @property
    def names(self) -> Mapping[str, str]:
        """Quoted names by the placeholder that stands for them in a statement."""
        tables = {
            "events": "USER_EVENTS",
            "rejected_events": "REJECTED_EVENTS",
            "loaded_files": "LOADED_FILES",
            "load_counter": "LOAD_COUNTER",
            "landing": "LANDING",
            "csv_format": "LANDING_CSV",
            "csv_header_format": "LANDING_CSV_HEADER",
            "parquet_format": "LANDING_PARQUET",
            "input_rows": "INGEST_INPUT_ROWS",
            "typed_rows": "INGEST_TYPED_ROWS",
            "input_files": "INGEST_INPUT_FILES",
            "judged_rows": "INGEST_JUDGED_ROWS",
        }
        return {
            "schema": qualified(self.database, self.schema),
            **{
                place: qualified(self.database, self.schema, name) for place, name in tables.items()
            },
        }

    def stage_location(self, directory: str = "") -> str:
        """The landing stage, or a directory on it, as `@...` for a bound or quoted location."""
        stage = f"@{quote(self.database)}.{quote(self.schema)}.{quote('LANDING')}"
        return f"{stage}/{directory}" if directory else stage


def statements(file_name: str) -> list[str]:
    """Return the statements of one `.sql` file of this package, in order, without comments."""
    text = files("vistora_assets.sources").joinpath(file_name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("--")]
    parts = ("\n".join(lines) + "\n").split(SEPARATOR)
    return [part.strip() for part in parts if part.strip()]


def ensure_objects(connection: Connection, objects: Objects) -> None:
    """Make the stage, file formats and tables where they do not exist; change nothing else.

    The database and the schema must exist.
    """
    from vistora_assets.sources.warehouse import Warehouse

    warehouse = Warehouse(connection, objects)
    for statement in statements("create_objects.sql"):
        warehouse.run(statement)
