"""Typed settings, read once from the environment and validated as a whole.

What it holds: every variable that a person may set (`VARIABLES`), its meaning, its default and
its allowed values; the frozen dataclasses that the rest of the package reads; the one error that
names everything that is wrong at once.

Add to it when something becomes adjustable: a `Variable`, a field, a line in
`docs/running.md` (a test compares them) and one in `.env.example` (likewise).

What must not go here: Dagster, Snowflake or pandas imports (this module is loaded by every
command and must cost nothing), opening of connections (`vistora_assets.resources`), and branches
on the environment's name beyond the choice of a connection: environments are values.
"""

from __future__ import annotations

import difflib
import math
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, TypeVar, cast, get_args
from zoneinfo import ZoneInfo

Environment = Literal["local", "dev", "staging", "prod"]
Cadence = Literal["monthly", "weekly", "daily"]
LabelKind = Literal["gross", "net"]

EVENT_COLUMNS: Final = ("event_id", "user_id", "event_time", "event_type", "amount", "country")
"""The columns that a source may supply; what a map renames or sets."""

LOCAL_SETTINGS_FILE: Final = Path(".vistora") / "local.env"
"""Where, under the root, the local environment keeps values below the process environment."""

_RESERVED_PREFIX: Final = "VISTORA_TEST_"
"""Variables of the test suite; they are not settings and are never an error."""

_Parsed = TypeVar("_Parsed")


