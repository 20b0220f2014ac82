"""What to recompute, decided in one pure place.

What it holds: `plan`, which compares what was loaded with what was published and says which
snapshots, which training and which scores are due; its inputs and its answer; the tokens that
publications carry. Sensors, the command line and the demo all ask it; assets carry it out.

Add to it when a table's freshness depends on something new. What must not go here: a clock,
Dagster, a connection, SQL. All times are naive UTC; a snapshot stands at 00:00 of its date.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Literal

FEATURES_STEP: Final = "feature_store/user_features"
VIEW_STEP: Final = "feature_store/user_features_view"
TRAINING_STEPS: Final = (
    "ml/training_set",
    "ml/user_spend_predictor",
    "ml/model_metrics",
    "ml/registered_model",
)
SCORING_STEP: Final = "ml/user_spend_predictions"

VIEW: Final = "USER_FEATURES_VIEW"
TRAINING_END: Final = "REGISTERED_MODEL"
"""Whose publication ends a training, also when the challenger was rejected."""
PREDICTIONS: Final = "USER_SPEND_PREDICTIONS"

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Load:
    """A content of a file in a load; `touched_from` is the earliest event added or removed."""

    sequence: int
    touched_from: datetime | None
    file_name: str
    state: str


@dataclass(frozen=True, slots=True)
class EventsExtent:
    """The first purchase and the last purchase or refund."""

    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class SnapshotRules:
    """Which snapshots are wanted; `data_until` is declared, or None: the day after the last.

    Monthly ones lie on `month_day`, or on the last day of a month that has no such day. An
    installation has them on the first; a backtest, on the day of its cutoff.
    """

    first: date
    last: date | None
    cadence: Literal["monthly", "weekly", "daily"]
    data_until: date | None = None
    month_day: int = 1


@dataclass(frozen=True, slots=True)
class Publication:
    """What was published for a table, or one partition of it, from which inputs."""

    table: str
    partition: date | None
    token: str


@dataclass(frozen=True, slots=True)
class ChampionRef:
    """The registry version that scores, and the feature version that it learned from."""

    version: str
    feature_version: str


@dataclass(frozen=True)
class RefreshPlan:
    """What is due.

    Attributes:
        feature_snapshots: every snapshot of a contiguous range, ascending.
        score_snapshots: the newest due snapshot, or nothing.
        train: whether to train, on `cutoffs`.
        cutoffs: the closed AS_OFs, also when there is nothing to train.
        register_view: whether the feature view of this version is missing.
        reasons: why, in sentences.
        held: why nothing may be done, in a sentence.
        digest: SHA-256 of the plan and of what led to it.
    """

    feature_snapshots: tuple[date, ...] = ()
    score_snapshots: tuple[date, ...] = ()
    train: bool = False
    cutoffs: tuple[date, ...] = ()
    register_view: bool = False
    reasons: tuple[str, ...] = ()
    held: str | None = None
    digest: str = ""

    @property
    def steps(self) -> tuple[str, ...]:
        """The assets to materialize, in order."""
        features = (FEATURES_STEP,) if self.feature_snapshots else ()
        view = (VIEW_STEP,) if self.register_view or self.feature_snapshots or self.train else ()
        training = TRAINING_STEPS if self.train else ()
        scoring = (SCORING_STEP,) if self.score_snapshots else ()
        return (*features, *view, *training, *scoring)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.steps


def data_until(events: EventsExtent, rules: SnapshotRules) -> date:
    """Return the date before which the events are complete: declared, or after the last event."""
    return rules.data_until or events.last.date() + _DAY


def snapshot_dates(rules: SnapshotRules, until: date) -> tuple[date, ...]:
    """Return the snapshots of the cadence from the first to `until`, or to the last if earlier."""
    end = until if rules.last is None else min(until, rules.last)
    found: list[date] = []
    day = rules.first
    while day <= end:
        if (
            rules.cadence == "daily"
            or (rules.cadence == "weekly" and day.weekday() == 0)
            or (rules.cadence == "monthly" and _is_month_day(day, rules.month_day))
        ):
            found.append(day)
        day += _DAY
    return tuple(found)


def _is_month_day(day: date, wanted: int) -> bool:
    return day.day == wanted or (day.day < wanted and (day + _DAY).day == 1)


def due_snapshots(events: EventsExtent, rules: SnapshotRules) -> tuple[date, ...]:
    """Return the snapshots with a purchase before them and complete events up to them."""
    wanted = snapshot_dates(rules, data_until(events, rules))
    return tuple(day for day in wanted if _instant(day) > events.first)


def training_cutoffs(
    events: EventsExtent, rules: SnapshotRules, *, horizon_days: int, minimum_history_days: int
) -> tuple[date, ...]:
    """Return the due snapshots with enough history before them and a closed label after them."""
    until = data_until(events, rules)
    start = events.first.date() + timedelta(days=minimum_history_days)
    horizon = timedelta(days=horizon_days)
    return tuple(day for day in due_snapshots(events, rules) if start <= day <= until - horizon)


def training_token(
    publications: Sequence[Publication],
    *,
    feature_version: str,
    cutoffs: Sequence[date],
    load_sequence: int,
    fingerprint: str,
) -> str:
    """Return what a training's publication carries.

    Args:
        publications: as read before the training set's query; features of the cutoffs count.
        feature_version: the specification's version.
        cutoffs: the closed AS_OFs to train on.
        load_sequence: the last load, read before the query.
        fingerprint: text without "|" that changes with code and parameters.

    Raises:
        ValueError: there is no cutoff, or the fingerprint holds a "|".
    """
    if not cutoffs:
        raise ValueError("There is no closed AS_OF to train on; wait until a horizon has passed.")
    if "|" in fingerprint:
        raise ValueError(f"The fingerprint {fingerprint!r} must not hold a '|'.")
    features = _feature_tokens(publications, feature_version)
    used = [(day.isoformat(), features.get(day)) for day in cutoffs]
    parts = (feature_version, max(cutoffs).isoformat(), str(load_sequence))
    return "|".join((*parts, _digest(used)[:12], fingerprint))


def prediction_token(*, feature_version: str, feature_token: str, champion_version: str) -> str:
    """Return what the publication of a snapshot's predictions carries."""
    return f"{feature_version}|{feature_token}|{champion_version}"


