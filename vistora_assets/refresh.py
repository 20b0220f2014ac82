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
DRIFT_STEP: Final = "ml/feature_drift"
OUTCOMES_STEP: Final = "ml/prediction_outcomes"

VIEW: Final = "USER_FEATURES_VIEW"
TRAINING_END: Final = "REGISTERED_MODEL"
"""Whose publication ends a training, also when the challenger was rejected."""
PREDICTIONS: Final = "USER_SPEND_PREDICTIONS"
DRIFT: Final = "FEATURE_DRIFT"
OUTCOMES: Final = "PREDICTION_OUTCOMES"

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
    """The registry version that scores, and what it needs.

    Attributes:
        version: in the registry.
        feature_version: what it learned from.
        horizon_days: what it forecasts; None in records of an older release: as settings say.
        computable: whether today's code computes that feature version; it does as long as the
            specification that is recorded with the version gives the same SQL as then.
    """

    version: str
    feature_version: str
    horizon_days: int | None = None
    computable: bool = False


@dataclass(frozen=True)
class RefreshPlan:
    """What is due.

    Attributes:
        feature_snapshots: every snapshot of a contiguous range, ascending.
        champion_snapshots: where the champion needs an older version of the features: the
            snapshots at which that version is due, too.
        champion_feature_version: that version, or None.
        score_snapshots: the newest due snapshot, or nothing.
        train: whether to train, on `cutoffs`.
        cutoffs: the closed AS_OFs, also when there is nothing to train.
        register_view: whether the feature view of this version is missing.
        drift: whether the newest predictions' drift is to be measured.
        outcome_snapshots: predicted snapshots whose horizon has passed, if their outcomes are due.
        reasons: why, in sentences.
        held: why nothing may be done, in a sentence.
        digest: of the plan and of what led to it, 16 hexadecimal digits.
    """

    feature_snapshots: tuple[date, ...] = ()
    score_snapshots: tuple[date, ...] = ()
    train: bool = False
    cutoffs: tuple[date, ...] = ()
    register_view: bool = False
    reasons: tuple[str, ...] = ()
    held: str | None = None
    digest: str = ""
    champion_snapshots: tuple[date, ...] = ()
    champion_feature_version: str | None = None
    drift: bool = False
    outcome_snapshots: tuple[date, ...] = ()

    @property
    def steps(self) -> tuple[str, ...]:
        """The assets to materialize, in order."""
        computed = self.feature_snapshots or self.champion_snapshots
        features = (FEATURES_STEP,) if computed else ()
        view = (VIEW_STEP,) if self.register_view or self.feature_snapshots or self.train else ()
        training = TRAINING_STEPS if self.train else ()
        scoring = (SCORING_STEP,) if self.score_snapshots else ()
        drift = (DRIFT_STEP,) if self.drift else ()
        outcomes = (OUTCOMES_STEP,) if self.outcome_snapshots else ()
        return (*features, *view, *training, *scoring, *drift, *outcomes)

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


def prediction_token(
    *, feature_version: str, feature_token: str, champion_version: str, horizon_days: int
) -> str:
    """Return what the publication of a snapshot's predictions carries."""
    return f"{feature_version}|{feature_token}|{champion_version}|{horizon_days}"


def predicted(publications: Sequence[Publication]) -> dict[date, str]:
    """Return the token of each predicted snapshot."""
    return {
        row.partition: row.token
        for row in publications
        if row.table == PREDICTIONS and row.partition is not None
    }


def closed_predictions(publications: Sequence[Publication], until: date) -> dict[date, int]:
    """Return the predicted snapshots whose horizon has passed, with its length in days.

    Args:
        publications: as read.
        until: the date before which events are complete.
    """
    found: dict[date, int] = {}
    for day, token in sorted(predicted(publications).items()):
        horizon = token.rsplit("|", 1)[-1]
        if horizon.isdigit() and day + timedelta(days=int(horizon)) <= until:
            found[day] = int(horizon)
    return found


def outcome_token(
    publications: Sequence[Publication], days: Sequence[date], load_sequence: int
) -> str:
    """Return what the publication of the outcomes of these predictions carries."""
    tokens = predicted(publications)
    used = [(day.isoformat(), tokens.get(day)) for day in sorted(days)]
    return f"{_digest(used)[:12]}|{load_sequence}"


def fresh_snapshots(
    publications: Sequence[Publication], loads: Sequence[Load], feature_version: str
) -> tuple[date, ...]:
    """Return the published snapshots of a feature version that no later load touched, ascending."""
    tokens = _feature_tokens(publications, feature_version)
    return tuple(
        day for day, token in sorted(tokens.items()) if not _is_stale(token, loads, _instant(day))
    )


