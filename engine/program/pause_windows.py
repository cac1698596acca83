"""When an organization does not want to call, by the clock on its own wall.

A weekly window closes every instant at which a clock in the organization's zone shows a time
inside it: an hour that the zone repeats is closed twice, one that it leaps over never comes. A
dated window closes the instants between two others. Ends are exclusive, 23:59 means midnight, and
a weekly window that ends before it starts runs into the next day.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, Field, model_validator

from flows.wire import Wire

DAY = 24 * 60
WEEK = 7 * DAY
FAR = datetime(2200, 1, 1, tzinfo=UTC)


class TimeOfDay(Wire):
    hour: int = Field(ge=0, le=23)
    minute: int = Field(ge=0, le=59)

    @property
    def minutes(self) -> int:
        return self.hour * 60 + self.minute


LAST_MINUTE = DAY - 1


class WeeklyWindow(Wire):
    start_at: TimeOfDay
    end_at: TimeOfDay
    """Exclusive; 23:59 is midnight, and before the start is the next day."""

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.start_at == self.end_at and self.end_at.minutes != LAST_MINUTE:
            raise ValueError("the window is empty; a whole day is 00:00 to 23:59")
        return self

    def minutes(self) -> tuple[int, int]:
        """From and to, in minutes from the day's midnight; the end may lie in the next day."""
        start, end = self.start_at.minutes, self.end_at.minutes
        if end == LAST_MINUTE:
            end = DAY
        return (start, end) if start < end else (start, end + DAY)


class DatedWindow(Wire):
    start_at: AwareDatetime
    end_at: AwareDatetime
    """Exclusive; 23:59 in the organization's zone is its midnight."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.start_at < self.end_at < FAR:
            raise ValueError("a dated window ends after it starts, and before the year 2200")
        return self


Day = tuple[WeeklyWindow, ...]
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Week(Wire):
    sunday: Day = Field(default=(), max_length=48)
    monday: Day = Field(default=(), max_length=48)
    tuesday: Day = Field(default=(), max_length=48)
    wednesday: Day = Field(default=(), max_length=48)
    thursday: Day = Field(default=(), max_length=48)
    friday: Day = Field(default=(), max_length=48)
    saturday: Day = Field(default=(), max_length=48)


class PauseWindows(Week):
    advanced: tuple[DatedWindow, ...] = Field(default=(), max_length=366)

    @model_validator(mode="after")
    def _open_at_all(self) -> Self:
        if minutes_of(self) == ((0, WEEK),):
            raise ValueError("the windows leave no minute of the week to call in")
        return self


def minutes_of(windows: Week) -> tuple[tuple[int, int], ...]:
    """Disjoint ``[from, to)`` in minutes from Monday's midnight, in order."""
    return tuple(_merge(sorted(_pieces(windows))))


def _pieces(windows: Week) -> Iterator[tuple[int, int]]:
    for day, name in enumerate(WEEKDAYS):
        for window in getattr(windows, name):
            start, end = (day * DAY + minute for minute in window.minutes())
            yield start, min(end, WEEK)
            if end > WEEK:
                yield 0, end - WEEK


def _merge(pieces: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in pieces:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


@dataclass(frozen=True, slots=True)
class Calendar:
    """The windows of one program on the wall of one zone; built once, asked often."""

    zone: ZoneInfo
    weekly: tuple[tuple[int, int], ...] = ()
    dated: tuple[tuple[datetime, datetime], ...] = ()

    @classmethod
    def of(cls, windows: PauseWindows | None, zone: ZoneInfo) -> Calendar:
        if windows is None:
            return cls(zone)
        dated = ((window.start_at, _end(window, zone)) for window in windows.advanced)
        return cls(zone, minutes_of(windows), tuple(dated))

    def closed_until(self, at: datetime) -> datetime | None:
        """``None`` while open; else the first open instant after ``at``, in UTC."""
        moment = at
        while (end := self.closed_to(moment)) is not None:
            moment = end
        return None if moment == at else moment.astimezone(UTC)

    def closed_to(self, at: datetime) -> datetime | None:
        """Some instant up to which it is surely closed, or ``None`` where it is open."""
        covering = [end for start, end in self.dated if start <= at < end]
        return max(covering) if covering else self._weekly_closed_to(at)

    def _weekly_closed_to(self, at: datetime) -> datetime | None:
        wall = at.astimezone(self.zone)
        minute = wall.weekday() * DAY + wall.hour * 60 + wall.minute
        index = bisect_right(self.weekly, (minute, WEEK)) - 1
        if index < 0 or minute >= self.weekly[index][1]:
            return None
        return ahead(self.zone, at, self.weekly[index][1] - minute)


def ahead(zone: ZoneInfo, at: datetime, minutes: int) -> datetime:
    """When the wall shows so many minutes after this one, a day on at most, or leaps before."""
    wall = at.astimezone(zone)
    passed = timedelta(seconds=wall.second, microseconds=wall.microsecond)
    # Not more than a day, so that a zone changes its offset at most once on the way.
    end = at.astimezone(UTC) + min(timedelta(minutes=minutes) - passed, timedelta(days=1))
    return _offset_change(zone, at, end) or end


def _end(window: DatedWindow, zone: ZoneInfo) -> datetime:
    wall = window.end_at.astimezone(zone)
    if wall.hour * 60 + wall.minute != LAST_MINUTE:
        return window.end_at
    midnight = datetime.combine(wall.date() + timedelta(days=1), datetime.min.time(), zone)
    return midnight.astimezone(UTC)


def _offset_change(zone: ZoneInfo, start: datetime, end: datetime) -> datetime | None:
    """The first instant of the offset that holds at ``end``, where it is not that of ``start``."""

    def offset(second: int) -> timedelta | None:
        return datetime.fromtimestamp(second, zone).utcoffset()

    low, high = int(start.timestamp()), int(end.timestamp())
    if offset(low) == offset(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if offset(middle) == offset(high) else (middle, high)
    return datetime.fromtimestamp(high, UTC)
