"""The code location: the exact inventory, every asset complete, and cheap to load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from vistora_assets.assembly import build_definitions
from vistora_assets.settings import Settings

ASSETS = {
    "raw/user_events",
    "raw/rejected_events",
    "raw/loaded_files",
    "feature_store/user_features",
    "feature_store/user_features_view",
    "ml/training_set",
    "ml/user_spend_predictor",
    "ml/model_metrics",
    "ml/registered_model",
    "ml/user_spend_predictions",
    "ml/feature_drift",
    "ml/prediction_outcomes",
}
HEAVY = ("pandas", "sklearn", "snowflake.connector", "snowflake.snowpark", "dagster_snowflake")


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    return build_definitions(Settings.load({}, tmp_path_factory.mktemp("root")))


def test_the_inventory_is_exact(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    assert {key.to_user_string() for key in graph.get_all_asset_keys()} == ASSETS
    jobs = {job.name for job in definitions.resolve_all_job_defs()}
    assert {"ingest", "refresh"} <= jobs
    assert {sensor.name for sensor in definitions.sensors or []} == {
        "ingest_sensor",
        "refresh_sensor",
        "condition_sensor",
    }


@pytest.mark.parametrize("name", sorted(ASSETS))
def test_every_asset_is_complete(definitions: dg.Definitions, name: str) -> None:
    """An asset has a description, owner, kind, group, code version and freshness."""
    spec = definitions.resolve_asset_graph().get(dg.AssetKey(name.split("/"))).to_asset_spec()
    assert len(spec.description or "") > 60
    assert spec.owners == ["team:ml-platform"]
    assert spec.kinds
    assert spec.group_name != "default"
    assert spec.code_version
    assert spec.freshness_policy is not None


def test_the_flow_is_one_chain_from_events_to_predictions(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    above = dg.AssetSelection.assets("ml/user_spend_predictions").upstream().resolve(graph)
    beside = {"raw/rejected_events", "raw/loaded_files"}
    beside |= {"ml/feature_drift", "ml/prediction_outcomes"}
    assert {key.to_user_string() for key in above} == ASSETS - beside


def test_bad_data_stops_at_a_blocking_check(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    blocking = {key.name for key in graph.asset_check_keys if graph.get(key).blocking}
    assert blocking == {
        "rows_are_conserved",
        "no_file_is_blocked",
        "event_id_is_a_key",
        "events_are_complete",
        "one_row_a_user_and_snapshot",
        "features_know_no_future",
        "features_are_what_recomputing_gives",
        "features_are_of_their_cutoff",
        "labels_are_amounts",
        "everyone_is_predicted",
        "predictions_are_amounts",
        "the_total_is_sane",
        "the_champion_has_not_decayed",
    }


def test_loading_imports_no_client_and_starts_nothing(tmp_path: Path) -> None:
    code = (
        "import sys; from vistora_assets.definitions import defs; defs();"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env={"VISTORA_ROOT": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    assert done.stdout.strip() == "[]"
    assert not (tmp_path / ".vistora").exists()


@pytest.mark.parametrize("on", [True, False])
def test_sensors_run_by_default_where_settings_say_so(tmp_path: Path, *, on: bool) -> None:
    settings = Settings.load({"VISTORA_AUTOMATION": "on" if on else "off"}, tmp_path)
    made = build_definitions(settings).sensors or []
    wanted = dg.DefaultSensorStatus.RUNNING if on else dg.DefaultSensorStatus.STOPPED
    assert {sensor.default_status for sensor in made} == {wanted}


@pytest.mark.parametrize(("given", "wanted"), [(None, "10000"), ("7", "7")])
def test_threads_of_models_spin_shortly_unless_told_otherwise(
    given: str | None, wanted: str
) -> None:
    """It stands in the environment before a library that reads it is loaded."""
    environment = {"PYTHONPATH": str(Path(__file__).parents[1])}
    environment |= {} if given is None else {"GOMP_SPINCOUNT": given}
    code = "import os, vistora_assets; print(os.environ['GOMP_SPINCOUNT'])"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment
    )
    assert done.stdout.strip() == wanted
