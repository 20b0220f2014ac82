"""How far features, predictions and the make-up of users have moved since the champion's gate.

What it holds: the asset, and the counting. What must not go here: the measures
(`vistora_assets.modelling.drift`), their SQL (`vistora_assets.features.drift_sql`), and what
follows from drift (`vistora_assets.checks.monitoring`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import dagster as dg

from vistora_assets import refresh
from vistora_assets.assets import columns as described
from vistora_assets.assets.inventory import FEATURE_DRIFT, OWNERS, POOL, USER_SPEND_PREDICTIONS
from vistora_assets.automation.freshness import freshness
from vistora_assets.automation.partitions import every_snapshot
from vistora_assets.automation.planning import (
    at,
    events_table,
    features_table,
    read_champion,
    read_publications,
)
from vistora_assets.features.drift_sql import (
    CALENDAR,
    PROBABILITIES,
    batches_sql,
    counts_sql,
    edges_sql,
    users_by_group_sql,
)
from vistora_assets.io_managers.models import get, stage
from vistora_assets.io_managers.tables import Published
from vistora_assets.resources.warehouse import Warehouse, rows
from vistora_assets.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

SMALLEST_GROUP: Final = 100
"""Users, or purchases of a batch, below which a group is too noisy to be named."""
MOVED_SHARE: Final = 0.05
"""A group has moved if its share of the users changed by so much of all users ..."""
MOVED_MEAN: Final = 1.5
"""... or its users' mean recent spend (a batch's mean amount) by this factor either way, beside
how everybody's moved."""
MOVED_TOTAL: Final = 0.1
"""The predictions have moved if, beside the index, their mean did by so much: the index counts
users, and most of them are expected to spend next to nothing, a little less with every month."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What is compared with what: the snapshot, the champion, and its gate."""

    day: date
    baseline: date
    version: str
    features: str


def _instant(day: date) -> str:
    return f"TO_TIMESTAMP_NTZ('{day} 00:00:00')"


def _row(compared: Compared, kind: str, name: str, **values: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("psi", "ks", "ks_probability", "baseline_mean", "current_mean"))
    return {
        "snapshot_date": compared.day,
        "baseline_date": compared.baseline,
        "model_version": compared.version,
        "kind": kind,
        "name": name,
        **empty,
        # The warehouse adds in any order, so the last digits of a mean are nobody's.
        **{
            key: float(f"{value:.9g}") if isinstance(value, float) else value
            for key, value in values.items()
        },
    }


def _bins(found: Sequence[Any], start: int, edges: int) -> tuple[list[int], float | None, int]:
    """Return counts by bin (the last: missing), the mean, and where the next column starts."""
    total, missing = int(found[0]), int(found[start])
    mean = None if found[start + 1] is None else float(found[start + 1])
    below = [int(value or 0) for value in found[start + 2 : start + 2 + edges]]
    steps = [high - low for low, high in zip([0, *below], [*below, total - missing], strict=True)]
    return [*steps, missing], mean, start + 2 + edges


def _shifted(before: Sequence[int], after: Sequence[int]) -> dict[str, Any]:
    """Return the columns that compare two counts by bin, the last of them missing values."""
    from vistora_assets.modelling.drift import shift

    found = shift(before, after, missing=1)
    return {
        "psi": found.psi,
        "ks": found.ks,
        "ks_probability": found.probability,
        "baseline_count": sum(before),
        "current_count": sum(after),
        "moved": found.moved,
    }


def _features(connection: Any, compared: Compared, columns: Sequence[str]) -> list[dict[str, Any]]:
    one, two = at(compared.baseline), at(compared.day)
    found = rows(connection, edges_sql(columns, compared.features, one))[0]
    edges: dict[str, list[float]] = {}
    for place, name in enumerate(columns):
        tenths = found[place * len(PROBABILITIES) : (place + 1) * len(PROBABILITIES)]
        edges[name] = sorted({float(value) for value in tenths if value is not None})
    sides = [
        rows(connection, counts_sql(edges, compared.features, condition))[0]
        for condition in (one, two)
    ]
    made: list[dict[str, Any]] = []
    start = 1
    for name, values in edges.items():
        before, was, _ = _bins(sides[0], start, len(values))
        after, now, start = _bins(sides[1], start, len(values))
        made.append(
            _row(
                compared,
                "feature",
                name.lower(),
                **_shifted(before, after),
                baseline_mean=was,
                current_mean=now,
            )
        )
    return made