def newest_load(loads: Sequence[Load]) -> int:
    """Return the number of the last load, 0 if there is none."""
    return max((load.sequence for load in loads), default=0)


def plan(  # noqa: C901, PLR0913 - all that decides, by name, in the order of the flow
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
    The features of an older version are computed for a champion that needs it, at the newest
    snapshot, which it scores, and at the newest closed one, on which a challenger is compared.

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
    older = _older_features(champion, feature_version, loads, publications, (*cutoffs[-1:], newest))
    if older:
        reasons.append(
            f"The champion {_name(champion)} needs features of an older version at "
            f"{', '.join(map(str, older))}."
        )
    usable, score = _scores_due(
        loads,
        publications,
        champion,
        newest,
        feature_version=feature_version,
        recomputed=newest in features,
        horizon_days=horizon_days,
    )
    score = usable and (score or train)
    if score:
        reasons.append(f"Predictions of {newest} are missing or older than features or champion.")
    elif not usable:
        reasons.append(
            f"The champion {_name(champion)} needs features of an older version, which today's "
            "code does not compute: predictions keep what they had until a training wins."
        )
    drift = _drift_due(publications, newest, scored=score)
    if drift:
        reasons.append(f"The drift of {newest} is not measured.")
    outcomes = _outcomes_due(loads, publications, data_until(events, snapshots))
    if outcomes:
        reasons.append(
            f"The horizon of {len(outcomes)} prediction(s), {outcomes[0]} to {outcomes[-1]}, has "
            "passed: what happened is due beside them."
        )
    scored = (newest,) if score else ()
    inputs = [
        [day.isoformat() for day in part] for part in (features, older, scored, cutoffs, outcomes)
    ] + [
        train,
        view,
        drift,
        feature_version,
        training_fingerprint,
        newest_load(loads),
        repr(champion),
    ]
    return RefreshPlan(
        features,
        scored,
        train,
        cutoffs,
        view,
        tuple(reasons),
        None,
        _digest(inputs),
        older,
        champion.feature_version if champion is not None and older else None,
        drift,
        outcomes,
    )


def _name(champion: ChampionRef | None) -> str:
    return champion.version if champion is not None else "of tomorrow"


def _older_features(
    champion: ChampionRef | None,
    feature_version: str,
    loads: Sequence[Load],
    publications: Sequence[Publication],
    needed: Sequence[date],
) -> tuple[date, ...]:
    if champion is None or champion.feature_version == feature_version or not champion.computable:
        return ()
    tokens = _feature_tokens(publications, champion.feature_version)
    return tuple(
        day for day in sorted(set(needed)) if _is_stale(tokens.get(day), loads, _instant(day))
    )


def _scores_due(
    loads: Sequence[Load],
    publications: Sequence[Publication],
    champion: ChampionRef | None,
    newest: date,
    *,
    feature_version: str,
    recomputed: bool,
    horizon_days: int,
) -> tuple[bool, bool]:
    """Return whether the champion can score the newest snapshot, and whether it is due."""
    if champion is None:
        return True, False
    token = _feature_tokens(publications, champion.feature_version).get(newest)
    stale = _is_stale(token, loads, _instant(newest))
    if champion.feature_version != feature_version:
        if stale:
            return champion.computable, champion.computable
    elif recomputed or stale:
        return True, True
    wanted = prediction_token(
        feature_version=champion.feature_version,
        feature_token=str(token),
        champion_version=champion.version,
        horizon_days=champion.horizon_days or horizon_days,
    )
    return True, not _published(publications, PREDICTIONS, newest, wanted)


def _drift_due(publications: Sequence[Publication], newest: date, *, scored: bool) -> bool:
    token = predicted(publications).get(newest)
    return scored or (token is not None and not _published(publications, DRIFT, None, token))


def _outcomes_due(
    loads: Sequence[Load], publications: Sequence[Publication], until: date
) -> tuple[date, ...]:
    closed = closed_predictions(publications, until)
    if not closed:
        return ()
    end = max(_instant(day) + timedelta(days=length) for day, length in closed.items())
    for row in publications:
        digest, _, sequence = row.token.partition("|")
        if row.table != OUTCOMES or not sequence.isdigit():
            continue
        same = row.token == outcome_token(publications, tuple(closed), int(sequence))
        if digest and same and not _touched(loads, int(sequence), end):
            return ()
    return tuple(closed)


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
    # A run carries it as a tag, which the list of runs shows in full.
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
