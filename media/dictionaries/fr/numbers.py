"""French cardinals: tables of 0-999 in each form, and the walk over thousands and millions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from media.dictionaries import parts

from .words import TEXT

Keys = tuple[str, ...]


class Before(Enum):
    """What follows the number, which decides its last word's form."""

    NOTHING = "a pause, or a vowel"
    CONSONANT = "a noun that begins with a consonant: million is one"
    MILLE = "mille: no noun, so no s"


def _liaisons() -> dict[str, tuple[str, str]]:
    """Number key → (its form, the consonant in front of a noun that begins with a vowel)."""
    linked = {"number.20": ("number.20", "t"), "number.80": ("number.80", "z")}
    for n in range(100):
        tail = n if n < 20 else n % 20 if n >= 60 else n % 10
        key = f"number.{n}"
        if tail in (6, 10):
            linked[key] = (f"{key}.joined", "z")
        elif tail in (1, 2, 3):
            linked[key] = (key, "n" if tail == 1 else "z")
    for key in TEXT:
        number, _, word = key.removeprefix("number.").partition(".")
        if word in ("septante", "huitante", "nonante") and number[-1] in "1236":
            form = f"{key}.joined" if number[-1] == "6" else key
            linked[key] = (form, "n" if number[-1] == "1" else "z")
    return {**linked, "number.hundred": ("number.hundred", "t"), "number.hundreds": _CENTS}


_CENTS: Final = ("number.hundreds", "z")
LIAISONS: Final = _liaisons()
_SCALES: Final = ("", "number.thousand", "number.million", "number.billion")


def _form(key: str, before: Before) -> str:
    joined = f"{key}.joined"
    wanted = before is Before.MILLE or (before is Before.CONSONANT and key != "number.80")
    return joined if wanted and joined in TEXT else key


def _below_thousand(n: int, below_hundred: Keys, before: Before) -> Keys:
    hundreds, rest = divmod(n, 100)
    tail = (_form(below_hundred[rest], before),)
    if not hundreds:
        return tail
    factor = () if hundreds == 1 else (_form(f"number.{hundreds}", Before.CONSONANT),)
    if rest:
        return (*factor, "number.hundred", *tail)
    plural = hundreds > 1 and before is not Before.MILLE
    return (*factor, "number.hundreds" if plural else "number.hundred")


@dataclass(frozen=True, slots=True)
class Cardinals:
    """The cardinals of one country: its words for 70, 80 and 90 decide all else."""

    below_hundred: Keys
    """0-99, one key each."""
    tables: dict[Before, tuple[Keys, ...]]

    def put(self, whole: int, keys: list[str], before: Before = Before.NOTHING) -> None:
        if whole < 1000:
            keys.extend(self.tables[before][whole])
            return
        for group, power in parts.thousands(whole):
            if not power:
                keys.extend(self.tables[before][group])
            elif power == 1:
                self._put_mille(group, keys)
            else:
                keys.extend(self.tables[Before.CONSONANT][group])
                keys.append(_SCALES[power] + ("s" if group > 1 else ""))
                if whole % 1000**power:
                    keys.append(parts.PAUSE_SHORT)

    def _put_mille(self, group: int, keys: list[str]) -> None:
        if group > 1:
            keys.extend(self.tables[Before.MILLE][group])
        keys.append("number.thousand")


def cardinals(*tens: str) -> Cardinals:
    """``tens`` are the words of 70, 80 and 90 that are not France's."""
    below_hundred = [f"number.{n}" for n in range(100)]
    for word in tens:
        for n in range(70, 100):
            if f"number.{n}.{word}" in TEXT:
                below_hundred[n] = f"number.{n}.{word}"
    keys = tuple(below_hundred)
    return Cardinals(
        below_hundred=keys,
        tables={
            before: tuple(_below_thousand(n, keys, before) for n in range(1000))
            for before in Before
        },
    )


FRENCH: Final = cardinals()
BELGIAN: Final = cardinals("septante", "nonante")
SWISS: Final = cardinals("septante", "huitante", "nonante")