# --- what may be set ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of the environment, as documentation and error messages present it.

    `allowed` completes the sentence "NAME='x' is not ...". `default` is the text that counts
    when the variable is unset or empty; an empty default means that nothing is set.
    A `secret`'s value appears in no message and no repr.
    """

    name: str
    meaning: str
    allowed: str
    default: str = ""
    secret: bool = False


_AUTHENTICATORS: Final = (
    "snowflake",
    "snowflake_jwt",
    "oauth",
    "programmatic_access_token",
    "externalbrowser",
    "username_password_mfa",
)
_IDENTIFIER_SENTENCE: Final = (
    "an unquoted Snowflake name (letters, digits, _ and $, not starting with a digit, at most 255)"
)

VARIABLES: Final[tuple[Variable, ...]] = (
    Variable(
        "VISTORA_ENV",
        "Where the pipeline runs: the embedded warehouse, or an account.",
        "one of local, dev, staging, prod",
        "local",
    ),
    Variable(
        "VISTORA_ROOT",
        "The installation's directory, which holds `.vistora/`. Unset: the nearest parent of the "
        "working directory with a `workspace.yaml`, else the source checkout, else the working "
        "directory.",
        "an existing directory",
    ),
    Variable(
        "SNOWFLAKE_CONNECTION_NAME",
        "A named connection of Snowflake's `connections.toml`; it brings its own authentication.",
        "the name of a connection (letters, digits, _ . and -)",
    ),
    Variable(
        "SNOWFLAKE_ACCOUNT",
        "The account's identifier, `ORGANISATION-ACCOUNT`.",
        "an account identifier such as MYORG-MYACCOUNT (no address, no https://)",
    ),
    Variable("SNOWFLAKE_USER", "The user who logs in.", "a user name"),
    Variable(
        "SNOWFLAKE_AUTHENTICATOR",
        "How to log in, where the credentials alone do not say it.",
        f"one of {', '.join(_AUTHENTICATORS)}, or the https:// address of an Okta tenant",
    ),
    Variable(
        "SNOWFLAKE_PRIVATE_KEY_PATH",
        "Key pair authentication: the private key in PKCS#8 PEM.",
        "the path of a readable file",
    ),
    Variable(
        "SNOWFLAKE_PRIVATE_KEY_PASSPHRASE",
        "The private key's passphrase, if it has one.",
        "a passphrase",
        secret=True,
    ),
    Variable(
        "SNOWFLAKE_TOKEN",
        "An OAuth access token or a programmatic access token; `SNOWFLAKE_AUTHENTICATOR` says "
        "which.",
        "a token",
        secret=True,
    ),
    Variable(
        "SNOWFLAKE_TOKEN_FILE_PATH",
        "A file with such a token, read anew at each connection.",
        "the path of a readable file",
    ),
    Variable("SNOWFLAKE_PASSWORD", "The user's password.", "a password", secret=True),
    Variable(
        "SNOWFLAKE_ROLE",
        "The role to assume; `VISTORA_PIPELINE` after `sql/setup.sql`. Unset: the user's default.",
        _IDENTIFIER_SENTENCE,
    ),
    Variable("SNOWFLAKE_WAREHOUSE", "The warehouse that computes.", _IDENTIFIER_SENTENCE, "ML_WH"),
    Variable(
        "SNOWFLAKE_DATABASE",
        "The database that holds everything; one an environment.",
        _IDENTIFIER_SENTENCE,
        "ML_DEMO",
    ),
    Variable(
        "VISTORA_SCHEMA_RAW",
        "The schema of events, rejected rows and loaded files.",
        _IDENTIFIER_SENTENCE,
        "RAW",
    ),
    Variable(
        "VISTORA_SCHEMA_FEATURE_STORE",
        "The schema of features and feature views.",
        _IDENTIFIER_SENTENCE,
        "FEATURE_STORE",
    ),
    Variable(
        "VISTORA_SCHEMA_ML",
        "The schema of training sets, metrics, models and predictions.",
        _IDENTIFIER_SENTENCE,
        "ML",
    ),
    Variable(
        "VISTORA_MODEL_NAME",
        "The model's name in the registry.",
        _IDENTIFIER_SENTENCE,
        "USER_SPEND_PREDICTOR",
    ),
    Variable(
        "VISTORA_HORIZON_DAYS",
        "How many days ahead spend is predicted.",
        "a whole number from 1 to 730",
        "90",
    ),
    Variable(
        "VISTORA_SNAPSHOT_CADENCE",
        "How often features are computed: on the first of each month, each Monday, or each day.",
        "one of monthly, weekly, daily",
        "monthly",
    ),
    Variable(
        "VISTORA_FIRST_SNAPSHOT",
        "The first snapshot's date. With weekly snapshots the default is 2020-01-06, a Monday.",
        "a date (YYYY-MM-DD) that the cadence has: the first of a month, a Monday, or any day",
        "2020-01-01",
    ),
    Variable(
        "VISTORA_LAST_SNAPSHOT",
        "The last snapshot's date, for data that ends. Unset: snapshots go on with time.",
        "a date (YYYY-MM-DD) that the cadence has, not before VISTORA_FIRST_SNAPSHOT",
    ),
    Variable(
        "VISTORA_MINIMUM_HISTORY_DAYS",
        "How many days of events must lie before a snapshot that is trained on.",
        "a whole number from 0 to 3650",
        "90",
    ),
    Variable(
        "VISTORA_DATA_UNTIL",
        "The events are complete before this date, 00:00 UTC; a label is closed when its horizon "
        "ends by then. Unset: the day after the last event.",
        "a date (YYYY-MM-DD) after VISTORA_FIRST_SNAPSHOT",
    ),
    Variable(
        "VISTORA_LABEL",
        "What is predicted: purchases, or purchases less refunds, floored at zero.",
        "one of gross, net",
        "gross",
    ),
    Variable(
        "VISTORA_SOURCE_TIMEZONE",
        "The time zone in which event times without an offset are read.",
        "a time zone of the IANA database such as UTC or Europe/Berlin",
        "UTC",
    ),
    Variable(
        "VISTORA_IGNORED_EVENT_TYPES",
        "Event types, comma-separated, that are kept and not counted; all other unknown types are "
        "rejected.",
        "a list such as view,click without purchase and refund",
    ),
    Variable(
        "VISTORA_REJECTED_SHARE",
        "The share of rejected rows above which a whole file is blocked.",
        "a number from 0 to 1",
        "0.05",
    ),
    Variable(
        "VISTORA_EVENTS_TABLE",
        "An existing table or view with the events, instead of landed files.",
        "a table's name: TABLE, SCHEMA.TABLE or DATABASE.SCHEMA.TABLE, parts quoted where needed",
    ),
    Variable(
        "VISTORA_EVENTS_MAP",
        "Which column of that table is which: `event_id=ORDER_ID,user_id=CUSTOMER,...`. Columns "
        "that are not named keep their names; event_id must be named.",
        f"a list column=source with columns of {', '.join(EVENT_COLUMNS)}, each once",
    ),
    Variable(
        "VISTORA_EVENTS_SET",
        "Constants in place of columns that the table lacks: `event_type=purchase`.",
        "a list column=value with columns of event_type, country, each once",
    ),
    Variable(
        "VISTORA_EVENTS_HIGH_WATER",
        "The column of that table that grows with time, by which new rows are found.",
        "a column's name, quoted where needed",
    ),
    Variable(
        "VISTORA_AUTOMATION",
        "Whether sensors run without being switched on. Default: on for local, off elsewhere.",
        "one of on, off",
    ),
    Variable(
        "VISTORA_SEED",
        "The seed of everything that is random.",
        "a whole number from 0 to 4294967295",
        "0",
    ),
)

_BY_NAME: Final = MappingProxyType({variable.name: variable for variable in VARIABLES})


class SettingsError(ValueError):
    """The environment does not make valid settings.

    `problems` holds one sentence for each thing that is wrong; none holds a secret.
    """

    def __init__(self, problems: Iterable[str]) -> None:
        """Keep the sentences and join them into the message."""
        self.problems: Final = tuple(problems)
        count = len(self.problems)
        heading = "1 setting is wrong" if count == 1 else f"{count} settings are wrong"
        super().__init__("\n".join([f"{heading}:", *(f"  - {text}" for text in self.problems)]))


# --- what the package reads -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Local:
    """The embedded warehouse, whose state lies under `root`/.vistora."""

    root: Path


@dataclass(frozen=True, slots=True)
class Account:
    """A Snowflake account and the one way to log in to it.

    Secrets are left out of the repr. `method` says in words how it authenticates.
    """

    method: str
    database: str
    warehouse: str
    role: str | None = None
    account: str | None = None
    user: str | None = None
    connection_name: str | None = None
    authenticator: str | None = None
    private_key_path: Path | None = None
    private_key_passphrase: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    token_file_path: Path | None = None
    password: str | None = field(default=None, repr=False)

    def connect_arguments(self) -> dict[str, object]:
        """Return the keyword arguments for `snowflake.connector.connect`.

        The result holds secrets: pass it on, do not log it. Sessions speak UTC, because naive
        timestamps are UTC throughout.

        Raises:
            SettingsError: the token's file cannot be read any more, or is empty.
        """
        arguments: dict[str, object | None] = {
            "connection_name": self.connection_name,
            "account": self.account,
            "user": self.user,
            "authenticator": self.authenticator,
            "private_key_file": str(self.private_key_path) if self.private_key_path else None,
            "private_key_file_pwd": self.private_key_passphrase,
            "token": self._current_token(),
            "password": self.password,
            "role": self.role,
            "warehouse": self.warehouse,
            "database": self.database,
            "session_parameters": {"TIMEZONE": "UTC", "QUERY_TAG": "vistora"},
        }
        return {name: value for name, value in arguments.items() if value is not None}

    def _current_token(self) -> str | None:
        if self.token_file_path is None:
            return self.token
        # The connector would send the file's closing newline as part of the token.
        try:
            token = self.token_file_path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            raise SettingsError(
                [f"SNOWFLAKE_TOKEN_FILE_PATH='{self.token_file_path}' cannot be read: {reason}."]
            ) from error
        if not token:
            raise SettingsError(
                [f"SNOWFLAKE_TOKEN_FILE_PATH='{self.token_file_path}' is empty: write a token."]
            )
        return token


@dataclass(frozen=True, slots=True)
class Objects:
    """The names of Snowflake objects, upper case and unquoted."""

    database: str
    warehouse: str
    raw: str
    feature_store: str
    ml: str
    model: str


@dataclass(frozen=True, slots=True)
class Snapshots:
    """Which snapshots exist, and what a label's window is.

    `first` and `last` are dates of the cadence. `data_until` is an instant, 00:00 UTC of its
    date, exclusive; None means the day after the last event.
    """

    cadence: Cadence
    first: date
    last: date | None
    horizon_days: int
    minimum_history_days: int
    data_until: date | None


@dataclass(frozen=True, slots=True)
class EventsTable:
    """An existing table or view of events.

    `name` is qualified as far as it was given. `columns` maps our columns to the table's,
    `constants` our columns to values; `high_water` is None where each load reads the whole table.
    """

    name: str
    columns: Mapping[str, str]
    constants: Mapping[str, str]
    high_water: str | None


@dataclass(frozen=True, slots=True)
class Source:
    """How events are read. `rejected_share` lies in 0..1; `table` is None for landed files."""

    timezone: str
    ignored_event_types: tuple[str, ...]
    rejected_share: float
    table: EventsTable | None


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that may be set, valid as a whole. Make it with `Settings.load`."""

    environment: Environment
    root: Path
    connection: Local | Account
    objects: Objects
    snapshots: Snapshots
    label: LabelKind
    source: Source
    automation: bool
    seed: int

    @staticmethod
    def load(environ: Mapping[str, str] | None = None, root: Path | None = None) -> Settings:
        """Read and validate the settings.

        `environ` is the process environment unless given; `root` overrides `VISTORA_ROOT`.
        Empty values count as unset. In the local environment the values of
        `root`/.vistora/local.env lie below `environ`; on an account that file is not read.

        Raises:
            SettingsError: with a sentence for each problem, all of them at once.
        """
        reader = _Reader(os.environ if environ is None else environ)
        environment = cast("Environment", reader.choice("VISTORA_ENV", get_args(Environment)))
        directory = _root(reader, root)
        if environment == "local":
            reader.lie_below(directory / LOCAL_SETTINGS_FILE)
        reader.refuse_unknown()
        objects = _objects(reader)
        settings = Settings(
            environment=environment,
            root=directory,
            connection=(
                Local(directory) if environment == "local" else _account(reader, environment)
            ),
            objects=objects,
            snapshots=_snapshots(reader),
            label=cast("LabelKind", reader.choice("VISTORA_LABEL", get_args(LabelKind))),
            source=_source(reader),
            automation=reader.choice(
                "VISTORA_AUTOMATION", ("on", "off"), "on" if environment == "local" else "off"
            )
            == "on",
            seed=reader.integer("VISTORA_SEED", 0, 2**32 - 1),
        )
        reader.raise_problems()
        return settings


