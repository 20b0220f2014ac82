"""Session parameters: ALTER SESSION, SHOW PARAMETERS."""

from __future__ import annotations

from embedded_snowflake import errors
from embedded_snowflake.session import Session
from embedded_snowflake.statements import Reader, Result, handles, like, scalar

_DEFAULTS = {
    "ABORT_DETACHED_QUERY": "false",
    "AUTOCOMMIT": "true",
    "CLIENT_SESSION_KEEP_ALIVE": "false",
    "CLIENT_TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_LTZ",
    "DATE_OUTPUT_FORMAT": "YYYY-MM-DD",
    "LOCK_TIMEOUT": "60",
    "PYTHON_CONNECTOR_QUERY_RESULT_FORMAT": "ARROW",
    "PYTHON_SNOWPARK_USE_SCOPED_TEMP_OBJECTS": "true",
    "QUERY_TAG": "",
    "QUOTED_IDENTIFIERS_IGNORE_CASE": "false",
    "STATEMENT_TIMEOUT_IN_SECONDS": "172800",
    "TIMESTAMP_NTZ_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF3",
    "TIMESTAMP_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM",
    "TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_NTZ",
    "TIMEZONE": "UTC",
    "WEEK_START": "0",
}


@handles("ALTER", "SESSION", "SET")
def set_parameters(session: Session, reader: Reader) -> Result:
    """Set known parameters; unknown ones are refused, as Snowflake refuses them."""
    while not reader.done():
        key = reader.word()
        reader.expect("=")
        value = reader.value()
        _check(key, value)
        session.parameters[key] = value
        if key == "AUTOCOMMIT":
            session.commit()
            session.autocommit = value.lower() != "false"
        reader.accept(",")
    return Result.status()


def _check(key: str, value: str) -> None:
    if key not in _DEFAULTS:
        raise errors.error(
            f"SQL compilation error:\ninvalid session parameter '{key}'", 1006, "42000"
        )
    if key == "TIMEZONE" and value.upper() not in {"UTC", "ETC/UTC"}:
        raise errors.unsupported("a TIMEZONE other than UTC")
    if key == "QUOTED_IDENTIFIERS_IGNORE_CASE" and value.lower() == "true":
        raise errors.unsupported("QUOTED_IDENTIFIERS_IGNORE_CASE")


@handles("ALTER", "SESSION", "UNSET")
def unset_parameters(session: Session, reader: Reader) -> Result:
    """Back to the default."""
    while not reader.done():
        session.parameters.pop(reader.word(), None)
        reader.accept(",")
    return Result.status()


@handles("SHOW", "PARAMETERS")
def show_parameters(session: Session, reader: Reader) -> Result:
    """SHOW PARAMETERS [LIKE ..] [IN SESSION]."""
    pattern = reader.string() if reader.accept("LIKE") else None
    reader.rest()
    values = {**_DEFAULTS, **{k: str(v) for k, v in session.parameters.items() if k in _DEFAULTS}}
    columns: dict[str, str] = dict.fromkeys(
        ("key", "value", "default", "level", "description", "type"), "VARCHAR"
    )
    rows = [
        (key, value, _DEFAULTS[key], "SESSION" if value != _DEFAULTS[key] else "", "", "STRING")
        for key, value in sorted(values.items())
        if pattern is None or like(pattern, key)
    ]
    return Result.rows(columns, rows)


@scalar("SYSTEM$CANCEL_ALL_QUERIES")
def cancel_all_queries(_: Session, *__: str) -> str:
    """A session's statements run one after the other: none is left to cancel."""
    return "0 cancelled"
