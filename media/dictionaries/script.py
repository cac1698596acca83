"""What a voice artist reads to replace the system clips: every key, its words, and their place."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .grammar import Grammar
from .parts import PAUSES


class Place(StrEnum):
    """Where the clip stands, which decides how the voice moves on it."""

    ANYWHERE = "anywhere"
    CONTINUES = "goes on from the word before it"
    LEANS = "leans on the next word, without a pause"


@dataclass(frozen=True, slots=True)
class Line:
    key: str
    text: str
    """The words; Arabic is vocalised as it is to be read."""
    place: Place


_LEANING = frozenset(("construct", "joined", "voiced", "tens", "time.clock", "year", "from", "the"))
_CONTINUING = frozenset(("and", "currency", "unit", "percent"))


def lines(grammar: Grammar) -> list[Line]:
    """By key; pauses need no voice."""
    keys = sorted(grammar.keys() - set(PAUSES))
    return [Line(key, grammar.text(key), place(key)) for key in keys]


def place(key: str) -> Place:
    words = {key, *key.split(".")}
    if words & _LEANING:
        return Place.LEANS
    return Place.CONTINUES if words & _CONTINUING else Place.ANYWHERE