def write_local_settings(root: Path, values: Mapping[str, str]) -> Path:
    """Replace `root`/.vistora/local.env by `values` and return its path.

    A reader sees the old file or the new one, never a part.

    Raises:
        SettingsError: a name is not one that the file may set, or a value has a line break.
    """
    problems = [
        *(reason for name in values if (reason := _local_file_problem(name))),
        *(
            f"{name} has a line break in its value: a line of {LOCAL_SETTINGS_FILE} holds one value."
            for name, value in values.items()
            if "\n" in value or "\r" in value
        ),
    ]
    if problems:
        raise SettingsError(problems)
    path = root / LOCAL_SETTINGS_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(f"{name}={value}\n" for name, value in values.items())
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix="local.env.")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(beside).replace(path)
    return path


def settings_table() -> str:
    """Return the Markdown table of all variables that `docs/running.md` shows."""
    rows = ["| variable | default | allowed | meaning |", "|---|---|---|---|"]
    for variable in VARIABLES:
        default = f"`{variable.default}`" if variable.default else ""
        rows.append(f"| `{variable.name}` | {default} | {variable.allowed} | {variable.meaning} |")
    return "\n".join(rows) + "\n"


# --- reading --------------------------------------------------------------------------------


class _Reader:
    """Values by name, and the problems found so far; a wrong value reads as its default."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ: Final = {
            name: value.strip() for name, value in environ.items() if value.strip()
        }
        self._below: dict[str, str] = {}
        self._problems: list[str] = []

    def problem(self, sentence: str) -> None:
        self._problems.append(sentence)

    def raise_problems(self) -> None:
        if self._problems:
            raise SettingsError(dict.fromkeys(self._problems))

    def wrong(self, name: str) -> None:
        """Note that the value of `name` is not allowed; a secret's value is not repeated."""
        variable = _BY_NAME[name]
        shown = "" if variable.secret else f"='{self.text(name)}'"
        self.problem(f"{name}{shown} is not {variable.allowed}.")

    def lie_below(self, path: Path) -> None:
        """Take the values of a KEY=VALUE file where the environment sets none."""
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            self.problem(f"{path} cannot be read ({reason}): mend it or delete it.")
            return
        for number, line in enumerate(lines, start=1):
            text = line.strip()
            if not text or text.startswith("#"):
                continue
            name, equals, value = (part.strip() for part in text.partition("="))
            if not equals:
                self.problem(f"{path}, line {number} is not KEY=VALUE: mend it or delete the file.")
            elif reason := _local_file_problem(name):
                self.problem(f"{path}, line {number}: {reason}")
            elif value:
                self._below[name] = value

    def refuse_unknown(self) -> None:
        for name in sorted(self._environ):
            known = name in _BY_NAME or name.startswith(_RESERVED_PREFIX)
            if name.startswith("VISTORA_") and not known:
                self.problem(_unknown(name))

    def text(self, name: str, default: str | None = None) -> str | None:
        variable = _BY_NAME[name]
        fallback = variable.default if default is None else default
        return self._environ.get(name) or self._below.get(name) or fallback or None

    def is_set(self, name: str) -> bool:
        return name in self._environ or name in self._below

    def parsed(self, name: str, parse: Callable[[str], _Parsed | None]) -> _Parsed | None:
        """Return the parsed value; where it is wrong, note it and return the default's."""
        text = self.text(name)
        if text is None:
            return None
        value = parse(text)
        if value is None:
            self.wrong(name)
            default = _BY_NAME[name].default
            return parse(default) if default else None
        return value

    def required(self, name: str, parse: Callable[[str], _Parsed | None]) -> _Parsed:
        """Return the parsed value of a variable that has a default."""
        value = self.parsed(name, parse)
        if value is None:
            raise AssertionError(f"{name} is declared with a default that it does not allow")
        return value

    def choice(self, name: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        text = self.text(name, default) or ""
        if text in allowed:
            return text
        self.wrong(name)
        return default or _BY_NAME[name].default

    def integer(self, name: str, low: int, high: int) -> int:
        def parse(text: str) -> int | None:
            value = int(text) if re.fullmatch(r"[0-9]{1,12}", text) else -1
            return value if low <= value <= high else None

        return self.required(name, parse)

    def identifier(self, name: str) -> str:
        return self.required(name, _identifier)

    def file(self, name: str) -> Path | None:
        def parse(text: str) -> Path | None:
            path = Path(text).expanduser()
            return path if path.is_file() and os.access(path, os.R_OK) else None

        return self.parsed(name, parse)


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, _BY_NAME, n=1, cutoff=0.6)
    advice = f"did you mean {near[0]}?" if near else "docs/running.md lists those that exist."
    return f"{name} is not a setting: {advice}"


