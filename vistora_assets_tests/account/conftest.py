"""The target: the embedded warehouse in the default suite, an account with `-m snowflake`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from embedded_snowflake import stop
from vistora_assets.resources.warehouse import Warehouse
from vistora_assets.settings import Local, Settings, SettingsError
from vistora_assets_tests.account.scratch import scratch

SMALL = {
    "VISTORA_FIRST_SNAPSHOT": "2023-06-01",
    "VISTORA_HORIZON_DAYS": "30",
    "VISTORA_MINIMUM_HISTORY_DAYS": "120",
    "VISTORA_DATA_UNTIL": "2023-09-01",
}


@dataclass(frozen=True)
class Target:
    """Where the tests run: settings of scratch objects, and the open warehouse."""

    settings: Settings
    warehouse: Warehouse


@pytest.fixture(
    scope="session",
    params=["embedded", pytest.param("account", marks=pytest.mark.snowflake)],
)
def target(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    """A scratch place, which is removed at the end, also where tests fail."""
    root = tmp_path_factory.mktemp("account")
    values = {**SMALL}
    if request.param == "account":
        values |= {
            name: value
            for name, value in os.environ.items()
            if name.startswith("SNOWFLAKE_") or name == "VISTORA_ENV"
        }
        try:
            settings = Settings.load(values, root)
        except SettingsError as error:
            pytest.fail(f"The account's settings are not complete. {error}", pytrace=False)
        if isinstance(settings.connection, Local):
            pytest.fail(
                "These tests need an account: set VISTORA_ENV=dev and the SNOWFLAKE_* variables "
                "(docs/snowflake.md).",
                pytrace=False,
            )
    try:
        with scratch(values, root) as settings:
            warehouse = Warehouse(settings)
            try:
                yield Target(settings, warehouse)
            finally:
                warehouse.close()
    finally:
        if request.param == "embedded":
            stop(root)
