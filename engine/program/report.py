"""What one call leaves behind: its outcome, the flow's path, the variables, what was recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from engine.program.outcome import Outcome
from flows import TraceEntry


@dataclass(frozen=True, slots=True)
class CallEvent:
    type: str
    """``dialing``, ``ringing``, ``answered``, ``key``, ``recording``, ``ended``…"""
    at: datetime
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Recording:
    id: UUID
    node_id: str | None
    path: str
    """Below the data folder."""
    duration_ms: int
    size_bytes: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class CallReport:
    outcome: Outcome
    path: tuple[TraceEntry, ...] = ()
    variables: Mapping[str, object] | None = None
    node_counts: Mapping[str, int] | None = None
    events: tuple[CallEvent, ...] = ()
    quality: Mapping[str, object] | None = None
    recordings: tuple[Recording, ...] = ()
