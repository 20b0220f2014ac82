"""What is known of the registered versions, for people: listing, one in detail, two compared.

What it holds: reading the registry, the ledger and the trainings' reports into plain records. Add
what a person should be told about a version. What must not go here: printing (`cli_model`), and
changing anything (`championship`, `promoting`).
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from vistora_assets.assets.ml import championship
from vistora_assets.assets.ml.championship import Ruling
from vistora_assets.automation.planning import RegistryVersion, registry_versions
from vistora_assets.io_managers.models import REPORT, stage
from vistora_assets.resources.warehouse import Warehouse, rows

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

CARD: Final = "card.md"
METRICS: Final = ("rmse", "gini", "bias", "mae", "r2", "top_decile_capture", "n")
IDENTITY: Final = {
    "data_token": "data",
    "feature_version": "features",
    "code_version": "code",
    "parameters_digest": "parameters",
}


class UnknownVersionError(LookupError):
    """No version of that name; the message lists those that there are."""


@dataclass(frozen=True, slots=True)
class VersionSummary:
    """A registered version.

    Attributes:
        name, aliases, created_on, comment: as the registry has them; the system's aliases left out.
        metrics: what was logged with it: the gate's metrics and the training's identity.
        ruling: the newest decision about it, or None.
    """

    name: str
    aliases: tuple[str, ...]
    created_on: str
    comment: str
    metrics: dict[str, Any]
    ruling: Ruling | None


@dataclass(frozen=True, slots=True)
class VersionDifference:
    """Two versions compared.

    Attributes:
        changed: part of the identity (data, features, code, parameters) to its two values, short.
        same: the parts that are equal.
        details: what is behind it, where reports are on the stage: name to two values.
        metrics: name to two values.
    """

    changed: dict[str, tuple[str, str]]
    same: tuple[str, ...]
    details: dict[str, tuple[Any, Any]]
    metrics: dict[str, tuple[Any, Any]]


def summaries(connection: SnowflakeConnection, warehouse: Warehouse) -> list[VersionSummary]:
    """Return every version, the newest first."""
    decisions: dict[str, Ruling] = {}
    for ruling in championship.history(connection, warehouse):
        decisions.setdefault(ruling.version, ruling)
    found = registry_versions(connection, warehouse.settings)
    return [_summary(version, decisions.get(version.name)) for version in reversed(found)]


def _summary(version: RegistryVersion, ruling: Ruling | None) -> VersionSummary:
    system = {"DEFAULT", "FIRST", "LAST"}
    return VersionSummary(
        name=version.name,
        aliases=tuple(alias for alias in version.aliases if alias not in system),
        created_on=version.created_on,
        comment=version.comment,
        metrics=version.metrics,
        ruling=ruling,
    )


def find(connection: SnowflakeConnection, warehouse: Warehouse, name: str) -> VersionSummary:
    """Return the version of a name, of the beginning of one, or of an alias, any case.

    Raises:
        UnknownVersionError: none, or several.
    """
    known = summaries(connection, warehouse)
    wanted = name.upper()
    found = [row for row in known if row.name == wanted or wanted in row.aliases] or [
        row for row in known if row.name.startswith(wanted)
    ]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(row.name for row in found or known) or "none yet: train a model first"
    what = "There is no version" if not found else "There are several versions"
    raise UnknownVersionError(f"{what} {name}. Versions: {listed}.")


def read_file(
    connection: SnowflakeConnection, warehouse: Warehouse, version: str, name: str
) -> bytes | None:
    """Return a file of a version from the stage of models, None if it is not there."""
    location = f"{stage(warehouse)}/{version}/"
    listed = rows(connection, f"LIST '{location}'")
    if not any(str(row[0]).rsplit("/", 1)[-1] == name for row in listed):
        return None
    with tempfile.TemporaryDirectory() as folder:
        rows(connection, f"GET '{location}{name}' 'file://{Path(folder).as_posix()}/'")
        return (Path(folder) / name).read_bytes()


def put_file(
    connection: SnowflakeConnection, warehouse: Warehouse, version: str, name: str, content: bytes
) -> None:
    """Write a file of a version to the stage of models, in place of an older one."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        rows(
            connection,
            f"PUT 'file://{path.as_posix()}' '{stage(warehouse)}/{version}' "
            "AUTO_COMPRESS = FALSE OVERWRITE = TRUE",
        )


def report(connection: SnowflakeConnection, warehouse: Warehouse, version: str) -> dict[str, Any]:
    """Return a training's report; empty if its files are gone from the stage."""
    content = read_file(connection, warehouse, version, REPORT)
    return dict(json.loads(content)["report"]) if content is not None else {}


def difference(
    connection: SnowflakeConnection, warehouse: Warehouse, one: VersionSummary, two: VersionSummary
) -> VersionDifference:
    """Say what changed from one version to another."""
    reports = [report(connection, warehouse, row.name) for row in (one, two)]
    parts = {
        label: tuple(str(row.metrics.get(key, "not recorded")) for row in (one, two))
        for key, label in IDENTITY.items()
    }
    details: dict[str, tuple[Any, Any]] = {}
    for key in ("chosen", "rows", "users", "gate_as_of"):
        details[key] = (reports[0].get(key), reports[1].get(key))
    cutoffs = [found.get("closed", []) for found in reports]
    details["cutoffs"] = (len(cutoffs[0]), len(cutoffs[1]))
    settings: list[dict[str, Any]] = [
        {**found.get("parameters", {}), **json.loads(found.get("feature_specification") or "{}")}
        for found in reports
    ]
    for key in sorted({*settings[0], *settings[1]}):
        details[key] = (settings[0].get(key), settings[1].get(key))
    metrics = {
        name: (one.metrics.get(f"gate_{name}"), two.metrics.get(f"gate_{name}")) for name in METRICS
    }
    return VersionDifference(
        changed={
            label: (pair[0][:12], pair[1][:12]) for label, pair in parts.items() if len({*pair}) > 1
        },
        same=tuple(label for label, pair in parts.items() if len({*pair}) == 1),
        details={
            key: pair
            for key, pair in details.items()
            if pair[0] != pair[1] and not (pair[0] is None and pair[1] is None)
        },
        metrics=metrics,
    )
