"""The seed project's four rows through the real jobs: right features, and a refusal to train."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg

from vistora_assets import sources
from vistora_assets.assembly import build_definitions
from vistora_assets.automation.planning import RANGE_END, RANGE_START
from vistora_assets.resources.warehouse import Warehouse, rows
from vistora_assets.settings import Settings

SEED = """event_id,user_id,event_time,event_type,amount,country
e1,u1,2025-10-01 09:00:00,purchase,120.0,IN
e2,u1,2025-10-02 10:00:00,purchase,60.0,IN
e3,u2,2025-10-05 17:00:00,purchase,200.0,US
e4,u3,2025-10-03 14:00:00,purchase,250.0,IN
"""


def land(warehouse: Warehouse, path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    names = warehouse.settings.objects
    with warehouse.connection() as connection:
        objects = sources.Objects(names.database, names.raw)
        sources.land(connection, objects, path, sources.ColumnMap())


def run(settings: Settings, job: str, **arguments: Any) -> Any:
    found = build_definitions(settings).resolve_job_def(job)
    return found.execute_in_process(raise_on_error=False, **arguments)


def failures(result: Any) -> str:
    return " ".join(
        str(event.event_specific_data.error.cause or event.event_specific_data.error)
        + str(event.event_specific_data.user_failure_data or "")
        for event in result.get_step_failure_events()
    )


def select(warehouse: Warehouse, sql: str) -> list[tuple[Any, ...]]:
    with warehouse.connection() as connection:
        return rows(connection, sql)


def test_the_seed_s_rows_become_its_features_and_are_too_few_to_train(
    settings: Settings, warehouse: Warehouse, tmp_path: Path
) -> None:
    """u1 has 2 purchases of 180, u2 1 of 200, u3 1 of 250; a run without labels says so."""
    land(warehouse, tmp_path / "seed.csv", SEED)
    assert run(settings, "ingest").success
    keys = ("feature_store/user_features", "feature_store/user_features_view", "ml/training_set")
    tags = {RANGE_START: "2025-11-01", RANGE_END: "2025-12-01"}
    result = run(
        settings,
        "refresh",
        asset_selection=[dg.AssetKey(key.split("/")) for key in keys],
        tags=tags,
    )
    assert not result.success
    assert "No snapshot has a closed label yet" in failures(result)
    found = select(
        warehouse,
        "SELECT USER_ID, TOTAL_PURCHASES, TOTAL_SPENT FROM FEATURE_STORE.USER_FEATURES "
        "WHERE SNAPSHOT_DATE = '2025-11-01'::TIMESTAMP_NTZ ORDER BY USER_ID",
    )
    assert found == [("u1", 2.0, 180.0), ("u2", 1.0, 200.0), ("u3", 1.0, 250.0)]


def test_a_bad_file_stops_at_a_red_check_that_names_it(
    settings: Settings, warehouse: Warehouse, tmp_path: Path
) -> None:
    """None of its rows is published, and the check says which file and why."""
    before = select(warehouse, "SELECT COUNT(*) FROM RAW.USER_EVENTS")
    bad = SEED.replace("e", "x").replace("120.0", "a lot").replace("2025-10-02", "yesterday")
    header = SEED.splitlines()[0]
    land(warehouse, tmp_path / "bad.csv", "\n".join([header, *bad.splitlines()[1:]]) + "\n")
    result = run(settings, "ingest")
    assert not result.success
    red = [check for check in result.get_asset_check_evaluations() if not check.passed]
    blocked = next(check for check in red if check.check_name == "no_file_is_blocked")
    assert "bad.csv" in (blocked.description or "")
    assert select(warehouse, "SELECT COUNT(*) FROM RAW.USER_EVENTS") == before
