"""Scratch objects: a database, or schemas where the role may make no database, gone afterwards.

What it holds: `scratch`, which gives settings that name them. Add to it what else a test leaves
behind in a warehouse. What must not go here: tests.
"""

from __future__ import annotations

import secrets
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vistora_assets.identifiers import qualified, quote
from vistora_assets.resources.connection import connect_arguments
from vistora_assets.settings import Local, Settings

PREFIX = "VISTORA_TEST_"
SCHEMAS = {
    "VISTORA_SCHEMA_RAW": "RAW",
    "VISTORA_SCHEMA_FEATURE_STORE": "FEATURE_STORE",
    "VISTORA_SCHEMA_ML": "ML",
}


class ScratchError(RuntimeError):
    """Nothing could be made to test in; the message says which privilege is missing."""


@contextmanager
def scratch(
    values: Mapping[str, str], root: Path, *, may_create_database: bool = True
) -> Generator[Settings, None, None]:
    """Make scratch objects, give settings that use them, and drop them whatever happens.

    Args:
        values: the variables of the environment.
        root: of the installation.
        may_create_database: False to make schemas, as where the role may not make a database.

    Raises:
        ScratchError: the role may make neither.
    """
    suffix = secrets.token_hex(4).upper()
    settings = Settings.load(values, root)
    with _connection(settings) as connection:
        run = connection.cursor().execute
        drop: list[str] = []
        try:
            made = _database(run, settings, suffix, drop) if may_create_database else None
            if made is None:
                made = _schemas(run, settings, suffix, drop)
            yield Settings.load({**values, **made}, root)
        finally:
            for statement in drop:
                run(statement)


@contextmanager
def _connection(settings: Settings) -> Generator[Any, None, None]:
    import snowflake.connector

    arguments: dict[str, Any] = {
        **connect_arguments(settings),
        # A suite that takes longer than a session lives must still be able to clean up.
        "client_session_keep_alive": True,
    }
    opened = snowflake.connector.connect(**arguments)
    try:
        warehouse = quote(settings.objects.warehouse)
        if isinstance(settings.connection, Local):
            opened.cursor().execute(f"CREATE WAREHOUSE IF NOT EXISTS {warehouse}")
            database = quote(settings.objects.database)
            opened.cursor().execute(f"CREATE DATABASE IF NOT EXISTS {database}")
        opened.cursor().execute(f"USE WAREHOUSE {warehouse}")
        yield opened
    finally:
        opened.close()


def _database(run: Any, settings: Settings, suffix: str, drop: list[str]) -> dict[str, str] | None:
    from snowflake.connector.errors import ProgrammingError

    name = f"{PREFIX}{suffix}"
    try:
        run(f"CREATE DATABASE {quote(name)} COMMENT = 'Scratch of a test run: may be dropped'")
    except ProgrammingError:
        return None
    drop.append(f"DROP DATABASE IF EXISTS {quote(name)}")
    objects = settings.objects
    for schema in (objects.raw, objects.feature_store, objects.ml):
        run(f"CREATE SCHEMA IF NOT EXISTS {qualified(name, schema)}")
    return {"SNOWFLAKE_DATABASE": name}


def _schemas(run: Any, settings: Settings, suffix: str, drop: list[str]) -> dict[str, str]:
    from snowflake.connector.errors import ProgrammingError

    database = settings.objects.database
    made = {variable: f"{PREFIX}{name}_{suffix}" for variable, name in SCHEMAS.items()}
    for name in made.values():
        try:
            run(
                f"CREATE SCHEMA {qualified(database, name)} "
                "COMMENT = 'Scratch of a test run: may be dropped'"
            )
        except ProgrammingError as error:
            raise ScratchError(
                "The tests need a place that they can remove: grant their role CREATE DATABASE ON "
                f"ACCOUNT, or CREATE SCHEMA ON DATABASE {database} ({error.msg})."
            ) from error
        drop.append(f"DROP SCHEMA IF EXISTS {qualified(database, name)} CASCADE")
    return made
