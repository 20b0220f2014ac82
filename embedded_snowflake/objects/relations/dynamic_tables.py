"""Dynamic tables: their options as given, their content as of the last refresh.

What it holds: CREATE, ALTER, DROP, SHOW and DESCRIBE DYNAMIC TABLE, refreshes and their history.
Not for views, nor for what is due by TARGET_LAG (``target_lags``).

A refresh first refreshes the dynamic tables that the query reads. Where nothing that it reads has
changed, it says NO_DATA and keeps the rows; otherwise it computes everything anew and replaces the
rows in one transaction, so a reader sees the rows before it or after it. That action is reported as
FULL, and REFRESH_MODE AUTO is shown as FULL with the reason, since that is what is done.

Sources: https://docs.snowflake.com/en/sql-reference/sql/create-dynamic-table,
https://docs.snowflake.com/en/user-guide/dynamic-tables-refresh.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import sqlglot
from sqlglot import exp

from embedded_snowflake import errors
from embedded_snowflake.names import QualifiedName
from embedded_snowflake.objects import functions, tags, warehouses
from embedded_snowflake.objects.entries import drop_entry, show_entries
from embedded_snowflake.objects.relations import table_facts, views
from embedded_snowflake.objects.showing import columns
from embedded_snowflake.sessions.routing import NotMine, handles, table_function
from embedded_snowflake.sql import table_names
from embedded_snowflake.sql.parsing import parsed
from embedded_snowflake.sql.reading import Reader
from embedded_snowflake.sql.results import Result

if TYPE_CHECKING:
    from embedded_snowflake.sessions.session import Session
    from embedded_snowflake.storage.catalog import Entry

KIND = "dynamic_table"
HISTORY = "dynamic_table_history"
KEPT_REFRESHES = 100
Trigger = Literal["CREATION", "MANUAL", "SCHEDULED"]
MINIMUM_LAG = timedelta(seconds=60)
"""https://docs.snowflake.com/en/user-guide/dynamic-tables/target-lag"""
_UNITS = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week"}
_LAG = re.compile(r"(\d+)\s*([smhdw]|(?:second|minute|hour|day|week)s?)", re.IGNORECASE)
_VOLATILE = (
    exp.CurrentTimestamp,
    exp.CurrentDate,
    exp.CurrentTime,
    exp.Localtime,
    exp.Localtimestamp,
    exp.Rand,
    exp.Randn,
    exp.Uuid,
    exp.NextValueFor,
)
"""What gives other rows though no table has changed."""
_MODES = ("AUTO", "FULL", "INCREMENTAL")
_INITIALIZE = ("ON_CREATE", "ON_SCHEDULE")


def lag_of(text: str) -> timedelta | None:
    """The length of a TARGET_LAG; None for DOWNSTREAM, which has none of its own.

    Raises:
        errors.SnowflakeError: it is no length, or below the minimum of 60 seconds.
    """
    if text.upper() == "DOWNSTREAM":
        return None
    found = _LAG.fullmatch(text)
    if found is None:
        raise errors.uncompiled(
            f"invalid TARGET_LAG '{text}': a number of seconds, minutes, "
            "hours or days, or DOWNSTREAM."
        )
    lag = int(found[1]) * timedelta(**{_UNITS[found[2][0].lower()] + "s": 1})
    if lag < MINIMUM_LAG:
        raise errors.uncompiled(f"invalid TARGET_LAG '{text}': the minimum is 60 seconds.")
    return lag


def _read_lag(reader: Reader) -> str:
    text = reader.string() if reader.at_string() else reader.identifier()
    found = _LAG.fullmatch(text)
    if lag_of(text) is None or found is None:
        return "DOWNSTREAM"
    # As the feature store's documentation shows it: '1d' is 1 day, '12h' 12 hours.
    number, unit = int(found[1]), _UNITS[found[2][0].lower()]
    return f"{number} {unit}{'' if number == 1 else 's'}"


def _read_choice(reader: Reader, option: str, choices: tuple[str, ...]) -> str:
    text = (reader.string() if reader.at_string() else reader.identifier()).upper()
    if text not in choices:
        raise errors.uncompiled(f"invalid {option} '{text}': one of {', '.join(choices)}.")
    return text


