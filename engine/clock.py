"""The one place where the engine asks what time it is.

Pure modules take the instant as an argument; shells hold a ``Clock``. ``now`` is wall time in UTC,
for calendars and rows; ``monotonic`` is seconds for timers. A test or a rehearsal passes a
``VirtualClock``.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """Wall time, aware, UTC."""

    def monotonic(self) -> float:
        """Seconds, never going back."""


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


@dataclass(slots=True)
class VirtualClock:
    """Time that moves when it is told to."""

    current: datetime

    def now(self) -> datetime:
        return self.current

    def monotonic(self) -> float:
        return self.current.timestamp()

    def advance(self, by: timedelta) -> datetime:
        self.current += by
        return self.current
