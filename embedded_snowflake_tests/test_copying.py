"""COPY INTO a table: exact values, each file once, and what ON_ERROR lets pass."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import snowflake.connector
from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import ProgrammingError
from snowflake.connector.pandas_tools import write_pandas

from embedded_snowflake import ConnectionInfo


@pytest.fixture(scope="module")
def connection(server: ConnectionInfo) -> Iterator[SnowflakeConnection]:
    with snowflake.connector.connect(**server.connect_arguments()) as opened:
        opened.cursor().execute("CREATE OR REPLACE DATABASE COPY_TEST")
        yield opened
        opened.cursor().execute("DROP DATABASE COPY_TEST")


@pytest.fixture
def stage(connection: SnowflakeConnection) -> None:
    rows(connection, "CREATE OR REPLACE STAGE LANDING")
    rows(connection, "CREATE OR REPLACE TABLE EVENTS (ID NUMBER, AMOUNT FLOAT, NOTE TEXT)")


def rows(connection: SnowflakeConnection, sql: str) -> list[Any]:
    cursor = connection.cursor()
    cursor.execute(sql)
    return cursor.fetchall()


def land(connection: SnowflakeConnection, tmp_path: Path, **files: str) -> None:
    for name, content in files.items():
        path = tmp_path / f"{name}.csv"
        path.write_text(content)
        rows(
            connection,
            f"PUT 'file://{path}' @LANDING/in AUTO_COMPRESS=FALSE OVERWRITE=TRUE",
        )


COPY = "COPY INTO EVENTS FROM @LANDING FILE_FORMAT=(TYPE=CSV)"


def test_a_file_is_loaded_once_and_again_when_it_changed_or_is_forced(
    connection: SnowflakeConnection, tmp_path: Path, stage: None
) -> None:
    land(connection, tmp_path, a="1,1.5,x\n2,,\n")
    [outcome] = rows(connection, COPY)
    assert outcome[:6] == ("landing/in/a.csv", "LOADED", 2, 2, 1, 0)
    assert rows(connection, COPY) == [("Copy executed with 0 files processed.",)]
    assert rows(connection, "SELECT * FROM EVENTS ORDER BY ID") == [(1, 1.5, "x"), (2, None, None)]
    land(connection, tmp_path, a="3,0,y\n")
    rows(connection, COPY)
    rows(connection, f"{COPY} FORCE=TRUE")
    assert rows(connection, "SELECT ID FROM EVENTS ORDER BY ID") == [(1,), (2,), (3,), (3,)]


def test_the_history_goes_with_the_transaction_and_with_the_table(
    connection: SnowflakeConnection, tmp_path: Path, stage: None
) -> None:
    land(connection, tmp_path, a="1,1,x\n")
    rows(connection, "BEGIN")
    rows(connection, COPY)
    rows(connection, "ROLLBACK")
    assert rows(connection, "SELECT count(*) FROM EVENTS") == [(0,)]
    assert rows(connection, COPY)[0][1] == "LOADED"
    rows(connection, "CREATE OR REPLACE TABLE EVENTS (ID NUMBER, AMOUNT FLOAT, NOTE TEXT)")
    assert rows(connection, COPY)[0][1] == "LOADED"


def test_of_two_loads_at_once_one_loads(
    server: ConnectionInfo, connection: SnowflakeConnection, tmp_path: Path, stage: None
) -> None:
    land(connection, tmp_path, **{f"f{number}": f"{number},1,x\n" * 500 for number in range(8)})

    def load(_: int) -> int:
        arguments = {**server.connect_arguments(), "database": "COPY_TEST", "schema": "PUBLIC"}
        with snowflake.connector.connect(**arguments) as own:
            return len(rows(own, COPY))

    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(load, range(4)))
    assert sorted(counts) == [1, 1, 1, 8]
    assert rows(connection, "SELECT count(*) FROM EVENTS") == [(4000,)]


def test_abort_loads_nothing_and_says_where(
    connection: SnowflakeConnection, tmp_path: Path, stage: None
) -> None:
    land(connection, tmp_path, a="1,1,x\n", b="2,2,y\nthree,3,z\n")
    with pytest.raises(ProgrammingError, match=r"'three'(.|\n)*in/b.csv', line 2"):
        rows(connection, COPY)
    assert rows(connection, "SELECT count(*) FROM EVENTS") == [(0,)]


def test_continue_leaves_out_records_and_skip_file_leaves_out_files(
    connection: SnowflakeConnection, tmp_path: Path, stage: None
) -> None:
    land(connection, tmp_path, a="1,1,x\n", b="2,2,y\nthree,3,z\n4,4\n")
    skipped = rows(connection, f"{COPY} ON_ERROR=SKIP_FILE")
    assert [row[:4] for row in skipped] == [
        ("landing/in/a.csv", "LOADED", 1, 1),
        ("landing/in/b.csv", "LOAD_FAILED", 3, 0),
    ]
    [outcome] = rows(connection, f"{COPY} ON_ERROR='CONTINUE'")
    assert outcome[:4] == ("landing/in/b.csv", "PARTIALLY_LOADED", 3, 1)
    assert outcome[5] == 2
    assert outcome[7] == 2
    assert rows(connection, "SELECT ID FROM EVENTS ORDER BY ID") == [(1,), (2,)]


def test_a_transformation_takes_names_numbers_and_any_number_of_fields(
    connection: SnowflakeConnection, tmp_path: Path, stage: None
) -> None:
    rows(
        connection, "CREATE OR REPLACE TEMPORARY TABLE RAW_ROWS (F TEXT, R NUMBER, A TEXT, B TEXT)"
    )
    land(connection, tmp_path, a="id,v\n007,1e5\n8\n9,,more\n", b="id,v\n1,2\n")
    rows(
        connection,
        """
        COPY INTO COPY_TEST.PUBLIC.RAW_ROWS (F, R, A, B)
        FROM (SELECT METADATA$FILENAME, METADATA$FILE_ROW_NUMBER, t.$1, t.$2 FROM @LANDING t)
        FILES = ('in/a.csv') FILE_FORMAT = (TYPE=CSV SKIP_HEADER=1 EMPTY_FIELD_AS_NULL=FALSE)
        """,
    )
    assert rows(connection, "SELECT * FROM RAW_ROWS ORDER BY R") == [
        ("in/a.csv", 1, "007", "1e5"),
        ("in/a.csv", 2, "8", None),
        ("in/a.csv", 3, "9", ""),
    ]


def test_times_of_a_file_are_read_as_snowflake_does(
    connection: SnowflakeConnection, tmp_path: Path, stage: None
) -> None:
    rows(connection, "CREATE OR REPLACE TEMPORARY TABLE CLOCKS (R NUMBER, T TIME)")
    land(connection, tmp_path, t="1,1:02:03 PM\n2,3600\n3,10:11\n")
    load = "FILES = ('in/t.csv') FILE_FORMAT = (TYPE=CSV)"
    rows(connection, f"COPY INTO CLOCKS FROM @LANDING {load}")
    rows(
        connection,
        f"COPY INTO CLOCKS FROM (SELECT $1::INT + 3, $2 FROM @LANDING) {load} FORCE=TRUE",
    )
    times = [dt.time(13, 2, 3), dt.time(1), dt.time(10, 11)]
    assert rows(connection, "SELECT T FROM CLOCKS ORDER BY R") == [(one,) for one in times * 2]


def test_bytes_that_are_no_text_are_refused_by_name(
    connection: SnowflakeConnection, tmp_path: Path, stage: None
) -> None:
    pq.write_table(pa.table({"note": [b"\xab\xcd"]}), tmp_path / "bytes.parquet")
    rows(connection, f"PUT 'file://{tmp_path}/bytes.parquet' @LANDING")
    load = "COPY INTO EVENTS (NOTE) FROM (SELECT $1:note FROM @LANDING) PATTERN='.*bytes.*'"
    with pytest.raises(ProgrammingError, match="BINARY_AS_TEXT"):
        rows(connection, f"{load} FILE_FORMAT=(TYPE=PARQUET)")


def test_parquet_is_loaded_by_path_or_by_names(
    connection: SnowflakeConnection, tmp_path: Path, stage: None
) -> None:
    pq.write_table(pa.table({"id": [1, 2], "note": ["x", None]}), tmp_path / "p.parquet")
    rows(connection, f"PUT 'file://{tmp_path}/p.parquet' @LANDING")
    rows(
        connection,
        'COPY INTO EVENTS (ID, NOTE) FROM (SELECT $1:id::NUMBER, $1:"note"::VARCHAR '
        "FROM @LANDING) FILE_FORMAT=(TYPE=PARQUET)",
    )
    rows(
        connection,
        "COPY INTO EVENTS FROM @LANDING FILE_FORMAT=(TYPE=PARQUET) FORCE=TRUE PURGE=TRUE "
        "MATCH_BY_COLUMN_NAME=CASE_INSENSITIVE",
    )
    found = rows(connection, "SELECT ID, AMOUNT, NOTE FROM EVENTS ORDER BY ID")
    assert found == [(1, None, "x"), (1, None, "x"), (2, None, None), (2, None, None)]
    assert rows(connection, "LIST @LANDING") == []


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("COPY INTO NOWHERE FROM @LANDING", "does not exist or not authorized"),
        ("COPY INTO EVENTS FROM @LANDING FILES=('in/none.csv')", "was not found"),
        ("COPY INTO EVENTS FROM @LANDING ON_ERROR=SHRUG", "ABORT_STATEMENT, CONTINUE"),
        ("COPY INTO EVENTS FROM @LANDING VALIDATION_MODE=RETURN_ERRORS", "VALIDATION_MODE"),
        ("COPY INTO EVENTS (NOPE) FROM @LANDING", "invalid identifier 'NOPE'"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(
    connection: SnowflakeConnection, stage: None, sql: str, sentence: str
) -> None:
    with pytest.raises(ProgrammingError, match=sentence):
        rows(connection, sql)


@pytest.mark.parametrize("compression", ["snappy", "gzip"])
@pytest.mark.parametrize(
    "options",
    [
        {"auto_create_table": True},
        {"auto_create_table": True, "overwrite": True},
        {"auto_create_table": True, "table_type": "temp"},
        {"auto_create_table": True, "quote_identifiers": False},
        {"auto_create_table": True, "bulk_upload_chunks": True, "chunk_size": 2},
    ],
)
def test_write_pandas_gives_back_what_it_was_given(
    connection: SnowflakeConnection, compression: str, options: dict[str, Any]
) -> None:
    frame = pd.DataFrame(
        {
            "N": [1, 2, 3],
            "X": [1.5, None, -0.1],
            "S": ["a", None, ""],
            "B": [True, False, True],
            "T": [pd.Timestamp("2024-01-01 01:02:03.000004"), pd.NaT, pd.Timestamp("1969-12-31")],
        }
    )
    rows(connection, "DROP TABLE IF EXISTS WRITTEN")
    done, _, count, _ = write_pandas(
        connection, frame, "WRITTEN", compression=compression, use_logical_type=True, **options
    )
    assert (done, count) == (True, 3)
    cursor = connection.cursor()
    cursor.execute("SELECT * FROM WRITTEN ORDER BY N")
    back = cursor.fetch_pandas_all()
    pd.testing.assert_frame_equal(back, frame, check_dtype=False)


@pytest.mark.parametrize("options", [{}, {"auto_create_table": True, "overwrite": True}])
def test_times_without_logical_types_are_refused(
    connection: SnowflakeConnection, options: dict[str, Any]
) -> None:
    """Snowflake reads them as the numbers that stand in the file."""
    rows(connection, "CREATE OR REPLACE TABLE WRITTEN (T TIMESTAMP_NTZ)")
    frame = pd.DataFrame({"T": [pd.Timestamp("2024-01-01 01:02:03")]})
    with pytest.raises(ProgrammingError, match="use_logical_type=True"):
        write_pandas(connection, frame, "WRITTEN", **options)


def test_a_length_of_time_is_the_number_that_stands_in_the_file(
    connection: SnowflakeConnection,
) -> None:
    frame = pd.DataFrame({"D": pd.to_timedelta(["1s", "-2s", "NaT"])})
    write_pandas(connection, frame, "WRITTEN", auto_create_table=True, overwrite=True)
    assert rows(connection, "SELECT D + 1 FROM WRITTEN ORDER BY D") == [
        (-1999999999,),
        (1000000001,),
        (None,),
    ]


def test_write_pandas_appends_to_a_table_that_is_there(
    connection: SnowflakeConnection, stage: None
) -> None:
    frame = pd.DataFrame({"ID": [1, 2], "AMOUNT": [1.0, 2.0], "NOTE": ["x", "y"]})
    for _ in range(2):
        write_pandas(connection, frame, "EVENTS", database="COPY_TEST", schema="PUBLIC")
    assert rows(connection, "SELECT count(*), sum(AMOUNT) FROM EVENTS") == [(4, 6.0)]


def test_snowpark_makes_frames_of_pandas_and_of_lists(server: ConnectionInfo) -> None:
    from snowflake.snowpark import Session

    session = Session.builder.configs(
        {**server.connect_arguments(), "database": "COPY_TEST", "schema": "PUBLIC"}
    ).create()
    try:
        frame = pd.DataFrame({"A": [1, 2], "b": ["x", None]})
        made = session.create_dataframe(frame)
        made.write.save_as_table("PARK_SAVED", mode="overwrite")
        saved = session.table("PARK_SAVED").sort("A").to_pandas()
        pd.testing.assert_frame_equal(saved, frame, check_dtype=False)
        listed = session.create_dataframe([(1, "x")], schema=["a", "b"]).cache_result()
        assert [tuple(row) for row in listed.collect()] == [(1, "x")]
    finally:
        session.close()


def test_a_truncated_table_loads_its_files_again(
    connection: SnowflakeConnection, tmp_path: Path, stage: None
) -> None:
    land(connection, tmp_path, a="1,1.5,x\n")
    rows(connection, COPY)
    rows(connection, "DELETE FROM EVENTS")
    assert "0 files" in rows(connection, COPY)[0][0]
    rows(connection, "TRUNCATE TABLE EVENTS")
    assert rows(connection, COPY)[0][1] == "LOADED"
    assert rows(connection, "SELECT COUNT(*) FROM EVENTS") == [(1,)]


def test_what_a_table_has_loaded_goes_with_it_to_a_new_name(
    connection: SnowflakeConnection, tmp_path: Path, stage: None
) -> None:
    land(connection, tmp_path, a="1,1.5,x\n")
    rows(connection, COPY)
    rows(connection, "DROP TABLE IF EXISTS RENAMED")
    rows(connection, "ALTER TABLE EVENTS RENAME TO RENAMED")
    assert "0 files" in rows(connection, COPY.replace("EVENTS", "RENAMED"))[0][0]
    rows(connection, "CREATE TABLE EVENTS LIKE RENAMED")
    assert rows(connection, COPY)[0][1] == "LOADED"


def test_what_tables_have_loaded_is_swapped_with_them(
    connection: SnowflakeConnection, tmp_path: Path, stage: None
) -> None:
    land(connection, tmp_path, a="1,1.5,x\n")
    rows(connection, COPY)
    rows(connection, "CREATE OR REPLACE TABLE OTHER (ID NUMBER, AMOUNT FLOAT, NOTE TEXT)")
    rows(connection, "ALTER TABLE EVENTS SWAP WITH OTHER")
    assert "0 files" in rows(connection, COPY.replace("EVENTS", "OTHER"))[0][0]
    assert rows(connection, COPY)[0][1] == "LOADED"
    assert "0 files" in rows(connection, COPY)[0][0]
