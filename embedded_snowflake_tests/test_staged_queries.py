"""Queries of staged files: every value exactly as it stands in the file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import snowflake.connector
from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import ProgrammingError

from embedded_snowflake import ConnectionInfo
from embedded_snowflake.objects.files.file_formats import FileFormat
from embedded_snowflake.objects.files.staged_files import UnreadableFile, read_csv

TEXT = "field_optionally_enclosed_by='\"' escape_unenclosed_field=none null_if=()"


@pytest.fixture(scope="module")
def connection(server: ConnectionInfo) -> Iterator[SnowflakeConnection]:
    with snowflake.connector.connect(**server.connect_arguments()) as opened:
        opened.cursor().execute("CREATE OR REPLACE DATABASE STAGED_TEST")
        opened.cursor().execute(
            f"CREATE FILE FORMAT EXACT TYPE=CSV SKIP_HEADER=1 EMPTY_FIELD_AS_NULL=FALSE {TEXT}"
        )
        opened.cursor().execute(
            "CREATE FILE FORMAT PARQUET_FILES TYPE=PARQUET USE_LOGICAL_TYPE=TRUE"
        )
        yield opened
        opened.cursor().execute("DROP DATABASE STAGED_TEST")


def rows(connection: SnowflakeConnection, sql: str) -> list[Any]:
    cursor = connection.cursor()
    cursor.execute(sql)
    return cursor.fetchall()


def stage(connection: SnowflakeConnection, tmp_path: Path, name: str, content: bytes) -> None:
    rows(connection, "CREATE OR REPLACE STAGE LANDING")
    (tmp_path / name).write_bytes(content)
    rows(connection, f"PUT 'file://{tmp_path / name}' @LANDING/in AUTO_COMPRESS=FALSE")


def csv(tmp_path: Path, content: bytes, **options: Any) -> list[list[str | None]]:
    (tmp_path / "x.csv").write_bytes(content)
    usual = FileFormat(field_optionally_enclosed_by='"', null_if=())
    return read_csv(tmp_path / "x.csv", replace(usual, **options)).rows


def test_text_is_not_taken_for_anything_else(
    connection: SnowflakeConnection, tmp_path: Path
) -> None:
    content = '\ufeffid,v\n001,1e5\n"a ""b"", c"," x "\n"two\r\nlines",ü\n4,""\n5,\n6\n7,b,extra\n'
    stage(connection, tmp_path, "t.csv", content.encode())
    found = rows(
        connection,
        "SELECT METADATA$FILENAME, METADATA$FILE_ROW_NUMBER, t.$1, t.$2, t.$3 "
        "FROM @LANDING/in (FILE_FORMAT => 'EXACT', PATTERN => '.*t[.]csv') t ORDER BY 2",
    )
    assert [row[0] for row in found] == ["in/t.csv"] * 7
    assert [row[1:] for row in found] == [
        (1, "001", "1e5", None),
        (2, 'a "b", c', " x ", None),
        (3, "two\r\nlines", "ü", None),
        (4, "4", "", None),
        (5, "5", "", None),
        (6, "6", None, None),
        (7, "7", "b", "extra"),
    ]


def test_an_empty_field_is_null_and_an_empty_text_is_not(tmp_path: Path) -> None:
    assert csv(tmp_path, b'a,"",\n') == [["a", "", None]]
    assert csv(tmp_path, b'a,"",\n', empty_field_as_null=False) == [["a", "", ""]]
    assert csv(tmp_path, b"a,NA,\\N\n", null_if=("NA", "\\N")) == [["a", None, None]]


def test_escapes_delimiters_and_spaces_follow_the_format(tmp_path: Path) -> None:
    assert csv(tmp_path, b"a\\,b,c\n") == [["a,b", "c"]]
    assert csv(tmp_path, b"a\\,b\n", escape_unenclosed_field=None) == [["a\\", "b"]]
    assert csv(tmp_path, b'"a\\"b";c\n', escape="\\", field_delimiter=";") == [['a"b', "c"]]
    assert csv(tmp_path, b' "a" , b \n', trim_space=True) == [["a", "b"]]
    assert csv(tmp_path, b"a\n\nb\n", skip_blank_lines=True) == [["a"], ["b"]]
    assert csv(tmp_path, "ä\n".encode("iso-8859-1"), encoding="ISO88591") == [["ä"]]


def test_a_wrong_record_is_known_by_its_line_and_the_others_go_on(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b'h\n"a\nb",1\n"c"d,2\n\xff\xfe,3\ne,4\n')
    read = read_csv(path, FileFormat(skip_header=1, field_optionally_enclosed_by='"'))
    assert read.rows == [["a\nb", "1"], ["e", "4"]]
    assert read.numbers == [1, 4]
    assert [(one.line, one.record) for one in read.faults] == [(4, 2), (5, 3)]
    assert "Found character 'd'" in read.faults[0].message
    assert "Invalid UTF8" in read.faults[1].message


def test_a_broken_archive_is_said_to_be_one(tmp_path: Path) -> None:
    path = tmp_path / "x.csv.gz"
    path.write_bytes(b"\x1f\x8bnothing")
    with pytest.raises(UnreadableFile, match="not valid GZIP"):
        read_csv(path, FileFormat())


def test_parquet_columns_keep_their_values_and_give_their_text(
    connection: SnowflakeConnection, tmp_path: Path
) -> None:
    moment = dt.datetime(2024, 1, 2, 3, 4, 5, 678000)
    table = pa.table({"Id": ["007", None], "n": [1, 2], "x": [1.0, 2.5], "t": [moment, None]})
    pq.write_table(table, tmp_path / "p.parquet")
    stage(connection, tmp_path, "p.parquet", (tmp_path / "p.parquet").read_bytes())
    found = rows(
        connection,
        'SELECT METADATA$FILE_ROW_NUMBER, $1:"Id"::VARCHAR, $1:"n"::VARCHAR, $1:"x"::VARCHAR, '
        '$1:"t"::VARCHAR, $1:"t"::TIMESTAMP_NTZ, $1:"x"::FLOAT, $1:"none"::VARCHAR '
        "FROM @LANDING (FILE_FORMAT => 'PARQUET_FILES') ORDER BY 1",
    )
    assert found == [
        (1, "007", "1", "1", "2024-01-02 03:04:05.678", moment, 1.0, None),
        (2, None, "2", "2.5", None, None, 2.5, None),
    ]
    schema = rows(
        connection,
        "SELECT COLUMN_NAME, TYPE FROM TABLE(INFER_SCHEMA(LOCATION => '@LANDING/in', "
        "FILE_FORMAT => 'PARQUET_FILES')) ORDER BY ORDER_ID",
    )
    assert schema == [
        ("Id", "TEXT"),
        ("n", "NUMBER(38, 0)"),
        ("x", "REAL"),
        ("t", "TIMESTAMP_NTZ"),
    ]


def test_infer_schema_of_csv_reads_the_header(
    connection: SnowflakeConnection, tmp_path: Path
) -> None:
    rows(connection, f"CREATE OR REPLACE FILE FORMAT HEADED TYPE=CSV PARSE_HEADER=TRUE {TEXT}")
    stage(connection, tmp_path, "h.csv", b"user,amount,day\nu1,1.50,2024-01-01\nu2,20,2024-01-02\n")
    assert rows(
        connection,
        "SELECT COLUMN_NAME, TYPE FROM TABLE(INFER_SCHEMA(LOCATION => '@LANDING', "
        "FILE_FORMAT => 'HEADED')) ORDER BY ORDER_ID",
    ) == [("user", "TEXT"), ("amount", "NUMBER(4, 2)"), ("day", "DATE")]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b'h\n"open', "quote that ends"), (b"h\n\xff\n", "Invalid UTF8")],
)
def test_a_query_of_a_bad_file_fails(
    connection: SnowflakeConnection, tmp_path: Path, content: bytes, sentence: str
) -> None:
    stage(connection, tmp_path, "bad.csv", content)
    with pytest.raises(ProgrammingError, match=sentence):
        rows(connection, "SELECT $1 FROM @LANDING (FILE_FORMAT => 'EXACT')")


def test_a_header_is_read_without_what_follows_it(
    connection: SnowflakeConnection, tmp_path: Path
) -> None:
    stage(connection, tmp_path, "long.csv", b"skipped\nid,v\n\xff,1\n")
    assert rows(
        connection,
        "SELECT $1, $2 FROM @LANDING (FILE_FORMAT => 'EXACT') WHERE METADATA$FILE_ROW_NUMBER = 1",
    ) == [("id", "v")]
