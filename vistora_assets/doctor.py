"""What `vistora doctor` looks at.

What it holds: `examine`, which asks settings, packages and the warehouse, and says for each what
is there or what line mends it. Add a finding here. What must not go here: printing.
"""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass

from vistora_assets.settings import Local, Settings, SettingsError

_PACKAGES = ("dagster", "dagster-snowflake", "snowflake-ml-python", "scikit-learn")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        ok: whether it is as it must be.
        subject: what was looked at.
        text: what was found.
        remedy: the line to paste, where it is not as it must be.
    """

    ok: bool
    subject: str
    text: str
    remedy: str = ""


def _ok(subject: str, text: str) -> Finding:
    return Finding(ok=True, subject=subject, text=text)


def _missing(subject: str, text: str, remedy: str) -> Finding:
    return Finding(ok=False, subject=subject, text=text, remedy=remedy)


def examine(settings: Settings) -> list[Finding]:
    """Look at everything, in the order in which one thing needs another."""
    findings = [
        _ok("environment", settings.environment),
        _ok("root", str(settings.root)),
        *(_package(name) for name in _PACKAGES),
    ]
    if isinstance(settings.connection, Local):
        findings.append(_package("fakesnow", "pip install 'vistora-assets[local]'"))
    else:
        findings.append(_ok("authentication", settings.connection.method))
    return [*findings, *_reached(settings)]


def _package(name: str, remedy: str = "pip install vistora-assets") -> Finding:
    try:
        return _ok(name, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return _missing(name, "is not installed", remedy)


def _reached(settings: Settings) -> list[Finding]:
    from snowflake.connector.errors import Error as ConnectorError

    from vistora_assets.resources.connection import UnreachableError
    from vistora_assets.resources.warehouse import MissingObjectError, Warehouse, rows

    remedy = (
        "vistora warehouse start"
        if isinstance(settings.connection, Local)
        else "check the SNOWFLAKE_* variables; docs/snowflake.md lists them"
    )
    try:
        with Warehouse(settings).connection() as connection:
            version, user, role = rows(
                connection, "SELECT CURRENT_VERSION(), CURRENT_USER(), CURRENT_ROLE()"
            )[0]
            found = rows(
                connection,
                f"SHOW SCHEMAS IN DATABASE {settings.objects.database}",
            )
    except MissingObjectError as error:
        return [_missing("objects", str(error), "snow sql -f sql/setup.sql")]
    except (ConnectorError, ModuleNotFoundError, SettingsError, UnreachableError) as error:
        text = getattr(error, "msg", None) or str(error)
        return [_missing("connection", text, remedy)]
    names = {str(row[1]) for row in found}
    wanted = (settings.objects.raw, settings.objects.feature_store, settings.objects.ml)
    missing = [name for name in wanted if name not in names]
    return [
        _ok("connection", f"version {version}, user {user}, role {role}"),
        _missing("schemas", "missing: " + ", ".join(missing), "snow sql -f sql/setup.sql")
        if missing
        else _ok("schemas", ", ".join(wanted)),
    ]
