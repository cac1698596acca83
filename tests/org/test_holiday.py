from __future__ import annotations

from datetime import date

import pytest

from engine.org.holiday import is_public_holiday


@pytest.mark.parametrize(
    ("day", "country", "off"),
    [
        (date(2025, 7, 14), "FR", True),
        (date(2025, 7, 15), "FR", False),
        (date(2025, 7, 14), "MA", False),
        (date(2025, 7, 30), "MA", True),
        (date(2025, 3, 31), "MA", True),  # Eid al-Fitr, by the moon
        (date(2025, 7, 4), "US", True),
        (date(2025, 1, 1), "ZZ", False),  # nobody keeps a calendar for it
    ],
)
def test_a_country_has_its_days_off(day: date, country: str, off: bool) -> None:
    assert is_public_holiday(day, country) is off
