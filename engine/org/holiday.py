"""Public holidays: the days a whole country has off, by the ``holidays`` package's calendars."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import holidays


def is_public_holiday(day: date, country: str) -> bool:
    """National ones alone, those of the moon as estimated; never for a country without a calendar.

    ``country`` is ISO 3166 alpha-2.
    """
    return day in _of_year(country, day.year)


@lru_cache(maxsize=1024)
def _of_year(country: str, year: int) -> frozenset[date]:
    try:
        return frozenset(holidays.country_holidays(country, years=year))
    except NotImplementedError:
        return frozenset()
