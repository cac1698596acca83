"""Month names by country: common (Egypt, the Gulf), Moroccan, Algerian and Tunisian, Levantine."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

from media.dictionaries.parts import words

_COMMON = words("يَنَايِر فِبْرَايِر مَارِس أَبْرِيل مَايُو يُونْيُو يُولْيُو أَغُسْطُس سِبْتَمْبِر أُكْتُوبَر نُوفَمْبِر دِيسَمْبِر")
_MOROCCO = {5: "مَاي", 7: "يُولْيُوز", 8: "غُشْت", 9: "شُتَنْبِر", 11: "نُوَنْبِر", 12: "دُجَنْبِر"}
_ALGERIA = {
    1: "جَانْفِي",
    2: "فِيفْرِي",
    3: "مَارْس",
    4: "أَفْرِيل",
    5: "مَاي",
    6: "جُوَان",
    7: "جْوِيلْيَة",
    8: "أُوت",
}
_LEVANT = {
    1: "كَانُون الثَّانِي",
    2: "شُبَاط",
    3: "آذَار",
    4: "نِيسَان",
    5: "أَيَّار",
    6: "حَزِيرَان",
    7: "تَمُّوز",
    8: "آب",
    9: "أَيْلُول",
    10: "تِشْرِين الأَوَّل",
    11: "تِشْرِين الثَّانِي",
    12: "كَانُون الأَوَّل",
}


class Calendar(Enum):
    """The suffix of the month keys that differ from the common ones."""

    COMMON = ""
    MOROCCO = "morocco"
    ALGERIA = "algeria"
    LEVANT = "levant"


_OWN_NAMES: Final[Mapping[Calendar, Mapping[int, str]]] = {
    Calendar.COMMON: {},
    Calendar.MOROCCO: _MOROCCO,
    Calendar.ALGERIA: _ALGERIA,
    Calendar.LEVANT: _LEVANT,
}
MONTH_TEXTS: Final[Mapping[str, str]] = {
    **{f"month.{n}": name for n, name in enumerate(_COMMON, 1)},
    **{
        f"month.{n}.{calendar.value}": name
        for calendar, names in _OWN_NAMES.items()
        for n, name in names.items()
    },
}
WEEKDAY_TEXTS: Final[Mapping[str, str]] = {
    f"weekday.{n}": name
    for n, name in enumerate(
        words("الاثْنَيْن الثُّلَاثَاء الأَرْبِعَاء الخَمِيس الجُمُعَة السَّبْت الأَحَد"),
        1,
    )
}
"""ISO: Monday is 1."""


def month_key(month: int, calendar: Calendar) -> str:
    own = month in _OWN_NAMES[calendar]
    return f"month.{month}.{calendar.value}" if own else f"month.{month}"
