"""One run of a program: its life, and where its contacts stand.

::

    scheduled ── start ──▶ running ── complete ──▶ completed
        │                  │  ▲  └─── stop (stopAt) ──▶ stopped
        │               pause resume
        │                  ▼  │
        │                 paused
        └──── cancel ──────┴──┴──▶ cancelled

``completed``, ``stopped`` and ``cancelled`` are final. Live calls outlive every transition: a
paused, stopped or cancelled execution may still hold contacts in progress until they hang up.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.errors import Conflict


class Status(StrEnum):
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    STOPPED = "stopped"
    CANCELLED = "cancelled"


class Event(StrEnum):
    START = "start"
    """``startAt`` has come."""
    PAUSE = "pause"
    RESUME = "resume"
    COMPLETE = "complete"
    """No contact is pending or in progress."""
    STOP = "stop"
    """``stopAt`` has come."""
    CANCEL = "cancel"


TRANSITIONS: dict[tuple[Status, Event], Status] = {
    (Status.SCHEDULED, Event.START): Status.RUNNING,
    (Status.RUNNING, Event.PAUSE): Status.PAUSED,
    (Status.PAUSED, Event.RESUME): Status.RUNNING,
    (Status.RUNNING, Event.COMPLETE): Status.COMPLETED,
    (Status.RUNNING, Event.STOP): Status.STOPPED,
    (Status.SCHEDULED, Event.CANCEL): Status.CANCELLED,
    (Status.RUNNING, Event.CANCEL): Status.CANCELLED,
    (Status.PAUSED, Event.CANCEL): Status.CANCELLED,
}

FINAL = frozenset({Status.COMPLETED, Status.STOPPED, Status.CANCELLED})


def transition(status: Status, event: Event) -> Status:
    """The status after ``event``; raises ``Conflict`` (``ILLEGAL_TRANSITION``) that names both."""
    try:
        return TRANSITIONS[status, event]
    except KeyError:
        raise Conflict(
            "ILLEGAL_TRANSITION", f"An execution that is {status} cannot {event}."
        ) from None


class Verdict(StrEnum):
    """What a contact's calls came to in the end."""

    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Counters:
    """Contacts by where they stand; always ``sum == total``."""

    total: int = 0
    pending: int = 0
    """Waiting for a first call or a retry."""
    in_progress: int = 0
    completed: int = 0
    failed: int = 0
    skipped: int = 0

    def __post_init__(self) -> None:
        parts = (self.pending, self.in_progress, self.completed, self.failed, self.skipped)
        if min(parts) < 0 or sum(parts) != self.total:
            raise ValueError(f"The counters do not sum to the total: {self}")

    @property
    def unfinished(self) -> int:
        return self.pending + self.in_progress
