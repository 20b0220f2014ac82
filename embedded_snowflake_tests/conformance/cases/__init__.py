"""The cases, one module a kind of object, each with a `GROUP`.

Expected results come from Snowflake's documentation, never from what a server answered. A module
that is added here is found by itself.
"""

from __future__ import annotations

import importlib
import pkgutil

from embedded_snowflake_tests.conformance.case import Group


def groups() -> dict[str, Group]:
    """All groups by their module's name."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return {name: importlib.import_module(f"{__name__}.{name}").GROUP for name in names}
