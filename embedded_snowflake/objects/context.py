"""Session parameters: ALTER SESSION, SHOW PARAMETERS."""

from __future__ import annotations

from embedded_snowflake import errors
from embedded_snowflake.objects.showing import columns, like
from embedded_snowflake.sessions.routing import handles, scalar
from embedded_snowflake.sessions.session import Session
from embedded_snowflake.sql.reading import Reader
from embedded_snowflake.sql.results import Result

_DEFAULTS = {
    "ABORT_DETACHED_QUERY": "false",
    "AUTOCOMMIT": "true",
    "BINARY_INPUT_FORMAT": "HEX",
    "BINARY_OUTPUT_FORMAT": "HEX",
    "CLIENT_SESSION_KEEP_ALIVE": "false",
    "CLIENT_TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_LTZ",
    "DATE_INPUT_FORMAT": "AUTO",
    "DATE_OUTPUT_FORMAT": "YYYY-MM-DD",
    "DEFAULT_NULL_ORDERING": "LAST",
    "ERROR_ON_NONDETERMINISTIC_MERGE": "true",
    "ERROR_ON_NONDETERMINISTIC_UPDATE": "false",
    "JSON_INDENT": "2",
    "LOCK_TIMEOUT": "60",
    "MULTI_STATEMENT_COUNT": "1",
    "PYTHON_CONNECTOR_QUERY_RESULT_FORMAT": "ARROW",
    "PYTHON_SNOWPARK_USE_SCOPED_TEMP_OBJECTS": "true",
    "QUERY_TAG": "",
    "QUOTED_IDENTIFIERS_IGNORE_CASE": "false",
    "ROWS_PER_RESULTSET": "0",
    "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS": "0",
    "STATEMENT_TIMEOUT_IN_SECONDS": "172800",
    "STRICT_JSON_OUTPUT": "false",
    "TIMESTAMP_DAY_IS_ALWAYS_24H": "false",
    "TIMESTAMP_INPUT_FORMAT": "AUTO",
    "TIMESTAMP_LTZ_OUTPUT_FORMAT": "",
    "TIMESTAMP_NTZ_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF3",
    "TIMESTAMP_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM",
    "TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_NTZ",
    "TIMESTAMP_TZ_OUTPUT_FORMAT": "",
    "TIMEZONE": "UTC",
    "TIME_INPUT_FORMAT": "AUTO",
    "TIME_OUTPUT_FORMAT": "HH24:MI:SS",
    "TRANSACTION_ABORT_ON_ERROR": "false",
    "TRANSACTION_DEFAULT_ISOLATION_LEVEL": "READ COMMITTED",
    "TWO_DIGIT_CENTURY_START": "1970",
    "USE_CACHED_RESULT": "true",
    "WEEK_OF_YEAR_POLICY": "0",
    "WEEK_START": "0",
}
_FREE = {
    *("ABORT_DETACHED_QUERY", "AUTOCOMMIT", "LOCK_TIMEOUT", "PYTHON_CONNECTOR_QUERY_RESULT_FORMAT"),
    *("CLIENT_SESSION_KEEP_ALIVE", "CLIENT_TIMESTAMP_TYPE_MAPPING", "QUERY_TAG"),
    *("PYTHON_SNOWPARK_USE_SCOPED_TEMP_OBJECTS", "STATEMENT_TIMEOUT_IN_SECONDS"),
    *("USE_CACHED_RESULT", "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS"),
}
"""Of any value: they say nothing about what a statement answers."""
_SECONDS = {one for one in _DEFAULTS if one.endswith(("LOCK_TIMEOUT", "_IN_SECONDS"))}


def refuse_effect(key: str, value: str) -> None:
    """Refuse a value of a known parameter by which statements would answer otherwise.

    Raises:
        SnowflakeError: 000002, with the parameter's name; 001008 where it is no number of seconds.
    """
    if key in _SECONDS and not value.isdecimal():
        raise errors.uncompiled(f"invalid value ['{value}'] for parameter '{key}'", 1008, "22023")
    if key not in _DEFAULTS or key in _FREE or value.lower() == _DEFAULTS[key].lower():
        return
    if key != "TIMEZONE":
        raise errors.unsupported(f"{key} = '{value}'")
    if value.upper() != "ETC/UTC":
        raise errors.unsupported("a TIMEZONE other than UTC")


def _unknown(key: str) -> errors.SnowflakeError:
    return errors.uncompiled(f"invalid session parameter '{key}'", 1006, "42000")


@handles("ALTER", "SESSION", "SET")
def set_parameters(session: Session, reader: Reader) -> Result:
    """Set known parameters; unknown ones are refused, as Snowflake refuses them."""
    while not reader.done():
        key = reader.word()
        reader.expect("=")
        value = reader.value()
        if key not in _DEFAULTS:
            raise _unknown(key)
        refuse_effect(key, value)
        session.parameters[key] = value
        if key == "AUTOCOMMIT":
            _set_autocommit(session, wanted=value.lower() != "false")
        reader.accept(",")
    return Result.status()


def _set_autocommit(session: Session, *, wanted: bool) -> None:
    if session.autocommit != wanted:
        session.commit()
    session.autocommit = wanted


@handles("ALTER", "SESSION", "UNSET")
def unset_parameters(session: Session, reader: Reader) -> Result:
    """Back to the default."""
    while not reader.done():
        key = reader.word()
        if key not in _DEFAULTS:
            raise _unknown(key)
        session.parameters.pop(key, None)
        if key == "AUTOCOMMIT":
            _set_autocommit(session, wanted=True)
        reader.accept(",")
    return Result.status()


@handles("SHOW", "PARAMETERS")
def show_parameters(session: Session, reader: Reader) -> Result:
    """SHOW PARAMETERS [LIKE ..] [IN SESSION]."""
    pattern = reader.string() if reader.accept("LIKE") else None
    if (reader.accept("IN") or reader.accept("FOR")) and not reader.accept("SESSION"):
        raise errors.unsupported("SHOW PARAMETERS of anything but the session")
    reader.end()
    values = {**_DEFAULTS, **{k: str(v) for k, v in session.parameters.items() if k in _DEFAULTS}}
    rows = [
        (key, value, _DEFAULTS[key], "SESSION" if value != _DEFAULTS[key] else "", "", "STRING")
        for key, value in sorted(values.items())
        if pattern is None or like(pattern, key)
    ]
    return Result.rows(columns("key value default level description type"), rows)


@scalar("SYSTEM$CANCEL_ALL_QUERIES")
def cancel_all_queries(session: Session, *asked: str) -> str:
    """A session's statements run one after the other: of its own none is left to cancel."""
    if asked and asked[0] != str(session.session_id):
        raise errors.unsupported("SYSTEM$CANCEL_ALL_QUERIES of another session")
    return "0 cancelled"
