"""The warehouse, as assets, checks, sensors and IO managers use it.

What it holds: `Warehouse`, which opens connections and Snowpark sessions from settings, gives the
real `FeatureStore` and `Registry`, and makes the objects that must exist beforehand.

Add to it another client over the same session. What must not go here: SQL that computes, and any
import of a client at module level: the code location loads this module.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import dagster as dg

from vistora_assets.identifiers import qualified, quote
from vistora_assets.resources.connection import connect_arguments, kept_running
from vistora_assets.resources.run_locks import held, release_abandoned
from vistora_assets.settings import Local, Settings

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection
    from snowflake.ml.feature_store import FeatureStore
    from snowflake.ml.registry import Registry
    from snowflake.snowpark import Session

    from vistora_assets.sources import IngestOptions, Objects, TableSource


class MissingObjectError(RuntimeError):
    """An object of the warehouse is missing and could not be made; the message says what to run."""


class Warehouse:
    """Connections and clients for one set of settings.

    Connections are opened anew; the Snowpark session is opened once and lives until `close`,
    because data frames that an asset returns are run after it.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._session: Session | None = None
        self._ready = False

    def table(self, schema: str, name: str) -> str:
        """Return the quoted name of a table in our database."""
        return qualified(self.settings.objects.database, schema, name)

    def ml(self, name: str) -> str:
        """Return the quoted name of an object in the schema of models."""
        return self.table(self.settings.objects.ml, name)

    @contextmanager
    def connection(self) -> Generator[SnowflakeConnection, None, None]:
        """Open a connection of the connector in our database, and close it afterwards."""
        import snowflake.connector

        # What the class needs for binding; another library may have set it otherwise.
        snowflake.connector.paramstyle = "pyformat"
        opened = snowflake.connector.connect(**self._arguments())
        with closing(opened), kept_running(self.settings):
            self._prepare(opened)
            yield opened

    def session(self) -> Session:
        """Return the Snowpark session, current in our database, opening it at the first call."""
        if self._session is None:
            from snowflake.snowpark import Session

            opened = Session.builder.configs(self._arguments()).create()
            self._prepare(opened.connection)
            self._session = opened
        return self._session

    def close(self) -> None:
        """Close the Snowpark session, if one was opened."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def source_objects(self) -> Objects:
        """Return the names of the landing stage and the tables of input."""
        from vistora_assets.sources import Objects

        return Objects(self.settings.objects.database, self.settings.objects.raw)

    def ingest_options(self) -> IngestOptions:
        """Return how the settings want input to be read."""
        from vistora_assets.sources import IngestOptions

        given = self.settings.source
        return IngestOptions(
            source_timezone=given.timezone,
            ignored_event_types=given.ignored_event_types,
            rejected_share=given.rejected_share,
        )

    def table_source(self) -> TableSource | None:
        """Return the table or view that events come from; None where files are landed."""
        from vistora_assets.sources import ColumnMap, TableSource

        table = self.settings.source.table
        if table is None:
            return None
        columns = ColumnMap(columns=table.columns, constants=table.constants)
        return TableSource(table.name, columns, table.high_water)

    def feature_store(self, session: Session) -> FeatureStore:
        """Return Snowflake's feature store in our schema, made if it is missing."""
        from snowflake.ml.feature_store import CreationMode, FeatureStore

        objects = self.settings.objects
        return FeatureStore(
            session=session,
            database=objects.database,
            name=objects.feature_store,
            default_warehouse=objects.warehouse,
            creation_mode=CreationMode.CREATE_IF_NOT_EXIST,
        )

    def registry(self, session: Session) -> Registry:
        """Return Snowflake's model registry in our schema of models."""
        from snowflake.ml.registry import Registry

        objects = self.settings.objects
        return Registry(
            session=session,
            database_name=objects.database,
            schema_name=objects.ml,
            options={"enable_monitoring": False},
        )

    def ensure_objects(self) -> None:
        """Make the database, schemas, stages and tables that must exist, where they do not.

        Raises:
            MissingObjectError: something is missing and this user may not make it.
        """
        with self.connection():
            return

    def _arguments(self) -> dict[str, Any]:
        return {**connect_arguments(self.settings), "client_session_keep_alive": False}

    def _prepare(self, connection: SnowflakeConnection) -> None:
        """Make what is missing, once a process, and put the session into our database."""
        objects = self.settings.objects
        cursor = connection.cursor()
        try:
            if not self._ready:
                self._create(connection)
                self._ready = True
            cursor.execute(f"USE WAREHOUSE {quote(objects.warehouse)}")
            cursor.execute(f"USE SCHEMA {qualified(objects.database, objects.ml)}")
        finally:
            cursor.close()

    def _create(self, connection: SnowflakeConnection) -> None:
        from snowflake.connector.errors import ProgrammingError

        from vistora_assets.sources import ensure_objects

        try:
            for statement in self._statements():
                connection.cursor().execute(statement)
            ensure_objects(connection, self.source_objects())
        except ProgrammingError as error:
            raise MissingObjectError(
                f"An object that the pipeline needs could not be made: {error.msg} Run "
                "sql/setup.sql once as an administrator, then `vistora doctor`."
            ) from error

    def _statements(self) -> list[str]:
        objects = self.settings.objects
        made: list[str] = []
        if isinstance(self.settings.connection, Local):
            # On an account sql/setup.sql makes these, by a role that may.
            made += [
                f"CREATE WAREHOUSE IF NOT EXISTS {quote(objects.warehouse)} WAREHOUSE_SIZE = 'XSMALL'",
                f"CREATE DATABASE IF NOT EXISTS {quote(objects.database)}",
            ]
            made += [
                f"CREATE SCHEMA IF NOT EXISTS {qualified(objects.database, schema)}"
                for schema in (objects.raw, objects.feature_store, objects.ml)
            ]
        text = files("vistora_assets.resources").joinpath("create_objects.sql").read_text("utf-8")
        lines = [line for line in text.splitlines() if not line.startswith("--")]
        filled = "\n".join(lines).format(ml=qualified(objects.database, objects.ml))
        return made + [part.strip() for part in filled.split(";\n") if part.strip()]


def rows(
    connection: SnowflakeConnection, sql: str, parameters: Mapping[str, object] | None = None
) -> list[tuple[Any, ...]]:
    """Run one statement, values bound as `%(name)s`, and return its rows."""
    cursor = connection.cursor()
    try:
        cursor.execute(sql, dict(parameters) if parameters else None)
        return [tuple(row) for row in cursor.fetchall()] if cursor.description else []
    finally:
        cursor.close()


def warehouse_resource(settings: Settings) -> dg.ResourceDefinition:
    """Return the resource of a run: a `Warehouse` whose session is closed when the run ends.

    A run says by a lock that it lives, and begins by ending those that were killed. Settings
    travel inside the function, so that no secret appears among a resource's config.
    """

    @dg.resource(description="The warehouse of this installation: embedded, or an account.")
    def warehouse(context: dg.InitResourceContext) -> Iterator[Warehouse]:
        opened = Warehouse(settings)
        with ExitStack() as stack:
            stack.enter_context(kept_running(settings))
            stack.callback(opened.close)
            if context.run is not None and context.instance is not None:
                stack.enter_context(held(settings.root, context.run.run_id))
                release_abandoned(context.instance, settings.root)
            yield opened

    return warehouse
