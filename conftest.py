"""Pytest's own manners: says which kinds of test were left out, and how to run them.

Add to it only what concerns every test of every package. Fixtures stand in the `conftest.py` of
the tests that use them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

_KINDS = {
    "snowflake": "these need an account: set the SNOWFLAKE_* variables and run `pytest -m snowflake`",
    "soak": "these take long: run `make soak`",
}
_DESELECTED = pytest.StashKey[Counter[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Start the count."""
    config.stash[_DESELECTED] = Counter()


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Count what was left out, by kind."""
    for item in items:
        for kind in _KINDS:
            if item.get_closest_marker(kind) is not None:
                item.config.stash[_DESELECTED][kind] += 1


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say what was left out before the closing line."""
    for kind, count in sorted(config.stash[_DESELECTED].items()):
        terminalreporter.write_line(f"deselected as {kind}: {count} ({_KINDS[kind]})")
