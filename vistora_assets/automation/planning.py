"""What the planner reads from the warehouse, and how its plan becomes a run.

What it holds: `read_state`, `current_plan` and `run_request`, used by the sensors, the command
line and the assets alike. Add to it what the planner must know more. What must not go here: rules
(`vistora_assets.refresh`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import dagster as dg

from vistora_assets import refresh
from vistora_assets.features import (
    FeatureSpecification,
    SpecificationError,
    events_extent_sql,
)
from vistora_assets.identifiers import qualified
from vistora_assets.resources.warehouse import rows
from vistora_assets.settings import Settings

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

RANGE_START: Final = "dagster/asset_partition_range_start"
RANGE_END: Final = "dagster/asset_partition_range_end"
CHAMPION: Final = "CHAMPION"


@dataclass(frozen=True, slots=True)
class PlannerState:
    """What is loaded and published, read at one time.

    Attributes:
        settings: of the installation.
        load_sequence: the newest load, read before everything else.
        loads, events, publications, champion: what `refresh.plan` takes.
    """

    settings: Settings
    load_sequence: int
    loads: tuple[refresh.Load, ...]
    events: refresh.EventsExtent | None
    publications: tuple[refresh.Publication, ...]
    champion: refresh.ChampionRef | None


def feature_specification(settings: Settings) -> FeatureSpecification:
    """Return the features that the settings ask for."""
    return FeatureSpecification(settings.snapshots.horizon_days, label=settings.label)


def features_table(settings: Settings, version: str | None = None) -> str:
    """Return the quoted name of the features' table of a version; the current one by default."""
    name = version or feature_specification(settings).version
    objects = settings.objects
    return qualified(objects.database, objects.feature_store, f"USER_FEATURES_{name}")


def at(day: object) -> str:
    """Return the SQL condition of one snapshot; `day` prints as YYYY-MM-DD."""
    return f"SNAPSHOT_DATE = TO_TIMESTAMP_NTZ('{str(day)[:10]} 00:00:00')"


def events_table(settings: Settings) -> str:
    """Return the quoted name of the events' table."""
    return qualified(settings.objects.database, settings.objects.raw, "USER_EVENTS")


def load_sequence(connection: SnowflakeConnection, settings: Settings) -> int:
    """Return the number of the newest load; 0 before the first."""
    table = qualified(settings.objects.database, settings.objects.raw, "LOADED_FILES")
    return int(rows(connection, f"SELECT COALESCE(MAX(LOAD_SEQUENCE), 0) FROM {table}")[0][0])


def snapshot_rules(settings: Settings) -> refresh.SnapshotRules:
    """Return the settings' snapshots, as the planner takes them."""
    given = settings.snapshots
    return refresh.SnapshotRules(
        first=given.first, last=given.last, cadence=given.cadence, data_until=given.data_until
    )


