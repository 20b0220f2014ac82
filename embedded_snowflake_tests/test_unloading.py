"""What is unloaded comes back: tables of any text to files and from them, and nothing half written.

What it holds: round trips through each kind of file, and statements that fail on the way.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import snowflake.connector
from snowflake.connector.errors import ProgrammingError

if TYPE_CHECKING:
    from embedded_snowflake import ConnectionInfo

_PIECES = (
    '"',
    "\\",
    ",",
    "'",
    "\n",
    "\r\n",
    "\t",
    "N",
    "n",
    "\\N",
    "|",
    ";",
    "nil",
    "é☃",
    " ",
    "a",
)


def random_rows(seed: int) -> list[tuple[str | None, int | None]]:
    """Rows with every character that a file's format knows, NULLs and empty texts."""
    pick = random.Random(seed)

    def text() -> str | None:
        made = "".join(pick.choice(_PIECES) for _ in range(pick.randrange(6)))
        # What NULL_IF names is NULL when it is read, whoever wrote it.
        return None if pick.random() < 0.2 or made in ("\\N", "nil") else made

    return [(text(), pick.choice((None, *range(-3, 4)))) for _ in range(40)]


FORMATS = {
    "enclosed": "TYPE = CSV FIELD_OPTIONALLY_ENCLOSED_BY = '\"'",
    "escaped in quotes": "TYPE = CSV FIELD_OPTIONALLY_ENCLOSED_BY = '\"' ESCAPE = '\\\\'",
    "semicolons": "TYPE = CSV FIELD_DELIMITER = ';' FIELD_OPTIONALLY_ENCLOSED_BY = '\"' NULL_IF = ('nil')",
    "zstd": "TYPE = CSV FIELD_OPTIONALLY_ENCLOSED_BY = '\"' COMPRESSION = ZSTD",
}


@pytest.fixture(scope="module")
def cursor(server: ConnectionInfo) -> Iterator[Any]:
    with snowflake.connector.connect(**server.connect_arguments()) as connection:
        made = connection.cursor()
        made.execute("CREATE OR REPLACE DATABASE unloading_tests")
        made.execute("CREATE STAGE s")
        made.execute("CREATE TABLE t (a VARCHAR, n INT)")
        made.execute("CREATE TABLE back (a VARCHAR, n INT)")
        yield made
        made.execute("DROP DATABASE unloading_tests")


def _held(cursor: Any, table: str) -> list[Any]:
    return cursor.execute(f"SELECT a, n FROM {table} ORDER BY 1, 2").fetchall()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", FORMATS)
def test_any_text_comes_back_from_csv(cursor: Any, name: str, seed: int) -> None:
    for table in ("t", "back"):
        cursor.execute(f"TRUNCATE TABLE {table}")
    cursor.executemany("INSERT INTO t VALUES (%s, %s)", random_rows(seed))
    options = FORMATS[name]
    cursor.execute(f"COPY INTO @s/x/ FROM t OVERWRITE = TRUE FILE_FORMAT = ({options})")
    cursor.execute(f"COPY INTO back FROM @s/x/ FORCE = TRUE PURGE = TRUE FILE_FORMAT = ({options})")
    assert _held(cursor, "back") == _held(cursor, "t")


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("kind", "query"),
    [("JSON", "SELECT OBJECT_CONSTRUCT(*) FROM t"), ("PARQUET", "SELECT * FROM t")],
)
def test_any_text_comes_back_by_name(cursor: Any, kind: str, query: str, seed: int) -> None:
    for table in ("t", "back"):
        cursor.execute(f"TRUNCATE TABLE {table}")
    cursor.executemany("INSERT INTO t VALUES (%s, %s)", random_rows(seed))
    cursor.execute(
        f"COPY INTO @s/y/ FROM ({query}) OVERWRITE = TRUE FILE_FORMAT = (TYPE = {kind}) "
        f"HEADER = {kind == 'PARQUET'}"
    )
    cursor.execute(
        f"COPY INTO back FROM @s/y/ FORCE = TRUE PURGE = TRUE FILE_FORMAT = (TYPE = {kind}) "
        "MATCH_BY_COLUMN_NAME = CASE_SENSITIVE"
    )
    assert _held(cursor, "back") == _held(cursor, "t")


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("FROM (SELECT 1 / (3 - column1) FROM VALUES (1), (2), (3))", "Division by zero"),
        ("FROM (SELECT 1) PARTITION BY '../../out'", "leaves the stage"),
        ("FROM (SELECT 1) FILE_FORMAT = (TYPE = CSV COMPRESSION = BROTLI)", "BROTLI"),
        ("FROM (SELECT 1) FILE_FORMAT = (TYPE = CSV FILE_EXTENSION = 'tsv')", "FILE_EXTENSION"),
        ("FROM (SELECT 1) VALIDATION_MODE = RETURN_ROWS", "VALIDATION_MODE"),
        ("FROM (INSERT INTO t VALUES ('x', 1))", ""),
        ("FROM (SELECT 1 AS a, 2 AS a) HEADER = TRUE FILE_FORMAT = (TYPE = PARQUET)", "different"),
    ],
)
def test_an_unload_that_fails_leaves_no_file(cursor: Any, statement: str, sentence: str) -> None:
    cursor.execute("REMOVE @s")
    with pytest.raises(ProgrammingError, match=sentence):
        cursor.execute(f"COPY INTO @s/out/ {statement}")
    assert cursor.execute("LIST @s").fetchall() == []


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("FROM @s/fol", "no folder"),
        ("FROM (SELECT 1)", "columns of text"),
        ("FROM (SELECT '@s/none.csv')", "was not found"),
        ("FROM (SELECT '@s/folder/data', '../out')", "leaves the stage"),
        ("FROM @s NOTHING = 1", "NOTHING"),
    ],
)
def test_files_that_cannot_be_copied(cursor: Any, statement: str, sentence: str) -> None:
    cursor.execute("CREATE OR REPLACE STAGE other")
    cursor.execute("COPY INTO @s/folder/ FROM (SELECT 1) SINGLE = TRUE OVERWRITE = TRUE")
    with pytest.raises(ProgrammingError, match=sentence):
        cursor.execute(f"COPY FILES INTO @other {statement}")
    assert cursor.execute("LIST @other").fetchall() == []


