"""The counted nouns of Arabic: their gender and the five forms a number can ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Noun:
    key: str
    singular: str
    dual: str
    plural: str
    accusative: str
    """Accusative singular, with its tanwin."""
    feminine: bool = False
    few: bool = False
    """Never counted to a hundred, so never annexed: a centime, an hour of the day."""

    def texts(self) -> dict[str, str]:
        """Each form's key and words; in pause the genitive sounds as the nominative."""
        genitive = {} if self.few else {f"{self.key}.genitive": self.singular}
        return {
            **genitive,
            f"{self.key}.singular": self.singular,
            f"and.{self.key}.singular": f"وَ{self.singular}",
            f"{self.key}.dual": self.dual,
            f"and.{self.key}.dual": f"وَ{self.dual}",
            f"{self.key}.plural": self.plural,
            f"{self.key}.accusative": self.accusative,
        }


_DIRHAM = ("دِرْهَم", "دِرْهَمَان", "دَرَاهِم", "دِرْهَمًا")
_DINAR = ("دِينَار", "دِينَارَان", "دَنَانِير", "دِينَارًا")
_CENTIME = ("سَنْتِيم", "سَنْتِيمَان", "سَنْتِيمَات", "سَنْتِيمًا")
_CENT = ("سِنْت", "سِنْتَان", "سِنْتَات", "سِنْتًا")

CURRENCIES: Final[Mapping[str, Noun]] = {
    noun.key: noun
    for noun in (
        Noun("currency.MAD", *_DIRHAM),
        Noun("currency.MAD.minor", *_CENTIME, few=True),
        Noun("currency.DZD", *_DINAR),
        Noun("currency.DZD.minor", *_CENTIME, few=True),
        Noun("currency.TND", *_DINAR),
        Noun("currency.TND.minor", "مِلِّيم", "مِلِّيمَان", "مِلِّيمَات", "مِلِّيمًا"),
        Noun("currency.EGP", "جُنَيْه", "جُنَيْهَان", "جُنَيْهَات", "جُنَيْهًا"),
        Noun("currency.EGP.minor", "قِرْش", "قِرْشَان", "قُرُوش", "قِرْشًا", few=True),
        Noun("currency.SAR", "رِيَال", "رِيَالَان", "رِيَالَات", "رِيَالًا"),
        Noun("currency.SAR.minor", "هَلَلَة", "هَلَلَتَان", "هَلَلَات", "هَلَلَةً", feminine=True, few=True),
        Noun("currency.AED", *_DIRHAM),
        Noun("currency.AED.minor", "فِلْس", "فِلْسَان", "فُلُوس", "فِلْسًا", few=True),
        Noun("currency.EUR", "يُورُو", "يُورُو اثْنَان", "يُورُو", "يُورُو"),
        Noun("currency.EUR.minor", *_CENT, few=True),
        Noun("currency.USD", "دُولَار", "دُولَارَان", "دُولَارَات", "دُولَارًا"),
        Noun("currency.USD.minor", *_CENT, few=True),
        Noun("currency.XOF", "فَرَنْك", "فَرَنْكَان", "فَرَنْكَات", "فَرَنْكًا"),
    )
}
UNITS: Final[Mapping[str, Noun]] = {
    "day": Noun("unit.day", "يَوْم", "يَوْمَان", "أَيَّام", "يَوْمًا"),
    "hour": Noun("unit.hour", "سَاعَة", "سَاعَتَان", "سَاعَات", "سَاعَةً", feminine=True, few=True),
    "minute": Noun("unit.minute", "دَقِيقَة", "دَقِيقَتَان", "دَقَائِق", "دَقِيقَةً", feminine=True, few=True),
    "second": Noun("unit.second", "ثَانِيَة", "ثَانِيَتَان", "ثَوَانٍ", "ثَانِيَةً", feminine=True),
}
THOUSAND: Final = Noun("number.thousand", "أَلْف", "أَلْفَان", "آلَاف", "أَلْفًا")
MILLION: Final = Noun("number.million", "مِلْيُون", "مِلْيُونَان", "مَلَايِين", "مِلْيُونًا")
BILLION: Final = Noun("number.billion", "مِلْيَار", "مِلْيَارَان", "مِلْيَارَات", "مِلْيَارًا")
SCALES: Final = (None, THOUSAND, MILLION, BILLION)
"""By power of 1000."""


def construct_texts(scale: Noun) -> dict[str, str]:
    """A scale word annexed to the noun it counts: vowel kept, nun and tanwin lost."""
    dual = scale.dual.removesuffix("ن")
    return {
        f"{scale.key}.singular.construct": f"{scale.singular}ُ",
        f"and.{scale.key}.singular.construct": f"وَ{scale.singular}ُ",
        f"{scale.key}.genitive.construct": f"{scale.singular}ِ",
        f"{scale.key}.dual.construct": dual,
        f"and.{scale.key}.dual.construct": f"وَ{dual}",
        f"{scale.key}.plural.construct": f"{scale.plural}ِ",
        f"{scale.key}.accusative.construct": f"{scale.singular}َ",
    }
