"""Warehouses, roles and grants: objects of the account. Grants are accepted, never enforced."""

from __future__ import annotations

import datetime
from typing import Any

from embedded_snowflake import errors
from embedded_snowflake.objects.entries import read_options, taken, unaltered, undropped
from embedded_snowflake.objects.showing import columns, like
from embedded_snowflake.sessions.routing import handles
from embedded_snowflake.sessions.session import Session
from embedded_snowflake.sql.reading import Reader
from embedded_snowflake.sql.results import Result

_SIZES = {
    "XSMALL": "X-Small",
    "SMALL": "Small",
    "MEDIUM": "Medium",
    "LARGE": "Large",
    "XLARGE": "X-Large",
    "XXLARGE": "2X-Large",
    "XXXLARGE": "3X-Large",
    **{f"X{times}LARGE": f"{times}X-Large" for times in range(2, 7)},
    **{f"{times}XLARGE": f"{times}X-Large" for times in range(2, 7)},
}
"""Sizes as they are shown, by each of their names."""
_SHOWN = {
    "WAREHOUSE_TYPE": "STANDARD",
    "WAREHOUSE_SIZE": "XSMALL",
    "MIN_CLUSTER_COUNT": "1",
    "MAX_CLUSTER_COUNT": "1",
    "AUTO_SUSPEND": "600",
    "AUTO_RESUME": "true",
    "ENABLE_QUERY_ACCELERATION": "false",
    "SCALING_POLICY": "STANDARD",
    "COMMENT": "",
}
"""What SHOW WAREHOUSES tells of an option that is not given."""
_IDLE = (
    *("INITIALLY_SUSPENDED", "MAX_CONCURRENCY_LEVEL", "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS"),
    *("STATEMENT_TIMEOUT_IN_SECONDS", "GENERATION", "RESOURCE_CONSTRAINT"),
)
"""What may be said besides: a warehouse here runs nothing that it could queue or end."""


def _options(reader: Reader) -> dict[str, str]:
    reader.accept("WITH")
    options = read_options(reader, "a warehouse", {*_SHOWN, *_IDLE})
    size = options.get("WAREHOUSE_SIZE", "XSMALL")
    if size.upper().replace("-", "") not in _SIZES:
        raise errors.uncompiled(f"invalid value ['{size}'] for WAREHOUSE_SIZE", 1008, "22023")
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
        return unaltered(reader, "Warehouse", name)
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


def check_warehouse(session: Session, name: str) -> str:
    """The name of a warehouse that is there.

    Raises:
        SnowflakeError: 002043 where it is not.
    """
    if session.engine.account.get("warehouse", name) is None:
        raise errors.unreachable()
    return name


@handles("USE", "WAREHOUSE")
def use_warehouse(session: Session, reader: Reader) -> Result:
    """Make a warehouse current."""
    session.warehouse = check_warehouse(session, reader.identifier())
    return Result.status()


@handles("SHOW", "WAREHOUSES")
def show_warehouses(session: Session, reader: Reader) -> Result:
    """SHOW WAREHOUSES [LIKE ..]."""
    pattern = reader.string() if reader.accept("LIKE") else None
    starts = reader.string() if reader.accept("STARTS", "WITH") else ""
    reader.end()
    shown = columns(
        "name state type size min_cluster_count:NUMBER max_cluster_count:NUMBER is_default "
        "is_current auto_suspend:NUMBER auto_resume created_on:TIMESTAMP_LTZ owner comment "
        "enable_query_acceleration scaling_policy owner_role_type"
    )
    rows: list[list[Any]] = []
    for name, given in sorted(session.engine.account.list("warehouse").items()):
        if (pattern is not None and not like(pattern, name)) or not name.startswith(starts):
            continue
        told: dict[str, Any] = {key.lower(): one for key, one in {**_SHOWN, **given}.items()}
        told |= {"name": name, "state": "STARTED", "type": told["warehouse_type"]}
        told |= {"is_default": "N", "is_current": "Y" if name == session.warehouse else "N"}
        told |= {"owner": session.role, "owner_role_type": "ROLE"}
        told["size"] = _SIZES.get(told["warehouse_size"].upper().replace("-", ""))
        told["auto_resume"] = told["auto_resume"].lower()
        told["created_on"] = datetime.datetime.fromisoformat(told["created_on"])
        for one in (one for one, kind in shown.items() if kind == "NUMBER"):
            told[one] = int(told[one]) if told[one].isdecimal() else None
        rows.append([told[column] for column in shown])
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
