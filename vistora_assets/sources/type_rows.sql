-- Reads the text of every input row, once, into typed values and the reasons against it.
-- REASONS is '' for a good row, else every reason, joined by '; '.
-- Bound: the patterns and bounds of `typing_rules.parameters`; {ignored}, {local_to_utc} and
-- {event_id_required} are SQL made there.
CREATE OR REPLACE TEMPORARY TABLE {typed_rows} AS
WITH TRIMMED AS (
  SELECT
    SOURCE_PATH, SOURCE_ROW, EVENT_ID AS RAW_EVENT_ID, USER_ID AS RAW_USER_ID,
    EVENT_TIME AS RAW_EVENT_TIME, EVENT_TYPE AS RAW_EVENT_TYPE, AMOUNT AS RAW_AMOUNT,
    COUNTRY AS RAW_COUNTRY, LOCAL_TIME, UTC_TIME, AMOUNT_VALUE, LAST_FIELD, FIELD_BEYOND,
    NULLIF(TRIM(EVENT_ID, %(blanks)s), '') AS EVENT_ID,
    NULLIF(TRIM(USER_ID, %(blanks)s), '') AS USER_ID,
    NULLIF(UPPER(TRIM(EVENT_TIME, %(blanks)s)), '') AS TIME_TEXT,
    NULLIF(LOWER(TRIM(EVENT_TYPE, %(blanks)s)), '') AS EVENT_TYPE,
    NULLIF(LOWER(TRIM(AMOUNT, %(blanks)s)), '') AS AMOUNT_TEXT,
    NULLIF(TRIM(COUNTRY, %(blanks)s), '') AS COUNTRY
  FROM {input_rows}
),
CUT AS (
  SELECT
    *,
    -- An ISO time in its parts, so that every warehouse reads it alike.
    CASE WHEN REGEXP_LIKE(TIME_TEXT, %(time)s) THEN SUBSTR(TIME_TEXT, 1, 10) END AS DAY_TEXT,
    CASE WHEN REGEXP_LIKE(TIME_TEXT, %(time)s) AND LENGTH(TIME_TEXT) > 10
      THEN REGEXP_SUBSTR(SUBSTR(TIME_TEXT, 12), %(clock)s) END AS CLOCK_TEXT,
    CASE WHEN REGEXP_LIKE(TIME_TEXT, %(time)s) AND LENGTH(TIME_TEXT) > 10
      THEN REGEXP_SUBSTR(SUBSTR(TIME_TEXT, 12), %(offset)s) END AS OFFSET_TEXT,
    CASE WHEN REGEXP_LIKE(AMOUNT_TEXT, %(number)s) THEN AMOUNT_TEXT END AS NUMBER_TEXT,
    COALESCE({ignored}, FALSE) AS IS_IGNORED
  FROM TRIMMED
),
PARSED AS (
  SELECT
    *,
    TRY_TO_TIMESTAMP_NTZ(
      DAY_TEXT || ' ' || COALESCE(CLOCK_TEXT || IFF(LENGTH(CLOCK_TEXT) = 5, ':00', ''), '00:00:00')
    ) AS WRITTEN_TIME,
    CASE
      WHEN OFFSET_TEXT IS NULL THEN NULL
      WHEN OFFSET_TEXT IN ('Z', 'UTC') THEN 0
      ELSE IFF(SUBSTR(OFFSET_TEXT, 1, 1) = '-', -1, 1) * (
        60 * TRY_CAST(SUBSTR(OFFSET_TEXT, 2, 2) AS INTEGER)
        + COALESCE(TRY_CAST(SUBSTR(REPLACE(OFFSET_TEXT, ':', ''), 4, 2) AS INTEGER), 0)
      )
    END AS OFFSET_MINUTES,
    COALESCE(AMOUNT_VALUE, TRY_TO_DOUBLE(NUMBER_TEXT)) AS AMOUNT
  FROM CUT
),
VALUED AS (
  SELECT
    *,
    CASE
      WHEN UTC_TIME IS NOT NULL THEN UTC_TIME
      WHEN OFFSET_MINUTES IS NOT NULL THEN DATEADD(MINUTE, -OFFSET_MINUTES, WRITTEN_TIME)
      ELSE {local_to_utc}
    END AS EVENT_TIME
  FROM PARSED
),
ARGUED AS (
  SELECT
    *,
    CASE WHEN FIELD_BEYOND IS NOT NULL THEN 'more fields than the header; ' ELSE '' END
    || CASE WHEN LAST_FIELD IS NULL THEN 'fewer fields than the header; ' ELSE '' END
    || CASE WHEN {event_id_required} AND EVENT_ID IS NULL THEN 'event_id is missing; ' ELSE '' END
    || CASE WHEN USER_ID IS NULL THEN 'user_id is missing; ' ELSE '' END
    || CASE
      WHEN EVENT_TIME IS NULL AND TIME_TEXT IS NULL THEN 'event_time is missing; '
      WHEN EVENT_TIME IS NULL
        THEN 'event_time ''' || LEFT(RAW_EVENT_TIME, 60) || ''' is not a time; '
      WHEN EVENT_TIME < TO_TIMESTAMP_NTZ(%(earliest)s) OR EVENT_TIME >= TO_TIMESTAMP_NTZ(%(latest)s)
        THEN 'event_time ''' || LEFT(RAW_EVENT_TIME, 60) || ''' is outside ' || %(range)s || '; '
      ELSE '' END
    || CASE
      WHEN EVENT_TYPE IS NULL THEN 'event_type is missing; '
      WHEN EVENT_TYPE IN ('purchase', 'refund') OR IS_IGNORED THEN ''
      ELSE 'event_type ''' || LEFT(RAW_EVENT_TYPE, 60) || ''' is not purchase or refund; ' END
    || CASE
      WHEN AMOUNT_VALUE IS NULL AND AMOUNT_TEXT IS NULL
        THEN IFF(IS_IGNORED, '', 'amount is missing; ')
      WHEN AMOUNT IS NULL AND NUMBER_TEXT IS NULL AND NOT REGEXP_LIKE(AMOUNT_TEXT, %(no_number)s)
        THEN 'amount ''' || LEFT(RAW_AMOUNT, 60) || ''' is not a number; '
      WHEN AMOUNT IS NULL OR NOT ABS(AMOUNT) <= %(greatest_float)s THEN 'amount is not finite; '
      WHEN ABS(AMOUNT) > %(greatest_amount)s
        THEN 'amount ''' || LEFT(RAW_AMOUNT, 60) || ''' is beyond 1e15; '
      WHEN AMOUNT < 0 AND COALESCE(EVENT_TYPE, '') <> 'refund'
        THEN 'negative ' || COALESCE(LEFT(EVENT_TYPE, 60), 'amount')
          || ' ''' || LEFT(RAW_AMOUNT, 60) || '''; '
      ELSE '' END AS REASON_TEXT
  FROM VALUED
)
SELECT
  SOURCE_PATH, SOURCE_ROW, RAW_EVENT_ID, RAW_USER_ID, RAW_EVENT_TIME, RAW_EVENT_TYPE, RAW_AMOUNT,
  RAW_COUNTRY, EVENT_ID, USER_ID, EVENT_TIME, EVENT_TYPE, ABS(AMOUNT) AS AMOUNT, COUNTRY,
  LEFT(REASON_TEXT, GREATEST(LENGTH(REASON_TEXT) - 2, 0)) AS REASONS
FROM ARGUED;
