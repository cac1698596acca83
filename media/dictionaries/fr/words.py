"""Every key of the French dictionary and the words a voice says for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from media.dictionaries.parts import words

_SMALL = words(
    "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize"
    " dix-sept dix-huit dix-neuf"
)
_TENS = {20: "vingt", 30: "trente", 40: "quarante", 50: "cinquante", 60: "soixante"}
_EIGHTY = "quatre-vingt"
_OTHER_TENS = {70: "septante", 80: "huitante", 90: "nonante"}
_RANKS = words(
    "deuxième troisième quatrième cinquième sixième septième huitième neuvième dixième onzième"
    " douzième treizième quatorzième quinzième seizième dix-septième dix-huitième dix-neuvième"
)
_MONTHS = words(
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
)
_WEEKDAYS = words("lundi mardi mercredi jeudi vendredi samedi dimanche")
_COUNTED = {
    "currency.MAD": ("dirham", "dirhams", "de dirhams"),
    "currency.MAD.minor": ("centime", "centimes", ""),
    "currency.DZD": ("dinar", "dinars", "de dinars"),
    "currency.DZD.minor": ("centime", "centimes", ""),
    "currency.TND": ("dinar", "dinars", "de dinars"),
    "currency.TND.minor": ("millime", "millimes", ""),
    "currency.EGP": ("livre", "livres", "de livres"),
    "currency.EGP.minor": ("piastre", "piastres", ""),
    "currency.SAR": ("riyal", "riyals", "de riyals"),
    "currency.SAR.minor": ("halala", "halalas", ""),
    "currency.AED": ("dirham", "dirhams", "de dirhams"),
    "currency.AED.minor": ("fils", "fils", ""),
    "currency.EUR": ("euro", "euros", "d'euros"),
    "currency.EUR.minor": ("centime", "centimes", ""),
    "currency.USD": ("dollar", "dollars", "de dollars"),
    "currency.USD.minor": ("cent", "cents", ""),
    "currency.XOF": ("franc CFA", "francs CFA", "de francs CFA"),
    "unit.day": ("jour", "jours", ""),
    "unit.hour": ("heure", "heures", ""),
    "unit.minute": ("minute", "minutes", ""),
    "unit.second": ("seconde", "secondes", ""),
}
_PLAIN = {
    "number.hundred": "cent",
    "number.hundreds": "cents",
    "number.thousand": "mille",
    "number.million": "million",
    "number.millions": "millions",
    "number.billion": "milliard",
    "number.billions": "milliards",
    "ordinal.hundred": "centième",
    "ordinal.thousand": "millième",
    "ordinal.million": "millionième",
    "ordinal.billion": "milliardième",
    "and": "et",
    "minus": "moins",
    "point": "virgule",
    "percent": "pour cent",
    "time.noon": "midi",
    "time.midnight": "minuit",
    "time.quarter": "et quart",
    "time.half": "et demie",
    "time.half.masculine": "et demi",
    "time.morning": "du matin",
    "time.afternoon": "de l'après-midi",
    "time.evening": "du soir",
    "symbol.plus": "plus",
    "symbol.star": "étoile",
    "symbol.hash": "dièse",
    "symbol.dash": "tiret",
    "symbol.dot": "point",
    "symbol.at": "arobase",
    "symbol.underscore": "tiret bas",
    "symbol.slash": "barre oblique",
    "letter.é": "e accent aigu",
    "letter.è": "e accent grave",
    "letter.ê": "e accent circonflexe",
    "letter.à": "a accent grave",
    "letter.ç": "c cédille",
}
WORDS: Final[Mapping[str, str]] = {
    word: word
    for word in words(
        "bonjour bonsoir merci oui non aujourd'hui demain hier matin après-midi soir au-revoir"
    )
}
"""General words, spoken by the ``word`` audio item; the key is the word."""


def _below_hundred(n: int) -> str:
    """As in France; "quatre-vingts" with its s."""
    if n < 20:
        return _SMALL[n]
    if n >= 80:
        return f"{_EIGHTY}-{_SMALL[n - 80]}" if n > 80 else f"{_EIGHTY}s"
    ten = min(n // 10 * 10, 60)
    return _tens_and(_TENS[ten], n - ten)


def _tens_and(ten: str, unit: int) -> str:
    if not unit:
        return ten
    return f"{ten} et {_SMALL[unit]}" if unit in (1, 11) else f"{ten}-{_SMALL[unit]}"


_NUMBERS: Final = {
    **{f"number.{n}": _below_hundred(n) for n in range(100)},
    **{
        f"number.{ten + unit}.{word}": _tens_and(word, unit)
        for ten, word in _OTHER_TENS.items()
        for unit in range(10)
    },
}


def _forms() -> dict[str, str]:
    """The joined, voiced and feminine forms of whole-clip numbers."""
    forms = {"number.80.joined": _EIGHTY, "number.9.voiced": "neuf", "number.19.voiced": "dix-neuf"}
    for key, text in _NUMBERS.items():
        if text.endswith(("six", "huit", "dix")):
            forms[f"{key}.joined"] = text
        if text.endswith(("-un", " un")) or text == "un":
            forms[f"{key}.feminine"] = f"{text}e"
    return forms


_LIAISONS: Final = {
    "currency.EUR.one.n": "euro",
    "currency.EUR.other.n": "euros",
    "currency.EUR.other.t": "euros",
    "currency.EUR.other.z": "euros",
    "unit.hour.other.t": "heures",
    "unit.hour.other.z": "heures",
}
_ORDINALS: Final = {
    "ordinal.1": "premier",
    "ordinal.1.feminine": "première",
    "ordinal.1.joined": "unième",
    **{f"ordinal.{n}": word for n, word in enumerate(_RANKS, 2)},
    **{f"ordinal.{ten}": f"{word.removesuffix('e')}ième" for ten, word in _TENS.items()},
    "ordinal.80": f"{_EIGHTY}ième",
    **{f"ordinal.{t}.{w}": f"{w.removesuffix('e')}ième" for t, w in _OTHER_TENS.items()},
    **{f"tens.{ten}": word for ten, word in _TENS.items()},
    "tens.80": _EIGHTY,
    **{f"tens.{ten}.{word}": word for ten, word in _OTHER_TENS.items()},
}

TEXT: Final[Mapping[str, str]] = {
    **_NUMBERS,
    **_forms(),
    **_ORDINALS,
    **_LIAISONS,
    **{f"month.{n}": word for n, word in enumerate(_MONTHS, 1)},
    **{f"weekday.{n}": word for n, word in enumerate(_WEEKDAYS, 1)},
    **{f"{noun}.one": one for noun, (one, _, _) in _COUNTED.items()},
    **{f"{noun}.other": other for noun, (_, other, _) in _COUNTED.items()},
    **{f"{noun}.of": of for noun, (_, _, of) in _COUNTED.items() if of},
    **{f"letter.{letter}": letter for letter in "abcdefghijklmnopqrstuvwxyz"},
    **_PLAIN,
    **WORDS,
}


_SILENT = {"six": "si", "huit": "yi", "dix": "di"}


def _joined(text: str) -> str:
    """The words before the last one as they are spelled, the last as phonemes."""
    for word, sound in _SILENT.items():
        if text.endswith(word):
            return f"{text.removesuffix(word).rstrip('-')} [[{sound}]]".strip()
    return text


SAY: Final[Mapping[str, str]] = {
    **{key: _joined(text) for key, text in _forms().items() if key.endswith(".joined")},
    **{f"letter.{letter}": letter.upper() for letter in "abcdefghijklmnopqrstuvwxyz"},
    "number.9.voiced": "[[n'Wv]]",
    "number.19.voiced": "[[d'izn'Wv]]",
    "tens.20": "[[v'E~t]]",
    "currency.EUR.one.n": "[[nYr'o]]",
    "currency.EUR.other.n": "[[nYr'o]]",
    "currency.EUR.other.t": "[[tYr'o]]",
    "currency.EUR.other.z": "[[zYr'o]]",
    "unit.hour.other.t": "[[t'Wr]]",
    "unit.hour.other.z": "[[z'Wr]]",
    "currency.AED.minor.one": "[[f'ils]]",
    "currency.AED.minor.other": "[[f'ils]]",
    "currency.USD.minor.one": "[[s'Ent]]",
    "currency.USD.minor.other": "[[s'Ent]]",
    "currency.XOF.one": "franc C F A",
    "currency.XOF.other": "francs C F A",
    "currency.XOF.of": "de francs C F A",
    "au-revoir": "au revoir",
}
"""What the voice is given where its spelling would mislead it (``[[…]]`` are its phonemes)."""
