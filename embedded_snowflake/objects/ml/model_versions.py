"""What a model is to the catalog: its versions, aliases and default, and the rules between them.

What it holds: plain records, their form in the catalog's JSON, and the reading of a package's
``MANIFEST.yml``. Add here rules that Snowflake documents about versions. Statements and files
belong to ``objects/ml/models.py``.

Sources: https://docs.snowflake.com/en/sql-reference/sql/alter-model (an alias is an identifier,
unique in the model, none of the system's; a version has at most one) and
https://docs.snowflake.com/en/sql-reference/sql/alter-model-drop-version (the default version
cannot be dropped; FIRST and LAST move by themselves).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from embedded_snowflake.inference.pool import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SYSTEM_ALIASES = ("DEFAULT", "FIRST", "LAST")


class ModelRuleError(Exception):
    """A rule about versions and aliases forbids it; the text says which, and what to do."""


class VersionMissingError(Exception):
    """There is no version, and no alias, of that name."""


class VersionExistsError(Exception):
    """A version of that name is already there."""


@dataclass(frozen=True)
class Function:
    """A function that a version answers to.

    Attributes:
        name: its SQL name.
        table: whether it is a table function.
        inputs: (name, SQL type) of each argument.
        outputs: (name, SQL type) of each output; the name is empty where there is only a type.
        parameters: names of what it takes beside a row's arguments.
    """

    name: str
    table: bool
    inputs: tuple[tuple[str, str], ...]
    outputs: tuple[tuple[str, str], ...]
    parameters: tuple[str, ...] = ()

    @property
    def return_type(self) -> str:
        """What SHOW FUNCTIONS IN MODEL names as the type that it returns."""
        if self.table:
            return "TABLE (" + ", ".join(f"{n} {t}" for n, t in self.outputs) + ")"
        return self.outputs[0][1] if self.outputs else "OBJECT"

    @property
    def signature(self) -> str:
        """The ``arguments`` column of SHOW FUNCTIONS IN MODEL."""
        types = ", ".join(kind for _, kind in self.inputs)
        return f"{self.name}({types}) RETURN {self.return_type}"

    def kinds(self) -> tuple[str, ...]:
        """The kind of each argument, as inference passes it.

        Raises:
            ModelRuleError: a type that is not passed here, or a form of function that is not run.
        """
        if self.table:
            raise ModelRuleError(
                f"{self.name} is a table function; this warehouse runs functions that answer one "
                "row for each row. Log the method with function_type FUNCTION, or load the "
                "model in the client."
            )
        if self.return_type.upper() != "OBJECT":
            raise ModelRuleError(
                f"{self.name} returns {self.return_type}; this warehouse runs functions that "
                "return OBJECT."
            )
        if self.parameters:
            raise ModelRuleError(
                f"{self.name} takes parameters ({', '.join(self.parameters)}); this warehouse "
                "passes a row's arguments alone. Log the model with a signature without them."
            )
        kinds: list[str] = []
        for name, sql_type in self.inputs:
            kind = kind_of(sql_type)
            if kind is None:
                raise ModelRuleError(
                    f"argument {name} of {self.name} is {sql_type}; this warehouse passes DOUBLE, "
                    "INTEGER, VARCHAR, BOOLEAN and TIMESTAMP_NTZ to models. Log the model with a "
                    "signature of these."
                )
            kinds.append(kind)
        return tuple(kinds)


@dataclass
class Version:
    """One version of a model.

    Attributes:
        name: its name, as stored.
        files: name of its directory, never used twice.
        created_on: when, ISO 8601 in UTC.
        comment: its comment.
        metadata: JSON text that the client keeps there (metrics and more).
        alias: its alias, if it has one.
        functions: what it answers to.
        spec: text of the package's ``model.yaml``.
        platforms: where it says that it runs.
        size: bytes of its files.
        datasets: name and version of each dataset that it was made from.
    """

    name: str
    files: str
    created_on: str
    comment: str = ""
    metadata: str = "{}"
    alias: str | None = None
    functions: tuple[Function, ...] = ()
    spec: str | None = None
    platforms: tuple[str, ...] = ("WAREHOUSE",)
    size: int = 0
    datasets: tuple[tuple[str, str], ...] = ()

    def function(self, name: str) -> Function:
        """The function of that SQL name.

        Raises:
            ModelRuleError: there is none.
        """
        for function in self.functions:
            if function.name == name:
                return function
        known = ", ".join(function.name for function in self.functions) or "none"
        raise ModelRuleError(f"version {self.name} has no function {name}; it has {known}")


@dataclass
class Model:
    """A model: its versions in the order of their creation, and which is the default.

    Attributes:
        versions: never empty once the model is in the catalog.
        default: name of the default version.
        comment: its comment.
    """

    versions: list[Version] = field(default_factory=list[Version])
    default: str = ""
    comment: str = ""

    def version(self, name: str | None) -> Version:
        """The version of a name or an alias; the default for None.

        Raises:
            VersionMissingError: neither a version nor an alias is called so.
        """
        wanted = self.default if name in {None, "DEFAULT"} else name
        if self.versions and wanted in {"FIRST", "LAST"}:
            return self.versions[0 if wanted == "FIRST" else -1]
        for version in self.versions:
            if wanted in {version.name, version.alias}:
                return version
        raise VersionMissingError(str(name))

    def add(self, version: Version) -> None:
        """Append a version; the first becomes the default.

        Raises:
            VersionExistsError: the name is a version already.
            ModelRuleError: the name is an alias, or one of the system's.
        """
        if any(version.name == other.name for other in self.versions):
            raise VersionExistsError(version.name)
        if version.name in SYSTEM_ALIASES or any(
            version.name == other.alias for other in self.versions
        ):
            raise ModelRuleError(
                f"{version.name} is an alias; choose another name for the version."
            )
        self.versions.append(version)
        self.default = self.default or version.name

    def drop(self, name: str) -> Version:
        """Remove a version, with its alias, and return it.

        Raises:
            VersionMissingError: there is no such version.
            ModelRuleError: it is the default.
        """
        version = self.version(name)
        if version.name == self.default:
            raise ModelRuleError(
                f"Version {version.name} is the default version and cannot be dropped. Make "
                "another version the default first (SET DEFAULT_VERSION), or drop the model."
            )
        self.versions.remove(version)
        return version

    def set_alias(self, version_name: str, alias: str) -> None:
        """Give a version an alias.

        Raises:
            VersionMissingError: there is no such version.
            ModelRuleError: the alias is the system's, a version's name, another version's, or the
                version has another one.
        """
        version = self.version(version_name)
        if alias in SYSTEM_ALIASES:
            raise ModelRuleError(f"{alias} is an alias of the system and cannot be set.")
        for other in self.versions:
            if other.name == alias:
                raise ModelRuleError(f"{alias} is the name of a version and cannot be an alias.")
            if other.alias == alias and other is not version:
                raise ModelRuleError(
                    f"Alias {alias} belongs to version {other.name}. Unset it there first: "
                    f"ALTER MODEL .. VERSION {alias} UNSET ALIAS."
                )
        if version.alias not in {None, alias}:
            raise ModelRuleError(
                f"Version {version.name} has the alias {version.alias}, and a version has at most "
                "one. Unset it first."
            )
        version.alias = alias

    def unset_alias(self, name: str) -> None:
        """Take the alias from a version.

        Args:
            name: the version's name, or the alias.

        Raises:
            VersionMissingError: there is no such version.
            ModelRuleError: the alias is the system's, or the version has none.
        """
        if name in SYSTEM_ALIASES:
            raise ModelRuleError(f"{name} is an alias of the system and cannot be unset.")
        version = self.version(name)
        if version.alias is None:
            raise ModelRuleError(f"Version {version.name} has no alias.")
        version.alias = None

    def aliases_of(self, version: Version) -> list[str]:
        """Every alias of a version, the system's first."""
        system = [
            alias
            for alias, holder in (
                ("DEFAULT", self.version(None)),
                ("FIRST", self.versions[0]),
                ("LAST", self.versions[-1]),
            )
            if holder is version
        ]
        return [*system, *([version.alias] if version.alias else [])]

    def to_json(self) -> dict[str, Any]:
        """The form that the catalog keeps."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Model:
        """The model that ``to_json`` was called on."""
        versions: list[Version] = []
        for version in kept["versions"]:
            plain: dict[str, Any] = {
                **version,
                "functions": tuple(
                    Function(
                        one["name"],
                        one["table"],
                        _pairs(one["inputs"]),
                        _pairs(one["outputs"]),
                        tuple(one.get("parameters", ())),
                    )
                    for one in version["functions"]
                ),
                "platforms": tuple(version["platforms"]),
                # An older data directory has no sources, and no parameters of functions.
                "datasets": _pairs(version.get("datasets", ())),
            }
            versions.append(Version(**plain))
        return cls(versions=versions, default=kept["default"], comment=kept["comment"])


def _pairs(kept: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """What JSON made lists of."""
    return tuple((name, other) for name, other in kept)


def read_package(directory: Path, name: str, created_on: str) -> Version:
    """The version that a directory of files is, from its MANIFEST.yml; no model is loaded.

    Args:
        directory: the files as the registry's client laid them out.
        name: the version's name.
        created_on: when, ISO 8601 in UTC.

    Raises:
        ModelRuleError: there is no readable MANIFEST.yml.
    """
    manifest_file = directory / "MANIFEST.yml"
    if not manifest_file.is_file():
        raise ModelRuleError(
            "The path holds no MANIFEST.yml; models are logged by the registry client."
        )
    manifest = yaml.safe_load(manifest_file.read_text(encoding="utf-8"))
    if not isinstance(manifest, dict):
        raise ModelRuleError("MANIFEST.yml is not a mapping.")
    methods: list[dict[str, Any]] = manifest.get("methods") or []  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    sources: list[dict[str, Any]] = manifest.get("lineage_sources") or []  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    spec = directory / "model" / "model.yaml"
    return Version(
        name=name,
        files=directory.name,
        created_on=created_on,
        functions=tuple(
            Function(
                str(method["name"]),
                str(method.get("type", "FUNCTION")).upper() == "TABLE_FUNCTION",
                tuple((str(f["name"]), str(f["type"])) for f in method.get("inputs") or []),
                tuple(
                    (str(f.get("name", "")), str(f["type"])) for f in method.get("outputs") or []
                ),
                tuple(str(f["name"]) for f in method.get("params") or []),
            )
            for method in methods
        ),
        spec=spec.read_text(encoding="utf-8") if spec.is_file() else None,
        platforms=tuple(str(p) for p in manifest.get("target_platforms") or ["WAREHOUSE"]),  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType, reportUnknownArgumentType]
        size=sum(file.stat().st_size for file in directory.rglob("*") if file.is_file()),
        datasets=tuple(
            (str(source["entity"]), str(source["version"]))
            for source in sources
            if source.get("type") == "DATASET"
        ),
    )