def _local_file_problem(name: str) -> str | None:
    """Say why the local file may not set `name`; None if it may."""
    if name not in _BY_NAME:
        return _unknown(name)
    if name in {"VISTORA_ENV", "VISTORA_ROOT"}:
        return f"{name} decides whether and where this file is read: set it in the environment."
    if name.startswith("SNOWFLAKE_") and not _BY_NAME[name].default:
        return f"{name} belongs to an account; this file is of the embedded warehouse."
    return None


def _root(reader: _Reader, given: Path | None) -> Path:
    if given is not None:
        return given.resolve()

    def directory(text: str) -> Path | None:
        path = Path(text).expanduser()
        return path.resolve() if path.is_dir() else None

    declared = reader.parsed("VISTORA_ROOT", directory)
    if declared is not None:
        return declared
    here = Path.cwd()
    for candidate in (here, *here.parents, Path(__file__).resolve().parents[1]):
        if (candidate / "workspace.yaml").is_file():
            return candidate
    return here


# --- groups ---------------------------------------------------------------------------------


def _identifier(text: str) -> str | None:
    return text.upper() if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_$]{0,254}", text) else None


_PART: Final = r'(?:[A-Za-z_][A-Za-z0-9_$]{0,254}|"(?:[^"]|""){1,255}")'


