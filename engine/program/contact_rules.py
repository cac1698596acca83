"""How often one number may be called, by all of an organization's programs together.

A call counts from the instant it was dialed, answered or not. What a number's owner said
(``callConsent``, a variable that a flow sets) reaches the rules with the call's report.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import Field

from flows.wire import Wire

CALL_CONSENT = "callConsent"
"""The variable in which a flow leaves what the callee said; its value when the call ends counts."""


class Said(StrEnum):
    """Values of ``callConsent``; anything else says nothing."""

    GIVEN = "given"
    """Calls are welcome."""
    REFUSED = "refused"
    """No to what was offered: the silence after a refusal begins."""
    WITHDRAWN = "withdrawn"
    """No call any more by any program: onto the organization's do-not-call list."""
    WITHDRAWN_FROM_PROGRAM = "withdrawn_from_program"
    """Likewise by this program alone."""


class Frequency(Wire):
    max_calls: int = Field(ge=1, le=100)
    within_days: int = Field(ge=1, le=366)
    """Periods of 24 hours, ending now."""


class ContactRules(Wire):
    frequency: Frequency | None = None
    hours_between: float | None = Field(default=None, gt=0, le=366 * 24)
    """From one call to the next."""
    refusal_silence_days: int | None = Field(default=None, ge=1, le=3660)
    consent_required: bool = False
    """Numbers whose consent is not on record are skipped."""

    @property
    def look_back(self) -> timedelta:
        """How far a call may lie back and still count."""
        days = self.frequency.within_days if self.frequency else 0
        return max(timedelta(days=days), timedelta(hours=self.hours_between or 0))


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one number before it is called."""

    do_not_call: bool = False
    consented: bool = False
    refused_at: datetime | None = None
    calls: tuple[datetime, ...] = ()
    """When it was dialed within the rules' ``look_back``, in order."""
    in_call: bool = False


class Rest(StrEnum):
    FREQUENCY = "frequency_cap"
    BETWEEN = "hours_between"
    REFUSAL = "refusal_silence"


def rest(rules: ContactRules, standing: Standing, now: datetime) -> tuple[Rest, datetime] | None:
    """Why the number is left alone now, and the first instant at which it is not."""
    rests = [
        (Rest.FREQUENCY, _frequency_until(rules.frequency, standing)),
        (Rest.BETWEEN, _between_until(rules.hours_between, standing)),
        (Rest.REFUSAL, _refusal_until(rules.refusal_silence_days, standing)),
    ]
    left = [(reason, until) for reason, until in rests if until is not None and until > now]
    return max(left, key=lambda one: one[1], default=None)


def _frequency_until(frequency: Frequency | None, standing: Standing) -> datetime | None:
    if frequency is None or len(standing.calls) < frequency.max_calls:
        return None
    return standing.calls[-frequency.max_calls] + timedelta(days=frequency.within_days)


def _between_until(hours: float | None, standing: Standing) -> datetime | None:
    if hours is None or not standing.calls:
        return None
    return standing.calls[-1] + timedelta(hours=hours)


def _refusal_until(days: int | None, standing: Standing) -> datetime | None:
    if days is None or standing.refused_at is None:
        return None
    return standing.refused_at + timedelta(days=days)
