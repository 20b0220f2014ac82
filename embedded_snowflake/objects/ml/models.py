"""Models: their statements, their files, and what a call of one stands for.

What it holds: CREATE, ALTER, DROP, SHOW and COMMENT ON MODEL, SHOW VERSIONS and FUNCTIONS IN MODEL,
and the replacement of model calls in queries. The rules of versions and aliases are in
``model_versions.py``, the running of models in ``inference/``.

A version's files are copied to a directory of a name never used before, and synced, before the
catalog's row names it: the row, in the transaction of the session, is what makes them a version.
What no row names is removed when the server starts.

Sources: https://docs.snowflake.com/en/sql-reference/commands-model and the statements that
snowflake-ml-python 2.6 sends and the columns that it reads.
"""

from __future__ import annotations

import json
import re
import shutil
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from embedded_snowflake import errors
from embedded_snowflake.inference import calls
from embedded_snowflake.inference.pool import ModelFunction
from embedded_snowflake.names import QualifiedName, quoted
from embedded_snowflake.objects import tags
from embedded_snowflake.objects.entries import drop_entry, read_options, show_entries
from embedded_snowflake.objects.files import stages
from embedded_snowflake.objects.ml import snow_files
from embedded_snowflake.objects.ml.model_versions import (
    Model,
    ModelRuleError,
    Version,
    VersionExistsError,
    VersionMissingError,
    read_package,
)
from embedded_snowflake.objects.showing import Scope, columns
from embedded_snowflake.sessions.routing import NotMine, handles, rewrites
from embedded_snowflake.sql.reading import Reader
from embedded_snowflake.sql.results import Result

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from embedded_snowflake.sessions.session import Session
    from embedded_snowflake.storage.catalog import Entry

KIND = "model"
FOLDER = "models"
ALREADY_EXISTS = 100132
"""What CREATE MODEL answers for a name in use; the client then adds a version instead."""


def find(session: Session, name: QualifiedName) -> Model:
    """The model of that name.

    Raises:
        errors.SnowflakeError: there is none.
    """
    kept = session.catalog.get(KIND, name)
    if kept is None:
        raise errors.missing("Model", name)
    return Model.from_json(kept.props)


def keep(session: Session, name: QualifiedName, model: Model) -> None:
    """Write the model's row."""
    session.catalog.put(KIND, name, model.to_json())


def directory_of(root: Path, version: Version) -> Path:
    """Where a version's files are."""
    return root / FOLDER / version.files


@contextmanager
def _rules(name: QualifiedName) -> Generator[None, None, None]:
    """Within it the rules' refusals of a change of a model are Snowflake's errors."""
    try:
        yield
    except VersionMissingError as error:
        raise errors.missing("Version", f"{name}.{error}") from error
    except VersionExistsError as error:
        raise errors.exists(f"{name}.{error}") from error
    except ModelRuleError as error:
        raise errors.uncompiled(f"{name}: {error}") from error


def _version(name: QualifiedName, model: Model, wanted: str | None) -> Version:
    with _rules(name):
        return model.version(wanted)


def _read_source(session: Session, reader: Reader) -> Path:
    """Directory of what stands behind FROM: a stage path, or another model's version."""
    if reader.accept("MODEL"):
        source = reader.name()
        model = find(session, source)
        wanted = reader.identifier() if reader.accept("VERSION") else None
        reader.end()
        return directory_of(session.root, _version(source, model, wanted))
    return stages.location(session, reader.rest()).target()


def _add(session: Session, name: QualifiedName, model: Model, version: str, source: Path) -> None:
    with _rules(name):
        read_package(source, version, "")
    with snow_files.new_directory(session, FOLDER) as directory:
        shutil.copytree(source, directory, dirs_exist_ok=True)
        made = read_package(directory, version, datetime.now(UTC).isoformat())
    made.files = directory.stem
    with _rules(name):
        model.add(made)
    keep(session, name, model)


@handles("CREATE", "MODEL")
def create(session: Session, reader: Reader) -> Result:
    """CREATE MODEL name WITH VERSION v FROM @stage/path | MODEL other [VERSION v]."""
    name = reader.name()
    if session.catalog.get(KIND, name) is not None and not reader.or_replace:
        if reader.if_not_exists:
            return Result.status(f"{name.name} already exists, statement succeeded.")
        raise errors.uncompiled(f"Object '{name}' already exists.", ALREADY_EXISTS, "42710")
    version = "VERSION_1"
    if reader.accept("WITH", "VERSION"):
        version = reader.identifier()
    elif reader.accept("WITH", "LIVE", "VERSION"):
        raise errors.refused("Live versions of models are not part of the embedded warehouse.")
    reader.expect("FROM")
    source = _read_source(session, reader)
    with session.transaction():
        old = session.catalog.get(KIND, name)
        if old is not None:
            _forget(session, old)
            session.catalog.remove(KIND, name)
        _add(session, name, Model(), version, source)
    return Result.status(f"Model {name.name} successfully created.")


