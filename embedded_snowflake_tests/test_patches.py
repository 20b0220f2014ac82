"""Each patch's fault is there in fakesnow as it comes, and is not there in the warehouse.

A test of the first kind that fails says: the fault is mended, the patch can go.
"""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import snowflake.connector
from fakesnow.cursor import FakeSnowflakeCursor

from embedded_snowflake import ConnectionInfo
from embedded_snowflake.sql import patches
from embedded_snowflake.sql.walking import ELSEWHERE

ROOT = Path(__file__).parent.parent
FAULTS = {
    "a NULL timestamp has no mask": (
        "import pyarrow as pa; from fakesnow.arrow import timestamp_to_sf_struct as f; "
        "assert f(pa.array([None], pa.timestamp('us'))).null_count == 0"
    ),
    "an instant in the session's zone is called TIMESTAMP_TZ": (
        "from fakesnow.rowtype import duckdb_to_sf_type as f; "
        "assert f['TIMESTAMP WITH TIME ZONE'] == 'timestamp_tz'"
    ),
    "a comment is written to a second database": (
        "from fakesnow.info_schema import insert_table_comment_sql as f; "
        "assert '_fs_global' in f('D', 'S', 'T', 'c')"
    ),
    "lengths are written to a second database": (
        "from fakesnow.info_schema import insert_text_lengths_sql as f; "
        "assert '_fs_global' in f('D', 'S', 'T', [('C', 1)])"
    ),
    "a SUM leaves out what is no number": (
        "from fakesnow.transforms import numeric_agg_implicit_cast as f; import sqlglot; "
        "assert 'TRY_CAST' in sqlglot.parse_one('SELECT SUM(s)').transform(f).sql('duckdb')"
    ),
    "a RANDOM in a subquery is rewritten twice": (
        "from fakesnow.transforms import random as f; import sqlglot; "
        "one = sqlglot.parse_one('SELECT r FROM (SELECT RANDOM() AS r)').transform(f); "
        "assert one.sql('duckdb').count('9223372036854775807') == 2"
    ),
    "names of a query's columns are not quoted": (
        "from fakesnow.transforms import create_table_as as f; import duckdb, sqlglot; "
        "one = sqlglot.parse_one('CREATE TABLE t (a INT) AS SELECT * FROM (SELECT 1 AS \"b c\")'); "
        "assert '\"b c\"' not in f(one, duckdb.connect()).sql('duckdb').split(' FROM ')[0]"
    ),
    "columns have their lengths in a second database": (
        "from fakesnow import info_schema as i; "
        "assert '_fs_global' in i.SQL_CREATE_INFORMATION_SCHEMA_COLUMNS_VIEW.template"
    ),
    "a HUGEINT has no precision": (
        "from fakesnow import info_schema as i; "
        "assert 'HUGEINT' not in i.SQL_CREATE_GLOBAL_INFORMATION_SCHEMA_COLUMNS_VIEW"
    ),
    "a table is of 1970": (
        "from fakesnow import info_schema as i; "
        "assert 'to_timestamp(0)' in i.SQL_CREATE_INFORMATION_SCHEMA_TABLES_VIEW.template"
    ),
    "a view's definition is DuckDB's": (
        "from fakesnow import info_schema as i; "
        "assert 'sql as VIEW_DEFINITION' in i.SQL_CREATE_INFORMATION_SCHEMA_VIEWS_VIEW.template"
    ),
    "a table has no bytes": (
        "from fakesnow import info_schema as i; "
        "assert '0 AS \"BYTES\"' in i.SQL_CREATE_INFORMATION_SCHEMA_TABLES_VIEW.template"
    ),
    "a column's identity is DuckDB's": (
        "from fakesnow import info_schema as i; "
        "assert 'COLLATION_NAME, IS_IDENTITY,' in i.SQL_CREATE_GLOBAL_INFORMATION_SCHEMA_COLUMNS_VIEW"
    ),
    "no table is dynamic": (
        "from fakesnow import info_schema as i; "
        "assert 'AS \"IS_DYNAMIC\"' in i.SQL_CREATE_INFORMATION_SCHEMA_TABLES_VIEW.template"
    ),
    "an apostrophe of a name ends its status": (
        'from fakesnow.cursor import SQL_CREATED_TABLE as f; assert "t\'s" in f.substitute(name="t\'s")'
    ),
    "an import makes a directory that nothing removes": (
        "import os; from fakesnow.transforms import stage as s; os.rmdir(s.LOCAL_BUCKET_PATH)"
    ),
}


