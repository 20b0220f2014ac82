"""Checks of input: nothing lost, nothing doubled, no file withheld.

Add a rule about events or files. What must not go here: judging of rows (`vistora_assets.sources`).
"""

from __future__ import annotations

import dagster as dg

from vistora_assets.assets.inventory import LOADED_FILES, REJECTED_EVENTS, USER_EVENTS
from vistora_assets.checks.violations import violations
from vistora_assets.resources.warehouse import Warehouse
from vistora_assets.settings import Settings


def raw_checks(settings: Settings) -> list[dg.AssetChecksDefinition]:
    """Return the checks of the raw tables."""

    def table(warehouse: Warehouse, name: str) -> str:
        return warehouse.table(settings.objects.raw, name)

    return [
        violations(
            LOADED_FILES,
            "rows_are_conserved",
            lambda _, warehouse: (
                "SELECT FILE_NAME, LOAD_SEQUENCE, ROWS_READ, ROWS_ACCEPTED, ROWS_REJECTED, "
                f"ROWS_KNOWN FROM {table(warehouse, 'LOADED_FILES')} WHERE STATE = 'LOADED' "
                "AND ROWS_READ <> ROWS_ACCEPTED + ROWS_REJECTED + ROWS_KNOWN "
                "ORDER BY LOAD_SEQUENCE, FILE_NAME"
            ),
            description="Of every file, rows read = accepted + rejected + known.",
            broken="Rows were lost or doubled on the way in: report this, it is a defect.",
        ),
        violations(
            LOADED_FILES,
            "no_file_is_blocked",
            lambda _, warehouse: (
                "SELECT FILE_NAME, ROWS_READ, ROWS_REJECTED, REASON "
                f"FROM {table(warehouse, 'LOADED_FILES')} WHERE STATE = 'BLOCKED' "
                "ORDER BY LOAD_SEQUENCE, FILE_NAME"
            ),
            description="No file waits because too many of its rows are bad.",
            broken=(
                "None of its rows was published. See them with `vistora rejected`, then land a "
                "mended file under the same name (of a table: mend its rows), or load the others "
                "with `vistora rejected --accept NAME`."
            ),
        ),
        violations(
            USER_EVENTS,
            "event_id_is_a_key",
            lambda _, warehouse: (
                f"SELECT EVENT_ID, COUNT(*) AS EVENTS FROM {table(warehouse, 'USER_EVENTS')} "
                "GROUP BY EVENT_ID HAVING COUNT(*) > 1 OR EVENT_ID IS NULL ORDER BY EVENT_ID"
            ),
            description="EVENT_ID is unique and never NULL.",
            broken="An event would count twice: delete one of them in the source and land it again.",
        ),
        violations(
            USER_EVENTS,
            "events_are_complete",
            lambda _, warehouse: (
                "SELECT EVENT_ID, USER_ID, EVENT_TIME, EVENT_TYPE, AMOUNT FROM "
                f"{table(warehouse, 'USER_EVENTS')} WHERE USER_ID IS NULL OR EVENT_TIME IS NULL "
                "OR EVENT_TYPE IS NULL OR (EVENT_TYPE IN ('purchase', 'refund') "
                "AND (AMOUNT IS NULL OR AMOUNT < 0)) ORDER BY EVENT_ID"
            ),
            description="User, time and type are there; amounts of purchases and refunds are >= 0.",
            broken="Such rows belong into rejected_events: report this, it is a defect.",
        ),
        violations(
            REJECTED_EVENTS,
            "no_rows_were_rejected",
            lambda _, warehouse: (
                "SELECT SOURCE_FILE, COUNT(*) AS REJECTED_ROWS, MIN(REASONS) AS A_REASON "
                f"FROM {table(warehouse, 'REJECTED_EVENTS')} "
                "GROUP BY SOURCE_FILE ORDER BY COUNT(*) DESC, SOURCE_FILE"
            ),
            description="Warns of input rows that were not accepted.",
            broken="See them with `vistora rejected`; mend the file and land it again.",
            warns=True,
        ),
    ]
