"""File formats: how bytes of a staged file become rows, and the objects that keep such options.

What it holds: the reading of ``NAME = value`` options, the checked options of a format
(`FileFormat`), and CREATE, DROP, SHOW and DESC FILE FORMAT. Not for the reading of files
(`staged_files`).

Source of names and defaults: https://docs.snowflake.com/en/sql-reference/sql/create-file-format.
Options that would change values and are not carried out are refused by name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from sqlglot import TokenType, tokenize

from embedded_snowflake import errors
from embedded_snowflake.names import QualifiedName
from embedded_snowflake.objects.entries import kept, show_entries, taken, temporary, undropped
from embedded_snowflake.objects.showing import columns
from embedded_snowflake.sessions.routing import handles
from embedded_snowflake.sql.reading import Reader
from embedded_snowflake.sql.results import Result

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlglot import Token

    from embedded_snowflake.sessions.session import Session

KIND = "file_format"

Value = str | list[str] | dict[str, Any]


@dataclass(frozen=True)
class FileFormat:
    """The options of a format that decide which rows a file has, with Snowflake's defaults."""

    type: str = "CSV"
    compression: str = "AUTO"
    field_delimiter: str = ","
    record_delimiter: str | None = None
    skip_header: int = 0
    parse_header: bool = False
    skip_blank_lines: bool = False
    trim_space: bool = False
    field_optionally_enclosed_by: str | None = None
    escape: str | None = None
    escape_unenclosed_field: str | None = "\\"
    null_if: tuple[str, ...] = ("\\N",)
    empty_field_as_null: bool = True
    error_on_column_count_mismatch: bool = True
    encoding: str = "UTF8"
    replace_invalid_characters: bool = False
    skip_byte_order_mark: bool = True
    binary_as_text: bool = True
    use_logical_type: bool = False
    strip_outer_array: bool = False
    file_extension: str | None = None


_KNOWN = {one.name.upper() for one in fields(FileFormat)}
_WITHOUT_EFFECT = {
    "COMMENT",
    "USE_VECTORIZED_SCANNER",
    "SNAPPY_COMPRESSION",
    "VALIDATE_UTF8",
    "MULTI_LINE",
}
"""Accepted and kept."""
_ONLY_AUTO = {"DATE_FORMAT", "TIME_FORMAT", "TIMESTAMP_FORMAT"}
_ENCODINGS = {
    "UTF8": "utf-8",
    "UTF-8": "utf-8",
    "ISO88591": "iso-8859-1",
    "ISO-8859-1": "iso-8859-1",
    "WINDOWS1252": "cp1252",
    "WINDOWS-1252": "cp1252",
    "UTF16": "utf-16",
    "UTF-16": "utf-16",
    "UTF16LE": "utf-16-le",
    "UTF-16LE": "utf-16-le",
    "UTF16BE": "utf-16-be",
    "UTF-16BE": "utf-16-be",
}


def python_encoding(name: str) -> str:
    """Python's name of an encoding.

    Raises:
        SnowflakeError: the encoding is not one that is read here.
    """
    found = _ENCODINGS.get(name.upper())
    if found is None:
        raise errors.refused(
            f"ENCODING '{name}' is not read here; use one of {', '.join(sorted(_ENCODINGS))}."
        )
    return found


# --- options ---------------------------------------------------------------------------------


def read_options(text: str) -> dict[str, Value]:
    """Read ``NAME = value ..``, where a value is a text, a word, a list or options themselves.

    Args:
        text: the options as they stand in the statement.

    Returns:
        Values by upper-case names; dotted and quoted names as written.

    Raises:
        SnowflakeError: 001003 where something else stands.
    """
    tokens = tokenize(text, read="snowflake")
    found, place = _options_from(text, tokens, 0)
    if place < len(tokens) and tokens[place].token_type is not TokenType.SEMICOLON:
        raise _unexpected(tokens[place])
    return found


def _unexpected(token: Token | None) -> errors.SnowflakeError:
    shown = "<EOF>" if token is None else token.text
    return errors.uncompiled(f"syntax error: unexpected '{shown}'.")


def _options_from(text: str, tokens: list[Token], place: int) -> tuple[dict[str, Value], int]:
    found: dict[str, Value] = {}
    while place < len(tokens) and tokens[place].token_type not in (
        TokenType.R_PAREN,
        TokenType.SEMICOLON,
    ):
        if tokens[place].token_type is TokenType.COMMA:
            place += 1
            continue
        name = tokens[place].text.upper()
        if place + 1 >= len(tokens) or tokens[place + 1].text not in ("=", "=>"):
            raise _unexpected(tokens[place])
        found[name], place = _value_from(text, tokens, place + 2)
    return found, place


