"""How the warehouse's process lives: started by whoever asks first, found again, stopped.

State stands below ``ROOT/.vistora/warehouse``: `state.json` (port, process, password; for its owner's eyes
only), `owner.lock` (held by the process while it lives), `start.lock` (held by who starts it). A process
whose lock was removed ends; one whose state was removed writes it again.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

_STATE = {"password": str, "presign": str, "port": int, "pid": int}
IDLE_SECONDS = 900.0
START_SECONDS = 60.0
STOP_SECONDS = 20.0
_OWNED_BY_ANOTHER = 3
"""With what the process ends that found the data owned."""


class WarehouseError(Exception):
    """The warehouse could not be started or stopped; the text says why and what to do."""


@dataclass(frozen=True)
class ConnectionInfo:
    """What any Snowflake client needs to connect."""

    host: str
    port: int
    protocol: str
    account: str
    user: str
    password: str
    root: Path

    def connect_arguments(self) -> dict[str, Any]:
        """Arguments for ``snowflake.connector.connect``; telemetry is off."""
        return {
            "host": self.host,
            "port": self.port,
            "protocol": self.protocol,
            "account": self.account,
            "user": self.user,
            "password": self.password,
            "session_parameters": {
                "CLIENT_OUT_OF_BAND_TELEMETRY_ENABLED": False,
                "CLIENT_TELEMETRY_ENABLED": False,
            },
            "login_timeout": 30,
            "network_timeout": 600,
        }

    def __repr__(self) -> str:
        return f"ConnectionInfo(host={self.host!r}, port={self.port}, user={self.user!r})"


@dataclass(frozen=True)
class Status:
    """Whether the warehouse runs, and as which process."""

    running: bool
    pid: int | None
    connection: ConnectionInfo | None


def home(root: Path) -> Path:
    """Where the warehouse of a root keeps everything."""
    return root.resolve() / ".vistora" / "warehouse"


def _state(folder: Path) -> dict[str, Any]:
    """What is written there; what is not of its kind is as if it were not there."""
    try:
        found = json.loads((folder / "state.json").read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    there = cast("dict[str, Any]", found)
    kept = {key: there[key] for key, kind in _STATE.items() if type(there.get(key)) is kind}
    if not 0 < kept.get("port", 1) < 1 << 16:
        del kept["port"]
    return kept


def _write_state(folder: Path, state: dict[str, Any]) -> None:
    partial = folder / f"state.{os.getpid()}.partial"
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(state, file)
    partial.replace(folder / "state.json")


def secrets_of(folder: Path) -> dict[str, Any]:
    """The state with its password; made at the first start, kept for all later ones."""
    state = _state(folder)
    for one in ("password", "presign"):
        if not state.get(one):
            state[one] = secrets.token_urlsafe(32)
            _write_state(folder, state)
    return state


def announce(folder: Path, kept: dict[str, Any], port: int) -> None:
    """Say that this process serves on a port, with the secrets that it knows; again if need be."""
    state = {**kept, "port": port, "pid": os.getpid()}
    if _state(folder) != state:
        _write_state(folder, state)


def still_owns(folder: Path, lock: IO[str]) -> bool:
    """Whether the lock that this process holds is still the folder's.

    Who removes the folder of a live warehouse takes its files away under it; the next who asks
    makes a folder and starts a warehouse there, which the first one must not compete with.
    """
    try:
        there = (folder / "owner.lock").stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    mine = os.fstat(lock.fileno())
    return (there.st_dev, there.st_ino) == (mine.st_dev, mine.st_ino)


def withdraw(folder: Path) -> None:
    """Say that no process serves any more."""
    state = _state(folder)
    state.pop("pid", None)
    _write_state(folder, state)


def _owned(folder: Path) -> bool:
    """Whether a live process holds the data; a dead one holds no lock."""
    path = folder / "owner.lock"
    if not path.exists():
        return False
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        fcntl.flock(file, fcntl.LOCK_UN)
        return False


def _owner(folder: Path) -> int | None:
    """The process that holds the lock, as it wrote there: nobody else is ever sent a signal."""
    text = (folder / "owner.lock").read_text(errors="replace")
    return int(text) if text.isdecimal() and int(text) > 1 else None


def _connection(root: Path, state: dict[str, Any]) -> ConnectionInfo:
    return ConnectionInfo(
        "127.0.0.1", state["port"], "http", "embedded", "vistora", state["password"], root
    )


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


def status(root: Path) -> Status:
    """Whether it runs; starts nothing."""
    folder = home(root)
    state = _state(folder)
    if "pid" in state and "port" in state and _owned(folder) and _answers(state["port"]):
        return Status(running=True, pid=state["pid"], connection=_connection(root, state))
    return Status(running=False, pid=None, connection=None)


@contextlib.contextmanager
def _starting(folder: Path) -> Generator[None, None, None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / "start.lock").open("a")
    except OSError as cause:
        message = f"{folder} cannot be written ({cause.strerror}): make it a writable folder."
        raise WarehouseError(message) from cause
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def ensure_running(root: Path, *, idle_seconds: float = IDLE_SECONDS) -> ConnectionInfo:
    """Start the warehouse unless it runs; two who ask at once start one.

    Args:
        root: the directory below which everything is kept.
        idle_seconds: how long it waits for work before it ends.

    Raises:
        WarehouseError: it did not start; the text says why.
    """
    found = status(root)
    if found.connection is not None:
        return found.connection
    folder = home(root)
    with _starting(folder):
        found = status(root)
        if found.connection is not None:
            return found.connection
        process = _spawn(root, idle_seconds)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            found = status(root)
            if found.connection is not None:
                return found.connection
            if process.poll() not in (None, _OWNED_BY_ANOTHER):
                raise WarehouseError(_why(folder))
            if process.poll() == _OWNED_BY_ANOTHER and not _owned(folder):
                # The other one was about to end.
                process = _spawn(root, idle_seconds)
            time.sleep(0.05)
    message = (
        f"The embedded warehouse did not answer in {START_SECONDS:.0f} s: see {folder}/server.log."
    )
    raise WarehouseError(message)


def _why(folder: Path) -> str:
    failure = folder / "failure.txt"
    reason = failure.read_text() if failure.exists() else ""
    reason = reason or "it left no reason: its disk may be full"
    return f"The embedded warehouse did not start ({reason}): see {folder / 'server.log'}."


def _spawn(root: Path, idle_seconds: float) -> subprocess.Popen[bytes]:
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith("SNOWFLAKE_")
    }
    source = str(Path(__file__).resolve().parents[2])
    environment["PYTHONPATH"] = os.pathsep.join(
        part for part in (source, environment.get("PYTHONPATH", "")) if part
    )
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "embedded_snowflake",
            "--root",
            str(root.resolve()),
            "--idle-seconds",
            str(idle_seconds),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd=home(root),
        env=environment,
    )


start = ensure_running


def stop(root: Path) -> bool:
    """Stop the warehouse; False where it did not run.

    Raises:
        WarehouseError: it did not end in time.
    """
    folder = home(root)
    if not _owned(folder):
        return False
    pid = _owner(folder)
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while _owned(folder):
        if time.monotonic() > deadline:
            message = (
                f"The embedded warehouse (process {pid or 'unknown'}) did not end in "
                f"{STOP_SECONDS:.0f} s: end the process, or wait and stop it again."
            )
            raise WarehouseError(message)
        time.sleep(0.05)
    return True


def reset(root: Path) -> None:
    """Stop the warehouse and delete everything that it holds."""
    folder = home(root)
    if not folder.exists():
        return
    with _starting(folder):
        stop(root)
        for one in folder.iterdir():
            if one.name == "start.lock":
                continue
            if one.is_dir():
                shutil.rmtree(one)
            else:
                one.unlink()
