"""The server's process: ``python -m embedded_snowflake --root DIR``.

Started by `serving/lifecycle.py`; a person can start it as well. It ends on SIGTERM, or after some time
in which nobody used it.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import ipaddress
import logging
import logging.handlers
import os
import socket
import sys
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from embedded_snowflake.serving import lifecycle

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

    from embedded_snowflake.storage.engine import Engine

LOOPBACK = "127.0.0.1"
STATEMENTS_AT_ONCE = 1000
"""Threads for statements and files; anyio makes 40 unless told otherwise."""


def main() -> int:
    """Serve until told to stop; 3 where another process owns the data."""
    parser = argparse.ArgumentParser(prog="embedded_snowflake", description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="where everything is kept")
    parser.add_argument("--idle-seconds", type=float, default=lifecycle.IDLE_SECONDS)
    parser.add_argument("--host", default=LOOPBACK, help="the address to listen on")
    parser.add_argument(
        "--password-file", type=Path, help="a file with the password; needed off loopback"
    )
    parser.add_argument(
        "--faults", type=Path, help="for tests: what goes wrong (serving/faults.py)"
    )
    arguments = parser.parse_args()
    password = None
    if arguments.password_file is not None:
        password = arguments.password_file.read_text().strip()
    if not password and not ipaddress.ip_address(arguments.host).is_loopback:
        sys.stderr.write(
            f"{arguments.host} is reached by other machines: give --password-file with a "
            "password of your own, or leave --host out.\n"
        )
        return 2
    home = lifecycle.home(arguments.root)
    home.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
        handlers=[
            logging.handlers.RotatingFileHandler(
                home / "server.log", maxBytes=5_000_000, backupCount=2
            )
        ],
    )
    with (home / "owner.lock").open("a") as owner:
        try:
            fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            sys.stderr.write(f"Another process owns {home}.\n")
            return 3
        owner.truncate(0)
        owner.write(str(os.getpid()))
        owner.flush()
        try:
            return asyncio.run(_serve(home, owner, arguments, password))
        except Exception as cause:
            logging.getLogger("embedded_snowflake").exception("the warehouse could not start")
            (home / "failure.txt").write_text(f"{type(cause).__name__}: {cause}")
            return 1


async def _serve(
    home: Path, owner: IO[str], arguments: argparse.Namespace, password: str | None
) -> int:
    import uvicorn
    from anyio import to_thread
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    from embedded_snowflake import objects
    from embedded_snowflake.serving import sweeping
    from embedded_snowflake.serving.server import Server
    from embedded_snowflake.storage.engine import Engine

    (home / "failure.txt").unlink(missing_ok=True)
    # Who waits for a table keeps a thread: there must be one for the COMMIT that he waits for.
    to_thread.current_default_thread_limiter().total_tokens = STATEMENTS_AT_ONCE
    # Importing the objects is what registers their statements.
    logging.getLogger("embedded_snowflake").info("objects: %s", ", ".join(objects.__all__))
    state = lifecycle.secrets_of(home)
    engine = Engine(home)
    engine.presign = state["presign"]
    sweeping.sweep(engine)
    server = Server(engine, password or state["password"], arguments.faults)
    owned = partial(lifecycle.still_owns, home, owner)

    class Protocol(HttpToolsProtocol):
        """Tells the server when a client's connection comes and goes."""

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            if self.client is not None:
                server.peer_came(self.client, transport)

        def connection_lost(self, exc: Exception | None) -> None:
            if self.client is not None:
                server.peer_gone(self.client)
            super().connection_lost(exc)

    listener = _listener(arguments.host, state.get("port"))
    port = int(listener.getsockname()[1])
    http: Any = uvicorn.Server(
        uvicorn.Config(
            _while_owned(server.application(), owned),
            http=Protocol,
            log_level="warning",
            log_config=None,
            timeout_keep_alive=24 * 3600,
            access_log=False,
            lifespan="off",
        )
    )
    serving = asyncio.create_task(http.serve(sockets=[listener]))
    # uvicorn has no event for having started.
    while not http.started and not serving.done():  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    lifecycle.announce(home, state, port)
    keeping = asyncio.create_task(_keep_lags(engine))
    try:
        while not serving.done():
            await asyncio.sleep(1)
            if http.should_exit:
                server.cancel()
            idle = server.idle_seconds() > arguments.idle_seconds
            if idle or engine.broken or not owned():
                http.should_exit = True
            else:
                lifecycle.announce(home, state, port)
        await serving
    finally:
        keeping.cancel()
        if owned():
            lifecycle.withdraw(home)
        server.close()
    return 0


async def _keep_lags(engine: Engine) -> None:
    from embedded_snowflake.objects.relations import target_lags

    while True:
        await asyncio.sleep(target_lags.LOOK_SECONDS)
        try:
            await asyncio.to_thread(target_lags.refresh_due, engine)
        except Exception:
            # A database that is dropped meanwhile, a full disk: the next look may fare better.
            logging.getLogger("embedded_snowflake").exception("target lags")


def _while_owned(application: ASGIApp, owned: Callable[[], bool]) -> ASGIApp:
    """Answer nothing from data whose folder was removed: another process may serve there now."""
    from starlette.responses import JSONResponse

    message = (
        "The folder of this warehouse was removed or replaced while it ran, so it ends. Connect "
        "again: a new one is started."
    )
    refused = JSONResponse({"data": {}, "code": "390111", "message": message, "success": False})

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        await (application if owned() else refused)(scope, receive, send)

    return guarded


def _listener(host: str, wanted: int | None) -> socket.socket:
    """A socket on that address: the port of last time where it is free."""
    for port in (wanted or 0, 0):
        # asyncio switches Nagle's delay off only where the protocol is named.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError:
            listener.close()
            continue
        return listener
    message = f"no port is free on {host}"
    raise OSError(message)


if __name__ == "__main__":
    raise SystemExit(main())