def _predictions(
    connection: Any, warehouse: Warehouse, compared: Compared, forecasts: Any
) -> dict[str, Any]:
    import numpy as np

    known = np.asarray(forecasts, dtype=np.float64)
    edges = sorted({float(value) for value in np.quantile(known, PROBABILITIES)})
    before = [int(n) for n in np.bincount(np.searchsorted(edges, known), minlength=len(edges) + 1)]
    table = warehouse.ml("USER_SPEND_PREDICTIONS")
    counted = rows(connection, counts_sql({"PREDICTED_SPEND": edges}, table, at(compared.day)))[0]
    after, now, _ = _bins(counted, 1, len(edges))
    found = _shifted([*before, 0], after)
    was = float(known.mean())
    by_total = now is None or abs(now - was) >= MOVED_TOTAL * max(was, 1e-12)
    return _row(
        compared,
        "prediction",
        "predicted_spend",
        **{**found, "moved": found["moved"] and by_total},
        baseline_mean=was,
        current_mean=now,
    )


def _ratio_moved(was: float | None, now: float | None, everybody: float) -> bool:
    if not was or not now or not everybody:
        return False
    ratio = now / was / everybody
    return not 1 / MOVED_MEAN <= ratio <= MOVED_MEAN


def _groups(connection: Any, compared: Compared) -> list[dict[str, Any]]:
    """Return countries and cohorts: users, their share and their mean recent spend."""
    from vistora_assets.modelling.drift import shift

    query = users_by_group_sql(compared.features, at(compared.baseline), at(compared.day))
    sides: dict[tuple[str, str], dict[str, tuple[int, float]]] = {}
    for kind, name, side, users, spent in rows(connection, query):
        sides.setdefault((kind, str(name)), {})[side] = (int(users), float(spent or 0.0))
    made: list[dict[str, Any]] = []
    for kind in ("country", "cohort"):
        own = {name: found for (of, name), found in sides.items() if of == kind}
        totals = {
            side: (
                sum(found.get(side, (0, 0.0))[0] for found in own.values()),
                sum(found.get(side, (0, 0.0))[1] for found in own.values()),
            )
            for side in ("baseline", "current")
        }
        (users_then, spent_then), (users_now, spent_now) = totals.values()
        if not users_then or not users_now:
            continue
        everybody = (spent_now / users_now) / (spent_then / users_then) if spent_then else 0.0
        for name, found in own.items():
            then, now = (found.get(side, (0, 0.0)) for side in ("baseline", "current"))
            means = [spent / users if users else None for users, spent in (then, now)]
            shares = [then[0] / users_then, now[0] / users_now]
            # The group against everybody else.
            apart = shift([then[0], users_then - then[0]], [now[0], users_now - now[0]])
            large = max(then[0], now[0]) >= SMALLEST_GROUP
            by_mean = min(then[0], now[0]) >= SMALLEST_GROUP and _ratio_moved(
                means[0], means[1], everybody
            )
            made.append(
                _row(
                    compared,
                    kind,
                    name,
                    psi=apart.psi,
                    baseline_count=then[0],
                    current_count=now[0],
                    baseline_mean=means[0],
                    current_mean=means[1],
                    moved=large and (abs(shares[0] - shares[1]) >= MOVED_SHARE or by_mean),
                )
            )
    return made


