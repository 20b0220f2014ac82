"""The same four give the same name; any change of one gives another."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from vistora_assets.modelling.identity import (
    TrainingIdentity,
    code_version,
    frame_token,
    parameters_digest,
)

ONE = TrainingIdentity("data", "features", "code", "parameters")


def test_version_names_are_fit_for_a_registry() -> None:
    assert re.fullmatch(r"V_[0-9A-F]{12}", ONE.version_name())
    assert (
        ONE.version_name()
        == TrainingIdentity("data", "features", "code", "parameters").version_name()
    )


@pytest.mark.parametrize("part", range(4))
def test_each_part_counts(part: int) -> None:
    parts = ["data", "features", "code", "parameters"]
    parts[part] += "x"
    assert TrainingIdentity(*parts).digest() != ONE.digest()


def test_parts_do_not_run_into_each_other() -> None:
    assert (
        TrainingIdentity("a", "bc", "", "").digest() != TrainingIdentity("ab", "c", "", "").digest()
    )


def test_code_version_follows_content_and_name_but_not_line_ends(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"x = 1\n")
    first = code_version(tmp_path)
    (tmp_path / "a.py").write_bytes(b"x = 1\r\n")
    assert code_version(tmp_path) == first
    (tmp_path / "a.py").write_bytes(b"x = 2\n")
    second = code_version(tmp_path)
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    assert len({first, second, code_version(tmp_path)}) == 3


def test_code_version_needs_sources(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="source"):
        code_version(tmp_path)
    assert re.fullmatch(r"[0-9a-f]{64}", code_version())


def test_frame_token_ignores_order_and_sees_values() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0, None], "b": ["x", "y", "y"]})
    token = frame_token(frame)
    assert frame_token(frame.iloc[::-1][["b", "a"]]) == token
    assert frame_token(frame.assign(a=[1.0, 2.0, 3.0])) != token
    assert frame_token(frame.rename(columns={"a": "c"})) != token
    assert frame_token(pd.concat([frame, frame.iloc[:1]])) != token


def test_parameters_digest_ignores_the_order_of_keys() -> None:
    assert parameters_digest({"a": 1, "b": [2]}) == parameters_digest({"b": [2], "a": 1})
    with pytest.raises(TypeError):
        parameters_digest({"a": object()})
