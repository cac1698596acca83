"""Darija cardinals and counted nouns, by the rules of the package's docstring."""

from __future__ import annotations

from typing import Final

from media.dictionaries import parts

from .words import BILLION, MILLION, Noun

Keys = tuple[str, ...]
_NOUNS: Final = {2: MILLION, 3: BILLION}
"""By power of 1000."""


def cardinal(whole: int, feminine: bool = False) -> list[str]:
    if whole < 1000:
        return list(_TABLES[feminine][whole])
    keys: list[str] = []
    for group, power in parts.thousands(whole):
        if keys:
            keys.append("and")
        if power > 1:
            keys += _millions(group, _NOUNS[power])
        elif power:
            keys += _thousands(group)
        else:
            keys += _TABLES[feminine][group]
    return keys


def counted(count: int, noun: Noun) -> list[str]:
    """A count and its noun, which hears only the last hundred."""
    rest = count % 100
    singular = f"{noun.key}.singular"
    if count == 1:
        return [singular, "number.1.feminine" if noun.feminine else "number.1"]
    if rest == 1:
        return [*cardinal(count - 1), "and", singular]
    keys = cardinal(count, noun.feminine)
    if 2 <= rest <= 10:
        return [*keys, "of", f"{noun.key}.plural"]
    return [*_leaning(keys), singular]


def _millions(group: int, noun: Noun) -> list[str]:
    """As any counted noun, but the first has no "one", and 101 keeps it: "مية و مليون" would be
    the other way round."""
    if group == 1:
        return [f"{noun.key}.singular"]
    if group % 100 == 1:
        return [*cardinal(group), f"{noun.key}.singular"]
    return counted(group, noun)


def _thousands(group: int) -> list[str]:
    if group == 1:
        return ["number.thousand"]
    if group == 2:
        return ["number.thousand.dual"]
    keys, rest = cardinal(group), group % 100
    if rest == 2:
        return [*keys, "number.thousand.plural"]
    if 3 <= rest <= 10:
        return [*keys[:-1], f"{keys[-1]}.short", "number.thousand.plural"]
    return [*_leaning(keys), "number.thousand"]


def _leaning(keys: list[str]) -> list[str]:
    """The last word as it leans on a noun: 11-19 and hundreds; 200 and the tens do not change."""
    value = keys[-1].removeprefix("number.")
    changes = value.isdecimal() and (10 < int(value) < 20 or int(value) % 100 == 0 < int(value))
    return [*keys[:-1], f"{keys[-1]}.construct"] if changes and value != "200" else keys


def _below_hundred(n: int, feminine: bool) -> Keys:
    unit, ten = n % 10, n - n % 10
    if n > 20 and unit:
        return (*_unit(unit, feminine, "number.2.joined"), "and", f"number.{ten}")
    return _unit(n, feminine, "number.2")


def _unit(n: int, feminine: bool, two: str) -> Keys:
    if n == 2:
        return (two,)
    return ("number.1.feminine" if feminine and n == 1 else f"number.{n}",)


def _below_thousand(n: int, feminine: bool) -> Keys:
    hundreds, rest = n - n % 100, n % 100
    if not hundreds:
        return _below_hundred(rest, feminine)
    head = (f"number.{hundreds}",)
    return (*head, "and", *_below_hundred(rest, feminine)) if rest else head


_TABLES: Final = {
    feminine: tuple(_below_thousand(n, feminine) for n in range(1000)) for feminine in (False, True)
}
