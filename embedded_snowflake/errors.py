"""Errors as Snowflake's clients know them: a message, a number and a SQL state.

Add a constructor here when two modules would write the same message. Numbers are Snowflake's, as
the connector's users branch on them.
"""

from __future__ import annotations

import re

import duckdb
from snowflake.connector.errors import ProgrammingError

UNSUPPORTED = "Unsupported feature: "
"""How the message of one of DuckDB's macros or functions begins that refuses."""


class SnowflakeError(ProgrammingError):
    """What a statement is answered with when it cannot be carried out."""


def error(message: str, number: int, sqlstate: str) -> SnowflakeError:
    """An error with Snowflake's number and SQL state."""
    return SnowflakeError(msg=message, errno=number, sqlstate=sqlstate)


_SQL = "SQL compilation error:\n"


def uncompiled(text: str, number: int = 1003, sqlstate: str = "42000") -> SnowflakeError:
    """A statement that is none, or not of what is there: Snowflake says so before it runs."""
    return error(_SQL + text, number, sqlstate)


def missing(kind: str, name: object) -> SnowflakeError:
    """002003: the object is not there."""
    sqlstate = "42S02" if kind in {"Object", "Table", "View", "Dynamic table"} else "02000"
    return uncompiled(f"{kind} '{name}' does not exist or not authorized.", 2003, sqlstate)


def exists(name: object, kind: str = "Object") -> SnowflakeError:
    """002002: the name is taken."""
    return uncompiled(f"{kind} '{name}' already exists.", 2002, "42710")


def unreachable() -> SnowflakeError:
    """002043: a database or schema that is to be used or searched is not there."""
    return uncompiled("Object does not exist, or operation cannot be performed.", 2043, "02000")


def incompatible() -> SnowflakeError:
    """001003: what is replaced is made whether it is there or not."""
    return uncompiled("options IF NOT EXISTS and OR REPLACE are incompatible.")


def other_kind(found: str, wanted: str) -> SnowflakeError:
    """002203: the object is of another kind."""
    return uncompiled(
        f"Object found is of type '{found.replace(' ', '_')}', not specified type '{wanted}'.",
        2203,
        "02000",
    )


def refused(text: str, number: int = 1003, sqlstate: str = "42000") -> SnowflakeError:
    """A statement that the embedded warehouse does not carry out; the text says which and why."""
    return error(text, number, sqlstate)


def unsupported(what: str) -> SnowflakeError:
    """000002: a feature of Snowflake that the embedded warehouse does not have."""
    return error(
        f"Unsupported feature '{what}' in the embedded warehouse "
        "(docs/embedded-snowflake.md lists what is there).",
        2,
        "0A000",
    )


