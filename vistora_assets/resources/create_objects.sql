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
  MODEL_VERSION TEXT NOT NULL COMMENT 'The version that was decided about',
  TRAINING_ID TEXT NOT NULL COMMENT 'The identity of its training',
  FEATURE_VERSION TEXT NOT NULL COMMENT 'The version of the feature view that it needs',
  CHAMPION_BEFORE TEXT COMMENT 'The champion that it was compared with; NULL if there was none',
  GATE_AS_OF TIMESTAMP_NTZ NOT NULL COMMENT 'AS_OF of the rows on which it was decided',
  PROMOTED BOOLEAN NOT NULL COMMENT 'Whether it became champion',
  APPLIED BOOLEAN NOT NULL COMMENT 'Whether the aliases follow this decision or a later one',
  REASONS TEXT NOT NULL COMMENT 'Sentences, a JSON list',
  DECIDED_AT TIMESTAMP_NTZ NOT NULL COMMENT 'When, in UTC'
) COMMENT = 'Every decision about the champion, never changed afterwards. Grain: a decision';

ALTER TABLE {ml}."PROMOTIONS" ADD COLUMN IF NOT EXISTS DECISION NUMBER(38, 0) COMMENT 'Their order: 1 is the first';

ALTER TABLE {ml}."PROMOTIONS" ADD COLUMN IF NOT EXISTS ACTION TEXT COMMENT 'Who asked: gate (a training), promote, force or rollback (a person)';

ALTER TABLE {ml}."PROMOTIONS" ADD COLUMN IF NOT EXISTS COMPARISONS TEXT COMMENT 'What was compared, a JSON list';

ALTER TABLE {ml}."PROMOTIONS" ADD COLUMN IF NOT EXISTS FEATURE_SPECIFICATION TEXT COMMENT 'What makes the features of that version, JSON';

CREATE TABLE IF NOT EXISTS {ml}."CHAMPION" (GENERATION NUMBER(38, 0), MODEL_VERSION TEXT, CHANGED_AT TIMESTAMP_NTZ)
AS SELECT 0, NULL::TEXT, NULL::TIMESTAMP_NTZ;

COMMENT ON TABLE {ml}."CHAMPION" IS 'One row, which two promotions cannot change at once. GENERATION: decisions so far. MODEL_VERSION: the champion, whom the alias follows; NULL: nobody yet. CHANGED_AT: in UTC';

CREATE STAGE IF NOT EXISTS {ml}."MODELS" COMMENT = 'Fitted models, one folder a training';
