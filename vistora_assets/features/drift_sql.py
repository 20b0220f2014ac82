"""The SQL of drift and of outcomes: bins, counts by bin, groups of users, forecasts beside facts.

What it holds: queries over a features' table, the events and the predictions, as text. Add what
monitoring must count. What must not go here: running it, and what a count means
(`vistora_assets.modelling.drift`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

PROBABILITIES: Final = tuple(part / 10 for part in range(1, 10))
"""Tenths: as many bins as the index is usually taken of."""

CALENDAR: Final = frozenset({"AS_OF_DAYS", "SEASON_SIN", "SEASON_COS", "SEASON_OBSERVED"})
"""Features that are the same for all users of a snapshot: they move with the calendar alone."""


def edges_sql(columns: Sequence[str], table: str, condition: str) -> str:
    """Return SQL for one row: for each column the tenths of its values, in order.

    Approximate ones: an edge must be the same for both sides, and need not be exact.
    """
    listed = ", ".join(
        f"APPROX_PERCENTILE({name}, {probability})"
        for name in columns
        for probability in PROBABILITIES
    )
    return f"SELECT {listed} FROM {table} WHERE {condition}"


def counts_sql(edges: Mapping[str, Sequence[float]], table: str, condition: str) -> str:
    """Return SQL for one row of counts.

    Returns:
        A SELECT of the rows, then for each column: what is missing, the mean, and the rows at or
        below each of its edges.
    """
    parts = ["COUNT(*)"]
    for name, values in edges.items():
        parts += [f"COUNT_IF({name} IS NULL)", f"AVG({name})"]
        parts += [f"COUNT_IF({name} <= {value!r})" for value in values]
    return f"SELECT {', '.join(parts)} FROM {table} WHERE {condition}"


def users_by_group_sql(table: str, baseline: str, current: str) -> str:
    """Return SQL for users and their recent spend by country and by month of first purchase.

    Returns:
        A SELECT of KIND (`country`, `cohort`), NAME, SIDE (`baseline`, `current`), USERS, SPENT.
    """
    first = "DATEADD('DAY', -TENURE_DAYS, SNAPSHOT_DATE)"
    groups = {
        "country": "COALESCE(COUNTRY, 'unknown')",
        "cohort": f"CAST(YEAR({first}) * 100 + MONTH({first}) AS VARCHAR)",
    }
    return " UNION ALL ".join(
        f"SELECT '{kind}' AS KIND, {name} AS NAME, '{side}' AS SIDE, COUNT(*) AS USERS, "
        f"SUM(SPENT_PREVIOUS_HORIZON) AS SPENT FROM {table} WHERE {condition} GROUP BY {name}"
        for kind, name in groups.items()
        for side, condition in (("baseline", baseline), ("current", current))
    )


def batches_sql(events: str, since: str, until: str) -> str:
    """Return SQL for purchases and their amount: of all before `since`, and by batch after it.

    Args:
        events: the events' table.
        since: the baseline's instant, as SQL.
        until: the snapshot's instant, as SQL.

    Returns:
        A SELECT of NAME (the file; empty for the baseline), PURCHASES, SPENT.
    """
    purchases = "COUNT(*) AS PURCHASES, SUM(CAST(AMOUNT AS DOUBLE)) AS SPENT"
    return (
        f"SELECT '' AS NAME, {purchases} FROM {events} "
        f"WHERE EVENT_TYPE = 'purchase' AND EVENT_TIME < {since} UNION ALL "
        f"SELECT COALESCE(SOURCE_FILE, 'unknown') AS NAME, {purchases} FROM {events} "
        f"WHERE EVENT_TYPE = 'purchase' AND EVENT_TIME >= {since} AND EVENT_TIME < {until} "
        "GROUP BY COALESCE(SOURCE_FILE, 'unknown')"
    )


def outcomes_sql(
    predictions: str, promotions: str, features: str, labels: str, condition: str
) -> str:
    """Return SQL for predictions beside what happened and what a naive forecast said.

    A model that had learned what happened after the snapshot did not forecast it: predictions are
    left out where the labels of the model's training reach further into the horizon than a tenth
    of it.

    Args:
        predictions: the predictions' table.
        promotions: the table of decisions, which knows each version's newest cutoff.
        features: the table of features that they were scored from.
        labels: a query of USER_ID, AS_OF, LABEL.
        condition: of the predictions.
    """
    return (
        "SELECT P.USER_ID, P.SNAPSHOT_DATE, P.MODEL_VERSION, P.FEATURE_VERSION, P.HORIZON_DAYS, "
        "P.PREDICTED_SPEND, CAST(L.LABEL AS FLOAT) AS ACTUAL_SPEND, F.COUNTRY, F.TENURE_DAYS, "
        "COALESCE(F.SPENT_PREVIOUS_HORIZON, 0)::FLOAT AS PREVIOUS_PERIOD "
        f"FROM (SELECT * FROM {predictions} WHERE {condition}) AS P "
        "JOIN (SELECT MODEL_VERSION, MAX(GATE_AS_OF) AS GATE_AS_OF "
        f"FROM {promotions} GROUP BY MODEL_VERSION) AS M ON M.MODEL_VERSION = P.MODEL_VERSION "
        "AND DATEADD('DAY', P.HORIZON_DAYS, M.GATE_AS_OF) "
        "<= DATEADD('DAY', CAST(FLOOR(P.HORIZON_DAYS / 10) AS INT), P.SNAPSHOT_DATE) "
        f"JOIN ({labels}) AS L ON L.USER_ID = P.USER_ID AND L.AS_OF = P.SNAPSHOT_DATE "
        f"LEFT JOIN {features} AS F "
        "ON F.USER_ID = P.USER_ID AND F.SNAPSHOT_DATE = P.SNAPSHOT_DATE"
    )


def quality_sql(outcomes: str) -> str:
    """Return SQL for how good the predictions of each snapshot turned out, the newest first.

    The Gini is that of `vistora_assets.modelling.metrics.gini`, ties broken by a hash of the user.

    Returns:
        A SELECT of SNAPSHOT_DATE, MODEL_VERSION, USERS, RMSE, MAE, BIAS, GINI, NAIVE_RMSE,
        NAIVE_GINI; naive is the spend of the horizon before the snapshot.
    """
    group = "SNAPSHOT_DATE, MODEL_VERSION"
    places = ", ".join(
        f"ROW_NUMBER() OVER (PARTITION BY {group} ORDER BY {column} DESC, MD5(USER_ID)) AS {name}"
        for column, name in (
            ("PREDICTED_SPEND", "PLACE_PREDICTED"),
            ("PREVIOUS_PERIOD", "PLACE_NAIVE"),
            ("ACTUAL_SPEND", "PLACE_ACTUAL"),
        )
    )
    areas = ", ".join(
        f"SUM(ACTUAL_SPEND * (1 - (PLACE_{name} - 0.5) / GROUP_ROWS)) / NULLIF(SUM(ACTUAL_SPEND), 0)"
        f" - 0.5 AS AREA_{name}"
        for name in ("PREDICTED", "NAIVE", "ACTUAL")
    )
    return f"""\
WITH RANKED AS (
  SELECT *, COUNT(*) OVER (PARTITION BY {group}) AS GROUP_ROWS, {places}
  FROM {outcomes} AS OUTCOMES
),
SUMMED AS (
  SELECT {group}, COUNT(*) AS USERS,
    SQRT(AVG(POWER(PREDICTED_SPEND - ACTUAL_SPEND, 2))) AS RMSE,
    AVG(ABS(PREDICTED_SPEND - ACTUAL_SPEND)) AS MAE,
    SUM(PREDICTED_SPEND) / NULLIF(SUM(ACTUAL_SPEND), 0) AS BIAS,
    SQRT(AVG(POWER(PREVIOUS_PERIOD - ACTUAL_SPEND, 2))) AS NAIVE_RMSE,
    {areas}
  FROM RANKED
  GROUP BY {group}
)
SELECT {group}, USERS, RMSE, MAE, BIAS, AREA_PREDICTED / NULLIF(AREA_ACTUAL, 0) AS GINI,
  NAIVE_RMSE, AREA_NAIVE / NULLIF(AREA_ACTUAL, 0) AS NAIVE_GINI
FROM SUMMED
ORDER BY SNAPSHOT_DATE DESC, MODEL_VERSION"""
