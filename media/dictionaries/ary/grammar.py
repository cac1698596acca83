"""Darija cardinals, ordinals, dates, times and money as clip keys."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from media.dictionaries import parts
from media.dictionaries.ar.words import LETTERS
from media.dictionaries.grammar import LIMIT, Gender

from .numbers import cardinal, counted
from .words import CURRENCIES, TEXT, UNITS

_KEYS: Final = frozenset(TEXT) | frozenset(parts.PAUSES)
_LETTERS: Final = {letter: f"letter.{letter}" for letter in LETTERS}
_OWN_RANKS: Final = 10
_FIVES: Final = {5: "five", 10: "ten", 15: "quarter", 20: "third"}


@dataclass(frozen=True, slots=True)
class Darija:
    language: str = "ary"

    def number(self, value: Decimal | int, gender: Gender = "masculine") -> list[str]:
        feminine = parts.feminine(gender)
        negative, whole, fraction = parts.magnitude(value)
        keys = ["minus"] if negative else []
        keys += cardinal(whole, feminine)
        if fraction:
            keys += ["point", *_fraction(fraction)]
        return keys

    def digits(self, text: str, grouping: tuple[int, ...] = ()) -> list[str]:
        return parts.digit_keys(text, grouping)

    def phone(self, text: str) -> list[str]:
        """Pairs are numbers: "صفر ستة، طناش"."""
        runs = parts.digit_groups(text)
        return parts.join_groups([_pair(pair) for run in runs for pair in _pairs(run)])

    def ordinal(self, value: int, gender: Gender = "masculine") -> list[str]:
        feminine = parts.feminine(gender)
        if parts.positive(value, LIMIT) <= _OWN_RANKS:
            return [f"ordinal.{value}.feminine" if feminine else f"ordinal.{value}"]
        return ["rank", *cardinal(value)]

    def date(self, value: datetime.date, format: str | None = None) -> list[str]:
        keys: list[str] = []
        for part in parts.date_order(format, "dmy"):
            if part == "d":
                keys += cardinal(value.day)
            elif part == "m":
                keys.append(f"month.{value.month}")
            elif part == "y":
                keys += ["year", *cardinal(value.year)]
            else:
                keys.append(f"weekday.{value.isoweekday()}")
        return keys

    def time(self, value: datetime.time, format: str | None = None) -> list[str]:
        twelve, hour, minute = parts.clock(value, format, "12")
        if not twelve:
            minutes = ["and", *counted(minute, UNITS["minute"])] if minute else []
            return ["time.clock", *cardinal(hour), *minutes]
        before = 60 - minute if minute >= 40 and 60 - minute in _FIVES else 0
        said = hour + 1 if before else hour
        past = ["time.less", f"time.{_FIVES[before]}"] if before else _past(minute)
        return [f"hour.{(said - 1) % 12 + 1}", *past, _period(hour)]

    def duration(self, value: datetime.timedelta) -> list[str]:
        keys: list[str] = []
        for unit, count in parts.duration(value):
            keys += [*(["and"] if keys else []), *counted(count, UNITS[unit])]
        return keys

    def currency(self, value: Decimal | int, code: str) -> list[str]:
        negative, major, minor = parts.amount(value, code)
        keys = ["minus"] if negative else []
        if major or not minor:
            keys += counted(major, CURRENCIES[f"currency.{code}"])
        if major and minor:
            keys.append("and")
        if minor:
            keys += counted(minor, CURRENCIES[f"currency.{code}.minor"])
        return keys

    def percentage(self, value: Decimal | int) -> list[str]:
        return [*self.number(value), "percent"]

    def spell(self, text: str) -> list[str]:
        return parts.letter_keys(text, _LETTERS)

    def keys(self) -> frozenset[str]:
        return _KEYS

    def text(self, key: str) -> str:
        return "" if key in parts.PAUSES else TEXT[key]


def _fraction(fraction: str) -> list[str]:
    """One number after its zeros; four digits and more one by one."""
    rest = fraction.lstrip("0")
    zeros = ["number.0"] * (len(fraction) - len(rest))
    if len(rest) <= 3:
        return [*zeros, *cardinal(int(rest))]
    return [*zeros, *[parts.DIGITS[digit] for digit in rest]]


def _past(minute: int) -> list[str]:
    if not minute:
        return []
    if minute == 30:
        return ["and", "time.half"]
    if minute in _FIVES:
        return ["and", f"time.{_FIVES[minute]}"]
    return ["and", *counted(minute, UNITS["minute"])]


def _period(hour: int) -> str:
    """Of the hour itself, also where the next one is named: قل ربع د الصباح."""
    if hour < 4 or hour >= 20:
        return "time.night"
    if hour < 12:
        return "time.morning"
    return "time.noon" if hour < 14 else "time.evening"


def _pairs(run: str) -> list[str]:
    """From the left, an odd digit last; a plus stays with the first."""
    digits = run.lstrip("+")
    if not digits.isdecimal():
        return [run]
    pairs = [digits[at : at + 2] for at in range(0, len(digits), 2)]
    return [run[: len(run) - len(digits)] + pairs[0], *pairs[1:]]


def _pair(pair: str) -> list[str]:
    digits = pair.lstrip("+")
    if not digits.isdecimal() or digits.startswith("0"):
        return parts.one_by_one([pair])
    return [parts.SYMBOLS["+"]] * (len(pair) - len(digits)) + cardinal(int(digits))
