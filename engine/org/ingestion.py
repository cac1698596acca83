"""Reading a table of contacts: what a CSV file is like, and a row of it as a contact.

A row is read in two ways that agree: quickly where every cell is plainly good, else through the
model of a contact, which says all that is wrong with it.

The encoding is told by its byte order mark, else UTF-8 where it decodes, else Latin-1; the
delimiter is the one of ``, ; TAB |`` that splits the first lines into the most equal columns.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic.alias_generators import to_snake

from engine.errors import FieldProblem, Invalid
from engine.org.attribute import AttributeType, email_problem, read_cell
from engine.org.contact import (
    TEXT_FIELDS,
    ContactGender,
    NewContact,
    Refused,
    refused,
    refused_shape,
    settle,
)
from engine.org.phone import LONGEST, normalise

DELIMITERS = ",;\t|"
LONGEST_CELL = 4096
LONGEST_TEXT = 256
LONGEST_PLAIN = {"primaryPhone": LONGEST, "primaryEmail": 254}
MOST_COLUMNS = 200
SAMPLE_BYTES = 64 * 1024
ATTRIBUTE_ROOT = "customAttributes."
SNAKE = {name: to_snake(name) for name in TEXT_FIELDS}
GENDERS = frozenset(ContactGender)
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


@dataclass(frozen=True, slots=True)
class Table:
    """How to read one file."""

    encoding: str
    delimiter: str
    columns: tuple[str, ...]
    """The header, or ``column1``… where there is none."""
    has_header: bool


def sniff(sample: bytes, has_header: bool, whole: bool = True) -> Table:
    """What the first ``SAMPLE_BYTES`` of a file say about it.

    ``whole`` is false where the file goes on after the sample: its last line is then left out.
    Raises ``Invalid`` (``FILE_INVALID``) for a file that is empty or no text.
    """
    encoding = encoding_of(sample)
    text = sample.decode(encoding, errors="ignore")
    if "\x00" in text or not text.strip():
        raise Invalid("The file is empty or not a text file.", code="FILE_INVALID")
    lines = text.splitlines()
    lines = lines if whole or len(lines) == 1 else lines[:-1]
    delimiter = delimiter_of(lines[:50])
    first = next(csv.reader(lines, delimiter=delimiter))
    return Table(encoding, delimiter, _columns(first, has_header), has_header)


def encoding_of(sample: bytes) -> str:
    for mark, encoding in _MARKS.items():
        if sample.startswith(mark):
            return encoding
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def delimiter_of(lines: Sequence[str]) -> str:
    """The delimiter whose columns are many and equally many in every line."""

    def worth(delimiter: str) -> tuple[int, int]:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        usual = max(set(widths), key=widths.count) if widths else 0
        return (widths.count(usual) if usual > 1 else 0, usual)

    return max(DELIMITERS, key=worth)


def rows(lines: Iterable[str], table: Table) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, with its number in the file (1 is the first line's)."""
    reader = csv.reader(lines, delimiter=table.delimiter)
    for number, row in enumerate(reader, start=1):
        if (table.has_header and number == 1) or not any(cell.strip() for cell in row):
            continue
        yield number, row


def _columns(first: Sequence[str], has_header: bool) -> tuple[str, ...]:
    if len(first) > MOST_COLUMNS:
        raise Invalid(f"The file has more than {MOST_COLUMNS} columns.", code="FILE_INVALID")
    if not has_header:
        return tuple(f"column{index}" for index in range(1, len(first) + 1))
    names = tuple(cell.strip() or f"column{index}" for index, cell in enumerate(first, 1))
    if len(set(names)) < len(names):
        raise Invalid("Two columns have the same name.", code="FILE_INVALID")
    return names


@dataclass(frozen=True, slots=True)
class Mapped:
    """Which column fills which field: a contact's, or ``customAttributes.SLUG``."""

    fields: Mapping[int, str]
    """By the column's index."""


