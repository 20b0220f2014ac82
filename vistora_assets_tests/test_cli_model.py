"""`vistora model` on real versions: every decision is recorded, and predictions follow it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from embedded_snowflake import stop
from vistora_assets.assets.ml import championship, promoting
from vistora_assets.assets.ml.cards import write_card
from vistora_assets.automation.planning import current_plan, feature_specification, features_table
from vistora_assets.cli import main
from vistora_assets.resources.warehouse import Warehouse, rows
from vistora_assets.settings import Settings
from vistora_assets_tests.assets import trainings


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = trainings.prepared(tmp_path_factory, "models")
    yield root
    stop(root)


@pytest.fixture(scope="module")
def settings(root: Path) -> Settings:
    return Settings.load({}, root)


@pytest.fixture(scope="module")
def warehouse(settings: Settings) -> Iterator[Warehouse]:
    opened = Warehouse(settings)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def versions(settings: Settings, warehouse: Warehouse) -> list[str]:
    """Two versions; the first is champion, the second was refused."""
    frame = trainings.training_set(warehouse)
    made: list[str] = []
    for name, model in (("better", trainings.better()), ("worse", trainings.worse())):
        trained = trainings.training(settings, warehouse, frame, name, model)
        promoting.log(warehouse, trained)
        ruling = promoting.decide(warehouse, trained)
        if ruling.promoted:
            assert write_card(warehouse, trained, ruling).startswith(f"# {trained.version}")
        made.append(trained.version)
    return made


@pytest.fixture
def vistora(root: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("VISTORA_ROOT", str(root))
    for name in trainings.SETTINGS:
        monkeypatch.delenv(name, raising=False)
    return CliRunner()


def call(runner: CliRunner, *words: str) -> Result:
    return runner.invoke(main, ["model", *words], catch_exceptions=False)


def test_list_and_show_say_alias_metrics_and_reasons(
    vistora: CliRunner, versions: list[str]
) -> None:
    better, worse = versions
    listed = json.loads(call(vistora, "list", "--json").output)
    assert [row["name"] for row in listed] == [worse, better]
    assert [row["aliases"] for row in listed] == [["CHALLENGER"], ["CHAMPION"]]
    assert better in call(vistora, "list").output
    shown = call(vistora, "show", "challenger").output
    assert worse in shown
    assert "did not become champion" in shown
    assert "not reliably better" in shown
    assert "data_token" in shown
    unknown = call(vistora, "show", "nobody")
    assert unknown.exit_code == 1
    assert better in unknown.output


def test_a_card_is_a_file_with_its_pictures_and_its_text_the_registry_s_comment(
    vistora: CliRunner, versions: list[str], tmp_path: Path
) -> None:
    better, worse = versions
    written = call(vistora, "show", better, "--card", str(tmp_path / "card.md"))
    assert written.exit_code == 0
    card = (tmp_path / "card.md").read_text()
    assert card.count("data:image/png;base64,") == 5
    shown = json.loads(call(vistora, "show", better, "--json").output)
    assert shown["comment"].startswith(f"# {better}: planted better")
    assert "data:image" not in shown["comment"]
    none = call(vistora, "show", worse, "--card", str(tmp_path / "none.md"))
    assert none.exit_code == 1
    assert "no card" in none.output


def test_diff_says_what_changed_and_what_did_not(vistora: CliRunner, versions: list[str]) -> None:
    shown = call(vistora, "diff", *versions).output
    assert "planted_better" in shown
    assert "planted_worse" in shown
    assert "the same: features, code" in shown
    changed = shown.split("the same")[0]
    assert "data" in changed
    assert "parameters" in changed
    same = call(vistora, "diff", versions[0], versions[0]).output
    assert "The same data, features, code and parameters." in same


def test_promote_goes_through_the_gate_unless_forced_and_rollback_is_one_command(
    vistora: CliRunner, versions: list[str], warehouse: Warehouse
) -> None:
    better, worse = versions
    refused = call(vistora, "promote", worse)
    assert refused.exit_code == 1
    assert "did not pass the gate" in refused.output
    forced = call(vistora, "promote", worse, "--force", "the other one is on leave")
    assert forced.exit_code == 0
    assert "on leave" in forced.output
    assert "Predictions of" in forced.output
    assert "champion already" in call(vistora, "promote", worse).output
    back = call(vistora, "rollback", "--reason", "it is worse")
    assert back.exit_code == 0
    assert f"{better} is champion again; before: {worse}" in back.output
    with warehouse.connection() as connection:
        actions = [row.action for row in championship.history(connection, warehouse)]
    assert actions == ["rollback", "force", "promote", "gate", "gate"]
    nowhere = call(vistora, "rollback")
    assert nowhere.exit_code == 1
    assert "no champion before" in nowhere.output


@pytest.mark.soak
def test_a_champion_of_an_older_feature_version_still_scores(
    settings: Settings, warehouse: Warehouse, versions: list[str], root: Path
) -> None:
    """Today's settings ask for other labels and so other features; the champion keeps its own."""
    today = trainings.settings_of(root, VISTORA_LABEL="net")
    assert feature_specification(today).version != feature_specification(settings).version
    old = features_table(settings)
    with warehouse.connection() as connection:
        rows(connection, f"DELETE FROM {old}")
        rows(connection, "DELETE FROM ML.PUBLICATIONS WHERE TABLE_NAME LIKE 'USER_FEATURES_V%'")
        plan = current_plan(connection, today)
    assert plan.champion_feature_version == feature_specification(settings).version
    trainings.refresh_until(today, warehouse, without="ml/")
    with warehouse.connection() as connection:
        days = rows(connection, f"SELECT DISTINCT SNAPSHOT_DATE FROM {old} ORDER BY 1")
        assert [day.date() for (day,) in days] == list(plan.champion_snapshots)
    trainings.refresh_until(today, warehouse, only="ml/user_spend_predictions")
    with warehouse.connection() as connection:
        scored = rows(
            connection,
            "SELECT DISTINCT SNAPSHOT_DATE, MODEL_VERSION, FEATURE_VERSION, HORIZON_DAYS "
            "FROM ML.USER_SPEND_PREDICTIONS",
        )
    assert [(row[0].date(), *row[1:]) for row in scored] == [
        (plan.score_snapshots[0], versions[0], plan.champion_feature_version, 30)
    ]
