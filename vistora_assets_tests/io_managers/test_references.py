"""A reference is a row; downstream gets the live object that it names, or a sentence."""

import json
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from vistora_assets.io_managers.references import (
    FeatureViewRef,
    ModelVersionRef,
    UnknownReferenceError,
    reference_io_manager,
)
from vistora_assets.io_managers.tables import Published
from vistora_assets.resources.warehouse import Warehouse, rows, warehouse_resource
from vistora_assets.settings import Settings


@pytest.fixture(scope="module")
def view(warehouse: Warehouse) -> FeatureViewRef:
    """A feature view in the real feature store."""
    from snowflake.ml.feature_store import Entity, FeatureView

    session = warehouse.session()
    session.sql(
        "CREATE OR REPLACE TABLE ML.FEATURES_OF_TEST AS "
        "SELECT 'u1' AS USER_ID, '2024-01-01'::TIMESTAMP_NTZ AS AT, 1.5 AS SPENT"
    ).collect()
    store = warehouse.feature_store(session)
    entity = store.register_entity(Entity("TESTED", ["USER_ID"]))
    made = FeatureView(
        "TESTED_VIEW",
        [entity],
        session.sql("SELECT * FROM ML.FEATURES_OF_TEST"),
        timestamp_col="AT",
        refresh_freq=None,
    )
    store.register_feature_view(made, "V_1")
    return FeatureViewRef("TESTED_VIEW", "V_1")


@pytest.fixture(scope="module")
def model(warehouse: Warehouse) -> ModelVersionRef:
    """A model version in the real registry."""
    frame = pd.DataFrame({"X": [1.0, 2.0, 3.0]})
    warehouse.registry(warehouse.session()).log_model(
        LinearRegression().fit(frame, np.array([2.0, 4.0, 6.0])),
        model_name="TESTED_MODEL",
        version_name="V_1",
        sample_input_data=frame,
        target_platforms=["WAREHOUSE"],
        options={"relax_version": False, "enable_explainability": False},
    )
    return ModelVersionRef("TESTED_MODEL", "V_1", "t", "F_1", True, "V_1", ("It won.",))


def run(settings: Settings, value: Any, seen: list[Any], *, reading_only: bool = False) -> Any:
    @dg.asset(key=["ml", "referred"], io_manager_key="references")
    def referred() -> Any:
        return value

    @dg.asset(
        ins={"live": dg.AssetIn(["ml", "referred"], input_manager_key="references")},
        io_manager_key="nothing",
    )
    def reader(live: Any) -> None:
        seen.append(live)

    return dg.materialize(
        [referred, reader],
        selection=[reader] if reading_only else None,
        resources={
            "warehouse": warehouse_resource(settings),
            "references": reference_io_manager(),
            "nothing": dg.mem_io_manager,
        },
    )


def kept(warehouse: Warehouse) -> tuple[dict[str, Any], str, list[tuple[Any, ...]]]:
    with warehouse.connection() as connection:
        ((content, run_id),) = rows(
            connection,
            "SELECT CONTENT, RUN_ID FROM ML.ARTIFACTS WHERE ASSET_KEY = 'ml/referred'",
        )
        published = rows(
            connection,
            "SELECT PARTITION_KEY, TOKEN, ROW_COUNT FROM ML.PUBLICATIONS "
            "WHERE TABLE_NAME = 'REFERRED'",
        )
    return json.loads(content), run_id, published


def test_downstream_gets_the_live_feature_view(
    settings: Settings, warehouse: Warehouse, view: FeatureViewRef
) -> None:
    from snowflake.ml.feature_store import FeatureView

    seen: list[Any] = []
    result = run(settings, Published(view, "token-1"), seen)
    assert isinstance(seen[0], FeatureView)
    assert (str(seen[0].name), str(seen[0].version)) == ("TESTED_VIEW", "V_1")
    content, run_id, published = kept(warehouse)
    assert content == {"kind": "FeatureViewRef", "name": "TESTED_VIEW", "version": "V_1"}
    assert run_id == result.run_id
    assert published == [("", "token-1", 1)]


def test_downstream_gets_the_live_model_version_and_the_row_is_replaced(
    settings: Settings, warehouse: Warehouse, view: FeatureViewRef, model: ModelVersionRef
) -> None:
    """One row an asset, with the gate's decision; the version predicts where it stands."""
    seen: list[Any] = []
    run(settings, Published(view, "before"), [])
    result = run(settings, Published(model, "after", {"promoted": True}), seen)
    assert seen[0].version_name == "V_1"
    assert seen[0].model_name == "TESTED_MODEL"
    content, _, published = kept(warehouse)
    assert content["kind"] == "ModelVersionRef"
    assert (content["champion"], content["reasons"]) == ("V_1", ["It won."])
    assert published == [("", "after", 1)]
    event = result.get_asset_materialization_events()[0]
    metadata = event.step_materialization_data.materialization.metadata
    assert metadata["reference"].value == content
    assert metadata["promoted"].value is True


@pytest.mark.parametrize(
    "gone",
    [
        FeatureViewRef("TESTED_VIEW", "V_9"),
        FeatureViewRef("NO_SUCH_VIEW", "V_1"),
        ModelVersionRef("TESTED_MODEL", "V_9", "t", "F_1", True, "V_9", ()),
        ModelVersionRef("NO_SUCH_MODEL", "V_1", "t", "F_1", True, "V_1", ()),
    ],
)
def test_a_reference_to_nothing_is_refused_with_a_sentence(
    gone: FeatureViewRef | ModelVersionRef,
    settings: Settings,
    view: FeatureViewRef,
    model: ModelVersionRef,
) -> None:
    del view, model
    name = gone.name if isinstance(gone, FeatureViewRef) else gone.model
    with pytest.raises(UnknownReferenceError, match=f"ml/referred refers to {name} {gone.version}"):
        run(settings, Published(gone, "t"), [])


def test_a_row_of_an_unknown_kind_is_refused(
    settings: Settings, warehouse: Warehouse, view: FeatureViewRef
) -> None:
    """One that a newer version wrote, say."""
    run(settings, Published(view, "t"), [])
    with warehouse.connection() as connection:
        rows(
            connection,
            "UPDATE ML.ARTIFACTS SET CONTENT = %(content)s WHERE ASSET_KEY = 'ml/referred'",
            {"content": json.dumps({"kind": "OtherRef"})},
        )
    with pytest.raises(UnknownReferenceError, match="of the kind OtherRef"):
        run(settings, None, [], reading_only=True)


def test_an_asset_that_was_never_materialized_is_named(settings: Settings) -> None:
    other = dg.AssetKey(["ml", "nobody"])

    @dg.asset(
        ins={"live": dg.AssetIn(other, input_manager_key="references")}, io_manager_key="nothing"
    )
    def reader(live: Any) -> None:
        raise AssertionError(live)

    with pytest.raises(UnknownReferenceError, match="ml/nobody was never materialized here"):
        dg.materialize(
            [reader, dg.AssetSpec(other, metadata={"dagster/io_manager_key": "references"})],
            resources={
                "warehouse": warehouse_resource(settings),
                "references": reference_io_manager(),
                "nothing": dg.mem_io_manager,
            },
        )


@pytest.mark.parametrize("value", [FeatureViewRef("A", "B"), Published({"a": 1}, "t"), None])
def test_what_is_no_published_reference_is_refused(value: object, settings: Settings) -> None:
    with pytest.raises(UnknownReferenceError, match=r"return Published\(\.\.\.\) with"):
        run(settings, value, [])
