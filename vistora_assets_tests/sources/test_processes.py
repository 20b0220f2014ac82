"""Real processes that land and load at once, or are killed while they load."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import snowflake.connector

from embedded_snowflake import ConnectionInfo
from vistora_assets.sources import ColumnMap, IngestOptions, Objects, ingest, land, pending
from vistora_assets.sources.errors import LoadRaceError
from vistora_assets_tests.crash.moments import Moment, strike
from vistora_assets_tests.sources.shop import HEADER, Shop

PROCESSES = multiprocessing.get_context("spawn")
FILES, ROWS = 4, 20


def lines(file: int) -> str:
    return "".join(f"u{file}_{row},2025-10-01,purchase,{row},\n" for row in range(ROWS))


def _land_and_load(
    server: ConnectionInfo, objects: Objects, folder: Path, files: range, gate: Any, answers: Any
) -> None:
    """Land these files one by one, loading all that waits after each."""
    accepted: Counter[str] = Counter()
    with snowflake.connector.connect(**server.connect_arguments()) as connection:
        connection.cursor().execute(f"USE DATABASE {objects.database}")
        gate.wait(60)
        for file in files:
            land(connection, objects, folder / f"f{file}.csv", ColumnMap())
            while pending(connection, objects):
                try:
                    report = ingest(connection, objects, IngestOptions())
                except LoadRaceError:
                    continue
                accepted.update({one.file_name: one.rows_accepted for one in report.files})
    answers.put(dict(accepted))


def test_two_who_land_and_load_at_once_lose_nothing_and_double_nothing(
    server: ConnectionInfo, shop: Shop
) -> None:
    """One of the files is landed by both."""
    for file in range(FILES):
        (shop.folder / f"f{file}.csv").write_text(HEADER + lines(file))
    gate, answers = PROCESSES.Barrier(2), PROCESSES.SimpleQueue()
    parts = (range(FILES - 1), range(FILES - 2, FILES))
    workers = [
        PROCESSES.Process(
            target=_land_and_load, args=(server, shop.objects, shop.folder, part, gate, answers)
        )
        for part in parts
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(90)
        assert worker.exitcode == 0
    accepted = Counter(answers.get()) + Counter(answers.get())
    assert accepted == {f"f{file}.csv": ROWS for file in range(FILES)}
    users = shop.rows("SELECT USER_ID, COUNT(*) FROM {events} GROUP BY USER_ID")
    assert sorted(users) == sorted(
        (f"u{file}_{row}", 1) for file in range(FILES) for row in range(ROWS)
    )
    states = shop.rows("SELECT FILE_NAME, STATE FROM {loaded_files} ORDER BY 1")
    assert states == [(f"f{file}.csv", "LOADED") for file in range(FILES)]
    sequences = shop.rows("SELECT DISTINCT LOAD_SEQUENCE FROM {loaded_files} ORDER BY 1")
    (counter,) = shop.rows("SELECT LOAD_SEQUENCE FROM {load_counter}")[0]
    assert [number for (number,) in sequences] == list(range(1, counter + 1))


def _load_and_die(server: ConnectionInfo, objects: Objects, folder: Path, moment: Moment) -> None:
    strike(moment, "run", folder)
    with snowflake.connector.connect(**server.connect_arguments()) as connection:
        connection.cursor().execute(f"USE DATABASE {objects.database}")
        ingest(connection, objects, IngestOptions())


@pytest.mark.parametrize(
    "moment",
    [
        Moment("reading", r"^COPY INTO", "during"),
        Moment("replacing", r"^DELETE FROM .*USER_EVENTS", "after"),
        Moment("committing", r"^COMMIT", "during"),
    ],
    ids=lambda moment: moment.name,
)
def test_a_load_whose_process_is_killed_is_done_once_by_the_next(
    server: ConnectionInfo, shop: Shop, moment: Moment
) -> None:
    """Whether or not its commit was the last thing it did."""
    shop.land("f.csv", HEADER + lines(0))
    shop.ingest()
    shop.land("f.csv", HEADER + lines(1))
    process = PROCESSES.Process(
        target=_load_and_die, args=(server, shop.objects, shop.folder, moment)
    )
    process.start()
    process.join(60)
    assert process.exitcode == -9
    before = {row[1] for row in shop.events()}
    assert before in ({f"u0_{row}" for row in range(ROWS)}, {f"u1_{row}" for row in range(ROWS)})
    shop.ingest()
    assert {row[1] for row in shop.events()} == {f"u1_{row}" for row in range(ROWS)}
    assert len(shop.events()) == ROWS
    states = shop.rows("SELECT STATE, ROWS_ACCEPTED FROM {loaded_files} ORDER BY LOAD_SEQUENCE")
    assert states == [("REPLACED", ROWS), ("LOADED", ROWS)]
    assert pending(shop.connection, shop.objects) == []
