"""Tags: the objects themselves, the values that they have on other objects, and who asks for them.

What it holds: CREATE, ALTER, DROP and SHOW TAG, SET TAG and UNSET TAG for every kind of object,
ENTITY_DETAIL, SYSTEM$GET_TAG and TAG_REFERENCES. Other modules hand their TAG clauses in here.
Not for what a tagged object is.

A value is kept beside the object that bears it, in that database's catalog, so that it comes and
goes with the object. Tags are not inherited from schema or database, and masking policies on tags
do not exist here.

Sources: https://docs.snowflake.com/en/sql-reference/sql/create-tag (allowed values, 256
characters), https://docs.snowflake.com/en/sql-reference/functions/system_get_tag, and for
ENTITY_DETAIL, which is not documented, what snowflake-ml-python 2.6 reads.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from embedded_snowflake import errors
from embedded_snowflake.names import QualifiedName
from embedded_snowflake.objects.entries import (
    changed_comment,
    drop_entry,
    read_options,
    show_entries,
    taken,
    unaltered,
)
from embedded_snowflake.objects.showing import columns
from embedded_snowflake.sessions.routing import NotMine, handles, scalar, table_function
from embedded_snowflake.sql.reading import Reader
from embedded_snowflake.sql.results import Result

if TYPE_CHECKING:
    from embedded_snowflake.sessions.session import Session
    from embedded_snowflake.storage.catalog import Entry

KIND = "tag"
REFERENCES = "tags_of"
MAXIMUM_VALUES = 300
MAXIMUM_CHARACTERS = 256

DOMAINS: dict[str, str] = {
    "TABLE": "TABLE",
    "VIEW": "TABLE",
    "DYNAMIC TABLE": "TABLE",
    "MODULE": "MODULE",
    "MODEL": "MODULE",
    "TASK": "TASK",
    "SCHEMA": "SCHEMA",
    "DATABASE": "DATABASE",
    "WAREHOUSE": "WAREHOUSE",
}
"""What an object is called in a statement, and the domain that Snowflake reports for it."""


def _name(key: str) -> QualifiedName:
    database, schema, name = json.loads(key)
    return QualifiedName(database, schema, name)


def _key(name: QualifiedName) -> str:
    return json.dumps(name.parts)


def _holder(domain: str, target: QualifiedName) -> QualifiedName:
    """Where an object's tags are kept: beside the object, under its domain and name."""
    return QualifiedName(target.database, target.schema, f"{domain}:{target.name}")


def values_of(session: Session, domain: str, target: QualifiedName) -> dict[QualifiedName, str]:
    """The tags of an object and their values."""
    own = domain == "TABLE" and target in session.temporary
    kept = None if own else session.catalog.get(REFERENCES, _holder(domain, target))
    if kept is None:
        return {}
    return {_name(tag): value for tag, value in kept.props.items()}


def set_values(
    session: Session, domain: str, target: QualifiedName, values: dict[QualifiedName, str]
) -> None:
    """Give an object tags, or other values for those that it has.

    Args:
        session: whose transaction it is.
        domain: one of DOMAINS' values.
        target: the object, which must exist.
        values: tag to value.

    Raises:
        errors.SnowflakeError: a tag does not exist, or does not allow the value.
    """
    for tag, value in values.items():
        kept = session.catalog.get(KIND, tag)
        if kept is None:
            raise errors.missing("Tag", tag)
        allowed = kept.props["allowed_values"]
        if allowed is not None and value not in allowed:
            raise errors.refused(
                f"Value '{value}' is not an allowed value of tag {tag}; allowed: "
                f"{', '.join(allowed)}."
            )
        if len(value) > MAXIMUM_CHARACTERS:
            raise errors.refused(
                f"The value of tag {tag} has {len(value)} characters; at most "
                f"{MAXIMUM_CHARACTERS} are allowed."
            )
    merged = {**values_of(session, domain, target), **values}
    session.catalog.put(
        REFERENCES, _holder(domain, target), {_key(tag): value for tag, value in merged.items()}
    )


def unset_values(
    session: Session, domain: str, target: QualifiedName, tags: list[QualifiedName]
) -> None:
    """Take tags from an object; one that it does not have is no error, as on Snowflake.

    Raises:
        errors.SnowflakeError: a tag does not exist.
    """
    for tag in tags:
        if session.catalog.get(KIND, tag) is None:
            raise errors.missing("Tag", tag)
    kept = values_of(session, domain, target)
    left = {_key(tag): value for tag, value in kept.items() if tag not in tags}
    session.catalog.put(REFERENCES, _holder(domain, target), left)


def forget(session: Session, domain: str, target: QualifiedName) -> None:
    """The object is dropped, and its tags with it."""
    session.catalog.remove(REFERENCES, _holder(domain, target))


