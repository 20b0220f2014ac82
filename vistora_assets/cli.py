"""The command line: `vistora`.

What it holds: the commands, their help and exit codes (0 done, 1 it failed and says why, 2 the
call's words are off). Add a command here. What must not go here: what a command does beyond
reading its words and printing; that stands in the package's rooms.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vistora_assets.cli_model import Tools, model
from vistora_assets.settings import Local, Settings, SettingsError

if TYPE_CHECKING:
    from vistora_assets.resources.warehouse import Warehouse


class UserError(click.ClickException):
    """A mistake that a person can mend; its text says how."""


def _settings() -> Settings:
    try:
        return Settings.load()
    except SettingsError as error:
        raise UserError(str(error)) from error


@contextmanager
def _said_plainly() -> Generator[None, None, None]:
    """Errors of the clients and of the sources as one sentence, without a traceback."""
    from snowflake.connector.errors import Error as ConnectorError

    from vistora_assets.resources.connection import UnreachableError
    from vistora_assets.resources.warehouse import MissingObjectError
    from vistora_assets.sources.errors import SourceError

    try:
        yield
    except (
        MissingObjectError,
        ModuleNotFoundError,
        SettingsError,
        SourceError,
        UnreachableError,
    ) as error:
        raise UserError(str(error)) from error
    except ConnectorError as error:
        raise UserError(error.msg or str(error)) from error
    except FileNotFoundError as error:
        raise UserError(f"{error.filename} does not exist.") from error


def _warehouse() -> Warehouse:
    from vistora_assets.resources.warehouse import Warehouse

    return Warehouse(_settings())


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="vistora-assets", prog_name="vistora")
@click.pass_context
def main(context: click.Context) -> None:
    """Predict what each user will spend next, on Snowflake, orchestrated by Dagster."""
    context.obj = Tools(_warehouse, _said_plainly, UserError)


@main.command()
def demo() -> None:
    """Run the whole pipeline on CDNOW's 69,659 real purchases in the embedded warehouse."""
    from vistora_assets.demo import DemoError, run_demo

    with _said_plainly():
        try:
            run_demo(_settings(), click.echo)
        except DemoError as error:
            raise UserError(str(error)) from error


@main.command()
def doctor() -> None:
    """Say what is configured, what is reachable, what is missing, and the line to paste."""
    from vistora_assets.doctor import examine

    findings = examine(_settings())
    for finding in findings:
        click.echo(f"{'ok  ' if finding.ok else 'MISS'} {finding.subject}: {finding.text}")
        if finding.remedy:
            click.echo(f"     {finding.remedy}")
    if not all(finding.ok for finding in findings):
        sys.exit(1)


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--map", "mapped", multiple=True, metavar="COLUMN=SOURCE", help="Our column and the file's."
)
@click.option(
    "--set", "constants", multiple=True, metavar="COLUMN=VALUE", help="One value for every row."
)
@click.option("--name", help="Logical name, where it is not the file's own (one file only).")
def land(
    files: Sequence[Path], mapped: Sequence[str], constants: Sequence[str], name: str | None
) -> None:
    """Put FILES (CSV with header, Parquet) on the landing stage; the sensor loads them."""
    from vistora_assets import sources
    from vistora_assets.sources.mapping import ColumnMap, parse_assignments

    if name and len(files) > 1:
        raise click.UsageError("--name goes with one file.")
    warehouse = _warehouse()
    with _said_plainly(), warehouse.connection() as connection:
        column_map = ColumnMap(
            parse_assignments(mapped, option="--map"), parse_assignments(constants, option="--set")
        )
        for path in files:
            landed = sources.land(connection, warehouse.source_objects(), path, column_map, name)
            again = " (it was there already)" if landed.already_staged else ""
            click.echo(f"landed {landed.name}, {landed.size:,} bytes{again}")
    click.echo("`dagster dev` loads what has landed; so does the job `ingest`.")


