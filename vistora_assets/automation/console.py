"""What a run says on a terminal: what assets report and write, and which checks fail.

What it holds: `terminal_logger`, in place of Dagster's console logger where a person waits for a
run. Add to it how another kind of event reads. What must not go here: what is reported.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import dagster as dg


class _Lines(logging.Handler):
    """Hands each line that a person wants to read to `say`."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__(logging.DEBUG)
        self._say = say
        self._written: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Say what an asset reports or wrote, or which check failed."""
        meta = getattr(record, "dagster_meta", {})
        event: dg.DagsterEvent | None = meta.get("dagster_event")
        if event is None:
            if record.levelno >= logging.INFO:
                self._say(f"           {str(meta.get('orig_message')).strip()}")
        elif event.event_type is dg.DagsterEventType.ASSET_MATERIALIZATION:
            name = event.asset_key.to_user_string() if event.asset_key else ""
            if name not in self._written:  # one event a partition, one line an asset
                self._written.add(name)
                self._say(f"         wrote {name}")
        elif event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            found = event.asset_check_evaluation_data
            if not found.passed:
                # The rows below the first paragraph are for the check's page.
                said = (found.description or "").split("\n", maxsplit=1)[0]
                self._say(f"         {found.check_name}: {said}")


def terminal_logger(say: Callable[[str], None]) -> dg.LoggerDefinition:
    """Return a logger that prints by `say` what assets report and write, and failed checks."""

    def lines(_: dg.InitLoggerContext) -> logging.Logger:
        # One of its own, not the process's by that name: a second run must not speak twice.
        made = logging.Logger("vistora", level=logging.DEBUG)  # noqa: LOG001
        made.addHandler(_Lines(say))
        return made

    return dg.LoggerDefinition(lines, description="What assets report and write.")
