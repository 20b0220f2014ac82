"""Where the tests find Online Retail II, which users of the project do not have.

What it holds: `events_file`. What must not go here: data that a package ships.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

FILE = "online_retail_ii_events.parquet"


def events_file() -> Path:
    """Return the file of events; without it, the test that asks is skipped with the reason.

    It is looked for in the folder that SHARED_DATA_DIRECTORY names, or in `../shared/data` beside
    the project.
    """
    given = os.environ.get("SHARED_DATA_DIRECTORY")
    folder = Path(given) if given else Path(__file__).resolve().parents[2] / "shared" / "data"
    path = folder / FILE
    if not path.is_file():
        pytest.skip(f"{FILE} is not in {folder}: set SHARED_DATA_DIRECTORY to its folder")
    return path
