-- Lasting objects of input. Each statement stands alone and does nothing where its object exists.
-- {places} are filled in by Objects.names.

CREATE STAGE IF NOT EXISTS {landing}
  COMMENT = 'Purchase events as they came: <file name>/<sha256>[.<map>]/<file name>';

-- Text exactly as it stands in the file: nothing is taken for NULL but a field that is not there.
CREATE FILE FORMAT IF NOT EXISTS {csv_format}
  TYPE = CSV COMPRESSION = AUTO SKIP_HEADER = 1 FIELD_OPTIONALLY_ENCLOSED_BY = '"'
  ESCAPE_UNENCLOSED_FIELD = NONE NULL_IF = () EMPTY_FIELD_AS_NULL = FALSE TRIM_SPACE = FALSE
  SKIP_BLANK_LINES = TRUE ERROR_ON_COLUMN_COUNT_MISMATCH = FALSE ENCODING = 'UTF8'
  COMMENT = 'A landed CSV file without its header, all text';

CREATE FILE FORMAT IF NOT EXISTS {csv_header_format}
  TYPE = CSV COMPRESSION = AUTO SKIP_HEADER = 0 FIELD_OPTIONALLY_ENCLOSED_BY = '"'
  ESCAPE_UNENCLOSED_FIELD = NONE NULL_IF = () EMPTY_FIELD_AS_NULL = FALSE TRIM_SPACE = FALSE
  SKIP_BLANK_LINES = TRUE ERROR_ON_COLUMN_COUNT_MISMATCH = FALSE ENCODING = 'UTF8'
  COMMENT = 'A landed CSV file with its header as row 1, all text';

CREATE FILE FORMAT IF NOT EXISTS {parquet_format}
  TYPE = PARQUET COMPRESSION = AUTO USE_LOGICAL_TYPE = TRUE BINARY_AS_TEXT = FALSE
  COMMENT = 'A landed Parquet file';

CREATE TABLE IF NOT EXISTS {events} (
  EVENT_ID TEXT NOT NULL
    COMMENT 'Key: the id that the source gave, else <file name>#<row>',
  USER_ID TEXT NOT NULL COMMENT 'Who bought, as text, without surrounding spaces',
  EVENT_TIME TIMESTAMP_NTZ NOT NULL COMMENT 'When, in UTC',
  EVENT_TYPE TEXT NOT NULL
    COMMENT 'purchase or refund; other types only where settings list them as ignored',
  AMOUNT FLOAT COMMENT 'Amount >= 0 in the one currency of the installation; EVENT_TYPE gives the sign',
  COUNTRY TEXT COMMENT 'Country as the source names it; NULL where it gave none',
  LOADED_AT TIMESTAMP_NTZ NOT NULL COMMENT 'When the row was loaded, in UTC',
  SOURCE_FILE TEXT NOT NULL COMMENT 'Logical name of the file, or name of the table, it came from',
  SOURCE_ROW NUMBER(38, 0) COMMENT 'Row in that file, from 1 after the header; NULL for a table'
) COMMENT = 'Accepted events. Grain: an event. Key: EVENT_ID';

CREATE TABLE IF NOT EXISTS {rejected_events} (
  SOURCE_FILE TEXT NOT NULL COMMENT 'Logical name of the file, or name of the table, it came from',
  SOURCE_ROW NUMBER(38, 0) COMMENT 'Row in that file, from 1 after the header; NULL for a table',
  EVENT_ID TEXT COMMENT 'As it came',
  USER_ID TEXT COMMENT 'As it came',
  EVENT_TIME TEXT COMMENT 'As it came',
  EVENT_TYPE TEXT COMMENT 'As it came',
  AMOUNT TEXT COMMENT 'As it came',
  COUNTRY TEXT COMMENT 'As it came',
  REASONS TEXT NOT NULL COMMENT 'Everything that is wrong with the row, joined by "; "',
  FILE_HASH TEXT NOT NULL COMMENT 'Content that the row belongs to, as in LOADED_FILES',
  LOADED_AT TIMESTAMP_NTZ NOT NULL COMMENT 'When the row was rejected, in UTC'
) COMMENT = 'Input rows that were not accepted, as they came, with every reason. Grain: a row of input';

CREATE TABLE IF NOT EXISTS {loaded_files} (
  LOAD_SEQUENCE NUMBER(38, 0) NOT NULL COMMENT 'Which load, counted from 1; one load may read many files',
  FILE_NAME TEXT NOT NULL COMMENT 'Logical name of the file, or name of the table',
  FILE_HASH TEXT NOT NULL
    COMMENT 'SHA-256 of the content[+digest of its map]; md5:... if not landed by us; high_water:... for a table',
  STATE TEXT NOT NULL
    COMMENT 'LOADED: its rows count; BLOCKED: none of its rows was published; REPLACED: no longer counts',
  ROWS_READ NUMBER(38, 0) NOT NULL COMMENT 'Rows in the file, without the header',
  ROWS_ACCEPTED NUMBER(38, 0) NOT NULL COMMENT 'Rows that became events; 0 if BLOCKED',
  ROWS_REJECTED NUMBER(38, 0) NOT NULL COMMENT 'Rows with reasons in REJECTED_EVENTS',
  ROWS_KNOWN NUMBER(38, 0) NOT NULL COMMENT 'Rows whose event was there already',
  TOUCHED_FROM TIMESTAMP_NTZ
    COMMENT 'Earliest EVENT_TIME among events that this load added or removed; NULL if none',
  FIRST_EVENT_TIME TIMESTAMP_NTZ COMMENT 'Earliest accepted EVENT_TIME; NULL if none',
  LAST_EVENT_TIME TIMESTAMP_NTZ COMMENT 'Latest accepted EVENT_TIME; NULL if none',
  REASON TEXT COMMENT 'Why the file is BLOCKED, in a sentence; NULL otherwise',
  LOADED_AT TIMESTAMP_NTZ NOT NULL COMMENT 'When, in UTC'
) COMMENT = 'What was read, when, and how it went. Grain: a content of a file in a load';

-- One row, which every load updates: the lock that lets loads happen one after another, and the
-- number that tells a load that nothing was loaded since it looked.
CREATE TABLE IF NOT EXISTS {load_counter} (LOAD_SEQUENCE NUMBER(38, 0))
COMMENT = 'The lock and the counter of loads. Grain: exactly one row'
AS SELECT 0;
