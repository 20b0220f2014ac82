"""How a source's columns become the columns of an event.

What it holds: `ColumnMap` (renamed columns and constants), its canonical text for stage paths,
and its resolution against the columns that a source really has.

Add to it when an event gains a column that a source may supply. What must not go here: values of
rows and SQL; see `splitting`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, cast

from vistora_assets.sources.errors import MappingError

EVENT_COLUMNS: Final = ("event_id", "user_id", "event_time", "event_type", "amount", "country")
"""What a source may supply, in the order in which a raw row is written down."""

REQUIRED_COLUMNS: Final = ("user_id", "event_time", "event_type", "amount")
"""What a file must supply, by its header, by a map or by a constant."""


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Which source column, or which constant, gives each column of an event.

    A column that is in neither is looked for under its own name.

    Attributes:
        columns: event column to source column.
        constants: event column to the text that every row gets.

    Raises:
        MappingError: a key is no column of an event, a value is empty, or a column is given twice.
    """

    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    constants: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        for name in (*self.columns, *self.constants):
            if name not in EVENT_COLUMNS:
                raise MappingError(
                    f"The map names {name!r}, which is no column of an event; "
                    f"the columns are {', '.join(EVENT_COLUMNS)}."
                )
        for name, value in (*self.columns.items(), *self.constants.items()):
            if not value.strip():
                raise MappingError(f"The map gives nothing for {name!r}; name a source column.")
        for name in sorted(set(self.columns) & set(self.constants)):
            raise MappingError(
                f"The map gives {name!r} both a source column and a constant; keep one."
            )
        if "event_id" in self.constants:
            raise MappingError(
                "event_id cannot be a constant: it tells one event from another. "
                "Leave it out, and a row is known by its file and row number."
            )

    def __hash__(self) -> int:
        return hash(self.encode())

    def __bool__(self) -> bool:
        return bool(self.columns or self.constants)

    def encode(self) -> str:
        """Return the map as canonical JSON in unpadded base64url, or "" for an empty map.

        Equal maps have equal texts, whatever order they were given in.
        """
        if not self:
            return ""
        parts = {"columns": dict(self.columns), "constants": dict(self.constants)}
        text = json.dumps(
            {name: part for name, part in parts.items() if part},
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
        )
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def digest(self) -> str:
        """Return 12 hexadecimal digits that name the map, or "" for an empty one."""
        encoded = self.encode()
        return hashlib.sha256(encoded.encode()).hexdigest()[:12] if encoded else ""


def decode(encoded: str) -> ColumnMap:
    """Return the map that `ColumnMap.encode` wrote.

    Raises:
        MappingError: the text is no such map.
    """
    if not encoded:
        return ColumnMap()
    try:
        text = base64.b64decode(
            encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True
        ).decode()
        parsed: object = json.loads(text)
    except (binascii.Error, ValueError) as error:
        raise MappingError(f"{encoded[:40]!r} is not an encoded map of columns.") from error
    if not isinstance(parsed, dict):
        raise MappingError(f"{encoded[:40]!r} is not an encoded map of columns.")
    parts = cast("dict[str, object]", parsed)
    if not set(parts) <= {"columns", "constants"}:
        raise MappingError(f"{encoded[:40]!r} is not an encoded map of columns.")
    return ColumnMap(
        columns=_text_pairs(parts.get("columns", {}), encoded),
        constants=_text_pairs(parts.get("constants", {}), encoded),
    )


def _text_pairs(part: object, encoded: str) -> dict[str, str]:
    if not isinstance(part, dict):
        raise MappingError(f"{encoded[:40]!r} is not an encoded map of columns.")
    pairs = cast("dict[object, object]", part)
    if not all(isinstance(text, str) for pair in pairs.items() for text in pair):
        raise MappingError(f"{encoded[:40]!r} is not an encoded map of columns.")
    return cast("dict[str, str]", pairs)


def parse_assignments(assignments: Iterable[str], *, option: str) -> dict[str, str]:
    """Return `column=value` texts, as a command line gives them, as a mapping.

    Args:
        assignments: texts such as `amount=price`; the column is taken in lower case.
        option: the option that they came by, for the message.

    Raises:
        MappingError: a text has no `=`, or a column is given twice.
    """
    pairs: dict[str, str] = {}
    for assignment in assignments:
        column, separator, value = assignment.partition("=")
        name = column.strip().lower()
        if not separator or not name:
            raise MappingError(f"{option} {assignment!r} is not of the form column=value.")
        if name in pairs:
            raise MappingError(f"{option} gives {name!r} twice; keep one.")
        pairs[name] = value.strip()
    return pairs


@dataclass(frozen=True, slots=True)
class ResolvedColumns:
    """Where each column of an event stands in one source.

    Attributes:
        positions: event column to its place in the source, from 0.
        constants: event column to the text that every row gets.
        width: how many columns the source has.
    """

    positions: Mapping[str, int]
    constants: Mapping[str, str]
    width: int


def resolve(
    column_map: ColumnMap, header: Sequence[str], required: Sequence[str] = REQUIRED_COLUMNS
) -> ResolvedColumns:
    """Return where each column of an event stands under this header.

    A source column is matched exactly first, then without regard to case and surrounding spaces.

    Args:
        column_map: renamed columns and constants.
        header: the names that the source has, in order.
        required: columns of an event without which the source is of no use.

    Raises:
        MappingError: a required column is missing, a mapped one is not there, or a wanted name
            stands in the header more than once. The message shows the header.
    """
    positions: dict[str, int] = {}
    missing: list[str] = []
    for column in EVENT_COLUMNS:
        if column in column_map.constants:
            continue
        wanted = column_map.columns.get(column, column)
        found = _places(wanted, header)
        if len(found) > 1:
            raise MappingError(
                f"{wanted!r} stands {len(found)} times in the header ({_shown(header)}); "
                "rename all but one."
            )
        if found:
            positions[column] = found[0]
        elif column in column_map.columns:
            missing.append(f"{wanted!r} (for {column})")
        elif column in required:
            missing.append(column)
    if missing:
        raise MappingError(
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing; "
            f"the header is {_shown(header)}. Map a column (amount=price) or set a constant "
            "(event_type=purchase)."
        )
    return ResolvedColumns(positions, dict(column_map.constants), len(header))


def _places(wanted: str, header: Sequence[str]) -> list[int]:
    exact = [place for place, name in enumerate(header) if name == wanted]
    if exact:
        return exact
    folded = wanted.strip().casefold()
    return [place for place, name in enumerate(header) if name.strip().casefold() == folded]


def _shown(header: Sequence[str], limit: int = 300) -> str:
    text = ", ".join(repr(name[:60]) for name in header)
    return text if len(text) <= limit else f"{text[:limit]}... ({len(header)} columns)"