def _objects(reader: _Reader) -> Objects:
    objects = Objects(
        database=reader.identifier("SNOWFLAKE_DATABASE"),
        warehouse=reader.identifier("SNOWFLAKE_WAREHOUSE"),
        raw=reader.identifier("VISTORA_SCHEMA_RAW"),
        feature_store=reader.identifier("VISTORA_SCHEMA_FEATURE_STORE"),
        ml=reader.identifier("VISTORA_SCHEMA_ML"),
        model=reader.identifier("VISTORA_MODEL_NAME"),
    )
    schemas = {
        "VISTORA_SCHEMA_RAW": objects.raw,
        "VISTORA_SCHEMA_FEATURE_STORE": objects.feature_store,
        "VISTORA_SCHEMA_ML": objects.ml,
    }
    if len(set(schemas.values())) < len(schemas):
        listed = ", ".join(f"{name}='{value}'" for name, value in schemas.items())
        reader.problem(f"{listed}: give each its own schema.")
    for name, value in schemas.items():
        if value == "INFORMATION_SCHEMA":
            reader.problem(f"{name}='{value}' is Snowflake's own schema: choose another name.")
    return objects


def _date(text: str) -> date | None:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _fits(cadence: Cadence, day: date) -> bool:
    return {"monthly": day.day == 1, "weekly": day.weekday() == 0, "daily": True}[cadence]


