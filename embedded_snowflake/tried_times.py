"""Conversions of texts to times: every form that Snowflake takes without being told a format.

Holds the macros. A form that is missing here is a NULL that nobody notices, so add one when
Snowflake's page does. What must not go here: formats that the statement gives (`time_formats`).

Sources: https://docs.snowflake.com/en/sql-reference/date-time-input-output (the AUTO formats),
https://docs.snowflake.com/en/sql-reference/functions/to_timestamp (integers in texts).
"""

from __future__ import annotations

_WHOLE = "[+-]?[0-9]+"
_HOUR = "[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}T[0-9]{1,2}"
_AMERICAN = r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4} [0-9]{1,2}:[0-9]{2}:[0-9]{2}"
_MAIL = r"[A-Za-z]{3}, [0-9]{1,2} [A-Za-z]{3} [0-9]{4} [0-9]{1,2}:[0-9]{2}:[0-9]{2}"
_UNIX = r"[A-Za-z]{3} [A-Za-z]{3} [0-9]{1,2} [0-9]{1,2}:[0-9]{2}:[0-9]{2}"
_OFFSET = "[+-][0-9]{2}:?[0-9]{2}"

# Seconds, milliseconds, microseconds or nanoseconds since 1970, by how large the number is; of no
# year from 1 to 9999, none.
_MICROSECONDS = """CASE WHEN n < -62135596800 THEN NULL
    WHEN n < 31536000000 THEN n * 1000000
    WHEN n < 31536000000000 THEN n * 1000
    WHEN n < 31536000000000000 THEN n
    WHEN n < 253402300800000000000 THEN n // 1000 END"""
_EPOCH = "make_timestamp(CAST(_es_microseconds(TRY_CAST(x AS HUGEINT)) AS BIGINT))"

# The forms that have no place for a zone.
_LOCAL = f"""CASE WHEN regexp_full_match(x, '{_WHOLE}') THEN _es_epoch(x)
    WHEN regexp_full_match(x, '{_HOUR}') THEN try_strptime(x, '%Y-%m-%dT%H')
    WHEN regexp_full_match(x, '{_AMERICAN}') THEN try_strptime(x, '%m/%d/%Y %H:%M:%S')
    WHEN regexp_full_match(x, '{_MAIL}') THEN try_strptime(x, '%a, %d %b %Y %H:%M:%S') END"""

# A zone is left out: the time is that of the clock on the wall.
_NTZ = f"""COALESCE(_es_local_time(trim(CAST(text AS VARCHAR))), CASE
    WHEN regexp_full_match(trim(CAST(text AS VARCHAR)), '{_MAIL} {_OFFSET}')
    THEN try_strptime(regexp_replace(trim(CAST(text AS VARCHAR)), ' {_OFFSET}$', ''),
        '%a, %d %b %Y %H:%M:%S')
    WHEN regexp_full_match(trim(CAST(text AS VARCHAR)), '{_UNIX} {_OFFSET} [0-9]{{4}}')
    THEN try_strptime(regexp_replace(trim(CAST(text AS VARCHAR)), ' {_OFFSET} ', ' '),
        '%a %b %d %H:%M:%S %Y')
    ELSE TRY_CAST(regexp_replace(
        CAST(text AS VARCHAR), '\\s*(Z|{_OFFSET})$', '') AS TIMESTAMP) END)"""

_TZ = f"""COALESCE(_es_local_time(trim(CAST(text AS VARCHAR))) AT TIME ZONE 'UTC', CASE
    WHEN regexp_full_match(trim(CAST(text AS VARCHAR)), '{_MAIL} {_OFFSET}')
    THEN try_strptime(trim(CAST(text AS VARCHAR)), '%a, %d %b %Y %H:%M:%S %z')
    WHEN regexp_full_match(trim(CAST(text AS VARCHAR)), '{_UNIX} {_OFFSET} [0-9]{{4}}')
    THEN try_strptime(trim(CAST(text AS VARCHAR)), '%a %b %d %H:%M:%S %z %Y')
    ELSE TRY_CAST(regexp_replace(
        CAST(text AS VARCHAR), '\\s+(Z|{_OFFSET})$', '\\1') AS TIMESTAMPTZ) END)"""

_READ_TZ = """CASE WHEN x IS NULL THEN CAST(NULL AS TIMESTAMPTZ)
    WHEN typeof(x) = 'DATE' OR starts_with(typeof(x), 'TIMESTAMP') THEN TRY_CAST(x AS TIMESTAMPTZ)
    WHEN typeof(x) NOT IN ('VARCHAR', 'JSON') THEN to_timestamp(TRY_CAST(x AS DOUBLE))
    ELSE COALESCE(_es_try_timestamp_tz(_es_text(x)), CAST(_es_text(x) AS TIMESTAMPTZ)) END"""

MACROS = {
    "_es_microseconds(n)": _MICROSECONDS,
    "_es_epoch(x)": _EPOCH,
    "_es_local_time(x)": _LOCAL,
    "_es_try_timestamp_ntz(text)": _NTZ,
    "_es_try_timestamp_tz(text)": _TZ,
    "_es_timestamp_tz(x)": _READ_TZ,
    "_es_try_date(text)": "CAST(_es_try_timestamp_ntz(text) AS DATE)",
}
