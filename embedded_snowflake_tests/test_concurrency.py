"""Many clients at once: no lost update, no duplicate, no error that Snowflake would not give."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest
import snowflake.connector

from embedded_snowflake import ConnectionInfo
from embedded_snowflake_tests import mixed_load

CLIENTS = 8


LONG = pytest.param(10_000, marks=[pytest.mark.soak, pytest.mark.timeout(1800)])


@pytest.mark.parametrize("statements", [1_000, LONG])
def test_eight_clients_of_mixed_statements_lose_and_double_nothing(
    server: ConnectionInfo, statements: int
) -> None:
    with snowflake.connector.connect(**server.connect_arguments()) as connection:
        cursor = connection.cursor()
        cursor.execute(f"CREATE OR REPLACE DATABASE {mixed_load.DATABASE}")
        for sql in mixed_load.TABLES:
            cursor.execute(sql)
        share = str(statements // CLIENTS)
        command = [sys.executable, "-m", mixed_load.__name__, str(server.root)]
        clients = [
            subprocess.Popen(
                [*command, str(worker), share],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for worker in range(CLIENTS)
        ]
        done: Counter[str] = Counter()
        for client in clients:
            out, err = client.communicate(timeout=1800)
            assert client.returncode == 0, err[-2000:]
            done.update(json.loads(out))
        assert sum(done.values()) == statements // CLIENTS * CLIENTS

        def rows(sql: str) -> list[Any]:
            cursor.execute(sql)
            return cursor.fetchall()

        assert rows("SELECT n FROM counter") == [(done["update"],)]
        distinct = "(SELECT DISTINCT worker, number FROM inserted)"
        assert rows("SELECT COUNT(*) FROM inserted") == [(done["insert"],)]
        assert rows(f"SELECT COUNT(*) FROM {distinct}") == [(done["insert"],)]
        assert rows("SELECT SUM(times), COUNT(*) - COUNT(DISTINCT k) FROM merged") == [
            (done["merge"], 0)
        ]
        cursor.execute("ALTER DYNAMIC TABLE totals REFRESH")
        assert rows("SELECT SUM(n) FROM totals") == [(done["insert"],)]
        cursor.execute(f"DROP DATABASE {mixed_load.DATABASE}")
