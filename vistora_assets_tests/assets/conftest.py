"""One embedded warehouse for the tests of this folder, in a root of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from embedded_snowflake import stop
from vistora_assets.resources.warehouse import Warehouse
from vistora_assets.settings import Settings


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings of a fresh installation; its warehouse is stopped at the end."""
    root = tmp_path_factory.mktemp("assets")
    values = {"VISTORA_FIRST_SNAPSHOT": "2025-11-01", "VISTORA_LAST_SNAPSHOT": "2025-12-01"}
    yield Settings.load(values, root)
    stop(root)


@pytest.fixture(scope="module")
def warehouse(settings: Settings) -> Iterator[Warehouse]:
    """The open warehouse, with its objects made."""
    opened = Warehouse(settings)
    opened.ensure_objects()
    yield opened
    opened.close()
