"""Tasks: objects with a schedule and a statement, which nothing runs.

What it holds: CREATE, ALTER, DROP and SHOW TASK. There is no scheduler in the embedded warehouse,
so a resumed task is shown as started, with the reason in ``last_suspended_reason`` that nothing
runs it; EXECUTE TASK is refused. Whoever orchestrates refreshes what the task would.

Source: https://docs.snowflake.com/en/sql-reference/sql/create-task.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedded_snowflake import errors
from embedded_snowflake.objects import tags, warehouses
from embedded_snowflake.objects.entries import (
    drop_entry,
    read_options,
    show_entries,
    taken,
    unaltered,
)
from embedded_snowflake.sessions.routing import handles
from embedded_snowflake.sql.reading import Reader
from embedded_snowflake.sql.results import Result

if TYPE_CHECKING:
    from embedded_snowflake.sessions.session import Session

KIND = "task"
NOT_RUN = "The embedded warehouse runs no tasks."


_OPTIONS = ("WAREHOUSE", "SCHEDULE", "COMMENT", "CONFIG")


def _read_options(reader: Reader) -> dict[str, Any]:
    given = read_options(reader, "a task", _OPTIONS)
    if "WAREHOUSE" in given:
        warehouses.check_warehouse(reader.session, given["WAREHOUSE"])
    return {option.lower(): value for option, value in given.items()}


@handles("CREATE", "TASK")
def create(session: Session, reader: Reader) -> Result:
    """CREATE [OR REPLACE] TASK [IF NOT EXISTS] name options AS statement."""
    name = reader.name()
    values = tags.read_clause(reader)
    props = {**dict.fromkeys(("warehouse", "schedule", "config")), "comment": ""}
    props |= {"state": "suspended", **_read_options(reader)}
    reader.expect("AS")
    props["definition"] = reader.rest()
    if (answer := taken(reader, name, session.catalog.get(KIND, name))) is not None:
        return answer
    with session.transaction():
        tags.forget(session, "TASK", name)
        session.catalog.remove(KIND, name)
        session.catalog.put(KIND, name, props)
        tags.set_values(session, "TASK", name, values or {})
    return Result.status(f"Task {name.name} successfully created.")


@handles("ALTER", "TASK")
def alter(session: Session, reader: Reader) -> Result:
    """ALTER TASK: resume, suspend, options, tags."""
    name = reader.name()
    kept = session.catalog.get(KIND, name)
    if kept is None:
        return unaltered(reader, "Task", name)
    props = dict(kept.props)
    if reader.at("SET", "TAG") or reader.at("UNSET", "TAG"):
        return tags.change(session, "TASK", name, reader)
    if reader.accept("RESUME"):
        props["state"] = "started"
    elif reader.accept("SUSPEND"):
        props["state"] = "suspended"
    else:
        reader.expect("SET")
        if props["state"] == "started":
            raise errors.refused(
                f"Unable to update graph with root task {name} since that root task is not "
                "suspended."
            )
        props |= _read_options(reader)
    reader.end()
    session.catalog.put(KIND, name, props)
    return Result.status()


@handles("DROP", "TASK")
def drop(session: Session, reader: Reader) -> Result:
    """DROP TASK [IF EXISTS] name."""
    return drop_entry(reader, KIND, "Task", lambda entry: tags.forget(session, "TASK", entry.name))


@handles("EXECUTE", "TASK")
def execute(session: Session, reader: Reader) -> Result:
    """EXECUTE TASK is refused."""
    del session
    raise errors.refused(f"{NOT_RUN} Run the statement of task {reader.name()} itself.")


@handles("SHOW", "TASKS")
def show(_: Session, reader: Reader) -> Result:
    """SHOW TASKS [LIKE ..] [IN ..]."""
    return show_entries(
        reader,
        KIND,
        "created_on:TIMESTAMP_LTZ name id database_name schema_name owner comment warehouse "
        "schedule predecessors state definition condition allow_overlapping_execution "
        "error_integration last_committed_on last_suspended_on owner_role_type config "
        "last_suspended_reason",
        lambda entry: {
            **entry.props,
            "id": str(entry.name),
            "predecessors": "[]",
            "allow_overlapping_execution": "false",
            "error_integration": "null",
            "last_suspended_reason": NOT_RUN,
        },
    )
