"""What the clients ask an account about itself: packages, capabilities, absent features.

What it holds: INFORMATION_SCHEMA.PACKAGES for what is installed here, SYSTEM$ functions whose
honest answer is "nothing", and refusals of features that clients probe for. Not for objects.
"""

from __future__ import annotations

import importlib.metadata
import platform
from typing import TYPE_CHECKING

from embedded_snowflake import errors
from embedded_snowflake.objects.entries import undropped
from embedded_snowflake.objects.showing import columns, show_scope
from embedded_snowflake.sessions.routing import handles, information_schema_view, scalar
from embedded_snowflake.sql.reading import Reader
from embedded_snowflake.sql.results import Result

if TYPE_CHECKING:
    from embedded_snowflake.sessions.session import Session


@information_schema_view("PACKAGES")
def packages(session: Session) -> Result:
    """INFORMATION_SCHEMA.PACKAGES: what is installed beside the server, in these versions.

    On an account it lists what the Anaconda channel offers; here models run in this environment.
    """
    del session
    version = ".".join(platform.python_version_tuple()[:2])
    installed = {
        distribution.metadata["Name"].lower(): distribution.version
        for distribution in importlib.metadata.distributions()
        if distribution.metadata["Name"]
    }
    return Result.rows(
        columns("PACKAGE_NAME VERSION LANGUAGE RUNTIME_VERSION"),
        [(name, number, "python", version) for name, number in sorted(installed.items())],
    )


@scalar("SYSTEM$ML_PLATFORM_CAPABILITIES")
def capabilities(session: Session) -> str:
    """No capability beyond the first release's, which keeps the clients on documented SQL."""
    del session
    return "{}"


def _refuse_online(session: Session, reader: Reader) -> Result:
    # The client reads "unexpected 'ONLINE'" as "not enabled on this account", and goes on.
    del session, reader
    raise errors.uncompiled(
        "syntax error line 1 at position 5 unexpected 'ONLINE'. Online "
        "feature tables are not part of the embedded warehouse."
    )


for _verb in ("CREATE", "ALTER"):
    handles(_verb, "ONLINE FEATURE TABLE")(_refuse_online)
handles("SHOW", "ONLINE FEATURE TABLES")(_refuse_online)


@handles("DROP", "ONLINE FEATURE TABLE")
def drop_online(session: Session, reader: Reader) -> Result:
    """DROP ONLINE FEATURE TABLE IF EXISTS finds none; the client sends it when it cleans up."""
    name = reader.name()
    if not reader.if_exists:
        return _refuse_online(session, reader)
    return undropped(reader, "Online feature table", name)


def _shows_nothing(shown: str) -> None:
    what, _, names = shown.partition(":")

    @handles("SHOW", what)
    def show(session: Session, reader: Reader) -> Result:
        del session
        show_scope(reader)
        return Result.rows(columns(names), [])


for _columns in (
    "SERVICES: name status database_name schema_name owner compute_pool",
    "IMAGE REPOSITORIES: created_on name database_name schema_name repository_url owner",
    "COMPUTE POOLS: name state min_nodes max_nodes instance_family",
    "ICEBERG TABLES: created_on name database_name schema_name owner external_volume_name",
):
    _shows_nothing(_columns)


def _refuse_monitors(session: Session, reader: Reader) -> Result:
    # Without this a monitor's statement is read as one about a model that is called MONITOR.
    del session, reader
    raise errors.unsupported("a model monitor")


for _verb in ("CREATE", "ALTER", "DROP"):
    handles(_verb, "MODEL MONITOR")(_refuse_monitors)
handles("SHOW", "MODEL MONITORS")(_refuse_monitors)
