"""Audio items on the wire: what a node says. ``audible`` makes of them what the performer gets."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from flows.effects import Gender, NumberMode
from flows.value import Value
from flows.wire import Language, Wire

MAX_ITEMS = 100

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


class CurrencyItem(Wire):
    """An amount of money, its sub-units and nouns as the language counts them."""

    type: Literal["currency"]
    value: Value
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["MAD"])]
    """ISO 4217."""
    language: Language
    dictionary_id: DictionaryId | None = None


class TimeItem(Wire):
    """A time of day."""

    type: Literal["time"]
    value: Value
    language: Language
    format: Literal["12", "24"] | None = None
    """`null`: as the language reads it."""
    dictionary_id: DictionaryId | None = None


class OrdinalItem(Wire):
    """A rank: first, second."""

    type: Literal["ordinal"]
    value: Value
    language: Language
    gender: Gender = Gender.MASCULINE
    dictionary_id: DictionaryId | None = None


class TextItem(Wire):
    """Text read out by a text-to-speech voice, made before the call rings."""

    type: Literal["text"]
    text: Value
    """A literal, or what is known of the call and its contact before it begins."""
    language: Language
    voice: Annotated[str, Field(pattern=r"^[A-Za-z0-9_+:.-]{1,64}$")] | None = None
    """`null`: the best there is for the language; else `espeak-ng:NAME` or `piper:MODEL`."""


KeyedItem: TypeAlias = NumberItem | DateItem | WordItem | CurrencyItem | TimeItem | OrdinalItem
"""What clips of a dictionary say."""
AudioItem: TypeAlias = AudioFileItem | KeyedItem | TextItem
AUDIO_ITEMS = (
    AudioFileItem,
    NumberItem,
    DateItem,
    WordItem,
    CurrencyItem,
    TimeItem,
    OrdinalItem,
    TextItem,
)

AudioItems = Annotated[
    tuple[Annotated[AudioItem, Field(discriminator="type")], ...],
    Field(max_length=MAX_ITEMS),
]
OptionalAudioItems = Annotated[AudioItems, BeforeValidator(lambda v: () if v is None else v)]
"""`null` and an empty list say the same: nothing."""
