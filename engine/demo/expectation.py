"""What must become of every contact: the simulator's script read against the demo's program.

The called number's last digits say who answers (``engine.simulator.persona``); the program allows
``ATTEMPTS`` attempts. From the two follow each contact's results in order and its verdict.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.program.outcome import Result
from engine.simulator.persona import Deserter, Human, Machine, Persona, Refuses, RingsOut, persona

ATTEMPTS = 3
MESSAGE_KEY = "2"
"""Of the menu: leave a message."""
_REFUSED = {
    486: Result.BUSY,
    603: Result.REJECTED,
    503: Result.FAILED,
    404: Result.FAILED,
}
_PERMANENT = frozenset({404})


@dataclass(frozen=True, slots=True)
class Expectation:
    results: tuple[Result, ...]
    """Of the attempts, in order."""
    recorded: bool
    """A message was left."""

    @property
    def reached(self) -> bool:
        return self.results[-1] in (Result.COMPLETED, Result.ANSWERED, Result.VOICEMAIL)


def expectation(number: str) -> Expectation:
    results: list[Result] = []
    for calls_before in range(ATTEMPTS):
        who = persona(number, calls_before)
        results.append(_result(who))
        if _ends(who):
            break
    recorded = isinstance(who, Human) and who.key == MESSAGE_KEY
    return Expectation(tuple(results), recorded)


def _result(who: Persona) -> Result:
    match who:
        case Human():
            return Result.COMPLETED
        case Machine():
            return Result.VOICEMAIL
        case Deserter():
            return Result.ANSWERED
        case RingsOut():
            return Result.NO_ANSWER
        case Refuses(status):
            return _REFUSED[status]


def _ends(who: Persona) -> bool:
    match who:
        case Human() | Machine() | Deserter():
            return True
        case Refuses(status):
            return status in _PERMANENT
        case RingsOut():
            return False
