"""A warehouse that dies under a statement: an error soon, and the next connection finds a new one."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from snowflake.connector.errors import Error

import embedded_snowflake
from vistora_assets.resources.warehouse import Warehouse, rows
from vistora_assets.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """Settings of a fresh installation; its warehouse is stopped at the end."""
    yield Settings.load({}, tmp_path)
    embedded_snowflake.stop(tmp_path)


def test_a_statement_to_a_killed_warehouse_fails_soon_and_the_next_connection_works(
    settings: Settings,
) -> None:
    """The connector alone would repeat it for ten minutes."""
    warehouse = Warehouse(settings)
    with warehouse.connection() as connection:
        pid = embedded_snowflake.status(settings.root).pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        began = time.monotonic()
        with pytest.raises(Error):
            rows(connection, "SELECT 1")
        assert time.monotonic() - began < 60
    with warehouse.connection() as connection:
        assert rows(connection, "SELECT 1") == [(1,)]


def test_a_warehouse_that_was_stopped_stays_so_once_nobody_is_connected(
    settings: Settings,
) -> None:
    with Warehouse(settings).connection() as connection:
        rows(connection, "SELECT 1")
    embedded_snowflake.stop(settings.root)
    time.sleep(4)
    assert not embedded_snowflake.status(settings.root).running
