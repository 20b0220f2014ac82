"""What makes a training the same training: data, feature version, code and parameters.

Holds the hashes of the four and the version's name made of them. Add to it when something else
decides a model's numbers. What must not go here: a clock, a counter or a random number; the same
four must give the same name for ever.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class TrainingIdentity:
    """The four parts of a training's identity, as text."""

    data_token: str
    feature_version: str
    code_version: str
    parameters_digest: str

    def digest(self) -> str:
        """Return the SHA-256 of the four, in hexadecimal."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    def version_name(self) -> str:
        """Return the registry's version name: V_ and twelve digits of the digest, upper case."""
        return f"V_{self.digest()[:12].upper()}"


def code_version(package: Path | None = None) -> str:
    """Return the SHA-256 over the modelling package's source files, names and contents.

    Args:
        package: the folder to hash; this package's own by default.

    Raises:
        FileNotFoundError: the folder holds no Python source, as in an installation of bytecode.
    """
    folder = package if package is not None else Path(__file__).parent
    files = sorted(folder.rglob("*.py"))
    if not files:
        message = "the modelling package has no source files here; install it with its sources."
        raise FileNotFoundError(message)
    total = hashlib.sha256()
    for file in files:
        total.update(file.relative_to(folder).as_posix().encode() + b"\0")
        # Line ends differ between checkouts of the same commit.
        total.update(file.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return total.hexdigest()


def parameters_digest(parameters: Mapping[str, object]) -> str:
    """Return the SHA-256 of parameters as sorted JSON.

    Raises:
        TypeError: a value has no JSON form; give plain numbers, texts, lists and mappings.
    """
    return hashlib.sha256(json.dumps(parameters, sort_keys=True).encode()).hexdigest()


def frame_token(frame: pd.DataFrame) -> str:
    """Return a token of a frame's content, whatever the order of its rows and columns."""
    ordered = frame.reindex(columns=sorted(frame.columns))
    rows = np.sort(pd.util.hash_pandas_object(ordered, index=False).to_numpy())
    total = hashlib.sha256(",".join(map(str, ordered.columns)).encode())
    total.update(rows.tobytes())
    return total.hexdigest()
