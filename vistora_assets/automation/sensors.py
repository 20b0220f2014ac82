"""The two sensors: what has landed is loaded, what is loaded is refreshed.

What it holds: thin shells around `pending` and `planning.current_plan`. Add a sensor for
another source of work. What must not go here: decisions.

A run key that was used is dropped for ever, so it is the work's digest and the attempt. Work that
failed `ATTEMPTS` times is left to people: the tick says so.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import dagster as dg

from vistora_assets.automation.jobs import INGEST, REFRESH
from vistora_assets.automation.planning import current_plan, run_request
from vistora_assets.resources.run_locks import release_abandoned
from vistora_assets.resources.warehouse import Warehouse
from vistora_assets.settings import Settings

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

ATTEMPTS: Final = 3
INTERVAL_SECONDS: Final = 15
DIGEST: Final = "vistora/digest"

_UNFINISHED: Final = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


@dataclass(frozen=True, slots=True)
class Pending:
    """What waits to be loaded.

    Attributes:
        digest: of the work; work that was done or given up once is known by it.
        text: what it is, for a sentence.
    """

    digest: str
    text: str


def pending(connection: SnowflakeConnection, warehouse: Warehouse) -> Pending | None:
    """Return what waits to be loaded; None if nothing does.

    Of a table it is the same until the table changes, or the way in which it is read: whether it
    was loaded already is known by its digest's runs, so that a quiet table wakes no warehouse.
    """
    from vistora_assets import sources

    table = warehouse.table_source()
    if table is not None:
        token = sources.table_token(connection, table.given_name)
        read = (table.name, token, table.column_map.columns, table.column_map.constants)
        digest = _digest(repr((*read, table.high_water, warehouse.ingest_options())))
        return Pending(digest, table.name)
    waiting = sources.pending(connection, warehouse.source_objects())
    if not waiting:
        return None
    parts = sorted(f"{file.file_name}|{file.file_hash}" for file in waiting)
    return Pending(_digest("\n".join(parts)), f"{len(waiting)} file(s)")


def blocked(warehouse: Warehouse) -> str | None:
    """Return why the events' table waits for a person; a file that is blocked is not pending."""
    from vistora_assets import sources

    table = warehouse.table_source()
    if table is None:
        return None
    with warehouse.connection() as connection:
        return sources.blocked_batch(connection, warehouse.source_objects(), table)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def unfinished(context: dg.SensorEvaluationContext, job: str) -> bool:
    """Tell whether a run of a job waits or runs."""
    wanted = dg.RunsFilter(job_name=job, statuses=_UNFINISHED)
    return bool(context.instance.get_run_records(wanted, limit=1))


def attempt(context: dg.SensorEvaluationContext, job: str, digest: str) -> tuple[int, bool]:
    """Return how often this work was tried, and whether it succeeded."""
    found = context.instance.get_run_records(
        dg.RunsFilter(job_name=job, tags={DIGEST: digest}), limit=ATTEMPTS + 1
    )
    done = any(record.dagster_run.status == dg.DagsterRunStatus.SUCCESS for record in found)
    return len(found), done


def _given_up(job: str, digest: str) -> dg.SkipReason:
    return dg.SkipReason(
        f"This work ({digest}) failed {ATTEMPTS} times: look at the last run of {job}, mend the "
        "cause, and start the job by hand, or land other data."
    )


def _status(settings: Settings) -> dg.DefaultSensorStatus:
    return dg.DefaultSensorStatus.RUNNING if settings.automation else dg.DefaultSensorStatus.STOPPED


def build_sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """Return the sensors; they run by default where the settings say so."""
    warehouse = Warehouse(settings)
    return [_ingest_sensor(settings, warehouse), _refresh_sensor(settings, warehouse)]


def _ingest_sensor(settings: Settings, warehouse: Warehouse) -> dg.SensorDefinition:
    @dg.sensor(
        name="ingest_sensor",
        job_name=INGEST,
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=_status(settings),
        description="Loads what has landed, exactly once.",
    )
    def ingest_sensor(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        release_abandoned(context.instance, settings.root)
        if unfinished(context, INGEST):
            return dg.SkipReason("A load waits or runs; what has landed since is loaded after it.")
        with warehouse.connection() as connection:
            found = pending(connection, warehouse)
        if found is None:
            return dg.SkipReason("Nothing has landed that is not loaded.")
        tried, done = attempt(context, INGEST, found.digest)
        if done and settings.source.table is not None:
            return dg.SkipReason(f"{found.text} has not changed since it was loaded.")
        if tried and (why := blocked(warehouse)) is not None:
            return dg.SkipReason(
                f"{found.text} has not changed since its batch was blocked: {why} "
                f"`vistora rejected` shows them, `vistora rejected --accept {found.text}` loads "
                "the others."
            )
        if tried >= ATTEMPTS:
            return _given_up(INGEST, found.digest)
        context.log.info("%s to load", found.text)
        return dg.RunRequest(run_key=f"{found.digest}-{tried}", tags={DIGEST: found.digest})

    return ingest_sensor


def _refresh_sensor(settings: Settings, warehouse: Warehouse) -> dg.SensorDefinition:
    @dg.sensor(
        name="refresh_sensor",
        job_name=REFRESH,
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=_status(settings),
        description="Carries out the planner's plan, in one run with its range of snapshots.",
    )
    def refresh_sensor(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        release_abandoned(context.instance, settings.root)
        for job in (INGEST, REFRESH):
            if unfinished(context, job):
                return dg.SkipReason(f"A run of {job} waits or runs; the plan is made after it.")
        with warehouse.connection() as connection:
            plan = current_plan(connection, settings)
        if plan.held is not None:
            return dg.SkipReason(plan.held)
        if plan.empty:
            return dg.SkipReason(" ".join(plan.reasons) or "Everything is up to date.")
        tried, _ = attempt(context, REFRESH, plan.digest)
        if tried >= ATTEMPTS:
            return _given_up(REFRESH, plan.digest)
        for reason in plan.reasons:
            context.log.info(reason)
        run = run_request(plan)
        return dg.RunRequest(
            run_key=f"{plan.digest}-{tried}",
            asset_selection=list(run.asset_keys),
            tags=run.tags,
            run_config=run.run_config,
        )

    return refresh_sensor