def move(session: Session, domain: str, old: QualifiedName, new: QualifiedName) -> None:
    """The object is renamed, and its tags with it."""
    kept = session.catalog.get(REFERENCES, _holder(domain, old))
    forget(session, domain, new)
    if kept is not None:
        session.catalog.put(REFERENCES, _holder(domain, new), kept.props)
        forget(session, domain, old)


def read_assignments(reader: Reader) -> dict[QualifiedName, str]:
    """``tag = 'value' [, ..]`` from a statement."""
    values: dict[QualifiedName, str] = {}
    while True:
        tag = reader.name()
        reader.expect("=")
        values[tag] = reader.string()
        if not reader.accept(","):
            return values


def read_clause(reader: Reader) -> dict[QualifiedName, str] | None:
    """``[WITH] TAG (tag = 'value' [, ..])`` from a statement, or None where there is none."""
    if not (reader.accept("WITH", "TAG") or reader.accept("TAG")):
        return None
    reader.expect("(")
    values = read_assignments(reader)
    reader.expect(")")
    return values


def change(session: Session, kind: str, target: QualifiedName, reader: Reader) -> Result:
    """``SET TAG ..`` or ``UNSET TAG ..``, read from behind the object's name.

    Args:
        session: whose transaction it is.
        kind: what the statement calls the object (a key of DOMAINS).
        target: the object, which must exist.
        reader: stands before SET or UNSET.
    """
    domain = DOMAINS[kind]
    if domain == "TABLE" and target in session.temporary:
        raise errors.unsupported("a tag of a temporary table")
    if reader.accept("SET", "TAG"):
        values = read_assignments(reader)
        reader.end()
        set_values(session, domain, target, values)
    else:
        reader.expect("UNSET", "TAG")
        tags = [reader.name()]
        while reader.accept(","):
            tags.append(reader.name())
        reader.end()
        unset_values(session, domain, target, tags)
    return Result.status()


@handles("ALTER", "TABLE")
def alter_table(session: Session, reader: Reader) -> Result:
    """ALTER TABLE name SET TAG .. | UNSET TAG ..; what else is changed is not for here."""
    name = reader.name()
    if not (reader.at("SET", "TAG") or reader.at("UNSET", "TAG")):
        raise NotMine
    if session.relation_kind(name) not in {"TABLE", "DYNAMIC TABLE"}:
        raise errors.missing("Table", name)
    return change(session, "TABLE", name, reader)


def _read_allowed(reader: Reader) -> list[str]:
    values = [reader.string()]
    while reader.accept(","):
        values.append(reader.string())
    if len(values) > MAXIMUM_VALUES:
        raise errors.refused(f"A tag has at most {MAXIMUM_VALUES} allowed values.")
    return list(dict.fromkeys(values))


@handles("CREATE", "TAG")
def create(session: Session, reader: Reader) -> Result:
    """CREATE [OR REPLACE] TAG [IF NOT EXISTS] name [ALLOWED_VALUES '..', ..] [COMMENT = '..']."""
    name = reader.name()
    allowed = _read_allowed(reader) if reader.accept("ALLOWED_VALUES") else None
    comment = read_options(reader, "a tag", ("COMMENT",)).get("COMMENT", "")
    if (answer := taken(reader, name, session.catalog.get(KIND, name))) is not None:
        return answer
    session.catalog.put(KIND, name, {"allowed_values": allowed, "comment": comment})
    return Result.status(f"Tag {name.name} successfully created.")


@handles("ALTER", "TAG")
def alter(session: Session, reader: Reader) -> Result:
    """ALTER TAG: comment, allowed values, name."""
    name = reader.name()
    kept = session.catalog.get(KIND, name)
    if kept is None:
        return unaltered(reader, "Tag", name)
    props = dict(kept.props)
    allowed: list[str] | None = props["allowed_values"]
    if (comment := changed_comment(reader)) is not None:
        props["comment"] = comment
    elif reader.accept("UNSET", "ALLOWED_VALUES"):
        props["allowed_values"] = None
    elif reader.accept("ADD", "ALLOWED_VALUES"):
        props["allowed_values"] = list(dict.fromkeys([*(allowed or []), *_read_allowed(reader)]))
    elif reader.accept("DROP", "ALLOWED_VALUES"):
        dropped = _read_allowed(reader)
        props["allowed_values"] = [value for value in allowed or [] if value not in dropped]
    elif reader.accept("RENAME", "TO"):
        return _rename(session, name, reader.name())
    else:
        raise errors.refused("ALTER TAG changes the comment, the allowed values or the name here.")
    reader.end()
    session.catalog.put(KIND, name, props)
    return Result.status()


