"""The script of the simulated carrier: the last two digits decide, and how often one has called."""

from __future__ import annotations

import pytest

from engine.simulator.persona import (
    Deserter,
    Human,
    Machine,
    Persona,
    Refuses,
    RingsOut,
    persona,
)

BUSY = Refuses(486, "Busy Here")
DECLINES = Refuses(603, "Decline")
NO_ROUTE = Refuses(503, "Service Unavailable")
NOBODY = Refuses(404, "Not Found")
PRESSES_1 = Human(key="1")


@pytest.mark.parametrize(
    ("number", "who"),
    [
        ("+212600000000", Human(key="0")),
        ("+212600000009", Human(key="9")),
        ("+212600000010", Human(key=None)),
        ("+212600000019", Human(key=None)),
        ("+212600000020", Machine()),
        ("+212600000030", RingsOut()),
        ("+212600000040", BUSY),
        ("+212600000050", DECLINES),
        ("+212600000060", NO_ROUTE),
        ("+212600000070", Deserter(0)),
        ("+212600000079", Deserter(9)),
        ("+212600000080", NOBODY),
        ("+212600000089", NOBODY),
        ("+212600000092", Human(key="1", early_media_seconds=2)),
        ("7", Human(key="7")),
        ("", Human(key="0")),
    ],
)
@pytest.mark.parametrize("calls_before", [0, 1, 20])
def test_who_answers_at_a_number(number: str, who: Persona, calls_before: int) -> None:
    assert persona(number, calls_before) == who


@pytest.mark.parametrize(
    ("kind", "first"), [("3", RingsOut()), ("4", BUSY), ("5", DECLINES), ("6", NO_ROUTE)]
)
@pytest.mark.parametrize("times", range(1, 10))
def test_trouble_passes_after_so_many_calls(kind: str, first: Persona, times: int) -> None:
    number = f"+2126000000{kind}{times}"
    met = [persona(number, calls_before) for calls_before in range(times + 2)]
    assert met == [first] * times + [PRESSES_1, PRESSES_1]


@pytest.mark.parametrize(
    "number", ["anonymous", "7a", "a7", "+2126000000*1", "+21260000004²", "٧٧"]
)
def test_what_is_no_number_has_nobody(number: str) -> None:
    assert persona(number, 0) == NOBODY
