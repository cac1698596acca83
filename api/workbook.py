"""XLSX workbooks: the first sheet as CSV text.

A workbook is a ZIP archive, so a small one can unpack to anything: it is unpacked once, counted
and thrown away, before the reader that would hold it in memory sees it.
"""

from __future__ import annotations

import csv
import zipfile
import zlib
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import BinaryIO, TypeAlias

from python_calamine import CalamineError, load_workbook

from engine.errors import Invalid

MAGIC = b"PK\x03\x04"
LARGEST = 1 << 30
"""Bytes a workbook may unpack to: a million rows of a dozen columns."""
MOST_MEMBERS = 1000
CHUNK = 1 << 16
Cell: TypeAlias = int | float | str | bool | date | datetime | time | timedelta


def is_workbook(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def unpack(source: Path, target: Path, largest: int = LARGEST) -> None:
    """Raises ``Invalid`` (``FILE_INVALID``) for what is no workbook, or too large a one."""
    try:
        _weigh(source, largest)
        with load_workbook(source) as book, target.open("w", encoding="utf-8", newline="") as out:
            sheet = book.get_sheet_by_index(0)
            csv.writer(out).writerows([_text(cell) for cell in row] for row in sheet.iter_rows())
    except (zipfile.BadZipFile, zlib.error, CalamineError, OSError, IndexError) as problem:
        raise Invalid(f"The workbook cannot be read: {problem}.", code="FILE_INVALID") from None


def _weigh(path: Path, largest: int) -> None:
    """Every member is unpacked for its true size: the sizes an archive states may be lies."""
    with zipfile.ZipFile(path) as archive, path.open("rb") as file:
        members = archive.infolist()
        if len(members) > MOST_MEMBERS:
            raise _too_large(largest)
        room = largest
        for member in members:
            room -= _size(file, member, room)
            if room < 0:
                raise _too_large(largest)


def _size(file: BinaryIO, member: zipfile.ZipInfo, most: int) -> int:
    """Bytes of a member, counted to a little over ``most``."""
    if member.compress_type == zipfile.ZIP_STORED:
        return member.compress_size
    file.seek(member.header_offset + 26)
    name, extra = (int.from_bytes(file.read(2), "little") for _ in range(2))
    file.seek(name + extra, 1)
    inflater, size, left = zlib.decompressobj(-zlib.MAX_WBITS), 0, member.compress_size
    while left > 0 and size <= most:
        packed = file.read(min(CHUNK, left))
        if not packed:
            raise zipfile.BadZipFile("it ends too soon")
        left -= len(packed)
        while packed and size <= most:
            size += len(inflater.decompress(packed, CHUNK))
            packed = inflater.unconsumed_tail
    return size


def _text(cell: Cell) -> str:
    """A phone that a spreadsheet made a number is digits again."""
    match cell:
        case bool():
            return "true" if cell else "false"
        case float() if cell.is_integer() and abs(cell) < 1e18:
            return str(int(cell))
        case datetime() if cell.time() == time():
            return cell.date().isoformat()
        case datetime() | date() | time():
            return cell.isoformat()
        case _:
            return str(cell)


def _too_large(largest: int) -> Invalid:
    told = f"The workbook unpacks to more than {largest} bytes."
    return Invalid(told, code="FILE_INVALID")
