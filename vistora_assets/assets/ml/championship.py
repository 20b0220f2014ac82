"""Who is champion: the ledger of decisions, and the aliases that follow it.

What it holds: reading and writing of `ML.CHAMPION` and `ML.PROMOTIONS`, and `settle`, which makes
the registry's aliases say what they say. Add another kind of decision here. What must not go here:
how a decision is reached (`promoting`, `vistora_assets.modelling.promotion`).

Compare-and-set: `ML.CHAMPION` is one row with a generation. A decision is written in a transaction
that begins by adding one to the generation, on the condition that it still is the one that the
decision was made on; Snowflake lets one transaction update a row at a time, and the one that
waited then finds the condition false and decides again, against the new champion.

Aliases are the registry's and move by statements that commit by themselves, so they cannot be part
of that transaction. They follow: `settle` holds the row of `ML.CHAMPION` while it moves them, so
that one process moves them at a time, always to what the row says. Who dies in between leaves a
decision that is not APPLIED; whoever comes next (a run, the command line) settles it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from vistora_assets.automation.planning import (
    CHAMPION,
    champion_ref,
    read_champion,
    registry_versions,
)
from vistora_assets.identifiers import quote
from vistora_assets.refresh import ChampionRef
from vistora_assets.resources.warehouse import Warehouse, rows

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

CHALLENGER: Final = "CHALLENGER"
LOCK_TIMEOUT: Final = 625
"""Snowflake's error number of a statement that waited in vain for another transaction."""

Action = Literal["gate", "promote", "force", "rollback"]

_NOW: Final = "CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP())::TIMESTAMP_NTZ"
_COLUMNS: Final = (
    "MODEL_VERSION, TRAINING_ID, FEATURE_VERSION, CHAMPION_BEFORE, GATE_AS_OF, PROMOTED, REASONS, "
    "COALESCE(ACTION, 'gate'), COALESCE(COMPARISONS, '[]'), FEATURE_SPECIFICATION, "
    "COALESCE(DECISION, 0), APPLIED, DECIDED_AT"
)


class OvertakenError(Exception):
    """Another decision was written since the champion was read; nothing was written."""


class ChampionshipError(ValueError):
    """A change of champion that cannot be made; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Who is champion, and the generation to write the next decision on."""

    generation: int
    champion: ChampionRef | None


@dataclass(frozen=True, slots=True)
class Ruling:
    """A decision, as a row of ML.PROMOTIONS.

    Attributes:
        version, training_id, feature_version: of the version that was decided about.
        before: the champion then.
        gate_as_of: AS_OF of the rows that were compared, ISO 8601.
        promoted: whether it became champion.
        reasons: sentences.
        action: who asked.
        comparisons: of the gate, as mappings.
        specification: of the features, as JSON; None in rows of an older release.
        number: the order of decisions; 0 before it is written.
        applied: whether the aliases follow it.
        decided_at: when, as text.
    """

    version: str
    training_id: str
    feature_version: str
    before: str | None
    gate_as_of: str
    promoted: bool
    reasons: tuple[str, ...]
    action: Action = "gate"
    comparisons: tuple[dict[str, Any], ...] = ()
    specification: str | None = None
    number: int = 0
    applied: bool = False
    decided_at: str = field(default="", compare=False)


def _ruling(row: Sequence[Any]) -> Ruling:
    return Ruling(
        version=str(row[0]),
        training_id=str(row[1]),
        feature_version=str(row[2]),
        before=row[3],
        gate_as_of=row[4].isoformat(),
        promoted=bool(row[5]),
        reasons=tuple(json.loads(row[6])),
        action=row[7],
        comparisons=tuple(json.loads(row[8])),
        specification=row[9],
        number=int(row[10]),
        applied=bool(row[11]),
        decided_at=f"{row[12]:%Y-%m-%d %H:%M}",
    )


def history(
    connection: SnowflakeConnection, warehouse: Warehouse, version: str | None = None
) -> list[Ruling]:
    """Return every decision, or every one about a version, the newest first."""
    where = "" if version is None else "WHERE MODEL_VERSION = %(version)s "
    found = rows(
        connection,
        f"SELECT {_COLUMNS} FROM {warehouse.ml('PROMOTIONS')} {where}"
        "ORDER BY COALESCE(DECISION, 0) DESC, DECIDED_AT DESC",
        {"version": version} if version is not None else None,
    )
    return [_ruling(row) for row in found]


