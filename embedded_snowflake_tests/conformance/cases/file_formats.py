"""Options of file formats: compressions, encodings, delimiters, headers."""

from __future__ import annotations

from embedded_snowflake_tests.conformance.case import Case, Error, Group

_PAGE = "sql-reference/sql/create-file-format"
_COPY = "sql-reference/sql/copy-into-table"


def _loaded(name: str, file: str, options: str, *rows: tuple[object, ...]) -> Case:
    """A file that COPY loads, and what is in the table then."""
    return Case(
        name,
        (
            "CREATE STAGE s",
            f"PUT 'file://{{files}}/formats/{file}' @s AUTO_COMPRESS = FALSE",
            "CREATE TABLE t (id INT, name VARCHAR)",
            f"COPY INTO t FROM @s FILE_FORMAT = (TYPE = CSV {options})",
            "SELECT id, name FROM t ORDER BY id",
        ),
        _PAGE,
        rows=rows,
    )


def _failing(name: str, file: str, copied: str, error: Error) -> Case:
    """A COPY that fails."""
    return Case(
        name,
        (
            "CREATE STAGE s",
            f"PUT 'file://{{files}}/formats/{file}' @s AUTO_COMPRESS = FALSE",
            "CREATE TABLE t (id INT, name VARCHAR)",
            f"COPY INTO t {copied}",
        ),
        _COPY,
        error=error,
    )


_BOTH = ((1, "ann"), (2, "bob"))

GROUP = Group(
    "File formats",
    "Options of CSV and JSON files that COPY and queries of stages read.",
    (
        _loaded("BZ2", "people.csv.bz2", "COMPRESSION = BZ2", *_BOTH),
        _loaded("BZ2 is known by its bytes", "people.csv.bz2", "", *_BOTH),
        _loaded("ZSTD is known by its bytes", "people.csv.zst", "", *_BOTH),
        _loaded("DEFLATE", "people.deflate", "COMPRESSION = DEFLATE", *_BOTH),
        _loaded("RAW_DEFLATE", "people.raw_deflate", "COMPRESSION = RAW_DEFLATE", *_BOTH),
        _loaded("another encoding", "latin.csv", "ENCODING = 'ISO-8859-1'", (1, "é")),
        _loaded(
            "REPLACE_INVALID_CHARACTERS",
            "latin.csv",
            "REPLACE_INVALID_CHARACTERS = TRUE",
            (1, "\N{REPLACEMENT CHARACTER}"),
        ),
        _loaded("lines that end with CR LF", "windows.csv", "", *_BOTH),
        _loaded("a delimiter of records", "piped.csv", "RECORD_DELIMITER = '|'", *_BOTH),
        _loaded(
            "a delimiter of records by its code", "piped.csv", "RECORD_DELIMITER = '0x7c'", *_BOTH
        ),
        _loaded(
            "TRIM_SPACE around quoted and bare fields",
            "spaced.csv",
            "TRIM_SPACE = TRUE FIELD_OPTIONALLY_ENCLOSED_BY = '\"'",
            (1, "ann b"),
            (2, "bob"),
        ),
        _failing(
            "bytes that are no UTF-8",
            "latin.csv",
            "FROM @s FILE_FORMAT = (TYPE = CSV)",
            Error(100038, "22000", "Invalid UTF8"),
        ),
        _failing(
            "a quote that is not closed",
            "open.csv",
            "FROM @s FILE_FORMAT = (TYPE = CSV FIELD_OPTIONALLY_ENCLOSED_BY = '\"')",
            Error(part="quote"),
        ),
        _failing(
            "a file that is not what its name says",
            "people.deflate",
            "FROM @s FILE_FORMAT = (TYPE = CSV COMPRESSION = BZ2)",
            Error(part="BZ2"),
        ),
        _failing(
            "a format that is not there",
            "piped.csv",
            "FROM @s FILE_FORMAT = (FORMAT_NAME = 'never_format')",
            Error(2003, "02000", "does not exist"),
        ),
        _failing(
            "a character that can enclose no field",
            "piped.csv",
            "FROM @s FILE_FORMAT = (TYPE = CSV FIELD_OPTIONALLY_ENCLOSED_BY = 'x')",
            Error(part="FIELD_OPTIONALLY_ENCLOSED_BY"),
        ),
        _failing(
            "PARSE_HEADER beside SKIP_HEADER",
            "piped.csv",
            "FROM @s FILE_FORMAT = (TYPE = CSV PARSE_HEADER = TRUE SKIP_HEADER = 1)",
            Error(part="SKIP_HEADER"),
        ),
        _failing(
            "an unreadable Parquet file is named before its columns are missed",
            "broken.parquet",
            "FROM @s FILE_FORMAT = (TYPE = PARQUET) MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE",
            Error(part="broken.parquet"),
        ),
        Case(
            "INFER_SCHEMA of truth values and moments",
            (
                "CREATE STAGE s",
                "PUT 'file://{files}/formats/typed.csv' @s AUTO_COMPRESS = FALSE",
                "CREATE FILE FORMAT f TYPE = CSV PARSE_HEADER = TRUE",
                "SELECT column_name, type FROM TABLE(INFER_SCHEMA(LOCATION => '@s', "
                "FILE_FORMAT => 'f')) ORDER BY order_id",
            ),
            "sql-reference/functions/infer_schema",
            rows=[("known", "BOOLEAN"), ("at", "TIMESTAMP_NTZ")],
        ),
        Case(
            "DESC STAGE of none",
            "DESC STAGE never_stage",
            "sql-reference/sql/desc-stage",
            error=Error(2003, "02000", "does not exist"),
        ),
    ),
)