_NOT_HERE = " (the embedded warehouse has none of this name)"
_WORDED = (
    (
        r"Function with name \"?([\w$]+)\"? does not exist",
        2140,
        "42601",
        _SQL + "Unknown function {0}" + _NOT_HERE,
    ),
    (r"(The following string is not a legal hex.*?): (.*)' to BOOL", 100115, "22000", "{0}: '{1}'"),
    (
        r'Catalog "(.+?)" does not exist|No catalog \+ schema named "(?:.+?)" found',
        2043,
        "02000",
        _SQL + "Object does not exist, or operation cannot be performed: USE another.",
    ),
    (
        r'column "(.+?)" must appear in the GROUP BY clause',
        979,
        "42601",
        _SQL + "[{0}] is not a valid group by expression",
    ),
    (r'Ambiguous reference to .*?"(.+?)"', 1052, "42601", _SQL + "ambiguous column name '{0}'"),
    (
        r"is not an table$|Can only modify view with|Can only \w+(?: \w+)? base table",
        2203,
        "02000",
        _SQL + "Object found is of type 'VIEW', not specified type 'TABLE'.",
    ),
    (r'(?:Duplicate|same) column .*?"(.+?)"', 2025, "42S21", _SQL + "duplicate column name '{0}'"),
    (
        r'(?:Values list|Table) "(.+?)" does not have a column named "(.+?)"',
        904,
        "42000",
        "SQL compilation error: invalid identifier '{0}.{1}'",
    ),
    (r'Column .*?"(.+?)" already exists', 1430, "42601", _SQL + "column '{0}' already exists"),
    (r"table only has one column", 1432, "42601", _SQL + "cannot drop all the columns of a table"),
    (
        r"(?:has|expected) (\d+) columns but (\d+) values were supplied",
        2020,
        "21S01",
        _SQL + "Insert value list does not match column list expecting {0} but got {1}",
    ),
    (r"More than one row ret", 100090, "22000", "Single-row subquery returns more than one row."),
    (r"same target row more than", 100090, "42P18", "Duplicate row detected during DML action"),
    (r"(Numeric value '.*' is not recognized)", 100038, "22018", "{0}"),
    (
        r"(?:Referenced (?:update column |table \")|have a column with name \"|r Error: Column \"+)(.+?)(?: not found|\")",
        904,
        "42000",
        "SQL compilation error: invalid identifier '{0}'",
    ),
    (
        r"(?:the given name and argument types|for the function call) ['\"]([^(']+)\((.*)\)['\"]",
        1044,
        "42P13",
        _SQL + "Invalid argument types for function '{0}': ({1}), cast them.",
    ),
    (r"empty set of columns", 1080, "42601", _SQL + "SELECT with no columns"),
    (r"(Subquery returns \d+ columns)", 1789, "42601", _SQL + "{0}, not one"),
    (r"specifier \"(.+?)\" not", 1003, "42000", _SQL + "no date/time component: {0}"),
    (
        r"(?:type for cast \(|mix values of type |combine types of )(\S.*?)(?: -> | and )(\w+)",
        1065,
        "22023",
        _SQL + "invalid type {0} where there is {1}: cast one to the other",
    ),
    (r"Expected ARRAY, but got \w+: (.*?)(?: when .*)?$", 100107, "22000", "Not an array: '{0}'"),
    (r"string '(The lengths of two variable.*)' to BOOL", 100544, "22026", "{0}"),
    (r"UTF8 Codepoint (\S+)", 100183, "P0000", "Invalid character code {0} in the CHR input"),
    (r"Unknown TimeZone '(.*)'", 100183, "P0000", "Invalid time zone '{0}'"),
    (r'decode string "(.*)" as base64', 100115, "22000", "'{0}' is not a legal base64 value"),
    (r"invalid UTF8 characters", 100144, "22000", "Invalid UTF8 detected in string"),
    (
        r"(?:convert string|[Cc]ast(?:ing)? value) ['\"]?\s*([-+.\d]+)\s*['\"]? to (?:type )?DECIMAL",
        100039,
        "22003",
        "Numeric value '{0}' is out of range",
    ),
    (r"string '(String '.*)' to BOOL", 100078, "22000", "{0}"),
    (r"Overflow in \w+ of", 100046, "22003", "Number out of representable range"),
    (r"(Date '.*' is not recognized)", 100040, "22007", "{0}"),
    (r"(Time(?:stamp)? '.*' is not recognized)", 100035, "22007", "{0}"),
    (r"string '(Invalid argument types .*)' to BOOL", 1044, "42P13", _SQL + "{0}"),
    (
        r"Set operations can only apply to expressions with the same number",
        1789,
        "42601",
        _SQL + "invalid number of result columns for set operator input branches",
    ),
    (r"Input Error: ([a-z]+ .*)", 100048, "2201B", "Invalid regular expression: {0}"),
    (r"(Failed to cast variant value .* to OBJECT)", 100071, "22000", "{0}"),
    (r"Malformed JSON (.*)", 100069, "22P02", "Error parsing JSON: {0}"),
    (r"(duplicate object attribute .*)", 100069, "22P02", "Error parsing JSON: {0}"),
    (r"string '(Key array .*)' to BOOL", 215001, "22000", "{0}"),
    (r"string '(Key supplied .*)' to BOOL", 215002, "22000", "{0}"),
    (r"(Error parsing URL: .*)", 100139, "22000", "{0}"),
    (r"Map keys must be unique", 100183, "P0000", "Duplicate field key in OBJECT_AGG"),
    (r"Division by zero", 100051, "22012", "Division by zero"),
    (
        r"string '(Invalid (?:floating point|position|parameters|lengths|day).*|Key .* already exists.*|The step of .*)' to BOOL",
        100183,
        "P0000",
        "{0}",
    ),
    (
        rf"{UNSUPPORTED}(.+?)(?:' to \w+.*)?$",
        2,
        "0A000",
        "Unsupported feature '{0}' in the embedded warehouse.",
    ),
)
"""What DuckDB says: a pattern, then Snowflake's number, SQL state and words."""


