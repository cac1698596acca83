"""Which keys a range of numbers can need, exactly, without speaking each of its numbers.

A grammar speaks a number by groups of thousands, and what it says of one group depends on the
others only by their kind: nought; one or two (Arabic then says the noun again); more. So in a
block of equal upper groups it is enough to turn each lower group through all its values, once with
the others at each of 0, 1 and 3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Final

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
