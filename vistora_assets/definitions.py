"""The code location: what `workspace.yaml` names and `dagster dev` loads.

Add nothing here: definitions are assembled in `vistora_assets.assembly`, which tests call alike.
"""

from __future__ import annotations

import dagster as dg

from vistora_assets.assembly import build_definitions
from vistora_assets.settings import Settings


@dg.definitions
def defs() -> dg.Definitions:
    """Return the definitions for the settings of this process's environment."""
    return build_definitions(Settings.load())
