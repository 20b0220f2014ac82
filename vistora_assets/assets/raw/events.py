"""Events, rejected rows and loaded files: one load, one transaction.

What it holds: the multi-asset of the three tables. What must not go here: reading, judging and
publishing of rows (`vistora_assets.sources`).
"""

from collections.abc import Iterator
from typing import Any, Final

import dagster as dg

from vistora_assets.assets import columns
from vistora_assets.assets.inventory import (
    LOADED_FILES,
    OWNERS,
    POOL,
    REJECTED_EVENTS,
    USER_EVENTS,
)
from vistora_assets.automation.freshness import freshness
from vistora_assets.io_managers.tables import COLUMN_LINEAGE, WrittenTable
from vistora_assets.resources.warehouse import Warehouse
from vistora_assets.settings import Settings

DESCRIPTIONS: Final = {
    USER_EVENTS: (
        "Accepted purchases and refunds. Grain: an event; key `EVENT_ID`, the source's own or "
        "`<file>#<row>`. `EVENT_TIME` is UTC, `AMOUNT` is >= 0 and `EVENT_TYPE` gives its sign."
    ),
    REJECTED_EVENTS: (
        "Input rows that were not accepted, as they came, with every reason. Grain: a row of "
        "input. See them with `vistora rejected`."
    ),
    LOADED_FILES: (
        "What was read, when, and how it went: read = accepted + rejected + known. Grain: a "
        "content of a file in a load. A BLOCKED file has published none of its rows."
    ),
}


class IngestConfig(dg.Config):
    """Which landed files to load; by default all that are new or replaced."""

    files: list[str] | None = None


def source_lineage(warehouse: Warehouse) -> dg.TableColumnLineage:
    """Return from where the columns of events come: a table's, or files, which are no assets."""
    from vistora_assets import sources

    table = warehouse.table_source()
    if table is None:
        return columns.input_lineage(None, {})
    with warehouse.connection() as connection:
        mapped = sources.mapped_columns(connection, table)
    return columns.input_lineage(warehouse.settings.source.table, mapped)


def ingest(warehouse: Warehouse, files: list[str] | None = None) -> Any:
    """Load what is new from the stage, or from the events' table, and return the report."""
    from vistora_assets import sources

    objects, options = warehouse.source_objects(), warehouse.ingest_options()
    table = warehouse.table_source()
    with warehouse.connection() as connection:
        if table is None:
            return sources.ingest(connection, objects, options, files)
        return sources.ingest_table(connection, objects, options, table)


def events(settings: Settings) -> dg.AssetsDefinition:
    """Return the multi-asset."""
    shared: dict[str, Any] = {
        "owners": list(OWNERS),
        "group_name": "raw",
        "kinds": {"snowflake", "sql"},
        "io_manager_key": "tables",
        "metadata": {"schema": settings.objects.raw, "vistora/empty_is_an_answer": True},
        "code_version": "1",
        "freshness_policy": freshness(settings),
    }

    source = settings.source.table

    @dg.multi_asset(
        name="raw_events",
        outs={
            key.path[-1]: dg.AssetOut(key=key, description=text, **shared)
            for key, text in DESCRIPTIONS.items()
        },
        deps=[columns.source_key(source)] if source is not None else None,
        pool=POOL,
    )
    def raw_events(
        context: dg.AssetExecutionContext,
        config: IngestConfig,
        warehouse: dg.ResourceParam[Warehouse],
    ) -> Iterator[dg.Output[WrittenTable]]:
        report = ingest(warehouse, config.files)
        context.log.info(
            "read %s, accepted %s, rejected %s, known %s rows",
            report.rows_read,
            report.rows_accepted,
            report.rows_rejected,
            report.rows_known,
        )
        counts = {
            "rows_read": report.rows_read,
            "rows_accepted": report.rows_accepted,
            "rows_rejected": report.rows_rejected,
            "rows_known": report.rows_known,
            "load_sequence": report.load_sequence or 0,
        }
        made_from = source_lineage(warehouse)
        for key in DESCRIPTIONS:
            found = columns.lineage({}) if key == LOADED_FILES else made_from
            metadata = {**counts, COLUMN_LINEAGE: found}
            yield dg.Output(WrittenTable(metadata=metadata), output_name=key.path[-1])

    return raw_events