def newest_load(loads: Sequence[Load]) -> int:
    """Return the number of the last load, 0 if there is none."""
    return max((load.sequence for load in loads), default=0)


def plan(  # noqa: PLR0913 - all that decides, by name, and nothing from anywhere else
    loads: Sequence[Load],
    events: EventsExtent | None,
    snapshots: SnapshotRules,
    publications: Sequence[Publication],
    *,
    feature_version: str,
    champion: ChampionRef | None,
    horizon_days: int,
    minimum_history_days: int,
    training_fingerprint: str,
) -> RefreshPlan:
    """Say what is due, from what was loaded and what was published.

    A plan that was carried out leaves an empty one behind; one that was cut off leaves the rest.

    Raises:
        ValueError: the fingerprint holds a "|".
    """
    if blocked := _blocked(loads):
        return _held(
            f"{', '.join(blocked)} is blocked: none of its rows was published. Land a mended file "
            "of the same name, or accept it by name; until then nothing is recomputed."
        )
    if events is None:
        return RefreshPlan(
            reasons=("There are no purchases yet; land a file of events.",), digest=_digest([])
        )
    due = due_snapshots(events, snapshots)
    if not due:
        return _held(
            f"No snapshot lies after the first purchase ({events.first:%Y-%m-%d}) and at or before "
            f"{data_until(events, snapshots)}, until when events are complete; set "
            "VISTORA_FIRST_SNAPSHOT (and VISTORA_LAST_SNAPSHOT) to the time of the events."
        )
    reasons: list[str] = []
    tokens = _feature_tokens(publications, feature_version)
    stale = [day for day in due if _is_stale(tokens.get(day), loads, _instant(day))]
    features = tuple(day for day in due if stale and stale[0] <= day <= stale[-1])
    if features:
        reasons.append(
            f"Features of {len(features)} snapshot(s), {features[0]} to {features[-1]}, are "
            "missing or older than what was loaded."
        )
    view = not _published(publications, VIEW, None, feature_version)
    if view:
        reasons.append(f"The feature view of {feature_version} is not registered.")
    cutoffs = training_cutoffs(
        events, snapshots, horizon_days=horizon_days, minimum_history_days=minimum_history_days
    )
    train = False
    if cutoffs:
        recomputed = bool(set(features) & set(cutoffs))
        label_end = _instant(cutoffs[-1]) + timedelta(days=horizon_days)
        if recomputed or not _is_trained(
            loads, publications, feature_version, cutoffs, label_end, training_fingerprint
        ):
            train = True
            reasons.append(
                f"Training on {len(cutoffs)} closed AS_OF(s) up to {cutoffs[-1]} is due: data, "
                "feature version, code or parameters changed since the last one."
            )
    newest = due[-1]
    score = train or _scores_due(publications, tokens, features, newest, feature_version, champion)
    if score:
        reasons.append(f"Predictions of {newest} are missing or older than features or champion.")
    elif champion is not None and champion.feature_version != feature_version:
        reasons.append(
            f"The champion {champion.version} needs the features {champion.feature_version}, "
            f"today they are {feature_version}: predictions keep what they had until a training "
            "wins."
        )
    scored = (newest,) if score else ()
    inputs = [[day.isoformat() for day in part] for part in (features, scored, cutoffs)] + [
        train,
        view,
        feature_version,
        training_fingerprint,
        newest_load(loads),
        repr(champion),
    ]
    return RefreshPlan(
        features, scored, train, cutoffs, view, tuple(reasons), None, _digest(inputs)
    )


