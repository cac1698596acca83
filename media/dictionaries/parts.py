"""Values taken apart before a language speaks them: the same rules and refusals everywhere."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import time, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Final

from .grammar import LIMIT, CannotSpeak, Gender

MAX_DECIMALS: Final = 12
MAX_TEXT: Final = 256
"""Characters that ``digits``, ``phone`` and ``spell`` take at once."""

PAUSE_SHORT: Final = "pause-80"
PAUSE_GROUP: Final = "pause-150"
PAUSE_LONG: Final = "pause-300"
PAUSES: Final = (PAUSE_SHORT, PAUSE_GROUP, PAUSE_LONG)

MINOR_DIGITS: Final[Mapping[str, int]] = {
    "MAD": 2,
    "DZD": 2,
    "TND": 3,
    "EGP": 2,
    "SAR": 2,
    "AED": 2,
    "EUR": 2,
    "USD": 2,
    "XOF": 0,
}
"""ISO 4217 currency codes and the decimals of their minor unit."""

SYMBOLS: Final[Mapping[str, str]] = {
    "+": "symbol.plus",
    "*": "symbol.star",
    "#": "symbol.hash",
    "-": "symbol.dash",
    ".": "symbol.dot",
    "@": "symbol.at",
    "_": "symbol.underscore",
    "/": "symbol.slash",
}
DIGITS: Final[Mapping[str, str]] = {str(digit): f"number.{digit}" for digit in range(10)}
_SPOKEN_ONE_BY_ONE: Final[Mapping[str, str]] = {
    **DIGITS,
    **{sign: SYMBOLS[sign] for sign in "+*#"},
}
_SEPARATORS: Final = frozenset(" .-()/\u00a0\u202f")


def words(line: str) -> list[str]:
    """A word list as a line reads."""
    return line.split()


def magnitude(value: Decimal | int) -> tuple[bool, int, str]:
    """Negative, the whole part, and the decimals without trailing zeros."""
    if isinstance(value, int):
        whole, fraction = abs(value), ""
    else:
        whole, fraction = _decimal_magnitude(value)
    if whole >= LIMIT:
        raise CannotSpeak("out_of_range", f"{value} is not below 10^12.")
    return value < 0, whole, fraction


def _decimal_magnitude(value: Decimal) -> tuple[int, str]:
    if not value.is_finite():
        raise CannotSpeak("not_a_number", f"{value} is not a number.")
    if value and value.adjusted() >= MAX_DECIMALS:
        raise CannotSpeak("out_of_range", "The number is not below 10^12.")
    if value and value.adjusted() < -MAX_DECIMALS:
        raise _too_precise()
    whole = abs(int(value))
    if value.copy_abs() == whole:
        return whole, ""
    fraction = f"{value.copy_abs():f}".partition(".")[2].rstrip("0")
    if len(fraction) > MAX_DECIMALS:
        raise _too_precise()
    return whole, fraction


def _too_precise() -> CannotSpeak:
    return CannotSpeak("too_precise", f"The number has more than {MAX_DECIMALS} decimals.")


def thousands(whole: int) -> list[tuple[int, int]]:
    """(group below 1000, power of 1000), highest first, without the groups that are nought."""
    groups = []
    power = 0
    while whole:
        whole, group = divmod(whole, 1000)
        if group:
            groups.append((group, power))
        power += 1
    groups.reverse()
    return groups


def feminine(gender: Gender) -> bool:
    if gender == "feminine":
        return True
    if gender == "masculine":
        return False
    raise CannotSpeak("unknown_gender", f"{gender!r} is neither masculine nor feminine.")


def positive(value: int, limit: int) -> int:
    """An ordinal's rank: 1 to ``limit`` - 1."""
    if not 0 < value < limit:
        raise CannotSpeak("out_of_range", f"There is no ordinal of {value} below {limit}.")
    return value


def amount(value: Decimal | int, code: str) -> tuple[bool, int, int]:
    """Negative, major units, minor units."""
    places = MINOR_DIGITS.get(code)
    if places is None:
        raise CannotSpeak("unknown_currency", f"{code!r} is not a currency spoken here.")
    negative, major, fraction = magnitude(value)
    if len(fraction) > places:
        raise CannotSpeak("too_precise", f"{code} has {places} decimals, {value} has more.")
    return negative, major, int(fraction.ljust(places, "0") or "0")


