"""The SQL of features and labels, in Snowflake's dialect, as text.

What it holds: the one SELECT that computes any list of snapshots (`user_features_sql`), the
labels beside them (`labels_sql`), the extent of the log (`events_extent_sql`), and the two
proofs: that a stored table is what recomputing gives (`recomputation_sql`) and that nothing after
a snapshot matters to it (`perturbed_future_sql`).

Add to it when a feature, a label or such a proof needs SQL. What must not go here: running it.
Names of tables come in as SQL, quoted by `vistora_assets.identifiers`.

A snapshot stands at 00:00 UTC, so that the calendar day of an event alone decides on which side
of it the event lies and how many days before it: an event of the day before has age 1, and the
last n days are the ages 1 to n. Amounts are summed as decimals with six digits, since sums of
floats depend on the order of rows and the same events must give the same features to the bit;
standard deviations are rounded for the same reason.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from vistora_assets.features.specification import (
    SEASON_DAYS,
    TREND_WINDOW,
    FeatureSpecification,
    SpecificationError,
)

_EPOCH: Final = date(1970, 1, 1)
_AMOUNT_TYPE: Final = "NUMBER(28, 6)"
_DAYS_A_YEAR: Final = 365.25


def user_features_sql(
    spec: FeatureSpecification, events_table: str, snapshots: Sequence[date]
) -> str:
    """Return one SELECT with a row for each user and snapshot with a purchase before it.

    Args:
        spec: what to compute; its `columns` are the columns, in that order.
        events_table: the events, as SQL: a quoted name, or a query in parentheses.
        snapshots: the snapshots' dates, in any order.

    Raises:
        SpecificationError: there is no snapshot, or one is there twice.
    """
    calendar = " UNION ALL\n  ".join(_snapshot_row(day) for day in _checked(snapshots))
    columns = ",\n  ".join(
        _column(name, expression) for name, expression in _expressions(spec).items()
    )
    return f"""\
