"""What is spoken, as keys of a dictionary: of one value, or of every value of a range."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final, TypeAlias, TypeVar, assert_never, cast

from flows.audible import audible, is_static
from flows.audio import (
    CurrencyItem,
    DateItem,
    KeyedItem,
    NumberItem,
    OrdinalItem,
    TimeItem,
    WordItem,
)
from flows.effects import (
    Keyed,
    NumberMode,
    SpokenCurrency,
    SpokenDate,
    SpokenNumber,
    SpokenOrdinal,
    SpokenTime,
    SpokenWord,
)
from flows.scope import CallContext
from media.dictionaries import CannotSpeak, Grammar, UnknownLanguage, coverage, grammar
from media.dictionaries.coverage import Span
from media.dictionaries.parts import DIGITS, PAUSE_GROUP

T = TypeVar("T")
Spelled: TypeAlias = SpokenNumber | SpokenDate | SpokenCurrency | SpokenTime | SpokenOrdinal


class Unspeakable(Exception):
    """``code``: ``audio_missing``, ``key_missing``, ``unknown_language``, ``text_missing``, one of
    ``media.dictionaries.CannotSpeak`` or of ``media.text_to_speech.NoVoice``."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Days:
    """Calendar days, both ends in."""

    first: date
    last: date


Observed: TypeAlias = Span | Days
"""The range of an attribute's values."""


def keys(item: Keyed) -> list[str]:
    """In the order they are played; a word is its own key, whatever its language. Raises
    ``Unspeakable``."""
    if isinstance(item, SpokenWord):
        return [item.value]
    return _understood(lambda: _spell(grammar(item.language), item))


def _spell(language: Grammar, item: Spelled) -> list[str]:
    match item:
        case SpokenNumber(mode=NumberMode.FULL):
            return language.number(item.value, item.gender.value)
        case SpokenNumber():
            return language.digits(item.digits, item.grouping)
        case SpokenDate():
            return language.date(item.value, item.format)
        case SpokenCurrency():
            return language.currency(item.value, item.currency)
        case SpokenTime():
            return language.time(item.value, item.format)
        case SpokenOrdinal():
            return language.ordinal(item.value, item.gender.value)
        case _:
            assert_never(item)


def probe(item: KeyedItem) -> None:
    """Raises ``Unspeakable`` where no value of the item could be spoken: an unknown language,
    currency or form."""
    language = _understood(lambda: grammar(item.language))
    match item:
        case CurrencyItem():
            _understood(lambda: language.currency(0, item.currency))
        case DateItem():
            _understood(lambda: language.date(date(2026, 1, 1), item.format))


def needed(item: KeyedItem, observed: Observed | None) -> frozenset[str]:
    """Every key that the values of a range can need, exactly; of a range that nobody has observed
    only what any value needs. Raises ``Unspeakable``."""
    return _understood(lambda: _needed(grammar(item.language), item, observed))


def _needed(language: Grammar, item: KeyedItem, observed: Observed | None) -> frozenset[str]:
    match item, observed:
        case NumberItem(mode=NumberMode.DIGITS), _:
            return frozenset(DIGITS.values()) | ({PAUSE_GROUP} if item.grouping else set())
        case TimeItem(), _:
            return coverage.of_times(partial(language.time, format=item.format))
        case NumberItem(), Span():
            return coverage.of_numbers(partial(language.number, gender=item.gender.value), observed)
        case CurrencyItem(), Span():
            return coverage.of_numbers(partial(language.currency, code=item.currency), observed)
        case OrdinalItem(), Span():
            speak = partial(language.ordinal, gender=item.gender.value)
            return coverage.of_ranks(speak, observed)
        case DateItem(), Days(first, last):
            return coverage.of_dates(partial(language.date, format=item.format), first, last)
        case ((WordItem() | NumberItem() | CurrencyItem() | OrdinalItem() | DateItem()), _):
            return frozenset()
        case _:
            raise AssertionError(item)


def lacking(
    item: KeyedItem, observed: Observed | None, own: Collection[str], pack: Collection[str]
) -> list[str]:
    """The keys that neither an organization's dictionary nor the system's pack has, in order: of
    the literal the item holds, or of every value that is observed. Raises ``Unspeakable``."""
    if is_static(item):
        wanted: Collection[str] = keys(cast(Keyed, audible(item, NOBODY)))
    elif isinstance(item, WordItem):
        wanted = ()  # it is looked for when the call knows it
    else:
        probe(item)
        every = grammar(item.language).keys()
        complete = all(key in own or key in pack for key in every)
        wanted = () if complete else needed(item, observed)
    return sorted({key for key in wanted if key not in own and key not in pack})


NOBODY: Final = CallContext(call_id="", organization_id="")
"""Where a literal is read."""


def _understood(speak: Callable[[], T]) -> T:
    try:
        return speak()
    except CannotSpeak as problem:
        raise Unspeakable(problem.code, str(problem)) from problem
    except UnknownLanguage as problem:
        raise Unspeakable("unknown_language", str(problem)) from problem