def _drop_files(session: Session, versions: list[Version]) -> None:
    for version in versions:
        snow_files.remove_after_commit(
            session, FOLDER, version.files, lambda path: session.inference.forget(path / "model")
        )


@handles("ALTER", "MODEL")
def alter(session: Session, reader: Reader) -> Result:
    """ALTER MODEL: versions, aliases, default, comments, metadata, tags and the name."""
    name = reader.name()
    if session.catalog.get(KIND, name) is None and reader.if_exists:
        return Result.status()
    with session.transaction():
        return _alter(session, name, reader)


def _alter(session: Session, name: QualifiedName, reader: Reader) -> Result:
    model = find(session, name)
    if reader.at("SET", "TAG") or reader.at("UNSET", "TAG"):
        return tags.change(session, "MODEL", name, reader)
    if reader.accept("RENAME", "TO"):
        return _rename(session, name, reader)
    if reader.accept("ADD", "VERSION"):
        version = reader.identifier()
        reader.expect("FROM")
        _add(session, name, model, version, _read_source(session, reader))
        return Result.status()
    if reader.accept("DROP", "VERSION"):
        dropped = reader.identifier()
        reader.end()
        with _rules(name):
            _drop_files(session, [model.drop(dropped)])
    elif reader.accept("MODIFY", "VERSION"):
        version = _version(name, model, reader.identifier())
        _modify(version, reader)
    elif reader.accept("VERSION"):
        _alias(name, model, reader)
    elif reader.accept("SET"):
        _set(name, model, reader)
    else:
        raise errors.refused(
            "ALTER MODEL does ADD, DROP and MODIFY VERSION, VERSION .. SET and UNSET ALIAS, SET "
            "DEFAULT_VERSION and COMMENT, SET and UNSET TAG, and RENAME TO here."
        )
    keep(session, name, model)
    return Result.status()


def _modify(version: Version, reader: Reader) -> None:
    reader.expect("SET")
    given = read_options(reader, "a version of a model", ("COMMENT", "METADATA"))
    version.comment = given.get("COMMENT", version.comment)
    version.metadata = given.get("METADATA", version.metadata)
    try:
        json.loads(version.metadata)
    except ValueError as error:
        raise errors.refused(f"METADATA must be JSON: {error}.") from error


def _alias(name: QualifiedName, model: Model, reader: Reader) -> None:
    version = reader.identifier()
    if reader.accept("UNSET", "ALIAS"):
        reader.end()
        with _rules(name):
            model.unset_alias(version)
        return
    reader.expect("SET", "ALIAS")
    reader.expect("=")
    alias = reader.string().upper() if reader.at_string() else reader.identifier()
    reader.end()
    with _rules(name):
        model.set_alias(version, alias)


def _set(name: QualifiedName, model: Model, reader: Reader) -> None:
    while not reader.done():
        if reader.accept("COMMENT"):
            reader.expect("=")
            model.comment = reader.string()
        else:
            reader.expect("DEFAULT_VERSION")
            reader.expect("=")
            wanted = reader.string().upper() if reader.at_string() else reader.identifier()
            model.default = _version(name, model, wanted).name
    reader.end()


def _rename(session: Session, name: QualifiedName, reader: Reader) -> Result:
    new = reader.name()
    reader.end()
    if session.catalog.get(KIND, new) is not None:
        raise errors.exists(new)
    session.catalog.rename(KIND, name, new)
    tags.move(session, "MODULE", name, new)
    return Result.status()


@handles("COMMENT", "ON", "MODEL")
def comment(session: Session, reader: Reader) -> Result:
    """COMMENT ON MODEL name IS '..'."""
    name = reader.name()
    model = find(session, name)
    reader.expect("IS")
    model.comment = reader.string()
    reader.end()
    keep(session, name, model)
    return Result.status()


@handles("DROP", "MODEL")
def drop(session: Session, reader: Reader) -> Result:
    """DROP MODEL [IF EXISTS] name."""
    return drop_entry(reader, KIND, "Model", lambda entry: _forget(session, entry))


