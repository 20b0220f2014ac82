"""Datasets: versioned, immutable copies of a query's rows, as Parquet files.

What it holds: CREATE, ALTER, DROP and SHOW DATASET, SHOW VERSIONS IN DATASET,
GET_PRESIGNED_URL of ``snow://dataset/..``. Not for tables, nor for reading files in queries.

A version's files are written and synced under a directory name never used before; the catalog's
row, in the session's transaction, makes them a version. What no row names is removed when the
server starts.

Source: the statements that snowflake-ml-python 2.6 sends, and the error numbers that it tells
apart (``snowflake.ml._internal.exceptions.dataset_errors``).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from embedded_snowflake import errors
from embedded_snowflake.names import QualifiedName
from embedded_snowflake.objects.entries import read_options, show_entries, taken, undropped
from embedded_snowflake.objects.ml import snow_files
from embedded_snowflake.objects.showing import Scope, columns
from embedded_snowflake.sessions.routing import NotMine, handles, scalar
from embedded_snowflake.sql.reading import Reader
from embedded_snowflake.sql.results import Result
from embedded_snowflake.storage.presigning import sign

if TYPE_CHECKING:
    from pathlib import Path

    from embedded_snowflake.sessions.session import Session

KIND = "dataset"
FOLDER = "datasets"
DATASET_MISSING = 399019
VERSION_MISSING = 399012
VERSION_EXISTS = 399020


def find(session: Session, name: QualifiedName, number: int = DATASET_MISSING) -> dict[str, Any]:
    """What the catalog keeps of a dataset.

    Args:
        session: whose transaction it is.
        name: the dataset.
        number: of the error where there is none; the client branches on it.
    """
    kept = session.catalog.get(KIND, name)
    if kept is None:
        raise errors.uncompiled(
            f"Dataset '{name}' does not exist or not authorized.", number, "02000"
        )
    return dict(kept.props)


def _version(name: QualifiedName, props: dict[str, Any], version: str) -> dict[str, Any]:
    kept = props["versions"].get(version)
    if kept is None:
        raise errors.error(
            f"Dataset version '{version}' of '{name}' does not exist.", VERSION_MISSING, "02000"
        )
    return kept


@handles("CREATE", "DATASET")
def create(session: Session, reader: Reader) -> Result:
    """CREATE [OR REPLACE] DATASET [IF NOT EXISTS] name."""
    name = reader.name()
    reader.end()
    there = session.catalog.get(KIND, name)
    if (answer := taken(reader, name, there)) is not None:
        return answer
    with session.transaction():
        if there is not None:
            _drop(session, name)
        session.catalog.put(KIND, name, {"versions": {}})
    return Result.status(f"Dataset {name.name} successfully created.")


@handles("ALTER", "DATASET")
def alter(session: Session, reader: Reader) -> Result:
    """ALTER DATASET: ADD VERSION 'v' FROM (query) [COMMENT ..] [METADATA ..], DROP VERSION 'v'."""
    name = reader.name()
    with session.transaction():
        props = find(session, name)
        if reader.accept("DROP", "VERSION"):
            _drop_version(session, name, props, reader)
        else:
            reader.expect("ADD", "VERSION")
            _add_version(session, name, props, reader)
        session.catalog.put(KIND, name, props)
    return Result.status()


def _drop_version(
    session: Session, name: QualifiedName, props: dict[str, Any], reader: Reader
) -> None:
    version = reader.string()
    reader.end()
    files = _version(name, props, version)["files"]
    del props["versions"][version]
    snow_files.remove_after_commit(session, FOLDER, files)


def _add_version(
    session: Session, name: QualifiedName, props: dict[str, Any], reader: Reader
) -> None:
    version = reader.string()
    reader.expect("FROM")
    query = reader.parenthesised()
    given = read_options(reader, "a dataset's version", ("COMMENT", "METADATA"))
    if version in props["versions"]:
        raise errors.error(
            f"Dataset version '{version}' of '{name}' already exists.", VERSION_EXISTS, "42710"
        )
    with snow_files.new_directory(session, FOLDER) as directory:
        _write_parquet(session, query, directory / "data_0_0_0.snappy.parquet")
    props["versions"][version] = {
        "files": directory.stem,
        "comment": given.get("COMMENT", ""),
        "metadata": given.get("METADATA", "{}"),
        "created_on": datetime.now(UTC).isoformat(),
    }


@handles("DROP", "DATASET")
def drop(session: Session, reader: Reader) -> Result:
    """DROP DATASET [IF EXISTS] name."""
    name = reader.name()
    reader.end()
    if session.catalog.get(KIND, name) is None and reader.if_exists:
        return undropped(reader, "Dataset", name)
    with session.transaction():
        _drop(session, name)
    return Result.status(f"{name.name} successfully dropped.")


def _drop(session: Session, name: QualifiedName) -> None:
    versions = find(session, name)["versions"]
    session.catalog.remove(KIND, name)
    for version in versions.values():
        snow_files.remove_after_commit(session, FOLDER, version["files"])


@handles("SHOW", "DATASETS")
def show(_: Session, reader: Reader) -> Result:
    """SHOW DATASETS [LIKE ..] [IN ..] [STARTS WITH ..]."""
    return show_entries(
        reader,
        KIND,
        "created_on:TIMESTAMP_LTZ name database_name schema_name owner comment versions",
        lambda entry: {"comment": "", "versions": json.dumps(list(entry.props["versions"]))},
    )


@handles("SHOW", "VERSIONS")
def show_versions(session: Session, reader: Reader) -> Result:
    """SHOW VERSIONS [LIKE ..] IN DATASET name."""
    like = reader.string() if reader.accept("LIKE") else None
    if not reader.accept("IN", "DATASET"):
        raise NotMine
    name = reader.name()
    reader.end()
    versions = find(session, name, 2043)["versions"]
    return Result.rows(
        columns("created_on:TIMESTAMP_LTZ version comment metadata"),
        [
            (datetime.fromisoformat(kept["created_on"]), version, kept["comment"], kept["metadata"])
            for version, kept in versions.items()
            if Scope(like=like).matches_name(version)
        ],
    )


@snow_files.finds_files("dataset")
def _files_of_version(session: Session, name: QualifiedName, wanted: str) -> tuple[str, Path]:
    return wanted, session.root / FOLDER / _version(name, find(session, name), wanted)["files"]


@scalar("GET_PRESIGNED_URL")
def presigned_url(session: Session, url: str, path: str, seconds: str = "3600") -> str:
    """GET_PRESIGNED_URL('snow://dataset/..', 'path' [, seconds])."""
    if not url.startswith("snow://dataset/"):
        raise NotMine
    found = snow_files.files_at(session, f"{url.rstrip('/')}/{path}")
    if len(found) != 1:
        raise errors.refused(f"'{url}' holds no file '{path}'.")
    return sign(session, found[0][1], float(seconds), "GET")


def _write_parquet(session: Session, query: str, path: Path) -> None:
    from pyarrow import parquet

    table = session.run(query)._arrow_table  # noqa: SLF001
    # In the old form, which clients read who do not ask for logical types.
    parquet.write_table(table, path, compression="snappy", use_deprecated_int96_timestamps=True)
