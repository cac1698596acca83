"""How a word is said by its place: a voice falls at the end and rises before a pause.

Both are optional. A dictionary that holds ``KEY~falling`` or ``KEY~rising`` beside ``KEY`` is
heard with it there; any other place, and a dictionary without them, takes ``KEY``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from itertools import chain
from typing import Final

from .pack import pause_ms


class Tone(StrEnum):
    RISING = "~rising"
    """Before a pause: more is to come."""
    FALLING = "~falling"
    """The last word."""

    @property
    def about(self) -> str:
        return "rises before a pause" if self is Tone.RISING else "falls: nothing follows"


TONES: Final = tuple(Tone)


def placed(keys: Sequence[str], last: bool, has: Callable[[str], bool]) -> list[str]:
    """The keys, by tone where there is a clip of it. ``last``: nothing is said after them."""
    end = None if last else ""
    following = chain(keys[1:], (end,))
    return [_toned(key, after, has) for key, after in zip(keys, following, strict=False)]


def _toned(key: str, after: str | None, has: Callable[[str], bool]) -> str:
    tone = _tone(after)
    return key + tone if tone and has(key + tone) else key


def _tone(after: str | None) -> Tone | None:
    if after is None:
        return Tone.FALLING
    return Tone.RISING if pause_ms(after) is not None else None


def bare(key: str) -> str:
    """The key without its tone."""
    for tone in TONES:
        key = key.removesuffix(tone)
    return key
