"""Tables: pandas and Snowpark frames to Snowflake and back, published atomically.

What it holds: `TableIOManager`, which persists over any connection; `SnowflakeTableIOManager`,
the drop-in for `dagster_snowflake_pandas.SnowflakePandasIOManager` with its fields and metadata
keys; the values that an asset may return beside frames (`Published`, `WrittenTable`).

Add to it another kind of frame. What must not go here: SQL that computes, columns' types
(`frames`), partitions (`partitioning`), and what publishing means (`publishing`).

Differences from the stock manager, each on purpose:
- It deletes and then writes, so that an empty frame or a failed write leaves nothing; here a reader
  sees the old rows or the new ones. An empty frame raises unless the asset's metadata has
  `vistora/empty_is_an_answer`.
- A new column is added where the stock write fails; a lost one, and a number that the table's
  column would round, are refused where it fills in NULL, or rounds.
- With `store_timestamps_as_strings`, only texts that the manager wrote become times again; the
  stock one turns every text that looks like a date into one.
- Frames are read by Arrow; an input without partitions to read is an empty frame with its columns.

Metadata of an asset: `schema`, `partition_expr` and, on an input, `columns`, mean what they mean
in the stock manager; so does `table` of an op's output. `vistora/version` puts the rows into
`<TABLE>_<version>` and keeps a view under the table's name. An input that is annotated as a
Snowpark DataFrame, or has `vistora/as: snowpark`, is handed on as one.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import dagster as dg
from pydantic import Field

from vistora_assets.identifiers import qualified, quote
from vistora_assets.io_managers.frames import prepared, read_frame, write_frame
from vistora_assets.io_managers.partitioning import partitions_of
from vistora_assets.io_managers.publishing import (
    Partition,
    PublishError,
    Target,
    described,
    publish,
    run,
)

if TYPE_CHECKING:
    import pandas as pd

    from vistora_assets.resources.warehouse import Warehouse

EMPTY_IS_AN_ANSWER = "vistora/empty_is_an_answer"
VERSION = "vistora/version"
TOKEN = "vistora/token"  # noqa: S105 - a metadata key
AS = "vistora/as"
COLUMN_SCHEMA = "dagster/column_schema"
COLUMN_LINEAGE = "dagster/column_lineage"
PREVIEW_ROWS = 10

Connect = Callable[[], AbstractContextManager[Any]]


@dataclass(frozen=True, slots=True)
class Published:
    """A frame or reference, with the token of what it was made from.

    Attributes:
        value: what is persisted.
        token: by partition key where partitions differ.
        metadata: further metadata of the asset.
        partitions: of the run's partitions, those that the value replaces; None for all.
        replaces: of a table without partitions, the SQL condition of the rows that the value
            replaces, which its own rows fulfil; None for all.
    """

    value: Any
    token: str | Mapping[str, str]
    metadata: Mapping[str, Any] | None = None
    partitions: tuple[str, ...] | None = None
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class WrittenTable:
    """Says that the asset wrote its table itself, in a transaction of its own."""

    rows: int | None = None
    metadata: Mapping[str, Any] | None = None


def _is_pandas(value: object) -> bool:
    kind = type(value)
    return kind.__name__ == "DataFrame" and kind.__module__.startswith("pandas")


def _is_snowpark(value: object) -> bool:
    return _is_snowpark_type(type(value))


def _is_snowpark_type(kind: object) -> bool:
    return isinstance(kind, type) and any(
        one.__name__ == "DataFrame" and one.__module__.startswith("snowflake.snowpark")
        for one in kind.__mro__
    )


def _name_of(context: dg.OutputContext) -> str:
    return context.asset_key.to_user_string() if context.has_asset_key else context.name


def _table_of(context: dg.OutputContext) -> str:
    """Return the table of an asset, or of an op's output, which may name it by metadata."""
    if context.has_asset_key:
        return context.asset_key.path[-1].upper()
    return str(context.definition_metadata.get("table") or context.name).upper()


def _ensure_schema(connection: Any, target: Target) -> None:
    # Looked for first: CREATE ... IF NOT EXISTS wants the privilege to create even where it exists.
    like = target.schema.replace("\\", "\\\\").replace("'", "''")
    cursor = connection.cursor()
    try:
        cursor.execute(f"SHOW SCHEMAS LIKE '{like}' IN DATABASE {quote(target.database)}")
        place = [str(column[0]).lower() for column in cursor.description].index("name")
        found = {str(row[place]) for row in cursor.fetchall()}
    finally:
        cursor.close()
    if target.schema not in found:
        run(connection, f"CREATE SCHEMA {qualified(target.database, target.schema)}")


