"""Target lags: dynamic tables are refreshed before they are older than they may be.

What it holds: `refresh_due`, which the server calls every few seconds while it runs. A table whose
TARGET_LAG is DOWNSTREAM is refreshed with those that read it. After five failures in a row a table
is suspended; while one is suspended, so is the refreshing of those that read it. What must not go
here: how a refresh is done (``dynamic_tables``), and tasks, which nothing runs.

Sources: https://docs.snowflake.com/en/user-guide/dynamic-tables/target-lag,
https://docs.snowflake.com/en/user-guide/dynamic-tables-states.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from embedded_snowflake import errors
from embedded_snowflake.objects.relations import dynamic_tables
from embedded_snowflake.sessions.session import Session

if TYPE_CHECKING:
    from embedded_snowflake.names import QualifiedName
    from embedded_snowflake.storage.engine import Engine

LOOK_SECONDS = 5.0
"""How often the server looks for what is due."""

FAILURES = 5
"""So many failures in a row suspend a table."""

_AHEAD = timedelta(seconds=2 * LOOK_SECONDS)
"""A refresh begins so much before the lag is reached, since it takes time, too."""

_LOG = logging.getLogger("embedded_snowflake")


def refresh_due(engine: Engine, now: datetime | None = None) -> list[QualifiedName]:
    """Refresh every table that is about to be older than its lag; return the refreshed ones.

    Args:
        engine: whose databases.
        now: the time to go by, UTC; the clock's by default.
    """
    session = Session.of_the_system(engine)
    done: list[QualifiedName] = []
    try:
        for entry in session.catalog.list(dynamic_tables.KIND):
            try:
                if not _due(entry.props, now or datetime.now(UTC)):
                    continue
                if not dynamic_tables.suspended(session, entry.name):
                    dynamic_tables.refresh(session, entry.name, "SCHEDULED")
                    done.append(entry.name)
            except errors.SnowflakeError as error:
                _LOG.warning("dynamic table %s was not refreshed: %s", entry.name, error.msg)
                _suspend_if_hopeless(session, entry.name)
            except Exception:  # noqa: BLE001 - whatever it is, it is logged
                # One that cannot be refreshed must not keep the others from it.
                _LOG.exception("dynamic table %s", entry.name)
    finally:
        session.close()
    return done


def _due(props: dict[str, Any], now: datetime) -> bool:
    lag = dynamic_tables.lag_of(props["target_lag"])
    if lag is None or props["scheduling_state"] != "ACTIVE":
        return False
    stamp = props["data_timestamp"]
    return stamp is None or now - datetime.fromisoformat(stamp) >= lag - _AHEAD


def _suspend_if_hopeless(session: Session, name: QualifiedName) -> None:
    if dynamic_tables.failures(session, name) >= FAILURES:
        props = dynamic_tables.find(session, name)
        dynamic_tables.suspend(props)
        session.catalog.put(dynamic_tables.KIND, name, props)
