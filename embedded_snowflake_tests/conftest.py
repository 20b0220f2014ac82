"""One warehouse for all tests of the package, in a directory of its own, stopped at the end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import embedded_snowflake
from embedded_snowflake import ConnectionInfo


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConnectionInfo]:
    """The running warehouse."""
    root = tmp_path_factory.mktemp("warehouse")
    yield embedded_snowflake.ensure_running(root)
    embedded_snowflake.stop(root)
