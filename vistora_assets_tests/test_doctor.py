"""What the doctor finds, and the line that it gives for what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import embedded_snowflake
from vistora_assets import doctor
from vistora_assets.resources.warehouse import Warehouse, rows
from vistora_assets.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """Settings of a fresh installation; its warehouse is stopped at the end."""
    yield Settings.load({}, tmp_path)
    embedded_snowflake.stop(tmp_path)


def test_a_fresh_local_installation_lacks_nothing(settings: Settings) -> None:
    found = doctor.examine(settings)
    assert [finding.text for finding in found if not finding.ok] == []
    subjects = [finding.subject for finding in found]
    assert subjects[:2] == ["environment", "root"]
    assert subjects[-2:] == ["connection", "schemas"]
    assert {"dagster", "snowflake-ml-python", "fakesnow"} <= set(subjects)
    assert not any(finding.remedy for finding in found)


def test_a_package_that_is_not_installed_comes_with_the_line_that_installs_it() -> None:
    found = doctor._package("vistora-no-such-package", "pip install 'vistora-assets[local]'")
    assert not found.ok
    assert (found.subject, found.text) == ("vistora-no-such-package", "is not installed")
    assert found.remedy == "pip install 'vistora-assets[local]'"


def test_a_warehouse_that_cannot_start_is_a_finding_with_its_reason(settings: Settings) -> None:
    """A file stands where its folder should be."""
    (settings.root / ".vistora").mkdir()
    (settings.root / ".vistora" / "warehouse").write_text("in the way")
    found = doctor.examine(settings)[-1]
    assert (found.ok, found.subject) == (False, "connection")
    assert "cannot be written" in found.text
    assert found.remedy


def test_looking_changes_nothing_that_is_there(settings: Settings) -> None:
    warehouse = Warehouse(settings)
    with warehouse.connection() as connection:
        connection.cursor().execute("CREATE TABLE RAW.MINE AS SELECT 1 AS A")
    doctor.examine(settings)
    with warehouse.connection() as connection:
        assert rows(connection, "SELECT A FROM RAW.MINE") == [(1,)]
