"""Faults on demand, for tests of what stands above the warehouse.

A test names a file when it starts the server (``--faults FILE``) and writes into it what shall go
wrong; the server reads it again when it changes. Without that argument, which no statement can
give, nothing here runs. Not for faults that can be made without help, such as killing the server.

The file holds a JSON list. Each fault is a table of: `kind` (``fail``: an error is answered;
``delay``: the answer waits; ``drop``: the connection is cut; ``status``: HTTP status `status` is
answered; ``expire``: the session's token is no longer valid), `nth` (the first statement it meets,
counted from 1 since the file was written), `times` (how many it meets, 1), `when` (``before`` or
``after`` the statement's effect), `match` (count only statements that hold this text), `seconds`
(of a delay), `message` and `number` (of an error).
"""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_KINDS = {"fail", "delay", "drop", "status", "expire"}
_WHEN = {"before", "after"}


@dataclass
class Fault:
    """One thing that goes wrong, and how many statements have passed it."""

    kind: str
    nth: int = 1
    times: int = 1
    when: str = "before"
    match: str = ""
    seconds: float = 0.0
    status: int = 503
    message: str = "A fault on demand."
    number: int = 604
    seen: int = 0

    def __post_init__(self) -> None:
        if self.kind not in _KINDS or self.when not in _WHEN:
            text = f"a fault has a kind of {sorted(_KINDS)} and happens {sorted(_WHEN)}"
            raise ValueError(text)

    def meets(self, sql: str) -> bool:
        """Whether it meets this statement, which is counted."""
        if self.match.lower() not in sql.lower():
            return False
        self.seen += 1
        return self.nth <= self.seen < self.nth + self.times


@dataclass(frozen=True)
class Met:
    """The faults that one statement meets."""

    faults: tuple[Fault, ...] = ()

    def of(self, kind: str, when: str) -> Fault | None:
        """The fault of this kind at this point, or None."""
        found = [one for one in self.faults if (one.kind, one.when) == (kind, when)]
        return found[0] if found else None

    async def delay(self, when: str) -> None:
        """Wait as long as a delay at this point says."""
        fault = self.of("delay", when)
        if fault is not None:
            await asyncio.sleep(fault.seconds)


class Faults:
    """What the file asks for."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._version = 0
        self._faults: list[Fault] = []

    def meet(self, sql: str) -> Met:
        """Count a statement, and tell what it meets.

        Raises:
            ValueError: the file does not hold a list of faults.
        """
        if self._path is None:
            return Met()
        with self._lock:
            self._read(self._path)
            return Met(tuple(one for one in self._faults if one.meets(sql)))

    def _read(self, path: Path) -> None:
        version = path.stat().st_mtime_ns if path.exists() else 0
        if version == self._version:
            return
        wanted: list[dict[str, Any]] = json.loads(path.read_text()) if version else []
        self._faults = [Fault(**one) for one in wanted]
        self._version = version
