"""Every key of the Arabic dictionary and its fully vocalised words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from media.dictionaries.parts import words

from .calendar import MONTH_TEXTS, WEEKDAY_TEXTS
from .nouns import CURRENCIES, SCALES, UNITS, construct_texts

_MASCULINE = words("ثَلَاثَة أَرْبَعَة خَمْسَة سِتَّة سَبْعَة ثَمَانِيَة تِسْعَة عَشَرَة")
"""3-10 with a masculine noun."""
_FEMININE = words("ثَلَاث أَرْبَع خَمْس سِتّ سَبْع ثَمَانٍ تِسْع عَشْر")
_FEMININE_CONSTRUCT = words("ثَلَاثُ أَرْبَعُ خَمْسُ سِتُّ سَبْعُ ثَمَانِي تِسْعُ عَشْرُ")
_TEENS = words("أَحَدَ اثْنَا ثَلَاثَةَ أَرْبَعَةَ خَمْسَةَ سِتَّةَ سَبْعَةَ ثَمَانِيَةَ تِسْعَةَ")
_FEMININE_TEENS = words("إِحْدَى اثْنَتَا ثَلَاثَ أَرْبَعَ خَمْسَ سِتَّ سَبْعَ ثَمَانِيَ تِسْعَ")
_TENS = words("عِشْر ثَلَاث أَرْبَع خَمْس سِتّ سَبْع ثَمَان تِسْع")
_HUNDREDS = words("ثَلَاثُ أَرْبَعُ خَمْسُ سِتُّ سَبْعُ ثَمَانِ تِسْعُ")
_RANKS = words("ثَّانِي ثَّالِث رَّابِع خَامِس سَّادِس سَّابِع ثَّامِن تَّاسِع عَاشِر")
"""2-10, after their article."""


def _with_and(texts: Mapping[str, str]) -> dict[str, str]:
    return {**texts, **{f"and.{key}": f"وَ{text}" for key, text in texts.items()}}


def _units() -> dict[str, str]:
    texts = {
        "number.1": "وَاحِد",
        "number.2": "اثْنَان",
        "number.1.feminine": "وَاحِدَة",
        "number.2.feminine": "اثْنَتَان",
        "number.1.feminine.joined": "إِحْدَى",
    }
    for n, (with_ta, without, annexed) in enumerate(
        zip(_MASCULINE, _FEMININE, _FEMININE_CONSTRUCT, strict=True), 3
    ):
        texts[f"number.{n}"] = with_ta
        texts[f"number.{n}.feminine"] = without
        texts[f"number.{n}.construct"] = f"{with_ta}ُ"
        texts[f"number.{n}.feminine.construct"] = annexed
    return texts


def _teens() -> dict[str, str]:
    masculine = {f"number.{n}": f"{unit} عَشَر" for n, unit in enumerate(_TEENS, 11)}
    feminine = {
        f"number.{n}.feminine": f"{unit} عَشْرَة" for n, unit in enumerate(_FEMININE_TEENS, 11)
    }
    return {**masculine, **feminine}


def _hundreds() -> dict[str, str]:
    texts = {
        "number.100": "مِئَة",
        "number.100.construct": "مِئَةُ",
        "number.200": "مِئَتَان",
        "number.200.construct": "مِئَتَا",
    }
    for n, unit in enumerate(_HUNDREDS, 3):
        texts[f"number.{n}00"] = f"{unit}مِئَة"
        texts[f"number.{n}00.construct"] = f"{unit}مِئَةِ"
    return texts


def _year_genitives() -> dict[str, str]:
    """What a year needs in the genitive; all else sounds the same in pause."""
    texts = {
        "number.thousand.dual.oblique": "أَلْفَيْن",
        "and.number.2.oblique": "وَاثْنَيْن",
        "and.number.12.oblique": "وَاثْنَيْ عَشَر",
        "and.number.200.oblique": "وَمِئَتَيْن",
    }
    tens = {f"and.number.{n}0.oblique": f"وَ{stem}ِين" for n, stem in enumerate(_TENS, 2)}
    hundreds = {
        f"and.number.{n}00.oblique": f"وَ{_genitive(unit)}مِئَة" for n, unit in enumerate(_HUNDREDS, 3)
    }
    return {**texts, **tens, **hundreds}


def _ordinals() -> dict[str, str]:
    texts = {
        "ordinal.1": "الأَوَّل",
        "ordinal.1.feminine": "الأُولَى",
        "ordinal.1.joined": "الحَادِي",
        "ordinal.1.feminine.joined": "الحَادِيَة",
        "ordinal.11": "الحَادِيَ عَشَر",
        "ordinal.11.feminine": "الحَادِيَةَ عَشْرَة",
        "ordinal.100": "المِئَة",
        "ordinal.200": "المِئَتَان",
        "ordinal.200.oblique": "المِئَتَيْن",
    }
    for n, rank in enumerate(_RANKS, 2):
        feminine = f"ال{rank}َة"
        texts[f"ordinal.{n}"] = f"ال{rank}"
        texts[f"ordinal.{n}.feminine"] = feminine
        if n < 10:
            accusative = f"ال{rank}َ"
            texts[f"ordinal.{n + 10}"] = f"{accusative} عَشَر"
            texts[f"ordinal.{n + 10}.feminine"] = f"{feminine}َ عَشْرَة"
    for n, unit in enumerate(_HUNDREDS, 3):
        texts[f"ordinal.{n}00"] = f"ال{_doubled(unit)}مِئَة"
        texts[f"ordinal.{n}00.oblique"] = f"ال{_genitive(_doubled(unit))}مِئَة"
    tens = {f"ordinal.{n}0": f"ال{_doubled(stem)}ُون" for n, stem in enumerate(_TENS, 2)}
    return {**texts, **_with_and(tens)}


def _genitive(unit: str) -> str:
    return unit.replace("ُ", "ِ")


def _doubled(word: str) -> str:
    """Shadda on a sun letter after the article."""
    return f"{word[0]}ّ{word[1:]}" if word[0] in _SUN else word


_SUN: Final = frozenset("تثدذرزسشصضطظلن")
_PLAIN = {
    "minus": "سَالِب",
    "point": "فَاصِلَة",
    "percent": "بِالمِئَة",
    "from": "مِنْ",
    "year": "عَامَ",
    "after": "بَعْدَ",
    "time.clock": "السَّاعَةُ",
    "hour.1": "الوَاحِدَة",
    "time.half": "وَالنِّصْف",
    "time.quarter": "وَالرُّبْع",
    "time.third": "وَالثُّلُث",
    "time.to-quarter": "إِلَّا رُبْعًا",
    "time.morning": "صَبَاحًا",
    "time.noon": "ظُهْرًا",
    "time.evening": "مَسَاءً",
    "time.night": "لَيْلًا",
    "symbol.plus": "زَائِد",
    "symbol.star": "نَجْمَة",
    "symbol.hash": "مُرَبَّع",
    "symbol.dash": "شَرْطَة",
    "symbol.dot": "نُقْطَة",
    "symbol.at": "آت",
    "symbol.underscore": "شَرْطَة سُفْلِيَّة",
    "symbol.slash": "شَرْطَة مَائِلَة",
}
LETTERS: Final[Mapping[str, str]] = {
    **dict(
        zip(
            "ابتثجحخدذرزسشصضطظعغفقكلمنهويء",
            words(
                "أَلِف بَاء تَاء ثَاء جِيم حَاء خَاء دَال ذَال رَاء زَاي سِين شِين صَاد ضَاد طَاء ظَاء عَيْن"
                " غَيْن فَاء قَاف كَاف لَام مِيم نُون هَاء وَاو يَاء هَمْزَة"
            ),
            strict=True,
        )
    ),
    "أ": "أَلِف هَمْزَة",
    "إ": "أَلِف تَحْتَهَا هَمْزَة",
    "آ": "أَلِف مَدَّة",
    "ؤ": "وَاو هَمْزَة",
    "ئ": "يَاء هَمْزَة",
    "ة": "تَاء مَرْبُوطَة",
    "ى": "أَلِف مَقْصُورَة",
    **dict(
        zip(
            "abcdefghijklmnopqrstuvwxyz",
            words(
                "إِيه بِي سِي دِي إِي إِف جِي إِتْش آي جِيه كِيه إِل إِم إِن أُو بِي كِيُو آر إِس تِي يُو فِي"
                " دَبِلْيُو إِكْس وَاي زِد"
            ),
            strict=True,
        )
    ),
}
"""Latin letters have their English names, as in Arabic speech."""
_HARAKAT: Final = re.compile("[\u064b-\u0652]")


def unvocalised(text: str) -> str:
    """As it is usually written: without vowel signs, tanwin, shadda and sukun."""
    return _HARAKAT.sub("", text)


WORDS: Final[Mapping[str, str]] = {
    unvocalised(word): word for word in words("مَرْحَبًا شُكْرًا نَعَم لَا اليَوْم غَدًا أَمْس صَبَاحًا مَسَاءً")
}
"""General words, spoken by the ``word`` audio item; the key is the word as usually written."""


def _nouns() -> Iterable[tuple[str, str]]:
    for noun in (*CURRENCIES.values(), *UNITS.values()):
        yield from noun.texts().items()
    for scale in SCALES[1:]:
        if scale:
            yield from {**scale.texts(), **construct_texts(scale)}.items()


TEXT: Final[Mapping[str, str]] = {
    "number.0": "صِفْر",
    "number.0.construct": "صِفْرُ",
    **_with_and(_units()),
    **_with_and(_teens()),
    **_with_and({f"number.{n}0": f"{stem}ُون" for n, stem in enumerate(_TENS, 2)}),
    **_with_and(_hundreds()),
    **_year_genitives(),
    **_ordinals(),
    **MONTH_TEXTS,
    **WEEKDAY_TEXTS,
    **dict(_nouns()),
    **{f"letter.{letter}": name for letter, name in LETTERS.items()},
    **_PLAIN,
    **WORDS,
}


_SHADDA: Final = "\u0651"


def spoken(text: str) -> str:
    """Respelled for a voice that reads ة as t, ال after "وَ" as a long a, and doubles twice."""
    text = re.sub(f"([\u064b-\u0650]){_SHADDA}", rf"{_SHADDA}\1", text)
    text = re.sub("ة(?= |$)", "", text)
    text = re.sub(f"(وَ|بِ)ال(.{_SHADDA})", r"\1\2", text)
    text = re.sub("(وَ|بِ)ال", r"\1لْ", text)
    text = re.sub(f"(^| )ال(.){_SHADDA}", r"\1ال\2", text)
    text = re.sub(f"([وي]){_SHADDA}", r"\1ْ\1", text)
    return text.replace("وَاثْن", "وَثْن").replace("نُوَنْ", "نُووَنْ")


SAY: Final[Mapping[str, str]] = {
    key: say for key, text in TEXT.items() if (say := spoken(text)) != text
}
"""What the voice is given where its spelling would mislead it."""
