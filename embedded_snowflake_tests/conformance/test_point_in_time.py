"""Training sets on random events equal what a search through the events finds.

What it holds: the latest row at or before a moment, and aggregations over tiles, computed event by
event. Moments fall on edges, some years before 1970; keys and values are NULL now and then; rows of
the spine come twice. The generators are seeded: a failure names its seed.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from snowflake.ml.feature_store import CreationMode, Entity, Feature, FeatureStore, FeatureView

from embedded_snowflake import ConnectionInfo

pytestmark = pytest.mark.filterwarnings("ignore")  # They are of the client.

_DAY = dt.timedelta(days=1)
_ALWAYS = "lifetime"


@pytest.fixture(scope="module")
def session(server: ConnectionInfo) -> Iterator[Any]:
    from snowflake.snowpark import Session

    with Session.builder.configs(server.connect_arguments()).create() as made:
        made.sql("CREATE OR REPLACE DATABASE in_time").collect()
        made.sql("CREATE WAREHOUSE IF NOT EXISTS in_time_wh").collect()
        yield made
        made.sql("DROP DATABASE in_time").collect()


class Events:
    """Random events and a spine, in tables of the same names and here."""

    def __init__(self, session: Any, seed: int, kind: str, keys: list[Any]) -> None:
        self.random = random.Random(seed)
        self.begin = dt.datetime(1969, 12, 28) if seed % 2 else dt.datetime(2024, 2, 26)
        moments = {self.moment() for _ in range(120)}
        self.events = [
            (self.pick(keys), moment, self.number(), self.pick(["p", "q", "é'"]))
            for moment in sorted(moments)
        ]
        spine = [(self.pick(keys), self.pick([self.moment() + _DAY]), i) for i in range(40)]
        self.spine = spine + [(key, moment, i + 100) for key, moment, i in spine[:5]]
        self.events_of: dict[Any, list[Any]] = {}
        for row in self.events:
            self.events_of.setdefault(row[0], []).append(row)
        columns = {"k": kind, "ts": "TIMESTAMP_NTZ", "n": "NUMBER(10, 2)", "t": "VARCHAR"}
        self.fill(session, "events", columns, self.events)
        self.fill(session, "spine", {"k": kind, "st": "TIMESTAMP_NTZ", "label": "INT"}, self.spine)

    def pick(self, values: list[Any]) -> Any:
        """One of them, or NULL."""
        return None if self.random.random() < 0.1 else self.random.choice(values)

    def number(self) -> Decimal | None:
        """An amount."""
        return self.pick([Decimal(self.random.randrange(-500, 500)) / 100])

    def moment(self) -> dt.datetime:
        """Within ten days; on an hour, on a day or anywhere."""
        moment = self.begin + dt.timedelta(seconds=self.random.randrange(10 * 86400))
        moment += dt.timedelta(microseconds=self.random.choice((0, 1, 999999)))
        edge = self.random.random()
        if edge < 0.4:
            moment = moment.replace(minute=0, second=0, microsecond=0)
        return moment.replace(hour=0) if edge < 0.15 else moment

    @staticmethod
    def fill(session: Any, name: str, columns: dict[str, str], rows: list[Any]) -> None:
        """Make a table with these rows."""
        name = f"in_time.public.{name}"
        definition = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        session.sql(f"CREATE OR REPLACE TABLE {name} ({definition})").collect()
        casts = ", ".join(
            f"COLUMN{place}::{kind}" for place, kind in enumerate(columns.values(), 1)
        )
        values = ", ".join(f"({', '.join(map(_text, row))})" for row in rows)
        session.sql(f"INSERT INTO {name} SELECT {casts} FROM VALUES {values}").collect()


def _text(value: Any) -> str:
    if value is None:
        return "NULL"
    text = value.hex() if isinstance(value, bytes) else str(value)
    return "'" + text.replace("'", "''") + "'"


def _training_set(session: Any, features: Any, method: str, **more: Any) -> dict[int, Any]:
    """A training set's rows by their label."""
    session.sql("CREATE OR REPLACE SCHEMA in_time.store").collect()
    store = FeatureStore(
        session, "IN_TIME", "STORE", "IN_TIME_WH", creation_mode=CreationMode.CREATE_IF_NOT_EXIST
    )
    view = FeatureView(
        "V",
        [store.register_entity(Entity("E", ["K"]))],
        session.table("in_time.public.events"),
        timestamp_col="TS",
        features=features,
        **more,
    )
    frame = store.generate_training_set(
        session.table("in_time.public.spine"),
        [store.register_feature_view(view, "1")],
        spine_timestamp_col="ST",
        spine_label_cols=["LABEL"],
        join_method=method,  # pyright: ignore[reportArgumentType]
    )
    rows = frame.collect()
    found = {row["LABEL"]: row for row in rows}
    assert len(found) == len(rows)
    return found


