"""One warehouse for these tests, and a schema of its own, with the objects made, for each test."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
import snowflake.connector
from snowflake.connector import SnowflakeConnection

import embedded_snowflake
from vistora_assets.sources import Objects, ensure_objects

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SnowflakeConnection]:
    """An open connection; stopped with its warehouse at the end."""
    root = tmp_path_factory.mktemp("sources")
    server = embedded_snowflake.ensure_running(root)
    with snowflake.connector.connect(**server.connect_arguments()) as opened:
        opened.cursor().execute("CREATE DATABASE IF NOT EXISTS SOURCES_TEST")
        yield opened
    embedded_snowflake.stop(root)


@pytest.fixture
def objects(connection: SnowflakeConnection) -> Objects:
    """Empty tables and an empty stage."""
    names = Objects("SOURCES_TEST", f"RAW_{next(_NUMBERS)}")
    connection.cursor().execute(f"CREATE SCHEMA {names.names['schema']}")
    ensure_objects(connection, names)
    return names
