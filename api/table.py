"""Tables of contacts on disk: read in batches; refused rows are written with their reasons."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO, TypeAlias

from engine.errors import Invalid
from engine.org.ingestion import SAMPLE_BYTES, Table, rows, sniff

BATCH = 1000
NumberedRow: TypeAlias = tuple[int, list[str]]
"""The row's number in the file, 1 being the first, and its cells."""


@contextmanager
def open_table(path: Path, has_header: bool) -> Iterator[tuple[Table, Iterator[NumberedRow]]]:
    """What the file is like, and its rows. Raises ``Invalid`` (``FILE_INVALID``)."""
    with path.open("rb") as file:
        sample = file.read(SAMPLE_BYTES)
    table = sniff(sample, has_header, whole=path.stat().st_size <= SAMPLE_BYTES)
    # The sample told the encoding; what contradicts it further on must not end the reading.
    with path.open(encoding=table.encoding, errors="replace", newline="") as lines:
        try:
            yield table, rows(lines, table)
        except csv.Error as problem:
            raise Invalid(f"The file cannot be read: {problem}.", code="FILE_INVALID") from None


def batches(numbered: Iterator[NumberedRow]) -> Iterator[list[NumberedRow]]:
    while batch := list(itertools.islice(numbered, BATCH)):
        yield batch


class RefusedRows:
    """A CSV that is made with its first row: the row's cells, its number and the reason."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.path = path
        self.count = 0
        self._columns = columns
        self._file: TextIO | None = None

    def add(self, number: int, cells: Sequence[str], reason: str) -> None:
        if self._file is None:
            self._file = self.path.open("w", encoding="utf-8", newline="")
            csv.writer(self._file).writerow([*map(harmless, self._columns), "row", "reason"])
        csv.writer(self._file).writerow([*map(harmless, cells), number, harmless(reason)])
        self.count += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula; numbers and phones stay as they are."""
    if cell[:1] in "=@\t\r" and cell:
        return f"'{cell}"
    if cell[:1] in "+-" and not cell[1:].replace(" ", "").replace(".", "").isdigit():
        return f"'{cell}" if cell else cell
    return cell
