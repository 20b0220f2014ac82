"""The rules between a model's versions, aliases and default, without a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from embedded_snowflake.objects.ml.model_versions import (
    Function,
    Model,
    ModelRuleError,
    Version,
    VersionExistsError,
    VersionMissingError,
    read_package,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def model(*names: str) -> Model:
    made = Model()
    for name in names:
        made.add(Version(name=name, files=f"files-{name}", created_on="2025-01-01T00:00:00+00:00"))
    return made


def test_the_first_version_is_the_default_and_the_system_aliases_follow_the_order() -> None:
    made = model("V2", "V1", "V3")
    assert [made.version(n).name for n in (None, "DEFAULT", "FIRST", "LAST", "V1")] == [
        "V2",
        "V2",
        "V2",
        "V3",
        "V1",
    ]
    assert made.aliases_of(made.version("V2")) == ["DEFAULT", "FIRST"]
    made.drop("V3")
    assert made.version("LAST").name == "V1"


def test_an_alias_belongs_to_one_version_until_it_is_unset() -> None:
    made = model("V1", "V2")
    made.set_alias("V1", "CHAMPION")
    made.set_alias("V1", "CHAMPION")
    with pytest.raises(ModelRuleError, match=r"belongs to version V1\. Unset it"):
        made.set_alias("V2", "CHAMPION")
    made.unset_alias("CHAMPION")
    made.set_alias("V2", "CHAMPION")
    assert made.version("CHAMPION").name == "V2"
    assert made.aliases_of(made.version("V2")) == ["LAST", "CHAMPION"]


def test_a_version_has_at_most_one_alias() -> None:
    made = model("V1")
    made.set_alias("V1", "CHALLENGER")
    with pytest.raises(ModelRuleError, match="has the alias CHALLENGER, and a version has at most"):
        made.set_alias("CHALLENGER", "CHAMPION")
    made.unset_alias("V1")
    made.set_alias("V1", "CHAMPION")
    with pytest.raises(ModelRuleError, match="has no alias"):
        model("V1").unset_alias("V1")


@pytest.mark.parametrize("alias", ["DEFAULT", "FIRST", "LAST", "V2"])
def test_system_aliases_and_version_names_cannot_be_aliases(alias: str) -> None:
    made = model("V1", "V2")
    with pytest.raises(ModelRuleError, match=alias):
        made.set_alias("V1", alias)


def test_the_default_cannot_be_dropped_and_an_alias_goes_with_its_version() -> None:
    made = model("V1", "V2")
    made.set_alias("V2", "CHALLENGER")
    with pytest.raises(ModelRuleError, match="V1 is the default version and cannot be dropped"):
        made.drop("V1")
    made.drop("CHALLENGER")
    with pytest.raises(VersionMissingError):
        made.version("CHALLENGER")
    made.add(Version(name="CHALLENGER", files="f", created_on=""))


def test_a_version_name_is_used_once_and_is_no_alias() -> None:
    made = model("V1")
    made.set_alias("V1", "CHAMPION")
    with pytest.raises(VersionExistsError):
        made.add(Version(name="V1", files="f", created_on=""))
    with pytest.raises(ModelRuleError, match="CHAMPION is an alias"):
        made.add(Version(name="CHAMPION", files="f", created_on=""))


def test_what_the_catalog_keeps_is_the_whole_model() -> None:
    made = model("V1", "V2")
    made.set_alias("V2", "CHAMPION")
    made.versions[0].functions = (
        Function("PREDICT", False, (("A", "DOUBLE"),), (("", "OBJECT"),), ("K",)),
    )
    assert Model.from_json(made.to_json()) == made


def write_manifest(directory: Path, method: Mapping[str, object]) -> Path:
    directory.mkdir(exist_ok=True)
    (directory / "MANIFEST.yml").write_text(yaml.safe_dump({"methods": [method]}))
    return directory


def test_functions_are_read_from_the_manifest(tmp_path: Path) -> None:
    method = {
        "name": "PREDICT",
        "type": "FUNCTION",
        "inputs": [
            {"name": name, "type": kind}
            for name, kind in (
                ("A", "DOUBLE"),
                ("B", "BIGINT"),
                ("C", "NUMBER(38, 0)"),
                ("D", "VARCHAR(10)"),
                ("E", "TIMESTAMP_NTZ(9)"),
                ("F", "BOOLEAN"),
            )
        ],
        "outputs": [{"type": "OBJECT"}],
    }
    (function,) = read_package(write_manifest(tmp_path, method), "V1", "").functions
    assert function.kinds() == (
        "doubles",
        "bigints",
        "bigints",
        "varchars",
        "timestamps",
        "booleans",
    )
    assert function.signature.endswith("TIMESTAMP_NTZ(9), BOOLEAN) RETURN OBJECT")


@pytest.mark.parametrize("kind", ["NUMBER(10, 2)", "ARRAY", "OBJECT", "DATE", "BINARY"])
def test_a_type_that_cannot_be_passed_is_refused_by_name(tmp_path: Path, kind: str) -> None:
    method = {"name": "PREDICT", "inputs": [{"name": "X", "type": kind}], "outputs": []}
    (function,) = read_package(write_manifest(tmp_path, method), "V1", "").functions
    with pytest.raises(
        ModelRuleError, match=r"argument X of PREDICT is " + kind.split("(", maxsplit=1)[0]
    ):
        function.kinds()


def test_a_method_with_parameters_is_refused_by_name(tmp_path: Path) -> None:
    parameters = [{"name": "K", "type": "DOUBLE", "default": "2.0"}]
    method = {"name": "PREDICT", "inputs": [], "outputs": [], "params": parameters}
    (function,) = read_package(write_manifest(tmp_path, method), "V1", "").functions
    with pytest.raises(ModelRuleError, match=r"takes parameters \(K\)"):
        function.kinds()


def test_a_table_function_and_files_without_a_manifest_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelRuleError, match=r"no MANIFEST\.yml"):
        read_package(tmp_path, "V1", "")
    method = {"name": "EXPLAIN", "type": "TABLE_FUNCTION", "inputs": [], "outputs": []}
    (function,) = read_package(write_manifest(tmp_path, method), "V1", "").functions
    with pytest.raises(ModelRuleError, match="EXPLAIN is a table function"):
        function.kinds()