def test_a_json_file_with_an_array_that_has_no_end(cursor: Any) -> None:
    cursor.execute("REMOVE @s")
    cursor.execute(
        "COPY INTO @s/broken FROM (SELECT column1 FROM VALUES ('[1, 2'), ('3')) SINGLE = TRUE "
        "FILE_FORMAT = (TYPE = CSV COMPRESSION = NONE FIELD_DELIMITER = '|')"
    )
    cursor.execute("CREATE OR REPLACE FILE FORMAT f TYPE = JSON STRIP_OUTER_ARRAY = TRUE")
    with pytest.raises(ProgrammingError, match="Error parsing JSON") as caught:
        cursor.execute("SELECT $1 FROM @s/broken (FILE_FORMAT => f)")
    assert caught.value.errno == 100069
    with pytest.raises(ProgrammingError, match="Error parsing JSON"):
        cursor.execute(
            "SELECT * FROM TABLE(INFER_SCHEMA(LOCATION => '@s/broken', FILE_FORMAT => 'f'))"
        )


def test_a_json_file_that_is_nested_beyond_reason_is_a_fault_of_its_value(
    cursor: Any, tmp_path: Path
) -> None:
    cursor.execute("REMOVE @s")
    (tmp_path / "deep.json").write_text("[" * 200_000 + "]" * 200_000 + "\n1\n")
    cursor.execute(f"PUT 'file://{tmp_path}/deep.json' @s AUTO_COMPRESS = FALSE")
    cursor.execute("CREATE OR REPLACE FILE FORMAT f TYPE = JSON")
    with pytest.raises(ProgrammingError, match="Error parsing JSON") as caught:
        cursor.execute("SELECT $1 FROM @s (FILE_FORMAT => f)")
    assert caught.value.errno == 100069


def test_numbers_of_a_json_file_keep_their_digits(cursor: Any) -> None:
    cursor.execute("REMOVE @s")
    value = {"big": 12345678901234567, "exact": 0.1, "text": "é\u2028"}
    cursor.execute(
        "COPY INTO @s/n FROM (SELECT PARSE_JSON(%s)) FILE_FORMAT = (TYPE = JSON)",
        (json.dumps(value),),
    )
    cursor.execute("CREATE OR REPLACE FILE FORMAT f TYPE = JSON")
    shown = cursor.execute("SELECT $1 FROM @s/n (FILE_FORMAT => f)").fetchall()
    assert [json.loads(one) for (one,) in shown] == [value]
    found = cursor.execute(
        "SELECT column_name, type, expression FROM "
        "TABLE(INFER_SCHEMA(LOCATION => '@s/n', FILE_FORMAT => 'f'))"
    ).fetchall()
    assert found == [
        ("big", "NUMBER(17, 0)", "$1:big::NUMBER(17, 0)"),
        ("exact", "NUMBER(2, 1)", "$1:exact::NUMBER(2, 1)"),
        ("text", "TEXT", "$1:text::TEXT"),
    ]
