"""Where the suite runs: the embedded warehouse, or an account by the SNOWFLAKE_* variables.

What it holds: `Target`, a scratch database and the sessions in it, and how a case is put to it.
What must not go here: expected values.
"""

from __future__ import annotations

import bz2
import os
import re
import uuid
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import snowflake.connector
from pyarrow import parquet
from snowflake.connector.constants import FIELD_ID_TO_NAME

from embedded_snowflake_tests.conformance.case import (
    Case,
    Error,
    Fails,
    Group,
    Other,
    differing_rows,
)

_ACCOUNT = {
    "SNOWFLAKE_CONNECTION_NAME": "connection_name",
    "SNOWFLAKE_ACCOUNT": "account",
    "SNOWFLAKE_USER": "user",
    "SNOWFLAKE_PASSWORD": "password",
    "SNOWFLAKE_AUTHENTICATOR": "authenticator",
    "SNOWFLAKE_TOKEN": "token",
    "SNOWFLAKE_TOKEN_FILE_PATH": "token_file_path",
    "SNOWFLAKE_PRIVATE_KEY_PATH": "private_key_file",
    "SNOWFLAKE_PRIVATE_KEY_PASSPHRASE": "private_key_file_pwd",
    "SNOWFLAKE_ROLE": "role",
    "SNOWFLAKE_WAREHOUSE": "warehouse",
}


def account_arguments() -> dict[str, Any]:
    """The connector's arguments from the SNOWFLAKE_* variables."""
    return {name: os.environ[key] for key, name in _ACCOUNT.items() if os.environ.get(key)}


def write_files(folder: Path) -> Path:
    """The files that cases put on stages, as ``{files}``."""
    (folder / "people.csv").write_text("id,name\n1,ann\n2,bob\n")
    (folder / "other").mkdir()
    (folder / "other" / "people.csv").write_text("id,name\n9,zoe\n")
    (folder / "bad.csv").write_text("id,name\nx,ann\n3,bob\n")
    (folder / "quoted.csv").write_text('"a,b",\n"say ""hi""",""\n')
    (folder / "data.json").write_text('{"id": 1, "v": 1.5}\n{"id": 2}\n')
    people = {"id": pa.array([1, 2], pa.int64()), "name": pa.array(["ann", None])}
    parquet.write_table(pa.table(people), folder / "data.parquet")
    _write_formats(folder / "formats")
    return folder


def _write_formats(folder: Path) -> None:
    """The same two people, compressed, delimited and encoded in other ways; and what nobody can read."""
    folder.mkdir()
    text = "1,ann\n2,bob\n"
    raw = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    (folder / "people.csv.bz2").write_bytes(bz2.compress(text.encode()))
    (folder / "people.csv.zst").write_bytes(pa.compress(text.encode(), "zstd", asbytes=True))
    (folder / "people.deflate").write_bytes(zlib.compress(text.encode()))
    (folder / "people.raw_deflate").write_bytes(raw.compress(text.encode()) + raw.flush())
    (folder / "windows.csv").write_bytes(text.replace("\n", "\r\n").encode())
    (folder / "piped.csv").write_text(text.replace("\n", "|"))
    (folder / "spaced.csv").write_text('1, "ann b" \n2,  bob \n')
    (folder / "latin.csv").write_bytes("1,é\n".encode("latin-1"))
    (folder / "open.csv").write_text('1,"ann\n')
    (folder / "typed.csv").write_text(
        "known,at\ntrue,2024-01-02 03:04:05\nfalse,2024-01-03 03:04:05\n"
    )
    (folder / "broken.parquet").write_bytes(b"PAR1 and no more")


@dataclass
class Answer:
    """What a statement was answered with."""

    rows: list[tuple[Any, ...]] = field(default_factory=list[tuple[Any, ...]])
    columns: list[str] = field(default_factory=list[str])
    types: list[str] = field(default_factory=list[str])
    error: snowflake.connector.errors.Error | None = None


def ask(connection: Any, sql: str) -> Answer:
    """Put a statement."""
    cursor = connection.cursor()
    try:
        cursor.execute(sql)
        rows = cursor.fetchall()
    except snowflake.connector.errors.Error as cause:
        return Answer(error=cause)
    finally:
        described = cursor.description or []
    return Answer(
        rows,
        [column.name for column in described],
        [FIELD_ID_TO_NAME[column.type_code] for column in described],
    )


