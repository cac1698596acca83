"""French cardinals, ordinals, dates, times and money as clip keys."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from media.dictionaries import parts
from media.dictionaries.grammar import LIMIT, Gender

from .numbers import FRENCH, LIAISONS, Before, Cardinals
from .words import TEXT

_KEYS: Final = frozenset(TEXT) | frozenset(parts.PAUSES)
_LETTERS: Final = {key[7:]: key for key in TEXT if key.startswith("letter.")}
_INVARIABLE: Final = {"number.hundreds": "number.hundred", "number.80": "number.80.joined"}
_VOWEL_NOUNS: Final = frozenset(("currency.EUR", "unit.hour"))
_VOWEL_MONTHS: Final = frozenset((4, 8, 10))
_FEMININE_NOUNS: Final = frozenset(
    (
        "currency.EGP",
        "currency.EGP.minor",
        "currency.SAR.minor",
        "unit.hour",
        "unit.minute",
        "unit.second",
    )
)


@dataclass(frozen=True, slots=True)
class French:
    language: str = "fr"
    cardinals: Cardinals = FRENCH

    def number(self, value: Decimal | int, gender: Gender = "masculine") -> list[str]:
        return self._number(value, parts.feminine(gender), Before.NOTHING)

    def _number(self, value: Decimal | int, feminine: bool, before: Before) -> list[str]:
        negative, whole, fraction = parts.magnitude(value)
        keys = ["minus"] if negative else []
        self.cardinals.put(whole, keys, Before.NOTHING if fraction else before)
        if fraction:
            keys.append("point")
            self._fraction(fraction, keys, before)
        elif feminine:
            _make_feminine(keys)
        return keys

    def _fraction(self, fraction: str, keys: list[str], before: Before) -> None:
        rest = fraction.lstrip("0")
        keys.extend(["number.0"] * (len(fraction) - len(rest)))
        if len(rest) <= 3:
            self.cardinals.put(int(rest), keys, before)
        else:
            keys.extend([parts.DIGITS[digit] for digit in rest])

    def digits(self, text: str, grouping: tuple[int, ...] = ()) -> list[str]:
        return parts.digit_keys(text, grouping)

    def phone(self, text: str) -> list[str]:
        """Groups of two and three are numbers: "zéro six, soixante et un"."""
        runs = parts.digit_groups(text)
        return parts.join_groups([self._phone_group(g) for run in runs for g in _phone_groups(run)])

    def _phone_group(self, group: str) -> list[str]:
        digits = group.lstrip("+")
        if not digits.isdecimal() or len(digits) > 3:
            return parts.one_by_one([group])
        rest = digits.lstrip("0")
        keys = [parts.SYMBOLS["+"]] * (len(group) - len(digits))
        keys += ["number.0"] * (len(digits) - len(rest))
        if rest:
            self.cardinals.put(int(rest), keys)
        return keys

    def ordinal(self, value: int, gender: Gender = "masculine") -> list[str]:
        feminine = parts.feminine(gender)
        if parts.positive(value, LIMIT) == 1:
            return ["ordinal.1.feminine" if feminine else "ordinal.1"]
        head, rank = value - value % 100, value % 100
        keys: list[str] = []
        if head:
            self.cardinals.put(head, keys, Before.MILLE if rank else Before.NOTHING)
        if rank:
            return [*keys, *self._rank(rank)]
        last = keys[-1].replace("number.", "ordinal.").removesuffix("s")
        one_million = value in (10**6, 10**9)
        return [last] if one_million else [*keys[:-1], last]

    def _rank(self, rank: int) -> list[str]:
        """1-99 within a longer ordinal: "unième", "soixante et onzième"."""
        if rank < 20:
            return ["ordinal.1.joined" if rank == 1 else f"ordinal.{rank}"]
        word = self.cardinals.below_hundred[rank].removeprefix(f"number.{rank}").strip(".")
        ten = rank - rank % 10 if word or rank < 60 else rank - rank % 20
        suffix = f".{word}" if word else ""
        unit = rank - ten
        if not unit:
            return [f"ordinal.{ten}{suffix}"]
        link = ["and"] if unit in (1, 11) and (word or ten < 80) else []
        return [f"tens.{ten}{suffix}", *link, *self._rank(unit)]

    def date(self, value: datetime.date, format: str | None = None) -> list[str]:
        keys: list[str] = []
        order = parts.date_order(format, "dmy")
        for place, part in enumerate(order):
            if part == "d":
                keys += self._day(value, order[place + 1 : place + 2] == "m")
            elif part == "m":
                keys.append(f"month.{value.month}")
            elif part == "y":
                keys += self._year(value.year)
            else:
                keys.append(f"weekday.{value.isoweekday()}")
        return keys

    def _year(self, year: int) -> list[str]:
        """A rank, not a quantity: "mille neuf cent", "mille neuf cent quatre-vingt"."""
        keys = self.number(year)
        return [*keys[:-1], _INVARIABLE.get(keys[-1], keys[-1])]

    def _day(self, value: datetime.date, month_follows: bool) -> list[str]:
        if value.day == 1:
            return ["ordinal.1"]
        joined = month_follows and value.month not in _VOWEL_MONTHS
        return self._number(value.day, False, Before.CONSONANT if joined else Before.NOTHING)

    def time(self, value: datetime.time, format: str | None = None) -> list[str]:
        twelve, hour, minute = parts.clock(value, format, "24")
        if twelve:
            return _twelve_hours(self._hour(hour % 12 or 12), hour, self._minute(minute, True))
        return [*self._hour(hour), *self._minute(minute, False)]

    def _hour(self, hour: int) -> list[str]:
        return self._counted(hour, "unit.hour")

    def _minute(self, minute: int, twelve: bool) -> list[str]:
        if twelve and minute in (15, 30):
            return ["time.quarter" if minute == 15 else "time.half"]
        return self._number(minute, True, Before.NOTHING) if minute else []

    def duration(self, value: datetime.timedelta) -> list[str]:
        pieces = [self._counted(n, f"unit.{unit}") for unit, n in parts.duration(value)]
        keys = [key for piece in pieces[:-1] for key in piece]
        return [*keys, "and", *pieces[-1]] if keys else pieces[-1]

    def currency(self, value: Decimal | int, code: str) -> list[str]:
        negative, major, minor = parts.amount(value, code)
        keys = ["minus"] if negative else []
        if major or not minor:
            keys += self._counted(major, f"currency.{code}")
        if major and minor:
            keys.append("and")
        if minor:
            keys += self._counted(minor, f"currency.{code}.minor")
        return keys

    def _counted(self, count: int, noun: str) -> list[str]:
        """The number and its noun, agreeing in gender, number, liaison and "de"."""
        keys: list[str] = []
        if count >= 10**6 and not count % 10**6:
            self.cardinals.put(count, keys, Before.CONSONANT)
            return [*keys, f"{noun}.of" if f"{noun}.of" in TEXT else f"{noun}.other"]
        vowel = noun in _VOWEL_NOUNS
        self.cardinals.put(count, keys, Before.NOTHING if vowel else Before.CONSONANT)
        if noun in _FEMININE_NOUNS:
            _make_feminine(keys)
        form = f"{noun}.one" if count < 2 else f"{noun}.other"
        return _linked(keys, form, noun) if vowel else [*keys, form]

    def percentage(self, value: Decimal | int) -> list[str]:
        return [*self._number(value, False, Before.CONSONANT), "percent"]

    def spell(self, text: str) -> list[str]:
        return parts.letter_keys(text, _LETTERS)

    def keys(self) -> frozenset[str]:
        return _KEYS

    def text(self, key: str) -> str:
        return "" if key in parts.PAUSES else TEXT[key]


def _make_feminine(keys: list[str]) -> None:
    """Only the last word varies: "vingt et une", never before "mille"."""
    feminine = f"{keys[-1]}.feminine"
    if feminine in TEXT:
        keys[-1] = feminine


def _linked(keys: list[str], form: str, noun: str) -> list[str]:
    """Liaison into a noun that begins with a vowel."""
    last = keys[-1]
    if noun == "unit.hour" and f"{last}.voiced" in TEXT:
        return [*keys[:-1], f"{last}.voiced", form]
    number, consonant = LIAISONS.get(last, (last, ""))
    linked = f"{form}.{consonant}" if consonant else form
    return [*keys[:-1], number, linked]


def _twelve_hours(hours: list[str], hour: int, minute: list[str]) -> list[str]:
    if hour % 12 == 0:
        half = [f"{key}.masculine" if key == "time.half" else key for key in minute]
        return ["time.noon" if hour else "time.midnight", *half]
    if hour < 12:
        return [*hours, *minute, "time.morning"]
    return [*hours, *minute, "time.afternoon" if hour < 18 else "time.evening"]


def _phone_groups(run: str) -> list[str]:
    """A long run without separators is read in pairs, an odd digit first."""
    digits = run.lstrip("+")
    if len(digits) <= 3 or not digits.isdecimal():
        return [run]
    first = len(run) - len(digits) + (len(digits) % 2 or 2)
    return [run[:first], *(run[at : at + 2] for at in range(first, len(run), 2))]
