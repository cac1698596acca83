from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.program.contact_rules import ContactRules, Rest, Standing, rest

NOW = datetime(2025, 6, 2, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FRANCE = ContactRules.model_validate(
    {"frequency": {"maxCalls": 4, "withinDays": 30}, "refusalSilenceDays": 60}
)


def test_four_calls_in_thirty_days_wait_for_the_first_to_lapse() -> None:
    calls = tuple(NOW - days * DAY for days in (29, 20, 10, 1))
    assert rest(FRANCE, Standing(calls=calls[1:]), NOW) is None
    told = rest(FRANCE, Standing(calls=calls), NOW)
    assert told == (Rest.FREQUENCY, NOW + DAY)
    assert rest(FRANCE, Standing(calls=calls), NOW + DAY) is None


def test_a_refusal_is_answered_with_silence() -> None:
    refused = Standing(refused_at=NOW - 10 * DAY)
    assert rest(FRANCE, refused, NOW) == (Rest.REFUSAL, NOW + 50 * DAY)
    assert rest(FRANCE, refused, NOW + 50 * DAY) is None


def test_no_rules_let_everybody_be_called() -> None:
    pestered = Standing(calls=(NOW,) * 9, refused_at=NOW)
    assert rest(ContactRules(), pestered, NOW) is None
    assert ContactRules().look_back == timedelta(0)


rules = st.builds(
    lambda most, days, between, silence: ContactRules.model_validate(
        {
            "frequency": {"maxCalls": most, "withinDays": days} if most else None,
            "hoursBetween": between or None,
            "refusalSilenceDays": silence or None,
        }
    ),
    st.integers(0, 4),
    st.integers(1, 9),
    st.integers(0, 50),
    st.integers(0, 9),
)


def allowed(
    asked: ContactRules, calls: list[datetime], refused: datetime | None, at: datetime
) -> bool:
    """The rules as sentences."""
    if asked.frequency:
        window = timedelta(days=asked.frequency.within_days)
        if sum(at - window < call <= at for call in calls) >= asked.frequency.max_calls:
            return False
    if asked.hours_between and any(at - call < asked.hours_between * HOUR for call in calls):
        return False
    return not (
        asked.refusal_silence_days and refused and at - refused < asked.refusal_silence_days * DAY
    )


@given(rules, st.lists(st.integers(0, 300), max_size=8), st.none() | st.integers(0, 300))
def test_the_rules_agree_with_their_sentences_and_with_every_hour_until(
    asked: ContactRules, ago: list[int], refused_ago: int | None
) -> None:
    calls = sorted(NOW - hours * HOUR for hours in ago)
    refused = None if refused_ago is None else NOW - refused_ago * HOUR
    within = tuple(call for call in calls if call > NOW - asked.look_back)
    told = rest(asked, Standing(calls=within, refused_at=refused), NOW)
    assert (told is None) is allowed(asked, calls, refused, NOW)
    if told is not None:
        _, until = told
        assert allowed(asked, calls, refused, until)
        hours = int((until - NOW) / HOUR)
        assert not any(allowed(asked, calls, refused, NOW + n * HOUR) for n in range(hours))


@given(rules, st.lists(st.integers(0, 40), min_size=1, max_size=40))
def test_no_history_breaks_a_rule(asked: ContactRules, gaps: list[int]) -> None:
    """Whoever asks before each call, and waits as told, never calls too often."""
    now, calls = NOW, []
    for gap in gaps:
        now += gap * HOUR
        if rest(asked, Standing(calls=tuple(calls)), now) is None:
            assert allowed(asked, calls, None, now)
            calls.append(now)


@pytest.mark.parametrize(
    "raw",
    [
        {"frequency": {"maxCalls": 0, "withinDays": 1}},
        {"frequency": {"maxCalls": 4}},
        {"hoursBetween": 0},
        {"refusalSilenceDays": -1},
    ],
)
def test_rules_that_cannot_be_meant_are_refused(raw: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ContactRules.model_validate(raw)
