"""Tasks: objects with a schedule and a statement, which nothing runs.

What it holds: CREATE, ALTER, DROP and SHOW TASK. There is no scheduler in the embedded warehouse,
so a resumed task is shown as started, with the reason in ``last_suspended_reason`` that nothing
runs it; EXECUTE TASK is refused. Whoever orchestrates refreshes what the task would.

Source: https://docs.snowflake.com/en/sql-reference/sql/create-task.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedded_snowflake import errors
from embedded_snowflake.objects import tags
from embedded_snowflake.objects.entries import drop_entry, show_entries, taken
from embedded_snowflake.sessions.routing import handles
from embedded_snowflake.sql.reading import Reader
from embedded_snowflake.sql.results import Result

if TYPE_CHECKING:
    from embedded_snowflake.sessions.session import Session

KIND = "task"
NOT_RUN = "The embedded warehouse runs no tasks."


def _read_option(reader: Reader, props: dict[str, Any]) -> None:
    for option in ("WAREHOUSE", "SCHEDULE", "COMMENT", "CONFIG"):
        if reader.accept(option):
            reader.expect("=")
            text = reader.string() if reader.at_string() else reader.identifier()
            props[option.lower()] = text
            reader.accept(",")
            return
    if reader.accept("WHEN"):
        raise errors.refused("WHEN of a task is not part of the embedded warehouse.")
    raise errors.uncompiled(
        "a task takes WAREHOUSE, SCHEDULE, CONFIG, COMMENT and TAG before AS here."
    )


@handles("CREATE", "TASK")
def create(session: Session, reader: Reader) -> Result:
    """CREATE [OR REPLACE] TASK [IF NOT EXISTS] name options AS statement."""
    name = reader.name()
    props: dict[str, Any] = {
        "warehouse": None,
        "schedule": None,
        "comment": "",
        "config": None,
        "state": "suspended",
    }
    values = None
    while not reader.accept("AS"):
        clause = tags.read_clause(reader)
        if clause is not None:
            values = clause
        else:
            _read_option(reader, props)
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
        if reader.if_exists:
            return Result.status()
        raise errors.missing("Task", name)
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
        while not reader.done():
            _read_option(reader, props)
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
