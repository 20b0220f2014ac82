"""`kill -9` of a run, or of the warehouse under it: the next refresh ends as an undisturbed one.

Compared is all that the warehouse holds: every table, view, landed and modelled file, the registry's
versions with their metrics, aliases and default; not the columns that say when or in which run, nor
the two files of a model that hold times (`contents`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import embedded_snowflake
from vistora_assets_tests.crash.contents import contents
from vistora_assets_tests.crash.moments import MOMENTS, Moment, Victim
from vistora_assets_tests.crash.refreshing import finish, prepare, start

pytestmark = pytest.mark.timeout(900)

NAMED = {moment.name: moment for moment in MOMENTS}


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """An installation with purchases to land; its warehouse is stopped at the end."""
    prepare(tmp_path)
    yield tmp_path
    embedded_snowflake.stop(tmp_path)


def strike(root: Path, moment: Moment, victim: Victim) -> None:
    """Start a refresh, have it or its warehouse killed, and see that it did not end well."""
    code = finish(root, start(root, moment, victim))
    assert (root / "struck").exists(), f"never came to: {moment.name}"
    assert code == (-9 if victim == "run" else code)


def carry_on(root: Path) -> dict[str, Any]:
    """Run the next refresh undisturbed and return what there is."""
    assert finish(root, start(root)) == 0, (root / "refresh.log").read_text()[-4000:]
    return contents(root)


def test_a_refresh_cut_off_again_and_again_ends_as_an_undisturbed_one(
    root: Path, undisturbed: dict[str, Any]
) -> None:
    """Each attempt goes on from what the killed one left."""
    strike(root, NAMED["inside the load's transaction"], "warehouse")
    strike(root, NAMED["features committed and not shown"], "run")
    strike(root, NAMED["half of a model's files"], "warehouse")
    strike(root, NAMED["a version without its metrics"], "run")
    assert carry_on(root) == undisturbed


@pytest.mark.soak
@pytest.mark.parametrize("victim", ["run", "warehouse"])
@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.name)
def test_a_refresh_killed_at_a_moment_ends_as_an_undisturbed_one(
    root: Path, undisturbed: dict[str, Any], moment: Moment, victim: Victim
) -> None:
    """Of each step, something half done."""
    strike(root, moment, victim)
    assert carry_on(root) == undisturbed
