"""Nothing of a test run stays in the warehouse, whatever happens in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import snowflake.connector

from embedded_snowflake import ensure_running, stop
from vistora_assets.resources.warehouse import Warehouse
from vistora_assets_tests.account.scratch import PREFIX, ScratchError, scratch


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = tmp_path_factory.mktemp("scratch")
    yield made
    stop(made)


def left(root: Path) -> list[str]:
    """Return the databases and schemas that test runs made."""
    with snowflake.connector.connect(**ensure_running(root).connect_arguments()) as connection:
        cursor = connection.cursor()
        found: list[Any] = []
        for sql in ("SHOW DATABASES", "SHOW SCHEMAS IN DATABASE ML_DEMO"):
            cursor.execute(sql)
            place = [column[0].lower() for column in cursor.description].index("name")
            found += [row[place] for row in cursor.fetchall()]
    return [str(name) for name in found if str(name).startswith(PREFIX)]


@pytest.mark.parametrize("may_create_database", [True, False])
def test_scratch_objects_are_used_and_removed_also_after_a_failure(
    root: Path, *, may_create_database: bool
) -> None:
    """A database, or three schemas where the role may make none; the whole package works in both."""

    def work() -> None:
        with scratch({}, root, may_create_database=may_create_database) as settings:
            warehouse = Warehouse(settings)
            warehouse.ensure_objects()
            objects = settings.objects
            assert (PREFIX in objects.database) is may_create_database
            assert (PREFIX in objects.raw) is not may_create_database
            assert len(left(root)) == (1 if may_create_database else 3)
            raise RuntimeError("planned")

    with pytest.raises(RuntimeError, match="planned"):
        work()
    assert left(root) == []


def test_two_runs_at_once_do_not_meet(root: Path) -> None:
    with scratch({}, root) as one, scratch({}, root) as other:
        assert one.objects.database != other.objects.database


def test_who_may_make_neither_is_told_which_privilege_is_missing(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what was made until then is gone again."""
    from vistora_assets_tests.account import scratch as module

    monkeypatch.setattr(module, "SCHEMAS", {"VISTORA_SCHEMA_RAW": "A", "VISTORA_SCHEMA_ML": "A"})
    with (
        pytest.raises(ScratchError, match="CREATE SCHEMA ON DATABASE ML_DEMO"),
        scratch({}, root, may_create_database=False),
    ):
        raise AssertionError
    assert left(root) == []
