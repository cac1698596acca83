"""What became of one attempt: the result, its cause, whose fault it was, and when.

The result says which way the contact goes; the cause says why, for people and for the retry rule.
They are two fields, and whoever builds the outcome names the fault.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Result(StrEnum):
    COMPLETED = "completed"
    ANSWERED = "answered"
    """The callee hung up before the flow's end."""
    VOICEMAIL = "voicemail"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    """The engine died while it rang or talked; nobody knows how it ended."""
    CANCELLED = "cancelled"


class Fault(StrEnum):
    NONE = "none"
    CALLEE = "callee"
    CARRIER = "carrier"
    US = "us"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Cause:
    code: str
    """Ours, snake_case: ``ring_timeout``, ``user_busy``, ``flow_error``, ``engine_lost``…"""
    fault: Fault
    sip_status: int | None = None
    q850: int | None = None
    permanent: bool = False
    """No retry can help: the number does not exist."""
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Milestones:
    """UTC instants; ``None`` where the call did not come so far."""

    dialed_at: datetime | None = None
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    first_audio_at: datetime | None = None
    ended_at: datetime | None = None


class AnsweredBy(StrEnum):
    HUMAN = "human"
    MACHINE = "machine"
    UNKNOWN = "unknown"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Outcome:
    result: Result
    cause: Cause
    milestones: Milestones
    answered_by: AnsweredBy = AnsweredBy.NONE