def _read_options(reader: Reader, definition: views.Definition) -> dict[str, Any]:
    options: dict[str, Any] = {
        "target_lag": None,
        "warehouse": None,
        "initialization_warehouse": None,
        "refresh_mode": "AUTO",
        "initialize": "ON_CREATE",
        "cluster_by": "",
        "comment": "",
    }
    while not reader.accept("AS"):
        if (values := tags.read_clause(reader)) is not None:
            definition.tags = values
        else:
            _read_option(reader, options)
    return options


_OPTIONS: dict[str, Callable[[Reader], str]] = {
    "TARGET_LAG": _read_lag,
    "COMMENT": Reader.string,
    **dict.fromkeys(
        ("WAREHOUSE", "INITIALIZATION_WAREHOUSE"),
        lambda reader: warehouses.check_warehouse(reader.session, reader.identifier()),
    ),
    "REFRESH_MODE": lambda reader: _read_choice(reader, "REFRESH_MODE", _MODES),
    "INITIALIZE": lambda reader: _read_choice(reader, "INITIALIZE", _INITIALIZE),
}


def _read_option(reader: Reader, options: dict[str, Any]) -> None:
    if reader.accept("CLUSTER", "BY"):
        options["cluster_by"] = f"LINEAR({reader.parenthesised().strip()})"
        return
    for option, read in _OPTIONS.items():
        # Snowpark's client calls TARGET_LAG by its former name.
        if reader.accept(option) or (option == "TARGET_LAG" and reader.accept("LAG")):
            reader.expect("=")
            options[option.lower()] = read(reader)
            return
    raise errors.uncompiled(
        "a dynamic table takes TARGET_LAG, WAREHOUSE, "
        "INITIALIZATION_WAREHOUSE, REFRESH_MODE, INITIALIZE, CLUSTER BY, COMMENT and TAG here."
    )


@handles("CREATE", "DYNAMIC TABLE")
def create(session: Session, reader: Reader) -> Result:
    """CREATE [OR REPLACE] DYNAMIC TABLE [IF NOT EXISTS] name [(..)] options AS query."""
    definition = views.Definition(name=reader.name(), text=reader.text)
    name = definition.name
    definition.columns = views.read_columns(reader)
    options = _read_options(reader, definition)
    definition.query = reader.rest()
    views.refuse_model_calls("dynamic table", definition.query)
    for option in ("target_lag", "warehouse"):
        if options[option] is None:
            raise errors.uncompiled(f"missing option {option.upper()} of dynamic table {name}.")
    query = parsed(definition.query)
    if isinstance(query, exp.Query) and any(
        table_names.name_of(session, one) in session.temporary for one in views.real_tables(query)
    ):
        raise errors.unsupported("a dynamic table that reads a temporary one")
    existing = session.relation_kind(name)
    if existing is not None and not (reader.or_replace and existing == "DYNAMIC TABLE"):
        if reader.if_not_exists and existing == "DYNAMIC TABLE":
            return Result.status(f"{name.name} already exists, statement succeeded.")
        raise errors.exists(name, existing)
    props = {
        **options,
        "text": definition.text,
        "select": views.selecting(definition),
        "columns": definition.columns,
        "scheduling_state": "ACTIVE",
        "data_timestamp": None,
    }
    _refuse_cycle(session, name, props)
    _check_lag(session, name, props)
    if options["initialize"] == "ON_CREATE":
        for upstream in _upstream(session, name, props):
            refresh(session, upstream, "CREATION")
    with session.transaction():
        if existing:
            session.run(f"DROP TABLE {name.sql}")
            _forget(session, name)
        began = datetime.now(UTC)
        if options["initialize"] == "ON_CREATE":
            props["state"] = _state(session, props)
            session.run(f"CREATE TABLE {name.sql} AS {props['select']}")
            props["data_timestamp"] = began.isoformat()
            _record(session, name, began, "REINITIALIZE", "CREATION")
        else:
            session.run(f"CREATE TABLE {name.sql} AS SELECT * FROM ({props['select']}) LIMIT 0")
        session.catalog.put(KIND, name, props)
        table_facts.record_transient(session, name, said=reader.transient)
        session.set_column_comments(name, dict(definition.columns))
        tags.set_values(session, "TABLE", name, definition.tags)
    return Result.status(f"Dynamic table {name.name} successfully created.")