class Target:
    """A scratch database; it is dropped by `close`."""

    def __init__(self, arguments: dict[str, Any], *, embedded: bool, files: Path) -> None:
        self.embedded = embedded
        self.files = files
        self._arguments = arguments
        self.database = f"CONFORMANCE_{uuid.uuid4().hex[:8].upper()}"
        self._home = self.connect(within=False)
        self.must(self._home, f"CREATE DATABASE {self.database}")
        self._schemas = 0

    def connect(self, *, within: bool = True, **more: Any) -> Any:
        """A new session."""
        parameters = {**self._arguments.get("session_parameters", {}), "TIMEZONE": "UTC"}
        arguments = {**self._arguments, "session_parameters": parameters}
        if within:
            arguments |= {"database": self.database, "schema": "PUBLIC"}
        return snowflake.connector.connect(**{**arguments, **more})

    def must(self, connection: Any, sql: str) -> Answer:
        """Put a statement that may not fail."""
        answer = ask(connection, sql)
        if answer.error is not None:
            raise answer.error
        return answer

    def new_schema(self) -> str:
        """The name of a schema that is made now."""
        self._schemas += 1
        name = f"{self.database}.S{self._schemas}"
        self.must(self._home, f"CREATE SCHEMA {name}")
        return name

    def close(self) -> None:
        """Drop what was made."""
        self.must(self._home, f"DROP DATABASE {self.database}")
        self._home.close()


_OF_SESSION = re.compile(r"BEGIN|START|COMMIT|ROLLBACK|USE|SET|ALTER SESSION|CREATE SCHEMA")
"""Statements that leave their session changed."""
_QUERY = re.compile(r"\s*(SELECT|WITH)\b", re.IGNORECASE)
_ANOTHER_EACH_TIME = re.compile(r"NEXTVAL|LAST_QUERY_ID|RESULT_SCAN|QUERY_HISTORY")


class Run:
    """One group's cases on a target: sessions that live as long as the group."""

    def __init__(self, target: Target, group: Group) -> None:
        self.target = target
        self.connection = target.connect()
        self.schema = target.new_schema()
        target.must(self.connection, f"USE SCHEMA {self.schema}")
        for sql in group.setup:
            target.must(self.connection, sql)

    def close(self) -> None:
        """End the session."""
        self.connection.close()

    def mismatch(self, case: Case) -> str | None:
        """Put the case; what is different from what it expects, or None.

        A case of one statement runs in the group's session and schema, one of several in a schema
        of its own, and in sessions of its own where it changes its session or needs two.
        """
        if len(case.statements) == 1:
            return self._asked(case, self.connection, self._text(case.statements[0]))
        schema = self.target.new_schema()
        two = any(isinstance(one, Other) for one in case.statements)
        own = two or any(_OF_SESSION.match(self._text(one)) for one in case.statements)
        sessions = [self.target.connect() if own else self.connection]
        if two:
            sessions.append(self.target.connect())
        try:
            for session in sessions:
                self.target.must(session, f"USE SCHEMA {schema}")
            return self._put(case, sessions)
        finally:
            if own:
                for session in sessions:
                    session.close()
            else:
                self.target.must(self.connection, f"USE SCHEMA {self.schema}")

    def _put(self, case: Case, sessions: list[Any]) -> str | None:
        *before, last = case.statements
        for one in before:
            answer = ask(sessions[1 if isinstance(one, Other) else 0], self._text(one))
            if isinstance(one, Fails):
                wrong = _error_mismatch(one.error, answer)
                if wrong is not None:
                    return f"{one.sql}: {wrong}"
            elif answer.error is not None:
                if self.target.embedded and case.refused is not None:
                    return _error_mismatch(case.refused, answer)
                return f"{self._text(one)} failed: {answer.error}"
        return self._asked(case, sessions[isinstance(last, Other)], self._text(last))

    def _asked(self, case: Case, session: Any, sql: str) -> str | None:
        """Put the statement that is compared; a query twice, since it may be kept translated."""
        wrong = self._compared(case, ask(session, sql))
        again = _QUERY.match(sql) and not _ANOTHER_EACH_TIME.search(sql) and wrong is None
        return self._compared(case, ask(session, sql)) if again else wrong

    def _text(self, statement: str | Other | Fails) -> str:
        sql = statement if isinstance(statement, str) else statement.sql
        return sql.replace("{files}", str(self.target.files))

    def _compared(self, case: Case, answer: Answer) -> str | None:
        error = case.error
        if self.target.embedded and case.refused is not None:
            error = case.refused
        if error is not None:
            return _error_mismatch(error, answer)
        if answer.error is not None:
            return f"failed with {answer.error.errno} ({answer.error.sqlstate}): {answer.error}"
        return _answer_mismatch(case, answer)


def _error_mismatch(error: Error, answer: Answer) -> str | None:
    if answer.error is None:
        return f"no error, but {answer.rows!r}"
    return error.mismatch(answer.error.errno, answer.error.sqlstate, str(answer.error))


def _answer_mismatch(case: Case, answer: Answer) -> str | None:
    found, columns, types = answer.rows, answer.columns, answer.types
    if case.only is not None:
        absent = [name for name in case.only if name not in columns]
        if absent:
            return f"no column {', '.join(absent)} in {columns}"
        places = [columns.index(name) for name in case.only]
        found = [tuple(row[place] for place in places) for row in found]
        columns = [columns[place] for place in places]
        types = [types[place] for place in places]
    if case.columns is not None and list(case.columns) != columns:
        return f"columns {columns} in place of {list(case.columns)}"
    if case.types is not None and list(case.types) != types:
        return f"types {types} in place of {list(case.types)}"
    if case.rows is None:
        return None
    return differing_rows(case.rows, found, unordered=case.unordered)
