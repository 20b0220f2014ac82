-- Gives every typed row its verdict against what is there already and against the rows before it.
--   accepted  becomes an event          known     its event is there, with the same values
--   rejected  has reasons               conflict  its event is there, with other values
--   withheld  good, in a blocked file
-- Events of files that this load replaces or reads again do not count as being there.
CREATE OR REPLACE TEMPORARY TABLE {judged_rows} AS
WITH INPUT AS (
  SELECT
    f.FILE_NAME, f.FILE_HASH, f.PLACE, f.IS_PUBLISHED, f.IS_DUPLICATE,
    r.SOURCE_ROW, r.RAW_EVENT_ID, r.RAW_USER_ID, r.RAW_EVENT_TIME, r.RAW_EVENT_TYPE, r.RAW_AMOUNT,
    r.RAW_COUNTRY, r.USER_ID, r.EVENT_TIME, r.EVENT_TYPE, r.AMOUNT, r.COUNTRY, r.REASONS,
    COALESCE(r.EVENT_ID, f.FILE_NAME || '#' || TO_VARCHAR(r.SOURCE_ROW)) AS EVENT_ID,
    -- The rows of a blocked file compete among themselves alone.
    IFF(f.IS_PUBLISHED, '', f.FILE_NAME) AS RIVALS
  FROM {typed_rows} r
  JOIN {input_files} f ON f.SOURCE_PATH = r.SOURCE_PATH
),
FIRSTS AS (
  SELECT *
  FROM INPUT
  WHERE REASONS = '' AND NOT IS_DUPLICATE
  QUALIFY ROW_NUMBER() OVER (PARTITION BY RIVALS, EVENT_ID ORDER BY PLACE, SOURCE_ROW) = 1
),
THERE AS (
  SELECT EVENT_ID, USER_ID, EVENT_TIME, EVENT_TYPE, AMOUNT, COUNTRY, SOURCE_FILE, SOURCE_ROW
  FROM {events}
  WHERE SOURCE_FILE NOT IN (SELECT FILE_NAME FROM {input_files} WHERE IS_REPLACING)
),
COMPARED AS (
  SELECT
    i.*,
    CASE
      WHEN e.EVENT_ID IS NOT NULL THEN 'there'
      WHEN p.EVENT_ID IS NOT NULL
        THEN IFF(p.FILE_NAME = i.FILE_NAME AND p.SOURCE_ROW = i.SOURCE_ROW, 'itself', 'before')
      WHEN o.FILE_NAME = i.FILE_NAME AND o.SOURCE_ROW = i.SOURCE_ROW THEN 'itself'
      ELSE 'before'
    END AS HELD_BY,
    CASE
      WHEN e.EVENT_ID IS NOT NULL THEN
        e.USER_ID = i.USER_ID AND e.EVENT_TIME = i.EVENT_TIME AND e.EVENT_TYPE = i.EVENT_TYPE
        AND EQUAL_NULL(e.AMOUNT, i.AMOUNT) AND EQUAL_NULL(e.COUNTRY, i.COUNTRY)
      WHEN p.EVENT_ID IS NOT NULL THEN
        p.USER_ID = i.USER_ID AND p.EVENT_TIME = i.EVENT_TIME AND p.EVENT_TYPE = i.EVENT_TYPE
        AND EQUAL_NULL(p.AMOUNT, i.AMOUNT) AND EQUAL_NULL(p.COUNTRY, i.COUNTRY)
      ELSE
        o.USER_ID = i.USER_ID AND o.EVENT_TIME = i.EVENT_TIME AND o.EVENT_TYPE = i.EVENT_TYPE
        AND EQUAL_NULL(o.AMOUNT, i.AMOUNT) AND EQUAL_NULL(o.COUNTRY, i.COUNTRY)
    END AS IS_SAME,
    COALESCE(e.SOURCE_FILE, p.FILE_NAME, o.FILE_NAME) AS HOLDER_FILE,
    CASE
      WHEN e.EVENT_ID IS NOT NULL THEN e.SOURCE_ROW
      WHEN p.EVENT_ID IS NOT NULL THEN p.SOURCE_ROW
      ELSE o.SOURCE_ROW
    END AS HOLDER_ROW
  FROM INPUT i
  LEFT JOIN THERE e ON e.EVENT_ID = i.EVENT_ID
  LEFT JOIN FIRSTS p ON p.EVENT_ID = i.EVENT_ID AND p.RIVALS = ''
  LEFT JOIN FIRSTS o ON o.EVENT_ID = i.EVENT_ID AND o.RIVALS = i.RIVALS
),
DECIDED AS (
  SELECT
    *,
    CASE
      WHEN IS_DUPLICATE THEN 'known'
      WHEN REASONS <> '' THEN 'rejected'
      WHEN HELD_BY = 'itself' THEN IFF(IS_PUBLISHED, 'accepted', 'withheld')
      WHEN IS_SAME THEN 'known'
      ELSE 'conflict'
    END AS VERDICT
  FROM COMPARED
)
SELECT
  FILE_NAME, FILE_HASH, PLACE, SOURCE_ROW, RAW_EVENT_ID, RAW_USER_ID, RAW_EVENT_TIME,
  RAW_EVENT_TYPE, RAW_AMOUNT, RAW_COUNTRY, EVENT_ID, USER_ID, EVENT_TIME, EVENT_TYPE, AMOUNT,
  COUNTRY, VERDICT,
  CASE
    WHEN VERDICT <> 'conflict' THEN REASONS
    ELSE 'event_id ''' || LEFT(EVENT_ID, 60) || ''' conflicts with ' || HOLDER_FILE
      || COALESCE(' row ' || TO_VARCHAR(HOLDER_ROW), '')
  END AS REASONS
FROM DECIDED;
