"""The keys of a range without speaking it all, against speaking it all."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from media.dictionaries import Grammar, grammar
from media.dictionaries.coverage import needed, representatives
from media.dictionaries.script import Place, lines

RANGES = [(0, 13_000), (995, 14_000), (99_000, 113_000), (1_999_500, 2_012_700), (-12_000, 300)]


def ways(spoken: Grammar) -> list[Callable[[int], list[str]]]:
    return [
        spoken.number,
        partial(spoken.currency, code="EGP"),
    ]


@pytest.mark.parametrize("language", ["ar", "en", "fr-CH"])
@pytest.mark.parametrize(("low", "high"), RANGES)
def test_a_range_needs_exactly_what_its_numbers_need(language: str, low: int, high: int) -> None:
    for speak in ways(grammar(language)):
        every = frozenset(key for n in range(low, high + 1) for key in speak(n))
        assert needed(speak, low, high) == every


@settings(max_examples=20)
@given(some.integers(-(10**12) + 1, 10**12 - 1), some.integers(0, 10**12))
def test_representatives_lie_in_their_range(low: int, span: int) -> None:
    high = min(low + span, 10**12 - 1)
    found = list(representatives(low, high))
    assert min(found) >= low
    assert max(found) <= high
    assert len(found) < 60_000


@pytest.mark.parametrize("language", ["ar", "en", "fr"])
def test_no_number_of_a_wide_range_needs_more(language: str) -> None:
    spoken = grammar(language)
    for low, high in [(0, 10**12 - 1), (5, 7_654_321), (123_456, 9_876_543_210)]:
        keys = needed(spoken.number, low, high)
        step = (high - low) // 1_000
        assert all(keys.issuperset(spoken.number(n)) for n in range(low, high, step))
    assert not {"number.million", "number.million.singular"} & needed(spoken.number, 0, 999_999)


def test_the_script_says_where_a_word_stands() -> None:
    french, arabic = ({line.key: line for line in lines(grammar(tag))} for tag in ("fr", "ar"))
    assert french["number.6.joined"].place is Place.LEANS
    assert french["number.6"].place is Place.ANYWHERE
    assert french["currency.EUR.other.z"].place is Place.CONTINUES
    assert arabic["number.3.construct"].text == "ثَلَاثَةُ"
    assert arabic["number.3.construct"].place is Place.LEANS
    assert arabic["and.number.20"].place is Place.CONTINUES
    assert not any(key.startswith("pause-") for key in french)
