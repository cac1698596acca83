"""The keys of a range without speaking it all, against speaking it all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, time, timedelta
from decimal import Decimal
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from media.dictionaries import Grammar, grammar
from media.dictionaries.coverage import (
    Span,
    needed,
    of_dates,
    of_numbers,
    of_ranks,
    of_times,
    representatives,
)
from media.dictionaries.script import Place, lines

RANGES = [(0, 13_000), (995, 14_000), (99_000, 113_000), (1_999_500, 2_012_700), (-12_000, 300)]


def ways(spoken: Grammar) -> list[Callable[[int], list[str]]]:
    return [
        spoken.number,
        partial(spoken.currency, code="EGP"),
    ]


@pytest.mark.parametrize("language", ["ar", "ary", "en", "fr-CH"])
@pytest.mark.parametrize(("low", "high"), RANGES)
def test_a_range_needs_exactly_what_its_numbers_need(language: str, low: int, high: int) -> None:
    for speak in ways(grammar(language)):
        every = frozenset(key for n in range(low, high + 1) for key in speak(n))
        assert needed(speak, low, high) == every


@settings(max_examples=20, deadline=None)
@given(some.integers(-(10**12) + 1, 10**12 - 1), some.integers(0, 10**12))
def test_representatives_lie_in_their_range(low: int, span: int) -> None:
    high = min(low + span, 10**12 - 1)
    found = list(representatives(low, high))
    assert min(found) >= low
    assert max(found) <= high
    assert len(found) < 60_000


@pytest.mark.parametrize("language", ["ar", "ary", "en", "fr"])
def test_no_number_of_a_wide_range_needs_more(language: str) -> None:
    spoken = grammar(language)
    for low, high in [(0, 10**12 - 1), (5, 7_654_321), (123_456, 9_876_543_210)]:
        keys = needed(spoken.number, low, high)
        step = (high - low) // 1_000
        assert all(keys.issuperset(spoken.number(n)) for n in range(low, high, step))
    assert not {"number.million", "number.million.singular"} & needed(spoken.number, 0, 999_999)


def union(spoken: Iterable[list[str]]) -> frozenset[str]:
    return frozenset(key for keys in spoken for key in keys)


@pytest.mark.parametrize("language", ["ar", "ary", "en", "fr", "fr-BE"])
@pytest.mark.parametrize(
    ("low", "high"), [("0", "12.4"), ("0.75", "1.5"), ("-3.2", "2"), ("97.9", "131.05")]
)
def test_a_range_of_amounts_needs_exactly_what_they_need(
    language: str, low: str, high: str
) -> None:
    first, last = Decimal(low), Decimal(high)
    cents = range(int(first * 100), int(last * 100) + 1)
    for speak in (partial(grammar(language).currency, code="MAD"), grammar(language).number):
        every = union(speak(Decimal(n).scaleb(-2)) for n in cents)
        assert of_numbers(speak, Span(first, last, 2)) == every


@pytest.mark.parametrize("language", ["ar", "ary", "en", "fr"])
def test_long_fractions_and_ranges_beyond_the_limit_are_covered(language: str) -> None:
    speak = grammar(language).number
    keys = of_numbers(speak, Span(Decimal(0), Decimal(3), 6))
    assert keys >= union(speak(Decimal(n * 9_973).scaleb(-6)) for n in range(300))
    top = of_numbers(speak, Span(Decimal(10**12 - 3), Decimal(10**15)))
    assert top == needed(speak, 10**12 - 3, 10**12 - 1)


@pytest.mark.parametrize("language", ["ar", "ary", "en", "fr-BE"])
def test_ranks_days_and_times_need_exactly_what_they_need(language: str) -> None:
    spoken = grammar(language)
    assert of_ranks(spoken.ordinal, Span(Decimal(-5), Decimal(700))) == union(
        map(spoken.ordinal, range(1, 701))
    )
    first, last = date(1987, 6, 5), date(2003, 2, 1)
    every = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    assert of_dates(spoken.date, first, last) == union(map(spoken.date, every))
    short = of_dates(spoken.date, last, last + timedelta(days=3))
    assert short == union(spoken.date(last + timedelta(days=n)) for n in range(4))
    assert spoken.time(time(12, 45))[-1] in of_times(spoken.time)


def test_the_script_says_where_a_word_stands() -> None:
    french, arabic = ({line.key: line for line in lines(grammar(tag))} for tag in ("fr", "ar"))
    assert french["number.6.joined"].place is Place.LEANS
    assert french["number.6"].place is Place.ANYWHERE
    assert french["currency.EUR.other.z"].place is Place.CONTINUES
    assert arabic["number.3.construct"].text == "ثَلَاثَةُ"
    assert arabic["number.3.construct"].place is Place.LEANS
    assert arabic["and.number.20"].place is Place.CONTINUES
    assert not any(key.startswith("pause-") for key in french)
