"""What the columns of the tables mean, and which columns they are made from.

What it holds: for each table that an asset makes, Dagster's metadata of its columns: names, types,
descriptions, lineage. The IO managers complete it from the table as it is, and put it into the
events, where the UI looks for it. Add to it a table's columns. What must not go here: what computes
them, and columns of input (their comments stand in `sources/create_objects.sql`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import dagster as dg

from vistora_assets.assets.inventory import (
    TRAINING_SET,
    USER_EVENTS,
    USER_FEATURES,
    USER_FEATURES_VIEW,
    USER_SPEND_PREDICTIONS,
)
from vistora_assets.automation.planning import feature_specification
from vistora_assets.identifiers import split_qualified
from vistora_assets.io_managers.tables import COLUMN_LINEAGE, COLUMN_SCHEMA
from vistora_assets.settings import EVENT_COLUMNS, EventsTable, Settings


@dataclass(frozen=True, slots=True)
class Column:
    """A column, and the columns of other assets that its value is made from."""

    name: str
    sql_type: str
    description: str
    made_from: tuple[tuple[dg.AssetKey, str], ...] = ()


def metadata(columns: Iterable[Column]) -> dict[str, Any]:
    """Return the metadata of an asset's definition."""
    listed = tuple(columns)
    return {
        COLUMN_SCHEMA: dg.TableSchema(
            columns=[
                dg.TableColumn(name=one.name, type=one.sql_type, description=one.description)
                for one in listed
            ]
        ),
        COLUMN_LINEAGE: lineage({one.name: one.made_from for one in listed}),
    }


def lineage(
    made_from: Mapping[str, Iterable[tuple[dg.AssetKey, str]]],
) -> dg.TableColumnLineage:
    """Return the lineage of columns, by name."""
    return dg.TableColumnLineage(
        deps_by_column={
            name: [dg.TableColumnDep(asset_key=key, column_name=column) for key, column in sources]
            for name, sources in made_from.items()
        }
    )


def _of(key: dg.AssetKey, *names: str) -> tuple[tuple[dg.AssetKey, str], ...]:
    return tuple((key, name) for name in names)


def user_features(settings: Settings) -> list[Column]:
    """Return the columns of the features' table."""
    return [
        Column(
            one.name,
            one.sql_type,
            _with_unit(one.description, one.unit),
            _of(USER_EVENTS, *one.uses),
        )
        for one in feature_specification(settings).columns
    ]


def _with_unit(text: str, unit: str) -> str:
    return f"{text} ({unit})" if unit else text


def user_features_view(settings: Settings) -> list[Column]:
    """Return the columns of the feature view: those of its table."""
    return [
        Column(one.name, one.sql_type, one.description, _of(USER_FEATURES, one.name))
        for one in user_features(settings)
    ]


def training_set(settings: Settings) -> list[Column]:
    """Return the columns of the training set: the spine's, and the joined features."""
    specification = feature_specification(settings)
    label = (
        f"Spend in AS_OF <= t < AS_OF + {settings.snapshots.horizon_days} days, {settings.label} "
        "(currency)"
    )
    spine = [
        Column("USER_ID", "VARCHAR", "The user, as text", _of(USER_FEATURES_VIEW, "USER_ID")),
        Column(
            "AS_OF",
            "TIMESTAMP_NTZ",
            "00:00 UTC: features are of events before it, the label of events from it on",
            _of(USER_FEATURES_VIEW, "SNAPSHOT_DATE"),
        ),
        Column("LABEL", "DOUBLE", label, _of(USER_EVENTS, *specification.label_uses)),
    ]
    known = {one.name for one in spine}
    joined = [
        Column(one.name, one.sql_type, one.description, _of(USER_FEATURES_VIEW, one.name))
        for one in user_features(settings)
        if one.name not in known
    ]
    return [*spine, *joined]


def user_spend_predictions(settings: Settings) -> list[Column]:
    """Return the columns of the predictions."""
    features = [one.name for one in feature_specification(settings).numeric]
    days = settings.snapshots.horizon_days
    return [
        Column("USER_ID", "VARCHAR", "The user, as text", _of(USER_FEATURES, "USER_ID")),
        Column(
            "SNAPSHOT_DATE",
            "TIMESTAMP_NTZ",
            "00:00 UTC: the prediction is of events from it on (UTC)",
            _of(USER_FEATURES, "SNAPSHOT_DATE"),
        ),
        Column(
            "PREDICTED_SPEND",
            "FLOAT",
            f"Expected spend of the {days} days from the snapshot on (currency)",
            _of(USER_FEATURES, *features),
        ),
        Column("MODEL_VERSION", "VARCHAR", "The registry version that predicted"),
        Column("FEATURE_VERSION", "VARCHAR", "The version of the features that it read"),
        Column("HORIZON_DAYS", "NUMBER(38,0)", "How far the prediction reaches (days)"),
    ]


