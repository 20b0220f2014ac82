"""Stages: named places for files, and the way from ``@stage/path`` to files on disk.

What it holds: CREATE, DROP, SHOW and DESC STAGE, LIST and REMOVE, and the resolution of references
(`location`). Not for how files come and go (`put_get`), nor for what is in them (`staged_files`).

A stage has a directory of its own below the warehouse's root, named by a random id that its row
keeps: a stage that is replaced, or made again in a database made again, starts empty, and a
rollback leaves the files of the old one. Temporary stages belong to their session and are removed
with it. The warehouse has one user, so ``@~`` is one directory. A path is a prefix of file names,
as on Snowflake.

Sources: https://docs.snowflake.com/en/sql-reference/sql/create-stage, ../list, ../remove.
"""

from __future__ import annotations

import re
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from embedded_snowflake import errors
from embedded_snowflake.names import QualifiedName
from embedded_snowflake.objects.entries import kept, show_entries, taken, temporary, undropped
from embedded_snowflake.objects.files.file_formats import Value, read_options, resolve, truth
from embedded_snowflake.objects.ml import snow_files
from embedded_snowflake.objects.relations.table_facts import STAGE
from embedded_snowflake.objects.showing import columns
from embedded_snowflake.sessions.routing import NotMine, ends_with_session, handles
from embedded_snowflake.sql.reading import Reader
from embedded_snowflake.sql.results import Result

if TYPE_CHECKING:
    from embedded_snowflake.sessions.session import Session

KIND = "stage"
FOLDER = "stages"
USER_DIRECTORY = "user"
UPLOADS = ".uploads"
"""Where files are until they have arrived as a whole; the server's start empties it."""
SKIPPED = ".skipped"
"""Where uploads go that OVERWRITE = FALSE does not let replace a file."""

_PART = r'(?:"(?:[^"]|"")+"|[^\s./"\'@(),;]+)'
_REFERENCE = re.compile(rf"@(~|(?:{_PART}\.){{0,2}}{_PART})(?:/(.*))?", re.DOTALL)
_OPTIONS = {"FILE_FORMAT", "COMMENT", "DIRECTORY", "ENCRYPTION"}

_DATASET = "snow://dataset/"


@dataclass(frozen=True)
class Location:
    """A stage and a path in it.

    Attributes:
        directory: the stage's own.
        shown: what LIST puts before paths: the stage's name in lower case and a slash, or nothing.
        path: as it stands after the stage's name, a prefix of files' names.
        identity: what tells the stage from another of the same name.
        file_format: what the stage says of its files.
    """

    directory: Path
    shown: str
    path: str
    identity: str
    file_format: dict[str, Value]

    def files(self) -> list[tuple[str, Path]]:
        """Files whose names begin with the path: name in the stage, and where; by name."""
        # What a link leads to outside of the stage is no file of it.
        inside = self.directory.resolve()
        found = [
            (path.relative_to(self.directory).as_posix(), path)
            for path in self.directory.rglob("*")
            if path.is_file() and path.resolve().is_relative_to(inside)
        ]
        return sorted((name, path) for name, path in found if name.startswith(self.path))

    def matching(self, pattern: str | None) -> list[tuple[str, Path]]:
        """Those files whose whole name, or what of it follows the path, matches the pattern.

        Raises:
            SnowflakeError: the pattern is no regular expression.
        """
        if pattern is None:
            return self.files()
        try:
            expression = re.compile(pattern, re.DOTALL)
        except re.error as cause:
            raise errors.refused(
                f"Invalid regular expression: '{pattern}', {cause}.", 100048, "2201B"
            ) from None
        return [
            (name, path)
            for name, path in self.files()
            if expression.fullmatch(name)
            or expression.fullmatch(name[len(self.path) :].lstrip("/"))
        ]

    def target(self) -> Path:
        """The file or directory that the path names."""
        return self.directory / self.path if self.path else self.directory


def _clean(path: str, reference: str) -> str:
    kept = path.lstrip("/")
    if ".." in PurePosixPath(kept).parts or "\0" in kept:
        raise errors.refused(f"The path of '{reference}' leaves the stage.", 2003, "02000")
    # Repeated slashes and single dots mean nothing on disk, so they cannot tell files apart.
    parts = [part for part in kept.split("/") if part not in ("", ".")]
    return "/".join(parts) + ("/" if parts and kept.endswith("/") else "")


