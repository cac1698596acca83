"""Whether a contact is called again, and when: one budget, whatever the reasons.

========================================  ====================================================
result of the attempt                     what it means for the contact
========================================  ====================================================
completed, answered                       completed
voicemail                                 completed, unless the strategy retries voicemail
busy, no_answer, rejected, failed         retried while the budget lasts, then failed
interrupted                               likewise; it has used budget
failed with cause ``flow_error``          failed
a permanent cause (no such number)        failed
cancelled                                 skipped
========================================  ====================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal, TypeAlias, assert_never

from pydantic import AwareDatetime, Field, TypeAdapter

from engine.program.execution import Verdict
from engine.program.outcome import Outcome, Result
from flows.wire import Wire

YEAR_OF_MINUTES = 366 * 24 * 60

DelayMinutes: TypeAlias = Annotated[int | float, Field(ge=0, le=YEAR_OF_MINUTES)]


class NoRetry(Wire):
    type: Literal["none"]
    retry_on_voicemail: bool = False


class FixedDelay(Wire):
    type: Literal["fixed_delay"]
    delay_minutes: DelayMinutes
    max_retries: int = Field(ge=0, le=100)
    """After the first attempt."""
    retry_on_voicemail: bool = False


class Scheduled(Wire):
    type: Literal["scheduled"]
    retry_dates: tuple[AwareDatetime, ...] = Field(min_length=1, max_length=100)
    """Each serves once the contacts already attempted before it and not yet reached."""
    retry_on_voicemail: bool = False


class OutcomeRule(Wire):
    delay_minutes: tuple[DelayMinutes, ...] = Field(min_length=1, max_length=100)
    """For the first, second… retry after this outcome; the last one repeats."""
    max_retries: int = Field(ge=0, le=100)
    """After this outcome, within the one budget."""


class OutcomeRules(Wire):
    """An outcome without a rule is not retried."""

    busy: OutcomeRule | None = None
    no_answer: OutcomeRule | None = None
    rejected: OutcomeRule | None = None
    voicemail: OutcomeRule | None = None
    failed: OutcomeRule | None = None
    """Also serves attempts that were interrupted."""


class ByOutcome(Wire):
    type: Literal["by_outcome"]
    max_attempts: int = Field(ge=1, le=100)
    """All attempts of a contact, whatever their outcomes."""
    outcomes: OutcomeRules


RetryStrategy: TypeAlias = Annotated[
    NoRetry | FixedDelay | Scheduled | ByOutcome, Field(discriminator="type")
]
RetryStrategies: TypeAdapter[RetryStrategy] = TypeAdapter(RetryStrategy)


class RequestFixedDelay(Wire):
    type: Literal["fixed-delay"]
    delay: int = Field(ge=0, le=YEAR_OF_MINUTES * 60_000)
    """Milliseconds."""
    max_retries: int = Field(ge=0, le=100)


class RequestScheduled(Wire):
    type: Literal["scheduled"]
    dates: tuple[AwareDatetime, ...] = Field(min_length=1, max_length=100)


class RequestNoRetry(Wire):
    type: Literal["none"]


CallRequestRetry: TypeAlias = Annotated[
    RequestNoRetry | RequestFixedDelay | RequestScheduled, Field(discriminator="type")
]


def strategy_of_request(retry: CallRequestRetry) -> RetryStrategy:
    """A call request spells its retries in its own way; here they become a program's."""
    match retry:
        case RequestNoRetry():
            return NoRetry(type="none")
        case RequestFixedDelay():
            minutes = retry.delay / 60_000
            return FixedDelay(
                type="fixed_delay", delayMinutes=minutes, maxRetries=retry.max_retries
            )
        case RequestScheduled():
            return Scheduled(type="scheduled", retryDates=retry.dates)
        case _:
            assert_never(retry)


@dataclass(frozen=True, slots=True)
class Done:
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class RetryAt:
    instant: datetime
    """UTC."""


FLOW_ERROR = "flow_error"

UNREACHED = frozenset(
    {Result.BUSY, Result.NO_ANSWER, Result.REJECTED, Result.FAILED, Result.INTERRUPTED}
)


def decide(
    strategy: RetryStrategy, results: Sequence[Result], outcome: Outcome, now: datetime
) -> Done | RetryAt:
    """What ``outcome``, of the latest attempt, means for its contact.

    ``results`` are those of all attempts in order, this one last: their number is what the budget
    counts.
    """
    match outcome.result:
        case Result.COMPLETED | Result.ANSWERED:
            return Done(Verdict.COMPLETED)
        case Result.CANCELLED:
            return Done(Verdict.SKIPPED)
        case Result.VOICEMAIL:
            spent = Done(Verdict.COMPLETED)
        case _:
            spent = Done(Verdict.FAILED)
    if not _helps(strategy, outcome):
        return spent
    instant = _next_instant(strategy, results, now)
    return spent if instant is None else RetryAt(instant)


def _helps(strategy: RetryStrategy, outcome: Outcome) -> bool:
    if outcome.cause.permanent or outcome.cause.code == FLOW_ERROR:
        return False
    if outcome.result is Result.VOICEMAIL:
        return _retries_voicemail(strategy)
    return outcome.result in UNREACHED


def _retries_voicemail(strategy: RetryStrategy) -> bool:
    if isinstance(strategy, ByOutcome):
        return strategy.outcomes.voicemail is not None
    return strategy.retry_on_voicemail


def _next_instant(
    strategy: RetryStrategy, results: Sequence[Result], now: datetime
) -> datetime | None:
    match strategy:
        case NoRetry():
            return None
        case FixedDelay():
            within = len(results) <= strategy.max_retries
            return now + timedelta(minutes=strategy.delay_minutes) if within else None
        case Scheduled():
            return _next_date(strategy, len(results), now)
        case ByOutcome():
            return _next_by_outcome(strategy, results, now)
        case _:
            assert_never(strategy)


def _next_date(strategy: Scheduled, attempts: int, now: datetime) -> datetime | None:
    """The first date ahead. A date that passed before the attempt ended is gone, unused."""
    if attempts > len(strategy.retry_dates):
        return None
    return min((date for date in strategy.retry_dates if date > now), default=None)


RULES = {
    Result.BUSY: "busy",
    Result.NO_ANSWER: "no_answer",
    Result.REJECTED: "rejected",
    Result.VOICEMAIL: "voicemail",
    Result.FAILED: "failed",
    Result.INTERRUPTED: "failed",
}


def _next_by_outcome(
    strategy: ByOutcome, results: Sequence[Result], now: datetime
) -> datetime | None:
    name = RULES[results[-1]]
    rule: OutcomeRule | None = getattr(strategy.outcomes, name)
    earlier = sum(RULES.get(result) == name for result in results) - 1
    if rule is None or len(results) >= strategy.max_attempts or earlier >= rule.max_retries:
        return None
    return now + timedelta(minutes=rule.delay_minutes[min(earlier, len(rule.delay_minutes) - 1)])
