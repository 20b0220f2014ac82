"""Which features there are: names, types, units, meanings, and the version that they make.

What it holds: `FeatureSpecification`, from which the table, its documentation, the feature view
and the SQL are made, and `Feature`, one column of it.

Add to it when a feature is added, renamed or means something else; its SQL goes into
`vistora_assets.features.sql`. What must not go here: SQL, and names of databases or schemas.

Descriptions hold no apostrophe: the feature store's client writes them into its statements as
they are.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date
from typing import Final, Literal

LabelKind = Literal["gross", "net"]

TREND_WINDOW: Final = 90
"""Days of the two neighbouring windows that `SPEND_TREND` and `REFUND_AMOUNT_90D` look at."""

SEASON_DAYS: Final = 365
"""How far back the same season of last year lies, in days."""


class SpecificationError(ValueError):
    """A specification, or a list of snapshots, from which no SQL can be made."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of the table of features.

    Attributes:
        name, sql_type, description: of the column.
        unit: empty where it has none.
        uses: the columns of the events that its value is made from; none for the calendar.
    """

    name: str
    sql_type: str
    description: str
    unit: str = ""
    uses: tuple[str, ...] = ()


_WHEN: Final = ("EVENT_TIME", "EVENT_TYPE")
"""Which events count, and when they were: what every number of events or days is made from."""

_SPEND: Final = (*_WHEN, "AMOUNT")

_KEYS: Final = (
    Feature("USER_ID", "VARCHAR", "The user, as text", uses=("USER_ID",)),
    Feature("SNAPSHOT_DATE", "TIMESTAMP_NTZ", "00:00 UTC; only events before it count", "UTC"),
)
_DESCRIBING: Final = (
    Feature(
        "COUNTRY",
        "VARCHAR",
        "Home country: most purchases, then the latest, then alphabetical; NULL if none is known",
        uses=(*_WHEN, "COUNTRY"),
    ),
    Feature("LAST_EVENT_TIME", "TIMESTAMP_NTZ", "The latest purchase or refund", "UTC", _WHEN),
)
_AMOUNT: Final = "currency"


def _content(column: Feature) -> dict[str, str]:
    # Not what it uses: that follows from the SQL, and naming it better changes no value.
    return {name: text for name, text in asdict(column).items() if name != "uses"}


def _double(name: str, description: str, unit: str) -> Feature:
    return Feature(name, "DOUBLE", description, unit, _SPEND if unit == _AMOUNT else _WHEN)


def _calendar(name: str, description: str, unit: str) -> Feature:
    return Feature(name, "DOUBLE", description, unit)


@dataclass(frozen=True)
class FeatureSpecification:
    """What is computed for a user and snapshot, and what is predicted from it.

    Attributes:
        horizon_days: the label's length, and that of the window before the snapshot and of the
            season last year that are compared with it.
        windows: lengths in days of the windows of purchases and spend, ascending.
        label: gross purchases, or purchases less refunds and never below zero.

    Raises:
        SpecificationError: a length is not positive, the windows do not ascend, the trend's
            window is missing, or the label is neither gross nor net.
    """

    horizon_days: int
    windows: tuple[int, ...] = (30, 90, 180, 365)
    label: LabelKind = "gross"

    def __post_init__(self) -> None:
        if self.horizon_days < 1:
            raise SpecificationError(
                f"A horizon of {self.horizon_days} days predicts nothing; give at least 1."
            )
        if (
            not self.windows
            or self.windows[0] < 1
            or list(self.windows) != sorted(set(self.windows))
        ):
            raise SpecificationError(
                f"The windows {self.windows} must be positive numbers of days, ascending."
            )
        if TREND_WINDOW not in self.windows:
            raise SpecificationError(
                f"The windows {self.windows} lack {TREND_WINDOW}, which the trend is made from; "
                "add it."
            )
        if self.label not in ("gross", "net"):
            raise SpecificationError(f"The label {self.label!r} is neither 'gross' nor 'net'.")

    @property
    def numeric(self) -> tuple[Feature, ...]:
        """The features that models learn from, all DOUBLE, in the order of the modelling room."""
        horizon = self.horizon_days
        return (
            _double("TOTAL_PURCHASES", "Purchases before the snapshot", "purchases"),
            _double("TOTAL_SPENT", "Spend before the snapshot", _AMOUNT),
            _double("PURCHASE_DAYS", "Days with a purchase", "days"),
            _double("FIRST_DAY_AMOUNT", "Spend on the first purchase day", _AMOUNT),
            _double("LAST_DAY_AMOUNT", "Spend on the last purchase day", _AMOUNT),
            _double("MEAN_AMOUNT", "Mean amount of a purchase", _AMOUNT),
            _double("MAX_AMOUNT", "Largest amount of a purchase", _AMOUNT),
            _double(
                "AMOUNT_STD",
                "Standard deviation of the amounts of purchases; NULL for a single one",
                _AMOUNT,
            ),
            _double(
                "REPEAT_MEAN_DAY_AMOUNT",
                "Mean spend a purchase day after the first; NULL if there is none",
                _AMOUNT,
            ),
            _double("RECENCY_DAYS", "From the last purchase day to the snapshot", "days"),
            _double("TENURE_DAYS", "From the first purchase day to the snapshot", "days"),
            _double("ACTIVE_SPAN_DAYS", "From the first purchase day to the last", "days"),
            _double("MEAN_GAP_DAYS", "Mean gap between purchase days; NULL if none", "days"),
            _double(
                "GAP_STD_DAYS", "Standard deviation of the gaps; NULL below two of them", "days"
            ),
            _double("MAX_GAP_DAYS", "Longest gap between purchase days; NULL if none", "days"),
            _double("LAST_GAP_DAYS", "Latest gap between purchase days; NULL if none", "days"),
            *(
                _double(f"PURCHASES_{days}D", f"Purchases of the last {days} days", "purchases")
                for days in self.windows
            ),
            *(
                _double(f"SPENT_{days}D", f"Spend of the last {days} days", _AMOUNT)
                for days in self.windows
            ),
            _double(
                "SPENT_PREVIOUS_HORIZON",
                f"Spend of the last {horizon} days, as many as the horizon",
                _AMOUNT,
            ),
            _double(
                "SPENT_SEASON_LAST_YEAR",
                f"Spend of {horizon} days from {SEASON_DAYS} days before the snapshot on",
                _AMOUNT,
            ),
            _double(
                "SEASON_OBSERVED",
                f"1 if the log begins at least {SEASON_DAYS} days before the snapshot, else 0",
                "",
            ),
            _double(
                "SPEND_TREND",
                f"Spend of the last {TREND_WINDOW} days less that of the {TREND_WINDOW} before",
                _AMOUNT,
            ),
            _double("REFUND_COUNT", "Refunds before the snapshot", "refunds"),
            _double("REFUND_AMOUNT", "Refunded before the snapshot, positive", _AMOUNT),
            _double(
                "REFUND_AMOUNT_90D",
                f"Refunded in the last {TREND_WINDOW} days, positive",
                _AMOUNT,
            ),
            _calendar("AS_OF_DAYS", "The snapshot as days since 1970-01-01", "days"),
            _calendar("SEASON_SIN", "Sine of the day of the year of the snapshot", ""),
            _calendar("SEASON_COS", "Cosine of the day of the year of the snapshot", ""),
        )

    @property
    def columns(self) -> tuple[Feature, ...]:
        """All columns of the table, in its order: the keys, what describes, the numbers."""
        return (*_KEYS, *_DESCRIBING, *self.numeric)

    @property
    def descriptions(self) -> dict[str, str]:
        """One line a feature, without the keys: what the feature view shows."""
        return {
            feature.name: feature.description + (f" ({feature.unit})" if feature.unit else "")
            for feature in (*_DESCRIBING, *self.numeric)
        }

    @property
    def label_uses(self) -> tuple[str, ...]:
        """The columns of the events that the label is made from."""
        return _SPEND

    @property
    def version(self) -> str:
        """`V_` and ten hexadecimal digits of the hash of the columns and of the SQL.

        Registering a version again with another query is silently skipped by the feature store's
        client, so that whatever changes a value must change this name.
        """
        # The SQL is made from this class: the import at the top would go round in a circle.
        from vistora_assets.features.sql import labels_sql, user_features_sql

        example = (date(2000, 2, 29), date(2001, 1, 1))
        content = [
            [_content(column) for column in self.columns],
            user_features_sql(self, "EVENTS", example),
            labels_sql(self, "FEATURES", "EVENTS", example),
        ]
        digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()
        return f"V_{digest[:10].upper()}"

    @property
    def table(self) -> str:
        """The name of this version's table, without schema."""
        return f"USER_FEATURES_{self.version}"