def _scores_due(
    publications: Sequence[Publication],
    tokens: dict[date, str],
    features: tuple[date, ...],
    newest: date,
    feature_version: str,
    champion: ChampionRef | None,
) -> bool:
    if champion is None or champion.feature_version != feature_version:
        return False
    if newest in features:
        return True
    wanted = prediction_token(
        feature_version=feature_version,
        feature_token=tokens[newest],
        champion_version=champion.version,
    )
    return not _published(publications, PREDICTIONS, newest, wanted)


def _is_trained(
    loads: Sequence[Load],
    publications: Sequence[Publication],
    feature_version: str,
    cutoffs: tuple[date, ...],
    label_end: datetime,
    fingerprint: str,
) -> bool:
    for publication in publications:
        parts = publication.token.split("|")
        if publication.table != TRAINING_END or len(parts) != 5 or not parts[2].isdigit():
            continue
        sequence = int(parts[2])
        same = publication.token == training_token(
            publications,
            feature_version=feature_version,
            cutoffs=cutoffs,
            load_sequence=sequence,
            fingerprint=fingerprint,
        )
        if same and not _touched(loads, sequence, label_end):
            return True
    return False


def _is_stale(token: str | None, loads: Sequence[Load], before: datetime) -> bool:
    return token is None or not token.isdigit() or _touched(loads, int(token), before)


def _touched(loads: Sequence[Load], sequence: int, before: datetime) -> bool:
    """Whether a load after `sequence` added or removed an event before this instant."""
    return any(
        load.sequence > sequence and load.touched_from is not None and load.touched_from < before
        for load in loads
    )


def _blocked(loads: Sequence[Load]) -> list[str]:
    """Return the files whose newest content that still counts is blocked."""
    newest: dict[str, Load] = {}
    for load in sorted(loads, key=lambda load: load.sequence):
        if load.state != "REPLACED":
            newest[load.file_name] = load
    return sorted(name for name, load in newest.items() if load.state == "BLOCKED")


def _feature_tokens(publications: Sequence[Publication], feature_version: str) -> dict[date, str]:
    table = f"USER_FEATURES_{feature_version}"
    return {
        publication.partition: publication.token
        for publication in publications
        if publication.table == table and publication.partition is not None
    }


def _published(
    publications: Sequence[Publication], table: str, partition: date | None, token: str
) -> bool:
    return Publication(table, partition, token) in publications


def _held(sentence: str) -> RefreshPlan:
    return RefreshPlan(held=sentence, digest=_digest([sentence]))


def _instant(day: date) -> datetime:
    return datetime.combine(day, time())


def _digest(content: Sequence[object]) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