_KEYS: dict[str, list[Any]] = {
    "VARCHAR": ["a", "A", "", " a", "it's", "é"],
    "NUMBER(38, 0)": [0, 1, -1, 10**30],
    "NUMBER(10, 2)": [Decimal("0.10"), Decimal("0.11"), Decimal(-3)],
    "FLOAT": [0.1, 0.2, 1e300],
    "BOOLEAN": [True, False],
    "BINARY": [b"a", b"\x00", b""],
    "DATE": [dt.date(1900, 1, 1), dt.date(9999, 12, 31)],
    "TIME": [dt.time(0, 0, 1), dt.time(0, 0, 2)],
    "TIMESTAMP_NTZ": [dt.datetime(1, 1, 1), dt.datetime(2024, 1, 1, 0, 0, 0, 1)],
}


@pytest.mark.parametrize("kind", list(_KEYS))
def test_the_latest_row_at_or_before_a_moment_is_joined(session: Any, kind: str) -> None:
    seed = list(_KEYS).index(kind)
    method = ("sequential", "cte")[seed // 2 % 2]
    data = Events(session, seed, kind, _KEYS[kind])
    found = _training_set(session, None, method, refresh_freq="1d" if seed % 2 else None)
    assert len(found) == len(data.spine)
    for key, moment, label in data.spine:
        before = [
            row
            for row in data.events_of.get(key, [])
            if key is not None and moment is not None and row[1] <= moment
        ]
        expected = max(before, key=lambda row: row[1])[2:] if before else (None, None)
        assert (found[label]["N"], found[label]["T"]) == expected, (seed, key, moment)


def _variance(values: list[Any]) -> float | None:
    mean = sum(values) / len(values) if values else 0
    return float(sum((one - mean) ** 2 for one in values) / len(values)) if values else None


def _deviation(values: list[Any]) -> float | None:
    return math.sqrt(_variance(values) or 0) if values else None


_MADE: dict[str, Callable[[list[Any]], Any]] = {
    "sum": lambda values: sum(values) if values else None,
    "count": len,
    "avg": lambda values: sum(values) / len(values) if values else None,
    "min": lambda values: min(values, default=None),
    "max": lambda values: max(values, default=None),
    "var": _variance,
    "stddev": _deviation,
    "last_n": lambda values: values[-2:] or None,
    "first_n": lambda values: values[:2] or None,
    "last_distinct_n": lambda values: list(dict.fromkeys(values[::-1]))[1::-1] or None,
    "first_distinct_n": lambda values: list(dict.fromkeys(values))[:2] or None,
}


def _equal(found: Any, expected: Any) -> bool:
    if found is None or expected is None:
        # A sum over tiles without a value is 0 to the client, unless it has no others.
        return found == expected or (expected is None and found == 0)
    if isinstance(expected, list):
        return json.loads(found) == [float(one) if _is_number(one) else one for one in expected]
    if _is_number(expected):
        # A variance is a difference of means, which are rounded where they are NUMBERs.
        return math.isclose(found, expected, rel_tol=1e-5, abs_tol=2e-4)
    return found == expected


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal)


@pytest.mark.parametrize(
    ("seed", "grain", "windows"), [(1, "1h", ("1h", "6h", "2d")), (2, "1d", ("1d", "3d"))]
)
def test_aggregations_see_the_events_of_whole_tiles(
    session: Any, seed: int, grain: str, windows: tuple[str, ...]
) -> None:
    data = Events(session, seed, "VARCHAR", ["a", "b"])
    lengths = {"h": dt.timedelta(hours=1), "d": _DAY}

    def length(text: str) -> dt.timedelta:
        return int(text[:-1]) * lengths[text[-1]]

    specifications: list[tuple[str, str, str, str]] = []
    for name in _MADE:
        lists = name.endswith("_n")
        for column in ("N", "T"):
            if column == "N" or lists or name in {"count", "min", "max"}:
                specifications.append((name, column, data.random.choice(windows), "0"))
                specifications.append((name, column, data.random.choice(windows), grain))
        if not lists:
            specifications.append((name, "N", _ALWAYS, "0"))
    features = [
        getattr(Feature, name)(
            column, window, offset=offset, **({"n": 2} if name.endswith("_n") else {})
        ).alias(f"X{place}")
        for place, (name, column, window, offset) in enumerate(specifications)
    ]
    found = _training_set(session, features, "cte", refresh_freq="1d", feature_granularity=grain)
    for key, moment, label in data.spine:
        for place, (name, column, window, offset) in enumerate(specifications):
            if key is None or moment is None:
                assert found[label][f"X{place}"] in (None, 0), (seed, key, moment)
                continue
            end = moment.replace(minute=0, second=0, microsecond=0)
            end = end.replace(hour=0) if grain == "1d" else end
            end -= length(offset) if offset != "0" else dt.timedelta()
            since = end - (1000 * _DAY if window == _ALWAYS else length(window))
            rows = [row for row in data.events_of.get(key, []) if since <= row[1] < end]
            values = [row[2 if column == "N" else 3] for row in rows]
            expected = _MADE[name]([one for one in values if one is not None])
            if window == _ALWAYS and not rows:
                expected = None
            got = found[label][f"X{place}"]
            assert _equal(got, expected), (seed, specifications[place], key, moment, got, expected)