def _value_from(text: str, tokens: list[Token], place: int) -> tuple[Value, int]:
    if place >= len(tokens):
        raise _unexpected(None)
    token = tokens[place]
    if token.token_type is TokenType.L_PAREN:
        return _list_or_options(text, tokens, place + 1)
    if token.token_type in (TokenType.STRING, TokenType.HEREDOC_STRING, TokenType.RAW_STRING):
        return token.text, place + 1
    start, place = token.start, place + 1
    while place < len(tokens) and tokens[place].start == tokens[place - 1].end + 1:
        if tokens[place].token_type in (TokenType.R_PAREN, TokenType.COMMA, TokenType.SEMICOLON):
            break
        place += 1
    return text[start : tokens[place - 1].end + 1], place


def _list_or_options(text: str, tokens: list[Token], place: int) -> tuple[Value, int]:
    if place + 1 < len(tokens) and tokens[place + 1].text in ("=", "=>"):
        options, place = _options_from(text, tokens, place)
        return options, _closed(tokens, place)
    items: list[str] = []
    while place < len(tokens) and tokens[place].token_type is not TokenType.R_PAREN:
        if tokens[place].token_type is TokenType.COMMA:
            place += 1
            continue
        value, place = _value_from(text, tokens, place)
        items.append(str(value))
    return items, _closed(tokens, place)


def _closed(tokens: list[Token], place: int) -> int:
    if place >= len(tokens) or tokens[place].token_type is not TokenType.R_PAREN:
        raise _unexpected(tokens[place] if place < len(tokens) else None)
    return place + 1


def truth(name: str, value: Value) -> bool:
    """TRUE or FALSE.

    Raises:
        SnowflakeError: 001481 for anything else.
    """
    text = str(value).upper()
    if text not in ("TRUE", "FALSE"):
        raise errors.uncompiled(
            f"invalid value [{value}] for parameter '{name}': use TRUE or FALSE.", 1481, "22023"
        )
    return text == "TRUE"


def format_from(options: dict[str, Value]) -> FileFormat:
    """Check the options of a format.

    Args:
        options: as `read_options` gives them, without FORMAT_NAME.

    Raises:
        SnowflakeError: an option is unknown, is not carried out here, or has a wrong value.
    """
    values: dict[str, Any] = {}
    for name, value in options.items():
        if name in _WITHOUT_EFFECT or (name in _ONLY_AUTO and str(value).upper() == "AUTO"):
            continue
        if name not in _KNOWN:
            raise errors.refused(
                f"File format option {name} is not carried out in the embedded warehouse."
                if name in _ONLY_AUTO or name.isidentifier()
                else f"invalid file format option {name}"
            )
        values[name.lower()] = _checked(name, value)
    made = FileFormat(**values)
    if made.type not in ("CSV", "JSON", "PARQUET"):
        raise errors.refused(
            f"Files of TYPE = {made.type} are not read in the embedded warehouse; "
            "CSV, JSON and PARQUET are."
        )
    if made.parse_header and made.skip_header:
        raise errors.refused("PARSE_HEADER = TRUE and SKIP_HEADER exclude each other.")
    python_encoding(made.encoding)
    return made


def number_of(name: str, value: Value) -> int:
    """An option's value that is a number.

    Raises:
        SnowflakeError: 001003 where it is none.
    """
    if not str(value).isdecimal():
        raise errors.refused(f"{name} takes a whole number, not '{value}'.")
    return int(str(value))


def _checked(name: str, value: Value) -> Any:
    default = getattr(FileFormat(), name.lower())
    if isinstance(default, bool):
        return truth(name, value)
    if isinstance(default, int):
        return number_of(name, value)
    if name == "NULL_IF":
        return tuple(value) if isinstance(value, list) else (str(value),)
    if name in ("TYPE", "COMPRESSION"):
        return str(value).upper()
    if name == "ENCODING":
        return str(value)
    return _character(name, str(value))


def _character(name: str, value: str) -> str | None:
    if value.upper() == "NONE" or (value == "" and name != "FIELD_DELIMITER"):
        if name == "FIELD_DELIMITER":
            # One field a record: a character that no text holds never delimits.
            return "\0"
        return None
    if name == "RECORD_DELIMITER" and value in ("\n", "\\n", "\r\n", "\\r\\n"):
        return None
    named = {"\\t": "\t", "\\n": "\n", "\\\\": "\\", "\\001": "\x01"}.get(value, value)
    if value[:2].lower() == "0x" and len(value) == 4:
        named = chr(int(value, 16))
    if name in ("FIELD_OPTIONALLY_ENCLOSED_BY", "ESCAPE", "ESCAPE_UNENCLOSED_FIELD"):
        if len(named) != 1:
            raise errors.refused(f"{name} takes one character or NONE, not '{value}'.")
        if name == "FIELD_OPTIONALLY_ENCLOSED_BY" and named not in "\"'":
            raise errors.refused(f"{name} takes a single or a double quote, or NONE.")
    return named


