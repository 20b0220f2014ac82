"""Files of models and datasets: kept durably, listed and fetched by ``snow://`` addresses.

What it holds: LIST and GET of ``snow://..``, the way from an address to files, and the writing of
directories that a row of the catalog makes visible. Stages have files of their own kind; not here.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import uuid
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from embedded_snowflake import errors
from embedded_snowflake.names import QualifiedName
from embedded_snowflake.objects.showing import columns
from embedded_snowflake.sessions.routing import NotMine, handles
from embedded_snowflake.sql.reading import Reader
from embedded_snowflake.sql.results import Result
from embedded_snowflake.storage.presigning import sign

if TYPE_CHECKING:
    from pathlib import Path

    from embedded_snowflake.sessions.session import Session

_ADDRESS = re.compile(r"snow://(\w+)/(.+?)/versions/([^/]+)(?:/(.*))?")
Finder = Callable[["Session", QualifiedName, str], "tuple[str, Path]"]
_FINDERS: dict[str, Finder] = {}


def finds_files(domain: str) -> Callable[[Finder], Finder]:
    """Register who finds the files of ``snow://<domain>/..``.

    The function takes the object's name and the version as written, and answers the version's
    name and its directory.
    """

    def register(find: Finder) -> Finder:
        _FINDERS[domain] = find
        return find

    return register


def files_at(session: Session, address: str) -> list[tuple[str, Path]]:
    """The files at ``snow://<domain>/<name>/versions/<version>[/<path>]``.

    Args:
        session: whose names and transaction they are.
        address: of a version, a directory in it, or a file.

    Returns:
        For each file its path from ``versions/`` on, and where it is.

    Raises:
        errors.SnowflakeError: the address is not one, or there is no such version.
    """
    version, directory, wanted = located(session, address)
    files: list[tuple[str, Path]] = []
    for path in sorted(directory.rglob("*")):
        relative = path.relative_to(directory).as_posix()
        beneath = not wanted or relative.startswith(wanted.rstrip("/") + "/")
        if path.is_file() and (beneath or relative == wanted):
            files.append((f"versions/{version}/{relative}", path))
    return files


def located(session: Session, address: str) -> tuple[str, Path, str]:
    """The version that an address names, its directory, and the path in it.

    Raises:
        errors.SnowflakeError: the address is not one, or there is no such version.
    """
    found = _ADDRESS.fullmatch(address)
    if found is None or found[1] not in _FINDERS:
        raise errors.refused(
            f"'{address}' is not snow://model/<name>/versions/<version>[/<path>], nor the same of "
            "a dataset."
        )
    name = Reader(found[2], session).name()
    version, directory = _FINDERS[found[1]](session, name, found[3])
    return version, directory, found[4] or ""


def _read_address(reader: Reader) -> str:
    if not reader.at_string():
        raise NotMine
    address = reader.string()
    if not address.startswith("snow://"):
        raise NotMine
    return address


@handles("LS")
@handles("LIST")
def list_files(session: Session, reader: Reader) -> Result:
    """LIST 'snow://..'."""
    address = _read_address(reader)
    reader.end()
    return listed(files_at(session, address))


def listed(files: Iterable[tuple[str, Path]]) -> Result:
    """LIST's answer: of each file what it is called, and where it is."""
    return Result.rows(
        columns("name size:NUMBER md5 last_modified"),
        [
            (
                shown,
                path.stat().st_size,
                content_md5(path),
                datetime.fromtimestamp(path.stat().st_mtime, UTC).strftime(
                    "%a, %d %b %Y %H:%M:%S GMT"
                ),
            )
            for shown, path in files
        ],
    )


def content_md5(path: Path) -> str:
    """MD5 of a file, in hexadecimal: what LIST shows, no matter of security."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


@handles("GET")
def get_files(session: Session, reader: Reader) -> Result:
    """GET 'snow://..' 'file://..'."""
    address = _read_address(reader)
    local = reader.string()
    return download(session, [path for _, path in files_at(session, address)], local)


@contextmanager
def new_directory(session: Session, folder: str) -> Generator[Path, None, None]:
    """A directory of a name never used before, durable and complete once the block has ended.

    A rollback of the session's transaction removes it.

    Args:
        session: whose transaction will make it visible.
        folder: beneath the warehouse's root.

    Yields:
        The directory to fill; its name in the end is its ``stem``.
    """
    partial = session.root / folder / f"{uuid.uuid4().hex}.partial"
    partial.mkdir(parents=True)
    try:
        yield partial
        for path in [*partial.rglob("*"), partial]:
            _sync(path)
        kept = partial.rename(partial.with_suffix(""))
        _sync(kept.parent)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    session.on_rollback(lambda: shutil.rmtree(kept, ignore_errors=True))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_after_commit(
    session: Session, folder: str, name: str, before: Callable[[Path], object] | None = None
) -> None:
    """Remove a directory once the transaction that drops its row has committed.

    Args:
        session: whose transaction it is.
        folder: beneath the warehouse's root.
        name: of the directory.
        before: called with the directory before it is removed.
    """
    directory = session.root / folder / name

    def remove() -> None:
        if before is not None:
            before(directory)
        shutil.rmtree(directory, ignore_errors=True)

    session.on_commit(remove)


def sweep(root: Path, folder: str, known: set[str]) -> None:
    """Remove directories that no row names; for the server's start, before any session.

    Args:
        root: the warehouse's.
        folder: beneath it.
        known: names of the directories that rows name.
    """
    directory = root / folder
    for path in directory.iterdir() if directory.is_dir() else ():
        if path.name in known:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def download(session: Session, paths: list[Path], local: str) -> Result:
    """GET's answer: where the client reads the files."""
    return Result(
        [],
        [],
        raw={
            "command": "DOWNLOAD",
            "src_locations": [path.name for path in paths],
            "localLocation": local.removeprefix("file://"),
            "parallel": 4,
            "autoCompress": False,
            "encryptionMaterial": [],
            "stageInfo": {
                "locationType": "GCS",
                "location": "x/",
                "creds": {},
                "presignedUrl": None,
            },
            "presignedUrls": [sign(session, path, 3600, "GET") for path in paths],
        },
    )
