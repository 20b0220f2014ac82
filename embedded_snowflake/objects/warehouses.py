"""Warehouses, roles and grants: objects of the account. Grants are accepted, never enforced."""

from __future__ import annotations

import datetime

from embedded_snowflake import errors
from embedded_snowflake.objects.entries import taken, undropped
from embedded_snowflake.objects.showing import columns, like
from embedded_snowflake.sessions.routing import handles
from embedded_snowflake.sessions.session import Session
from embedded_snowflake.sql.reading import Reader
from embedded_snowflake.sql.results import Result

_SIZES = {"XSMALL": "X-Small", "X-SMALL": "X-Small", "SMALL": "Small", "MEDIUM": "Medium"}


def _options(reader: Reader) -> dict[str, str]:
    options: dict[str, str] = {}
    reader.accept("WITH")
    while not reader.done():
        key = reader.word()
        reader.expect("=")
        options[key] = reader.value()
        reader.accept(",")
    return options


@handles("CREATE", "WAREHOUSE")
def create_warehouse(session: Session, reader: Reader) -> Result:
    """Create a warehouse and make it current; its options are kept."""
    name = reader.identifier()
    account = session.engine.account
    if (answer := taken(reader, name, account.get("warehouse", name))) is not None:
        return answer
    account.remove("warehouse", name)
    account.put("warehouse", name, _options(reader))
    session.warehouse = name
    return Result.status(f"Warehouse {name} successfully created.")


@handles("ALTER", "WAREHOUSE")
def alter_warehouse(session: Session, reader: Reader) -> Result:
    """SET options; SUSPEND and RESUME say yes, as nothing runs that could be suspended."""
    name = reader.identifier()
    known = session.engine.account.get("warehouse", name)
    if known is None:
        if reader.if_exists:
            return Result.status()
        raise errors.missing("Warehouse", name)
    if reader.accept("SET"):
        session.engine.account.put("warehouse", name, {**known, **_options(reader)})
    elif not (reader.accept("SUSPEND") or reader.accept("RESUME")):
        raise errors.unsupported("ALTER WAREHOUSE " + reader.rest())
    return Result.status()


@handles("DROP", "WAREHOUSE")
def drop_warehouse(session: Session, reader: Reader) -> Result:
    """Forget a warehouse."""
    name = reader.identifier()
    if session.warehouse == name:
        session.warehouse = None
    return _drop(reader, "warehouse", name)


def _drop(reader: Reader, kind: str, name: str) -> Result:
    account = reader.session.engine.account
    if account.get(kind, name) is None:
        return undropped(reader, kind.capitalize(), name)
    account.remove(kind, name)
    return Result.status(f"{name} successfully dropped.")


@handles("USE", "WAREHOUSE")
def use_warehouse(session: Session, reader: Reader) -> Result:
    """Make a warehouse current."""
    name = reader.identifier()
    if session.engine.account.get("warehouse", name) is None:
        raise errors.unreachable()
    session.warehouse = name
    return Result.status()


@handles("SHOW", "WAREHOUSES")
def show_warehouses(session: Session, reader: Reader) -> Result:
    """SHOW WAREHOUSES [LIKE ..]."""
    pattern = reader.string() if reader.accept("LIKE") else None
    starts = reader.string() if reader.accept("STARTS", "WITH") else ""
    reader.end()
    rows = [
        (
            name,
            "STARTED",
            "STANDARD",
            _SIZES.get(
                options.get("WAREHOUSE_SIZE", "XSMALL").upper(), options.get("WAREHOUSE_SIZE")
            ),
            "N",
            "Y" if name == session.warehouse else "N",
            int(options.get("AUTO_SUSPEND", "600")),
            options.get("AUTO_RESUME", "true").lower(),
            datetime.datetime.fromisoformat(options["created_on"]),
            session.role,
            options.get("COMMENT", ""),
        )
        for name, options in sorted(session.engine.account.list("warehouse").items())
        if (pattern is None or like(pattern, name)) and name.startswith(starts)
    ]
    shown = columns(
        "name state type size is_default is_current auto_suspend:NUMBER auto_resume "
        "created_on:TIMESTAMP_LTZ owner comment"
    )
    return Result.rows(shown, rows)


@handles("USE", "ROLE")
def use_role(session: Session, reader: Reader) -> Result:
    """Make a role current; roles are not enforced."""
    session.role = reader.identifier()
    return Result.status()


@handles("USE", "SECONDARY", "ROLES")
def use_secondary_roles(_: Session, reader: Reader) -> Result:
    """Accepted; roles are not enforced."""
    reader.rest()
    return Result.status()


@handles("CREATE", "ROLE")
def create_role(session: Session, reader: Reader) -> Result:
    """Create a role."""
    name = reader.identifier()
    if (answer := taken(reader, name, session.engine.account.get("role", name))) is not None:
        return answer
    session.engine.account.put("role", name, {})
    return Result.status(f"Role {name} successfully created.")


@handles("DROP", "ROLE")
def drop_role(_: Session, reader: Reader) -> Result:
    """Forget a role."""
    return _drop(reader, "role", reader.identifier())


@handles("GRANT")
@handles("REVOKE")
def grant(_: Session, reader: Reader) -> Result:
    """Accepted and not enforced: docs/embedded-snowflake.md says so."""
    reader.rest()
    return Result.status()
