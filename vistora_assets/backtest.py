"""The backtest: any log of events, judged at any cutoff, as `vistora backtest` runs it.

What it holds: the steps from a file of events to one row a model and cutoff, in an embedded
warehouse of its own that is deleted at the end. It lands and loads as the pipeline does, asks the
same planner for snapshots and cutoffs, and calls the assets' own features, training set and
training. What must not go here: a rule of any of these; how models are compared and chosen
(`vistora_assets.modelling.training`).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from vistora_assets import refresh
from vistora_assets.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

    from vistora_assets.resources.warehouse import Warehouse
    from vistora_assets.sources import ColumnMap, LandedFile

COLUMNS: Final = (
    "model",
    "cutoff",
    "selected",
    "n",
    "r2",
    "mse",
    "mae",
    "rmse",
    "bias",
    "gini",
    "top_decile_capture",
    "spearman",
    "seconds",
)
"""What a row of the result always has, in this order; more may follow."""

_INHERITED: Final = (
    "VISTORA_IGNORED_EVENT_TYPES",
    "VISTORA_REJECTED_SHARE",
    "VISTORA_SEED",
    "VISTORA_SOURCE_TIMEZONE",
)
"""What of the environment counts here, too: how input is read, and the seed."""

_SHORTEST_LABEL: Final = 7
_DAY: Final = timedelta(days=1)

Say = Callable[[str], object]


class BacktestError(ValueError):
    """What was asked cannot be judged; the message says why and what to ask instead."""


@dataclass(frozen=True)
class BacktestRequest:
    """What to judge.

    Attributes:
        events: a CSV or Parquet file of events.
        cutoffs: the last days whose events may be used; forecasts are made for the day after.
        horizon_days: how many days ahead spend is forecast.
        columns: which of the file's columns is which.
        net: whether refunds are taken off the label.
        data_until: the day before which the events are complete; the day after the last by
            default.
    """

    events: Path
    cutoffs: tuple[date, ...]
    horizon_days: int
    columns: ColumnMap
    net: bool = False
    data_until: date | None = None


@dataclass(frozen=True)
class CutoffPlan:
    """What is learned for one cutoff.

    Attributes:
        as_of: the day after the cutoff.
        training: AS_OFs whose labels closed by `as_of`, ascending.
        label_days: the length of their labels: the horizon, or less where the log is too short.
    """

    as_of: date
    training: tuple[date, ...]
    label_days: int


@dataclass(frozen=True)
class BacktestResult:
    """What came out.

    Attributes:
        rows: one mapping a model and cutoff, with at least `COLUMNS`.
        predictions: cutoff to one row a user: `user_id, as_of, country, tenure_days, actual` and
            one column a model.
        notes: sentences about what was done otherwise than one might expect.
    """

    rows: list[dict[str, Any]]
    predictions: dict[date, pd.DataFrame]
    notes: list[str] = field(default_factory=list[str])


def plan_cutoff(
    events: refresh.EventsExtent, as_of: date, *, horizon_days: int, minimum_history_days: int
) -> CutoffPlan:
    """Return what can be learned from before `as_of`, by the planner's rules.

    Snapshots lie a month apart on the day of `as_of`. Where no label of the whole horizon has
    closed by then, a third of the log's days is history, a third the label's window, and the
    windows end within the last third, a third of their length apart.

    Raises:
        BacktestError: the log is too short even for that.
    """
    first = events.first.date()
    rules = refresh.SnapshotRules(
        first=first, last=as_of, cadence="monthly", data_until=as_of, month_day=as_of.day
    )
    training = refresh.training_cutoffs(
        events, rules, horizon_days=horizon_days, minimum_history_days=minimum_history_days
    )
    if training:
        return CutoffPlan(as_of, training, horizon_days)
    third = (as_of - first).days // 3
    label_days = min(horizon_days, third)
    if label_days < _SHORTEST_LABEL:
        raise BacktestError(
            f"Purchases begin on {first} and the cutoff is {as_of - _DAY}: {(as_of - first).days} "
            f"days are too few to learn from. Give a cutoff of {first + 3 * _SHORTEST_LABEL * _DAY} "
            "or later."
        )
    newest = as_of - label_days * _DAY
    steps = sorted({newest - round(step * label_days / 3) * _DAY for step in range(4)})
    return CutoffPlan(as_of, tuple(day for day in steps if (day - first).days >= third), label_days)


def _plans(
    request: BacktestRequest, events: refresh.EventsExtent, minimum_history_days: int
) -> list[CutoffPlan]:
    """Return the plan of each cutoff, or refuse with a sentence."""
    until = request.data_until or events.last.date() + _DAY
    first = events.first.date()
    found: list[CutoffPlan] = []
    for cutoff in sorted(request.cutoffs):
        as_of = cutoff + _DAY
        closes = as_of + request.horizon_days * _DAY
        if closes > until:
            newest = until - (request.horizon_days + 1) * _DAY
            raise BacktestError(
                f"The {request.horizon_days} days after {cutoff} end on {closes - _DAY}, and the "
                f"events are known until {until - _DAY}: nobody can say yet who was right. Give a "
                f"cutoff of {newest} or earlier, or fewer days."
            )
        if as_of <= first:
            raise BacktestError(
                f"The first purchase is of {first}: before the cutoff {cutoff} there is nobody to "
                "make a forecast for. Give a later cutoff."
            )
        found.append(
            plan_cutoff(
                events,
                as_of,
                horizon_days=request.horizon_days,
                minimum_history_days=minimum_history_days,
            )
        )
    return found


def backtest(request: BacktestRequest, say: Say = lambda _: None) -> BacktestResult:
    """Run the backtest in a warehouse of its own, which is gone afterwards.

    Raises:
        BacktestError: it cannot be judged; the message says why.
        SourceError: the file or its columns cannot be read.
    """
    if not request.cutoffs:
        raise BacktestError("There is no cutoff; give at least one.")
    if len(set(request.cutoffs)) != len(request.cutoffs):
        raise BacktestError("A cutoff is there twice; give it once.")
    with _isolated(request) as warehouse:
        return _Backtest(warehouse, request, say).run()


@contextmanager
def _isolated(request: BacktestRequest) -> Generator[Warehouse, None, None]:
    """Open an embedded warehouse in a temporary root; stop and delete it at the end."""
    from vistora_assets.resources.connection import stop_embedded
    from vistora_assets.resources.warehouse import Warehouse

    root = Path(tempfile.mkdtemp(prefix="vistora-backtest-"))
    values = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    values["VISTORA_HORIZON_DAYS"] = str(request.horizon_days)
    values["VISTORA_LABEL"] = "net" if request.net else "gross"
    settings = Settings.load(values, root)
    warehouse = Warehouse(settings)
    try:
        yield warehouse
    finally:
        try:
            warehouse.close()
            stop_embedded(settings)
        finally:
            shutil.rmtree(root, ignore_errors=True)


class _Backtest:
    """One backtest in an open warehouse."""

    def __init__(self, warehouse: Warehouse, request: BacktestRequest, say: Say) -> None:
        self.warehouse, self.request, self.say = warehouse, request, say
        self.notes: list[str] = []

    def run(self) -> BacktestResult:
        events = self.load()
        settings = self.warehouse.settings
        plans = _plans(self.request, events, settings.snapshots.minimum_history_days)
        rows: list[dict[str, Any]] = []
        predictions: dict[date, pd.DataFrame] = {}
        for label_days in sorted({plan.label_days for plan in plans}):
            together = [plan for plan in plans if plan.label_days == label_days]
            frame, tests = self.features(together, label_days)
            for plan in together:
                found, forecasts = self.judge(plan, frame, tests)
                rows += found
                predictions[plan.as_of - _DAY] = forecasts
        rows.sort(key=lambda row: str(row["cutoff"]))
        return BacktestResult(rows, predictions, self.notes)

    def note(self, text: str) -> None:
        self.notes.append(text)
        self.say(text)

    def load(self) -> refresh.EventsExtent:
        """Land and load the file, and return the extent of its events."""
        from vistora_assets.assets.raw.events import ingest
        from vistora_assets.automation.planning import events_table
        from vistora_assets.features import events_extent_sql
        from vistora_assets.resources.warehouse import rows

        self.say("starting an embedded warehouse of its own")
        self.warehouse.ensure_objects()
        landed = self.land()
        self.say(f"loading {landed.name}, {landed.size:,} bytes")
        report = ingest(self.warehouse)
        blocked = [file.reason for file in report.files if file.outcome == "BLOCKED"]
        if blocked:
            raise BacktestError(f"{self.request.events.name} was not loaded: {blocked[0]}")
        if report.rows_rejected:
            self.note(f"{report.rows_rejected:,} of {report.rows_read:,} rows were rejected.")
        with self.warehouse.connection() as connection:
            sql = events_extent_sql(events_table(self.warehouse.settings))
            first, last = rows(connection, sql)[0]
        if first is None:
            raise BacktestError(f"{self.request.events.name} holds no purchase.")
        self.say(f"{report.rows_accepted:,} events, {first:%Y-%m-%d} to {last:%Y-%m-%d}")
        return refresh.EventsExtent(first, last)

    def land(self) -> LandedFile:
        """Land the file; one without a column of types is a log of purchases."""
        from vistora_assets import sources
        from vistora_assets.sources.errors import MappingError

        given, path = self.request.columns, self.request.events
        objects = self.warehouse.source_objects()
        with self.warehouse.connection() as connection:
            try:
                return sources.land(connection, objects, path, given)
            except MappingError:
                if "event_type" in (*given.columns, *given.constants):
                    raise
                purchases = {**given.constants, "event_type": "purchase"}
                try:
                    landed = sources.land(
                        connection, objects, path, sources.ColumnMap(given.columns, purchases)
                    )
                except MappingError:
                    landed = None
                if landed is None:
                    raise
                self.note(f"{path.name} has no event_type: every row counts as a purchase.")
                return landed

    def features(
        self, plans: Sequence[CutoffPlan], label_days: int
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the labelled features to learn from, and those of the tests.

        The labels of the former are `label_days` long, those of the latter the whole horizon.
        """
        from vistora_assets.assets.feature_store.user_features import user_features_query
        from vistora_assets.assets.feature_store.user_features_view import register
        from vistora_assets.assets.ml.training_set import labelled_features
        from vistora_assets.automation.planning import features_table
        from vistora_assets.resources.warehouse import Warehouse, rows

        given = self.warehouse.settings
        settings = replace(given, snapshots=replace(given.snapshots, horizon_days=label_days))
        warehouse = Warehouse(settings)
        training = sorted({day for plan in plans for day in plan.training})
        tests = sorted(plan.as_of for plan in plans)
        days = sorted({*training, *tests})
        self.say(f"features of {len(days)} snapshots, {days[0]} to {days[-1]}")
        try:
            with warehouse.connection() as connection:
                table = features_table(settings)
                rows(connection, f"CREATE TABLE {table} AS {user_features_query(settings, days)}")
                reference = register(warehouse)
                store = warehouse.feature_store(warehouse.session())
                view = store.get_feature_view(reference.name, reference.version)
                learn = labelled_features(warehouse, view, training)
                judged = labelled_features(warehouse, view, tests, self.request.horizon_days)
                return _read(connection, learn), _read(connection, judged)
        finally:
            warehouse.close()

    def judge(
        self, plan: CutoffPlan, frame: pd.DataFrame, tests: pd.DataFrame
    ) -> tuple[list[dict[str, Any]], pd.DataFrame]:
        """Return the rows and the forecasts of one cutoff."""
        import pandas as pd

        from vistora_assets.modelling.training import CannotTrain, TrainingSettings, evaluate

        cutoff = plan.as_of - _DAY
        horizon = self.request.horizon_days
        if plan.label_days != horizon:
            self.note(
                f"{cutoff}: no window of {horizon} days lies before it; models learn from windows "
                f"of {plan.label_days} days and are scaled to {horizon}."
            )
        learn = frame[frame["as_of"].isin([pd.Timestamp(day) for day in plan.training])]
        test = tests[tests["as_of"] == pd.Timestamp(plan.as_of)]
        try:
            found = evaluate(
                pd.concat([learn, test], ignore_index=True),
                horizon_days=horizon,
                label_days=plan.label_days,
                data_until=pd.Timestamp(plan.as_of + horizon * _DAY),
                settings=TrainingSettings(seed=self.warehouse.settings.seed),
                progress=self.say,
            )
        except CannotTrain as error:
            raise BacktestError(f"{cutoff}: {error}") from error
        self.notes += found.skipped.values()
        rows = [
            _row(row, cutoff, chosen=found.chosen, seconds=found.seconds)
            for row in found.metric_rows
            if row["stage"] == "gate" and row["segment"] == "all"
        ]
        return rows, found.gate_predictions


