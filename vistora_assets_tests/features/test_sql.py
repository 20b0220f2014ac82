"""The SQL of features and labels gives these very numbers, and nothing after a snapshot matters.

Holds the SQL's tests, run on DuckDB after transpiling. Add to it with every feature. What must
not go here: a warehouse's server.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import duckdb
import pytest
import sqlglot

from vistora_assets.features import (
    FeatureSpecification,
    SpecificationError,
    labels_sql,
    perturbed_future_sql,
    recomputation_sql,
    user_features_sql,
)
from vistora_assets.features.sql import recomputed_differences
from vistora_assets.modelling.contract import FEATURES

SPEC = FeatureSpecification(30)
Event = tuple[str, str, str, float, str | None]
SEED: tuple[Event, ...] = (
    ("u1", "2024-01-01", "purchase", 100.0, "US"),
    ("u1", "2024-01-15", "purchase", 80.0, "US"),
    ("u2", "2024-01-10", "purchase", 200.0, "DE"),
    ("u3", "2024-01-20", "purchase", 250.0, "FR"),
)
FEBRUARY, MARCH = date(2024, 2, 1), date(2024, 3, 1)


def duck(sql: str) -> str:
    (only,) = sqlglot.transpile(sql, read="snowflake", write="duckdb")
    return only


class Log:
    """Events in a DuckDB of their own, and what the SQL says of them."""

    def __init__(self, *events: Event) -> None:
        self.connection = duckdb.connect()
        self.connection.execute(
            "CREATE TABLE EV (USER_ID TEXT, EVENT_TIME TIMESTAMP, EVENT_TYPE TEXT, "
            "AMOUNT DOUBLE, COUNTRY TEXT)"
        )
        self.connection.executemany("INSERT INTO EV VALUES (?, ?, ?, ?, ?)", events)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        cursor = self.connection.execute(duck(sql))
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def features(self, *snapshots: date) -> dict[str, dict[str, Any]]:
        return {row["USER_ID"]: row for row in self.rows(user_features_sql(SPEC, "EV", snapshots))}

    def store(self, *snapshots: date) -> None:
        self.connection.execute(
            f"CREATE OR REPLACE TABLE F AS {duck(user_features_sql(SPEC, 'EV', snapshots))}"
        )

    def labels(self, as_of: Sequence[date], spec: FeatureSpecification = SPEC) -> dict[str, float]:
        return {
            row["USER_ID"]: row["LABEL"] for row in self.rows(labels_sql(spec, "F", "EV", as_of))
        }


def test_columns_are_the_modelling_contract() -> None:
    assert [feature.name.lower() for feature in SPEC.numeric] == list(FEATURES)
    assert list(Log(*SEED).features(FEBRUARY)["u1"]) == [column.name for column in SPEC.columns]
    assert not any("'" in text for text in SPEC.descriptions.values())


def test_seed_rows_give_the_seed_totals() -> None:
    found = Log(*SEED).features(FEBRUARY)
    totals = {user: (row["TOTAL_PURCHASES"], row["TOTAL_SPENT"]) for user, row in found.items()}
    assert totals == {"u1": (2.0, 180.0), "u2": (1.0, 200.0), "u3": (1.0, 250.0)}
    expected = {
        "SNAPSHOT_DATE": datetime(2024, 2, 1),
        "LAST_EVENT_TIME": datetime(2024, 1, 15),
        "RECENCY_DAYS": 17.0,
        "TENURE_DAYS": 31.0,
        "MEAN_GAP_DAYS": 14.0,
        "GAP_STD_DAYS": None,
        "REPEAT_MEAN_DAY_AMOUNT": 80.0,
        "SPENT_30D": 80.0,
        "SPENT_90D": 180.0,
        "SEASON_OBSERVED": 0.0,
        "AS_OF_DAYS": 19754.0,
    }
    assert {name: found["u1"][name] for name in expected} == expected
    assert found["u2"]["MEAN_GAP_DAYS"] is None


def test_snapshot_sees_what_lies_before_it_and_not_what_stands_on_it() -> None:
    log = Log(
        ("a", "2024-01-31 23:59:59", "purchase", 1.0, None),
        ("a", "2024-02-01", "purchase", 9.0, None),
        ("b", "2024-02-01", "purchase", 9.0, None),
        ("r", "2024-01-01", "refund", 9.0, None),
    )
    found = log.features(FEBRUARY)
    assert set(found) == {"a"}
    assert found["a"]["TOTAL_SPENT"] == 1.0
    assert found["a"]["COUNTRY"] is None


def test_equal_rows_refunds_and_zero_amounts_count() -> None:
    row = ("a", "2024-01-10 10:00:00", "purchase", 5.0, "US")
    log = Log(
        row,
        row,
        ("a", "2024-01-12", "purchase", 0.0, "US"),
        ("a", "2024-01-13", "refund", 4.0, "US"),
    )
    found = log.features(FEBRUARY)["a"]
    assert (found["TOTAL_PURCHASES"], found["PURCHASE_DAYS"]) == (3.0, 2.0)
    assert (found["TOTAL_SPENT"], found["FIRST_DAY_AMOUNT"], found["LAST_DAY_AMOUNT"]) == (
        10,
        10,
        0,
    )
    assert (found["REFUND_COUNT"], found["REFUND_AMOUNT"], found["REFUND_AMOUNT_90D"]) == (1, 4, 4)


def test_home_country_is_by_purchases_then_latest_then_alphabet() -> None:
    log = Log(
        ("most", "2024-01-01", "purchase", 1.0, "US"),
        ("most", "2024-01-02", "purchase", 1.0, "US"),
        ("most", "2024-01-03", "purchase", 1.0, "DE"),
        ("late", "2024-01-01", "purchase", 1.0, "DE"),
        ("late", "2024-01-02", "purchase", 1.0, "US"),
        ("tie", "2024-01-01", "purchase", 1.0, "US"),
        ("tie", "2024-01-01", "purchase", 1.0, "DE"),
    )
    found = {user: row["COUNTRY"] for user, row in log.features(FEBRUARY).items()}
    assert found == {"most": "US", "late": "US", "tie": "DE"}


def test_label_covers_as_of_and_not_its_horizon() -> None:
    log = Log(
        *SEED,
        ("u1", "2024-02-01", "purchase", 1.0, "US"),
        ("u1", "2024-03-01 23:59:59", "purchase", 2.0, "US"),
        ("u1", "2024-03-02", "purchase", 4.0, "US"),
        ("u2", "2024-02-05", "refund", 50.0, "DE"),
        ("u1", "2024-02-05", "refund", 1.0, "US"),
        ("new", "2024-02-05", "purchase", 7.0, "US"),
    )
    log.store(FEBRUARY)
    assert log.labels([FEBRUARY]) == {"u1": 3.0, "u2": 0.0, "u3": 0.0}
    net = FeatureSpecification(30, label="net")
    assert log.labels([FEBRUARY], net) == {"u1": 2.0, "u2": 0.0, "u3": 0.0}


def test_future_changes_nothing_and_the_proof_can_fail() -> None:
    log = Log(*SEED, ("u1", "2024-02-01", "purchase", 1.0, "US"))
    sql = perturbed_future_sql(SPEC, "EV", FEBRUARY)
    assert log.rows(sql) == [{"DIFFERENCES": 0}]
    leaking = sql.replace("C.EVENT_TIME < S.", "C.EVENT_TIME <= S.")
    assert leaking != sql
    assert log.rows(leaking)[0]["DIFFERENCES"] > 0
    fewer = "(SELECT * FROM EV WHERE USER_ID <> 'u2')"
    assert log.rows(recomputed_differences(SPEC, "EV", fewer, FEBRUARY)) == [{"DIFFERENCES": 1}]


def test_recomputation_names_rows_that_differ_and_rows_that_are_double() -> None:
    log = Log(*SEED)
    log.store(FEBRUARY, MARCH)
    sql = recomputation_sql(SPEC, "F", "EV", [FEBRUARY, MARCH])
    assert log.rows(sql) == []
    log.connection.execute("UPDATE F SET TOTAL_SPENT = 1 WHERE USER_ID = 'u1'")
    assert {(row["SIDE"], row["USER_ID"]) for row in log.rows(sql)} == {
        ("stored", "u1"),
        ("recomputed", "u1"),
    }
    log.store(FEBRUARY, MARCH)
    log.connection.execute("INSERT INTO F SELECT * FROM F WHERE USER_ID = 'u2'")
    assert {row["ROW_COPIES"] for row in log.rows(sql) if row["SIDE"] == "stored"} == {2}


def test_version_changes_with_what_is_computed() -> None:
    versions = {
        FeatureSpecification(30).version,
        FeatureSpecification(90).version,
        FeatureSpecification(30, label="net").version,
        FeatureSpecification(30, windows=(30, 90)).version,
    }
    assert len(versions) == 4
    assert FeatureSpecification(30).version == SPEC.version


def test_nothing_to_compute_is_refused() -> None:
    with pytest.raises(SpecificationError, match="at least one"):
        user_features_sql(SPEC, "EV", [])
    with pytest.raises(SpecificationError, match="twice"):
        user_features_sql(SPEC, "EV", [MARCH, MARCH])
