from __future__ import annotations

from math import inf

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.program.pacing import BURST_SECONDS, Line, TokenBucket


@settings(deadline=None)
@given(st.floats(0.2, 40), st.lists(st.floats(0, 2), min_size=1, max_size=20))
def test_no_stretch_of_time_sees_more_than_rate_and_burst(rate: float, pauses: list[float]) -> None:
    bucket, now, taken = TokenBucket.full(rate), 100.0, []
    for pause in pauses:
        now += pause
        while bucket.ready_at(now) <= now:
            bucket.take(now)
            taken.append(now)
    for first, start in enumerate(taken):
        for count, end in enumerate(taken[first:], start=1):
            assert count <= max(1, rate * BURST_SECONDS) + (end - start) * rate + 1e-3


def test_a_token_is_there_at_the_instant_it_was_promised_for() -> None:
    bucket, now = TokenBucket.full(3.0), 0.0
    for _ in range(1000):
        now = bucket.ready_at(now)
        assert bucket.ready_at(now) <= now
        bucket.take(now)
    assert 332 < now < 334


def test_a_line_is_full_until_a_call_ends() -> None:
    line = Line(channels=2)
    line.take(0)
    line.take(0)
    assert line.free_at(0) == inf
    line.give_back()
    assert line.free_at(5) == 5


def test_a_call_that_was_never_made_gives_its_token_back() -> None:
    line = Line(bucket=TokenBucket.full(1.0))
    line.take(0)
    assert line.free_at(0) > 0
    line.undo()
    assert line.free_at(0) == 0
    line.take(0)
    line.give_back()
    assert line.free_at(0) > 0


def test_new_limits_leave_the_calls_under_way() -> None:
    line = Line(channels=5)
    for _ in range(3):
        line.take(0)
    line.limit(2, 10.0)
    assert line.full
    assert line.in_use == 3
    bucket = line.bucket
    line.limit(4, 10.0)
    assert line.bucket is bucket