WITH SNAPSHOTS AS (
  {calendar}
),
COUNTED AS (
  SELECT USER_ID, EVENT_TIME, CAST(EVENT_TIME AS DATE) AS EVENT_DAY, COUNTRY,
    CAST(AMOUNT AS {_AMOUNT_TYPE}) AS AMOUNT,
    CASE WHEN EVENT_TYPE = 'purchase' THEN 1 ELSE 0 END AS IS_PURCHASE
  FROM {events_table} SOURCE_EVENTS
  WHERE EVENT_TYPE IN ('purchase', 'refund')
),
LOG_START AS (
  SELECT MIN(EVENT_DAY) AS FIRST_DAY FROM COUNTED
),
PURCHASE_DAYS AS (
  SELECT USER_ID, EVENT_DAY, SUM(AMOUNT) AS SPENT,
    LAG(EVENT_DAY) OVER (PARTITION BY USER_ID ORDER BY EVENT_DAY) AS PREVIOUS_DAY
  FROM COUNTED
  WHERE IS_PURCHASE = 1
  GROUP BY USER_ID, EVENT_DAY
),
AGED_EVENTS AS (
  SELECT S.SNAPSHOT_DATE, C.USER_ID, C.EVENT_TIME, C.AMOUNT, C.COUNTRY, C.IS_PURCHASE,
    DATEDIFF('DAY', C.EVENT_DAY, S.SNAPSHOT_DAY) AS AGE_DAYS
  FROM COUNTED C
  JOIN SNAPSHOTS S ON C.EVENT_TIME < S.SNAPSHOT_DATE
),
BY_EVENT AS (
  SELECT SNAPSHOT_DATE, USER_ID,
    MAX(EVENT_TIME) AS LAST_EVENT_TIME,
    {_event_aggregates(spec)}
  FROM AGED_EVENTS
  GROUP BY SNAPSHOT_DATE, USER_ID
  HAVING SUM(IS_PURCHASE) > 0
),
AGED_DAYS AS (
  SELECT S.SNAPSHOT_DATE, D.USER_ID, D.EVENT_DAY, D.SPENT, D.PREVIOUS_DAY,
    DATEDIFF('DAY', D.EVENT_DAY, S.SNAPSHOT_DAY) AS AGE_DAYS,
    DATEDIFF('DAY', D.PREVIOUS_DAY, D.EVENT_DAY) AS GAP_DAYS
  FROM PURCHASE_DAYS D
  JOIN SNAPSHOTS S ON D.EVENT_DAY < S.SNAPSHOT_DAY
),
BY_DAY AS (
  SELECT SNAPSHOT_DATE, USER_ID,
    COUNT(*) AS PURCHASE_DAYS,
    SUM(CASE WHEN PREVIOUS_DAY IS NULL THEN SPENT ELSE 0 END) AS FIRST_DAY_AMOUNT,
    MAX_BY(SPENT, EVENT_DAY) AS LAST_DAY_AMOUNT,
    SUM(CASE WHEN PREVIOUS_DAY IS NOT NULL THEN SPENT END) AS REPEAT_AMOUNT,
    MIN(AGE_DAYS) AS RECENCY_DAYS,
    MAX(AGE_DAYS) AS TENURE_DAYS,
    COUNT(GAP_DAYS) AS GAPS,
    STDDEV_SAMP(CAST(GAP_DAYS AS DOUBLE)) AS GAP_STD_DAYS,
    MAX(GAP_DAYS) AS MAX_GAP_DAYS,
    MAX_BY(GAP_DAYS, EVENT_DAY) AS LAST_GAP_DAYS
  FROM AGED_DAYS
  GROUP BY SNAPSHOT_DATE, USER_ID
),
COUNTRIES AS (
  SELECT SNAPSHOT_DATE, USER_ID, COUNTRY, COUNT(*) AS PURCHASES, MAX(EVENT_TIME) AS LAST_TIME
  FROM AGED_EVENTS
  WHERE IS_PURCHASE = 1 AND COUNTRY IS NOT NULL
  GROUP BY SNAPSHOT_DATE, USER_ID, COUNTRY
),
RANKED_COUNTRIES AS (
  SELECT SNAPSHOT_DATE, USER_ID, COUNTRY,
    ROW_NUMBER() OVER (
      PARTITION BY SNAPSHOT_DATE, USER_ID
      ORDER BY PURCHASES DESC, LAST_TIME DESC, COUNTRY ASC
    ) AS PLACE
  FROM COUNTRIES
)
SELECT
  E.USER_ID AS USER_ID,
  E.SNAPSHOT_DATE AS SNAPSHOT_DATE,
  H.COUNTRY AS COUNTRY,
  E.LAST_EVENT_TIME AS LAST_EVENT_TIME,
  {columns}
FROM BY_EVENT E
JOIN BY_DAY D ON D.USER_ID = E.USER_ID AND D.SNAPSHOT_DATE = E.SNAPSHOT_DATE
JOIN SNAPSHOTS S ON S.SNAPSHOT_DATE = E.SNAPSHOT_DATE
CROSS JOIN LOG_START L
LEFT JOIN RANKED_COUNTRIES H
  ON H.USER_ID = E.USER_ID AND H.SNAPSHOT_DATE = E.SNAPSHOT_DATE AND H.PLACE = 1"""


def labels_sql(
    spec: FeatureSpecification, features_table: str, events_table: str, as_of: Sequence[date]
) -> str:
    """Return the spine: USER_ID, AS_OF and LABEL of everybody in the features of these dates.

    The label is the spend of AS_OF <= EVENT_TIME < AS_OF + horizon: 0 for who buys nothing. A
    user's net label is never below 0. Whether a label is closed is the caller's to know.

    Raises:
        SpecificationError: there is no date, or one is there twice.
    """
    purchases = "CASE WHEN E.EVENT_TYPE = 'purchase' THEN CAST(E.AMOUNT AS {type}) ELSE 0 END"
    refunds = "CASE WHEN E.EVENT_TYPE = 'refund' THEN CAST(E.AMOUNT AS {type}) ELSE 0 END"
    spend = f"SUM({purchases.format(type=_AMOUNT_TYPE)})"
    if spec.label == "net":
        spend = f"GREATEST({spend} - SUM({refunds.format(type=_AMOUNT_TYPE)}), 0)"
    dates = ", ".join(_timestamp(day) for day in _checked(as_of))
    return f"""\
