from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.program.pause_windows import WEEKDAYS, Calendar, PauseWindows

MINUTE = timedelta(minutes=1)

ODD_DAYS = [
    ("Africa/Casablanca", datetime(2025, 2, 22, tzinfo=UTC)),  # Ramadan begins: an hour back
    ("Africa/Casablanca", datetime(2025, 4, 5, tzinfo=UTC)),
    ("Europe/Paris", datetime(2025, 3, 29, tzinfo=UTC)),
    ("Europe/Paris", datetime(2025, 10, 25, tzinfo=UTC)),
    ("America/New_York", datetime(2025, 11, 1, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2025, 4, 5, tzinfo=UTC)),  # half an hour
    ("Africa/Cairo", datetime(2025, 4, 24, tzinfo=UTC)),  # leaps over midnight
    ("Asia/Kathmandu", datetime(2025, 6, 1, tzinfo=UTC)),  # +05:45
    ("Pacific/Apia", datetime(2011, 12, 29, tzinfo=UTC)),  # a day that never was
]


def time_of_day(minute: int) -> dict[str, int]:
    return {"hour": minute // 60, "minute": minute % 60}


def weekly(start: int, end: int) -> dict[str, object]:
    return {"startAt": time_of_day(start), "endAt": time_of_day(end)}


class Oracle:
    """The rule as a sentence says it, asked minute by minute."""

    def __init__(self, windows: PauseWindows, zone: ZoneInfo) -> None:
        self.windows, self.zone = windows, zone

    def closed(self, at: datetime) -> bool:
        wall = at.astimezone(self.zone)
        minute = wall.hour * 60 + wall.minute
        today = getattr(self.windows, WEEKDAYS[wall.weekday()])
        yesterday = getattr(self.windows, WEEKDAYS[wall.weekday() - 1])
        return (
            any(start <= minute < end for start, end in map(self.minutes, today))
            or any(minute < end - 1440 for _, end in map(self.minutes, yesterday))
            or any(self.covers(one, at) for one in self.windows.advanced)
        )

    @staticmethod
    def minutes(window: object) -> tuple[int, int]:
        start = window.start_at.hour * 60 + window.start_at.minute
        end = window.end_at.hour * 60 + window.end_at.minute
        end = 1440 if end == 1439 else end
        return (start, end) if end > start else (start, end + 1440)

    def covers(self, window: object, at: datetime) -> bool:
        if not window.start_at <= at:
            return False
        end = window.end_at
        if end.astimezone(self.zone).strftime("%H:%M") == "23:59":
            day = end.astimezone(self.zone).date()
            while end.astimezone(self.zone).date() == day:
                end = end.astimezone(UTC).replace(second=0) + MINUTE
        return at < end

    def closed_until(self, at: datetime) -> datetime | None:
        if not self.closed(at):
            return None
        at = at.replace(second=0, microsecond=0)
        while self.closed(at):
            at += MINUTE
        return at


minutes_of_day = st.one_of(st.integers(0, 1439), st.sampled_from([0, 60, 90, 120, 150, 180, 1439]))
weekly_windows = (
    st.tuples(minutes_of_day, minutes_of_day)
    .filter(lambda pair: pair[0] != pair[1])
    .map(lambda pair: weekly(*pair))
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[PauseWindows, ZoneInfo, datetime]:
    name, day = draw(st.sampled_from(ODD_DAYS))
    zone = ZoneInfo(name)
    raw: dict[str, object] = {
        weekday: draw(st.lists(weekly_windows, max_size=2))
        for weekday in draw(st.sets(st.sampled_from(WEEKDAYS), max_size=5))
    }
    offsets = st.integers(0, 3 * 1440)
    raw["advanced"] = [
        {"startAt": day + start * MINUTE, "endAt": day + (start + length) * MINUTE}
        for start, length in draw(st.lists(st.tuples(offsets, st.integers(1, 2000)), max_size=2))
    ]
    at = day + draw(offsets) * MINUTE + timedelta(seconds=draw(st.integers(0, 59)))
    return PauseWindows.model_validate(raw), zone, at


@settings(max_examples=150, deadline=None)
@given(cases())
def test_the_calendar_agrees_with_a_minute_by_minute_oracle(
    case: tuple[PauseWindows, ZoneInfo, datetime],
) -> None:
    windows, zone, at = case
    assert Calendar.of(windows, zone).closed_until(at) == Oracle(windows, zone).closed_until(at)


def calendar(zone: str = "Africa/Casablanca", **windows: object) -> Calendar:
    return Calendar.of(PauseWindows.model_validate(windows), ZoneInfo(zone))


MONDAY = datetime(2025, 6, 2, tzinfo=UTC)  # Casablanca is at UTC+1


def test_an_end_is_exclusive_and_23_59_is_midnight() -> None:
    office = calendar(monday=[weekly(12 * 60, 13 * 60), weekly(20 * 60, 1439)])
    assert office.closed_until(MONDAY.replace(hour=12)) is None
    assert office.closed_until(MONDAY.replace(hour=11, minute=59, second=59)) == MONDAY.replace(
        hour=12
    )
    assert office.closed_until(MONDAY.replace(hour=22, minute=59)) == MONDAY.replace(hour=23)


def test_an_end_before_its_start_runs_into_the_next_day() -> None:
    night = calendar(sunday=[weekly(21 * 60, 8 * 60)])
    assert night.closed_until(MONDAY) == MONDAY.replace(hour=7)


def test_adjoining_windows_are_one_wait() -> None:
    weekend = calendar(
        saturday=[weekly(0, 1439)], sunday=[weekly(0, 1439)], monday=[weekly(0, 9 * 60)]
    )
    saturday_noon = datetime(2025, 5, 31, 11, tzinfo=UTC)
    assert weekend.closed_until(saturday_noon) == MONDAY.replace(hour=8)


def test_no_windows_are_always_open() -> None:
    assert Calendar.of(None, ZoneInfo("UTC")).closed_until(MONDAY) is None


@pytest.mark.parametrize(
    "windows",
    [
        {day: [weekly(0, 1439)] for day in WEEKDAYS},
        {"monday": [weekly(60, 60)]},
        {"monday": [{"startAt": {"hour": 24, "minute": 0}, "endAt": {"hour": 1, "minute": 0}}]},
        {"advanced": [{"startAt": "2025-01-02T00:00:00Z", "endAt": "2025-01-01T00:00:00Z"}]},
        {"advanced": [{"startAt": "2025-01-02T00:00:00", "endAt": "2025-01-03T00:00:00"}]},
        {"advanced": [{"startAt": "2025-01-02T00:00:00Z", "endAt": "9999-12-31T23:59:59Z"}]},
        {"lunch": []},
    ],
)
def test_windows_that_cannot_be_meant_are_refused(windows: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PauseWindows.model_validate(windows)