_UNSUPPORTED = {
    "COLUMNS() can not be used together": "a function of * in this place: select it alone, in a subquery of its own",
    "STAR expression is only allowed": "a function of * in this place: name the columns",
    "but the expression has": "the alias of such a value used again: select it in a subquery",
    "calls cannot be nested": "a window or an aggregate within another: select it in a subquery",
    "In a DISTINCT aggregate, ORDER BY": "DISTINCT values in the order of others",
    "left-shift": "BITSHIFTLEFT of or by a negative number",
    "in left shift": "BITSHIFTLEFT beyond 127 bits",
}
"""What DuckDB says where Snowflake would answer, and what is not here."""


def is_conflict(cause: BaseException | None) -> bool:
    """Whether DuckDB gave up a transaction for another one's sake, so that it may be run again."""
    return isinstance(cause, duckdb.TransactionException) and "onflict" in str(cause)


def no_such_file(name: str, advice: str = "") -> SnowflakeError:
    """091016: a file that a statement names is not on its stage."""
    return error(f"Remote file '{name}' was not found.{advice}", 91016, "22000")


def wrong_arguments(function: str) -> SnowflakeError:
    """000938: a function with other arguments than it takes."""
    return uncompiled(f"invalid number of arguments for function [{function}].", 938, "22023")


def too_few_arguments() -> SnowflakeError:
    """000938: a function without what it needs."""
    return uncompiled("not enough arguments for a function: give all that it needs.", 938, "22023")


def too_many_arguments(function: str) -> SnowflakeError:
    """000939: a function with more than it takes."""
    return uncompiled(f"too many arguments for function [{function}].", 939, "22023")


def unknown_function(name: str) -> SnowflakeError:
    """002140: no function of this name, here or on Snowflake."""
    return uncompiled(f"Unknown function {name}{_NOT_HERE}", 2140, "42601")


