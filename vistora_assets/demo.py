"""The demo: the whole pipeline on CDNOW's purchases, as `make demo` runs it.

What it holds: where its data comes from, the steps, and the summary. It asks the same planner and
runs the same jobs as the sensors. What must not go here: a rule of the pipeline.

Data: the CDNOW log of Fader and Hardie (69,659 purchases of 23,570 customers, January 1997 to
June 1998), as the package `lifetimes` ships it.
"""

from __future__ import annotations

import csv
import importlib.metadata
import json
import os
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from vistora_assets.settings import Local, Settings, write_local_settings

if TYPE_CHECKING:
    import dagster as dg

    from vistora_assets.refresh import RefreshPlan

SNAPSHOTS: Final = {
    "VISTORA_FIRST_SNAPSHOT": "1997-02-01",
    # Half a year more than the data has, so that a file landed later finds its snapshots.
    "VISTORA_LAST_SNAPSHOT": "1998-12-01",
}
_LOG: Final = "lifetimes/datasets/CDNOW_master.txt"
_TERMINAL: Final[dict[str, Any]] = {"loggers": {"terminal": {}}}

Say = Callable[[str], None]


class DemoError(RuntimeError):
    """The demo could not go on; the text says why and what to do."""


def demo_files(directory: Path) -> list[Path]:
    """Write CDNOW's log as one CSV file a month and return the files, oldest first.

    Columns: user_id, event_time, event_type, amount. Files that are there are written again with
    the same content.

    Raises:
        DemoError: the package that ships the log is not installed.
    """
    try:
        found = importlib.metadata.distribution("lifetimes").locate_file(_LOG)
    except importlib.metadata.PackageNotFoundError as error:
        raise DemoError(
            "The demo's data comes with the package lifetimes: install 'vistora-assets[local]'."
        ) from error
    months: dict[str, list[tuple[str, str, str, str]]] = defaultdict(list)
    for line in Path(str(found)).read_text().splitlines():
        parts = line.split()
        if len(parts) == 4 and parts[1].isdigit():  # customer, date, number of discs, dollars
            user, day, _, amount = parts
            date = f"{day[:4]}-{day[4:6]}-{day[6:]}"
            months[date[:7]].append((user, date, "purchase", amount))
    directory.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []
    for month in sorted(months):
        path = directory / f"cdnow_{month.replace('-', '_')}.csv"
        with path.open("w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["user_id", "event_time", "event_type", "amount"])
            writer.writerows(months[month])
        files.append(path)
    return files


def forget_demo(root: Path) -> None:
    """Delete what the demo wrote beside the warehouse: settings, files, summary, record of runs."""
    for name in ("demo", "dagster"):
        shutil.rmtree(root / ".vistora" / name, ignore_errors=True)
    for name in ("local.env", "demo-summary.json"):
        (root / ".vistora" / name).unlink(missing_ok=True)


@contextmanager
def instance_of(root: Path) -> Generator[dg.DagsterInstance, None, None]:
    """The instance that `dagster dev` uses in the project's root."""
    import dagster as dg

    home = os.environ.get("DAGSTER_HOME")
    before = Path.cwd()
    os.chdir(root)
    try:
        with dg.DagsterInstance.from_config(home or str(root)) as instance:
            yield instance
    finally:
        os.chdir(before)


def run_demo(settings: Settings, say: Say) -> dict[str, Any]:
    """Run the demo and return its summary, which also stands in `.vistora/demo-summary.json`.

    Raises:
        DemoError: it is not the local environment, or a step failed.
    """
    if not isinstance(settings.connection, Local):
        raise DemoError(
            f"The demo runs in the embedded warehouse, and VISTORA_ENV is {settings.environment}: "
            "unset it."
        )
    root = settings.root
    (root / ".vistora").mkdir(exist_ok=True)
    if not (root / ".vistora" / "local.env").exists():
        write_local_settings(root, SNAPSHOTS)
    settings = Settings.load(root=root)
    return _Demo(settings, say).run()


class _Demo:
    def __init__(self, settings: Settings, say: Say) -> None:
        self.settings, self.say = settings, say
        self.seconds: dict[str, float] = {}
        self.began = time.monotonic()

    @contextmanager
    def stage(self, name: str, text: str) -> Generator[None, None, None]:
        """Say what begins, and keep how long it took."""
        self.say(f"[{time.monotonic() - self.began:5.1f} s] {text}")
        began = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - began, 2)

    def run(self) -> dict[str, Any]:
        """All steps in order."""
        from vistora_assets.assembly import build_definitions
        from vistora_assets.automation.carrying_out import carry_out
        from vistora_assets.automation.console import terminal_logger
        from vistora_assets.resources.warehouse import Warehouse

        with self.stage("start", "Starting the embedded warehouse"):
            warehouse = Warehouse(self.settings)
            warehouse.ensure_objects()
            definitions = build_definitions(
                self.settings, loggers={"terminal": terminal_logger(self.say)}
            )
        with self.stage("land", "Landing CDNOW's purchases, one file a month"):
            names = self._land(warehouse)
        with instance_of(self.settings.root) as instance:
            with self.stage("ingest", f"Loading {len(names)} files into RAW.USER_EVENTS"):
                loaded = self._ingest(definitions, instance, names)
            with self.stage("plan", "Asking the planner what is to be done"):
                plan = self._plan(warehouse)
            if plan.held:
                raise DemoError(plan.held)
            for reason in plan.reasons:
                self.say(f"         {reason}")
            with self.stage("refresh", self._described(plan)):
                runs = carry_out(
                    warehouse,
                    definitions,
                    instance=instance,
                    run_config=_TERMINAL,
                    raise_on_error=False,
                )
            if runs and not runs[-1].success:
                raise DemoError(_failure(runs[-1]))
        with self.stage("summary", "Reading the results"):
            summary = self._summary(warehouse, loaded)
        summary["seconds"] = self.seconds
        path = self.settings.root / ".vistora" / "demo-summary.json"
        path.write_text(json.dumps(summary, indent=1, default=str) + "\n")
        self._print(summary)
        return summary

    def _land(self, warehouse: Any) -> list[str]:
        from vistora_assets import sources
        from vistora_assets.sources.mapping import ColumnMap

        landed: list[str] = []
        with warehouse.connection() as connection:
            objects = warehouse.source_objects()
            files = demo_files(self.settings.root / ".vistora" / "demo")
            landed += [sources.land(connection, objects, path, ColumnMap()).name for path in files]
        return landed

    def _ingest(self, definitions: Any, instance: Any, names: list[str]) -> dict[str, int]:
        from vistora_assets.automation.jobs import INGEST

        result = definitions.resolve_job_def(INGEST).execute_in_process(
            instance=instance,
            run_config={"ops": {"raw_events": {"config": {"files": names}}}, **_TERMINAL},
            raise_on_error=False,
        )
        if not result.success:
            raise DemoError(_failure(result))
        counts = {"rows_read": 0, "rows_accepted": 0, "rows_rejected": 0, "rows_known": 0}
        for event in result.get_asset_materialization_events():
            metadata = event.materialization.metadata
            if event.materialization.asset_key.path[-1] == "loaded_files":
                for key in counts:
                    if key in metadata:
                        counts[key] = int(metadata[key].value)
        return counts

    def _plan(self, warehouse: Any) -> RefreshPlan:
        from vistora_assets.automation.planning import current_plan

        with warehouse.connection() as connection:
            return current_plan(connection, self.settings)

    def _described(self, plan: RefreshPlan) -> str:
        if plan.empty:
            return "Nothing to do: everything is as the data says"
        return "Running " + ", ".join(plan.steps)

    def _summary(self, warehouse: Any, loaded: dict[str, int]) -> dict[str, Any]:
        from vistora_assets.automation.planning import features_table, read_champion
        from vistora_assets.resources.warehouse import rows

        with warehouse.connection() as connection:
            features = features_table(self.settings)
            users, snapshots = rows(
                connection,
                f"SELECT COUNT(DISTINCT USER_ID), COUNT(DISTINCT SNAPSHOT_DATE) FROM {features}",
            )[0]
            champion = read_champion(connection, self.settings)
            # A run without a champion has failed before it comes here.
            metrics = (
                _gate_metrics(connection, warehouse.ml("MODEL_METRICS"), champion.version)
                if champion
                else {}
            )
            top = rows(
                connection,
                "SELECT USER_ID, PREDICTED_SPEND, SNAPSHOT_DATE FROM "
                f"{warehouse.ml('USER_SPEND_PREDICTIONS')} QUALIFY ROW_NUMBER() OVER "
                "(ORDER BY SNAPSHOT_DATE DESC, PREDICTED_SPEND DESC, USER_ID) <= 5",
            )
        chosen = next((name for name, row in metrics.items() if row["chosen"]), None)
        return {
            **loaded,
            "users": int(users),
            "snapshots": int(snapshots),
            "models": metrics,
            "champion": {
                "model": chosen,
                "version": champion.version if champion else None,
                "metrics": metrics.get(chosen or "", {}),
            },
            "top_predicted": [
                {"user_id": user, "predicted_spend": float(spend), "as_of": str(day)[:10]}
                for user, spend, day in top
            ],
        }

    def _print(self, summary: dict[str, Any]) -> None:
        say = self.say
        say("")
        say(
            f"Rows       {summary['rows_read']:,} read: {summary['rows_accepted']:,} accepted, "
            f"{summary['rows_rejected']:,} rejected, {summary['rows_known']:,} known"
        )
        say(f"Features   {summary['users']:,} users, {summary['snapshots']} snapshots")
        say("Gate       spend of the next 90 days at a cutoff whose labels no model had seen")
        say(f"           {'model':26} {'RMSE (95 %)':24} {'Gini':>6} {'bias':>6} {'R2':>7}")
        ranked = sorted(summary["models"].items(), key=lambda item: item[1]["rmse"])
        for name, row in ranked:
            gini = "-" if row["gini"] is None else f"{row['gini']:.3f}"
            bounds = f"{row['rmse']:.2f} ({row['rmse_low']:.1f} to {row['rmse_high']:.1f})"
            mark = "*" if row["chosen"] else " "
            say(
                f"         {mark} {name:26} {bounds:24} {gini:>6} {row['bias']:6.2f} {row['r2']:7.3f}"
            )
        champion = summary["champion"]
        say(f"Champion   {champion['model']}, version {champion['version']}")
        for row in summary["top_predicted"]:
            say(
                f"           user {row['user_id']}: {row['predicted_spend']:,.2f} from {row['as_of']} on"
            )
        total = time.monotonic() - self.began
        say(
            f"Took       {total:.0f} s: "
            + ", ".join(f"{k} {v:.0f}" for k, v in self.seconds.items())
        )
        say("Next       make dev, then open http://localhost:3000")
        say("           .venv/bin/vistora sql 'SELECT * FROM ML_DEMO.ML.MODEL_METRICS LIMIT 5'")


def _gate_metrics(connection: Any, table: str, version: str) -> dict[str, dict[str, Any]]:
    """Return every model's metrics at the gate of a registered version's training, by name."""
    from vistora_assets.resources.warehouse import rows

    columns = (
        "model", "n", "r2", "mse", "mae", "rmse", "rmse_low", "rmse_high", "bias", "gini",
        "gini_low", "gini_high", "top_decile_capture", "spearman", "chosen",
    )  # fmt: skip
    found = rows(
        connection,
        f"SELECT {', '.join(name.upper() for name in columns)} FROM {table} "
        "WHERE STAGE = 'gate' AND SEGMENT = 'all' AND MODEL_VERSION = %(version)s",
        {"version": version},
    )
    made: list[dict[str, Any]] = [dict(zip(columns, row, strict=True)) for row in found]
    return {str(row.pop("model")): row for row in made}


def _failure(result: Any) -> str:
    for event in result.all_events:
        if event.is_step_failure:
            error = event.event_specific_data.error
            cause = error.cause or error
            return f"{event.step_key} failed: {cause.message.strip()}"
    return "the run failed; `make dev` shows where"
