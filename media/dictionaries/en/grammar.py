"""English cardinals, ordinals, dates, times and money as clip keys."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from media.dictionaries import parts
from media.dictionaries.grammar import LIMIT, Gender

from .words import TEXT

_SCALES: Final = ("", "number.thousand", "number.million", "number.billion")
_LETTERS: Final = {letter: f"letter.{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"}
_KEYS: Final = frozenset(TEXT) | frozenset(parts.PAUSES)


def _below_hundred(n: int) -> tuple[str, ...]:
    if n < 20 or n % 10 == 0:
        return (f"number.{n}",)
    return (f"number.{n - n % 10}", f"number.{n % 10}")


def _below_thousand(n: int, link: tuple[str, ...]) -> tuple[str, ...]:
    hundreds, rest = divmod(n, 100)
    if not hundreds:
        return _below_hundred(rest)
    head = (f"number.{hundreds}", "number.hundred")
    return head + link + _below_hundred(rest) if rest else head


_BRITISH: Final = tuple(_below_thousand(n, ("and",)) for n in range(1000))
_AMERICAN: Final = tuple(_below_thousand(n, ()) for n in range(1000))


@dataclass(frozen=True, slots=True)
class English:
    language: str = "en"
    american: bool = False
    """No "and" in numbers, month before day."""

    def number(self, value: Decimal | int, gender: Gender = "masculine") -> list[str]:
        parts.feminine(gender)
        negative, whole, fraction = parts.magnitude(value)
        keys = ["minus"] if negative else []
        self._cardinal(whole, keys)
        if fraction:
            keys.append("point")
            keys.extend([parts.DIGITS[digit] for digit in fraction])
        return keys

    def _cardinal(self, whole: int, keys: list[str]) -> None:
        table = _AMERICAN if self.american else _BRITISH
        if whole < 1000:
            keys.extend(table[whole])
            return
        for group, power in parts.thousands(whole):
            if not power and group < 100 and not self.american:
                keys.append("and")
            keys.extend(table[group])
            if power:
                keys.append(_SCALES[power])
            if power > 1 and whole % 1000**power:
                keys.append(parts.PAUSE_SHORT)

    def digits(self, text: str, grouping: tuple[int, ...] = ()) -> list[str]:
        return parts.digit_keys(text, grouping)

    def phone(self, text: str) -> list[str]:
        return parts.one_by_one(parts.digit_groups(text))

    def ordinal(self, value: int, gender: Gender = "masculine") -> list[str]:
        """The cardinal with its last word turned: "one hundred and first"."""
        parts.feminine(gender)
        keys: list[str] = []
        self._cardinal(parts.positive(value, LIMIT), keys)
        keys[-1] = keys[-1].replace("number.", "ordinal.")
        return keys

    def date(self, value: datetime.date, format: str | None = None) -> list[str]:
        keys: list[str] = []
        order = parts.date_order(format, "mdy" if self.american else "dmy")
        for place, part in enumerate(order):
            if part == "d":
                keys += self._day(value.day, order[place - 1 : place], order[place + 1 : place + 2])
            elif part == "m":
                keys.append(f"month.{value.month}")
            elif part == "y":
                keys += self._year(value.year)
            else:
                keys += [f"weekday.{value.isoweekday()}", parts.PAUSE_SHORT]
        return keys[:-1] if keys[-1] == parts.PAUSE_SHORT else keys

    def _day(self, day: int, before: str, after: str) -> list[str]:
        """ "The first of May" and, alone, "the first"; "May first" in America."""
        rank = self.ordinal(day)
        if before == "m" and self.american:
            return rank
        return ["the", *rank, "of"] if after == "m" else ["the", *rank]

    def _year(self, year: int) -> list[str]:
        century, rest = divmod(year, 100)
        if year < 1100 or year % 1000 < 10:
            return self.number(year)
        if not rest:
            return [*_below_hundred(century), "number.hundred"]
        head = _below_hundred(century)
        return [*head, "oh", f"number.{rest}"] if rest < 10 else [*head, *_below_hundred(rest)]

    def time(self, value: datetime.time, format: str | None = None) -> list[str]:
        twelve, hour, minute = parts.clock(value, format, "12")
        if twelve:
            half = "time.pm" if hour >= 12 else "time.am"
            return [*_below_hundred((hour - 1) % 12 + 1), *_minute(minute, ()), half]
        head = ["oh"] if 0 < hour < 10 else []
        return [*head, *_below_hundred(hour), *_minute(minute, ("number.hundred",))]

    def duration(self, value: datetime.timedelta) -> list[str]:
        pieces = [
            [*self.number(count), _counted(f"unit.{unit}", count)]
            for unit, count in parts.duration(value)
        ]
        keys = [key for piece in pieces[:-1] for key in piece]
        return [*keys, "and", *pieces[-1]] if keys else pieces[-1]

    def currency(self, value: Decimal | int, code: str) -> list[str]:
        negative, major, minor = parts.amount(value, code)
        keys = ["minus"] if negative else []
        if major or not minor:
            self._cardinal(major, keys)
            keys.append(_counted(f"currency.{code}", major))
        if major and minor:
            keys.append("and")
        if minor:
            self._cardinal(minor, keys)
            keys.append(_counted(f"currency.{code}.minor", minor))
        return keys

    def percentage(self, value: Decimal | int) -> list[str]:
        return [*self.number(value), "percent"]

    def spell(self, text: str) -> list[str]:
        return parts.letter_keys(text, _LETTERS)

    def keys(self) -> frozenset[str]:
        return _KEYS

    def text(self, key: str) -> str:
        return "" if key in parts.PAUSES else TEXT[key]


def _counted(noun: str, count: int) -> str:
    return f"{noun}.one" if count == 1 else f"{noun}.other"


def _minute(minute: int, full_hour: tuple[str, ...]) -> tuple[str, ...]:
    if not minute:
        return full_hour
    return ("oh", f"number.{minute}") if minute < 10 else _below_hundred(minute)
