"""A training: guards, selection, the gate's forecasts and the refit.

Holds `train`, which turns a training frame into a refitted predictor and everything that is needed
to judge it. Add to it when the protocol changes. What must not go here: the models (`catalogue`),
the decision about promotion (`promotion`), or where anything is stored.

The protocol: of the cutoffs with closed labels, the last is the gate. Candidates are compared on
earlier cutoffs by a rolling origin, only on labels that closed by the gate's AS_OF; every model is
fitted once more on those labels and forecasts the gate's rows; the chosen one is then refitted on
all closed labels.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student_t

from vistora_assets.modelling.btyd import CannotFit
from vistora_assets.modelling.catalogue import (
    DEFAULT,
    MODELS,
    REFERENCE,
    ModelSpec,
    catalogue_digest,
    variations,
)
from vistora_assets.modelling.contract import COUNTRY, FEATURES, LABEL, check_training_frame
from vistora_assets.modelling.identity import (
    TrainingIdentity,
    code_version,
    frame_token,
    parameters_digest,
)
from vistora_assets.modelling.metrics import bootstrap, interval, point_metrics
from vistora_assets.modelling.predictor import SpendPredictor
from vistora_assets.modelling.shared_fits import shared_fits
from vistora_assets.modelling.splits import Calendar, SplitError, calendar, split

Array = NDArray[np.float64]
Progress = Callable[[str], object]

TENURES: Final = ((0, 90), (91, 180), (181, 365))
"""Segments by days since the first purchase, both ends included; the rest is 366 and more."""


class CannotTrain(ValueError):  # noqa: N818 - it is the sentence that a user reads first
    """There is not enough to learn from; the message says what is missing and what would help."""


@dataclass(frozen=True)
class TrainingSettings:
    """What a training may be told, beside the horizon.

    Attributes:
        seed: of every random draw.
        evaluated_cutoffs: how many cutoffs before the gate selection looks at.
        search_budget: how many seeded variations of the default stand before selection beside the
            catalogue's candidates; each costs its fits at every evaluated cutoff.
        minimum_users: users at the gate.
        minimum_buyers: users at the gate with a label above zero, and rows to learn from with one.
        resamples: bootstrap resamples for the intervals.
        countries: the largest countries that get metrics of their own.
        minimum_segment: rows below which a segment gets no metrics.
    """

    seed: int = 0
    evaluated_cutoffs: int = 4
    search_budget: int = 0
    minimum_users: int = 100
    minimum_buyers: int = 30
    resamples: int = 200
    countries: int = 10
    minimum_segment: int = 50


@dataclass(frozen=True)
class Evaluation:
    """What judging gives: the choice, and forecasts of rows whose labels nobody had seen.

    Attributes:
        chosen: the name of the chosen candidate.
        calendar: the cutoffs and what was learned for each.
        gate_predictions: one row a user of the gate's cutoff: `user_id, as_of, country,
            tenure_days, actual`, and one column a model.
        metric_rows: one a model, stage, cutoff and segment; see `metric_rows`.
        selection_scores: candidate to its mean score over the selection's cutoffs, lower is
            better (see `choose`); empty where the history was too short to select.
        seconds: model to the seconds that fitting and forecasting took in all.
        skipped: model to the sentence why it could not be fitted.
    """

    chosen: str
    calendar: Calendar
    gate_predictions: pd.DataFrame
    metric_rows: list[dict[str, Any]]
    selection_scores: dict[str, float]
    seconds: dict[str, float]
    skipped: dict[str, str]


@dataclass(frozen=True)
class TrainingResult(Evaluation):
    """What a training gives, beside its evaluation.

    Attributes:
        predictor: the chosen candidate, refitted on all closed labels.
        identity: data, feature version, code and parameters.
        rows, users: what the refit learned from.
    """

    predictor: SpendPredictor
    identity: TrainingIdentity
    rows: int
    users: int


def _guard(
    frame: pd.DataFrame,
    *,
    horizon_days: int,
    label_days: int,
    data_until: pd.Timestamp,
    settings: TrainingSettings,
) -> Calendar:
    """Return the calendar of a frame that can be learned from, or refuse with a sentence."""
    if horizon_days < 1:
        message = f"the horizon is {horizon_days} days; it must be at least one day."
        raise CannotTrain(message)
    if frame.empty:
        message = "the training set is empty: no user has a purchase before any closed AS_OF."
        raise CannotTrain(message)
    check_training_frame(frame)
    users = int(frame["user_id"].nunique())
    if users < settings.minimum_users:
        message = (
            f"{users} user(s) are too few to learn from and to judge on; at least "
            f"{settings.minimum_users} are needed. Land more purchase events."
        )
        raise CannotTrain(message)
    cutoffs = [pd.Timestamp(c) for c in frame["as_of"].unique()]
    try:
        dates = calendar(
            cutoffs,
            horizon_days=horizon_days,
            data_until=data_until,
            evaluated=settings.evaluated_cutoffs,
            label_days=label_days,
        )
    except SplitError as error:
        raise CannotTrain(str(error)) from error
    gate = frame[frame["as_of"] == dates.gate]
    learn = frame[frame["as_of"].isin(list(dates.gate_training))]
    for rows, what in ((gate, "to judge on"), (learn, "to learn from")):
        count = int(rows["user_id"].nunique())
        buyers = int(rows.loc[rows[LABEL] > 0, "user_id"].nunique())
        if count < settings.minimum_users or buyers < settings.minimum_buyers:
            message = (
                f"there are {count} users {what}, {buyers} of them with spend in the "
                f"{horizon_days} days after; at least {settings.minimum_users} and "
                f"{settings.minimum_buyers} are needed. Land more events or lengthen the horizon."
            )
            raise CannotTrain(message)
    return dates


def segments(rows: pd.DataFrame, settings: TrainingSettings) -> dict[str, NDArray[np.bool_]]:
    """Return the segments of forecast rows as masks, "all" first, small ones left out."""
    masks: dict[str, NDArray[np.bool_]] = {"all": np.ones(len(rows), dtype=bool)}
    country = rows[COUNTRY].astype(object)
    largest = country.dropna().value_counts().head(settings.countries)
    for name in largest.index:
        masks[f"country:{name}"] = np.asarray(country == name, dtype=bool)
    tenure = rows["tenure_days"].to_numpy(dtype=np.float64)
    for low, high in TENURES:
        masks[f"tenure:{low}-{high}"] = (tenure >= low) & (tenure <= high)
    masks["tenure:366+"] = tenure > TENURES[-1][1]
    return {
        name: mask
        for name, mask in masks.items()
        if name == "all" or mask.sum() >= settings.minimum_segment
    }


def metric_rows(
    predictions: pd.DataFrame,
    models: Mapping[str, str],
    *,
    stage: str,
    settings: TrainingSettings,
) -> list[dict[str, Any]]:
    """Return the metrics of one cutoff's forecasts, a row for each model and segment.

    Args:
        predictions: `as_of, country, tenure_days, actual` and one column a model.
        models: model to role.
        stage: "select" or "gate".
        settings: for seed, resamples and segments.

    Returns:
        Rows with `model, role, stage, cutoff, segment, n`, every metric of
        `metrics.METRICS`, and `rmse_low, rmse_high, gini_low, gini_high`, which are None except
        on the segment "all".
    """
    actual = predictions["actual"].to_numpy(dtype=np.float64)
    forecasts = {name: predictions[name].to_numpy(dtype=np.float64) for name in models}
    drawn = bootstrap(actual, forecasts, count=settings.resamples, seed=settings.seed)
    rows: list[dict[str, Any]] = []
    cutoff = pd.Timestamp(predictions["as_of"].iloc[0])
    for segment, mask in segments(predictions, settings).items():
        for name, role in models.items():
            point = point_metrics(actual[mask], forecasts[name][mask])
            bounds: dict[str, float | None] = dict.fromkeys(
                ("rmse_low", "rmse_high", "gini_low", "gini_high"),
            )
            if segment == "all":
                rmse = interval(point["rmse"], np.sqrt(drawn.mse[name]))
                ranked = interval(point["gini"], drawn.gini.get(name))
                bounds = {
                    "rmse_low": rmse.low,
                    "rmse_high": rmse.high,
                    "gini_low": ranked.low,
                    "gini_high": ranked.high,
                }
            rows.append(
                {
                    "model": name,
                    "role": role,
                    "stage": stage,
                    "cutoff": cutoff,
                    "segment": segment,
                    **point,
                    "n": int(mask.sum()),
                    **bounds,
                },
            )
    return rows


def forecast_cutoff(
    frame: pd.DataFrame,
    *,
    cutoff: pd.Timestamp,
    training: Sequence[pd.Timestamp],
    horizon_days: int,
    label_days: int,
    models: Sequence[ModelSpec],
    seed: int,
    progress: Progress,
) -> tuple[pd.DataFrame, dict[str, float], dict[str, str]]:
    """Fit every model on the labels of `training` and forecast the rows of `cutoff`.

    The rows to be forecast are known at the cutoff, all but their labels: models see them as rows
    without one.

    Returns:
        The forecasts (`user_id, as_of, country, tenure_days, actual`, one column a model), the
        seconds of each model, and why models were skipped. A part that two models share costs
        the first of them.
    """
    learn, rows = split(frame, cutoff=cutoff, training=training, label_days=label_days)
    features = pd.concat([learn[list(FEATURES)], rows[list(FEATURES)]], ignore_index=True)
    labels = np.full(len(features), np.nan)
    labels[: len(learn)] = learn[LABEL].to_numpy(dtype=np.float64)
    out = rows[["user_id", "as_of", COUNTRY, "tenure_days"]].copy()
    # The labels come back only here, beside forecasts that were made without them.
    out["actual"] = frame.loc[rows.index, LABEL].to_numpy(dtype=np.float64)
    seconds: dict[str, float] = {}
    skipped: dict[str, str] = {}
    with shared_fits():
        for spec in models:
            started = time.perf_counter()
            predictor = SpendPredictor(
                spec.build(horizon_days=horizon_days, label_days=label_days, seed=seed),
                horizon_days=horizon_days,
                label_days=label_days,
                model_name=spec.name,
            )
            try:
                out[spec.name] = predictor.fit(features, labels).predict(rows)
            except CannotFit as error:
                skipped[spec.name] = f"{spec.name} at {cutoff:%Y-%m-%d}: {error}"
                progress(f"skipped {skipped[spec.name]}")
                continue
            seconds[spec.name] = time.perf_counter() - started
            progress(f"{cutoff:%Y-%m-%d} {spec.name}: {seconds[spec.name]:.1f} s")
    return out.reset_index(drop=True), seconds, skipped


def selection_scores(
    rows: Sequence[Mapping[str, Any]],
    model: str,
) -> dict[pd.Timestamp, float] | None:
    """Return a candidate's score at each cutoff of the selection; lower is better.

    log(RMSE / reference's RMSE) + 1/2 log((1 - Gini) / (1 - reference's Gini)) + 1/10 |log(bias)|:
    error first, then order, then the total, each in proportion to what BG/NBD with Gamma-Gamma
    reaches on the same rows, so that no cutoff or currency outweighs another. None where the model
    has no forecast of some cutoff.
    """
    whole = [row for row in rows if row["segment"] == "all" and row["stage"] == "select"]
    # Where the reference itself could not be fitted, the mean forecast (no order) stands for it.
    cutoffs = {row["cutoff"] for row in whole}
    reference: dict[pd.Timestamp, Mapping[str, Any]] = {}
    for name in ("mean", REFERENCE):
        reference.update({row["cutoff"]: row for row in whole if row["model"] == name})
    own = {row["cutoff"]: row for row in whole if row["model"] == model}
    if set(own) != cutoffs or set(reference) != cutoffs:
        return None
    scores: dict[pd.Timestamp, float] = {}
    for cutoff, row in own.items():
        beside = reference[cutoff]
        error = np.log(max(row["rmse"], 1e-12) / max(beside["rmse"], 1e-12))
        disorder = [1.0 - (r["gini"] or 0.0) for r in (row, beside)]
        order = np.log(max(disorder[0], 1e-6) / max(disorder[1], 1e-6))
        total = abs(np.log(max(row["bias"] or 0.0, 1e-3)))
        scores[cutoff] = float(error + 0.5 * order + 0.1 * total)
    return scores


def choose(
    scores: Mapping[str, Mapping[pd.Timestamp, float]],
    able: Sequence[str],
    *,
    horizon_days: int,
) -> str:
    """Return the candidate to refit: the default, unless another is better again and again.

    Another one takes its place if its mean lead over the cutoffs is above zero by a one-sided
    t-test at 5 %; of several such, the best mean. The windows of neighbouring cutoffs overlap, so
    standard error and degrees of freedom count as many as would fit beside each other.

    Args:
        scores: candidate to its scores by cutoff, as `selection_scores` gives them.
        able: the candidates that could be fitted at the gate, in the catalogue's order.
        horizon_days: the windows' length.
    """
    means = {name: float(np.mean(list(scores[name].values()))) for name in able if scores.get(name)}
    ranked = sorted(means, key=lambda name: means[name])
    if DEFAULT not in able:
        return ranked[0] if ranked else able[0]
    for name in ranked:
        if name == DEFAULT or DEFAULT not in means:
            break
        cutoffs = sorted(scores[name])
        lead = np.array([scores[DEFAULT][c] - scores[name][c] for c in cutoffs])
        apart = min(len(lead), 1.0 + (cutoffs[-1] - cutoffs[0]).days / horizon_days)
        if apart <= 1.0:
            continue
        bound = float(student_t.ppf(0.95, df=apart - 1.0))
        if lead.mean() > bound * lead.std(ddof=1) / np.sqrt(apart):
            return name
    return DEFAULT


def evaluate(
    frame: pd.DataFrame,
    *,
    horizon_days: int,
    data_until: pd.Timestamp,
    label_days: int | None = None,
    settings: TrainingSettings | None = None,
    models: Sequence[ModelSpec] = MODELS,
    progress: Progress = lambda _: None,
) -> Evaluation:
    """Select on earlier cutoffs, then forecast the gate's cutoff with every model.

    Args:
        frame: a training frame as in `contract`; rows with labels that are not closed are unused.
        horizon_days: the length of the gate's label.
        data_until: the instant up to which events are known.
        label_days: the length of the labels before the gate, where it is less than the horizon:
            models learn from these and forecast the horizon.
        settings: seed, guards and budget.
        models: baselines and candidates to run.
        progress: is called with one line of text a step.

    Raises:
        CannotTrain: too few users, buyers or closed cutoffs, or no candidate could be fitted.
        ContractError: the frame breaks the contract.
    """
    given = settings if settings is not None else TrainingSettings()
    learned = horizon_days if label_days is None else label_days
    dates = _guard(
        frame,
        horizon_days=horizon_days,
        label_days=learned,
        data_until=data_until,
        settings=given,
    )
    compared = (*models, *variations(given.search_budget, given.seed))
    roles = {spec.name: str(spec.role) for spec in compared}
    rows: list[dict[str, Any]] = []
    seconds: dict[str, float] = {}
    skipped: dict[str, str] = {}

    def judge(
        cutoff: pd.Timestamp, training: Sequence[pd.Timestamp], days: int, stage: str
    ) -> pd.DataFrame:
        forecasts, took, refused = forecast_cutoff(
            frame,
            cutoff=cutoff,
            training=training,
            horizon_days=days,
            label_days=learned,
            models=compared,
            seed=given.seed,
            progress=progress,
        )
        for name, spent in took.items():
            seconds[name] = seconds.get(name, 0.0) + spent
        skipped.update(refused)
        ran = {name: role for name, role in roles.items() if name in took}
        rows.extend(metric_rows(forecasts, ran, stage=stage, settings=given))
        return forecasts

    for number, (cutoff, training) in enumerate(dates.selection.items(), start=1):
        progress(f"selection {number} of {len(dates.selection)}: cutoff {cutoff:%Y-%m-%d}")
        judge(cutoff, training, learned, "select")
    progress(f"gate: cutoff {dates.gate:%Y-%m-%d}")
    gate = judge(dates.gate, dates.gate_training, horizon_days, "gate")
    able = [name for name in roles if roles[name] == "candidate" and name in gate.columns]
    if not able:
        message = "no candidate could be fitted. " + " ".join(skipped.values())
        raise CannotTrain(message)
    scores = {
        name: found
        for name in able
        if dates.selection and (found := selection_scores(rows, name)) is not None
    }
    chosen = choose(scores, able, horizon_days=learned)
    progress(f"chosen: {chosen}")
    return Evaluation(
        chosen=chosen,
        calendar=dates,
        gate_predictions=gate,
        metric_rows=rows,
        selection_scores={n: float(np.mean(list(s.values()))) for n, s in scores.items()},
        seconds=seconds,
        skipped=skipped,
    )


def train(
    frame: pd.DataFrame,
    *,
    horizon_days: int,
    data_until: pd.Timestamp,
    settings: TrainingSettings | None = None,
    feature_version: str = "",
    data_token: str | None = None,
    models: Sequence[ModelSpec] = MODELS,
    progress: Progress = lambda _: None,
) -> TrainingResult:
    """Select, forecast the gate's cutoff and refit.

    Args:
        frame: a training frame as in `contract`; rows with labels that are not closed are unused.
        horizon_days: the label's length.
        data_until: the instant up to which events are known.
        settings: seed, guards and budget.
        feature_version: of the feature view that the frame was joined from.
        data_token: names the frame's content; its hash by default.
        models: baselines and candidates to run.
        progress: is called with one line of text a step.

    Raises:
        CannotTrain: too few users, buyers or closed cutoffs, or no candidate could be fitted.
        ContractError: the frame breaks the contract.
    """
    chosen_settings = settings if settings is not None else TrainingSettings()
    evaluation = evaluate(
        frame,
        horizon_days=horizon_days,
        data_until=data_until,
        settings=chosen_settings,
        models=models,
        progress=progress,
    )
    chosen, dates = evaluation.chosen, evaluation.calendar
    identity = TrainingIdentity(
        data_token=data_token if data_token is not None else frame_token(frame),
        feature_version=feature_version,
        code_version=code_version(),
        parameters_digest=parameters_digest(
            {
                "catalogue": catalogue_digest(models),
                "horizon_days": horizon_days,
                "data_until": data_until.isoformat(),
                **asdict(chosen_settings),
            },
        ),
    )
    searched = variations(chosen_settings.search_budget, chosen_settings.seed)
    specs = {spec.name: spec for spec in (*models, *searched)}
    progress(f"refit of {chosen} on {len(dates.closed)} cutoffs")
    learn = frame[frame["as_of"].isin(list(dates.closed))].sort_values(["as_of", "user_id"])
    predictor = SpendPredictor(
        specs[chosen].build(horizon_days=horizon_days, seed=chosen_settings.seed),
        horizon_days=horizon_days,
        model_name=chosen,
        feature_version=feature_version,
        identity=identity.digest(),
    )
    try:
        predictor.fit(learn[list(FEATURES)], learn[LABEL].to_numpy(dtype=np.float64))
    except CannotFit as error:
        message = f"the chosen model {chosen} could not be refitted: {error}"
        raise CannotTrain(message) from error
    return TrainingResult(
        **vars(evaluation),
        predictor=predictor,
        identity=identity,
        rows=len(learn),
        users=int(learn["user_id"].nunique()),
    )
