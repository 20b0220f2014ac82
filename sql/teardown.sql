-- Removes everything that setup.sql made, WITH ALL DATA AND MODELS IN IT.
--
-- Run it as a user who may assume USERADMIN and SYSADMIN. It may be run again. Snowflake keeps a
-- dropped database for its retention time (`UNDROP DATABASE ML_DEMO`); the embedded warehouse does
-- not.

-- VISTORA_PIPELINE owns what it created; SYSADMIN holds that role and the database.
USE ROLE SYSADMIN;

DROP DATABASE IF EXISTS ML_DEMO;
DROP WAREHOUSE IF EXISTS ML_WH;

USE ROLE USERADMIN;

DROP ROLE IF EXISTS VISTORA_PIPELINE;
DROP ROLE IF EXISTS VISTORA_READER;
