"""What counts as a time, a number and an event type: the rules that `type_rows.sql` binds.

What it holds: the options of an ingest, the patterns and bounds, and the statement's parts that
depend on options.

Add to it a rule on the values of a single row. What must not go here: rules that compare rows
(`judge_rows.sql`).

Regular expressions hold no backslash, so that no literal eats one, and are anchored, so that
REGEXP_LIKE, which matches the whole text on Snowflake, means the same everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from vistora_assets.sources.errors import SourceError
from vistora_assets.sources.warehouse import Warehouse

COUNTED_TYPES: Final = ("purchase", "refund")
EARLIEST: Final = "1900-01-01 00:00:00"
LATEST: Final = "2100-01-01 00:00:00"
GREATEST_AMOUNT: Final = 1e15
"""Above it a double no longer holds cents, and one row would outweigh all others."""

_CLOCK: Final = "[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?"
_OFFSET: Final = "(Z|UTC|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)"
TIME_PATTERN: Final = (
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}"
    f"([T ][0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}}([.][0-9]+)?)?( ?{_OFFSET})?)?$"
)
"""ISO 8601: date; optional time, to any fraction; optional offset. Nothing ambiguous."""

NUMBER_PATTERN: Final = "^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)(e[+-]?[0-9]+)?$"
NO_NUMBER_PATTERN: Final = "^[+-]?(nan|inf|infinity)$"


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """What settings decide about input.

    Attributes:
        source_timezone: IANA name of the zone in which times without an offset are read.
        ignored_event_types: types that are kept as events and not counted, in lower case.
        rejected_share: a file with a greater share of rejected rows is blocked; from 0 to 1.

    Raises:
        SourceError: the zone is unknown or the share is outside 0 to 1.
    """

    source_timezone: str = "UTC"
    ignored_event_types: tuple[str, ...] = ()
    rejected_share: float = 0.05

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.source_timezone)
        except (KeyError, ValueError, OSError) as error:
            raise SourceError(
                f"{self.source_timezone!r} is no time zone; give an IANA name such as "
                "Europe/Berlin."
            ) from error
        if not 0 <= self.rejected_share <= 1:
            raise SourceError(
                f"The rejected share {self.rejected_share} is outside 0 to 1; "
                "0.05 lets one row in twenty be bad."
            )


def type_rows(
    warehouse: Warehouse, statement: str, options: IngestOptions, *, event_id_required: bool
) -> None:
    """Run `type_rows.sql`: input rows to typed rows with reasons."""
    parameters: dict[str, object] = {
        # A non-breaking space is what spreadsheets leave behind.
        "blanks": " \t\r\n\u00a0",
        "time": TIME_PATTERN,
        "clock": f"^{_CLOCK}",
        "offset": f"{_OFFSET}$",
        "number": NUMBER_PATTERN,
        "no_number": NO_NUMBER_PATTERN,
        "earliest": EARLIEST,
        "latest": LATEST,
        "range": f"{EARLIEST[:4]} to {LATEST[:4]}",
        "greatest_float": 1.7976931348623157e308,
        "greatest_amount": GREATEST_AMOUNT,
    }
    types = sorted({name.strip().lower() for name in options.ignored_event_types if name.strip()})
    for number, name in enumerate(types):
        parameters[f"ignored_{number}"] = name
    ignored = (
        f"EVENT_TYPE IN ({', '.join(f'%(ignored_{number})s' for number in range(len(types)))})"
        if types
        else "FALSE"
    )
    written = "COALESCE(LOCAL_TIME, WRITTEN_TIME)"
    local_to_utc = written
    if options.source_timezone != "UTC":
        parameters["zone"] = options.source_timezone
        local_to_utc = f"CONVERT_TIMEZONE(%(zone)s, 'UTC', {written})"
    warehouse.run(
        statement,
        parameters,
        ignored=ignored,
        local_to_utc=local_to_utc,
        event_id_required="TRUE" if event_id_required else "FALSE",
    )