def _dtypes(frame: pd.DataFrame) -> dg.TableSchemaMetadataValue:
    columns = [
        dg.TableColumn(name=str(name), type=str(kind)) for name, kind in frame.dtypes.items()
    ]
    return dg.MetadataValue.table_schema(dg.TableSchema(columns=columns))


class TableIOManager(dg.IOManager):
    """Persists frames as tables, over connections that it is given.

    Args:
        connect: opens a connection of the connector, closed when the block ends.
        database: the database, as stored.
        schema: the schema of assets that name none.
        publications: the quoted name of the table of publications; None to keep no record.
        session: gives the Snowpark session for inputs that are wanted as Snowpark frames.
        creates_schemas: whether a missing schema is made.
        times_as_text: whether times of pandas frames are stored as texts.
    """

    def __init__(
        self,
        connect: Connect,
        *,
        database: str,
        schema: str | None = None,
        publications: str | None = None,
        session: Callable[[], Any] | None = None,
        creates_schemas: bool = False,
        times_as_text: bool = False,
    ) -> None:
        self._connect = connect
        self._database = database
        self._schema = schema
        self._publications = publications
        self._session = session
        self._creates_schemas = creates_schemas
        self._times_as_text = times_as_text

    # --- names ------------------------------------------------------------------------------

    def target(
        self,
        context: dg.OutputContext,
        token: str | Mapping[str, str] | None = None,
        chosen: tuple[str, ...] | None = None,
        replaces: str | None = None,
    ) -> Target:
        """Return where the output of `context` goes.

        Args:
            context: of the output.
            token: what the rows were made from.
            chosen: narrows the run's partitions to these keys.
            replaces: narrows what is replaced of a table without partitions.
        """
        parts = partitions_of(context)
        if replaces is not None:
            parts = (Partition("", replaces),)
        metadata = context.definition_metadata
        version = metadata.get(VERSION)
        return Target(
            database=self._database,
            schema=self._schema_of(context),
            table=_table_of(context),
            version=str(version) if version else None,
            partitions=tuple(part for part in parts if chosen is None or part.key in chosen),
            empty_is_an_answer=bool(metadata.get(EMPTY_IS_AN_ANSWER)),
            publications=self._publications,
            token=token,
            comments=_comments(metadata),
        )

    def _schema_of(self, context: dg.OutputContext) -> str:
        # The stock manager's order of precedence: metadata, configuration, key prefix, "public".
        path = context.asset_key.path if context.has_asset_key else []
        prefix = path[-2] if len(path) > 1 else None
        found = context.definition_metadata.get("schema")
        return str(found or self._schema or prefix or "public").upper()

    # --- writing ----------------------------------------------------------------------------

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        """Publish a pandas or Snowpark frame; note what an asset wrote itself.

        Raises:
            PublishError: something else was returned, or it must not be published.
        """
        token: str | Mapping[str, str] | None = None
        chosen: tuple[str, ...] | None = None
        replaces: str | None = None
        extra: dict[str, Any] = {}
        if isinstance(obj, Published):
            token, chosen, extra = obj.token, obj.partitions, dict(obj.metadata or {})
            replaces = obj.replaces
            obj = obj.value
        elif TOKEN in context.output_metadata:
            token = str(context.output_metadata[TOKEN].value)
        target = self.target(context, token, chosen, replaces)
        with self._connect() as connection:
            if self._creates_schemas:
                _ensure_schema(connection, target)
            through = 0
            if isinstance(obj, WrittenTable):
                extra = {**extra, **dict(obj.metadata or {})}
                count = obj.rows
            elif _is_snowpark(obj):
                self._write_query(cast("Any", obj), target)
                # Its session alone sees what was written beside.
                count = publish(cast("Any", obj).session.connection, target)
            elif _is_pandas(obj):
                through = self._write_frame(connection, cast("pd.DataFrame", obj), target)
                count = publish(connection, target)
            else:
                raise PublishError(
                    f"{_name_of(context)} returned {type(obj).__name__}; return a "
                    "pandas or Snowpark DataFrame, Published(...) or WrittenTable(...)."
                )
            if _is_pandas(obj):
                extra = {"dataframe_columns": _dtypes(cast("pd.DataFrame", obj)), **extra}
            context.add_output_metadata(
                self._metadata(connection, target, count, through, context, extra)
            )

    def _write_frame(self, connection: Any, frame: pd.DataFrame, target: Target) -> int:
        if len(frame.columns) == 0 or (frame.empty and not target.empty_is_an_answer):
            raise PublishError(
                f"The frame for {target.physical} is empty, so the table was left as it is. If no "
                f'rows are an answer for this asset, give it the metadata {{"{EMPTY_IS_AN_ANSWER}":'
                " True}."
            )
        upper = prepared(frame, target.physical, times_as_text=self._times_as_text)
        write_frame(connection, upper, target)
        return len(frame)

    def _write_query(self, frame: Any, target: Target) -> None:
        """Write a Snowpark frame beside, inside the warehouse."""
        *before, last = cast("list[str]", frame.queries["queries"])
        session = frame.session
        for sql in before:
            session.sql(sql).collect()
        session.sql(f"CREATE OR REPLACE TEMPORARY TABLE {target.beside} AS {last}").collect()
        for sql in cast("list[str]", frame.queries["post_actions"]):
            session.sql(sql).collect()

    def _metadata(
        self,
        connection: Any,
        target: Target,
        count: int | None,
        through: int,
        context: dg.OutputContext,
        extra: Mapping[str, Any],
    ) -> dict[str, Any]:
        name = f"{target.database}.{target.schema}.{target.physical}"
        where = f"WHERE {target.condition}" if target.partitions else ""
        sample = _preview(connection, f"SELECT * FROM {target.sql} {where} LIMIT {PREVIEW_ROWS}")
        if count is None:
            count = int(run(connection, f"SELECT COUNT(*) FROM {target.sql} {where}")[0][0])
        columns = described(connection, target.sql)
        key = "dagster/partition_row_count" if target.partitions else "dagster/row_count"
        return {
            key: count,
            "dagster/table_name": name,
            "dagster/storage_kind": "snowflake",
            COLUMN_SCHEMA: _schema(columns, context),
            "preview": dg.MetadataValue.md(sample),
            "Query": f"SELECT * FROM {target.sql} {where}".rstrip(),
            **extra,
            **_lineage([name for name, _, _ in columns], context, extra),
            "rows_through_client": through,
        }

    # --- reading ----------------------------------------------------------------------------

    def load_input(self, context: dg.InputContext) -> Any:
        """Return the upstream table: a pandas frame with lower-case columns, or Snowpark's.

        Raises:
            PublishError: the input has no upstream asset, or a Snowpark frame was asked of a
                manager without a session.
        """
        upstream = context.upstream_output
        if upstream is None:
            raise PublishError(
                f"The input {context.name} has no upstream asset, so no table can be read for it."
            )
        version = upstream.definition_metadata.get(VERSION)
        name = _table_of(upstream)
        table = qualified(
            self._database, self._schema_of(upstream), f"{name}_{version}" if version else name
        )
        chosen = context.definition_metadata.get("columns")
        listed = (
            ", ".join(quote(str(column).upper()) for column in cast("list[str]", chosen))
            if chosen
            else "*"
        )
        parts = partitions_of(context)
        sql = f"SELECT {listed} FROM {table}"
        if context.has_asset_partitions:
            conditions = " OR ".join(f"({part.condition})" for part in parts)
            sql += f" WHERE {conditions or 'FALSE'}"
        wanted = context.dagster_type.typing_type
        if context.definition_metadata.get(AS) == "snowpark" or _is_snowpark_type(wanted):
            if self._session is None:
                raise PublishError("This IO manager has no Snowpark session to read with.")
            return self._session().sql(sql)
        with self._connect() as connection:
            return read_frame(connection, sql, times_as_text=self._times_as_text)


