"""Stages, PUT, LIST, REMOVE, GET, queries of staged files, file formats."""

from __future__ import annotations

from embedded_snowflake_tests.conformance.case import (
    Anything,
    Case,
    Error,
    Group,
    Json,
    Matching,
    fails,
)

_PUT = "sql-reference/sql/put"
_STAGE = "CREATE STAGE s"
_OTHER = "PUT 'file://{files}/other/people.csv' @s AUTO_COMPRESS = FALSE"
_UP = "PUT 'file://{files}/people.csv' @s AUTO_COMPRESS = FALSE"

GROUP = Group(
    "Stages and files",
    "Internal stages, PUT, GET, LIST, REMOVE, file formats, queries of staged files.",
    (
        Case(
            "CREATE STAGE says so",
            "CREATE STAGE said_stage",
            "sql-reference/sql/create-stage",
            rows=[("Stage area SAID_STAGE successfully created.",)],
        ),
        Case(
            "PUT reports the file",
            (_STAGE, _UP),
            _PUT,
            only=("source", "target", "target_compression", "status"),
            rows=[("people.csv", "people.csv", "NONE", "UPLOADED")],
        ),
        Case(
            "PUT compresses by itself",
            (_STAGE, "PUT 'file://{files}/people.csv' @s"),
            _PUT,
            only=("source", "target", "target_compression", "status"),
            rows=[("people.csv", "people.csv.gz", "GZIP", "UPLOADED")],
        ),
        Case(
            "PUT of a file that is there leaves it",
            (_STAGE, _UP, _UP, "SELECT $2 FROM @s/people.csv"),
            _PUT,
            rows=[("name",), ("ann",), ("bob",)],
            unordered=True,
        ),
        Case(
            "PUT of another content under a name that is there skips it",
            (_STAGE, _UP, _OTHER),
            _PUT,
            only=("source", "status"),
            rows=[("people.csv", "SKIPPED")],
            refused=Error(2, "0A000", "with other content, without OVERWRITE"),
        ),
        Case(
            "PUT with OVERWRITE",
            (_STAGE, _UP, _UP + " OVERWRITE = TRUE"),
            _PUT,
            only=("source", "status"),
            rows=[("people.csv", "UPLOADED")],
        ),
        Case(
            "PUT into a folder",
            (_STAGE, "PUT 'file://{files}/people.csv' @s/a/b AUTO_COMPRESS = FALSE", "LIST @s/a"),
            "sql-reference/sql/list",
            only=("name",),
            rows=[("s/a/b/people.csv",)],
        ),
        Case(
            "LIST",
            (_STAGE, _UP, "LIST @s"),
            "sql-reference/sql/list",
            columns=["name", "size", "md5", "last_modified"],
            rows=[
                ("s/people.csv", Anything(), Anything(), Matching(r"\w{3}, \d+ \w{3} \d{4} .*GMT"))
            ],
        ),
        Case(
            "LIST with a PATTERN",
            (
                _STAGE,
                _UP,
                "PUT 'file://{files}/data.json' @s AUTO_COMPRESS = FALSE",
                "LIST @s PATTERN = '.*[.]json'",
            ),
            "sql-reference/sql/list",
            only=("name",),
            rows=[("s/data.json",)],
        ),
        Case(
            "REMOVE",
            (_STAGE, _UP, "REMOVE @s/people.csv", "LIST @s"),
            "sql-reference/sql/remove",
            only=("name",),
            rows=[],
        ),
        Case(
            "a user's stage",
            (
                "PUT 'file://{files}/people.csv' @~/conformance AUTO_COMPRESS = FALSE OVERWRITE = TRUE",
                "LIST @~/conformance",
            ),
            "user-guide/data-load-local-file-system-create-stage",
            only=("name",),
            rows=[("conformance/people.csv",)],
        ),
        Case(
            "a table's stage",
            (
                "CREATE TABLE t (a INT)",
                "PUT 'file://{files}/people.csv' @%t AUTO_COMPRESS = FALSE",
                "LIST @%t",
            ),
            "user-guide/data-load-local-file-system-create-stage",
            only=("name",),
            rows=[("people.csv",)],
        ),
        fails(
            "a stage that is not there",
            "LIST @no_such_stage",
            Error(2003, None, "does not exist or not authorized"),
            "sql-reference/sql/list",
        ),
        Case(
            "a staged file's columns",
            (
                _STAGE,
                "CREATE FILE FORMAT f TYPE = CSV SKIP_HEADER = 1",
                _UP,
                "SELECT $1, $2 FROM @s/people.csv (FILE_FORMAT => 'f')",
            ),
            "user-guide/querying-stage",
            rows=[("1", "ann"), ("2", "bob")],
            unordered=True,
        ),
        Case(
            "a staged file's name and row",
            (_STAGE, _UP, "SELECT METADATA$FILENAME, METADATA$FILE_ROW_NUMBER FROM @s ORDER BY 2"),
            "user-guide/querying-metadata",
            rows=[("people.csv", 1), ("people.csv", 2), ("people.csv", 3)],
        ),
        Case(
            "a staged JSON file",
            (
                _STAGE,
                "CREATE FILE FORMAT j TYPE = JSON",
                "PUT 'file://{files}/data.json' @s AUTO_COMPRESS = FALSE",
                "SELECT $1:id::INT FROM @s (FILE_FORMAT => 'j') ORDER BY 1",
            ),
            "user-guide/querying-stage",
            rows=[(1,), (2,)],
        ),
        Case(
            "SHOW FILE FORMATS",
            ("CREATE FILE FORMAT shown TYPE = CSV", "SHOW FILE FORMATS LIKE 'SHOWN'"),
            "sql-reference/sql/show-file-formats",
            only=("name", "type"),
            rows=[("SHOWN", "CSV")],
        ),
        Case(
            "DROP STAGE",
            (_STAGE, "DROP STAGE s"),
            "sql-reference/sql/drop-stage",
            rows=[("S successfully dropped.",)],
        ),
        Case(
            "SHOW STAGES",
            ("CREATE STAGE shown_stage COMMENT = 'why'", "SHOW STAGES LIKE 'SHOWN_STAGE'"),
            "sql-reference/sql/show-stages",
            only=("name", "comment"),
            rows=[("SHOWN_STAGE", "why")],
        ),
        Case(
            "INFER_SCHEMA of a Parquet file",
            (
                _STAGE,
                "CREATE FILE FORMAT p TYPE = PARQUET",
                "PUT 'file://{files}/data.parquet' @s AUTO_COMPRESS = FALSE",
                "SELECT column_name, type FROM TABLE(INFER_SCHEMA(LOCATION => '@s', FILE_FORMAT => 'p')) ORDER BY order_id",
            ),
            "sql-reference/functions/infer_schema",
            rows=[("id", "NUMBER(38, 0)"), ("name", "TEXT")],
        ),
        Case(
            "an external stage",
            "CREATE STAGE outside URL = 's3://bucket/path'",
            "sql-reference/sql/create-stage",
            rows=[("Stage area OUTSIDE successfully created.",)],
            refused=Error(),
        ),
        Case(
            "SHOW STAGES says which have a directory table",
            (_STAGE, "CREATE STAGE d DIRECTORY = (ENABLE = TRUE)", "SHOW STAGES"),
            "sql-reference/sql/show-stages",
            only=("name", "directory_enabled"),
            rows=[("D", "Y"), ("S", "N")],
            unordered=True,
        ),
        Case(
            "a part of a staged JSON file is named as it was written",
            (
                *(_STAGE, "CREATE FILE FORMAT j TYPE = JSON"),
                "COPY INTO @s/o FROM (SELECT OBJECT_CONSTRUCT('k', 5)) FILE_FORMAT = (TYPE = JSON)",
                "SELECT $1:k, $1:k::INT FROM @s/o (FILE_FORMAT => 'j')",
            ),
            "user-guide/querying-stage",
            columns=["$1:K", "$1:K::INT"],
            rows=[(Json(5), 5)],
        ),
    ),
)
