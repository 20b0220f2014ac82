"""Columns are described, and their lineage says what is true."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import dagster as dg
import pytest
import sqlglot
from sqlglot import exp
from sqlglot.lineage import lineage

from vistora_assets.assembly import build_definitions
from vistora_assets.assets import columns
from vistora_assets.automation.planning import feature_specification
from vistora_assets.features import labels_sql, user_features_sql
from vistora_assets.io_managers.tables import COLUMN_LINEAGE, COLUMN_SCHEMA
from vistora_assets.settings import EVENT_COLUMNS, Settings

TABLES = (
    "feature_store/user_features",
    "feature_store/user_features_view",
    "ml/training_set",
    "ml/model_metrics",
    "ml/user_spend_predictions",
)
DAYS = (date(2024, 1, 1),)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings.load({}, tmp_path_factory.mktemp("columns"))


def defined(settings: Settings, name: str) -> tuple[dg.TableSchema, dg.TableColumnLineage]:
    graph = build_definitions(settings).resolve_asset_graph()
    metadata = graph.get(dg.AssetKey(name.split("/"))).metadata
    schema, deps = metadata[COLUMN_SCHEMA], metadata[COLUMN_LINEAGE]
    return getattr(schema, "value", schema), getattr(deps, "value", deps)


@pytest.mark.parametrize("name", TABLES)
def test_lineage_covers_each_column_and_names_columns_that_exist(
    name: str, settings: Settings
) -> None:
    schema, deps = defined(settings, name)
    names = [column.name for column in schema.columns]
    assert len(names) == len(set(names))
    assert all(column.description for column in schema.columns)
    assert set(deps.deps_by_column) == set(names)
    for sources in deps.deps_by_column.values():
        for source in sources:
            above = source.asset_key.to_user_string()
            known = (
                {column.upper() for column in EVENT_COLUMNS}
                if above == "raw/user_events"
                else {column.name for column in defined(settings, above)[0].columns}
            )
            assert source.column_name in known


def _read(sql: str, column: str) -> set[str]:
    """Return the columns of the events that a column's expression reads, by sqlglot's lineage."""
    schema = {
        "EVENTS": dict.fromkeys((name.upper() for name in EVENT_COLUMNS), "TEXT"),
        "FEATURES": {"USER_ID": "TEXT", "SNAPSHOT_DATE": "TIMESTAMP"},
    }
    found: set[str] = set()
    for node in lineage(column, sql, schema=schema, dialect="snowflake").walk():
        if isinstance(node.expression, exp.Table) and node.expression.name == "EVENTS":
            found.add(node.name.rsplit(".", 1)[-1].strip('"').upper())
    return found


@pytest.mark.parametrize("what", ["features", "label"])
def test_a_feature_uses_what_its_sql_reads(what: str, settings: Settings) -> None:
    """What the expression reads is named; beyond it only what decides which events count."""
    specification = feature_specification(settings)
    if what == "features":
        sql = user_features_sql(specification, "EVENTS", DAYS)
        uses = {column.name: set(column.uses) for column in specification.columns}
    else:
        sql = labels_sql(specification, "FEATURES", "EVENTS", DAYS)
        uses = {"LABEL": set(specification.label_uses)}
    assert sqlglot.parse_one(sql, read="snowflake")
    for name, named in uses.items():
        read = _read(sql, name)
        # USER_ID tells whose event it is, and is no part of another column's value.
        assert read - {"USER_ID"} <= named, name
        assert named - read <= {"EVENT_TIME", "EVENT_TYPE"}, name


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("TOTAL_SPENT", {"AMOUNT", "EVENT_TIME", "EVENT_TYPE"}),
        ("COUNTRY", {"COUNTRY", "EVENT_TIME", "EVENT_TYPE"}),
        ("RECENCY_DAYS", {"EVENT_TIME", "EVENT_TYPE"}),
        ("SEASON_SIN", set[str]()),
    ],
)
def test_examples_of_lineage(column: str, expected: set[str], settings: Settings) -> None:
    _, deps = defined(settings, "feature_store/user_features")
    assert {dep.column_name for dep in deps.deps_by_column[column]} == expected


def test_a_source_table_is_upstream_of_the_events(tmp_path: Path) -> None:
    """It is seen in the graph, and lineage begins in its columns."""
    settings = Settings.load(
        {
            "VISTORA_EVENTS_TABLE": 'shop.PUBLIC."Orders"',
            "VISTORA_EVENTS_MAP": "event_id=ID,amount=TOTAL",
        },
        tmp_path,
    )
    graph = build_definitions(settings).resolve_asset_graph()
    key = dg.AssetKey(["shop", "public", "orders"])
    assert key in graph.get(dg.AssetKey(["raw", "user_events"])).parent_keys
    found = columns.input_lineage(settings.source.table, {"event_id": "ID", "amount": "TOTAL"})
    assert found.deps_by_column["AMOUNT"] == [dg.TableColumnDep(key, "TOTAL")]
    assert found.deps_by_column["COUNTRY"] == []


def test_events_of_files_come_from_no_column() -> None:
    """Files are no assets, so that lineage ends at the events."""
    assert not any(columns.input_lineage(None, {}).deps_by_column.values())