def test_each_fault_is_still_in_fakesnow() -> None:
    """In a process of its own, in which nothing is patched."""
    program = "\n".join(
        f"try:\n    {code.replace('; ', chr(10) + '    ')}\n"
        f"except Exception as cause: print({name!r}, type(cause).__name__, cause)"
        for name, code in FAULTS.items()
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "", "mended or moved: the patch can go, or must follow"


@pytest.mark.parametrize("package", sorted(patches.PINNED))
def test_what_is_reached_into_is_the_version_that_was_tested(package: str) -> None:
    """Whoever changes a version reads patches.py, runs this package's tests, then changes it."""
    wanted = patches.PINNED[package]
    assert metadata.version(package) == wanted
    lines = (ROOT / "requirements" / "local.txt").read_text().splitlines()
    assert f"{package}=={wanted}" in [line.split(" ")[0] for line in lines]


@pytest.fixture(scope="module")
def connection(server: ConnectionInfo) -> Iterator[Any]:
    """A session in a database of its own."""
    opened = snowflake.connector.connect(**server.connect_arguments())
    opened.cursor().execute("CREATE OR REPLACE DATABASE patch_tests")
    yield opened
    opened.cursor().execute("DROP DATABASE patch_tests")
    opened.close()


def test_a_missing_time_arrives_missing(connection: Any) -> None:
    sql = "SELECT NULL::TIMESTAMP_NTZ AS n, NULL::TIMESTAMP_TZ AS z, NULL::TIMESTAMP_LTZ AS l"
    cursor = connection.cursor()
    assert cursor.execute(f"{sql} UNION ALL {sql}").fetchall() == [(None, None, None)] * 2
    assert cursor.execute(sql).fetch_pandas_all().isna().all(axis=None)


def test_a_start_leaves_nothing_among_the_temporary_directories(tmp_path: Path) -> None:
    program = "from embedded_snowflake.sql import patches; patches.apply()"
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
    assert list(tmp_path.iterdir()) == []


def test_comments_and_lengths_stand_beside_their_table(connection: Any) -> None:
    """A definition after a write in a transaction would else write two databases."""
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE p (a INT)")
    cursor.execute("BEGIN")
    cursor.execute("INSERT INTO p VALUES (1)")
    cursor.execute("CREATE TABLE t (a VARCHAR(7) COMMENT 'of a') COMMENT = 'of t'")
    shown = cursor.execute(
        "SELECT comment FROM information_schema.tables WHERE table_name = 'T'"
    ).fetchall()
    assert shown == [("of t",)]
    columns = cursor.execute(
        "SELECT character_maximum_length FROM information_schema.columns WHERE table_name = 'T'"
    ).fetchall()
    assert columns == [(7,)]


def test_a_sum_of_text_that_is_no_number_is_an_error(connection: Any) -> None:
    with pytest.raises(snowflake.connector.errors.ProgrammingError):
        connection.cursor().execute("SELECT SUM(s) FROM (SELECT '1' AS s UNION ALL SELECT 'x')")


def test_a_sum_of_integers_has_a_precision_where_it_is_stored(connection: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE s AS SELECT SUM(a) AS n FROM (SELECT 1 AS a)")
    rows = cursor.execute(
        "SELECT data_type, numeric_precision, numeric_scale FROM information_schema.columns "
        "WHERE table_name = 'S'"
    ).fetchall()
    assert rows == [("NUMBER", 38, 0)]


def test_the_transforms_that_are_passed_over_are_those_of_fakesnow() -> None:
    chain = inspect.getsource(FakeSnowflakeCursor._transform)
    assert [one for one in ELSEWHERE if f"transforms.{one}" not in chain] == []