def _preview(connection: Any, sql: str) -> str:
    """Return a query's rows as a Markdown table."""
    cursor = connection.cursor()
    try:
        cursor.execute(sql)
        names = [str(column[0]) for column in cursor.description]
        found = cursor.fetchall()
    finally:
        cursor.close()
    lines = [
        "| " + " | ".join(str(value).replace("|", "\\|") for value in line) + " |"
        for line in ([names], [["---"] * len(names)], found)
        for line in line
    ]
    return "\n".join(lines)


def _comments(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Return the columns' comments that the asset's definition declares."""
    declared = metadata.get(COLUMN_SCHEMA)
    schema = getattr(declared, "schema", declared)
    if not isinstance(schema, dg.TableSchema):
        return {}
    return {
        column.name.upper(): column.description for column in schema.columns if column.description
    }


def _schema(found: list[tuple[str, str, str]], context: dg.OutputContext) -> dg.TableSchema:
    """Return a table's columns as the warehouse has them, with the comments of the definition."""
    declared = _comments(context.definition_metadata)
    return dg.TableSchema(
        columns=[
            dg.TableColumn(name=name, type=kind, description=declared.get(name) or comment or None)
            for name, kind, comment in found
        ]
    )


def _lineage(
    names: list[str], context: dg.OutputContext, extra: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the lineage that the asset gave, for the columns that the table has.

    A column that it says nothing of is made from no other column.
    """
    given = extra.get(COLUMN_LINEAGE, context.definition_metadata.get(COLUMN_LINEAGE))
    lineage = getattr(given, "column_lineage", given)
    if not isinstance(lineage, dg.TableColumnLineage):
        return {}
    known = lineage.deps_by_column
    return {
        COLUMN_LINEAGE: dg.TableColumnLineage(
            deps_by_column={name: list(known.get(name, ())) for name in names}
        )
    }


class SnowflakeTableIOManager(dg.ConfigurableIOManagerFactory[TableIOManager]):
    """A drop-in for `SnowflakePandasIOManager`: same fields, same metadata keys; see the module.

    Connections are opened by `dagster_snowflake.SnowflakeResource`, imported when one is needed.
    """

    database: str = Field(description="Name of the database to use.")
    account: str = Field(description="Your Snowflake account name.")
    user: str = Field(description="User login name.")
    schema_: str | None = Field(
        default=None, alias="schema", description="Name of the schema to use."
    )
    password: str | None = Field(default=None, description="User password.")
    warehouse: str | None = Field(default=None, description="Name of the warehouse to use.")
    role: str | None = Field(default=None, description="Name of the role to use.")
    private_key: str | None = Field(default=None, description="Raw private key to use.")
    private_key_path: str | None = Field(default=None, description="Path to the private key.")
    private_key_password: str | None = Field(
        default=None, description="The password of the private key, if it is encrypted."
    )
    store_timestamps_as_strings: bool = Field(
        default=False,
        description="Whether times of pandas frames are stored as texts, and read back as times.",
    )
    authenticator: str | None = Field(
        default=None, description="The authentication mechanism to use."
    )
    additional_snowflake_connection_args: dict[str, Any] | None = Field(
        default=None, description="Further arguments of snowflake.connector.connect."
    )

    def create_io_manager(self, context: dg.InitResourceContext) -> TableIOManager:  # noqa: ARG002
        """Return the manager."""
        return TableIOManager(
            self._open,
            database=self.database.upper(),
            schema=self.schema_ or None,
            creates_schemas=True,
            times_as_text=self.store_timestamps_as_strings,
        )

    @contextmanager
    def _open(self) -> Generator[Any, None, None]:
        from dagster_snowflake import SnowflakeResource

        given = {
            name: getattr(self, name)
            for name in (
                *("database", "account", "user", "password", "warehouse", "role", "private_key"),
                *("private_key_path", "private_key_password", "authenticator"),
                "additional_snowflake_connection_args",
            )
        }
        resource = SnowflakeResource(
            **{name: value for name, value in given.items() if value is not None},
        )
        with resource.get_connection(raw_conn=True) as connection:
            connection.cursor().execute(f"USE DATABASE {quote(self.database.upper())}")
            yield connection


def table_io_manager() -> dg.IOManagerDefinition:
    """Return the project's manager: over the run's warehouse, with publications recorded."""

    @dg.io_manager(
        required_resource_keys={"warehouse"},
        description="Frames as Snowflake tables: written beside, checked, published atomically.",
    )
    def tables(context: dg.InitResourceContext) -> TableIOManager:
        warehouse: Warehouse = context.resources.warehouse
        return TableIOManager(
            warehouse.connection,
            database=warehouse.settings.objects.database,
            publications=warehouse.ml("PUBLICATIONS"),
            session=warehouse.session,
        )

    return tables
