"""Objects of the account: warehouses and roles. They belong to no database.

They live in one small file that is replaced as a whole; Snowflake's changes of them commit by
themselves, and so do these.
"""

from __future__ import annotations

import datetime
import json
import os
import threading
from pathlib import Path
from typing import Any, cast


class Account:
    """Warehouses and roles by name, kept in ``account.json``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._objects: dict[str, dict[str, dict[str, Any]]] = {}
        if path.exists():
            self._objects = self._read(path)

    @staticmethod
    def _read(path: Path) -> dict[str, dict[str, dict[str, Any]]]:
        try:
            found = json.loads(path.read_bytes())
        except ValueError as cause:
            found = cause
        if not isinstance(found, dict):
            message = (
                f"{path} is damaged: put back a copy of it, or move it away to go on without the "
                "warehouses and roles in it"
            )
            raise ValueError(message)  # noqa: TRY004  (of whatever type, it is damaged)
        return cast("dict[str, dict[str, dict[str, Any]]]", found)

    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        """The object's properties, or None."""
        with self._lock:
            return self._objects.get(kind, {}).get(name)

    def list(self, kind: str) -> dict[str, dict[str, Any]]:
        """All objects of a kind by name."""
        with self._lock:
            return dict(self._objects.get(kind, {}))

    def put(self, kind: str, name: str, props: dict[str, Any]) -> None:
        """Write an object; one that is there keeps its creation time."""
        with self._lock:
            known = self._objects.setdefault(kind, {})
            created = known.get(name, {}).get(
                "created_on", datetime.datetime.now(datetime.UTC).isoformat()
            )
            known[name] = {**props, "created_on": created}
            self._write()

    def remove(self, kind: str, name: str) -> None:
        """Forget an object."""
        with self._lock:
            self._objects.get(kind, {}).pop(name, None)
            self._write()

    def _write(self) -> None:
        partial = self._path.with_suffix(".partial")
        with partial.open("w") as file:
            json.dump(self._objects, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self._path)
