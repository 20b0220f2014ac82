"""Conversions to times: every form of text that Snowflake takes without being told a format.

Holds the macros; those of TRY_ answer NULL where the others fail. A form that is missing here is
a NULL that nobody notices, so add one when Snowflake's page does. What must not go here: formats
that the statement gives (`time_formats`).

Sources: https://docs.snowflake.com/en/sql-reference/date-time-input-output (the AUTO formats),
https://docs.snowflake.com/en/sql-reference/functions/to_timestamp (integers in texts).
"""

from __future__ import annotations

from embedded_snowflake.errors import UNSUPPORTED

_WHOLE = "[+-]?[0-9]+"
_HOUR = "[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}[T ][0-9]{1,2}"
_AMERICAN = r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4} [0-9]{1,2}:[0-9]{2}:[0-9]{2}"
_MAIL = r"[A-Za-z]{3}, [0-9]{1,2} [A-Za-z]{3} [0-9]{4} [0-9]{1,2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?( [AaPp][Mm])?"
_MAILED = [
    f"%a, %d %b %Y {clock}"
    for clock in ("%H:%M:%S", "%H:%M:%S.%f", "%I:%M:%S %p", "%I:%M:%S.%f %p")
]
# DuckDB would round what is below a microsecond.
_SHORTER = r"regexp_replace({}, '([.][0-9]{{6}})[0-9]+', '\1')"
_MAILED_WITH_ZONE = [f"{one} %z" for one in _MAILED]
_UNIX = r"[A-Za-z]{3} [A-Za-z]{3} [0-9]{1,2} [0-9]{1,2}:[0-9]{2}:[0-9]{2}"
_OFFSET = "[+-][0-9]{2}:?[0-9]{2}"
_CLOCK = r"([01]?[0-9]|2[0-3]):[0-5]?[0-9](:[0-5]?[0-9](\.[0-9]*)?)?"
_ZONE = r"Z|UTC|GMT|[+-][0-9]{1,2}(:?[0-9]{2})?|[A-Za-z_]+/[A-Za-z0-9_/+-]+"

