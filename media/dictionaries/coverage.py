"""Which keys a range of numbers can need, exactly, without speaking each of its numbers.

A grammar speaks a number by groups of thousands, and what it says of one group depends on the
others only by their kind: nought; one or two (Arabic then says the noun again); more. So in a
block of equal upper groups it is enough to turn each lower group through all its values, once with
the others at each of 0, 1 and 3.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from itertools import chain
from typing import Final

from .grammar import LIMIT, CannotSpeak

_KINDS: Final = (0, 1, 3)
_SMALL: Final = 10_000
"""A range of so few is spoken number by number."""


def needed(speak: Callable[[int], list[str]], low: int, high: int) -> frozenset[str]:
    """Every key that ``speak`` gives for the whole numbers from ``low`` to ``high``, both in.

    ``speak`` is a method of a grammar, or one of its methods with the rest filled in::

        needed(lambda n: spoken.currency(n, "MAD"), 0, 250_000)
    """
    return frozenset(chain.from_iterable(map(speak, representatives(low, high))))


def representatives(low: int, high: int) -> Iterator[int]:
    """Numbers of the range that need every key any number of it needs."""
    if low < 0:
        yield from (-n for n in representatives(max(-high, 1), -low))
    yield from _upwards(max(low, 0), high)


def _upwards(low: int, high: int) -> Iterator[int]:
    if high - low < _SMALL:
        yield from range(low, high + 1)
        return
    unit, power = 1000, 1
    while unit * 1000 <= high - low:
        unit, power = unit * 1000, power + 1
    first, last = -(-low // unit) or 1, (high + 1) // unit
    yield from _upwards(low, first * unit - 1)
    yield from _blocks(range(first, last), unit, power)
    yield from _upwards(max(low, last * unit), high)


def _blocks(uppers: range, unit: int, power: int) -> Iterator[int]:
    """Whole blocks: each upper part over a few lower ones, one of them over all."""
    for upper in uppers:
        yield from (upper * unit + kind for kind in _KINDS)
    if uppers:
        yield from (uppers[0] * unit + lower for lower in _lower(power))


def _lower(power: int) -> Iterator[int]:
    places = [1000**place for place in range(power)]
    for kind in _KINDS:
        others = kind * sum(places)
        for place in places:
            yield from (others + (group - kind) * place for group in range(1000))


# --- Of a range as it is declared or observed --------------------------------------------------


@dataclass(frozen=True, slots=True)
class Span:
    """Numbers from ``low`` to ``high``, both in, of at most so many decimals."""

    low: Decimal
    high: Decimal
    decimals: int = 0


def of_numbers(speak: Callable[[Decimal | int], list[str]], span: Span) -> frozenset[str]:
    """Exact where whole and fractional part are spoken apart, as every grammar here does; what lies
    beyond a grammar's limit is left out, since nothing can say it."""
    low, high = max(span.low, Decimal(1 - LIMIT)), min(span.high, Decimal(LIMIT - 1))
    whole = needed(speak, math.ceil(low), math.floor(high))
    if not span.decimals:
        return whole
    return whole.union(*map(speak, _fractional(low, high, span.decimals)))


def of_ranks(speak: Callable[[int], list[str]], span: Span) -> frozenset[str]:
    """Ordinals; the ranks from where a grammar has no word any more are left out."""
    low, high = max(math.ceil(span.low), 1), min(math.floor(span.high), LIMIT - 1)
    spoken: set[str] = set()
    for rank in representatives(low, high) if low <= high else ():
        with suppress(CannotSpeak):
            spoken.update(speak(rank))
    return frozenset(spoken)


def of_dates(speak: Callable[[date], list[str]], first: date, last: date) -> frozenset[str]:
    """Every day of four years has every day, month and weekday in it; of the years before them
    one day is enough."""
    recent = max(first, last - timedelta(days=_FOUR_YEARS))
    days = [recent + timedelta(days=n) for n in range((last - recent).days + 1)]
    earlier = [date(year, 2, 28) for year in range(first.year + 1, recent.year)]
    return frozenset(chain.from_iterable(map(speak, [first, *earlier, *days])))


def of_times(speak: Callable[[time], list[str]]) -> frozenset[str]:
    every = (time(*divmod(minute, 60)) for minute in range(1440))
    return frozenset(chain.from_iterable(map(speak, every)))


_FOUR_YEARS: Final = 4 * 366


def _fractional(low: Decimal, high: Decimal, decimals: int) -> Iterator[Decimal]:
    """Each fraction beside nought, one, and whole numbers at the ends of the range."""
    wholes = {0, 1, -1, *(int(end) + step for end in (low, high) for step in (-1, 0, 1))}
    for fraction in _fractions(decimals):
        for whole in wholes:
            for value in (whole + fraction, whole - fraction):
                if low <= value <= high:
                    yield value


def _fractions(decimals: int) -> Iterator[Decimal]:
    """Up to three decimals all; of longer ones those of three digits, and rows of one digit."""
    for places in {min(decimals, 3), decimals}:
        yield from (Decimal(n).scaleb(-places) for n in range(1, 10 ** min(places, 3)))
    if decimals > 3:
        yield from (Decimal(str(digit) * decimals).scaleb(-decimals) for digit in range(1, 10))
        yield from (Decimal(10**decimals // 10**n + 1).scaleb(-decimals) for n in range(1, 4))
