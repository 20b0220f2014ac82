"""The arrows between packages: the project keeps them, and breaking one is noticed.

The rules are import-linter's contracts in pyproject.toml. Here they are asked twice: of the project,
and of small projects of the same shape that each break one rule, so that a contract which has gone
blind (a renamed module, a lost line) fails a test instead of passing for ever.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]

MODULES = (
    "embedded_snowflake.__main__",
    "embedded_snowflake.errors",
    "embedded_snowflake.inference.pool",
    "embedded_snowflake.names",
    "embedded_snowflake.objects.tags",
    "embedded_snowflake.serving.server",
    "embedded_snowflake.sessions.session",
    "embedded_snowflake.sql.cursor",
    "embedded_snowflake.storage.engine",
    "vistora_assets.assembly",
    "vistora_assets.assets.raw",
    "vistora_assets.automation.sensors",
    "vistora_assets.checks.raw",
    "vistora_assets.cli.main",
    "vistora_assets.definitions",
    "vistora_assets.features.specification",
    "vistora_assets.identifiers",
    "vistora_assets.io_managers.tables",
    "vistora_assets.modelling.metrics",
    "vistora_assets.refresh",
    "vistora_assets.resources.connection",
    "vistora_assets.resources.registry",
    "vistora_assets.settings",
    "vistora_assets.sources.ingest",
)
KEPT = {
    "vistora_assets.assembly": "import vistora_assets.assets.raw, vistora_assets.resources.registry",
    "vistora_assets.assets.raw": "import dagster, vistora_assets.sources.ingest, vistora_assets.settings",
    "vistora_assets.cli.main": "import embedded_snowflake.serving.server, vistora_assets.definitions",
    "vistora_assets.definitions": "import vistora_assets.assembly",
    "vistora_assets.refresh": "import vistora_assets.features.specification",
    "vistora_assets.resources.connection": "import snowflake.connector, embedded_snowflake.serving.server",
    "vistora_assets.resources.registry": "import vistora_assets.resources.connection",
    "vistora_assets.sources.ingest": (
        "from typing import TYPE_CHECKING\n"
        "import vistora_assets.identifiers\n"
        "if TYPE_CHECKING:\n    import snowflake.connector"
    ),
}


def project(root: Path, extra: dict[str, str]) -> Path:
    """Make a project of our shape, with the real contracts and some more imports."""
    for module in MODULES:
        path = root.joinpath(*module.split(".")).with_suffix(".py")
        for folder in [path.parent, *path.parent.parents]:
            if folder == root:
                break
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "__init__.py").touch()
        path.write_text(f"{KEPT.get(module, '')}\n{extra.get(module, '')}\n")
    (root / "pyproject.toml").write_text((PROJECT / "pyproject.toml").read_text())
    return root


def keeps(root: Path, *contracts: str) -> bool:
    """Say whether the project under `root` keeps the contracts of these ids, or all of them."""
    limits = [argument for contract in contracts for argument in ("--contract", contract)]
    command = "from importlinter.cli import lint_imports_command as command; command()"
    done = subprocess.run(
        [sys.executable, "-c", command, "--no-cache", "--no-logo", *limits],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    # Anything else (a wrong configuration, a missing module) is neither kept nor broken.
    summary = re.search(r"Contracts: [0-9]+ kept, ([0-9]+) broken", done.stdout)
    assert summary, done.stdout + done.stderr
    assert (summary[1] == "0") == (done.returncode == 0)
    return done.returncode == 0


def test_the_project_keeps_its_arrows() -> None:
    assert keeps(PROJECT)


def test_the_shape_of_the_documents_is_allowed(tmp_path: Path) -> None:
    """A command and a connection reach the embedded warehouse; annotations name any type."""
    assert keeps(project(tmp_path, {}))


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("vistora_assets.features.specification", "import dagster", "pure"),
        ("vistora_assets.modelling.metrics", "import snowflake.ml", "pure"),
        ("vistora_assets.sources.ingest", "import snowflake.connector", "pure"),
        ("vistora_assets.refresh", "def f():\n    import dagster", "pure"),
        ("vistora_assets.settings", "import dagster", "pure"),
        ("vistora_assets.features.specification", "import vistora_assets.assets.raw", "layers"),
        ("vistora_assets.refresh", "import vistora_assets.resources.registry", "layers"),
        ("vistora_assets.io_managers.tables", "import vistora_assets.assets.raw", "layers"),
        (
            "vistora_assets.settings",
            "import vistora_assets.identifiers\nimport vistora_assets.features.specification",
            "layers",
        ),
        ("vistora_assets.assets.raw", "import vistora_assets.assembly", "layers"),
        ("embedded_snowflake.serving.server", "import vistora_assets.settings", "embedded-alone"),
        ("embedded_snowflake.serving.server", "import dagster", "embedded-alone"),
        (
            "embedded_snowflake.sql.cursor",
            "import embedded_snowflake.sessions.session",
            "embedded-layers",
        ),
        (
            "embedded_snowflake.sessions.session",
            "import embedded_snowflake.objects.tags",
            "embedded-layers",
        ),
        (
            "vistora_assets.assets.raw",
            "import embedded_snowflake.serving.server",
            "embedded-behind-one-door",
        ),
        (
            "vistora_assets.resources.registry",
            "import embedded_snowflake",
            "embedded-behind-one-door",
        ),
        (
            "vistora_assets.io_managers.tables",
            "import embedded_snowflake",
            "embedded-behind-one-door",
        ),
    ],
)
def test_breaking_an_arrow_is_noticed(
    tmp_path: Path, module: str, line: str, contract: str
) -> None:
    assert not keeps(project(tmp_path, {module: line}), contract)
