"""What is due, after which change: every rule of the planner, and that it comes to rest.

Holds the planner's tests; publications are simulated as the assets write them. Add to it with
every rule. What must not go here: Dagster and a warehouse.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from vistora_assets import refresh
from vistora_assets.refresh import (
    ChampionRef,
    EventsExtent,
    Load,
    Publication,
    RefreshPlan,
    SnapshotRules,
)

RULES = SnapshotRules(date(2024, 1, 1), None, "monthly")
EVENTS = EventsExtent(datetime(2024, 1, 5, 9), datetime(2024, 6, 30, 12))
LOADS = (Load(1, datetime(2024, 1, 5, 9), "a.csv", "LOADED"),)
VERSION = "V_A"


class World:
    """The warehouse as the planner sees it."""

    def __init__(self) -> None:
        self.loads: tuple[Load, ...] = LOADS
        self.events: EventsExtent | None = EVENTS
        self.rules = RULES
        self.rows: dict[tuple[str, date | None], str] = {}
        self.champion: ChampionRef | None = None
        self.version = VERSION
        self.fingerprint = "f1"

    def plan(self) -> RefreshPlan:
        return refresh.plan(
            self.loads,
            self.events,
            self.rules,
            self.publications,
            feature_version=self.version,
            champion=self.champion,
            horizon_days=30,
            minimum_history_days=30,
            training_fingerprint=self.fingerprint,
        )

    @property
    def publications(self) -> list[Publication]:
        return [Publication(table, part, token) for (table, part), token in self.rows.items()]

    def carry_out(self, plan: RefreshPlan, steps: int | None = None) -> None:
        """Write what the first `steps` steps publish."""
        newest = refresh.newest_load(self.loads)
        features = f"USER_FEATURES_{self.version}"
        for step in plan.steps[:steps]:
            if step == refresh.FEATURES_STEP:
                self.rows |= {(features, day): str(newest) for day in plan.feature_snapshots}
                older = f"USER_FEATURES_{plan.champion_feature_version}"
                self.rows |= {(older, day): str(newest) for day in plan.champion_snapshots}
            elif step == refresh.VIEW_STEP:
                self.rows[refresh.VIEW, None] = self.version
            elif step == "ml/registered_model":
                token = refresh.training_token(
                    self.publications,
                    feature_version=self.version,
                    cutoffs=plan.cutoffs,
                    load_sequence=newest,
                    fingerprint=self.fingerprint,
                )
                self.champion = ChampionRef("M_" + token, self.version)
                self.rows[refresh.TRAINING_END, None] = token
            elif step == refresh.SCORING_STEP:
                assert self.champion is not None
                needed = self.champion.feature_version
                for day in plan.score_snapshots:
                    self.rows[refresh.PREDICTIONS, day] = refresh.prediction_token(
                        feature_version=needed,
                        feature_token=self.rows[f"USER_FEATURES_{needed}", day],
                        champion_version=self.champion.version,
                        horizon_days=self.champion.horizon_days or 30,
                    )
            elif step == refresh.DRIFT_STEP:
                done = refresh.predicted(self.publications)
                self.rows[refresh.DRIFT, None] = done[max(done)]
            elif step == refresh.OUTCOMES_STEP:
                self.rows[refresh.OUTCOMES, None] = refresh.outcome_token(
                    self.publications, plan.outcome_snapshots, newest
                )


def settled() -> World:
    world = World()
    world.carry_out(world.plan())
    assert world.plan().empty
    return world


def test_first_plan_computes_everything_and_then_rests() -> None:
    plan = World().plan()
    months = tuple(date(2024, month, 1) for month in range(2, 8))
    assert plan.feature_snapshots == months
    assert plan.score_snapshots == months[-1:]
    # 2024-02-01 lies 27 days after the first purchase; the label of 2024-06-01 closes on 07-01.
    assert plan.cutoffs == months[1:5]
    assert len(plan.steps) == 8
    assert settled().plan().reasons == ()


def test_plan_cut_off_after_any_step_is_finished_by_the_next() -> None:
    for steps in range(9):
        world = World()
        world.carry_out(world.plan(), steps)
        world.carry_out(world.plan())
        assert world.plan().empty, steps


def test_late_event_touches_later_snapshots_only() -> None:
    world = settled()
    world.loads += (Load(2, datetime(2024, 4, 1), "b.csv", "LOADED"),)
    plan = world.plan()
    # The event stands exactly at 2024-04-01 00:00: that snapshot does not see it.
    assert plan.feature_snapshots == (date(2024, 5, 1), date(2024, 6, 1), date(2024, 7, 1))
    assert plan.train
    world.carry_out(plan)
    assert world.plan().empty


def test_event_after_every_label_trains_nothing() -> None:
    world = World()
    world.rules = replace(RULES, last=date(2024, 3, 1))
    world.carry_out(world.plan())
    # Its predictions' horizon lies in the past as soon as they are made.
    assert world.plan().steps == (refresh.OUTCOMES_STEP,)
    world.carry_out(world.plan())
    world.loads += (Load(2, datetime(2024, 3, 31), "b.csv", "LOADED"),)
    assert world.plan().empty
    world.loads += (Load(3, datetime(2024, 3, 30, 23), "c.csv", "LOADED"),)
    assert world.plan().train
    assert world.plan().feature_snapshots == ()


def test_new_version_code_or_closed_cutoff_trains() -> None:
    world = settled()
    world.fingerprint = "f2"
    assert world.plan().feature_snapshots == ()
    assert world.plan().train
    world = settled()
    world.version = "V_B"
    assert len(world.plan().feature_snapshots) == 6
    assert world.plan().train
    world = settled()
    world.rules = replace(RULES, data_until=date(2024, 7, 31))
    assert world.plan().cutoffs[-1] == date(2024, 7, 1)
    assert world.plan().train


def test_new_champion_scores_the_newest_snapshot_only() -> None:
    world = settled()
    world.champion = ChampionRef("ROLLED_BACK", VERSION)
    assert world.plan().steps == (refresh.SCORING_STEP, refresh.DRIFT_STEP)
    assert world.plan().score_snapshots == (date(2024, 7, 1),)
    world.carry_out(world.plan())
    world.champion = ChampionRef("ROLLED_BACK", VERSION, horizon_days=90)
    assert world.plan().steps == (refresh.SCORING_STEP, refresh.DRIFT_STEP)


def test_champion_of_an_older_feature_version_keeps_its_features_refreshed() -> None:
    """Where it scores and where it is compared, and only as long as it is champion."""
    world = settled()
    world.champion = ChampionRef("OLD", "V_OLD", computable=True)
    plan = world.plan()
    assert plan.feature_snapshots == ()
    assert plan.champion_snapshots == (date(2024, 6, 1), date(2024, 7, 1))
    assert plan.champion_feature_version == "V_OLD"
    assert plan.steps == (refresh.FEATURES_STEP, refresh.SCORING_STEP, refresh.DRIFT_STEP)
    world.carry_out(plan)
    assert world.plan().empty
    world.loads += (Load(2, datetime(2024, 6, 2), "b.csv", "LOADED"),)
    plan = world.plan()
    assert plan.feature_snapshots == plan.champion_snapshots == (date(2024, 7, 1),)
    world.champion = ChampionRef("NEW", VERSION)
    assert world.plan().champion_snapshots == ()


def test_champion_whose_features_no_code_computes_leaves_predictions_as_they_are() -> None:
    world = settled()
    world.champion = ChampionRef("OLD", "V_OLD")
    assert world.plan().empty
    assert "needs features of an older version" in world.plan().reasons[0]
    # As long as nothing was loaded since, what is there still serves.
    world.rows["USER_FEATURES_V_OLD", date(2024, 7, 1)] = "1"
    assert world.plan().steps == (refresh.SCORING_STEP, refresh.DRIFT_STEP)


def test_blocked_file_holds_everything_until_mended() -> None:
    world = World()
    world.loads += (Load(2, None, "bad.csv", "BLOCKED"),)
    assert world.plan().empty
    assert "bad.csv" in (world.plan().held or "")
    world.loads += (Load(3, None, "bad.csv", "LOADED"),)
    assert world.plan().held is None


def test_nothing_to_do_is_said_in_a_sentence() -> None:
    world = World()
    world.rules = replace(RULES, first=date(2025, 1, 1))
    assert "VISTORA_FIRST_SNAPSHOT" in (world.plan().held or "")
    world.events = None
    assert world.plan().empty
    assert "land a file" in world.plan().reasons[0]


def test_digest_changes_with_what_was_loaded() -> None:
    world = World()
    before = world.plan().digest
    assert world.plan().digest == before
    world.loads += (Load(2, datetime(2024, 2, 2), "b.csv", "LOADED"),)
    assert world.plan().digest != before


def test_snapshots_follow_the_cadence() -> None:
    weekly = SnapshotRules(date(2024, 1, 1), date(2024, 1, 15), "weekly")
    expected = (date(2024, 1, 1), date(2024, 1, 8), date(2024, 1, 15))
    assert refresh.snapshot_dates(weekly, date(2024, 3, 1)) == expected
    daily = SnapshotRules(date(2024, 1, 1), None, "daily")
    assert len(refresh.snapshot_dates(daily, date(2024, 1, 31))) == 31


def test_outcomes_are_due_when_a_predicted_horizon_has_passed_and_after_late_events() -> None:
    world = settled()
    assert world.plan().outcome_snapshots == ()
    # The newest snapshot, 2024-07-01, was predicted for 30 days.
    world.events = replace(EVENTS, last=datetime(2024, 7, 30, 12))
    world.loads += (Load(2, datetime(2024, 7, 2), "b.csv", "LOADED"),)
    plan = world.plan()
    assert plan.outcome_snapshots == (date(2024, 7, 1),)
    assert plan.steps[-1] == refresh.OUTCOMES_STEP
    world.carry_out(plan)
    assert world.plan().empty
    world.loads += (Load(3, datetime(2024, 7, 31), "c.csv", "LOADED"),)
    assert world.plan().outcome_snapshots == ()
    world.loads += (Load(4, datetime(2024, 7, 29), "d.csv", "LOADED"),)
    assert world.plan().outcome_snapshots == (date(2024, 7, 1),)


def test_drift_is_measured_once_for_each_set_of_predictions() -> None:
    world = settled()
    assert not world.plan().drift
    del world.rows[refresh.DRIFT, None]
    assert world.plan().steps == (refresh.DRIFT_STEP,)


def test_monthly_snapshots_may_lie_on_any_day_of_the_month() -> None:
    """In a month that has no such day, on its last one."""
    rules = SnapshotRules(date(2024, 1, 1), None, "monthly", month_day=31)
    expected = (date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31), date(2024, 4, 30))
    assert refresh.snapshot_dates(rules, date(2024, 5, 1)) == expected
    middle = SnapshotRules(date(2024, 1, 20), None, "monthly", month_day=15)
    assert refresh.snapshot_dates(middle, date(2024, 3, 15)) == (
        date(2024, 2, 15),
        date(2024, 3, 15),
    )
