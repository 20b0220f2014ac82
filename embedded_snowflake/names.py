"""Names of Snowflake objects: how they are quoted, completed and shown.

Add to it what every kind of object needs to know about names; what one kind alone needs stays in
that kind's module.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

INTERNAL = "_fs_information_schema"
"""The schema, in every database, that holds catalog rows; users neither see nor reach it."""
_PLAIN = re.compile(r"[A-Z_][A-Z0-9_$]*")


def quoted(part: str) -> str:
    """One identifier in double quotes, as both Snowflake and DuckDB read it."""
    return '"' + part.replace('"', '""') + '"'


def shown(part: str) -> str:
    """One part of a name as Snowflake shows it: quoted only where it must be."""
    return part if _PLAIN.fullmatch(part) else quoted(part)


def stored_name(node: Any) -> str:
    """The name that a parsed identifier, column or definition means: upper case unless quoted."""
    while not isinstance(node, exp.Identifier):
        node = node.this
    return node.name if node.quoted else node.name.upper()


def literal(text: str) -> str:
    """A text as a SQL literal that Snowflake's and DuckDB's readers both take as it is."""
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True)
class QualifiedName:
    """A name of three parts, each as stored (upper case unless it was quoted)."""

    database: str
    schema: str
    name: str

    @property
    def parts(self) -> tuple[str, str, str]:
        """Database, schema and name."""
        return self.database, self.schema, self.name

    @property
    def sql(self) -> str:
        """The name with every part quoted."""
        return ".".join(quoted(part) for part in self.parts)

    def __str__(self) -> str:
        """The name as Snowflake shows it: quoted only where it must be."""
        return ".".join(shown(part) for part in self.parts)
