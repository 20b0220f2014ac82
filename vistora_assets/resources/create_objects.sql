-- Lasting objects of the schema ML that no asset's table is. {places} are quoted names.

CREATE TABLE IF NOT EXISTS {ml}."PUBLICATIONS" (
  TABLE_NAME TEXT NOT NULL COMMENT 'The physical table, without database and schema',
  PARTITION_KEY TEXT NOT NULL COMMENT 'The partition, or the empty text for a whole table',
  TOKEN TEXT COMMENT 'What the content was made from, as its asset says',
  ROW_COUNT NUMBER(38, 0) NOT NULL COMMENT 'Rows of the table or partition',
  PUBLISHED_AT TIMESTAMP_NTZ NOT NULL COMMENT 'When, in UTC'
) COMMENT = 'What was published last. Grain: a table, or a partition of one';

CREATE TABLE IF NOT EXISTS {ml}."ARTIFACTS" (
  ASSET_KEY TEXT NOT NULL COMMENT 'The asset, its parts joined by /',
  CONTENT TEXT NOT NULL COMMENT 'The reference, as JSON',
  RUN_ID TEXT NOT NULL COMMENT 'The run that wrote it',
  UPDATED_AT TIMESTAMP_NTZ NOT NULL COMMENT 'When, in UTC'
) COMMENT = 'References to what is no table: feature views, models. Grain: an asset';

CREATE TABLE IF NOT EXISTS {ml}."PROMOTIONS" (
  MODEL_VERSION TEXT NOT NULL COMMENT 'The challenger',
  TRAINING_ID TEXT NOT NULL COMMENT 'The identity of its training',
  FEATURE_VERSION TEXT NOT NULL COMMENT 'The version of the feature view that it needs',
  CHAMPION_BEFORE TEXT COMMENT 'The champion that it was compared with; NULL if there was none',
  GATE_AS_OF TIMESTAMP_NTZ NOT NULL COMMENT 'AS_OF of the rows on which it was decided',
  PROMOTED BOOLEAN NOT NULL COMMENT 'Whether it passed the gate',
  APPLIED BOOLEAN NOT NULL COMMENT 'Whether the aliases were moved accordingly',
  REASONS TEXT NOT NULL COMMENT 'Sentences, a JSON list',
  DECIDED_AT TIMESTAMP_NTZ NOT NULL COMMENT 'When, in UTC'
) COMMENT = 'What the gate decided. Grain: a model version';

CREATE STAGE IF NOT EXISTS {ml}."MODELS" COMMENT = 'Fitted models, one folder a training';
