"""Sensors and conditions on one instance: a landed file ends in predictions, each work done once.

The first file brings many snapshots, whose range is one run, and of which the newest is scored, in
a run of its own: a run marks its whole range. A file of one month then is one ingest, one refresh.

The daemon is left out and everything else is real: each tick asks the sensors and the conditions of
the definitions, as the daemon does, and what they request runs as the daemon would run it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from embedded_snowflake import stop
from vistora_assets import sources
from vistora_assets.assembly import build_definitions
from vistora_assets.resources.warehouse import Warehouse, rows
from vistora_assets.settings import Settings
from vistora_assets_tests.modelling.simulation import Process, simulate

LAST = "2022-01-01"
# Users differ much in how often they buy, so that 300 of them tell a model from a naive forecast.
PROCESS = Process(r=0.6, alpha=8.0, a=0.5, b=4.0, p=8.0, q=10.0, v=100.0)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    root = tmp_path_factory.mktemp("flow")
    values = {
        "VISTORA_FIRST_SNAPSHOT": "2021-07-01",
        "VISTORA_LAST_SNAPSHOT": "2022-03-01",
        "VISTORA_HORIZON_DAYS": "30",
    }
    yield Settings.load(values, root)
    stop(root)


class Daemon:
    """Asks sensors and conditions, and runs what they request; counts the runs of each job."""

    def __init__(self, settings: Settings, instance: dg.DagsterInstance) -> None:
        self.definitions = build_definitions(settings)
        self.instance = instance
        self.cursor: Any = None
        self.runs: Counter[str] = Counter()
        self.said: dict[str, str] = {}
        self.keys: set[str] = set()

    def tick(self) -> bool:
        """Ask everyone once; tell whether something ran."""
        ran = False
        for sensor in self.definitions.sensors or []:
            if isinstance(sensor, dg.AutomationConditionSensorDefinition):
                ran |= self._conditions()
                continue
            context = dg.build_sensor_context(
                instance=self.instance, sensor_name=sensor.name, definitions=self.definitions
            )
            answer: Any = sensor(context)
            if isinstance(answer, dg.SkipReason):
                self.said[sensor.name] = str(answer.skip_message)
            elif str(answer.run_key) not in self.keys:
                self.keys.add(str(answer.run_key))
                self._run(str(sensor.job_name), answer)
                ran = True
        return ran

    def _run(self, job: str, request: dg.RunRequest) -> None:
        self.runs[job] += 1
        self.definitions.resolve_job_def(job).execute_in_process(
            instance=self.instance,
            run_config=request.run_config,
            asset_selection=request.asset_selection,
            tags=request.tags,
            raise_on_error=False,
        )

    def _conditions(self) -> bool:
        found = dg.evaluate_automation_conditions(
            defs=self.definitions, instance=self.instance, cursor=self.cursor
        )
        self.cursor = found.cursor
        self.runs["conditions"] += found.total_requested
        return found.total_requested > 0

    def settle(self) -> None:
        """Tick until nothing runs any more."""
        for _ in range(6):
            if not self.tick():
                return
        message = f"the sensors do not come to rest: {self.runs}, {self.said}"
        raise AssertionError(message)


def land(warehouse: Warehouse, path: Path, events: pd.DataFrame) -> None:
    events.assign(event_type="purchase").to_csv(path, index=False)
    with warehouse.connection() as connection:
        sources.land(connection, warehouse.source_objects(), path, sources.ColumnMap())


def select(warehouse: Warehouse, sql: str) -> list[tuple[Any, ...]]:
    with warehouse.connection() as connection:
        return rows(connection, sql)


def test_landed_files_end_in_predictions_each_work_done_once(
    settings: Settings, tmp_path: Path
) -> None:
    """One ingest and one refresh a month; a bad file stops at its check until it is mended."""
    warehouse = Warehouse(settings)
    warehouse.ensure_objects()
    events = simulate(300, 400, seed=3, process=PROCESS)
    until = events["event_time"] < LAST
    with dg.DagsterInstance.ephemeral() as instance:
        daemon = Daemon(settings, instance)
        daemon.settle()
        assert not daemon.runs["ingest"]
        assert not daemon.runs["refresh"]

        land(warehouse, tmp_path / "first.csv", events[until])
        daemon.settle()
        assert daemon.runs == {"ingest": 1, "refresh": 2, "conditions": 0}
        assert daemon.said["ingest_sensor"] == "Nothing has landed that is not loaded."
        assert daemon.said["refresh_sensor"] == "Everything is up to date."
        scored = select(
            warehouse,
            "SELECT SNAPSHOT_DATE, COUNT(*) FROM ML.USER_SPEND_PREDICTIONS GROUP BY 1",
        )
        users = events.loc[until, "user_id"].nunique()
        assert [(f"{day:%Y-%m-%d}", count) for day, count in scored] == [(LAST, users)]

        later = events[~until & (events["event_time"] < "2022-02-01")]
        amounts = ["a lot" if row % 2 else str(x) for row, x in enumerate(later["amount"])]
        bad = later.assign(amount=amounts)
        land(warehouse, tmp_path / "second.csv", bad)
        daemon.settle()
        assert daemon.runs == {"ingest": 2, "refresh": 2, "conditions": 0}
        assert "second.csv is blocked" in daemon.said["refresh_sensor"]

        land(warehouse, tmp_path / "second.csv", later)
        daemon.settle()
        assert daemon.runs == {"ingest": 3, "refresh": 3, "conditions": 0}
        newest = select(
            warehouse, "SELECT MAX(SNAPSHOT_DATE), COUNT(*) FROM ML.USER_SPEND_PREDICTIONS"
        )[0]
        assert f"{newest[0]:%Y-%m-%d}" == "2022-02-01"


def test_work_that_fails_is_left_to_people_after_three_attempts(
    settings: Settings, tmp_path: Path
) -> None:
    """The sensor says so, and does not start a fourth run."""
    warehouse = Warehouse(settings)
    warehouse.ensure_objects()
    path = tmp_path / "third.csv"
    path.write_text("user_id,event_time,event_type,amount\nu1,2022-02-03,purchase,5\n")
    with warehouse.connection() as connection:
        sources.land(connection, warehouse.source_objects(), path, sources.ColumnMap())
    with dg.DagsterInstance.ephemeral() as instance:
        daemon = Daemon(settings, instance)
        sensor = next(s for s in daemon.definitions.sensors or [] if s.name == "ingest_sensor")
        for number in range(3):
            answer: Any = sensor(
                dg.build_sensor_context(instance=instance, sensor_name=sensor.name)
            )
            assert isinstance(answer, dg.RunRequest), answer
            assert str(answer.run_key).endswith(f"-{number}")
            # The run dies before it loads anything: its record is all that is left of it.
            instance.create_run_for_job(
                daemon.definitions.resolve_job_def("ingest"),
                tags=dict(answer.tags),
                status=dg.DagsterRunStatus.FAILURE,
            )
        answer = sensor(dg.build_sensor_context(instance=instance, sensor_name=sensor.name))
        assert isinstance(answer, dg.SkipReason)
        assert "failed 3 times" in str(answer.skip_message)
