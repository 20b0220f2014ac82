"""One text for one VARIANT: keys in order, numbers as they were, older directories put in order."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import duckdb
import pytest
import snowflake.connector

import embedded_snowflake
from embedded_snowflake.serving.lifecycle import home
from embedded_snowflake.sql.canonical_json import ordered, shown


def _value(chance: random.Random, depth: int = 0) -> Any:
    kind = chance.randrange(4 if depth > 3 else 6)
    if kind == 4:
        return [_value(chance, depth + 1) for _ in range(chance.randrange(4))]
    if kind == 5:
        return {_text(chance): _value(chance, depth + 1) for _ in range(chance.randrange(4))}
    return (None, chance.random() < 0.5, chance.randrange(-(10**20), 10**20), _text(chance))[kind]


def _text(chance: random.Random) -> str:
    return "".join(chance.choices('abZé\\"{[ \n\u2028😀', k=chance.randrange(4)))


def test_the_value_stays_and_its_text_is_that_of_sorted_keys() -> None:
    chance = random.Random(4)
    for _ in range(2000):
        value = _value(chance)
        text = ordered(json.dumps(value))
        assert text == json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        lines = json.dumps(value, sort_keys=True, ensure_ascii=False, indent=2)
        assert shown(text) == lines


@pytest.mark.parametrize("number", ["1.50", "1e3", "-0.0", "0.30000000000000004", "9" * 38])
def test_a_number_is_written_as_it_came(number: str) -> None:
    assert ordered(f'{{"b": {number}, "a": 1}}') == f'{{"a":1,"b":{number}}}'


def test_what_would_lose_digits_or_a_value_is_refused() -> None:
    with pytest.raises(ValueError, match="more than 17 digits"):
        ordered("[1234567890.123456789]")
    with pytest.raises(ValueError, match="duplicate object attribute"):
        ordered('{"a": 1, "a": 2}')


def test_objects_of_an_older_directory_are_put_in_order(tmp_path: Path) -> None:
    """Once: what an older version stored is equal to what this one reads."""
    server = embedded_snowflake.ensure_running(tmp_path)
    with snowflake.connector.connect(**server.connect_arguments()) as connection:
        connection.cursor().execute("CREATE DATABASE OLD")
        connection.cursor().execute("CREATE TABLE T (V VARIANT)")
    embedded_snowflake.stop(tmp_path)
    with duckdb.connect(str(home(tmp_path) / "databases" / "OLD.db")) as duck:
        duck.execute("DELETE FROM _fs_information_schema.objects WHERE kind = 'upgrade'")
        duck.execute("""INSERT INTO "PUBLIC".T VALUES ('{"b":1,"a":{"y":1,"x":2}}'), ('[1]')""")
    try:
        for _ in range(2):
            server = embedded_snowflake.ensure_running(tmp_path)
            with snowflake.connector.connect(**server.connect_arguments()) as connection:
                cursor: Any = connection.cursor()
                sql = "SELECT COUNT(*) FROM OLD.PUBLIC.T WHERE V = PARSE_JSON(%s)"
                for text in ('{"a": {"x": 2, "y": 1}, "b": 1}', "[1]"):
                    assert cursor.execute(sql, (text,)).fetchall() == [(1,)]
            embedded_snowflake.stop(tmp_path)
    finally:
        embedded_snowflake.stop(tmp_path)
