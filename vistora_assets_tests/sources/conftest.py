"""One warehouse for these tests, and a schema of its own, with the objects made, for each test."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
import snowflake.connector
from snowflake.connector import SnowflakeConnection

import embedded_snowflake
from embedded_snowflake import ConnectionInfo
from vistora_assets.sources import Objects, ensure_objects
from vistora_assets_tests.sources.shop import Shop

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConnectionInfo]:
    """The running warehouse; stopped at the end."""
    root = tmp_path_factory.mktemp("sources")
    yield embedded_snowflake.ensure_running(root)
    embedded_snowflake.stop(root)


@pytest.fixture(scope="session")
def connection(server: ConnectionInfo) -> Iterator[SnowflakeConnection]:
    """An open connection."""
    with snowflake.connector.connect(**server.connect_arguments()) as opened:
        opened.cursor().execute("CREATE DATABASE IF NOT EXISTS SOURCES_TEST")
        yield opened


@pytest.fixture
def objects(connection: SnowflakeConnection) -> Objects:
    """Empty tables and an empty stage."""
    names = Objects("SOURCES_TEST", f"RAW_{next(_NUMBERS)}")
    connection.cursor().execute(f"CREATE SCHEMA {names.names['schema']}")
    ensure_objects(connection, names)
    return names


@pytest.fixture
def shop(connection: SnowflakeConnection, objects: Objects, tmp_path: Path) -> Shop:
    """An empty stage with empty tables, and a folder for files."""
    return Shop(connection, objects, tmp_path)