SELECT F.USER_ID AS USER_ID, F.SNAPSHOT_DATE AS AS_OF, CAST({spend} AS DOUBLE) AS LABEL
FROM {features_table} F
LEFT JOIN {events_table} E
  ON E.USER_ID = F.USER_ID
  AND E.EVENT_TYPE IN ('purchase', 'refund')
  AND E.EVENT_TIME >= F.SNAPSHOT_DATE
  AND E.EVENT_TIME < DATEADD('DAY', {spec.horizon_days}, F.SNAPSHOT_DATE)
WHERE F.SNAPSHOT_DATE IN ({dates})
GROUP BY F.USER_ID, F.SNAPSHOT_DATE"""


def events_extent_sql(events_table: str) -> str:
    """Return SQL for one row: FIRST_PURCHASE and LAST_EVENT, NULL where there is none.

    The first purchase decides from when on somebody has features; the last purchase or refund
    decides until when the log is known.
    """
    return f"""\
SELECT MIN(CASE WHEN EVENT_TYPE = 'purchase' THEN EVENT_TIME END) AS FIRST_PURCHASE,
  MAX(EVENT_TIME) AS LAST_EVENT
FROM {events_table}
WHERE EVENT_TYPE IN ('purchase', 'refund')"""


def recomputation_sql(
    spec: FeatureSpecification, features_table: str, events_table: str, snapshots: Sequence[date]
) -> str:
    """Return SQL for the rows of these snapshots that recomputing does not give, and reversely.

    No row means that the stored table is what the events give. A row is compared as a whole,
    numbers to four digits, together with how often its user and snapshot is there.

    Returns:
        A SELECT of SIDE (`stored` or `recomputed`), ROW_COPIES and the columns of the table.

    Raises:
        SpecificationError: there is no snapshot, or one is there twice.
    """
    compared = ", ".join(
        f"ROUND({column.name}, 4) AS {column.name}"
        if column.sql_type == "DOUBLE"
        else f"{column.name} AS {column.name}"
        for column in spec.columns
    )
    copies = "COUNT(*) OVER (PARTITION BY USER_ID, SNAPSHOT_DATE) AS ROW_COPIES"
    dates = ", ".join(_timestamp(day) for day in _checked(snapshots))
    return f"""\
WITH STORED AS (
  SELECT {copies}, {compared}
  FROM {features_table} STORED_FEATURES
  WHERE SNAPSHOT_DATE IN ({dates})
),
RECOMPUTED AS (
  SELECT {copies}, {compared}
  FROM (
{user_features_sql(spec, events_table, snapshots)}
  ) COMPUTED_FEATURES
)
SELECT 'stored' AS SIDE, A.* FROM (SELECT * FROM STORED EXCEPT SELECT * FROM RECOMPUTED) A
UNION ALL
SELECT 'recomputed' AS SIDE, B.* FROM (SELECT * FROM RECOMPUTED EXCEPT SELECT * FROM STORED) B"""


def perturbed_future_sql(spec: FeatureSpecification, events_table: str, snapshot: date) -> str:
    """Return SQL for one row, DIFFERENCES: rows that a changed future changes. It must be 0.

    The features are computed twice: from the events as they are, and from events in which
    everything at or after the snapshot has other amounts, types and countries and is moved by a
    day, and in which everybody gets a purchase and a refund exactly at the snapshot.
    """
    return recomputed_differences(spec, events_table, _perturbed(events_table, snapshot), snapshot)


def recomputed_differences(
    spec: FeatureSpecification, events: str, other_events: str, snapshot: date
) -> str:
    """Return SQL for one row, DIFFERENCES: rows in which the features of two logs differ.

    Args:
        spec: what to compute.
        events: a log, as SQL: a quoted name, or a query in parentheses.
        other_events: the other log, likewise.
        snapshot: the snapshot's date.
    """
    return f"""\
