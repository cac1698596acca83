from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from engine.program.execution import Verdict
from engine.program.outcome import Cause, Fault, Milestones, Outcome, Result
from engine.program.retry import (
    CallRequestRetry,
    Done,
    RetryAt,
    RetryStrategies,
    RetryStrategy,
    decide,
    strategy_of_request,
)

NOW = datetime(2025, 6, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
UNREACHED = [Result.BUSY, Result.NO_ANSWER, Result.REJECTED, Result.FAILED, Result.INTERRUPTED]


def outcome(result: Result, code: str = "any", permanent: bool = False) -> Outcome:
    return Outcome(result, Cause(code, Fault.CALLEE, permanent=permanent), Milestones())


def strategy(**raw: object) -> RetryStrategy:
    return RetryStrategies.validate_python(raw)


TWO_RETRIES = strategy(type="fixed_delay", delayMinutes=60, maxRetries=2)


@pytest.mark.parametrize(
    ("result", "verdict"),
    [
        (Result.COMPLETED, Verdict.COMPLETED),
        (Result.ANSWERED, Verdict.COMPLETED),
        (Result.VOICEMAIL, Verdict.COMPLETED),
        (Result.CANCELLED, Verdict.SKIPPED),
    ],
)
def test_results_that_end_a_contact(result: Result, verdict: Verdict) -> None:
    assert decide(TWO_RETRIES, [result], outcome(result), NOW) == Done(verdict)


@pytest.mark.parametrize("result", UNREACHED)
def test_an_unreached_contact_is_retried_while_the_budget_lasts(result: Result) -> None:
    assert decide(TWO_RETRIES, [result], outcome(result), NOW) == RetryAt(NOW + HOUR)
    assert decide(TWO_RETRIES, [result] * 2, outcome(result), NOW) == RetryAt(NOW + HOUR)
    assert decide(TWO_RETRIES, [result] * 3, outcome(result), NOW) == Done(Verdict.FAILED)
    assert decide(strategy(type="none"), [result], outcome(result), NOW) == Done(Verdict.FAILED)


@pytest.mark.parametrize(
    "ended", [outcome(Result.FAILED, "flow_error"), outcome(Result.REJECTED, permanent=True)]
)
def test_no_retry_mends_a_broken_flow_or_a_number_that_does_not_exist(ended: Outcome) -> None:
    assert decide(TWO_RETRIES, [ended.result], ended, NOW) == Done(Verdict.FAILED)


def test_voicemail_is_retried_only_on_request_and_completes_in_the_end() -> None:
    asked = strategy(type="fixed_delay", delayMinutes=60, maxRetries=1, retryOnVoicemail=True)
    machine = outcome(Result.VOICEMAIL)
    assert decide(asked, [machine.result], machine, NOW) == RetryAt(NOW + HOUR)
    assert decide(asked, [machine.result] * 2, machine, NOW) == Done(Verdict.COMPLETED)


def test_a_retry_date_serves_the_attempts_before_it() -> None:
    dates = [NOW - HOUR, NOW + 2 * HOUR, NOW + HOUR]
    planned = strategy(type="scheduled", retryDates=dates)
    busy = outcome(Result.BUSY)
    assert decide(planned, [busy.result], busy, NOW) == RetryAt(NOW + HOUR)
    assert decide(planned, [busy.result] * 2, busy, NOW + HOUR) == RetryAt(NOW + 2 * HOUR)
    assert decide(planned, [busy.result] * 3, busy, NOW + 2 * HOUR) == Done(Verdict.FAILED)


BY_OUTCOME = strategy(
    type="by_outcome",
    maxAttempts=4,
    outcomes={
        "busy": {"delayMinutes": [5, 15], "maxRetries": 5},
        "noAnswer": {"delayMinutes": [60], "maxRetries": 1},
        "voicemail": {"delayMinutes": [120], "maxRetries": 1},
    },
)


def test_by_outcome_each_rule_has_its_delays_within_one_budget() -> None:
    def after(*results: Result) -> Done | RetryAt:
        return decide(BY_OUTCOME, results, outcome(results[-1]), NOW)

    busy, no_answer = Result.BUSY, Result.NO_ANSWER
    assert after(busy) == RetryAt(NOW + timedelta(minutes=5))
    assert after(busy, busy) == RetryAt(NOW + timedelta(minutes=15))
    assert after(busy, busy, busy) == RetryAt(NOW + timedelta(minutes=15))
    assert after(busy, busy, busy, busy) == Done(Verdict.FAILED)
    assert after(no_answer, no_answer) == Done(Verdict.FAILED)
    assert after(no_answer, busy) == RetryAt(NOW + timedelta(minutes=5))
    assert after(Result.REJECTED) == Done(Verdict.FAILED)
    assert after(Result.VOICEMAIL) == RetryAt(NOW + timedelta(minutes=120))
    assert after(Result.VOICEMAIL, Result.VOICEMAIL) == Done(Verdict.COMPLETED)


dates = st.lists(st.integers(-5, 50).map(lambda hours: NOW + hours * HOUR), min_size=1, max_size=5)
rules = st.fixed_dictionaries(
    {
        "delayMinutes": st.lists(st.integers(0, 90), min_size=1, max_size=3),
        "maxRetries": st.integers(0, 4),
    }
)
strategies = st.one_of(
    st.builds(lambda: (1, {"type": "none"})),
    st.tuples(st.integers(0, 90), st.integers(0, 5)).map(
        lambda one: (
            one[1] + 1,
            {"type": "fixed_delay", "delayMinutes": one[0], "maxRetries": one[1]},
        )
    ),
    dates.map(
        lambda all_dates: (len(all_dates) + 1, {"type": "scheduled", "retryDates": all_dates})
    ),
    st.tuples(
        st.integers(1, 5),
        st.dictionaries(
            st.sampled_from(["busy", "noAnswer", "rejected", "failed", "voicemail"]), rules
        ),
    ).map(lambda one: (one[0], {"type": "by_outcome", "maxAttempts": one[0], "outcomes": one[1]})),
)


@given(strategies, st.lists(st.sampled_from(UNREACHED), min_size=12, max_size=12))
def test_no_history_outlasts_its_budget_or_runs_backwards(
    budget_and_raw: tuple[int, dict[str, object]], fate: list[Result]
) -> None:
    budget, raw = budget_and_raw
    now, results = NOW, []
    for result in fate:
        results.append(result)
        decided = decide(RetryStrategies.validate_python(raw), results, outcome(result), now)
        if isinstance(decided, Done):
            break
        assert decided.instant >= now
        now = decided.instant
    assert decided == Done(Verdict.FAILED)
    assert len(results) <= budget


@pytest.mark.parametrize(
    "raw",
    [
        {"type": "sometimes"},
        {"type": "none", "maxRetries": 1},
        {"type": "fixed_delay", "delayMinutes": -1, "maxRetries": 1},
        {"type": "scheduled", "retryDates": []},
        {"type": "scheduled", "retryDates": ["2025-06-02T09:00:00"]},
    ],
)
def test_a_strategy_that_cannot_be_meant_is_refused(raw: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RetryStrategies.validate_python(raw)


def test_the_wire_keeps_its_shape() -> None:
    raw = {
        "type": "fixed_delay",
        "delayMinutes": 60,
        "maxRetries": 2,
        "retryOnVoicemail": False,
    }
    assert strategy(**raw).model_dump(mode="json", by_alias=True) == raw


def test_a_call_request_spells_the_same_strategies_its_own_way() -> None:
    read = TypeAdapter(CallRequestRetry).validate_python
    assert strategy_of_request(read({"type": "none"})) == strategy(type="none")
    assert strategy_of_request(
        read({"type": "fixed-delay", "delay": 90_000, "maxRetries": 3})
    ) == strategy(type="fixed_delay", delayMinutes=1.5, maxRetries=3)
    assert strategy_of_request(read({"type": "scheduled", "dates": [NOW]})) == strategy(
        type="scheduled", retryDates=[NOW]
    )