def training_fingerprint(settings: Settings) -> str:
    """Return twelve digits that change with the code or the parameters of training."""
    from vistora_assets.modelling.identity import code_version

    parameters = [code_version(), settings.label, settings.snapshots.horizon_days, settings.seed]
    return hashlib.sha256(json.dumps(parameters).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class RegistryVersion:
    """A version of the model as the registry shows it; `metrics` is what was logged with it."""

    name: str
    aliases: tuple[str, ...]
    created_on: str
    comment: str
    metrics: dict[str, Any]


def registry_versions(
    connection: SnowflakeConnection, settings: Settings
) -> tuple[RegistryVersion, ...]:
    """Return the model's versions, the oldest first; none where there is no model."""
    objects = settings.objects
    schema = qualified(objects.database, objects.ml)
    if not rows(connection, f"SHOW MODELS LIKE '{objects.model}' IN SCHEMA {schema}"):
        return ()
    cursor = connection.cursor()
    try:
        model = qualified(objects.database, objects.ml, objects.model)
        cursor.execute(f"SHOW VERSIONS IN MODEL {model}")
        names = [str(column[0]).lower() for column in cursor.description]
        shown = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    finally:
        cursor.close()
    shown.sort(key=lambda version: version["created_on"])
    return tuple(
        RegistryVersion(
            name=str(version["name"]),
            aliases=tuple(json.loads(str(version["aliases"] or "[]"))),
            created_on=f"{version['created_on']:%Y-%m-%d %H:%M}",
            comment=str(version["comment"] or ""),
            metrics=dict(json.loads(str(version["metadata"] or "{}")).get("metrics", {})),
        )
        for version in shown
    )


def recorded_specification(text: str | None) -> FeatureSpecification | None:
    """Return the features that a version was trained on, as they were recorded with it.

    None where nothing was recorded, or where today's code knows other settings of features.
    """
    given: Any = json.loads(text) if text else None
    if given is None:
        return None
    try:
        return FeatureSpecification(
            horizon_days=given["horizon_days"],
            windows=tuple(given["windows"]),
            label=given["label"],
        )
    except (KeyError, TypeError, SpecificationError):
        return None


def champion_ref(
    version: str, feature_version: str, specification: str | None
) -> refresh.ChampionRef:
    """Return what the planner knows of a champion."""
    found = recorded_specification(specification)
    return refresh.ChampionRef(
        version=version,
        feature_version=feature_version,
        horizon_days=found.horizon_days if found is not None else None,
        # The same settings give another version where the features' SQL has changed since.
        computable=found is not None and found.version == feature_version,
    )


def read_champion(
    connection: SnowflakeConnection, settings: Settings
) -> refresh.ChampionRef | None:
    """Return the version that carries the alias CHAMPION, or None.

    Raises:
        LookupError: the champion's feature version is not recorded in ML.PROMOTIONS.
    """
    schema = qualified(settings.objects.database, settings.objects.ml)
    champions = [
        version.name
        for version in registry_versions(connection, settings)
        if CHAMPION in version.aliases
    ]
    if not champions:
        return None
    found = rows(
        connection,
        f"SELECT FEATURE_VERSION, FEATURE_SPECIFICATION FROM {schema}.PROMOTIONS "
        "WHERE MODEL_VERSION = %(version)s ORDER BY DECIDED_AT DESC LIMIT 1",
        {"version": champions[0]},
    )
    if not found:
        raise LookupError(
            f"The champion {champions[0]} has no row in {schema}.PROMOTIONS, so its feature "
            "version is unknown. Give the alias CHAMPION to a version that this pipeline logged, "
            "with `vistora model promote VERSION`."
        )
    return champion_ref(champions[0], str(found[0][0]), found[0][1])


def champion_specification(
    connection: SnowflakeConnection, settings: Settings, champion: refresh.ChampionRef
) -> FeatureSpecification | None:
    """Return the features that the champion learned from, None if today's code has others."""
    table = qualified(settings.objects.database, settings.objects.ml, "PROMOTIONS")
    for (text,) in rows(
        connection,
        f"SELECT DISTINCT FEATURE_SPECIFICATION FROM {table} WHERE MODEL_VERSION = %(version)s",
        {"version": champion.version},
    ):
        found = recorded_specification(text)
        if found is not None and found.version == champion.feature_version:
            return found
    return None


def read_publications(
    connection: SnowflakeConnection, settings: Settings
) -> tuple[refresh.Publication, ...]:
    """Return what was published last, of every table and partition."""
    table = qualified(settings.objects.database, settings.objects.ml, "PUBLICATIONS")
    found = rows(connection, f"SELECT TABLE_NAME, PARTITION_KEY, TOKEN FROM {table}")
    return tuple(
        refresh.Publication(
            table=str(name),
            partition=date.fromisoformat(key) if key else None,
            token=str(token or ""),
        )
        for name, key, token in found
    )


def read_state(connection: SnowflakeConnection, settings: Settings) -> PlannerState:
    """Read what the planner needs; the load sequence first, so that it is never too new."""
    sequence = load_sequence(connection, settings)
    loaded = qualified(settings.objects.database, settings.objects.raw, "LOADED_FILES")
    loads = rows(
        connection,
        f"SELECT LOAD_SEQUENCE, TOUCHED_FROM, FILE_NAME, STATE FROM {loaded} "
        "ORDER BY LOAD_SEQUENCE, FILE_NAME",
    )
    first, last = rows(connection, events_extent_sql(events_table(settings)))[0]
    return PlannerState(
        settings=settings,
        load_sequence=sequence,
        loads=tuple(
            refresh.Load(sequence=int(number), touched_from=since, file_name=name, state=state)
            for number, since, name, state in loads
        ),
        events=refresh.EventsExtent(first, last) if first is not None else None,
        publications=read_publications(connection, settings),
        champion=read_champion(connection, settings),
    )


def plan_of(state: PlannerState) -> refresh.RefreshPlan:
    """Return what is to be done in this state."""
    settings = state.settings
    return refresh.plan(
        state.loads,
        state.events,
        snapshot_rules(settings),
        state.publications,
        feature_version=feature_specification(settings).version,
        champion=state.champion,
        horizon_days=settings.snapshots.horizon_days,
        minimum_history_days=settings.snapshots.minimum_history_days,
        training_fingerprint=training_fingerprint(settings),
    )


def current_plan(connection: SnowflakeConnection, settings: Settings) -> refresh.RefreshPlan:
    """Return what is to be done now."""
    return plan_of(read_state(connection, settings))


def closed_cutoffs(state: PlannerState) -> tuple[date, ...]:
    """Return every AS_OF whose label has closed."""
    if state.events is None:
        return ()
    given = state.settings.snapshots
    return tuple(
        refresh.training_cutoffs(
            state.events,
            snapshot_rules(state.settings),
            horizon_days=given.horizon_days,
            minimum_history_days=given.minimum_history_days,
        )
    )


def training_token(state: PlannerState) -> str:
    """Return the token of a training set that is made in this state."""
    return refresh.training_token(
        state.publications,
        feature_version=feature_specification(state.settings).version,
        cutoffs=closed_cutoffs(state),
        load_sequence=state.load_sequence,
        fingerprint=training_fingerprint(state.settings),
    )


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """A plan as a run of the job `refresh`: its assets, tags and configuration."""

    asset_keys: tuple[dg.AssetKey, ...]
    tags: dict[str, str]
    run_config: dict[str, Any]


def run_request(plan: refresh.RefreshPlan) -> PlannedRun:
    """Return the run that carries a plan out, or the first of two.

    A run has one range of partitions, and Dagster marks all of it as materialized for every
    partitioned asset in it. Only the newest snapshot is scored, so where features of a longer
    range are computed, scoring and what comes after it wait for the next plan, which asks for them
    with a range of their own.
    """
    days: Sequence[date] = sorted({*plan.feature_snapshots, *plan.champion_snapshots})
    steps = plan.steps
    if days and plan.score_snapshots and (days[0], days[-1]) != (plan.score_snapshots[0],) * 2:
        after = {refresh.SCORING_STEP, refresh.DRIFT_STEP, refresh.OUTCOMES_STEP}
        steps = tuple(step for step in steps if step not in after)
    else:
        days = sorted({*days, *plan.score_snapshots})
    tags = {"vistora/digest": plan.digest}
    if days:
        tags |= {RANGE_START: days[0].isoformat(), RANGE_END: days[-1].isoformat()}
    config: dict[str, Any] = {}
    if plan.champion_snapshots and refresh.FEATURES_STEP in steps:
        features = {
            "snapshots": [day.isoformat() for day in plan.feature_snapshots],
            "champion_snapshots": [day.isoformat() for day in plan.champion_snapshots],
        }
        config = {"ops": {"feature_store__user_features": {"config": features}}}
    return PlannedRun(
        asset_keys=tuple(dg.AssetKey(step.split("/")) for step in steps),
        tags=tags,
        run_config=config,
    )