@main.command()
@click.option("--limit", default=50, show_default=True, help="How many rows to show.")
@click.option(
    "--accept",
    metavar="NAME",
    help="Load a blocked file, or the events' table, with the rejected rows left out.",
)
def rejected(limit: int, accept: str | None) -> None:
    """Show blocked files and rejected rows with their reasons, or accept a blocked file."""
    from vistora_assets import sources

    warehouse = _warehouse()
    with _said_plainly(), warehouse.connection() as connection:
        objects = warehouse.source_objects()
        if accept:
            options, table = warehouse.ingest_options(), warehouse.table_source()
            if table is not None and table.is_named(accept):
                report = sources.accept_table(connection, objects, options, table)
            else:
                report = sources.accept(connection, objects, options, accept)
            click.echo(
                f"accepted {accept}: {report.rows_accepted:,} rows loaded, {report.rows_rejected:,} rejected"
            )
            return
        for entry in sources.blocked(connection, objects):
            click.echo(f"blocked {entry['file_name']}: {entry['reason']}")
        shown = sources.rejected(connection, objects, limit)
        _print([tuple(row.values()) for row in shown], list(shown[0]) if shown else [], "table")
    if not shown:
        click.echo("No rejected rows.")


@main.command()
@click.argument("events", type=click.Path(path_type=Path))
@click.option(
    "--cutoff",
    "cutoffs",
    multiple=True,
    required=True,
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="The last day whose events may be used; may be repeated.",
)
@click.option(
    "--horizon-days", required=True, type=click.IntRange(1, 730), help="How far ahead to forecast."
)
@click.option(
    "--json", "out", required=True, type=click.Path(path_type=Path), help="Where the result goes."
)
@click.option(
    "--map", "mapped", multiple=True, metavar="COLUMN=SOURCE", help="Our column and the file's."
)
@click.option(
    "--set", "constants", multiple=True, metavar="COLUMN=VALUE", help="One value for every row."
)
@click.option("--net", is_flag=True, help="Forecast purchases less refunds, not purchases.")
@click.option(
    "--data-until",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Events are complete before this day; by default, the day after the last event.",
)
def backtest(
    events: Path,
    cutoffs: Sequence[datetime],
    horizon_days: int,
    out: Path,
    mapped: Sequence[str],
    constants: Sequence[str],
    net: bool,
    data_until: datetime | None,
) -> None:
    """Judge every model on EVENTS (CSV with header, Parquet) as if each cutoff were today."""
    from vistora_assets.backtest import BacktestError, BacktestRequest, result_table
    from vistora_assets.backtest import backtest as run_backtest
    from vistora_assets.sources.mapping import ColumnMap, parse_assignments

    if not out.absolute().parent.is_dir():
        raise UserError(
            f"{out.absolute().parent} does not exist: make it, or choose another --json."
        )
    with _said_plainly():
        try:
            request = BacktestRequest(
                events=events,
                cutoffs=tuple(sorted(cutoff.date() for cutoff in cutoffs)),
                horizon_days=horizon_days,
                columns=ColumnMap(
                    parse_assignments(mapped, option="--map"),
                    parse_assignments(constants, option="--set"),
                ),
                net=net,
                data_until=data_until.date() if data_until else None,
            )
            result = run_backtest(request, lambda text: click.echo(text, err=True))
        except BacktestError as error:
            raise UserError(str(error)) from error
    out.write_text(json.dumps(result.rows, indent=1) + "\n", encoding="utf-8")
    for line in result_table(result.rows):
        click.echo(line)


@main.command()
@click.argument("statement")
@click.option(
    "--format",
    "style",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
)
def sql(statement: str, style: str) -> None:
    """Run one STATEMENT on the warehouse and print its rows."""
    warehouse = _warehouse()
    with _said_plainly(), warehouse.connection() as connection:
        cursor = connection.cursor()
        cursor.execute(statement)
        columns = [str(column[0]) for column in cursor.description or []]
        _print([tuple(row) for row in cursor.fetchall()], columns, style)