def location(session: Session, reference: str, *, create: bool = False) -> Location:
    """Resolve ``@[db.][schema.]stage[/path]``, ``@~[/path]`` or ``@[db.][schema.]%table[/path]``.

    A dataset's version, ``snow://dataset/name/versions/v[/path]``, is read as a stage is.

    Args:
        session: whose names they are.
        reference: also with quoted names, and without the ``@``.
        create: make the stage of a table if it has none yet.

    Raises:
        SnowflakeError: there is no such stage, or the path leaves it.
    """
    text = reference.strip()
    if text.startswith(_DATASET) and not create:
        version, directory, path = snow_files.located(session, text)
        return Location(directory, f"versions/{version}/", _clean(path, text), directory.name, {})
    found = _REFERENCE.fullmatch(text if text.startswith("@") else "@" + text)
    if found is None:
        raise errors.uncompiled(f"'{reference}' is not a stage.")
    path = _clean(found[2] or "", reference)
    root = session.root / FOLDER
    if found[1] == "~":
        return Location(root / USER_DIRECTORY, "", path, USER_DIRECTORY, {})
    head, last = _split(found[1])
    if last.startswith("%"):
        identity = _table_stage(session, Reader(head + last[1:], session).name(), create=create)
        return Location(root / identity, "", path, identity, {})
    name = Reader(found[1], session).name()
    row = kept(session, KIND, name)
    if row is None:
        raise errors.missing("Stage", name)
    return Location(
        root / row["id"], name.name.lower() + "/", path, row["id"], row.get("file_format", {})
    )


def _split(dotted: str) -> tuple[str, str]:
    parts = re.findall(_PART, dotted)
    last = parts[-1]
    if last.startswith('"%'):
        last = '%"' + last[2:]
    return "".join(part + "." for part in parts[:-1]), last


def _table_stage(session: Session, table: QualifiedName, *, create: bool) -> str:
    """The directory of a table's own stage, which is made by the first PUT, at once.

    A transaction must neither hide it from other sessions nor take it back: they would make another.
    """
    if session.relation_kind(table) != "TABLE":
        raise errors.missing("Stage", f"%{table.name}")
    made = uuid.uuid4().hex
    if table in session.temporary:
        own = temporary(session, STAGE)
        return str(own.setdefault(session.stored_as(table), {"id": made})["id"])
    aside = type(session).of_the_system(session.engine)
    try:
        with session.engine.defining(session, (table.database, table.schema, f"%{table.name}")):
            entry = aside.catalog.get(STAGE, table)
            if entry is not None:
                return str(entry.props["id"])
            if create:
                with aside.transaction():
                    aside.catalog.put(STAGE, table, {"id": made})
    finally:
        aside.close()
    return made


def known_directories(session: Session) -> set[str]:
    """Names of the directories below `FOLDER` that rows name; the server's start keeps these."""
    rows = [*session.catalog.list(KIND), *session.catalog.list(STAGE)]
    return {USER_DIRECTORY, *(str(entry.props["id"]) for entry in rows)}


@ends_with_session
def end_session(session: Session) -> None:
    """Remove the files of the session's own stages."""
    for row in [*temporary(session, KIND).values(), *temporary(session, STAGE).values()]:
        _remove_directory(session.root, row["id"])


# --- statements ------------------------------------------------------------------------------


@handles("CREATE", "STAGE")
def create_stage(session: Session, reader: Reader) -> Result:
    """CREATE [OR REPLACE] [TEMPORARY] STAGE [IF NOT EXISTS] name [FILE_FORMAT = (..)] .."""
    name = reader.name()
    options = read_options(reader.rest())
    for option in options:
        if option not in _OPTIONS:
            raise errors.refused(
                f"CREATE STAGE with {option} is not carried out in the embedded warehouse: "
                "its stages are internal."
            )
    directory = options.get("DIRECTORY")
    props: dict[str, Any] = {
        "directory": isinstance(directory, dict)
        and truth("ENABLE", directory.get("ENABLE", "FALSE")),
        "id": uuid.uuid4().hex,
        "comment": str(options.get("COMMENT", "")),
        "file_format": _stage_format(session, options.get("FILE_FORMAT")),
    }
    own = temporary(session, KIND)
    existing = own.get(name) if reader.temporary else kept(session, KIND, name)
    if (answer := taken(reader, name, existing)) is not None:
        return answer
    if reader.temporary:
        if existing is not None:
            _remove_directory(session.root, existing["id"])
        own[name] = props
    else:
        with session.transaction():
            _drop_row(session, name)
            session.catalog.put(KIND, name, props)
    return Result.status(f"Stage area {name.name} successfully created.")


def _stage_format(session: Session, value: Value | None) -> dict[str, Value]:
    if value is None:
        return {}
    given: dict[str, Value] = value if isinstance(value, dict) else {"FORMAT_NAME": str(value)}
    if "FORMAT_NAME" in given:
        given = {**given, "FORMAT_NAME": Reader(str(given["FORMAT_NAME"]), session).name().sql}
    resolve(session, given, {})
    return given


def _remove_directory(root: Path, identity: str) -> None:
    shutil.rmtree(root / FOLDER / identity, ignore_errors=True)


def _drop_row(session: Session, name: QualifiedName) -> bool:
    entry = session.catalog.get(KIND, name)
    if entry is None:
        return False
    session.catalog.remove(KIND, name)
    session.on_commit(lambda: _remove_directory(session.root, entry.props["id"]))
    return True


