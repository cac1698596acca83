from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.org.holiday import is_public_holiday
from engine.program.calling_hours import CallingClock, CallingHours, first_open
from engine.program.pause_windows import WEEKDAYS
from tests.program.test_pause_windows import MINUTE, ODD_DAYS, minutes_of_day, weekly

MONDAY = datetime(2025, 6, 2, tzinfo=UTC)
OFFICE = {day: [weekly(9 * 60, 18 * 60)] for day in WEEKDAYS[:5]}
TOLL_FREE = "+18005550100"
NEW_YORK = "+12125550100"
MOROCCO = "+212612345678"
SATELLITE = "+881612345678"


def clock(zone: str = "Africa/Casablanca", country: str = "MA", **hours: object) -> CallingClock:
    return CallingClock(CallingHours.model_validate(hours or OFFICE), ZoneInfo(zone), country)


class Oracle:
    """Within hours on every wall, and no wall's day is a holiday: asked minute by minute."""

    def __init__(self, hours: CallingHours, zones: list[str], country: str | None) -> None:
        self.hours, self.country = hours, country
        self.zones = [ZoneInfo(zone) for zone in zones]

    def open(self, at: datetime) -> bool:
        return all(self.open_on(zone, at) for zone in self.zones)

    def open_on(self, zone: ZoneInfo, at: datetime) -> bool:
        wall = at.astimezone(zone)
        if self.country and is_public_holiday(wall.date(), self.country):
            return False
        minute = wall.hour * 60 + wall.minute
        today = getattr(self.hours, WEEKDAYS[wall.weekday()])
        yesterday = getattr(self.hours, WEEKDAYS[wall.weekday() - 1])
        return any(start <= minute < end for start, end in map(self.minutes, today)) or any(
            minute < end - 1440 for _, end in map(self.minutes, yesterday)
        )

    @staticmethod
    def minutes(window: object) -> tuple[int, int]:
        start = window.start_at.hour * 60 + window.start_at.minute
        end = window.end_at.hour * 60 + window.end_at.minute
        end = 1440 if end == 1439 else end
        return (start, end) if end > start else (start, end + 1440)

    def first_open(self, at: datetime, within: timedelta) -> datetime | None:
        end, start = at + within, at
        while at < end:
            if self.open(at):
                return at
            at = max(start, at.replace(second=0, microsecond=0) + MINUTE)
        return None


windows = (
    st.tuples(minutes_of_day, minutes_of_day)
    .filter(lambda pair: pair[0] != pair[1])
    .map(lambda pair: weekly(*pair))
)
FEASTS = [
    ("Europe/Paris", datetime(2025, 7, 13, tzinfo=UTC), "FR"),
    ("America/St_Johns", datetime(2006, 10, 28, tzinfo=UTC), "CA"),  # back over midnight
    ("Africa/Casablanca", datetime(2025, 3, 30, tzinfo=UTC), "MA"),
    ("Pacific/Apia", datetime(2011, 12, 25, tzinfo=UTC), "WS"),
]


@st.composite
def cases(draw: st.DrawFn) -> tuple[CallingHours, list[str], str | None, datetime]:
    plain = st.sampled_from(ODD_DAYS).map(lambda odd: (*odd, None))
    name, day, country = draw(st.one_of(plain, st.sampled_from(FEASTS)))
    others = st.sampled_from(["America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"])
    zones = list({name, *draw(st.lists(others, max_size=2))})
    raw = {
        weekday: draw(st.lists(windows, min_size=1, max_size=2))
        for weekday in draw(st.sets(st.sampled_from(WEEKDAYS), min_size=1))
    }
    at = day + draw(st.integers(0, 3 * 1440)) * MINUTE + timedelta(seconds=draw(st.integers(0, 59)))
    return CallingHours.model_validate(raw), zones, country, at


@settings(max_examples=120, deadline=None)
@given(cases())
def test_the_hours_agree_with_a_minute_by_minute_oracle(
    case: tuple[CallingHours, list[str], str | None, datetime],
) -> None:
    hours, zones, country, at = case
    within = timedelta(days=4)
    on_walls = CallingClock(hours, ZoneInfo("UTC"), "MA")
    told = first_open([on_walls.wall(zone) for zone in zones], country, at, within)
    assert told == Oracle(hours, zones, country).first_open(at, within)


def test_a_number_rings_within_hours_of_its_own_wall() -> None:
    assert clock().next_open(MOROCCO, {}, MONDAY) == MONDAY.replace(hour=8)
    assert clock().next_open(NEW_YORK, {}, MONDAY) == MONDAY.replace(hour=13)
    noon = MONDAY.replace(hour=15, minute=7, second=3)
    assert clock().next_open(NEW_YORK, {}, noon) == noon


def test_ramadan_moves_the_hours_of_morocco() -> None:
    ramadan = datetime(2025, 3, 10, tzinfo=UTC)
    assert clock().next_open(MOROCCO, {}, ramadan) == ramadan.replace(hour=9)


def test_a_stated_zone_stands_before_the_number() -> None:
    stated = clock(**OFFICE, zoneAttribute="zone")
    paris = {"zone": "Europe/Paris"}
    assert stated.next_open(NEW_YORK, paris, MONDAY) == MONDAY.replace(hour=7)
    for nonsense in ("Mars/Base", "../etc", "America", "", 7, None):
        opens = stated.next_open(NEW_YORK, {"zone": nonsense}, MONDAY)
        assert opens == MONDAY.replace(hour=13)


@pytest.mark.parametrize("number", [TOLL_FREE, SATELLITE])
def test_without_a_common_hour_the_organization_or_nobody_decides(number: str) -> None:
    assert clock().next_open(number, {}, MONDAY) == MONDAY.replace(hour=8)
    skips = clock(**OFFICE, withoutCommonHour="skip")
    assert skips.next_open(number, {}, MONDAY) is None


def test_holidays_are_those_of_the_numbers_country() -> None:
    rests = clock(**OFFICE, publicHolidays="rest")
    bastille = datetime(2025, 7, 14, tzinfo=UTC)
    tomorrow = bastille + timedelta(days=1)
    assert rests.next_open("+33612345678", {}, bastille) == tomorrow.replace(hour=7)
    assert rests.next_open(MOROCCO, {}, bastille) == bastille.replace(hour=8)
    throne_day = datetime(2025, 7, 30, tzinfo=UTC)
    assert rests.next_open(SATELLITE, {}, throne_day).day == 31
    assert clock().next_open(MOROCCO, {}, throne_day).day == 30


def test_days_off_in_a_row_do_not_make_a_contact_unreachable() -> None:
    mondays = clock(monday=[weekly(9 * 60, 18 * 60)], publicHolidays="rest")
    easter = datetime(2025, 4, 21, tzinfo=UTC)
    assert mondays.next_open("+33612345678", {}, easter) == datetime(2025, 4, 28, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    "raw", [{}, {"monday": []}, {"monday": [weekly(60, 60)]}, {**OFFICE, "publicHolidays": "maybe"}]
)
def test_hours_that_cannot_be_meant_are_refused(raw: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        CallingHours.model_validate(raw)
