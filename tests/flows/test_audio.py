"""Audio items as the performer gets them, and values that cannot be spoken."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from typing import Any

import pytest

from flows import CallContext, audio_items, known_texts, validate
from flows.effects import (
    AudioFile,
    Gender,
    NumberMode,
    Play,
    SpokenCurrency,
    SpokenDate,
    SpokenNumber,
    SpokenOrdinal,
    SpokenText,
    SpokenTime,
    SpokenWord,
)
from flows.scope import Scalar
from tests.flows.graphs import ANSWERED, Graph, answered, attribute, clip, number, play, variable
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


@pytest.mark.parametrize(
    ("value", "amount"), [("1250.50", "1250.50"), (-3, "-3"), ("much", None), (True, None)]
)
def test_an_amount(value: Scalar, amount: str | None) -> None:
    item = {"type": "currency", "value": attribute("x"), "currency": "MAD", "language": "ar"}
    expected = SpokenCurrency(Decimal(amount), "MAD", "ar") if amount else "not_a_number"
    assert said(item, value) == expected


@pytest.mark.parametrize(
    ("value", "clock"),
    [
        ("09:05", time(9, 5)),
        (" 7:30 ", time(7, 30)),
        ("23:59:59.5", time(23, 59)),
        ("2026-03-31T18:45:00+01:00", time(18, 45)),
        ("24:00", "not_a_time"),
        ("2026-03-31", "not_a_time"),
        (930, "not_a_time"),
        (None, "not_a_time"),
    ],
)
def test_a_time_is_the_one_that_was_written(value: Scalar, clock: time | str) -> None:
    item = {"type": "time", "value": attribute("x"), "language": "fr", "format": "24"}
    expected = clock if isinstance(clock, str) else SpokenTime(clock, "fr", "24")
    assert said(item, value) == expected


@pytest.mark.parametrize(
    ("value", "rank"), [("3", 3), (21.0, 21), (0, None), (-1, None), ("1.5", None), ("x", None)]
)
def test_a_rank(value: Scalar, rank: int | None) -> None:
    item = {"type": "ordinal", "value": attribute("x"), "language": "fr", "gender": "feminine"}
    expected = SpokenOrdinal(rank, "fr", Gender.FEMININE) if rank else "not_a_rank"
    assert said(item, value) == expected


@pytest.mark.parametrize(
    ("value", "text"), [("  Bonjour\n Amina ", "Bonjour Amina"), (5, "5"), (" ", None)]
)
def test_a_text(value: Scalar, text: str | None) -> None:
    item = {"type": "text", "text": attribute("x"), "language": "fr", "voice": "espeak-ng:fr-be"}
    expected = SpokenText(text, "fr", "espeak-ng:fr-be") if text else "text_missing"
    assert said(item, value) == expected


def issues(item: Graph) -> list[tuple[str, str]]:
    found = validate(answered(play("say", item)))
    return [(issue.code, issue.params.get("path", "")) for issue in found]


def test_what_has_no_such_form_is_refused_when_the_flow_is_checked() -> None:
    money = {"type": "currency", "value": 5, "language": "fr"}
    place = "config.audioItems.0"
    assert issues({**money, "currency": "MAD"}) == []
    assert issues({**money, "currency": "dirham"}) == [("format", f"{place}.currency")]
    assert issues({**money, "currency": "MAD", "value": "x"}) == [("unspeakable", "")]
    clock = {"type": "time", "value": "25:00", "language": "fr"}
    assert issues(clock) == [("unspeakable", "")]
    assert issues({**clock, "value": "10:00", "format": "am"}) == [("oneOf", f"{place}.format")]
    assert issues({"type": "ordinal", "value": 0, "language": "fr"}) == [("unspeakable", "")]
    text = {"type": "text", "text": " ", "language": "fr"}
    assert issues(text) == [("unspeakable", "")]
    assert issues({**text, "text": "x", "voice": "a b"}) == [("format", f"{place}.voice")]


@pytest.mark.parametrize("name", ["choice", "sys.callStatus", "sys.answeredBy"])
def test_a_text_that_only_the_call_will_know_cannot_be_made_before_it(name: str) -> None:
    found = issues({"type": "text", "text": variable(name), "language": "fr"})
    assert ("unspeakable", "") in found


def test_the_texts_of_a_call_are_known_before_it() -> None:
    def text(value: Any) -> Graph:
        return {"type": "text", "text": value, "language": "fr"}

    flow = answered(
        play("say", text("Bonjour"), text(variable("contact.firstName")), text(attribute("none"))),
    )
    context = CallContext("c", "o", contact={"firstName": "Amina"})
    assert known_texts(audio_items(flow), context) == {
        SpokenText("Bonjour", "fr"),
        SpokenText("Amina", "fr"),
    }
