"""The values of staged JSON files, each by its own text, so that no number loses a digit.

What it holds: the cutting of a file into values, one after the other with any white space between,
or the elements of one array (STRIP_OUTER_ARRAY). What a value means is PARSE_JSON's affair.

Source: https://docs.snowflake.com/en/sql-reference/sql/create-file-format.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn

from embedded_snowflake.objects.files.file_formats import FileFormat, python_encoding
from embedded_snowflake.objects.files.staged_files import (
    Fault,
    UnreadableFile,
    content,
    sampled_type,
)

if TYPE_CHECKING:
    from pathlib import Path

_NOT_PARSED = 100069
_SPACE = re.compile(r"\s*")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse)


@dataclass
class Values:
    """The values of a JSON file.

    Attributes:
        texts: of the good ones.
        numbers: of the good ones among all, from 1.
        keys: of those that are objects, in the order in which they first come.
        faults: the others; after one the next line begins a value.
    """

    texts: list[str] = field(default_factory=list[str])
    numbers: list[int] = field(default_factory=list[int])
    keys: list[str] = field(default_factory=list[str])
    faults: list[Fault] = field(default_factory=list[Fault])


def read_json(path: Path, options: FileFormat) -> Values:
    """Read a JSON file.

    Raises:
        UnreadableFile: the compression is broken, or the text is not of its encoding.
    """
    data = content(path, options.compression)
    handling = "replace" if options.replace_invalid_characters else "strict"
    try:
        text = data.decode(python_encoding(options.encoding), handling)
    except UnicodeDecodeError as cause:
        raise UnreadableFile(f"The file is not valid {options.encoding}: {cause}") from None
    if options.skip_byte_order_mark:
        text = text.removeprefix("\ufeff")
    return _Cut(text, strip=options.strip_outer_array).values


def read_samples(path: Path, options: FileFormat) -> list[tuple[str, list[Any]]]:
    """The keys of a file's objects, by their names, each with its values that are not null.

    Raises:
        UnreadableFile: as `read_json`, and where a value of the file is no JSON.
    """
    values = read_json(path, options)
    for fault in values.faults:
        raise UnreadableFile(fault.message)
    found: dict[str, list[Any]] = {key: [] for key in sorted(values.keys)}
    for text in values.texts:
        value = json.loads(text, parse_float=Decimal)
        for key, one in value.items() if isinstance(value, dict) else ():
            if one is not None:
                found[key].append(one)
    return list(found.items())


def json_sample_type(values: list[Any]) -> str:
    """The type that INFER_SCHEMA gives a key of JSON objects, from its values."""
    kinds = {type(one) for one in values}
    if kinds == {bool}:
        return "BOOLEAN"
    if kinds and kinds <= {int, Decimal}:
        return sampled_type([f"{Decimal(one):f}" for one in values])
    return "VARIANT" if kinds & {dict, list} else "TEXT"


class _Cut:
    """One cutting of a text."""

    def __init__(self, text: str, *, strip: bool) -> None:
        self.text, self.values = text, Values()
        self.keys: dict[str, None] = {}
        self.number = self.line = self.counted = 0
        place = self._past_space(0)
        while place < len(text):
            place = self._array(place) if strip and text[place] == "[" else self._value(place)
            place = self._past_space(place)
        self.values.keys = list(self.keys)

    def _past_space(self, place: int) -> int:
        found = _SPACE.match(self.text, place)
        return place if found is None else found.end()

    def _value(self, place: int) -> int:
        self.number += 1
        try:
            value, end = _DECODER.raw_decode(self.text, place)
        except (ValueError, RecursionError) as cause:
            return self._fault(place, str(cause))
        self._keep(value, place, end)
        return end

    def _keep(self, value: Any, start: int, end: int) -> None:
        self.values.texts.append(self.text[start:end])
        self.values.numbers.append(self.number)
        if isinstance(value, dict):
            self.keys.update(dict.fromkeys(value))

    def _fault(self, place: int, reason: str) -> int:
        self.line += self.text.count("\n", self.counted, place)
        self.counted = place
        message = f"Error parsing JSON: {reason}"
        self.values.faults.append(Fault(message, self.line + 1, self.number, _NOT_PARSED))
        end = self.text.find("\n", place)
        return len(self.text) if end < 0 else end

    def _array(self, place: int) -> int:
        place = self._past_space(place + 1)
        while self.text[place : place + 1] != "]":
            faults = len(self.values.faults)
            place = self._past_space(self._value(place))
            if len(self.values.faults) > faults:
                return len(self.text)
            if self.text[place : place + 1] == ",":
                place = self._past_space(place + 1)
            elif self.text[place : place + 1] != "]":
                self._fault(place, "',' or ']' is missing")
                return len(self.text)
        return place + 1