def _record(
    session: Session,
    name: QualifiedName,
    began: datetime,
    action: str,
    trigger: Trigger,
    failure: str | None = None,
) -> None:
    kept = session.catalog.get(HISTORY, name)
    rows = list(kept.props["refreshes"]) if kept else []
    rows.append(
        {
            "began": began.isoformat(),
            "ended": datetime.now(UTC).isoformat(),
            "action": action,
            "trigger": trigger,
            "query_id": session.query_id,
            "failure": failure,
        }
    )
    session.catalog.put(HISTORY, name, {"refreshes": rows[-KEPT_REFRESHES:]})


def _forget(session: Session, name: QualifiedName) -> None:
    session.catalog.remove(KIND, name)
    session.catalog.remove(HISTORY, name)
    table_facts.forget(session, name)


def find(session: Session, name: QualifiedName) -> dict[str, Any]:
    """What the catalog keeps of a dynamic table.

    Raises:
        errors.SnowflakeError: there is none of that name.
    """
    kept = session.catalog.get(KIND, name)
    if kept is None:
        raise errors.missing("Dynamic table", name)
    return dict(kept.props)


def sources(session: Session, props: dict[str, Any]) -> set[QualifiedName]:
    """The tables and dynamic tables that the query reads, through views as well, and the views."""
    return _sources(session, _query(props))


def _upstream(session: Session, name: QualifiedName, props: dict[str, Any]) -> list[QualifiedName]:
    """The dynamic tables that it reads, other than itself."""
    found = sorted(sources(session, props), key=str)
    return [one for one in found if one != name and session.catalog.get(KIND, one) is not None]


def _refuse_cycle(session: Session, name: QualifiedName, props: dict[str, Any]) -> None:
    """Refuse a dynamic table that would be read by what it reads.

    Raises:
        errors.SnowflakeError: it would.
    """
    seen, left = set[QualifiedName](), _upstream(session, name, props)
    while left:
        one = left.pop()
        if name in sources(session, find(session, one)):
            raise errors.uncompiled(f"{name} would be read by {one}, which it reads.")
        if one not in seen:
            seen.add(one)
            left += _upstream(session, one, find(session, one))


def _check_lag(session: Session, name: QualifiedName, props: dict[str, Any]) -> None:
    """A table cannot be fresher than those that it reads."""
    lag = lag_of(props["target_lag"])
    for one in _upstream(session, name, props):
        least = lag_of(find(session, one)["target_lag"])
        if lag is not None and least is not None and lag < least:
            raise errors.uncompiled(f"TARGET_LAG of {name} is below that of {one}, which it reads.")


def suspend(props: dict[str, Any]) -> None:
    """Say of a dynamic table that it is refreshed no more, from now on."""
    props |= {"scheduling_state": "SUSPENDED", "last_suspended_on": datetime.now(UTC).isoformat()}


def suspended(session: Session, name: QualifiedName) -> bool:
    """Whether a dynamic table is not refreshed by its lag: it is suspended, or one that it reads."""
    kept = session.catalog.get(KIND, name)
    if kept is None or kept.props["scheduling_state"] == "SUSPENDED":
        return kept is not None
    return any(suspended(session, one) for one in _upstream(session, name, kept.props))


def _query(props: dict[str, Any]) -> Any:
    return sqlglot.parse_one(props["select"], read="snowflake")


def _sources(session: Session, query: Any) -> set[QualifiedName]:
    found: set[QualifiedName] = set()
    for table in views.real_tables(query):
        found |= functions.tables_under(session, table_names.name_of(session, table))
    return found


def _state(session: Session, props: dict[str, Any]) -> dict[str, Any] | None:
    """What was changed, and how often, of all that the query reads; None if that is not all."""
    query = _query(props)
    if query.find(*_VOLATILE):
        return None
    return {str(one): list(functions.changed(session, one)) for one in _sources(session, query)}


