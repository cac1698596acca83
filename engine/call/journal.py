"""What happens on a call, written down as it happens: the events and the milestones."""

from __future__ import annotations

from datetime import datetime, timedelta

from engine.clock import Clock
from engine.program.outcome import Milestones
from engine.program.report import CallEvent


class Journal:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._events: list[CallEvent] = []
        self._first: dict[str, datetime] = {}

    def note(self, type: str, **data: object) -> datetime:
        """Write an event down; the instant it got. The first of a type may be a milestone."""
        return self._write(type, self._clock.now(), data)

    def note_at(self, type: str, monotonic: float, **data: object) -> datetime:
        """Write down what happened at an instant of the monotonic clock, in seconds."""
        ago = timedelta(seconds=self._clock.monotonic() - monotonic)
        return self._write(type, self._clock.now() - ago, data)

    def _write(self, type: str, at: datetime, data: dict[str, object]) -> datetime:
        self._events.append(CallEvent(type, at, data))
        self._first.setdefault(type, at)
        return at

    @property
    def events(self) -> tuple[CallEvent, ...]:
        return tuple(sorted(self._events, key=lambda event: event.at))

    def milestones(self) -> Milestones:
        return Milestones(
            dialed_at=self._first.get("dialing"),
            ringing_at=self._first.get("ringing"),
            answered_at=self._first.get("answered"),
            first_audio_at=self._first.get("first_audio"),
            ended_at=self._first.get("ended"),
        )
