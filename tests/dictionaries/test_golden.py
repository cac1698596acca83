"""Golden tables: what is said, word for word, and why where it is not obvious.

``golden/LANGUAGE.tsv``: language, kind of value, value, option (gender, format, currency, groups),
the words in order (``|`` is a pause), and the reason. The grammars wrote them. Arabic was then read
whole by eye, of French and English what a library cannot cross-check, of Darija about a quarter of
what is no plain number: there the table guards against change and proves no more. A change of words
changes them by hand.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from media.dictionaries import LANGUAGES, Grammar, grammar

GOLDEN = Path(__file__).parent / "golden"
Speak = Callable[[Grammar, str, str], list[str]]

SPEAK: Mapping[str, Speak] = {
    "number": lambda g, value, gender: g.number(Decimal(value), gender or "masculine"),  # type: ignore[arg-type]
    "ordinal": lambda g, value, gender: g.ordinal(int(value), gender or "masculine"),  # type: ignore[arg-type]
    "currency": lambda g, value, code: g.currency(Decimal(value), code),
    "percentage": lambda g, value, _: g.percentage(Decimal(value)),
    "date": lambda g, value, format: g.date(date.fromisoformat(value), format or None),
    "time": lambda g, value, format: g.time(time.fromisoformat(value), format or None),
    "duration": lambda g, value, _: g.duration(timedelta(seconds=int(value))),
    "digits": lambda g, value, groups: g.digits(value, sizes(groups)),
    "phone": lambda g, value, _: g.phone(value),
    "spell": lambda g, value, _: g.spell(value),
}


def sizes(groups: str) -> tuple[int, ...]:
    return tuple(int(size) for size in groups.split(",") if size)


def rows(table: Path) -> Iterator[Mapping[str, str]]:
    with table.open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)


def spoken(row: Mapping[str, str]) -> str:
    language = grammar(row["language"])
    keys = SPEAK[row["kind"]](language, row["value"], row["option"])
    return " ".join(language.text(key) or "|" for key in keys)


@pytest.mark.parametrize("table", sorted(GOLDEN.glob("*.tsv")), ids=lambda table: table.stem)
def test_what_is_said_is_what_was_read(table: Path) -> None:
    wrong = [(row, said) for row in rows(table) if (said := spoken(row)) != row["spoken"]]
    assert wrong == []


def test_every_language_has_its_table() -> None:
    assert {table.stem for table in GOLDEN.glob("*.tsv")} == {
        tag.split("-")[0] for tag in LANGUAGES
    }


@pytest.mark.parametrize("table", sorted(GOLDEN.glob("*.tsv")), ids=lambda table: table.stem)
def test_a_table_has_four_hundred_rows_of_every_kind(table: Path) -> None:
    kinds = [row["kind"] for row in rows(table)]
    assert len(kinds) >= 400
    assert set(kinds) == set(SPEAK)