def standing(connection: SnowflakeConnection, warehouse: Warehouse) -> Standing:
    """Return who is champion by the ledger.

    Where the ledger names nobody, who carries the alias is: an installation that is older than
    the ledger.

    Raises:
        LookupError: the champion's feature version is not recorded.
    """
    generation, version = rows(
        connection, f"SELECT GENERATION, MODEL_VERSION FROM {warehouse.ml('CHAMPION')}"
    )[0]
    if version is None:
        return Standing(int(generation), read_champion(connection, warehouse.settings))
    known = history(connection, warehouse, str(version))[0]
    return Standing(
        int(generation),
        champion_ref(str(version), known.feature_version, known.specification),
    )


def record(
    connection: SnowflakeConnection, warehouse: Warehouse, before: Standing, ruling: Ruling
) -> Ruling:
    """Write a decision that was made on a standing, and return it with its number.

    Raises:
        OvertakenError: the standing is not the current one any more.
    """
    champion = before.champion.version if before.champion else None
    number = before.generation + 1
    try:
        rows(connection, "BEGIN TRANSACTION")
        changed = rows(
            connection,
            f"UPDATE {warehouse.ml('CHAMPION')} SET GENERATION = %(number)s, "
            f"MODEL_VERSION = %(version)s, CHANGED_AT = {_NOW} WHERE GENERATION = %(before)s",
            {
                "number": number,
                "version": ruling.version if ruling.promoted else champion,
                "before": before.generation,
            },
        )
        if int(changed[0][0]) != 1:
            raise OvertakenError  # noqa: TRY301 - the rollback below is for this as well
        rows(
            connection,
            f"INSERT INTO {warehouse.ml('PROMOTIONS')} (MODEL_VERSION, TRAINING_ID, "
            "FEATURE_VERSION, CHAMPION_BEFORE, GATE_AS_OF, PROMOTED, APPLIED, REASONS, "
            "DECIDED_AT, DECISION, ACTION, COMPARISONS, FEATURE_SPECIFICATION) "
            "SELECT %(version)s, %(training)s, %(features)s, %(champion)s, "
            f"%(gate)s::TIMESTAMP_NTZ, %(promoted)s, FALSE, %(reasons)s, {_NOW}, %(number)s, "
            "%(action)s, %(comparisons)s, %(specification)s",
            {
                "version": ruling.version,
                "training": ruling.training_id,
                "features": ruling.feature_version,
                "champion": champion,
                "gate": ruling.gate_as_of,
                "promoted": ruling.promoted,
                "reasons": json.dumps(ruling.reasons),
                "number": number,
                "action": ruling.action,
                "comparisons": json.dumps(ruling.comparisons),
                "specification": ruling.specification,
            },
        )
        rows(connection, "COMMIT")
    except BaseException as error:
        rows(connection, "ROLLBACK")
        if getattr(error, "errno", None) == LOCK_TIMEOUT:
            raise OvertakenError from error
        raise
    return next(row for row in history(connection, warehouse) if row.number == number)


def _wanted(
    connection: SnowflakeConnection, warehouse: Warehouse, holders: dict[str, str]
) -> tuple[int, dict[str, str]]:
    """Return the generation and who should carry which alias."""
    generation, champion = rows(
        connection, f"SELECT GENERATION, MODEL_VERSION FROM {warehouse.ml('CHAMPION')}"
    )[0]
    wanted: dict[str, str] = {}
    if champion is not None:
        wanted[CHAMPION] = str(champion)
    elif CHAMPION in holders:
        wanted[CHAMPION] = holders[CHAMPION]
    newest = next((r for r in history(connection, warehouse) if r.action == "gate"), None)
    if newest is not None and newest.version != wanted.get(CHAMPION):
        wanted[CHALLENGER] = newest.version
    return int(generation), wanted


