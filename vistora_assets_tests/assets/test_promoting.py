"""The gate through the real registry: worse is refused, better promoted, two at once leave one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from snowflake.ml.dataset import Dataset
from snowflake.ml.model import ExportMode
from snowflake.snowpark.functions import lit

from embedded_snowflake import stop
from vistora_assets.assets.ml import championship, promoting, training_data
from vistora_assets.automation.planning import read_champion, registry_versions
from vistora_assets.io_managers.models import TrainedModel, put, stage
from vistora_assets.modelling.identity import frame_token
from vistora_assets.refresh import ChampionRef
from vistora_assets.resources.warehouse import Warehouse, rows
from vistora_assets.settings import Settings
from vistora_assets_tests.assets import trainings


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    root = trainings.prepared(tmp_path_factory, "promoting")
    yield Settings.load({}, root)
    stop(root)


@pytest.fixture(scope="module")
def warehouse(settings: Settings) -> Iterator[Warehouse]:
    opened = Warehouse(settings)
    opened.ensure_objects()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def frame(warehouse: Warehouse) -> pd.DataFrame:
    return trainings.training_set(warehouse)


def registered(
    settings: Settings, warehouse: Warehouse, frame: pd.DataFrame, name: str
) -> TrainedModel:
    model = trainings.worse() if name.startswith("worse") else trainings.better()
    trained = trainings.training(settings, warehouse, frame, name, model)
    if trained.version not in promoting.versions(warehouse):
        promoting.log(warehouse, trained)
    return trained


def champions(warehouse: Warehouse) -> list[str]:
    with warehouse.connection() as connection:
        return [
            version.name
            for version in registry_versions(connection, warehouse.settings)
            if "CHAMPION" in version.aliases
        ]


def test_a_worse_model_is_refused_and_a_better_one_takes_its_place(
    settings: Settings, warehouse: Warehouse, frame: pd.DataFrame
) -> None:
    """A person may force the worse one, with a reason; the gate then prefers the better one."""
    worse = registered(settings, warehouse, frame, "worse")
    refused = promoting.decide(warehouse, worse)
    assert not refused.promoted
    assert any("not reliably better" in reason for reason in refused.reasons)
    assert champions(warehouse) == []
    forced = promoting.decide(warehouse, worse, action="promote", forced="to see it work")
    assert (forced.action, forced.reasons) == ("force", ("Forced: to see it work",))
    assert champions(warehouse) == [worse.version]

    better = registered(settings, warehouse, frame, "better")
    with warehouse.connection() as connection:
        assert promoting.prove(connection, warehouse, better) <= promoting.TOLERANCE
    promoted = promoting.decide(warehouse, better)
    assert (promoted.promoted, promoted.before) == (True, worse.version)
    assert {row["against"] for row in promoted.comparisons} >= {"champion", "mean"}
    assert champions(warehouse) == [better.version]

    again = promoting.decide(warehouse, worse, action="promote")
    assert not again.promoted
    assert any("worse than the champion" in reason for reason in again.reasons)
    assert champions(warehouse) == [better.version]


def test_a_version_knows_the_rows_that_it_learned_from_and_holds_none_of_them(
    settings: Settings, warehouse: Warehouse, frame: pd.DataFrame, tmp_path: Path
) -> None:
    """Its lineage is a Dataset's version with the very rows; no user's name is in its files."""
    trained = registered(settings, warehouse, frame, "better")
    registry = warehouse.registry(warehouse.session())
    version = registry.get_model(settings.objects.model).version(trained.version)
    (source,) = version.lineage(direction="upstream")
    assert source.selected_version.name == trained.report["training_data"]
    assert source.selected_version.label_cols == ["LABEL"]
    kept = source.read.to_pandas()
    kept.columns = [name.lower() for name in kept.columns]
    assert frame_token(kept.astype(frame.dtypes.to_dict())) == frame_token(frame)
    assert version.version_name in {model.version_name for model in source.lineage()}
    version.export(str(tmp_path), export_mode=ExportMode.FULL)
    user = str(frame["user_id"].iloc[0]).encode()
    assert not any(user in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


def test_a_column_without_a_value_among_the_rows_that_are_checked_is_no_error(
    settings: Settings, warehouse: Warehouse, frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = trainings.training(settings, warehouse, frame, "better, empty", trainings.better())
    frozen = training_data.frozen

    def without_values(warehouse: Warehouse, version: str) -> Any:
        rows = frozen(warehouse, version)
        name = trained.predictor.feature_names[0].upper()
        return rows.with_column(name, lit(None).cast("double")) if rows is not None else None

    monkeypatch.setattr(training_data, "frozen", without_values)
    promoting.log(warehouse, trained)
    assert trained.version in promoting.versions(warehouse)


def test_rows_that_changed_while_a_model_was_trained_are_not_kept(
    warehouse: Warehouse, frame: pd.DataFrame
) -> None:
    """What is frozen is what was read, or nothing."""
    other = frame.assign(label=frame["label"] + 1.0)
    with pytest.raises(dg.Failure, match="has changed since this training read it"):
        training_data.freeze(warehouse, other, frame_token(other))
    version = training_data.version_name(frame_token(other))
    assert training_data.frozen(warehouse, version) is None


def test_two_trainings_that_keep_the_same_rows_at_once_keep_them_once(
    warehouse: Warehouse, frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = training_data.freeze(warehouse, frame, frame_token(frame))
    dataset = Dataset.load(warehouse.session(), warehouse.ml(training_data.DATASET))
    dataset.delete_version(version)
    create = Dataset.create_version

    def after_another(self: Dataset, *given: Any, **named: Any) -> Any:
        create(self, *given, **named)
        return create(self, *given, **named)

    monkeypatch.setattr(Dataset, "create_version", after_another)
    assert training_data.freeze(warehouse, frame, frame_token(frame)) == version
    assert dataset.list_versions() == [version]


def test_two_promotions_at_once_leave_one_champion_and_two_decisions(
    settings: Settings, warehouse: Warehouse, frame: pd.DataFrame
) -> None:
    """Both are decided on the same standing; who commits second compares with who was first."""
    both = [registered(settings, warehouse, frame, name) for name in ("better one", "better two")]
    with warehouse.connection() as connection:
        before = len(championship.history(connection, warehouse))
    start = threading.Barrier(2)
    failed: list[BaseException] = []

    def promote(trained: TrainedModel) -> None:
        own = Warehouse(settings)
        try:
            start.wait()
            promoting.decide(own, trained)
        except Exception as error:  # noqa: BLE001 - a thread's failure must fail the test
            failed.append(error)

    threads = [threading.Thread(target=promote, args=(trained,)) for trained in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failed == []
    with warehouse.connection() as connection:
        decisions = championship.history(connection, warehouse)
        ledger = championship.standing(connection, warehouse).champion
    second, first = decisions[:2]
    assert len(decisions) == before + 2
    assert second.number == first.number + 1
    assert {first.version, second.version} == {trained.version for trained in both}
    assert first.promoted
    assert second.before == first.version
    assert ledger is not None
    assert champions(warehouse) == [ledger.version]
    assert all(decision.applied for decision in decisions)


def test_a_decision_that_died_before_its_aliases_moved_is_settled_by_the_next_comer(
    settings: Settings, warehouse: Warehouse, frame: pd.DataFrame
) -> None:
    trained = registered(settings, warehouse, frame, "better three")
    with warehouse.connection() as connection:
        now = championship.standing(connection, warehouse)
        assert now.champion is not None
        ruling = championship.history(connection, warehouse, now.champion.version)[0]
        written = championship.record(
            connection,
            warehouse,
            now,
            championship.Ruling(
                version=trained.version,
                training_id=trained.report["training_id"],
                feature_version=trained.report["feature_version"],
                before=None,
                gate_as_of=ruling.gate_as_of,
                promoted=True,
                reasons=("cut off",),
            ),
        )
    assert not written.applied
    assert champions(warehouse) == [now.champion.version]
    assert championship.settle(warehouse)
    assert champions(warehouse) == [trained.version]
    assert not championship.settle(warehouse)


def test_a_decision_on_an_old_standing_is_not_written(
    settings: Settings, warehouse: Warehouse, frame: pd.DataFrame
) -> None:
    with warehouse.connection() as connection:
        now = championship.standing(connection, warehouse)
        assert now.champion is not None
        ruling = championship.history(connection, warehouse)[0]
        old = championship.Standing(now.generation - 1, now.champion)
        with pytest.raises(championship.OvertakenError):
            championship.record(connection, warehouse, old, ruling)
        assert championship.standing(connection, warehouse) == now


def test_rolling_back_goes_to_whom_the_champion_replaced_and_then_further(
    settings: Settings, warehouse: Warehouse, frame: pd.DataFrame
) -> None:
    with warehouse.connection() as connection:
        promotions = [row for row in championship.history(connection, warehouse) if row.promoted]
    current = champions(warehouse)[0]
    first = championship.roll_back(warehouse, "totals look wrong")
    assert champions(warehouse) == [promotions[0].before] == [first.version]
    assert first.reasons == (f"Rolled back from {current}: totals look wrong",)
    second = championship.roll_back(warehouse, "these too")
    assert second.version not in (current, first.version)
    with pytest.raises(championship.ChampionshipError, match="no champion before"):
        list(map(championship.roll_back, [warehouse] * 9, ["all the way"] * 9))
    with warehouse.connection() as connection:
        champion = read_champion(connection, settings)
        assert champion is not None
        assert rows(connection, "SELECT COUNT(*) FROM ML.CHAMPION") == [(1,)]


def test_a_champion_that_has_learned_the_gate_s_labels_is_judged_by_its_recipe(
    settings: Settings, warehouse: Warehouse, frame: pd.DataFrame
) -> None:
    """The challenger was made without them; no refit could ever lose to one that knows the answer."""
    trained = registered(settings, warehouse, frame, "worse")
    gate_as_of = trained.report["gate_as_of"]
    earlier = (pd.Timestamp(gate_as_of) - pd.Timedelta(days=31)).isoformat()
    champion = replace(
        trained,
        version="V_KNOWSMORE000",
        report={**trained.report, "gate_as_of": earlier},
    )
    with warehouse.connection() as connection:
        put(connection, stage(warehouse), champion)
        reference = ChampionRef(champion.version, trained.report["feature_version"])
        found = promoting.forecasts_of(connection, warehouse, reference, trained.gate, gate_as_of)
    assert found.tolist() == trained.gate[trained.report["chosen"]].tolist()
    own = champion.predictor.predict(frame[frame["as_of"] == pd.Timestamp(gate_as_of)])
    assert sorted(own) != pytest.approx(sorted(found))


def test_a_refit_knows_the_labels_up_to_its_last_horizon(
    settings: Settings, warehouse: Warehouse, frame: pd.DataFrame
) -> None:
    """On the instant itself a label is closed, so that a gate there is new to it."""
    trained = registered(settings, warehouse, frame, "better")
    closed = pd.Timestamp(max(trained.report["closed"])) + pd.Timedelta(days=trainings.HORIZON)
    assert not promoting.has_learned_from(trained, closed.isoformat())
    before = closed - pd.Timedelta(days=1)
    assert promoting.has_learned_from(trained, before.isoformat())
