"""Names of Snowflake objects, quoted in one place.

What it holds: the one way in which a name becomes part of a statement (`quote`, `qualified`), and
the reading of a dotted name as a person writes it (`split_qualified`).

Add to it what every caller needs to name an object safely. What must not go here: values (they
are bound by the cursor, never written into a statement), SQL, and names of our own objects.

Source: Snowflake, "Identifier requirements": an unquoted identifier is stored and resolved in
upper case; a quoted one keeps its case, and a quote inside it is doubled.
"""

from __future__ import annotations

import re
from typing import Final

MAXIMUM_LENGTH: Final = 255
"""Characters an identifier may have ("Identifier requirements")."""

_PART: Final = re.compile(r'"(?P<quoted>(?:[^"]|"")+)"|(?P<plain>[A-Za-z_][A-Za-z0-9_$]*)')


class IdentifierError(ValueError):
    """A name that cannot be a Snowflake identifier."""


def quote(name: str) -> str:
    """Return `name` as a quoted identifier, exactly as it is spelled.

    Args:
        name: the stored name: ours are upper case, as Snowflake stores unquoted ones.

    Raises:
        IdentifierError: the name is empty, longer than 255 characters, or holds a NUL.
    """
    if not name:
        raise IdentifierError("An empty name cannot name an object; give at least one character.")
    if len(name) > MAXIMUM_LENGTH:
        raise IdentifierError(
            f"The name {name[:40]!r}... has {len(name)} characters; "
            f"Snowflake allows {MAXIMUM_LENGTH}."
        )
    if "\0" in name:
        raise IdentifierError(f"The name {name!r} holds a NUL character; remove it.")
    return '"' + name.replace('"', '""') + '"'


def qualified(*parts: str) -> str:
    """Return the parts as one dotted name, each quoted: `"DATABASE"."SCHEMA"."TABLE"`."""
    return ".".join(quote(part) for part in parts)


def split_qualified(text: str) -> tuple[str, ...]:
    """Return the stored parts of a dotted name as a person writes it.

    Unquoted parts become upper case, quoted ones keep their case: `shop."Orders"` gives
    `("SHOP", "Orders")`.

    Raises:
        IdentifierError: the text is not one to three names joined by dots.
    """
    parts: list[str] = []
    position = 0
    stripped = text.strip()
    while match := _PART.match(stripped, position):
        quoted: str | None = match["quoted"]
        plain: str = match["plain"] or ""
        parts.append(quoted.replace('""', '"') if quoted else plain.upper())
        position = match.end()
        if position == len(stripped):
            break
        if stripped[position] != ".":
            parts.clear()
            break
        position += 1
    if not 1 <= len(parts) <= 3 or position != len(stripped):
        raise IdentifierError(
            f"{text!r} is not a name like TABLE, SCHEMA.TABLE or DATABASE.SCHEMA.TABLE; "
            'put parts with other characters than letters, digits, "_" and "$" in double quotes.'
        )
    return tuple(parts)
