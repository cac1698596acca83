"""Tables of contacts on disk: settled once as UTF-8 text, then read a part at a time.

Everything here that reads a file is made for a worker process. A part ends between two rows, and
says at which byte, so that whoever comes later goes on there.
"""

from __future__ import annotations

import csv
import io
import itertools
import os
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from api.workbook import is_workbook, unpack
from engine.errors import Invalid
from engine.org.attribute import AttributeType
from engine.org.contact import Refused
from engine.org.ingestion import SAMPLE_BYTES, Mapped, Table, read_row, rows, sniff
from engine.store.contact import merge
from engine.store.ingestion import Place
from engine.store.staging import Duplicates, Staged, stage

PART = 5000
"""Rows read, copied and committed at once."""


@dataclass(frozen=True, slots=True)
class RefusedRow:
    number: int
    """In the file, the first row's being 1."""
    cells: list[str]
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows of a table, checked."""

    begin: Place
    end: Place
    is_last: bool
    rows: int
    refused: list[RefusedRow]
    staged: Staged
    again: Mapping[int, list[int]]
    """Numbers of rows that have the phone of an earlier one, by its number."""


def settle_table(
    source: Path, target: Path, has_header: bool, shown: int
) -> tuple[Table, list[list[str]]]:
    """Writes the table as UTF-8 text to ``target``; what it is like, and its first rows.

    Raises ``Invalid`` (``FILE_INVALID``).
    """
    try:
        if is_workbook(source):
            unpack(source, target)
            table = _sniffed(target, has_header)
            table = Table("utf-8", ",", table.columns, has_header)
        else:
            table = _transcode(source, target, has_header)
        preview = [row for _, row in itertools.islice(_rows(target, table), shown)]
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return table, preview


def _sniffed(path: Path, has_header: bool) -> Table:
    with path.open("rb") as file:
        sample = file.read(SAMPLE_BYTES)
    return sniff(sample, has_header, whole=path.stat().st_size <= SAMPLE_BYTES)


def _transcode(source: Path, target: Path, has_header: bool) -> Table:
    """The sample told the encoding; what contradicts it further on does not end the reading."""
    table = _sniffed(source, has_header)
    with (
        source.open(encoding=table.encoding, errors="replace", newline="") as text,
        target.open("w", encoding="utf-8", newline="") as out,
    ):
        shutil.copyfileobj(text, out, 1 << 20)
    return Table("utf-8", table.delimiter, table.columns, has_header)


def _rows(path: Path, table: Table) -> Iterator[tuple[int, list[str]]]:
    with path.open(encoding="utf-8", newline="") as lines:
        try:
            yield from rows(lines, table)
        except csv.Error as problem:
            raise _unreadable(problem) from None


class _Lines:
    """The lines of a file from one place on, counting the bytes of what was taken."""

    def __init__(self, path: Path, offset: int) -> None:
        self.offset = offset
        self._file = path.open("rb")
        self._file.seek(offset)
        self._text = io.TextIOWrapper(self._file, encoding="utf-8", newline="")

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = next(self._text)
        self.offset += len(line) if line.isascii() else len(line.encode())
        return line

    def close(self) -> None:
        self._text.close()


def read_part(
    path: Path,
    table: Table,
    begin: Place,
    mapped: Mapped,
    types: Mapping[str, AttributeType],
    region: str,
    duplicates: Duplicates = Duplicates.UPDATE,
) -> Part:
    """The next ``PART`` rows after ``begin``. Raises ``Invalid`` (``FILE_INVALID``)."""
    numbered, end, is_last = _read(path, table, begin)
    good: dict[int, dict[str, Any]] = {}
    refused: list[RefusedRow] = []
    first: dict[str, int] = {}
    again: dict[int, list[int]] = {}
    for number, cells in numbered:
        found = read_row(cells, mapped, types, region)
        if isinstance(found, Refused):
            refused.append(RefusedRow(number, cells, found.code, found.message))
            continue
        known = first.setdefault(found["primary_phone"], number)
        if known == number:
            good[number] = found
            continue
        again.setdefault(known, []).append(number)
        if duplicates is Duplicates.UPDATE:
            merge(good[known], found)
    return Part(begin, end, is_last, len(numbered), refused, stage(good), again)


def rows_of(
    path: Path, table: Table, begin: Place, numbers: Collection[int]
) -> dict[int, list[str]]:
    """The cells of some rows of the part that begins at ``begin``."""
    numbered, _, _ = _read(path, table, begin)
    return {number: cells for number, cells in numbered if number in numbers}


def _read(
    path: Path, table: Table, begin: Place
) -> tuple[list[tuple[int, list[str]]], Place, bool]:
    lines = _Lines(path, begin.offset)
    try:
        reader = csv.reader(lines, delimiter=table.delimiter)
        read = list(itertools.islice(reader, PART))
    except csv.Error as problem:
        raise _unreadable(problem) from None
    finally:
        lines.close()
    numbered = [
        (number, cells)
        for number, cells in enumerate(read, begin.number + 1)
        if any(map(str.strip, cells)) and not (table.has_header and number == 1)
    ]
    end = Place(offset=lines.offset, number=begin.number + len(read))
    return numbered, end, len(read) < PART


def _unreadable(problem: csv.Error) -> Invalid:
    return Invalid(f"The file cannot be read: {problem}.", code="FILE_INVALID")


class RefusedRows:
    """A CSV that is made with its first row: the row's cells, its number and the reason.

    ``size`` is what an earlier writer had committed; what came after it is cut off.
    """

    def __init__(self, path: Path, columns: Sequence[str], size: int = 0) -> None:
        self.path = path
        self._columns = columns
        if path.exists():
            os.truncate(path, size)
        self._file = path.open("a", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file)
        self.size = size

    def add(self, refused: Sequence[RefusedRow]) -> None:
        """They are in the file when this returns."""
        if refused and self.size == 0:
            self._writer.writerow([*map(harmless, self._columns), "row", "reason"])
        for row in refused:
            cells = map(harmless, row.cells)
            self._writer.writerow([*cells, row.number, harmless(row.reason)])
        self._file.flush()
        self.size = self.path.stat().st_size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        if self.size == 0:
            self.path.unlink()


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula; numbers and phones stay as they are."""
    if cell[:1] in "=@\t\r\n" and cell:
        return f"'{cell}"
    if cell[:1] in "+-" and not cell[1:].replace(" ", "").replace(".", "").isdigit():
        return f"'{cell}" if cell else cell
    return cell
