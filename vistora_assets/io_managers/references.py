"""References: what an asset made that is no table, as a row in ML.ARTIFACTS.

What it holds: the frozen dataclasses that assets return (`FeatureViewRef`, `ModelVersionRef`), the
reading and writing of their rows, and the IO manager that hands the live client object downstream.
Add to it a reference to another kind of object. What must not go here: making such an object.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg

from vistora_assets.io_managers.publishing import Target, record_statements
from vistora_assets.io_managers.tables import COLUMN_LINEAGE, COLUMN_SCHEMA, Published

if TYPE_CHECKING:
    from vistora_assets.resources.warehouse import Warehouse


class UnknownReferenceError(RuntimeError):
    """A reference that is not there or names nothing; the message says what to materialize."""


@dataclass(frozen=True, slots=True)
class FeatureViewRef:
    """A registered version of a feature view."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class ModelVersionRef:
    """A registered model version, and what the gate decided about it.

    Attributes:
        model, version: as in the registry.
        training_id: the identity's digest.
        feature_version: the version of the feature view that it was trained on.
        promoted: whether it passed the gate.
        champion: the champion's version after the decision.
        reasons: the gate's sentences.
    """

    model: str
    version: str
    training_id: str
    feature_version: str
    promoted: bool
    champion: str
    reasons: tuple[str, ...]


def write_row(
    connection: Any,
    warehouse: Warehouse,
    key: dg.AssetKey,
    content: dict[str, Any],
    run_id: str,
    also: Sequence[tuple[str, dict[str, object]]] = (),
) -> None:
    """Put the asset's row in place of the old one, with further statements, in one transaction."""
    table = warehouse.ml("ARTIFACTS")
    values = {"key": key.to_user_string(), "content": json.dumps(content), "run": run_id}
    cursor = connection.cursor()
    try:
        cursor.execute("BEGIN TRANSACTION")
        try:
            cursor.execute(f"DELETE FROM {table} WHERE ASSET_KEY = %(key)s", {"key": values["key"]})
            cursor.execute(
                f"INSERT INTO {table} (ASSET_KEY, CONTENT, RUN_ID, UPDATED_AT) "
                "SELECT %(key)s, %(content)s, %(run)s, "
                "CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP())::TIMESTAMP_NTZ",
                values,
            )
            for sql, bound in also:
                cursor.execute(sql, bound)
        except BaseException:
            cursor.execute("ROLLBACK")
            raise
        cursor.execute("COMMIT")
    finally:
        cursor.close()


def read_row(connection: Any, warehouse: Warehouse, key: dg.AssetKey) -> dict[str, Any]:
    """Return the content of the asset's row.

    Raises:
        UnknownReferenceError: there is none.
    """
    cursor = connection.cursor()
    try:
        cursor.execute(
            f"SELECT CONTENT FROM {warehouse.ml('ARTIFACTS')} WHERE ASSET_KEY = %(key)s",
            {"key": key.to_user_string()},
        )
        found = cursor.fetchall()
    finally:
        cursor.close()
    if not found:
        raise UnknownReferenceError(
            f"{key.to_user_string()} was never materialized here: materialize it first."
        )
    content: dict[str, Any] = json.loads(found[0][0])
    return content


class ReferenceIOManager(dg.IOManager):
    """Keeps references, and hands on what they refer to."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        """Write the reference's row and its publication.

        Raises:
            UnknownReferenceError: the asset returned something else.
        """
        reference: object = obj.value if isinstance(obj, Published) else obj
        if not isinstance(obj, Published) or not isinstance(
            reference, FeatureViewRef | ModelVersionRef
        ):
            raise UnknownReferenceError(
                f"{context.asset_key.to_user_string()} returned {type(reference).__name__}; return "
                "Published(...) with a FeatureViewRef or a ModelVersionRef."
            )
        content = {"kind": type(reference).__name__, **asdict(reference)}
        objects = self._warehouse.settings.objects
        target = Target(
            database=objects.database,
            schema=objects.ml,
            table=context.asset_key.path[-1].upper(),
            publications=self._warehouse.ml("PUBLICATIONS"),
            token=obj.token,
        )
        with self._warehouse.connection() as connection:
            write_row(
                connection,
                self._warehouse,
                context.asset_key,
                content,
                context.run_id,
                also=record_statements(target, [1]),
            )
        # The UI looks for columns in the events, not in the definition.
        columns = {
            name: context.definition_metadata[name]
            for name in (COLUMN_SCHEMA, COLUMN_LINEAGE)
            if name in context.definition_metadata
        }
        context.add_output_metadata(
            {
                "reference": dg.MetadataValue.json(content),
                **columns,
                **dict(obj.metadata or {}),
            }
        )

    def load_input(self, context: dg.InputContext) -> Any:
        """Return the live `FeatureView` or `ModelVersion` that the upstream asset refers to.

        Raises:
            UnknownReferenceError: the asset was never materialized, its row is of another kind, or
                what it refers to is gone.
        """
        with self._warehouse.connection() as connection:
            content = read_row(connection, self._warehouse, context.asset_key)
        asset = context.asset_key.to_user_string()
        if content.get("kind") not in (FeatureViewRef.__name__, ModelVersionRef.__name__):
            raise UnknownReferenceError(
                f"{asset} holds a reference of the kind {content.get('kind')}, which this version "
                "does not know: materialize it again."
            )
        try:
            return self._live(content)
        except ValueError as error:
            # What both clients raise for a name or version that is not there.
            name = content.get("name") or content.get("model")
            raise UnknownReferenceError(
                f"{asset} refers to {name} {content.get('version')}, which is not there any more: "
                "materialize it again."
            ) from error

    def _live(self, content: dict[str, Any]) -> Any:
        session = self._warehouse.session()
        if content["kind"] == FeatureViewRef.__name__:
            store = self._warehouse.feature_store(session)
            return store.get_feature_view(content["name"], content["version"])
        model = self._warehouse.registry(session).get_model(content["model"])
        return model.version(content["version"])


def reference_io_manager() -> dg.IOManagerDefinition:
    """Return the manager over the run's warehouse."""

    @dg.io_manager(
        required_resource_keys={"warehouse"},
        description="References to feature views and model versions, as rows of ML.ARTIFACTS.",
    )
    def references(context: dg.InitResourceContext) -> ReferenceIOManager:
        return ReferenceIOManager(context.resources.warehouse)

    return references