def _batches(connection: Any, warehouse: Warehouse, compared: Compared) -> list[dict[str, Any]]:
    """Return load batches since the gate: their purchases and mean amount against those before."""
    query = batches_sql(
        events_table(warehouse.settings), _instant(compared.baseline), _instant(compared.day)
    )
    found = {str(name): (int(n), float(spent or 0)) for name, n, spent in rows(connection, query)}
    before, spent_before = found.pop("", (0, 0.0))
    usual = spent_before / before if before else None
    made: list[dict[str, Any]] = []
    for name, (purchases, spent) in sorted(found.items()):
        mean = spent / purchases if purchases else None
        made.append(
            _row(
                compared,
                "batch",
                name,
                baseline_count=before,
                current_count=purchases,
                baseline_mean=usual,
                current_mean=mean,
                moved=purchases >= SMALLEST_GROUP and _ratio_moved(usual, mean, 1.0),
            )
        )
    return made


def measured(
    connection: Any, warehouse: Warehouse, champion: refresh.ChampionRef, day: date
) -> pd.DataFrame:
    """Return the rows of a snapshot's drift, what moved first, groups before features."""
    import pandas as pd

    trained = get(connection, stage(warehouse), champion.version)
    compared = Compared(
        day=day,
        baseline=date.fromisoformat(trained.report["gate_as_of"][:10]),
        version=champion.version,
        features=features_table(warehouse.settings, champion.feature_version),
    )
    columns = [
        name.upper() for name in trained.predictor.feature_names if name.upper() not in CALENDAR
    ]
    made = [
        *_groups(connection, compared),
        *_batches(connection, warehouse, compared),
        _predictions(connection, warehouse, compared, trained.gate[trained.report["chosen"]]),
        *_features(connection, compared, columns),
    ]
    order = {"country": 0, "cohort": 1, "batch": 2, "prediction": 3, "feature": 4}
    made.sort(key=lambda row: (not row["moved"], order[row["kind"]], -(row["psi"] or 0.0)))
    frame = pd.DataFrame(made)
    numbers = ["psi", "ks", "ks_probability", "baseline_mean", "current_mean"]
    frame[numbers] = frame[numbers].astype("float64")
    for name in ("snapshot_date", "baseline_date"):
        frame[name] = pd.to_datetime(frame[name])
    return frame


def _page(frame: pd.DataFrame) -> str:
    heads = ["kind", "name", "psi", "ks", "baseline_count", "current_count", "baseline_mean"]
    heads += ["current_mean", "moved"]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for row in frame[heads].head(30).itertuples(index=False):
        cells = [f"{value:,.3f}" if isinstance(value, float) else str(value) for value in row]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def feature_drift(settings: Settings) -> dg.AssetsDefinition:
    """Return the asset."""

    @dg.asset(
        key=FEATURE_DRIFT,
        deps=[dg.AssetDep(USER_SPEND_PREDICTIONS, partition_mapping=every_snapshot())],
        io_manager_key="tables",
        metadata={"schema": settings.objects.ml, **described.metadata(described.feature_drift())},
        group_name="monitoring",
        kinds={"snowflake", "sql"},
        owners=list(OWNERS),
        code_version="1",
        freshness_policy=freshness(settings),
        pool=POOL,
    )
    def asset(warehouse: dg.ResourceParam[Warehouse]) -> Any:
        """What has moved at the newest predicted snapshot since the champion's gate.

        Grain and key: `SNAPSHOT_DATE` x `KIND` x `NAME`. Countries, cohorts of first purchase and
        load batches (`KIND` country, cohort, batch), then the predictions and each feature: PSI
        and Kolmogorov-Smirnov over tenths of the champion's gate. Counted in the warehouse; only
        counts reach Python.
        """
        with warehouse.connection() as connection:
            champion = read_champion(connection, settings)
            tokens = refresh.predicted(read_publications(connection, settings))
            if champion is None or not tokens:
                raise dg.Failure(
                    "Nothing is predicted yet, so nothing has moved: materialize "
                    "ml/user_spend_predictions first.",
                    allow_retries=False,
                )
            day = max(tokens)
            frame = measured(connection, warehouse, champion, day)
        moved = [f"{row.kind} {row.name}" for row in frame[frame["moved"]].itertuples(index=False)]
        return Published(
            frame,
            tokens[day],
            {
                "moved": ", ".join(moved) or "nothing",
                "drift": dg.MetadataValue.md(_page(frame)),
            },
            replaces=f"SNAPSHOT_DATE = {_instant(day)}",
        )

    return asset
