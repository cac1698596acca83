"""Events in the order in which they happened; the first of each kind is a milestone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from engine.call.journal import Journal
from engine.clock import VirtualClock
from engine.program.outcome import Milestones

START = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def test_the_first_of_a_kind_is_the_milestone() -> None:
    clock = VirtualClock(START)
    journal = Journal(clock)
    for type in ("dialing", "ringing", "ringing", "answered", "key", "ended"):
        journal.note(type)
        clock.advance(seconds(1))
    assert journal.milestones() == Milestones(
        dialed_at=START,
        ringing_at=START + seconds(1),
        answered_at=START + seconds(3),
        ended_at=START + seconds(5),
    )


def test_nothing_noted_is_no_milestone() -> None:
    assert Journal(VirtualClock(START)).milestones() == Milestones()


def test_what_is_noted_late_stands_where_it_happened() -> None:
    clock = VirtualClock(START)
    journal = Journal(clock)
    journal.note("answered")
    began = clock.monotonic() + 2
    clock.advance(seconds(5))
    journal.note("ended", cause="normal_clearing")
    assert journal.note_at("first_audio", began) == START + seconds(2)
    assert [event.type for event in journal.events] == ["answered", "first_audio", "ended"]
    assert journal.milestones().first_audio_at == START + seconds(2)
    assert journal.events[-1].data == {"cause": "normal_clearing"}


def test_events_of_one_instant_keep_their_order() -> None:
    journal = Journal(VirtualClock(START))
    for type in ("zebra", "apple", "mango"):
        journal.note(type)
    assert [event.type for event in journal.events] == ["zebra", "apple", "mango"]
