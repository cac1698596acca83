"""Audio items: what a node says, on the wire and as the performer gets it.

A value that cannot be spoken is a ``NodeFault``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Annotated, Literal, TypeAlias, TypeVar

from pydantic import BeforeValidator, Field

from flows.effects import (
    Audible,
    AudioFile,
    Gender,
    NumberMode,
    SpokenDate,
    SpokenNumber,
    SpokenWord,
)
from flows.expression import as_date, as_text, calendar_day, is_number
from flows.scope import CallContext, NodeFault, Scalar, Scope
from flows.value import Read, Value, compile_value, is_literal
from flows.wire import Language, Wire

MAX_ITEMS = 100
DIGITS = re.compile(r"-?\d{1,40}(\.\d{1,20})?", re.ASCII)
SEPARATORS = re.compile(r"[\s()/]|(?<=\d)-", re.ASCII)
"""Written into phone and account numbers, not spoken."""

DictionaryId = Annotated[str, Field(min_length=1, max_length=64)]


class AudioFileItem(Wire):
    """A clip of the organization."""

    type: Literal["audioFile"]
    audio_id: Annotated[str, Field(min_length=1, max_length=64)]


class NumberItem(Wire):
    """A number: `full` says "one hundred and five", `digits` says "one, zero, five"."""

    type: Literal["number"]
    value: Value
    mode: NumberMode = NumberMode.FULL
    language: Language
    dictionary_id: DictionaryId | None = None
    """`null`: the system dictionary of the language."""
    gender: Gender = Gender.MASCULINE
    grouping: Annotated[
        tuple[Annotated[int, Field(strict=True, ge=1, le=20)], ...], Field(max_length=20)
    ] = ()
    """Digits per group in `digits` mode; the last group takes the rest."""


class DateItem(Wire):
    """A calendar day."""

    type: Literal["date"]
    value: Value
    language: Language
    format: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    dictionary_id: DictionaryId | None = None


class WordItem(Wire):
    """An entry of a dictionary."""

    type: Literal["word"]
    value: Value
    language: Language
    dictionary_id: DictionaryId | None = None


AudioItem: TypeAlias = AudioFileItem | NumberItem | DateItem | WordItem
AUDIO_ITEMS = (AudioFileItem, NumberItem, DateItem, WordItem)

AudioItems = Annotated[
    tuple[Annotated[AudioItem, Field(discriminator="type")], ...],
    Field(max_length=MAX_ITEMS),
]
OptionalAudioItems = Annotated[AudioItems, BeforeValidator(lambda v: () if v is None else v)]
"""`null` and an empty list say the same: nothing."""

_Speak: TypeAlias = Callable[[Scope], Audible]
Made = TypeVar("Made")

_NOWHERE = Scope(CallContext(call_id="", organization_id=""))
"""Where literals are read: at compile time there is no call."""


def compile_items(
    items: Sequence[AudioItem], make: Callable[[tuple[Audible, ...]], Made]
) -> Callable[[Scope], Made]:
    """What is made of the items, by scope; made only once where none of them holds a variable."""
    speakers = tuple(_compile(item) for item in items)
    if all(_is_static(item) for item in items):
        made = make(tuple(speak(_NOWHERE) for speak in speakers))
        return lambda _scope: made
    return lambda scope: make(tuple([speak(scope) for speak in speakers]))


def literal_problem(item: AudioItem) -> str | None:
    """Why an item without variables can never be spoken; ``None``: it can, or nobody knows yet."""
    if not _is_static(item):
        return None
    try:
        _compile(item)(_NOWHERE)
    except NodeFault as fault:
        return str(fault)
    return None


def _is_static(item: AudioItem) -> bool:
    return isinstance(item, AudioFileItem) or is_literal(item.value)


def _compile(item: AudioItem) -> _Speak:
    match item:
        case AudioFileItem():
            clip = AudioFile(item.audio_id)
            return lambda _scope: clip
        case NumberItem():
            return _number(item, compile_value(item.value))
        case DateItem():
            return _date(item, compile_value(item.value))
        case WordItem():
            return _word(item, compile_value(item.value))


def _number(item: NumberItem, read: Read) -> _Speak:
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


def _date(item: DateItem, read: Read) -> _Speak:
    def speak(scope: Scope) -> SpokenDate:
        value = read(scope)
        day = as_date(value)
        if day is None:
            raise NodeFault("not_a_date", f"{as_text(value)[:40]!r} is not an ISO 8601 date")
        return SpokenDate(calendar_day(day), item.language, item.format, item.dictionary_id)

    return speak


def _word(item: WordItem, read: Read) -> _Speak:
    def speak(scope: Scope) -> SpokenWord:
        word = as_text(read(scope)).strip()
        if not word:
            raise NodeFault("word_missing", "there is no word to say")
        return SpokenWord(word, item.language, item.dictionary_id)

    return speak
