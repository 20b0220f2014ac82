"""Where a landed file stands on the stage, and what its path says of it.

What it holds: `LandedPath`, written by `landing` and read back from the stage's listing:
`<name>/<sha256>[.<map>]/<name>`, where `<name>` is the logical file name with unsafe bytes as
`=XX` and `<map>` is `ColumnMap.encode()`, cut into path components that a file system takes.

Add to it when a path must say more of a file. What must not go here: the stage itself (`stage`),
and the contents of files.

The escape is quoted-printable's and not the per cent of URLs: `%` begins a table's stage in
`@%table`, is a parameter's mark to the connector, and is decoded by some object stores.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from vistora_assets.sources.errors import LandingError, MappingError
from vistora_assets.sources.mapping import ColumnMap, decode

MAXIMUM_NAME_BYTES: Final = 200
"""Bytes that an escaped name may have, so that it fits a path component (255) everywhere."""

_CHUNK: Final = 180
_SAFE: Final = re.compile(rb"[A-Za-z0-9._-]")
_ESCAPED: Final = re.compile(r"(?:[A-Za-z0-9._-]|=[0-9A-F]{2})+")
_CONTENT: Final = re.compile(r"(?P<sha256>[0-9a-f]{64})(?:\.(?P<map>[A-Za-z0-9_-]+))?")


def escape(name: str) -> str:
    """Return a logical file name in characters that every stage and file system takes.

    Raises:
        LandingError: the name is empty, only dots, or too long.
    """
    if not name.strip(". "):
        raise LandingError(f"{name!r} cannot name a file on the stage; give a name with letters.")
    escaped = "".join(
        chr(byte) if _SAFE.match(bytes([byte])) else f"={byte:02X}" for byte in name.encode()
    )
    if len(escaped) > MAXIMUM_NAME_BYTES:
        raise LandingError(
            f"The file name {name[:40]!r}... takes {len(escaped)} bytes on the stage; "
            f"{MAXIMUM_NAME_BYTES} are allowed. Give a shorter logical name."
        )
    return escaped


def unescape(escaped: str) -> str | None:
    """Return the name that `escape` wrote, or None where the text is not of its making."""
    if len(escaped) > MAXIMUM_NAME_BYTES or not _ESCAPED.fullmatch(escaped):
        return None
    raw = re.sub(
        rb"=([0-9A-F]{2})", lambda match: bytes([int(match[1], 16)]), escaped.encode("ascii")
    )
    try:
        name = raw.decode()
    except UnicodeDecodeError:
        return None
    return name if name.strip(". ") and escape(name) == escaped else None


@dataclass(frozen=True, slots=True)
class LandedPath:
    """A landed file's place, without the stage: its logical name, its content and its map."""

    file_name: str
    sha256: str
    column_map: ColumnMap = field(default_factory=ColumnMap)

    @property
    def file_hash(self) -> str:
        """What identifies the content as it is read: the SHA-256, with the map's digest if any.

        The same bytes read by another map are other events, so the map belongs to the identity.
        """
        digest = self.column_map.digest()
        return f"{self.sha256}+{digest}" if digest else self.sha256

    @property
    def directory(self) -> str:
        """The directory on the stage, without slashes at its ends."""
        encoded = self.column_map.encode()
        content = f"{self.sha256}.{encoded}" if encoded else self.sha256
        chunks = [content[start : start + _CHUNK] for start in range(0, len(content), _CHUNK)]
        return "/".join((escape(self.file_name), *chunks))

    @property
    def path(self) -> str:
        """The whole path on the stage."""
        return f"{self.directory}/{escape(self.file_name)}"


def parse(path: str) -> LandedPath | None:
    """Return what a path on the stage says, or None for a file that came by other means."""
    first, *middle = path.split("/")
    if len(middle) < 2 or first != middle[-1]:
        return None
    name = unescape(first)
    content = _CONTENT.fullmatch("".join(middle[:-1]))
    if name is None or content is None:
        return None
    try:
        landed = LandedPath(name, content["sha256"], decode(content["map"] or ""))
    except MappingError:
        return None
    return landed if landed.path == path else None
