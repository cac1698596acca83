"""What every language answers: a value in, the clip keys to play for it out, in order.

A grammar is pure and total over its declared range; outside it raises ``CannotSpeak``, never
speaks something near. ``tests/dictionaries/test_conformance.py`` is what any grammar must pass.
"""

from __future__ import annotations

from datetime import date, time, timedelta
from decimal import Decimal
from typing import Literal, Protocol, TypeAlias

Gender: TypeAlias = Literal["masculine", "feminine"]
"""The gender of what is counted; languages without it ignore it."""

LIMIT = 10**12
"""Numbers are spoken below this magnitude."""


class CannotSpeak(ValueError):
    """The value has no spoken form here.

    ``code`` is stable: ``out_of_range``, ``too_precise``, ``not_a_number``, ``unknown_character``,
    ``unknown_format``, ``unknown_currency``, ``unknown_gender``, ``empty``. ``str(error)`` is a
    sentence.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class UnknownLanguage(LookupError):
    """No grammar, or no system pack, for the tag nor for the language it begins with."""

    def __init__(self, language: str, known: tuple[str, ...]) -> None:
        super().__init__(f"No dictionary for {language!r}; there are {', '.join(known)}.")
        self.language = language


class Grammar(Protocol):
    @property
    def language(self) -> str:
        """BCP 47 tag of the variant that speaks: ``fr-BE`` stays, ``fr-MA`` is ``fr``."""
        ...

    def number(self, value: Decimal | int, gender: Gender = "masculine") -> list[str]:
        """A cardinal, |value| < 10^12, at most 12 decimals; trailing decimal zeros are mute."""
        ...

    def digits(self, text: str, grouping: tuple[int, ...] = ()) -> list[str]:
        """One by one: digits (also ٠-٩), ``+ * #``, and ``-``/``.`` of one decimal number.

        Groups are parted by a pause: as ``grouping`` says (the last group takes the rest), else
        at the spaces, dots, dashes and brackets of the text.
        """
        ...

    def phone(self, text: str) -> list[str]:
        """A phone number grouped by its separators, each group as the language reads it."""
        ...

    def ordinal(self, value: int, gender: Gender = "masculine") -> list[str]: ...

    def date(self, value: date, format: str | None = None) -> list[str]:
        """``format`` orders ``w`` (weekday) ``d m y``: ``dmy``, ``wdm``; ``DD/MM/YYYY`` too.

        ``None`` is the order the language reads.
        """
        ...

    def time(self, value: time, format: str | None = None) -> list[str]:
        """``format`` is ``12`` or ``24``; ``None`` is the language's own. Seconds are mute."""
        ...

    def duration(self, value: timedelta) -> list[str]:
        """Days to seconds, without the parts that are nought; not negative, < 10^6 days."""
        ...

    def currency(self, value: Decimal | int, code: str) -> list[str]:
        """``code`` is ISO 4217; more decimals than its minor unit has are ``too_precise``."""
        ...

    def percentage(self, value: Decimal | int) -> list[str]:
        """25 is twenty-five per cent."""
        ...

    def spell(self, text: str) -> list[str]:
        """Letter by letter; spaces are pauses."""
        ...

    def keys(self) -> frozenset[str]:
        """Every key this grammar can ever give."""
        ...

    def text(self, key: str) -> str:
        """The words a voice says for a key (empty for a pause); ``KeyError`` for a foreign one."""
        ...
