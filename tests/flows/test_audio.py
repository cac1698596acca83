"""Audio items as the performer gets them, and values that cannot be spoken."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from flows.effects import (
    AudioFile,
    Gender,
    NumberMode,
    Play,
    SpokenDate,
    SpokenNumber,
    SpokenWord,
)
from flows.scope import Scalar
from tests.flows.graphs import ANSWERED, Graph, answered, attribute, clip, number, play
from tests.flows.player import Player


def said(item: Graph, value: Scalar = None) -> Any:
    """The audible of one item, or the code of its fault; the attribute ``x`` holds the value."""
    player = Player(answered(play("say", item)), {"attributes": {"x": value}})
    player.tell(ANSWERED)
    if player.session.ending:
        return player.session.ending.detail
    assert isinstance(player.effect, Play)
    (audible,) = player.effect.items
    return audible


@pytest.mark.parametrize(
    ("value", "digits"),
    [
        (7, "7"),
        ("1250.50", "1250.50"),
        ("-3", "-3"),
        (" 12 ", "12"),
        (3.0, "3"),
        ("12 50", "not_a_number"),
        ("much", "not_a_number"),
        (True, "not_a_number"),
        (None, "not_a_number"),
    ],
)
def test_a_full_number(value: Scalar, digits: str) -> None:
    audible = said(number(attribute("x")), value)
    if digits != "not_a_number":
        assert audible == SpokenNumber(Decimal(digits), digits, NumberMode.FULL, "fr")
    else:
        assert audible == digits


@pytest.mark.parametrize(
    ("value", "digits"),
    [
        ("0042", "0042"),
        ("+212 6-12 (34) 56/78", "212612345678"),
        (42, "42"),
        ("-5", "-5"),
        ("12.5", "12.5"),
        ("12a", "not_a_number"),
        ("", "not_a_number"),
        (True, "not_a_number"),
        ("1" * 41, "not_a_number"),
    ],
)
def test_digits_keep_zeros_and_drop_separators(value: Scalar, digits: str) -> None:
    audible = said(number(attribute("x"), mode="digits"), value)
    assert (audible if isinstance(audible, str) else audible.digits) == digits


def test_how_a_number_is_said() -> None:
    item = number("0612", mode="digits", dictionaryId="d", gender="feminine", grouping=[2, 2])
    assert said(item) == SpokenNumber(
        Decimal(612), "0612", NumberMode.DIGITS, "fr", "d", Gender.FEMININE, (2, 2)
    )


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2026-03-31", date(2026, 3, 31)),
        ("2026-03-31T23:30:00-05:00", date(2026, 3, 31)),
        ("tomorrow", "not_a_date"),
        (None, "not_a_date"),
    ],
)
def test_a_date_is_the_day_that_was_written(value: Scalar, day: date | str) -> None:
    item = {"type": "date", "value": attribute("x"), "language": "ar", "format": "long"}
    expected = day if isinstance(day, str) else SpokenDate(day, "ar", "long")
    assert said(item, value) == expected


@pytest.mark.parametrize(("value", "word"), [(" dirham ", "dirham"), (5, "5"), (None, None)])
def test_a_word(value: Scalar, word: str | None) -> None:
    item = {"type": "word", "value": attribute("x"), "language": "en", "dictionaryId": "d"}
    assert said(item, value) == ("word_missing" if word is None else SpokenWord(word, "en", "d"))


def test_items_keep_their_order() -> None:
    player = Player(answered(play("say", clip("a"), number(5), clip("b"))))
    player.tell(ANSWERED)
    assert isinstance(player.effect, Play)
    first, _, last = player.effect.items
    assert (first, last) == (AudioFile("a"), AudioFile("b"))
    assert not player.effect.interruptible


def test_items_without_variables_are_made_once() -> None:
    flow = Player(answered(play("say", clip("a"), number(5)))).flow
    first, second = Player(flow), Player(flow)
    first.tell(ANSWERED)
    second.tell(ANSWERED)
    assert isinstance(first.effect, Play)
    assert isinstance(second.effect, Play)
    assert first.effect.items is second.effect.items
