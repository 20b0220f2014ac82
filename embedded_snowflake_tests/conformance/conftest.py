"""Targets of the conformance suite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded_snowflake import ConnectionInfo
from embedded_snowflake_tests.conformance.target import Target, account_arguments, write_files

WHERE = ["embedded", pytest.param("account", marks=pytest.mark.snowflake)]
"""The parameters of every test that runs on both."""


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that cases put on stages."""
    return write_files(tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="session")
def embedded(server: ConnectionInfo, files: Path) -> Iterator[Target]:
    """A scratch database of the embedded warehouse."""
    target = Target(server.connect_arguments(), embedded=True, files=files)
    yield target
    target.close()


@pytest.fixture(scope="session")
def account(files: Path) -> Iterator[Target]:
    """A scratch database of the account that the SNOWFLAKE_* variables name."""
    arguments = account_arguments()
    if not arguments:
        pytest.fail("Set SNOWFLAKE_ACCOUNT, SNOWFLAKE_USER and what the login needs.")
    target = Target(arguments, embedded=False, files=files)
    yield target
    target.close()


@pytest.fixture(scope="session", params=WHERE)
def target(request: pytest.FixtureRequest) -> Target:
    """Either."""
    return request.getfixturevalue(request.param)