def _print(rows: list[tuple[Any, ...]], columns: list[str], style: str) -> None:
    if style == "json":
        click.echo(
            json.dumps(
                [dict(zip(columns, row, strict=True)) for row in rows], default=str, indent=1
            )
        )
    elif style == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(["" if value is None else value for value in row] for row in rows)
    elif columns:
        texts = [["" if value is None else str(value) for value in row] for row in rows]
        widths = [
            max(len(name), *(len(row[place]) for row in texts)) if texts else len(name)
            for place, name in enumerate(columns)
        ]
        click.echo(
            "  ".join(
                name.ljust(width) for name, width in zip(columns, widths, strict=True)
            ).rstrip()
        )
        click.echo("  ".join("-" * width for width in widths))
        for row in texts:
            click.echo(
                "  ".join(
                    text.ljust(width) for text, width in zip(row, widths, strict=True)
                ).rstrip()
            )


main.add_command(model)


@main.group()
def warehouse() -> None:
    """The embedded warehouse: start, stop, look at it, delete it."""


def _local_root() -> Path:
    settings = _settings()
    if not isinstance(settings.connection, Local):
        raise UserError(
            f"VISTORA_ENV={settings.environment} uses an account: there is no embedded warehouse to manage."
        )
    return settings.connection.root


def _managed(action: Callable[[Any, Path], None]) -> None:
    try:
        import embedded_snowflake
    except ModuleNotFoundError as error:
        raise UserError(
            "The embedded warehouse is not installed: install 'vistora-assets[local]'."
        ) from error
    try:
        action(embedded_snowflake, _local_root())
    except embedded_snowflake.WarehouseError as error:
        raise UserError(str(error)) from error


def _show_connection(connection: Any, pid: int | None, *, as_json: bool) -> None:
    shown = {key: value for key, value in asdict(connection).items() if key != "root"}
    if as_json:
        click.echo(json.dumps({"running": True, "pid": pid, **shown}))
    else:
        click.echo(f"running (process {pid})")
        for key, value in shown.items():
            click.echo(f"{key:9} {value}")


@warehouse.command("start")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def start(as_json: bool) -> None:
    """Start it unless it runs, and say how any Snowflake client connects."""

    def action(embedded: Any, root: Path) -> None:
        connection = embedded.ensure_running(root)
        _show_connection(connection, embedded.status(root).pid, as_json=as_json)

    _managed(action)


@warehouse.command("status")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def status(as_json: bool) -> None:
    """Say whether it runs; 1 where it does not."""

    def action(embedded: Any, root: Path) -> None:
        found = embedded.status(root)
        if found.running:
            _show_connection(found.connection, found.pid, as_json=as_json)
            return
        click.echo(json.dumps({"running": False}) if as_json else "not running")
        sys.exit(1)

    _managed(action)


@warehouse.command("stop")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def stop(as_json: bool) -> None:
    """Stop it; its data stays."""

    def action(embedded: Any, root: Path) -> None:
        stopped = embedded.stop(root)
        if as_json:
            click.echo(json.dumps({"running": False, "stopped": stopped}))
        else:
            click.echo("stopped" if stopped else "it was not running")

    _managed(action)


@warehouse.command("reset")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="For scripts; does not ask.")
def reset(yes: bool, as_json: bool) -> None:
    """Stop it and delete all its data, the demo's settings and Dagster's record of runs."""

    def action(embedded: Any, root: Path) -> None:
        if not (yes or as_json):
            click.confirm(f"Delete everything in {root}?", abort=True)
        from vistora_assets.demo import forget_demo

        embedded.reset(root)
        forget_demo(root)
        click.echo(json.dumps({"running": False, "reset": True}) if as_json else "deleted")

    _managed(action)
