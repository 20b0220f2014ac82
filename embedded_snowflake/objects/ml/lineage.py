"""Lineage: which model versions were made from which versions of datasets.

What it holds: SYSTEM$DGQL, which Snowpark's ``Session.lineage`` and the ``lineage`` methods of the
ML clients ask. The edges are what the registry client writes into a logged model's MANIFEST.yml;
no others are recorded, so of tables, views and feature views nothing is found. Add an edge where a
client states one. What must not go here: guesses from SQL.

Source: the query and the answer's fields as ``snowflake.snowpark.lineage`` builds and reads them
(snowflake-snowpark-python, pinned in ``patches``).
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from embedded_snowflake import errors
from embedded_snowflake.names import QualifiedName, shown
from embedded_snowflake.objects.ml import datasets, models
from embedded_snowflake.objects.ml.model_versions import Model
from embedded_snowflake.sessions.routing import scalar
from embedded_snowflake.sql.reading import Reader

if TYPE_CHECKING:
    from embedded_snowflake.sessions.session import Session

_TEXT = r'"((?:[^"\\]|\\.)*)"'
_QUERY = re.compile(
    rf"\{{V\(domain: (?P<domain>\w+), (?:name|id):{_TEXT}(?:, (?:parentName|parentId):{_TEXT})?\) "
    r"\{(?P<direction>upstream|downstream): E\(.*\)\{.*\}\}\}",
    re.DOTALL,
)


class _Node(NamedTuple):
    domain: str
    name: QualifiedName
    version: str
    created_on: datetime


@scalar("SYSTEM$DGQL")
def lineage(session: Session, query: str) -> str:
    """The edges into or out of a version of a model or dataset; of anything else, none."""
    asked = _QUERY.fullmatch(query.strip())
    if asked is None:
        raise errors.refused(
            "The embedded warehouse answers SYSTEM$DGQL as Snowpark's Session.lineage asks it, and "
            "no other form of query."
        )
    name, parent = (None if part is None else _unescaped(part) for part in asked.group(2, 3))
    direction = asked["direction"]
    found: list[tuple[_Node, _Node]] = []
    if parent is not None:
        wanted = (asked["domain"], Reader(parent, session).name(), name)
        place = 0 if direction == "downstream" else 1
        found = [edge for edge in _edges(session) if edge[place][:3] == wanted]
    edges = [{"S": _told(source), "T": _told(target)} for source, target in found]
    return json.dumps({"data": {"V": {direction: edges}}})


def _unescaped(text: str) -> str:
    return text.replace('\\"', '"').replace("\\\\", "\\")


def _edges(session: Session) -> list[tuple[_Node, _Node]]:
    """Every dataset version that is there, with each model version that names it as a source."""
    kept = {entry.name: entry.props["versions"] for entry in session.catalog.list(datasets.KIND)}
    found: list[tuple[_Node, _Node]] = []
    for entry in session.catalog.list(models.KIND):
        for version in Model.from_json(entry.props).versions:
            made = datetime.fromisoformat(version.created_on)
            target = _Node("MODULE", entry.name, version.name, made)
            for dataset, number in version.datasets:
                name = Reader(dataset, session).name()
                known = kept.get(name, {}).get(number)
                if known is not None:
                    born = datetime.fromisoformat(known["created_on"])
                    found.append((_Node("DATASET", name, number, born), target))
    return found


def _told(node: _Node) -> dict[str, Any]:
    database, schema, parent = (shown(part) for part in node.name.parts)
    return {
        "domain": node.domain,
        "userDomain": "MODEL" if node.domain == "MODULE" else node.domain,
        "refinedDomain": node.domain,
        "name": node.version,
        "id": node.version,
        "db": database,
        "schema": schema,
        "status": "ACTIVE",
        "createdOn": int(node.created_on.astimezone(UTC).timestamp() * 1000),
        "properties": {"parentName": parent, "parentId": node.name.sql},
    }