_SCORE: Final = _of(TRAINING_SET, "LABEL")
_METRICS: Final = (
    Column("TRAINING_ID", "VARCHAR", "The identity of the training"),
    Column("MODEL_VERSION", "VARCHAR", "Its name in the registry"),
    Column("CHOSEN", "BOOLEAN", "Whether the training chose this model"),
    Column("MODEL", "VARCHAR", "The baseline or candidate that is judged"),
    Column("ROLE", "VARCHAR", "baseline or candidate"),
    Column("STAGE", "VARCHAR", "select: where the choice was made; gate: the last closed cutoff"),
    Column("CUTOFF", "TIMESTAMP_NTZ", "AS_OF of the judged rows (UTC)", _of(TRAINING_SET, "AS_OF")),
    Column("SEGMENT", "VARCHAR", "all, or a part of the users", _of(TRAINING_SET, "TENURE_DAYS")),
    Column("N", "NUMBER(38,0)", "Rows that were judged", _of(TRAINING_SET, "USER_ID")),
    Column("R2", "FLOAT", "Share of the variance that is explained", _SCORE),
    Column("MSE", "FLOAT", "Mean squared error (currency squared)", _SCORE),
    Column("RMSE", "FLOAT", "Root of the mean squared error (currency)", _SCORE),
    Column("MAE", "FLOAT", "Mean absolute error (currency)", _SCORE),
    Column("BIAS", "FLOAT", "Forecast total over the actual one; 1 is right", _SCORE),
    Column("GINI", "FLOAT", "How well the order of users is forecast, 1 is perfect", _SCORE),
    Column("TOP_DECILE_CAPTURE", "FLOAT", "Share of the spend in the highest tenth", _SCORE),
    Column("SPEARMAN", "FLOAT", "Rank correlation of forecast and actual", _SCORE),
    Column("RMSE_LOW", "FLOAT", "Its 95 % interval, by bootstrap; of all users alone", _SCORE),
    Column("RMSE_HIGH", "FLOAT", "Its 95 % interval, by bootstrap; of all users alone", _SCORE),
    Column("GINI_LOW", "FLOAT", "Its 95 % interval, by bootstrap; of all users alone", _SCORE),
    Column("GINI_HIGH", "FLOAT", "Its 95 % interval, by bootstrap; of all users alone", _SCORE),
)
_KEPT: Final = ("USER_ID", "SNAPSHOT_DATE", "MODEL_VERSION", "FEATURE_VERSION", "HORIZON_DAYS")
_COMPARED: Final = (
    *_of(USER_SPEND_PREDICTIONS, "PREDICTED_SPEND"),
    *_of(USER_FEATURES, "TENURE_DAYS", "COUNTRY"),
)


def prediction_outcomes(settings: Settings) -> list[Column]:
    """Return the columns of the outcomes: the predictions', and what happened."""
    label = feature_specification(settings).label_uses
    told = {one.name: one for one in user_spend_predictions(settings)}
    kept = [
        Column(name, told[name].sql_type, told[name].description, _of(USER_SPEND_PREDICTIONS, name))
        for name in (*_KEPT, "PREDICTED_SPEND")
    ]
    previous = "Spend of as many days before the snapshot: the naive forecast (currency)"
    return [
        *kept,
        Column("ACTUAL_SPEND", "FLOAT", "What it was (currency)", _of(USER_EVENTS, *label)),
        Column("COUNTRY", "VARCHAR", "Home country then", _of(USER_FEATURES, "COUNTRY")),
        Column(
            "TENURE_DAYS",
            "FLOAT",
            "Known for how long, then (days)",
            _of(USER_FEATURES, "TENURE_DAYS"),
        ),
        Column("PREVIOUS_PERIOD", "FLOAT", previous, _of(USER_FEATURES, "SPENT_PREVIOUS_HORIZON")),
    ]


def feature_drift() -> list[Column]:
    """Return the columns of the drift: what is compared, how far it moved, and between when."""
    dates = _of(USER_SPEND_PREDICTIONS, "SNAPSHOT_DATE")
    return [
        Column("SNAPSHOT_DATE", "TIMESTAMP_NTZ", "The newest predictions' snapshot (UTC)", dates),
        Column("BASELINE_DATE", "TIMESTAMP_NTZ", "AS_OF of the champion's gate (UTC)"),
        Column("MODEL_VERSION", "VARCHAR", "The champion"),
        Column("KIND", "VARCHAR", "prediction, feature, country, cohort or batch"),
        Column("NAME", "VARCHAR", "Which one of the kind"),
        Column("PSI", "FLOAT", "Population stability index over ten bins", _COMPARED),
        Column("KS", "FLOAT", "Largest distance of the distributions, 0 to 1", _COMPARED),
        Column("KS_PROBABILITY", "FLOAT", "Of such a distance without any change", _COMPARED),
        Column("BASELINE_MEAN", "FLOAT", "Mean at the gate", _COMPARED),
        Column("CURRENT_MEAN", "FLOAT", "Mean at the snapshot", _COMPARED),
        Column("BASELINE_COUNT", "NUMBER(38,0)", "Users or rows at the gate", _COMPARED),
        Column("CURRENT_COUNT", "NUMBER(38,0)", "Users or rows at the snapshot", _COMPARED),
        Column("MOVED", "BOOLEAN", "Whether it moved further than the check allows", _COMPARED),
    ]


def model_metrics() -> list[Column]:
    """Return the columns of the metrics that are the same in every version."""
    return list(_METRICS)


def source_key(table: EventsTable) -> dg.AssetKey:
    """Return the asset that stands for the table or view that events come from."""
    return dg.AssetKey([part.lower() for part in split_qualified(table.name)])


def input_lineage(table: EventsTable | None, mapped: Mapping[str, str]) -> dg.TableColumnLineage:
    """Return from which columns of a source table the columns of events and rejected rows come.

    Args:
        table: the source; None for files, which are no assets.
        mapped: our columns, in lower case, to the source's, as stored.
    """
    return lineage(
        {
            name.upper(): (
                _of(source_key(table), mapped[name]) if table is not None and name in mapped else ()
            )
            for name in EVENT_COLUMNS
        }
    )
