"""The command line's group `vistora model`: versions, and who is champion.

What it holds: the commands, their help and their printing. Add a command about registered models.
What must not go here: what a command does beyond that (`vistora_assets.assets.ml`), and commands
about anything else (`vistora_assets.cli`).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from vistora_assets.assets.ml.championship import Ruling
    from vistora_assets.assets.ml.model_versions import VersionSummary
    from vistora_assets.resources.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class Tools:
    """What the whole command line shares, as the context's object.

    Attributes:
        open_warehouse: gives the warehouse of the settings.
        said_plainly: a context in which the clients' errors become sentences.
        user_error: what a mistake of a person is raised as.
    """

    open_warehouse: Callable[[], Warehouse]
    said_plainly: Callable[[], Any]
    user_error: type[click.ClickException]

    @contextmanager
    def opened(self) -> Generator[tuple[Warehouse, Any], None, None]:
        """The warehouse and a connection; errors about models become sentences."""
        import dagster as dg

        from vistora_assets.assets.ml.championship import ChampionshipError, OvertakenError
        from vistora_assets.io_managers.models import ModelFilesError

        warehouse = self.open_warehouse()
        try:
            with self.said_plainly(), warehouse.connection() as connection:
                yield warehouse, connection
        except (ChampionshipError, LookupError, ModelFilesError) as error:
            raise self.user_error(str(error)) from error
        except OvertakenError as error:
            raise self.user_error(
                "Somebody else decided meanwhile: look, and try again."
            ) from error
        except dg.Failure as error:
            raise self.user_error(str(error.description)) from error
        finally:
            warehouse.close()


def _text(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:,.3f}" if isinstance(value, float) else str(value)


def _table(rows: Sequence[Sequence[Any]], heads: Sequence[str]) -> None:
    texts = [[_text(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(heads, *texts, strict=True)]
    for line in (heads, ["-" * width for width in widths], *texts):
        padded = (text.ljust(width) for text, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def _row(version: VersionSummary) -> list[Any]:
    ruling = version.ruling
    decided = "-" if ruling is None else f"{ruling.action}: {'yes' if ruling.promoted else 'no'}"
    return [
        version.name,
        ", ".join(version.aliases) or "-",
        version.metrics.get("chosen"),
        *(version.metrics.get(f"gate_{name}") for name in ("rmse", "gini", "bias")),
        version.metrics.get("gate_as_of"),
        version.created_on,
        decided,
    ]


def _said(ruling: Ruling, warehouse: Warehouse) -> None:
    for reason in ruling.reasons:
        click.echo(f"  {reason}")
    from vistora_assets.automation.planning import current_plan

    with warehouse.connection() as connection:
        plan = current_plan(connection, warehouse.settings)
    click.echo("The next refresh: " + (plan.held or " ".join(plan.reasons) or "nothing is due."))


@click.group("model")
def model() -> None:
    """Registered models: list, look, compare, promote, roll back."""


@model.command("list")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.pass_obj
def list_versions(tools: Tools, as_json: bool) -> None:
    """List the versions: alias, chosen model, the gate's metrics, when, and the decision."""
    from vistora_assets.assets.ml import model_versions

    with tools.opened() as (warehouse, connection):
        found = model_versions.summaries(connection, warehouse)
    if as_json:
        click.echo(json.dumps([asdict(row) for row in found], indent=1, default=str))
        return
    if not found:
        click.echo("No model is registered yet: `vistora demo`, or materialize ml/.")
        return
    heads = ["version", "alias", "chosen", "rmse", "gini", "bias", "gate", "logged", "champion"]
    _table([_row(row) for row in found], heads)


