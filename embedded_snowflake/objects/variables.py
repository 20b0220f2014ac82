"""Variables of the session: SET, UNSET, SHOW VARIABLES, GETVARIABLE.

A variable is kept as the literal that stands for its value, and is written in where ``$name`` stands
(`sessions/text_rewriting.py`), so that whoever reads the statement reads a literal.

Source: https://docs.snowflake.com/en/sql-reference/session-variables, sql/set, sql/show-variables.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

from embedded_snowflake import errors
from embedded_snowflake.names import literal
from embedded_snowflake.objects.entries import read_names
from embedded_snowflake.objects.showing import columns, like
from embedded_snowflake.sessions.routing import handles, scalar
from embedded_snowflake.sessions.session import Session, Variable
from embedded_snowflake.sql.reading import Reader
from embedded_snowflake.sql.results import Result

_LONGEST = 16 * 1024
_LITERALS: dict[str, tuple[str, Callable[[Any], str]]] = {
    **dict.fromkeys(
        ("BIGINT", "HUGEINT", "INTEGER", "DECIMAL"),
        ("fixed", lambda value: f"({value})" if value < 0 else str(value)),
    ),
    "DOUBLE": ("real", lambda value: f"'{value}'::FLOAT"),
    "VARCHAR": ("text", lambda value: literal(value.replace("\\", "\\\\"))),
    "BOOLEAN": ("boolean", lambda value: str(value).upper()),
    "DATE": ("date", lambda value: f"'{value}'::DATE"),
    "TIME": ("time", lambda value: f"'{value}'::TIME"),
    "TIMESTAMP": ("timestamp_ntz", lambda value: f"'{value}'::TIMESTAMP_NTZ"),
    "TIMESTAMP WITH TIME ZONE": ("timestamp_ltz", lambda value: f"'{value}'::TIMESTAMP_LTZ"),
}
"""By DuckDB's type of a value: Snowflake's name of it, and the literal."""


@handles("SET")
def set_variables(session: Session, reader: Reader) -> Result:
    """SET name = expression, SET (name, ..) = (expression, ..)."""
    several = reader.at("(")
    names = [one.upper() for one in read_names(reader) or [reader.identifier()]]
    reader.expect("=")
    text = reader.parenthesised() if several else reader.rest()
    query = text if text.split(None, 1)[:1] in (["SELECT"], ["select"]) else f"SELECT {text}"
    cursor = session.run(query)
    rows = cursor._arrow_table.to_pylist()  # noqa: SLF001
    kinds = [str(kind) for _, kind, *_ in cursor._describe_last_sql()]  # noqa: SLF001
    if len(rows) != 1 or len(kinds) != len(names):
        raise errors.uncompiled(
            f"SET of {len(names)} variables to {len(rows)} rows "
            f"of {len(kinds)} values: one row with a value for each is needed."
        )
    now = datetime.datetime.now(datetime.UTC)
    made: dict[str, Variable] = {}
    for name, kind, value in zip(names, kinds, rows[0].values(), strict=True):
        known = session.variables.get(name)
        shown, written = _written(name, kind, value)
        created = known.created_on if known else now
        made[name] = Variable(written, None if value is None else str(value), shown, created, now)
    session.variables.update(made)
    return Result.status()


def _written(name: str, kind: str, value: Any) -> tuple[str, str]:
    shown, made = _LITERALS.get(kind.partition("(")[0], (None, str))
    if shown is None:
        raise errors.unsupported(f"SET {name} to a value of {kind}")
    if value is None:
        return shown, "NULL"
    if isinstance(value, str) and len(value.encode()) > _LONGEST:
        raise errors.refused(
            f"Assignment to '{name}' not done because value exceeds size limit for variables. "
            f"Its size is {len(value.encode())}; the limit is {_LONGEST} bytes."
        )
    return shown, made(value)


@handles("UNSET")
def unset_variables(session: Session, reader: Reader) -> Result:
    """UNSET name, UNSET (name, ..)."""
    for name in read_names(reader) or [reader.identifier()]:
        session.variables.pop(name.upper(), None)
    reader.end()
    return Result.status()


@handles("SHOW", "VARIABLES")
def show_variables(session: Session, reader: Reader) -> Result:
    """SHOW VARIABLES [LIKE ..]."""
    pattern = reader.string() if reader.accept("LIKE") else "%"
    reader.end()
    return Result.rows(
        columns(
            "session_id:NUMBER created_on:TIMESTAMP_LTZ updated_on:TIMESTAMP_LTZ name value type "
            "comment"
        ),
        [
            (session.session_id, one.created_on, one.updated_on, name, one.shown, one.kind, "")
            for name, one in sorted(session.variables.items())
            if like(pattern, name)
        ],
    )


@scalar("GETVARIABLE")
def get_variable(session: Session, name: str) -> str | None:
    """A variable's value as text; NULL where there is none of this name, which is in upper case."""
    found = session.variables.get(name)
    return None if found is None else found.shown