def refresh(session: Session, name: QualifiedName, trigger: Trigger = "MANUAL") -> None:
    """Refresh what the query reads, then, in one transaction, the rows, unless nothing changed.

    Raises:
        errors.SnowflakeError: the query fails, or answers other columns than the table has; of a
            dynamic table that it reads, too.
    """
    props = find(session, name)
    # Renamed tables may have made one.
    _refuse_cycle(session, name, props)
    for upstream in _upstream(session, name, props):
        refresh(session, upstream, trigger)
    began = datetime.now(UTC)
    # The lock comes before the transaction, which then begins with what the refresh before left.
    session.lock_table(name)
    try:
        with session.transaction():
            props = find(session, name)
            # Taken in the transaction that computes the rows, so that it says what they show.
            state = _state(session, props)
            unchanged = state is not None and state == props.get("state")
            if not unchanged:
                session.run(f"DELETE FROM {name.sql}")
                session.run(f"INSERT INTO {name.sql} {props['select']}")
            props["data_timestamp"] = began.isoformat()
            props["state"] = state
            session.catalog.put(KIND, name, props)
            _record(session, name, began, "NO_DATA" if unchanged else "FULL", trigger)
    except errors.SnowflakeError as error:
        session.lock_table(name)
        with session.transaction():
            _record(session, name, began, "FULL", trigger, str(error.msg))
        raise


def failures(session: Session, name: QualifiedName) -> int:
    """How many refreshes failed since the last one that did not."""
    kept = session.catalog.get(HISTORY, name)
    count = 0
    for one in reversed(kept.props["refreshes"] if kept else []):
        if not one["failure"]:
            break
        count += 1
    return count


@handles("ALTER", "DYNAMIC TABLE")
def alter(session: Session, reader: Reader) -> Result:
    """ALTER DYNAMIC TABLE: refresh, suspend and resume, options, tags and name."""
    name = reader.name()
    if session.catalog.get(KIND, name) is None and reader.if_exists:
        return Result.status()
    find(session, name)
    if reader.at("SET", "TAG") or reader.at("UNSET", "TAG"):
        return tags.change(session, "DYNAMIC TABLE", name, reader)
    if reader.accept("RENAME", "TO"):
        rename(session, name, reader.name())
        return Result.status()
    if reader.accept("REFRESH"):
        reader.end()
        refresh(session, name)
        return Result.rows(
            {"statistics": "VARCHAR", "data_timestamp": "TIMESTAMP_LTZ"},
            [("{}", datetime.fromisoformat(find(session, name)["data_timestamp"]))],
        )
    # Under the lock of a refresh, which writes the same row: neither undoes what the other did.
    session.lock_table(name)
    with session.transaction():
        props = find(session, name)
        if reader.accept("SUSPEND"):
            suspend(props)
        elif reader.accept("RESUME"):
            props["scheduling_state"] = "ACTIVE"
        elif reader.accept("UNSET"):
            _unset(reader, props)
        else:
            _set(reader, props)
            _check_lag(session, name, props)
        reader.end()
        session.catalog.put(KIND, name, props)
    return Result.status()


def _unset(reader: Reader, props: dict[str, Any]) -> None:
    if reader.accept("COMMENT"):
        props["comment"] = ""
    else:
        reader.expect("INITIALIZATION_WAREHOUSE")
        props["initialization_warehouse"] = None


def _set(reader: Reader, props: dict[str, Any]) -> None:
    if not reader.at("CLUSTER", "BY"):
        reader.expect("SET")
    while not reader.done():
        if reader.at("REFRESH_MODE") or reader.at("INITIALIZE"):
            raise errors.refused("REFRESH_MODE and INITIALIZE are set when the table is created.")
        _read_option(reader, props)
        reader.accept(",")


def rename(session: Session, old: QualifiedName, new: QualifiedName) -> None:
    """Give a dynamic table another name in its schema; its history goes along."""
    with session.transaction():
        views.rename(session, KIND, old, new)
        if session.catalog.get(HISTORY, old) is not None:
            session.catalog.rename(HISTORY, old, new)


@handles("ALTER", "TABLE")
def alter_as_table(session: Session, reader: Reader) -> Result:
    """ALTER TABLE on a dynamic table: the name and the tags; a table's other changes are none's.

    The feature store's client renames a dynamic table so when it takes the place of a view.
    """
    name = reader.name()
    if session.catalog.get(KIND, name) is None:
        raise NotMine
    if reader.accept("RENAME", "TO"):
        rename(session, name, reader.name())
        return Result.status()
    return tags.change(session, "DYNAMIC TABLE", name, reader)


@handles("DROP", "DYNAMIC TABLE")
def drop(session: Session, reader: Reader) -> Result:
    """DROP DYNAMIC TABLE [IF EXISTS] name."""

    def forget(entry: Entry) -> None:
        session.run(f"DROP TABLE {entry.name.sql}")
        _forget(session, entry.name)

    return drop_entry(reader, KIND, "Dynamic table", forget)