def _read(connection: Any, frame: Any) -> pd.DataFrame:
    """Return a Snowpark frame's rows as pandas, in the pipeline's way of reading tables."""
    from vistora_assets.io_managers.frames import read_frame

    *before, last = frame.queries["queries"]
    for sql in before:
        frame.session.sql(sql).collect()
    return read_frame(connection, last)


def _row(
    row: Mapping[str, Any], cutoff: date, *, chosen: str, seconds: Mapping[str, float]
) -> dict[str, Any]:
    made = {
        **row,
        "cutoff": cutoff.isoformat(),
        "selected": row["model"] == chosen,
        "seconds": round(seconds[row["model"]], 3),
    }
    more = ("role", "rmse_low", "rmse_high", "gini_low", "gini_high")
    return {name: made[name] for name in (*COLUMNS, *more)}


def result_table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the lines of a table, cutoff by cutoff, the lowest RMSE first."""
    heading = (
        f"  {'model':24} {'RMSE (95 %)':>28} {'R2':>7} {'MAE':>9} {'bias':>6} {'Gini':>6} "
        f"{'top 10 %':>8} {'Spearman':>8} {'seconds':>7}"
    )
    lines = [heading]
    for cutoff in sorted({str(row["cutoff"]) for row in rows}):
        mine = [row for row in rows if row["cutoff"] == cutoff]
        lines += ["", f"cutoff {cutoff}, {mine[0]['n']:,} users"]
        for row in sorted(mine, key=lambda row: float(row["rmse"])):
            bounds = f"{row['rmse']:.2f} ({row['rmse_low']:.2f} to {row['rmse_high']:.2f})"
            shown = {
                name: "-" if row[name] is None else f"{row[name]:.3f}"
                for name in ("r2", "bias", "gini", "top_decile_capture", "spearman")
            }
            lines.append(
                f"{'*' if row['selected'] else ' '} {row['model']:24} {bounds:>28} "
                f"{shown['r2']:>7} {row['mae']:9.2f} {shown['bias']:>6} {shown['gini']:>6} "
                f"{shown['top_decile_capture']:>8} {shown['spearman']:>8} {row['seconds']:7.1f}"
            )
    return lines
