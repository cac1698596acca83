"""Every key of the Darija dictionary and its vocalised words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from media.dictionaries.ar.words import LETTERS, spoken, unvocalised
from media.dictionaries.parts import words

_UNITS = words("صِفْر وَاحْد جُوج تْلَاتَة رَبْعَة خَمْسَة سِتَّة سَبْعَة تْمَنْيَة تَسْعُود عَشْرَة")
_SHORT = words("تَلْت رَبْع خَمْس سَتّ سَبْع تَمْن تَسْع عَشْر")
"""3-10 before "آلاف", 3-9 before "مية"."""
_TEENS = words("حْضَاش طْنَاش تْلَطَّاش رْبَعْطَاش خْمَسْطَاش سَطَّاش سْبَعْطَاش تْمَنْطَاش تْسَعْطَاش")
_TENS = words("عَشْرِين تْلَاتِين رَبْعِين خَمْسِين سَتِّين سَبْعِين تْمَانِين تَسْعِين")
_RANKS = words("اللَّوَّل التَّانِي التَّالْت الرَّابْع الخَامْس السَّادْس السَّابْع التَّامْن التَّاسْع العَاشْر")
_FEMININE_RANKS = words(
    "اللَّوْلَة التَّانْيَة التَّالْتَة الرَّابْعَة الخَامْسَة السَّادْسَة السَّابْعَة التَّامْنَة التَّاسْعَة العَاشْرَة"
)
_MONTHS = words("يَنَايِر فِبْرَايِر مَارْس أَبْرِيل مَاي يُونْيُو يُولْيُوز غُشْت شُتَنْبِر أُكْتُوبَر نُوَنْبِر دُجَنْبِر")
_WEEKDAYS = words("التْنِين التْلَات الأَرْبَع الخْمِيس الجُمْعَة السَّبْت الحَدّ")
_HOURS = words(
    "الوَحْدَة الجُوج التْلَاتَة الرَّبْعَة الخَمْسَة السِّتَّة السَّبْعَة التْمَنْيَة التَّسْعُود العَشْرَة الحْضَاش الطْنَاش"
)


@dataclass(frozen=True, slots=True)
class Noun:
    key: str
    singular: str
    plural: str
    """With its article, as it stands after "د"."""
    feminine: bool = False

    def texts(self) -> dict[str, str]:
        return {f"{self.key}.singular": self.singular, f"{self.key}.plural": self.plural}


_DIRHAM = ("دَرْهَم", "الدّْرَاهْم")
_DINAR = ("دِينَار", "الدّْنَانْر")
_CENTIME = ("سَنْتِيم", "السَّنْتِيمَات")
_CENT = ("سِنْت", "السِّنْتَات")
CURRENCIES: Final[Mapping[str, Noun]] = {
    noun.key: noun
    for noun in (
        Noun("currency.MAD", *_DIRHAM),
        Noun("currency.MAD.minor", *_CENTIME),
        Noun("currency.DZD", *_DINAR),
        Noun("currency.DZD.minor", *_CENTIME),
        Noun("currency.TND", *_DINAR),
        Noun("currency.TND.minor", "مِلِّيم", "المِلِّيمَات"),
        Noun("currency.EGP", "جُنَيْه", "الجُنَيْهَات"),
        Noun("currency.EGP.minor", "قَرْش", "القْرُوش"),
        Noun("currency.SAR", "رْيَال سُعُودِي", "الرْيَالَات السُّعُودِيَّة"),
        Noun("currency.SAR.minor", "هَلَلَة", "الهَلَلَات", feminine=True),
        Noun("currency.AED", "دَرْهَم إِمَارَاتِي", "الدّْرَاهْم الإِمَارَاتِيَّة"),
        Noun("currency.AED.minor", "فَلْس", "الفْلُوس"),
        Noun("currency.EUR", "أُورُو", "الأُورُو"),
        Noun("currency.EUR.minor", *_CENT),
        Noun("currency.USD", "دُولَار", "الدُّولَار"),
        Noun("currency.USD.minor", *_CENT),
        Noun("currency.XOF", "فْرَنْك", "الفْرَنْكَات"),
    )
}
UNITS: Final[Mapping[str, Noun]] = {
    "day": Noun("unit.day", "يُوم", "الأِيَّام"),
    "hour": Noun("unit.hour", "سَاعَة", "السّْوَايْع", feminine=True),
    "minute": Noun("unit.minute", "دْقِيقَة", "الدّْقَايْق", feminine=True),
    "second": Noun("unit.second", "تَانْيَة", "التّْوَانِي", feminine=True),
}
MILLION: Final = Noun("number.million", "مَلْيُون", "المْلَايْن")
BILLION: Final = Noun("number.billion", "مَلْيَار", "المْلَايْر")

_PLAIN = {
    "number.0": "صِفْر",
    "number.1.feminine": "وَحْدَة",
    "number.2.joined": "تْنِين",
    "number.100": "مْيَة",
    "number.100.construct": "مْيَات",
    "number.200": "مِيتِين",
    "number.thousand": "أَلْف",
    "number.thousand.dual": "أَلْفِين",
    "number.thousand.plural": "آلَاف",
    "and": "وُ",
    "of": "دْ",
    "minus": "نَاقِص",
    "point": "فَاصِلَة",
    "percent": "فِي المْيَة",
    "rank": "رَقْم",
    "year": "عَام",
    "time.clock": "السَّاعَة",
    "time.five": "قْسَم",
    "time.ten": "قَسْمَايْن",
    "time.quarter": "رْبَع",
    "time.third": "تُلُت",
    "time.half": "نَصّ",
    "time.less": "قَلّ",
    "time.morning": "دْ الصّْبَاح",
    "time.noon": "دْ النّْهَار",
    "time.evening": "دْ العْشِيَّة",
    "time.night": "دْ اللِّيل",
    "symbol.plus": "زَائِد",
    "symbol.star": "نَجْمَة",
    "symbol.hash": "دْيِيز",
    "symbol.dash": "نَاقِص",
    "symbol.dot": "نُقْطَة",
    "symbol.at": "أَرُوبَاز",
    "symbol.underscore": "تِيرِي تَحْت",
    "symbol.slash": "سْلَاش",
}
WORDS: Final[Mapping[str, str]] = {
    unvocalised(word): word
    for word in words("السَّلَام شُكْرًا عَفَاك إِيَّه لَّا اليُوم غَدَّا البَارْح الصّْبَاح العْشِيَّة بْسْلَامَة")
}
"""General words, spoken by the ``word`` audio item; the key is the word as usually written."""


def _numbers() -> dict[str, str]:
    texts = {f"number.{n}": word for n, word in enumerate(_UNITS) if n}
    texts |= {f"number.{n}.short": word for n, word in enumerate(_SHORT, 3)}
    for n, word in enumerate(_TEENS, 11):
        texts |= {f"number.{n}": word, f"number.{n}.construct": f"{word}َر"}
    texts |= {f"number.{n * 10}": word for n, word in enumerate(_TENS, 2)}
    for n, word in enumerate(_SHORT[:7], 3):
        texts |= {f"number.{n}00": f"{word} مْيَة", f"number.{n}00.construct": f"{word} مْيَات"}
    return texts


TEXT: Final[Mapping[str, str]] = {
    **_numbers(),
    **_PLAIN,
    **{f"ordinal.{n}": word for n, word in enumerate(_RANKS, 1)},
    **{f"ordinal.{n}.feminine": word for n, word in enumerate(_FEMININE_RANKS, 1)},
    **{f"month.{n}": word for n, word in enumerate(_MONTHS, 1)},
    **{f"weekday.{n}": word for n, word in enumerate(_WEEKDAYS, 1)},
    **{f"hour.{n}": word for n, word in enumerate(_HOURS, 1)},
    **{
        key: text
        for noun in (*CURRENCIES.values(), *UNITS.values(), MILLION, BILLION)
        for key, text in noun.texts().items()
    },
    **{f"letter.{letter}": name for letter, name in LETTERS.items()},
    **WORDS,
}
SAY: Final[Mapping[str, str]] = {
    **{key: say for key, text in TEXT.items() if (say := spoken(text)) != text},
    "of": "دِ",
}
"""What the Arabic voice is given where its spelling would mislead it, or leave it mute."""
