from __future__ import annotations

from itertools import product

import pytest

from engine.errors import Conflict
from engine.program.execution import FINAL, TRANSITIONS, Counters, Event, Status, transition


def test_the_life_of_an_execution_is_the_contracts() -> None:
    assert {(str(a), str(b)) for (a, _), b in TRANSITIONS.items()} == {
        ("scheduled", "running"),
        ("running", "paused"),
        ("paused", "running"),
        ("running", "completed"),
        ("running", "stopped"),
        ("scheduled", "cancelled"),
        ("running", "cancelled"),
        ("paused", "cancelled"),
    }


def test_every_other_event_is_a_conflict_that_names_both() -> None:
    for status, event in product(Status, Event):
        if (status, event) not in TRANSITIONS:
            with pytest.raises(Conflict, match=f"{status} cannot {event}"):
                transition(status, event)


def test_nothing_leaves_a_final_status_and_all_others_can_be_cancelled() -> None:
    for status in Status:
        leaves = [event for event in Event if (status, event) in TRANSITIONS]
        assert (leaves == []) is (status in FINAL)
        assert status in FINAL or Event.CANCEL in leaves


@pytest.mark.parametrize("parts", [{"total": 2, "pending": 1}, {"pending": -1, "failed": 1}])
def test_counters_that_do_not_sum_are_refused(parts: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="do not sum"):
        Counters(**parts)
