"""When a telephone may ring, by the clock on the callee's wall.

Nobody knows where a number is; all that is known is the zones it may lie in. So it may ring when it
is within hours in every one of them. A zone that the contact states itself stands before those. A
number of many zones (+1 800 has 42) may have no hour in common: then the organization's zone
counts, or the contact is skipped, as the program says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, model_validator

from engine.org.holiday import is_public_holiday
from engine.org.phone import country_of, zones_of
from engine.program.pause_windows import DAY, WEEK, Calendar, Week, ahead, minutes_of

COMMON_WITHIN = timedelta(days=7)
"""Hours repeat by the week: zones that share none in one share none at all."""

OPEN_WITHIN = timedelta(days=60)
"""No country has more days off in a row."""


class CallingHours(Week):
    """Hours of each weekday in which a telephone may ring; a day without any is closed."""

    public_holidays: Literal["call", "rest"] = "call"
    """Those of the number's country; the organization's where the number has none."""
    zone_attribute: str | None = Field(default=None, min_length=1, max_length=64)
    """Slug of a contact's attribute with the IANA name of its zone."""
    without_common_hour: Literal["organization", "skip"] = "organization"
    """Where the zones of a number share no hour, or none is known."""

    @model_validator(mode="after")
    def _open_at_all(self) -> Self:
        if not minutes_of(self):
            raise ValueError("the hours leave no minute of the week to call in")
        return self


@dataclass(frozen=True, slots=True)
class CallingClock:
    """The hours of one program; built once, asked for every contact."""

    hours: CallingHours
    zone: ZoneInfo
    """The organization's."""
    country: str
    """The organization's, ISO 3166 alpha-2."""
    calendars: dict[str, Calendar] = field(default_factory=dict)

    def next_open(
        self, number: str, attributes: Mapping[str, object], at: datetime
    ) -> datetime | None:
        """The first instant, ``at`` or later, at which the number (E.164) may ring.

        ``None``: it never may, for want of an hour that its zones share.
        """
        walls = self._walls(number, attributes)
        if not walls or first_open(walls, None, at, COMMON_WITHIN) is None:
            if self.hours.without_common_hour == "skip":
                return None
            walls = [self._on_wall_of(self.zone)]
        country = country_of(number) or self.country
        rests = self.hours.public_holidays == "rest"
        return first_open(walls, country if rests else None, at, OPEN_WITHIN)

    def _walls(self, number: str, attributes: Mapping[str, object]) -> list[Calendar]:
        stated = attributes.get(self.hours.zone_attribute or "")
        if isinstance(stated, str) and (wall := self.wall(stated)) is not None:
            return [wall]
        return [wall for zone in zones_of(number) if (wall := self.wall(zone)) is not None]

    def wall(self, name: str) -> Calendar | None:
        """When it is closed on the wall of a zone; ``None`` where there is no such zone."""
        if name not in self.calendars:
            try:
                zone = ZoneInfo(name)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                return None
            self.calendars[name] = self._on_wall_of(zone)
        return self.calendars[name]

    def _on_wall_of(self, zone: ZoneInfo) -> Calendar:
        return Calendar(zone, _complement(minutes_of(self.hours)))


def first_open(
    walls: Sequence[Calendar], country: str | None, at: datetime, within: timedelta
) -> datetime | None:
    """The first instant that is open on all walls, on none of them a day off of ``country``."""
    moment = at
    while moment < at + within:
        closed = [end for wall in walls if (end := _closed_to(wall, country, moment)) is not None]
        if not closed:
            return moment
        moment = max(closed)
    return None


def _closed_to(calendar: Calendar, country: str | None, at: datetime) -> datetime | None:
    wall = at.astimezone(calendar.zone)
    if country is not None and is_public_holiday(wall.date(), country):
        return ahead(calendar.zone, at, DAY - wall.hour * 60 - wall.minute)
    return calendar.closed_to(at)


def _complement(minutes: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """What a week's disjoint ``[from, to)`` leave of it, in order."""
    edges = [0, *(edge for piece in minutes for edge in piece), WEEK]
    gaps = zip(edges[::2], edges[1::2], strict=True)
    return tuple((start, end) for start, end in gaps if start < end)
