"""Arabic cardinals, ordinals, dates, times and money as clip keys."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from media.dictionaries import parts
from media.dictionaries.grammar import CannotSpeak, Gender

from .calendar import Calendar, month_key
from .nouns import CURRENCIES, UNITS
from .numbers import cardinal, counted, opened, year
from .words import LETTERS, TEXT

ORDINAL_LIMIT: Final = 1000
_YEARS: Final = range(1000, 3000)
_KEYS: Final = frozenset(TEXT) | frozenset(parts.PAUSES)
_LETTERS: Final = {letter: f"letter.{letter}" for letter in LETTERS}
_PARTS_OF_AN_HOUR: Final = {15: "time.quarter", 20: "time.third", 30: "time.half"}


@dataclass(frozen=True, slots=True)
class Arabic:
    language: str = "ar"
    calendar: Calendar = Calendar.COMMON

    def number(self, value: Decimal | int, gender: Gender = "masculine") -> list[str]:
        feminine = parts.feminine(gender)
        negative, whole, fraction = parts.magnitude(value)
        keys = opened(cardinal(whole, feminine))
        if fraction:
            keys += ["point", *_fraction(fraction)]
        return ["minus", *keys] if negative else keys

    def digits(self, text: str, grouping: tuple[int, ...] = ()) -> list[str]:
        return parts.digit_keys(text, grouping)

    def phone(self, text: str) -> list[str]:
        return parts.one_by_one(parts.digit_groups(text))

    def ordinal(self, value: int, gender: Gender = "masculine") -> list[str]:
        """Definite: الثَّالِث، الحَادِي وَالعِشْرُون، الخَامِس بَعْدَ المِئَة. To 999."""
        feminine = parts.feminine(gender)
        hundreds, rank = divmod(parts.positive(value, ORDINAL_LIMIT), 100)
        if not rank:
            return [f"ordinal.{value}"]
        keys = _rank(rank, ".feminine" if feminine else "")
        if not hundreds:
            return keys
        hundred = "ordinal.100" if hundreds == 1 else f"ordinal.{hundreds}00.oblique"
        return [*keys, "after", hundred]

    def date(self, value: datetime.date, format: str | None = None) -> list[str]:
        keys: list[str] = []
        order = parts.date_order(format, "dmy")
        for place, part in enumerate(order):
            if part == "d":
                of_month = order[place + 1 : place + 2] == "m"
                keys += [*self.ordinal(value.day), *(["from"] if of_month else [])]
            elif part == "m":
                keys.append(month_key(value.month, self.calendar))
            elif part == "y":
                keys += _year(value.year)
            else:
                keys.append(f"weekday.{value.isoweekday()}")
        return keys

    def time(self, value: datetime.time, format: str | None = None) -> list[str]:
        twelve, hour, minute = parts.clock(value, format, "12")
        if not twelve:
            return ["time.clock", *_hour(hour), *_minutes(minute)]
        if minute == 45:
            return ["time.clock", *_hour(hour % 12 + 1), "time.to-quarter", _period(hour)]
        share = _PARTS_OF_AN_HOUR.get(minute)
        minutes = [share] if share else _minutes(minute)
        return ["time.clock", *_hour((hour - 1) % 12 + 1), *minutes, _period(hour)]

    def duration(self, value: datetime.timedelta) -> list[str]:
        pieces = [counted(count, UNITS[unit]) for unit, count in parts.duration(value)]
        return opened([key for piece in pieces for key in piece])

    def currency(self, value: Decimal | int, code: str) -> list[str]:
        negative, major, minor = parts.amount(value, code)
        keys: list[str] = []
        if major or not minor:
            keys += counted(major, CURRENCIES[f"currency.{code}"])
        if minor:
            keys += counted(minor, CURRENCIES[f"currency.{code}.minor"])
        return ["minus", *opened(keys)] if negative else opened(keys)

    def percentage(self, value: Decimal | int) -> list[str]:
        return [*self.number(value), "percent"]

    def spell(self, text: str) -> list[str]:
        return parts.letter_keys(text, _LETTERS)

    def keys(self) -> frozenset[str]:
        return _KEYS

    def text(self, key: str) -> str:
        return "" if key in parts.PAUSES else TEXT[key]


def _fraction(fraction: str) -> list[str]:
    rest = fraction.lstrip("0")
    zeros = ["number.0"] * (len(fraction) - len(rest))
    if len(rest) <= 3:
        return [*zeros, *opened(cardinal(int(rest)))]
    return [*zeros, *[parts.DIGITS[digit] for digit in rest]]


def _rank(rank: int, gender: str) -> list[str]:
    """1-99, definite."""
    unit, ten = rank % 10, rank - rank % 10
    if rank < 20:
        return [f"ordinal.{rank}{gender}"]
    if not unit:
        return [f"ordinal.{ten}"]
    joined = ".joined" if unit == 1 else ""
    return [f"ordinal.{unit}{gender}{joined}", f"and.ordinal.{ten}"]


def _year(value: int) -> list[str]:
    if value not in _YEARS:
        raise CannotSpeak("out_of_range", f"Years are spoken from 1000 to 2999, not {value}.")
    return ["year", *year(value)]


def _hour(hour: int) -> list[str]:
    if hour < 2:
        return ["hour.1" if hour else "number.0"]
    return _rank(hour, ".feminine")


def _minutes(minute: int) -> list[str]:
    return counted(minute, UNITS["minute"]) if minute else []


def _period(hour: int) -> str:
    if hour == 0:
        return "time.night"
    if hour < 12:
        return "time.morning"
    return "time.noon" if hour == 12 else "time.evening"