WITH ONE AS (
  SELECT * FROM (
{user_features_sql(spec, events, [snapshot])}
  ) ONE_LOG
),
OTHER AS (
  SELECT * FROM (
{user_features_sql(spec, other_events, [snapshot])}
  ) OTHER_LOG
)
SELECT COUNT(*) AS DIFFERENCES FROM (
  SELECT * FROM (SELECT * FROM ONE EXCEPT SELECT * FROM OTHER) LOST
  UNION ALL
  SELECT * FROM (SELECT * FROM OTHER EXCEPT SELECT * FROM ONE) GAINED
) CHANGED"""


def _perturbed(events_table: str, snapshot: date) -> str:
    instant = _timestamp(snapshot)
    return f"""(
  SELECT USER_ID, EVENT_TIME, EVENT_TYPE, AMOUNT, COUNTRY
  FROM {events_table} PAST_EVENTS WHERE EVENT_TIME < {instant}
  UNION ALL
  SELECT USER_ID, DATEADD('DAY', 1, EVENT_TIME) AS EVENT_TIME,
    CASE WHEN EVENT_TYPE = 'purchase' THEN 'refund' ELSE 'purchase' END AS EVENT_TYPE,
    COALESCE(AMOUNT, 0) * 7 + 1000 AS AMOUNT, 'PERTURBED' AS COUNTRY
  FROM {events_table} FUTURE_EVENTS WHERE EVENT_TIME >= {instant}
  UNION ALL
  SELECT DISTINCT U.USER_ID, {instant} AS EVENT_TIME, T.EVENT_TYPE, 100000 AS AMOUNT,
    'PERTURBED' AS COUNTRY
  FROM {events_table} U
  CROSS JOIN (SELECT 'purchase' AS EVENT_TYPE UNION ALL SELECT 'refund' AS EVENT_TYPE) T
)"""


def _event_aggregates(spec: FeatureSpecification) -> str:
    """Return what is summed over events: two for each window, and the rest by name."""
    horizon = spec.horizon_days
    season = f"AGE_DAYS <= {SEASON_DAYS} AND AGE_DAYS > {SEASON_DAYS - horizon}"
    before = f"AGE_DAYS > {TREND_WINDOW} AND AGE_DAYS <= {2 * TREND_WINDOW}"
    sums: dict[str, str] = {
        "TOTAL_PURCHASES": "SUM(IS_PURCHASE)",
        "TOTAL_SPENT": _amount("IS_PURCHASE = 1"),
        "MAX_AMOUNT": "MAX(CASE WHEN IS_PURCHASE = 1 THEN AMOUNT END)",
        "AMOUNT_STD": "STDDEV_SAMP(CASE WHEN IS_PURCHASE = 1 THEN CAST(AMOUNT AS DOUBLE) END)",
        "SPENT_PREVIOUS_HORIZON": _amount(f"IS_PURCHASE = 1 AND AGE_DAYS <= {horizon}"),
        "SPENT_SEASON_LAST_YEAR": _amount(f"IS_PURCHASE = 1 AND {season}"),
        "SPENT_BEFORE_TREND": _amount(f"IS_PURCHASE = 1 AND {before}"),
        "REFUND_COUNT": "SUM(1 - IS_PURCHASE)",
        "REFUND_AMOUNT": _amount("IS_PURCHASE = 0"),
        "REFUND_AMOUNT_90D": _amount(f"IS_PURCHASE = 0 AND AGE_DAYS <= {TREND_WINDOW}"),
    }
    for days in spec.windows:
        recent = f"IS_PURCHASE = 1 AND AGE_DAYS <= {days}"
        sums[f"PURCHASES_{days}D"] = f"SUM(CASE WHEN {recent} THEN 1 ELSE 0 END)"
        sums[f"SPENT_{days}D"] = _amount(recent)
    return ",\n    ".join(f"{expression} AS {name}" for name, expression in sums.items())


def _expressions(spec: FeatureSpecification) -> dict[str, str]:
    """Return the expression of each numeric feature over E, D, S and L."""
    derived: dict[str, str] = {
        "MEAN_AMOUNT": "CAST(E.TOTAL_SPENT AS DOUBLE) / E.TOTAL_PURCHASES",
        "AMOUNT_STD": "ROUND(E.AMOUNT_STD, 6)",
        "REPEAT_MEAN_DAY_AMOUNT": "CAST(D.REPEAT_AMOUNT AS DOUBLE) / NULLIF(D.GAPS, 0)",
        "ACTIVE_SPAN_DAYS": "D.TENURE_DAYS - D.RECENCY_DAYS",
        # The gaps add up to the span.
        "MEAN_GAP_DAYS": "CAST(D.TENURE_DAYS - D.RECENCY_DAYS AS DOUBLE) / NULLIF(D.GAPS, 0)",
        "GAP_STD_DAYS": "ROUND(D.GAP_STD_DAYS, 6)",
        "SEASON_OBSERVED": (
            f"CASE WHEN DATEDIFF('DAY', L.FIRST_DAY, S.SNAPSHOT_DAY) >= {SEASON_DAYS} "
            "THEN 1 ELSE 0 END"
        ),
        "SPEND_TREND": f"E.SPENT_{TREND_WINDOW}D - E.SPENT_BEFORE_TREND",
        "AS_OF_DAYS": "S.AS_OF_DAYS",
        "SEASON_SIN": "S.SEASON_SIN",
        "SEASON_COS": "S.SEASON_COS",
    }
    of_days = {
        "PURCHASE_DAYS",
        "FIRST_DAY_AMOUNT",
        "LAST_DAY_AMOUNT",
        "RECENCY_DAYS",
        "TENURE_DAYS",
        "MAX_GAP_DAYS",
        "LAST_GAP_DAYS",
    }
    return {
        feature.name: derived.get(
            feature.name, f"{'D' if feature.name in of_days else 'E'}.{feature.name}"
        )
        for feature in spec.numeric
    }


def _column(name: str, expression: str) -> str:
    return f"CAST({expression} AS DOUBLE) AS {name}"


def _amount(condition: str) -> str:
    return f"SUM(CASE WHEN {condition} THEN AMOUNT ELSE 0 END)"


def _snapshot_row(day: date) -> str:
    # What depends on the calendar alone is computed here: every warehouse then has the same bits.
    angle = 2.0 * math.pi * day.timetuple().tm_yday / _DAYS_A_YEAR
    return (
        f"SELECT {_timestamp(day)} AS SNAPSHOT_DATE, CAST('{day.isoformat()}' AS DATE) "
        f"AS SNAPSHOT_DAY, {(day - _EPOCH) // timedelta(days=1)} AS AS_OF_DAYS, "
        f"{math.sin(angle):.12f} AS SEASON_SIN, {math.cos(angle):.12f} AS SEASON_COS"
    )


def _timestamp(day: date) -> str:
    return f"CAST('{day.isoformat()} 00:00:00' AS TIMESTAMP_NTZ)"


def _checked(days: Sequence[date]) -> list[date]:
    if not days:
        raise SpecificationError("There is no date to compute for; give at least one.")
    if len(set(days)) != len(days):
        raise SpecificationError("A date is there twice; its rows would be, too. Give it once.")
    return sorted(days)