def duration(value: timedelta) -> list[tuple[str, int]]:
    """(``day|hour|minute|second``, count), without noughts; no time at all is 0 seconds."""
    if value < timedelta(0) or value.days >= 10**6:
        raise CannotSpeak("out_of_range", f"{value} is not a duration below 10^6 days.")
    if value.microseconds:
        raise CannotSpeak("too_precise", f"{value} has parts of a second.")
    minutes, seconds = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = [("day", value.days), ("hour", hours), ("minute", minutes), ("second", seconds)]
    return [part for part in parts if part[1]] or [("second", 0)]


def date_order(format: str | None, default: str) -> str:
    """``DD/MM/YYYY`` and ``dmy`` are both ``dmy``: the letters' order, separators dropped."""
    if format is None:
        return default
    runs = [letter for letter, _ in groupby(format.lower())]
    order = "".join(letter for letter in runs if letter not in " -/.,")
    if not order or set(order) - set("wdmy") or len(set(order)) < len(order):
        raise CannotSpeak("unknown_format", f"{format!r} is not an order of w, d, m and y.")
    return order


def clock(value: time, format: str | None, default: str) -> tuple[bool, int, int]:
    """Twelve-hour reading or not, hour 0-23, minute."""
    chosen = default if format is None else format
    if chosen not in ("12", "24"):
        raise CannotSpeak("unknown_format", f"{format!r} is neither 12 nor 24.")
    return chosen == "12", value.hour, value.minute


def digit_keys(text: str, grouping: tuple[int, ...]) -> list[str]:
    """What ``Grammar.digits`` gives: keys common to all languages."""
    plain = _plain(text)
    if not grouping and _is_decimal(plain):
        return _decimal_keys(plain)
    return one_by_one(digit_groups(text, grouping))


def one_by_one(groups: list[str]) -> list[str]:
    return join_groups([[_digit(c) for c in group] for group in groups])


def digit_groups(text: str, grouping: tuple[int, ...] = ()) -> list[str]:
    """The runs of ASCII digits and signs that separators, or ``grouping``, part."""
    plain = _plain(text)
    runs = "".join(" " if c in _SEPARATORS else c for c in plain).split()
    if not runs:
        raise CannotSpeak("empty", f"There is no digit in {text!r}.")
    return _regroup("".join(runs), grouping) if grouping else runs


def join_groups(groups: list[list[str]]) -> list[str]:
    keys = list(groups[0])
    for group in groups[1:]:
        keys.append(PAUSE_GROUP)
        keys.extend(group)
    return keys


def letter_keys(text: str, letters: Mapping[str, str]) -> list[str]:
    """What ``Grammar.spell`` gives: ``letters`` is the language's character → key."""
    keys = []
    for character in _plain(text).lower():
        key = letters.get(character) or DIGITS.get(character) or SYMBOLS.get(character)
        if character.isspace():
            key = PAUSE_LONG
        if key is None:
            raise CannotSpeak("unknown_character", f"{character!r} cannot be spelled here.")
        keys.append(key)
    if not keys:
        raise CannotSpeak("empty", "There is nothing to spell.")
    return keys


def _plain(text: str) -> str:
    """NFC, digits of any script as ASCII, edges trimmed."""
    if len(text) > MAX_TEXT:
        raise CannotSpeak("out_of_range", f"More than {MAX_TEXT} characters at once.")
    composed = unicodedata.normalize("NFC", text).strip()
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in composed)


def _is_decimal(plain: str) -> bool:
    """One number as written, not a phone number: ``-12.50``, ``3.14``."""
    whole, point, fraction = plain.removeprefix("-").partition(".")
    signed = plain.startswith("-")
    return whole.isdecimal() and (fraction.isdecimal() if point else signed)


def _decimal_keys(plain: str) -> list[str]:
    signs = {**DIGITS, "-": "minus", ".": "point"}
    return [signs[c] for c in plain]


def _digit(character: str) -> str:
    key = _SPOKEN_ONE_BY_ONE.get(character)
    if key is None:
        raise CannotSpeak("unknown_character", f"{character!r} is not a digit.")
    return key


def _regroup(run: str, grouping: tuple[int, ...]) -> list[str]:
    if any(size < 1 for size in grouping):
        raise CannotSpeak("unknown_format", f"{grouping} is not a grouping of digits.")
    groups, start = [], len(run) - len(run.lstrip("+"))
    signs = run[:start]
    for size in grouping[:-1]:
        groups.append(run[start : start + size])
        start += size
    groups = [group for group in [*groups, run[start:]] if group]
    groups[:1] = [signs + "".join(groups[:1])]
    return groups
