"""A load that is cut off, overtaken or broken leaves nothing half done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from snowflake.connector import SnowflakeConnection

from vistora_assets.sources import ColumnMap, IngestOptions, Objects, ingest, land
from vistora_assets.sources.errors import InvariantError
from vistora_assets.sources.warehouse import Warehouse

TEXT = "event_id,user_id,event_time,event_type,amount\ne1,u,2025-10-01,purchase,5\n"
TABLES = ("events", "rejected_events", "loaded_files", "load_counter")


class CutOffError(Exception):
    """Stands for the end of the process."""


def contents(connection: SnowflakeConnection, objects: Objects) -> list[Any]:
    warehouse = Warehouse(connection, objects)
    return [sorted(map(str, warehouse.run(f"SELECT * FROM {{{name}}}").rows)) for name in TABLES]


@pytest.mark.parametrize("beginning", ["UPDATE", "DELETE FROM", "INSERT INTO", "WITH MINE"])
def test_a_load_cut_off_inside_its_transaction_is_as_if_it_had_not_been(
    connection: SnowflakeConnection,
    objects: Objects,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    beginning: str,
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(TEXT)
    land(connection, objects, path, ColumnMap())
    before = contents(connection, objects)
    run = Warehouse.run
    begun = [False]

    def cut_off(self: Warehouse, statement: str, *given: Any, **names: Any) -> Any:
        begun[0] = begun[0] or statement == "BEGIN TRANSACTION"
        result = run(self, statement, *given, **names)
        if begun[0] and statement.strip().startswith(beginning):
            raise CutOffError
        return result

    with monkeypatch.context() as patched:
        patched.setattr(Warehouse, "run", cut_off)
        with pytest.raises(CutOffError):
            ingest(connection, objects, IngestOptions())
    assert contents(connection, objects) == before
    assert ingest(connection, objects, IngestOptions()).rows_accepted == 1


def test_a_load_that_is_overtaken_plans_again_and_finds_nothing_to_do(
    connection: SnowflakeConnection,
    objects: Objects,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(TEXT)
    land(connection, objects, path, ColumnMap())
    run = Warehouse.run
    overtaken = [False]

    def overtake(self: Warehouse, statement: str, *given: Any, **names: Any) -> Any:
        if statement == "BEGIN TRANSACTION" and not overtaken[0]:
            overtaken[0] = True
            ingest(connection, objects, IngestOptions())
        return run(self, statement, *given, **names)

    with monkeypatch.context() as patched:
        patched.setattr(Warehouse, "run", overtake)
        report = ingest(connection, objects, IngestOptions(), ["a.csv"])
    assert (report.load_sequence, report.rows_known, report.rows_accepted) == (None, 1, 0)


def test_a_breach_of_an_invariant_rolls_back_and_says_which(
    connection: SnowflakeConnection,
    objects: Objects,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(TEXT)
    land(connection, objects, path, ColumnMap())
    before = contents(connection, objects)
    run = Warehouse.run

    def lose_rows(self: Warehouse, statement: str, *given: Any, **names: Any) -> Any:
        if "INSERT INTO {events}" in statement:
            statement = statement.replace("= 'accepted'", "= 'nothing'")
        return run(self, statement, *given, **names)

    monkeypatch.setattr(Warehouse, "run", lose_rows)
    with pytest.raises(InvariantError, match="1 accepted, but 0 stored"):
        ingest(connection, objects, IngestOptions())
    assert contents(connection, objects) == before