def settle(warehouse: Warehouse) -> bool:
    """Make the aliases follow the ledger, and mark its decisions as applied.

    Safe to repeat, and for several processes at once.

    Returns:
        Whether anything had to be moved.
    """
    with warehouse.connection() as lock, warehouse.connection() as other:
        holders = _holders(other, warehouse)
        if holders == _wanted(other, warehouse, holders)[1]:
            pending = rows(
                other, f"SELECT COUNT(*) FROM {warehouse.ml('PROMOTIONS')} WHERE NOT APPLIED"
            )
            if int(pending[0][0]) == 0:
                return False
        rows(lock, "BEGIN TRANSACTION")
        try:
            # Nobody else gets past this line until the end of the transaction.
            rows(lock, f"UPDATE {warehouse.ml('CHAMPION')} SET CHANGED_AT = {_NOW}")
            holders = _holders(other, warehouse)
            generation, wanted = _wanted(lock, warehouse, holders)
            moved = _move(other, warehouse, holders, wanted)
            rows(
                lock,
                f"UPDATE {warehouse.ml('PROMOTIONS')} SET APPLIED = TRUE "
                "WHERE NOT APPLIED AND COALESCE(DECISION, 0) <= %(generation)s",
                {"generation": generation},
            )
        except BaseException:
            rows(lock, "ROLLBACK")
            raise
        rows(lock, "COMMIT")
    return moved


def _holders(connection: SnowflakeConnection, warehouse: Warehouse) -> dict[str, str]:
    return {
        alias: version.name
        for version in registry_versions(connection, warehouse.settings)
        for alias in version.aliases
        if alias in (CHAMPION, CHALLENGER)
    }


def _move(
    connection: SnowflakeConnection,
    warehouse: Warehouse,
    holders: dict[str, str],
    wanted: dict[str, str],
) -> bool:
    model = warehouse.ml(warehouse.settings.objects.model)
    # A version carries one alias, so all are taken before any is given: nobody is champion for
    # as long as these statements take.
    for alias, version in holders.items():
        if wanted.get(alias) != version:
            rows(connection, f"ALTER MODEL {model} VERSION {quote(version)} UNSET ALIAS")
    for alias, version in wanted.items():
        if holders.get(alias) != version:
            rows(connection, f"ALTER MODEL {model} VERSION {quote(version)} SET ALIAS = {alias}")
            if alias == CHAMPION:
                rows(connection, f"ALTER MODEL {model} SET DEFAULT_VERSION = {quote(version)}")
    return holders != wanted


def roll_back(warehouse: Warehouse, reason: str) -> Ruling:
    """Make the previous champion champion again, and move the aliases.

    Previous is whom the champion's own promotion replaced, so that rolling back twice goes back
    two champions and not to and fro.

    Raises:
        ChampionshipError: there is no champion, or none before it.
        OvertakenError: another decision was written meanwhile.
    """
    with warehouse.connection() as connection:
        now = standing(connection, warehouse)
        if now.champion is None:
            raise ChampionshipError("There is no champion, so there is nothing to roll back.")
        current = now.champion.version
        made = next(
            (
                row
                for row in history(connection, warehouse, current)
                if row.promoted and row.action != "rollback"
            ),
            None,
        )
        if made is None or made.before is None or made.before == current:
            raise ChampionshipError(
                f"There is no champion before {current}. `vistora model list` shows the versions; "
                "`vistora model promote VERSION` asks the gate for another one."
            )
        known = {version.name for version in registry_versions(connection, warehouse.settings)}
        if made.before not in known:
            raise ChampionshipError(
                f"{made.before}, the champion before {current}, is not in the registry any more: "
                "`vistora model promote VERSION` asks the gate for another one."
            )
        back = history(connection, warehouse, made.before)[0]
        ruling = record(
            connection,
            warehouse,
            now,
            Ruling(
                version=back.version,
                training_id=back.training_id,
                feature_version=back.feature_version,
                before=current,
                gate_as_of=back.gate_as_of,
                promoted=True,
                reasons=(f"Rolled back from {current}: {reason}",),
                action="rollback",
                specification=back.specification,
            ),
        )
    settle(warehouse)
    return ruling