@handles("DROP", "STAGE")
def drop_stage(session: Session, reader: Reader) -> Result:
    """DROP STAGE [IF EXISTS] name, with its files."""
    name = reader.name()
    reader.end()
    own = temporary(session, KIND).pop(name, None)
    if own is not None:
        _remove_directory(session.root, own["id"])
        return Result.status(f"{name.name} successfully dropped.")
    with session.transaction():
        dropped = _drop_row(session, name)
    if not dropped:
        return undropped(reader, "Stage", name)
    return Result.status(f"{name.name} successfully dropped.")


@handles("SHOW", "STAGES")
def show_stages(_: Session, reader: Reader) -> Result:
    """SHOW STAGES [LIKE ..] [IN ..]; temporary ones are not shown."""
    return show_entries(
        reader,
        KIND,
        "created_on:TIMESTAMP_LTZ name database_name schema_name url has_credentials "
        "has_encryption_key owner comment region type cloud notification_channel "
        "storage_integration endpoint owner_role_type directory_enabled",
        lambda entry: {
            "url": "",
            "has_credentials": "N",
            "has_encryption_key": "N",
            "comment": entry.props.get("comment", ""),
            "type": "INTERNAL",
            "directory_enabled": "Y" if entry.props.get("directory") else "N",
        },
    )


@handles("DESC", "STAGE")
@handles("DESCRIBE", "STAGE")
def describe_stage(session: Session, reader: Reader) -> Result:
    """DESC STAGE name: what was given for its files' format."""
    name = reader.name()
    reader.end()
    row = kept(session, KIND, name)
    if row is None:
        raise errors.missing("Stage", name)
    return Result.rows(
        columns("parent_property property property_type property_value property_default"),
        [
            ("STAGE_FILE_FORMAT", option, "String", str(value), "")
            for option, value in row.get("file_format", {}).items()
        ],
    )


def read_reference(reader: Reader) -> str:
    """Read ``@stage/path`` or the same in quotes.

    Raises:
        NotMine: something else comes.
    """
    if reader.at_string():
        text = reader.string()
        if not text.startswith("@"):
            raise NotMine
        return text
    token = reader.peek()
    if token is None or token.text != "@":
        raise NotMine
    end = reference_end(reader.sql, token.start)
    while (ahead := reader.peek()) is not None and ahead.start < end:
        reader.place += 1
    return reader.sql[token.start : end]


def reference_end(sql: str, start: int) -> int:
    """Where an unquoted reference ends that begins at ``start``: at white space or punctuation."""
    place, quoted = start, False
    while place < len(sql) and (quoted or not (sql[place].isspace() or sql[place] in "(),;'")):
        if sql[place] == '"':
            quoted = not quoted
        place += 1
    return place


def read_argument(text: str) -> tuple[str, str]:
    """The first argument and the rest of the text: quoted, a reference, or a word.

    PUT and REMOVE are read from the text: the tokenizer takes ``//`` of an unquoted address for a
    comment, and all that follows REMOVE for one text.
    """
    text = text.lstrip()
    if text.startswith("'"):
        found = re.match(r"'((?:[^'\\]|\\.|'')*)'", text, re.DOTALL)
        if found is None:
            raise errors.uncompiled("syntax error: open quote.")
        content = re.sub(r"\\(.)|''", lambda one: one[1] or "'", found[1])
        return content, text[found.end() :]
    if text.startswith("@"):
        end = reference_end(text, 0)
        return text[:end], text[end:]
    word = re.match(r"\S+", text)
    if word is None:
        raise errors.uncompiled("syntax error: unexpected '<EOF>'.")
    return word[0].rstrip(";"), text[word.end() :]


@handles("LS")
@handles("LIST")
def list_stage(session: Session, reader: Reader) -> Result:
    """LIST @stage/path [PATTERN = '..']."""
    where = location(session, read_reference(reader))
    pattern = None
    if reader.accept("PATTERN"):
        reader.expect("=")
        pattern = reader.string()
    reader.end()
    found = where.matching(pattern)
    return snow_files.listed((where.shown + name, path) for name, path in found)


@handles("RM")
@handles("REMOVE")
def remove_files(session: Session, reader: Reader) -> Result:
    """REMOVE @stage/path [PATTERN = '..']; at once, whatever becomes of the transaction."""
    reference, rest = read_argument(reader.text.split(maxsplit=1)[-1])
    if not reference.startswith("@"):
        raise NotMine
    options = read_options(rest)
    if options.keys() - {"PATTERN"}:
        raise errors.refused("REMOVE takes PATTERN and nothing else.")
    where = location(session, reference)
    removed = where.matching(None if not options else str(options["PATTERN"]))
    for _, path in removed:
        path.unlink(missing_ok=True)
        prune(where.directory, path.parent)
    return Result.rows(
        {"name": "VARCHAR", "result": "VARCHAR"},
        [(where.shown + name, "removed") for name, _ in removed],
    )


def prune(top: Path, directory: Path) -> None:
    """Remove directories that became empty, from this one up to the stage's own."""
    while directory != top and directory.is_relative_to(top):
        try:
            directory.rmdir()
        except OSError:
            return  # not empty, or already gone
        directory = directory.parent