def _rename(session: Session, old: QualifiedName, new: QualifiedName) -> Result:
    if session.catalog.get(KIND, new) is not None:
        raise errors.exists(new)
    session.catalog.rename(KIND, old, new)
    for entry in session.catalog.list(REFERENCES):
        if _key(old) in entry.props:
            changed = {_key(new) if tag == _key(old) else tag: v for tag, v in entry.props.items()}
            session.catalog.put(REFERENCES, entry.name, changed)
    return Result.status()


@handles("DROP", "TAG")
def drop(session: Session, reader: Reader) -> Result:
    """DROP TAG [IF EXISTS] name; its values on objects go with it."""

    def take_from_objects(dropped: Entry) -> None:
        gone = _key(dropped.name)
        for entry in session.catalog.list(REFERENCES):
            if gone in entry.props:
                left = {tag: value for tag, value in entry.props.items() if tag != gone}
                session.catalog.put(REFERENCES, entry.name, left)

    return drop_entry(reader, KIND, "Tag", take_from_objects)


@handles("SHOW", "TAGS")
def show(_: Session, reader: Reader) -> Result:
    """SHOW TAGS [LIKE ..] [IN ..]."""
    return show_entries(
        reader,
        KIND,
        "created_on:TIMESTAMP_LTZ name database_name schema_name owner comment allowed_values "
        "owner_role_type",
        lambda entry: {
            "comment": entry.props["comment"],
            "allowed_values": None
            if entry.props["allowed_values"] is None
            else json.dumps(entry.props["allowed_values"], separators=(",", ":")),
        },
    )


def _detail(tag: QualifiedName, holder: QualifiedName, value: str) -> dict[str, str]:
    domain, _, name = holder.name.partition(":")
    return {
        "tagDatabase": tag.database,
        "tagSchema": tag.schema,
        "tagName": tag.name,
        "tagValue": value,
        "level": domain,
        "domain": domain,
        "entityDatabase": holder.database,
        "entitySchema": holder.schema,
        "entityName": name,
    }


@scalar("ENTITY_DETAIL")
def entity_detail(session: Session, domain: str, name: str, wanted: str) -> str:
    """ENTITY_DETAIL: the objects of a tag, or the tags of an object, as JSON."""
    target = Reader(name, session).name()
    if json.loads(wanted) == ["TAG_REFERENCES_INTERNAL"] and domain.upper() == "TAG":
        if session.catalog.get(KIND, target) is None:
            raise errors.missing("Tag", target)
        found = [
            _detail(target, entry.name, entry.props[_key(target)])
            for entry in session.catalog.list(REFERENCES)
            if _key(target) in entry.props
        ]
        return json.dumps({"referencedEntities": {"tagReferenceList": found}})
    if json.loads(wanted) != ["TAG_REFERENCES"] or domain.upper() not in DOMAINS:
        raise errors.refused(f"ENTITY_DETAIL of {domain} with {wanted} is not known here.")
    holder = _holder(DOMAINS[domain.upper()], target)
    kept = values_of(session, DOMAINS[domain.upper()], target)
    found = [_detail(tag, holder, value) for tag, value in kept.items()]
    return json.dumps({"tagReferencesInfo": {"tagReferenceList": found}})


@scalar("SYSTEM$GET_TAG")
def get_tag(session: Session, tag: str, name: str, domain: str) -> str | None:
    """SYSTEM$GET_TAG: the value of a tag on an object, NULL where it has none."""
    wanted = Reader(tag, session).name()
    if session.catalog.get(KIND, wanted) is None:
        raise errors.missing("Tag", wanted)
    return _values_by_text(session, name, domain).get(wanted)


def _values_by_text(session: Session, name: str, domain: str) -> dict[QualifiedName, str]:
    kind = DOMAINS.get(domain.upper())
    if kind is None:
        raise errors.refused(f"Tags of a {domain} are not known here; known: {', '.join(DOMAINS)}.")
    target = Reader(name, session).name()
    if kind == "TABLE" and session.relation_kind(target) is None:
        raise errors.missing("Object", target)
    return values_of(session, kind, target)


@table_function("TAG_REFERENCES")
def tag_references(session: Session, name: str, domain: str) -> Result:
    """TABLE(INFORMATION_SCHEMA.TAG_REFERENCES('name', 'domain'))."""
    target = Reader(name, session).name()
    return Result.rows(
        columns(
            "TAG_DATABASE TAG_SCHEMA TAG_NAME TAG_VALUE APPLY_METHOD LEVEL OBJECT_DATABASE "
            "OBJECT_SCHEMA OBJECT_NAME DOMAIN COLUMN_NAME"
        ),
        [
            (*tag.parts, value, "MANUAL", domain.upper(), *target.parts, domain.upper(), None)
            for tag, value in _values_by_text(session, name, domain).items()
        ],
    )
