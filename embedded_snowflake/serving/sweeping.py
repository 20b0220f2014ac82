"""What killed processes left on disk: what no row names, halves of uploads among it.

What it holds: `sweep`, for the server's start, before any session: what is not named then never
will be. Add a folder when a kind of object gets one. What must not go here: rows; DuckDB brings
these back to the last commit by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedded_snowflake.objects.files import stages
from embedded_snowflake.objects.ml import datasets, models, snow_files
from embedded_snowflake.sessions.session import Session

if TYPE_CHECKING:
    from embedded_snowflake.storage.engine import Engine


def sweep(engine: Engine) -> None:
    """Remove every directory of stages, models and datasets that no row names."""
    session = Session.of_the_system(engine)
    try:
        kept = {
            stages.FOLDER: stages.known_directories(session),
            models.FOLDER: {
                str(version["files"])
                for entry in session.catalog.list(models.KIND)
                for version in entry.props["versions"]
            },
            datasets.FOLDER: {
                str(version["files"])
                for entry in session.catalog.list(datasets.KIND)
                for version in entry.props["versions"].values()
            },
        }
    finally:
        session.close()
    for folder, known in kept.items():
        snow_files.sweep(engine.root, folder, known)