# --- objects ---------------------------------------------------------------------------------


def _options_of(session: Session, name: QualifiedName) -> dict[str, Any]:
    options = kept(session, KIND, name)
    if options is None:
        raise errors.missing("File format", name)
    return options


def resolve(session: Session, value: Value | None, beneath: dict[str, Value]) -> FileFormat:
    """The format of a statement: its own options, or those of the format that it names.

    Args:
        session: whose names they are.
        value: FILE_FORMAT's value, a name or options; None where there is none.
        beneath: the options that the stage has for its files.

    Raises:
        SnowflakeError: there is no such format, or an option is wrong.
    """
    if value is None:
        value = beneath
    if not isinstance(value, dict):
        value = {"FORMAT_NAME": str(value)}
    options = _with_named(session, value)
    if "FORMAT_NAME" not in value and "TYPE" not in options:
        options = {**_with_named(session, beneath), **options}
    return format_from(options)


def _with_named(session: Session, given: dict[str, Value]) -> dict[str, Value]:
    """The options, above those of the format that FORMAT_NAME names."""
    own = {name: one for name, one in given.items() if name != "FORMAT_NAME"}
    if "FORMAT_NAME" not in given:
        return own
    return {**_options_of(session, Reader(str(given["FORMAT_NAME"]), session).name()), **own}


@handles("CREATE", "FILE FORMAT")
def create_file_format(session: Session, reader: Reader) -> Result:
    """CREATE [OR REPLACE] [TEMPORARY] FILE FORMAT [IF NOT EXISTS] name TYPE = .. option = .."""
    name = reader.name()
    options = read_options(reader.rest())
    options.setdefault("TYPE", "CSV")
    format_from(options)
    own = temporary(session, KIND)
    there = own.get(name) if reader.temporary else session.catalog.get(KIND, name)
    if (answer := taken(reader, name, there)) is not None:
        return answer
    if reader.temporary:
        own[name] = options
    else:
        with session.transaction():
            session.catalog.remove(KIND, name)
            session.catalog.put(KIND, name, options)
    return Result.status(f"File format {name.name} successfully created.")


@handles("DROP", "FILE FORMAT")
def drop_file_format(session: Session, reader: Reader) -> Result:
    """DROP FILE FORMAT [IF EXISTS] name."""
    name = reader.name()
    reader.end()
    if temporary(session, KIND).pop(name, None) is None:
        if session.catalog.get(KIND, name) is None:
            return undropped(reader, "File format", name)
        session.catalog.remove(KIND, name)
    return Result.status(f"{name.name} successfully dropped.")


@handles("SHOW", "FILE FORMATS")
def show_file_formats(_: Session, reader: Reader) -> Result:
    """SHOW FILE FORMATS [LIKE ..] [IN ..]; temporary ones of other sessions are not seen."""
    return show_entries(
        reader,
        KIND,
        "created_on:TIMESTAMP_LTZ name database_name schema_name type owner comment format_options",
        lambda entry: {
            "type": str(entry.props["TYPE"]).upper(),
            "comment": entry.props.get("COMMENT", ""),
            "format_options": json.dumps({n: v for n, v in entry.props.items() if n != "COMMENT"}),
        },
    )


@handles("DESC", "FILE FORMAT")
@handles("DESCRIBE", "FILE FORMAT")
def describe_file_format(session: Session, reader: Reader) -> Result:
    """DESC FILE FORMAT name: one row an option."""
    name = reader.name()
    reader.end()
    options = format_from(_options_of(session, name))
    return Result.rows(
        columns("property property_type property_value property_default"),
        _properties(options, FileFormat()),
    )


def _properties(kept: FileFormat, default: FileFormat) -> Iterable[tuple[str, str, str, str]]:
    for one in fields(FileFormat):
        value, usual = getattr(kept, one.name), getattr(default, one.name)
        kind = {bool: "Boolean", int: "Integer", tuple: "List"}.get(type(usual), "String")
        yield one.name.upper(), kind, _shown(value), _shown(usual)


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(str(one) for one in value) + "]"
    return (
        str(value).lower() if isinstance(value, bool) else "NONE" if value is None else str(value)
    )