def _snapshots(reader: _Reader) -> Snapshots:
    cadence = cast("Cadence", reader.choice("VISTORA_SNAPSHOT_CADENCE", get_args(Cadence)))
    rule = {"monthly": "the first of a month", "weekly": "a Monday", "daily": "any day"}[cadence]

    def snapshot(name: str) -> date | None:
        day = reader.parsed(name, _date)
        if day is None or _fits(cadence, day):
            return day
        if not reader.is_set(name):
            # Only a default is moved to the cadence; a date that somebody asked for never is.
            return day + timedelta(days=-day.weekday() % 7)
        reader.problem(
            f"{name}='{day}' is a {day:%A}; with VISTORA_SNAPSHOT_CADENCE={cadence} a snapshot's "
            f"date is {rule}."
        )
        return day

    first = snapshot("VISTORA_FIRST_SNAPSHOT") or date(2020, 1, 1)
    last = snapshot("VISTORA_LAST_SNAPSHOT")
    data_until = reader.parsed("VISTORA_DATA_UNTIL", _date)
    if last is not None and last < first:
        reader.problem(
            f"VISTORA_LAST_SNAPSHOT='{last}' lies before VISTORA_FIRST_SNAPSHOT='{first}'."
        )
    if data_until is not None and data_until <= first:
        reader.problem(
            f"VISTORA_DATA_UNTIL='{data_until}' is not after VISTORA_FIRST_SNAPSHOT='{first}': "
            "no snapshot would have an event after it."
        )
    return Snapshots(
        cadence=cadence,
        first=first,
        last=last,
        horizon_days=reader.integer("VISTORA_HORIZON_DAYS", 1, 730),
        minimum_history_days=reader.integer("VISTORA_MINIMUM_HISTORY_DAYS", 0, 3650),
        data_until=data_until,
    )


def _timezone(text: str) -> str | None:
    try:
        return ZoneInfo(text).key
    except (ValueError, OSError, KeyError):
        return None