@model.command("show")
@click.argument("version")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.option(
    "--card",
    "card_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the model card there: Markdown with its pictures inside.",
)
@click.pass_obj
def show(tools: Tools, version: str, as_json: bool, card_file: Path | None) -> None:
    """Show a VERSION (a name, its beginning, or an alias): identity, metrics, decisions."""
    from vistora_assets.assets.ml import championship, model_versions
    from vistora_assets.io_managers.models import stage

    with tools.opened() as (warehouse, connection):
        found = model_versions.find(connection, warehouse, version)
        decisions = championship.history(connection, warehouse, found.name)
        card = model_versions.read_file(connection, warehouse, found.name, model_versions.CARD)
        place = f"{stage(warehouse)}/{found.name}/{model_versions.CARD}"
    if card_file is not None:
        if card is None:
            raise tools.user_error(
                f"{found.name} has no card on the stage: materialize ml/registered_model."
            )
        card_file.write_bytes(card)
        click.echo(f"wrote {card_file}, {len(card):,} bytes")
        return
    if as_json:
        content = {**asdict(found), "decisions": [asdict(row) for row in decisions]}
        click.echo(json.dumps(content, indent=1, default=str))
        return
    click.echo(f"{found.name}  {', '.join(found.aliases) or 'no alias'}")
    click.echo(f"logged   {found.created_on}")
    for name, value in sorted(found.metrics.items()):
        click.echo(f"{name:20} {_text(value)}")
    for row in decisions:
        verdict = "became champion" if row.promoted else "did not become champion"
        click.echo(f"{row.decided_at}  {row.action}: {verdict}, against {row.before or 'none'}")
        for reason in row.reasons:
            click.echo(f"  {reason}")
    click.echo(f"card     {place if card is not None else 'none'}")


@model.command("diff")
@click.argument("one")
@click.argument("two")
@click.pass_obj
def diff(tools: Tools, one: str, two: str) -> None:
    """Say what changed from version ONE to version TWO, and how the metrics moved."""
    from vistora_assets.assets.ml import model_versions

    with tools.opened() as (warehouse, connection):
        pair = [model_versions.find(connection, warehouse, name) for name in (one, two)]
        found = model_versions.difference(connection, warehouse, *pair)
    heads = ["", pair[0].name, pair[1].name]
    if not found.changed:
        click.echo("The same data, features, code and parameters.")
    _table([[part, *values] for part, values in found.changed.items()], ["changed", *heads[1:]])
    if found.same:
        click.echo(f"the same: {', '.join(found.same)}")
    click.echo("")
    _table([[name, *values] for name, values in found.details.items()], heads)
    click.echo("")
    _table([[name, *values] for name, values in found.metrics.items()], ["gate", *heads[1:]])


@model.command("promote")
@click.argument("version")
@click.option("--force", metavar="REASON", help="Overrule the gate; the reason is recorded.")
@click.pass_obj
def promote(tools: Tools, version: str, force: str | None) -> None:
    """Ask the gate to make VERSION champion; exit code 1 where it refuses."""
    from vistora_assets.assets.ml import championship, model_versions, promoting
    from vistora_assets.io_managers.models import get, stage

    if force is not None and not force.strip():
        raise click.UsageError("--force wants a reason, which is recorded.")
    with tools.opened() as (warehouse, connection):
        championship.settle(warehouse)
        found = model_versions.find(connection, warehouse, version)
        if "CHAMPION" in found.aliases:
            click.echo(f"{found.name} is champion already.")
            return
        trained = get(connection, stage(warehouse), found.name)
        ruling = promoting.decide(warehouse, trained, action="promote", forced=force)
        verdict = "is champion" if ruling.promoted else "did not pass the gate"
        click.echo(f"{found.name} {verdict}; before: {ruling.before or 'nobody'}.")
        _said(ruling, warehouse)
    if not ruling.promoted:
        sys.exit(1)


@model.command("rollback")
@click.option("--reason", default="asked by hand", show_default=True, help="Is recorded.")
@click.pass_obj
def rollback(tools: Tools, reason: str) -> None:
    """Make the previous champion champion again."""
    from vistora_assets.assets.ml import championship

    with tools.opened() as (warehouse, _):
        ruling = championship.roll_back(warehouse, reason)
        click.echo(f"{ruling.version} is champion again; before: {ruling.before}.")
        _said(ruling, warehouse)
