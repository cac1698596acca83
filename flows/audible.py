"""Audio items as the performer gets them: their values read, checked and understood.

A value that cannot be spoken is a ``NodeFault``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime, time
from decimal import Decimal
from typing import TypeAlias, TypeVar

from flows.audio import (
    AudioFileItem,
    AudioItem,
    CurrencyItem,
    DateItem,
    KeyedItem,
    NumberItem,
    OrdinalItem,
    TextItem,
    TimeItem,
    WordItem,
)
from flows.effects import (
    Audible,
    AudioFile,
    NumberMode,
    SpokenCurrency,
    SpokenDate,
    SpokenNumber,
    SpokenOrdinal,
    SpokenText,
    SpokenTime,
    SpokenWord,
)
from flows.expression import as_date, as_number, as_text, calendar_day, is_number
from flows.scope import CallContext, NodeFault, Scalar, Scope
from flows.value import Read, Value, compile_value, is_literal, is_set_by_the_call

DIGITS = re.compile(r"-?\d{1,40}(\.\d{1,20})?", re.ASCII)
SEPARATORS = re.compile(r"[\s()/]|(?<=\d)-", re.ASCII)
"""Written into phone and account numbers, not spoken."""
CLOCK = re.compile(r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(:\d{2}(\.\d{1,6})?)?", re.ASCII)

Speak: TypeAlias = Callable[[Scope], Audible]
Made = TypeVar("Made")

NOWHERE = Scope(CallContext(call_id="", organization_id=""))
"""Where literals are read: at compile time there is no call."""


def compile_items(
    items: Sequence[AudioItem], make: Callable[[tuple[Audible, ...]], Made]
) -> Callable[[Scope], Made]:
    """What is made of the items, by scope; made only once where none of them holds a variable."""
    speakers = tuple(_compile(item) for item in items)
    if all(is_static(item) for item in items):
        made = make(tuple(speak(NOWHERE) for speak in speakers))
        return lambda _scope: made
    return lambda scope: make(tuple([speak(scope) for speak in speakers]))


def literal_problem(item: AudioItem) -> str | None:
    """Why an item can never be spoken, by what stands in it alone; ``None``: it can, or nobody
    knows yet."""
    if isinstance(item, TextItem) and is_set_by_the_call(item.text):
        return "a text is made before the call begins, so it cannot be a variable of the flow"
    if not is_static(item):
        return None
    try:
        _compile(item)(NOWHERE)
    except NodeFault as fault:
        return str(fault)
    return None


def audible(item: AudioItem, context: CallContext) -> Audible:
    """The item as a call of this context hears it at its start. Raises ``NodeFault``."""
    return _compile(item)(Scope(context))


def known_texts(items: Iterable[AudioItem], context: CallContext) -> set[SpokenText]:
    """The texts that a call of this context can need, to be rendered before it rings; one that
    cannot be spoken is left out, since its node will say so."""
    texts = set()
    for item in items:
        if isinstance(item, TextItem):
            with suppress(NodeFault):
                texts.add(_text(item, compile_value(item.text))(Scope(context)))
    return texts


def is_static(item: AudioItem) -> bool:
    value = value_of(item)
    return value is None or is_literal(value)


def value_of(item: AudioItem) -> Value | None:
    """What the item speaks; ``None`` for a file."""
    match item:
        case AudioFileItem():
            return None
        case TextItem():
            return item.text
        case _:
            return item.value


def _compile(item: AudioItem) -> Speak:
    match item:
        case AudioFileItem():
            clip = AudioFile(item.audio_id)
            return lambda _scope: clip
        case TextItem():
            return _text(item, compile_value(item.text))
        case _:
            return _keyed(item, compile_value(item.value))


def _keyed(item: KeyedItem, read: Read) -> Speak:
    match item:
        case NumberItem():
            return _number(item, read)
        case DateItem():
            return _date(item, read)
        case WordItem():
            return _word(item, read)
        case CurrencyItem():
            return _currency(item, read)
        case TimeItem():
            return _time(item, read)
        case OrdinalItem():
            return _ordinal(item, read)


def _number(item: NumberItem, read: Read) -> Speak:
    written = _digits if item.mode is NumberMode.DIGITS else _full_number

    def speak(scope: Scope) -> SpokenNumber:
        text = written(read(scope))
        return SpokenNumber(
            value=Decimal(text),
            digits=text,
            mode=item.mode,
            language=item.language,
            dictionary_id=item.dictionary_id,
            gender=item.gender,
            grouping=item.grouping,
        )

    return speak


def _full_number(value: Scalar) -> str:
    text = as_text(value).strip()
    if isinstance(value, bool) or not is_number(text):
        raise NodeFault("not_a_number", f"{text[:40]!r} is not a number")
    return text


def _digits(value: Scalar) -> str:
    """Digits as they were written, without the separators and the plus of a phone number."""
    text = SEPARATORS.sub("", as_text(value)).removeprefix("+")
    if isinstance(value, bool) or not DIGITS.fullmatch(text):
        raise NodeFault("not_a_number", f"{as_text(value)[:40]!r} is not made of digits")
    return text


def _date(item: DateItem, read: Read) -> Speak:
    def speak(scope: Scope) -> SpokenDate:
        value = read(scope)
        day = as_date(value)
        if day is None:
            raise NodeFault("not_a_date", f"{as_text(value)[:40]!r} is not an ISO 8601 date")
        return SpokenDate(calendar_day(day), item.language, item.format, item.dictionary_id)

    return speak


def _word(item: WordItem, read: Read) -> Speak:
    def speak(scope: Scope) -> SpokenWord:
        word = as_text(read(scope)).strip()
        if not word:
            raise NodeFault("word_missing", "there is no word to say")
        return SpokenWord(word, item.language, item.dictionary_id)

    return speak


def _currency(item: CurrencyItem, read: Read) -> Speak:
    def speak(scope: Scope) -> SpokenCurrency:
        amount = Decimal(_full_number(read(scope)))
        return SpokenCurrency(amount, item.currency, item.language, item.dictionary_id)

    return speak


def _time(item: TimeItem, read: Read) -> Speak:
    def speak(scope: Scope) -> SpokenTime:
        value = _clock_time(read(scope))
        return SpokenTime(value, item.language, item.format, item.dictionary_id)

    return speak


def _clock_time(value: Scalar) -> time:
    """``HH:MM``, with seconds or without, or the time of an ISO 8601 date-time as it is written."""
    text = as_text(value).strip()
    if found := CLOCK.fullmatch(text):
        with suppress(ValueError):
            return time(int(found["hour"]), int(found["minute"]))
    instant = as_date(value)
    if isinstance(instant, datetime):
        return time(instant.hour, instant.minute)
    raise NodeFault("not_a_time", f"{text[:40]!r} is no time of day")


def _ordinal(item: OrdinalItem, read: Read) -> Speak:
    def speak(scope: Scope) -> SpokenOrdinal:
        value = read(scope)
        rank = as_number(value)
        if rank is None or rank != rank.to_integral_value() or rank < 1:
            raise NodeFault("not_a_rank", f"{as_text(value)[:40]!r} is not a rank from 1 up")
        return SpokenOrdinal(int(rank), item.language, item.gender, item.dictionary_id)

    return speak


def _text(item: TextItem, read: Read) -> Callable[[Scope], SpokenText]:
    def speak(scope: Scope) -> SpokenText:
        text = " ".join(as_text(read(scope)).split())
        if not text:
            raise NodeFault("text_missing", "there is no text to say")
        return SpokenText(text, item.language, item.voice)

    return speak