def check_mappings(
    mappings: Mapping[str, str], columns: Sequence[str], types: Mapping[str, AttributeType]
) -> Mapped:
    """Raises ``Invalid`` naming each mapping that leads nowhere, and a missing phone."""
    taken = list(mappings.values())
    problems: dict[str, list[FieldProblem]] = {}
    for column, field in mappings.items():
        if column not in columns:
            problems[column] = [FieldProblem("unknown", "The file has no such column.")]
        elif not _is_field(field, types):
            problems[column] = [FieldProblem("unknown", f"A contact has no field {field}.")]
        elif taken.count(field) > 1:
            problems[column] = [FieldProblem("duplicate", f"Two columns are mapped to {field}.")]
    if "primaryPhone" not in taken:
        problems["primaryPhone"] = [FieldProblem("required", "One column must be the phone.")]
    if problems:
        raise Invalid("The columns cannot be mapped so.", fields=problems)
    return Mapped({columns.index(column): field for column, field in mappings.items()})


def read_rows(
    rows: Sequence[Sequence[str]],
    mapped: Mapped,
    types: Mapping[str, AttributeType],
    region: str,
) -> list[dict[str, Any] | Refused]:
    """Each row's columns, or its refusal, in order. Made for a worker process."""
    return [read_row(row, mapped, types, region) for row in rows]


def read_row(
    row: Sequence[str], mapped: Mapped, types: Mapping[str, AttributeType], region: str
) -> dict[str, Any] | Refused:
    return plain_row(row, mapped, types, region) or checked_row(row, mapped, types, region)


def plain_row(
    row: Sequence[str], mapped: Mapped, types: Mapping[str, AttributeType], region: str
) -> dict[str, Any] | None:
    """The columns of a row without anything odd; ``None``: it needs the model's opinion."""
    columns: dict[str, Any] = {}
    attributes: dict[str, Any] = {}
    for index, field in mapped.fields.items():
        cell = row[index].replace("\x00", "").strip() if index < len(row) else ""
        if not cell:
            continue
        if field.startswith(ATTRIBUTE_ROOT):
            slug = field.removeprefix(ATTRIBUTE_ROOT)
            value = attributes[slug] = read_cell(types[slug], cell, region)
            if isinstance(value, FieldProblem):
                return None
        elif len(cell) > LONGEST_PLAIN.get(field, LONGEST_TEXT) or not _is_plain(field, cell):
            return None
        else:
            columns[SNAKE[field]] = cell.lower() if field == "gender" else cell
    if attributes:
        columns["custom_attributes"] = attributes
    return _with_phone(columns, region)


def _with_phone(columns: dict[str, Any], region: str) -> dict[str, Any] | None:
    typed = columns.get("primary_phone")
    phone = normalise(typed, region) if typed else None
    if not isinstance(phone, str):
        return None
    return columns | {"primary_phone_raw": typed, "primary_phone": phone}


def _is_plain(field: str, cell: str) -> bool:
    match field:
        case "gender":
            return cell.lower() in GENDERS
        case "primaryEmail":
            return email_problem(cell) is None
        case _:
            return True


def checked_row(
    row: Sequence[str], mapped: Mapped, types: Mapping[str, AttributeType], region: str
) -> dict[str, Any] | Refused:
    try:
        return _columns_of(row, mapped, types, region)
    except ValidationError as error:
        return refused_shape(error)
    except Invalid as error:
        return refused(error)


def _columns_of(
    row: Sequence[str], mapped: Mapped, types: Mapping[str, AttributeType], region: str
) -> dict[str, Any]:
    """Empty cells are left out, so they clear nothing."""
    fields: dict[str, Any] = {}
    attributes: dict[str, Any] = {}
    for index, field in mapped.fields.items():
        cell = row[index].replace("\x00", "").strip() if index < len(row) else ""
        if not cell:
            continue
        if field.startswith(ATTRIBUTE_ROOT):
            slug = field.removeprefix(ATTRIBUTE_ROOT)
            attributes[slug] = _cell(slug, cell, types, region)
        else:
            fields[field] = cell.lower() if field == "gender" else cell
    if attributes:
        fields["customAttributes"] = attributes
    return settle(NewContact.model_validate(fields), types, region)


def _cell(slug: str, cell: str, types: Mapping[str, AttributeType], region: str) -> object:
    value = read_cell(types[slug], cell, region)
    if isinstance(value, FieldProblem):
        raise Invalid("The row is not a contact.", fields={f"{ATTRIBUTE_ROOT}{slug}": [value]})
    return value


def _is_field(field: str, types: Mapping[str, AttributeType]) -> bool:
    if field.startswith(ATTRIBUTE_ROOT):
        return field.removeprefix(ATTRIBUTE_ROOT) in types
    return field in TEXT_FIELDS