def _shown_mode(props: dict[str, Any]) -> tuple[str, str | None]:
    if props["refresh_mode"] == "AUTO":
        return "FULL", "The embedded warehouse refreshes in full."
    return props["refresh_mode"], None


@handles("SHOW", "DYNAMIC TABLES")
def show(session: Session, reader: Reader) -> Result:
    """SHOW DYNAMIC TABLES [LIKE ..] [IN ..]."""

    def tell(entry: Entry) -> dict[str, Any]:
        mode, reason = _shown_mode(entry.props)
        at = [one for one in ("data_timestamp", "last_suspended_on") if entry.props.get(one)]
        times = {one: datetime.fromisoformat(entry.props[one]) for one in at}
        return {
            **entry.props,
            **times,
            "scheduling_state": "SUSPENDED" if suspended(session, entry.name) else "ACTIVE",
            "rows": session.count_rows(entry.name),
            "refresh_mode": mode,
            "refresh_mode_reason": reason,
            "automatic_clustering": "OFF",
            "is_clone": "false",
            "is_replica": "false",
            "is_iceberg": "false",
        }

    return show_entries(
        reader,
        KIND,
        "created_on:TIMESTAMP_LTZ name database_name schema_name cluster_by rows:NUMBER "
        "bytes:NUMBER owner target_lag refresh_mode refresh_mode_reason warehouse "
        "initialization_warehouse comment text automatic_clustering scheduling_state "
        "last_suspended_on:TIMESTAMP_LTZ is_clone is_replica is_iceberg "
        "data_timestamp:TIMESTAMP_LTZ owner_role_type",
        tell,
    )


@handles("DESCRIBE", "DYNAMIC TABLE")
@handles("DESC", "DYNAMIC TABLE")
def describe(session: Session, reader: Reader) -> Result:
    """DESC DYNAMIC TABLE name: its columns with their comments."""
    name = reader.name()
    reader.end()
    find(session, name)
    return table_facts.describe_relation(session, name)


@table_function("DYNAMIC_TABLE_REFRESH_HISTORY")
def refresh_history(session: Session, **filters: str) -> Result:
    """TABLE(INFORMATION_SCHEMA.DYNAMIC_TABLE_REFRESH_HISTORY(..)), newest first.

    Args:
        session: whose database it is asked of.
        filters: named arguments: RESULT_LIMIT, NAME, NAME_PREFIX, ERROR_ONLY.
    """
    known = {"RESULT_LIMIT", "NAME", "NAME_PREFIX", "ERROR_ONLY"}
    if unknown := set(filters) - known:
        raise errors.refused(
            f"DYNAMIC_TABLE_REFRESH_HISTORY takes {', '.join(sorted(known))} here, not "
            f"{', '.join(sorted(unknown))}."
        )
    rows: list[tuple[object, ...]] = []
    for entry in session.catalog.list(HISTORY):
        shown = ".".join(entry.name.parts)
        if "NAME" in filters and Reader(filters["NAME"], session).name() != entry.name:
            continue
        if not shown.upper().startswith(filters.get("NAME_PREFIX", "").upper()):
            continue
        rows += [
            (
                *reversed(entry.name.parts),
                "FAILED" if one["failure"] else "SUCCEEDED",
                "QUERY_FAILED" if one["failure"] else "SUCCESS",
                one["failure"],
                one["query_id"],
                *(datetime.fromisoformat(one[at]) for at in ("began", "began", "ended")),
                one["action"],
                one["trigger"],
                str(entry.name),
            )
            for one in entry.props["refreshes"]
            if one["failure"] or filters.get("ERROR_ONLY", "").upper() != "TRUE"
        ]
    rows.sort(key=lambda row: str(row[8]), reverse=True)
    return Result.rows(
        columns(
            "NAME SCHEMA_NAME DATABASE_NAME STATE STATE_CODE STATE_MESSAGE QUERY_ID "
            "DATA_TIMESTAMP:TIMESTAMP_LTZ REFRESH_START_TIME:TIMESTAMP_LTZ "
            "REFRESH_END_TIME:TIMESTAMP_LTZ REFRESH_ACTION REFRESH_TRIGGER QUALIFIED_NAME"
        ),
        rows[: int(filters.get("RESULT_LIMIT", "100"))],
    )
