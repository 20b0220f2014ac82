"""Values of every type go there and come back as they were, by every way that clients have.

Ways in: literals, values bound by pyformat and by qmark, one row and many, and `write_pandas`. Ways
out: rows and `fetch_pandas_all`. Times with a zone are compared as instants.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from snowflake.connector.errors import ProgrammingError
from snowflake.connector.pandas_tools import write_pandas

from embedded_snowflake_tests.conformance.target import Target

_UTC = dt.UTC
VALUES: dict[str, list[Any]] = {
    "NUMBER(38,0)": [0, -1, 10**18, 2**63 - 1, -(2**63)],
    "NUMBER(38,10)": [Decimal("1E-10"), Decimal("-1234567890123456789012345678.0123456789")],
    "NUMBER(10,2)": [Decimal("0.01"), Decimal("-99999999.99")],
    "FLOAT": [0.1, -1e308, 5e-324, 2.0**53 + 2],
    "BOOLEAN": [True, False],
    "VARCHAR": [
        "",
        "é☃𝄞́",
        'it\'s \\ "q" %s ? :1 $$ \n\t\r',
        "x" * 1_000_000,
        " both ",
        "NULL",
        "\\N",
    ],
    "BINARY": [b"", b"\x00\xff\\x'\n", bytes(range(256))],
    "DATE": [
        dt.date(1, 1, 1),
        dt.date(1582, 10, 4),
        dt.date(1969, 12, 31),
        dt.date(2024, 2, 29),
        dt.date(9999, 12, 31),
    ],
    "TIME": [dt.time(0, 0), dt.time(23, 59, 59, 999999), dt.time(12, 0, 0, 1)],
    "TIMESTAMP_NTZ": [
        dt.datetime(1, 1, 1),
        dt.datetime(1582, 10, 4, 1, 2, 3),
        dt.datetime(1969, 12, 31, 23, 59, 59, 999999),
        dt.datetime(2024, 2, 29, 12, 0, 0, 123456),
        # qmark goes through a FLOAT in the client, which has no microseconds left at the end.
        dt.datetime(9999, 12, 31, 23, 59, 59),
    ],
    "TIMESTAMP_LTZ": [
        dt.datetime(1, 1, 1, tzinfo=_UTC),
        dt.datetime(1582, 10, 4, 1, 2, 3, tzinfo=_UTC),
        dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=_UTC),
        dt.datetime(1969, 12, 31, 23, 59, 59, 999999, _UTC),
        dt.datetime(2024, 2, 29, 12, 0, 0, 123456, _UTC),
    ],
    "TIMESTAMP_TZ": [
        dt.datetime(1969, 12, 31, 23, 59, 59, 999999, _UTC),
        dt.datetime(2024, 2, 29, 12, 0, 0, 123456, _UTC),
    ],
}
DOCUMENTS = [
    {},
    [],
    {"a": None, "b": [1, "x", {"c": True}], "é \" \\ '": 1.5},
    ["", 0, -1.25, None, False],
    "text",
    12,
]


@pytest.fixture(scope="module", params=["pyformat", "qmark"])
def session(request: pytest.FixtureRequest, target: Target) -> Iterator[Any]:
    """A session whose values are bound in one of the two ways."""
    connection = target.connect(paramstyle=request.param)
    connection.cursor().execute(f"USE SCHEMA {target.new_schema()}")
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def plain(target: Target) -> Iterator[Any]:
    """A session."""
    connection = target.connect()
    connection.cursor().execute(f"USE SCHEMA {target.new_schema()}")
    yield connection
    connection.close()


def _mark(connection: Any) -> str:
    return "?" if connection._paramstyle == "qmark" else "%s"


def _bound(connection: Any, kind: str, value: Any) -> Any:
    """A naive or aware datetime is ambiguous to qmark: its type is said."""
    if isinstance(value, dt.datetime) and _mark(connection) == "?":
        return (kind, value)
    return value


def _back(connection: Any) -> list[Any]:
    rows = connection.cursor().execute("SELECT a FROM v ORDER BY i").fetchall()
    return [bytes(a) if isinstance(a, bytearray) else a for (a,) in rows]


def _same(expected: list[Any], found: list[Any]) -> bool:
    return len(expected) == len(found) and all(
        type(a) is type(b) and a == b for a, b in zip(expected, found, strict=True)
    )


@pytest.mark.parametrize("kind", VALUES)
def test_values_bound_one_by_one_come_back(session: Any, kind: str) -> None:
    values = [*VALUES[kind], None]
    mark = _mark(session)
    session.cursor().execute(f"CREATE OR REPLACE TABLE v (i INT, a {kind})")
    for place, one in enumerate(values):
        session.cursor().execute(
            f"INSERT INTO v SELECT {mark}, {mark}", (place, _bound(session, kind, one))
        )
    assert _same(values, _back(session))


@pytest.mark.parametrize("kind", VALUES)
def test_values_bound_as_many_rows_come_back(session: Any, kind: str) -> None:
    """With a NULL among them the connector sends some kinds as texts of its own form."""
    values = [*VALUES[kind], None]
    mark = _mark(session)
    rows = [(place, _bound(session, kind, one)) for place, one in enumerate(values)]
    session.cursor().execute(f"CREATE OR REPLACE TABLE v (i INT, a {kind})")
    session.cursor().executemany(f"INSERT INTO v VALUES ({mark}, {mark})", rows)
    assert _same(values, _back(session))


def test_a_moment_with_an_offset_comes_back_or_is_refused(session: Any, target: Target) -> None:
    """The embedded warehouse keeps no offset: it says so, however the value is sent."""
    moment = dt.datetime(2024, 2, 29, 12, 0, 0, 123456, dt.timezone(dt.timedelta(hours=-7)))
    mark, cursor = _mark(session), session.cursor()
    cursor.execute("CREATE OR REPLACE TABLE v (i INT, a TIMESTAMP_TZ)")

    def one() -> None:
        cursor.execute(
            f"INSERT INTO v SELECT 1, {mark}", (_bound(session, "TIMESTAMP_TZ", moment),)
        )

    def many() -> None:
        rows = [(2, _bound(session, "TIMESTAMP_TZ", moment)), (3, None)]
        cursor.executemany(f"INSERT INTO v VALUES ({mark}, {mark})", rows)

    for write in (one, many):
        if target.embedded:
            with pytest.raises(ProgrammingError, match="TIMESTAMP_TZ of another offset"):
                write()
        else:
            write()
    if not target.embedded:
        assert _same([moment, moment, None], _back(session))


@pytest.mark.parametrize("kind", VALUES)
def test_a_frame_comes_back_as_rows_and_as_a_frame(plain: Any, kind: str) -> None:
    values = VALUES[kind]
    frame = pd.DataFrame(
        {"I": range(len(values) + 1), "A": pd.Series([*values, None], dtype=object)}
    )
    plain.cursor().execute(f"CREATE OR REPLACE TABLE v (i INT, a {kind})")
    # Bytes that are no text need a table that the client empties: only then it says so.
    written = write_pandas(
        plain, frame, "V", use_logical_type=True, overwrite=True, auto_create_table=False
    )
    assert written[0]
    assert _same([*values, None], _back(plain))
    cursor = plain.cursor().execute("SELECT a FROM v WHERE a IS NOT NULL ORDER BY i")
    found = cursor.fetch_pandas_all()["A"].tolist()
    if kind.startswith("NUMBER"):
        # Decimals that fit into 64 bits come as FLOAT, as the connector makes them.
        assert [float(one) for one in found] == [float(one) for one in values]
    elif kind.startswith("TIMESTAMP"):
        assert [one.to_pydatetime() for one in found] == values
    else:
        assert [bytes(one) if kind == "BINARY" else one for one in found] == values


@pytest.mark.parametrize(("kind"), [*VALUES, "VARIANT", "OBJECT", "ARRAY"])
def test_null_of_every_type_comes_back(plain: Any, kind: str) -> None:
    cursor = plain.cursor()
    assert cursor.execute(f"SELECT NULL::{kind}").fetchall() == [(None,)]
    cursor.execute(f"CREATE OR REPLACE TABLE v (i INT, a {kind})")
    cursor.execute("INSERT INTO v (i) VALUES (1)")
    assert cursor.execute("SELECT a FROM v").fetchall() == [(None,)]
    assert cursor.execute("SELECT a FROM v").fetch_pandas_all()["A"].isna().tolist() == [True]


@pytest.mark.parametrize("document", DOCUMENTS, ids=repr)
def test_documents_come_back(plain: Any, document: Any) -> None:
    kinds = ["VARIANT", *{dict: ["OBJECT"], list: ["ARRAY"]}.get(type(document), [])]
    for kind in kinds:
        cursor = plain.cursor()
        cursor.execute(f"CREATE OR REPLACE TABLE v (i INT, a {kind})")
        cursor.execute("INSERT INTO v SELECT 1, PARSE_JSON(%s)", (json.dumps(document),))
        assert json.loads(cursor.execute("SELECT a FROM v").fetchall()[0][0]) == document


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_what_is_no_finite_number_comes_back(plain: Any, value: float) -> None:
    ((found,),) = plain.cursor().execute(f"SELECT '{value}'::FLOAT").fetchall()
    assert repr(found) == repr(value)


def test_a_number_of_38_digits_comes_back(plain: Any) -> None:
    longest = 10**38 - 1
    fraction = "0." + "9" * 37
    sql = f"SELECT {longest}, -{longest}, {fraction}::NUMBER(38,37)"
    assert plain.cursor().execute(sql).fetchall() == [(longest, -longest, Decimal(fraction))]


def test_literals_of_every_type_come_back(plain: Any) -> None:
    sql = (
        "SELECT DATE '2024-02-29', TIME '23:59:59.999999', "
        "TIMESTAMP '9999-12-31 23:59:59.999999', X'00FF', 1e3::FLOAT, .5, -0.0::FLOAT = 0"
    )
    assert plain.cursor().execute(sql).fetchall() == [
        (
            dt.date(2024, 2, 29),
            dt.time(23, 59, 59, 999999),
            dt.datetime(9999, 12, 31, 23, 59, 59, 999999),
            bytearray(b"\x00\xff"),
            1000.0,
            Decimal("0.5"),
            True,
        )
    ]


def test_no_rows_come_back_as_a_frame_with_its_columns(plain: Any) -> None:
    cursor = plain.cursor().execute("SELECT 1 AS a, 'x' AS b, 1.5::FLOAT AS c WHERE FALSE")
    frame = cursor.fetch_pandas_all()
    assert (list(frame.columns), len(frame)) == (["A", "B", "C"], 0)
