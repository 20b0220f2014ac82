"""Stages, PUT, GET, LIST and REMOVE as the real connector and Snowpark use them."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import snowflake.connector
from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import DatabaseError, ProgrammingError

from embedded_snowflake import ConnectionInfo


@pytest.fixture(scope="module")
def connection(server: ConnectionInfo) -> Iterator[SnowflakeConnection]:
    with snowflake.connector.connect(**server.connect_arguments()) as opened:
        opened.cursor().execute("CREATE OR REPLACE DATABASE STAGES_TEST")
        yield opened
        opened.cursor().execute("DROP DATABASE STAGES_TEST")


def rows(connection: SnowflakeConnection, sql: str, *values: Any) -> list[Any]:
    cursor = connection.cursor()
    cursor.execute(sql, *values)
    return cursor.fetchall()


def names(connection: SnowflakeConnection, reference: str) -> list[str]:
    return [row[0] for row in rows(connection, f"LIST {reference}")]


def put(connection: SnowflakeConnection, path: Path, target: str, options: str = "") -> list[Any]:
    return rows(connection, f"PUT 'file://{path}' {target} {options}")


def written(tmp_path: Path, name: str, content: bytes = b"one") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def test_a_file_goes_up_and_comes_back_the_same(
    connection: SnowflakeConnection, tmp_path: Path
) -> None:
    rows(connection, "CREATE OR REPLACE STAGE ROUND_TRIP")
    content = bytes(range(256)) * 5000
    put(connection, written(tmp_path, "b.bin", content), "@ROUND_TRIP/x/y", "AUTO_COMPRESS=FALSE")
    [listed] = rows(connection, "LIST @ROUND_TRIP")
    assert listed[:2] == ("round_trip/x/y/b.bin", len(content))
    (tmp_path / "back").mkdir()
    rows(connection, f"GET @ROUND_TRIP/x 'file://{tmp_path}/back'")
    assert (tmp_path / "back" / "b.bin").read_bytes() == content


def test_files_are_compressed_unless_told_otherwise(
    connection: SnowflakeConnection, tmp_path: Path
) -> None:
    rows(connection, "CREATE OR REPLACE STAGE ZIPPED")
    path = written(tmp_path, "c.csv", b"a,b")
    rows(connection, f"PUT file://{path} @ZIPPED")
    assert names(connection, "@ZIPPED") == ["zipped/c.csv.gz"]
    rows(connection, f"GET @ZIPPED file://{tmp_path}")
    assert gzip.decompress((tmp_path / "c.csv.gz").read_bytes()) == b"a,b"


@pytest.mark.parametrize("bound", [False, True])
def test_an_existing_file_stays_unless_overwrite_is_asked_for(
    connection: SnowflakeConnection, tmp_path: Path, *, bound: bool
) -> None:
    rows(connection, "CREATE OR REPLACE STAGE KEPT")

    def upload(options: dict[str, Any]) -> int:
        text = " ".join(f"{name}={value}" for name, value in options.items())
        if bound:
            connection.cursor()._upload(f"'file://{path}'", "@KEPT", options)
        else:
            put(connection, path, "@KEPT", text)
        [listed] = rows(connection, "LIST @KEPT")
        return int(listed[1])

    path = written(tmp_path, "d.txt", b"old")
    assert upload({"AUTO_COMPRESS": "FALSE"}) == len(b"old")
    assert upload({"AUTO_COMPRESS": "FALSE"}) == len(b"old")
    path.write_bytes(b"newer")
    # The client would call it uploaded.
    with pytest.raises(DatabaseError, match=r"(?i)with other content, without OVERWRITE"):
        upload({"AUTO_COMPRESS": "FALSE"})
    [listed] = rows(connection, "LIST @KEPT")
    assert listed[1] == len(b"old")
    assert upload({"AUTO_COMPRESS": "FALSE", "OVERWRITE": "TRUE"}) == len(b"newer")


def test_another_content_is_refused_packed_and_by_a_pattern(
    connection: SnowflakeConnection, tmp_path: Path
) -> None:
    rows(connection, "CREATE OR REPLACE STAGE PACKED")
    for name in ("one.csv", "two.csv"):
        written(tmp_path, name, b"a,b")
    every = tmp_path / "*.csv"
    # Without quotes, too, where the pattern begins like a comment.
    assert [row[6] for row in rows(connection, f"PUT file://{every} @PACKED")] == ["UPLOADED"] * 2
    assert [row[6] for row in put(connection, every, "@PACKED")] == ["UPLOADED"] * 2
    written(tmp_path, "two.csv", b"a,c")
    # Under another name it is another file.
    assert [
        row[6] for row in put(connection, tmp_path / "two.csv", "@PACKED", "AUTO_COMPRESS=FALSE")
    ]
    with pytest.raises(ProgrammingError, match=r"PUT of two\.csv\.gz"):
        put(connection, every, "@PACKED")


def test_a_path_is_a_prefix_and_a_pattern_narrows_it(
    connection: SnowflakeConnection, tmp_path: Path
) -> None:
    rows(connection, "CREATE OR REPLACE STAGE MANY")
    for name in ("a1.txt", "a2.txt", "b1.txt"):
        put(connection, written(tmp_path, name), "@MANY/in", "AUTO_COMPRESS=FALSE")
    assert names(connection, "@MANY/in/a") == ["many/in/a1.txt", "many/in/a2.txt"]
    assert names(connection, "'@MANY' PATTERN='.*1[.]txt'") == ["many/in/a1.txt", "many/in/b1.txt"]
    assert rows(connection, "REMOVE @MANY/in PATTERN='.*a.*'") == [
        ("many/in/a1.txt", "removed"),
        ("many/in/a2.txt", "removed"),
    ]
    assert names(connection, "@MANY") == ["many/in/b1.txt"]


def test_a_stage_made_anew_is_empty_and_a_quoted_one_is_another(
    connection: SnowflakeConnection, tmp_path: Path
) -> None:
    rows(connection, "CREATE OR REPLACE STAGE ANEW")
    rows(connection, 'CREATE OR REPLACE STAGE "anew"')
    put(connection, written(tmp_path, "e.txt"), "'@STAGES_TEST.PUBLIC.\"anew\"/p'")
    assert names(connection, "@ANEW") == []
    assert names(connection, '@"anew"') == ["anew/p/e.txt.gz"]
    rows(connection, 'CREATE OR REPLACE STAGE "anew"')
    assert names(connection, '@"anew"') == []


def test_table_and_user_stages_need_no_creation(
    connection: SnowflakeConnection, tmp_path: Path
) -> None:
    rows(connection, "CREATE OR REPLACE TABLE HOLDER (A TEXT)")
    assert names(connection, "@%HOLDER") == []
    put(connection, written(tmp_path, "f.txt"), "@%HOLDER")
    assert names(connection, "@%HOLDER") == ["f.txt.gz"]
    put(connection, written(tmp_path, "g.txt"), "@~/mine")
    assert names(connection, "@~/mine") == ["mine/g.txt.gz"]
    rows(connection, "REMOVE @~/mine")


def test_a_pattern_takes_files_with_blanks_in_their_names(
    connection: SnowflakeConnection, tmp_path: Path
) -> None:
    rows(connection, "CREATE OR REPLACE STAGE BLANKS")
    for name in ("a b.txt", "a  c d.txt", "ae.txt"):
        written(tmp_path, name)
    rows(connection, f"PUT file://{tmp_path}/a*.txt @BLANKS/x AUTO_COMPRESS=FALSE")
    found = names(connection, "@BLANKS")
    assert found == ["blanks/x/a  c d.txt", "blanks/x/a b.txt", "blanks/x/ae.txt"]


def test_a_tables_stage_goes_where_its_table_goes(
    connection: SnowflakeConnection, tmp_path: Path
) -> None:
    rows(connection, "CREATE OR REPLACE TABLE STAGED (A INT)")
    put(connection, written(tmp_path, "f.txt"), "@%STAGED")
    rows(connection, "ALTER TABLE STAGED RENAME TO STAGED_2")
    assert names(connection, "@%STAGED_2") == ["f.txt.gz"]
    rows(connection, "CREATE TABLE STAGED (A INT)")
    assert names(connection, "@%STAGED") == []
    rows(connection, "ALTER TABLE STAGED SWAP WITH STAGED_2")
    assert names(connection, "@%STAGED") == ["f.txt.gz"]
    rows(connection, "CREATE OR REPLACE TABLE STAGED (A INT)")
    assert names(connection, "@%STAGED") == []
    put(connection, written(tmp_path, "g.txt"), "@%STAGED")
    rows(connection, "DROP TABLE STAGED")
    rows(connection, "CREATE TABLE STAGED (A INT)")
    assert names(connection, "@%STAGED") == []


def test_a_temporary_tables_stage_is_not_the_permanent_ones(
    connection: SnowflakeConnection, tmp_path: Path
) -> None:
    rows(connection, "CREATE OR REPLACE TABLE HIDDEN (A INT)")
    put(connection, written(tmp_path, "f.txt"), "@%HIDDEN")
    rows(connection, "CREATE TEMPORARY TABLE HIDDEN (A INT)")
    assert names(connection, "@%HIDDEN") == []
    put(connection, written(tmp_path, "g.txt"), "@%HIDDEN")
    assert names(connection, "@%HIDDEN") == ["g.txt.gz"]
    rows(connection, "DROP TABLE HIDDEN")
    assert names(connection, "@%HIDDEN") == ["f.txt.gz"]


def test_two_open_transactions_put_to_one_table_stage(
    server: ConnectionInfo, connection: SnowflakeConnection, tmp_path: Path
) -> None:
    for table in ("SHARED", "ONE", "TWO"):
        rows(connection, f"CREATE OR REPLACE TABLE {table} (A INT)")
    there = {"database": "STAGES_TEST", "schema": "PUBLIC"}
    with snowflake.connector.connect(**server.connect_arguments(), **there) as other:
        for one, table, file in ((connection, "ONE", "f.txt"), (other, "TWO", "g.txt")):
            rows(one, "BEGIN")
            # A mean of floats cannot be repeated, so that the transaction keeps its view.
            rows(one, f"INSERT INTO {table} SELECT AVG(0.1::FLOAT)")
            put(one, written(tmp_path, file), "@%SHARED")
        both = ["f.txt.gz", "g.txt.gz"]
        assert names(connection, "@%SHARED") == names(other, "@%SHARED") == both
        rows(other, "ROLLBACK")
    rows(connection, "ROLLBACK")
    assert names(connection, "@%SHARED") == both


def test_a_temporary_stage_is_its_sessions_own(
    server: ConnectionInfo, connection: SnowflakeConnection
) -> None:
    with snowflake.connector.connect(
        **{**server.connect_arguments(), "database": "STAGES_TEST", "schema": "PUBLIC"}
    ) as other:
        rows(other, "CREATE TEMPORARY STAGE PASSING")
        assert names(other, "@PASSING") == []
        with pytest.raises(ProgrammingError, match="does not exist or not authorized"):
            names(connection, "@PASSING")


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("LIST @NOWHERE", "does not exist or not authorized"),
        ("LIST @REFUSALS/../../secrets", "leaves the stage"),
        ("CREATE STAGE OUTSIDE URL='s3://bucket/'", "stages are internal"),
        ("CREATE STAGE REFUSALS", "already exists"),
        ("CREATE FILE FORMAT F TYPE=AVRO", "AVRO"),
        ("CREATE FILE FORMAT F TYPE=CSV DATE_FORMAT='DD.MM.YYYY'", "DATE_FORMAT"),
        ("CREATE FILE FORMAT F TYPE=CSV TRIM_SPACE=7", "TRUE or FALSE"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(
    connection: SnowflakeConnection, sql: str, sentence: str
) -> None:
    rows(connection, "CREATE STAGE IF NOT EXISTS REFUSALS")
    with pytest.raises(ProgrammingError, match=sentence):
        rows(connection, sql)


def test_stages_and_formats_are_shown_and_dropped(connection: SnowflakeConnection) -> None:
    rows(connection, "CREATE OR REPLACE STAGE SEEN COMMENT='what is in it'")
    rows(connection, "CREATE OR REPLACE FILE FORMAT SEEN_FORMAT TYPE=CSV SKIP_HEADER=1")
    cursor = connection.cursor(snowflake.connector.DictCursor)
    cursor.execute("SHOW STAGES LIKE 'seen'")
    [stage] = cursor.fetchall()
    assert (stage["name"], stage["comment"]) == ("SEEN", "what is in it")
    cursor.execute("SHOW FILE FORMATS LIKE 'SEEN%'")
    [shown] = cursor.fetchall()
    assert (shown["name"], shown["type"]) == ("SEEN_FORMAT", "CSV")
    rows(connection, "DROP STAGE SEEN")
    rows(connection, "DROP STAGE IF EXISTS SEEN")
    rows(connection, "DROP FILE FORMAT SEEN_FORMAT")
    assert rows(connection, "SHOW STAGES LIKE 'SEEN'") == []


def test_snowpark_puts_gets_and_streams(server: ConnectionInfo, tmp_path: Path) -> None:
    from snowflake.snowpark import Session

    session = Session.builder.configs(
        {**server.connect_arguments(), "database": "STAGES_TEST", "schema": "PUBLIC"}
    ).create()
    try:
        session.sql("CREATE OR REPLACE STAGE PARK").collect()
        path = written(tmp_path, "model.joblib", b"weights")
        session.file.put(str(path), "@PARK/m/v1", auto_compress=False, overwrite=True)
        (tmp_path / "down").mkdir()
        session.file.get("@PARK/m/v1/model.joblib", str(tmp_path / "down"))
        assert (tmp_path / "down" / "model.joblib").read_bytes() == b"weights"
        session.file.put_stream(io.BytesIO(b"streamed"), "@PARK/s/x.bin", auto_compress=False)
        with session.file.get_stream("@PARK/s/x.bin") as stream:
            assert stream.read() == b"streamed"
    finally:
        session.close()