def _share(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and 0 <= value <= 1 else None


def _event_types(text: str) -> tuple[str, ...] | None:
    types = tuple(sorted({part.strip().lower() for part in text.split(",")}))
    wrong = any(kind in {"", "purchase", "refund"} for kind in types)
    return None if wrong else types


def _table_name(text: str) -> str | None:
    return _folded(text) if re.fullmatch(rf"{_PART}(?:\.{_PART}){{0,2}}", text) else None


def _column_name(text: str) -> str | None:
    return _folded(text) if re.fullmatch(_PART, text) else None


def _folded(name: str) -> str:
    """Upper-case what is unquoted, as Snowflake does."""
    return re.sub(_PART, lambda part: part[0] if part[0][0] == '"' else part[0].upper(), name)


def _pairs(
    allowed: tuple[str, ...], value: Callable[[str], str | None]
) -> Callable[[str], Mapping[str, str] | None]:
    """Return a parser of `column=value,...` in which each column occurs once."""

    def parse(text: str) -> Mapping[str, str] | None:
        pairs: dict[str, str] = {}
        # A comma inside a quoted name is part of the name.
        for item in re.findall(r'(?:"(?:[^"]|"")*"|[^,"])+|"', text):
            name, _, given = (part.strip() for part in item.partition("="))
            parsed = value(given)
            if name.lower() not in allowed or name.lower() in pairs or parsed is None:
                return None
            pairs[name.lower()] = parsed
        return pairs

    return parse


def _source(reader: _Reader) -> Source:
    return Source(
        timezone=reader.required("VISTORA_SOURCE_TIMEZONE", _timezone),
        ignored_event_types=reader.parsed("VISTORA_IGNORED_EVENT_TYPES", _event_types) or (),
        rejected_share=reader.required("VISTORA_REJECTED_SHARE", _share),
        table=_events_table(reader),
    )


def _events_table(reader: _Reader) -> EventsTable | None:
    name = reader.parsed("VISTORA_EVENTS_TABLE", _table_name)
    columns = reader.parsed("VISTORA_EVENTS_MAP", _pairs(EVENT_COLUMNS, _column_name)) or {}
    constants = (
        reader.parsed(
            "VISTORA_EVENTS_SET", _pairs(("event_type", "country"), lambda text: text or None)
        )
        or {}
    )
    high_water = reader.parsed("VISTORA_EVENTS_HIGH_WATER", _column_name)
    if not reader.is_set("VISTORA_EVENTS_TABLE"):
        for variable in ("VISTORA_EVENTS_MAP", "VISTORA_EVENTS_SET", "VISTORA_EVENTS_HIGH_WATER"):
            if reader.is_set(variable):
                reader.problem(
                    f"{variable} is set and VISTORA_EVENTS_TABLE is not: name the table as well "
                    "(landed files take their map from `vistora land --map`)."
                )
        return None
    if not reader.is_set("VISTORA_EVENTS_MAP") or (columns and "event_id" not in columns):
        reader.problem(
            "VISTORA_EVENTS_TABLE is set and VISTORA_EVENTS_MAP names no event_id: a table's rows "
            "have no order to number them by, so say which column identifies an event, such as "
            "VISTORA_EVENTS_MAP=event_id=ORDER_ID."
        )
    for column in sorted(set(columns) & set(constants)):
        reader.problem(
            f"{column} stands in both VISTORA_EVENTS_MAP and VISTORA_EVENTS_SET: keep one."
        )
    return EventsTable(name or "", columns, constants, high_water)


# --- logging in -----------------------------------------------------------------------------

_WAYS: Final = (
    "a key pair (SNOWFLAKE_ACCOUNT, SNOWFLAKE_USER, SNOWFLAKE_PRIVATE_KEY_PATH), "
    "an OAuth token (SNOWFLAKE_ACCOUNT, SNOWFLAKE_TOKEN or SNOWFLAKE_TOKEN_FILE_PATH, "
    "SNOWFLAKE_AUTHENTICATOR=oauth), "
    "a programmatic access token (the same with "
    "SNOWFLAKE_AUTHENTICATOR=programmatic_access_token), "
    "a password (SNOWFLAKE_ACCOUNT, SNOWFLAKE_USER, SNOWFLAKE_PASSWORD), "
    "a browser (SNOWFLAKE_ACCOUNT, SNOWFLAKE_USER, SNOWFLAKE_AUTHENTICATOR=externalbrowser), "
    "or a named connection of connections.toml (SNOWFLAKE_CONNECTION_NAME)"
)


@dataclass(frozen=True, slots=True)
class _Way:
    """One way to log in: what announces it, which authenticators it goes with, what it needs."""

    method: str
    announced_by: tuple[str, ...]
    authenticators: tuple[str, ...]
    needs_user: bool


_KEY_PAIR: Final = _Way(
    "key pair", ("SNOWFLAKE_PRIVATE_KEY_PATH",), ("snowflake_jwt",), needs_user=True
)
_TOKEN: Final = _Way(
    "token",
    ("SNOWFLAKE_TOKEN", "SNOWFLAKE_TOKEN_FILE_PATH"),
    ("oauth", "programmatic_access_token"),
    needs_user=False,
)
_PASSWORD: Final = _Way(
    "password", ("SNOWFLAKE_PASSWORD",), ("snowflake", "username_password_mfa"), needs_user=True
)
_BROWSER: Final = _Way("browser", (), ("externalbrowser",), needs_user=True)


def _authenticator(text: str) -> str | None:
    lowered = text.lower()
    if lowered in _AUTHENTICATORS:
        return lowered
    return text if re.fullmatch(r"https://[A-Za-z0-9.-]+(?:/\S*)?", text) else None


def _account_identifier(text: str) -> str | None:
    if text.lower().endswith(".snowflakecomputing.com"):
        return None
    return text if re.fullmatch(r"[A-Za-z0-9_]+(?:[.-][A-Za-z0-9_]+)*", text) else None


def _connection_name(text: str) -> str | None:
    return text if re.fullmatch(r"[A-Za-z0-9_.-]+", text) else None


def _account(reader: _Reader, environment: Environment) -> Account:
    account = reader.parsed("SNOWFLAKE_ACCOUNT", _account_identifier)
    name = reader.parsed("SNOWFLAKE_CONNECTION_NAME", _connection_name)
    authenticator = reader.parsed("SNOWFLAKE_AUTHENTICATOR", _authenticator)
    key = reader.file("SNOWFLAKE_PRIVATE_KEY_PATH")
    token_file = reader.file("SNOWFLAKE_TOKEN_FILE_PATH")
    method = _method(reader, environment, authenticator)
    return Account(
        method=method,
        database=reader.identifier("SNOWFLAKE_DATABASE"),
        warehouse=reader.identifier("SNOWFLAKE_WAREHOUSE"),
        role=reader.parsed("SNOWFLAKE_ROLE", _identifier),
        account=account,
        user=reader.text("SNOWFLAKE_USER"),
        connection_name=name,
        authenticator="snowflake_jwt" if method == _KEY_PAIR.method else authenticator,
        private_key_path=key,
        private_key_passphrase=reader.text("SNOWFLAKE_PRIVATE_KEY_PASSPHRASE"),
        token=reader.text("SNOWFLAKE_TOKEN"),
        token_file_path=token_file,
        password=reader.text("SNOWFLAKE_PASSWORD"),
    )


def _method(reader: _Reader, environment: Environment, authenticator: str | None) -> str:
    """Return how to log in; note every way in which the answer is not exactly one."""
    announced = [
        variable
        for way in (_KEY_PAIR, _TOKEN, _PASSWORD)
        for variable in way.announced_by
        if reader.is_set(variable)
    ]
    if reader.is_set("SNOWFLAKE_CONNECTION_NAME"):
        # A second way beside the named one would silently win in the connector.
        also = [
            *announced,
            *(
                variable
                for variable in ("SNOWFLAKE_ACCOUNT", "SNOWFLAKE_USER", "SNOWFLAKE_AUTHENTICATOR")
                if reader.is_set(variable)
            ),
        ]
        if also:
            reader.problem(
                "SNOWFLAKE_CONNECTION_NAME brings account, user and authentication with it: "
                f"unset it, or unset {', '.join(also)}."
            )
        return "named connection"
    if len(announced) > 1:
        reader.problem(
            f"{', '.join(announced)} are different ways to authenticate: keep exactly one."
        )
        return "unknown"
    way = _chosen_way(announced, authenticator)
    if way is None:
        reader.problem(
            f"VISTORA_ENV={environment} has no way to authenticate. Set one of: {_WAYS}."
        )
        return "unknown"
    _check_way(reader, way, announced, authenticator)
    return way.method


def _chosen_way(announced: list[str], authenticator: str | None) -> _Way | None:
    for way in (_KEY_PAIR, _TOKEN, _PASSWORD):
        if set(announced) & set(way.announced_by):
            return way
    return _BROWSER if authenticator == "externalbrowser" else None


def _check_way(reader: _Reader, way: _Way, announced: list[str], authenticator: str | None) -> None:
    okta = way is _PASSWORD and authenticator is not None and authenticator.startswith("https://")
    fits = okta or authenticator in way.authenticators
    unstated = not reader.is_set("SNOWFLAKE_AUTHENTICATOR")
    if way is _TOKEN and unstated:
        reader.problem(
            f"{announced[0]} is set and SNOWFLAKE_AUTHENTICATOR is not: set it to oauth or "
            "programmatic_access_token, whichever the token is."
        )
    elif authenticator is not None and not fits:
        reader.problem(
            f"SNOWFLAKE_AUTHENTICATOR='{authenticator}' does not go with {announced[0]}: unset "
            f"one of them, or set it to {' or '.join(way.authenticators)}."
        )
    for variable, needed in (("SNOWFLAKE_ACCOUNT", True), ("SNOWFLAKE_USER", way.needs_user)):
        if needed and not reader.is_set(variable):
            meaning = _BY_NAME[variable].meaning
            reader.problem(
                f"{variable} is not set and logging in by {way.method} needs it. {meaning}"
            )
    if way is not _KEY_PAIR and reader.is_set("SNOWFLAKE_PRIVATE_KEY_PASSPHRASE"):
        reader.problem(
            "SNOWFLAKE_PRIVATE_KEY_PASSPHRASE is set and SNOWFLAKE_PRIVATE_KEY_PATH is not: "
            "set the path, or unset the passphrase."
        )
