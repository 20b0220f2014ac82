"""Random tables and queries answer what DuckDB answers when it is asked directly.

What it proves: nothing is lost or changed on the way through the client, the server's rewriting
and the wire. The queries keep to SQL that both write and mean alike; where Snowflake means
otherwise, cases say so (`cases/`). The generators are seeded: a failure names its seed.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from embedded_snowflake_tests.conformance.target import Target

_ROWS = 40
_COLUMNS = {
    "k": "INT",
    "g": "VARCHAR",
    "n": "NUMBER(12,2)",
    "f": "FLOAT",
    "d": "DATE",
    "t": "TIMESTAMP_NTZ",
    "b": "BOOLEAN",
}
_TYPES = {"INT": "BIGINT", "NUMBER(12,2)": "DECIMAL(12,2)", "FLOAT": "DOUBLE"}
_TEXTS = ("a", "b", "", "é☃", "it's", "a\\b", "NULL", "  c ")


class Queries:
    """Random queries over tables L and R; every text means the same to both."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def rows(self) -> list[tuple[Any, ...]]:
        """Rows with NULLs, doubles and values that sort oddly."""
        pick = self.random
        start = dt.datetime(1969, 12, 25, 23, 59, 59, 999999)

        def row() -> tuple[Any, ...]:
            moment = start + dt.timedelta(
                seconds=pick.randrange(10**6), microseconds=pick.randrange(3)
            )
            values = (
                pick.randrange(6),
                pick.choice(_TEXTS),
                Decimal(pick.randrange(-500, 500)) / 100,
                pick.randrange(-8, 8) / 4,
                moment.date(),
                moment,
                pick.random() < 0.5,
            )
            return tuple(None if pick.random() < 0.15 else one for one in values)

        return [row() for _ in range(_ROWS)]

    def number(self, depth: int = 0) -> str:
        """A numeric expression. Halves and quarters: sums of them are exact in any order."""
        one = self.random.choice(("k", "n", "f", "k + 1", "-n", "f * 2", "LENGTH(g)", "ABS(n)"))
        if depth < 2 and self.random.random() < 0.4:
            other = self.number(depth + 1)
            return self.random.choice(
                (
                    f"COALESCE({one}, {other})",
                    f"CASE WHEN {self.condition(depth + 1)} THEN {one} ELSE {other} END",
                    f"({one} + {other})",
                    f"NULLIF({one}, 1)",
                )
            )
        return one

    def condition(self, depth: int = 0) -> str:
        """A truth value, often unknown."""
        one = self.random.choice(
            (
                "k > 2",
                "n BETWEEN -1.5 AND 2",
                "g LIKE '%a%'",
                "g = 'it''s'",
                "b",
                "d >= '1970-01-01'::DATE",
                "t < '1970-01-01 00:00:00'::TIMESTAMP",
                "f IS NULL",
                "g IN ('a', 'b')",
                "k NOT IN (1, 2)",
                "g IS NOT DISTINCT FROM NULL",
            )
        )
        if depth < 2 and self.random.random() < 0.5:
            joint = self.random.choice(("AND", "OR"))
            return f"({one} {joint} {self.condition(depth + 1)})"
        return f"NOT ({one})" if self.random.random() < 0.2 else one

    def query(self) -> str:
        """A query whose rows are compared without regard to their order."""
        shape = self.random.choice(
            (self._plain, self._grouped, self._window, self._join, self._set)
        )
        return shape()

    def _plain(self) -> str:
        columns = f"k, g, n, f, d, t, b, {self.number()} AS x, {self.condition()} AS y"
        return f"SELECT {columns} FROM l WHERE {self.condition()}"

    def _grouped(self) -> str:
        key = self.random.choice(("g", "k", "b", "d", "g, b"))
        having = (
            f" HAVING COUNT(*) > {self.random.randrange(3)}" if self.random.random() < 0.5 else ""
        )
        return (
            f"SELECT {key}, COUNT(*) AS c, COUNT(n) AS cn, SUM(n) AS s, MIN(t) AS lo, MAX(g) AS hi, "
            f"COUNT(DISTINCT k) AS u FROM l WHERE {self.condition()} GROUP BY {key}{having}"
        )

    def _window(self) -> str:
        order = "t NULLS LAST, k NULLS LAST, n NULLS LAST, f NULLS LAST, g NULLS LAST, b NULLS LAST"
        function = self.random.choice(
            ("ROW_NUMBER()", "RANK()", "SUM(n)", "COUNT(g)", "MAX(d)", "LAG(k)", "LEAD(g, 2)")
        )
        part = self.random.choice(("g", "b", "k"))
        over = f"{function} OVER (PARTITION BY {part} ORDER BY {order})"
        keep = f" QUALIFY {over} IS NOT NULL" if self.random.random() < 0.3 else ""
        return f"SELECT k, g, n, f, t, b, {over} AS w FROM l WHERE {self.condition()}{keep}"

    def _join(self) -> str:
        kind = self.random.choice(("JOIN", "LEFT JOIN", "FULL JOIN"))
        return (
            f"SELECT l.k, l.g, r.n, r.t FROM (SELECT * FROM l WHERE {self.condition()}) l "
            f"{kind} (SELECT * FROM r WHERE {self.condition()}) r ON l.k = r.k AND l.b = r.b"
        )

    def _set(self) -> str:
        word = self.random.choice(("UNION", "UNION ALL", "INTERSECT", "EXCEPT"))
        columns = self.random.choice(("k, b", "g, k", "d", "n, b"))
        left, right = self.condition(), self.condition()
        return f"SELECT {columns} FROM l WHERE {left} {word} SELECT {columns} FROM r WHERE {right}"


def _sorted(rows: list[tuple[Any, ...]]) -> list[tuple[str, ...]]:
    return sorted(tuple(_shown(one) for one in row) for row in rows)


def _shown(value: Any) -> str:
    # A sum of halves is the same number whether a client gets it as NUMBER or as FLOAT.
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return f"{Decimal(repr(value) if isinstance(value, float) else value):.4f}".replace(
            "-0.0000", "0.0000"
        )
    return repr(value)


@pytest.fixture(scope="module")
def pair(embedded: Target) -> Iterator[tuple[Any, duckdb.DuckDBPyConnection]]:
    """A session of the warehouse, and DuckDB by itself."""
    connection = embedded.connect()
    connection.cursor().execute(f"USE SCHEMA {embedded.new_schema()}")
    with duckdb.connect() as direct:
        yield connection, direct
    connection.close()


@pytest.mark.parametrize("seed", range(8))
def test_random_queries_answer_what_duckdb_answers(
    pair: tuple[Any, duckdb.DuckDBPyConnection], seed: int
) -> None:
    connection, direct = pair
    made = Queries(seed)
    for table in ("l", "r"):
        rows = made.rows()
        columns = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
        connection.cursor().execute(f"CREATE OR REPLACE TABLE {table} ({columns})")
        places = ", ".join(["%s"] * len(_COLUMNS))
        connection.cursor().executemany(f"INSERT INTO {table} VALUES ({places})", rows)
        native = ", ".join(
            f"{name} {_TYPES.get(kind, kind.replace('_NTZ', ''))}"
            for name, kind in _COLUMNS.items()
        )
        direct.execute(f"CREATE OR REPLACE TABLE {table} ({native})")
        direct.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(_COLUMNS))})", rows)
    for _ in range(25):
        sql = made.query()
        expected = direct.execute(sql).fetchall()
        found = connection.cursor().execute(sql).fetchall()
        assert _sorted(found) == _sorted(expected), f"seed {seed}: {sql}"
