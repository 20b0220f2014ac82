"""A client of the concurrency test: ``mixed_load.py ROOT NUMBER STATEMENTS``, as a process.

It writes what others write too, and tells on its output what it did, for the test to add up.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from pathlib import Path

import snowflake.connector

import embedded_snowflake

DATABASE = "MIXED_LOAD"
KEYS = 20
TABLES = (
    "CREATE TABLE counter (n INT)",
    "INSERT INTO counter VALUES (0)",
    "CREATE TABLE inserted (worker INT, number INT)",
    "CREATE TABLE merged (k INT, times INT)",
    "CREATE WAREHOUSE IF NOT EXISTS w",
    (
        "CREATE DYNAMIC TABLE totals TARGET_LAG = '1 day' WAREHOUSE = w AS "
        "SELECT worker, COUNT(*) AS n FROM inserted GROUP BY worker"
    ),
)
MERGE = (
    "MERGE INTO merged t USING (SELECT {key} AS k) s ON t.k = s.k "
    "WHEN MATCHED THEN UPDATE SET times = t.times + 1 "
    "WHEN NOT MATCHED THEN INSERT (k, times) VALUES (s.k, 1)"
)


def main(root: Path, worker: int, statements: int) -> Counter[str]:
    """Run so many statements of five kinds; how many of each."""
    info = embedded_snowflake.ensure_running(root)
    chosen = random.Random(worker)  # noqa: S311  (a load, no secret)
    done: Counter[str] = Counter()
    with snowflake.connector.connect(
        **info.connect_arguments(), database=DATABASE, schema="PUBLIC"
    ) as connection:
        cursor = connection.cursor()
        for number in range(statements):
            kind = chosen.choices(
                ("insert", "update", "merge", "ctas", "refresh"), (40, 25, 25, 7, 3)
            )[0]
            if kind == "insert":
                cursor.execute(f"INSERT INTO inserted VALUES ({worker}, {number})")
            elif kind == "update":
                cursor.execute("UPDATE counter SET n = n + 1")
            elif kind == "merge":
                cursor.execute(MERGE.format(key=chosen.randrange(KEYS)))
            elif kind == "ctas":
                cursor.execute(
                    f"CREATE OR REPLACE TABLE made_{worker} AS SELECT * FROM inserted "
                    f"WHERE worker = {worker}"
                )
                cursor.execute(f"SELECT COUNT(*) FROM made_{worker}")
                rows = cursor.fetchall()
                if rows != [(done["insert"],)]:
                    message = f"worker {worker} made {rows} of {done['insert']} rows"
                    raise AssertionError(message)
            else:
                cursor.execute("ALTER DYNAMIC TABLE totals REFRESH")
            done[kind] += 1
    return done


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
