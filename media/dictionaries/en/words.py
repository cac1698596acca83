"""Every key of the English dictionary and the words a voice says for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from media.dictionaries.parts import words

_SMALL = words(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
    " fifteen sixteen seventeen eighteen nineteen"
)
_TENS = words("twenty thirty forty fifty sixty seventy eighty ninety")
_RANKS = words(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth"
    " fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth"
)
_TENTH_RANKS = words(
    "twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth"
)
_SCALES = words("hundred thousand million billion")
_MONTHS = words(
    "January February March April May June July August September October November December"
)
_WEEKDAYS = words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
_COUNTED = {
    "currency.MAD": ("dirham", "dirhams"),
    "currency.MAD.minor": ("centime", "centimes"),
    "currency.DZD": ("dinar", "dinars"),
    "currency.DZD.minor": ("centime", "centimes"),
    "currency.TND": ("dinar", "dinars"),
    "currency.TND.minor": ("millime", "millimes"),
    "currency.EGP": ("pound", "pounds"),
    "currency.EGP.minor": ("piastre", "piastres"),
    "currency.SAR": ("riyal", "riyals"),
    "currency.SAR.minor": ("halala", "halalas"),
    "currency.AED": ("dirham", "dirhams"),
    "currency.AED.minor": ("fils", "fils"),
    "currency.EUR": ("euro", "euros"),
    "currency.EUR.minor": ("cent", "cents"),
    "currency.USD": ("dollar", "dollars"),
    "currency.USD.minor": ("cent", "cents"),
    "currency.XOF": ("C F A franc", "C F A francs"),
    "unit.day": ("day", "days"),
    "unit.hour": ("hour", "hours"),
    "unit.minute": ("minute", "minutes"),
    "unit.second": ("second", "seconds"),
}
_PLAIN = {
    "and": "and",
    "minus": "minus",
    "point": "point",
    "oh": "oh",
    "the": "the",
    "of": "of",
    "percent": "percent",
    "time.am": "a m",
    "time.pm": "p m",
    "symbol.plus": "plus",
    "symbol.star": "star",
    "symbol.hash": "hash",
    "symbol.dash": "dash",
    "symbol.dot": "dot",
    "symbol.at": "at",
    "symbol.underscore": "underscore",
    "symbol.slash": "slash",
}
WORDS: Final[Mapping[str, str]] = {
    word: word
    for word in words(
        "hello goodbye thanks please yes no today tomorrow yesterday morning afternoon evening"
    )
}
"""General words, spoken by the ``word`` audio item; the key is the word."""

TEXT: Final[Mapping[str, str]] = {
    **{f"number.{n}": word for n, word in enumerate(_SMALL)},
    **{f"number.{n * 10}": word for n, word in enumerate(_TENS, 2)},
    **{f"number.{scale}": scale for scale in _SCALES},
    **{f"ordinal.{n}": word for n, word in enumerate(_RANKS, 1)},
    **{f"ordinal.{n * 10}": word for n, word in enumerate(_TENTH_RANKS, 2)},
    **{f"ordinal.{scale}": f"{scale}th" for scale in _SCALES},
    **{f"month.{n}": word for n, word in enumerate(_MONTHS, 1)},
    **{f"weekday.{n}": word for n, word in enumerate(_WEEKDAYS, 1)},
    **{f"{noun}.one": one for noun, (one, _) in _COUNTED.items()},
    **{f"{noun}.other": other for noun, (_, other) in _COUNTED.items()},
    **{f"letter.{letter}": letter for letter in "abcdefghijklmnopqrstuvwxyz"},
    **_PLAIN,
    **WORDS,
}

SAY: Final[Mapping[str, str]] = {
    **{f"letter.{letter}": letter.upper() for letter in "bcdefghijklmnopqrstuvwxyz"},
    "letter.a": "[[eI]]",
    "the": "[[D@]]",
    "time.am": "A M",
    "time.pm": "P M",
}
"""What the voice is given where its spelling would mislead it."""
