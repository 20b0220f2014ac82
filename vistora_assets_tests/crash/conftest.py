"""What an undisturbed refresh leaves; made once."""

from __future__ import annotations

from typing import Any

import pytest

import embedded_snowflake
from vistora_assets_tests.crash.contents import contents
from vistora_assets_tests.crash.refreshing import finish, prepare, start


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The contents after one refresh that nothing disturbed."""
    root = tmp_path_factory.mktemp("undisturbed")
    prepare(root)
    try:
        assert finish(root, start(root)) == 0, (root / "refresh.log").read_text()[-4000:]
        return contents(root)
    finally:
        embedded_snowflake.stop(root)
