from __future__ import annotations

import pytest

from engine.program.auto_pause import AutoPauseRule, NodeEntries, reached


@pytest.mark.parametrize(
    ("reset", "added", "total", "since_resume", "trips"),
    [
        (False, 1, 9, 9, False),
        (False, 1, 10, 10, True),
        (False, 5, 12, 12, True),  # a batch leaps over the threshold
        (False, 1, 13, 1, False),  # beyond it: it has paused already
        (True, 1, 13, 1, False),
        (True, 3, 22, 11, True),
    ],
)
def test_a_rule_trips_when_its_threshold_is_crossed(
    reset: bool, added: int, total: int, since_resume: int, trips: bool
) -> None:
    rules = [
        AutoPauseRule(nodeId="other", threshold=1),
        AutoPauseRule(nodeId="menu", threshold=10, resetOnResume=reset),
    ]
    entries = [NodeEntries("menu", added, total, since_resume)]
    assert reached(rules, entries) == ("menu" if trips else None)