# What DuckDB reads is no more than this; of other words behind a time it takes no notice.
_PLAIN = rf"\s*[0-9]{{1,4}}-[0-9]{{1,2}}-[0-9]{{1,2}}([T ]\s*{_CLOCK}\s*({_ZONE})?)?\s*"

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
    WHEN regexp_full_match(x, '{_HOUR}') THEN TRY_CAST(concat(x, ':00') AS TIMESTAMP)
    WHEN regexp_full_match(x, '{_AMERICAN}') THEN try_strptime(x, '%m/%d/%Y %H:%M:%S')
    WHEN regexp_full_match(x, '[0-9]{{1,2}}/[0-9]{{1,2}}/[0-9]{{4}}') THEN try_strptime(x, '%m/%d/%Y')
    WHEN regexp_full_match(x, '[0-9]{{1,2}}-[A-Za-z]+-[0-9]{{4}}')
    THEN try_strptime(x, ['%d-%b-%Y', '%d-%B-%Y'])
    WHEN regexp_full_match(x, '{_MAIL}') THEN try_strptime({_SHORTER.format("x")}, {_MAILED}) END"""

# A zone is left out: the time is that of the clock on the wall.
_NTZ = f"""COALESCE(_es_local_time(trim(CAST(text AS VARCHAR))), CASE
    WHEN regexp_full_match(trim(CAST(text AS VARCHAR)), '{_MAIL} {_OFFSET}')
    THEN _es_local_time(regexp_replace(trim(CAST(text AS VARCHAR)), ' {_OFFSET}$', ''))
    WHEN regexp_full_match(trim(CAST(text AS VARCHAR)), '{_UNIX} {_OFFSET} [0-9]{{4}}')
    THEN try_strptime(regexp_replace(trim(CAST(text AS VARCHAR)), ' {_OFFSET} ', ' '),
        '%a %b %d %H:%M:%S %Y')
    WHEN regexp_full_match(CAST(text AS VARCHAR), '{_PLAIN}')
    THEN TRY_CAST(regexp_replace(
        CAST(text AS VARCHAR), '(:[0-9.]+)\\s*({_ZONE})\\s*$', '\\1') AS TIMESTAMP) END)"""

_TZ = f"""COALESCE(_es_local_time(trim(CAST(text AS VARCHAR))) AT TIME ZONE 'UTC', CASE
    WHEN regexp_full_match(trim(CAST(text AS VARCHAR)), '{_MAIL} {_OFFSET}')
    THEN try_strptime({_SHORTER.format("trim(CAST(text AS VARCHAR))")}, {_MAILED_WITH_ZONE})
    WHEN regexp_full_match(trim(CAST(text AS VARCHAR)), '{_UNIX} {_OFFSET} [0-9]{{4}}')
    THEN try_strptime(trim(CAST(text AS VARCHAR)), '%a %b %d %H:%M:%S %z %Y')
    WHEN regexp_full_match(CAST(text AS VARCHAR), '{_PLAIN}')
    THEN TRY_CAST(regexp_replace(
        CAST(text AS VARCHAR), '\\s+(Z|{_OFFSET})$', '\\1') AS TIMESTAMPTZ) END)"""

_AM_OR_PM = r"(0?[0-9]|1[0-2]):[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)? ?[AaPp][Mm]"
_TIME = f"""CASE WHEN regexp_full_match(x, '{_WHOLE}') THEN CAST(date_trunc('second', _es_epoch(x)) AS TIME)
    WHEN regexp_full_match(x, '{_AM_OR_PM}') THEN CAST(try_strptime(x, ['%I:%M %p', '%I:%M:%S %p',
        '%I:%M:%S.%n %p', '%I:%M%p', '%I:%M:%S%p', '%I:%M:%S.%n%p']) AS TIME)
    WHEN regexp_full_match(x, '{_CLOCK}\\s*({_ZONE})?')
    THEN TRY_CAST(regexp_extract(x, '^{_CLOCK}') AS TIME)
    ELSE CAST(_es_try_timestamp_ntz(x) AS TIME) END"""

# A VARIANT's text is read as a text, and everything else of it as a number of seconds. Every branch
# must bind for every type, which TRY_CAST does and CAST does not. A macro writes its argument out
# wherever it names it, so that conversions within each other grew without end: the list's one
# element is written out once.
_MOMENT = """list_transform([x], lambda v: _es_recognized(v, CASE typeof(v)
    WHEN 'VARCHAR' THEN {tried}(CAST(v AS VARCHAR))
    WHEN 'JSON' THEN CASE WHEN json_type(to_json(v)) = 'VARCHAR' THEN {tried}(to_json(v) ->> '$')
        ELSE CAST(_es_seconds(to_json(v) ->> '$', 0) AS {kind}) END
    WHEN 'BOOLEAN' THEN NULL ELSE COALESCE(TRY_CAST(v AS {kind}), CAST(_es_seconds(v, 0) AS {kind})) END, '{named}'))[1]"""
_DATE = """list_transform([x], lambda v: _es_recognized(v, CASE typeof(v)
    WHEN 'VARCHAR' THEN _es_try_date(CAST(v AS VARCHAR))
    WHEN 'JSON' THEN CASE WHEN json_type(to_json(v)) = 'VARCHAR' THEN _es_try_date(to_json(v) ->> '$') END
    ELSE TRY_CAST(v AS DATE) END, 'Date'))[1]"""

# By way of their texts: DuckDB makes no TIME of a TIMESTAMPTZ.
_HOURS = """list_transform([x], lambda v: _es_recognized(v, _es_try_time(
    CASE WHEN typeof(v) = 'JSON' THEN to_json(v) ->> '$'
    WHEN typeof(v) = 'VARCHAR' OR typeof(v) LIKE 'TIME%' THEN CAST(v AS VARCHAR) END), 'Time'))[1]"""

# A TIMESTAMP_TZ is an instant and the offset that it came with; only the instant is kept here, so
# that another offset than +00:00 is refused where it would be seen.
_OTHER_OFFSET = r"""regexp_matches(CAST(x AS VARCHAR),
    ':[0-9]{2}(\.[0-9]+)?(\s*[AaPp][Mm])?\s*([+-]([0-9]{2}:?[0-9]{2}|[0-9]{2})(\s+[0-9]{4})?|\w+/\S+)"?\s*$')
    AND NOT regexp_matches(CAST(x AS VARCHAR), '[+-]00(:?00)?(\s+[0-9]{4})?"?$')"""

MACROS = {
    "_es_seconds(n, scale)": (
        "make_timestamp(CAST(TRY_CAST(floor(TRY_CAST(n AS DECIMAL(38, 9))) AS HUGEINT) * 1000000 "
        "// CAST(power(10, scale) AS HUGEINT) AS BIGINT) + CAST(trunc((TRY_CAST(n AS DECIMAL(38, 9)) "
        "- floor(TRY_CAST(n AS DECIMAL(38, 9)))) * 1000000 // power(10, scale)) AS BIGINT))"
    ),
    "_es_recognized(x, made, kind)": (
        "CASE WHEN _es_fails(made IS NULL AND (to_json(x) ->> '$') IS NOT NULL, "
        "concat(kind, ' ''', to_json(x) ->> '$', ''' is not recognized')) THEN NULL ELSE made END"
    ),
    "_es_offset_seen(x)": (
        f"CASE WHEN _es_fails({_OTHER_OFFSET}, "
        f"concat('{UNSUPPORTED}a TIMESTAMP_TZ of another offset than +00:00 ("
        "use TIMESTAMP_LTZ): ', CAST(x AS VARCHAR))) THEN NULL ELSE x END"
    ),
    "_es_microseconds(n)": _MICROSECONDS,
    "_es_epoch(x)": _EPOCH,
    "_es_local_time(x)": _LOCAL,
    "_es_try_timestamp_ntz(text)": _NTZ,
    "_es_try_timestamp_tz(text)": _TZ,
    "_es_try_date(text)": "CAST(_es_try_timestamp_ntz(text) AS DATE)",
    "_es_clock(x)": _TIME,
    "_es_try_time(text)": "_es_clock(trim(CAST(text AS VARCHAR)))",
}
TYPED = {
    "_es_time": f"(x TIME) AS x, (x) AS {_HOURS}",
    "_es_date": f"""(x DATE) AS x, (x TIMESTAMP) AS CAST(x AS DATE),
        (x TIMESTAMPTZ) AS CAST(x AS DATE), (x) AS {_DATE}""",
    "_es_timestamp_ntz": "(x TIMESTAMP) AS x, (x DATE) AS CAST(x AS TIMESTAMP), "
    "(x TIMESTAMPTZ) AS CAST(x AS TIMESTAMP), (x) AS "
    + _MOMENT.format(tried="_es_try_timestamp_ntz", kind="TIMESTAMP", named="Timestamp"),
    "_es_timestamp_tz": "(x TIMESTAMPTZ) AS x, (x DATE) AS CAST(x AS TIMESTAMPTZ), "
    "(x TIMESTAMP) AS CAST(x AS TIMESTAMPTZ), (x) AS "
    + _MOMENT.format(tried="_es_try_timestamp_tz", kind="TIMESTAMPTZ", named="Timestamp"),
}