def _forget(session: Session, entry: Entry) -> None:
    tags.forget(session, "MODULE", entry.name)
    _drop_files(session, Model.from_json(entry.props).versions)


@handles("SHOW", "MODELS")
def show(_: Session, reader: Reader) -> Result:
    """SHOW MODELS [LIKE ..] [IN ..]."""

    def tell(entry: Entry) -> dict[str, object]:
        model = Model.from_json(entry.props)
        aliases = {
            alias: version.name for version in model.versions for alias in model.aliases_of(version)
        }
        return {
            "model_type": "USER_MODEL",
            "comment": model.comment,
            "default_version_name": model.default,
            "versions": json.dumps([version.name for version in model.versions]),
            "aliases": json.dumps(aliases),
        }

    return show_entries(
        reader,
        KIND,
        "created_on:TIMESTAMP_LTZ name model_type database_name schema_name comment owner "
        "default_version_name versions aliases",
        tell,
    )


@handles("SHOW", "VERSIONS")
def show_versions(session: Session, reader: Reader) -> Result:
    """SHOW VERSIONS [LIKE ..] IN MODEL name."""
    like = reader.string() if reader.accept("LIKE") else None
    if not reader.accept("IN", "MODEL"):
        raise NotMine
    name = reader.name()
    reader.end()
    model = find(session, name)
    return Result.rows(
        columns(
            "created_on:TIMESTAMP_LTZ name aliases comment database_name schema_name model_name "
            "is_default_version functions metadata user_data model_attributes size:NUMBER "
            "environment runnable_in inference_services model_spec"
        ),
        [
            (
                datetime.fromisoformat(version.created_on),
                version.name,
                json.dumps(model.aliases_of(version)),
                version.comment,
                *name.parts,
                "true" if version.name == model.default else "false",
                json.dumps([function.name for function in version.functions]),
                version.metadata,
                "{}",
                "{}",
                version.size,
                "{}",
                json.dumps(list(version.platforms)),
                "[]",
                version.spec,
            )
            for version in model.versions
            if Scope(like=like).matches_name(version.name)
        ],
    )


@handles("SHOW", "FUNCTIONS", "IN", "MODEL")
def show_functions(session: Session, reader: Reader) -> Result:
    """SHOW FUNCTIONS IN MODEL name [VERSION v]."""
    name = reader.name()
    wanted = reader.identifier() if reader.accept("VERSION") else None
    reader.end()
    version = _version(name, find(session, name), wanted)
    return Result.rows(
        columns(
            "created_on:TIMESTAMP_LTZ name min_num_arguments:NUMBER max_num_arguments:NUMBER "
            "arguments return_type description is_table_function"
        ),
        [
            (
                datetime.fromisoformat(version.created_on),
                function.name,
                len(function.inputs),
                len(function.inputs),
                function.signature,
                function.return_type,
                "",
                "Y" if function.table else "N",
            )
            for function in version.functions
        ],
    )


@snow_files.finds_files("model")
def _files_of_version(session: Session, name: QualifiedName, wanted: str) -> tuple[str, Path]:
    version = _version(name, find(session, name), wanted)
    return version.name, directory_of(session.root, version)


@rewrites
def replace_calls(session: Session, sql: str) -> str:
    """Every model call in a statement, replaced by what runs it."""
    try:
        return calls.replace_calls(sql, lambda call: _call_sql(session, call))
    except calls.CallSyntaxError as error:
        raise errors.uncompiled(f"syntax error: {error}.") from error


def _call_sql(session: Session, call: calls.ModelCall) -> str:
    name = Reader(".".join(quoted(part) for part in call.model), session).name()
    version = _version(name, find(session, name), call.version)
    if any(re.match(r'\w+\s*=>|"[^"]+"\s*=>', argument) for argument in call.arguments):
        raise errors.unsupported("arguments of a model's method by their names")
    with _rules(name):
        kinds = version.function(call.method).kinds()
    if len(kinds) != len(call.arguments):
        raise errors.uncompiled(
            f"{name}!{call.method} takes {len(kinds)} arguments and was "
            f"given {len(call.arguments)}."
        )
    function = ModelFunction(
        directory=directory_of(session.root, version) / "model",
        title=f"Model {name} version {version.name}",
        function=call.method,
        kinds=kinds,
    )
    return f"PARSE_JSON({session.inference.call_sql(function, list(call.arguments))})"
