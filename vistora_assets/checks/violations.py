"""The factory: a check is a query for what breaks a rule.

What it holds: `violations`, which makes a check that passes when its query finds nothing, and shows
what it found. Add to it another way to judge a query. What must not go here: rules.
"""

from collections.abc import Callable
from typing import Any

import dagster as dg

from vistora_assets.resources.warehouse import Warehouse

SHOWN = 20
IN_DESCRIPTION = 5


def violations(
    asset: dg.AssetKey,
    name: str,
    query: Callable[[Any, Warehouse], str],
    *,
    description: str,
    broken: str,
    warns: bool = False,
) -> dg.AssetChecksDefinition:
    """Return a check of one rule.

    Args:
        asset: whose rule it is.
        name: of the check.
        query: gives, for a connection and the warehouse, the SQL that finds what breaks the rule.
        description: the rule, in a sentence.
        broken: what a person should do when it is broken, in a sentence.
        warns: whether it only warns; else it blocks what comes after.
    """
    severity = dg.AssetCheckSeverity.WARN if warns else dg.AssetCheckSeverity.ERROR

    @dg.asset_check(asset=asset, name=name, description=description, blocking=not warns)
    def check(warehouse: dg.ResourceParam[Warehouse]) -> dg.AssetCheckResult:
        with warehouse.connection() as connection:
            cursor = connection.cursor()
            try:
                cursor.execute(query(connection, warehouse))
                names = [str(column[0]) for column in cursor.description]
                found = [[_cell(value) for value in row] for row in cursor.fetchmany(SHOWN + 1)]
            finally:
                cursor.close()
        if not found:
            return dg.AssetCheckResult(passed=True, severity=severity, metadata={"violations": 0})
        more = len(found) > SHOWN
        count = f"{SHOWN} or more" if more else str(len(found))
        return dg.AssetCheckResult(
            passed=False,
            severity=severity,
            # The page of a check shows its description as Markdown, and metadata only on a click.
            description=f"{count} found. {broken}\n\n{_table(names, found[:IN_DESCRIPTION])}",
            metadata={
                "violations": min(len(found), SHOWN),
                "found": dg.MetadataValue.md(_table(names, found[:SHOWN])),
            },
        )

    return check


def _cell(value: object) -> str:
    """Return a value as a person reads it."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _table(names: list[str], rows: list[list[str]]) -> str:
    """Return rows as a table of Markdown."""
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |"
        for line in (names, ["---"] * len(names), *rows)
    )
