"""The moments at which a refresh is cut off: named statements, spread over the whole of it.

Holds `Moment`, the ten of them, and `strike`, which makes one happen in this process. Add a moment
where a new step leaves something half done. What must not go here: assertions.
"""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import embedded_snowflake

Victim = Literal["run", "warehouse"]


@dataclass(frozen=True)
class Moment:
    """A moment of a refresh.

    Attributes:
        name: what is being done.
        statement: a regular expression that is found in the statement, written without quotes.
        when: before the statement is sent, while it is on its way, or once it is answered.
        occurrence: which of the statements that it is found in.
        seconds: how much later.
    """

    name: str
    statement: str
    when: Literal["before", "during", "after"]
    occurrence: int = 1
    seconds: float = 0.0


MOMENTS = (
    Moment("landing", r"^PUT .*events_2\.csv", "during", seconds=0.005),
    Moment("inside the load's transaction", r"^INSERT INTO ML_DEMO\.RAW\.USER_EVENTS", "after"),
    Moment("features written beside", r"^CREATE .*USER_FEATURES_V\w+__BESIDE", "during", 1, 0.02),
    Moment(
        "features committed and not shown", r"^CREATE OR REPLACE VIEW .*USER_FEATURES AS", "before"
    ),
    Moment("inside the training set's transaction", r"^DELETE FROM .*TRAINING_SET", "after"),
    Moment("training", r"^LIST @ML_DEMO\.ML\.MODELS", "after", seconds=1.0),
    Moment("the training's rows kept, it itself not", r"^ALTER DATASET .* ADD VERSION", "after"),
    Moment("half of a model's files", r"^PUT .*gate\.parquet", "after"),
    Moment("a version without its metrics", r"^CREATE MODEL", "after"),
    Moment("decided and not applied", r"^INSERT INTO .*PROMOTIONS", "after"),
    Moment("inside the predictions' transaction", r"^INSERT INTO .*PREDICTIONS", "during"),
)


def strike(moment: Moment, victim: Victim, root: Path) -> None:
    """Have this process, or its warehouse, killed at the moment.

    Watches the connector's statements; nothing of what they do is changed.
    """
    from snowflake.connector.cursor import SnowflakeCursor

    execute: Callable[..., Any] = SnowflakeCursor.execute
    seen = [0]

    def watched(self: Any, command: str, *given: Any, **named: Any) -> Any:
        text = " ".join(re.sub(r"[\"']", "", str(command)).split())
        seen[0] += bool(re.search(moment.statement, text))
        if seen[0] != moment.occurrence or not re.search(moment.statement, text):
            return execute(self, command, *given, **named)
        if moment.when == "before":
            _kill(victim, root)
        elif moment.when == "during":
            threading.Timer(moment.seconds, _kill, (victim, root)).start()
        answer = execute(self, command, *given, **named)
        if moment.when == "after" and moment.seconds:
            threading.Timer(moment.seconds, _kill, (victim, root)).start()
        elif moment.when == "after":
            _kill(victim, root)
        return answer

    SnowflakeCursor.execute = watched  # type: ignore[method-assign]


def _kill(victim: Victim, root: Path) -> None:
    (root / "struck").touch()
    if victim == "run":
        os.kill(os.getpid(), signal.SIGKILL)
    pid = embedded_snowflake.status(root).pid
    if pid is None:
        message = "the warehouse was to be killed and does not run"
        raise RuntimeError(message)
    os.kill(pid, signal.SIGKILL)
    while embedded_snowflake.status(root).running:
        time.sleep(0.01)