def translated(cause: duckdb.Error) -> SnowflakeError:  # noqa: C901, PLR0911, PLR0912  (a case a line)
    """What DuckDB says, with the number and the words that Snowflake's clients look for."""
    text = str(cause)
    first = text.split("\n", maxsplit=1)[0]
    # What kind of an error it is to DuckDB, nobody asked.
    plain = re.sub(r"^[\w ]+ Error: ", "", first)
    if isinstance(cause, duckdb.InterruptException):
        return error("SQL execution canceled", 604, "57014")
    if is_conflict(cause):
        return error(
            f"Another session changed the same meanwhile ({first}): run the statement, or its "
            "transaction, again.",
            625,
            "57014",
        )
    if "Attempting to write to database" in text:
        return unsupported("a transaction that writes two databases")
    # A function of an extension that is not loaded, and what Snowflake's own database has.
    if "it exists in the" in first or 'Catalog "SNOWFLAKE" does not exist' in first:
        name = re.search(r'Function with name "(.+?)"', first)
        return unknown_function(name[1]) if name else unsupported("the database SNOWFLAKE")
    if re.search(r'"precision" argument in function \W*(round|trunc)', first):
        return unsupported("ROUND or TRUNC of a NUMBER to a number of digits that is no literal")
    for words, what in _UNSUPPORTED.items():
        if words in first:
            return unsupported(what)
    for words, number, sqlstate, message in _WORDED:
        found = re.search(words, first)
        if found is not None:
            return error(message.format(*found.groups()), number, sqlstate)
    if isinstance(cause, duckdb.CatalogException) and "does not exist" in first:
        return uncompiled(f"{_subject(first)} does not exist or not authorized.", 2003, "42S02")
    if isinstance(cause, duckdb.CatalogException) and "already exists" in first:
        return uncompiled(f"{_subject(first)} already exists.", 2002, "42710")
    if isinstance(cause, duckdb.BinderException) and (
        "not found in FROM" in first or "Error: Referenced " in first
    ):
        column = first.split('"')[1] if '"' in first else first
        return error(f"SQL compilation error: invalid identifier '{column}'", 904, "42000")
    if isinstance(cause, (duckdb.BinderException, duckdb.ParserException)):
        words = re.sub(r'at or near "(.*)"', r"unexpected '\1'.", plain)
        return uncompiled(words)
    if "Could not parse string" in first:
        value = first.split('"')[1]
        return error(
            f"Can't parse '{value}' as date or time with the given format", 100096, "22007"
        )
    wide = "out of range" in first or "Could not cast value" in first
    wide = wide and "field value out of range" not in first
    if isinstance(cause, duckdb.ConversionException) and wide:
        return error(f"Numeric value out of range: {plain}", 100039, "22003")
    if isinstance(cause, duckdb.ConversionException):
        return _unconverted(first)
    if isinstance(cause, duckdb.ConstraintException) and "NOT NULL" in first:
        return error("NULL result in a non-nullable column", 100072, "22000")
    if isinstance(cause, duckdb.ConstraintException) and "CHECK constraint" in first:
        column, length = re.findall(r"length\((.+?)\) <= (\d+)", first)[0]
        return error(
            f"String is too long and would be truncated: column {column} takes {length} characters",
            100078,
            "22000",
        )
    if isinstance(cause, duckdb.InternalException) or "has been invalidated" in text:
        return error(
            f"DuckDB ended at an error of its own ({first}): the warehouse ends too, and starts "
            "anew when somebody connects. What was committed is kept.",
            603,
            "XX000",
        )
    unwritable = "Could not write" in first or "No space left" in first
    if unwritable or isinstance(cause, (duckdb.IOException, duckdb.FatalException)):
        return error(
            f"The warehouse's files cannot be written ({first}): free space on the disk, or mend "
            "the directory, and start the warehouse again. What was committed is kept.",
            603,
            "XX000",
        )
    if "InferenceError:" in text:
        return error(text.split("InferenceError:", 1)[1].strip().split("\n")[0], 100357, "P0000")
    return error(plain, 100183, "P0000")


def _unconverted(line: str) -> SnowflakeError:
    """A value that is none of its type, in Snowflake's words for the type."""
    text = re.search(r"""[Cc]ould not convert string ['"](.*)['"] to (\w+)""", line)
    if text is not None:
        kind = "Boolean" if text[2].startswith("BOOL") else "Numeric"
        number = 100037 if kind == "Boolean" else 100038
        return error(f"{kind} value '{text[1]}' is not recognized", number, "22018")
    moment = re.search(
        r"(date|timestamp|time) field (?:format|value out of range): \"(.*?)\"", line
    )
    if moment is not None:
        kind = moment[1].capitalize()
        number = 100040 if kind == "Date" else 100035
        return error(f"{kind} '{moment[2]}' is not recognized", number, "22007")
    return error(line, 100038, "22018")


def _subject(line: str) -> str:
    words = line.split(" with name ", 1)
    return f"Object '{words[1].split(' ')[0].strip(chr(34))}'" if len(words) == 2 else "Object"
