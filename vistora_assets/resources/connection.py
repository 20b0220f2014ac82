"""The one place that turns settings into a connection's arguments.

What it holds: `connect_arguments`, for the embedded warehouse (started by asking) and for an
account; `kept_running`, for as long as a run lasts, and `stop_embedded`, for who had one started
for a while. Add to it when there is another way to reach a warehouse. What must not go here: use of
a connection, and anything that is read when the code location loads.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Final

from vistora_assets.settings import Local, Settings

_WATCH_SECONDS: Final = 3.0


class UnreachableError(RuntimeError):
    """The embedded warehouse could not be started; the message says why and what to do."""


def connect_arguments(settings: Settings) -> dict[str, object]:
    """Return the keyword arguments for `snowflake.connector.connect` and for Snowpark.

    The result may hold secrets: pass it on, do not log it. In the local environment the embedded
    warehouse is started unless it runs.

    Raises:
        ModuleNotFoundError: the local environment without the `local` extra; the message says how
            to install it.
        SettingsError: a token's file cannot be read any more.
        UnreachableError: the embedded warehouse could not be started.
    """
    if not isinstance(settings.connection, Local):
        return settings.connection.connect_arguments()
    try:
        from embedded_snowflake import WarehouseError, ensure_running
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"The embedded warehouse needs {error.name}, which is not installed: install "
            "'vistora-assets[local]', or set VISTORA_ENV and the SNOWFLAKE_* variables of an "
            "account.",
            name=error.name,
        ) from error
    try:
        arguments: dict[str, object] = dict(ensure_running(settings.root).connect_arguments())
    except WarehouseError as error:
        raise UnreachableError(str(error)) from error
    parameters = arguments.get("session_parameters")
    arguments["session_parameters"] = {
        **(parameters if isinstance(parameters, dict) else {}),
        "TIMEZONE": "UTC",
        "QUERY_TAG": "vistora",
    }
    return arguments


@contextmanager
def kept_running(settings: Settings) -> Generator[None, None, None]:
    """Start the embedded warehouse again if it dies while the block runs.

    Where nobody answers, the connector repeats a statement for ten minutes; a new warehouse says at
    once that the session is gone, so that the run fails with that sentence and can be carried on.
    """
    if not isinstance(settings.connection, Local):
        yield
        return
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_WATCH_SECONDS):
            # What keeps it from starting, the next connection says.
            with suppress(ModuleNotFoundError, UnreachableError):
                connect_arguments(settings)

    watcher = threading.Thread(target=watch, name="warehouse-watch", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def stop_embedded(settings: Settings) -> None:
    """Stop the embedded warehouse of these settings, if it runs; an account is left alone."""
    if not isinstance(settings.connection, Local):
        return
    from embedded_snowflake import stop

    stop(settings.root)
