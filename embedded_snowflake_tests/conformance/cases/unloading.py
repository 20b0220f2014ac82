"""COPY INTO a location: rows become files; COPY FILES."""

from __future__ import annotations

from embedded_snowflake_tests.conformance.case import Anything, Case, Error, Group, Matching

_PAGE = "sql-reference/sql/copy-into-location"
_FILES = "sql-reference/sql/copy-files"
_BASE = (
    "CREATE STAGE s",
    "CREATE TABLE t (id INT, name VARCHAR, at DATE)",
    "INSERT INTO t VALUES (1, 'ann', '2024-01-31'), (2, NULL, NULL)",
)
_PLAIN = "FILE_FORMAT = (TYPE = CSV COMPRESSION = NONE)"
_PARQUET = "FILE_FORMAT = (TYPE = PARQUET)"

GROUP = Group(
    "COPY INTO a location",
    "COPY INTO a stage as CSV, JSON and Parquet, in one file, several or partitions; COPY FILES.",
    (
        Case(
            "rows and bytes are told",
            (*_BASE, f"COPY INTO @s/out/ FROM t {_PLAIN}"),
            _PAGE,
            columns=("rows_unloaded", "input_bytes", "output_bytes"),
            rows=[(2, Anything(), Anything())],
        ),
        Case(
            "files are named data_ and compressed",
            (*_BASE, "COPY INTO @s/out/ FROM t", "LIST @s"),
            _PAGE,
            only=("name",),
            rows=[("s/out/data_0_0_0.csv.gz",)],
        ),
        Case(
            "the path's end begins the files' names",
            (*_BASE, f"COPY INTO @s/out/some FROM t {_PLAIN}", "LIST @s"),
            _PAGE,
            only=("name",),
            rows=[("s/out/some_0_0_0.csv",)],
        ),
        Case(
            "SINGLE names the file as it stands",
            (*_BASE, "COPY INTO @s/out.csv FROM t SINGLE = TRUE", "LIST @s"),
            _PAGE,
            only=("name",),
            rows=[("s/out.csv",)],
        ),
        Case(
            "SINGLE without a name is data",
            (*_BASE, "COPY INTO @s/out/ FROM t SINGLE = TRUE", "LIST @s"),
            _PAGE,
            only=("name",),
            rows=[("s/out/data",)],
        ),
        Case(
            "a query with a header, NULL as NULL_IF says",
            (
                *_BASE,
                "COPY INTO @s FROM (SELECT name, id + 1 AS next FROM t ORDER BY id) HEADER = TRUE "
                "FILE_FORMAT = (TYPE = CSV NULL_IF = ('none'))",
                "SELECT $1, $2 FROM @s",
            ),
            _PAGE,
            rows=[("NAME", "NEXT"), ("ann", "2"), ("none", "3")],
        ),
        Case(
            "what is enclosed comes back",
            (
                "CREATE STAGE s",
                "CREATE FILE FORMAT f TYPE = CSV FIELD_OPTIONALLY_ENCLOSED_BY = '\"'",
                "COPY INTO @s FROM (SELECT 'a,b', 'say \"x\"', '', NULL, 1.50, TRUE) "
                "FILE_FORMAT = (FORMAT_NAME = f)",
                "SELECT $1, $2, $3, $4, $5, $6 FROM @s (FILE_FORMAT => f)",
            ),
            _PAGE,
            rows=[("a,b", 'say "x"', "", None, "1.50", "true")],
        ),
        Case(
            "what is escaped comes back",
            (
                "CREATE STAGE s",
                "COPY INTO @s FROM (SELECT 'a,b', 'l\\nm', NULL, 2.5::FLOAT)",
                "SELECT $1, $2, $3, $4 FROM @s",
            ),
            _PAGE,
            rows=[("a,b", "l\nm", None, "2.5")],
        ),
        Case(
            "an empty text that nothing tells from NULL",
            ("CREATE STAGE s", "COPY INTO @s FROM (SELECT '')"),
            _PAGE,
            error=Error(),
        ),
        Case(
            "files that are there are not written over",
            (*_BASE, f"COPY INTO @s/out/ FROM t {_PLAIN}", f"COPY INTO @s/out/ FROM t {_PLAIN}"),
            _PAGE,
            error=Error(1030, "22000", "Files already existing"),
        ),
        Case(
            "unless OVERWRITE says so",
            (
                *_BASE,
                f"COPY INTO @s/out/ FROM t {_PLAIN}",
                f"COPY INTO @s/out/ FROM (SELECT 9) OVERWRITE = TRUE {_PLAIN}",
                "SELECT $1 FROM @s/out/",
            ),
            _PAGE,
            rows=[("9",)],
        ),
        Case(
            "DETAILED_OUTPUT tells of each file",
            (*_BASE, f"COPY INTO @s/out/ FROM t DETAILED_OUTPUT = TRUE {_PLAIN}"),
            _PAGE,
            columns=("FILE_NAME", "FILE_SIZE", "ROW_COUNT"),
            rows=[("out/data_0_0_0.csv", Anything(), 2)],
        ),
        Case(
            "INCLUDE_QUERY_ID puts it into the name",
            (*_BASE, f"COPY INTO @s FROM t INCLUDE_QUERY_ID = TRUE {_PLAIN}", "LIST @s"),
            _PAGE,
            only=("name",),
            rows=[(Matching(r"s/data_[0-9a-f-]{36}_0_0_0\.csv"),)],
        ),
        Case(
            "no file is larger than MAX_FILE_SIZE",
            (
                "CREATE STAGE s",
                f"COPY INTO @s FROM (SELECT SEQ4() FROM TABLE(GENERATOR(ROWCOUNT => 500))) "
                f"MAX_FILE_SIZE = 1000 {_PLAIN}",
                "SELECT COUNT(*), SUM($1::INT), COUNT(DISTINCT METADATA$FILENAME) > 1 FROM @s",
            ),
            _PAGE,
            rows=[(500, 124750, True)],
        ),
        Case(
            "nor is a single one",
            (
                "CREATE STAGE s",
                f"COPY INTO @s FROM (SELECT SEQ4() FROM TABLE(GENERATOR(ROWCOUNT => 500))) "
                f"MAX_FILE_SIZE = 1000 SINGLE = TRUE {_PLAIN}",
            ),
            _PAGE,
            error=Error(),
        ),
        Case(
            "JSON is a line a row",
            (
                "CREATE STAGE s",
                "CREATE FILE FORMAT f TYPE = JSON",
                "COPY INTO @s/x.json FROM (SELECT OBJECT_CONSTRUCT('a', column1, 'b', column1 || 'z') "
                "FROM VALUES (1), (2)) FILE_FORMAT = (TYPE = JSON COMPRESSION = NONE) SINGLE = TRUE",
                "SELECT $1:a::INT, $1:b::VARCHAR FROM @s (FILE_FORMAT => f) ORDER BY 1",
            ),
            _PAGE,
            rows=[(1, "1z"), (2, "2z")],
        ),
        Case(
            "JSON of several columns",
            (*_BASE, "COPY INTO @s FROM t FILE_FORMAT = (TYPE = JSON)"),
            _PAGE,
            error=Error(2019, "0A000", "one and only one column"),
        ),
        Case(
            "Parquet keeps the names where a header is asked for",
            (
                *_BASE,
                "CREATE FILE FORMAT f TYPE = PARQUET USE_LOGICAL_TYPE = TRUE",
                f"COPY INTO @s/p/ FROM t HEADER = TRUE {_PARQUET}",
                "SELECT $1:ID::INT, $1:NAME::VARCHAR, $1:AT::DATE::VARCHAR FROM @s/p/ (FILE_FORMAT => f) "
                "ORDER BY 1",
            ),
            _PAGE,
            rows=[(1, "ann", "2024-01-31"), (2, None, None)],
        ),
        Case(
            "Parquet takes no times with a zone",
            (*_BASE, f"COPY INTO @s FROM (SELECT CURRENT_TIMESTAMP()) {_PARQUET}"),
            _PAGE,
            error=Error(None, None, "TIMESTAMP_TZ and LTZ"),
        ),
        Case(
            "partitions are folders",
            (
                *_BASE,
                f"COPY INTO @s/out FROM t PARTITION BY ('at=' || at) {_PARQUET}",
                "LIST @s",
            ),
            _PAGE,
            only=("name",),
            rows=[
                (Matching(r"s/out/_NULL_/data_[0-9a-f-]{36}_0_0_0\.snappy\.parquet"),),
                (Matching(r"s/out/at=2024-01-31/data_[0-9a-f-]{36}_0_0_0\.snappy\.parquet"),),
            ],
        ),
        Case(
            "a table that is not there",
            ("CREATE STAGE s", "COPY INTO @s FROM nothing_there"),
            _PAGE,
            error=Error(2003, "42S02"),
        ),
        Case(
            "a stage that is not there",
            (*_BASE, "COPY INTO @nowhere FROM t"),
            _PAGE,
            error=Error(2003),
        ),
        Case(
            "an address of a cloud",
            (*_BASE, "COPY INTO 's3://bucket/path' FROM t"),
            _PAGE,
            rows=[(2, Anything(), Anything())],
            refused=Error(2, "0A000", "external location"),
        ),
        Case(
            "a VARIANT is its JSON in CSV",
            (
                "CREATE STAGE s",
                "CREATE FILE FORMAT f TYPE = CSV FIELD_OPTIONALLY_ENCLOSED_BY = '\"'",
                "COPY INTO @s FROM (SELECT PARSE_JSON('{\"a\": [1, \"x\"]}'), TO_VARIANT('y')) "
                "FILE_FORMAT = (FORMAT_NAME = f)",
                "SELECT $1, $2 FROM @s (FILE_FORMAT => f)",
            ),
            _PAGE,
            rows=[('{"a":[1,"x"]}', '"y"')],
        ),
        Case(
            "no rows make no file",
            (*_BASE, "COPY INTO @s FROM (SELECT * FROM t WHERE FALSE)", "LIST @s"),
            _PAGE,
            rows=[],
        ),
        Case(
            "other files in the folder do not matter",
            (
                *_BASE,
                f"COPY INTO @s/out/first FROM t {_PLAIN}",
                f"COPY INTO @s/out/second FROM t {_PLAIN}",
                "LIST @s",
            ),
            _PAGE,
            only=("name",),
            rows=[("s/out/first_0_0_0.csv",), ("s/out/second_0_0_0.csv",)],
        ),
        Case(
            "PARTITION BY with OVERWRITE",
            (*_BASE, f"COPY INTO @s FROM t PARTITION BY name {_PARQUET} OVERWRITE = TRUE"),
            _PAGE,
            error=Error(),
        ),
        Case(
            "COPY FILES from stage to stage",
            (
                *_BASE,
                "CREATE STAGE other",
                f"COPY INTO @s/in/ FROM t {_PLAIN}",
                "COPY FILES INTO @other/there/ FROM @s/in/",
                "LIST @other",
            ),
            _FILES,
            only=("name",),
            rows=[("other/there/data_0_0_0.csv",)],
        ),
        Case(
            "COPY FILES names what it copied",
            (
                *_BASE,
                "CREATE STAGE other",
                f"COPY INTO @s FROM t {_PLAIN}",
                "COPY FILES INTO @other FROM @s FILES = ('data_0_0_0.csv')",
            ),
            _FILES,
            columns=("file",),
            rows=[("data_0_0_0.csv",)],
        ),
        Case(
            "COPY FILES of a query gives other names",
            (
                *_BASE,
                "CREATE STAGE other",
                f"COPY INTO @s FROM t {_PLAIN}",
                "COPY FILES INTO @other FROM (SELECT '@s/data_0_0_0.csv', 'a/b.csv')",
                "LIST @other",
            ),
            _FILES,
            only=("name",),
            rows=[("other/a/b.csv",)],
        ),
        Case(
            "COPY FILES passes over a file that is not there",
            (*_BASE, "COPY FILES INTO @s FROM @s FILES = ('none.csv')"),
            _FILES,
            columns=["file"],
            rows=[],
        ),
        Case(
            "COPY FILES of a query whose file is not there",
            (*_BASE, "COPY FILES INTO @s FROM (SELECT '@s/none.csv')"),
            _FILES,
            error=Error(91016, "22000", "was not found"),
        ),
        Case(
            "COPY FILES into the stage of a table",
            (*_BASE, "COPY FILES INTO @%t FROM @s"),
            _FILES,
            error=Error(),
        ),
    ),
)
